/*
 * component_rows.h
 *		Rows of several numbers each: the state of fits that need them all.
 *
 * A flat varlena:
 *
 *	 +--------+-------------------+----------------------+--------------+-------+
 *	 | header | weight[n_columns]  | benefit[n_columns]   | rows, one    | slack |
 *	 |        | if has_weights     | if has_benefit: one  | after the    |       |
 *	 |        |                    | byte each, padded    | other        |       |
 *	 +--------+-------------------+----------------------+--------------+-------+
 *
 * Weights and directions are arguments of the aggregate that must be the same
 * in all rows.
 */
#ifndef CUSTSEG_COMPONENT_ROWS_H
#define CUSTSEG_COMPONENT_ROWS_H

#include "common/core.h"

#define COMPONENT_ROWS_VERSION 1
#define MAX_COMPONENTS 1000

typedef struct ComponentRows
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	bool		has_weights;
	bool		has_benefit;
	uint8		unused;
	int32		n_columns;
	int32		n_rows;
	double		data[FLEXIBLE_ARRAY_MEMBER];
} ComponentRows;

/* What comes before the rows, in slots of 8 bytes. */
static inline int64
ComponentRowsPrefix(int n_columns, bool has_weights, bool has_benefit)
{
	return (has_weights ? n_columns : 0) + (has_benefit ? (n_columns + 7) / 8 : 0);
}

static inline double *
ComponentRowsData(const ComponentRows *state)
{
	return (double *) state->data +
		ComponentRowsPrefix(state->n_columns, state->has_weights, state->has_benefit);
}

/* NULL: the aggregate has no weights. */
static inline double *
ComponentRowsWeights(const ComponentRows *state)
{
	return state->has_weights ? (double *) state->data : NULL;
}

/* NULL: more is better in every column. */
static inline bool *
ComponentRowsBenefit(const ComponentRows *state)
{
	if (!state->has_benefit)
		return NULL;
	return (bool *) (state->data + (state->has_weights ? state->n_columns : 0));
}

/* A state with room for some rows; n_rows is 0. weights and benefit may be NULL. */
extern ComponentRows *ComponentRowsMake(int n_columns, const double *weights,
										const bool *benefit, int64 rows);

/* An error unless the bytes are a state that this version can read. */
extern void ComponentRowsCheck(const ComponentRows *state);

/*
 * Appends rows in place, or to a larger state made in the current memory
 * context; the old one is not freed.
 */
extern ComponentRows *ComponentRowsAppend(ComponentRows *state,
										  const double *rows, int64 n_rows);

/* The values of a column, ascending, in a new array. */
extern double *ColumnSorted(const double *rows, int64 n_rows, int n_columns, int column);

#endif							/* CUSTSEG_COMPONENT_ROWS_H */
