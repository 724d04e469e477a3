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

#include <math.h>

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/argument_cache.h"
#include "common/checks.h"
#include "common/numeric_argument.h"
#include "funcapi.h"
#include "tiering/next_tier_row.h"
#include "tiering/next_tier_rule.h"
#include "tiering/tier_overrides.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(custseg_next_tier_jsonb);
PG_FUNCTION_INFO_V1(custseg_next_tier_array);

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
	double	   *values;			/* of the policy's measures */
	TupleDesc	columns;		/* NULL: not looked up yet */
	KeptText   *reason;			/* the fixed ones by reason and tier */
	RowWriter	row;
	TierCalendar calendar;
	bool		has_calendar;
	DaySum	   *sum;			/* N_SUMS of them; NULL: none asked for yet */

	/* the names that came last, and where the policy's measures stand in them */
	Size		names_size;		/* 0: none */
	char	   *names;
	int			n_names;
	int		   *place;
} CallSite;

/* The arguments that both forms have. */
typedef struct Arguments
{
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
	site->values = palloc(Max(site->policy->measures.n, 1) * sizeof(double));
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

pg_noreturn static void
RefuseState(const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg_internal("%s", message),
			 errhint("%s", hint)));
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

static void
AllUnknown(const TierPolicyParts *policy, double *values)
{
	for (int i = 0; i < policy->measures.n; i++)
		values[i] = NAN;
}

static double
MeasureOfJson(const char *name, const JsonbValue *value)
{
	if (value->type == jbvNull)
		return NAN;
	if (value->type != jbvNumeric)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("measure \"%s\" must be a number or null, not %s", name,
						value->type == jbvString ? "a string" :
						value->type == jbvBool ? "a boolean" : "an array or an object"),
				 errhint("Write numbers without quotes; null means that it is not known.")));
	return NumericToFloat8(value->val.numeric);
}

void
MeasuresFromJsonb(const TierPolicyParts *policy, Jsonb *measures, double *values)
{
	if (measures == NULL)
	{
		AllUnknown(policy, values);
		return;
	}
	if (!JB_ROOT_IS_OBJECT(measures))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("measures must be an object"),
				 errhint("Such as {\"spend\": 1250.50, \"frequency\": 3}.")));
	for (int i = 0; i < policy->measures.n; i++)
	{
		const char *name = policy->measures.measure[i].name;
		JsonbValue	value;

		if (getKeyJsonValueFromContainer(&measures->root, name, strlen(name), &value) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("measure \"%s\" is missing", name),
					 errhint("Give it as null if it is not known.")));
		values[i] = MeasureOfJson(name, &value);
	}
}

static int
CompareTexts(const void *a, const void *b)
{
	const char *x = DatumGetPointer(*(const Datum *) a);
	const char *y = DatumGetPointer(*(const Datum *) b);
	int			length_x = VARSIZE_ANY_EXHDR(x);
	int			length_y = VARSIZE_ANY_EXHDR(y);

	return length_x != length_y ? length_x - length_y :
		memcmp(VARDATA_ANY(x), VARDATA_ANY(y), length_x);
}

/* names is sorted by this. */
static void
CheckDistinct(Datum *name, int n)
{
	qsort(name, n, sizeof(Datum), CompareTexts);
	for (int i = 1; i < n; i++)
		if (CompareTexts(&name[i - 1], &name[i]) == 0)
			RefuseState(psprintf("names has \"%s\" twice", TextDatumGetCString(name[i])),
						"Each measure has one value.");
}

/* Where each of the policy's measures stands in names. */
static void
FindPlaces(CallSite *site, ArrayType *names)
{
	const MeasureNames *measures = &site->policy->measures;
	Datum	   *name;
	bool	   *null;
	int			n;

	site->names_size = 0;
	if (ARR_NDIM(names) > 1)
		RefuseState("names must be a one-dimensional array", "Such as ARRAY['spend', 'frequency'].");
	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &name, &null, &n);
	if (site->place == NULL)
		site->place = MemoryContextAlloc(site->context, Max(measures->n, 1) * sizeof(int));
	for (int i = 0; i < measures->n; i++)
		site->place[i] = -1;
	for (int i = 0; i < n; i++)
	{
		int			measure;

		POLL_EVERY(i);
		if (null[i])
			RefuseState("names must not contain null", "Name each element of measures.");
		measure = MeasureNamesFind(measures, VARDATA_ANY(DatumGetPointer(name[i])),
								   VARSIZE_ANY_EXHDR(DatumGetPointer(name[i])));
		if (measure >= 0)
			site->place[measure] = i;
	}
	CheckDistinct(name, n);
	for (int i = 0; i < measures->n; i++)
		if (site->place[i] < 0)
			RefuseState(psprintf("names does not have the measure \"%s\"", measures->measure[i].name),
						"Give its value as null if it is not known.");

	if (site->names != NULL)
		pfree(site->names);
	site->names = NULL;
	site->names = MemoryContextAlloc(site->context, VARSIZE(names));
	memcpy(site->names, names, VARSIZE(names));
	site->names_size = VARSIZE(names);
	site->n_names = n;
}

static void
CheckArray(const CallSite *site, ArrayType *measures, int n, int expected, bool named)
{
	if (ARR_NDIM(measures) > 1)
		RefuseState("measures must be a one-dimensional array", "Such as ARRAY[1250.50, 3].");
	if (n != expected)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 named ? errmsg("measures has %d elements, names has %d", n, expected) :
				 errmsg("measures has %d elements, the policy has %d measures", n, expected),
				 named ? errhint("Each element of measures has its name at the same place.") :
				 errhint("They are in the order of tier_policy_measures(policy); otherwise give names.")));
}

/* The numbers of an array, NaN for null. */
static void
ReadNumbers(ArrayType *array, int n, double *numbers)
{
	Oid			type = ARR_ELEMTYPE(array);
	const bits8 *nulls = ARR_NULLBITMAP(array);
	const char *p = ARR_DATA_PTR(array);

	for (int i = 0; i < n; i++)
	{
		POLL_EVERY(i);
		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
		{
			numbers[i] = NAN;
			continue;
		}
		switch (type)
		{
			case FLOAT8OID:
				numbers[i] = *(const float8 *) p;
				p += sizeof(float8);
				break;
			case NUMERICOID:
				p = (const char *) att_align_pointer(p, TYPALIGN_INT, -1, p);
				numbers[i] = NumericToFloat8(p);
				p += VARSIZE_ANY(p);
				break;
			case INT8OID:
				numbers[i] = (double) *(const int64 *) p;
				p += sizeof(int64);
				break;
			case INT4OID:
				numbers[i] = *(const int32 *) p;
				p += sizeof(int32);
				break;
			case INT2OID:
				numbers[i] = *(const int16 *) p;
				p += sizeof(int16);
				break;
			case FLOAT4OID:
				numbers[i] = *(const float4 *) p;
				p += sizeof(float4);
				break;
			default:
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("measures must be an array of numbers, not of %s", format_type_be(type)),
						 errhint("Of double precision, numeric, integer, bigint, smallint or real.")));
		}
	}
}

static void
RefuseNaN(const CallSite *site, const ArrayType *array, int measure, int place)
{
	const bits8 *nulls = ARR_NULLBITMAP(array);

	if (nulls == NULL || (nulls[place / 8] & (1 << (place % 8))) != 0)
		RefuseState(psprintf("measure \"%s\" must not be NaN",
							 site->policy->measures.measure[measure].name),
					"Give it as null if it is not known.");
}

/* measures in argument 3, an array of numbers of any type; names in 4. */
static void
MeasuresFromArray(FunctionCallInfo fcinfo, CallSite *site)
{
	const MeasureNames *names = &site->policy->measures;
	bool		named = !PG_ARGISNULL(4);
	ArrayType  *measures;
	double	   *numbers;
	int			n;

	if (PG_ARGISNULL(3))
	{
		AllUnknown(site->policy, site->values);
		return;
	}
	measures = PG_GETARG_ARRAYTYPE_P(3);
	n = ArrayGetNItems(ARR_NDIM(measures), ARR_DIMS(measures));
	if (named)
	{
		ArrayType  *given = PG_GETARG_ARRAYTYPE_P(4);

		if (VARSIZE(given) != site->names_size || memcmp(given, site->names, site->names_size) != 0)
			FindPlaces(site, given);
	}
	if (ARR_NDIM(measures) > 1 || n != (named ? site->n_names : names->n))
		CheckArray(site, measures, n, named ? site->n_names : names->n, named);

	numbers = named ? palloc(Max(n, 1) * sizeof(double)) : site->values;
	ReadNumbers(measures, n, numbers);
	for (int i = 0; i < names->n; i++)
	{
		int			place = named ? site->place[i] : i;

		site->values[i] = numbers[place];
		if (isnan(site->values[i]))
			RefuseNaN(site, measures, i, place);
	}
	if (named)
		pfree(numbers);
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
	if (TierMissingNext(&row->bytes, policy, decision, site->values))
		RowTextEnd(row);
	else
		RowTextCancel(row);
	RowTextBegin(row);
	if (TierMissingKeep(&row->bytes, policy, decision, site->values))
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
Answer(FunctionCallInfo fcinfo, CallSite *site, const Arguments *at, bool from_array)
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
	if (from_array)
		MeasuresFromArray(fcinfo, site);
	else
		MeasuresFromJsonb(site->policy, PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3), site->values);
	TierOverridesRead(PG_ARGISNULL(at->overrides) ? NULL : PG_GETARG_JSONB_P(at->overrides),
					  site->policy, site->calendar.as_of, &overrides);
	NextTier(site->policy, &state, site->values, &overrides, &site->calendar, &decision);
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
	Size		size = VARSIZE_ANY(raw);
	int			slot;

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
	static const Arguments at = {.overrides = 4, .as_of = 5, .grace_since = 6};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return Answer(fcinfo, SiteOf(fcinfo), &at, false);
}

/* next_tier(policy, current, since, measures anyarray, names, overrides, as_of, grace_since) */
Datum
custseg_next_tier_array(PG_FUNCTION_ARGS)
{
	static const Arguments at = {.overrides = 5, .as_of = 6, .grace_since = 7};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return Answer(fcinfo, SiteOf(fcinfo), &at, true);
}
