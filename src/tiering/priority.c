/*
 * priority.c
 *		Core of priorities: from criteria to scores and ranks.
 *
 * Rows are not moved: what is sorted are pairs of a key and a row's number.  The
 * key is the image of the first column that is not the same in all rows, turned
 * so that higher values come first; most comparisons end there, in 16 bytes that
 * lie side by side.  Equal keys go on to the other columns, and then to the
 * caller's tie breaker.  Within a comparison all is exact, so the ranks do not
 * depend on the order in which rows come.
 *
 * The weighted form turns each criterion into its mid-rank percentile first: the
 * share of rows below, with half of the equal ones, among those that have the
 * criterion.  Percentiles are quotients of exact integers, and the mean is added
 * up in the order of the criteria, so equal rows get equal priorities.
 *
 * Memory, of the current context: 16 bytes a row while ranks are made; with
 * weights up to 32 a row while percentiles are.
 */
#include "tiering/priority.h"

#include <math.h>

#include "common/float_image.h"
#include "scoring/breaks.h"
#include "scoring/weighting.h"

typedef struct SortItem
{
	uint64		key;
	int32		row;
} SortItem;

typedef struct SortRule
{
	const double *rows;
	int			n_columns;
	int			first;			/* the column of the keys */
	TieBreaker	tie;
	void	   *arg;
} SortRule;

/* Orders like x downwards, with NaN at the end. */
static inline uint64
DownwardKey(double x)
{
	return isnan(x) ? PG_UINT64_MAX : ~ImageOfFloat(x);
}

static inline int
CompareItems(const SortItem *a, const SortItem *b, const SortRule *rule)
{
	const double *x;
	const double *y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	x = rule->rows + (int64) a->row * rule->n_columns;
	y = rule->rows + (int64) b->row * rule->n_columns;
	for (int j = rule->first + 1; j < rule->n_columns; j++)
	{
		uint64		key_x = DownwardKey(x[j]);
		uint64		key_y = DownwardKey(y[j]);

		if (key_x != key_y)
			return key_x < key_y ? -1 : 1;
	}
	return rule->tie == NULL ? 0 : rule->tie(a->row, b->row, rule->arg);
}

#define ST_SORT SortItems
#define ST_ELEMENT_TYPE SortItem
#define ST_COMPARE(a, b, rule) CompareItems(a, b, rule)
#define ST_COMPARE_ARG_TYPE const SortRule
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "miscadmin.h"
#include "lib/sort_template.h"

/* The first column with different values, or the last one. */
static int
FirstDifferent(const double *rows, int32 n_rows, int n_columns)
{
	for (int j = 0; j < n_columns; j++)
		for (int64 i = 1; i < n_rows; i++)
		{
			if (DownwardKey(rows[i * n_columns + j]) != DownwardKey(rows[j]))
				return j;
			POLL_EVERY(i);
		}
	return n_columns - 1;
}

void
PriorityRanks(const double *rows, int32 n_rows, int n_columns,
			  TieBreaker tie, void *arg, int32 *ranks)
{
	SortRule	rule = {rows, n_columns, FirstDifferent(rows, n_rows, n_columns), tie, arg};
	SortItem   *items = palloc_extended(((Size) n_rows + 1) * sizeof(SortItem),
										MCXT_ALLOC_HUGE);
	int32		rank = 0;

	for (int64 i = 0; i < n_rows; i++)
	{
		items[i].key = DownwardKey(rows[i * n_columns + rule.first]);
		items[i].row = i;
		POLL_EVERY(i);
	}
	SortItems(items, n_rows, &rule);
	for (int64 i = 0; i < n_rows; i++)
	{
		if (i == 0 || CompareItems(&items[i - 1], &items[i], &rule) != 0)
			rank = i + 1;
		ranks[items[i].row] = rank;
		POLL_EVERY(i);
	}
	pfree(items);
}

/*
 * The values of a column that are not missing, as ascending runs; count becomes
 * twice the number of rows below a run, and once that of its own.
 */
static ValueRuns
ColumnPercentiles(const double *rows, int32 n_rows, int n_columns, int column)
{
	double	   *values = palloc_extended(((Size) n_rows + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	int64		n = 0;
	int64		below = 0;
	ValueRuns	runs;

	for (int64 i = 0; i < n_rows; i++)
	{
		double		x = rows[i * n_columns + column];

		if (!isnan(x))
			values[n++] = x;
		POLL_EVERY(i);
	}
	SortFloats(values, n);
	runs = RunsOfSorted(values, n);
	pfree(values);
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		int64		equal = runs.count[i];

		runs.count[i] = 2 * below + equal;
		below += equal;
		POLL_EVERY(i);
	}
	return runs;
}

/* The place of a value that is there. */
static inline int64
FindRun(const ValueRuns *runs, double x)
{
	int64		low = 0;
	int64		high = runs->n_runs - 1;

	while (low < high)
	{
		int64		middle = (low + high) / 2;

		if (runs->value[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
WeightedPriorities(const double *rows, int32 n_rows, int n_criteria,
				   const double *weights, double *scores)
{
	int			n_columns = n_criteria + 1;
	double		unit = WeightUnit(weights, n_criteria);
	double	   *total = palloc_extended(((Size) n_rows + 1) * sizeof(double),
										MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	memset(scores, 0, (Size) n_rows * sizeof(double));
	for (int c = 0; c < n_criteria; c++)
	{
		ValueRuns	runs = ColumnPercentiles(rows, n_rows, n_columns, c + 1);
		double		weight = weights[c] * unit;

		for (int64 i = 0; i < n_rows; i++)
		{
			double		x = rows[i * n_columns + c + 1];

			POLL_EVERY(i);
			if (isnan(x))
				continue;
			scores[i] += weight * ((double) runs.count[FindRun(&runs, x)] /
								   (double) (2 * runs.total));
			total[i] += weight;
		}
		pfree(runs.value);
		pfree(runs.count);
	}
	for (int64 i = 0; i < n_rows; i++)
	{
		scores[i] = total[i] > 0 ? scores[i] / total[i] + rows[i * n_columns] : NAN;
		POLL_EVERY(i);
	}
	pfree(total);
}
