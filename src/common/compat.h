/*
 * compat.h
 *		All differences between the supported PostgreSQL majors (15 to 18).
 *
 * Include it right after postgres.h. No other file tests PG_VERSION_NUM.
 */
#ifndef CUSTSEG_COMPAT_H
#define CUSTSEG_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "custseg needs PostgreSQL 15 or newer"
#endif

/* 16: varatt.h was split off from postgres.h */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "storage/buffile.h"

/* 18: pg_attribute_noreturn() became pg_noreturn, which stands in front */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 18: modules can name themselves */
#ifdef PG_MODULE_MAGIC_EXT
#define CUSTSEG_MODULE_MAGIC \
	PG_MODULE_MAGIC_EXT(.name = "custseg", .version = CUSTSEG_VERSION)
#else
#define CUSTSEG_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* 16: input functions report soft errors through an ErrorSaveContext */
#if PG_VERSION_NUM < 160000
#include "fmgr.h"
#include "nodes/nodes.h"

#define errsave(context, ...) \
	do { (void) (context); ereport(ERROR, __VA_ARGS__); } while (0)

static inline bool
DirectInputFunctionCallSafe(PGFunction func, char *str, Oid typioparam,
							int32 typmod, Node *escontext, Datum *result)
{
	(void) escontext;
	*result = DirectFunctionCall3Coll(func, InvalidOid, CStringGetDatum(str),
									  ObjectIdGetDatum(typioparam),
									  Int32GetDatum(typmod));
	return true;
}
#endif

/*
 * 16: BufFileRead was split in two. Ours: all bytes, or none at the end of the
 * file.
 */
#if PG_VERSION_NUM < 160000
static inline void
BufFileReadExact(BufFile *file, void *ptr, size_t size)
{
	if (BufFileRead(file, ptr, size) != size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from temporary file")));
}

static inline bool
BufFileReadOrEof(BufFile *file, void *ptr, size_t size)
{
	size_t		read = BufFileRead(file, ptr, size);

	if (read != 0 && read != size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from temporary file")));
	return read != 0;
}
#else
static inline bool
BufFileReadOrEof(BufFile *file, void *ptr, size_t size)
{
	return BufFileReadMaybeEOF(file, ptr, size, true) != 0;
}
#endif

/* 16: make_range reports soft errors */
#if PG_VERSION_NUM < 160000
#define MAKE_RANGE(type, lower, upper, empty) make_range(type, lower, upper, empty)
#else
#define MAKE_RANGE(type, lower, upper, empty) make_range(type, lower, upper, empty, NULL)
#endif

/* 17: the local transaction id moved within PGPROC (storage/proc.h) */
#if PG_VERSION_NUM >= 170000
#define MY_LOCAL_XID (MyProc->vxid.lxid)
#else
#define MY_LOCAL_XID (MyProc->lxid)
#endif

/* 16: one function checks rights on objects of all classes but a few (utils/acl.h) */
#if PG_VERSION_NUM >= 160000
#define SCHEMA_ACLCHECK(schema, role, mode) \
	object_aclcheck(NamespaceRelationId, schema, role, mode)
#else
#define SCHEMA_ACLCHECK(schema, role, mode) pg_namespace_aclcheck(schema, role, mode)
#endif

#endif							/* CUSTSEG_COMPAT_H */
