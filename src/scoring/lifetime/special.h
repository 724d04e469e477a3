/*
 * special.h
 *		Functions of the gamma family, and sums of logarithms.
 *
 * Differences such as log Gamma(z + d) - log Gamma(z) are functions of their
 * own: taken apart, the two lose all digits where z is large and d small.
 */
#ifndef CUSTSEG_SPECIAL_H
#define CUSTSEG_SPECIAL_H

#include "common/core.h"

#include <math.h>

/* z > 0 */
extern double LogGamma(double z);
extern double Digamma(double z);
extern double Trigamma(double z);

/* log Gamma(z) less Stirling's main terms (z - 1/2) log z - z + log(2 pi) / 2; z > 0 */
extern double StirlingRemainder(double z);

/* f(z + d) - f(z), for f = log Gamma, digamma, trigamma; z > 0, d >= 0 */
extern double LogGammaDifference(double z, double d);
extern double DigammaDifference(double z, double d);
extern double TrigammaDifference(double z, double d);

/* log B(a, b); a, b > 0 */
extern double LogBeta(double a, double b);

/* log(1 + exp(x)) */
static inline double
LogOnePlusExp(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* log(exp(a) + exp(b)); both may be -infinity */
static inline double
LogAddExp(double a, double b)
{
	double		high = a > b ? a : b;

	return isinf(high) ? high : high + log1p(exp((a > b ? b : a) - high));
}

/* 1 / (1 + exp(x)), the probability at log-odds of -x */
static inline double
LogisticOfMinus(double x)
{
	double		e = exp(-fabs(x));

	return x > 0 ? e / (1 + e) : 1 / (1 + e);
}

#endif							/* CUSTSEG_SPECIAL_H */
