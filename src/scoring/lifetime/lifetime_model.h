/*
 * lifetime_model.h
 *		Fitted models as SQL values: the types lifetime_model and spend_model.
 */
#ifndef CUSTSEG_LIFETIME_MODEL_H
#define CUSTSEG_LIFETIME_MODEL_H

#include "scoring/lifetime/lifetime.h"

/* The numbers are stored. */
typedef enum TimeUnit
{
	UNIT_NONE,					/* whatever the numbers were given in */
	UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_YEAR,
	N_TIME_UNITS
} TimeUnit;

extern const char *const time_unit_names[N_TIME_UNITS];	/* NULL for none */
extern const double time_unit_days[N_TIME_UNITS];	/* 0, 1, 7, 365.25 / 12, 365.25 */

/* The unit of a name, or an error (22023) that names the argument. */
extern TimeUnit TimeUnitByName(const char *bytes, int length);

/* The kinds whose times are of a calendar; others count periods, or have no times. */
static inline bool
LifetimeKindHasUnit(int kind)
{
	return kind == LIFETIME_BGNBD || kind == LIFETIME_PARETO_NBD || kind == LIFETIME_MBGNBD;
}

#define N_COVARIANCES (MAX_LIFETIME_PARAMETERS * (MAX_LIFETIME_PARAMETERS + 1) / 2)

/*
 * Both SQL types: a varlena of fixed size. Equal models have equal bytes;
 * fields that are not used are 0.
 */
typedef struct LifetimeModel
{
	int32		vl_len_;		/* varlena header */
	uint8		version;
	uint8		kind;			/* LifetimeKind */
	uint8		status;			/* LifetimeStatus */
	uint8		direction;		/* LifetimeDirection */
	uint8		unit;			/* TimeUnit */
	uint8		has_covariance;
	uint8		unused[2];
	int32		iterations;
	double		customers;		/* > 0, or 0 when not identified for want of any */
	double		excluded;		/* customers that were left out */
	double		prior;			/* precision; 0: none */
	double		loglik;
	double		parameter[MAX_LIFETIME_PARAMETERS];	/* 0 when not identified */
	double		covariance[N_COVARIANCES];	/* lower triangle, by rows */
} LifetimeModel;

#define LIFETIME_MODEL_VERSION 1

/* All zero but for version and kind. */
extern LifetimeModel *LifetimeModelMake(LifetimeKind kind);

/* The model of a fit. */
extern LifetimeModel *LifetimeModelOfFit(LifetimeKind kind, TimeUnit unit,
										 const LifetimeFit *fit, double excluded, double prior);

/* What is wrong with a model that came in, or NULL. */
extern const char *LifetimeModelFault(const LifetimeModel *model);

/*
 * A model that was given or stored, not toasted; an error unless it is one
 * that this version can read (spend: a spend_model).
 */
extern LifetimeModel *LifetimeModelOpen(struct varlena *value, bool spend);

static inline bool
LifetimeModelIsSpend(const LifetimeModel *model)
{
	return model->kind == LIFETIME_GAMMA_GAMMA;
}

static inline double
LifetimeCovariance(const LifetimeModel *model, int i, int j)
{
	return model->covariance[i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i];
}

/* An error (22023) when the model has no parameters, since it is not identified. */
extern void LifetimeModelRequireParameters(const LifetimeModel *model);

#endif							/* CUSTSEG_LIFETIME_MODEL_H */
