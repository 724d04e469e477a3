/*
 * tier_table.c
 *		The bulk function tier_table: from measures of customers to score,
 *		class, band, share and rank.
 *
 * The query is read once. Customers and, where they must be put on a common
 * scale first, their measures go to a tuplestore, which a temporary file backs
 * when it is large; one number per customer, the score, stays in memory. The
 * scores are copied and sorted once (ranking.c), and the customers are then
 * read again in their order, with what the sorted list says about their score.
 *
 * A customer who comes twice would count twice in every rank and share, and
 * is most often a query over orders instead of customers: it is an error.
 *
 * Memory: 8 bytes per customer, 73 per distinct score, and for percentiles 16
 * per distinct value of each measure; the rest is in tuplestores and in the set
 * of keys, which respect work_mem.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "common/bulk_function.h"
#include "common/columns.h"
#include "common/exact_sum.h"
#include "common/key_set.h"
#include "common/user_query.h"
#include "miscadmin.h"
#include "scoring/scale_model.h"
#include "tiering/ranking.h"
#include "tiering/tier_table.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define ROWS_PER_RESET	256		/* of the memory that rows leave behind */
#define FIRST_CAPACITY	4096
#define FIND_BATCH		64

/* What the scale of one measure is fitted on. */
typedef struct MeasureFit
{
	int64		n;
	double		min;
	double		max;
	ExactSum   *sum;			/* for zscore */
	ExactSum   *squares;
	double	   *values;			/* for percentile */
	int64		capacity;
	Scale	   *scale;			/* when it is fitted; NULL: no value at all */
} MeasureFit;

typedef struct TierTable
{
	TierTableOptions options;
	UserQuery	query;
	Oid			result_key;
	int			n_measures;

	Tuplestorestate *customers; /* key, and the measures when they are scaled */
	TupleDesc	customer_desc;
	MeasureFit *fits;			/* of each measure; NULL: as they are */
	KeySet	   *keys;

	double	   *scores;			/* by customer; NaN for none */
	int64		n;
	int64		capacity;
	int64		no_customer;

	MemoryContext context;		/* of what lasts for the call */
	MemoryContext row_context;
	int			rows_since_reset;
} TierTable;

static void
RowDone(TierTable *t)
{
	if (++t->rows_since_reset == ROWS_PER_RESET)
	{
		MemoryContextReset(t->row_context);
		t->rows_since_reset = 0;
	}
}

static void
PushDouble(double **values, int64 n, int64 *capacity, double x)
{
	if (n == *capacity)
	{
		*capacity *= 2;
		*values = repalloc_huge(*values, *capacity * sizeof(double));
	}
	(*values)[n] = x;
}

/* --- Scales ------------------------------------------------------------------- */

static void
InitFit(MeasureFit *fit, ScaleKind kind)
{
	memset(fit, 0, sizeof(*fit));
	if (kind == SCALE_ZSCORE)
	{
		fit->sum = palloc(SizeOfExactSum(EXACT_SUM_MAX));
		fit->squares = palloc(SizeOfExactSum(EXACT_SUM_MAX));
		ExactSumInit(fit->sum, EXACT_SUM_MAX);
		ExactSumInit(fit->squares, EXACT_SUM_MAX);
	}
	if (kind == SCALE_PERCENTILE)
	{
		fit->capacity = FIRST_CAPACITY;
		fit->values = palloc(fit->capacity * sizeof(double));
	}
}

static void
AddToFit(MeasureFit *fit, double x)
{
	if (fit->n == 0 || x < fit->min)
		fit->min = x;
	if (fit->n == 0 || x > fit->max)
		fit->max = x;
	/* sums of EXACT_SUM_MAX limbs always have room */
	if (fit->sum != NULL &&
		!(ExactSumAdd(fit->sum, x) && ExactSumAddProduct(fit->squares, x, x)))
		elog(ERROR, "no room for a sum");
	if (fit->values != NULL)
		PushDouble(&fit->values, fit->n, &fit->capacity, x);
	fit->n++;
}

static void
FinishFit(MeasureFit *fit, ScaleKind kind)
{
	ScaleModel *model;
	ValueRuns	runs;

	if (fit->n == 0)
		return;
	switch (kind)
	{
		case SCALE_MINMAX:
			model = MinmaxFromRange(fit->n, fit->min, fit->max);
			break;
		case SCALE_ZSCORE:
			model = ZscoreFromSums(fit->n, fit->min, fit->max, fit->sum, fit->squares);
			break;
		default:
			SortFloats(fit->values, fit->n);
			runs = RunsOfSorted(fit->values, fit->n);
			pfree(fit->values);
			model = PercentilesFromRuns(&runs, 0);
			pfree(runs.value);
			pfree(runs.count);
			break;
	}
	fit->scale = ScaleMake(model);
}

static double
Scaled(const TierTable *t, int measure, double x)
{
	const Scale *scale = t->fits[measure].scale;
	bool		descending = t->options.descending != NULL &&
		t->options.descending[measure];

	switch ((ScaleKind) t->options.scale)
	{
		case SCALE_MINMAX:
			return MinmaxOf(scale, x, descending);
		case SCALE_ZSCORE:
			return ZscoreOf(scale, x, descending);
		default:
			return PercentileOf(scale, x, descending);
	}
}

/* The score of measures that are on their scale; NaN for none. */
static double
Score(const TierTable *t, const double *measures, const bool *missing)
{
	Components	components = {measures, NULL};
	double		score;

	for (int i = 0; i < t->n_measures; i++)
		if (missing[i])
			components.missing = missing;
	if (!WeightedScore(t->options.weights, &components, t->options.missing, &score))
		return NAN;
	if (unlikely(isinf(score)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the score of a customer is out of range"),
				 errhint("Divide the measures by a common factor, or normalise them.")));
	return score + 0.0;			/* no -0 */
}

/* --- Reading ----------------------------------------------------------------- */

pg_noreturn static void
ReportDuplicate(const GroupKey *key, void *arg)
{
	TierTable  *t = arg;

	ereport(ERROR,
			(errcode(ERRCODE_CARDINALITY_VIOLATION),
			 errmsg("customer %s comes more than once",
					TextDatumGetCString(KeyDatum(key, t->query.type[0], TEXTOID))),
			 errhint("The query in argument \"customers\" must return one row for each customer. Summarise orders first, for example with GROUP BY.")));
}

pg_noreturn static void
ReportNotFinite(TierTable *t, const GroupKey *key, int measure, double x)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("measure %d of customer %s must be a finite number, not %s",
					measure + 1,
					TextDatumGetCString(KeyDatum(key, t->query.type[0], TEXTOID)),
					isnan(x) ? "NaN" : "infinity"),
			 errhint("Leave such rows out, or pass NULL for a measure that is not known.")));
}

static void
ReceiveCustomer(TupleTableSlot *slot, void *arg)
{
	TierTable  *t = arg;
	MemoryContext old = MemoryContextSwitchTo(t->row_context);
	double		measures[MAX_QUERY_COLUMNS];
	Datum		values[MAX_QUERY_COLUMNS];
	bool	   *missing = slot->tts_isnull + 1;
	GroupKey	key;

	if (slot->tts_isnull[0])
		t->no_customer++;
	else
	{
		ReadKey(t->query.type[0], slot->tts_values[0], &key);
		KeySetAdd(t->keys, &key);
		values[0] = KeyDatum(&key, t->query.type[0], t->result_key);
		for (int i = 0; i < t->n_measures; i++)
		{
			measures[i] = missing[i] ? 0 :
				ReadMeasure(t->query.type[i + 1], slot->tts_values[i + 1]) + 0.0;	/* no -0 */
			if (unlikely(!isfinite(measures[i])))
				ReportNotFinite(t, &key, i, measures[i]);
			if (t->fits != NULL && !missing[i])
				AddToFit(&t->fits[i], measures[i]);
			values[i + 1] = Float8GetDatum(measures[i]);
		}
		tuplestore_putvalues(t->customers, t->customer_desc, values, slot->tts_isnull);
		if (t->fits == NULL)
			PushDouble(&t->scores, t->n, &t->capacity, Score(t, measures, missing));
		t->n++;
	}
	MemoryContextSwitchTo(old);
	RowDone(t);
}

/* Key, and the measures where they will be read again. */
static TupleDesc
CustomerDesc(TierTable *t)
{
	int			columns = t->fits == NULL ? 1 : 1 + t->n_measures;
	TupleDesc	desc = CreateTemplateTupleDesc(columns);

	TupleDescInitEntry(desc, 1, "customer_id", t->result_key, -1, 0);
	for (int i = 2; i <= columns; i++)
		TupleDescInitEntry(desc, i, "measure", FLOAT8OID, -1, 0);
	return desc;
}

static void
ReadCustomers(TierTable *t, const char *query)
{
	static const ColumnSpec columns[MAX_QUERY_COLUMNS] = {
		{"customer", COLUMN_KEY, false},
		{"measure", COLUMN_AMOUNT, false},
		[2 ... MAX_QUERY_COLUMNS - 1] = {"measure", COLUMN_AMOUNT, true}
	};

	/* SPI has contexts of its own; what must outlive it is made in ours */
	UserQueryOpen(&t->query, query, "customers", columns, MAX_QUERY_COLUMNS);
	MemoryContextSwitchTo(t->context);
	t->n_measures = t->query.n_columns - 1;
	KeyTypeCheck(t->query.type[0], t->result_key);
	TierTableCheckMeasures(&t->options, t->n_measures);
	if (t->options.scale != TABLE_SCALE_NONE)
	{
		t->fits = palloc(t->n_measures * sizeof(MeasureFit));
		for (int i = 0; i < t->n_measures; i++)
			InitFit(&t->fits[i], t->options.scale);
	}
	t->customer_desc = CustomerDesc(t);
	t->customers = tuplestore_begin_heap(false, false, work_mem);
	t->keys = KeySetCreate(KeyIsBytes(t->query.type[0]), get_hash_memory_limit(),
						   ReportDuplicate, t);
	t->capacity = FIRST_CAPACITY;
	t->scores = palloc(t->capacity * sizeof(double));

	UserQueryRun(&t->query, ReceiveCustomer, t);
	UserQueryClose(&t->query);
	MemoryContextSwitchTo(t->context);
	KeySetFinish(t->keys);
	if (t->no_customer > 0)
		ereport(NOTICE,
				(errmsg_plural(INT64_FORMAT " row without a customer was skipped",
							   INT64_FORMAT " rows without a customer were skipped",
							   t->no_customer, t->no_customer)));
}

/* --- Scoring ------------------------------------------------------------------ */

/* A second pass, for measures that had to be fitted first. */
static void
ScoreCustomers(TierTable *t)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(t->customer_desc, &TTSOpsMinimalTuple);
	double		measures[MAX_QUERY_COLUMNS];
	int64		n = 0;

	for (int i = 0; i < t->n_measures; i++)
		FinishFit(&t->fits[i], t->options.scale);
	while (tuplestore_gettupleslot(t->customers, true, false, slot))
	{
		bool	   *missing = slot->tts_isnull + 1;

		slot_getallattrs(slot);
		for (int i = 0; i < t->n_measures; i++)
			measures[i] = missing[i] ? 0 :
				Scaled(t, i, DatumGetFloat8(slot->tts_values[i + 1]));
		PushDouble(&t->scores, n++, &t->capacity, Score(t, measures, missing));
		POLL_EVERY(n);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_rescan(t->customers);
}

/* The scores that there are, ranked. */
static Ranking
Rank(TierTable *t)
{
	double	   *sorted = palloc_extended((t->n + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	int64		n = 0;
	Ranking		ranking;

	for (int64 i = 0; i < t->n; i++)
	{
		if (!isnan(t->scores[i]))
			sorted[n++] = t->scores[i];
		POLL_EVERY(i);
	}
	ranking = RankScores(sorted, n, t->options.shares, t->options.n_shares,
						 Max(t->options.n_bands, 1));
	pfree(sorted);
	if (n > 0 && !ranking.has_total && t->options.n_shares > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no score is positive, so there is no total to share"),
				 errhint("Pass shares => NULL for a table without classes, or another normalise.")));
	if (n > 0 && ranking.bands < t->options.n_bands)
		ereport(NOTICE,
				(errmsg("the scores make %d instead of %d bands: only the lowest names are used",
						ranking.bands, t->options.n_bands),
				 errdetail("They have too few distinct values.")));
	return ranking;
}

enum
{
	OUT_CUSTOMER, OUT_SCORE, OUT_CLASS, OUT_BAND, OUT_SHARE, OUT_CUMULATIVE, OUT_RANK, N_OUT
};

/*
 * Looks up the next scores in one go, first their places in the index, then
 * themselves, so that the cache misses of many overlap.
 */
static void
FindNext(const TierTable *t, const Ranking *ranking, int64 from,
		 const RankedScore **found)
{
	int			n = Min(FIND_BATCH, t->n - from);

	for (int i = 0; i < n; i++)
		if (!isnan(t->scores[from + i]))
			ValueIndexPrefetch(&ranking->index, t->scores[from + i]);
	for (int i = 0; i < n; i++)
		if (!isnan(t->scores[from + i]))
			ValueIndexPrefetchList(&ranking->index, t->scores[from + i]);
	for (int i = 0; i < n; i++)
		found[i] = isnan(t->scores[from + i]) ? NULL :
			RankingFind(ranking, t->scores[from + i]);
}

static void
EmitCustomers(TierTable *t, const Ranking *ranking, Tuplestorestate *store, TupleDesc desc)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(t->customer_desc, &TTSOpsMinimalTuple);
	const TierTableOptions *o = &t->options;
	Datum		values[N_OUT];
	bool		nulls[N_OUT];
	const RankedScore *found[FIND_BATCH];
	int64		n = 0;

	while (tuplestore_gettupleslot(t->customers, true, false, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(t->row_context);
		const RankedScore *about;

		if (n % FIND_BATCH == 0)
			FindNext(t, ranking, n, found);
		about = found[n % FIND_BATCH];
		n++;
		memset(nulls, about == NULL, sizeof(nulls));
		values[OUT_CUSTOMER] = slot_getattr(slot, 1, &nulls[OUT_CUSTOMER]);
		if (about != NULL)
		{
			values[OUT_SCORE] = Float8GetDatum(about->score);
			nulls[OUT_CLASS] = o->n_shares == 0;
			if (o->n_shares > 0)
				values[OUT_CLASS] = o->classes[about->abc];
			nulls[OUT_BAND] = o->bands == NULL;
			if (o->bands != NULL)
				values[OUT_BAND] = o->bands[about->band];
			nulls[OUT_SHARE] = nulls[OUT_CUMULATIVE] = !ranking->has_total;
			values[OUT_SHARE] = Float8GetDatum(about->share);
			values[OUT_CUMULATIVE] = Float8GetDatum(about->cumulative);
			values[OUT_RANK] = Int64GetDatum(about->rank);
		}
		tuplestore_putvalues(store, desc, values, nulls);
		MemoryContextSwitchTo(old);
		RowDone(t);
		POLL_EVERY(n);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/* --- SQL functions ------------------------------------------------------------- */

/* Arguments from `first` on: customers, weights, normalise, ..., bands. */
static Datum
BuildTierTable(FunctionCallInfo fcinfo, int first)
{
	char	   *query = RequiredQuery(fcinfo, first, "customers");
	TierTable  *t = palloc0(sizeof(TierTable));
	Tuplestorestate *store;
	TupleDesc	desc;
	Ranking		ranking;

	TierTableReadOptions(fcinfo, first + 1, &t->options);
	store = BeginResult(fcinfo, &desc);
	t->result_key = TupleDescAttr(desc, 0)->atttypid;
	t->context = CurrentMemoryContext;
	t->row_context = AllocSetContextCreate(t->context, "custseg rows",
										   ALLOCSET_DEFAULT_SIZES);
	ReadCustomers(t, query);
	if (t->fits != NULL)
		ScoreCustomers(t);
	ranking = Rank(t);
	EmitCustomers(t, &ranking, store, desc);
	tuplestore_end(t->customers);
	MemoryContextDelete(t->row_context);
	return (Datum) 0;
}

/* tier_table(customers, weights, normalise, descending, missing, shares, classes, bands) */
PG_FUNCTION_INFO_V1(custseg_tier_table);
Datum
custseg_tier_table(PG_FUNCTION_ARGS)
{
	return BuildTierTable(fcinfo, 0);
}

PG_FUNCTION_INFO_V1(custseg_tier_table_key);
Datum
custseg_tier_table_key(PG_FUNCTION_ARGS)
{
	return BuildTierTable(fcinfo, 1);
}
