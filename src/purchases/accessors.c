/*
 * accessors.c
 *		Functions that read one number from a purchase summary.
 *
 * All are strict and immutable. A summary without any purchase (refunds only)
 * has no first or last purchase day, so what is derived from them is NULL.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/checks.h"
#include "common/decimal.h"
#include "fmgr.h"
#include "purchases/purchases.h"
#include "purchases/purchases_private.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

static void
OpenArgument(FunctionCallInfo fcinfo, bool want_days, Purchases *p)
{
	PurchasesOpenValue(PG_GETARG_VARLENA_PP(0), want_days, p);
}

int32
PurchasesDaysUntil(const Purchases *p, int32 day, int32 as_of)
{
	CheckFiniteDate(as_of, "as_of");
	if (as_of < p->last_day)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of %s is before the last purchase on %s",
						DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(as_of))),
						DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(p->last_day)))),
				 errhint("Summarise only purchases up to as_of, or use a later as_of.")));
	/* the whole range of date spans less than 2^31 days */
	return as_of - day;
}

/* The same to the as_of in argument 1. */
static int32
DaysUntilAsOf(FunctionCallInfo fcinfo, const Purchases *p, int32 day)
{
	return PurchasesDaysUntil(p, day, PG_GETARG_DATEADT(1));
}

static Datum
NumericQuotient(const Decimal *a, const Decimal *b)
{
	return DirectFunctionCall2(numeric_div,
							   NumericGetDatum(DecimalToNumeric(a)),
							   NumericGetDatum(DecimalToNumeric(b)));
}

static Decimal
Profit(const Purchases *p)
{
	Decimal		minus_cost = DecimalNegated(&p->sums[SUM_COST]);

	return DecimalSum(&p->sums[SUM_SPEND], &minus_cost);
}

PG_FUNCTION_INFO_V1(custseg_first_purchase);
Datum
custseg_first_purchase(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	if (p.n_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(p.first_day);
}

PG_FUNCTION_INFO_V1(custseg_last_purchase);
Datum
custseg_last_purchase(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	if (p.n_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(p.last_day);
}

PG_FUNCTION_INFO_V1(custseg_orders);
Datum
custseg_orders(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	PG_RETURN_INT64(p.orders);
}

PG_FUNCTION_INFO_V1(custseg_purchase_days);
Datum
custseg_purchase_days(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	PG_RETURN_INT64(p.n_days);
}

PG_FUNCTION_INFO_V1(custseg_frequency);
Datum
custseg_frequency(PG_FUNCTION_ARGS)
{
	return custseg_purchase_days(fcinfo);
}

PG_FUNCTION_INFO_V1(custseg_purchase_dates);
Datum
custseg_purchase_dates(PG_FUNCTION_ARGS)
{
	Purchases	p;
	Datum	   *dates;

	OpenArgument(fcinfo, true, &p);
	dates = palloc_extended(p.n_days * sizeof(Datum) + 1, MCXT_ALLOC_HUGE);
	for (int32 i = 0; i < p.n_days; i++)
		dates[i] = DateADTGetDatum(p.days[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(dates, p.n_days, DATEOID,
										  sizeof(DateADT), true, TYPALIGN_INT));
}

PG_FUNCTION_INFO_V1(custseg_spend);
Datum
custseg_spend(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	PG_RETURN_NUMERIC(DecimalToNumeric(&p.sums[SUM_SPEND]));
}

PG_FUNCTION_INFO_V1(custseg_monetary);
Datum
custseg_monetary(PG_FUNCTION_ARGS)
{
	return custseg_spend(fcinfo);
}

PG_FUNCTION_INFO_V1(custseg_refunds);
Datum
custseg_refunds(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	PG_RETURN_NUMERIC(DecimalToNumeric(&p.sums[SUM_REFUNDS]));
}

PG_FUNCTION_INFO_V1(custseg_cost);
Datum
custseg_cost(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	if (!p.cost_known)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(DecimalToNumeric(&p.sums[SUM_COST]));
}

PG_FUNCTION_INFO_V1(custseg_profit);
Datum
custseg_profit(PG_FUNCTION_ARGS)
{
	Purchases	p;
	Decimal		profit;

	OpenArgument(fcinfo, false, &p);
	if (!p.cost_known)
		PG_RETURN_NULL();
	profit = Profit(&p);
	PG_RETURN_NUMERIC(DecimalToNumeric(&profit));
}

PG_FUNCTION_INFO_V1(custseg_margin);
Datum
custseg_margin(PG_FUNCTION_ARGS)
{
	Purchases	p;
	Decimal		profit;

	OpenArgument(fcinfo, false, &p);
	if (!p.cost_known || DecimalSign(&p.sums[SUM_SPEND]) <= 0)
		PG_RETURN_NULL();
	profit = Profit(&p);
	return NumericQuotient(&profit, &p.sums[SUM_SPEND]);
}

PG_FUNCTION_INFO_V1(custseg_recency);
Datum
custseg_recency(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	if (p.n_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(DaysUntilAsOf(fcinfo, &p, p.last_day));
}

PG_FUNCTION_INFO_V1(custseg_tenure);
Datum
custseg_tenure(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	if (p.n_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(DaysUntilAsOf(fcinfo, &p, p.first_day));
}

PG_FUNCTION_INFO_V1(custseg_age);
Datum
custseg_age(PG_FUNCTION_ARGS)
{
	return custseg_tenure(fcinfo);
}

PG_FUNCTION_INFO_V1(custseg_average_order);
Datum
custseg_average_order(PG_FUNCTION_ARGS)
{
	Purchases	p;
	Decimal		orders;

	OpenArgument(fcinfo, false, &p);
	if (p.orders == 0)
		PG_RETURN_NULL();
	orders = DecimalFromInt(p.orders);
	return NumericQuotient(&p.sums[SUM_SPEND], &orders);
}

/*
 * Spend per year: spend * 365.25 / days since the first purchase. The first
 * year counts as a whole one, since a week's purchases say little about 52.
 */
PG_FUNCTION_INFO_V1(custseg_annual_spend);
Datum
custseg_annual_spend(PG_FUNCTION_ARGS)
{
	Purchases	p;
	int32		tenure;
	Decimal		days = {0, 2, NULL};
	Decimal		year = {36525, 2, NULL};
	Datum		spend;

	OpenArgument(fcinfo, false, &p);
	if (p.n_days == 0)
		PG_RETURN_NULL();
	tenure = DaysUntilAsOf(fcinfo, &p, p.first_day);
	days.value = (int128) tenure * 100;
	spend = NumericGetDatum(DecimalToNumeric(&p.sums[SUM_SPEND]));
	if (DecimalCompare(&days, &year) <= 0)
		PG_RETURN_DATUM(spend);
	return DirectFunctionCall2(numeric_div,
							   DirectFunctionCall2(numeric_mul, spend,
												   NumericGetDatum(DecimalToNumeric(&year))),
							   NumericGetDatum(DecimalToNumeric(&days)));
}

PG_FUNCTION_INFO_V1(custseg_is_repeat);
Datum
custseg_is_repeat(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	PG_RETURN_BOOL(p.n_days > 1);
}

PG_FUNCTION_INFO_V1(custseg_repeat_purchases);
Datum
custseg_repeat_purchases(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	if (p.n_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(p.n_days - 1);
}

PG_FUNCTION_INFO_V1(custseg_repeat_span);
Datum
custseg_repeat_span(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	if (p.n_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(p.last_day - p.first_day);
}

Datum
PurchasesRepeatValue(const Purchases *p)
{
	Decimal		value = DecimalSum(&p->sums[SUM_SPEND], &p->sums[SUM_REFUNDS]);
	Decimal		first = DecimalNegated(&p->sums[SUM_FIRST]);
	Decimal		repeats = DecimalFromInt(p->n_days - 1);

	value = DecimalSum(&value, &first);
	return NumericQuotient(&value, &repeats);
}

PG_FUNCTION_INFO_V1(custseg_repeat_value);
Datum
custseg_repeat_value(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	if (p.n_days < 2)
		PG_RETURN_NULL();
	return PurchasesRepeatValue(&p);
}

PG_FUNCTION_INFO_V1(custseg_days_between);
Datum
custseg_days_between(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, false, &p);
	if (p.n_days < 2)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) (p.last_day - p.first_day) / (p.n_days - 1));
}

/*
 * Standard deviation of the gaps between purchase days over their mean: 0 for
 * a clockwork, about 1 for a purchase at random.
 */
PG_FUNCTION_INFO_V1(custseg_gap_variation);
Datum
custseg_gap_variation(PG_FUNCTION_ARGS)
{
	Purchases	p;
	int32		n_gaps;
	double		mean;
	double		squares = 0;

	OpenArgument(fcinfo, true, &p);
	n_gaps = p.n_days - 1;
	if (n_gaps < 2)
		PG_RETURN_NULL();
	mean = (double) (p.last_day - p.first_day) / n_gaps;
	for (int32 i = 1; i < p.n_days; i++)
	{
		double		off = (p.days[i] - p.days[i - 1]) - mean;

		squares += off * off;
		POLL_EVERY(i);
	}
	PG_RETURN_FLOAT8(sqrt(squares / n_gaps) / mean);
}

/*
 * The first days of the months with a purchase, ascending.  firsts has room
 * for as many as there are purchase days, or is NULL: then they are counted.
 */
static int64
PurchaseMonths(const Purchases *p, Datum *firsts)
{
	int			last_month = -1;
	int			last_year = 0;
	int64		n = 0;

	for (int32 i = 0; i < p->n_days; i++)
	{
		int			year;
		int			month;
		int			day;

		j2date(p->days[i] + POSTGRES_EPOCH_JDATE, &year, &month, &day);
		if (month != last_month || year != last_year)
		{
			if (firsts != NULL)
				firsts[n] = DateADTGetDatum(p->days[i] - (day - 1));
			n++;
		}
		last_month = month;
		last_year = year;
		POLL_EVERY(i);
	}
	return n;
}

PG_FUNCTION_INFO_V1(custseg_active_months);
Datum
custseg_active_months(PG_FUNCTION_ARGS)
{
	Purchases	p;

	OpenArgument(fcinfo, true, &p);
	PG_RETURN_INT64(PurchaseMonths(&p, NULL));
}

PG_FUNCTION_INFO_V1(custseg_purchase_months);
Datum
custseg_purchase_months(PG_FUNCTION_ARGS)
{
	Purchases	p;
	Datum	   *firsts;
	int64		n;

	OpenArgument(fcinfo, true, &p);
	firsts = palloc(sizeof(Datum) * Max(p.n_days, 1));
	n = PurchaseMonths(&p, firsts);
	PG_RETURN_ARRAYTYPE_P(construct_array(firsts, (int) n, DATEOID, sizeof(DateADT), true, TYPALIGN_INT));
}
