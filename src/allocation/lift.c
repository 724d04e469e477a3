/*
 * lift.c
 *		lift_floor and lift_cap: what a parent must and can take for its children.
 *
 * allocate over the children of a parent is feasible when the parent's amount is
 * at least the sum of their floors and at most what they can take together.  The
 * two aggregates are those sums, in the units that allocate rounds to, so that
 * they can be the parent's floor and cap one level up.
 *
 * The state is the sum so far, a numeric; that of lift_cap is infinity once a
 * child has no cap.
 */
#include "postgres.h"

#include "common/compat.h"

#include "allocation/amounts.h"
#include "common/checks.h"
#include "common/numeric_argument.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(custseg_lift_floor_accum);
PG_FUNCTION_INFO_V1(custseg_lift_floor_accum_scale);
PG_FUNCTION_INFO_V1(custseg_lift_cap_accum);
PG_FUNCTION_INFO_V1(custseg_lift_cap_accum_scale);
PG_FUNCTION_INFO_V1(custseg_lift_cap_final);

/* That of allocate. */
#define DEFAULT_SCALE	2

/* An argument that is not negative; 0 for null. */
static Decimal
ReadAmount(FunctionCallInfo fcinfo, int arg, const char *name)
{
	Decimal		d = DecimalFromInt(0);

	if (PG_ARGISNULL(arg))
		return d;
	CheckFiniteAmount(DecimalFromNumeric(NumericArgument(PG_GETARG_DATUM(arg)), &d), name);
	if (DecimalSign(&d) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least 0, not %s", name, DecimalToString(&d)),
				 errhint("Leave such rows out, or clamp them with greatest(%s, 0).", name)));
	return d;
}

/* A floor or a cap as a whole number of units. */
static Numeric
RoundToUnits(const Decimal *d, int scale, UnitRounding rounding)
{
	int128		units;
	Numeric		number;

	if (UnitsOfDecimal(d, scale, rounding, &units))
		return NumericOfUnits(units, scale);
	number = NumericOfBigUnits(DecimalToNumeric(d), -scale);
	number = DatumGetNumeric(DirectFunctionCall1(rounding == UNITS_UP ? numeric_ceil : numeric_floor,
												 NumericGetDatum(number)));
	return NumericOfBigUnits(number, scale);
}

/* The argument after the others; -1: the default. */
static int
ReadScale(FunctionCallInfo fcinfo, int arg)
{
	if (arg < 0)
		return DEFAULT_SCALE;
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("scale must not be null"),
				 errhint("Pass the scale of the children's allocate.")));
	return CheckedScale(PG_GETARG_INT32(arg));
}

static Datum
AddTo(FunctionCallInfo fcinfo, Numeric amount)
{
	return DirectFunctionCall2(numeric_add, PG_GETARG_DATUM(0), NumericGetDatum(amount));
}

/* Arguments: state, weight, floor, and scale. */
static Datum
LiftFloor(FunctionCallInfo fcinfo, int arg_scale)
{
	int			scale = ReadScale(fcinfo, arg_scale);
	Decimal		floor;

	(void) ReadAmount(fcinfo, 1, "weight");
	floor = ReadAmount(fcinfo, 2, "floor");
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	return AddTo(fcinfo, RoundToUnits(&floor, scale, UNITS_UP));
}

Datum
custseg_lift_floor_accum(PG_FUNCTION_ARGS)
{
	return LiftFloor(fcinfo, -1);
}

Datum
custseg_lift_floor_accum_scale(PG_FUNCTION_ARGS)
{
	return LiftFloor(fcinfo, 3);
}

/* Arguments: state, weight, floor, cap, and scale. */
static Datum
LiftCap(FunctionCallInfo fcinfo, int arg_scale)
{
	int			scale = ReadScale(fcinfo, arg_scale);
	Decimal		weight = ReadAmount(fcinfo, 1, "weight");
	Decimal		d = ReadAmount(fcinfo, 2, "floor");
	Numeric		floor = RoundToUnits(&d, scale, UNITS_UP);
	Numeric		cap;

	d = ReadAmount(fcinfo, 3, "cap");
	cap = RoundToUnits(&d, scale, UNITS_DOWN);
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	if (!PG_ARGISNULL(3) &&
		DatumGetBool(DirectFunctionCall2(numeric_gt, NumericGetDatum(floor), NumericGetDatum(cap))))
		FloorAboveCap(TextOfNumeric(floor), TextOfNumeric(cap), DecimalToString(&weight), scale);
	/* a child without weight takes its floor only */
	if (DecimalSign(&weight) == 0)
		return AddTo(fcinfo, floor);
	if (PG_ARGISNULL(3))
		return DirectFunctionCall3(numeric_in, CStringGetDatum("Infinity"),
								   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return AddTo(fcinfo, cap);
}

Datum
custseg_lift_cap_accum(PG_FUNCTION_ARGS)
{
	return LiftCap(fcinfo, -1);
}

Datum
custseg_lift_cap_accum_scale(PG_FUNCTION_ARGS)
{
	return LiftCap(fcinfo, 4);
}

/* Infinity, that is no cap, becomes null. */
Datum
custseg_lift_cap_final(PG_FUNCTION_ARGS)
{
	if (numeric_is_inf(PG_GETARG_NUMERIC(0)))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}
