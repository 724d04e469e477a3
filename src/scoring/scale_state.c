/*
 * scale_state.c
 *		The state of the aggregates that fit scales (core).
 *
 * minmax_fit keeps a range and zscore_fit exact sums: of a fixed, small size.
 * With bounds, and for percentiles, all values are needed: they are kept as
 * the breaks aggregates keep them, see value_counts.c.  That code sees a state
 * of its own kind that happens to lie inside ours; when it makes a larger one,
 * ours is made anew around it.
 *
 * Memory: a state is one palloc'd chunk.  A larger one is made in the current
 * memory context; in an aggregate that is the per-tuple context, from which
 * the executor copies the state to its own and frees the old one.
 */
#include "scoring/scale_state.h"

#include <math.h>

#include "common/add_rows.h"
#include "common/binary.h"
#include "utils/memutils.h"

const char *const scale_form_names[N_SCALE_FORMS] = {
	"range", "moments", "values"
};

/* value_counts wants a number of classes, of which a scale has none. */
#define NO_CLASSES 1

static ScaleState *
MakeState(ScaleForm form, const ScaleOptions *options, Size data)
{
	ScaleState *state;

	if (data > MaxAllocSize - SCALE_STATE_HEADER)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values for an exact scale"),
				 errdetail("The limit is about %d distinct values.", MAX_SCALE_POINTS),
				 errhint("Round the values, or fit the scale on a sample.")));
	state = palloc0(SCALE_STATE_HEADER + data);
	SET_VARSIZE(state, SCALE_STATE_HEADER + data);
	state->version = SCALE_STATE_VERSION;
	state->form = form;
	state->has_bounds = options->has_bounds;
	state->lower = options->lower;
	state->upper = options->upper;
	state->max_points = options->max_points;
	return state;
}

ScaleState *
ScaleStateWrap(const ScaleOptions *options, const ValueCounts *counts)
{
	ScaleState *state = MakeState(SCALE_VALUES, options, VARSIZE(counts));

	memcpy(state->data, counts, VARSIZE(counts));
	return state;
}

ScaleState *
ScaleStateMake(ScaleForm form, const ScaleOptions *options, int capacity)
{
	ScaleState *state;
	ValueCounts *counts;

	if (form == SCALE_VALUES)
	{
		counts = ValueCountsMake(NO_CLASSES, 0);
		state = ScaleStateWrap(options, counts);
		pfree(counts);
		return state;
	}
	state = MakeState(form, options, form == SCALE_MOMENTS ? 2 * SizeOfExactSum(capacity) : 0);
	if (form == SCALE_MOMENTS)
	{
		state->capacity = capacity;
		ExactSumInit(ScaleStateSum(state), capacity);
		ExactSumInit(ScaleStateSquares(state), capacity);
	}
	return state;
}

ScaleOptions
ScaleStateOptions(const ScaleState *state)
{
	ScaleOptions options = {state->has_bounds, state->lower, state->upper, state->max_points};

	return options;
}

static bool
DataIsSound(const ScaleState *state, Size bytes)
{
	Size		each = SizeOfExactSum(state->capacity);

	if (state->form == SCALE_RANGE)
		return bytes == 0 && state->n >= 0;
	if (state->form == SCALE_MOMENTS)
		return bytes == 2 * each && state->n >= 0 && state->capacity > 0 &&
			ExactSumIsSound(ScaleStateSum(state), each) &&
			ExactSumIsSound(ScaleStateSquares(state), each) &&
			ScaleStateSum(state)->capacity == state->capacity &&
			ScaleStateSquares(state)->capacity == state->capacity;
	return bytes >= offsetof(ValueCounts, data) &&
		bytes == VARSIZE(ScaleStateValues(state));
}

void
ScaleStateCheck(const ScaleState *state)
{
	Size		bytes = VARSIZE(state);

	if (bytes > offsetof(ScaleState, version))
		CheckStoredVersion("scale_state", state->version, SCALE_STATE_VERSION);
	if (bytes < SCALE_STATE_HEADER || state->form >= N_SCALE_FORMS ||
		state->max_points < 0 || !DataIsSound(state, bytes - SCALE_STATE_HEADER))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("scale_state is corrupted")));
	if (state->form == SCALE_VALUES)
		ValueCountsCheck(ScaleStateValues(state));
}

/* --- Rows ----------------------------------------------------------------- */

static void
WidenRange(ScaleState *state, int64 n, double min, double max)
{
	if (state->n == 0 || min < state->min)
		state->min = min;
	if (state->n == 0 || max > state->max)
		state->max = max;
	state->n = AddRows(state->n, n, "scale_state");
}

/* A copy whose sums have this many limbs. */
static ScaleState *
WithCapacity(const ScaleState *state, int capacity)
{
	ScaleOptions options = ScaleStateOptions(state);
	ScaleState *result = ScaleStateMake(SCALE_MOMENTS, &options, capacity);

	result->n = state->n;
	result->min = state->min;
	result->max = state->max;
	ExactSumCopy(ScaleStateSum(result), ScaleStateSum(state));
	ExactSumCopy(ScaleStateSquares(result), ScaleStateSquares(state));
	return result;
}

static ScaleState *
MoreCapacity(ScaleState *state)
{
	if (state->capacity >= EXACT_SUM_MAX)
		elog(ERROR, "exact sum is out of range");
	return WithCapacity(state, Min(2 * state->capacity, EXACT_SUM_MAX));
}

ScaleState *
ScaleStateAdd(ScaleState *state, double x)
{
	ValueCounts *before;
	ValueCounts *after;
	ScaleOptions options;

	if (state->form != SCALE_VALUES)
	{
		WidenRange(state, 1, x, x);
		if (state->form == SCALE_MOMENTS)
		{
			while (!ExactSumAdd(ScaleStateSum(state), x))
				state = MoreCapacity(state);
			while (!ExactSumAddProduct(ScaleStateSquares(state), x, x))
				state = MoreCapacity(state);
		}
		return state;
	}

	before = ScaleStateValues(state);
	after = ValueCountsAdd(before, x);
	if (after == before)
		return state;
	options = ScaleStateOptions(state);
	state = ScaleStateWrap(&options, after);
	pfree(after);
	return state;
}

ScaleState *
ScaleStateCombine(ScaleState *state, const ScaleState *other)
{
	ValueCounts *before;
	ValueCounts *after;
	ScaleOptions options;

	if (state->form != SCALE_VALUES)
	{
		if (other->n == 0)
			return state;
		WidenRange(state, other->n, other->min, other->max);
		if (state->form == SCALE_MOMENTS)
		{
			while (!ExactSumAddSum(ScaleStateSum(state), ScaleStateSum(other)))
				state = MoreCapacity(state);
			while (!ExactSumAddSum(ScaleStateSquares(state), ScaleStateSquares(other)))
				state = MoreCapacity(state);
		}
		return state;
	}

	before = ScaleStateValues(state);
	after = ValueCountsCombine(before, ScaleStateValues(other));
	if (after == before)
		return state;
	options = ScaleStateOptions(state);
	state = ScaleStateWrap(&options, after);
	pfree(after);
	return state;
}

ScaleState *
ScaleStateCanonical(const ScaleState *state)
{
	ScaleOptions options = ScaleStateOptions(state);
	ScaleState *copy;
	int			limbs;

	if (state->form == SCALE_VALUES)
		return ScaleStateWrap(&options, ValueCountsCanonical(ScaleStateValues(state)));
	copy = palloc(VARSIZE(state));
	memcpy(copy, state, VARSIZE(state));
	if (state->form == SCALE_RANGE)
		return copy;
	ExactSumTrim(ScaleStateSum(copy));
	ExactSumTrim(ScaleStateSquares(copy));
	limbs = Max(ScaleStateSum(copy)->used, ScaleStateSquares(copy)->used);
	return WithCapacity(copy, Max(limbs, 1));
}

/* --- The fit -------------------------------------------------------------- */

static ScaleModel *
FitOfRuns(const ValueRuns *runs, ScaleKind kind, int max_points)
{
	switch (kind)
	{
		case SCALE_MINMAX:
			return MinmaxFromRuns(runs);
		case SCALE_ZSCORE:
			return ZscoreFromRuns(runs);
		default:
			return PercentilesFromRuns(runs, max_points);
	}
}

/* Infinite values can be those of a stored state, or have come before percentiles. */
static void
CheckFiniteRuns(const ValueRuns *runs)
{
	if (isinf(runs->value[0]) || isinf(runs->value[runs->n_runs - 1]))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must be a finite number, not infinity"),
				 errhint("Only percentiles can be of infinite values.")));
}

ScaleModel *
ScaleStateFit(const ScaleState *state, ScaleKind kind)
{
	ScaleModel *model;
	ValueRuns	runs;

	if (state->form == SCALE_VALUES)
	{
		runs = ValueCountsRuns(ScaleStateValues(state));
		if (runs.total == 0)
			return NULL;
		if (kind != SCALE_PERCENTILE)
			CheckFiniteRuns(&runs);
		if (state->has_bounds)
			runs = WinsorisedRuns(&runs, state->lower, state->upper);
		model = FitOfRuns(&runs, kind, state->max_points);
	}
	else if (state->n == 0)
		return NULL;
	else if (kind == SCALE_MINMAX)
		model = MinmaxFromRange(state->n, state->min, state->max);
	else
		model = ZscoreFromSums(state->n, state->min, state->max,
							   ScaleStateSum(state), ScaleStateSquares(state));
	model->has_bounds = state->has_bounds;
	model->lower = state->lower;
	model->upper = state->upper;
	return model;
}
