/*
 * quantile_sketch.h
 *		The state of approx_quantile_breaks: a bounded summary of a column's ranks.
 *
 * A flat varlena:
 *
 *	 +--------+-----------------+------------------------------+-------+
 *	 | header | level[n_levels] | items of the highest level,  | slack |
 *	 |        |                 | ..., of level 1, of level 0  |       |
 *	 +--------+-----------------+------------------------------+-------+
 *
 * An item of level h is a value that stands for 2^h rows; level 0 is where
 * values come in.  The canonical form has sorted levels and no slack; that is
 * what leaves the aggregate.
 */
#ifndef CUSTSEG_QUANTILE_SKETCH_H
#define CUSTSEG_QUANTILE_SKETCH_H

#include "scoring/breaks.h"

#define QUANTILE_SKETCH_VERSION 1

#define MIN_RANK_ERROR 1e-6
#define MAX_RANK_ERROR 0.5

/* An item of the last one stands for 2^62 rows. */
#define MAX_SKETCH_LEVELS 63

typedef struct SketchLevel
{
	/* compactions that moved ranks up (low items stayed), and down */
	int64		n_low;
	int64		n_high;
	int64		n_items;
} SketchLevel;

typedef struct QuantileSketch
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		n_levels;		/* 1 or more */
	uint16		classes;		/* argument of the aggregate; 0: none */
	double		rank_error;		/* argument of the aggregate */
	double		lowest;
	double		highest;
	int64		total;			/* rows */
	int64		n_items;
	int64		n_full;			/* items that fit, and that level 0 may get to */
	SketchLevel level[FLEXIBLE_ARRAY_MEMBER];
} QuantileSketch;

/* A sketch taken apart. */
typedef struct SketchParts
{
	uint16		classes;
	double		rank_error;
	double		lowest;
	double		highest;
	int64		total;
	int			n_levels;
	SketchLevel level[MAX_SKETCH_LEVELS];
	double	   *items[MAX_SKETCH_LEVELS];
	bool		own[MAX_SKETCH_LEVELS]; /* items are palloc'd, not the state's */
} SketchParts;

/* Items of a level that are compacted, at least; even. */
extern int64 SketchCompacts(double rank_error, int level);

/* With so many items a level is full. */
static inline int64
SketchLimit(double rank_error, int level)
{
	int64		items = SketchCompacts(rank_error, level);

	return items + items / 4;
}

/* A sketch of one value, which is no NaN and not -0. */
extern QuantileSketch *SketchMake(int classes, double rank_error, double x);

/* An error unless the bytes are a sketch that this version can read. */
extern void SketchCheck(const QuantileSketch *sketch);

/*
 * Each changes `sketch` in place, or returns a larger one made in the current
 * memory context; the old one is not freed.
 */
extern QuantileSketch *SketchAdd(QuantileSketch *sketch, double x);
extern QuantileSketch *SketchCombine(QuantileSketch *sketch,
									 const QuantileSketch *other);

/* Takes a sketch apart, with every level sorted, in memory of its own. */
extern void SketchSortedParts(const QuantileSketch *sketch, SketchParts *parts);

/* A sketch without slack. Frees the items of the parts. */
extern QuantileSketch *SketchOfParts(SketchParts *parts);

/* The proven bound on the error of a rank, in rows. */
extern int64 SketchRankError(const QuantileSketch *sketch);

/* As QuantileBreaks, each break of a rank that is wrong by at most that. */
extern int	SketchBreaks(const QuantileSketch *sketch, int classes, double *breaks);

#endif							/* CUSTSEG_QUANTILE_SKETCH_H */
