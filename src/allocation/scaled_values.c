/*
 * scaled_values.c
 *		Decimals as integers of one common scale.
 *
 * The values of a column become integers, but which scale they can have is
 * known only when the largest has been seen.  Until then they are kept in
 * blocks, each at the finest scale at which its own largest value stays below
 * 2^62; a block is rescaled when a value asks for it, which happens at most
 * some 90 times, since its scale only rises while its largest value allows and
 * falls when that grows.
 *
 * Where digits must go, they are cut off in such a way that rounding later
 * gives what rounding the whole value would have given: a last digit of 0 or 5
 * in front of other digits than zeros becomes 1 or 6 (as ROUND_05UP of
 * decimal arithmetic, M. Cowlishaw).  This is right as long as what is cut off
 * is followed by a rounding to fewer digits.  That holds: digits go only where
 * one more would exceed 2^62, while the common scale keeps values below a
 * thousandth of that, or beyond SCALED_MAX_SCALE.  So the result does not
 * depend on the order in which values came, nor on the blocks.
 */
#include "allocation/scaled_values.h"

#define MANTISSA_LIMIT	(INT64CONST(1) << 62)

/* Two digits more than any value ends with. */
#define WORK_SCALE		(SCALED_MAX_SCALE + 2)

/* A 64-bit integer has at most 19 digits. */
#define MAX_POWER		18

ScaledBlock *
ScaledBlockCreate(void)
{
	ScaledBlock *block = palloc_extended(sizeof(ScaledBlock), MCXT_ALLOC_HUGE);

	block->n = 0;
	block->scale = 0;
	block->shown_scale = 0;
	block->largest = 0;
	return block;
}

/* value / 10^digits, cut off as described above. */
static int128
CutDigits(int128 value, int digits)
{
	int128		power;
	int128		result;

	if (digits > DECIMAL_MAX_SCALE)
		return value > 0 ? 1 : value < 0 ? -1 : 0;
	power = DecimalPowers()[digits];
	result = value / power;
	if (value % power != 0 && result % 5 == 0)
		result += value > 0 ? 1 : -1;
	return result;
}

int64
ScaledTo(int64 value, int from, int to)
{
	int128		power;
	int128		wide = value;

	if (to >= from)
		return to - from > MAX_POWER ? 0 : (int64) (wide * DecimalPowers()[to - from]);
	if (from - to > MAX_POWER + 1)
		return 0;
	/* value + power / 2 stays far below 2^127 */
	power = DecimalPowers()[from - to];
	return (int64) (value < 0 ? -((-wide + power / 2) / power) : (wide + power / 2) / power);
}

/*
 * The digits of a number that a Decimal holds as a numeric: as many as fit,
 * the rest cut off.  False when there are too many before the point.
 */
static bool
ReadDigits(const char *string, int128 *value, int *scale)
{
	bool		negative = *string == '-';
	bool		after_point = false;
	bool		rest = false;

	*value = 0;
	*scale = 0;
	for (string += negative; *string; string++)
	{
		if (*string == '.')
			after_point = true;
		else if (*value >= MANTISSA_LIMIT || *scale == WORK_SCALE)
		{
			if (!after_point)
				return false;
			rest |= *string != '0';
		}
		else
		{
			*value = *value * 10 + (*string - '0');
			*scale += after_point;
		}
	}
	if (rest && *value % 5 == 0)
		(*value)++;
	if (negative)
		*value = -*value;
	return true;
}

/* A number as a 64-bit mantissa; false when it is too large. */
static bool
ReadNumber(const Decimal *d, int64 *mantissa, int *scale)
{
	int128		value = d->value;
	int			digits = 0;

	*scale = d->scale;
	if (d->big != NULL && !ReadDigits(DecimalToString(d), &value, scale))
		return false;
	if (*scale > WORK_SCALE)
		digits = *scale - WORK_SCALE;
	while (digits < *scale && digits < DECIMAL_MAX_SCALE &&
		   (value / DecimalPowers()[digits] >= MANTISSA_LIMIT ||
			value / DecimalPowers()[digits] <= -MANTISSA_LIMIT))
		digits++;
	value = CutDigits(value, digits);
	*scale -= digits;
	*mantissa = (int64) value;
	/* a cut may have added one */
	return value <= MANTISSA_LIMIT && value >= -MANTISSA_LIMIT;
}

/* Brings a block to another scale. */
static void
Rescale(ScaledBlock *block, int scale)
{
	int			digits = block->scale - scale;

	for (int32 i = 0; i < block->n; i++)
		block->value[i] = digits > 0 ? (int64) CutDigits(block->value[i], digits) :
			ScaledTo(block->value[i], block->scale, scale);
	block->largest = digits > 0 ? (int64) CutDigits(block->largest, digits) :
		ScaledTo(block->largest, block->scale, scale);
	block->scale = scale;
}

/* Whether |value| * 10^digits is at most limit. */
static inline bool
FitsScaledUp(int64 value, int digits, int64 limit)
{
	int64		size = value < 0 ? -value : value;

	return size == 0 || (digits <= MAX_POWER && (int128) size * DecimalPowers()[digits] <= limit);
}

/* A value of another scale than the block's: one of them, or both, must change. */
static int64
Align(ScaledBlock *block, int64 mantissa, int scale)
{
	int			common = block->scale;

	if (scale > block->scale)
	{
		/* up with the block, as far as its largest value allows */
		while (common < scale && FitsScaledUp(block->largest, common + 1 - block->scale, MANTISSA_LIMIT))
			common++;
		if (common != block->scale)
			Rescale(block, common);
		return (int64) CutDigits(mantissa, scale - common);
	}
	/* down with the block, as far as the value asks for */
	while (common > scale && !FitsScaledUp(mantissa, common - scale, MANTISSA_LIMIT))
		common--;
	if (common != block->scale)
		Rescale(block, common);
	return ScaledTo(mantissa, scale, common);
}

bool
ScaledBlockAdd(ScaledBlock *block, const Decimal *d)
{
	int64		value;
	int			scale = d->scale;

	if (likely(d->big == NULL && scale == block->scale &&
			   d->value <= MANTISSA_LIMIT && d->value >= -MANTISSA_LIMIT))
		value = (int64) d->value;
	else
	{
		if (!ReadNumber(d, &value, &scale))
			return false;
		block->shown_scale = Max(block->shown_scale,
								 Min(d->big == NULL ? d->scale : WORK_SCALE, SCALED_MAX_SCALE));
		if (scale != block->scale)
			value = Align(block, value, scale);
	}
	block->largest = Max(block->largest, value < 0 ? -value : value);
	block->value[block->n++] = value;
	return true;
}

/* The absolute value at a scale, or limit + 1 where it is more than that. */
static int64
SizeAtScale(const ScaledBlock *block, int scale, int64 limit)
{
	int64		size;

	if (scale > block->scale)
		return FitsScaledUp(block->largest, scale - block->scale, limit) ?
			ScaledTo(block->largest, block->scale, scale) : limit + 1;
	size = ScaledTo(block->largest, block->scale, scale);
	return Min(size, limit + 1);
}

int
ScaledCommonScale(ScaledBlock *const *blocks, int64 n_blocks, const ScaledBlock *added,
				  int64 limit)
{
	int			scale = added == NULL ? 0 : added->shown_scale;

	for (int64 i = 0; i < n_blocks; i++)
		scale = Max(scale, blocks[i]->shown_scale);
	for (; scale >= 0; scale--)
	{
		int64		more = added == NULL ? 0 : SizeAtScale(added, scale, limit);
		bool		fits = more <= limit;

		for (int64 i = 0; i < n_blocks && fits; i++)
			fits = SizeAtScale(blocks[i], scale, limit) + more <= limit;
		if (fits)
			return scale;
	}
	return -1;
}
