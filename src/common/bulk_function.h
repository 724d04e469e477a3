/*
 * bulk_function.h
 *		Arguments and results of the functions that take the text of a query.
 */
#ifndef CUSTSEG_BULK_FUNCTION_H
#define CUSTSEG_BULK_FUNCTION_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/date.h"
#include "utils/tuplestore.h"

/* Bulk functions are not STRICT: NULL for an argument that is null. */
extern char *TextArgument(FunctionCallInfo fcinfo, int n);

/* Null is an error (22004) that names the argument. */
extern char *RequiredText(FunctionCallInfo fcinfo, int n, const char *name);
extern char *RequiredQuery(FunctionCallInfo fcinfo, int n, const char *name);
extern DateADT RequiredAsOf(FunctionCallInfo fcinfo, int n);
extern DateADT RequiredDay(FunctionCallInfo fcinfo, int n, const char *name, const char *hint);
extern double RequiredNumber(FunctionCallInfo fcinfo, int n, const char *name);

/* A tuplestore of the function's result type, set up in fcinfo->resultinfo. */
extern Tuplestorestate *BeginResult(FunctionCallInfo fcinfo, TupleDesc *desc);

#endif							/* CUSTSEG_BULK_FUNCTION_H */
