/*
 * cross_class.c
 *		cross_class(): the name of a cell in a matrix of classes.
 *
 * labels is an array with one dimension for each class, so that labels[2][3] is
 * the name for the second class of the first measure and the third of the
 * second: a nine-box grid, or any other matrix, is one value that a table can
 * hold.
 */
#include "postgres.h"

#include "common/compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(custseg_cross_class);

/*
 * The classes, as subscripts of labels; false when one of them is NULL.
 */
static bool
ReadClasses(ArrayType *classes, int n, int *subscript)
{
	const int32 *element = (const int32 *) ARR_DATA_PTR(classes);
	const bits8 *not_null = ARR_NULLBITMAP(classes);
	bool		complete = true;

	for (int i = 0; i < n; i++)
	{
		if (not_null != NULL && !(not_null[i / 8] & (1 << (i % 8))))
			complete = false;
		else
			subscript[i] = *element++;
	}
	return complete;
}

/* Arguments: classes, labels. */
Datum
custseg_cross_class(PG_FUNCTION_ARGS)
{
	ArrayType  *classes = PG_GETARG_ARRAYTYPE_P(0);
	AnyArrayType *labels = PG_GETARG_ANY_ARRAY_P(1);
	int			n = ArrayGetNItems(ARR_NDIM(classes), ARR_DIMS(classes));
	int			n_dims = AARR_NDIM(labels);
	int			subscript[MAXDIM];
	bool		is_null;
	Datum		label;

	if (ARR_NDIM(classes) != 1 || n > MAXDIM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("classes must be a list of 1 to %d classes", MAXDIM),
				 errhint("Pass one class for each dimension of labels, for example ARRAY[value_class, potential_class].")));
	if (n != n_dims)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must have one dimension for each of the %d classes, not %d", n, n_dims),
				 errhint("For two classes write it as ARRAY[['low-low', 'low-high'], ['high-low', 'high-high']].")));
	if (!ReadClasses(classes, n, subscript))
		PG_RETURN_NULL();

	for (int i = 0; i < n; i++)
	{
		int			low = AARR_LBOUND(labels)[i];
		int			high = low + AARR_DIMS(labels)[i] - 1;

		if (subscript[i] < low || subscript[i] > high)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("classes[%d] must be between %d and %d, not %d",
							i + 1, low, high, subscript[i]),
					 errhint("Dimension %d of labels has %d elements, one for each class.",
							 i + 1, AARR_DIMS(labels)[i])));
	}
	label = array_get_element(PG_GETARG_DATUM(1), n, subscript, -1, -1, false,
							  TYPALIGN_INT, &is_null);
	if (is_null)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(label);
}
