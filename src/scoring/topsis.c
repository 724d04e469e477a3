/*
 * topsis.c
 *		TOPSIS: how close a row is to the best of everything.
 *
 * C.-L. Hwang, K. Yoon, Multiple Attribute Decision Making, 1981: columns are
 * divided by their Euclidean norm and multiplied by their weights; the ideal has
 * the best value of every column, the anti-ideal the worst; with d+ and d- a
 * row's Euclidean distances from them, its closeness is d- / (d+ + d-).
 * A column of norm 0 contributes nothing; d+ + d- = 0 gives 0.5.
 *
 * Squares are taken relative to the largest absolute value, so that neither
 * very large nor very small numbers are lost, and a norm's terms are sorted
 * before they are added, so that the order of the rows does not matter.
 *
 * Memory: 16 bytes a row while a column is sorted, in the current context.
 */
#include "scoring/weighting.h"

#include <math.h>

#include "common/double_double.h"
#include "scoring/breaks.h"
#include "scoring/component_rows.h"

/* The Euclidean norm of a column's ascending values, which it changes. */
static double
Norm(double *values, int64 n)
{
	double		largest = Max(fabs(values[0]), fabs(values[n - 1]));
	DoubleDouble squares = {0, 0};

	if (largest == 0)
		return 0;
	for (int64 i = 0; i < n; i++)
	{
		double		part = values[i] / largest;

		values[i] = part * part;
		POLL_EVERY(i);
	}
	/* small ones first; a column of one sign is in order, or in reverse */
	SortFloats(values, n);
	for (int64 i = 0; i < n; i++)
	{
		DoubleDoubleCollect(&squares, values[i], 0);
		POLL_EVERY(i);
	}
	return largest * sqrt(squares.high);
}

bool
TopsisFit(const double *rows, int64 n_rows, const double *weights,
		  const bool *benefit, Topsis *result)
{
	DoubleDouble total = {0, 0};
	double		unit = WeightUnit(weights, result->n_columns);

	for (int j = 0; j < result->n_columns; j++)
		DoubleDoubleCollect(&total, weights[j] * unit, 0);

	for (int j = 0; j < result->n_columns; j++)
	{
		double	   *values = ColumnSorted(rows, n_rows, result->n_columns, j);
		bool		more_is_better = benefit == NULL || benefit[j];

		result->weights[j] = weights[j] * unit / total.high;
		result->ideal[j] = values[more_is_better ? n_rows - 1 : 0];
		result->anti_ideal[j] = values[more_is_better ? 0 : n_rows - 1];
		result->norms[j] = Norm(values, n_rows);
		pfree(values);
		if (!isfinite(result->norms[j]))
			return false;
	}
	return true;
}

/* sum of squares, relative to the largest */
static inline double
SquaresOver(const double *x, int n, double largest)
{
	double		sum = 0;

	for (int j = 0; j < n; j++)
		sum += (x[j] / largest) * (x[j] / largest);
	return sum;
}

/* (x - y) / norm */
static inline double
Distance(double x, double y, double norm)
{
	double		distance = x - y;

	return isfinite(distance) ? distance / norm : x / norm - y / norm;
}

double
TopsisScore(const Topsis *topsis, const double *row)
{
	double		plus[MAX_COMPONENTS];
	double		minus[MAX_COMPONENTS];
	int			n = topsis->n_columns;
	double		largest = 0;
	double		to_ideal;
	double		to_anti_ideal;

	for (int j = 0; j < n; j++)
	{
		double		norm = topsis->norms[j];
		double		weight = topsis->weights[j];

		plus[j] = minus[j] = 0;
		if (norm == 0 || weight == 0)
			continue;
		plus[j] = weight * Distance(row[j], topsis->ideal[j], norm);
		minus[j] = weight * Distance(row[j], topsis->anti_ideal[j], norm);
		if (!isfinite(plus[j]) || !isfinite(minus[j]))
			return NAN;
		largest = Max(largest, Max(fabs(plus[j]), fabs(minus[j])));
	}
	if (largest == 0)
		return 0.5;
	to_ideal = sqrt(SquaresOver(plus, n, largest));
	to_anti_ideal = sqrt(SquaresOver(minus, n, largest));
	return to_anti_ideal / (to_ideal + to_anti_ideal);
}
