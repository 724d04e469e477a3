/*
 * special.c
 *		Functions of the gamma family (core).
 *
 * All rest on Stirling's series (Abramowitz, Stegun, Handbook of Mathematical
 * Functions, 6.1.40, 6.3.18, 6.4.12), used from z = 16 on, where the first term
 * that is left out is below 1e-16; a smaller z is first raised by the
 * recurrence.  In the differences each power is factored by
 *		u^n - v^n = (u - v) (u^(n-1) + u^(n-2) v + ... + v^(n-1)),  u = 1/z, v = 1/(z+d),
 * and u - v = d u v, so nothing cancels and the result keeps its digits however
 * small d is against z.
 *
 * lgamma_r is used, not lgamma, which writes a global variable.
 */
#include "scoring/lifetime/special.h"

#define STIRLING_FROM	16.0
#define N_STIRLING		6

/* B(2k) / (2k (2k - 1)), k = 1.. */
static const double log_gamma_term[N_STIRLING] = {
	1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360
};

/* B(2k) / 2k */
static const double digamma_term[N_STIRLING] = {
	1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760
};

/* B(2k) */
static const double trigamma_term[N_STIRLING] = {
	1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730
};

double
LogGamma(double z)
{
	int			sign;

	return lgamma_r(z, &sign);
}

double
LogBeta(double a, double b)
{
	double		small = Min(a, b);

	return LogGamma(small) - LogGammaDifference(Max(a, b), small);
}

double
StirlingRemainder(double z)
{
	double		square = 1 / z / z;
	double		sum = 0;

	if (z < STIRLING_FROM)
		return LogGamma(z) - ((z - 0.5) * log(z) - z + 0.91893853320467274178);
	for (int k = N_STIRLING - 1; k > 0; k--)
		sum = (sum + log_gamma_term[k]) * square;
	return (log_gamma_term[0] + sum) / z;
}

double
Digamma(double z)
{
	double		raised = 0;
	double		square;
	double		sum = 0;

	for (; z < STIRLING_FROM; z++)
		raised += 1 / z;
	square = 1 / z / z;
	for (int k = N_STIRLING - 1; k >= 0; k--)
		sum = (sum + digamma_term[k]) * square;
	return log(z) - 0.5 / z - sum - raised;
}

double
Trigamma(double z)
{
	double		raised = 0;
	double		u;
	double		sum = 0;

	for (; z < STIRLING_FROM; z++)
		raised += 1 / z / z;
	u = 1 / z;
	for (int k = N_STIRLING - 1; k >= 0; k--)
		sum = (sum + trigamma_term[k]) * u * u;
	return u * (1 + u / 2 + sum) + raised;
}

/* The terms times (u^n - v^n) / (u - v), for n = first, first + 2, ... */
static double
FactoredSum(const double *term, int first, double u, double v)
{
	double		power = 1;		/* v^(n-1) */
	double		factored = 1;	/* of n = 1 */
	double		sum = 0;

	for (int n = 1; n < first + 2 * N_STIRLING; n++)
	{
		if (n >= first && (n - first) % 2 == 0)
			sum += term[(n - first) / 2] * factored;
		power *= v;
		factored = factored * u + power;
	}
	return sum;
}

double
LogGammaDifference(double z, double d)
{
	double		raised = 0;		/* the product of 1 + d / (z + i), less 1 */

	if (d == 0)
		return 0;
	if (z < STIRLING_FROM && d > 1e6)
		return LogGamma(z + d) - LogGamma(z);
	for (; z < STIRLING_FROM; z++)
		raised += d / z + raised * (d / z);
	return (z - 0.5) * log1p(d / z) + d * (log(z + d) - 1)
		- d / z / (z + d) * FactoredSum(log_gamma_term, 1, 1 / z, 1 / (z + d))
		- log1p(raised);
}

double
DigammaDifference(double z, double d)
{
	double		raised = 0;
	double		u;
	double		v;

	for (; z < STIRLING_FROM; z++)
		raised += d / z / (z + d);
	u = 1 / z;
	v = 1 / (z + d);
	return log1p(d * u) + d * u * v * (0.5 + FactoredSum(digamma_term, 2, u, v)) + raised;
}

double
TrigammaDifference(double z, double d)
{
	double		raised = 0;
	double		u;
	double		v;

	for (; z < STIRLING_FROM; z++)
		raised += d / z / (z + d) * (1 / z + 1 / (z + d));
	u = 1 / z;
	v = 1 / (z + d);
	return -d * u * v * (1 + (u + v) / 2 + FactoredSum(trigamma_term, 3, u, v)) - raised;
}
