/*
 * entropy.c
 *		Entropy weights: columns that tell rows apart weigh more.
 *
 * Definition (C. Shannon's entropy as a weight: C.-L. Hwang, K. Yoon, Multiple
 * Attribute Decision Making, 1981, section 3.1.3; with min-max scaling as in
 * the usual 熵权法):  z = (v - min) / (max - min), or (max - v) / (max - min)
 * where less is better; p = z / sum z; e = -sum p ln p / ln n;
 * w = (1 - e) / sum (1 - e).  A constant column has 1 - e = 0; when all columns
 * are constant, and so when there is one row, all weights are equal.
 *
 * 1 - e is not computed as this difference, which would lose half of the digits
 * where e is near 1.  With x = n p, whose mean is 1,
 *
 *		1 - e = 1 / (n ln n) * sum (x ln x - x + 1)
 *
 * and all terms are >= 0.  Near x = 1 they are computed with log1p.
 *
 * Values are sorted before they are added up, so that the weights have the same
 * bits whatever the order of the rows.
 *
 * Memory: 16 bytes a row while a column is sorted, in the current context.
 */
#include "scoring/weighting.h"

#include <math.h>

#include "common/double_double.h"
#include "scoring/component_rows.h"

/* x ln x - x + 1 for x >= 0 */
static inline double
Divergence(double x)
{
	double		t = x - 1;

	if (x == 0)
		return 1;
	return x * (fabs(t) < 0.5 ? log1p(t) : log(x)) - t;
}

/* (1 - e) ln n of a column's ascending values. */
static double
ColumnDivergence(double *values, int64 n, bool benefit)
{
	/* halves where the range itself would be beyond float8 */
	double		unit = isfinite(values[n - 1] - values[0]) ? 1 : 0.5;
	double		low = values[0] * unit;
	double		high = values[n - 1] * unit;
	DoubleDouble total = {0, 0};
	DoubleDouble result = {0, 0};
	double		mean;

	if (low == high)
		return 0;
	for (int64 i = 0; i < n; i++)
	{
		double		v = values[i] * unit;

		values[i] = (benefit ? v - low : high - v) / (high - low);
		DoubleDoubleCollect(&total, values[i], 0);
		POLL_EVERY(i);
	}
	mean = total.high / n;
	for (int64 i = 0; i < n; i++)
	{
		DoubleDoubleCollect(&result, Divergence(values[i] / mean), 0);
		POLL_EVERY(i);
	}
	return result.high / n;
}

void
EntropyWeights(const double *rows, int64 n_rows, int n_columns,
			   const bool *benefit, double *weights)
{
	DoubleDouble sum = {0, 0};
	double		total;

	for (int j = 0; j < n_columns; j++)
	{
		double	   *values = ColumnSorted(rows, n_rows, n_columns, j);

		weights[j] = ColumnDivergence(values, n_rows, benefit == NULL || benefit[j]);
		DoubleDoubleCollect(&sum, weights[j], 0);
		pfree(values);
	}
	total = sum.high;
	/* ln n is the same in all columns and cancels out */
	for (int j = 0; j < n_columns; j++)
		weights[j] = total > 0 ? weights[j] / total : 1.0 / n_columns;
}
