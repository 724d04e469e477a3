/*
 * assignment_private.h
 *		What the files of the solver of assign share.
 */
#ifndef CUSTSEG_ASSIGNMENT_PRIVATE_H
#define CUSTSEG_ASSIGNMENT_PRIVATE_H

#include "allocation/assignment.h"

/*
 * No path is as long as this, with none_cost at most ASSIGN_MAX_COST: see
 * assignment_path.c.
 */
#define ASSIGN_FAR			(INT64CONST(1) << 62)
#define ASSIGN_MAX_COST		(INT64CONST(1) << 58)

/*
 * The problem as costs to be minimised, in 64 bits.  Beside the agents there is
 * one more, none, who has room for all: who is there is not served.
 */
typedef struct AssignCosts
{
	const AssignProblem *problem;
	int32		none;			/* number of agents */
	int64		top_value;		/* highest value of any edge */
	int64		multiplier;		/* of top_value - value */
	int64		tie_mask;		/* the lowest bits are decided by a hash */
	int64		unit;			/* what one step of value is worth; more than any ties sum up to */
	int64		none_cost;		/* of one customer who is not served */
	int64		short_cost;		/* of one customer too few for a minimum */
	int64	   *capacity;		/* of agents and none, at most n_customers + 1 */
	int64	   *minimum;
	int32	   *own;			/* the agent of each customer, or none */
	int64	   *scratch;		/* for the edges of one customer */
} AssignCosts;

/* One of the customers of an agent, by what it costs to move it to another one. */
typedef struct AssignEntry
{
	int64		key;
	int32		customer;
} AssignEntry;

/*
 * Candidates for a move, cheapest first.  Entries of customers who have left
 * may remain below the first one.
 */
typedef struct AssignHeap
{
	AssignEntry *entries;
	int32		n;
	int32		size;
	bool		pooled;			/* entries are part of the pool */
} AssignHeap;

/* The moves from one agent to others. */
typedef struct AssignRow
{
	int32		n;
	int32		size;
	int32	   *to;
	int64	   *key;			/* of the first entry, ASSIGN_FAR when there is none */
	AssignHeap *heap;
} AssignRow;

typedef struct AssignSlot
{
	uint64		pair;			/* from * n_nodes + to + 1; 0: free */
	int32		place;
} AssignSlot;

typedef struct AssignGraph
{
	int32		n_nodes;
	AssignRow  *rows;
	int32	   *matrix;			/* place + 1 in its row of each pair; NULL: slots are used */
	AssignSlot *slots;
	uint64		n_slots;		/* a power of two */
	uint64		n_pairs;
	AssignEntry *pool;
} AssignGraph;

/*
 * Customers on their way, and a search for the shortest paths from a node.  Nodes
 * are the agents, none, and the sink, into which every agent passes customers on.
 */
typedef struct AssignFlow
{
	const AssignCosts *costs;
	AssignGraph *graph;
	const int64 *capacity;		/* of agents and none, for these customers */
	const int64 *minimum;
	int64		margin;			/* moves this much dearer than the best are left out */
	int32		sink;
	int64	   *price;			/* of each node */
	int64	   *load;			/* customers of each agent */
	int64	   *flow;			/* from each agent to the sink */
	int64	   *excess;			/* of each node: more arrive than leave */

	int64	   *distance;
	int32	   *parent;
	uint32	   *seen;			/* the last search that reached the node */
	uint32		search;
	int32	   *queue;			/* a heap of nodes by distance */
	int32	   *position;		/* in the queue; -1: settled */
	int32		n_queue;
	int32	   *settled;
	int32		n_settled;
	uint32		steps;			/* for polling */
} AssignFlow;

/* Polls once in about 4096 steps of loops that take unequal numbers of them. */
static inline void
AssignStep(uint32 *steps, int64 more)
{
	*steps += (uint32) Min(more, 4096);
	if (unlikely(*steps >= 4096))
	{
		custseg_poll();
		*steps = 0;
	}
}

/* Mixes all bits of a hash of keys into all bits. */
static inline uint64
AssignMix(uint64 h)
{
	h ^= h >> 32;
	h *= UINT64CONST(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h;
}

/* What decides ties between the edges of a customer, and between customers. */
static inline uint64
AssignTie(const AssignCosts *costs, int32 customer, int32 agent)
{
	return AssignMix((costs->problem->customer_hash[customer] ^ costs->problem->agent_hash[agent]) *
					 UINT64CONST(0x9e3779b97f4a7c15));
}

/* Without tie; a multiple of unit. */
static inline int64
AssignTrueCost(const AssignCosts *costs, int64 edge)
{
	return (costs->top_value - costs->problem->value[edge]) * costs->multiplier;
}

/* At most none_cost / 2: see assignment.c. */
static inline int64
AssignEdgeCost(const AssignCosts *costs, int32 customer, int64 edge)
{
	const AssignProblem *problem = costs->problem;

	return AssignTrueCost(costs, edge) +
		(int64) (AssignTie(costs, customer, problem->agent[edge]) & costs->tie_mask);
}

/* assignment_graph.c */
extern AssignGraph *AssignGraphCreate(int32 n_nodes);
extern void AssignGraphCount(AssignGraph *graph, int32 from, int32 to);
extern void AssignGraphLower(AssignGraph *graph, int32 from, int32 to, int64 key);
extern int32 AssignGraphFind(const AssignGraph *graph, int32 from, int32 to);
extern void AssignGraphReserve(AssignGraph *graph);
extern void AssignGraphAppend(AssignGraph *graph, int32 from, int32 to, int64 key, int32 customer);
extern void AssignGraphOrder(AssignGraph *graph);
extern void AssignGraphPush(AssignGraph *graph, int32 from, int32 to, int64 key, int32 customer);
extern void AssignGraphLeave(AssignGraph *graph, const int32 *own, int32 from, int32 to);

/* assignment_path.c */
extern AssignFlow *AssignFlowCreate(const AssignCosts *costs, const int64 *capacity,
									const int64 *minimum);
extern int32 AssignFlowSearch(AssignFlow *flow, int32 source);
extern int64 AssignSolve(AssignCosts *costs, const int32 *customers, int32 n_customers,
						 const int64 *capacity, const int64 *minimum, int64 margin, int64 *price);

/* assignment_balance.c */
extern void AssignBalance(const AssignCosts *costs, const int64 *true_price, int64 *load);

/* assignment_price.c */
extern void AssignTruePrices(const AssignCosts *costs, const int64 *price, int64 *true_price);

#endif							/* CUSTSEG_ASSIGNMENT_PRIVATE_H */
