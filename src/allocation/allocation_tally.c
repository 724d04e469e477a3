/*
 * allocation_tally.c
 *		What allocation_check counts in the rows of a finished allocation.
 *
 * The query is read once.  Sums are exact decimals.  Nothing depends on the
 * order of rows: of equally bad ones the first by the bytes of its key is named.
 *
 * Rows alike in weight, floor and cap should have got the same: they are sorted
 * by these columns and then by amount, so that the least and the most of a group
 * are its first and its last row.
 *
 * Memory: 16 to 40 bytes a row for the measures of inequality, and the tiers;
 * the keys, and rows with a weight, respect work_mem and go to files beyond it.
 */
#include "allocation/allocation_tally.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/key_set.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#define ROWS_PER_RESET	256		/* of the memory that rows leave behind */
#define FIRST_CAPACITY	4096

/* weight, floor, cap, amount of rows that are compared */
#define N_ALIKE_COLUMNS	4
#define ALIKE_AMOUNT	3

#define SH_PREFIX tier_sums
#define SH_ELEMENT_TYPE TierSum
#define SH_KEY_TYPE char *
#define SH_KEY name
#define SH_HASH_KEY(table, key) \
	hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(table, a, b) (strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

/* --- Sums and breaches ------------------------------------------------------------ */

static Decimal
CopyDecimal(MemoryContext context, const Decimal *d)
{
	Decimal		copy = *d;

	if (copy.big != NULL)
	{
		copy.big = MemoryContextAlloc(context, VARSIZE_ANY(d->big));
		memcpy(copy.big, d->big, VARSIZE_ANY(d->big));
	}
	return copy;
}

static void
AddAmount(const AllocationTally *t, Decimal *sum, const Decimal *amount)
{
	Decimal		result = DecimalSum(sum, amount);
	struct NumericData *old = sum->big;

	*sum = CopyDecimal(t->context, &result);
	if (old != NULL)
		pfree(old);
}

static Decimal
Difference(const Decimal *a, const Decimal *b)
{
	Decimal		negated = DecimalNegated(b);

	return DecimalSum(a, &negated);
}

/* Counts a row; says whether it is the worst so far, which its caller then describes. */
static bool
CountBreach(const AllocationTally *t, Breaches *b, const Decimal *gap, const char *key)
{
	int			order = b->rows++ == 0 ? 1 : DecimalCompare(gap, &b->gap);

	if (order < 0 || (order == 0 && strcmp(key, b->key) >= 0))
		return false;
	if (b->key != NULL)
	{
		pfree(b->key);
		pfree(b->worst);
		if (b->gap.big != NULL)
			pfree(b->gap.big);
	}
	b->gap = CopyDecimal(t->context, gap);
	b->key = MemoryContextStrdup(t->context, key);
	return true;
}

static const char *
KeyText(const AllocationTally *t, const TupleTableSlot *slot)
{
	GroupKey	key;

	if (slot->tts_isnull[CHECK_KEY])
		return "null";
	ReadKey(t->query.type[CHECK_KEY], slot->tts_values[CHECK_KEY], &key);
	return TextDatumGetCString(KeyDatum(&key, t->query.type[CHECK_KEY], TEXTOID));
}

/* A bound of the row, or 0 for the amount itself, that the amount breaks. */
static void
Breach(const AllocationTally *t, Breaches *b, const TupleTableSlot *slot, const Decimal *amount,
	   const char *name, const Decimal *bound)
{
	Decimal		gap = Difference(amount, bound);
	const char *key = KeyText(t, slot);

	if (DecimalSign(&gap) < 0)
		gap = DecimalNegated(&gap);
	if (CountBreach(t, b, &gap, key))
	{
		char	   *text = name == NULL ?
			psprintf("worst: key %s, amount %s", key, DecimalToString(amount)) :
			psprintf("worst: key %s, amount %s, %s %s", key, DecimalToString(amount), name,
					 DecimalToString(bound));

		b->worst = MemoryContextStrdup(t->context, text);
	}
}

/* --- Rows ----------------------------------------------------------------------------- */

static void
AddToTier(AllocationTally *t, Datum value, const Decimal *amount)
{
	GroupKey	key;
	char	   *name;
	TierSum    *tier;
	bool		found;

	ReadKey(t->query.type[CHECK_TIER], value, &key);
	name = TextDatumGetCString(KeyDatum(&key, t->query.type[CHECK_TIER], TEXTOID));
	tier = tier_sums_lookup(t->tiers, name);
	if (tier == NULL)
	{
		tier = tier_sums_insert(t->tiers, MemoryContextStrdup(t->context, name), &found);
		tier->sum = DecimalFromInt(0);
	}
	AddAmount(t, &tier->sum, amount);
}

static void
AddMeasure(AllocationTally *t, double x)
{
	if (t->n == t->capacity)
	{
		t->capacity *= 2;
		t->amounts = repalloc_huge(t->amounts, t->capacity * sizeof(double));
	}
	t->amounts[t->n++] = x;
	/* sums of EXACT_SUM_MAX limbs always have room */
	if (!(ExactSumAdd(&t->total.sum, x) && ExactSumAddProduct(&t->squares.sum, x, x)))
		elog(ERROR, "no room for a sum");
}

/* A bound of a row; false if it is null or there is no such column. */
static bool
ReadBound(const AllocationTally *t, const TupleTableSlot *slot, int column, const char *name,
		  Decimal *bound)
{
	if (!TallyHasColumn(t, column) || slot->tts_isnull[column])
		return false;
	*bound = ReadAmount(t->query.type[column], slot->tts_values[column], name);
	return true;
}

static void
PutAlike(AllocationTally *t, const Decimal *const columns[])
{
	TupleTableSlot *slot = t->alike_slot;

	ExecClearTuple(slot);
	for (int i = 0; i < N_ALIKE_COLUMNS; i++)
	{
		slot->tts_isnull[i] = columns[i] == NULL;
		slot->tts_values[i] = columns[i] == NULL ? (Datum) 0 :
			NumericGetDatum(DecimalToNumeric(columns[i]));
	}
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(t->alike, slot);
}

/* The digits after the point that an amount is written with. */
static int
AmountScale(const Decimal *amount)
{
	if (amount->big == NULL)
		return amount->scale;
	return DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(amount->big)));
}

static void
TallyRow(AllocationTally *t, TupleTableSlot *slot)
{
	static const Decimal zero = {0, 0, NULL};
	Decimal		amount;
	Decimal		floor;
	Decimal		cap;
	Decimal		weight;
	bool		has_floor;
	bool		has_cap;

	t->rows++;
	if (!slot->tts_isnull[CHECK_KEY])
	{
		GroupKey	key;

		ReadKey(t->query.type[CHECK_KEY], slot->tts_values[CHECK_KEY], &key);
		KeySetAdd(t->keys, &key);
	}
	if (slot->tts_isnull[CHECK_AMOUNT])
	{
		t->null_amounts++;
		return;
	}
	amount = ReadAmount(t->query.type[CHECK_AMOUNT], slot->tts_values[CHECK_AMOUNT], "amount");
	has_floor = ReadBound(t, slot, CHECK_FLOOR, "floor", &floor);
	has_cap = ReadBound(t, slot, CHECK_CAP, "cap", &cap);
	AddAmount(t, &t->sum, &amount);
	t->scale = Max(t->scale, AmountScale(&amount));
	if (has_floor && DecimalCompare(&amount, &floor) < 0)
		Breach(t, &t->below_floor, slot, &amount, "floor", &floor);
	if (has_cap && DecimalCompare(&amount, &cap) > 0)
		Breach(t, &t->above_cap, slot, &amount, "cap", &cap);
	if (DecimalSign(&amount) < 0)
		Breach(t, &t->negative, slot, &amount, NULL, &zero);
	else
		AddMeasure(t, DecimalToFloat8(&amount));
	if (TallyHasColumn(t, CHECK_TIER) && !slot->tts_isnull[CHECK_TIER])
		AddToTier(t, slot->tts_values[CHECK_TIER], &amount);
	if (ReadBound(t, slot, CHECK_WEIGHT, "weight", &weight))
		PutAlike(t, (const Decimal *const[N_ALIKE_COLUMNS])
				 {&weight, has_floor ? &floor : NULL, has_cap ? &cap : NULL, &amount});
}

static void
ReceiveRow(TupleTableSlot *slot, void *arg)
{
	AllocationTally *t = arg;
	MemoryContext old = MemoryContextSwitchTo(t->row_context);

	TallyRow(t, slot);
	MemoryContextSwitchTo(old);
	if (++t->rows_since_reset == ROWS_PER_RESET)
	{
		if (t->alike_slot != NULL)
			ExecClearTuple(t->alike_slot);
		MemoryContextReset(t->row_context);
		t->rows_since_reset = 0;
	}
}

pg_noreturn static void
ReportDuplicate(const GroupKey *key, void *arg)
{
	AllocationTally *t = arg;

	ereport(ERROR,
			(errcode(ERRCODE_CARDINALITY_VIOLATION),
			 errmsg("key %s comes more than once",
					TextDatumGetCString(KeyDatum(key, t->query.type[CHECK_KEY], TEXTOID))),
			 errhint("The query in argument \"allocation\" must return one row for each key. Add amounts up first with GROUP BY, or make a key of several columns.")));
}

/* --- Rows that are alike ------------------------------------------------------------ */

/* A sort by all columns, and the slot through which rows get there. */
static void
BeginAlike(AllocationTally *t)
{
	TupleDesc	desc = CreateTemplateTupleDesc(N_ALIKE_COLUMNS);
	Oid			less = lookup_type_cache(NUMERICOID, TYPECACHE_LT_OPR)->lt_opr;
	AttrNumber	columns[N_ALIKE_COLUMNS];
	Oid			operators[N_ALIKE_COLUMNS];
	Oid			collations[N_ALIKE_COLUMNS];
	bool		nulls_first[N_ALIKE_COLUMNS];

	for (int i = 0; i < N_ALIKE_COLUMNS; i++)
	{
		TupleDescInitEntry(desc, i + 1, "number", NUMERICOID, -1, 0);
		columns[i] = i + 1;
		operators[i] = less;
		collations[i] = InvalidOid;
		nulls_first[i] = false;
	}
	t->alike_slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	t->alike = tuplesort_begin_heap(desc, N_ALIKE_COLUMNS, columns, operators, collations,
									nulls_first, work_mem, NULL, TUPLESORT_NONE);
}

/* A group of rows that are alike; big numbers are copies. */
typedef struct AlikeGroup
{
	Decimal		column[N_ALIKE_COLUMNS];	/* of the first row */
	bool		is_null[N_ALIKE_COLUMNS];
	Decimal		most;			/* amount of the last row so far */
} AlikeGroup;

static Decimal
SlotDecimal(const TupleTableSlot *slot, int column)
{
	Decimal		d;

	/* what was put is finite */
	(void) DecimalFromNumeric(NumericArgument(slot->tts_values[column]), &d);
	return d;
}

static bool
BelongsTo(const AlikeGroup *group, const TupleTableSlot *slot)
{
	for (int i = 0; i < ALIKE_AMOUNT; i++)
	{
		Decimal		d;

		if (slot->tts_isnull[i] != group->is_null[i])
			return false;
		if (slot->tts_isnull[i])
			continue;
		d = SlotDecimal(slot, i);
		if (DecimalCompare(&d, &group->column[i]) != 0)
			return false;
	}
	return true;
}

static const char *
BoundText(const AlikeGroup *group, int column)
{
	return group->is_null[column] ? "null" : DecimalToString(&group->column[column]);
}

/* Counts a group whose amounts differ by more than one unit. */
static void
FinishGroup(AllocationTally *t, const AlikeGroup *group, const Decimal *unit)
{
	Decimal		gap = Difference(&group->most, &group->column[ALIKE_AMOUNT]);
	char	   *text;

	if (DecimalCompare(&gap, unit) <= 0)
		return;
	text = psprintf("worst: weight %s, floor %s, cap %s: amounts from %s to %s",
					BoundText(group, 0), BoundText(group, 1), BoundText(group, 2),
					DecimalToString(&group->column[ALIKE_AMOUNT]), DecimalToString(&group->most));
	if (CountBreach(t, &t->unequal, &gap, text))
		t->unequal.worst = MemoryContextStrdup(t->context, text);
}

/* One unit of the last digit that an amount is written with. */
static Decimal
AmountUnit(const AllocationTally *t)
{
	Decimal		unit = {1, t->scale, NULL};

	if (t->scale > DECIMAL_MAX_SCALE)
		(void) DecimalFromNumeric(DatumGetNumeric(DirectFunctionCall3(numeric_in,
																	  CStringGetDatum(psprintf("1e-%d", t->scale)),
																	  ObjectIdGetDatum(InvalidOid),
																	  Int32GetDatum(-1))), &unit);
	return unit;
}

static void
CompareAlike(AllocationTally *t)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(t->alike_slot->tts_tupleDescriptor,
													&TTSOpsMinimalTuple);
	Decimal		unit = AmountUnit(t);
	MemoryContext old = MemoryContextSwitchTo(t->row_context);
	MemoryContext own = AllocSetContextCreate(t->context, "custseg alike", ALLOCSET_DEFAULT_SIZES);
	AlikeGroup	group;
	int64		n = 0;

	tuplesort_performsort(t->alike);
	while (tuplesort_gettupleslot(t->alike, true, false, slot, NULL))
	{
		Decimal		amount;

		slot_getallattrs(slot);
		amount = SlotDecimal(slot, ALIKE_AMOUNT);
		if (n == 0 || !BelongsTo(&group, slot))
		{
			if (n > 0)
				FinishGroup(t, &group, &unit);
			MemoryContextReset(own);
			group.most.big = NULL;
			for (int i = 0; i < N_ALIKE_COLUMNS; i++)
			{
				group.is_null[i] = slot->tts_isnull[i];
				if (!group.is_null[i])
				{
					Decimal		d = SlotDecimal(slot, i);

					group.column[i] = CopyDecimal(own, &d);
				}
			}
		}
		if (group.most.big != NULL)
			pfree(group.most.big);
		group.most = CopyDecimal(own, &amount);
		if (++n % ROWS_PER_RESET == 0)
			MemoryContextReset(t->row_context);
		POLL_EVERY(n);
	}
	if (n > 0)
		FinishGroup(t, &group, &unit);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(own);
	ExecDropSingleTupleTableSlot(slot);
	tuplesort_end(t->alike);
}

/* --- The whole ------------------------------------------------------------------------ */

void
TallyOpen(AllocationTally *t, const char *query)
{
	static const ColumnSpec columns[N_CHECK_COLUMNS] = {
		{"key", COLUMN_KEY, false},
		{"amount", COLUMN_AMOUNT, false},
		{"floor", COLUMN_AMOUNT, true},
		{"cap", COLUMN_AMOUNT, true},
		{"tier", COLUMN_KEY, true},
		{"weight", COLUMN_AMOUNT, true}
	};

	memset(t, 0, sizeof(*t));
	t->context = CurrentMemoryContext;
	t->row_context = AllocSetContextCreate(t->context, "custseg rows", ALLOCSET_DEFAULT_SIZES);
	t->sum = DecimalFromInt(0);
	t->capacity = FIRST_CAPACITY;
	t->amounts = palloc(t->capacity * sizeof(double));
	ExactSumInit(&t->total.sum, EXACT_SUM_MAX);
	ExactSumInit(&t->squares.sum, EXACT_SUM_MAX);
	t->tiers = tier_sums_create(t->context, 64, NULL);

	/* SPI has contexts of its own; what must outlive it is made in ours */
	UserQueryOpen(&t->query, query, "allocation", columns, N_CHECK_COLUMNS);
	MemoryContextSwitchTo(t->context);
	t->keys = KeySetCreate(KeyIsBytes(t->query.type[CHECK_KEY]), get_hash_memory_limit(),
						   ReportDuplicate, t);
	if (TallyHasColumn(t, CHECK_WEIGHT))
		BeginAlike(t);
}

void
TallyRun(AllocationTally *t)
{
	UserQueryRun(&t->query, ReceiveRow, t);
	UserQueryClose(&t->query);
	MemoryContextSwitchTo(t->context);
	KeySetFinish(t->keys);
	if (t->alike_slot != NULL)
	{
		ExecClearTuple(t->alike_slot);
		CompareAlike(t);
		ExecDropSingleTupleTableSlot(t->alike_slot);
	}
	MemoryContextDelete(t->row_context);
}

const TierSum *
TallyFindTier(const AllocationTally *t, const char *name)
{
	return tier_sums_lookup(t->tiers, (char *) name);
}

const TierSum *
TallyLargestTier(const AllocationTally *t)
{
	const TierSum *largest = NULL;
	tier_sums_iterator i;

	tier_sums_start_iterate(t->tiers, &i);
	for (TierSum *tier = tier_sums_iterate(t->tiers, &i); tier != NULL;
		 tier = tier_sums_iterate(t->tiers, &i))
	{
		int			order = largest == NULL ? 1 : DecimalCompare(&tier->sum, &largest->sum);

		if (order > 0 || (order == 0 && strcmp(tier->name, largest->name) < 0))
			largest = tier;
	}
	return largest;
}
