/*
 * customer_purchases.c
 *		The bulk function customer_purchases(orders): one summary per customer.
 */
#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "purchases/orders.h"
#include "utils/memutils.h"

typedef struct Emission
{
	Orders	   *orders;
	Oid			result_key;
	Tuplestorestate *store;
	TupleDesc	desc;
	MemoryContext row_context;
	int			rows_since_reset;
} Emission;

static void
EmitCustomer(const GroupKey *key, void *state, void *arg)
{
	Emission   *e = arg;
	MemoryContext old = MemoryContextSwitchTo(e->row_context);
	Purchases	p;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	PurchasesOpenState(state, true, &p);
	values[0] = KeyDatum(key, e->orders->key_type, e->result_key);
	values[1] = PointerGetDatum(PurchasesDatum(&p));
	tuplestore_putvalues(e->store, e->desc, values, nulls);
	MemoryContextSwitchTo(old);
	if (++e->rows_since_reset == 256)
	{
		MemoryContextReset(e->row_context);
		e->rows_since_reset = 0;
	}
}

static Datum
CustomerPurchases(FunctionCallInfo fcinfo, int first)
{
	char	   *query = RequiredQuery(fcinfo, first, "orders");
	Emission	e;

	e.store = BeginResult(fcinfo, &e.desc);
	e.result_key = TupleDescAttr(e.desc, 0)->atttypid;
	e.orders = OrdersRead(query, TextArgument(fcinfo, first + 1), false, 0,
						  e.result_key);
	e.rows_since_reset = 0;
	e.row_context = AllocSetContextCreate(CurrentMemoryContext, "custseg row",
										  ALLOCSET_DEFAULT_SIZES);
	GroupTableScan(e.orders->customers, true, EmitCustomer, &e);
	GroupTableDestroy(e.orders->customers);
	MemoryContextDelete(e.row_context);
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
