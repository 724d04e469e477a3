/*
 * partition.h
 *		The optimal partition of an ordered list into runs, in linear memory.
 */
#ifndef CUSTSEG_PARTITION_H
#define CUSTSEG_PARTITION_H

#include "common/core.h"

/*
 * Where the optimum divides positions low..high when `lower` classes lie
 * below the boundary and `upper` above it: the lowest boundary of an optimum.
 */
typedef int64 (*SplitFunction) (void *problem, int64 low, int64 high,
								int lower, int upper);

/*
 * Writes the classes - 1 inner boundaries of the lowest optimum to cuts,
 * ascending.  A boundary b divides positions < b from positions >= b.
 * 1 <= classes <= high - low.
 */
extern void PartitionRuns(SplitFunction split, void *problem,
						  int64 low, int64 high, int classes, int64 *cuts);

#endif							/* CUSTSEG_PARTITION_H */
