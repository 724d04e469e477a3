/*
 * allocate_return.c
 *		allocate_return() and allocate_return_bound() OVER ().
 *
 * The first row of a partition reads the arguments of all its rows, one
 * argument after the other, and solves; the amounts stay in the partition's
 * memory as whole units, and each row takes its own.  Frame and ORDER BY of
 * the window do not matter.  What is constant in the statement is read once.
 *
 * Memory: while a partition is solved, 112 bytes a row, 16 for floors and caps
 * that are no constants, 4 to 60 for the solver, and the keys where they are
 * given; then 9 bytes a row.
 */
#include "postgres.h"

#include "common/compat.h"

#include <float.h>
#include <math.h>

#include "allocation/return_args.h"
#include "allocation/return_solve.h"
#include "common/window_args.h"
#include "common/window_keys.h"
#include "common/window_numbers.h"
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

#define MAX_SCALE 18

/* The exponent that the largest a is brought to: room for values far smaller and some that are larger. */
#define A_EXPONENT 200

/* Local memory of a partition; all zero before its first row. */
typedef struct PartitionReturns
{
	bool		done;
	int			scale;
	int64	   *units;			/* of allocate_return */
	bool	   *is_out;			/* rows that take no part */
	double		bound;			/* of allocate_return_bound */
} PartitionReturns;

/* A partition while it is read and solved. */
typedef struct ReturnPartition
{
	FunctionCallInfo fcinfo;
	WindowObject window;
	MemoryContext scratch;
	int64		n;
	int			scale;
	bool		keep;			/* leftover => 'keep' */
	Numeric		budget;			/* as given, for messages */
	int64		budget_units;
	ReturnRow  *rows;
	bool	   *is_out;
	WindowNumbers floors;
	WindowNumbers caps;
	int			exponent;		/* of two, that every a was multiplied by */
} ReturnPartition;

/* --- Options: the same in all rows -------------------------------------------------- */

/* The number of rows at which an argument is to be read. */
static int64
RowsToRead(const ReturnPartition *p, int arg)
{
	return get_fn_expr_arg_stable(p->fcinfo->flinfo, arg) ? Min(1, p->n) : p->n;
}

static void
OptionDiffers(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must not change from row to row", name),
			 errhint("Pass a constant, or a value that is the same for all rows of a partition.")));
}

static void
OptionIsNull(const char *name, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not be null", name),
			 errhint("%s", hint)));
}

static int
CheckedScale(Datum datum, bool is_null)
{
	int			scale = DatumGetInt32(datum);

	if (is_null)
		OptionIsNull("scale", "Pass the number of decimals of an amount, for example 2 for cents.");
	if (scale < 0 || scale > MAX_SCALE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scale must be between 0 and %d, not %d", MAX_SCALE, scale),
				 errhint("It is the number of decimals of an amount, for example 2 for cents.")));
	return scale;
}

/* Whether it is 'keep'. */
static bool
CheckedLeftover(Datum datum, bool is_null)
{
	char	   *leftover;

	if (is_null)
		OptionIsNull("leftover", "Pass 'error' or 'keep'.");
	leftover = TextDatumGetCString(datum);
	if (strcmp(leftover, "error") != 0 && strcmp(leftover, "keep") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("leftover is not known: \"%s\"", leftover),
				 errhint("Pass 'error', or 'keep' to leave unspent what no row can take.")));
	return strcmp(leftover, "keep") == 0;
}

static void
ReadScaleAndLeftover(ReturnPartition *p)
{
	MemoryContext old = MemoryContextSwitchTo(p->scratch);
	int64		rows = Max(RowsToRead(p, ARG_SCALE), RowsToRead(p, ARG_LEFTOVER));

	for (int64 i = 0; i < rows; i++)
	{
		bool		is_null;
		Datum		datum = PartitionArgument(p->window, ARG_SCALE, i, &is_null);
		int			scale = CheckedScale(datum, is_null);
		bool		keep;

		datum = PartitionArgument(p->window, ARG_LEFTOVER, i, &is_null);
		keep = CheckedLeftover(datum, is_null);
		if (i == 0)
		{
			p->scale = scale;
			p->keep = keep;
		}
		if (scale != p->scale)
			OptionDiffers("scale");
		if (keep != p->keep)
			OptionDiffers("leftover");
		ForgetArguments(p->scratch, i);
		POLL_EVERY(i);
	}
	MemoryContextSwitchTo(old);
}

/* --- Amounts -------------------------------------------------------------------------- */

static char *
NumericText(Numeric n)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(n)));
}

static Numeric
NumericOfUnits(int128 units, int scale)
{
	Decimal		d = {units, scale, NULL};

	return DecimalToNumeric(&d);
}

static Numeric
Difference(Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_sub, NumericGetDatum(a), NumericGetDatum(b)));
}

static void
ReadBudget(ReturnPartition *p)
{
	WindowNumbers budget;
	int128		units;
	Decimal		d = {0, 0, NULL};

	WindowNumbersRead(&budget, p->fcinfo, ARG_BUDGET, p->n, "budget", UNITS_EXACT, 0);
	for (int64 i = 0; i < p->n && budget.step == 1; i++)
	{
		if (WindowNumberIsNull(&budget, i) != WindowNumberIsNull(&budget, 0) ||
			(budget.big == NULL ? WindowNumberWide(&budget, i) != WindowNumberWide(&budget, 0) :
			 !DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(budget.big[i]),
											   NumericGetDatum(budget.big[0])))))
			OptionDiffers("budget");
		POLL_EVERY(i);
	}
	if (WindowNumberIsNull(&budget, 0))
		OptionIsNull("budget", "Pass the amount that is to be allocated.");
	if (budget.big == NULL)
		d = (Decimal) {WindowNumberWide(&budget, 0), budget.scale, NULL};
	else
		d.big = Difference(budget.big[0], NumericOfUnits(0, 0));
	p->budget = DecimalToNumeric(&d);
	if (WindowNumberSign(&budget, 0) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("budget must not be negative, but is %s", NumericText(p->budget)),
				 errhint("Pass 0 or more.")));
	if (budget.big == NULL && budget.scale > p->scale)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("budget has more decimals than scale %d allows: %s", p->scale,
						NumericText(p->budget)),
				 errhint("Round it, or pass a larger scale.")));
	if (!UnitsOfDecimal(&d, p->scale, UNITS_DOWN, &units) || units >= MAX_RETURN_UNITS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("budget is too large for scale %d: %s", p->scale, NumericText(p->budget)),
				 errhint("It must have less than 2^62 units of the last decimal. Pass a smaller scale.")));
	p->budget_units = (int64) units;
	WindowNumbersFree(&budget);
}

/* A floor or a cap in units, no larger than what a budget can have. */
static int64
BoundUnits(const WindowNumbers *numbers, int64 row)
{
	int128		units;

	if (numbers->small != NULL)
		return Min(WindowNumberSmall(numbers, row), MAX_RETURN_UNITS);
	if (numbers->big != NULL)
	{
		Decimal		d = {0, 0, NULL};

		if (DecimalFromNumeric(numbers->big[row * numbers->step], &d) != DECIMAL_OK || d.big != NULL ||
			!UnitsOfDecimal(&d, 0, UNITS_DOWN, &units))
			return WindowNumberSign(numbers, row) < 0 ? -1 : MAX_RETURN_UNITS;
	}
	else
		units = WindowNumberWide(numbers, row);
	return units < 0 ? Max(units, -MAX_RETURN_UNITS) : Min(units, MAX_RETURN_UNITS);
}

/* Exact, whatever the size of floors. */
static void
FloorsExceedBudget(const ReturnPartition *p)
{
	Numeric		total = NumericOfUnits(0, p->scale);

	for (int64 i = 0; i < p->n; i++)
	{
		Decimal		unit = {1, p->scale, NULL};
		Datum		floor;

		POLL_EVERY(i);
		if (p->is_out[i])
			continue;
		floor = DirectFunctionCall2(numeric_mul, NumericGetDatum(WindowNumberNumeric(&p->floors, i)),
									NumericGetDatum(DecimalToNumeric(&unit)));
		total = DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(total), floor));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("floors add up to %s, which exceeds the budget of %s by %s", NumericText(total),
					NumericText(p->budget), NumericText(Difference(total, p->budget))),
			 errhint("Lower the floors, or raise the budget.")));
}

static void
BudgetExceedsCaps(const ReturnPartition *p, int128 caps)
{
	Numeric		total = NumericOfUnits(caps, p->scale);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("budget of %s exceeds what the rows can take, %s, by %s", NumericText(p->budget),
					NumericText(total), NumericText(Difference(p->budget, total))),
			 errhint("Raise the caps, lower the budget, or pass leftover => 'keep' to leave the rest unspent.")));
}

/*
 * Sets low and high of all rows.  Nobody can get more than the floor and what
 * the floors leave of the budget.  Sums are those of 2^31 numbers up to 2^62.
 */
static void
ReadBounds(ReturnPartition *p)
{
	int128		sum_low = 0;
	int128		sum_high = 0;
	int64		spare;

	WindowNumbersRead(&p->floors, p->fcinfo, ARG_FLOOR, p->n, "floor", UNITS_UP, p->scale);
	WindowNumbersRead(&p->caps, p->fcinfo, ARG_CAP, p->n, "cap", UNITS_DOWN, p->scale);
	for (int64 i = 0; i < p->n; i++)
	{
		ReturnRow  *row = &p->rows[i];

		POLL_EVERY(i);
		row->low = row->high = 0;
		if (p->is_out[i])
			continue;
		row->low = BoundUnits(&p->floors, i);
		row->high = WindowNumberIsNull(&p->caps, i) ? MAX_RETURN_UNITS : BoundUnits(&p->caps, i);
		if (row->low < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("floor must not be negative, but is %s",
							NumericText(NumericOfUnits(row->low, p->scale))),
					 errhint("Pass 0 or more.")));
		if (row->low > row->high)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("floor must not exceed cap, but they are %s and %s",
							NumericText(NumericOfUnits(row->low, p->scale)),
							NumericText(NumericOfUnits(row->high, p->scale))),
					 errhint("Floors are rounded up, and caps down, to the last decimal of scale %d.", p->scale)));
		sum_low += row->low;
		row->high = Min(row->high, Max(row->low, p->budget_units));
		sum_high += row->high;
	}
	if (sum_low > p->budget_units)
		FloorsExceedBudget(p);
	if (sum_high < p->budget_units)
	{
		if (!p->keep)
			BudgetExceedsCaps(p, sum_high);
		p->budget_units = (int64) sum_high;
	}
	spare = p->budget_units - (int64) sum_low;
	for (int64 i = 0; i < p->n; i++)
	{
		ReturnRow  *row = &p->rows[i];

		if (!p->is_out[i])
			row->high = Min(row->high, row->low + spare);
		POLL_EVERY(i);
	}
	WindowNumbersFree(&p->floors);
	WindowNumbersFree(&p->caps);
}

/* --- Curves ----------------------------------------------------------------------------- */

static void
ReadCurveKinds(ReturnPartition *p)
{
	int64		rows = RowsToRead(p, ARG_CURVE);

	for (int64 i = 0; i < p->n; i++)
	{
		if (i < rows)
		{
			Datum		name = PartitionArgument(p->window, ARG_CURVE, i, &p->is_out[i]);

			p->rows[i].curve.kind = p->is_out[i] ? CURVE_LOG : ReadCurveKind(name);
			ForgetArguments(p->scratch, i);
		}
		else
		{
			p->is_out[i] = p->is_out[0];
			p->rows[i].curve.kind = p->rows[0].curve.kind;
		}
		POLL_EVERY(i);
	}
}

/* One of a, b and c of all rows, at an offset within a curve; NaN where it is null, which is noted. */
static void
ReadParameter(ReturnPartition *p, int arg, size_t offset, bool *is_null)
{
	int64		rows = RowsToRead(p, arg);
	double		x = 0;
	bool		missing = false;

	for (int64 i = 0; i < p->n; i++)
	{
		if (i < rows)
		{
			Datum		datum = PartitionArgument(p->window, arg, i, &missing);

			x = missing ? 0 : DatumGetFloat8(datum);
			ForgetArguments(p->scratch, i);
		}
		*(double *) ((char *) &p->rows[i].curve + offset) = x;
		is_null[i] |= missing;
		POLL_EVERY(i);
	}
}

static void
ReadCurves(ReturnPartition *p)
{
	MemoryContext old = MemoryContextSwitchTo(p->scratch);
	bool	   *no_c = MemoryContextAllocExtended(old, p->n * sizeof(bool), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	double		largest = 0;

	ReadCurveKinds(p);
	ReadParameter(p, ARG_A, offsetof(UnitCurve, a), p->is_out);
	ReadParameter(p, ARG_B, offsetof(UnitCurve, b), p->is_out);
	ReadParameter(p, ARG_C, offsetof(UnitCurve, c), no_c);
	MemoryContextSwitchTo(old);
	for (int64 i = 0; i < p->n; i++)
	{
		UnitCurve  *unit = &p->rows[i].curve;

		if (p->is_out[i])
			*unit = (UnitCurve) {CURVE_LOG, 0, 1, 0, 0, 0};
		else
		{
			ReturnCurve curve = {unit->kind, unit->a, unit->b, unit->c};

			CheckCurve(&curve, no_c[i]);
			if (curve.kind != CURVE_HILL)
				unit->c = 0;
			largest = Max(largest, curve.a);
		}
		POLL_EVERY(i);
	}
	pfree(no_c);
	if (largest > 0)
		p->exponent = A_EXPONENT - ilogb(largest);
}

/* --- The partition ------------------------------------------------------------------------ */

static void
ReadPartition(ReturnPartition *p, FunctionCallInfo fcinfo, const char *function)
{
	memset(p, 0, sizeof(*p));
	p->fcinfo = fcinfo;
	p->window = PG_WINDOW_OBJECT();
	p->n = PartitionRows(p->window, function);
	p->scratch = AllocSetContextCreate(CurrentMemoryContext, "rows of returns", ALLOCSET_DEFAULT_SIZES);
	p->rows = palloc_extended((Size) p->n * sizeof(ReturnRow), MCXT_ALLOC_HUGE);
	p->is_out = palloc_extended((Size) p->n * sizeof(bool), MCXT_ALLOC_HUGE);
	ReadScaleAndLeftover(p);
	ReadBudget(p);
	ReadCurves(p);
	ReadBounds(p);
}

/* Keys that are a constant, as the default is, say nothing. */
static void
ReadKeys(const ReturnPartition *p, WindowKeys *keys)
{
	int64		rows = RowsToRead(p, ARG_KEY);

	WindowKeysInit(keys, p->fcinfo, ARG_KEY, p->n);
	for (int64 i = 0; i < rows && rows == p->n; i++)
	{
		WindowKeysRead(keys, p->window, i, p->scratch);
		ForgetArguments(p->scratch, i);
		POLL_EVERY(i);
	}
}

static void
SolvePartition(FunctionCallInfo fcinfo, PartitionReturns *result, bool bound)
{
	/* that of the partition, whose memory our local memory is */
	MemoryContext partition = GetMemoryChunkContext(result);
	ReturnPartition p;
	ReturnProblem problem;
	WindowKeys	keys;
	double		units_in_one;

	ReadPartition(&p, fcinfo, bound ? "allocate_return_bound" : "allocate_return");
	ReadKeys(&p, &keys);
	units_in_one = (double) DecimalPowers()[p.scale];
	for (int64 i = 0; i < p.n; i++)
	{
		ReturnRow  *row = &p.rows[i];
		ReturnCurve curve = {row->curve.kind, row->curve.a, row->curve.b, row->curve.c};

		UnitCurveInit(&row->curve, &curve, units_in_one, p.exponent);
		ReturnRowInit(row);
		POLL_EVERY(i);
	}
	problem = (ReturnProblem) {p.rows, (int32) p.n, p.budget_units, WindowKeysCompare, &keys};
	result->scale = p.scale;
	if (bound)
	{
		int			exponent;
		double		x = ReturnsBound(&problem, &exponent);

		result->bound = x == 0 ? 0 : ldexp(x, exponent - p.exponent);
	}
	else
	{
		result->units = MemoryContextAllocHuge(partition, p.n * sizeof(int64));
		result->is_out = MemoryContextAllocHuge(partition, p.n * sizeof(bool));
		SolveReturns(&problem, result->units);
		memcpy(result->is_out, p.is_out, p.n * sizeof(bool));
	}
	WindowKeysFree(&keys);
	MemoryContextDelete(p.scratch);
	pfree(p.rows);
	pfree(p.is_out);
	result->done = true;
}

/* Arguments: curve, a, b, budget, floor, cap, key, scale, leftover, c. */
Datum
custseg_allocate_return(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionReturns *result = WinGetPartitionLocalMemory(window, sizeof(PartitionReturns));
	int64		row = WinGetCurrentPosition(window);

	if (!result->done)
		SolvePartition(fcinfo, result, false);
	if (result->is_out[row])
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(NumericOfUnits(result->units[row], result->scale));
}

Datum
custseg_allocate_return_bound(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionReturns *result = WinGetPartitionLocalMemory(window, sizeof(PartitionReturns));

	if (!result->done)
		SolvePartition(fcinfo, result, true);
	if (isinf(result->bound))
		float_overflow_error();
	PG_RETURN_FLOAT8(result->bound);
}
