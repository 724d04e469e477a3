/*
 * assign_reading.h
 *		What the readers of the queries of assign and its kin have in common.
 */
#ifndef CUSTSEG_ASSIGN_READING_H
#define CUSTSEG_ASSIGN_READING_H

#include "postgres.h"

#include "common/compat.h"

#include "allocation/key_index.h"
#include "common/columns.h"
#include "common/user_query.h"
#include "utils/memutils.h"

/*
 * The load of a customer, the capacity of an agent, the number of agents.  All
 * loads, and all capacities, add up to less than 2^63.
 */
#define ASSIGN_MAX_LOAD			INT64CONST(1000000000)
#define ASSIGN_MAX_CAPACITY		INT64CONST(1000000000000)

#define ASSIGN_MAX_AGENTS		(1 << 20)

#define ASSIGN_ROWS_PER_RESET	256 /* of the memory that rows leave behind */

/* One query while its rows come in. */
typedef struct AssignReading
{
	UserQuery	query;
	MemoryContext context;		/* of what lasts */
	MemoryContext row_context;
	int			rows_since_reset;
	int64		no_key;			/* rows without the first column */
} AssignReading;

/* Opens the query with the given columns; the current context is that of what lasts. */
extern void AssignReadingOpen(AssignReading *r, const char *query, const char *argument,
							  const ColumnSpec *columns, int n_columns);

/* Runs and closes it; tells how many rows had no key, which is a customer or an agent. */
extern void AssignReadingRun(AssignReading *r, RowReceiver receive, void *arg,
							 const char *key_name);

static inline void
AssignRowDone(AssignReading *r)
{
	if (++r->rows_since_reset == ASSIGN_ROWS_PER_RESET)
	{
		MemoryContextReset(r->row_context);
		r->rows_since_reset = 0;
	}
}

/* The key as a text, for messages. */
extern char *AssignKeyText(const GroupKey *key, Oid type);
extern char *AssignNumberText(const KeyIndex *keys, int32 number, Oid type);

/* Checks that a key column can hold keys of another query. */
extern void AssignCheckKeyTypes(const UserQuery *query, int column, const char *name,
								Oid other_type, const char *other_argument);

/* A whole number from least to most; what ("capacity of agent") and whose are for messages. */
extern int64 AssignReadWhole(Oid type, Datum value, int64 least, int64 most,
							 const char *what, const GroupKey *owner, Oid owner_type);

/* The number in a column of numbers. */
extern DecimalStatus AssignReadDecimal(Oid type, Datum value, Decimal *d);

/* Any value as a text, for messages. */
extern char *AssignValueText(Oid type, Datum value);

#endif							/* CUSTSEG_ASSIGN_READING_H */
