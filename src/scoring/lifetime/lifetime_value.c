/*
 * lifetime_value.c
 *		The bulk functions lifetime_value and lifetime_fit: from orders to the
 *		future purchases and the value of each customer.
 *
 * The orders are summarised once. A first scan over the customers collects
 * the cells of both models and fits them, unless they are given; a second one
 * predicts and writes the rows. Both use the functions that the composable
 * form uses (bgnbd_fit, p_alive, clv, ...), so both agree to the last digit.
 *
 * Memory: beside the table of customers, the fit takes some 100 bytes per
 * distinct history and per distinct pair of number and mean value of the
 * repeat purchases.
 */
#include "scoring/lifetime/lifetime_orders.h"

#include <math.h>

#include "access/htup_details.h"
#include "scoring/lifetime/lifetime_predict.h"
#include "utils/memutils.h"

/* --- Apply ---------------------------------------------------------------------- */

enum
{
	CUSTOMER_ID, X, T_X, AGE, M_X, P_ALIVE, EXPECTED_PURCHASES, EXPECTED_SPEND, CLV,
	N_COLUMNS
};

typedef struct Valuation
{
	Orders	   *orders;
	const LifetimeModel *purchase_model;
	const LifetimeModel *spend_model;	/* NULL: none */
	DateADT		as_of;
	LifetimePrediction asked;	/* but for the history and the quantity */
	double		margin;
	int64		no_mean;		/* customers for whom the spend model has none */
	Oid			result_key;
	Tuplestorestate *store;
	TupleDesc	desc;
	MemoryContext row_context;
	int			rows_since_reset;
} Valuation;

/*
 * What a purchase is worth, and the value of the future ones. NULL without a
 * spend model; where it has no mean, which is counted; and where all repeat
 * purchases were free, which no such model can explain.
 */
static void
ValueSpend(Valuation *v, const LifetimePrediction *asked, double m_x, Datum *values, bool *nulls)
{
	double		x = asked->history.x;

	nulls[EXPECTED_SPEND] = nulls[CLV] = true;
	if (v->spend_model == NULL || (x > 0 && !(m_x > 0)))
		return;
	if (!isfinite(GammaGammaMean(v->spend_model->parameter, x, m_x)))
	{
		v->no_mean++;
		return;
	}
	values[EXPECTED_SPEND] = Float8GetDatum(SpendPredict(v->spend_model, x, m_x));
	values[CLV] = Float8GetDatum(ClvPredict(v->purchase_model, v->spend_model, asked, m_x, v->margin));
	nulls[EXPECTED_SPEND] = nulls[CLV] = false;
}

/* What is known of a customer, and what follows. */
static void
ValueCustomer(Valuation *v, const Purchases *p, Datum *values, bool *nulls)
{
	LifetimePrediction asked = v->asked;
	double		m_x = 0;

	/* refunds only: nothing is known but the name */
	if (!LifetimeHistoryOfPurchases(p, v->as_of, v->purchase_model->unit, &asked.history))
	{
		memset(nulls + 1, true, N_COLUMNS - 1);
		return;
	}
	values[X] = Int64GetDatum((int64) asked.history.x);
	values[T_X] = Float8GetDatum(asked.history.t_x);
	values[AGE] = Float8GetDatum(asked.history.age);
	nulls[M_X] = !RepeatValueOfPurchases(p, &m_x);
	values[M_X] = Float8GetDatum(m_x);
	asked.quantity = QUANTITY_P_ALIVE;
	values[P_ALIVE] = Float8GetDatum(LifetimePredict(v->purchase_model, &asked));
	asked.quantity = QUANTITY_PURCHASES;
	values[EXPECTED_PURCHASES] = Float8GetDatum(LifetimePredict(v->purchase_model, &asked));
	asked.quantity = QUANTITY_DISCOUNTED;
	ValueSpend(v, &asked, m_x, values, nulls);
}

static void
EmitValue(const GroupKey *key, void *state, void *arg)
{
	Valuation  *v = arg;
	MemoryContext old = MemoryContextSwitchTo(v->row_context);
	Purchases	p;
	Datum		values[N_COLUMNS] = {0};
	bool		nulls[N_COLUMNS] = {false};

	/* a discounted value takes its time */
	custseg_poll();
	PurchasesOpenState(state, false, &p);
	values[CUSTOMER_ID] = KeyDatum(key, v->orders->key_type, v->result_key);
	ValueCustomer(v, &p, values, nulls);
	tuplestore_putvalues(v->store, v->desc, values, nulls);
	MemoryContextSwitchTo(old);
	if (++v->rows_since_reset == ROWS_PER_RESET)
	{
		MemoryContextReset(v->row_context);
		v->rows_since_reset = 0;
	}
}

/* --- Fit ------------------------------------------------------------------------ */

static void
CollectCustomer(const GroupKey *key, void *state, void *arg)
{
	Purchases	p;

	PurchasesOpenState(state, false, &p);
	LifetimeCollect(arg, &p);
}

/* last: nobody reads the orders again. */
static void
FitModels(Orders *orders, bool last, LifetimeKind kind, TimeUnit unit, DateADT as_of, bool required,
		  LifetimeModel **purchase_model, LifetimeModel **spend_model)
{
	LifetimeCollection c;

	LifetimeCollectionInit(&c, kind, unit, as_of, true);
	GroupTableScan(orders->customers, last, CollectCustomer, &c);
	MemoryContextDelete(c.scratch);
	*purchase_model = LifetimeFitPurchases(&c, required);
	*spend_model = LifetimeFitSpend(&c);
}

/* --- SQL functions --------------------------------------------------------------- */

/* The two models of the arguments n and n + 1. */
static void
ModelArguments(FunctionCallInfo fcinfo, int n, Valuation *v)
{
	const LifetimeModel *model;

	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"purchase_model\" must not be NULL"),
				 errhint("Make one with lifetime_fit, or with one of the fit aggregates.")));
	model = LifetimeModelOpen(PG_GETARG_VARLENA_P(n), false);
	if (!IsPurchaseModelKind(model->kind))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lifetime_value does not serve a model of kind %s",
						lifetime_kind_ops[model->kind]->name),
				 errhint("It serves bgnbd, pareto_nbd and mbgnbd.")));
	if (model->unit == UNIT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the purchase model has no unit of time"),
				 errhint("Fit it with a unit: day, week, month or year.")));
	LifetimeModelRequireParameters(model);
	v->purchase_model = model;
	if (!PG_ARGISNULL(n + 1))
		v->spend_model = LifetimeModelOpen(PG_GETARG_VARLENA_P(n + 1), true);
}

static Compounding
CompoundingArgument(FunctionCallInfo fcinfo, int n)
{
	char	   *name = RequiredText(fcinfo, n, "compounding");

	return CompoundingByName(name, strlen(name));
}

/* A spend model without parameters predicts nothing. */
static void
DropUnidentifiedSpend(Valuation *v)
{
	if (v->spend_model == NULL || LifetimeModelHasParameters(v->spend_model))
		return;
	ereport(NOTICE,
			(errmsg("expected_spend and clv are NULL: the spend model is %s",
					lifetime_status_names[v->spend_model->status])));
	v->spend_model = NULL;
}

/*
 * Arguments from `first` on: orders, as_of, horizon, model and unit or two
 * models, discount, margin, compounding, time_zone.
 */
static Datum
LifetimeValue(FunctionCallInfo fcinfo, int first, bool with_models)
{
	char	   *query = RequiredQuery(fcinfo, first, "orders");
	Valuation  *v = palloc0(sizeof(Valuation));
	LifetimeKind kind = LIFETIME_BGNBD;
	TimeUnit	unit = UNIT_NONE;

	v->as_of = RequiredAsOf(fcinfo, first + 1);
	v->asked.horizon = RequiredNumber(fcinfo, first + 2, "horizon");
	LifetimeCheckNumber("horizon", v->asked.horizon);
	if (with_models)
		ModelArguments(fcinfo, first + 3, v);
	else
	{
		kind = PurchaseModelArgument(fcinfo, first + 3);
		unit = TimeUnitArgument(fcinfo, first + 4);
	}
	v->asked.discount = RequiredNumber(fcinfo, first + 5, "discount");
	LifetimeCheckNumber("discount", v->asked.discount);
	v->margin = RequiredNumber(fcinfo, first + 6, "margin");
	LifetimeCheckNumber("margin", v->margin);
	v->asked.compounding = CompoundingArgument(fcinfo, first + 7);

	v->store = BeginResult(fcinfo, &v->desc);
	v->result_key = TupleDescAttr(v->desc, 0)->atttypid;
	v->orders = OrdersRead(query, TextArgument(fcinfo, first + 8), true, v->as_of,
						   v->result_key);
	if (!with_models && v->orders->n_rows > 0)
	{
		LifetimeModel *purchase_model;
		LifetimeModel *spend_model;

		FitModels(v->orders, false, kind, unit, v->as_of, true, &purchase_model, &spend_model);
		v->purchase_model = purchase_model;
		v->spend_model = spend_model;
	}
	DropUnidentifiedSpend(v);
	v->row_context = AllocSetContextCreate(CurrentMemoryContext, "custseg rows",
										   ALLOCSET_DEFAULT_SIZES);
	GroupTableScan(v->orders->customers, true, EmitValue, v);
	GroupTableDestroy(v->orders->customers);
	MemoryContextDelete(v->row_context);
	if (v->no_mean > 0)
		ereport(NOTICE,
				(errmsg("expected_spend and clv are NULL for " INT64_FORMAT " customers, for whom the spend model has no mean",
						v->no_mean)));
	return (Datum) 0;
}

/* lifetime_value(orders, as_of, horizon, model, unit, discount, margin, compounding, time_zone) */
PG_FUNCTION_INFO_V1(custseg_lifetime_value);
Datum
custseg_lifetime_value(PG_FUNCTION_ARGS)
{
	return LifetimeValue(fcinfo, 0, false);
}

PG_FUNCTION_INFO_V1(custseg_lifetime_value_key);
Datum
custseg_lifetime_value_key(PG_FUNCTION_ARGS)
{
	return LifetimeValue(fcinfo, 1, false);
}

/* lifetime_value(orders, as_of, horizon, purchase_model, spend_model, discount, margin, compounding, time_zone) */
PG_FUNCTION_INFO_V1(custseg_lifetime_value_model);
Datum
custseg_lifetime_value_model(PG_FUNCTION_ARGS)
{
	return LifetimeValue(fcinfo, 0, true);
}

PG_FUNCTION_INFO_V1(custseg_lifetime_value_model_key);
Datum
custseg_lifetime_value_model_key(PG_FUNCTION_ARGS)
{
	return LifetimeValue(fcinfo, 1, true);
}

/* lifetime_fit(orders, as_of, model, unit, time_zone) */
PG_FUNCTION_INFO_V1(custseg_lifetime_fit);
Datum
custseg_lifetime_fit(PG_FUNCTION_ARGS)
{
	char	   *query = RequiredQuery(fcinfo, 0, "orders");
	DateADT		as_of = RequiredAsOf(fcinfo, 1);
	LifetimeKind kind = PurchaseModelArgument(fcinfo, 2);
	TimeUnit	unit = TimeUnitArgument(fcinfo, 3);
	Orders	   *orders;
	LifetimeModel *purchase_model;
	LifetimeModel *spend_model;
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	orders = OrdersRead(query, TextArgument(fcinfo, 4), true, as_of, InvalidOid);
	if (orders->n_rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no orders to fit a model on"),
				 errhint("The query in argument \"orders\" returns no row with a customer, a day and an amount.")));
	FitModels(orders, true, kind, unit, as_of, false, &purchase_model, &spend_model);
	GroupTableDestroy(orders->customers);
	values[0] = PointerGetDatum(purchase_model);
	values[1] = PointerGetDatum(spend_model);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
