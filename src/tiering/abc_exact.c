/*
 * abc_exact.c
 *		ABC breaks of exact decimals.
 *
 * As abc.c, but a value's share is compared without any rounding: the larger
 * values hold at least the share s where before * 10^38 >= s * 10^38 * total,
 * in integers of 256 bits.  Where values or sums do not fit in 128 bits, the
 * same is done with numerics.
 *
 * Memory: the numerics of a step live in a context of their own, which is
 * emptied every few hundred steps.
 */
#include "tiering/decimal_counts.h"

#include "common/decimal.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

/* Steps between two emptyings. */
#define STEPS 256

/* The product of two integers from 0 to 2^127 - 1. */
typedef struct WideProduct
{
	uint128		high;
	uint128		low;
} WideProduct;

static WideProduct
Multiply(int128 a, int128 b)
{
	uint128		a1 = (uint128) a >> 64;
	uint128		a0 = (uint64) a;
	uint128		b1 = (uint128) b >> 64;
	uint128		b0 = (uint64) b;
	uint128		low = a0 * b0;
	uint128		middle = a1 * b0 + (low >> 64);
	uint128		other = a0 * b1 + (uint64) middle;
	WideProduct result;

	result.high = a1 * b1 + (middle >> 64) + (other >> 64);
	result.low = (other << 64) | (uint64) low;
	return result;
}

/* before / total >= share, where shares are in units of 10^-38. */
static inline bool
HasShareBefore(int128 before, WideProduct limit)
{
	WideProduct scaled = Multiply(before, DecimalPowers()[SHARE_SCALE]);

	return scaled.high > limit.high ||
		(scaled.high == limit.high && scaled.low >= limit.low);
}

/* False if the sum is out of range. */
static bool
IntegerTotal(const DecimalRuns *runs, int128 *total)
{
	*total = 0;
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		int128		product;

		if (__builtin_mul_overflow(runs->run[i].value, (int128) runs->run[i].count, &product) ||
			__builtin_add_overflow(*total, product, total))
			return false;
		POLL_EVERY(i);
	}
	return true;
}

static void
IntegerBreaks(const DecimalRuns *runs, int128 total, const int128 *shares, int n, int64 *at)
{
	int128		before = 0;
	int			next = 0;
	WideProduct limit = Multiply(shares[0], total);

	for (int64 i = runs->n_runs - 1; i >= 0 && next < n; i--)
	{
		while (next < n && HasShareBefore(before, limit))
		{
			at[n - 1 - next++] = i;
			if (next < n)
				limit = Multiply(shares[next], total);
		}
		before += runs->run[i].value * runs->run[i].count;
		POLL_EVERY(i);
	}
	while (next < n)
		at[n - 1 - next++] = -1;
}

/* --- With numerics -------------------------------------------------------- */

/* sum + n * count, made in the current context. */
static Numeric
AddProduct(Numeric sum, Numeric n, int64 count)
{
	Datum		product = NumericGetDatum(n);

	if (count != 1)
		product = DirectFunctionCall2(numeric_mul, product,
									  NumericGetDatum(int64_to_numeric(count)));
	return DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(sum), product));
}

static Numeric
CopyNumeric(Numeric n)
{
	Numeric		copy = palloc(VARSIZE(n));

	memcpy(copy, n, VARSIZE(n));
	return copy;
}

/*
 * Walks from the largest value down, until next reaches n.  limits[] are the
 * shares of the total; n = 0 walks over all.  Returns the sum of all values.
 */
static Numeric
NumericWalk(const DecimalRuns *runs, Numeric *limits, int n, int64 *at)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext steps = AllocSetContextCreate(outer, "custseg abc steps", ALLOCSET_DEFAULT_SIZES);
	Numeric		before = int64_to_numeric(0);
	int			next = 0;

	for (int64 i = runs->n_runs - 1; i >= 0 && (next < n || n == 0); i--)
	{
		while (next < n &&
			   DatumGetBool(DirectFunctionCall2(numeric_ge, NumericGetDatum(before),
												NumericGetDatum(limits[next]))))
			at[n - 1 - next++] = i;

		MemoryContextSwitchTo(steps);
		before = AddProduct(before, runs->run[i].big, runs->run[i].count);
		MemoryContextSwitchTo(outer);
		if (i % STEPS == 0)
		{
			before = CopyNumeric(before);
			MemoryContextReset(steps);
			custseg_poll();
		}
	}
	while (next < n)
		at[n - 1 - next++] = -1;
	before = CopyNumeric(before);
	MemoryContextDelete(steps);
	return before;
}

static void
NumericBreaks(const DecimalRuns *runs, const int128 *shares, int n, int64 *at)
{
	Numeric		total = NumericWalk(runs, NULL, 0, NULL);
	Numeric    *limits = palloc(n * sizeof(Numeric));

	for (int i = 0; i < n; i++)
	{
		Decimal		share = {shares[i], SHARE_SCALE, NULL};

		limits[i] = DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(total),
														NumericGetDatum(TrimmedNumeric(&share))));
	}
	(void) NumericWalk(runs, limits, n, at);
}

bool
AbcBreaksExact(const DecimalRuns *runs, const int128 *shares, int n, int64 *at)
{
	int128		total;

	if (runs->n_runs == 0)
		return false;
	if (!runs->wide && IntegerTotal(runs, &total))
		IntegerBreaks(runs, total, shares, n, at);
	else
		NumericBreaks(runs, shares, n, at);
	return true;
}
