/*
 * assignment_balance.c
 *		Among the best assignments, the one whose loads are most even.
 *
 * Least sum of load^2 / capacity over the agents.  The best assignments are
 * those that give every customer one of its cheapest agents at optimal prices,
 * and keep the loads of agents whose price is not zero.  So customers move along
 * paths of such tight moves, from an agent of price zero to another one, as
 * long as that makes the sum less: what the last customer adds here,
 * (2 load - 1) / capacity, is more than what one more adds there, (2 load + 1) /
 * capacity.  The sum is convex, so that it is least when no such path is left.
 *
 * Agents are taken from the most loaded down.  Where nothing that can be reached
 * from the most loaded one is better, nothing is for any agent on the way, as it
 * is less loaded and reaches no more: they are closed, and never looked at
 * again.  A path found later does not enter them, and the highest load of the
 * rest only falls, so that this remains true.
 *
 * Agents that share no tight customers, directly or over others, are in
 * different groups; the least loaded of a group tells when a search can stop.
 * It also stops at an agent that halves what is possible: more will be found
 * by the next search.
 *
 * Memory, in a context of its own: 16 bytes for every tight move of a customer,
 * and 70 bytes a pair of agents.
 */
#include "allocation/assignment_private.h"

#include "utils/memutils.h"

typedef struct Balance
{
	const AssignCosts *costs;
	const int64 *price;
	int64	   *load;
	AssignGraph *graph;
	int32	   *group;			/* of each agent and none, another one of its group */
	int32	   *members;		/* of the groups, one after the other */
	bool	   *closed;

	int32	   *parent;
	uint32	   *seen;			/* the last search that reached the agent */
	uint32		search;
	int32	   *queue;
	uint32		steps;
} Balance;

/* --- Tight moves ---------------------------------------------------------------- */

/* What a customer costs at its agent, in true costs with the price. */
static int64
CostHere(const Balance *balance, int32 customer)
{
	const AssignCosts *costs = balance->costs;
	const AssignProblem *problem = costs->problem;
	int32		own = costs->own[customer];
	int64		e = problem->first[customer];

	if (own == costs->none)
		return costs->none_cost;
	while (problem->agent[e] != own)
		e++;
	return AssignTrueCost(costs, e) + balance->price[own] * costs->unit;
}

/*
 * The agents to which a customer can move, none apart, into scratch.  Returns
 * how many.
 */
static int32
TightMoves(Balance *balance, int32 customer)
{
	const AssignCosts *costs = balance->costs;
	const AssignProblem *problem = costs->problem;
	int32		own = costs->own[customer];
	int64		here = CostHere(balance, customer);
	int64		end = problem->first[customer + 1];
	int32		n = 0;

	for (int64 e = problem->first[customer]; e < end; e++)
	{
		int32		agent = problem->agent[e];

		if (agent != own && costs->capacity[agent] > 0 &&
			AssignTrueCost(costs, e) + balance->price[agent] * costs->unit == here)
			costs->scratch[n++] = agent;
	}
	if (own != costs->none && here == costs->none_cost)
		costs->scratch[n++] = costs->none;
	AssignStep(&balance->steps, end - problem->first[customer] + n + 1);
	return n;
}

/* Which customer moves first; not by its key. */
static int64
MoveKey(const AssignCosts *costs, int32 customer)
{
	return AssignMix(costs->problem->customer_hash[customer] * UINT64CONST(0x94d049bb133111eb)) >> 2;
}

static int32
FindGroup(int32 *group, int32 agent)
{
	while (group[agent] != agent)
	{
		group[agent] = group[group[agent]];
		agent = group[agent];
	}
	return agent;
}

/* Enters the tight moves of all customers, and joins groups. */
static void
EnterMoves(Balance *balance)
{
	const AssignCosts *costs = balance->costs;

	for (int32 i = 0; i < costs->problem->n_customers; i++)
	{
		int32		own = costs->own[i];
		int32		n = TightMoves(balance, i);

		for (int32 j = 0; j < n; j++)
		{
			AssignGraphCount(balance->graph, own, costs->scratch[j]);
			balance->group[FindGroup(balance->group, costs->scratch[j])] = FindGroup(balance->group, own);
		}
	}
	AssignGraphReserve(balance->graph);
	for (int32 i = 0; i < costs->problem->n_customers; i++)
	{
		int32		n = TightMoves(balance, i);

		for (int32 j = 0; j < n; j++)
			AssignGraphAppend(balance->graph, costs->own[i], costs->scratch[j], MoveKey(costs, i), i);
	}
	AssignGraphOrder(balance->graph);
}

/* --- Loads ---------------------------------------------------------------------- */

/* Can it give a customer away, or take one, without loss of value? */
static bool
CanGive(const Balance *balance, int32 agent)
{
	return agent != balance->costs->none && balance->price[agent] == 0 &&
		balance->load[agent] > balance->costs->minimum[agent];
}

static bool
CanTake(const Balance *balance, int32 agent)
{
	return agent != balance->costs->none && balance->price[agent] == 0 &&
		balance->load[agent] < balance->costs->capacity[agent];
}

/*
 * Compares (2 load of a + more_a) / capacity with the same of b.  A load is
 * below 2^31, so that the products are below 2^96.
 */
static int
CompareLoads(const Balance *balance, int32 a, int more_a, int32 b, int more_b)
{
	const int64 *capacity = balance->costs->problem->capacity;
	int128		x = (int128) (2 * balance->load[a] + more_a) * capacity[b];
	int128		y = (int128) (2 * balance->load[b] + more_b) * capacity[a];

	return x < y ? -1 : x > y;
}

/* Is the sum less with a customer of from at to? */
static bool
Improves(const Balance *balance, int32 from, int32 to)
{
	return CompareLoads(balance, from, -1, to, 1) > 0;
}

/* Is better at least half as good as best, in what it improves on from? */
static bool
HalfAsGood(const Balance *balance, int32 from, int32 better, int32 best)
{
	const int64 *capacity = balance->costs->problem->capacity;
	double		last = (2.0 * balance->load[from] - 1) / capacity[from];
	double		next = (2.0 * balance->load[better] + 1) / capacity[better];
	double		least = (2.0 * balance->load[best] + 1) / capacity[best];

	return last - next >= (last - least) / 2;
}

/* --- Paths ---------------------------------------------------------------------- */

/*
 * The least loaded agent that can be reached from one, or one that is half as
 * good as the least loaded of the group; -1 for none that improves anything.
 * Then all that can be reached are closed.
 */
static int32
FindTarget(Balance *balance, int32 source, int32 least)
{
	int32		n = 0;
	int32		best = -1;

	balance->search++;
	balance->seen[source] = balance->search;
	balance->queue[n++] = source;
	for (int32 i = 0; i < n; i++)
	{
		int32		agent = balance->queue[i];
		const AssignRow *row = &balance->graph->rows[agent];

		for (int32 j = 0; j < row->n; j++)
		{
			int32		to = row->to[j];

			if (row->key[j] == ASSIGN_FAR || balance->seen[to] == balance->search || balance->closed[to])
				continue;
			balance->seen[to] = balance->search;
			balance->parent[to] = agent;
			balance->queue[n++] = to;
			if (CanTake(balance, to) && Improves(balance, source, to) &&
				(best < 0 || CompareLoads(balance, to, 1, best, 1) < 0))
				best = to;
		}
		if (best >= 0 && HalfAsGood(balance, source, best, least))
			return best;
		AssignStep(&balance->steps, row->n);
	}
	for (int32 i = 0; i < n && best < 0; i++)
		balance->closed[balance->queue[i]] = true;
	return best;
}

static void
MoveOne(Balance *balance, int32 from, int32 to)
{
	const AssignCosts *costs = balance->costs;
	int32		place = AssignGraphFind(balance->graph, from, to);
	int32		customer = balance->graph->rows[from].heap[place].entries[0].customer;
	int64		key = MoveKey(costs, customer);
	int32		n = TightMoves(balance, customer);

	costs->own[customer] = to;
	balance->load[from]--;
	balance->load[to]++;
	for (int32 i = 0; i < n; i++)
	{
		int32		agent = costs->scratch[i];

		AssignGraphLeave(balance->graph, costs->own, from, agent);
		if (agent != to)
			AssignGraphPush(balance->graph, to, agent, key, customer);
	}
	AssignGraphPush(balance->graph, to, from, key, customer);
}

/* Has every step of the path that was found a customer? */
static bool
PathIsOpen(const Balance *balance, int32 source, int32 target)
{
	for (int32 to = target; to != source; to = balance->parent[to])
	{
		int32		from = balance->parent[to];
		int32		place = AssignGraphFind(balance->graph, from, to);

		if (balance->graph->rows[from].key[place] == ASSIGN_FAR)
			return false;
	}
	return true;
}

/* Moves customers along the path as long as that improves something. */
static void
MoveAlong(Balance *balance, int32 source, int32 target)
{
	while (CanGive(balance, source) && CanTake(balance, target) &&
		   Improves(balance, source, target) && PathIsOpen(balance, source, target))
		for (int32 to = target; to != source; to = balance->parent[to])
			MoveOne(balance, balance->parent[to], to);
}

/* --- Groups --------------------------------------------------------------------- */

/* Evens out the loads of a group. */
static void
BalanceGroup(Balance *balance, const int32 *members, int32 n)
{
	for (;;)
	{
		int32		most = -1;
		int32		least = -1;
		int32		target;

		for (int32 i = 0; i < n; i++)
		{
			int32		agent = members[i];

			if (balance->closed[agent])
				continue;
			if (CanGive(balance, agent) &&
				(most < 0 || CompareLoads(balance, agent, -1, most, -1) > 0))
				most = agent;
			if (CanTake(balance, agent) &&
				(least < 0 || CompareLoads(balance, agent, 1, least, 1) < 0))
				least = agent;
		}
		AssignStep(&balance->steps, n);
		if (most < 0 || least < 0 || !Improves(balance, most, least))
			return;
		target = FindTarget(balance, most, least);
		if (target >= 0)
			MoveAlong(balance, most, target);
	}
}

/* Lists the members of each group together, and balances them. */
static void
BalanceGroups(Balance *balance)
{
	int32		n_nodes = balance->costs->none + 1;
	int32	   *end = palloc0(((Size) n_nodes + 1) * sizeof(int32));

	for (int32 i = 0; i < n_nodes; i++)
		end[FindGroup(balance->group, i) + 1]++;
	for (int32 i = 0; i < n_nodes; i++)
		end[i + 1] += end[i];
	/* end[group] is where the group begins, and grows to where it ends */
	for (int32 i = 0; i < n_nodes; i++)
		balance->members[end[FindGroup(balance->group, i)]++] = i;
	for (int32 i = 0, begin = 0; i < n_nodes; i++)
	{
		BalanceGroup(balance, balance->members + begin, end[i] - begin);
		begin = end[i];
	}
}

/*
 * Evens out loads, with optimal prices in steps of value.  Changes own and load.
 */
void
AssignBalance(const AssignCosts *costs, const int64 *true_price, int64 *load)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "assign balance",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Size		n = (Size) costs->none + 1;
	Balance		balance = {.costs = costs, .price = true_price, .load = load};

	balance.graph = AssignGraphCreate(costs->none + 1);
	balance.group = palloc(n * sizeof(int32));
	balance.members = palloc(n * sizeof(int32));
	balance.closed = palloc0(n * sizeof(bool));
	balance.parent = palloc(n * sizeof(int32));
	balance.seen = palloc0(n * sizeof(uint32));
	balance.queue = palloc(n * sizeof(int32));
	for (int32 i = 0; i <= costs->none; i++)
		balance.group[i] = i;
	EnterMoves(&balance);
	BalanceGroups(&balance);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
