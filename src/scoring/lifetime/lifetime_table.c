/*
 * lifetime_table.c
 *		Cells of equal customers in a table that grows without being copied
 *		(core).
 *
 * The index finds a cell by its hash, with linear probing from the place that
 * the upper bits of the hash give. When it grows, the cells are not read: an
 * entry holds the upper half of the hash. Entries lie nearly in the order of
 * their hashes, as the cells of a flat state do; see lifetime_state.c for what
 * that is good for, and why an index gets its final size before a state is
 * combined into it.
 *
 * Most of the time would go into waiting for memory, so customers are not added
 * at once: the place in the index is prefetched, and the cell waits until
 * others have come. Whoever reads the table settles those first.
 *
 * Memory: all is palloc'd in the context of the table, and goes with it.
 */
#include "scoring/lifetime/lifetime_table.h"

#include "port/pg_bitutils.h"

/* For the cells of the smallest states that become tables. */
#define FIRST_INDEX		(1 << 14)

#define TAG(hash) ((hash) & UINT64CONST(0xffffffff00000000))
#define NUMBER(entry) ((int64) ((entry) & 0xffffffff) - 1)

static inline LifetimeCell *
CellAt(const LifetimeTable *table, int64 number)
{
	return &table->block[number / LIFETIME_BLOCK_CELLS][number % LIFETIME_BLOCK_CELLS];
}

static inline uint32
PlaceOf(const LifetimeTable *table, uint64 hash)
{
	return hash >> (64 - pg_leftmost_one_pos32(table->n_index));
}

static void
MakeIndex(LifetimeTable *table, uint32 n_index)
{
	table->n_index = n_index;
	table->index = MemoryContextAllocZero(table->context, n_index * sizeof(uint64));
}

/* Makes room for so many cells in the index. */
static void
Reserve(LifetimeTable *table, int64 n_cells)
{
	uint64	   *old = table->index;
	uint32		n_old = table->n_index;
	uint32		n_index = LifetimeSlotsFor(n_cells, n_old);

	if (n_index == n_old)
		return;
	MakeIndex(table, n_index);
	for (uint32 i = 0; i < n_old; i++)
	{
		if (old[i] != 0)
		{
			uint32		place = PlaceOf(table, old[i]);

			while (table->index[place] != 0)
				place = (place + 1) & (n_index - 1);
			table->index[place] = old[i];
		}
		POLL_EVERY(i);
	}
	pfree(old);
}

/* Appends a cell that is not there, at a free place of the index. */
static void
Append(LifetimeTable *table, const LifetimeCell *cell, uint64 hash, uint32 place)
{
	int64		number = table->n_cells;
	int64		block = number / LIFETIME_BLOCK_CELLS;

	if (number % LIFETIME_BLOCK_CELLS == 0)
		table->block[block] = MemoryContextAlloc(table->context,
												 LIFETIME_BLOCK_CELLS * sizeof(LifetimeCell));
	*CellAt(table, number) = *cell;
	table->index[place] = TAG(hash) | (uint64) (number + 1);
	table->n_cells = number + 1;
}

static void
AddHashed(LifetimeTable *table, const LifetimeCell *cell, uint64 hash)
{
	uint32		place;

	if (table->n_cells >= LifetimeSlotsCapacity(table->n_index))
		Reserve(table, table->n_cells + 1);
	place = PlaceOf(table, hash);
	for (uint32 step = 0; table->index[place] != 0; step++)
	{
		uint64		entry = table->index[place];

		if (TAG(entry) == TAG(hash))
		{
			LifetimeCell *found = CellAt(table, NUMBER(entry));

			if (LifetimeCellsEqual(found, cell))
			{
				found->count = LifetimeAddCounts(found->count, cell->count);
				return;
			}
		}
		place = (place + 1) & (table->n_index - 1);
		POLL_EVERY(step);
	}
	Append(table, cell, hash, place);
}

static void
Settle(LifetimeTable *table)
{
	int			n = table->n_pending;

	table->n_pending = 0;
	for (int i = 0; i < n; i++)
		AddHashed(table, &table->pending[i], table->pending_hash[i]);
}

void
LifetimeTableAdd(LifetimeTable *table, const LifetimeHistory *history, double count)
{
	LifetimeCell cell = LifetimeCellOf(history, count);
	uint64		hash = LifetimeCellHash(&cell);

	if (table->n_pending == N_PENDING)
		Settle(table);
	__builtin_prefetch(&table->index[PlaceOf(table, hash)], 1);
	table->pending[table->n_pending] = cell;
	table->pending_hash[table->n_pending++] = hash;
}

static void
AddCells(LifetimeTable *table, const LifetimeState *state)
{
	for (uint32 i = 0; i < state->n_slots; i++)
	{
		if (state->slot[i].count > 0)
			AddHashed(table, &state->slot[i], LifetimeCellHash(&state->slot[i]));
		POLL_EVERY(i);
	}
}

void
LifetimeTableCombine(LifetimeTable *table, const LifetimeState *other)
{
	/* of cells in both too much, at most by the factor that tables grow by */
	Reserve(table, Min(table->n_cells + other->n_cells, MAX_LIFETIME_CELLS));
	AddCells(table, other);
	table->head->excluded = LifetimeAddCounts(table->head->excluded, other->excluded);
}

LifetimeTable *
LifetimeTableOfState(const LifetimeState *state, MemoryContext context)
{
	LifetimeTable *table = MemoryContextAllocZero(context, sizeof(LifetimeTable));

	table->context = context;
	table->head = MemoryContextAlloc(context, SizeOfLifetimeState(0));
	memcpy(table->head, state, SizeOfLifetimeState(0));
	MakeIndex(table, LifetimeSlotsFor(state->n_cells, FIRST_INDEX));
	AddCells(table, state);
	return table;
}

/* --- What becomes of it --------------------------------------------------- */

Size
LifetimeTableStateSize(LifetimeTable *table)
{
	Settle(table);
	return SizeOfLifetimeState(LifetimeSlotsFor(table->n_cells, 0));
}

void
LifetimeTableToState(LifetimeTable *table, LifetimeState *state)
{
	Size		size = LifetimeTableStateSize(table);

	memset(state, 0, size);
	memcpy(state, table->head, SizeOfLifetimeState(0));
	SET_VARSIZE(state, size);
	state->n_cells = table->n_cells;
	state->n_slots = LifetimeSlotsFor(table->n_cells, 0);
	/* in the order of the index, which is that of the slots */
	for (uint32 i = 0; i < table->n_index; i++)
	{
		if (table->index[i] != 0)
			LifetimeStatePlace(state, CellAt(table, NUMBER(table->index[i])));
		POLL_EVERY(i);
	}
}

/* x up to which cells are put in order by counting */
#define N_COUNTED		256

static inline int
BucketOf(const LifetimeCell *cell)
{
	return cell->x < N_COUNTED ? (int) cell->x : N_COUNTED;
}

/* All cells in their order, palloc'd. */
static LifetimeCell *
SortedCells(const LifetimeTable *table)
{
	LifetimeCell *cell = palloc_extended((Size) table->n_cells * sizeof(LifetimeCell) + 1,
										 MCXT_ALLOC_HUGE);
	int64		next[N_COUNTED + 2] = {0};	/* of a bucket, its first at first */

	for (int64 i = 0; i < table->n_cells; i++)
	{
		next[BucketOf(CellAt(table, i)) + 1]++;
		POLL_EVERY(i);
	}
	for (int bucket = 0; bucket <= N_COUNTED; bucket++)
		next[bucket + 1] += next[bucket];
	for (int64 i = 0; i < table->n_cells; i++)
	{
		const LifetimeCell *from = CellAt(table, i);

		cell[next[BucketOf(from)]++] = *from;
		POLL_EVERY(i);
	}
	/* now next is where the bucket ends */
	for (int bucket = 0; bucket <= N_COUNTED; bucket++)
	{
		int64		start = bucket == 0 ? 0 : next[bucket - 1];

		LifetimeCellsSort(cell + start, next[bucket] - start);
	}
	return cell;
}

LifetimeModel *
LifetimeTableFit(LifetimeTable *table)
{
	LifetimeCell *cell;
	LifetimeModel *model;

	Settle(table);
	cell = SortedCells(table);
	model = LifetimeFitSorted(table->head, cell, table->n_cells);
	pfree(cell);
	return model;
}
