/*
 * optimise.c
 *		The maximum of a smooth function of two to four variables in a box (core).
 *
 * Newton's method in a trust region. The Hessian is small, so its eigenvalues
 * are taken, and the quadratic model is maximised within the radius exactly,
 * where it is not concave too (More, Sorensen, Computing a trust region step,
 * 1983). A step that leaves the box is cut variable by variable.
 *
 * It stops when the gain that the model promises, half the Newton decrement,
 * is below the rounding noise of the value, or when the next step is so small
 * that Newton's quadratic convergence makes it exact; this step is then taken
 * without an evaluation, which for large data is what time is spent on. The
 * norm of the gradient says nothing: it stays large where the value is large
 * and has been rounded.
 */
#include "scoring/lifetime/optimise.h"

#include <float.h>
#include <math.h>

#define N 			MAX_LIFETIME_PARAMETERS
#define MAX_STEPS	300

/* A gain in the value that no fit is worth going on for. */
#define NEGLIGIBLE	1e-6

typedef struct Step
{
	double		by[N];
	double		largest;		/* of its absolute values */
	double		gain;			/* that the quadratic model promises */
	double		norm;
	bool		limited;		/* by the radius */
} Step;

/* --- Eigenvalues ------------------------------------------------------------ */

/* One rotation of Jacobi's method: makes matrix[p][q] 0. */
static void
Rotate(int n, double matrix[N][N], double vector[N][N], int p, int q)
{
	double		half = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q]);
	double		t = (half >= 0 ? 1 : -1) / (fabs(half) + hypot(half, 1));
	double		c = 1 / hypot(t, 1);
	double		s = t * c;

	for (int k = 0; k < n; k++)
	{
		double		kp = matrix[k][p];
		double		kq = matrix[k][q];

		matrix[k][p] = c * kp - s * kq;
		matrix[k][q] = s * kp + c * kq;
	}
	for (int k = 0; k < n; k++)
	{
		double		pk = matrix[p][k];
		double		qk = matrix[q][k];

		matrix[p][k] = c * pk - s * qk;
		matrix[q][k] = s * pk + c * qk;
		pk = vector[p][k];
		qk = vector[q][k];
		vector[p][k] = c * pk - s * qk;
		vector[q][k] = s * pk + c * qk;
	}
	matrix[p][q] = matrix[q][p] = 0;
}

void
SymmetricEigen(int n, double matrix[N][N], double *value, double vector[N][N])
{
	double		work[N][N];

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			work[i][j] = matrix[i][j];
			vector[i][j] = i == j;
		}
	for (int sweep = 0; sweep < 50; sweep++)
	{
		bool		rotated = false;

		for (int p = 0; p < n; p++)
			for (int q = p + 1; q < n; q++)
				if (fabs(work[p][q]) > 1e-17 * sqrt(fabs(work[p][p]) * fabs(work[q][q])) + DBL_MIN)
				{
					Rotate(n, work, vector, p, q);
					rotated = true;
				}
		if (!rotated)
			break;
	}
	for (int i = 0; i < n; i++)
		value[i] = work[i][i];
	for (int i = 1; i < n; i++)
		for (int j = i; j > 0 && value[j] < value[j - 1]; j--)
		{
			double		swap = value[j];

			value[j] = value[j - 1];
			value[j - 1] = swap;
			for (int k = 0; k < n; k++)
			{
				swap = vector[j][k];
				vector[j][k] = vector[j - 1][k];
				vector[j - 1][k] = swap;
			}
		}
}

/* --- A step ------------------------------------------------------------------- */

/* The step in the basis of the eigenvectors when shift is added to all eigenvalues; its norm. */
static double
ShiftedStep(int n, const double *slope, const double *curvature, double shift, double *step)
{
	double		square = 0;

	for (int k = 0; k < n; k++)
	{
		step[k] = slope[k] == 0 ? 0 : slope[k] / (curvature[k] + shift);
		square += step[k] * step[k];
	}
	return sqrt(square);
}

/*
 * Maximises slope.s - sum(curvature s^2) / 2 over |s| <= radius; true when the
 * radius was the limit. The shift is found by bisection: evaluations of the
 * function cost more by orders of magnitude.
 */
static bool
RadiusStep(int n, const double *slope, const double *curvature, double radius, double *step)
{
	double		low = Max(0, -curvature[0]);
	double		high;
	double		norm;

	if (curvature[0] > 0 && ShiftedStep(n, slope, curvature, 0, step) <= radius)
		return false;
	high = low + 1;
	while (ShiftedStep(n, slope, curvature, high, step) > radius)
		high = low + 4 * (high - low);
	for (int i = 0; i < 200 && high - low > 1e-10 * high; i++)
	{
		double		middle = low + (high - low) / 2;

		if (ShiftedStep(n, slope, curvature, middle, step) > radius)
			low = middle;
		else
			high = middle;
	}
	norm = ShiftedStep(n, slope, curvature, high, step);
	/* no slope along the direction in which the function is convex */
	if (curvature[0] < 0 && norm < 0.999 * radius)
		step[0] += (slope[0] < 0 ? -1 : 1) * sqrt(radius * radius - norm * norm);
	return true;
}

/* The step of the free variables; those that are fixed have theirs in step->by. */
static void
FreeStep(const Objective *objective, const LifetimeLikelihood *here, const bool *fixed,
		 double radius, Step *step)
{
	int			index[N];
	int			n = 0;
	double		matrix[N][N];
	double		vector[N][N];
	double		curvature[N];
	double		slope[N];
	double		by[N];

	for (int i = 0; i < objective->n; i++)
		if (!fixed[i])
			index[n++] = i;
	step->limited = false;
	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			matrix[i][j] = -here->hessian[index[i]][index[j]];
	SymmetricEigen(n, matrix, curvature, vector);
	for (int k = 0; k < n; k++)
	{
		slope[k] = 0;
		for (int i = 0; i < n; i++)
		{
			double		gradient = here->gradient[index[i]];

			for (int j = 0; j < objective->n; j++)
				if (fixed[j])
					gradient += here->hessian[index[i]][j] * step->by[j];
			slope[k] += vector[k][i] * gradient;
		}
	}
	step->limited = RadiusStep(n, slope, curvature, radius, by);
	for (int i = 0; i < n; i++)
	{
		step->by[index[i]] = 0;
		for (int k = 0; k < n; k++)
			step->by[index[i]] += vector[k][i] * by[k];
	}
}

/* The variable whose step leaves the box first, or -1. */
static int
FirstOutside(const Objective *objective, const double *at, const bool *fixed, const Step *step)
{
	int			first = -1;
	double		least = 1;

	for (int i = 0; i < objective->n; i++)
	{
		double		room = step->by[i] > 0 ? objective->high[i] - at[i] : at[i] - objective->low[i];
		double		part = room / fabs(step->by[i]);

		if (!fixed[i] && fabs(step->by[i]) > room && (first < 0 || part < least))
		{
			first = i;
			least = part;
		}
	}
	return first;
}

static void
BoxStep(const Objective *objective, const double *at, const LifetimeLikelihood *here,
		double radius, Step *step)
{
	bool		fixed[N];
	double		square = 0;

	for (int i = 0; i < objective->n; i++)
	{
		step->by[i] = 0;
		fixed[i] = (at[i] <= objective->low[i] && here->gradient[i] <= 0) ||
			(at[i] >= objective->high[i] && here->gradient[i] >= 0);
	}
	for (;;)
	{
		int			outside;

		FreeStep(objective, here, fixed, radius, step);
		outside = FirstOutside(objective, at, fixed, step);
		if (outside < 0)
			break;
		step->by[outside] = step->by[outside] > 0 ? objective->high[outside] - at[outside]
			: objective->low[outside] - at[outside];
		fixed[outside] = true;
	}
	step->gain = step->largest = 0;
	for (int i = 0; i < objective->n; i++)
	{
		double		slope = here->gradient[i];

		for (int j = 0; j < objective->n; j++)
			slope += here->hessian[i][j] * step->by[j] / 2;
		step->gain += slope * step->by[i];
		square += step->by[i] * step->by[i];
		step->largest = Max(step->largest, fabs(step->by[i]));
	}
	step->norm = sqrt(square);
}

/* --- The climb ------------------------------------------------------------------ */

static void
Move(const Objective *objective, const double *at, const Step *step, double *to)
{
	for (int i = 0; i < objective->n; i++)
	{
		to[i] = at[i] + step->by[i];
		/* on the bound, not beside it by a rounding error */
		if (to[i] > objective->high[i] - 1e-9)
			to[i] = objective->high[i];
		if (to[i] < objective->low[i] + 1e-9)
			to[i] = objective->low[i];
	}
}

/* The last step, which is not evaluated. */
static void
LastStep(const Objective *objective, Optimum *optimum, const Step *step)
{
	LifetimeLikelihood *here = &optimum->here;

	Move(objective, optimum->at, step, optimum->at);
	here->value += step->gain;
	for (int i = 0; i < objective->n; i++)
		for (int j = 0; j < objective->n; j++)
			here->gradient[i] += here->hessian[i][j] * step->by[j];
}

static void
FreeCurvature(const Objective *objective, Optimum *optimum)
{
	int			index[N];
	int			n = 0;
	double		matrix[N][N];
	double		vector[N][N];

	for (int i = 0; i < objective->n; i++)
	{
		optimum->held[i] = optimum->at[i] <= objective->low[i] ||
			optimum->at[i] >= objective->high[i];
		if (!optimum->held[i])
			index[n++] = i;
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			matrix[i][j] = -optimum->here.hessian[index[i]][index[j]];
	SymmetricEigen(n, matrix, optimum->curvature, vector);
	memset(optimum->direction, 0, sizeof(optimum->direction));
	for (int k = 0; k < n; k++)
		for (int i = 0; i < n; i++)
			optimum->direction[k][index[i]] = vector[k][i];
	optimum->n_free = n;
}

/*
 * Whether the point after this step is as good as exact. Newton's error goes
 * with the square of the step; the factor is seen from the step before.
 */
static bool
IsLastStep(const Objective *objective, const Step *step, double previous)
{
	double		factor = previous > 0 ? Max(1, step->largest / (previous * previous)) : 10;

	if (step->limited)
		return false;
	if (objective->rough)
		return step->largest <= 3e-3;
	return step->largest <= 1e-5 && factor * step->largest * step->largest <= 1e-9;
}

void
Optimise(const Objective *objective, Optimum *optimum)
{
	LifetimeLikelihood trial;
	double		radius = 2;
	int			idle = 0;		/* steps in a row that brought nothing */
	double		previous = 0;	/* largest of the step before, when that was Newton's */

	for (int i = 0; i < objective->n; i++)
		optimum->at[i] = Min(Max(optimum->at[i], objective->low[i]), objective->high[i]);
	objective->evaluate(objective->context, optimum->at, &optimum->here);
	optimum->n_evaluations = 1;
	optimum->converged = false;
	for (int i = 0; i < MAX_STEPS && isfinite(optimum->here.value); i++)
	{
		double		noise = ObjectiveNoise(objective, optimum->here.value);
		double		to[N];
		double		actual;
		Step		step;

		BoxStep(objective, optimum->at, &optimum->here, radius, &step);
		if (!(step.gain > noise) || IsLastStep(objective, &step, previous))
		{
			if (step.gain > 0 && step.largest < 0.01)
				LastStep(objective, optimum, &step);
			optimum->converged = true;
			break;
		}
		Move(objective, optimum->at, &step, to);
		objective->evaluate(objective->context, to, &trial);
		optimum->n_evaluations++;
		actual = isfinite(trial.value) ? trial.value - optimum->here.value : -INFINITY;
		if (actual > 0 || actual > -2 * noise)
		{
			memcpy(optimum->at, to, objective->n * sizeof(double));
			optimum->here = trial;
			previous = step.limited ? 0 : step.largest;
		}
		if (actual < 0.25 * step.gain)
			radius = step.norm / 4;
		else if (actual > 0.75 * step.gain && step.limited)
			radius = Min(2 * radius, 8);
		/* far out the Hessian is rounded too, and promises what does not come */
		idle = actual <= Max(4 * noise, 1e-3 * step.gain) ? idle + 1 : 0;
		if (radius < 1e-9 || (idle > 5 && step.gain < NEGLIGIBLE))
		{
			optimum->converged = true;
			break;
		}
	}
	FreeCurvature(objective, optimum);
}
