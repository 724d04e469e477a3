/*
 * concentration_sql.h
 *		Checks of arguments that the measures of concentration share.
 */
#ifndef CUSTSEG_CONCENTRATION_SQL_H
#define CUSTSEG_CONCENTRATION_SQL_H

#include "postgres.h"

/* An error unless x is finite and not negative; turns -0 into 0. */
extern double CheckedWeight(double x, const char *name);

/* The same of a numeric. */
extern double NumericWeight(Datum argument, const char *name);

#endif							/* CUSTSEG_CONCENTRATION_SQL_H */
