/*
 * component_args.c
 *		Arrays of components, weights and directions: arguments and JSON.
 *
 * The functions that look at several measures of a customer at once take them
 * as one array. What may stand in it is decided here, once for all of them.
 */
#include "scoring/component_args.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"

/* A one-dimensional array of 1 to MAX_COMPONENTS elements. */
static int
CheckedLength(ArrayType *array, const char *what)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a one-dimensional array, not one of %d dimensions",
						what, ARR_NDIM(array)),
				 errhint("Pass one row's values as one list, for example ARRAY[spend, orders].")));
	if (n < 1 || n > MAX_COMPONENTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have 1 to %d elements, not %d", what, MAX_COMPONENTS, n),
				 errhint("Pass one row's values as one list, for example ARRAY[spend, orders].")));
	return n;
}

static void
RefuseComponent(const char *what, int i, double x)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s[%d] must be %s, not %s", what, i + 1,
					isnan(x) ? "a number" : "a finite number",
					isnan(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity"),
			 errhint("Turn it into null with nullif, or leave such rows out.")));
}

int
ReadComponents(Datum datum, const char *what, bool infinity_allowed,
			   double *values, bool *has_null)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	int			n = CheckedLength(array, what);
	const double *element = (const double *) ARR_DATA_PTR(array);
	const bits8 *not_null = ARR_NULLBITMAP(array);

	*has_null = false;
	for (int i = 0; i < n; i++)
	{
		if (not_null != NULL && !(not_null[i / 8] & (1 << (i % 8))))
		{
			values[i] = NAN;
			*has_null = true;
			continue;
		}
		if (unlikely(!isfinite(*element)) && (isnan(*element) || !infinity_allowed))
			RefuseComponent(what, i, *element);
		values[i] = *element == 0 ? 0 : *element;
		element++;
	}
	if ((Pointer) array != DatumGetPointer(datum))
		pfree(array);
	return n;
}

/* An array without nulls and with n elements. */
static ArrayType *
OptionArray(Datum datum, int n, const char *what, const char *per)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	int			found = CheckedLength(array, what);

	if (found != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have one element for each of the %d %s, not %d",
						what, n, per, found),
				 errhint("They belong together by their order.")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not contain null", what),
				 errhint("Write out one element for each of the %s.", per)));
	return array;
}

bool
WeightsAreSound(const double *weights, int n)
{
	bool		positive = false;

	for (int i = 0; i < n; i++)
	{
		if (!isfinite(weights[i]) || weights[i] < 0)
			return false;
		positive |= weights[i] > 0;
	}
	return positive;
}

void
ReadWeights(Datum datum, int n, const char *per, double *weights)
{
	ArrayType  *array = OptionArray(datum, n, "weights", per);
	const double *element = (const double *) ARR_DATA_PTR(array);

	for (int i = 0; i < n; i++)
	{
		if (!isfinite(element[i]) || element[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weights[%d] must be a finite number that is not negative, not %s",
							i + 1, isfinite(element[i]) ? double_to_shortest_decimal(element[i]) :
							isnan(element[i]) ? "NaN" : element[i] > 0 ? "Infinity" : "-Infinity"),
					 errhint("0 leaves a measure out.")));
		weights[i] = element[i] == 0 ? 0 : element[i];
	}
	if (!WeightsAreSound(weights, n))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must not all be 0"),
				 errhint("Give a positive weight to at least one of them.")));
}

void
ReadBenefit(Datum datum, int n, bool *benefit)
{
	ArrayType  *array = OptionArray(datum, n, "benefit", "components");

	memcpy(benefit, ARR_DATA_PTR(array), n * sizeof(bool));
}

void
ComponentsChanged(const char *what, int before, int now)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must have the same number of elements in every row: %d and %d",
					what, Min(before, now), Max(before, now)),
			 errhint("Write a measure that a row does not have as a null element.")));
	pg_unreachable();
}

void
WeightsMissing(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("weights must not be null"),
			 errhint("For equal weights pass as many ones, for example '{1,1,1}'.")));
	pg_unreachable();
}

Datum
FloatArrayDatum(const double *values, int n)
{
	Datum	   *elements = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, n, FLOAT8OID, sizeof(float8),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* --- JSON ------------------------------------------------------------------- */

void
AppendFloats(StringInfo out, const char *key, const double *values, int64 n)
{
	appendStringInfoString(out, key);
	for (int64 i = 0; i < n; i++)
	{
		appendStringInfoChar(out, i == 0 ? '[' : ',');
		JsonAppendFloat8(out, values[i]);
		POLL_EVERY(i);
	}
	appendStringInfoString(out, n == 0 ? "[]" : "]");
}

void
AppendBooleans(StringInfo out, const char *key, const bool *values, int n)
{
	appendStringInfoString(out, key);
	for (int i = 0; i < n; i++)
		appendStringInfo(out, "%c%s", i == 0 ? '[' : ',', values[i] ? "true" : "false");
	appendStringInfoString(out, n == 0 ? "[]" : "]");
}

/* The value must be an array of n elements. */
static bool
JsonArrayOf(JsonReader *r, const char *of, int n)
{
	int			length;

	if (!JsonArray(r, of, &length))
		return false;
	return length == n ||
		JsonRefuse(r, psprintf("\"%s\" must have %d elements, not %d.", r->key, n, length));
}

bool
ReadJsonFloats(JsonReader *r, int n, double *values)
{
	if (!JsonArrayOf(r, "numbers", n))
		return false;
	while (JsonNext(r))
		if (!JsonFloat8(r, &values[r->index]))
			return false;
	return true;
}

bool
ReadJsonBooleans(JsonReader *r, int n, bool *values)
{
	if (!JsonArrayOf(r, "booleans", n))
		return false;
	while (JsonNext(r))
	{
		if (r->value.type != jbvBool)
			return JsonMustBe(r, "true or false");
		values[r->index] = r->value.val.boolean;
	}
	return true;
}
