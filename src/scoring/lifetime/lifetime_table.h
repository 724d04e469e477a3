/*
 * lifetime_table.h
 *		Cells of equal customers in a table that grows without being copied.
 *
 * The flat state of lifetime_state.h is copied each time it grows, twice in an
 * aggregate. This is the form for many cells, for as long as a fit reads rows.
 *
 *		cells	in blocks, in the order in which they came; never moved
 *		index	hash table: upper half of the hash | number of the cell from 1 on
 */
#ifndef CUSTSEG_LIFETIME_TABLE_H
#define CUSTSEG_LIFETIME_TABLE_H

#include "scoring/lifetime/lifetime_state.h"

#define LIFETIME_BLOCK_CELLS	32768	/* 1 MB */
#define MAX_LIFETIME_BLOCKS		(MAX_LIFETIME_CELLS / LIFETIME_BLOCK_CELLS)

/* Cells that wait while their places in the index are fetched into the cache. */
#define N_PENDING				32

typedef struct LifetimeTable
{
	MemoryContext context;		/* of all that follows */
	LifetimeState *head;		/* what a state has besides its cells */
	int64		n_cells;
	uint32		n_index;		/* a power of two, at most 3/4 taken */
	uint64	   *index;			/* 0: free */
	LifetimeCell *block[MAX_LIFETIME_BLOCKS];
	int			n_pending;
	uint64		pending_hash[N_PENDING];
	LifetimeCell pending[N_PENDING];
} LifetimeTable;

/* A table with the cells of a state. */
extern LifetimeTable *LifetimeTableOfState(const LifetimeState *state, MemoryContext context);

/* Adds customers to their cell; too many cells are an error (54000). */
extern void LifetimeTableAdd(LifetimeTable *table, const LifetimeHistory *history, double count);

/* Adds the customers of a state of the same kind and options. */
extern void LifetimeTableCombine(LifetimeTable *table, const LifetimeState *other);

/* The table as a state: its bytes, and the state in so many of them. */
extern Size LifetimeTableStateSize(LifetimeTable *table);
extern void LifetimeTableToState(LifetimeTable *table, LifetimeState *state);

/* The model that fits its cells. The table can take more afterwards. */
extern LifetimeModel *LifetimeTableFit(LifetimeTable *table);

#endif							/* CUSTSEG_LIFETIME_TABLE_H */
