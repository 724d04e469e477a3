/*
 * customer_purchases.c
 *		The bulk function customer_purchases(orders): one summary per customer.
 */
#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "purchases/customer_purchases.h"
#include "utils/memutils.h"

typedef struct Emission
{
	const Orders *orders;
	Oid			result_key;
	Tuplestorestate *store;
	TupleDesc	desc;
	Datum	   *values;			/* of a result row */
	bool	   *nulls;
	MemoryContext row_context;
	int64		n_customers;
} Emission;

static void
EmitCustomer(const GroupKey *key, void *state, void *arg)
{
	Emission   *e = arg;
	MemoryContext old = MemoryContextSwitchTo(e->row_context);
	Purchases	p;

	PurchasesOpenState(state, true, &p);
	e->values[0] = KeyDatum(key, e->orders->key_type, e->result_key);
	e->values[1] = PointerGetDatum(PurchasesDatum(&p));
	tuplestore_putvalues(e->store, e->desc, e->values, e->nulls);
	MemoryContextSwitchTo(old);
	if (++e->n_customers % 256 == 0)
		MemoryContextReset(e->row_context);
}

int64
CustomerPurchasesEmit(Orders *orders, Tuplestorestate *store, TupleDesc desc)
{
	Emission	e;

	e.orders = orders;
	e.result_key = TupleDescAttr(desc, 0)->atttypid;
	e.store = store;
	e.desc = desc;
	e.values = palloc0(desc->natts * sizeof(Datum));
	e.nulls = palloc(desc->natts * sizeof(bool));
	for (int i = 0; i < desc->natts; i++)
		e.nulls[i] = i > 1;
	e.n_customers = 0;
	e.row_context = AllocSetContextCreate(CurrentMemoryContext, "custseg row",
										  ALLOCSET_DEFAULT_SIZES);
	GroupTableScan(orders->customers, true, EmitCustomer, &e);
	GroupTableDestroy(orders->customers);
	MemoryContextDelete(e.row_context);
	return e.n_customers;
}

static Datum
CustomerPurchases(FunctionCallInfo fcinfo, int first)
{
	char	   *query = RequiredQuery(fcinfo, first, "orders");
	TupleDesc	desc;
	Tuplestorestate *store = BeginResult(fcinfo, &desc);

	CustomerPurchasesEmit(OrdersRead(query, TextArgument(fcinfo, first + 1), false, 0,
									 TupleDescAttr(desc, 0)->atttypid),
						  store, desc);
	return (Datum) 0;
}

/* customer_purchases(orders, time_zone) */
PG_FUNCTION_INFO_V1(custseg_customer_purchases);
Datum
custseg_customer_purchases(PG_FUNCTION_ARGS)
{
	return CustomerPurchases(fcinfo, 0);
}

/* customer_purchases(key, orders, time_zone) */
PG_FUNCTION_INFO_V1(custseg_customer_purchases_key);
Datum
custseg_customer_purchases_key(PG_FUNCTION_ARGS)
{
	return CustomerPurchases(fcinfo, 1);
}
