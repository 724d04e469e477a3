/*
 * window_numbers.h
 *		A numeric argument of all rows of a partition, as exact integers.
 */
#ifndef CUSTSEG_WINDOW_NUMBERS_H
#define CUSTSEG_WINDOW_NUMBERS_H

#include "postgres.h"

#include "common/compat.h"

#include "common/decimal.h"
#include "utils/numeric.h"
#include "windowapi.h"

/* How numbers become units of 10^-scale. */
typedef enum UnitRounding
{
	UNITS_EXACT,				/* the scale is the largest that a row needs */
	UNITS_UP,					/* the scale is given */
	UNITS_DOWN
} UnitRounding;

/*
 * The value of row i is number * 10^-scale; the numbers stand in one of three
 * arrays, the first that has room for all of them.  Where the argument is a
 * constant the arrays hold one element, and step is 0.
 */
typedef struct WindowNumbers
{
	int64		n;				/* rows of the partition */
	int64		step;
	int			scale;
	int64	   *small;
	int128	   *wide;			/* |number| < 10^38 */
	Numeric    *big;			/* integers of any size */
	bool	   *is_null;		/* NULL: no row is null; a null row's number is 0 */
	MemoryContext context;		/* of the arrays */

	/* how to read them */
	int			arg;
	const char *name;
	UnitRounding rounding;
} WindowNumbers;

/*
 * To read argument arg in all n rows, into memory of the current context.  scale
 * is ignored for UNITS_EXACT.
 */
extern void WindowNumbersInit(WindowNumbers *numbers, FunctionCallInfo fcinfo, int arg, int64 n,
							  const char *name, UnitRounding rounding, int scale);

/*
 * Reads one row, the rows in their order; in the scratch context, which the
 * caller resets (ForgetArguments).  NaN and infinities are errors (22023) that
 * name the argument.
 */
extern void WindowNumbersReadRow(WindowNumbers *numbers, WindowObject window, int64 row,
								 MemoryContext scratch);

extern void WindowNumbersFree(WindowNumbers *numbers);

static inline bool
WindowNumberIsNull(const WindowNumbers *numbers, int64 row)
{
	return numbers->is_null != NULL && numbers->is_null[row * numbers->step];
}

/* The number of a row where they are in small, or in small or wide. */
static inline int64
WindowNumberSmall(const WindowNumbers *numbers, int64 row)
{
	return numbers->small[row * numbers->step];
}

static inline int128
WindowNumberWide(const WindowNumbers *numbers, int64 row)
{
	return numbers->small != NULL ? numbers->small[row * numbers->step] :
		numbers->wide[row * numbers->step];
}

/* Made in the current context unless the numbers are numerics. */
extern Numeric WindowNumberNumeric(const WindowNumbers *numbers, int64 row);

/* The value, number * 10^-scale, made in the current context. */
extern Numeric WindowNumberValue(const WindowNumbers *numbers, int64 row);

/* -1, 0 or 1 */
extern int	WindowNumberSign(const WindowNumbers *numbers, int64 row);

/* One number in units of 10^-scale; false when it has more digits than an int128 holds. */
extern bool UnitsOfDecimal(const Decimal *d, int scale, UnitRounding rounding, int128 *units);

#endif							/* CUSTSEG_WINDOW_NUMBERS_H */
