/*
 * natural.c
 *		Breaks at the natural gaps: exact one-dimensional k-means.
 *
 * The m distinct values, in order, are divided into min(classes, m) runs such
 * that the sum of squared distances of all rows from the mean of their class
 * is least.  It is what G. F. Jenks ("The data model concept in statistical
 * mapping", International Yearbook of Cartography 7, 1967) aims at; the
 * optimum by dynamic programming is due to W. D. Fisher ("On grouping for
 * maximum homogeneity", JASA 53, 1958).  With w(l, i) the sum of squares of
 * the values after the l-th up to the i-th, the least cost of i values in t
 * classes is
 *		D_t(i) = min over l < i of D_t-1(l) + w(l, i).
 * w satisfies the quadrangle inequality, so the best l does not fall when i
 * rises (X. Wu, "Optimal quantization by matrix searching", J. Algorithms 12,
 * 1991), and divide and conquer on i makes a layer in O(m log m).  A boundary
 * that rounding puts wrong by a cost e shifts the costs on either side by no
 * more than e, again by the inequality: a layer is off by log2(m) roundings.
 * SMAWK would need fewer steps but chains up to m of them.  partition.c
 * recovers the boundaries from layers of costs alone.
 *
 * Precision.  w(l, i) is the difference of two large numbers when values are
 * close together and far from zero.  So the values are scaled by a power of
 * two and moved by about their mean, without rounding, and the sums of rows,
 * values and squares are kept with 106 bits.  w is n q - s s by n, evaluated
 * with 106 bits and then rounded to double: its error is below 1e-24 of the
 * total sum of squares even for millions of values, and otherwise a few units
 * in its last place.  Most of the w that a layer looks at are far from the
 * least: they are first estimated in double, with a bound on the error, and
 * only those that may be the least are evaluated in full.
 *
 * A first solution on every n-th position is no optimum but bounds its cost:
 * values taken from one end that cost more than that are not looked at.
 *
 * Ties.  Equal costs in theory differ by rounding, and which is less would
 * change with the unit of x.  So boundaries whose cost is within a tolerance
 * of the least count as ties, of which the lowest is taken.  The tolerance,
 * shared evenly among the boundaries, is 1e-12 of the total sum of squares.
 * One far outlier makes that total so large that all divisions of the other
 * values would be ties; so it is no more than 1e-9 of the least cost either,
 * and no less than the error of w.
 *
 * Memory: per distinct value 40 bytes of sums and 32 of costs, from the
 * current memory context, freed at the end.
 */
#include "scoring/breaks.h"

#include <float.h>
#include <math.h>

#include "common/double_double.h"
#include "scoring/partition.h"

/* Up to here a number of rows is exact in a double: 2^53. */
#define MAX_NATURAL_ROWS INT64CONST(9007199254740992)

/* Tolerance of ties, and its bounds; see above. */
#define TIE_OF_TOTAL 1e-12
#define TIE_OF_LEAST 1e-9
#define TIE_ERROR 1e-24

/* Positions of the first solution, at least; and how many are worth one. */
#define COARSE_POSITIONS 2000
#define WORTH_COARSE 10

/* Sums over the first i values, moved and scaled. */
typedef struct Sums
{
	double		rows;
	DoubleDouble value;
	DoubleDouble square;
} Sums;

typedef struct NaturalProblem
{
	const Sums *sums;			/* sums[i]: over the first i values */
	double	   *below;			/* costs of the lower half, by values taken */
	double	   *above;			/* costs of the upper half, by values taken */
	double	   *spare;			/* a layer that is being made */
	double	   *estimate;		/* of the costs for one i */
	double		total;			/* sum of squares of all values */
	double		estimate_error; /* of an estimate, at most */
	double		limit;			/* costs above it are of no use */
	double		tie;			/* for one boundary; negative: not known yet */
	int			classes;
} NaturalProblem;

/*
 * The sums of i values from one end are end[step * i], up to the sums at that
 * end.  step is 1 from the low end and -1 from the high end.
 */
typedef struct View
{
	const Sums *end;
	int			step;
} View;

/* The sum of squares of the values between two positions, in either order. */
static inline double
RunCost(const Sums *a, const Sums *b)
{
	double		n = b->rows - a->rows;
	DoubleDouble s = DoubleDoubleSubtract(b->value, a->value);
	DoubleDouble q = DoubleDoubleSubtract(b->square, a->square);
	DoubleDouble nq = TwoProduct(n, q.high);
	DoubleDouble ss = TwoProduct(s.high, s.high);
	double		cost = (nq.high - ss.high) +
		((nq.low - ss.low) + (n * q.low - 2 * s.high * s.low));

	return cost > 0 ? cost / fabs(n) : 0;
}

/* The same to within estimate_error. */
static inline double
EstimatedRunCost(const Sums *a, const Sums *b)
{
	double		s = b->value.high - a->value.high;

	return fabs(b->square.high - a->square.high) - s * s / fabs(b->rows - a->rows);
}

/*
 * The layer at i: the least cost, and the lowest l in low..high that has it.
 */
static inline double
BestOf(const NaturalProblem *problem, View view, const double *old,
	   int64 i, int64 low, int64 high, int64 *arg)
{
	const Sums *here = &view.end[view.step * i];
	const Sums *there = &view.end[view.step * low];
	double	   *estimate = problem->estimate;
	double		margin = 2 * problem->estimate_error;
	double		limit = INFINITY;
	double		best = INFINITY;
	int64		l;

	for (l = low; l <= high; l++, there += view.step)
	{
		/* old rises with l, and a run costs no less than nothing */
		if (old[l] > limit)
			break;
		estimate[l] = old[l] + EstimatedRunCost(there, here);
		if (estimate[l] + margin < limit)
			limit = estimate[l] + margin;
		POLL_EVERY(l);
	}
	high = l - 1;

	*arg = low;
	for (l = low; l <= high; l++)
	{
		if (estimate[l] <= limit)
		{
			double		cost = old[l] + RunCost(&view.end[view.step * l], here);

			if (cost < best)
			{
				best = cost;
				*arg = l;
			}
		}
		POLL_EVERY(l);
	}
	return best;
}

/*
 * new[i] for i in first..last, whose best l are in low..high.  Costs rise with
 * i: behind one above the limit they are set to infinity.
 */
static void
FillLayer(const NaturalProblem *problem, View view, const double *old,
		  double *new, int64 first, int64 last, int64 low, int64 high)
{
	while (first <= last)
	{
		int64		middle = first + (last - first) / 2;
		int64		arg;

		new[middle] = BestOf(problem, view, old, middle, low,
							 Min(high, middle - 1), &arg);
		POLL_EVERY(middle);

		if (new[middle] > problem->limit)
		{
			for (int64 i = middle + 1; i <= last; i++)
				new[i] = INFINITY;
			last = middle - 1;
			high = arg;
			continue;
		}

		FillLayer(problem, view, old, new, first, middle - 1, low, arg);
		first = middle + 1;
		low = arg;
	}
}

/*
 * Costs of i values of the view in exactly `classes` classes, for i from
 * classes to last, into *cost.  Swaps *cost and the spare layer as needed.
 */
static void
ViewCosts(NaturalProblem *problem, View view, double **cost, int classes,
		  int64 last)
{
	/* Later layers need `last` minus the classes that they still add. */
	for (int64 i = 1; i <= last - (classes - 1); i++)
	{
		(*cost)[i] = RunCost(&view.end[0], &view.end[view.step * i]);
		POLL_EVERY(i);
	}
	for (int t = 2; t <= classes; t++)
	{
		double	   *old = *cost;

		FillLayer(problem, view, old, problem->spare, t, last - (classes - t),
				  t - 1, last - (classes - t) - 1);
		*cost = problem->spare;
		problem->spare = old;
	}
}

/* SplitFunction: the lowest boundary of a natural optimum, up to ties. */
static int64
NaturalSplit(void *arg, int64 low, int64 high, int lower, int upper)
{
	NaturalProblem *problem = (NaturalProblem *) arg;
	View		from_low = {problem->sums + low, 1};
	View		from_high = {problem->sums + high, -1};
	int64		length = high - low;
	double		least = INFINITY;
	int64		i;

	ViewCosts(problem, from_low, &problem->below, lower, length - upper);
	ViewCosts(problem, from_high, &problem->above, upper, length - lower);

	for (i = lower; i <= length - upper; i++)
	{
		least = Min(least, problem->below[i] + problem->above[length - i]);
		POLL_EVERY(i);
	}

	/* The first split is that of the whole. */
	if (problem->tie < 0)
		problem->tie = Max(Min(TIE_OF_TOTAL * problem->total, TIE_OF_LEAST * least),
						   TIE_ERROR * problem->total) / (problem->classes - 1);

	for (i = lower; i < length - upper; i++)
	{
		if (problem->below[i] + problem->above[length - i] <= least + problem->tie)
			break;
		POLL_EVERY(i);
	}
	return low + i;
}

/* Sums over the first i values, for i = 0 .. n_runs. */
static void
MakeSums(const ValueRuns *runs, Sums *sums)
{
	int64		m = runs->n_runs;
	double		mean = 0;
	double		scale1;
	double		scale2;
	int			exponent;

	/* two factors, since 2^1074 is none: the largest value gets below 1 */
	(void) frexp(Max(fabs(runs->value[0]), fabs(runs->value[m - 1])), &exponent);
	scale1 = ldexp(1, -exponent / 2);
	scale2 = ldexp(1, -exponent - -exponent / 2);

	for (int64 i = 0; i < m; i++)
	{
		mean += runs->value[i] * scale1 * scale2 *
			((double) runs->count[i] / (double) runs->total);
		POLL_EVERY(i);
	}

	memset(&sums[0], 0, sizeof(Sums));
	for (int64 i = 0; i < m; i++)
	{
		DoubleDouble x = TwoSum(runs->value[i] * scale1 * scale2, -mean);
		DoubleDouble n = {(double) runs->count[i], 0};
		DoubleDouble nx = DoubleDoubleMultiply(n, x);

		sums[i + 1].rows = sums[i].rows + n.high;
		sums[i + 1].value = DoubleDoubleAdd(sums[i].value, nx);
		sums[i + 1].square = DoubleDoubleAdd(sums[i].square,
											 DoubleDoubleMultiply(nx, x));
		POLL_EVERY(i);
	}
}

/*
 * With u = 2^-53: the squares' sums Q have an error of u Q each and their
 * difference one more; the values' sums S give at most 4 u max|S| of error in
 * a difference D, and D^2 / n changes by twice that times |D| / n, the mean of
 * some values; the rest are roundings of results up to Q.  All in all
 * 10 u Q + 8 u max|S| max|x|.
 */
static double
EstimateError(const Sums *sums, int64 m)
{
	double		largest_sum = 0;

	for (int64 i = 1; i <= m; i++)
	{
		largest_sum = Max(largest_sum, fabs(sums[i].value.high));
		POLL_EVERY(i);
	}
	/* the values are less than 2 from their mean */
	return 16 * (DBL_EPSILON / 2) * (sums[m].square.high + 2 * largest_sum);
}

/*
 * The cost of a solution whose boundaries are at every n-th position, and a
 * little more, so that ties with the optimum are below.
 */
static double
CoarseLimit(const NaturalProblem *problem, int64 m, int classes)
{
	NaturalProblem coarse = *problem;
	int64		positions = Max(COARSE_POSITIONS, 4 * classes);
	int64		step = m / positions;
	int64		cuts[MAX_BREAK_CLASSES];
	double		cost = 0;
	Sums	   *sums;

	if (step < WORTH_COARSE)
		return INFINITY;

	sums = palloc((positions + 1) * sizeof(Sums));
	for (int64 i = 0; i < positions; i++)
		sums[i] = problem->sums[i * step];
	sums[positions] = problem->sums[m];
	coarse.sums = sums;
	PartitionRuns(NaturalSplit, &coarse, 0, positions, classes, cuts);

	cuts[classes - 1] = positions;
	for (int j = 0; j < classes; j++)
		cost += RunCost(&sums[j == 0 ? 0 : cuts[j - 1]], &sums[cuts[j]]);
	pfree(sums);
	return cost * (1 + 10 * TIE_OF_LEAST) + 10 * TIE_ERROR * problem->total;
}

/* Exactly `classes` classes, 2 or more, of more than `classes` values. */
static void
FitNatural(const ValueRuns *runs, int classes, double *breaks)
{
	int64		m = runs->n_runs;
	int64		cuts[MAX_BREAK_CLASSES];
	NaturalProblem problem;
	Sums	   *sums = palloc_extended((m + 1) * sizeof(Sums), MCXT_ALLOC_HUGE);

	MakeSums(runs, sums);
	problem.sums = sums;
	problem.below = palloc_extended((m + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	problem.above = palloc_extended((m + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	problem.spare = palloc_extended((m + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	problem.estimate = palloc_extended((m + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	problem.total = RunCost(&sums[0], &sums[m]);
	problem.estimate_error = EstimateError(sums, m);
	problem.tie = -1;
	problem.limit = INFINITY;
	problem.classes = classes;
	problem.limit = CoarseLimit(&problem, m, classes);

	PartitionRuns(NaturalSplit, &problem, 0, m, classes, cuts);
	for (int j = 0; j < classes - 1; j++)
		breaks[j] = runs->value[cuts[j] - 1];

	pfree(sums);
	pfree(problem.below);
	pfree(problem.above);
	pfree(problem.spare);
	pfree(problem.estimate);
}

static void
CheckNaturalRuns(const ValueRuns *runs)
{
	/* ascending: infinities are at the ends */
	if (isinf(runs->value[0]) || isinf(runs->value[runs->n_runs - 1]))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must be finite for natural breaks, not %s",
						isinf(runs->value[0]) ? "-Infinity" : "Infinity"),
				 errhint("A class with an infinite value has no mean. Leave such rows out, or use quantile_breaks.")));

	if (runs->total > MAX_NATURAL_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for natural breaks: " INT64_FORMAT,
						runs->total),
				 errdetail("The limit is " INT64_FORMAT " rows.",
						   MAX_NATURAL_ROWS),
				 errhint("Fit the breaks on a sample, or use quantile_breaks.")));
}

int
NaturalBreaks(const ValueRuns *runs, int classes, double *breaks)
{
	Assert(classes >= 1 && classes <= MAX_BREAK_CLASSES);

	if (runs->n_runs == 0)
		return 0;
	CheckNaturalRuns(runs);

	if (runs->n_runs <= classes)
	{
		/* every value is a class of its own */
		for (int64 i = 0; i < runs->n_runs - 1; i++)
			breaks[i] = runs->value[i];
		return runs->n_runs - 1;
	}
	if (classes > 1)
		FitNatural(runs, classes, breaks);
	return classes - 1;
}
