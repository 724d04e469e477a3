/*
 * gamma_gamma.c
 *		What a purchase is worth: the gamma-gamma model (core).
 *
 * The values of the purchases of a customer are gamma distributed with shape p
 * and a rate of the customer's own, and these rates are gamma distributed with
 * shape q and rate gamma (Fader, Hardie, Lee, RFM and CLV, Journal of Marketing
 * Research 42, 2005; Fader, Hardie, The gamma-gamma model of monetary value,
 * note 025, 2013).  The mean m of x values then has the density
 *
 *		u^a (1 - u)^q / (m B(a, q)),    a = p x, u = m x / (gamma + m x).
 *
 * Written out in logarithms of the gamma function this loses all digits where p
 * or q is large, which is where the likelihood of customers who spend alike
 * goes.  So it is taken as C. Loader takes the binomial distribution (Fast and
 * accurate computation of binomial probabilities, 2000): Stirling's main terms
 * cancel by algebra, and with n = a + q and delta = n u - a the rest is
 *
 *		-a h(delta / a) - q h(-delta / q) + log(a q / (2 pi n)) / 2
 *		+ S(n) - S(a) - S(q) - log m,    h(e) = e - log(1 + e),
 *
 * with S the remainder of Stirling's formula.
 */
#include "scoring/lifetime/lifetime.h"

#include <float.h>

#include "scoring/lifetime/likelihood_sum.h"
#include "scoring/lifetime/special.h"

#define LOG_2PI		1.83787706640934548356

/* digamma(z) - log(z) */
static double
DigammaRemainder(double z)
{
	double		square = 1 / z / z;

	if (z < 16)
		return Digamma(z) - log(z);
	return -0.5 / z - square * (1.0 / 12 - square * (1.0 / 120 - square *
			(1.0 / 252 - square * (1.0 / 240 - square * (1.0 / 132)))));
}

/* What depends on x only. */
typedef struct GammaGammaRun
{
	double		x;
	double		a;				/* p x */
	double		n;				/* a + q */
	double		constant;
	double		by_a;			/* digamma(n) - digamma(a) - log(n / a) */
	double		by_q;			/* digamma(n) - digamma(q) - log(n / q) */
	double		aa;				/* a^2 (trigamma(n) - trigamma(a)) */
	double		qq;				/* q^2 (trigamma(n) - trigamma(q)) */
	double		aq;				/* a q trigamma(n) */
} GammaGammaRun;

static GammaGammaRun
RunOf(double p, double q, double x)
{
	GammaGammaRun run;
	double		remainder;

	run.x = x;
	run.a = p * x;
	run.n = run.a + q;
	run.constant = (log(run.a / run.n) + log(q) - LOG_2PI) / 2 + StirlingRemainder(run.n)
		- StirlingRemainder(run.a) - StirlingRemainder(q);
	remainder = DigammaRemainder(run.n);
	run.by_a = remainder - DigammaRemainder(run.a);
	run.by_q = remainder - DigammaRemainder(q);
	run.aa = run.a * run.a * TrigammaDifference(run.a, q);
	run.qq = q * q * TrigammaDifference(q, run.a);
	run.aq = run.a * q * Trigamma(run.n);
	return run;
}

static void
GammaGammaLikelihood(const double *parameter, const LifetimeCells *cells,
					 LifetimeLikelihood *result)
{
	double		q = parameter[1];
	double		gamma = parameter[2];
	GammaGammaRun run = {.x = -1};
	LikelihoodSum sum = {.n_block = 0};
	LifetimeLikelihood cell = {0};

	for (int64 i = 0; i < cells->n; i++)
	{
		double		m = cells->t_x[i];
		double		all;		/* gamma + m x */
		double		u;
		double		delta;
		double		log_a;		/* log(1 + delta / a), that is log(n u / a) */
		double		log_q;		/* log(1 - delta / q), that is log(n (1 - u) / q) */

		POLL_EVERY(i);
		if (cells->x[i] != run.x)
			run = RunOf(parameter[0], q, cells->x[i]);
		all = gamma + m * run.x;
		u = m * run.x / all;
		delta = (q * m - parameter[0] * gamma) * (run.x / all);
		log_a = delta < -0.5 * run.a ? log(u * run.n / run.a) : log1p(delta / run.a);
		log_q = delta > 0.5 * q ? log(gamma / all * run.n / q) : log1p(-delta / q);

		cell.value = run.a * (log_a - delta / run.a) + q * (log_q + delta / q)
			+ run.constant - log(m);
		cell.gradient[0] = run.a * (log_a + run.by_a);
		cell.gradient[1] = q * (log_q + run.by_q);
		cell.gradient[2] = delta;
		cell.hessian[0][0] = cell.gradient[0] + run.aa;
		cell.hessian[1][0] = cell.hessian[0][1] = run.aq;
		cell.hessian[1][1] = cell.gradient[1] + run.qq;
		cell.hessian[2][0] = cell.hessian[0][2] = -run.a * (gamma / all);
		cell.hessian[2][1] = cell.hessian[1][2] = q * u;
		cell.hessian[2][2] = -run.n * u * (gamma / all);
		LikelihoodCollect(&sum, &cell, cells->count[i]);
	}
	LikelihoodResult(&sum, result);
}

/* gamma + x m over x + (q - 1) / p: the customer's own mean and that of all, weighted. */
double
GammaGammaMean(const double *parameter, double x, double m_x)
{
	double		p = parameter[0];
	double		values = parameter[2] + (x > 0 ? x * m_x : 0);
	double		weight = p * x + (parameter[1] - 1);
	double		mean;

	if (weight <= 0)
		return INFINITY;
	mean = values * (p / weight);
	if (mean >= DBL_MIN && !isinf(mean) && !isinf(weight))
		return mean;
	/* a step left the range of float8, the result need not */
	weight = x + (parameter[1] - 1) / p;
	return isinf(weight) ? exp(log(values) + log(p) - log(p * x + (parameter[1] - 1)))
		: values / weight;
}

const LifetimeKindOps gamma_gamma_ops = {
	.name = "gamma_gamma",
	.n_parameters = 3,
	.parameter = {"p", "q", "gamma"},
	.likelihood = GammaGammaLikelihood,
};
