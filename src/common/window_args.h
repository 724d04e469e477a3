/*
 * window_args.h
 *		Reading the arguments of a whole partition.
 */
#ifndef CUSTSEG_WINDOW_ARGS_H
#define CUSTSEG_WINDOW_ARGS_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "utils/memutils.h"
#include "windowapi.h"

/* The number of rows, which must fit an int as the position in a partition does. */
static inline int64
PartitionRows(WindowObject window, const char *function)
{
	int64		rows = WinGetPartitionRowCount(window);

	if (rows > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in a partition for %s: " INT64_FORMAT, function, rows),
				 errhint("Divide the rows with PARTITION BY.")));
	return rows;
}

/* An argument at a row, counted from 0. Evaluated in the current memory context. */
static inline Datum
PartitionArgument(WindowObject window, int arg, int64 row, bool *is_null)
{
	bool		is_out;

	return WinGetFuncArgInPartition(window, arg, (int) row, WINDOW_SEEK_HEAD, false,
									is_null, &is_out);
}

/*
 * Drops, once in a while, what evaluating arguments has left in a context. An
 * array of millions of rows would fill the memory otherwise.
 */
static inline void
ForgetArguments(MemoryContext scratch, int64 row)
{
	if ((row & 1023) == 1023)
		MemoryContextReset(scratch);
}

/* Whether an argument has the bytes of one that was kept in full. */
static inline bool
SameVarlena(const struct varlena *kept, Datum argument)
{
	struct varlena *now = PG_DETOAST_DATUM(argument);
	bool		same = VARSIZE(now) == VARSIZE(kept) &&
		memcmp(now, kept, VARSIZE(kept)) == 0;

	if ((Pointer) now != DatumGetPointer(argument))
		pfree(now);
	return same;
}

#endif							/* CUSTSEG_WINDOW_ARGS_H */
