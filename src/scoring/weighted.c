/*
 * weighted.c
 *		Weighted scores and their explanation (core).
 *
 * score = sum(w v) / sum(w).  Both sums are exact, see exact_sum.c, and the
 * quotient is rounded once, so the order of the components does not matter.
 * It is kept between the smallest and the largest value, which rounding could
 * leave by a unit in the last place: equal components give just their value.
 *
 * An explanation shows contributions w v / sum(w), rounded so that they add up
 * to the rounded score: each is rounded down, and the units that are missing
 * go to the largest remainders (Hamilton's method of apportionment).
 *
 * Memory: scratch arrays are palloc'd in the current context and freed.
 */
#include "scoring/weighted.h"

#include <math.h>

#include "common/exact_sum.h"

const char *const missing_rule_names[N_MISSING_RULES] = {
	"renormalise", "zero", "null"
};

/* Nearly all sums of weights and of products fit. */
#define USUAL_LIMBS 6

static inline bool
IsMissing(const Components *components, int i)
{
	return components->missing != NULL && components->missing[i];
}

/* sum(w v), or sum(w) where components is NULL, of the parts that are there. */
static bool
SumOfProducts(ExactSum *sum, const Weights *weights, const double *value,
			  const bool *missing)
{
	for (int i = 0; i < weights->n; i++)
	{
		if (missing != NULL && missing[i])
			continue;
		if (!(value != NULL ? ExactSumAddProduct(sum, weights->weight[i], value[i])
			  : ExactSumAdd(sum, weights->weight[i])))
			return false;
		POLL_EVERY(i);
	}
	return true;
}

/* The same as m * 2^exponent. */
static double
ProductsFrexp(const Weights *weights, const double *value, const bool *missing,
			  int *exponent)
{
	ExactSumSpace space;

	ExactSumInit(&space.sum, USUAL_LIMBS);
	if (!SumOfProducts(&space.sum, weights, value, missing))
	{
		ExactSumInit(&space.sum, EXACT_SUM_MAX);
		(void) SumOfProducts(&space.sum, weights, value, missing);
	}
	return ExactSumFrexp(&space.sum, exponent);
}

void
WeightsTotal(Weights *weights)
{
	weights->total = ProductsFrexp(weights, NULL, NULL, &weights->exponent);
}

/* The weights that share the whole among them, as m * 2^exponent. */
static double
TotalOf(const Weights *weights, const Components *components, MissingRule rule,
		int *exponent)
{
	*exponent = weights->exponent;
	if (components->missing == NULL || rule == MISSING_ZERO)
		return weights->total;
	return ProductsFrexp(weights, NULL, components->missing, exponent);
}

bool
WeightedScore(const Weights *weights, const Components *components,
			  MissingRule rule, double *score)
{
	int			of_total;
	int			of_sum;
	double		total;
	double		sum;
	double		low = INFINITY;
	double		high = -INFINITY;

	if (components->missing != NULL && rule == MISSING_NULL)
		return false;
	total = TotalOf(weights, components, rule, &of_total);
	if (total == 0)
		return false;
	sum = ProductsFrexp(weights, components->value, components->missing, &of_sum);
	sum = ldexp(sum / total, of_sum - of_total);

	for (int i = 0; i < weights->n; i++)
	{
		if (weights->weight[i] == 0 ||
			(IsMissing(components, i) && rule == MISSING_RENORMALISE))
			continue;
		low = Min(low, components->value[i]);
		high = Max(high, components->value[i]);
	}
	sum = sum < low ? low : sum > high ? high : sum;
	*score = sum == 0 ? 0 : sum;	/* -0 */
	return true;
}

void
EffectiveWeights(const Weights *weights, const Components *components,
				 MissingRule rule, double *effective)
{
	int			exponent;
	double		total = TotalOf(weights, components, rule, &exponent);

	for (int i = 0; i < weights->n; i++)
	{
		int			of_weight;
		double		m = frexp(weights->weight[i], &of_weight);

		effective[i] = IsMissing(components, i) && rule == MISSING_RENORMALISE ? 0 :
			ldexp(m / total, of_weight - exponent);
		POLL_EVERY(i);
	}
}

/* --- Rounding to a total -------------------------------------------------- */

typedef struct Remainder
{
	double		part;
	int			index;
} Remainder;

static int
CompareRemainders(const void *a, const void *b)
{
	const Remainder *x = (const Remainder *) a;
	const Remainder *y = (const Remainder *) b;

	if (x->part != y->part)
		return x->part > y->part ? -1 : 1;
	return x->index - y->index;
}

void
RoundToTotal(const double *quota, int n, int64 total, int64 *result)
{
	Remainder  *order = palloc((n + 1) * sizeof(Remainder));
	int64		rest = total;
	int			n_order = 0;

	for (int i = 0; i < n; i++)
	{
		double		whole = floor(quota[i]);

		result[i] = (int64) whole;
		rest -= result[i];
		if (quota[i] == 0)
			continue;
		order[n_order].part = quota[i] - whole;
		order[n_order++].index = i;
	}
	qsort(order, n_order, sizeof(Remainder), CompareRemainders);

	/* once round, but for what rounding of the quotas themselves can add or take */
	for (int64 i = 0; n_order > 0 && rest > 0; i++, rest--)
	{
		result[order[i % n_order].index]++;
		POLL_EVERY(i);
	}
	for (int64 i = 0; n_order > 0 && rest < 0; i++, rest++)
	{
		result[order[n_order - 1 - i % n_order].index]--;
		POLL_EVERY(i);
	}
	pfree(order);
}
