/*
 * weighted.c
 *		Weighted scores and their explanation (core).
 *
 * score = sum(w v) / sum(w), with sums and quotient of twice the digits of a
 * double (double-double arithmetic), rounded once.  Where weights or values are
 * huge or tiny, or very many, the sums are exact, see exact_sum.c.
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

#include <float.h>
#include <math.h>

#include "common/double_double.h"
#include "common/exact_sum.h"

const char *const missing_rule_names[N_MISSING_RULES] = {
	"renormalise", "zero", "null"
};

/* Limbs for nearly all sums that are not plain. */
#define USUAL_LIMBS 6

/* Products of such numbers, and the low parts of these, are far from the ends of the range. */
#define PLAIN_MIN 1e-100
#define PLAIN_MAX 1e100

static inline bool
IsMissing(const Components *components, int i)
{
	return components->missing != NULL && components->missing[i];
}

/* With more, the errors of double-double arithmetic could add up to something. */
#define PLAIN_COMPONENTS 1000

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

/* The same as (m + rest) * 2^exponent: twice the digits of a double. */
static double
ExactProducts(const Weights *weights, const double *value, const bool *missing,
			  double *rest, int *exponent)
{
	ExactSumSpace space;
	double		m;
	double		head;
	int			of_rest;

	ExactSumInit(&space.sum, USUAL_LIMBS);
	if (!SumOfProducts(&space.sum, weights, value, missing))
	{
		ExactSumInit(&space.sum, EXACT_SUM_MAX);
		(void) SumOfProducts(&space.sum, weights, value, missing);
	}
	m = ExactSumFrexp(&space.sum, exponent);

	/* out of the range of double, a sum does without its rest */
	*rest = 0;
	head = ldexp(m, *exponent);
	if (isfinite(head) && fabs(head) >= DBL_MIN && ExactSumAdd(&space.sum, -head))
	{
		*rest = ExactSumFrexp(&space.sum, &of_rest);
		*rest = ldexp(*rest, of_rest - *exponent);
	}
	return m;
}

/* The same by double-double arithmetic, for weights and values that are plain. */
static double
PlainProducts(const Weights *weights, const double *value, const bool *missing, double *rest)
{
	DoubleDouble sum = {0, 0};

	for (int i = 0; i < weights->n; i++)
	{
		DoubleDouble product;
		DoubleDouble next;

		if (missing != NULL && missing[i])
			continue;
		product = TwoProduct(weights->weight[i], value == NULL ? 1 : value[i]);
		next = TwoSum(sum.high, product.high);
		sum.high = next.high;
		sum.low += product.low + next.low;
		POLL_EVERY(i);
	}
	sum = TwoSum(sum.high, sum.low);
	*rest = sum.low;
	return sum.high;
}

/* Is a number neither huge nor tiny? */
static inline bool
IsPlain(double x)
{
	return x == 0 || (fabs(x) >= PLAIN_MIN && fabs(x) <= PLAIN_MAX);
}

static bool
ArePlain(const double *x, int n)
{
	for (int i = 0; i < n; i++)
		if (unlikely(!IsPlain(x[i])))
			return false;
	return n <= PLAIN_COMPONENTS;
}

/* (a + a_rest) / (b + b_rest), rounded as if once, or nearly so. */
static double
Quotient(double a, double a_rest, double b, double b_rest)
{
	double		q = a / b;
	DoubleDouble p = TwoProduct(q, b);

	return q + (((a - p.high) - p.low) + a_rest - q * b_rest) / b;
}

void
WeightsTotal(Weights *weights)
{
	weights->plain = ArePlain(weights->weight, weights->n);
	weights->total = ExactProducts(weights, NULL, NULL, &weights->rest, &weights->exponent);
	weights->plain_total = PlainProducts(weights, NULL, NULL, &weights->plain_rest);
}

/* The weights that share the whole among them, as (m + rest) * 2^exponent. */
static double
ExactTotal(const Weights *weights, const Components *components, MissingRule rule,
		   double *rest, int *exponent)
{
	*rest = weights->rest;
	*exponent = weights->exponent;
	if (components->missing == NULL || rule == MISSING_ZERO)
		return weights->total;
	return ExactProducts(weights, NULL, components->missing, rest, exponent);
}

static double
PlainTotal(const Weights *weights, const Components *components, MissingRule rule, double *rest)
{
	*rest = weights->plain_rest;
	if (components->missing == NULL || rule == MISSING_ZERO)
		return weights->plain_total;
	return PlainProducts(weights, NULL, components->missing, rest);
}

/* False if no weight is left. */
static bool
WeightedMean(const Weights *weights, const Components *components, MissingRule rule,
			 double *score)
{
	int			of_total;
	int			of_sum;
	double		total;
	double		total_rest;
	double		sum;
	double		sum_rest;

	if (weights->plain && ArePlain(components->value, weights->n))
	{
		total = PlainTotal(weights, components, rule, &total_rest);
		if (total == 0)
			return false;
		sum = PlainProducts(weights, components->value, components->missing, &sum_rest);
		*score = Quotient(sum, sum_rest, total, total_rest);
		return true;
	}
	total = ExactTotal(weights, components, rule, &total_rest, &of_total);
	if (total == 0)
		return false;
	sum = ExactProducts(weights, components->value, components->missing, &sum_rest, &of_sum);
	*score = ldexp(Quotient(sum, sum_rest, total, total_rest), of_sum - of_total);
	return true;
}

bool
WeightedScore(const Weights *weights, const Components *components,
			  MissingRule rule, double *score)
{
	double		low = INFINITY;
	double		high = -INFINITY;
	double		mean;

	if ((components->missing != NULL && rule == MISSING_NULL) ||
		!WeightedMean(weights, components, rule, &mean))
		return false;
	for (int i = 0; i < weights->n; i++)
	{
		if (weights->weight[i] == 0 ||
			(IsMissing(components, i) && rule == MISSING_RENORMALISE))
			continue;
		low = Min(low, components->value[i]);
		high = Max(high, components->value[i]);
	}
	mean = mean < low ? low : mean > high ? high : mean;
	*score = mean == 0 ? 0 : mean;	/* -0 */
	return true;
}

void
EffectiveWeights(const Weights *weights, const Components *components,
				 MissingRule rule, double *effective)
{
	int			exponent;
	double		rest;
	double		total = ExactTotal(weights, components, rule, &rest, &exponent);

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
