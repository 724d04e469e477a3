/*
 * group_table.h
 *		A hash table from keys to states that goes to temporary files when it
 *		exceeds its memory.
 */
#ifndef CUSTSEG_GROUP_TABLE_H
#define CUSTSEG_GROUP_TABLE_H

#include "common/core.h"
#include "common/hashfn.h"
#include "storage/buffile.h"
#include "utils/resowner.h"

/* An integer, or bytes when data is not NULL. */
typedef struct GroupKey
{
	int64		number;
	const char *data;
	int			length;
} GroupKey;

typedef struct GroupSlot
{
	uint64		word;			/* the integer key, or the hash of the bytes */
	void	   *state;			/* NULL: empty slot */
	char	   *key[FLEXIBLE_ARRAY_MEMBER]; /* one, when keys are bytes */
} GroupSlot;

/* What the table must know of its states. */
typedef struct GroupOps
{
	/* bytes that the state occupies, slack included */
	Size		(*size) (const void *state);
	/* writes into *buffer, made larger as needed; returns the length */
	Size		(*pack) (void *state, char **buffer, Size *capacity);
	/* the merged state, changed in place or palloc'd; NULL starts one */
	void	   *(*merge) (void *state, const char *content, Size length);
} GroupOps;

#define GROUP_PARTITION_BITS	5
#define GROUP_PARTITIONS		(1 << GROUP_PARTITION_BITS)
#define GROUP_STATE_SIZES		8	/* 64 to 8192 bytes; larger ones are palloc'd */

/* Private to group_table.c, but for what the inline functions below read. */
typedef struct GroupTable
{
	char	   *slots;
	Size		slot_size;
	uint64		mask;			/* number of slots - 1 */
	bool		byte_keys;
	bool		spilled;
	uint64		used;

	MemoryContext outer;		/* the table itself and its files' buffers */
	MemoryContext context;
	const GroupOps *ops;
	Size		memory_limit;

	char	   *chunk;			/* what is left of the newest chunk of states */
	char	   *chunk_end;
	Size		chunk_size;
	void	   *free_states[GROUP_STATE_SIZES];

	int			level;			/* how often the keys were split already */
	BufFile    *files[GROUP_PARTITIONS];
	struct GroupTable *parts[GROUP_PARTITIONS]; /* instead of a file that was split */
	ResourceOwner owner;
	MemoryContext scratch;		/* what packing and merging leave behind */
	char	   *pack_buffer;
	Size		pack_capacity;
} GroupTable;

typedef void (*GroupVisitor) (const GroupKey *key, void *state, void *arg);

/* Lives in a new context below the current one. */
extern GroupTable *GroupTableCreate(bool byte_keys, const GroupOps *ops,
									Size memory_limit);
extern void GroupTableDestroy(GroupTable *table);

/* The state of a slot whose key is new and which nobody has set yet. */
extern char custseg_group_new;
#define GROUP_NEW	((void *) &custseg_group_new)

static inline void *
GroupSlotState(const GroupSlot *slot)
{
	return slot->state == GROUP_NEW ? NULL : slot->state;
}

/*
 * A batch: reserve room for n keys, which may empty the table into files;
 * then slots stay where they are until the next reserve. Prefetch, find, and
 * set the state of every slot that was found.
 */
extern void GroupTableReserve(GroupTable *table, int n);

/* The finaliser of MurmurHash3 (A. Appleby, public domain): a bijection. */
static inline uint64
GroupHashInteger(uint64 x)
{
	x ^= x >> 33;
	x *= UINT64CONST(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64CONST(0xc4ceb9fe1a85ec53);
	x ^= x >> 33;
	return x;
}

static inline uint64
GroupTableHash(const GroupTable *table, const GroupKey *key)
{
	if (!table->byte_keys)
		return GroupHashInteger((uint64) key->number);
	return hash_bytes_extended((const unsigned char *) key->data, key->length, 0);
}

static inline GroupSlot *
GroupSlotAt(const GroupTable *table, uint64 position)
{
	return (GroupSlot *) (table->slots + position * table->slot_size);
}

static inline void
GroupTablePrefetch(const GroupTable *table, uint64 hash)
{
	__builtin_prefetch(GroupSlotAt(table, hash & table->mask), 1);
}

/* The slot of a key, a new one if need be. */
extern GroupSlot *GroupTableProbe(GroupTable *table, const GroupKey *key,
								  uint64 hash);

static inline GroupSlot *
GroupTableFind(GroupTable *table, const GroupKey *key, uint64 hash)
{
	GroupSlot  *slot = GroupSlotAt(table, hash & table->mask);

	/* nearly always the first place is the right one */
	if (!table->byte_keys && slot->word == (uint64) key->number &&
		slot->state != NULL)
		return slot;
	return GroupTableProbe(table, key, hash);
}

/*
 * Sets the state of a slot. A state that is not the slot's own is copied into
 * the table, as the executor copies transition values.
 */
extern void GroupTablePut(GroupTable *table, GroupSlot *slot, void *state);

static inline void
GroupTableSet(GroupTable *table, GroupSlot *slot, void *state)
{
	if (unlikely(state != slot->state))
		GroupTablePut(table, slot, state);
}

/*
 * Whether the table has gone to files. From then on it finds nothing: keys go
 * straight to the files with what would be merged into their state.
 */
static inline bool
GroupTableSpilled(const GroupTable *table)
{
	return table->spilled;
}

extern void GroupTableWrite(GroupTable *table, const GroupKey *key, uint64 hash,
							const char *content, Size length);

/*
 * Visits every key with its whole state, in no particular order. After the
 * last scan only GroupTableDestroy is allowed: files are dropped as they are
 * read.
 */
extern void GroupTableScan(GroupTable *table, bool last,
						   GroupVisitor visit, void *arg);

#endif							/* CUSTSEG_GROUP_TABLE_H */
