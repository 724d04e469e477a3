/*
 * common_divisor.h
 *		The greatest common divisor (Euclid).
 */
#ifndef CUSTSEG_COMMON_DIVISOR_H
#define CUSTSEG_COMMON_DIVISOR_H

#include "common/core.h"

/* Of numbers >= 0; 0 only of 0 and 0. */
static inline int64
GreatestCommonDivisor(int64 a, int64 b)
{
	while (b != 0)
	{
		int64		rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

#endif							/* CUSTSEG_COMMON_DIVISOR_H */
