/*
 * segment_model_data.h
 *		The bytes of a segment_model, for src/tiering only.
 *
 * The layout is drawn at the head of segment_model.c.
 */
#ifndef CUSTSEG_SEGMENT_MODEL_DATA_H
#define CUSTSEG_SEGMENT_MODEL_DATA_H

#include "common/binary.h"
#include "tiering/segment_grid.h"
#include "tiering/segment_model.h"

#define SEGMENT_MODEL_VERSION 1

struct SegmentModel
{
	int32		vl_len_;
	uint8		version;
	uint8		breaks;			/* a BreaksMethod */
	uint16		reserved;		/* 0 */
	int32		classes[N_MEASURES];	/* 0: not used */
	int32		n_segments;
	int32		data[FLEXIBLE_ARRAY_MEMBER];
};

/* Bytes without NUL, in the encoding of the database. */
typedef struct SegmentName
{
	const char *bytes;
	int			length;
} SegmentName;

/* Everything that a model consists of. cells has SegmentCellCount elements. */
typedef struct SegmentParts
{
	SegmentName name;
	int			breaks;
	int			classes[N_MEASURES];
	int			n_segments;
	SegmentName *segment;
	int16	   *cells;
} SegmentParts;

/* How breaks are fitted; a model has the index. */

/*
 * What is wrong, as a sentence for errdetail, or NULL. *sqlstate is set only
 * when a limit is exceeded (54000), else the caller's own code stands.
 * Checked before anything is allocated for the cells or the segments.
 */
extern const char *SegmentClassesFault(const int *classes, int *sqlstate);
extern const char *SegmentCountFault(int64 n_segments, int *sqlstate);

/*
 * The model of the parts, palloc'd; or NULL and *fault, as above, when they
 * break an invariant. parts->breaks must be valid.
 */
extern SegmentModel *SegmentModelMake(const SegmentParts *parts,
									  const char **fault, int *sqlstate);

/* The segmentation's own name (not NUL-terminated), and all its cells. */
extern const char *SegmentModelName(const SegmentModel *model, int *length);
extern int64 SegmentModelCells(const SegmentModel *model, const int16 **cells);

/* Stops when the model was written by a newer custseg. */
static inline void
SegmentModelCheckVersion(const SegmentModel *model)
{
	CheckStoredVersion("segment_model", model->version, SEGMENT_MODEL_VERSION);
}

#endif							/* CUSTSEG_SEGMENT_MODEL_DATA_H */
