/*
 * return_total.c
 *		Core of allocate_return: from the envelope to a distribution.
 *
 * With curves that are concave the solution by prices is the best one there
 * is.  An S-shaped curve is replaced by its concave envelope over whole units,
 * a tangent from the floor and the curve behind it; what the envelopes bring
 * in total is then an upper bound on what the curves can bring.  At that
 * solution all rows but one, the split row, lie on their curves.
 *
 * What the split row loses against its tangent can be won back in part.  Two
 * other solutions are made, in which it keeps its floor, or is in its concave
 * part, and every other S-shaped row is on the side on which it was; with the
 * sides given, curves are concave, and solutions best.  In an optimum at most
 * one row lies in its convex part: of two, the one that brings more for the
 * next unit would take units from the other.  So two kinds of solution, all
 * rows on a side, and one between, are both tried.  In small problems, where
 * one row is a large part of the whole, single rows then change sides as long
 * as that helps.  The best of all is the result.  Totals are added up without
 * rounding, so that the choice does not depend on the order of rows.
 *
 * Memory: 9 bytes a row for other solutions, where there is a split row.
 */
#include "allocation/return_solve.h"

#include <float.h>
#include <math.h>

#include "common/exact_sum.h"

/* Limits on the search among sides: rows that are changed, rounds, and rows that all solutions of a round look at. */
#define MAX_SIDE_CHANGES 32
#define MAX_SIDE_ROUNDS 4
#define SIDE_CHANGE_ROWS 3000

static void
AddReturn(ExactSumSpace *total, double x)
{
	/* there is room for any sum, and x is finite: the curves' ranges see to it */
	if (!ExactSumAdd(&total->sum, x))
		elog(ERROR, "sum of returns has no room");
}

static void
TotalReturn(const ReturnProblem *problem, const int64 *units, ExactSumSpace *total)
{
	ExactSumInit(&total->sum, EXACT_SUM_MAX);
	for (int32 i = 0; i < problem->n; i++)
	{
		AddReturn(total, UnitValue(&problem->rows[i].curve, units[i]));
		POLL_EVERY(i);
	}
}

/* Whether a distribution brings more than the best so far; then that is its total. */
static bool
IsBetter(const ReturnProblem *problem, const int64 *units, double *best, int *best_exponent)
{
	ExactSumSpace total;
	int			exponent;
	double		x;

	TotalReturn(problem, units, &total);
	x = ExactSumFrexp(&total.sum, &exponent);
	if (x == 0 || (*best != 0 && (exponent < *best_exponent ||
								  (exponent == *best_exponent && x <= *best))))
		return false;
	*best = x;
	*best_exponent = exponent;
	return true;
}

/* --- Sides of the rows that are S-shaped ------------------------------------------------ */

/* A search among sides, and the best distribution so far. */
typedef struct SideSearch
{
	const ReturnProblem *problem;
	int32		split;			/* the row that was split */
	double		price;			/* of the envelope's solution */
	uint8	   *sides;			/* RowMode of every row */
	int64	   *tried;
	int64	   *units;
	double		best;			/* total return of units, as by frexp */
	int			exponent;
} SideSearch;

/* The sides on which rows are. */
static void
KeepSides(SideSearch *search)
{
	for (int32 i = 0; i < search->problem->n; i++)
	{
		const ReturnRow *row = &search->problem->rows[i];

		search->sides[i] = row->knee == row->low ? ROW_ENVELOPE :
			search->units[i] < row->turn ? ROW_OFF : ROW_ON;
		POLL_EVERY(i);
	}
}

/*
 * Tries these sides, with the other side for one row (-1: none) and a mode for
 * the split one.  Returns whether that is the best so far.
 */
static bool
TrySides(SideSearch *search, int32 flipped, RowMode split_mode)
{
	const ReturnProblem *problem = search->problem;
	int128		low = 0;
	int128		high = 0;
	double		price = search->price;
	SplitRow	split;

	/* many small solutions have no long loop that would poll */
	custseg_poll();
	for (int32 i = 0; i < problem->n; i++)
	{
		ReturnRow  *row = &problem->rows[i];

		row->mode = i == search->split ? split_mode : i != flipped ? search->sides[i] :
			search->sides[i] == ROW_ON ? ROW_OFF : ROW_ON;
		low += RowLow(row);
		high += RowHigh(row);
		POLL_EVERY(i);
	}
	if (low > problem->budget || high < problem->budget)
		return false;
	SolvePrice(problem, &price, search->tried, &split);
	if (!IsBetter(problem, search->tried, &search->best, &search->exponent))
		return false;
	memcpy(search->units, search->tried, problem->n * sizeof(int64));
	return true;
}

/*
 * Changes sides of single rows as long as that helps, those first whose
 * tangents are as steep as the price.  Each attempt takes a whole solution:
 * this is for small problems, in which one row matters.
 */
static void
ChangeSides(SideSearch *search)
{
	const ReturnProblem *problem = search->problem;
	int			limit = Min(MAX_SIDE_CHANGES, SIDE_CHANGE_ROWS / problem->n);
	int32	   *rows;
	int32		n = 0;

	if (limit == 0)
		return;
	rows = palloc(problem->n * sizeof(int32));
	for (int32 i = 0; i < problem->n; i++)
		if (problem->rows[i].knee > problem->rows[i].low && i != search->split)
			rows[n++] = i;
	SortByTangent(problem, search->price, rows, n);
	for (int round = 0; round < MAX_SIDE_ROUNDS; round++)
	{
		bool		helped = false;

		KeepSides(search);
		for (int32 j = 0; j < Min(n, limit); j++)
		{
			helped |= TrySides(search, rows[j], ROW_ENVELOPE);
			helped |= TrySides(search, rows[j], ROW_OFF);
			helped |= TrySides(search, rows[j], ROW_ON);
		}
		if (!helped)
			break;
	}
	pfree(rows);
}

void
SolveReturns(const ReturnProblem *problem, int64 *units)
{
	SideSearch	search = {.problem = problem, .units = units};
	SplitRow	split;

	SolvePrice(problem, &search.price, units, &split);
	if (split.row < 0)
		return;

	search.split = split.row;
	search.tried = palloc_extended(problem->n * sizeof(int64), MCXT_ALLOC_HUGE);
	search.sides = palloc_extended(problem->n, MCXT_ALLOC_HUGE);
	IsBetter(problem, units, &search.best, &search.exponent);
	KeepSides(&search);
	TrySides(&search, -1, ROW_OFF);
	TrySides(&search, -1, ROW_ON);
	ChangeSides(&search);
	pfree(search.tried);
	pfree(search.sides);
}

double
ReturnsBound(const ReturnProblem *problem, int *exponent)
{
	Size		size = ((Size) problem->n + 1) * sizeof(int64);
	int64	   *units = palloc_extended(size, MCXT_ALLOC_HUGE);
	SplitRow	split;
	double		price = 0;
	ExactSumSpace total;

	SolvePrice(problem, &price, units, &split);
	if (split.row >= 0)
		units[split.row] -= split.units;
	TotalReturn(problem, units, &total);
	if (split.row >= 0)
		AddReturn(&total, problem->rows[split.row].tangent * (double) split.units);
	pfree(units);
	return ExactSumFrexp(&total.sum, exponent);
}
