/*
 * approx_quantile.c
 *		SQL side of approximate quantile breaks: aggregates and accessors.
 *
 * The aggregates share one state, quantile_sketch.  approx_quantile_breaks has
 * the number of classes in it, sketch_values has none.  The state is changed in
 * place only when an aggregate calls; then it lives in the executor's memory.
 * A direct call from SQL works on a copy.  Final functions and accessors do not
 * touch the state.
 */
#include "postgres.h"

#include "common/compat.h"

#include "common/aggregate_state.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "scoring/breaks_sql.h"
#include "scoring/quantile_sketch.h"

PG_FUNCTION_INFO_V1(custseg_quantile_sketch_accum);
PG_FUNCTION_INFO_V1(custseg_quantile_sketch_numeric_accum);
PG_FUNCTION_INFO_V1(custseg_quantile_sketch_classes_accum);
PG_FUNCTION_INFO_V1(custseg_quantile_sketch_classes_numeric_accum);
PG_FUNCTION_INFO_V1(custseg_quantile_sketch_combine);
PG_FUNCTION_INFO_V1(custseg_quantile_sketch_final);
PG_FUNCTION_INFO_V1(custseg_approx_quantile_breaks_final);
PG_FUNCTION_INFO_V1(custseg_approx_quantile_breaks);
PG_FUNCTION_INFO_V1(custseg_sketch_rows);
PG_FUNCTION_INFO_V1(custseg_sketch_rank_error);

static QuantileSketch *
GetSketch(FunctionCallInfo fcinfo, int argno)
{
	QuantileSketch *sketch = (QuantileSketch *) PG_GETARG_VARLENA_P(argno);

	SketchCheck(sketch);
	return sketch;
}

/* The sketch in argument 0, for changing it. */
static QuantileSketch *
GetOwnSketch(FunctionCallInfo fcinfo)
{
	QuantileSketch *sketch = GetSketch(fcinfo, 0);

	return OwnState(fcinfo, sketch);
}

/* rank_error, which must be that of the state if there is one. */
static double
CheckedRankError(FunctionCallInfo fcinfo, int argno, const QuantileSketch *sketch)
{
	double		rank_error;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rank_error must not be null"),
				 errhint("Pass the error that is allowed, as a share of the rows, for example 0.001.")));
	rank_error = PG_GETARG_FLOAT8(argno);
	if (sketch != NULL && rank_error == sketch->rank_error)
		return rank_error;

	if (!(rank_error >= MIN_RANK_ERROR && rank_error <= MAX_RANK_ERROR))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rank_error must be between 1e-6 and 0.5, not %s",
						double_to_shortest_decimal(rank_error)),
				 errhint("It is a share of the rows: 0.001 is 1,000 of a million. quantile_breaks has no error.")));
	if (sketch != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rank_error must not change from row to row: %s after %s",
						double_to_shortest_decimal(rank_error), double_to_shortest_decimal(sketch->rank_error)),
				 errhint("Pass a constant, or a value that is the same for all rows of the group.")));
	return rank_error;
}

/* classes, which must be that of the state if there is one. */
static int
CheckedSketchClasses(FunctionCallInfo fcinfo, int argno, const QuantileSketch *sketch)
{
	int			classes;

	if (PG_ARGISNULL(argno))
		ClassesMissing();
	classes = PG_GETARG_INT32(argno);
	if (sketch == NULL)
		CheckedClasses(classes);
	else if (classes != sketch->classes)
		ClassesChanged(sketch->classes, classes);
	return classes;
}

/* Arguments: state, x, [classes,] rank_error. */
static inline Datum
Accumulate(FunctionCallInfo fcinfo, MeasureReader measure, bool has_classes)
{
	QuantileSketch *sketch = PG_ARGISNULL(0) ? NULL : GetOwnSketch(fcinfo);
	int			classes = 0;
	double		rank_error;
	double		x;

	if (has_classes)
		classes = CheckedSketchClasses(fcinfo, 2, sketch);
	else if (sketch != NULL && sketch->classes != 0)
		ClassesChanged(sketch->classes, 0);
	rank_error = CheckedRankError(fcinfo, has_classes ? 3 : 2, sketch);

	if (PG_ARGISNULL(1))
	{
		if (sketch == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(sketch);
	}

	x = measure(PG_GETARG_DATUM(1));
	if (sketch == NULL)
		PG_RETURN_POINTER(SketchMake(classes, rank_error, x));
	PG_RETURN_POINTER(SketchAdd(sketch, x));
}

Datum
custseg_quantile_sketch_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, Float8Measure, false);
}

Datum
custseg_quantile_sketch_numeric_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, NumericMeasure, false);
}

Datum
custseg_quantile_sketch_classes_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, Float8Measure, true);
}

Datum
custseg_quantile_sketch_classes_numeric_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, NumericMeasure, true);
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_quantile_sketch_combine(PG_FUNCTION_ARGS)
{
	QuantileSketch *sketch = GetOwnSketch(fcinfo);
	QuantileSketch *other = GetSketch(fcinfo, 1);

	if (sketch->classes != other->classes)
		ClassesChanged(sketch->classes, other->classes);
	if (sketch->rank_error != other->rank_error)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sketches must have the same rank_error, not %s and %s",
						double_to_shortest_decimal(sketch->rank_error),
						double_to_shortest_decimal(other->rank_error)),
				 errhint("Make all sketches that will be put together with one rank_error.")));
	PG_RETURN_POINTER(SketchCombine(sketch, other));
}

Datum
custseg_quantile_sketch_final(PG_FUNCTION_ARGS)
{
	SketchParts parts;

	SketchSortedParts(GetSketch(fcinfo, 0), &parts);
	PG_RETURN_POINTER(SketchOfParts(&parts));
}

static Datum
BreaksOfSketch(const QuantileSketch *sketch, int classes)
{
	double		breaks[MAX_BREAK_CLASSES];

	return BreaksArray(breaks, SketchBreaks(sketch, classes, breaks));
}

Datum
custseg_approx_quantile_breaks_final(PG_FUNCTION_ARGS)
{
	QuantileSketch *sketch = GetSketch(fcinfo, 0);

	if (sketch->classes == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the sketch has no number of classes"),
				 errhint("Use approx_quantile_breaks(sketch, classes).")));
	return BreaksOfSketch(sketch, sketch->classes);
}

/* Arguments: sketch, classes. */
Datum
custseg_approx_quantile_breaks(PG_FUNCTION_ARGS)
{
	QuantileSketch *sketch = GetSketch(fcinfo, 0);

	return BreaksOfSketch(sketch, CheckedClasses(PG_GETARG_INT32(1)));
}

Datum
custseg_sketch_rows(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(GetSketch(fcinfo, 0)->total);
}

Datum
custseg_sketch_rank_error(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(SketchRankError(GetSketch(fcinfo, 0)));
}
