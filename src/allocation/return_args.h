/*
 * return_args.h
 *		Arguments that say which curve a row has.
 */
#ifndef CUSTSEG_RETURN_ARGS_H
#define CUSTSEG_RETURN_ARGS_H

#include "postgres.h"

#include "common/compat.h"

#include "allocation/return_curve.h"
#include "fmgr.h"

/* The kind of a curve by its name, a text datum. */
extern CurveKind ReadCurveKind(Datum name);

/* Errors (22023) that name the argument and its value. */
extern void CheckCurve(const ReturnCurve *curve, bool c_is_null);

#endif							/* CUSTSEG_RETURN_ARGS_H */
