/*
 * assign_next.c
 *		assign_next: a new customer now, without solving anything.
 *
 * Each customer in turn, in key order, goes to the eligible agent who is first
 * by a rule, and the agent's load grows at once.  Never to one who is full or
 * not there.  All comparisons are of integers, so that equal ones are equal:
 *
 *	round_robin		longest not served, who never was first; then load / capacity
 *	least_loaded	load / capacity, the smallest; then the value
 *	weighted		(load + that of the customer) / weight, the smallest; then the value
 *	best_value		the value; then load / capacity
 *
 * and at last the agent's key.
 *
 * Memory: the edges (assign_edges.c), 64 bytes for each agent and its key, and a
 * block of weights of half a megabyte.
 */
#include "postgres.h"

#include "common/compat.h"

#include "allocation/assign_edges.h"
#include "allocation/assignment.h"
#include "common/bulk_function.h"
#include "common/names.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

typedef enum Strategy
{
	ROUND_ROBIN, LEAST_LOADED, WEIGHTED, BEST_VALUE, N_STRATEGIES
} Strategy;

static const char *const strategy_names[N_STRATEGIES] = {
	"round_robin", "least_loaded", "weighted", "best_value"
};

enum
{
	AGENT, LOAD, CAPACITY, WEIGHT, LAST, N_COLUMNS
};

static const ColumnSpec load_columns[N_COLUMNS] = {
	{"agent", COLUMN_KEY, false},
	{"load", COLUMN_AMOUNT, false},
	{"capacity", COLUMN_AMOUNT, false},
	{"weight", COLUMN_AMOUNT, true},
	{"last", COLUMN_MOMENT, true}
};

/* When an agent was served last; later ones compare higher. */
typedef enum TurnKind
{
	TURN_NEVER, TURN_BEFORE, TURN_NOW
} TurnKind;

typedef struct AgentState
{
	int64		load;
	int64		capacity;
	int64		weight;			/* at a common scale */
	TurnKind	turn;
	int64		last;			/* the user's value, or the customer's number in this call */
} AgentState;

/* As many as a block has values. */
#define MAX_AGENTS	SCALED_BLOCK	/* 65536 */

typedef struct Next
{
	AssignReading reading;
	Strategy	strategy;
	AgentKeys	agents;
	AgentState *state;
	int32		room;			/* of state */
	ScaledBlock *weights;
	int			weight_scale;
	Oid			last_type;
	AssignEdges edges;
} Next;

/* Times a load of at most 2^41 it stays far below 2^127. */
#define MAX_WEIGHT	(INT64CONST(1) << 50)

/* --- loads ------------------------------------------------------------------------ */

static int64
ReadCount(const Next *x, TupleTableSlot *slot, int column, const GroupKey *key)
{
	const char *what = column == LOAD ? "load of agent" : "capacity of agent";

	if (slot->tts_isnull[column])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the %s %s must not be NULL", what, AssignKeyText(key, x->agents.type)),
				 errhint("Pass 0 for none, or leave the agent out.")));
	return AssignReadWhole(x->reading.query.type[column], slot->tts_values[column],
						   0, ASSIGN_MAX_CAPACITY, what, key, x->agents.type);
}

/* NULL weighs 1. */
static void
ReadWeight(Next *x, TupleTableSlot *slot, const GroupKey *key)
{
	Oid			type = x->reading.query.type[WEIGHT];
	Decimal		d = DecimalFromInt(1);
	bool		given = x->reading.query.n_columns > WEIGHT && !slot->tts_isnull[WEIGHT];

	if ((given && AssignReadDecimal(type, slot->tts_values[WEIGHT], &d) != DECIMAL_OK) ||
		DecimalSign(&d) <= 0 || !ScaledBlockAdd(x->weights, &d))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the weight of agent %s must be a positive number of at most " INT64_FORMAT ", not %s",
						AssignKeyText(key, x->agents.type), MAX_WEIGHT,
						AssignValueText(type, slot->tts_values[WEIGHT])),
				 errhint("Leave agents out who are to get nobody.")));
}

static void
ReceiveLoad(TupleTableSlot *slot, void *arg)
{
	Next	   *x = arg;
	MemoryContext old = MemoryContextSwitchTo(x->reading.row_context);

	if (slot->tts_isnull[AGENT])
		x->reading.no_key++;
	else
	{
		int32		n = x->agents.keys->n;
		AgentState *state;
		GroupKey	key;

		ReadKey(x->agents.type, slot->tts_values[AGENT], &key);
		if (n == MAX_AGENTS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("there are more than %d agents in argument \"loads\"", MAX_AGENTS),
					 errhint("Leave out those who may not serve these customers.")));
		if (KeyIndexAdd(x->agents.keys, &key) < n)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("agent %s comes more than once", AssignKeyText(&key, x->agents.type)),
					 errhint("The query in argument \"loads\" must return one row for each agent.")));
		if (n == x->room)
		{
			x->room *= 2;
			x->state = repalloc(x->state, x->room * sizeof(AgentState));
		}
		state = &x->state[n];
		state->load = ReadCount(x, slot, LOAD, &key);
		state->capacity = ReadCount(x, slot, CAPACITY, &key);
		ReadWeight(x, slot, &key);
		state->turn = TURN_NEVER;
		if (x->reading.query.n_columns > LAST && !slot->tts_isnull[LAST])
		{
			state->turn = TURN_BEFORE;
			/* dates and integers are held in a Datum with their sign, timestamps are integers */
			state->last = (int64) slot->tts_values[LAST];
		}
	}
	MemoryContextSwitchTo(old);
	AssignRowDone(&x->reading);
}

/* Weights of a common scale. */
static void
SettleWeights(Next *x)
{
	x->weight_scale = ScaledCommonScale(&x->weights, 1, NULL, MAX_WEIGHT);
	for (int32 i = 0; i < x->weights->n; i++)
	{
		x->state[i].weight = x->weight_scale < 0 ? 0 :
			ScaledTo(x->weights->value[i], x->weights->scale, x->weight_scale);
		if (x->state[i].weight == 0)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the weights of agents differ by a factor of more than " INT64_FORMAT, MAX_WEIGHT),
					 errhint("Leave agents out who are to get nobody.")));
	}
}

#define FIRST_AGENTS	64

static void
ReadLoads(Next *x, const char *query, Oid agent_key)
{
	AgentState *sorted;
	int32	   *number;

	AssignReadingOpen(&x->reading, query, "loads", load_columns, N_COLUMNS);
	x->agents.argument = "loads";
	x->agents.type = x->reading.query.type[AGENT];
	KeyTypeCheckNamed(x->agents.type, agent_key, "agent", "agent_key");
	x->agents.keys = KeyIndexCreate(KeyIsBytes(x->agents.type));
	if (x->reading.query.n_columns > LAST)
		x->last_type = x->reading.query.type[LAST];
	x->room = FIRST_AGENTS;
	x->state = palloc(x->room * sizeof(AgentState));
	x->weights = ScaledBlockCreate();
	AssignReadingRun(&x->reading, ReceiveLoad, x, "agent");

	SettleWeights(x);
	number = KeyIndexSort(x->agents.keys);
	if (number == NULL)
		return;
	sorted = palloc(x->room * sizeof(AgentState));
	for (int32 i = 0; i < x->agents.keys->n; i++)
		sorted[number[i]] = x->state[i];
	x->state = sorted;
}

/* --- Who is first ------------------------------------------------------------------- */

static int
CompareWide(int128 a, int128 b)
{
	return (a > b) - (a < b);
}

/* By load / capacity; capacities are positive where there is room. */
static int
CompareLoads(const AgentState *a, const AgentState *b)
{
	return CompareWide((int128) a->load * b->capacity, (int128) b->load * a->capacity);
}

static int
CompareTurns(const AgentState *a, const AgentState *b)
{
	if (a->turn != b->turn)
		return a->turn < b->turn ? -1 : 1;
	return a->turn == TURN_NEVER ? 0 : CompareWide(a->last, b->last);
}

/* Below 0: the first edge comes before the second for a customer of this load. */
static int
CompareEdges(const Next *x, int64 first, int64 second, int64 load)
{
	const AgentState *a = &x->state[x->edges.agent[first]];
	const AgentState *b = &x->state[x->edges.agent[second]];
	int			by_value = CompareWide(x->edges.value[second], x->edges.value[first]);
	int			rule = 0;

	switch (x->strategy)
	{
		case ROUND_ROBIN:
			rule = CompareTurns(a, b);
			return rule != 0 ? rule : CompareLoads(a, b);
		case LEAST_LOADED:
			rule = CompareLoads(a, b);
			break;
		case WEIGHTED:
			rule = CompareWide((int128) (a->load + load) * b->weight,
							   (int128) (b->load + load) * a->weight);
			break;
		default:
			return by_value != 0 ? by_value : CompareLoads(a, b);
	}
	return rule != 0 ? rule : by_value;
}

/* The edge to take, -1 when nobody has room. */
static int64
Choose(const Next *x, int32 customer, int64 load)
{
	int64		best = -1;

	for (int64 i = x->edges.first[customer]; i < x->edges.first[customer + 1]; i++)
	{
		const AgentState *s = &x->state[x->edges.agent[i]];

		/* agents are in key order, so the first of equals stays */
		if (s->load + load <= s->capacity &&
			(best < 0 || CompareEdges(x, i, best, load) < 0))
			best = i;
	}
	return best;
}

static char *
ScaledText(int64 value, int scale)
{
	Decimal		d = {value, scale, NULL};

	return DecimalToString(&d);
}

/* Why the agent of an edge was taken, before the load grows. */
static char *
Reason(const Next *x, int64 edge)
{
	const AgentState *s = &x->state[x->edges.agent[edge]];

	switch (x->strategy)
	{
		case ROUND_ROBIN:
			return s->turn == TURN_NEVER ? pstrdup("never served before") :
				s->turn == TURN_NOW ? pstrdup("the turn has come again") :
				psprintf("longest not served: since %s",
						 AssignValueText(x->last_type, (Datum) s->last));
		case LEAST_LOADED:
			return psprintf("lowest load: " INT64_FORMAT " of " INT64_FORMAT, s->load, s->capacity);
		case WEIGHTED:
			return psprintf("lowest load for the weight: " INT64_FORMAT " with weight %s",
							s->load, ScaledText(s->weight, x->weight_scale));
		default:
			return psprintf("highest value: %s", ScaledText(x->edges.value[edge], x->edges.scale));
	}
}

/* --- Results ------------------------------------------------------------------------- */

enum
{
	OUT_CUSTOMER, OUT_AGENT, OUT_VALUE, OUT_REASON, N_OUT
};

/* Serves a customer and fills in the row. */
static void
Serve(Next *x, int32 customer, TupleDesc desc, Datum *values, bool *nulls)
{
	int64		load = x->edges.load == NULL ? 1 : x->edges.load[customer];
	int64		edge = Choose(x, customer, load);
	const char *reason;
	GroupKey	key;

	KeyIndexKey(x->edges.customers, customer, &key);
	values[OUT_CUSTOMER] = KeyDatum(&key, x->edges.customer_type,
									TupleDescAttr(desc, OUT_CUSTOMER)->atttypid);
	nulls[OUT_AGENT] = edge < 0;
	nulls[OUT_VALUE] = edge < 0 || !x->edges.has_values;
	if (edge >= 0)
	{
		AgentState *s = &x->state[x->edges.agent[edge]];
		Decimal		value = {x->edges.value[edge], x->edges.scale, NULL};

		reason = Reason(x, edge);
		KeyIndexKey(x->agents.keys, x->edges.agent[edge], &key);
		values[OUT_AGENT] = KeyDatum(&key, x->agents.type,
									 TupleDescAttr(desc, OUT_AGENT)->atttypid);
		values[OUT_VALUE] = PointerGetDatum(DecimalToNumeric(&value));
		s->load += load;
		s->turn = TURN_NOW;
		s->last = customer;
	}
	else
		reason = x->edges.first[customer] == x->edges.first[customer + 1] ?
			"no eligible agent" : "no eligible agent has room";
	values[OUT_REASON] = CStringGetTextDatum(reason);
}

static Strategy
ReadStrategy(FunctionCallInfo fcinfo, int n)
{
	char	   *name = RequiredText(fcinfo, n, "strategy");
	int			strategy = FindName(strategy_names, N_STRATEGIES, name, strlen(name));

	if (strategy < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"strategy\" is not known: \"%s\"", name),
				 errhint("It is round_robin, least_loaded, weighted or best_value.")));
	return (Strategy) strategy;
}

/* Arguments from `first` on: edges, loads, strategy. */
static Datum
AssignNext(FunctionCallInfo fcinfo, int first)
{
	char	   *edges = RequiredQuery(fcinfo, first, "edges");
	char	   *loads = RequiredQuery(fcinfo, first + 1, "loads");
	Strategy	strategy = ReadStrategy(fcinfo, first + 2);
	TupleDesc	desc;
	Tuplestorestate *store = BeginResult(fcinfo, &desc);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "custseg assign_next",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	AssignEdgeOptions options = {
		.values_optional = strategy != BEST_VALUE,
		.customer_key = TupleDescAttr(desc, OUT_CUSTOMER)->atttypid
	};
	Next	   *x = palloc0(sizeof(Next));
	MemoryContext row_context = AllocSetContextCreate(context, "custseg row",
													  ALLOCSET_DEFAULT_SIZES);

	x->strategy = strategy;
	ReadLoads(x, loads, TupleDescAttr(desc, OUT_AGENT)->atttypid);
	AssignEdgesRead(&x->edges, edges, &x->agents, &options);
	MemoryContextSwitchTo(row_context);
	for (int32 i = 0; i < x->edges.customers->n; i++)
	{
		Datum		values[N_OUT];
		bool		nulls[N_OUT] = {false};

		custseg_poll();
		Serve(x, i, desc, values, nulls);
		tuplestore_putvalues(store, desc, values, nulls);
		if (i % ASSIGN_ROWS_PER_RESET == 0)
			MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/* assign_next(edges, loads, strategy) */
PG_FUNCTION_INFO_V1(custseg_assign_next);
Datum
custseg_assign_next(PG_FUNCTION_ARGS)
{
	return AssignNext(fcinfo, 0);
}

/* assign_next(customer_key, agent_key, edges, loads, strategy) */
PG_FUNCTION_INFO_V1(custseg_assign_next_key);
Datum
custseg_assign_next_key(PG_FUNCTION_ARGS)
{
	return AssignNext(fcinfo, 2);
}
