/*
 * bulk_function.c
 *		Arguments and results of the functions that take the text of a query.
 */
#include "common/bulk_function.h"

#include "common/checks.h"
#include "miscadmin.h"
#include "utils/builtins.h"

char *
TextArgument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static char *
RequiredArgument(FunctionCallInfo fcinfo, int n, const char *name, bool is_query)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be NULL", name),
				 is_query ?
				 errhint("Pass the text of a SELECT. Text is the default type of customers: a key of type text is left out.") : 0));
	return TextArgument(fcinfo, n);
}

char *
RequiredText(FunctionCallInfo fcinfo, int n, const char *name)
{
	return RequiredArgument(fcinfo, n, name, false);
}

char *
RequiredQuery(FunctionCallInfo fcinfo, int n, const char *name)
{
	return RequiredArgument(fcinfo, n, name, true);
}

DateADT
RequiredDay(FunctionCallInfo fcinfo, int n, const char *name, const char *hint)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be NULL", name),
				 errhint("%s", hint)));
	CheckFiniteDate(PG_GETARG_DATEADT(n), name);
	return PG_GETARG_DATEADT(n);
}

DateADT
RequiredAsOf(FunctionCallInfo fcinfo, int n)
{
	return RequiredDay(fcinfo, n, "as_of", "as_of is the last day that counts.");
}

double
RequiredNumber(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be NULL", name)));
	return PG_GETARG_FLOAT8(n);
}

/*
 * What does not fit in memory beside the hash table goes to a temporary file;
 * reading it back is sequential and cheap.
 */
#define RESULT_MEMORY_KB	(16 * 1024)

Tuplestorestate *
BeginResult(FunctionCallInfo fcinfo, TupleDesc *desc)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;
	TupleDesc	result_desc;
	bool		random_access;

	if (info == NULL || !IsA(info, ReturnSetInfo) ||
		!(info->allowedModes & SFRM_Materialize))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	if (get_call_result_type(fcinfo, NULL, &result_desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	random_access = (info->allowedModes & SFRM_Materialize_Random) != 0;
	old = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	*desc = CreateTupleDescCopy(result_desc);
	info->setResult = tuplestore_begin_heap(random_access, false,
											Min(work_mem, RESULT_MEMORY_KB));
	info->setDesc = *desc;
	info->returnMode = SFRM_Materialize;
	MemoryContextSwitchTo(old);
	return info->setResult;
}
