/*
 * scale_model_io.c
 *		Text, binary and jsonb forms of scale_model, and model -> 'key'.
 *
 * Text is JSON, with these keys in every model:
 *		{"version":1,"kind":"minmax","n":100,"min":0,"max":12.5}
 * and besides
 *		"lower":0.05,"upper":0.95		if the model was fitted with bounds
 *		"mean":4,"deviation":2.5		of zscore
 *		"points":1000					of percentile with a limit
 *		"values":[...],"counts":[...]	of percentile
 *
 * min and max of percentile are those of its values.  Binary has the same
 * fields in a fixed order.  Whatever comes in may be hostile: it is checked in
 * full, and the digest is computed anew.
 */
#include "scoring/scale_model.h"

#include <math.h>

#include "common/binary.h"
#include "common/names.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "scoring/value_counts_io.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_scale_model_in);
PG_FUNCTION_INFO_V1(custseg_scale_model_out);
PG_FUNCTION_INFO_V1(custseg_scale_model_recv);
PG_FUNCTION_INFO_V1(custseg_scale_model_send);
PG_FUNCTION_INFO_V1(custseg_scale_model_to_jsonb);
PG_FUNCTION_INFO_V1(custseg_scale_model_parameter);

static const char *const known_keys[] = {
	"version", "kind", "n", "lower", "upper", "min", "max", "mean", "deviation",
	"points", "values", "counts"
};

/* value_counts wants a number of classes, of which a scale has none. */
#define NO_CLASSES 1

/* Bytes of the binary form behind the version and before the points. */
#define BINARY_HEADER (2 + 4 + 8 + 6 * 8)

static ScaleModel *
GetModel(FunctionCallInfo fcinfo)
{
	ScaleModel *model = (ScaleModel *) PG_GETARG_VARLENA_P(0);

	ScaleModelCheck(model);
	return model;
}

/* The points of a model as values with counts, in new memory. */
static ValueRuns
RunsOfModel(const ScaleModel *model)
{
	Size		bytes = ((Size) model->n_points + 1) * sizeof(double);
	ValueRuns	runs;

	runs.n_runs = model->n_points;
	runs.total = model->n;
	runs.value = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	runs.count = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	for (int i = 0; i < model->n_points; i++)
	{
		runs.value[i] = model->point[i].value;
		runs.count[i] = model->point[i].upto - (i == 0 ? 0 : model->point[i - 1].upto);
		POLL_EVERY(i);
	}
	return runs;
}

/* The model of these values; what it has besides is copied from head. */
static ScaleModel *
ModelOfValues(const ScaleModel *head, const ValueCounts *counts)
{
	ValueRuns	runs = ValueCountsRuns(counts);
	ScaleModel *model;

	if (runs.n_runs == 0)
		return NULL;
	model = PercentilesFromRuns(&runs, 0);
	model->has_bounds = head->has_bounds;
	model->lower = head->lower;
	model->upper = head->upper;
	model->max_points = head->max_points;
	return model;
}

/* --- Text ----------------------------------------------------------------- */

static void
AppendParameter(StringInfo out, const char *key, double x)
{
	appendStringInfo(out, ",\"%s\":", key);
	JsonAppendFloat8(out, x);
}

static char *
ModelText(const ScaleModel *model)
{
	StringInfoData out;
	ValueRuns	runs;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"kind\":\"%s\",\"n\":" INT64_FORMAT,
					 model->version, scale_kind_names[model->kind], model->n);
	if (model->has_bounds)
	{
		AppendParameter(&out, "lower", model->lower);
		AppendParameter(&out, "upper", model->upper);
	}
	AppendParameter(&out, "min", model->min);
	AppendParameter(&out, "max", model->max);
	if (model->kind == SCALE_ZSCORE)
	{
		AppendParameter(&out, "mean", model->mean);
		AppendParameter(&out, "deviation", model->deviation);
	}
	if (model->max_points > 0)
		appendStringInfo(&out, ",\"points\":%d", model->max_points);
	if (model->kind == SCALE_PERCENTILE)
	{
		runs = RunsOfModel(model);
		appendStringInfoChar(&out, ',');
		ValueRunsAppend(&out, &runs);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* Keys that a kind does not have would be lost: they are refused. */
static bool
RefuseKey(JsonReader *r, const char *key, const ScaleModel *model)
{
	return !JsonFind(r, key) ||
		JsonRefuse(r, psprintf("A model of kind \"%s\" has no \"%s\".",
							   scale_kind_names[model->kind], key));
}

static bool
ReadNumber(JsonReader *r, const char *key, double *x)
{
	return JsonRequire(r, key) && JsonFloat8(r, x);
}

/* What all kinds have; of percentile, min and max follow from the values. */
static bool
ReadHead(JsonReader *r, ScaleModel *model)
{
	int			kind;
	int64		max_points = 0;

	if (!JsonRequire(r, "kind") || !JsonChoice(r, scale_kind_names, N_SCALE_KINDS, &kind) ||
		!JsonRequire(r, "n") || !JsonInt64(r, 1, PG_INT64_MAX, &model->n))
		return false;
	model->kind = kind;
	model->has_bounds = JsonFind(r, "lower") || JsonFind(r, "upper");
	if (model->has_bounds &&
		(!ReadNumber(r, "lower", &model->lower) || !ReadNumber(r, "upper", &model->upper)))
		return false;
	if (kind == SCALE_PERCENTILE)
	{
		if (JsonFind(r, "points") && !JsonInt64(r, 1, PG_INT32_MAX, &max_points))
			return false;
		model->max_points = max_points;
		return RefuseKey(r, "mean", model) && RefuseKey(r, "deviation", model);
	}
	if (!RefuseKey(r, "points", model) || !RefuseKey(r, "values", model) ||
		!RefuseKey(r, "counts", model) ||
		!ReadNumber(r, "min", &model->min) || !ReadNumber(r, "max", &model->max))
		return false;
	if (kind == SCALE_ZSCORE)
		return ReadNumber(r, "mean", &model->mean) &&
			ReadNumber(r, "deviation", &model->deviation);
	return RefuseKey(r, "mean", model) && RefuseKey(r, "deviation", model);
}

/* Bounds that are given for a percentile must be what its values say. */
static bool
CheckRange(JsonReader *r, const ScaleModel *model)
{
	double		min = model->min;
	double		max = model->max;

	if ((JsonFind(r, "min") && !JsonFloat8(r, &min)) ||
		(JsonFind(r, "max") && !JsonFloat8(r, &max)))
		return false;
	return (min == model->min && max == model->max) ||
		JsonRefuse(r, "\"min\" and \"max\" must be the first and the last of \"values\".");
}

/* The model that the text holds; NULL after an error. */
static ScaleModel *
ReadModel(JsonReader *r)
{
	ScaleModel *model = ScaleModelMake(SCALE_MINMAX, 0);
	int64		n;
	ValueCounts *counts;
	const char *fault;

	if (!ReadHead(r, model))
		return NULL;
	if (model->kind == SCALE_PERCENTILE)
	{
		n = model->n;
		counts = ValueCountsRead(r, NO_CLASSES);
		if (counts == NULL)
			return NULL;
		model = ModelOfValues(model, counts);
		if (model == NULL)
		{
			(void) JsonRefuse(r, "\"values\" must not be empty.");
			return NULL;
		}
		if (!CheckRange(r, model))
			return NULL;
		model->n = n;
	}
	fault = ScaleModelFault(model);
	if (fault != NULL)
	{
		(void) JsonRefuse(r, fault);
		return NULL;
	}
	return model;
}

Datum
custseg_scale_model_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	ScaleModel *model;

	if (!JsonOpen(&r, fcinfo, "scale_model", known_keys, lengthof(known_keys),
				  SCALE_MODEL_VERSION) ||
		(model = ReadModel(&r)) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(model);
}

Datum
custseg_scale_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelText(GetModel(fcinfo)));
}

Datum
custseg_scale_model_to_jsonb(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(ModelText(GetModel(fcinfo))));
}

/* --- Binary --------------------------------------------------------------- */

Datum
custseg_scale_model_send(PG_FUNCTION_ARGS)
{
	ScaleModel *model = GetModel(fcinfo);
	StringInfoData out;
	ValueRuns	runs;

	pq_begintypsend(&out);
	pq_sendint8(&out, model->version);
	pq_sendint8(&out, model->kind);
	pq_sendint8(&out, model->has_bounds);
	pq_sendint32(&out, model->max_points);
	pq_sendint64(&out, model->n);
	pq_sendfloat8(&out, model->lower);
	pq_sendfloat8(&out, model->upper);
	pq_sendfloat8(&out, model->min);
	pq_sendfloat8(&out, model->max);
	pq_sendfloat8(&out, model->mean);
	pq_sendfloat8(&out, model->deviation);
	if (model->kind == SCALE_PERCENTILE)
	{
		runs = RunsOfModel(model);
		ValueRunsSend(&out, &runs);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

static double
ReceiveNumber(StringInfo in)
{
	double		x = pq_getmsgfloat8(in);

	return x == 0 ? 0 : x;		/* -0 */
}

/* Fields that a kind does not use must be 0, so that equal models have equal bytes. */
static bool
UnusedFieldsAreZero(const ScaleModel *model)
{
	return (model->has_bounds || (model->lower == 0 && model->upper == 0)) &&
		(model->kind == SCALE_ZSCORE || (model->mean == 0 && model->deviation == 0)) &&
		(model->kind == SCALE_PERCENTILE || model->max_points == 0);
}

Datum
custseg_scale_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	ScaleModel *head = ScaleModelMake(SCALE_MINMAX, 0);
	ScaleModel *model = head;
	const char *fault;
	int			has_bounds;

	BinaryVersion(in, "scale_model", SCALE_MODEL_VERSION);
	if (in->len - in->cursor < BINARY_HEADER)
		BinaryRefuse("scale_model", "It is too short.");
	head->kind = pq_getmsgbyte(in);
	has_bounds = pq_getmsgbyte(in);
	head->has_bounds = has_bounds;
	head->max_points = (int32) pq_getmsgint(in, 4);
	head->n = pq_getmsgint64(in);
	head->lower = ReceiveNumber(in);
	head->upper = ReceiveNumber(in);
	head->min = ReceiveNumber(in);
	head->max = ReceiveNumber(in);
	head->mean = ReceiveNumber(in);
	head->deviation = ReceiveNumber(in);
	if (head->kind >= N_SCALE_KINDS || has_bounds > 1 || !UnusedFieldsAreZero(head))
		BinaryRefuse("scale_model", "A field is out of range.");
	if (head->kind == SCALE_PERCENTILE)
	{
		model = ModelOfValues(head, ValueCountsReceive(in, "scale_model", NO_CLASSES));
		if (model == NULL)
			BinaryRefuse("scale_model", "There are no values.");
		if (model->min != head->min || model->max != head->max || model->n != head->n)
			BinaryRefuse("scale_model", "Its values do not have its rows, minimum and maximum.");
	}
	fault = ScaleModelFault(model);
	if (fault != NULL)
		BinaryRefuse("scale_model", fault);
	PG_RETURN_POINTER(model);
}

/* --- model -> 'mean' ------------------------------------------------------ */

static const char *const parameter_names[] = {
	"n", "min", "max", "lower", "upper", "mean", "deviation", "points"
};

Datum
custseg_scale_model_parameter(PG_FUNCTION_ARGS)
{
	ScaleModel *model = GetModel(fcinfo);
	text	   *name = PG_GETARG_TEXT_PP(1);
	bool		zscore = model->kind == SCALE_ZSCORE;
	double		value[] = {
		model->n, model->min, model->max, model->lower, model->upper,
		model->mean, model->deviation, model->max_points
	};
	bool		has[] = {
		true, true, true, model->has_bounds, model->has_bounds,
		zscore, zscore, model->max_points > 0
	};
	int			i = FindName(parameter_names, lengthof(parameter_names),
							 VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

	if (i < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a scale_model has no parameter \"%s\"", text_to_cstring(name)),
				 errhint("Its parameters are n, min, max, lower, upper, mean, deviation and points.")));
	if (!has[i])
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value[i]);
}
