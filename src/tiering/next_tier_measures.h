/*
 * next_tier_measures.h
 *		The measures of a customer, as next_tier is given them.
 */
#ifndef CUSTSEG_NEXT_TIER_MEASURES_H
#define CUSTSEG_NEXT_TIER_MEASURES_H

#include "tiering/tier_policy_sql.h"

typedef enum MeasuresForm
{
	MEASURES_JSONB, MEASURES_ARRAY, MEASURES_COLUMNS
} MeasuresForm;

/* What a call site knows of the measures that it is given. */
typedef struct GivenMeasures
{
	MemoryContext context;		/* of what is kept */
	const TierPolicyParts *policy;
	double	   *values;			/* of the policy's measures */

	/* the names that came last, and where the policy's measures stand in them */
	Size		names_size;		/* 0: none */
	char	   *names;
	int			n_names;
	int		   *place;

	Oid		   *type;			/* of columns; NULL: not looked up yet */
} GivenMeasures;

/* A state or an argument that makes no sense: 22023. */
pg_noreturn extern void RefuseState(const char *message, const char *hint);

extern bool IsMeasureType(Oid type);

/* measures in argument 3, an array of numbers of any type; names in 4. */
extern void MeasuresFromArray(FunctionCallInfo fcinfo, GivenMeasures *given);

/* Arguments from `first` on, one for each of the policy's measures. */
extern void MeasuresFromColumns(FunctionCallInfo fcinfo, int first, GivenMeasures *given);

/* The arguments of next_tier_columns before its measures. */
#define FIRST_COLUMN	6

#endif							/* CUSTSEG_NEXT_TIER_MEASURES_H */
