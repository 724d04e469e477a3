/*
 * weighted.h
 *		Weighted scores and their explanation.
 */
#ifndef CUSTSEG_WEIGHTED_H
#define CUSTSEG_WEIGHTED_H

#include "common/core.h"

/* What a missing component means. */
typedef enum MissingRule
{
	MISSING_RENORMALISE,		/* the others share its weight */
	MISSING_ZERO,				/* its value is 0 */
	MISSING_NULL,				/* there is no score */
	N_MISSING_RULES
} MissingRule;

extern const char *const missing_rule_names[N_MISSING_RULES];

/* Weights that were checked: finite, none negative, not all 0. */
typedef struct Weights
{
	int			n;
	const double *weight;
	double		total;			/* of all: (total + rest) * 2^exponent */
	double		rest;
	bool		plain;			/* neither huge nor tiny: then also this */
	double		plain_total;
	double		plain_rest;
	int			exponent;
} Weights;

/* What a row has: finite values, 0 where missing. */
typedef struct Components
{
	const double *value;
	const bool *missing;		/* NULL if none is */
} Components;

/* Completes the total of weights. */
extern void WeightsTotal(Weights *weights);

/* False if there is no score. */
extern bool WeightedScore(const Weights *weights, const Components *components,
						  MissingRule rule, double *score);

/*
 * The weight of each component as it counts in a score that there is: they add
 * up to 1, but for rounding.
 */
extern void EffectiveWeights(const Weights *weights, const Components *components,
							 MissingRule rule, double *effective);

/*
 * Integers near the quotas that add up to total, by largest remainder; among
 * equals the earlier gets it.  Quotas are below 10^15 in size, and their sum is
 * about total; those that are 0 get 0.
 */
extern void RoundToTotal(const double *quota, int n, int64 total, int64 *result);

#endif							/* CUSTSEG_WEIGHTED_H */
