/*
 * next_tier_support.c
 *		Planner support of next_tier: an array of columns becomes columns.
 *
 * next_tier(policy, ..., ARRAY[spend, frequency], NULL, ...) has the executor
 * cast the columns to a common type and make an array of them for each row,
 * only for next_tier to take it apart again: a sixth of the time. So the
 * planner calls next_tier_columns instead, with the columns as they are. A cast
 * that is left out is one between types of numbers that next_tier reads all
 * alike, as float8.
 */
#include "postgres.h"

#include "common/compat.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "tiering/next_tier_measures.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(custseg_next_tier_support);

/* The column under an implicit cast from one type of numbers to another. */
static Node *
WithoutCast(Node *element)
{
	FuncExpr   *cast = (FuncExpr *) element;

	/* real is the one that has fewer digits than what is cast to it */
	if (IsA(element, FuncExpr) && cast->funcformat == COERCE_IMPLICIT_CAST &&
		list_length(cast->args) == 1 && cast->funcresulttype != FLOAT4OID &&
		IsMeasureType(exprType(linitial(cast->args))))
		return linitial(cast->args);
	return element;
}

/* next_tier_columns, in the schema of the function that is replaced. */
static Oid
FindColumnsForm(Oid array_form)
{
	Oid			found = InvalidOid;
	Oid			schema = get_func_namespace(array_form);
	CatCList   *functions = SearchSysCacheList1(PROCNAMEARGSNSP,
												CStringGetDatum("next_tier_columns"));

	for (int i = 0; i < functions->n_members; i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&functions->members[i]->tuple);

		if (form->pronamespace == schema && form->provariadic == ANYOID &&
			form->pronargs == FIRST_COLUMN + 1)
			found = form->oid;
	}
	ReleaseSysCacheList(functions);
	return found;
}

/* next_tier(policy, current, since, ARRAY[...], NULL, overrides, as_of, grace_since) */
static Node *
ColumnsForm(FuncExpr *call)
{
	ArrayExpr  *array = (ArrayExpr *) list_nth(call->args, 3);
	Const	   *names = (Const *) list_nth(call->args, 4);
	List	   *args;
	ListCell   *cell;
	FuncExpr   *result;
	Oid			columns_form;

	if (!IsA(array, ArrayExpr) || array->multidims ||
		!IsA(names, Const) || !names->constisnull ||
		list_length(array->elements) + FIRST_COLUMN > FUNC_MAX_ARGS)
		return NULL;
	args = list_make3(linitial(call->args), lsecond(call->args), lthird(call->args));
	for (int i = 5; i <= 7; i++)
		args = lappend(args, list_nth(call->args, i));
	foreach(cell, array->elements)
	{
		Node	   *column = WithoutCast(lfirst(cell));

		if (!IsMeasureType(exprType(column)))
			return NULL;
		args = lappend(args, column);
	}
	columns_form = FindColumnsForm(call->funcid);
	if (!OidIsValid(columns_form))
		return NULL;
	result = makeFuncExpr(columns_form, call->funcresulttype, args, call->funccollid,
						  call->inputcollid, COERCE_EXPLICIT_CALL);
	result->location = call->location;
	return (Node *) result;
}

Datum
custseg_next_tier_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify) &&
		list_length(((SupportRequestSimplify *) request)->fcall->args) == 8)
		PG_RETURN_POINTER(ColumnsForm(((SupportRequestSimplify *) request)->fcall));
	PG_RETURN_POINTER(NULL);
}
