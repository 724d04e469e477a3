/*
 * allocate_return.c
 *		allocate_return() and allocate_return_bound() OVER ().
 *
 * The first row of a partition reads all its rows and solves; the amounts stay
 * in the partition's memory as whole units, and each row takes its own.  Frame
 * and ORDER BY of the window do not matter.
 *
 * Memory: while a partition is solved, 114 bytes a row, 16 for floors and caps
 * that are no constants, 4 to 60 for the solver, and the keys where they are
 * given; then 8 bytes a row.
 */
#include "postgres.h"

#include "common/compat.h"

#include <float.h>
#include <math.h>

#include "allocation/amounts.h"
#include "allocation/return_args.h"
#include "allocation/return_solve.h"
#include "common/window_args.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_allocate_return);
PG_FUNCTION_INFO_V1(custseg_allocate_return_bound);

/* Arguments. */
enum
{
	ARG_CURVE, ARG_A, ARG_B, ARG_BUDGET, ARG_FLOOR, ARG_CAP, ARG_KEY, ARG_SCALE, ARG_LEFTOVER, ARG_C
};

static const AmountArguments arguments = {ARG_BUDGET, ARG_SCALE, ARG_LEFTOVER};

/* The exponent that the largest a is brought to: room for values far smaller and some that are larger. */
#define A_EXPONENT 200

/* Local memory of a partition; all zero before its first row. */
typedef struct PartitionReturns
{
	PartitionAmounts amounts;	/* first: AmountOptions() knows this part */
	double		bound;			/* of allocate_return_bound */
} PartitionReturns;

/* What rows of a partition say. */
typedef struct ReturnRows
{
	int64		n;
	ReturnRow  *rows;
	bool	   *is_out;			/* rows that take no part */
	WindowNumbers floors;
	WindowNumbers caps;
	WindowKeys	keys;
	int			exponent;		/* of two, that every a was multiplied by */
} ReturnRows;

/* --- Reading -------------------------------------------------------------------------- */

/* The curve of a row into its row, as given. */
static void
ReadCurve(FunctionCallInfo fcinfo, ReturnRows *rows, int64 row)
{
	WindowObject window = PG_WINDOW_OBJECT();
	UnitCurve  *unit = &rows->rows[row].curve;
	ReturnCurve curve = {CURVE_LOG, 0, 1, 0};
	bool		is_null;
	bool		no_c = true;
	Datum		datum = PartitionArgument(window, ARG_CURVE, row, &is_null);

	rows->is_out[row] = is_null;
	if (!is_null)
		curve.kind = ReadCurveKind(datum);
	datum = PartitionArgument(window, ARG_A, row, &is_null);
	curve.a = is_null ? 0 : DatumGetFloat8(datum);
	rows->is_out[row] |= is_null;
	datum = PartitionArgument(window, ARG_B, row, &is_null);
	curve.b = is_null ? 1 : DatumGetFloat8(datum);
	rows->is_out[row] |= is_null;
	if (rows->is_out[row])
		curve = (ReturnCurve) {CURVE_LOG, 0, 1, 0};
	else
	{
		if (curve.kind == CURVE_HILL)
		{
			datum = PartitionArgument(window, ARG_C, row, &no_c);
			curve.c = no_c ? 0 : DatumGetFloat8(datum);
		}
		CheckCurve(&curve, no_c);
	}
	unit->kind = curve.kind;
	unit->a = curve.a;
	unit->b = curve.b;
	unit->c = curve.c;
}

static void
ReadRows(FunctionCallInfo fcinfo, const char *function, int scale, ReturnRows *rows)
{
	WindowObject window = PG_WINDOW_OBJECT();
	MemoryContext own = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(own, "rows of returns", ALLOCSET_DEFAULT_SIZES);
	/* a constant, as the default is, tells no rows apart */
	bool		has_keys = !get_fn_expr_arg_stable(fcinfo->flinfo, ARG_KEY);

	rows->n = PartitionRows(window, function);
	rows->rows = palloc_extended(rows->n * sizeof(ReturnRow), MCXT_ALLOC_HUGE);
	rows->is_out = palloc_extended(rows->n * sizeof(bool), MCXT_ALLOC_HUGE);
	WindowNumbersInit(&rows->floors, fcinfo, ARG_FLOOR, rows->n, "floor", UNITS_UP, scale);
	WindowNumbersInit(&rows->caps, fcinfo, ARG_CAP, rows->n, "cap", UNITS_DOWN, scale);
	WindowKeysInit(&rows->keys, fcinfo, ARG_KEY, rows->n);
	for (int64 i = 0; i < rows->n; i++)
	{
		MemoryContextSwitchTo(scratch);
		ReadCurve(fcinfo, rows, i);
		MemoryContextSwitchTo(own);
		WindowNumbersReadRow(&rows->floors, window, i, scratch);
		WindowNumbersReadRow(&rows->caps, window, i, scratch);
		if (has_keys)
			WindowKeysRead(&rows->keys, window, i, scratch);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	MemoryContextDelete(scratch);
	CheckNotNegative(&rows->floors, "floor");
	CheckNotNegative(&rows->caps, "cap");
}

/* --- Floors and caps --------------------------------------------------------------------- */

/* A floor or a cap, which is not negative, in units, no larger than what a budget can have. */
static int64
BoundUnits(const WindowNumbers *numbers, int64 row)
{
	int128		units;

	if (numbers->big != NULL)
	{
		Decimal		d;

		if (DecimalFromNumeric(numbers->big[row * numbers->step], &d) != DECIMAL_OK ||
			!UnitsOfDecimal(&d, 0, UNITS_DOWN, &units))
			return MAX_RETURN_UNITS;
	}
	else
		units = WindowNumberWide(numbers, row);
	return (int64) Min(units, MAX_RETURN_UNITS);
}

static void
FloorExceedsCap(const ReturnRows *rows, int64 row, int scale)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("floor must not be above cap: %s and %s",
					TextOfNumeric(WindowNumberValue(&rows->floors, row)),
					TextOfNumeric(WindowNumberValue(&rows->caps, row))),
			 errdetail("In units of %s a floor is rounded up and a cap down.", TextOfUnits(1, scale)),
			 errhint("Pass least(floor, cap) as floor, or raise scale.")));
}

static char *
DifferenceText(Numeric a, Numeric b)
{
	return TextOfNumeric(DatumGetNumeric(DirectFunctionCall2(numeric_sub, NumericGetDatum(a),
															 NumericGetDatum(b))));
}

/* Exact, whatever the size of floors. */
static void
FloorsExceedBudget(const PartitionAmounts *amounts, const ReturnRows *rows)
{
	Numeric		total = NumericOfUnits(0, amounts->scale);

	for (int64 i = 0; i < rows->n; i++)
	{
		Numeric		before = total;

		POLL_EVERY(i);
		if (rows->is_out[i])
			continue;
		total = DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(before),
													NumericGetDatum(WindowNumberValue(&rows->floors, i))));
		pfree(before);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the floors exceed the budget"),
			 errdetail("The floors add up to %s, the budget is %s: %s are missing.", TextOfNumeric(total),
					   TextOfNumeric(amounts->budget), DifferenceText(total, amounts->budget)),
			 errhint("Raise the budget, lower floors, or leave rows out.")));
}

static void
BudgetExceedsCaps(const PartitionAmounts *amounts, int128 caps)
{
	Numeric		total = NumericOfUnits(caps, amounts->scale);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the caps are below the budget"),
			 errdetail("The rows can take %s, the budget is %s: %s would be left.", TextOfNumeric(total),
					   TextOfNumeric(amounts->budget), DifferenceText(amounts->budget, total)),
			 errhint("Raise caps, lower the budget, or pass leftover => 'keep' to give every row its cap and leave the rest.")));
}

/*
 * Sets low and high of all rows, and the budget to what they can take.  Nobody
 * can get more than the floor and what the floors leave of the budget.  Sums
 * are those of 2^31 numbers up to 2^62.
 */
static void
SetBounds(const PartitionAmounts *amounts, const ReturnRows *rows, ReturnProblem *problem)
{
	int64		budget = (int64) amounts->units;
	int128		sum_low = 0;
	int128		sum_high = 0;

	for (int64 i = 0; i < rows->n; i++)
	{
		ReturnRow  *row = &rows->rows[i];

		POLL_EVERY(i);
		row->low = row->high = 0;
		if (rows->is_out[i])
			continue;
		row->low = BoundUnits(&rows->floors, i);
		row->high = WindowNumberIsNull(&rows->caps, i) ? MAX_RETURN_UNITS : BoundUnits(&rows->caps, i);
		if (row->low > row->high)
			FloorExceedsCap(rows, i, amounts->scale);
		row->high = Min(row->high, Max(row->low, budget));
		sum_low += row->low;
		sum_high += row->high;
	}
	if (sum_low > budget)
		FloorsExceedBudget(amounts, rows);
	if (sum_high < budget && !amounts->keep)
		BudgetExceedsCaps(amounts, sum_high);
	problem->budget = (int64) Min(sum_high, budget);
	for (int64 i = 0; i < rows->n; i++)
	{
		ReturnRow  *row = &rows->rows[i];

		row->high = Min(row->high, row->low + (problem->budget - (int64) sum_low));
		POLL_EVERY(i);
	}
}

/* --- Solving -------------------------------------------------------------------------------- */

/* Turns curves into those of units. */
static void
SetCurves(ReturnRows *rows, int scale)
{
	double		power = (double) DecimalPowers()[abs(scale)];
	double		largest = 0;

	for (int64 i = 0; i < rows->n; i++)
	{
		largest = Max(largest, rows->rows[i].curve.a);
		POLL_EVERY(i);
	}
	rows->exponent = largest == 0 ? 0 : A_EXPONENT - ilogb(largest);
	for (int64 i = 0; i < rows->n; i++)
	{
		ReturnRow  *row = &rows->rows[i];
		ReturnCurve curve = {row->curve.kind, row->curve.a, row->curve.b, row->curve.c};

		UnitCurveInit(&row->curve, &curve, scale < 0 ? 1 / power : power, rows->exponent);
		ReturnRowInit(row);
		POLL_EVERY(i);
	}
}

static void
SolvePartition(FunctionCallInfo fcinfo, PartitionReturns *partition, bool bound)
{
	PartitionAmounts *amounts = &partition->amounts;
	ReturnRows	rows;
	ReturnProblem problem;

	if (amounts->big_units != NULL || amounts->units >= MAX_RETURN_UNITS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("budget is too large for scale %d: %s", amounts->scale,
						TextOfNumeric(amounts->budget)),
				 errhint("It must have less than 2^62 units of 10^-scale. Pass a smaller scale.")));
	ReadRows(fcinfo, bound ? "allocate_return_bound" : "allocate_return", amounts->scale, &rows);
	problem = (ReturnProblem) {rows.rows, (int32) rows.n, 0, WindowKeysCompare, &rows.keys};
	SetBounds(amounts, &rows, &problem);
	SetCurves(&rows, amounts->scale);
	if (bound)
	{
		int			exponent;
		double		x = ReturnsBound(&problem, &exponent);

		partition->bound = x == 0 ? 0 : ldexp(x, exponent - rows.exponent);
	}
	else
	{
		MakeAmounts(amounts, rows.n);
		SolveReturns(&problem, amounts->amounts.small);
		for (int64 i = 0; i < rows.n; i++)
		{
			if (rows.is_out[i])
				amounts->amounts.small[i] = -1;
			POLL_EVERY(i);
		}
	}
	WindowNumbersFree(&rows.floors);
	WindowNumbersFree(&rows.caps);
	WindowKeysFree(&rows.keys);
	pfree(rows.rows);
	pfree(rows.is_out);
	amounts->done = true;
}

static PartitionReturns *
SolvedPartition(FunctionCallInfo fcinfo, bool bound)
{
	/* the first call decides upon the size */
	PartitionReturns *partition = WinGetPartitionLocalMemory(PG_WINDOW_OBJECT(), sizeof(PartitionReturns));

	AmountOptions(fcinfo, &arguments);
	if (!partition->amounts.done)
		SolvePartition(fcinfo, partition, bound);
	return partition;
}

/* Arguments: curve, a, b, budget, floor, cap, key, scale, leftover, c. */
Datum
custseg_allocate_return(PG_FUNCTION_ARGS)
{
	return CurrentAmount(fcinfo, &SolvedPartition(fcinfo, false)->amounts);
}

Datum
custseg_allocate_return_bound(PG_FUNCTION_ARGS)
{
	double		bound = SolvedPartition(fcinfo, true)->bound;

	if (isinf(bound))
		float_overflow_error();
	PG_RETURN_FLOAT8(bound);
}
