/*
 * window_keys.c
 *		The keys of a partition's rows, by which ties are decided.
 *
 * A window function that must not depend on the order of rows takes a key of
 * any sortable type (anyelement).  Keys are copied while the partition is read,
 * into a context of their own, and compared by the type's btree operators and
 * the collation of the call.  Without keys nothing is held.
 */
#include "postgres.h"

#include "common/window_keys.h"

#include "common/window_args.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

void
WindowKeysInit(WindowKeys *keys, FunctionCallInfo fcinfo, int arg, int64 n)
{
	memset(keys, 0, sizeof(*keys));
	keys->fcinfo = fcinfo;
	keys->arg = arg;
	keys->n = n;
	keys->context = AllocSetContextCreate(CurrentMemoryContext, "keys of a partition",
										  ALLOCSET_DEFAULT_SIZES);
}

/* Makes room for keys, once one is found that is not NULL. */
static void
Prepare(WindowKeys *keys)
{
	FunctionCallInfo fcinfo = keys->fcinfo;
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, keys->arg);
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_LT_OPR);

	if (!OidIsValid(entry->lt_opr))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify an ordering operator for type %s of key",
						format_type_be(type)),
				 errhint("Pass a key that can be sorted, for example the customer's number.")));
	keys->length = entry->typlen;
	keys->by_value = entry->typbyval;
	keys->order.ssup_cxt = keys->context;
	keys->order.ssup_collation = PG_GET_COLLATION();
	PrepareSortSupportFromOrderingOp(entry->lt_opr, &keys->order);

	keys->keys = MemoryContextAllocHuge(keys->context, (Size) keys->n * sizeof(Datum));
	keys->is_null = MemoryContextAllocHuge(keys->context, (Size) keys->n * sizeof(bool));
	memset(keys->is_null, true, keys->n * sizeof(bool));
}

void
WindowKeysRead(WindowKeys *keys, WindowObject window, int64 row, MemoryContext scratch)
{
	MemoryContext old = MemoryContextSwitchTo(scratch);
	bool		is_null;
	Datum		key = PartitionArgument(window, keys->arg, row, &is_null);

	if (!is_null)
	{
		MemoryContextSwitchTo(keys->context);
		if (keys->keys == NULL)
			Prepare(keys);
		if (keys->length == -1)
			keys->keys[row] = PointerGetDatum(PG_DETOAST_DATUM_COPY(key));
		else
			keys->keys[row] = datumCopy(key, keys->by_value, keys->length);
		keys->is_null[row] = false;
	}
	MemoryContextSwitchTo(old);
}

int
WindowKeysCompare(int32 a, int32 b, void *arg)
{
	WindowKeys *keys = arg;

	if (keys->keys == NULL)
		return 0;
	return ApplySortComparator(keys->keys[a], keys->is_null[a],
							   keys->keys[b], keys->is_null[b], &keys->order);
}

void
WindowKeysFree(WindowKeys *keys)
{
	MemoryContextDelete(keys->context);
	keys->keys = NULL;
	keys->is_null = NULL;
}
