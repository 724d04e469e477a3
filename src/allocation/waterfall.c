/*
 * waterfall.c
 *		waterfall() OVER (ORDER BY): a base for everyone, then by priority.
 *
 * The first row of a partition reads the arguments of all rows in the order of
 * the window, with a mark where a row is a peer of the one before, and serves
 * them (cascade.c).  The one group of peers that has to share what is left
 * divides it as allocate does: in proportion to what each asks for beyond its
 * base, by largest remainder.
 *
 * Requests are read in units of the scale, rounded down, and bases rounded up.
 *
 * Memory while a partition is served: 8 bytes a row for each of request and base
 * that is not a constant (16 beyond 64 bits), 1 a row, 28 for each peer that
 * shares, and the keys where they are given; then 8 a row.
 */
#include "postgres.h"

#include "common/compat.h"

#include "allocation/amounts.h"
#include "allocation/cascade.h"
#include "common/core.h"
#include "common/window_args.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(custseg_waterfall);

enum
{
	ARG_REQUEST, ARG_BUDGET, ARG_BASE, ARG_KEY, ARG_SCALE
};

static const AmountArguments arguments = {ARG_BUDGET, ARG_SCALE, -1};

/* What rows of a partition say. */
typedef struct WaterfallRows
{
	WindowNumbers request;
	WindowNumbers base;
	bool	   *peer;
	WindowKeys	keys;
} WaterfallRows;

/* 38 digits are enough for any request; more are not taken. */
static void
CheckDigits(bool too_many, const char *name, int scale)
{
	if (too_many)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s is out of range: it has more than 38 digits in units of %s", name,
						TextOfUnits(1, scale)),
				 errhint("Lower scale, the number of decimals of the amounts.")));
}

static void
ReadRows(FunctionCallInfo fcinfo, int32 n, int scale, WaterfallRows *rows)
{
	WindowObject window = PG_WINDOW_OBJECT();
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "rows of waterfall",
												  ALLOCSET_DEFAULT_SIZES);
	bool		no_key = get_fn_expr_arg_stable(fcinfo->flinfo, ARG_KEY);

	WindowNumbersInit(&rows->request, fcinfo, ARG_REQUEST, n, "request", UNITS_DOWN, scale);
	WindowNumbersInit(&rows->base, fcinfo, ARG_BASE, n, "base", UNITS_UP, scale);
	WindowKeysInit(&rows->keys, fcinfo, ARG_KEY, n);
	rows->peer = palloc_extended(n * sizeof(bool), MCXT_ALLOC_HUGE);
	for (int32 i = 0; i < n; i++)
	{
		WindowNumbersReadRow(&rows->request, window, i, scratch);
		WindowNumbersReadRow(&rows->base, window, i, scratch);
		if (!no_key)
			WindowKeysRead(&rows->keys, window, i, scratch);
		rows->peer[i] = i > 0 && WinRowsArePeers(window, i - 1, i);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	MemoryContextDelete(scratch);
	CheckNotNegative(&rows->request, "request");
	CheckNotNegative(&rows->base, "base");
	CheckDigits(rows->request.big != NULL, "request", scale);
	CheckDigits(rows->base.big != NULL, "base", scale);
}

/* --- Peers who share ----------------------------------------------------------------- */

/* The rows of a split, counted from its first. */
typedef struct SplitRows
{
	const CascadeRows *rows;
	CascadeSplit split;
	WindowKeys *keys;
} SplitRows;

static int
CompareSplitKeys(int32 a, int32 b, void *arg)
{
	SplitRows  *rows = arg;

	return WindowKeysCompare(rows->split.first + a, rows->split.first + b, rows->keys);
}

/* The same by numerics. */
static void
ShareNumerics(SplitRows *rows, const int128 *wants, int128 *shares)
{
	int32		n = rows->split.n;
	Numeric    *weight = palloc_extended(n * sizeof(Numeric), MCXT_ALLOC_HUGE);
	Numeric    *floor = palloc_extended(n * sizeof(Numeric), MCXT_ALLOC_HUGE);
	Numeric    *cap = palloc_extended(n * sizeof(Numeric), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	Numeric    *amounts = palloc_extended(n * sizeof(Numeric), MCXT_ALLOC_HUGE);
	DivideBigRows divide = {n, weight, floor, cap, TieOf(rows->keys) ? CompareSplitKeys : NULL, rows};
	Numeric		zero = NumericOfUnits(0, 0);
	DivideProblem problem;

	for (int32 i = 0; i < n; i++)
	{
		weight[i] = NumericOfUnits(wants[i], 0);
		floor[i] = zero;
		POLL_EVERY(i);
	}
	if (DivideBig(&divide, NumericOfUnits(rows->split.left, 0), false, amounts, &problem) != DIVIDE_OK)
		elog(ERROR, "peers could not share");
	for (int32 i = 0; i < n; i++)
	{
		Decimal		d;

		(void) DecimalFromNumeric(amounts[i], &d);
		shares[i] = d.value;
		POLL_EVERY(i);
	}
}

/*
 * Adds the shares of what is left.  Less is left than the group asks for, so
 * nobody gets more than he asks for, and no cap is needed.
 */
static void
Share(SplitRows *rows, DivideAmounts *amounts)
{
	int32		n = rows->split.n;
	int32		first = rows->split.first;
	int128	   *wants = palloc_extended(n * sizeof(int128), MCXT_ALLOC_HUGE);
	DivideAmounts shares = {NULL, palloc_extended(n * sizeof(int128), MCXT_ALLOC_HUGE)};
	int64		zero = 0;
	bool		none = true;
	DivideRows	divide = {
		n, {NULL, wants, NULL, 1}, {&zero, NULL, NULL, 0}, {&zero, NULL, &none, 0},
		TieOf(rows->keys) ? CompareSplitKeys : NULL, rows
	};
	DivideProblem problem;
	DivideStatus status;

	for (int32 i = 0; i < n; i++)
	{
		bool		is_null = DivideIsNull(&rows->rows->request, first + i);

		wants[i] = is_null ? 0 : CascadeWant(rows->rows, first + i);
		POLL_EVERY(i);
	}
	status = Divide(&divide, rows->split.left, false, &shares, &problem);
	if (status == DIVIDE_TOO_WIDE)
		ShareNumerics(rows, wants, shares.wide);
	else if (status != DIVIDE_OK)
		elog(ERROR, "peers could not share");
	for (int32 i = 0; i < n; i++)
	{
		if (amounts->small != NULL)
			amounts->small[first + i] += (int64) shares.wide[i];
		else
			amounts->wide[first + i] += shares.wide[i];
		POLL_EVERY(i);
	}
}

/* --- Serving ------------------------------------------------------------------------- */

static void
CheckStatus(DivideStatus status, const PartitionAmounts *partition, int128 bases)
{
	Numeric		sum;

	CheckDigits(status == DIVIDE_TOO_WIDE, "the sum of base", partition->scale);
	if (status == DIVIDE_OK)
		return;
	sum = NumericOfUnits(bases, partition->scale);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the bases exceed the budget"),
			 errdetail("The bases, none above its request, add up to %s, the budget is %s: %s are missing.",
					   TextOfNumeric(sum), TextOfNumeric(partition->budget),
					   TextOfNumeric(DatumGetNumeric(DirectFunctionCall2(numeric_sub,
																		 NumericGetDatum(sum),
																		 NumericGetDatum(partition->budget))))),
			 errhint("Raise the budget, lower base, or leave rows out.")));
}

static void
ServePartition(FunctionCallInfo fcinfo, PartitionAmounts *partition)
{
	/* what is not kept goes at the end */
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "waterfall",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	int32		n = (int32) PartitionRows(PG_WINDOW_OBJECT(), "waterfall");
	WaterfallRows rows;
	CascadeRows cascade;
	SplitRows	split = {&cascade, {0}, &rows.keys};
	DivideStatus status;
	int128		bases;

	CheckDigits(partition->big_units != NULL, "budget", partition->scale);
	ReadRows(fcinfo, n, partition->scale, &rows);
	cascade = (CascadeRows) {n, ColumnOf(&rows.request), ColumnOf(&rows.base), rows.peer};
	MakeAmounts(partition, n);
	status = Cascade(&cascade, partition->units, &partition->amounts, &split.split, &bases);
	CheckStatus(status, partition, bases);
	if (split.split.n > 0)
		Share(&split, &partition->amounts);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	partition->done = true;
}

/* Arguments: request, budget, base, key, scale. */
Datum
custseg_waterfall(PG_FUNCTION_ARGS)
{
	PartitionAmounts *partition = AmountOptions(fcinfo, &arguments);

	if (!partition->done)
		ServePartition(fcinfo, partition);
	return CurrentAmount(fcinfo, partition);
}
