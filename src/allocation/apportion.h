/*
 * apportion.h
 *		Core of apportion: whole units in proportion to weights.
 *
 * Definitions are in docs/apportion.md.
 */
#ifndef CUSTSEG_APPORTION_H
#define CUSTSEG_APPORTION_H

#include "common/core.h"
#include "common/wide.h"

typedef enum ApportionMethod
{
	APPORTION_HAMILTON, APPORTION_DHONDT, APPORTION_WEBSTER, APPORTION_HILL, APPORTION_ADAMS,
	APPORTION_DEAN
} ApportionMethod;

/* Compares two rows by what the caller knows of them; < 0 when a comes first. */
typedef int (*ApportionTie) (int32 a, int32 b, void *arg);

/*
 * The rows with a weight above 0.  Their weights are integers, as limbs (see
 * wide.h): those of row i are limb[start[i]] .. limb[start[i + 1] - 1], or
 * limb[i] alone where start is NULL.
 *
 * What the caller sees to: the minimums and reserved together are at most
 * seats, which is at most the maximums and reserved together;
 * 0 <= minimum <= maximum <= seats.
 */
typedef struct Apportionment
{
	ApportionMethod method;
	int32		n;
	const uint64 *limb;
	const int64 *start;
	const int64 *minimum;
	const int64 *maximum;
	int64		seats;			/* all of them, */
	int64		reserved;		/* and how many rows without weight have got */
	ApportionTie tie;			/* NULL: none */
	void	   *tie_arg;
	int64	   *result;			/* of each row */

	/* for the core */
	int			longest;		/* limbs of a weight */
	bool		fits;			/* what is compared has at most 128 bits */
	uint64	   *scratch[4];		/* each of 2 * longest + 4 limbs */
} Apportionment;

/* Fills result.  Memory is of the current context, and is freed. */
extern void Apportion(Apportionment *p);

/* --- For the core's own files --- */

extern void ApportionByDivisor(Apportionment *p);
extern void ApportionByRemainder(Apportionment *p);

static inline const uint64 *
WeightLimbs(const Apportionment *p, int32 row, int *n)
{
	if (p->start == NULL)
	{
		*n = 1;
		return p->limb + row;
	}
	*n = (int) (p->start[row + 1] - p->start[row]);
	return p->limb + p->start[row];
}

/* The larger weight first, then the tie breaker, then the place of the row; never 0. */
static inline int
CompareEqualRows(const Apportionment *p, int32 a, int32 b)
{
	int			n_a;
	int			n_b;
	const uint64 *weight_a = WeightLimbs(p, a, &n_a);
	const uint64 *weight_b = WeightLimbs(p, b, &n_b);
	int			order = WideCompare(weight_b, n_b, weight_a, n_a);

	if (order == 0 && p->tie != NULL)
		order = p->tie(a, b, p->tie_arg);
	return order != 0 ? order : a < b ? -1 : 1;
}

#endif							/* CUSTSEG_APPORTION_H */
