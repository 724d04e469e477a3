/*
 * exact_sum.c
 *		Sums of doubles, and of products of doubles, without rounding.
 *
 * A double is an integer of 53 bits times a power of 2.  A sum is kept as one
 * long integer in two's complement, wide enough for the largest and the
 * smallest term, so that nothing is ever rounded, and addition, which is then
 * associative, gives the same in any order.  Only the result is rounded, once.
 * This is Kulisch's accumulator (Computer Arithmetic and Validity, 2008, ch. 8)
 * with a window: of the 69 limbs that all doubles and products of two need,
 * those between the smallest and the largest term so far are kept.  For money,
 * counts or days that is two to four limbs.
 *
 * Against sums of non-overlapping doubles (Shewchuk 1997, Python's fsum): the
 * same space, a canonical form, and no care for overflow on the way, for
 * underflow of the low part of a product, or for fused operations.
 *
 * Invariant: before a term is added, sum and term are below a quarter of what
 * the window's highest limb can hold, so the sign never overflows; the window
 * has one more limb where that needs one.
 *
 * Memory: none of its own; the caller's flat memory is changed in place.
 */
#include "common/exact_sum.h"

#include <math.h>

#include "port/pg_bitutils.h"

/* The place of 2^0: the smallest product is 2^-2148. */
#define UNIT_PLACE 34

/* Terms lie below this place; what is above is for their number. */
#define TERM_PLACES 67

/* Limbs of n * xy and of x * y with a common lowest place, and a sign. */
#define WIDE_LIMBS (2 * EXACT_SUM_MAX + UNIT_PLACE + 2)

/* An integer of up to four limbs at a place. */
typedef struct Term
{
	uint64		limb[4];
	int			n;				/* limbs up to the highest that is not 0 */
	int			place;
	bool		negative;
} Term;

static inline bool
IsNegative(const ExactSum *sum)
{
	return sum->used > 0 && (int64) sum->limb[sum->used - 1] < 0;
}

/* Is it outside a quarter of the range of a highest limb? */
static inline bool
IsLarge(uint64 limb)
{
	return limb + (UINT64CONST(1) << 62) >= (UINT64CONST(1) << 63);
}

void
ExactSumInit(ExactSum *sum, int capacity)
{
	Assert(capacity > 0 && capacity <= EXACT_SUM_MAX);
	memset(sum, 0, SizeOfExactSum(capacity));
	sum->capacity = capacity;
}

bool
ExactSumIsSound(const ExactSum *sum, Size bytes)
{
	return bytes >= SizeOfExactSum(0) &&
		sum->capacity > 0 && sum->capacity <= EXACT_SUM_MAX &&
		bytes >= SizeOfExactSum(sum->capacity) &&
		sum->used >= 0 && sum->used <= sum->capacity &&
		sum->low >= 0 && sum->low + sum->used < EXACT_SUM_MAX;
}

void
ExactSumCopy(ExactSum *to, const ExactSum *from)
{
	Assert(to->capacity >= from->used);
	to->low = from->low;
	to->used = from->used;
	memcpy(to->limb, from->limb, from->used * sizeof(uint64));
	memset(to->limb + to->used, 0, (to->capacity - to->used) * sizeof(uint64));
}

void
ExactSumTrim(ExactSum *sum)
{
	uint64	   *limb = sum->limb;
	int			n = sum->used;
	int			zeros = 0;

	/* a highest limb that only repeats the sign of the one below it */
	while (n > 1 && limb[n - 1] == ((limb[n - 2] >> 63) ? ~UINT64CONST(0) : 0))
		n--;
	while (zeros < n && limb[zeros] == 0)
		zeros++;
	n -= zeros;
	memmove(limb, limb + zeros, n * sizeof(uint64));
	memset(limb + n, 0, (sum->used - n) * sizeof(uint64));
	sum->low = n == 0 ? 0 : sum->low + zeros;
	sum->used = n;
}

/*
 * Makes the window hold the places low to high - 1, and one more where that
 * place is nearly full in the sum or (crowded) in the term.  False if there is
 * no room.
 */
static bool
Widen(ExactSum *sum, int low, int high, bool crowded)
{
	int			top = sum->low + sum->used;
	int			below;

	if (sum->used == 0)
		sum->low = top = low;
	below = Max(sum->low - low, 0);
	if (top >= high)
	{
		crowded = (top == high && crowded) ||
			(sum->used > 0 && IsLarge(sum->limb[sum->used - 1]));
		high = top;
	}
	high += crowded;
	if (high - sum->low + below > sum->capacity)
		return false;

	if (below > 0)
	{
		memmove(sum->limb + below, sum->limb, sum->used * sizeof(uint64));
		memset(sum->limb, 0, below * sizeof(uint64));
		sum->low -= below;
		sum->used += below;
	}
	top = sum->low + sum->used;
	if (top < high)
	{
		memset(sum->limb + sum->used, IsNegative(sum) ? 0xFF : 0,
			   (high - top) * sizeof(uint64));
		sum->used += high - top;
	}
	return true;
}

/* The same, quick where nothing is to be done, and with limbs dropped where that helps. */
static inline bool
HasRoom(ExactSum *sum, int low, int high, bool crowded)
{
	int			top = sum->low + sum->used;

	if (likely(low >= sum->low && high <= top && sum->used > 0 &&
			   !IsLarge(sum->limb[sum->used - 1]) && !(crowded && high == top)))
		return true;
	if (Widen(sum, low, high, crowded))
		return true;
	ExactSumTrim(sum);
	return Widen(sum, low, high, crowded);
}

static bool
AddTerm(ExactSum *sum, const Term *term)
{
	uint64	   *limb;
	uint64	   *end;
	uint64		carry = 0;

	if (term->n == 0)
		return true;
	if (unlikely(!HasRoom(sum, term->place, term->place + term->n,
						  term->limb[term->n - 1] >> 62 != 0)))
		return false;

	limb = sum->limb + (term->place - sum->low);
	end = sum->limb + sum->used;
	if (term->negative)
	{
		for (int i = 0; i < term->n; i++)
		{
			uint128		d = (uint128) *limb - term->limb[i] - carry;

			*limb++ = (uint64) d;
			carry = (uint64) (d >> 64) & 1;
		}
		for (; carry != 0 && limb < end; limb++)
			carry = (*limb)-- == 0;
	}
	else
	{
		for (int i = 0; i < term->n; i++)
		{
			uint128		d = (uint128) *limb + term->limb[i] + carry;

			*limb++ = (uint64) d;
			carry = (uint64) (d >> 64);
		}
		for (; carry != 0 && limb < end; limb++)
			carry = ++(*limb) == 0;
	}
	return true;
}

/* |x| = mantissa * 2^exponent; x is finite. */
static inline uint64
Mantissa(double x, int *exponent)
{
	uint64		bits;
	int			biased;
	uint64		fraction;

	Assert(isfinite(x));
	memcpy(&bits, &x, sizeof(bits));
	biased = (bits >> 52) & 0x7FF;
	fraction = bits & ((UINT64CONST(1) << 52) - 1);
	*exponent = Max(biased, 1) - 1075;
	return biased == 0 ? fraction : fraction | (UINT64CONST(1) << 52);
}

static inline void
MakeTerm(Term *term, uint128 mantissa, int exponent, bool negative)
{
	int			bit = exponent + 64 * UNIT_PLACE;
	int			shift = bit & 63;
	uint128		low = mantissa << shift;

	term->limb[0] = (uint64) low;
	term->limb[1] = (uint64) (low >> 64);
	term->limb[2] = shift == 0 ? 0 : (uint64) (mantissa >> (128 - shift));
	term->n = term->limb[2] != 0 ? 3 : term->limb[1] != 0 ? 2 : term->limb[0] != 0;
	term->place = bit >> 6;
	term->negative = negative;
}

bool
ExactSumAdd(ExactSum *sum, double x)
{
	Term		term;
	int			exponent;
	uint64		mantissa = Mantissa(x, &exponent);

	MakeTerm(&term, mantissa, exponent, signbit(x));
	return AddTerm(sum, &term);
}

bool
ExactSumAddProduct(ExactSum *sum, double x, double y)
{
	Term		term;
	int			of_x;
	int			of_y;
	uint64		a = Mantissa(x, &of_x);
	uint64		b = Mantissa(y, &of_y);

	MakeTerm(&term, (uint128) a * b, of_x + of_y, (signbit(x) != 0) != (signbit(y) != 0));
	return AddTerm(sum, &term);
}

bool
ExactSumAddMultiple(ExactSum *sum, double x, double y, int64 n)
{
	Term		term;
	int			of_x;
	int			of_y;
	uint64		a = Mantissa(x, &of_x);
	uint64		b = Mantissa(y, &of_y);
	uint64		high = 0;

	Assert(n >= 0);
	MakeTerm(&term, (uint128) a * b, of_x + of_y, (signbit(x) != 0) != (signbit(y) != 0));
	for (int i = 0; i < term.n; i++)
	{
		uint128		p = (uint128) term.limb[i] * n + high;

		term.limb[i] = (uint64) p;
		high = (uint64) (p >> 64);
	}
	if (high != 0)
		term.limb[term.n++] = high;
	if (n == 0)
		term.n = 0;
	return AddTerm(sum, &term);
}

bool
ExactSumAddSum(ExactSum *sum, const ExactSum *other)
{
	uint64		sign = IsNegative(other) ? ~UINT64CONST(0) : 0;
	uint64		carry = 0;
	int			place = other->low;

	if (other->used == 0)
		return true;
	if (!HasRoom(sum, place, place + other->used, IsLarge(other->limb[other->used - 1])))
		return false;
	for (int i = place - sum->low; i < sum->used; i++)
	{
		int			from = i + sum->low - place;
		uint128		d = (uint128) sum->limb[i] + carry +
			(from < other->used ? other->limb[from] : sign);

		sum->limb[i] = (uint64) d;
		carry = (uint64) (d >> 64);
	}
	return true;
}

/* --- Results -------------------------------------------------------------- */

/* Turns an integer in two's complement into its magnitude; is it negative? */
static bool
ToMagnitude(uint64 *limb, int n)
{
	uint64		carry = 1;

	if (n == 0 || (int64) limb[n - 1] >= 0)
		return false;
	for (int i = 0; i < n; i++)
	{
		limb[i] = ~limb[i] + carry;
		carry = carry && limb[i] == 0;
	}
	return true;
}

/* 64 bits from a bit on, of which those beyond the highest limb are 0. */
static inline uint64
BitsAt(const uint64 *limb, int n, int bit)
{
	int			i = bit >> 6;
	int			shift = bit & 63;
	uint64		low = i < n ? limb[i] : 0;
	uint64		high = i + 1 < n ? limb[i + 1] : 0;

	return shift == 0 ? low : (low >> shift) | (high << (64 - shift));
}

/* Is a bit below this one set? */
static bool
AnyBelow(const uint64 *limb, int n, int bit)
{
	int			i = 0;

	for (; i < n && i < bit >> 6; i++)
		if (limb[i] != 0)
			return true;
	return i < n && (limb[i] & ((UINT64CONST(1) << (bit & 63)) - 1)) != 0;
}

/*
 * Rounds a magnitude, whose lowest bit counts 2^bottom, to an integer of at
 * most 53 bits times 2^*exponent: to nearest, ties to even.
 */
static double
RoundMagnitude(const uint64 *limb, int n, int bottom, int *exponent)
{
	int			last;			/* bit of the result's last digit */
	uint64		result;

	*exponent = bottom;
	while (n > 0 && limb[n - 1] == 0)
		n--;
	if (n == 0)
		return 0;
	last = (n - 1) * 64 + pg_leftmost_one_pos64(limb[n - 1]) - 52;
	last = Max(last, 0);
	*exponent = bottom + last;
	result = BitsAt(limb, n, last);
	if (last > 0 && (BitsAt(limb, n, last - 1) & 1) &&
		((result & 1) || AnyBelow(limb, n, last - 1)))
		result++;
	return (double) result;
}

/* A copy of the limbs as a magnitude; is it negative? */
static bool
MagnitudeOf(const ExactSum *sum, uint64 *limb)
{
	memcpy(limb, sum->limb, sum->used * sizeof(uint64));
	return ToMagnitude(limb, sum->used);
}

static inline int
BottomOf(const ExactSum *sum)
{
	return 64 * (sum->low - UNIT_PLACE);
}

int
ExactSumSign(const ExactSum *sum)
{
	if (IsNegative(sum))
		return -1;
	for (int i = 0; i < sum->used; i++)
		if (sum->limb[i] != 0)
			return 1;
	return 0;
}

/* m * 2^exponent with m normalised; m is an integer. */
static double
Normalised(double m, bool negative, int *exponent)
{
	int			shift;

	if (m == 0)
	{
		*exponent = 0;
		return 0;
	}
	m = frexp(m, &shift);
	*exponent += shift;
	return negative ? -m : m;
}

double
ExactSumFrexp(const ExactSum *sum, int *exponent)
{
	uint64		limb[EXACT_SUM_MAX];
	bool		negative = MagnitudeOf(sum, limb);
	double		m = RoundMagnitude(limb, sum->used, BottomOf(sum), exponent);

	return Normalised(m, negative, exponent);
}

/* --- Moments -------------------------------------------------------------- */

/* to -= or += a * b, of n limbs and a single one, up to the end of `to`. */
static void
AddMultiple(uint64 *to, const uint64 *end, const uint64 *a, int n, uint64 b, bool subtract)
{
	uint64		high = 0;
	uint64		carry = 0;

	for (int i = 0; to < end; i++, to++)
	{
		uint128		p = (i < n ? (uint128) a[i] * b : 0) + high;
		uint128		d = subtract ? (uint128) *to - (uint64) p - carry :
			(uint128) *to + (uint64) p + carry;

		high = (uint64) (p >> 64);
		carry = (uint64) (d >> 64) & 1;
		*to = (uint64) d;
		if (i >= n && high == 0 && carry == 0)
			break;
	}
}

double
ExactCoMoment(int64 n, const ExactSum *xy, const ExactSum *x, const ExactSum *y,
			  int *exponent)
{
	uint64		wide[WIDE_LIMBS];
	uint64		of_xy[EXACT_SUM_MAX];
	uint64		of_x[EXACT_SUM_MAX];
	uint64		of_y[EXACT_SUM_MAX];
	bool		minus = MagnitudeOf(xy, of_xy);
	bool		product_minus = MagnitudeOf(x, of_x) != MagnitudeOf(y, of_y);
	int			place = x->low + y->low - UNIT_PLACE;
	int			low = x->used == 0 || y->used == 0 ? xy->low :
		xy->used == 0 ? place : Min(place, xy->low);
	const uint64 *end = wide + WIDE_LIMBS;
	bool		negative;
	double		m;

	Assert(n >= 0);
	memset(wide, 0, sizeof(wide));
	AddMultiple(wide + (xy->used == 0 ? 0 : xy->low - low), end, of_xy, xy->used,
				n, minus);
	if (x->used > 0)
		for (int i = 0; i < y->used; i++)
			AddMultiple(wide + (place - low) + i, end, of_x, x->used, of_y[i],
						!product_minus);
	negative = ToMagnitude(wide, WIDE_LIMBS);
	m = RoundMagnitude(wide, WIDE_LIMBS, 64 * (low - UNIT_PLACE), exponent);
	return Normalised(m, negative, exponent);
}

/* --- Text ----------------------------------------------------------------- */

int
ExactSumToText(const ExactSum *sum, char *text)
{
	uint64		limb[EXACT_SUM_MAX];
	char	   *to = text;
	int			first = 0;
	int			last = 0;

	if (ExactSumSign(sum) == 0)
		return sprintf(text, "0x0p+0");
	if (MagnitudeOf(sum, limb))
		*to++ = '-';
	*to++ = '0';
	*to++ = 'x';

	/* hexadecimal digits from the highest to the lowest that is not 0 */
	first = 16 * sum->used - 1;
	while ((BitsAt(limb, sum->used, 4 * first) & 15) == 0)
		first--;
	while ((BitsAt(limb, sum->used, 4 * last) & 15) == 0)
		last++;
	for (int i = first; i >= last; i--)
		*to++ = "0123456789abcdef"[BitsAt(limb, sum->used, 4 * i) & 15];
	to += sprintf(to, "p%+d", BottomOf(sum) + 4 * last);
	return to - text;
}

static int
HexDigit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* An integer of up to five digits that ends the text. */
static bool
ParseExponent(const char *text, const char *end, int *exponent)
{
	bool		negative = text < end && *text == '-';

	*exponent = 0;
	if (text < end && (*text == '-' || *text == '+'))
		text++;
	if (text == end || end - text > 5)
		return false;
	for (; text < end; text++)
	{
		if (*text < '0' || *text > '9')
			return false;
		*exponent = 10 * *exponent + (*text - '0');
	}
	if (negative)
		*exponent = -*exponent;
	return true;
}

bool
ExactSumFromText(ExactSum *sum, const char *text, int length)
{
	const char *end = text + length;
	bool		negative = length > 0 && *text == '-';
	const char *digits = text + negative + 2;
	const char *p = digits;
	int			bit;

	Assert(sum->capacity == EXACT_SUM_MAX);
	ExactSumInit(sum, EXACT_SUM_MAX);
	if (length >= EXACT_SUM_TEXT || end - text < negative + 5 ||
		digits[-2] != '0' || digits[-1] != 'x')
		return false;
	while (p < end && HexDigit(*p) >= 0)
		p++;
	if (p == digits || p == end || *p != 'p' || !ParseExponent(p + 1, end, &bit))
		return false;

	bit += 64 * UNIT_PLACE;
	for (p--; p >= digits; p--, bit += 4)
	{
		uint64		digit = HexDigit(*p);

		if (digit == 0)
			continue;
		if (bit < 0 || bit + 4 > 64 * TERM_PLACES)
			return false;
		sum->limb[bit >> 6] |= digit << (bit & 63);
		if ((bit & 63) > 60)
			sum->limb[(bit >> 6) + 1] |= digit >> (64 - (bit & 63));
	}
	sum->used = TERM_PLACES + 1;
	if (negative)
	{
		uint64		carry = 1;

		for (int i = 0; i < sum->used; i++)
		{
			sum->limb[i] = ~sum->limb[i] + carry;
			carry = carry && sum->limb[i] == 0;
		}
	}
	ExactSumTrim(sum);
	return true;
}
