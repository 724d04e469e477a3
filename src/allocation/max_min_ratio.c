/*
 * max_min_ratio.c
 *		max_min_ratio(): the largest value over the smallest.
 *
 * The state is an array of the smallest and the largest value so far, so it can
 * be stored, sent and combined like any array.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/aggregate_state.h"
#include "fmgr.h"
#include "tiering/concentration_sql.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(custseg_max_min_accum);
PG_FUNCTION_INFO_V1(custseg_max_min_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_max_min_combine);
PG_FUNCTION_INFO_V1(custseg_max_min_ratio_final);

/* The two numbers of a state. */
static double *
Extremes(ArrayType *state)
{
	double	   *x = (double *) ARR_DATA_PTR(state);

	if (ARR_NDIM(state) != 1 || ARR_DIMS(state)[0] != 2 || ARR_HASNULL(state) ||
		ARR_ELEMTYPE(state) != FLOAT8OID || !(x[0] >= 0 && x[0] <= x[1]) || isinf(x[1]))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("state must be an array of the smallest and the largest value, which are finite and at least 0"),
				 errhint("Pass what max_min_accum has returned.")));
	return x;
}

static ArrayType *
MakeExtremes(double x)
{
	Datum		elements[2] = {Float8GetDatum(x), Float8GetDatum(x)};

	return construct_array(elements, 2, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
						   TYPALIGN_DOUBLE);
}

/* Arguments: state, x. */
static inline Datum
Accumulate(FunctionCallInfo fcinfo, bool numeric)
{
	ArrayType  *state = NULL;
	double	   *extremes;
	double		x;

	if (!PG_ARGISNULL(0))
	{
		state = PG_GETARG_ARRAYTYPE_P(0);
		(void) Extremes(state);
	}
	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	x = numeric ? NumericWeight(PG_GETARG_DATUM(1), "x") : CheckedWeight(PG_GETARG_FLOAT8(1), "x");
	if (state == NULL)
		PG_RETURN_POINTER(MakeExtremes(x));
	state = OwnState(fcinfo, state);
	extremes = Extremes(state);
	extremes[0] = Min(extremes[0], x);
	extremes[1] = Max(extremes[1], x);
	PG_RETURN_POINTER(state);
}

Datum
custseg_max_min_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, false);
}

Datum
custseg_max_min_accum_numeric(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, true);
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_max_min_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *state = OwnState(fcinfo, PG_GETARG_ARRAYTYPE_P(0));
	double	   *extremes = Extremes(state);
	double	   *other = Extremes(PG_GETARG_ARRAYTYPE_P(1));

	extremes[0] = Min(extremes[0], other[0]);
	extremes[1] = Max(extremes[1], other[1]);
	PG_RETURN_POINTER(state);
}

Datum
custseg_max_min_ratio_final(PG_FUNCTION_ARGS)
{
	double	   *extremes = Extremes(PG_GETARG_ARRAYTYPE_P(0));
	double		ratio;

	if (extremes[1] == 0)
		PG_RETURN_NULL();
	if (extremes[0] == 0)
		PG_RETURN_FLOAT8(INFINITY);
	ratio = extremes[1] / extremes[0];
	if (isinf(ratio))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the ratio of the largest to the smallest value is out of range"),
				 errhint("Leave values near 0 out.")));
	PG_RETURN_FLOAT8(ratio);
}
