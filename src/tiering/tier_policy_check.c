/*
 * tier_policy_check.c
 *		What a policy must keep to: its rules can hold, whoever enters a tier also
 *		keeps it, and no tier is hidden behind a higher one (core).
 *
 * Each of the three asks whether there are values for which one condition holds
 * and another does not. That is decided exactly. The thresholds of the two
 * conditions cut each measure into finitely many regions: the thresholds
 * themselves, the gaps between them, what is below and above all of them, and
 * unknown. Within a region no comparison changes, so one value of each is tried.
 * Regions in which all comparisons come out alike are tried once.
 *
 * The search assigns one measure after the other. After each step both
 * conditions are evaluated over three values; where the first can no longer
 * hold, or the second can no longer fail, it goes back; as soon as the first
 * holds and the second fails, whatever the rest, it has an example. The problem
 * is that of satisfiability, so there is a budget of evaluated nodes, ample for
 * rules that people write, and an error beyond it.
 *
 * Thresholds are tried first, from low to high, since they make the clearest
 * examples. Everything is palloc'd, and little.
 */
#include "tiering/tier_policy.h"

#include <math.h>

#include "common/shortest_dec.h"

/* Nodes evaluated for one policy: a fraction of a second. */
#define SEARCH_BUDGET	INT64CONST(20000000)

/* Comparisons on one measure whose results fit into a signature. */
#define MAX_SIGNATURE	64

typedef struct Regions
{
	int			n;
	double	   *value;			/* of each region; NaN: unknown */
} Regions;

typedef struct Search
{
	const TierPolicyParts *policy;
	const ConditionNode *holds;
	const ConditionNode *fails; /* NULL: nothing need fail */
	int			n_measures;		/* that the two conditions use */
	int		   *measure;
	Regions    *regions;		/* in the same order */
	double	   *values;			/* by the policy's number of the measure */
	bool	   *assigned;
	int			depth;
	int64	   *budget;
} Search;

/* --- Regions -------------------------------------------------------------- */

static int
CompareDoubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* Every comparison of a condition that is on the measure. */
static int
ComparisonsOn(const ConditionNode *condition, int measure, const ConditionNode **found)
{
	int			n = 0;

	for (int i = 0; condition != NULL && i < condition[0].size; i++)
		if (condition[i].kind == CONDITION_COMPARE && condition[i].measure == measure)
			found[n++] = &condition[i];
	return n;
}

/* A value between low and high, an integer if there is one; false: there is none. */
static bool
ValueBetween(double low, double high, double *value)
{
	*value = floor(low) + 1;
	if (!(*value > low && *value < high))
		*value = low / 2 + high / 2;
	return *value > low && *value < high;
}

/* Adds a region, unless all comparisons come out as in one before. */
static void
AddRegion(Regions *regions, uint64 *signatures, double value,
		  const ConditionNode **comparisons, int n_comparisons)
{
	uint64		signature = 0;

	if (n_comparisons <= MAX_SIGNATURE)
	{
		for (int i = 0; i < n_comparisons; i++)
			signature |= (uint64) ComparisonHolds(comparisons[i], value) << i;
		for (int i = 0; i < regions->n; i++)
			if (signatures[i] == signature)
				return;
		signatures[regions->n] = signature;
	}
	regions->value[regions->n++] = value;
}

static void
MakeRegions(Search *s, int measure, Regions *regions)
{
	int			most = s->holds->size + (s->fails ? s->fails->size : 0);
	const ConditionNode **found = palloc(most * sizeof(ConditionNode *));
	int			n_found = ComparisonsOn(s->holds, measure, found);
	double	   *t;
	int			n = 0;
	int			distinct = 0;
	uint64	   *signatures;
	double		value;

	n_found += ComparisonsOn(s->fails, measure, found + n_found);
	t = palloc(2 * n_found * sizeof(double));
	for (int i = 0; i < n_found; i++)
	{
		t[n++] = found[i]->low.value;
		if (found[i]->op == OP_BETWEEN)
			t[n++] = found[i]->high.value;
	}
	qsort(t, n, sizeof(double), CompareDoubles);
	for (int i = 0; i < n; i++)
		if (i == 0 || t[i] != t[i - 1])
			t[distinct++] = t[i];

	regions->n = 0;
	regions->value = palloc((2 * distinct + 2) * sizeof(double));
	signatures = palloc((2 * distinct + 2) * sizeof(uint64));
	for (int i = 0; i < distinct; i++)
		AddRegion(regions, signatures, t[i], found, n_found);
	for (int i = 1; i < distinct; i++)
		if (ValueBetween(t[i - 1], t[i], &value))
			AddRegion(regions, signatures, value, found, n_found);
	value = t[0] - 1 < t[0] ? t[0] - 1 : nextafter(t[0], -INFINITY);
	AddRegion(regions, signatures, value, found, n_found);
	value = t[distinct - 1];
	value = value + 1 > value ? value + 1 : nextafter(value, INFINITY);
	AddRegion(regions, signatures, value, found, n_found);
	AddRegion(regions, signatures, NAN, found, n_found);
	pfree(signatures);
	pfree(found);
	pfree(t);
}

/* --- Search --------------------------------------------------------------- */

typedef enum Truth
{
	FAILS, OPEN, HOLDS
} Truth;

/* What is certain with the measures assigned so far. */
static Truth
Evaluate(Search *s, const ConditionNode *node)
{
	const ConditionNode *member = node + 1;
	int			holding = 0;
	int			open = 0;

	(*s->budget)--;
	if (node->kind == CONDITION_COMPARE)
	{
		if (!s->assigned[node->measure])
			return OPEN;
		return ComparisonHolds(node, s->values[node->measure]) ? HOLDS : FAILS;
	}
	for (int i = 0; i < node->members; i++, member += member->size)
	{
		Truth		truth = Evaluate(s, member);

		holding += truth == HOLDS;
		open += truth == OPEN;
		if (holding == node->need)
			return HOLDS;
		if (holding + open + node->members - 1 - i < node->need)
			return FAILS;
	}
	return OPEN;
}

/*
 * Is there an example below this state? If so, the assigned measures are it.
 * Depth is the number of measures; the number of conditions' measures is some
 * thousands at most, and few of them are ever assigned before one is decided.
 */
static bool
Find(Search *s, int i)
{
	Truth		holds = Evaluate(s, s->holds);
	Truth		fails = s->fails ? Evaluate(s, s->fails) : FAILS;
	int			measure;

	custseg_poll();
	if (holds == FAILS || fails == HOLDS)
		return false;
	if (holds == HOLDS && fails == FAILS)
		return true;
	if (*s->budget < 0 || i == s->n_measures)
		return false;

	measure = s->measure[i];
	s->assigned[measure] = true;
	for (int region = 0; region < s->regions[i].n; region++)
	{
		s->values[measure] = s->regions[i].value[region];
		if (Find(s, i + 1))
			return true;
		if (*s->budget < 0)
			break;
	}
	s->assigned[measure] = false;
	return false;
}

/* "spend = 5000, frequency unknown" */
static char *
ExampleText(const Search *s)
{
	StringInfoData out;
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	initStringInfo(&out);
	for (int i = 0; i < s->n_measures; i++)
	{
		int			measure = s->measure[i];

		if (!s->assigned[measure])
			continue;
		appendStringInfo(&out, "%s%s ", out.len > 0 ? ", " : "",
						 s->policy->measures.measure[measure].shown);
		if (isnan(s->values[measure]))
		{
			appendStringInfoString(&out, "unknown");
			continue;
		}
		double_to_shortest_decimal_buf(s->values[measure], digits);
		appendStringInfo(&out, "= %s", digits);
	}
	return out.data;
}

static void
AddMeasures(Search *s, const ConditionNode *condition, bool *seen)
{
	for (int i = 0; condition != NULL && i < condition[0].size; i++)
		if (condition[i].kind == CONDITION_COMPARE && !seen[condition[i].measure])
		{
			seen[condition[i].measure] = true;
			s->measure[s->n_measures++] = condition[i].measure;
		}
}

/* Values for which the one holds and the other (if given) fails, as text; or NULL. */
static char *
FindExample(const TierPolicyParts *policy, const ConditionNode *holds,
			const ConditionNode *fails, int64 *budget)
{
	int			n = policy->measures.n;
	Search		s = {.policy = policy, .holds = holds, .fails = fails, .budget = budget};
	bool	   *seen = palloc0(n * sizeof(bool));
	char	   *example = NULL;

	s.measure = palloc(n * sizeof(int));
	s.values = palloc(n * sizeof(double));
	s.assigned = palloc0(n * sizeof(bool));
	AddMeasures(&s, holds, seen);
	AddMeasures(&s, fails, seen);
	s.regions = palloc(s.n_measures * sizeof(Regions));
	for (int i = 0; i < s.n_measures; i++)
		MakeRegions(&s, s.measure[i], &s.regions[i]);
	if (Find(&s, 0))
		example = ExampleText(&s);

	for (int i = 0; i < s.n_measures; i++)
		pfree(s.regions[i].value);
	pfree(s.regions);
	pfree(s.assigned);
	pfree(s.values);
	pfree(s.measure);
	pfree(seen);
	return example;
}

/* --- The checks ----------------------------------------------------------- */

/* Each rule of a tier can hold, and its entry rule implies its keep rule. */
static bool
CheckTier(const TierPolicyParts *policy, int tier, int64 *budget, PolicyFault *fault)
{
	const PolicyTier *t = &policy->tier[tier];
	const char *example;

	for (int rule = 0; rule < N_TIER_RULES; rule++)
		if (t->text[rule] != NULL &&
			FindExample(policy, t->rule[rule].node, NULL, budget) == NULL && *budget >= 0)
			return PolicyRefuse(fault, ERRCODE_INVALID_PARAMETER_VALUE,
								psprintf("the rule \"%s\" of tier \"%s\" can never hold: %s",
										 tier_rule_names[rule], t->name, t->text[rule]), NULL);
	if (t->text[RULE_KEEP] == NULL)
		return true;
	example = FindExample(policy, t->rule[RULE_ENTER].node, t->rule[RULE_KEEP].node, budget);
	if (example != NULL)
		return PolicyRefuse(fault, ERRCODE_INVALID_PARAMETER_VALUE,
							psprintf("tier \"%s\" can be entered and not kept: %s enters but does not keep",
									 t->name, example),
							"Whoever meets \"enter\" must also meet \"keep\"; a lower bar to keep a tier than to enter it is the usual choice.");
	return true;
}

/* No tier's entry rule implies that of a higher one. */
static bool
CheckOrder(const TierPolicyParts *policy, int lower, int64 *budget, PolicyFault *fault)
{
	for (int higher = lower + 1; higher < policy->n_tiers; higher++)
		if (FindExample(policy, policy->tier[lower].rule[RULE_ENTER].node,
						policy->tier[higher].rule[RULE_ENTER].node, budget) == NULL &&
			*budget >= 0)
			return PolicyRefuse(fault, ERRCODE_INVALID_PARAMETER_VALUE,
								psprintf("tier \"%s\" can never be entered: whoever meets its entry rule meets that of the higher tier \"%s\"",
										 policy->tier[lower].name, policy->tier[higher].name),
								"Tiers are listed from the lowest to the highest.");
	return true;
}

bool
TierPolicyCheck(const TierPolicyParts *parts, PolicyFault *fault)
{
	int64		budget = SEARCH_BUDGET;

	for (int i = 1; i < parts->n_tiers && budget >= 0; i++)
		if (!CheckTier(parts, i, &budget, fault))
			return false;
	for (int i = 1; i < parts->n_tiers && budget >= 0; i++)
		if (!CheckOrder(parts, i, &budget, fault))
			return false;
	if (budget < 0)
		return PolicyRefuse(fault, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
							"the rules are too complex to be checked against each other",
							"Use fewer measures, or fewer alternatives, in one rule.");
	return true;
}
