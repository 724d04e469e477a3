/*
 * cascade.h
 *		Core of waterfall: requests met one after the other until a budget is spent.
 */
#ifndef CUSTSEG_CASCADE_H
#define CUSTSEG_CASCADE_H

#include "allocation/divide.h"

typedef struct CascadeRows
{
	int32		n;				/* in the order of their priority */
	DivideColumn request;		/* null: the row takes no part */
	DivideColumn base;			/* null: 0 */
	const bool *peer;			/* whether a row has the priority of the one before */
} CascadeRows;

/*
 * What is left for peers who cannot all have what they ask for; n is 0 where
 * there are none.
 */
typedef struct CascadeSplit
{
	int32		first;
	int32		n;
	int128		left;
} CascadeSplit;

/* What a row asks for beyond its base. */
static inline int128
CascadeWant(const CascadeRows *rows, int32 row)
{
	int128		request = DivideNumber(&rows->request, row);

	return request - Min(request, DivideNumber(&rows->base, row));
}

/*
 * Sets the amount of every row, -1 where it takes no part; rows of the split only
 * have their base yet.  DIVIDE_FLOORS_EXCEED with the sum of the bases where they
 * are more than the budget, DIVIDE_TOO_WIDE where that sum needs more than 127 bits.
 */
extern DivideStatus Cascade(const CascadeRows *rows, int128 budget, DivideAmounts *amounts,
							CascadeSplit *split, int128 *bases);

#endif							/* CUSTSEG_CASCADE_H */
