/*
 * offer_ties.c
 *		Customers with equal menus, in the order of their keys.
 *
 * When the budget is not enough for all of some customers who have the same
 * offers to choose from, the relaxation serves the lower keys first; the search
 * may exchange any two of them.  Here the options that customers with equal menus
 * have been given, as many of each as before, are given again in the order of
 * keys, the most valuable ones first.  So of two equal customers the one with the
 * lower key never has less, and total cost and value stay what they are.
 *
 * Customers are sorted by a hash of their menus, the menus themselves, and key.
 *
 * Memory, of the current context, freed at the end: 16 bytes a customer.
 */
#include "allocation/offers.h"

#include "common/hashfn.h"

typedef struct MenuItem
{
	uint64		hash;
	int32		customer;
} MenuItem;

static inline int32
MenuSize(const OfferProblem *problem, int32 customer)
{
	return problem->first[customer + 1] - problem->first[customer];
}

static int
CompareMenus(const MenuItem *a, const MenuItem *b, const OfferProblem *problem)
{
	const OfferOption *x = problem->options + problem->first[a->customer];
	const OfferOption *y = problem->options + problem->first[b->customer];
	int32		size = MenuSize(problem, a->customer);

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (size != MenuSize(problem, b->customer))
		return size < MenuSize(problem, b->customer) ? -1 : 1;
	for (int32 j = 0; j < size; j++)
	{
		POLL_EVERY(j);
		if (x[j].cost != y[j].cost)
			return x[j].cost < y[j].cost ? -1 : 1;
		if (x[j].value != y[j].value)
			return x[j].value < y[j].value ? -1 : 1;
	}
	return 0;
}

static inline int
CompareItems(const MenuItem *a, const MenuItem *b, const OfferProblem *problem)
{
	int			result = CompareMenus(a, b, problem);

	return result != 0 ? result : a->customer < b->customer ? -1 : a->customer > b->customer;
}

#define ST_SORT SortMenus
#define ST_ELEMENT_TYPE MenuItem
#define ST_COMPARE(a, b, problem) CompareItems(a, b, problem)
#define ST_COMPARE_ARG_TYPE const OfferProblem
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "miscadmin.h"
#include "lib/sort_template.h"

static uint64
HashMenu(const OfferProblem *problem, int32 customer)
{
	uint64		hash = 0;

	for (int64 j = problem->first[customer]; j < problem->first[customer + 1]; j++)
	{
		const int64 option[2] = {problem->options[j].cost, problem->options[j].value};

		hash = hash_bytes_extended((const unsigned char *) option, sizeof(option), hash);
		POLL_EVERY(j);
	}
	return hash;
}

/* Gives n customers with equal menus their options again, the last options first. */
static void
GiveInOrder(OfferProblem *problem, const MenuItem *items, int64 n)
{
	int32		size = MenuSize(problem, items[0].customer);
	int64	   *given = palloc_extended(size * sizeof(int64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	int32		place = size - 1;

	for (int64 i = 0; i < n; i++)
	{
		int32		customer = items[i].customer;

		given[problem->choice[customer] - problem->first[customer]]++;
		POLL_EVERY(i);
	}
	for (int64 i = 0; i < n; i++)
	{
		int32		customer = items[i].customer;

		while (given[place] == 0)
		{
			place--;
			POLL_EVERY(place);
		}
		given[place]--;
		problem->choice[customer] = problem->first[customer] + place;
		POLL_EVERY(i);
	}
	pfree(given);
}

void
OfferTiesByKey(OfferProblem *problem)
{
	MenuItem   *items = palloc_extended(Max(1, problem->n_customers) * sizeof(MenuItem),
										MCXT_ALLOC_HUGE);
	int64		n = 0;
	int64		begin = 0;

	for (int32 i = 0; i < problem->n_customers; i++)
	{
		POLL_EVERY(i);
		if (MenuSize(problem, i) > 1)
			items[n++] = (MenuItem) {HashMenu(problem, i), i};
	}
	SortMenus(items, n, problem);
	for (int64 i = 1; i <= n; i++)
	{
		POLL_EVERY(i);
		if (i < n && CompareMenus(&items[i - 1], &items[i], problem) == 0)
			continue;
		if (i - begin > 1)
			GiveInOrder(problem, items + begin, i - begin);
		begin = i;
	}
	pfree(items);
}
