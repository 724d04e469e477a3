/*
 * argument_cache.c
 *		What a call site made of the last value of a varlena argument.
 *
 * A function that is called once per row mostly gets the same model or the same
 * breaks each time. To detoast, check and unpack them is done once: the result
 * is kept in a memory context below fn_mcxt, with the bytes of the argument by
 * which it is found again. Of a value that is stored out of line these are the
 * bytes of its toast pointer: its number is an OID, which no other value gets
 * while fn_extra lives, a transaction at most.
 */
#include "common/argument_cache.h"

#include "utils/memutils.h"

ArgumentCache *
ArgumentCachesMake(FunctionCallInfo fcinfo, int n)
{
	ArgumentCache *caches = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
												   n * sizeof(ArgumentCache));

	for (int i = 0; i < n; i++)
		caches[i].context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "custseg argument",
												  ALLOCSET_SMALL_SIZES);
	fcinfo->flinfo->fn_extra = caches;
	return caches;
}

const void *
ArgumentCacheFill(ArgumentCache *cache, struct varlena *raw, ArgumentMaker make, Size head)
{
	Size		size = VARSIZE_ANY(raw);
	MemoryContext old;

	/* An error in make() leaves the cache empty. */
	cache->size = 0;
	MemoryContextReset(cache->context);
	old = MemoryContextSwitchTo(cache->context);
	cache->result = make(PointerGetDatum(raw));

	/* A pointer into memory says nothing about what it will point to later. */
	if (!VARATT_IS_EXTERNAL(raw) || VARATT_IS_EXTERNAL_ONDISK(raw))
	{
		cache->compared = head > 0 && VARATT_IS_4B_U(raw) ? Min(head, size) : size;
		cache->bytes = palloc(cache->compared);
		memcpy(cache->bytes, raw, cache->compared);
		cache->size = size;
	}
	MemoryContextSwitchTo(old);
	return cache->result;
}
