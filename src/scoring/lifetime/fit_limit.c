/*
 * fit_limit.c
 *		Where a fit ends: a maximum, or a limit, and which (core).
 *
 * The likelihood of heterogeneous customers has its supremum at a limit when
 * the data show no heterogeneity, or nobody who leaves: two parameters then
 * grow, or shrink, together, and the likelihood comes nearer to its supremum
 * with the first power of 1/parameter. The climb ends where a parameter
 * reaches its bound, or where no gain can be told from rounding.
 *
 * At a maximum that lies far out, u = 1/parameter, the likelihood exceeds that
 * of the limit by half of its curvature by log(u). So curvature is the measure:
 * where it is below FLAT, the limit is as good as the maximum.
 */
#include "scoring/lifetime/lifetime_fit.h"

#include <math.h>

#define N			MAX_LIFETIME_PARAMETERS

/*
 * Of the logarithms of parameters, in units of the data: 1e-8 to 1e8. The
 * predictions keep their digits there, and are those of the limit.
 */
#define BOUND			18.4

/*
 * beta of pareto_nbd goes lower. Where some leave at once and others stay, the
 * likelihood goes to its limit, or to a maximum, with 1 / log(beta) only.
 */
#define LOWEST_BETA		(-32.0)

/* From here on a share is 0 or 1. */
#define EXTREME			12.0

#define FLAT			1e-6

void
FitBounds(LifetimeKind kind, const CellsSummary *summary, double *low, double *high)
{
	double		log_age = log(summary->total_age / summary->customers);
	/* rates are by the time between purchases, not by age */
	double		log_rate = summary->repeaters > 0
		? log(Max(1, summary->purchases / summary->repeaters)) : 0;

	for (int i = 0; i < N; i++)
	{
		low[i] = -BOUND;
		high[i] = BOUND;
	}
	switch (kind)
	{
		case LIFETIME_PARETO_NBD:
			low[3] = LOWEST_BETA + log_age;
			high[3] += log_age;
			/* FALLTHROUGH */
		case LIFETIME_BGNBD:
		case LIFETIME_MBGNBD:
			high[0] += log_rate;
			low[1] += log_age - log_rate;
			high[1] += log_age;
			break;
		case LIFETIME_GAMMA_GAMMA:
			low[2] = 2 * low[2] + log(summary->min_spend);
			high[2] = 2 * high[2] + log(summary->max_spend);
			break;
		default:
			break;
	}
}

/* --- Names of limits ---------------------------------------------------------- */

/* Of a share that is Beta(a, b) distributed: dropout, in logarithms. */
static LifetimeDirection
ShareLimit(double log_a, double log_b)
{
	if (log_a - log_b < -EXTREME)
		return DIRECTION_NO_DROPOUT;
	if (log_b - log_a < -EXTREME)
		return DIRECTION_SURE_DROPOUT;
	return log_a + log_b > 0 ? DIRECTION_HOMOGENEOUS_DROPOUT : DIRECTION_POLARISED;
}

/* Of a rate that is Gamma(s, beta) distributed, beta in mean ages: dropout. */
static LifetimeDirection
RateLimit(double log_s, double log_beta)
{
	/* a customer is still there after a mean age with probability exp(-hazard) */
	double		log_hazard = log_s + log(log1p(exp(-log_beta)));

	if (log_hazard < -EXTREME)
		return DIRECTION_NO_DROPOUT;
	if (log_hazard > EXTREME)
		return DIRECTION_SURE_DROPOUT;
	return log_s > 0 ? DIRECTION_HOMOGENEOUS_DROPOUT : DIRECTION_POLARISED;
}

/* The limit that the parameters first (0 or 2) and the next one are near to. */
static LifetimeDirection
PairLimit(LifetimeKind kind, int first, const double *at, const CellsSummary *summary)
{
	double		log_age = log(summary->total_age / summary->customers);

	if (kind == LIFETIME_SBG)
		return ShareLimit(at[0], at[1]);
	if (kind == LIFETIME_GAMMA_GAMMA)
		return DIRECTION_NONE;
	if (first == 2)
		return kind == LIFETIME_PARETO_NBD ? RateLimit(at[2], at[3] - log_age)
			: ShareLimit(at[2], at[3]);
	if (kind == LIFETIME_BGBB)
		return at[0] > 0 || at[1] > 0 ? DIRECTION_HOMOGENEOUS_RATE : DIRECTION_POLARISED;
	return at[0] > 0 ? DIRECTION_HOMOGENEOUS_RATE : DIRECTION_POLARISED;
}

static LifetimeDirection
SpendLimit(const double *at, const bool *loose)
{
	bool		constant = loose[0] && at[0] > 0;
	bool		equal = loose[1] && at[1] > 0;

	if (constant && !equal && at[1] > 0)
		return DIRECTION_CONSTANT_SPEND;
	return equal && !constant ? DIRECTION_EQUAL_SPEND : DIRECTION_SEVERAL;
}

/* --- Judgement ------------------------------------------------------------------ */

/* Which parameters are not determined: at a bound, or part of a flat direction. Their number. */
static int
LooseParameters(const Objective *objective, const Optimum *optimum, bool *loose)
{
	double		flat = Max(FLAT, 4 * ObjectiveNoise(objective, optimum->here.value));
	int			n = 0;

	for (int i = 0; i < objective->n; i++)
		loose[i] = optimum->held[i];
	for (int k = 0; k < optimum->n_free; k++)
		if (!(optimum->curvature[k] > flat))
			for (int i = 0; i < objective->n; i++)
				loose[i] = loose[i] || fabs(optimum->direction[k][i]) > 0.4;
	for (int i = 0; i < objective->n; i++)
		n += loose[i];
	return n;
}

/*
 * Whether the likelihood stays the same both ways along a flat direction, as
 * far as the box goes: then nothing says where the parameters are.
 */
static bool
IsRidge(const Objective *objective, const Optimum *optimum, int k)
{
	const double *direction = optimum->direction[k];

	for (int sign = -1; sign <= 1; sign += 2)
	{
		LifetimeLikelihood there;
		double		way = 4 * BOUND;
		double		at[N];

		for (int i = 0; i < objective->n; i++)
		{
			double		by = sign * direction[i];

			if (by > 0)
				way = Min(way, (objective->high[i] - optimum->at[i]) / by);
			else if (by < 0)
				way = Min(way, (objective->low[i] - optimum->at[i]) / by);
		}
		for (int i = 0; i < objective->n; i++)
			at[i] = optimum->at[i] + sign * direction[i] * way;
		objective->evaluate(objective->context, at, &there);
		if (!(there.value > optimum->here.value - 1e-6))
			return false;
	}
	return true;
}

/* The limit of a pair of parameters, or what is left of a ridge. */
static void
JudgePair(LifetimeKind kind, int first, const Objective *objective, const Optimum *optimum,
		  const CellsSummary *summary, LifetimeFit *fit)
{
	LifetimeDirection limit = PairLimit(kind, first, optimum->at, summary);
	bool		extreme = limit == DIRECTION_NO_DROPOUT || limit == DIRECTION_SURE_DROPOUT ||
		(kind == LIFETIME_BGBB && fabs(optimum->at[first] - optimum->at[first + 1]) > EXTREME);

	fit->direction = fit->direction == DIRECTION_NONE ? limit : DIRECTION_SEVERAL;
	for (int k = 0; k < optimum->n_free && !extreme; k++)
		if (!(optimum->curvature[k] > FLAT) &&
			hypot(optimum->direction[k][first], optimum->direction[k][first + 1]) > 0.5 &&
			IsRidge(objective, optimum, k))
			fit->status = LIFETIME_NOT_IDENTIFIED;
}

void
FitJudge(LifetimeKind kind, const Objective *objective, const Optimum *optimum,
		 const CellsSummary *summary, LifetimeFit *fit)
{
	bool		loose[N];

	fit->direction = DIRECTION_NONE;
	fit->status = LIFETIME_CONVERGED;
	if (!optimum->converged)
		fit->status = LIFETIME_ITERATION_LIMIT;
	else if (LooseParameters(objective, optimum, loose) > 0)
	{
		fit->status = LIFETIME_DEGENERATE;
		if (kind == LIFETIME_GAMMA_GAMMA)
			fit->direction = SpendLimit(optimum->at, loose);
		else
			for (int first = 0; first < objective->n; first += 2)
				if (loose[first] || loose[first + 1])
					JudgePair(kind, first, objective, optimum, summary, fit);
		if (fit->status == LIFETIME_NOT_IDENTIFIED)
			fit->direction = DIRECTION_NONE;
	}
	else if (kind == LIFETIME_GAMMA_GAMMA && optimum->at[1] <= 0)
	{
		fit->status = LIFETIME_DEGENERATE;
		fit->direction = DIRECTION_NO_MEAN;
	}
}
