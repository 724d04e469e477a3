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
 * not used has no entry in classes. Missing keys take defaults (version 1, no
 * name, balanced breaks) where there is a sensible one.
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

#include "common/binary.h"
#include "common/json.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

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

static const char *const known_keys[] = {
	"version", "name", "breaks", "classes", "segments", "cells"
};

static const char *const measure_keys[N_MEASURES] = {"r", "f", "m"};

/* Refuses the text when there is a fault. */
static bool
Accept(JsonReader *r, const char *fault)
{
	return fault == NULL || JsonRefuse(r, fault);
}

static bool
ReadName(JsonReader *r, SegmentName *name)
{
	return JsonString(r, &name->bytes, &name->length);
}

static bool
ReadClasses(JsonReader *r, SegmentParts *parts)
{
	JsonReader	inner;

	if (!JsonRequire(r, "classes") ||
		!JsonObject(r, measure_keys, N_MEASURES, &inner))
		return false;
	for (int i = 0; i < N_MEASURES; i++)
	{
		int64		classes = 0;

		if (JsonFind(&inner, measure_keys[i]) &&
			!JsonInt64(&inner, 1, MAX_MEASURE_CLASSES, &classes))
			return false;
		parts->classes[i] = (int) classes;
	}
	return Accept(r, SegmentClassesFault(parts->classes, &r->sqlstate));
}

static bool
ReadSegments(JsonReader *r, SegmentParts *parts)
{
	int			n;

	if (!JsonRequire(r, "segments") || !JsonArray(r, "strings", &n) ||
		!Accept(r, SegmentCountFault(n, &r->sqlstate)))
		return false;
	parts->n_segments = n;
	parts->segment = palloc(Max(n, 1) * sizeof(SegmentName));
	while (JsonNext(r))
		if (!ReadName(r, &parts->segment[r->index]))
			return false;
	return true;
}

static bool
ReadCells(JsonReader *r, SegmentParts *parts)
{
	int64		n_cells = SegmentCellCount(parts->classes);
	int			n;

	if (!JsonRequire(r, "cells") || !JsonArray(r, "integers and nulls", &n))
		return false;
	if (n != n_cells)
		return JsonRefuse(r, psprintf("\"cells\" has %d elements, but the classes make " INT64_FORMAT " cells.",
									  n, n_cells));
	parts->cells = palloc(n_cells * sizeof(int16));
	while (JsonNext(r))
	{
		int64		segment = -1;

		if (!JsonIsNull(r) && !JsonIsInt64(r, 0, parts->n_segments - 1, &segment))
			return JsonMustBe(r, "null or the index of a segment, counted from 0");
		parts->cells[r->index] = (int16) segment;
	}
	return true;
}

Datum
custseg_segment_model_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	SegmentParts parts = {.name = {"", 0}};
	SegmentModel *model;
	const char *fault;

	if (!JsonOpen(&r, fcinfo, "segment_model", known_keys, lengthof(known_keys),
				  SEGMENT_MODEL_VERSION) ||
		(JsonFind(&r, "name") && !ReadName(&r, &parts.name)) ||
		(JsonFind(&r, "breaks") &&
		 !JsonChoice(&r, breaks_method_names, N_BREAKS_METHODS, &parts.breaks)) ||
		!ReadClasses(&r, &parts) ||
		!ReadSegments(&r, &parts) ||
		!ReadCells(&r, &parts))
		PG_RETURN_NULL();
	model = SegmentModelMake(&parts, &fault, &r.sqlstate);
	if (model == NULL)
	{
		(void) JsonRefuse(&r, fault);
		PG_RETURN_NULL();
	}
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
	appendStringInfo(out, ", \"breaks\": \"%s\", \"classes\": {", breaks_method_names[model->breaks]);
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
CheckBinary(const char *fault, int sqlstate)
{
	if (fault != NULL)
		BinaryRefuseAs(sqlstate, "segment_model", fault);
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
	const char *fault;
	int			sqlstate = ERRCODE_INVALID_BINARY_REPRESENTATION;
	int64		n_cells;
	SegmentModel *model;

	BinaryVersion(in, "segment_model", SEGMENT_MODEL_VERSION);
	parts.breaks = pq_getmsgbyte(in);
	if (parts.breaks >= N_BREAKS_METHODS)
		BinaryRefuse("segment_model", psprintf("Its code for breaks is %d.", parts.breaks));
	for (int i = 0; i < N_MEASURES; i++)
		parts.classes[i] = pq_getmsgint(in, 4);
	fault = SegmentClassesFault(parts.classes, &sqlstate);
	CheckBinary(fault, sqlstate);

	parts.name = ReceiveName(in);
	parts.n_segments = pq_getmsgint(in, 4);
	fault = SegmentCountFault(parts.n_segments, &sqlstate);
	CheckBinary(fault, sqlstate);
	parts.segment = palloc(Max(parts.n_segments, 1) * sizeof(SegmentName));
	for (int i = 0; i < parts.n_segments; i++)
		parts.segment[i] = ReceiveName(in);

	n_cells = SegmentCellCount(parts.classes);
	parts.cells = palloc(n_cells * sizeof(int16));
	for (int64 i = 0; i < n_cells; i++)
		parts.cells[i] = (int16) pq_getmsgint(in, 2);

	model = SegmentModelMake(&parts, &fault, &sqlstate);
	CheckBinary(fault, sqlstate);
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
