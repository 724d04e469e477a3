/*
 * priority_rank.c
 *		priority_rank() and priority_score() OVER (): who comes first.
 *
 * The first row of a partition reads the arguments of all its rows and ranks
 * them in one sort; the ranks, or the scores, stay in the partition's memory and
 * each row takes its own.  Frame and ORDER BY of the window do not matter.
 *
 * Criteria come as an array, or as three measures value, potential and need, in
 * float8 or numeric.  The table that the core works on has the boost in front of
 * the criteria: without weights rows are ordered by it first.
 *
 * Memory: while a partition is ranked, 8 bytes for each criterion, boost
 * included, 16 to 40 a row, and the keys where they are given; then 4 bytes a
 * row for ranks, 8 for scores.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "common/numeric_argument.h"
#include "common/row_options.h"
#include "common/window_args.h"
#include "common/window_keys.h"
#include "fmgr.h"
#include "scoring/component_args.h"
#include "tiering/priority.h"
#include "utils/memutils.h"
#include "windowapi.h"

PG_FUNCTION_INFO_V1(custseg_priority_rank);
PG_FUNCTION_INFO_V1(custseg_priority_rank_measures);
PG_FUNCTION_INFO_V1(custseg_priority_rank_numeric);
PG_FUNCTION_INFO_V1(custseg_priority_score);
PG_FUNCTION_INFO_V1(custseg_priority_score_measures);
PG_FUNCTION_INFO_V1(custseg_priority_score_numeric);

#define N_MEASURES 3

static const char *const measure_names[N_MEASURES] = {"value", "potential", "need"};

/* Which form of the function was called. */
typedef struct PriorityForm
{
	const char *function;
	double		(*measure) (Datum argument);	/* NULL: argument 0 is an array */
	int			arg_weights;	/* the boost is the next argument */
	int			arg_key;		/* -1: none */
} PriorityForm;

static double
ReadFloat8(Datum argument)
{
	return DatumGetFloat8(argument);
}

static const PriorityForm rank_array = {"priority_rank", NULL, 1, 3};
static const PriorityForm rank_float8 = {"priority_rank", ReadFloat8, 3, 5};
static const PriorityForm rank_numeric = {"priority_rank", NumericArgumentToFloat8, 3, 5};
static const PriorityForm score_array = {"priority_score", NULL, 1, -1};
static const PriorityForm score_float8 = {"priority_score", ReadFloat8, 3, -1};
static const PriorityForm score_numeric = {"priority_score", NumericArgumentToFloat8, 3, -1};

/* Local memory of a partition; all zero before its first row. */
typedef struct PartitionPriority
{
	bool		done;
	int32	   *ranks;
	double	   *scores;
	struct varlena *weights;	/* the argument of the first row; NULL: null */
} PartitionPriority;

/* The rows of a partition. */
typedef struct PriorityRows
{
	int32		n;
	int			n_criteria;
	double	   *data;			/* for each row the boost and the criteria */
	WindowKeys	keys;
} PriorityRows;

/* --- Reading the partition ------------------------------------------------------- */

/* One of the named numbers of a row, NaN where it is NULL. Turns -0 into 0. */
static double
ReadNumber(WindowObject window, int arg, int64 row, double (*read) (Datum argument),
		   const char *name)
{
	bool		is_null;
	Datum		datum = PartitionArgument(window, arg, row, &is_null);
	double		x = is_null ? NAN : read(datum);

	if (!is_null && isnan(x))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a number, not NaN", name),
				 errhint("Turn it into null with nullif(%s, 'NaN').", name)));
	return x == 0 ? 0 : x;
}

/*
 * Sets the number of criteria: that of the first array that is not NULL, or 0
 * when all are NULL.
 */
static void
CountCriteria(WindowObject window, const PriorityForm *form, MemoryContext scratch,
			  PriorityRows *rows)
{
	double		values[MAX_COMPONENTS];
	bool		has_null;

	rows->n_criteria = form->measure != NULL ? N_MEASURES : 0;
	for (int64 i = 0; i < rows->n && rows->n_criteria == 0; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);
		bool		is_null;
		Datum		criteria = PartitionArgument(window, 0, i, &is_null);

		if (!is_null)
			rows->n_criteria = ReadComponents(criteria, "criteria", true, values, &has_null);
		MemoryContextSwitchTo(old);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
}

/* The criteria of a row into x. */
static void
ReadCriteria(WindowObject window, const PriorityForm *form, int64 row, int n_criteria,
			 double *x)
{
	double		values[MAX_COMPONENTS];
	bool		is_null;
	bool		has_null;
	Datum		criteria;
	int			n;

	if (form->measure != NULL)
	{
		for (int j = 0; j < N_MEASURES; j++)
			x[j] = ReadNumber(window, j, row, form->measure, measure_names[j]);
		return;
	}
	criteria = PartitionArgument(window, 0, row, &is_null);
	if (is_null)
	{
		for (int j = 0; j < n_criteria; j++)
			x[j] = NAN;
		return;
	}
	n = ReadComponents(criteria, "criteria", true, values, &has_null);
	if (n != n_criteria)
		ComponentsChanged("criteria", n_criteria, n);
	memcpy(x, values, n * sizeof(double));
}

static void
ReadPartition(FunctionCallInfo fcinfo, WindowObject window, const PriorityForm *form,
			  PriorityRows *rows)
{
	MemoryContext own = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(own, "priority rows", ALLOCSET_DEFAULT_SIZES);
	int			n_columns;

	memset(rows, 0, sizeof(*rows));
	rows->n = PartitionRows(window, form->function);
	CountCriteria(window, form, scratch, rows);
	n_columns = rows->n_criteria + 1;
	WindowKeysInit(&rows->keys, fcinfo, form->arg_key, rows->n);
	rows->data = palloc_extended((Size) rows->n * n_columns * sizeof(double), MCXT_ALLOC_HUGE);

	for (int64 i = 0; i < rows->n; i++)
	{
		double	   *x = rows->data + i * n_columns;

		MemoryContextSwitchTo(scratch);
		x[0] = ReadNumber(window, form->arg_weights + 1, i, ReadFloat8, "boost");
		if (isnan(x[0]))
			x[0] = 0;
		ReadCriteria(window, form, i, rows->n_criteria, x + 1);
		MemoryContextSwitchTo(own);
		if (form->arg_key >= 0)
			WindowKeysRead(&rows->keys, window, i, scratch);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	MemoryContextDelete(scratch);
}

/* --- Ranking it ------------------------------------------------------------------- */

/* weights is NULL for the order of the criteria. */
static void
RankPartition(FunctionCallInfo fcinfo, WindowObject window, const PriorityForm *form,
			  Datum weights_arg, bool no_weights, PartitionPriority *fit)
{
	/* that of the partition, whose memory our local memory is */
	MemoryContext partition = GetMemoryChunkContext(fit);
	MemoryContext old;
	PriorityRows rows;
	double	   *scores = NULL;

	ReadPartition(fcinfo, window, form, &rows);
	old = MemoryContextSwitchTo(partition);
	if (!no_weights)
	{
		double		weights[MAX_COMPONENTS];

		fit->weights = PG_DETOAST_DATUM_COPY(weights_arg);
		if (rows.n_criteria > 0)
			ReadWeights(weights_arg, rows.n_criteria, "criteria", weights);
		scores = palloc_extended((Size) rows.n * sizeof(double), MCXT_ALLOC_HUGE);
		WeightedPriorities(rows.data, rows.n, rows.n_criteria, weights, scores);
	}
	if (form->arg_key < 0)
		fit->scores = scores;
	else
	{
		fit->ranks = palloc_extended((Size) rows.n * sizeof(int32), MCXT_ALLOC_HUGE);
		PriorityRanks(scores != NULL ? scores : rows.data, rows.n,
					  scores != NULL ? 1 : rows.n_criteria + 1,
					  WindowKeysGiven(&rows.keys) ? WindowKeysCompare : NULL, &rows.keys, fit->ranks);
		if (scores != NULL)
			pfree(scores);
	}
	MemoryContextSwitchTo(old);

	WindowKeysFree(&rows.keys);
	pfree(rows.data);
	fit->done = true;
}

static PartitionPriority *
RankedPartition(FunctionCallInfo fcinfo, WindowObject window, const PriorityForm *form)
{
	PartitionPriority *fit = WinGetPartitionLocalMemory(window, sizeof(PartitionPriority));
	bool		no_weights;
	Datum		weights = WinGetFuncArgCurrent(window, form->arg_weights, &no_weights);

	if (no_weights && form->arg_key < 0)
		WeightsMissing();
	if (!fit->done)
		RankPartition(fcinfo, window, form, weights, no_weights, fit);
	if (no_weights ? fit->weights != NULL :
		fit->weights == NULL || !SameVarlena(fit->weights, weights))
		OptionChanged("weights");
	return fit;
}

static Datum
PriorityRank(FunctionCallInfo fcinfo, const PriorityForm *form)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionPriority *fit = RankedPartition(fcinfo, window, form);

	PG_RETURN_INT64(fit->ranks[WinGetCurrentPosition(window)]);
}

static Datum
PriorityScore(FunctionCallInfo fcinfo, const PriorityForm *form)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionPriority *fit = RankedPartition(fcinfo, window, form);
	double		score = fit->scores[WinGetCurrentPosition(window)];

	if (isnan(score))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(score);
}

/* Arguments: criteria, weights, boost, key. */
Datum
custseg_priority_rank(PG_FUNCTION_ARGS)
{
	return PriorityRank(fcinfo, &rank_array);
}

/* Arguments: value, potential, need, weights, boost, key. */
Datum
custseg_priority_rank_measures(PG_FUNCTION_ARGS)
{
	return PriorityRank(fcinfo, &rank_float8);
}

Datum
custseg_priority_rank_numeric(PG_FUNCTION_ARGS)
{
	return PriorityRank(fcinfo, &rank_numeric);
}

/* Arguments: criteria, weights, boost. */
Datum
custseg_priority_score(PG_FUNCTION_ARGS)
{
	return PriorityScore(fcinfo, &score_array);
}

/* Arguments: value, potential, need, weights, boost. */
Datum
custseg_priority_score_measures(PG_FUNCTION_ARGS)
{
	return PriorityScore(fcinfo, &score_float8);
}

Datum
custseg_priority_score_numeric(PG_FUNCTION_ARGS)
{
	return PriorityScore(fcinfo, &score_numeric);
}
