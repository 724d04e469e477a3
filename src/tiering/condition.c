/*
 * condition.c
 *		Conditions on measures: names, numbers, printing, evaluating (core).
 *
 * A condition is a tree whose every inner node holds when `need` of its members
 * hold: all for AND, one for OR. That makes evaluation one short loop, and the
 * same over three values in tier_policy_check.c. It is kept as an array in
 * prefix order, so that a walk needs no pointers.
 *
 * Numbers keep the digits that were given (in the form that numeric prints), and
 * are compared as float8. Memory comes from the current context.
 */
#include "tiering/condition.h"

#include <math.h>

const char *const compare_op_names[] = {
	">=", ">", "<=", "<", "=", "<>", "between"
};

static const char *const keywords[] = {
	"and", "or", "any", "all", "of", "between"
};

/* --- Names ---------------------------------------------------------------- */

bool
ConditionIsKeyword(const char *word, int length)
{
	for (int i = 0; i < lengthof(keywords); i++)
		if (strlen(keywords[i]) == length && pg_strncasecmp(keywords[i], word, length) == 0)
			return true;
	return false;
}

static bool
IsPlainName(const char *name)
{
	if (!ConditionStartsName(name[0]) || ConditionIsKeyword(name, strlen(name)))
		return false;
	for (const char *c = name; *c; c++)
		if (!ConditionStartsName(*c) && !ConditionIsDigit(*c))
			return false;
	return true;
}

int
MeasureNamesFind(const MeasureNames *names, const char *name, int length)
{
	for (int i = 0; i < names->n; i++)
		if (strncmp(names->measure[i].name, name, length) == 0 &&
			names->measure[i].name[length] == '\0')
			return i;
	return -1;
}

int
MeasureNamesAdd(MeasureNames *names, const char *name)
{
	int			found = MeasureNamesFind(names, name, strlen(name));
	MeasureName *new;
	StringInfoData shown;

	if (found >= 0)
		return found;
	if (names->n == names->capacity)
	{
		names->capacity = Max(8, names->capacity * 2);
		names->measure = names->n == 0 ? palloc(names->capacity * sizeof(MeasureName)) :
			repalloc(names->measure, names->capacity * sizeof(MeasureName));
	}
	new = &names->measure[names->n];
	new->name = pstrdup(name);
	initStringInfo(&shown);
	if (IsPlainName(name))
		appendStringInfoString(&shown, name);
	else
	{
		appendStringInfoChar(&shown, '"');
		for (const char *c = name; *c; c++)
			appendStringInfo(&shown, *c == '"' ? "\"\"" : "%c", *c);
		appendStringInfoChar(&shown, '"');
	}
	new->shown_length = shown.len;
	while (shown.len < MEASURE_PADDING)
		appendStringInfoChar(&shown, '\0');
	new->shown = shown.data;
	return names->n++;
}

/* --- Numbers -------------------------------------------------------------- */

/*
 * A literal's digits as numeric prints them: no exponent, no leading zeros, all
 * digits behind the point. ThresholdRead checks it.
 */
static char *
CanonicalNumber(const char *literal, int length, int exponent)
{
	StringInfoData out;
	char	   *digits = palloc(length + 1);
	int			n = 0;
	int			point = -1;		/* digits in front of the point */
	int			leading = 0;
	bool		zero = true;

	for (int i = 0; i < length && literal[i] != 'e' && literal[i] != 'E'; i++)
		if (ConditionIsDigit(literal[i]))
		{
			zero &= literal[i] == '0';
			digits[n++] = literal[i];
		}
		else if (literal[i] == '.')
			point = n;
	if (zero && exponent < 0)
		exponent = 0;
	point = (point < 0 ? n : point) + exponent;
	if (zero)
	{
		/* one zero in front of the point, and those given behind it */
		n = Max(n - point, 0) + 1;
		point = 1;
		memset(digits, '0', n);
	}
	while (leading < n && leading < point - 1 && digits[leading] == '0')
		leading++;

	initStringInfo(&out);
	if (literal[0] == '-' && !zero)
		appendStringInfoChar(&out, '-');
	if (point <= 0)
		appendStringInfoChar(&out, '0');
	for (int i = leading; i < point; i++)
		appendStringInfoChar(&out, i < n ? digits[i] : '0');
	if (point < n)
		appendStringInfoChar(&out, '.');
	for (int i = point; i < 0; i++)
		appendStringInfoChar(&out, '0');
	for (int i = Max(point, 0); i < n; i++)
		appendStringInfoChar(&out, digits[i]);
	pfree(digits);
	return out.data;
}

/* 100 times the number, if that is an integer of at most 15 digits. */
static bool
TextToCents(const char *text, int64 *cents)
{
	const char *point = strchr(text, '.');
	int			decimals = point ? (int) strlen(point + 1) : 0;
	int64		value = 0;

	if (decimals > 2 || strlen(text) > 14)
		return false;
	for (const char *c = text; *c; c++)
		if (ConditionIsDigit(*c))
			value = value * 10 + (*c - '0');
	for (; decimals < 2; decimals++)
		value *= 10;
	*cents = *text == '-' ? -value : value;
	return true;
}

bool
ThresholdRead(const char *literal, int length, Threshold *result)
{
	char	   *copy = pnstrdup(literal, length);
	const char *e = strpbrk(copy, "eE");
	long		exponent = e != NULL ? strtol(e + 1, NULL, 10) : 0;

	result->value = strtod(copy, NULL);
	/* zero, but not written with zeros alone: too small */
	if (isinf(result->value) ||
		exponent > 2 * MAX_CONDITION_BYTES || exponent < -2 * MAX_CONDITION_BYTES ||
		(result->value == 0 && strcspn(copy, "123456789") < (e ? e - copy : length)))
		return false;
	result->text = CanonicalNumber(copy, length, (int) exponent);
	result->value += 0.0;		/* no minus zero */
	result->is_cents = TextToCents(result->text, &result->cents);
	pfree(copy);
	return true;
}

/* --- Printing and evaluating ---------------------------------------------- */

static void
PrintMembers(StringInfo out, const ConditionNode *node, const char *between,
			 const MeasureNames *names)
{
	const ConditionNode *member = node + 1;

	for (int i = 0; i < node->members; i++, member += member->size)
	{
		/* only OR binds less than what it may stand in */
		bool		parentheses = node->kind == CONDITION_AND && member->kind == CONDITION_OR;

		appendStringInfoString(out, i > 0 ? between : "");
		appendStringInfoString(out, parentheses ? "(" : "");
		ConditionPrint(out, member, names);
		appendStringInfoString(out, parentheses ? ")" : "");
	}
}

void
ConditionPrint(StringInfo out, const ConditionNode *node, const MeasureNames *names)
{
	switch (node->kind)
	{
		case CONDITION_COMPARE:
			appendStringInfo(out, "%s %s %s", names->measure[node->measure].shown,
							 compare_op_names[node->op], node->low.text);
			if (node->op == OP_BETWEEN)
				appendStringInfo(out, " and %s", node->high.text);
			return;
		case CONDITION_AND:
			PrintMembers(out, node, " and ", names);
			return;
		case CONDITION_OR:
			PrintMembers(out, node, " or ", names);
			return;
		case CONDITION_SOME:
			appendStringInfo(out, "any %d of (", node->need);
			break;
		case CONDITION_ANY:
			appendStringInfoString(out, "any of (");
			break;
		case CONDITION_ALL:
			appendStringInfoString(out, "all of (");
			break;
	}
	PrintMembers(out, node, ", ", names);
	appendStringInfoChar(out, ')');
}

bool
ConditionHolds(const ConditionNode *node, const double *values)
{
	const ConditionNode *member = node + 1;
	int			need = node->need;
	int			spare = node->members - need;

	if (node->kind == CONDITION_COMPARE)
		return ComparisonHolds(node, values[node->measure]);
	for (;; member += member->size)
	{
		bool		holds = MemberHolds(member, values);

		if (holds && --need == 0)
			return true;
		if (!holds && --spare < 0)
			return false;
	}
}
