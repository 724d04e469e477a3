/*
 * breaks.h
 *		Cut points: from values to breaks, and from a value and breaks to a score.
 *
 * Definitions are in docs/rfm.md: score(x) = 1 + number of breaks below x.
 */
#ifndef CUSTSEG_BREAKS_H
#define CUSTSEG_BREAKS_H

#include "common/core.h"

#define MAX_BREAK_CLASSES 1000

/* How breaks are fitted; the numbers are stored. */
typedef enum BreaksMethod
{
	BALANCED, QUANTILE, MEAN, N_BREAKS_METHODS
} BreaksMethod;

extern const char *const breaks_method_names[N_BREAKS_METHODS];

/* The distinct values of a column, ascending, each with its number of rows. */
typedef struct ValueRuns
{
	double	   *value;
	int64	   *count;
	int64		n_runs;
	int64		total;			/* sum of count */
} ValueRuns;

/* Sorts x[0..n) in place. No NaN allowed; -0 must have been turned into 0. */
extern void SortFloats(double *x, int64 n);

/* Makes runs of n values that are sorted; the arrays are palloc'd. */
extern ValueRuns RunsOfSorted(const double *x, int64 n);

/*
 * Each writes at most classes - 1 breaks, strictly ascending, and returns how
 * many. classes is in 1..MAX_BREAK_CLASSES. No runs: no breaks.
 */
extern int	QuantileBreaks(const ValueRuns *runs, int classes, double *breaks);
extern int	BalancedBreaks(const ValueRuns *runs, int classes, double *breaks);
extern int	NaturalBreaks(const ValueRuns *runs, int classes, double *breaks);

/* The rank of quantile j of k among n values: ceil(j n / k) without the product j n. */
static inline int64
QuantileRank(int64 n, int j, int k)
{
	int64		whole = n / k;
	int64		rest = n % k;

	return j * whole + (j * rest + k - 1) / k;
}

/* Up to here it is faster to compare with all breaks than to guess at branches. */
#define FEW_BREAKS 8

static inline int
BreaksBelow(double x, const double *breaks, int n_breaks)
{
	int			below = 0;

	for (int i = 0; i < n_breaks; i++)
		below += (breaks[i] < x);
	return below;
}

/* The class 1..n_breaks+1 of x; breaks strictly ascending. */
static inline int
ScoreOf(double x, const double *breaks, int n_breaks, bool descending)
{
	int			low = 0;
	int			high = n_breaks;

	if (n_breaks <= FEW_BREAKS)
		low = high = BreaksBelow(x, breaks, n_breaks);
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (breaks[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return descending ? n_breaks + 1 - low : low + 1;
}

#endif							/* CUSTSEG_BREAKS_H */
