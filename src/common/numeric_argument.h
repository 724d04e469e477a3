/*
 * numeric_argument.h
 *		Numeric arguments as Decimal and as float8 functions take them.
 */
#ifndef CUSTSEG_NUMERIC_ARGUMENT_H
#define CUSTSEG_NUMERIC_ARGUMENT_H

#include "postgres.h"

#include "common/decimal.h"
#include "fmgr.h"

/*
 * The numeric of a datum, with a short header as it may lie in a table.  Only
 * one of thousands of digits is ever compressed or out of line, so this
 * spares the others the call.
 */
static inline struct varlena *
NumericArgument(Datum datum)
{
	struct varlena *n = (struct varlena *) DatumGetPointer(datum);

	if (unlikely(VARATT_IS_COMPRESSED(n) || VARATT_IS_EXTERNAL(n)))
		return PG_DETOAST_DATUM_PACKED(datum);
	return n;
}

/* The float8 that a cast gives.  Leaves no memory behind, for use in loops. */
static inline double
NumericArgumentToFloat8(Datum datum)
{
	struct varlena *n = NumericArgument(datum);
	double		x = NumericToFloat8(n);

	if (unlikely(n != (struct varlena *) DatumGetPointer(datum)))
		pfree(n);
	return x;
}

#endif							/* CUSTSEG_NUMERIC_ARGUMENT_H */
