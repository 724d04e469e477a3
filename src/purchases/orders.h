/*
 * orders.h
 *		From the text of an orders query to a table of purchase summaries.
 */
#ifndef CUSTSEG_ORDERS_H
#define CUSTSEG_ORDERS_H

#include "postgres.h"

#include "common/compat.h"

#include "common/bulk_function.h"
#include "common/columns.h"
#include "common/group_table.h"
#include "purchases/purchases.h"

typedef struct Orders
{
	Oid			key_type;		/* of the customer column */
	GroupTable *customers;		/* states are PurchaseState */
	int64		n_rows;			/* rows that count */

	/* rows that do not: the first reason that applies */
	int64		n_no_customer;
	int64		n_no_day;
	int64		n_no_amount;
	int64		n_after;		/* after the period */

	/* of the rows that count; lines of an order each on its own */
	int64		n_refunds;		/* amount below 0 */
	int64		n_zero;			/* amount 0 */
	int64		n_no_cost;		/* without a cost; all of them without its column */
	int64		n_late;			/* up to the period's since */
	bool		has_cost;		/* the query has a cost column */
	int32		first_day;		/* undefined when n_rows is 0 */
	int32		last_day;
} Orders;

typedef struct OrdersPeriod
{
	bool		has_end;
	DateADT		end;			/* the last day that counts */

	/*
	 * With a split, the lines of an order up to that day are one order and its
	 * later ones another: what is known at the split does not depend on what
	 * came after it. There is an end, too.
	 */
	bool		has_split;
	DateADT		split;

	/*
	 * The rows are counted for the caller, who tells of them: no NOTICE, and
	 * no error when all of them are after the period. since is a day known
	 * from before, DATEVAL_NOBEGIN for none.
	 */
	bool		only_count;
	DateADT		since;
} OrdersPeriod;

/*
 * Runs a query with the columns customer, day, amount [, cost [, order_id]]
 * and summarises its rows by customer. Lines with the same customer and
 * order_id are netted first. Rows without customer, day or amount are skipped
 * and counted, in a NOTICE, too. With has_as_of, so are rows after that day.
 *
 * result_key, when valid, is the type that customers are to be returned in;
 * it is checked before the query runs. Everything lives in the current memory
 * context.
 */
extern Orders *OrdersRead(const char *query, const char *time_zone,
						  bool has_as_of, DateADT as_of, Oid result_key);
extern Orders *OrdersReadPeriod(const char *query, const char *time_zone,
								const OrdersPeriod *period, Oid result_key);

#endif							/* CUSTSEG_ORDERS_H */
