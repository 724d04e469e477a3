/*
 * assignment_graph.c
 *		Which customer of an agent moves to another one most cheaply.
 *
 * A pair of agents (a, b) has a heap of customers of a, by the cost of b less
 * the cost of a.  These keys depend on no price, so that an entry stays right as
 * long as its customer stays.  When a customer leaves a, its entries remain
 * until they come first in their heap; the first entry of each heap is always
 * one of a customer of a.
 *
 * Only pairs that occur have a heap.  A row lists those of an agent, so that a
 * search reads the keys one after the other.  The place of a pair in its row is
 * in a matrix, or in a hash table where a matrix would be large.
 *
 * Heaps are built in one go: AssignGraphCount for each entry counts them,
 * AssignGraphReserve divides a pool, AssignGraphAppend fills it, and
 * AssignGraphOrder makes them heaps.
 *
 * Memory, from the current context: 16 bytes an entry, 36 to 70 a pair, and
 * 4 * (agents + 1)^2 for the matrix, at most 16 MB.
 */
#include "allocation/assignment_private.h"

/* with more nodes the pairs are in a hash table */
#define MATRIX_NODES	2048

#define FIRST_SLOTS		4096

/* cleared without a look at a cancel */
#define CLEAR_AT_ONCE	(1024 * 1024)

/* Like palloc0, for large sizes. */
static void *
AllocateZero(Size size)
{
	char	   *p = palloc_extended(size, MCXT_ALLOC_HUGE);

	for (Size i = 0; i < size; i += CLEAR_AT_ONCE)
	{
		memset(p + i, 0, Min(size - i, CLEAR_AT_ONCE));
		custseg_poll();
	}
	return p;
}

AssignGraph *
AssignGraphCreate(int32 n_nodes)
{
	AssignGraph *graph = palloc0(sizeof(AssignGraph));

	graph->n_nodes = n_nodes;
	graph->rows = palloc_extended(n_nodes * sizeof(AssignRow), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	if (n_nodes <= MATRIX_NODES)
		graph->matrix = AllocateZero((Size) n_nodes * n_nodes * sizeof(int32));
	else
	{
		graph->n_slots = FIRST_SLOTS;
		graph->slots = palloc0(FIRST_SLOTS * sizeof(AssignSlot));
	}
	return graph;
}

/* --- Pairs --------------------------------------------------------------------- */

/* The slot of a pair, or the free one where it belongs. */
static AssignSlot *
FindSlot(const AssignGraph *graph, uint64 pair)
{
	uint64		i = AssignMix(pair * UINT64CONST(0x9e3779b97f4a7c15));

	for (;; i++)
	{
		AssignSlot *slot = &graph->slots[i & (graph->n_slots - 1)];

		if (slot->pair == pair || slot->pair == 0)
			return slot;
	}
}

static uint64
PairNumber(const AssignGraph *graph, int32 from, int32 to)
{
	return (uint64) from * graph->n_nodes + to + 1;
}

static void
DoubleSlots(AssignGraph *graph)
{
	AssignSlot *old = graph->slots;
	uint64		n_old = graph->n_slots;

	graph->n_slots *= 2;
	graph->slots = AllocateZero(graph->n_slots * sizeof(AssignSlot));
	for (uint64 i = 0; i < n_old; i++)
	{
		if (old[i].pair != 0)
			*FindSlot(graph, old[i].pair) = old[i];
		POLL_EVERY(i);
	}
	pfree(old);
}

/* The place of a pair in its row, -1 when it has none. */
int32
AssignGraphFind(const AssignGraph *graph, int32 from, int32 to)
{
	const AssignSlot *slot;

	if (graph->matrix != NULL)
		return graph->matrix[(Size) from * graph->n_nodes + to] - 1;
	slot = FindSlot(graph, PairNumber(graph, from, to));
	return slot->pair == 0 ? -1 : slot->place;
}

static void
SetPlace(AssignGraph *graph, int32 from, int32 to, int32 place)
{
	uint64		pair = PairNumber(graph, from, to);
	AssignSlot *slot;

	if (graph->matrix != NULL)
	{
		graph->matrix[(Size) from * graph->n_nodes + to] = place + 1;
		return;
	}
	if (graph->n_pairs * 2 >= graph->n_slots)
		DoubleSlots(graph);
	slot = FindSlot(graph, pair);
	slot->pair = pair;
	slot->place = place;
	graph->n_pairs++;
}

static void
GrowRow(AssignRow *row)
{
	row->size = row->size == 0 ? 8 : row->size * 2;
	if (row->to == NULL)
	{
		row->to = palloc(row->size * sizeof(int32));
		row->key = palloc(row->size * sizeof(int64));
		row->heap = palloc(row->size * sizeof(AssignHeap));
		return;
	}
	row->to = repalloc(row->to, row->size * sizeof(int32));
	row->key = repalloc(row->key, row->size * sizeof(int64));
	row->heap = repalloc(row->heap, row->size * sizeof(AssignHeap));
}

/* The place of a pair in its row, which gets one with an empty heap if need be. */
static int32
MakePlace(AssignGraph *graph, int32 from, int32 to)
{
	int32		place = AssignGraphFind(graph, from, to);
	AssignRow  *row = &graph->rows[from];

	if (place >= 0)
		return place;
	if (row->n == row->size)
		GrowRow(row);
	place = row->n++;
	row->to[place] = to;
	row->key[place] = ASSIGN_FAR;
	memset(&row->heap[place], 0, sizeof(AssignHeap));
	SetPlace(graph, from, to, place);
	return place;
}

/* --- Heaps --------------------------------------------------------------------- */

/* Ties of keys, rare, are decided by a number that does not favour low keys. */
static inline bool
Before(const AssignEntry *x, const AssignEntry *y)
{
	if (x->key != y->key)
		return x->key < y->key;
	return (uint32) x->customer * 0x9e3779b1U < (uint32) y->customer * 0x9e3779b1U;
}

static void
SiftDown(AssignEntry *entries, int32 n, int32 i)
{
	AssignEntry entry = entries[i];

	while (i < n / 2)
	{
		int32		child = 2 * i + 1;

		if (child + 1 < n && Before(&entries[child + 1], &entries[child]))
			child++;
		if (!Before(&entries[child], &entry))
			break;
		entries[i] = entries[child];
		i = child;
	}
	entries[i] = entry;
}

static void
SiftUp(AssignEntry *entries, int32 i)
{
	AssignEntry entry = entries[i];

	while (i > 0)
	{
		int32		parent = (i - 1) / 2;

		if (!Before(&entry, &entries[parent]))
			break;
		entries[i] = entries[parent];
		i = parent;
	}
	entries[i] = entry;
}

static void
GrowHeap(AssignHeap *heap)
{
	/* at most n_customers entries of the pool, and one for each move since */
	int32		size = heap->size < PG_INT32_MAX / 2 ? heap->size + heap->size / 2 + 4 : PG_INT32_MAX;
	AssignEntry *entries;

	if (heap->n == PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many moves of customers between two agents")));
	entries = palloc_extended(size * sizeof(AssignEntry), MCXT_ALLOC_HUGE);
	if (heap->n > 0)
		memcpy(entries, heap->entries, heap->n * sizeof(AssignEntry));
	if (!heap->pooled && heap->entries != NULL)
		pfree(heap->entries);
	heap->entries = entries;
	heap->size = size;
	heap->pooled = false;
}

/* Counts an entry for AssignGraphReserve. */
void
AssignGraphCount(AssignGraph *graph, int32 from, int32 to)
{
	int32		place = MakePlace(graph, from, to);

	graph->rows[from].heap[place].size++;
}

/* Gives each heap room for the entries that were counted. */
void
AssignGraphReserve(AssignGraph *graph)
{
	Size		n = 0;
	uint64		step = 0;

	for (int32 from = 0; from < graph->n_nodes; from++)
		for (int32 i = 0; i < graph->rows[from].n; i++)
		{
			AssignHeap *heap = &graph->rows[from].heap[i];

			/* a few more for customers who come */
			heap->size += Min(heap->size / 16 + 1, PG_INT32_MAX - heap->size);
			n += heap->size;
			POLL_EVERY(step++);
		}
	graph->pool = palloc_extended((n + 1) * sizeof(AssignEntry), MCXT_ALLOC_HUGE);
	n = 0;
	for (int32 from = 0; from < graph->n_nodes; from++)
		for (int32 i = 0; i < graph->rows[from].n; i++)
		{
			AssignHeap *heap = &graph->rows[from].heap[i];

			heap->entries = graph->pool + n;
			heap->pooled = true;
			n += heap->size;
			POLL_EVERY(step++);
		}
}

void
AssignGraphAppend(AssignGraph *graph, int32 from, int32 to, int64 key, int32 customer)
{
	int32		place = AssignGraphFind(graph, from, to);
	AssignHeap *heap = &graph->rows[from].heap[place];

	heap->entries[heap->n].key = key;
	heap->entries[heap->n].customer = customer;
	heap->n++;
}

void
AssignGraphOrder(AssignGraph *graph)
{
	uint64		step = 0;

	for (int32 from = 0; from < graph->n_nodes; from++)
	{
		AssignRow  *row = &graph->rows[from];

		for (int32 place = 0; place < row->n; place++)
		{
			AssignHeap *heap = &row->heap[place];

			for (int32 i = heap->n / 2 - 1; i >= 0; i--)
			{
				SiftDown(heap->entries, heap->n, i);
				POLL_EVERY(step++);
			}
			row->key[place] = heap->n > 0 ? heap->entries[0].key : ASSIGN_FAR;
			POLL_EVERY(step++);
		}
	}
}

void
AssignGraphPush(AssignGraph *graph, int32 from, int32 to, int64 key, int32 customer)
{
	int32		place = MakePlace(graph, from, to);
	AssignRow  *row = &graph->rows[from];
	AssignHeap *heap = &row->heap[place];

	if (heap->n == heap->size)
		GrowHeap(heap);
	heap->entries[heap->n].key = key;
	heap->entries[heap->n].customer = customer;
	SiftUp(heap->entries, heap->n++);
	row->key[place] = heap->entries[0].key;
}

/* A pair without customers, of which only the lowest key is kept. */
void
AssignGraphLower(AssignGraph *graph, int32 from, int32 to, int64 key)
{
	int32		place = MakePlace(graph, from, to);
	int64	   *lowest = &graph->rows[from].key[place];

	*lowest = Min(*lowest, key);
}

/* A customer has left: removes first entries that are no customer of from. */
void
AssignGraphLeave(AssignGraph *graph, const int32 *own, int32 from, int32 to)
{
	int32		place = AssignGraphFind(graph, from, to);
	AssignRow  *row = &graph->rows[from];
	AssignHeap *heap;

	if (place < 0)
		return;
	heap = &row->heap[place];
	while (heap->n > 0 && own[heap->entries[0].customer] != from)
	{
		heap->n--;
		if (heap->n > 0)
		{
			heap->entries[0] = heap->entries[heap->n];
			SiftDown(heap->entries, heap->n, 0);
		}
		POLL_EVERY(heap->n);
	}
	row->key[place] = heap->n > 0 ? heap->entries[0].key : ASSIGN_FAR;
}
