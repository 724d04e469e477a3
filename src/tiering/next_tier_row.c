/*
 * next_tier_row.c
 *		The row that next_tier returns: its rarer and its last steps.
 */
#include "tiering/next_tier_row.h"

#include "funcapi.h"

/* A text of more than 126 bytes moves up to make room for a long header. */
void
RowTextEndLong(RowWriter *row)
{
	TextBuffer *out = &row->bytes;
	int			length = out->length - row->start - 1;
	int			aligned = INTALIGN(row->start);

	if (aligned + VARHDRSZ + length > out->capacity)
		TextBufferGrow(out, VARHDRSZ + sizeof(int32));
	memmove(out->data + aligned + VARHDRSZ, out->data + row->start + 1, length);
	memset(out->data + row->start, 0, aligned - row->start);
	SET_VARSIZE(out->data + aligned, VARHDRSZ + length);
	out->length = aligned + VARHDRSZ + length;
}

Datum
RowDatum(const RowWriter *row, TupleDesc columns)
{
	HeapTupleHeader header = (HeapTupleHeader) palloc(row->bytes.length);

	Assert(row->column == columns->natts && columns->natts <= BITS_PER_BYTE);
	memset(header, 0, ROW_HEADER);
	memcpy((char *) header + ROW_HEADER, row->bytes.data + ROW_HEADER,
		   row->bytes.length - ROW_HEADER);
	HeapTupleHeaderSetDatumLength(header, row->bytes.length);
	HeapTupleHeaderSetTypeId(header, columns->tdtypeid);
	HeapTupleHeaderSetTypMod(header, columns->tdtypmod);
	ItemPointerSetInvalid(&header->t_ctid);
	HeapTupleHeaderSetNatts(header, columns->natts);
	header->t_infomask = HEAP_HASVARWIDTH | HEAP_HASNULL;
	header->t_bits[0] = row->present;
	header->t_hoff = ROW_HEADER;
	return HeapTupleHeaderGetDatum(header);
}
