/*
 * scale_state.h
 *		The state of the aggregates that fit scales.
 *
 * A flat varlena, whose data are
 *
 *	 RANGE     nothing
 *	 MOMENTS   sum, then sum of squares, exact, both with `capacity` limbs
 *	 VALUES    value_counts as in value_counts.h, with a header of their own
 *
 * The canonical form has trimmed sums with just the limbs they need, or values
 * without tail and slack.
 */
#ifndef CUSTSEG_SCALE_STATE_H
#define CUSTSEG_SCALE_STATE_H

#include "common/exact_sum.h"
#include "scoring/scale_model.h"
#include "scoring/value_counts.h"

typedef enum ScaleForm
{
	SCALE_RANGE, SCALE_MOMENTS, SCALE_VALUES, N_SCALE_FORMS
} ScaleForm;

extern const char *const scale_form_names[N_SCALE_FORMS];

/* The arguments of a fit beside x. */
typedef struct ScaleOptions
{
	bool		has_bounds;
	double		lower;			/* 0 without bounds */
	double		upper;
	int			max_points;		/* 0: all */
} ScaleOptions;

typedef struct ScaleState
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		form;
	uint8		has_bounds;
	uint8		capacity;		/* of MOMENTS, otherwise 0 */
	int32		max_points;
	int32		unused;
	double		lower;
	double		upper;
	int64		n;				/* rows; of RANGE and MOMENTS, as min and max */
	double		min;
	double		max;
	double		data[FLEXIBLE_ARRAY_MEMBER];
} ScaleState;

#define SCALE_STATE_VERSION 1

#define SCALE_STATE_HEADER offsetof(ScaleState, data)

static inline ExactSum *
ScaleStateSum(const ScaleState *state)
{
	return (ExactSum *) state->data;
}

static inline ExactSum *
ScaleStateSquares(const ScaleState *state)
{
	return (ExactSum *) ((char *) state->data + SizeOfExactSum(state->capacity));
}

static inline ValueCounts *
ScaleStateValues(const ScaleState *state)
{
	return (ValueCounts *) state->data;
}

/* An empty state; capacity is of MOMENTS. */
extern ScaleState *ScaleStateMake(ScaleForm form, const ScaleOptions *options, int capacity);

/* A state of the form VALUES around these counts, which are copied. */
extern ScaleState *ScaleStateWrap(const ScaleOptions *options, const ValueCounts *counts);

/* An error unless the bytes are a state that this version can read. */
extern void ScaleStateCheck(const ScaleState *state);

extern ScaleOptions ScaleStateOptions(const ScaleState *state);

/*
 * Each changes `state` in place, or returns a larger one made in the current
 * memory context; the old one is not freed.  x is no NaN and not -0, and
 * finite but for VALUES.  Both states have the same form and options.
 */
extern ScaleState *ScaleStateAdd(ScaleState *state, double x);
extern ScaleState *ScaleStateCombine(ScaleState *state, const ScaleState *other);

/* The state without what it has to spare: a copy. */
extern ScaleState *ScaleStateCanonical(const ScaleState *state);

/* The model of a state; NULL if it has no rows. */
extern ScaleModel *ScaleStateFit(const ScaleState *state, ScaleKind kind);

#endif							/* CUSTSEG_SCALE_STATE_H */
