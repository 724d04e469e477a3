/*
 * divide.h
 *		Core of allocate and waterfall: a whole divided in proportion, within bounds.
 */
#ifndef CUSTSEG_DIVIDE_H
#define CUSTSEG_DIVIDE_H

#include "common/core.h"

struct NumericData;

/* Integers that are not negative, in 64 or in 128 bits; step 0: one for all rows. */
typedef struct DivideColumn
{
	const int64 *small;
	const int128 *wide;			/* used where small is NULL */
	const bool *is_null;		/* NULL: none is; a null row's number is 0 */
	int64		step;
} DivideColumn;

static inline bool
DivideIsNull(const DivideColumn *column, int64 row)
{
	return column->is_null != NULL && column->is_null[row * column->step];
}

static inline int128
DivideNumber(const DivideColumn *column, int64 row)
{
	return column->small != NULL ? column->small[row * column->step] :
		column->wide[row * column->step];
}

/* Who comes first among rows that are equal: below 0 for a, 0 when undecided. */
typedef int (*DivideTie) (int32 a, int32 b, void *arg);

typedef struct DivideRows
{
	int32		n;
	DivideColumn weight;		/* null: the row takes no part */
	DivideColumn floor;			/* null: 0 */
	DivideColumn cap;			/* null: none */
	DivideTie	tie;			/* NULL: no key */
	void	   *arg;
} DivideRows;

/* The same rows as integral numerics; a null one is NULL. */
typedef struct DivideBigRows
{
	int32		n;
	struct NumericData **weight;
	struct NumericData **floor; /* none is NULL */
	struct NumericData **cap;
	DivideTie	tie;
	void	   *arg;
} DivideBigRows;

typedef enum DivideStatus
{
	DIVIDE_OK,
	DIVIDE_FLOOR_ABOVE_CAP,		/* in a row */
	DIVIDE_FLOORS_EXCEED,		/* their sum is more than the budget */
	DIVIDE_CAPS_BELOW,			/* what the rows can take is less than the budget */
	DIVIDE_NO_WEIGHT,			/* the same, because no row has a weight above 0 */
	DIVIDE_TOO_WIDE				/* products do not fit in 128 bits: DivideBig does it */
} DivideStatus;

/* What is wrong: the row, or the sum of the floors or of what rows can take. */
typedef struct DivideProblem
{
	int32		row;
	int128		sum;
	struct NumericData *big_sum;	/* of DivideBig */
} DivideProblem;

/* The caller's arrays: small or wide; -1 for a row that takes no part. */
typedef struct DivideAmounts
{
	int64	   *small;			/* for a budget below 2^63 */
	int128	   *wide;
} DivideAmounts;

/*
 * Divides the budget: each row gets clamp(lambda * weight, floor, cap), rounded
 * to integers whose sum is the budget.  With keep, rows that cannot take all of
 * it get all that they can, and the rest is left.
 */
extern DivideStatus Divide(const DivideRows *rows, int128 budget, bool keep,
						   DivideAmounts *amounts, DivideProblem *problem);

/* The same for numbers of any size; amounts are palloc'd, NULL for a row that takes no part. */
extern DivideStatus DivideBig(const DivideBigRows *rows, struct NumericData *budget, bool keep,
							  struct NumericData **amounts, DivideProblem *problem);

#endif							/* CUSTSEG_DIVIDE_H */
