/*
 * json.c
 *		Reading the JSON text form of our types.
 *
 * The syntax is left to jsonb_in; here the fields are found and checked. A
 * value written by a newer version of the extension has a higher version or
 * keys that we do not know, and is refused rather than half understood.
 */
#include "common/json.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

bool
JsonError(Node *context, const char *type, const char *detail)
{
	errsave(context,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input for type %s", type),
			 errdetail_internal("%s", detail)));
	return false;
}

static bool
IsKnown(const JsonbValue *key, const char *const *known_keys)
{
	for (; *known_keys != NULL; known_keys++)
		if (strlen(*known_keys) == key->val.string.len &&
			memcmp(*known_keys, key->val.string.val, key->val.string.len) == 0)
			return true;
	return false;
}

bool
JsonParseObject(char *text, const char *type, const char *const *known_keys,
				int version, Node *context, Jsonb **result)
{
	Datum		datum;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;
	int64		found_version = 1;

	if (!DirectInputFunctionCallSafe(jsonb_in, text, InvalidOid, -1, context, &datum))
		return false;
	*result = DatumGetJsonbP(datum);
	if (!JB_ROOT_IS_OBJECT(*result))
		return JsonError(context, type, "A JSON object was expected.");
	it = JsonbIteratorInit(&(*result)->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_KEY && !IsKnown(&v, known_keys))
			return JsonError(context, type,
							 psprintf("Key \"%.*s\" is not known; it may come from a newer version of custseg.",
									  v.val.string.len, v.val.string.val));
	}
	if (!JsonInt64(*result, type, "version", 1, PG_INT32_MAX, context, &found_version))
		return false;
	if (found_version > version)
		return JsonError(context, type,
						 psprintf("Version %d is newer than %d, the newest that this custseg reads.",
								  (int) found_version, version));
	return true;
}

JsonbValue *
JsonField(Jsonb *object, const char *key)
{
	JsonbValue *v = getKeyJsonValueFromContainer(&object->root, key, strlen(key), NULL);

	return v == NULL || v->type == jbvNull ? NULL : v;
}

bool
JsonValueInt64(const JsonbValue *value, const char *type, const char *what,
			   int64 low, int64 high, Node *context, int64 *result)
{
	char	   *text;
	char	   *end;

	if (value->type != jbvNumeric)
		return JsonError(context, type, psprintf("%s must be an integer.", what));
	text = DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(value->val.numeric)));
	errno = 0;
	*result = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || *result < low || *result > high)
		return JsonError(context, type,
						 psprintf("%s must be an integer from " INT64_FORMAT " to " INT64_FORMAT ", not %.40s.",
								  what, low, high, text));
	return true;
}

bool
JsonInt64(Jsonb *object, const char *type, const char *key,
		  int64 low, int64 high, Node *context, int64 *result)
{
	JsonbValue *v = JsonField(object, key);

	return v == NULL ||
		JsonValueInt64(v, type, psprintf("\"%s\"", key), low, high, context, result);
}

bool
JsonValueFloat8(const JsonbValue *value, const char *type, const char *what,
				Node *context, double *result)
{
	char	   *text;

	if (value->type == jbvString)
	{
		const char *string = value->val.string.val;
		int			length = value->val.string.len;
		bool		negative = length == 9 && memcmp(string, "-Infinity", 9) == 0;

		if (negative || (length == 8 && memcmp(string, "Infinity", 8) == 0))
		{
			*result = negative ? -INFINITY : INFINITY;
			return true;
		}
	}
	if (value->type != jbvNumeric)
		return JsonError(context, type, psprintf("%s must be a number.", what));
	text = DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(value->val.numeric)));
	*result = strtod(text, NULL);
	if (isinf(*result) || isnan(*result))
		return JsonError(context, type,
						 psprintf("%s is out of range: %.40s.", what, text));
	if (*result == 0)
		*result = 0;			/* not -0 */
	return true;
}

bool
JsonArray(Jsonb *object, const char *type, const char *key, Node *context,
		  JsonbContainer **array, int *length)
{
	JsonbValue *v = JsonField(object, key);

	*length = -1;
	*array = NULL;
	if (v == NULL)
		return true;
	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data) ||
		JsonContainerIsScalar(v->val.binary.data))
		return JsonError(context, type, psprintf("\"%s\" must be an array.", key));
	*array = v->val.binary.data;
	*length = JsonContainerSize(*array);
	return true;
}
