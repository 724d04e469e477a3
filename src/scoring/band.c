/*
 * band.c
 *		band(): the label of the class that breaks put a value in.
 *
 * The class is that of score(): a value equal to a break belongs to the lower
 * one.  A call site keeps its last breaks and its last labels, checked.
 */
#include "postgres.h"

#include "common/compat.h"

#include "catalog/pg_type.h"
#include "common/argument_cache.h"
#include "fmgr.h"
#include "scoring/breaks.h"
#include "scoring/breaks_sql.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(custseg_band);
PG_FUNCTION_INFO_V1(custseg_band_numeric);

typedef struct Labels
{
	int			n;
	Datum	   *label;
} Labels;

/* For the cache of arguments: a copy that is checked. */
static const void *
MakeLabels(Datum argument)
{
	ArrayType  *array = DatumGetArrayTypePCopy(argument);
	Labels	   *labels = palloc(sizeof(Labels));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must be a one-dimensional array, not one of %d dimensions",
						ARR_NDIM(array)),
				 errhint("Write the labels as one list, for example ARRAY['low','high'].")));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must not contain null"),
				 errhint("Every class has a label, from the lowest class up.")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &labels->label, NULL,
					  &labels->n);
	for (int i = 0; i < labels->n; i++)
		if (VARSIZE_ANY_EXHDR(DatumGetPointer(labels->label[i])) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("labels must not contain an empty label"),
					 errhint("Element %d is empty.", i + 1)));
	return labels;
}

/* Arguments: value, breaks, labels. */
static inline Datum
Band(FunctionCallInfo fcinfo, MeasureReader measure)
{
	ArgumentCache *caches = ArgumentCaches(fcinfo, 2);
	const Breaks *breaks = ArgumentCacheLookup(&caches[0], PG_GETARG_DATUM(1), MakeBreaks);
	const Labels *labels = ArgumentCacheLookup(&caches[1], PG_GETARG_DATUM(2), MakeLabels);
	double		x;
	Datum		label;

	if (unlikely(labels->n != breaks->n + 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must have one element more than breaks, not %d for %d",
						labels->n, breaks->n),
				 errhint("%d breaks make %d classes, each with a label, from the lowest class up.",
						 breaks->n, breaks->n + 1)));
	x = measure(PG_GETARG_DATUM(0));

	/* a copy: the next call may drop what the cache holds */
	label = labels->label[ScoreOf(x, breaks->x, breaks->n, false) - 1];
	PG_RETURN_TEXT_P(cstring_to_text_with_len(VARDATA_ANY(DatumGetPointer(label)),
											  VARSIZE_ANY_EXHDR(DatumGetPointer(label))));
}

Datum
custseg_band(PG_FUNCTION_ARGS)
{
	return Band(fcinfo, Float8Measure);
}

Datum
custseg_band_numeric(PG_FUNCTION_ARGS)
{
	return Band(fcinfo, NumericMeasure);
}
