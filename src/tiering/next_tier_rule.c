/*
 * next_tier_rule.c
 *		The decision which tier a customer is in from a day on (core).
 *
 * A pure function of the policy, the customer's present state, the measures, the
 * overrides and the day. The steps, the first that applies decides:
 *
 *		1	an exclusion	no tier
 *		2	a pin			that tier
 *		3	no tier yet		the highest tier whose entry rule holds, or the floor
 *		4	a higher tier	its entry rule holds, or it is the floor: up, at once or
 *							at the end of the period (a floor always at once)
 *		5	the tier is kept	its keep rule holds, or it is the base, or the floor
 *		6	it is not kept	never, stay and validity, the judging day, grace, and
 *							then down
 *
 * What always holds, and what the tests try on random policies:
 *
 * - A second application on the same day changes nothing. Hence no downgrade on
 *   the day of another move, and with to_base, which leads below what a customer
 *   qualifies for, no upgrade by rule on that day either.
 * - With measures that are each used in one direction, better values never lead
 *   to a lower tier: every step compares tiers that only rise with the values.
 * - The start of grace is never before the start of the tier.
 */
#include "tiering/next_tier_rule.h"

#include "common/int.h"
#include "datatype/timestamp.h"

const char *const tier_transition_names[] = {
	"none", "enter", "upgrade", "downgrade", "renew", "exit", "grace", "keep"
};

/* What every step works on. */
typedef struct Case
{
	const TierPolicyParts *policy;
	const TierState *now;
	const double *values;
	const TierOverrides *overrides;
	const TierCalendar *calendar;
	TierDecision *result;
} Case;

static inline bool
RuleHolds(const Case *c, int tier, TierRule rule)
{
	return tier == 0 || MemberHolds(c->policy->tier[tier].rule[rule].node, c->values);
}

static inline TierDay
AddTerm(const Case *c, TierDay day, TierTerm term, int times)
{
	int64		sum = (int64) day + (int64) times * term.days;
	int32		months;
	int32		days;

	if (term.months == 0 && IS_VALID_DATE(sum))
		return (TierDay) sum;
	if (pg_mul_s32_overflow(times, term.months, &months) ||
		pg_mul_s32_overflow(times, term.days, &days))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range")));
	return c->calendar->add(c->calendar->arg, day, months, days);
}

static inline void
Say(const Case *c, TierTransition transition, TierReason reason, int tier)
{
	c->result->transition = transition;
	c->result->reason = reason;
	c->result->reason_tier = tier;
}

/* To another tier, from this day on. */
static void
Move(const Case *c, int tier)
{
	c->result->next.tier = tier;
	c->result->next.since = c->calendar->as_of;
	c->result->next.in_grace = false;
}

/* The highest tier up to `from` whose rule holds. */
static int
HighestTier(const Case *c, int from, TierRule rule)
{
	while (!RuleHolds(c, from, rule))
		from--;
	return from;
}

/* --- The steps ------------------------------------------------------------ */

static void
Pin(const Case *c)
{
	int			pin = c->overrides->pin;
	int			now = c->now->tier;

	c->result->reason_text = c->overrides->pin_text;
	c->result->due = DUE_NEVER;
	if (now == pin)
	{
		c->result->next.in_grace = false;
		Say(c, MOVE_KEEP, REASON_PINNED, pin);
		return;
	}
	Move(c, pin);
	Say(c, now < 0 ? MOVE_ENTER : pin > now ? MOVE_UPGRADE : MOVE_DOWNGRADE, REASON_PINNED, pin);
}

/* In at a tier, or up to it, by its entry rule or by the floor. */
static void
Rise(const Case *c, TierTransition transition, int tier, bool by_floor)
{
	Move(c, tier);
	c->result->keeps = !by_floor;
	if (by_floor)
		c->result->reason_text = c->overrides->floor_text;
	Say(c, transition, by_floor ? REASON_FLOOR : tier == 0 ? REASON_ENTERS_BASE : REASON_ENTERS, tier);
}

static inline bool
JudgingDay(const Case *c)
{
	return c->policy->check == EACH_RUN || c->calendar->as_of == c->calendar->period_end;
}

/*
 * The start of the last term that began by as_of: since + n * validity with the
 * largest n for which it is not after as_of. Each is counted from since, so that
 * the last days of months do not drift. n is found by bisection: a term of m
 * months and d days has 28 m + d to 31 m + d days.
 */
static TierDay
TermStart(const Case *c, TierDay since, TierTerm validity)
{
	int64		elapsed = (int64) c->calendar->as_of - since;
	int64		low = elapsed / (31 * (int64) validity.months + validity.days);
	int64		high = elapsed / (28 * (int64) validity.months + validity.days) + 1;

	/* low is good, high is too far */
	while (high - low > 1)
	{
		int64		middle = (low + high) / 2;

		if (AddTerm(c, since, validity, (int) middle) <= c->calendar->as_of)
			low = middle;
		else
			high = middle;
	}
	return AddTerm(c, since, validity, (int) low);
}

/* Begins a new term where validity has passed; false where it has not. */
static bool
Renew(const Case *c, TierTerm validity)
{
	TierState  *next = &c->result->next;

	if (!TermIsPositive(validity) ||
		c->calendar->as_of < AddTerm(c, next->since, validity, 1))
		return false;
	/*
	 * Where the month's last day was clamped, the term from its start may end
	 * before the next one counted from since: from 31 January by months, that of
	 * 28 February on 28 March. On the 29th it has passed, and is renewed as well,
	 * as the next call would do.
	 */
	do
		next->since = TermStart(c, next->since, validity);
	while (AddTerm(c, next->since, validity, 1) <= c->calendar->as_of);
	/* a new term begins without the warning of the one before */
	next->in_grace = false;
	return true;
}

static void
Keep(const Case *c, TierReason reason, TierTerm validity)
{
	TierState  *next = &c->result->next;

	if (JudgingDay(c))
		next->in_grace = false;
	if (Renew(c, validity))
		Say(c, MOVE_RENEW, reason + (REASON_RENEWS - REASON_KEEPS), next->tier);
	else
		Say(c, MOVE_KEEP, reason, next->tier);
}

/* The rules lead up to a tier that is not due yet: meanwhile the tier is kept. */
static void
Wait(const Case *c, int tier, bool tomorrow, TierTerm validity)
{
	c->result->due = tomorrow ? DUE_LATER : DUE_ON_DAY;
	c->result->due_day = c->result->reason_day = c->calendar->period_end;
	if (JudgingDay(c))
		c->result->next.in_grace = false;
	if (Renew(c, validity))
		Say(c, MOVE_RENEW, REASON_RENEWS_UPGRADE_LATER, tier);
	else
		Say(c, MOVE_KEEP, tomorrow ? REASON_UPGRADE_TOMORROW : REASON_UPGRADE_LATER, tier);
}

/* Down, by the policy's way, but not below the floor. */
static void
Fall(const Case *c)
{
	int			now = c->now->tier;
	int			floor = c->overrides->floor;
	int			tier = now - 1;
	TierReason	reason = REASON_ONE_STEP;

	if (c->now->since == c->calendar->as_of)
	{
		Say(c, MOVE_KEEP, REASON_MOVED_TODAY, now);
		return;
	}
	if (c->policy->downgrade == DOWNGRADE_TO_BASE)
	{
		tier = 0;
		reason = REASON_TO_BASE;
		c->result->due = DUE_LATER;
	}
	else if (c->policy->downgrade == DOWNGRADE_REQUALIFY)
	{
		tier = HighestTier(c, now - 1, c->policy->requalify_by);
		reason = REASON_REQUALIFY;
	}
	if (tier < floor)
	{
		tier = floor;
		reason = REASON_TO_FLOOR;
		c->result->reason_text = c->overrides->floor_text;
	}
	Move(c, tier);
	Say(c, MOVE_DOWNGRADE, reason, now);
}

/* No rule keeps the tier any more. */
static void
Lose(const Case *c, TierTerm validity)
{
	const TierPolicyParts *policy = c->policy;
	TierDay		as_of = c->calendar->as_of;
	TierState  *next = &c->result->next;
	TierTerm	stay = TierTermOf(policy, next->tier, TERM_STAY);
	TierTerm	grace = TierTermOf(policy, next->tier, TERM_GRACE);
	TierDay		stay_end = TermIsPositive(stay) ? AddTerm(c, next->since, stay, 1) : next->since;
	TierDay		valid_end = TermIsPositive(validity) ? AddTerm(c, next->since, validity, 1) : next->since;

	c->result->reason_day = Max(stay_end, valid_end);
	if (policy->downgrade == DOWNGRADE_NEVER)
	{
		Say(c, MOVE_KEEP, REASON_NEVER, next->tier);
		return;
	}
	if (as_of < c->result->reason_day)
	{
		Say(c, MOVE_KEEP, stay_end >= valid_end ? REASON_STAY : REASON_VALID, next->tier);
		return;
	}
	if (!JudgingDay(c))
	{
		c->result->reason_day = c->calendar->period_end;
		Say(c, MOVE_KEEP, REASON_JUDGED_LATER, next->tier);
		return;
	}
	if (TermIsPositive(grace))
	{
		TierDay		start = next->in_grace ? next->grace_since : as_of;
		TierDay		end = AddTerm(c, start, grace, 1);

		if (as_of < end)
		{
			next->in_grace = true;
			next->grace_since = start;
			c->result->reason_day = end - 1;
			Say(c, MOVE_GRACE, REASON_GRACE, next->tier);
			return;
		}
	}
	Fall(c);
}

/* For a customer who has a tier, and no override but perhaps a floor. */
static void
Judge(const Case *c)
{
	const TierPolicyParts *policy = c->policy;
	int			now = c->now->tier;
	int			floor = c->overrides->floor;
	int			entry = HighestTier(c, policy->n_tiers - 1, RULE_ENTER);
	TierTerm	validity = TierTermOf(policy, now, TERM_VALIDITY);
	bool		tomorrow;
	bool		later;

	c->result->entry = entry;
	if (Max(entry, floor) > now)
	{
		tomorrow = policy->downgrade == DOWNGRADE_TO_BASE &&
			c->now->since == c->calendar->as_of;
		later = policy->upgrade == PERIOD_END && c->calendar->as_of != c->calendar->period_end;
		if (entry >= floor && !tomorrow && !later)
			Rise(c, MOVE_UPGRADE, entry, false);
		else if (floor > now)
		{
			Rise(c, MOVE_UPGRADE, floor, true);
			if (entry > floor)
			{
				c->result->due = later ? DUE_ON_DAY : DUE_LATER;
				c->result->due_day = c->calendar->period_end;
			}
		}
		else
			Wait(c, entry, !later, validity);
		return;
	}
	if (now == 0)
		Keep(c, REASON_KEEPS_BASE, validity);
	else if (RuleHolds(c, now, RULE_KEEP))
	{
		c->result->keeps = true;
		Keep(c, REASON_KEEPS, validity);
	}
	else if (floor >= now)
	{
		c->result->reason_text = c->overrides->floor_text;
		Keep(c, REASON_KEEPS_FLOOR, validity);
	}
	else
		Lose(c, validity);
}

void
NextTier(const TierPolicyParts *policy, const TierState *state,
		 const double *values, const TierOverrides *overrides,
		 const TierCalendar *calendar, TierDecision *result)
{
	Case		c = {policy, state, values, overrides, calendar, result};

	result->next = *state;
	result->reason_tier = -1;
	result->reason_text = NULL;
	result->due = DUE_WHEN_MET;
	result->entry = -1;
	result->keeps = false;
	result->has_end = false;

	if (overrides->exclude)
	{
		result->next.tier = -1;
		result->next.in_grace = false;
		result->reason_text = overrides->exclude_text;
		Say(&c, state->tier < 0 ? MOVE_NONE : MOVE_EXIT, REASON_EXCLUDED, -1);
		return;
	}
	if (overrides->pin >= 0)
		Pin(&c);
	else if (state->tier < 0)
	{
		int			entry = HighestTier(&c, policy->n_tiers - 1, RULE_ENTER);

		result->entry = entry;
		Rise(&c, MOVE_ENTER, Max(entry, overrides->floor), overrides->floor > entry);
	}
	else
		Judge(&c);

	{
		TierTerm	validity = TierTermOf(policy, result->next.tier, TERM_VALIDITY);

		result->has_end = TermIsPositive(validity);
		if (result->has_end)
			result->valid_until = AddTerm(&c, result->next.since, validity, 1);
	}
}
