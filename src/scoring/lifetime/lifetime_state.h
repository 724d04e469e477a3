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

/*
 * All cells as a fit sees them, palloc'd as one chunk that begins at x. Does
 * not change the state. Of sbg one for each period; periods that are missing,
 * and survivors that increase, are errors (22023).
 */
extern void LifetimeStateCells(const LifetimeState *state, LifetimeCells *cells);

/* The model that fits the cells of a state. */
extern LifetimeModel *LifetimeStateFit(const LifetimeState *state);

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
