/*
 * workload_dual.c
 *		The linear relaxation of assign with loads: customers may be divided.
 *
 * Counted in units of load it is a transportation problem: customer i sends
 * load_i units, to agents that have room for capacity_j units, or to nobody; a
 * unit of the edge (i, j) earns worth_ij / load_i.  This is the network simplex
 * method, in a form for many customers and few agents.  A basis is a tree.  A
 * customer who is whole with one agent is a leaf of it, and only its place is
 * kept; the nodes proper are the agents, the root, and the divided customers, of
 * whom there are never more than agents.  So a step costs what the agents' tree
 * costs, however many customers there are, and most steps just move a customer
 * from one agent to another.
 *
 * The root takes load that nobody serves, and gives agents the room that stays
 * free.  An agent with a minimum is two bins: one for the minimum, where free room
 * costs `idle`, more than any customers are worth, and one for the rest.
 *
 * Flows are integers and exact.  Prices are float8; they steer, nothing that is
 * reported relies on them: workload_bound.c makes an exact bound of any prices.
 * Prices that equal the dual solution but for rounding are found by additions
 * along the tree from the root, again and again, so that errors do not grow.
 */
#include "allocation/workload_relaxation.h"

#include "utils/memutils.h"

#define MAX_SWEEPS 1000

/* A sample is worth while with so many customers, and so many for each agent. */
#define MIN_SAMPLED 1000
#define MIN_PER_AGENT 64

/* Free room is worth this part of the sample's price at the beginning. */
#define SHRINK 0.9

/* --- Finding steps ------------------------------------------------------------------ */

static inline double
EdgeWorth(const Relaxation *r, int64 edge)
{
	return r->use_values ? r->served + (double) r->problem->value[edge] : r->served;
}

/* What an edge of a customer to an agent is worth; 0 for the root. */
static double
WorthAt(const Relaxation *r, int32 customer, int32 bin)
{
	const Workload *p = r->problem;

	if (bin == r->root)
		return 0;
	for (int64 e = p->first[customer]; e < p->first[customer + 1]; e++)
		if (p->agent[e] == r->agent_of_bin[bin])
			return EdgeWorth(r, e);
	elog(ERROR, "customer is with an agent who may not serve it");
	return 0;
}

/* A step with a customer, to where it earns most above the price; false: it is there. */
static bool
TryCustomer(Relaxation *r, int32 customer)
{
	const Workload *p = r->problem;
	int64		load = p->load[customer];
	int32		place = r->place[customer];
	int32		to = r->root;
	double		to_worth = 0;
	double		best = 0;
	double		here_worth = 0;
	double		here;
	int32		node;

	if (place >= 0 && place < r->root)
	{
		here_worth = WorthAt(r, customer, place);
		here = here_worth - r->potential[place] * load;
	}
	else
		here = place == r->root ? 0 : r->potential[NODE_PLACE(place)] * load;

	for (int64 e = p->first[customer]; e < p->first[customer + 1]; e++)
	{
		double		worth = EdgeWorth(r, e);
		double		net = worth - r->price[p->agent[e]] * load;

		if (net > best)
		{
			best = net;
			to = p->agent[e];
			to_worth = worth;
		}
	}
	if (best <= here + r->tolerance)
		return false;
	if (to != r->root)
		to = r->open_bin[to];
	node = place >= 0 ? BasisMakeNode(r, customer, here_worth / load) : NODE_PLACE(place);
	BasisStep(r, node, to, to_worth / load);
	return true;
}

/* Steps that let room of an agent stay free; returns how many. */
static int64
TryBins(Relaxation *r)
{
	int64		n_steps = 0;

	for (int32 bin = 0; bin < r->n_bins; bin++)
	{
		if (r->potential[bin] < r->idle[bin] - r->tolerance)
		{
			BasisStep(r, r->root, bin, r->idle[bin]);
			n_steps++;
		}
		POLL_EVERY(bin);
	}
	return n_steps;
}

/* The worth of the arcs in the tree, when that of edges has changed. */
static void
SetTreeWorths(Relaxation *r)
{
	int64		i = 0;

	for (int32 node = BasisNext(r, r->root, r->root); node != NOBODY;
		 node = BasisNext(r, node, r->root))
	{
		int32		parent = r->parent[node];
		int32		customer = IS_CUSTOMER(r, node) ? node : parent;

		if (customer == r->root)
			r->worth[node] = r->idle[node];
		else
			r->worth[node] = WorthAt(r, r->customer[customer], customer == node ? parent : node) /
				r->problem->load[r->customer[customer]];
		POLL_EVERY(i);
		i++;
	}
}

/*
 * Steps over some customers until none of them can make one.  That the number of
 * sweeps is bounded only guards against rounding errors of prices.
 */
static void
SweepActive(Relaxation *r, const int32 *active, int64 n_active)
{
	int64		n_steps = 1;

	for (int sweep = 0; sweep < MAX_SWEEPS && n_steps > 0; sweep++)
	{
		n_steps = TryBins(r);
		for (int64 k = 0; k < n_active; k++)
		{
			n_steps += TryCustomer(r, active[k]) ? 1 : 0;
			POLL_EVERY(k);
		}
	}
}

/*
 * Steps until there is none.  Customers who have made one are likely to make
 * another, so after each sweep over all these are done until they rest.
 */
static void
Optimise(Relaxation *r)
{
	const Workload *p = r->problem;
	int32	   *active = WorkloadAlloc(p->n_customers, sizeof(int32));
	int64		n_active = 1;

	SetTreeWorths(r);
	BasisSetPotentials(r, r->root);
	for (int sweep = 0; sweep < MAX_SWEEPS && n_active > 0; sweep++)
	{
		int64		n_steps = TryBins(r);

		n_active = 0;
		for (int32 i = 0; i < p->n_customers; i++)
		{
			if (p->first[i] < p->first[i + 1] && TryCustomer(r, i))
				active[n_active++] = i;
			POLL_EVERY(i);
		}
		SweepActive(r, active, n_active);
		n_active += n_steps;
	}
	pfree(active);
}

/* Sets what edges and free room are worth. */
static void
SetWorths(Relaxation *r, int64 served, bool use_values)
{
	const Workload *p = r->problem;
	double		max_worth = (double) served + (use_values ? (double) p->max_value : 0);

	r->served = (double) served;
	r->use_values = use_values;
	r->tolerance = max_worth * 1e-12;
	for (int32 bin = 0; bin < r->n_bins; bin++)
		r->idle[bin] = bin < p->n_agents ? 0 : -16 * max_worth;
}

void
RelaxationSolve(Relaxation *r, int64 served, bool use_values)
{
	SetWorths(r, served, use_values);
	Optimise(r);
}

/* --- Its beginning, and what it tells ------------------------------------------------ */

static int32 *
AllocNodes(int32 n)
{
	return WorkloadAlloc(n, sizeof(int32));
}

/* Bins of agents, and those of minima after them. */
static void
MakeBins(Relaxation *r)
{
	const Workload *p = r->problem;

	r->n_bins = p->n_agents;
	if (p->minimum != NULL)
	{
		r->second_bin = AllocNodes(p->n_agents);
		for (int32 j = 0; j < p->n_agents; j++)
			r->second_bin[j] = p->minimum[j] > 0 ? r->n_bins++ : NOBODY;
	}
	r->root = r->n_bins;
	r->agent_of_bin = AllocNodes(r->n_bins);
	for (int32 j = 0; j < p->n_agents; j++)
	{
		r->agent_of_bin[j] = j;
		if (r->second_bin != NULL && r->second_bin[j] != NOBODY)
			r->agent_of_bin[r->second_bin[j]] = j;
	}
}

/* Everybody is at the root, all room is free. */
static void
MakeTree(Relaxation *r)
{
	const Workload *p = r->problem;

	for (int32 node = 0; node <= r->root; node++)
	{
		r->child[node] = NOBODY;
		r->degree[node] = 0;
		r->potential[node] = 0;
	}
	r->parent[r->root] = NOBODY;
	r->depth[r->root] = 0;
	for (int32 bin = r->n_bins - 1; bin >= 0; bin--)
	{
		int32		agent = r->agent_of_bin[bin];
		int64		minimum = p->minimum != NULL ? p->minimum[agent] : 0;

		r->flow[bin] = bin < p->n_agents ? p->capacity[agent] - minimum : minimum;
		BasisAttach(r, bin, r->root);
	}
	for (int32 i = 0; i < p->n_customers; i++)
	{
		r->place[i] = r->root;
		POLL_EVERY(i);
	}
}

/* --- A beginning near the end ---------------------------------------------------------- */

/* Gives customers, one after the other, to who is best at these prices and has room. */
static void
PlaceByPrices(Relaxation *r, const double *price)
{
	const Workload *p = r->problem;

	for (int32 i = 0; i < p->n_customers; i++)
	{
		int64		load = p->load[i];
		int32		to = r->root;
		double		best = 0;

		for (int64 e = p->first[i]; e < p->first[i + 1]; e++)
		{
			int32		bin = p->agent[e];
			double		net = EdgeWorth(r, e) - price[bin] * load;

			if (net <= best)
				continue;
			if (r->flow[bin] < load && r->second_bin != NULL && r->second_bin[bin] != NOBODY)
				bin = r->second_bin[bin];
			if (r->flow[bin] >= load)
			{
				best = net;
				to = bin;
			}
		}
		r->place[i] = to;
		if (to != r->root)
			r->flow[to] -= load;
		POLL_EVERY(i);
	}
}

/*
 * Solves a sample, which gives prices that are nearly right, and puts customers
 * where these make them go.  For the prices to be those of the first basis, free
 * room is worth nearly the price for now; agents that then fill up have the right
 * price soon, and when free room is worth nothing again only the others change.
 */
static void
StartFromSample(Relaxation *r, int64 served)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "workload sample",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Workload	sample;
	Relaxation *small;

	SampleWorkload(r->problem, &sample);
	small = RelaxationCreate(&sample, served);
	RelaxationSolve(small, served, true);
	MemoryContextSwitchTo(old);
	SetWorths(r, served, true);
	PlaceByPrices(r, small->price);
	for (int32 j = 0; j < r->problem->n_agents; j++)
		r->idle[j] = Max(0, small->price[j] * SHRINK);
	MemoryContextDelete(scratch);
	Optimise(r);
}

Relaxation *
RelaxationCreate(const Workload *problem, int64 served)
{
	Relaxation *r = palloc0(sizeof(Relaxation));
	int32		n_nodes;

	r->problem = problem;
	MakeBins(r);

	/*
	 * A tree with k divided customers has n_bins + k arcs, at least two at each of
	 * them: k <= n_bins.  During a step there is one more.
	 */
	n_nodes = 2 * r->n_bins + 2;
	r->open_bin = AllocNodes(problem->n_agents);
	r->price = WorkloadAlloc(problem->n_agents, sizeof(double));
	r->idle = WorkloadAlloc(r->n_bins, sizeof(double));
	r->parent = AllocNodes(n_nodes);
	r->child = AllocNodes(n_nodes);
	r->next = AllocNodes(n_nodes);
	r->previous = AllocNodes(n_nodes);
	r->depth = AllocNodes(n_nodes);
	r->degree = AllocNodes(n_nodes);
	r->customer = AllocNodes(n_nodes);
	r->free_nodes = AllocNodes(n_nodes);
	r->flow = WorkloadAlloc(n_nodes, sizeof(int64));
	r->worth = WorkloadAlloc(n_nodes, sizeof(double));
	r->potential = WorkloadAlloc(n_nodes, sizeof(double));
	r->place = WorkloadAlloc(problem->n_customers, sizeof(int32));
	for (int32 node = n_nodes - 1; node > r->root; node--)
		r->free_nodes[r->n_free++] = node;
	MakeTree(r);
	if (problem->n_customers > MIN_SAMPLED && problem->n_customers / MIN_PER_AGENT > problem->n_agents)
		StartFromSample(r, served);
	return r;
}

const double *
RelaxationPrices(const Relaxation *r)
{
	return r->price;
}

int32
RelaxationAgent(const Relaxation *r, int32 customer)
{
	int32		place = r->place[customer];

	return place >= 0 && place < r->root ? r->agent_of_bin[place] : NOBODY;
}

/* What a customer has at the root, if it is divided. */
static int64
LoadAtRoot(const Relaxation *r, int32 node)
{
	if (r->parent[node] == r->root)
		return r->flow[node];
	return 0;
}

double
RelaxationServed(const Relaxation *r)
{
	const Workload *p = r->problem;
	double		served = 0;

	for (int32 i = 0; i < p->n_customers; i++)
	{
		int32		place = r->place[i];

		if (place < 0)
			served += 1 - (double) LoadAtRoot(r, NODE_PLACE(place)) / p->load[i];
		else if (place < r->root)
			served += 1;
		POLL_EVERY(i);
	}
	return served;
}

int64
RelaxationNextLoad(const Relaxation *r, int32 agent)
{
	int32		node = r->open_bin[agent];

	while (r->parent[node] != r->root)
		node = r->parent[node];
	return IS_CUSTOMER(r, node) ? r->problem->load[r->customer[node]] : 0;
}
