/*
 * sbg.c
 *		The shifted beta-geometric model of contracts that are renewed (core).
 *
 * Source: P. S. Fader, B. G. S. Hardie, "How to Project Customer Retention",
 * Journal of Interactive Marketing 21 (2007); residual lifetime: the same,
 * "Customer-Base Valuation in a Contractual Setting", Marketing Science 29
 * (2010).  The logarithm of the likelihood is
 *		sum over t >= 1 of kept(t) log r(t) + lost(t) log(1 - r(t)),
 *		r(t) = (beta + t - 1) / (alpha + beta + t - 1),
 * where kept(t) customers of those in period t - 1 renewed and lost(t) did not.
 * A gap in the periods stands for several renewals of which only the end was
 * seen; customers before the first period count as a condition.
 */
#include "scoring/lifetime/lifetime.h"

#include <math.h>

#include "scoring/lifetime/beta_geometric.h"
#include "scoring/lifetime/likelihood_sum.h"

#define ALPHA	0
#define BETA	1

/*
 * The probability to renew in each of the periods [from, to), and to leave in
 * one of them: logarithms and derivatives by log alpha and log beta.
 */
static void
Renew(double alpha, double beta, double from, double to,
	  LifetimeLikelihood *kept, LifetimeLikelihood *lost)
{
	double		odds;

	memset(kept, 0, sizeof(*kept));
	memset(lost, 0, sizeof(*lost));
	for (double t = from; t < to; t++)
	{
		double		left = beta + t;
		double		all = alpha + left;

		kept->value -= log1p(alpha / left);
		kept->gradient[ALPHA] -= alpha / all;
		kept->gradient[BETA] += beta / left * (alpha / all);
		kept->hessian[ALPHA][ALPHA] -= alpha / all * (left / all);
		kept->hessian[ALPHA][BETA] += alpha / all * (beta / all);
		kept->hessian[BETA][BETA] += beta / left * (t / left) - beta / all * ((alpha + t) / all);
		POLL_EVERY((int64) t);
	}
	if (to - from == 1)
	{
		double		left = beta + from;
		double		all = alpha + left;

		lost->value = -log1p(left / alpha);
		lost->gradient[ALPHA] = left / all;
		lost->gradient[BETA] = -beta / all;
		lost->hessian[ALPHA][ALPHA] = -alpha / all * (left / all);
		lost->hessian[ALPHA][BETA] = alpha / all * (beta / all);
		lost->hessian[BETA][BETA] = -beta / all * ((alpha + from) / all);
		return;
	}
	odds = 1 / expm1(-kept->value);
	lost->value = log(-expm1(kept->value));
	for (int i = 0; i < 2; i++)
	{
		lost->gradient[i] = -odds * kept->gradient[i];
		for (int j = i; j < 2; j++)
			lost->hessian[i][j] = -odds * (kept->hessian[i][j] +
										   (1 + odds) * kept->gradient[i] * kept->gradient[j]);
	}
}

static void
SbgLikelihood(const double *parameter, const LifetimeCells *cells, LifetimeLikelihood *result)
{
	LikelihoodSum sum;
	LifetimeLikelihood kept;
	LifetimeLikelihood lost;

	memset(&sum, 0, sizeof(sum));
	for (int64 i = 0; i + 1 < cells->n; i++)
	{
		Renew(parameter[ALPHA], parameter[BETA], cells->x[i], cells->x[i + 1], &kept, &lost);
		LikelihoodCollect(&sum, &kept, cells->count[i + 1]);
		LikelihoodCollect(&sum, &lost, cells->count[i] - cells->count[i + 1]);
		POLL_EVERY(i);
	}
	LikelihoodResult(&sum, result);
	result->hessian[BETA][ALPHA] = result->hessian[ALPHA][BETA];
}

double
SbgSurvival(const double *parameter, int renewals)
{
	return BetaGeometricSurvival(parameter[ALPHA], parameter[BETA], renewals);
}

double
SbgRetention(const double *parameter, int renewals)
{
	return 1 / (1 + parameter[ALPHA] / (parameter[BETA] + renewals));
}

double
SbgResidualLifetime(const double *parameter, int renewals, double discount)
{
	/* also where discount + 1 would be infinite or no more than 1 */
	return BetaGeometricDiscounted(parameter[ALPHA], parameter[BETA] + renewals,
								   discount > 1 ? 1 / (1 + 1 / discount) : discount / (1 + discount));
}

const LifetimeKindOps sbg_ops = {
	.name = "sbg",
	.n_parameters = 2,
	.parameter = {"alpha", "beta"},
	.likelihood = SbgLikelihood,
};
