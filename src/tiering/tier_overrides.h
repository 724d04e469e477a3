/*
 * tier_overrides.h
 *		Overrides of a customer's tier, as jsonb.
 */
#ifndef CUSTSEG_TIER_OVERRIDES_H
#define CUSTSEG_TIER_OVERRIDES_H

#include "postgres.h"

#include "common/compat.h"

#include "tiering/next_tier_rule.h"
#include "utils/jsonb.h"

/*
 * What the overrides say at as_of; NULL: nothing. All of them are checked, also
 * those that are not in force; what is wrong is an error (22023).
 */
extern void TierOverridesRead(const Jsonb *overrides, const TierPolicyParts *policy,
							  TierDay as_of, TierOverrides *result);

#endif							/* CUSTSEG_TIER_OVERRIDES_H */
