/*
 * bgbb.c
 *		The BG/BB model: opportunities to buy, each taken or not (core).
 *
 * Source: P. S. Fader, B. G. S. Hardie, J. Shang, "Customer-Base Analysis in a
 * Discrete-Time Noncontractual Setting", Marketing Science 29 (2010).  While
 * alive a customer takes an opportunity with probability p ~ beta(alpha, beta),
 * and dies before each with probability theta ~ beta(gamma, delta).  Who took x
 * of n opportunities, t_x the last, was alive for m of them, m = t_x .. n:
 *		L = sum over m < n of A(m) B(gamma + 1, delta + m) / B(gamma, delta)
 *			+ A(n) B(gamma, delta + n) / B(gamma, delta),
 *		A(m) = B(alpha + x, beta + m - x) / B(alpha, beta).
 * All terms are positive, and each follows from the one before by a rational
 * factor, as do its derivatives; so only the first takes gamma functions, and
 * nothing cancels.  The derivatives of log L are those of a mixture.
 *
 * Predictions see the customer after the n opportunities with beta(alpha + x,
 * beta + n - x) and, if still alive, beta(gamma, delta + n).
 */
#include "scoring/lifetime/lifetime.h"

#include <math.h>

#include "scoring/lifetime/beta_geometric.h"
#include "scoring/lifetime/likelihood_sum.h"
#include "scoring/lifetime/special.h"

enum
{
	ALPHA, BETA, GAMMA, DELTA, N_PARAMETERS
};

/* --- Likelihood ------------------------------------------------------------------ */

/*
 * The first term, m = t_x: its logarithm with the derivatives by the
 * logarithms of the parameters.
 */
static void
FirstTerm(const double *parameter, double x, double t_x, LifetimeLikelihood *first)
{
	double		both = parameter[ALPHA] + parameter[BETA];
	double		chance = parameter[GAMMA] + parameter[DELTA];
	double		step[N_PARAMETERS] = {x, t_x - x, 1, t_x};
	double		total[N_PARAMETERS] = {both, both, chance, chance};
	double		total_step[N_PARAMETERS] = {t_x, t_x, t_x + 1, t_x + 1};

	first->value = LogGammaDifference(parameter[ALPHA], x)
		+ LogGammaDifference(parameter[BETA], t_x - x) - LogGammaDifference(both, t_x)
		+ log(parameter[GAMMA])
		+ LogGammaDifference(parameter[DELTA], t_x) - LogGammaDifference(chance, t_x + 1);
	for (int i = 0; i < N_PARAMETERS; i++)
	{
		double		p = parameter[i];
		double		slope = DigammaDifference(p, step[i]) - DigammaDifference(total[i], total_step[i]);
		double		mixed = -TrigammaDifference(total[i], total_step[i]);

		first->gradient[i] = p * slope;
		first->hessian[i][i] = p * (slope + p * (TrigammaDifference(p, step[i]) + mixed));
		if (i % 2 == 0)
			first->hessian[i][i + 1] = p * parameter[i + 1] * mixed;
	}
}

/* Sums over j of 1 / (z + j), and of its square. */
typedef struct HarmonicSum
{
	double		sum;
	double		squares;
} HarmonicSum;

static inline void
HarmonicAdd(HarmonicSum *h, double z)
{
	h->sum += 1 / z;
	h->squares += 1 / z / z;
}

/*
 * Derivatives of the logarithm of a product of (b + j) / (a + b + j'), given
 * the sums for b and for a + b, in a block of two parameters.
 */
static inline void
BlockDerivatives(double a, double b, const HarmonicSum *upper, const HarmonicSum *lower,
				 double *gradient, double *hessian)
{
	gradient[0] = -a * lower->sum;
	gradient[1] = b * (upper->sum - lower->sum);
	hessian[0] = a * (a * lower->squares - lower->sum);
	hessian[1] = a * b * lower->squares;
	hessian[2] = b * (upper->sum - lower->sum - b * (upper->squares - lower->squares));
}

/* Weighted sums over the terms of gradient g, of g g' and of the second derivatives. */
typedef struct TermSums
{
	double		weight;
	double		gradient[N_PARAMETERS];
	double		square[N_PARAMETERS][N_PARAMETERS];
	double		hessian[2][3];	/* by block: 00, 01, 11 */
} TermSums;

static inline void
TermAdd(TermSums *sums, double weight, const double *gradient, double hessian[2][3])
{
	sums->weight += weight;
	for (int i = 0; i < N_PARAMETERS; i++)
	{
		sums->gradient[i] += weight * gradient[i];
		for (int j = i; j < N_PARAMETERS; j++)
			sums->square[i][j] += weight * gradient[i] * gradient[j];
	}
	for (int i = 0; i < 3; i++)
	{
		sums->hessian[0][i] += weight * hessian[0][i];
		sums->hessian[1][i] += weight * hessian[1][i];
	}
}

/* All terms, as multiples of the first. */
static void
SumTerms(const double *parameter, double x, double t_x, double n, TermSums *sums)
{
	double		both = parameter[ALPHA] + parameter[BETA];
	double		chance = parameter[GAMMA] + parameter[DELTA];
	double		alive = chance + n;
	double		weight = 1;
	HarmonicSum bought = {0};	/* beta - x + j */
	HarmonicSum offered = {0};	/* alpha + beta + j */
	HarmonicSum stayed = {0};	/* delta + j */
	HarmonicSum asked = {0};	/* gamma + delta + 1 + j */
	double		gradient[N_PARAMETERS];
	double		hessian[2][3];

	memset(sums, 0, sizeof(*sums));
	for (double m = t_x;; m++)
	{
		BlockDerivatives(parameter[ALPHA], parameter[BETA], &bought, &offered,
						 gradient, hessian[0]);
		BlockDerivatives(parameter[GAMMA], parameter[DELTA], &stayed, &asked,
						 gradient + 2, hessian[1]);
		if (m >= n)
			break;
		TermAdd(sums, weight, gradient, hessian);

		weight *= (parameter[BETA] - x + m) / (both + m) *
			((parameter[DELTA] + m) / (chance + 1 + m));
		HarmonicAdd(&bought, parameter[BETA] - x + m);
		HarmonicAdd(&offered, both + m);
		HarmonicAdd(&stayed, parameter[DELTA] + m);
		HarmonicAdd(&asked, chance + 1 + m);
		POLL_EVERY((int64) m);
	}

	/* alive at the end: B(gamma, delta + n) instead of B(gamma + 1, delta + n) */
	gradient[GAMMA] += parameter[GAMMA] / alive - 1;
	gradient[DELTA] += parameter[DELTA] / alive;
	hessian[1][0] += parameter[GAMMA] / alive * (1 - parameter[GAMMA] / alive);
	hessian[1][1] -= parameter[GAMMA] / alive * (parameter[DELTA] / alive);
	hessian[1][2] += parameter[DELTA] / alive * (1 - parameter[DELTA] / alive);
	TermAdd(sums, weight * (alive / parameter[GAMMA]), gradient, hessian);
}

static void
CellLikelihood(const double *parameter, double x, double t_x, double n, LifetimeLikelihood *cell)
{
	TermSums	sums;

	memset(cell, 0, sizeof(*cell));
	FirstTerm(parameter, x, t_x, cell);
	SumTerms(parameter, x, t_x, n, &sums);

	cell->value += log(sums.weight);
	for (int i = 0; i < N_PARAMETERS; i++)
	{
		double		mean = sums.gradient[i] / sums.weight;

		cell->gradient[i] += mean;
		for (int j = i; j < N_PARAMETERS; j++)
			cell->hessian[i][j] += sums.square[i][j] / sums.weight
				- mean * (sums.gradient[j] / sums.weight);
		if (i % 2 == 0)
		{
			cell->hessian[i][i] += sums.hessian[i / 2][0] / sums.weight;
			cell->hessian[i][i + 1] += sums.hessian[i / 2][1] / sums.weight;
			cell->hessian[i + 1][i + 1] += sums.hessian[i / 2][2] / sums.weight;
		}
	}
}

static void
BgbbLikelihood(const double *parameter, const LifetimeCells *cells, LifetimeLikelihood *result)
{
	LikelihoodSum sum;
	LifetimeLikelihood cell;

	memset(&sum, 0, sizeof(sum));
	for (int64 i = 0; i < cells->n; i++)
	{
		CellLikelihood(parameter, cells->x[i], cells->t_x[i], cells->age[i], &cell);
		LikelihoodCollect(&sum, &cell, cells->count[i]);
		POLL_EVERY(i);
	}
	LikelihoodResult(&sum, result);
	for (int i = 0; i < N_PARAMETERS; i++)
	{
		for (int j = 0; j < i; j++)
			result->hessian[i][j] = result->hessian[j][i];
	}
}

/* --- Predictions ------------------------------------------------------------------- */

/* The probability to have been alive for all n opportunities. */
static double
AliveSoFar(const double *parameter, const LifetimeHistory *h)
{
	double		both = parameter[ALPHA] + parameter[BETA];
	double		chance = parameter[GAMMA] + parameter[DELTA];
	double		term = parameter[GAMMA] / (chance + h->age);
	double		odds = 0;

	/* odds of death, from the last opportunity back: terms grow, and may become infinite */
	for (double m = h->age - 1; m >= h->t_x && !isinf(odds); m--)
	{
		term *= (both + m) / (parameter[BETA] - h->x + m) *
			((chance + 1 + m) / (parameter[DELTA] + m));
		odds += term;
		POLL_EVERY((int64) m);
	}
	return 1 / (1 + odds);
}

static double
BgbbPAlive(const double *parameter, const LifetimeHistory *h)
{
	double		stayed = parameter[DELTA] + h->age;

	return AliveSoFar(parameter, h) * (stayed / (parameter[GAMMA] + stayed));
}

/* The mean of p, given the history. */
static double
TakenShare(const double *parameter, const LifetimeHistory *h)
{
	return (parameter[ALPHA] + h->x) / (parameter[ALPHA] + parameter[BETA] + h->age);
}

static double
BgbbExpectedPurchases(const double *parameter, const LifetimeHistory *h, double horizon)
{
	return AliveSoFar(parameter, h) * TakenShare(parameter, h) *
		BetaGeometricLifetime(parameter[GAMMA], parameter[DELTA] + h->age, horizon);
}

/* A positive number that may be beyond the range of double: value * 2^exponent. */
typedef struct Scaled
{
	double		value;
	int			exponent;
} Scaled;

static inline void
ScaledMultiply(Scaled *s, double factor)
{
	s->value *= factor;
	if (unlikely(s->value < 1e-150 || s->value > 1e150))
	{
		int			exponent;

		s->value = frexp(s->value, &exponent);
		s->exponent += exponent;
	}
}

static inline void
ScaledAdd(Scaled *s, const Scaled *term)
{
	if (s->value == 0)
		*s = *term;
	else if (term->exponent <= s->exponent)
		s->value += ldexp(term->value, term->exponent - s->exponent);
	else
	{
		s->value = term->value + ldexp(s->value, s->exponent - term->exponent);
		s->exponent = term->exponent;
	}
}

/*
 * n purchases in the horizon, given that the customer is alive so far: the sum
 * over the number i of further opportunities that the customer lives to see,
 * n <= i <= horizon, of which n are taken.
 */
static double
TakenInHorizon(const double *parameter, const LifetimeHistory *h, double horizon, int n)
{
	double		taking = parameter[ALPHA] + h->x;
	double		passing = parameter[BETA] + h->age - h->x;
	double		stayed = parameter[DELTA] + h->age;
	double		chance = parameter[GAMMA] + stayed;
	Scaled		term = {1, 0};
	Scaled		sum = {0, 0};

	for (int j = 0; j < n; j++)
	{
		ScaledMultiply(&term, (taking + j) / (taking + passing + j) * ((stayed + j) / (chance + j)));
		POLL_EVERY(j);
	}
	ScaledMultiply(&term, parameter[GAMMA] / (chance + n));
	for (double i = n; i < horizon; i++)
	{
		ScaledAdd(&sum, &term);
		ScaledMultiply(&term, (i + 1) / (i + 1 - n) *
					   ((passing + i - n) / (taking + passing + i) *
						((stayed + i) / (chance + 1 + i))));
		POLL_EVERY((int64) i);
	}
	ScaledMultiply(&term, (chance + horizon) / parameter[GAMMA]);
	ScaledAdd(&sum, &term);
	return ldexp(sum.value, sum.exponent);
}

static double
BgbbPurchaseProbability(const double *parameter, const LifetimeHistory *h, double horizon, int n)
{
	double		alive = AliveSoFar(parameter, h);
	double		taken = n <= horizon ? alive * TakenInHorizon(parameter, h, horizon, n) : 0;

	return Min(n == 0 ? (1 - alive) + taken : taken, 1);
}

static double
BgbbDert(const double *parameter, const LifetimeHistory *h, double discount)
{
	return AliveSoFar(parameter, h) * TakenShare(parameter, h) * exp(-discount) *
		BetaGeometricDiscounted(parameter[GAMMA], parameter[DELTA] + h->age, -expm1(-discount));
}

const LifetimeKindOps bgbb_ops = {
	.name = "bgbb",
	.n_parameters = N_PARAMETERS,
	.parameter = {"alpha", "beta", "gamma", "delta"},
	.likelihood = BgbbLikelihood,
	.p_alive = BgbbPAlive,
	.expected_purchases = BgbbExpectedPurchases,
	.purchase_probability = BgbbPurchaseProbability,
	.dert = BgbbDert,
};
