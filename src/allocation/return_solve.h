/*
 * return_solve.h
 *		Core of allocate_return: whole units where they bring the most.
 */
#ifndef CUSTSEG_RETURN_SOLVE_H
#define CUSTSEG_RETURN_SOLVE_H

#include "allocation/return_curve.h"

/*
 * How a row of an S-shaped curve is seen: by its concave envelope, or as one
 * that keeps its floor, or as one that is in the concave part.  Other rows are
 * ROW_ENVELOPE, which for them is the curve.
 */
typedef enum RowMode
{
	ROW_ENVELOPE,
	ROW_OFF,
	ROW_ON
} RowMode;

typedef struct ReturnRow
{
	UnitCurve	curve;
	int64		low;			/* floor and cap in units; low <= high */
	int64		high;
	int64		turn;			/* from here on the curve is concave */
	int64		knee;			/* end of the tangent from low; low where there is none */
	double		tangent;		/* its slope: the mean gain of the units low + 1 .. knee */
	RowMode		mode;

	/* what is known while prices are tried: the counts at a higher and at a lower price */
	int64		least;
	int64		most;
} ReturnRow;

/* By the key: negative if row a comes before row b, 0 if the keys say nothing. */
typedef int (*RowOrder) (int32 a, int32 b, void *arg);

/*
 * The sum of low is at most the budget, that of high at least.  Both, and each
 * of them, are below 2^62.
 */
typedef struct ReturnProblem
{
	ReturnRow  *rows;
	int32		n;
	int64		budget;
	RowOrder	order;
	void	   *order_arg;
} ReturnProblem;

#define MAX_RETURN_UNITS (INT64CONST(1) << 62)

/* The row that got a part of its tangent only. */
typedef struct SplitRow
{
	int32		row;			/* -1: none */
	int64		units;			/* above low */
} SplitRow;

/* Sets turn, knee and tangent of a row whose curve, low and high are set. */
extern void ReturnRowInit(ReturnRow *row);

/* The bounds of a row in its mode. */
static inline int64
RowLow(const ReturnRow *row)
{
	return row->mode == ROW_ON ? row->turn : row->low;
}

static inline int64
RowHigh(const ReturnRow *row)
{
	return row->mode == ROW_OFF ? row->low : row->high;
}

/* Whether the row's envelope begins with a tangent that is still to be taken, or not. */
static inline bool
RowHasTangent(const ReturnRow *row)
{
	return row->mode == ROW_ENVELOPE && row->knee > row->low;
}

/*
 * Sets units to the best distribution of the budget over the rows as their
 * modes say.  *price is where the search begins (0: unknown) and becomes the
 * price that was found.  Memory of the current context is used and freed.
 */
extern void SolvePrice(const ReturnProblem *problem, double *price, int64 *units, SplitRow *split);

/*
 * The second half of it: least and most of the rows say which units are left
 * to decide upon, and `left` are to be given.  units becomes the result.
 * flat: all of them are worth the same.
 */
extern void SelectUnits(const ReturnProblem *problem, int64 left, bool flat, int64 *units,
						SplitRow *split);

/* Sorts rows by how far their tangents are from a price; few rows. */
extern void SortByTangent(const ReturnProblem *problem, double price, int32 *rows, int32 n);

/*
 * Sets units to the best distribution found: the best there is where no row
 * has a tangent.
 */
extern void SolveReturns(const ReturnProblem *problem, int64 *units);

/*
 * What no distribution can exceed, times 2^exponent of the curves, as by
 * frexp.
 */
extern double ReturnsBound(const ReturnProblem *problem, int *exponent);

#endif							/* CUSTSEG_RETURN_SOLVE_H */
