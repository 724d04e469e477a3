/*
 * workload_basis.c
 *		The tree of workload_dual.c, and what a step does to it.
 *
 * The basis is kept strongly feasible, so that steps that move nothing cannot
 * cycle: every arc of the tree without flow points away from the root, when arcs
 * go from customers to bins and from the root to bins (for free room).  It is so
 * at the beginning, and stays so when among the arcs that block a step the first
 * one leaves, as one follows the cycle in the direction of the flow from the
 * node next to the root.  W. H. Cunningham, A network simplex method,
 * Mathematical Programming 11 (1976), with all arcs turned round.
 */
#include "allocation/workload_relaxation.h"

/* --- The tree -------------------------------------------------------------------- */

void
BasisAttach(Relaxation *r, int32 node, int32 parent)
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

int32
BasisNext(const Relaxation *r, int32 node, int32 top)
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

void
BasisSetPotentials(Relaxation *r, int32 top)
{
	int64		i = 0;

	for (int32 node = top; node != NOBODY; node = BasisNext(r, node, top))
	{
		if (node != r->root)
			SetPotential(r, node);
		if (IS_BIN(r, node))
			SetAgentPrice(r, r->agent_of_bin[node]);
		POLL_EVERY(i);
		i++;
	}
}

int32
BasisMakeNode(Relaxation *r, int32 customer, double worth)
{
	int32		node = r->free_nodes[--r->n_free];

	r->customer[node] = customer;
	r->child[node] = NOBODY;
	r->degree[node] = 1;
	r->flow[node] = r->problem->load[customer];
	r->worth[node] = worth;
	BasisAttach(r, node, r->place[customer]);
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
		BasisAttach(r, node, parent);
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

void
BasisStep(Relaxation *r, int32 tail, int32 head, double worth)
{
	int64		amount;
	bool		on_tail_side;
	int32		leaving = FindLeaving(r, tail, head, &amount, &on_tail_side);
	int32		above = r->parent[leaving];
	int32		top = on_tail_side ? tail : head;

	custseg_poll();
	Push(r, tail, head, amount);
	r->degree[tail]++;
	Rehang(r, top, leaving, on_tail_side ? head : tail, amount, worth);
	BasisSetPotentials(r, top);
	LoseArc(r, leaving);
	LoseArc(r, above);
}
