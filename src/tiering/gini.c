/*
 * gini.c
 *		SQL side of gini and lorenz.
 *
 * Both collect a value_counts, like the breaks: so gini_final and lorenz_final
 * also read what count_values stored.  classes is the number of points of a
 * Lorenz curve.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/numeric_argument.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "scoring/value_counts_sql.h"
#include "tiering/concentration.h"
#include "tiering/concentration_sql.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(custseg_gini_accum);
PG_FUNCTION_INFO_V1(custseg_gini_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_gini_final);
PG_FUNCTION_INFO_V1(custseg_lorenz_accum);
PG_FUNCTION_INFO_V1(custseg_lorenz_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_lorenz_final);

double
CheckedWeight(double x, const char *name)
{
	/* NaN fails every comparison */
	if (unlikely(!(x >= 0) || isinf(x)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number of at least 0, not %s", name,
						isnan(x) ? "NaN" : isinf(x) ? (x > 0 ? "Infinity" : "-Infinity") :
						double_to_shortest_decimal(x)),
				 errhint("Shares need values that are not negative. Leave such rows out, or clamp them with greatest(%s, 0).",
						 name)));
	/* -0 becomes 0 */
	return x == 0 ? 0 : x;
}

double
NumericWeight(Datum argument, const char *name)
{
	return CheckedWeight(NumericArgumentToFloat8(argument), name);
}

/* Arguments: state, x. */
static inline Datum
Accumulate(FunctionCallInfo fcinfo, ValueCounts *state, int classes, bool numeric)
{
	double		x;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	x = numeric ? NumericWeight(PG_GETARG_DATUM(1), "x") : CheckedWeight(PG_GETARG_FLOAT8(1), "x");
	if (state == NULL)
		state = ValueCountsMake(classes, 0);
	PG_RETURN_POINTER(ValueCountsAdd(state, x));
}

Datum
custseg_gini_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, TransitionValueCounts(fcinfo), 1, false);
}

Datum
custseg_gini_accum_numeric(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, TransitionValueCounts(fcinfo), 1, true);
}

/* Arguments: state, x, points. */
static inline Datum
AccumulateLorenz(FunctionCallInfo fcinfo, bool numeric)
{
	ValueCounts *state = TransitionValueCounts(fcinfo);
	int			points;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("points must not be null"),
				 errhint("Pass the number of equal steps of the curve, for example 10.")));
	points = PG_GETARG_INT32(2);
	if (state == NULL && (points < 1 || points > MAX_LORENZ_POINTS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("points must be between 1 and %d, not %d", MAX_LORENZ_POINTS, points),
				 errhint("Pass the number of equal steps of the curve, for example 10.")));
	if (state != NULL && points != state->classes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("points must not change from row to row: %d after %d", points, state->classes),
				 errhint("Pass a constant, or a value that is the same for all rows of the group.")));
	return Accumulate(fcinfo, state, points, numeric);
}

Datum
custseg_lorenz_accum(PG_FUNCTION_ARGS)
{
	return AccumulateLorenz(fcinfo, false);
}

Datum
custseg_lorenz_accum_numeric(PG_FUNCTION_ARGS)
{
	return AccumulateLorenz(fcinfo, true);
}

/* The runs of the state in argument 0, which may have been stored by count_values. */
static ValueRuns
CheckedRuns(const ValueCounts *state)
{
	ValueRuns	runs = ValueCountsRuns(state);

	if (runs.n_runs > 0)
	{
		(void) CheckedWeight(runs.value[0], "x");
		(void) CheckedWeight(runs.value[runs.n_runs - 1], "x");
	}
	return runs;
}

Datum
custseg_gini_final(PG_FUNCTION_ARGS)
{
	ValueRuns	runs = CheckedRuns(ValueCountsArgument(fcinfo, 0));
	double		result;

	if (!Gini(&runs, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
custseg_lorenz_final(PG_FUNCTION_ARGS)
{
	ValueCounts *state = ValueCountsArgument(fcinfo, 0);
	ValueRuns	runs = CheckedRuns(state);
	double		shares[MAX_LORENZ_POINTS + 1];
	Datum		elements[MAX_LORENZ_POINTS + 1];

	if (!Lorenz(&runs, state->classes, shares))
		PG_RETURN_NULL();
	for (int i = 0; i <= state->classes; i++)
		elements[i] = Float8GetDatum(shares[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, state->classes + 1, FLOAT8OID,
										  sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
