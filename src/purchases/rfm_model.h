/*
 * rfm_model.h
 *		The cut points of one RFM run, as a value.
 */
#ifndef CUSTSEG_RFM_MODEL_H
#define CUSTSEG_RFM_MODEL_H

#include "common/core.h"
#include "common/measures.h"
#include "scoring/breaks.h"

#define MIN_RFM_CLASSES		2
#define MAX_RFM_CLASSES		9	/* a cell shows each score as one digit */

extern const char *const rfm_measure_names[N_MEASURES];

/* The SQL type rfm_model: a varlena of fixed size. */
typedef struct RfmModel
{
	int32		vl_len_;
	uint8		version;
	uint8		classes;
	uint8		method;
	uint8		n_breaks[N_MEASURES];	/* at most classes - 1 each */
	uint8		unused[2];
	int32		as_of;			/* of the fit; days since 2000-01-01 */
	int64		customers;		/* that it was fitted on */
	double		breaks[N_MEASURES][MAX_RFM_CLASSES - 1];
} RfmModel;

#define RFM_MODEL_VERSION	1

extern RfmModel *RfmModelCreate(int classes, BreaksMethod method, int32 as_of,
								int64 customers);

/* A value that was given or stored; an error when its version is another. */
extern RfmModel *RfmModelOpen(struct varlena *value);

/* The method of a name, or an error (22023). */
extern BreaksMethod BreaksMethodByName(const char *name);

#endif							/* CUSTSEG_RFM_MODEL_H */
