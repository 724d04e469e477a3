/*
 * key_index.c
 *		Numbers for keys: from integers or bytes to 0 .. n - 1, in key order at last.
 *
 * The solvers of this folder work on arrays, so customers and agents become
 * numbers.  Keys are numbered as they come, by open addressing with linear
 * probing: a slot holds the integer key itself, or the hash of its bytes, so
 * that nearly always one look decides.  When all have come they are sorted
 * once and numbered anew.  Nothing that is reported depends on the order in
 * which they came.
 *
 * Hashes decide ties in the solvers, so they must be the same everywhere:
 * FNV-1a (Fowler, Noll, Vo) over bytes, and the finaliser of MurmurHash3.
 *
 * Memory: in the context in which the index was made; 8 bytes a key, 16 a slot
 * with at most two of three slots in use, and keys that are bytes with 4 bytes
 * of length.
 */
#include "allocation/key_index.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#define FIRST_SLOTS		64
#define FIRST_CAPACITY	32
#define FIRST_BYTES		512

/* --- Hashing ------------------------------------------------------------------ */

static uint64
HashBytes(const char *data, int length)
{
	uint64		hash = UINT64CONST(0xcbf29ce484222325);

	for (int i = 0; i < length; i++)
		hash = (hash ^ (unsigned char) data[i]) * UINT64CONST(0x100000001b3);
	return GroupHashInteger(hash);
}

uint64
KeyHash(const GroupKey *key)
{
	return key->data == NULL ? GroupHashInteger((uint64) key->number) :
		HashBytes(key->data, key->length);
}

/* What a slot says of a key, and where the search for it begins. */
static inline uint64
KeyWord(const GroupKey *key)
{
	return key->data == NULL ? (uint64) key->number : HashBytes(key->data, key->length);
}

static inline uint64
FirstPlace(const KeyIndex *index, uint64 word)
{
	return (index->byte_keys ? word : GroupHashInteger(word)) & index->mask;
}

/* --- Keys ----------------------------------------------------------------------- */

static inline int32
KeyLength(const KeyIndex *index, int32 number)
{
	int32		length;

	memcpy(&length, index->bytes + index->word[number], sizeof(length));
	return length;
}

static inline const char *
KeyData(const KeyIndex *index, int32 number)
{
	return index->bytes + index->word[number] + sizeof(int32);
}

void
KeyIndexKey(const KeyIndex *index, int32 number, GroupKey *key)
{
	key->data = NULL;
	key->length = 0;
	key->number = 0;
	if (!index->byte_keys)
		key->number = index->word[number];
	else
	{
		key->data = KeyData(index, number);
		key->length = KeyLength(index, number);
	}
}

static void
AppendKey(KeyIndex *index, const GroupKey *key)
{
	if (index->n == index->capacity)
	{
		index->capacity = (int32) Min((int64) index->capacity * 2, KEY_INDEX_MAX);
		index->word = repalloc_huge(index->word, (Size) index->capacity * sizeof(int64));
	}
	if (!index->byte_keys)
	{
		index->word[index->n++] = key->number;
		return;
	}
	while (index->used + sizeof(int32) + key->length > index->bytes_capacity)
	{
		index->bytes_capacity *= 2;
		index->bytes = repalloc_huge(index->bytes, index->bytes_capacity);
	}
	index->word[index->n++] = (int64) index->used;
	memcpy(index->bytes + index->used, &key->length, sizeof(int32));
	memcpy(index->bytes + index->used + sizeof(int32), key->data, key->length);
	index->used += sizeof(int32) + key->length;
}

/* --- Slots ---------------------------------------------------------------------- */

static void
StartSlots(KeyIndex *index, uint64 n_slots)
{
	index->slots = MemoryContextAllocHuge(index->context, n_slots * sizeof(KeyIndexSlot));
	index->mask = n_slots - 1;
	for (uint64 i = 0; i < n_slots; i++)
	{
		POLL_EVERY(i);
		index->slots[i].number = -1;
	}
}

KeyIndex *
KeyIndexCreate(bool byte_keys)
{
	KeyIndex   *index = palloc0(sizeof(KeyIndex));

	index->context = CurrentMemoryContext;
	index->byte_keys = byte_keys;
	index->capacity = FIRST_CAPACITY;
	index->word = palloc(FIRST_CAPACITY * sizeof(int64));
	if (byte_keys)
	{
		index->bytes_capacity = FIRST_BYTES;
		index->bytes = palloc(FIRST_BYTES);
	}
	StartSlots(index, FIRST_SLOTS);
	return index;
}

/* The slot of a key, or the empty one where it would be. */
static inline KeyIndexSlot *
Probe(const KeyIndex *index, const GroupKey *key, uint64 word)
{
	uint64		place = FirstPlace(index, word);

	for (;; place = (place + 1) & index->mask)
	{
		KeyIndexSlot *slot = &index->slots[place];

		if (slot->number < 0)
			return slot;
		if (slot->word == word &&
			(!index->byte_keys ||
			 (KeyLength(index, slot->number) == key->length &&
			  memcmp(KeyData(index, slot->number), key->data, key->length) == 0)))
			return slot;
	}
}

static void
Grow(KeyIndex *index)
{
	KeyIndexSlot *old = index->slots;
	uint64		n_old = index->mask + 1;

	StartSlots(index, n_old * 2);
	for (uint64 i = 0; i < n_old; i++)
	{
		uint64		place;

		POLL_EVERY(i);
		if (old[i].number < 0)
			continue;
		place = FirstPlace(index, old[i].word);
		while (index->slots[place].number >= 0)
			place = (place + 1) & index->mask;
		index->slots[place] = old[i];
	}
	pfree(old);
}

int32
KeyIndexFind(const KeyIndex *index, const GroupKey *key)
{
	return Probe(index, key, KeyWord(key))->number;
}

int32
KeyIndexAdd(KeyIndex *index, const GroupKey *key)
{
	uint64		word = KeyWord(key);
	KeyIndexSlot *slot = Probe(index, key, word);

	if (slot->number >= 0)
		return slot->number;
	/* at most 2^31 keys: neither product leaves 64 bits */
	if (((uint64) index->n + 1) * 3 > (index->mask + 1) * 2)
	{
		Grow(index);
		slot = Probe(index, key, word);
	}
	slot->word = word;
	slot->number = index->n;
	AppendKey(index, key);
	return slot->number;
}

/* --- Order ---------------------------------------------------------------------- */

typedef struct SortItem
{
	uint64		prefix;			/* orders as the key does, as far as it goes */
	int32		number;
} SortItem;

static int
CompareItems(const SortItem *a, const SortItem *b, const KeyIndex *index)
{
	int32		a_length;
	int32		b_length;
	int			result;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	if (!index->byte_keys)
		return 0;
	a_length = KeyLength(index, a->number);
	b_length = KeyLength(index, b->number);
	result = memcmp(KeyData(index, a->number), KeyData(index, b->number), Min(a_length, b_length));
	return result != 0 ? result : (a_length > b_length) - (a_length < b_length);
}

#define ST_SORT SortItems
#define ST_ELEMENT_TYPE SortItem
#define ST_COMPARE(a, b, arg) CompareItems(a, b, arg)
#define ST_COMPARE_ARG_TYPE const KeyIndex
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* The first eight bytes, or the integer with its sign turned. */
static uint64
KeyPrefix(const KeyIndex *index, int32 number)
{
	uint64		prefix = 0;
	const char *data;
	int32		length;

	if (!index->byte_keys)
		return (uint64) index->word[number] ^ (UINT64CONST(1) << 63);
	data = KeyData(index, number);
	length = KeyLength(index, number);
	for (int i = 0; i < 8; i++)
		prefix = prefix << 8 | (i < length ? (unsigned char) data[i] : 0);
	return prefix;
}

/* Gives each key its new number. */
static void
Renumber(KeyIndex *index, const int32 *new_number)
{
	int64	   *word = MemoryContextAllocHuge(index->context, (Size) index->capacity * sizeof(int64));

	for (int32 i = 0; i < index->n; i++)
	{
		POLL_EVERY(i);
		word[new_number[i]] = index->word[i];
	}
	pfree(index->word);
	index->word = word;
	for (uint64 i = 0; i <= index->mask; i++)
	{
		POLL_EVERY(i);
		if (index->slots[i].number >= 0)
			index->slots[i].number = new_number[index->slots[i].number];
	}
}

int32 *
KeyIndexSort(KeyIndex *index)
{
	SortItem   *items = palloc_extended(((Size) index->n + 1) * sizeof(SortItem), MCXT_ALLOC_HUGE);
	bool		sorted = true;
	int32	   *new_number;

	for (int32 i = 0; i < index->n; i++)
	{
		POLL_EVERY(i);
		items[i].prefix = KeyPrefix(index, i);
		items[i].number = i;
		if (i > 0 && sorted)
			sorted = CompareItems(&items[i - 1], &items[i], index) < 0;
	}
	if (sorted)
	{
		pfree(items);
		return NULL;
	}
	SortItems(items, index->n, index);
	new_number = palloc_extended((Size) index->n * sizeof(int32), MCXT_ALLOC_HUGE);
	for (int32 i = 0; i < index->n; i++)
	{
		POLL_EVERY(i);
		new_number[items[i].number] = i;
	}
	pfree(items);
	Renumber(index, new_number);
	return new_number;
}

uint64 *
KeyIndexHashes(const KeyIndex *index)
{
	uint64	   *hashes = palloc_extended(((Size) index->n + 1) * sizeof(uint64), MCXT_ALLOC_HUGE);
	GroupKey	key;

	for (int32 i = 0; i < index->n; i++)
	{
		POLL_EVERY(i);
		KeyIndexKey(index, i, &key);
		hashes[i] = KeyHash(&key);
	}
	return hashes;
}
