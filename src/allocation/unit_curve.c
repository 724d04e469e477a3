/*
 * unit_curve.c
 *		Core of returns: the curves over whole units.
 *
 * What one unit more brings is a difference of two values that are nearly
 * equal.  It is computed without subtracting them, so that its relative error
 * is a few times 2^-53 however small it is:
 *
 *	log			a log1p(1 / (b + k - 1))
 *	power		a (k - 1)^b expm1(b log1p(1 / (k - 1)))
 *	negexp		a exp(-(k - 1) / b) (-expm1(-1 / b))
 *	saturation	a b / ((b + k) (b + k - 1))
 *	hill		a (-expm1(-d)) s(k) (1 - s(k - 1)), with s(k) = 1 / (1 + (b / k)^c)
 *				and d = c log1p(1 / (k - 1))
 *
 * The inverse, how many units bring at least a price each, is exact for log,
 * negexp and saturation, whose equations can be solved for k.  For the other
 * two the derivative equals the price at some x.  By the midpoint rule the
 * count is x + 1/2, but for a term that is below 0.06 where the curve changes
 * little from unit to unit; where that leaves a doubt, the gains decide.
 *
 * For hill, with t = c ln(x / b), the logarithm of the derivative is
 *		F(t) = ln(a c / b) + t (1 - 1 / c) - 2 ln(1 + e^t),
 * a concave function of t that falls where the curve is concave.  Newton's
 * method from a point right of the solution stays there and converges.
 */
#include "allocation/return_curve.h"

#include <float.h>
#include <math.h>

/* ln(1 + e^t) and the logistic function of t. */
static inline double
SoftPlus(double t, double *logistic)
{
	double		e = exp(-fabs(t));

	*logistic = t > 0 ? 1 / (1 + e) : e / (1 + e);
	return Max(t, 0) + log1p(e);
}

/*
 * p and q are: power: a b and 1 / (1 - b); negexp: the gain of the first unit;
 * saturation: a b; hill: ln(a c / b), and the largest F.
 */
void
UnitCurveInit(UnitCurve *unit, const ReturnCurve *curve, double units, int exponent)
{
	unit->kind = curve->kind;
	unit->a = ldexp(curve->a, exponent);
	unit->b = curve->b * units;
	unit->c = curve->c;
	unit->p = 0;
	unit->q = 0;
	switch (curve->kind)
	{
		case CURVE_POWER:
			unit->b = curve->b;
			unit->a *= pow(units, -curve->b);
			unit->p = unit->a * unit->b;
			unit->q = 1 / (1 - unit->b);
			break;
		case CURVE_NEGEXP:
			unit->p = -unit->a * expm1(-1 / unit->b);
			break;
		case CURVE_SATURATION:
			unit->p = unit->a * unit->b;
			break;
		case CURVE_HILL:
			if (unit->c == 1)
			{
				unit->kind = CURVE_SATURATION;
				unit->p = unit->a * unit->b;
				break;
			}
			unit->p = log(unit->a * unit->c) - log(unit->b);
			unit->q = INFINITY;
			if (unit->c > 1)
			{
				double		s;
				double		t = log((unit->c - 1) / (unit->c + 1));

				unit->q = unit->p + t * (1 - 1 / unit->c) - 2 * SoftPlus(t, &s);
			}
			break;
		default:
			break;
	}
}

double
UnitValue(const UnitCurve *unit, int64 k)
{
	ReturnCurve curve = {unit->kind, unit->a, unit->b, unit->c};

	return CurveValue(&curve, (double) k);
}

double
UnitRise(const UnitCurve *unit, int64 from, int64 to)
{
	double		rest;
	double		rest_from;
	double		d;

	if (from == 0)
		return UnitValue(unit, to);
	d = unit->c * log1p((double) (to - from) / (double) from);
	rest = pow(unit->b / (double) to, unit->c);
	rest_from = pow(unit->b / (double) from, unit->c);
	return unit->a * (-expm1(-d) / (1 + rest)) / (1 + 1 / rest_from);
}

double
UnitGain(const UnitCurve *unit, int64 k)
{
	double		a = unit->a;
	double		b = unit->b;
	double		before = (double) (k - 1);

	switch (unit->kind)
	{
		case CURVE_LOG:
			return a * log1p(1 / (b + before));
		case CURVE_POWER:
			return k == 1 ? a : a * pow(before, b) * expm1(b * log1p(1 / before));
		case CURVE_NEGEXP:
			return unit->p * exp(-before / b);
		case CURVE_SATURATION:
			return a / (b + (double) k) * (b / (b + before));
		case CURVE_HILL:
			return UnitRise(unit, k - 1, k);
		case N_CURVES:
			break;
	}
	pg_unreachable();
}

/* --- How many units are worth a price --------------------------------------------- */

/* Where the derivative of a Hill curve equals the price, right of its turn; 0 if it is nowhere so steep. */
static double
HillUnitsAt(const UnitCurve *unit, double log_price, double *slope)
{
	double		above = 1 / unit->c;
	double		gap = unit->p - log_price;
	double		t = gap / (1 + above);
	double		s;

	*slope = 0;
	if (unit->q <= log_price)
		return 0;
	if (unit->c < 1)
		t = Min(t, gap / (above - 1));
	for (int i = 0; i < 100; i++)
	{
		double		excess = gap + t * (1 - above) - 2 * SoftPlus(t, &s);
		double		fall = 2 * s - 1 + above;
		double		next;

		/* at the turn itself nothing falls */
		if (fall <= 0)
			break;
		*slope = fall;
		next = t + excess / fall;
		if (!(next < t - 1e-15 * (1 + fabs(t))))
			break;
		t = next;
	}
	t = unit->b * exp(t * above);
	if (*slope > 0)
		*slope = t * above / *slope;
	return t;
}

/* Lets the gains decide, near a number of units. */
static int64
ByGain(const UnitCurve *unit, int64 low, int64 high, int64 k, double price)
{
	for (int i = 0; i < 3; i++)
	{
		if (k < high && UnitGain(unit, k + 1) >= price)
			k++;
		else if (k > low && UnitGain(unit, k) < price)
			k--;
		else
			break;
	}
	return k;
}

int64
UnitsWorth(const UnitCurve *unit, int64 low, int64 high, const UnitPrice *price, double *slope)
{
	double		b = unit->b;
	double		k = 0;
	double		smooth = -1;	/* below it the gains change much from unit to unit */

	*slope = 0;
	if (unit->a == 0 || low >= high)
		return low;
	switch (unit->kind)
	{
		case CURVE_LOG:
			*slope = 1 / expm1(price->price / unit->a);
			k = 1 + *slope - b;
			break;
		case CURVE_POWER:
			k = pow(unit->p / price->price, unit->q);
			*slope = k * unit->q;
			smooth = 20;
			break;
		case CURVE_NEGEXP:
			k = 1 + b * log(unit->p / price->price);
			*slope = b;
			break;
		case CURVE_SATURATION:
			k = sqrt(unit->p / price->price + 0.25);
			*slope = k / 2;
			k += 0.5 - b;
			break;
		case CURVE_HILL:
			k = HillUnitsAt(unit, price->log, slope);
			smooth = 10 * (unit->c + 1);
			break;
		case N_CURVES:
			pg_unreachable();
	}
	if (smooth > 0)
	{
		double		x = k;
		int64		count;

		k += 0.5;
		count = k >= (double) high ? high : k >= (double) low + 1 ? (int64) k : low;
		if (x < smooth || fabs(k - rint(k)) < 0.06)
			count = ByGain(unit, low, high, count, price->price);
		if (count == low || count == high)
			*slope = 0;
		return count;
	}
	/* not a number is possible only where the gain of every unit underflows */
	if (!(k >= (double) low + 1))
	{
		*slope = 0;
		return low;
	}
	if (k >= (double) high)
	{
		*slope = 0;
		return high;
	}
	return (int64) k;
}

/* --- Curves that are S-shaped -------------------------------------------------------- */

/*
 * Units up to the turn bring more and more, those after it less and less; the
 * one across it may be either.
 */
int64
UnitsConcaveFrom(const UnitCurve *unit, int64 low, int64 high)
{
	double		turn;
	int64		k;

	if (unit->kind != CURVE_HILL || unit->c < 1)
		return low;
	turn = unit->b * pow((unit->c - 1) / (unit->c + 1), 1 / unit->c);
	if (turn <= (double) low)
		return low;
	if (turn >= (double) high)
		return high;
	k = (int64) turn;
	if (k + 2 <= high && UnitGain(unit, k + 1) < UnitGain(unit, k + 2))
		k++;
	return k;
}

/* Whether the next unit brings less than those above low on average: the tangent ends at k or before. */
static inline bool
PastTangent(const UnitCurve *unit, int64 low, int64 k)
{
	return UnitGain(unit, k + 1) * (double) (k - low) <= UnitRise(unit, low, k);
}

/* Above 0 before the tangent from low touches the curve, below 0 behind. */
static inline double
TangentExcess(const ReturnCurve *curve, double low, double value, double x)
{
	return CurveSlope(curve, x) * (x - low) - (CurveValue(curve, x) - value);
}

/*
 * The tangent from x0 touches at x where f'(x) (x - x0) = f(x) - f(x0).  From
 * 0 that is b (c - 1)^(1/c); from elsewhere it is nearer to the turn, and found
 * by regula falsi (Illinois).  Only a guess: gains decide.
 */
static double
TangentGuess(const UnitCurve *unit, double low, double turn)
{
	ReturnCurve curve = {unit->kind, unit->a, unit->b, unit->c};
	double		to = Max(unit->b * pow(unit->c - 1, 1 / unit->c), turn);
	double		from = turn;
	double		value = CurveValue(&curve, low);
	double		above;
	double		below;

	if (low == 0)
		return to;
	above = TangentExcess(&curve, low, value, from);
	below = TangentExcess(&curve, low, value, to);
	for (int i = 0; i < 12 && above > 0 && below < 0; i++)
	{
		double		x = from + (to - from) * (above / (above - below));
		double		excess = TangentExcess(&curve, low, value, x);

		if (to - from < 1e-7 * to)
			break;
		if (excess > 0)
		{
			from = x;
			above = excess;
			below /= 2;
		}
		else
		{
			to = x;
			below = excess;
			above /= 2;
		}
	}
	return above < -below ? from : to;
}

int64
UnitsTangentEnd(const UnitCurve *unit, int64 low, int64 high)
{
	int64		turn = UnitsConcaveFrom(unit, low, high);
	int64		from = Max(turn, low + 1);
	int64		to = high;
	double		guess;
	int64		step = 1;

	if (turn == low || unit->a == 0)
		return low;
	if (from >= high || !PastTangent(unit, low, high - 1))
		return high;
	/* the end is in from .. to, and PastTangent(to) holds */
	to = high - 1;
	guess = TangentGuess(unit, (double) low, (double) turn);
	if (guess < (double) to)
	{
		int64		k = Max((int64) guess, from);

		if (PastTangent(unit, low, k))
		{
			for (to = k; to > from && PastTangent(unit, low, Max(from, to - step)); step *= 2)
				to = Max(from, to - step);
			from = Max(from, to - step);
		}
		else
		{
			for (from = k; from + step < to && !PastTangent(unit, low, from + step); step *= 2)
				from += step;
			to = Min(to, from + step);
		}
	}
	while (from < to)
	{
		int64		middle = from + (to - from) / 2;

		if (PastTangent(unit, low, middle))
			to = middle;
		else
			from = middle + 1;
	}
	return to;
}
