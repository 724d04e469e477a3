/*
 * tier_policy_sql.h
 *		tier_policy as an argument of SQL functions, for src/tiering only.
 */
#ifndef CUSTSEG_TIER_POLICY_SQL_H
#define CUSTSEG_TIER_POLICY_SQL_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "tiering/tier_policy.h"
#include "utils/jsonb.h"

/* The index of the tier that a text argument names; 22023 if there is none. */
extern int	TierArgument(const TierPolicyParts *policy, text *name, const char *argument);

/* The policy's measures out of a jsonb object; NULL: all unknown (NaN). */
extern void MeasuresFromJsonb(const TierPolicyParts *policy, Jsonb *measures, double *values);

extern Datum custseg_tier_policy_in(PG_FUNCTION_ARGS);

#endif							/* CUSTSEG_TIER_POLICY_SQL_H */
