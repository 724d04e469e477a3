/*
 * double_double.h
 *		Sums and products that keep twice the digits of a double.
 *
 * A number is the unevaluated sum high + low with |low| <= ulp(high) / 2,
 * about 106 bits.  The building blocks are error-free: TwoSum (D. E. Knuth,
 * The Art of Computer Programming 2, 4.2.2) and TwoProduct (T. J. Dekker, "A
 * floating-point technique for extending the available precision", Numerische
 * Mathematik 18, 1971).  Being exact, they give the same bits on every
 * platform, with or without a fused multiply-add.  They need a compiler that
 * keeps to the order of operations, and no operand beyond 2^996.
 *
 * In a sum of numbers of one sign, each addition has a relative error of
 * 2^-104 at most, and none while the sum fits in 105 bits: as long as the
 * numbers differ by less than 2^50 in size, high is the exact sum, rounded
 * once.  That is for values that are added in a fixed order, such as sorted
 * ones or the columns of one row; where the order is not fixed, as in the
 * transition function of an aggregate, exact_sum.h is needed.
 */
#ifndef CUSTSEG_DOUBLE_DOUBLE_H
#define CUSTSEG_DOUBLE_DOUBLE_H

#include "common/core.h"

#include <math.h>

typedef struct DoubleDouble
{
	double		high;
	double		low;
} DoubleDouble;

/* a + b; |a| >= |b|, or a is 0. */
static inline DoubleDouble
QuickTwoSum(double a, double b)
{
	DoubleDouble r;

	r.high = a + b;
	r.low = b - (r.high - a);
	return r;
}

/* a + b */
static inline DoubleDouble
TwoSum(double a, double b)
{
	DoubleDouble r;
	double		part;

	r.high = a + b;
	part = r.high - a;
	r.low = (a - (r.high - part)) + (b - part);
	return r;
}

/* The upper half of a's digits. */
static inline double
UpperDigits(double a)
{
	double		shifted = 134217729.0 * a;	/* 2^27 + 1 */

	return shifted - (shifted - a);
}

/* a b */
static inline DoubleDouble
TwoProduct(double a, double b)
{
	DoubleDouble r;

	r.high = a * b;
#ifdef FP_FAST_FMA
	r.low = fma(a, b, -r.high);
#else
	{
		double		a1 = UpperDigits(a);
		double		b1 = UpperDigits(b);
		double		a2 = a - a1;
		double		b2 = b - b1;

		r.low = ((a1 * b1 - r.high) + a1 * b2 + a2 * b1) + a2 * b2;
	}
#endif
	return r;
}

static inline DoubleDouble
DoubleDoubleAdd(DoubleDouble a, DoubleDouble b)
{
	DoubleDouble high = TwoSum(a.high, b.high);
	DoubleDouble low = TwoSum(a.low, b.low);

	high = QuickTwoSum(high.high, high.low + low.high);
	return QuickTwoSum(high.high, high.low + low.low);
}

static inline DoubleDouble
DoubleDoubleSubtract(DoubleDouble a, DoubleDouble b)
{
	b.high = -b.high;
	b.low = -b.low;
	return DoubleDoubleAdd(a, b);
}

static inline DoubleDouble
DoubleDoubleMultiply(DoubleDouble a, DoubleDouble b)
{
	DoubleDouble r = TwoProduct(a.high, b.high);

	return QuickTwoSum(r.high, r.low + (a.high * b.low + a.low * b.high));
}

/* --- Sums of many numbers --- */

/* a += x + x_lo, where x_lo is small against x. */
static inline void
DoubleDoubleCollect(DoubleDouble *a, double x, double x_lo)
{
	double		sum = a->high + x;
	double		b = sum - a->high;
	double		error = (a->high - (sum - b)) + (x - b);

	error += a->low + x_lo;
	a->high = sum + error;
	a->low = error - (a->high - sum);
}

/*
 * a += x * n.  The product must stay clear of the ends of the range of double;
 * see RangeScale().
 */
static inline void
DoubleDoubleCollectProduct(DoubleDouble *a, double x, int128 n)
{
	/* nearly always exact in one double, and then the other is not wanted */
	bool		small = n < (INT64CONST(1) << 53) && n > -(INT64CONST(1) << 53);
	double		n_hi = small ? (double) (int64) n : (double) n;
	double		n_lo = small ? 0 : (double) (n - (int128) n_hi);
	DoubleDouble product = TwoProduct(x, n_hi);

	DoubleDoubleCollect(a, product.high, product.low + x * n_lo);
}

/* a += x * count, for counts of rows, most of which are 1. */
static inline void
DoubleDoubleCollectCounted(DoubleDouble *a, double x, int64 count)
{
	if (count == 1)
		DoubleDoubleCollect(a, x, 0);
	else
		DoubleDoubleCollectProduct(a, x, count);
}

/*
 * A power of two that brings a number of this size near 1: sums and products
 * of smaller numbers multiplied by it do not overflow.  Ratios of such sums are
 * not changed by it.
 */
static inline double
RangeScale(double largest)
{
	int			exponent;

	(void) frexp(largest, &exponent);
	return ldexp(1, Max(Min(-exponent, 1000), -1000));
}

#endif							/* CUSTSEG_DOUBLE_DOUBLE_H */
