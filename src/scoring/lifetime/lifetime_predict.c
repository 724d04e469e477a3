/*
 * lifetime_predict.c
 *		Predictions of a fitted model for one customer (core).
 *
 * Standard errors are those of the delta method: what they say about is the
 * expectation, as far as the parameters are uncertain, not what one customer
 * will do.
 */
#include "scoring/lifetime/lifetime_predict.h"

#include <float.h>
#include <math.h>

#include "common/names.h"
#include "lib/stringinfo.h"
#include "scoring/lifetime/delta_method.h"
#include "utils/float.h"

/* For messages: the function that asks, and its argument. */
static const struct
{
	const char *function;
	const char *argument;
}			quantities[N_QUANTITIES] =
{
	{"p_alive", "model"},
	{"expected_purchases", "model"},
	{"purchase_probability", "model"},
	{"dert", "model"},
	{"clv", "purchase_model"},
	{"residual_lifetime", "model"},
	{"survival", "model"},
	{"retention_rate", "model"},
	{"loglik", "model"},
};

/* --- Checks ---------------------------------------------------------------------------- */

static bool
KindServes(LifetimeKind kind, LifetimeQuantity quantity)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[kind];

	switch (quantity)
	{
		case QUANTITY_P_ALIVE:
			return ops->p_alive != NULL;
		case QUANTITY_PURCHASES:
		case QUANTITY_DISCOUNTED:
			return ops->expected_purchases != NULL;
		case QUANTITY_PROBABILITY:
			return ops->purchase_probability != NULL;
		case QUANTITY_DERT:
			return ops->dert != NULL;
		case QUANTITY_LOGLIK:
			return kind != LIFETIME_SBG && kind != LIFETIME_GAMMA_GAMMA;
		default:
			return kind == LIFETIME_SBG;
	}
}

/* "a, b or c", of the kinds of lifetime_model that serve a quantity. */
static char *
KindsThatServe(LifetimeQuantity quantity)
{
	const char *names[N_LIFETIME_KINDS];
	int			n = 0;
	StringInfoData text;

	for (int kind = 0; kind < LIFETIME_GAMMA_GAMMA; kind++)
		if (KindServes(kind, quantity))
			names[n++] = lifetime_kind_ops[kind]->name;
	initStringInfo(&text);
	for (int i = 0; i < n; i++)
		appendStringInfo(&text, "%s%s", i == 0 ? "" : i == n - 1 ? " or " : ", ", names[i]);
	return text.data;
}

void
LifetimeRequireQuantity(const LifetimeModel *model, LifetimeQuantity quantity)
{
	if (unlikely(!KindServes(model->kind, quantity)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be of kind %s, not %s", quantities[quantity].argument,
						KindsThatServe(quantity), lifetime_kind_ops[model->kind]->name),
				 model->kind == LIFETIME_SBG ?
				 errhint("For models of kind sbg there are survival(), retention_rate() and residual_lifetime().") :
				 errhint("%s() has no formula for this kind: fit one that it serves.",
						 quantities[quantity].function)));
	LifetimeModelRequireParameters(model);
}

void
LifetimeCheckNumber(const char *name, double value)
{
	if (unlikely(!(value >= 0 && value <= DBL_MAX)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number, 0 or more, not %s", name,
						float8out_internal(value))));
}

Compounding
CompoundingByName(const char *bytes, int length)
{
	int			found = FindName(compounding_names, N_COMPOUNDINGS, bytes, length);

	if (unlikely(found < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("compounding must be 'period' or 'continuous', not '%.*s'",
						Min(length, 40), bytes),
				 errhint("'period' counts purchases at the end of their unit of time, 'continuous' when they are made.")));
	return found;
}

static void
CheckCount(const char *name, int n)
{
	if (unlikely(n < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be 0 or more, not %d", name, n)));
}

static void
CheckHorizon(const LifetimeModel *model, double horizon)
{
	LifetimeCheckNumber("horizon", horizon);
	if (unlikely(model->kind == LIFETIME_BGBB && (horizon != rint(horizon) || horizon > PG_INT32_MAX)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon must be a whole number of opportunities up to %d, not %s",
						PG_INT32_MAX, float8out_internal(horizon)),
				 errhint("A model of kind bgbb counts opportunities to buy, not time.")));
}

void
LifetimeCheckPrediction(const LifetimeModel *model, const LifetimePrediction *what)
{
	switch (what->quantity)
	{
		case QUANTITY_PURCHASES:
			CheckHorizon(model, what->horizon);
			break;
		case QUANTITY_PROBABILITY:
			CheckHorizon(model, what->horizon);
			CheckCount("n", what->n);
			break;
		case QUANTITY_DISCOUNTED:
			CheckHorizon(model, what->horizon);
			LifetimeCheckNumber("discount", what->discount);
			break;
		case QUANTITY_DERT:
			if (unlikely(!(what->discount > 0 && what->discount <= DBL_MAX)))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("discount must be a finite number greater than 0, not %s",
								float8out_internal(what->discount)),
						 errhint("Without discount all later purchases may have no finite sum: use expected_purchases() with a horizon.")));
			break;
		case QUANTITY_RESIDUAL_LIFETIME:
			CheckCount("renewals", what->n);
			LifetimeCheckNumber("discount", what->discount);
			break;
		case QUANTITY_SURVIVAL:
		case QUANTITY_RETENTION:
			CheckCount("renewals", what->n);
			break;
		default:
			break;
	}
}

void
LifetimeRequireUnit(const LifetimeModel *model, TimeUnit unit)
{
	if (likely(model->unit == unit))
		return;
	if (model->unit == UNIT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit is \"%s\", but the model has none", time_unit_names[unit]),
				 errhint("Name the unit in the fit, as in bgnbd_fit(x, t_x, age, '%s').",
						 time_unit_names[unit])));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unit is \"%s\", but the model is in \"%s\"", time_unit_names[unit],
					time_unit_names[model->unit]),
			 errhint("Convert the times to that of the model, or fit a model in this unit.")));
}

/* --- Predictions ------------------------------------------------------------------------- */

static double
LoglikOf(LifetimeKind kind, const double *parameter, const LifetimeHistory *history)
{
	double		one = 1;
	LifetimeCells cells = {1, &history->x, &history->t_x, &history->age, &one};
	LifetimeLikelihood likelihood;

	lifetime_kind_ops[kind]->likelihood(parameter, &cells, &likelihood);
	return likelihood.value;
}

static inline double
Answer(LifetimeKind kind, const double *parameter, const LifetimePrediction *what)
{
	const LifetimeKindOps *ops = lifetime_kind_ops[kind];

	switch (what->quantity)
	{
		case QUANTITY_P_ALIVE:
			return ops->p_alive(parameter, &what->history);
		case QUANTITY_PURCHASES:
			return ops->expected_purchases(parameter, &what->history, what->horizon);
		case QUANTITY_PROBABILITY:
			return ops->purchase_probability(parameter, &what->history, what->horizon, what->n);
		case QUANTITY_DERT:
			return ops->dert(parameter, &what->history, what->discount);
		case QUANTITY_DISCOUNTED:
			return DiscountedPurchases(ops, parameter, &what->history, what->horizon,
									   what->discount, what->compounding);
		case QUANTITY_RESIDUAL_LIFETIME:
			return SbgResidualLifetime(parameter, what->n, what->discount);
		case QUANTITY_SURVIVAL:
			return SbgSurvival(parameter, what->n);
		case QUANTITY_RETENTION:
			return SbgRetention(parameter, what->n);
		case QUANTITY_LOGLIK:
			return LoglikOf(kind, parameter, &what->history);
		default:
			break;
	}
	elog(ERROR, "unknown quantity %d", what->quantity);
}

/* suffix: of the function's name */
static inline double
CheckedResult(double x, const char *function, const char *suffix)
{
	if (unlikely(!isfinite(x)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the result of %s%s() is beyond the range of float8", function, suffix),
				 errhint("The parameters of the model or the arguments are extreme: look at the status of the model.")));
	return x;
}

double
LifetimePredict(const LifetimeModel *model, const LifetimePrediction *what)
{
	double		x = Answer(model->kind, model->parameter, what);

	if (unlikely(what->quantity == QUANTITY_RESIDUAL_LIFETIME && isinf(x)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the expected residual lifetime is infinite"),
				 errdetail("Without discount it has no finite mean where alpha is at most 1; here alpha is %s.",
						   float8out_internal(model->parameter[0])),
				 errhint("Pass a discount above 0.")));
	return CheckedResult(x, quantities[what->quantity].function, "");
}

typedef struct Question
{
	LifetimeKind kind;
	const LifetimePrediction *what;
} Question;

static double
AnswerAt(const double *parameter, const void *context)
{
	const Question *question = context;

	return Answer(question->kind, parameter, question->what);
}

bool
LifetimePredictError(const LifetimeModel *model, const LifetimePrediction *what, double *error)
{
	Question	question = {model->kind, what};

	if (!model->has_covariance)
		return false;
	*error = CheckedResult(sqrt(DeltaVariance(model, AnswerAt, &question)),
						   quantities[what->quantity].function, "_se");
	return true;
}

/* --- What a purchase is worth ---------------------------------------------------------------- */

void
SpendCheckArguments(double x, double m_x)
{
	if (unlikely(!(x >= 0 && x <= PG_INT32_MAX && (double) (int32) x == x) ||
				 !(x == 0 || (m_x > 0 && m_x <= DBL_MAX))))
	{
		LifetimeHistory history = {x, m_x, 0};
		const char *fault = LifetimeHistoryFault(LIFETIME_GAMMA_GAMMA, &history);

		if (fault != NULL)
			LifetimeHistoryRefuse(fault);
	}
}

double
SpendPredict(const LifetimeModel *model, double x, double m_x)
{
	double		mean = GammaGammaMean(model->parameter, x, x > 0 ? m_x : 0);

	if (unlikely(!isfinite(mean)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the spend model has no mean value for x = %s", float8out_internal(x)),
				 errdetail("The mean exists where p x + q is above 1; here p is %s and q is %s.",
						   float8out_internal(model->parameter[0]),
						   float8out_internal(model->parameter[1])),
				 errhint("Fit the spend model with a prior, or leave out the few customers who spend far more than all others.")));
	return mean;
}

/* The mean is p (gamma + x m_x) / (p x + q - 1). */
bool
SpendPredictError(const LifetimeModel *model, double x, double m_x, double *error)
{
	double		mean = SpendPredict(model, x, m_x);
	double		p = model->parameter[0];
	double		q = model->parameter[1];
	double		gamma = model->parameter[2];
	double		spent = x > 0 ? x * m_x : 0;
	double		divisor = p * x + (q - 1);
	double		gradient[MAX_LIFETIME_PARAMETERS] = {0};

	if (!model->has_covariance)
		return false;
	gradient[0] = mean / p * ((q - 1) / divisor);
	gradient[1] = -mean / divisor;
	gradient[2] = mean / (gamma + spent);
	*error = CheckedResult(sqrt(GradientVariance(model, gradient)), "expected_spend", "_se");
	return true;
}

double
SpendLoglik(const LifetimeModel *model, double x, double m_x)
{
	LifetimeHistory history = {x, m_x, 0};

	if (x == 0)
		return 0;
	return CheckedResult(LoglikOf(LIFETIME_GAMMA_GAMMA, model->parameter, &history), "loglik", "");
}

/* --- clv --------------------------------------------------------------------------------------- */

double
ClvPredict(const LifetimeModel *purchase_model, const LifetimeModel *spend_model,
		   const LifetimePrediction *purchases, double m_x, double margin)
{
	double		value = SpendPredict(spend_model, purchases->history.x, m_x);

	return CheckedResult(LifetimePredict(purchase_model, purchases) * value * margin, "clv", "");
}

/* A product of independent estimates: both vary while the other stands still. */
bool
ClvPredictError(const LifetimeModel *purchase_model, const LifetimeModel *spend_model,
				const LifetimePrediction *purchases, double m_x, double margin, double *error)
{
	double		number = LifetimePredict(purchase_model, purchases);
	double		value = SpendPredict(spend_model, purchases->history.x, m_x);
	double		number_error;
	double		value_error;

	if (!LifetimePredictError(purchase_model, purchases, &number_error) ||
		!SpendPredictError(spend_model, purchases->history.x, m_x, &value_error))
		return false;
	*error = CheckedResult(margin * hypot(number_error * value, number * value_error), "clv", "_se");
	return true;
}
