/*
 * tier_policy.c
 *		A tier policy: its parts, and its bytes (core).
 *
 * Stored, a policy is a varlena: a fixed head, then each tier in turn, lowest
 * first. Rules are kept as canonical text: they are short, and reading them
 * again costs microseconds once per statement, while the nodes of a condition
 * may change from version to version.
 *
 *		version, upgrade, downgrade, check, period, requalify_by	1 byte each
 *		number of tiers												2 bytes
 *		stay, grace, validity										months, days: int32 each
 *		window														string
 *		per tier: stay, grace, validity, then name, enter, keep		strings
 *
 * A string is an int32 length, -1 for none, and its bytes. Equal policies have
 * equal bytes, since rules are canonical and keep is left out where it says the
 * same as enter.
 *
 * Whatever comes from outside goes through TierPolicyParse with check; what is
 * stored is trusted but for its version and its length.
 */
#include "tiering/tier_policy.h"

#include "common/binary.h"
#include "common/names.h"
#include "mb/pg_wchar.h"

const char *const tier_when_names[] = {"each_run", "period_end"};
const char *const tier_downgrade_names[] = {"never", "one_step", "requalify", "to_base"};
const char *const tier_period_names[] = {"month", "quarter", "half", "year"};
const int	tier_period_months[] = {1, 3, 6, 12};
const char *const tier_rule_names[] = {"enter", "keep"};
const char *const tier_term_names[] = {"stay", "grace", "validity"};

const char	measure_window_hint[] =
"It is 'lifetime', 'rolling N months', 'month', 'quarter', 'half', 'year' or 'anniversary'.";

typedef struct PolicyHead
{
	int32		vl_len_;
	uint8		version;
	uint8		upgrade;
	uint8		downgrade;
	uint8		check;
	uint8		period;
	uint8		requalify_by;
	uint16		n_tiers;
	TierTerm	term[N_TIER_TERMS];
} PolicyHead;

bool
PolicyRefuse(PolicyFault *fault, int sqlstate, const char *message, const char *hint)
{
	fault->sqlstate = sqlstate;
	fault->message = message;
	fault->hint = hint;
	return false;
}

/* --- Reading the rules ---------------------------------------------------- */

/* Reads a rule and puts its canonical text in place of the given one. */
static bool
ParseRule(TierPolicyParts *parts, int tier, int rule, PolicyFault *fault)
{
	PolicyTier *t = &parts->tier[tier];
	const char *text = t->text[rule];
	ConditionError error;
	StringInfoData canonical;

	if (!ConditionParse(text, strlen(text), &parts->measures, &t->rule[rule], &error))
		return PolicyRefuse(fault, error.limit ? ERRCODE_PROGRAM_LIMIT_EXCEEDED : 0,
							psprintf("invalid condition of tier \"%s\": %s at character %d of \"%s\"",
									 t->name, error.message,
									 pg_mbstrlen_with_len(text, error.at) + 1,
									 tier_rule_names[rule]), NULL);
	initStringInfo(&canonical);
	ConditionPrint(&canonical, t->rule[rule].node, &parts->measures);
	if (canonical.len > MAX_CONDITION_BYTES)
		return PolicyRefuse(fault, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
							psprintf("invalid condition of tier \"%s\": in canonical form \"%s\" has %d bytes, more than %d",
									 t->name, tier_rule_names[rule], canonical.len, MAX_CONDITION_BYTES),
							NULL);
	t->text[rule] = canonical.data;
	return true;
}

static bool
CheckNames(const TierPolicyParts *parts, PolicyFault *fault)
{
	for (int i = 0; i < parts->n_tiers; i++)
	{
		const PolicyTier *t = &parts->tier[i];

		if (t->name_length == 0)
			return PolicyRefuse(fault, 0, psprintf("the name of tier %d is empty", i + 1), NULL);
		if (t->name_length > MAX_TIER_NAME)
			return PolicyRefuse(fault, 0, psprintf("the name of tier %d has %d bytes; at most %d are allowed",
												   i + 1, t->name_length, MAX_TIER_NAME), NULL);
		if (TierPolicyFind(parts, t->name, t->name_length) < i)
			return PolicyRefuse(fault, 0, psprintf("tier \"%s\" is named twice", t->name), NULL);
	}
	return true;
}

bool
TierPolicyParse(TierPolicyParts *parts, bool check, PolicyFault *fault)
{
	if (check && !CheckNames(parts, fault))
		return false;
	for (int rule = 0; rule < N_TIER_RULES; rule++)
		if (parts->tier[0].text[rule] != NULL)
			return PolicyRefuse(fault, 0,
								psprintf("the lowest tier \"%s\" must not have the rule \"%s\"",
										 parts->tier[0].name, tier_rule_names[rule]),
								"Add a base tier below it, for customers who meet no other tier's rule: {\"tier\": \"base\"}.");

	for (int i = 1; i < parts->n_tiers; i++)
	{
		PolicyTier *t = &parts->tier[i];

		if (t->text[RULE_ENTER] == NULL)
			return PolicyRefuse(fault, 0, psprintf("tier \"%s\" has no entry rule", t->name),
								"Every tier above the lowest one needs \"enter\", such as \"spend >= 1000\".");
		if (!ParseRule(parts, i, RULE_ENTER, fault))
			return false;
		if (t->text[RULE_KEEP] != NULL && !ParseRule(parts, i, RULE_KEEP, fault))
			return false;
		if (t->text[RULE_KEEP] != NULL && strcmp(t->text[RULE_KEEP], t->text[RULE_ENTER]) == 0)
			t->text[RULE_KEEP] = NULL;
		if (t->text[RULE_KEEP] == NULL)
			t->rule[RULE_KEEP] = t->rule[RULE_ENTER];
	}
	return !check || TierPolicyCheck(parts, fault);
}

int
TierPolicyFind(const TierPolicyParts *parts, const char *name, int length)
{
	for (int i = 0; i < parts->n_tiers; i++)
		if (parts->tier[i].name_length == length &&
			memcmp(parts->tier[i].name, name, length) == 0)
			return i;
	return -1;
}

bool
MeasureWindowParse(const char *text, int length, WindowKind *kind, int *months)
{
	static const char *const names[] = {
		"lifetime", "", "month", "quarter", "half", "year", "anniversary"
	};
	char		copy[24];
	char		again[64];
	int			found;

	*months = 0;
	found = length == 0 ? -1 : FindName(names, lengthof(names), text, length);
	if (found >= 0)
	{
		*kind = (WindowKind) found;
		return true;
	}
	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	*kind = WINDOW_ROLLING;
	if (sscanf(copy, "rolling %5d month", months) != 1 || *months < 1 || *months > MAX_TERM_MONTHS)
		return false;
	/* "1 month" may do without its s */
	snprintf(again, sizeof(again), "rolling %d months", *months);
	if (*months == 1 && strcmp(copy, "rolling 1 month") == 0)
		return true;
	return strcmp(copy, again) == 0;
}

/* --- Bytes ---------------------------------------------------------------- */

static void
PackString(StringInfo out, const char *string)
{
	int32		length = string ? (int32) strlen(string) : -1;

	appendBinaryStringInfo(out, (const char *) &length, sizeof(length));
	if (string != NULL)
		appendBinaryStringInfo(out, string, length);
}

struct varlena *
TierPolicyPack(const TierPolicyParts *parts)
{
	PolicyHead	head = {
		.version = TIER_POLICY_VERSION,
		.upgrade = parts->upgrade,
		.downgrade = parts->downgrade,
		.check = parts->check,
		.period = parts->period,
		.requalify_by = parts->requalify_by,
		.n_tiers = parts->n_tiers,
	};
	StringInfoData out;

	memcpy(head.term, parts->term, sizeof(head.term));
	initStringInfo(&out);
	appendBinaryStringInfo(&out, (const char *) &head, sizeof(head));
	PackString(&out, parts->window);
	for (int i = 0; i < parts->n_tiers; i++)
	{
		const PolicyTier *t = &parts->tier[i];

		appendBinaryStringInfo(&out, (const char *) t->term, sizeof(t->term));
		PackString(&out, t->name);
		for (int rule = 0; rule < N_TIER_RULES; rule++)
			PackString(&out, t->text[rule]);
	}
	SET_VARSIZE(out.data, out.len);
	return (struct varlena *) out.data;
}

pg_noreturn static void
Corrupted(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("tier_policy is corrupted")));
}

/* The next bytes of a stored policy, which must be there. */
static const char *
UnpackBytes(const char **p, const char *end, int64 length)
{
	const char *bytes = *p;

	if (length > end - bytes)
		Corrupted();
	*p += length;
	return bytes;
}

static const char *
UnpackString(const char **p, const char *end)
{
	int32		length;

	memcpy(&length, UnpackBytes(p, end, sizeof(length)), sizeof(length));
	return length < 0 ? NULL : pnstrdup(UnpackBytes(p, end, length), length);
}

TierPolicyParts *
TierPolicyUnpackTexts(const struct varlena *stored)
{
	PolicyHead	head;
	TierPolicyParts *parts = palloc0(sizeof(TierPolicyParts));
	const char *p = (const char *) stored;
	const char *end = p + VARSIZE(stored);

	memcpy(&head, UnpackBytes(&p, end, sizeof(head)), sizeof(head));
	CheckStoredVersion("tier_policy", head.version, TIER_POLICY_VERSION);
	parts->upgrade = head.upgrade;
	parts->downgrade = head.downgrade;
	parts->check = head.check;
	parts->period = head.period;
	parts->requalify_by = head.requalify_by;
	memcpy(parts->term, head.term, sizeof(head.term));
	parts->window = UnpackString(&p, end);
	parts->n_tiers = head.n_tiers;
	parts->tier = palloc0(parts->n_tiers * sizeof(PolicyTier));
	for (int i = 0; i < parts->n_tiers; i++)
	{
		PolicyTier *t = &parts->tier[i];

		memcpy(t->term, UnpackBytes(&p, end, sizeof(t->term)), sizeof(t->term));
		t->name = UnpackString(&p, end);
		if (t->name == NULL)
			Corrupted();
		t->name_length = strlen(t->name);
		for (int rule = 0; rule < N_TIER_RULES; rule++)
			t->text[rule] = UnpackString(&p, end);
	}
	return parts;
}

TierPolicyParts *
TierPolicyUnpack(const struct varlena *stored)
{
	TierPolicyParts *parts = TierPolicyUnpackTexts(stored);
	PolicyFault fault;

	if (!TierPolicyParse(parts, false, &fault))
		elog(ERROR, "a stored tier_policy cannot be read: %s", fault.message);
	return parts;
}
