/*
 * scale.c
 *		The place of a value on the scale of a model (core).
 *
 * minmax and zscore are formulas.  They are computed at half their size where
 * a difference would leave the range of float8.
 *
 * percentile looks x up among the points of its model, which may be millions.
 * A binary search would miss the cache a dozen times.  Instead the points are
 * divided into about as many buckets, by a function of x that cannot fall as x
 * rises, and only the points of one bucket are searched.  Of two such functions
 * the one with the more even buckets is taken: x itself, and the bits of x,
 * which grow like its logarithm, for skewed measures such as spend.  A lookup
 * in a million values takes two or three cache misses.
 *
 * A constant measure tells nobody apart: 0.5 for minmax and percentile, 0 for
 * zscore.
 *
 * Memory: a Scale and its buckets are palloc'd in the current context.
 */
#include "scoring/scale_model.h"

#include <float.h>
#include <math.h>

#include "port/pg_bitutils.h"

/* With fewer points, a binary search stays within a few cache lines. */
#define BUCKETS_MINIMUM 32

#define FEW_POINTS 32768

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

/* The image orders as uint64 like the double does as a number. */
static inline uint64
Image(double x)
{
	uint64		bits;

	memcpy(&bits, &x, sizeof(bits));
	return (bits >> 63) ? ~bits : bits | (UINT64CONST(1) << 63);
}

/* The bucket of x, which lies between the model's min and max. */
static inline uint32
Bucket(const Scale *scale, double x)
{
	if (scale->by_image)
		return (uint32) ((Image(x) - Image(scale->model->min)) >> scale->shift);
	return (uint32) Min((x - scale->model->min) * scale->factor,
						(double) (scale->n_buckets - 1));
}

/*
 * About the sum of squared bucket sizes, which is what all lookups cost
 * together: a stretch of points is taken to be even.
 */
static double
BucketsCost(const Scale *scale)
{
	const ScalePoint *point = scale->model->point;
	int			n = scale->model->n_points;
	int			step = Max(n / 1024, 1);
	double		cost = 0;

	for (int i = 0; i + step < n; i += step)
		cost += 1.0 / (1 + Bucket(scale, point[i + step].value) - Bucket(scale, point[i].value));
	return cost;
}

/* Sets up buckets by the bits of x, at most `wanted`. */
static void
BucketsByImage(Scale *scale, uint32 wanted)
{
	uint64		range = Image(scale->model->max) - Image(scale->model->min);

	scale->by_image = true;
	scale->shift = 0;
	while ((range >> scale->shift) >= wanted)
		scale->shift++;
	scale->n_buckets = (uint32) (range >> scale->shift) + 1;
}

static void
FillBuckets(Scale *scale)
{
	const ScaleModel *model = scale->model;
	uint32		next = 0;

	scale->start = palloc_extended((scale->n_buckets + 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (int i = 0; i < model->n_points; i++)
	{
		uint32		bucket = Bucket(scale, model->point[i].value);

		while (next <= bucket)
			scale->start[next++] = i;
		POLL_EVERY(i);
	}
	while (next <= scale->n_buckets)
		scale->start[next++] = model->n_points;
}

Scale *
ScaleMake(const ScaleModel *model)
{
	Scale	   *scale = palloc0(sizeof(Scale));
	Scale		linear;
	uint32		wanted;

	scale->model = model;
	if (model->n_points < BUCKETS_MINIMUM)
		return scale;

	/* many buckets, unless their table would crowd the points out of the cache */
	wanted = model->n_points < FEW_POINTS ? model->n_points * 4 : model->n_points / 4;
	wanted = pg_nextpower2_32(wanted);
	BucketsByImage(scale, wanted);
	linear = *scale;
	linear.by_image = false;
	linear.n_buckets = wanted;
	linear.factor = (wanted - 1) / (model->max - model->min);
	if (isfinite(linear.factor) && linear.factor > 0 &&
		BucketsCost(&linear) <= BucketsCost(scale))
		*scale = linear;
	FillBuckets(scale);
	return scale;
}

/* The first point that is not below x, which lies between min and max. */
static inline uint32
PointNotBelow(const Scale *scale, double x)
{
	const ScalePoint *point = scale->model->point;
	uint32		low = 0;
	uint32		high = scale->model->n_points;

	if (scale->n_buckets > 0)
	{
		uint32		bucket = Bucket(scale, x);

		low = scale->start[bucket];
		high = scale->start[bucket + 1];
	}
	/* without branches on x, of which half would be guessed wrong */
	for (uint32 n = high - low; n > 0;)
	{
		uint32		half = (n + 1) / 2;

		low += (point[low + half - 1].value < x) ? half : 0;
		n -= half;
	}
	return low;
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
	i = PointNotBelow(scale, x);
	below = i == 0 ? 0 : point[i - 1].upto;
	if (i < model->n_points && point[i].value == x)
		equal = point[i].upto - below;
	if (descending)
		below = model->n - below - equal;
	return (below + equal / 2) / model->n;
}
