/*
 * clv.h
 *		The present value of expected purchases (core).
 */
#ifndef CUSTSEG_CLV_H
#define CUSTSEG_CLV_H

#include "scoring/lifetime/lifetime.h"

typedef enum Compounding
{
	COMPOUND_PERIOD,			/* purchases count at the end of their unit of time */
	COMPOUND_CONTINUOUS,		/* purchases count when they are made */
	N_COMPOUNDINGS
} Compounding;

extern const char *const compounding_names[N_COMPOUNDINGS];

/*
 * What a customer is expected to buy within the horizon, each purchase
 * discounted to now; horizon and discount are finite and >= 0. Infinite where
 * the purchases are. The kind must have expected_purchases.
 */
extern double DiscountedPurchases(const LifetimeKindOps *ops, const double *parameter,
								  const LifetimeHistory *history, double horizon,
								  double discount, Compounding compounding);

#endif							/* CUSTSEG_CLV_H */
