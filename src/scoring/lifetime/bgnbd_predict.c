/*
 * bgnbd_predict.c
 *		Predictions of BG/NBD and MBG/NBD for one customer (core).
 *
 * Each is that of a customer who is active, times the probability that he is:
 * 1 / (1 + odds) with
 *		odds = a / (b + m - 1) ((alpha + age) / (alpha + t_x))^(r + x)
 * after m chances to leave: m is x in BG/NBD, x + 1 in MBG/NBD.  With m = 0 he is
 * active for sure.
 */
#include "scoring/lifetime/bgnbd.h"

#include <float.h>

#include "scoring/lifetime/negative_binomial.h"
#include "scoring/lifetime/special.h"

/* The log-odds that a customer with m chances to leave has left. */
static double
LogOddsGone(const double *parameter, const LifetimeHistory *history, double m)
{
	double		since = (history->age - history->t_x) / (parameter[BG_ALPHA] + history->t_x);

	if (m == 0)
		return -HUGE_VAL;
	return log(parameter[BG_A]) - log(parameter[BG_B] + (m - 1))
		+ (parameter[BG_R] + history->x) * log1p(Min(since, DBL_MAX));
}

static double
PAlive(const double *parameter, const LifetimeHistory *history, double m)
{
	return LogisticOfMinus(LogOddsGone(parameter, history, m));
}

static double
ExpectedPurchases(const double *parameter, const LifetimeHistory *history, double m,
				  double horizon)
{
	BgnbdActive active = BgnbdActiveMake(parameter, history, m, horizon);

	return PAlive(parameter, history, m) * BgnbdActivePurchases(&active);
}

/*
 * An active customer makes n purchases if he would make n for ever and has not
 * left after any of them, or would make n or more and has left after the n-th.
 */
static double
PurchaseProbability(const double *parameter, const LifetimeHistory *history, double m,
					double horizon, int n)
{
	BgnbdActive active = BgnbdActiveMake(parameter, history, m, horizon);
	double		odds = LogOddsGone(parameter, history, m);
	double		leaves;

	if (n < 0 || active.w == 0)
		return n == 0;
	if (n == 0)
		return LogisticOfMinus(-odds) + LogisticOfMinus(odds) * exp(-active.k * active.log_growth);
	leaves = exp(LogStays(active.a, active.b, n - 1)) * (active.a / (active.a + (active.b + (n - 1))));
	return LogisticOfMinus(odds)
		* (exp(LogStays(active.a, active.b, n)) * NegativeBinomial(active.k, active.w, n)
		   + leaves * NegativeBinomialTail(active.k, active.w, n));
}

static double
Dert(const double *parameter, const LifetimeHistory *history, double m, double discount)
{
	BgnbdActive active = BgnbdActiveMake(parameter, history, m, 0);

	return PAlive(parameter, history, m)
		* BgnbdActiveDiscounted(&active, discount * (parameter[BG_ALPHA] + history->age));
}

/* --- BG/NBD --------------------------------------------------------------- */

static double
BgnbdPAlive(const double *parameter, const LifetimeHistory *history)
{
	return PAlive(parameter, history, history->x);
}

static double
BgnbdExpectedPurchases(const double *parameter, const LifetimeHistory *history, double horizon)
{
	return ExpectedPurchases(parameter, history, history->x, horizon);
}

static double
BgnbdPurchaseProbability(const double *parameter, const LifetimeHistory *history,
						 double horizon, int n)
{
	return PurchaseProbability(parameter, history, history->x, horizon, n);
}

static double
BgnbdDert(const double *parameter, const LifetimeHistory *history, double discount)
{
	return Dert(parameter, history, history->x, discount);
}

/* --- MBG/NBD -------------------------------------------------------------- */

static double
MbgnbdPAlive(const double *parameter, const LifetimeHistory *history)
{
	return PAlive(parameter, history, history->x + 1);
}

static double
MbgnbdExpectedPurchases(const double *parameter, const LifetimeHistory *history, double horizon)
{
	return ExpectedPurchases(parameter, history, history->x + 1, horizon);
}

static double
MbgnbdPurchaseProbability(const double *parameter, const LifetimeHistory *history,
						  double horizon, int n)
{
	return PurchaseProbability(parameter, history, history->x + 1, horizon, n);
}

static double
MbgnbdDert(const double *parameter, const LifetimeHistory *history, double discount)
{
	return Dert(parameter, history, history->x + 1, discount);
}

/* --- Kinds ---------------------------------------------------------------- */

const LifetimeKindOps bgnbd_ops = {
	.name = "bgnbd",
	.n_parameters = N_BG_PARAMETERS,
	.parameter = {"r", "alpha", "a", "b"},
	.is_time = {false, true, false, false},
	.likelihood = BgnbdLikelihood,
	.p_alive = BgnbdPAlive,
	.expected_purchases = BgnbdExpectedPurchases,
	.purchase_probability = BgnbdPurchaseProbability,
	.dert = BgnbdDert
};

const LifetimeKindOps mbgnbd_ops = {
	.name = "mbgnbd",
	.n_parameters = N_BG_PARAMETERS,
	.parameter = {"r", "alpha", "a", "b"},
	.is_time = {false, true, false, false},
	.likelihood = MbgnbdLikelihood,
	.p_alive = MbgnbdPAlive,
	.expected_purchases = MbgnbdExpectedPurchases,
	.purchase_probability = MbgnbdPurchaseProbability,
	.dert = MbgnbdDert
};
