/*
 * portfolio_purchases.c
 *		The bulk function of a refresh: one summary per customer, and what was
 *		seen on the way.
 *
 * A refresh judges the quality of its orders, and summarises them. Done in one
 * pass, the counts are of the very rows that the summaries are made of, and
 * cost an addition each. They come as one more row, the last, since a function
 * has one result: what reads it into a table finds them there.
 *
 * A row that does not count has one reason, the first of: no customer, no day,
 * no amount, after as_of. The other counts are of rows that do.
 *
 * Memory: as customer_purchases; the counts are made in the call's context.
 */
#include "postgres.h"

#include "common/compat.h"

#include "common/checks.h"
#include "common/iso_date.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "purchases/customer_purchases.h"
#include "utils/fmgrprotos.h"

enum
{
	KEY_ARGUMENT, ORDERS_ARGUMENT, AS_OF_ARGUMENT, SINCE_ARGUMENT, TIME_ZONE_ARGUMENT
};

enum
{
	CUSTOMER_COLUMN, PURCHASES_COLUMN, COUNTS_COLUMN, N_COLUMNS
};

static void
AppendCount(StringInfo out, const char *key, bool known, int64 n)
{
	appendStringInfo(out, "%s\"%s\": ", out->len > 1 ? ", " : "", key);
	if (known)
		appendStringInfo(out, INT64_FORMAT, n);
	else
		appendStringInfoString(out, "null");
}

static void
AppendDay(StringInfo out, const char *key, bool known, DateADT day)
{
	char		text[MAXDATELEN + 1];

	appendStringInfo(out, ", \"%s\": ", key);
	if (known)
	{
		IsoDateEncode(day, text);
		appendStringInfo(out, "\"%s\"", text);
	}
	else
		appendStringInfoString(out, "null");
}

/* What was seen, as jsonb. */
static Datum
Counts(const Orders *orders, const OrdersPeriod *period, int64 n_customers)
{
	StringInfoData out;
	bool		any = orders->n_rows > 0;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	AppendCount(&out, "rows", true, orders->n_rows + orders->n_no_customer +
				orders->n_no_day + orders->n_no_amount + orders->n_after);
	AppendCount(&out, "orders", true, orders->n_rows);
	AppendCount(&out, "no_customer", true, orders->n_no_customer);
	AppendCount(&out, "no_day", true, orders->n_no_day);
	AppendCount(&out, "no_amount", true, orders->n_no_amount);
	AppendCount(&out, "after", true, orders->n_after);
	AppendCount(&out, "refunds", true, orders->n_refunds);
	AppendCount(&out, "zero", true, orders->n_zero);
	AppendCount(&out, "no_cost", orders->has_cost, orders->n_no_cost);
	AppendCount(&out, "late_base", !DATE_IS_NOBEGIN(period->since), orders->n_late);
	AppendDay(&out, "first_day", any, orders->first_day);
	AppendDay(&out, "last_day", any, orders->last_day);
	AppendCount(&out, "customers", true, n_customers);
	appendStringInfoChar(&out, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

/* _portfolio_purchases(key, orders, as_of, since, time_zone) */
PG_FUNCTION_INFO_V1(custseg_portfolio_purchases);
Datum
custseg_portfolio_purchases(PG_FUNCTION_ARGS)
{
	char	   *query = RequiredQuery(fcinfo, ORDERS_ARGUMENT, "orders");
	OrdersPeriod period = {.has_end = true, .only_count = true};
	TupleDesc	desc;
	Tuplestorestate *store;
	Orders	   *orders;
	Datum		values[N_COLUMNS] = {0};
	bool		nulls[N_COLUMNS] = {true, true, false};

	period.end = RequiredAsOf(fcinfo, AS_OF_ARGUMENT);
	if (PG_ARGISNULL(SINCE_ARGUMENT))
		DATE_NOBEGIN(period.since);
	else
	{
		period.since = PG_GETARG_DATEADT(SINCE_ARGUMENT);
		CheckFiniteDate(period.since, "since");
	}
	store = BeginResult(fcinfo, &desc);
	orders = OrdersReadPeriod(query, TextArgument(fcinfo, TIME_ZONE_ARGUMENT), &period,
							  TupleDescAttr(desc, CUSTOMER_COLUMN)->atttypid);
	values[COUNTS_COLUMN] = Counts(orders, &period, CustomerPurchasesEmit(orders, store, desc));
	tuplestore_putvalues(store, desc, values, nulls);
	return (Datum) 0;
}
