/*
 * offer_values.c
 *		The values of offers as integers of one scale.
 *
 * The search adds values up in many orders, and compares sums for equality: that
 * must be exact, so it works on integers.  Values that people write have few
 * decimals, 12.50 or 0.0375.  Where every value is the float8 nearest to a
 * decimal, the integers are those decimals, of as many digits as the longest
 * needs, and equal sums are equal.  Otherwise a unit is a power of two, such that
 * the best offers of all customers add up to between 2^60 and 2^61 units: for
 * 100,000 customers each value keeps about 44 binary digits, 13 decimal ones.
 *
 * Neither depends on the order of rows, as offers come in the order of their keys.
 */
#include "allocation/offers.h"

#include <math.h>

#define MAX_DECIMALS 15

/* Decimals beyond this are not told from their neighbours. */
#define MAX_DECIMAL ((double) (INT64CONST(1) << 51))

static double
PowerOfTen(int digits)
{
	double		power = 1;

	/* exact up to 10^22 */
	while (digits-- > 0)
		power *= 10;
	return power;
}

/* Whether x is the float8 nearest to a number of so many decimals. */
static inline bool
IsDecimal(double x, double power)
{
	double		units = rint(x * power);

	return units < MAX_DECIMAL && units / power == x;
}

/* The number of decimals that all values above 0 need; -1: they are no decimals. */
static int
DecimalsOfValues(const double *values, int64 n)
{
	int			digits = 0;
	double		power = 1;

	for (int64 i = 0; i < n; i++)
	{
		POLL_EVERY(i);
		while (values[i] > 0 && !IsDecimal(values[i], power))
		{
			if (++digits > MAX_DECIMALS)
				return -1;
			power *= 10;
		}
	}
	/* with the digits of later values, earlier ones may have become too large */
	for (int64 i = 0; i < n; i++)
	{
		POLL_EVERY(i);
		if (values[i] > 0 && !IsDecimal(values[i], power))
			return -1;
	}
	return digits;
}

/* The sum of the largest value of each customer, times 2^-exponent. */
static double
TotalOfBest(const double *values, int32 n_customers, const int32 *first, int exponent)
{
	double		total = 0;

	for (int64 i = 0; i < n_customers; i++)
	{
		double		best = 0;

		for (int64 j = first[i]; j < first[i + 1]; j++)
		{
			POLL_EVERY(j);
			best = Max(best, values[j]);
		}
		total += ldexp(best, -exponent);
	}
	return total;
}

OfferScale
OfferValueUnits(const double *values, int32 n_customers, const int32 *first, int64 *units)
{
	int64		n = first[n_customers];
	int			digits = DecimalsOfValues(values, n);
	OfferScale	scale = {digits >= 0, digits};
	double		largest = 0;
	double		power = 1;
	int			exponent;
	int			more;

	for (int64 i = 0; i < n; i++)
	{
		POLL_EVERY(i);
		largest = Max(largest, values[i]);
	}
	frexp(largest, &exponent);
	/* at most the number of customers, so the total has exponent + more binary digits */
	frexp(TotalOfBest(values, n_customers, first, exponent), &more);

	/* the sum of decimals below 2^60 even when a power of ten is counted generously */
	if (scale.decimal && exponent + more + ceil(digits * 3.3220) > 60)
		scale.decimal = false;
	if (scale.decimal)
		power = PowerOfTen(digits);
	else
		scale.digits = 61 - exponent - more;
	for (int64 i = 0; i < n; i++)
	{
		POLL_EVERY(i);
		if (!(values[i] > 0))
			units[i] = 0;
		else if (scale.decimal)
			units[i] = (int64) rint(values[i] * power);
		else
			units[i] = Max(1, (int64) rint(ldexp(values[i], scale.digits)));
	}
	return scale;
}

double
OfferValueOfUnits(const OfferScale *scale, int64 units, int64 multiple,
				  int128 numerator, int64 denominator)
{
	/* whole and part apart, so that what is below a unit is not lost in a product */
	int128		whole = ((int128) units + numerator / denominator) * multiple;
	double		part = (double) (numerator % denominator) / (double) denominator * (double) multiple;
	double		total = (double) whole + part;

	return scale->decimal ? total / PowerOfTen(scale->digits) : ldexp(total, -scale->digits);
}
