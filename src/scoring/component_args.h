/*
 * component_args.h
 *		Arrays of components, weights and directions: arguments and JSON.
 */
#ifndef CUSTSEG_COMPONENT_ARGS_H
#define CUSTSEG_COMPONENT_ARGS_H

#include "postgres.h"

#include "common/compat.h"

#include "common/json.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "scoring/component_rows.h"
#include "utils/array.h"

/*
 * The elements of a one-dimensional float8[] with 1 to MAX_COMPONENTS elements;
 * returns their number. A null element becomes NaN and sets *has_null. Turns -0
 * into 0. Refuses NaN, and infinity too unless that is allowed. what is the
 * argument's name.
 */
extern int	ReadComponents(Datum array, const char *what, bool infinity_allowed,
						   double *values, bool *has_null);

/* n weights: finite, not negative, not all 0, none null. */
extern void ReadWeights(Datum array, int n, const char *per, double *weights);
extern bool WeightsAreSound(const double *weights, int n);

/* n directions, none null. */
extern void ReadBenefit(Datum array, int n, bool *benefit);

/* An error: the number of elements differs within one group or partition. */
pg_noreturn extern void ComponentsChanged(const char *what, int before, int now);

/* An error: weights is NULL. */
pg_noreturn extern void WeightsMissing(void);

extern Datum FloatArrayDatum(const double *values, int n);

extern void AppendFloats(StringInfo out, const char *key, const double *values, int64 n);
extern void AppendBooleans(StringInfo out, const char *key, const bool *values, int n);

/* The value must be an array of exactly n of them. False after an error. */
extern bool ReadJsonFloats(JsonReader *r, int n, double *values);
extern bool ReadJsonBooleans(JsonReader *r, int n, bool *values);

#endif							/* CUSTSEG_COMPONENT_ARGS_H */
