/*
 * partition.c
 *		The optimal partition of an ordered list into runs, in linear memory.
 *
 * A dynamic programme over m values and k classes would keep k m back
 * pointers (8 GB for a million values and a thousand classes).  Here only
 * costs are kept, one layer at a time, and the boundaries are found by
 * divide and conquer (D. S. Hirschberg, "A linear space algorithm for
 * computing maximal common subsequences", CACM 18(6), 1975): the costs of
 * k/2 classes from below and of k - k/2 classes from above meet in the middle
 * boundary of an optimum, and the two halves are solved for themselves.  The
 * halves together have as many positions as the whole and half the layers, so
 * the total is about twice the work of one pass over all layers.
 *
 * Ties.  The costs that are used here satisfy the quadrangle inequality
 *		w(a,c) + w(b,d) <= w(a,d) + w(b,c)		for a <= b <= c <= d.
 * Take two optima with boundaries p_1 < p_2 < ... and q_1 < q_2 < ... .  The
 * componentwise minimum and maximum are partitions into as many classes, and
 * by the inequality, applied to each pair of classes (p_i, p_i+1) and
 * (q_i, q_i+1), their costs sum to no more than those of the two optima: both
 * are optima.  So optima form a lattice, and there is a lowest one, P.
 * Its middle boundary is the lowest middle boundary of any optimum, which is
 * what the split function returns.  The halves of P are optimal for that
 * boundary, so the lowest optima of the halves are not above them; put
 * together, they cost the same as P, so they are not below P.  They are P.
 */
#include "scoring/partition.h"

void
PartitionRuns(SplitFunction split, void *problem,
			  int64 low, int64 high, int classes, int64 *cuts)
{
	int			lower = classes / 2;
	int			upper = classes - lower;
	int64		boundary;

	Assert(classes >= 1 && classes <= high - low);

	if (classes == 1)
		return;

	boundary = split(problem, low, high, lower, upper);
	Assert(boundary - low >= lower && high - boundary >= upper);

	PartitionRuns(split, problem, low, boundary, lower, cuts);
	cuts[lower - 1] = boundary;
	PartitionRuns(split, problem, boundary, high, upper, cuts + lower);
}
