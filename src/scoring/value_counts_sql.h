/*
 * value_counts_sql.h
 *		A value_counts as an argument.
 */
#ifndef CUSTSEG_VALUE_COUNTS_SQL_H
#define CUSTSEG_VALUE_COUNTS_SQL_H

#include "common/aggregate_state.h"
#include "scoring/value_counts.h"

#include "fmgr.h"

static inline ValueCounts *
ValueCountsArgument(FunctionCallInfo fcinfo, int argno)
{
	ValueCounts *state = (ValueCounts *) PG_GETARG_VARLENA_P(argno);

	ValueCountsCheck(state);
	return state;
}

/*
 * The state in argument 0, for changing it: a copy where no aggregate calls.
 */
static inline ValueCounts *
OwnValueCounts(FunctionCallInfo fcinfo)
{
	ValueCounts *state = ValueCountsArgument(fcinfo, 0);

	return OwnState(fcinfo, state);
}

/*
 * The same in a transition function; NULL at first.  What an aggregate passes
 * to it is what the last call returned, or was read by the type's input
 * function: it is plain and sound.  So only the first state of a call site is
 * checked, and fn_extra, which is taken, says that an aggregate calls.
 */
static inline ValueCounts *
TransitionValueCounts(FunctionCallInfo fcinfo)
{
	ValueCounts *state;

	if (PG_ARGISNULL(0))
		return NULL;
	if (likely(fcinfo->flinfo->fn_extra != NULL))
		return (ValueCounts *) PG_GETARG_POINTER(0);
	state = OwnValueCounts(fcinfo);
	if (AggCheckCallContext(fcinfo, NULL))
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
	return state;
}

#endif							/* CUSTSEG_VALUE_COUNTS_SQL_H */
