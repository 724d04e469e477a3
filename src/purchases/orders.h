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
	int64		n_after;		/* rows after the period, which do not */
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
} OrdersPeriod;

/*
 * Runs a query with the columns customer, day, amount [, cost [, order_id]]
 * and summarises its rows by customer. Lines with the same customer and
 * order_id are netted first. Rows without customer, day or amount are skipped
 * and counted in a NOTICE. With has_as_of, so are rows after that day.
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
