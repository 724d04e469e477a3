/*
 * assign_input.c
 *		From the arguments of assign and its kin to a problem, and its solution.
 *
 * The agents are read first, so that edges can be checked against them and
 * hold their final numbers; then the edges, then who serves whom today.
 *
 * Memory: all of it is in one context, which the caller deletes.
 */
#include "postgres.h"

#include "allocation/assign_input.h"

#include <math.h>

#include "common/bulk_function.h"
#include "utils/memutils.h"

/* --- agents --------------------------------------------------------------------- */

enum
{
	AGENT, CAPACITY, MINIMUM, N_AGENT_COLUMNS
};

static const ColumnSpec agent_columns[N_AGENT_COLUMNS] = {
	{"agent", COLUMN_KEY, false},
	{"capacity", COLUMN_AMOUNT, false},
	{"minimum", COLUMN_AMOUNT, true}
};

typedef struct AgentReading
{
	AssignReading reading;
	Assignment *a;
	int32		room;			/* of the arrays */
} AgentReading;

static int64
ReadCapacity(AgentReading *r, TupleTableSlot *slot, const GroupKey *key)
{
	if (slot->tts_isnull[CAPACITY])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the capacity of agent %s must not be NULL", AssignKeyText(key, r->a->agents.type)),
				 errhint("An agent who can take nobody has the capacity 0.")));
	return AssignReadWhole(r->reading.query.type[CAPACITY], slot->tts_values[CAPACITY],
						   0, ASSIGN_MAX_CAPACITY, "capacity of agent", key, r->a->agents.type);
}

/* NULL is no minimum. */
static int64
ReadMinimum(AgentReading *r, TupleTableSlot *slot, const GroupKey *key, int64 capacity)
{
	int64		minimum;

	if (slot->tts_isnull[MINIMUM])
		return 0;
	minimum = AssignReadWhole(r->reading.query.type[MINIMUM], slot->tts_values[MINIMUM],
							  0, ASSIGN_MAX_CAPACITY, "minimum of agent", key, r->a->agents.type);
	if (minimum > capacity)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("agent %s has the minimum " INT64_FORMAT " and the capacity " INT64_FORMAT,
						AssignKeyText(key, r->a->agents.type), minimum, capacity),
				 errhint("Lower the minimum or raise the capacity.")));
	return minimum;
}

static void
ReceiveAgent(TupleTableSlot *slot, void *arg)
{
	AgentReading *r = arg;
	Assignment *a = r->a;
	MemoryContext old = MemoryContextSwitchTo(r->reading.row_context);

	if (slot->tts_isnull[AGENT])
		r->reading.no_key++;
	else
	{
		GroupKey	key;
		int32		n = a->agents.keys->n;

		ReadKey(a->agents.type, slot->tts_values[AGENT], &key);
		if (n == ASSIGN_MAX_AGENTS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("there are more than %d agents", ASSIGN_MAX_AGENTS),
					 errhint("Assign in parts, for example by region.")));
		if (KeyIndexAdd(a->agents.keys, &key) < n)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("agent %s comes more than once", AssignKeyText(&key, a->agents.type)),
					 errhint("The query in argument \"agents\" must return one row for each agent.")));
		if (n == r->room)
		{
			r->room *= 2;
			a->capacity = repalloc_huge(a->capacity, (Size) r->room * sizeof(int64));
			a->minimum = repalloc_huge(a->minimum, (Size) r->room * sizeof(int64));
		}
		a->capacity[n] = ReadCapacity(r, slot, &key);
		a->minimum[n] = r->reading.query.n_columns > MINIMUM ?
			ReadMinimum(r, slot, &key, a->capacity[n]) : 0;
	}
	MemoryContextSwitchTo(old);
	AssignRowDone(&r->reading);
}

/* An array in the order of the new numbers. */
static int64 *
Reordered(int64 *values, const int32 *number, int32 n)
{
	int64	   *result = palloc_extended(((Size) n + 1) * sizeof(int64), MCXT_ALLOC_HUGE);

	for (int32 i = 0; i < n; i++)
		result[number[i]] = values[i];
	pfree(values);
	return result;
}

#define FIRST_AGENTS	64

static void
ReadAgents(Assignment *a, const char *query, Oid agent_key)
{
	AgentReading r = {.a = a, .room = FIRST_AGENTS};
	int32	   *number;
	bool		any_minimum = false;

	AssignReadingOpen(&r.reading, query, "agents", agent_columns, N_AGENT_COLUMNS);
	a->agents.argument = "agents";
	a->agents.type = r.reading.query.type[AGENT];
	KeyTypeCheckNamed(a->agents.type, agent_key, "agent", "agent_key");
	a->agents.keys = KeyIndexCreate(KeyIsBytes(a->agents.type));
	a->capacity = palloc(FIRST_AGENTS * sizeof(int64));
	a->minimum = palloc(FIRST_AGENTS * sizeof(int64));
	AssignReadingRun(&r.reading, ReceiveAgent, &r, "agent");

	number = KeyIndexSort(a->agents.keys);
	if (number != NULL)
	{
		a->capacity = Reordered(a->capacity, number, a->agents.keys->n);
		a->minimum = Reordered(a->minimum, number, a->agents.keys->n);
		pfree(number);
	}
	for (int32 i = 0; i < a->agents.keys->n; i++)
		any_minimum |= a->minimum[i] > 0;
	if (!any_minimum)
	{
		pfree(a->minimum);
		a->minimum = NULL;
	}
}

/* --- current -------------------------------------------------------------------- */

enum
{
	CURRENT_CUSTOMER, CURRENT_AGENT, N_CURRENT_COLUMNS
};

static const ColumnSpec current_columns[N_CURRENT_COLUMNS] = {
	{"customer", COLUMN_KEY, false},
	{"agent", COLUMN_KEY, false}
};

/* Of a customer in current: nothing said yet, nobody who could still serve. */
#define NOT_SEEN	(-2)
#define NOBODY		(-1)

typedef struct CurrentReading
{
	AssignReading reading;
	Assignment *a;
} CurrentReading;

static void
ReceiveCurrent(TupleTableSlot *slot, void *arg)
{
	CurrentReading *r = arg;
	Assignment *a = r->a;
	MemoryContext old = MemoryContextSwitchTo(r->reading.row_context);
	const Oid  *type = r->reading.query.type;
	int32		customer = -1;
	GroupKey	key;

	if (slot->tts_isnull[CURRENT_CUSTOMER])
		r->reading.no_key++;
	else
	{
		ReadKey(type[CURRENT_CUSTOMER], slot->tts_values[CURRENT_CUSTOMER], &key);
		customer = KeyIndexFind(a->edges.customers, &key);
	}
	/* others are customers no more */
	if (customer >= 0)
	{
		int32		agent = NOBODY;
		int64		place;

		if (a->current[customer] != NOT_SEEN)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("customer %s comes more than once in argument \"current\"",
							AssignKeyText(&key, type[CURRENT_CUSTOMER])),
					 errhint("A customer has one agent at a time; NULL stands for none.")));
		if (!slot->tts_isnull[CURRENT_AGENT])
		{
			ReadKey(type[CURRENT_AGENT], slot->tts_values[CURRENT_AGENT], &key);
			agent = KeyIndexFind(a->agents.keys, &key);
		}
		a->current[customer] =
			agent >= 0 && AssignEdgeFind(&a->edges, customer, agent, &place) ? agent : NOBODY;
	}
	MemoryContextSwitchTo(old);
	AssignRowDone(&r->reading);
}

/* Reads who serves whom, and adds the stickiness to the edges of those agents. */
static void
ReadCurrent(Assignment *a, const char *query)
{
	CurrentReading r = {.a = a};
	int32		n = a->edges.customers->n;

	AssignReadingOpen(&r.reading, query, "current", current_columns, N_CURRENT_COLUMNS);
	AssignCheckKeyTypes(&r.reading.query, CURRENT_CUSTOMER, "customer", a->edges.customer_type, "edges");
	AssignCheckKeyTypes(&r.reading.query, CURRENT_AGENT, "agent", a->agents.type, "agents");
	a->current = palloc_extended(((Size) n + 1) * sizeof(int32), MCXT_ALLOC_HUGE);
	for (int32 i = 0; i < n; i++)
	{
		POLL_EVERY(i);
		a->current[i] = NOT_SEEN;
	}
	AssignReadingRun(&r.reading, ReceiveCurrent, &r, "customer");
	for (int32 i = 0; i < n; i++)
	{
		int64		place;

		POLL_EVERY(i);
		if (a->current[i] < 0)
			a->current[i] = NOBODY;
		else if (AssignEdgeFind(&a->edges, i, a->current[i], &place))
			a->edges.value[place] += a->stickiness;
	}
}

/* --- All of it -------------------------------------------------------------------- */

/* The stickiness as a block of one value. */
static ScaledBlock *
ReadStickiness(FunctionCallInfo fcinfo, int n)
{
	ScaledBlock *block = ScaledBlockCreate();
	double		stickiness;
	Decimal		d;

	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"stickiness\" must not be NULL"),
				 errhint("Pass 0 for none.")));
	stickiness = PG_GETARG_FLOAT8(n);
	if (!(stickiness >= 0 && stickiness <= (double) ASSIGN_MAX_VALUE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"stickiness\" must be a number from 0 to " INT64_FORMAT ", not %s",
						ASSIGN_MAX_VALUE, AssignValueText(FLOAT8OID, PG_GETARG_DATUM(n))),
				 errhint("It is what a change of the agent must at least bring, in the unit of the values.")));
	(void) DecimalFromFloat8(stickiness, &d);
	(void) ScaledBlockAdd(block, &d);
	return block;
}

static bool
ReadBalance(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"balance\" must not be NULL"),
				 errhint("Pass true to have loads as even as the best assignment allows.")));
	return PG_GETARG_BOOL(n);
}

static void
CheckMinimums(const Assignment *a, AssignStatus status)
{
	const AssignResult *r = &a->result;

	if (status == ASSIGN_OK)
		return;
	/* with loads there may be a way that was not found */
	ereport(status == ASSIGN_MINIMUM_MISSED ? WARNING : ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("not every agent %s the minimum: " INT64_FORMAT " missing, agent %s among those who get too little",
					status == ASSIGN_MINIMUM_MISSED ? "has" : "can have", r->shortage,
					AssignNumberText(a->agents.keys, r->short_agent, a->agents.type)),
			 errhint("Lower minimums, or add edges of customers whom these agents may serve.")));
}

static void
Solve(Assignment *a, bool balance)
{
	AssignProblem *p = &a->problem;

	p->n_customers = a->edges.customers->n;
	p->n_agents = a->agents.keys->n;
	p->first = a->edges.first;
	p->agent = a->edges.agent;
	p->value = a->edges.value;
	p->capacity = a->capacity;
	p->minimum = a->minimum;
	p->load = a->edges.load;
	p->customer_hash = KeyIndexHashes(a->edges.customers);
	p->agent_hash = KeyIndexHashes(a->agents.keys);
	p->balance = balance;
	CheckMinimums(a, p->load != NULL ? AssignWorkload(p, &a->result) : AssignCustomers(p, &a->result));
}

Assignment *
AssignmentMake(FunctionCallInfo fcinfo, int first, Oid customer_key, Oid agent_key)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "custseg assignment",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Assignment *a = palloc0(sizeof(Assignment));
	char	   *edges = RequiredQuery(fcinfo, first, "edges");
	char	   *agents = RequiredQuery(fcinfo, first + 1, "agents");
	char	   *current = TextArgument(fcinfo, first + 2);
	ScaledBlock *stickiness = ReadStickiness(fcinfo, first + 3);
	bool		balance = ReadBalance(fcinfo, first + 4);
	AssignEdgeOptions options = {
		.only_known_agents = true,
		.added = current != NULL ? stickiness : NULL,
		.customer_key = customer_key
	};

	a->context = context;
	ReadAgents(a, agents, agent_key);
	AssignEdgesRead(&a->edges, edges, &a->agents, &options);
	if (current != NULL)
	{
		a->stickiness = ScaledTo(stickiness->value[0], stickiness->scale, a->edges.scale);
		ReadCurrent(a, current);
	}
	Solve(a, balance);
	MemoryContextSwitchTo(old);
	return a;
}

void
AssignmentFree(Assignment *a)
{
	MemoryContextDelete(a->context);
}

bool
AssignmentEdge(const Assignment *a, int32 customer, int64 *place)
{
	int32		agent = a->result.agent[customer];

	if (agent < 0)
		return false;
	if (!AssignEdgeFind(&a->edges, customer, agent, place))
		elog(ERROR, "customer %d was given an agent who may not serve him", customer);
	return true;
}

Datum
AssignmentNumeric(const Assignment *a, int128 value)
{
	Decimal		d = {value, a->edges.scale, NULL};

	return PointerGetDatum(DecimalToNumeric(&d));
}
