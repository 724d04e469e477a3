/*
 * check_query.c
 *		Whether a text is one SELECT.
 *
 * The views of sources are made from texts that a user wrote: a query, columns,
 * conditions. They are put together and executed behind CREATE VIEW, and a text
 * that ends the statement and begins another one would be executed as well. So
 * what is put together is parsed here first, without looking at any table: it
 * must be one statement, a SELECT that neither writes nor locks rows.
 *
 * A syntax error is reported with its position in that text.
 *
 * Memory: parse trees are in the caller's context.
 */
#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(custseg_check_query);

/* The position of a syntax error is one in our text, not in the statement that called us. */
static void
MoveErrorPosition(void *arg)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery((const char *) arg);
	}
}

static List *
Parse(char *text)
{
	ErrorContextCallback callback;
	List	   *statements;

	callback.callback = MoveErrorPosition;
	callback.arg = text;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	statements = pg_parse_query(text);
	error_context_stack = callback.previous;
	return statements;
}

/* Whether a part does more than read: makes a table, locks rows, or writes in a WITH clause. */
static bool
Writes(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			return true;
		case T_SelectStmt:
			if (((SelectStmt *) node)->intoClause != NULL ||
				((SelectStmt *) node)->lockingClause != NIL)
				return true;
			break;
		default:
			break;
	}
	return raw_expression_tree_walker(node, Writes, context);
}

/* _check_query(query, argument) */
Datum
custseg_check_query(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *argument = text_to_cstring(PG_GETARG_TEXT_PP(1));
	List	   *statements = Parse(query);
	Node	   *statement;

	if (list_length(statements) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" makes %d statements", argument, list_length(statements)),
				 errhint("It must be part of one SELECT, without a semicolon.")));
	statement = linitial_node(RawStmt, statements)->stmt;
	if (!IsA(statement, SelectStmt) || Writes(statement, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" makes a statement that does more than read", argument),
				 errhint("It must be part of one SELECT, which neither writes nor locks rows.")));
	PG_RETURN_VOID();
}
