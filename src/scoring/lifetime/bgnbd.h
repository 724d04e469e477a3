/*
 * bgnbd.h
 *		What the likelihood and the predictions of BG/NBD and MBG/NBD share.
 *
 * While a customer is active he buys at random times, at a rate that is his own:
 * Gamma(r, alpha) over the customers.  After each purchase he leaves for good
 * with a probability that is his own: Beta(a, b).  In BG/NBD that begins with
 * the first repeat purchase, in MBG/NBD with the very first purchase.  So the two
 * differ in how many chances to leave a customer with x repeat purchases had: x,
 * or x + 1.
 *
 * Sources: Fader, Hardie, Lee, "Counting Your Customers" the Easy Way, Marketing
 * Science 24 (2005); Batislam, Denizel, Filiztekin, Empirical validation and
 * comparison of models for customer base analysis, IJRM 24 (2007).
 */
#ifndef CUSTSEG_BGNBD_H
#define CUSTSEG_BGNBD_H

#include "scoring/lifetime/lifetime.h"

#include <math.h>

/* The order of the parameters. */
enum
{
	BG_R, BG_ALPHA, BG_A, BG_B, N_BG_PARAMETERS
};

/*
 * A customer who is active, and a horizon: his rate is Gamma(k, 1) in units of
 * 1 / (alpha + age), his probability to leave Beta(a, b).  Made by
 * BgnbdActiveMake, which keeps all in a range where nothing overflows.
 */
typedef struct BgnbdActive
{
	double		k;				/* r + x */
	double		a;
	double		b;				/* b and the chances to leave that he did not take */
	double		w;				/* horizon / (alpha + age) */
	double		log_growth;		/* log(1 + w) */
} BgnbdActive;

extern BgnbdActive BgnbdActiveMake(const double *parameter, const LifetimeHistory *history,
								   double chances, double horizon);

/* log of E[q^m], q = 1 - p, p ~ Beta(a, b): (b)_m / (a + b)_m; m >= 0 */
extern double LogStays(double a, double b, double m);

/* The purchases he may be expected to make. */
extern double BgnbdActivePurchases(const BgnbdActive *active);

/* The same without a horizon, discounted; discount is per unit of w. */
extern double BgnbdActiveDiscounted(const BgnbdActive *active, double discount);

extern void BgnbdLikelihood(const double *parameter, const LifetimeCells *cells,
							LifetimeLikelihood *result);
extern void MbgnbdLikelihood(const double *parameter, const LifetimeCells *cells,
							 LifetimeLikelihood *result);

/* log(1 + y), when 1 / (1 + y) is known; y >= 0.  Quicker than log1p. */
static inline double
LogOnePlus(double y, double inverse)
{
	double		u = 1 + y;

	return log(u) + (y - (u - 1)) * inverse;
}

#endif							/* CUSTSEG_BGNBD_H */
