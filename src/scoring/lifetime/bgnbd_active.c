/*
 * bgnbd_active.c
 *		What a customer of BG/NBD or MBG/NBD who is active may still buy (core).
 *
 * If he never left he would make N purchases in the horizon, negative binomial:
 *		P(N = j) = (k)_j / j! (1 - z)^k z^j,  z = w / (1 + w)
 * He leaves after each with probability p, so that of j purchases he makes
 *		1 + q + ... + q^(j-1),  q = 1 - p,  E[q^i] = (b)_i / (a + b)_i
 * The expected purchases are the sum over j of P(N = j) times that.  All terms are
 * positive: nothing cancels, and nothing is singular at a = 1 or where k - a is
 * whole, as in the formulas with 2F1 of the sources, whose value it is.
 *
 * The sum takes some k w + 37 w terms.  Where these are many, the same value is
 * the mean over p ~ Beta(a, b) of
 *		f(p) = [1 - (1 + p w)^-k] / p
 * and is taken by the trapezoidal rule in the log-odds of p, which converges
 * exponentially, as f is analytic there up to an imaginary part of pi.  For a
 * small a the density of p falls slowly towards p = 0, where f(p) = k w; for a
 * small b towards p = 1.  So
 *		f(1) + (k w - f(1)) q^m
 * is split off, whose mean is known; with m such that the slopes at p = 0 are
 * equal.  It is nowhere above f by much, so that little cancels.
 */
#include "scoring/lifetime/bgnbd.h"

#include "scoring/lifetime/negative_binomial.h"
#include "scoring/lifetime/special.h"

/* Beyond this the parameters are as good as infinite, or 0. */
#define LARGE			1e100

/* More terms than that cost more than the quadrature. */
#define MAX_TERMS		1500
#define TERMS_AT_ONCE	8

#define HALF_LOG_TWO_PI	0.91893853320467274178

/* Such that the error of the rule, exp(-pi^2 / step), is below 1e-15. */
#define STEP			0.27

/* Never reached: some 200 are the most. */
#define MAX_NODES		10000

/* Then p varies by less than a double can tell. */
#define SAME_FOR_ALL	1e17

/* What is left out, against the whole. */
#define NEGLIGIBLE		1e-17

BgnbdActive
BgnbdActiveMake(const double *parameter, const LifetimeHistory *history,
				double chances, double horizon)
{
	BgnbdActive active;
	double		scale;

	active.k = parameter[BG_R] + history->x;
	active.a = parameter[BG_A];
	active.b = parameter[BG_B] + chances;
	active.w = Min(horizon / (parameter[BG_ALPHA] + history->age), LARGE);

	/* Large parameters: the same mean. */
	scale = Max(active.a, active.b) / LARGE;
	if (scale > 1)
	{
		active.a /= scale;
		active.b /= scale;
	}
	active.a = Max(active.a, 1 / LARGE);
	active.b = Max(active.b, 1 / LARGE);
	if (active.k > LARGE)
	{
		active.w = Min(active.w * (active.k / LARGE), LARGE);
		active.k = LARGE;
	}
	active.log_growth = log1p(active.w);
	return active;
}

/*
 * From Stirling's formula, its powers brought together so that they keep their
 * digits however much a, b and m differ.
 */
double
LogStays(double a, double b, double m)
{
	double		raised = 0;

	for (; b < 16; b++)
		raised += log1p(a / (b + m)) - log1p(a / b);
	return raised - m * log1p(a / (b + m)) + (b - 0.5) * log1p(m / b * (a / (a + b + m)))
		- a * log1p(m / (a + b))
		+ (StirlingError(b + m) - StirlingError(b))
		- (StirlingError(a + b + m) - StirlingError(a + b));
}

/* --- The sum over j ------------------------------------------------------- */

static double
TermsNeeded(const BgnbdActive *active)
{
	double		mean = active->k * active->w;

	return mean + 6 * sqrt(mean * (1 + active->w)) + 37 * (active->w + 0.5);
}

static double
PurchasesBySum(const BgnbdActive *active)
{
	double		k = active->k;
	double		a = active->a;
	double		b = active->b;
	double		z = active->w / (1 + active->w);
	double		probability = exp(-k * active->log_growth); /* P(N = j) */
	double		stays = 1;		/* E[q^j] */
	double		purchases = 0;	/* 1 + ... + E[q^(j-1)] */
	double		total = 0;
	double		sum = 0;

	for (double j = TERMS_AT_ONCE;; j += TERMS_AT_ONCE)
	{
		double		grows[TERMS_AT_ONCE];
		double		staying[TERMS_AT_ONCE];
		double		ratio;

		for (int i = 0; i < TERMS_AT_ONCE; i++)
		{
			double		before = (j - TERMS_AT_ONCE) + i;

			grows[i] = z * (k + before) / (before + 1);
			staying[i] = (b + before) / (a + (b + before));
		}
		for (int i = 0; i < TERMS_AT_ONCE; i++)
		{
			probability *= grows[i];
			total += probability;
			purchases += stays;
			stays *= staying[i];
			sum += probability * purchases;
		}
		/* The terms from here on are below a geometric series of this ratio. */
		ratio = Max(grows[TERMS_AT_ONCE - 1], z) * (j + 1) / j;
		if (probability * purchases * ratio <= NEGLIGIBLE * sum * (1 - ratio))
			break;
	}
	if (total == 0)				/* below the range of double */
		return k * active->w;
	/* the probabilities sum to P(N > 0): so the error of the first of them cancels */
	return sum / total * -expm1(-k * active->log_growth);
}

/* --- The mean over p ------------------------------------------------------- */

typedef struct Mean
{
	const BgnbdActive *active;

	/* the density of the log-odds, from that of its highest point */
	double		center;
	double		log_density;
	double		leaves;			/* p there */
	double		stays;			/* q there */
	double		log_leaves;
	double		log_stays;

	/* what is split off: at_one + more q^power */
	double		at_one;
	double		more;
	double		power;
} Mean;

static Mean
MakeMean(const BgnbdActive *active)
{
	double		a = active->a;
	double		b = active->b;
	double		at_zero = active->k * active->w;
	Mean		mean;

	mean.active = active;
	mean.center = log(a) - log(b);
	mean.leaves = a / (a + b);
	mean.stays = b / (a + b);
	mean.log_leaves = -log1p(b / a);
	mean.log_stays = -log1p(a / b);
	mean.log_density = 0.5 * log(a * (b / (a + b))) - HALF_LOG_TWO_PI
		+ StirlingError(a + b) - StirlingError(a) - StirlingError(b);
	mean.at_one = b < 2 ? -expm1(-active->k * active->log_growth) : 0;
	mean.more = at_zero - mean.at_one;
	mean.power = at_zero / mean.more * (active->w * (active->k + 1) / 2);
	return mean;
}

static double
F(const BgnbdActive *active, double p)
{
	double		pw = p * active->w;
	double		exponent = active->k * LogOnePlus(pw, 1 / (1 + pw));

	return (exponent < 0.5 ? -expm1(-exponent) : 1 - exp(-exponent)) / p;
}

/* f(p) less what is split off, times the density, where the log-odds of p are d above the center */
static double
MeanTerm(const Mean *mean, double d)
{
	const BgnbdActive *active = mean->active;
	double		s = mean->center + d;
	double		y = exp(s);
	double		q = 1 / (1 + y);
	double		p = y * q;
	double		log_p = y > 1 ? -LogOnePlus(1 / y, p) : s - LogOnePlus(y, q);
	double		log_q = y > 1 ? log_p - s : -LogOnePlus(y, q);
	double		log_density = mean->log_density;

	/* near the center, for large a and b, the form that keeps its digits */
	if (fabs(d) < 1)
		log_density -= active->a * log1p(mean->stays * expm1(-d))
			+ active->b * log1p(mean->leaves * expm1(d));
	else
		log_density += active->a * (log_p - mean->log_leaves) + active->b * (log_q - mean->log_stays);
	return exp(log_density) * (F(active, p) - mean->at_one - mean->more * exp(mean->power * log_q));
}

/*
 * Starts where the terms are high: left of the knee of f they rise as y^(a + 2),
 * right of it as y^(a - 1), until the density of p falls.  Ends when what is left
 * is negligible; on the left at the latest where f less what is split off is.
 */
static double
PurchasesByMean(const BgnbdActive *active)
{
	double		a = active->a;
	double		b = active->b;
	double		narrow = a * (b / (a + b));	/* 1 / variance of the log-odds, when large */
	double		step = STEP / sqrt(1 + narrow / 5);
	Mean		mean = MakeMean(active);
	double		knee = -log(mean.power);
	double		peak = Min(Max(knee, log(Max(a - 1, 1 / LARGE) / (b + 1))), log((a + 2) / b));
	double		start = peak - mean.center;
	double		split = mean.at_one + mean.more * exp(LogStays(a, b, mean.power));
	double		sum = split / step;

	if (narrow > SAME_FOR_ALL)
		return F(active, mean.leaves);
	for (int direction = -1; direction <= 1; direction += 2)
	{
		double		before = HUGE_VAL;

		for (double i = direction > 0; i < MAX_NODES; i++)
		{
			double		d = start + direction * step * i;
			double		term = MeanTerm(&mean, d);

			sum += term;
			term = fabs(term);
			if (term <= NEGLIGIBLE * sum * (1 - term / before) ||
				(direction < 0 && mean.center + d < knee - 19))
				break;
			before = term;
		}
	}
	return step * sum;
}

double
BgnbdActivePurchases(const BgnbdActive *active)
{
	if (active->w == 0)
		return 0;
	if (active->k * active->log_growth > 600 || TermsNeeded(active) > MAX_TERMS)
		return PurchasesByMean(active);
	return PurchasesBySum(active);
}

/* --- Discounted ------------------------------------------------------------ */

/*
 * The integral of exp(-discount w) over the expected purchases E(w) is, by parts,
 * that of discount exp(-discount w) E(w) dw: by the trapezoidal rule in log w.
 */
double
BgnbdActiveDiscounted(const BgnbdActive *active, double discount)
{
	BgnbdActive at = *active;
	double		start = Min(Max(-log(discount), -300), 200);
	double		sum = 0;

	for (int direction = -1; direction <= 1; direction += 2)
	{
		double		before = HUGE_VAL;

		for (double i = direction > 0; i < MAX_NODES; i++)
		{
			double		term;

			at.w = exp(start + direction * STEP * i);
			at.log_growth = log1p(at.w);
			term = at.w * discount * exp(-at.w * discount) * BgnbdActivePurchases(&at);
			sum += term;
			if (term <= NEGLIGIBLE * sum * (1 - term / before))
				break;
			before = term;
		}
	}
	return STEP * sum;
}
