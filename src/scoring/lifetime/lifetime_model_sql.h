/*
 * lifetime_model_sql.h
 *		What the SQL functions about lifetime_model and spend_model share.
 */
#ifndef CUSTSEG_LIFETIME_MODEL_SQL_H
#define CUSTSEG_LIFETIME_MODEL_SQL_H

#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "scoring/lifetime/lifetime_model.h"

static inline const char *
LifetimeTypeName(bool spend)
{
	return spend ? "spend_model" : "lifetime_model";
}

/* The model in argument 0. */
static inline LifetimeModel *
GetLifetimeModel(FunctionCallInfo fcinfo, bool spend)
{
	return LifetimeModelOpen(PG_GETARG_VARLENA_P(0), spend);
}

static inline bool
LifetimeHasParameters(const LifetimeModel *model)
{
	return model->status != LIFETIME_NOT_IDENTIFIED;
}

static inline bool
LifetimeHasLoglik(const LifetimeModel *model)
{
	return model->customers > 0 && LifetimeHasParameters(model);
}

/* Of a model that has a log-likelihood. */
static inline double
LifetimeAic(const LifetimeModel *model)
{
	return 2.0 * lifetime_kind_ops[model->kind]->n_parameters - 2 * model->loglik;
}

static inline double
LifetimeBic(const LifetimeModel *model)
{
	return lifetime_kind_ops[model->kind]->n_parameters * log(model->customers) -
		2 * model->loglik;
}

/* As JSON: an object; the lower triangle as arrays. */
extern void LifetimeAppendParameters(StringInfo out, const LifetimeModel *model);
extern void LifetimeAppendCovariance(StringInfo out, const LifetimeModel *model);

#endif							/* CUSTSEG_LIFETIME_MODEL_SQL_H */
