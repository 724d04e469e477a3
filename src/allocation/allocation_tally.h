/*
 * allocation_tally.h
 *		What allocation_check counts in the rows of a finished allocation.
 */
#ifndef CUSTSEG_ALLOCATION_TALLY_H
#define CUSTSEG_ALLOCATION_TALLY_H

#include "postgres.h"

#include "common/compat.h"

#include "common/columns.h"
#include "common/exact_sum.h"
#include "common/key_set.h"
#include "common/user_query.h"
#include "utils/numeric.h"
#include "utils/tuplesort.h"

enum
{
	CHECK_KEY, CHECK_AMOUNT, CHECK_FLOOR, CHECK_CAP, CHECK_TIER, CHECK_WEIGHT, N_CHECK_COLUMNS
};

/* Rows against a rule, and the one that breaks it most. */
typedef struct Breaches
{
	int64		rows;
	Decimal		gap;			/* of the worst; equal ones: the first key */
	char	   *worst;			/* text about it */
	char	   *key;
} Breaches;

typedef struct TierSum
{
	char	   *name;
	uint32		hash;
	char		status;			/* of simplehash */
	Decimal		sum;
} TierSum;

struct tier_sums_hash;

typedef struct AllocationTally
{
	UserQuery	query;
	KeySet	   *keys;
	int64		rows;
	int64		null_amounts;
	Breaches	below_floor;
	Breaches	above_cap;
	Breaches	negative;
	Decimal		sum;
	int			scale;			/* the most digits after the point of an amount */

	/* of amounts that are not negative, as float8 */
	double	   *amounts;
	int64		n;
	int64		capacity;
	ExactSumSpace total;
	ExactSumSpace squares;

	struct tier_sums_hash *tiers;

	/* rows with a weight, by weight, floor, cap, amount; NULL: no such column */
	Tuplesortstate *alike;
	TupleTableSlot *alike_slot;
	Breaches	unequal;		/* groups of them */

	MemoryContext context;		/* of what lasts for the call */
	MemoryContext row_context;
	int			rows_since_reset;
} AllocationTally;

/* Parses the query and checks its columns.  Memory is of the current context. */
extern void TallyOpen(AllocationTally *t, const char *query);

/* Reads all its rows. */
extern void TallyRun(AllocationTally *t);

/* The sum of a tier's amounts; NULL if there is no such tier. */
extern const TierSum *TallyFindTier(const AllocationTally *t, const char *name);

/* The tier with the largest sum, of equal ones the first by name; NULL: none. */
extern const TierSum *TallyLargestTier(const AllocationTally *t);

static inline bool
TallyHasColumn(const AllocationTally *t, int column)
{
	return column < t->query.n_columns;
}

#endif							/* CUSTSEG_ALLOCATION_TALLY_H */
