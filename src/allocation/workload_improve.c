/*
 * workload_improve.c
 *		Rounded assignments with loads are improved by moves and exchanges.
 *
 * A customer comes to an agent, who hands one on if it has not the room: back to
 * where the first one was, to a third agent with room, or to nobody if nobody
 * served the first one.  At prices p such an exchange changes the worth by the
 * regrets that it saves, and by p times the room that it fills, which is no more
 * than is free.  So moves with a higher regret than the room is worth are left
 * out, unless the problem is small.
 *
 * Effort is counted in pairs of moves looked at.
 */
#include "allocation/workload_round.h"

#include <math.h>

/* With fewer edges every move is looked at. */
#define SMALL_PROBLEM 20000

/* Moves looked at in a pass; of more, those with the lowest regret. */
#define MAX_OPTIONS 2000000

#define MAX_NARROWER 6

#define MAX_PASSES 20

/* A move that a customer could make. */
typedef struct Option
{
	int32		customer;
	int32		to;				/* n_agents: nobody */
	double		regret;			/* at prices, more than now */
	int64		gain;			/* worth, more than now */
} Option;

static inline int
CompareOptions(const Option *a, const Option *b)
{
	if (a->regret != b->regret)
		return a->regret < b->regret ? -1 : 1;
	if (a->customer != b->customer)
		return a->customer < b->customer ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to ? 1 : 0;
}

#define ST_SORT SortOptions
#define ST_ELEMENT_TYPE Option
#define ST_COMPARE(a, b) CompareOptions(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "miscadmin.h"
#include "lib/sort_template.h"

/* Options by the agent where the customer is; those of nobody's customers come last. */
typedef struct Options
{
	int64	   *first;			/* of each agent, and of nobody */
	Option	   *option;
	double		room_worth;		/* what three agents' free room can be worth */
} Options;

/* The options of a customer with a regret below the margin; returns how many. */
static int
CustomerOptions(const Rounding *r, int32 customer, double margin, Option *option)
{
	const Workload *p = r->problem;
	int64		load = p->load[customer];
	int32		place = PlaceOf(r, customer);
	int64		worth = place < p->n_agents ? r->served_worth + EdgeValue(p, customer, place) : 0;
	double		net = place < p->n_agents ? worth - r->prices[place] * load : 0;
	int			n = 0;

	for (int64 e = p->first[customer]; e < p->first[customer + 1]; e++)
	{
		int32		j = p->agent[e];
		int64		there = r->served_worth + p->value[e];
		double		regret = net - ((double) there - r->prices[j] * load);

		if (j != place && regret < margin)
			option[n++] = (Option) {customer, j, regret, there - worth};
	}
	if (place < p->n_agents && net < margin)
		option[n++] = (Option) {customer, p->n_agents, net, -worth};
	return n;
}

static int64
MostEdges(const Workload *p)
{
	int64		most = 0;

	for (int32 i = 0; i < p->n_customers; i++)
	{
		most = Max(most, p->first[i + 1] - p->first[i]);
		POLL_EVERY(i);
	}
	return most;
}

/* Options at each place with a regret below the margin; returns how many there are. */
static int64
CountOptions(const Rounding *r, double margin, Option *own, int64 *count)
{
	const Workload *p = r->problem;
	int64		n = 0;

	memset(count, 0, (p->n_agents + 1) * sizeof(int64));
	for (int32 i = 0; i < p->n_customers; i++)
	{
		int			k = CustomerOptions(r, i, margin, own);

		count[PlaceOf(r, i)] += k;
		n += k;
		POLL_EVERY(i);
	}
	return n;
}

static void
FindOptions(const Rounding *r, Options *options)
{
	const Workload *p = r->problem;
	Option	   *own = WorkloadAlloc(MostEdges(p) + 1, sizeof(Option));
	int64	   *end = WorkloadAlloc(p->n_agents + 1, sizeof(int64));
	double		margin = p->n_edges < SMALL_PROBLEM ? INFINITY : options->room_worth;
	int64		n = 0;

	/* a quarter of the margin has about a quarter of the options; ties may be many */
	for (int k = 0; CountOptions(r, margin, own, end) > MAX_OPTIONS && k < MAX_NARROWER; k++)
		margin = k < MAX_NARROWER - 1 ? margin / 4 : -INFINITY;
	for (int32 j = 0; j <= p->n_agents; j++)
	{
		options->first[j] = n;
		n += end[j];
		end[j] = options->first[j];
	}
	options->first[p->n_agents + 1] = n;
	options->option = WorkloadAlloc(n, sizeof(Option));
	for (int32 i = 0; i < p->n_customers; i++)
	{
		int			k = CustomerOptions(r, i, margin, own);

		memcpy(options->option + end[PlaceOf(r, i)], own, k * sizeof(Option));
		end[PlaceOf(r, i)] += k;
		POLL_EVERY(i);
	}
	for (int32 j = 0; j <= p->n_agents; j++)
		SortOptions(options->option + options->first[j], end[j] - options->first[j]);
	pfree(own);
	pfree(end);
}

/*
 * The best way for the agent of a move to hand on somebody with at least the load
 * that it lacks; NULL if none gains anything.
 */
static const Option *
FindExchange(Rounding *r, const Options *options, const Option *come, int64 lack)
{
	const Workload *p = r->problem;
	int64		load = p->load[come->customer];
	int32		from = PlaceOf(r, come->customer);
	const Option *end = options->option + options->first[come->to + 1];
	const Option *found = NULL;
	int64		best = 0;

	for (const Option *go = options->option + options->first[come->to]; go < end; go++)
	{
		int64		leaving = p->load[go->customer];
		bool		back = go->to == from;

		r->effort--;
		POLL_EVERY(r->effort);
		if (options->room_worth - come->regret - go->regret <= (double) best)
			break;
		if (leaving < lack || come->gain + go->gain <= best ||
			PlaceOf(r, go->customer) != come->to ||
			(go->to == p->n_agents && !back) ||
			RoomOf(r, go->to) < leaving - (back ? load : 0) ||
			!KeepsMinimum(r, from, (back ? leaving : 0) - load) ||
			!KeepsMinimum(r, come->to, load - leaving))
			continue;
		best = come->gain + go->gain;
		found = go;
	}
	return found;
}

/* Makes a move, with an exchange where it must; returns whether it was made. */
static bool
TryMove(Rounding *r, const Options *options, const Option *come)
{
	int32		n_agents = r->problem->n_agents;
	int64		load = r->problem->load[come->customer];
	int64		lack;
	const Option *go;

	if (come->to == n_agents)
		return false;
	lack = load - FreeRoom(r, come->to);
	if (lack <= 0 && come->gain > 0 && KeepsMinimum(r, PlaceOf(r, come->customer), -load))
	{
		MoveCustomer(r, come->customer, come->to);
		return true;
	}
	go = FindExchange(r, options, come, lack);
	if (go == NULL)
		return false;
	MoveCustomer(r, go->customer, go->to < n_agents ? go->to : -1);
	MoveCustomer(r, come->customer, come->to);
	return true;
}

/* One pass over all moves; returns how many were made. */
static int64
ImprovePass(Rounding *r)
{
	const Workload *p = r->problem;
	Options		options;
	int64		n_moves = 0;

	options.room_worth = 0;
	for (int32 j = 0; j < p->n_agents; j++)
		options.room_worth = Max(options.room_worth, fabs(r->prices[j]) * FreeRoom(r, j));
	options.room_worth = 3 * options.room_worth + 1;
	options.first = WorkloadAlloc(p->n_agents + 2, sizeof(int64));
	FindOptions(r, &options);
	for (int32 from = 0; from <= p->n_agents; from++)
		for (int64 k = options.first[from]; k < options.first[from + 1] && r->effort > 0; k++)
		{
			if (PlaceOf(r, options.option[k].customer) == from)
				n_moves += TryMove(r, &options, &options.option[k]) ? 1 : 0;
			POLL_EVERY(k);
		}
	pfree(options.first);
	pfree(options.option);
	return n_moves;
}

/*
 * Whether loads are more even, in proportion to capacities, when this one moves:
 * the sum of load^2 / capacity falls.
 */
static bool
MoveBalances(const Rounding *r, int64 load, int32 from, int32 to)
{
	double		from_load = (double) r->load[from];
	double		to_load = (double) r->load[to];

	return (2 * to_load + load) / r->problem->capacity[to] <
		(2 * from_load - load) / r->problem->capacity[from] * (1 - 1e-12);
}

/* Moves customers between agents of the same value, to even loads out. */
void
BalanceRounding(Rounding *r)
{
	const Workload *p = r->problem;
	int64		n_moves = 1;

	for (int pass = 0; pass < MAX_PASSES && n_moves > 0; pass++)
	{
		n_moves = 0;
		for (int32 i = 0; i < p->n_customers; i++)
		{
			int32		from = r->agent[i];
			int64		value = from >= 0 ? EdgeValue(p, i, from) : 0;

			POLL_EVERY(i);
			for (int64 e = p->first[i]; from >= 0 && e < p->first[i + 1]; e++)
			{
				int32		to = p->agent[e];

				if (to == from || p->value[e] != value || FreeRoom(r, to) < p->load[i] ||
					!KeepsMinimum(r, from, -p->load[i]) ||
					!MoveBalances(r, p->load[i], from, to))
					continue;
				MoveCustomer(r, i, to);
				from = to;
				n_moves++;
			}
		}
	}
}

void
ImproveRounding(Rounding *r, int64 effort)
{
	r->effort = effort;
	for (int pass = 0; pass < MAX_PASSES && r->effort > 0; pass++)
		if (ImprovePass(r) == 0)
			break;
}
