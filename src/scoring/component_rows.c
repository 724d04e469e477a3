/*
 * component_rows.c
 *		Rows of several numbers each: the state of fits that need them all.
 *
 * Entropy weights and TOPSIS scale each column by its range or norm, which is
 * known only at the end, so all values are kept: 8 bytes each, and as much
 * again as slack, since a full state is doubled.  Rows stand in the order in
 * which they came; a fit sorts what it adds up (ColumnSorted), and so gives the
 * same bits for any order, plan or partition.
 *
 * Memory: a state is one palloc'd chunk.  A larger one is made in the current
 * memory context; in an aggregate that is the per-tuple context, from which
 * the executor copies the state to its own and frees the old one.
 */
#include "scoring/component_rows.h"

#include "common/binary.h"
#include "port/pg_bitutils.h"
#include "scoring/breaks.h"
#include "utils/memutils.h"

/* Small states are made in the sizes in which memory is handed out anyway. */
#define ROUNDED_BYTES 8192

#define MAX_SLOTS \
	((int64) ((MaxAllocSize - offsetof(ComponentRows, data)) / sizeof(double)))

static inline int64
Slots(const ComponentRows *state)
{
	return (VARSIZE(state) - offsetof(ComponentRows, data)) / sizeof(double);
}

static inline int64
SlotsFor(int n_columns, bool has_weights, bool has_benefit, int64 n_rows)
{
	return ComponentRowsPrefix(n_columns, has_weights, has_benefit) + n_rows * n_columns;
}

ComponentRows *
ComponentRowsMake(int n_columns, const double *weights, const bool *benefit, int64 rows)
{
	int64		slots = SlotsFor(n_columns, weights != NULL, benefit != NULL, rows);
	Size		bytes;
	ComponentRows *state;

	if (slots > MAX_SLOTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many values for component_rows"),
				 errdetail("%lld rows of %d columns take more than 1 GB.",
						   (long long) rows, n_columns),
				 errhint("Fit on a sample of the rows, for example with TABLESAMPLE.")));
	bytes = offsetof(ComponentRows, data) + (Size) slots * sizeof(double);
	if (bytes < ROUNDED_BYTES)
		bytes = pg_nextpower2_32((uint32) bytes);

	/* Zeroed: the slack may reach a disk or another process. */
	state = palloc0(bytes);
	SET_VARSIZE(state, bytes);
	state->version = COMPONENT_ROWS_VERSION;
	state->n_columns = n_columns;
	state->has_weights = weights != NULL;
	state->has_benefit = benefit != NULL;
	if (weights != NULL)
		memcpy(ComponentRowsWeights(state), weights, n_columns * sizeof(double));
	if (benefit != NULL)
		memcpy(ComponentRowsBenefit(state), benefit, n_columns * sizeof(bool));
	return state;
}

void
ComponentRowsCheck(const ComponentRows *state)
{
	Size		bytes = VARSIZE(state);

	if (bytes > offsetof(ComponentRows, version))
		CheckStoredVersion("component_rows", state->version, COMPONENT_ROWS_VERSION);
	if (bytes < offsetof(ComponentRows, data) ||
		state->n_columns < 1 || state->n_columns > MAX_COMPONENTS || state->n_rows < 0 ||
		SlotsFor(state->n_columns, state->has_weights, state->has_benefit,
				 state->n_rows) > Slots(state))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("component_rows is corrupted")));
}

ComponentRows *
ComponentRowsAppend(ComponentRows *state, const double *rows, int64 n_rows)
{
	int64		n_columns = state->n_columns;
	int64		total = state->n_rows + n_rows;

	if (SlotsFor(n_columns, state->has_weights, state->has_benefit, total) > Slots(state))
	{
		ComponentRows *old = state;
		int64		most = (MAX_SLOTS - ComponentRowsPrefix(n_columns, old->has_weights,
															old->has_benefit)) / n_columns;

		/* twice as many, or just what is needed where that is too much */
		state = ComponentRowsMake(n_columns, ComponentRowsWeights(old), ComponentRowsBenefit(old),
								  Max(total, Min(2 * total, most)));
		memcpy(ComponentRowsData(state), ComponentRowsData(old),
			   (Size) old->n_rows * n_columns * sizeof(double));
		state->n_rows = old->n_rows;
	}
	memcpy(ComponentRowsData(state) + state->n_rows * n_columns, rows,
		   (Size) n_rows * n_columns * sizeof(double));
	state->n_rows = total;
	return state;
}

double *
ColumnSorted(const double *rows, int64 n_rows, int n_columns, int column)
{
	double	   *values = palloc_extended((n_rows + 1) * sizeof(double), MCXT_ALLOC_HUGE);

	for (int64 i = 0; i < n_rows; i++)
	{
		values[i] = rows[i * n_columns + column];
		POLL_EVERY(i);
	}
	SortFloats(values, n_rows);
	return values;
}
