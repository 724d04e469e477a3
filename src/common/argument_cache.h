/*
 * argument_cache.h
 *		What a call site made of the last value of a varlena argument.
 */
#ifndef CUSTSEG_ARGUMENT_CACHE_H
#define CUSTSEG_ARGUMENT_CACHE_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"

/* Lives in fn_extra, or several of them do. */
typedef struct ArgumentCache
{
	MemoryContext context;		/* of bytes and result */
	Size		size;			/* of the argument; 0: nothing kept */
	Size		compared;		/* bytes by which it is found again */
	char	   *bytes;
	const void *result;
} ArgumentCache;

/* Makes the result in the current memory context; may throw an error. */
typedef const void *(*ArgumentMaker) (Datum argument);

extern ArgumentCache *ArgumentCachesMake(FunctionCallInfo fcinfo, int n);
extern const void *ArgumentCacheFill(ArgumentCache *cache, struct varlena *raw,
									 ArgumentMaker make, Size head);

/* The n caches of a call site, one for each argument that is cached; fn_extra is taken. */
static inline ArgumentCache *
ArgumentCaches(FunctionCallInfo fcinfo, int n)
{
	if (unlikely(fcinfo->flinfo->fn_extra == NULL))
		return ArgumentCachesMake(fcinfo, n);
	return (ArgumentCache *) fcinfo->flinfo->fn_extra;
}

/*
 * make() of a value that is not NULL: the last result if the value has the same
 * bytes.  It is valid until the next call with the same cache.
 */
static inline const void *
ArgumentCacheLookup(ArgumentCache *cache, Datum argument, ArgumentMaker make)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(argument);

	/* The pointer says nothing: the executor uses memory again for the next row. */
	if (cache->size == VARSIZE_ANY(raw) && memcmp(cache->bytes, raw, cache->size) == 0)
		return cache->result;
	return ArgumentCacheFill(cache, raw, make, 0);
}

/*
 * The same for a type whose values are equal when their sizes and their first
 * `head` bytes are, because these hold a digest of the rest that is computed
 * by ourselves.
 */
static inline const void *
ArgumentCacheLookupHead(ArgumentCache *cache, Datum argument, ArgumentMaker make,
						Size head)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(argument);

	/* compared is 0 only while size is; of other forms than the plain one all bytes count */
	if (cache->size == VARSIZE_ANY(raw) && memcmp(cache->bytes, raw, cache->compared) == 0)
		return cache->result;
	return ArgumentCacheFill(cache, raw, make, head);
}

/* ArgumentCacheLookup of argument arg in a function with no other cache. */
static inline const void *
ArgumentCacheGet(FunctionCallInfo fcinfo, int arg, ArgumentMaker make)
{
	return ArgumentCacheLookup(ArgumentCaches(fcinfo, 1), PG_GETARG_DATUM(arg), make);
}

#endif							/* CUSTSEG_ARGUMENT_CACHE_H */
