/*
 * scale_apply.c
 *		SQL side of minmax(), zscore(), percentile() and scale().
 *
 * A call site keeps its last model, made ready for lookups.  A model of
 * percentiles can have megabytes: it is found again by its head, which has a
 * digest of its points, and copied and indexed once per call site.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "common/argument_cache.h"
#include "fmgr.h"
#include "scoring/breaks_sql.h"
#include "scoring/scale_model.h"
#include "scoring/scale_sql.h"

PG_FUNCTION_INFO_V1(custseg_minmax);
PG_FUNCTION_INFO_V1(custseg_minmax_numeric);
PG_FUNCTION_INFO_V1(custseg_zscore);
PG_FUNCTION_INFO_V1(custseg_zscore_numeric);
PG_FUNCTION_INFO_V1(custseg_percentile);
PG_FUNCTION_INFO_V1(custseg_percentile_numeric);
PG_FUNCTION_INFO_V1(custseg_scale);
PG_FUNCTION_INFO_V1(custseg_scale_numeric);

/* For the cache of arguments. */
static const void *
MakeScale(Datum argument)
{
	ScaleModel *model = (ScaleModel *) PG_DETOAST_DATUM_COPY(argument);

	ScaleModelCheck(model);
	return ScaleMake(model);
}

static void
RefuseKind(const Scale *scale, ScaleKind kind)
{
	static const char *const fits[N_SCALE_KINDS] = {
		"minmax_fit", "zscore_fit", "percentiles_fit"
	};

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model must be of kind %s, not %s",
					scale_kind_names[kind], scale_kind_names[scale->model->kind]),
			 errhint("Fit it with %s(), or apply it with %s() or scale().",
					 fits[kind], scale_kind_names[scale->model->kind])));
}

/* The model in argument 1. */
static inline const Scale *
GetScale(FunctionCallInfo fcinfo)
{
	return ArgumentCacheLookupHead(ArgumentCaches(fcinfo, 1), PG_GETARG_DATUM(1), MakeScale,
								   SizeOfScaleModel(0));
}

static inline const Scale *
GetScaleOfKind(FunctionCallInfo fcinfo, ScaleKind kind)
{
	const Scale *scale = GetScale(fcinfo);

	if (unlikely(scale->model->kind != kind))
		RefuseKind(scale, kind);
	return scale;
}

/* Arguments of all: x, model, descending. */

static inline Datum
Minmax(FunctionCallInfo fcinfo, const Scale *scale, MeasureReader measure)
{
	double		x = CheckedFinite(measure(PG_GETARG_DATUM(0)));

	PG_RETURN_FLOAT8(MinmaxOf(scale, x, PG_GETARG_BOOL(2)));
}

static inline Datum
Zscore(FunctionCallInfo fcinfo, const Scale *scale, MeasureReader measure)
{
	double		x = CheckedFinite(measure(PG_GETARG_DATUM(0)));
	double		z = ZscoreOf(scale, x, PG_GETARG_BOOL(2));

	if (unlikely(isinf(z)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("z-score out of range: x is too many deviations from the mean"),
				 errhint("Fit the model with bounds, as in zscore_fit(x, 0.01, 0.99).")));
	PG_RETURN_FLOAT8(z);
}

static inline Datum
Percentile(FunctionCallInfo fcinfo, const Scale *scale, MeasureReader measure)
{
	double		x = measure(PG_GETARG_DATUM(0));

	PG_RETURN_FLOAT8(PercentileOf(scale, x, PG_GETARG_BOOL(2)));
}

static inline Datum
AnyScale(FunctionCallInfo fcinfo, MeasureReader measure)
{
	const Scale *scale = GetScale(fcinfo);

	switch ((ScaleKind) scale->model->kind)
	{
		case SCALE_MINMAX:
			return Minmax(fcinfo, scale, measure);
		case SCALE_ZSCORE:
			return Zscore(fcinfo, scale, measure);
		default:
			return Percentile(fcinfo, scale, measure);
	}
}

Datum
custseg_minmax(PG_FUNCTION_ARGS)
{
	return Minmax(fcinfo, GetScaleOfKind(fcinfo, SCALE_MINMAX), Float8Measure);
}

Datum
custseg_minmax_numeric(PG_FUNCTION_ARGS)
{
	return Minmax(fcinfo, GetScaleOfKind(fcinfo, SCALE_MINMAX), NumericMeasure);
}

Datum
custseg_zscore(PG_FUNCTION_ARGS)
{
	return Zscore(fcinfo, GetScaleOfKind(fcinfo, SCALE_ZSCORE), Float8Measure);
}

Datum
custseg_zscore_numeric(PG_FUNCTION_ARGS)
{
	return Zscore(fcinfo, GetScaleOfKind(fcinfo, SCALE_ZSCORE), NumericMeasure);
}

Datum
custseg_percentile(PG_FUNCTION_ARGS)
{
	return Percentile(fcinfo, GetScaleOfKind(fcinfo, SCALE_PERCENTILE), Float8Measure);
}

Datum
custseg_percentile_numeric(PG_FUNCTION_ARGS)
{
	return Percentile(fcinfo, GetScaleOfKind(fcinfo, SCALE_PERCENTILE), NumericMeasure);
}

Datum
custseg_scale(PG_FUNCTION_ARGS)
{
	return AnyScale(fcinfo, Float8Measure);
}

Datum
custseg_scale_numeric(PG_FUNCTION_ARGS)
{
	return AnyScale(fcinfo, NumericMeasure);
}
