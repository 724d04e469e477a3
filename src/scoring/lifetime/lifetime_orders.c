/*
 * lifetime_orders.c
 *		What the bulk functions of lifetime value share: from a table of
 *		purchase summaries to cells, and the models that fit them.
 *
 * Customers are added to the same states as in the fit aggregates, so both
 * give the same model to the last digit.
 */
#include "scoring/lifetime/lifetime_orders.h"

#include "purchases/purchases_private.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

/* --- Arguments ---------------------------------------------------------------- */

LifetimeKind
PurchaseModelArgument(FunctionCallInfo fcinfo, int n)
{
	const char *name = RequiredText(fcinfo, n, "model");

	for (int kind = 0; kind < N_LIFETIME_KINDS; kind++)
		if (IsPurchaseModelKind(kind) && strcmp(name, lifetime_kind_ops[kind]->name) == 0)
			return kind;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no model \"%s\" of purchases at any time", name),
			 errhint("Models are bgnbd, pareto_nbd and mbgnbd.")));
}

TimeUnit
TimeUnitArgument(FunctionCallInfo fcinfo, int n)
{
	const char *name = RequiredText(fcinfo, n, "unit");

	return TimeUnitByName(name, strlen(name));
}

/* --- Customers ---------------------------------------------------------------- */

bool
RepeatValueOfPurchases(const Purchases *p, double *m_x)
{
	if (p->n_days < 2)
		return false;
	*m_x = DatumGetFloat8(DirectFunctionCall1(numeric_float8, PurchasesRepeatValue(p)));
	return true;
}

void
LifetimeCollectionInit(LifetimeCollection *c, LifetimeKind kind, TimeUnit unit,
					   DateADT as_of, bool with_spend)
{
	c->as_of = as_of;
	c->purchases = LifetimeStateMake(kind, unit);
	c->spend = with_spend ? LifetimeStateMake(LIFETIME_GAMMA_GAMMA, UNIT_NONE) : NULL;
	c->context = CurrentMemoryContext;
	c->scratch = AllocSetContextCreate(CurrentMemoryContext, "custseg scratch",
									   ALLOCSET_DEFAULT_SIZES);
	c->customers = 0;
}

static void
AddToState(LifetimeState **state, const LifetimeHistory *history)
{
	LifetimeState *grown = LifetimeStateAdd(*state, history, 1);

	if (grown != *state)
		pfree(*state);
	*state = grown;
}

/* The mean value of the repeat purchases takes the place of t_x. */
static void
CollectSpend(LifetimeCollection *c, const Purchases *p, double x)
{
	LifetimeHistory history = {x, 0, 0};
	MemoryContext old = MemoryContextSwitchTo(c->scratch);
	bool		repeats = RepeatValueOfPurchases(p, &history.t_x);

	MemoryContextSwitchTo(old);
	if (!repeats)
		return;
	if (history.t_x > 0)
		AddToState(&c->spend, &history);
	else
		c->spend->excluded++;
}

void
LifetimeCollect(LifetimeCollection *c, const Purchases *p)
{
	LifetimeHistory history;
	MemoryContext old = MemoryContextSwitchTo(c->context);

	if (!LifetimeHistoryOfPurchases(p, c->as_of, c->purchases->unit, &history))
	{
		c->purchases->excluded++;
		if (c->spend != NULL)
			c->spend->excluded++;
	}
	else
	{
		/* who came on the last day has not been seen for any time */
		if (history.age > 0)
			AddToState(&c->purchases, &history);
		else
			c->purchases->excluded++;
		if (c->spend != NULL)
			CollectSpend(c, p, history.x);
	}
	MemoryContextSwitchTo(old);
	if (++c->customers % ROWS_PER_RESET == 0)
		MemoryContextReset(c->scratch);
}

/* --- Models ------------------------------------------------------------------- */

static LifetimeModel *
FitState(LifetimeState **state)
{
	LifetimeModel *model = LifetimeStateFit(*state);

	pfree(*state);
	*state = NULL;
	return model;
}

static void
NoticeStatus(const LifetimeModel *model)
{
	const char *name = lifetime_kind_ops[model->kind]->name;
	const char *status = lifetime_status_names[model->status];

	if (model->status == LIFETIME_CONVERGED)
		return;
	if (model->direction != DIRECTION_NONE)
		ereport(NOTICE,
				(errmsg("the fit of %s is %s: %s", name, status,
						lifetime_direction_names[model->direction]),
				 errdetail("Its predictions are usable; it has no covariance, and so no standard errors.")));
	else
		ereport(NOTICE,
				(errmsg("the fit of %s is %s", name, status)));
}

LifetimeModel *
LifetimeFitPurchases(LifetimeCollection *c, bool required)
{
	LifetimeModel *model = FitState(&c->purchases);

	if (required && !LifetimeModelHasParameters(model))
	{
		const char *name = lifetime_kind_ops[model->kind]->name;

		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the fit of %s is %s: these orders do not determine its parameters",
						name, lifetime_status_names[model->status]),
				 errdetail("Customers: %.0f, left out: %.0f.", model->customers, model->excluded),
				 errhint("It takes customers who bought again. Use more orders or a longer time, or pass a model that %s_fit made with a prior.",
						 name)));
	}
	NoticeStatus(model);
	return model;
}

LifetimeModel *
LifetimeFitSpend(LifetimeCollection *c)
{
	LifetimeModel *model = FitState(&c->spend);

	NoticeStatus(model);
	return model;
}
