/*
 * classify.c
 *		classify(value, classes): from an attribute to a class.
 *
 * Industries, regions, postcodes and the like come as codes, and codes are
 * often built from the left: 'DE-BY' is in 'DE', '6201' in '62'. So a key that
 * ends in '*' stands for all values that begin like it, the longest such key
 * wins, an exact key wins over all of them, and '*' alone is the default.
 *
 * The keys are sorted by length and bytes once per call site. A value is
 * looked up once among the exact keys, then among the prefixes of each length
 * that there is, the longest first.
 */
#include "postgres.h"

#include "common/compat.h"

#include "common/argument_cache.h"
#include "common/core.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(custseg_classify);

typedef struct ClassKey
{
	const char *bytes;			/* without the star */
	int			length;
	bool		is_prefix;
	text	   *class;
} ClassKey;

typedef struct ClassMap
{
	int			n_exact;		/* these come first */
	int			n;
	ClassKey	key[FLEXIBLE_ARRAY_MEMBER];
} ClassMap;

static int
CompareBytes(int length_a, const char *a, int length_b, const char *b)
{
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return memcmp(a, b, length_a);
}

static int
CompareKeys(const void *a, const void *b)
{
	const ClassKey *x = a;
	const ClassKey *y = b;

	if (x->is_prefix != y->is_prefix)
		return x->is_prefix ? 1 : -1;
	return CompareBytes(x->length, x->bytes, y->length, y->bytes);
}

pg_noreturn static void
RefuseClasses(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", what),
			 errhint("Pass an object of texts, such as {\"62*\": \"IT\", \"6420\": \"holding\", \"*\": \"other\"}.")));
}

/* ArgumentMaker */
static const void *
MakeClassMap(Datum argument)
{
	Jsonb	   *classes = DatumGetJsonbP(argument);
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;
	ClassMap   *map;

	if (!JB_ROOT_IS_OBJECT(classes))
		RefuseClasses("classes must be a JSON object");
	map = palloc0(offsetof(ClassMap, key) + JB_ROOT_COUNT(classes) * sizeof(ClassKey));
	it = JsonbIteratorInit(&classes->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		ClassKey   *key = &map->key[map->n];

		if (token == WJB_KEY)
		{
			key->length = v.val.string.len;
			key->bytes = pnstrdup(v.val.string.val, v.val.string.len);
			key->is_prefix = key->length > 0 && key->bytes[key->length - 1] == '*';
			key->length -= key->is_prefix;
		}
		if (token == WJB_VALUE)
		{
			if (v.type != jbvString)
				RefuseClasses(psprintf("the class of \"%s%s\" must be a text", pnstrdup(key->bytes, key->length),
									   key->is_prefix ? "*" : ""));
			key->class = cstring_to_text_with_len(v.val.string.val, v.val.string.len);
			map->n_exact += !key->is_prefix;
			map->n++;
			POLL_EVERY(map->n);
		}
	}
	qsort(map->key, map->n, sizeof(ClassKey), CompareKeys);
	return map;
}

/* Among key[low..high), which ascend, the first that is not below these bytes. */
static int
LowerBound(const ClassMap *map, int low, int high, const char *bytes, int length)
{
	while (low < high)
	{
		int			middle = (low + high) / 2;
		const ClassKey *key = &map->key[middle];

		if (CompareBytes(key->length, key->bytes, length, bytes) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
KeyIs(const ClassKey *key, const char *bytes, int length)
{
	return CompareBytes(key->length, key->bytes, length, bytes) == 0;
}

/* Among the prefixes before `high`, the first that has this length or more. */
static int
FirstOfLength(const ClassMap *map, int high, int length)
{
	int			low = map->n_exact;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (map->key[middle].length < length)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const ClassKey *
FindClass(const ClassMap *map, const char *value, int length)
{
	int			at = LowerBound(map, 0, map->n_exact, value, length);
	int			left = map->n;	/* prefixes n_exact .. left - 1 remain */

	if (at < map->n_exact && KeyIs(&map->key[at], value, length))
		return &map->key[at];
	while (left > map->n_exact)
	{
		int			longest = Min(map->key[left - 1].length, length);

		at = LowerBound(map, map->n_exact, left, value, longest);
		if (at < left && KeyIs(&map->key[at], value, longest))
			return &map->key[at];
		/* none of this length: on with the shorter ones, which stand in front of them */
		left = FirstOfLength(map, at, longest);
	}
	return NULL;
}

/* Arguments: value, classes. */
Datum
custseg_classify(PG_FUNCTION_ARGS)
{
	const ClassMap *map;
	const ClassKey *key;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	map = ArgumentCacheGet(fcinfo, 1, MakeClassMap);
	if (PG_ARGISNULL(0))
		key = map->n > map->n_exact && map->key[map->n_exact].length == 0 ?
			&map->key[map->n_exact] : NULL;	/* the default is the shortest prefix */
	else
	{
		text	   *value = PG_GETARG_TEXT_PP(0);

		key = FindClass(map, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	}
	if (key == NULL)
		PG_RETURN_NULL();
	/* a copy: the next call may drop what the cache holds */
	PG_RETURN_TEXT_P(cstring_to_text_with_len(VARDATA_ANY(key->class), VARSIZE_ANY_EXHDR(key->class)));
}
