/*
 * return_curve.c
 *		Core of returns: the curves in the user's measure.
 *
 * log is the logarithmic response of media planning, saturation the curve of
 * Michaelis and Menten, hill that of A. V. Hill (1910), which is S-shaped for
 * c > 1.  All are 0 at 0 and never fall.
 */
#include "allocation/return_curve.h"

#include <float.h>
#include <math.h>

const char *const curve_names[N_CURVES] = {"log", "power", "negexp", "saturation", "hill"};

double
CurveValue(const ReturnCurve *curve, double x)
{
	double		a = curve->a;
	double		b = curve->b;

	if (a == 0 || x == 0)
		return 0;
	switch (curve->kind)
	{
		case CURVE_LOG:
			return a * (x / b < DBL_MAX ? log1p(x / b) : log(x) - log(b));
		case CURVE_POWER:
			return a * pow(x, b);
		case CURVE_NEGEXP:
			return -a * expm1(-x / b);
		case CURVE_SATURATION:
			return a / (b / x + 1);
		case CURVE_HILL:
			return a / (pow(b / x, curve->c) + 1);
		case N_CURVES:
			break;
	}
	pg_unreachable();
}

/* The derivative of the Hill curve is (a c / x) s (1 - s), with s = 1 / (1 + (b / x)^c). */
static double
HillSlope(const ReturnCurve *curve, double x)
{
	double		rest;

	if (x == 0)
		return curve->c > 1 ? 0 : curve->c == 1 ? curve->a / curve->b : INFINITY;
	rest = pow(curve->b / x, curve->c);
	return curve->a * (curve->c / x / (1 + rest)) / (1 + 1 / rest);
}

double
CurveSlope(const ReturnCurve *curve, double x)
{
	double		a = curve->a;
	double		b = curve->b;

	if (a == 0)
		return 0;
	switch (curve->kind)
	{
		case CURVE_LOG:
			return a / (b + x);
		case CURVE_POWER:
			return x == 0 ? INFINITY : a * b * pow(x, b - 1);
		case CURVE_NEGEXP:
			return a / b * exp(-x / b);
		case CURVE_SATURATION:
			return a / (b + x) * (b / (b + x));
		case CURVE_HILL:
			return HillSlope(curve, x);
		case N_CURVES:
			break;
	}
	pg_unreachable();
}
