/*
 * lifetime_history.c
 *		What the models know about one customer: checks, and how it follows from
 *		a summary of purchases.
 *
 * Fits and predictions refuse the same histories with the same words. What is
 * refused contradicts itself; what only says nothing, such as an age of 0, is
 * for the caller to decide.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "purchases/purchases_private.h"
#include "scoring/lifetime/lifetime_state.h"

#define MAX_COUNT	2147483647.0

static const char *
CountFault(const char *name, double x)
{
	if (x >= 0 && x <= MAX_COUNT && x == rint(x))
		return NULL;
	return psprintf("%s must be a whole number from 0 to 2147483647, not %s",
					name, double_to_shortest_decimal(x));
}

static const char *
AmountFault(const char *name, double x)
{
	if (x >= 0 && !isinf(x))
		return NULL;
	return psprintf("%s must be a finite number, 0 or more, not %s",
					name, double_to_shortest_decimal(x));
}

static const char *
ValueFault(const LifetimeHistory *h)
{
	/* without repeat purchases there is no mean value, whatever is given */
	if (h->x == 0 || (h->t_x > 0 && !isinf(h->t_x)))
		return NULL;
	return psprintf("m_x must be a finite number greater than 0, not %s",
					double_to_shortest_decimal(h->t_x));
}

/* The order of x, t_x and age, each of which is well by itself. */
static const char *
OrderFault(const char *age, const LifetimeHistory *h)
{
	if (h->t_x > h->age)
		return psprintf("t_x must be at most %s, not %s where %s is %s",
						age, double_to_shortest_decimal(h->t_x),
						age, double_to_shortest_decimal(h->age));
	if (h->x == 0 && h->t_x > 0)
		return psprintf("t_x must be 0 where x is 0, not %s",
						double_to_shortest_decimal(h->t_x));
	return NULL;
}

static const char *
TimesFault(const LifetimeHistory *h)
{
	const char *fault = AmountFault("t_x", h->t_x);

	if (fault == NULL)
		fault = AmountFault("age", h->age);
	return fault != NULL ? fault : OrderFault("age", h);
}

static const char *
OpportunitiesFault(const LifetimeHistory *h)
{
	const char *fault = CountFault("t_x", h->t_x);

	if (fault == NULL)
		fault = CountFault("n", h->age);
	if (fault == NULL)
		fault = OrderFault("n", h);
	if (fault == NULL && h->x > h->t_x)
		return psprintf("x must be at most t_x, not %s where t_x is %s",
						double_to_shortest_decimal(h->x),
						double_to_shortest_decimal(h->t_x));
	return fault;
}

const char *
LifetimeHistoryFault(LifetimeKind kind, const LifetimeHistory *history)
{
	const char *fault = CountFault(kind == LIFETIME_SBG ? "period" : "x", history->x);

	if (fault != NULL)
		return fault;
	switch (kind)
	{
		case LIFETIME_SBG:
			return AmountFault("survivors", history->t_x);
		case LIFETIME_BGBB:
			return OpportunitiesFault(history);
		case LIFETIME_GAMMA_GAMMA:
			return ValueFault(history);
		default:
			return TimesFault(history);
	}
}

void
LifetimeHistoryRefuse(const char *fault)
{
	const char *hint = "x is the number of repeat purchases, t_x the time from the first purchase to the last, "
		"age from the first to the end of observation; of bgbb, x purchases at n opportunities, the last at number t_x.";

	if (strncmp(fault, "m_x", 3) == 0)
		hint = "m_x is the mean value of the repeat purchases.";
	else if (strncmp(fault, "period", 6) == 0 || strncmp(fault, "survivors", 9) == 0)
		hint = "survivors is the number of customers who are left after that many renewals.";
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", fault),
			 errhint("%s", hint)));
}

bool
LifetimeHistoryOfPurchases(const struct Purchases *purchases, int32 as_of,
						   TimeUnit unit, LifetimeHistory *history)
{
	double		days = time_unit_days[unit];

	if (unit == UNIT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("times of purchases need a unit"),
				 errhint("Use day, week, month or year.")));
	if (purchases->n_days == 0)
		return false;
	history->age = PurchasesDaysUntil(purchases, purchases->first_day, as_of) / days;
	history->x = purchases->n_days - 1;
	history->t_x = (purchases->last_day - purchases->first_day) / days;
	return true;
}
