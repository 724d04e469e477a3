/*
 * binary.h
 *		The binary form of our types, whose first byte is a version.
 */
#ifndef CUSTSEG_BINARY_H
#define CUSTSEG_BINARY_H

#include "postgres.h"

#include "common/compat.h"

#include "lib/stringinfo.h"

/* An error about what a receive function was given; 22P03 unless said. */
pg_noreturn extern void BinaryRefuse(const char *type, const char *detail);
pg_noreturn extern void BinaryRefuseAs(int sqlstate, const char *type, const char *detail);

/* Reads the version, which must be this one. */
extern void BinaryVersion(StringInfo in, const char *type, int version);

/* An error unless a stored value has the version that we read. */
static inline void
CheckStoredVersion(const char *type, int found, int version)
{
	if (unlikely(found != version))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s has version %d, this custseg reads version %d",
						type, found, version),
				 errhint("Update the library with the extension that wrote it.")));
}

#endif							/* CUSTSEG_BINARY_H */
