/*
 * concentration_sql.h
 *		Checks of arguments that the measures of concentration share.
 */
#ifndef CUSTSEG_CONCENTRATION_SQL_H
#define CUSTSEG_CONCENTRATION_SQL_H

#include "postgres.h"

#include "common/exact_sum.h"

/* An error unless x is finite and not negative; turns -0 into 0. */
extern double CheckedWeight(double x, const char *name);

/* The same of a numeric. */
extern double NumericWeight(Datum argument, const char *name);

/* Jain's index of rows with these sums of values and squares; false if the sum is 0. */
extern bool JainOfSums(int64 rows, const ExactSum *sum, const ExactSum *squares, double *result);

#endif							/* CUSTSEG_CONCENTRATION_SQL_H */
