/*
 * likelihood_sum.h
 *		Sums of log-likelihoods over many cells.
 *
 * Cells are added in their order, plainly within a block and from block to
 * block with twice the digits, so that the error does not grow with their
 * number.
 */
#ifndef CUSTSEG_LIKELIHOOD_SUM_H
#define CUSTSEG_LIKELIHOOD_SUM_H

#include "common/double_double.h"
#include "scoring/lifetime/lifetime.h"

#define LIKELIHOOD_BLOCK	256
#define N_LIKELIHOOD_TERMS	(sizeof(LifetimeLikelihood) / sizeof(double))

typedef struct LikelihoodSum
{
	double		block[N_LIKELIHOOD_TERMS];
	int			n_block;
	DoubleDouble total[N_LIKELIHOOD_TERMS];
} LikelihoodSum;

static inline void
LikelihoodCloseBlock(LikelihoodSum *sum)
{
	for (int i = 0; i < (int) N_LIKELIHOOD_TERMS; i++)
	{
		DoubleDoubleCollect(&sum->total[i], sum->block[i], 0);
		sum->block[i] = 0;
	}
	sum->n_block = 0;
}

/* Adds a cell of so many customers. */
static inline void
LikelihoodCollect(LikelihoodSum *sum, const LifetimeLikelihood *cell, double count)
{
	const double *term = (const double *) cell;

	for (int i = 0; i < (int) N_LIKELIHOOD_TERMS; i++)
		sum->block[i] += count * term[i];
	if (++sum->n_block == LIKELIHOOD_BLOCK)
		LikelihoodCloseBlock(sum);
}

static inline void
LikelihoodResult(LikelihoodSum *sum, LifetimeLikelihood *result)
{
	double	   *term = (double *) result;

	LikelihoodCloseBlock(sum);
	for (int i = 0; i < (int) N_LIKELIHOOD_TERMS; i++)
		term[i] = sum->total[i].high;
}

#endif							/* CUSTSEG_LIKELIHOOD_SUM_H */
