/*
 * value_index.c
 *		Finds a value in a long sorted list, in a few cache misses.
 *
 * A binary search in millions of values would miss the cache a dozen times.
 * Instead the list is divided into buckets, a quarter as many as it has values
 * or, if it is short, four times as many, by a function of x that cannot fall
 * as x rises, and only the values of one bucket are searched.  Of two such
 * functions the one with the more even buckets is taken: x itself, and the bits
 * of x, which grow like its logarithm, for skewed measures such as spend.
 *
 * Memory: one to two bytes per value, palloc'd in the current context.
 */
#include "scoring/value_index.h"

#include <math.h>

#include "port/pg_bitutils.h"

/* With fewer values, a binary search stays within a few cache lines. */
#define BUCKETS_MINIMUM 32

#define FEW_VALUES 32768

/*
 * About the sum of squared bucket sizes, which is what all lookups cost
 * together: a stretch of values is taken to be even.
 */
static double
BucketsCost(const ValueIndex *index)
{
	uint32		step = Max(index->n / 1024, 1);
	double		cost = 0;

	for (uint32 i = 0; i + step < index->n; i += step)
		cost += 1.0 / (1 + ValueIndexBucket(index, ValueIndexAt(index, i + step)) -
					   ValueIndexBucket(index, ValueIndexAt(index, i)));
	return cost;
}

/* Sets up buckets by the bits of x, at most `wanted`. */
static void
BucketsByImage(ValueIndex *index, uint32 wanted)
{
	uint64		range = ImageOfFloat(index->max) - ImageOfFloat(index->min);

	index->by_image = true;
	index->shift = 0;
	while ((range >> index->shift) >= wanted)
		index->shift++;
	index->n_buckets = (uint32) (range >> index->shift) + 1;
}

static void
FillBuckets(ValueIndex *index)
{
	uint32		next = 0;

	index->start = palloc_extended((index->n_buckets + (Size) 1) * sizeof(uint32),
								   MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < index->n; i++)
	{
		uint32		bucket = ValueIndexBucket(index, ValueIndexAt(index, i));

		while (next <= bucket)
			index->start[next++] = i;
		POLL_EVERY(i);
	}
	while (next <= index->n_buckets)
		index->start[next++] = index->n;
}

void
ValueIndexMake(ValueIndex *index, const void *list, Size stride, uint32 n)
{
	ValueIndex	linear;
	uint32		wanted;

	memset(index, 0, sizeof(*index));
	index->list = list;
	index->stride = stride;
	index->n = n;
	if (n == 0)
		return;
	index->min = ValueIndexAt(index, 0);
	index->max = ValueIndexAt(index, n - 1);
	if (n < BUCKETS_MINIMUM)
		return;

	/* many buckets, unless their table would crowd the values out of the cache */
	wanted = pg_nextpower2_32(n < FEW_VALUES ? n * 4 : n / 4);
	BucketsByImage(index, wanted);
	linear = *index;
	linear.by_image = false;
	linear.n_buckets = wanted;
	linear.factor = (wanted - 1) / (index->max - index->min);
	if (isfinite(linear.factor) && linear.factor > 0 &&
		BucketsCost(&linear) <= BucketsCost(index))
		*index = linear;
	FillBuckets(index);
}
