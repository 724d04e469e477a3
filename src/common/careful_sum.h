/*
 * careful_sum.h
 *		Sums of doubles in a fixed order, good to the last bit or so.
 */
#ifndef CUSTSEG_CAREFUL_SUM_H
#define CUSTSEG_CAREFUL_SUM_H

#include "common/core.h"

/* Carries the rounding error along (A. Neumaier 1974). All zero at first. */
typedef struct CarefulSum
{
	double		sum;
	double		lost;
} CarefulSum;

static inline void
CarefulAdd(CarefulSum *s, double x)
{
	double		t = s->sum + x;

	if ((s->sum < 0 ? -s->sum : s->sum) >= (x < 0 ? -x : x))
		s->lost += (s->sum - t) + x;
	else
		s->lost += (x - t) + s->sum;
	s->sum = t;
}

static inline double
CarefulResult(const CarefulSum *s)
{
	return s->sum + s->lost;
}

#endif							/* CUSTSEG_CAREFUL_SUM_H */
