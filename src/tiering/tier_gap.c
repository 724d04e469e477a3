/*
 * tier_gap.c
 *		What a policy says, as rows: its tiers, its measures, and how far a
 *		customer's measures are from a tier's rules.
 *
 * tier_gap has a row for every comparison in the two rules of a tier; BETWEEN
 * makes two. Differences are exact, between decimals, as in condition_text.c.
 * Rows go to a tuplestore; there are at most a few thousand.
 */
#include "tiering/tier_policy_sql.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "tiering/condition_text.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(custseg_tier_policy_measures);
PG_FUNCTION_INFO_V1(custseg_tier_policy_tiers);
PG_FUNCTION_INFO_V1(custseg_tier_gap);

/* tier_policy_measures(policy tier_policy) -> text[] */
Datum
custseg_tier_policy_measures(PG_FUNCTION_ARGS)
{
	const TierPolicyParts *policy = TierPolicyUnpack(PG_GETARG_VARLENA_P(0));
	Datum	   *names = palloc(Max(policy->measures.n, 1) * sizeof(Datum));

	for (int i = 0; i < policy->measures.n; i++)
		names[i] = CStringGetTextDatum(policy->measures.measure[i].name);
	PG_RETURN_ARRAYTYPE_P(construct_array(names, policy->measures.n, TEXTOID, -1, false,
										  TYPALIGN_INT));
}

/* The text of a rule as it counts: to keep a tier as to enter it, if not said. */
static const char *
RuleText(const PolicyTier *tier, TierRule rule)
{
	return tier->text[rule] != NULL ? tier->text[rule] : tier->text[RULE_ENTER];
}

/* tier_policy_tiers(policy) -> TABLE("position" int, tier text, enter text, keep text) */
Datum
custseg_tier_policy_tiers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const TierPolicyParts *policy;

	InitMaterializedSRF(fcinfo, 0);
	policy = TierPolicyUnpackTexts(PG_GETARG_VARLENA_P(0));
	for (int i = 0; i < policy->n_tiers; i++)
	{
		const PolicyTier *tier = &policy->tier[i];
		Datum		values[4] = {Int32GetDatum(i + 1), CStringGetTextDatum(tier->name)};
		bool		nulls[4] = {false, false, i == 0, i == 0};

		for (int rule = 0; i > 0 && rule < N_TIER_RULES; rule++)
			values[2 + rule] = CStringGetTextDatum(RuleText(tier, rule));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* --- tier_gap ------------------------------------------------------------- */

static Datum
FloatAsNumeric(double x)
{
	Decimal		d;

	if (DecimalFromFloat8(x, &d) != DECIMAL_OK)
		return DirectFunctionCall1(float8_numeric, Float8GetDatum(x));
	return NumericGetDatum(DecimalToNumeric(&d));
}

/* One comparison with one threshold. */
static void
PutComparison(ReturnSetInfo *result, const char *rule, const char *condition,
			  const MeasureName *measure, CompareOp op, const Threshold *threshold, double value)
{
	ConditionNode one = {.kind = CONDITION_COMPARE, .op = op, .low = *threshold};
	bool		holds = ComparisonHolds(&one, value);
	Decimal		limit;
	Decimal		distance = DecimalFromInt(0);
	Datum		values[8];
	bool		nulls[8] = {false};

	if (!DecimalFromString(threshold->text, &limit))
		elog(ERROR, "cannot read the number %s", threshold->text);
	values[0] = CStringGetTextDatum(rule);
	values[1] = CStringGetTextDatum(condition);
	values[2] = CStringGetTextDatum(measure->name);
	nulls[3] = isnan(value);
	values[3] = nulls[3] ? (Datum) 0 : FloatAsNumeric(value);
	values[4] = CStringGetTextDatum(compare_op_names[op]);
	values[5] = NumericGetDatum(DecimalToNumeric(&limit));
	values[6] = BoolGetDatum(holds);
	nulls[7] = !holds && !isfinite(value);
	if (!holds && !nulls[7])
		distance = ThresholdDistance(threshold, value);
	values[7] = NumericGetDatum(DecimalToNumeric(&distance));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
PutRule(ReturnSetInfo *result, const TierPolicyParts *policy, int tier, TierRule rule,
		const double *values)
{
	const Condition *condition = &policy->tier[tier].rule[rule];
	const char *text = RuleText(&policy->tier[tier], rule);

	for (int i = 0; i < condition->n_nodes; i++)
	{
		const ConditionNode *node = &condition->node[i];
		const MeasureName *measure = &policy->measures.measure[node->measure];
		bool		between = node->op == OP_BETWEEN;

		if (node->kind != CONDITION_COMPARE)
			continue;
		PutComparison(result, tier_rule_names[rule], text, measure,
					  between ? OP_GE : node->op, &node->low, values[node->measure]);
		if (between)
			PutComparison(result, tier_rule_names[rule], text, measure, OP_LE,
						  &node->high, values[node->measure]);
	}
}

/*
 * tier_gap(policy tier_policy, tier text, measures jsonb)
 *		-> TABLE(rule, condition, measure, value, comparison, threshold, holds, missing)
 */
Datum
custseg_tier_gap(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const TierPolicyParts *policy;
	double	   *values;
	int			tier;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	policy = TierPolicyUnpack(PG_GETARG_VARLENA_P(0));
	tier = TierArgument(policy, PG_GETARG_TEXT_PP(1), "tier");
	values = palloc(Max(policy->measures.n, 1) * sizeof(double));
	MeasuresFromJsonb(policy, PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2), values);
	for (int rule = 0; rule < N_TIER_RULES; rule++)
		PutRule(result, policy, tier, rule, values);
	return (Datum) 0;
}
