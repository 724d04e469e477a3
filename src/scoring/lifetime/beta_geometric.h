/*
 * beta_geometric.h
 *		Survival where the chance to leave differs from customer to customer.
 *
 * A customer leaves before each period with the same probability theta, and
 * theta has a beta(a, b) distribution: the share that is left after k periods is
 *		S(k) = B(a, b + k) / B(a, b) = product of (b + j) / (a + b + j), j < k.
 */
#ifndef CUSTSEG_BETA_GEOMETRIC_H
#define CUSTSEG_BETA_GEOMETRIC_H

#include "common/core.h"

/* S(k); k whole. */
extern double BetaGeometricSurvival(double a, double b, double k);

/* S(1) + ... + S(n); n whole. */
extern double BetaGeometricLifetime(double a, double b, double n);

/*
 * The sum of z^(k-1) S(k) over all k >= 1, where z = 1 - loss; 0 <= loss <= 1.
 * Infinite when loss is 0 and a <= 1.
 */
extern double BetaGeometricDiscounted(double a, double b, double loss);

#endif							/* CUSTSEG_BETA_GEOMETRIC_H */
