/*
 * breaks_sql.h
 *		Checks of arguments that the SQL functions about breaks share.
 */
#ifndef CUSTSEG_BREAKS_SQL_H
#define CUSTSEG_BREAKS_SQL_H

#include "common/numeric_argument.h"

/* An error unless classes is in 1..MAX_BREAK_CLASSES. */
extern int	CheckedClasses(int classes);

/* classes is NULL. */
extern void ClassesMissing(void);

/* classes differs within one group or partition. */
extern void ClassesChanged(int before, int now);

/* An array of breaks, checked. */
typedef struct Breaks
{
	int			n;
	const double *x;
} Breaks;

/* For the cache of arguments: the Breaks of an array, which is copied. */
extern const void *MakeBreaks(Datum argument);

/* An error for NaN; turns -0 into 0. */
extern double CheckedMeasure(double x);

/* Breaks as float8[]. */
extern Datum BreaksArray(const double *breaks, int n);

/*
 * The measure in an argument that is not NULL.  Numerics have functions of
 * their own because the cast to float8 goes through text, which would take
 * longer than all the rest.
 */
typedef double (*MeasureReader) (Datum argument);

static inline double
Float8Measure(Datum argument)
{
	return CheckedMeasure(DatumGetFloat8(argument));
}

static inline double
NumericMeasure(Datum argument)
{
	return CheckedMeasure(NumericArgumentToFloat8(argument));
}

#endif							/* CUSTSEG_BREAKS_SQL_H */
