/*
 * topsis_model.h
 *		What TOPSIS has learnt, as a value.
 */
#ifndef CUSTSEG_TOPSIS_MODEL_H
#define CUSTSEG_TOPSIS_MODEL_H

#include "common/core.h"
#include "scoring/weighting.h"

#define TOPSIS_MODEL_VERSION 1

/* The SQL type topsis_model. */
typedef struct TopsisModel
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		unused;
	uint16		n_columns;
	int64		n_rows;			/* that it was fitted on */
	double		data[FLEXIBLE_ARRAY_MEMBER];	/* TOPSIS_ARRAYS times n_columns */
} TopsisModel;

#define TOPSIS_ARRAYS 4

extern const char *const topsis_array_names[TOPSIS_ARRAYS];

/* An empty model; the arrays are for the caller to fill. */
extern TopsisModel *TopsisModelMake(int n_columns, int64 n_rows);

/* Points into the model. */
extern Topsis TopsisModelArrays(const TopsisModel *model);

/* A value that was given or stored; an error unless this version can read it. */
extern TopsisModel *TopsisModelOpen(struct varlena *value);

#endif							/* CUSTSEG_TOPSIS_MODEL_H */
