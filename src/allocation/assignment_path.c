/*
 * assignment_path.c
 *		Shortest paths from agents with too many customers to those with room.
 *
 * Every customer starts at the agent that is cheapest at the given prices, and
 * every agent passes as many customers on to a sink as its price asks for: all
 * it has room for at a positive price, its minimum at a negative one.  Then
 * nothing is wrong but that some agents have more customers than they pass on,
 * and others fewer.  Each path from one of the former to one of the latter, on
 * which customers move to their next agents, takes one customer away from there
 * and adds one here; along shortest paths, with the prices raised by what is
 * left of the distance, everything else remains optimal (Ahuja, Magnanti, Orlin,
 * Network Flows, 1993, 9.7).  With good prices to begin with few paths are left.
 *
 * A path always exists: every customer can be moved to none, who passes on any
 * number, and the sink can give customers back.  Minimums are soft: an agent
 * that passes on less than its minimum pays short_cost for each missing customer.
 *
 * Prices remain bounded, with C for none_cost.  At the start they are from
 * -short_cost = -2 C to C.  Where a path ends the price is still that of the
 * start, as only settled nodes rise.  From each settled node a way of at most
 * C + 2 C leads there, over none and the sink, so that its price is at most 4 C.
 * A distance to a settled node is at most 3 C + C + 2 C, and one more step
 * makes at most 6 C + 2 C + C + 4 C = 13 C of it: ASSIGN_FAR is 16 C or more.
 * Agents without any capacity are left out; their price remains at 4 C.
 *
 * Memory, in a context of its own: that of the graph, and 60 bytes a node.
 */
#include "allocation/assignment_private.h"

#include "utils/memutils.h"

AssignFlow *
AssignFlowCreate(const AssignCosts *costs, const int64 *capacity, const int64 *minimum)
{
	AssignFlow *flow = palloc0(sizeof(AssignFlow));
	Size		n = (Size) costs->none + 2;

	flow->costs = costs;
	flow->capacity = capacity;
	flow->minimum = minimum;
	flow->graph = AssignGraphCreate(costs->none + 1);
	flow->sink = costs->none + 1;
	flow->price = palloc0(n * sizeof(int64));
	flow->load = palloc0(n * sizeof(int64));
	flow->flow = palloc0(n * sizeof(int64));
	flow->excess = palloc0(n * sizeof(int64));
	flow->distance = palloc(n * sizeof(int64));
	flow->parent = palloc(n * sizeof(int32));
	flow->seen = palloc0(n * sizeof(uint32));
	flow->queue = palloc(n * sizeof(int32));
	flow->position = palloc(n * sizeof(int32));
	flow->settled = palloc(n * sizeof(int32));
	return flow;
}

/* --- The queue ----------------------------------------------------------------- */

static inline void
QueueSet(AssignFlow *flow, int32 i, int32 node)
{
	flow->queue[i] = node;
	flow->position[node] = i;
}

static void
QueueUp(AssignFlow *flow, int32 i)
{
	int32		node = flow->queue[i];

	while (i > 0)
	{
		int32		parent = (i - 1) / 2;

		if (flow->distance[flow->queue[parent]] <= flow->distance[node])
			break;
		QueueSet(flow, i, flow->queue[parent]);
		i = parent;
	}
	QueueSet(flow, i, node);
}

static int32
QueuePop(AssignFlow *flow)
{
	int32		first = flow->queue[0];
	int32		node = flow->queue[--flow->n_queue];
	int32		i = 0;

	flow->position[first] = -1;
	if (flow->n_queue == 0)
		return first;
	while (i < flow->n_queue / 2)
	{
		int32		child = 2 * i + 1;

		if (child + 1 < flow->n_queue &&
			flow->distance[flow->queue[child + 1]] < flow->distance[flow->queue[child]])
			child++;
		if (flow->distance[flow->queue[child]] >= flow->distance[node])
			break;
		QueueSet(flow, i, flow->queue[child]);
		i = child;
	}
	QueueSet(flow, i, node);
	return first;
}

/* --- The search ---------------------------------------------------------------- */

/* A node can be reached over parent at a distance less than the best so far. */
static void
Reach(AssignFlow *flow, int32 node, int32 parent, int64 distance)
{
	if (flow->seen[node] != flow->search)
	{
		flow->seen[node] = flow->search;
		flow->position[node] = flow->n_queue++;
		flow->queue[flow->position[node]] = node;
	}
	else if (flow->position[node] < 0)
		elog(ERROR, "a step of an assignment's path is negative");
	flow->distance[node] = distance;
	flow->parent[node] = parent;
	QueueUp(flow, flow->position[node]);
}

static inline int64
DistanceOf(const AssignFlow *flow, int32 node)
{
	return flow->seen[node] == flow->search ? flow->distance[node] : ASSIGN_FAR;
}

/*
 * Reaches the nodes next to an agent that are nearer than bound, and returns the
 * bound: that of the nearest node where a path may end.
 */
static int64
ReachFromAgent(AssignFlow *flow, int32 node, int64 bound)
{
	const AssignRow *row = &flow->graph->rows[node];
	int64		base = flow->distance[node] - flow->price[node];

	for (int32 i = 0; i < row->n; i++)
	{
		int32		to = row->to[i];
		int64		distance;

		if (row->key[i] == ASSIGN_FAR)
			continue;
		distance = base + row->key[i] + flow->price[to];
		if (distance >= bound || distance >= DistanceOf(flow, to))
			continue;
		Reach(flow, to, node, distance);
		if (flow->excess[to] < 0)
			bound = distance;
	}
	if (flow->flow[node] < flow->capacity[node])
	{
		int64		distance = base + flow->price[flow->sink];

		if (flow->flow[node] < flow->minimum[node])
			distance -= flow->costs->short_cost;
		if (distance < bound && distance < DistanceOf(flow, flow->sink))
		{
			Reach(flow, flow->sink, node, distance);
			if (flow->excess[flow->sink] < 0)
				bound = distance;
		}
	}
	AssignStep(&flow->steps, row->n);
	return bound;
}

/* The same from the sink, which gives customers back. */
static int64
ReachFromSink(AssignFlow *flow, int64 bound)
{
	int64		base = flow->distance[flow->sink] - flow->price[flow->sink];

	for (int32 to = 0; to < flow->sink; to++)
	{
		int64		distance;

		if (flow->flow[to] == 0)
			continue;
		distance = base + flow->price[to];
		if (flow->flow[to] <= flow->minimum[to])
			distance += flow->costs->short_cost;
		if (distance >= bound || distance >= DistanceOf(flow, to))
			continue;
		Reach(flow, to, flow->sink, distance);
		if (flow->excess[to] < 0)
			bound = distance;
	}
	AssignStep(&flow->steps, flow->sink);
	return bound;
}

/*
 * The nearest node with too few customers, -1 if none can be reached: then all
 * that can be are settled.
 */
int32
AssignFlowSearch(AssignFlow *flow, int32 source)
{
	int64		bound = ASSIGN_FAR;

	if (++flow->search == 0)
	{
		memset(flow->seen, 0, ((Size) flow->sink + 1) * sizeof(uint32));
		flow->search = 1;
	}
	flow->n_queue = 0;
	flow->n_settled = 0;
	Reach(flow, source, -1, 0);
	while (flow->n_queue > 0)
	{
		int32		node = QueuePop(flow);

		if (flow->excess[node] < 0)
			return node;
		flow->settled[flow->n_settled++] = node;
		bound = node == flow->sink ? ReachFromSink(flow, bound) : ReachFromAgent(flow, node, bound);
	}
	return -1;
}

/* --- Moving -------------------------------------------------------------------- */

/*
 * The first customer of the pair moves.  A move that was left out, and has become
 * cheaper than the agents the customer goes to, stays out, as paths must not
 * have negative steps: the margin was too small, and the customer is found when
 * all are checked.
 */
static void
MoveCustomer(AssignFlow *flow, int32 from, int32 to)
{
	const AssignCosts *costs = flow->costs;
	const AssignProblem *problem = costs->problem;
	int32		place = AssignGraphFind(flow->graph, from, to);
	int32		customer = flow->graph->rows[from].heap[place].entries[0].customer;
	int64		first = problem->first[customer];
	int64		end = problem->first[customer + 1];
	int64		here = costs->none_cost;
	int64		least;

	costs->own[customer] = to;
	flow->load[from]--;
	flow->load[to]++;
	for (int64 e = first; e < end; e++)
	{
		costs->scratch[e - first] = AssignEdgeCost(costs, customer, e);
		if (problem->agent[e] == to)
			here = costs->scratch[e - first];
	}
	least = here + flow->price[to];
	for (int64 e = first; e < end; e++)
	{
		int32		agent = problem->agent[e];
		int64		cost = costs->scratch[e - first];
		int64		total = cost + flow->price[agent];

		if (agent != from)
			AssignGraphLeave(flow->graph, costs->own, from, agent);
		if (agent != to && flow->capacity[agent] > 0 &&
			total >= least && total <= least + flow->margin)
			AssignGraphPush(flow->graph, to, agent, cost - here, customer);
	}
	AssignStep(&flow->steps, 16 * (end - first));
	if (from != costs->none)
		AssignGraphLeave(flow->graph, costs->own, from, costs->none);
	if (to != costs->none)
		AssignGraphPush(flow->graph, to, costs->none, costs->none_cost - here, customer);
}

/* How many can be sent along the path: one where customers move, more over the sink alone. */
static int64
PathRoom(const AssignFlow *flow, int32 source, int32 end)
{
	int64		room = Min(flow->excess[source], -flow->excess[end]);

	for (int32 node = end; node != source; node = flow->parent[node])
	{
		int32		from = flow->parent[node];
		int32		agent = node == flow->sink ? from : node;
		int64		passed = flow->flow[agent];
		int64		minimum = flow->minimum[agent];

		if (node == flow->sink)
			room = Min(room, (passed < minimum ? minimum : flow->capacity[agent]) - passed);
		else if (from == flow->sink)
			room = Min(room, passed > minimum ? passed - minimum : passed);
		else
			return 1;
	}
	return room;
}

/* Raises the prices, and sends customers along the path that was found. */
static void
Augment(AssignFlow *flow, int32 source, int32 end)
{
	int64		distance = flow->distance[end];
	int64		room = PathRoom(flow, source, end);

	for (int32 i = 0; i < flow->n_settled; i++)
	{
		int32		node = flow->settled[i];

		flow->price[node] += distance - flow->distance[node];
	}
	for (int32 node = end; node != source; node = flow->parent[node])
	{
		int32		from = flow->parent[node];

		if (node == flow->sink)
			flow->flow[from] += room;
		else if (from == flow->sink)
			flow->flow[node] -= room;
		else
			MoveCustomer(flow, from, node);
	}
	flow->excess[source] -= room;
	flow->excess[end] += room;
}

/* --- One level ----------------------------------------------------------------- */

/* Between two agents that cost a customer the same. */
static bool
PreferTie(const AssignCosts *costs, int32 customer, int32 agent, int32 best)
{
	return agent == costs->own[customer] || best == costs->none ||
		AssignTie(costs, customer, agent) > AssignTie(costs, customer, best);
}

/*
 * Puts a customer where it is cheapest, returns the cost with the price, and
 * leaves the costs of its edges in scratch.  It stays where it is as long as
 * nothing is cheaper.
 */
static int64
ChooseAgent(const AssignCosts *costs, const int64 *price, int32 customer)
{
	const AssignProblem *problem = costs->problem;
	int64		first = problem->first[customer];
	int64		end = problem->first[customer + 1];
	int32		own = costs->own[customer];
	int32		best = costs->none;
	int64		least = costs->none_cost;

	for (int64 e = first; e < end; e++)
	{
		int32		agent = problem->agent[e];
		int64		cost = AssignEdgeCost(costs, customer, e);
		int64		total = cost + price[agent];

		costs->scratch[e - first] = cost;
		if (total < least || (total == least && best != own && PreferTie(costs, customer, agent, best)))
		{
			best = agent;
			least = total;
		}
	}
	costs->own[customer] = best;
	return least;
}

/* Chooses agents, and counts the entries that are needed. */
static void
StartCustomers(AssignFlow *flow, const int32 *customers, int32 n_customers)
{
	const AssignCosts *costs = flow->costs;
	const AssignProblem *problem = costs->problem;

	for (int64 i = 0; i < n_customers; i++)
	{
		int32		customer = customers[i];
		int64		limit = ChooseAgent(costs, flow->price, customer) + flow->margin;
		int32		own = costs->own[customer];
		int64		first = problem->first[customer];
		int64		n_edges = problem->first[customer + 1] - first;

		flow->load[own]++;
		for (int64 e = 0; e < n_edges; e++)
		{
			int32		agent = problem->agent[first + e];

			if (agent != own && flow->capacity[agent] > 0 &&
				costs->scratch[e] + flow->price[agent] <= limit)
				AssignGraphCount(flow->graph, own, agent);
		}
		if (own != costs->none)
			AssignGraphCount(flow->graph, own, costs->none);
		AssignStep(&flow->steps, 4 * n_edges + 1);
	}
}

/* Enters what StartCustomers has counted. */
static void
EnterCustomers(AssignFlow *flow, const int32 *customers, int32 n_customers)
{
	const AssignCosts *costs = flow->costs;
	const AssignProblem *problem = costs->problem;

	for (int64 i = 0; i < n_customers; i++)
	{
		int32		customer = customers[i];
		int64		limit = ChooseAgent(costs, flow->price, customer) + flow->margin;
		int32		own = costs->own[customer];
		int64		first = problem->first[customer];
		int64		n_edges = problem->first[customer + 1] - first;
		int64		here = limit - flow->margin - flow->price[own];

		for (int64 e = 0; e < n_edges; e++)
		{
			int32		agent = problem->agent[first + e];

			if (agent != own && flow->capacity[agent] > 0 &&
				costs->scratch[e] + flow->price[agent] <= limit)
				AssignGraphAppend(flow->graph, own, agent, costs->scratch[e] - here, customer);
		}
		if (own != costs->none)
			AssignGraphAppend(flow->graph, own, costs->none, costs->none_cost - here, customer);
		AssignStep(&flow->steps, 4 * n_edges + 1);
	}
}

/* How many customers an agent passes on at its price. */
static int64
FlowAtPrice(const AssignFlow *flow, int32 agent)
{
	int64		price = flow->price[agent];
	int64		load = flow->load[agent];

	if (price > 0)
		return flow->capacity[agent];
	if (price == 0)
		return Min(Max(load, flow->minimum[agent]), flow->capacity[agent]);
	if (price > -flow->costs->short_cost)
		return flow->minimum[agent];
	return Min(load, flow->minimum[agent]);
}

static void
StartFlow(AssignFlow *flow, int32 n_customers)
{
	flow->excess[flow->sink] = -n_customers;
	for (int32 agent = 0; agent < flow->sink; agent++)
	{
		flow->flow[agent] = FlowAtPrice(flow, agent);
		flow->excess[agent] = flow->load[agent] - flow->flow[agent];
		flow->excess[flow->sink] += flow->flow[agent];
	}
}

/* Prices relative to the sink into price; returns how far one has moved at most. */
static int64
FinishPrices(const AssignFlow *flow, int64 *price)
{
	int64		change = 0;

	for (int32 agent = 0; agent < flow->sink; agent++)
	{
		int64		now = flow->price[agent] - flow->price[flow->sink];

		if (flow->capacity[agent] == 0)
			continue;
		/* nothing forbids a higher price where nobody is */
		if (now < 0 && flow->load[agent] == 0)
			now = flow->minimum[agent] > 0 ? -flow->costs->short_cost : 0;
		change = Max(change, now > price[agent] ? now - price[agent] : price[agent] - now);
		price[agent] = now;
	}
	return change;
}

/*
 * Assigns the given customers, the best that moves within margin of the cheapest
 * agent allow, from the given prices and to better ones.  Returns how far a price
 * has moved.
 */
int64
AssignSolve(AssignCosts *costs, const int32 *customers, int32 n_customers,
			const int64 *capacity, const int64 *minimum, int64 margin, int64 *price)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "assign level",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	AssignFlow *flow = AssignFlowCreate(costs, capacity, minimum);
	int64		change;

	flow->margin = margin;
	memcpy(flow->price, price, ((Size) costs->none + 1) * sizeof(int64));
	StartCustomers(flow, customers, n_customers);
	AssignGraphReserve(flow->graph);
	EnterCustomers(flow, customers, n_customers);
	AssignGraphOrder(flow->graph);
	StartFlow(flow, n_customers);
	for (int32 source = 0; source <= flow->sink; source++)
		while (flow->excess[source] > 0)
		{
			int32		end = AssignFlowSearch(flow, source);

			if (end < 0)
				elog(ERROR, "no path to room for a customer");
			Augment(flow, source, end);
		}
	change = FinishPrices(flow, price);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return change;
}
