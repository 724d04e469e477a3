/*
 * tier_policy.h
 *		When a customer may move between tiers: the parts of a policy, and the
 *		bytes of the type tier_policy.
 */
#ifndef CUSTSEG_TIER_POLICY_H
#define CUSTSEG_TIER_POLICY_H

#include "common/core.h"
#include "tiering/condition.h"

#define TIER_POLICY_VERSION		1
#define MAX_TIERS				100
#define MAX_TIER_NAME			200 /* bytes */
#define MAX_TERM_MONTHS			12000
#define MAX_TERM_DAYS			366000

/* A length of time in whole months and days. */
typedef struct TierTerm
{
	int32		months;			/* -1: not set */
	int32		days;
} TierTerm;

#define NO_TERM ((TierTerm) {-1, 0})

static inline bool
TermIsSet(TierTerm term)
{
	return term.months >= 0;
}

/* Set, and not of length 0, which means the same as not set at all. */
static inline bool
TermIsPositive(TierTerm term)
{
	return term.months > 0 || (term.months == 0 && term.days > 0);
}

typedef enum TierWhen
{
	EACH_RUN, PERIOD_END, N_TIER_WHEN
} TierWhen;

typedef enum TierDowngrade
{
	DOWNGRADE_NEVER, DOWNGRADE_ONE_STEP, DOWNGRADE_REQUALIFY, DOWNGRADE_TO_BASE,
	N_TIER_DOWNGRADE
} TierDowngrade;

typedef enum TierPeriod
{
	PERIOD_MONTH, PERIOD_QUARTER, PERIOD_HALF, PERIOD_YEAR, N_TIER_PERIOD
} TierPeriod;

typedef enum TierRule
{
	RULE_ENTER, RULE_KEEP, N_TIER_RULES
} TierRule;

extern const char *const tier_when_names[];
extern const char *const tier_downgrade_names[];
extern const char *const tier_period_names[];
extern const int tier_period_months[];
extern const char *const tier_rule_names[];

typedef enum TierTermKind
{
	TERM_STAY, TERM_GRACE, TERM_VALIDITY, N_TIER_TERMS
} TierTermKind;

extern const char *const tier_term_names[];

typedef struct PolicyTier
{
	const char *name;
	int			name_length;
	/* The rules as text, NUL-terminated; NULL: none, and the keep rule is enter. */
	const char *text[N_TIER_RULES];
	TierTerm	term[N_TIER_TERMS]; /* its own */

	/* Made by TierPolicyParse. */
	Condition	rule[N_TIER_RULES]; /* of the base tier: no nodes */
} PolicyTier;

typedef struct TierPolicyParts
{
	int			n_tiers;
	PolicyTier *tier;			/* lowest first */
	int			upgrade;		/* a TierWhen */
	int			downgrade;		/* a TierDowngrade */
	int			check;			/* a TierWhen */
	int			period;			/* a TierPeriod */
	int			requalify_by;	/* a TierRule */
	TierTerm	term[N_TIER_TERMS];
	const char *window;			/* NULL: not said */
	MeasureNames measures;		/* made by TierPolicyParse */
} TierPolicyParts;

/* What is wrong with a policy. */
typedef struct PolicyFault
{
	int			sqlstate;		/* 0: it is not a policy at all */
	const char *message;
	const char *hint;			/* or NULL */
} PolicyFault;

/* Always false, for return statements. */
extern bool PolicyRefuse(PolicyFault *fault, int sqlstate, const char *message, const char *hint);

/*
 * Reads the rules and checks names; of text from outside also what a policy must
 * keep to (check), in tier_policy_check.c. The rules' texts become canonical.
 */
extern bool TierPolicyParse(TierPolicyParts *parts, bool check, PolicyFault *fault);
extern bool TierPolicyCheck(const TierPolicyParts *parts, PolicyFault *fault);

/* The term that counts for a tier: its own or the policy's. */
static inline TierTerm
TierTermOf(const TierPolicyParts *parts, int tier, TierTermKind kind)
{
	TierTerm	own = parts->tier[tier].term[kind];

	return TermIsSet(own) ? own : parts->term[kind];
}

/* The index of a tier, or -1. */
extern int	TierPolicyFind(const TierPolicyParts *parts, const char *name, int length);

/* The stored form: a varlena, palloc'd. */
extern struct varlena *TierPolicyPack(const TierPolicyParts *parts);

/* The parts of a stored policy, which has been checked; its bytes are copied. */
extern TierPolicyParts *TierPolicyUnpack(const struct varlena *stored);

/* The same, without reading the rules: their texts alone. */
extern TierPolicyParts *TierPolicyUnpackTexts(const struct varlena *stored);

/* 'lifetime', 'rolling N months', 'month', ..., 'anniversary': is it one? */
typedef enum WindowKind
{
	WINDOW_LIFETIME, WINDOW_ROLLING, WINDOW_MONTH, WINDOW_QUARTER, WINDOW_HALF,
	WINDOW_YEAR, WINDOW_ANNIVERSARY
} WindowKind;

extern bool MeasureWindowParse(const char *text, int length, WindowKind *kind, int *months);
extern const char measure_window_hint[];

#endif							/* CUSTSEG_TIER_POLICY_H */
