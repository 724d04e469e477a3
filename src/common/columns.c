/*
 * columns.c
 *		From the Datums of a user's query to keys, days and exact amounts.
 *
 * The hot paths are inline in the header; here is what happens once per query,
 * or rarely.
 */
#include "common/columns.h"

#include "common/checks.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

/* --- Days ------------------------------------------------------------------- */

void
DayNotFinite(bool minus)
{
	DateADT		day;

	if (minus)
		DATE_NOBEGIN(day);
	else
		DATE_NOEND(day);
	CheckFiniteDate(day, "day");
	pg_unreachable();
}

void
DayOutOfRange(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("timestamp out of range")));
}

ZoneDays *
ZoneDaysCreate(const char *zone_name)
{
	ZoneDays   *days = palloc0(sizeof(ZoneDays));

	days->zone = pg_tzset(zone_name);
	if (days->zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" is not known", zone_name),
				 errhint("See the names in pg_timezone_names.")));
	if (!pg_tz_acceptable(days->zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" appears to use leap seconds", zone_name),
				 errdetail("PostgreSQL does not support leap seconds.")));
	days->context = CurrentMemoryContext;
	/* an empty stretch: the first look-up is a miss */
	days->current.from = 1;
	days->current.until = 0;
	return days;
}

/* Asks the time zone library for the stretch that holds a second. */
static ZoneStretch
LookUpStretch(const pg_tz *zone, pg_time_t second)
{
	/* seconds here count from 2000, those of the library from 1970 */
	pg_time_t	shift = (pg_time_t) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	pg_time_t	unix_second = second + shift;
	pg_time_t	boundary;
	long		before;
	long		after;
	int			before_is_dst;
	int			after_is_dst;
	ZoneStretch stretch;
	int			found = pg_next_dst_boundary(&unix_second, &before, &before_is_dst,
											 &boundary, &after, &after_is_dst, zone);

	if (found < 0)
		DayOutOfRange();
	stretch.from = second;
	stretch.until = found > 0 ? boundary - shift : PG_INT64_MAX;
	stretch.offset = before;
	return stretch;
}

/* Makes current the stretch that holds a second. */
void
ZoneDaysFind(ZoneDays *days, pg_time_t second)
{
	int			low = 0;
	int			high = days->n_known;
	ZoneStretch stretch;

	/* the first stretch that ends after it */
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (days->known[middle].until > second)
			high = middle;
		else
			low = middle + 1;
	}
	if (low < days->n_known && days->known[low].from <= second)
	{
		days->current = days->known[low];
		return;
	}

	stretch = LookUpStretch(days->zone, second);
	days->current = stretch;
	if (low < days->n_known && days->known[low].until == stretch.until)
	{
		/* the same stretch is known from a later second on */
		days->known[low].from = second;
		days->current = days->known[low];
		return;
	}
	if (days->n_known == days->capacity)
	{
		Size		size = Max(16, days->capacity * 2) * sizeof(ZoneStretch);

		days->known = days->known == NULL ?
			MemoryContextAlloc(days->context, size) : repalloc(days->known, size);
		days->capacity = Max(16, days->capacity * 2);
	}
	memmove(days->known + low + 1, days->known + low,
			(days->n_known - low) * sizeof(ZoneStretch));
	days->known[low] = stretch;
	days->n_known++;
}

void
DayReaderInit(DayReader *reader, Oid type, const char *time_zone)
{
	reader->type = type;
	reader->zone = NULL;
	if (time_zone != NULL)
	{
		/* checked even where it is not used */
		ZoneDays   *zone = ZoneDaysCreate(time_zone);

		if (type == TIMESTAMPTZOID)
			reader->zone = zone;
	}
	else if (type == TIMESTAMPTZOID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the day column is a timestamp with time zone, and no time_zone is given"),
				 errhint("Pass time_zone => 'Europe/Berlin' or the like, or cast the column to date in the query.")));
}

/* --- Amounts ----------------------------------------------------------------- */

Decimal
ReadOtherAmount(Oid type, Datum value, const char *what)
{
	Decimal		amount;
	DecimalStatus status;

	switch (type)
	{
		case INT2OID:
			return DecimalFromInt(DatumGetInt16(value));
		case INT4OID:
			return DecimalFromInt(DatumGetInt32(value));
		case INT8OID:
			return DecimalFromInt(DatumGetInt64(value));
		case FLOAT4OID:
			status = DecimalFromFloat4(DatumGetFloat4(value), &amount);
			break;
		case FLOAT8OID:
			status = DecimalFromFloat8(DatumGetFloat8(value), &amount);
			break;
		default:
			status = DecimalFromNumeric(PG_DETOAST_DATUM_PACKED(value), &amount);
			break;
	}
	CheckFiniteAmount(status, what);
	return amount;
}

double
ReadOtherMeasure(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return DatumGetInt64(value);
		case FLOAT4OID:
			return DatumGetFloat4(value);
	}
	elog(ERROR, "unexpected type of a measure: %u", type);
}

/* --- Keys --------------------------------------------------------------------- */

/* The width of an integer type, 0 for others. */
static int
IntegerWidth(Oid type)
{
	return type == INT2OID ? 2 : type == INT4OID ? 4 : type == INT8OID ? 8 : 0;
}

void
KeyTypeCheck(Oid column_type, Oid result_type)
{
	KeyTypeCheckNamed(column_type, result_type, "customer", "key");
}

void
KeyTypeCheckNamed(Oid column_type, Oid result_type, const char *column, const char *argument)
{
	if (result_type == TEXTOID || result_type == column_type ||
		(result_type == VARCHAROID && column_type == TEXTOID) ||
		(IntegerWidth(column_type) > 0 &&
		 IntegerWidth(result_type) > IntegerWidth(column_type)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the %s column has type %s, and %s has type %s", column,
					format_type_be(column_type), argument, format_type_be(result_type)),
			 errhint("Pass %s => NULL::%s, or cast the %s column in the query.",
					 argument, format_type_be(column_type), column)));
}

Datum
KeyDatum(const GroupKey *key, Oid column_type, Oid result_type)
{
	char		buffer[MAXINT8LEN + 1];

	if (key->data == NULL)
	{
		switch (result_type)
		{
			case INT2OID:
				return Int16GetDatum((int16) key->number);
			case INT4OID:
				return Int32GetDatum((int32) key->number);
			case INT8OID:
				return Int64GetDatum(key->number);
			default:
				return PointerGetDatum(cstring_to_text_with_len(buffer,
																pg_lltoa(key->number, buffer)));
		}
	}
	if (column_type != UUIDOID)
		return PointerGetDatum(cstring_to_text_with_len(key->data, key->length));
	else
	{
		pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));

		memcpy(uuid, key->data, sizeof(pg_uuid_t));
		if (result_type == UUIDOID)
			return UUIDPGetDatum(uuid);
		return CStringGetTextDatum(DatumGetCString(DirectFunctionCall1(uuid_out,
																	   UUIDPGetDatum(uuid))));
	}
}
