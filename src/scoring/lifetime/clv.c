/*
 * clv.c
 *		The present value of expected purchases (core).
 *
 * With E(t) the purchases that are expected within t from now, h the horizon
 * and d the discount per unit of time, v = 1 / (1 + d),
 *
 *		period		sum over i = 1, 2, ... of (E(i) - E(i - 1)) v^i, the last
 *					period ends at h
 *		continuous	integral of exp(-d t) dE(t) from 0 to h
 *
 * (Fader, Hardie, Lee, RFM and CLV: Using Iso-Value Curves for Customer Base
 * Analysis, 2005, of which the first is the discrete form.)  Summed and
 * integrated by parts these are
 *
 *		E(h) v^h + sum of E(i) (v^i - v^(i + 1))	i < h, i + 1 at most h
 *		E(h) exp(-d h) + d integral of exp(-d t) E(t) dt
 *
 * with positive terms only, so nothing cancels.
 *
 * E is expensive and smooth: with c the smallest parameter that is a time, plus
 * the age, E has no singularity nearer than t = -c, so in log(c + t) it is
 * analytic in a strip of width pi on both sides of the real line, and 17 to 65
 * Chebyshev points give it to 1e-13 over decades.  Periods are read off that
 * polynomial; an integral is that of the polynomial (Clenshaw and Curtis, A
 * method for numerical integration on an automatic computer, 1960).  Where the
 * coefficients do not vanish, the interval is halved.
 *
 * Work is bounded for any horizon.  E is concave, so what comes after 40/d
 * counts less than 1e-16 and is left out.  After FEW_PERIODS periods a sum is
 * the integral over its range, from half a period before to half a period
 * after, less the first term of Euler and Maclaurin's formula; the next is
 * below 1e-15.  Only opportunities to buy (bgbb) are added one by one, up to
 * MAX_OPPORTUNITIES.
 */
#include "scoring/lifetime/clv.h"

#include <float.h>
#include <math.h>

const char *const compounding_names[N_COMPOUNDINGS] = {
	"period", "continuous"
};

#define NO_TAIL				40.0	/* exp(-40) is 4e-18 */
#define FEW_PERIODS			4096
#define MAX_OPPORTUNITIES	1000000

#define FIRST_DEGREE		8
#define MAX_DEGREE			128
#define MAX_PANEL			8.0 /* of log(c + t) */
#define MAX_HALVINGS		8
#define VANISHED			1e-13
#define NEARLY_VANISHED		1e-11	/* good enough where E has no more digits */

/* What is added up over t. */
typedef struct Stream
{
	const LifetimeKindOps *ops;
	const double *parameter;
	const LifetimeHistory *history;
	double		c;
	double		rate;			/* of discount, continuous */
	bool		integrate;		/* exp(-rate t) E(t); otherwise E at whole t */

	/* t = start + (c + start) expm1(u) */
	double		start;
	double		end;
	double		length;			/* of the range of u */
	double		next;			/* the next whole t, up to end */
	double		total;
} Stream;

/* A polynomial on low <= u <= high. */
typedef struct Panel
{
	double		low;
	double		high;
	int			degree;
	double		coefficient[MAX_DEGREE + 1];	/* of Chebyshev polynomials */
} Panel;

static inline double
Expected(const Stream *s, double t)
{
	return s->ops->expected_purchases(s->parameter, s->history, t);
}

static double
TimeAt(const Stream *s, double u)
{
	return Min(s->start + (s->c + s->start) * expm1(u), s->end);
}

/* What is interpolated: E, or the integrand by u. */
static double
ValueAt(const Stream *s, double u)
{
	double		t = TimeAt(s, u);
	double		expected = Expected(s, t);

	return s->integrate ? expected * exp(-s->rate * t) * (s->c + t) : expected;
}

/* Coefficients from the values at cos(pi j / n), of which every stride-th is there. */
static void
SetCoefficients(Panel *p, const double *value, const double *cosine, int stride)
{
	int			n = p->degree;

	for (int k = 0; k <= n; k++)
	{
		double		sum = (value[0] + (k & 1 ? -1 : 1) * value[n * stride]) / 2;

		for (int j = 1; j < n; j++)
			sum += value[j * stride] * cosine[(j * k % (2 * n)) * stride];
		p->coefficient[k] = sum * (k == 0 || k == n ? 1.0 : 2.0) / n;
	}
}

/* The last coefficients against the largest one. */
static double
Remainder(const Panel *p)
{
	double		largest = 0;
	double		last = 0;

	for (int k = 0; k <= p->degree; k++)
	{
		largest = Max(largest, fabs(p->coefficient[k]));
		if (k >= p->degree - 2)
			last = Max(last, fabs(p->coefficient[k]));
	}
	return largest > 0 ? last / largest : 0;
}

/* False when no degree is enough; the polynomial is then the best there is. */
static bool
Interpolate(const Stream *s, Panel *p)
{
	double		value[MAX_DEGREE + 1];
	double		cosine[2 * MAX_DEGREE];
	double		length = p->high - p->low;
	double		remainder = 1;
	double		before;
	int			done = 0;		/* the degree that has its values */

	for (int degree = FIRST_DEGREE; degree <= MAX_DEGREE; degree *= 2)
	{
		int			stride = MAX_DEGREE / degree;

		for (int j = 0; j < 2 * degree; j++)
			if (done == 0 || (j & 1))
				cosine[j * stride] = cos(M_PI * j / degree);
		for (int j = 0; j <= degree; j++)
			if (done == 0 || (j & 1))
			{
				/* (1 + cos x) / 2, without a difference where that is small */
				double		half = cos(M_PI * j / degree / 2);

				value[j * stride] = ValueAt(s, p->low + length * half * half);
			}
		p->degree = done = degree;
		SetCoefficients(p, value, cosine, stride);
		before = remainder;
		remainder = Remainder(p);
		/* what does not shrink any more is rounding in E */
		if (remainder <= VANISHED ||
			(remainder <= NEARLY_VANISHED && remainder > before / 16))
			return true;
	}
	return remainder <= NEARLY_VANISHED;
}

/* Clenshaw's recurrence. */
static double
PanelValue(const Panel *p, double u)
{
	double		x = ((u - p->low) - (p->high - u)) / (p->high - p->low);
	double		b1 = 0;
	double		b2 = 0;

	for (int k = p->degree; k > 0; k--)
	{
		double		b = 2 * x * b1 - b2 + p->coefficient[k];

		b2 = b1;
		b1 = b;
	}
	return x * b1 - b2 + p->coefficient[0];
}

static double
PanelIntegral(const Panel *p)
{
	double		sum = 0;

	for (int k = p->degree & ~1; k >= 0; k -= 2)
		sum += p->coefficient[k] / (1.0 - (double) k * k);
	return sum * (p->high - p->low);
}

/* Adds E(t) exp(-rate t) for the whole t of a panel. */
static void
AddPeriods(Stream *s, const Panel *p)
{
	double		end = p->high >= s->length ? s->end : TimeAt(s, p->high);

	for (; s->next <= end; s->next++)
	{
		double		u = log1p((s->next - s->start) / (s->c + s->start));

		s->total += PanelValue(p, Min(Max(u, p->low), p->high)) * exp(-s->rate * s->next);
	}
}

static void
AddPanel(Stream *s, double low, double high, int halvings)
{
	Panel		panel;

	panel.low = low;
	panel.high = high;
	custseg_poll();
	if (!Interpolate(s, &panel) && halvings < MAX_HALVINGS)
	{
		double		middle = low + (high - low) / 2;

		AddPanel(s, low, middle, halvings + 1);
		AddPanel(s, middle, high, halvings + 1);
	}
	else if (s->integrate)
		s->total += PanelIntegral(&panel);
	else
		AddPeriods(s, &panel);
}

/* The sum of E(t) exp(-rate t) over whole t from start to end, or its integral. */
static double
StreamTotal(Stream *s, double start, double end, bool integrate)
{
	double		length = log1p(Min((end - start) / (s->c + start), DBL_MAX));
	int			n_panels = Max(1, (int) ceil(length / MAX_PANEL));

	s->start = start;
	s->end = end;
	s->length = length;
	s->next = start;
	s->integrate = integrate;
	s->total = 0;
	for (int i = 0; i < n_panels; i++)
		AddPanel(s, length * i / n_panels,
				 i == n_panels - 1 ? length : length * (i + 1) / n_panels, 0);
	return s->total;
}

/* The sum of E(i) exp(-rate i) for whole i from 1 to n. */
static double
SumOfPeriods(Stream *s, double n)
{
	double		sum = 0;
	double		from;
	double		upto;
	double		slope;

	/* interpolating costs as much as these */
	if (n <= 2 * FIRST_DEGREE)
	{
		for (int i = 1; i <= n; i++)
			sum += Expected(s, i) * exp(-s->rate * i);
		return sum;
	}
	if (n <= 2 * FEW_PERIODS)
		return StreamTotal(s, 1, n, false);

	sum = StreamTotal(s, 1, FEW_PERIODS, false);
	from = FEW_PERIODS + 0.5;
	upto = n + 0.5;
	sum += StreamTotal(s, from, upto, true);
	slope = Expected(s, from + 0.5) - Expected(s, from - 0.5) - s->rate * Expected(s, from);
	sum += slope * exp(-s->rate * from) / 24;
	slope = Expected(s, upto + 0.5) - Expected(s, upto - 0.5) - s->rate * Expected(s, upto);
	sum -= slope * exp(-s->rate * upto) / 24;
	return sum;
}

static double
ByPeriod(Stream *s, double horizon, double discount)
{
	double		whole = Max(ceil(horizon) - 1, 0);	/* periods that are complete, less the last */
	double		expected = Expected(s, horizon);
	double		sum = expected * exp(-s->rate * horizon);
	double		before;

	if (isinf(expected) || whole == 0)
		return isinf(expected) ? expected : sum;

	/* v^i - v^(i + 1) = v^i d / (1 + d), but for the last one */
	before = Expected(s, whole) * exp(-s->rate * whole);
	sum += before * -expm1(-s->rate * (horizon - whole));
	if (whole > 1)
		sum += SumOfPeriods(s, whole - 1) * (discount / (1 + discount));
	return sum;
}

static double
Continuously(Stream *s, double horizon)
{
	double		expected = Expected(s, horizon);

	if (isinf(expected))
		return expected;
	return expected * exp(-s->rate * horizon) + s->rate * StreamTotal(s, 0, horizon, true);
}

/* Opportunities have no time between them: their sum is a sum. */
static double
ByOpportunity(Stream *s, double horizon)
{
	double		expected = Expected(s, horizon);
	double		sum = expected * exp(-s->rate * horizon);

	if (horizon > MAX_OPPORTUNITIES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("horizon must be at most %d opportunities at so small a discount",
						MAX_OPPORTUNITIES),
				 errhint("Use a shorter horizon, or a discount of 0.")));
	for (int i = 1; i < horizon; i++)
	{
		sum += Expected(s, i) * exp(-s->rate * i) * -expm1(-s->rate);
		if (i % 1024 == 0)
			custseg_poll();
	}
	return sum;
}

double
DiscountedPurchases(const LifetimeKindOps *ops, const double *parameter,
					const LifetimeHistory *history, double horizon, double discount,
					Compounding compounding)
{
	Stream		s = {0};

	if (horizon == 0)
		return 0;
	s.ops = ops;
	s.parameter = parameter;
	s.history = history;
	s.rate = compounding == COMPOUND_CONTINUOUS ? discount : log1p(discount);
	if (s.rate * horizon < DBL_EPSILON / 4)
		return Expected(&s, horizon);
	s.c = DBL_MAX;
	for (int i = 0; i < ops->n_parameters; i++)
		if (ops->is_time[i])
			s.c = Min(s.c, parameter[i]);
	if (horizon > NO_TAIL / s.rate)
		horizon = compounding == COMPOUND_CONTINUOUS && s.c < DBL_MAX ? NO_TAIL / s.rate :
			Min(horizon, ceil(NO_TAIL / s.rate) + 1);
	if (s.c == DBL_MAX)
		return ByOpportunity(&s, horizon);
	/* nearer to 0 than that no scale matters, and exp(u) stays in range */
	s.c = Max(s.c + history->age, 1e-200 * horizon);
	return compounding == COMPOUND_CONTINUOUS ? Continuously(&s, horizon) :
		ByPeriod(&s, horizon, discount);
}
