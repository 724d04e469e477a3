/*
 * exact_sum_io.c
 *		Exact sums in the text and binary forms of the types that hold them.
 *
 * In JSON a sum is a string with its canonical text, and in a message the length
 * (int32) and the bytes of the same text: it has as many digits as it needs, and
 * does not show how the limbs lie.
 */
#include "common/exact_sum_io.h"

#include "common/binary.h"
#include "libpq/pqformat.h"

void
ExactSumAppend(StringInfo out, const char *key, const ExactSum *sum)
{
	char		text[EXACT_SUM_TEXT];
	int			length = ExactSumToText(sum, text);

	appendStringInfo(out, ",\"%s\":\"%.*s\"", key, length, text);
}

bool
ExactSumRead(JsonReader *r, const char *key, ExactSum *sum)
{
	const char *text;
	int			length;

	if (!JsonRequire(r, key) || !JsonString(r, &text, &length))
		return false;
	return ExactSumFromText(sum, text, length) ||
		JsonMustBe(r, "an exact sum such as \"0x18p-3\"");
}

void
ExactSumSend(StringInfo out, const ExactSum *sum)
{
	char		text[EXACT_SUM_TEXT];
	int			length = ExactSumToText(sum, text);

	pq_sendint32(out, length);
	pq_sendbytes(out, text, length);
}

void
ExactSumReceive(StringInfo in, const char *type, ExactSum *sum)
{
	int			length = in->len - in->cursor < 4 ? -1 : (int) pq_getmsgint(in, 4);

	if (length < 0 || length > in->len - in->cursor)
		BinaryRefuse(type, "The length of a sum does not fit.");
	if (!ExactSumFromText(sum, pq_getmsgbytes(in, length), length))
		BinaryRefuse(type, "A sum is not well-formed.");
}
