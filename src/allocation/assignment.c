/*
 * assignment.c
 *		Core of assign: n customers to m people with capacities, n >> m.
 *
 * Exact: as few customers as possible are missing for the minimums, then as
 * many as possible are served, then the value is as high as possible.  All three
 * are one cost in 64 bits:
 *
 *		an edge			(top_value - value) * multiplier + tie
 *		not served		none_cost
 *		missing			short_cost, of an agent's minimum
 *
 * An assignment that is not the best can be improved by moving customers along
 * a cycle that passes each agent at most once, and none and the sink at most
 * once.  It has fewer moves than L = min(agents, customers) + 3, and changes the
 * number of those not served by at most one, as it does with those missing.  So
 * none_cost > L times what values differ by, and short_cost = 2 none_cost, keep
 * the order.  Ties are numbers below R, made of the hashes of both keys; a step
 * of value is unit = multiplier * (greatest common divisor of the values'
 * differences) >= 2 R L, more than the ties of two paths can differ by.  So the
 * optimum with ties is an optimum without; ties make it a single one for almost
 * all inputs, and that does not depend on the order of keys.  R is as large as
 * 64 bits allow; it may be 1.
 *
 * Prices of agents are found on samples of customers, a quarter as many from
 * level to level, with capacities to match; each level starts from the prices
 * of the one before, and needs only moves that are within a margin of the best
 * at these prices (assignment_path.c).  When a customer would be better off with
 * a move that was left out the margin widens, and the search goes on.
 *
 * The certificate: at the prices in the end no customer has a cheaper agent, a
 * price is positive only where the agent is full, and negative only where it has
 * just its minimum.  It is checked with ties, and in true costs on the result.
 *
 * Memory: the result in the caller's context; all else in contexts that are
 * deleted: 4 bytes a customer, and those of assignment_path.c.
 */
#include "allocation/assignment_private.h"

#include "common/common_divisor.h"
#include "utils/memutils.h"

#define MAX_TIE_BITS	20

/* Samples have at least so many customers, and so many for each agent. */
#define MIN_SAMPLE			1000
#define MIN_SAMPLE_PER_AGENT 20
#define MAX_LEVELS			16

/* all moves are within it: with prices they differ by less than 7 * ASSIGN_MAX_COST */
#define EVERY_MOVE			(ASSIGN_FAR / 2)

/* --- Costs ---------------------------------------------------------------------- */

/* The range of values, what all differences are multiples of, the longest list of edges. */
static void
ScanEdges(AssignCosts *costs, int64 *range, int64 *step, int64 *longest)
{
	const AssignProblem *problem = costs->problem;
	int64		n_edges = problem->first[problem->n_customers];
	int64		lowest = n_edges > 0 ? problem->value[0] : 0;

	costs->top_value = lowest;
	*step = 0;
	for (int64 e = 0; e < n_edges; e++)
	{
		int64		value = problem->value[e];

		costs->top_value = Max(costs->top_value, value);
		lowest = Min(lowest, value);
		if (*step != 1)
			*step = GreatestCommonDivisor(value > problem->value[0] ? value - problem->value[0] :
										  problem->value[0] - value, *step);
		POLL_EVERY(e);
	}
	*range = costs->top_value - lowest;
	*step = Max(*step, 1);
	*longest = 0;
	for (int64 i = 0; i < problem->n_customers; i++)
	{
		*longest = Max(*longest, problem->first[i + 1] - problem->first[i]);
		POLL_EVERY(i);
	}
}

/* Chooses the scale; see above. */
static void
SetScale(AssignCosts *costs, int64 range, int64 step)
{
	const AssignProblem *problem = costs->problem;
	int64		longest_path = Min(problem->n_agents, problem->n_customers) + 3;
	int128		none_cost = (int128) 2 * longest_path * (range + step);	/* of multiplier 1 */
	int			tie_bits = MAX_TIE_BITS;

	if (none_cost > ASSIGN_MAX_COST)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("values that differ by %lld units are too large for %d agents",
						(long long) range, problem->n_agents),
				 errhint("Use fewer decimals.")));
	for (; tie_bits >= 0; tie_bits--)
	{
		/* at most 2^21 * 2^32 */
		int64		least_unit = tie_bits > 0 ? (INT64CONST(2) << tie_bits) * longest_path : 1;

		costs->multiplier = (least_unit + step - 1) / step;
		if (none_cost * costs->multiplier <= ASSIGN_MAX_COST)
			break;
	}
	costs->tie_mask = (INT64CONST(1) << tie_bits) - 1;
	costs->unit = step * costs->multiplier;
	costs->none_cost = none_cost * costs->multiplier;
	costs->short_cost = 2 * costs->none_cost;
}

static void
InitCosts(AssignCosts *costs, const AssignProblem *problem, int32 *own)
{
	int64		range;
	int64		step;
	int64		longest;
	Size		n = (Size) problem->n_agents + 1;

	costs->problem = problem;
	costs->none = problem->n_agents;
	costs->own = own;
	ScanEdges(costs, &range, &step, &longest);
	SetScale(costs, range, step);
	costs->scratch = palloc_extended((longest + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	costs->capacity = palloc(n * sizeof(int64));
	costs->minimum = palloc(n * sizeof(int64));
	for (int32 i = 0; i < problem->n_agents; i++)
	{
		costs->capacity[i] = Min(problem->capacity[i], (int64) problem->n_customers + 1);
		costs->minimum[i] = problem->minimum == NULL ? 0 : Min(problem->minimum[i], costs->capacity[i]);
	}
	costs->capacity[costs->none] = (int64) problem->n_customers + 1;
	costs->minimum[costs->none] = 0;
	for (int64 i = 0; i < problem->n_customers; i++)
	{
		own[i] = costs->none;
		POLL_EVERY(i);
	}
}

/* --- Levels --------------------------------------------------------------------- */

/* Lists the customers of a sample of 1 / 4^level, those without edges apart. */
static int32
SampleCustomers(const AssignProblem *problem, int level, int32 *customers)
{
	int32		n = 0;

	for (int64 i = 0; i < problem->n_customers; i++)
	{
		uint64		h = AssignMix(problem->customer_hash[i] * UINT64CONST(0xbf58476d1ce4e5b9));

		if (problem->first[i + 1] > problem->first[i] && (level == 0 || h >> (64 - 2 * level) == 0))
			customers[n++] = i;
		POLL_EVERY(i);
	}
	return n;
}

/*
 * Capacities and minimums for a sample of n of n_all customers.  Capacities are
 * rounded so that their sum is right too, but nobody who has any is left without.
 */
static void
ScaleCapacities(const AssignCosts *costs, int32 n, int32 n_all, int64 *capacity, int64 *minimum)
{
	int128		sum = 0;
	int64		before = 0;

	if (n == n_all)
	{
		memcpy(capacity, costs->capacity, ((Size) costs->none + 1) * sizeof(int64));
		memcpy(minimum, costs->minimum, ((Size) costs->none + 1) * sizeof(int64));
		return;
	}
	for (int32 i = 0; i < costs->none; i++)
	{
		int64		until;

		sum += costs->capacity[i];
		/* at most 2^62 * 2^31 / n_all */
		until = sum * n / n_all;
		capacity[i] = costs->capacity[i] == 0 ? 0 : Max(until - before, 1);
		minimum[i] = Min((int64) ((int128) costs->minimum[i] * n / n_all), capacity[i]);
		before = until;
	}
	capacity[costs->none] = (int64) n + 1;
	minimum[costs->none] = 0;
}

/* At the prices, with ties: has every customer one of the cheapest agents? */
static bool
CustomersContent(const AssignCosts *costs, const int64 *price)
{
	const AssignProblem *problem = costs->problem;

	for (int64 i = 0; i < problem->n_customers; i++)
	{
		int64		least = costs->none_cost;
		int64		mine = costs->none_cost;

		for (int64 e = problem->first[i]; e < problem->first[i + 1]; e++)
		{
			int32		agent = problem->agent[e];
			int64		total = AssignEdgeCost(costs, i, e) + price[agent];

			least = Min(least, total);
			if (agent == costs->own[i])
				mine = total;
			POLL_EVERY(e);
		}
		if (mine != least)
			return false;
		POLL_EVERY(i);
	}
	return true;
}

/* Solves all levels; prices with ties into price. */
static void
SolveLevels(AssignCosts *costs, int64 *price)
{
	const AssignProblem *problem = costs->problem;
	Size		n = (Size) costs->none + 1;
	int32	   *customers = palloc_extended((Size) problem->n_customers * sizeof(int32) + 1,
											MCXT_ALLOC_HUGE);
	int64	   *capacity = palloc(n * sizeof(int64));
	int64	   *minimum = palloc(n * sizeof(int64));
	int32		n_all = SampleCustomers(problem, 0, customers);
	int64		least = Max(MIN_SAMPLE, (int64) MIN_SAMPLE_PER_AGENT * costs->none);
	int64		margin = EVERY_MOVE;
	int			level = 0;

	/* nobody can go where there is no room */
	for (int32 i = 0; i <= costs->none; i++)
		price[i] = costs->capacity[i] > 0 ? 0 : 4 * costs->none_cost;
	while (level < MAX_LEVELS && (n_all >> (2 * level + 2)) >= least)
		level++;
	for (; level >= 0; level--)
	{
		int32		n_customers = SampleCustomers(problem, level, customers);
		int64		change;

		ScaleCapacities(costs, n_customers, n_all, capacity, minimum);
		change = AssignSolve(costs, customers, n_customers, capacity, minimum, margin, price);
		while (level == 0 && !CustomersContent(costs, price))
		{
			if (margin == EVERY_MOVE)
				elog(ERROR, "assignment fails its certificate");
			margin = margin < EVERY_MOVE / 8 ? margin * 8 : EVERY_MOVE;
			AssignSolve(costs, customers, n_customers, capacity, minimum, margin, price);
		}
		/* samples are off by half as much from level to level; ties by a few of their range */
		margin = Min(2 * change + costs->tie_mask / 16 + 1, EVERY_MOVE);
	}
	pfree(customers);
}

/* --- Certificate ---------------------------------------------------------------- */

/* Are prices, a step of which is worth so much, what complementary slackness asks for? */
static bool
AgentsContent(const AssignCosts *costs, const int64 *price, int64 worth, const int64 *load)
{
	for (int32 i = 0; i <= costs->none; i++)
	{
		int64		least = costs->minimum[i];
		int64		most = costs->capacity[i];

		if (price[i] > 0)
			least = most;
		if (price[i] < 0)
			most = least;
		if (price[i] * worth <= -costs->short_cost)
			least = 0;
		if (load[i] < least || load[i] > most)
			return false;
	}
	return price[costs->none] == 0;
}

/* The same as CustomersContent, in true costs at true prices. */
static bool
CustomersTrulyContent(const AssignCosts *costs, const int64 *price)
{
	const AssignProblem *problem = costs->problem;

	for (int64 i = 0; i < problem->n_customers; i++)
	{
		int64		least = costs->none_cost;
		int64		mine = costs->none_cost;

		for (int64 e = problem->first[i]; e < problem->first[i + 1]; e++)
		{
			int32		agent = problem->agent[e];
			int64		total = AssignTrueCost(costs, e) + price[agent] * costs->unit;

			least = Min(least, total);
			if (agent == costs->own[i])
				mine = total;
			POLL_EVERY(e);
		}
		if (mine != least)
			return false;
		POLL_EVERY(i);
	}
	return true;
}

/* --- Result --------------------------------------------------------------------- */

static void
CountLoads(const AssignCosts *costs, int64 *load)
{
	memset(load, 0, ((Size) costs->none + 1) * sizeof(int64));
	for (int64 i = 0; i < costs->problem->n_customers; i++)
	{
		load[costs->own[i]]++;
		POLL_EVERY(i);
	}
}

/* Finds an agent below its minimum, and how many customers are missing in all. */
static AssignStatus
CheckMinimums(const AssignCosts *costs, AssignResult *result)
{
	int128		shortage = 0;

	result->short_agent = -1;
	for (int32 i = 0; i < costs->none && costs->problem->minimum != NULL; i++)
	{
		int64		missing = costs->problem->minimum[i] - result->load[i];

		if (missing <= 0)
			continue;
		if (result->short_agent < 0)
			result->short_agent = i;
		shortage += missing;
	}
	result->shortage = Min(shortage, PG_INT64_MAX);
	return result->short_agent < 0 ? ASSIGN_OK : ASSIGN_MINIMUM_NOT_MET;
}

/* A price, in steps of value, as customers served and value. */
static void
SplitPrice(const AssignCosts *costs, int64 price, int64 *customers, int64 *value)
{
	int64		none_price = costs->none_cost / costs->unit;
	int64		served = 0;

	/* all but the part of none is less than half of none's */
	while (price > none_price / 2)
	{
		price -= none_price;
		served++;
	}
	*customers = served;
	/* price = -(served * top_value - value) / step */
	*value = price * (costs->unit / costs->multiplier) + served * costs->top_value;
}

static void
SetSlots(const AssignCosts *costs, const int64 *true_price, AssignResult *result)
{
	for (int32 i = 0; i < costs->none; i++)
		if (true_price[i] > 0)
			SplitPrice(costs, true_price[i], &result->slot_customers[i], &result->slot_value[i]);
}

/* Served, value, and -1 for those who are not served. */
static void
SetTotals(const AssignCosts *costs, AssignResult *result)
{
	const AssignProblem *problem = costs->problem;

	result->served = 0;
	result->value = 0;
	for (int64 i = 0; i < problem->n_customers; i++)
	{
		POLL_EVERY(i);
		if (result->agent[i] == costs->none)
		{
			result->agent[i] = -1;
			continue;
		}
		result->served++;
		for (int64 e = problem->first[i]; e < problem->first[i + 1]; e++)
		{
			if (problem->agent[e] == result->agent[i])
				result->value += problem->value[e];
			POLL_EVERY(e);
		}
	}
	result->bound_served = result->served;
	result->bound_value = result->value;
}

static void
MakeResult(const AssignProblem *problem, AssignResult *result)
{
	Size		n = (Size) problem->n_agents + 1;

	memset(result, 0, sizeof(*result));
	result->agent = palloc_extended((Size) problem->n_customers * sizeof(int32) + 1, MCXT_ALLOC_HUGE);
	result->load = palloc(n * sizeof(int64));
	result->slot_customers = palloc0(n * sizeof(int64));
	result->slot_value = palloc0(n * sizeof(int64));
}

AssignStatus
AssignCustomers(const AssignProblem *problem, AssignResult *result)
{
	MemoryContext context;
	MemoryContext old;
	AssignCosts costs;
	AssignStatus status;
	int64	   *price;
	int64	   *true_price;

	MakeResult(problem, result);
	context = AllocSetContextCreate(CurrentMemoryContext, "assign", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	InitCosts(&costs, problem, result->agent);
	price = palloc(((Size) costs.none + 1) * sizeof(int64));
	true_price = palloc(((Size) costs.none + 1) * sizeof(int64));

	SolveLevels(&costs, price);
	CountLoads(&costs, result->load);
	if (!AgentsContent(&costs, price, 1, result->load))
		elog(ERROR, "prices of agents fail the certificate of an assignment");
	status = CheckMinimums(&costs, result);
	if (status == ASSIGN_OK)
	{
		AssignTruePrices(&costs, price, true_price);
		if (problem->balance)
			AssignBalance(&costs, true_price, result->load);
		if (!CustomersTrulyContent(&costs, true_price) ||
			!AgentsContent(&costs, true_price, costs.unit, result->load))
			elog(ERROR, "assignment fails its certificate in true costs");
		SetSlots(&costs, true_price, result);
	}
	SetTotals(&costs, result);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return status;
}
