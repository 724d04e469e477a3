/*
 * offer_rows.c
 *		The rows of a partition of choose_offer, in the order of their keys.
 *
 * Arguments are read one after the other, each over all rows.  Then rows are
 * sorted by customer and offer, so that nothing that follows depends on the order
 * in which they came; the sort also finds a customer's offers, and duplicates.
 * What is sorted are pairs of a key's image and a row's number: for integers,
 * dates and the like the image is the customer's key itself, for uuid its first
 * half, and rows are looked at only where images are equal.
 *
 * Memory, of the caller's context: 24 bytes an offer and 4 a customer; up to 60 a
 * row more, and the keys, while rows are read and sorted.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "allocation/offer_rows.h"
#include "allocation/offers.h"
#include "catalog/pg_type_d.h"
#include "common/core.h"
#include "common/decimal.h"
#include "common/window_args.h"
#include "common/window_keys.h"
#include "common/window_numbers.h"
#include "port/pg_bswap.h"
#include "scoring/component_args.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

enum
{
	ARG_CUSTOMER,
	ARG_OFFER,
	ARG_COST,
	ARG_VALUE,
	ARG_BUDGET
};

/* What was read, row by row. */
typedef struct RawRows
{
	WindowKeys	customers;
	WindowKeys	offers;
	WindowNumbers cost;
	double	   *value;
	bool	   *left_out;
} RawRows;

typedef struct RowItem
{
	uint64		image;
	int32		row;
} RowItem;

/* How the rows are compared. */
typedef struct RowOrder
{
	WindowKeys *customers;
	WindowKeys *offers;
	bool		exact;			/* customers of equal images are equal */
} RowOrder;

/* --- Reading -------------------------------------------------------------------------- */

static void
ReadKeys(WindowKeys *keys, FunctionCallInfo fcinfo, int arg, MemoryContext scratch, RawRows *raw)
{
	int64		n = keys->n;

	for (int64 i = 0; i < n; i++)
	{
		WindowKeysRead(keys, PG_WINDOW_OBJECT(), i, scratch);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	for (int64 i = 0; i < n; i++)
	{
		raw->left_out[i] |= !WindowKeysGiven(keys) || keys->is_null[i];
		POLL_EVERY(i);
	}
}

static void
ReadValues(FunctionCallInfo fcinfo, int64 n, MemoryContext scratch, RawRows *raw)
{
	MemoryContext old = MemoryContextSwitchTo(scratch);

	for (int64 i = 0; i < n; i++)
	{
		bool		is_null;
		Datum		datum = PartitionArgument(PG_WINDOW_OBJECT(), ARG_VALUE, i, &is_null);
		double		value = is_null ? 0 : DatumGetFloat8(datum);

		if (!isfinite(value))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("value must be a finite number, not %s",
							isnan(value) ? "NaN" : value > 0 ? "infinity" : "-infinity"),
					 errhint("Leave such rows out, or pass NULL to have them skipped.")));
		raw->value[i] = value;
		raw->left_out[i] |= is_null;
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	MemoryContextSwitchTo(old);
}

static void
ReadCosts(FunctionCallInfo fcinfo, int64 n, RawRows *raw)
{
	WindowNumbers *cost = &raw->cost;

	WindowNumbersRead(cost, fcinfo, ARG_COST, n, "cost", UNITS_EXACT, 0);
	if (cost->big != NULL)
		OfferCostsTooLarge(cost->scale);
	for (int64 i = 0; i < n; i++)
	{
		Decimal		d = {WindowNumberWide(cost, i), cost->scale, NULL};

		if (d.value < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("cost must not be negative, not %s", DecimalToString(&d)),
					 errhint("Count what an offer earns as part of its value.")));
		raw->left_out[i] |= WindowNumberIsNull(cost, i);
		POLL_EVERY(i);
	}
}

/* The budget in units of 10^-scale. */
static int128
ReadBudget(FunctionCallInfo fcinfo, int64 n, int scale)
{
	WindowNumbers budget;
	int128		units;

	WindowNumbersRead(&budget, fcinfo, ARG_BUDGET, n, "budget", UNITS_DOWN, scale);
	for (int64 i = 0; i < n; i++)
	{
		if (WindowNumberIsNull(&budget, i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("budget must not be null"),
					 errhint("Pass what may be spent on all offers of the partition together.")));
		if (budget.step == 0)
			break;
		if (budget.big != NULL ?
			DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(budget.big[i]),
											  NumericGetDatum(budget.big[0]))) != 0 :
			WindowNumberWide(&budget, i) != WindowNumberWide(&budget, 0))
			OptionChanged("budget");
		POLL_EVERY(i);
	}
	if (WindowNumberSign(&budget, 0) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("budget must not be negative"),
				 errhint("Pass 0 if only offers without cost may be chosen.")));
	/* a number that is beyond 128 bits is more than all costs */
	units = budget.big != NULL ? DecimalPowers()[DECIMAL_MAX_SCALE] : WindowNumberWide(&budget, 0);
	WindowNumbersFree(&budget);
	return units;
}

void
OfferCostsTooLarge(int scale)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("cost is out of range"),
			 errdetail("With the %d decimals that costs have, those of one offer for each customer must add up to at most 2^62 units.",
					   scale),
			 errhint("Round costs, for example with round(cost, 2), or divide costs and budget by 1000.")));
	pg_unreachable();
}

/* --- Sorting -------------------------------------------------------------------------- */

/* Unsigned integers that are ordered as keys are; false: 0 for all, it says nothing. */
static bool
KeyImages(const WindowKeys *keys, RowItem *items, int64 n)
{
	bool		is_uuid = false;
	int			kind = 0;

	if (keys->order.comparator == ssup_datum_int32_cmp)
		kind = 1;
	else if (keys->order.comparator == ssup_datum_signed_cmp)
		kind = 2;
	else if (get_fn_expr_argtype(keys->fcinfo->flinfo, keys->arg) == UUIDOID)
		is_uuid = true;
	for (int64 i = 0; i < n; i++)
	{
		Datum		key = keys->keys[items[i].row];

		POLL_EVERY(i);
		items[i].image = 0;
		if (kind != 0)
			items[i].image = (uint64) (kind == 1 ? (int64) DatumGetInt32(key) : DatumGetInt64(key)) ^
				((uint64) 1 << 63);
		else if (is_uuid)
		{
			memcpy(&items[i].image, DatumGetPointer(key), sizeof(uint64));
			items[i].image = pg_ntoh64(items[i].image);
		}
	}
	return kind != 0;
}

static inline int
CompareCustomers(const RowItem *a, const RowItem *b, const RowOrder *order)
{
	if (a->image != b->image)
		return a->image < b->image ? -1 : 1;
	return order->exact ? 0 : WindowKeysCompare(a->row, b->row, order->customers);
}

static inline int
CompareRows(const RowItem *a, const RowItem *b, const RowOrder *order)
{
	int			result = CompareCustomers(a, b, order);

	return result != 0 ? result : WindowKeysCompare(a->row, b->row, order->offers);
}

#define ST_SORT SortRows
#define ST_ELEMENT_TYPE RowItem
#define ST_COMPARE(a, b, order) CompareRows(a, b, order)
#define ST_COMPARE_ARG_TYPE const RowOrder
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "miscadmin.h"
#include "lib/sort_template.h"

static char *
KeyText(const WindowKeys *keys, int64 row)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(get_fn_expr_argtype(keys->fcinfo->flinfo, keys->arg), &output, &is_varlena);
	return OidOutputFunctionCall(output, keys->keys[row]);
}

/* Finds where each customer begins. */
static void
DivideRows(OfferRows *rows, const RowItem *items, int64 n, const RowOrder *order)
{
	rows->n_customers = 0;
	for (int64 j = 0; j < n; j++)
	{
		POLL_EVERY(j);
		rows->row[j] = items[j].row;
		if (j == 0 || CompareCustomers(&items[j - 1], &items[j], order) != 0)
			rows->first[rows->n_customers++] = j;
		else if (WindowKeysCompare(items[j - 1].row, items[j].row, order->offers) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("customer %s has offer %s more than once",
							KeyText(order->customers, items[j].row),
							KeyText(order->offers, items[j].row)),
					 errhint("Pass one row for each customer and offer, for example with DISTINCT ON.")));
	}
	rows->first[rows->n_customers] = n;
}

/* Sorts the rows that take part; returns their number. */
static int64
OrderRows(OfferRows *rows, RawRows *raw)
{
	RowItem    *items;
	RowOrder	order = {&raw->customers, &raw->offers, false};
	int64		n = 0;

	items = palloc_extended(rows->n * sizeof(RowItem), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < rows->n; i++)
	{
		POLL_EVERY(i);
		if (!raw->left_out[i])
			items[n++].row = i;
	}
	rows->row = palloc_extended(Max(1, n) * sizeof(int32), MCXT_ALLOC_HUGE);
	rows->first = palloc_extended((n + 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	if (n > 0)
	{
		order.exact = KeyImages(&raw->customers, items, n);
		SortRows(items, n, &order);
	}
	DivideRows(rows, items, n, &order);
	pfree(items);
	return n;
}

/* --- All of it ------------------------------------------------------------------------ */

static void
TakeNumbers(OfferRows *rows, const RawRows *raw, int64 n, int128 budget)
{
	rows->cost = palloc_extended(Max(1, n) * sizeof(int64), MCXT_ALLOC_HUGE);
	rows->value = palloc_extended(Max(1, n) * sizeof(double), MCXT_ALLOC_HUGE);
	rows->budget = Min(budget, PG_INT64_MAX);
	for (int64 j = 0; j < n; j++)
	{
		int128		cost = WindowNumberWide(&raw->cost, rows->row[j]);
		bool		too_dear = cost > budget;

		POLL_EVERY(j);
		if (!too_dear && cost > OFFER_MAX_TOTAL)
			OfferCostsTooLarge(rows->cost_scale);
		rows->cost[j] = too_dear ? 0 : cost;
		rows->value[j] = too_dear ? 0 : raw->value[rows->row[j]];
	}
}

void
OfferRowsRead(OfferRows *rows, FunctionCallInfo fcinfo, const char *function)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "offers",
												  ALLOCSET_DEFAULT_SIZES);
	RawRows		raw;
	int128		budget;
	int64		n;

	rows->n = PartitionRows(PG_WINDOW_OBJECT(), function);
	raw.value = palloc_extended(rows->n * sizeof(double), MCXT_ALLOC_HUGE);
	raw.left_out = palloc_extended(rows->n * sizeof(bool), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	WindowKeysInit(&raw.customers, fcinfo, ARG_CUSTOMER, rows->n);
	WindowKeysInit(&raw.offers, fcinfo, ARG_OFFER, rows->n);
	ReadKeys(&raw.customers, fcinfo, ARG_CUSTOMER, scratch, &raw);
	ReadKeys(&raw.offers, fcinfo, ARG_OFFER, scratch, &raw);
	ReadCosts(fcinfo, rows->n, &raw);
	ReadValues(fcinfo, rows->n, scratch, &raw);
	rows->cost_scale = raw.cost.scale;
	budget = ReadBudget(fcinfo, rows->n, rows->cost_scale);

	n = OrderRows(rows, &raw);
	/* the core numbers the offers, and none for each customer, in 32 bits */
	if (n + rows->n_customers > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many offers in a partition for %s: " INT64_FORMAT, function, n),
				 errhint("Divide the rows with PARTITION BY.")));
	TakeNumbers(rows, &raw, n, budget);

	WindowKeysFree(&raw.customers);
	WindowKeysFree(&raw.offers);
	WindowNumbersFree(&raw.cost);
	pfree(raw.value);
	pfree(raw.left_out);
	MemoryContextDelete(scratch);
}

void
OfferRowsFree(OfferRows *rows)
{
	pfree(rows->first);
	pfree(rows->row);
	pfree(rows->cost);
	pfree(rows->value);
}
