/*
 * scale_fit.c
 *		SQL side of the fits: minmax_fit, zscore_fit, percentiles_fit.
 *
 * The aggregates share one type of state and differ in what it keeps.  It is
 * changed in place only when an aggregate calls; then it lives in the
 * executor's memory.  A direct call from SQL works on a copy.  The final
 * functions do not touch the state: the next row of a window may need it.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>
#include "common/aggregate_state.h"

#include "common/shortest_dec.h"
#include "fmgr.h"
#include "scoring/breaks_sql.h"
#include "scoring/scale_sql.h"
#include "scoring/scale_state.h"

PG_FUNCTION_INFO_V1(custseg_scale_range_accum);
PG_FUNCTION_INFO_V1(custseg_scale_range_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_scale_moments_accum);
PG_FUNCTION_INFO_V1(custseg_scale_moments_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_scale_values_accum);
PG_FUNCTION_INFO_V1(custseg_scale_values_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_scale_bounded_accum);
PG_FUNCTION_INFO_V1(custseg_scale_bounded_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_scale_points_accum);
PG_FUNCTION_INFO_V1(custseg_scale_points_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_scale_state_combine);
PG_FUNCTION_INFO_V1(custseg_minmax_fit_final);
PG_FUNCTION_INFO_V1(custseg_zscore_fit_final);
PG_FUNCTION_INFO_V1(custseg_percentiles_fit_final);

double
CheckedFinite(double x)
{
	x = CheckedMeasure(x);
	if (isinf(x))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must be a finite number, not %sinfinity", x < 0 ? "-" : ""),
				 errhint("Leave such rows out, or use percentiles, for which infinities are ordinary values.")));
	return x;
}

/* --- Options -------------------------------------------------------------- */

static void
OptionMissing(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must not be null", name),
			 errhint("Leave the argument out for a fit without it.")));
}

/* Of arguments 2 and 3. */
static ScaleOptions
BoundsArguments(FunctionCallInfo fcinfo)
{
	ScaleOptions options = {true, 0, 0, 0};

	if (PG_ARGISNULL(2))
		OptionMissing("lower");
	if (PG_ARGISNULL(3))
		OptionMissing("upper");
	options.lower = PG_GETARG_FLOAT8(2) == 0 ? 0 : PG_GETARG_FLOAT8(2);
	options.upper = PG_GETARG_FLOAT8(3);
	if (!(options.lower >= 0 && options.lower < options.upper && options.upper <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lower and upper must be fractions with 0 <= lower < upper <= 1, not %s and %s",
						double_to_shortest_decimal(options.lower),
						double_to_shortest_decimal(options.upper)),
				 errhint("0.05 and 0.95 move the lowest and the highest twentieth of the values to the bounds.")));
	return options;
}

/* Of argument 2. */
static ScaleOptions
PointsArgument(FunctionCallInfo fcinfo)
{
	ScaleOptions options = {false, 0, 0, 0};

	if (PG_ARGISNULL(2))
		OptionMissing("points");
	options.max_points = PG_GETARG_INT32(2);
	if (options.max_points < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("points must be positive, not %d", options.max_points),
				 errhint("A model of 1000 points gives percentiles to within 0.001.")));
	return options;
}

static bool
SameOptions(const ScaleState *state, const ScaleOptions *options)
{
	return state->has_bounds == options->has_bounds && state->lower == options->lower &&
		state->upper == options->upper && state->max_points == options->max_points;
}

static void
OptionsChanged(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("lower, upper and points must not change from row to row"),
			 errhint("Pass constants, or values that are the same for all rows of the group.")));
}

/* --- States --------------------------------------------------------------- */

static ScaleState *
GetState(FunctionCallInfo fcinfo, int arg)
{
	ScaleState *state = (ScaleState *) PG_GETARG_VARLENA_P(arg);

	ScaleStateCheck(state);
	return state;
}

/* The state in argument 0, for changing it. */
static ScaleState *
GetOwnState(FunctionCallInfo fcinfo)
{
	ScaleState *state = GetState(fcinfo, 0);

	return OwnState(fcinfo, state);
}

static void
WrongForm(const ScaleState *state)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a scale_state of form \"%s\" cannot be used here", scale_form_names[state->form]),
			 errhint("It was made by another kind of fit.")));
}

/* Arguments: state, x. */
static inline Datum
Accumulate(FunctionCallInfo fcinfo, ScaleForm form, const ScaleOptions *options,
		   MeasureReader measure)
{
	ScaleState *state = PG_ARGISNULL(0) ? NULL : GetOwnState(fcinfo);
	double		x;

	if (state != NULL && unlikely(state->form != form))
		WrongForm(state);
	if (state != NULL && unlikely(!SameOptions(state, options)))
		OptionsChanged();
	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	x = measure(PG_GETARG_DATUM(1));
	if (form != SCALE_VALUES)
		x = CheckedFinite(x);
	if (state == NULL)
		state = ScaleStateMake(form, options, EXACT_SUM_FEW);
	PG_RETURN_POINTER(ScaleStateAdd(state, x));
}

static const ScaleOptions no_options = {false, 0, 0, 0};

Datum
custseg_scale_range_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, SCALE_RANGE, &no_options, Float8Measure);
}

Datum
custseg_scale_range_accum_numeric(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, SCALE_RANGE, &no_options, NumericMeasure);
}

Datum
custseg_scale_moments_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, SCALE_MOMENTS, &no_options, Float8Measure);
}

Datum
custseg_scale_moments_accum_numeric(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, SCALE_MOMENTS, &no_options, NumericMeasure);
}

Datum
custseg_scale_values_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, SCALE_VALUES, &no_options, Float8Measure);
}

Datum
custseg_scale_values_accum_numeric(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, SCALE_VALUES, &no_options, NumericMeasure);
}

Datum
custseg_scale_bounded_accum(PG_FUNCTION_ARGS)
{
	ScaleOptions options = BoundsArguments(fcinfo);

	return Accumulate(fcinfo, SCALE_VALUES, &options, Float8Measure);
}

Datum
custseg_scale_bounded_accum_numeric(PG_FUNCTION_ARGS)
{
	ScaleOptions options = BoundsArguments(fcinfo);

	return Accumulate(fcinfo, SCALE_VALUES, &options, NumericMeasure);
}

Datum
custseg_scale_points_accum(PG_FUNCTION_ARGS)
{
	ScaleOptions options = PointsArgument(fcinfo);

	return Accumulate(fcinfo, SCALE_VALUES, &options, Float8Measure);
}

Datum
custseg_scale_points_accum_numeric(PG_FUNCTION_ARGS)
{
	ScaleOptions options = PointsArgument(fcinfo);

	return Accumulate(fcinfo, SCALE_VALUES, &options, NumericMeasure);
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_scale_state_combine(PG_FUNCTION_ARGS)
{
	ScaleState *state = GetOwnState(fcinfo);
	ScaleState *other = GetState(fcinfo, 1);
	ScaleOptions options = ScaleStateOptions(other);

	if (state->form != other->form)
		WrongForm(other);
	if (!SameOptions(state, &options))
		OptionsChanged();
	PG_RETURN_POINTER(ScaleStateCombine(state, other));
}

/* The model of the state in argument 0, whose form may also be VALUES. */
static Datum
Fit(FunctionCallInfo fcinfo, ScaleKind kind, ScaleForm form)
{
	ScaleState *state = GetState(fcinfo, 0);
	ScaleModel *model;

	if (state->form != form && state->form != SCALE_VALUES)
		WrongForm(state);
	model = ScaleStateFit(state, kind);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(model);
}

Datum
custseg_minmax_fit_final(PG_FUNCTION_ARGS)
{
	return Fit(fcinfo, SCALE_MINMAX, SCALE_RANGE);
}

Datum
custseg_zscore_fit_final(PG_FUNCTION_ARGS)
{
	return Fit(fcinfo, SCALE_ZSCORE, SCALE_MOMENTS);
}

Datum
custseg_percentiles_fit_final(PG_FUNCTION_ARGS)
{
	return Fit(fcinfo, SCALE_PERCENTILE, SCALE_VALUES);
}
