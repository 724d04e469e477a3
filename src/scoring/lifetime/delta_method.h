/*
 * delta_method.h
 *		The variance of a function of fitted parameters (core).
 */
#ifndef CUSTSEG_DELTA_METHOD_H
#define CUSTSEG_DELTA_METHOD_H

#include "scoring/lifetime/lifetime_model.h"

/* Of positive parameters; context is handed through. */
typedef double (*ParameterFunction) (const double *parameter, const void *context);

/* g'Cg for the covariance C of a model and the gradient g of a function. */
extern double GradientVariance(const LifetimeModel *model, const double *gradient);

/* The same with the gradient of f, which is found by differences. */
extern double DeltaVariance(const LifetimeModel *model, ParameterFunction f, const void *context);

#endif							/* CUSTSEG_DELTA_METHOD_H */
