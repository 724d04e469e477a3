/*
 * pareto_nbd_predict.c
 *		Pareto/NBD: predictions for one customer (core).
 */
#include "scoring/lifetime/pareto_nbd.h"

#include "scoring/lifetime/special.h"

/* --- Alive ------------------------------------------------------------------------- */

static inline double
PanelSum(const ParetoLeaving *l, const GaussPanel *panel)
{
	const GaussRule *rule = panel->rule;
	double		middle = l->sigma * exp(panel->centre);
	double		falling = l->c * panel->centre;
	double		sum = 0;

	for (int j = 0; j < rule->n_half; j++)
	{
		double		shift = panel->half * rule->node[j];
		double		e = exp(shift);
		double		low = falling - l->c * shift - l->p * log(l->tau + middle / e);
		double		high = falling + l->c * shift - l->p * log(l->tau + middle * e);

		sum += rule->weight[j] * (exp(low) + exp(high));
	}
	return panel->half * sum;
}

/* As PanelSum, for large exponents. */
static double
PanelSumPrecise(const ParetoLeaving *l, const GaussPanel *panel)
{
	const GaussRule *rule = panel->rule;
	double		sum = 0;

	for (int j = 0; j < 2 * rule->n_half; j++)
	{
		double		shift = panel->half * rule->node[j / 2];
		double		w = panel->centre + (j % 2 == 0 ? shift : -shift);

		sum += rule->weight[j / 2] * exp(l->c * w - l->p * log1p(l->sigma * expm1(w)));
	}
	return panel->half * sum;
}

/* The logarithm of the odds of having left is scale + log(*odds). */
static double
LeavingOdds(const double *parameter, const LifetimeHistory *history, double *odds)
{
	ParetoLeaving l;
	GaussPanels panels;
	double		sum = 0;

	ParetoLeavingOf(parameter, history->x, history->t_x, history->age, &l);
	*odds = 0;
	if (l.width <= 0)
		return 0;
	ParetoLeavingPanels(&l, &panels);
	for (int i = 0; i < panels.n; i++)
		sum += l.k < PRECISE_FROM ? PanelSum(&l, &panels.panel[i]) : PanelSumPrecise(&l, &panels.panel[i]);
	*odds = parameter[2] * l.prefactor * sum;
	return l.scale;
}

double
ParetoPAlive(const double *parameter, const LifetimeHistory *history)
{
	double		odds;
	double		scale = LeavingOdds(parameter, history, &odds);

	if (scale < 600)
		return 1 / (1 + exp(scale) * odds);
	return LogisticOfMinus(scale + log(odds));
}

double
ParetoExpectedPurchases(const double *parameter, const LifetimeHistory *history,
						double horizon)
{
	double		a = parameter[1] + history->age;
	double		b = parameter[3] + history->age;
	double		growth = (1 - parameter[2]) * log1p(horizon / b);
	double		time = b * log1p(horizon / b);

	if (growth != 0)
		time *= expm1(growth) / growth;
	return ParetoPAlive(parameter, history) * ((parameter[0] + history->x) / a) * time;
}

double
ParetoPurchaseProbability(const double *parameter, const LifetimeHistory *history,
						  double horizon, int n)
{
	return 0;
}

double
ParetoDert(const double *parameter, const LifetimeHistory *history, double discount)
{
	return 0;
}
