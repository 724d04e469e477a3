/*
 * workload_relaxation.h
 *		A basis of the linear relaxation of assign with loads.
 */
#ifndef CUSTSEG_WORKLOAD_RELAXATION_H
#define CUSTSEG_WORKLOAD_RELAXATION_H

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
	double	   *idle;			/* and a unit of free room of a bin */
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

/* Next node in preorder within the subtree of top, or NOBODY. */
extern int32 BasisNext(const Relaxation *relaxation, int32 node, int32 top);

/* Makes a node the first child of another. */
extern void BasisAttach(Relaxation *relaxation, int32 node, int32 parent);

/* Sets depths and potentials of a subtree, from above. */
extern void BasisSetPotentials(Relaxation *relaxation, int32 top);

/* A whole customer becomes a node of the tree; worth is that of a unit where it is. */
extern int32 BasisMakeNode(Relaxation *relaxation, int32 customer, double worth);

/*
 * The arc from tail to head enters the basis; it earns worth a unit.  tail is the
 * node of a customer, or the root for free room.
 */
extern void BasisStep(Relaxation *relaxation, int32 tail, int32 head, double worth);

#endif							/* CUSTSEG_WORKLOAD_RELAXATION_H */
