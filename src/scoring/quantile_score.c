/*
 * quantile_score.c
 *		quantile_score() OVER (): fits quantile breaks and applies them.
 *
 * The first row of a partition reads the measure of all its rows, fits the
 * breaks and keeps them in the partition's local memory; then each row is
 * scored by itself.  The result is that of score() with quantile_breaks().
 * Frame and ORDER BY of the window do not matter.
 *
 * The values are held in 8 bytes a row (16 while they are sorted), in the
 * per-tuple context, and freed after the fit.
 */
#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "scoring/breaks.h"
#include "scoring/breaks_sql.h"
#include "windowapi.h"

PG_FUNCTION_INFO_V1(custseg_quantile_score);
PG_FUNCTION_INFO_V1(custseg_quantile_score_numeric);

#define ARG_X 0
#define ARG_CLASSES 1
#define ARG_DESCENDING 2

/* Local memory of a partition; all zero before its first row. */
typedef struct PartitionFit
{
	int			classes;		/* 0: not fitted yet */
	int			n_breaks;
	double		breaks[FLEXIBLE_ARRAY_MEMBER];
} PartitionFit;

/* The values of the partition that are not NULL, in a new array. */
static inline double *
ReadPartition(WindowObject window, MeasureReader measure, int64 *n)
{
	int64		rows = WinGetPartitionRowCount(window);
	double	   *x;

	/* the position in a partition is an int */
	if (rows > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in a partition for quantile_score: " INT64_FORMAT,
						rows),
				 errhint("Fit with the aggregate quantile_breaks and apply score.")));

	x = palloc_extended((rows + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	*n = 0;
	for (int64 i = 0; i < rows; i++)
	{
		bool		is_null;
		bool		is_out;
		Datum		value = WinGetFuncArgInPartition(window, ARG_X, (int) i,
													 WINDOW_SEEK_HEAD, false,
													 &is_null, &is_out);

		if (!is_null)
			x[(*n)++] = measure(value);
		POLL_EVERY(i);
	}
	return x;
}

static inline void
FitPartition(WindowObject window, MeasureReader measure,
			 PartitionFit *fit, int classes)
{
	int64		n;
	double	   *x = ReadPartition(window, measure, &n);
	ValueRuns	runs;

	SortFloats(x, n);
	runs = RunsOfSorted(x, n);
	fit->n_breaks = QuantileBreaks(&runs, classes, fit->breaks);
	fit->classes = classes;
	pfree(runs.value);
	pfree(runs.count);
	pfree(x);
}

/* Arguments: x, classes, descending. */
static inline Datum
QuantileScore(FunctionCallInfo fcinfo, MeasureReader measure)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionFit *fit;
	Datum		x;
	bool		x_is_null;
	bool		descending;
	bool		is_null;
	int			classes;

	classes = DatumGetInt32(WinGetFuncArgCurrent(window, ARG_CLASSES, &is_null));
	if (is_null)
		ClassesMissing();
	CheckedClasses(classes);

	fit = WinGetPartitionLocalMemory(window, offsetof(PartitionFit, breaks) +
									 classes * sizeof(double));
	if (fit->classes == 0)
		FitPartition(window, measure, fit, classes);
	else if (fit->classes != classes)
		ClassesChanged(fit->classes, classes);

	x = WinGetFuncArgCurrent(window, ARG_X, &x_is_null);
	descending = DatumGetBool(WinGetFuncArgCurrent(window, ARG_DESCENDING,
												   &is_null));
	if (x_is_null || is_null)
		PG_RETURN_NULL();

	PG_RETURN_INT32(ScoreOf(measure(x), fit->breaks, fit->n_breaks, descending));
}

Datum
custseg_quantile_score(PG_FUNCTION_ARGS)
{
	return QuantileScore(fcinfo, Float8Measure);
}

Datum
custseg_quantile_score_numeric(PG_FUNCTION_ARGS)
{
	return QuantileScore(fcinfo, NumericMeasure);
}
