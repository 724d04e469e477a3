/*
 * scale_state_io.c
 *		Text and binary forms of scale_state.
 *
 * Text is JSON, by form:
 *		{"version":1,"form":"range","n":3,"min":1,"max":4}
 *		{"version":1,"form":"moments","n":3,"min":1,"max":4,
 *		 "sum":"0x7p+0","squares":"0x15p+0"}
 *		{"version":1,"form":"values","lower":0.05,"upper":0.95,"points":1000,
 *		 "values":[1,2,4],"counts":[1,1,1]}
 * where bounds and points stand only if they were given.  Exact sums are
 * hexadecimal, as C writes floats, with as many digits as they have.  Binary
 * has the same fields in a fixed order.
 *
 * Both forms are canonical.  Whatever comes in may be hostile and is checked in
 * full before it becomes a state.
 */
#include "scoring/scale_state.h"

#include <math.h>

#include "common/binary.h"
#include "common/exact_sum_io.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "scoring/value_counts_io.h"

PG_FUNCTION_INFO_V1(custseg_scale_state_in);
PG_FUNCTION_INFO_V1(custseg_scale_state_out);
PG_FUNCTION_INFO_V1(custseg_scale_state_recv);
PG_FUNCTION_INFO_V1(custseg_scale_state_send);

static const char *const known_keys[] = {
	"version", "form", "n", "min", "max", "sum", "squares", "lower", "upper", "points",
	"values", "counts"
};

#define NO_CLASSES 1

/* Bytes of the binary form behind the version and before the data. */
#define BINARY_HEADER (2 + 4 + 8 + 4 * 8)

static ScaleState *
GetState(FunctionCallInfo fcinfo)
{
	ScaleState *state = (ScaleState *) PG_GETARG_VARLENA_P(0);

	ScaleStateCheck(state);
	return state;
}

/* What is wrong with options and range that came in, or NULL. */
static const char *
HeadFault(ScaleForm form, const ScaleOptions *options, int64 n, double min, double max)
{
	if (options->has_bounds &&
		!(options->lower >= 0 && options->lower < options->upper && options->upper <= 1))
		return "\"lower\" and \"upper\" must be fractions with 0 <= lower < upper <= 1.";
	if (!options->has_bounds && (options->lower != 0 || options->upper != 0))
		return "There are bounds, but they are said to be absent.";
	if (options->max_points < 0)
		return "\"points\" must be positive.";
	if (form == SCALE_VALUES)
		return n != 0 || min != 0 || max != 0 ? "There is a range beside the values." : NULL;
	if (options->has_bounds || options->max_points != 0)
		return psprintf("The form \"%s\" has neither bounds nor points.", scale_form_names[form]);
	if (n <= 0)
		return "\"n\" must be positive.";
	if (!isfinite(min) || !isfinite(max) || min > max)
		return "\"min\" and \"max\" must be finite, and \"min\" at most \"max\".";
	return NULL;
}

static ScaleState *
StateOfRange(ScaleForm form, int64 n, double min, double max)
{
	ScaleOptions options = {0};
	ScaleState *state = ScaleStateMake(form, &options,
									   form == SCALE_MOMENTS ? EXACT_SUM_MAX : 0);

	state->n = n;
	state->min = min;
	state->max = max;
	return state;
}

/* What is wrong with sums that came in, or NULL: squares are not negative. */
static const char *
SumsFault(const ScaleState *state)
{
	int			exponent;

	if (ExactSumSign(ScaleStateSquares(state)) < 0 ||
		ExactCoMoment(state->n, ScaleStateSquares(state), ScaleStateSum(state),
					  ScaleStateSum(state), &exponent) < 0)
		return "\"squares\" is too small for \"sum\".";
	return NULL;
}

/* --- Text ----------------------------------------------------------------- */

static void
AppendNumber(StringInfo out, const char *key, double x)
{
	appendStringInfo(out, "\"%s\":", key);
	JsonAppendFloat8(out, x);
}

static void
AppendValues(StringInfo out, const ScaleState *state)
{
	ValueRuns	runs = ValueCountsRuns(ScaleStateValues(state));

	appendStringInfoChar(out, ',');
	if (state->has_bounds)
	{
		AppendNumber(out, "lower", state->lower);
		appendStringInfoChar(out, ',');
		AppendNumber(out, "upper", state->upper);
		appendStringInfoChar(out, ',');
	}
	if (state->max_points > 0)
		appendStringInfo(out, "\"points\":%d,", state->max_points);
	ValueRunsAppend(out, &runs);
}

Datum
custseg_scale_state_out(PG_FUNCTION_ARGS)
{
	ScaleState *state = GetState(fcinfo);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"form\":\"%s\"", state->version,
					 scale_form_names[state->form]);
	if (state->form == SCALE_VALUES)
		AppendValues(&out, state);
	else
	{
		appendStringInfo(&out, ",\"n\":" INT64_FORMAT ",", state->n);
		AppendNumber(&out, "min", state->min);
		appendStringInfoChar(&out, ',');
		AppendNumber(&out, "max", state->max);
	}
	if (state->form == SCALE_MOMENTS)
	{
		ExactSumAppend(&out, "sum", ScaleStateSum(state));
		ExactSumAppend(&out, "squares", ScaleStateSquares(state));
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

static bool
ReadNumber(JsonReader *r, const char *key, double *x)
{
	return JsonRequire(r, key) && JsonFloat8(r, x);
}

/* The state of the form VALUES that the text holds; NULL after an error. */
static ScaleState *
ReadValues(JsonReader *r)
{
	ScaleOptions options = {0};
	int64		max_points = 0;
	ValueCounts *counts;
	const char *fault;

	options.has_bounds = JsonFind(r, "lower") || JsonFind(r, "upper");
	if (options.has_bounds &&
		(!ReadNumber(r, "lower", &options.lower) || !ReadNumber(r, "upper", &options.upper)))
		return NULL;
	if (JsonFind(r, "points") && !JsonInt64(r, 1, PG_INT32_MAX, &max_points))
		return NULL;
	options.max_points = max_points;
	fault = HeadFault(SCALE_VALUES, &options, 0, 0, 0);
	if (fault != NULL)
	{
		(void) JsonRefuse(r, fault);
		return NULL;
	}
	counts = ValueCountsRead(r, NO_CLASSES);
	return counts == NULL ? NULL : ScaleStateWrap(&options, counts);
}

static ScaleState *
ReadState(JsonReader *r)
{
	int			form;
	int64		n;
	double		min;
	double		max;
	ScaleOptions options = {0};
	ScaleState *state;
	const char *fault;

	if (!JsonRequire(r, "form") || !JsonChoice(r, scale_form_names, N_SCALE_FORMS, &form))
		return NULL;
	if (form == SCALE_VALUES)
		return ReadValues(r);
	if (!JsonRequire(r, "n") || !JsonInt64(r, 1, PG_INT64_MAX, &n) ||
		!ReadNumber(r, "min", &min) || !ReadNumber(r, "max", &max))
		return NULL;
	fault = HeadFault(form, &options, n, min, max);
	state = StateOfRange(form, n, min, max);
	if (fault == NULL && form == SCALE_MOMENTS)
	{
		if (!ExactSumRead(r, "sum", ScaleStateSum(state)) ||
			!ExactSumRead(r, "squares", ScaleStateSquares(state)))
			return NULL;
		fault = SumsFault(state);
	}
	if (fault != NULL)
	{
		(void) JsonRefuse(r, fault);
		return NULL;
	}
	return ScaleStateCanonical(state);
}

Datum
custseg_scale_state_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	ScaleState *state;

	if (!JsonOpen(&r, fcinfo, "scale_state", known_keys, lengthof(known_keys),
				  SCALE_STATE_VERSION) ||
		(state = ReadState(&r)) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* --- Binary --------------------------------------------------------------- */

Datum
custseg_scale_state_send(PG_FUNCTION_ARGS)
{
	ScaleState *state = GetState(fcinfo);
	StringInfoData out;
	ValueRuns	runs;

	pq_begintypsend(&out);
	pq_sendint8(&out, state->version);
	pq_sendint8(&out, state->form);
	pq_sendint8(&out, state->has_bounds);
	pq_sendint32(&out, state->max_points);
	pq_sendint64(&out, state->n);
	pq_sendfloat8(&out, state->lower);
	pq_sendfloat8(&out, state->upper);
	pq_sendfloat8(&out, state->min);
	pq_sendfloat8(&out, state->max);
	if (state->form == SCALE_MOMENTS)
	{
		ExactSumSend(&out, ScaleStateSum(state));
		ExactSumSend(&out, ScaleStateSquares(state));
	}
	if (state->form == SCALE_VALUES)
	{
		runs = ValueCountsRuns(ScaleStateValues(state));
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

Datum
custseg_scale_state_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	ScaleOptions options = {0};
	ScaleState *state;
	int			form;
	int			has_bounds;
	int64		n;
	double		min;
	double		max;
	const char *fault;

	BinaryVersion(in, "scale_state", SCALE_STATE_VERSION);
	if (in->len - in->cursor < BINARY_HEADER)
		BinaryRefuse("scale_state", "It is too short.");
	form = pq_getmsgbyte(in);
	has_bounds = pq_getmsgbyte(in);
	options.has_bounds = has_bounds;
	options.max_points = (int32) pq_getmsgint(in, 4);
	n = pq_getmsgint64(in);
	options.lower = ReceiveNumber(in);
	options.upper = ReceiveNumber(in);
	min = ReceiveNumber(in);
	max = ReceiveNumber(in);
	if (form >= N_SCALE_FORMS || has_bounds > 1)
		BinaryRefuse("scale_state", "A field is out of range.");
	fault = HeadFault(form, &options, n, min, max);
	if (fault != NULL)
		BinaryRefuse("scale_state", fault);
	if (form == SCALE_VALUES)
		PG_RETURN_POINTER(ScaleStateWrap(&options,
										 ValueCountsReceive(in, "scale_state", NO_CLASSES)));

	state = StateOfRange(form, n, min, max);
	if (form == SCALE_MOMENTS)
	{
		ExactSumReceive(in, "scale_state", ScaleStateSum(state));
		ExactSumReceive(in, "scale_state", ScaleStateSquares(state));
		fault = SumsFault(state);
		if (fault != NULL)
			BinaryRefuse("scale_state", fault);
	}
	PG_RETURN_POINTER(ScaleStateCanonical(state));
}
