/*
 * apportion_remainder.c
 *		Hamilton's method of apportion: largest remainders, with bounds.
 *
 * A row's quota is q = seats * weight / total weight.  Each row gets the whole
 * part of q, moved to its bounds; the seats that are left go, one each, to the
 * rows with the largest remainders (then by weight, then by key) among those that
 * no bound moved and that are below their maximum.  This is how the method was
 * used, with a minimum of 1, and what the published apportionments follow.
 *
 * Where bounds move so many seats that this does not come out (too many are
 * given, or more are left than there are such rows), quotas are shared out
 * again over the rows that are free: x = multiplier * weight within bounds,
 * with the one multiplier at which the sum is the number of seats.  Rows at a
 * bound keep it; the others get the whole part of x, and by the largest
 * remainders one more.  Whether a row is free changes where the multiplier
 * passes bound / weight: these points are sorted, and passed in order.  O(n log n).
 *
 * Remainders are not kept, but made where two are compared: weights may have any
 * length, and a remainder is two products.
 *
 * Memory, of the current context: 4 bytes a row, and 33 more where bounds bind so.
 */
#include "allocation/apportion.h"

/* What quotas are taken of. */
typedef struct Quotas
{
	Apportionment *p;
	uint64		seats;			/* to share out, */
	uint64	   *total;			/* over this weight, which is not 0 */
	int			n_total;
	uint128		small_total;	/* the same, where weights have one limb */
} Quotas;

/*
 * Weights of one limb are below 2^63, as an int64 was read; so are seats, and
 * 2^31 rows make a total below 2^94.  Then seats * weight < 2^126, and the total
 * times a quota is at most that.
 */
static inline bool
IsSmall(const Apportionment *p)
{
	return p->start == NULL;
}

static inline void
AddWeight(Quotas *q, int32 row)
{
	int			n;
	const uint64 *weight = WeightLimbs(q->p, row, &n);

	q->n_total = WideAdd(q->total, q->n_total, weight, n);
}

static inline void
DropWeight(Quotas *q, int32 row)
{
	int			n;
	const uint64 *weight = WeightLimbs(q->p, row, &n);

	q->n_total = WideSubtract(q->total, q->n_total, weight, n);
}

static inline void
TotalIsSet(Quotas *q)
{
	if (IsSmall(q->p))
		q->small_total = (uint128) (q->n_total > 1 ? q->total[1] : 0) << 64 |
			(q->n_total > 0 ? q->total[0] : 0);
}

/* The whole part of a row's quota. */
static int64
WholeQuota(const Quotas *q, int32 row)
{
	const Apportionment *p = q->p;
	int			n;
	const uint64 *weight = WeightLimbs(p, row, &n);

	if (IsSmall(p))
		return (int64) ((uint128) q->seats * weight[0] / q->small_total);
	n = WideMultiply(weight, n, &q->seats, 1, p->scratch[0]);
	return (int64) WideQuotient(p->scratch[0], n, q->total, q->n_total, p->scratch[1]);
}

/* seats * weight - total * the seats that the row has got, into scratch[slot]. */
static int
Remainder(const Quotas *q, int32 row, int slot)
{
	const Apportionment *p = q->p;
	uint64		got = p->result[row];
	int			n;
	const uint64 *weight = WeightLimbs(p, row, &n);
	int			n_product;

	n = WideMultiply(weight, n, &q->seats, 1, p->scratch[slot]);
	n_product = WideMultiply(q->total, q->n_total, &got, 1, p->scratch[3]);
	return WideSubtract(p->scratch[slot], n, p->scratch[3], n_product);
}

/* < 0 when a comes first: by remainder, weight, key. */
static int
CompareRemainders(int32 a, int32 b, const Quotas *q)
{
	const Apportionment *p = q->p;
	int			order;

	if (a == b)
		return 0;
	if (likely(IsSmall(p)))
	{
		uint128		rest_a = (uint128) q->seats * p->limb[a] - q->small_total * p->result[a];
		uint128		rest_b = (uint128) q->seats * p->limb[b] - q->small_total * p->result[b];

		order = rest_a > rest_b ? -1 : rest_a < rest_b;
	}
	else
	{
		int			n_a = Remainder(q, a, 0);
		int			n_b = Remainder(q, b, 1);

		order = WideCompare(p->scratch[1], n_b, p->scratch[0], n_a);
	}
	return order != 0 ? order : CompareEqualRows(p, a, b);
}

#define ST_SORT SortByRemainder
#define ST_ELEMENT_TYPE int32
#define ST_COMPARE(a, b, q) CompareRemainders(*(a), *(b), q)
#define ST_COMPARE_ARG_TYPE const Quotas
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "miscadmin.h"
#include "lib/sort_template.h"

/* One seat more for the first rows of the list, by remainder. */
static void
GiveLeftover(const Quotas *q, int32 *row, int32 n, int64 leftover)
{
	if (leftover < n)
		SortByRemainder(row, n, q);
	for (int64 i = 0; i < leftover; i++)
	{
		q->p->result[row[i]]++;
		POLL_EVERY(i);
	}
}

/* --- Bounds on the quotas of all rows --------------------------------------------- */

/* False where it does not come out.  row has room for all. */
static bool
ByQuotasOfAll(Quotas *q, int32 *row)
{
	Apportionment *p = q->p;
	int128		leftover = p->seats - p->reserved;
	int32		n = 0;

	q->seats = p->seats;
	for (int32 i = 0; i < p->n; i++)
	{
		AddWeight(q, i);
		POLL_EVERY(i);
	}
	TotalIsSet(q);
	for (int32 i = 0; i < p->n; i++)
	{
		int64		whole = WholeQuota(q, i);

		p->result[i] = Max(Min(whole, p->maximum[i]), p->minimum[i]);
		leftover -= p->result[i];
		if (p->result[i] == whole && whole < p->maximum[i])
			row[n++] = i;
		POLL_EVERY(i);
	}
	if (leftover < 0 || leftover > n)
		return false;
	GiveLeftover(q, row, n, (int64) leftover);
	return true;
}

/* --- Quotas of free rows ------------------------------------------------------------ */

/* The multiplier bound / weight at which a row begins, or ceases, to be free. */
typedef struct Turn
{
	int64		bound;
	int32		row;
	bool		is_free;		/* from here on */
} Turn;

static int
CompareTurns(const Turn *a, const Turn *b, const Apportionment *p)
{
	uint64		bound_a = a->bound;
	uint64		bound_b = b->bound;
	int			n_a;
	int			n_b;
	const uint64 *weight_a = WeightLimbs(p, a->row, &n_a);
	const uint64 *weight_b = WeightLimbs(p, b->row, &n_b);

	n_a = WideMultiply(weight_a, n_a, &bound_b, 1, p->scratch[0]);
	n_b = WideMultiply(weight_b, n_b, &bound_a, 1, p->scratch[1]);
	return WideCompare(p->scratch[1], n_b, p->scratch[0], n_a);
}

#define ST_SORT SortTurns
#define ST_ELEMENT_TYPE Turn
#define ST_COMPARE(a, b, p) CompareTurns(a, b, p)
#define ST_COMPARE_ARG_TYPE const Apportionment
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Whether the free rows and the bounds of the others reach all seats at a turn. */
static bool
AllSeatsAt(const Quotas *q, const Turn *turn)
{
	const Apportionment *p = q->p;
	uint64		bound = turn->bound;
	int			n_weight;
	const uint64 *weight = WeightLimbs(p, turn->row, &n_weight);
	int			n_free = WideMultiply(q->total, q->n_total, &bound, 1, p->scratch[0]);
	int			n_wanted = WideMultiply(weight, n_weight, &q->seats, 1, p->scratch[1]);

	return WideCompare(p->scratch[0], n_free, p->scratch[1], n_wanted) >= 0;
}

/*
 * Passes the turns up to the multiplier that gives all seats; leaves the rows
 * that are not free with their bound, and in q what the free ones share.
 */
static void
PassTurns(Quotas *q, const Turn *turn, int64 n_turns, bool *is_free)
{
	Apportionment *p = q->p;
	int128		seats = p->seats - p->reserved;

	q->n_total = 0;
	for (int32 i = 0; i < p->n; i++)
	{
		p->result[i] = p->minimum[i];
		seats -= p->minimum[i];
		POLL_EVERY(i);
	}
	for (int64 i = 0; i < n_turns; i++)
	{
		int32		row = turn[i].row;

		/* what is left for the free rows is never negative, as the multiplier has not passed it */
		q->seats = (uint64) seats;
		if (AllSeatsAt(q, &turn[i]))
			break;
		is_free[row] = turn[i].is_free;
		p->result[row] = turn[i].bound;
		if (turn[i].is_free)
		{
			AddWeight(q, row);
			seats += turn[i].bound;
		}
		else
		{
			DropWeight(q, row);
			seats -= turn[i].bound;
		}
		POLL_EVERY(i);
	}
}

static void
ByQuotasOfFree(Quotas *q, int32 *row)
{
	Apportionment *p = q->p;
	Turn	   *turn = palloc_extended((Size) p->n * 2 * sizeof(Turn), MCXT_ALLOC_HUGE);
	bool	   *is_free = palloc_extended(p->n, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int64		n_turns = 0;
	int32		n = 0;
	int64		leftover;

	for (int32 i = 0; i < p->n; i++)
	{
		if (p->minimum[i] < p->maximum[i])
		{
			turn[n_turns++] = (Turn) {p->minimum[i], i, true};
			turn[n_turns++] = (Turn) {p->maximum[i], i, false};
		}
		POLL_EVERY(i);
	}
	SortTurns(turn, n_turns, p);
	PassTurns(q, turn, n_turns, is_free);
	pfree(turn);
	TotalIsSet(q);

	leftover = q->seats;
	for (int32 i = 0; i < p->n; i++)
	{
		if (is_free[i])
		{
			p->result[i] = WholeQuota(q, i);
			leftover -= p->result[i];
			row[n++] = i;
		}
		POLL_EVERY(i);
	}
	/* remainders are below 1, so fewer seats are left than there are free rows */
	GiveLeftover(q, row, n, leftover);
	pfree(is_free);
}

void
ApportionByRemainder(Apportionment *p)
{
	Quotas		q = {.p = p};
	int32	   *row = palloc_extended((Size) p->n * sizeof(int32), MCXT_ALLOC_HUGE);

	q.total = palloc((p->longest + 2) * sizeof(uint64));
	if (!ByQuotasOfAll(&q, row))
		ByQuotasOfFree(&q, row);
	pfree(q.total);
	pfree(row);
}
