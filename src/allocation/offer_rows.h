/*
 * offer_rows.h
 *		The rows of a partition of choose_offer, in the order of their keys.
 */
#ifndef CUSTSEG_OFFER_ROWS_H
#define CUSTSEG_OFFER_ROWS_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"

/*
 * Rows in which customer, offer, cost or value is null take no part.  Place j of
 * the others, ordered by customer and offer, is row row[j]; customer i has the
 * places first[i] .. first[i + 1] - 1.  What is dearer than the budget has cost
 * and value 0.
 */
typedef struct OfferRows
{
	int64		n;				/* rows of the partition */
	int32		n_customers;
	int32	   *first;
	int32	   *row;
	int64	   *cost;			/* units of 10^-cost_scale */
	double	   *value;
	int64		budget;			/* in the same units, rounded down */
	int			cost_scale;
} OfferRows;

/*
 * Reads the arguments customer, offer, cost, value and budget of all rows, and
 * checks them.  Memory comes from the current context.
 */
extern void OfferRowsRead(OfferRows *rows, FunctionCallInfo fcinfo, const char *function);
extern void OfferRowsFree(OfferRows *rows);

/* Costs are beyond what the core can add up. */
pg_noreturn extern void OfferCostsTooLarge(int scale);

#endif							/* CUSTSEG_OFFER_ROWS_H */
