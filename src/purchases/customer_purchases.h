/*
 * customer_purchases.h
 *		From a table of purchase summaries to result rows.
 */
#ifndef CUSTSEG_CUSTOMER_PURCHASES_H
#define CUSTSEG_CUSTOMER_PURCHASES_H

#include "purchases/orders.h"

/*
 * One row per customer: the customer in the type of the first column, the
 * summary in the second, NULL in others. Returns how many; the customers are
 * gone afterwards, the counts in orders are not.
 */
extern int64 CustomerPurchasesEmit(Orders *orders, Tuplestorestate *store, TupleDesc desc);

#endif							/* CUSTSEG_CUSTOMER_PURCHASES_H */
