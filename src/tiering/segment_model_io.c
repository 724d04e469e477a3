/*
 * segment_model_io.c
 *		Text and binary form of segment_model.
 *
 * The text form is JSON, so that a stored model can be read without us:
 *
 *		{"version": 1, "name": "rf_2", "breaks": "balanced",
 *		 "classes": {"r": 2, "f": 2},
 *		 "segments": ["Good", "Bad"], "cells": [1, 1, null, 0]}
 *
 * cells has one element per cell, r slowest and m fastest: the index of its
 * segment, counted from 0 as JSON does, or null for a hole. A measure that is
 * not used has no entry in classes. Input goes through jsonb, whose parser is
 * hardened and whose walk needs no parser here; unknown keys are refused, since
 * a newer version may have given them a meaning, and missing ones take defaults
 * (version 1, no name, balanced breaks) where there is a sensible one.
 *
 * The binary form holds the same in the same order:
 *
 *		int8 version, int8 breaks, int32 classes of r, f and m,
 *		int32 length and bytes of the name,
 *		int32 number of segments, then length and bytes of each,
 *		int16 for each cell, -1 for a hole
 *
 * Both ways in end in SegmentModelMake, which checks all invariants. Limits are
 * checked before anything is allocated by a number that the input gave.
 */
#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "tiering/segment_model_data.h"

PG_FUNCTION_INFO_V1(custseg_segment_model_in);
PG_FUNCTION_INFO_V1(custseg_segment_model_out);
PG_FUNCTION_INFO_V1(custseg_segment_model_recv);
PG_FUNCTION_INFO_V1(custseg_segment_model_send);
PG_FUNCTION_INFO_V1(custseg_segment_model_to_jsonb);

static const SegmentModel *
GetModel(FunctionCallInfo fcinfo, int arg)
{
	const SegmentModel *model = (const SegmentModel *) PG_DETOAST_DATUM(PG_GETARG_DATUM(arg));

	SegmentModelCheckVersion(model);
	return model;
}

/* --- Text input ----------------------------------------------------------- */

enum
{
	KEY_VERSION,
	KEY_NAME,
	KEY_BREAKS,
	KEY_CLASSES,
	KEY_SEGMENTS,
	KEY_CELLS,
	N_KEYS
};

static const char *const KeyName[N_KEYS] = {
	"version", "name", "breaks", "classes", "segments", "cells"
};

/* Why the input is refused; fault is NULL as long as it is not. */
typedef struct Refusal
{
	const char *fault;
	int			sqlstate;
} Refusal;

static bool
Refuse(Refusal *refusal, const char *fault)
{
	refusal->fault = fault;
	return false;
}

/* An integer of at most 9 digits; JSON numbers are exact in jsonb. */
static bool
ReadInt(const JsonbValue *value, int *result)
{
	char	   *text;
	char	   *end;
	long		number;

	if (value->type != jbvNumeric)
		return false;
	text = DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(value->val.numeric)));
	number = strtol(text, &end, 10);
	if (*end != '\0' || number < -999999999 || number > 999999999)
	{
		pfree(text);
		return false;
	}
	*result = (int) number;
	pfree(text);
	return true;
}

static bool
ReadName(const JsonbValue *value, SegmentName *result)
{
	if (value->type != jbvString)
		return false;
	result->bytes = value->val.string.val;
	result->length = value->val.string.len;
	return true;
}

/* The container of a value that must be an array or an object; or NULL. */
static JsonbContainer *
Container(const JsonbValue *value, bool array)
{
	if (value->type != jbvBinary)
		return NULL;
	if (array ? !JsonContainerIsArray(value->val.binary.data) :
		!JsonContainerIsObject(value->val.binary.data))
		return NULL;
	return value->val.binary.data;
}

/* Finds the known keys of the outermost object; type jbvNull: missing. */
static bool
ReadKeys(JsonbContainer *object, JsonbValue *values, Refusal *refusal)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			key = -1;

	for (int i = 0; i < N_KEYS; i++)
		values[i].type = jbvNull;
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_VALUE)
			values[key] = value;
		if (token != WJB_KEY)
			continue;
		for (key = 0; key < N_KEYS; key++)
			if (strlen(KeyName[key]) == value.val.string.len &&
				memcmp(KeyName[key], value.val.string.val, value.val.string.len) == 0)
				break;
		if (key == N_KEYS)
			return Refuse(refusal,
						  psprintf("Key \"%.*s\" is unknown; the keys are version, name, breaks, classes, segments and cells.",
								   value.val.string.len, value.val.string.val));
	}
	return true;
}

static bool
ReadClasses(const JsonbValue *value, SegmentParts *parts, Refusal *refusal)
{
	JsonbContainer *object = Container(value, false);
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;
	int			measure = -1;

	if (object == NULL)
		return Refuse(refusal, "\"classes\" must be an object with a number for r, f or m.");
	it = JsonbIteratorInit(object);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			for (measure = 0; measure < N_MEASURES; measure++)
				if (item.val.string.len == 1 &&
					item.val.string.val[0] == SegmentMeasure[measure])
					break;
			if (measure == N_MEASURES)
				return Refuse(refusal,
							  psprintf("\"classes\" has a key \"%.*s\"; the measures are r, f and m.",
									   item.val.string.len, item.val.string.val));
		}
		else if (token == WJB_VALUE && item.type != jbvNull &&
				 (!ReadInt(&item, &parts->classes[measure]) ||
				  parts->classes[measure] < 1))
			return Refuse(refusal,
						  psprintf("The classes of %c must be a whole number from 1 to %d, or null.",
								   SegmentMeasure[measure], MAX_MEASURE_CLASSES));
	}
	refusal->fault = SegmentClassesFault(parts->classes, &refusal->sqlstate);
	return refusal->fault == NULL;
}

static bool
ReadSegments(const JsonbValue *value, SegmentParts *parts, Refusal *refusal)
{
	JsonbContainer *array = Container(value, true);
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;
	int			n = 0;

	if (array == NULL)
		return Refuse(refusal, "\"segments\" must be an array of names.");
	refusal->fault = SegmentCountFault(JsonContainerSize(array), &refusal->sqlstate);
	if (refusal->fault != NULL)
		return false;
	parts->segment = palloc(Max(JsonContainerSize(array), 1) * sizeof(SegmentName));
	it = JsonbIteratorInit(array);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (!ReadName(&item, &parts->segment[n]))
			return Refuse(refusal, psprintf("Element %d of \"segments\" is not a string.", n));
		n++;
	}
	parts->n_segments = n;
	return true;
}

static bool
ReadCells(const JsonbValue *value, SegmentParts *parts, Refusal *refusal)
{
	JsonbContainer *array = Container(value, true);
	int64		n_cells = SegmentCellCount(parts->classes);
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;
	int			n = 0;

	if (array == NULL)
		return Refuse(refusal, "\"cells\" must be an array of numbers and nulls.");
	if (JsonContainerSize(array) != n_cells)
		return Refuse(refusal,
					  psprintf("\"cells\" has %u elements, but the classes make " INT64_FORMAT " cells.",
							   JsonContainerSize(array), n_cells));
	parts->cells = palloc(n_cells * sizeof(int16));
	it = JsonbIteratorInit(array);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		int			index = -1;

		if (token != WJB_ELEM)
			continue;
		POLL_EVERY(n);
		if (item.type != jbvNull &&
			(!ReadInt(&item, &index) || index < 0 || index >= parts->n_segments))
			return Refuse(refusal,
						  psprintf("Element %d of \"cells\" is neither null nor the index of a segment, counted from 0.", n));
		parts->cells[n++] = index;
	}
	return true;
}

/* The keys that may be missing. */
static bool
ReadOptions(const JsonbValue *values, SegmentParts *parts, Refusal *refusal)
{
	int			version = SEGMENT_MODEL_VERSION;
	SegmentName breaks = {"balanced", strlen("balanced")};

	if (values[KEY_VERSION].type != jbvNull &&
		(!ReadInt(&values[KEY_VERSION], &version) || version != SEGMENT_MODEL_VERSION))
		return Refuse(refusal, psprintf("\"version\" is not %d, the one that this custseg reads.",
										SEGMENT_MODEL_VERSION));
	if (values[KEY_NAME].type != jbvNull && !ReadName(&values[KEY_NAME], &parts->name))
		return Refuse(refusal, "\"name\" is not a string.");
	if (values[KEY_BREAKS].type != jbvNull && !ReadName(&values[KEY_BREAKS], &breaks))
		breaks.length = 0;
	parts->breaks = SegmentBreaksCode(breaks.bytes, breaks.length);
	if (parts->breaks < 0)
		return Refuse(refusal, "\"breaks\" must be \"balanced\", \"quantile\" or \"mean\".");
	return true;
}

static SegmentModel *
ParseModel(Jsonb *json, Refusal *refusal)
{
	JsonbValue	values[N_KEYS];
	SegmentParts parts = {.name = {"", 0}};

	if (!JB_ROOT_IS_OBJECT(json))
	{
		Refuse(refusal, "It must be a JSON object.");
		return NULL;
	}
	if (!ReadKeys(&json->root, values, refusal) ||
		!ReadOptions(values, &parts, refusal) ||
		!ReadClasses(&values[KEY_CLASSES], &parts, refusal) ||
		!ReadSegments(&values[KEY_SEGMENTS], &parts, refusal) ||
		!ReadCells(&values[KEY_CELLS], &parts, refusal))
		return NULL;
	return SegmentModelMake(&parts, &refusal->fault, &refusal->sqlstate);
}

Datum
custseg_segment_model_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	Datum		json;
	SegmentModel *model;
	Refusal		refusal = {NULL, ERRCODE_INVALID_TEXT_REPRESENTATION};

	if (!DirectInputFunctionCallSafe(jsonb_in, text, InvalidOid, -1,
									 fcinfo->context, &json))
		PG_RETURN_NULL();
	model = ParseModel(DatumGetJsonbP(json), &refusal);
	if (model == NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(refusal.sqlstate),
				 errmsg("invalid value for type segment_model"),
				 errdetail_internal("%s", refusal.fault)));
	PG_RETURN_POINTER(model);
}

/* --- Text output ---------------------------------------------------------- */

static void
AppendName(StringInfo out, const char *bytes, int length)
{
	char	   *name = pnstrdup(bytes, length);

	escape_json(out, name);
	pfree(name);
}

static void
AppendModel(StringInfo out, const SegmentModel *model)
{
	const char *bytes;
	const int16 *cells;
	int64		n_cells = SegmentModelCells(model, &cells);
	int			length;
	const char *comma = "";

	bytes = SegmentModelName(model, &length);
	appendStringInfo(out, "{\"version\": %d, \"name\": ", model->version);
	AppendName(out, bytes, length);
	appendStringInfo(out, ", \"breaks\": \"%s\", \"classes\": {", SegmentModelBreaks(model));
	for (int i = 0; i < N_MEASURES; i++)
	{
		if (model->classes[i] == 0)
			continue;
		appendStringInfo(out, "%s\"%c\": %d", comma, SegmentMeasure[i], model->classes[i]);
		comma = ", ";
	}
	appendStringInfoString(out, "}, \"segments\": [");
	for (int i = 0; i < model->n_segments; i++)
	{
		bytes = SegmentModelSegment(model, i, &length);
		if (i > 0)
			appendStringInfoString(out, ", ");
		AppendName(out, bytes, length);
	}
	appendStringInfoString(out, "], \"cells\": [");
	for (int64 i = 0; i < n_cells; i++)
	{
		POLL_EVERY(i);
		if (i > 0)
			appendStringInfoString(out, ", ");
		if (cells[i] < 0)
			appendStringInfoString(out, "null");
		else
			appendStringInfo(out, "%d", cells[i]);
	}
	appendStringInfoString(out, "]}");
}

Datum
custseg_segment_model_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	AppendModel(&out, GetModel(fcinfo, 0));
	PG_RETURN_CSTRING(out.data);
}

/* segment_model_to_jsonb(segment_model), the cast to jsonb */
Datum
custseg_segment_model_to_jsonb(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	AppendModel(&out, GetModel(fcinfo, 0));
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data)));
}

/* --- Binary --------------------------------------------------------------- */

static void
RefuseBinary(int sqlstate, const char *fault)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("invalid binary value for type segment_model"),
			 errdetail_internal("%s", fault)));
}

static SegmentName
ReceiveName(StringInfo in)
{
	SegmentName name;

	name.length = pq_getmsgint(in, 4);
	name.bytes = pq_getmsgtext(in, name.length, &name.length);
	return name;
}

Datum
custseg_segment_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	SegmentParts parts = {.name = {"", 0}};
	SegmentModel *model;
	const char *fault;
	int			sqlstate = ERRCODE_INVALID_BINARY_REPRESENTATION;
	int			version = pq_getmsgbyte(in);
	int64		n_cells;

	if (version != SEGMENT_MODEL_VERSION)
		RefuseBinary(sqlstate, psprintf("Its version is %d, this custseg reads version %d.",
										version, SEGMENT_MODEL_VERSION));
	parts.breaks = pq_getmsgbyte(in);
	if (SegmentBreaksName(parts.breaks) == NULL)
		RefuseBinary(sqlstate, psprintf("Its code for breaks is %d.", parts.breaks));
	for (int i = 0; i < N_MEASURES; i++)
		parts.classes[i] = pq_getmsgint(in, 4);
	fault = SegmentClassesFault(parts.classes, &sqlstate);
	if (fault != NULL)
		RefuseBinary(sqlstate, fault);

	parts.name = ReceiveName(in);
	parts.n_segments = pq_getmsgint(in, 4);
	if (parts.n_segments < 0)
		RefuseBinary(sqlstate, "Its number of segments is negative.");
	fault = SegmentCountFault(parts.n_segments, &sqlstate);
	if (fault != NULL)
		RefuseBinary(sqlstate, fault);
	parts.segment = palloc(Max(parts.n_segments, 1) * sizeof(SegmentName));
	for (int i = 0; i < parts.n_segments; i++)
		parts.segment[i] = ReceiveName(in);

	n_cells = SegmentCellCount(parts.classes);
	parts.cells = palloc(n_cells * sizeof(int16));
	for (int64 i = 0; i < n_cells; i++)
		parts.cells[i] = (int16) pq_getmsgint(in, 2);

	model = SegmentModelMake(&parts, &fault, &sqlstate);
	if (model == NULL)
		RefuseBinary(sqlstate, fault);
	PG_RETURN_POINTER(model);
}

static void
SendName(StringInfo out, const char *bytes, int length)
{
	char	   *converted = pg_server_to_client(bytes, length);

	if (converted != bytes)
		length = strlen(converted);
	pq_sendint32(out, length);
	pq_sendbytes(out, converted, length);
	if (converted != bytes)
		pfree(converted);
}

Datum
custseg_segment_model_send(PG_FUNCTION_ARGS)
{
	const SegmentModel *model = GetModel(fcinfo, 0);
	StringInfoData out;
	const char *bytes;
	const int16 *cells;
	int64		n_cells = SegmentModelCells(model, &cells);
	int			length;

	pq_begintypsend(&out);
	pq_sendint8(&out, model->version);
	pq_sendint8(&out, model->breaks);
	for (int i = 0; i < N_MEASURES; i++)
		pq_sendint32(&out, model->classes[i]);
	bytes = SegmentModelName(model, &length);
	SendName(&out, bytes, length);
	pq_sendint32(&out, model->n_segments);
	for (int i = 0; i < model->n_segments; i++)
	{
		bytes = SegmentModelSegment(model, i, &length);
		SendName(&out, bytes, length);
	}
	for (int64 i = 0; i < n_cells; i++)
		pq_sendint16(&out, cells[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}
