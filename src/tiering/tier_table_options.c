/*
 * tier_table_options.c
 *		The arguments of tier_table, read and checked.
 */
#include "tiering/tier_table.h"

#include "catalog/pg_type.h"
#include "common/bulk_function.h"
#include "common/names.h"
#include "scoring/breaks.h"
#include "scoring/weighted_sql.h"
#include "utils/array.h"
#include "utils/builtins.h"

#define MAX_CLASSES	1000

/* The elements of an array argument of one dimension; NULL where it is null. */
static Datum *
ArrayArgument(FunctionCallInfo fcinfo, int n, const char *name, Oid type, int *count)
{
	ArrayType  *array;
	Datum	   *elements;

	*count = 0;
	if (PG_ARGISNULL(n))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(n);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be an array of one dimension, not %d", name,
						ARR_NDIM(array)),
				 errhint("Write the elements as one list.")));
	if (ARR_NDIM(array) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be empty", name),
				 errhint("Pass NULL to do without.")));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not contain nulls", name),
				 errhint("Write out every element, or pass NULL for the whole argument.")));
	if (type == FLOAT8OID)
		deconstruct_array(array, type, sizeof(float8), FLOAT8PASSBYVAL,
						  TYPALIGN_DOUBLE, &elements, NULL, count);
	else if (type == BOOLOID)
		deconstruct_array(array, type, sizeof(bool), true, TYPALIGN_CHAR,
						  &elements, NULL, count);
	else
		deconstruct_array(array, type, -1, false, TYPALIGN_INT,
						  &elements, NULL, count);
	return elements;
}

static double *
Doubles(const Datum *elements, int n)
{
	double	   *values = palloc(n * sizeof(double));

	for (int i = 0; i < n; i++)
		values[i] = DatumGetFloat8(elements[i]);
	return values;
}

static void
ReadShares(FunctionCallInfo fcinfo, int n, TierTableOptions *o)
{
	Datum	   *elements = ArrayArgument(fcinfo, n, "shares", FLOAT8OID, &o->n_shares);

	if (elements == NULL)
		return;
	if (o->n_shares >= MAX_CLASSES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shares must have fewer than %d elements, not %d",
						MAX_CLASSES, o->n_shares),
				 errhint("Give limits of the cumulative share, such as ARRAY[0.8, 0.95].")));
	o->shares = Doubles(elements, o->n_shares);
	for (int i = 0; i < o->n_shares; i++)
	{
		if (!(o->shares[i] > 0 && o->shares[i] < 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("shares[%d] must be between 0 and 1, not %g", i + 1, o->shares[i]),
					 errhint("Give limits of the cumulative share, such as ARRAY[0.8, 0.95].")));
		if (i > 0 && o->shares[i] <= o->shares[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("shares must ascend: shares[%d] = %g is not above shares[%d] = %g",
							i + 1, o->shares[i], i, o->shares[i - 1]),
					 errhint("Give limits of the cumulative share, such as ARRAY[0.8, 0.95].")));
	}
}

/* The names of the classes: those given, or A, B, C. */
static void
ReadClasses(FunctionCallInfo fcinfo, int n, TierTableOptions *o)
{
	int			count;
	Datum	   *given = ArrayArgument(fcinfo, n, "classes", TEXTOID, &count);

	if (o->n_shares == 0)
	{
		if (given != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("classes are named, and shares is NULL"),
					 errhint("Give the shares that divide the classes, or leave classes out.")));
		return;
	}
	if (given != NULL)
	{
		if (count != o->n_shares + 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("classes must have %d elements, one more than shares, not %d",
							o->n_shares + 1, count),
					 errhint("Name every class, the best first.")));
		o->classes = given;
		return;
	}
	if (o->n_shares >= 26)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are letters for 26 classes, not for %d", o->n_shares + 1),
				 errhint("Name them with classes => ARRAY[...].")));
	o->classes = palloc((o->n_shares + 1) * sizeof(Datum));
	for (int i = 0; i <= o->n_shares; i++)
		o->classes[i] = CStringGetTextDatum(psprintf("%c", 'A' + i));
}

static int
ScaleByName(const char *name)
{
	int			found;

	if (name == NULL)
		return TABLE_SCALE_AUTOMATIC;
	if (strcmp(name, "none") == 0)
		return TABLE_SCALE_NONE;
	found = FindName(scale_kind_names, N_SCALE_KINDS, name, strlen(name));
	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("normalise is \"%s\", which is not known", name),
				 errhint("Pass none, minmax, zscore or percentile.")));
	return found;
}

void
TierTableReadOptions(FunctionCallInfo fcinfo, int first, TierTableOptions *o)
{
	Datum	   *elements;

	memset(o, 0, sizeof(*o));
	if (!PG_ARGISNULL(first))
		o->weights = MakeWeights(PG_GETARG_DATUM(first));
	o->scale = ScaleByName(TextArgument(fcinfo, first + 1));
	elements = ArrayArgument(fcinfo, first + 2, "descending", BOOLOID, &o->n_descending);
	if (elements != NULL)
	{
		o->descending = palloc(o->n_descending * sizeof(bool));
		for (int i = 0; i < o->n_descending; i++)
			o->descending[i] = DatumGetBool(elements[i]);
	}
	RequiredText(fcinfo, first + 3, "missing");
	o->missing = MissingArgument(fcinfo, first + 3);
	ReadShares(fcinfo, first + 4, o);
	ReadClasses(fcinfo, first + 5, o);
	o->bands = ArrayArgument(fcinfo, first + 6, "bands", TEXTOID, &o->n_bands);
	if (o->n_bands > MAX_BREAK_CLASSES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bands must have at most %d elements, not %d",
						MAX_BREAK_CLASSES, o->n_bands),
				 errhint("Name every band, the lowest first.")));
}

static void
CheckLength(const char *name, int length, int n_measures)
{
	if (length != n_measures)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has %d elements, and the query in argument \"customers\" returns %d measures",
						name, length, n_measures),
				 errhint("Give one element for each column after the customer.")));
}

static const Weights *
EqualWeights(int n)
{
	Weights    *weights = palloc(sizeof(Weights));
	double	   *weight = palloc(n * sizeof(double));

	for (int i = 0; i < n; i++)
		weight[i] = 1;
	weights->n = n;
	weights->weight = weight;
	WeightsTotal(weights);
	return weights;
}

void
TierTableCheckMeasures(TierTableOptions *o, int n_measures)
{
	if (o->weights != NULL)
		CheckLength("weights", o->weights->n, n_measures);
	else
		o->weights = EqualWeights(n_measures);
	if (o->scale == TABLE_SCALE_AUTOMATIC)
		o->scale = n_measures == 1 ? TABLE_SCALE_NONE : SCALE_MINMAX;
	if (o->descending == NULL)
		return;
	CheckLength("descending", o->n_descending, n_measures);
	for (int i = 0; o->scale == TABLE_SCALE_NONE && i < n_measures; i++)
		if (o->descending[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("measure %d is descending, and measures are not put on a scale", i + 1),
					 errhint("Pass normalise => 'minmax' or 'percentile', which turn it round.")));
}
