/*
 * value_counts.h
 *		The state of the breaks aggregates: distinct values with their counts.
 *
 * A flat varlena:
 *
 *	 +--------+---------------------+--------------------+--------+-------+
 *	 | header | value[n_runs]       | count[n_runs]      | tail   | slack |
 *	 |        | ascending, float8   | > 0, int64         | float8 |       |
 *	 +--------+---------------------+--------------------+--------+-------+
 *
 * The tail holds values that were not merged yet, in any order.  The canonical
 * form has neither tail nor slack; that is what leaves the aggregate.
 */
#ifndef CUSTSEG_VALUE_COUNTS_H
#define CUSTSEG_VALUE_COUNTS_H

#include "scoring/breaks.h"

#define VALUE_COUNTS_VERSION 1

/* With these, a state is 960 MB. */
#define MAX_VALUE_COUNTS 60000000

typedef struct ValueCounts
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		unused;
	uint16		classes;		/* argument of the aggregate */
	int32		n_runs;
	int32		n_tail;
	int64		total;			/* rows in runs and tail */
	double		data[FLEXIBLE_ARRAY_MEMBER];
} ValueCounts;

#define SizeOfValueCounts(slots) \
	(offsetof(ValueCounts, data) + (Size) (slots) * sizeof(double))

static inline double *
ValueCountsValues(const ValueCounts *state)
{
	return (double *) state->data;
}

static inline int64 *
ValueCountsCounts(const ValueCounts *state)
{
	return (int64 *) (state->data + state->n_runs);
}

/* An empty state with room for at least `slots` slots of 8 bytes. */
extern ValueCounts *ValueCountsMake(int classes, int64 slots);

/* A state with exactly n_runs runs, for the caller to fill; total is 0. */
extern ValueCounts *ValueCountsMakeRuns(int classes, int64 n_runs);

/* An error unless the bytes are a state that this version can read. */
extern void ValueCountsCheck(const ValueCounts *state);

/*
 * Each changes `state` in place, or returns a larger one made in the current
 * memory context; the old one is not freed.  x is no NaN and not -0.
 */
extern ValueCounts *ValueCountsAdd(ValueCounts *state, double x);
extern ValueCounts *ValueCountsCombine(ValueCounts *state,
									   const ValueCounts *other);

/*
 * All values as runs.  Points into the state where it has no tail, otherwise
 * to new memory.
 */
extern ValueRuns ValueCountsRuns(const ValueCounts *state);

/* The state without tail and slack: itself, or a copy. */
extern const ValueCounts *ValueCountsCanonical(const ValueCounts *state);

#endif							/* CUSTSEG_VALUE_COUNTS_H */
