/*
 * segment_cache.c
 *		Models that a call site keeps between calls.
 *
 * Two things are too slow to do once per customer: expanding a model that was
 * stored compressed or out of line, and reading a segmentation's rules from
 * their tables. Both results are kept in fn_extra, in memory contexts below
 * fn_mcxt, and used again as long as nothing can have changed. A model that is
 * neither compressed nor out of line is used where it lies.
 *
 * A named segmentation is harder, because fn_extra can outlive the statement: a
 * PL/pgSQL expression keeps it for the transaction, and the rules can change in
 * between. So the models are kept with everything that decides which rows a
 * query sees - the contents of the active snapshot with its command id, the
 * transaction and the subtransaction (a rollback to a savepoint takes rows away
 * without a new command id) - and dropped when any of it differs. Within a
 * statement all of it stays equal, so the rules are read once.
 */
#include "postgres.h"

#include "common/compat.h"

#include "access/xact.h"
#include "common/argument_cache.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "tiering/segment_cache.h"

/* A call site that meets more segmentations than this starts over. */
#define MAX_NAMED_MODELS 16

typedef struct NamedModel
{
	struct NamedModel *next;
	int			length;
	char	   *name;
	SegmentModel *model;
} NamedModel;

typedef struct NamedCache
{
	MemoryContext context;		/* of everything below */
	LocalTransactionId transaction;
	SubTransactionId subtransaction;
	SnapshotData snapshot;		/* valid when n_models > 0 */
	int			n_models;
	NamedModel *first;
} NamedCache;

/* For the cache of arguments. */
static const void *
Detoast(Datum argument)
{
	return PG_DETOAST_DATUM_COPY(argument);
}

const SegmentModel *
SegmentModelArgument(FunctionCallInfo fcinfo, int arg)
{
	struct varlena *raw = (struct varlena *) PG_GETARG_POINTER(arg);
	const SegmentModel *model = (const SegmentModel *) raw;

	if (VARATT_IS_EXTENDED(raw))
		model = ArgumentCacheGet(fcinfo, arg, Detoast);
	SegmentModelCheckVersion(model);
	return model;
}

static bool
SameXids(const TransactionId *a, const TransactionId *b, int64 n)
{
	return n <= 0 || memcmp(a, b, n * sizeof(TransactionId)) == 0;
}

static TransactionId *
CopyXids(const TransactionId *xids, int64 n)
{
	Size		size = Max(n, 0) * sizeof(TransactionId);

	return size == 0 ? NULL : memcpy(palloc(size), xids, size);
}

/* Would a query see the same rows under both? */
static bool
SameSnapshot(const SnapshotData *a, const SnapshotData *b)
{
	return a->curcid == b->curcid && a->xmin == b->xmin && a->xmax == b->xmax &&
		a->xcnt == b->xcnt && a->subxcnt == b->subxcnt &&
		a->suboverflowed == b->suboverflowed &&
		a->takenDuringRecovery == b->takenDuringRecovery &&
		SameXids(a->xip, b->xip, a->xcnt) &&
		SameXids(a->subxip, b->subxip, a->subxcnt);
}

/* Was the cache filled with what the caller sees now? */
static bool
IsCurrent(const NamedCache *cache)
{
	return cache->n_models > 0 &&
		cache->transaction == MY_LOCAL_XID &&
		cache->subtransaction == GetCurrentSubTransactionId() &&
		SameSnapshot(&cache->snapshot, GetActiveSnapshot());
}

/* Starts over with what the caller sees now. */
static void
Restart(NamedCache *cache)
{
	Snapshot	now = GetActiveSnapshot();
	MemoryContext old;

	cache->n_models = 0;
	cache->first = NULL;
	MemoryContextReset(cache->context);
	old = MemoryContextSwitchTo(cache->context);
	cache->transaction = MY_LOCAL_XID;
	cache->subtransaction = GetCurrentSubTransactionId();
	cache->snapshot = *now;
	cache->snapshot.xip = CopyXids(now->xip, now->xcnt);
	cache->snapshot.subxip = CopyXids(now->subxip, now->subxcnt);
	MemoryContextSwitchTo(old);
}

const SegmentModel *
SegmentModelNamed(FunctionCallInfo fcinfo, int arg)
{
	text	   *name = PG_GETARG_TEXT_PP(arg);
	int			length = VARSIZE_ANY_EXHDR(name);
	NamedCache *cache = (NamedCache *) fcinfo->flinfo->fn_extra;
	NamedModel *entry;
	MemoryContext old;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(NamedCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "segment models",
											   ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}
	if (!IsCurrent(cache))
		Restart(cache);

	for (entry = cache->first; entry != NULL; entry = entry->next)
		if (entry->length == length &&
			memcmp(entry->name, VARDATA_ANY(name), length) == 0)
			return entry->model;

	if (cache->n_models >= MAX_NAMED_MODELS)
		Restart(cache);
	old = MemoryContextSwitchTo(cache->context);
	entry = palloc(sizeof(NamedModel));
	entry->length = length;
	entry->name = text_to_cstring(name);
	entry->model = SegmentModelLoad(entry->name);
	entry->next = cache->first;
	cache->first = entry;
	cache->n_models++;
	MemoryContextSwitchTo(old);
	return entry->model;
}
