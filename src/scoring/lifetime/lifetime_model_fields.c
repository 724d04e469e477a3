/*
 * lifetime_model_fields.c
 *		What SQL reads from a lifetime_model or spend_model: model -> 'alpha',
 *		model ->> 'status', standard errors and covariances.
 *
 * A parameter that only another kind of the same type has is NULL, so that a
 * query can go over models of several kinds; a name that no kind has is an
 * error.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "common/names.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "scoring/lifetime/lifetime_model_sql.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(custseg_lifetime_model_parameter);
PG_FUNCTION_INFO_V1(custseg_lifetime_model_field);
PG_FUNCTION_INFO_V1(custseg_standard_error);
PG_FUNCTION_INFO_V1(custseg_covariance);
PG_FUNCTION_INFO_V1(custseg_spend_model_parameter);
PG_FUNCTION_INFO_V1(custseg_spend_model_field);
PG_FUNCTION_INFO_V1(custseg_standard_error_spend);
PG_FUNCTION_INFO_V1(custseg_covariance_spend);

/* Names of numbers beside the parameters. */
static const char *const number_names[] = {
	"loglik", "aic", "bic", "customers", "excluded", "prior", "iterations"
};

static bool
NumberOf(const LifetimeModel *model, int name, double *x)
{
	double		value[] = {
		model->loglik, LifetimeAic(model), LifetimeBic(model), model->customers,
		model->excluded, model->prior, model->iterations
	};
	bool		has[] = {
		LifetimeHasLoglik(model), LifetimeHasLoglik(model), LifetimeHasLoglik(model), true, true, model->prior > 0, true
	};

	*x = value[name];
	return has[name];
}

/* The index of a parameter, or -1. */
static int
ParameterIndex(int kind, const text *name)
{
	return FindName(lifetime_kind_ops[kind]->parameter, lifetime_kind_ops[kind]->n_parameters,
					VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
}

pg_noreturn static void
NoSuchKey(bool spend, const text *name, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a %s has no parameter \"%s\"", LifetimeTypeName(spend), text_to_cstring(name)),
			 errhint("%s", hint)));
}

/* The same of a model; -1 if another kind has it, and an error if none. */
static int
KnownParameter(const LifetimeModel *model, const text *name, const char *hint)
{
	bool		spend = LifetimeModelIsSpend(model);
	int			i = ParameterIndex(model->kind, name);

	for (int kind = 0; i < 0 && kind < N_LIFETIME_KINDS; kind++)
		if ((kind == LIFETIME_GAMMA_GAMMA) == spend && ParameterIndex(kind, name) >= 0)
			return -1;
	if (i < 0)
		NoSuchKey(spend, name, hint);
	return i;
}

static const char *
ParameterHint(bool spend)
{
	return spend ? "The parameters are p, q and gamma." :
		"The parameters are r, alpha, a and b of bgnbd and mbgnbd, r, alpha, s and beta of pareto_nbd, alpha and beta of sbg, alpha, beta, gamma and delta of bgbb.";
}

/* What -> gives: true if there is a number. */
static bool
KeyNumber(const LifetimeModel *model, const text *name, double *x)
{
	int			i = FindName(number_names, lengthof(number_names),
							 VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

	if (i >= 0)
		return NumberOf(model, i, x);
	i = KnownParameter(model, name,
					   psprintf("%s Beside them are loglik, aic, bic, customers, excluded, prior and iterations; "
								"->> has also kind, status, direction and unit.",
								ParameterHint(LifetimeModelIsSpend(model))));
	if (i < 0 || !LifetimeHasParameters(model))
		return false;
	*x = model->parameter[i];
	return true;
}

static Datum
ModelParameter(FunctionCallInfo fcinfo, bool spend)
{
	double		x;

	if (!KeyNumber(GetLifetimeModel(fcinfo, spend), PG_GETARG_TEXT_PP(1), &x))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(x);
}

static const char *const field_names[] = {
	"kind", "status", "direction", "unit", "version", "parameters", "covariance"
};

/* A field that is no number; NULL if the model has none. */
static const char *
FieldText(const LifetimeModel *model, int field)
{
	StringInfoData out;

	initStringInfo(&out);
	switch (field)
	{
		case 0:
			return lifetime_kind_ops[model->kind]->name;
		case 1:
			return lifetime_status_names[model->status];
		case 2:
			return model->direction == DIRECTION_NONE ? NULL :
				lifetime_direction_names[model->direction];
		case 3:
			return time_unit_names[model->unit];
		case 4:
			appendStringInfo(&out, "%d", model->version);
			return out.data;
		case 5:
			if (!LifetimeHasParameters(model))
				return NULL;
			LifetimeAppendParameters(&out, model);
			return out.data;
		default:
			if (!model->has_covariance)
				return NULL;
			LifetimeAppendCovariance(&out, model);
			return out.data;
	}
}

static Datum
ModelField(FunctionCallInfo fcinfo, bool spend)
{
	LifetimeModel *model = GetLifetimeModel(fcinfo, spend);
	text	   *name = PG_GETARG_TEXT_PP(1);
	int			field = FindName(field_names, lengthof(field_names),
								 VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	const char *result;
	double		x;

	if (field >= 0)
		result = FieldText(model, field);
	else
		result = KeyNumber(model, name, &x) ? double_to_shortest_decimal(x) : NULL;
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(result));
}

/* --- Standard errors ------------------------------------------------------ */

static Datum
StandardError(FunctionCallInfo fcinfo, bool spend)
{
	LifetimeModel *model = GetLifetimeModel(fcinfo, spend);
	int			i = KnownParameter(model, PG_GETARG_TEXT_PP(1), ParameterHint(spend));

	if (i < 0 || !model->has_covariance)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sqrt(LifetimeCovariance(model, i, i)));
}

static Datum
Covariance(FunctionCallInfo fcinfo, bool spend)
{
	LifetimeModel *model = GetLifetimeModel(fcinfo, spend);
	int			i = KnownParameter(model, PG_GETARG_TEXT_PP(1), ParameterHint(spend));
	int			j = KnownParameter(model, PG_GETARG_TEXT_PP(2), ParameterHint(spend));

	if (i < 0 || j < 0 || !model->has_covariance)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(LifetimeCovariance(model, i, j));
}

Datum
custseg_lifetime_model_parameter(PG_FUNCTION_ARGS)
{
	return ModelParameter(fcinfo, false);
}

Datum
custseg_spend_model_parameter(PG_FUNCTION_ARGS)
{
	return ModelParameter(fcinfo, true);
}

Datum
custseg_lifetime_model_field(PG_FUNCTION_ARGS)
{
	return ModelField(fcinfo, false);
}

Datum
custseg_spend_model_field(PG_FUNCTION_ARGS)
{
	return ModelField(fcinfo, true);
}

Datum
custseg_standard_error(PG_FUNCTION_ARGS)
{
	return StandardError(fcinfo, false);
}

Datum
custseg_standard_error_spend(PG_FUNCTION_ARGS)
{
	return StandardError(fcinfo, true);
}

Datum
custseg_covariance(PG_FUNCTION_ARGS)
{
	return Covariance(fcinfo, false);
}

Datum
custseg_covariance_spend(PG_FUNCTION_ARGS)
{
	return Covariance(fcinfo, true);
}
