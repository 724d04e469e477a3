/*
 * lifetime_large.h
 *		A lifetime_state of many cells, while an aggregate changes it.
 */
#ifndef CUSTSEG_LIFETIME_LARGE_H
#define CUSTSEG_LIFETIME_LARGE_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "scoring/lifetime/lifetime_table.h"

/* The table of a value that is in large form, or NULL. */
extern LifetimeTable *LifetimeLargeTable(Datum value);

/* The same, if the value may be changed in place by the calling aggregate. */
extern LifetimeTable *LifetimeLargeTableToChange(FunctionCallInfo fcinfo, Datum value);

/*
 * Whether the calling aggregate had better bring a state into large form
 * before it takes more cells, and the state in that form.
 */
extern bool LifetimeBecomesLarge(FunctionCallInfo fcinfo, const LifetimeState *state);
extern Datum LifetimeMakeLarge(FunctionCallInfo fcinfo, const LifetimeState *state,
							   LifetimeTable **table);

#endif							/* CUSTSEG_LIFETIME_LARGE_H */
