/*
 * next_tier_rule.h
 *		The decision which tier a customer is in from a day on, and why.
 */
#ifndef CUSTSEG_NEXT_TIER_RULE_H
#define CUSTSEG_NEXT_TIER_RULE_H

#include "tiering/condition_text.h"
#include "tiering/tier_policy.h"

/* Days as in DateADT. */
typedef int32 TierDay;

/* The calendar at one as_of; add is the server's own arithmetic. */
typedef struct TierCalendar
{
	TierDay		as_of;
	TierDay		period_end;		/* last day of the policy's period that holds as_of */
	TierDay		(*add) (void *arg, TierDay day, int32 months, int32 days);
	void	   *arg;
} TierCalendar;

/* What overrides say at as_of. Texts are NULL or ": reason (author)". */
typedef struct TierOverrides
{
	bool		exclude;
	int			pin;			/* -1: none */
	int			floor;			/* -1: none */
	const char *exclude_text;
	const char *pin_text;
	const char *floor_text;
} TierOverrides;

typedef struct TierState
{
	int			tier;			/* -1: none */
	TierDay		since;			/* when there is a tier */
	bool		in_grace;
	TierDay		grace_since;
} TierState;

typedef enum TierTransition
{
	MOVE_NONE, MOVE_ENTER, MOVE_UPGRADE, MOVE_DOWNGRADE, MOVE_RENEW, MOVE_EXIT,
	MOVE_GRACE, MOVE_KEEP, N_TIER_TRANSITIONS
} TierTransition;

extern const char *const tier_transition_names[];

typedef enum TierReason
{
	REASON_EXCLUDED, REASON_PINNED, REASON_FLOOR, REASON_ENTERS_BASE, REASON_ENTERS,
	REASON_UPGRADE_LATER, REASON_UPGRADE_TOMORROW,
	REASON_KEEPS, REASON_KEEPS_BASE, REASON_KEEPS_FLOOR,
	REASON_RENEWS, REASON_RENEWS_BASE, REASON_RENEWS_FLOOR, REASON_RENEWS_UPGRADE_LATER,
	REASON_NEVER, REASON_STAY, REASON_VALID, REASON_JUDGED_LATER, REASON_GRACE,
	REASON_MOVED_TODAY, REASON_ONE_STEP, REASON_REQUALIFY, REASON_TO_BASE,
	REASON_TO_FLOOR,
	N_TIER_REASONS
} TierReason;

/* Whether the entry rule above holds and is not due; see NextTierMissing. */
typedef enum TierDue
{
	DUE_WHEN_MET, DUE_ON_DAY, DUE_LATER, DUE_NEVER
} TierDue;

typedef struct TierDecision
{
	TierState	next;
	TierTransition transition;
	TierReason	reason;
	int			reason_tier;	/* the tier that the reason is about, or -1 */
	TierDay		reason_day;		/* where the reason names one */
	const char *reason_text;	/* of an override, or NULL */
	int			entry;			/* the highest tier whose entry rule holds; -1: not asked */
	bool		keeps;			/* the rule to keep the tier is known to hold */
	TierDue		due;
	TierDay		due_day;
	bool		has_end;
	TierDay		valid_until;	/* exclusive */
} TierDecision;

/* values: of the policy's measures, NaN for unknown. */
extern void NextTier(const TierPolicyParts *policy, const TierState *state,
					 const double *values, const TierOverrides *overrides,
					 const TierCalendar *calendar, TierDecision *result);

/* The reason in words. */
extern void TierReasonText(TextBuffer *out, const TierPolicyParts *policy,
						   const TierDecision *decision);

/* Does its text depend on nothing but the tier? */
extern bool TierReasonIsFixed(const TierDecision *decision);

/*
 * What is missing for the entry rule above the decided tier, and for the rule to
 * keep it; false: nothing is to be said.
 */
extern bool TierMissingNext(TextBuffer *out, const TierPolicyParts *policy,
							const TierDecision *decision, const double *values);
extern bool TierMissingKeep(TextBuffer *out, const TierPolicyParts *policy,
							const TierDecision *decision, const double *values);

#endif							/* CUSTSEG_NEXT_TIER_RULE_H */
