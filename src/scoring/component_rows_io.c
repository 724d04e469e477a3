/*
 * component_rows_io.c
 *		Text, binary and jsonb forms of component_rows.
 *
 * Text is JSON, with the values row by row:
 *		{"version":1,"columns":2,"weights":[1,2],"benefit":[true,false],"values":[1,2.5,3,4]}
 * weights and benefit are there only where the aggregate has such an argument.
 * Binary is the version (1 byte), flags (1 byte: 1 has weights, 2 has benefit),
 * the numbers of columns and rows (int32 each), weights (float8), benefit
 * (1 byte each) and values (float8).
 *
 * Whatever comes in may be hostile and is checked in full: known version and
 * keys, numbers of columns and rows that fit, values finite, weights finite and
 * not negative, no bytes left over.
 */
#include "scoring/component_rows.h"

#include <math.h>

#include "common/binary.h"
#include "common/json.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "scoring/component_args.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_component_rows_in);
PG_FUNCTION_INFO_V1(custseg_component_rows_out);
PG_FUNCTION_INFO_V1(custseg_component_rows_recv);
PG_FUNCTION_INFO_V1(custseg_component_rows_send);
PG_FUNCTION_INFO_V1(custseg_component_rows_to_jsonb);

#define FLAG_WEIGHTS 1
#define FLAG_BENEFIT 2

static const char *const known_keys[] = {"version", "columns", "weights", "benefit", "values"};

/* What is wrong with weights and values, or NULL. Turns -0 into 0. */
static const char *
RowsFault(ComponentRows *state)
{
	double	   *values = ComponentRowsData(state);
	int64		n = (int64) state->n_rows * state->n_columns;

	if (state->has_weights && !WeightsAreSound(ComponentRowsWeights(state), state->n_columns))
		return "\"weights\" must be finite and not negative, and not all 0.";
	for (int64 i = 0; i < n; i++)
	{
		if (!isfinite(values[i]))
			return psprintf("\"values\"[%lld] must be a finite number.", (long long) i);
		if (values[i] == 0)
			values[i] = 0;		/* -0 */
		POLL_EVERY(i);
	}
	return NULL;
}

/* --- Text ----------------------------------------------------------------- */

static char *
TextOfRows(const ComponentRows *state)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"columns\":%d", COMPONENT_ROWS_VERSION,
					 state->n_columns);
	if (state->has_weights)
		AppendFloats(&out, ",\"weights\":", ComponentRowsWeights(state), state->n_columns);
	if (state->has_benefit)
		AppendBooleans(&out, ",\"benefit\":", ComponentRowsBenefit(state), state->n_columns);
	AppendFloats(&out, ",\"values\":", ComponentRowsData(state),
				 (int64) state->n_rows * state->n_columns);
	appendStringInfoChar(&out, '}');
	return out.data;
}

static bool
ReadValues(JsonReader *r, int n_columns, const double *weights, const bool *benefit,
		   ComponentRows **state)
{
	int			n_values;

	if (!JsonRequire(r, "values") || !JsonArray(r, "numbers", &n_values))
		return false;
	if (n_values % n_columns != 0)
		return JsonRefuse(r, psprintf("\"values\" has %d elements, which are no rows of %d columns.",
									  n_values, n_columns));
	*state = ComponentRowsMake(n_columns, weights, benefit, n_values / n_columns);
	(*state)->n_rows = n_values / n_columns;
	while (JsonNext(r))
		if (!JsonFloat8(r, &ComponentRowsData(*state)[r->index]))
			return false;
	return true;
}

Datum
custseg_component_rows_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	int64		n_columns;
	double		weights[MAX_COMPONENTS];
	bool		benefit[MAX_COMPONENTS];
	bool		has_weights = false;
	bool		has_benefit = false;
	ComponentRows *state = NULL;
	const char *fault;

	if (!JsonOpen(&r, fcinfo, "component_rows", known_keys, lengthof(known_keys),
				  COMPONENT_ROWS_VERSION) ||
		!JsonRequire(&r, "columns") || !JsonInt64(&r, 1, MAX_COMPONENTS, &n_columns) ||
		(JsonFind(&r, "weights") &&
		 (has_weights = true) && !ReadJsonFloats(&r, n_columns, weights)) ||
		(JsonFind(&r, "benefit") &&
		 (has_benefit = true) && !ReadJsonBooleans(&r, n_columns, benefit)) ||
		!ReadValues(&r, n_columns, has_weights ? weights : NULL,
					has_benefit ? benefit : NULL, &state))
		PG_RETURN_NULL();
	fault = RowsFault(state);
	if (fault != NULL)
	{
		(void) JsonRefuse(&r, fault);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(state);
}

Datum
custseg_component_rows_out(PG_FUNCTION_ARGS)
{
	ComponentRows *state = (ComponentRows *) PG_GETARG_VARLENA_P(0);

	ComponentRowsCheck(state);
	PG_RETURN_CSTRING(TextOfRows(state));
}

Datum
custseg_component_rows_to_jsonb(PG_FUNCTION_ARGS)
{
	ComponentRows *state = (ComponentRows *) PG_GETARG_VARLENA_P(0);

	ComponentRowsCheck(state);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(TextOfRows(state)));
}

/* --- Binary --------------------------------------------------------------- */

Datum
custseg_component_rows_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			flags;
	int			n_columns;
	int			n_rows;
	double		weights[MAX_COMPONENTS];
	bool		benefit[MAX_COMPONENTS];
	int64		bytes;
	ComponentRows *state;
	const char *fault;

	BinaryVersion(in, "component_rows", COMPONENT_ROWS_VERSION);
	if (in->len - in->cursor < 9)
		BinaryRefuse("component_rows", "It is too short.");
	flags = pq_getmsgbyte(in);
	n_columns = (int) pq_getmsgint(in, 4);
	n_rows = (int) pq_getmsgint(in, 4);
	if (flags & ~(FLAG_WEIGHTS | FLAG_BENEFIT))
		BinaryRefuse("component_rows", psprintf("Its flags %d are not known.", flags));
	if (n_columns < 1 || n_columns > MAX_COMPONENTS || n_rows < 0)
		BinaryRefuse("component_rows", "Its numbers of columns and rows are out of range.");

	/* checked against the length before memory is taken for it */
	bytes = (int64) n_rows * n_columns * 8 + (flags & FLAG_WEIGHTS ? 8 * n_columns : 0) +
		(flags & FLAG_BENEFIT ? n_columns : 0);
	if (bytes != in->len - in->cursor)
		BinaryRefuse("component_rows", "Its numbers of columns and rows do not fit the length.");

	for (int i = 0; i < n_columns && (flags & FLAG_WEIGHTS); i++)
		weights[i] = pq_getmsgfloat8(in);
	for (int i = 0; i < n_columns && (flags & FLAG_BENEFIT); i++)
		benefit[i] = pq_getmsgbyte(in) != 0;
	state = ComponentRowsMake(n_columns, flags & FLAG_WEIGHTS ? weights : NULL,
							  flags & FLAG_BENEFIT ? benefit : NULL, n_rows);
	state->n_rows = n_rows;
	for (int64 i = 0; i < (int64) n_rows * n_columns; i++)
	{
		ComponentRowsData(state)[i] = pq_getmsgfloat8(in);
		POLL_EVERY(i);
	}
	fault = RowsFault(state);
	if (fault != NULL)
		BinaryRefuse("component_rows", fault);
	PG_RETURN_POINTER(state);
}

Datum
custseg_component_rows_send(PG_FUNCTION_ARGS)
{
	ComponentRows *state = (ComponentRows *) PG_GETARG_VARLENA_P(0);
	StringInfoData buf;

	ComponentRowsCheck(state);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, COMPONENT_ROWS_VERSION);
	pq_sendbyte(&buf, (state->has_weights ? FLAG_WEIGHTS : 0) |
				(state->has_benefit ? FLAG_BENEFIT : 0));
	pq_sendint32(&buf, state->n_columns);
	pq_sendint32(&buf, state->n_rows);
	for (int i = 0; i < state->n_columns && state->has_weights; i++)
		pq_sendfloat8(&buf, ComponentRowsWeights(state)[i]);
	for (int i = 0; i < state->n_columns && state->has_benefit; i++)
		pq_sendbyte(&buf, ComponentRowsBenefit(state)[i]);
	for (int64 i = 0; i < (int64) state->n_rows * state->n_columns; i++)
	{
		pq_sendfloat8(&buf, ComponentRowsData(state)[i]);
		POLL_EVERY(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
