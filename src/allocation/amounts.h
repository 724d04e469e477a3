/*
 * amounts.h
 *		What window functions that divide a budget share: options and results.
 */
#ifndef CUSTSEG_AMOUNTS_H
#define CUSTSEG_AMOUNTS_H

#include "postgres.h"

#include "common/compat.h"

#include "allocation/divide.h"
#include "common/window_keys.h"
#include "common/window_numbers.h"
#include "utils/numeric.h"
#include "windowapi.h"

/* Amounts are units of 10^-scale, with scale from -MAX_AMOUNT_SCALE on. */
#define MAX_AMOUNT_SCALE	20

/*
 * Local memory of a partition, all zero before its first row.  The options are
 * as the first row had them, the results are in small, wide or big.
 */
typedef struct PartitionAmounts
{
	bool		done;
	bool		constant;		/* no option can change from row to row */
	int			scale;
	bool		keep;			/* leftover is 'keep' */
	Numeric		budget;
	int128		units;			/* the budget in units, */
	Numeric		big_units;		/* or here, when it has more than 38 digits */

	DivideAmounts amounts;		/* -1: null */
	Numeric    *big;			/* NULL: null */
} PartitionAmounts;

/* Which argument is what; leftover may be -1. */
typedef struct AmountArguments
{
	int			budget;
	int			scale;
	int			leftover;
} AmountArguments;

/*
 * The partition's memory.  At its first row the options are read; at each other
 * they must be the same (22023).
 */
extern PartitionAmounts *AmountOptions(FunctionCallInfo fcinfo, const AmountArguments *arguments);

/* Makes room for the amounts of n rows, in the partition's memory. */
extern void MakeAmounts(PartitionAmounts *partition, int64 n);

/* The result of the current row. */
extern Datum CurrentAmount(FunctionCallInfo fcinfo, PartitionAmounts *partition);

/* Units of 10^-scale as a numeric, and as text for messages. */
extern Numeric NumericOfUnits(int128 units, int scale);
extern Numeric NumericOfBigUnits(Numeric units, int scale);
extern char *TextOfUnits(int128 units, int scale);
extern char *TextOfNumeric(Numeric number);

/* The scale, if it is in the range. */
extern int	CheckedScale(int scale);

/* An error; the texts are of the row's numbers. */
pg_noreturn extern void FloorAboveCap(const char *floor, const char *cap, const char *weight, int scale);

/* Refuses numbers below 0. */
extern void CheckNotNegative(const WindowNumbers *numbers, const char *name);

/* What Divide takes as tie, with the keys as arg. */
static inline DivideTie
TieOf(const WindowKeys *keys)
{
	return WindowKeysGiven(keys) ? WindowKeysCompare : NULL;
}

/* A view for Divide of numbers that are not big. */
static inline DivideColumn
ColumnOf(const WindowNumbers *numbers)
{
	return (DivideColumn) {numbers->small, numbers->wide, numbers->is_null, numbers->step};
}

#endif							/* CUSTSEG_AMOUNTS_H */
