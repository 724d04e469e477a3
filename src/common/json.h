/*
 * json.h
 *		The JSON text form of our types.
 *
 * A reader stands at one value at a time: JsonFind and JsonRequire move it to
 * the value of a key, JsonNext to the next element of an array. What reads a
 * value checks it, and says in its message where it stands and what it found.
 *
 * Every function that returns false for bad input has then saved a soft error
 * (from PostgreSQL 16 on; earlier an error is thrown).
 */
#ifndef CUSTSEG_JSON_H
#define CUSTSEG_JSON_H

#include "postgres.h"

#include "common/compat.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/nodes.h"
#include "utils/date.h"
#include "utils/jsonb.h"

typedef struct JsonReader
{
	const char *type;			/* that is read, for messages */
	int			sqlstate;		/* of the next refusal: 22P02, unless changed */
	Node	   *context;		/* takes soft errors */
	JsonbContainer *object;		/* in which keys are looked up */
	const char *parent;			/* the key of that object; NULL: outermost */

	/* where it stands */
	const char *key;
	int			index;			/* of an element of the array there, or -1 */
	JsonbIterator *elements;	/* the rest of that array */
	JsonbValue	value;			/* jbvNull when the key is missing */
} JsonReader;

/*
 * Opens the text in argument 0 of an input function, which must be an object
 * with none but the known keys, of which "version" is the first, and with a
 * version up to the given one. A missing version is 1.
 */
extern bool JsonOpen(JsonReader *r, FunctionCallInfo fcinfo, const char *type,
					 const char *const *keys, int n_keys, int version);

/* Moves to the value of a key; false, and no error, if it is missing or null. */
extern bool JsonFind(JsonReader *r, const char *key);

/* The same, but a missing key is an error. */
extern bool JsonRequire(JsonReader *r, const char *key);

/*
 * The value must be an array; of says of what, for the message. JsonNext then
 * moves to one element after the other, and returns false behind the last, or
 * when the key of the array is missing.
 */
extern bool JsonArray(JsonReader *r, const char *of, int *length);
extern bool JsonNext(JsonReader *r);

/* The value must be an object with none but the known keys; inner reads it. */
extern bool JsonObject(JsonReader *r, const char *const *keys, int n_keys,
					   JsonReader *inner);

static inline bool
JsonIsNull(const JsonReader *r)
{
	return r->value.type == jbvNull;
}

/* The value must be an integer within bounds. */
extern bool JsonInt64(JsonReader *r, int64 low, int64 high, int64 *result);

/* Is it one? No error if not. */
extern bool JsonIsInt64(const JsonReader *r, int64 low, int64 high, int64 *result);

/* The value must be a float8 as JsonAppendFloat8 writes it: never NaN or -0. */
extern bool JsonFloat8(JsonReader *r, double *result);

/* The value must be a string; its bytes are not NUL-terminated. */
extern bool JsonString(JsonReader *r, const char **bytes, int *length);

/* The value must be one of the names; the result is its index. */
extern bool JsonChoice(JsonReader *r, const char *const *names, int n, int *result);

/* The value must be a date, as IsoDateEncode writes it. */
extern bool JsonDate(JsonReader *r, DateADT *result);

/* "key" must be <expected>, not <found>. Always false. */
extern bool JsonMustBe(JsonReader *r, const char *expected);

/* Refuses the text for a reason in words. Always false. */
extern bool JsonRefuse(JsonReader *r, const char *detail);

/* The shortest decimal that is this float8; infinities as strings. Not NaN. */
extern void JsonAppendFloat8(StringInfo out, double x);

#endif							/* CUSTSEG_JSON_H */
