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

extern int64 EdgeValue(const Workload *problem, int32 customer, int32 agent);
extern void MoveCustomer(Rounding *rounding, int32 customer, int32 agent);

#endif							/* CUSTSEG_WORKLOAD_ROUND_H */
