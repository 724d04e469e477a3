/*
 * lifetime.h
 *		The models of customer lifetime: likelihoods and predictions (core).
 *
 * A model is a few positive parameters. Each kind has a log-likelihood, with
 * its derivatives, over cells of equal customers, and predictions for one
 * customer. Formulas and sources are in the file of the kind, and in
 * docs/lifetime-value.md.
 *
 * The history of a customer, in the unit of time of the model:
 *		x		repeat purchases: days with a purchase, less 1
 *		t_x		from the first purchase to the last; 0 when x is 0
 *		age		from the first purchase to the end of what was seen
 * bgbb counts opportunities to buy instead: t_x is the last that was taken, 0
 * for none, age the number of them.
 */
#ifndef CUSTSEG_LIFETIME_H
#define CUSTSEG_LIFETIME_H

#include "common/core.h"

/* The numbers are stored. */
typedef enum LifetimeKind
{
	LIFETIME_BGNBD, LIFETIME_PARETO_NBD, LIFETIME_MBGNBD, LIFETIME_SBG, LIFETIME_BGBB,
	LIFETIME_GAMMA_GAMMA,		/* of spend_model; the others of lifetime_model */
	N_LIFETIME_KINDS
} LifetimeKind;

#define MAX_LIFETIME_PARAMETERS	4

typedef struct LifetimeHistory
{
	double		x;
	double		t_x;
	double		age;
} LifetimeHistory;

/*
 * Cells of equal customers, each once, ordered by x, then age, then t_x.
 *	gamma_gamma		t_x is the mean value m_x of the repeat purchases, age 0
 *	sbg				x is the period from 0 on, t_x 0, age 0, and count the
 *					survivors: count[i] is for period i, not increasing
 */
typedef struct LifetimeCells
{
	int64		n;
	const double *x;			/* whole */
	const double *t_x;
	const double *age;
	const double *count;		/* customers, > 0 */
} LifetimeCells;

/* A log-likelihood and its derivatives by the logarithms of the parameters. */
typedef struct LifetimeLikelihood
{
	double		value;
	double		gradient[MAX_LIFETIME_PARAMETERS];
	double		hessian[MAX_LIFETIME_PARAMETERS][MAX_LIFETIME_PARAMETERS];
} LifetimeLikelihood;

/*
 * What a kind can do; NULL for what it has not. Parameters come in the order
 * of their names. A prediction is finite for every parameter that is a normal
 * positive double, unless what it predicts is beyond float8; then it is
 * infinite, never NaN. A customer who is new has the history {0, 0, 0}.
 */
typedef struct LifetimeKindOps
{
	const char *name;
	int			n_parameters;
	const char *parameter[MAX_LIFETIME_PARAMETERS];
	bool		is_time[MAX_LIFETIME_PARAMETERS];	/* alpha of bgnbd: grows with the unit */

	/* in the form that is published, with what depends on the data only */
	void		(*likelihood) (const double *parameter, const LifetimeCells *cells,
							   LifetimeLikelihood *result);
	double		(*p_alive) (const double *parameter, const LifetimeHistory *history);
	double		(*expected_purchases) (const double *parameter,
									   const LifetimeHistory *history, double horizon);
	/* of n purchases in the horizon */
	double		(*purchase_probability) (const double *parameter,
										 const LifetimeHistory *history,
										 double horizon, int n);
	/* discounted expected residual transactions; discount is continuous, > 0 */
	double		(*dert) (const double *parameter, const LifetimeHistory *history,
						 double discount);
} LifetimeKindOps;

extern const LifetimeKindOps *const lifetime_kind_ops[N_LIFETIME_KINDS];

extern const LifetimeKindOps bgnbd_ops;
extern const LifetimeKindOps mbgnbd_ops;
extern const LifetimeKindOps pareto_nbd_ops;
extern const LifetimeKindOps sbg_ops;
extern const LifetimeKindOps bgbb_ops;
extern const LifetimeKindOps gamma_gamma_ops;

/* --- sbg: a customer who renews, or leaves, at the end of each period --------- */

/* The share of customers who are left after a number of renewals, and of those the part that renews once more. */
extern double SbgSurvival(const double *parameter, int renewals);
extern double SbgRetention(const double *parameter, int renewals);

/*
 * Discounted expected residual lifetime, in periods, after a number of
 * renewals; discount is per period, >= 0. Infinite when it is 0 and alpha <= 1.
 */
extern double SbgResidualLifetime(const double *parameter, int renewals, double discount);

/* --- gamma_gamma: what a purchase is worth -------------------------------------- */

/* The mean value of a purchase of the customer; x may be 0. Infinite where there is no mean: p x + q <= 1. */
extern double GammaGammaMean(const double *parameter, double x, double m_x);

/* --- Fit -------------------------------------------------------------------------- */

/* The numbers are stored. */
typedef enum LifetimeStatus
{
	LIFETIME_CONVERGED,
	LIFETIME_DEGENERATE,		/* the likelihood has its maximum at a limit: see direction */
	LIFETIME_NOT_IDENTIFIED,	/* the data do not determine the parameters: there are none */
	LIFETIME_ITERATION_LIMIT,	/* never seen; for honesty */
	N_LIFETIME_STATUSES
} LifetimeStatus;

/* Towards which simpler model the likelihood goes. The numbers are stored. */
typedef enum LifetimeDirection
{
	DIRECTION_NONE,
	DIRECTION_HOMOGENEOUS_RATE, /* r and alpha grow: all buy at the same rate */
	DIRECTION_HOMOGENEOUS_DROPOUT,	/* a and b, s and beta, gamma and delta grow: all leave alike */
	DIRECTION_NO_DROPOUT,		/* nobody leaves */
	DIRECTION_SURE_DROPOUT,		/* everybody leaves at once */
	DIRECTION_POLARISED,		/* parameters shrink to 0: either never or always */
	DIRECTION_NO_MEAN,			/* gamma_gamma: q <= 1, the mean value is infinite */
	DIRECTION_EQUAL_SPEND,		/* gamma_gamma: q and gamma grow, all customers spend alike */
	DIRECTION_CONSTANT_SPEND,	/* gamma_gamma: p grows, a customer always spends the same */
	DIRECTION_SEVERAL,
	N_LIFETIME_DIRECTIONS
} LifetimeDirection;

extern const char *const lifetime_status_names[N_LIFETIME_STATUSES];
extern const char *const lifetime_direction_names[N_LIFETIME_DIRECTIONS];

typedef struct LifetimeFitOptions
{
	const double *start;		/* parameters to start from, in the unit of the cells; or NULL */

	/*
	 * Weak prior: the logarithm of each parameter is normal with precision
	 * `prior` (variance 1/prior) around that of start, or of the default start
	 * of the kind. 0: none.
	 */
	double		prior;
} LifetimeFitOptions;

typedef struct LifetimeFit
{
	LifetimeStatus status;
	LifetimeDirection direction;
	double		parameter[MAX_LIFETIME_PARAMETERS]; /* all 0 when not identified */
	bool		has_covariance;
	/* of the parameters themselves, not of their logarithms */
	double		covariance[MAX_LIFETIME_PARAMETERS][MAX_LIFETIME_PARAMETERS];
	double		loglik;			/* without the prior, in the unit of the cells */
	double		customers;
	int			iterations;		/* evaluations of the likelihood of all cells */
} LifetimeFit;

/*
 * Fits by maximum likelihood, or with a prior by the maximum of the posterior.
 * The result depends on nothing but the cells and the options.
 */
extern void LifetimeFitCells(LifetimeKind kind, const LifetimeCells *cells,
							 const LifetimeFitOptions *options, LifetimeFit *fit);

#endif							/* CUSTSEG_LIFETIME_H */
