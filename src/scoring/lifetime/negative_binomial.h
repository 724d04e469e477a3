/*
 * negative_binomial.h
 *		Purchases at a rate that is Gamma distributed.
 *
 * N is Poisson of mean g w, g ~ Gamma(k, 1):
 *		P(N = n) = (k)_n / n! (1 + w)^-k (w / (1 + w))^n
 */
#ifndef CUSTSEG_NEGATIVE_BINOMIAL_H
#define CUSTSEG_NEGATIVE_BINOMIAL_H

#include "common/core.h"

/* k, w > 0 and finite, n whole and >= 0 */
extern double NegativeBinomial(double k, double w, double n);

/* P(N >= n) */
extern double NegativeBinomialTail(double k, double w, double n);

/* log Gamma(z) - [(z - 1/2) log z - z + log(2 pi) / 2], z > 0 */
extern double StirlingError(double z);

#endif							/* CUSTSEG_NEGATIVE_BINOMIAL_H */
