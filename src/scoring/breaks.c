/*
 * breaks.c
 *		SQL side of the breaks: the fitting aggregates and score().
 *
 * quantile_breaks and balanced_breaks share one state, value_counts, and
 * differ in the final function alone, so PostgreSQL keeps one state when a
 * query asks for both on the same column.
 *
 * The state is changed in place only when an aggregate calls; then it lives in
 * the executor's memory.  A direct call from SQL works on a copy.  The final
 * functions do not touch the state: other aggregates, or the next row of a
 * window, may still need it.
 *
 * score() keeps its last array of breaks, checked and unpacked, in fn_extra.
 * The next call compares the bytes of its argument with it; the pointer alone
 * says nothing, since the executor may reuse the memory for another row.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "scoring/breaks_sql.h"
#include "scoring/value_counts.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(custseg_value_counts_accum);
PG_FUNCTION_INFO_V1(custseg_value_counts_combine);
PG_FUNCTION_INFO_V1(custseg_value_counts_final);
PG_FUNCTION_INFO_V1(custseg_quantile_breaks_final);
PG_FUNCTION_INFO_V1(custseg_balanced_breaks_final);
PG_FUNCTION_INFO_V1(custseg_score);

/* The last breaks of a call site of score(). */
typedef struct ScoreCache
{
	Size		raw_size;		/* 0: nothing kept */
	Size		raw_allocated;
	char	   *raw;			/* the argument's bytes as they came */
	int			n_breaks;
	int			n_allocated;
	double	   *breaks;
} ScoreCache;

int
CheckedClasses(int classes)
{
	if (classes < 1 || classes > MAX_BREAK_CLASSES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("classes must be between 1 and %d, not %d",
						MAX_BREAK_CLASSES, classes),
				 errhint("5 classes are usual for RFM, 10 give deciles, 100 give percentiles.")));
	return classes;
}

void
ClassesMissing(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("classes must not be null"),
			 errhint("Pass the number of classes, for example 5.")));
}

void
ClassesChanged(int before, int now)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("classes must not change from row to row: %d after %d",
					now, before),
			 errhint("Pass a constant, or a value that is the same for all rows of the group.")));
}

double
CheckedMeasure(double x)
{
	if (isnan(x))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must not be NaN"),
				 errhint("NaN has no place in an order. Turn it into null with nullif(x, 'NaN').")));

	/* -0 becomes 0 */
	return x == 0 ? 0 : x;
}

static ValueCounts *
GetState(FunctionCallInfo fcinfo, int argno)
{
	ValueCounts *state = (ValueCounts *) PG_GETARG_VARLENA_P(argno);

	ValueCountsCheck(state);
	return state;
}

/*
 * The state in argument 0, for changing it.
 */
static ValueCounts *
GetOwnState(FunctionCallInfo fcinfo)
{
	ValueCounts *state = GetState(fcinfo, 0);
	ValueCounts *copy;

	if (AggCheckCallContext(fcinfo, NULL))
		return state;

	copy = palloc(VARSIZE(state));
	memcpy(copy, state, VARSIZE(state));
	return copy;
}

Datum
custseg_value_counts_accum(PG_FUNCTION_ARGS)
{
	ValueCounts *state = PG_ARGISNULL(0) ? NULL : GetOwnState(fcinfo);
	int			classes;
	double		x;

	if (PG_ARGISNULL(2))
		ClassesMissing();
	classes = PG_GETARG_INT32(2);
	if (state == NULL)
		CheckedClasses(classes);
	else if (classes != state->classes)
		ClassesChanged(state->classes, classes);

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}

	x = CheckedMeasure(PG_GETARG_FLOAT8(1));
	if (state == NULL)
		state = ValueCountsMake(classes, 0);
	PG_RETURN_POINTER(ValueCountsAdd(state, x));
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_value_counts_combine(PG_FUNCTION_ARGS)
{
	ValueCounts *state = GetOwnState(fcinfo);
	ValueCounts *other = GetState(fcinfo, 1);

	if (state->classes != other->classes)
		ClassesChanged(state->classes, other->classes);
	PG_RETURN_POINTER(ValueCountsCombine(state, other));
}

Datum
custseg_value_counts_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ValueCountsCanonical(GetState(fcinfo, 0)));
}

static Datum
FinalBreaks(FunctionCallInfo fcinfo,
			int (*fit) (const ValueRuns *runs, int classes, double *breaks))
{
	ValueCounts *state = GetState(fcinfo, 0);
	ValueRuns	runs = ValueCountsRuns(state);
	double		breaks[MAX_BREAK_CLASSES];
	Datum		elements[MAX_BREAK_CLASSES];
	int			n_breaks;

	if (runs.n_runs == 0)
		PG_RETURN_NULL();

	n_breaks = fit(&runs, state->classes, breaks);
	for (int i = 0; i < n_breaks; i++)
		elements[i] = Float8GetDatum(breaks[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, n_breaks, FLOAT8OID,
										  sizeof(float8), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}

Datum
custseg_quantile_breaks_final(PG_FUNCTION_ARGS)
{
	return FinalBreaks(fcinfo, QuantileBreaks);
}

Datum
custseg_balanced_breaks_final(PG_FUNCTION_ARGS)
{
	return FinalBreaks(fcinfo, BalancedBreaks);
}

/*
 * The elements of an array of breaks, which stays owner of them.
 */
static const double *
CheckedBreaks(ArrayType *array, int *n_breaks)
{
	const double *breaks = (const double *) ARR_DATA_PTR(array);

	*n_breaks = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks must be a one-dimensional array, not one of %d dimensions",
						ARR_NDIM(array)),
				 errhint("Write the cut points as one list, for example ARRAY[30,90,180].")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks must not contain null"),
				 errhint("Remove it with array_remove(breaks, NULL).")));

	for (int i = 0; i < *n_breaks; i++)
	{
		if (isnan(breaks[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("breaks must not contain NaN"),
					 errhint("Element %d is NaN.", i + 1)));
		if (i > 0 && breaks[i - 1] >= breaks[i])
		{
			char	   *before = double_to_shortest_decimal(breaks[i - 1]);
			char	   *after = double_to_shortest_decimal(breaks[i]);

			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("breaks must be strictly ascending"),
					 errhint("Element %d is %s, but element %d is %s.",
							 i, before, i + 1, after)));
		}
		POLL_EVERY(i);
	}
	return breaks;
}

/* Keeps the breaks in the cache; raw is what the caller was given. */
static void
FillScoreCache(ScoreCache *cache, MemoryContext context, struct varlena *raw)
{
	Size		raw_size = VARSIZE_ANY(raw);
	ArrayType  *array = DatumGetArrayTypeP(PointerGetDatum(raw));
	int			n_breaks;
	const double *breaks = CheckedBreaks(array, &n_breaks);

	cache->raw_size = 0;
	if (raw_size > cache->raw_allocated)
	{
		if (cache->raw)
			pfree(cache->raw);
		cache->raw = NULL;
		cache->raw_allocated = 0;
		cache->raw = MemoryContextAlloc(context, raw_size);
		cache->raw_allocated = raw_size;
	}
	if (n_breaks > cache->n_allocated)
	{
		if (cache->breaks)
			pfree(cache->breaks);
		cache->breaks = NULL;
		cache->n_allocated = 0;
		cache->breaks = MemoryContextAlloc(context, n_breaks * sizeof(double));
		cache->n_allocated = n_breaks;
	}
	if (n_breaks > 0)
		memcpy(cache->breaks, breaks, n_breaks * sizeof(double));
	cache->n_breaks = n_breaks;

	/*
	 * The bytes of a toast pointer say where the value was, not what it is:
	 * such an array is read again in each call.
	 */
	if (!VARATT_IS_EXTERNAL(raw))
	{
		memcpy(cache->raw, raw, raw_size);
		cache->raw_size = raw_size;
	}
	if ((struct varlena *) array != raw)
		pfree(array);
}

Datum
custseg_score(PG_FUNCTION_ARGS)
{
	double		x = PG_GETARG_FLOAT8(0);
	struct varlena *raw = (struct varlena *) PG_GETARG_POINTER(1);
	ScoreCache *cache = (ScoreCache *) fcinfo->flinfo->fn_extra;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									   sizeof(ScoreCache));
		fcinfo->flinfo->fn_extra = cache;
	}
	if (cache->raw_size == 0 || cache->raw_size != VARSIZE_ANY(raw) ||
		memcmp(cache->raw, raw, cache->raw_size) != 0)
		FillScoreCache(cache, fcinfo->flinfo->fn_mcxt, raw);

	PG_RETURN_INT32(ScoreOf(CheckedMeasure(x), cache->breaks, cache->n_breaks,
							PG_GETARG_BOOL(2)));
}
