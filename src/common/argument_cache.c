/*
 * argument_cache.c
 *		What a call site made of the last value of a varlena argument.
 *
 * A function that is called once per row mostly gets the same model or the same
 * breaks each time. To detoast, check and unpack them is done once: the result
 * is kept in a memory context below fn_mcxt, with the bytes of the argument by
 * which it is found again; a constant need not be looked at again. Of a value that is stored out of line these are the
 * bytes of its toast pointer: its number is an OID, which no other value gets
 * while fn_extra lives, a transaction at most.
 */
#include "common/argument_cache.h"

#include "nodes/primnodes.h"
#include "utils/memutils.h"

/*
 * Is the argument a constant in the query?  Then its value is that of the call
 * site for good.  A parameter is not: PL/pgSQL keeps an expression, fn_extra
 * with it, from one call to the next.
 */
static bool
ArgumentIsConstant(FunctionCallInfo fcinfo, int arg)
{
	Node	   *call = fcinfo->flinfo->fn_expr;

	if (call == NULL || !IsA(call, FuncExpr))
		return false;
	return IsA(list_nth(((FuncExpr *) call)->args, arg), Const);
}

const void *
ArgumentCacheFill(FunctionCallInfo fcinfo, int arg, ArgumentMaker make)
{
	struct varlena *raw = (struct varlena *) PG_GETARG_POINTER(arg);
	ArgumentCache *cache = (ArgumentCache *) fcinfo->flinfo->fn_extra;
	Size		size = VARSIZE_ANY(raw);
	MemoryContext old;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ArgumentCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "custseg argument",
											   ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}

	/* An error in make() leaves the cache empty. */
	cache->constant = false;
	cache->size = 0;
	MemoryContextReset(cache->context);
	old = MemoryContextSwitchTo(cache->context);
	cache->result = make(PointerGetDatum(raw));

	/* A pointer into memory says nothing about what it will point to later. */
	if (!VARATT_IS_EXTERNAL(raw) || VARATT_IS_EXTERNAL_ONDISK(raw))
	{
		cache->bytes = palloc(size);
		memcpy(cache->bytes, raw, size);
		cache->size = size;
	}
	MemoryContextSwitchTo(old);
	cache->constant = ArgumentIsConstant(fcinfo, arg);
	return cache->result;
}
