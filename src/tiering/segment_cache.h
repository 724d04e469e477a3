/*
 * segment_cache.h
 *		Models that a call site keeps between calls, for src/tiering only.
 */
#ifndef CUSTSEG_SEGMENT_CACHE_H
#define CUSTSEG_SEGMENT_CACHE_H

#include "fmgr.h"

#include "tiering/segment_model_data.h"

/*
 * The model in argument arg, ready to read: valid until the next call of the
 * same call site with another model.
 */
extern const SegmentModel *SegmentModelArgument(FunctionCallInfo fcinfo, int arg);

/*
 * The model of the segmentation named by text argument arg, as the active
 * snapshot shows it: valid until the next call of the same call site.
 */
extern const SegmentModel *SegmentModelNamed(FunctionCallInfo fcinfo, int arg);

#endif							/* CUSTSEG_SEGMENT_CACHE_H */
