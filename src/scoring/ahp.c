/*
 * ahp.c
 *		Weights of the analytic hierarchy process from a matrix of judgements.
 *
 * T. L. Saaty, The Analytic Hierarchy Process, 1980: the weights are the
 * principal eigenvector w of the positive reciprocal matrix A, with sum 1;
 * CI = (lambda_max - n) / (n - 1), CR = CI / RI.
 *
 * The eigenvector is found by the iteration of T. Noda (Note on the computation
 * of the maximal eigenvalue of a non-negative irreducible matrix, Numerische
 * Mathematik 17, 1971), not by powers of A: those converge slowly, if at all,
 * where judgements go round in a circle (A over B over C over A), since other
 * eigenvalues are then as large.  Noda's method solves
 * (s I - A) y = w, with s the largest ratio (A w)_i / w_i, and takes y as the
 * next w.  s I - A is an M-matrix: elimination needs no pivoting and subtracts
 * nothing that cancels in y, which stays positive, and the convergence is
 * quadratic from any positive start.
 *
 * w is kept as a scaling d of the matrix: B_ij = a_ij d_j / d_i has the same
 * eigenvalues, its row sums are the ratios, and for judgements that nearly agree
 * all its elements are near 1 however large a_ij are.  The first d is the first
 * column of A, which is the eigenvector when the judgements are consistent.  No
 * transcendental function is called, so all platforms give the same bits.
 */
#include "scoring/weighting.h"

#include <float.h>
#include <math.h>

/* Judgements of 1e-9 to 1e9 at random take 90 rounds at most, usual ones 5. */
#define MAX_ROUNDS 2000

const double ahp_random_index[MAX_AHP] = {
	0, 0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49
};

/*
 * Solves (s I - B) y = 1 by elimination without pivoting.  The last pivots can
 * come out as 0 or less when s is the eigenvalue but for rounding.
 */
static void
SolveShifted(double b[MAX_AHP][MAX_AHP], int n, double s, double *y)
{
	double		m[MAX_AHP][MAX_AHP];

	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < n; j++)
			m[i][j] = (i == j ? s : 0) - b[i][j];
		y[i] = 1;
	}
	for (int k = 0; k < n; k++)
	{
		if (!(m[k][k] > s * 1e-17))
			m[k][k] = s * 1e-17;
		for (int i = k + 1; i < n; i++)
		{
			double		factor = m[i][k] / m[k][k];

			for (int j = k + 1; j < n; j++)
				m[i][j] -= factor * m[k][j];
			y[i] -= factor * y[k];
		}
	}
	for (int i = n - 1; i >= 0; i--)
	{
		for (int j = i + 1; j < n; j++)
			y[i] -= m[i][j] * y[j];
		y[i] /= m[i][i];
	}
}

/* Row sums of D^-1 A D, and that matrix. */
static void
Balance(const double *a, int n, const double *d, double b[MAX_AHP][MAX_AHP],
		double *lowest, double *highest)
{
	*lowest = INFINITY;
	*highest = 0;
	for (int i = 0; i < n; i++)
	{
		double		ratio = 0;

		for (int j = 0; j < n; j++)
		{
			b[i][j] = a[i * n + j] * (d[j] / d[i]);
			ratio += b[i][j];
		}
		*lowest = Min(*lowest, ratio);
		*highest = Max(*highest, ratio);
	}
}

/* d becomes d * y with largest element 1. False when that leaves float8. */
static bool
Rescale(double *d, const double *y, int n)
{
	double		largest = 0;

	for (int i = 0; i < n; i++)
	{
		d[i] *= y[i];
		largest = Max(largest, d[i]);
	}
	for (int i = 0; i < n; i++)
	{
		d[i] /= largest;
		if (!(d[i] > DBL_MIN))
			return false;
	}
	return true;
}

/* The pair whose judgement is farthest, as a ratio, from what the weights say. */
static void
FindWorst(const double *a, int n, AhpResult *result)
{
	double		worst = 0;

	result->worst_i = result->worst_j = 0;
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
		{
			double		error = a[i * n + j] * (result->weights[j] / result->weights[i]);

			error = error < 1 ? 1 / error : error;
			if (error > worst)
			{
				worst = error;
				result->worst_i = i;
				result->worst_j = j;
			}
		}
}

/*
 * The eigenvector, with largest element 1, and the eigenvalue.  Keeps the best
 * vector: at the end rounding may shake the ratios.
 */
static bool
PrincipalEigenvector(const double *a, int n, double *best, double *lambda)
{
	double		b[MAX_AHP][MAX_AHP];
	double		d[MAX_AHP];
	double		ones[MAX_AHP];
	double		y[MAX_AHP];
	double		best_gap = INFINITY;
	int			no_better = 0;

	for (int i = 0; i < n; i++)
	{
		d[i] = a[i * n];
		ones[i] = 1;
	}
	if (!Rescale(d, ones, n))
		return false;
	for (int round = 0; round < MAX_ROUNDS && no_better < 3; round++)
	{
		double		lowest;
		double		highest;

		Balance(a, n, d, b, &lowest, &highest);
		if (!isfinite(highest))
			return false;
		if (highest - lowest < best_gap)
		{
			best_gap = highest - lowest;
			memcpy(best, d, n * sizeof(double));
			*lambda = lowest + best_gap / 2;
			no_better = 0;
		}
		else
			no_better++;
		if (best_gap <= *lambda * 1e-16)
			break;
		SolveShifted(b, n, highest, y);
		if (!Rescale(d, y, n))
			return false;
	}
	return best_gap <= *lambda * 1e-12;
}

bool
AhpWeights(const double *matrix, int n, AhpResult *result)
{
	double		d[MAX_AHP];
	double		total = 0;

	if (!PrincipalEigenvector(matrix, n, d, &result->lambda_max))
		return false;
	for (int i = 0; i < n; i++)
		total += d[i];
	for (int i = 0; i < n; i++)
		result->weights[i] = d[i] / total;

	/* consistent but for rounding */
	if (fabs(result->lambda_max - n) <= 1e-12 * n)
		result->lambda_max = n;
	result->ci = n <= 2 ? 0 : Max((result->lambda_max - n) / (n - 1), 0);
	result->cr = n <= 2 ? 0 : result->ci / ahp_random_index[n - 1];
	FindWorst(matrix, n, result);
	return true;
}
