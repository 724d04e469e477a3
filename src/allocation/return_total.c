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
 * rows on a side, and one between, are both tried.  The best of the three is
 * the result.  Totals are added up without rounding, so that the choice does
 * not depend on the order of rows.
 *
 * Memory: 8 bytes a row for another solution, where there is a split row.
 */
#include "allocation/return_solve.h"

#include <float.h>
#include <math.h>

#include "common/exact_sum.h"

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

/* Puts every S-shaped row on the side on which it is. Returns whether the budget fits the sides. */
static bool
ChooseSides(const ReturnProblem *problem, const int64 *units, int32 split, RowMode mode)
{
	int128		low = 0;
	int128		high = 0;

	for (int32 i = 0; i < problem->n; i++)
	{
		ReturnRow  *row = &problem->rows[i];

		if (row->knee > row->low)
			row->mode = i == split ? mode : units[i] < row->knee ? ROW_OFF : ROW_ON;
		low += RowLow(row);
		high += RowHigh(row);
		POLL_EVERY(i);
	}
	return low <= problem->budget && problem->budget <= high;
}

static void
ForgetSides(const ReturnProblem *problem)
{
	for (int32 i = 0; i < problem->n; i++)
	{
		problem->rows[i].mode = ROW_ENVELOPE;
		POLL_EVERY(i);
	}
}

void
SolveReturns(const ReturnProblem *problem, int64 *units)
{
	static const RowMode modes[] = {ROW_OFF, ROW_ON};
	SplitRow	split;
	SplitRow	none;
	double		price = 0;
	double		best = 0;
	int			exponent = 0;
	int64	   *tried;
	int64	   *envelope;
	Size		size = ((Size) problem->n + 1) * sizeof(int64);

	SolvePrice(problem, &price, units, &split);
	if (split.row < 0)
		return;

	envelope = palloc_extended(size, MCXT_ALLOC_HUGE);
	tried = palloc_extended(size, MCXT_ALLOC_HUGE);
	memcpy(envelope, units, problem->n * sizeof(int64));
	IsBetter(problem, units, &best, &exponent);
	for (int m = 0; m < lengthof(modes); m++)
	{
		double		begin = price;

		if (ChooseSides(problem, envelope, split.row, modes[m]))
		{
			SolvePrice(problem, &begin, tried, &none);
			if (IsBetter(problem, tried, &best, &exponent))
				memcpy(units, tried, problem->n * sizeof(int64));
		}
	}
	ForgetSides(problem);
	pfree(tried);
	pfree(envelope);
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
