/*
 * bgnbd_predict.c
 *		Predictions of BG/NBD and MBG/NBD for one customer (core).
 *
 * A customer who is active has the rate Gamma(k, alpha + age), k = r + x, and the
 * probability to leave p ~ Beta(a, b'), b' = b + m, after m chances to leave.
 * In a horizon, one who never leaves makes N purchases, negative binomial:
 *		P(N = j) = (k)_j / j! (1 - z)^k z^j,  z = horizon / (alpha + age + horizon)
 * and he leaves after a purchase with probability p, so that of j he makes
 *		1 + q + ... + q^(j-1),  q = 1 - p,  E[q^i] = (b')_i / (a + b')_i
 * The expected purchases are the sum over j of P(N = j) times that.  It has
 * positive terms only: nothing cancels, and nothing is singular at a = 1.
 */
#include "scoring/lifetime/bgnbd.h"

#include <float.h>

#include "scoring/lifetime/special.h"

/* A customer who is active, and a horizon. */
typedef struct Active
{
	double		k;
	double		a;
	double		b;
	double		w;				/* horizon / (alpha + age) */
	double		log_growth;		/* log(1 + w) */
	double		z;
} Active;

static Active
MakeActive(const double *parameter, const LifetimeHistory *history, double m, double horizon)
{
	Active		active;

	active.k = parameter[BG_R] + history->x;
	active.a = parameter[BG_A];
	active.b = parameter[BG_B] + m;
	active.w = Min(horizon / (parameter[BG_ALPHA] + history->age), DBL_MAX / 4);
	active.log_growth = log1p(active.w);
	active.z = active.w / (1 + active.w);
	return active;
}

/* The log-odds that a customer with m chances to leave, m > 0, has left. */
static double
LogOddsGone(const double *parameter, const LifetimeHistory *history, double m)
{
	double		since = (history->age - history->t_x) / (parameter[BG_ALPHA] + history->t_x);

	return log(parameter[BG_A]) - log(parameter[BG_B] + (m - 1))
		+ (parameter[BG_R] + history->x) * log1p(Min(since, DBL_MAX / 4));
}

static double
PAlive(const double *parameter, const LifetimeHistory *history, double m)
{
	return m > 0 ? LogisticOfMinus(LogOddsGone(parameter, history, m)) : 1;
}

/* The sum over j; stops when what is left is below 1e-17 of it. */
static double
PurchasesBySeries(const Active *active)
{
	double		k = active->k;
	double		z = active->z;
	double		probability = exp(-k * active->log_growth); /* P(N = j) */
	double		stays = 1;		/* E[q^j] */
	double		purchases = 0;	/* 1 + ... + E[q^(j-1)] */
	double		sum = 0;

	for (double j = 0; j < 1e6; j++)
	{
		double		ratio = z * (k + j) / (j + 1);
		double		term;

		probability *= ratio;
		purchases += stays;
		stays *= (active->b + j) / (active->a + active->b + j);
		term = probability * purchases;
		sum += term;
		/* later terms are below a geometric series of this ratio */
		ratio = Max(ratio, z) * (j + 2) / (j + 1);
		if (term * ratio <= 1e-17 * sum * (1 - ratio))
			break;
	}
	return sum;
}

static double
ExpectedWhenActive(const Active *active)
{
	return active->z == 0 ? 0 : PurchasesBySeries(active);
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
	Active		active = MakeActive(parameter, history, history->x, horizon);

	return PAlive(parameter, history, history->x) * ExpectedWhenActive(&active);
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
	Active		active = MakeActive(parameter, history, history->x + 1, horizon);

	return PAlive(parameter, history, history->x + 1) * ExpectedWhenActive(&active);
}

const LifetimeKindOps bgnbd_ops = {
	.name = "bgnbd",
	.n_parameters = N_BG_PARAMETERS,
	.parameter = {"r", "alpha", "a", "b"},
	.is_time = {false, true, false, false},
	.likelihood = BgnbdLikelihood,
	.p_alive = BgnbdPAlive,
	.expected_purchases = BgnbdExpectedPurchases
};

const LifetimeKindOps mbgnbd_ops = {
	.name = "mbgnbd",
	.n_parameters = N_BG_PARAMETERS,
	.parameter = {"r", "alpha", "a", "b"},
	.is_time = {false, true, false, false},
	.likelihood = MbgnbdLikelihood,
	.p_alive = MbgnbdPAlive,
	.expected_purchases = MbgnbdExpectedPurchases
};
