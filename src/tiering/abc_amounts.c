/*
 * abc_amounts.c
 *		The state of abc_breaks of numeric.
 *
 * A column of money is a column of integers: all values are held as numbers of
 * the smallest unit that was seen, say cents.  A value of a smaller unit makes
 * all values larger numbers.  When one does not fit any more, the state turns
 * into a list of decimals, which holds anything.  That happens if and only if
 * the largest value, in the smallest unit, is too large, so the order of rows
 * does not decide it.
 *
 * Memory: as with value_counts, a state is one palloc'd chunk, changed in place
 * in an aggregate, and made anew in the current context when it grows.
 */
#include "tiering/abc_amounts.h"

#include "common/binary.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

static inline double
DoubleOfBits(int64 bits)
{
	double		x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static inline int64
BitsOfDouble(double x)
{
	int64		bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* Takes the inner value over: it is copied and freed. */
static AbcAmounts *
MakeState(AbcKind kind, int n_shares, const char *shares, struct varlena *inner)
{
	Size		shares_size = n_shares * sizeof(int128);
	Size		size = offsetof(AbcAmounts, data) + shares_size + VARSIZE(inner);
	AbcAmounts *state;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct values for exact breaks"),
				 errhint("Round the values, or fit the breaks on a sample.")));
	state = palloc(size);
	memset(state, 0, offsetof(AbcAmounts, data));
	SET_VARSIZE(state, size);
	state->version = ABC_STATE_VERSION;
	state->kind = kind;
	state->n_shares = n_shares;
	memcpy(state->data, shares, shares_size);
	memcpy(state->data + shares_size, inner, VARSIZE(inner));
	pfree(inner);
	return state;
}

static AbcAmounts *
ReplaceInner(const AbcAmounts *state, struct varlena *inner)
{
	AbcAmounts *result = MakeState(state->kind, state->n_shares, state->data, inner);

	result->scale = state->scale;
	result->others = state->others;
	return result;
}

void
AmountsCheck(const AbcAmounts *state)
{
	Size		size = VARSIZE(state);
	Size		head;
	bool		sound = size >= offsetof(AbcAmounts, data);

	if (sound)
	{
		CheckStoredVersion("abc_amounts", state->version, ABC_STATE_VERSION);
		head = (char *) AmountsInner(state) - (char *) state;
		sound = state->n_shares >= 1 && state->n_shares <= MAX_ABC_SHARES &&
			state->others >= 0 && state->scale >= 0 && state->kind <= ABC_DECIMALS &&
			size >= head + VARHDRSZ && VARATT_IS_4B_U(AmountsInner(state)) &&
			VARSIZE(AmountsInner(state)) == size - head;
	}
	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("abc_amounts is corrupted")));
	if (state->kind == ABC_DECIMALS)
		DecimalCountsCheck((DecimalCounts *) AmountsInner(state));
	else
		ValueCountsCheck((ValueCounts *) AmountsInner(state));
}

AbcAmounts *
AmountsNew(int n_shares, const char *shares)
{
	return MakeState(ABC_INTEGERS, n_shares, shares, (struct varlena *) ValueCountsMake(1, 0));
}

/* value * 10^digits, if it stays an integer of the state. */
static inline bool
RescaleInteger(int64 *value, int digits)
{
	int128		product;

	if (digits == 0)
		return *value < ABC_INTEGER_LIMIT;
	if (digits > 18)
		return false;
	product = *value * DecimalPowers()[digits];
	if (product >= ABC_INTEGER_LIMIT)
		return false;
	*value = (int64) product;
	return true;
}

/* Would all of n values stay integers of the state? */
static bool
CanRescale(const double *x, int64 n, int digits)
{
	for (int64 i = 0; i < n; i++)
	{
		int64		value = BitsOfDouble(x[i]);

		if (!RescaleInteger(&value, digits))
			return false;
		POLL_EVERY(i);
	}
	return true;
}

static void
RescaleValues(double *x, int64 n, int digits)
{
	for (int64 i = 0; i < n; i++)
	{
		int64		value = BitsOfDouble(x[i]);

		(void) RescaleInteger(&value, digits);
		x[i] = DoubleOfBits(value);
		POLL_EVERY(i);
	}
}

/*
 * Brings a state of integers to a larger scale; false, and no change, if that
 * does not fit.  The order of the values stays as it is.
 */
static bool
Rescale(AbcAmounts *state, int scale)
{
	ValueCounts *inner = (ValueCounts *) AmountsInner(state);
	double	   *values = ValueCountsValues(inner);
	double	   *tail = inner->data + 2 * (int64) inner->n_runs;
	int			digits = scale - state->scale;

	if (!CanRescale(values, inner->n_runs, digits) || !CanRescale(tail, inner->n_tail, digits))
		return false;
	RescaleValues(values, inner->n_runs, digits);
	RescaleValues(tail, inner->n_tail, digits);
	state->scale = scale;
	return true;
}

/* The same state with its values in a list of decimals. */
static AbcAmounts *
ToDecimals(const AbcAmounts *state)
{
	ValueRuns	runs = ValueCountsRuns((ValueCounts *) AmountsInner(state));
	DecimalCounts *list = DecimalCountsMake(runs.n_runs * 24 + 64);
	AbcAmounts   *result;

	for (int64 i = 0; i < runs.n_runs; i++)
	{
		Decimal		d = {BitsOfDouble(runs.value[i]), state->scale, NULL};
		Numeric		n = TrimmedNumeric(&d);

		list = DecimalCountsAdd(list, n, runs.count[i]);
		pfree(n);
		POLL_EVERY(i);
	}
	result = MakeState(ABC_DECIMALS, state->n_shares, state->data, (struct varlena *) list);
	result->scale = state->scale;
	result->others = state->others;
	return result;
}

static int
ScaleOf(const Decimal *d)
{
	if (d->big == NULL)
		return d->scale;
	return DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(d->big)));
}

/* Makes an integer of the state's scale, after that was raised if need be. */
static bool
IntegerOf(AbcAmounts *state, const Decimal *d, int64 *value)
{
	if (d->big != NULL || d->value >= ABC_INTEGER_LIMIT)
		return false;
	*value = (int64) d->value;
	if (d->scale > state->scale && !Rescale(state, d->scale))
		return false;
	return RescaleInteger(value, state->scale - d->scale);
}

AbcAmounts *
AmountsAdd(AbcAmounts *state, const Decimal *d)
{
	int64		value;

	if (state->kind == ABC_INTEGERS)
	{
		if (likely(IntegerOf(state, d, &value)))
		{
			ValueCounts *inner = (ValueCounts *) AmountsInner(state);
			ValueCounts *grown = ValueCountsAdd(inner, DoubleOfBits(value));

			return grown == inner ? state : ReplaceInner(state, (struct varlena *) grown);
		}
		state = ToDecimals(state);
	}
	{
		DecimalCounts *inner = (DecimalCounts *) AmountsInner(state);
		DecimalCounts *grown = DecimalCountsAdd(inner, TrimmedNumeric(d), 1);

		state->scale = Max(state->scale, ScaleOf(d));
		return grown == inner ? state : ReplaceInner(state, (struct varlena *) grown);
	}
}

static AbcAmounts *
CopyState(const AbcAmounts *state)
{
	AbcAmounts   *copy = palloc(VARSIZE(state));

	memcpy(copy, state, VARSIZE(state));
	return copy;
}

AbcAmounts *
AmountsCombine(AbcAmounts *state, const AbcAmounts *other)
{
	struct varlena *inner;
	struct varlena *grown;

	if (state->kind == ABC_INTEGERS && other->kind == ABC_INTEGERS && state->scale != other->scale)
	{
		if (state->scale > other->scale)
		{
			AbcAmounts   *copy = CopyState(other);

			other = copy;
			if (!Rescale(copy, state->scale))
				state = ToDecimals(state);
		}
		else if (!Rescale(state, other->scale))
			state = ToDecimals(state);
	}
	if (state->kind != other->kind)
	{
		if (state->kind == ABC_INTEGERS)
			state = ToDecimals(state);
		else
			other = ToDecimals(other);
	}
	state->scale = Max(state->scale, other->scale);
	inner = AmountsInner(state);
	if (state->kind == ABC_INTEGERS)
		grown = (struct varlena *) ValueCountsCombine((ValueCounts *) inner,
													  (const ValueCounts *) AmountsInner(other));
	else
		grown = (struct varlena *) DecimalCountsCombine((DecimalCounts *) inner,
														(const DecimalCounts *) AmountsInner(other));
	return grown == inner ? state : ReplaceInner(state, grown);
}

DecimalRuns
AmountsRuns(const AbcAmounts *state)
{
	ValueRuns	runs;
	DecimalRuns result;

	if (state->kind == ABC_DECIMALS)
		return DecimalCountsRuns((const DecimalCounts *) AmountsInner(state));

	runs = ValueCountsRuns((const ValueCounts *) AmountsInner(state));
	result.n_runs = runs.n_runs;
	result.scale = state->scale;
	result.wide = false;
	result.run = palloc_extended((runs.n_runs + 1) * sizeof(DecimalRun), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < runs.n_runs; i++)
	{
		DecimalRun	run = {BitsOfDouble(runs.value[i]), NULL, runs.count[i]};

		result.run[i] = run;
		POLL_EVERY(i);
	}
	return result;
}

Numeric
RunNumeric(const DecimalRuns *runs, int64 i)
{
	Decimal		d = {runs->run[i].value, runs->scale, NULL};

	return runs->run[i].big != NULL ? runs->run[i].big : DecimalToNumeric(&d);
}

AbcAmounts *
AmountsCanonical(AbcAmounts *state)
{
	struct varlena *inner = AmountsInner(state);
	const struct varlena *canonical;

	if (state->kind == ABC_INTEGERS)
		canonical = (const struct varlena *) ValueCountsCanonical((ValueCounts *) inner);
	else
		canonical = (const struct varlena *) DecimalCountsCanonical((DecimalCounts *) inner);
	return canonical == inner ? state : ReplaceInner(state, (struct varlena *) canonical);
}

AbcAmounts *
AmountsOfRuns(int n_shares, const char *shares, const DecimalRuns *runs, int scale)
{
	ValueCounts *inner = ValueCountsMakeRuns(1, runs->n_runs);
	DecimalCounts *list = NULL;
	AbcAmounts   *state;
	int64		i;

	for (i = 0; i < runs->n_runs; i++)
	{
		Decimal		d;
		int64		value;

		(void) DecimalFromNumeric(runs->run[i].big, &d);
		if (d.big != NULL || d.value >= ABC_INTEGER_LIMIT)
			break;
		value = (int64) d.value;
		if (!RescaleInteger(&value, scale - d.scale))
			break;
		ValueCountsValues(inner)[i] = DoubleOfBits(value);
		ValueCountsCounts(inner)[i] = runs->run[i].count;
		inner->total += runs->run[i].count;
		POLL_EVERY(i);
	}
	if (i < runs->n_runs)
	{
		list = DecimalCountsMake(64);
		for (i = 0; i < runs->n_runs; i++)
		{
			Decimal		d;
			Numeric		n;

			(void) DecimalFromNumeric(runs->run[i].big, &d);
			n = TrimmedNumeric(&d);
			list = DecimalCountsAdd(list, n, runs->run[i].count);
			pfree(n);
			POLL_EVERY(i);
		}
		list = DecimalCountsCanonical(list);
	}
	state = MakeState(list == NULL ? ABC_INTEGERS : ABC_DECIMALS, n_shares, shares,
					list == NULL ? (struct varlena *) inner : (struct varlena *) list);
	state->scale = scale;
	return state;
}
