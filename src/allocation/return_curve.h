/*
 * return_curve.h
 *		Curves of diminishing returns, and how much a unit more brings.
 */
#ifndef CUSTSEG_RETURN_CURVE_H
#define CUSTSEG_RETURN_CURVE_H

#include "common/core.h"

typedef enum CurveKind
{
	CURVE_LOG,					/* a ln(1 + x / b) */
	CURVE_POWER,				/* a x^b, 0 < b < 1 */
	CURVE_NEGEXP,				/* a (1 - exp(-x / b)) */
	CURVE_SATURATION,			/* a x / (b + x) */
	CURVE_HILL,					/* a x^c / (b^c + x^c) */
	N_CURVES
} CurveKind;

/* Their names in SQL. */
extern const char *const curve_names[N_CURVES];

/* Ranges that keep every intermediate result a finite double; a is 0 or more. */
#define CURVE_B_MIN 1e-200
#define CURVE_B_MAX 1e200
#define CURVE_C_MIN 0.01
#define CURVE_C_MAX 1000.0

typedef struct ReturnCurve
{
	CurveKind	kind;
	double		a;
	double		b;
	double		c;				/* of CURVE_HILL */
} ReturnCurve;

/* The return of x >= 0, and its derivative, which can be infinite at 0. */
extern double CurveValue(const ReturnCurve *curve, double x);
extern double CurveSlope(const ReturnCurve *curve, double x);

/*
 * The same curve over whole units.  a, or what takes its place, is multiplied
 * by 2^exponent, which is the same for all rows of a problem.
 */
typedef struct UnitCurve
{
	CurveKind	kind;
	double		a;
	double		b;				/* in units, but for CURVE_POWER */
	double		c;
	double		p;				/* made of these once; see UnitCurveInit() */
	double		q;
} UnitCurve;

/* A price: what a unit must bring at least. */
typedef struct UnitPrice
{
	double		price;
	double		log;
} UnitPrice;

/* units is the number of units in 1. */
extern void UnitCurveInit(UnitCurve *unit, const ReturnCurve *curve, double units, int exponent);

/* The return of k units. */
extern double UnitValue(const UnitCurve *unit, int64 k);

/* What the k-th unit brings; what the units from + 1 .. to bring together, of CURVE_HILL. */
extern double UnitGain(const UnitCurve *unit, int64 k);
extern double UnitRise(const UnitCurve *unit, int64 from, int64 to);

/*
 * The number of units of which the last brings the price or more, between
 * low and high, in the part of the curve that is concave from low on.  slope
 * is how fast it falls with the logarithm of the price.  The price is above 0.
 */
extern int64 UnitsWorth(const UnitCurve *unit, int64 low, int64 high, const UnitPrice *price,
						double *slope);

/* The first number of units from which on the curve is concave, at least low. */
extern int64 UnitsConcaveFrom(const UnitCurve *unit, int64 low, int64 high);

/*
 * The end of the tangent from low: the number of units up to high for which
 * the mean return of the units above low is the largest.  low where the curve
 * is concave from there on.
 */
extern int64 UnitsTangentEnd(const UnitCurve *unit, int64 low, int64 high);

#endif							/* CUSTSEG_RETURN_CURVE_H */
