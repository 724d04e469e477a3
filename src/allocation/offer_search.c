/*
 * offer_search.c
 *		The best choice of offers: dynamic programming around the relaxation.
 *
 * The choice that the relaxation leads to differs from the best one in few
 * customers, nearly all of them close to the price at which it breaks off.  So
 * customers are added one by one, as in Pisinger (1995, A minimal algorithm for
 * the multiple-choice knapsack problem): in turn the one whose next step up is the
 * best, and the one whose last step down costs the least.  A state is what the
 * customers added so far may choose, the others staying with the relaxation: its
 * cost and its value.  Of states only those are kept that no other beats, with at
 * most its cost and at least its value, and whose bound is above the best value
 * found: what is left of the budget buys no more than the best step up of a
 * customer not yet added gives, and what is overspent cannot be won back for less
 * than the cheapest step down.  When no state is left, the best choice is found,
 * and it is proven that it is.
 *
 * What a customer's option loses at the price is taken from the bound beforehand:
 * an option that loses more than the gap is never tried.
 *
 * A state knows a link, and a link the option that was chosen and the link before
 * it, which is how the choice is found again.  When the array of links is full,
 * those that no state leads to are dropped.
 *
 * The problem is NP-hard.  Three limits, all of them counts so that the result is
 * the same on every machine, end the search when it would take too long; the best
 * choice so far is the result then.
 *
 * Arithmetic: the costs of one option a customer add up to 2^62 at most, and so
 * do values; each state is such a sum.  Bounds are compared as products in 128 bits.
 *
 * Memory, of the current context, freed at the end: 144 bytes a state, for three
 * lists with room for two merged ones; 8 a link, 13 while links are dropped.
 */
#include "allocation/offers.h"

#define FIRST_ROOM 64

typedef struct State
{
	int64		cost;
	int64		value;
	int32		link;			/* -1: the relaxation */
	int32		option;			/* chosen on top of link; -1: nothing is */
} State;

typedef struct StateList
{
	State	   *states;			/* cost and value ascending */
	int64		n;
	int64		room;
} StateList;

typedef struct Link
{
	int32		before;			/* -1: none; always a smaller number */
	int32		option;
} Link;

/* value / cost */
typedef struct Slope
{
	int64		value;
	int64		cost;			/* 0: there is none */
} Slope;

typedef struct Search
{
	OfferProblem *problem;
	const OfferLimits *limits;
	bool	   *added;			/* customers */
	StateList	lists[3];
	StateList  *current;

	/* the steps not yet looked at, as heaps */
	int64		n_up;			/* from n_taken on, the best on top */
	int64		n_down;			/* up to n_taken, the worst on top */
	Slope		up;				/* of the best one of a customer not added */
	Slope		down;

	Link	   *links;
	int64		n_links;
	int64		link_room;

	int64		best;			/* value of the best choice */
	int32		best_link;
	int32		best_option;
	int64		bound;
	int64		work;
	bool		stopped;		/* a limit was reached */
} Search;

/* --- Steps in order -------------------------------------------------------------------- */

/* Whether a step belongs above another in the heap of steps up (1) or down (-1). */
static inline bool
Above(const Search *search, const OfferStep *a, const OfferStep *b, int direction)
{
	return OfferStepCompare(search->problem->options, a, b) * direction < 0;
}

static void
SiftDown(const Search *search, OfferStep *heap, int64 n, int64 place, int direction)
{
	OfferStep	step = heap[place];

	for (;;)
	{
		int64		child = 2 * place + 1;

		if (child >= n)
			break;
		if (child + 1 < n && Above(search, heap + child + 1, heap + child, direction))
			child++;
		if (!Above(search, heap + child, &step, direction))
			break;
		heap[place] = heap[child];
		place = child;
	}
	heap[place] = step;
}

static void
MakeHeap(const Search *search, OfferStep *heap, int64 n, int direction)
{
	for (int64 place = n / 2 - 1; place >= 0; place--)
	{
		SiftDown(search, heap, n, place, direction);
		POLL_EVERY(place);
	}
}

/* Drops steps of customers that are added from the top; the slope of the first other one. */
static Slope
TopSlope(const Search *search, OfferStep *heap, int64 *n, int direction)
{
	const OfferOption *options = search->problem->options;

	for (int64 dropped = 0; *n > 0; dropped++)
	{
		if (!search->added[options[heap[0].to].customer])
			return (Slope) {options[heap[0].to].value - options[heap[0].from].value,
							options[heap[0].to].cost - options[heap[0].from].cost};
		heap[0] = heap[--*n];
		if (*n > 0)
			SiftDown(search, heap, *n, 0, direction);
		POLL_EVERY(dropped);
	}
	return (Slope) {0, 0};
}

static OfferStep *
StepsUp(const Search *search)
{
	return search->problem->steps + search->problem->n_taken;
}

static void
FindSlopes(Search *search)
{
	search->up = TopSlope(search, StepsUp(search), &search->n_up, 1);
	search->down = TopSlope(search, search->problem->steps, &search->n_down, -1);
}

/* --- Bounds ---------------------------------------------------------------------------- */

/* Whether a state may lead to more than the best value, with such steps up and down. */
static inline bool
MayImprove(const Search *search, int64 cost, int64 value, Slope up, Slope down)
{
	int64		left = search->problem->budget - cost;

	if (left >= 0)
	{
		if (value > search->best)
			return true;
		return up.cost > 0 &&
			(int128) left * up.value >= (int128) (search->best + 1 - value) * up.cost;
	}
	return down.cost > 0 && value > search->best &&
		(int128) (value - search->best - 1) * down.cost >= (int128) -left * down.value;
}

/* --- Links ----------------------------------------------------------------------------- */

static void
MarkChain(const Search *search, bool *used, int32 link)
{
	for (; link >= 0 && !used[link]; link = search->links[link].before)
		used[link] = true;
}

/* Keeps the links that states, and the best choice, lead to, in their order. */
static void
DropLinks(Search *search)
{
	bool	   *used = palloc_extended(search->n_links * sizeof(bool),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int32	   *moved = palloc_extended(search->n_links * sizeof(int32), MCXT_ALLOC_HUGE);
	StateList  *list = search->current;
	int32		n = 0;

	for (int64 i = 0; i < list->n; i++)
	{
		MarkChain(search, used, list->states[i].link);
		POLL_EVERY(i);
	}
	MarkChain(search, used, search->best_link);
	for (int64 i = 0; i < search->n_links; i++)
	{
		POLL_EVERY(i);
		if (!used[i])
			continue;
		search->links[n] = search->links[i];
		if (search->links[n].before >= 0)
			search->links[n].before = moved[search->links[n].before];
		moved[i] = n++;
	}
	search->n_links = n;
	for (int64 i = 0; i < list->n; i++)
	{
		POLL_EVERY(i);
		if (list->states[i].link >= 0)
			list->states[i].link = moved[list->states[i].link];
	}
	if (search->best_link >= 0)
		search->best_link = moved[search->best_link];
	pfree(moved);
	pfree(used);
}

/* Room for more links, below the limit; false when there is none. */
static bool
LinkRoom(Search *search, int64 more)
{
	int64		limit = search->limits->links;

	if (search->n_links + more > limit)
	{
		DropLinks(search);
		/* a part must become free, lest links be dropped time and again */
		if (search->n_links + more > limit / 4 * 3)
			return false;
	}
	if (search->n_links + more > search->link_room)
	{
		search->link_room = Min(limit, Max(search->n_links + more, 2 * search->link_room));
		search->links = repalloc_huge(search->links, search->link_room * sizeof(Link));
	}
	return true;
}

/* Gives each state that chose something a link of its own. */
static void
MakeLinks(Search *search)
{
	StateList  *list = search->current;
	int64		more = 0;

	for (int64 i = 0; i < list->n; i++)
	{
		more += list->states[i].option >= 0;
		POLL_EVERY(i);
	}
	if (!LinkRoom(search, more))
	{
		search->stopped = true;
		return;
	}
	for (int64 i = 0; i < list->n; i++)
	{
		State	   *state = list->states + i;

		POLL_EVERY(i);
		if (state->option < 0)
			continue;
		search->links[search->n_links] = (Link) {state->link, state->option};
		state->link = search->n_links++;
		state->option = -1;
	}
}

/* --- States ---------------------------------------------------------------------------- */

/* Appends a state, unless the last one beats it; states come by cost. */
static inline void
Push(StateList *list, const State *state)
{
	if (list->n > 0)
	{
		State	   *last = list->states + list->n - 1;

		if (last->value >= state->value)
			return;
		if (last->cost == state->cost)
			list->n--;
	}
	list->states[list->n++] = *state;
}

/* Makes room, and forgets what the list held. */
static void
MakeRoom(StateList *list, int64 room, int64 limit)
{
	if (list->room >= room)
		return;
	list->room = Max(room, Min(2 * list->room, limit));
	if (list->states != NULL)
		pfree(list->states);
	list->states = palloc_extended(list->room * sizeof(State), MCXT_ALLOC_HUGE);
}

/*
 * Merges what was made so far with the current states in which the option is
 * chosen instead of the relaxation's.  Of equal states the one made before stays.
 */
static void
MergeOption(Search *search, const StateList *made, StateList *out, int32 option, int32 instead)
{
	const OfferOption *options = search->problem->options;
	const StateList *list = search->current;
	int64		cost = options[option].cost - options[instead].cost;
	int64		value = options[option].value - options[instead].value;
	int64		a = 0;

	MakeRoom(out, made->n + list->n, 2 * search->limits->states);
	out->n = 0;
	for (int64 b = 0; b < list->n; b++)
	{
		State		state = list->states[b];

		POLL_EVERY(b);
		state.cost += cost;
		state.value += value;
		state.option = option;
		if (!MayImprove(search, state.cost, state.value, search->up, search->down))
			continue;
		if (state.value > search->best && state.cost <= search->problem->budget)
		{
			search->best = state.value;
			search->best_link = state.link;
			search->best_option = option;
		}
		while (a < made->n && (made->states[a].cost < state.cost ||
							   (made->states[a].cost == state.cost &&
								made->states[a].value >= state.value)))
		{
			Push(out, made->states + a++);
			POLL_EVERY(a);
		}
		Push(out, &state);
	}
	for (; a < made->n; a++)
	{
		Push(out, made->states + a);
		POLL_EVERY(a);
	}
	search->work += list->n + out->n;
}

/* Drops the states that lead to nothing better. */
static void
DropStates(Search *search)
{
	StateList  *list = search->current;
	int64		n = 0;

	for (int64 i = 0; i < list->n; i++)
	{
		const State *state = list->states + i;

		POLL_EVERY(i);
		if (MayImprove(search, state->cost, state->value, search->up, search->down))
			list->states[n++] = *state;
	}
	list->n = n;
}

/* Adds a customer: every state with each of its options. */
static void
AddCustomer(Search *search, int32 customer)
{
	OfferProblem *problem = search->problem;
	const OfferOption *options = problem->options;
	Slope		price = {problem->price_value, problem->price_cost};
	int32		instead = problem->choice[customer];
	StateList  *made = search->current;

	search->added[customer] = true;
	FindSlopes(search);
	for (int32 option = problem->first[customer]; option < problem->first[customer + 1]; option++)
	{
		StateList  *out = search->lists;

		POLL_EVERY(option);
		if (option == instead ||
			!MayImprove(search, problem->cost + options[option].cost - options[instead].cost,
						problem->value + options[option].value - options[instead].value,
						price, price))
			continue;
		while (out == search->current || out == made)
			out++;
		MergeOption(search, made, out, option, instead);
		made = out;
		if (made->n > search->limits->states || search->work > search->limits->work)
		{
			search->stopped = true;
			return;
		}
	}
	search->current = made;
	search->work += made->n;
	DropStates(search);
	MakeLinks(search);
}

/* --- The search ------------------------------------------------------------------------ */

static void
Init(Search *search, OfferProblem *problem, const OfferLimits *limits)
{
	State		start = {problem->cost, problem->value, -1, -1};

	memset(search, 0, sizeof(*search));
	search->problem = problem;
	search->limits = limits;
	search->added = palloc_extended(Max(1, problem->n_customers) * sizeof(bool),
									MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	search->link_room = Min(FIRST_ROOM, limits->links);
	search->links = palloc(search->link_room * sizeof(Link));
	search->current = search->lists;
	for (int k = 0; k < 3; k++)
		MakeRoom(search->lists + k, FIRST_ROOM, FIRST_ROOM);
	Push(search->current, &start);
	search->best = problem->value;
	search->best_link = search->best_option = -1;
	search->bound = problem->value + (int64) ((int128) (problem->budget - problem->cost) *
											  problem->price_value / problem->price_cost);
	search->n_down = problem->n_taken;
	search->n_up = problem->n_steps - problem->n_taken;
}

static void
SearchAround(Search *search)
{
	OfferProblem *problem = search->problem;

	MakeHeap(search, problem->steps, search->n_down, -1);
	MakeHeap(search, StepsUp(search), search->n_up, 1);
	FindSlopes(search);
	for (int64 turn = 0; search->best < search->bound && search->current->n > 0; turn++)
	{
		const OfferStep *step;

		if (search->n_up == 0 && search->n_down == 0)
			break;
		if (search->n_down == 0 || (search->n_up > 0 && turn % 2 == 0))
			step = StepsUp(search);
		else
			step = problem->steps;
		AddCustomer(search, problem->options[step->to].customer);
		if (search->stopped)
			break;
		POLL_EVERY(turn);
	}
}

OfferResult
OfferSearch(OfferProblem *problem, const OfferLimits *limits)
{
	Search		search;
	OfferResult result;

	Init(&search, problem, limits);
	if (search.best < search.bound)
		SearchAround(&search);

	if (search.best_option >= 0)
		problem->choice[problem->options[search.best_option].customer] = search.best_option;
	for (int32 link = search.best_link; link >= 0; link = search.links[link].before)
		problem->choice[problem->options[search.links[link].option].customer] =
			search.links[link].option;

	result.value = search.best;
	result.proven = !search.stopped || search.best == search.bound;
	result.bound = result.proven ? search.best : search.bound;
	for (int k = 0; k < 3; k++)
		pfree(search.lists[k].states);
	pfree(search.links);
	pfree(search.added);
	return result;
}
