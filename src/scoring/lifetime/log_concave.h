/*
 * log_concave.h
 *		Integrals of exp(h), h concave, by panels of Gauss-Legendre rules.
 *
 * The integrals of Pareto/NBD, taken over the logarithm of a time, all have
 * integrands with a concave logarithm: one peak, and tails that fall at least
 * exponentially. So where the integrand is worth anything is an interval, and
 * how many nodes it needs there follows from the slopes of h at its ends.
 */
#ifndef CUSTSEG_LOG_CONCAVE_H
#define CUSTSEG_LOG_CONCAVE_H

#include "common/core.h"

#include <float.h>
#include <math.h>

/* A symmetric rule on [-1, 1], by its upper half. */
typedef struct GaussRule
{
	int			n_half;
	const double *node;
	const double *weight;

	/*
	 * Good to 1e-12 at worst, and mostly to 1e-15, where the width of the
	 * interval times per_width and the variation of the logarithm of the
	 * integrand, by its steepest slope, times per_drop are at most 1 in all.
	 * From trials with sums of logistic shapes.
	 */
	double		per_drop;
	double		per_width;
} GaussRule;

#define N_GAUSS_RULES	7

extern const GaussRule gauss_rules[N_GAUSS_RULES];

/* What is below exp(-NEGLIGIBLE) of the peak is left out. */
#define NEGLIGIBLE		37.0

/* The cheapest rule for an interval, or NULL. */
static inline const GaussRule *
GaussRuleFor(double drop, double width)
{
	for (int i = 0; i < N_GAUSS_RULES; i++)
		if (drop * gauss_rules[i].per_drop + width * gauss_rules[i].per_width <= 1)
			return &gauss_rules[i];
	return NULL;
}

typedef struct GaussPanel
{
	double		centre;
	double		half;
	const GaussRule *rule;
} GaussPanel;

#define MAX_GAUSS_PANELS	400

typedef struct GaussPanels
{
	int			n;
	GaussPanel	panel[MAX_GAUSS_PANELS];
} GaussPanels;

/* h, which is concave on the interval, and its slope. */
typedef struct LogConcave
{
	double		(*value) (const void *context, double w, double *slope);
	const void *context;
} LogConcave;

/* Where h is at most 1 less than at its peak on the interval. */
extern double LogConcavePeak(const LogConcave *h, double from, double to);

/* The panels that the integral of exp(h) over an interval needs. Returns h at its peak, or nearly. */
extern double LogConcavePanels(const LogConcave *h, double from, double to, GaussPanels *panels);

/* The logarithm of the integral. */
extern double LogConcaveIntegral(const LogConcave *h, double from, double to);

#endif							/* CUSTSEG_LOG_CONCAVE_H */
