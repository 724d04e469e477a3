/*
 * assignment_price.c
 *		What one more slot of each agent is worth.
 *
 * One more customer at an agent comes over a path from the sink: from none, or
 * from an agent above its minimum, over agents that pass customers on.  The
 * shortest of these paths, in true costs, tells what the slot is worth; the
 * least optimal prices of the agents are its negatives.
 *
 * The search needs the cheapest move of every pair, also of those that the
 * solver left out.  It runs on the costs with ties, whose prices make all moves
 * at least zero.  Ties on two paths sum up to less than a unit, so that the
 * shortest path with ties is one without, and rounding to units gives its true
 * cost.
 *
 * An agent without customers passes nothing on, so that a path into it goes
 * nowhere else: its price is what it would pay, or 0.  Any other one is reached,
 * if only because minimums can be given up, at short_cost.
 *
 * Memory, in a context of its own: 36 to 70 bytes for each pair of agents that
 * share a customer.
 */
#include "allocation/assignment_private.h"

#include "utils/memutils.h"

/* The cheapest move of each pair of agents. */
static void
EnterMoves(AssignFlow *flow)
{
	const AssignCosts *costs = flow->costs;
	const AssignProblem *problem = costs->problem;

	for (int64 i = 0; i < problem->n_customers; i++)
	{
		int32		own = costs->own[i];
		int64		first = problem->first[i];
		int64		n_edges = problem->first[i + 1] - first;
		int64		here = costs->none_cost;

		flow->load[own]++;
		for (int64 e = 0; e < n_edges; e++)
		{
			costs->scratch[e] = AssignEdgeCost(costs, i, first + e);
			if (problem->agent[first + e] == own)
				here = costs->scratch[e];
		}
		for (int64 e = 0; e < n_edges; e++)
			if (problem->agent[first + e] != own)
				AssignGraphLower(flow->graph, own, problem->agent[first + e], costs->scratch[e] - here);
		if (own != costs->none)
			AssignGraphLower(flow->graph, own, costs->none, costs->none_cost - here);
		AssignStep(&flow->steps, 4 * n_edges + 1);
	}
}

/* x / unit, rounded to the nearest. */
static int64
RoundToUnits(int64 x, int64 unit)
{
	int64		half = unit / 2;

	return x >= 0 ? (x + half) / unit : -((half - x) / unit);
}

/* The least optimal price of each agent and none, in units, for an optimum with prices. */
void
AssignTruePrices(const AssignCosts *costs, const int64 *price, int64 *true_price)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "assign prices",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	AssignFlow *flow = AssignFlowCreate(costs, costs->capacity, costs->minimum);

	memcpy(flow->price, price, ((Size) costs->none + 1) * sizeof(int64));
	EnterMoves(flow);
	memcpy(flow->flow, flow->load, ((Size) costs->none + 1) * sizeof(int64));
	AssignFlowSearch(flow, flow->sink);
	for (int32 agent = 0; agent <= costs->none; agent++)
	{
		bool		reached = flow->seen[agent] == flow->search;
		int64		path = reached ? flow->distance[agent] - flow->price[agent] : 0;

		true_price[agent] = -RoundToUnits(path, costs->unit);
		if (flow->load[agent] == 0)
			true_price[agent] = Max(true_price[agent], 0);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
