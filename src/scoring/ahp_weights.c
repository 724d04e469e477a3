/*
 * ahp_weights.c
 *		SQL side of ahp_weights(): checks the matrix and says what is wrong.
 */
#include "postgres.h"

#include "common/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "funcapi.h"
#include "scoring/component_args.h"
#include "scoring/weighting.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(custseg_ahp_weights);

/* How far a product a_ij a_ji may be from 1. */
#define RECIPROCAL_TOLERANCE 1e-6

/* Above this, Saaty advises to revise the judgements. */
#define CR_LIMIT 0.10

/* The number of rows and columns. */
static int
CheckShape(ArrayType *array)
{
	int			n_dims = ARR_NDIM(array);
	int			n;

	if (n_dims != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 n_dims == 0 ? errmsg("matrix must not be empty") :
				 errmsg("matrix must have two dimensions, not %d", n_dims),
				 errhint("Write it row by row, for example ARRAY[[1, 3], [1.0/3, 1]].")));
	n = ARR_DIMS(array)[0];
	if (ARR_DIMS(array)[1] != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("matrix must be square, not %d x %d", n, ARR_DIMS(array)[1]),
				 errhint("It has a row and a column for each thing that is compared.")));
	if (n > MAX_AHP)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("matrix must have at most %d rows, not %d", MAX_AHP, n),
				 errhint("Compare groups first, and then what is in each group.")));
	return n;
}

/* Copies the elements, each of which must be positive. */
static void
ReadMatrix(ArrayType *array, int n, double *matrix)
{
	const double *element = (const double *) ARR_DATA_PTR(array);
	const bits8 *not_null = ARR_NULLBITMAP(array);

	for (int i = 0; i < n * n; i++)
	{
		const char *found = NULL;

		if (not_null != NULL && !(not_null[i / 8] & (1 << (i % 8))))
			found = "null";
		else
		{
			matrix[i] = *element++;
			if (isnan(matrix[i]))
				found = "NaN";
			else if (isinf(matrix[i]))
				found = matrix[i] > 0 ? "Infinity" : "-Infinity";
			else if (matrix[i] <= 0)
				found = double_to_shortest_decimal(matrix[i]);
		}
		if (found != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("matrix[%d][%d] must be a positive number, not %s",
							i / n + 1, i % n + 1, found),
					 errhint("It says how many times the one thing is as important as the other: 3 for more, 1.0/3 for less.")));
	}
}

static void
CheckReciprocal(const double *matrix, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = i; j < n; j++)
		{
			double		a = matrix[i * n + j];
			double		b = matrix[j * n + i];

			if (fabs(a * b - 1) <= RECIPROCAL_TOLERANCE)
				continue;
			if (i == j)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("matrix[%d][%d] must be 1, not %s", i + 1, i + 1,
								double_to_shortest_decimal(a)),
						 errhint("Everything is as important as itself.")));
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("matrix must be reciprocal, but matrix[%d][%d] is %s and matrix[%d][%d] is %s",
							i + 1, j + 1, double_to_shortest_decimal(a),
							j + 1, i + 1, double_to_shortest_decimal(b)),
					 errhint("One must be 1 divided by the other. Write 1.0/3, not 0.33.")));
		}
}

static void
NoteInconsistency(const double *matrix, int n, const AhpResult *result)
{
	int			i = result->worst_i;
	int			j = result->worst_j;

	ereport(NOTICE,
			(errmsg("the judgements are not consistent: cr is %.3f, more than 0.10", result->cr),
			 errhint("The one that fits least is matrix[%d][%d] = %.4g: the weights say %.4g.",
					 i + 1, j + 1, matrix[i * n + j],
					 result->weights[i] / result->weights[j])));
}

Datum
custseg_ahp_weights(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			n = CheckShape(array);
	double		matrix[MAX_AHP * MAX_AHP];
	AhpResult	result;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};

	ReadMatrix(array, n, matrix);
	CheckReciprocal(matrix, n);
	if (!AhpWeights(matrix, n, &result))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weights are out of range"),
				 errhint("Saaty's scale goes from 1/9 to 9.")));
	if (result.cr > CR_LIMIT)
		NoteInconsistency(matrix, n, &result);

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = FloatArrayDatum(result.weights, n);
	values[1] = Float8GetDatum(result.lambda_max);
	values[2] = Float8GetDatum(result.ci);
	values[3] = Float8GetDatum(result.cr);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
