/*
 * divide_big.c
 *		The division of divide.c for numbers of any size.
 *
 * The method is in divide_template.h; the arithmetic is that of numeric.  It is
 * there for weights of many different magnitudes, and for budgets that have very
 * many units; some fifty times slower than divide.c, with the same results.
 *
 * Memory: temporary numbers live in a context of their own, below the caller's,
 * that is current while the template works and reset now and then.  What is kept
 * goes to its parent.
 */
#include "postgres.h"

#include "allocation/divide.h"

#include "common/decimal.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

typedef Numeric Number;
typedef DivideBigRows Rows;
typedef Numeric *Amounts;

#define ZERO	(IntegerNumeric(0))
#define ONE		(IntegerNumeric(1))
#define KEYS_EXACT(d)		((void) (d), false)
#define SetSum(problem, x)	((problem)->big_sum = (x))

/* remainders become keys of 62 bits */
#define KEY_RANGE	(INT64CONST(1) << 62)

static inline Numeric
IntegerNumeric(int64 x)
{
	Decimal		d = DecimalFromInt(x);

	return DecimalToNumeric(&d);
}

static inline Numeric
Call2(PGFunction function, Numeric a, Numeric b)
{
	return DatumGetNumeric(DirectFunctionCall2(function, NumericGetDatum(a), NumericGetDatum(b)));
}

static inline Number
Product(Number a, Number b)
{
	return Call2(numeric_mul, a, b);
}

static inline Number
Sum(Number a, Number b)
{
	return Call2(numeric_add, a, b);
}

static inline Number
Difference(Number a, Number b)
{
	return Call2(numeric_sub, a, b);
}

static inline Number
Quotient(Number p, Number q)
{
	return Call2(numeric_div_trunc, p, q);
}

static inline int
Compare(Number a, Number b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a), NumericGetDatum(b)));
}

static inline void *
Room(Size size)
{
	return MemoryContextAllocHuge(MemoryContextGetParent(CurrentMemoryContext), size);
}

/* A number that was not set before. */
static inline void
Keep(Number *to, Number x)
{
	*to = memcpy(MemoryContextAlloc(MemoryContextGetParent(CurrentMemoryContext), VARSIZE(x)),
				 x, VARSIZE(x));
}

static inline void
KeepNext(Number *to, Number x)
{
	Number		before = *to;

	Keep(to, x);
	pfree(before);
}

static inline void
Forget(int32 i)
{
	if ((i & 255) == 255)
		MemoryContextReset(CurrentMemoryContext);
}

static inline int32
CountOf(Number x)
{
	return DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(x)));
}

static inline bool
TakesPart(const Rows *rows, int32 row)
{
	return rows->weight[row] != NULL;
}

static inline Number
RowWeight(const Rows *rows, int32 row)
{
	return rows->weight[row];
}

static inline Number
RowFloor(const Rows *rows, int32 row)
{
	return rows->floor[row];
}

static inline bool
HasCap(const Rows *rows, int32 row)
{
	return rows->cap[row] != NULL;
}

static inline Number
RowCap(const Rows *rows, int32 row)
{
	return rows->cap[row];
}

static inline void
SetAmount(Amounts *amounts, int32 row, Number x)
{
	Keep(&(*amounts)[row], x);
}

static inline void
SetNone(Amounts *amounts, int32 row)
{
	(*amounts)[row] = NULL;
}

static inline void
AddUnit(Amounts *amounts, int32 row)
{
	KeepNext(&(*amounts)[row], Sum((*amounts)[row], ONE));
}

struct Division;
static uint64 RemainderKey(const struct Division *d, Number remainder);
static void PrepareKeys(struct Division *d);

#include "allocation/divide_template.h"

static uint64
RemainderKey(const Division *d, Number remainder)
{
	Numeric		key = Quotient(Product(remainder, IntegerNumeric(KEY_RANGE)), d->q);

	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(key)));
}

static void
PrepareKeys(Division *d)
{
	d->shift = 0;
}

DivideStatus
DivideBig(const DivideBigRows *rows, Numeric budget, bool keep, Numeric *amounts,
		  DivideProblem *problem)
{
	Division	d = {.rows = rows, .budget = budget};
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "numerics of a division",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	DivideStatus status;

	status = DivideRowsOf(&d, keep, &amounts, problem);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return status;
}
