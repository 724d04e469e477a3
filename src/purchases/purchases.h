/*
 * purchases.h
 *		The summary of one customer's purchase history.
 *
 * The SQL type purchases is a varlena in one of two forms, told apart by its
 * first byte.
 *
 *	packed form (what is stored, sent and compared; see purchases_pack.c)
 *		byte 1 | flags | scales | counts and amounts as varints | days as gaps
 *
 *	working form (the state of an aggregate; changed in place)
 *		vl_len 4 | form (0x81) | flags | scale | scale of the cost
 *		n_days 4 | n_sorted 4
 *		orders 4 | the last element of the days 4
 *		spend, refunds, first day's amount, cost: 4 x int64 or 4 x int128
 *		days, 2 or 4 bytes each: ascending up to n_sorted, then as they came
 *		slack
 *
 * Sums that do not fit in 128 bits, and more than 4 billion orders, have no
 * working form: such a state stays packed and is unpacked and packed again for
 * each row. It is slow, and exact.
 */
#ifndef CUSTSEG_PURCHASES_H
#define CUSTSEG_PURCHASES_H

#include "common/core.h"
#include "common/decimal.h"

typedef enum PurchaseSum
{
	SUM_SPEND,					/* net: purchases less refunds */
	SUM_REFUNDS,				/* as a positive number */
	SUM_FIRST,					/* purchases of the first purchase day */
	SUM_COST,
	N_SUMS
} PurchaseSum;

#define FEW_DAYS	32

/*
 * A summary in the open, for all that is not done once per row. Not to be
 * copied: days may point into it.
 */
typedef struct Purchases
{
	int64		orders;
	Decimal		sums[N_SUMS];
	bool		cost_known;		/* a cost was given with every row */
	int32		n_days;
	int32		first_day;		/* undefined when n_days is 0 */
	int32		last_day;
	int32	   *days;			/* ascending; NULL when not asked for */
	int32		few_days[FEW_DAYS]; /* spares an allocation */
} Purchases;

/* One row of an orders table. */
typedef struct Purchase
{
	int32		day;			/* days since 2000-01-01, finite */
	bool		is_refund;		/* counts as money only, not as a purchase */
	bool		has_cost;
	Decimal		amount;
	Decimal		cost;			/* when has_cost */
} Purchase;

typedef struct PurchaseState PurchaseState;

#define PURCHASES_VERSION	1
#define PURCHASES_WORKING	0x80	/* added to the version in working form */

/*
 * Adds a row to a state, NULL to start one. Works in place where there is
 * room; otherwise the result is a new state in the current memory context and
 * the old one, left untouched, is the caller's to free.
 */
extern PurchaseState *PurchasesAdd(PurchaseState *state, const Purchase *row);

/* The same for a whole summary, in either form, of length bytes of content. */
extern PurchaseState *PurchasesMerge(PurchaseState *state,
									 const char *content, Size length);

/*
 * Opens either form. What is read is checked: an inconsistency makes the
 * result false, whatever the bytes. Without want_days the days between the
 * first and the last are not read.
 */
extern bool PurchasesUnpack(const char *content, Size length, bool want_days,
							Purchases *result);

/* What a stored value must satisfy beyond its syntax. */
extern bool PurchasesConsistent(const Purchases *p);

/*
 * Packs a state of either form into a palloc'd buffer, made larger as needed;
 * returns the number of bytes.
 */
extern Size PurchasesPackState(PurchaseState *state, char **buffer,
							   Size *capacity);

/* The same for the summary of a single row. */
extern Size PurchasesPackRow(const Purchase *row, char **buffer, Size *capacity);

/*
 * Reading a state without packing it, for the bulk functions. Days are put in
 * order first.
 */
extern void PurchasesOpenState(PurchaseState *state, bool want_days,
							   Purchases *result);

/* A new value of the SQL type in the packed form. */
extern struct varlena *PurchasesDatum(const Purchases *p);

#endif							/* CUSTSEG_PURCHASES_H */
