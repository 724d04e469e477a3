/*
 * lifetime_kind.c
 *		The kinds of models, and the names of what a fit says (core).
 */
#include "scoring/lifetime/lifetime.h"

const LifetimeKindOps *const lifetime_kind_ops[N_LIFETIME_KINDS] = {
	[LIFETIME_BGNBD] = &bgnbd_ops,
	[LIFETIME_PARETO_NBD] = &pareto_nbd_ops,
	[LIFETIME_MBGNBD] = &mbgnbd_ops,
	[LIFETIME_SBG] = &sbg_ops,
	[LIFETIME_BGBB] = &bgbb_ops,
	[LIFETIME_GAMMA_GAMMA] = &gamma_gamma_ops,
};

const char *const lifetime_status_names[N_LIFETIME_STATUSES] = {
	[LIFETIME_CONVERGED] = "converged",
	[LIFETIME_DEGENERATE] = "degenerate",
	[LIFETIME_NOT_IDENTIFIED] = "not_identified",
	[LIFETIME_ITERATION_LIMIT] = "iteration_limit",
};

const char *const lifetime_direction_names[N_LIFETIME_DIRECTIONS] = {
	[DIRECTION_NONE] = "none",
	[DIRECTION_HOMOGENEOUS_RATE] = "homogeneous_rate",
	[DIRECTION_HOMOGENEOUS_DROPOUT] = "homogeneous_dropout",
	[DIRECTION_NO_DROPOUT] = "no_dropout",
	[DIRECTION_SURE_DROPOUT] = "sure_dropout",
	[DIRECTION_POLARISED] = "polarised",
	[DIRECTION_NO_MEAN] = "no_mean",
	[DIRECTION_EQUAL_SPEND] = "equal_spend",
	[DIRECTION_CONSTANT_SPEND] = "constant_spend",
	[DIRECTION_SEVERAL] = "several",
};
