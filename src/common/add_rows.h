/*
 * add_rows.h
 *		Numbers of rows, added with a check.
 */
#ifndef CUSTSEG_ADD_ROWS_H
#define CUSTSEG_ADD_ROWS_H

#include "common/core.h"
#include "common/int.h"

/* of: the type or aggregate, for the message. */
static inline int64
AddRows(int64 a, int64 b, const char *of)
{
	int64		result;

	if (unlikely(pg_add_s64_overflow(a, b, &result)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of rows in %s is out of range", of)));
	return result;
}

#endif							/* CUSTSEG_ADD_ROWS_H */
