/*
 * abc_amounts.h
 *		The state of abc_breaks of numeric: between its core and its SQL side.
 */
#ifndef CUSTSEG_ABC_AMOUNTS_H
#define CUSTSEG_ABC_AMOUNTS_H

#include "tiering/abc_state.h"
#include "tiering/decimal_counts.h"

/*
 * Integers below this are doubles that are neither NaN nor infinite when their
 * bits are taken for one.
 */
#define ABC_INTEGER_LIMIT INT64CONST(0x7FF0000000000000)

static inline struct varlena *
AmountsInner(const AbcAmounts *state)
{
	return (struct varlena *) (state->data + state->n_shares * sizeof(int128));
}

/* An error unless the bytes are a state that this version can read. */
extern void AmountsCheck(const AbcAmounts *state);

/* An error unless the state has these shares. */
static inline void
AmountsCheckShares(const AbcAmounts *state, const char *shares, int n)
{
	if (unlikely(state->n_shares != n || memcmp(state->data, shares, n * sizeof(int128)) != 0))
		AbcSharesChanged();
}

/* A state without values. */
extern AbcAmounts *AmountsNew(int n_shares, const char *shares);

/*
 * Each changes the state in place, or returns a larger one made in the current
 * memory context.  d is positive.
 */
extern AbcAmounts *AmountsAdd(AbcAmounts *state, const Decimal *d);
extern AbcAmounts *AmountsCombine(AbcAmounts *state, const AbcAmounts *other);

/* All values, sorted and distinct; of integers, big is not set. */
extern DecimalRuns AmountsRuns(const AbcAmounts *state);

/* The value of a run as a numeric. */
extern struct NumericData *RunNumeric(const DecimalRuns *runs, int64 i);

/* The state without slack: itself, or a copy. */
extern AbcAmounts *AmountsCanonical(AbcAmounts *state);

/*
 * A canonical state of sorted and distinct values, for the input functions:
 * big is set in each.  scale is that of the values, or larger.
 */
extern AbcAmounts *AmountsOfRuns(int n_shares, const char *shares, const DecimalRuns *runs, int scale);

#endif							/* CUSTSEG_ABC_AMOUNTS_H */
