/*
 * psi.c
 *		The population stability index: aggregates over classes, and arrays.
 *
 * The state class_pairs is a list of (expected, actual), one pair a class: the
 * totals are known only at the end.  Classes are few, so nothing is joined or
 * sorted before that.  The list grows to twice its size in the current memory
 * context, from which the executor takes it.
 * Text: {"version":1,"expected":[10,20],"actual":[12,18]}, sorted.  Binary: the
 * version (1 byte), the number of pairs (int32), and pairs of float8.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/binary.h"
#include "common/json.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "tiering/concentration.h"
#include "tiering/concentration_sql.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(custseg_class_pairs_accum);
PG_FUNCTION_INFO_V1(custseg_class_pairs_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_class_pairs_combine);
PG_FUNCTION_INFO_V1(custseg_psi_final);
PG_FUNCTION_INFO_V1(custseg_psi_expected_final);
PG_FUNCTION_INFO_V1(custseg_psi);
PG_FUNCTION_INFO_V1(custseg_psi_expected);
PG_FUNCTION_INFO_V1(custseg_psi_status);
PG_FUNCTION_INFO_V1(custseg_class_pairs_in);
PG_FUNCTION_INFO_V1(custseg_class_pairs_out);
PG_FUNCTION_INFO_V1(custseg_class_pairs_recv);
PG_FUNCTION_INFO_V1(custseg_class_pairs_send);

#define PAIRS_VERSION 1

typedef struct ClassPairs
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		unused[3];
	int64		n;
	ClassPair	pair[FLEXIBLE_ARRAY_MEMBER];
} ClassPairs;

#define SizeOfPairs(n) (offsetof(ClassPairs, pair) + (Size) (n) * sizeof(ClassPair))

static const char *const known_keys[] = {"version", "expected", "actual"};

static int64
Room(const ClassPairs *state)
{
	return (VARSIZE(state) - offsetof(ClassPairs, pair)) / sizeof(ClassPair);
}

static ClassPairs *
MakeState(int64 room)
{
	ClassPairs *state;

	if (room > (MaxAllocSize - offsetof(ClassPairs, pair)) / sizeof(ClassPair))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many classes for psi"),
				 errhint("Pass one row for each class, not for each customer.")));
	state = palloc0(SizeOfPairs(room));
	SET_VARSIZE(state, SizeOfPairs(room));
	state->version = PAIRS_VERSION;
	return state;
}

static ClassPairs *
GetState(FunctionCallInfo fcinfo, int argno)
{
	ClassPairs *state = (ClassPairs *) PG_GETARG_VARLENA_P(argno);
	Size		size = VARSIZE(state);

	if (size > offsetof(ClassPairs, version))
		CheckStoredVersion("class_pairs", state->version, PAIRS_VERSION);
	if (size < offsetof(ClassPairs, pair) || state->n < 0 || state->n > Room(state))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("class_pairs is corrupted")));
	return state;
}

/* A copy with room for so many. */
static ClassPairs *
Copy(const ClassPairs *state, int64 room)
{
	ClassPairs *copy = MakeState(Max(room, state->n));

	copy->n = state->n;
	memcpy(copy->pair, state->pair, state->n * sizeof(ClassPair));
	return copy;
}

/* The state in argument 0, for adding n pairs: a copy where no aggregate calls. */
static ClassPairs *
GetOwnState(FunctionCallInfo fcinfo, int64 n)
{
	ClassPairs *state = GetState(fcinfo, 0);

	if (state->n + n > Room(state))
		return Copy(state, Max(2 * state->n, state->n + n));
	return AggCheckCallContext(fcinfo, NULL) ? state : Copy(state, Room(state));
}

/* --- Aggregates ----------------------------------------------------------- */

static inline double
Weight(FunctionCallInfo fcinfo, int argno, const char *name, bool numeric)
{
	/* a class that only the other side has */
	if (PG_ARGISNULL(argno))
		return 0;
	return numeric ? NumericWeight(PG_GETARG_DATUM(argno), name) :
		CheckedWeight(PG_GETARG_FLOAT8(argno), name);
}

/* Arguments: state, expected, actual. */
static Datum
Accumulate(FunctionCallInfo fcinfo, bool numeric)
{
	ClassPairs *state;
	ClassPair	pair;

	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	pair.expected = Weight(fcinfo, 1, "expected", numeric);
	pair.actual = Weight(fcinfo, 2, "actual", numeric);
	state = PG_ARGISNULL(0) ? MakeState(8) : GetOwnState(fcinfo, 1);
	state->pair[state->n++] = pair;
	PG_RETURN_POINTER(state);
}

Datum
custseg_class_pairs_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, false);
}

Datum
custseg_class_pairs_accum_numeric(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, true);
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_class_pairs_combine(PG_FUNCTION_ARGS)
{
	ClassPairs *other = GetState(fcinfo, 1);
	ClassPairs *state = GetOwnState(fcinfo, other->n);

	memcpy(state->pair + state->n, other->pair, other->n * sizeof(ClassPair));
	state->n += other->n;
	PG_RETURN_POINTER(state);
}

typedef bool (*PairFunction) (ClassPair *pairs, int64 n, double *result);

static Datum
Final(FunctionCallInfo fcinfo, PairFunction function)
{
	ClassPairs *state = GetState(fcinfo, 0);
	double		result;

	/* sorts its pairs, and the state may still be needed */
	state = Copy(state, state->n);
	if (!function(state->pair, state->n, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
custseg_psi_final(PG_FUNCTION_ARGS)
{
	return Final(fcinfo, Psi);
}

Datum
custseg_psi_expected_final(PG_FUNCTION_ARGS)
{
	return Final(fcinfo, PsiExpected);
}

/* --- Arrays --------------------------------------------------------------- */

static int
Weights(ArrayType *array, const char *name, Datum **elements, bool **nulls)
{
	int			n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a one-dimensional array, not one of %d dimensions",
						name, ARR_NDIM(array)),
				 errhint("Pass one number for each class.")));
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  elements, nulls, &n);
	return n;
}

static Datum
OfArrays(FunctionCallInfo fcinfo, PairFunction function)
{
	Datum	   *expected;
	Datum	   *actual;
	bool	   *expected_null;
	bool	   *actual_null;
	int			n = Weights(PG_GETARG_ARRAYTYPE_P(0), "expected", &expected, &expected_null);
	int			m = Weights(PG_GETARG_ARRAYTYPE_P(1), "actual", &actual, &actual_null);
	ClassPair  *pairs = palloc_extended((n + (Size) 1) * sizeof(ClassPair), MCXT_ALLOC_HUGE);
	double		result;

	if (n != m)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected and actual must have the same number of elements, not %d and %d", n, m),
				 errhint("Pass one number for each class, 0 for an empty class.")));
	for (int i = 0; i < n; i++)
	{
		pairs[i].expected = expected_null[i] ? 0 : CheckedWeight(DatumGetFloat8(expected[i]), "expected");
		pairs[i].actual = actual_null[i] ? 0 : CheckedWeight(DatumGetFloat8(actual[i]), "actual");
		POLL_EVERY(i);
	}
	if (!function(pairs, n, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
custseg_psi(PG_FUNCTION_ARGS)
{
	return OfArrays(fcinfo, Psi);
}

Datum
custseg_psi_expected(PG_FUNCTION_ARGS)
{
	return OfArrays(fcinfo, PsiExpected);
}

Datum
custseg_psi_status(PG_FUNCTION_ARGS)
{
	double		psi = PG_GETARG_FLOAT8(0);

	if (!(psi >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("psi must be at least 0, not %s",
						isnan(psi) ? "NaN" : double_to_shortest_decimal(psi)),
				 errhint("Pass what psi() returned.")));
	PG_RETURN_TEXT_P(cstring_to_text(psi < 0.1 ? "stable" : psi <= 0.25 ? "watch" : "shifted"));
}

/* --- Text and binary ------------------------------------------------------ */

Datum
custseg_class_pairs_out(PG_FUNCTION_ARGS)
{
	ClassPairs *state = GetState(fcinfo, 0);
	StringInfoData out;

	state = Copy(state, state->n);
	SortClassPairs(state->pair, state->n);
	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"expected\":[", PAIRS_VERSION);
	for (int64 i = 0; i < state->n; i++)
	{
		appendStringInfoString(&out, i == 0 ? "" : ",");
		JsonAppendFloat8(&out, state->pair[i].expected);
		POLL_EVERY(i);
	}
	appendStringInfoString(&out, "],\"actual\":[");
	for (int64 i = 0; i < state->n; i++)
	{
		appendStringInfoString(&out, i == 0 ? "" : ",");
		JsonAppendFloat8(&out, state->pair[i].actual);
		POLL_EVERY(i);
	}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

static bool
ReadWeight(JsonReader *r, double *x)
{
	if (!JsonFloat8(r, x))
		return false;
	if (*x < 0 || isinf(*x))
		return JsonMustBe(r, "a finite number of at least 0");
	if (*x == 0)
		*x = 0;					/* -0 */
	return true;
}

static bool
ReadPairs(JsonReader *r, ClassPairs **state)
{
	int			n;
	int			m;

	if (!JsonRequire(r, "expected") || !JsonArray(r, "numbers", &n))
		return false;
	*state = MakeState(n);
	(*state)->n = n;
	while (JsonNext(r))
		if (!ReadWeight(r, &(*state)->pair[r->index].expected))
			return false;
	if (!JsonRequire(r, "actual") || !JsonArray(r, "numbers", &m))
		return false;
	if (m != n)
		return JsonRefuse(r, psprintf("\"actual\" has %d elements, but \"expected\" has %d.", m, n));
	while (JsonNext(r))
		if (!ReadWeight(r, &(*state)->pair[r->index].actual))
			return false;
	return true;
}

Datum
custseg_class_pairs_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	ClassPairs *state;

	if (!JsonOpen(&r, fcinfo, "class_pairs", known_keys, lengthof(known_keys), PAIRS_VERSION) ||
		!ReadPairs(&r, &state))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

static double
ReceiveWeight(StringInfo in)
{
	double		x = pq_getmsgfloat8(in);

	if (!(x >= 0) || isinf(x))
		BinaryRefuse("class_pairs", "A weight must be a finite number of at least 0.");
	return x == 0 ? 0 : x;
}

Datum
custseg_class_pairs_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	ClassPairs *state;
	int			n;

	BinaryVersion(in, "class_pairs", PAIRS_VERSION);
	if (in->len - in->cursor < sizeof(int32))
		BinaryRefuse("class_pairs", "It is too short.");
	n = (int) pq_getmsgint(in, 4);
	if (n < 0 || (int64) n * sizeof(ClassPair) != in->len - in->cursor)
		BinaryRefuse("class_pairs", psprintf("The number of pairs, %d, does not fit the length.", n));
	state = MakeState(n);
	state->n = n;
	for (int i = 0; i < n; i++)
	{
		state->pair[i].expected = ReceiveWeight(in);
		state->pair[i].actual = ReceiveWeight(in);
		POLL_EVERY(i);
	}
	PG_RETURN_POINTER(state);
}

Datum
custseg_class_pairs_send(PG_FUNCTION_ARGS)
{
	ClassPairs *state = GetState(fcinfo, 0);
	StringInfoData buf;

	state = Copy(state, state->n);
	SortClassPairs(state->pair, state->n);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, PAIRS_VERSION);
	pq_sendint32(&buf, (int32) state->n);
	for (int64 i = 0; i < state->n; i++)
	{
		pq_sendfloat8(&buf, state->pair[i].expected);
		pq_sendfloat8(&buf, state->pair[i].actual);
		POLL_EVERY(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
