/*
 * divide.c
 *		Core of allocate and waterfall, in integers of 128 bits.
 *
 * The method is in divide_template.h.  Weights and units may have 64 or 128
 * bits; what counts is that no product or sum of products overflows, which Fits
 * makes sure of.  Otherwise DivideBig does the same with numerics.
 *
 * Memory, of the current context: 20 bytes a row.
 */
#include "allocation/divide.h"

typedef int128 Number;
typedef DivideRows Rows;
typedef DivideAmounts Amounts;

#define ZERO	((int128) 0)
#define ONE		((int128) 1)
#define Keep(to, x)			(*(to) = (x))
#define KeepNext(to, x)		(*(to) = (x))
#define Forget(i)			((void) (i))
#define Room(size)			palloc_extended(size, MCXT_ALLOC_HUGE)
#define CountOf(x)			((int32) (x))

/* Whether equal keys mean equal remainders. */
#define KEYS_EXACT(d)	((d)->shift == 0)
#define RemainderKey(d, remainder)	((uint64) ((remainder) >> (d)->shift))

#define SetSum(problem, x)	((problem)->sum = (x))

static inline Number
Product(Number a, Number b)
{
	return a * b;
}

static inline Number
Sum(Number a, Number b)
{
	return a + b;
}

static inline Number
Difference(Number a, Number b)
{
	return a - b;
}

static inline Number
Quotient(Number p, Number q)
{
	return (Number) ((uint128) p / (uint128) q);
}

static inline int
Compare(Number a, Number b)
{
	return a < b ? -1 : a > b;
}

static inline bool
TakesPart(const Rows *rows, int32 row)
{
	return !DivideIsNull(&rows->weight, row);
}

static inline Number
RowWeight(const Rows *rows, int32 row)
{
	return DivideNumber(&rows->weight, row);
}

static inline Number
RowFloor(const Rows *rows, int32 row)
{
	return DivideNumber(&rows->floor, row);
}

static inline bool
HasCap(const Rows *rows, int32 row)
{
	return !DivideIsNull(&rows->cap, row);
}

static inline Number
RowCap(const Rows *rows, int32 row)
{
	return DivideNumber(&rows->cap, row);
}

static inline void
SetAmount(Amounts *amounts, int32 row, Number x)
{
	if (amounts->small != NULL)
		amounts->small[row] = (int64) x;
	else
		amounts->wide[row] = x;
}

static inline void
SetNone(Amounts *amounts, int32 row)
{
	SetAmount(amounts, row, -1);
}

static inline void
AddUnit(Amounts *amounts, int32 row)
{
	if (amounts->small != NULL)
		amounts->small[row]++;
	else
		amounts->wide[row]++;
}

struct Division;
static void PrepareKeys(struct Division *d);

#include "allocation/divide_template.h"

/* Remainders are below q. */
static void
PrepareKeys(Division *d)
{
	d->shift = 0;
	while ((d->q >> d->shift) > PG_UINT64_MAX)
		d->shift++;
}

/*
 * Whether nothing can overflow.  With the total weight W and the budget B all
 * products are at most W * B: a breakpoint's p is a floor or a cap of at most B,
 * its q a weight.  A sum at a breakpoint has four parts, each at most W * B: of
 * fixed rows, of free ones, of open rows at a bound, of the other open rows.  So
 * W * B < 2^124 keeps all below 2^126.  Sums of floors are checked here; those of
 * limits stop at the budget.
 */
static bool
Fits(const DivideRows *rows, int128 budget)
{
	int128		weights = 0;
	int128		floors = 0;

	for (int64 i = 0; i < rows->n; i++)
	{
		if (__builtin_add_overflow(weights, RowWeight(rows, i), &weights) ||
			__builtin_add_overflow(floors, RowFloor(rows, i), &floors))
			return false;
		POLL_EVERY(i);
	}
	/* a limit more than the budget, or a floor and a limit: far below 2^127 */
	return budget < ((int128) 1 << 124) / Max(weights, 1);
}

DivideStatus
Divide(const DivideRows *rows, int128 budget, bool keep, DivideAmounts *amounts,
	   DivideProblem *problem)
{
	Division	d = {.rows = rows, .budget = budget};

	if (!Fits(rows, budget))
		return DIVIDE_TOO_WIDE;
	return DivideRowsOf(&d, keep, amounts, problem);
}
