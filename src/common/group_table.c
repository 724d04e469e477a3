/*
 * group_table.c
 *		A hash table from keys to states that goes to temporary files when it
 *		exceeds its memory.
 *
 * Open addressing with linear probing; a slot of an integer key is 16 bytes:
 * the key itself and a pointer to its state. Bytes as keys (text, uuid) have
 * their 64-bit hash in the slot, and a copy of the key beside it. What makes
 * this fast is that callers work on many rows at a time: they prefetch a slot,
 * find it some rows later, prefetch its state, and change that later still, so
 * that the cache misses of many rows overlap.
 *
 * When slots and states exceed the memory limit, all states are packed and
 * written to 32 files, by five bits of the key's hash; what comes later goes
 * straight there. A scan reads the files one by one into a table of its own,
 * merging what belongs to one key; a file that is too large for the memory is
 * split in the same way by the next five bits. The first of several scans
 * leaves merged states behind, so that the next one has less to read.
 *
 * Memory: table->context holds slots, keys and states, and is reset when the
 * table is emptied. States are carved from large chunks in sizes that are
 * powers of two, each on a cache line of its own, with a free list per size.
 * The files belong to the resource owner of the statement, so an error closes
 * them.
 */
#include "common/group_table.h"

#include <sys/mman.h>

#include "lib/stringinfo.h"
#include "utils/memutils.h"

#define MAX_LEVEL		(48 / GROUP_PARTITION_BITS) /* leaves bits for the slots */
#define FIRST_SLOTS		1024
#define SCAN_AHEAD		16

#define SMALLEST_STATE	64		/* a cache line */

char		custseg_group_new;

static inline uint64
SlotHash(const GroupTable *t, const GroupSlot *slot)
{
	return t->byte_keys ? slot->word : GroupHashInteger(slot->word);
}

/*
 * Random access to a large array misses the TLB at nearly every step; huge
 * pages, where the system leaves the choice to programs, spare that.
 */
static void
AdviseHugePages(char *start, Size size)
{
#ifdef MADV_HUGEPAGE
	const uintptr_t page = 2 * 1024 * 1024;
	uintptr_t	from = TYPEALIGN(page, (uintptr_t) start);
	uintptr_t	until = TYPEALIGN_DOWN(page, (uintptr_t) start + size);

	/* only advice: failure does no harm */
	if (size >= 2 * page && from < until)
		(void) madvise((void *) from, until - from, MADV_HUGEPAGE);
#endif
}

static void
StartSlots(GroupTable *t, uint64 n_slots)
{
	Size		size = n_slots * t->slot_size;

	t->slots = MemoryContextAllocHuge(t->context, size);
	AdviseHugePages(t->slots, size);
	memset(t->slots, 0, size);
	t->mask = n_slots - 1;
}

/* After the context was made or reset. */
static void
StartEmpty(GroupTable *t)
{
	StartSlots(t, FIRST_SLOTS);
	t->used = 0;
	t->chunk = t->chunk_end = NULL;
	memset(t->free_states, 0, sizeof(t->free_states));
}

/* --- Memory of states ------------------------------------------------------- */

static inline int
StateSizeClass(Size size)
{
	int			class = 0;

	while ((Size) SMALLEST_STATE << class < size)
		class++;
	return class;
}

static void *
AllocState(GroupTable *t, Size size)
{
	int			class = StateSizeClass(size);
	void	   *state;

	if (class >= GROUP_STATE_SIZES)
		return MemoryContextAllocHuge(t->context, size);
	if (t->free_states[class] != NULL)
	{
		state = t->free_states[class];
		t->free_states[class] = *(void **) state;
		return state;
	}
	size = (Size) SMALLEST_STATE << class;
	if (t->chunk_end - t->chunk < size)
	{
		/* what is left of the old one is given up: less than a large state */
		t->chunk = MemoryContextAllocHuge(t->context, t->chunk_size);
		t->chunk_end = t->chunk + t->chunk_size;
		AdviseHugePages(t->chunk, t->chunk_size);
		t->chunk = (char *) TYPEALIGN(SMALLEST_STATE, (uintptr_t) t->chunk);
	}
	state = t->chunk;
	t->chunk += size;
	return state;
}

static void
FreeState(GroupTable *t, void *state, Size size)
{
	int			class = StateSizeClass(size);

	if (class >= GROUP_STATE_SIZES)
	{
		pfree(state);
		return;
	}
	*(void **) state = t->free_states[class];
	t->free_states[class] = state;
}

void
GroupTablePut(GroupTable *t, GroupSlot *slot, void *state)
{
	Size		size = t->ops->size(state);

	if (slot->state != GROUP_NEW)
		FreeState(t, slot->state, t->ops->size(slot->state));
	slot->state = AllocState(t, size);
	memcpy(slot->state, state, size);
}

/* --- Making one -------------------------------------------------------------- */

static GroupTable *
CreateAtLevel(bool byte_keys, const GroupOps *ops, Size memory_limit, int level)
{
	MemoryContext outer = AllocSetContextCreate(CurrentMemoryContext,
												"custseg group table",
												ALLOCSET_DEFAULT_SIZES);
	GroupTable *t = MemoryContextAllocZero(outer, sizeof(GroupTable));

	t->outer = outer;
	t->context = AllocSetContextCreate(outer, "custseg group states",
									   ALLOCSET_DEFAULT_SIZES);
	t->scratch = AllocSetContextCreate(outer, "custseg group scratch",
									   ALLOCSET_SMALL_SIZES);
	t->pack_capacity = 1024;
	t->pack_buffer = MemoryContextAlloc(outer, t->pack_capacity);
	t->ops = ops;
	t->byte_keys = byte_keys;
	t->memory_limit = Max(memory_limit, 1024 * 1024);
	t->slot_size = offsetof(GroupSlot, key) + (byte_keys ? sizeof(char *) : 0);
	t->level = level;
	t->owner = CurrentResourceOwner;
	/* large chunks for large tables, but never a large part of the limit */
	t->chunk_size = 64 * 1024;
	while (t->chunk_size < t->memory_limit / 32 && t->chunk_size < 8 * 1024 * 1024)
		t->chunk_size *= 2;
	StartEmpty(t);
	return t;
}

GroupTable *
GroupTableCreate(bool byte_keys, const GroupOps *ops, Size memory_limit)
{
	return CreateAtLevel(byte_keys, ops, memory_limit, 0);
}

void
GroupTableDestroy(GroupTable *t)
{
	for (int i = 0; i < GROUP_PARTITIONS; i++)
	{
		if (t->files[i] != NULL)
			BufFileClose(t->files[i]);
		if (t->parts[i] != NULL)
			GroupTableDestroy(t->parts[i]);
	}
	MemoryContextDelete(t->outer);
}

/* The key beside a slot: its length, then its bytes. */
static inline int
KeyLength(const GroupSlot *slot)
{
	int			length;

	memcpy(&length, slot->key[0], sizeof(length));
	return length;
}

GroupSlot *
GroupTableProbe(GroupTable *t, const GroupKey *key, uint64 hash)
{
	uint64		word = t->byte_keys ? hash : (uint64) key->number;
	uint64		position = hash & t->mask;
	GroupSlot  *slot;

	for (;; position = (position + 1) & t->mask)
	{
		slot = GroupSlotAt(t, position);
		if (slot->state == NULL)
			break;
		if (slot->word == word &&
			(!t->byte_keys ||
			 (KeyLength(slot) == key->length &&
			  memcmp(slot->key[0] + sizeof(int), key->data, key->length) == 0)))
			return slot;
	}
	slot->word = word;
	slot->state = GROUP_NEW;
	t->used++;
	if (t->byte_keys)
	{
		slot->key[0] = MemoryContextAlloc(t->context, sizeof(int) + key->length);
		memcpy(slot->key[0], &key->length, sizeof(int));
		memcpy(slot->key[0] + sizeof(int), key->data, key->length);
	}
	return slot;
}

static void
SlotKey(const GroupTable *t, const GroupSlot *slot, GroupKey *key)
{
	key->number = (int64) slot->word;
	key->data = NULL;
	key->length = 0;
	if (t->byte_keys)
	{
		key->data = slot->key[0] + sizeof(int);
		key->length = KeyLength(slot);
	}
}

/* --- Temporary files ------------------------------------------------------ */

static BufFile *
NewFile(GroupTable *t)
{
	MemoryContext old_context = MemoryContextSwitchTo(t->outer);
	ResourceOwner old_owner = CurrentResourceOwner;
	BufFile    *file;

	CurrentResourceOwner = t->owner;
	file = BufFileCreateTemp(false);
	CurrentResourceOwner = old_owner;
	MemoryContextSwitchTo(old_context);
	return file;
}

/*
 * A record: an int64, which is the integer key or the length of its bytes; the
 * length of the packed state as uint32; the key's bytes; the packed state.
 */
#define HEAD_SIZE	(sizeof(int64) + sizeof(uint32))

static void
WriteRecord(const GroupTable *t, BufFile *file, const GroupKey *key,
			const char *content, Size length)
{
	char		record[256];
	char	   *to = record;
	int64		number = t->byte_keys ? key->length : key->number;
	uint32		content_length = (uint32) length;

	memcpy(to, &number, sizeof(int64));
	memcpy(to + sizeof(int64), &content_length, sizeof(uint32));
	to += HEAD_SIZE;
	if (HEAD_SIZE + key->length + length <= sizeof(record))
	{
		if (key->length > 0)
			memcpy(to, key->data, key->length);
		memcpy(to + key->length, content, length);
		BufFileWrite(file, record, HEAD_SIZE + key->length + length);
		return;
	}
	BufFileWrite(file, record, HEAD_SIZE);
	BufFileWrite(file, (void *) key->data, key->length);
	BufFileWrite(file, (void *) content, length);
}

static void
WriteState(GroupTable *t, BufFile *file, const GroupSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(t->scratch);
	Size		length = t->ops->pack(slot->state, &t->pack_buffer, &t->pack_capacity);
	GroupKey	key;

	SlotKey(t, slot, &key);
	WriteRecord(t, file, &key, t->pack_buffer, length);
	MemoryContextSwitchTo(old);
	MemoryContextReset(t->scratch);
}

static BufFile *
PartitionFile(GroupTable *t, uint64 hash)
{
	int			shift = 64 - GROUP_PARTITION_BITS * (t->level + 1);
	int			partition = (hash >> shift) & (GROUP_PARTITIONS - 1);

	if (t->files[partition] == NULL)
		t->files[partition] = NewFile(t);
	return t->files[partition];
}

void
GroupTableWrite(GroupTable *t, const GroupKey *key, uint64 hash,
				const char *content, Size length)
{
	WriteRecord(t, PartitionFile(t, hash), key, content, length);
}

/* Moves all states to the files. */
static void
Spill(GroupTable *t)
{
	for (uint64 i = 0; i <= t->mask; i++)
	{
		GroupSlot  *slot = GroupSlotAt(t, i);

		POLL_EVERY(i);
		if (slot->state != NULL)
			WriteState(t, PartitionFile(t, SlotHash(t, slot)), slot);
	}
	t->spilled = true;
	MemoryContextReset(t->context);
	StartEmpty(t);
}

static void
Grow(GroupTable *t)
{
	char	   *old_slots = t->slots;
	uint64		old_mask = t->mask;

	StartSlots(t, (old_mask + 1) * 2);
	for (uint64 i = 0; i <= old_mask; i++)
	{
		GroupSlot  *from = (GroupSlot *) (old_slots + i * t->slot_size);
		uint64		position;

		if (from->state == NULL)
			continue;
		position = SlotHash(t, from) & t->mask;
		while (GroupSlotAt(t, position)->state != NULL)
			position = (position + 1) & t->mask;
		memcpy(GroupSlotAt(t, position), from, t->slot_size);
		POLL_EVERY(i);
	}
	pfree(old_slots);
}

void
GroupTableReserve(GroupTable *t, int n)
{
	Size		memory = MemoryContextMemAllocated(t->context, false);
	bool		full = (t->used + n) * 10 > (t->mask + 1) * 7;

	if (t->spilled)
		return;
	if (full)
		memory += (t->mask + 1) * 2 * t->slot_size;
	if (memory > t->memory_limit && t->used > 1 && t->level < MAX_LEVEL)
	{
		Spill(t);
		full = false;
	}
	while (full)
	{
		Grow(t);
		full = (t->used + n) * 10 > (t->mask + 1) * 7;
	}
}

/* --- Reading it all ------------------------------------------------------- */

static void
ScanSlots(GroupTable *t, GroupVisitor visit, void *arg)
{
	for (uint64 i = 0; i <= t->mask; i++)
	{
		GroupSlot  *slot = GroupSlotAt(t, i);
		GroupKey	key;

		if (i + SCAN_AHEAD <= t->mask)
		{
			const char *ahead = GroupSlotAt(t, i + SCAN_AHEAD)->state;

			__builtin_prefetch(ahead);
			__builtin_prefetch(ahead + 64);
		}
		POLL_EVERY(i);
		if (slot->state == NULL)
			continue;
		SlotKey(t, slot, &key);
		visit(&key, slot->state, arg);
	}
}

/* Reads a record into *bytes, key first; false at the end of the file. */
static bool
ReadRecord(const GroupTable *t, BufFile *file, StringInfo bytes,
		   GroupKey *key, Size *length)
{
	char		head[HEAD_SIZE];
	uint32		content_length;

	if (!BufFileReadOrEof(file, head, HEAD_SIZE))
		return false;
	memcpy(&key->number, head, sizeof(int64));
	memcpy(&content_length, head + sizeof(int64), sizeof(uint32));
	key->length = t->byte_keys ? (int) key->number : 0;
	*length = content_length;
	resetStringInfo(bytes);
	enlargeStringInfo(bytes, key->length + content_length);
	BufFileReadExact(file, bytes->data, key->length + content_length);
	key->data = t->byte_keys ? bytes->data : NULL;
	return true;
}

/*
 * Reads a file into a table, which may itself spill. The table is below ours
 * in memory, since the current context may be reset by who visits.
 */
static GroupTable *
LoadPartition(GroupTable *t, BufFile *file)
{
	MemoryContext old = MemoryContextSwitchTo(t->outer);
	GroupTable *part = CreateAtLevel(t->byte_keys, t->ops, t->memory_limit,
									 t->level + 1);
	StringInfoData bytes;
	GroupKey	key;
	Size		length;

	initStringInfo(&bytes);
	MemoryContextSwitchTo(part->scratch);
	if (BufFileSeek(file, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rewind temporary file")));
	for (uint64 i = 0; ReadRecord(t, file, &bytes, &key, &length); i++)
	{
		const char *content = bytes.data + key.length;
		uint64		hash = GroupTableHash(part, &key);
		GroupSlot  *slot;

		POLL_EVERY(i);
		GroupTableReserve(part, 1);
		if (part->spilled)
		{
			GroupTableWrite(part, &key, hash, content, length);
			continue;
		}
		slot = GroupTableFind(part, &key, hash);
		GroupTableSet(part, slot,
					  part->ops->merge(GroupSlotState(slot), content, length));
		MemoryContextReset(part->scratch);
	}
	MemoryContextSwitchTo(old);
	pfree(bytes.data);
	return part;
}

/* What the next scan will read instead of the file that a part came from. */
static void
KeepPart(GroupTable *t, int partition, GroupTable *part)
{
	BufFileClose(t->files[partition]);
	t->files[partition] = NULL;
	if (part->spilled)
	{
		t->parts[partition] = part;
		return;
	}
	t->files[partition] = NewFile(t);
	for (uint64 i = 0; i <= part->mask; i++)
	{
		POLL_EVERY(i);
		if (GroupSlotAt(part, i)->state != NULL)
			WriteState(part, t->files[partition], GroupSlotAt(part, i));
	}
	GroupTableDestroy(part);
}

static void
ScanPartition(GroupTable *t, int partition, bool last,
			  GroupVisitor visit, void *arg)
{
	GroupTable *part;

	if (t->parts[partition] != NULL)
		GroupTableScan(t->parts[partition], last, visit, arg);
	if (t->files[partition] == NULL)
		return;
	part = LoadPartition(t, t->files[partition]);
	if (last)
	{
		BufFileClose(t->files[partition]);
		t->files[partition] = NULL;
	}
	GroupTableScan(part, last, visit, arg);
	if (last)
		GroupTableDestroy(part);
	else
		KeepPart(t, partition, part);
}

void
GroupTableScan(GroupTable *t, bool last, GroupVisitor visit, void *arg)
{
	if (!t->spilled)
	{
		ScanSlots(t, visit, arg);
		return;
	}
	for (int i = 0; i < GROUP_PARTITIONS; i++)
		ScanPartition(t, i, last, visit, arg);
}
