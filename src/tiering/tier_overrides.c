/*
 * tier_overrides.c
 *		Overrides of a customer's tier, as jsonb.
 *
 *		[{"kind": "pin" | "floor" | "exclude", "tier": "vip",
 *		  "from": "2024-01-01", "until": "2024-07-01",
 *		  "reason": "contract", "author": "ann"}]
 *
 * An override is in force while from <= as_of < until; a missing bound is open.
 * An exclusion wins over a pin, a pin over a floor, a higher floor over a lower
 * one. Two pins to different tiers must not overlap on any day, so that the tier
 * does not depend on their order.
 *
 * Everything is checked at every call, in force or not: a mistake shows when it
 * is made, and not months later. Memory is of the current context.
 */
#include "tiering/tier_overrides.h"

#include "common/iso_date.h"
#include "common/names.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#define MAX_OVERRIDES	1000

typedef enum OverrideKind
{
	OVERRIDE_PIN, OVERRIDE_FLOOR, OVERRIDE_EXCLUDE, N_OVERRIDE_KINDS
} OverrideKind;

static const char *const kind_names[] = {"pin", "floor", "exclude"};

static const char *const override_keys[] = {
	"kind", "tier", "from", "until", "reason", "author"
};

typedef struct Override
{
	int			number;			/* from 1 */
	int			kind;
	int			tier;			/* -1: none */
	DateADT		from;
	DateADT		until;
	const char *text;			/* ": reason (author)", or NULL */
} Override;

pg_noreturn static void
Refuse(int number, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 number > 0 ? errmsg("override %d: %s", number, what) : errmsg("overrides %s", what),
			 hint ? errhint("%s", hint) : 0));
}

/* The string of a key, or NULL if it is missing or null. */
static const char *
FindString(JsonbContainer *object, const char *key, int number)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(object, key, strlen(key), &value) == NULL ||
		value.type == jbvNull)
		return NULL;
	if (value.type != jbvString)
		Refuse(number, psprintf("\"%s\" must be a string", key), NULL);
	return pnstrdup(value.val.string.val, value.val.string.len);
}

static bool
FindDate(JsonbContainer *object, const char *key, int number, DateADT *date)
{
	const char *text = FindString(object, key, number);

	if (text == NULL)
		return false;
	if (!IsoDateDecode(text, strlen(text), date))
		Refuse(number, psprintf("\"%s\" must be a date such as \"2024-01-31\", not \"%.*s\"", key,
								pg_mbcliplen(text, strlen(text), 40), text), NULL);
	return true;
}

static void
CheckOverrideKeys(JsonbContainer *object, int number)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		if (token == WJB_KEY &&
			FindName(override_keys, lengthof(override_keys),
					 key.val.string.val, key.val.string.len) < 0)
			Refuse(number, psprintf("key \"%.*s\" is not known",
									pg_mbcliplen(key.val.string.val, key.val.string.len, 40),
									key.val.string.val),
				   "The keys are kind, tier, from, until, reason and author.");
}

static const char *
OverrideText(const char *reason, const char *author)
{
	if (reason == NULL && author == NULL)
		return NULL;
	return psprintf("%s%s%s%s%s", reason ? ": " : "", reason ? reason : "",
					author ? " (" : "", author ? author : "", author ? ")" : "");
}

static void
ReadOverride(JsonbContainer *object, const TierPolicyParts *policy, Override *o)
{
	const char *kind;
	const char *tier;

	CheckOverrideKeys(object, o->number);
	kind = FindString(object, "kind", o->number);
	o->kind = kind ? FindName(kind_names, N_OVERRIDE_KINDS, kind, strlen(kind)) : -1;
	if (o->kind < 0)
		Refuse(o->number, "\"kind\" must be \"pin\", \"floor\" or \"exclude\"", NULL);
	tier = FindString(object, "tier", o->number);
	if (o->kind == OVERRIDE_EXCLUDE && tier != NULL)
		Refuse(o->number, "an exclusion has no tier", NULL);
	if (o->kind != OVERRIDE_EXCLUDE && tier == NULL)
		Refuse(o->number, psprintf("a %s needs a tier", kind), NULL);
	o->tier = tier ? TierPolicyFind(policy, tier, strlen(tier)) : -1;
	if (tier != NULL && o->tier < 0)
		Refuse(o->number, psprintf("the policy has no tier \"%.*s\"",
								   pg_mbcliplen(tier, strlen(tier), 100), tier), NULL);
	if (!FindDate(object, "from", o->number, &o->from))
		o->from = DATEVAL_NOBEGIN;
	if (!FindDate(object, "until", o->number, &o->until))
		o->until = DATEVAL_NOEND;
	if (o->from >= o->until)
		Refuse(o->number, "\"from\" must be before \"until\"",
			   "An override is in force from the one day up to, but not on, the other.");
	o->text = OverrideText(FindString(object, "reason", o->number),
						   FindString(object, "author", o->number));
}

static void
CheckPins(const Override *overrides, int n, const TierPolicyParts *policy)
{
	for (int i = 0; i < n; i++)
		for (int j = i + 1; overrides[i].kind == OVERRIDE_PIN && j < n; j++)
			if (overrides[j].kind == OVERRIDE_PIN && overrides[i].tier != overrides[j].tier &&
				overrides[i].from < overrides[j].until && overrides[j].from < overrides[i].until)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("overlapping overrides: %d pins to \"%s\", %d to \"%s\"",
								overrides[i].number, policy->tier[overrides[i].tier].name,
								overrides[j].number, policy->tier[overrides[j].tier].name),
						 errhint("End one before the other begins; \"until\" is the first day on which it no longer holds.")));
}

/* Takes an override that is in force. */
static void
Apply(const Override *o, TierOverrides *result)
{
	switch (o->kind)
	{
		case OVERRIDE_EXCLUDE:
			if (!result->exclude)
				result->exclude_text = o->text;
			result->exclude = true;
			break;
		case OVERRIDE_PIN:
			if (result->pin < 0)
				result->pin_text = o->text;
			result->pin = o->tier;
			break;
		default:
			if (o->tier > result->floor)
			{
				result->floor = o->tier;
				result->floor_text = o->text;
			}
			break;
	}
}

void
TierOverridesRead(const Jsonb *overrides, const TierPolicyParts *policy,
				  TierDay as_of, TierOverrides *result)
{
	JsonbContainer *array;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	Override   *read;
	int			n = 0;

	memset(result, 0, sizeof(*result));
	result->pin = -1;
	result->floor = -1;
	if (overrides == NULL)
		return;
	array = unconstify(JsonbContainer *, &overrides->root);
	if (JsonContainerIsScalar(array) || !JsonContainerIsArray(array))
		Refuse(0, "must be an array of objects",
			   "Such as [{\"kind\": \"floor\", \"tier\": \"vip\", \"until\": \"2024-12-31\", \"reason\": \"contract\"}]; NULL or [] is none.");
	if (JsonContainerSize(array) > MAX_OVERRIDES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %d overrides for one customer", MAX_OVERRIDES)));
	read = palloc(Max(JsonContainerSize(array), 1) * sizeof(Override));
	it = JsonbIteratorInit(array);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		read[n].number = n + 1;
		if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
			Refuse(n + 1, "it must be an object", NULL);
		ReadOverride(value.val.binary.data, policy, &read[n]);
		if (read[n].from <= as_of && as_of < read[n].until)
			Apply(&read[n], result);
		n++;
	}
	CheckPins(read, n, policy);
}
