/*
 * allocate.c
 *		allocate() OVER (): a budget in proportion, within floors and caps, to the unit.
 *
 * The first row of a partition reads the arguments of all rows and divides the
 * budget; each row takes its own amount.  Frame and ORDER BY of the window do not
 * matter.  Weights are read with as many decimals as they have, since only their
 * proportion counts; floors and caps in units of the scale, floors rounded up and
 * caps down.  The budget must be a multiple of the unit.
 *
 * Memory while a partition is divided: 8 bytes a row for each of weight, floor
 * and cap that is not a constant (16 beyond 64 bits), 20 a row, the keys where
 * they are given; then 8 a row.  Numbers that do not fit in 128 bits take the way
 * of divide_big.c, with some 200 bytes a row.
 */
#include "postgres.h"

#include "common/compat.h"

#include "allocation/amounts.h"
#include "common/core.h"
#include "common/window_args.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(custseg_allocate);

enum
{
	ARG_WEIGHT, ARG_BUDGET, ARG_FLOOR, ARG_CAP, ARG_KEY, ARG_SCALE, ARG_LEFTOVER
};

static const AmountArguments arguments = {ARG_BUDGET, ARG_SCALE, ARG_LEFTOVER};

/* What rows of a partition say. */
typedef struct AllocateRows
{
	int64		n;
	WindowNumbers weight;
	WindowNumbers floor;
	WindowNumbers cap;
	WindowKeys	keys;
} AllocateRows;

static void
ReadRows(FunctionCallInfo fcinfo, int scale, AllocateRows *rows)
{
	WindowObject window = PG_WINDOW_OBJECT();
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "rows of allocate",
												  ALLOCSET_DEFAULT_SIZES);
	bool		no_key = get_fn_expr_arg_stable(fcinfo->flinfo, ARG_KEY);

	rows->n = PartitionRows(window, "allocate");
	WindowNumbersInit(&rows->weight, fcinfo, ARG_WEIGHT, rows->n, "weight", UNITS_EXACT, 0);
	WindowNumbersInit(&rows->floor, fcinfo, ARG_FLOOR, rows->n, "floor", UNITS_UP, scale);
	WindowNumbersInit(&rows->cap, fcinfo, ARG_CAP, rows->n, "cap", UNITS_DOWN, scale);
	WindowKeysInit(&rows->keys, fcinfo, ARG_KEY, rows->n);
	for (int64 i = 0; i < rows->n; i++)
	{
		WindowNumbersReadRow(&rows->weight, window, i, scratch);
		WindowNumbersReadRow(&rows->floor, window, i, scratch);
		WindowNumbersReadRow(&rows->cap, window, i, scratch);
		if (!no_key)
			WindowKeysRead(&rows->keys, window, i, scratch);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	MemoryContextDelete(scratch);
	CheckNotNegative(&rows->weight, "weight");
	CheckNotNegative(&rows->floor, "floor");
	CheckNotNegative(&rows->cap, "cap");
}

/* --- Errors -------------------------------------------------------------------------- */

/* The text of a row's number; of weights with as many decimals as all of them have. */
static char *
RowText(const WindowNumbers *numbers, int64 row)
{
	return TextOfNumeric(WindowNumberValue(numbers, row));
}

/* a - b */
static char *
Gap(Numeric a, Numeric b)
{
	return TextOfNumeric(DatumGetNumeric(DirectFunctionCall2(numeric_sub, NumericGetDatum(a),
															 NumericGetDatum(b))));
}

/* sum is that of the floors, or of what rows can take. */
static void
CheckStatus(DivideStatus status, const PartitionAmounts *partition, const AllocateRows *rows,
			int32 row, Numeric sum)
{
	Numeric		budget = partition->budget;

	switch (status)
	{
		case DIVIDE_OK:
			break;
		case DIVIDE_FLOOR_ABOVE_CAP:
			FloorAboveCap(RowText(&rows->floor, row), RowText(&rows->cap, row),
						  RowText(&rows->weight, row), partition->scale);
		case DIVIDE_FLOORS_EXCEED:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the floors exceed the budget"),
					 errdetail("The floors add up to %s, the budget is %s: %s are missing.",
							   TextOfNumeric(sum), TextOfNumeric(budget), Gap(sum, budget)),
					 errhint("Raise the budget, lower floors, or leave rows out.")));
			break;
		case DIVIDE_CAPS_BELOW:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the caps are below the budget"),
					 errdetail("The rows can take %s, the budget is %s: %s would be left. A row of weight 0 takes its floor only.",
							   TextOfNumeric(sum), TextOfNumeric(budget), Gap(budget, sum)),
					 errhint("Raise caps, lower the budget, or pass leftover => 'keep' to give every row its cap and leave the rest.")));
			break;
		case DIVIDE_NO_WEIGHT:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("no weight is above 0, but the budget is more than the floors"),
					 errdetail("The floors add up to %s, the budget is %s: %s would be left.",
							   TextOfNumeric(sum), TextOfNumeric(budget), Gap(budget, sum)),
					 errhint("Pass a weight above 0 in some row, or leftover => 'keep' to leave the rest.")));
			break;
		case DIVIDE_TOO_WIDE:
			elog(ERROR, "a division by numerics cannot be too wide");
	}
}

/* --- Dividing ------------------------------------------------------------------------ */

/* The way of most partitions; DIVIDE_TOO_WIDE if it cannot be gone. */
static DivideStatus
DivideUnits(PartitionAmounts *partition, const AllocateRows *rows, DivideProblem *problem)
{
	DivideRows	divide = {
		.n = (int32) rows->n, .tie = TieOf(&rows->keys), .arg = unconstify(WindowKeys *, &rows->keys)
	};

	if (partition->big_units != NULL || rows->weight.big != NULL ||
		rows->floor.big != NULL || rows->cap.big != NULL)
		return DIVIDE_TOO_WIDE;
	divide.weight = ColumnOf(&rows->weight);
	divide.floor = ColumnOf(&rows->floor);
	divide.cap = ColumnOf(&rows->cap);
	MakeAmounts(partition, rows->n);
	return Divide(&divide, partition->units, partition->keep, &partition->amounts, problem);
}

/* The numbers of all rows as numerics, NULL where a row's is null. */
static Numeric *
NumericsOf(const WindowNumbers *numbers, bool null_is_zero)
{
	Numeric    *result = palloc_extended(numbers->n * sizeof(Numeric), MCXT_ALLOC_HUGE);

	for (int64 i = 0; i < numbers->n; i++)
	{
		bool		is_null = WindowNumberIsNull(numbers, i) && !null_is_zero;

		result[i] = is_null ? NULL : WindowNumberNumeric(numbers, i);
		POLL_EVERY(i);
	}
	return result;
}

/* Copies the amounts into the partition's memory. */
static void
KeepNumerics(PartitionAmounts *partition, Numeric *amounts, int64 n)
{
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(partition));

	partition->big = palloc_extended(n * sizeof(Numeric), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < n; i++)
	{
		partition->big[i] = amounts[i] == NULL ? NULL :
			DatumGetNumericCopy(NumericGetDatum(amounts[i]));
		POLL_EVERY(i);
	}
	MemoryContextSwitchTo(old);
}

static DivideStatus
DivideNumerics(PartitionAmounts *partition, const AllocateRows *rows, DivideProblem *problem)
{
	DivideBigRows divide = {
		.n = (int32) rows->n, .tie = TieOf(&rows->keys), .arg = unconstify(WindowKeys *, &rows->keys)
	};
	Numeric		budget = partition->big_units;
	Numeric    *amounts = palloc_extended(rows->n * sizeof(Numeric), MCXT_ALLOC_HUGE);
	DivideStatus status;

	if (budget == NULL)
		budget = NumericOfUnits(partition->units, 0);
	divide.weight = NumericsOf(&rows->weight, false);
	divide.floor = NumericsOf(&rows->floor, true);
	divide.cap = NumericsOf(&rows->cap, false);
	status = DivideBig(&divide, budget, partition->keep, amounts, problem);
	if (status == DIVIDE_OK)
		KeepNumerics(partition, amounts, rows->n);
	return status;
}

static void
DividePartition(FunctionCallInfo fcinfo, PartitionAmounts *partition)
{
	/* what is not kept goes at the end */
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "allocate",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	AllocateRows rows;
	DivideProblem problem = {0};
	DivideStatus status;
	Numeric		sum;

	ReadRows(fcinfo, partition->scale, &rows);
	status = DivideUnits(partition, &rows, &problem);
	if (status == DIVIDE_TOO_WIDE)
		status = DivideNumerics(partition, &rows, &problem);
	if (status != DIVIDE_OK)
	{
		sum = problem.big_sum != NULL ? NumericOfBigUnits(problem.big_sum, partition->scale) :
			NumericOfUnits(problem.sum, partition->scale);
		CheckStatus(status, partition, &rows, problem.row, sum);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	partition->done = true;
}

/* Arguments: weight, budget, floor, cap, key, scale, leftover. */
Datum
custseg_allocate(PG_FUNCTION_ARGS)
{
	PartitionAmounts *partition = AmountOptions(fcinfo, &arguments);

	if (!partition->done)
		DividePartition(fcinfo, partition);
	return CurrentAmount(fcinfo, partition);
}
