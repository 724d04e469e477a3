/*
 * topsis_score.c
 *		SQL side of TOPSIS: topsis_fit(), topsis_score() and topsis() OVER ().
 *
 * topsis_fit collects rows as entropy_weights does and fits the core on them.
 * The window function reads its partition once, at its first row, fits the same
 * core, and keeps the model for the other rows: its results are those of
 * topsis_score with topsis_fit, to the last bit.  Frame and ORDER BY of the
 * window do not matter.
 *
 * Memory of the window function: 8 bytes a value and 16 a row while it fits; of
 * the partition's context, the model.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "common/argument_cache.h"
#include "common/row_options.h"
#include "common/window_args.h"
#include "fmgr.h"
#include "scoring/component_args.h"
#include "scoring/component_rows.h"
#include "scoring/topsis_model.h"
#include "scoring/weighting.h"
#include "utils/memutils.h"
#include "windowapi.h"

PG_FUNCTION_INFO_V1(custseg_topsis_fit_final);
PG_FUNCTION_INFO_V1(custseg_topsis_score);
PG_FUNCTION_INFO_V1(custseg_topsis);

#define ARG_COMPONENTS 0
#define ARG_WEIGHTS 1
#define ARG_BENEFIT 2

static TopsisModel *
FitModel(const double *rows, int64 n_rows, int n_columns,
		 const double *weights, const bool *benefit)
{
	TopsisModel *model = TopsisModelMake(n_columns, n_rows);
	Topsis		topsis = TopsisModelArrays(model);

	if (!TopsisFit(rows, n_rows, weights, benefit, &topsis))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the norm of a column is out of range"),
				 errhint("Divide the column by a large number: the results stay the same.")));
	return model;
}

/* The closeness of components by a model; false when it is NULL. */
static bool
ScoreComponents(Datum components, const TopsisModel *model, double *score)
{
	Topsis		topsis = TopsisModelArrays(model);
	double		values[MAX_COMPONENTS];
	bool		has_null;
	int			n = ReadComponents(components, "components", false, values, &has_null);

	if (n != topsis.n_columns)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("components must have %d elements as the model has, not %d",
						topsis.n_columns, n),
				 errhint("Pass the same measures as in topsis_fit, in the same order.")));
	if (has_null)
		return false;
	*score = TopsisScore(&topsis, values);
	if (isnan(*score))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("components are out of range of the model"),
				 errhint("They are too large beside the norms of the model.")));
	return true;
}

Datum
custseg_topsis_fit_final(PG_FUNCTION_ARGS)
{
	ComponentRows *state = (ComponentRows *) PG_GETARG_VARLENA_P(0);

	ComponentRowsCheck(state);
	if (!state->has_weights)
		WeightsMissing();
	if (state->n_rows == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(FitModel(ComponentRowsData(state), state->n_rows, state->n_columns,
							   ComponentRowsWeights(state), ComponentRowsBenefit(state)));
}

static const void *
MakeModel(Datum argument)
{
	return TopsisModelOpen((struct varlena *) PG_DETOAST_DATUM_COPY(argument));
}

Datum
custseg_topsis_score(PG_FUNCTION_ARGS)
{
	const TopsisModel *model = ArgumentCacheGet(fcinfo, 1, MakeModel);
	double		score;

	if (!ScoreComponents(PG_GETARG_DATUM(0), model, &score))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(score);
}

/* --- Window ------------------------------------------------------------------- */

/* Local memory of a partition; all zero before its first row. */
typedef struct PartitionTopsis
{
	bool		fitted;
	TopsisModel *model;			/* NULL: no row has components */
	struct varlena *weights;	/* the arguments that it was fitted with */
	struct varlena *benefit;
} PartitionTopsis;

/* The rows of the partition that are complete, one after the other. */
static double *
ReadRows(WindowObject window, int *n_columns, int64 *n_rows)
{
	int64		rows = PartitionRows(window, "topsis");
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "topsis rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext own = CurrentMemoryContext;
	double	   *data = NULL;

	*n_rows = 0;
	*n_columns = 0;
	for (int64 i = 0; i < rows; i++)
	{
		double		values[MAX_COMPONENTS];
		bool		has_null;
		bool		is_null;
		Datum		datum;
		int			n;

		MemoryContextSwitchTo(scratch);
		datum = PartitionArgument(window, ARG_COMPONENTS, i, &is_null);
		if (!is_null)
		{
			n = ReadComponents(datum, "components", false, values, &has_null);
			if (data == NULL)
			{
				*n_columns = n;
				data = MemoryContextAllocHuge(own, (Size) rows * n * sizeof(double));
			}
			if (n != *n_columns)
				ComponentsChanged("components", *n_columns, n);
			if (!has_null)
				memcpy(data + (*n_rows)++ * n, values, n * sizeof(double));
		}
		MemoryContextSwitchTo(own);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	MemoryContextDelete(scratch);
	return data;
}

static void
FitPartition(WindowObject window, PartitionTopsis *fit, Datum weights_arg, Datum benefit_arg,
			 bool has_benefit)
{
	/* that of the partition, whose memory our local memory is */
	MemoryContext partition = GetMemoryChunkContext(fit);
	MemoryContext old;
	int			n_columns;
	int64		n_rows;
	double	   *rows = ReadRows(window, &n_columns, &n_rows);
	double		weights[MAX_COMPONENTS];
	bool		benefit[MAX_COMPONENTS];

	old = MemoryContextSwitchTo(partition);
	fit->weights = PG_DETOAST_DATUM_COPY(weights_arg);
	fit->benefit = has_benefit ? PG_DETOAST_DATUM_COPY(benefit_arg) : NULL;
	MemoryContextSwitchTo(old);
	if (rows != NULL)
	{
		ReadWeights(weights_arg, n_columns, "components", weights);
		if (has_benefit)
			ReadBenefit(benefit_arg, n_columns, benefit);
	}
	if (n_rows > 0)
	{
		TopsisModel *model = FitModel(rows, n_rows, n_columns, weights,
									  has_benefit ? benefit : NULL);

		fit->model = MemoryContextAlloc(partition, VARSIZE(model));
		memcpy(fit->model, model, VARSIZE(model));
		pfree(model);
	}
	if (rows != NULL)
		pfree(rows);
	fit->fitted = true;
}

Datum
custseg_topsis(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	PartitionTopsis *fit = WinGetPartitionLocalMemory(window, sizeof(PartitionTopsis));
	Datum		components;
	Datum		weights;
	Datum		benefit;
	bool		is_null;
	bool		no_benefit;
	double		score;

	weights = WinGetFuncArgCurrent(window, ARG_WEIGHTS, &is_null);
	if (is_null)
		WeightsMissing();
	benefit = WinGetFuncArgCurrent(window, ARG_BENEFIT, &no_benefit);
	if (!fit->fitted)
		FitPartition(window, fit, weights, benefit, !no_benefit);
	if (!SameVarlena(fit->weights, weights))
		OptionChanged("weights");
	if (no_benefit ? fit->benefit != NULL :
		fit->benefit == NULL || !SameVarlena(fit->benefit, benefit))
		OptionChanged("benefit");

	components = WinGetFuncArgCurrent(window, ARG_COMPONENTS, &is_null);
	/* without a model no row is complete */
	if (is_null || fit->model == NULL || !ScoreComponents(components, fit->model, &score))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(score);
}
