/*
 * weighting.h
 *		Core of entropy weights, AHP weights and TOPSIS.
 */
#ifndef CUSTSEG_WEIGHTING_H
#define CUSTSEG_WEIGHTING_H

#include "common/core.h"

/*
 * A power of two by which the weights are multiplied before they are added or
 * multiplied by a number up to 1, so that this neither goes beyond float8 nor
 * loses digits.  1 but for the largest and the smallest weights.
 */
static inline double
WeightUnit(const double *weights, int n)
{
	double		largest = 0;

	for (int i = 0; i < n; i++)
		largest = Max(largest, weights[i]);
	return largest > 0x1p1000 ? 0x1p-100 : largest < 0x1p-900 ? 0x1p900 : 1;
}

/* At least one row; benefit NULL: more is better in every column. */
extern void EntropyWeights(const double *rows, int64 n_rows, int n_columns,
						   const bool *benefit, double *weights);

#define MAX_AHP 10

/* Saaty's mean consistency index of random matrices, for n = 1 to MAX_AHP. */
extern const double ahp_random_index[MAX_AHP];

typedef struct AhpResult
{
	double		weights[MAX_AHP];
	double		lambda_max;
	double		ci;
	double		cr;
	int			worst_i;		/* the judgement that fits least, above the diagonal */
	int			worst_j;
} AhpResult;

/* matrix: positive, row after row. False when it goes beyond float8. */
extern bool AhpWeights(const double *matrix, int n, AhpResult *result);

/* What TOPSIS learns of the rows; each array has n_columns elements. */
typedef struct Topsis
{
	int			n_columns;
	double	   *norms;
	double	   *weights;		/* sum 1 */
	double	   *ideal;			/* in the units of the column */
	double	   *anti_ideal;
} Topsis;

/*
 * At least one row. Fills the arrays; weights is as given by the user. False
 * when a norm goes beyond float8.
 */
extern bool TopsisFit(const double *rows, int64 n_rows, const double *weights,
					  const bool *benefit, Topsis *result);

/* The closeness of a row, 0 to 1; NaN when it goes beyond float8. */
extern double TopsisScore(const Topsis *topsis, const double *row);

#endif							/* CUSTSEG_WEIGHTING_H */
