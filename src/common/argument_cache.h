/*
 * argument_cache.h
 *		What a call site made of the last value of a varlena argument.
 */
#ifndef CUSTSEG_ARGUMENT_CACHE_H
#define CUSTSEG_ARGUMENT_CACHE_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"

/* Lives in fn_extra. */
typedef struct ArgumentCache
{
	MemoryContext context;		/* of bytes and result */
	Size		size;			/* of the argument's bytes; 0: nothing kept */
	char	   *bytes;
	const void *result;
	bool		constant;		/* the argument is a constant of the expression */
} ArgumentCache;

/* Makes the result in the current memory context; may throw an error. */
typedef const void *(*ArgumentMaker) (Datum argument);

extern const void *ArgumentCacheFill(FunctionCallInfo fcinfo, int arg, ArgumentMaker make);

/*
 * make() of argument arg, which is not NULL: the result of the last call if the
 * argument has the same bytes. It is valid until the next call of the same call
 * site, and fn_extra is taken.
 */
static inline const void *
ArgumentCacheGet(FunctionCallInfo fcinfo, int arg, ArgumentMaker make)
{
	struct varlena *raw = (struct varlena *) PG_GETARG_POINTER(arg);
	ArgumentCache *cache = (ArgumentCache *) fcinfo->flinfo->fn_extra;

	/* The pointer says nothing: the executor uses memory again for the next row. */
	if (cache != NULL &&
		(cache->constant ||
		 (cache->size == VARSIZE_ANY(raw) && memcmp(cache->bytes, raw, cache->size) == 0)))
		return cache->result;
	return ArgumentCacheFill(fcinfo, arg, make);
}

#endif							/* CUSTSEG_ARGUMENT_CACHE_H */
