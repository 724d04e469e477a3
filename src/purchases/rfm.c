/*
 * rfm.c
 *		The bulk functions rfm and rfm_fit: from orders to scores and segments.
 *
 * The orders are summarised once. A first scan over the customers collects
 * the three measures and fits the breaks, unless a model is given; a second
 * one scores and writes the rows. Breaks are fitted on float8, as the
 * composable form (balanced_breaks, score) does, so both agree to the last
 * digit. A customer without a purchase (refunds only) has no recency, and a
 * frequency of 0 that takes no part in the fit: a handful of them would shift
 * the scores of all others. Both score 1.
 *
 * Memory: beside the table of customers, the fit takes 24 bytes per customer
 * for the values and up to 56 per distinct value of one measure at a time.
 */
#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "purchases/orders.h"
#include "purchases/rfm_model.h"
#include "scoring/breaks.h"
#include "tiering/segment_model.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#define ROWS_PER_RESET	256		/* of the memory that rows leave behind */

/* --- Measures ----------------------------------------------------------------- */

typedef struct Column
{
	double	   *values;
	int64		n;
	Decimal		sum;			/* exact, for the mean */
} Column;

typedef struct Measures
{
	DateADT		as_of;
	bool		want_sums;
	int64		customers;
	int64		capacity;
	Column		column[N_MEASURES];
	MemoryContext context;		/* of values and sums */
	MemoryContext scratch;		/* numerics on the way; reset now and then */
} Measures;

static void
AddValue(Measures *m, Measure which, double value, const Decimal *exact)
{
	Column	   *c = &m->column[which];

	c->values[c->n++] = value;
	if (m->want_sums)
	{
		struct NumericData *before = c->sum.big;

		c->sum = DecimalSum(&c->sum, exact);
		if (c->sum.big != NULL)
		{
			/* out of scratch */
			Size		size = VARSIZE(c->sum.big);

			c->sum.big = memcpy(MemoryContextAlloc(m->context, size),
								c->sum.big, size);
		}
		if (before != NULL)
			pfree(before);
	}
}

static void
CollectMeasures(const GroupKey *key, void *state, void *arg)
{
	Measures   *m = arg;
	MemoryContext old = MemoryContextSwitchTo(m->scratch);
	Purchases	p;
	Decimal		exact;

	PurchasesOpenState(state, false, &p);
	if (m->customers == m->capacity)
	{
		m->capacity *= 2;
		for (int i = 0; i < N_MEASURES; i++)
			m->column[i].values = repalloc_huge(m->column[i].values,
												m->capacity * sizeof(double));
	}
	m->customers++;
	if (p.n_days > 0)
	{
		exact = DecimalFromInt(m->as_of - p.last_day);
		AddValue(m, RECENCY, m->as_of - p.last_day, &exact);
		exact = DecimalFromInt(p.n_days);
		AddValue(m, FREQUENCY, p.n_days, &exact);
	}
	AddValue(m, MONETARY, DecimalToFloat8(&p.sums[SUM_SPEND]), &p.sums[SUM_SPEND]);
	MemoryContextSwitchTo(old);
	if (m->customers % ROWS_PER_RESET == 0)
		MemoryContextReset(m->scratch);
}

static void
InitMeasures(Measures *m, DateADT as_of, bool want_sums)
{
	m->as_of = as_of;
	m->want_sums = want_sums;
	m->customers = 0;
	m->capacity = 4096;
	m->context = CurrentMemoryContext;
	m->scratch = AllocSetContextCreate(CurrentMemoryContext, "custseg scratch",
									   ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < N_MEASURES; i++)
	{
		m->column[i].values = palloc(m->capacity * sizeof(double));
		m->column[i].n = 0;
		m->column[i].sum = DecimalFromInt(0);
	}
}

/* --- Fit ------------------------------------------------------------------------ */

/* The mean as avg() of the numeric column gives it, cast to float8. */
static double
Mean(const Column *c)
{
	Datum		n = NumericGetDatum(int64_to_numeric(c->n));
	Datum		mean = DirectFunctionCall2(numeric_div,
										   NumericGetDatum(DecimalToNumeric(&c->sum)), n);

	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, mean));
}

static int
FitColumn(Column *c, int classes, BreaksMethod method, double *breaks)
{
	ValueRuns	runs;
	int			n = 0;

	if (c->n == 0)
		return 0;
	SortFloats(c->values, c->n);
	if (method == MEAN)
	{
		/* no break where nothing lies above it */
		breaks[0] = Mean(c);
		return breaks[0] < c->values[c->n - 1] ? 1 : 0;
	}
	runs = RunsOfSorted(c->values, c->n);
	n = method == BALANCED ? BalancedBreaks(&runs, classes, breaks) :
		QuantileBreaks(&runs, classes, breaks);
	pfree(runs.value);
	pfree(runs.count);
	return n;
}

/* last: nobody reads the orders again. */
static RfmModel *
Fit(Orders *orders, bool last, DateADT as_of, int classes, BreaksMethod method)
{
	Measures	m;
	RfmModel   *model;

	InitMeasures(&m, as_of, method == MEAN);
	GroupTableScan(orders->customers, last, CollectMeasures, &m);
	MemoryContextDelete(m.scratch);
	model = RfmModelCreate(classes, method, as_of, m.customers);
	for (int i = 0; i < N_MEASURES; i++)
	{
		int			n = FitColumn(&m.column[i], classes, method, model->breaks[i]);

		pfree(m.column[i].values);
		model->n_breaks[i] = n;
		if (n < classes - 1 && m.customers > 0)
			ereport(NOTICE,
					(n == 0 ?
					 errmsg("%s makes no classes: all its scores are 1",
							rfm_measure_names[i]) :
					 errmsg("%s makes %d instead of %d classes: its scores are 1 to %d",
							rfm_measure_names[i], n + 1, classes, n + 1),
					 errdetail("It has too few distinct values.")));
	}
	return model;
}

/* --- Apply ---------------------------------------------------------------------- */

#define CELLS	(MAX_RFM_CLASSES * MAX_RFM_CLASSES * MAX_RFM_CLASSES)

typedef struct Scoring
{
	Orders	   *orders;
	const RfmModel *model;
	DateADT		as_of;
	Oid			result_key;
	Tuplestorestate *store;
	TupleDesc	desc;
	MemoryContext row_context;
	int			rows_since_reset;
	Datum		cell[CELLS];
	Datum		segment[CELLS]; /* 0: a hole */
} Scoring;

static inline int
CellIndex(int r, int f, int m)
{
	return ((r - 1) * MAX_RFM_CLASSES + f - 1) * MAX_RFM_CLASSES + m - 1;
}

/* The texts of all cells, and their segments, are made once. */
static void
PrepareCells(Scoring *s, const SegmentModel *segments)
{
	int			classes = s->model->classes;
	int			n_segments = segments ? SegmentModelCount(segments) : 0;
	Datum	   *names = palloc(n_segments * sizeof(Datum) + 1);

	for (int i = 0; i < n_segments; i++)
	{
		int			length;
		const char *name = SegmentModelSegment(segments, i, &length);

		names[i] = PointerGetDatum(cstring_to_text_with_len(name, length));
	}
	for (int r = 1; r <= classes; r++)
		for (int f = 1; f <= classes; f++)
			for (int m = 1; m <= classes; m++)
			{
				int			at = CellIndex(r, f, m);
				int			segment = segments ?
					SegmentModelLookup(segments, r, f, m) : -1;

				s->cell[at] = CStringGetTextDatum(psprintf("%d%d%d", r, f, m));
				s->segment[at] = segment < 0 ? (Datum) 0 : names[segment];
			}
}

static int
ScoreBy(const RfmModel *model, Measure which, double value)
{
	return ScoreOf(value, model->breaks[which], model->n_breaks[which],
				   which == RECENCY);
}

static void
EmitScores(const GroupKey *key, void *state, void *arg)
{
	Scoring    *s = arg;
	MemoryContext old = MemoryContextSwitchTo(s->row_context);
	Purchases	p;
	Datum		values[10];
	bool		nulls[10] = {false};
	int			r = 1;			/* who never bought scores lowest */
	int			f;
	int			m;
	int			at;

	PurchasesOpenState(state, false, &p);
	values[0] = KeyDatum(key, s->orders->key_type, s->result_key);
	nulls[1] = nulls[2] = (p.n_days == 0);
	if (p.n_days > 0)
	{
		int32		recency = s->as_of - p.last_day;

		values[1] = DateADTGetDatum(p.last_day);
		values[2] = Int32GetDatum(recency);
		r = ScoreBy(s->model, RECENCY, recency);
	}
	f = ScoreBy(s->model, FREQUENCY, p.n_days);
	m = ScoreBy(s->model, MONETARY, DecimalToFloat8(&p.sums[SUM_SPEND]));
	at = CellIndex(r, f, m);
	values[3] = Int64GetDatum(p.n_days);
	values[4] = NumericGetDatum(DecimalToNumeric(&p.sums[SUM_SPEND]));
	values[5] = Int16GetDatum(r);
	values[6] = Int16GetDatum(f);
	values[7] = Int16GetDatum(m);
	values[8] = s->cell[at];
	values[9] = s->segment[at];
	nulls[9] = (s->segment[at] == (Datum) 0);
	tuplestore_putvalues(s->store, s->desc, values, nulls);
	MemoryContextSwitchTo(old);
	if (++s->rows_since_reset == ROWS_PER_RESET)
	{
		MemoryContextReset(s->row_context);
		s->rows_since_reset = 0;
	}
}

/* --- SQL functions --------------------------------------------------------------- */

static int
ClassesArgument(FunctionCallInfo fcinfo, int n)
{
	int32		classes;

	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"classes\" must not be NULL")));
	classes = PG_GETARG_INT32(n);
	if (classes < MIN_RFM_CLASSES || classes > MAX_RFM_CLASSES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("classes must be from %d to %d, not %d",
						MIN_RFM_CLASSES, MAX_RFM_CLASSES, classes),
				 errhint("A cell shows each score as one digit. For other numbers of classes use balanced_breaks and score.")));
	return classes;
}

/* The segmentation of a name, checked to have that many classes. */
static SegmentModel *
LoadSegments(const char *name, int classes)
{
	SegmentModel *model = SegmentModelLoad(name);
	const int32 *has = SegmentModelClasses(model);

	for (int i = 0; i < N_MEASURES; i++)
		if (has[i] != 0 && has[i] != classes)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("segmentation \"%s\" has %d classes of %s, not %d",
							name, has[i], rfm_measure_names[i], classes),
					 errhint("Pass classes => %d, another segmentation, or segmentation => NULL for scores only.",
							 has[i])));
	return model;
}

/*
 * Arguments from `first` on: orders, as_of, classes or model, segmentation,
 * time_zone.
 */
static Datum
Rfm(FunctionCallInfo fcinfo, int first, bool with_model)
{
	char	   *query = RequiredQuery(fcinfo, first, "orders");
	DateADT		as_of = RequiredAsOf(fcinfo, first + 1);
	char	   *segmentation = TextArgument(fcinfo, first + 3);
	SegmentModel *segments = NULL;
	BreaksMethod method = BALANCED;
	RfmModel   *model = NULL;
	int			classes;
	Scoring    *s = palloc0(sizeof(Scoring));

	if (with_model)
	{
		if (PG_ARGISNULL(first + 2))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"model\" must not be NULL"),
					 errhint("Make one with rfm_fit.")));
		model = RfmModelOpen(PG_GETARG_VARLENA_P(first + 2));
		classes = model->classes;
	}
	else
		classes = ClassesArgument(fcinfo, first + 2);
	if (segmentation != NULL)
	{
		segments = LoadSegments(segmentation, classes);
		method = SegmentModelBreaks(segments);
		if (with_model && method == MEAN && model->method != MEAN)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("segmentation \"%s\" needs the means as breaks, and the model's breaks are %s",
							segmentation, breaks_method_names[model->method]),
					 errhint("Fit the model with rfm_fit(..., breaks => 'mean').")));
	}

	s->store = BeginResult(fcinfo, &s->desc);
	s->result_key = TupleDescAttr(s->desc, 0)->atttypid;
	s->as_of = as_of;
	s->orders = OrdersRead(query, TextArgument(fcinfo, first + 4), true, as_of,
						   s->result_key);
	s->model = with_model ? model : Fit(s->orders, false, as_of, classes, method);
	PrepareCells(s, segments);
	s->row_context = AllocSetContextCreate(CurrentMemoryContext, "custseg rows",
										   ALLOCSET_DEFAULT_SIZES);
	GroupTableScan(s->orders->customers, true, EmitScores, s);
	GroupTableDestroy(s->orders->customers);
	MemoryContextDelete(s->row_context);
	return (Datum) 0;
}

/* rfm(orders, as_of, classes, segmentation, time_zone) */
PG_FUNCTION_INFO_V1(custseg_rfm);
Datum
custseg_rfm(PG_FUNCTION_ARGS)
{
	return Rfm(fcinfo, 0, false);
}

PG_FUNCTION_INFO_V1(custseg_rfm_key);
Datum
custseg_rfm_key(PG_FUNCTION_ARGS)
{
	return Rfm(fcinfo, 1, false);
}

/* rfm(orders, as_of, model, segmentation, time_zone) */
PG_FUNCTION_INFO_V1(custseg_rfm_model);
Datum
custseg_rfm_model(PG_FUNCTION_ARGS)
{
	return Rfm(fcinfo, 0, true);
}

PG_FUNCTION_INFO_V1(custseg_rfm_model_key);
Datum
custseg_rfm_model_key(PG_FUNCTION_ARGS)
{
	return Rfm(fcinfo, 1, true);
}

/* rfm_fit(orders, as_of, classes, time_zone, breaks) */
PG_FUNCTION_INFO_V1(custseg_rfm_fit);
Datum
custseg_rfm_fit(PG_FUNCTION_ARGS)
{
	char	   *query = RequiredQuery(fcinfo, 0, "orders");
	DateADT		as_of = RequiredAsOf(fcinfo, 1);
	int			classes = ClassesArgument(fcinfo, 2);
	BreaksMethod	method = BreaksMethodByName(RequiredText(fcinfo, 4, "breaks"));
	Orders	   *orders;
	RfmModel   *model;

	if (method == MEAN && classes != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks => 'mean' makes 2 classes, not %d", classes),
				 errhint("Pass classes => 2.")));
	orders = OrdersRead(query, TextArgument(fcinfo, 3), true, as_of, InvalidOid);
	if (orders->n_rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no orders to fit a model on"),
				 errhint("The query in argument \"orders\" returns no row with a customer, a day and an amount.")));
	model = Fit(orders, true, as_of, classes, method);
	GroupTableDestroy(orders->customers);
	PG_RETURN_POINTER(model);
}
