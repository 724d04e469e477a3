/*
 * quantile_sketch_io.c
 *		Text, binary and jsonb forms of quantile_sketch.
 *
 * Text is JSON:
 *		{"version":1,"rank_error":0.1,"classes":5,"lowest":1,"highest":9,
 *		 "levels":[{"low":0,"high":0,"values":[1,2,9]}]}
 * with "classes" only where the aggregate had that argument, every value as
 * its shortest exact decimal, and infinities as strings.  Level h is that of
 * values which stand for 2^h rows.  Binary is the version (1 byte), rank_error
 * (float8), classes (int32, 0: none), lowest and highest (float8), the number
 * of levels (int32), and for each low and high (int64), the number of values
 * (int32) and the values (float8).
 *
 * Both forms are canonical.  Whatever comes in may be hostile and is checked
 * in full: known version and keys, arguments in range, values ascending and
 * within lowest and highest, levels not too full, rows within int64, and no more
 * compactions than rows can have passed, on which the bound rests.
 */
#include "scoring/quantile_sketch.h"

#include <math.h>

#include "common/binary.h"
#include "common/int.h"
#include "common/json.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_quantile_sketch_in);
PG_FUNCTION_INFO_V1(custseg_quantile_sketch_out);
PG_FUNCTION_INFO_V1(custseg_quantile_sketch_recv);
PG_FUNCTION_INFO_V1(custseg_quantile_sketch_send);
PG_FUNCTION_INFO_V1(custseg_quantile_sketch_to_jsonb);

/* Bytes of the binary form between version and levels, and of a level. */
#define BINARY_HEADER 32
#define BINARY_LEVEL 20

static const char *const known_keys[] =
{"version", "rank_error", "classes", "lowest", "highest", "levels"};
static const char *const level_keys[] = {"low", "high", "values"};

/* --- Checks --------------------------------------------------------------- */

/* The values of level h; -0 becomes 0. Returns what is wrong, or NULL. */
static const char *
ValuesFault(const SketchParts *parts, int h)
{
	double	   *x = parts->items[h];
	int64		n = parts->level[h].n_items;

	for (int64 i = 0; i < n; i++)
	{
		if (x[i] == 0)
			x[i] = 0;
		if (!(x[i] >= parts->lowest && x[i] <= parts->highest))
			return psprintf("\"values\" of level %d must be from \"lowest\" to \"highest\".", h);
		if (i > 0 && x[i] < x[i - 1])
			return psprintf("\"values\" of level %d must be ascending.", h);
		POLL_EVERY(i);
	}
	if (n > SketchLimit(parts->rank_error, h))
		return psprintf("\"values\" of level %d must be no more than " INT64_FORMAT ".",
						h, SketchLimit(parts->rank_error, h));
	return NULL;
}

/* Sets the number of rows. Returns what is wrong, or NULL. */
static const char *
RowsFault(SketchParts *parts)
{
	/* the callers have checked it, which the compiler cannot see: shifts stay within int128 */
	int			n_levels = Min(parts->n_levels, MAX_SKETCH_LEVELS);
	int128		rows = 0;

	/* less than 2^31 values on each of less than 63 levels: no overflow */
	for (int h = 0; h < n_levels; h++)
		rows += (int128) parts->level[h].n_items << h;
	if (rows > PG_INT64_MAX)
		return "The number of rows is out of range.";
	parts->total = (int64) rows;

	rows = 0;
	for (int h = 0; h < n_levels; h++)
	{
		const SketchLevel *level = &parts->level[h];
		int128		compacted;

		rows += (int128) level->n_items << h;
		compacted = (int128) SketchCompacts(parts->rank_error, h) << h;
		if (level->n_low < 0 || level->n_high < 0 ||
			(int128) level->n_low + level->n_high > (parts->total - rows) / compacted)
			return psprintf("\"low\" and \"high\" of level %d do not fit the number of rows.", h);
	}
	return NULL;
}

/* Checks all and sets the number of rows. Returns what is wrong, or NULL. */
static const char *
PartsFault(SketchParts *parts)
{
	bool		has_lowest = false;
	bool		has_highest = false;
	bool		compacted = false;
	const char *fault;

	if (isnan(parts->lowest) || isnan(parts->highest))
		return "\"lowest\" and \"highest\" must not be NaN.";
	if (parts->lowest == 0)
		parts->lowest = 0;
	if (parts->highest == 0)
		parts->highest = 0;

	for (int h = 0; h < parts->n_levels; h++)
	{
		const SketchLevel *level = &parts->level[h];

		if ((fault = ValuesFault(parts, h)) != NULL)
			return fault;
		compacted |= level->n_low != 0 || level->n_high != 0;
		if (level->n_items > 0)
		{
			has_lowest |= parts->items[h][0] == parts->lowest;
			has_highest |= parts->items[h][level->n_items - 1] == parts->highest;
		}
		else if (h == parts->n_levels - 1)
			return "The last level must have values.";
	}
	if (!compacted && !(has_lowest && has_highest))
		return "\"lowest\" and \"highest\" must be among the values.";
	return RowsFault(parts);
}

static bool
IsRankError(double rank_error)
{
	return rank_error >= MIN_RANK_ERROR && rank_error <= MAX_RANK_ERROR;
}

/* --- Text ----------------------------------------------------------------- */

static char *
TextOfSketch(const QuantileSketch *sketch)
{
	SketchParts parts;
	StringInfoData out;

	SketchSortedParts(sketch, &parts);
	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"rank_error\":", QUANTILE_SKETCH_VERSION);
	JsonAppendFloat8(&out, parts.rank_error);
	if (parts.classes > 0)
		appendStringInfo(&out, ",\"classes\":%d", parts.classes);
	appendStringInfoString(&out, ",\"lowest\":");
	JsonAppendFloat8(&out, parts.lowest);
	appendStringInfoString(&out, ",\"highest\":");
	JsonAppendFloat8(&out, parts.highest);
	appendStringInfoString(&out, ",\"levels\":[");
	for (int h = 0; h < parts.n_levels; h++)
	{
		appendStringInfo(&out, "%s{\"low\":" INT64_FORMAT ",\"high\":" INT64_FORMAT ",\"values\":[",
						 h > 0 ? "," : "", parts.level[h].n_low, parts.level[h].n_high);
		for (int64 i = 0; i < parts.level[h].n_items; i++)
		{
			if (i > 0)
				appendStringInfoChar(&out, ',');
			JsonAppendFloat8(&out, parts.items[h][i]);
			POLL_EVERY(i);
		}
		appendStringInfoString(&out, "]}");
		pfree(parts.items[h]);
	}
	appendStringInfoString(&out, "]}");
	return out.data;
}

/* The level at which the reader stands. */
static bool
ReadLevel(JsonReader *r, SketchParts *parts, int h)
{
	SketchLevel *level = &parts->level[h];
	JsonReader	inner;
	int			n;

	if (!JsonObject(r, level_keys, lengthof(level_keys), &inner) ||
		!JsonRequire(&inner, "low") || !JsonInt64(&inner, 0, PG_INT64_MAX, &level->n_low) ||
		!JsonRequire(&inner, "high") || !JsonInt64(&inner, 0, PG_INT64_MAX, &level->n_high) ||
		!JsonRequire(&inner, "values") || !JsonArray(&inner, "numbers", &n))
		return false;
	level->n_items = n;
	parts->items[h] = palloc_extended((n + (Size) 1) * sizeof(double), MCXT_ALLOC_HUGE);
	parts->own[h] = true;
	while (JsonNext(&inner))
		if (!JsonFloat8(&inner, &parts->items[h][inner.index]))
			return false;
	return true;
}

static bool
ReadParts(JsonReader *r, SketchParts *parts)
{
	int64		classes = 0;

	memset(parts, 0, sizeof(*parts));
	if (!JsonRequire(r, "rank_error") || !JsonFloat8(r, &parts->rank_error))
		return false;
	if (!IsRankError(parts->rank_error))
		return JsonMustBe(r, "a number from 1e-6 to 0.5");
	if (JsonFind(r, "classes") && !JsonInt64(r, 1, MAX_BREAK_CLASSES, &classes))
		return false;
	parts->classes = classes;
	if (!JsonRequire(r, "lowest") || !JsonFloat8(r, &parts->lowest) ||
		!JsonRequire(r, "highest") || !JsonFloat8(r, &parts->highest) ||
		!JsonRequire(r, "levels") || !JsonArray(r, "objects", &parts->n_levels))
		return false;
	if (parts->n_levels < 1 || parts->n_levels > MAX_SKETCH_LEVELS)
		return JsonRefuse(r, psprintf("\"levels\" must have 1 to %d elements, not %d.",
									  MAX_SKETCH_LEVELS, parts->n_levels));
	while (JsonNext(r))
		if (!ReadLevel(r, parts, r->index))
			return false;
	return true;
}

Datum
custseg_quantile_sketch_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	SketchParts parts;
	const char *fault;

	if (!JsonOpen(&r, fcinfo, "quantile_sketch", known_keys, lengthof(known_keys),
				  QUANTILE_SKETCH_VERSION) ||
		!ReadParts(&r, &parts))
		PG_RETURN_NULL();
	fault = PartsFault(&parts);
	if (fault != NULL)
	{
		(void) JsonRefuse(&r, fault);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(SketchOfParts(&parts));
}

Datum
custseg_quantile_sketch_out(PG_FUNCTION_ARGS)
{
	QuantileSketch *sketch = (QuantileSketch *) PG_GETARG_VARLENA_P(0);

	SketchCheck(sketch);
	PG_RETURN_CSTRING(TextOfSketch(sketch));
}

Datum
custseg_quantile_sketch_to_jsonb(PG_FUNCTION_ARGS)
{
	QuantileSketch *sketch = (QuantileSketch *) PG_GETARG_VARLENA_P(0);

	SketchCheck(sketch);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(TextOfSketch(sketch))));
}

/* --- Binary --------------------------------------------------------------- */

static void
ReceiveLevel(StringInfo in, SketchParts *parts, int h)
{
	SketchLevel *level = &parts->level[h];

	if (in->len - in->cursor < BINARY_LEVEL)
		BinaryRefuse("quantile_sketch", "It is too short.");
	level->n_low = pq_getmsgint64(in);
	level->n_high = pq_getmsgint64(in);

	/* checked against the length before memory is taken for it */
	level->n_items = (int) pq_getmsgint(in, 4);
	if (level->n_items < 0 ||
		level->n_items > (in->len - in->cursor) / (int) sizeof(double))
		BinaryRefuse("quantile_sketch",
					 psprintf("The number of values, " INT64_FORMAT ", does not fit the length.",
							  level->n_items));
	parts->items[h] = palloc_extended((level->n_items + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	parts->own[h] = true;
	for (int64 i = 0; i < level->n_items; i++)
	{
		parts->items[h][i] = pq_getmsgfloat8(in);
		POLL_EVERY(i);
	}
}

Datum
custseg_quantile_sketch_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	SketchParts parts;
	const char *fault;
	int			classes;

	memset(&parts, 0, sizeof(parts));
	BinaryVersion(in, "quantile_sketch", QUANTILE_SKETCH_VERSION);
	if (in->len - in->cursor < BINARY_HEADER)
		BinaryRefuse("quantile_sketch", "It is too short.");
	parts.rank_error = pq_getmsgfloat8(in);
	if (!IsRankError(parts.rank_error))
		BinaryRefuse("quantile_sketch", "\"rank_error\" must be a number from 1e-6 to 0.5.");
	classes = (int) pq_getmsgint(in, 4);
	if (classes < 0 || classes > MAX_BREAK_CLASSES)
		BinaryRefuse("quantile_sketch",
					 psprintf("\"classes\" must be an integer from 0 to %d, not %d.",
							  MAX_BREAK_CLASSES, classes));
	parts.classes = classes;
	parts.lowest = pq_getmsgfloat8(in);
	parts.highest = pq_getmsgfloat8(in);
	parts.n_levels = (int) pq_getmsgint(in, 4);
	if (parts.n_levels < 1 || parts.n_levels > MAX_SKETCH_LEVELS)
		BinaryRefuse("quantile_sketch",
					 psprintf("The number of levels must be from 1 to %d, not %d.",
							  MAX_SKETCH_LEVELS, parts.n_levels));
	for (int h = 0; h < parts.n_levels; h++)
		ReceiveLevel(in, &parts, h);
	if (in->cursor != in->len)
		BinaryRefuse("quantile_sketch", "It is too long.");

	fault = PartsFault(&parts);
	if (fault != NULL)
		BinaryRefuse("quantile_sketch", fault);
	PG_RETURN_POINTER(SketchOfParts(&parts));
}

Datum
custseg_quantile_sketch_send(PG_FUNCTION_ARGS)
{
	QuantileSketch *sketch = (QuantileSketch *) PG_GETARG_VARLENA_P(0);
	SketchParts parts;
	StringInfoData buf;

	SketchCheck(sketch);
	SketchSortedParts(sketch, &parts);

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, QUANTILE_SKETCH_VERSION);
	pq_sendfloat8(&buf, parts.rank_error);
	pq_sendint32(&buf, parts.classes);
	pq_sendfloat8(&buf, parts.lowest);
	pq_sendfloat8(&buf, parts.highest);
	pq_sendint32(&buf, parts.n_levels);
	for (int h = 0; h < parts.n_levels; h++)
	{
		pq_sendint64(&buf, parts.level[h].n_low);
		pq_sendint64(&buf, parts.level[h].n_high);
		pq_sendint32(&buf, (int32) parts.level[h].n_items);
		for (int64 i = 0; i < parts.level[h].n_items; i++)
		{
			pq_sendfloat8(&buf, parts.items[h][i]);
			POLL_EVERY(i);
		}
		pfree(parts.items[h]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
