/*
 * churn.c
 *		Who is leaving, and who is worth asking back: overdue_ratio(),
 *		churn_risk(), overdue_risk(), potential(), outlook().
 *
 * Two measures of risk.  P(alive) is that of a model.  The overdue ratio needs
 * none: the time since the last purchase over the customer's mean time between
 * purchases.  Where purchases come at random, a share exp(-k) of all gaps is
 * longer than k mean gaps: 22 % beyond 1.5, 5 % beyond 3, the default bounds.
 * In all classes a value that is equal to a bound is in the class of lower risk.
 */
#include "postgres.h"

#include "common/compat.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"
#include "purchases/purchases_private.h"
#include "scoring/lifetime/lifetime_state.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

static void
CheckProbability(const char *name, double x)
{
	if (unlikely(!(x >= 0 && x <= 1)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from 0 to 1, not %s", name, float8out_internal(x)),
				 errhint("It is a probability, as p_alive() returns it.")));
}

static void
CheckRatio(const char *name, double x)
{
	if (unlikely(!(x >= 0 && x <= DBL_MAX)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number of at least 0, not %s", name, float8out_internal(x)),
				 errhint("It is a number of mean gaps between purchases, as overdue_ratio() returns it.")));
}

static void
CheckMoney(const char *name, double x)
{
	if (unlikely(!(x >= -DBL_MAX && x <= DBL_MAX)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number, not %s", name, float8out_internal(x)),
				 errhint("Leave such rows out, or turn NaN into null with nullif(%s, 'NaN').", name)));
}

/* --- Overdue against the customer's own rhythm ------------------------------------------ */

/* NULL without a rhythm: no repeat purchase, or all of them within the first unit of time. */
static Datum
OverdueRatio(FunctionCallInfo fcinfo, double x, double t_x, double age)
{
	double		ratio;

	if (t_x == 0)
		PG_RETURN_NULL();
	ratio = (age - t_x) / (t_x / x);
	if (unlikely(!isfinite(ratio)))
		float_overflow_error();
	PG_RETURN_FLOAT8(ratio);
}

/* Arguments: p, as_of. */
PG_FUNCTION_INFO_V1(custseg_overdue_ratio);
Datum
custseg_overdue_ratio(PG_FUNCTION_ARGS)
{
	Purchases	p;

	PurchasesOpenValue(PG_GETARG_VARLENA_PP(0), false, &p);
	if (p.n_days == 0)
		PG_RETURN_NULL();
	return OverdueRatio(fcinfo, p.n_days - 1, p.last_day - p.first_day,
						PurchasesDaysUntil(&p, p.first_day, PG_GETARG_DATEADT(1)));
}

/* Arguments: x, t_x, age. */
PG_FUNCTION_INFO_V1(custseg_overdue_ratio_history);
Datum
custseg_overdue_ratio_history(PG_FUNCTION_ARGS)
{
	LifetimeHistory history = {PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2)};
	const char *fault = LifetimeHistoryFault(LIFETIME_BGNBD, &history);

	if (unlikely(fault != NULL))
		LifetimeHistoryRefuse(fault);
	return OverdueRatio(fcinfo, history.x, history.t_x, history.age);
}

/* --- Classes of risk ------------------------------------------------------------------------ */

static Datum
RiskText(bool high, bool medium)
{
	PG_RETURN_TEXT_P(cstring_to_text(high ? "high" : medium ? "medium" : "low"));
}

/* Arguments: p_alive, medium, high: risk is medium below the one, high below the other. */
PG_FUNCTION_INFO_V1(custseg_churn_risk);
Datum
custseg_churn_risk(PG_FUNCTION_ARGS)
{
	double		p_alive = PG_GETARG_FLOAT8(0);
	double		medium = PG_GETARG_FLOAT8(1);
	double		high = PG_GETARG_FLOAT8(2);

	CheckProbability("p_alive", p_alive);
	CheckProbability("medium", medium);
	CheckProbability("high", high);
	if (unlikely(high > medium))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("high must be at most medium, not %s where medium is %s",
						float8out_internal(high), float8out_internal(medium)),
				 errhint("The lower the probability to be alive, the higher the risk.")));
	return RiskText(p_alive < high, p_alive < medium);
}

/* Arguments: ratio, medium, high: risk is medium above the one, high above the other. */
PG_FUNCTION_INFO_V1(custseg_overdue_risk);
Datum
custseg_overdue_risk(PG_FUNCTION_ARGS)
{
	double		ratio = PG_GETARG_FLOAT8(0);
	double		medium = PG_GETARG_FLOAT8(1);
	double		high = PG_GETARG_FLOAT8(2);

	CheckRatio("ratio", ratio);
	CheckRatio("medium", medium);
	CheckRatio("high", high);
	if (unlikely(high < medium))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("high must be at least medium, not %s where medium is %s",
						float8out_internal(high), float8out_internal(medium)),
				 errhint("The longer a purchase is overdue, the higher the risk.")));
	return RiskText(ratio > high, ratio > medium);
}

/* --- Potential ---------------------------------------------------------------------------------- */

/* Arguments: expected, current. */
PG_FUNCTION_INFO_V1(custseg_potential);
Datum
custseg_potential(PG_FUNCTION_ARGS)
{
	CheckMoney("expected", PG_GETARG_FLOAT8(0));
	CheckMoney("current", PG_GETARG_FLOAT8(1));
	PG_RETURN_FLOAT8(float8_mi(PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1)));
}

static Numeric
FiniteNumericArgument(FunctionCallInfo fcinfo, int i, const char *name)
{
	Numeric		x = PG_GETARG_NUMERIC(i);

	if (unlikely(numeric_is_nan(x) || numeric_is_inf(x)))
		CheckMoney(name, DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(x))));
	return x;
}

/* Arguments: expected, current. */
PG_FUNCTION_INFO_V1(custseg_potential_numeric);
Datum
custseg_potential_numeric(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall2(numeric_sub,
							   NumericGetDatum(FiniteNumericArgument(fcinfo, 0, "expected")),
							   NumericGetDatum(FiniteNumericArgument(fcinfo, 1, "current")));
}

/* Arguments: p_alive, potential, alive. */
PG_FUNCTION_INFO_V1(custseg_outlook);
Datum
custseg_outlook(PG_FUNCTION_ARGS)
{
	double		p_alive = PG_GETARG_FLOAT8(0);
	double		potential = PG_GETARG_FLOAT8(1);
	double		alive = PG_GETARG_FLOAT8(2);

	CheckProbability("p_alive", p_alive);
	CheckMoney("potential", potential);
	CheckProbability("alive", alive);
	PG_RETURN_TEXT_P(cstring_to_text(p_alive < alive ? "lapsed" : potential > 0 ? "growing" : "steady"));
}
