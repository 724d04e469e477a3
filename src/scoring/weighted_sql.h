/*
 * weighted_sql.h
 *		Arguments that the SQL functions with weighted scores share.
 */
#ifndef CUSTSEG_WEIGHTED_SQL_H
#define CUSTSEG_WEIGHTED_SQL_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "scoring/weighted.h"

/* For the cache of arguments: the Weights of an array, checked, a copy. */
extern const void *MakeWeights(Datum argument);

/* The rule that an argument, which is not NULL, names. */
extern MissingRule MissingArgument(FunctionCallInfo fcinfo, int arg);

#endif							/* CUSTSEG_WEIGHTED_SQL_H */
