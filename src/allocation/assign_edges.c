/*
 * assign_edges.c
 *		The query of edges: which agent may serve which customer, and how well.
 *
 * Rows come in any order, and there may be tens of millions of them.  Each
 * customer gets a number from an index of keys; edges are kept in blocks of
 * (customer, agent, value), 16 bytes each, which need not move when there are
 * more.  At the end customers are numbered anew in key order, and a counting
 * sort puts the edges into rows: 12 bytes each, blocks being freed as they are
 * read.  Within a customer agents are sorted, which shows duplicates.  So
 * nothing depends on the order in which the rows came.
 *
 * Values become integers of a common scale (scaled_values.h).
 *
 * Memory: 28 bytes an edge at the peak, 12 at the end; for each customer 36
 * bytes and the key, 8 more with loads.
 */
#include "postgres.h"

#include "allocation/assign_edges.h"

#include "allocation/assignment.h"
#include "miscadmin.h"
#include "utils/memutils.h"

enum
{
	CUSTOMER, AGENT, VALUE, LOAD, N_COLUMNS
};

/* Who is at the ends of a block's edges. */
typedef struct EdgeEnds
{
	int32		customer[SCALED_BLOCK];
	int32		agent[SCALED_BLOCK];
} EdgeEnds;

typedef struct EdgeReading
{
	AssignReading reading;
	const AssignEdgeOptions *options;
	const AgentKeys *agents;
	AssignEdges *edges;
	int32		n_loads;		/* customers whose load is known: all that came */
	int64		load_capacity;

	ScaledBlock **values;		/* of the blocks */
	EdgeEnds  **ends;
	int64		n_blocks;
	int64		blocks_capacity;

	int32		last_customer;	/* of the row before; -1 */
} EdgeReading;

/* --- Rows as they come ------------------------------------------------------------ */

static bool
SameKey(const GroupKey *a, const GroupKey *b)
{
	return a->number == b->number && a->length == b->length &&
		(a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

/* The number of a customer, often that of the row before. */
static int32
CustomerNumber(EdgeReading *r, const GroupKey *key)
{
	KeyIndex   *customers = r->edges->customers;

	if (r->last_customer >= 0)
	{
		GroupKey	last;

		KeyIndexKey(customers, r->last_customer, &last);
		if (SameKey(&last, key))
			return r->last_customer;
	}
	if (customers->n >= KEY_INDEX_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are more than %d customers in argument \"edges\"", KEY_INDEX_MAX),
				 errhint("Assign in parts, for example by region.")));
	r->last_customer = KeyIndexAdd(customers, key);
	return r->last_customer;
}

/* Every row of a customer must say the same load. */
static void
ReadLoad(EdgeReading *r, TupleTableSlot *slot, int32 customer, const GroupKey *key)
{
	AssignEdges *e = r->edges;
	int64		load;

	if (slot->tts_isnull[LOAD])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the load of customer %s must not be NULL", AssignKeyText(key, e->customer_type)),
				 errhint("Use coalesce(load, 1) in the query in argument \"edges\".")));
	load = AssignReadWhole(r->reading.query.type[LOAD], slot->tts_values[LOAD],
						   1, ASSIGN_MAX_LOAD, "load of customer", key, e->customer_type);
	if (customer == r->n_loads)
	{
		if (r->n_loads == r->load_capacity)
		{
			r->load_capacity *= 2;
			e->load = repalloc_huge(e->load, r->load_capacity * sizeof(int64));
		}
		e->load[r->n_loads++] = load;
	}
	else if (e->load[customer] != load)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the load of customer %s is " INT64_FORMAT " in one row and " INT64_FORMAT " in another",
						AssignKeyText(key, e->customer_type), e->load[customer], load),
				 errhint("The load is the customer's, whoever serves it: all rows of a customer in argument \"edges\" must say the same.")));
}

static void
StartBlock(EdgeReading *r)
{
	MemoryContext old = MemoryContextSwitchTo(r->reading.context);

	if (r->n_blocks == r->blocks_capacity)
	{
		r->blocks_capacity *= 2;
		r->values = repalloc_huge(r->values, r->blocks_capacity * sizeof(ScaledBlock *));
		r->ends = repalloc_huge(r->ends, r->blocks_capacity * sizeof(EdgeEnds *));
	}
	r->values[r->n_blocks] = ScaledBlockCreate();
	r->ends[r->n_blocks] = palloc(sizeof(EdgeEnds));
	r->n_blocks++;
	MemoryContextSwitchTo(old);
}

pg_noreturn static void
ReportValue(const EdgeReading *r, const GroupKey *customer, const GroupKey *agent,
			const char *value, int code, const char *hint)
{
	ereport(ERROR,
			(errcode(code),
			 errmsg("the value of customer %s and agent %s must be a finite number of at most " INT64_FORMAT ", not %s",
					AssignKeyText(customer, r->edges->customer_type),
					AssignKeyText(agent, r->agents->type), ASSIGN_MAX_VALUE, value),
			 errhint("%s", hint)));
}

/* Only one of the largest can be. */
static inline bool
LastIsTooLarge(const ScaledBlock *block)
{
	int64		value = block->value[block->n - 1];

	return (value == block->largest || value == -block->largest) &&
		ScaledTo(block->largest, block->scale, 0) > ASSIGN_MAX_VALUE;
}

/* Puts the value of an edge into the newest block. */
static void
AddValue(EdgeReading *r, ScaledBlock *block, TupleTableSlot *slot,
		 const GroupKey *customer, const GroupKey *agent)
{
	Oid			type = r->reading.query.type[VALUE];
	Decimal		d;

	if (!r->edges->has_values)
		d = DecimalFromInt(0);
	else if (slot->tts_isnull[VALUE])
		ReportValue(r, customer, agent, "NULL", ERRCODE_NULL_VALUE_NOT_ALLOWED,
					"Leave the row out when the agent may not serve the customer, or use coalesce(value, 0).");
	else if (AssignReadDecimal(type, slot->tts_values[VALUE], &d) != DECIMAL_OK)
		ReportValue(r, customer, agent, AssignValueText(type, slot->tts_values[VALUE]),
					ERRCODE_INVALID_PARAMETER_VALUE, "Leave such rows out.");
	if (!ScaledBlockAdd(block, &d) || LastIsTooLarge(block))
		ReportValue(r, customer, agent, AssignValueText(type, slot->tts_values[VALUE]),
					ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "Divide all values by a common factor.");
}

static void
AddEdge(EdgeReading *r, TupleTableSlot *slot, int32 customer, const GroupKey *customer_key)
{
	const UserQuery *query = &r->reading.query;
	ScaledBlock *block;
	EdgeEnds   *ends;
	GroupKey	key;
	int32		agent;

	ReadKey(query->type[AGENT], slot->tts_values[AGENT], &key);
	agent = KeyIndexFind(r->agents->keys, &key);
	if (agent < 0)
	{
		if (!r->options->only_known_agents)
			return;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("agent %s of customer %s is not in argument \"%s\"",
						AssignKeyText(&key, query->type[AGENT]),
						AssignKeyText(customer_key, query->type[CUSTOMER]), r->agents->argument),
				 errhint("Every agent needs a row there. Leave edges of others out, for example by a join.")));
	}
	if (r->n_blocks == 0 || r->values[r->n_blocks - 1]->n == SCALED_BLOCK)
		StartBlock(r);
	block = r->values[r->n_blocks - 1];
	ends = r->ends[r->n_blocks - 1];
	ends->customer[block->n] = customer;
	ends->agent[block->n] = agent;
	AddValue(r, block, slot, customer_key, &key);
}

static void
ReceiveEdge(TupleTableSlot *slot, void *arg)
{
	EdgeReading *r = arg;
	MemoryContext old = MemoryContextSwitchTo(r->reading.row_context);

	if (slot->tts_isnull[CUSTOMER])
		r->reading.no_key++;
	else
	{
		GroupKey	key;
		int32		customer;

		ReadKey(r->reading.query.type[CUSTOMER], slot->tts_values[CUSTOMER], &key);
		customer = CustomerNumber(r, &key);
		if (r->edges->load != NULL)
			ReadLoad(r, slot, customer, &key);
		if (!slot->tts_isnull[AGENT])
			AddEdge(r, slot, customer, &key);
	}
	MemoryContextSwitchTo(old);
	AssignRowDone(&r->reading);
}

/* --- Into rows ------------------------------------------------------------------------ */

typedef struct EdgeItem
{
	int32		agent;
	int64		value;
} EdgeItem;

#define ST_SORT SortEdges
#define ST_ELEMENT_TYPE EdgeItem
#define ST_COMPARE(a, b) (((a)->agent > (b)->agent) - ((a)->agent < (b)->agent))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Customers get the numbers of their order, and their loads with them. */
static void
SortCustomers(EdgeReading *r)
{
	AssignEdges *e = r->edges;
	int32	   *number = KeyIndexSort(e->customers);
	int64	   *load = NULL;

	if (number == NULL)
		return;
	if (e->load != NULL)
		load = palloc_extended((Size) r->load_capacity * sizeof(int64), MCXT_ALLOC_HUGE);
	for (int32 i = 0; i < e->customers->n && load != NULL; i++)
	{
		POLL_EVERY(i);
		load[number[i]] = e->load[i];
	}
	if (load != NULL)
	{
		pfree(e->load);
		e->load = load;
	}
	for (int64 b = 0; b < r->n_blocks; b++)
	{
		custseg_poll();
		for (int32 i = 0; i < r->values[b]->n; i++)
			r->ends[b]->customer[i] = number[r->ends[b]->customer[i]];
	}
	pfree(number);
}

/* The counting sort: each edge goes to the row of its customer. */
static void
MakeRows(EdgeReading *r)
{
	AssignEdges *e = r->edges;
	int64		n = e->customers->n;
	int64	   *next = palloc_extended((n + 1) * sizeof(int64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	e->first = palloc_extended((n + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	for (int64 b = 0; b < r->n_blocks; b++)
	{
		custseg_poll();
		for (int32 i = 0; i < r->values[b]->n; i++)
			next[r->ends[b]->customer[i] + 1]++;
	}
	for (int64 i = 0; i < n; i++)
	{
		POLL_EVERY(i);
		next[i + 1] += next[i];
	}
	memcpy(e->first, next, (n + 1) * sizeof(int64));
	e->agent = palloc_extended((e->first[n] + 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	e->value = palloc_extended((e->first[n] + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	for (int64 b = 0; b < r->n_blocks; b++)
	{
		const ScaledBlock *block = r->values[b];

		custseg_poll();
		for (int32 i = 0; i < block->n; i++)
		{
			int64		place = next[r->ends[b]->customer[i]]++;

			e->agent[place] = r->ends[b]->agent[i];
			e->value[place] = block->scale == e->scale ? block->value[i] :
				ScaledTo(block->value[i], block->scale, e->scale);
		}
		pfree(r->values[b]);
		pfree(r->ends[b]);
	}
	pfree(next);
}

pg_noreturn static void
ReportDuplicate(const EdgeReading *r, int32 customer, int32 agent)
{
	ereport(ERROR,
			(errcode(ERRCODE_CARDINALITY_VIOLATION),
			 errmsg("the edge of customer %s and agent %s comes more than once",
					AssignNumberText(r->edges->customers, customer, r->edges->customer_type),
					AssignNumberText(r->agents->keys, agent, r->agents->type)),
			 errhint("The query in argument \"edges\" must return one row for each pair, for example with GROUP BY.")));
}

static bool
RowIsSorted(const AssignEdges *e, int32 customer)
{
	for (int64 i = e->first[customer] + 1; i < e->first[customer + 1]; i++)
		if (e->agent[i] <= e->agent[i - 1])
			return false;
	return true;
}

/* Sorts the agents of each customer. */
static void
SortRows(EdgeReading *r)
{
	AssignEdges *e = r->edges;
	EdgeItem   *items = palloc(((Size) r->agents->keys->n + 1) * sizeof(EdgeItem));
	int64		capacity = r->agents->keys->n + 1;

	for (int32 c = 0; c < e->customers->n; c++)
	{
		int64		start = e->first[c];
		int64		n = e->first[c + 1] - start;

		if ((c & 255) == 255 || n > 255)
			custseg_poll();
		if (RowIsSorted(e, c))
			continue;
		if (n > capacity)
		{
			/* there are duplicates */
			capacity = n;
			items = repalloc_huge(items, capacity * sizeof(EdgeItem));
		}
		for (int64 i = 0; i < n; i++)
		{
			items[i].agent = e->agent[start + i];
			items[i].value = e->value[start + i];
		}
		SortEdges(items, n);
		for (int64 i = 0; i < n; i++)
		{
			if (i > 0 && items[i].agent == items[i - 1].agent)
				ReportDuplicate(r, c, items[i].agent);
			e->agent[start + i] = items[i].agent;
			e->value[start + i] = items[i].value;
		}
	}
	pfree(items);
}

bool
AssignEdgeFind(const AssignEdges *e, int32 customer, int32 agent, int64 *place)
{
	int64		low = e->first[customer];
	int64		high = e->first[customer + 1];

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (e->agent[middle] < agent)
			low = middle + 1;
		else
			high = middle;
	}
	*place = low;
	return low < e->first[customer + 1] && e->agent[low] == agent;
}

/* --- All of it ---------------------------------------------------------------------- */

static void
SettleScale(EdgeReading *r)
{
	r->edges->scale = ScaledCommonScale(r->values, r->n_blocks, r->options->added, ASSIGN_MAX_VALUE);
	if (r->edges->scale < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the largest value and the stickiness add up to more than " INT64_FORMAT,
						ASSIGN_MAX_VALUE),
				 errhint("Pass a smaller stickiness, or divide it and all values by a common factor.")));
}

/* Loads that are all 1 are none: that problem is solved exactly. */
static void
DropEqualLoads(AssignEdges *e)
{
	if (e->load == NULL)
		return;
	for (int32 i = 0; i < e->customers->n; i++)
	{
		POLL_EVERY(i);
		if (e->load[i] != 1)
			return;
	}
	pfree(e->load);
	e->load = NULL;
}

#define FIRST_LOADS		1024
#define FIRST_BLOCKS	64

void
AssignEdgesRead(AssignEdges *edges, const char *query, const AgentKeys *agents,
				const AssignEdgeOptions *options)
{
	const ColumnSpec columns[N_COLUMNS] = {
		{"customer", COLUMN_KEY, false},
		{"agent", COLUMN_KEY, false},
		{"value", COLUMN_AMOUNT, options->values_optional},
		{"load", COLUMN_AMOUNT, true}
	};
	EdgeReading r = {.options = options, .agents = agents, .edges = edges, .last_customer = -1};

	AssignReadingOpen(&r.reading, query, "edges", columns, N_COLUMNS);
	AssignCheckKeyTypes(&r.reading.query, AGENT, "agent", agents->type, agents->argument);
	edges->customer_type = r.reading.query.type[CUSTOMER];
	KeyTypeCheckNamed(edges->customer_type, options->customer_key, "customer", "customer_key");
	edges->has_values = r.reading.query.n_columns > VALUE;
	edges->customers = KeyIndexCreate(KeyIsBytes(edges->customer_type));
	edges->load = NULL;
	if (r.reading.query.n_columns > LOAD)
	{
		r.load_capacity = FIRST_LOADS;
		edges->load = palloc(FIRST_LOADS * sizeof(int64));
	}
	r.blocks_capacity = FIRST_BLOCKS;
	r.values = palloc(FIRST_BLOCKS * sizeof(ScaledBlock *));
	r.ends = palloc(FIRST_BLOCKS * sizeof(EdgeEnds *));

	AssignReadingRun(&r.reading, ReceiveEdge, &r, "customer");
	SettleScale(&r);
	SortCustomers(&r);
	MakeRows(&r);
	SortRows(&r);
	DropEqualLoads(edges);
	pfree(r.values);
	pfree(r.ends);
}
