/*
 * abc.c
 *		ABC breaks and cumulative shares of sorted values.
 *
 * The values come sorted and with their counts, so one walk from the largest
 * to the smallest gives the total, and a second the share before each value.
 * A break for a share is the first value in that walk that has at least this
 * share before it.  Shares ascend, so the walk goes over all breaks once.
 *
 * Sums are double-doubles, taken in the order of the values: they are the same
 * whatever the order of the rows was.  The sum before and the total are rounded
 * to doubles and divided once, as `before / total` would be in SQL.
 */
#include "tiering/abc.h"

#include "common/double_double.h"

/* The total of the positive values, times scale. */
static double
PositiveTotal(const ValueRuns *runs, double *scale)
{
	DoubleDouble total = {0, 0};

	*scale = 1;
	if (runs->n_runs == 0 || runs->value[runs->n_runs - 1] <= 0)
		return 0;
	*scale = RangeScale(runs->value[runs->n_runs - 1]);
	for (int64 i = runs->n_runs - 1; i >= 0 && runs->value[i] > 0; i--)
	{
		DoubleDoubleAddProduct(&total, runs->value[i] * *scale, runs->count[i]);
		POLL_EVERY(i);
	}
	return total.hi;
}

bool
AbcBreaks(const ValueRuns *runs, const double *shares, int n, double *breaks)
{
	DoubleDouble before = {0, 0};
	double		scale;
	double		total = PositiveTotal(runs, &scale);
	int			next = 0;

	if (total == 0)
		return false;
	for (int64 i = runs->n_runs - 1; i >= 0 && runs->value[i] > 0; i--)
	{
		while (next < n && before.hi / total >= shares[next])
			breaks[n - 1 - next++] = runs->value[i];
		if (next == n)
			break;
		DoubleDoubleAddProduct(&before, runs->value[i] * scale, runs->count[i]);
		POLL_EVERY(i);
	}
	while (next < n)
		breaks[n - 1 - next++] = 0;
	return true;
}

bool
SharesAbove(const ValueRuns *runs, double *above)
{
	DoubleDouble before = {0, 0};
	double		scale;
	double		total = PositiveTotal(runs, &scale);
	int64		i;

	if (total == 0)
		return false;
	for (i = runs->n_runs - 1; i >= 0 && runs->value[i] > 0; i--)
	{
		above[i] = before.hi / total;
		DoubleDoubleAddProduct(&before, runs->value[i] * scale, runs->count[i]);
		POLL_EVERY(i);
	}
	for (; i >= 0; i--)
	{
		above[i] = 1;
		POLL_EVERY(i);
	}
	return true;
}

int64
RunOfValue(const ValueRuns *runs, double x)
{
	int64		low = 0;
	int64		high = runs->n_runs;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (runs->value[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low < runs->n_runs && runs->value[low] == x ? low : -1;
}
