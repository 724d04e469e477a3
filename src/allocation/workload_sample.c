/*
 * workload_sample.c
 *		A quarter of a problem of assign with loads.
 *
 * Its solution gives prices that are nearly those of the whole.  Which customers
 * are in it depends on their numbers, so on the order of keys, alone.
 *
 * Memory, from the current context: 16 bytes a customer and 12 an edge of the
 * quarter.
 */
#include "allocation/workload.h"

/* The highest bits of a multiplicative hash (Knuth, TAOCP 6.4). */
static inline bool
InSample(int32 customer)
{
	return ((uint32) customer * 0x9E3779B1u) >> 30 == 0;
}

void
SampleWorkload(const Workload *p, Workload *sample)
{
	int64	   *first;
	int64	   *load;
	int32	   *agent;
	int64	   *value;
	int32		n = 0;
	int64		n_edges = 0;
	double		share;

	*sample = *p;
	sample->n_customers = 0;
	sample->total_load = 0;
	for (int32 i = 0; i < p->n_customers; i++)
	{
		if (InSample(i))
		{
			n++;
			n_edges += p->first[i + 1] - p->first[i];
		}
		POLL_EVERY(i);
	}
	first = WorkloadAlloc(n, sizeof(int64));
	load = WorkloadAlloc(n, sizeof(int64));
	agent = WorkloadAlloc(n_edges, sizeof(int32));
	value = WorkloadAlloc(n_edges, sizeof(int64));
	n_edges = 0;
	for (int32 i = 0; i < p->n_customers; i++)
	{
		int64		n_own = p->first[i + 1] - p->first[i];

		POLL_EVERY(i);
		if (n_own == 0 || !InSample(i))
			continue;
		memcpy(agent + n_edges, p->agent + p->first[i], n_own * sizeof(int32));
		memcpy(value + n_edges, p->value + p->first[i], n_own * sizeof(int64));
		load[sample->n_customers] = p->load[i];
		first[sample->n_customers++] = n_edges;
		sample->total_load += p->load[i];
		n_edges += n_own;
	}
	first[sample->n_customers] = n_edges;
	sample->first = first;
	sample->load = load;
	sample->agent = agent;
	sample->value = value;
	sample->n_edges = n_edges;

	share = (double) sample->total_load / p->total_load;
	sample->capacity = WorkloadAlloc(p->n_agents, sizeof(int64));
	if (p->minimum != NULL)
		sample->minimum = WorkloadAlloc(p->n_agents, sizeof(int64));
	for (int32 j = 0; j < p->n_agents; j++)
	{
		sample->capacity[j] = (int64) (p->capacity[j] * share);
		if (p->minimum != NULL)
			sample->minimum[j] = Min(sample->capacity[j], (int64) (p->minimum[j] * share));
	}
}
