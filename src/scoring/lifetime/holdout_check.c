/*
 * holdout_check.c
 *		The bulk function holdout_check: what a model that sees the orders up
 *		to a day predicts for the time after it, against what was bought then.
 *
 * The orders are read once, up to the end of the holdout, and keep their days.
 * The days up to the end of the calibration period make the history of a
 * customer, which is fitted; the later ones are what is predicted. Order lines
 * are netted on each side apart, so the fit knows nothing of what came later.
 *
 * Predictions are added exactly, so the result does not depend on the order
 * in which the table of customers hands them out.
 */
#include "scoring/lifetime/lifetime_orders.h"

#include <math.h>

#include "common/exact_sum.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

/* Repeat purchases in the calibration period: 0 to 6, 7 or more; and all customers. */
#define MOST_REPEATS	7
#define TOTAL			(MOST_REPEATS + 1)
#define N_GROUPS		(TOTAL + 1)

typedef struct HoldoutGroup
{
	int64		customers;
	int64		actual;
	ExactSumSpace predicted;
	ExactSumSpace distance;		/* |predicted - actual| */
	ExactSumSpace square;
} HoldoutGroup;

typedef struct Holdout
{
	DateADT		calibration_end;
	DateADT		end;
	double		horizon;		/* the same time in units */
	LifetimeCollection collection;
	const LifetimeModel *model;
	DateADT		last_day;		/* of all purchases */
	HoldoutGroup group[N_GROUPS];
	MemoryContext row_context;
	int			rows_since_reset;
} Holdout;

/* --- Customers ---------------------------------------------------------------- */

/*
 * Cuts a summary with its days off at the end of the calibration period;
 * returns the number of purchase days after it.
 */
static int32
CutOff(Purchases *p, DateADT calibration_end)
{
	int32		all = p->n_days;
	int32		low = 0;
	int32		high = all;

	while (low < high)
	{
		int32		middle = low + (high - low) / 2;

		if (p->days[middle] <= calibration_end)
			low = middle + 1;
		else
			high = middle;
	}
	p->n_days = low;
	if (low > 0)
		p->last_day = p->days[low - 1];
	return all - low;
}

static void
EndRow(Holdout *h, MemoryContext old)
{
	MemoryContextSwitchTo(old);
	if (++h->rows_since_reset == ROWS_PER_RESET)
	{
		MemoryContextReset(h->row_context);
		h->rows_since_reset = 0;
	}
}

static void
CollectCalibration(const GroupKey *key, void *state, void *arg)
{
	Holdout    *h = arg;
	MemoryContext old = MemoryContextSwitchTo(h->row_context);
	Purchases	p;

	PurchasesOpenState(state, true, &p);
	if (p.n_days > 0)
		h->last_day = Max(h->last_day, p.last_day);
	CutOff(&p, h->calibration_end);
	if (p.n_days > 0)
		LifetimeCollect(&h->collection, &p);
	EndRow(h, old);
}

static void
AddPrediction(HoldoutGroup *g, double predicted, int32 actual)
{
	double		error = predicted - actual;

	g->customers++;
	g->actual += actual;
	ExactSumAdd(&g->predicted.sum, predicted);
	ExactSumAdd(&g->distance.sum, fabs(error));
	ExactSumAddProduct(&g->square.sum, error, error);
}

static void
PredictHoldout(const GroupKey *key, void *state, void *arg)
{
	Holdout    *h = arg;
	MemoryContext old = MemoryContextSwitchTo(h->row_context);
	const LifetimeModel *model = h->model;
	Purchases	p;
	LifetimeHistory history;
	int32		actual;

	custseg_poll();
	PurchasesOpenState(state, true, &p);
	actual = CutOff(&p, h->calibration_end);
	if (LifetimeHistoryOfPurchases(&p, h->calibration_end, model->unit, &history))
	{
		double		predicted = lifetime_kind_ops[model->kind]->expected_purchases(model->parameter,
																				   &history, h->horizon);

		if (isinf(predicted))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a customer is predicted to buy more often than double precision can tell"),
					 errhint("Use a shorter horizon.")));
		AddPrediction(&h->group[Min(p.n_days - 1, MOST_REPEATS)], predicted, actual);
		AddPrediction(&h->group[TOTAL], predicted, actual);
	}
	EndRow(h, old);
}

/* --- Result --------------------------------------------------------------------- */

static double
SumAsFloat8(const ExactSumSpace *space)
{
	int			exponent;
	double		m = ExactSumFrexp(&space->sum, &exponent);

	return ldexp(m, exponent);
}

static void
EmitGroup(const Holdout *h, int i, Tuplestorestate *store, TupleDesc desc)
{
	const HoldoutGroup *g = &h->group[i];
	double		n = g->customers;
	double		predicted = SumAsFloat8(&g->predicted);
	bool		empty = g->customers == 0;
	Datum		values[9];
	bool		nulls[9] = {false};

	values[0] = CStringGetTextDatum(i == TOTAL ? "total" :
									psprintf(i == MOST_REPEATS ? "%d+" : "%d", i));
	values[1] = Int64GetDatum(g->customers);
	values[2] = Int64GetDatum(g->actual);
	values[3] = Float8GetDatum(predicted);
	values[6] = Float8GetDatum(predicted - g->actual);
	nulls[4] = nulls[5] = nulls[7] = nulls[8] = empty;
	if (!empty)
	{
		values[4] = Float8GetDatum(g->actual / n);
		values[5] = Float8GetDatum(predicted / n);
		values[7] = Float8GetDatum(SumAsFloat8(&g->distance) / n);
		values[8] = Float8GetDatum(sqrt(SumAsFloat8(&g->square) / n));
	}
	tuplestore_putvalues(store, desc, values, nulls);
}

/* --- SQL function ----------------------------------------------------------------- */

static char *
DateText(DateADT date)
{
	return DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(date)));
}

/* The last day of the holdout: the horizon in units, rounded to whole days. */
static DateADT
HoldoutEnd(DateADT calibration_end, double horizon, TimeUnit unit)
{
	double		days = rint(horizon * time_unit_days[unit]);

	if (!(days >= 1) || isinf(horizon))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon must be a finite number of %ss, at least one day, not %s",
						time_unit_names[unit], float8out_internal(horizon)),
				 errhint("It is the length of the time after calibration_end that is predicted.")));
	if (days > DATE_END_JULIAN - POSTGRES_EPOCH_JDATE - 1 - (double) calibration_end)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a horizon of %s %ss after %s is beyond the last date", float8out_internal(horizon),
						time_unit_names[unit], DateText(calibration_end)),
				 errhint("It is the length of the time after calibration_end that is predicted.")));
	return calibration_end + (int32) days;
}

/* Orders that end early look like customers who stopped buying. */
static void
CheckCoverage(const Holdout *h)
{
	int32		days = h->end - h->calibration_end;
	int32		silent = h->end - Max(h->last_day, h->calibration_end);

	if (silent > days / 10)
		ereport(NOTICE,
				(errmsg("there is no purchase on the last %d of the %d days of the holdout, which ends on %s",
						silent, days, DateText(h->end)),
				 errhint("When the orders do not reach that far, use an earlier calibration_end or a shorter horizon.")));
}

static void
FitCalibration(Holdout *h, Orders *orders, LifetimeKind kind, TimeUnit unit)
{
	LifetimeCollectionInit(&h->collection, kind, unit, h->calibration_end, false);
	h->last_day = PG_INT32_MIN;
	GroupTableScan(orders->customers, false, CollectCalibration, h);
	if (h->collection.customers == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no purchase up to calibration_end %s", DateText(h->calibration_end)),
				 errhint("The model is fitted on the purchases up to calibration_end.")));
	CheckCoverage(h);
	h->model = LifetimeFitPurchases(&h->collection, true);
}

/* holdout_check(orders, calibration_end, horizon, model, unit, time_zone) */
PG_FUNCTION_INFO_V1(custseg_holdout_check);
Datum
custseg_holdout_check(PG_FUNCTION_ARGS)
{
	char	   *query = RequiredQuery(fcinfo, 0, "orders");
	Holdout    *h = palloc0(sizeof(Holdout));
	double		horizon;
	LifetimeKind kind;
	TimeUnit	unit;
	OrdersPeriod period = {.has_end = true, .has_split = true};
	Orders	   *orders;
	Tuplestorestate *store;
	TupleDesc	desc;

	h->calibration_end = RequiredDay(fcinfo, 1, "calibration_end",
									 "It is the last day of the calibration period.");
	horizon = RequiredNumber(fcinfo, 2, "horizon");
	kind = PurchaseModelArgument(fcinfo, 3);
	unit = TimeUnitArgument(fcinfo, 4);
	h->end = HoldoutEnd(h->calibration_end, horizon, unit);
	h->horizon = (h->end - h->calibration_end) / time_unit_days[unit];
	for (int i = 0; i < N_GROUPS; i++)
	{
		ExactSumInit(&h->group[i].predicted.sum, EXACT_SUM_MAX);
		ExactSumInit(&h->group[i].distance.sum, EXACT_SUM_MAX);
		ExactSumInit(&h->group[i].square.sum, EXACT_SUM_MAX);
	}

	store = BeginResult(fcinfo, &desc);
	period.split = h->calibration_end;
	period.end = h->end;
	orders = OrdersReadPeriod(query, TextArgument(fcinfo, 5), &period, InvalidOid);
	h->row_context = AllocSetContextCreate(CurrentMemoryContext, "custseg rows",
										   ALLOCSET_DEFAULT_SIZES);
	FitCalibration(h, orders, kind, unit);
	GroupTableScan(orders->customers, true, PredictHoldout, h);
	GroupTableDestroy(orders->customers);
	for (int i = 0; i < N_GROUPS; i++)
		EmitGroup(h, i, store, desc);
	return (Datum) 0;
}
