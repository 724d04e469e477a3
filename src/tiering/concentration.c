/*
 * concentration.c
 *		Gini coefficient, Lorenz curve, and population stability index.
 *
 * Gini is sum_i (2i - n - 1) x_(i) / (n sum x) over the ascending values
 * (Dixon et al., "Bootstrapping the Gini coefficient of inequality", 1987).
 * The weights of c equal values that stand above r others add up to
 * c (2r + c - n), an integer: one term per distinct value, and exactly 0 when
 * all values are equal.
 *
 * The population stability index is sum (a - e) ln(a / e) over shares
 * (Lewis, "An Introduction to Credit Scoring", 1992).  Without a shift its mean
 * is about (k - 1)(1/n + 1/m) for k classes (Yurdakul, Naranjo, "Statistical
 * properties of the population stability index", 2020).
 *
 * All sums are double-doubles over sorted values, so the order of rows does
 * not matter.
 */
#include "tiering/concentration.h"

#include "common/double_double.h"

static inline bool
PairIsLess(const ClassPair *a, const ClassPair *b)
{
	return a->expected < b->expected ||
		(a->expected == b->expected && a->actual < b->actual);
}

#define ST_SORT SortPairs
#define ST_ELEMENT_TYPE ClassPair
#define ST_COMPARE(a, b) (PairIsLess(b, a) - PairIsLess(a, b))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "miscadmin.h"
#include "lib/sort_template.h"

void
SortClassPairs(ClassPair *pairs, int64 n)
{
	SortPairs(pairs, n);
}

/* False if there is no value above 0. */
static bool
ScaleOfRuns(const ValueRuns *runs, double *scale)
{
	double		largest = runs->n_runs == 0 ? 0 : runs->value[runs->n_runs - 1];

	*scale = largest > 0 ? RangeScale(largest) : 1;
	return largest > 0;
}

bool
Gini(const ValueRuns *runs, double *result)
{
	DoubleDouble total = {0, 0};
	DoubleDouble weighted = {0, 0};
	int128		n = runs->total;
	int128		below = 0;
	double		scale;

	if (!ScaleOfRuns(runs, &scale))
		return false;
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		int64		count = runs->count[i];
		double		x = runs->value[i] * scale;

		DoubleDoubleCollectCounted(&total, x, count);
		DoubleDoubleCollectProduct(&weighted, x, count * (2 * below + count - n));
		below += count;
		POLL_EVERY(i);
	}
	*result = Max(weighted.high / (runs->total * total.high), 0);
	return true;
}

/*
 * The poorest i / points of n customers are those up to the place i n / points,
 * the last of them perhaps in part: a multiple of 1 / points of a customer.
 */
bool
Lorenz(const ValueRuns *runs, int points, double *shares)
{
	DoubleDouble before = {0, 0};
	DoubleDouble total = {0, 0};
	int128		n = runs->total;
	int128		rows = 0;		/* before the run */
	int64		run = 0;
	double		scale;

	if (!ScaleOfRuns(runs, &scale))
		return false;
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		DoubleDoubleCollectCounted(&total, runs->value[i] * scale, runs->count[i]);
		POLL_EVERY(i);
	}
	shares[0] = 0;
	shares[points] = 1;
	for (int i = 1; i < points; i++)
	{
		DoubleDouble sum = {0, 0};

		while ((rows + runs->count[run]) * points < i * n)
		{
			DoubleDoubleCollectCounted(&before, runs->value[run] * scale, runs->count[run]);
			rows += runs->count[run++];
			POLL_EVERY(run);
		}
		DoubleDoubleCollectProduct(&sum, before.high, points);
		DoubleDoubleCollect(&sum, before.low * points, 0);
		DoubleDoubleCollectProduct(&sum, runs->value[run] * scale, i * n - rows * points);
		shares[i] = Min(sum.high / (total.high * points), 1);
	}
	return true;
}

/*
 * Sorts the pairs, and adds each side up, in units by which the sums stay in
 * range.
 */
static bool
Totals(ClassPair *pairs, int64 n, double scale[2], double total[2])
{
	DoubleDouble expected = {0, 0};
	DoubleDouble actual = {0, 0};
	double		largest[2] = {0, 0};

	SortPairs(pairs, n);
	for (int64 i = 0; i < n; i++)
	{
		largest[0] = Max(largest[0], pairs[i].expected);
		largest[1] = Max(largest[1], pairs[i].actual);
		POLL_EVERY(i);
	}
	if (largest[0] == 0 || largest[1] == 0)
		return false;
	scale[0] = RangeScale(largest[0]);
	scale[1] = RangeScale(largest[1]);
	for (int64 i = 0; i < n; i++)
	{
		DoubleDoubleCollect(&expected, pairs[i].expected * scale[0], 0);
		DoubleDoubleCollect(&actual, pairs[i].actual * scale[1], 0);
		POLL_EVERY(i);
	}
	total[0] = expected.high;
	total[1] = actual.high;
	return true;
}

/* ln(a / e), also where the ratio is out of range. */
static double
LogOfRatio(double a, double e)
{
	double		ratio = a / e;

	return ratio > 0 && !isinf(ratio) ? log(ratio) : log(a) - log(e);
}

bool
Psi(ClassPair *pairs, int64 n, double *result)
{
	double		scale[2];
	double		total[2];
	DoubleDouble sum = {0, 0};

	if (!Totals(pairs, n, scale, total))
		return false;
	for (int64 i = 0; i < n; i++)
	{
		double		e = pairs[i].expected * scale[0] / total[0];
		double		a = pairs[i].actual * scale[1] / total[1];

		if (e == 0)
			e = PSI_FLOOR;
		if (a == 0)
			a = PSI_FLOOR;
		DoubleDoubleCollect(&sum, (a - e) * LogOfRatio(a, e), 0);
		POLL_EVERY(i);
	}
	*result = sum.high;
	return true;
}

bool
PsiExpected(ClassPair *pairs, int64 n, double *result)
{
	double		scale[2];
	double		total[2];
	int64		classes = 0;

	if (!Totals(pairs, n, scale, total))
		return false;
	for (int64 i = 0; i < n; i++)
	{
		classes += pairs[i].expected > 0 || pairs[i].actual > 0;
		POLL_EVERY(i);
	}
	*result = (classes - 1) * (scale[0] / total[0] + scale[1] / total[1]);
	return true;
}
