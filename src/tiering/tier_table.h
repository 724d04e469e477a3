/*
 * tier_table.h
 *		The arguments of tier_table, read and checked.
 */
#ifndef CUSTSEG_TIER_TABLE_H
#define CUSTSEG_TIER_TABLE_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "scoring/scale_model.h"
#include "scoring/weighted.h"

/* Beside the kinds of scale. */
#define TABLE_SCALE_AUTOMATIC	(-1)	/* depends on the number of measures */
#define TABLE_SCALE_NONE		N_SCALE_KINDS

typedef struct TierTableOptions
{
	const Weights *weights;		/* NULL at first: all equal */
	int			scale;			/* a ScaleKind, or one of the above */
	bool	   *descending;		/* NULL: none */
	int			n_descending;
	MissingRule missing;
	double	   *shares;
	int			n_shares;		/* 0: no classes */
	Datum	   *classes;		/* n_shares + 1 texts */
	Datum	   *bands;			/* texts, lowest first; NULL: no bands */
	int			n_bands;
} TierTableOptions;

/* Arguments from `first` on: weights, normalise, ..., bands. */
extern void TierTableReadOptions(FunctionCallInfo fcinfo, int first,
								 TierTableOptions *options);

/* What depends on the number of measures; settles AUTOMATIC. */
extern void TierTableCheckMeasures(TierTableOptions *options, int n_measures);

#endif							/* CUSTSEG_TIER_TABLE_H */
