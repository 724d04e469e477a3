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
 *
 * The basis is kept strongly feasible, so that steps that move nothing cannot
 * cycle: every arc of the tree without flow points away from the root, when arcs
 * go from customers to bins and from the root to bins (for free room).  It is so
 * at the beginning, and stays so when among the arcs that block a step the first
 * one leaves, as one follows the cycle in the direction of the flow from the
 * node next to the root.  W. H. Cunningham, A network simplex method,
 * Mathematical Programming 11 (1976), with all arcs turned round.
 */
#include "allocation/workload.h"

#define NOBODY (-1)

/*
 * Nodes are numbered: bins, then the root, then divided customers.  A customer's
 * place is its bin or the root where it is whole, otherwise NODE_PLACE of its node.
 */
#define NODE_PLACE(node) (-1 - (node))

struct Relaxation
{
	const Workload *problem;
	int32		n_bins;
	int32		root;
	int32	   *agent_of_bin;
	int32	   *second_bin;		/* of agents with a minimum: its bin; -1 for none; NULL: no minima */
	int32	   *open_bin;		/* of each agent the bin whose price is lower */
	double	   *price;			/* of each agent: of that bin */

	/* what an edge is worth */
	double		served;
	bool		use_values;
	double		idle;
	double		tolerance;

	/* the tree */
	int32	   *parent;
	int32	   *child;			/* the first one */
	int32	   *next;			/* sibling */
	int32	   *previous;
	int32	   *depth;
	int32	   *degree;
	int32	   *customer;		/* of a node, where it is one */
	int64	   *flow;			/* between a node and its parent */
	double	   *worth;			/* of a unit of it */
	double	   *potential;		/* of bins the price of a unit, of customers what a unit earns above it */
	int32	   *free_nodes;
	int32		n_free;

	int32	   *place;			/* of each customer */
};

#define IS_BIN(r, node) ((node) < (r)->root)
#define IS_CUSTOMER(r, node) ((node) > (r)->root)

/* --- The tree -------------------------------------------------------------------- */

static void
Attach(Relaxation *r, int32 node, int32 parent)
{
	r->parent[node] = parent;
	r->previous[node] = NOBODY;
	r->next[node] = r->child[parent];
	if (r->child[parent] != NOBODY)
		r->previous[r->child[parent]] = node;
	r->child[parent] = node;
}

static void
Detach(Relaxation *r, int32 node)
{
	if (r->previous[node] != NOBODY)
		r->next[r->previous[node]] = r->next[node];
	else
		r->child[r->parent[node]] = r->next[node];
	if (r->next[node] != NOBODY)
		r->previous[r->next[node]] = r->previous[node];
}

/* The node after this one in preorder, within the subtree of top; or NOBODY. */
static int32
NextInSubtree(const Relaxation *r, int32 node, int32 top)
{
	if (r->child[node] != NOBODY)
		return r->child[node];
	while (node != top)
	{
		if (r->next[node] != NOBODY)
			return r->next[node];
		node = r->parent[node];
	}
	return NOBODY;
}

/* Makes the price of an agent that of its cheaper bin. */
static void
SetAgentPrice(Relaxation *r, int32 agent)
{
	int32		bin = agent;

	if (r->second_bin != NULL && r->second_bin[agent] != NOBODY &&
		r->potential[r->second_bin[agent]] < r->potential[agent])
		bin = r->second_bin[agent];
	r->open_bin[agent] = bin;
	r->price[agent] = r->potential[bin];
}

/* Depth and potential of a node from those of its parent. */
static void
SetPotential(Relaxation *r, int32 node)
{
	int32		parent = r->parent[node];

	r->depth[node] = r->depth[parent] + 1;
	/* the root's is 0, and so is what a unit earns there */
	r->potential[node] = r->worth[node] - r->potential[parent];
}

static void
SetPotentialsBelow(Relaxation *r, int32 top)
{
	int64		i = 0;

	for (int32 node = top; node != NOBODY; node = NextInSubtree(r, node, top))
	{
		if (node != r->root)
			SetPotential(r, node);
		if (IS_BIN(r, node))
			SetAgentPrice(r, r->agent_of_bin[node]);
		POLL_EVERY(i);
		i++;
	}
}

/* A whole customer becomes a node of the tree. */
static int32
MakeNode(Relaxation *r, int32 customer, double worth)
{
	int32		node = r->free_nodes[--r->n_free];

	r->customer[node] = customer;
	r->child[node] = NOBODY;
	r->degree[node] = 1;
	r->flow[node] = r->problem->load[customer];
	r->worth[node] = worth;
	Attach(r, node, r->place[customer]);
	SetPotential(r, node);
	r->place[customer] = NODE_PLACE(node);
	return node;
}

/* One arc of a node has gone; a customer with one arc left is whole again. */
static void
LoseArc(Relaxation *r, int32 node)
{
	if (!IS_CUSTOMER(r, node) || --r->degree[node] > 1)
		return;
	Detach(r, node);
	r->place[r->customer[node]] = r->parent[node];
	r->free_nodes[r->n_free++] = node;
}

/* --- A step ------------------------------------------------------------------------ */

/*
 * Flow runs down the tree to tail, over the entering arc to head, and up again.
 * Whether it takes from what a node exchanges with its parent.
 */
#define TAKES_DOWN(r, node) IS_CUSTOMER(r, node)
#define TAKES_UP(r, node) IS_BIN(r, node)

/*
 * Finds the arc that leaves the basis, as the node below it, and how much flows.
 * on_tail_side tells on which side of the cycle it is.
 */
static int32
FindLeaving(const Relaxation *r, int32 tail, int32 head, int64 *amount, bool *on_tail_side)
{
	int32		leaving = NOBODY;
	int32		from_head = NOBODY;
	int64		head_amount = 0;

	*amount = 0;
	while (tail != head)
	{
		if (r->depth[tail] >= r->depth[head])
		{
			/* against the flow: the last of equals is the first of the cycle */
			if (TAKES_DOWN(r, tail) && (leaving == NOBODY || r->flow[tail] <= *amount))
			{
				leaving = tail;
				*amount = r->flow[tail];
			}
			tail = r->parent[tail];
		}
		else
		{
			if (TAKES_UP(r, head) && (from_head == NOBODY || r->flow[head] < head_amount))
			{
				from_head = head;
				head_amount = r->flow[head];
			}
			head = r->parent[head];
		}
	}
	*on_tail_side = from_head == NOBODY || (leaving != NOBODY && *amount <= head_amount);
	if (*on_tail_side)
		return leaving;
	*amount = head_amount;
	return from_head;
}

static void
Push(Relaxation *r, int32 tail, int32 head, int64 amount)
{
	while (tail != head)
	{
		if (r->depth[tail] >= r->depth[head])
		{
			r->flow[tail] += TAKES_DOWN(r, tail) ? -amount : amount;
			tail = r->parent[tail];
		}
		else
		{
			r->flow[head] += TAKES_UP(r, head) ? -amount : amount;
			head = r->parent[head];
		}
	}
}

/*
 * Hangs the part of the tree below leaving onto parent, by its node top, turning
 * the way between the two round.
 */
static void
Rehang(Relaxation *r, int32 top, int32 leaving, int32 parent, int64 flow, double worth)
{
	for (int32 node = top;;)
	{
		int32		old_parent = r->parent[node];
		int64		old_flow = r->flow[node];
		double		old_worth = r->worth[node];

		Detach(r, node);
		Attach(r, node, parent);
		r->flow[node] = flow;
		r->worth[node] = worth;
		if (node == leaving)
			break;
		parent = node;
		flow = old_flow;
		worth = old_worth;
		node = old_parent;
	}
}

/*
 * The arc from tail to head enters the basis; it earns worth a unit.  tail is the
 * node of a customer, or the root for free room.
 */
static void
Step(Relaxation *r, int32 tail, int32 head, double worth)
{
	int64		amount;
	bool		on_tail_side;
	int32		leaving = FindLeaving(r, tail, head, &amount, &on_tail_side);
	int32		above = r->parent[leaving];
	int32		top = on_tail_side ? tail : head;

	Push(r, tail, head, amount);
	r->degree[tail]++;
	Rehang(r, top, leaving, on_tail_side ? head : tail, amount, worth);
	SetPotentialsBelow(r, top);
	LoseArc(r, leaving);
	LoseArc(r, above);
}

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
	node = place >= 0 ? MakeNode(r, customer, here_worth / load) : NODE_PLACE(place);
	Step(r, node, to, to_worth / load);
	return true;
}

/* Steps that let room of an agent stay free; returns how many. */
static int64
TryBins(Relaxation *r)
{
	int64		n_steps = 0;

	for (int32 bin = 0; bin < r->n_bins; bin++)
	{
		double		idle = bin < r->problem->n_agents ? 0 : r->idle;

		if (r->potential[bin] < idle - r->tolerance)
		{
			Step(r, r->root, bin, idle);
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

	for (int32 node = NextInSubtree(r, r->root, r->root); node != NOBODY;
		 node = NextInSubtree(r, node, r->root))
	{
		int32		parent = r->parent[node];
		int32		customer = IS_CUSTOMER(r, node) ? node : parent;

		if (customer == r->root)
			r->worth[node] = node < r->problem->n_agents ? 0 : r->idle;
		else
			r->worth[node] = WorthAt(r, r->customer[customer], customer == node ? parent : node) /
				r->problem->load[r->customer[customer]];
		POLL_EVERY(i);
		i++;
	}
}

/*
 * Steps until none earns more.  That the number is bounded only guards against
 * rounding errors of prices.
 */
void
RelaxationSolve(Relaxation *r, int64 served, bool use_values)
{
	const Workload *p = r->problem;
	double		max_worth = (double) served + (use_values ? (double) p->max_value : 0);
	int64		max_sweeps = 1000 + p->n_agents;
	int64		n_steps = 1;

	r->served = (double) served;
	r->use_values = use_values;
	r->idle = -16 * max_worth;
	r->tolerance = max_worth * 1e-12;
	SetTreeWorths(r);
	SetPotentialsBelow(r, r->root);

	for (int64 sweep = 0; sweep < max_sweeps && n_steps > 0; sweep++)
	{
		n_steps = TryBins(r);
		for (int32 i = 0; i < p->n_customers; i++)
		{
			if (p->first[i] == p->first[i + 1])
				continue;
			if (TryCustomer(r, i))
			{
				n_steps++;
				if ((n_steps & 255) == 0)
					n_steps += TryBins(r);
			}
			POLL_EVERY(i);
		}
	}
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
		Attach(r, bin, r->root);
	}
	for (int32 i = 0; i < p->n_customers; i++)
	{
		r->place[i] = r->root;
		POLL_EVERY(i);
	}
}

Relaxation *
RelaxationCreate(const Workload *problem)
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
