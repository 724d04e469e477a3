/*
 * key_set.c
 *		The keys of a query's rows, each of which may come once only.
 *
 * A hash table without states: a slot points to a constant that says "seen".
 * Keys are found a batch at a time, so that their cache misses overlap. Where
 * the keys exceed the memory they go to files, and duplicates show when those
 * are read at the end.
 */
#include "common/key_set.h"

/* How often a key was seen, as far as that matters: once, more often. */
static const char seen[2] = {1, 2};

static void *
Seen(int times)
{
	return unconstify(char *, &seen[times - 1]);
}

static Size
SeenSize(const void *state)
{
	return sizeof(char);
}

static Size
PackSeen(void *state, char **buffer, Size *capacity)
{
	(*buffer)[0] = *(char *) state;
	return sizeof(char);
}

static void *
MergeSeen(void *state, const char *content, Size length)
{
	return Seen(state == NULL ? content[0] : 2);
}

static const GroupOps seen_ops = {SeenSize, PackSeen, MergeSeen};

KeySet *
KeySetCreate(bool byte_keys, Size memory_limit, DuplicateReporter report,
			 void *arg)
{
	KeySet	   *set = palloc(sizeof(KeySet));

	set->table = GroupTableCreate(byte_keys, &seen_ops, memory_limit);
	set->report = report;
	set->arg = arg;
	set->n = 0;
	set->byte_keys = byte_keys;
	set->capacity = KEY_SET_BATCH * 16;
	set->used = 0;
	set->bytes = palloc(set->capacity);
	return set;
}

static void
Flush(KeySet *set)
{
	bool		spilled = GroupTableSpilled(set->table);

	for (int i = 0; i < set->n; i++)
	{
		GroupKey   *key = &set->key[i];
		GroupSlot  *slot;

		if (set->byte_keys)
			key->data = set->bytes + key->number;
		if (spilled)
		{
			GroupTableWrite(set->table, key, set->hash[i], Seen(1), sizeof(char));
			continue;
		}
		slot = GroupTableFind(set->table, key, set->hash[i]);
		if (slot->state != GROUP_NEW)
			set->report(key, set->arg);
		/* shared, and so not put into the table as a state would be */
		slot->state = Seen(1);
	}
	set->n = 0;
	set->used = 0;
}

void
KeySetAdd(KeySet *set, const GroupKey *key)
{
	int			i = set->n;

	if (i == 0)
		GroupTableReserve(set->table, KEY_SET_BATCH);
	set->hash[i] = GroupTableHash(set->table, key);
	set->key[i] = *key;
	if (set->byte_keys)
	{
		while (set->used + key->length > set->capacity)
		{
			set->capacity *= 2;
			set->bytes = repalloc_huge(set->bytes, set->capacity);
		}
		memcpy(set->bytes + set->used, key->data, key->length);
		set->key[i].number = set->used;
		set->used += key->length;
	}
	if (!GroupTableSpilled(set->table))
		GroupTablePrefetch(set->table, set->hash[i]);
	if (++set->n == KEY_SET_BATCH)
		Flush(set);
}

static void
VisitKey(const GroupKey *key, void *state, void *arg)
{
	KeySet	   *set = arg;

	if (*(char *) state > 1)
		set->report(key, set->arg);
}

void
KeySetFinish(KeySet *set)
{
	Flush(set);
	/* in memory every duplicate has been seen */
	if (GroupTableSpilled(set->table))
		GroupTableScan(set->table, true, VisitKey, set);
	GroupTableDestroy(set->table);
	pfree(set->bytes);
	pfree(set);
}
