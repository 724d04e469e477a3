/*
 * sort_floats.c
 *		Sorts doubles, and makes (value, count) runs of them.
 *
 * Every fit of breaks starts with a sort, and the sort is most of its time.
 * Large arrays are sorted by an LSD radix sort on the bit image of the
 * doubles, turned so that it orders like the numbers: the sign bit flipped
 * for positive numbers, all bits for negative ones.
 *
 * A double has 64 bits, but to tell a million values apart takes about half of
 * them.  So the passes go over the upper 32 or 33 bits of those that are not
 * the same in all values; a pass in which all values have one digit is left
 * out.  A last pass, an insertion sort, mends the order where values differ in
 * lower bits only.  Where that is more work than a few moves a value, as with
 * an outlier far from values that are close together, the rest is given up and
 * done by all eight bytes.
 *
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
#include "port/pg_bitutils.h"

/* Below this, the histograms cost more than a quicksort. */
#define RADIX_MINIMUM 512

/* From here on there are digits of 11 bits, and their histograms pay off. */
#define WIDE_MINIMUM 16384

#define WIDE_BITS 11

/* Moves of the insertion sort, a value. */
#define MAX_MOVES 2

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
 * Turns x into images in place.  Returns the bits in which they differ.
 */
static uint64
MakeImages(double *x, int64 n)
{
	uint64	   *image = (uint64 *) x;
	uint64		first = ImageOfFloat(x[0]);
	uint64		differ = 0;

	for (int64 start = 0; start < n; start += POLL_BLOCK)
	{
		int64		end = Min(start + POLL_BLOCK, n);

		custseg_poll();
		for (int64 i = start; i < end; i++)
		{
			uint64		bits = ImageOfFloat(x[i]);

			memcpy(&image[i], &bits, sizeof(bits));
			differ |= bits ^ first;
		}
	}
	return differ;
}

/*
 * One pass: a stable distribution of `from` into `to` by a digit of which
 * place[] holds the histogram.
 */
static inline void
ScatterByDigit(const uint64 *from, uint64 *to, int64 n, int shift, int values,
			   int64 *place)
{
	int64		next = 0;

	for (int i = 0; i < values; i++)
	{
		int64		count = place[i];

		place[i] = next;
		next += count;
	}
	for (int64 start = 0; start < n; start += POLL_BLOCK)
	{
		int64		end = Min(start + POLL_BLOCK, n);

		custseg_poll();
		for (int64 i = start; i < end; i++)
			to[place[(from[i] >> shift) & (values - 1)]++] = from[i];
	}
}

/*
 * Sorts by `digits` digits of `bits` bits from bit `shift` up.  The result is
 * in one of the two arrays, which is returned.
 */
static inline uint64 *
SortByDigits(uint64 *from, uint64 *to, int64 n, int shift, int bits, int digits,
			 int64 *count)
{
	int			values = 1 << bits;

	memset(count, 0, digits * values * sizeof(int64));
	for (int64 start = 0; start < n; start += POLL_BLOCK)
	{
		int64		end = Min(start + POLL_BLOCK, n);

		custseg_poll();
		for (int64 i = start; i < end; i++)
			for (int digit = 0; digit < digits; digit++)
				count[digit * values + ((from[i] >> (shift + bits * digit)) & (values - 1))]++;
	}
	for (int digit = 0; digit < digits; digit++)
	{
		int64	   *place = count + digit * values;
		int			low = shift + bits * digit;
		uint64	   *swap = from;

		/* all values share this digit */
		if (place[(from[0] >> low) & (values - 1)] == n)
			continue;
		ScatterByDigit(from, to, n, low, values, place);
		from = to;
		to = swap;
	}
	return from;
}

/*
 * Turns sorted images into doubles; from may be x itself, because a value is
 * read before anything is written at or behind its place.  Values that are out
 * of order move down to their place.  False if that takes too many moves; then x
 * has all values, not in order.
 */
static bool
InsertFloats(double *x, const uint64 *from, int64 n)
{
	int64		moves = 0;

	for (int64 i = 0; i < n; i++)
	{
		double		value = FloatOfImage(from[i]);
		int64		place = i;

		while (unlikely(place > 0 && x[place - 1] > value))
		{
			x[place] = x[place - 1];
			place--;
			if (++moves > MAX_MOVES * n)
			{
				x[place] = value;
				for (i++; i < n; i++)
					x[i] = FloatOfImage(from[i]);
				return false;
			}
		}
		x[place] = value;
		POLL_EVERY(i);
	}
	return true;
}

static void
RadixSortFloats(double *x, int64 n)
{
	int64		count[Max(3 << WIDE_BITS, RADIX_BYTES * RADIX_VALUES)];
	uint64	   *spare = palloc_extended(n * sizeof(uint64), MCXT_ALLOC_HUGE);
	uint64		differ = MakeImages(x, n);
	uint64	   *sorted;
	int			top = differ == 0 ? 0 : pg_leftmost_one_pos64(differ);

	if (n < WIDE_MINIMUM)
		sorted = SortByDigits((uint64 *) x, spare, n, Max(top - 31, 0), 8, 4, count);
	else
		sorted = SortByDigits((uint64 *) x, spare, n, Max(top - 32, 0), WIDE_BITS, 3, count);

	if (!InsertFloats(x, sorted, n))
	{
		differ = MakeImages(x, n);
		sorted = SortByDigits((uint64 *) x, spare, n, 0, 8, RADIX_BYTES, count);
		(void) InsertFloats(x, sorted, n);
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
	int64		n_runs = Min(n, 1);
	int64		run = 0;

	/* no branches: where equal values end cannot be predicted */
	for (int64 i = 1; i < n; i++)
	{
		n_runs += (x[i] != x[i - 1]);
		POLL_EVERY(i);
	}

	/* one spare element, so that an empty column needs no special case */
	runs.value = palloc_extended((n_runs + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	runs.count = palloc_extended((n_runs + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	runs.n_runs = n_runs;
	runs.total = n;

	/* first where each run ends, then how long it is */
	for (int64 i = 0; i < n; i++)
	{
		run += (i > 0 && x[i] != x[i - 1]);
		runs.value[run] = x[i];
		runs.count[run] = i + 1;
		POLL_EVERY(i);
	}
	for (int64 i = n_runs - 1; i > 0; i--)
	{
		runs.count[i] -= runs.count[i - 1];
		POLL_EVERY(i);
	}
	return runs;
}
