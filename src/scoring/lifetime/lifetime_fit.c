/*
 * lifetime_fit.c
 *		SQL side of the fits: bgnbd_fit, pareto_nbd_fit, mbgnbd_fit, sbg_fit,
 *		bgbb_fit, gamma_gamma_fit.
 *
 * The aggregates share one type of state. It is changed in place only when an
 * aggregate calls; then it lives in the executor's memory. A direct call from
 * SQL works on a copy. The final functions do not touch the state: the next
 * row of a window may need it. In an aggregate a state of many cells takes
 * another form, see lifetime_large.c.
 *
 * A row with a NULL among what describes the customer is skipped before its
 * options are looked at, so that what counts does not depend on the order of
 * the rows. The overloads of an aggregate have one transition function each in
 * SQL, and one in C: it sees by the number of its arguments which are there.
 */
#include "postgres.h"

#include "common/compat.h"

#include <float.h>
#include <math.h>

#include "common/aggregate_state.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "purchases/purchases_private.h"
#include "scoring/lifetime/lifetime_large.h"
#include "scoring/lifetime/lifetime_model_sql.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_bgnbd_fit_accum);
PG_FUNCTION_INFO_V1(custseg_bgnbd_fit_accum_purchases);
PG_FUNCTION_INFO_V1(custseg_pareto_nbd_fit_accum);
PG_FUNCTION_INFO_V1(custseg_pareto_nbd_fit_accum_purchases);
PG_FUNCTION_INFO_V1(custseg_mbgnbd_fit_accum);
PG_FUNCTION_INFO_V1(custseg_mbgnbd_fit_accum_purchases);
PG_FUNCTION_INFO_V1(custseg_gamma_gamma_fit_accum);
PG_FUNCTION_INFO_V1(custseg_gamma_gamma_fit_accum_purchases);
PG_FUNCTION_INFO_V1(custseg_sbg_fit_accum);
PG_FUNCTION_INFO_V1(custseg_bgbb_fit_accum);
PG_FUNCTION_INFO_V1(custseg_lifetime_state_combine);
PG_FUNCTION_INFO_V1(custseg_lifetime_fit_final);
PG_FUNCTION_INFO_V1(custseg_spend_fit_final);

/* --- Options -------------------------------------------------------------- */

/* The arguments of a fit that are the same in all its rows. */
typedef struct Options
{
	TimeUnit	unit;
	bool		has_start;
	double		start[MAX_LIFETIME_PARAMETERS]; /* in the unit; 0 without */
	double		prior;
} Options;

static TimeUnit
UnitArgument(FunctionCallInfo fcinfo, int arg)
{
	text	   *name;

	if (PG_ARGISNULL(arg))
		return UNIT_NONE;
	name = PG_GETARG_TEXT_PP(arg);
	return TimeUnitByName(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
}

static const char *
UnitInWords(int unit)
{
	return unit == UNIT_NONE ? "no unit" : psprintf("the unit %s", time_unit_names[unit]);
}

/* The parameters of a model, which is to start a fit, in the unit of the fit. */
static void
StartOfModel(const LifetimeModel *model, LifetimeKind kind, Options *options)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[kind];
	double		factor = 1;

	if (model->kind != kind)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("start must be a model of kind %s, not %s", ops->name,
						lifetime_kind_ops[model->kind]->name),
				 errhint("Start from a model that the same function fitted, or from none.")));
	if (!LifetimeHasParameters(model))
		return;
	if (model->unit != options->unit)
	{
		if (model->unit == UNIT_NONE || options->unit == UNIT_NONE)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("start has %s, the fit has %s", UnitInWords(model->unit),
							UnitInWords(options->unit)),
					 errhint("Name the unit of the times in both.")));
		factor = time_unit_days[model->unit] / time_unit_days[options->unit];
	}
	options->has_start = true;
	for (int i = 0; i < ops->n_parameters; i++)
	{
		double		x = model->parameter[i] * (ops->is_time[i] ? factor : 1);

		/* at the ends of float8 */
		options->start[i] = Max(DBL_MIN, Min(x, DBL_MAX));
	}
}

/*
 * Reads what there is from argument `arg` on: unit (of the kinds that have
 * one), start, prior.
 */
static void
ReadOptions(FunctionCallInfo fcinfo, LifetimeKind kind, int arg, Options *options)
{
	bool		has_unit = LifetimeKindHasUnit(kind);

	memset(options, 0, sizeof(*options));
	if (has_unit && arg < PG_NARGS())
		options->unit = UnitArgument(fcinfo, arg++);
	if (arg >= PG_NARGS())
		return;
	if (!PG_ARGISNULL(arg))
		StartOfModel(LifetimeModelOpen(PG_GETARG_VARLENA_P(arg), kind == LIFETIME_GAMMA_GAMMA),
					 kind, options);
	if (!PG_ARGISNULL(arg + 1))
	{
		double		prior = PG_GETARG_FLOAT8(arg + 1);

		if (!(prior >= 0 && !isinf(prior)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("prior must be a finite number, 0 or more, not %s",
							double_to_shortest_decimal(prior)),
					 errhint("It is the precision of a normal prior on the logarithm of each parameter: 1 is weak, 0 is none.")));
		options->prior = prior == 0 ? 0 : prior;
	}
}

static bool
SameOptions(const LifetimeState *state, const Options *options)
{
	return state->unit == options->unit && state->has_start == options->has_start &&
		state->prior == options->prior &&
		memcmp(state->start, options->start, sizeof(state->start)) == 0;
}

static void
OptionsChanged(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unit, start and prior must not change from row to row"),
			 errhint("Pass constants, or values that are the same for all rows of the group.")));
}

/* --- States --------------------------------------------------------------- */

static LifetimeState *
GetState(FunctionCallInfo fcinfo, int arg)
{
	return LifetimeStateOpen(PG_GETARG_VARLENA_P(arg));
}

static void
WrongKind(const LifetimeState *state)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a lifetime_state of kind %s cannot be used here",
					lifetime_kind_ops[state->kind]->name),
			 errhint("It was made by another kind of fit.")));
}

static void
CheckState(const LifetimeState *state, LifetimeKind kind, const Options *options)
{
	if (unlikely(state->kind != kind))
		WrongKind(state);
	if (unlikely(!SameOptions(state, options)))
		OptionsChanged();
}

/* The state in argument 0, flat, for changing it, or a new one. */
static LifetimeState *
OwnStateFor(FunctionCallInfo fcinfo, LifetimeKind kind, const Options *options)
{
	LifetimeState *state;

	if (PG_ARGISNULL(0))
	{
		state = LifetimeStateMake(kind, options->unit);
		state->has_start = options->has_start;
		state->prior = options->prior;
		memcpy(state->start, options->start, sizeof(state->start));
		return state;
	}
	state = GetState(fcinfo, 0);
	CheckState(state, kind, options);
	return OwnState(fcinfo, state);
}

/* The table in argument 0, for changing it; NULL when that is none. */
static LifetimeTable *
OwnTableFor(FunctionCallInfo fcinfo, LifetimeKind kind, const Options *options)
{
	LifetimeTable *table = PG_ARGISNULL(0) ? NULL :
		LifetimeLargeTableToChange(fcinfo, PG_GETARG_DATUM(0));

	if (table != NULL)
		CheckState(table->head, kind, options);
	return table;
}

/* A row that is skipped. */
static Datum
Unchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return PG_GETARG_DATUM(0);
}

/* Does a history that is well say nothing? Then it is left out and counted. */
static bool
SaysNothing(LifetimeKind kind, const LifetimeHistory *history)
{
	switch (kind)
	{
		case LIFETIME_SBG:
			return false;
		case LIFETIME_GAMMA_GAMMA:
			return history->x > 0 && history->t_x <= 0;
		default:
			return history->age == 0;
	}
}

/* As LifetimeHistoryFault, but an m_x of 0 or less is none: it says nothing. */
static const char *
FaultInFit(LifetimeKind kind, const LifetimeHistory *history)
{
	LifetimeHistory checked = *history;

	if (kind == LIFETIME_GAMMA_GAMMA && history->t_x <= 0 && !isinf(history->t_x))
		checked.t_x = 1;
	return LifetimeHistoryFault(kind, &checked);
}

/* Counts customers that are left out. */
static Datum
Exclude(FunctionCallInfo fcinfo, LifetimeKind kind, const Options *options, double count)
{
	LifetimeTable *table = OwnTableFor(fcinfo, kind, options);
	LifetimeState *state = table != NULL ? table->head : OwnStateFor(fcinfo, kind, options);

	state->excluded = LifetimeAddCounts(state->excluded, count);
	return table != NULL ? PG_GETARG_DATUM(0) : PointerGetDatum(state);
}

/* Adds customers to their cell. */
static Datum
Add(FunctionCallInfo fcinfo, LifetimeKind kind, const LifetimeHistory *history,
	double count, const Options *options)
{
	LifetimeTable *table = OwnTableFor(fcinfo, kind, options);
	LifetimeState *state;
	Datum		result;

	if (table != NULL)
		result = PG_GETARG_DATUM(0);
	else
	{
		state = OwnStateFor(fcinfo, kind, options);
		if (likely(!LifetimeBecomesLarge(fcinfo, state)))
			PG_RETURN_POINTER(LifetimeStateAdd(state, history, count));
		result = LifetimeMakeLarge(fcinfo, state, &table);
	}
	LifetimeTableAdd(table, history, count);
	return result;
}

/* Adds customers whose history may be bad. */
static Datum
AddHistory(FunctionCallInfo fcinfo, LifetimeKind kind, const LifetimeHistory *history,
		   double count, const Options *options)
{
	const char *fault = FaultInFit(kind, history);

	if (unlikely(fault != NULL))
		LifetimeHistoryRefuse(fault);
	if (SaysNothing(kind, history))
		return Exclude(fcinfo, kind, options, count);
	/* that nobody came back is known by a state without cells */
	if (kind == LIFETIME_GAMMA_GAMMA && history->x == 0)
		return Exclude(fcinfo, kind, options, 0);
	return Add(fcinfo, kind, history, count, options);
}

/* --- Transitions ---------------------------------------------------------- */

/* Arguments: state, x, t_x, age [, unit [, start, prior]]. */
static Datum
AccumulateTimes(FunctionCallInfo fcinfo, LifetimeKind kind)
{
	LifetimeHistory history;
	Options		options;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return Unchanged(fcinfo);
	history.x = PG_GETARG_FLOAT8(1);
	history.t_x = PG_GETARG_FLOAT8(2);
	history.age = PG_GETARG_FLOAT8(3);
	ReadOptions(fcinfo, kind, 4, &options);
	return AddHistory(fcinfo, kind, &history, 1, &options);
}

Datum
custseg_bgnbd_fit_accum(PG_FUNCTION_ARGS)
{
	return AccumulateTimes(fcinfo, LIFETIME_BGNBD);
}

Datum
custseg_pareto_nbd_fit_accum(PG_FUNCTION_ARGS)
{
	return AccumulateTimes(fcinfo, LIFETIME_PARETO_NBD);
}

Datum
custseg_mbgnbd_fit_accum(PG_FUNCTION_ARGS)
{
	return AccumulateTimes(fcinfo, LIFETIME_MBGNBD);
}

/* Arguments: state, purchases, as_of, unit [, start, prior]. */
static Datum
AccumulatePurchases(FunctionCallInfo fcinfo, LifetimeKind kind)
{
	Purchases	p;
	LifetimeHistory history;
	Options		options;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return Unchanged(fcinfo);
	PurchasesOpenValue(PG_GETARG_VARLENA_PP(1), false, &p);
	ReadOptions(fcinfo, kind, 3, &options);
	if (options.unit == UNIT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit must not be null where times come from purchases"),
				 errhint("Use day, week, month or year.")));
	if (!LifetimeHistoryOfPurchases(&p, PG_GETARG_DATEADT(2), options.unit, &history))
		return Exclude(fcinfo, kind, &options, 1);
	return AddHistory(fcinfo, kind, &history, 1, &options);
}

Datum
custseg_bgnbd_fit_accum_purchases(PG_FUNCTION_ARGS)
{
	return AccumulatePurchases(fcinfo, LIFETIME_BGNBD);
}

Datum
custseg_pareto_nbd_fit_accum_purchases(PG_FUNCTION_ARGS)
{
	return AccumulatePurchases(fcinfo, LIFETIME_PARETO_NBD);
}

Datum
custseg_mbgnbd_fit_accum_purchases(PG_FUNCTION_ARGS)
{
	return AccumulatePurchases(fcinfo, LIFETIME_MBGNBD);
}

/* Arguments: state, x, m_x [, start, prior]. */
Datum
custseg_gamma_gamma_fit_accum(PG_FUNCTION_ARGS)
{
	LifetimeHistory history = {0, 0, 0};
	Options		options;

	/* who has no repeat purchase has no m_x */
	if (PG_ARGISNULL(1) || (PG_ARGISNULL(2) && PG_GETARG_FLOAT8(1) != 0))
		return Unchanged(fcinfo);
	history.x = PG_GETARG_FLOAT8(1);
	if (history.x != 0)
		history.t_x = PG_GETARG_FLOAT8(2);
	ReadOptions(fcinfo, LIFETIME_GAMMA_GAMMA, 3, &options);
	return AddHistory(fcinfo, LIFETIME_GAMMA_GAMMA, &history, 1, &options);
}

/* Arguments: state, purchases [, start, prior]. */
Datum
custseg_gamma_gamma_fit_accum_purchases(PG_FUNCTION_ARGS)
{
	Purchases	p;
	LifetimeHistory history = {0, 0, 0};
	Options		options;

	if (PG_ARGISNULL(1))
		return Unchanged(fcinfo);
	PurchasesOpenValue(PG_GETARG_VARLENA_PP(1), false, &p);
	ReadOptions(fcinfo, LIFETIME_GAMMA_GAMMA, 2, &options);
	if (p.n_days == 0)
		return Exclude(fcinfo, LIFETIME_GAMMA_GAMMA, &options, 1);
	if (p.n_days > 1)
	{
		history.x = p.n_days - 1;
		history.t_x = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
														 PurchasesRepeatValue(&p)));
	}
	return AddHistory(fcinfo, LIFETIME_GAMMA_GAMMA, &history, 1, &options);
}

/* Arguments: state, period, survivors [, start, prior]. */
Datum
custseg_sbg_fit_accum(PG_FUNCTION_ARGS)
{
	LifetimeHistory history = {0, 0, 0};
	Options		options;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return Unchanged(fcinfo);
	history.x = PG_GETARG_INT32(1);
	history.t_x = PG_GETARG_FLOAT8(2);
	ReadOptions(fcinfo, LIFETIME_SBG, 3, &options);
	return AddHistory(fcinfo, LIFETIME_SBG, &history, 1, &options);
}

/* Arguments: state, x, t_x, n [, customers [, start, prior]]. */
Datum
custseg_bgbb_fit_accum(PG_FUNCTION_ARGS)
{
	LifetimeHistory history;
	int64		customers = 1;
	Options		options;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) ||
		(PG_NARGS() > 4 && PG_ARGISNULL(4)))
		return Unchanged(fcinfo);
	history.x = PG_GETARG_FLOAT8(1);
	history.t_x = PG_GETARG_FLOAT8(2);
	history.age = PG_GETARG_FLOAT8(3);
	if (PG_NARGS() > 4)
		customers = PG_GETARG_INT64(4);
	if (customers < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("customers must be 0 or more, not " INT64_FORMAT, customers),
				 errhint("It is the number of customers with this x, t_x and n.")));
	if (customers == 0)
		return Unchanged(fcinfo);
	ReadOptions(fcinfo, LIFETIME_BGBB, 5, &options);
	return AddHistory(fcinfo, LIFETIME_BGBB, &history, customers, &options);
}

/* --- Combine and final functions ------------------------------------------ */

/* Strict: the first state is taken by the executor as it is. */
Datum
custseg_lifetime_state_combine(PG_FUNCTION_ARGS)
{
	LifetimeState *other = GetState(fcinfo, 1);
	LifetimeTable *table = LifetimeLargeTableToChange(fcinfo, PG_GETARG_DATUM(0));
	LifetimeState *state = table != NULL ? table->head : GetState(fcinfo, 0);
	Datum		result = PG_GETARG_DATUM(0);
	Options		options;

	options.unit = other->unit;
	options.has_start = other->has_start;
	options.prior = other->prior;
	memcpy(options.start, other->start, sizeof(options.start));
	if (state->kind != other->kind)
		WrongKind(other);
	CheckState(state, other->kind, &options);
	if (table == NULL)
	{
		/* together they may be large, if they are not alike */
		if (!LifetimeBecomesLarge(fcinfo, other))
			PG_RETURN_POINTER(LifetimeStateCombine(OwnState(fcinfo, state), other));
		result = LifetimeMakeLarge(fcinfo, state, &table);
	}
	LifetimeTableCombine(table, other);
	return result;
}

static Datum
Final(FunctionCallInfo fcinfo, bool spend)
{
	LifetimeTable *table = LifetimeLargeTable(PG_GETARG_DATUM(0));
	LifetimeState *state = table != NULL ? table->head : GetState(fcinfo, 0);

	if ((state->kind == LIFETIME_GAMMA_GAMMA) != spend)
		WrongKind(state);
	PG_RETURN_POINTER(table != NULL ? LifetimeTableFit(table) : LifetimeStateFit(state));
}

Datum
custseg_lifetime_fit_final(PG_FUNCTION_ARGS)
{
	return Final(fcinfo, false);
}

Datum
custseg_spend_fit_final(PG_FUNCTION_ARGS)
{
	return Final(fcinfo, true);
}
