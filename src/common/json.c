/*
 * json.c
 *		The JSON text form of our types.
 *
 * The syntax is left to jsonb_in, whose parser is hardened; here the fields are
 * found and checked. A value that a newer version of the extension wrote has a
 * higher version or keys that we do not know, and is refused rather than half
 * understood. In messages, elements of arrays are counted from 0, as in jsonb.
 *
 * Arrays can have millions of elements, so they are walked by an iterator, in
 * constant time and memory per element. Strings point into the jsonb, which
 * lives as long as the caller's memory context.
 */
#include "common/json.h"

#include <math.h>

#include "common/core.h"
#include "common/iso_date.h"
#include "common/names.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* So much is shown of a value that is refused, in bytes. */
#define MAX_SHOWN 40

/* --- Refusing ------------------------------------------------------------- */

static bool
Refuse(JsonReader *r, const char *detail, const char *hint)
{
	errsave(r->context,
			(errcode(r->sqlstate),
			 errmsg("invalid input for type %s", r->type),
			 errdetail_internal("%s", detail),
			 hint ? errhint("%s", hint) : 0));
	return false;
}

bool
JsonRefuse(JsonReader *r, const char *detail)
{
	return Refuse(r, detail, NULL);
}

static char *
NumericText(const JsonbValue *value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(value->val.numeric)));
}

static const char *
Cut(const char *text, int length, const char *quote)
{
	int			shown = pg_mbcliplen(text, length, MAX_SHOWN);

	return psprintf("%s%.*s%s%s", quote, shown, text, shown < length ? "..." : "", quote);
}

/* The value in a few words. */
static const char *
Shown(const JsonbValue *value)
{
	char	   *number;

	switch (value->type)
	{
		case jbvString:
			return Cut(value->val.string.val, value->val.string.len, "\"");
		case jbvNumeric:
			number = NumericText(value);
			return Cut(number, strlen(number), "");
		case jbvBool:
			return value->val.boolean ? "true" : "false";
		case jbvBinary:
			return JsonContainerIsArray(value->val.binary.data) ? "an array" : "an object";
		default:
			return "null";
	}
}

/* The place of the value: "cells"[3] or "classes"."r". */
static char *
Place(const JsonReader *r)
{
	StringInfoData out;

	initStringInfo(&out);
	if (r->parent != NULL)
		appendStringInfo(&out, "\"%s\".", r->parent);
	appendStringInfo(&out, "\"%s\"", r->key);
	if (r->index >= 0)
		appendStringInfo(&out, "[%d]", r->index);
	return out.data;
}

bool
JsonMustBe(JsonReader *r, const char *expected)
{
	return JsonRefuse(r, psprintf("%s must be %s, not %s.", Place(r), expected,
								  Shown(&r->value)));
}

/* a, b and c */
static char *
ListOfNames(const char *const *names, int n, const char *quote, const char *last)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < n; i++)
		appendStringInfo(&out, "%s%s%s%s", i == 0 ? "" : i < n - 1 ? ", " : last,
						 quote, names[i], quote);
	return out.data;
}

/* --- Objects and arrays --------------------------------------------------- */

static bool
CheckKeys(JsonReader *r, const char *const *keys, int n_keys)
{
	JsonbIterator *it = JsonbIteratorInit(r->object);
	JsonbIteratorToken token;
	JsonbValue	key;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		if (token == WJB_KEY &&
			FindName(keys, n_keys, key.val.string.val, key.val.string.len) < 0)
			return Refuse(r,
						  psprintf("Key %s%s%s is not known.", Shown(&key),
								   r->parent ? " of " : "",
								   r->parent ? psprintf("\"%s\"", r->parent) : ""),
						  psprintf("The keys are %s. Another one may be of a newer version of custseg.",
								   ListOfNames(keys, n_keys, "", " and ")));
	return true;
}

bool
JsonOpen(JsonReader *r, FunctionCallInfo fcinfo, const char *type,
		 const char *const *keys, int n_keys, int version)
{
	Datum		datum;
	Jsonb	   *json;
	int64		found = 1;

	memset(r, 0, sizeof(*r));
	r->type = type;
	r->sqlstate = ERRCODE_INVALID_TEXT_REPRESENTATION;
	r->context = fcinfo->context;
	if (!DirectInputFunctionCallSafe(jsonb_in, PG_GETARG_CSTRING(0), InvalidOid,
									 -1, r->context, &datum))
		return false;
	json = DatumGetJsonbP(datum);
	if (!JB_ROOT_IS_OBJECT(json))
		return JsonRefuse(r, "The text must be a JSON object.");
	r->object = &json->root;
	if (!CheckKeys(r, keys, n_keys) ||
		(JsonFind(r, "version") && !JsonInt64(r, 1, PG_INT32_MAX, &found)))
		return false;
	if (found > version)
		return Refuse(r,
					  psprintf("Its version is %d, this custseg reads version %d.",
							   (int) found, version),
					  "It was probably written by a newer version of custseg.");
	return true;
}

bool
JsonFind(JsonReader *r, const char *key)
{
	r->key = key;
	r->index = -1;
	r->elements = NULL;
	if (getKeyJsonValueFromContainer(r->object, key, strlen(key), &r->value) == NULL)
		r->value.type = jbvNull;
	return !JsonIsNull(r);
}

bool
JsonRequire(JsonReader *r, const char *key)
{
	return JsonFind(r, key) ||
		JsonRefuse(r, psprintf("%s is missing.", Place(r)));
}

bool
JsonArray(JsonReader *r, const char *of, int *length)
{
	JsonbValue	start;

	if (r->value.type != jbvBinary || !JsonContainerIsArray(r->value.val.binary.data))
		return JsonMustBe(r, psprintf("an array of %s", of));
	*length = JsonContainerSize(r->value.val.binary.data);
	r->elements = JsonbIteratorInit(r->value.val.binary.data);
	(void) JsonbIteratorNext(&r->elements, &start, true);
	return true;
}

bool
JsonNext(JsonReader *r)
{
	r->index++;
	POLL_EVERY(r->index);
	return r->elements != NULL &&
		JsonbIteratorNext(&r->elements, &r->value, true) == WJB_ELEM;
}

bool
JsonObject(JsonReader *r, const char *const *keys, int n_keys, JsonReader *inner)
{
	if (r->value.type != jbvBinary || !JsonContainerIsObject(r->value.val.binary.data))
		return JsonMustBe(r, "an object");
	*inner = *r;
	inner->object = r->value.val.binary.data;
	inner->parent = r->key;
	return CheckKeys(inner, keys, n_keys);
}

/* --- Values --------------------------------------------------------------- */

bool
JsonIsInt64(const JsonReader *r, int64 low, int64 high, int64 *result)
{
	char	   *text;
	char	   *end;
	bool		good;

	if (r->value.type != jbvNumeric)
		return false;
	text = NumericText(&r->value);
	errno = 0;
	*result = strtoll(text, &end, 10);
	good = errno == 0 && *end == '\0' && *result >= low && *result <= high;
	pfree(text);
	return good;
}

bool
JsonInt64(JsonReader *r, int64 low, int64 high, int64 *result)
{
	return JsonIsInt64(r, low, high, result) ||
		JsonMustBe(r, psprintf("an integer from " INT64_FORMAT " to " INT64_FORMAT,
							   low, high));
}

static bool
IsFloat8(const JsonbValue *value, double *result)
{
	static const char *const infinities[] = {"Infinity", "-Infinity"};
	char	   *text;
	int			infinity;

	if (value->type == jbvString)
	{
		infinity = FindName(infinities, lengthof(infinities),
							value->val.string.val, value->val.string.len);
		*result = infinity == 0 ? INFINITY : -INFINITY;
		return infinity >= 0;
	}
	if (value->type != jbvNumeric)
		return false;
	text = NumericText(value);
	errno = 0;
	*result = strtod(text, NULL);
	pfree(text);
	/* ERANGE alone may be a subnormal number, which is one */
	return !isinf(*result) && !(errno == ERANGE && *result == 0);
}

bool
JsonFloat8(JsonReader *r, double *result)
{
	return IsFloat8(&r->value, result) ||
		JsonMustBe(r, "a number in the range of float8, \"Infinity\" or \"-Infinity\"");
}

bool
JsonString(JsonReader *r, const char **bytes, int *length)
{
	if (r->value.type != jbvString)
		return JsonMustBe(r, "a string");
	*bytes = r->value.val.string.val;
	*length = r->value.val.string.len;
	return true;
}

bool
JsonChoice(JsonReader *r, const char *const *names, int n, int *result)
{
	*result = r->value.type != jbvString ? -1 :
		FindName(names, n, r->value.val.string.val, r->value.val.string.len);
	return *result >= 0 || JsonMustBe(r, ListOfNames(names, n, "\"", " or "));
}

bool
JsonDate(JsonReader *r, DateADT *result)
{
	return (r->value.type == jbvString &&
			IsoDateDecode(r->value.val.string.val, r->value.val.string.len, result)) ||
		JsonMustBe(r, "a date such as \"2024-01-31\"");
}

/* --- Writing -------------------------------------------------------------- */

void
JsonAppendFloat8(StringInfo out, double x)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	Assert(!isnan(x));
	if (isinf(x))
		appendStringInfoString(out, x > 0 ? "\"Infinity\"" : "\"-Infinity\"");
	else
	{
		double_to_shortest_decimal_buf(x, digits);
		appendStringInfoString(out, digits);
	}
}
