/*
 * workload.c
 *		Core of assign for customers of unequal load: a bound, and a rounded solution.
 *
 * This is the generalised assignment problem with loads that depend on the customer
 * alone.  It is NP-hard: whether two agents of equal capacity can serve everybody
 * is the partition problem.  So the answer is a good assignment, and a bound that
 * says how much better any other could be:
 *
 * 1. The linear relaxation, where customers may be divided, with an edge worth
 *	  S + value (workload_dual.c).
 * 2. Rounding to whole customers (workload_round.c).
 * 3. Two bounds by prices of capacity (workload_bound.c, with the proof).
 *	  bound_served: no assignment serves more customers.  It is the bound where
 *	  every edge is worth 1.
 *	  bound_value: no assignment that serves at least as many customers as this
 *	  one has more value.  If every edge is worth S + v, then an assignment
 *	  that serves k >= K customers and has the value V is worth S k + V >= S K + V,
 *	  so V <= B(S) - S K for the bound B(S), whatever S >= 0 is.
 *	  The best assignment (most served, then most value) is among those, so both
 *	  are bounds of it too, and where served = bound_served and value =
 *	  bound_value, this is the best one.
 *
 * S decides how much value a customer more is worth.  It must be large for the
 * relaxation to serve as many as it can, and as small as it can for a tight bound:
 * B(S) - S K is convex in S, its slope is the number that the relaxation serves
 * less K, and is searched for its change of sign.
 *
 * When all loads are equal, capacities are divided by it and the problem is that
 * of AssignCustomers, which is exact.
 *
 * Memory: the result is in the caller's context, everything else in one of our own:
 * at most 32 bytes a customer, 4 an edge for samples, 12 an edge more if there are
 * edges that no agent has the capacity for, and 50 MB for moves.
 */
#include "allocation/workload_round.h"

#include <math.h>

#include "utils/memutils.h"

/* S is at most 2^48, so that S + value is exact in float8 and fits. */
#define MAX_SERVED_WORTH (INT64CONST(1) << 48)

/* A number of customers is a sum of parts, in float8. */
#define SHARE_TOLERANCE 1e-6

/* --- The problem without edges that cannot be used -------------------------------- */

/* Sums and extremes, and the number of edges that can be used. */
static int64
LookAround(const AssignProblem *problem, Workload *w)
{
	int64		usable = 0;

	w->max_value = 1;
	for (int32 i = 0; i < problem->n_customers; i++)
	{
		bool		eligible = false;

		for (int64 e = problem->first[i]; e < problem->first[i + 1]; e++)
		{
			if (problem->load[i] > problem->capacity[problem->agent[e]])
				continue;
			usable++;
			eligible = true;
			w->max_value = Max(w->max_value, problem->value[e] < 0 ? -problem->value[e] : problem->value[e]);
		}
		if (eligible)
		{
			w->n_eligible++;
			w->total_load += problem->load[i];
		}
		POLL_EVERY(i);
	}
	return usable;
}

static void
CopyUsableEdges(const AssignProblem *problem, Workload *w)
{
	int64	   *first = WorkloadAlloc(w->n_customers, sizeof(int64));
	int32	   *agent = WorkloadAlloc(w->n_edges, sizeof(int32));
	int64	   *value = WorkloadAlloc(w->n_edges, sizeof(int64));
	int64		n = 0;

	for (int32 i = 0; i < w->n_customers; i++)
	{
		first[i] = n;
		for (int64 e = problem->first[i]; e < problem->first[i + 1]; e++)
			if (problem->load[i] <= problem->capacity[problem->agent[e]])
			{
				agent[n] = problem->agent[e];
				value[n] = problem->value[e];
				n++;
			}
		POLL_EVERY(i);
	}
	first[w->n_customers] = n;
	w->first = first;
	w->agent = agent;
	w->value = value;
}

static void
PrepareWorkload(const AssignProblem *problem, Workload *w)
{
	memset(w, 0, sizeof(*w));
	w->n_customers = problem->n_customers;
	w->n_agents = problem->n_agents;
	w->first = problem->first;
	w->agent = problem->agent;
	w->value = problem->value;
	w->load = problem->load;
	w->n_edges = LookAround(problem, w);
	if (w->n_edges < problem->first[problem->n_customers])
		CopyUsableEdges(problem, w);

	w->capacity = WorkloadAlloc(w->n_agents, sizeof(int64));
	for (int32 j = 0; j < w->n_agents; j++)
	{
		int64		minimum = problem->minimum != NULL ? problem->minimum[j] : 0;

		w->capacity[j] = Min(problem->capacity[j], w->total_load);
		if (minimum > 0 && w->minimum == NULL)
			w->minimum = WorkloadAllocZero(w->n_agents, sizeof(int64));
		if (minimum > 0)
			w->minimum[j] = Min(minimum, w->capacity[j]);
	}
}

/* --- Relaxation and bounds --------------------------------------------------------- */

typedef struct ServedBound
{
	int64		any;			/* of assignments that keep capacities */
	int64		with_minima;	/* and minima */
} ServedBound;

static void
BoundServed(const Workload *w, Relaxation *relaxation, ServedBound *bound)
{
	const double *prices = RelaxationPrices(relaxation);

	RelaxationSolve(relaxation, 1, false);
	bound->any = Min(w->n_eligible, (int64) PriceBound(w, prices, false, 1, false));
	bound->with_minima = bound->any;
	if (w->minimum != NULL)
		bound->with_minima = Min(bound->any, (int64) PriceBound(w, prices, true, 1, false));
}

static int64
FirstServedWorth(const Workload *w)
{
	return 8 * w->max_value;
}

/*
 * Solves the relaxation with an S that serves as many as can be served.  Returns
 * it, and how many that is.
 */
static int64
SolveRelaxation(const Workload *w, Relaxation *relaxation, ServedBound *bound)
{
	int64		served = FirstServedWorth(w);

	RelaxationSolve(relaxation, served, true);
	bound->any = bound->with_minima = w->n_eligible;
	if (RelaxationServed(relaxation) >= w->n_eligible - SHARE_TOLERANCE)
		return served;

	BoundServed(w, relaxation, bound);
	for (;;)
	{
		RelaxationSolve(relaxation, served, true);
		if (RelaxationServed(relaxation) >= bound->with_minima - SHARE_TOLERANCE ||
			served > MAX_SERVED_WORTH / 8)
			return served;
		served *= 8;
	}
}

/*
 * The least of B(S) - S K over the S tried, K being the number served, where the
 * relaxation was last solved with S = `served`.
 */
static int128
BoundValue(const Workload *w, Relaxation *relaxation, int64 served, int64 k, bool minima_count)
{
	const double *prices = RelaxationPrices(relaxation);
	int128		least = PriceBound(w, prices, minima_count, served, true) - (int128) served * k;
	double		excess = RelaxationServed(relaxation) - (double) k;
	int64		low = -1;		/* not known */
	int64		high = served;

	while (fabs(excess) > SHARE_TOLERANCE && high > low + high / 64 + 1)
	{
		int128		bound;

		served = low < 0 ? high / 4 : low + (high - low) / 2;
		RelaxationSolve(relaxation, served, true);
		bound = PriceBound(w, prices, minima_count, served, true) - (int128) served * k;
		least = Min(least, bound);
		excess = RelaxationServed(relaxation) - (double) k;
		if (excess > 0)
			high = served;
		else
			low = served;
	}
	return least;
}

/* --- The result ----------------------------------------------------------------------- */

static void
CountResult(const Workload *w, AssignResult *result)
{
	result->served = 0;
	result->value = 0;
	for (int32 i = 0; i < w->n_customers; i++)
	{
		if (result->agent[i] >= 0)
		{
			result->served++;
			result->value += EdgeValue(w, i, result->agent[i]);
		}
		POLL_EVERY(i);
	}
}

static void
CountShortage(const AssignProblem *problem, AssignResult *result)
{
	result->short_agent = -1;
	result->shortage = 0;
	for (int32 j = 0; problem->minimum != NULL && j < problem->n_agents; j++)
		if (result->load[j] < problem->minimum[j])
		{
			if (result->short_agent < 0)
				result->short_agent = j;
			result->shortage += problem->minimum[j] - result->load[j];
		}
}

/*
 * Worth of more capacity, by the prices of the relaxation.  They are negative where
 * only a minimum binds; then more capacity is worth nothing.
 */
static void
SetSlots(const Workload *w, const Relaxation *relaxation, int64 served, AssignResult *result)
{
	for (int32 j = 0; j < w->n_agents; j++)
	{
		double		price = RelaxationPrices(relaxation)[j];
		int64		next = price > 0 ? RelaxationNextLoad(relaxation, j) : 0;

		result->slot_customers[j] = next > 0 ? 1 : 0;
		result->slot_load[j] = next > 0 ? next : 1;
		result->slot_value[j] = (int64) rint(next > 0 ? price * next - served : Max(price, 0));
	}
}

static void
SolveWorkload(const AssignProblem *problem, AssignResult *result)
{
	Workload	w;
	Relaxation *relaxation;
	ServedBound bound;
	int64		served;
	bool		minima_met;

	PrepareWorkload(problem, &w);
	relaxation = RelaxationCreate(&w, FirstServedWorth(&w));
	served = SolveRelaxation(&w, relaxation, &bound);
	RoundRelaxation(&w, relaxation, served, bound.any, problem->balance, result->agent,
					result->load);
	CountResult(&w, result);
	CountShortage(problem, result);
	SetSlots(&w, relaxation, served, result);

	minima_met = result->shortage == 0;
	result->bound_served = minima_met ? bound.with_minima : bound.any;
	result->bound_value = BoundValue(&w, relaxation, served, result->served, minima_met);
}

/* --- Equal loads ------------------------------------------------------------------------ */

/* The load that all customers with an edge have; 0 when they differ. */
static int64
CommonLoad(const AssignProblem *problem)
{
	int64		common = 0;

	for (int32 i = 0; i < problem->n_customers; i++)
	{
		if (problem->first[i] == problem->first[i + 1])
			continue;
		if (common == 0)
			common = problem->load[i];
		else if (problem->load[i] != common)
			return 0;
		POLL_EVERY(i);
	}
	return common;
}

/* Solves it exactly, in units of the load. */
static AssignStatus
SolveEqual(const AssignProblem *problem, int64 unit, AssignResult *result)
{
	AssignProblem divided = *problem;
	int64	   *capacity = WorkloadAlloc(problem->n_agents, sizeof(int64));
	int64	   *minimum = WorkloadAllocZero(problem->n_agents, sizeof(int64));
	AssignStatus status = ASSIGN_OK;

	memset(result, 0, sizeof(*result));
	for (int32 j = 0; j < problem->n_agents; j++)
	{
		capacity[j] = problem->capacity[j] / unit;
		if (problem->minimum != NULL)
			minimum[j] = problem->minimum[j] / unit + (problem->minimum[j] % unit > 0 ? 1 : 0);
		if (minimum[j] <= capacity[j])
			continue;
		if (status == ASSIGN_OK)
			result->short_agent = j;
		result->shortage += problem->minimum[j] - capacity[j] * unit;
		status = ASSIGN_MINIMUM_NOT_MET;
	}
	if (status == ASSIGN_OK)
	{
		divided.capacity = capacity;
		divided.minimum = problem->minimum != NULL ? minimum : NULL;
		divided.load = NULL;
		status = AssignCustomers(&divided, result);
		result->shortage *= unit;
		result->slot_load = WorkloadAlloc(problem->n_agents, sizeof(int64));
		for (int32 j = 0; j < problem->n_agents; j++)
		{
			result->load[j] *= unit;
			result->slot_load[j] = unit;
		}
	}
	pfree(capacity);
	pfree(minimum);
	return status;
}

/* --- All of it ---------------------------------------------------------------------------- */

static void
CheckLoads(const AssignProblem *problem)
{
	int64		sum = 0;

	for (int32 i = 0; i < problem->n_customers; i++)
	{
		if (problem->load[i] > ASSIGN_MAX_ALL_LOAD - sum)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the loads of all customers add up to more than " INT64_FORMAT,
							ASSIGN_MAX_ALL_LOAD),
					 errhint("Count loads and capacities in larger units.")));
		sum += problem->load[i];
		POLL_EVERY(i);
	}
}

AssignStatus
AssignWorkload(const AssignProblem *problem, AssignResult *result)
{
	int64		unit;
	MemoryContext scratch;
	MemoryContext old;

	CheckLoads(problem);
	unit = CommonLoad(problem);
	if (unit > 0)
		return SolveEqual(problem, unit, result);

	result->agent = WorkloadAlloc(problem->n_customers, sizeof(int32));
	result->load = WorkloadAlloc(problem->n_agents, sizeof(int64));
	result->slot_customers = WorkloadAlloc(problem->n_agents, sizeof(int64));
	result->slot_value = WorkloadAlloc(problem->n_agents, sizeof(int64));
	result->slot_load = WorkloadAlloc(problem->n_agents, sizeof(int64));
	scratch = AllocSetContextCreate(CurrentMemoryContext, "assign workload", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	SolveWorkload(problem, result);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return result->shortage > 0 ? ASSIGN_MINIMUM_MISSED : ASSIGN_OK;
}
