/*
 * decimal.c
 *		Exact decimal amounts: a scaled 128-bit integer, a numeric beyond it.
 *
 * Adding numerics one by one is most of the price of sum(numeric). An amount
 * of money is a small integer number of cents, so it is read straight from
 * the digits of the numeric as it lies on disk and added as an integer. What
 * does not fit (more than 38 digits) takes the slow way through the server's
 * numeric functions; both ways are exact and give the same values.
 *
 * Layout of a numeric after its varlena header, which pg_upgrade relies on
 * and which therefore does not change (src/backend/utils/adt/numeric.c):
 *
 *		short	1 s dddddd w wwwwww			digits ...
 *		long	0 s dddddddddddddd			weight(int16)	digits ...
 *		special	11..						NaN, infinities
 *
 * s is the sign, d the number of digits shown after the point, the weight is
 * the power of 10000 of the first digit, the digits are int16 in base 10000.
 */
#include "common/decimal.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#define HEADER_SIGN_MASK	0xC000
#define HEADER_NEGATIVE		0x4000
#define HEADER_SHORT		0x8000
#define HEADER_SPECIAL		0xC000
#define HEADER_EXT_MASK		0xF000
#define HEADER_NAN			0xC000

#define SHORT_NEGATIVE		0x2000
#define SHORT_SCALE_MASK	0x1F80
#define SHORT_SCALE_SHIFT	7
#define SHORT_WEIGHT_SIGN	0x0040
#define SHORT_WEIGHT_MASK	0x003F

#define LONG_SCALE_MASK		0x3FFF

#define DIGIT_WIDTH			4	/* decimal digits in one digit of a numeric */

/* 36 decimal digits are always below the limit of 10^38 */
#define MAX_FAST_DIGITS		9

/* Written as products since C has no 128-bit literals. */
#define TEN_TO_19	((int128) UINT64CONST(10000000000000000000))

static const int128 power_of_ten[DECIMAL_MAX_SCALE + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
	INT64CONST(1000000000), INT64CONST(10000000000), INT64CONST(100000000000),
	INT64CONST(1000000000000), INT64CONST(10000000000000),
	INT64CONST(100000000000000), INT64CONST(1000000000000000),
	INT64CONST(10000000000000000), INT64CONST(100000000000000000),
	INT64CONST(1000000000000000000), TEN_TO_19,
	TEN_TO_19 * 10, TEN_TO_19 * 100, TEN_TO_19 * 1000, TEN_TO_19 * 10000,
	TEN_TO_19 * 100000, TEN_TO_19 * 1000000, TEN_TO_19 * 10000000,
	TEN_TO_19 * 100000000, TEN_TO_19 * INT64CONST(1000000000),
	TEN_TO_19 * INT64CONST(10000000000), TEN_TO_19 * INT64CONST(100000000000),
	TEN_TO_19 * INT64CONST(1000000000000),
	TEN_TO_19 * INT64CONST(10000000000000),
	TEN_TO_19 * INT64CONST(100000000000000),
	TEN_TO_19 * INT64CONST(1000000000000000),
	TEN_TO_19 * INT64CONST(10000000000000000),
	TEN_TO_19 * INT64CONST(100000000000000000),
	TEN_TO_19 * INT64CONST(1000000000000000000),
	TEN_TO_19 * TEN_TO_19
};

const int128 *
DecimalPowers(void)
{
	return power_of_ten;
}

static inline bool
WithinLimit(int128 value)
{
	return value < power_of_ten[DECIMAL_MAX_SCALE] &&
		value > -power_of_ten[DECIMAL_MAX_SCALE];
}

/* value * 10^digits, if that stays within the limit. */
static inline bool
ScaleUp(int128 *value, int digits)
{
	int128		bound;

	if (*value == 0)
		return digits <= DECIMAL_MAX_SCALE;
	if (digits > DECIMAL_MAX_SCALE)
		return false;
	bound = power_of_ten[DECIMAL_MAX_SCALE - digits];
	if (*value >= bound || *value <= -bound)
		return false;
	*value *= power_of_ten[digits];
	return true;
}

/*
 * The integer that n digits in base 10000 make, shifted by `shift` decimal
 * digits. A shift down only drops zeros.
 */
static bool
DigitsToInt(const char *digits, int n, int shift, int128 *result)
{
	if (n <= 4 && shift <= 2 && shift > -DIGIT_WIDTH)
	{
		/* the way nearly all money goes: everything fits in 64 bits */
		static const int64 up[] = {1, 10, 100};
		int64		value = 0;

		for (int i = 0; i < n; i++)
		{
			int16		digit;

			memcpy(&digit, digits + i * sizeof(int16), sizeof(int16));
			value = value * 10000 + digit;
		}
		switch (shift)
		{
			case -1:
				value /= 10;
				break;
			case -2:
				value /= 100;
				break;
			case -3:
				value /= 1000;
				break;
			default:
				value *= up[shift];
				break;
		}
		*result = value;
		return true;
	}

	if (n > MAX_FAST_DIGITS)
		return false;
	*result = 0;
	for (int i = 0; i < n; i++)
	{
		int16		digit;

		memcpy(&digit, digits + i * sizeof(int16), sizeof(int16));
		*result = *result * 10000 + digit;
	}
	if (shift >= 0)
		return ScaleUp(result, shift);
	if (-shift > DECIMAL_MAX_SCALE)
		return false;
	*result /= power_of_ten[-shift];
	return true;
}

/*
 * Reads any finite numeric as the integer value * 10^scale through its text;
 * false when it has too many digits. The slow way, for what the layout
 * reader does not take.
 */
static bool
StringToInt(const char *string, int128 *value, int *scale)
{
	bool		negative = (*string == '-');
	bool		after_point = false;

	*value = 0;
	*scale = 0;
	if (negative)
		string++;
	for (; *string; string++)
	{
		if (*string == '.')
		{
			after_point = true;
			continue;
		}
		if (*value >= power_of_ten[DECIMAL_MAX_SCALE - 1] ||
			(after_point && *scale == DECIMAL_MAX_SCALE))
			return false;
		*value = *value * 10 + (*string - '0');
		if (after_point)
			(*scale)++;
	}
	if (negative)
		*value = -*value;
	return true;
}

/* The canonical Decimal of a finite numeric without short header. */
static Decimal
Canonical(Numeric n)
{
	Decimal		d;

	d.big = NULL;
	if (!StringToInt(DatumGetCString(DirectFunctionCall1(numeric_out,
														 NumericGetDatum(n))),
					 &d.value, &d.scale))
	{
		d.value = 0;
		d.scale = 0;
		d.big = n;
	}
	return d;
}

/*
 * Reads the digits as they lie in n.  *fits tells whether a finite number has
 * found room in the integer; if not, result is not to be used.
 */
static inline DecimalStatus
ReadLayout(const void *n, Decimal *result, bool *fits)
{
	const char *data = VARDATA_ANY(n);
	int			length = VARSIZE_ANY_EXHDR(n);
	uint16		header;
	int			header_size = sizeof(uint16);
	int			n_digits;
	int			weight;
	int			fraction_digits;
	bool		negative;

	memcpy(&header, data, sizeof(header));
	if ((header & HEADER_SIGN_MASK) == HEADER_SPECIAL)
		return (header & HEADER_EXT_MASK) == HEADER_NAN ?
			DECIMAL_NAN : DECIMAL_INFINITE;
	if ((header & HEADER_SIGN_MASK) == HEADER_SHORT)
	{
		negative = (header & SHORT_NEGATIVE) != 0;
		result->scale = (header & SHORT_SCALE_MASK) >> SHORT_SCALE_SHIFT;
		weight = (header & SHORT_WEIGHT_MASK);
		if (header & SHORT_WEIGHT_SIGN)
			weight |= ~SHORT_WEIGHT_MASK;
	}
	else
	{
		int16		long_weight;

		negative = (header & HEADER_SIGN_MASK) == HEADER_NEGATIVE;
		result->scale = header & LONG_SCALE_MASK;
		memcpy(&long_weight, data + sizeof(uint16), sizeof(int16));
		weight = long_weight;
		header_size += sizeof(int16);
	}
	n_digits = (length - header_size) / (int) sizeof(int16);
	fraction_digits = n_digits - 1 - weight;

	result->big = NULL;
	*fits = result->scale <= DECIMAL_MAX_SCALE &&
		DigitsToInt(data + header_size, n_digits,
					n_digits == 0 ? 0 : result->scale - DIGIT_WIDTH * fraction_digits,
					&result->value);
	if (*fits && negative)
		result->value = -result->value;
	return DECIMAL_OK;
}

/* A copy with a long header, as the server's functions want it. */
static Numeric
LongCopy(const void *n)
{
	int			length = VARSIZE_ANY_EXHDR(n);
	Numeric		copy = palloc(VARHDRSZ + length);

	SET_VARSIZE(copy, VARHDRSZ + length);
	memcpy(VARDATA(copy), VARDATA_ANY(n), length);
	return copy;
}

DecimalStatus
DecimalFromNumeric(const void *n, Decimal *result)
{
	bool		fits;
	DecimalStatus status = ReadLayout(n, result, &fits);

	/* an own copy: the caller's may go away before the Decimal does */
	if (status == DECIMAL_OK && !fits)
		*result = Canonical(LongCopy(n));
	return status;
}

/* Decimals such as 22.200000000000003, 1e+16 and 1.5e-07. */
static DecimalStatus
FromShortest(const char *string, Decimal *result)
{
	const char *exponent = strchr(string, 'e');
	char		mantissa[DOUBLE_SHORTEST_DECIMAL_LEN];
	int			power = 0;

	if (exponent != NULL)
	{
		memcpy(mantissa, string, exponent - string);
		mantissa[exponent - string] = '\0';
		power = atoi(exponent + 1);
		string = mantissa;
	}
	/* at most 17 digits, so this cannot fail */
	(void) StringToInt(string, &result->value, &result->scale);
	result->big = NULL;
	result->scale -= power;
	if (result->scale < 0)
	{
		if (ScaleUp(&result->value, -result->scale))
		{
			result->scale = 0;
			return DECIMAL_OK;
		}
	}
	else if (result->scale <= DECIMAL_MAX_SCALE)
		return DECIMAL_OK;

	/* huge or tiny: let numeric read the mantissa with its exponent */
	result->big = DatumGetNumeric(DirectFunctionCall3(numeric_in,
													  CStringGetDatum(psprintf("%se%d", string, power)),
													  ObjectIdGetDatum(InvalidOid),
													  Int32GetDatum(-1)));
	*result = Canonical(result->big);
	return DECIMAL_OK;
}

DecimalStatus
DecimalFromFloat8(double x, Decimal *result)
{
	char		buffer[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(x))
		return DECIMAL_NAN;
	if (isinf(x))
		return DECIMAL_INFINITE;
	double_to_shortest_decimal_buf(x, buffer);
	return FromShortest(buffer, result);
}

DecimalStatus
DecimalFromFloat4(float x, Decimal *result)
{
	char		buffer[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(x))
		return DECIMAL_NAN;
	if (isinf(x))
		return DECIMAL_INFINITE;
	float_to_shortest_decimal_buf(x, buffer);
	return FromShortest(buffer, result);
}

/*
 * The whole string must have the form that DecimalToString writes: -?digits
 * with an optional point and digits. Anything else is refused here, so that
 * numeric_in only sees what it accepts.
 */
bool
DecimalFromString(const char *string, Decimal *result)
{
	const char *p = string;
	const char *start;
	Datum		n;

	if (*p == '-')
		p++;
	for (start = p; *p >= '0' && *p <= '9'; p++)
		;
	if (p == start || p - start > 131072)
		return false;
	if (*p == '.')
	{
		for (start = ++p; *p >= '0' && *p <= '9'; p++)
			;
		if (p == start || p - start > 16383)
			return false;
	}
	if (*p != '\0')
		return false;

	result->big = NULL;
	if (StringToInt(string, &result->value, &result->scale))
		return true;
	n = DirectFunctionCall3(numeric_in, CStringGetDatum(string),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	*result = Canonical(DatumGetNumeric(n));
	return true;
}

char *
DecimalToString(const Decimal *d)
{
	char		digits[DECIMAL_MAX_SCALE + 8];
	char	   *p = digits + sizeof(digits);
	uint128		rest;
	int			written = 0;

	if (d->big != NULL)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(d->big)));
	rest = d->value < 0 ? -(uint128) d->value : (uint128) d->value;
	*--p = '\0';
	do
	{
		if (written == d->scale && written > 0)
			*--p = '.';
		*--p = '0' + (int) (rest % 10);
		rest /= 10;
		written++;
	} while (rest != 0 || written <= d->scale);
	if (d->value < 0)
		*--p = '-';
	return pstrdup(p);
}

/*
 * A numeric in the short form, digit by digit: several times faster than
 * dividing. value is below 10^19 and scale at most 38, so the digits, padded
 * to a whole number of them after the point, fit.
 */
static Numeric
ShortNumeric(int64 value, int scale)
{
	int16		digits[8];
	int			n = 0;			/* digits, lowest first */
	int			dropped = 0;	/* trailing zero digits */
	int			padding = (DIGIT_WIDTH - scale % DIGIT_WIDTH) % DIGIT_WIDTH;
	uint128		rest = (value < 0 ? -(uint128) value : (uint128) value) *
		(uint128) power_of_ten[padding];
	int			weight;
	uint16		header;
	Numeric		result;
	char	   *to;

	while (rest != 0)
	{
		/* division of 128 bits is slow, and rarely needed */
		bool		wide = rest > PG_UINT64_MAX;
		int16		digit = wide ? (int16) (rest % 10000) : (int16) ((uint64) rest % 10000);

		rest = wide ? rest / 10000 : (uint64) rest / 10000;
		if (n == 0 && digit == 0)
			dropped++;
		else
			digits[n++] = digit;
	}
	weight = n == 0 ? 0 : n + dropped - 1 - (scale + padding) / DIGIT_WIDTH;
	header = HEADER_SHORT | (value < 0 ? SHORT_NEGATIVE : 0) |
		(scale << SHORT_SCALE_SHIFT) |
		(weight < 0 ? SHORT_WEIGHT_SIGN : 0) | (weight & SHORT_WEIGHT_MASK);

	result = palloc(VARHDRSZ + sizeof(header) + n * sizeof(int16));
	SET_VARSIZE(result, VARHDRSZ + sizeof(header) + n * sizeof(int16));
	to = VARDATA(result);
	memcpy(to, &header, sizeof(header));
	to += sizeof(header);
	for (int i = n - 1; i >= 0; i--, to += sizeof(int16))
		memcpy(to, &digits[i], sizeof(int16));
	return result;
}

struct NumericData *
DecimalToNumeric(const Decimal *d)
{
	if (d->big != NULL)
		return d->big;
	if (DecimalFitsInt64(d))
		return ShortNumeric((int64) d->value, d->scale);
	return DatumGetNumeric(DirectFunctionCall3(numeric_in,
											   CStringGetDatum(DecimalToString(d)),
											   ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
}

/*
 * The nearest float8, where value and power of ten are exact floats: their
 * quotient is rounded once.
 */
static inline bool
ExactQuotient(const Decimal *d, double *x)
{
	static const double exact_power[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};
	const int64 limit = INT64CONST(1) << 53;

	if (d->scale >= (int) lengthof(exact_power) ||
		d->value > limit || d->value < -limit)
		return false;
	*x = (double) (int64) d->value / exact_power[d->scale];
	return true;
}

double
DecimalToFloat8(const Decimal *d)
{
	double		x;

	if (d->big == NULL && ExactQuotient(d, &x))
		return x;
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8,
											  NumericGetDatum(DecimalToNumeric(d))));
}

/*
 * Up to 12 decimal digits in a numeric's short form: an exact integer, times or
 * through an exact power of ten, is rounded once.  Most numbers go this way.
 */
static inline bool
ShortToFloat8(const void *n, double *x)
{
	static const double power[] = {1, 1e4, 1e8, 1e12};
	const char *data = VARDATA_ANY(n);
	int			n_digits = (int) (VARSIZE_ANY_EXHDR(n) / sizeof(int16)) - 1;
	int64		value = 0;
	uint16		header;
	int			weight;
	int			shift;

	memcpy(&header, data, sizeof(header));
	if ((header & HEADER_SIGN_MASK) != HEADER_SHORT || n_digits > 3)
		return false;
	weight = header & SHORT_WEIGHT_MASK;
	if (header & SHORT_WEIGHT_SIGN)
		weight |= ~SHORT_WEIGHT_MASK;
	shift = weight - (n_digits - 1);
	if (shift < -3 || shift > 3)
		return false;
	for (int i = 0; i < n_digits; i++)
	{
		int16		digit;

		memcpy(&digit, data + sizeof(header) + i * sizeof(int16), sizeof(int16));
		value = value * 10000 + digit;
	}
	*x = shift < 0 ? (double) value / power[-shift] : (double) value * power[shift];
	if (header & SHORT_NEGATIVE)
		*x = -*x;
	return true;
}

double
NumericToFloat8(const void *n)
{
	Decimal		d;
	bool		fits;
	double		x;
	Numeric		copy;

	if (ShortToFloat8(n, &x))
		return x;
	if (ReadLayout(n, &d, &fits) == DECIMAL_OK && fits && ExactQuotient(&d, &x))
		return x;

	copy = LongCopy(n);
	x = DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(copy)));
	pfree(copy);
	return x;
}

/* Brings both to the larger scale; false when that does not fit. */
static bool
Align(Decimal *a, Decimal *b)
{
	if (a->big != NULL || b->big != NULL)
		return false;
	if (a->scale < b->scale)
	{
		if (!ScaleUp(&a->value, b->scale - a->scale))
			return false;
		a->scale = b->scale;
	}
	else if (a->scale > b->scale)
	{
		if (!ScaleUp(&b->value, a->scale - b->scale))
			return false;
		b->scale = a->scale;
	}
	return true;
}

Decimal
DecimalSum(const Decimal *a, const Decimal *b)
{
	Decimal		x = *a;
	Decimal		y = *b;

	if (Align(&x, &y) &&
		!__builtin_add_overflow(x.value, y.value, &x.value) &&
		WithinLimit(x.value))
		return x;
	return Canonical(DatumGetNumeric(DirectFunctionCall2(numeric_add,
														 NumericGetDatum(DecimalToNumeric(a)),
														 NumericGetDatum(DecimalToNumeric(b)))));
}

Decimal
DecimalNegated(const Decimal *a)
{
	Decimal		d = *a;

	if (a->big != NULL)
		d.big = DatumGetNumeric(DirectFunctionCall1(numeric_uminus,
													NumericGetDatum(a->big)));
	else
		d.value = -d.value;
	return d;
}

int
DecimalCompare(const Decimal *a, const Decimal *b)
{
	Decimal		x = *a;
	Decimal		y = *b;

	if (Align(&x, &y))
		return x.value < y.value ? -1 : x.value > y.value;
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp,
											 NumericGetDatum(DecimalToNumeric(a)),
											 NumericGetDatum(DecimalToNumeric(b))));
}

int
DecimalBigSign(const Decimal *a)
{
	Decimal		zero = DecimalFromInt(0);

	return DecimalCompare(a, &zero);
}

uint64
DecimalHash(const Decimal *a, uint64 seed)
{
	return DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended,
											  NumericGetDatum(DecimalToNumeric(a)),
											  UInt64GetDatum(seed)));
}
