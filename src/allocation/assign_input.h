/*
 * assign_input.h
 *		From the arguments of assign and its kin to a problem, and its solution.
 */
#ifndef CUSTSEG_ASSIGN_INPUT_H
#define CUSTSEG_ASSIGN_INPUT_H

#include "postgres.h"

#include "common/compat.h"

#include "allocation/assign_edges.h"
#include "allocation/assignment.h"
#include "fmgr.h"

typedef struct Assignment
{
	AgentKeys	agents;
	int64	   *capacity;		/* of each agent */
	int64	   *minimum;		/* NULL: none */
	AssignEdges edges;			/* values with the stickiness of current agents */
	int32	   *current;		/* of each customer: the agent who has an edge, -1 for none; or NULL */
	int64		stickiness;		/* at the scale of the values */
	AssignProblem problem;
	AssignResult result;
	MemoryContext context;		/* of all of it */
} Assignment;

/*
 * Reads the arguments from `first` on (edges, agents, current, stickiness,
 * balance) and solves.  The keys' types in the result are checked before the
 * queries run.
 */
extern Assignment *AssignmentMake(FunctionCallInfo fcinfo, int first,
								  Oid customer_key, Oid agent_key);
extern void AssignmentFree(Assignment *a);

/* The place of the edge that was taken; false for a customer without an agent. */
extern bool AssignmentEdge(const Assignment *a, int32 customer, int64 *place);

/* The value of an edge as the user gave it, without the stickiness. */
static inline int64
AssignmentValue(const Assignment *a, int32 customer, int64 place)
{
	bool		sticky = a->current != NULL && a->current[customer] == a->edges.agent[place];

	return a->edges.value[place] - (sticky ? a->stickiness : 0);
}

/* How much more capacity of an agent the price in the result is for. */
static inline int64
AssignmentSlotLoad(const Assignment *a, int32 agent)
{
	return a->result.slot_load == NULL ? 1 : a->result.slot_load[agent];
}

/* A value, price or sum of values as a numeric of the values' scale. */
extern Datum AssignmentNumeric(const Assignment *a, int128 value);

#endif							/* CUSTSEG_ASSIGN_INPUT_H */
