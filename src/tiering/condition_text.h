/*
 * condition_text.h
 *		What is missing for a condition, in words.
 */
#ifndef CUSTSEG_CONDITION_TEXT_H
#define CUSTSEG_CONDITION_TEXT_H

#include "common/decimal.h"
#include "tiering/condition.h"

/*
 * Bytes that grow; written for each customer, so without StringInfo's upkeep of
 * a terminating zero, and used again for the next one.
 */
typedef struct TextBuffer
{
	char	   *data;
	int			length;
	int			capacity;
} TextBuffer;

extern void TextBufferGrow(TextBuffer *out, int more);

static inline void
TextBytes(TextBuffer *out, const char *bytes, int length)
{
	if (unlikely(out->length + length > out->capacity))
		TextBufferGrow(out, length);
	memcpy(out->data + out->length, bytes, length);
	out->length += length;
}

/* Makes room for more bytes, to be written at the end by hand. */
static inline char *
TextReserve(TextBuffer *out, int more)
{
	if (unlikely(out->length + more > out->capacity))
		TextBufferGrow(out, more);
	return out->data + out->length;
}

#define TextLiteral(out, literal) TextBytes(out, literal, sizeof(literal) - 1)

/*
 * Writes what is missing for a condition that does not hold with these values,
 * such as "spend 1250 more, frequency 2 more".
 */
extern void ConditionMissing(TextBuffer *out, const ConditionNode *node,
							 const double *values, const MeasureNames *names);

/*
 * How far a known, finite value is from the threshold, exactly: the difference
 * of their shortest decimals, never negative.
 */
extern Decimal ThresholdDistance(const Threshold *threshold, double value);

#endif							/* CUSTSEG_CONDITION_TEXT_H */
