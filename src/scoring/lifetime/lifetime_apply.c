/*
 * lifetime_apply.c
 *		SQL side of what lifetime_model and spend_model predict.
 *
 * p_alive(), expected_purchases() and so on, each for a history as numbers
 * (x, t_x, age) and for purchases with as_of, some for a new customer, and each
 * with its standard error. A call site keeps its last model; a summary is
 * opened without its days.
 *
 * unit is optional, so the functions are not strict: a NULL in any other
 * argument gives NULL, but for m_x of a customer without repeat purchases,
 * which has no value.
 */
#include "postgres.h"

#include "common/compat.h"

#include "common/argument_cache.h"
#include "fmgr.h"
#include "purchases/purchases_private.h"
#include "scoring/lifetime/lifetime_predict.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"

/* How the history is given. */
typedef enum HistorySource
{
	FROM_NUMBERS,				/* x, t_x, age */
	FROM_PURCHASES,				/* p, as_of */
	NEW_CUSTOMER				/* no argument */
} HistorySource;

/* What is asked for. */
typedef enum Wanted
{
	VALUE, STANDARD_ERROR
} Wanted;

/* --- Models --------------------------------------------------------------------------- */

/* For the cache of arguments. */
static const void *
MakeModel(Datum argument)
{
	LifetimeModel *model = LifetimeModelOpen((struct varlena *) PG_DETOAST_DATUM_COPY(argument), false);

	LifetimeModelRequireParameters(model);
	return model;
}

static const void *
MakeSpendModel(Datum argument)
{
	LifetimeModel *model = LifetimeModelOpen((struct varlena *) PG_DETOAST_DATUM_COPY(argument), true);

	LifetimeModelRequireParameters(model);
	return model;
}

/* --- Arguments ------------------------------------------------------------------------ */

static inline bool
AnyNull(FunctionCallInfo fcinfo, int first, int n)
{
	for (int i = first; i < first + n; i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

/* The unit in an argument, which asserts that of the model. */
static inline void
CheckUnit(FunctionCallInfo fcinfo, int arg, const LifetimeModel *model)
{
	if (unlikely(!PG_ARGISNULL(arg)))
	{
		text	   *unit = PG_GETARG_TEXT_PP(arg);

		LifetimeRequireUnit(model, TimeUnitByName(VARDATA_ANY(unit), VARSIZE_ANY_EXHDR(unit)));
	}
}

/* Purchases have dates: only a model with a unit says what a day is. */
static void
RequireCalendar(const LifetimeModel *model, const char *name)
{
	if (model->kind == LIFETIME_BGBB)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be of kind bgnbd, pareto_nbd or mbgnbd for purchases, not bgbb", name),
				 errhint("Pass x, t_x and the number of opportunities instead of purchases.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s has no unit of time, which purchases need", name),
			 errhint("Name the unit in the fit, as in bgnbd_fit(purchases, as_of, 'week'), or in the text of the model.")));
}

/* A summary and its history; false when it has no purchase. */
static inline bool
ReadPurchases(FunctionCallInfo fcinfo, int arg, const LifetimeModel *model, Purchases *p,
			  LifetimeHistory *history)
{
	if (unlikely(model->unit == UNIT_NONE))
		RequireCalendar(model, arg == 1 ? "model" : "purchase_model");
	PurchasesOpenValue(PG_GETARG_VARLENA_PP(arg), false, p);
	return LifetimeHistoryOfPurchases(p, PG_GETARG_DATEADT(arg + 1), model->unit, history);
}

static inline void
ReadNumbers(FunctionCallInfo fcinfo, int arg, const LifetimeModel *model, LifetimeHistory *history)
{
	history->x = PG_GETARG_FLOAT8(arg);
	history->t_x = PG_GETARG_FLOAT8(arg + 1);
	history->age = PG_GETARG_FLOAT8(arg + 2);
	LifetimeCheckHistory(model, history);
}

/* --- Predictions of a lifetime_model ------------------------------------------------------ */

static inline Datum
Result(FunctionCallInfo fcinfo, const LifetimeModel *model, const LifetimePrediction *what,
	   Wanted wanted)
{
	double		result;

	LifetimeCheckPrediction(model, what);
	if (wanted == VALUE)
		PG_RETURN_FLOAT8(LifetimePredict(model, what));
	if (!LifetimePredictError(model, what, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

/*
 * Arguments: model, the history, then horizon, or discount, or horizon and n,
 * and unit, unless there is nothing else whose unit could be meant. Each caller
 * gets a copy of its own, in which all that is constant is decided.
 */
static pg_attribute_always_inline Datum
Predict(FunctionCallInfo fcinfo, LifetimeQuantity quantity, HistorySource source, Wanted wanted)
{
	int			history = source == FROM_NUMBERS ? 3 : source == FROM_PURCHASES ? 2 : 0;
	int			options = quantity == QUANTITY_PROBABILITY ? 2 :
		quantity == QUANTITY_P_ALIVE || quantity == QUANTITY_LOGLIK ? 0 : 1;
	int			arg = 1 + history;
	LifetimePrediction what;
	const LifetimeModel *model;

	if (AnyNull(fcinfo, 0, arg + options))
		PG_RETURN_NULL();
	model = ArgumentCacheGet(fcinfo, 0, MakeModel);
	LifetimeRequireQuantity(model, quantity);
	if (options > 0 || (source == FROM_NUMBERS && quantity != QUANTITY_LOGLIK))
		CheckUnit(fcinfo, arg + options, model);

	what.quantity = quantity;
	if (source == FROM_NUMBERS)
		ReadNumbers(fcinfo, 1, model, &what.history);
	else if (source == NEW_CUSTOMER)
		what.history = (LifetimeHistory) {0, 0, 0};
	else
	{
		Purchases	p;

		if (!ReadPurchases(fcinfo, 1, model, &p, &what.history))
			PG_RETURN_NULL();
	}
	if (quantity == QUANTITY_DERT)
		what.discount = PG_GETARG_FLOAT8(arg);
	else if (options > 0)
		what.horizon = PG_GETARG_FLOAT8(arg);
	if (quantity == QUANTITY_PROBABILITY)
		what.n = PG_GETARG_INT32(arg + 1);
	return Result(fcinfo, model, &what, wanted);
}

#define PREDICTION(name, quantity, source, wanted) \
	PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return Predict(fcinfo, quantity, source, wanted); \
}

PREDICTION(custseg_p_alive, QUANTITY_P_ALIVE, FROM_NUMBERS, VALUE)
PREDICTION(custseg_p_alive_se, QUANTITY_P_ALIVE, FROM_NUMBERS, STANDARD_ERROR)
PREDICTION(custseg_p_alive_purchases, QUANTITY_P_ALIVE, FROM_PURCHASES, VALUE)
PREDICTION(custseg_p_alive_se_purchases, QUANTITY_P_ALIVE, FROM_PURCHASES, STANDARD_ERROR)
PREDICTION(custseg_expected_purchases, QUANTITY_PURCHASES, FROM_NUMBERS, VALUE)
PREDICTION(custseg_expected_purchases_se, QUANTITY_PURCHASES, FROM_NUMBERS, STANDARD_ERROR)
PREDICTION(custseg_expected_purchases_purchases, QUANTITY_PURCHASES, FROM_PURCHASES, VALUE)
PREDICTION(custseg_expected_purchases_se_purchases, QUANTITY_PURCHASES, FROM_PURCHASES, STANDARD_ERROR)
PREDICTION(custseg_expected_purchases_new, QUANTITY_PURCHASES, NEW_CUSTOMER, VALUE)
PREDICTION(custseg_expected_purchases_new_se, QUANTITY_PURCHASES, NEW_CUSTOMER, STANDARD_ERROR)
PREDICTION(custseg_purchase_probability, QUANTITY_PROBABILITY, FROM_NUMBERS, VALUE)
PREDICTION(custseg_purchase_probability_se, QUANTITY_PROBABILITY, FROM_NUMBERS, STANDARD_ERROR)
PREDICTION(custseg_purchase_probability_purchases, QUANTITY_PROBABILITY, FROM_PURCHASES, VALUE)
PREDICTION(custseg_purchase_probability_se_purchases, QUANTITY_PROBABILITY, FROM_PURCHASES, STANDARD_ERROR)
PREDICTION(custseg_purchase_probability_new, QUANTITY_PROBABILITY, NEW_CUSTOMER, VALUE)
PREDICTION(custseg_purchase_probability_new_se, QUANTITY_PROBABILITY, NEW_CUSTOMER, STANDARD_ERROR)
PREDICTION(custseg_dert, QUANTITY_DERT, FROM_NUMBERS, VALUE)
PREDICTION(custseg_dert_se, QUANTITY_DERT, FROM_NUMBERS, STANDARD_ERROR)
PREDICTION(custseg_dert_purchases, QUANTITY_DERT, FROM_PURCHASES, VALUE)
PREDICTION(custseg_dert_se_purchases, QUANTITY_DERT, FROM_PURCHASES, STANDARD_ERROR)
PREDICTION(custseg_loglik, QUANTITY_LOGLIK, FROM_NUMBERS, VALUE)

/* Arguments: model, renewals and, for the lifetime, discount. These are strict. */
static pg_attribute_always_inline Datum
PredictRenewals(FunctionCallInfo fcinfo, LifetimeQuantity quantity, Wanted wanted)
{
	const LifetimeModel *model = ArgumentCacheGet(fcinfo, 0, MakeModel);
	LifetimePrediction what;

	LifetimeRequireQuantity(model, quantity);
	what.quantity = quantity;
	what.n = PG_GETARG_INT32(1);
	if (quantity == QUANTITY_RESIDUAL_LIFETIME)
		what.discount = PG_GETARG_FLOAT8(2);
	return Result(fcinfo, model, &what, wanted);
}

PG_FUNCTION_INFO_V1(custseg_residual_lifetime);
Datum
custseg_residual_lifetime(PG_FUNCTION_ARGS)
{
	return PredictRenewals(fcinfo, QUANTITY_RESIDUAL_LIFETIME, VALUE);
}

PG_FUNCTION_INFO_V1(custseg_residual_lifetime_se);
Datum
custseg_residual_lifetime_se(PG_FUNCTION_ARGS)
{
	return PredictRenewals(fcinfo, QUANTITY_RESIDUAL_LIFETIME, STANDARD_ERROR);
}

PG_FUNCTION_INFO_V1(custseg_survival);
Datum
custseg_survival(PG_FUNCTION_ARGS)
{
	return PredictRenewals(fcinfo, QUANTITY_SURVIVAL, VALUE);
}

PG_FUNCTION_INFO_V1(custseg_retention_rate);
Datum
custseg_retention_rate(PG_FUNCTION_ARGS)
{
	return PredictRenewals(fcinfo, QUANTITY_RETENTION, VALUE);
}

/* --- What a purchase is worth ------------------------------------------------------------- */

/*
 * The mean value of the repeat purchases of a summary; false where it says
 * nothing, since all of them were free.
 */
static inline bool
RepeatValue(const Purchases *p, double *m_x)
{
	if (p->n_days < 2)
	{
		*m_x = 0;
		return true;
	}
	*m_x = DatumGetFloat8(DirectFunctionCall1(numeric_float8, PurchasesRepeatValue(p)));
	return *m_x > 0;
}

static pg_attribute_always_inline Datum
SpendResult(FunctionCallInfo fcinfo, const LifetimeModel *model, double x, double m_x, Wanted wanted)
{
	double		result;

	if (wanted == VALUE)
		PG_RETURN_FLOAT8(SpendPredict(model, x, m_x));
	if (!SpendPredictError(model, x, m_x, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

/* x and m_x in two arguments; false when one is NULL that matters. */
static inline bool
ReadSpend(FunctionCallInfo fcinfo, int x_arg, int m_x_arg, double *x, double *m_x)
{
	*x = PG_GETARG_FLOAT8(x_arg);
	*m_x = 0;
	if (PG_ARGISNULL(m_x_arg) && *x > 0)
		return false;
	if (*x > 0)
		*m_x = PG_GETARG_FLOAT8(m_x_arg);
	SpendCheckArguments(*x, *m_x);
	return true;
}

static pg_attribute_always_inline Datum
PredictSpend(FunctionCallInfo fcinfo, HistorySource source, Wanted wanted)
{
	double		x;
	double		m_x;

	if (AnyNull(fcinfo, 0, 2))
		PG_RETURN_NULL();
	if (source == FROM_PURCHASES)
	{
		Purchases	p;

		PurchasesOpenValue(PG_GETARG_VARLENA_PP(1), false, &p);
		if (p.n_days == 0 || !RepeatValue(&p, &m_x))
			PG_RETURN_NULL();
		x = p.n_days - 1;
	}
	else if (!ReadSpend(fcinfo, 1, 2, &x, &m_x))
		PG_RETURN_NULL();
	return SpendResult(fcinfo, ArgumentCacheGet(fcinfo, 0, MakeSpendModel), x, m_x, wanted);
}

/* Arguments: model, x, m_x. */
PG_FUNCTION_INFO_V1(custseg_expected_spend);
Datum
custseg_expected_spend(PG_FUNCTION_ARGS)
{
	return PredictSpend(fcinfo, FROM_NUMBERS, VALUE);
}

PG_FUNCTION_INFO_V1(custseg_expected_spend_se);
Datum
custseg_expected_spend_se(PG_FUNCTION_ARGS)
{
	return PredictSpend(fcinfo, FROM_NUMBERS, STANDARD_ERROR);
}

/* Arguments: model, p. */
PG_FUNCTION_INFO_V1(custseg_expected_spend_purchases);
Datum
custseg_expected_spend_purchases(PG_FUNCTION_ARGS)
{
	return PredictSpend(fcinfo, FROM_PURCHASES, VALUE);
}

PG_FUNCTION_INFO_V1(custseg_expected_spend_se_purchases);
Datum
custseg_expected_spend_se_purchases(PG_FUNCTION_ARGS)
{
	return PredictSpend(fcinfo, FROM_PURCHASES, STANDARD_ERROR);
}

/* Arguments: model, x, m_x. */
PG_FUNCTION_INFO_V1(custseg_loglik_spend);
Datum
custseg_loglik_spend(PG_FUNCTION_ARGS)
{
	double		x;
	double		m_x;

	if (AnyNull(fcinfo, 0, 2) || !ReadSpend(fcinfo, 1, 2, &x, &m_x))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(SpendLoglik(ArgumentCacheGet(fcinfo, 0, MakeSpendModel), x, m_x));
}

/* --- clv -------------------------------------------------------------------------------- */

/*
 * Arguments: purchase_model, spend_model, then x, t_x, age, m_x, or p, as_of,
 * then horizon, discount, margin, compounding, unit.
 */
static pg_attribute_always_inline Datum
PredictClv(FunctionCallInfo fcinfo, HistorySource source, Wanted wanted)
{
	int			arg = source == FROM_NUMBERS ? 6 : 4;
	LifetimePrediction what;
	ArgumentCache *caches;
	const LifetimeModel *model;
	const LifetimeModel *spend;
	text	   *compounding;
	double		m_x;
	double		x;
	double		margin;
	double		result;

	if (AnyNull(fcinfo, 0, source == FROM_NUMBERS ? 5 : 4) || AnyNull(fcinfo, arg, 4))
		PG_RETURN_NULL();
	caches = ArgumentCaches(fcinfo, 2);
	model = ArgumentCacheLookup(&caches[0], PG_GETARG_DATUM(0), MakeModel);
	spend = ArgumentCacheLookup(&caches[1], PG_GETARG_DATUM(1), MakeSpendModel);
	LifetimeRequireQuantity(model, QUANTITY_DISCOUNTED);
	CheckUnit(fcinfo, arg + 4, model);
	what.quantity = QUANTITY_DISCOUNTED;
	what.horizon = PG_GETARG_FLOAT8(arg);
	what.discount = PG_GETARG_FLOAT8(arg + 1);
	margin = PG_GETARG_FLOAT8(arg + 2);
	compounding = PG_GETARG_TEXT_PP(arg + 3);
	what.compounding = CompoundingByName(VARDATA_ANY(compounding), VARSIZE_ANY_EXHDR(compounding));
	LifetimeCheckPrediction(model, &what);
	LifetimeCheckNumber("margin", margin);

	if (source == FROM_NUMBERS)
	{
		ReadNumbers(fcinfo, 2, model, &what.history);
		if (!ReadSpend(fcinfo, 2, 5, &x, &m_x))
			PG_RETURN_NULL();
	}
	else
	{
		Purchases	p;

		if (!ReadPurchases(fcinfo, 2, model, &p, &what.history) || !RepeatValue(&p, &m_x))
			PG_RETURN_NULL();
	}
	if (wanted == VALUE)
		PG_RETURN_FLOAT8(ClvPredict(model, spend, &what, m_x, margin));
	if (!ClvPredictError(model, spend, &what, m_x, margin, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

PG_FUNCTION_INFO_V1(custseg_clv);
Datum
custseg_clv(PG_FUNCTION_ARGS)
{
	return PredictClv(fcinfo, FROM_NUMBERS, VALUE);
}

PG_FUNCTION_INFO_V1(custseg_clv_se);
Datum
custseg_clv_se(PG_FUNCTION_ARGS)
{
	return PredictClv(fcinfo, FROM_NUMBERS, STANDARD_ERROR);
}

PG_FUNCTION_INFO_V1(custseg_clv_purchases);
Datum
custseg_clv_purchases(PG_FUNCTION_ARGS)
{
	return PredictClv(fcinfo, FROM_PURCHASES, VALUE);
}

PG_FUNCTION_INFO_V1(custseg_clv_se_purchases);
Datum
custseg_clv_se_purchases(PG_FUNCTION_ARGS)
{
	return PredictClv(fcinfo, FROM_PURCHASES, STANDARD_ERROR);
}
