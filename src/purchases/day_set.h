/*
 * day_set.h
 *		A set of days in an array with slack, as a template (in the way of
 *		lib/sort_template.h).
 *
 * Define before including:
 *		DAY_TYPE		the element type
 *		DAY_SET(name)	makes the names of the functions
 *
 * Up to SORTED_DAYS days are kept in order by insertion, which is cheap since
 * the whole set lies in a few cache lines. Beyond that, days that come out of
 * order go to an unsorted tail; when the array is full the caller orders it,
 * which sorts the tail, merges it and drops duplicates, and makes the array
 * larger only if it is still nearly full. That is O(log n) per day for any
 * order of days. days[0] is always the first day, since each row needs it.
 */

#ifndef SORTED_DAYS
#define SORTED_DAYS		64
#endif

#define ST_SORT DAY_SET(Sort)
#define ST_ELEMENT_TYPE DAY_TYPE
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * False, and nothing changed, when there is no room. *newest is the last
 * element of the array: kept beside the counts, it lets a day that repeats or
 * follows do without reading the array, which may not be in the cache yet.
 */
static inline bool
DAY_SET(Insert) (DAY_TYPE *days, int32 capacity, int32 *n_days,
				 int32 *n_sorted, DAY_TYPE *newest, DAY_TYPE day)
{
	int32		n = *n_days;
	bool		full = (n == capacity);

	if (n > 0 && *newest == day)
		return true;
	if (*n_sorted == n && (n == 0 || day > *newest))
	{
		if (full)
			return false;
		days[n] = *newest = day;
		*n_days = *n_sorted = n + 1;
	}
	else if (n <= SORTED_DAYS)
	{
		int32		at = 0;

		while (days[at] < day)
			at++;
		if (days[at] == day)
			return true;
		if (full)
			return false;
		memmove(days + at + 1, days + at, (n - at) * sizeof(DAY_TYPE));
		days[at] = day;
		*n_days = *n_sorted = n + 1;
	}
	else
	{
		if (days[0] == day)
			return true;
		if (full)
			return false;
		if (day < days[0])
		{
			DAY_TYPE	first = days[0];

			days[0] = day;
			day = first;
		}
		days[n] = *newest = day;
		*n_days = n + 1;
	}
	return true;
}

/* Sorts the tail into the rest and drops duplicates. */
static void
DAY_SET(Order) (DAY_TYPE *days, int32 *n_days, int32 *n_sorted)
{
	int32		n_tail = *n_days - *n_sorted;
	int32		i = *n_sorted - 1;
	int32		j = n_tail - 1;
	int32		kept = 0;
	DAY_TYPE   *tail;

	if (n_tail == 0)
		return;
	tail = palloc_extended(n_tail * sizeof(DAY_TYPE), MCXT_ALLOC_HUGE);
	memcpy(tail, days + *n_sorted, n_tail * sizeof(DAY_TYPE));
	DAY_SET(Sort) (tail, n_tail);
	for (int32 to = *n_days - 1; j >= 0; to--)
		days[to] = (i >= 0 && days[i] > tail[j]) ? days[i--] : tail[j--];
	pfree(tail);
	for (int32 from = 0; from < *n_days; from++)
		if (kept == 0 || days[from] != days[kept - 1])
			days[kept++] = days[from];
	*n_days = *n_sorted = kept;
}

#undef DAY_TYPE
#undef DAY_SET
