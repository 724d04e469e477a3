/*
 * bgnbd.c
 *		The log-likelihood of BG/NBD and MBG/NBD (core).
 *
 * With k = r + x, and m = x chances to leave (MBG/NBD: x + 1), the likelihood of
 * a customer is that of one who is still active, times 1 + the odds that he left
 * after his last purchase:
 *		Gamma(k) / Gamma(r)  alpha^r (alpha + age)^-k  B(a, b + m) / B(a, b)  (1 + e^odds)
 *		odds = log(a / (b + m - 1)) + k log((alpha + age) / (alpha + t_x)),  none when m = 0
 * The gamma and beta functions depend on x alone and are computed once in a run
 * of cells of equal x.  What is left for a cell are two logarithms and an
 * exponential: its terms go into a few sums, of which value, gradient and
 * Hessian are made once in a block.
 *
 * A block has at most LIKELIHOOD_BLOCK cells, all of one x.  A product of as many
 * numbers up to 2 does not overflow.
 */
#include "scoring/lifetime/bgnbd.h"

#include <float.h>

#include "scoring/lifetime/likelihood_sum.h"
#include "scoring/lifetime/special.h"

/* What is the same for all cells of an x. */
typedef struct SameX
{
	double		x;
	double		k;				/* r + x */
	bool		may_be_gone;
	double		log_odds;		/* log(a / (b + m - 1)) */
	double		b_share;		/* b / (b + m - 1) */
	LifetimeLikelihood base;	/* of the factors that depend on x alone */
} SameX;

/*
 * Sums over the cells of a block, each times its count.  Of a cell:
 *		lost = age / (alpha + age), kept = alpha / (alpha + age),
 *		gap = log((alpha + age) / (alpha + t_x)), slope = d gap / d log alpha,
 *		gone = the probability of having left, and spread = gone (1 - gone)
 */
typedef struct BlockSums
{
	double		n;
	double		log_age;		/* log(1 + age / alpha) */
	double		lost;
	double		kept;
	double		kept_lost;
	double		log_alive;		/* log(1 + e^odds) */
	double		gone;
	double		gone_gap;
	double		gone_slope;
	double		gone_curve;		/* of the derivative of slope */
	double		spread;
	double		spread_gap;
	double		spread_slope;
	double		spread_gap_gap;
	double		spread_gap_slope;
	double		spread_slope_slope;
} BlockSums;

/* A quotient of positive numbers that stays finite when it is multiplied by a little. */
static inline double
Finite(double y)
{
	return Min(y, DBL_MAX / 4);
}

static SameX
MakeSameX(const double *parameter, double x, double m)
{
	double		r = parameter[BG_R];
	double		a = parameter[BG_A];
	double		b = parameter[BG_B];
	double		both = DigammaDifference(a + b, m);
	double		both2 = TrigammaDifference(a + b, m);
	double		stay = DigammaDifference(b, m) - both;
	double		stay2 = TrigammaDifference(b, m) - both2;
	double		rate = DigammaDifference(r, x);
	SameX		same;
	LifetimeLikelihood *base = &same.base;

	memset(&same, 0, sizeof(same));
	same.x = x;
	same.k = r + x;
	same.may_be_gone = m > 0;
	if (m > 0)
	{
		same.log_odds = log(a) - log(b + (m - 1));
		same.b_share = b / (b + (m - 1));
	}
	base->value = LogGammaDifference(r, x) - x * log(parameter[BG_ALPHA])
		+ (LogGammaDifference(b, m) - LogGammaDifference(a + b, m));
	base->gradient[BG_R] = r * rate;
	base->gradient[BG_A] = -a * both;
	base->gradient[BG_B] = b * stay;
	base->hessian[BG_R][BG_R] = r * rate + r * r * TrigammaDifference(r, x);
	base->hessian[BG_A][BG_A] = -a * both - a * a * both2;
	base->hessian[BG_B][BG_A] = -a * b * both2;
	base->hessian[BG_B][BG_B] = b * stay + b * b * stay2;
	return same;
}

/* The sums of a block: cells first to last - 1, all of one x. */
static BlockSums
SumBlock(const SameX *same, double alpha, const LifetimeCells *cells, int64 first, int64 last)
{
	BlockSums	sums;
	double		age = -1;
	double		log_age = 0;
	double		per_age = 0;
	double		lost = 0;
	double		kept = 0;
	double		product = 1;	/* of 1 + e^-|odds| over the cells of one customer */

	memset(&sums, 0, sizeof(sums));
	for (int64 i = first; i < last; i++)
	{
		double		n = cells->count[i];

		if (cells->age[i] != age)
		{
			age = cells->age[i];
			per_age = 1 / (alpha + age);
			kept = alpha * per_age;
			lost = age * per_age;
			log_age = LogOnePlus(Finite(age / alpha), kept);
		}
		sums.n += n;
		sums.log_age += n * log_age;
		sums.lost += n * lost;
		sums.kept += n * kept;
		sums.kept_lost += n * kept * lost;
		if (same->may_be_gone)
		{
			double		from = alpha + cells->t_x[i];
			double		per_from = 1 / from;
			double		since = age - cells->t_x[i];
			double		kept_from = alpha * per_from;
			double		gap = LogOnePlus(Finite(since * per_from), from * per_age);
			double		slope = -since * per_age * kept_from;
			double		odds = same->log_odds + same->k * gap;
			double		e = exp(-fabs(odds));
			double		inverse = 1 / (1 + e);
			double		gone = n * (odds > 0 ? inverse : e * inverse);
			double		spread = n * (e * inverse * inverse);

			if (n == 1)
				product *= 1 + e;
			else
				sums.log_alive += n * log1p(e);
			sums.log_alive += odds > 0 ? n * odds : 0;
			sums.gone += gone;
			sums.gone_gap += gone * gap;
			sums.gone_slope += gone * slope;
			sums.gone_curve += gone * slope * (lost - kept_from);
			sums.spread += spread;
			sums.spread_gap += spread * gap;
			sums.spread_slope += spread * slope;
			sums.spread_gap_gap += spread * gap * gap;
			sums.spread_gap_slope += spread * gap * slope;
			sums.spread_slope_slope += spread * slope * slope;
		}
	}
	sums.log_alive += log(product);
	return sums;
}

/* Value, gradient and Hessian of a block. */
static LifetimeLikelihood
BlockLikelihood(const SameX *same, double r, const BlockSums *s)
{
	LifetimeLikelihood one = same->base;
	double		k = same->k;
	double		b = same->b_share;

	one.value = s->n * one.value - k * s->log_age + s->log_alive;

	one.gradient[BG_R] = s->n * one.gradient[BG_R] + r * (s->gone_gap - s->log_age);
	one.gradient[BG_ALPHA] = r * s->lost - same->x * s->kept + k * s->gone_slope;
	one.gradient[BG_A] = s->n * one.gradient[BG_A] + s->gone;
	one.gradient[BG_B] = s->n * one.gradient[BG_B] - b * s->gone;

	one.hessian[BG_R][BG_R] = s->n * one.hessian[BG_R][BG_R]
		+ r * (s->gone_gap - s->log_age) + r * r * s->spread_gap_gap;
	one.hessian[BG_ALPHA][BG_R] = r * (s->lost + s->gone_slope + k * s->spread_gap_slope);
	one.hessian[BG_ALPHA][BG_ALPHA] = k * (s->gone_curve - s->kept_lost + k * s->spread_slope_slope);
	one.hessian[BG_A][BG_R] = r * s->spread_gap;
	one.hessian[BG_A][BG_ALPHA] = k * s->spread_slope;
	one.hessian[BG_A][BG_A] = s->n * one.hessian[BG_A][BG_A] + s->spread;
	one.hessian[BG_B][BG_R] = -b * r * s->spread_gap;
	one.hessian[BG_B][BG_ALPHA] = -b * k * s->spread_slope;
	one.hessian[BG_B][BG_A] = s->n * one.hessian[BG_B][BG_A] - b * s->spread;
	one.hessian[BG_B][BG_B] = s->n * one.hessian[BG_B][BG_B]
		- b * (1 - b) * s->gone + b * b * s->spread;
	for (int i = 0; i < N_BG_PARAMETERS; i++)
		for (int j = 0; j < i; j++)
			one.hessian[j][i] = one.hessian[i][j];
	return one;
}

static void
Likelihood(const double *parameter, const LifetimeCells *cells, double more_chances,
		   LifetimeLikelihood *result)
{
	LikelihoodSum total;
	SameX		same;
	int64		first = 0;

	memset(&total, 0, sizeof(total));
	same.x = -1;
	while (first < cells->n)
	{
		int64		last = Min(cells->n, first + LIKELIHOOD_BLOCK);
		double		x = cells->x[first];
		BlockSums	sums;
		LifetimeLikelihood one;

		if (cells->x[last - 1] != x)
			for (last = first + 1; cells->x[last] == x;)
				last++;
		if (x != same.x)
			same = MakeSameX(parameter, x, x + more_chances);
		sums = SumBlock(&same, parameter[BG_ALPHA], cells, first, last);
		one = BlockLikelihood(&same, parameter[BG_R], &sums);
		LikelihoodCollect(&total, &one, 1);
		LikelihoodCloseBlock(&total);
		if (first / 4096 != last / 4096)
			custseg_poll();
		first = last;
	}
	LikelihoodResult(&total, result);
}

void
BgnbdLikelihood(const double *parameter, const LifetimeCells *cells, LifetimeLikelihood *result)
{
	Likelihood(parameter, cells, 0, result);
}

void
MbgnbdLikelihood(const double *parameter, const LifetimeCells *cells, LifetimeLikelihood *result)
{
	Likelihood(parameter, cells, 1, result);
}
