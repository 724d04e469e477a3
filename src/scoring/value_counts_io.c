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
#include "scoring/value_counts.h"

#include <math.h>

#include "common/int.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(custseg_value_counts_in);
PG_FUNCTION_INFO_V1(custseg_value_counts_out);
PG_FUNCTION_INFO_V1(custseg_value_counts_recv);
PG_FUNCTION_INFO_V1(custseg_value_counts_send);
PG_FUNCTION_INFO_V1(custseg_value_counts_jsonb);

#define bad_text(escontext, ...) \
	ereturn(escontext, false, \
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), \
			 errmsg("invalid input syntax for type value_counts"), \
			 __VA_ARGS__))

#define bad_binary(...) \
	ereport(ERROR, \
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), \
			 errmsg("invalid binary form of value_counts"), \
			 __VA_ARGS__))

/* Bytes of the binary form before the pairs, and of a pair. */
#define BINARY_HEADER 9
#define BINARY_PAIR 16

/* What the text holds, before it is checked as a whole. */
typedef struct ParsedCounts
{
	int64		version;
	int64		classes;
	int64		n_values;		/* -1: key not seen */
	int64		n_counts;
	double	   *value;
	int64	   *count;
} ParsedCounts;

/*
 * Checks values and counts, and sets the total.  Returns NULL, or what is
 * wrong with the pair at *where.
 */
static const char *
CheckPairs(ValueCounts *state, int64 *where)
{
	double	   *value = ValueCountsValues(state);
	int64	   *count = ValueCountsCounts(state);

	state->total = 0;
	for (int64 i = 0; i < state->n_runs; i++)
	{
		*where = i;
		if (isnan(value[i]))
			return "NaN is not a value that can be ordered.";
		if (value[i] == 0)
			value[i] = 0;		/* -0 */
		if (i > 0 && value[i] <= value[i - 1])
			return "The values must be ascending and distinct.";
		if (count[i] <= 0)
			return "The counts must be positive.";
		if (pg_add_s64_overflow(state->total, count[i], &state->total))
			return "The sum of the counts is out of range.";
		POLL_EVERY(i);
	}
	return NULL;
}

static void
AppendFloat(StringInfo out, double x)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isinf(x))
		appendStringInfoString(out, x > 0 ? "\"Infinity\"" : "\"-Infinity\"");
	else
	{
		double_to_shortest_decimal_buf(x, digits);
		appendStringInfoString(out, digits);
	}
}

static char *
TextOfValueCounts(const ValueCounts *state)
{
	ValueRuns	runs = ValueCountsRuns(state);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"classes\":%d,\"values\":[",
					 VALUE_COUNTS_VERSION, state->classes);
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		if (i > 0)
			appendStringInfoChar(&out, ',');
		AppendFloat(&out, runs.value[i]);
		POLL_EVERY(i);
	}
	appendStringInfoString(&out, "],\"counts\":[");
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		char		digits[MAXINT8LEN + 1];

		if (i > 0)
			appendStringInfoChar(&out, ',');
		pg_lltoa(runs.count[i], digits);
		appendStringInfoString(&out, digits);
		POLL_EVERY(i);
	}
	appendStringInfoString(&out, "]}");
	return out.data;
}

/* A JSON number as a whole number; false if it has decimals or is too large. */
static bool
WholeOfNumeric(Numeric number, int64 *result)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out,
														   NumericGetDatum(number)));
	char	   *end;

	errno = 0;
	*result = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

/* A JSON number as the nearest double; false if there is none. */
static bool
FloatOfNumeric(Numeric number, double *result)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out,
														   NumericGetDatum(number)));

	errno = 0;
	*result = strtod(text, NULL);
	return !isinf(*result) && !(errno == ERANGE && *result == 0);
}

static bool
FloatOfJson(const JsonbValue *item, double *result)
{
	if (item->type == jbvNumeric)
		return FloatOfNumeric(item->val.numeric, result);
	if (item->type != jbvString)
		return false;

	*result = get_float8_infinity();
	if (item->val.string.len == 9 &&
		strncmp(item->val.string.val, "-Infinity", 9) == 0)
		*result = -*result;
	else if (item->val.string.len != 8 ||
			 strncmp(item->val.string.val, "Infinity", 8) != 0)
		return false;
	return true;
}

/*
 * Reads an array of numbers into value or count, whichever is not NULL.
 */
static bool
ReadArray(const JsonbValue *array, const char *key, double **value,
		  int64 **count, int64 *n, Node *escontext)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;
	int64		capacity;
	int64		i = 0;
	MemoryContext scratch;
	MemoryContext caller;

	if (array->type != jbvBinary || !JsonContainerIsArray(array->val.binary.data))
		bad_text(escontext, errdetail("\"%s\" must be an array of numbers.", key));

	capacity = JsonContainerSize(array->val.binary.data);
	if (value)
		*value = palloc((capacity + 1) * sizeof(double));
	else
		*count = palloc((capacity + 1) * sizeof(int64));

	/* numeric_out leaves a string behind for each number */
	caller = CurrentMemoryContext;
	scratch = AllocSetContextCreate(caller, "value_counts input",
									ALLOCSET_DEFAULT_SIZES);
	it = JsonbIteratorInit(array->val.binary.data);
	token = JsonbIteratorNext(&it, &item, true);	/* WJB_BEGIN_ARRAY */
	while ((token = JsonbIteratorNext(&it, &item, true)) == WJB_ELEM)
	{
		bool		good;

		MemoryContextSwitchTo(scratch);
		if (value)
			good = FloatOfJson(&item, &(*value)[i]);
		else
			good = item.type == jbvNumeric &&
				WholeOfNumeric(item.val.numeric, &(*count)[i]);
		MemoryContextSwitchTo(caller);

		if (!good)
			bad_text(escontext,
					 value ?
					 errdetail("Element " INT64_FORMAT " of \"%s\" is not a number in the range of float8, \"Infinity\" or \"-Infinity\".",
							   i + 1, key) :
					 errdetail("Element " INT64_FORMAT " of \"%s\" is not a whole number in the range of bigint.",
							   i + 1, key));
		i++;
		if ((i & 4095) == 0)
			MemoryContextReset(scratch);
		POLL_EVERY(i);
	}
	Assert(i == capacity);
	MemoryContextDelete(scratch);
	*n = i;
	return true;
}

static bool
KeyIs(const JsonbValue *key, const char *name)
{
	return key->val.string.len == (int) strlen(name) &&
		strncmp(key->val.string.val, name, key->val.string.len) == 0;
}

static bool
ReadKey(const JsonbValue *key, const JsonbValue *item, ParsedCounts *parsed,
		Node *escontext)
{
	bool		is_version = KeyIs(key, "version");

	if (is_version || KeyIs(key, "classes"))
	{
		if (item->type != jbvNumeric ||
			!WholeOfNumeric(item->val.numeric,
							is_version ? &parsed->version : &parsed->classes))
			bad_text(escontext, errdetail("\"%s\" must be a whole number.",
										  is_version ? "version" : "classes"));
		return true;
	}
	if (KeyIs(key, "values"))
		return ReadArray(item, "values", &parsed->value, NULL,
						 &parsed->n_values, escontext);
	if (KeyIs(key, "counts"))
		return ReadArray(item, "counts", NULL, &parsed->count,
						 &parsed->n_counts, escontext);

	bad_text(escontext,
			 errdetail("Unknown key \"%.*s\".",
					   pg_mbcliplen(key->val.string.val, key->val.string.len, 63),
					   key->val.string.val),
			 errhint("The keys are version, classes, values and counts. Another key may be of a newer version of custseg."));
}

static bool
ReadDocument(Jsonb *document, ParsedCounts *parsed, Node *escontext)
{
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	item;

	memset(parsed, 0, sizeof(*parsed));
	parsed->version = VALUE_COUNTS_VERSION;
	parsed->n_values = parsed->n_counts = -1;

	if (!JB_ROOT_IS_OBJECT(document))
		bad_text(escontext, errdetail("The text must be a JSON object."));

	it = JsonbIteratorInit(&document->root);
	(void) JsonbIteratorNext(&it, &key, true);	/* WJB_BEGIN_OBJECT */
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &item, true);
		if (!ReadKey(&key, &item, parsed, escontext))
			return false;
	}

	if (parsed->version != VALUE_COUNTS_VERSION)
		bad_text(escontext,
				 errdetail("Version " INT64_FORMAT " is not known.",
						   parsed->version),
				 errhint("It was probably written by a newer version of custseg."));
	if (parsed->classes < 1 || parsed->classes > MAX_BREAK_CLASSES)
		bad_text(escontext, errdetail("\"classes\" must be a number from 1 to %d.",
									  MAX_BREAK_CLASSES));
	if (parsed->n_values < 0 || parsed->n_counts != parsed->n_values)
		bad_text(escontext,
				 errdetail("\"values\" and \"counts\" must be arrays of the same length."));
	return true;
}

Datum
custseg_value_counts_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	Node	   *escontext = fcinfo->context;
	Datum		document;
	ParsedCounts parsed;
	ValueCounts *state;
	const char *problem;
	int64		where;

	if (!DirectInputFunctionCallSafe(jsonb_in, text, InvalidOid, -1,
									 escontext, &document))
		PG_RETURN_NULL();
	if (!ReadDocument(DatumGetJsonbP(document), &parsed, escontext))
		PG_RETURN_NULL();

	state = ValueCountsMakeRuns(parsed.classes, parsed.n_values);
	memcpy(ValueCountsValues(state), parsed.value,
		   parsed.n_values * sizeof(double));
	memcpy(ValueCountsCounts(state), parsed.count,
		   parsed.n_counts * sizeof(int64));

	problem = CheckPairs(state, &where);
	if (problem)
		ereturn(escontext, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type value_counts"),
				 errdetail("%s Element " INT64_FORMAT " breaks this rule.",
						   problem, where + 1)));
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
custseg_value_counts_jsonb(PG_FUNCTION_ARGS)
{
	ValueCounts *state = (ValueCounts *) PG_GETARG_VARLENA_P(0);

	ValueCountsCheck(state);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in,
										CStringGetDatum(TextOfValueCounts(state))));
}

Datum
custseg_value_counts_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version;
	int			classes;
	int			n_runs;
	ValueCounts *state;
	const char *problem;
	int64		where;

	if (buf->len - buf->cursor < BINARY_HEADER)
		bad_binary(errdetail("It is too short."));

	version = pq_getmsgbyte(buf);
	if (version != VALUE_COUNTS_VERSION)
		bad_binary(errdetail("Version %d is not known.", version),
				   errhint("It was probably written by a newer version of custseg."));

	classes = (int) pq_getmsgint(buf, 4);
	if (classes < 1 || classes > MAX_BREAK_CLASSES)
		bad_binary(errdetail("The number of classes, %d, is not between 1 and %d.",
							 classes, MAX_BREAK_CLASSES));

	/* checked against the length before memory is taken for it */
	n_runs = (int) pq_getmsgint(buf, 4);
	if (n_runs < 0 || (int64) n_runs * BINARY_PAIR != buf->len - buf->cursor)
		bad_binary(errdetail("The number of values, %d, does not fit the length.",
							 n_runs));

	state = ValueCountsMakeRuns(classes, n_runs);
	for (int i = 0; i < n_runs; i++)
	{
		ValueCountsValues(state)[i] = pq_getmsgfloat8(buf);
		ValueCountsCounts(state)[i] = pq_getmsgint64(buf);
		POLL_EVERY(i);
	}

	problem = CheckPairs(state, &where);
	if (problem)
		bad_binary(errdetail("%s Element " INT64_FORMAT " breaks this rule.",
							 problem, where + 1));
	PG_RETURN_POINTER(state);
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
	pq_sendint32(&buf, (int32) runs.n_runs);
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		pq_sendfloat8(&buf, runs.value[i]);
		pq_sendint64(&buf, runs.count[i]);
		POLL_EVERY(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
