/*
 * exact_sum.h
 *		Sums of doubles, and of products of doubles, without rounding.
 *
 * A sum is the same to the last bit in any order and under any plan.  It lies
 * in a flat piece of memory: an aggregate's state holds one or several of
 * them, each with room for `capacity` limbs.  EXACT_SUM_FEW is enough for most
 * columns.  A sum that needs more room says so, and is unchanged; the caller
 * then copies it to a larger place and repeats:
 *
 *		while (!ExactSumAdd(sum, x))
 *			... a larger state, ExactSumCopy() ...
 *
 * Where values are added in a fixed order anyway, such as sorted ones, the
 * sums of double_double.h do, and are quicker.
 */
#ifndef CUSTSEG_EXACT_SUM_H
#define CUSTSEG_EXACT_SUM_H

#include "common/core.h"

/* Limbs with which every sum of 2^62 doubles or products fits. */
#define EXACT_SUM_MAX 69

/* Limbs for values of a similar magnitude, and for their squares. */
#define EXACT_SUM_FEW 4

/*
 * The value is the sum of limb[i] * 2^(64 * (low + i - 34)) in two's
 * complement: the highest used limb is signed, the others are not.
 */
typedef struct ExactSum
{
	int16		low;			/* place of limb[0], 0..EXACT_SUM_MAX - 1 */
	int16		used;			/* limbs in use; 0: the sum is 0 */
	int16		capacity;		/* limbs that there is room for */
	int16		unused;
	uint64		limb[FLEXIBLE_ARRAY_MEMBER];
} ExactSum;

#define SizeOfExactSum(limbs) (offsetof(ExactSum, limb) + (Size) (limbs) * sizeof(uint64))

/* A place for any sum, for example on the stack. */
typedef union ExactSumSpace
{
	ExactSum	sum;
	char		space[offsetof(ExactSum, limb) + EXACT_SUM_MAX * sizeof(uint64)];
} ExactSumSpace;

/* Makes a sum of 0. The limbs are zeroed, too. */
extern void ExactSumInit(ExactSum *sum, int capacity);

/* False if the bytes cannot be a sum in this much memory: damaged. */
extern bool ExactSumIsSound(const ExactSum *sum, Size bytes);

/*
 * Each adds exactly, or returns false and changes nothing of the value for
 * want of room.  x and y are finite; a product may lie beyond the range of
 * double on both sides.
 */
extern bool ExactSumAdd(ExactSum *sum, double x);
extern bool ExactSumAddProduct(ExactSum *sum, double x, double y);
extern bool ExactSumAddMultiple(ExactSum *sum, double x, double y, int64 n);	/* n x y; n >= 0 */
extern bool ExactSumAddSum(ExactSum *sum, const ExactSum *other);

/* Drops limbs that say nothing, so that equal values have equal limbs. */
extern void ExactSumTrim(ExactSum *sum);

/* to keeps its capacity, which is at least from->used. */
extern void ExactSumCopy(ExactSum *to, const ExactSum *from);

/* -1, 0 or 1. */
extern int	ExactSumSign(const ExactSum *sum);

/*
 * The nearest double, ties to even, as m * 2^exponent with 0.5 <= |m| < 1, as by frexp, or 0: for what
 * is calculated further, such as a mean of values whose sum is out of range.
 */
extern double ExactSumFrexp(const ExactSum *sum, int *exponent);

/*
 * n * xy - x * y, without rounding up to the result, which is as that of
 * ExactSumFrexp.  Of the sums of x, y and their products over n rows this is
 * n^2 times the covariance; of the sums of x, x and its squares, n^2 times
 * the variance.  n >= 0.
 */
extern double ExactCoMoment(int64 n, const ExactSum *xy, const ExactSum *x,
							const ExactSum *y, int *exponent);

/*
 * The canonical text: [-]0x<hex digits>p<exponent of 2>, as in C.  Parsing
 * takes any such text, of a value that a sum can have, for a sum with room for
 * EXACT_SUM_MAX limbs; false if it is none.
 */
#define EXACT_SUM_TEXT (16 * EXACT_SUM_MAX + 16)

extern int	ExactSumToText(const ExactSum *sum, char *text);
extern bool ExactSumFromText(ExactSum *sum, const char *text, int length);

#endif							/* CUSTSEG_EXACT_SUM_H */
