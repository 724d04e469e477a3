/*
 * delta_method.c
 *		The variance of a function of fitted parameters (core).
 *
 * With C the covariance of the parameters and g the gradient of f, f has the
 * variance g'Cg to first order (Casella, Berger, Statistical Inference, 5.5.4).
 *
 * Predictions have no derivatives of their own: g comes from central
 * differences of sixth order in the logarithms of the parameters, which are all
 * positive. With a step of 2^-9 rounding costs some 1e-12 of f, and what is cut
 * off is less wherever f changes slowly over a few percent of a parameter. The
 * formula of fourth order over the same points says whether it does; if not, or
 * if f has no value at a point, the step is made smaller.
 */
#include "scoring/lifetime/delta_method.h"

#include <math.h>

#define FIRST_STEP		(1.0 / 512)
#define SMALLER			8
#define N_STEPS			5
#define MAX_OFF			1e-7	/* of the derivative */
#define ROUNDING		1e-11	/* of f */

double
GradientVariance(const LifetimeModel *model, const double *gradient)
{
	int			n = lifetime_kind_ops[model->kind]->n_parameters;
	double		scaled[MAX_LIFETIME_PARAMETERS];
	double		sum = 0;

	/* by standard deviations, so that no product leaves the range of double */
	for (int i = 0; i < n; i++)
		scaled[i] = gradient[i] * sqrt(LifetimeCovariance(model, i, i));
	for (int i = 0; i < n; i++)
	{
		double		di = sqrt(LifetimeCovariance(model, i, i));

		sum += scaled[i] * scaled[i];
		for (int j = 0; j < i; j++)
		{
			double		dj = sqrt(LifetimeCovariance(model, j, j));

			if (di > 0 && dj > 0)
				sum += 2 * scaled[i] * scaled[j] * (LifetimeCovariance(model, i, j) / di / dj);
		}
	}
	return Max(sum, 0);
}

/* f where parameter i has exp(step) times its value. */
static double
Moved(const LifetimeModel *model, int i, double step, ParameterFunction f, const void *context)
{
	double		parameter[MAX_LIFETIME_PARAMETERS];

	memcpy(parameter, model->parameter, sizeof(parameter));
	parameter[i] *= exp(step);
	return f(parameter, context);
}

/* The derivative of f by the logarithm of parameter i; not finite where f is not. */
static double
LogDerivative(const LifetimeModel *model, int i, ParameterFunction f, const void *context)
{
	double		h = FIRST_STEP;
	double		best = INFINITY;
	double		best_off = INFINITY;

	for (int step = 0; step < N_STEPS; step++, h /= SMALLER)
	{
		double		d[3];
		double		size = 0;
		double		derivative;
		double		off;

		for (int k = 0; k < 3; k++)
		{
			double		low = Moved(model, i, -(k + 1) * h, f, context);
			double		high = Moved(model, i, (k + 1) * h, f, context);

			d[k] = high - low;
			size = Max(size, Max(fabs(low), fabs(high)));
		}
		derivative = (45 * d[0] - 9 * d[1] + d[2]) / (60 * h);
		off = fabs(derivative - (8 * d[0] - d[1]) / (12 * h));
		if (off < best_off)
		{
			best = derivative;
			best_off = off;
		}
		if (off <= MAX_OFF * fabs(derivative) + ROUNDING * size)
			break;
	}
	return best;
}

double
DeltaVariance(const LifetimeModel *model, ParameterFunction f, const void *context)
{
	int			n = lifetime_kind_ops[model->kind]->n_parameters;
	double		gradient[MAX_LIFETIME_PARAMETERS];

	for (int i = 0; i < n; i++)
		gradient[i] = LogDerivative(model, i, f, context) / model->parameter[i];
	return GradientVariance(model, gradient);
}
