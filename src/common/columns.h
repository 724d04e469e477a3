/*
 * columns.h
 *		From the Datums of a user's query to keys, days and exact amounts.
 */
#ifndef CUSTSEG_COLUMNS_H
#define CUSTSEG_COLUMNS_H

#include "postgres.h"

#include "common/compat.h"

#include "catalog/pg_type.h"
#include "common/group_table.h"
#include "common/numeric_argument.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/timestamp.h"

/*
 * Days of timestamps with time zone, in a zone. A zone keeps one offset from
 * one transition to the next; each such stretch is looked up once.
 */
typedef struct ZoneStretch
{
	pg_time_t	from;			/* first second known to have the offset */
	pg_time_t	until;			/* the next transition */
	long		offset;			/* seconds east of Greenwich */
} ZoneStretch;

typedef struct ZoneDays
{
	pg_tz	   *zone;
	ZoneStretch current;
	ZoneStretch *known;			/* ascending, not overlapping */
	int			n_known;
	int			capacity;
	MemoryContext context;
} ZoneDays;

/* A full zone name, not an abbreviation; an unknown one is an error (22023). */
extern ZoneDays *ZoneDaysCreate(const char *zone_name);
extern void ZoneDaysFind(ZoneDays *days, pg_time_t second);

typedef struct DayReader
{
	Oid			type;
	ZoneDays   *zone;			/* for timestamptz only */
} DayReader;

/* Checks that a timestamptz comes with a zone; time_zone may be NULL. */
extern void DayReaderInit(DayReader *reader, Oid type, const char *time_zone);

pg_noreturn extern void DayNotFinite(bool minus);
pg_noreturn extern void DayOutOfRange(void);

static inline int32
ReadDay(DayReader *reader, Datum value)
{
	int64		micros;

	if (reader->type == DATEOID)
	{
		DateADT		day = DatumGetDateADT(value);

		if (unlikely(DATE_NOT_FINITE(day)))
			DayNotFinite(DATE_IS_NOBEGIN(day));
		return day;
	}

	micros = DatumGetTimestamp(value);
	if (unlikely(TIMESTAMP_NOT_FINITE(micros)))
		DayNotFinite(TIMESTAMP_IS_NOBEGIN(micros));
	if (reader->type == TIMESTAMPTZOID)
	{
		/* seconds are floored, as days are below */
		pg_time_t	second = micros >= 0 ? micros / USECS_PER_SEC :
		-((-micros + USECS_PER_SEC - 1) / USECS_PER_SEC);

		if (second < reader->zone->current.from ||
			second >= reader->zone->current.until)
			ZoneDaysFind(reader->zone, second);
		micros += reader->zone->current.offset * USECS_PER_SEC;
		/* the zone may lead out of the range, as with AT TIME ZONE */
		if (unlikely(!IS_VALID_TIMESTAMP(micros)))
			DayOutOfRange();
	}
	return (int32) (micros >= 0 ? micros / USECS_PER_DAY :
					-((-micros + USECS_PER_DAY - 1) / USECS_PER_DAY));
}

/* The amount in a column of one of the types that COLUMN_AMOUNT allows. */
extern Decimal ReadOtherAmount(Oid type, Datum value, const char *what);

static inline Decimal
ReadAmount(Oid type, Datum value, const char *what)
{
	Decimal		amount;

	if (likely(type == NUMERICOID) &&
		DecimalFromNumeric(NumericArgument(value), &amount) == DECIMAL_OK)
		return amount;
	return ReadOtherAmount(type, value, what);
}

/* The number in a column that COLUMN_AMOUNT allows; NaN and infinities, too. */
extern double ReadOtherMeasure(Oid type, Datum value);

static inline double
ReadMeasure(Oid type, Datum value)
{
	return type == FLOAT8OID ? DatumGetFloat8(value) :
		type == NUMERICOID ? NumericArgumentToFloat8(value) :
		ReadOtherMeasure(type, value);
}

/* Whether keys of a column type are bytes, not integers. */
static inline bool
KeyIsBytes(Oid type)
{
	return type == UUIDOID || type == TEXTOID || type == VARCHAROID;
}

/* Whether keys of two column types can be equal: integers of any width, texts, uuids. */
static inline bool
KeyTypesMatch(Oid a, Oid b)
{
	return KeyIsBytes(a) == KeyIsBytes(b) && (a == UUIDOID) == (b == UUIDOID);
}

/* data points into the value, or into a copy in the current context. */
static inline void
ReadKey(Oid type, Datum value, GroupKey *key)
{
	key->data = NULL;
	key->length = 0;
	key->number = 0;
	switch (type)
	{
		case INT2OID:
			key->number = DatumGetInt16(value);
			break;
		case INT4OID:
			key->number = DatumGetInt32(value);
			break;
		case INT8OID:
			key->number = DatumGetInt64(value);
			break;
		case UUIDOID:
			key->data = DatumGetPointer(value);
			key->length = 16;
			break;
		default:
			{
				struct varlena *text = PG_DETOAST_DATUM_PACKED(value);

				key->data = VARDATA_ANY(text);
				key->length = VARSIZE_ANY_EXHDR(text);
				break;
			}
	}
}

/*
 * The key as a Datum of another type: text, or the column's own type, or a
 * wider integer. KeyTypeCheck says whether that is possible, naming the column
 * and the argument that holds the type: customer and key, if not others.
 */
extern void KeyTypeCheck(Oid column_type, Oid result_type);
extern void KeyTypeCheckNamed(Oid column_type, Oid result_type,
							  const char *column, const char *argument);
extern Datum KeyDatum(const GroupKey *key, Oid column_type, Oid result_type);

#endif							/* CUSTSEG_COLUMNS_H */
