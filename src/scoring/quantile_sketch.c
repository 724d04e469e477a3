/*
 * quantile_sketch.c
 *		A bounded, mergeable summary of ranks with an error that is certain.
 *
 * Values come in at level 0.  When a level is full it is sorted, every other
 * item moves up one level, where it stands for twice as many rows, and the
 * others are dropped: the compaction of J. I. Munro and M. S. Paterson
 * ("Selection and sorting with limited storage", TCS 12, 1980), with a buffer
 * a level as in G. S. Manku, S. Rajagopalan, B. G. Lindsay ("Approximate
 * medians and other quantiles in one pass and with limited memory", SIGMOD
 * 1998) and P. K. Agarwal et al. ("Mergeable summaries", PODS 2012).
 *
 * Why not KLL (Z. Karnin, K. Lang, E. Liberty, 2016): its sketches are several
 * times smaller, but only with random choices, and their bound holds with some
 * probability.  Here the same rows in the same plan give the same breaks, and
 * the bound always holds: for rows in any order, on any tree of merges.
 *
 * The account.  Let R(x) be the rows <= x, and R'(x) the weight of the items
 * <= x.  Compacting a level of weight w that keeps the lower item of each pair
 * raises R'(x) by w for some x and by 0 for the others; keeping the higher ones
 * lowers it alike.  A sketch counts both kinds, by level, and so knows how
 * far R' may be off: up at most U = sum of w over the first kind, down at most
 * D.  R lies in [R' - U, R' + D], hence within (U + D) / 2 of R' + (D - U) / 2,
 * by which ranks are looked up; the error is half of what the number of
 * compactions suggests.  Merging adds counts.  Pairs of equal items move up
 * first, without any error: with few distinct values nothing is ever lost.
 *
 * The bound.  At level h at least b(h) items are compacted at a time, so that
 * for each h
 *		rows in levels <= h  +  compactions * b(h) * 2^h  <=  rows in all.
 * This holds after every step and merge (rows only move up, a compaction moves
 * b(h) 2^h of them past level h), and it is checked in whatever comes from
 * outside.  So U + D <= n sum 1 / b(h), and b(h) is chosen such that the sum
 * is 1.9 * rank_error: 1.8 of it spread evenly over the first 24 levels, the
 * rest over the others.  The bound (U + D + 1) / 2 is below rank_error * n.
 *
 * Which kind a compaction is alternates within a level.  No step is random.
 *
 * Memory: about 8 bytes times 13.3 / rank_error for each doubling of the rows
 * beyond that number, and half of it on average.  A sketch is one palloc'd
 * chunk, as described in value_counts.c.  Scratch arrays are freed.
 */
#include "scoring/quantile_sketch.h"

#include <math.h>

#include "common/add_rows.h"
#include "common/binary.h"
#include "utils/memutils.h"

/* The levels that share 1.8 of 2 rank_error evenly. */
#define EVEN_LEVELS 24

/* Items for which a first sketch has room: 128 bytes. */
#define FIRST_ITEMS 6

static inline Size
SizeOfSketch(int n_levels, int64 slots)
{
	return offsetof(QuantileSketch, level) + n_levels * sizeof(SketchLevel) +
		(Size) slots * sizeof(double);
}

static inline double *
Items(const QuantileSketch *sketch)
{
	return (double *) (sketch->level + sketch->n_levels);
}

static inline int64
Slots(const QuantileSketch *sketch)
{
	return (int64) (VARSIZE(sketch) - SizeOfSketch(sketch->n_levels, 0)) /
		(int64) sizeof(double);
}

int64
SketchCompacts(double rank_error, int level)
{
	double		items = level < EVEN_LEVELS ? EVEN_LEVELS / (1.8 * rank_error) :
		(level - 16) * (level - 15) / (0.8 * rank_error);	/* 1 / items sum to 0.1 rank_error */

	return 2 * (int64) ceil(items / 2);
}

/* Items in all levels of the parts. */
static int64
CountItems(const SketchParts *parts)
{
	int64		n = 0;

	for (int h = 0; h < parts->n_levels; h++)
		n += parts->level[h].n_items;
	return n;
}

/* A sketch with the header of the parts, and room for items to be filled. */
static QuantileSketch *
MakeSketch(const SketchParts *parts, int64 slots)
{
	Size		bytes = SizeOfSketch(parts->n_levels, slots);
	QuantileSketch *sketch;

	if (bytes > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("quantile_sketch is too large"),
				 errdetail("It has " INT64_FORMAT " items of " INT64_FORMAT " rows.",
						   CountItems(parts), parts->total),
				 errhint("Choose a larger rank_error.")));

	/* Zeroed: the slack may reach a disk or another process. */
	sketch = palloc0(bytes);
	SET_VARSIZE(sketch, bytes);
	sketch->version = QUANTILE_SKETCH_VERSION;
	sketch->n_levels = parts->n_levels;
	sketch->classes = parts->classes;
	sketch->rank_error = parts->rank_error;
	return sketch;
}

void
SketchCheck(const QuantileSketch *sketch)
{
	Size		bytes = VARSIZE(sketch);

	if (bytes > offsetof(QuantileSketch, version))
		CheckStoredVersion("quantile_sketch", sketch->version, QUANTILE_SKETCH_VERSION);
	if (bytes < SizeOfSketch(1, 0) ||
		sketch->n_levels < 1 || sketch->n_levels > MAX_SKETCH_LEVELS ||
		bytes < SizeOfSketch(sketch->n_levels, 0) ||
		sketch->classes > MAX_BREAK_CLASSES ||
		!(sketch->rank_error >= MIN_RANK_ERROR && sketch->rank_error <= MAX_RANK_ERROR) ||
		sketch->n_items < 1 || sketch->n_items > sketch->n_full ||
		sketch->n_full > Slots(sketch) || sketch->total < sketch->n_items)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("quantile_sketch is corrupted")));
}

/* --- Apart and together --------------------------------------------------- */

/* The items of the parts are those of the sketch. */
static void
TakeApart(const QuantileSketch *sketch, SketchParts *parts)
{
	double	   *items = Items(sketch) + sketch->n_items;

	parts->classes = sketch->classes;
	parts->rank_error = sketch->rank_error;
	parts->lowest = sketch->lowest;
	parts->highest = sketch->highest;
	parts->total = sketch->total;
	parts->n_levels = sketch->n_levels;
	for (int h = 0; h < sketch->n_levels; h++)
	{
		parts->level[h] = sketch->level[h];
		if (sketch->level[h].n_items < 0 ||
			sketch->level[h].n_items > items - Items(sketch))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("quantile_sketch is corrupted")));
		items -= sketch->level[h].n_items;
		parts->items[h] = items;
		parts->own[h] = false;
	}
}

/* New items of a level; the old ones are freed. */
static void
SetItems(SketchParts *parts, int h, double *items, int64 n)
{
	if (parts->own[h])
		pfree(parts->items[h]);
	parts->items[h] = items;
	parts->level[h].n_items = n;
	parts->own[h] = true;
}

/* Adds items to a level, which gets memory of its own. */
static void
AppendItems(SketchParts *parts, int h, const double *items, int64 n)
{
	int64		before = parts->level[h].n_items;
	double	   *all = palloc_extended((before + n + 1) * sizeof(double), MCXT_ALLOC_HUGE);

	if (before > 0)
		memcpy(all, parts->items[h], before * sizeof(double));
	if (n > 0)
		memcpy(all + before, items, n * sizeof(double));
	SetItems(parts, h, all, before + n);
}

/* A level above the others, without items. */
static void
AddLevel(SketchParts *parts)
{
	int			h = parts->n_levels++;

	Assert(h < MAX_SKETCH_LEVELS);
	memset(&parts->level[h], 0, sizeof(SketchLevel));
	parts->items[h] = NULL;
	parts->own[h] = false;
}

/*
 * Writes the parts into a sketch that has their number of levels and room for
 * their items.  What lies in its place already is not moved.
 */
static void
WriteParts(SketchParts *parts, QuantileSketch *sketch)
{
	double	   *items = Items(sketch);

	for (int h = parts->n_levels - 1; h >= 0; h--)
	{
		int64		n = parts->level[h].n_items;

		if (n > 0 && parts->items[h] != items)
			memcpy(items, parts->items[h], n * sizeof(double));
		items += n;
		sketch->level[h] = parts->level[h];
		if (parts->own[h])
			pfree(parts->items[h]);
	}
	sketch->lowest = parts->lowest;
	sketch->highest = parts->highest;
	sketch->total = parts->total;
	sketch->n_items = items - Items(sketch);
	sketch->n_full = Min(Slots(sketch),
						 sketch->n_items - parts->level[0].n_items +
						 SketchLimit(parts->rank_error, 0));
}

/* May the parts be written to the sketch they were taken from, in place? */
static bool
FitsInPlace(const SketchParts *parts, const QuantileSketch *sketch, int64 slots)
{
	const double *items = Items(sketch);

	if (parts->n_levels != sketch->n_levels || slots > Slots(sketch))
		return false;
	for (int h = parts->n_levels - 1; h >= 0; h--)
	{
		if (!parts->own[h] && parts->level[h].n_items > 0 && parts->items[h] != items)
			return false;
		items += parts->level[h].n_items;
	}
	return true;
}

/* The sketch with these parts: itself, or a larger one with slack. */
static QuantileSketch *
PutTogether(SketchParts *parts, QuantileSketch *sketch)
{
	int64		items = CountItems(parts);
	int64		slots = items + SketchLimit(parts->rank_error, 0) -
		parts->level[0].n_items;

	if (!FitsInPlace(parts, sketch, slots))
		sketch = MakeSketch(parts, slots + items / 4);
	WriteParts(parts, sketch);
	return sketch;
}

QuantileSketch *
SketchOfParts(SketchParts *parts)
{
	QuantileSketch *sketch = MakeSketch(parts, CountItems(parts));

	WriteParts(parts, sketch);
	return sketch;
}

void
SketchSortedParts(const QuantileSketch *sketch, SketchParts *parts)
{
	TakeApart(sketch, parts);
	for (int h = 0; h < parts->n_levels; h++)
	{
		AppendItems(parts, h, NULL, 0);
		SortFloats(parts->items[h], parts->level[h].n_items);
	}
}

/* --- Compaction ----------------------------------------------------------- */

/*
 * Moves pairs of equal items of sorted x to `up`; what remains moves to the
 * front.  Returns how many remain.
 */
static int64
MoveEqualPairs(double *x, int64 n, double *up, int64 *n_up)
{
	int64		rest = 0;

	for (int64 i = 0; i < n; i++)
	{
		if (i + 1 < n && x[i] == x[i + 1])
			up[(*n_up)++] = x[i++];
		else
			x[rest++] = x[i];
		POLL_EVERY(i);
	}
	return rest;
}

/* A full level gives half of its items or more to the next. */
static void
CompactLevel(SketchParts *parts, int h)
{
	SketchLevel *level = &parts->level[h];
	int64		n_up = 0;
	int64		rest;
	double	   *up;
	double	   *x;

	AppendItems(parts, h, NULL, 0);
	x = parts->items[h];
	SortFloats(x, level->n_items);
	up = palloc_extended((level->n_items + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	rest = MoveEqualPairs(x, level->n_items, up, &n_up);

	if (rest >= SketchCompacts(parts->rank_error, h))
	{
		bool		low = level->n_low <= level->n_high;
		int64		even = rest - rest % 2;

		for (int64 i = low ? 0 : 1; i < even; i += 2)
			up[n_up++] = x[i];
		if (low)
			level->n_low++;
		else
			level->n_high++;
		x[0] = x[rest - 1];
		rest -= even;
	}
	level->n_items = rest;

	if (h + 1 == parts->n_levels)
		AddLevel(parts);
	AppendItems(parts, h + 1, up, n_up);
	pfree(up);
}

/* Compacts full levels until there is none. */
static void
CompactFullLevels(SketchParts *parts)
{
	for (int h = 0; h < parts->n_levels; h++)
		if (parts->level[h].n_items >= SketchLimit(parts->rank_error, h))
			CompactLevel(parts, h);
}

/* --- Add and combine ------------------------------------------------------ */

QuantileSketch *
SketchMake(int classes, double rank_error, double x)
{
	SketchParts parts;
	QuantileSketch *sketch;

	memset(&parts, 0, sizeof(parts));
	parts.classes = classes;
	parts.rank_error = rank_error;
	parts.lowest = parts.highest = x;
	AddLevel(&parts);
	sketch = MakeSketch(&parts, FIRST_ITEMS);
	WriteParts(&parts, sketch);
	return SketchAdd(sketch, x);
}

/* Room for at least one more item of level 0. */
static QuantileSketch *
MakeRoom(QuantileSketch *sketch)
{
	int64		room = SketchLimit(sketch->rank_error, 0) - sketch->level[0].n_items;
	SketchParts parts;
	QuantileSketch *larger;

	TakeApart(sketch, &parts);
	if (room <= 0)
	{
		CompactFullLevels(&parts);
		return PutTogether(&parts, sketch);
	}

	/* level 0 doubles until it has its full size */
	room = Min(room, Max(parts.level[0].n_items, FIRST_ITEMS));
	larger = MakeSketch(&parts, sketch->n_items + room);
	WriteParts(&parts, larger);
	return larger;
}

QuantileSketch *
SketchAdd(QuantileSketch *sketch, double x)
{
	int64		total = AddRows(sketch->total, 1, "quantile_sketch");

	if (sketch->n_items >= sketch->n_full)
		sketch = MakeRoom(sketch);
	Items(sketch)[sketch->n_items++] = x;
	sketch->level[0].n_items++;
	sketch->total = total;
	if (x < sketch->lowest)
		sketch->lowest = x;
	if (x > sketch->highest)
		sketch->highest = x;
	return sketch;
}

/*
 * A small sketch is added item by item, so that many of them are combined in
 * time proportional to their rows.
 */
QuantileSketch *
SketchCombine(QuantileSketch *sketch, const QuantileSketch *other)
{
	SketchParts parts;
	SketchParts theirs;

	TakeApart(other, &theirs);
	if (theirs.n_levels == 1)
	{
		for (int64 i = 0; i < theirs.level[0].n_items; i++)
		{
			sketch = SketchAdd(sketch, theirs.items[0][i]);
			POLL_EVERY(i);
		}
		return sketch;
	}

	TakeApart(sketch, &parts);
	parts.total = AddRows(parts.total, theirs.total, "quantile_sketch");
	parts.lowest = Min(parts.lowest, theirs.lowest);
	parts.highest = Max(parts.highest, theirs.highest);
	for (int h = 0; h < theirs.n_levels; h++)
	{
		if (h == parts.n_levels)
			AddLevel(&parts);
		AppendItems(&parts, h, theirs.items[h], theirs.level[h].n_items);
		parts.level[h].n_low += theirs.level[h].n_low;
		parts.level[h].n_high += theirs.level[h].n_high;
	}
	CompactFullLevels(&parts);
	return PutTogether(&parts, sketch);
}

/* --- Ranks ---------------------------------------------------------------- */

/* How far ranks may be too high and too low. */
static void
Account(const QuantileSketch *sketch, int64 *up, int64 *down)
{
	*up = *down = 0;
	for (int h = 0; h < sketch->n_levels; h++)
	{
		/* no overflow: together they are no more than the rows */
		*up += sketch->level[h].n_low << h;
		*down += sketch->level[h].n_high << h;
	}
}

int64
SketchRankError(const QuantileSketch *sketch)
{
	int64		up;
	int64		down;

	Account(sketch, &up, &down);
	return (up + down + 1) / 2;
}

/*
 * The lowest item that is left, with its weight; 0 when there is none.  The
 * levels are few, so they are just all looked at.
 */
static int64
NextItem(const SketchParts *parts, int64 *next, double *x)
{
	int			from = -1;

	for (int h = 0; h < parts->n_levels; h++)
		if (next[h] < parts->level[h].n_items &&
			(from < 0 || parts->items[h][next[h]] < *x))
		{
			from = h;
			*x = parts->items[h][next[h]];
		}
	if (from < 0)
		return 0;
	next[from]++;
	return INT64CONST(1) << from;
}

/*
 * Break j is the first value x whose rank, in the middle of what the account
 * leaves open, is not below ceil(j n / classes): the exact minimum, an item, or
 * behind the last item the exact maximum.
 */
int
SketchBreaks(const QuantileSketch *sketch, int classes, double *breaks)
{
	SketchParts parts;
	int64		next[MAX_SKETCH_LEVELS] = {0};
	int64		up;
	int64		down;
	int64		rows = 0;		/* weight of the items up to x */
	int64		steps = 0;
	double		x = sketch->lowest;
	int			n_breaks = 0;

	Assert(classes >= 1 && classes <= MAX_BREAK_CLASSES);

	Account(sketch, &up, &down);
	SketchSortedParts(sketch, &parts);
	for (int j = 1; j < classes; j++)
	{
		int64		rank = QuantileRank(parts.total, j, classes);

		while (2 * ((int128) rows - rank) + down - up < 0)
		{
			int64		weight = NextItem(&parts, next, &x);

			if (weight == 0)
			{
				x = parts.highest;
				break;
			}
			rows += weight;
			steps++;
			POLL_EVERY(steps);
		}
		if (x >= parts.highest)
			break;
		if (n_breaks == 0 || breaks[n_breaks - 1] != x)
			breaks[n_breaks++] = x;
	}

	for (int h = 0; h < parts.n_levels; h++)
		pfree(parts.items[h]);
	return n_breaks;
}
