/*
 * apportion.c
 *		Core of apportion: what its methods share.
 *
 * Two families of methods share out whole seats: by remainders (Hamilton,
 * apportion_remainder.c), and by divisors (the other five, apportion_divisor.c).
 * All decisions are comparisons of integers of whatever length they need.
 *
 * A comparison takes at most
 *
 *		dhondt, webster, adams		w (2a + 1)				weight + seats + 1 bits
 *		huntington_hill				w^2 a(a + 1)			2 (weight + seats)
 *		dean						w (2a + 1) 2a(a + 1)	weight + 3 seats + 2
 *
 * bits, where a weight and the number of seats have so many.  Where these are at
 * most 128, as nearly always, they are done in machine integers.
 */
#include "allocation/apportion.h"

/* Sets longest and fits. */
static void
Measure(Apportionment *p)
{
	int64		weight_bits = 0;
	int			seats_bits = p->seats == 0 ? 0 : pg_leftmost_one_pos64(p->seats) + 1;
	int64		bits;

	p->longest = 1;
	for (int32 i = 0; i < p->n; i++)
	{
		int			n;
		const uint64 *weight = WeightLimbs(p, i, &n);

		weight_bits = Max(weight_bits, WideBits(weight, n));
		p->longest = Max(p->longest, n);
		POLL_EVERY(i);
	}
	switch (p->method)
	{
		case APPORTION_HILL:
			bits = 2 * (weight_bits + seats_bits);
			break;
		case APPORTION_DEAN:
			bits = weight_bits + 3 * seats_bits + 2;
			break;
		default:
			bits = weight_bits + seats_bits + 1;
			break;
	}
	p->fits = p->start == NULL && bits <= 128;
}

void
Apportion(Apportionment *p)
{
	int128		minimums = 0;
	int128		maximums = 0;

	/* sums of up to 2^31 numbers of up to 2^63 */
	for (int32 i = 0; i < p->n; i++)
	{
		minimums += p->minimum[i];
		maximums += p->maximum[i];
		POLL_EVERY(i);
	}
	if (minimums == p->seats - p->reserved || maximums == p->seats - p->reserved)
	{
		/* nothing to decide */
		memcpy(p->result, minimums == p->seats - p->reserved ? p->minimum : p->maximum,
			   p->n * sizeof(int64));
		return;
	}
	Measure(p);
	for (int i = 0; i < lengthof(p->scratch); i++)
		p->scratch[i] = palloc((2 * p->longest + 4) * sizeof(uint64));
	if (p->method == APPORTION_HAMILTON)
		ApportionByRemainder(p);
	else
		ApportionByDivisor(p);
	for (int i = 0; i < lengthof(p->scratch); i++)
		pfree(p->scratch[i]);
}
