/*
 * assignment.h
 *		Core of assign: n customers to m people with capacities, n >> m.
 */
#ifndef CUSTSEG_ASSIGNMENT_H
#define CUSTSEG_ASSIGNMENT_H

#include "common/core.h"

/*
 * Customers and agents are numbered in the order of their keys.  A customer
 * may have no edge.  Values are integers: the caller has scaled them, and has
 * added the stickiness to the edges of the current agents.
 */
typedef struct AssignProblem
{
	int32		n_customers;
	int32		n_agents;
	const int64 *first;			/* n_customers + 1: customer i has the edges first[i] .. first[i + 1] - 1 */
	const int32 *agent;			/* of each edge, ascending within a customer */
	const int64 *value;			/* of each edge, at most ASSIGN_MAX_VALUE in absolute value */
	const int64 *capacity;		/* of each agent, >= 0 */
	const int64 *minimum;		/* of each agent, 0 <= minimum <= capacity; NULL: none */
	const int64 *load;			/* of each customer, >= 1; NULL: each has 1 */
	const uint64 *customer_hash;	/* of the business keys, to decide ties */
	const uint64 *agent_hash;
	bool		balance;		/* among the best, loads as even as capacities allow */
} AssignProblem;

/* 2^40: with two decimals, eleven digits before the point */
#define ASSIGN_MAX_VALUE	(INT64CONST(1) << 40)

typedef enum AssignStatus
{
	ASSIGN_OK,
	ASSIGN_MINIMUM_NOT_MET,		/* no assignment gives every agent its minimum */
} AssignStatus;

typedef struct AssignResult
{
	int32	   *agent;			/* of each customer, -1 for none */
	int64	   *load;			/* of each agent */

	/*
	 * What one more slot of an agent is worth, exactly: customers more that are
	 * served, 0 or 1, and value, which may be negative with one more customer.
	 * Without minimums, a customer's agent is one of highest (1, value) less
	 * these, or none, if the highest is not above (0, 0).
	 */
	int64	   *slot_customers;
	int64	   *slot_value;

	int64		served;			/* customers */
	int128		value;			/* of the edges taken */

	/* with loads of customers: an upper bound of (served load, value) of any assignment */
	int64		bound_served;
	int128		bound_value;

	int32		short_agent;	/* ASSIGN_MINIMUM_NOT_MET: one that cannot have its minimum, */
	int64		shortage;		/* and how many customers are missing over all */
} AssignResult;

/*
 * Most customers served, then most value; exact, and the certificate is checked.
 * The arrays of result are palloc'd in the current context.  Without loads.
 * ASSIGN_MINIMUM_NOT_MET: result is an assignment with the fewest customers
 * missing, slots are 0.  An error, 54000, when values differ by so much, and
 * agents are so many, that 64 bits do not hold their costs: with values up to
 * ASSIGN_MAX_VALUE from 65,000 agents on.
 */
extern AssignStatus AssignCustomers(const AssignProblem *problem, AssignResult *result);

/* The same with loads: a bound, and a rounded solution. */
extern AssignStatus AssignWorkload(const AssignProblem *problem, AssignResult *result);

#endif							/* CUSTSEG_ASSIGNMENT_H */
