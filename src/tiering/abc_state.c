/*
 * abc_state.c
 *		What abc_breaks of float8 and of numeric share: checks and errors.
 *
 * The shares come with every row.  They are checked once per call site, and
 * then compared as bytes.
 */
#include "tiering/abc_state.h"

#include "nodes/primnodes.h"
#include "utils/memutils.h"

static const AbcShares *
NewCallSite(FunctionCallInfo fcinfo, ArgumentMaker make)
{
	AbcCallSite *site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(AbcCallSite));
	Aggref	   *aggregate = AggGetAggref(fcinfo);
	const AbcShares *shares;

	site->cache.context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "custseg argument",
												ALLOCSET_SMALL_SIZES);
	fcinfo->flinfo->fn_extra = site;
	shares = ArgumentCacheGet(fcinfo, 2, make);
	if (aggregate != NULL && list_length(aggregate->args) >= 2 &&
		IsA(((TargetEntry *) lsecond(aggregate->args))->expr, Const))
		site->constant = shares;
	return shares;
}

const AbcShares *
AbcGetShares(FunctionCallInfo fcinfo, ArgumentMaker make)
{
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shares must not be null"),
				 errhint("Pass the cumulative shares at which the classes end, for example ARRAY[0.8,0.95].")));
	if (fcinfo->flinfo->fn_extra == NULL)
		return NewCallSite(fcinfo, make);
	return ArgumentCacheGet(fcinfo, 2, make);
}

void
AbcSharesChanged(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("shares must not change from row to row"),
			 errhint("Pass a constant, or a value that is the same for all rows of the group.")));
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
				 errmsg("shares must have at most %d elements, not %d", MAX_ABC_SHARES, n),
				 errhint("Pass the cumulative shares at which the classes end, for example ARRAY[0.8,0.95].")));
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
