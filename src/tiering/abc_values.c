/*
 * abc_values.c
 *		abc_breaks of float8: the aggregate, and its state as a type.
 *
 * The state is a value_counts, as described in abc_state.h; what is done there
 * with classes and values (breaks.c) is done here with shares and values.  Its text form is JSON:
 *		{"version":1,"shares":[0.8,0.95],"values":[1,2.5],"counts":[10,3],"others":2}
 * Binary is the version (1 byte), the number of shares (int32) and the shares,
 * the number of other rows (int64), the number of values (int32), and pairs of
 * float8 and int64.  What comes in may be hostile and is checked in full.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>
#include "common/aggregate_state.h"

#include "catalog/pg_type.h"
#include "common/binary.h"
#include "common/int.h"
#include "common/json.h"
#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "scoring/value_counts_io.h"
#include "tiering/abc_state.h"
#include "utils/array.h"
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

/* The first runs of a state: shares from the last to the first, negated. */
static void
NegateShares(const double *shares, int n, double *runs)
{
	for (int i = 0; i < n; i++)
		runs[i] = -shares[n - 1 - i];
}

/* For the cache of arguments. */
static const void *
MakeShares(Datum argument)
{
	ArrayType  *array = DatumGetArrayTypePCopy(argument);
	AbcShares  *shares = palloc(sizeof(AbcShares));
	const double *x = (const double *) ARR_DATA_PTR(array);
	int			fault;

	AbcCheckShareArray(array);
	shares->n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	shares->size = shares->n * sizeof(double);
	fault = ShareFault(x, shares->n);
	if (fault >= 0)
		AbcShareInvalid(double_to_shortest_decimal(x[fault]), fault + 1);
	shares->data = palloc(shares->size);
	NegateShares(x, shares->n, (double *) shares->data);
	return shares;
}

/* A state of which the first n runs are shares; n_runs are to be filled. */
static ValueCounts *
MakeState(const double *negated, int n, int64 n_runs, int64 slack)
{
	ValueCounts *state = slack > 0 ? ValueCountsMake(n, 2 * n_runs + slack) :
		ValueCountsMakeRuns(n, n_runs);

	state->n_runs = n_runs;
	memcpy(ValueCountsValues(state), negated, n * sizeof(double));
	for (int i = 0; i < n; i++)
		ValueCountsCounts(state)[i] = 1;
	state->total = n;
	return state;
}

static ValueCounts *
GetState(FunctionCallInfo fcinfo, int argno)
{
	ValueCounts *state = (ValueCounts *) PG_GETARG_VARLENA_P(argno);

	ValueCountsCheck(state);
	if (state->classes > MAX_ABC_SHARES || state->n_runs < state->classes ||
		ValueCountsValues(state)[state->classes - 1] >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("abc_values is corrupted")));
	return state;
}

/* The state in argument 0, for changing it: a copy where no aggregate calls. */
static ValueCounts *
GetOwnState(FunctionCallInfo fcinfo)
{
	ValueCounts *state = GetState(fcinfo, 0);

	return OwnState(fcinfo, state);
}

/* An error unless the state has these shares, which are as MakeShares leaves them. */
static inline void
CheckShares(const ValueCounts *state, const char *negated, int n)
{
	if (unlikely(state->classes != n ||
				 memcmp(ValueCountsValues(state), negated, n * sizeof(double)) != 0))
		AbcSharesChanged();
}

/* The runs without the shares. */
static ValueRuns
RunsOfState(const ValueCounts *state, int64 *others)
{
	ValueRuns	runs = ValueCountsRuns(state);
	int			skip = state->classes;

	*others = 0;
	if (runs.n_runs > skip && runs.value[skip] == 0)
		*others = runs.count[skip++];
	runs.value += skip;
	runs.count += skip;
	runs.n_runs -= skip;
	return runs;
}

/* The shares, ascending. */
static double *
SharesOfState(const ValueCounts *state, double *shares)
{
	NegateShares(ValueCountsValues(state), state->classes, shares);
	return shares;
}

/* --- Aggregate ------------------------------------------------------------ */

/* Arguments: state, x, shares. */
Datum
custseg_abc_values_accum(PG_FUNCTION_ARGS)
{
	const AbcShares *shares = AbcConstantShares(fcinfo);
	ValueCounts *state;
	double		x;

	if (shares != NULL)
		state = PG_ARGISNULL(0) ? NULL : (ValueCounts *) PG_GETARG_POINTER(0);
	else
	{
		shares = AbcGetShares(fcinfo, MakeShares);
		state = PG_ARGISNULL(0) ? NULL : GetOwnState(fcinfo);
		if (state != NULL)
			CheckShares(state, shares->data, shares->n);
	}
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
		state = MakeState((double *) shares->data, shares->n, shares->n, 8);
	PG_RETURN_POINTER(ValueCountsAdd(state, x > 0 ? x : 0));
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_abc_values_combine(PG_FUNCTION_ARGS)
{
	ValueCounts *state = GetOwnState(fcinfo);
	ValueCounts *other = GetState(fcinfo, 1);

	CheckShares(state, (const char *) ValueCountsValues(other), other->classes);
	PG_RETURN_POINTER(ValueCountsCombine(state, other));
}

Datum
custseg_abc_values_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(ValueCountsCanonical(GetState(fcinfo, 0)));
}

Datum
custseg_abc_breaks_final(PG_FUNCTION_ARGS)
{
	ValueCounts *state = GetState(fcinfo, 0);
	int			n = state->classes;
	int64		others;
	ValueRuns	runs = RunsOfState(state, &others);
	double		shares[MAX_ABC_SHARES];
	double		breaks[MAX_ABC_SHARES];
	Datum		elements[MAX_ABC_SHARES];

	if (runs.n_runs == 0 && others == 0)
		PG_RETURN_NULL();
	if (!AbcBreaks(&runs, SharesOfState(state, shares), n, breaks))
		AbcTotalIsZero();
	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(breaks[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, n, FLOAT8OID, sizeof(float8),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* --- Checks of what comes in ---------------------------------------------- */

/*
 * A canonical state, with room for n values, for the input functions.  The
 * values start behind the shares, and the run of 0 if there is one.
 */
static ValueCounts *
MakeInput(const double *shares, int n_shares, int64 others, int n_values, int *first)
{
	double		negated[MAX_ABC_SHARES];
	ValueCounts *state;

	*first = n_shares + (others > 0);
	NegateShares(shares, n_shares, negated);
	state = MakeState(negated, n_shares, (int64) *first + n_values, 0);
	if (others > 0)
	{
		ValueCountsValues(state)[n_shares] = 0;
		ValueCountsCounts(state)[n_shares] = others;
	}
	return state;
}

/* Checks values and counts, and sets the total.  What is wrong, or NULL. */
static const char *
ValuesFault(ValueCounts *state, int first)
{
	double	   *value = ValueCountsValues(state);
	int64	   *count = ValueCountsCounts(state);

	state->total = 0;
	for (int i = 0; i < state->n_runs; i++)
	{
		if (i >= first)
		{
			if (!(value[i] > 0) || isinf(value[i]))
				return psprintf("\"values\"[%d] must be a finite number above 0.", i - first);
			if (i > first && value[i] <= value[i - 1])
				return psprintf("\"values\"[%d] must be greater than the one before it.", i - first);
			if (count[i] <= 0)
				return psprintf("\"counts\"[%d] must be positive.", i - first);
		}
		if (pg_add_s64_overflow(state->total, count[i], &state->total))
			return "The sum of \"counts\" is out of range.";
		POLL_EVERY(i);
	}
	return NULL;
}

static const char *
SharesFault(const double *shares, int n)
{
	int			fault = ShareFault(shares, n);

	return fault < 0 ? NULL :
		psprintf("\"shares\"[%d] must be greater than the one before it, and between 0 and 1.", fault);
}

/* --- Text ----------------------------------------------------------------- */

static char *
TextOfState(const ValueCounts *state)
{
	int64		others;
	ValueRuns	runs = RunsOfState(state, &others);
	double		shares[MAX_ABC_SHARES];
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"shares\":[", ABC_STATE_VERSION);
	(void) SharesOfState(state, shares);
	for (int i = 0; i < state->classes; i++)
	{
		appendStringInfoString(&out, i == 0 ? "" : ",");
		JsonAppendFloat8(&out, shares[i]);
	}
	appendStringInfoString(&out, "],");
	ValueRunsAppend(&out, &runs);
	appendStringInfo(&out, ",\"others\":" INT64_FORMAT "}", others);
	return out.data;
}

static bool
ReadShares(JsonReader *r, double *shares, int *n)
{
	const char *fault;

	if (!JsonRequire(r, "shares") || !JsonArray(r, "numbers", n))
		return false;
	if (*n < 1 || *n > MAX_ABC_SHARES)
		return JsonRefuse(r, psprintf("\"shares\" must have from 1 to %d elements, not %d.",
									  MAX_ABC_SHARES, *n));
	while (JsonNext(r))
		if (!JsonFloat8(r, &shares[r->index]))
			return false;
	fault = SharesFault(shares, *n);
	return fault == NULL || JsonRefuse(r, fault);
}

/* The state that the text holds; NULL after an error. */
static ValueCounts *
ReadState(JsonReader *r)
{
	double		shares[MAX_ABC_SHARES];
	int			n_shares;
	int			n_values;
	int			n_counts;
	int			first;
	int64		others = 0;
	ValueCounts *state;
	const char *fault;

	if (!ReadShares(r, shares, &n_shares) ||
		(JsonFind(r, "others") && !JsonInt64(r, 0, PG_INT64_MAX, &others)) ||
		!JsonRequire(r, "values") || !JsonArray(r, "numbers", &n_values))
		return NULL;
	state = MakeInput(shares, n_shares, others, n_values, &first);
	while (JsonNext(r))
		if (!JsonFloat8(r, &ValueCountsValues(state)[first + r->index]))
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
		if (!JsonInt64(r, 1, PG_INT64_MAX, &ValueCountsCounts(state)[first + r->index]))
			return NULL;
	fault = ValuesFault(state, first);
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
	ValueCounts *state;

	if (!JsonOpen(&r, fcinfo, "abc_values", known_keys, lengthof(known_keys), ABC_STATE_VERSION) ||
		(state = ReadState(&r)) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
custseg_abc_values_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(TextOfState(GetState(fcinfo, 0)));
}

Datum
custseg_abc_values_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = TextOfState(GetState(fcinfo, 0));

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
	double		shares[MAX_ABC_SHARES];
	int			n_shares;
	int			n_values;
	int			first;
	int64		others;
	ValueCounts *state;
	const char *fault;

	BinaryVersion(in, "abc_values", ABC_STATE_VERSION);
	n_shares = ReceiveCount(in, sizeof(double), false);
	if (n_shares < 1 || n_shares > MAX_ABC_SHARES)
		BinaryRefuse("abc_values", psprintf("The number of shares must be from 1 to %d, not %d.",
											MAX_ABC_SHARES, n_shares));
	for (int i = 0; i < n_shares; i++)
		shares[i] = pq_getmsgfloat8(in);
	fault = SharesFault(shares, n_shares);
	if (fault != NULL)
		BinaryRefuse("abc_values", fault);

	if (in->len - in->cursor < sizeof(int64))
		BinaryRefuse("abc_values", "It is too short.");
	others = pq_getmsgint64(in);
	if (others < 0)
		BinaryRefuse("abc_values", "\"others\" must not be negative.");
	n_values = ReceiveCount(in, BINARY_PAIR, true);
	state = MakeInput(shares, n_shares, others, n_values, &first);
	for (int i = first; i < state->n_runs; i++)
	{
		ValueCountsValues(state)[i] = pq_getmsgfloat8(in);
		ValueCountsCounts(state)[i] = pq_getmsgint64(in);
		POLL_EVERY(i);
	}
	fault = ValuesFault(state, first);
	if (fault != NULL)
		BinaryRefuse("abc_values", fault);
	PG_RETURN_POINTER(state);
}

Datum
custseg_abc_values_send(PG_FUNCTION_ARGS)
{
	ValueCounts *state = GetState(fcinfo, 0);
	int64		others;
	ValueRuns	runs = RunsOfState(state, &others);
	double		shares[MAX_ABC_SHARES];
	StringInfoData buf;

	(void) SharesOfState(state, shares);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, ABC_STATE_VERSION);
	pq_sendint32(&buf, state->classes);
	for (int i = 0; i < state->classes; i++)
		pq_sendfloat8(&buf, shares[i]);
	pq_sendint64(&buf, others);
	ValueRunsSend(&buf, &runs);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
