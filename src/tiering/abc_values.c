/*
 * abc_values.c
 *		abc_breaks of float8: the aggregate, and its state as a type.
 *
 * The state is described in abc_state.h.  Its text form is JSON:
 *		{"version":1,"shares":[0.8,0.95],"values":[1,2.5],"counts":[10,3],"others":2}
 * Binary is the version (1 byte), the number of shares (int32) and the shares,
 * the number of other rows (int64), the number of values (int32), and pairs of
 * float8 and int64.  What comes in may be hostile and is checked in full.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/binary.h"
#include "common/int.h"
#include "common/json.h"
#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "tiering/abc_state.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_abc_values_accum);
PG_FUNCTION_INFO_V1(custseg_abc_values_combine);
PG_FUNCTION_INFO_V1(custseg_abc_values_final);
PG_FUNCTION_INFO_V1(custseg_abc_breaks_final);
PG_FUNCTION_INFO_V1(custseg_abc_values_in);
PG_FUNCTION_INFO_V1(custseg_abc_values_out);
PG_FUNCTION_INFO_V1(custseg_abc_values_recv);
PG_FUNCTION_INFO_V1(custseg_abc_values_send);
PG_FUNCTION_INFO_V1(custseg_abc_values_to_jsonb);

#define BINARY_PAIR 16

static const char *const known_keys[] = {"version", "shares", "values", "counts", "others"};

/* The first place from 0 where a share is wrong, or -1. */
static int
ShareFault(const double *share, int n)
{
	for (int i = 0; i < n; i++)
		if (!(share[i] > (i == 0 ? 0 : share[i - 1]) && share[i] < 1))
			return i;
	return -1;
}

/* For the cache of arguments. */
static const void *
MakeShares(Datum argument)
{
	ArrayType  *array = DatumGetArrayTypePCopy(argument);
	AbcShares  *shares = palloc(sizeof(AbcShares));
	int			fault;

	AbcCheckShareArray(array);
	shares->n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	shares->size = shares->n * sizeof(double);
	shares->data = ARR_DATA_PTR(array);
	fault = ShareFault((double *) shares->data, shares->n);
	if (fault >= 0)
		AbcShareInvalid(double_to_shortest_decimal(((double *) shares->data)[fault]), fault + 1);
	return shares;
}

/* --- Aggregate ------------------------------------------------------------ */

/* Arguments: state, x, shares. */
Datum
custseg_abc_values_accum(PG_FUNCTION_ARGS)
{
	const AbcShares *shares = AbcGetShares(fcinfo, MakeShares);
	AbcState   *state = PG_ARGISNULL(0) ? NULL : AbcGetOwnState(fcinfo, 0, false);
	ValueCounts *inner;
	ValueCounts *grown;
	double		x;

	if (state != NULL)
		AbcCheckShares(state, shares);
	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	x = PG_GETARG_FLOAT8(1);
	if (unlikely(isnan(x) || isinf(x)))
		AbcXInvalid(isnan(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity");

	if (state == NULL)
		state = AbcMake(ABC_FLOATS, shares->n, shares->data,
						(struct varlena *) ValueCountsMake(1, 0));
	if (x <= 0)
	{
		state->others = AbcAddRows(state->others, 1);
		PG_RETURN_POINTER(state);
	}
	inner = (ValueCounts *) AbcInner(state);
	grown = ValueCountsAdd(inner, x);
	if (grown != inner)
		state = AbcReplaceInner(state, (struct varlena *) grown);
	PG_RETURN_POINTER(state);
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_abc_values_combine(PG_FUNCTION_ARGS)
{
	AbcState   *state = AbcGetOwnState(fcinfo, 0, false);
	AbcState   *other = AbcGetState(fcinfo, 1, false);
	AbcShares	shares = {other->n_shares, other->n_shares * sizeof(double), other->data};
	ValueCounts *inner = (ValueCounts *) AbcInner(state);
	ValueCounts *grown;

	AbcCheckShares(state, &shares);
	state->others = AbcAddRows(state->others, other->others);
	grown = ValueCountsCombine(inner, (ValueCounts *) AbcInner(other));
	if (grown != inner)
		state = AbcReplaceInner(state, (struct varlena *) grown);
	PG_RETURN_POINTER(state);
}

Datum
custseg_abc_values_final(PG_FUNCTION_ARGS)
{
	AbcState   *state = AbcGetState(fcinfo, 0, false);
	ValueCounts *inner = (ValueCounts *) AbcInner(state);
	const ValueCounts *canonical = ValueCountsCanonical(inner);

	if (canonical == inner)
		PG_RETURN_POINTER(state);
	PG_RETURN_POINTER(AbcReplaceInner(state, (struct varlena *) canonical));
}

Datum
custseg_abc_breaks_final(PG_FUNCTION_ARGS)
{
	AbcState   *state = AbcGetState(fcinfo, 0, false);
	ValueRuns	runs = ValueCountsRuns((ValueCounts *) AbcInner(state));
	int			n = state->n_shares;
	double		breaks[MAX_ABC_SHARES];
	Datum		elements[MAX_ABC_SHARES];

	if (runs.n_runs == 0 && state->others == 0)
		PG_RETURN_NULL();
	if (!AbcBreaks(&runs, (double *) state->data, n, breaks))
		AbcTotalIsZero();
	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(breaks[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, n, FLOAT8OID, sizeof(float8),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* --- Checks of what comes in ---------------------------------------------- */

/* Checks all, and sets the total of counts.  What is wrong, or NULL. */
static const char *
StateFault(AbcState *state)
{
	ValueCounts *inner = (ValueCounts *) AbcInner(state);
	double	   *value = ValueCountsValues(inner);
	int64	   *count = ValueCountsCounts(inner);
	int			share = ShareFault((double *) state->data, state->n_shares);

	if (share >= 0)
		return psprintf("\"shares\"[%d] must be greater than the one before it, and between 0 and 1.", share);
	if (state->others < 0)
		return "\"others\" must not be negative.";
	inner->total = 0;
	for (int i = 0; i < inner->n_runs; i++)
	{
		if (!(value[i] > 0) || isinf(value[i]))
			return psprintf("\"values\"[%d] must be a finite number above 0.", i);
		if (i > 0 && value[i] <= value[i - 1])
			return psprintf("\"values\"[%d] must be greater than the one before it.", i);
		if (count[i] <= 0)
			return psprintf("\"counts\"[%d] must be positive.", i);
		if (pg_add_s64_overflow(inner->total, count[i], &inner->total))
			return "The sum of \"counts\" is out of range.";
		POLL_EVERY(i);
	}
	return NULL;
}

/* --- Text ----------------------------------------------------------------- */

static void
AppendFloats(StringInfo out, const double *x, int64 n)
{
	for (int64 i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		JsonAppendFloat8(out, x[i]);
		POLL_EVERY(i);
	}
}

static char *
TextOfState(const AbcState *state)
{
	ValueRuns	runs = ValueCountsRuns((ValueCounts *) AbcInner(state));
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"shares\":[", ABC_STATE_VERSION);
	AppendFloats(&out, (double *) state->data, state->n_shares);
	appendStringInfoString(&out, "],\"values\":[");
	AppendFloats(&out, runs.value, runs.n_runs);
	appendStringInfoString(&out, "],\"counts\":[");
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		char		digits[MAXINT8LEN + 1];

		if (i > 0)
			appendStringInfoChar(&out, ',');
		pg_lltoa(runs.count[i], digits);
		appendStringInfoString(&out, digits);
		POLL_EVERY(i);
	}
	appendStringInfo(&out, "],\"others\":" INT64_FORMAT "}", state->others);
	return out.data;
}

/* The state that the text holds; NULL after an error. */
static AbcState *
ReadState(JsonReader *r)
{
	int			n_shares;
	int			n_values;
	int			n_counts;
	double		shares[MAX_ABC_SHARES];
	AbcState   *state;
	ValueCounts *inner;
	const char *fault;

	if (!JsonRequire(r, "shares") || !JsonArray(r, "numbers", &n_shares))
		return NULL;
	if (n_shares < 1 || n_shares > MAX_ABC_SHARES)
	{
		(void) JsonRefuse(r, psprintf("\"shares\" must have from 1 to %d elements, not %d.",
									  MAX_ABC_SHARES, n_shares));
		return NULL;
	}
	while (JsonNext(r))
		if (!JsonFloat8(r, &shares[r->index]))
			return NULL;

	if (!JsonRequire(r, "values") || !JsonArray(r, "numbers", &n_values))
		return NULL;
	inner = ValueCountsMakeRuns(1, n_values);
	while (JsonNext(r))
		if (!JsonFloat8(r, &ValueCountsValues(inner)[r->index]))
			return NULL;
	if (!JsonRequire(r, "counts") || !JsonArray(r, "integers", &n_counts))
		return NULL;
	if (n_counts != n_values)
	{
		(void) JsonRefuse(r, psprintf("\"counts\" has %d elements, but \"values\" has %d.",
									  n_counts, n_values));
		return NULL;
	}
	while (JsonNext(r))
		if (!JsonInt64(r, 1, PG_INT64_MAX, &ValueCountsCounts(inner)[r->index]))
			return NULL;

	state = AbcMake(ABC_FLOATS, n_shares, (char *) shares, (struct varlena *) inner);
	if (JsonFind(r, "others") && !JsonInt64(r, 0, PG_INT64_MAX, &state->others))
		return NULL;
	fault = StateFault(state);
	if (fault != NULL)
	{
		(void) JsonRefuse(r, fault);
		return NULL;
	}
	return state;
}

Datum
custseg_abc_values_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	AbcState   *state;

	if (!JsonOpen(&r, fcinfo, "abc_values", known_keys, lengthof(known_keys), ABC_STATE_VERSION) ||
		(state = ReadState(&r)) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
custseg_abc_values_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(TextOfState(AbcGetState(fcinfo, 0, false)));
}

Datum
custseg_abc_values_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = TextOfState(AbcGetState(fcinfo, 0, false));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* --- Binary --------------------------------------------------------------- */

/* A number of elements, for which there must be as many bytes. */
static int
ReceiveCount(StringInfo in, Size bytes, bool rest)
{
	int			n;

	if (in->len - in->cursor < sizeof(int32))
		BinaryRefuse("abc_values", "It is too short.");
	n = (int) pq_getmsgint(in, 4);
	if (n < 0 || (rest ? (int64) n * bytes != in->len - in->cursor :
				  (int64) n * bytes > in->len - in->cursor))
		BinaryRefuse("abc_values", psprintf("The number of elements, %d, does not fit the length.", n));
	return n;
}

Datum
custseg_abc_values_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int			n_shares;
	int			n_runs;
	int64		others;
	double		shares[MAX_ABC_SHARES];
	AbcState   *state;
	ValueCounts *inner;
	const char *fault;

	BinaryVersion(in, "abc_values", ABC_STATE_VERSION);
	n_shares = ReceiveCount(in, sizeof(double), false);
	if (n_shares < 1 || n_shares > MAX_ABC_SHARES)
		BinaryRefuse("abc_values", psprintf("The number of shares must be from 1 to %d, not %d.",
											MAX_ABC_SHARES, n_shares));
	for (int i = 0; i < n_shares; i++)
		shares[i] = pq_getmsgfloat8(in);
	if (in->len - in->cursor < sizeof(int64))
		BinaryRefuse("abc_values", "It is too short.");
	others = pq_getmsgint64(in);
	n_runs = ReceiveCount(in, BINARY_PAIR, true);
	inner = ValueCountsMakeRuns(1, n_runs);
	for (int i = 0; i < n_runs; i++)
	{
		ValueCountsValues(inner)[i] = pq_getmsgfloat8(in);
		ValueCountsCounts(inner)[i] = pq_getmsgint64(in);
		POLL_EVERY(i);
	}
	state = AbcMake(ABC_FLOATS, n_shares, (char *) shares, (struct varlena *) inner);
	state->others = others;
	fault = StateFault(state);
	if (fault != NULL)
		BinaryRefuse("abc_values", fault);
	PG_RETURN_POINTER(state);
}

Datum
custseg_abc_values_send(PG_FUNCTION_ARGS)
{
	AbcState   *state = AbcGetState(fcinfo, 0, false);
	ValueRuns	runs = ValueCountsRuns((ValueCounts *) AbcInner(state));
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, ABC_STATE_VERSION);
	pq_sendint32(&buf, state->n_shares);
	for (int i = 0; i < state->n_shares; i++)
		pq_sendfloat8(&buf, ((double *) state->data)[i]);
	pq_sendint64(&buf, state->others);
	pq_sendint32(&buf, (int32) runs.n_runs);
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		pq_sendfloat8(&buf, runs.value[i]);
		pq_sendint64(&buf, runs.count[i]);
		POLL_EVERY(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
