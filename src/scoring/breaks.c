/*
 * breaks.c
 *		SQL side of the breaks: the fitting aggregates and score().
 *
 * quantile_breaks, balanced_breaks and natural_breaks share one state,
 * value_counts, and differ in the final function alone, so PostgreSQL keeps one
 * state when a query asks for several on the same column.
 *
 * The state is changed in place only when an aggregate calls; then it lives in
 * the executor's memory.  A direct call from SQL works on a copy.  The final
 * functions do not touch the state: other aggregates, or the next row of a
 * window, may still need it.
 *
 * score() keeps its last array of breaks, checked and unpacked, from call to
 * call.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/argument_cache.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "scoring/breaks_sql.h"
#include "scoring/value_counts_sql.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(custseg_value_counts_accum);
PG_FUNCTION_INFO_V1(custseg_value_counts_numeric_accum);
PG_FUNCTION_INFO_V1(custseg_value_counts_combine);
PG_FUNCTION_INFO_V1(custseg_value_counts_final);
PG_FUNCTION_INFO_V1(custseg_quantile_breaks_final);
PG_FUNCTION_INFO_V1(custseg_balanced_breaks_final);
PG_FUNCTION_INFO_V1(custseg_natural_breaks_final);
PG_FUNCTION_INFO_V1(custseg_score);
PG_FUNCTION_INFO_V1(custseg_score_numeric);

int
CheckedClasses(int classes)
{
	if (classes < 1 || classes > MAX_BREAK_CLASSES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("classes must be between 1 and %d, not %d",
						MAX_BREAK_CLASSES, classes),
				 errhint("5 classes are usual for RFM, 10 give deciles, 100 give percentiles.")));
	return classes;
}

void
ClassesMissing(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("classes must not be null"),
			 errhint("Pass the number of classes, for example 5.")));
}

void
ClassesChanged(int before, int now)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("classes must not change from row to row: %d after %d",
					now, before),
			 errhint("Pass a constant, or a value that is the same for all rows of the group.")));
}

double
CheckedMeasure(double x)
{
	if (isnan(x))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must not be NaN"),
				 errhint("NaN has no place in an order. Turn it into null with nullif(x, 'NaN').")));

	/* -0 becomes 0 */
	return x == 0 ? 0 : x;
}

/* Arguments: state, x, classes. */
static inline Datum
Accumulate(FunctionCallInfo fcinfo, MeasureReader measure)
{
	ValueCounts *state = TransitionValueCounts(fcinfo);
	int			classes;
	double		x;

	if (PG_ARGISNULL(2))
		ClassesMissing();
	classes = PG_GETARG_INT32(2);
	if (state == NULL)
		CheckedClasses(classes);
	else if (classes != state->classes)
		ClassesChanged(state->classes, classes);

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}

	x = measure(PG_GETARG_DATUM(1));
	if (state == NULL)
		state = ValueCountsMake(classes, 0);
	PG_RETURN_POINTER(ValueCountsAdd(state, x));
}

Datum
custseg_value_counts_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, Float8Measure);
}

Datum
custseg_value_counts_numeric_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, NumericMeasure);
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_value_counts_combine(PG_FUNCTION_ARGS)
{
	ValueCounts *state = OwnValueCounts(fcinfo);
	ValueCounts *other = ValueCountsArgument(fcinfo, 1);

	if (state->classes != other->classes)
		ClassesChanged(state->classes, other->classes);
	PG_RETURN_POINTER(ValueCountsCombine(state, other));
}

Datum
custseg_value_counts_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ValueCountsCanonical(ValueCountsArgument(fcinfo, 0)));
}

Datum
BreaksArray(const double *breaks, int n)
{
	Datum		elements[MAX_BREAK_CLASSES];

	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(breaks[i]);
	return PointerGetDatum(construct_array(elements, n, FLOAT8OID, sizeof(float8),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static Datum
FinalBreaks(FunctionCallInfo fcinfo,
			int (*fit) (const ValueRuns *runs, int classes, double *breaks))
{
	ValueCounts *state = ValueCountsArgument(fcinfo, 0);
	ValueRuns	runs = ValueCountsRuns(state);
	double		breaks[MAX_BREAK_CLASSES];

	if (runs.n_runs == 0)
		PG_RETURN_NULL();

	PG_RETURN_DATUM(BreaksArray(breaks, fit(&runs, state->classes, breaks)));
}

Datum
custseg_quantile_breaks_final(PG_FUNCTION_ARGS)
{
	return FinalBreaks(fcinfo, QuantileBreaks);
}

Datum
custseg_balanced_breaks_final(PG_FUNCTION_ARGS)
{
	return FinalBreaks(fcinfo, BalancedBreaks);
}

Datum
custseg_natural_breaks_final(PG_FUNCTION_ARGS)
{
	return FinalBreaks(fcinfo, NaturalBreaks);
}

const void *
MakeBreaks(Datum argument)
{
	ArrayType  *array = DatumGetArrayTypePCopy(argument);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const double *x = (const double *) ARR_DATA_PTR(array);
	Breaks	   *breaks;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks must be a one-dimensional array, not one of %d dimensions",
						ARR_NDIM(array)),
				 errhint("Write the cut points as one list, for example ARRAY[30,90,180].")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks must not contain null"),
				 errhint("Remove it with array_remove(breaks, NULL).")));

	for (int i = 0; i < n; i++)
	{
		if (isnan(x[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("breaks must not contain NaN"),
					 errhint("Element %d is NaN.", i + 1)));
		if (i > 0 && x[i - 1] >= x[i])
		{
			char	   *before = double_to_shortest_decimal(x[i - 1]);
			char	   *after = double_to_shortest_decimal(x[i]);

			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("breaks must be strictly ascending"),
					 errhint("Element %d is %s, but element %d is %s.",
							 i, before, i + 1, after)));
		}
		POLL_EVERY(i);
	}

	breaks = palloc(sizeof(Breaks));
	breaks->n = n;
	breaks->x = x;
	return breaks;
}

/* Arguments: x, breaks, descending. */
static inline Datum
Score(FunctionCallInfo fcinfo, MeasureReader measure)
{
	const Breaks *breaks = ArgumentCacheGet(fcinfo, 1, MakeBreaks);
	double		x = measure(PG_GETARG_DATUM(0));

	PG_RETURN_INT32(ScoreOf(x, breaks->x, breaks->n, PG_GETARG_BOOL(2)));
}

Datum
custseg_score(PG_FUNCTION_ARGS)
{
	return Score(fcinfo, Float8Measure);
}

Datum
custseg_score_numeric(PG_FUNCTION_ARGS)
{
	return Score(fcinfo, NumericMeasure);
}
