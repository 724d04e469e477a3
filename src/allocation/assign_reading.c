/*
 * assign_reading.c
 *		What the readers of the queries of assign and its kin have in common.
 *
 * Each query goes through common/user_query.h.  What a row leaves behind
 * (detoasted keys, long numerics) is in a context that is emptied every few
 * hundred rows; what lasts is made in the context of the call.
 */
#include "allocation/assign_reading.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

void
AssignReadingOpen(AssignReading *r, const char *query, const char *argument,
				  const ColumnSpec *columns, int n_columns)
{
	r->context = CurrentMemoryContext;
	r->rows_since_reset = 0;
	r->no_key = 0;
	/* SPI has contexts of its own */
	UserQueryOpen(&r->query, query, argument, columns, n_columns);
	MemoryContextSwitchTo(r->context);
	r->row_context = AllocSetContextCreate(r->context, "custseg rows", ALLOCSET_DEFAULT_SIZES);
}

void
AssignReadingRun(AssignReading *r, RowReceiver receive, void *arg, const char *key_name)
{
	UserQueryRun(&r->query, receive, arg);
	UserQueryClose(&r->query);
	MemoryContextSwitchTo(r->context);
	MemoryContextDelete(r->row_context);
	if (r->no_key > 0)
		ereport(NOTICE,
				(errmsg_plural(INT64_FORMAT " row without a %s in argument \"%s\" was skipped",
							   INT64_FORMAT " rows without a %s in argument \"%s\" were skipped",
							   r->no_key, r->no_key, key_name, r->query.argument)));
}

char *
AssignKeyText(const GroupKey *key, Oid type)
{
	return TextDatumGetCString(KeyDatum(key, type, TEXTOID));
}

char *
AssignNumberText(const KeyIndex *keys, int32 number, Oid type)
{
	GroupKey	key;

	KeyIndexKey(keys, number, &key);
	return AssignKeyText(&key, type);
}

void
AssignCheckKeyTypes(const UserQuery *query, int column, const char *name,
					Oid other_type, const char *other_argument)
{
	if (KeyTypesMatch(query->type[column], other_type))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the %s has type %s in argument \"%s\", and type %s in argument \"%s\"",
					name, format_type_be(query->type[column]), query->argument,
					format_type_be(other_type), other_argument),
			 errhint("Cast the column in one of the queries, so that both are integers, texts or uuids.")));
}

DecimalStatus
AssignReadDecimal(Oid type, Datum value, Decimal *d)
{
	switch (type)
	{
		case INT2OID:
			*d = DecimalFromInt(DatumGetInt16(value));
			return DECIMAL_OK;
		case INT4OID:
			*d = DecimalFromInt(DatumGetInt32(value));
			return DECIMAL_OK;
		case INT8OID:
			*d = DecimalFromInt(DatumGetInt64(value));
			return DECIMAL_OK;
		case FLOAT4OID:
			return DecimalFromFloat4(DatumGetFloat4(value), d);
		case FLOAT8OID:
			return DecimalFromFloat8(DatumGetFloat8(value), d);
	}
	return DecimalFromNumeric(NumericArgument(value), d);
}

char *
AssignValueText(Oid type, Datum value)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

int64
AssignReadWhole(Oid type, Datum value, int64 least, int64 most,
				const char *what, const GroupKey *owner, Oid owner_type)
{
	Decimal		d;
	bool		whole = AssignReadDecimal(type, value, &d) == DECIMAL_OK && d.big == NULL;

	if (whole && d.scale > 0)
	{
		int128		power = DecimalPowers()[d.scale];

		whole = d.value % power == 0;
		d.value /= power;
	}
	if (!whole || d.value < least || d.value > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the %s %s must be a whole number from " INT64_FORMAT " to " INT64_FORMAT ", not %s",
						what, AssignKeyText(owner, owner_type), least, most, AssignValueText(type, value)),
				 errhint("Round it in the query, or count in a smaller unit, such as minutes instead of hours.")));
	return (int64) d.value;
}
