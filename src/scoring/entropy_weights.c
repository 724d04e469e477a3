/*
 * entropy_weights.c
 *		SQL side of component_rows and of entropy_weights().
 *
 * The transition function serves entropy_weights and topsis_fit.  A row of NULL
 * is skipped, and so is one with a null element: what is missing has no place
 * in a scale (complete cases only).  Its length still counts: all arrays of a
 * group must have as many elements.
 *
 * The state is changed in place only when an aggregate calls; then it lives in
 * the executor's memory.  A direct call from SQL works on a copy.  The final
 * functions do not touch the state.
 */
#include "postgres.h"

#include "common/compat.h"

#include "common/aggregate_state.h"
#include "common/row_options.h"
#include "fmgr.h"
#include "scoring/component_args.h"
#include "scoring/component_rows.h"
#include "scoring/weighting.h"

PG_FUNCTION_INFO_V1(custseg_component_rows_accum);
PG_FUNCTION_INFO_V1(custseg_component_rows_benefit_accum);
PG_FUNCTION_INFO_V1(custseg_component_rows_weights_accum);
PG_FUNCTION_INFO_V1(custseg_component_rows_combine);
PG_FUNCTION_INFO_V1(custseg_entropy_weights_final);

/* The state in argument 0, for changing it. */
static ComponentRows *
GetOwnState(FunctionCallInfo fcinfo)
{
	ComponentRows *state = (ComponentRows *) PG_GETARG_VARLENA_P(0);

	ComponentRowsCheck(state);
	return OwnState(fcinfo, state);
}

static Datum
UnchangedState(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* Weights and directions must be those of the state. */
static void
CheckOptions(const ComponentRows *state, const double *weights, const bool *benefit)
{
	int			n = state->n_columns;

	if (weights != NULL || state->has_weights)
		if (weights == NULL || !state->has_weights ||
			memcmp(weights, ComponentRowsWeights(state), n * sizeof(double)) != 0)
			OptionChanged("weights");
	if (benefit != NULL || state->has_benefit)
		if (benefit == NULL || !state->has_benefit ||
			memcmp(benefit, ComponentRowsBenefit(state), n * sizeof(bool)) != 0)
			OptionChanged("benefit");
}

/*
 * Arguments: state, components, and at arg_weights and arg_benefit what is not
 * -1.  benefit NULL: more is better in every column.
 */
static Datum
Accumulate(FunctionCallInfo fcinfo, int arg_weights, int arg_benefit)
{
	ComponentRows *state;
	double		values[MAX_COMPONENTS];
	double		weights[MAX_COMPONENTS];
	bool		benefit[MAX_COMPONENTS];
	bool		has_benefit = arg_benefit >= 0 && !PG_ARGISNULL(arg_benefit);
	bool		has_null;
	int			n;

	if (arg_weights >= 0 && PG_ARGISNULL(arg_weights))
		WeightsMissing();
	if (PG_ARGISNULL(1))
		return UnchangedState(fcinfo);

	n = ReadComponents(PG_GETARG_DATUM(1), "components", false, values, &has_null);
	if (arg_weights >= 0)
		ReadWeights(PG_GETARG_DATUM(arg_weights), n, "components", weights);
	if (has_benefit)
		ReadBenefit(PG_GETARG_DATUM(arg_benefit), n, benefit);

	if (PG_ARGISNULL(0))
		state = ComponentRowsMake(n, arg_weights >= 0 ? weights : NULL,
								  has_benefit ? benefit : NULL, 1);
	else
	{
		state = GetOwnState(fcinfo);
		if (n != state->n_columns)
			ComponentsChanged("components", state->n_columns, n);
		CheckOptions(state, arg_weights >= 0 ? weights : NULL, has_benefit ? benefit : NULL);
	}
	if (!has_null)
		state = ComponentRowsAppend(state, values, 1);
	PG_RETURN_POINTER(state);
}

Datum
custseg_component_rows_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, -1, -1);
}

Datum
custseg_component_rows_benefit_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, -1, 2);
}

Datum
custseg_component_rows_weights_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, 2, 3);
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_component_rows_combine(PG_FUNCTION_ARGS)
{
	ComponentRows *state = GetOwnState(fcinfo);
	ComponentRows *other = (ComponentRows *) PG_GETARG_VARLENA_P(1);

	ComponentRowsCheck(other);
	if (state->n_columns != other->n_columns)
		ComponentsChanged("components", state->n_columns, other->n_columns);
	CheckOptions(state, ComponentRowsWeights(other), ComponentRowsBenefit(other));
	PG_RETURN_POINTER(ComponentRowsAppend(state, ComponentRowsData(other), other->n_rows));
}

Datum
custseg_entropy_weights_final(PG_FUNCTION_ARGS)
{
	ComponentRows *state = (ComponentRows *) PG_GETARG_VARLENA_P(0);
	double		weights[MAX_COMPONENTS];

	ComponentRowsCheck(state);
	if (state->n_rows == 0)
		PG_RETURN_NULL();
	EntropyWeights(ComponentRowsData(state), state->n_rows, state->n_columns,
				   ComponentRowsBenefit(state), weights);
	PG_RETURN_DATUM(FloatArrayDatum(weights, state->n_columns));
}
