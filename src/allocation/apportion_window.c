/*
 * apportion_window.c
 *		apportion() OVER (): whole seats in proportion to weights.
 *
 * The first row of a partition reads the arguments of all its rows, one argument
 * after the other, and shares the seats out; each row then takes its own number.
 * Frame and ORDER BY of the window do not matter.
 *
 * Rows without a weight, and with a weight of 0, are dealt with here: the former
 * take no part, the latter get their minimum.  The core sees the others, with
 * weights that are integers of one scale.
 *
 * Memory: 8 bytes a row for the partition; while it is worked on, 45 to 70
 * more, and the keys, in the memory of the first row.
 */
#include "postgres.h"

#include "common/compat.h"

#include "allocation/apportion.h"
#include "common/decimal.h"
#include "common/row_options.h"
#include "common/window_args.h"
#include "common/window_keys.h"
#include "common/window_numbers.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "windowapi.h"

PG_FUNCTION_INFO_V1(custseg_apportion);

enum
{
	ARG_WEIGHT, ARG_SEATS, ARG_METHOD, ARG_MINIMUM, ARG_MAXIMUM, ARG_KEY
};

/* Local memory of a partition; all zero before its first row. */
typedef struct PartitionSeats
{
	bool		done;
	int64		seats;
	ApportionMethod method;
	int64	   *result;			/* of each row; NO_SEATS: null */
} PartitionSeats;

#define NO_SEATS	(-1)
#define NO_MAXIMUM	(-1)

/* The rows of a partition. */
typedef struct SeatRows
{
	FunctionCallInfo fcinfo;
	int64		n;
	WindowNumbers weight;
	int64	   *minimum;
	int64	   *maximum;
	WindowKeys	keys;
	bool		has_keys;

	/* those with a weight above 0 */
	int32	   *row;
	int32		n_weighted;
} SeatRows;

/* --- Options -------------------------------------------------------------------- */

static ApportionMethod
ParseMethod(const text *name)
{
	static const struct
	{
		const char *name;
		ApportionMethod method;
	}			methods[] = {
		{"webster", APPORTION_WEBSTER}, {"sainte_lague", APPORTION_WEBSTER},
		{"hamilton", APPORTION_HAMILTON},
		{"dhondt", APPORTION_DHONDT}, {"jefferson", APPORTION_DHONDT},
		{"huntington_hill", APPORTION_HILL}, {"hill", APPORTION_HILL},
		{"adams", APPORTION_ADAMS}, {"dean", APPORTION_DEAN}
	};
	int			length = VARSIZE_ANY_EXHDR(name);

	for (int i = 0; i < lengthof(methods); i++)
		if (strlen(methods[i].name) == length && memcmp(methods[i].name, VARDATA_ANY(name), length) == 0)
			return methods[i].method;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no method \"%s\"", text_to_cstring(name)),
			 errhint("Methods are webster (or sainte_lague), hamilton, dhondt (or jefferson), huntington_hill (or hill), adams and dean.")));
}

#define SAME_IN_ALL "Pass a value that is the same for all rows of the partition."

static int64
SeatsOption(WindowObject window)
{
	int64		seats = DatumGetInt64(WindowOption(window, ARG_SEATS, "seats", SAME_IN_ALL));

	if (seats < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("seats must not be negative, not " INT64_FORMAT, seats),
				 errhint("Pass the number of whole units to share out.")));
	return seats;
}

static ApportionMethod
MethodOption(WindowObject window)
{
	return ParseMethod(DatumGetTextPP(WindowOption(window, ARG_METHOD, "method", SAME_IN_ALL)));
}

/* The options of further rows must be those of the first. */
static void
CheckOptions(FunctionCallInfo fcinfo, const PartitionSeats *fit)
{
	WindowObject window = PG_WINDOW_OBJECT();

	if (!get_fn_expr_arg_stable(fcinfo->flinfo, ARG_SEATS) && SeatsOption(window) != fit->seats)
		OptionChanged("seats");
	if (!get_fn_expr_arg_stable(fcinfo->flinfo, ARG_METHOD) && MethodOption(window) != fit->method)
		OptionChanged("method");
}

/* --- Reading the partition -------------------------------------------------------- */

/* A bigint argument of a row into counts; that of the first row if it is a constant. */
static void
ReadCount(WindowObject window, int arg, bool constant, int64 if_null, int64 row, int64 *counts)
{
	bool		is_null;
	Datum		count;

	if (constant && row > 0)
	{
		counts[row] = counts[0];
		return;
	}
	count = PartitionArgument(window, arg, row, &is_null);
	counts[row] = is_null ? if_null : DatumGetInt64(count);
	/* negative ones must not be taken for no maximum */
	if (arg == ARG_MAXIMUM && !is_null && counts[row] < 0)
		counts[row] = PG_INT64_MIN;
}

static int64 *
MakeCounts(const SeatRows *rows)
{
	return palloc_extended((Size) rows->n * sizeof(int64), MCXT_ALLOC_HUGE);
}

/*
 * All arguments of a row before the next row: in a partition that the executor
 * has written to a file, going back to the first row is slow.
 */
static void
ReadPartition(SeatRows *rows, FunctionCallInfo fcinfo)
{
	WindowObject window = PG_WINDOW_OBJECT();
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "apportion rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext own = CurrentMemoryContext;
	bool		one_minimum = get_fn_expr_arg_stable(fcinfo->flinfo, ARG_MINIMUM);
	bool		one_maximum = get_fn_expr_arg_stable(fcinfo->flinfo, ARG_MAXIMUM);
	/* a constant decides no tie */
	bool		one_key = get_fn_expr_arg_stable(fcinfo->flinfo, ARG_KEY);

	memset(rows, 0, sizeof(*rows));
	rows->fcinfo = fcinfo;
	rows->n = PartitionRows(window, "apportion");
	rows->minimum = MakeCounts(rows);
	rows->maximum = MakeCounts(rows);
	WindowNumbersInit(&rows->weight, fcinfo, ARG_WEIGHT, rows->n, "weight", UNITS_EXACT, 0);
	WindowKeysInit(&rows->keys, fcinfo, ARG_KEY, rows->n);
	for (int64 i = 0; i < rows->n; i++)
	{
		WindowNumbersReadRow(&rows->weight, window, i, scratch);
		MemoryContextSwitchTo(scratch);
		ReadCount(window, ARG_MINIMUM, one_minimum, 0, i, rows->minimum);
		ReadCount(window, ARG_MAXIMUM, one_maximum, NO_MAXIMUM, i, rows->maximum);
		MemoryContextSwitchTo(own);
		if (!one_key)
			WindowKeysRead(&rows->keys, window, i, scratch);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	rows->has_keys = WindowKeysGiven(&rows->keys);
	MemoryContextDelete(scratch);
}

/* What stands in a row, for messages. */
static const char *
RowText(const SeatRows *rows, int64 row)
{
	static const struct
	{
		int			arg;
		const char *name;
	}			args[] = {
		{ARG_KEY, "key"}, {ARG_WEIGHT, "weight"}, {ARG_MINIMUM, "minimum"}, {ARG_MAXIMUM, "maximum"}
	};
	FunctionCallInfo fcinfo = rows->fcinfo;
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(args); i++)
	{
		bool		is_null;
		Datum		value = PartitionArgument(PG_WINDOW_OBJECT(), args[i].arg, row, &is_null);
		Oid			output;
		bool		unused;

		if (is_null)
			continue;
		getTypeOutputInfo(get_fn_expr_argtype(fcinfo->flinfo, args[i].arg), &output, &unused);
		appendStringInfo(&text, "%s%s %s", text.len > 0 ? ", " : "", args[i].name,
						 OidOutputFunctionCall(output, value));
	}
	return text.data;
}

static void
CheckRow(const SeatRows *rows, int64 row)
{
	if (WindowNumberSign(&rows->weight, row) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight must not be negative"),
				 errdetail("The row has %s.", RowText(rows, row)),
				 errhint("Clamp weights with greatest(weight, 0), or pass NULL for rows that take no part.")));
	if (rows->minimum[row] < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("minimum must not be negative"),
				 errdetail("The row has %s.", RowText(rows, row)),
				 errhint("Pass 0 for no minimum.")));
	if (rows->maximum[row] != NO_MAXIMUM && rows->maximum[row] < rows->minimum[row])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("maximum must not be less than minimum"),
				 errdetail("The row has %s.", RowText(rows, row)),
				 errhint("Pass NULL for no maximum.")));
}

static char *
Int128Text(int128 number)
{
	Decimal		d = {number, 0, NULL};

	return DecimalToString(&d);
}

/*
 * Checks each row, collects those with a weight, cuts maximums to the seats, and
 * checks that the seats fit between the bounds.  Returns the seats of the rows
 * whose weight is 0.
 */
static int64
CheckRows(SeatRows *rows, int64 seats)
{
	/* at most 2^31 numbers below 2^63 */
	int128		minimums = 0;
	int128		maximums = 0;
	int128		reserved = 0;

	rows->row = palloc_extended(Max(rows->n, 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < rows->n; i++)
	{
		POLL_EVERY(i);
		if (WindowNumberIsNull(&rows->weight, i))
			continue;
		CheckRow(rows, i);
		minimums += rows->minimum[i];
		if (WindowNumberSign(&rows->weight, i) == 0)
		{
			reserved += rows->minimum[i];
			maximums += rows->minimum[i];
			continue;
		}
		rows->row[rows->n_weighted++] = (int32) i;
		maximums += rows->maximum[i] == NO_MAXIMUM ? seats : rows->maximum[i];
		/* where the minimum is more than the seats the call fails below */
		if (rows->maximum[i] == NO_MAXIMUM || rows->maximum[i] > seats)
			rows->maximum[i] = seats;
	}
	if (minimums > seats)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the minimums are more than the seats"),
				 errdetail("The minimums add up to %s, and seats is " INT64_FORMAT ": %s too few.",
						   Int128Text(minimums), seats, Int128Text(minimums - seats)),
				 errhint("Lower the minimums, or pass more seats.")));
	if (maximums < seats)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 rows->n_weighted == 0 ?
				 errmsg("no row has a weight above 0 that could take the seats") :
				 errmsg("the seats are more than the maximums"),
				 errdetail("The maximums add up to %s, and seats is " INT64_FORMAT ": %s too many. A row of weight 0 can have its minimum only.",
						   Int128Text(maximums), seats, Int128Text(seats - maximums)),
				 errhint("Raise the maximums, or pass fewer seats.")));
	return (int64) reserved;
}

/* --- Weights as limbs --------------------------------------------------------------- */

/* Appends a natural number that is written in decimal. */
static void
AppendDecimal(uint64 **limb, int64 *used, int64 *capacity, const char *digits)
{
	static const uint64 powers[] = {
		UINT64CONST(1), UINT64CONST(10), UINT64CONST(100), UINT64CONST(1000), UINT64CONST(10000),
		UINT64CONST(100000), UINT64CONST(1000000), UINT64CONST(10000000), UINT64CONST(100000000)
	};
	int64		n_digits = strlen(digits);
	int64		room = n_digits / 19 + 2;	/* 19 digits are less than 2^64 */
	uint64	   *number;
	int			n = 0;

	if (*used + room > *capacity)
	{
		*capacity = Max(*used + room, *capacity * 2);
		*limb = repalloc_huge(*limb, *capacity * sizeof(uint64));
	}
	number = *limb + *used;
	for (int64 place = 0; place < n_digits;)
	{
		int			length = (int) Min(n_digits - place, lengthof(powers) - 1);
		uint64		carry = 0;

		for (int i = 0; i < length; i++)
			carry = carry * 10 + (digits[place + i] - '0');
		for (int i = 0; i < n; i++)
		{
			uint128		step = (uint128) number[i] * powers[length] + carry;

			number[i] = (uint64) step;
			carry = (uint64) (step >> 64);
		}
		if (carry != 0)
			number[n++] = carry;
		place += length;
		if (place % 1024 == 0)
			custseg_poll();
	}
	*used += n;
}

/* The weights of the rows that have one, into limb and start. */
static void
SetWeights(const SeatRows *rows, Apportionment *p)
{
	int32		n = rows->n_weighted;
	int64		capacity = Max(rows->weight.small != NULL ? n : 2 * (int64) n, 1);
	uint64	   *limb = palloc_extended(capacity * sizeof(uint64), MCXT_ALLOC_HUGE);
	int64	   *start = NULL;
	int64		used = 0;

	if (rows->weight.small == NULL)
		start = palloc_extended(((Size) n + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	for (int32 i = 0; i < n; i++)
	{
		int32		row = rows->row[i];

		if (start != NULL)
			start[i] = used;
		if (rows->weight.small != NULL)
			limb[i] = WindowNumberSmall(&rows->weight, row);
		else if (rows->weight.wide != NULL)
			used += WideFromUint128(WindowNumberWide(&rows->weight, row), limb + used);
		else
		{
			char	   *digits = DatumGetCString(DirectFunctionCall1(numeric_out,
																	 NumericGetDatum(WindowNumberNumeric(&rows->weight, row))));

			AppendDecimal(&limb, &used, &capacity, digits);
			pfree(digits);
		}
		POLL_EVERY(i);
	}
	if (start != NULL)
		start[n] = used;
	p->limb = limb;
	p->start = start;
}

/* --- Sharing out ---------------------------------------------------------------------- */

static int
CompareKeys(int32 a, int32 b, void *arg)
{
	SeatRows   *rows = arg;

	return WindowKeysCompare(rows->row[a], rows->row[b], &rows->keys);
}

static void
ApportionPartition(FunctionCallInfo fcinfo, PartitionSeats *fit)
{
	/* that of the partition, whose memory our local memory is */
	MemoryContext partition = GetMemoryChunkContext(fit);
	SeatRows	rows;
	Apportionment p = {0};
	int64	   *minimum;
	int64	   *maximum;

	fit->seats = SeatsOption(PG_WINDOW_OBJECT());
	fit->method = MethodOption(PG_WINDOW_OBJECT());
	ReadPartition(&rows, fcinfo);
	p.reserved = CheckRows(&rows, fit->seats);
	p.method = fit->method;
	p.seats = fit->seats;
	p.n = rows.n_weighted;
	p.tie = rows.has_keys ? CompareKeys : NULL;
	p.tie_arg = &rows;
	SetWeights(&rows, &p);

	/* rows only move forward: a row is at or behind its place among those with weight */
	fit->result = MemoryContextAllocHuge(partition, Max(rows.n, 1) * sizeof(int64));
	for (int64 i = 0; i < rows.n; i++)
		fit->result[i] = WindowNumberIsNull(&rows.weight, i) ? NO_SEATS : rows.minimum[i];
	WindowNumbersFree(&rows.weight);
	minimum = rows.minimum;
	maximum = rows.maximum;
	for (int32 i = 0; i < p.n; i++)
	{
		minimum[i] = minimum[rows.row[i]];
		maximum[i] = maximum[rows.row[i]];
		POLL_EVERY(i);
	}
	p.minimum = minimum;
	p.maximum = maximum;
	p.result = palloc_extended(Max((Size) p.n, 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	Apportion(&p);
	for (int32 i = 0; i < p.n; i++)
	{
		fit->result[rows.row[i]] = p.result[i];
		POLL_EVERY(i);
	}
	WindowKeysFree(&rows.keys);
	fit->done = true;
}

/* apportion(weight, seats, method, minimum, maximum, key) */
Datum
custseg_apportion(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionSeats *fit = WinGetPartitionLocalMemory(window, sizeof(PartitionSeats));
	int64		seats;

	if (!fit->done)
		ApportionPartition(fcinfo, fit);
	else
		CheckOptions(fcinfo, fit);
	seats = fit->result[WinGetCurrentPosition(window)];
	if (seats == NO_SEATS)
		PG_RETURN_NULL();
	PG_RETURN_INT64(seats);
}
