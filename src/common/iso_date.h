/*
 * iso_date.h
 *		Dates as ISO 8601 text, whatever DateStyle is.
 */
#ifndef CUSTSEG_ISO_DATE_H
#define CUSTSEG_ISO_DATE_H

#include "postgres.h"

#include "utils/date.h"
#include "utils/datetime.h"

/* Writes at most MAXDATELEN characters and a zero byte. */
extern void IsoDateEncode(DateADT date, char *buffer);

/* Reads exactly what IsoDateEncode writes; false for anything else. */
extern bool IsoDateDecode(const char *text, int length, DateADT *date);

#endif							/* CUSTSEG_ISO_DATE_H */
