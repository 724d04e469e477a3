/*
 * lifetime_model.c
 *		Fitted models of customer lifetime and of spend (core).
 *
 * Both SQL types are one struct of fixed size. A model that is stored has the
 * unit of time it was fitted in, so that a prediction can refuse times in
 * another one. Fields that are not used are 0, so equal models have equal
 * bytes; that is checked in what comes in.
 *
 * A model without customers is one that was typed in, from a publication: it
 * has parameters, and perhaps covariances, and no log-likelihood.
 */
#include "scoring/lifetime/lifetime_model.h"

#include <float.h>
#include <math.h>

#include "common/binary.h"
#include "common/names.h"

const char *const time_unit_names[N_TIME_UNITS] = {
	NULL, "day", "week", "month", "year"
};

const double time_unit_days[N_TIME_UNITS] = {
	0, 1, 7, 365.25 / 12, 365.25
};

/* Covariances are rounded, and so is the bound on them. */
#define CORRELATION_SLACK	1e-9

/* AIC and BIC are then finite too. */
#define MAX_LOGLIK	1e300

TimeUnit
TimeUnitByName(const char *bytes, int length)
{
	int			unit = FindName(time_unit_names + 1, N_TIME_UNITS - 1, bytes, length);

	if (unit < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit must be day, week, month or year, not \"%.*s\"", Min(length, 40), bytes),
				 errhint("Leave it out, or pass NULL, for times without a unit.")));
	return unit + 1;
}

LifetimeModel *
LifetimeModelMake(LifetimeKind kind)
{
	LifetimeModel *model = palloc0(sizeof(LifetimeModel));

	SET_VARSIZE(model, sizeof(LifetimeModel));
	model->version = LIFETIME_MODEL_VERSION;
	model->kind = kind;
	return model;
}

/* --- Checks --------------------------------------------------------------- */

static const char *
ParametersFault(const LifetimeModel *model)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[model->kind];
	bool		has = model->status != LIFETIME_NOT_IDENTIFIED;

	for (int i = 0; i < MAX_LIFETIME_PARAMETERS; i++)
	{
		double		x = model->parameter[i];

		if (has && i < ops->n_parameters && !(x >= DBL_MIN && x <= DBL_MAX))
			return psprintf("\"%s\" must be a positive number, no less than 2.3e-308.",
							ops->parameter[i]);
		if (!(has && i < ops->n_parameters) && x != 0)
			return has ? "There are too many parameters." :
				"A model that is not identified has no parameters.";
	}
	return NULL;
}

static const char *
CovarianceFault(const LifetimeModel *model)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[model->kind];
	int			n = model->has_covariance ? ops->n_parameters : 0;

	if (model->has_covariance && model->status == LIFETIME_NOT_IDENTIFIED)
		return "A model that is not identified has no covariances.";
	for (int i = n * (n + 1) / 2; i < N_COVARIANCES; i++)
		if (model->covariance[i] != 0)
			return "There are too many covariances.";
	for (int i = 0; i < n; i++)
	{
		double		variance = LifetimeCovariance(model, i, i);

		if (!(variance >= 0 && variance <= DBL_MAX))
			return psprintf("The variance of \"%s\" must be a finite number, not negative.",
							ops->parameter[i]);
		for (int j = 0; j < i; j++)
		{
			double		bound = sqrt(variance) * sqrt(LifetimeCovariance(model, j, j));

			if (!(fabs(LifetimeCovariance(model, i, j)) <= bound * (1 + CORRELATION_SLACK)))
				return psprintf("The covariance of \"%s\" and \"%s\" must not be greater than the product of their standard errors.",
								ops->parameter[i], ops->parameter[j]);
		}
	}
	return NULL;
}

/* Only these are about what purchases are worth. */
static bool
DirectionIsOfSpend(int direction)
{
	return direction == DIRECTION_NO_MEAN || direction == DIRECTION_EQUAL_SPEND ||
		direction == DIRECTION_CONSTANT_SPEND;
}

static const char *
StatusFault(const LifetimeModel *model)
{
	if (model->status >= N_LIFETIME_STATUSES)
		return "The status is not known.";
	if (model->direction >= N_LIFETIME_DIRECTIONS)
		return "The direction is not known.";
	if ((model->direction != DIRECTION_NONE) != (model->status == LIFETIME_DEGENERATE))
		return "A degenerate model has a \"direction\", and no other one.";
	if (DirectionIsOfSpend(model->direction) && !LifetimeModelIsSpend(model))
		return psprintf("A model of kind \"%s\" cannot have the direction \"%s\".",
						lifetime_kind_ops[model->kind]->name,
						lifetime_direction_names[model->direction]);
	return NULL;
}

const char *
LifetimeModelFault(const LifetimeModel *model)
{
	const char *fault;

	if (model->kind >= N_LIFETIME_KINDS)
		return "The kind is not known.";
	if (model->unit >= N_TIME_UNITS)
		return "The unit is not known.";
	if (model->unit != UNIT_NONE && !LifetimeKindHasUnit(model->kind))
		return psprintf("A model of kind \"%s\" has no \"unit\".",
						lifetime_kind_ops[model->kind]->name);
	fault = StatusFault(model);
	if (fault != NULL)
		return fault;
	if (!(model->customers >= 0 && model->customers <= DBL_MAX))
		return "\"customers\" must be a finite number, not negative.";
	if (!(model->excluded >= 0 && model->excluded <= DBL_MAX))
		return "\"excluded\" must be a finite number, not negative.";
	if (!(model->prior >= 0 && model->prior <= DBL_MAX))
		return "\"prior\" must be a finite number, not negative.";
	if (model->iterations < 0)
		return "\"iterations\" must not be negative.";
	if (!(fabs(model->loglik) <= MAX_LOGLIK))
		return "\"loglik\" must be a number from -1e300 to 1e300.";
	if (model->loglik != 0 && (model->customers == 0 || model->status == LIFETIME_NOT_IDENTIFIED))
		return "A model without \"customers\", or not identified, has no \"loglik\".";
	if (model->has_covariance > 1 || model->unused[0] != 0 || model->unused[1] != 0)
		return "A field is out of range.";
	fault = ParametersFault(model);
	return fault != NULL ? fault : CovarianceFault(model);
}

LifetimeModel *
LifetimeModelOpen(struct varlena *value, bool spend)
{
	LifetimeModel *model = (LifetimeModel *) value;
	const char *type = spend ? "spend_model" : "lifetime_model";
	Size		bytes = VARSIZE(model);

	if (bytes > offsetof(LifetimeModel, version))
		CheckStoredVersion(type, model->version, LIFETIME_MODEL_VERSION);
	if (bytes != sizeof(LifetimeModel) || LifetimeModelFault(model) != NULL ||
		LifetimeModelIsSpend(model) != spend)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("%s is corrupted", type)));
	return model;
}

void
LifetimeModelRequireParameters(const LifetimeModel *model)
{
	if (model->status == LIFETIME_NOT_IDENTIFIED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model of kind \"%s\" has no parameters: its data did not determine them",
						lifetime_kind_ops[model->kind]->name),
				 errhint("Fit more customers, or with a weak prior, such as 1, as the last argument of %s_fit.",
						 lifetime_kind_ops[model->kind]->name)));
}

/* --- The model of a fit --------------------------------------------------- */

LifetimeModel *
LifetimeModelOfFit(LifetimeKind kind, TimeUnit unit, const LifetimeFit *fit,
				   double excluded, double prior)
{
	LifetimeModel *model = LifetimeModelMake(kind);
	int			n = lifetime_kind_ops[kind]->n_parameters;
	const char *fault;

	model->status = fit->status;
	model->direction = fit->direction;
	model->unit = unit;
	model->iterations = fit->iterations;
	model->customers = fit->customers;
	model->excluded = excluded;
	model->prior = prior;
	if (fit->status != LIFETIME_NOT_IDENTIFIED)
	{
		model->loglik = fit->loglik == 0 ? 0 : fit->loglik;
		memcpy(model->parameter, fit->parameter, n * sizeof(double));
		model->has_covariance = fit->has_covariance;
		for (int i = 0; fit->has_covariance && i < n; i++)
			for (int j = 0; j <= i; j++)
				model->covariance[i * (i + 1) / 2 + j] =
					fit->covariance[i][j] == 0 ? 0 : fit->covariance[i][j];
		/* beyond float8: none, rather than one that no text could give back */
		if (CovarianceFault(model) != NULL)
		{
			model->has_covariance = false;
			memset(model->covariance, 0, sizeof(model->covariance));
		}
	}
	fault = LifetimeModelFault(model);
	if (fault != NULL)
		elog(ERROR, "fit of a model of kind \"%s\" failed: %s", lifetime_kind_ops[kind]->name, fault);
	return model;
}
