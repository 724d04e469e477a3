/*
 * window_numbers.c
 *		A numeric argument of all rows of a partition, as exact integers.
 *
 * Weights, budgets and bounds of a window function are numerics, and what is
 * done with them is exact.  They are read once, as integers of one scale: in
 * 64 bits where all of them fit, which is nearly always, else in 128 bits, else
 * as integral numerics.  A scale that grows along the way multiplies what was
 * read before.
 *
 * Several arguments are read row by row, not one after the other.  The executor
 * goes back one row for each further argument, which costs little; going back to
 * the first row means to read all rows backwards, and where they have been
 * written to a file because work_mem is small that takes some ten times as long
 * as all the rest.  A constant, as a default is, is read once.
 */
#include "postgres.h"

#include "common/window_numbers.h"

#include "common/checks.h"
#include "common/core.h"
#include "common/int.h"
#include "common/numeric_argument.h"
#include "common/window_args.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

static Numeric
Call2(PGFunction function, Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(function, NumericGetDatum(a), NumericGetDatum(b)));
}

/* a * 10^digits, for any number of digits that a numeric's scale can have. */
static Numeric
ShiftNumeric(Numeric a, int digits)
{
	for (; digits < 0; digits += Min(-digits, DECIMAL_MAX_SCALE))
	{
		Decimal		power = {1, Min(-digits, DECIMAL_MAX_SCALE), NULL};

		a = Call2(numeric_mul, a, DecimalToNumeric(&power));
	}
	for (; digits > 0; digits -= Min(digits, DECIMAL_MAX_SCALE - 1))
	{
		Decimal		power = {DecimalPowers()[Min(digits, DECIMAL_MAX_SCALE - 1)], 0, NULL};

		a = Call2(numeric_mul, a, DecimalToNumeric(&power));
	}
	return a;
}

/* An integral numeric: a * 10^digits, rounded where that leaves a fraction. */
static Numeric
RoundedNumeric(Numeric a, int digits, UnitRounding rounding)
{
	a = ShiftNumeric(a, digits);
	return DatumGetNumeric(DirectFunctionCall1(rounding == UNITS_UP ? numeric_ceil : numeric_floor,
											   NumericGetDatum(a)));
}

bool
UnitsOfDecimal(const Decimal *d, int scale, UnitRounding rounding, int128 *units)
{
	const int128 *power = DecimalPowers();

	if (d->big != NULL)
	{
		/* too many digits, of which rounding may leave few */
		Decimal		rounded;

		if (rounding == UNITS_EXACT)
			return false;
		(void) DecimalFromNumeric(RoundedNumeric(d->big, scale, rounding), &rounded);
		*units = rounded.value;
		return rounded.big == NULL;
	}
	if (d->scale > scale)
	{
		/* beyond the powers, which happens with a negative scale, all is a fraction */
		bool		fraction = d->scale - scale > DECIMAL_MAX_SCALE;
		int128		divisor = fraction ? 1 : power[d->scale - scale];
		int128		rest = fraction ? d->value : d->value % divisor;

		*units = fraction ? 0 : d->value / divisor;
		if (rest > 0 && rounding == UNITS_UP)
			(*units)++;
		else if (rest < 0 && rounding != UNITS_UP)
			(*units)--;
		return true;
	}
	if (scale - d->scale > DECIMAL_MAX_SCALE)
		return d->value == 0 ? (*units = 0, true) : false;
	if (d->value > (power[DECIMAL_MAX_SCALE] - 1) / power[scale - d->scale] ||
		d->value < -(power[DECIMAL_MAX_SCALE] - 1) / power[scale - d->scale])
		return false;
	*units = d->value * power[scale - d->scale];
	return true;
}

/* --- The arrays --------------------------------------------------------------------- */

static void *
AllocateFor(const WindowNumbers *x, Size size)
{
	return MemoryContextAllocHuge(x->context, Max(1, x->step == 0 ? 1 : x->n) * size);
}

/* From small to wide, of the rows before `done`. */
static void
Widen(WindowNumbers *x, int64 done)
{
	x->wide = AllocateFor(x, sizeof(int128));
	for (int64 i = 0; i < done; i++)
	{
		x->wide[i] = x->small[i];
		POLL_EVERY(i);
	}
	pfree(x->small);
	x->small = NULL;
}

static Numeric
NumericOfInt128(int128 number)
{
	Decimal		d = {number, 0, NULL};

	return DecimalToNumeric(&d);
}

/* A copy in the context of the arrays. */
static Numeric
KeptNumeric(const WindowNumbers *x, Numeric number)
{
	return memcpy(MemoryContextAlloc(x->context, VARSIZE(number)), number, VARSIZE(number));
}

/* To numerics, of the rows before `done`. */
static void
Enlarge(WindowNumbers *x, int64 done)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "numerics of a partition",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	x->big = AllocateFor(x, sizeof(Numeric));
	for (int64 i = 0; i < done; i++)
	{
		x->big[i] = KeptNumeric(x, NumericOfInt128(WindowNumberWide(x, i)));
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	if (x->small != NULL)
		pfree(x->small);
	if (x->wide != NULL)
		pfree(x->wide);
	x->small = NULL;
	x->wide = NULL;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* Multiplies numerics before `done` by 10^digits. */
static void
RescaleBig(WindowNumbers *x, int64 done, int digits)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "numerics of a partition",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	for (int64 i = 0; i < done; i++)
	{
		Numeric		before = x->big[i];

		x->big[i] = KeptNumeric(x, ShiftNumeric(before, digits));
		pfree(before);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* Multiplies the rows before `done` by 10^digits, widening them as needed. */
static void
Rescale(WindowNumbers *x, int64 done, int digits)
{
	int128		largest = 0;

	x->scale += digits;
	if (x->big == NULL)
	{
		const int128 *power = DecimalPowers();

		for (int64 i = 0; i < done; i++)
		{
			int128		number = WindowNumberWide(x, i);

			largest = Max(largest, number < 0 ? -number : number);
			POLL_EVERY(i);
		}
		if (largest > 0 && (digits > DECIMAL_MAX_SCALE ||
							largest > (power[DECIMAL_MAX_SCALE] - 1) / power[digits]))
			Enlarge(x, done);
		else if (largest > 0)
		{
			if (x->small != NULL && largest * power[digits] > PG_INT64_MAX)
				Widen(x, done);
			for (int64 i = 0; i < done; i++)
			{
				if (x->small != NULL)
					x->small[i] *= (int64) power[digits];
				else
					x->wide[i] *= power[digits];
				POLL_EVERY(i);
			}
			return;
		}
		else
			return;
	}
	RescaleBig(x, done, digits);
}

/* Sets a row whose number has too many digits for an int128. */
static void
PutBig(WindowNumbers *x, int64 row, const Decimal *d, UnitRounding rounding)
{
	Numeric		value = DecimalToNumeric(d);

	if (rounding == UNITS_EXACT)
	{
		int			scale = DatumGetInt32(DirectFunctionCall1(numeric_min_scale,
															  NumericGetDatum(value)));

		if (scale > x->scale)
			Rescale(x, row, scale - x->scale);
	}
	if (x->big == NULL)
		Enlarge(x, row);
	x->big[row] = KeptNumeric(x, RoundedNumeric(value, x->scale, rounding));
}

static void
Put(WindowNumbers *x, int64 row, Decimal *d, UnitRounding rounding)
{
	int128		number;

	if (rounding == UNITS_EXACT && d->big == NULL && d->scale > x->scale)
	{
		/* zeros at the end ask for no scale */
		while (d->scale > x->scale && d->value % 10 == 0)
		{
			d->value /= 10;
			d->scale--;
		}
		if (d->scale > x->scale)
			Rescale(x, row, d->scale - x->scale);
	}
	if (x->big != NULL || !UnitsOfDecimal(d, x->scale, rounding, &number))
	{
		PutBig(x, row, d, rounding);
		return;
	}
	if (x->small != NULL && number != (int64) number)
		Widen(x, row);
	if (x->small != NULL)
		x->small[row] = (int64) number;
	else
		x->wide[row] = number;
}

static void
PutNull(WindowNumbers *x, int64 row)
{
	Decimal		zero = {0, 0, NULL};

	if (x->is_null == NULL)
	{
		x->is_null = AllocateFor(x, sizeof(bool));
		memset(x->is_null, false, Max(1, x->step == 0 ? 1 : x->n));
	}
	x->is_null[row] = true;
	Put(x, row, &zero, UNITS_DOWN);
}

/* --- Reading ------------------------------------------------------------------------- */

void
WindowNumbersInit(WindowNumbers *numbers, FunctionCallInfo fcinfo, int arg, int64 n,
				  const char *name, UnitRounding rounding, int scale)
{
	memset(numbers, 0, sizeof(*numbers));
	numbers->arg = arg;
	numbers->name = name;
	numbers->rounding = rounding;
	numbers->n = n;
	numbers->step = get_fn_expr_arg_stable(fcinfo->flinfo, arg) ? 0 : 1;
	numbers->scale = rounding == UNITS_EXACT ? 0 : scale;
	numbers->context = CurrentMemoryContext;
	numbers->small = AllocateFor(numbers, sizeof(int64));
}

void
WindowNumbersReadRow(WindowNumbers *numbers, WindowObject window, int64 row,
					 MemoryContext scratch)
{
	MemoryContext old;
	bool		is_null;
	Datum		datum;

	if (numbers->step == 0 && row > 0)
		return;
	old = MemoryContextSwitchTo(scratch);
	datum = PartitionArgument(window, numbers->arg, row, &is_null);
	if (is_null)
		PutNull(numbers, row);
	else
	{
		Decimal		d;

		CheckFiniteAmount(DecimalFromNumeric(NumericArgument(datum), &d), numbers->name);
		Put(numbers, row, &d, numbers->rounding);
	}
	MemoryContextSwitchTo(old);
}

void
WindowNumbersFree(WindowNumbers *numbers)
{
	if (numbers->small != NULL)
		pfree(numbers->small);
	if (numbers->wide != NULL)
		pfree(numbers->wide);
	if (numbers->big != NULL)
		pfree(numbers->big);
	if (numbers->is_null != NULL)
		pfree(numbers->is_null);
	numbers->small = NULL;
	numbers->wide = NULL;
	numbers->big = NULL;
	numbers->is_null = NULL;
}

Numeric
WindowNumberNumeric(const WindowNumbers *numbers, int64 row)
{
	if (numbers->big != NULL)
		return numbers->big[row * numbers->step];
	return NumericOfInt128(WindowNumberWide(numbers, row));
}

Numeric
WindowNumberValue(const WindowNumbers *numbers, int64 row)
{
	return ShiftNumeric(WindowNumberNumeric(numbers, row), -numbers->scale);
}

int
WindowNumberSign(const WindowNumbers *numbers, int64 row)
{
	int128		number;

	if (numbers->big != NULL)
		return DecimalBigSign(&(Decimal) {0, 0, numbers->big[row * numbers->step]});
	number = WindowNumberWide(numbers, row);
	return number < 0 ? -1 : number > 0;
}
