/*
 * assign_edges.h
 *		The query of edges: which agent may serve which customer, and how well.
 */
#ifndef CUSTSEG_ASSIGN_EDGES_H
#define CUSTSEG_ASSIGN_EDGES_H

#include "postgres.h"

#include "common/compat.h"

#include "allocation/assign_reading.h"
#include "allocation/key_index.h"
#include "allocation/scaled_values.h"

/* The people, numbered in key order. */
typedef struct AgentKeys
{
	KeyIndex   *keys;
	Oid			type;
	const char *argument;		/* where they come from */
} AgentKeys;

typedef struct AssignEdges
{
	KeyIndex   *customers;		/* in key order */
	Oid			customer_type;
	int64	   *first;			/* customer i has the edges first[i] .. first[i + 1] - 1 */
	int32	   *agent;			/* ascending within a customer */
	int64	   *value;			/* value * 10^-scale */
	int64	   *load;			/* of each customer; NULL: each has 1 */
	int			scale;
	bool		has_values;
} AssignEdges;

typedef struct AssignEdgeOptions
{
	bool		only_known_agents;	/* another agent is an error, otherwise it is left out */
	bool		values_optional;	/* the column of values */
	const ScaledBlock *added;	/* what may be added to a value; NULL: nothing */
	Oid			customer_key;	/* type of customers in the result */
} AssignEdgeOptions;

/* Reads all edges into arrays in the current context. */
extern void AssignEdgesRead(AssignEdges *edges, const char *query, const AgentKeys *agents,
							const AssignEdgeOptions *options);

/* Whether a customer has an edge, and where it is. */
extern bool AssignEdgeFind(const AssignEdges *edges, int32 customer, int32 agent, int64 *place);

#endif							/* CUSTSEG_ASSIGN_EDGES_H */
