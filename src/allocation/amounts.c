/*
 * amounts.c
 *		What window functions that divide a budget share: options and results.
 *
 * The first row of a partition divides the budget; its amounts stay in the
 * partition's memory as integers, 8 bytes a row as long as the budget has fewer
 * than 2^63 units, and each row makes a numeric of its own.
 *
 * Budget, scale and leftover are the same for all rows.  They are arguments like
 * others, so each row's are compared with the first row's, unless they are
 * constants.
 */
#include "postgres.h"

#include "allocation/amounts.h"

#include "common/checks.h"
#include "common/numeric_argument.h"
#include "common/row_options.h"
#include "common/window_args.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

/* --- Units and numerics ------------------------------------------------------------- */

Numeric
NumericOfBigUnits(Numeric units, int scale)
{
	Decimal		unit = scale >= 0 ? (Decimal) {1, scale, NULL} :
	(Decimal) {DecimalPowers()[-scale], 0, NULL};

	return DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(units),
											   NumericGetDatum(DecimalToNumeric(&unit))));
}

Numeric
NumericOfUnits(int128 units, int scale)
{
	Decimal		d = {units, Max(scale, 0), NULL};

	if (scale >= 0)
		return DecimalToNumeric(&d);
	return NumericOfBigUnits(DecimalToNumeric(&d), scale);
}

char *
TextOfNumeric(Numeric number)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
}

char *
TextOfUnits(int128 units, int scale)
{
	return TextOfNumeric(NumericOfUnits(units, scale));
}

/* --- Options -------------------------------------------------------------------------- */

static Datum
BudgetOption(WindowObject window, int arg)
{
	return WindowOption(window, arg, "budget",
						"Pass the amount to divide, the same in all rows of a partition; coalesce(budget, 0) for nothing.");
}

int
CheckedScale(int scale)
{
	if (scale < -MAX_AMOUNT_SCALE || scale > MAX_AMOUNT_SCALE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scale must be between %d and %d, not %d",
						-MAX_AMOUNT_SCALE, MAX_AMOUNT_SCALE, scale),
				 errhint("2 divides cents, 0 whole units, -3 thousands.")));
	return scale;
}

static int
ScaleOption(WindowObject window, int arg)
{
	return CheckedScale(DatumGetInt32(WindowOption(window, arg, "scale",
												   "Pass the number of decimals of the amounts, for example 2.")));
}

static bool
KeepOption(WindowObject window, int arg)
{
	text	   *leftover = DatumGetTextPP(WindowOption(window, arg, "leftover",
													   "Pass 'error' or 'keep'."));
	char	   *word = text_to_cstring(leftover);

	if (strcmp(word, "keep") != 0 && strcmp(word, "error") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("leftover must be 'error' or 'keep', not '%s'", word),
				 errhint("With 'keep', what is more than all caps is left; otherwise it is an error.")));
	return strcmp(word, "keep") == 0;
}

/* Sets the budget and its units; a fraction of a unit is refused. */
static void
SetBudget(PartitionAmounts *partition, Datum argument)
{
	Numeric		budget = DatumGetNumericCopy(argument);
	int			scale = partition->scale;
	Decimal		d;
	bool		whole;

	CheckFiniteAmount(DecimalFromNumeric(budget, &d), "budget");
	if (DecimalSign(&d) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("budget must be at least 0, not %s", TextOfNumeric(budget)),
				 errhint("Pass the amount to divide.")));
	if (UnitsOfDecimal(&d, scale, UNITS_DOWN, &partition->units))
	{
		int128		up;

		whole = UnitsOfDecimal(&d, scale, UNITS_UP, &up) && up == partition->units;
	}
	else
	{
		Numeric		units = NumericOfBigUnits(budget, -scale);

		partition->big_units = DatumGetNumeric(DirectFunctionCall1(numeric_floor,
																   NumericGetDatum(units)));
		whole = DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(units),
												 NumericGetDatum(partition->big_units)));
	}
	if (!whole)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("budget must be a multiple of %s, not %s", TextOfUnits(1, scale),
						TextOfNumeric(budget)),
				 errhint("Raise scale, the number of decimals of the amounts, or round the budget.")));
	partition->budget = budget;
}

/* Whether the budget is what it was in the first row. */
static bool
SameBudget(const PartitionAmounts *partition, Datum argument)
{
	const struct varlena *now = NumericArgument(argument);
	const struct varlena *kept = (const struct varlena *) partition->budget;

	if (VARSIZE_ANY_EXHDR(now) == VARSIZE_ANY_EXHDR(kept) &&
		memcmp(VARDATA_ANY(now), VARDATA_ANY(kept), VARSIZE_ANY_EXHDR(kept)) == 0)
		return true;
	/* 100 and 100.00 are the same */
	return DatumGetBool(DirectFunctionCall2(numeric_eq, argument,
											NumericGetDatum(partition->budget)));
}

static bool
IsConstant(FunctionCallInfo fcinfo, int arg)
{
	return get_fn_expr_arg_stable(fcinfo->flinfo, arg);
}

/* Refuses options of the current row that are not those of the first row. */
static void
CheckOptions(WindowObject window, const AmountArguments *arguments, const PartitionAmounts *partition)
{
	if (!SameBudget(partition, BudgetOption(window, arguments->budget)))
		OptionChanged("budget");
	if (partition->scale != ScaleOption(window, arguments->scale))
		OptionChanged("scale");
	if (arguments->leftover >= 0 && partition->keep != KeepOption(window, arguments->leftover))
		OptionChanged("leftover");
}

PartitionAmounts *
AmountOptions(FunctionCallInfo fcinfo, const AmountArguments *arguments)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionAmounts *partition = WinGetPartitionLocalMemory(window, sizeof(PartitionAmounts));

	if (!partition->done)
	{
		/* that of the partition, whose memory our local memory is */
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(partition));

		partition->constant = IsConstant(fcinfo, arguments->budget) &&
			IsConstant(fcinfo, arguments->scale) &&
			(arguments->leftover < 0 || IsConstant(fcinfo, arguments->leftover));
		partition->scale = ScaleOption(window, arguments->scale);
		if (arguments->leftover >= 0)
			partition->keep = KeepOption(window, arguments->leftover);
		SetBudget(partition, BudgetOption(window, arguments->budget));
		MemoryContextSwitchTo(old);
	}
	else if (!partition->constant)
		CheckOptions(window, arguments, partition);
	return partition;
}

void
FloorAboveCap(const char *floor, const char *cap, const char *weight, int scale)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("floor must not be above cap: %s and %s", floor, cap),
			 errdetail("The row's weight is %s. In units of %s a floor is rounded up and a cap down.",
					   weight, TextOfUnits(1, scale)),
			 errhint("Pass least(floor, cap) as floor, or raise scale.")));
	pg_unreachable();
}

/* --- Rows ---------------------------------------------------------------------------- */

void
CheckNotNegative(const WindowNumbers *numbers, const char *name)
{
	int64		rows = numbers->step == 0 ? Min(1, numbers->n) : numbers->n;

	for (int64 i = 0; i < rows; i++)
	{
		if (WindowNumberSign(numbers, i) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be at least 0, not %s", name,
							TextOfNumeric(WindowNumberValue(numbers, i))),
					 errhint("Leave such rows out, or clamp them with greatest(%s, 0).", name)));
		POLL_EVERY(i);
	}
}

/* --- Results --------------------------------------------------------------------------- */

void
MakeAmounts(PartitionAmounts *partition, int64 n)
{
	MemoryContext context = GetMemoryChunkContext(partition);

	if (partition->units <= PG_INT64_MAX)
		partition->amounts.small = MemoryContextAllocHuge(context, n * sizeof(int64));
	else
		partition->amounts.wide = MemoryContextAllocHuge(context, n * sizeof(int128));
}

void
FreeAmounts(PartitionAmounts *partition)
{
	if (partition->amounts.small != NULL)
		pfree(partition->amounts.small);
	if (partition->amounts.wide != NULL)
		pfree(partition->amounts.wide);
	partition->amounts = (DivideAmounts) {NULL, NULL};
}

Datum
CurrentAmount(FunctionCallInfo fcinfo, PartitionAmounts *partition)
{
	int64		row = WinGetCurrentPosition(PG_WINDOW_OBJECT());
	int128		units;

	if (partition->big != NULL)
	{
		if (partition->big[row] == NULL)
			PG_RETURN_NULL();
		PG_RETURN_NUMERIC(NumericOfBigUnits(partition->big[row], partition->scale));
	}
	units = partition->amounts.small != NULL ? partition->amounts.small[row] :
		partition->amounts.wide[row];
	if (units < 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(NumericOfUnits(units, partition->scale));
}
