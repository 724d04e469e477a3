/*
 * return_at.c
 *		return_at() and marginal_return(): one curve at one amount.
 *
 * With them a user sees what allocate_return() went by: at its solution the
 * marginal return is the same in all rows that are at neither bound.
 */
#include "allocation/return_args.h"

#include <float.h>
#include <math.h>

#include "common/names.h"
#include "utils/builtins.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(custseg_return_at);
PG_FUNCTION_INFO_V1(custseg_marginal_return);

CurveKind
ReadCurveKind(Datum name)
{
	struct varlena *word = PG_DETOAST_DATUM_PACKED(name);
	int			kind = FindName(curve_names, N_CURVES, VARDATA_ANY(word), VARSIZE_ANY_EXHDR(word));

	if (kind < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("curve is not known: \"%s\"", TextDatumGetCString(name)),
				 errhint("Curves are log, power, negexp, saturation and hill.")));
	if ((Pointer) word != DatumGetPointer(name))
		pfree(word);
	return kind;
}

void
CheckCurve(const ReturnCurve *curve, bool c_is_null)
{
	if (!(curve->a >= 0 && curve->a <= DBL_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a must be a finite number that is not negative, not %s",
						float8out_internal(curve->a)),
				 errhint("a is the size of the return. Pass null to leave a row out.")));
	if (curve->kind == CURVE_POWER && !(curve->b > 0 && curve->b < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("b must be between 0 and 1 for curve power, not %s", float8out_internal(curve->b)),
				 errhint("b is the exponent. At 1 and above returns do not diminish.")));
	if (!(curve->b > 0 && curve->b <= CURVE_B_MAX &&
		  (curve->b >= CURVE_B_MIN || curve->kind == CURVE_POWER)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("b must be between 1e-200 and 1e200 for curve %s, not %s",
						curve_names[curve->kind], float8out_internal(curve->b)),
				 errhint("b is an amount: the one by which the curve bends.")));
	if (curve->kind != CURVE_HILL)
		return;
	if (c_is_null)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("c must not be null for curve hill"),
				 errhint("Pass the exponent, for example c => 2. With c => 1 the curve is saturation.")));
	if (!(curve->c >= CURVE_C_MIN && curve->c <= CURVE_C_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("c must be between 0.01 and 1000, not %s", float8out_internal(curve->c)),
				 errhint("c is the exponent of curve hill; above 1 the curve is S-shaped.")));
}

/* Arguments: curve, a, b, x, c. False if one that is needed is null. */
static bool
ReadCurveAt(FunctionCallInfo fcinfo, ReturnCurve *curve, double *x)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return false;
	curve->kind = ReadCurveKind(PG_GETARG_DATUM(0));
	curve->a = PG_GETARG_FLOAT8(1);
	curve->b = PG_GETARG_FLOAT8(2);
	curve->c = PG_ARGISNULL(4) ? 0 : PG_GETARG_FLOAT8(4);
	CheckCurve(curve, PG_ARGISNULL(4));
	*x = PG_GETARG_FLOAT8(3);
	if (!(*x >= 0 && *x <= DBL_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must be a finite number that is not negative, not %s", float8out_internal(*x)),
				 errhint("x is the amount that a row gets.")));
	return true;
}

Datum
custseg_return_at(PG_FUNCTION_ARGS)
{
	ReturnCurve curve;
	double		x;
	double		value;

	if (!ReadCurveAt(fcinfo, &curve, &x))
		PG_RETURN_NULL();
	value = CurveValue(&curve, x);
	if (isinf(value))
		float_overflow_error();
	PG_RETURN_FLOAT8(value);
}

Datum
custseg_marginal_return(PG_FUNCTION_ARGS)
{
	ReturnCurve curve;
	double		x;

	if (!ReadCurveAt(fcinfo, &curve, &x))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(CurveSlope(&curve, x));
}
