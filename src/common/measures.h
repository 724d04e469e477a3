/*
 * measures.h
 *		The three measures of RFM, in the order of a cell's digits.
 */
#ifndef CUSTSEG_MEASURES_H
#define CUSTSEG_MEASURES_H

typedef enum Measure
{
	RECENCY, FREQUENCY, MONETARY, N_MEASURES
} Measure;

#endif							/* CUSTSEG_MEASURES_H */
