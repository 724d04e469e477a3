/*
 * clv_simple.c
 *		Customer lifetime value without a model of purchases: historic_clv(),
 *		simple_clv().
 *
 * simple_clv() is the present value of a margin that is earned as long as the
 * customer stays.  Per period, a share r is retained and d is the discount:
 *		sum over t = 1 .. n of value (r / (1 + d))^t,
 *		without end value r / (1 + d - r)
 * (S. Gupta, D. R. Lehmann, "Customers as Assets", Journal of Interactive
 * Marketing 17, 2003).  Continuously, with a rate k = d - log r, it is the
 * integral of value exp(-k t).  Both are a whole, value / rate, times the part
 * -expm1(-n rate) that n periods have of it, so that nothing cancels where r is
 * near 1 and d near 0.
 */
#include "postgres.h"

#include "common/compat.h"

#include <float.h>
#include <math.h>

#include "common/decimal.h"
#include "common/names.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "purchases/purchases_private.h"
#include "scoring/lifetime/clv.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* --- The mathematics ----------------------------------------------------------------- */

/* The part of an endless sum that n periods have; log_factor is the logarithm of what one leaves. */
static double
PartOfWhole(double log_factor, double n)
{
	return n == 0 ? 0 : -expm1(n * log_factor);
}

/* Sum of (r / (1 + d))^t over t = 1 .. n; infinite when n is and r = 1, d = 0. */
static double
AnnuityPerPeriod(double r, double d, double n)
{
	double		loss = (1 - r) + d;

	if (loss == 0)
		return n;
	return r / loss * PartOfWhole(log1p(-loss / (1 + d)), n);
}

/* Integral of r^t exp(-d t) over 0 .. n */
static double
AnnuityContinuous(double r, double d, double n)
{
	double		rate = d - log(r);

	if (rate == 0)
		return n;
	return PartOfWhole(-rate, n) / rate;
}

/* --- SQL --------------------------------------------------------------------------------- */

static void
CheckNumber(const char *name, double x, double low, double high, const char *range, const char *hint)
{
	if (unlikely(!(x >= low && x <= high)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be %s, not %s", name, range, float8out_internal(x)),
				 errhint("%s", hint)));
}

static Compounding
CompoundingArgument(const text *name)
{
	int			length = VARSIZE_ANY_EXHDR(name);
	int			found = FindName(compounding_names, N_COMPOUNDINGS, VARDATA_ANY(name), length);

	if (unlikely(found < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("compounding must be 'period' or 'continuous', not '%.*s'",
						pg_mbcliplen(VARDATA_ANY(name), length, 40), VARDATA_ANY(name)),
				 errhint("'period' earns at the end of each period, 'continuous' all the time.")));
	return found;
}

static void
CheckPeriods(double periods, Compounding compounding)
{
	CheckNumber("periods", periods, 0, DBL_MAX, "a finite number of at least 0",
				"Pass NULL for a customer's whole life.");
	if (compounding == COMPOUND_PERIOD && periods != rint(periods))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("periods must be a whole number, not %s", float8out_internal(periods)),
				 errhint("Parts of a period need compounding 'continuous'.")));
}

/* Arguments: value, retention, discount, periods (NULL: without end), compounding, initial. */
PG_FUNCTION_INFO_V1(custseg_simple_clv);
Datum
custseg_simple_clv(PG_FUNCTION_ARGS)
{
	double		value;
	double		retention;
	double		discount;
	double		periods = INFINITY;
	Compounding compounding;
	double		annuity;
	double		result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(4) || PG_ARGISNULL(5))
		PG_RETURN_NULL();
	value = PG_GETARG_FLOAT8(0);
	retention = PG_GETARG_FLOAT8(1);
	discount = PG_GETARG_FLOAT8(2);
	compounding = CompoundingArgument(PG_GETARG_TEXT_PP(4));

	CheckNumber("value", value, -DBL_MAX, DBL_MAX, "a finite number", "It is the margin of a customer per period, in money.");
	CheckNumber("retention", retention, 0, 1, "from 0 to 1", "It is the share of customers who stay for one more period: 80 % is 0.8.");
	CheckNumber("discount", discount, 0, DBL_MAX, "a finite number of at least 0", "It is the interest of one period: 10 % is 0.1.");
	if (!PG_ARGISNULL(3))
	{
		periods = PG_GETARG_FLOAT8(3);
		CheckPeriods(periods, compounding);
	}
	else if (retention == 1 && discount == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the value is infinite without end, loss or discount"),
				 errhint("Pass a number of periods, a retention below 1, or a discount above 0.")));

	annuity = compounding == COMPOUND_PERIOD ?
		AnnuityPerPeriod(retention, discount, periods) :
		AnnuityContinuous(retention, discount, periods);
	if (PG_GETARG_BOOL(5))
		annuity += 1;
	result = value == 0 ? 0 : value * annuity;
	if (unlikely(isinf(result)))
		float_overflow_error();
	PG_RETURN_FLOAT8(result);
}

/* Arguments: p, margin. */
PG_FUNCTION_INFO_V1(custseg_historic_clv);
Datum
custseg_historic_clv(PG_FUNCTION_ARGS)
{
	Datum		margin = PG_GETARG_DATUM(1);
	Numeric		m = DatumGetNumeric(margin);
	Purchases	p;

	if (numeric_is_nan(m) || numeric_is_inf(m) ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, NumericGetDatum(m),
										 DirectFunctionCall1(int4_numeric, Int32GetDatum(0)))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("margin must be a finite number of at least 0, not %s",
						DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(m)))),
				 errhint("It is the part of the spend that is earned: 30 %% is 0.3.")));
	PurchasesOpenValue(PG_GETARG_VARLENA_PP(0), false, &p);
	return DirectFunctionCall2(numeric_mul,
							   NumericGetDatum(DecimalToNumeric(&p.sums[SUM_SPEND])),
							   NumericGetDatum(m));
}
