/*
 * balanced.c
 *		Breaks that make classes as equal in size as ties allow.
 *
 * The m distinct values, in order, are divided into exactly min(classes, m)
 * runs such that the sum of squared class sizes is least; among equals the
 * componentwise lowest breaks are taken.  A value that holds most of the rows
 * costs one class and leaves the others to the rest, where quantile breaks
 * would lose them.
 *
 * With N_i rows in the first i values, the least cost of i values in t
 * classes is
 *		D_t(i) = min over l < i of D_t-1(l) + (N_i - N_l)^2.
 * As a function of N_i each l is a parabola of the same shape, that is, up to
 * the common N_i^2, the line  (D_t-1(l) + N_l^2) - 2 N_l N_i.  The lines come
 * in order of falling slope and the queries in rising order, so the lower
 * envelope is kept as a queue and a layer takes O(m).  partition.c recovers
 * the boundaries from layers of costs alone: O(k m) time, O(m) memory.
 *
 * All of it is exact.  No cost exceeds n^2, which fits int64 up to
 * MAX_BALANCED_ROWS rows; the envelope compares 128-bit products.
 *
 * Memory: five arrays of m + 1 int64, from the current memory context, freed
 * at the end.
 */
#include "scoring/breaks.h"
#include "scoring/partition.h"

/* The largest n whose square fits int64. */
#define MAX_BALANCED_ROWS INT64CONST(3037000499)

typedef struct BalancedProblem
{
	const int64 *rows;			/* rows[i]: N_i, rows in the first i values */
	int64	   *below;			/* costs of the lower half, by values taken */
	int64	   *above;			/* costs of the upper half, by values taken */

	/* the lower envelope, a queue in rising order of position */
	int64	   *line_rows;		/* N_l */
	int64	   *line_cost;		/* D(l) */
} BalancedProblem;

/*
 * A view on the rows of values from one end.  step is 1 from the low end and
 * -1 from the high end.
 */
typedef struct View
{
	const int64 *end;
	int			step;
} View;

/* Rows in the first i values of the view. */
static inline int64
ViewRows(View view, int64 i)
{
	return view.step * (view.end[view.step * i] - view.end[0]);
}

/*
 * Is line b nowhere below both a and c?  Positions rise from a to c, and so
 * do the costs D and the heights D + N^2 at zero (at most 2 n^2, which fits
 * uint64).
 */
static inline bool
LineIsUseless(int64 rows_a, int64 cost_a, int64 rows_b, int64 cost_b,
			  int64 rows_c, int64 cost_c)
{
	uint64		height_a = (uint64) cost_a + (uint64) rows_a * (uint64) rows_a;
	uint64		height_b = (uint64) cost_b + (uint64) rows_b * (uint64) rows_b;
	uint64		height_c = (uint64) cost_c + (uint64) rows_c * (uint64) rows_c;

	/* where c passes b, against where b passes a */
	return (uint128) (height_c - height_b) * (uint64) (rows_b - rows_a) <=
		(uint128) (height_b - height_a) * (uint64) (rows_c - rows_b);
}

/*
 * One layer: costs for `classes` - 1 classes become costs for `classes`, in
 * place.  On entry cost[i] is right for i in classes - 1 .. last - 1, on exit
 * for i in classes .. last.
 */
static void
NextLayer(BalancedProblem *problem, View view, int64 *cost, int classes,
		  int64 last)
{
	int64	   *line_rows = problem->line_rows;
	int64	   *line_cost = problem->line_cost;
	int64		head = 0;
	int64		tail = 0;		/* lines are head .. tail - 1 */
	int64		old_rows = ViewRows(view, classes - 1);
	int64		old_cost = cost[classes - 1];

	for (int64 i = classes; i <= last; i++)
	{
		int64		here = ViewRows(view, i);
		int64		best;

		/* the line of position i - 1 joins */
		while (tail - head >= 2 &&
			   LineIsUseless(line_rows[tail - 2], line_cost[tail - 2],
							 line_rows[tail - 1], line_cost[tail - 1],
							 old_rows, old_cost))
			tail--;
		line_rows[tail] = old_rows;
		line_cost[tail] = old_cost;
		tail++;

		/* lines that lost at this point never win again */
		best = line_cost[head] +
			(here - line_rows[head]) * (here - line_rows[head]);
		while (head + 1 < tail)
		{
			int64		size = here - line_rows[head + 1];
			int64		next = line_cost[head + 1] + size * size;

			if (next > best)
				break;
			best = next;
			head++;
		}

		old_rows = here;
		old_cost = cost[i];
		cost[i] = best;
		POLL_EVERY(i);
	}
}

/*
 * Costs of i values of the view in exactly `classes` classes, for i up to
 * last.
 */
static void
ViewCosts(BalancedProblem *problem, View view, int64 *cost, int classes,
		  int64 last)
{
	/* Later layers need `last` minus the classes that they still add. */
	for (int64 i = 1; i <= last - (classes - 1); i++)
	{
		int64		size = ViewRows(view, i);

		cost[i] = size * size;
		POLL_EVERY(i);
	}
	for (int t = 2; t <= classes; t++)
		NextLayer(problem, view, cost, t, last - (classes - t));
}

/* SplitFunction: the lowest boundary of a balanced optimum. */
static int64
BalancedSplit(void *arg, int64 low, int64 high, int lower, int upper)
{
	BalancedProblem *problem = (BalancedProblem *) arg;
	View		from_low = {problem->rows + low, 1};
	View		from_high = {problem->rows + high, -1};
	int64		length = high - low;
	int64		best_cost = PG_INT64_MAX;
	int64		best = lower;

	ViewCosts(problem, from_low, problem->below, lower, length - upper);
	ViewCosts(problem, from_high, problem->above, upper, length - lower);

	for (int64 i = lower; i <= length - upper; i++)
	{
		int64		cost = problem->below[i] + problem->above[length - i];

		if (cost < best_cost)
		{
			best_cost = cost;
			best = i;
		}
		POLL_EVERY(i);
	}
	return low + best;
}

/* Exactly `classes` classes of more than `classes` values. */
static void
FitBalanced(const ValueRuns *runs, int classes, double *breaks)
{
	Size		bytes = (runs->n_runs + 1) * sizeof(int64);
	int64		cuts[MAX_BREAK_CLASSES];
	BalancedProblem problem;
	int64	   *rows;

	rows = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	problem.rows = rows;
	problem.below = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	problem.above = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	problem.line_rows = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	problem.line_cost = palloc_extended(bytes, MCXT_ALLOC_HUGE);

	rows[0] = 0;
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		rows[i + 1] = rows[i] + runs->count[i];
		POLL_EVERY(i);
	}

	PartitionRuns(BalancedSplit, &problem, 0, runs->n_runs, classes, cuts);
	for (int j = 0; j < classes - 1; j++)
		breaks[j] = runs->value[cuts[j] - 1];

	pfree(rows);
	pfree(problem.below);
	pfree(problem.above);
	pfree(problem.line_rows);
	pfree(problem.line_cost);
}

int
BalancedBreaks(const ValueRuns *runs, int classes, double *breaks)
{
	Assert(classes >= 1 && classes <= MAX_BREAK_CLASSES);

	if (runs->n_runs <= classes)
	{
		/* every value is a class of its own */
		for (int64 i = 0; i < runs->n_runs - 1; i++)
			breaks[i] = runs->value[i];
		return Max(runs->n_runs - 1, 0);
	}

	if (runs->total > MAX_BALANCED_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for balanced breaks: " INT64_FORMAT,
						runs->total),
				 errdetail("The limit is " INT64_FORMAT " rows.",
						   MAX_BALANCED_ROWS),
				 errhint("Fit the breaks on a sample, or use quantile_breaks.")));

	FitBalanced(runs, classes, breaks);
	return classes - 1;
}
