/*
 * lifetime_predict.h
 *		Predictions of a fitted model for one customer (core).
 *
 * What is asked is a struct, so that predictions, their standard errors and
 * their checks have one place each. Arguments are checked apart from the
 * prediction: who asks for many customers checks what they share once.
 */
#ifndef CUSTSEG_LIFETIME_PREDICT_H
#define CUSTSEG_LIFETIME_PREDICT_H

#include "scoring/lifetime/clv.h"
#include "scoring/lifetime/lifetime_model.h"
#include "scoring/lifetime/lifetime_state.h"

typedef enum LifetimeQuantity
{
	QUANTITY_P_ALIVE,
	QUANTITY_PURCHASES,			/* horizon */
	QUANTITY_PROBABILITY,		/* horizon, n purchases */
	QUANTITY_DERT,				/* discount, continuous */
	QUANTITY_DISCOUNTED,		/* horizon, discount, compounding: purchases of clv */
	QUANTITY_RESIDUAL_LIFETIME, /* n renewals, discount */
	QUANTITY_SURVIVAL,			/* n renewals */
	QUANTITY_RETENTION,			/* n renewals */
	QUANTITY_LOGLIK,
	N_QUANTITIES
} LifetimeQuantity;

/* A question; what the quantity does not use is not read. */
typedef struct LifetimePrediction
{
	LifetimeQuantity quantity;
	Compounding compounding;
	int			n;
	LifetimeHistory history;
	double		horizon;
	double		discount;
} LifetimePrediction;

/* Errors (22023) unless the kind of the model serves the quantity, and the model has parameters. */
extern void LifetimeRequireQuantity(const LifetimeModel *model, LifetimeQuantity quantity);

/* Errors (22023) unless horizon, discount and n are right for the quantity. */
extern void LifetimeCheckPrediction(const LifetimeModel *model, const LifetimePrediction *what);

/* The answer; beyond the range of float8 it is an error (22003). */
extern double LifetimePredict(const LifetimeModel *model, const LifetimePrediction *what);

/* Its standard error; false when the model has no covariance. */
extern bool LifetimePredictError(const LifetimeModel *model, const LifetimePrediction *what,
								 double *error);

/* An error (22023) unless the value is finite and 0 or more. */
extern void LifetimeCheckNumber(const char *name, double value);

/* The compounding of a name, or an error (22023). */
extern Compounding CompoundingByName(const char *bytes, int length);

/* An error (22023) unless the model is in this unit. */
extern void LifetimeRequireUnit(const LifetimeModel *model, TimeUnit unit);

/* --- What a purchase is worth: models of kind gamma_gamma ---------------------------- */

/* Errors (22023) unless x is a number of purchases, and m_x > 0 where x is. */
extern void SpendCheckArguments(double x, double m_x);

/* The expected value of a purchase; m_x is not read when x is 0. Without mean an error (22023). */
extern double SpendPredict(const LifetimeModel *model, double x, double m_x);
extern bool SpendPredictError(const LifetimeModel *model, double x, double m_x, double *error);

/* Log-likelihood of the mean value of a customer's repeat purchases; 0 when x is 0. */
extern double SpendLoglik(const LifetimeModel *model, double x, double m_x);

/* --- clv ------------------------------------------------------------------------------ */

/* purchases asks for QUANTITY_DISCOUNTED. */
extern double ClvPredict(const LifetimeModel *purchase_model, const LifetimeModel *spend_model,
						 const LifetimePrediction *purchases, double m_x, double margin);
extern bool ClvPredictError(const LifetimeModel *purchase_model, const LifetimeModel *spend_model,
							const LifetimePrediction *purchases, double m_x, double margin,
							double *error);

/* --- Histories -------------------------------------------------------------------------- */

/* Of most histories this says at once that they are right. */
static inline bool
LifetimeHistoryIsPlain(const LifetimeHistory *h)
{
	return h->x >= 0 && h->x <= PG_INT32_MAX && (double) (int32) h->x == h->x &&
		h->t_x >= 0 && h->t_x <= h->age && h->age <= 1e300 && (h->x > 0 || h->t_x == 0);
}

static inline void
LifetimeCheckHistory(const LifetimeModel *model, const LifetimeHistory *history)
{
	if (unlikely(!LifetimeHistoryIsPlain(history) || model->kind == LIFETIME_BGBB))
	{
		const char *fault = LifetimeHistoryFault(model->kind, history);

		if (fault != NULL)
			LifetimeHistoryRefuse(fault);
	}
}

#endif							/* CUSTSEG_LIFETIME_PREDICT_H */
