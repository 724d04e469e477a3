/*
 * optimise.h
 *		The maximum of a smooth function of two to four variables in a box.
 */
#ifndef CUSTSEG_OPTIMISE_H
#define CUSTSEG_OPTIMISE_H

#include "scoring/lifetime/lifetime.h"

#include <math.h>

typedef struct Objective
{
	int			n;				/* variables, at most MAX_LIFETIME_PARAMETERS */
	double		low[MAX_LIFETIME_PARAMETERS];
	double		high[MAX_LIFETIME_PARAMETERS];

	/* value, gradient and Hessian at a point; a value that is not finite is taken as -infinity */
	void		(*evaluate) (void *context, const double *at, LifetimeLikelihood *result);
	void	   *context;
	double		size;			/* the value is a sum of so many parts */
	bool		rough;			/* near the maximum is enough */
} Objective;

/* Differences of values below this are rounding. */
static inline double
ObjectiveNoise(const Objective *objective, double value)
{
	return 2e-15 * (objective->size + fabs(value));
}

typedef struct Optimum
{
	double		at[MAX_LIFETIME_PARAMETERS];
	LifetimeLikelihood here;
	bool		held[MAX_LIFETIME_PARAMETERS];	/* at a bound */
	double		curvature[MAX_LIFETIME_PARAMETERS]; /* eigenvalues of -Hessian over the free ones */
	double		direction[MAX_LIFETIME_PARAMETERS][MAX_LIFETIME_PARAMETERS];	/* their vectors, [k] the k-th */
	int			n_free;
	int			n_evaluations;
	bool		converged;
} Optimum;

/*
 * Climbs from optimum->at. The value, gradient and Hessian that are left in
 * `here` belong to `at`: a last step too small to be worth an evaluation has
 * them extrapolated (value and gradient) or kept (Hessian).
 */
extern void Optimise(const Objective *objective, Optimum *optimum);

/*
 * Eigenvalues, in ascending order, and vectors (vector[k] the k-th) of a
 * symmetric matrix of size n.
 */
extern void SymmetricEigen(int n, double matrix[MAX_LIFETIME_PARAMETERS][MAX_LIFETIME_PARAMETERS],
						   double *value,
						   double vector[MAX_LIFETIME_PARAMETERS][MAX_LIFETIME_PARAMETERS]);

#endif							/* CUSTSEG_OPTIMISE_H */
