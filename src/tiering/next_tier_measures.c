/*
 * next_tier_measures.c
 *		The measures of a customer, as next_tier is given them.
 *
 * They come as a jsonb object, as an array with or without names, or as
 * arguments of their own, which is what the planner makes of an array
 * (next_tier_support.c). A policy's measures are float8 in the order of
 * tier_policy_measures(); NaN stands for one that is not known.
 */
#include "tiering/next_tier_measures.h"

#include <math.h>

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "common/columns.h"
#include "utils/array.h"
#include "utils/builtins.h"

void
RefuseState(const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg_internal("%s", message),
			 errhint("%s", hint)));
}

static void
AllUnknown(const TierPolicyParts *policy, double *values)
{
	for (int i = 0; i < policy->measures.n; i++)
		values[i] = NAN;
}

static double
MeasureOfJson(const char *name, const JsonbValue *value)
{
	if (value->type == jbvNull)
		return NAN;
	if (value->type != jbvNumeric)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("measure \"%s\" must be a number or null, not %s", name,
						value->type == jbvString ? "a string" :
						value->type == jbvBool ? "a boolean" : "an array or an object"),
				 errhint("Write numbers without quotes; null means that it is not known.")));
	return NumericToFloat8(value->val.numeric);
}

void
MeasuresFromJsonb(const TierPolicyParts *policy, Jsonb *measures, double *values)
{
	if (measures == NULL)
	{
		AllUnknown(policy, values);
		return;
	}
	if (!JB_ROOT_IS_OBJECT(measures))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("measures must be an object"),
				 errhint("Such as {\"spend\": 1250.50, \"frequency\": 3}.")));
	for (int i = 0; i < policy->measures.n; i++)
	{
		const char *name = policy->measures.measure[i].name;
		JsonbValue	value;

		if (getKeyJsonValueFromContainer(&measures->root, name, strlen(name), &value) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("measure \"%s\" is missing", name),
					 errhint("Give it as null if it is not known.")));
		values[i] = MeasureOfJson(name, &value);
	}
}

static int
CompareTexts(const void *a, const void *b)
{
	const char *x = DatumGetPointer(*(const Datum *) a);
	const char *y = DatumGetPointer(*(const Datum *) b);
	int			length_x = VARSIZE_ANY_EXHDR(x);
	int			length_y = VARSIZE_ANY_EXHDR(y);

	return length_x != length_y ? length_x - length_y :
		memcmp(VARDATA_ANY(x), VARDATA_ANY(y), length_x);
}

/* names is sorted by this. */
static void
CheckDistinct(Datum *name, int n)
{
	qsort(name, n, sizeof(Datum), CompareTexts);
	for (int i = 1; i < n; i++)
		if (CompareTexts(&name[i - 1], &name[i]) == 0)
			RefuseState(psprintf("names has \"%s\" twice", TextDatumGetCString(name[i])),
						"Each measure has one value.");
}

/* Where each of the policy's measures stands in names. */
static void
FindPlaces(GivenMeasures *given, ArrayType *names)
{
	const MeasureNames *measures = &given->policy->measures;
	Datum	   *name;
	bool	   *null;
	int			n;

	given->names_size = 0;
	if (ARR_NDIM(names) > 1)
		RefuseState("names must be a one-dimensional array", "Such as ARRAY['spend', 'frequency'].");
	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &name, &null, &n);
	if (given->place == NULL)
		given->place = MemoryContextAlloc(given->context, Max(measures->n, 1) * sizeof(int));
	for (int i = 0; i < measures->n; i++)
		given->place[i] = -1;
	for (int i = 0; i < n; i++)
	{
		int			measure;

		POLL_EVERY(i);
		if (null[i])
			RefuseState("names must not contain null", "Name each element of measures.");
		measure = MeasureNamesFind(measures, VARDATA_ANY(DatumGetPointer(name[i])),
								   VARSIZE_ANY_EXHDR(DatumGetPointer(name[i])));
		if (measure >= 0)
			given->place[measure] = i;
	}
	CheckDistinct(name, n);
	for (int i = 0; i < measures->n; i++)
		if (given->place[i] < 0)
			RefuseState(psprintf("names does not have the measure \"%s\"", measures->measure[i].name),
						"Give its value as null if it is not known.");

	if (given->names != NULL)
		pfree(given->names);
	given->names = NULL;
	given->names = MemoryContextAlloc(given->context, VARSIZE(names));
	memcpy(given->names, names, VARSIZE(names));
	given->names_size = VARSIZE(names);
	given->n_names = n;
}

static void
CheckCount(int n, int expected, bool named)
{
	if (n != expected)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 named ? errmsg("measures has %d elements, names has %d", n, expected) :
				 errmsg("measures has %d elements, the policy has %d measures", n, expected),
				 named ? errhint("Each element of measures has its name at the same place.") :
				 errhint("They are in the order of tier_policy_measures(policy); otherwise give names.")));
}

bool
IsMeasureType(Oid type)
{
	return type == FLOAT8OID || type == NUMERICOID || type == INT8OID ||
		type == INT4OID || type == INT2OID || type == FLOAT4OID;
}

pg_noreturn static void
RefuseType(Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("measures must be an array of numbers, not of %s", format_type_be(type)),
			 errhint("Of double precision, numeric, integer, bigint, smallint or real.")));
}

/* The numbers of an array, NaN for null. */
static void
ReadNumbers(ArrayType *array, int n, double *numbers)
{
	Oid			type = ARR_ELEMTYPE(array);
	const bits8 *nulls = ARR_NULLBITMAP(array);
	const char *p = ARR_DATA_PTR(array);

	for (int i = 0; i < n; i++)
	{
		POLL_EVERY(i);
		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
		{
			numbers[i] = NAN;
			continue;
		}
		switch (type)
		{
			case FLOAT8OID:
				numbers[i] = *(const float8 *) p;
				p += sizeof(float8);
				break;
			case NUMERICOID:
				p = (const char *) att_align_pointer(p, TYPALIGN_INT, -1, p);
				numbers[i] = NumericToFloat8(p);
				p += VARSIZE_ANY(p);
				break;
			case INT8OID:
				numbers[i] = (double) *(const int64 *) p;
				p += sizeof(int64);
				break;
			case INT4OID:
				numbers[i] = *(const int32 *) p;
				p += sizeof(int32);
				break;
			case INT2OID:
				numbers[i] = *(const int16 *) p;
				p += sizeof(int16);
				break;
			case FLOAT4OID:
				numbers[i] = *(const float4 *) p;
				p += sizeof(float4);
				break;
			default:
				RefuseType(type);
		}
	}
}

pg_noreturn static void
RefuseNaN(const GivenMeasures *given, int measure)
{
	RefuseState(psprintf("measure \"%s\" must not be NaN",
						 given->policy->measures.measure[measure].name),
				"Give it as null if it is not known.");
}

static bool
IsNullElement(const ArrayType *array, int i)
{
	const bits8 *nulls = ARR_NULLBITMAP(array);

	return nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0;
}

/* measures in argument 3, an array of numbers of any type; names in 4. */
void
MeasuresFromArray(FunctionCallInfo fcinfo, GivenMeasures *given)
{
	const MeasureNames *names = &given->policy->measures;
	bool		named = !PG_ARGISNULL(4);
	ArrayType  *measures;
	double	   *numbers;
	int			n;

	if (PG_ARGISNULL(3))
	{
		AllUnknown(given->policy, given->values);
		return;
	}
	measures = PG_GETARG_ARRAYTYPE_P(3);
	n = ArrayGetNItems(ARR_NDIM(measures), ARR_DIMS(measures));
	if (named)
	{
		ArrayType  *list = PG_GETARG_ARRAYTYPE_P(4);

		if (VARSIZE(list) != given->names_size || memcmp(list, given->names, given->names_size) != 0)
			FindPlaces(given, list);
	}
	if (ARR_NDIM(measures) > 1)
		RefuseState("measures must be a one-dimensional array", "Such as ARRAY[1250.50, 3].");
	CheckCount(n, named ? given->n_names : names->n, named);

	numbers = named ? palloc(Max(n, 1) * sizeof(double)) : given->values;
	ReadNumbers(measures, n, numbers);
	for (int i = 0; i < names->n; i++)
	{
		int			place = named ? given->place[i] : i;

		given->values[i] = numbers[place];
		if (isnan(given->values[i]) && !IsNullElement(measures, place))
			RefuseNaN(given, i);
	}
	if (named)
		pfree(numbers);
}

/* The types of the columns, which are those of the call. */
static void
FindTypes(FunctionCallInfo fcinfo, int first, GivenMeasures *given)
{
	int			n = PG_NARGS() - first;
	Oid		   *type;

	if (n != given->policy->measures.n)
		CheckCount(n, given->policy->measures.n, false);
	type = MemoryContextAlloc(given->context, Max(n, 1) * sizeof(Oid));
	for (int i = 0; i < n; i++)
	{
		type[i] = get_fn_expr_argtype(fcinfo->flinfo, first + i);
		if (!IsMeasureType(type[i]))
			RefuseType(type[i]);
	}
	given->type = type;
}

void
MeasuresFromColumns(FunctionCallInfo fcinfo, int first, GivenMeasures *given)
{
	if (given->type == NULL)
		FindTypes(fcinfo, first, given);
	for (int i = 0; i < given->policy->measures.n; i++)
	{
		if (PG_ARGISNULL(first + i))
		{
			given->values[i] = NAN;
			continue;
		}
		given->values[i] = ReadMeasure(given->type[i], PG_GETARG_DATUM(first + i));
		if (unlikely(isnan(given->values[i])))
			RefuseNaN(given, i);
	}
}
