/*
 * value_counts_io.c
 *		Text, binary and jsonb forms of value_counts.
 *
 * Text is JSON:
 *		{"version":1,"classes":5,"values":[1,2.5],"counts":[10,3]}
 * with every value as its shortest exact decimal, and infinities as the
 * strings "Infinity" and "-Infinity".  Binary is the version (1 byte), classes
 * and the number of values n (int32 each), then n pairs of float8 and int64.
 *
 * Both forms are canonical: no tail, no slack.  Whatever comes in may be
 * hostile and is checked in full before it becomes a state: known version and
 * keys, classes in range, values ascending and no NaN, counts positive, their
 * sum within int64, no bytes left over.
 */
#include "scoring/value_counts_io.h"

#include <math.h>

#include "common/binary.h"
#include "common/int.h"
#include "common/json.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_value_counts_in);
PG_FUNCTION_INFO_V1(custseg_value_counts_out);
PG_FUNCTION_INFO_V1(custseg_value_counts_recv);
PG_FUNCTION_INFO_V1(custseg_value_counts_send);
PG_FUNCTION_INFO_V1(custseg_value_counts_to_jsonb);

/* Bytes of the binary form between version and pairs, and of a pair. */
#define BINARY_HEADER 8
#define BINARY_PAIR 16

static const char *const known_keys[] = {"version", "classes", "values", "counts"};

/*
 * Checks values and counts, and sets the total.  Returns what is wrong, or
 * NULL.
 */
static const char *
PairsFault(ValueCounts *state)
{
	double	   *value = ValueCountsValues(state);
	int64	   *count = ValueCountsCounts(state);

	state->total = 0;
	for (int i = 0; i < state->n_runs; i++)
	{
		if (isnan(value[i]))
			return psprintf("\"values\"[%d] must be a number, not NaN.", i);
		if (value[i] == 0)
			value[i] = 0;		/* -0 */
		if (i > 0 && value[i] <= value[i - 1])
			return psprintf("\"values\"[%d] must be greater than the one before it.", i);
		if (count[i] <= 0)
			return psprintf("\"counts\"[%d] must be positive.", i);
		if (pg_add_s64_overflow(state->total, count[i], &state->total))
			return "The sum of \"counts\" is out of range.";
		POLL_EVERY(i);
	}
	return NULL;
}

/* --- Text ----------------------------------------------------------------- */

void
ValueRunsAppend(StringInfo out, const ValueRuns *runs)
{
	appendStringInfoString(out, "\"values\":[");
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		JsonAppendFloat8(out, runs->value[i]);
		POLL_EVERY(i);
	}
	appendStringInfoString(out, "],\"counts\":[");
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		char		digits[MAXINT8LEN + 1];

		if (i > 0)
			appendStringInfoChar(out, ',');
		pg_lltoa(runs->count[i], digits);
		appendStringInfoString(out, digits);
		POLL_EVERY(i);
	}
	appendStringInfoChar(out, ']');
}

static char *
TextOfValueCounts(const ValueCounts *state)
{
	ValueRuns	runs = ValueCountsRuns(state);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"classes\":%d,",
					 VALUE_COUNTS_VERSION, state->classes);
	ValueRunsAppend(&out, &runs);
	appendStringInfoChar(&out, '}');
	return out.data;
}

ValueCounts *
ValueCountsRead(JsonReader *r, int classes)
{
	int			n_values;
	int			n_counts;
	ValueCounts *state;
	const char *fault;

	if (!JsonRequire(r, "values") || !JsonArray(r, "numbers", &n_values))
		return NULL;
	state = ValueCountsMakeRuns(classes, n_values);
	while (JsonNext(r))
		if (!JsonFloat8(r, &ValueCountsValues(state)[r->index]))
			return NULL;

	if (!JsonRequire(r, "counts") || !JsonArray(r, "integers", &n_counts))
		return NULL;
	if (n_counts != n_values)
	{
		(void) JsonRefuse(r, psprintf("\"counts\" has %d elements, but \"values\" has %d.",
									  n_counts, n_values));
		return NULL;
	}
	while (JsonNext(r))
		if (!JsonInt64(r, 1, PG_INT64_MAX, &ValueCountsCounts(state)[r->index]))
			return NULL;

	fault = PairsFault(state);
	if (fault != NULL)
	{
		(void) JsonRefuse(r, fault);
		return NULL;
	}
	return state;
}

Datum
custseg_value_counts_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	int64		classes;
	ValueCounts *state;

	if (!JsonOpen(&r, fcinfo, "value_counts", known_keys, lengthof(known_keys),
				  VALUE_COUNTS_VERSION) ||
		!JsonRequire(&r, "classes") ||
		!JsonInt64(&r, 1, MAX_BREAK_CLASSES, &classes) ||
		(state = ValueCountsRead(&r, classes)) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
custseg_value_counts_out(PG_FUNCTION_ARGS)
{
	ValueCounts *state = (ValueCounts *) PG_GETARG_VARLENA_P(0);

	ValueCountsCheck(state);
	PG_RETURN_CSTRING(TextOfValueCounts(state));
}

Datum
custseg_value_counts_to_jsonb(PG_FUNCTION_ARGS)
{
	ValueCounts *state = (ValueCounts *) PG_GETARG_VARLENA_P(0);

	ValueCountsCheck(state);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in,
										CStringGetDatum(TextOfValueCounts(state))));
}

/* --- Binary --------------------------------------------------------------- */

ValueCounts *
ValueCountsReceive(StringInfo in, const char *type, int classes)
{
	int			n_runs;
	ValueCounts *state;
	const char *fault;

	/* checked against the length before memory is taken for it */
	n_runs = in->len - in->cursor < 4 ? -1 : (int) pq_getmsgint(in, 4);
	if (n_runs < 0 || (int64) n_runs * BINARY_PAIR != in->len - in->cursor)
		BinaryRefuse(type, psprintf("The number of values, %d, does not fit the length.", n_runs));

	state = ValueCountsMakeRuns(classes, n_runs);
	for (int i = 0; i < n_runs; i++)
	{
		ValueCountsValues(state)[i] = pq_getmsgfloat8(in);
		ValueCountsCounts(state)[i] = pq_getmsgint64(in);
		POLL_EVERY(i);
	}
	fault = PairsFault(state);
	if (fault != NULL)
		BinaryRefuse(type, fault);
	return state;
}

Datum
custseg_value_counts_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			classes;

	BinaryVersion(in, "value_counts", VALUE_COUNTS_VERSION);
	if (in->len - in->cursor < BINARY_HEADER)
		BinaryRefuse("value_counts", "It is too short.");
	classes = (int) pq_getmsgint(in, 4);
	if (classes < 1 || classes > MAX_BREAK_CLASSES)
		BinaryRefuse("value_counts",
					 psprintf("\"classes\" must be an integer from 1 to %d, not %d.",
							  MAX_BREAK_CLASSES, classes));
	PG_RETURN_POINTER(ValueCountsReceive(in, "value_counts", classes));
}

void
ValueRunsSend(StringInfo out, const ValueRuns *runs)
{
	pq_sendint32(out, (int32) runs->n_runs);
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		pq_sendfloat8(out, runs->value[i]);
		pq_sendint64(out, runs->count[i]);
		POLL_EVERY(i);
	}
}

Datum
custseg_value_counts_send(PG_FUNCTION_ARGS)
{
	ValueCounts *state = (ValueCounts *) PG_GETARG_VARLENA_P(0);
	ValueRuns	runs;
	StringInfoData buf;

	ValueCountsCheck(state);
	runs = ValueCountsRuns(state);

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, VALUE_COUNTS_VERSION);
	pq_sendint32(&buf, state->classes);
	ValueRunsSend(&buf, &runs);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
