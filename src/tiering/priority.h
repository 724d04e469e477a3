/*
 * priority.h
 *		Core of priorities: from criteria to scores and ranks.
 */
#ifndef CUSTSEG_PRIORITY_H
#define CUSTSEG_PRIORITY_H

#include "common/core.h"

/*
 * Compares two rows that are equal otherwise, by what the caller knows of them;
 * < 0 when a comes first.  NULL: they are equal.
 */
typedef int (*TieBreaker) (int32 a, int32 b, void *arg);

/*
 * The rank of each row, 1 for the first, by n_columns columns (row after row),
 * higher values first, and NaN, which stands for a missing value, last.  Equal
 * rows share a rank, and the ranks after it are left out.
 */
extern void PriorityRanks(const double *rows, int32 n_rows, int n_columns,
						  TieBreaker tie, void *arg, int32 *ranks);

/*
 * The weighted priority of each row.  Its first column is the boost, the others
 * are criteria with a weight each, NaN for a missing one.  A row without
 * criteria that count gets NaN.
 */
extern void WeightedPriorities(const double *rows, int32 n_rows, int n_criteria,
							   const double *weights, double *scores);

#endif							/* CUSTSEG_PRIORITY_H */
