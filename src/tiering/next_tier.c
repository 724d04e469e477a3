/*
 * next_tier.c
 *		next_tier(): the SQL function over the decision in next_tier_rule.c.
 *
 * It is called once per customer, mostly with one policy and one day. What
 * depends on these alone is made once per call site and kept with the policy in
 * the argument cache: the rules, reasons in words, the end of the period, the
 * row type, which of the given measures are the policy's. The row is written
 * into a buffer that is used again (next_tier_row.h).
 *
 * Calendar arithmetic is PostgreSQL's own (date_pl_interval, date2j). The sums
 * of days and terms are remembered in a small table, since many customers came
 * to their tier on the same day.
 */
#include "tiering/tier_policy_sql.h"

#include "catalog/pg_type.h"
#include "common/argument_cache.h"
#include "common/checks.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "nodes/primnodes.h"
#include "tiering/next_tier_measures.h"
#include "tiering/next_tier_row.h"
#include "tiering/next_tier_rule.h"
#include "tiering/tier_overrides.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(custseg_next_tier_jsonb);
PG_FUNCTION_INFO_V1(custseg_next_tier_array);
PG_FUNCTION_INFO_V1(custseg_next_tier_columns);

#define N_POLICIES	4			/* kept by a call site */
#define N_SUMS		2048		/* a power of two */
#define ROW_CAPACITY	400			/* to begin with */

/* A sum of a day and a term that has been asked for. */
typedef struct DaySum
{
	bool		set;
	DateADT		day;
	int32		months;
	int32		days;
	DateADT		sum;
} DaySum;

typedef struct KeptText
{
	const char *bytes;			/* NULL: not written yet */
	int			length;
} KeptText;

/* What a call site keeps with its policy. */
typedef struct CallSite
{
	MemoryContext context;
	TierPolicyParts *policy;
	GivenMeasures measures;		/* and their values */
	TupleDesc	columns;		/* NULL: not looked up yet */
	KeptText   *reason;			/* the fixed ones by reason and tier */
	RowWriter	row;
	TierCalendar calendar;
	bool		has_calendar;
	DaySum	   *sum;			/* N_SUMS of them; NULL: none asked for yet */
} CallSite;

/* The arguments that both forms have. */
typedef struct Arguments
{
	MeasuresForm measures;
	int			overrides;		/* their numbers */
	int			as_of;
	int			grace_since;
} Arguments;

/* --- The call site -------------------------------------------------------- */

static const void *
MakeCallSite(Datum policy)
{
	CallSite   *site = palloc0(sizeof(CallSite));

	site->context = CurrentMemoryContext;
	site->policy = TierPolicyUnpack(PG_DETOAST_DATUM(policy));
	site->measures.context = site->context;
	site->measures.policy = site->policy;
	site->measures.values = palloc(Max(site->policy->measures.n, 1) * sizeof(double));
	site->reason = palloc0(N_TIER_REASONS * (site->policy->n_tiers + 1) * sizeof(KeptText));
	site->row.bytes.capacity = ROW_CAPACITY;
	site->row.bytes.data = palloc(ROW_CAPACITY);
	return site;
}

static DateADT
AddToDay(void *arg, DateADT day, int32 months, int32 days)
{
	CallSite   *site = (CallSite *) arg;
	Interval	term = {.day = days, .month = months};
	DaySum	   *known;

	if (site->sum == NULL)
		site->sum = MemoryContextAllocZero(site->context, N_SUMS * sizeof(DaySum));
	known = &site->sum[((uint32) day + (uint32) months * 37 + (uint32) days * 7) % N_SUMS];
	if (!known->set || known->day != day || known->months != months || known->days != days)
	{
		Datum		sum = DirectFunctionCall2(date_pl_interval, DateADTGetDatum(day),
											  IntervalPGetDatum(&term));

		known->set = false;
		known->sum = DatumGetDateADT(DirectFunctionCall1(timestamp_date, sum));
		known->day = day;
		known->months = months;
		known->days = days;
		known->set = true;
	}
	return known->sum;
}

/* The last day of the calendar period that holds a day. */
static DateADT
PeriodEnd(DateADT day, int months)
{
	int			year;
	int			month;
	int			unused;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &unused);
	month = ((month - 1) / months + 1) * months + 1;
	if (month > MONTHS_PER_YEAR)
	{
		month = 1;
		year++;
	}
	return date2j(year, month, 1) - 1 - POSTGRES_EPOCH_JDATE;
}

static void
SetCalendar(CallSite *site, DateADT as_of)
{
	if (site->has_calendar && site->calendar.as_of == as_of)
		return;
	CheckFiniteDate(as_of, "as_of");
	site->calendar.as_of = as_of;
	site->calendar.period_end = PeriodEnd(as_of, tier_period_months[site->policy->period]);
	site->calendar.add = AddToDay;
	site->calendar.arg = site;
	site->has_calendar = true;
}

/* --- Arguments ------------------------------------------------------------ */

int
TierArgument(const TierPolicyParts *policy, text *name, const char *argument)
{
	int			tier = TierPolicyFind(policy, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	StringInfoData list;

	if (tier >= 0)
		return tier;
	initStringInfo(&list);
	for (int i = 0; i < policy->n_tiers; i++)
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? ", " : "", policy->tier[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s: the policy has no tier \"%s\"", argument, text_to_cstring(name)),
			 errhint("Its tiers are %s.", list.data)));
}

/* current in argument 1, since in 2. */
static void
ReadState(FunctionCallInfo fcinfo, const CallSite *site, const Arguments *at, TierState *state)
{
	DateADT		as_of = site->calendar.as_of;

	memset(state, 0, sizeof(*state));
	state->tier = -1;
	state->in_grace = !PG_ARGISNULL(at->grace_since);
	if (PG_ARGISNULL(1))
	{
		if (!PG_ARGISNULL(2) || state->in_grace)
			RefuseState(psprintf("%s is given, but not current", PG_ARGISNULL(2) ? "grace_since" : "since"),
						"A customer without a tier has neither.");
		return;
	}
	state->tier = TierArgument(site->policy, PG_GETARG_TEXT_PP(1), "current");
	if (PG_ARGISNULL(2))
		RefuseState("current is given, but not since", "since is the day on which the customer came to the tier.");
	state->since = PG_GETARG_DATEADT(2);
	CheckFiniteDate(state->since, "since");
	if (state->since > as_of)
		RefuseState("since must not be after as_of",
					"as_of is the day that is decided on; a tier cannot start after it.");
	if (!state->in_grace)
		return;
	state->grace_since = PG_GETARG_DATEADT(at->grace_since);
	CheckFiniteDate(state->grace_since, "grace_since");
	if (state->grace_since > as_of)
		RefuseState("grace_since must not be after as_of",
					"Pass the grace_since of the row before, which next_tier returned.");
	if (state->grace_since < state->since)
		RefuseState("grace_since must not be before since",
					"Grace starts in the tier: with a new tier it is null.");
}

/* --- The result ----------------------------------------------------------- */

/* Reasons that depend on nothing but the tier are written once. */
static void
PutReason(CallSite *site, const TierDecision *decision)
{
	RowWriter  *row = &site->row;
	KeptText   *kept = &site->reason[decision->reason * (site->policy->n_tiers + 1) +
									 decision->reason_tier + 1];
	int			start;

	if (kept->bytes != NULL && decision->reason_text == NULL)
	{
		RowText(row, kept->bytes, kept->length);
		return;
	}
	RowTextBegin(row);
	start = row->bytes.length;
	TierReasonText(&row->bytes, site->policy, decision);
	if (TierReasonIsFixed(decision))
	{
		char	   *copy = MemoryContextAlloc(site->context, row->bytes.length - start);

		kept->length = row->bytes.length - start;
		memcpy(copy, row->bytes.data + start, kept->length);
		kept->bytes = copy;
	}
	RowTextEnd(row);
}

static Datum
ResultRow(CallSite *site, const TierDecision *decision)
{
	const TierPolicyParts *policy = site->policy;
	const TierState *next = &decision->next;
	const char *transition = tier_transition_names[decision->transition];
	RowWriter  *row = &site->row;

	RowBegin(row);
	if (next->tier >= 0)
		RowText(row, policy->tier[next->tier].name, policy->tier[next->tier].name_length);
	else
		RowNull(row);
	RowText(row, transition, strlen(transition));
	PutReason(site, decision);
	RowTextBegin(row);
	if (TierMissingNext(&row->bytes, policy, decision, site->measures.values))
		RowTextEnd(row);
	else
		RowTextCancel(row);
	RowTextBegin(row);
	if (TierMissingKeep(&row->bytes, policy, decision, site->measures.values))
		RowTextEnd(row);
	else
		RowTextCancel(row);
	if (next->tier >= 0)
		RowDate(row, next->since);
	else
		RowNull(row);
	if (next->in_grace)
		RowDate(row, next->grace_since);
	else
		RowNull(row);
	if (decision->has_end)
		RowDate(row, decision->valid_until);
	else
		RowNull(row);
	return RowDatum(row, site->columns);
}

static void
FindColumns(FunctionCallInfo fcinfo, CallSite *site)
{
	static const Oid types[] = {
		TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, DATEOID, DATEOID, DATEOID
	};
	MemoryContext old = MemoryContextSwitchTo(site->context);
	TupleDesc	columns;
	bool		good;

	good = get_call_result_type(fcinfo, NULL, &columns) == TYPEFUNC_COMPOSITE &&
		columns->natts == lengthof(types);
	for (int i = 0; good && i < lengthof(types); i++)
		good = TupleDescAttr(columns, i)->atttypid == types[i];
	if (!good)
		elog(ERROR, "next_tier has other columns than expected");
	site->columns = BlessTupleDesc(columns);
	MemoryContextSwitchTo(old);
}

static Datum
Answer(FunctionCallInfo fcinfo, CallSite *site, const Arguments *at)
{
	TierState	state;
	TierOverrides overrides;
	TierDecision decision;

	if (site->columns == NULL)
		FindColumns(fcinfo, site);
	if (PG_ARGISNULL(at->as_of))
		RefuseState("as_of must not be null", "as_of is the day that is decided on, such as current_date.");
	SetCalendar(site, PG_GETARG_DATEADT(at->as_of));
	ReadState(fcinfo, site, at, &state);
	switch (at->measures)
	{
		case MEASURES_JSONB:
			MeasuresFromJsonb(site->policy, PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3),
							  site->measures.values);
			break;
		case MEASURES_ARRAY:
			MeasuresFromArray(fcinfo, &site->measures);
			break;
		case MEASURES_COLUMNS:
			MeasuresFromColumns(fcinfo, FIRST_COLUMN, &site->measures);
			break;
	}
	TierOverridesRead(PG_ARGISNULL(at->overrides) ? NULL : PG_GETARG_JSONB_P(at->overrides),
					  site->policy, site->calendar.as_of, &overrides);
	NextTier(site->policy, &state, site->measures.values, &overrides, &site->calendar, &decision);
	return ResultRow(site, &decision);
}

/*
 * What is kept for the policy in argument 0. Several policies are: side by side
 * they come in turn, and to read one again costs some twenty calls.
 */
static CallSite *
SiteOf(FunctionCallInfo fcinfo)
{
	ArgumentCache *cache = ArgumentCaches(fcinfo, N_POLICIES);
	struct varlena *raw = (struct varlena *) PG_GETARG_POINTER(0);
	Node	   *call = fcinfo->flinfo->fn_expr;
	Size		size;
	int			slot;

	/* a policy that is a constant is that of the first call */
	if (cache[0].size != 0 && call != NULL && IsA(call, FuncExpr) &&
		IsA(linitial(((FuncExpr *) call)->args), Const))
		return (CallSite *) unconstify(void *, cache[0].result);
	size = VARSIZE_ANY(raw);
	for (slot = 0; slot < N_POLICIES && cache[slot].size != 0; slot++)
		if (cache[slot].size == size && memcmp(cache[slot].bytes, raw, size) == 0)
			return (CallSite *) unconstify(void *, cache[slot].result);
	if (slot == N_POLICIES)
		slot = DatumGetUInt32(hash_any((const unsigned char *) raw, (int) size)) % N_POLICIES;
	return (CallSite *) unconstify(void *, ArgumentCacheFill(&cache[slot], raw, MakeCallSite, 0));
}

/* next_tier(policy, current, since, measures jsonb, overrides, as_of, grace_since) */
Datum
custseg_next_tier_jsonb(PG_FUNCTION_ARGS)
{
	static const Arguments at = {MEASURES_JSONB, .overrides = 4, .as_of = 5, .grace_since = 6};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return Answer(fcinfo, SiteOf(fcinfo), &at);
}

/* next_tier(policy, current, since, measures anyarray, names, overrides, as_of, grace_since) */
Datum
custseg_next_tier_array(PG_FUNCTION_ARGS)
{
	static const Arguments at = {MEASURES_ARRAY, .overrides = 5, .as_of = 6, .grace_since = 7};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return Answer(fcinfo, SiteOf(fcinfo), &at);
}

/* next_tier_columns(policy, current, since, overrides, as_of, grace_since, measures VARIADIC "any") */
Datum
custseg_next_tier_columns(PG_FUNCTION_ARGS)
{
	static const Arguments at = {MEASURES_COLUMNS, .overrides = 3, .as_of = 4, .grace_since = 5};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return Answer(fcinfo, SiteOf(fcinfo), &at);
}
