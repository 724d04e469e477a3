/*
 * decimal_counts.c
 *		Distinct numerics of any size with their counts, as a flat value.
 *
 * For columns whose values do not fit in 64-bit integers of a common scale.
 * New values are appended.  When the list is full it is sorted, equal values
 * are joined, and it grows only if less than two thirds became free; so each
 * sort is paid for by many new values.
 *
 * For a sort, all values are read as 128-bit integers of a common scale, which
 * compare fast.  Where that fails they are compared as numerics, as they lie
 * in the list.
 *
 * Memory: a list is one palloc'd chunk.  A sort takes 32 bytes a value besides.
 */
#include "tiering/decimal_counts.h"

#include "common/add_rows.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

/* A list of a column with few values is not sorted again for each few rows. */
#define MINIMUM_SIZE 16384

#define LEAST_ENTRY ((int32) (sizeof(int64) + VARHDRSZ))

static inline bool
RunIsLess(const DecimalRun *a, const DecimalRun *b, bool wide)
{
	if (!wide)
		return a->value < b->value;
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a->big),
											 NumericGetDatum(b->big))) < 0;
}

#define ST_SORT SortDecimalRuns
#define ST_ELEMENT_TYPE DecimalRun
#define ST_COMPARE_ARG_TYPE bool
#define ST_COMPARE(a, b, wide) (RunIsLess(b, a, *(wide)) - RunIsLess(a, b, *(wide)))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "miscadmin.h"
#include "lib/sort_template.h"

static inline Size
EntrySize(const struct NumericData *n)
{
	return sizeof(int64) + MAXALIGN(VARSIZE(n));
}

DecimalCounts *
DecimalCountsMake(Size data_size)
{
	Size		size = offsetof(DecimalCounts, data) + data_size;
	DecimalCounts *list;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values for exact breaks"),
				 errhint("Round the values, or fit the breaks on a sample.")));
	/* Zeroed: the slack may reach a disk or another process. */
	list = palloc0(size);
	SET_VARSIZE(list, size);
	return list;
}

static void
Corrupted(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("abc_amounts is corrupted")));
}

void
DecimalCountsCheck(const DecimalCounts *list)
{
	if (VARSIZE(list) < offsetof(DecimalCounts, data) || list->used < 0 ||
		list->used > VARSIZE(list) - offsetof(DecimalCounts, data) ||
		list->n < 0 || list->n > list->used / LEAST_ENTRY || list->total < list->n)
		Corrupted();
}

/* The entry at a place, and the place of the next. */
static inline const struct NumericData *
ReadEntry(const DecimalCounts *list, int32 *place, int64 *count)
{
	const char *entry = list->data + *place;
	const struct NumericData *n = (const struct NumericData *) (entry + sizeof(int64));

	if (*place < 0 || *place > list->used - LEAST_ENTRY ||
		EntrySize(n) > list->used - *place)
		Corrupted();
	memcpy(count, entry, sizeof(int64));
	*place += EntrySize(n);
	return n;
}

/* There must be room. */
static inline void
WriteEntry(DecimalCounts *list, const struct NumericData *n, int64 count)
{
	char	   *entry = list->data + list->used;

	list->total = AddRows(list->total, count, "abc_breaks");
	memcpy(entry, &count, sizeof(int64));
	memcpy(entry + sizeof(int64), n, VARSIZE(n));
	list->used += EntrySize(n);
	list->n++;
}

static void
WriteRuns(DecimalCounts *list, const DecimalRuns *runs)
{
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		WriteEntry(list, runs->run[i].big, runs->run[i].count);
		POLL_EVERY(i);
	}
}

static Size
SizeOfRuns(const DecimalRuns *runs)
{
	Size		size = 0;

	for (int64 i = 0; i < runs->n_runs; i++)
		size += EntrySize(runs->run[i].big);
	return size;
}

/* Reads all entries; their values as integers of one scale, if they fit. */
static void
ReadRuns(const DecimalCounts *list, DecimalRuns *runs)
{
	int32		place = 0;
	Decimal    *d = palloc_extended((list->n + 1) * sizeof(Decimal), MCXT_ALLOC_HUGE);

	runs->run = palloc_extended((list->n + 1) * sizeof(DecimalRun), MCXT_ALLOC_HUGE);
	runs->n_runs = list->n;
	runs->scale = 0;
	runs->wide = false;
	for (int64 i = 0; i < list->n; i++)
	{
		DecimalRun *run = &runs->run[i];

		run->big = (struct NumericData *) ReadEntry(list, &place, &run->count);
		run->value = 0;
		if (DecimalFromNumeric(run->big, &d[i]) != DECIMAL_OK || d[i].big != NULL)
		{
			if (d[i].big != NULL)
				pfree(d[i].big);
			runs->wide = true;
		}
		else
			runs->scale = Max(runs->scale, d[i].scale);
		POLL_EVERY(i);
	}
	for (int64 i = 0; i < list->n && !runs->wide; i++)
	{
		int128		bound = DecimalPowers()[DECIMAL_MAX_SCALE - (runs->scale - d[i].scale)];

		if (d[i].value >= bound)
			runs->wide = true;
		else
			runs->run[i].value = d[i].value * DecimalPowers()[runs->scale - d[i].scale];
		POLL_EVERY(i);
	}
	pfree(d);
}

DecimalRuns
DecimalCountsRuns(const DecimalCounts *list)
{
	DecimalRuns runs;
	int64		n = 0;

	ReadRuns(list, &runs);
	SortDecimalRuns(runs.run, runs.n_runs, &runs.wide);
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		if (n > 0 && !RunIsLess(&runs.run[n - 1], &runs.run[i], runs.wide))
			runs.run[n - 1].count += runs.run[i].count;
		else
			runs.run[n++] = runs.run[i];
		POLL_EVERY(i);
	}
	runs.n_runs = n;
	return runs;
}

DecimalCounts *
DecimalCountsCanonical(const DecimalCounts *list)
{
	DecimalRuns runs = DecimalCountsRuns(list);
	DecimalCounts *result = DecimalCountsMake(SizeOfRuns(&runs));

	WriteRuns(result, &runs);
	pfree(runs.run);
	return result;
}

/* Makes room for so many bytes more. */
static DecimalCounts *
MakeRoom(DecimalCounts *list, Size wanted)
{
	DecimalRuns runs = DecimalCountsRuns(list);
	Size		size = 3 * SizeOfRuns(&runs) + wanted;
	Size		room = VARSIZE(list) - offsetof(DecimalCounts, data);
	DecimalCounts *result;

	size = Max(size, Min(list->total * 8, MINIMUM_SIZE));
	/* near the limit: all that there can be, which may still be too little */
	size = Max(Min(size, MaxAllocSize - offsetof(DecimalCounts, data)), SizeOfRuns(&runs) + wanted);
	result = DecimalCountsMake(Max(size, room));
	WriteRuns(result, &runs);
	pfree(runs.run);
	if (size > room)
		return result;

	/* There is room enough in the list itself. */
	memcpy(list, result, VARSIZE(list));
	pfree(result);
	return list;
}

DecimalCounts *
DecimalCountsAdd(DecimalCounts *list, const struct NumericData *n, int64 count)
{
	Size		size = EntrySize(n);

	if (offsetof(DecimalCounts, data) + list->used + size > VARSIZE(list))
		list = MakeRoom(list, size);
	WriteEntry(list, n, count);
	return list;
}

DecimalCounts *
DecimalCountsCombine(DecimalCounts *list, const DecimalCounts *other)
{
	int32		place = 0;

	for (int64 i = 0; i < other->n; i++)
	{
		int64		count;
		const struct NumericData *n = ReadEntry(other, &place, &count);

		list = DecimalCountsAdd(list, n, count);
		POLL_EVERY(i);
	}
	return list;
}

struct NumericData *
TrimmedNumeric(const Decimal *d)
{
	Decimal		trimmed = *d;

	if (d->big != NULL)
		return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(d->big)));
	while (trimmed.scale > 0 && trimmed.value % 10 == 0)
	{
		trimmed.value /= 10;
		trimmed.scale--;
	}
	return DecimalToNumeric(&trimmed);
}
