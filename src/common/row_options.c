/*
 * row_options.c
 *		Arguments that must be the same in all rows of a group or a partition.
 *
 * SQL has no other way to give an option to an aggregate or a window function
 * than with each row.
 */
#include "postgres.h"

#include "common/row_options.h"

void
OptionChanged(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must not change from row to row", what),
			 errhint("Pass a constant, or a value that is the same for all rows.")));
	pg_unreachable();
}

Datum
WindowOption(WindowObject window, int arg, const char *name, const char *hint)
{
	bool		is_null;
	Datum		datum = WinGetFuncArgCurrent(window, arg, &is_null);

	if (is_null)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name),
				 errhint("%s", hint)));
	return datum;
}
