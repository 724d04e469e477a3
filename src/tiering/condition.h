/*
 * condition.h
 *		Conditions on measures, such as "spend >= 20000 and frequency >= 6".
 */
#ifndef CUSTSEG_CONDITION_H
#define CUSTSEG_CONDITION_H

#include "common/core.h"

#include "lib/stringinfo.h"

#define MAX_CONDITION_BYTES		10000
#define MAX_CONDITION_DEPTH		100
#define MAX_MEASURE_NAME		63	/* bytes */

#define MEASURE_PADDING			32

/* Measures by number, in the order of their first appearance. */
typedef struct MeasureName
{
	char	   *name;
	char	   *shown;			/* as conditions are written: quoted where needed;
								 * MEASURE_PADDING bytes at least can be read */
	int			shown_length;
} MeasureName;

typedef struct MeasureNames
{
	int			n;
	int			capacity;
	MeasureName *measure;
} MeasureNames;

typedef enum ConditionKind
{
	CONDITION_COMPARE,
	CONDITION_AND,
	CONDITION_OR,
	CONDITION_SOME,				/* any N of (...) */
	CONDITION_ANY,				/* any of (...) */
	CONDITION_ALL				/* all of (...) */
} ConditionKind;

typedef enum CompareOp
{
	OP_GE, OP_GT, OP_LE, OP_LT, OP_EQ, OP_NE,
	OP_BETWEEN
} CompareOp;

extern const char *const compare_op_names[];	/* ">=" and so on */

/* A decimal literal. */
typedef struct Threshold
{
	double		value;
	const char *text;			/* canonical, as numeric prints it */
	int64		cents;			/* 100 times the text, where is_cents */
	bool		is_cents;
} Threshold;

/*
 * A condition is an array of nodes in prefix order: the first member of a node
 * is the next node, the next member stands behind the nodes of the one before.
 */
typedef struct ConditionNode
{
	ConditionKind kind;
	CompareOp	op;
	int			size;			/* number of nodes, this one and all below it */
	int			members;		/* number of direct members */
	int			need;			/* of which so many must hold */
	int			measure;
	Threshold	low;			/* the number compared with */
	Threshold	high;			/* of BETWEEN */
} ConditionNode;

typedef struct Condition
{
	int			n_nodes;
	int			capacity;
	ConditionNode *node;
} Condition;

typedef struct ConditionError
{
	char	   *message;		/* "expected a number after ">="" */
	int			at;				/* the byte, counted from 0 */
	bool		limit;			/* a limit of ours, not a mistake */
} ConditionError;

static inline bool
ConditionStartsName(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		IS_HIGHBIT_SET(c);
}

static inline bool
ConditionIsDigit(char c)
{
	return c >= '0' && c <= '9';
}

extern bool ConditionIsKeyword(const char *word, int length);

/* The number of a measure; Find: -1 if it is not in the list. */
extern int	MeasureNamesAdd(MeasureNames *names, const char *name);
extern int	MeasureNamesFind(const MeasureNames *names, const char *name, int length);

/*
 * Reads a decimal literal: digits with an optional sign, point and exponent.
 * False: it is out of the range of float8.
 */
extern bool ThresholdRead(const char *literal, int length, Threshold *result);

/*
 * Reads a text; names of measures are added to the list. False, and error
 * filled, when it is not a condition. Everything is palloc'd.
 */
extern bool ConditionParse(const char *text, int length, MeasureNames *names,
						   Condition *result, ConditionError *error);

/* The canonical text, which reads back as the same condition. */
extern void ConditionPrint(StringInfo out, const ConditionNode *node,
						   const MeasureNames *names);

/* An unknown value is NaN: with it a comparison does not hold. */
static inline bool
ComparisonHolds(const ConditionNode *node, double value)
{
	switch (node->op)
	{
		case OP_GE:
			return value >= node->low.value;
		case OP_GT:
			return value > node->low.value;
		case OP_LE:
			return value <= node->low.value;
		case OP_LT:
			return value < node->low.value;
		case OP_EQ:
			return value == node->low.value;
		case OP_NE:
			return value < node->low.value || value > node->low.value;
		case OP_BETWEEN:
			return value >= node->low.value && value <= node->high.value;
	}
	return false;
}

/* values has one element per measure of the list. */
extern bool ConditionHolds(const ConditionNode *node, const double *values);

/* The same; most members of a condition are comparisons, which need no call. */
static inline bool
MemberHolds(const ConditionNode *node, const double *values)
{
	return node->kind == CONDITION_COMPARE ?
		ComparisonHolds(node, values[node->measure]) : ConditionHolds(node, values);
}

#endif							/* CUSTSEG_CONDITION_H */
