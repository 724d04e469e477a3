/*
 * offer_menus.c
 *		What each customer may get, and the linear relaxation.
 *
 * Of a customer's offers only those matter that no other one beats, with at most
 * its cost and at least its value; equal ones are represented by the first in the
 * order of keys.  Together with no offer at all, at cost and value 0, they form
 * the customer's menu.  The upper hull of a menu, seen as points of cost and
 * value, is a chain of steps whose slope falls.
 *
 * The relaxation takes steps of all customers by falling slope until the budget is
 * used up; that the steps of a customer come in order follows from its hull.
 * Steps are not sorted: as in Zemel (1984, An O(n) algorithm for the linear
 * multiple choice knapsack problem and related problems) and Dyer (1984), halves
 * of falling size are divided at a pivot, in linear time, until the step that no
 * longer fits is found.  It may be taken in part: this gives the upper bound, and
 * its slope is the price of the budget, at which every customer has the option
 * with the greatest value - price * cost.
 *
 * Slopes are compared as products of integers wherever float8 leaves a doubt,
 * equal ones go by customer: all is exact, and depends on nothing but the offers
 * in the order of their keys.
 *
 * Memory, of the current context: 28 bytes a customer, 40 an offer.
 */
#include "allocation/offers.h"

#include "common/common_divisor.h"

static void *
AllocateHuge(Size n, Size size)
{
	return palloc_extended(Max(1, n) * size, MCXT_ALLOC_HUGE);
}

/* --- Menus ---------------------------------------------------------------------------- */

/* Cheaper first, then the one with more value, then by key. */
static inline int
CompareOptions(const OfferOption *a, const OfferOption *b)
{
	if (a->cost != b->cost)
		return a->cost < b->cost ? -1 : 1;
	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return a->offer < b->offer ? -1 : a->offer > b->offer;
}

#define ST_SORT SortOptions
#define ST_ELEMENT_TYPE OfferOption
#define ST_COMPARE(a, b) CompareOptions(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "miscadmin.h"
#include "lib/sort_template.h"

/* Sorts n options and keeps those that are not beaten; returns their number. */
static int64
KeepUnbeaten(OfferOption *options, int64 n)
{
	int64		kept = 1;

	SortOptions(options, n);
	for (int64 j = 1; j < n; j++)
	{
		POLL_EVERY(j);
		if (options[j].value > options[kept - 1].value)
			options[kept++] = options[j];
	}
	return kept;
}

static void
MakeMenus(OfferProblem *problem, const int32 *first, const int64 *cost, const int64 *value)
{
	int64		n = 0;

	for (int64 i = 0; i < problem->n_customers; i++)
	{
		OfferOption *menu = problem->options + n;
		int64		size = 1;

		menu[0] = (OfferOption) {0, 0, i, -1};
		for (int64 j = first[i]; j < first[i + 1]; j++)
		{
			POLL_EVERY(j);
			if (value[j] > 0 && cost[j] <= problem->budget)
				menu[size++] = (OfferOption) {cost[j], value[j], i, j};
		}
		problem->first[i] = n;
		n += KeepUnbeaten(menu, size);
		POLL_EVERY(i);
	}
	problem->first[problem->n_customers] = n;
}

/* Divides costs and values by what they have in common; false when costs are too large. */
static bool
DivideByUnits(OfferProblem *problem)
{
	int64		n = problem->first[problem->n_customers];
	int64		costs = 0;
	int64		values = 0;
	int128		total = 0;

	for (int64 j = 0; j < n; j++)
	{
		POLL_EVERY(j);
		costs = GreatestCommonDivisor(problem->options[j].cost, costs);
		values = GreatestCommonDivisor(problem->options[j].value, values);
	}
	problem->cost_unit = costs = Max(1, costs);
	problem->value_unit = values = Max(1, values);
	problem->budget /= costs;
	for (int64 j = 0; j < n; j++)
	{
		OfferOption *o = problem->options + j;

		POLL_EVERY(j);
		o->cost /= costs;
		o->value /= values;
		/* the last of a menu is the dearest */
		if (j + 1 == n || o[1].customer != o->customer)
			total += o->cost;
	}
	/* more than all dearest options is never spent */
	problem->budget = Min(problem->budget, OFFER_MAX_TOTAL);
	return total <= OFFER_MAX_TOTAL;
}

/* --- Hulls ---------------------------------------------------------------------------- */

/* Whether the slope from a to b is not above that from b to c. */
static inline bool
BendsUp(const OfferOption *a, const OfferOption *b, const OfferOption *c)
{
	/* of numbers up to 2^62 */
	return (int128) (b->value - a->value) * (c->cost - b->cost) <=
		(int128) (c->value - b->value) * (b->cost - a->cost);
}

static void
MakeSteps(OfferProblem *problem)
{
	OfferOption *options = problem->options;
	OfferStep  *steps = problem->steps;
	int64		n = 0;

	for (int64 i = 0; i < problem->n_customers; i++)
	{
		int64		bottom = n;

		for (int32 to = problem->first[i] + 1; to < problem->first[i + 1]; to++)
		{
			int32		from = to - 1;

			if (n > bottom)
				from = steps[n - 1].to;
			while (n > bottom && BendsUp(options + steps[n - 1].from, options + from, options + to))
				from = steps[--n].from;
			steps[n].from = from;
			steps[n++].to = to;
			POLL_EVERY(to);
		}
		POLL_EVERY(i);
	}
	for (int64 s = 0; s < n; s++)
	{
		const OfferOption *from = options + steps[s].from;
		const OfferOption *to = options + steps[s].to;

		steps[s].slope = (double) (to->value - from->value) / (double) (to->cost - from->cost);
		POLL_EVERY(s);
	}
	problem->n_steps = n;
}

/* --- The relaxation ------------------------------------------------------------------- */

static inline void
SwapSteps(OfferStep *steps, int64 a, int64 b)
{
	OfferStep	kept = steps[a];

	steps[a] = steps[b];
	steps[b] = kept;
}

/* The middle one of three places of low .. high - 1, spread by the multiple of a hash. */
static int64
Pivot(const OfferProblem *problem, int64 low, int64 high, uint64 round)
{
	int64		place[3];

	for (int k = 0; k < 3; k++)
	{
		uint64		hash = (3 * round + k + 1) * UINT64CONST(0x9E3779B97F4A7C15);

		place[k] = low + (hash >> 32) % (high - low);
	}
#define BEFORE(a, b) (OfferStepCompare(problem->options, problem->steps + (a), problem->steps + (b)) < 0)
	if (BEFORE(place[0], place[1]))
	{
		if (BEFORE(place[1], place[2]))
			return place[1];
		return BEFORE(place[0], place[2]) ? place[2] : place[0];
	}
	if (BEFORE(place[0], place[2]))
		return place[0];
	return BEFORE(place[1], place[2]) ? place[2] : place[1];
#undef BEFORE
}

/*
 * Moves what comes before the pivot of low .. high - 1 to the front, with the
 * pivot behind it; returns the pivot's place, and the cost of what is before it.
 */
static int64
Divide(OfferProblem *problem, int64 low, int64 high, uint64 round, int64 *cost)
{
	OfferStep  *steps = problem->steps;
	int64		place = low;

	SwapSteps(steps, Pivot(problem, low, high, round), high - 1);
	*cost = 0;
	for (int64 s = low; s < high - 1; s++)
	{
		POLL_EVERY(s);
		if (OfferStepCompare(problem->options, steps + s, steps + high - 1) < 0)
		{
			*cost += problem->options[steps[s].to].cost - problem->options[steps[s].from].cost;
			SwapSteps(steps, s, place++);
		}
	}
	SwapSteps(steps, place, high - 1);
	return place;
}

/* Finds the first step, in their order, that does not fit into the budget. */
static void
FindBreak(OfferProblem *problem)
{
	int64		low = 0;
	int64		high = problem->n_steps;
	int64		left = problem->budget;

	for (uint64 round = 0; low < high; round++)
	{
		int64		cost;
		int64		place = Divide(problem, low, high, round, &cost);
		const OfferStep *pivot = problem->steps + place;
		int64		next = problem->options[pivot->to].cost - problem->options[pivot->from].cost;

		if (cost > left)
			high = place;
		else
		{
			low = place;
			left -= cost;
			if (next > left)
				break;
			low++;
			left -= next;
		}
	}
	problem->n_taken = low;
}

static void
Relax(OfferProblem *problem)
{
	const OfferOption *options = problem->options;
	const OfferStep *next;

	FindBreak(problem);
	memcpy(problem->choice, problem->first, problem->n_customers * sizeof(int32));
	for (int64 s = 0; s < problem->n_taken; s++)
	{
		int32		to = problem->steps[s].to;
		int32	   *choice = problem->choice + options[to].customer;

		*choice = Max(*choice, to);
		POLL_EVERY(s);
	}
	problem->cost = problem->value = 0;
	for (int64 i = 0; i < problem->n_customers; i++)
	{
		problem->cost += options[problem->choice[i]].cost;
		problem->value += options[problem->choice[i]].value;
		POLL_EVERY(i);
	}
	problem->price_value = 0;
	problem->price_cost = 1;
	if (problem->n_taken < problem->n_steps)
	{
		next = problem->steps + problem->n_taken;
		problem->price_value = options[next->to].value - options[next->from].value;
		problem->price_cost = options[next->to].cost - options[next->from].cost;
	}
}

bool
OfferProblemInit(OfferProblem *problem, int32 n_customers, const int32 *first,
				 const int64 *cost, const int64 *value, int64 budget)
{
	problem->n_customers = n_customers;
	problem->budget = budget;
	problem->first = AllocateHuge((Size) n_customers + 1, sizeof(int32));
	problem->choice = AllocateHuge(n_customers, sizeof(int32));
	problem->options = AllocateHuge((Size) first[n_customers] + n_customers, sizeof(OfferOption));
	MakeMenus(problem, first, cost, value);
	if (!DivideByUnits(problem))
		return false;
	problem->steps = AllocateHuge(first[n_customers], sizeof(OfferStep));
	MakeSteps(problem);
	Relax(problem);
	return true;
}

void
OfferProblemFree(OfferProblem *problem)
{
	pfree(problem->first);
	pfree(problem->choice);
	pfree(problem->options);
	pfree(problem->steps);
}
