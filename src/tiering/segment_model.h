/*
 * segment_model.h
 *		A segmentation as one value: the segment of every cell (r, f, m).
 */
#ifndef CUSTSEG_SEGMENT_MODEL_H
#define CUSTSEG_SEGMENT_MODEL_H

#include "common/core.h"
#include "common/measures.h"
#include "scoring/breaks.h"

/* Opaque: a flat varlena, made and read only in src/tiering. */
typedef struct SegmentModel SegmentModel;

/*
 * Reads the named segmentation with the rights of the caller. Inside an SPI
 * connection of its own; the result is palloc'd in the caller's context.
 * An unknown name is an error (22023).
 */
extern SegmentModel *SegmentModelLoad(const char *name);

/* Number of classes of each measure; 0 when the measure is not used. */
extern const int32 *SegmentModelClasses(const SegmentModel *model);

/* How the segmentation wants its breaks fitted. */
extern BreaksMethod SegmentModelBreaks(const SegmentModel *model);

/* Number of segments, and the name of segment 0..n-1 (not NUL-terminated). */
extern int	SegmentModelCount(const SegmentModel *model);
extern const char *SegmentModelSegment(const SegmentModel *model, int index,
									   int *length);

/*
 * The index of the segment of a cell, or -1 for a hole. A score of a measure
 * that is not used is ignored. Scores outside 1..classes are an error (22023).
 */
extern int	SegmentModelLookup(const SegmentModel *model, int r, int f, int m);

#endif							/* CUSTSEG_SEGMENT_MODEL_H */
