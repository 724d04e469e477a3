/*
 * user_query.h
 *		Running the text of a user's query into a function of ours.
 */
#ifndef CUSTSEG_USER_QUERY_H
#define CUSTSEG_USER_QUERY_H

#include "postgres.h"

#include "common/compat.h"
#include "executor/spi.h"
#include "executor/tuptable.h"

/* What a column is for decides which types it may have. */
typedef enum ColumnKind
{
	COLUMN_KEY,					/* smallint, integer, bigint, uuid, text, varchar */
	COLUMN_DAY,					/* date, timestamp, timestamptz */
	COLUMN_AMOUNT,				/* integers, numeric, floats */
	COLUMN_MOMENT				/* date, timestamp, timestamptz, integers: to compare only */
} ColumnKind;

typedef struct ColumnSpec
{
	const char *name;			/* for messages: columns go by position */
	ColumnKind	kind;
	bool		optional;		/* only the last ones */
} ColumnSpec;

/* A key and 32 measures. */
#define MAX_QUERY_COLUMNS	33

typedef struct UserQuery
{
	const char *argument;		/* the function's argument that held the text */
	SPIPlanPtr	plan;
	int			n_columns;
	Oid			type[MAX_QUERY_COLUMNS];	/* domains are looked through */
} UserQuery;

typedef void (*RowReceiver) (TupleTableSlot *slot, void *arg);

/*
 * Connects to SPI, and parses and checks the query: exactly one statement
 * that only reads, with the given columns in that order. Reports errors in the
 * user's text with their position.
 */
extern void UserQueryOpen(UserQuery *user, const char *query,
					  const char *argument,
					  const ColumnSpec *columns, int n_columns);

/*
 * Runs it with the caller's rights and the caller's snapshot, in a read-only
 * transaction; receive gets each row as a slot whose attributes are fetched.
 * Values of a row are gone when receive returns.
 */
extern void UserQueryRun(UserQuery *user, RowReceiver receive, void *arg);

/* Disconnects from SPI. */
extern void UserQueryClose(UserQuery *user);

#endif							/* CUSTSEG_USER_QUERY_H */
