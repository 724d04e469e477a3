/*
 * aggregate_state.h
 *		What aggregates with a flat state have in common.
 */
#ifndef CUSTSEG_AGGREGATE_STATE_H
#define CUSTSEG_AGGREGATE_STATE_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"

/* The state, for changing it in place: a copy where no aggregate calls. */
static inline void *
OwnState(FunctionCallInfo fcinfo, void *state)
{
	if (AggCheckCallContext(fcinfo, NULL))
		return state;
	return memcpy(palloc(VARSIZE(state)), state, VARSIZE(state));
}

#endif							/* CUSTSEG_AGGREGATE_STATE_H */
