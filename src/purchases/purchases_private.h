/*
 * purchases_private.h
 *		Bytes of the two forms; only for the files that read or change them.
 */
#ifndef CUSTSEG_PURCHASES_PRIVATE_H
#define CUSTSEG_PURCHASES_PRIVATE_H

#include "purchases/purchases.h"

/* flags; the first two are used in both forms, the last in one each */
#define PURCHASES_COST_UNKNOWN	0x01
#define PURCHASES_WIDE			0x02	/* working form: sums have 128 bits */
#define PURCHASES_FAR_DAYS		0x08	/* working form: days have 32 bits */
#define PURCHASES_BIG			0x04	/* packed form: sums are decimal text */

struct PurchaseState
{
	int32		vl_len_;
	uint8		form;
	uint8		flags;
	uint8		scale;			/* of spend, refunds and first */
	uint8		cost_scale;
	int32		n_days;
	int32		n_sorted;
	uint32		orders;
	int32		newest;			/* the last element of the days */
	union
	{
		int64		narrow[N_SUMS];
		int128		wide[N_SUMS];
	}			sums;			/* the days follow what is used of this */
};

StaticAssertDecl(offsetof(struct PurchaseState, sums) == 24,
				 "the working form has no gaps");

static inline bool
PurchasesIsWorking(const PurchaseState *s)
{
	return (s->form & PURCHASES_WORKING) != 0;
}

/* Room for n_days days. */
static inline void
PurchasesMakeDays(Purchases *p)
{
	p->days = p->n_days <= FEW_DAYS ? p->few_days :
		palloc_extended(p->n_days * sizeof(int32), MCXT_ALLOC_HUGE);
}

/*
 * The sums with one scale for all money but the cost; false when one of them
 * has no 128-bit form.
 */
extern bool PurchasesCommonScale(const Purchases *p, Decimal *sums);

pg_noreturn extern void PurchasesCorrupted(void);

/* Opens an argument or a column's value; a corrupted one is an error. */
static inline void
PurchasesOpenValue(struct varlena *value, bool want_days, Purchases *p)
{
	if (!PurchasesUnpack(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value),
						 want_days, p))
		PurchasesCorrupted();
}

/* --- Of accessors.c, for other functions that read a summary ----------------- */

/* Days from `day` to as_of, which is finite and not before the last purchase, or an error (22023). */
extern int32 PurchasesDaysUntil(const Purchases *p, int32 day, int32 as_of);

/*
 * Mean value of the purchase days after the first, as numeric; refunds are not
 * deducted. Of a summary with at least two days.
 */
extern Datum PurchasesRepeatValue(const Purchases *p);

#endif							/* CUSTSEG_PURCHASES_PRIVATE_H */
