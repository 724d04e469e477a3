/*
 * beta_geometric.c
 *		Survival under a beta-geometric distribution, and sums of it (core).
 *
 * The discounted sum is (b / (a + b)) 2F1(1, b + 1; a + b + 1; z) for z = 1 - e.
 * Its connection formula to 1 - z is singular wherever a is an integer, and the
 * series is slow near z = 1.  As an expectation over theta it is
 *		E[(1 - theta) / (e + z theta)] = b / (a + b) J(a, b + 1),
 *		J(a, b) = E[1 / (e + z theta)],  theta ~ beta(a, b),
 * and both the integrand of J and its weight are log-concave in the log-odds u
 * of theta, analytic, and fall off exponentially: the trapezoidal rule on u
 * converges exponentially, and since all terms are positive nothing cancels.
 * The same nodes give the weight's own integral, so no beta function is needed.
 *
 * For a small a the integrand falls slowly on the left.  From
 *		e J(a, b) + z a / (a + b) J(a + 1, b) = 1
 * J is had from that at a + 1, which is done while the difference, about e^a,
 * keeps its digits.
 */
#include "scoring/lifetime/beta_geometric.h"

#include <float.h>
#include <math.h>

#include "scoring/lifetime/special.h"

/* Up to here products and sums are taken term by term. */
#define FEW_PERIODS		512

double
BetaGeometricSurvival(double a, double b, double k)
{
	double		product = 1;

	if (k > FEW_PERIODS)
	{
		/* the same ratio of gamma functions either way: the shorter step has the smaller terms */
		if (k < a)
			return exp(LogGammaDifference(b, k) - LogGammaDifference(a + b, k));
		return exp(LogGammaDifference(b, a) - LogGammaDifference(b + k, a));
	}
	for (int j = 0; j < (int) k; j++)
		product *= (b + j) / (a + b + j);
	return product;
}

/*
 * In closed form the sum is b / (a - 1) (1 - R), where R is the ratio of
 * Gamma(1 + b + n) / Gamma(a + b + n) to the same at n = 0.
 */
double
BetaGeometricLifetime(double a, double b, double n)
{
	double		h = a - 1;
	double		product = 1;
	double		sum = 0;
	double		log_ratio;

	if (n > FEW_PERIODS)
	{
		if (h == 0)
			return b * DigammaDifference(1 + b, n);
		if (n < fabs(h))
			log_ratio = LogGammaDifference(1 + b, n) - LogGammaDifference(a + b, n);
		else if (h > 0)
			log_ratio = LogGammaDifference(1 + b, h) - LogGammaDifference(1 + b + n, h);
		else
			log_ratio = LogGammaDifference(a + b + n, -h) - LogGammaDifference(a + b, -h);
		return b * (-expm1(log_ratio) / h);
	}
	for (int j = 0; j < (int) n; j++)
	{
		product *= (b + j) / (a + b + j);
		sum += product;
	}
	return sum;
}

/* --- The discounted sum ---------------------------------------------------------- */

/* The series is used where it ends within some 800 terms; a denormal term might stay for ever. */
#define SERIES_LOSS		0.05
#define SERIES_TERMS	1000

/* What is left out of the integral is below exp(-TAIL) of it. */
#define TAIL			42.0

/* The number of powers of e that the difference for a small a may lose. */
#define LOSS_OF_SPLIT	6.0

/* A theta with such an a has a variance below 1e-7 of its squared mean. */
#define CERTAIN			1e7

static double
DiscountedSeries(double a, double b, double loss)
{
	double		term = 1 / (1 + a / b);
	double		sum = term;

	for (double j = 1; term > sum * loss * DBL_EPSILON / 8 && j < SERIES_TERMS; j++)
	{
		term *= (1 - loss) * ((b + j) / (a + b + j));
		sum += term;
	}
	return sum;
}

/* The integral of J: exp(a u - (a + b) log(1 + exp(u))), and that over e + z theta. */
typedef struct LogOddsIntegral
{
	double		a;
	double		b;
	double		log_loss;		/* log e */
	double		center;			/* the mode of the weight */
} LogOddsIntegral;

/* The logarithm of the weight against that at the center. */
static double
LogWeight(const LogOddsIntegral *f, double u)
{
	double		step = u - f->center;

	if (u < 0 || step < 1)
		return f->a * step - (f->a + f->b) * log1p(f->a / (f->a + f->b) * expm1(step));
	/* the same seen from the other end */
	return -f->b * step - (f->a + f->b) * log1p(f->b / (f->a + f->b) * expm1(-step));
}

/* log(1 / (e + z theta)), where theta = exp(u) / (1 + exp(u)) and z = 1 - e */
static double
LogGain(const LogOddsIntegral *f, double u)
{
	return LogOnePlusExp(u) - LogAddExp(f->log_loss, u);
}

/* The derivative of the logarithm of the integrand by u; it falls. */
static double
LogSlope(const LogOddsIntegral *f, double u)
{
	double		theta = LogisticOfMinus(-u);

	return f->a - (f->a + f->b) * theta + theta - LogisticOfMinus(f->log_loss - u);
}

/*
 * The mode of the integrand, left of that of the weight: gain falls with u.
 * Bisection, since slopes may be as good as zero over a long stretch.
 */
static double
IntegrandMode(const LogOddsIntegral *f)
{
	double		high = f->center;
	double		step = 1;
	double		low;

	for (low = high - step; LogSlope(f, low) < 0; low -= step)
		step *= 2;
	for (int i = 0; i < 60; i++)
	{
		double		middle = (low + high) / 2;

		if (LogSlope(f, middle) > 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Half a standard deviation of a weight whose mean is theta, and little against the way to the nearest pole. */
static double
StepAt(double a, double b, double theta)
{
	return Min(0.25, 0.5 / sqrt((a + b) * theta * (1 - theta)));
}

/* J(a, b), b >= 1, by quadrature */
static double
IntegralOfGain(double a, double b, double loss)
{
	LogOddsIntegral f = {a, b, log(loss), log(a) - log(b)};
	double		mode = IntegrandMode(&f);
	double		top = LogWeight(&f, mode) + LogGain(&f, mode);
	double		step = Min(StepAt(a, b, a / (a + b)), StepAt(a, b, LogisticOfMinus(-mode)));
	double		weight = 0;
	double		gained = 0;

	/* to the left from the mode of the integrand, then to the right */
	for (int side = 0; side < 2; side++)
	{
		for (int i = side;; i++)
		{
			double		u = mode + (side == 0 ? -i : i) * step;
			double		log_weight = LogWeight(&f, u);
			double		log_gain = LogGain(&f, u);

			weight += exp(log_weight);
			gained += exp(log_weight + log_gain - top);
			if (log_weight + log_gain < top - TAIL &&
				(side == 0 || (u > f.center && log_weight < -TAIL)))
				break;
			POLL_EVERY(i);
		}
	}
	return gained / weight * exp(top);
}

/* J(a, b), b >= 1 */
static double
ExpectedGain(double a, double b, double loss)
{
	if (a > CERTAIN)
	{
		/* theta hardly varies: up to its variance */
		double		theta = 1 / (1 + b / a);
		double		gain = 1 / (loss + (1 - loss) * theta);
		double		slope = (1 - loss) * gain;

		return gain * (1 + slope * theta * slope / (1 + a / b) / (a + b));
	}
	return IntegralOfGain(a, b, loss);
}
double
BetaGeometricDiscounted(double a, double b, double loss)
{
	double		share = 1 / (1 + a / b);

	if (loss <= 0)
		return a > 1 ? b / (a - 1) : INFINITY;
	if (loss >= SERIES_LOSS)
		return DiscountedSeries(a, b, loss);
	if (-a * log(loss) < LOSS_OF_SPLIT)
		return share / loss *
			(1 - (1 - loss) * (a / (a + b + 1)) * ExpectedGain(a + 1, b + 1, loss));
	return share * ExpectedGain(a, b + 1, loss);
}
