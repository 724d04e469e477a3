/*
 * pareto_nbd_predict.c
 *		Pareto/NBD: predictions for one customer (core).
 *
 * Given that a customer is alive at the end of what was seen, the rates of
 * buying and of leaving are gamma distributed again, with r + x, alpha + age
 * and s, beta + age. So each prediction is P(alive) times that of a customer of
 * those parameters (Schmittlein, Morrison, Colombo, 1987; Fader, Hardie, Lee,
 * 2005). Integrals are of positive terms only, over the logarithm of time, as in
 * log_concave.h; the published differences of hypergeometric functions lose
 * their digits where a customer is nearly sure to be alive or to have left, for
 * short horizons, and for s near 1. The common case is one panel of 6 to 24
 * nodes.
 *
 * Steps that would leave the range of float8 are taken in logarithms.
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

/* What is left after a time without purchases; see ParetoLeaving. */
typedef struct Odds
{
	double		scale;
	double		factor;			/* the odds of having left are factor e^scale */
	double		log_odds;		/* where the scale is large, otherwise not set */
} Odds;

#define LARGE_SCALE		600.0

static void
LeavingOdds(const double *parameter, double x, double t_x, double time, Odds *odds)
{
	ParetoLeaving l;
	GaussPanels panels;
	double		integral = 0;

	ParetoLeavingOf(parameter, x, t_x, time, &l);
	if (l.width > 0)
	{
		ParetoLeavingPanels(&l, &panels);
		for (int i = 0; i < panels.n; i++)
			integral += l.k < PRECISE_FROM ? PanelSum(&l, &panels.panel[i])
				: PanelSumPrecise(&l, &panels.panel[i]);
	}
	odds->scale = l.scale;
	odds->factor = parameter[2] * l.prefactor * integral;
	if (l.scale >= LARGE_SCALE)
		odds->log_odds = ParetoLogOdds(&l, parameter[2], integral);
}

static inline void
HistoryOdds(const double *parameter, const LifetimeHistory *history, Odds *odds)
{
	LeavingOdds(parameter, history->x, history->t_x, history->age - history->t_x, odds);
}

static inline double
Alive(const Odds *odds)
{
	if (odds->scale < LARGE_SCALE)
		return 1 / (1 + exp(odds->scale) * odds->factor);
	return LogisticOfMinus(odds->log_odds);
}

/* 1 less that, with all digits */
static double
Left(const Odds *odds)
{
	double		left;

	if (odds->scale >= LARGE_SCALE)
		return LogisticOfMinus(-odds->log_odds);
	left = exp(odds->scale) * odds->factor;
	return left / (1 + left);
}

static double
LogAlive(const Odds *odds)
{
	if (odds->scale < LARGE_SCALE)
		return -log1p(exp(odds->scale) * odds->factor);
	return -LogOnePlusExp(odds->log_odds);
}

double
ParetoPAlive(const double *parameter, const LifetimeHistory *history)
{
	Odds		odds;

	HistoryOdds(parameter, history, &odds);
	return Alive(&odds);
}

/* --- Expected purchases ------------------------------------------------------------ */

/*
 * P(alive) times the rate of a customer who is alive, (r + x) / (alpha + age),
 * times the time that such a customer stays.
 */
static double
Purchases(const double *parameter, const LifetimeHistory *history, double time)
{
	double		q = parameter[0] + history->x;
	double		a = parameter[1] + history->age;
	double		log_alive;
	Odds		odds;

	if (time == 0)
		return 0;
	HistoryOdds(parameter, history, &odds);
	if (odds.scale < LARGE_SCALE)
	{
		double		purchases = Alive(&odds) * (q / a) * time;

		if (purchases >= DBL_MIN && purchases <= DBL_MAX)
			return purchases;
	}
	/* a factor is beyond float8, the product need not be */
	log_alive = LogAlive(&odds);
	return isinf(log_alive) ? 0 : exp(log_alive + log(q) - log(a) + log(time));
}

/*
 * The time that a customer who is alive is expected to stay within the horizon:
 * the integral over t from 0 to horizon of (b / (b + t))^s, b = beta + age.
 */
static double
TimeWithin(double s, double b, double horizon)
{
	double		ratio = horizon / b;
	double		log_ratio = isinf(ratio) ? log(horizon) - log(b) : log1p(ratio);
	double		growth = (1 - s) * log_ratio;

	if (isinf(log_ratio))
		return s > 1 ? b / (s - 1) : INFINITY;
	if (growth > 700)
		return exp(log(b) + growth) / (1 - s);
	/* two forms of the same: the first keeps digits where s is 1, the second never falls */
	if (fabs(growth) < 1)
		return growth == 0 ? b * log_ratio : b * log_ratio * (expm1(growth) / growth);
	return b / (1 - s) * expm1(growth);
}

double
ParetoExpectedPurchases(const double *parameter, const LifetimeHistory *history,
						double horizon)
{
	return Purchases(parameter, history,
					 TimeWithin(parameter[2], parameter[3] + history->age, horizon));
}

/* --- DERT -------------------------------------------------------------------------- */

/* Over v = log(1 + t / b), of exp(-discount t) (b / (b + t))^s; y = discount b. */
typedef struct DiscountedTime
{
	double		s;
	double		y;
} DiscountedTime;

static double
DiscountedValue(const void *context, double v, double *slope)
{
	const DiscountedTime *d = context;
	double		grown = d->y * expm1(v);

	*slope = 1 - d->s - d->y - grown;
	return (1 - d->s) * v - grown;
}

/*
 * The integral over all t > 0 of exp(-discount t) (b / (b + t))^s; with a
 * factor, the confluent hypergeometric function of DERT in Fader, Hardie, Lee
 * (RFM and CLV: Using iso-value curves for customer base analysis, Journal of
 * Marketing Research 42, 2005).
 */
double
ParetoDert(const double *parameter, const LifetimeHistory *history, double discount)
{
	double		b = parameter[3] + history->age;
	DiscountedTime d = {parameter[2], discount * b};
	LogConcave	h = {DiscountedValue, &d};
	double		time;

	/* the upper end is where the discount alone leaves nothing */
	if (d.y > 1e300)
		time = 1 / discount;
	else
		time = exp(log(b) + LogConcaveIntegral(&h, 0, d.y < DBL_MIN ? 700 : log1p(750 / d.y)));
	return Purchases(parameter, history, time);
}

/* --- The number of purchases ------------------------------------------------------- */

/*
 * The logarithm of the probability of n > 0 purchases in a time, by a customer
 * who stays: negative binomial, in C. Loader's form (Fast and accurate
 * computation of binomial probabilities, 2000), in which Stirling's main terms
 * have been cancelled by algebra.
 */
static double
LogNegativeBinomial(double q, double a, double n, double time)
{
	double		total = q + n;
	double		none = a / (a + time);
	double		some = time / (a + time);
	double		above = q * some - n * none;	/* how far the mean of n, given n + q, is above n */
	double		log_n = above < -0.5 * n ? log(some * total / n) : log1p(above / n);
	double		log_q = above > 0.5 * q ? log(none * total / q) : log1p(-above / q);

	return n * log_n + q * log_q + 0.5 * log(q / total / n / (2 * M_PI))
		+ StirlingRemainder(total) - StirlingRemainder(q) - StirlingRemainder(n);
}

/*
 * The integrand of those who buy n times and leave at t, over w = log(t / t0),
 * relative to t0: exp((n + 1) w) over powers of (a + t) / (a + t0) and of the
 * same with b.
 */
typedef struct BuyAndLeave
{
	double		n;
	double		q;
	double		s;
	double		a_part;			/* a / (a + t0), a = alpha + age */
	double		a_rest;
	double		b_part;
	double		b_rest;
} BuyAndLeave;

/* log(part + rest e^w), part + rest = 1, and its slope. */
static inline double
LogShift(double part, double rest, double w, double *slope)
{
	double		e = rest * exp(w);
	double		grown = rest * expm1(w);

	*slope = e / (part + e);
	return fabs(grown) < 0.5 ? log1p(grown) : log(part + e);
}

static double
BuyAndLeaveValue(const void *context, double w, double *slope)
{
	const BuyAndLeave *v = context;
	double		slope_a;
	double		slope_b;
	double		log_a = LogShift(v->a_part, v->a_rest, w, &slope_a);
	double		log_b = LogShift(v->b_part, v->b_rest, w, &slope_b);

	*slope = (v->n + 1) - (v->q + v->n) * slope_a - (v->s + 1) * slope_b;
	return (v->n + 1) * w - (v->q + v->n) * log_a - (v->s + 1) * log_b;
}

static void
BuyAndLeaveFrom(BuyAndLeave *v, double a, double b, double t0)
{
	v->a_part = a / (a + t0);
	v->a_rest = t0 / (a + t0);
	v->b_part = b / (b + t0);
	v->b_rest = t0 / (b + t0);
}

/* The logarithm of the probability to buy n > 0 times and leave within the horizon, if alive. */
static double
LogBuyAndLeave(double q, double a, double s, double b, double n, double horizon)
{
	BuyAndLeave v = {.n = n, .q = q, .s = s};
	LogConcave	h = {BuyAndLeaveValue, &v};
	double		least;			/* the slope up to here is (n + 1) / 2 or more */
	double		peak;
	double		t0;

	least = log((n + 1) / 2) - LogAddExp(log(q + n) - log(a), log(s + 1) - log(b)) - log(horizon);
	least = Min(least, 0) - 2 * NEGLIGIBLE / (n + 1);
	BuyAndLeaveFrom(&v, a, b, horizon);
	peak = LogConcavePeak(&h, least, 0);
	t0 = Max(exp(log(horizon) + peak), DBL_MIN);
	BuyAndLeaveFrom(&v, a, b, t0);
	return LogNegativeBinomial(q, a, n, t0) + log(s) - s * log1p(t0 / b) + log(t0) - log(b + t0)
		+ LogConcaveIntegral(&h, least - peak, -peak);
}

double
ParetoPurchaseProbability(const double *parameter, const LifetimeHistory *history,
						  double horizon, int n)
{
	double		q = parameter[0] + history->x;
	double		a = parameter[1] + history->age;
	double		s = parameter[2];
	double		b = parameter[3] + history->age;
	double		probability;
	Odds		odds;

	if (n < 0)
		return 0;
	if (horizon <= 0)
		return n == 0;
	horizon = Min(horizon, 1e100 * Min(a, b));	/* ratios stay within float8 */
	HistoryOdds(parameter, history, &odds);
	if (n == 0)
	{
		/* a time without purchases, as after t_x: alive at its end, or left */
		Odds		next;

		LeavingOdds(parameter, history->x, history->age, horizon, &next);
		return Left(&odds) + Alive(&odds) * (exp(-next.scale) + next.factor);
	}
	probability = exp(LogAlive(&odds)
					  + LogAddExp(LogNegativeBinomial(q, a, n, horizon) - s * log1p(horizon / b),
								  LogBuyAndLeave(q, a, s, b, n, horizon)));
	/* parameters 300 orders of magnitude apart leave the range of float8 on the way */
	return isnan(probability) ? 0 : Min(probability, 1);
}
