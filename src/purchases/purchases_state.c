/*
 * purchases_state.c
 *		The working form of a purchase summary: rows and summaries are added in
 *		place.
 *
 * Sums are integers of 64 bits until one does not fit, then of 128 bits, then
 * the state falls back to the packed form with numerics. All sums of money
 * share one scale, the cost has its own.
 *
 * Days are a set (day_set.h) of 16-bit offsets from 1900-01-01, which reach
 * until 2079; a state that meets another day changes to 32 bits.
 *
 * Sizes are powers of two, so the allocator wastes nothing: 128 bytes hold 36
 * days, 256 bytes 100. Starting with less was tried: the growing costs more
 * than the memory is worth, since freed pieces scatter the later states.
 */
#include "purchases/purchases.h"

#include "common/int.h"
#include "purchases/purchases_private.h"
#include "utils/memutils.h"

#define SMALLEST_STATE	128

#define DAY_BASE		(-36524)	/* 1900-01-01 */

#define DAY_TYPE		uint16
#define DAY_SET(name)	name##Near
#include "purchases/day_set.h"

#define DAY_TYPE		int32
#define DAY_SET(name)	name##Far
#include "purchases/day_set.h"

static inline Size
SumsSize(const PurchaseState *s)
{
	return (s->flags & PURCHASES_WIDE) ? N_SUMS * sizeof(int128) : N_SUMS * sizeof(int64);
}

static inline char *
Days(const PurchaseState *s)
{
	return (char *) s + offsetof(PurchaseState, sums) + SumsSize(s);
}

static inline bool
DaysAreFar(const PurchaseState *s)
{
	return (s->flags & PURCHASES_FAR_DAYS) != 0;
}

static inline bool
IsNear(int32 day)
{
	return day >= DAY_BASE && day <= DAY_BASE + PG_UINT16_MAX;
}

static inline int32
GetDay(const PurchaseState *s, int32 i)
{
	return DaysAreFar(s) ? ((int32 *) Days(s))[i] :
		DAY_BASE + ((uint16 *) Days(s))[i];
}

static inline int32
Capacity(const PurchaseState *s)
{
	return (VARSIZE(s) - offsetof(PurchaseState, sums) - SumsSize(s)) /
		(DaysAreFar(s) ? sizeof(int32) : sizeof(uint16));
}

static inline int128
GetSum(const PurchaseState *s, PurchaseSum which)
{
	return (s->flags & PURCHASES_WIDE) ? s->sums.wide[which] : s->sums.narrow[which];
}

static inline void
SetSum(PurchaseState *s, PurchaseSum which, int128 value)
{
	if (s->flags & PURCHASES_WIDE)
		s->sums.wide[which] = value;
	else
		s->sums.narrow[which] = (int64) value;
}

static inline bool
Fits(const PurchaseState *s, int128 value)
{
	int128		limit;

	if (!(s->flags & PURCHASES_WIDE))
		return value == (int64) value;
	limit = DecimalPowers()[DECIMAL_MAX_SCALE];
	return value < limit && value > -limit;
}

static PurchaseState *
NewState(bool wide, bool far_days, int32 days)
{
	Size		sums_size = N_SUMS * (wide ? sizeof(int128) : sizeof(int64));
	Size		size = SMALLEST_STATE;
	Size		needed = offsetof(PurchaseState, sums) + sums_size +
		days * (far_days ? sizeof(int32) : sizeof(uint16));
	PurchaseState *s;

	while (size < needed)
		size *= 2;
	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many purchase days for one customer"),
				 errdetail("A summary can hold about 130 million distinct days.")));
	s = palloc(size);
	SET_VARSIZE(s, size);
	s->form = PURCHASES_VERSION | PURCHASES_WORKING;
	s->flags = (wide ? PURCHASES_WIDE : 0) | (far_days ? PURCHASES_FAR_DAYS : 0);
	s->scale = 0;
	s->cost_scale = 0;
	s->n_days = 0;
	s->n_sorted = 0;
	s->orders = 0;
	s->newest = 0;
	memset(&s->sums, 0, sums_size);
	return s;
}

/* Puts days into an empty state that has room for them. */
static void
SetDays(PurchaseState *s, const int32 *days, int32 n_days)
{
	if (DaysAreFar(s))
		memcpy(Days(s), days, n_days * sizeof(int32));
	else
		for (int32 i = 0; i < n_days; i++)
			((uint16 *) Days(s))[i] = (uint16) (days[i] - DAY_BASE);
	s->n_days = s->n_sorted = n_days;
	s->newest = n_days > 0 ? days[n_days - 1] : 0;
}

/* The same content with room for more days, or with wider sums or days. */
static PurchaseState *
Resized(PurchaseState *old, bool wide, bool far_days, int32 days)
{
	PurchaseState *s = NewState(wide, far_days, days);

	s->flags |= old->flags & PURCHASES_COST_UNKNOWN;
	s->scale = old->scale;
	s->cost_scale = old->cost_scale;
	s->orders = old->orders;
	for (int i = 0; i < N_SUMS; i++)
		SetSum(s, i, GetSum(old, i));
	if (far_days == DaysAreFar(old))
		memcpy(Days(s), Days(old),
			   old->n_days * (far_days ? sizeof(int32) : sizeof(uint16)));
	else
		for (int32 i = 0; i < old->n_days; i++)
			((int32 *) Days(s))[i] = GetDay(old, i);
	s->n_days = old->n_days;
	s->n_sorted = old->n_sorted;
	s->newest = old->newest;
	return s;
}

static void
OrderDays(PurchaseState *s)
{
	if (s->n_sorted == s->n_days)
		return;
	if (DaysAreFar(s))
		OrderFar((int32 *) Days(s), &s->n_days, &s->n_sorted);
	else
		OrderNear((uint16 *) Days(s), &s->n_days, &s->n_sorted);
	s->newest = GetDay(s, s->n_days - 1);
}

static inline bool
InsertDay(PurchaseState *s, int32 day)
{
	uint16		newest = (uint16) (s->newest - DAY_BASE);
	bool		done;

	if (unlikely(DaysAreFar(s)))
		return InsertFar((int32 *) Days(s), Capacity(s), &s->n_days,
						 &s->n_sorted, &s->newest, day);
	done = InsertNear((uint16 *) Days(s), Capacity(s), &s->n_days,
					  &s->n_sorted, &newest, (uint16) (day - DAY_BASE));
	s->newest = DAY_BASE + newest;
	return done;
}

static PurchaseState *
AddDay(PurchaseState *s, int32 day)
{
	bool		wide = (s->flags & PURCHASES_WIDE) != 0;

	if (unlikely(!IsNear(day)) && !DaysAreFar(s))
		s = Resized(s, wide, true, s->n_days + 1);
	while (!InsertDay(s, day))
	{
		OrderDays(s);
		if (s->n_days > Capacity(s) / 4 * 3)
			s = Resized(s, wide, DaysAreFar(s), Capacity(s) + 1);
	}
	return s;
}

/*
 * What one row or one summary changes in the sums. Amounts that are NULL do
 * not change.
 */
typedef struct Change
{
	int64		orders;
	const Decimal *spend;		/* its scale is the largest of the three */
	const Decimal *refunds;
	const Decimal *first;		/* purchases on first_day */
	int32		first_day;
	const Decimal *cost;		/* NULL: not known */
} Change;

/* Shows the sums [from, to] with more digits; false, and unchanged, when they do not fit. */
static bool
Rescale(PurchaseState *s, PurchaseSum from, PurchaseSum to,
		uint8 *scale, int new_scale)
{
	int128		factor;
	int128		scaled[N_SUMS];

	if (likely(new_scale <= *scale))
		return true;
	factor = DecimalPowers()[new_scale - *scale];
	for (int i = from; i <= to; i++)
		if (__builtin_mul_overflow(GetSum(s, i), factor, &scaled[i]) ||
			!Fits(s, scaled[i]))
			return false;
	for (int i = from; i <= to; i++)
		SetSum(s, i, scaled[i]);
	*scale = new_scale;
	return true;
}

/* *sum = sum of the state + amount, whose scale is at most that of the state */
static inline bool
AddSum(const PurchaseState *s, PurchaseSum which, int scale,
	   const Decimal *amount, int128 *sum)
{
	int128		value = amount->value;

	if (amount->scale < scale &&
		__builtin_mul_overflow(value, DecimalPowers()[scale - amount->scale], &value))
		return false;
	return !__builtin_add_overflow(GetSum(s, which), value, sum) && Fits(s, *sum);
}

/*
 * False when a sum does not fit; then the state means what it meant before.
 */
static bool
ChangeSums(PurchaseState *s, const Change *c)
{
	bool		earlier = c->first != NULL &&
		(s->n_days == 0 || c->first_day < GetDay(s, 0));
	bool		same_day = c->first != NULL && !earlier &&
		c->first_day == GetDay(s, 0);
	int128		old_first;
	int128		spend;
	int128		refunds;
	int128		first;
	int128		cost = 0;

	if (c->spend->big != NULL ||
		!Rescale(s, SUM_SPEND, SUM_FIRST, &s->scale, c->spend->scale) ||
		!AddSum(s, SUM_SPEND, s->scale, c->spend, &spend))
		return false;
	refunds = GetSum(s, SUM_REFUNDS);
	if (c->refunds != NULL &&
		(c->refunds->big != NULL ||
		 !AddSum(s, SUM_REFUNDS, s->scale, c->refunds, &refunds)))
		return false;
	first = old_first = GetSum(s, SUM_FIRST);
	if (earlier || same_day)
	{
		if (c->first->big != NULL)
			return false;
		if (earlier)
			SetSum(s, SUM_FIRST, 0);
		if (!AddSum(s, SUM_FIRST, s->scale, c->first, &first))
		{
			SetSum(s, SUM_FIRST, old_first);
			return false;
		}
	}
	if (c->cost != NULL && !(s->flags & PURCHASES_COST_UNKNOWN) &&
		(c->cost->big != NULL ||
		 !Rescale(s, SUM_COST, SUM_COST, &s->cost_scale, c->cost->scale) ||
		 !AddSum(s, SUM_COST, s->cost_scale, c->cost, &cost)))
	{
		SetSum(s, SUM_FIRST, old_first);
		return false;
	}

	SetSum(s, SUM_SPEND, spend);
	SetSum(s, SUM_REFUNDS, refunds);
	SetSum(s, SUM_FIRST, first);
	if (c->cost == NULL)
	{
		s->flags |= PURCHASES_COST_UNKNOWN;
		s->cost_scale = 0;
		SetSum(s, SUM_COST, 0);
	}
	else if (!(s->flags & PURCHASES_COST_UNKNOWN))
		SetSum(s, SUM_COST, cost);
	return true;
}

/* Whether all of an ascending array of days can be held in 16 bits. */
static bool
AreNear(const int32 *days, int32 n_days)
{
	return n_days == 0 || (IsNear(days[0]) && IsNear(days[n_days - 1]));
}

/* An empty state of the scales that the change has. */
static PurchaseState *
StateFor(const Change *c, const int32 *days, int32 n_days)
{
	PurchaseState *s = NewState(false, !AreNear(days, n_days), n_days);

	if (c->spend->big == NULL)
		s->scale = c->spend->scale;
	if (c->cost != NULL && c->cost->big == NULL)
		s->cost_scale = c->cost->scale;
	return s;
}

static void
AddOrders(int64 *orders, int64 more)
{
	if (pg_add_s64_overflow(*orders, more, orders))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of orders out of range")));
}

/* The same change on a summary in the open, with numerics where needed. */
static void
ChangeOpen(Purchases *p, const Change *c, const int32 *days, int32 n_days)
{
	int32	   *merged = palloc_extended((p->n_days + (Size) n_days) * sizeof(int32) + 1,
										 MCXT_ALLOC_HUGE);
	int32		n = 0;
	int32		i = 0;
	int32		j = 0;

	AddOrders(&p->orders, c->orders);
	p->sums[SUM_SPEND] = DecimalSum(&p->sums[SUM_SPEND], c->spend);
	if (c->refunds != NULL)
		p->sums[SUM_REFUNDS] = DecimalSum(&p->sums[SUM_REFUNDS], c->refunds);
	if (c->first != NULL)
	{
		if (p->n_days > 0 && p->first_day == c->first_day)
			p->sums[SUM_FIRST] = DecimalSum(&p->sums[SUM_FIRST], c->first);
		else if (p->n_days == 0 || c->first_day < p->first_day)
			p->sums[SUM_FIRST] = *c->first;
	}
	if (c->cost == NULL)
		p->cost_known = false;
	else if (p->cost_known)
		p->sums[SUM_COST] = DecimalSum(&p->sums[SUM_COST], c->cost);

	while (i < p->n_days || j < n_days)
	{
		int32		day;

		if (j == n_days || (i < p->n_days && p->days[i] < days[j]))
			day = p->days[i++];
		else
		{
			if (i < p->n_days && p->days[i] == days[j])
				i++;
			day = days[j++];
		}
		merged[n++] = day;
		POLL_EVERY(n);
	}
	p->days = merged;
	p->n_days = n;
	if (n > 0)
	{
		p->first_day = merged[0];
		p->last_day = merged[n - 1];
	}
}

/* The working form of a summary, or the packed one if it needs numerics. */
static PurchaseState *
StateFromOpen(const Purchases *p)
{
	Decimal		sums[N_SUMS];
	PurchaseState *s;
	bool		wide = false;

	if (!PurchasesCommonScale(p, sums) || p->orders > PG_UINT32_MAX)
		return (PurchaseState *) PurchasesDatum(p);
	for (int i = 0; i < N_SUMS; i++)
		wide |= !DecimalFitsInt64(&sums[i]);
	s = NewState(wide, !AreNear(p->days, p->n_days), p->n_days);
	s->scale = sums[SUM_SPEND].scale;
	for (int i = 0; i < N_SUMS; i++)
		if (i != SUM_COST || p->cost_known)
			SetSum(s, i, sums[i].value);
	if (p->cost_known)
		s->cost_scale = sums[SUM_COST].scale;
	else
		s->flags |= PURCHASES_COST_UNKNOWN;
	s->orders = p->orders;
	SetDays(s, p->days, p->n_days);
	return s;
}

/* A change together with the days that it brings, ascending. */
static PurchaseState *
Apply(PurchaseState *s, const Change *c, const int32 *days, int32 n_days)
{
	Purchases	p;

	if (s == NULL)
		s = StateFor(c, days, n_days);
	else if (!PurchasesIsWorking(s))
	{
		/* a stored value that an aggregate starts with, or a big one */
		PurchasesOpenState(s, true, &p);
		s = StateFromOpen(&p);
	}

	while (PurchasesIsWorking(s) && s->orders + (uint64) c->orders <= PG_UINT32_MAX)
	{
		if (likely(ChangeSums(s, c)))
		{
			s->orders += (uint32) c->orders;
			for (int32 i = 0; i < n_days; i++)
			{
				s = AddDay(s, days[i]);
				POLL_EVERY(i);
			}
			return s;
		}
		if (s->flags & PURCHASES_WIDE)
			break;
		s = Resized(s, true, DaysAreFar(s), s->n_days);
	}

	/* beyond 128 bits, or 32 */
	PurchasesOpenState(s, true, &p);
	ChangeOpen(&p, c, days, n_days);
	return StateFromOpen(&p);
}

/* An empty state of the scales that the row has. */
static PurchaseState *
StateForRow(const Purchase *row)
{
	PurchaseState *s = NewState(false, false, 1);

	if (row->amount.big == NULL)
		s->scale = row->amount.scale;
	if (!row->has_cost)
		s->flags |= PURCHASES_COST_UNKNOWN;
	else if (row->cost.big == NULL)
		s->cost_scale = row->cost.scale;
	return s;
}

/*
 * The way nearly all rows go: 64-bit sums of the scale that the row has. False
 * when anything is out of the ordinary; then nothing has changed.
 */
static inline bool
AddOrdinary(PurchaseState *s, const Purchase *row)
{
	int64	   *sums = s->sums.narrow;
	int64		amount = (int64) row->amount.value;
	int64		spend;
	int64		refunds = sums[SUM_REFUNDS];
	int64		first = sums[SUM_FIRST];
	int64		cost = sums[SUM_COST];
	bool		cost_known = !(s->flags & PURCHASES_COST_UNKNOWN);

	if (s->form != (PURCHASES_VERSION | PURCHASES_WORKING) ||
		(s->flags & PURCHASES_WIDE) ||
		row->amount.scale != s->scale || !DecimalFitsInt64(&row->amount) ||
		s->orders == PG_UINT32_MAX ||
		pg_add_s64_overflow(sums[SUM_SPEND], amount, &spend))
		return false;
	if (cost_known &&
		(!row->has_cost || row->cost.scale != s->cost_scale ||
		 !DecimalFitsInt64(&row->cost) ||
		 pg_add_s64_overflow(cost, (int64) row->cost.value, &cost)))
		return false;
	if (row->is_refund)
	{
		if (pg_sub_s64_overflow(refunds, amount, &refunds))
			return false;
	}
	else
	{
		int32		first_day = s->n_days > 0 ? GetDay(s, 0) : PG_INT32_MAX;

		if (row->day < first_day)
			first = amount;
		else if (row->day == first_day &&
				 pg_add_s64_overflow(first, amount, &first))
			return false;
		s->orders++;
	}
	sums[SUM_SPEND] = spend;
	sums[SUM_REFUNDS] = refunds;
	sums[SUM_FIRST] = first;
	sums[SUM_COST] = cost;
	return true;
}

PurchaseState *
PurchasesAdd(PurchaseState *state, const Purchase *row)
{
	Change		c;
	Decimal		refund;

	if (unlikely(state == NULL))
		state = StateForRow(row);
	if (likely(AddOrdinary(state, row)))
		return row->is_refund ? state : AddDay(state, row->day);

	c.orders = row->is_refund ? 0 : 1;
	c.spend = &row->amount;
	c.refunds = NULL;
	c.first = NULL;
	c.first_day = row->day;
	c.cost = row->has_cost ? &row->cost : NULL;
	if (row->is_refund)
	{
		refund = DecimalNegated(&row->amount);
		c.refunds = &refund;
	}
	else
		c.first = &row->amount;
	return Apply(state, &c, &row->day, row->is_refund ? 0 : 1);
}

PurchaseState *
PurchasesMerge(PurchaseState *state, const char *content, Size length)
{
	Purchases	p;
	Change		c;

	if (!PurchasesUnpack(content, length, true, &p))
		PurchasesCorrupted();
	c.orders = p.orders;
	c.spend = &p.sums[SUM_SPEND];
	c.refunds = &p.sums[SUM_REFUNDS];
	c.first = p.n_days > 0 ? &p.sums[SUM_FIRST] : NULL;
	c.first_day = p.first_day;
	c.cost = p.cost_known ? &p.sums[SUM_COST] : NULL;
	return Apply(state, &c, p.days, p.n_days);
}

void
PurchasesOpenState(PurchaseState *s, bool want_days, Purchases *result)
{
	if (!PurchasesIsWorking(s))
	{
		if (!PurchasesUnpack(VARDATA(s), VARSIZE(s) - VARHDRSZ, want_days, result))
			PurchasesCorrupted();
		return;
	}

	OrderDays(s);
	result->orders = s->orders;
	for (int i = 0; i < N_SUMS; i++)
	{
		result->sums[i].value = GetSum(s, i);
		result->sums[i].scale = i == SUM_COST ? s->cost_scale : s->scale;
		result->sums[i].big = NULL;
	}
	result->cost_known = !(s->flags & PURCHASES_COST_UNKNOWN);
	result->n_days = s->n_days;
	result->days = NULL;
	if (s->n_days > 0)
	{
		result->first_day = GetDay(s, 0);
		result->last_day = s->newest;
	}
	if (want_days)
	{
		PurchasesMakeDays(result);
		for (int32 i = 0; i < s->n_days; i++)
			result->days[i] = GetDay(s, i);
	}
}
