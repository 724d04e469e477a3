/*
 * bgnbd.h
 *		What the likelihood and the predictions of BG/NBD and MBG/NBD share.
 *
 * While a customer is active he buys at random times, at a rate that is his own:
 * Gamma(r, alpha) over the customers.  After each purchase he leaves for good
 * with a probability that is his own: Beta(a, b).  In MBG/NBD he has one more
 * chance to leave, right after the first purchase.  So the two differ in the
 * number of chances to leave that a customer with x repeat purchases has passed
 * or, if he left, failed: x, or x + 1.
 *
 * Sources: Fader, Hardie, Lee, "Counting Your Customers" the Easy Way, Marketing
 * Science 24 (2005); Batislam, Denizel, Filiztekin, Empirical validation and
 * comparison of models for customer base analysis, IJRM 24 (2007).
 */
#ifndef CUSTSEG_BGNBD_H
#define CUSTSEG_BGNBD_H

#include "scoring/lifetime/lifetime.h"

/* The order of the parameters. */
enum
{
	BG_R, BG_ALPHA, BG_A, BG_B, N_BG_PARAMETERS
};

extern void BgnbdLikelihood(const double *parameter, const LifetimeCells *cells,
							LifetimeLikelihood *result);
extern void MbgnbdLikelihood(const double *parameter, const LifetimeCells *cells,
							 LifetimeLikelihood *result);

#endif							/* CUSTSEG_BGNBD_H */
