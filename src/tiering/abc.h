/*
 * abc.h
 *		ABC classes: the break at each share of the total, and shares of values.
 *
 * Definitions are in docs/abc.md.  A value's share is decided before its whole
 * tie group: the share of the total that all strictly larger values hold.
 */
#ifndef CUSTSEG_ABC_H
#define CUSTSEG_ABC_H

#include "scoring/breaks.h"

/* As many as the breaks of all other methods. */
#define MAX_ABC_SHARES (MAX_BREAK_CLASSES - 1)

/* 'A' to 'Z' */
#define MAX_ABC_LETTERS 26

/*
 * The breaks of n shares, which ascend in (0, 1): breaks[n - 1 - i] is the
 * largest positive value before which the larger ones hold at least shares[i]
 * of the total of the positive values, or 0 if there is none.  So breaks
 * ascend, not always strictly.  False, and no breaks, if the total is 0.
 */
extern bool AbcBreaks(const ValueRuns *runs, const double *shares, int n,
					  double *breaks);

/*
 * For each run the share of the total that all larger values hold: 0 for the
 * largest positive value, 1 for those that are not positive.  The share up to
 * and including run i is above[i - 1], and 1 for i = 0.  One value x > 0 has
 * the share x * scale / total.  False if the total is 0.
 */
extern bool SharesAbove(const ValueRuns *runs, double *above,
						double *scale, double *total);

/*
 * ABC of exact decimals: values are value * 10^-scale, or numerics where
 * they do not fit.  A larger unit than a run of float8, hence of its own.
 */
struct NumericData;

typedef struct DecimalRun
{
	int128		value;			/* unless wide */
	struct NumericData *big;	/* if wide */
	int64		count;
} DecimalRun;

typedef struct DecimalRuns
{
	DecimalRun *run;			/* positive values, ascending, distinct */
	int64		n_runs;
	int			scale;			/* of value */
	bool		wide;			/* compare and add as numerics */
} DecimalRuns;

/* A share is an integer number of 10^-38. */
#define SHARE_SCALE 38

/*
 * As AbcBreaks.  at[n - 1 - i] is the run that is the break for shares[i], or
 * -1 where the break is 0.
 */
extern bool AbcBreaksExact(const DecimalRuns *runs, const int128 *shares, int n,
						   int64 *at);

#endif							/* CUSTSEG_ABC_H */
