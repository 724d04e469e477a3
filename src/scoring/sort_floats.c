/*
 * sort_floats.c
 *		Sorts doubles, and makes (value, count) runs of them.
 *
 * Every fit of breaks starts with a sort, and the sort is most of its time.
 * Large arrays are sorted by an LSD radix sort on the bit image of the
 * doubles, turned so that it orders like the numbers: the sign bit flipped
 * for positive numbers, all bits for negative ones.  One counting pass makes
 * the histograms of all eight bytes; a byte that is the same in every value
 * is skipped.  That is the case for several low bytes of whole numbers,
 * prices and counts, so business data needs three or four passes of eight.
 * Small arrays go to the quicksort of lib/sort_template.h.
 *
 * The order of doubles without NaN and -0 is total and equal values have
 * equal bits, so the result does not depend on the method.
 *
 * Memory: the radix sort takes a second array of the same size from the
 * current memory context and frees it.
 */
#include "scoring/breaks.h"

#include "common/float_image.h"

/* Below this, the histograms cost more than a quicksort. */
#define RADIX_MINIMUM 512

#define RADIX_BYTES 8
#define RADIX_VALUES 256

/* Elements moved between two polls. */
#define POLL_BLOCK 65536

#define ST_SORT QuickSortFloats
#define ST_ELEMENT_TYPE double
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "miscadmin.h"
#include "lib/sort_template.h"

static bool
IsSorted(const double *x, int64 n)
{
	for (int64 i = 1; i < n; i++)
	{
		if (x[i - 1] > x[i])
			return false;
		POLL_EVERY(i);
	}
	return true;
}

/*
 * Turns x into images in place and counts every byte of them.
 */
static void
MakeImages(double *x, int64 n, int64 count[RADIX_BYTES][RADIX_VALUES])
{
	uint64	   *image = (uint64 *) x;

	for (int64 i = 0; i < n; i++)
	{
		uint64		bits = ImageOfFloat(x[i]);

		memcpy(&image[i], &bits, sizeof(bits));
		for (int byte = 0; byte < RADIX_BYTES; byte++)
			count[byte][(bits >> (8 * byte)) & 0xFF]++;
		POLL_EVERY(i);
	}
}

/*
 * One pass: a stable distribution of `from` into `to` by one byte.
 */
static void
ScatterByByte(const uint64 *from, uint64 *to, int64 n, int byte,
			  const int64 *count)
{
	int64		place[RADIX_VALUES];
	int64		next = 0;
	int			shift = 8 * byte;

	for (int i = 0; i < RADIX_VALUES; i++)
	{
		place[i] = next;
		next += count[i];
	}

	for (int64 start = 0; start < n; start += POLL_BLOCK)
	{
		int64		end = Min(start + POLL_BLOCK, n);

		custseg_poll();
		for (int64 i = start; i < end; i++)
			to[place[(from[i] >> shift) & 0xFF]++] = from[i];
	}
}

static void
RadixSortFloats(double *x, int64 n)
{
	int64		count[RADIX_BYTES][RADIX_VALUES];
	uint64	   *own = (uint64 *) x;
	uint64	   *spare;
	uint64	   *from = own;
	uint64	   *to;

	spare = palloc_extended(n * sizeof(uint64), MCXT_ALLOC_HUGE);
	memset(count, 0, sizeof(count));
	MakeImages(x, n, count);

	to = spare;
	for (int byte = 0; byte < RADIX_BYTES; byte++)
	{
		uint64	   *swap = from;

		/* all values share this byte */
		if (count[byte][(from[0] >> (8 * byte)) & 0xFF] == n)
			continue;

		ScatterByByte(from, to, n, byte, count[byte]);
		from = to;
		to = swap;
	}

	for (int64 i = 0; i < n; i++)
	{
		x[i] = FloatOfImage(from[i]);
		POLL_EVERY(i);
	}
	pfree(spare);
}

void
SortFloats(double *x, int64 n)
{
	if (n < RADIX_MINIMUM)
		QuickSortFloats(x, n);
	else if (!IsSorted(x, n))
		RadixSortFloats(x, n);
}

ValueRuns
RunsOfSorted(const double *x, int64 n)
{
	ValueRuns	runs;
	int64		n_runs = 0;

	for (int64 i = 0; i < n; i++)
	{
		if (i == 0 || x[i] != x[i - 1])
			n_runs++;
		POLL_EVERY(i);
	}

	/* one spare element, so that an empty column needs no special case */
	runs.value = palloc_extended((n_runs + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	runs.count = palloc_extended((n_runs + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	runs.n_runs = n_runs;
	runs.total = n;

	n_runs = 0;
	for (int64 i = 0; i < n; i++)
	{
		if (i == 0 || x[i] != x[i - 1])
		{
			runs.value[n_runs] = x[i];
			runs.count[n_runs] = 0;
			n_runs++;
		}
		runs.count[n_runs - 1]++;
		POLL_EVERY(i);
	}
	return runs;
}
