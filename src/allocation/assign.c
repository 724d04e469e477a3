/*
 * assign.c
 *		assign, assign_summary and assign_bound: who serves which customer, how
 *		full each agent is, and how good the whole is.
 *
 * All three read the same arguments and solve the same problem
 * (assign_input.c); they differ in what they return.  Results go to a
 * tuplestore in key order.
 */
#include "postgres.h"

#include "common/compat.h"

#include "allocation/assign_input.h"
#include "common/bulk_function.h"
#include "utils/memutils.h"

/* Rows on their way out, and what they leave behind. */
typedef struct Emission
{
	Tuplestorestate *store;
	TupleDesc	desc;
	MemoryContext row_context;
	int			rows_since_reset;
} Emission;

static void
BeginEmission(FunctionCallInfo fcinfo, Emission *e)
{
	e->store = BeginResult(fcinfo, &e->desc);
	e->row_context = AllocSetContextCreate(CurrentMemoryContext, "custseg row",
										   ALLOCSET_DEFAULT_SIZES);
	e->rows_since_reset = 0;
}

static void
Emit(Emission *e, Datum *values, bool *nulls)
{
	tuplestore_putvalues(e->store, e->desc, values, nulls);
	if (++e->rows_since_reset == ASSIGN_ROWS_PER_RESET)
	{
		MemoryContextReset(e->row_context);
		e->rows_since_reset = 0;
	}
}

/* The type of the n-th column of the result. */
static Oid
ColumnType(const Emission *e, int n)
{
	return TupleDescAttr(e->desc, n)->atttypid;
}

static Datum
KeyOf(const KeyIndex *keys, int32 number, Oid type, Oid result_type)
{
	GroupKey	key;

	KeyIndexKey(keys, number, &key);
	return KeyDatum(&key, type, result_type);
}

/* Says how many nobody serves, and why. */
static void
ReportUnserved(const Assignment *a)
{
	int64		no_agent = 0;
	int64		all_full = 0;

	for (int32 i = 0; i < a->problem.n_customers; i++)
	{
		POLL_EVERY(i);
		if (a->result.agent[i] >= 0)
			continue;
		if (a->edges.first[i] == a->edges.first[i + 1])
			no_agent++;
		else
			all_full++;
	}
	if (no_agent + all_full > 0)
		ereport(NOTICE,
				(errmsg("customers not served: " INT64_FORMAT " without an eligible agent, " INT64_FORMAT " whose agents have no room",
						no_agent, all_full)));
}

/* --- assign ------------------------------------------------------------------------- */

enum
{
	OUT_CUSTOMER, OUT_AGENT, OUT_VALUE, OUT_GAP, N_OUT
};

/* The value of the best edge of a customer, who has one. */
static int64
BestValue(const Assignment *a, int32 customer)
{
	int64		best = PG_INT64_MIN;

	for (int64 i = a->edges.first[customer]; i < a->edges.first[customer + 1]; i++)
		best = Max(best, AssignmentValue(a, customer, i));
	return best;
}

static void
EmitCustomers(const Assignment *a, Emission *e)
{
	Datum	   *agent = palloc(((Size) a->problem.n_agents + 1) * sizeof(Datum));
	Datum		values[N_OUT];
	bool		nulls[N_OUT];

	for (int32 j = 0; j < a->problem.n_agents; j++)
		agent[j] = KeyOf(a->agents.keys, j, a->agents.type, ColumnType(e, OUT_AGENT));
	for (int32 i = 0; i < a->problem.n_customers; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(e->row_context);
		int64		taken = 0;
		int64		place;

		if ((i & 255) == 255 || a->edges.first[i + 1] - a->edges.first[i] > 255)
			custseg_poll();
		memset(nulls, false, sizeof(nulls));
		values[OUT_CUSTOMER] = KeyOf(a->edges.customers, i, a->edges.customer_type,
									 ColumnType(e, OUT_CUSTOMER));
		if (AssignmentEdge(a, i, &place))
		{
			taken = AssignmentValue(a, i, place);
			values[OUT_AGENT] = agent[a->result.agent[i]];
			values[OUT_VALUE] = AssignmentNumeric(a, taken);
		}
		else
			nulls[OUT_AGENT] = nulls[OUT_VALUE] = true;
		if (a->edges.first[i] == a->edges.first[i + 1])
			nulls[OUT_GAP] = true;
		else
			values[OUT_GAP] = AssignmentNumeric(a, BestValue(a, i) - taken);
		Emit(e, values, nulls);
		MemoryContextSwitchTo(old);
	}
}

/* Arguments from `first` on: edges, agents, current, stickiness, balance. */
static Datum
Assign(FunctionCallInfo fcinfo, int first)
{
	Emission	e;
	Assignment *a;

	BeginEmission(fcinfo, &e);
	a = AssignmentMake(fcinfo, first, ColumnType(&e, OUT_CUSTOMER), ColumnType(&e, OUT_AGENT));
	EmitCustomers(a, &e);
	ReportUnserved(a);
	AssignmentFree(a);
	MemoryContextDelete(e.row_context);
	return (Datum) 0;
}

/* assign(edges, agents, current, stickiness, balance) */
PG_FUNCTION_INFO_V1(custseg_assign);
Datum
custseg_assign(PG_FUNCTION_ARGS)
{
	return Assign(fcinfo, 0);
}

/* assign(customer_key, agent_key, edges, agents, current, stickiness, balance) */
PG_FUNCTION_INFO_V1(custseg_assign_key);
Datum
custseg_assign_key(PG_FUNCTION_ARGS)
{
	return Assign(fcinfo, 2);
}

/* --- assign_summary ------------------------------------------------------------------ */

enum
{
	SUM_AGENT, SUM_LOAD, SUM_CAPACITY, SUM_SHADOW_CUSTOMERS, SUM_SHADOW_VALUE, SUM_SHADOW_LOAD, N_SUM
};

static Datum
AssignSummary(FunctionCallInfo fcinfo, int first)
{
	Emission	e;
	Assignment *a;
	Datum		values[N_SUM];
	bool		nulls[N_SUM] = {false};

	BeginEmission(fcinfo, &e);
	a = AssignmentMake(fcinfo, first, TEXTOID, ColumnType(&e, SUM_AGENT));
	for (int32 j = 0; j < a->problem.n_agents; j++)
	{
		MemoryContext old = MemoryContextSwitchTo(e.row_context);

		values[SUM_AGENT] = KeyOf(a->agents.keys, j, a->agents.type, ColumnType(&e, SUM_AGENT));
		values[SUM_LOAD] = Int64GetDatum(a->result.load[j]);
		values[SUM_CAPACITY] = Int64GetDatum(a->capacity[j]);
		values[SUM_SHADOW_CUSTOMERS] = Int64GetDatum(a->result.slot_customers[j]);
		values[SUM_SHADOW_VALUE] = AssignmentNumeric(a, a->result.slot_value[j]);
		values[SUM_SHADOW_LOAD] = Int64GetDatum(AssignmentSlotLoad(a, j));
		Emit(&e, values, nulls);
		MemoryContextSwitchTo(old);
	}
	ReportUnserved(a);
	AssignmentFree(a);
	MemoryContextDelete(e.row_context);
	return (Datum) 0;
}

/* assign_summary(edges, agents, current, stickiness, balance) */
PG_FUNCTION_INFO_V1(custseg_assign_summary);
Datum
custseg_assign_summary(PG_FUNCTION_ARGS)
{
	return AssignSummary(fcinfo, 0);
}

/* assign_summary(agent_key, edges, agents, current, stickiness, balance) */
PG_FUNCTION_INFO_V1(custseg_assign_summary_key);
Datum
custseg_assign_summary_key(PG_FUNCTION_ARGS)
{
	return AssignSummary(fcinfo, 1);
}

/* --- assign_bound -------------------------------------------------------------------- */

enum
{
	BOUND_CUSTOMERS, BOUND_SERVED, BOUND_LOAD, BOUND_VALUE, BOUND_MOST_SERVED, BOUND_MOST_VALUE, N_BOUND
};

/* assign_bound(edges, agents, current, stickiness, balance) */
PG_FUNCTION_INFO_V1(custseg_assign_bound);
Datum
custseg_assign_bound(PG_FUNCTION_ARGS)
{
	Emission	e;
	Assignment *a;
	Datum		values[N_BOUND];
	bool		nulls[N_BOUND] = {false};
	int64		load = 0;

	BeginEmission(fcinfo, &e);
	a = AssignmentMake(fcinfo, 0, TEXTOID, TEXTOID);
	for (int32 j = 0; j < a->problem.n_agents; j++)
		load += a->result.load[j];
	values[BOUND_CUSTOMERS] = Int64GetDatum(a->problem.n_customers);
	values[BOUND_SERVED] = Int64GetDatum(a->result.served);
	values[BOUND_LOAD] = Int64GetDatum(load);
	values[BOUND_VALUE] = AssignmentNumeric(a, a->result.value);
	if (a->problem.load == NULL)
	{
		/* it is the best there is */
		values[BOUND_MOST_SERVED] = values[BOUND_SERVED];
		values[BOUND_MOST_VALUE] = values[BOUND_VALUE];
	}
	else
	{
		values[BOUND_MOST_SERVED] = Int64GetDatum(a->result.bound_served);
		values[BOUND_MOST_VALUE] = AssignmentNumeric(a, a->result.bound_value);
	}
	Emit(&e, values, nulls);
	AssignmentFree(a);
	MemoryContextDelete(e.row_context);
	return (Datum) 0;
}
