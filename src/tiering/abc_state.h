/*
 * abc_state.h
 *		The states of abc_breaks: shares, and positive values with counts.
 *
 *	 +--------+------------------+-----------------------------------------+
 *	 | header | shares           | inner, a varlena of its own:            |
 *	 |        | float8 or int128 | value_counts, or a list of decimals     |
 *	 +--------+------------------+-----------------------------------------+
 *
 * abc_values holds float8: the inner value is a value_counts.  abc_amounts
 * holds numerics, either as integers of a common scale, which are kept in a
 * value_counts as the doubles of the same bits (these order like the integers),
 * or, where the integers would not fit, as a list of decimals.
 *
 * Values that are not positive have no influence on breaks; they are counted,
 * so that a column without any positive value is told from an empty one.
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
	ABC_FLOATS,					/* abc_values */
	ABC_INTEGERS,				/* abc_amounts, in a value_counts */
	ABC_DECIMALS				/* abc_amounts, in decimal_counts */
} AbcKind;

typedef struct AbcState
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		kind;
	uint16		n_shares;
	int32		scale;			/* abc_amounts: digits after the point */
	int32		unused;
	int64		others;			/* rows with values <= 0 */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} AbcState;

/* Shares as an argument, checked; data is as it is stored. */
typedef struct AbcShares
{
	int			n;
	Size		size;			/* of data, in bytes */
	char	   *data;			/* doubles, or int128 with SHARE_SCALE */
} AbcShares;

static inline Size
AbcShareSize(int kind)
{
	return kind == ABC_FLOATS ? sizeof(double) : sizeof(int128);
}

static inline struct varlena *
AbcInner(const AbcState *state)
{
	return (struct varlena *) (state->data + state->n_shares * AbcShareSize(state->kind));
}

/* Each shares with its inner value; the inner one is copied and freed. */
extern AbcState *AbcMake(AbcKind kind, int n_shares, const char *shares, struct varlena *inner);
extern AbcState *AbcReplaceInner(const AbcState *state, struct varlena *inner);

/* The state in an argument; an error unless it is one of this type. */
extern AbcState *AbcGetState(FunctionCallInfo fcinfo, int argno, bool exact);

/* The same, for changing it: a copy where no aggregate calls. */
extern AbcState *AbcGetOwnState(FunctionCallInfo fcinfo, int argno, bool exact);

/* The checked shares in argument 2; an error if it is NULL. */
extern const AbcShares *AbcGetShares(FunctionCallInfo fcinfo, ArgumentMaker make);

/* An error unless the state has these shares. */
extern void AbcCheckShares(const AbcState *state, const AbcShares *shares);

/* Adds two numbers of rows, or fails. */
extern int64 AbcAddRows(int64 a, int64 b);

/* Errors that both forms raise. */
pg_noreturn extern void AbcShareInvalid(const char *share, int place);
extern void AbcCheckShareArray(ArrayType *array);
pg_noreturn extern void AbcTotalIsZero(void);
pg_noreturn extern void AbcXInvalid(const char *what);

/* The type's name. */
static inline const char *
AbcTypeName(bool exact)
{
	return exact ? "abc_amounts" : "abc_values";
}

#endif							/* CUSTSEG_ABC_STATE_H */
