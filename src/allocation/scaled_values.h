/*
 * scaled_values.h
 *		Decimals as integers of one common scale.
 */
#ifndef CUSTSEG_SCALED_VALUES_H
#define CUSTSEG_SCALED_VALUES_H

#include "common/decimal.h"

/* The finest scale that values can be brought to. */
#define SCALED_MAX_SCALE	28

#define SCALED_BLOCK		65536

/* Values are value * 10^-scale, at most 2^62 as integers. */
typedef struct ScaledBlock
{
	int32		n;
	int			scale;
	int			shown_scale;	/* the largest scale that a value came with, up to SCALED_MAX_SCALE */
	int64		largest;		/* of the absolute values */
	int64		value[SCALED_BLOCK];
} ScaledBlock;

/* An empty block; memory comes from the current context. */
extern ScaledBlock *ScaledBlockCreate(void);

/* False when the value is too large for any scale.  The block must have room. */
extern bool ScaledBlockAdd(ScaledBlock *block, const Decimal *d);

/*
 * The common scale of all blocks: as many decimals as the values come with, or
 * the most with which the largest of them and the largest of added (NULL: none)
 * sum up to at most limit, which is below 2^62 / 10^3.  -1 when they do not fit
 * without decimals either.
 */
extern int	ScaledCommonScale(ScaledBlock *const *blocks, int64 n_blocks,
							  const ScaledBlock *added, int64 limit);

/* The integer at another scale, rounded half away from zero; the caller knows that it fits. */
extern int64 ScaledTo(int64 value, int from, int to);

#endif							/* CUSTSEG_SCALED_VALUES_H */
