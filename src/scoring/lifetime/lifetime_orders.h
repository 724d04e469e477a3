/*
 * lifetime_orders.h
 *		What the bulk functions of lifetime value share: from a table of
 *		purchase summaries to cells, and the models that fit them.
 */
#ifndef CUSTSEG_LIFETIME_ORDERS_H
#define CUSTSEG_LIFETIME_ORDERS_H

#include "purchases/orders.h"
#include "scoring/lifetime/lifetime_state.h"

#define ROWS_PER_RESET	256		/* of the memory that rows leave behind */

/* --- Arguments ---------------------------------------------------------------- */

/* Models of purchases at any time, for which a purchase summary is all it takes. */
static inline bool
IsPurchaseModelKind(int kind)
{
	return kind == LIFETIME_BGNBD || kind == LIFETIME_PARETO_NBD || kind == LIFETIME_MBGNBD;
}

/* bgnbd, pareto_nbd or mbgnbd; an error (22023) for all else. */
extern LifetimeKind PurchaseModelArgument(FunctionCallInfo fcinfo, int n);

/* The same for a unit of time that has a length. */
extern TimeUnit TimeUnitArgument(FunctionCallInfo fcinfo, int n);

/* --- Customers ---------------------------------------------------------------- */

/*
 * The mean value of the repeat purchases, as repeat_value() cast to float8
 * gives it; false when there are none. Leaves numerics behind.
 */
extern bool RepeatValueOfPurchases(const Purchases *p, double *m_x);

/*
 * Customers on their way into the cells of a model. Each is added in a context
 * that is reset now and then; the states live in the one that was current at
 * the start.
 */
typedef struct LifetimeCollection
{
	DateADT		as_of;
	LifetimeState *purchases;
	LifetimeState *spend;		/* NULL: not wanted */
	MemoryContext context;
	MemoryContext scratch;
	int64		customers;
} LifetimeCollection;

extern void LifetimeCollectionInit(LifetimeCollection *c, LifetimeKind kind, TimeUnit unit,
								   DateADT as_of, bool with_spend);
extern void LifetimeCollect(LifetimeCollection *c, const Purchases *p);

/* --- Models ------------------------------------------------------------------- */

/*
 * Each fits its cells, frees them, and says in a NOTICE what is not right. A
 * purchase model that is not identified is an error (22023) when required.
 */
extern LifetimeModel *LifetimeFitPurchases(LifetimeCollection *c, bool required);
extern LifetimeModel *LifetimeFitSpend(LifetimeCollection *c);

static inline bool
LifetimeModelHasParameters(const LifetimeModel *model)
{
	return model->status != LIFETIME_NOT_IDENTIFIED;
}

#endif							/* CUSTSEG_LIFETIME_ORDERS_H */
