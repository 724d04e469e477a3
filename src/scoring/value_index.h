/*
 * value_index.h
 *		Finds a value in a long sorted list, in a few cache misses.
 */
#ifndef CUSTSEG_VALUE_INDEX_H
#define CUSTSEG_VALUE_INDEX_H

#include "common/core.h"
#include "common/float_image.h"

/* The list is an array of structs that begin with a double. */
typedef struct ValueIndex
{
	const char *list;
	Size		stride;			/* bytes of a struct */
	uint32		n;
	double		min;
	double		max;

	bool		by_image;		/* buckets by the bits of x, not by x */
	int			shift;			/* of the bits */
	double		factor;			/* of x */
	uint32		n_buckets;		/* 0: no buckets */
	uint32	   *start;			/* first place of each bucket, and the end */
} ValueIndex;

/* The values ascend strictly, without NaN and -0; the list must live as long. */
extern void ValueIndexMake(ValueIndex *index, const void *list, Size stride, uint32 n);

static inline double
ValueIndexAt(const ValueIndex *index, uint32 i)
{
	return *(const double *) (index->list + i * index->stride);
}

/* The bucket of x, which lies between min and max. */
static inline uint32
ValueIndexBucket(const ValueIndex *index, double x)
{
	if (index->by_image)
		return (uint32) ((ImageOfFloat(x) - ImageOfFloat(index->min)) >> index->shift);
	return (uint32) Min((x - index->min) * index->factor,
						(double) (index->n_buckets - 1));
}

/* The place of the first value that is not below x, which lies between min and max. */
static inline uint32
ValueIndexFind(const ValueIndex *index, double x)
{
	uint32		low = 0;
	uint32		high = index->n;

	if (index->n_buckets > 0)
	{
		uint32		bucket = ValueIndexBucket(index, x);

		low = index->start[bucket];
		high = index->start[bucket + 1];
	}
	/* without branches on x, of which half would be guessed wrong */
	for (uint32 n = high - low; n > 0;)
	{
		uint32		half = (n + 1) / 2;

		low += (ValueIndexAt(index, low + half - 1) < x) ? half : 0;
		n -= half;
	}
	return low;
}

/*
 * For lookups of many x, one after the other for all of them: asks for the
 * bucket, then for the values in it.
 */
static inline void
ValueIndexPrefetch(const ValueIndex *index, double x)
{
	if (index->n_buckets > 0)
		__builtin_prefetch(&index->start[ValueIndexBucket(index, x)]);
}

static inline void
ValueIndexPrefetchList(const ValueIndex *index, double x)
{
	if (index->n_buckets > 0)
	{
		uint32		low = index->start[ValueIndexBucket(index, x)];

		/* a bucket has a few values, two or three of which are looked at */
		__builtin_prefetch(index->list + low * index->stride);
		__builtin_prefetch(index->list + (low + 2) * index->stride);
	}
}

#endif							/* CUSTSEG_VALUE_INDEX_H */
