/*
 * value_counts_io.h
 *		Values with their counts as text and as bytes, for the types that hold them.
 */
#ifndef CUSTSEG_VALUE_COUNTS_IO_H
#define CUSTSEG_VALUE_COUNTS_IO_H

#include "common/json.h"
#include "scoring/value_counts.h"

/* "values":[...],"counts":[...] */
extern void ValueRunsAppend(StringInfo out, const ValueRuns *runs);

/* The state that the reader's "values" and "counts" hold; NULL after an error. */
extern ValueCounts *ValueCountsRead(JsonReader *r, int classes);

/* The number of values, then each with its count. */
extern void ValueRunsSend(StringInfo out, const ValueRuns *runs);

/* Takes the rest of the message, with errors about this type. */
extern ValueCounts *ValueCountsReceive(StringInfo in, const char *type, int classes);

#endif							/* CUSTSEG_VALUE_COUNTS_IO_H */
