/*
 * wide.h
 *		Natural numbers of any length, for comparisons that must be exact.
 *
 * A number is an array of 64-bit limbs, the lowest first, and their count.  It
 * is trimmed: its highest limb is not 0, and 0 has no limbs.  Nothing here
 * takes memory; results go where the caller has room for them.  All methods
 * are those of the schoolbook (Knuth, "The Art of Computer Programming", vol.
 * 2, 4.3.1): numbers of three or four limbs are what they are for.
 */
#ifndef CUSTSEG_WIDE_H
#define CUSTSEG_WIDE_H

#include "common/core.h"

#include <math.h>

#include "port/pg_bitutils.h"

static inline int
WideTrimmed(const uint64 *a, int n)
{
	while (n > 0 && a[n - 1] == 0)
		n--;
	return n;
}

/* Writes x to two limbs. */
static inline int
WideFromUint128(uint128 x, uint64 *result)
{
	result[0] = (uint64) x;
	result[1] = (uint64) (x >> 64);
	return WideTrimmed(result, 2);
}

static inline int
WideCompare(const uint64 *a, int n_a, const uint64 *b, int n_b)
{
	if (n_a != n_b)
		return n_a < n_b ? -1 : 1;
	for (int i = n_a - 1; i >= 0; i--)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/*
 * a * b, into n_a + n_b limbs that are not those of a or b.  No step overflows:
 * (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1.
 */
static inline int
WideMultiply(const uint64 *a, int n_a, const uint64 *b, int n_b, uint64 *result)
{
	memset(result, 0, (n_a + n_b) * sizeof(uint64));
	/* weights of thousands of digits: a caller's own polls would be far between */
	if (unlikely(n_a > 64))
		custseg_poll();
	for (int i = 0; i < n_b; i++)
	{
		uint64		carry = 0;

		for (int j = 0; j < n_a; j++)
		{
			uint128		step = (uint128) a[j] * b[i] + result[i + j] + carry;

			result[i + j] = (uint64) step;
			carry = (uint64) (step >> 64);
		}
		result[i + n_a] = carry;
		if (unlikely((i & 255) == 255))
			custseg_poll();
	}
	return WideTrimmed(result, n_a + n_b);
}

/* a + b in place; a has room for one limb more than the longer of the two. */
static inline int
WideAdd(uint64 *a, int n_a, const uint64 *b, int n_b)
{
	int			n = Max(n_a, n_b);
	uint64		carry = 0;

	for (int i = 0; i < n; i++)
	{
		uint128		step = (uint128) (i < n_a ? a[i] : 0) + (i < n_b ? b[i] : 0) + carry;

		a[i] = (uint64) step;
		carry = (uint64) (step >> 64);
	}
	a[n] = carry;
	return WideTrimmed(a, n + 1);
}

/* a - b in place, where a >= b. */
static inline int
WideSubtract(uint64 *a, int n_a, const uint64 *b, int n_b)
{
	uint64		borrow = 0;

	for (int i = 0; i < n_a; i++)
	{
		uint128		step = (uint128) a[i] - (i < n_b ? b[i] : 0) - borrow;

		a[i] = (uint64) step;
		borrow = (uint64) (step >> 64) != 0;
	}
	return WideTrimmed(a, n_a);
}

/* Digits of binary; 0 for 0. */
static inline int64
WideBits(const uint64 *a, int n)
{
	return n == 0 ? 0 : (int64) (n - 1) * 64 + pg_leftmost_one_pos64(a[n - 1]) + 1;
}

/* The 64 bits from a place on. */
static inline uint64
WideBitsFrom(const uint64 *a, int n, int64 place)
{
	int64		limb = place / 64;
	int			shift = place % 64;
	uint64		low = limb < n ? a[limb] >> shift : 0;

	return shift == 0 || limb + 1 >= n ? low : low | a[limb + 1] << (64 - shift);
}

/* a as m * 2^exponent with 0.5 <= m <= 1, within 2^-52 of it; 0 for 0. */
static inline double
WideFrexp(const uint64 *a, int n, int64 *exponent)
{
	int64		bits = WideBits(a, n);

	*exponent = bits;
	if (bits <= 64)
		return bits == 0 ? 0 : ldexp((double) a[0], -(int) bits);
	return ldexp((double) WideBitsFrom(a, n, bits - 64), -64);
}

/*
 * The whole part of a / b, which must be below 2^64 - 2; b > 0.  product has
 * room for one limb more than b.  The guess by the highest 64 bits of b is never
 * too low and at most 2 too high (Knuth's theorem B).
 */
static inline uint64
WideQuotient(const uint64 *a, int n_a, const uint64 *b, int n_b, uint64 *product)
{
	int64		place = WideBits(b, n_b) - 64;
	uint64		guess;

	if (place <= 0)
	{
		/* a < 2^128, as its quotient is below 2^64 */
		uint128		whole = n_a == 0 ? 0 : n_a == 1 ? a[0] : (uint128) a[1] << 64 | a[0];

		return (uint64) (whole / b[0]);
	}
	else
	{
		uint128		top = (uint128) WideBitsFrom(a, n_a, place + 64) << 64 | WideBitsFrom(a, n_a, place);
		uint128		whole = top / WideBitsFrom(b, n_b, place);

		guess = (uint64) Min(whole, (uint128) PG_UINT64_MAX);
	}
	for (;;)
	{
		int			n = WideMultiply(b, n_b, &guess, guess == 0 ? 0 : 1, product);

		if (WideCompare(product, n, a, n_a) <= 0)
			return guess;
		guess--;
	}
}

#endif							/* CUSTSEG_WIDE_H */
