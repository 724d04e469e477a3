/*
 * weighted_score.c
 *		SQL side of weighted_score() and explain_weighted().
 *
 * A call site keeps its last array of weights, checked and added up.  The rows
 * of an explanation go to a tuplestore.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "common/argument_cache.h"
#include "common/names.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "funcapi.h"
#include "scoring/weighted_sql.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(custseg_weighted_score);
PG_FUNCTION_INFO_V1(custseg_explain_weighted);

/* So many components need no memory from the heap. */
#define USUAL_COMPONENTS 32

#define MAX_DIGITS 15

/* Rounded to digits, a float8 says nothing beyond this. */
#define MAX_UNITS 1e15

/* --- Arguments ------------------------------------------------------------ */

/* The length of a list. */
static int
ListLength(ArrayType *array, const char *name)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a one-dimensional array, not one of %d dimensions",
						name, ARR_NDIM(array)),
				 errhint("Write it as one list, for example ARRAY[1,2,3].")));
	return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
}

static void
RefuseElement(const char *name, int i, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must not contain %s", name, what),
			 errhint("Element %d is %s. %s", i + 1, what, hint)));
}

static const char *
NotFinite(double x)
{
	return isnan(x) ? "NaN" : x > 0 ? "infinity" : "-infinity";
}

const void *
MakeWeights(Datum argument)
{
	ArrayType  *array = DatumGetArrayTypePCopy(argument);
	Weights    *weights = palloc(sizeof(Weights));
	const double *x = (const double *) ARR_DATA_PTR(array);
	bool		positive = false;

	weights->n = ListLength(array, "weights");
	weights->weight = x;
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must not contain null"),
				 errhint("A component that does not count has weight 0.")));
	for (int i = 0; i < weights->n; i++)
	{
		if (!isfinite(x[i]))
			RefuseElement("weights", i, NotFinite(x[i]), "A weight is a number from 0 on.");
		if (x[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weights must not be negative"),
					 errhint("Element %d is %s. Turn the component round instead, with descending.",
							 i + 1, double_to_shortest_decimal(x[i]))));
		positive |= x[i] > 0;
		POLL_EVERY(i);
	}
	if (!positive)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(weights->n == 0 ? "weights must not be empty" : "weights must not all be 0"),
				 errhint("At least one component must count.")));
	WeightsTotal(weights);
	return weights;
}

MissingRule
MissingArgument(FunctionCallInfo fcinfo, int arg)
{
	text	   *name = PG_GETARG_TEXT_PP(arg);
	int			rule = FindName(missing_rule_names, N_MISSING_RULES,
								VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

	if (rule < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("missing must be 'renormalise', 'zero' or 'null', not \"%s\"",
						text_to_cstring(name)),
				 errhint("It says what a component that is null means for the score.")));
	return rule;
}

static void
CheckLength(const char *name, int n, const Weights *weights)
{
	if (n != weights->n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s and weights must have the same length, not %d and %d",
						name, n, weights->n),
				 errhint("There is one weight for each component, in the same order.")));
}

/*
 * Reads an array of components, of the length of weights, into value and
 * missing, which have room for them; or points to the array's own elements.
 */
static Components
ReadComponents(ArrayType *array, const Weights *weights, double *value, bool *missing)
{
	Components	result = {NULL, NULL};
	const double *x = (const double *) ARR_DATA_PTR(array);
	const bits8 *bitmap = ARR_NULLBITMAP(array);

	CheckLength("components", ListLength(array, "components"), weights);
	result.value = bitmap == NULL ? x : value;
	for (int i = 0; bitmap != NULL && i < weights->n; i++)
	{
		missing[i] = att_isnull(i, bitmap);
		value[i] = missing[i] ? 0 : *x++;
		if (missing[i])
			result.missing = missing;
		POLL_EVERY(i);
	}
	for (int i = 0; i < weights->n; i++)
		if (unlikely(!isfinite(result.value[i])))
			RefuseElement("components", i, NotFinite(result.value[i]),
						  "Null stands for a component that is missing.");
	return result;
}

/* --- weighted_score ------------------------------------------------------- */

Datum
custseg_weighted_score(PG_FUNCTION_ARGS)
{
	const Weights *weights = ArgumentCacheGet(fcinfo, 1, MakeWeights);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	MissingRule rule = MissingArgument(fcinfo, 2);
	double		value[USUAL_COMPONENTS];
	bool		missing[USUAL_COMPONENTS];
	bool		usual = weights->n <= USUAL_COMPONENTS;
	Components	components;
	double		score;

	components = ReadComponents(array, weights,
								usual ? value : palloc(weights->n * sizeof(double)),
								usual ? missing : palloc(weights->n * sizeof(bool)));
	if (!WeightedScore(weights, &components, rule, &score))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(score);
}

/* --- explain_weighted ----------------------------------------------------- */

typedef struct Explanation
{
	int			n;
	double	   *weight;			/* effective */
	int64	   *contribution;	/* in units of the last digit shown */
	int64	   *share;			/* the same; NULL where there are none */
} Explanation;

static int64
PowerOfTen(int digits)
{
	int64		result = 1;

	while (digits-- > 0)
		result *= 10;
	return result;
}

/* round(score::numeric, digits) in units of its last digit. */
static int64
ScoreInUnits(double score, int digits)
{
	Datum		number = DirectFunctionCall1(float8_numeric, Float8GetDatum(score));
	Datum		power = NumericGetDatum(int64_to_numeric(PowerOfTen(digits)));

	number = DirectFunctionCall2(numeric_round, number, Int32GetDatum(digits));
	number = DirectFunctionCall2(numeric_mul, number, power);
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, number));
}

/* Are all quotas small enough to be rounded to units? */
static bool
QuotasFit(const double *quota, int n)
{
	for (int i = 0; i < n; i++)
		if (!(fabs(quota[i]) < MAX_UNITS))
			return false;
	return true;
}

static Explanation
ExplainScore(const Weights *weights, const Components *components, MissingRule rule,
			 double score, int digits)
{
	int			n = weights->n;
	double		unit = PowerOfTen(digits);
	double	   *quota = palloc(n * sizeof(double));
	Explanation e = {n, NULL, NULL, NULL};

	e.weight = palloc(n * sizeof(double));
	EffectiveWeights(weights, components, rule, e.weight);
	for (int i = 0; i < n; i++)
		quota[i] = e.weight[i] * components->value[i] * unit;
	if (!QuotasFit(quota, n) || !(fabs(score) * unit < MAX_UNITS))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("contributions are too large to be shown with %d digits", digits),
				 errhint("A float8 has 15 digits in all: ask for fewer digits behind the point.")));
	e.contribution = palloc(n * sizeof(int64));
	RoundToTotal(quota, n, ScoreInUnits(score, digits), e.contribution);

	for (int i = 0; i < n && score != 0; i++)
		quota[i] = e.weight[i] * components->value[i] / score * unit;
	if (score != 0 && QuotasFit(quota, n))
	{
		e.share = palloc(n * sizeof(int64));
		RoundToTotal(quota, n, PowerOfTen(digits), e.share);
	}
	return e;
}

static Datum
UnitsToNumeric(int64 units, int digits)
{
	return NumericGetDatum(int64_div_fast_to_numeric(units, digits));
}

/* The names, as text datums. */
static Datum *
NamesArgument(FunctionCallInfo fcinfo, const Weights *weights)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	Datum	   *names;
	int			n;

	CheckLength("names", ListLength(array, "names"), weights);
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("names must not contain null"),
				 errhint("Each component has a name.")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &n);
	return names;
}

Datum
custseg_explain_weighted(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const Weights *weights = MakeWeights(PG_GETARG_DATUM(2));
	Datum	   *names = NamesArgument(fcinfo, weights);
	MissingRule rule = MissingArgument(fcinfo, 3);
	int			digits = PG_GETARG_INT32(4);
	Components	components;
	Explanation e = {0, NULL, NULL, NULL};
	double		score;

	if (digits < 0 || digits > MAX_DIGITS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("digits must be between 0 and %d, not %d", MAX_DIGITS, digits),
				 errhint("They are the digits behind the point, of contributions and shares.")));
	components = ReadComponents(PG_GETARG_ARRAYTYPE_P(1), weights,
								palloc(weights->n * sizeof(double)),
								palloc(weights->n * sizeof(bool)));
	if (WeightedScore(weights, &components, rule, &score))
		e = ExplainScore(weights, &components, rule, score, digits);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < weights->n; i++)
	{
		bool		missing = components.missing != NULL && components.missing[i];
		Datum		values[5] = {names[i], Float8GetDatum(components.value[i])};
		bool		nulls[5] = {false, missing, e.n == 0, e.n == 0, e.share == NULL};

		if (e.n > 0)
		{
			values[2] = Float8GetDatum(e.weight[i]);
			values[3] = UnitsToNumeric(e.contribution[i], digits);
		}
		if (e.share != NULL)
			values[4] = UnitsToNumeric(e.share[i], digits);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		POLL_EVERY(i);
	}
	return (Datum) 0;
}
