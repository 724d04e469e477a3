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
	int64		n_after;		/* rows after as_of, which do not */
} Orders;

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

#endif							/* CUSTSEG_ORDERS_H */
