/*
 * segmentation.c
 *		The SQL functions over segmentations.
 *
 * segmentation_model() turns a segmentation's rules into one value, segment()
 * names the segment of a customer's classes with it. check_segmentation() and
 * segment_cells() look at the rules themselves and say for every cell which of
 * them match: all three share the one painting of rules in segment_grid.c, so
 * that a check cannot disagree with what segment() does.
 *
 * Rows of the set-returning functions go to a tuplestore, which keeps within
 * work_mem; everything else of a call fits into a few hundred kilobytes.
 */
#include "postgres.h"

#include "common/compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "tiering/segment_cache.h"
#include "tiering/segment_rules.h"

PG_FUNCTION_INFO_V1(custseg_segmentation_model);
PG_FUNCTION_INFO_V1(custseg_segment);
PG_FUNCTION_INFO_V1(custseg_segment_text);
PG_FUNCTION_INFO_V1(custseg_check_segmentation);
PG_FUNCTION_INFO_V1(custseg_segment_cells);

/* segmentation_model(name text) -> segment_model */
Datum
custseg_segmentation_model(PG_FUNCTION_ARGS)
{
	const SegmentModel *model = SegmentModelNamed(fcinfo, 0);
	void	   *result = palloc(VARSIZE(model));

	memcpy(result, model, VARSIZE(model));
	PG_RETURN_POINTER(result);
}

/* The segment for the scores in arguments 1 to 3. */
static Datum
SegmentOfArguments(FunctionCallInfo fcinfo, const SegmentModel *model)
{
	int			scores[N_MEASURES];
	int			index;
	int			length;
	const char *segment;

	for (int i = 0; i < N_MEASURES; i++)
	{
		if (PG_ARGISNULL(i + 1) && model->classes[i] > 0)
			PG_RETURN_NULL();
		scores[i] = PG_ARGISNULL(i + 1) ? 0 : PG_GETARG_INT32(i + 1);
	}
	index = SegmentModelLookup(model, scores[0], scores[1], scores[2]);
	if (index < 0)
		PG_RETURN_NULL();
	segment = SegmentModelSegment(model, index, &length);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(segment, length));
}

/* segment(model segment_model, r int, f int, m int) -> text */
Datum
custseg_segment(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return SegmentOfArguments(fcinfo, SegmentModelArgument(fcinfo, 0));
}

/* segment(segmentation text, r int, f int, m int) -> text */
Datum
custseg_segment_text(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return SegmentOfArguments(fcinfo, SegmentModelNamed(fcinfo, 0));
}

/* What check_segmentation and segment_cells work on. */
typedef struct ResolvedRules
{
	SegmentRules *rules;
	int			n_cells;
	int		   *winner;
	int		   *matches;
} ResolvedRules;

static ResolvedRules
Resolve(FunctionCallInfo fcinfo)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ResolvedRules resolved;

	resolved.rules = SegmentRulesLoad(name);
	resolved.n_cells = (int) SegmentCellCount(resolved.rules->classes);
	resolved.winner = palloc(resolved.n_cells * sizeof(int));
	resolved.matches = palloc(resolved.n_cells * sizeof(int));
	SegmentRulesResolve(resolved.rules, resolved.winner, resolved.matches);
	return resolved;
}

static Datum
CellDatum(const SegmentRules *rules, int cell)
{
	char		text[SEGMENT_CELL_TEXT];

	SegmentCellText(rules->classes, cell, text);
	return CStringGetTextDatum(text);
}

/* One row of check_segmentation about n rules; cell -1: none. */
static void
PutProblem(ReturnSetInfo *result, const SegmentRules *rules, const char *problem,
		   int cell, const int *rule, int n)
{
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};
	Datum	   *segments = palloc(Max(n, 1) * sizeof(Datum));
	Datum	   *positions = palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		const SegmentRule *hit = &rules->rule[rule[i]];

		segments[i] = CStringGetTextDatum(rules->segment[hit->segment]);
		positions[i] = Int32GetDatum(hit->position);
	}
	values[0] = CStringGetTextDatum(problem);
	values[1] = cell < 0 ? (Datum) 0 : CellDatum(rules, cell);
	nulls[1] = cell < 0;
	values[2] = PointerGetDatum(construct_array(segments, n, TEXTOID, -1, false,
												TYPALIGN_INT));
	values[3] = PointerGetDatum(construct_array(positions, n, INT4OID, sizeof(int32),
												true, TYPALIGN_INT));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* The rules that match a cell, in their order; returns how many. */
static int
MatchingRules(const SegmentRules *rules, int cell, int *rule)
{
	int			n = 0;

	for (int i = 0; i < rules->n_rules; i++)
		if (SegmentRuleMatches(&rules->rule[i], rules->classes, cell))
			rule[n++] = i;
	return n;
}

static void
PutUnreachable(ReturnSetInfo *result, const ResolvedRules *resolved)
{
	const SegmentRules *rules = resolved->rules;
	bool	   *wins = palloc0(Max(rules->n_rules, 1) * sizeof(bool));

	for (int cell = 0; cell < resolved->n_cells; cell++)
		if (resolved->winner[cell] >= 0)
			wins[resolved->winner[cell]] = true;
	for (int i = 0; i < rules->n_rules; i++)
		if (!wins[i])
			PutProblem(result, rules, "unreachable", -1, &i, 1);
}

/*
 * check_segmentation(name text)
 *		-> TABLE(problem text, cell text, segments text[], positions int[])
 */
Datum
custseg_check_segmentation(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ResolvedRules resolved;
	int		   *rule;
	MemoryContext row;
	MemoryContext old;

	InitMaterializedSRF(fcinfo, 0);
	resolved = Resolve(fcinfo);
	rule = palloc(Max(resolved.rules->n_rules, 1) * sizeof(int));
	row = AllocSetContextCreate(CurrentMemoryContext, "segmentation problem",
								ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(row);

	for (int cell = 0; cell < resolved.n_cells; cell++)
		if (resolved.matches[cell] == 0)
		{
			PutProblem(result, resolved.rules, "hole", cell, NULL, 0);
			MemoryContextReset(row);
		}
	for (int cell = 0; cell < resolved.n_cells; cell++)
		if (resolved.matches[cell] > 1)
		{
			custseg_poll();
			PutProblem(result, resolved.rules, "overlap", cell, rule,
					   MatchingRules(resolved.rules, cell, rule));
			MemoryContextReset(row);
		}
	PutUnreachable(result, &resolved);

	MemoryContextSwitchTo(old);
	return (Datum) 0;
}

/*
 * segment_cells(name text)
 *		-> TABLE(cell text, r int, f int, m int, segment text, "position" int)
 */
Datum
custseg_segment_cells(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ResolvedRules resolved;
	MemoryContext row;
	MemoryContext old;

	InitMaterializedSRF(fcinfo, 0);
	resolved = Resolve(fcinfo);
	row = AllocSetContextCreate(CurrentMemoryContext, "segmentation cell",
								ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(row);

	for (int cell = 0; cell < resolved.n_cells; cell++)
	{
		const SegmentRules *rules = resolved.rules;
		int			scores[N_MEASURES];
		Datum		values[6] = {0};
		bool		nulls[6] = {false};

		POLL_EVERY(cell);
		values[0] = CellDatum(rules, cell);
		SegmentCellScores(rules->classes, cell, scores);
		for (int i = 0; i < N_MEASURES; i++)
		{
			values[i + 1] = Int32GetDatum(scores[i]);
			nulls[i + 1] = rules->classes[i] == 0;
		}
		nulls[4] = nulls[5] = resolved.winner[cell] < 0;
		if (resolved.winner[cell] >= 0)
		{
			const SegmentRule *rule = &rules->rule[resolved.winner[cell]];

			values[4] = CStringGetTextDatum(rules->segment[rule->segment]);
			values[5] = Int32GetDatum(rule->position);
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(old);
	return (Datum) 0;
}
