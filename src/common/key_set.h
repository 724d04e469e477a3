/*
 * key_set.h
 *		The keys of a query's rows, each of which may come once only.
 */
#ifndef CUSTSEG_KEY_SET_H
#define CUSTSEG_KEY_SET_H

#include "common/group_table.h"

#define KEY_SET_BATCH	128

/* Called with a key that came more than once; throws the error. */
typedef void (*DuplicateReporter) (const GroupKey *key, void *arg);

typedef struct KeySet
{
	GroupTable *table;
	DuplicateReporter report;
	void	   *arg;
	int			n;				/* keys that wait */
	bool		byte_keys;
	GroupKey	key[KEY_SET_BATCH]; /* data is an offset into bytes */
	uint64		hash[KEY_SET_BATCH];
	char	   *bytes;
	Size		used;
	Size		capacity;
} KeySet;

/* Lives in the current memory context; goes to files beyond the limit. */
extern KeySet *KeySetCreate(bool byte_keys, Size memory_limit,
							DuplicateReporter report, void *arg);

/* A duplicate may be reported some keys later. */
extern void KeySetAdd(KeySet *set, const GroupKey *key);

/* Reports what was not reported yet, and frees the set. */
extern void KeySetFinish(KeySet *set);

#endif							/* CUSTSEG_KEY_SET_H */
