/*
 * lifetime_state.h
 *		The state of the fits: cells of equal customers with their number.
 *
 * No statistic of fixed size is enough for these models, but customers with
 * the same history are alike: times in days make some 300,000 cells of a
 * million customers. The state is a hash table in one flat varlena, the SQL
 * type lifetime_state.
 *
 *		header | slots, a power of two of them, at most 3/4 taken
 */
#ifndef CUSTSEG_LIFETIME_STATE_H
#define CUSTSEG_LIFETIME_STATE_H

#include "scoring/lifetime/lifetime_model.h"

typedef struct LifetimeCell
{
	double		t_x;
	double		age;
	double		count;			/* customers; 0: the slot is free */
	double		x;
} LifetimeCell;

static inline uint64
LifetimeBits(double x)
{
	uint64		bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* Of whole numbers only the upper bits differ: they are brought down before each product. */
static inline uint64
LifetimeCellHash(const LifetimeCell *cell)
{
	uint64		h = LifetimeBits(cell->t_x);

	h = (h ^ (h >> 32)) * UINT64CONST(0x9fb21c651e98df25);
	h ^= (h >> 29) ^ LifetimeBits(cell->age);
	h = (h ^ (h >> 32)) * UINT64CONST(0xa0761d6478bd642f);
	h ^= (h >> 29) ^ LifetimeBits(cell->x);
	h = (h ^ (h >> 32)) * UINT64CONST(0xe7037ed1a0b428db);
	return h ^ (h >> 32);
}

/* The cell of a history, for a number of customers; -0 becomes 0. */
static inline LifetimeCell
LifetimeCellOf(const LifetimeHistory *history, double count)
{
	LifetimeCell cell = {history->t_x + 0.0, history->age + 0.0, count, history->x + 0.0};

	return cell;
}

static inline bool
LifetimeCellsEqual(const LifetimeCell *a, const LifetimeCell *b)
{
	return a->t_x == b->t_x && a->age == b->age && a->x == b->x;
}

typedef struct LifetimeState
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		kind;			/* LifetimeKind */
	uint8		unit;			/* TimeUnit */
	uint8		has_start;
	int32		n_cells;
	uint32		n_slots;
	double		excluded;
	double		prior;
	double		start[MAX_LIFETIME_PARAMETERS];	/* in the unit of the cells */
	LifetimeCell slot[FLEXIBLE_ARRAY_MEMBER];
} LifetimeState;

#define LIFETIME_STATE_VERSION	1

#define SizeOfLifetimeState(n_slots) \
	(offsetof(LifetimeState, slot) + (Size) (n_slots) * sizeof(LifetimeCell))

/* Cells that a table of so many slots takes. */
#define LifetimeSlotsCapacity(n_slots) ((int64) (n_slots) / 4 * 3)

/* 512 MB of slots: the next size would be beyond a varlena. */
#define MAX_LIFETIME_SLOTS		(1 << 24)
#define MAX_LIFETIME_CELLS		(MAX_LIFETIME_SLOTS / 4 * 3)

extern LifetimeState *LifetimeStateMake(LifetimeKind kind, TimeUnit unit);

/*
 * Adds customers to their cell. Works in place where there is room; otherwise
 * the result is a new state in the current memory context, and the old one is
 * the caller's to free. Too many cells are an error (54000).
 */
extern LifetimeState *LifetimeStateAdd(LifetimeState *state, const LifetimeHistory *history,
									   double count);

/*
 * Adds the customers of another state of the same kind and options, on the
 * same terms.
 */
extern LifetimeState *LifetimeStateCombine(LifetimeState *state, const LifetimeState *other);

/* The state with room for so many cells in all, on the same terms. */
extern LifetimeState *LifetimeStateReserve(LifetimeState *state, int64 n_cells);

/* The sum of two numbers of customers; an error (22003) when it is not exact. */
extern double LifetimeAddCounts(double a, double b);

/*
 * A state that was given or stored, not toasted; an error unless it is one
 * that this version can read.
 */
extern LifetimeState *LifetimeStateOpen(struct varlena *value);

/* The cells of the table in their order, palloc'd: n_cells of them. */
extern LifetimeCell *LifetimeStateSorted(const LifetimeState *state);

/* Puts cells in their order: by x, then age, then t_x. */
extern void LifetimeCellsSort(LifetimeCell *cell, int64 n);

/* The slots of a table for so many cells, at least `least`. Too many are an error (54000). */
extern uint32 LifetimeSlotsFor(int64 n_cells, uint32 least);

/* Puts a cell that is not there yet into a table that has room. */
extern void LifetimeStatePlace(LifetimeState *state, const LifetimeCell *cell);

/* The model that fits the cells of a state. */
extern LifetimeModel *LifetimeStateFit(const LifetimeState *state);

/* The same for sorted cells, which it may change; of head its cells do not count. */
extern LifetimeModel *LifetimeFitSorted(const LifetimeState *head, LifetimeCell *cell, int64 n);

/*
 * What is wrong with a history (a message for errmsg, with the value), or
 * NULL: x whole, 0 to 2^31 - 1; 0 <= t_x <= age; x = 0 has t_x = 0; finite.
 * x > 0 with t_x = 0 is right: repeat purchases within the first unit of time.
 */
extern const char *LifetimeHistoryFault(LifetimeKind kind, const LifetimeHistory *history);

/* Raises that as an error 22023, with a hint. */
pg_noreturn extern void LifetimeHistoryRefuse(const char *fault);

/*
 * The history of a summary at the end of as_of, in a unit; false when it has
 * no purchase. as_of before the last purchase is an error (22023).
 */
struct Purchases;
extern bool LifetimeHistoryOfPurchases(const struct Purchases *purchases, int32 as_of,
									   TimeUnit unit, LifetimeHistory *history);

#endif							/* CUSTSEG_LIFETIME_STATE_H */
