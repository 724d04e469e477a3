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

/* A state without values. */
extern AbcState *AmountsMake(int n_shares, const char *shares);

/*
 * Each changes the state in place, or returns a larger one made in the current
 * memory context.  d is positive.
 */
extern AbcState *AmountsAdd(AbcState *state, const Decimal *d);
extern AbcState *AmountsCombine(AbcState *state, const AbcState *other);

/* All values, sorted and distinct; of integers, big is not set. */
extern DecimalRuns AmountsRuns(const AbcState *state);

/* The value of a run as a numeric. */
extern struct NumericData *RunNumeric(const DecimalRuns *runs, int64 i);

/* The state without slack: itself, or a copy. */
extern AbcState *AmountsCanonical(AbcState *state);

/*
 * A canonical state of sorted and distinct values, for the input functions:
 * big is set in each.  scale is that of the values, or larger.
 */
extern AbcState *AmountsOfRuns(int n_shares, const char *shares, const DecimalRuns *runs, int scale);

#endif							/* CUSTSEG_ABC_AMOUNTS_H */
