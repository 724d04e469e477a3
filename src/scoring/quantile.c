/*
 * quantile.c
 *		Breaks at equal ranks: the j-th is the value of rank ceil(j n / k).
 *
 * All rows of one value stay together, so classes are of equal size only as
 * far as ties allow.  A value that spans several ranks gives one break, and
 * the maximum gives none, since no value lies above it: fewer classes result.
 *
 * Ranks are computed in integers.  percentile_disc takes a double fraction
 * and is off by one where j/k rounds up (k = 11, n = 77, j = 9).
 */
#include "scoring/breaks.h"

int
QuantileBreaks(const ValueRuns *runs, int classes, double *breaks)
{
	int64		run = 0;
	int64		rows = 0;		/* rows up to and including `run` */
	int			n_breaks = 0;

	Assert(classes >= 1 && classes <= MAX_BREAK_CLASSES);

	if (runs->n_runs == 0)
		return 0;

	rows = runs->count[0];
	for (int j = 1; j < classes; j++)
	{
		int64		rank = QuantileRank(runs->total, j, classes);

		while (rows < rank)
		{
			rows += runs->count[++run];
			POLL_EVERY(run);
		}
		if (run == runs->n_runs - 1)
			break;
		if (n_breaks == 0 || breaks[n_breaks - 1] != runs->value[run])
			breaks[n_breaks++] = runs->value[run];
	}
	return n_breaks;
}
