/*
 * abc_state.c
 *		What the states of abc_breaks for float8 and for numeric share.
 *
 * The values are left to value_counts (scoring/value_counts.c), which is made
 * for millions of them; here they get a head that carries the shares.  The
 * shares come with every row.  They are checked once per call site, and then
 * compared as bytes.
 *
 * Memory: as with value_counts, a state is one palloc'd chunk, changed in place
 * in an aggregate, and made anew in the current context when it grows.
 */
#include "tiering/abc_state.h"

#include "common/binary.h"
#include "common/int.h"
#include "tiering/decimal_counts.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

AbcState *
AbcMake(AbcKind kind, int n_shares, const char *shares, struct varlena *inner)
{
	Size		shares_size = n_shares * AbcShareSize(kind);
	Size		size = offsetof(AbcState, data) + shares_size + VARSIZE(inner);
	AbcState   *state;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values for exact breaks"),
				 errhint("Round the values, or fit the breaks on a sample.")));
	state = palloc(size);
	memset(state, 0, offsetof(AbcState, data));
	SET_VARSIZE(state, size);
	state->version = ABC_STATE_VERSION;
	state->kind = kind;
	state->n_shares = n_shares;
	memcpy(state->data, shares, shares_size);
	memcpy(state->data + shares_size, inner, VARSIZE(inner));
	pfree(inner);
	return state;
}

AbcState *
AbcReplaceInner(const AbcState *state, struct varlena *inner)
{
	AbcState   *result = AbcMake(state->kind, state->n_shares, state->data, inner);

	result->scale = state->scale;
	result->others = state->others;
	return result;
}

AbcState *
AbcGetState(FunctionCallInfo fcinfo, int argno, bool exact)
{
	AbcState   *state = (AbcState *) PG_GETARG_VARLENA_P(argno);
	Size		size = VARSIZE(state);
	bool		sound = size >= offsetof(AbcState, data);

	if (sound)
	{
		CheckStoredVersion(AbcTypeName(exact), state->version, ABC_STATE_VERSION);
		sound = state->n_shares >= 1 && state->n_shares <= MAX_ABC_SHARES &&
			state->others >= 0 && state->scale >= 0 &&
			(exact ? state->kind == ABC_INTEGERS || state->kind == ABC_DECIMALS :
			 state->kind == ABC_FLOATS);
	}
	if (sound)
	{
		Size		head = (char *) AbcInner(state) - (char *) state;

		sound = size >= head + VARHDRSZ && VARATT_IS_4B_U(AbcInner(state)) &&
			VARSIZE(AbcInner(state)) == size - head;
	}
	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("%s is corrupted", AbcTypeName(exact))));
	if (state->kind == ABC_DECIMALS)
		DecimalCountsCheck((DecimalCounts *) AbcInner(state));
	else
		ValueCountsCheck((ValueCounts *) AbcInner(state));
	return state;
}

AbcState *
AbcGetOwnState(FunctionCallInfo fcinfo, int argno, bool exact)
{
	AbcState   *state = AbcGetState(fcinfo, argno, exact);
	AbcState   *copy;

	if (AggCheckCallContext(fcinfo, NULL))
		return state;

	copy = palloc(VARSIZE(state));
	memcpy(copy, state, VARSIZE(state));
	return copy;
}

const AbcShares *
AbcGetShares(FunctionCallInfo fcinfo, ArgumentMaker make)
{
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shares must not be null"),
				 errhint("Pass the cumulative shares at which the classes end, for example ARRAY[0.8,0.95].")));
	return ArgumentCacheGet(fcinfo, 2, make);
}

void
AbcCheckShares(const AbcState *state, const AbcShares *shares)
{
	if (state->n_shares != shares->n || memcmp(state->data, shares->data, shares->size) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shares must not change from row to row"),
				 errhint("Pass a constant, or a value that is the same for all rows of the group.")));
}

int64
AbcAddRows(int64 a, int64 b)
{
	int64		result;

	if (pg_add_s64_overflow(a, b, &result))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of rows in abc_breaks is out of range")));
	return result;
}

void
AbcShareInvalid(const char *share, int place)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("shares must ascend strictly and lie between 0 and 1"),
			 errdetail("Element %d is %s.", place, share),
			 errhint("Pass the cumulative shares at which the classes end, for example ARRAY[0.8,0.95].")));
}

/* What needs no look at the elements. */
void
AbcCheckShareArray(ArrayType *array)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (n == 0 || ARR_NDIM(array) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shares must be a one-dimensional array of at least one share"),
				 errhint("Pass the cumulative shares at which the classes end, for example ARRAY[0.8,0.95].")));
	if (n > MAX_ABC_SHARES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shares must have at most %d elements, not %d", MAX_ABC_SHARES, n)));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shares must not contain null"),
				 errhint("Remove it with array_remove(shares, NULL).")));
}

void
AbcTotalIsZero(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the total of the positive values of x is 0"),
			 errhint("Without a positive value there are no shares. Leave such groups out, for example with HAVING max(x) > 0.")));
}

void
AbcXInvalid(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("x must be a finite number, not %s", what),
			 errhint("Leave such rows out, or turn them into null with nullif(x, '%s').", what)));
}
