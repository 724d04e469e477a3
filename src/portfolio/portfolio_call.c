/*
 * portfolio_call.c
 *		How the public functions of the portfolio layer are called.
 *
 * custseg.set_component, custseg.refresh and the others are declared LANGUAGE C
 * with one of the symbols below. Each finds the function that does the work: in
 * the same schema, of the same argument types, its name with an underscore in
 * front (custseg._set_component, PL/pgSQL). It checks what the caller may do and
 * calls that function in a fixed environment:
 *
 * - as the owner of the portfolio's schema, in a security-restricted operation,
 *   as REFRESH MATERIALIZED VIEW does. A source view may call functions that
 *   somebody wrote; whoever refreshes, they get no rights but the owner's, and
 *   they cannot leave anything behind in the session;
 * - with row_security = off: where a policy would hide rows, reading fails
 *   instead of making customers vanish;
 * - with search_path = pg_catalog, pg_temp. Names that the user wrote are meant
 *   in his own path, so that is kept in custseg.caller_search_path: the schemas
 *   that he searches, with "$user" and missing ones resolved, since the user is
 *   another one inside. A call within a call keeps the outermost;
 * - with jit = off. Their statements are many, each over tables whose size the
 *   planner can but guess, and work in C functions: compiling takes longer than
 *   it saves, a second and more where nothing else does;
 * - with text forms of values that lose nothing, whatever the session prefers:
 *   a float with fewer digits would move breaks.
 *
 * This is not SECURITY DEFINER: whose rights are used depends on an argument,
 * and the caller has them already, or, as a reader, may read what they give.
 *
 * What is changed around the call is put back after it. When the call fails, the
 * abort of the transaction or subtransaction in which the caller catches the
 * error puts back the user, the settings and the read-only mark; only what
 * PostgreSQL does not know about is put back here.
 *
 * What an internal function raises is said to the user: which internals called
 * each other until then is left out of the context of such an error. The context
 * of all other errors, of a user's view for example, stays.
 *
 * The internal function must have the owner of the public one: the owner of
 * the schema custseg could otherwise put a function of his own in its place,
 * should it be missing. It is looked up at each call, which costs nothing beside
 * what it does, so nothing is kept that could get stale.
 *
 * Memory: what the internal function keeps for a call (a function in SQL keeps
 * even its tuplestore of rows there) is in a context below fn_mcxt, which the
 * next call from the same place deletes. So nothing of a call as one owner, such
 * as a plan, serves a call as another. The rest is in the caller's context.
 */
#include "postgres.h"

#include "common/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tstoreReceiver.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "portfolio/registry.h"

PG_FUNCTION_INFO_V1(custseg_portfolio_owner);
PG_FUNCTION_INFO_V1(custseg_portfolio_reader);
PG_FUNCTION_INFO_V1(custseg_portfolio_caller);
PG_FUNCTION_INFO_V1(custseg_portfolio_try);
PG_FUNCTION_INFO_V1(custseg_portfolio_any);
PG_FUNCTION_INFO_V1(custseg_refresh);

/* refresh(portfolio, as_of, dry_run) */
#define REFRESH_DRY_RUN		2

/* How a call is made. */
typedef struct CallMode
{
	Oid			owner;			/* runs as this role, restricted; 0: as the caller */
	bool		read_only;
	bool		undo;			/* roll back, keep the rows */
} CallMode;

/* Calls that are under way in this backend, one within the other. */
static int	call_depth = 0;

/* --- The internal function ------------------------------------------------ */

static HeapTuple
ProcTuple(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	return tuple;
}

/* The function that does the work of the one that was called. */
static Oid
InternalFunction(FunctionCallInfo fcinfo)
{
	HeapTuple	outer_tuple = ProcTuple(fcinfo->flinfo->fn_oid);
	Form_pg_proc outer = (Form_pg_proc) GETSTRUCT(outer_tuple);
	char	   *name = psprintf("_%s", NameStr(outer->proname));
	HeapTuple	inner_tuple = SearchSysCache3(PROCNAMEARGSNSP, CStringGetDatum(name),
											  PointerGetDatum(&outer->proargtypes),
											  ObjectIdGetDatum(outer->pronamespace));
	Form_pg_proc inner;
	Oid			function;

	if (!HeapTupleIsValid(inner_tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function %s has no function %s that it could call",
						format_procedure(fcinfo->flinfo->fn_oid), name),
				 errhint("ALTER EXTENSION custseg UPDATE brings the extension's objects to the version of its library.")));
	inner = (Form_pg_proc) GETSTRUCT(inner_tuple);
	if (inner->proowner != outer->proowner || inner->prokind != PROKIND_FUNCTION ||
		inner->prorettype != outer->prorettype || inner->proretset != outer->proretset)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("function %s has another owner or result than %s",
						format_procedure(inner->oid),
						format_procedure(outer->oid)),
				 errhint("Both must be as the extension made them.")));
	function = inner->oid;
	ReleaseSysCache(inner_tuple);
	ReleaseSysCache(outer_tuple);
	return function;
}

static bool
AnyArgumentNull(FunctionCallInfo fcinfo)
{
	for (int i = 0; i < fcinfo->nargs; i++)
		if (fcinfo->args[i].isnull)
			return true;
	return false;
}

/*
 * Rows come in a tuplestore: one at a time, they would be made after the
 * environment is gone.
 */
static void
PrepareForRows(ReturnSetInfo *rows)
{
	if (rows == NULL || !IsA(rows, ReturnSetInfo) ||
		(rows->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set"),
				 errhint("Call it in the FROM clause.")));
	rows->allowedModes |= SFRM_Materialize_Preferred;
}

/* A context that lives until the next call from the same place. */
static MemoryContext
FreshContext(FmgrInfo *place)
{
	if (place->fn_extra != NULL)
	{
		MemoryContextDelete((MemoryContext) place->fn_extra);
		place->fn_extra = NULL;
	}
	place->fn_extra = AllocSetContextCreate(place->fn_mcxt, "custseg portfolio call",
											ALLOCSET_SMALL_SIZES);
	return (MemoryContext) place->fn_extra;
}

/*
 * Calls it with the arguments and for the result of fcinfo. It gets no context:
 * it must not end the transaction, even below CALL.
 */
static Datum
CallInternal(FunctionCallInfo fcinfo)
{
	FunctionCallInfo call = palloc0(SizeForFunctionCallInfo(fcinfo->nargs));
	MemoryContext context = FreshContext(fcinfo->flinfo);
	FmgrInfo   *function = MemoryContextAllocZero(context, sizeof(FmgrInfo));
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		result;

	fmgr_info_cxt(InternalFunction(fcinfo), function, context);
	fmgr_info_set_expr(fcinfo->flinfo->fn_expr, function);
	InitFunctionCallInfoData(*call, function, fcinfo->nargs, fcinfo->fncollation,
							 NULL, fcinfo->resultinfo);
	memcpy(call->args, fcinfo->args, fcinfo->nargs * sizeof(NullableDatum));
	if (function->fn_retset)
		PrepareForRows(rows);
	if (function->fn_strict && AnyArgumentNull(fcinfo))
	{
		if (function->fn_retset)
			rows->returnMode = SFRM_Materialize;
		PG_RETURN_NULL();
	}

	result = FunctionCallInvoke(call);
	if (function->fn_retset && rows->returnMode != SFRM_Materialize)
		elog(ERROR, "function %u returned its rows one at a time", function->fn_oid);
	fcinfo->isnull = call->isnull;
	return result;
}

/*
 * The functions here call others by name. Whoever owns the schema may be no
 * superuser, and could make a function whose arguments fit such a call better;
 * it would run with the rights of the portfolio's owner. So functions of others
 * that have the name of one of ours are refused.
 */
static void
RefuseOverloads(Oid function)
{
	HeapTuple	called = ProcTuple(function);
	Oid			schema = ((Form_pg_proc) GETSTRUCT(called))->pronamespace;
	Oid			owner = ((Form_pg_proc) GETSTRUCT(called))->proowner;
	Relation	catalog = table_open(ProcedureRelationId, AccessShareLock);
	ScanKeyData condition;
	SysScanDesc scan;
	HeapTuple	tuple;

	ReleaseSysCache(called);
	ScanKeyInit(&condition, Anum_pg_proc_pronamespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(schema));
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &condition);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_proc found = (Form_pg_proc) GETSTRUCT(tuple);
		CatCList   *namesakes;

		if (found->proowner == owner || superuser_arg(found->proowner))
			continue;
		namesakes = SearchSysCacheList1(PROCNAMEARGSNSP, NameGetDatum(&found->proname));
		for (int i = 0; i < namesakes->n_members; i++)
		{
			Form_pg_proc namesake = (Form_pg_proc) GETSTRUCT(&namesakes->members[i]->tuple);

			if (namesake->pronamespace == schema && namesake->proowner == owner)
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("function %s is not of the extension, and has the name of one that is",
								format_procedure(found->oid)),
						 errdetail("It was made by role \"%s\".", GetUserNameFromId(found->proowner, false)),
						 errhint("Drop it: it could be called in place of the extension's own, with the rights of the portfolio's owner.")));
		}
		ReleaseSysCacheList(namesakes);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

/* --- Rows that outlive what made them ------------------------------------- */

/*
 * Copies the rows into a tuplestore that was made before the subtransaction.
 * Values that lie out of line are fetched: their tables are rolled back next.
 */
static void
CopyRows(ReturnSetInfo *rows, Tuplestorestate *target)
{
	TupleDesc	desc = rows->setDesc ? rows->setDesc : rows->expectedDesc;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	DestReceiver *receiver = CreateTuplestoreDestReceiver();

	SetTuplestoreDestReceiverParams(receiver, target, rows->econtext->ecxt_per_query_memory,
									true, NULL, NULL);
	receiver->rStartup(receiver, CMD_SELECT, desc);
	while (tuplestore_gettupleslot(rows->setResult, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		receiver->receiveSlot(slot, receiver);
	}
	receiver->rShutdown(receiver);
	receiver->rDestroy(receiver);
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(rows->setResult);
	rows->setResult = target;
}

/* In a tuplestore of the caller's query and resource owner. */
static Tuplestorestate *
MakeRows(ReturnSetInfo *rows)
{
	MemoryContext old = MemoryContextSwitchTo(rows->econtext->ecxt_per_query_memory);
	Tuplestorestate *store;

	store = tuplestore_begin_heap((rows->allowedModes & SFRM_Materialize_Random) != 0,
								  false, work_mem);
	MemoryContextSwitchTo(old);
	return store;
}

/*
 * Calls the internal function in a subtransaction, keeps the rows and rolls
 * everything else back. An error passes on, but only after the subtransaction
 * is gone: whoever catches it expects to be in his own.
 */
static Datum
CallAndUndo(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Tuplestorestate *kept;
	ErrorData  *volatile error = NULL;

	if (!fcinfo->flinfo->fn_retset)
		elog(ERROR, "function %u must return rows", fcinfo->flinfo->fn_oid);
	PrepareForRows(rows);
	kept = MakeRows(rows);

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		CallInternal(fcinfo);
		if (rows->setResult != NULL)
			CopyRows(rows, kept);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();

	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL)
		ReThrowError(error);
	PG_RETURN_NULL();
}

/* --- The environment ------------------------------------------------------ */

static void
Set(const char *setting, const char *value)
{
	(void) set_config_option(setting, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * The internal functions write values into statements and documents as text.
 * That text must mean the same whatever the session prefers. How a date is read
 * (the order of day and month) stays as it is: a source view may cast text.
 */
static void
SetTextForms(void)
{
	Set("datestyle", "ISO");
	Set("intervalstyle", "postgres");
	Set("extra_float_digits", "1");
	Set("array_nulls", "on");
	Set("standard_conforming_strings", "on");
}

/* The schemas in which the current user finds names, as a search_path. */
static char *
EffectiveSearchPath(void)
{
	List	   *schemas = fetch_search_path(false);
	StringInfoData path;
	ListCell   *cell;

	initStringInfo(&path);
	foreach(cell, schemas)
	{
		Oid			schema = lfirst_oid(cell);
		char	   *name = isTempNamespace(schema) ? "pg_temp" : get_namespace_name(schema);

		if (name != NULL)
			appendStringInfo(&path, "%s%s", path.len > 0 ? ", " : "", quote_identifier(name));
	}
	list_free(schemas);
	return path.data;
}

/* A line in the context of messages that says where the call begins. */
static void
SayCall(void *name)
{
	errcontext("custseg function %s", (const char *) name);
}

/*
 * Raises the error that has been caught again. Where the innermost line of its
 * context is a RAISE of an internal function (PostgreSQL translates the words
 * around the names), or the rules of tiers are read, which the user wrote, all
 * lines from inside the call are cut off.
 */
static void
RethrowForUser(const char *name, MemoryContext caller)
{
	ErrorData  *error;
	char	   *line_end;
	char	   *mark;
	char	   *end_mark;

	MemoryContextSwitchTo(caller);
	error = CopyErrorData();
	FlushErrorState();
	line_end = error->context ? strchr(error->context, '\n') : NULL;
	if (line_end != NULL && line_end - error->context > 5)
	{
		bool		raised = memcmp(line_end - 5, "RAISE", 5) == 0;

		*line_end = '\0';
		if (strstr(error->context, raised ? "custseg._" : "custseg._portfolio_policy(") != NULL)
		{
			mark = psprintf("custseg function %s", name);
			end_mark = strstr(line_end + 1, mark);
			if (end_mark != NULL)
			{
				end_mark += strlen(mark);
				error->context = *end_mark == '\n' ? end_mark + 1 : NULL;
			}
		}
		*line_end = '\n';
	}
	ReThrowError(error);
}

static Datum
CallByMode(FunctionCallInfo fcinfo, const CallMode *mode)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *name = get_func_name(fcinfo->flinfo->fn_oid);
	ErrorContextCallback mark = {.callback = SayCall, .arg = name};
	bool		was_read_only = XactReadOnly;
	char	   *path = call_depth == 0 ? EffectiveSearchPath() : NULL;
	Oid			user;
	int			context;
	int			level;
	Datum		result;

	if (call_depth == 0)
		RefuseOverloads(fcinfo->flinfo->fn_oid);
	GetUserIdAndSecContext(&user, &context);
	if (OidIsValid(mode->owner))
		SetUserIdAndSecContext(mode->owner, context | SECURITY_RESTRICTED_OPERATION);
	level = NewGUCNestLevel();
	Set("search_path", "pg_catalog, pg_temp");
	Set("row_security", "off");
	Set("jit", "off");
	SetTextForms();
	if (path != NULL)
		Set("custseg.caller_search_path", path);

	call_depth++;
	mark.previous = error_context_stack;
	error_context_stack = &mark;
	PG_TRY();
	{
		if (mode->read_only)
			XactReadOnly = true;
		result = mode->undo ? CallAndUndo(fcinfo) : CallInternal(fcinfo);
	}
	PG_CATCH();
	{
		XactReadOnly = was_read_only;
		call_depth--;
		RethrowForUser(name, caller);
	}
	PG_END_TRY();
	error_context_stack = mark.previous;
	XactReadOnly = was_read_only;
	call_depth--;

	AtEOXact_GUC(false, level);
	SetUserIdAndSecContext(user, context);
	return result;
}

/* --- Who may call --------------------------------------------------------- */

/* The first argument's name, for messages. */
static char *
FirstArgumentName(FunctionCallInfo fcinfo)
{
	HeapTuple	tuple = ProcTuple(fcinfo->flinfo->fn_oid);
	bool		no_names;
	bool		no_modes;
	Datum		names = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargnames, &no_names);
	Datum		modes = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargmodes, &no_modes);
	char	  **list = NULL;
	int			n = get_func_input_arg_names(no_names ? (Datum) 0 : names,
											 no_modes ? (Datum) 0 : modes, &list);
	char	   *name = n > 0 && list[0] != NULL ? pstrdup(list[0]) : "portfolio";

	ReleaseSysCache(tuple);
	return name;
}

/* The first argument: a portfolio's name. */
static char *
PortfolioArgument(FunctionCallInfo fcinfo)
{
	if (PG_NARGS() < 1)
		elog(ERROR, "function %u has no argument for a portfolio", fcinfo->flinfo->fn_oid);
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be NULL", FirstArgumentName(fcinfo)),
				 errhint("Pass the name of a portfolio; SELECT * FROM custseg.portfolios lists them.")));
	return text_to_cstring(PG_GETARG_TEXT_PP(0));
}

static Datum
CallAsOwner(FunctionCallInfo fcinfo, bool undo)
{
	char	   *portfolio = PortfolioArgument(fcinfo);
	CallMode	mode = {.undo = undo};

	mode.owner = PortfolioSchemaOwner(PortfolioSchema(portfolio));
	PortfolioCheckOwner(portfolio, mode.owner);
	PortfolioCheckLayout(portfolio);
	return CallByMode(fcinfo, &mode);
}

/* Whether the current user can SELECT from the portfolio's view current_customers. */
static bool
MayRead(Oid schema)
{
	Oid			customers = get_relname_relid("current_customers", schema);

	return OidIsValid(customers) &&
		SCHEMA_ACLCHECK(schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK &&
		pg_class_aclcheck(customers, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

Datum
custseg_portfolio_owner(PG_FUNCTION_ARGS)
{
	return CallAsOwner(fcinfo, false);
}

Datum
custseg_portfolio_reader(PG_FUNCTION_ARGS)
{
	char	   *portfolio = PortfolioArgument(fcinfo);
	Oid			schema = PortfolioSchema(portfolio);
	CallMode	mode = {.read_only = true};

	mode.owner = PortfolioSchemaOwner(schema);
	if (!has_privs_of_role(GetUserId(), mode.owner) && !MayRead(schema))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for portfolio \"%s\"", portfolio),
				 errdetail("Role \"%s\" cannot SELECT from its view current_customers.",
						   GetUserNameFromId(GetUserId(), false)),
				 errhint("GRANT USAGE ON SCHEMA %s and SELECT ON %s.current_customers make a role a reader.",
						 quote_identifier(get_namespace_name(schema)),
						 quote_identifier(get_namespace_name(schema)))));
	PortfolioCheckLayout(portfolio);
	return CallByMode(fcinfo, &mode);
}

/* For what there is no portfolio yet: the caller's rights, the same settings. */
Datum
custseg_portfolio_caller(PG_FUNCTION_ARGS)
{
	CallMode	mode = {0};

	return CallByMode(fcinfo, &mode);
}

/*
 * For what must be possible with tables that another version has made: as the
 * owner; or, where the schema is gone, as the caller, with nothing to run.
 */
Datum
custseg_portfolio_any(PG_FUNCTION_ARGS)
{
	char	   *portfolio = PortfolioArgument(fcinfo);
	Oid			schema = PortfolioSchemaIfThere(portfolio);
	CallMode	mode = {0};

	if (OidIsValid(schema))
	{
		mode.owner = PortfolioSchemaOwner(schema);
		PortfolioCheckOwner(portfolio, mode.owner);
	}
	return CallByMode(fcinfo, &mode);
}

Datum
custseg_portfolio_try(PG_FUNCTION_ARGS)
{
	return CallAsOwner(fcinfo, true);
}

/* refresh(portfolio text, as_of date, dry_run bool) */
Datum
custseg_refresh(PG_FUNCTION_ARGS)
{
	bool		dry_run = PG_NARGS() > REFRESH_DRY_RUN &&
		!PG_ARGISNULL(REFRESH_DRY_RUN) && PG_GETARG_BOOL(REFRESH_DRY_RUN);

	return CallAsOwner(fcinfo, dry_run);
}
