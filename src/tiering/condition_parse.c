/*
 * condition_parse.c
 *		Conditions on measures: reading (core).
 *
 *		condition  := term { OR term }
 *		term       := factor { AND factor }
 *		factor     := comparison | "(" condition ")"
 *					| ANY [N] OF "(" condition { "," condition } ")"
 *					| ALL OF "(" condition { "," condition } ")"
 *		comparison := measure ( ">=" | ">" | "<=" | "<" | "=" | "<>" | "!=" ) number
 *					| measure BETWEEN number AND number
 *
 * Read by recursive descent, with a limit on the text's length and on its depth:
 * the text comes from users. There is no NOT and no arithmetic, so that what is
 * missing for a condition can be told, and that a measure which only ever stands
 * left of >= works in one direction. Nothing is ever executed as SQL.
 *
 * Nodes are written in prefix order as they are met; the node above a sequence
 * is inserted in front of it when its first AND or OR comes. Memory comes from
 * the current context.
 */
#include "tiering/condition.h"

#include "mb/pg_wchar.h"

typedef enum TokenKind
{
	TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_NUMBER, TOKEN_SYMBOL, TOKEN_BAD
} TokenKind;

typedef struct Parser
{
	const char *text;
	int			length;
	TokenKind	kind;			/* of the token at start..end */
	int			start;
	int			end;
	int			last_start;		/* the token before it; equal: none */
	int			last_end;
	int			depth;
	Condition  *out;
	MeasureNames *names;
	ConditionError *error;
} Parser;

static bool ParseCondition(Parser *p);

/* --- Tokens --------------------------------------------------------------- */

static bool
Refuse(Parser *p, char *message, int at)
{
	p->error->message = message;
	p->error->at = at;
	p->error->limit = false;
	return false;
}

static bool
RefuseLimit(Parser *p, char *message, int at)
{
	(void) Refuse(p, message, at);
	p->error->limit = true;
	return false;
}

/* The token at hand is not what must stand there. */
static bool
Expected(Parser *p, const char *what)
{
	const char *last = p->text + p->last_start;
	int			length = p->last_end - p->last_start;
	int			shown;

	if (p->kind == TOKEN_BAD && p->text[p->start] == '"')
		return Refuse(p, pstrdup("the quoted name has no end"), p->start);
	if (length == 0)
		return Refuse(p, psprintf("expected %s", what), p->start);
	shown = pg_mbcliplen(last, length, 80);
	return Refuse(p, psprintf("expected %s after %s%.*s%s%s", what, *last == '"' ? "" : "\"",
							  shown, last, shown < length ? "..." : "",
							  *last == '"' ? "" : "\""), p->start);
}

/* The end of a number that starts at i, or i when there is none. */
static int
NumberEnd(const Parser *p, int i)
{
	int			start = i;
	int			digits = 0;
	int			exponent;

	if (i < p->length && (p->text[i] == '+' || p->text[i] == '-'))
		i++;
	for (; i < p->length && ConditionIsDigit(p->text[i]); i++)
		digits++;
	if (i < p->length && p->text[i] == '.')
		for (i++; i < p->length && ConditionIsDigit(p->text[i]); i++)
			digits++;
	if (digits == 0)
		return start;
	if (i < p->length && (p->text[i] == 'e' || p->text[i] == 'E'))
	{
		exponent = i + 1;
		if (exponent < p->length && (p->text[exponent] == '+' || p->text[exponent] == '-'))
			exponent++;
		if (exponent == p->length || !ConditionIsDigit(p->text[exponent]))
			return start;
		for (i = exponent; i < p->length && ConditionIsDigit(p->text[i]); i++)
			;
	}
	/* 5abc is neither a number nor a name, nor is 1.2.3 */
	if (i < p->length && (ConditionStartsName(p->text[i]) || p->text[i] == '.'))
		return start;
	return i;
}

/* Moves to the next token. */
static void
Next(Parser *p)
{
	int			i = p->end;
	char		c;

	p->last_start = p->start;
	p->last_end = p->end;
	while (i < p->length && strchr(" \t\n\r\f", p->text[i]) != NULL)
		i++;
	p->start = i;
	p->end = i;
	if (i == p->length)
	{
		p->kind = TOKEN_END;
		return;
	}
	c = p->text[i];
	if (ConditionStartsName(c))
	{
		while (i < p->length && (ConditionStartsName(p->text[i]) || ConditionIsDigit(p->text[i])))
			i++;
		p->kind = TOKEN_WORD;
	}
	else if (ConditionIsDigit(c) || c == '.' || c == '+' || c == '-')
	{
		i = NumberEnd(p, i);
		p->kind = i > p->start ? TOKEN_NUMBER : TOKEN_BAD;
	}
	else if (c == '"')
	{
		bool		closed = false;

		for (i++; i < p->length && !closed; i++)
			if (p->text[i] == '"')
			{
				/* a doubled quote goes on */
				closed = i + 1 == p->length || p->text[i + 1] != '"';
				i += closed ? 0 : 1;
			}
		p->kind = closed ? TOKEN_QUOTED : TOKEN_BAD;
	}
	else if (strchr("(),<>=!", c) != NULL)
	{
		i++;
		if (i < p->length && ((strchr("<>!", c) != NULL && p->text[i] == '=') ||
							  (c == '<' && p->text[i] == '>')))
			i++;
		p->kind = c == '!' && i == p->start + 1 ? TOKEN_BAD : TOKEN_SYMBOL;
	}
	else
		p->kind = TOKEN_BAD;
	p->end = i;
}

static bool
AtKeyword(const Parser *p, const char *keyword)
{
	return p->kind == TOKEN_WORD && p->end - p->start == strlen(keyword) &&
		pg_strncasecmp(p->text + p->start, keyword, p->end - p->start) == 0;
}

static bool
AtSymbol(const Parser *p, const char *symbol)
{
	return p->kind == TOKEN_SYMBOL && p->end - p->start == strlen(symbol) &&
		memcmp(p->text + p->start, symbol, p->end - p->start) == 0;
}

static bool
ParseNumber(Parser *p, Threshold *result)
{
	if (p->kind != TOKEN_NUMBER)
		return Expected(p, "a number");
	if (!ThresholdRead(p->text + p->start, p->end - p->start, result))
		return Refuse(p, pstrdup("the number is out of the range of float8"), p->start);
	Next(p);
	return true;
}

/* --- Nodes ---------------------------------------------------------------- */

/* Inserts an empty node at index i; those from there on move up. */
static ConditionNode *
InsertNode(Condition *c, int i)
{
	if (c->n_nodes == c->capacity)
	{
		c->capacity = Max(8, c->capacity * 2);
		c->node = c->n_nodes == 0 ? palloc(c->capacity * sizeof(ConditionNode)) :
			repalloc(c->node, c->capacity * sizeof(ConditionNode));
	}
	memmove(&c->node[i + 1], &c->node[i], (c->n_nodes - i) * sizeof(ConditionNode));
	memset(&c->node[i], 0, sizeof(ConditionNode));
	c->n_nodes++;
	return &c->node[i];
}

/* Completes the node at index i, whose members are now all nodes behind it. */
static void
CloseNode(Condition *c, int i, ConditionKind kind, int members, int need)
{
	ConditionNode *node = &c->node[i];

	node->kind = kind;
	node->size = c->n_nodes - i;
	node->members = members;
	node->need = need;
}

static bool
ParseMeasure(Parser *p, int *measure)
{
	const char *start = p->text + p->start;
	int			length = p->end - p->start;
	char	   *name = palloc(length + 1);
	int			n = 0;

	if (p->kind == TOKEN_QUOTED)
	{
		for (int i = 1; i < length - 1; i++)
		{
			name[n++] = start[i];
			if (start[i] == '"')
				i++;
		}
	}
	else if (p->kind == TOKEN_WORD && !ConditionIsKeyword(start, length))
	{
		memcpy(name, start, length);
		n = length;
	}
	else
		return Expected(p, "a measure");
	name[n] = '\0';
	custseg_poll();				/* names are looked up one by one, and may be many */
	if (n == 0)
		return Refuse(p, pstrdup("the name of a measure is empty"), p->start);
	if (n > MAX_MEASURE_NAME)
		return Refuse(p, psprintf("the name of a measure has more than %d bytes", MAX_MEASURE_NAME),
					  p->start);
	*measure = MeasureNamesAdd(p->names, name);
	pfree(name);
	Next(p);
	return true;
}

static bool
ParseComparison(Parser *p)
{
	ConditionNode *node = InsertNode(p->out, p->out->n_nodes);
	int			start;

	node->kind = CONDITION_COMPARE;
	node->size = 1;
	if (!ParseMeasure(p, &node->measure))
		return false;
	if (AtKeyword(p, "between"))
	{
		node->op = OP_BETWEEN;
		Next(p);
		if (!ParseNumber(p, &node->low))
			return false;
		if (!AtKeyword(p, "and"))
			return Expected(p, "\"and\"");
		Next(p);
		start = p->start;
		if (!ParseNumber(p, &node->high))
			return false;
		if (node->high.value < node->low.value)
			return Refuse(p, psprintf("%s is below %s: nothing is between them",
									  node->high.text, node->low.text), start);
		return true;
	}
	for (node->op = OP_GE; node->op < OP_BETWEEN; node->op++)
		if (AtSymbol(p, compare_op_names[node->op]))
			break;
	if (AtSymbol(p, "!="))
		node->op = OP_NE;
	if (node->op == OP_BETWEEN)
		return Expected(p, "a comparison such as \">=\"");
	Next(p);
	return ParseNumber(p, &node->low);
}

/* any [N] of (...), all of (...) */
static bool
ParseSome(Parser *p)
{
	int			node = p->out->n_nodes;
	ConditionKind kind = AtKeyword(p, "all") ? CONDITION_ALL : CONDITION_ANY;
	int			members = 0;
	long		need = 1;
	int			need_at = 0;

	(void) InsertNode(p->out, node);
	Next(p);
	if (kind == CONDITION_ANY && p->kind == TOKEN_NUMBER)
	{
		char	   *copy = pnstrdup(p->text + p->start, p->end - p->start);
		char	   *end;

		kind = CONDITION_SOME;
		need_at = p->start;
		need = strtol(copy, &end, 10);
		if (*end != '\0' || !ConditionIsDigit(*copy))
			return Expected(p, "a whole number");
		pfree(copy);
		Next(p);
	}
	if (!AtKeyword(p, "of"))
		return Expected(p, kind == CONDITION_ANY ? "a number or \"of\"" : "\"of\"");
	Next(p);
	if (!AtSymbol(p, "("))
		return Expected(p, "\"(\"");
	do
	{
		Next(p);
		if (!ParseCondition(p))
			return false;
		members++;
	} while (AtSymbol(p, ","));
	if (!AtSymbol(p, ")"))
		return Expected(p, "\",\" or \")\"");
	if (need < 1 || need > members)
		return Refuse(p, psprintf("the number must be from 1 to %d, the number of conditions", members),
					  need_at);
	Next(p);
	CloseNode(p->out, node, kind, members, kind == CONDITION_ALL ? members : (int) need);
	return true;
}

static bool
ParseFactor(Parser *p)
{
	if (AtKeyword(p, "any") || AtKeyword(p, "all"))
		return ParseSome(p);
	if (!AtSymbol(p, "("))
	{
		if (p->kind == TOKEN_SYMBOL || p->kind == TOKEN_NUMBER || p->kind == TOKEN_END)
			return Expected(p, "a measure, \"(\", \"any\" or \"all\"");
		return ParseComparison(p);
	}
	Next(p);
	if (!ParseCondition(p))
		return false;
	if (!AtSymbol(p, ")"))
		return Expected(p, "\"and\", \"or\" or \")\"");
	Next(p);
	return true;
}

/* parse { keyword parse }; one node above them if there are several. */
static bool
ParseSequence(Parser *p, const char *keyword, ConditionKind kind, bool (*parse) (Parser *))
{
	int			node = p->out->n_nodes;
	int			members = 1;

	if (!parse(p))
		return false;
	for (; AtKeyword(p, keyword); members++)
	{
		if (members == 1)
			(void) InsertNode(p->out, node);
		Next(p);
		if (!parse(p))
			return false;
	}
	if (members > 1)
		CloseNode(p->out, node, kind, members, kind == CONDITION_AND ? members : 1);
	return true;
}

static bool
ParseTerm(Parser *p)
{
	return ParseSequence(p, "and", CONDITION_AND, ParseFactor);
}

static bool
ParseCondition(Parser *p)
{
	bool		good;

	if (p->depth == MAX_CONDITION_DEPTH)
		return RefuseLimit(p, psprintf("it is nested more than %d levels deep", MAX_CONDITION_DEPTH),
						   p->start);
	p->depth++;
	good = ParseSequence(p, "or", CONDITION_OR, ParseTerm);
	p->depth--;
	return good;
}

bool
ConditionParse(const char *text, int length, MeasureNames *names,
			   Condition *result, ConditionError *error)
{
	Parser		p = {.text = text, .length = length, .out = result,
	.names = names, .error = error};

	memset(result, 0, sizeof(*result));
	if (length > MAX_CONDITION_BYTES)
		return RefuseLimit(&p, psprintf("it has more than %d bytes", MAX_CONDITION_BYTES),
						   MAX_CONDITION_BYTES);
	Next(&p);
	if (!ParseCondition(&p))
		return false;
	if (p.kind != TOKEN_END)
		return Expected(&p, "\"and\", \"or\" or the end");
	return true;
}
