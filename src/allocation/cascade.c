/*
 * cascade.c
 *		Core of waterfall: requests met one after the other until a budget is spent.
 *
 * First every row gets the smaller of its base and its request.  What is left
 * goes to groups of peers in their order: a group gets all that it asks for as
 * long as that is there.  So at most one group has to share, and the groups after
 * it have their bases only.  The caller divides what that group shares.
 *
 * Numbers are below 10^38 < 2^127.  The sum of the bases is checked for overflow;
 * requests are only taken off what is left.
 */
#include "allocation/cascade.h"

static inline void
SetAmount(DivideAmounts *amounts, int32 row, int128 x)
{
	if (amounts->small != NULL)
		amounts->small[row] = (int64) x;
	else
		amounts->wide[row] = x;
}

/* The row after a group of peers. */
static int32
EndOfGroup(const CascadeRows *rows, int32 first)
{
	int32		end = first + 1;

	while (end < rows->n && rows->peer[end])
	{
		POLL_EVERY(end);
		end++;
	}
	return end;
}

/* Whether what a group asks for is at most what is left; then it is taken off. */
static bool
TakeOff(const CascadeRows *rows, int32 first, int32 end, int128 *left)
{
	int128		rest = *left;

	for (int32 i = first; i < end; i++)
	{
		int128		want = DivideIsNull(&rows->request, i) ? 0 : CascadeWant(rows, i);

		if (want > rest)
			return false;
		rest -= want;
		POLL_EVERY(i);
	}
	*left = rest;
	return true;
}

DivideStatus
Cascade(const CascadeRows *rows, int128 budget, DivideAmounts *amounts,
		CascadeSplit *split, int128 *bases)
{
	int128		left;
	bool		spent = false;

	*bases = 0;
	split->n = 0;
	for (int32 i = 0; i < rows->n; i++)
	{
		if (!DivideIsNull(&rows->request, i) &&
			__builtin_add_overflow(*bases, Min(DivideNumber(&rows->request, i),
											   DivideNumber(&rows->base, i)), bases))
			return DIVIDE_TOO_WIDE;
		POLL_EVERY(i);
	}
	if (*bases > budget)
		return DIVIDE_FLOORS_EXCEED;
	left = budget - *bases;

	for (int32 first = 0, end; first < rows->n; first = end)
	{
		bool		all;

		end = EndOfGroup(rows, first);
		all = !spent && TakeOff(rows, first, end, &left);
		if (!all && !spent)
		{
			/* the first group that does not get all is the one that shares */
			*split = (CascadeSplit) {first, end - first, left};
			spent = true;
		}
		for (int32 i = first; i < end; i++)
		{
			int128		request = DivideNumber(&rows->request, i);

			POLL_EVERY(i);
			if (DivideIsNull(&rows->request, i))
				SetAmount(amounts, i, -1);
			else
				SetAmount(amounts, i, all ? request : Min(request, DivideNumber(&rows->base, i)));
		}
		POLL_EVERY(first);
	}
	return DIVIDE_OK;
}
