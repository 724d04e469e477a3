/*
 * concentration.h
 *		Gini coefficient, Lorenz curve, and population stability index.
 *
 * Definitions are in docs/abc.md.
 */
#ifndef CUSTSEG_CONCENTRATION_H
#define CUSTSEG_CONCENTRATION_H

#include "scoring/breaks.h"

#define MAX_LORENZ_POINTS 1000

/* Values are >= 0 and finite.  False if their total is 0: no result. */
extern bool Gini(const ValueRuns *runs, double *result);

/* Writes points + 1 shares. */
extern bool Lorenz(const ValueRuns *runs, int points, double *shares);

/* A class with its weights in two populations, which are >= 0 and finite. */
typedef struct ClassPair
{
	double		expected;
	double		actual;
} ClassPair;

extern void SortClassPairs(ClassPair *pairs, int64 n);

/* The share that an empty class is taken to have. */
#define PSI_FLOOR 1e-4

/* Sorts the pairs.  False if a total is 0: no result. */
extern bool Psi(ClassPair *pairs, int64 n, double *result);

/* What psi is on average without any shift; pairs as above. */
extern bool PsiExpected(ClassPair *pairs, int64 n, double *result);

#endif							/* CUSTSEG_CONCENTRATION_H */
