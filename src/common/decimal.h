/*
 * decimal.h
 *		Exact decimal amounts: a scaled 128-bit integer, a numeric beyond it.
 */
#ifndef CUSTSEG_DECIMAL_H
#define CUSTSEG_DECIMAL_H

#include "common/core.h"

struct NumericData;

/*
 * A value is value * 10^-scale when big is NULL; then |value| < 10^38 and
 * 0 <= scale <= 38. Only what does not fit in there is held as a numeric.
 * scale is also the number of digits shown, as in numeric.
 */
typedef struct Decimal
{
	int128		value;
	int			scale;
	struct NumericData *big;
} Decimal;

#define DECIMAL_MAX_SCALE	38

typedef enum DecimalStatus
{
	DECIMAL_OK,
	DECIMAL_NAN,
	DECIMAL_INFINITE
} DecimalStatus;

/* Powers of ten up to 10^38. */
extern const int128 *DecimalPowers(void);

static inline Decimal
DecimalFromInt(int64 value)
{
	Decimal		d = {value, 0, NULL};

	return d;
}

static inline bool
DecimalFitsInt64(const Decimal *d)
{
	return d->big == NULL && d->value == (int64) d->value;
}

/* n is a numeric datum, possibly with a short header but not compressed. */
extern DecimalStatus DecimalFromNumeric(const void *n, Decimal *result);

/*
 * The float8 that a cast of the numeric gives, also for NaN and infinities;
 * the cast's error (22003) where it is out of range.  n as above.
 */
extern double NumericToFloat8(const void *n);

/* The shortest decimal that reads back as the same float. */
extern DecimalStatus DecimalFromFloat8(double x, Decimal *result);
extern DecimalStatus DecimalFromFloat4(float x, Decimal *result);

/* Reads what DecimalToString wrote; false when it is not a finite number. */
extern bool DecimalFromString(const char *string, Decimal *result);

/* Results are palloc'd. */
extern struct NumericData *DecimalToNumeric(const Decimal *d);
extern char *DecimalToString(const Decimal *d);

/* The nearest float8, as a cast of the numeric gives. */
extern double DecimalToFloat8(const Decimal *d);

extern Decimal DecimalSum(const Decimal *a, const Decimal *b);
extern Decimal DecimalNegated(const Decimal *a);
extern int	DecimalCompare(const Decimal *a, const Decimal *b);
extern int	DecimalBigSign(const Decimal *a);

static inline int
DecimalSign(const Decimal *a)
{
	if (unlikely(a->big != NULL))
		return DecimalBigSign(a);
	return a->value < 0 ? -1 : a->value > 0;
}

/* Equal values hash alike, whatever their scale. */
extern uint64 DecimalHash(const Decimal *a, uint64 seed);

#endif							/* CUSTSEG_DECIMAL_H */
