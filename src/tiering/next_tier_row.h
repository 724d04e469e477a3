/*
 * next_tier_row.h
 *		The row that next_tier returns, written column by column.
 */
#ifndef CUSTSEG_NEXT_TIER_ROW_H
#define CUSTSEG_NEXT_TIER_ROW_H

#include "postgres.h"

#include "common/compat.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "tiering/condition_text.h"
#include "utils/date.h"

/*
 * next_tier runs once per customer, and forming its tuple by heap_form_tuple was
 * a fifth of that: it looks at each column twice. Here texts are written where
 * they will stand. The layout is that of every tuple (access/htup_details.h):
 * the header with a bitmap of columns that are not null, then the columns, texts
 * of up to 126 bytes with a header of one byte and not aligned, others with
 * one of four bytes at a multiple of four, as dates are.
 *
 * The bytes are of a buffer that is used again; RowDatum copies them.
 */
#define ROW_HEADER	MAXALIGN(SizeofHeapTupleHeader + 1)		/* up to 8 columns */

typedef struct RowWriter
{
	TextBuffer	bytes;
	int			column;
	uint8		present;		/* bit i: column i is not null */
	int			start;			/* of the text that is being written */
} RowWriter;

static inline void
RowBegin(RowWriter *row)
{
	row->bytes.length = ROW_HEADER;
	row->column = 0;
	row->present = 0;
}

static inline void
RowNull(RowWriter *row)
{
	row->column++;
}

static inline void
RowAlign(TextBuffer *out)
{
	static const char zeros[sizeof(int32)] = {0};

	TextBytes(out, zeros, INTALIGN(out->length) - out->length);
}

static inline void
RowDate(RowWriter *row, DateADT date)
{
	RowAlign(&row->bytes);
	TextBytes(&row->bytes, (const char *) &date, sizeof(date));
	row->present |= 1 << row->column++;
}

/* Between these two the text is written to row->bytes. */
static inline void
RowTextBegin(RowWriter *row)
{
	row->start = row->bytes.length;
	TextBytes(&row->bytes, "", 1);
}

extern void RowTextEndLong(RowWriter *row);

static inline void
RowTextEnd(RowWriter *row)
{
	int			size = row->bytes.length - row->start;

	if (likely(size <= VARATT_SHORT_MAX))
		SET_VARSIZE_SHORT(row->bytes.data + row->start, size);
	else
		RowTextEndLong(row);
	row->present |= 1 << row->column++;
}

/* Takes back a text that was begun: the column is null. */
static inline void
RowTextCancel(RowWriter *row)
{
	row->bytes.length = row->start;
	row->column++;
}

static inline void
RowText(RowWriter *row, const char *bytes, int length)
{
	RowTextBegin(row);
	TextBytes(&row->bytes, bytes, length);
	RowTextEnd(row);
}

/* The row, palloc'd; columns is blessed. */
extern Datum RowDatum(const RowWriter *row, TupleDesc columns);

#endif							/* CUSTSEG_NEXT_TIER_ROW_H */
