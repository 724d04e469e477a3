/*
 * group_table.h
 *		A hash table from keys to states that goes to temporary files when it
 *		exceeds its memory.
 */
#ifndef CUSTSEG_GROUP_TABLE_H
#define CUSTSEG_GROUP_TABLE_H

#include "common/core.h"

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

typedef struct GroupTable GroupTable;

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
extern uint64 GroupTableHash(const GroupTable *table, const GroupKey *key);
extern void GroupTablePrefetch(const GroupTable *table, uint64 hash);
extern GroupSlot *GroupTableFind(GroupTable *table, const GroupKey *key,
								 uint64 hash);

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
extern bool GroupTableSpilled(const GroupTable *table);
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
