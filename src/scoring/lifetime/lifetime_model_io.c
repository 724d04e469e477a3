/*
 * lifetime_model_io.c
 *		Text, binary and jsonb forms of lifetime_model and spend_model.
 *
 * The types share their code and differ in the kinds that they hold. Text is
 * JSON:
 *		{"version":1,"kind":"bgnbd","status":"converged","unit":"week",
 *		 "customers":2357,"excluded":0,"iterations":9,"loglik":-9582.4,
 *		 "aic":19172.8,"bic":19195.9,
 *		 "parameters":{"r":0.24,"alpha":4.4,"a":0.79,"b":2.4},
 *		 "covariance":[[0.0002],[0.003,0.14],...]}
 * with the lower triangle of the covariance, "direction" when degenerate,
 * "prior" when there was one. loglik, aic and bic are of models with customers;
 * aic and bic follow from the rest and are not read. Kind and parameters alone
 * are a model.
 *
 * Binary has the same fields in a fixed order. Whatever comes in may be
 * hostile: it is checked in full.
 */
#include "postgres.h"

#include "common/compat.h"

#include "common/binary.h"
#include "common/json.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "scoring/lifetime/lifetime_model_sql.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_lifetime_model_in);
PG_FUNCTION_INFO_V1(custseg_lifetime_model_out);
PG_FUNCTION_INFO_V1(custseg_lifetime_model_recv);
PG_FUNCTION_INFO_V1(custseg_lifetime_model_send);
PG_FUNCTION_INFO_V1(custseg_lifetime_model_to_jsonb);
PG_FUNCTION_INFO_V1(custseg_spend_model_in);
PG_FUNCTION_INFO_V1(custseg_spend_model_out);
PG_FUNCTION_INFO_V1(custseg_spend_model_recv);
PG_FUNCTION_INFO_V1(custseg_spend_model_send);
PG_FUNCTION_INFO_V1(custseg_spend_model_to_jsonb);

static const char *const known_keys[] = {
	"version", "kind", "status", "direction", "unit", "customers", "excluded",
	"iterations", "loglik", "aic", "bic", "prior", "parameters", "covariance"
};

/* --- Text ----------------------------------------------------------------- */

static void
AppendNumber(StringInfo out, const char *key, double x)
{
	appendStringInfo(out, ",\"%s\":", key);
	JsonAppendFloat8(out, x);
}

void
LifetimeAppendParameters(StringInfo out, const LifetimeModel *model)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[model->kind];

	for (int i = 0; i < ops->n_parameters; i++)
	{
		appendStringInfo(out, "%c\"%s\":", i == 0 ? '{' : ',', ops->parameter[i]);
		JsonAppendFloat8(out, model->parameter[i]);
	}
	appendStringInfoChar(out, '}');
}

void
LifetimeAppendCovariance(StringInfo out, const LifetimeModel *model)
{
	int			n = lifetime_kind_ops[model->kind]->n_parameters;

	for (int i = 0; i < n; i++)
	{
		appendStringInfoChar(out, i == 0 ? '[' : ',');
		for (int j = 0; j <= i; j++)
		{
			appendStringInfoChar(out, j == 0 ? '[' : ',');
			JsonAppendFloat8(out, LifetimeCovariance(model, i, j));
		}
		appendStringInfoChar(out, ']');
	}
	appendStringInfoChar(out, ']');
}

static char *
ModelText(const LifetimeModel *model)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"kind\":\"%s\",\"status\":\"%s\"",
					 model->version, lifetime_kind_ops[model->kind]->name,
					 lifetime_status_names[model->status]);
	if (model->direction != DIRECTION_NONE)
		appendStringInfo(&out, ",\"direction\":\"%s\"",
						 lifetime_direction_names[model->direction]);
	if (model->unit != UNIT_NONE)
		appendStringInfo(&out, ",\"unit\":\"%s\"", time_unit_names[model->unit]);
	AppendNumber(&out, "customers", model->customers);
	AppendNumber(&out, "excluded", model->excluded);
	appendStringInfo(&out, ",\"iterations\":%d", model->iterations);
	if (LifetimeHasLoglik(model))
	{
		AppendNumber(&out, "loglik", model->loglik);
		AppendNumber(&out, "aic", LifetimeAic(model));
		AppendNumber(&out, "bic", LifetimeBic(model));
	}
	if (model->prior > 0)
		AppendNumber(&out, "prior", model->prior);
	if (LifetimeHasParameters(model))
	{
		appendStringInfoString(&out, ",\"parameters\":");
		LifetimeAppendParameters(&out, model);
	}
	if (model->has_covariance)
	{
		appendStringInfoString(&out, ",\"covariance\":");
		LifetimeAppendCovariance(&out, model);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* An optional number; 0 if missing. */
static bool
ReadNumber(JsonReader *r, const char *key, double *x)
{
	return !JsonFind(r, key) || JsonFloat8(r, x);
}

/* An optional name; the first, number 0, has none. */
static bool
ReadName(JsonReader *r, const char *key, const char *const *names, int n, uint8 *result)
{
	int			index;

	if (!JsonFind(r, key))
		return true;
	if (!JsonChoice(r, names + 1, n - 1, &index))
		return false;
	*result = index + 1;
	return true;
}

static bool
ReadKind(JsonReader *r, bool spend, uint8 *kind)
{
	const char *names[N_LIFETIME_KINDS];
	int			first = spend ? LIFETIME_GAMMA_GAMMA : 0;
	int			n = spend ? 1 : LIFETIME_GAMMA_GAMMA;
	int			index;

	for (int i = 0; i < n; i++)
		names[i] = lifetime_kind_ops[first + i]->name;
	if (!JsonRequire(r, "kind") || !JsonChoice(r, names, n, &index))
		return false;
	*kind = first + index;
	return true;
}

static bool
ReadHead(JsonReader *r, LifetimeModel *model)
{
	int			status = LIFETIME_CONVERGED;
	int64		iterations = 0;

	if ((JsonFind(r, "status") &&
		 !JsonChoice(r, lifetime_status_names, N_LIFETIME_STATUSES, &status)) ||
		(JsonFind(r, "iterations") && !JsonInt64(r, 0, PG_INT32_MAX, &iterations)))
		return false;
	model->status = status;
	model->iterations = iterations;
	if (!ReadName(r, "direction", lifetime_direction_names, N_LIFETIME_DIRECTIONS,
				  &model->direction) ||
		!ReadName(r, "unit", time_unit_names, N_TIME_UNITS, &model->unit) ||
		!ReadNumber(r, "customers", &model->customers) ||
		!ReadNumber(r, "excluded", &model->excluded) ||
		!ReadNumber(r, "prior", &model->prior))
		return false;
	if (LifetimeHasLoglik(model) && !JsonRequire(r, "loglik"))
		return false;
	return ReadNumber(r, "loglik", &model->loglik);
}

static bool
ReadParameters(JsonReader *r, LifetimeModel *model)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[model->kind];
	JsonReader	inner;

	if (!LifetimeHasParameters(model))
		return !JsonFind(r, "parameters") ||
			JsonRefuse(r, "A model that is not identified has no \"parameters\".");
	if (!JsonRequire(r, "parameters") ||
		!JsonObject(r, ops->parameter, ops->n_parameters, &inner))
		return false;
	for (int i = 0; i < ops->n_parameters; i++)
		if (!JsonRequire(&inner, ops->parameter[i]) || !JsonFloat8(&inner, &model->parameter[i]))
			return false;
	return true;
}

static bool
ReadCovariance(JsonReader *r, LifetimeModel *model)
{
	int			n = lifetime_kind_ops[model->kind]->n_parameters;
	JsonReader	row;
	int			length;
	double	   *next = model->covariance;

	if (!JsonFind(r, "covariance"))
		return true;
	if (!JsonArray(r, "arrays", &length))
		return false;
	if (length != n)
		return JsonRefuse(r, psprintf("\"covariance\" must have %d rows, not %d.", n, length));
	model->has_covariance = true;
	while (JsonNext(r))
	{
		row = *r;
		if (!JsonArray(&row, "numbers", &length))
			return false;
		if (length != r->index + 1)
			return JsonRefuse(r, psprintf("\"covariance\"[%d] must have %d elements, not %d: it is a lower triangle.",
										  r->index, r->index + 1, length));
		row.parent = r->key;
		row.key = psprintf("%d", r->index);
		row.index = -1;
		while (JsonNext(&row))
			if (!JsonFloat8(&row, next++))
				return false;
	}
	return true;
}

static Datum
ModelIn(FunctionCallInfo fcinfo, bool spend)
{
	JsonReader	r;
	uint8		kind;
	LifetimeModel *model;
	const char *fault;

	if (!JsonOpen(&r, fcinfo, LifetimeTypeName(spend), known_keys, lengthof(known_keys),
				  LIFETIME_MODEL_VERSION) ||
		!ReadKind(&r, spend, &kind))
		PG_RETURN_NULL();
	model = LifetimeModelMake(kind);
	if (!ReadHead(&r, model) || !ReadParameters(&r, model) || !ReadCovariance(&r, model))
		PG_RETURN_NULL();
	fault = LifetimeModelFault(model);
	if (fault != NULL)
	{
		(void) JsonRefuse(&r, fault);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(model);
}

/* --- Binary --------------------------------------------------------------- */

static Datum
ModelSend(FunctionCallInfo fcinfo, bool spend)
{
	LifetimeModel *model = GetLifetimeModel(fcinfo, spend);
	int			n = LifetimeHasParameters(model) ? lifetime_kind_ops[model->kind]->n_parameters : 0;
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendint8(&out, model->version);
	pq_sendint8(&out, model->kind);
	pq_sendint8(&out, model->status);
	pq_sendint8(&out, model->direction);
	pq_sendint8(&out, model->unit);
	pq_sendint8(&out, model->has_covariance);
	pq_sendint32(&out, model->iterations);
	pq_sendfloat8(&out, model->customers);
	pq_sendfloat8(&out, model->excluded);
	pq_sendfloat8(&out, model->prior);
	pq_sendfloat8(&out, model->loglik);
	for (int i = 0; i < n; i++)
		pq_sendfloat8(&out, model->parameter[i]);
	for (int i = 0; model->has_covariance && i < n * (n + 1) / 2; i++)
		pq_sendfloat8(&out, model->covariance[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

static double
ReceiveNumber(StringInfo in)
{
	double		x = pq_getmsgfloat8(in);

	return x == 0 ? 0 : x;		/* -0 */
}

/* Bytes of the binary form behind the version and before the parameters. */
#define BINARY_HEADER (5 + 4 + 4 * 8)

static Datum
ModelReceive(FunctionCallInfo fcinfo, bool spend)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	const char *type = LifetimeTypeName(spend);
	LifetimeModel *model = LifetimeModelMake(0);
	int			n;
	int			n_covariances;
	const char *fault;

	BinaryVersion(in, type, LIFETIME_MODEL_VERSION);
	if (in->len - in->cursor < BINARY_HEADER)
		BinaryRefuse(type, "It is too short.");
	model->kind = pq_getmsgbyte(in);
	model->status = pq_getmsgbyte(in);
	model->direction = pq_getmsgbyte(in);
	model->unit = pq_getmsgbyte(in);
	model->has_covariance = pq_getmsgbyte(in);
	model->iterations = (int32) pq_getmsgint(in, 4);
	model->customers = ReceiveNumber(in);
	model->excluded = ReceiveNumber(in);
	model->prior = ReceiveNumber(in);
	model->loglik = ReceiveNumber(in);
	if (model->kind >= N_LIFETIME_KINDS || LifetimeModelIsSpend(model) != spend ||
		model->has_covariance > 1)
		BinaryRefuse(type, "A field is out of range.");
	n = LifetimeHasParameters(model) ? lifetime_kind_ops[model->kind]->n_parameters : 0;
	n_covariances = model->has_covariance ? n * (n + 1) / 2 : 0;
	if (in->len - in->cursor != (n + n_covariances) * 8)
		BinaryRefuse(type, "It does not have the length of its kind.");
	for (int i = 0; i < n; i++)
		model->parameter[i] = ReceiveNumber(in);
	for (int i = 0; i < n_covariances; i++)
		model->covariance[i] = ReceiveNumber(in);
	fault = LifetimeModelFault(model);
	if (fault != NULL)
		BinaryRefuse(type, fault);
	PG_RETURN_POINTER(model);
}

/* --- Of both types -------------------------------------------------------- */

Datum
custseg_lifetime_model_in(PG_FUNCTION_ARGS)
{
	return ModelIn(fcinfo, false);
}

Datum
custseg_spend_model_in(PG_FUNCTION_ARGS)
{
	return ModelIn(fcinfo, true);
}

Datum
custseg_lifetime_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelText(GetLifetimeModel(fcinfo, false)));
}

Datum
custseg_spend_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelText(GetLifetimeModel(fcinfo, true)));
}

Datum
custseg_lifetime_model_recv(PG_FUNCTION_ARGS)
{
	return ModelReceive(fcinfo, false);
}

Datum
custseg_spend_model_recv(PG_FUNCTION_ARGS)
{
	return ModelReceive(fcinfo, true);
}

Datum
custseg_lifetime_model_send(PG_FUNCTION_ARGS)
{
	return ModelSend(fcinfo, false);
}

Datum
custseg_spend_model_send(PG_FUNCTION_ARGS)
{
	return ModelSend(fcinfo, true);
}

Datum
custseg_lifetime_model_to_jsonb(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(ModelText(GetLifetimeModel(fcinfo, false))));
}

Datum
custseg_spend_model_to_jsonb(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(ModelText(GetLifetimeModel(fcinfo, true))));
}
