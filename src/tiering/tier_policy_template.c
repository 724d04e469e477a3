/*
 * tier_policy_template.c
 *		The policies that ship.
 *
 * They are on scores from 1 to 5 and on classes, never on amounts, so that they
 * fit every currency and every size of firm: scores say how a customer compares
 * with the others. Each is easier to keep than to enter.
 */
#include "tiering/tier_policy_sql.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(custseg_tier_policy_template);

typedef struct PolicyTemplate
{
	const char *name;
	const char *text;
} PolicyTemplate;

static const PolicyTemplate templates[] = {
	{"vip_regular_potential",
		"{\"tiers\": [{\"tier\": \"potential\"},"
		" {\"tier\": \"regular\","
		" \"enter\": \"any 2 of (spend_score >= 3, frequency_score >= 3, loyalty_score >= 3)\","
		" \"keep\": \"any 2 of (spend_score >= 2, frequency_score >= 2, loyalty_score >= 2)\"},"
		" {\"tier\": \"vip\","
		" \"enter\": \"spend_score >= 4 and frequency_score >= 4 and loyalty_score >= 4\","
		" \"keep\": \"spend_score >= 3 and frequency_score >= 3 and loyalty_score >= 3\"}],"
		" \"stay\": \"3 months\", \"grace\": \"30 days\"}"},
	{"abc",
		"{\"tiers\": [{\"tier\": \"C\"},"
		" {\"tier\": \"B\", \"enter\": \"abc_class <= 2\"},"
		" {\"tier\": \"A\", \"enter\": \"abc_class <= 1\"}],"
		" \"stay\": \"3 months\", \"grace\": \"30 days\"}"},
	{"high_medium_low",
		"{\"tiers\": [{\"tier\": \"low\"},"
		" {\"tier\": \"medium\", \"enter\": \"score >= 3\", \"keep\": \"score >= 2\"},"
		" {\"tier\": \"high\", \"enter\": \"score >= 5\", \"keep\": \"score >= 4\"}],"
		" \"stay\": \"3 months\", \"grace\": \"30 days\"}"},
	{"quick_start",
		"{\"tiers\": [{\"tier\": \"occasional\"},"
		" {\"tier\": \"regular\", \"enter\": \"frequency_score >= 3 or spend_score >= 4\","
		" \"keep\": \"frequency_score >= 2 or spend_score >= 3\"},"
		" {\"tier\": \"best\", \"enter\": \"frequency_score >= 4 and spend_score >= 4\","
		" \"keep\": \"frequency_score >= 3 and spend_score >= 3\"}],"
		" \"grace\": \"30 days\"}"}
};

/* tier_policy_template(name text) -> tier_policy */
Datum
custseg_tier_policy_template(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < lengthof(templates); i++)
	{
		if (strcmp(name, templates[i].name) == 0)
			return DirectFunctionCall1(custseg_tier_policy_in, CStringGetDatum(templates[i].text));
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", templates[i].name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no tier policy template \"%s\"", name),
			 errhint("The templates are %s.", list.data)));
}
