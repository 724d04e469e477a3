/*
 * tier_policy_io.c
 *		Text and binary form of tier_policy.
 *
 * The text form is JSON:
 *
 *		{"version": 1,
 *		 "tiers": [{"tier": "regular"},
 *				   {"tier": "vip", "enter": "spend >= 5000", "keep": "spend >= 4000",
 *					"stay": "6 months", "grace": "30 days", "validity": "12 months"}],
 *		 "upgrade": "each_run", "downgrade": "one_step", "check": "each_run",
 *		 "period": "month", "stay": ..., "grace": ..., "validity": ...,
 *		 "requalify_by": "keep", "window": "rolling 12 months"}
 *
 * Output is canonical: keys in this order, what is at its default left out,
 * conditions in one way of writing, lengths of time in months and days whatever
 * IntervalStyle is. The binary form has the fields of the stored one, in the
 * same order (tier_policy.c), with strings in the client's encoding.
 *
 * Both ways in end in TierPolicyParse with all checks.
 */
#include "tiering/tier_policy_sql.h"

#include "common/binary.h"
#include "common/json.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(custseg_tier_policy_in);
PG_FUNCTION_INFO_V1(custseg_tier_policy_out);
PG_FUNCTION_INFO_V1(custseg_tier_policy_recv);
PG_FUNCTION_INFO_V1(custseg_tier_policy_send);
PG_FUNCTION_INFO_V1(custseg_tier_policy_to_jsonb);

static const char *const policy_keys[] = {
	"version", "tiers", "upgrade", "downgrade", "check", "period",
	"stay", "grace", "validity", "requalify_by", "window"
};

static const char *const tier_keys[] = {
	"tier", "enter", "keep", "stay", "grace", "validity"
};

/* --- Text input ----------------------------------------------------------- */

static bool
ReadString(JsonReader *r, const char **string)
{
	const char *bytes;
	int			length;

	if (!JsonString(r, &bytes, &length))
		return false;
	*string = pnstrdup(bytes, length);
	return true;
}

static bool
RefuseTerm(JsonReader *r)
{
	return JsonMustBe(r, "a length of time in whole days, months or years, such as \"6 months\", of at most 1000 years");
}

/*
 * A length of time as PostgreSQL reads intervals. A minus sign is refused before
 * that: it alone would be read according to IntervalStyle.
 */
static bool
ReadTerm(JsonReader *r, const char *key, TierTerm *term)
{
	const char *string;
	Datum		datum;
	Interval   *interval;

	*term = NO_TERM;
	if (!JsonFind(r, key))
		return true;
	if (r->value.type != jbvString)
		return RefuseTerm(r);
	if (!ReadString(r, &string))
		return false;
	if (strchr(string, '-') != NULL || strlen(string) > 100)
		return RefuseTerm(r);
	if (!DirectInputFunctionCallSafe(interval_in, unconstify(char *, string), InvalidOid,
									 -1, r->context, &datum))
		return false;
	interval = DatumGetIntervalP(datum);
	if (interval->time != 0 || interval->month < 0 || interval->day < 0 ||
		interval->month > MAX_TERM_MONTHS || interval->day > MAX_TERM_DAYS)
		return RefuseTerm(r);
	term->months = interval->month;
	term->days = interval->day;
	return true;
}

static bool
ReadTerms(JsonReader *r, TierTerm *terms)
{
	for (int i = 0; i < N_TIER_TERMS; i++)
		if (!ReadTerm(r, tier_term_names[i], &terms[i]))
			return false;
	return true;
}

static bool
ReadTier(JsonReader *r, PolicyTier *tier)
{
	JsonReader	inner;

	if (!JsonObject(r, tier_keys, lengthof(tier_keys), &inner) ||
		!JsonRequire(&inner, "tier") || !ReadString(&inner, &tier->name))
		return false;
	tier->name_length = strlen(tier->name);
	for (int rule = 0; rule < N_TIER_RULES; rule++)
		if (JsonFind(&inner, tier_rule_names[rule]) && !ReadString(&inner, &tier->text[rule]))
			return false;
	return ReadTerms(&inner, tier->term);
}

static const char *
TierCountFault(int n)
{
	return n >= 1 && n <= MAX_TIERS ? NULL :
		psprintf("\"tiers\" has %d elements; 1 to %d are allowed.", n, MAX_TIERS);
}

static bool
ReadTiers(JsonReader *r, TierPolicyParts *parts)
{
	const char *fault;

	if (!JsonRequire(r, "tiers") || !JsonArray(r, "objects", &parts->n_tiers))
		return false;
	fault = TierCountFault(parts->n_tiers);
	if (fault != NULL)
		return JsonRefuse(r, fault);
	parts->tier = palloc0(parts->n_tiers * sizeof(PolicyTier));
	while (JsonNext(r))
		if (!ReadTier(r, &parts->tier[r->index]))
			return false;
	return true;
}

/* The window in one way of writing, or NULL if it is not one. */
static const char *
CanonicalWindow(const char *window)
{
	WindowKind	kind;
	int			months;

	if (!MeasureWindowParse(window, strlen(window), &kind, &months))
		return NULL;
	return kind != WINDOW_ROLLING ? window :
		psprintf("rolling %d month%s", months, months == 1 ? "" : "s");
}

static bool
ReadWindow(JsonReader *r, TierPolicyParts *parts)
{
	if (!JsonFind(r, "window"))
		return true;
	if (!ReadString(r, &parts->window))
		return false;
	parts->window = CanonicalWindow(parts->window);
	return parts->window != NULL ||
		JsonMustBe(r, "lifetime, rolling N months, month, quarter, half, year or anniversary");
}

Datum
custseg_tier_policy_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	TierPolicyParts parts = {.downgrade = DOWNGRADE_ONE_STEP, .requalify_by = RULE_KEEP};
	PolicyFault fault;

	if (!JsonOpen(&r, fcinfo, "tier_policy", policy_keys, lengthof(policy_keys),
				  TIER_POLICY_VERSION) ||
		!ReadTiers(&r, &parts) ||
		(JsonFind(&r, "upgrade") &&
		 !JsonChoice(&r, tier_when_names, N_TIER_WHEN, &parts.upgrade)) ||
		(JsonFind(&r, "downgrade") &&
		 !JsonChoice(&r, tier_downgrade_names, N_TIER_DOWNGRADE, &parts.downgrade)) ||
		(JsonFind(&r, "check") &&
		 !JsonChoice(&r, tier_when_names, N_TIER_WHEN, &parts.check)) ||
		(JsonFind(&r, "period") &&
		 !JsonChoice(&r, tier_period_names, N_TIER_PERIOD, &parts.period)) ||
		!ReadTerms(&r, parts.term) ||
		(JsonFind(&r, "requalify_by") &&
		 !JsonChoice(&r, tier_rule_names, N_TIER_RULES, &parts.requalify_by)) ||
		!ReadWindow(&r, &parts))
		PG_RETURN_NULL();
	if (!TierPolicyParse(&parts, true, &fault))
	{
		errsave(r.context,
				(errcode(fault.sqlstate ? fault.sqlstate : ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg_internal("%s", fault.message),
				 fault.hint ? errhint("%s", fault.hint) : 0));
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(TierPolicyPack(&parts));
}

/* --- Text output ---------------------------------------------------------- */

static void
AppendTerms(StringInfo out, const TierTerm *terms)
{
	for (int i = 0; i < N_TIER_TERMS; i++)
	{
		TierTerm	term = terms[i];

		if (!TermIsSet(term))
			continue;
		appendStringInfo(out, ", \"%s\": \"", tier_term_names[i]);
		if (term.months > 0)
			appendStringInfo(out, "%d month%s%s", term.months, term.months == 1 ? "" : "s",
							 term.days > 0 ? " " : "");
		if (term.days > 0 || term.months == 0)
			appendStringInfo(out, "%d day%s", term.days, term.days == 1 ? "" : "s");
		appendStringInfoChar(out, '"');
	}
}

static void
AppendString(StringInfo out, const char *key, const char *string)
{
	if (string == NULL)
		return;
	appendStringInfo(out, ", \"%s\": ", key);
	escape_json(out, string);
}

static void
AppendChoice(StringInfo out, const char *key, const char *const *names, int choice, int usual)
{
	if (choice != usual)
		appendStringInfo(out, ", \"%s\": \"%s\"", key, names[choice]);
}

static char *
PolicyText(const struct varlena *stored)
{
	const TierPolicyParts *parts = TierPolicyUnpackTexts(stored);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\": %d, \"tiers\": [", TIER_POLICY_VERSION);
	for (int i = 0; i < parts->n_tiers; i++)
	{
		const PolicyTier *t = &parts->tier[i];

		appendStringInfo(&out, "%s{\"tier\": ", i > 0 ? ", " : "");
		escape_json(&out, t->name);
		for (int rule = 0; rule < N_TIER_RULES; rule++)
			AppendString(&out, tier_rule_names[rule], t->text[rule]);
		AppendTerms(&out, t->term);
		appendStringInfoChar(&out, '}');
	}
	appendStringInfoChar(&out, ']');
	AppendChoice(&out, "upgrade", tier_when_names, parts->upgrade, EACH_RUN);
	AppendChoice(&out, "downgrade", tier_downgrade_names, parts->downgrade, DOWNGRADE_ONE_STEP);
	AppendChoice(&out, "check", tier_when_names, parts->check, EACH_RUN);
	AppendChoice(&out, "period", tier_period_names, parts->period, PERIOD_MONTH);
	AppendTerms(&out, parts->term);
	AppendChoice(&out, "requalify_by", tier_rule_names, parts->requalify_by, RULE_KEEP);
	AppendString(&out, "window", parts->window);
	appendStringInfoChar(&out, '}');
	return out.data;
}

Datum
custseg_tier_policy_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(PolicyText(PG_GETARG_VARLENA_P(0)));
}

/* tier_policy_to_jsonb(tier_policy), the cast to jsonb */
Datum
custseg_tier_policy_to_jsonb(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(PolicyText(PG_GETARG_VARLENA_P(0))));
}

/* --- Binary --------------------------------------------------------------- */

static void
SendTerms(StringInfo out, const TierTerm *terms)
{
	for (int i = 0; i < N_TIER_TERMS; i++)
	{
		pq_sendint32(out, terms[i].months);
		pq_sendint32(out, terms[i].days);
	}
}

static void
SendString(StringInfo out, const char *string)
{
	char	   *converted;

	if (string == NULL)
	{
		pq_sendint32(out, -1);
		return;
	}
	converted = pg_server_to_client(string, strlen(string));
	pq_sendint32(out, strlen(converted));
	pq_sendbytes(out, converted, strlen(converted));
}

Datum
custseg_tier_policy_send(PG_FUNCTION_ARGS)
{
	const TierPolicyParts *parts = TierPolicyUnpackTexts(PG_GETARG_VARLENA_P(0));
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendint8(&out, TIER_POLICY_VERSION);
	pq_sendint8(&out, parts->upgrade);
	pq_sendint8(&out, parts->downgrade);
	pq_sendint8(&out, parts->check);
	pq_sendint8(&out, parts->period);
	pq_sendint8(&out, parts->requalify_by);
	pq_sendint16(&out, parts->n_tiers);
	SendTerms(&out, parts->term);
	SendString(&out, parts->window);
	for (int i = 0; i < parts->n_tiers; i++)
	{
		const PolicyTier *t = &parts->tier[i];

		SendTerms(&out, t->term);
		SendString(&out, t->name);
		for (int rule = 0; rule < N_TIER_RULES; rule++)
			SendString(&out, t->text[rule]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

static int
ReceiveChoice(StringInfo in, const char *what, int n)
{
	int			choice = pq_getmsgbyte(in);

	if (choice >= n)
		BinaryRefuse("tier_policy", psprintf("Its code for \"%s\" is %d.", what, choice));
	return choice;
}

static void
ReceiveTerms(StringInfo in, TierTerm *terms)
{
	for (int i = 0; i < N_TIER_TERMS; i++)
	{
		int32		months = pq_getmsgint(in, 4);
		int32		days = pq_getmsgint(in, 4);

		if (months < -1 || months > MAX_TERM_MONTHS || days < 0 || days > MAX_TERM_DAYS ||
			(months == -1 && days != 0))
			BinaryRefuse("tier_policy", psprintf("A \"%s\" is out of range.", tier_term_names[i]));
		terms[i].months = months;
		terms[i].days = days;
	}
}

static const char *
ReceiveString(StringInfo in)
{
	int			length = pq_getmsgint(in, 4);

	/* -1: none; other negative lengths are refused by pq_getmsgtext */
	return length == -1 ? NULL : pq_getmsgtext(in, length, &length);
}

Datum
custseg_tier_policy_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	TierPolicyParts parts = {0};
	PolicyFault fault;
	const char *count_fault;

	BinaryVersion(in, "tier_policy", TIER_POLICY_VERSION);
	parts.upgrade = ReceiveChoice(in, "upgrade", N_TIER_WHEN);
	parts.downgrade = ReceiveChoice(in, "downgrade", N_TIER_DOWNGRADE);
	parts.check = ReceiveChoice(in, "check", N_TIER_WHEN);
	parts.period = ReceiveChoice(in, "period", N_TIER_PERIOD);
	parts.requalify_by = ReceiveChoice(in, "requalify_by", N_TIER_RULES);
	parts.n_tiers = pq_getmsgint(in, 2);
	count_fault = TierCountFault(parts.n_tiers);
	if (count_fault != NULL)
		BinaryRefuse("tier_policy", count_fault);
	ReceiveTerms(in, parts.term);
	parts.window = ReceiveString(in);
	if (parts.window != NULL)
	{
		parts.window = CanonicalWindow(parts.window);
		if (parts.window == NULL)
			BinaryRefuse("tier_policy", "Its \"window\" is not one.");
	}
	parts.tier = palloc0(parts.n_tiers * sizeof(PolicyTier));
	for (int i = 0; i < parts.n_tiers; i++)
	{
		PolicyTier *t = &parts.tier[i];

		ReceiveTerms(in, t->term);
		t->name = ReceiveString(in);
		if (t->name == NULL)
			BinaryRefuse("tier_policy", psprintf("Tier %d has no name.", i + 1));
		t->name_length = strlen(t->name);
		for (int rule = 0; rule < N_TIER_RULES; rule++)
			t->text[rule] = ReceiveString(in);
	}
	if (!TierPolicyParse(&parts, true, &fault))
		ereport(ERROR,
				(errcode(fault.sqlstate ? fault.sqlstate : ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg_internal("%s", fault.message),
				 fault.hint ? errhint("%s", fault.hint) : 0));
	PG_RETURN_POINTER(TierPolicyPack(&parts));
}
