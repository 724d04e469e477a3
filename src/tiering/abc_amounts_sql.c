/*
 * abc_amounts_sql.c
 *		abc_breaks of numeric: the aggregate, and its state as a type.
 *
 * The text form of the state is JSON:
 *		{"version":1,"shares":[0.8,0.95],"scale":2,"values":[1.00,2.50],"counts":[10,3],"others":2}
 * scale is the number of digits after the point that breaks show.  Binary is
 * the version (1 byte), the number of shares (int32) and the shares, scale
 * (int32), others (int64), the number of values (int32), and for each value
 * its count (int64); shares and values are a length (int32) and their digits.
 * What comes in may be hostile and is checked in full.
 */
#include "postgres.h"

#include "common/compat.h"

#include "catalog/pg_type.h"
#include "common/add_rows.h"
#include "common/aggregate_state.h"
#include "common/binary.h"
#include "common/int.h"
#include "common/json.h"
#include "common/numeric_argument.h"
#include "libpq/pqformat.h"
#include "tiering/abc_amounts.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(custseg_abc_amounts_accum);
PG_FUNCTION_INFO_V1(custseg_abc_amounts_combine);
PG_FUNCTION_INFO_V1(custseg_abc_amounts_final);
PG_FUNCTION_INFO_V1(custseg_abc_breaks_final_numeric);
PG_FUNCTION_INFO_V1(custseg_abc_amounts_in);
PG_FUNCTION_INFO_V1(custseg_abc_amounts_out);
PG_FUNCTION_INFO_V1(custseg_abc_amounts_recv);
PG_FUNCTION_INFO_V1(custseg_abc_amounts_send);
PG_FUNCTION_INFO_V1(custseg_abc_amounts_to_jsonb);

/* The least bytes of a value in the binary form. */
#define BINARY_VALUE 13

#define MAX_SCALE 16383

/* numeric_round() rounds to this many digits at most. */
#define MAX_ROUND_SCALE 2000

static const char *const known_keys[] = {"version", "shares", "scale", "values", "counts", "others"};

/* A share in units of 10^-38; false if it is none, or has more digits. */
static bool
ShareOf(const Decimal *d, int128 *share)
{
	Decimal		trimmed;

	if (d->big == NULL && DecimalSign(d) <= 0)
		return false;
	if (d->big != NULL &&
		(DecimalBigSign(d) <= 0 ||
		 DecimalFromNumeric(TrimmedNumeric(d), &trimmed) != DECIMAL_OK))
		return false;
	if (d->big == NULL)
		trimmed = *d;
	if (trimmed.big != NULL || trimmed.value >= DecimalPowers()[trimmed.scale])
		return false;
	*share = trimmed.value * DecimalPowers()[SHARE_SCALE - trimmed.scale];
	return true;
}

/* For the cache of arguments. */
static const void *
MakeShares(Datum argument)
{
	ArrayType  *array = DatumGetArrayTypePCopy(argument);
	AbcShares  *shares = palloc(sizeof(AbcShares));
	int128	   *share;
	Datum	   *elements;

	AbcCheckShareArray(array);
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, NULL, &shares->n);
	shares->size = shares->n * sizeof(int128);
	shares->data = palloc(shares->size);
	share = (int128 *) shares->data;
	for (int i = 0; i < shares->n; i++)
	{
		Decimal		d;

		if (DecimalFromNumeric(NumericArgument(elements[i]), &d) != DECIMAL_OK ||
			!ShareOf(&d, &share[i]) || (i > 0 && share[i] <= share[i - 1]))
			AbcShareInvalid(DatumGetCString(DirectFunctionCall1(numeric_out, elements[i])), i + 1);
	}
	return shares;
}

/* The shares of a state, where they are not aligned as int128. */
static int128 *
CopyShares(const AbcAmounts *state)
{
	Size		size = state->n_shares * sizeof(int128);
	int128	   *shares = palloc(size);

	memcpy(shares, state->data, size);
	return shares;
}

static AbcAmounts *
GetState(FunctionCallInfo fcinfo, int argno)
{
	AbcAmounts *state = (AbcAmounts *) PG_GETARG_VARLENA_P(argno);

	AmountsCheck(state);
	return state;
}

/* The state in argument 0, for changing it: a copy where no aggregate calls. */
static AbcAmounts *
GetOwnState(FunctionCallInfo fcinfo)
{
	AbcAmounts *state = GetState(fcinfo, 0);

	return OwnState(fcinfo, state);
}

/* --- Aggregate ------------------------------------------------------------ */

/* Arguments: state, x, shares. */
Datum
custseg_abc_amounts_accum(PG_FUNCTION_ARGS)
{
	const AbcShares *shares = AbcGetShares(fcinfo, MakeShares);
	AbcAmounts   *state = PG_ARGISNULL(0) ? NULL : GetOwnState(fcinfo);
	Decimal		d;
	DecimalStatus status;

	if (state != NULL)
		AmountsCheckShares(state, shares->data, shares->n);
	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	status = DecimalFromNumeric(NumericArgument(PG_GETARG_DATUM(1)), &d);
	if (unlikely(status != DECIMAL_OK))
		AbcXInvalid(status == DECIMAL_NAN ? "NaN" :
					DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(1))));

	if (state == NULL)
		state = AmountsNew(shares->n, shares->data);
	if (DecimalSign(&d) <= 0)
	{
		state->others = AddRows(state->others, 1, "abc_breaks");
		PG_RETURN_POINTER(state);
	}
	PG_RETURN_POINTER(AmountsAdd(state, &d));
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_abc_amounts_combine(PG_FUNCTION_ARGS)
{
	AbcAmounts   *state = GetOwnState(fcinfo);
	AbcAmounts   *other = GetState(fcinfo, 1);

	AmountsCheckShares(state, other->data, other->n_shares);
	state->others = AddRows(state->others, other->others, "abc_breaks");
	PG_RETURN_POINTER(AmountsCombine(state, other));
}

Datum
custseg_abc_amounts_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(AmountsCanonical(GetState(fcinfo, 0)));
}

/* With the scale that breaks show. */
static Datum
WithScale(Numeric n, int scale)
{
	if (scale > MAX_ROUND_SCALE)
		return NumericGetDatum(n);
	return DirectFunctionCall2(numeric_round, NumericGetDatum(n), Int32GetDatum(scale));
}

Datum
custseg_abc_breaks_final_numeric(PG_FUNCTION_ARGS)
{
	AbcAmounts   *state = GetState(fcinfo, 0);
	DecimalRuns runs = AmountsRuns(state);
	int			n = state->n_shares;
	int64		at[MAX_ABC_SHARES];
	Datum		elements[MAX_ABC_SHARES];

	if (runs.n_runs == 0 && state->others == 0)
		PG_RETURN_NULL();
	if (!AbcBreaksExact(&runs, CopyShares(state), n, at))
		AbcTotalIsZero();
	for (int i = 0; i < n; i++)
		elements[i] = WithScale(at[i] < 0 ? int64_to_numeric(0) : RunNumeric(&runs, at[i]), state->scale);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, n, NUMERICOID, -1, false, TYPALIGN_INT));
}

/* --- Text ----------------------------------------------------------------- */

static char *
TextOfState(const AbcAmounts *state)
{
	DecimalRuns runs = AmountsRuns(state);
	int128	   *shares = CopyShares(state);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"shares\":[", ABC_STATE_VERSION);
	for (int i = 0; i < state->n_shares; i++)
	{
		Decimal		share = {shares[i], SHARE_SCALE, NULL};
		Datum		n = NumericGetDatum(TrimmedNumeric(&share));

		appendStringInfo(&out, "%s%s", i == 0 ? "" : ",",
						 DatumGetCString(DirectFunctionCall1(numeric_out, n)));
	}
	appendStringInfo(&out, "],\"scale\":%d,\"values\":[", state->scale);
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		Datum		n = NumericGetDatum(RunNumeric(&runs, i));
		char	   *digits = DatumGetCString(DirectFunctionCall1(numeric_out, n));

		appendStringInfo(&out, "%s%s", i == 0 ? "" : ",", digits);
		pfree(digits);
		POLL_EVERY(i);
	}
	appendStringInfoString(&out, "],\"counts\":[");
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		appendStringInfo(&out, "%s" INT64_FORMAT, i == 0 ? "" : ",", runs.run[i].count);
		POLL_EVERY(i);
	}
	appendStringInfo(&out, "],\"others\":" INT64_FORMAT "}", state->others);
	return out.data;
}

/*
 * Checks one value that was read and the one before it; says what is wrong, or
 * NULL.  scale becomes the largest.
 */
static const char *
ValueFault(const DecimalRuns *runs, int64 i, int *scale, int64 *total)
{
	Datum		n = NumericGetDatum(runs->run[i].big);
	Decimal		d;

	if (DecimalFromNumeric(runs->run[i].big, &d) != DECIMAL_OK || DecimalSign(&d) <= 0)
		return psprintf("\"values\"[%d] must be a finite number above 0.", (int) i);
	if (i > 0 && !DatumGetBool(DirectFunctionCall2(numeric_gt, n,
												   NumericGetDatum(runs->run[i - 1].big))))
		return psprintf("\"values\"[%d] must be greater than the one before it.", (int) i);
	if (runs->run[i].count <= 0)
		return psprintf("\"counts\"[%d] must be positive.", (int) i);
	if (pg_add_s64_overflow(*total, runs->run[i].count, total))
		return "The sum of \"counts\" is out of range.";
	*scale = Max(*scale, d.big == NULL ? d.scale : DatumGetInt32(DirectFunctionCall1(numeric_scale, n)));
	return NULL;
}

/* The state of what was read, which is checked here. What is wrong, or NULL. */
static const char *
StateOfRuns(const int128 *shares, int n_shares, const DecimalRuns *runs, int64 scale,
			int64 others, AbcAmounts **state)
{
	int			least = 0;
	int64		total = 0;

	for (int i = 1; i < n_shares; i++)
		if (shares[i] <= shares[i - 1])
			return psprintf("\"shares\"[%d] must be greater than the one before it.", i);
	for (int64 i = 0; i < runs->n_runs; i++)
	{
		const char *fault = ValueFault(runs, i, &least, &total);

		if (fault != NULL)
			return fault;
		POLL_EVERY(i);
	}
	if (scale < least)
		return psprintf("\"scale\" must be at least %d, the digits that \"values\" have.", least);
	*state = AmountsOfRuns(n_shares, (const char *) shares, runs, (int) scale);
	(*state)->others = others;
	return NULL;
}

static bool
ReadNumeric(JsonReader *r, Numeric *n)
{
	if (r->value.type != jbvNumeric)
		return JsonMustBe(r, "a number");
	*n = r->value.val.numeric;
	return true;
}

static bool
ReadShares(JsonReader *r, int128 *shares, int *n)
{
	if (!JsonRequire(r, "shares") || !JsonArray(r, "numbers", n))
		return false;
	if (*n < 1 || *n > MAX_ABC_SHARES)
		return JsonRefuse(r, psprintf("\"shares\" must have from 1 to %d elements, not %d.",
									  MAX_ABC_SHARES, *n));
	while (JsonNext(r))
	{
		Numeric		number = NULL;
		Decimal		d;

		if (!ReadNumeric(r, &number))
			return false;
		if (DecimalFromNumeric(number, &d) != DECIMAL_OK || !ShareOf(&d, &shares[r->index]))
			return JsonMustBe(r, "a number between 0 and 1 of at most 38 digits");
	}
	return true;
}

static bool
ReadRuns(JsonReader *r, DecimalRuns *runs)
{
	int			n_values;
	int			n_counts;

	if (!JsonRequire(r, "values") || !JsonArray(r, "numbers", &n_values))
		return false;
	runs->n_runs = n_values;
	runs->run = palloc0_array(DecimalRun, n_values + 1);
	while (JsonNext(r))
		if (!ReadNumeric(r, &runs->run[r->index].big))
			return false;
	if (!JsonRequire(r, "counts") || !JsonArray(r, "integers", &n_counts))
		return false;
	if (n_counts != n_values)
		return JsonRefuse(r, psprintf("\"counts\" has %d elements, but \"values\" has %d.",
									  n_counts, n_values));
	while (JsonNext(r))
		if (!JsonInt64(r, 1, PG_INT64_MAX, &runs->run[r->index].count))
			return false;
	return true;
}

Datum
custseg_abc_amounts_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	int128		shares[MAX_ABC_SHARES];
	int			n_shares;
	DecimalRuns runs;
	int64		scale;
	int64		others = 0;
	AbcAmounts   *state;
	const char *fault;

	if (!JsonOpen(&r, fcinfo, "abc_amounts", known_keys, lengthof(known_keys), ABC_STATE_VERSION) ||
		!ReadShares(&r, shares, &n_shares) || !ReadRuns(&r, &runs) ||
		!JsonRequire(&r, "scale") || !JsonInt64(&r, 0, MAX_SCALE, &scale) ||
		(JsonFind(&r, "others") && !JsonInt64(&r, 0, PG_INT64_MAX, &others)))
		PG_RETURN_NULL();
	fault = StateOfRuns(shares, n_shares, &runs, scale, others, &state);
	if (fault != NULL)
	{
		(void) JsonRefuse(&r, fault);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(state);
}

Datum
custseg_abc_amounts_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(TextOfState(GetState(fcinfo, 0)));
}

Datum
custseg_abc_amounts_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *text = TextOfState(GetState(fcinfo, 0));

	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* --- Binary --------------------------------------------------------------- */

static void
RequireBytes(StringInfo in, int64 n)
{
	if (n < 0 || n > in->len - in->cursor)
		BinaryRefuse("abc_amounts", "It is too short.");
}

static int64
ReceiveInteger(StringInfo in, int bytes)
{
	RequireBytes(in, bytes);
	return bytes == 4 ? (int32) pq_getmsgint(in, 4) : pq_getmsgint64(in);
}

static Numeric
ReceiveNumeric(StringInfo in, Decimal *d)
{
	int64		length = ReceiveInteger(in, 4);
	char	   *digits;

	RequireBytes(in, length);
	digits = pnstrdup(pq_getmsgbytes(in, (int) length), length);
	if (strlen(digits) != length || !DecimalFromString(digits, d))
		BinaryRefuse("abc_amounts", "A value must be a decimal number.");
	pfree(digits);
	return DecimalToNumeric(d);
}

Datum
custseg_abc_amounts_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int128		shares[MAX_ABC_SHARES];
	int64		n_shares;
	int64		scale;
	int64		others;
	DecimalRuns runs;
	Decimal		d;
	AbcAmounts   *state;
	const char *fault;

	BinaryVersion(in, "abc_amounts", ABC_STATE_VERSION);
	n_shares = ReceiveInteger(in, 4);
	if (n_shares < 1 || n_shares > MAX_ABC_SHARES)
		BinaryRefuse("abc_amounts", psprintf("The number of shares must be from 1 to %d, not %d.",
											 MAX_ABC_SHARES, (int) n_shares));
	for (int i = 0; i < n_shares; i++)
	{
		(void) ReceiveNumeric(in, &d);
		if (!ShareOf(&d, &shares[i]))
			BinaryRefuse("abc_amounts", "A share must be between 0 and 1, of at most 38 digits.");
	}
	scale = ReceiveInteger(in, 4);
	others = ReceiveInteger(in, 8);
	runs.n_runs = ReceiveInteger(in, 4);
	if (scale < 0 || scale > MAX_SCALE || others < 0)
		BinaryRefuse("abc_amounts", "Its scale or its number of other rows is out of range.");
	if (runs.n_runs < 0 || runs.n_runs * BINARY_VALUE > in->len - in->cursor)
		BinaryRefuse("abc_amounts", psprintf("The number of values, %d, does not fit the length.",
											 (int) runs.n_runs));
	runs.run = palloc0_array(DecimalRun, runs.n_runs + 1);
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		runs.run[i].count = ReceiveInteger(in, 8);
		runs.run[i].big = ReceiveNumeric(in, &d);
		POLL_EVERY(i);
	}
	if (in->cursor != in->len)
		BinaryRefuse("abc_amounts", "It is too long.");
	fault = StateOfRuns(shares, (int) n_shares, &runs, scale, others, &state);
	if (fault != NULL)
		BinaryRefuse("abc_amounts", fault);
	PG_RETURN_POINTER(state);
}

static void
SendNumeric(StringInfo out, Numeric n)
{
	char	   *digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(n)));

	pq_sendint32(out, strlen(digits));
	pq_sendbytes(out, digits, strlen(digits));
	pfree(digits);
}

Datum
custseg_abc_amounts_send(PG_FUNCTION_ARGS)
{
	AbcAmounts   *state = GetState(fcinfo, 0);
	DecimalRuns runs = AmountsRuns(state);
	int128	   *shares = CopyShares(state);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, ABC_STATE_VERSION);
	pq_sendint32(&buf, state->n_shares);
	for (int i = 0; i < state->n_shares; i++)
	{
		Decimal		share = {shares[i], SHARE_SCALE, NULL};

		SendNumeric(&buf, TrimmedNumeric(&share));
	}
	pq_sendint32(&buf, state->scale);
	pq_sendint64(&buf, state->others);
	pq_sendint32(&buf, (int32) runs.n_runs);
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		pq_sendint64(&buf, runs.run[i].count);
		SendNumeric(&buf, RunNumeric(&runs, i));
		POLL_EVERY(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
