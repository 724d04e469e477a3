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

/* 2^53: the loads of all customers may add up to this; more is an error 22003 */
#define ASSIGN_MAX_ALL_LOAD	(INT64CONST(1) << 53)

typedef enum AssignStatus
{
	ASSIGN_OK,
	ASSIGN_MINIMUM_NOT_MET,		/* no assignment gives every agent its minimum */
	ASSIGN_MINIMUM_MISSED,		/* with loads: we found none that does, and have one that does best */
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
	 *
	 * With loads, slot_load units of capacity are worth so much (in the relaxation,
	 * where customers can be divided): the load of the customer who would come next
	 * and the value that brings, or where capacity brings no customer more, one unit.
	 * Divided by slot_load, it is the worth of one unit.  Without loads slot_load is
	 * NULL.
	 */
	int64	   *slot_customers;
	int64	   *slot_value;
	int64	   *slot_load;

	int64		served;			/* customers */
	int128		value;			/* of the edges taken */

	/*
	 * With loads: no assignment serves more customers than bound_served, and none
	 * that serves at least `served` customers has more value than bound_value.  So
	 * the best one, most served and then most value, is within both bounds; where
	 * both are reached, this is the best one.  Minima are regarded if they are met.
	 */
	int64		bound_served;
	int128		bound_value;

	/*
	 * ASSIGN_MINIMUM_NOT_MET and _MISSED: one that has not its minimum, and how much
	 * is missing over all, in customers, or with loads in units of load
	 */
	int32		short_agent;
	int64		shortage;
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

/*
 * The same with loads, which is NP-hard: a rounded solution, and bounds that say
 * how much better another could be.  Capacities and minima are in units of load.
 * A customer whose load is above the capacity of its agents is not served.
 * No capacity is ever passed.  Minima come before customers served, but where the
 * rounded solution misses one, the status says so and the result is complete
 * nevertheless.  Where all loads are equal the result is exact, and the status that
 * of AssignCustomers.  With balance, customers move between agents of equal value
 * to even loads out.
 */
extern AssignStatus AssignWorkload(const AssignProblem *problem, AssignResult *result);

#endif							/* CUSTSEG_ASSIGNMENT_H */
