/*
 * lifetime_state.c
 *		The state of the fits of lifetime models (core).
 *
 * A hash table with linear probing. The slot of a cell is given by the upper
 * bits of its hash, so the cells lie in the order of their hashes, but for the
 * probing: a larger table is filled from a smaller one, and one table combined
 * with another, from front to back, with few misses of the cache. That order
 * is also a danger: cells that come in it to a table that is too small would
 * all go to its front. So a table gets its final size before another is
 * combined into it.
 *
 * The cells come out in the order of their values, whatever the order of the
 * rows and the size of the table were.
 *
 * Numbers of customers are whole and at most 2^53, so their sums are exact. Of
 * sbg a cell is the survivors of a period and how often they came; the
 * survivors of a period are added up in the order of the cells.
 *
 * Memory: a state is one palloc'd chunk. A larger one is made in the current
 * memory context; in an aggregate that is the per-tuple context, from which
 * the executor copies the state to its own and frees the old one.
 */
#include "scoring/lifetime/lifetime_state.h"

#include <math.h>

#include "common/binary.h"
#include "common/shortest_dec.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#define FIRST_SLOTS		8

/* Of customers of a cell. */
#define MAX_COUNT		9007199254740992.0

static LifetimeState *
MakeState(LifetimeKind kind, TimeUnit unit, uint32 n_slots)
{
	Size		size = SizeOfLifetimeState(n_slots);
	LifetimeState *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->version = LIFETIME_STATE_VERSION;
	state->kind = kind;
	state->unit = unit;
	state->n_slots = n_slots;
	return state;
}

LifetimeState *
LifetimeStateMake(LifetimeKind kind, TimeUnit unit)
{
	return MakeState(kind, unit, FIRST_SLOTS);
}

LifetimeState *
LifetimeStateOpen(struct varlena *value)
{
	LifetimeState *state = (LifetimeState *) value;
	Size		bytes = VARSIZE(state);

	if (bytes > offsetof(LifetimeState, version))
		CheckStoredVersion("lifetime_state", state->version, LIFETIME_STATE_VERSION);
	if (bytes < SizeOfLifetimeState(FIRST_SLOTS) || state->n_slots < FIRST_SLOTS ||
		state->n_slots > MAX_LIFETIME_SLOTS || (state->n_slots & (state->n_slots - 1)) != 0 ||
		bytes != SizeOfLifetimeState(state->n_slots) || state->n_cells < 0 ||
		state->n_cells > LifetimeSlotsCapacity(state->n_slots) ||
		state->kind >= N_LIFETIME_KINDS || state->unit >= N_TIME_UNITS)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("lifetime_state is corrupted")));
	return state;
}

/* --- The table ------------------------------------------------------------ */

/* The slot of a cell with these values, or the free one where it would go. */
static inline LifetimeCell *
FindSlot(const LifetimeState *state, const LifetimeCell *cell)
{
	uint32		mask = state->n_slots - 1;
	uint32		i = LifetimeCellHash(cell) >> (64 - pg_leftmost_one_pos32(state->n_slots));

	for (uint32 step = 0; step < state->n_slots; step++)
	{
		const LifetimeCell *slot = &state->slot[(i + step) & mask];

		if (slot->count == 0 || LifetimeCellsEqual(slot, cell))
			return unconstify(LifetimeCell *, slot);
		POLL_EVERY(step);
	}
	/* a quarter of the slots is free */
	elog(ERROR, "lifetime_state is corrupted");
	return NULL;
}

uint32
LifetimeSlotsFor(int64 n_cells, uint32 least)
{
	uint32		n_slots = Max(least, FIRST_SLOTS);

	if (n_cells > MAX_LIFETIME_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct customer histories for a fit"),
				 errdetail("The limit is %d distinct histories.", MAX_LIFETIME_CELLS),
				 errhint("Use times in whole days, round them, or fit a sample of the customers.")));
	while (LifetimeSlotsCapacity(n_slots) < n_cells)
		n_slots *= 2;
	return n_slots;
}

void
LifetimeStatePlace(LifetimeState *state, const LifetimeCell *cell)
{
	*FindSlot(state, cell) = *cell;
}

/* The state with more slots, enough for so many cells. */
static LifetimeState *
Grown(const LifetimeState *state, int64 n_cells)
{
	LifetimeState *result = MakeState(state->kind, state->unit,
									  LifetimeSlotsFor(n_cells, state->n_slots));

	result->has_start = state->has_start;
	result->excluded = state->excluded;
	result->prior = state->prior;
	memcpy(result->start, state->start, sizeof(result->start));
	result->n_cells = state->n_cells;
	for (uint32 i = 0; i < state->n_slots; i++)
	{
		if (state->slot[i].count > 0)
			LifetimeStatePlace(result, &state->slot[i]);
		POLL_EVERY(i);
	}
	return result;
}

LifetimeState *
LifetimeStateReserve(LifetimeState *state, int64 n_cells)
{
	return n_cells <= LifetimeSlotsCapacity(state->n_slots) ? state : Grown(state, n_cells);
}

double
LifetimeAddCounts(double a, double b)
{
	double		sum = a + b;

	if (sum > MAX_COUNT)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of customers in lifetime_state is out of range")));
	return sum;
}

static LifetimeState *
AddCell(LifetimeState *state, const LifetimeCell *cell)
{
	LifetimeCell *slot = FindSlot(state, cell);

	if (slot->count == 0)
	{
		if (state->n_cells >= LifetimeSlotsCapacity(state->n_slots))
		{
			state = Grown(state, (int64) state->n_cells + 1);
			slot = FindSlot(state, cell);
		}
		*slot = *cell;
		slot->count = 0;
		state->n_cells++;
	}
	slot->count = LifetimeAddCounts(slot->count, cell->count);
	return state;
}

LifetimeState *
LifetimeStateAdd(LifetimeState *state, const LifetimeHistory *history, double count)
{
	LifetimeCell cell = LifetimeCellOf(history, count);

	return AddCell(state, &cell);
}

LifetimeState *
LifetimeStateCombine(LifetimeState *state, const LifetimeState *other)
{
	int64		n_cells = state->n_cells;

	for (uint32 i = 0; i < other->n_slots; i++)
	{
		if (other->slot[i].count > 0 && FindSlot(state, &other->slot[i])->count == 0)
			n_cells++;
		POLL_EVERY(i);
	}
	state = LifetimeStateReserve(state, n_cells);
	for (uint32 i = 0; i < other->n_slots; i++)
	{
		if (other->slot[i].count > 0)
			state = AddCell(state, &other->slot[i]);
		POLL_EVERY(i);
	}
	state->excluded = LifetimeAddCounts(state->excluded, other->excluded);
	return state;
}

/* --- Cells in order ------------------------------------------------------- */

static inline int
CompareCells(const LifetimeCell *a, const LifetimeCell *b)
{
	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	if (a->age != b->age)
		return a->age < b->age ? -1 : 1;
	return (a->t_x > b->t_x) - (a->t_x < b->t_x);
}

#define ST_SORT SortCells
#define ST_ELEMENT_TYPE LifetimeCell
#define ST_COMPARE(a, b) CompareCells(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

void
LifetimeCellsSort(LifetimeCell *cell, int64 n)
{
	SortCells(cell, n);
}

LifetimeCell *
LifetimeStateSorted(const LifetimeState *state)
{
	LifetimeCell *cell = palloc_extended((Size) state->n_cells * sizeof(LifetimeCell) + 1,
										 MCXT_ALLOC_HUGE);
	int64		n = 0;

	for (uint32 i = 0; i < state->n_slots; i++)
	{
		if (state->slot[i].count > 0)
		{
			if (n == state->n_cells)
				elog(ERROR, "lifetime_state is corrupted");
			cell[n++] = state->slot[i];
		}
		POLL_EVERY(i);
	}
	if (n != state->n_cells)
		elog(ERROR, "lifetime_state is corrupted");
	SortCells(cell, n);
	return cell;
}

/* One cell for each period, with the survivors as count; returns their number. */
static int64
FoldPeriods(LifetimeCell *cell, int64 n)
{
	int64		periods = 0;

	for (int64 i = 0; i < n;)
	{
		double		period = cell[i].x;
		double		survivors = 0;

		if (period != periods)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("survivors of period " INT64_FORMAT " are missing", periods),
					 errhint("Give the customers of the start as period 0, and those left after each renewal up to period %.0f.",
							 cell[n - 1].x)));
		for (; i < n && cell[i].x == period; i++)
		{
			survivors += cell[i].t_x * cell[i].count;
			POLL_EVERY(i);
		}
		if (isinf(survivors))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("survivors of period " INT64_FORMAT " are out of range", periods)));
		if (periods > 0 && survivors > cell[periods - 1].count)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("survivors of period " INT64_FORMAT " must be at most the %s of the period before, not %s",
							periods, double_to_shortest_decimal(cell[periods - 1].count),
							double_to_shortest_decimal(survivors)),
					 errhint("Who has left does not come back. Rows of the same period are added up.")));
		cell[periods].x = period;
		cell[periods].t_x = 0;
		cell[periods].count = survivors;
		periods++;
	}
	return periods;
}

/*
 * Sorted cells as a fit sees them, in one chunk that begins at x. Of sbg one
 * for each period; periods that are missing, and survivors that increase, are
 * errors (22023).
 */
static LifetimeCells
ColumnsOfCells(LifetimeKind kind, LifetimeCell *cell, int64 n_cells)
{
	int64		n = kind == LIFETIME_SBG ? FoldPeriods(cell, n_cells) : n_cells;
	double	   *x = palloc_extended((Size) n * 4 * sizeof(double) + 1, MCXT_ALLOC_HUGE);
	double	   *t_x = x + n;
	double	   *age = x + 2 * n;
	double	   *count = x + 3 * n;
	LifetimeCells cells = {n, x, t_x, age, count};

	for (int64 i = 0; i < n; i++)
	{
		x[i] = cell[i].x;
		t_x[i] = cell[i].t_x;
		age[i] = cell[i].age;
		count[i] = cell[i].count;
		POLL_EVERY(i);
	}
	return cells;
}

LifetimeModel *
LifetimeFitSorted(const LifetimeState *head, LifetimeCell *cell, int64 n)
{
	LifetimeCells cells = ColumnsOfCells(head->kind, cell, n);
	LifetimeFitOptions options = {head->has_start ? head->start : NULL, head->prior};
	LifetimeFit fit;

	memset(&fit, 0, sizeof(fit));
	fit.status = LIFETIME_NOT_IDENTIFIED;
	/* nobody, or of sbg nobody at the start */
	if (cells.n > 0 && cells.count[0] > 0)
		LifetimeFitCells(head->kind, &cells, &options, &fit);
	pfree(unconstify(double *, cells.x));
	return LifetimeModelOfFit(head->kind, head->unit, &fit, head->excluded, head->prior);
}

LifetimeModel *
LifetimeStateFit(const LifetimeState *state)
{
	LifetimeCell *cell = LifetimeStateSorted(state);
	LifetimeModel *model = LifetimeFitSorted(state, cell, state->n_cells);

	pfree(cell);
	return model;
}
