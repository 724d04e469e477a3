/*
 * rfm_model.c
 *		The type rfm_model: the cut points of one RFM run.
 *
 * The text form is a JSON object:
 *
 *		{"version": 1, "classes": 5, "breaks": "balanced",
 *		 "as_of": "2011-12-09", "customers": 4338,
 *		 "recency": [12, 32, 71, 178], "frequency": [...], "monetary": [...]}
 *
 * A measure with fewer distinct values than classes has fewer breaks.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/binary.h"
#include "common/iso_date.h"
#include "common/json.h"
#include "common/names.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "purchases/rfm_model.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

const char *const rfm_measure_names[N_MEASURES] = {
	"recency", "frequency", "monetary"
};

static const char *const known_keys[] = {
	"version", "classes", "breaks", "as_of", "customers",
	"recency", "frequency", "monetary"
};

RfmModel *
RfmModelCreate(int classes, BreaksMethod method, int32 as_of, int64 customers)
{
	RfmModel   *model = palloc0(sizeof(RfmModel));

	SET_VARSIZE(model, sizeof(RfmModel));
	model->version = RFM_MODEL_VERSION;
	model->classes = classes;
	model->method = method;
	model->as_of = as_of;
	model->customers = customers;
	return model;
}

BreaksMethod
BreaksMethodByName(const char *name)
{
	int			method = FindName(breaks_method_names, N_BREAKS_METHODS, name, strlen(name));

	if (method < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks must be 'balanced', 'quantile' or 'mean', not \"%s\"", name)));
	return method;
}

RfmModel *
RfmModelOpen(struct varlena *value)
{
	RfmModel   *model = (RfmModel *) value;

	CheckStoredVersion("rfm_model", model->version, RFM_MODEL_VERSION);
	return model;
}

/* --- Text ------------------------------------------------------------------- */

static char *
ModelText(const RfmModel *model)
{
	StringInfoData out;
	char		day[MAXDATELEN + 1];

	initStringInfo(&out);
	IsoDateEncode(model->as_of, day);
	appendStringInfo(&out, "{\"version\": %d, \"classes\": %d, \"breaks\": \"%s\", \"as_of\": \"%s\", \"customers\": " INT64_FORMAT,
					 model->version, model->classes,
					 breaks_method_names[model->method], day, model->customers);
	for (int i = 0; i < N_MEASURES; i++)
	{
		appendStringInfo(&out, ", \"%s\": [", rfm_measure_names[i]);
		for (int j = 0; j < model->n_breaks[i]; j++)
		{
			if (j > 0)
				appendStringInfoString(&out, ", ");
			JsonAppendFloat8(&out, model->breaks[i][j]);
		}
		appendStringInfoChar(&out, ']');
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* What holds for every model; NULL when it holds for this one. */
static const char *
ModelFault(const RfmModel *model)
{
	if (model->classes < MIN_RFM_CLASSES || model->classes > MAX_RFM_CLASSES)
		return "\"classes\" must be from 2 to 9.";
	for (int i = 0; i < N_MEASURES; i++)
	{
		if (model->n_breaks[i] >= model->classes)
			return psprintf("\"%s\" has too many breaks for %d classes.",
							rfm_measure_names[i], model->classes);
		for (int j = 0; j < model->n_breaks[i]; j++)
			if (!isfinite(model->breaks[i][j]) ||
				(j > 0 && model->breaks[i][j] <= model->breaks[i][j - 1]))
				return psprintf("The breaks of \"%s\" must be finite and strictly ascending.",
								rfm_measure_names[i]);
	}
	return NULL;
}

static bool
ReadBreaks(JsonReader *r, RfmModel *model)
{
	for (int i = 0; i < N_MEASURES; i++)
	{
		int			n;

		if (!JsonFind(r, rfm_measure_names[i]))
			continue;
		if (!JsonArray(r, "numbers", &n))
			return false;
		if (n > MAX_RFM_CLASSES - 1)
			return JsonRefuse(r, psprintf("\"%s\" has more than %d breaks.",
										  rfm_measure_names[i], MAX_RFM_CLASSES - 1));
		while (JsonNext(r))
			if (!JsonFloat8(r, &model->breaks[i][r->index]))
				return false;
		model->n_breaks[i] = n;
	}
	return true;
}

PG_FUNCTION_INFO_V1(custseg_rfm_model_in);
Datum
custseg_rfm_model_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	RfmModel   *model = RfmModelCreate(0, BALANCED, 0, 0);
	int64		classes = 5;
	int			method = BALANCED;
	const char *fault;

	if (!JsonOpen(&r, fcinfo, "rfm_model", known_keys, lengthof(known_keys),
				  RFM_MODEL_VERSION) ||
		(JsonFind(&r, "classes") &&
		 !JsonInt64(&r, MIN_RFM_CLASSES, MAX_RFM_CLASSES, &classes)) ||
		(JsonFind(&r, "breaks") &&
		 !JsonChoice(&r, breaks_method_names, N_BREAKS_METHODS, &method)) ||
		!JsonRequire(&r, "as_of") || !JsonDate(&r, &model->as_of) ||
		(JsonFind(&r, "customers") &&
		 !JsonInt64(&r, 0, PG_INT64_MAX, &model->customers)) ||
		!ReadBreaks(&r, model))
		PG_RETURN_NULL();
	model->classes = classes;
	model->method = method;
	fault = ModelFault(model);
	if (fault != NULL)
	{
		(void) JsonRefuse(&r, fault);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(model);
}

PG_FUNCTION_INFO_V1(custseg_rfm_model_out);
Datum
custseg_rfm_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelText(RfmModelOpen(PG_GETARG_VARLENA_P(0))));
}

PG_FUNCTION_INFO_V1(custseg_rfm_model_to_jsonb);
Datum
custseg_rfm_model_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = ModelText(RfmModelOpen(PG_GETARG_VARLENA_P(0)));

	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

/* --- Binary ------------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(custseg_rfm_model_send);
Datum
custseg_rfm_model_send(PG_FUNCTION_ARGS)
{
	RfmModel   *model = RfmModelOpen(PG_GETARG_VARLENA_P(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, model->version);
	pq_sendint8(&buffer, model->classes);
	pq_sendint8(&buffer, model->method);
	pq_sendint32(&buffer, model->as_of);
	pq_sendint64(&buffer, model->customers);
	for (int i = 0; i < N_MEASURES; i++)
	{
		pq_sendint8(&buffer, model->n_breaks[i]);
		for (int j = 0; j < model->n_breaks[i]; j++)
			pq_sendfloat8(&buffer, model->breaks[i][j]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

PG_FUNCTION_INFO_V1(custseg_rfm_model_recv);
Datum
custseg_rfm_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	RfmModel   *model = RfmModelCreate(0, BALANCED, 0, 0);
	const char *fault;

	BinaryVersion(buffer, "rfm_model", RFM_MODEL_VERSION);
	model->classes = pq_getmsgbyte(buffer);
	model->method = pq_getmsgbyte(buffer);
	model->as_of = (int32) pq_getmsgint(buffer, 4);
	model->customers = pq_getmsgint64(buffer);
	if (model->method >= N_BREAKS_METHODS || !IS_VALID_DATE(model->as_of) ||
		model->customers < 0)
		BinaryRefuse("rfm_model", "A field is out of range.");
	for (int i = 0; i < N_MEASURES; i++)
	{
		model->n_breaks[i] = pq_getmsgbyte(buffer);
		if (model->n_breaks[i] > MAX_RFM_CLASSES - 1)
			BinaryRefuse("rfm_model", "There are too many breaks.");
		for (int j = 0; j < model->n_breaks[i]; j++)
			model->breaks[i][j] = pq_getmsgfloat8(buffer);
	}
	fault = ModelFault(model);
	if (fault != NULL)
		BinaryRefuse("rfm_model", fault);
	PG_RETURN_POINTER(model);
}

/* --- model -> 'recency' ------------------------------------------------------ */

PG_FUNCTION_INFO_V1(custseg_rfm_model_breaks);
Datum
custseg_rfm_model_breaks(PG_FUNCTION_ARGS)
{
	RfmModel   *model = RfmModelOpen(PG_GETARG_VARLENA_P(0));
	text	   *name = PG_GETARG_TEXT_PP(1);
	int			measure = FindName(rfm_measure_names, N_MEASURES,
								   VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	Datum		breaks[MAX_RFM_CLASSES - 1];

	if (measure < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an rfm_model has no measure \"%s\"", text_to_cstring(name)),
				 errhint("Its measures are recency, frequency and monetary.")));
	for (int i = 0; i < model->n_breaks[measure]; i++)
		breaks[i] = Float8GetDatum(model->breaks[measure][i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(breaks, model->n_breaks[measure],
										  FLOAT8OID, sizeof(float8), true,
										  TYPALIGN_DOUBLE));
}
