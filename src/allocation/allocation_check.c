/*
 * allocation_check.c
 *		The bulk function allocation_check: is a finished allocation what it
 *		should be, and how even is it?
 *
 * One row for each check, always all of them and in the same order: what was
 * found, what is allowed, and whether that holds, which is null where no limit was
 * given or there is nothing to compare.  Sums and shares are compared as exact
 * decimals.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "allocation/allocation_tally.h"
#include "common/bulk_function.h"
#include "common/checks.h"
#include "tiering/concentration.h"
#include "tiering/concentration_sql.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_allocation_check);

/* Arguments. */
enum
{
	ARG_ALLOCATION, ARG_BUDGET, ARG_BASE_TIER, ARG_MIN_BASE_SHARE, ARG_MAX_TIER_SHARE, ARG_MAX_GINI,
	ARG_MIN_JAIN, ARG_MAX_RATIO
};

enum
{
	OUT_ITEM, OUT_VALUE, OUT_ALLOWED, OUT_OK, OUT_DETAIL, N_OUT
};

typedef enum CheckState
{
	CHECK_OPEN, CHECK_FAILED, CHECK_HOLDS
} CheckState;

typedef struct Limits
{
	Numeric		budget;			/* each NULL where it is not given */
	char	   *base_tier;
	Numeric		min_base_share;
	Numeric		max_tier_share;
	bool		has_max_gini;
	bool		has_min_jain;
	bool		has_max_ratio;
	double		max_gini;
	double		min_jain;
	double		max_ratio;
} Limits;

typedef struct Report
{
	const AllocationTally *t;
	const Limits *limits;
	Tuplestorestate *store;
	TupleDesc	desc;
} Report;

/* --- Arguments ---------------------------------------------------------------------- */

static Numeric
NumericOption(FunctionCallInfo fcinfo, int arg, const char *name)
{
	Decimal		d;

	if (PG_ARGISNULL(arg))
		return NULL;
	CheckFiniteAmount(DecimalFromNumeric(PG_GETARG_NUMERIC(arg), &d), name);
	return PG_GETARG_NUMERIC(arg);
}

static void
CheckShare(double share, const char *name)
{
	/* NaN fails every comparison */
	if (!(share >= 0 && share <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be between 0 and 1, not %g", name, share),
				 errhint("Pass a share such as 0.25, or NULL for no limit.")));
}

static Numeric
ShareOption(FunctionCallInfo fcinfo, int arg, const char *name)
{
	Numeric		share = NumericOption(fcinfo, arg, name);

	if (share != NULL)
		CheckShare(NumericToFloat8(share), name);
	return share;
}

static double
FloatOption(FunctionCallInfo fcinfo, int arg, bool *given)
{
	*given = !PG_ARGISNULL(arg);
	return *given ? PG_GETARG_FLOAT8(arg) : 0;
}

static void
ReadLimits(FunctionCallInfo fcinfo, Limits *limits)
{
	limits->budget = NumericOption(fcinfo, ARG_BUDGET, "budget");
	limits->base_tier = TextArgument(fcinfo, ARG_BASE_TIER);
	limits->min_base_share = ShareOption(fcinfo, ARG_MIN_BASE_SHARE, "min_base_share");
	limits->max_tier_share = ShareOption(fcinfo, ARG_MAX_TIER_SHARE, "max_tier_share");
	limits->max_gini = FloatOption(fcinfo, ARG_MAX_GINI, &limits->has_max_gini);
	CheckShare(limits->max_gini, "max_gini");
	limits->min_jain = FloatOption(fcinfo, ARG_MIN_JAIN, &limits->has_min_jain);
	CheckShare(limits->min_jain, "min_jain");
	limits->max_ratio = FloatOption(fcinfo, ARG_MAX_RATIO, &limits->has_max_ratio);
	if (limits->has_max_ratio && !(limits->max_ratio >= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_ratio must be at least 1, not %g", limits->max_ratio),
				 errhint("The largest amount is never less than the smallest.")));
	if (limits->min_base_share != NULL && limits->base_tier == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_base_share is given without base_tier"),
				 errhint("Name the tier whose share it is.")));
}

static void
CheckTierColumn(const AllocationTally *t, const Limits *limits)
{
	if ((limits->base_tier != NULL || limits->max_tier_share != NULL) &&
		!TallyHasColumn(t, CHECK_TIER))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is given, and the query in argument \"allocation\" has no tier column",
						limits->base_tier != NULL ? "base_tier" : "max_tier_share"),
				 errhint("The columns are key, amount, floor, cap, tier; floor and cap may be NULL::numeric.")));
}

/* --- Rows of the result ------------------------------------------------------------- */

/* value, allowed and detail may be NULL. */
static void
Emit(const Report *r, const char *item, Numeric value, Numeric allowed, CheckState state,
	 const char *detail)
{
	Datum		values[N_OUT] = {0};
	bool		nulls[N_OUT] = {0};

	values[OUT_ITEM] = CStringGetTextDatum(item);
	values[OUT_VALUE] = NumericGetDatum(value);
	nulls[OUT_VALUE] = value == NULL;
	values[OUT_ALLOWED] = NumericGetDatum(allowed);
	nulls[OUT_ALLOWED] = allowed == NULL;
	values[OUT_OK] = BoolGetDatum(state == CHECK_HOLDS);
	nulls[OUT_OK] = state == CHECK_OPEN;
	nulls[OUT_DETAIL] = detail == NULL;
	if (detail != NULL)
		values[OUT_DETAIL] = CStringGetTextDatum(detail);
	tuplestore_putvalues(r->store, r->desc, values, nulls);
}

static Numeric
NumericOfFloat8(double x)
{
	Decimal		d;

	if (isinf(x))
		return DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(x)));
	(void) DecimalFromFloat8(x, &d);
	return DecimalToNumeric(&d);
}

static void
EmitSum(const Report *r)
{
	const AllocationTally *t = r->t;
	Decimal		budget;
	Decimal		negated;
	Decimal		over;
	const char *detail = NULL;

	if (r->limits->budget == NULL)
	{
		Emit(r, "sum", DecimalToNumeric(&t->sum), NULL, CHECK_OPEN, NULL);
		return;
	}
	(void) DecimalFromNumeric(r->limits->budget, &budget);
	negated = DecimalNegated(&budget);
	over = DecimalSum(&t->sum, &negated);
	if (DecimalSign(&over) > 0)
		detail = psprintf("%s more than the budget", DecimalToString(&over));
	if (DecimalSign(&over) < 0)
	{
		over = DecimalNegated(&over);
		detail = psprintf("%s less than the budget", DecimalToString(&over));
	}
	Emit(r, "sum", DecimalToNumeric(&t->sum), r->limits->budget,
		 detail == NULL ? CHECK_HOLDS : CHECK_FAILED, detail);
}

/* A number of rows or groups that should be 0. */
static void
EmitCount(const Report *r, const char *item, int column, int64 count, const char *worst)
{
	if (!TallyHasColumn(r->t, column))
	{
		static const char *const names[N_CHECK_COLUMNS] = {
			"key", "amount", "floor", "cap", "tier", "weight"
		};

		Emit(r, item, NULL, NULL, CHECK_OPEN, psprintf("there is no %s column", names[column]));
		return;
	}
	Emit(r, item, int64_to_numeric(count), int64_to_numeric(0),
		 count == 0 ? CHECK_HOLDS : CHECK_FAILED, worst);
}

static void
EmitMeasure(const Report *r, const char *item, bool defined, double value, bool has_limit,
			double limit, bool is_maximum)
{
	CheckState	state = CHECK_OPEN;
	const char *detail = NULL;

	if (!defined)
		detail = r->t->negative.rows > 0 ? "not defined: there are negative amounts" :
			"not defined: no amount is above 0";
	else if (has_limit)
		state = (is_maximum ? value <= limit : value >= limit) ? CHECK_HOLDS : CHECK_FAILED;
	Emit(r, item, defined ? NumericOfFloat8(value) : NULL,
		 has_limit ? NumericOfFloat8(limit) : NULL, state, detail);
}

static void
EmitMeasures(const Report *r)
{
	const AllocationTally *t = r->t;
	const Limits *l = r->limits;
	bool		defined = t->negative.rows == 0 && ExactSumSign(&t->total.sum) > 0;
	double		gini = 0;
	double		jain = 0;
	double		ratio = 0;

	if (defined)
	{
		ValueRuns	runs;

		SortFloats(t->amounts, t->n);
		ratio = t->amounts[0] == 0 ? INFINITY : t->amounts[t->n - 1] / t->amounts[0];
		runs = RunsOfSorted(t->amounts, t->n);
		(void) Gini(&runs, &gini);
		(void) JainOfSums(t->n, &t->total.sum, &t->squares.sum, &jain);
	}
	EmitMeasure(r, "gini", defined, gini, l->has_max_gini, l->max_gini, true);
	EmitMeasure(r, "jain", defined, jain, l->has_min_jain, l->min_jain, false);
	EmitMeasure(r, "max/min ratio", defined, ratio, l->has_max_ratio, l->max_ratio, true);
}

/* limit is NULL for none. */
static void
EmitShare(const Report *r, const char *item, const Decimal *of_tier, Numeric limit,
		  bool is_maximum, const char *detail)
{
	Numeric		sum = DecimalToNumeric(of_tier);
	Numeric		total = DecimalToNumeric(&r->t->sum);
	Numeric		share;
	CheckState	state = CHECK_OPEN;

	if (DecimalSign(&r->t->sum) <= 0)
	{
		Emit(r, item, NULL, limit, CHECK_OPEN, "not defined: the sum is not above 0");
		return;
	}
	share = DatumGetNumeric(DirectFunctionCall2(numeric_div, NumericGetDatum(sum), NumericGetDatum(total)));
	if (limit != NULL)
	{
		/* sum against limit * total, which is exact */
		Numeric		bound = DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(limit),
																NumericGetDatum(total)));
		int			order = DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(sum),
															  NumericGetDatum(bound)));

		state = (is_maximum ? order <= 0 : order >= 0) ? CHECK_HOLDS : CHECK_FAILED;
	}
	Emit(r, item, share, limit, state, detail);
}

static void
EmitShares(const Report *r)
{
	const AllocationTally *t = r->t;
	const Limits *l = r->limits;
	const TierSum *largest;

	if (!TallyHasColumn(t, CHECK_TIER))
	{
		Emit(r, "base tier share", NULL, NULL, CHECK_OPEN, "there is no tier column");
		Emit(r, "largest tier share", NULL, NULL, CHECK_OPEN, "there is no tier column");
		return;
	}
	if (l->base_tier == NULL)
		Emit(r, "base tier share", NULL, NULL, CHECK_OPEN, "no base_tier is given");
	else
	{
		const TierSum *base = TallyFindTier(t, l->base_tier);
		Decimal		none = DecimalFromInt(0);

		EmitShare(r, "base tier share", base != NULL ? &base->sum : &none, l->min_base_share, false,
				  base != NULL ? psprintf("tier %s", l->base_tier) :
				  psprintf("no amount has the tier %s", l->base_tier));
	}
	largest = TallyLargestTier(t);
	if (largest == NULL)
		Emit(r, "largest tier share", NULL, l->max_tier_share, CHECK_OPEN, "no amount has a tier");
	else
		EmitShare(r, "largest tier share", &largest->sum, l->max_tier_share, true,
				  psprintf("tier %s", largest->name));
}

/*
 * allocation_check(allocation, budget, base_tier, min_base_share, max_tier_share,
 * max_gini, min_jain, max_ratio)
 */
Datum
custseg_allocation_check(PG_FUNCTION_ARGS)
{
	char	   *query = RequiredQuery(fcinfo, ARG_ALLOCATION, "allocation");
	AllocationTally *t = palloc(sizeof(AllocationTally));
	Limits		limits;
	Report		report = {.t = t, .limits = &limits};

	ReadLimits(fcinfo, &limits);
	report.store = BeginResult(fcinfo, &report.desc);
	TallyOpen(t, query);
	CheckTierColumn(t, &limits);
	TallyRun(t);
	Emit(&report, "rows", int64_to_numeric(t->rows), NULL, CHECK_OPEN, NULL);
	EmitSum(&report);
	EmitCount(&report, "null amount", CHECK_AMOUNT, t->null_amounts, NULL);
	EmitCount(&report, "negative amount", CHECK_AMOUNT, t->negative.rows, t->negative.worst);
	EmitCount(&report, "below floor", CHECK_FLOOR, t->below_floor.rows, t->below_floor.worst);
	EmitCount(&report, "above cap", CHECK_CAP, t->above_cap.rows, t->above_cap.worst);
	EmitCount(&report, "unequal treatment", CHECK_WEIGHT, t->unequal.rows, t->unequal.worst);
	EmitMeasures(&report);
	EmitShares(&report);
	return (Datum) 0;
}
