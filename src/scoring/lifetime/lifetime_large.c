/*
 * lifetime_large.c
 *		A lifetime_state of many cells, while an aggregate changes it: an
 *		expanded object around a LifetimeTable.
 *
 * A flat state that grows is copied by the function that makes it grow, and
 * again by the executor, which wants it in the memory of the aggregate: for a
 * million cells that is most of the time of a fit. An expanded object (see
 * utils/expandeddatum.h) lives in a memory context below that of the
 * aggregate and is passed by pointer.
 *
 * Only large states get one: with a context per group a hash aggregate of many
 * groups would be slow. Whoever does not know this form (the output functions,
 * a tuple that goes to another process) gets the flat one through the usual
 * detoasting.
 */
#include "scoring/lifetime/lifetime_large.h"

#include "utils/expandeddatum.h"
#include "utils/memutils.h"

/* A flat state of so many slots, a quarter of a megabyte, becomes large when it is full. */
#define LARGE_FROM_SLOTS	8192

typedef struct LargeState
{
	ExpandedObjectHeader header;
	LifetimeTable *table;
} LargeState;

static Size
FlatSize(ExpandedObjectHeader *header)
{
	return LifetimeTableStateSize(((LargeState *) header)->table);
}

static void
FlattenInto(ExpandedObjectHeader *header, void *result, Size size)
{
	LifetimeTable *table = ((LargeState *) header)->table;

	Assert(size == LifetimeTableStateSize(table));
	LifetimeTableToState(table, result);
}

static const ExpandedObjectMethods methods = {FlatSize, FlattenInto};

static LargeState *
LargeStateOf(Datum value)
{
	LargeState *large = (LargeState *) DatumGetEOHP(value);

	return large->header.eoh_methods == &methods ? large : NULL;
}

LifetimeTable *
LifetimeLargeTable(Datum value)
{
	LargeState *large;

	if (likely(!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value))))
		return NULL;
	large = LargeStateOf(value);
	return large == NULL ? NULL : large->table;
}

LifetimeTable *
LifetimeLargeTableToChange(FunctionCallInfo fcinfo, Datum value)
{
	if (likely(!VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value))) ||
		!AggCheckCallContext(fcinfo, NULL))
		return NULL;
	return LifetimeLargeTable(value);
}

bool
LifetimeBecomesLarge(FunctionCallInfo fcinfo, const LifetimeState *state)
{
	return unlikely(state->n_slots >= LARGE_FROM_SLOTS &&
					state->n_cells >= LifetimeSlotsCapacity(state->n_slots)) &&
		AggCheckCallContext(fcinfo, NULL);
}

Datum
LifetimeMakeLarge(FunctionCallInfo fcinfo, const LifetimeState *state, LifetimeTable **table)
{
	MemoryContext aggregate;
	MemoryContext context;
	LargeState *large;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "not called by an aggregate");
	/* a child of the aggregate's context: so the executor leaves it where it is */
	context = AllocSetContextCreate(aggregate, "custseg lifetime_state", ALLOCSET_DEFAULT_SIZES);
	large = MemoryContextAlloc(context, sizeof(LargeState));
	EOH_init_header(&large->header, &methods, context);
	large->table = *table = LifetimeTableOfState(state, context);
	return EOHPGetRWDatum(&large->header);
}
