/*
 * window_keys.h
 *		The keys of a partition's rows, by which ties are decided.
 */
#ifndef CUSTSEG_WINDOW_KEYS_H
#define CUSTSEG_WINDOW_KEYS_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "utils/sortsupport.h"
#include "windowapi.h"

typedef struct WindowKeys
{
	FunctionCallInfo fcinfo;
	int			arg;			/* argument that holds the key */
	int64		n;				/* rows of the partition */
	Datum	   *keys;			/* NULL: no key so far is other than null */
	bool	   *is_null;
	MemoryContext context;		/* of the keys, below the caller's at the start */
	int16		length;			/* of the type, as in pg_type */
	bool		by_value;
	SortSupportData order;		/* that of the type's btree operators */
} WindowKeys;

/* Memory comes from the current context. */
extern void WindowKeysInit(WindowKeys *keys, FunctionCallInfo fcinfo, int arg, int64 n);

/* Keeps the key of a row, read in the scratch context; null ones are not kept. */
extern void WindowKeysRead(WindowKeys *keys, WindowObject window, int64 row,
						   MemoryContext scratch);

/*
 * By key ascending, without a key last; 0 where keys are equal or none is given.
 * arg is the WindowKeys.
 */
extern int	WindowKeysCompare(int32 a, int32 b, void *arg);

/* Whether any row has a key. */
static inline bool
WindowKeysGiven(const WindowKeys *keys)
{
	return keys->keys != NULL;
}

extern void WindowKeysFree(WindowKeys *keys);

#endif							/* CUSTSEG_WINDOW_KEYS_H */
