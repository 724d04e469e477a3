/*
 * breaks_sql.h
 *		Checks of arguments that the SQL functions about breaks share.
 */
#ifndef CUSTSEG_BREAKS_SQL_H
#define CUSTSEG_BREAKS_SQL_H

/* An error unless classes is in 1..MAX_BREAK_CLASSES. */
extern int	CheckedClasses(int classes);

/* classes is NULL. */
extern void ClassesMissing(void);

/* classes differs within one group or partition. */
extern void ClassesChanged(int before, int now);

/* An error for NaN; turns -0 into 0. */
extern double CheckedMeasure(double x);

#endif							/* CUSTSEG_BREAKS_SQL_H */
