/*
 * user_query.c
 *		Running the text of a user's query into a function of ours.
 *
 * The bulk functions take a query instead of a table, as pgRouting and
 * crosstab do. It goes through SPI, which gives clean errors, the caller's
 * rights, plan invalidation and parallel plans; its rows come into a
 * DestReceiver of ours as slots, so nothing is copied.
 *
 * SPI's read_only refuses statements that write, but not a volatile function
 * that does. The transaction is therefore marked read-only for the duration,
 * as BEGIN READ ONLY does. (Temporary tables may be written in a read-only
 * transaction; that holds here, too.)
 */
#include "common/user_query.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

static bool
TypeFits(Oid type, ColumnKind kind)
{
	switch (kind)
	{
		case COLUMN_KEY:
			return type == INT2OID || type == INT4OID || type == INT8OID ||
				type == UUIDOID || type == TEXTOID || type == VARCHAROID;
		case COLUMN_DAY:
			return type == DATEOID || type == TIMESTAMPOID ||
				type == TIMESTAMPTZOID;
		case COLUMN_AMOUNT:
			return type == NUMERICOID || type == INT2OID || type == INT4OID ||
				type == INT8OID || type == FLOAT4OID || type == FLOAT8OID;
		case COLUMN_MOMENT:
			return type == DATEOID || type == TIMESTAMPOID ||
				type == TIMESTAMPTZOID || type == INT2OID || type == INT4OID ||
				type == INT8OID;
	}
	return false;
}

static const char *
TypesOf(ColumnKind kind)
{
	switch (kind)
	{
		case COLUMN_KEY:
			return "smallint, integer, bigint, uuid, text or varchar";
		case COLUMN_DAY:
			return "date, timestamp or timestamptz";
		case COLUMN_AMOUNT:
			return "numeric, smallint, integer, bigint, real or double precision";
		case COLUMN_MOMENT:
			return "date, timestamp, timestamptz, smallint, integer or bigint";
	}
	return "";
}

static void
CheckColumns(UserQuery *user, TupleDesc found,
			 const ColumnSpec *columns, int n_columns)
{
	StringInfoData expected;
	int			required = 0;

	initStringInfo(&expected);
	for (int i = 0; i < n_columns; i++)
	{
		if (!columns[i].optional)
			required++;
		if (i > 0 && strcmp(columns[i].name, columns[i - 1].name) == 0)
		{
			/* more of the same */
			if (i == n_columns - 1)
				appendStringInfoString(&expected, " ...");
			continue;
		}
		appendStringInfo(&expected, "%s%s%s%s", i ? ", " : "",
						 columns[i].optional ? "[" : "", columns[i].name,
						 columns[i].optional ? "]" : "");
	}
	if (found->natts < required || found->natts > n_columns)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query in argument \"%s\" returns %d columns",
						user->argument, found->natts),
				 errdetail("Its columns must be, in this order: %s.", expected.data)));

	user->n_columns = found->natts;
	for (int i = 0; i < found->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(found, i);

		user->type[i] = getBaseType(att->atttypid);
		if (!TypeFits(user->type[i], columns[i].kind))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %d (\"%s\") of the query in argument \"%s\" has type %s",
							i + 1, NameStr(att->attname), user->argument,
							format_type_be(att->atttypid)),
					 errdetail("It is read as the %s, which must be of type %s.",
							   columns[i].name, TypesOf(columns[i].kind)),
					 att->atttypid == TEXTOID && columns[i].kind == COLUMN_AMOUNT ?
					 errhint("Cast the column in the query; columns go by position, not by name. A column without values is NULL::numeric.") :
					 errhint("Cast the column in the query; columns go by position, not by name.")));
	}
}

/* Whether there is a FOR UPDATE or the like, in a subquery or a view, too. */
static bool
LocksRows(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return ((Query *) node)->rowMarks != NIL ||
			query_tree_walker((Query *) node, LocksRows, context, 0);
	return expression_tree_walker(node, LocksRows, context);
}

/* The one statement's result columns. */
static TupleDesc
CheckStatement(UserQuery *user)
{
	List	   *statements = SPI_plan_get_plan_sources(user->plan);
	CachedPlanSource *statement;
	Query	   *query;

	if (list_length(statements) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 statements == NIL ?
				 errmsg("argument \"%s\" holds no query", user->argument) :
				 errmsg("argument \"%s\" holds %d statements", user->argument,
						list_length(statements)),
				 errhint("Pass the text of one SELECT.")));

	statement = (CachedPlanSource *) linitial(statements);
	query = list_length(statement->query_list) == 1 ?
		linitial_node(Query, statement->query_list) : NULL;
	if (query == NULL || query->commandType != CMD_SELECT ||
		statement->resultDesc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" holds a statement that is not a SELECT",
						user->argument),
				 errhint("Pass the text of one SELECT.")));
	if (query->hasModifyingCTE || LocksRows((Node *) query, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("the query in argument \"%s\" must only read",
						user->argument),
				 errdetail("It holds a data-modifying WITH clause or locks rows.")));
	return statement->resultDesc;
}

void
UserQueryOpen(UserQuery *user, const char *query, const char *argument,
		  const ColumnSpec *columns, int n_columns)
{
	SPIPrepareOptions options;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");

	memset(&options, 0, sizeof(options));
	options.cursorOptions = CURSOR_OPT_PARALLEL_OK;
	user->argument = argument;
	user->plan = SPI_prepare_extended(query, &options);
	if (user->plan == NULL)
		elog(ERROR, "SPI_prepare_extended failed: %s",
			 SPI_result_code_string(SPI_result));
	CheckColumns(user, CheckStatement(user), columns, n_columns);
}

typedef struct Receiver
{
	DestReceiver pub;
	const UserQuery *user;
	RowReceiver receive;
	void	   *arg;
} Receiver;

static bool
ReceiveSlot(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *r = (Receiver *) self;

	slot_getallattrs(slot);
	r->receive(slot, r->arg);
	return true;
}

/*
 * The plan is made anew when something in it was redefined since it was
 * prepared. Rows are read by the types that were checked then.
 */
static void
CheckStartup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
	const UserQuery *user = ((Receiver *) self)->user;
	bool		same = typeinfo->natts == user->n_columns;

	for (int i = 0; same && i < typeinfo->natts; i++)
		same = getBaseType(TupleDescAttr(typeinfo, i)->atttypid) == user->type[i];
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the columns of the query in argument \"%s\" have changed while it was prepared",
						user->argument),
				 errhint("Repeat the call.")));
}

static void
IgnoreShutdown(DestReceiver *self)
{
}

void
UserQueryRun(UserQuery *user, RowReceiver receive, void *arg)
{
	Receiver	receiver;
	SPIExecuteOptions options;
	bool		was_read_only = XactReadOnly;
	int			result;

	memset(&receiver, 0, sizeof(receiver));
	receiver.pub.receiveSlot = ReceiveSlot;
	receiver.pub.rStartup = CheckStartup;
	receiver.pub.rShutdown = IgnoreShutdown;
	receiver.pub.rDestroy = IgnoreShutdown;
	receiver.pub.mydest = DestNone;
	receiver.user = user;
	receiver.receive = receive;
	receiver.arg = arg;

	memset(&options, 0, sizeof(options));
	options.read_only = true;
	options.must_return_tuples = true;
	options.dest = &receiver.pub;

	PG_TRY();
	{
		XactReadOnly = true;
		result = SPI_execute_plan_extended(user->plan, &options);
	}
	PG_FINALLY();
	{
		XactReadOnly = was_read_only;
	}
	PG_END_TRY();
	if (result < 0)
		elog(ERROR, "SPI_execute_plan_extended failed: %s",
			 SPI_result_code_string(result));
}

void
UserQueryClose(UserQuery *user)
{
	SPI_freeplan(user->plan);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}
