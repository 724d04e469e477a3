/*
 * registry.c
 *		The registry of portfolios: which schema a portfolio's name stands for.
 *
 * A portfolio is a schema of its owner, and the table custseg.portfolio has a
 * row for each. Whoever may create a schema may create a portfolio, and has no
 * rights on that table, which all users of the database share. So the functions
 * here check what the caller may do (he must have the privileges of the schema's
 * owner) and then write their one row as the owner of the table, as PostgreSQL
 * itself writes its catalog. What runs with these rights is a fixed statement
 * whose names and operators are all qualified; values come as parameters.
 * Nobody but its owner can put triggers or rules on the table. When something
 * fails, the abort of the transaction or subtransaction restores the user.
 *
 * Names are looked up in the table as in a catalog: with a snapshot of this
 * moment, and without regard to rights. The rows are no secret, and a lookup
 * must not fail where somebody took rights on the table away. The row is trusted
 * for nothing but the name of a schema; the rights are those on that schema.
 *
 * The table stands in schema custseg, which the extension cannot leave, so it is
 * found without search_path.
 *
 * Memory: everything is palloc'd in the caller's context.
 */
#include "postgres.h"

#include "common/compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "portfolio/registry.h"

/* Columns of custseg.portfolio. New ones come behind them. */
#define COLUMN_NAME			1
#define COLUMN_SCHEMA_NAME	2
#define COLUMN_LAYOUT		3

#define MAX_NAME_LENGTH		200

PG_FUNCTION_INFO_V1(custseg_portfolio_schema);
PG_FUNCTION_INFO_V1(custseg_register_portfolio);
PG_FUNCTION_INFO_V1(custseg_unregister_portfolio);
PG_FUNCTION_INFO_V1(custseg_set_portfolio_layout);

/* --- Reading -------------------------------------------------------------- */

static Oid
RegistryOid(void)
{
	Oid			registry = get_relname_relid("portfolio",
											 get_namespace_oid("custseg", false));

	if (!OidIsValid(registry))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table custseg.portfolio does not exist"),
				 errhint("ALTER EXTENSION custseg UPDATE brings the extension's objects to the version of its library.")));
	return registry;
}

/*
 * The value that a row has in column wanted, as text, where it has value in
 * column key, which is text and unique; NULL when there is no such row.
 */
static char *
LookUp(AttrNumber key, const char *value, AttrNumber wanted)
{
	Relation	registry = table_open(RegistryOid(), AccessShareLock);
	SysScanDesc scan;
	ScanKeyData condition;
	HeapTuple	tuple;
	char	   *found = NULL;

	/* There are few rows, so no index is needed. */
	ScanKeyEntryInitialize(&condition, 0, key, InvalidStrategy, InvalidOid,
						   DEFAULT_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(value));
	scan = systable_beginscan(registry, InvalidOid, false, NULL, 1, &condition);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		is_null;
		Datum		datum = heap_getattr(tuple, wanted, RelationGetDescr(registry), &is_null);

		found = wanted == COLUMN_LAYOUT ? psprintf("%d", DatumGetInt32(datum)) : TextDatumGetCString(datum);
	}
	systable_endscan(scan);
	table_close(registry, AccessShareLock);
	return found;
}

static char *
RegisteredSchemaName(const char *name)
{
	char	   *schema_name = LookUp(COLUMN_NAME, name, COLUMN_SCHEMA_NAME);

	if (schema_name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("portfolio \"%s\" does not exist", name),
				 errhint("SELECT * FROM custseg.portfolios lists them.")));
	return schema_name;
}

Oid
PortfolioSchemaIfThere(const char *name)
{
	return get_namespace_oid(RegisteredSchemaName(name), true);
}

Oid
PortfolioSchema(const char *name)
{
	char	   *schema_name = RegisteredSchemaName(name);
	Oid			schema = get_namespace_oid(schema_name, true);

	if (!OidIsValid(schema))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" of portfolio \"%s\" does not exist", schema_name, name),
				 errhint("custseg.attach_portfolio(schema) registers a schema that was renamed or restored.")));
	return schema;
}

Oid
PortfolioSchemaOwner(Oid schema)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema with OID %u does not exist", schema),
				 errhint("It was dropped during the call.")));
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

void
PortfolioCheckOwner(const char *name, Oid owner)
{
	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for portfolio \"%s\"", name),
				 errdetail("Role \"%s\" does not have the privileges of role \"%s\", which owns the portfolio's schema.",
						   GetUserNameFromId(GetUserId(), false), GetUserNameFromId(owner, false)),
				 errhint("A member of role \"%s\" may do this, or a superuser.",
						 GetUserNameFromId(owner, false))));
}

/*
 * Older layouts are no concern of the library: the SQL functions of its version
 * may not be installed yet. They know which ones they can work on.
 */
void
PortfolioCheckLayout(const char *name)
{
	char	   *found = LookUp(COLUMN_NAME, name, COLUMN_LAYOUT);
	int			layout = found == NULL ? 0 : atoi(found);

	if (layout > PORTFOLIO_NEWEST_LAYOUT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("portfolio \"%s\" has layout %d, which is newer than this version of custseg", name, layout),
				 errdetail("The newest layout that it knows is %d.", PORTFOLIO_NEWEST_LAYOUT),
				 errhint("Install the version of custseg that the portfolio was made with, or a newer one, and run ALTER EXTENSION custseg UPDATE.")));
}

/* --- Writing -------------------------------------------------------------- */

/* Runs one statement as the owner of the registry; returns how many rows it wrote. */
static uint64
WriteRegistry(const char *statement, int n_values, Oid *types, Datum *values)
{
	Relation	registry = table_open(RegistryOid(), RowExclusiveLock);
	Oid			user;
	int			context;
	int			result;
	uint64		written;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(registry->rd_rel->relowner, context | SECURITY_LOCAL_USERID_CHANGE);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	result = SPI_execute_with_args(statement, n_values, types, values, NULL, false, 0);
	if (result < 0)
		elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(result));
	written = SPI_processed;
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	SetUserIdAndSecContext(user, context);
	table_close(registry, NoLock);
	return written;
}

static void
DeleteRow(const char *name)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name)};

	WriteRegistry("DELETE FROM custseg.portfolio WHERE name OPERATOR(pg_catalog.=) $1",
				  1, types, values);
}

/* Whether the row is new: false when the name or the schema is taken. */
static bool
InsertRow(const char *name, const char *schema_name, int32 layout)
{
	Oid			types[] = {TEXTOID, TEXTOID, INT4OID};
	Datum		values[] = {CStringGetTextDatum(name), CStringGetTextDatum(schema_name),
							Int32GetDatum(layout)};

	return WriteRegistry("INSERT INTO custseg.portfolio (name, schema_name, layout) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
						 3, types, values) == 1;
}

/* --- The functions of SQL ------------------------------------------------- */

static void
CheckNotNull(FunctionCallInfo fcinfo, int arg, const char *argument)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be NULL", argument),
				 errhint("Pass a value.")));
}

static char *
NameArgument(FunctionCallInfo fcinfo, int arg, const char *argument)
{
	CheckNotNull(fcinfo, arg, argument);
	return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

static int32
LayoutArgument(FunctionCallInfo fcinfo, int arg)
{
	int32		layout;

	CheckNotNull(fcinfo, arg, "layout");
	layout = PG_GETARG_INT32(arg);
	if (layout < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"layout\" must be at least 1, not %d", layout),
				 errhint("Layouts are numbered from 1.")));
	return layout;
}

/* _portfolio_schema(portfolio text) */
Datum
custseg_portfolio_schema(PG_FUNCTION_ARGS)
{
	Oid			schema = PortfolioSchema(NameArgument(fcinfo, 0, "portfolio"));
	char	   *schema_name = get_namespace_name(schema);

	if (schema_name == NULL)
		PG_RETURN_NULL();		/* dropped since */
	PG_RETURN_DATUM(DirectFunctionCall1(namein, CStringGetDatum(schema_name)));
}

static void
CheckNewName(const char *name)
{
	int			length = pg_mbstrlen(name);

	if (length == 0 || length > MAX_NAME_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"name\" must have 1 to %d characters, not %d", MAX_NAME_LENGTH, length),
				 errhint("Choose another name for the portfolio.")));
}

static void
ReportTaken(const char *name, const char *schema_name)
{
	char	   *other_schema = LookUp(COLUMN_NAME, name, COLUMN_SCHEMA_NAME);
	char	   *other_name = LookUp(COLUMN_SCHEMA_NAME, schema_name, COLUMN_NAME);

	if (other_schema != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("portfolio \"%s\" already exists", name),
				 errdetail("Its schema is \"%s\".", other_schema),
				 errhint("Choose another name, or drop the portfolio with custseg.drop_portfolio.")));
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("schema \"%s\" already belongs to a portfolio", schema_name),
			 other_name != NULL ? errdetail("It is portfolio \"%s\".", other_name) : 0,
			 errhint("A schema holds one portfolio. SELECT * FROM custseg.portfolios lists them.")));
}

/* _register_portfolio(name text, schema_name name, layout int) */
Datum
custseg_register_portfolio(PG_FUNCTION_ARGS)
{
	char	   *name = NameArgument(fcinfo, 0, "name");
	int32		layout = LayoutArgument(fcinfo, 2);
	char	   *schema_name;
	char	   *registered;
	Oid			schema;

	CheckNotNull(fcinfo, 1, "schema_name");
	schema_name = pstrdup(NameStr(*PG_GETARG_NAME(1)));
	CheckNewName(name);
	schema = get_namespace_oid(schema_name, true);
	if (!OidIsValid(schema))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", schema_name),
				 errhint("Argument \"schema_name\" must be the name of the portfolio's schema.")));
	PortfolioCheckOwner(name, PortfolioSchemaOwner(schema));

	/* The name is free again when its schema is gone. */
	registered = LookUp(COLUMN_NAME, name, COLUMN_SCHEMA_NAME);
	if (registered != NULL && !OidIsValid(get_namespace_oid(registered, true)))
		DeleteRow(name);
	/* Waits for another transaction that is about to take the name, and for no other. */
	if (!InsertRow(name, schema_name, layout))
		ReportTaken(name, schema_name);
	PG_RETURN_VOID();
}

/* _unregister_portfolio(name text) */
Datum
custseg_unregister_portfolio(PG_FUNCTION_ARGS)
{
	char	   *name = NameArgument(fcinfo, 0, "name");
	Oid			schema = get_namespace_oid(RegisteredSchemaName(name), true);

	/* The row of a schema that is gone is of no use to anybody. */
	if (OidIsValid(schema))
		PortfolioCheckOwner(name, PortfolioSchemaOwner(schema));
	DeleteRow(name);
	PG_RETURN_VOID();
}

/* _set_portfolio_layout(name text, layout int) */
Datum
custseg_set_portfolio_layout(PG_FUNCTION_ARGS)
{
	char	   *name = NameArgument(fcinfo, 0, "name");
	int32		layout = LayoutArgument(fcinfo, 1);
	Oid			types[] = {TEXTOID, INT4OID};
	Datum		values[] = {CStringGetTextDatum(name), Int32GetDatum(layout)};

	PortfolioCheckOwner(name, PortfolioSchemaOwner(PortfolioSchema(name)));
	WriteRegistry("UPDATE custseg.portfolio SET layout = $2 WHERE name OPERATOR(pg_catalog.=) $1",
				  2, types, values);
	PG_RETURN_VOID();
}
