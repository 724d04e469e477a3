/*
 * offer_rows.c
 *		The rows of a partition of choose_offer, in the order of their keys.
 *
 * Rows are sorted by customer and offer, so that nothing that follows depends on
 * the order in which they came; the sort also finds a customer's offers, and
 * duplicates.  What is sorted are pairs of a key's image and a row's number: for
 * integers, dates and the like the image is the customer's key itself, for uuid
 * and text its first bytes, and rows are looked at only where images are equal.
 * Text is ordered by its bytes, unless its collation calls different texts equal:
 * that is faster, and the same with any version of the collation.
 *
 * Memory, of the caller's context: 24 bytes an offer and 4 a customer; up to 60 a
 * row, and the keys, while rows are read and sorted.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "allocation/offer_rows.h"
#include "allocation/offers.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "common/checks.h"
#include "common/core.h"
#include "common/decimal.h"
#include "common/row_options.h"
#include "common/window_args.h"
#include "common/window_keys.h"
#include "common/window_numbers.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

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
	Numeric		budget;
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

static double
ReadValue(WindowObject window, int64 row, bool *is_null)
{
	Datum		datum = PartitionArgument(window, ARG_VALUE, row, is_null);
	double		value = *is_null ? 0 : DatumGetFloat8(datum);

	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value must be a finite number, not %s",
						isnan(value) ? "NaN" : value > 0 ? "infinity" : "-infinity"),
				 errhint("Leave such rows out, or pass NULL to have them skipped.")));
	return value;
}

/* Keeps the budget of the first row, and checks that of the others against it. */
static void
ReadBudget(FunctionCallInfo fcinfo, int64 row, RawRows *raw)
{
	bool		is_null;
	Datum		datum;
	Numeric		budget;

	if (row > 0 && get_fn_expr_arg_stable(fcinfo->flinfo, ARG_BUDGET))
		return;
	datum = PartitionArgument(PG_WINDOW_OBJECT(), ARG_BUDGET, row, &is_null);
	if (is_null)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("budget must not be null"),
				 errhint("Pass what may be spent on all offers of the partition together.")));
	budget = DatumGetNumeric(datum);
	if (row == 0)
	{
		Decimal		d;

		CheckFiniteAmount(DecimalFromNumeric(budget, &d), "budget");
		if (DecimalSign(&d) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("budget must not be negative, not %s", DecimalToString(&d)),
					 errhint("Pass 0 if only offers without cost may be chosen.")));
		raw->budget = MemoryContextAlloc(raw->cost.context, VARSIZE(budget));
		memcpy(raw->budget, budget, VARSIZE(budget));
	}
	else if (!SameVarlena((struct varlena *) raw->budget, datum) &&
			 !DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(raw->budget),
											   NumericGetDatum(budget))))
		OptionChanged("budget");
}

/*
 * All arguments of all rows.  The arguments of a row are read before the next row:
 * see window_numbers.c.
 */
static void
ReadRows(FunctionCallInfo fcinfo, int64 n, RawRows *raw)
{
	WindowObject window = PG_WINDOW_OBJECT();
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "offers",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;

	raw->value = palloc_extended(n * sizeof(double), MCXT_ALLOC_HUGE);
	raw->left_out = palloc_extended(n * sizeof(bool), MCXT_ALLOC_HUGE);
	WindowKeysInit(&raw->customers, fcinfo, ARG_CUSTOMER, n);
	WindowKeysInit(&raw->offers, fcinfo, ARG_OFFER, n);
	WindowNumbersInit(&raw->cost, fcinfo, ARG_COST, n, "cost", UNITS_EXACT, 0);
	old = MemoryContextSwitchTo(scratch);
	for (int64 i = 0; i < n; i++)
	{
		ReadBudget(fcinfo, i, raw);
		WindowKeysRead(&raw->customers, window, i, scratch);
		WindowKeysRead(&raw->offers, window, i, scratch);
		WindowNumbersReadRow(&raw->cost, window, i, scratch);
		raw->value[i] = ReadValue(window, i, &raw->left_out[i]);
		ForgetArguments(scratch, i);
		POLL_EVERY(i);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* Which rows take part, and whether their costs are good. */
static void
CheckRows(int64 n, RawRows *raw)
{
	const WindowNumbers *cost = &raw->cost;
	bool		no_keys = !WindowKeysGiven(&raw->customers) || !WindowKeysGiven(&raw->offers);

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
		raw->left_out[i] |= no_keys || WindowNumberIsNull(cost, i) ||
			raw->customers.is_null[i] || raw->offers.is_null[i];
		POLL_EVERY(i);
	}
}

/* The budget in units of costs, rounded down. */
static int128
BudgetUnits(const RawRows *raw)
{
	Datum		budget = DirectFunctionCall2(numeric_trunc, NumericGetDatum(raw->budget),
											 Int32GetDatum(raw->cost.scale));
	Decimal		d;
	int128		units;

	DecimalFromNumeric(DatumGetNumeric(budget), &d);
	/* what is beyond 128 bits is more than all costs */
	if (!UnitsOfDecimal(&d, raw->cost.scale, UNITS_DOWN, &units))
		return DecimalPowers()[DECIMAL_MAX_SCALE];
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

/* How a type's keys become images. */
typedef enum ImageKind
{
	IMAGE_NONE,					/* 0 for all */
	IMAGE_INT32,				/* the key itself */
	IMAGE_INT64,
	IMAGE_UUID,					/* the first 8 bytes */
	IMAGE_TEXT
} ImageKind;

/* Also turns text to its order by bytes. */
static ImageKind
ChooseOrder(WindowKeys *keys)
{
	Oid			type = get_fn_expr_argtype(keys->fcinfo->flinfo, keys->arg);
	Oid			collation = keys->order.ssup_collation;

	if (keys->order.comparator == ssup_datum_int32_cmp)
		return IMAGE_INT32;
	if (keys->order.comparator == ssup_datum_signed_cmp)
		return IMAGE_INT64;
	if (type == UUIDOID)
		return IMAGE_UUID;
	if ((type != TEXTOID && type != VARCHAROID) || !OidIsValid(collation) ||
		!get_collation_isdeterministic(collation))
		return IMAGE_NONE;
	memset(&keys->order, 0, sizeof(keys->order));
	keys->order.ssup_cxt = keys->context;
	keys->order.ssup_collation = C_COLLATION_OID;
	PrepareSortSupportFromOrderingOp(lookup_type_cache(type, TYPECACHE_LT_OPR)->lt_opr,
									 &keys->order);
	return IMAGE_TEXT;
}

/* An unsigned integer; of two keys the one with the smaller image is the smaller one. */
static inline uint64
KeyImage(Datum key, ImageKind kind)
{
	const uint64 sign = (uint64) 1 << 63;
	uint64		image = 0;
	void	   *text;

	switch (kind)
	{
		case IMAGE_NONE:
			break;
		case IMAGE_INT32:
			return (uint64) (int64) DatumGetInt32(key) ^ sign;
		case IMAGE_INT64:
			return (uint64) DatumGetInt64(key) ^ sign;
		case IMAGE_UUID:
			memcpy(&image, DatumGetPointer(key), sizeof(image));
			break;
		case IMAGE_TEXT:
			text = DatumGetPointer(key);
			memcpy(&image, VARDATA_ANY(text), Min(VARSIZE_ANY_EXHDR(text), sizeof(image)));
			break;
	}
	return pg_ntoh64(image);
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

	/* one pass over millions of texts takes longer than a cancel may */
	CHECK_FOR_INTERRUPTS();
	return result != 0 ? result : WindowKeysCompare(a->row, b->row, order->offers);
}

#define ST_SORT SortRows
#define ST_ELEMENT_TYPE RowItem
#define ST_COMPARE(a, b, order) CompareRows(a, b, order)
#define ST_COMPARE_ARG_TYPE const RowOrder
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
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
	ImageKind	kind = IMAGE_NONE;
	int64		n = 0;

	items = palloc_extended(rows->n * sizeof(RowItem), MCXT_ALLOC_HUGE);
	if (WindowKeysGiven(&raw->customers))
		kind = ChooseOrder(&raw->customers);
	if (WindowKeysGiven(&raw->offers))
		ChooseOrder(&raw->offers);
	for (int64 i = 0; i < rows->n; i++)
	{
		POLL_EVERY(i);
		if (!raw->left_out[i])
			items[n++] = (RowItem) {KeyImage(raw->customers.keys[i], kind), i};
	}
	rows->row = palloc_extended(Max(1, n) * sizeof(int32), MCXT_ALLOC_HUGE);
	rows->first = palloc_extended((n + 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	order.exact = kind == IMAGE_INT32 || kind == IMAGE_INT64;
	SortRows(items, n, &order);
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
	RawRows		raw;
	int64		n;

	rows->n = PartitionRows(PG_WINDOW_OBJECT(), function);
	ReadRows(fcinfo, rows->n, &raw);
	CheckRows(rows->n, &raw);
	rows->cost_scale = raw.cost.scale;
	n = OrderRows(rows, &raw);
	/* the core numbers the offers, and none for each customer, in 32 bits */
	if (n + rows->n_customers > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many offers in a partition for %s: " INT64_FORMAT, function, n),
				 errhint("Divide the rows with PARTITION BY.")));
	TakeNumbers(rows, &raw, n, BudgetUnits(&raw));

	WindowKeysFree(&raw.customers);
	WindowKeysFree(&raw.offers);
	WindowNumbersFree(&raw.cost);
	pfree(raw.value);
	pfree(raw.left_out);
	pfree(raw.budget);
}

void
OfferRowsFree(OfferRows *rows)
{
	pfree(rows->first);
	pfree(rows->row);
	pfree(rows->cost);
	pfree(rows->value);
}
