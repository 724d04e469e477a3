/*
 * offers.h
 *		Core of choose_offer: at most one offer for each customer under a budget,
 *		which is the multiple-choice knapsack problem.
 */
#ifndef CUSTSEG_OFFERS_H
#define CUSTSEG_OFFERS_H

#include "common/core.h"

/* Neither the values nor the costs of one option a customer add up to more. */
#define OFFER_MAX_TOTAL (INT64CONST(1) << 62)

/* How values become integers: units of 10^-digits, or of 2^-digits. */
typedef struct OfferScale
{
	bool		decimal;
	int			digits;
} OfferScale;

/* What a customer may get. */
typedef struct OfferOption
{
	int64		cost;
	int64		value;
	int32		customer;
	int32		offer;			/* place in the input; -1: no offer at all */
} OfferOption;

/* From one option to a dearer one of the same customer: an edge of the hull. */
typedef struct OfferStep
{
	double		slope;			/* value per cost, rounded */
	int32		from;			/* places in options */
	int32		to;
} OfferStep;

/*
 * Customer i has the options first[i] .. first[i + 1] - 1, cost and value both
 * ascending; the first costs nothing.  Costs, budget and values are divided by
 * their units, the greatest common divisors.
 *
 * The relaxation, in which the last step may be taken in part: steps 0 ..
 * n_taken - 1 are the best ones, and choice is what they lead to, at cost and
 * value.  The step at n_taken is the next best; price_value / price_cost is its
 * slope, 0 where there is none.
 */
typedef struct OfferProblem
{
	int32		n_customers;
	int32	   *first;
	OfferOption *options;
	int64		budget;
	int64		cost_unit;
	int64		value_unit;

	OfferStep  *steps;
	int64		n_steps;
	int64		n_taken;
	int32	   *choice;			/* option of each customer */
	int64		cost;
	int64		value;
	int64		price_value;
	int64		price_cost;
} OfferProblem;

/* How far the search may go. */
typedef struct OfferLimits
{
	int64		states;			/* at a time */
	int64		links;			/* kept to tell how the states came about */
	int64		work;			/* states looked at, all in all */
} OfferLimits;

typedef struct OfferResult
{
	int64		value;			/* of the best choice found, in value units */
	int64		bound;			/* no choice has more */
	bool		proven;			/* false: a limit was reached, there may be a better one */
} OfferResult;

/*
 * The values of n offers as integers, at least 1 where a value is above 0, else
 * 0.  Customer i has the offers first[i] .. first[i + 1] - 1.
 */
extern OfferScale OfferValueUnits(const double *values, int32 n_customers, const int32 *first,
								  int64 *units);

/* (units + numerator / denominator) * multiple as a float8 of the scale. */
extern double OfferValueOfUnits(const OfferScale *scale, int64 units, int64 multiple,
								int128 numerator, int64 denominator);

/*
 * Sets up the problem and its relaxation, in memory of the current context.
 * Offers without value, or dearer than the budget, are left out.  False when
 * costs are beyond OFFER_MAX_TOTAL.
 */
extern bool OfferProblemInit(OfferProblem *problem, int32 n_customers, const int32 *first,
							 const int64 *cost, const int64 *value, int64 budget);
extern void OfferProblemFree(OfferProblem *problem);

/* Improves problem->choice, until it is the best or a limit is reached. */
extern OfferResult OfferSearch(OfferProblem *problem, const OfferLimits *limits);

/* Exchanges options among customers with equal menus so that the first ones have the best. */
extern void OfferTiesByKey(OfferProblem *problem);

/*
 * < 0 when step a comes before step b: by slope downwards, exactly, and then by
 * customer.  No two steps are equal.
 */
static inline int
OfferStepCompare(const OfferOption *options, const OfferStep *a, const OfferStep *b)
{
	double		difference = a->slope - b->slope;
	double		doubt = 1e-15 * a->slope;	/* more than what rounding can do */

	if (difference > doubt)
		return -1;
	if (difference < -doubt)
		return 1;
	{
		/* of numbers up to 2^62 */
		int128		x = (int128) (options[a->to].value - options[a->from].value) *
			(options[b->to].cost - options[b->from].cost);
		int128		y = (int128) (options[b->to].value - options[b->from].value) *
			(options[a->to].cost - options[a->from].cost);

		if (x != y)
			return x > y ? -1 : 1;
	}
	return a->to < b->to ? -1 : a->to > b->to;
}

#endif							/* CUSTSEG_OFFERS_H */
