/*
 * return_select.c
 *		Core of allocate_return: the last units, taken one by one.
 *
 * Between two prices that are close together lie a number of units, some more
 * than are left to give.  They are sorted by what they bring and the best are
 * taken: the next unit that nobody gets then brings no more than the last one
 * that somebody got.  Units that bring the same are taken in turns, the first
 * of every row and then the second, and in a turn by the rows' keys.
 *
 * The tangent of an S-shaped curve is taken whole or not at all, but for one
 * row: where the best of what remains is a tangent with more units than are
 * left, that row gets what is left, and is reported as split.
 *
 * Where doubles cannot tell the units apart (flat), every row gets the same
 * part of the units that it has there, by largest remainders.
 *
 * Memory: 24 bytes for each unit, or each row, that is sorted; freed here.
 */
#include "allocation/return_solve.h"

#include <float.h>
#include <math.h>

typedef struct SelectItem
{
	double		gain;
	int64		turn;			/* of a row's units the first is 1; 0: a tangent */
	int32		row;
} SelectItem;

#define COMPARE_FIELD(field) \
	if (x->field != y->field) \
		return x->field < y->field ? -1 : 1

/* An order of rows that have no different keys. */
static int
CompareRows(const ReturnRow *x, const ReturnRow *y)
{
	COMPARE_FIELD(curve.kind);
	COMPARE_FIELD(curve.a);
	COMPARE_FIELD(curve.b);
	COMPARE_FIELD(curve.c);
	COMPARE_FIELD(low);
	COMPARE_FIELD(high);
	return 0;
}

static inline int
CompareItems(const SelectItem *x, const SelectItem *y, const ReturnProblem *problem)
{
	int			order;

	if (x->gain != y->gain)
		return x->gain > y->gain ? -1 : 1;
	COMPARE_FIELD(turn);
	order = problem->order(x->row, y->row, problem->order_arg);
	if (order == 0)
		order = CompareRows(&problem->rows[x->row], &problem->rows[y->row]);
	if (order == 0)
		order = x->row < y->row ? -1 : x->row > y->row;
	return order;
}

#define ST_SORT SortItems
#define ST_ELEMENT_TYPE SelectItem
#define ST_COMPARE(a, b, problem) CompareItems(a, b, problem)
#define ST_COMPARE_ARG_TYPE const ReturnProblem
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "miscadmin.h"
#include "lib/sort_template.h"

/* Whether the row's tangent is among what is to be decided. */
static inline bool
TangentIsOpen(const ReturnRow *row)
{
	return RowHasTangent(row) && row->least < row->knee && row->most >= row->knee;
}

/* The number of units after which those of a row are decided one by one. */
static inline int64
OpenFrom(const ReturnRow *row)
{
	return TangentIsOpen(row) ? row->knee : row->least;
}

/* What is open of a row, sorted later; returns how many. */
static int64
AddItems(const ReturnProblem *problem, int32 i, SelectItem *items)
{
	const ReturnRow *row = &problem->rows[i];
	double		last = DBL_MAX;
	int64		n = 0;

	if (TangentIsOpen(row))
	{
		items[n++] = (SelectItem) {row->tangent, 0, i};
		last = row->tangent;
	}
	for (int64 k = OpenFrom(row) + 1; k <= row->most; k++)
	{
		double		gain = UnitGain(&row->curve, k);

		/* what rounding would turn round stays in the order of the units */
		last = Min(last, gain);
		items[n] = (SelectItem) {last, n + 1, i};
		n++;
		POLL_EVERY(n);
	}
	return n;
}

/* Gives the rest to a row whose tangent did not fit. */
static void
SplitTangent(int32 row, int64 left, int64 *units, SplitRow *split)
{
	/* the open units are more than are left, so a tangent was passed over */
	if (row < 0)
		elog(ERROR, "units are left that no row takes");
	split->row = row;
	split->units = left;
	units[row] += left;
}

/*
 * Takes items in their order.  A tangent that does not fit is passed over for
 * others that bring as much, and split if units are left after them.
 */
static void
TakeItems(const ReturnProblem *problem, const SelectItem *items, int64 n, int64 left,
		  int64 *units, SplitRow *split)
{
	int32		waiting = -1;
	double		gain = 0;

	for (int64 j = 0; j < n && left > 0; j++)
	{
		int32		i = items[j].row;
		const ReturnRow *row = &problem->rows[i];
		int64		size = items[j].turn == 0 ? row->knee - row->low : 1;

		POLL_EVERY(j);
		if (waiting >= 0 && items[j].gain < gain)
			break;
		/* units above a tangent that was not taken */
		if (items[j].turn > 0 && TangentIsOpen(row) && units[i] < row->knee)
			continue;
		if (size <= left)
		{
			units[i] += size;
			left -= size;
		}
		else if (waiting < 0)
		{
			waiting = i;
			gain = items[j].gain;
		}
	}
	if (left > 0)
		SplitTangent(waiting, left, units, split);
}

/*
 * The same part of what is open for every row.  Products stay below 2^124,
 * the sum below 2^93.
 */
static int64
TakeParts(const ReturnProblem *problem, SelectItem *items, int64 left, int64 *units)
{
	int128		total = 0;
	int64		rest;
	int64		n = 0;

	for (int32 i = 0; i < problem->n; i++)
	{
		const ReturnRow *row = &problem->rows[i];

		if (units[i] >= OpenFrom(row))
			total += row->most - units[i];
		POLL_EVERY(i);
	}
	left = rest = (int64) Min(total, left);
	for (int32 i = 0; i < problem->n; i++)
	{
		const ReturnRow *row = &problem->rows[i];
		int64		room = units[i] >= OpenFrom(row) ? row->most - units[i] : 0;

		POLL_EVERY(i);
		if (room > 0)
		{
			int128		product = (int128) left * room;
			int128		remainder = product % total;

			units[i] += (int64) (product / total);
			rest -= (int64) (product / total);
			items[n++] = (SelectItem) {(double) remainder / (double) total, 1, i};
		}
	}
	/* as many units are left as remainders add up to: fewer than rows that have one */
	SortItems(items, n, problem);
	for (int64 j = 0; j < rest; j++)
		units[items[j].row]++;
	return left;
}

/* Tangents first, by the keys, as they come in whole; then parts of the other units. */
static void
TakeFlat(const ReturnProblem *problem, int64 left, int64 *units, SplitRow *split)
{
	SelectItem *items = palloc_extended(((Size) problem->n + 1) * sizeof(SelectItem), MCXT_ALLOC_HUGE);
	int32		waiting = -1;
	int64		n = 0;

	for (int32 i = 0; i < problem->n; i++)
	{
		if (TangentIsOpen(&problem->rows[i]))
			items[n++] = (SelectItem) {problem->rows[i].tangent, 0, i};
		POLL_EVERY(i);
	}
	SortItems(items, n, problem);
	for (int64 j = 0; j < n; j++)
	{
		int32		i = items[j].row;
		int64		size = problem->rows[i].knee - problem->rows[i].low;

		POLL_EVERY(j);
		if (size <= left)
		{
			units[i] += size;
			left -= size;
		}
		else if (waiting < 0)
			waiting = i;
	}
	left -= TakeParts(problem, items, left, units);
	if (left > 0)
		SplitTangent(waiting, left, units, split);
	pfree(items);
}

void
SelectUnits(const ReturnProblem *problem, int64 left, bool flat, int64 *units, SplitRow *split)
{
	SelectItem *items;
	int64		n = 0;

	for (int32 i = 0; i < problem->n; i++)
	{
		const ReturnRow *row = &problem->rows[i];

		units[i] = row->least;
		n += row->most - OpenFrom(row) + (TangentIsOpen(row) ? 1 : 0);
		POLL_EVERY(i);
	}
	if (left == 0)
		return;
	if (flat)
	{
		TakeFlat(problem, left, units, split);
		return;
	}
	/* n is limited by SolvePrice() to about twice the number of rows */
	items = palloc_extended(((Size) n + 1) * sizeof(SelectItem), MCXT_ALLOC_HUGE);
	n = 0;
	for (int32 i = 0; i < problem->n; i++)
	{
		n += AddItems(problem, i, items + n);
		POLL_EVERY(i);
	}
	SortItems(items, n, problem);
	TakeItems(problem, items, n, left, units, split);
	pfree(items);
}

void
SortByTangent(const ReturnProblem *problem, double price, int32 *rows, int32 n)
{
	SelectItem *items = palloc_extended(((Size) n + 1) * sizeof(SelectItem), MCXT_ALLOC_HUGE);

	for (int32 j = 0; j < n; j++)
		items[j] = (SelectItem) {-fabs(problem->rows[rows[j]].tangent - price), 0, rows[j]};
	SortItems(items, n, problem);
	for (int32 j = 0; j < n; j++)
		rows[j] = items[j].row;
	pfree(items);
}
