/*
 * scale.c
 *		The place of a value on the scale of a model (core).
 *
 * minmax and zscore are formulas.  They are computed at half their size where
 * a difference would leave the range of float8.
 *
 * percentile looks x up among the points of its model, which may be millions,
 * by an index.
 *
 * A constant measure tells nobody apart: 0.5 for minmax and percentile, 0 for
 * zscore.
 *
 * Memory: a Scale and its index are palloc'd in the current context.
 */
#include "scoring/scale_model.h"

#include <float.h>
#include <math.h>

/* --- minmax, zscore ------------------------------------------------------- */

static inline double
Moved(const ScaleModel *model, double x)
{
	if (model->has_bounds)
		x = x < model->min ? model->min : x > model->max ? model->max : x;
	return x;
}

double
MinmaxOf(const Scale *scale, double x, bool descending)
{
	double		min = scale->model->min;
	double		max = scale->model->max;
	double		range = max - min;
	double		part;

	x = Moved(scale->model, x);
	if (x < min || x > max)
		return (x > max) != descending ? 1 : 0;
	if (range == 0)
		return 0.5;
	part = descending ? max - x : x - min;
	if (unlikely(isinf(range)))
	{
		part = descending ? max / 2 - x / 2 : x / 2 - min / 2;
		range = max / 2 - min / 2;
	}
	return part / range;
}

double
ZscoreOf(const Scale *scale, double x, bool descending)
{
	double		mean = scale->model->mean;
	double		deviation = scale->model->deviation;
	double		distance;

	if (deviation == 0)
		return 0;
	x = Moved(scale->model, x);
	distance = descending ? mean - x : x - mean;
	if (unlikely(isinf(distance)))
		return (descending ? mean / 2 - x / 2 : x / 2 - mean / 2) / deviation * 2;
	return distance / deviation;
}

/* --- percentile ----------------------------------------------------------- */

Scale *
ScaleMake(const ScaleModel *model)
{
	Scale	   *scale = palloc0(sizeof(Scale));

	scale->model = model;
	ValueIndexMake(&scale->points, model->point, sizeof(ScalePoint), model->n_points);
	return scale;
}

double
PercentileOf(const Scale *scale, double x, bool descending)
{
	const ScaleModel *model = scale->model;
	const ScalePoint *point = model->point;
	uint32		i;
	double		below;
	double		equal = 0;

	x = Moved(model, x);
	if (x < model->min || x > model->max)
		return (x > model->max) != descending ? 1 : 0;
	i = ValueIndexFind(&scale->points, x);
	below = i == 0 ? 0 : point[i - 1].upto;
	if (i < model->n_points && point[i].value == x)
		equal = point[i].upto - below;
	if (descending)
		below = model->n - below - equal;
	return (below + equal / 2) / model->n;
}
