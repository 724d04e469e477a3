/*
 * float_image.h
 *		Doubles as integers that order alike.
 */
#ifndef CUSTSEG_FLOAT_IMAGE_H
#define CUSTSEG_FLOAT_IMAGE_H

#include "common/core.h"

/*
 * The image orders as uint64 like the double does as a number: the sign bit is
 * flipped for positive numbers, all bits for negative ones.
 */
static inline uint64
ImageOfFloat(double x)
{
	uint64		bits;

	memcpy(&bits, &x, sizeof(bits));
	return (bits >> 63) ? ~bits : bits | (UINT64CONST(1) << 63);
}

static inline double
FloatOfImage(uint64 image)
{
	uint64		bits;
	double		x;

	bits = (image >> 63) ? image & ~(UINT64CONST(1) << 63) : ~image;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

#endif							/* CUSTSEG_FLOAT_IMAGE_H */
