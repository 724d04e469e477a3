/*
 * binary.c
 *		The binary form of our types, whose first byte is a version.
 */
#include "common/binary.h"

#include "libpq/pqformat.h"

void
BinaryRefuseAs(int sqlstate, const char *type, const char *detail)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("invalid binary data for type %s", type),
			 errdetail_internal("%s", detail)));
}

void
BinaryRefuse(const char *type, const char *detail)
{
	BinaryRefuseAs(ERRCODE_INVALID_BINARY_REPRESENTATION, type, detail);
}

void
BinaryVersion(StringInfo in, const char *type, int version)
{
	int			found;

	if (in->cursor >= in->len)
		BinaryRefuse(type, "It is empty.");
	found = pq_getmsgbyte(in);
	if (found != version)
		BinaryRefuse(type, psprintf("Its version is %d, this custseg reads version %d.",
									found, version));
}
