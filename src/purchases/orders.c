/*
 * orders.c
 *		From the text of an orders query to a table of purchase summaries.
 *
 * Rows come as slots and are decoded at once into key, day and amount. Each
 * then goes through three steps: its slot in the hash table is prefetched;
 * some rows later it is found, and its state is prefetched; some rows later
 * the state is changed. So the cache misses of a row overlap with the work of
 * the executor for the next ones.
 *
 * Order lines are first summarised by (customer, order) in a table of their
 * own, with the same kind of state: its spend is the net amount, its refunds
 * tell whether there was a negative line, its first purchase is the day of the
 * order. Then each order goes to its customer as one row.
 *
 * Memory: each table has its own context and the limit work_mem *
 * hash_mem_multiplier, halved while there are two.
 */
#include "purchases/orders.h"

#include "common/user_query.h"
#include "executor/nodeHash.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define BATCH_ROWS	128

/* How many rows a slot, and then a state, is given to arrive in the cache. */
#define FIND_LAG	8
#define UPDATE_LAG	8

enum
{
	CUSTOMER, DAY, AMOUNT, COST, ORDER_ID, N_COLUMNS
};

static const ColumnSpec order_columns[N_COLUMNS] = {
	{"customer", COLUMN_KEY, false},
	{"day", COLUMN_DAY, false},
	{"amount", COLUMN_AMOUNT, false},
	{"cost", COLUMN_AMOUNT, true},
	{"order_id", COLUMN_KEY, true}
};

typedef struct BatchRow
{
	GroupKey	key;			/* data is an offset into the batch's bytes */
	uint64		hash;
	GroupSlot  *slot;
	Purchase	purchase;
} BatchRow;

/* Rows on their way into one table. */
typedef struct Batch
{
	GroupTable *table;
	int			n;				/* rows received */
	int			found;			/* rows whose slot is known */
	int			updated;		/* rows that are in their state */
	bool		byte_keys;
	StringInfoData bytes;		/* of the keys */
	char	   *packed;			/* one packed row */
	Size		packed_capacity;
	BatchRow	rows[BATCH_ROWS];
} Batch;

typedef struct Reading
{
	Orders	   *orders;
	UserQuery	query;
	DayReader	day_reader;
	OrdersPeriod period;
	DateADT		first_after;	/* the earliest day after the period */
	Batch		customers;
	Batch	   *lines;			/* when there is an order_id */
	StringInfoData line_key;
	MemoryContext scratch;		/* detoasted values; reset after each batch */
} Reading;

static Size
StateSize(const void *state)
{
	return VARSIZE(state);
}

static Size
PackState(void *state, char **buffer, Size *capacity)
{
	return PurchasesPackState(state, buffer, capacity);
}

static void *
MergeState(void *state, const char *content, Size length)
{
	return PurchasesMerge(state, content, length);
}

static const GroupOps purchase_ops = {StateSize, PackState, MergeState};

static void
InitBatch(Batch *batch, bool byte_keys, Size memory_limit)
{
	batch->table = GroupTableCreate(byte_keys, &purchase_ops, memory_limit);
	batch->n = batch->found = batch->updated = 0;
	batch->byte_keys = byte_keys;
	initStringInfo(&batch->bytes);
	batch->packed_capacity = 256;
	batch->packed = palloc(batch->packed_capacity);
}

/* The table is on disk: the rows go there, too. */
static void
WriteBatch(Batch *batch)
{
	for (int i = 0; i < batch->n; i++)
	{
		BatchRow   *row = &batch->rows[i];
		Size		length = PurchasesPackRow(&row->purchase, &batch->packed,
											  &batch->packed_capacity);

		if (batch->byte_keys)
			row->key.data = batch->bytes.data + row->key.number;
		GroupTableWrite(batch->table, &row->key, row->hash, batch->packed, length);
	}
	batch->n = 0;
}

/* Finds the slot of the next row and asks for its state. */
static inline void
FindRow(Batch *batch)
{
	BatchRow   *row = &batch->rows[batch->found++];

	if (batch->byte_keys)
		row->key.data = batch->bytes.data + row->key.number;
	row->slot = GroupTableFind(batch->table, &row->key, row->hash);
	__builtin_prefetch(row->slot->state, 1);
	__builtin_prefetch((char *) row->slot->state + 64, 1);
}

/* States that grow are made in the scratch context, and copied. */
static inline void
UpdateRow(Batch *batch)
{
	BatchRow   *row = &batch->rows[batch->updated++];

	GroupTableSet(batch->table, row->slot,
				  PurchasesAdd(GroupSlotState(row->slot), &row->purchase));
}

/* In the scratch context. Afterwards nothing points into it. */
static void
FlushBatch(Batch *batch)
{
	if (GroupTableSpilled(batch->table))
		WriteBatch(batch);
	while (batch->found < batch->n)
		FindRow(batch);
	while (batch->updated < batch->n)
		UpdateRow(batch);
	batch->n = batch->found = batch->updated = 0;
	resetStringInfo(&batch->bytes);
}

static void
FlushIn(MemoryContext scratch, Batch *batch)
{
	MemoryContext old = MemoryContextSwitchTo(scratch);

	FlushBatch(batch);
	MemoryContextSwitchTo(old);
}

/* The next row of a batch, with its key; the caller fills in the purchase. */
static inline Purchase *
NextRow(Batch *batch, const GroupKey *key)
{
	BatchRow   *row = &batch->rows[batch->n];

	if (batch->n == 0)
		GroupTableReserve(batch->table, BATCH_ROWS);
	row->hash = GroupTableHash(batch->table, key);
	row->key = *key;
	if (batch->byte_keys)
	{
		/* the buffer may move until the row is found */
		row->key.number = batch->bytes.len;
		appendBinaryStringInfo(&batch->bytes, key->data, key->length);
	}
	return &row->purchase;
}

/* The purchase is filled in: starts this row, and goes on with earlier ones. */
static inline void
RowReady(Batch *batch)
{
	uint64		hash = batch->rows[batch->n++].hash;

	if (GroupTableSpilled(batch->table))
		return;
	GroupTablePrefetch(batch->table, hash);
	if (batch->n > batch->found + FIND_LAG)
		FindRow(batch);
	if (batch->found > batch->updated + UPDATE_LAG)
		UpdateRow(batch);
}

/*
 * The key of an order line: the customer with its length, then the order, and
 * with a split the side of it.
 */
static void
MakeLineKey(Reading *r, const GroupKey *customer, Datum order_id, int32 day, GroupKey *key)
{
	GroupKey	order;
	StringInfo	bytes = &r->line_key;

	ReadKey(r->query.type[ORDER_ID], order_id, &order);
	resetStringInfo(bytes);
	appendBinaryStringInfo(bytes, (char *) &customer->length, sizeof(int));
	if (customer->data != NULL)
		appendBinaryStringInfo(bytes, customer->data, customer->length);
	else
		appendBinaryStringInfo(bytes, (char *) &customer->number, sizeof(int64));
	if (order.data != NULL)
		appendBinaryStringInfo(bytes, order.data, order.length);
	else
		appendBinaryStringInfo(bytes, (char *) &order.number, sizeof(int64));
	if (r->period.has_split)
		appendStringInfoChar(bytes, day > r->period.split);
	key->data = bytes->data;
	key->length = bytes->len;
	key->number = 0;
}

/* Back from a line's key to its customer. */
static void
CustomerOfLine(const GroupKey *line, bool byte_keys, GroupKey *customer)
{
	memcpy(&customer->length, line->data, sizeof(int));
	customer->data = NULL;
	customer->number = 0;
	if (byte_keys)
		customer->data = line->data + sizeof(int);
	else
		memcpy(&customer->number, line->data + sizeof(int), sizeof(int64));
}

/* Whether the row counts; otherwise it has been counted as skipped. */
static inline bool
RowCounts(Reading *r, TupleTableSlot *slot, int32 *day)
{
	if (slot->tts_isnull[CUSTOMER])
	{
		r->orders->n_no_customer++;
		return false;
	}
	if (slot->tts_isnull[DAY])
	{
		r->orders->n_no_day++;
		return false;
	}
	if (slot->tts_isnull[AMOUNT])
	{
		r->orders->n_no_amount++;
		return false;
	}
	*day = ReadDay(&r->day_reader, slot->tts_values[DAY]);
	if (r->period.has_end && *day > r->period.end)
	{
		if (r->orders->n_after++ == 0 || *day < r->first_after)
			r->first_after = *day;
		return false;
	}
	return true;
}

/* Most rows only compare here: the branches are foreseen. */
static inline void
CountRow(Reading *r, const Purchase *row)
{
	Orders	   *orders = r->orders;

	if (orders->n_rows++ == 0)
		orders->first_day = orders->last_day = row->day;
	else if (row->day < orders->first_day)
		orders->first_day = row->day;
	else if (row->day > orders->last_day)
		orders->last_day = row->day;
	orders->n_late += row->day <= r->period.since;
	orders->n_refunds += row->is_refund;
	orders->n_zero += DecimalSign(&row->amount) == 0;
	orders->n_no_cost += !row->has_cost;
}

static void
ReceiveOrder(TupleTableSlot *slot, void *arg)
{
	Reading    *r = arg;
	const Oid  *type = r->query.type;
	MemoryContext old = MemoryContextSwitchTo(r->scratch);
	Batch	   *batch = &r->customers;
	GroupKey	key;
	int32		day;

	if (RowCounts(r, slot, &day))
	{
		Purchase   *row;

		ReadKey(type[CUSTOMER], slot->tts_values[CUSTOMER], &key);
		if (r->lines != NULL && !slot->tts_isnull[ORDER_ID])
		{
			GroupKey	customer = key;

			batch = r->lines;
			MakeLineKey(r, &customer, slot->tts_values[ORDER_ID], day, &key);
		}
		row = NextRow(batch, &key);
		row->day = day;
		row->amount = ReadAmount(type[AMOUNT], slot->tts_values[AMOUNT], "amount");
		row->is_refund = DecimalSign(&row->amount) < 0;
		row->has_cost = r->orders->has_cost && !slot->tts_isnull[COST];
		if (row->has_cost)
			row->cost = ReadAmount(type[COST], slot->tts_values[COST], "cost");
		CountRow(r, row);
		RowReady(batch);
	}
	if (batch->n == BATCH_ROWS)
	{
		FlushBatch(&r->customers);
		/* rows of both batches may point into scratch */
		if (r->lines != NULL)
			FlushBatch(r->lines);
		MemoryContextReset(r->scratch);
	}
	MemoryContextSwitchTo(old);
}

/* One netted order. */
static void
VisitOrder(const GroupKey *line, void *state, void *arg)
{
	Reading    *r = arg;
	Purchases	order;
	GroupKey	customer;
	Purchase   *row;
	int			sign;
	MemoryContext old = MemoryContextSwitchTo(r->scratch);

	PurchasesOpenState(state, false, &order);
	CustomerOfLine(line, r->customers.byte_keys, &customer);
	row = NextRow(&r->customers, &customer);
	row->amount = order.sums[SUM_SPEND];
	row->cost = order.sums[SUM_COST];
	row->has_cost = order.cost_known;
	row->day = order.n_days > 0 ? order.first_day : 0;
	sign = DecimalSign(&row->amount);
	/* what was given back in full is no purchase, what was free is one */
	row->is_refund = sign < 0 || order.n_days == 0 ||
		(sign == 0 && DecimalSign(&order.sums[SUM_REFUNDS]) > 0);
	RowReady(&r->customers);
	if (r->customers.n == BATCH_ROWS)
	{
		FlushBatch(&r->customers);
		MemoryContextReset(r->scratch);
	}
	MemoryContextSwitchTo(old);
}

static void
ReportSkipped(const Reading *r)
{
	StringInfoData what;
	struct
	{
		int64		n;
		const char *why;
	}			skipped[] = {
		{r->orders->n_no_customer, "without a customer"},
		{r->orders->n_no_day, "without a day"},
		{r->orders->n_no_amount, "without an amount"},
		{r->orders->n_after, r->period.has_split ? "after the horizon" : "after as_of"}
	};

	initStringInfo(&what);
	for (int i = 0; i < lengthof(skipped); i++)
		if (skipped[i].n > 0)
			appendStringInfo(&what, "%s" INT64_FORMAT " %s", what.len ? ", " : "",
							 skipped[i].n, skipped[i].why);
	if (what.len > 0)
		ereport(NOTICE,
				(errmsg("orders skipped: %s", what.data)));
}

static char *
DateText(DateADT date)
{
	return DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(date)));
}

/* All rows are after the period. */
static void
RefuseEarlyPeriod(const Reading *r)
{
	const OrdersPeriod *period = &r->period;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 period->has_split ?
			 errmsg("calibration_end %s, and the horizon after it, are before the first order on %s",
					DateText(period->split), DateText(r->first_after)) :
			 errmsg("as_of %s is before the first order on %s",
					DateText(period->end), DateText(r->first_after)),
			 errhint("%s is the last day that counts.",
					 period->has_split ? "calibration_end" : "as_of")));
}

Orders *
OrdersRead(const char *query, const char *time_zone,
		   bool has_as_of, DateADT as_of, Oid result_key)
{
	OrdersPeriod period = {.has_end = has_as_of, .end = as_of};

	return OrdersReadPeriod(query, time_zone, &period, result_key);
}

Orders *
OrdersReadPeriod(const char *query, const char *time_zone,
				 const OrdersPeriod *period, Oid result_key)
{
	Reading    *r = palloc0(sizeof(Reading));
	MemoryContext context = CurrentMemoryContext;
	Size		memory = get_hash_memory_limit();

	r->orders = palloc0(sizeof(Orders));
	r->period = *period;

	/* SPI has contexts of its own; what must outlive it is made in ours */
	UserQueryOpen(&r->query, query, "orders", order_columns, N_COLUMNS);
	MemoryContextSwitchTo(context);
	r->orders->key_type = r->query.type[CUSTOMER];
	r->orders->has_cost = r->query.n_columns > COST;
	if (OidIsValid(result_key))
		KeyTypeCheck(r->orders->key_type, result_key);
	DayReaderInit(&r->day_reader, r->query.type[DAY], time_zone);
	r->scratch = AllocSetContextCreate(context, "custseg scratch",
									   ALLOCSET_DEFAULT_SIZES);
	if (r->query.n_columns > ORDER_ID)
	{
		memory /= 2;
		r->lines = palloc0(sizeof(Batch));
		InitBatch(r->lines, true, memory);
		initStringInfo(&r->line_key);
	}
	InitBatch(&r->customers, KeyIsBytes(r->orders->key_type), memory);
	r->orders->customers = r->customers.table;

	UserQueryRun(&r->query, ReceiveOrder, r);
	UserQueryClose(&r->query);
	MemoryContextSwitchTo(context);

	FlushIn(r->scratch, &r->customers);
	if (r->lines != NULL)
	{
		FlushIn(r->scratch, r->lines);
		GroupTableScan(r->lines->table, true, VisitOrder, r);
		GroupTableDestroy(r->lines->table);
		FlushIn(r->scratch, &r->customers);
	}
	MemoryContextDelete(r->scratch);

	if (!r->period.only_count)
	{
		if (r->orders->n_rows == 0 && r->orders->n_after > 0)
			RefuseEarlyPeriod(r);
		ReportSkipped(r);
	}
	return r->orders;
}
