/*
 * checks.h
 *		Checks of arguments that several functions share.
 */
#ifndef CUSTSEG_CHECKS_H
#define CUSTSEG_CHECKS_H

#include "postgres.h"

#include "common/decimal.h"
#include "fmgr.h"
#include "utils/date.h"

/* Refuses -infinity and infinity; what is e.g. "day" or "as_of". */
static inline void
CheckFiniteDate(DateADT date, const char *what)
{
	if (DATE_NOT_FINITE(date))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite date, not %s", what,
						DATE_IS_NOBEGIN(date) ? "-infinity" : "infinity")));
}

/* Refuses NaN and infinity; what is e.g. "amount". */
static inline void
CheckFiniteAmount(DecimalStatus status, const char *what)
{
	if (unlikely(status != DECIMAL_OK))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number, not %s", what,
						status == DECIMAL_NAN ? "NaN" : "infinity"),
				 errhint("Leave such rows out, or pass NULL to have them skipped.")));
}

#endif							/* CUSTSEG_CHECKS_H */
