/*
 * hhi.c
 *		The Herfindahl-Hirschman index: the sum of squared shares; and Jain's
 *		index of fairness, (sum x)^2 / (n sum x^2), which is 1 / (n hhi).
 *
 * They need no more than the sum and the sum of squares, both kept exactly
 * (common/exact_sum.h), in memory that does not grow with the rows.  The result
 * is their quotient, so it is the same in any order and under any plan.
 *
 * Jain, Chiu and Hawe, "A quantitative measure of fairness and discrimination
 * for resource allocation in shared computer systems", 1984.
 *
 * The state hhi_sums is flat: a head and two sums with room for the same number
 * of limbs.  It has more room when a value of another magnitude needs it.
 * Text: {"version":1,"rows":3,"sum":"0x...p...","squares":"0x...p..."}, the
 * sums in hexadecimal.  Binary: the version (1 byte), rows (int64), and each
 * sum as the length (int32) and bytes of its text.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "common/add_rows.h"
#include "common/binary.h"
#include "common/exact_sum_io.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "tiering/concentration_sql.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_hhi_sums_accum);
PG_FUNCTION_INFO_V1(custseg_hhi_sums_accum_numeric);
PG_FUNCTION_INFO_V1(custseg_hhi_sums_combine);
PG_FUNCTION_INFO_V1(custseg_hhi_final);
PG_FUNCTION_INFO_V1(custseg_jain_final);
PG_FUNCTION_INFO_V1(custseg_hhi_sums_in);
PG_FUNCTION_INFO_V1(custseg_hhi_sums_out);
PG_FUNCTION_INFO_V1(custseg_hhi_sums_recv);
PG_FUNCTION_INFO_V1(custseg_hhi_sums_send);

#define HHI_VERSION 1

typedef struct HhiSums
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		unused[3];
	int64		rows;
	char		data[FLEXIBLE_ARRAY_MEMBER];	/* sum, then sum of squares */
} HhiSums;

static const char *const known_keys[] = {"version", "rows", "sum", "squares"};

static inline ExactSum *
SumOf(const HhiSums *state)
{
	return (ExactSum *) state->data;
}

static inline ExactSum *
SquaresOf(const HhiSums *state)
{
	return (ExactSum *) (state->data + SizeOfExactSum(SumOf(state)->capacity));
}

static HhiSums *
MakeState(int capacity)
{
	Size		size = offsetof(HhiSums, data) + 2 * SizeOfExactSum(capacity);
	HhiSums    *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->version = HHI_VERSION;
	ExactSumInit(SumOf(state), capacity);
	ExactSumInit(SquaresOf(state), capacity);
	return state;
}

/* A state with these sums. */
static HhiSums *
MakeOf(int64 rows, const ExactSum *sum, const ExactSum *squares, int capacity)
{
	HhiSums    *state = MakeState(Max(Max(sum->used, squares->used), capacity));

	state->rows = rows;
	ExactSumCopy(SumOf(state), sum);
	ExactSumCopy(SquaresOf(state), squares);
	return state;
}

/* The same with more room. */
static HhiSums *
Grow(HhiSums *state)
{
	int			capacity = Min(2 * SumOf(state)->capacity, EXACT_SUM_MAX);

	if (SumOf(state)->capacity >= EXACT_SUM_MAX)
		elog(ERROR, "exact sum is out of range");
	return MakeOf(state->rows, SumOf(state), SquaresOf(state), capacity);
}

static HhiSums *
GetState(FunctionCallInfo fcinfo, int argno)
{
	HhiSums    *state = (HhiSums *) PG_GETARG_VARLENA_P(argno);
	Size		size = VARSIZE(state);
	Size		rest = size - offsetof(HhiSums, data);

	if (size > offsetof(HhiSums, version))
		CheckStoredVersion("hhi_sums", state->version, HHI_VERSION);
	if (size < offsetof(HhiSums, data) || state->rows < 0 ||
		!ExactSumIsSound(SumOf(state), rest) ||
		!ExactSumIsSound(SquaresOf(state), rest - SizeOfExactSum(SumOf(state)->capacity)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("hhi_sums is corrupted")));
	return state;
}

/* The state in argument 0, for changing it: a copy where no aggregate calls. */
static HhiSums *
GetOwnState(FunctionCallInfo fcinfo)
{
	HhiSums    *state = GetState(fcinfo, 0);

	if (AggCheckCallContext(fcinfo, NULL))
		return state;
	return MakeOf(state->rows, SumOf(state), SquaresOf(state), SumOf(state)->capacity);
}

/* --- Aggregate ------------------------------------------------------------ */

/* Arguments: state, x. */
static inline Datum
Accumulate(FunctionCallInfo fcinfo, bool numeric)
{
	HhiSums    *state = PG_ARGISNULL(0) ? NULL : GetOwnState(fcinfo);
	double		x;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	x = numeric ? NumericWeight(PG_GETARG_DATUM(1), "x") : CheckedWeight(PG_GETARG_FLOAT8(1), "x");
	if (state == NULL)
		state = MakeState(EXACT_SUM_FEW);
	state->rows = AddRows(state->rows, 1, "hhi");
	while (!ExactSumAdd(SumOf(state), x))
		state = Grow(state);
	while (!ExactSumAddProduct(SquaresOf(state), x, x))
		state = Grow(state);
	PG_RETURN_POINTER(state);
}

Datum
custseg_hhi_sums_accum(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, false);
}

Datum
custseg_hhi_sums_accum_numeric(PG_FUNCTION_ARGS)
{
	return Accumulate(fcinfo, true);
}

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_hhi_sums_combine(PG_FUNCTION_ARGS)
{
	HhiSums    *state = GetOwnState(fcinfo);
	HhiSums    *other = GetState(fcinfo, 1);

	state->rows = AddRows(state->rows, other->rows, "hhi");
	while (!ExactSumAddSum(SumOf(state), SumOf(other)))
		state = Grow(state);
	while (!ExactSumAddSum(SquaresOf(state), SquaresOf(other)))
		state = Grow(state);
	PG_RETURN_POINTER(state);
}

Datum
custseg_hhi_final(PG_FUNCTION_ARGS)
{
	HhiSums    *state = GetState(fcinfo, 0);
	int			sum_exponent;
	int			squares_exponent;
	double		sum = ExactSumFrexp(SumOf(state), &sum_exponent);
	double		squares = ExactSumFrexp(SquaresOf(state), &squares_exponent);

	if (sum == 0)
		PG_RETURN_NULL();
	/* at most 1, but for rounding */
	PG_RETURN_FLOAT8(Min(ldexp(squares / (sum * sum), squares_exponent - 2 * sum_exponent), 1));
}

bool
JainOfSums(int64 rows, const ExactSum *sum, const ExactSum *squares, double *result)
{
	int			sum_exponent;
	int			squares_exponent;
	double		total = ExactSumFrexp(sum, &sum_exponent);
	double		total_squares = ExactSumFrexp(squares, &squares_exponent);

	if (total == 0)
		return false;
	/* at most 1, but for rounding */
	*result = Min(ldexp(total * total / (total_squares * (double) rows), 2 * sum_exponent - squares_exponent), 1);
	return true;
}

Datum
custseg_jain_final(PG_FUNCTION_ARGS)
{
	HhiSums    *state = GetState(fcinfo, 0);
	double		result;

	if (!JainOfSums(state->rows, SumOf(state), SquaresOf(state), &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

/* --- Text and binary ------------------------------------------------------ */

/* The state of what was read; NULL if the parts do not fit together. */
static HhiSums *
CheckedState(int64 rows, const ExactSum *sum, const ExactSum *squares)
{
	int			sign = ExactSumSign(sum);

	if (rows < 0 || sign < 0 || ExactSumSign(squares) != sign || (rows == 0 && sign != 0))
		return NULL;
	return MakeOf(rows, sum, squares, 1);
}

Datum
custseg_hhi_sums_in(PG_FUNCTION_ARGS)
{
	JsonReader	r;
	int64		rows;
	ExactSumSpace sum;
	ExactSumSpace squares;
	HhiSums    *state;

	ExactSumInit(&sum.sum, EXACT_SUM_MAX);
	ExactSumInit(&squares.sum, EXACT_SUM_MAX);
	if (!JsonOpen(&r, fcinfo, "hhi_sums", known_keys, lengthof(known_keys), HHI_VERSION) ||
		!JsonRequire(&r, "rows") || !JsonInt64(&r, 0, PG_INT64_MAX, &rows) ||
		!ExactSumRead(&r, "sum", &sum.sum) || !ExactSumRead(&r, "squares", &squares.sum))
		PG_RETURN_NULL();
	state = CheckedState(rows, &sum.sum, &squares.sum);
	if (state == NULL)
	{
		(void) JsonRefuse(&r, "\"rows\", \"sum\" and \"squares\" must not be negative, and be 0 together.");
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(state);
}

Datum
custseg_hhi_sums_out(PG_FUNCTION_ARGS)
{
	HhiSums    *state = GetState(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"version\":%d,\"rows\":" INT64_FORMAT, HHI_VERSION, state->rows);
	ExactSumAppend(&out, "sum", SumOf(state));
	ExactSumAppend(&out, "squares", SquaresOf(state));
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

Datum
custseg_hhi_sums_recv(PG_FUNCTION_ARGS)
{
	StringInfo	in = (StringInfo) PG_GETARG_POINTER(0);
	int64		rows;
	ExactSumSpace sum;
	ExactSumSpace squares;
	HhiSums    *state;

	BinaryVersion(in, "hhi_sums", HHI_VERSION);
	if (in->len - in->cursor < sizeof(int64))
		BinaryRefuse("hhi_sums", "It is too short.");
	rows = pq_getmsgint64(in);
	ExactSumInit(&sum.sum, EXACT_SUM_MAX);
	ExactSumInit(&squares.sum, EXACT_SUM_MAX);
	ExactSumReceive(in, "hhi_sums", &sum.sum);
	ExactSumReceive(in, "hhi_sums", &squares.sum);
	if (in->cursor != in->len)
		BinaryRefuse("hhi_sums", "It is too long.");
	state = CheckedState(rows, &sum.sum, &squares.sum);
	if (state == NULL)
		BinaryRefuse("hhi_sums", "Rows and sums must not be negative, and be 0 together.");
	PG_RETURN_POINTER(state);
}

Datum
custseg_hhi_sums_send(PG_FUNCTION_ARGS)
{
	HhiSums    *state = GetState(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, HHI_VERSION);
	pq_sendint64(&buf, state->rows);
	ExactSumSend(&buf, SumOf(state));
	ExactSumSend(&buf, SquaresOf(state));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
