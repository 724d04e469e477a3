/*
 * segment_cache.c
 *		Models that a call site keeps between calls.
 *
 * Two things are too slow to do once per customer: expanding a model that was
 * stored compressed or out of line, and reading a segmentation's rules from
 * their tables. Both results are kept in fn_extra, in memory contexts below
 * fn_mcxt, and used again as long as nothing can have changed.
 *
 * An argument's model is kept with the bytes of the datum that it came from
 * (for a value out of line these are the pointer's bytes) and used again for
 * the same bytes. A model that is neither compressed nor out of line is used
 * where it lies.
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
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "tiering/segment_cache.h"

/* A call site that meets more segmentations than this starts over. */
#define MAX_NAMED_MODELS 16

typedef struct ArgumentCache
{
	MemoryContext context;
	Size		size;			/* of the datum's bytes; 0: empty */
	char	   *bytes;
	SegmentModel *model;
} ArgumentCache;

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

static MemoryContext
MakeContext(FunctionCallInfo fcinfo)
{
	return AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "segment models",
								 ALLOCSET_SMALL_SIZES);
}

const SegmentModel *
SegmentModelArgument(FunctionCallInfo fcinfo, int arg)
{
	struct varlena *raw = (struct varlena *) PG_GETARG_POINTER(arg);
	const SegmentModel *model;
	ArgumentCache *cache;
	Size		size;
	MemoryContext old;

	if (!VARATT_IS_EXTENDED(raw))
	{
		model = (const SegmentModel *) raw;
		SegmentModelCheckVersion(model);
		return model;
	}

	size = VARSIZE_ANY(raw);
	cache = (ArgumentCache *) fcinfo->flinfo->fn_extra;
	if (cache != NULL && cache->size == size && memcmp(cache->bytes, raw, size) == 0)
		return cache->model;

	model = (const SegmentModel *) PG_DETOAST_DATUM(PointerGetDatum(raw));
	SegmentModelCheckVersion(model);

	/* A pointer into memory says nothing about what it will point to later. */
	if (VARATT_IS_EXTERNAL(raw) && !VARATT_IS_EXTERNAL_ONDISK(raw))
		return model;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ArgumentCache));
		cache->context = MakeContext(fcinfo);
		fcinfo->flinfo->fn_extra = cache;
	}
	cache->size = 0;
	MemoryContextReset(cache->context);
	old = MemoryContextSwitchTo(cache->context);
	cache->bytes = palloc(size);
	memcpy(cache->bytes, raw, size);
	cache->model = palloc(VARSIZE(model));
	memcpy(cache->model, model, VARSIZE(model));
	cache->size = size;
	MemoryContextSwitchTo(old);
	return cache->model;
}

static bool
SameXids(const TransactionId *a, const TransactionId *b, int64 n)
{
	return n <= 0 || memcmp(a, b, n * sizeof(TransactionId)) == 0;
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
	cache->snapshot.xip = palloc(Max(now->xcnt, 1) * sizeof(TransactionId));
	if (now->xcnt > 0)
		memcpy(cache->snapshot.xip, now->xip, now->xcnt * sizeof(TransactionId));
	cache->snapshot.subxip = palloc(Max(now->subxcnt, 1) * sizeof(TransactionId));
	if (now->subxcnt > 0)
		memcpy(cache->snapshot.subxip, now->subxip, now->subxcnt * sizeof(TransactionId));
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
		cache->context = MakeContext(fcinfo);
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
