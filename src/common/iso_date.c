/*
 * iso_date.c
 *		Dates as ISO 8601 text, whatever DateStyle is.
 *
 * Text forms of our types must be immutable; date_in depends on DateStyle and
 * knows 'today'.
 */
#include "common/iso_date.h"

#include "miscadmin.h"

void
IsoDateEncode(DateADT date, char *buffer)
{
	struct pg_tm tm;

	memset(&tm, 0, sizeof(tm));
	j2date(date + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, buffer);
}

bool
IsoDateDecode(const char *text, int length, DateADT *date)
{
	char		given[MAXDATELEN + 1];
	char		again[MAXDATELEN + 1];
	int			year;
	int			month;
	int			day;

	if (length >= MAXDATELEN)
		return false;
	memcpy(given, text, length);
	given[length] = '\0';
	if (sscanf(given, "%7d-%2d-%2d", &year, &month, &day) != 3)
		return false;
	if (length > 3 && strcmp(given + length - 3, " BC") == 0)
		year = 1 - year;
	if (month < 1 || month > MONTHS_PER_YEAR || day < 1 || day > 31 ||
		!IS_VALID_JULIAN(year, month, day))
		return false;
	*date = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	if (!IS_VALID_DATE(*date))
		return false;
	IsoDateEncode(*date, again);
	return strcmp(given, again) == 0;
}
