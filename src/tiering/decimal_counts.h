/*
 * decimal_counts.h
 *		Distinct numerics of any size with their counts, as a flat value.
 *
 *	 +--------+-------+---------+-------+---------+-----+-------+
 *	 | header | count | numeric | count | numeric | ... | slack |
 *	 +--------+-------+---------+-------+---------+-----+-------+
 *
 * A count is an int64, a numeric is padded to a multiple of 8 bytes.  Numerics
 * are positive and have no trailing zeros.  In the canonical form they ascend,
 * are distinct, and there is no slack.
 */
#ifndef CUSTSEG_DECIMAL_COUNTS_H
#define CUSTSEG_DECIMAL_COUNTS_H

#include "common/decimal.h"
#include "tiering/abc.h"

typedef struct DecimalCounts
{
	int32		vl_len_;		/* varlena header */
	int32		used;			/* bytes of data */
	int64		n;				/* entries */
	int64		total;			/* sum of counts */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} DecimalCounts;

extern DecimalCounts *DecimalCountsMake(Size data_size);

/* An error unless the bytes can be a list. */
extern void DecimalCountsCheck(const DecimalCounts *list);

/*
 * Each changes the list in place, or returns a larger one made in the current
 * memory context; the old one is not freed.
 */
extern DecimalCounts *DecimalCountsAdd(DecimalCounts *list, const struct NumericData *n,
									   int64 count);
extern DecimalCounts *DecimalCountsCombine(DecimalCounts *list, const DecimalCounts *other);

/*
 * All values, sorted and distinct; big is set in each and points into the list.
 */
extern DecimalRuns DecimalCountsRuns(const DecimalCounts *list);

/* The list without slack, in new memory. */
extern DecimalCounts *DecimalCountsCanonical(const DecimalCounts *list);

/* The decimal as a numeric without trailing zeros, in new memory. */
extern struct NumericData *TrimmedNumeric(const Decimal *d);

#endif							/* CUSTSEG_DECIMAL_COUNTS_H */
