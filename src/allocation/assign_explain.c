/*
 * assign_explain.c
 *		assign_explain: why a customer got this agent and not another.
 *
 * The problem is solved as a whole, as assign does it, and the candidates of
 * one customer are shown with the shadow prices of their agents.  What decides
 * is the net value: that of the edge, and the stickiness for the current agent,
 * less what the slot is worth to others.  An agent whose slot decides whether
 * one more customer can be served at all comes after all others.
 *
 * With loads the prices are those of the bound, for the load of the customer; the
 * assignment, which is rounded, may differ from what they say.
 */
#include "postgres.h"

#include "common/compat.h"

#include "allocation/assign_input.h"
#include "common/bulk_function.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/uuid.h"

enum
{
	OUT_AGENT, OUT_VALUE, OUT_BONUS, OUT_SHADOW_CUSTOMERS, OUT_SHADOW_VALUE, OUT_NET_VALUE,
	OUT_LOAD, OUT_CAPACITY, OUT_CHOSEN, OUT_REASON, N_OUT
};

/* The customer's key from its text, by the type that keys have. */
static int32
FindCustomer(const Assignment *a, const char *text)
{
	GroupKey	key = {0, NULL, 0};
	Oid			type = a->edges.customer_type;
	int32		customer;

	if (type == UUIDOID)
	{
		key.data = (char *) DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(text)));
		key.length = UUID_LEN;
	}
	else if (KeyIsBytes(type))
	{
		key.data = text;
		key.length = strlen(text);
	}
	else
		key.number = DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(text)));
	customer = KeyIndexFind(a->edges.customers, &key);
	if (customer < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("customer %s is not in argument \"edges\"", text),
				 errhint("Pass the customer as a text, in the form in which assign returns it.")));
	return customer;
}

/* One agent who may serve the customer. */
typedef struct Candidate
{
	int32		agent;
	int64		value;
	int64		bonus;
	int128		net;			/* value and bonus less the price */
	int64		customers;		/* whom a slot of the agent could serve in addition */
	bool		has_room;		/* for the customer, beside all who are served */
} Candidate;

/* Best first; equals by key. */
static int
CompareCandidates(const void *a, const void *b)
{
	const Candidate *x = a;
	const Candidate *y = b;

	if (x->customers != y->customers)
		return x->customers < y->customers ? -1 : 1;
	if (x->net != y->net)
		return x->net > y->net ? -1 : 1;
	return (x->agent > y->agent) - (x->agent < y->agent);
}

static Candidate *
CandidatesOf(const Assignment *a, int32 customer, int *n)
{
	int64		first = a->edges.first[customer];
	int64		load = a->edges.load == NULL ? 1 : a->edges.load[customer];
	Candidate  *candidates;

	*n = (int) (a->edges.first[customer + 1] - first);
	candidates = palloc_extended(((Size) *n + 1) * sizeof(Candidate), MCXT_ALLOC_HUGE);
	for (int i = 0; i < *n; i++)
	{
		Candidate  *c = &candidates[i];

		c->agent = a->edges.agent[first + i];
		c->value = AssignmentValue(a, customer, first + i);
		c->bonus = a->edges.value[first + i] - c->value;
		c->customers = a->result.slot_customers[c->agent];
		/* at most 2^41 * 2^30 */
		c->net = (int128) a->edges.value[first + i] -
			(int128) a->result.slot_value[c->agent] * load / AssignmentSlotLoad(a, c->agent);
		c->has_room = a->result.load[c->agent] + load <= a->capacity[c->agent];
	}
	qsort(candidates, *n, sizeof(Candidate), CompareCandidates);
	return candidates;
}

static char *
ValueText(const Assignment *a, int128 value)
{
	Decimal		d = {value, a->edges.scale, NULL};

	return DecimalToString(&d);
}

/* What one more slot of an agent would bring, in words. */
static char *
SlotText(const Assignment *a, const Candidate *c)
{
	int64		slot_load = AssignmentSlotLoad(a, c->agent);
	char	   *slot = slot_load == 1 ? "one more slot" : psprintf("capacity for " INT64_FORMAT " more", slot_load);

	if (c->customers > 0)
		return psprintf("%s would serve " INT64_FORMAT " more customer%s", slot,
						c->customers, c->customers == 1 ? "" : "s");
	return psprintf("%s is worth %s", slot, ValueText(a, a->result.slot_value[c->agent]));
}

/* chosen is the candidate who was taken, NULL when the customer is not served. */
static char *
Reason(const Assignment *a, const Candidate *c, const Candidate *chosen)
{
	const char *room = c->has_room ? "not full" :
		a->result.load[c->agent] >= a->capacity[c->agent] ? "full" : "not enough room";
	int128		less;

	if (c == chosen)
		return pstrdup("chosen");
	if (a->capacity[c->agent] == 0)
		return pstrdup("takes nobody: the capacity is 0");
	if (chosen == NULL)
		return psprintf("%s: %s", room, SlotText(a, c));
	less = (int128) (chosen->value + chosen->bonus) - (c->value + c->bonus);
	if (less > 0)
		return psprintf("worth %s less, and %s", ValueText(a, less), room);
	if (c->customers > chosen->customers)
		return psprintf("%s: %s", room, SlotText(a, c));
	if (c->customers == chosen->customers && c->net < chosen->net)
		return psprintf("%s: the slot is worth %s more to others", room,
						ValueText(a, chosen->net - c->net));
	if (less == 0)
		return pstrdup("as good as the chosen one: the keys decided");
	return psprintf("%s: %s", room, a->edges.load != NULL ? "with unequal loads not every place is the best" :
					"the chosen agent needs the minimum");
}

static void
EmitCandidates(const Assignment *a, int32 customer, Tuplestorestate *store, TupleDesc desc)
{
	int			n;
	Candidate  *candidates = CandidatesOf(a, customer, &n);
	const Candidate *chosen = NULL;
	bool		nulls[N_OUT] = {false};

	for (int i = 0; i < n; i++)
		if (candidates[i].agent == a->result.agent[customer])
			chosen = &candidates[i];
	for (int i = 0; i < n; i++)
	{
		const Candidate *c = &candidates[i];
		Datum		values[N_OUT];

		POLL_EVERY(i);
		values[OUT_AGENT] = CStringGetTextDatum(AssignNumberText(a->agents.keys, c->agent, a->agents.type));
		values[OUT_VALUE] = AssignmentNumeric(a, c->value);
		values[OUT_BONUS] = AssignmentNumeric(a, c->bonus);
		values[OUT_SHADOW_CUSTOMERS] = Int64GetDatum(c->customers);
		values[OUT_SHADOW_VALUE] = AssignmentNumeric(a, a->result.slot_value[c->agent]);
		values[OUT_NET_VALUE] = AssignmentNumeric(a, c->net);
		values[OUT_LOAD] = Int64GetDatum(a->result.load[c->agent]);
		values[OUT_CAPACITY] = Int64GetDatum(a->capacity[c->agent]);
		values[OUT_CHOSEN] = BoolGetDatum(c == chosen);
		values[OUT_REASON] = CStringGetTextDatum(Reason(a, c, chosen));
		tuplestore_putvalues(store, desc, values, nulls);
	}
	if (n == 0)
		ereport(NOTICE,
				(errmsg("customer %s has no eligible agent",
						AssignNumberText(a->edges.customers, customer, a->edges.customer_type))));
}

/* assign_explain(customer, edges, agents, current, stickiness, balance) */
PG_FUNCTION_INFO_V1(custseg_assign_explain);
Datum
custseg_assign_explain(PG_FUNCTION_ARGS)
{
	char	   *customer = RequiredText(fcinfo, 0, "customer");
	TupleDesc	desc;
	Tuplestorestate *store = BeginResult(fcinfo, &desc);
	Assignment *a = AssignmentMake(fcinfo, 1, TEXTOID, TEXTOID);

	EmitCandidates(a, FindCustomer(a, customer), store, desc);
	AssignmentFree(a);
	return (Datum) 0;
}
