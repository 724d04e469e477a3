/*
 * value_counts.c
 *		The state of the breaks aggregates: distinct values with their counts.
 *
 * Exact quantiles need all values, but not all rows: a column with few
 * distinct values gives a small state however many rows are read.  New values
 * go to a tail.
 *
 * At first there is nothing else, or nearly nothing.  When the state is full, and about two
 * thirds of its values or more are distinct, runs would not be smaller than
 * twice the tail: the state is doubled, and nothing is sorted before the end.
 * Otherwise the tail is sorted and becomes runs.
 *
 * From then on, when the state is full, the tail is sorted and merged into the
 * runs; the state grows only if it is then still more than two thirds full, to
 * half again what the runs need.  So a merge is paid for by at least a third
 * of the state's slots in new values, and the time per value is constant up to
 * the sort.  With all values distinct the state takes up to 24 bytes a value.
 *
 * Memory: a state is one palloc'd chunk.  A larger one is made in the current
 * memory context; in an aggregate that is the per-tuple context, from which
 * the executor copies the state to its own and frees the old one.  Scratch
 * arrays are freed before return.
 */
#include "scoring/value_counts.h"

#include "common/add_rows.h"
#include "common/binary.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

/*
 * A column with few distinct values over many rows gets a longer tail than its
 * runs need, because sorting pays off for long ones: a slot for 4 rows, up to
 * this number.
 */
#define LONG_TAIL_SLOTS 4096

/* With fewer values than this, a sample of them says too little. */
#define SAMPLED_MINIMUM 8192

/* One value in so many is in the sample. */
#define SAMPLE_BITS 6

/* Small states are made in the sizes in which memory is handed out anyway. */
#define ROUNDED_BYTES 8192

#define MAX_SLOTS \
	((int64) ((MaxAllocSize - offsetof(ValueCounts, data)) / sizeof(double)))

static inline int64
Slots(const ValueCounts *state)
{
	return (VARSIZE(state) - offsetof(ValueCounts, data)) / sizeof(double);
}

static inline int64
SlotsUsed(const ValueCounts *state)
{
	return 2 * (int64) state->n_runs + state->n_tail;
}

static inline double *
Tail(const ValueCounts *state)
{
	return (double *) state->data + 2 * (int64) state->n_runs;
}

static inline ValueRuns
OwnRuns(const ValueCounts *state)
{
	ValueRuns	runs;

	runs.value = ValueCountsValues(state);
	runs.count = ValueCountsCounts(state);
	runs.n_runs = state->n_runs;
	runs.total = state->total - state->n_tail;
	return runs;
}

static void
CheckRunLimit(int64 n_runs)
{
	if (n_runs > MAX_VALUE_COUNTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values for exact breaks"),
				 errdetail("The limit is %d distinct values.", MAX_VALUE_COUNTS),
				 errhint("Round the values, or fit the breaks on a sample.")));
}

static ValueCounts *
MakeState(int classes, Size bytes)
{
	/* Zeroed: the slack may reach a disk or another process. */
	ValueCounts *state = palloc0(bytes);

	SET_VARSIZE(state, bytes);
	state->version = VALUE_COUNTS_VERSION;
	state->classes = classes;
	return state;
}

ValueCounts *
ValueCountsMake(int classes, int64 slots)
{
	Size		bytes = SizeOfValueCounts(Min(slots, MAX_SLOTS));

	if (bytes < ROUNDED_BYTES)
		bytes = pg_nextpower2_32((uint32) bytes);
	return MakeState(classes, bytes);
}

ValueCounts *
ValueCountsMakeRuns(int classes, int64 n_runs)
{
	ValueCounts *state;

	CheckRunLimit(n_runs);
	state = MakeState(classes, SizeOfValueCounts(2 * n_runs));
	state->n_runs = n_runs;
	return state;
}

void
ValueCountsCheck(const ValueCounts *state)
{
	Size		bytes = VARSIZE(state);

	if (bytes > offsetof(ValueCounts, version))
		CheckStoredVersion("value_counts", state->version, VALUE_COUNTS_VERSION);
	if (bytes < offsetof(ValueCounts, data) ||
		state->n_runs < 0 || state->n_runs > MAX_VALUE_COUNTS ||
		state->n_tail < 0 || state->total < state->n_tail ||
		state->classes < 1 || state->classes > MAX_BREAK_CLASSES ||
		SlotsUsed(state) > Slots(state))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("value_counts is corrupted")));
}

/* Sorted runs of the tail, in new memory; the tail itself is not changed. */
static ValueRuns
TailRuns(const ValueCounts *state)
{
	Size		bytes = (Size) (state->n_tail + 1) * sizeof(double);
	double	   *sorted = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	ValueRuns	runs;

	memcpy(sorted, Tail(state), (Size) state->n_tail * sizeof(double));
	SortFloats(sorted, state->n_tail);
	runs = RunsOfSorted(sorted, state->n_tail);
	pfree(sorted);
	return runs;
}

static void
FreeRuns(ValueRuns runs)
{
	pfree(runs.value);
	pfree(runs.count);
}

/* Distinct values in two lists of runs. */
static int64
CountMerged(const ValueRuns *a, const ValueRuns *b)
{
	int64		i = 0;
	int64		j = 0;
	int64		n = 0;

	while (i < a->n_runs && j < b->n_runs)
	{
		double		x = a->value[i];
		double		y = b->value[j];

		i += (x <= y);
		j += (y <= x);
		n++;
		POLL_EVERY(n);
	}
	return n + (a->n_runs - i) + (b->n_runs - j);
}

/* Merges two lists of runs into arrays that share no memory with them. */
static void
MergeInto(const ValueRuns *a, const ValueRuns *b, double *value, int64 *count)
{
	int64		i = 0;
	int64		j = 0;
	int64		n = 0;

	while (i < a->n_runs && j < b->n_runs)
	{
		double		x = a->value[i];
		double		y = b->value[j];
		int64		take_x = (x <= y);
		int64		take_y = (y <= x);

		/* without branches, for which neither side would be predictable */
		value[n] = take_x ? x : y;
		count[n] = (a->count[i] & -take_x) + (b->count[j] & -take_y);
		i += take_x;
		j += take_y;
		n++;
		POLL_EVERY(n);
	}

	/* memcpy wants no null pointers, hence the tests */
	if (i < a->n_runs)
	{
		memcpy(value + n, a->value + i, (a->n_runs - i) * sizeof(double));
		memcpy(count + n, a->count + i, (a->n_runs - i) * sizeof(int64));
	}
	if (j < b->n_runs)
	{
		memcpy(value + n, b->value + j, (b->n_runs - j) * sizeof(double));
		memcpy(count + n, b->count + j, (b->n_runs - j) * sizeof(int64));
	}
}

/*
 * The state's content becomes the merge of two lists of runs: in place if it
 * leaves a third of the slots free, otherwise in a larger state.  The lists
 * may lie in the state itself.
 */
static ValueCounts *
StoreMerged(ValueCounts *state, const ValueRuns *a, const ValueRuns *b)
{
	int64		n_runs = CountMerged(a, b);
	int64		total = AddRows(a->total, b->total, "value_counts");
	int64		wanted = Max(3 * n_runs, Min(total / 4, LONG_TAIL_SLOTS));

	CheckRunLimit(n_runs);

	if (wanted <= Slots(state))
	{
		Size		bytes = (Size) (2 * n_runs + 1) * sizeof(double);
		double	   *scratch = palloc_extended(bytes, MCXT_ALLOC_HUGE);

		MergeInto(a, b, scratch, (int64 *) (scratch + n_runs));
		memcpy(state->data, scratch, (Size) (2 * n_runs) * sizeof(double));
		pfree(scratch);
	}
	else
	{
		state = ValueCountsMake(state->classes, wanted);
		MergeInto(a, b, state->data, (int64 *) (state->data + n_runs));
	}
	state->n_runs = n_runs;
	state->n_tail = 0;
	state->total = total;
	return state;
}

/*
 * Whether two thirds of the tail's values or more seem to be distinct.  Looks
 * at all values or, if there are many, at those whose hash has some bits 0: so
 * all copies of a value are in the sample, or none.
 */
static bool
TailIsDistinct(const ValueCounts *state)
{
	const double *tail = Tail(state);
	bool		all = state->n_tail < SAMPLED_MINIMUM;
	uint64		mask = all ? 0 : ~UINT64CONST(0) << (64 - SAMPLE_BITS);
	int64		most = all ? state->n_tail : 2 * (state->n_tail >> SAMPLE_BITS);
	double	   *sample = palloc((most + 1) * sizeof(double));
	int64		n = 0;
	int64		distinct = 0;

	/* a value that comes often can fill the sample before the end */
	for (int64 i = 0; i < state->n_tail && n < most; i++)
	{
		uint64		bits;

		memcpy(&bits, &tail[i], sizeof(bits));
		bits = (bits ^ (bits >> 32)) + 1;	/* 0 comes often */
		sample[n] = tail[i];
		n += ((bits * UINT64CONST(0x9E3779B97F4A7C15)) & mask) == 0;
		POLL_EVERY(i);
	}
	SortFloats(sample, n);
	for (int64 i = 0; i < n; i++)
		distinct += i == 0 || sample[i] != sample[i - 1];
	pfree(sample);
	return 3 * distinct >= 2 * n;
}

/* A copy with twice the slots. */
static ValueCounts *
Doubled(const ValueCounts *state)
{
	ValueCounts *result = ValueCountsMake(state->classes, 2 * Slots(state));

	result->n_runs = state->n_runs;
	result->n_tail = state->n_tail;
	result->total = state->total;
	memcpy(result->data, state->data, (Size) SlotsUsed(state) * sizeof(double));
	return result;
}

/* A full state: makes room for new values. */
static pg_noinline ValueCounts *
MakeRoom(ValueCounts *state)
{
	ValueRuns	own = OwnRuns(state);
	ValueRuns	tail;

	/* the few runs that may be there before the first value */
	if (own.total <= state->n_tail / 8 && 2 * Slots(state) <= MAX_VALUE_COUNTS &&
		TailIsDistinct(state))
		return Doubled(state);

	tail = TailRuns(state);
	state = StoreMerged(state, &own, &tail);
	FreeRuns(tail);
	return state;
}

ValueCounts *
ValueCountsAdd(ValueCounts *state, double x)
{
	int64		total = AddRows(state->total, 1, "value_counts");

	if (unlikely(SlotsUsed(state) >= Slots(state)))
		state = MakeRoom(state);
	Tail(state)[state->n_tail++] = x;
	state->total = total;
	return state;
}

/*
 * Few rows are appended to the tail, so that many small states are combined
 * into a large one in time proportional to their rows; many rows are merged.
 */
ValueCounts *
ValueCountsCombine(ValueCounts *state, const ValueCounts *other)
{
	ValueRuns	theirs = ValueCountsRuns(other);

	if (theirs.total <= Slots(state) - SlotsUsed(state))
	{
		double	   *tail = Tail(state) + state->n_tail;

		for (int64 i = 0; i < theirs.n_runs; i++)
			for (int64 j = 0; j < theirs.count[i]; j++)
				*tail++ = theirs.value[i];
		state->n_tail += theirs.total;
		state->total = AddRows(state->total, theirs.total, "value_counts");
	}
	else
	{
		ValueRuns	ours = ValueCountsRuns(state);

		state = StoreMerged(state, &ours, &theirs);
	}
	return state;
}

ValueRuns
ValueCountsRuns(const ValueCounts *state)
{
	ValueRuns	own = OwnRuns(state);
	ValueRuns	tail;
	ValueRuns	all;

	if (state->n_tail == 0)
		return own;

	tail = TailRuns(state);
	if (own.n_runs == 0)
		return tail;

	all.n_runs = CountMerged(&own, &tail);
	all.total = state->total;
	all.value = palloc_extended(all.n_runs * sizeof(double), MCXT_ALLOC_HUGE);
	all.count = palloc_extended(all.n_runs * sizeof(int64), MCXT_ALLOC_HUGE);
	MergeInto(&own, &tail, all.value, all.count);
	FreeRuns(tail);
	return all;
}

const ValueCounts *
ValueCountsCanonical(const ValueCounts *state)
{
	ValueRuns	runs;
	ValueCounts *result;

	if (state->n_tail == 0 && SlotsUsed(state) == Slots(state))
		return state;

	runs = ValueCountsRuns(state);
	result = ValueCountsMakeRuns(state->classes, runs.n_runs);
	result->total = runs.total;
	memcpy(ValueCountsValues(result), runs.value, runs.n_runs * sizeof(double));
	memcpy(ValueCountsCounts(result), runs.count, runs.n_runs * sizeof(int64));
	return result;
}
