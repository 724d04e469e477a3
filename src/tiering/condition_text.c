/*
 * condition_text.c
 *		What is missing for a condition, in words (core).
 *
 *		and				spend 1250 more, frequency 2 more
 *		or				spend 1250 more or frequency 2 more
 *		any 3 of		2 of (spend 1250 more, frequency 2 more, tenure 30 more)
 *
 * Only members that do not hold are listed, and of n-of only as many are asked
 * for as are missing. A list within another one stands in parentheses.
 *
 * Differences are taken between decimals: of the threshold as it was written,
 * and of the value's shortest decimal. 5000 - 3750.1 is 1249.9, where float8
 * subtraction has 1249.9000000000001. Since both roundings are monotone, a value
 * that is below the threshold as float8 is below it as a decimal too.
 *
 * Most values are amounts with at most two decimals: these go through int64.
 * A double v whose nearest integer k to 100 v gives v again as k / 100, with k of
 * at most 15 digits, has k / 100 as its shortest decimal, since decimals of 15
 * digits are all different as float8.
 */
#include "tiering/condition_text.h"

#include <math.h>

#include "utils/builtins.h"

void
TextBufferGrow(TextBuffer *out, int more)
{
	int			capacity = Max(out->capacity * 2, out->length + more);

	out->data = repalloc(out->data, capacity);
	out->capacity = capacity;
}

/* --- Numbers -------------------------------------------------------------- */

static inline bool
ToCents(double x, int64 *cents)
{
	double		hundredfold = x * 100;

	if (!(fabs(hundredfold) < 1e15))
		return false;
	if (x == (double) (int64) x)
	{
		*cents = (int64) x * 100;
		return true;
	}
	*cents = (int64) (hundredfold + (x < 0 ? -0.5 : 0.5));
	return (double) *cents / 100 == x;
}

/* More than an int64 in hundredths has, with its point. */
#define CENTS_DIGITS	24

/* A count of hundredths, not negative, without zeros at the end. */
static void
WriteCents(TextBuffer *out, int64 cents)
{
	char		digits[2 * CENTS_DIGITS] = {0};
	char	   *end = digits + CENTS_DIGITS;
	char	   *p = end;
	uint64		whole = (uint64) cents / 100;
	int			rest = (int) (cents % 100);

	if (rest != 0)
	{
		if (rest % 10 != 0)
			*--p = '0' + rest % 10;
		*--p = '0' + rest / 10;
		*--p = '.';
	}
	do
	{
		*--p = '0' + (int) (whole % 10);
		whole /= 10;
	} while (whole != 0);
	/* of a fixed length, which is one or two moves; what is too much is overwritten */
	memcpy(TextReserve(out, CENTS_DIGITS), p, CENTS_DIGITS);
	out->length += end - p;
}

/* A decimal's text without zeros at the end. */
static void
WriteTrimmed(TextBuffer *out, const char *text)
{
	int			length = strlen(text);

	if (strchr(text, '.') != NULL)
	{
		while (text[length - 1] == '0')
			length--;
		if (text[length - 1] == '.')
			length--;
	}
	TextBytes(out, text, length);
}

static void
WriteDecimal(TextBuffer *out, const Decimal *d)
{
	char	   *text = DecimalToString(d);

	WriteTrimmed(out, text);
	pfree(text);
}

Decimal
ThresholdDistance(const Threshold *threshold, double value)
{
	Decimal		limit;
	Decimal		given;

	if (!DecimalFromString(threshold->text, &limit) ||
		DecimalFromFloat8(value, &given) != DECIMAL_OK)
		elog(ERROR, "cannot subtract %g from %s", value, threshold->text);
	if (value > threshold->value)
		limit = DecimalNegated(&limit);
	else
		given = DecimalNegated(&given);
	limit = DecimalSum(&limit, &given);
	/* equal as float8, and written with more digits */
	return DecimalSign(&limit) < 0 ? DecimalFromInt(0) : limit;
}

static void
WriteDistance(TextBuffer *out, const Threshold *threshold, double value)
{
	int64		cents;

	if (threshold->is_cents && ToCents(value, &cents))
		WriteCents(out, threshold->cents > cents ? threshold->cents - cents :
				   cents - threshold->cents);
	else
	{
		Decimal		d = ThresholdDistance(threshold, value);

		WriteDecimal(out, &d);
	}
}

/* --- One comparison ------------------------------------------------------- */

/* What the value should be: the value is unknown, or infinitely far away. */
static void
WriteWanted(TextBuffer *out, const ConditionNode *node)
{
	static const char *const wanted[] = {
		"at least ", "more than ", "at most ", "less than ", "exactly ",
		"other than ", "from "
	};

	TextBytes(out, wanted[node->op], strlen(wanted[node->op]));
	WriteTrimmed(out, node->low.text);
	if (node->op == OP_BETWEEN)
	{
		TextLiteral(out, " to ");
		WriteTrimmed(out, node->high.text);
	}
}

static void
WriteComparison(TextBuffer *out, const ConditionNode *node, double value,
				const MeasureNames *names)
{
	const MeasureName *measure = &names->measure[node->measure];
	const Threshold *threshold = &node->low;

	if (likely(measure->shown_length <= MEASURE_PADDING))
	{
		memcpy(TextReserve(out, MEASURE_PADDING), measure->shown, MEASURE_PADDING);
		out->length += measure->shown_length;
	}
	else
		TextBytes(out, measure->shown, measure->shown_length);
	if (isnan(value))
	{
		TextLiteral(out, " unknown, ");
		WriteWanted(out, node);
		return;
	}
	TextLiteral(out, " ");
	if (isinf(value) || node->op == OP_NE)
	{
		WriteWanted(out, node);
		return;
	}
	if (node->op == OP_BETWEEN && value > node->high.value)
		threshold = &node->high;
	if (node->op == OP_GT || node->op == OP_LT)
		TextLiteral(out, "more than ");
	else if (node->op == OP_EQ)
		TextLiteral(out, "exactly ");
	WriteDistance(out, threshold, value);
	if (value > threshold->value || node->op == OP_LT)
		TextLiteral(out, " less");
	else
		TextLiteral(out, " more");
}

/* --- Conditions ----------------------------------------------------------- */

typedef struct Missing
{
	TextBuffer *out;
	const double *values;
	const MeasureNames *names;
} Missing;

/* Of how many members the truth is kept, so as to find it once. */
#define MAX_KEPT	64

static void
WriteMissing(const Missing *m, const ConditionNode *node, bool within)
{
	const ConditionNode *member = node + 1;
	uint64		kept = 0;		/* a bit for each member that does not hold */
	int			failing = 0;
	int			written = 0;
	bool		either = node->kind == CONDITION_OR || node->kind == CONDITION_ANY;
	bool		count = node->kind == CONDITION_SOME;
	bool		parentheses;

	if (node->kind == CONDITION_COMPARE)
	{
		WriteComparison(m->out, node, m->values[node->measure], m->names);
		return;
	}
	for (int i = 0; i < node->members; i++, member += member->size)
		if (!MemberHolds(member, m->values))
		{
			failing++;
			if (i < MAX_KEPT)
				kept |= UINT64CONST(1) << i;
		}
	if (count)
	{
		char		text[16];

		/* what is needed, less what holds */
		TextBytes(m->out, text, pg_ltoa(node->need - (node->members - failing), text));
		TextLiteral(m->out, " of ");
	}
	parentheses = count || (within && failing > 1);
	if (parentheses)
		TextLiteral(m->out, "(");
	member = node + 1;
	for (int i = 0; written < failing; i++, member += member->size)
	{
		if (i < MAX_KEPT ? !(kept & (UINT64CONST(1) << i)) : MemberHolds(member, m->values))
			continue;
		if (written++ > 0)
		{
			if (either)
				TextLiteral(m->out, " or ");
			else
				TextLiteral(m->out, ", ");
		}
		WriteMissing(m, member, failing > 1 || within);
	}
	if (parentheses)
		TextLiteral(m->out, ")");
}

void
ConditionMissing(TextBuffer *out, const ConditionNode *node,
				 const double *values, const MeasureNames *names)
{
	Missing		m = {out, values, names};

	WriteMissing(&m, node, false);
}
