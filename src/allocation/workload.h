/*
 * workload.h
 *		What the parts of AssignWorkload share: the problem as they see it, its
 *		linear relaxation, the bound that prices give, and the rounding.
 */
#ifndef CUSTSEG_WORKLOAD_H
#define CUSTSEG_WORKLOAD_H

#include "allocation/assignment.h"

/*
 * The problem without the edges whose load is above the agent's capacity, which
 * nobody can take, and with capacities of at most all load, so that sums of loads
 * and of capacities of an agent stay below 2^53, exact in float8 too.
 */
typedef struct Workload
{
	int32		n_customers;
	int32		n_agents;
	const int64 *first;
	const int32 *agent;
	const int64 *value;
	const int64 *load;
	int64	   *capacity;
	int64	   *minimum;		/* NULL when no agent has one */
	int64		n_edges;
	int64		total_load;		/* of the customers with an edge */
	int32		n_eligible;		/* customers with an edge */
	int64		max_value;		/* largest absolute value, at least 1 */
} Workload;

/* --- The linear relaxation: workload_dual.c ----------------------------------- */

typedef struct Relaxation Relaxation;

/*
 * A customer may be divided among agents, in shares of its load.  A solution is
 * kept from call to call; the next one starts from it, the first one from a
 * solution of a sample where an edge is worth `served` and its value.
 */
extern Relaxation *RelaxationCreate(const Workload *problem, int64 served);

/*
 * Solves it where an edge is worth `served` and its value, or `served` alone.
 */
extern void RelaxationSolve(Relaxation *relaxation, int64 served, bool use_values);

/* What a unit of each agent's capacity is worth in the last solution. */
extern const double *RelaxationPrices(const Relaxation *relaxation);

/* Customers served in the last solution, parts of them included. */
extern double RelaxationServed(const Relaxation *relaxation);

/* The agent that has all of a customer; -1 for none. */
extern int32 RelaxationAgent(const Relaxation *relaxation, int32 customer);

/*
 * The load of the customer who would be served next if the agent had more room;
 * 0 when nobody is left for whom that would make room.
 */
extern int64 RelaxationNextLoad(const Relaxation *relaxation, int32 agent);

/* --- A sample: workload_sample.c -------------------------------------------------- */

/* The same problem with about a quarter of the customers, and of the capacities. */
extern void SampleWorkload(const Workload *problem, Workload *sample);

/* --- The bound: workload_bound.c ------------------------------------------------ */

/*
 * An upper bound, rounded down, of what any assignment is worth that keeps the
 * capacities, and the minima if they count, where an edge is worth as above.
 */
extern int128 PriceBound(const Workload *problem, const double *prices, bool minima_count,
						 int64 served, bool use_values);

/* --- Rounding: workload_round.c ------------------------------------------------- */

/*
 * Turns the last solution into an assignment of whole customers: agents of each
 * customer, -1 for none, and loads of agents, which the caller has allocated.
 * The solution was made with served_worth; max_served customers cannot be surpassed.
 */
extern void RoundRelaxation(const Workload *problem, const Relaxation *relaxation,
							int64 served_worth, int64 max_served, bool balance,
							int32 *agent, int64 *load);

/* palloc for arrays over rows */
static inline void *
WorkloadAlloc(int64 n, Size size)
{
	return palloc_extended((Size) (n + 1) * size, MCXT_ALLOC_HUGE);
}

static inline void *
WorkloadAllocZero(int64 n, Size size)
{
	return palloc_extended((Size) (n + 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

#endif							/* CUSTSEG_WORKLOAD_H */
