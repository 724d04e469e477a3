/*
 * purchase_summary.c
 *		The aggregates purchase_summary(day, amount [, cost]) and
 *		rollup(purchases).
 *
 * Memory: the state is a flat varlena. While there is room it is changed in
 * place, which is allowed only when called as an aggregate. When it grows, the
 * new one is made in the current (per-tuple) context: the executor copies it
 * into the aggregate's context and frees the old one there. A state allocated
 * in the aggregate's context by hand would leak.
 */
#include "postgres.h"

#include "common/compat.h"

#include "common/checks.h"
#include "common/decimal.h"
#include "common/numeric_argument.h"
#include "fmgr.h"
#include "purchases/purchases.h"
#include "utils/date.h"

/* The state in argument 0; a copy when it is not ours to change. */
static inline PurchaseState *
StateArgument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		return NULL;
	if (unlikely(!AggCheckCallContext(fcinfo, NULL)))
		return (PurchaseState *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
	/* nearly always plain: spare the call */
	if (likely(VARATT_IS_4B_U(PG_GETARG_POINTER(0))))
		return (PurchaseState *) PG_GETARG_POINTER(0);
	return (PurchaseState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
}

typedef enum AmountType
{
	AMOUNT_INT2,
	AMOUNT_INT4,
	AMOUNT_INT8,
	AMOUNT_NUMERIC
} AmountType;

static inline Decimal
AmountArgument(FunctionCallInfo fcinfo, int n, AmountType type, const char *what)
{
	Datum		datum = PG_GETARG_DATUM(n);
	Decimal		amount;

	switch (type)
	{
		case AMOUNT_INT2:
			return DecimalFromInt(DatumGetInt16(datum));
		case AMOUNT_INT4:
			return DecimalFromInt(DatumGetInt32(datum));
		case AMOUNT_INT8:
			return DecimalFromInt(DatumGetInt64(datum));
		case AMOUNT_NUMERIC:
			break;
	}
	CheckFiniteAmount(DecimalFromNumeric(NumericArgument(datum), &amount), what);
	return amount;
}

/* Arguments: state, day, amount [, cost]. */
static inline Datum
Accumulate(FunctionCallInfo fcinfo, AmountType type, bool with_cost)
{
	PurchaseState *state = StateArgument(fcinfo);
	Purchase	row;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	row.day = PG_GETARG_DATEADT(1);
	CheckFiniteDate(row.day, "day");
	row.amount = AmountArgument(fcinfo, 2, type, "amount");
	row.is_refund = DecimalSign(&row.amount) < 0;
	row.has_cost = with_cost && !PG_ARGISNULL(3);
	if (row.has_cost)
		row.cost = AmountArgument(fcinfo, 3, type, "cost");
	PG_RETURN_POINTER(PurchasesAdd(state, &row));
}

#define PURCHASE_SUMMARY_ACCUM(name, type, with_cost) \
	PG_FUNCTION_INFO_V1(name); \
	Datum \
	name(PG_FUNCTION_ARGS) \
	{ \
		return Accumulate(fcinfo, type, with_cost); \
	} \
	extern int	no_such_variable

PURCHASE_SUMMARY_ACCUM(custseg_purchase_summary_int2_accum, AMOUNT_INT2, false);
PURCHASE_SUMMARY_ACCUM(custseg_purchase_summary_int4_accum, AMOUNT_INT4, false);
PURCHASE_SUMMARY_ACCUM(custseg_purchase_summary_int8_accum, AMOUNT_INT8, false);
PURCHASE_SUMMARY_ACCUM(custseg_purchase_summary_numeric_accum, AMOUNT_NUMERIC, false);
PURCHASE_SUMMARY_ACCUM(custseg_purchase_summary_cost_int2_accum, AMOUNT_INT2, true);
PURCHASE_SUMMARY_ACCUM(custseg_purchase_summary_cost_int4_accum, AMOUNT_INT4, true);
PURCHASE_SUMMARY_ACCUM(custseg_purchase_summary_cost_int8_accum, AMOUNT_INT8, true);
PURCHASE_SUMMARY_ACCUM(custseg_purchase_summary_cost_numeric_accum, AMOUNT_NUMERIC, true);

/*
 * Merges two summaries: the combine function, and the transition function of
 * rollup. Strict, so that the executor starts a state with the first value.
 */
PG_FUNCTION_INFO_V1(custseg_purchases_combine);
Datum
custseg_purchases_combine(PG_FUNCTION_ARGS)
{
	PurchaseState *state = StateArgument(fcinfo);
	struct varlena *other = PG_GETARG_VARLENA_PP(1);

	PG_RETURN_POINTER(PurchasesMerge(state, VARDATA_ANY(other),
									 VARSIZE_ANY_EXHDR(other)));
}

PG_FUNCTION_INFO_V1(custseg_purchases_final);
Datum
custseg_purchases_final(PG_FUNCTION_ARGS)
{
	PurchaseState *state = StateArgument(fcinfo);
	Purchases	p;

	PurchasesOpenState(state, true, &p);
	PG_RETURN_POINTER(PurchasesDatum(&p));
}
