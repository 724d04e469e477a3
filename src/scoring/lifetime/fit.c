/*
 * fit.c
 *		Fits a model of customer lifetime to cells of customers (core).
 *
 * The log-likelihood is maximised by the logarithms of the parameters, which
 * keeps them positive. A change of the unit of time only shifts logarithms, so
 * nothing is scaled: starts and bounds are set by the data's own unit.
 *
 * The likelihood of all cells is what takes the time. So it is first climbed on
 * a thinned sample of the cells, from several starts, then on larger ones, each
 * from the maximum of the one before, until two or three steps are left for all
 * cells. Samples are systematic: every k-th cell, in the order of the cells.
 *
 * The arrays of a sample are palloc'd and freed here.
 */
#include "scoring/lifetime/lifetime_fit.h"

#include <math.h>

#define N					MAX_LIFETIME_PARAMETERS
#define SMALLEST_SAMPLE		2048
#define SAMPLE_GROWTH		8

#define MAX_STARTS			6

/*
 * Starts, the first the default. alpha of the kinds that have a rate is that
 * of r over the mean rate, here 1; beta of pareto_nbd is in mean ages, gamma of
 * gamma_gamma in geometric means of m_x.
 */
static const struct
{
	int			n;
	double		parameter[MAX_STARTS][N];
}			fit_starts[N_LIFETIME_KINDS] = {
	[LIFETIME_BGNBD] = {3, {{0.5, 0.5, 1, 2}, {5, 5, 0.1, 1}, {0.5, 0.5, 10, 10}}},
	[LIFETIME_MBGNBD] = {6, {{0.5, 0.5, 1, 2}, {5, 5, 0.1, 1}, {0.5, 0.5, 10, 10},
	{30, 10, 1, 0.3}, {30, 15, 0.3, 0.3}, {30, 30, 0.3, 3}}},
	[LIFETIME_PARETO_NBD] = {3, {{0.5, 0.5, 0.5, 0.5}, {5, 5, 0.1, 1}, {0.5, 0.5, 10, 10}}},
	[LIFETIME_SBG] = {2, {{1, 2}, {0.1, 0.3}}},
	[LIFETIME_BGBB] = {6, {{1, 1, 0.5, 2}, {0.3, 0.3, 0.3, 3}, {10, 10, 10, 50},
	{30, 30, 0.3, 0.3}, {30, 60, 0.3, 2}, {0.3, 1, 20, 60}}},
	[LIFETIME_GAMMA_GAMMA] = {3, {{4, 4, 1}, {1, 1, 1}, {0.3, 0.5, 1}}},
};

static CellsSummary
Summarise(LifetimeKind kind, const LifetimeCells *cells)
{
	CellsSummary summary = {0};

	for (int64 i = 0; i < cells->n; i++)
	{
		double		count = cells->count[i];

		POLL_EVERY(i);
		summary.customers += count;
		summary.purchases += count * cells->x[i];
		summary.total_age += count * cells->age[i];
		summary.max_x = Max(summary.max_x, cells->x[i]);
		summary.max_age = Max(summary.max_age, cells->age[i]);
		if (cells->x[i] > 0)
			summary.repeaters += count;
		if (kind == LIFETIME_GAMMA_GAMMA)
		{
			double		m = cells->t_x[i];

			summary.mean_log_spend += count * log(m);
			summary.min_spend = i == 0 ? m : Min(summary.min_spend, m);
			summary.max_spend = i == 0 ? m : Max(summary.max_spend, m);
		}
	}
	if (kind == LIFETIME_SBG)
		summary.customers = cells->n > 0 ? cells->count[0] : 0;
	if (summary.customers > 0)
		summary.mean_log_spend /= summary.customers;
	return summary;
}

/* Whether there is a maximum, or at least a limit, to look for. */
static bool
IsIdentified(LifetimeKind kind, const CellsSummary *summary, double precision)
{
	if (!(summary->customers > 0))
		return false;
	if (precision > 0)
		return true;
	switch (kind)
	{
		case LIFETIME_SBG:
			return summary->max_x >= 2;		/* two transitions */
		case LIFETIME_GAMMA_GAMMA:
			return summary->customers > 1 &&
				summary->max_spend > summary->min_spend * (1 + 1e-9);
		case LIFETIME_BGBB:
			if (summary->max_age < 3)	/* three frequencies for four parameters */
				return false;
			/* FALLTHROUGH */
		default:
			return summary->customers > 1 && summary->max_x > 0;
	}
}

void
FitEvaluate(void *context, const double *at, LifetimeLikelihood *result)
{
	const FitProblem *problem = context;
	int			n = problem->ops->n_parameters;
	double		parameter[N] = {0};
	bool		finite;

	for (int i = 0; i < n; i++)
		parameter[i] = exp(at[i]);
	problem->ops->likelihood(parameter, problem->cells, result);
	finite = isfinite(result->value);
	for (int i = 0; i < n; i++)
	{
		double		off = at[i] - problem->center[i];

		finite = finite && isfinite(result->gradient[i]);
		for (int j = 0; j < n; j++)
			finite = finite && isfinite(result->hessian[i][j]);
		if (problem->precision > 0)
		{
			result->value -= problem->precision * off * off / 2;
			result->gradient[i] -= problem->precision * off;
			result->hessian[i][i] -= problem->precision;
		}
	}
	if (!finite)
		result->value = -INFINITY;
}

/* The logarithms of a start, in the unit of the cells. */
static void
StartOf(LifetimeKind kind, int start, const CellsSummary *summary, double *at)
{
	const double *parameter = fit_starts[kind].parameter[start];
	double		mean_age = summary->total_age / summary->customers;

	for (int i = 0; i < lifetime_kind_ops[kind]->n_parameters; i++)
		at[i] = log(parameter[i]);
	switch (kind)
	{
		case LIFETIME_PARETO_NBD:
			at[3] += log(mean_age);
			/* FALLTHROUGH */
		case LIFETIME_BGNBD:
		case LIFETIME_MBGNBD:
			/* one customer and one purchase more: a rate where none is seen */
			at[1] += log((summary->total_age + mean_age) / (summary->purchases + 1));
			break;
		case LIFETIME_GAMMA_GAMMA:
			at[2] += summary->mean_log_spend;
			break;
		default:
			break;
	}
}

/* --- Samples -------------------------------------------------------------------- */

/* A thinned sample of about size cells; its counts add up to about those of all. */
static LifetimeCells
SampleMake(const LifetimeCells *cells, int64 size)
{
	LifetimeCells sample;
	double	   *column = palloc_extended(4 * size * sizeof(double), MCXT_ALLOC_HUGE);
	double		stride = (double) cells->n / size;

	for (int64 k = 0; k < size; k++)
	{
		int64		i = (int64) ((k + 0.5) * stride);

		POLL_EVERY(k);
		column[k] = cells->x[i];
		column[size + k] = cells->t_x[i];
		column[2 * size + k] = cells->age[i];
		column[3 * size + k] = cells->count[i] * stride;
	}
	sample.n = size;
	sample.x = column;
	sample.t_x = column + size;
	sample.age = column + 2 * size;
	sample.count = column + 3 * size;
	return sample;
}

/* The best of the maxima from all starts. */
static void
ClimbFromAll(LifetimeKind kind, const Objective *objective, const CellsSummary *summary,
			 Optimum *best)
{
	int			evaluations = 0;

	for (int start = 0; start < fit_starts[kind].n; start++)
	{
		Optimum		optimum;

		StartOf(kind, start, summary, optimum.at);
		Optimise(objective, &optimum);
		evaluations += optimum.n_evaluations;
		if (start == 0 || (isfinite(optimum.here.value) &&
						   !(optimum.here.value <= best->here.value + 1e-7)))
			*best = optimum;
	}
	best->n_evaluations = evaluations;
}

/* A maximum without a start: from samples to all cells. */
static int
ClimbFromNothing(LifetimeKind kind, Objective *objective, const CellsSummary *summary,
				 Optimum *optimum)
{
	FitProblem *problem = objective->context;
	const LifetimeCells *cells = problem->cells;
	bool		has_start = false;
	int			evaluations = 0;

	if (kind != LIFETIME_SBG)	/* periods belong together */
		for (int64 size = SMALLEST_SAMPLE; size * 2 <= cells->n; size *= SAMPLE_GROWTH)
		{
			LifetimeCells sample = SampleMake(cells, size);
			CellsSummary of_sample = Summarise(kind, &sample);

			problem->cells = &sample;
			objective->rough = true;
			if (has_start)
				Optimise(objective, optimum);
			else if (IsIdentified(kind, &of_sample, problem->precision))
			{
				ClimbFromAll(kind, objective, summary, optimum);
				has_start = isfinite(optimum->here.value);
			}
			problem->cells = cells;
			objective->rough = false;
			pfree(unconstify(double *, sample.x));
		}
	if (has_start)
	{
		Optimise(objective, optimum);
		evaluations = optimum->n_evaluations;
	}
	if (!has_start || !optimum->converged)
	{
		ClimbFromAll(kind, objective, summary, optimum);
		evaluations += optimum->n_evaluations;
	}
	return evaluations;
}

/* --- The result --------------------------------------------------------------- */

/* The covariance of the parameters: the inverse of -Hessian by their logarithms, by the delta rule. */
static void
Covariance(const Objective *objective, const Optimum *optimum, LifetimeFit *fit)
{
	for (int i = 0; i < objective->n; i++)
		for (int j = 0; j < objective->n; j++)
		{
			double		sum = 0;

			for (int k = 0; k < optimum->n_free; k++)
				sum += optimum->direction[k][i] * optimum->direction[k][j] / optimum->curvature[k];
			fit->covariance[i][j] = fit->parameter[i] * fit->parameter[j] * sum;
		}
}

void
LifetimeFitCells(LifetimeKind kind, const LifetimeCells *cells,
				 const LifetimeFitOptions *options, LifetimeFit *fit)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[kind];
	CellsSummary summary = Summarise(kind, cells);
	FitProblem	problem = {.ops = ops, .cells = cells, .precision = options->prior};
	Objective	objective = {.n = ops->n_parameters, .evaluate = FitEvaluate,
	.context = &problem, .size = summary.customers};
	Optimum		optimum;
	bool		done = false;

	memset(fit, 0, sizeof(*fit));
	fit->customers = summary.customers;
	fit->status = LIFETIME_NOT_IDENTIFIED;
	if (!IsIdentified(kind, &summary, options->prior))
		return;
	FitBounds(kind, &summary, objective.low, objective.high);
	StartOf(kind, 0, &summary, problem.center);
	if (options->start != NULL)
	{
		for (int i = 0; i < objective.n; i++)
			optimum.at[i] = problem.center[i] = log(options->start[i]);
		Optimise(&objective, &optimum);
		fit->iterations = optimum.n_evaluations;
		FitJudge(kind, &objective, &optimum, &summary, fit);
		/* a start may lie on the way to a limit that is not the best */
		done = fit->status == LIFETIME_CONVERGED;
	}
	if (!done)
	{
		fit->iterations += ClimbFromNothing(kind, &objective, &summary, &optimum);
		FitJudge(kind, &objective, &optimum, &summary, fit);
	}
	if (fit->status == LIFETIME_NOT_IDENTIFIED)
		return;

	fit->loglik = optimum.here.value;
	for (int i = 0; i < objective.n; i++)
	{
		double		off = optimum.at[i] - problem.center[i];

		fit->parameter[i] = exp(optimum.at[i]);
		fit->loglik += problem.precision * off * off / 2;
	}
	fit->has_covariance = fit->status == LIFETIME_CONVERGED || fit->direction == DIRECTION_NO_MEAN;
	if (fit->has_covariance)
		Covariance(&objective, &optimum, fit);
}
