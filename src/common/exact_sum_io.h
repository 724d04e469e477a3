/*
 * exact_sum_io.h
 *		Exact sums in the text and binary forms of the types that hold them.
 */
#ifndef CUSTSEG_EXACT_SUM_IO_H
#define CUSTSEG_EXACT_SUM_IO_H

#include "common/exact_sum.h"
#include "common/json.h"
#include "lib/stringinfo.h"

/* ,"key":"0x18p-3" */
extern void ExactSumAppend(StringInfo out, const char *key, const ExactSum *sum);

/*
 * Each reads a sum that has room for EXACT_SUM_MAX limbs: that of a key, false
 * after an error; and the next one of a message, with errors about this type.
 */
extern bool ExactSumRead(JsonReader *r, const char *key, ExactSum *sum);
extern void ExactSumReceive(StringInfo in, const char *type, ExactSum *sum);

extern void ExactSumSend(StringInfo out, const ExactSum *sum);

#endif							/* CUSTSEG_EXACT_SUM_IO_H */
