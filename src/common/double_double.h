/*
 * double_double.h
 *		Sums of doubles with about 105 significant bits.
 *
 * A value is the unevaluated sum hi + lo with |lo| <= ulp(hi) / 2.  In a sum
 * of numbers of one sign, each addition has a relative error of 2^-104 at
 * most, and none while the sum fits in 105 bits: so as long as the numbers
 * differ by less than 2^50 in size, hi is the exact sum, rounded once.  For
 * values that are added in a fixed order, such as sorted ones; where the order
 * is not fixed, exact_sum.h is needed.
 *
 * The algorithms are Knuth's TwoSum and Dekker's product ("A floating-point
 * technique for extending the available precision", 1971), the product with
 * the factors split by masks, which cannot overflow.
 */
#ifndef CUSTSEG_DOUBLE_DOUBLE_H
#define CUSTSEG_DOUBLE_DOUBLE_H

#include "common/core.h"

#include <math.h>

typedef struct DoubleDouble
{
	double		hi;
	double		lo;
} DoubleDouble;

/* a += x + x_lo, where x_lo is small against x. */
static inline void
DoubleDoubleAdd(DoubleDouble *a, double x, double x_lo)
{
	double		sum = a->hi + x;
	double		b = sum - a->hi;
	double		error = (a->hi - (sum - b)) + (x - b);

	error += a->lo + x_lo;
	a->hi = sum + error;
	a->lo = error - (a->hi - sum);
}

/* The upper 26 bits of a double's mantissa. */
static inline double
UpperHalf(double x)
{
	uint64		bits;

	memcpy(&bits, &x, sizeof(bits));
	bits &= ~((UINT64CONST(1) << 27) - 1);
	memcpy(&x, &bits, sizeof(x));
	return x;
}

/*
 * a += x * n.  The product must stay clear of the ends of the range of double;
 * see RangeScale().
 */
static inline void
DoubleDoubleAddProduct(DoubleDouble *a, double x, int128 n)
{
	/* nearly always exact in one double, and then the other is not wanted */
	bool		small = n < (INT64CONST(1) << 53) && n > -(INT64CONST(1) << 53);
	double		n_hi = small ? (double) (int64) n : (double) n;
	double		n_lo = small ? 0 : (double) (n - (int128) n_hi);
	double		product = x * n_hi;
	double		x1 = UpperHalf(x);
	double		x2 = x - x1;
	double		n1 = UpperHalf(n_hi);
	double		n2 = n_hi - n1;
	double		error = ((x1 * n1 - product) + x1 * n2 + x2 * n1) + x2 * n2;

	DoubleDoubleAdd(a, product, error + x * n_lo);
}

/* a += x * count, for counts of rows, most of which are 1. */
static inline void
DoubleDoubleAddCounted(DoubleDouble *a, double x, int64 count)
{
	if (count == 1)
		DoubleDoubleAdd(a, x, 0);
	else
		DoubleDoubleAddProduct(a, x, count);
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
