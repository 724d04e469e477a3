/*
 * abc_class.c
 *		abc_class(): the class of a value, by breaks that abc_breaks returned.
 *
 * Breaks and labels are checked once per call site and kept.  Numerics are
 * compared with the breaks as integers of the breaks' scale, or as decimals
 * where that does not fit: exactly, in any case.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/argument_cache.h"
#include "common/shortest_dec.h"
#include "scoring/breaks_sql.h"
#include "tiering/abc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(custseg_abc_class);
PG_FUNCTION_INFO_V1(custseg_abc_class_numeric);
PG_FUNCTION_INFO_V1(custseg_abc_class_labels);
PG_FUNCTION_INFO_V1(custseg_abc_class_labels_numeric);

/* The classes by default, as text, so that a call makes nothing. */
typedef struct LetterText
{
	uint32		header;
	char		letter[4];
} LetterText;

#ifdef WORDS_BIGENDIAN
#define LETTER_HEADER (VARHDRSZ + 1)
#else
#define LETTER_HEADER ((VARHDRSZ + 1) << 2)
#endif
#define LETTER(c) {LETTER_HEADER, {c}}

static const LetterText letters[MAX_ABC_LETTERS] = {
	LETTER('A'), LETTER('B'), LETTER('C'), LETTER('D'), LETTER('E'), LETTER('F'), LETTER('G'),
	LETTER('H'), LETTER('I'), LETTER('J'), LETTER('K'), LETTER('L'), LETTER('M'), LETTER('N'),
	LETTER('O'), LETTER('P'), LETTER('Q'), LETTER('R'), LETTER('S'), LETTER('T'), LETTER('U'),
	LETTER('V'), LETTER('W'), LETTER('X'), LETTER('Y'), LETTER('Z')
};

/* scale is that of all breaks, or -1 where they do not fit in integers. */
typedef struct DecimalBreaks
{
	int			n;
	int			scale;
	Decimal    *x;
} DecimalBreaks;

typedef struct Labels
{
	int			n;
	text	  **label;
} Labels;

/* --- Checks --------------------------------------------------------------- */

static int
CheckBreaksArray(ArrayType *array)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks must be a one-dimensional array, not one of %d dimensions",
						ARR_NDIM(array)),
				 errhint("Pass what abc_breaks returned.")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks must not contain null"),
				 errhint("Remove it with array_remove(breaks, NULL).")));
	if (n > MAX_ABC_SHARES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks must have at most %d elements, not %d", MAX_ABC_SHARES, n),
				 errhint("Pass what abc_breaks returned.")));
	return n;
}

static void
BreaksHaveNaN(int place)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("breaks must not contain NaN"),
			 errhint("Element %d is NaN.", place)));
}

static void
BreaksDescend(int place, const char *before, const char *after)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("breaks must be ascending"),
			 errhint("Element %d is %s, but element %d is %s.", place, before, place + 1, after)));
}

static void
XIsNaN(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("x must not be NaN"),
			 errhint("NaN has no place in an order. Turn it into null with nullif(x, 'NaN').")));
}

/* --- What is kept --------------------------------------------------------- */

static const void *
MakeFloatBreaks(Datum argument)
{
	ArrayType  *array = DatumGetArrayTypePCopy(argument);
	Breaks *breaks = palloc(sizeof(Breaks));

	breaks->n = CheckBreaksArray(array);
	breaks->x = (const double *) ARR_DATA_PTR(array);
	for (int i = 0; i < breaks->n; i++)
	{
		if (isnan(breaks->x[i]))
			BreaksHaveNaN(i + 1);
		if (i > 0 && breaks->x[i - 1] > breaks->x[i])
			BreaksDescend(i, double_to_shortest_decimal(breaks->x[i - 1]),
						  double_to_shortest_decimal(breaks->x[i]));
	}
	return breaks;
}

/* Brings the breaks to one scale, so that a value is aligned once for all. */
static void
AlignBreaks(DecimalBreaks *breaks)
{
	breaks->scale = 0;
	for (int i = 0; i < breaks->n; i++)
	{
		if (breaks->x[i].big != NULL)
		{
			breaks->scale = -1;
			return;
		}
		breaks->scale = Max(breaks->scale, breaks->x[i].scale);
	}
	for (int i = 0; i < breaks->n; i++)
	{
		int			digits = breaks->scale - breaks->x[i].scale;
		int128		bound = DecimalPowers()[DECIMAL_MAX_SCALE - digits];

		if (breaks->x[i].value >= bound || breaks->x[i].value <= -bound)
		{
			breaks->scale = -1;
			return;
		}
		breaks->x[i].value *= DecimalPowers()[digits];
		breaks->x[i].scale = breaks->scale;
	}
}

/* Infinite breaks of numeric have no use: abc_breaks never returns any. */
static const void *
MakeDecimalBreaks(Datum argument)
{
	ArrayType  *array = DatumGetArrayTypePCopy(argument);
	DecimalBreaks *breaks = palloc(sizeof(DecimalBreaks));
	Datum	   *elements;

	breaks->n = CheckBreaksArray(array);
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, NULL, &breaks->n);
	breaks->x = palloc((breaks->n + 1) * sizeof(Decimal));
	for (int i = 0; i < breaks->n; i++)
	{
		DecimalStatus status = DecimalFromNumeric(NumericArgument(elements[i]), &breaks->x[i]);

		if (status == DECIMAL_NAN)
			BreaksHaveNaN(i + 1);
		if (status == DECIMAL_INFINITE)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("breaks of numeric must be finite"),
					 errhint("Element %d is infinite.", i + 1)));
		if (i > 0 && DecimalCompare(&breaks->x[i - 1], &breaks->x[i]) > 0)
			BreaksDescend(i, DecimalToString(&breaks->x[i - 1]), DecimalToString(&breaks->x[i]));
	}
	AlignBreaks(breaks);
	return breaks;
}

static const void *
MakeLabels(Datum argument)
{
	ArrayType  *array = DatumGetArrayTypePCopy(argument);
	Labels	   *labels = palloc(sizeof(Labels));
	Datum	   *elements;
	bool	   *nulls;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must be a one-dimensional array, not one of %d dimensions",
						ARR_NDIM(array)),
				 errhint("Pass one label for each class, the best first.")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &labels->n);
	labels->label = palloc((labels->n + 1) * sizeof(text *));
	for (int i = 0; i < labels->n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("labels must not contain null"),
					 errhint("Element %d is null.", i + 1)));
		labels->label[i] = DatumGetTextPP(elements[i]);
	}
	return labels;
}

/* --- Classes -------------------------------------------------------------- */

/* The class 0..n of a float8, 0 the best: the number of breaks >= x. */
static inline int
FloatClass(FunctionCallInfo fcinfo, ArgumentCache *cache, int *n_breaks)
{
	const Breaks *breaks = ArgumentCacheLookup(cache, PG_GETARG_DATUM(1), MakeFloatBreaks);
	double		x = PG_GETARG_FLOAT8(0);

	if (isnan(x))
		XIsNaN();
	*n_breaks = breaks->n;
	return ScoreOf(x, breaks->x, breaks->n, true) - 1;
}

/* aligned: x has the scale that all breaks have. */
static inline bool
BreakIsBelow(const DecimalBreaks *breaks, int i, const Decimal *x, bool aligned)
{
	if (aligned)
		return breaks->x[i].value < x->value;
	return DecimalCompare(&breaks->x[i], x) < 0;
}

static inline int
DecimalClass(FunctionCallInfo fcinfo, ArgumentCache *cache, int *n_breaks)
{
	const DecimalBreaks *breaks = ArgumentCacheLookup(cache, PG_GETARG_DATUM(1), MakeDecimalBreaks);
	Datum		datum = PG_GETARG_DATUM(0);
	Decimal		x;
	DecimalStatus status = DecimalFromNumeric(NumericArgument(datum), &x);
	bool		aligned;
	int			low = 0;
	int			high = breaks->n;

	*n_breaks = breaks->n;
	if (unlikely(status == DECIMAL_NAN))
		XIsNaN();
	if (unlikely(status == DECIMAL_INFINITE))
	{
		datum = DirectFunctionCall1(numeric_sign, datum);
		return DatumGetInt32(DirectFunctionCall1(numeric_int4, datum)) > 0 ? 0 : breaks->n;
	}
	aligned = x.big == NULL && x.scale == breaks->scale;
	if (aligned && breaks->n <= FEW_BREAKS)
	{
		for (int i = 0; i < breaks->n; i++)
			low += BreakIsBelow(breaks, i, &x, true);
		high = low;
	}
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (BreakIsBelow(breaks, middle, &x, aligned))
			low = middle + 1;
		else
			high = middle;
	}
	return breaks->n - low;
}

typedef int (*ClassFunction) (FunctionCallInfo fcinfo, ArgumentCache *cache, int *n_breaks);

static inline Datum
Letter(FunctionCallInfo fcinfo, ClassFunction class_of)
{
	int			n_breaks;
	int			class = class_of(fcinfo, ArgumentCaches(fcinfo, 1), &n_breaks);

	if (n_breaks >= MAX_ABC_LETTERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks must have at most %d elements, not %d: there are %d letters",
						MAX_ABC_LETTERS - 1, n_breaks, MAX_ABC_LETTERS),
				 errhint("Pass labels for more classes: abc_class(x, breaks, labels).")));
	PG_RETURN_DATUM(PointerGetDatum(&letters[class]));
}

static inline Datum
Label(FunctionCallInfo fcinfo, ClassFunction class_of)
{
	ArgumentCache *caches = ArgumentCaches(fcinfo, 2);
	const Labels *labels = ArgumentCacheLookup(&caches[1], PG_GETARG_DATUM(2), MakeLabels);
	int			n_breaks;
	int			class = class_of(fcinfo, &caches[0], &n_breaks);

	if (labels->n != n_breaks + 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must have %d elements for %d breaks, not %d",
						n_breaks + 1, n_breaks, labels->n),
				 errhint("Pass one label for each class, the best first.")));
	PG_RETURN_DATUM(datumCopy(PointerGetDatum(labels->label[class]), false, -1));
}

Datum
custseg_abc_class(PG_FUNCTION_ARGS)
{
	return Letter(fcinfo, FloatClass);
}

Datum
custseg_abc_class_numeric(PG_FUNCTION_ARGS)
{
	return Letter(fcinfo, DecimalClass);
}

Datum
custseg_abc_class_labels(PG_FUNCTION_ARGS)
{
	return Label(fcinfo, FloatClass);
}

Datum
custseg_abc_class_labels_numeric(PG_FUNCTION_ARGS)
{
	return Label(fcinfo, DecimalClass);
}
