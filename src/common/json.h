/*
 * json.h
 *		Reading the JSON text form of our types.
 *
 * Every reader returns false after it has saved a soft error (from PostgreSQL
 * 16 on; earlier an error is thrown). context is fcinfo->context.
 */
#ifndef CUSTSEG_JSON_H
#define CUSTSEG_JSON_H

#include "postgres.h"

#include "common/compat.h"
#include "nodes/nodes.h"
#include "utils/jsonb.h"

/*
 * Parses an object and checks that it has no key beyond the known ones (a
 * NULL-terminated list; "version" first) and no newer version. A missing
 * version is 1.
 */
extern bool JsonParseObject(char *text, const char *type,
							const char *const *known_keys, int version,
							Node *context, Jsonb **result);

/* The value of a key; NULL when it is missing or null. */
extern JsonbValue *JsonField(Jsonb *object, const char *key);

/* An integer within bounds; *result is unchanged when the key is missing. */
extern bool JsonInt64(Jsonb *object, const char *type, const char *key,
					  int64 low, int64 high, Node *context, int64 *result);

/* The same for one value; what names it in the message. */
extern bool JsonValueInt64(const JsonbValue *value, const char *type,
						   const char *what, int64 low, int64 high,
						   Node *context, int64 *result);

/* A finite float8, or the strings "Infinity" and "-Infinity". Never NaN. */
extern bool JsonValueFloat8(const JsonbValue *value, const char *type,
							const char *what, Node *context, double *result);

/* The number of elements of an array under a key, or -1 when it is missing. */
extern bool JsonArray(Jsonb *object, const char *type, const char *key,
					  Node *context, JsonbContainer **array, int *length);

/* Says what is wrong with a key. Always returns false. */
extern bool JsonError(Node *context, const char *type, const char *detail);

#endif							/* CUSTSEG_JSON_H */
