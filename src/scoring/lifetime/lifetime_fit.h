/*
 * lifetime_fit.h
 *		Shared by the parts of the fit: fit.c and fit_limit.c.
 */
#ifndef CUSTSEG_LIFETIME_FIT_H
#define CUSTSEG_LIFETIME_FIT_H

#include "scoring/lifetime/lifetime.h"
#include "scoring/lifetime/optimise.h"

/* What is known of the cells before any likelihood. */
typedef struct CellsSummary
{
	double		customers;
	double		purchases;		/* sum of x */
	double		max_x;
	double		repeaters;		/* customers with x > 0 */
	double		total_age;
	double		max_age;
	double		mean_log_spend; /* gamma_gamma: of m_x */
	double		min_spend;
	double		max_spend;
} CellsSummary;

/*
 * A function to maximise: the log-likelihood by the logarithms of the
 * parameters, with the prior.
 */
typedef struct FitProblem
{
	const LifetimeKindOps *ops;
	const LifetimeCells *cells;
	double		precision;		/* of the prior; 0: none */
	double		center[MAX_LIFETIME_PARAMETERS];
} FitProblem;

extern void FitEvaluate(void *problem, const double *at, LifetimeLikelihood *result);

/* The bounds of the logarithms of the parameters. */
extern void FitBounds(LifetimeKind kind, const CellsSummary *summary, double *low, double *high);

/* Status and direction of a maximum. */
extern void FitJudge(LifetimeKind kind, const Objective *objective, const Optimum *optimum,
					 const CellsSummary *summary, LifetimeFit *fit);

#endif							/* CUSTSEG_LIFETIME_FIT_H */
