/*
 * scale_model.h
 *		How a measure is brought to a common scale: fitted models and their use.
 *
 * Definitions are in docs/scores.md.
 */
#ifndef CUSTSEG_SCALE_MODEL_H
#define CUSTSEG_SCALE_MODEL_H

#include "scoring/breaks.h"
#include "scoring/value_index.h"

/* The numbers are stored. */
typedef enum ScaleKind
{
	SCALE_MINMAX, SCALE_ZSCORE, SCALE_PERCENTILE, N_SCALE_KINDS
} ScaleKind;

extern const char *const scale_kind_names[N_SCALE_KINDS];

/* A value of the data, and the rows with this value or a lower one. */
typedef struct ScalePoint
{
	double		value;
	int64		upto;
} ScalePoint;

/*
 * The SQL type scale_model.  Equal models have equal bytes.  Of two models that
 * differ in their points only, the digests differ: it is computed whenever a
 * model is made, and never taken from outside.
 */
typedef struct ScaleModel
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		kind;
	uint8		has_bounds;		/* values were and are moved to min..max */
	uint8		unused;
	int32		n_points;		/* of percentile, otherwise 0 */
	int32		max_points;		/* asked for; 0: all */
	int64		n;				/* rows, > 0 */
	double		lower;			/* bounds as fractions; 0 without */
	double		upper;
	double		min;			/* of the values after they were moved */
	double		max;
	double		mean;			/* of zscore, otherwise 0 */
	double		deviation;
	uint64		digest[2];		/* of the points */
	ScalePoint	point[FLEXIBLE_ARRAY_MEMBER];
} ScaleModel;

#define SCALE_MODEL_VERSION 1

/* With these, a model is 960 MB. */
#define MAX_SCALE_POINTS 60000000

#define SizeOfScaleModel(n_points) \
	(offsetof(ScaleModel, point) + (Size) (n_points) * sizeof(ScalePoint))

/* A model with room for its points, all zero; the caller fills it in. */
extern ScaleModel *ScaleModelMake(ScaleKind kind, int64 n_points);

/* What is wrong with a model that came in, or NULL.  Reads all points. */
extern const char *ScaleModelFault(const ScaleModel *model);

/* An error unless the bytes are a model that this version can read. */
extern void ScaleModelCheck(const ScaleModel *model);

/* Fits; none of them changes its input.  runs has at least one row. */
extern ScaleModel *MinmaxFromRange(int64 n, double min, double max);
extern ScaleModel *PercentilesFromRuns(const ValueRuns *runs, int max_points);
extern ScaleModel *MinmaxFromRuns(const ValueRuns *runs);
extern ScaleModel *ZscoreFromRuns(const ValueRuns *runs);

struct ExactSum;
extern ScaleModel *ZscoreFromSums(int64 n, double min, double max,
								  const struct ExactSum *sum,
								  const struct ExactSum *squares);

/* Moves what is below or above the bounds of these quantiles to the bounds. */
extern ValueRuns WinsorisedRuns(const ValueRuns *runs, double lower, double upper);

/* --- Use ------------------------------------------------------------------ */

/* A model made ready for many values. */
typedef struct Scale
{
	const ScaleModel *model;
	ValueIndex	points;			/* of percentile */
} Scale;

/* Keeps the model, which must live as long. */
extern Scale *ScaleMake(const ScaleModel *model);

/* x is no NaN; for minmax and zscore it is finite.  The result of zscore can be infinite. */
extern double MinmaxOf(const Scale *scale, double x, bool descending);
extern double ZscoreOf(const Scale *scale, double x, bool descending);
extern double PercentileOf(const Scale *scale, double x, bool descending);

#endif							/* CUSTSEG_SCALE_MODEL_H */
