/*
 * key_index.h
 *		Numbers for keys: from integers or bytes to 0 .. n - 1, in key order at last.
 */
#ifndef CUSTSEG_KEY_INDEX_H
#define CUSTSEG_KEY_INDEX_H

#include "common/group_table.h"

typedef struct KeyIndexSlot
{
	uint64		word;			/* the integer, or the hash of the bytes */
	int32		number;			/* of the key; -1: empty */
} KeyIndexSlot;

typedef struct KeyIndex
{
	bool		byte_keys;
	int32		n;
	int32		capacity;
	int64	   *word;			/* of each key: the integer, or where in bytes it is */
	char	   *bytes;			/* length and bytes of each key */
	Size		used;
	Size		bytes_capacity;
	KeyIndexSlot *slots;
	uint64		mask;			/* number of slots - 1 */
	MemoryContext context;
} KeyIndex;

#define KEY_INDEX_MAX	(PG_INT32_MAX - 1)

/* Memory comes from the current context. */
extern KeyIndex *KeyIndexCreate(bool byte_keys);

/* The same for a key on every platform and in every run, whatever the width of an integer. */
extern uint64 KeyHash(const GroupKey *key);

/* The number of a key, -1 when it is not known. */
extern int32 KeyIndexFind(const KeyIndex *index, const GroupKey *key);

/*
 * The number of a key, which gets the next one when it is new.  The caller
 * makes sure that there are fewer than KEY_INDEX_MAX.
 */
extern int32 KeyIndexAdd(KeyIndex *index, const GroupKey *key);

/* The key's bytes are those of the index. */
extern void KeyIndexKey(const KeyIndex *index, int32 number, GroupKey *key);

/*
 * Numbers the keys anew in their order: integers by value, bytes as memcmp
 * has it.  Returns the new number of each old one, palloc'd; NULL when they
 * were in order.
 */
extern int32 *KeyIndexSort(KeyIndex *index);

/* The hash of each key, palloc'd. */
extern uint64 *KeyIndexHashes(const KeyIndex *index);

#endif							/* CUSTSEG_KEY_INDEX_H */
