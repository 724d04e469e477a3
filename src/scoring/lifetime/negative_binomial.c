/*
 * negative_binomial.c
 *		Purchases at a rate that is Gamma distributed (core).
 *
 * A probability is taken from its logarithm, in the form of Loader (Fast and
 * accurate computation of binomial probabilities, 2000): what is left of the
 * gamma functions beyond Stirling's formula, and two deviances of the number
 * from its mean, which are computed so that nothing cancels.
 *
 * The tail is an incomplete beta function, by its continued fraction (Abramowitz,
 * Stegun 26.5.8), as a tail or as the complement of the other one, whichever
 * converges.  The complement would cancel where k is small, and its fraction where
 * w is: there the probabilities below n are summed.
 */
#include "scoring/lifetime/negative_binomial.h"

#include <float.h>

#include "scoring/lifetime/special.h"

#define HALF_LOG_TWO_PI	0.91893853320467274178

/* From here on, with k < 1, an error of 1e-9 is accepted; the sum would take too long. */
#define MAX_SUMMED		1000000

#define MAX_FRACTION	1000000

double
StirlingError(double z)
{
	double		u = 1 / z / z;

	if (z < 16)
		return LogGamma(z) - ((z - 0.5) * log(z) - z + HALF_LOG_TWO_PI);
	return (1.0 / 12 - u * (1.0 / 360 - u * (1.0 / 1260 - u * (1.0 / 1680
			- u * (1.0 / 1188 - u * (691.0 / 360360)))))) / z;
}

/* x log(x / mean) - d, d = x - mean; x, mean > 0 */
static double
Deviance(double x, double mean, double d)
{
	double		v = d / (x + mean);
	double		square = v * v;
	double		power = 2 * x * v;
	double		sum = d * v;

	if (fabs(v) > 0.1)
		return x * log(x / mean) - d;
	/* log((1 + v) / (1 - v)) = 2 (v + v^3/3 + v^5/5 ...); the first term and d leave d v */
	for (int i = 3;; i += 2)
	{
		double		before = sum;

		power *= square;
		sum += power / i;
		if (sum == before)
			return sum;
	}
}

double
NegativeBinomial(double k, double w, double n)
{
	double		all = k + n;
	double		d = (n - k * w) / (1 + w);	/* n less its mean, given all */

	if (n == 0)
		return exp(-k * log1p(w));
	return exp(StirlingError(all) - StirlingError(k) - StirlingError(n)
			   - Deviance(k, all / (1 + w), -d) - Deviance(n, all * (w / (1 + w)), d)
			   + 0.5 * log(k / n / all) - HALF_LOG_TWO_PI);
}

/*
 * The continued fraction F of the incomplete beta function
 *		I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) F
 * from its front, by the method of Lentz.
 */
static double
BetaFraction(double a, double b, double x)
{
	double		numerator = 1;
	double		denominator = 1 / (1 - (a + b) / (a + 1) * x);
	double		f = denominator;

	for (int i = 1; i < MAX_FRACTION; i++)
	{
		double		m = i;
		double		even = m / (a + 2 * m - 1) * ((b - m) / (a + 2 * m)) * x;
		double		odd = -(a + m) / (a + 2 * m) * ((a + b + m) / (a + 2 * m + 1)) * x;
		double		change;

		denominator = 1 / (1 + even * denominator);
		numerator = 1 + even / numerator;
		f *= denominator * numerator;
		denominator = 1 / (1 + odd * denominator);
		numerator = 1 + odd / numerator;
		change = denominator * numerator;
		f *= change;
		if (fabs(change - 1) < 2 * DBL_EPSILON)
			break;
	}
	return f;
}

/* P(N >= 1) less P(N = j), j = 1 .. n - 1 */
static double
TailBySubtraction(double k, double w, double n)
{
	double		z = w / (1 + w);
	double		probability = exp(-k * log1p(w));
	double		tail = -expm1(-k * log1p(w));

	for (double j = 1; j < n; j++)
	{
		probability *= z * (k + (j - 1)) / j;
		tail -= probability;
	}
	return Max(tail, 0);
}

/* P(N < n) from its last term down; for small w, where not many terms matter. */
static double
Below(double k, double w, double n)
{
	double		z = w / (1 + w);
	double		probability = NegativeBinomial(k, w, n - 1);
	double		sum = probability;

	for (double j = n - 1; j > 0 && probability > DBL_EPSILON / 16 * sum; j--)
	{
		probability *= j / (z * (k + (j - 1)));
		sum += probability;
	}
	return sum;
}

double
NegativeBinomialTail(double k, double w, double n)
{
	double		probability;

	if (n == 0)
		return 1;
	if (k < 1 && n <= w * (k + 1) - 1 && n < MAX_SUMMED)
		return TailBySubtraction(k, w, n);
	if (w < 1 && n <= w * (k + 1) - 1)
		return 1 - Below(k, w, n);
	probability = NegativeBinomial(k, w, n);
	if (n > w * (k + 1) - 1)
		return probability > 0 ? probability * BetaFraction(n, k, w / (1 + w)) : 0;
	probability *= n / k;
	return probability > 0 ? Max(1 - probability * BetaFraction(k, n, 1 / (1 + w)), 0) : 1;
}
