/*
 * scale_model.c
 *		Models that bring a measure to a common scale: their making (core).
 *
 *	 minmax      (x - min) / (max - min), within 0 to 1
 *	 zscore      (x - mean) / deviation, the deviation of the population
 *	 percentile  (rows below x + half the rows equal to x) / rows
 *
 * Mean and deviation come from exact sums, so they do not depend on the order
 * of the rows; n^2 times the variance, n * sum(x^2) - sum(x)^2, is computed
 * exactly, hence without cancellation, and rounded once before the root.
 *
 * With bounds, two quantiles of the data, values outside are moved to the
 * bounds before the fit and in use (winsorising: Tukey, The Future of Data
 * Analysis, 1962).  A bound is the value of rank ceil(q n), as in quantile.c.
 *
 * Percentiles need all the data.  A model with at most k points keeps the
 * values of rank ceil(j n / k) and treats each value as the next one that is
 * kept, so a percentile is off by less than 1/k.
 *
 * Memory: models and scratch arrays are palloc'd in the current context; the
 * latter are freed.
 */
#include "scoring/scale_model.h"

#include <float.h>
#include <math.h>

#include "common/binary.h"
#include "common/exact_sum.h"

const char *const scale_kind_names[N_SCALE_KINDS] = {
	"minmax", "zscore", "percentile"
};

ScaleModel *
ScaleModelMake(ScaleKind kind, int64 n_points)
{
	Size		size = SizeOfScaleModel(n_points);
	ScaleModel *model;

	if (n_points > MAX_SCALE_POINTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values for a percentile model"),
				 errdetail("The limit is %d distinct values.", MAX_SCALE_POINTS),
				 errhint("Limit the model, as in percentiles_fit(x, 10000).")));
	model = palloc0(size);
	SET_VARSIZE(model, size);
	model->version = SCALE_MODEL_VERSION;
	model->kind = kind;
	model->n_points = n_points;
	return model;
}

/* As in the last step of MurmurHash3: every bit of h reaches all others. */
static inline uint64
Mixed(uint64 h)
{
	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 33);
}

/*
 * Sets the digest of a model that is complete: two sums that run independently
 * of each other, so a point takes a few cycles.
 */
static void
ScaleModelSeal(ScaleModel *model)
{
	uint64		a = UINT64CONST(0x9e3779b97f4a7c15);
	uint64		b = UINT64CONST(0xd1b54a32d192ed03);

	for (int i = 0; i < model->n_points; i++)
	{
		uint64		value;
		uint64		upto = model->point[i].upto;

		memcpy(&value, &model->point[i].value, sizeof(value));
		a = (a ^ value) * UINT64CONST(0x9fb21c651e98df25);
		a = (a ^ (a >> 29) ^ upto) * UINT64CONST(0xa0761d6478bd642f);
		a ^= a >> 32;
		b = (b + upto) * UINT64CONST(0xe7037ed1a0b428db);
		b = ((b ^ (b >> 31)) + value) * UINT64CONST(0x8ebc6af09c88c6e3);
		b ^= b >> 30;
		POLL_EVERY(i);
	}
	model->digest[0] = model->n_points == 0 ? 0 : Mixed(a);
	model->digest[1] = model->n_points == 0 ? 0 : Mixed(b + model->n_points);
}

/* --- Checks --------------------------------------------------------------- */

static const char *
PointsFault(const ScaleModel *model)
{
	const ScalePoint *point = model->point;

	if (model->n_points < 1)
		return "There are no values.";
	for (int i = 0; i < model->n_points; i++)
	{
		if (isnan(point[i].value))
			return psprintf("\"values\"[%d] must be a number, not NaN.", i);
		if (i > 0 && point[i].value <= point[i - 1].value)
			return psprintf("\"values\"[%d] must be greater than the one before it.", i);
		if (point[i].upto <= (i == 0 ? 0 : point[i - 1].upto))
			return psprintf("\"counts\"[%d] must be positive.", i);
		POLL_EVERY(i);
	}
	if (point[model->n_points - 1].upto != model->n)
		return "\"n\" must be the sum of \"counts\".";
	return NULL;
}

const char *
ScaleModelFault(const ScaleModel *model)
{
	bool		percentile = model->kind == SCALE_PERCENTILE;

	if (model->n <= 0)
		return "\"n\" must be positive.";
	if (model->has_bounds &&
		!(model->lower >= 0 && model->lower < model->upper && model->upper <= 1))
		return "\"lower\" and \"upper\" must be fractions with 0 <= lower < upper <= 1.";
	if (model->max_points < 0)
		return "\"points\" must be positive.";
	if (percentile)
		return PointsFault(model);
	if (!isfinite(model->min) || !isfinite(model->max) || model->min > model->max)
		return "\"min\" and \"max\" must be finite, and \"min\" at most \"max\".";
	if (model->kind == SCALE_ZSCORE &&
		!(model->mean >= model->min && model->mean <= model->max))
		return "\"mean\" must be between \"min\" and \"max\".";
	if (model->kind == SCALE_ZSCORE && !(isfinite(model->deviation) && model->deviation >= 0))
		return "\"deviation\" must be finite and not negative.";
	return NULL;
}

void
ScaleModelCheck(const ScaleModel *model)
{
	Size		bytes = VARSIZE(model);

	if (bytes > offsetof(ScaleModel, version))
		CheckStoredVersion("scale_model", model->version, SCALE_MODEL_VERSION);
	if (bytes < SizeOfScaleModel(0) || model->kind >= N_SCALE_KINDS ||
		model->n_points < 0 || model->n_points > MAX_SCALE_POINTS ||
		(model->n_points > 0) != (model->kind == SCALE_PERCENTILE) ||
		bytes != SizeOfScaleModel(model->n_points) || model->n <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("scale_model is corrupted")));
}

/* --- Fits ----------------------------------------------------------------- */

ScaleModel *
MinmaxFromRange(int64 n, double min, double max)
{
	ScaleModel *model = ScaleModelMake(SCALE_MINMAX, 0);

	model->n = n;
	model->min = min;
	model->max = max;
	return model;
}

ScaleModel *
MinmaxFromRuns(const ValueRuns *runs)
{
	return MinmaxFromRange(runs->total, runs->value[0], runs->value[runs->n_runs - 1]);
}

ScaleModel *
ZscoreFromSums(int64 n, double min, double max, const ExactSum *sum,
			   const ExactSum *squares)
{
	ScaleModel *model = ScaleModelMake(SCALE_ZSCORE, 0);
	int			exponent;
	double		m = ExactSumFrexp(sum, &exponent);

	model->n = n;
	model->min = min;
	model->max = max;
	/* m / n is rounded a second time: a constant's mean may not leave it */
	model->mean = Max(min, Min(max, ldexp(m / n, exponent)));

	/* n^2 times the variance as m * 2^exponent, exponent even for the root */
	m = ExactCoMoment(n, squares, sum, sum, &exponent);
	if (exponent & 1)
	{
		m *= 2;
		exponent--;
	}
	/* only sums that came in as text can make it infinite */
	model->deviation = m <= 0 ? 0 : Min(ldexp(sqrt(m) / n, exponent / 2), DBL_MAX);
	return model;
}

ScaleModel *
ZscoreFromRuns(const ValueRuns *runs)
{
	ExactSumSpace sum;
	ExactSumSpace squares;

	ExactSumInit(&sum.sum, EXACT_SUM_MAX);
	ExactSumInit(&squares.sum, EXACT_SUM_MAX);
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		double		x = runs->value[i];

		/* with room for EXACT_SUM_MAX limbs these succeed */
		(void) ExactSumAddMultiple(&sum.sum, x, 1, runs->count[i]);
		(void) ExactSumAddMultiple(&squares.sum, x, x, runs->count[i]);
		POLL_EVERY(i);
	}
	return ZscoreFromSums(runs->total, runs->value[0], runs->value[runs->n_runs - 1],
						  &sum.sum, &squares.sum);
}

/*
 * Rows of the values up to the fraction q, at least 1: ceil(q n) for the
 * decimal that q is written as.
 */
static int64
RankOfFraction(double q, int64 n)
{
	double		product = q * n;
	double		whole = rint(product);
	double		rank;

	/*
	 * q is the float8 next to a decimal, 0.07 * 100 is a little above 7: what
	 * rounding can explain is whole.
	 */
	rank = fabs(product - whole) <= 4 * DBL_EPSILON * product ? whole : ceil(product);
	return rank >= (double) n ? n : Max((int64) rank, 1);
}

/* The run that holds a rank from 1 on. */
static int64
RunOfRank(const ValueRuns *runs, int64 rank)
{
	int64		run = 0;

	for (int64 rows = runs->count[0]; rows < rank; rows += runs->count[run])
	{
		run++;
		POLL_EVERY(run);
	}
	return run;
}

ValueRuns
WinsorisedRuns(const ValueRuns *runs, double lower, double upper)
{
	int64		first = RunOfRank(runs, RankOfFraction(lower, runs->total));
	int64		last = RunOfRank(runs, RankOfFraction(upper, runs->total));
	Size		bytes = (last - first + 1) * sizeof(double);
	ValueRuns	result;

	result.n_runs = last - first + 1;
	result.total = runs->total;
	result.value = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	result.count = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	memcpy(result.value, runs->value + first, bytes);
	memcpy(result.count, runs->count + first, bytes);
	for (int64 i = 0; i < first; i++)
	{
		result.count[0] += runs->count[i];
		POLL_EVERY(i);
	}
	for (int64 i = last + 1; i < runs->n_runs; i++)
	{
		result.count[last - first] += runs->count[i];
		POLL_EVERY(i);
	}
	return result;
}

/*
 * Writes the values of rank ceil(j n / k), each once, j from 1 to k; counts
 * them only when there is no place to write to.
 */
static int64
EvenlySpaced(const ValueRuns *runs, int k, ScalePoint *point)
{
	int64		n_points = 0;
	int64		upto = 0;
	int64		j = 1;

	for (int64 run = 0; run < runs->n_runs; run++)
	{
		upto += runs->count[run];
		POLL_EVERY(run);

		/* ceil(j n / k) <= upto: j n <= upto k */
		if ((int128) j * runs->total > (int128) upto * k)
			continue;
		j = (int64) ((int128) upto * k / runs->total) + 1;
		if (point != NULL)
		{
			point[n_points].value = runs->value[run];
			point[n_points].upto = upto;
		}
		n_points++;
	}
	return n_points;
}

ScaleModel *
PercentilesFromRuns(const ValueRuns *runs, int max_points)
{
	bool		all = max_points == 0 || max_points >= runs->n_runs;
	int64		n_points = all ? runs->n_runs : EvenlySpaced(runs, max_points, NULL);
	ScaleModel *model = ScaleModelMake(SCALE_PERCENTILE, n_points);
	int64		upto = 0;

	model->n = runs->total;
	model->max_points = max_points;
	if (!all)
		EvenlySpaced(runs, max_points, model->point);
	for (int64 i = 0; all && i < n_points; i++)
	{
		upto += runs->count[i];
		model->point[i].value = runs->value[i];
		model->point[i].upto = upto;
		POLL_EVERY(i);
	}
	model->min = model->point[0].value;
	model->max = model->point[n_points - 1].value;
	ScaleModelSeal(model);
	return model;
}
