/*
 * abc_state.h
 *		The states of abc_breaks: shares, and positive values with counts.
 *
 * Values that are not positive have no influence on breaks; they are counted,
 * so that a column without any positive value is told from an empty one.
 *
 * abc_values, of float8, is a value_counts (scoring/value_counts.h) whose runs
 * below 0 are the shares, negated: so they are the first runs, whatever is
 * added.  classes is the number of shares, and the run of 0 counts the values
 * that are not positive.
 *
 * abc_amounts, of numeric, is
 *
 *	 +--------+-----------------+-----------------------------------------+
 *	 | header | share[n_shares] | inner, a varlena of its own:            |
 *	 |        | int128          | value_counts, or a list of decimals     |
 *	 +--------+-----------------+-----------------------------------------+
 *
 * Its values are integers of a common scale, which are kept in a value_counts
 * as the doubles of the same bits (these order like the integers); or, where
 * the integers would not fit, a list of decimals.
 */
#ifndef CUSTSEG_ABC_STATE_H
#define CUSTSEG_ABC_STATE_H

#include "postgres.h"

#include "fmgr.h"
#include "common/argument_cache.h"
#include "scoring/value_counts.h"
#include "tiering/abc.h"
#include "utils/array.h"

#define ABC_STATE_VERSION 1

typedef enum AbcKind
{
	ABC_INTEGERS,				/* in a value_counts */
	ABC_DECIMALS				/* in decimal_counts */
} AbcKind;

typedef struct AbcAmounts
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		kind;
	uint16		n_shares;
	int32		scale;			/* digits after the point that breaks show */
	int32		unused;
	int64		others;			/* rows with values <= 0 */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} AbcAmounts;

/* Shares as an argument, checked; data is as it is stored. */
typedef struct AbcShares
{
	int			n;
	Size		size;			/* of data, in bytes */
	char	   *data;			/* doubles, negated and ascending; or int128 */
} AbcShares;

/*
 * What a call site of a transition function knows, in fn_extra.  In an
 * aggregate whose shares are a constant, every state that comes in was made
 * here with these shares: then neither is checked again.
 */
typedef struct AbcCallSite
{
	ArgumentCache cache;		/* first, for ArgumentCacheGet() */
	const AbcShares *constant;	/* or NULL */
} AbcCallSite;

/* The shares of the call site, if they are a constant in an aggregate. */
static inline const AbcShares *
AbcConstantShares(FunctionCallInfo fcinfo)
{
	AbcCallSite *site = (AbcCallSite *) fcinfo->flinfo->fn_extra;

	return site == NULL ? NULL : site->constant;
}

/* The checked shares in argument 2; an error if it is NULL. */
extern const AbcShares *AbcGetShares(FunctionCallInfo fcinfo, ArgumentMaker make);

/* Errors that both forms raise. */
pg_noreturn extern void AbcSharesChanged(void);
pg_noreturn extern void AbcShareInvalid(const char *share, int place);
extern void AbcCheckShareArray(ArrayType *array);
pg_noreturn extern void AbcTotalIsZero(void);
pg_noreturn extern void AbcXInvalid(const char *what);

#endif							/* CUSTSEG_ABC_STATE_H */
