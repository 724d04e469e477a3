/*
 * apportion_divisor.c
 *		The divisor methods of apportion.
 *
 * A row's seat number a (counted from 0) has the priority weight / d(a), and the
 * seats with the highest priorities are given.  The methods differ in d:
 *
 *		adams				a
 *		dean				2a(a + 1) / (2a + 1)
 *		huntington_hill		sqrt(a(a + 1))
 *		webster				a + 1/2
 *		dhondt				a + 1
 *
 * (Balinski and Young, "Fair Representation", 1982.)  Where d(0) is 0 the first
 * seats come before all others.  Seats of the same priority go to the larger
 * weight, then by key.  So all seats stand in one order, and the result is a
 * prefix of it, but for bounds: a row's seats below its minimum come first, those
 * from its maximum on never.
 *
 * Giving seat by seat would take as long as there are seats.  Instead
 *
 * 1. a multiplier at which rounding weight * multiplier at the signposts d gives
 *	  about as many seats as there are is searched in floating point;
 * 2. one seat near it is picked, and each row gets exactly its seats that come
 *	  before that one.  The guess of step 1 is off by a seat or two; the
 *	  comparisons are exact.  What is given now is a prefix of the order;
 * 3. the seats that are missing or too many, at most a few a row, are given
 *	  or taken back in the order, from a heap.
 *
 * Floating point decides nothing: a worse guess makes steps 2 and 3 longer.
 * O(n log n) for n rows, whatever the number of seats.
 *
 * Memory, of the current context: 12 bytes a row.
 */
#include "allocation/apportion.h"

#include <float.h>

/* --- Seats in order ------------------------------------------------------------- */

/*
 * The divisor of a seat, without the root under huntington_hill, as a fraction:
 * divisor / times.  Seats are below 2^63, so 2a(a + 1) < 2^127.
 */
static inline uint128
Divisor(ApportionMethod method, uint64 a, uint64 *times)
{
	*times = 1;
	switch (method)
	{
		case APPORTION_ADAMS:
			return a;
		case APPORTION_DEAN:
			*times = 2 * a + 1;
			return 2 * (uint128) a * (a + 1);
		case APPORTION_HILL:
			return (uint128) a * (a + 1);
		case APPORTION_WEBSTER:
			return 2 * (uint128) a + 1;
		default:
			return (uint128) a + 1;
	}
}

/* weight [^2] * times * the other's divisor, into scratch[slot]; uses scratch[2] and [3]. */
static int
SideOfComparison(const Apportionment *p, int32 row, uint64 times, uint128 divisor, int slot)
{
	int			n;
	const uint64 *side = WeightLimbs(p, row, &n);
	uint64		factor[2];
	int			n_factor;

	if (p->method == APPORTION_HILL)
	{
		n = WideMultiply(side, n, side, n, p->scratch[2]);
		side = p->scratch[2];
	}
	if (times != 1)
	{
		n = WideMultiply(side, n, &times, 1, p->scratch[3]);
		side = p->scratch[3];
	}
	n_factor = WideFromUint128(divisor, factor);
	return WideMultiply(side, n, factor, n_factor, p->scratch[slot]);
}

/* < 0 when seat i of row a comes before seat j of row b.  0 only for the same seat. */
static int
CompareSeats(const Apportionment *p, int32 a, uint64 i, int32 b, uint64 j)
{
	uint64		times_a;
	uint64		times_b;
	uint128		divisor_a;
	uint128		divisor_b;
	int			order;

	if (a == b)
		return i < j ? -1 : i > j;
	divisor_a = Divisor(p->method, i, &times_a);
	divisor_b = Divisor(p->method, j, &times_b);
	if (likely(p->fits))
	{
		/* that each product fits is checked in apportion.c */
		uint128		weight_a = p->limb[a];
		uint128		weight_b = p->limb[b];
		uint128		side_a;
		uint128		side_b;

		if (p->method == APPORTION_HILL)
		{
			weight_a *= weight_a;
			weight_b *= weight_b;
		}
		side_a = weight_a * times_a * divisor_b;
		side_b = weight_b * times_b * divisor_a;
		order = side_a > side_b ? -1 : side_a < side_b;
	}
	else
	{
		int			n_a = SideOfComparison(p, a, times_a, divisor_b, 0);
		int			n_b = SideOfComparison(p, b, times_b, divisor_a, 1);

		order = WideCompare(p->scratch[1], n_b, p->scratch[0], n_a);
	}
	return order != 0 ? order : CompareEqualRows(p, a, b);
}

/* --- 1. A guess ----------------------------------------------------------------- */

/* How many seats of a row lie before a share, at most its maximum. */
static inline int64
RoundedShare(ApportionMethod method, double share, int64 maximum)
{
	double		whole;
	bool		up;

	/* also for NaN, which is 0 * infinity */
	if (!(share < (double) maximum))
		return maximum;
	/* below 2^63, as the maximum is */
	whole = floor(share);
	switch (method)
	{
		case APPORTION_ADAMS:
			up = share > whole;
			break;
		case APPORTION_DEAN:
			up = share * (2 * whole + 1) > 2 * whole * (whole + 1);
			break;
		case APPORTION_HILL:
			up = share * share > whole * (whole + 1);
			break;
		case APPORTION_WEBSTER:
			up = share >= whole + 0.5;
			break;
		default:
			up = false;
			break;
	}
	return Min((int64) whole + (up ? 1 : 0), maximum);
}

/*
 * The seats at a multiplier, and the weight of the rows whose number of seats
 * is not a bound.
 */
static int128
SeatsAt(const Apportionment *p, const double *weight, double multiplier, double *free_weight)
{
	int128		seats = 0;

	*free_weight = 0;
	for (int32 i = 0; i < p->n; i++)
	{
		int64		share = RoundedShare(p->method, weight[i] * multiplier, p->maximum[i]);

		if (share <= p->minimum[i])
			share = p->minimum[i];
		else if (share < p->maximum[i])
			*free_weight += weight[i];
		seats += share;
		POLL_EVERY(i);
	}
	return seats;
}

/* Between two multipliers: the geometric mean while they are far from each other. */
static double
Between(double low, double high)
{
	if (high > DBL_MAX)
		return low < 1 ? 1 : low * 1024;
	if (low == 0)
		return high > DBL_MIN * 1024 ? high / 1024 : high / 2;
	return high > 4 * low ? sqrt(low) * sqrt(high) : low + (high - low) / 2;
}

/*
 * A multiplier at which about the wanted seats are given: by Newton's method on
 * a function that is linear between bounds, in a bracket that every other step
 * halves once a few steps have not done.  Rounded products ascend with the
 * multiplier, so the bracket is true.
 */
static double
FindMultiplier(const Apportionment *p, const double *weight)
{
	int128		wanted = p->seats - p->reserved;
	double		low = 0;
	double		high = INFINITY;
	double		total = 0;
	double		multiplier;

	for (int32 i = 0; i < p->n; i++)
	{
		total += weight[i];
		POLL_EVERY(i);
	}
	multiplier = total > 0 && total <= DBL_MAX ? (double) wanted / total : 1;
	for (int step = 0; step < 400; step++)
	{
		double		free_weight;
		int128		missing = wanted - SeatsAt(p, weight, multiplier, &free_weight);

		if (missing >= -p->n && missing <= p->n)
			break;
		if (missing > 0)
			low = multiplier;
		else
			high = multiplier;
		multiplier += (double) missing / free_weight;
		if ((step > 8 && step % 2 == 0) || !(multiplier > low && multiplier < high))
			multiplier = Between(low, high);
		if (!(multiplier > low && multiplier < high))
		{
			/* neighbours: of these the lower leaves a row below its maximum */
			multiplier = low;
			break;
		}
	}
	return multiplier;
}

/* Weights * 2^shift where that is a double; 0 or infinity beyond. */
static void
ScaleWeights(const Apportionment *p, int64 shift, double *weight)
{
	for (int32 i = 0; i < p->n; i++)
	{
		int			n;
		const uint64 *limb = WeightLimbs(p, i, &n);
		int64		exponent;
		double		mantissa = WideFrexp(limb, n, &exponent);

		exponent = Max(Min(exponent + shift, 1100), -1200);
		weight[i] = ldexp(mantissa, (int) exponent);
		POLL_EVERY(i);
	}
}

/*
 * The weights in one unit, so that a multiplier can be a double.  Where they are
 * hundreds of digits apart, the unit is one by which the multiplier is near 1:
 * weights that are out of range then are 0 or more seats than there are.
 */
static double *
WeightsInOneUnit(const Apportionment *p)
{
	double	   *weight = palloc_extended((Size) p->n * sizeof(double), MCXT_ALLOC_HUGE);
	int64		least = PG_INT64_MAX;
	int64		most = 0;

	if (p->start == NULL)
	{
		for (int32 i = 0; i < p->n; i++)
		{
			weight[i] = (double) p->limb[i];
			POLL_EVERY(i);
		}
		return weight;
	}
	for (int32 i = 0; i < p->n; i++)
	{
		int			n;
		const uint64 *limb = WeightLimbs(p, i, &n);

		least = Min(least, WideBits(limb, n));
		most = Max(most, WideBits(limb, n));
		POLL_EVERY(i);
	}
	if (most - least > 800)
	{
		int64		low = -most - 1;	/* too few seats, or all are decided by first seats */
		int64		high = 65 - least;	/* each row has its maximum */

		while (high - low > 1)
		{
			int64		middle = low + (high - low) / 2;
			double		unused;

			ScaleWeights(p, middle, weight);
			if (SeatsAt(p, weight, 1, &unused) < p->seats - p->reserved)
				low = middle;
			else
				high = middle;
		}
		most = -high;
	}
	ScaleWeights(p, -most, weight);
	return weight;
}

/* --- 2. A prefix of the order ---------------------------------------------------- */

/*
 * Every seat before seat `seat` of row `row` is given, but for bounds, and none
 * from it on.  The guess is in result.
 */
static void
GiveSeatsBefore(Apportionment *p, int32 row, int64 seat)
{
	for (int32 i = 0; i < p->n; i++)
	{
		int64		a = Max(p->result[i], p->minimum[i]);
		int64		guess = a;

		while (a < p->maximum[i] && CompareSeats(p, i, a, row, seat) < 0)
		{
			POLL_EVERY(a);
			a++;
		}
		while (a == guess && guess > p->minimum[i] && CompareSeats(p, i, guess - 1, row, seat) >= 0)
		{
			POLL_EVERY(a);
			a = --guess;
		}
		p->result[i] = a;
		POLL_EVERY(i);
	}
}

/*
 * The seat to compare with is the next one of the row with the largest weight
 * that is below its maximum: seats of no other such row lie closer.  Without
 * such a row all have their maximum, which is a prefix, too.
 */
static void
GivePrefix(Apportionment *p)
{
	double	   *weight = WeightsInOneUnit(p);
	double		multiplier = FindMultiplier(p, weight);
	int32		pivot = -1;

	for (int32 i = 0; i < p->n; i++)
	{
		double		share = weight[i] * multiplier;

		p->result[i] = RoundedShare(p->method, share, p->maximum[i]);
		if (share < (double) p->maximum[i] && (pivot < 0 || weight[i] > weight[pivot]))
			pivot = i;
		POLL_EVERY(i);
	}
	pfree(weight);
	if (pivot >= 0)
	{
		/* a first seat may come before everything; a second one does not */
		GiveSeatsBefore(p, pivot, Max(p->result[pivot], 1));
	}
}

/* --- 3. The rest in order -------------------------------------------------------- */

/* Rows by their next seat, the first on top; or by their last seat, the last on top. */
typedef struct SeatHeap
{
	Apportionment *p;
	bool		give;
	int32		n;
	int32	   *row;
} SeatHeap;

static inline bool
IsAbove(const SeatHeap *heap, int32 a, int32 b)
{
	const int64 *given = heap->p->result;

	return heap->give ? CompareSeats(heap->p, a, given[a], b, given[b]) < 0 :
		CompareSeats(heap->p, a, given[a] - 1, b, given[b] - 1) > 0;
}

static void
SiftDown(SeatHeap *heap, int32 place)
{
	int32		row = heap->row[place];

	/* places are below 2^31, so their doubles need 64 bits */
	for (;;)
	{
		int64		child = 2 * (int64) place + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n && IsAbove(heap, heap->row[child + 1], heap->row[child]))
			child++;
		if (!IsAbove(heap, heap->row[child], row))
			break;
		heap->row[place] = heap->row[child];
		place = (int32) child;
	}
	heap->row[place] = row;
}

static inline bool
HasSeatToMove(const SeatHeap *heap, int32 row)
{
	const Apportionment *p = heap->p;

	return heap->give ? p->result[row] < p->maximum[row] : p->result[row] > p->minimum[row];
}

/* Gives so many seats, or takes back, where it is negative. */
static void
MoveSeats(Apportionment *p, int128 seats)
{
	SeatHeap	heap = {p, seats > 0, 0, NULL};

	heap.row = palloc_extended((Size) p->n * sizeof(int32), MCXT_ALLOC_HUGE);
	for (int32 i = 0; i < p->n; i++)
		if (HasSeatToMove(&heap, i))
			heap.row[heap.n++] = i;
	for (int32 i = heap.n / 2 - 1; i >= 0; i--)
	{
		SiftDown(&heap, i);
		POLL_EVERY(i);
	}
	for (int64 step = 0; seats != 0; step++)
	{
		int32		row = heap.row[0];

		p->result[row] += heap.give ? 1 : -1;
		seats += heap.give ? -1 : 1;
		if (!HasSeatToMove(&heap, row))
			heap.row[0] = heap.row[--heap.n];
		/* there is another while seats is not 0: see Apportionment on the sums of bounds */
		if (heap.n > 0)
			SiftDown(&heap, 0);
		POLL_EVERY(step);
	}
	pfree(heap.row);
}

void
ApportionByDivisor(Apportionment *p)
{
	int128		missing = p->seats - p->reserved;

	GivePrefix(p);
	for (int32 i = 0; i < p->n; i++)
	{
		missing -= p->result[i];
		POLL_EVERY(i);
	}
	if (missing != 0)
		MoveSeats(p, missing);
}
