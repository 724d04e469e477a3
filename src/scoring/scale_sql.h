/*
 * scale_sql.h
 *		Checks of arguments that the SQL functions about scales share.
 */
#ifndef CUSTSEG_SCALE_SQL_H
#define CUSTSEG_SCALE_SQL_H

#include "postgres.h"

/* An error for NaN and infinities; turns -0 into 0. */
extern double CheckedFinite(double x);

#endif							/* CUSTSEG_SCALE_SQL_H */
