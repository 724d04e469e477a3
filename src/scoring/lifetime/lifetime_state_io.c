/*
 * lifetime_state_io.c
 *		Text and binary forms of lifetime_state.
 *
 * Text is JSON:
 *		{"version":1,"kind":"bgnbd","unit":"week","excluded":0,"prior":1,
 *		 "start":{"r":0.2,"alpha":4,"a":1,"b":2},
 *		 "x":[0,1],"t_x":[0,3.5],"age":[39,39],"count":[1201,7]}
 * unit, prior and start only where there are; age of the kinds that have one.
 * The cells ascend by x, age, t_x, so equal data have equal text. Binary has
 * the same in a fixed order.
 *
 * Whatever comes in may be hostile: it is checked in full, as the rows of a
 * fit are, and the table is made anew.
 */
#include "postgres.h"

#include "common/compat.h"

#include <float.h>
#include <math.h>

#include "common/binary.h"
#include "common/json.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "scoring/lifetime/lifetime_state.h"

PG_FUNCTION_INFO_V1(custseg_lifetime_state_in);
PG_FUNCTION_INFO_V1(custseg_lifetime_state_out);
PG_FUNCTION_INFO_V1(custseg_lifetime_state_recv);
PG_FUNCTION_INFO_V1(custseg_lifetime_state_send);

static const char *const known_keys[] = {
	"version", "kind", "unit", "excluded", "prior", "start", "x", "t_x", "age", "count"
};

/* Whole numbers of customers are exact up to 2^53. */
#define MAX_COUNT	INT64CONST(9007199254740992)

/* Bytes of the binary form: behind the version and before start; a cell. */
#define BINARY_HEADER	(3 + 8 + 8)
#define BINARY_CELL		(4 * 8)

static bool
HasAge(int kind)
{
	return kind != LIFETIME_SBG && kind != LIFETIME_GAMMA_GAMMA;
}

/* --- Checks --------------------------------------------------------------- */

static const char *
HeadFault(const LifetimeState *state)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[state->kind];

	if (state->unit != UNIT_NONE && !LifetimeKindHasUnit(state->kind))
		return psprintf("A state of kind \"%s\" has no \"unit\".", ops->name);
	if (!(state->prior >= 0 && state->prior <= DBL_MAX))
		return "\"prior\" must be a finite number, not negative.";
	if (!(state->excluded >= 0 && state->excluded <= MAX_COUNT && rint(state->excluded) == state->excluded))
		return "\"excluded\" must be a whole number, at most 2^53.";
	for (int i = 0; state->has_start && i < ops->n_parameters; i++)
		if (!(state->start[i] >= DBL_MIN && state->start[i] <= DBL_MAX))
			return psprintf("\"start\".\"%s\" must be a positive number, no less than 2.3e-308.",
							ops->parameter[i]);
	return NULL;
}

static bool
Ascends(const LifetimeCell *a, const LifetimeCell *b)
{
	if (a->x != b->x)
		return a->x < b->x;
	return a->age < b->age || (a->age == b->age && a->t_x < b->t_x);
}

/* Cells are what a fit keeps: checked histories that say something, each once. */
static const char *
CellsFault(int kind, const LifetimeCell *cell, int64 n)
{
	for (int64 i = 0; i < n; i++)
	{
		LifetimeHistory history = {cell[i].x, cell[i].t_x, cell[i].age};
		const char *fault = LifetimeHistoryFault(kind, &history);

		if (fault != NULL)
			return psprintf("Cell " INT64_FORMAT ": %s.", i, fault);
		if (kind == LIFETIME_GAMMA_GAMMA && cell[i].x == 0)
			return psprintf("Cell " INT64_FORMAT ": x must be positive.", i);
		if (HasAge(kind) != (cell[i].age > 0))
			return psprintf("Cell " INT64_FORMAT ": age must be %s.", i,
							HasAge(kind) ? "positive" : "0");
		if (!(cell[i].count >= 1 && cell[i].count <= MAX_COUNT && rint(cell[i].count) == cell[i].count))
			return psprintf("Cell " INT64_FORMAT ": count must be a whole number from 1 to 2^53.", i);
		if (i > 0 && !Ascends(&cell[i - 1], &cell[i]))
			return psprintf("Cell " INT64_FORMAT ": cells must ascend by x, age and t_x, and be different.", i);
		POLL_EVERY(i);
	}
	return NULL;
}

/* The state of a head without cells, with these. */
static LifetimeState *
StateOfCells(LifetimeState *head, const LifetimeCell *cell, int64 n)
{
	LifetimeState *state = LifetimeStateReserve(head, n);

	for (int64 i = 0; i < n; i++)
	{
		LifetimeHistory history = {cell[i].x, cell[i].t_x, cell[i].age};

		state = LifetimeStateAdd(state, &history, cell[i].count);
		POLL_EVERY(i);
	}
	return state;
}

/* --- Text ----------------------------------------------------------------- */

static void
AppendColumn(StringInfo out, const char *key, const double *x, int64 n)
{
	appendStringInfo(out, ",\"%s\":[", key);
	for (int64 i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		JsonAppendFloat8(out, x[i * (sizeof(LifetimeCell) / sizeof(double))]);
		POLL_EVERY(i);
	}
	appendStringInfoChar(out, ']');
}

static void
AppendStart(StringInfo out, const LifetimeState *state)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[state->kind];

	appendStringInfoString(out, ",\"start\":");
	for (int i = 0; i < ops->n_parameters; i++)
	{
		appendStringInfo(out, "%c\"%s\":", i == 0 ? '{' : ',', ops->parameter[i]);
		JsonAppendFloat8(out, state->start[i]);
	}
	appendStringInfoChar(out, '}');
}

Datum
custseg_lifetime_state_out(PG_FUNCTION_ARGS)
{
	LifetimeState *state = LifetimeStateOpen(PG_GETARG_VARLENA_P(0));
	LifetimeCell *cell = LifetimeStateSorted(state);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"kind\":\"%s\"", state->version,
					 lifetime_kind_ops[state->kind]->name);
	if (state->unit != UNIT_NONE)
		appendStringInfo(&out, ",\"unit\":\"%s\"", time_unit_names[state->unit]);
	appendStringInfoString(&out, ",\"excluded\":");
	JsonAppendFloat8(&out, state->excluded);
	if (state->prior > 0)
	{
		appendStringInfoString(&out, ",\"prior\":");
		JsonAppendFloat8(&out, state->prior);
	}
	if (state->has_start)
		AppendStart(&out, state);
	AppendColumn(&out, "x", &cell->x, state->n_cells);
	AppendColumn(&out, "t_x", &cell->t_x, state->n_cells);
	if (HasAge(state->kind))
		AppendColumn(&out, "age", &cell->age, state->n_cells);
	AppendColumn(&out, "count", &cell->count, state->n_cells);
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

static bool
ReadHead(JsonReader *r, LifetimeState *state)
{
	const char *names[N_LIFETIME_KINDS];
	int			kind;
	int			unit = -1;
	int64		excluded = 0;
	JsonReader	inner;

	for (int i = 0; i < N_LIFETIME_KINDS; i++)
		names[i] = lifetime_kind_ops[i]->name;
	if (!JsonRequire(r, "kind") || !JsonChoice(r, names, N_LIFETIME_KINDS, &kind) ||
		(JsonFind(r, "unit") && !JsonChoice(r, time_unit_names + 1, N_TIME_UNITS - 1, &unit)) ||
		(JsonFind(r, "excluded") && !JsonInt64(r, 0, MAX_COUNT, &excluded)) ||
		(JsonFind(r, "prior") && !JsonFloat8(r, &state->prior)))
		return false;
	state->kind = kind;
	state->unit = unit + 1;
	state->excluded = excluded;
	if (!JsonFind(r, "start"))
		return true;
	state->has_start = true;
	if (!JsonObject(r, lifetime_kind_ops[kind]->parameter,
					lifetime_kind_ops[kind]->n_parameters, &inner))
		return false;
	for (int i = 0; i < lifetime_kind_ops[kind]->n_parameters; i++)
		if (!JsonRequire(&inner, lifetime_kind_ops[kind]->parameter[i]) ||
			!JsonFloat8(&inner, &state->start[i]))
			return false;
	return true;
}

/* Numbers of one key, into every cell; there must be n. */
static bool
ReadColumn(JsonReader *r, const char *key, double *x, int n)
{
	int			length;

	if (!JsonRequire(r, key) || !JsonArray(r, "numbers", &length))
		return false;
	if (length != n)
		return JsonRefuse(r, psprintf("\"%s\" has %d elements, but \"x\" has %d.", key, length, n));
	while (JsonNext(r))
		if (!JsonFloat8(r, &x[(int64) r->index * (sizeof(LifetimeCell) / sizeof(double))]))
			return false;
	return true;
}

/* The ages, of the kinds that have some. */
static bool
ReadAges(JsonReader *r, int kind, LifetimeCell *cell, int n)
{
	if (HasAge(kind))
		return ReadColumn(r, "age", &cell->age, n);
	return !JsonFind(r, "age") ||
		JsonRefuse(r, psprintf("A state of kind \"%s\" has no \"age\".",
							   lifetime_kind_ops[kind]->name));
}

static LifetimeState *
ReadState(JsonReader *r)
{
	LifetimeState *state = LifetimeStateMake(0, UNIT_NONE);
	LifetimeCell *cell;
	int			n;
	const char *fault;

	if (!ReadHead(r, state) || !JsonRequire(r, "x") || !JsonArray(r, "numbers", &n))
		return NULL;
	cell = palloc_extended((Size) n * sizeof(LifetimeCell) + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	if (!ReadColumn(r, "x", &cell->x, n) || !ReadColumn(r, "t_x", &cell->t_x, n) ||
		!ReadAges(r, state->kind, cell, n) || !ReadColumn(r, "count", &cell->count, n))
		return NULL;
	fault = HeadFault(state);
	if (fault == NULL)
		fault = CellsFault(state->kind, cell, n);
	if (fault != NULL)
	{
		(void) JsonRefuse(r, fault);
		return NULL;
	}
	return StateOfCells(state, cell, n);
}

Datum
custseg_lifetime_state_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	LifetimeState *state;

	if (!JsonOpen(&r, fcinfo, "lifetime_state", known_keys, lengthof(known_keys),
				  LIFETIME_STATE_VERSION) ||
		(state = ReadState(&r)) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* --- Binary --------------------------------------------------------------- */

Datum
custseg_lifetime_state_send(PG_FUNCTION_ARGS)
{
	LifetimeState *state = LifetimeStateOpen(PG_GETARG_VARLENA_P(0));
	LifetimeCell *cell = LifetimeStateSorted(state);
	StringInfoData out;

	pq_begintypsend(&out);
	enlargeStringInfo(&out, 128 + state->n_cells * BINARY_CELL);
	pq_sendint8(&out, state->version);
	pq_sendint8(&out, state->kind);
	pq_sendint8(&out, state->unit);
	pq_sendint8(&out, state->has_start);
	pq_sendfloat8(&out, state->excluded);
	pq_sendfloat8(&out, state->prior);
	for (int i = 0; state->has_start && i < lifetime_kind_ops[state->kind]->n_parameters; i++)
		pq_sendfloat8(&out, state->start[i]);
	for (int64 i = 0; i < state->n_cells; i++)
	{
		pq_sendfloat8(&out, cell[i].x);
		pq_sendfloat8(&out, cell[i].t_x);
		pq_sendfloat8(&out, cell[i].age);
		pq_sendfloat8(&out, cell[i].count);
		POLL_EVERY(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

static double
ReceiveNumber(StringInfo in)
{
	double		x = pq_getmsgfloat8(in);

	return x == 0 ? 0 : x;		/* -0 */
}

static LifetimeState *
ReceiveHead(StringInfo in)
{
	LifetimeState *state = LifetimeStateMake(0, UNIT_NONE);
	int			n_start;
	const char *fault;

	BinaryVersion(in, "lifetime_state", LIFETIME_STATE_VERSION);
	if (in->len - in->cursor < BINARY_HEADER)
		BinaryRefuse("lifetime_state", "It is too short.");
	state->kind = pq_getmsgbyte(in);
	state->unit = pq_getmsgbyte(in);
	state->has_start = pq_getmsgbyte(in);
	state->excluded = ReceiveNumber(in);
	state->prior = ReceiveNumber(in);
	if (state->kind >= N_LIFETIME_KINDS || state->unit >= N_TIME_UNITS || state->has_start > 1)
		BinaryRefuse("lifetime_state", "A field is out of range.");
	n_start = state->has_start ? lifetime_kind_ops[state->kind]->n_parameters : 0;
	if (in->len - in->cursor < n_start * 8)
		BinaryRefuse("lifetime_state", "It is too short.");
	for (int i = 0; i < n_start; i++)
		state->start[i] = ReceiveNumber(in);
	fault = HeadFault(state);
	if (fault != NULL)
		BinaryRefuse("lifetime_state", fault);
	return state;
}

Datum
custseg_lifetime_state_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	LifetimeState *state = ReceiveHead(in);
	int			n = (in->len - in->cursor) / BINARY_CELL;
	LifetimeCell *cell = palloc_extended((Size) n * sizeof(LifetimeCell) + 1, MCXT_ALLOC_HUGE);
	const char *fault;

	if ((in->len - in->cursor) % BINARY_CELL != 0)
		BinaryRefuse("lifetime_state", "Its last cell is cut off.");
	for (int i = 0; i < n; i++)
	{
		cell[i].x = ReceiveNumber(in);
		cell[i].t_x = ReceiveNumber(in);
		cell[i].age = ReceiveNumber(in);
		cell[i].count = ReceiveNumber(in);
		POLL_EVERY(i);
	}
	fault = CellsFault(state->kind, cell, n);
	if (fault != NULL)
		BinaryRefuse("lifetime_state", fault);
	PG_RETURN_POINTER(StateOfCells(state, cell, n));
}
