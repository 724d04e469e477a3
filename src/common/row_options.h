/*
 * row_options.h
 *		Arguments that must be the same in all rows of a group or a partition.
 */
#ifndef CUSTSEG_ROW_OPTIONS_H
#define CUSTSEG_ROW_OPTIONS_H

#include "postgres.h"

#include "common/compat.h"

#include "windowapi.h"

/* An error (22023): an option is not what it was in the first row. */
pg_noreturn extern void OptionChanged(const char *what);

/* An argument of a window function at the current row; NULL is an error (22004). */
extern Datum WindowOption(WindowObject window, int arg, const char *name, const char *hint);

#endif							/* CUSTSEG_ROW_OPTIONS_H */
