/*
 * next_tier_text.c
 *		Why a customer got a tier, and what is missing, in words (core).
 *
 * Each reason is a pattern: %t is the tier that it is about, %d a day, %o what
 * an override says about itself.
 */
#include "tiering/next_tier_rule.h"

#include "common/iso_date.h"

static const char *const patterns[N_TIER_REASONS] = {
	[REASON_EXCLUDED] = "excluded%o",
	[REASON_PINNED] = "pinned to %t%o",
	[REASON_FLOOR] = "not below %t%o",
	[REASON_ENTERS_BASE] = "meets no entry rule of a higher tier",
	[REASON_ENTERS] = "meets the entry rule of %t",
	[REASON_UPGRADE_LATER] = "qualifies for %t; upgrade at %d",
	[REASON_UPGRADE_TOMORROW] = "qualifies for %t; came here today, and moves once a day",
	[REASON_KEEPS] = "meets the rule to keep %t",
	[REASON_KEEPS_BASE] = "%t is the base tier",
	[REASON_KEEPS_FLOOR] = "not below %t%o",
	[REASON_RENEWS] = "meets the rule to keep %t; renewed",
	[REASON_RENEWS_BASE] = "%t is the base tier; renewed",
	[REASON_RENEWS_FLOOR] = "not below %t%o; renewed",
	[REASON_RENEWS_UPGRADE_LATER] = "qualifies for %t; upgrade at %d; renewed",
	[REASON_NEVER] = "does not meet the rule to keep %t; the policy has no downgrades",
	[REASON_STAY] = "does not meet the rule to keep %t; no downgrade before %d (minimum stay)",
	[REASON_VALID] = "does not meet the rule to keep %t; no downgrade before %d (validity)",
	[REASON_JUDGED_LATER] = "does not meet the rule to keep %t; judged at %d",
	[REASON_GRACE] = "does not meet the rule to keep %t; the last day of grace is %d",
	[REASON_MOVED_TODAY] = "does not meet the rule to keep %t; came here today, and moves once a day",
	[REASON_ONE_STEP] = "does not meet the rule to keep %t; one step down",
	[REASON_REQUALIFY] = "does not meet the rule to keep %t; down to the tier whose rule is met",
	[REASON_TO_BASE] = "does not meet the rule to keep %t; down to the base tier",
	[REASON_TO_FLOOR] = "does not meet the rule to keep %t; not lower%o"
};

static void
WriteDay(TextBuffer *out, TierDay day)
{
	char		text[MAXDATELEN + 1];

	IsoDateEncode(day, text);
	TextBytes(out, text, strlen(text));
}

bool
TierReasonIsFixed(const TierDecision *decision)
{
	return decision->reason_text == NULL &&
		strstr(patterns[decision->reason], "%d") == NULL;
}

void
TierReasonText(TextBuffer *out, const TierPolicyParts *policy, const TierDecision *decision)
{
	const char *p = patterns[decision->reason];

	for (;;)
	{
		const char *mark = strchr(p, '%');

		if (mark == NULL)
			break;
		TextBytes(out, p, mark - p);
		switch (mark[1])
		{
			case 't':
				TextBytes(out, policy->tier[decision->reason_tier].name,
						  policy->tier[decision->reason_tier].name_length);
				break;
			case 'd':
				WriteDay(out, decision->reason_day);
				break;
			default:
				if (decision->reason_text != NULL)
					TextBytes(out, decision->reason_text, strlen(decision->reason_text));
				break;
		}
		p = mark + 2;
	}
	TextBytes(out, p, strlen(p));
}

bool
TierMissingNext(TextBuffer *out, const TierPolicyParts *policy,
				const TierDecision *decision, const double *values)
{
	int			next = decision->next.tier + 1;
	const ConditionNode *rule;

	if (next == 0 || next == policy->n_tiers)
		return false;
	rule = policy->tier[next].rule[RULE_ENTER].node;
	if ((decision->entry >= 0 && next > decision->entry) || !MemberHolds(rule, values))
	{
		ConditionMissing(out, rule, values, &policy->measures);
		return true;
	}
	switch (decision->due)
	{
		case DUE_ON_DAY:
			TextLiteral(out, "nothing, due at ");
			WriteDay(out, decision->due_day);
			break;
		case DUE_NEVER:
			TextLiteral(out, "nothing, but pinned");
			break;
		default:
			TextLiteral(out, "nothing, due at the next run");
			break;
	}
	return true;
}

bool
TierMissingKeep(TextBuffer *out, const TierPolicyParts *policy,
				const TierDecision *decision, const double *values)
{
	const ConditionNode *rule;

	if (decision->next.tier <= 0 || decision->keeps)
		return false;
	rule = policy->tier[decision->next.tier].rule[RULE_KEEP].node;
	if (MemberHolds(rule, values))
		return false;
	ConditionMissing(out, rule, values, &policy->measures);
	return true;
}
