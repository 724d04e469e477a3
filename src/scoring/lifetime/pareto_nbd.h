/*
 * pareto_nbd.h
 *		What the likelihood and the predictions of Pareto/NBD share.
 */
#ifndef CUSTSEG_PARETO_NBD_H
#define CUSTSEG_PARETO_NBD_H

#include "scoring/lifetime/lifetime.h"
#include "scoring/lifetime/log_concave.h"

/* exp() of it is finite. Only times and parameters 300 orders of magnitude apart are beyond. */
#define MAX_PARETO_WIDTH	700.0

/*
 * A customer who bought at t_x and then no more for a time has left at some u,
 * or is alive. With m the lesser and M the greater of alpha and beta,
 * w = log((m + u) / (m + t_x)) and sigma = (m + t_x) / (M + t_x), the odds of
 * having left are
 *
 *		s prefactor e^scale times the integral over w from 0 to width of
 *		exp(c w - p log(1 + sigma (e^w - 1))).
 */
typedef struct ParetoLeaving
{
	double		q;				/* r + x */
	double		log_a;			/* log(1 + time / (alpha + t_x)) */
	double		log_b;			/* log(1 + time / (beta + t_x)) */
	bool		alpha_least;
	double		width;
	double		c;
	double		p;
	double		k;				/* q + s: how fast the integrand falls in the end */
	double		sigma;
	double		tau;			/* 1 - sigma */
	double		prefactor;
	double		scale;
} ParetoLeaving;

static inline void
ParetoLeavingOf(const double *parameter, double x, double t_x, double time, ParetoLeaving *l)
{
	double		alpha = parameter[1];
	double		s = parameter[2];
	double		beta = parameter[3];

	l->q = parameter[0] + x;
	l->k = l->q + s;
	l->log_a = log1p(time / (alpha + t_x));
	l->log_b = log1p(time / (beta + t_x));
	l->alpha_least = alpha <= beta;
	if (l->alpha_least)
	{
		l->width = l->log_a;
		l->sigma = (alpha + t_x) / (beta + t_x);
		l->tau = (beta - alpha) / (beta + t_x);
		l->c = 1 - l->q;
		l->p = s + 1;
		l->prefactor = l->sigma;
	}
	else
	{
		l->width = l->log_b;
		l->sigma = (beta + t_x) / (alpha + t_x);
		l->tau = (alpha - beta) / (alpha + t_x);
		l->c = -s;
		l->p = l->q;
		l->prefactor = 1;
	}
	l->width = Min(l->width, MAX_PARETO_WIDTH);
	l->scale = l->q * l->log_a + s * l->log_b;
}

/* Where rounding of log(1 + sigma (e^w - 1)), times p, would be seen. */
#define PRECISE_FROM	256.0

/* The panels of the integral. They are usually one. */
extern void ParetoLeavingPanelsSlow(const ParetoLeaving *l, GaussPanels *panels);

static inline void
ParetoLeavingPanels(const ParetoLeaving *l, GaussPanels *panels)
{
	double		fall = l->p * l->sigma - l->c;	/* by concavity the least slope downwards */
	double		to = l->width;
	const GaussRule *rule;

	if (fall > 0 && NEGLIGIBLE < fall * to)
		to = NEGLIGIBLE / fall;
	/* upwards the slope is at most 1 */
	rule = GaussRuleFor(Max(l->k, -fall) * to, to);
	if (rule != NULL)
	{
		panels->n = 1;
		panels->panel[0].centre = panels->panel[0].half = to / 2;
		panels->panel[0].rule = rule;
	}
	else
		ParetoLeavingPanelsSlow(l, panels);
}

/* The logarithm of the odds of having left, from the integral. */
static inline double
ParetoLogOdds(const ParetoLeaving *l, double s, double integral)
{
	double		factor = s * l->prefactor * integral;

	if (l->width <= 0)
		return -INFINITY;
	if (factor >= DBL_MIN)
		return l->scale + log(factor);
	return l->scale + log(s) + log(Max(l->prefactor, DBL_MIN)) + log(Max(integral, DBL_MIN));
}

extern double ParetoPAlive(const double *parameter, const LifetimeHistory *history);
extern double ParetoExpectedPurchases(const double *parameter, const LifetimeHistory *history,
									  double horizon);
extern double ParetoPurchaseProbability(const double *parameter,
										const LifetimeHistory *history, double horizon, int n);
extern double ParetoDert(const double *parameter, const LifetimeHistory *history,
						 double discount);

#endif							/* CUSTSEG_PARETO_NBD_H */
