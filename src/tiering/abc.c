/*
 * abc.c
 *		ABC breaks and cumulative shares of sorted values.
 *
 * The values come sorted and with their counts, so one walk from the largest
 * to the smallest gives the total, and a second the share before each value.
 * A break for a share is the first value in that walk that has at least this
 * share before it.  Shares ascend, so one walk meets all breaks; it skips what
 * lies far before the next break, by sums that the first walk kept.
 *
 * Sums are double-doubles, taken in the order of the values: they are the same
 * whatever the order of the rows was.  The sum before and the total are rounded
 * to doubles and divided once, as `before / total` would be in SQL.
 */
#include "tiering/abc.h"

#include "common/double_double.h"

/* Runs between two sums that are kept. */
#define STRIDE 1024

/*
 * Sums the positive values, times scale, from the largest down.  sums[k], if
 * wanted, is the sum of the first k * STRIDE of them.
 */
static DoubleDouble
PositiveTotal(const ValueRuns *runs, double *scale, DoubleDouble *sums)
{
	DoubleDouble total = {0, 0};
	int64		n = runs->n_runs;

	*scale = 1;
	if (n == 0 || runs->value[n - 1] <= 0)
		return total;
	*scale = RangeScale(runs->value[n - 1]);
	for (int64 i = n - 1; i >= 0 && runs->value[i] > 0; i--)
	{
		if (sums != NULL && (n - 1 - i) % STRIDE == 0)
			sums[(n - 1 - i) / STRIDE] = total;
		DoubleDoubleCollectCounted(&total, runs->value[i] * *scale, runs->count[i]);
		POLL_EVERY(i);
	}
	return total;
}

bool
AbcBreaks(const ValueRuns *runs, const double *shares, int n, double *breaks)
{
	int64		top = runs->n_runs - 1;
	DoubleDouble *sums = palloc_extended((top / STRIDE + 2) * sizeof(DoubleDouble), MCXT_ALLOC_HUGE);
	DoubleDouble before = {0, 0};
	double		scale;
	double		total = PositiveTotal(runs, &scale, sums).high;
	int			next = 0;

	if (total == 0)
		return false;
	for (int64 i = top; i >= 0 && runs->value[i] > 0 && next < n; i--)
	{
		/* over whole strides, as long as the share is not reached */
		while ((top - i) % STRIDE == 0 && i >= STRIDE && runs->value[i - STRIDE] > 0 &&
			   sums[(top - i) / STRIDE + 1].high / total < shares[next])
		{
			i -= STRIDE;
			before = sums[(top - i) / STRIDE];
		}
		while (next < n && before.high / total >= shares[next])
			breaks[n - 1 - next++] = runs->value[i];
		DoubleDoubleCollectCounted(&before, runs->value[i] * scale, runs->count[i]);
		POLL_EVERY(i);
	}
	while (next < n)
		breaks[n - 1 - next++] = 0;
	pfree(sums);
	return true;
}

bool
SharesAbove(const ValueRuns *runs, double *above)
{
	DoubleDouble before = {0, 0};
	double		scale;
	double		total = PositiveTotal(runs, &scale, NULL).high;
	int64		i;

	if (total == 0)
		return false;
	for (i = runs->n_runs - 1; i >= 0 && runs->value[i] > 0; i--)
	{
		above[i] = before.high / total;
		DoubleDoubleCollectCounted(&before, runs->value[i] * scale, runs->count[i]);
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
