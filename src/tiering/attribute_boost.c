/*
 * attribute_boost.c
 *		attribute_boost(): what a customer's attributes add to the priority.
 *
 * boosts names attributes, and for each of them values with a number:
 *
 *		{"industry": {"health": 0.2, "public": 0.1}, "special_need": {"true": 0.5}}
 *
 * An attribute's value is looked up as text, as ->> gives it; of an array each
 * element is looked up.  The numbers found are added in the order in which jsonb
 * keeps the keys, so the sum does not depend on how boosts was written.
 *
 * boosts is checked in full when it is first seen, and kept from call to call.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "common/argument_cache.h"
#include "common/core.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(custseg_attribute_boost);

static const char *const example =
"Write it as {\"industry\": {\"health\": 0.2, \"public\": 0.1}}.";

static const char *
Found(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return "a string";
		case jbvNumeric:
			return "a number";
		case jbvBool:
			return "a boolean";
		case jbvNull:
			return "null";
		default:
			return JsonContainerIsArray(value->val.binary.data) ? "an array" : "an object";
	}
}

static bool
IsObject(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
}

/* The pairs of an object: StartPairs, and NextPair until it returns false. */
static JsonbIterator *
StartPairs(JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	start;

	(void) JsonbIteratorNext(&it, &start, true);
	return it;
}

static bool
NextPair(JsonbIterator **it, JsonbValue *key, JsonbValue *value)
{
	if (JsonbIteratorNext(it, key, true) != WJB_KEY)
		return false;
	(void) JsonbIteratorNext(it, value, true);
	return true;
}

static void
CheckValues(const JsonbValue *attribute, JsonbContainer *values)
{
	JsonbIterator *it = StartPairs(values);
	JsonbValue	key;
	JsonbValue	value;

	while (NextPair(&it, &key, &value))
		if (value.type != jbvNumeric)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("boosts: \"%.*s\" of \"%.*s\" must be a number, not %s",
							key.val.string.len, key.val.string.val,
							attribute->val.string.len, attribute->val.string.val,
							Found(&value)),
					 errhint("%s", example)));
}

/* For the cache of arguments: a copy that is checked. */
static const void *
MakeBoosts(Datum argument)
{
	Jsonb	   *boosts = DatumGetJsonbPCopy(argument);
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(boosts))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("boosts must be a JSON object"),
				 errhint("%s", example)));
	it = StartPairs(&boosts->root);
	while (NextPair(&it, &key, &value))
	{
		if (!IsObject(&value))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("boosts: \"%.*s\" must be an object of values with numbers, not %s",
							key.val.string.len, key.val.string.val, Found(&value)),
					 errhint("%s", example)));
		CheckValues(&key, value.val.binary.data);
	}
	return boosts;
}

/* The boost of one scalar, 0 where it is not listed. */
static double
ValueBoost(const JsonbValue *scalar, JsonbContainer *values)
{
	const char *text;
	int			length;
	JsonbValue	boost;

	switch (scalar->type)
	{
		case jbvString:
			text = scalar->val.string.val;
			length = scalar->val.string.len;
			break;
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(scalar->val.numeric)));
			length = strlen(text);
			break;
		case jbvBool:
			text = scalar->val.boolean ? "true" : "false";
			length = strlen(text);
			break;
		default:
			return 0;
	}
	if (getKeyJsonValueFromContainer(values, text, length, &boost) == NULL)
		return 0;
	/* an error where it is out of range */
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8,
											  NumericGetDatum(boost.val.numeric)));
}

static double
AttributeBoost(const JsonbValue *attribute, JsonbContainer *values)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	element;
	double		boost = 0;

	if (attribute->type != jbvBinary || !JsonContainerIsArray(attribute->val.binary.data))
		return ValueBoost(attribute, values);
	it = JsonbIteratorInit(attribute->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			boost += ValueBoost(&element, values);
	return boost;
}

/* Arguments: attributes, boosts. */
Datum
custseg_attribute_boost(PG_FUNCTION_ARGS)
{
	Jsonb	   *boosts = (Jsonb *) ArgumentCacheGet(fcinfo, 1, MakeBoosts);
	Jsonb	   *attributes = PG_GETARG_JSONB_P(0);
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;
	JsonbValue	attribute;
	double		total = 0;

	if (!JB_ROOT_IS_OBJECT(attributes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attributes must be a JSON object"),
				 errhint("Write them as {\"industry\": \"health\"}, or make them with to_jsonb(row).")));
	it = StartPairs(&boosts->root);
	while (NextPair(&it, &key, &value))
		if (getKeyJsonValueFromContainer(&attributes->root, key.val.string.val,
										 key.val.string.len, &attribute) != NULL)
			total += AttributeBoost(&attribute, value.val.binary.data);
	if (!isfinite(total))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the sum of boosts is out of range"),
				 errhint("Use smaller boosts: priorities are from 0 to 1.")));
	PG_RETURN_FLOAT8(total);
}
