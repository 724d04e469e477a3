/*
 * topsis_model.c
 *		The type topsis_model: what TOPSIS has learnt, as a value.
 *
 * The text form is a JSON object with an element for each column in its arrays:
 *
 *		{"version": 1, "rows": 4, "norms": [...], "weights": [...],
 *		 "ideal": [...], "anti_ideal": [...]}
 *
 * ideal and anti_ideal are values of the columns, before they are divided by
 * the norms.  weights have the sum 1.  A column is one where less is better when
 * its ideal is below its anti-ideal; where both are equal it does not matter.
 *
 * Binary is the version (1 byte), the number of columns (int16), rows (int64),
 * and the arrays one after the other.
 */
#include "scoring/topsis_model.h"

#include <math.h>

#include "common/binary.h"
#include "common/json.h"
#include "common/names.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "scoring/component_args.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_topsis_model_in);
PG_FUNCTION_INFO_V1(custseg_topsis_model_out);
PG_FUNCTION_INFO_V1(custseg_topsis_model_recv);
PG_FUNCTION_INFO_V1(custseg_topsis_model_send);
PG_FUNCTION_INFO_V1(custseg_topsis_model_to_jsonb);
PG_FUNCTION_INFO_V1(custseg_topsis_model_values);

const char *const topsis_array_names[TOPSIS_ARRAYS] = {
	"norms", "weights", "ideal", "anti_ideal"
};

static const char *const known_keys[] = {
	"version", "rows", "norms", "weights", "ideal", "anti_ideal"
};

static inline Size
ModelSize(int n_columns)
{
	return offsetof(TopsisModel, data) + (Size) n_columns * TOPSIS_ARRAYS * sizeof(double);
}

TopsisModel *
TopsisModelMake(int n_columns, int64 n_rows)
{
	TopsisModel *model = palloc0(ModelSize(n_columns));

	SET_VARSIZE(model, ModelSize(n_columns));
	model->version = TOPSIS_MODEL_VERSION;
	model->n_columns = n_columns;
	model->n_rows = n_rows;
	return model;
}

Topsis
TopsisModelArrays(const TopsisModel *model)
{
	double	   *data = (double *) model->data;
	Topsis		topsis;

	topsis.n_columns = model->n_columns;
	topsis.norms = data;
	topsis.weights = data + model->n_columns;
	topsis.ideal = data + 2 * model->n_columns;
	topsis.anti_ideal = data + 3 * model->n_columns;
	return topsis;
}

TopsisModel *
TopsisModelOpen(struct varlena *value)
{
	TopsisModel *model = (TopsisModel *) value;

	if (VARSIZE(model) > offsetof(TopsisModel, version))
		CheckStoredVersion("topsis_model", model->version, TOPSIS_MODEL_VERSION);
	if (VARSIZE(model) < offsetof(TopsisModel, data) ||
		model->n_columns < 1 || model->n_columns > MAX_COMPONENTS ||
		VARSIZE(model) != ModelSize(model->n_columns))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("topsis_model is corrupted")));
	return model;
}

/* What is wrong with a model, or NULL. Turns -0 into 0. */
static const char *
ModelFault(TopsisModel *model)
{
	Topsis		topsis = TopsisModelArrays(model);

	if (model->n_rows < 0)
		return "\"rows\" must not be negative.";
	for (int i = 0; i < model->n_columns * TOPSIS_ARRAYS; i++)
	{
		if (!isfinite(model->data[i]))
			return psprintf("\"%s\"[%d] must be a finite number.",
							topsis_array_names[i / model->n_columns], i % model->n_columns);
		if (model->data[i] == 0)
			model->data[i] = 0; /* -0 */
	}
	for (int i = 0; i < model->n_columns; i++)
		if (topsis.norms[i] < 0)
			return psprintf("\"norms\"[%d] must not be negative.", i);
	if (!WeightsAreSound(topsis.weights, model->n_columns))
		return "\"weights\" must not be negative, and not all 0.";
	return NULL;
}

/* --- Text ------------------------------------------------------------------- */

static char *
ModelText(const TopsisModel *model)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\": %d, \"rows\": " INT64_FORMAT,
					 model->version, model->n_rows);
	for (int i = 0; i < TOPSIS_ARRAYS; i++)
		AppendFloats(&out, psprintf(", \"%s\": ", topsis_array_names[i]),
					 model->data + i * model->n_columns, model->n_columns);
	appendStringInfoChar(&out, '}');
	return out.data;
}

static TopsisModel *
ReadModel(JsonReader *r)
{
	int64		n_rows = 0;
	int			n_columns;
	TopsisModel *model;

	if ((JsonFind(r, "rows") && !JsonInt64(r, 0, PG_INT64_MAX, &n_rows)) ||
		!JsonRequire(r, "norms") || !JsonArray(r, "numbers", &n_columns))
		return NULL;
	if (n_columns < 1 || n_columns > MAX_COMPONENTS)
	{
		(void) JsonRefuse(r, psprintf("\"norms\" must have 1 to %d elements, not %d.",
									  MAX_COMPONENTS, n_columns));
		return NULL;
	}
	model = TopsisModelMake(n_columns, n_rows);
	for (int i = 0; i < TOPSIS_ARRAYS; i++)
		if (!JsonRequire(r, topsis_array_names[i]) ||
			!ReadJsonFloats(r, n_columns, model->data + i * n_columns))
			return NULL;
	return model;
}

Datum
custseg_topsis_model_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	TopsisModel *model;
	const char *fault;

	if (!JsonOpen(&r, fcinfo, "topsis_model", known_keys, lengthof(known_keys),
				  TOPSIS_MODEL_VERSION) ||
		(model = ReadModel(&r)) == NULL)
		PG_RETURN_NULL();
	fault = ModelFault(model);
	if (fault != NULL)
	{
		(void) JsonRefuse(&r, fault);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(model);
}

Datum
custseg_topsis_model_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(ModelText(TopsisModelOpen(PG_GETARG_VARLENA_P(0))));
}

Datum
custseg_topsis_model_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = ModelText(TopsisModelOpen(PG_GETARG_VARLENA_P(0)));

	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

/* --- Binary ------------------------------------------------------------------ */

Datum
custseg_topsis_model_send(PG_FUNCTION_ARGS)
{
	TopsisModel *model = TopsisModelOpen(PG_GETARG_VARLENA_P(0));
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, model->version);
	pq_sendint16(&buf, model->n_columns);
	pq_sendint64(&buf, model->n_rows);
	for (int i = 0; i < model->n_columns * TOPSIS_ARRAYS; i++)
		pq_sendfloat8(&buf, model->data[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
custseg_topsis_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			n_columns;
	int64		n_rows;
	TopsisModel *model;
	const char *fault;

	BinaryVersion(in, "topsis_model", TOPSIS_MODEL_VERSION);
	if (in->len - in->cursor < 10)
		BinaryRefuse("topsis_model", "It is too short.");
	n_columns = (int) pq_getmsgint(in, 2);
	n_rows = pq_getmsgint64(in);
	if (n_columns < 1 || n_columns > MAX_COMPONENTS ||
		n_columns * TOPSIS_ARRAYS * 8 != in->len - in->cursor)
		BinaryRefuse("topsis_model",
					 psprintf("The number of columns, %d, does not fit the length.", n_columns));
	model = TopsisModelMake(n_columns, n_rows);
	for (int i = 0; i < n_columns * TOPSIS_ARRAYS; i++)
		model->data[i] = pq_getmsgfloat8(in);
	fault = ModelFault(model);
	if (fault != NULL)
		BinaryRefuse("topsis_model", fault);
	PG_RETURN_POINTER(model);
}

/* --- model -> 'ideal' --------------------------------------------------------- */

Datum
custseg_topsis_model_values(PG_FUNCTION_ARGS)
{
	TopsisModel *model = TopsisModelOpen(PG_GETARG_VARLENA_P(0));
	text	   *name = PG_GETARG_TEXT_PP(1);
	int			i = FindName(topsis_array_names, TOPSIS_ARRAYS,
							 VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

	if (i < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a topsis_model has no \"%s\"", text_to_cstring(name)),
				 errhint("It has norms, weights, ideal and anti_ideal.")));
	PG_RETURN_DATUM(FloatArrayDatum(model->data + i * model->n_columns, model->n_columns));
}
