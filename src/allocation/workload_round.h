/*
 * workload_round.h
 *		The assignment that rounding changes.
 */
#ifndef CUSTSEG_WORKLOAD_ROUND_H
#define CUSTSEG_WORKLOAD_ROUND_H

#include "allocation/workload.h"

typedef struct Rounding
{
	const Workload *problem;
	const double *prices;		/* of the relaxation */
	int64		served_worth;	/* and what it counts for a customer, besides values */
	int32	   *agent;			/* of each customer, -1 for none */
	int64	   *load;			/* of each agent */
	int64		served;

	/* the customers of each agent, in a list */
	int32	   *head;
	int32	   *next;
	int32	   *previous;

	int64		effort;			/* edges that may yet be looked at */
} Rounding;

static inline int64
FreeRoom(const Rounding *r, int32 agent)
{
	return r->problem->capacity[agent] - r->load[agent];
}

static inline int32
PlaceOf(const Rounding *r, int32 customer)
{
	return r->agent[customer] >= 0 ? r->agent[customer] : r->problem->n_agents;
}

static inline int64
RoomOf(const Rounding *r, int32 place)
{
	return place < r->problem->n_agents ? FreeRoom(r, place) : PG_INT64_MAX;
}

/* Whether an agent keeps its minimum, if it has it, when its load changes. */
static inline bool
KeepsMinimum(const Rounding *r, int32 place, int64 change)
{
	const int64 *minimum = r->problem->minimum;

	return minimum == NULL || change >= 0 || place == r->problem->n_agents ||
		r->load[place] + change >= Min(minimum[place], r->load[place]);
}

extern int64 EdgeValue(const Workload *problem, int32 customer, int32 agent);
extern void MoveCustomer(Rounding *rounding, int32 customer, int32 agent);

/* workload_improve.c: more value, with at least as many served */
extern void ImproveRounding(Rounding *rounding, int64 effort);

/* workload_improve.c: loads more even, with the same value */
extern void BalanceRounding(Rounding *rounding);

#endif							/* CUSTSEG_WORKLOAD_ROUND_H */
