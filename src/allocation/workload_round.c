/*
 * workload_round.c
 *		From the relaxation of assign with loads to whole customers.
 *
 * The relaxation divides at most as many customers as there are agents.  The others
 * stay where it has them, which keeps every capacity.  The rest is put where it
 * fits, the smallest loads first.  Then chains of moves make room: a customer
 * comes to an agent, who hands one on to another, and so on, until somebody has
 * room; first for those whom nobody serves, then wherever value is gained.
 *
 * A move can gain only what rounding has left: at prices p, the sum over agents of
 * p_j times their free room, and over customers of their regret, which is what
 * they earn at their best agent less what they earn where they are.  So moves
 * whose regret is above the room's worth need not be looked at; of a million
 * customers some thousands are left.
 *
 * No capacity is ever passed.  The order in which moves are tried depends on
 * numbers of customers and agents alone, effort is counted in edges looked at, not
 * in time: the result is the same on every machine.
 */
#include "allocation/workload_round.h"

/* How often it is tried to serve more after improvements. */
#define MAX_ROUNDS 5

/* --- Places ------------------------------------------------------------------------- */

int64
EdgeValue(const Workload *p, int32 customer, int32 agent)
{
	for (int64 e = p->first[customer]; e < p->first[customer + 1]; e++)
		if (p->agent[e] == agent)
			return p->value[e];
	elog(ERROR, "customer is with an agent who may not serve it");
	return 0;
}

static void
PutIn(Rounding *r, int32 customer, int32 agent)
{
	r->agent[customer] = agent;
	r->next[customer] = r->head[agent];
	r->previous[customer] = -1;
	if (r->head[agent] >= 0)
		r->previous[r->head[agent]] = customer;
	r->head[agent] = customer;
	r->load[agent] += r->problem->load[customer];
	r->served++;
}

static void
TakeOut(Rounding *r, int32 customer)
{
	int32		agent = r->agent[customer];

	if (r->previous[customer] >= 0)
		r->next[r->previous[customer]] = r->next[customer];
	else
		r->head[agent] = r->next[customer];
	if (r->next[customer] >= 0)
		r->previous[r->next[customer]] = r->previous[customer];
	r->load[agent] -= r->problem->load[customer];
	r->agent[customer] = -1;
	r->served--;
}

/* agent -1: nobody */
void
MoveCustomer(Rounding *r, int32 customer, int32 agent)
{
	if (r->agent[customer] >= 0)
		TakeOut(r, customer);
	if (agent >= 0)
		PutIn(r, customer, agent);
}

/* --- Those who fit ---------------------------------------------------------------------- */

typedef struct Waiting
{
	int64		load;
	int32		customer;
} Waiting;

static inline int
CompareWaiting(const Waiting *a, const Waiting *b)
{
	if (a->load != b->load)
		return a->load < b->load ? -1 : 1;
	return a->customer < b->customer ? -1 : a->customer > b->customer ? 1 : 0;
}

#define ST_SORT SortWaiting
#define ST_ELEMENT_TYPE Waiting
#define ST_COMPARE(a, b) CompareWaiting(a, b)
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "miscadmin.h"
#include "lib/sort_template.h"

/* Customers nobody serves who could be, by load. */
static Waiting *
FindWaiting(const Rounding *r, int64 *n_waiting)
{
	const Workload *p = r->problem;
	Waiting    *waiting = WorkloadAlloc(p->n_eligible - r->served, sizeof(Waiting));
	int64		n = 0;

	for (int32 i = 0; i < p->n_customers; i++)
	{
		if (r->agent[i] < 0 && p->first[i] < p->first[i + 1])
		{
			waiting[n].load = p->load[i];
			waiting[n].customer = i;
			n++;
		}
		POLL_EVERY(i);
	}
	SortWaiting(waiting, n);
	*n_waiting = n;
	return waiting;
}

/* Where a customer fits and earns most above prices; false: nowhere. */
static bool
PlaceCustomer(Rounding *r, int32 customer)
{
	const Workload *p = r->problem;
	int64		load = p->load[customer];
	int32		to = -1;
	double		best = 0;

	for (int64 e = p->first[customer]; e < p->first[customer + 1]; e++)
	{
		int32		j = p->agent[e];
		double		net = (double) p->value[e] - r->prices[j] * load;

		if (FreeRoom(r, j) >= load && (to < 0 || net > best))
		{
			to = j;
			best = net;
		}
	}
	if (to < 0)
		return false;
	PutIn(r, customer, to);
	return true;
}

/* --- Room by chains of moves -------------------------------------------------------------- */

/*
 * Agents that somebody waits at, or that would have to take a customer over, and
 * what they lack to do so.
 */
typedef struct Chains
{
	int64	   *lack;			/* PG_INT64_MAX: not reached */
	int32	   *mover;			/* the customer that comes; the agent it comes from is its agent */
	bool	   *done;
} Chains;

/* The reached agent that lacks least; -1 when all are done. */
static int32
NextAgent(const Rounding *r, const Chains *chains)
{
	int32		agent = -1;
	int64		least = PG_INT64_MAX;

	for (int32 j = 0; j < r->problem->n_agents; j++)
		if (!chains->done[j] && chains->lack[j] < least)
		{
			least = chains->lack[j];
			agent = j;
		}
	return agent;
}

/*
 * Whether an agent who takes somebody over, for whom it lacks `lack`, can hand on
 * this load: that makes enough room, and leaves it its minimum if it has it now.
 */
static bool
CanHandOn(const Rounding *r, int32 agent, int64 lack, int64 load)
{
	const Workload *p = r->problem;

	return load >= lack && (p->minimum == NULL || p->capacity[agent] + lack - load >=
							Min(p->minimum[agent], r->load[agent]));
}

/*
 * Looks at the agents to whom a customer can move on.  Returns one who has room,
 * the best of them, or -1.
 */
static int32
Reach(Rounding *r, Chains *chains, int32 customer)
{
	const Workload *p = r->problem;
	int64		load = p->load[customer];
	int32		found = -1;
	double		best = 0;

	for (int64 e = p->first[customer]; e < p->first[customer + 1]; e++)
	{
		int32		j = p->agent[e];
		int64		lack = load - FreeRoom(r, j);
		double		net = (double) p->value[e] - r->prices[j] * load;

		r->effort--;
		if (chains->done[j])
			continue;
		if (lack < chains->lack[j])
		{
			chains->lack[j] = lack;
			chains->mover[j] = customer;
		}
		if (lack <= 0 && (found < 0 || net > best))
		{
			found = j;
			best = net;
			chains->mover[j] = customer;
		}
	}
	return found;
}

/* Moves everybody on the chain that ends at agent. */
static void
MoveChain(Rounding *r, const Chains *chains, int32 agent, int32 newcomer)
{
	for (;;)
	{
		int32		customer = chains->mover[agent];
		int32		from = r->agent[customer];

		MoveCustomer(r, customer, agent);
		if (customer == newcomer)
			break;
		agent = from;
	}
}

/*
 * Makes room for a customer whom nobody serves.  Every agent is looked at once,
 * those who lack least first.  An agent hands on one customer, whose load is at
 * least what the agent lacks.
 */
static bool
ServeByChain(Rounding *r, Chains *chains, int32 newcomer)
{
	const Workload *p = r->problem;
	int32		found;
	int32		agent;

	for (int32 j = 0; j < p->n_agents; j++)
	{
		chains->lack[j] = PG_INT64_MAX;
		chains->done[j] = false;
	}
	found = Reach(r, chains, newcomer);
	while (found < 0 && r->effort > 0 && (agent = NextAgent(r, chains)) >= 0)
	{
		int64		n = 0;

		chains->done[agent] = true;
		for (int32 k = r->head[agent]; k >= 0 && found < 0; k = r->next[k])
		{
			if (CanHandOn(r, agent, chains->lack[agent], p->load[k]))
				found = Reach(r, chains, k);
			r->effort--;
			POLL_EVERY(n);
			n++;
		}
		custseg_poll();
	}
	if (found < 0)
		return false;
	MoveChain(r, chains, found, newcomer);
	return true;
}

/* Returns whether somebody more is served. */
static bool
ServeMore(Rounding *r, int64 max_served, int64 effort)
{
	const Workload *p = r->problem;
	int64		n_waiting;
	Waiting    *waiting = FindWaiting(r, &n_waiting);
	int64		served = r->served;
	Chains		chains;

	chains.lack = WorkloadAlloc(p->n_agents, sizeof(int64));
	chains.mover = WorkloadAlloc(p->n_agents, sizeof(int32));
	chains.done = WorkloadAlloc(p->n_agents, sizeof(bool));
	for (int64 i = 0; i < n_waiting && r->served < max_served; i++)
	{
		PlaceCustomer(r, waiting[i].customer);
		POLL_EVERY(i);
	}
	r->effort = effort;
	for (int64 i = 0; i < n_waiting && r->served < max_served && r->effort > 0; i++)
		if (r->agent[waiting[i].customer] < 0)
			ServeByChain(r, &chains, waiting[i].customer);
	pfree(waiting);
	pfree(chains.lack);
	pfree(chains.mover);
	pfree(chains.done);
	return r->served > served;
}

/* --- Minima ---------------------------------------------------------------------------------- */

static inline bool
IsShort(const Rounding *r, int32 agent)
{
	return r->load[agent] < r->problem->minimum[agent];
}

/*
 * Moves customers to agents who have not their minimum, from agents who keep
 * theirs; at first those whom nobody serves.
 */
static void
FillMinima(Rounding *r, bool only_waiting)
{
	const Workload *p = r->problem;

	for (int32 i = 0; i < p->n_customers; i++)
	{
		int32		from = PlaceOf(r, i);
		int32		to = -1;
		double		best = 0;

		POLL_EVERY(i);
		if ((only_waiting && r->agent[i] >= 0) || !KeepsMinimum(r, from, -p->load[i]) ||
			(r->agent[i] >= 0 && IsShort(r, from)))
			continue;
		for (int64 e = p->first[i]; e < p->first[i + 1]; e++)
		{
			int32		j = p->agent[e];
			double		net = (double) p->value[e] - r->prices[j] * p->load[i];

			if (j != from && IsShort(r, j) && FreeRoom(r, j) >= p->load[i] && (to < 0 || net > best))
			{
				to = j;
				best = net;
			}
		}
		if (to >= 0)
			MoveCustomer(r, i, to);
	}
}

static bool
HasEdge(const Workload *p, int32 customer, int32 agent)
{
	for (int64 e = p->first[customer]; e < p->first[customer + 1]; e++)
		if (p->agent[e] == agent)
			return true;
	return false;
}

/*
 * The customer of an agent whose exchange for this one fills its minimum most; -1
 * for none.
 */
static int32
FindSmaller(Rounding *r, int32 customer, int32 agent)
{
	const Workload *p = r->problem;
	int32		from = PlaceOf(r, customer);
	int64		most = 0;
	int32		found = -1;
	int64		n = 0;

	for (int32 k = r->head[agent]; k >= 0; k = r->next[k])
	{
		int64		gain = p->load[customer] - p->load[k];

		r->effort--;
		if (gain > most && gain <= FreeRoom(r, agent) && KeepsMinimum(r, from, -gain) &&
			(from == p->n_agents || HasEdge(p, k, from)))
		{
			most = gain;
			found = k;
		}
		POLL_EVERY(n);
		n++;
	}
	return found;
}

/* Exchanges customers of agents who have not their minimum for ones of more load. */
static void
ExchangeForMinima(Rounding *r, int64 effort)
{
	const Workload *p = r->problem;

	r->effort = effort;
	for (int32 i = 0; i < p->n_customers && r->effort > 0; i++)
	{
		POLL_EVERY(i);
		if (r->agent[i] >= 0 && IsShort(r, r->agent[i]))
			continue;
		for (int64 e = p->first[i]; e < p->first[i + 1]; e++)
		{
			int32		to = p->agent[e];
			int32		from = r->agent[i];
			int32		other;

			if (to == from || !IsShort(r, to))
				continue;
			other = FindSmaller(r, i, to);
			if (other < 0)
				continue;
			MoveCustomer(r, other, -1);
			MoveCustomer(r, i, to);
			MoveCustomer(r, other, from);
			break;
		}
	}
}

/* --- All of it ------------------------------------------------------------------------------ */

static void
TakeWhole(Rounding *r, const Relaxation *relaxation)
{
	const Workload *p = r->problem;

	for (int32 j = 0; j < p->n_agents; j++)
	{
		r->head[j] = -1;
		r->load[j] = 0;
	}
	for (int32 i = p->n_customers - 1; i >= 0; i--)
	{
		int32		agent = RelaxationAgent(relaxation, i);

		r->agent[i] = -1;
		if (agent >= 0)
			PutIn(r, i, agent);
		POLL_EVERY(i);
	}
}

void
RoundRelaxation(const Workload *p, const Relaxation *relaxation, int64 served_worth,
				int64 max_served, bool balance, int32 *agent, int64 *load)
{
	Rounding	r = {0};
	int64		effort = 10000000 + 10 * p->n_edges;

	r.problem = p;
	r.served_worth = served_worth;
	r.prices = RelaxationPrices(relaxation);
	r.agent = agent;
	r.load = load;
	r.head = WorkloadAlloc(p->n_agents, sizeof(int32));
	r.next = WorkloadAlloc(p->n_customers, sizeof(int32));
	r.previous = WorkloadAlloc(p->n_customers, sizeof(int32));
	TakeWhole(&r, relaxation);
	if (p->minimum != NULL)
	{
		FillMinima(&r, true);
		FillMinima(&r, false);
		ExchangeForMinima(&r, effort);
	}
	ServeMore(&r, max_served, effort);
	for (int round = 0; round < MAX_ROUNDS; round++)
	{
		ImproveRounding(&r, effort);
		if (r.served >= max_served || !ServeMore(&r, max_served, effort))
			break;
	}
	if (balance)
		BalanceRounding(&r);
}
