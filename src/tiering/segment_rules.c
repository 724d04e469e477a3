/*
 * segment_rules.c
 *		Reads a segmentation from its two tables.
 *
 * The tables custseg.segmentation and custseg.segment_rule are read through
 * SPI, with every name qualified, under the active snapshot and with the rights
 * of the caller (everybody may read them). The table constraints check what a
 * row can know about itself; what needs the segmentation's classes is checked
 * here: a rule that names a class or a cell that does not exist, or bounds a
 * measure that is not used, is an error and not silently a rule that never
 * matches.
 *
 * Memory: the rules, and what little is lost on the way to them, are in the
 * context that was current at the call. SPI leaves another one behind each
 * query, so we return to it after each.
 */
#include "postgres.h"

#include "common/compat.h"

#include "catalog/pg_type.h"
#include "common/names.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "tiering/segment_rules.h"

#define HINTED_NAMES 20

static const char *const HeaderQuery =
"SELECT s.r_classes, s.f_classes, s.m_classes, s.breaks"
" FROM custseg.segmentation s"
" WHERE s.name OPERATOR(pg_catalog.=) $1";

static const char *const RulesQuery =
"SELECT u.position, u.segment, u.r_min, u.r_max, u.f_min, u.f_max,"
" u.m_min, u.m_max, u.cells"
" FROM custseg.segment_rule u"
" WHERE u.segmentation OPERATOR(pg_catalog.=) $1"
" ORDER BY u.position";

static const char *const NamesQuery =
"SELECT s.name FROM custseg.segmentation s"
" ORDER BY s.shipped DESC, s.name LIMIT 21";

/* Columns of RulesQuery. */
enum
{
	COL_POSITION = 1,
	COL_SEGMENT,
	COL_MIN_MAX,				/* six of them */
	COL_CELLS = COL_MIN_MAX + 2 * N_MEASURES
};

static void
ReadByName(const char *query, Datum name)
{
	Oid			type = TEXTOID;

	if (SPI_execute_with_args(query, 1, &type, &name, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the segmentation");
}

/* A column of a row of the last query as integer; false when it is NULL. */
static bool
GetInt(int row, int column, int *value)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(SPI_tuptable->vals[row],
									  SPI_tuptable->tupdesc, column, &isnull);

	if (!isnull)
		*value = DatumGetInt32(datum);
	return !isnull;
}

static void
RefuseUnknown(const char *name)
{
	StringInfoData names;

	initStringInfo(&names);
	if (SPI_execute(NamesQuery, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the segmentations");
	for (uint64 i = 0; i < SPI_processed && i < HINTED_NAMES; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 SPI_getvalue(SPI_tuptable->vals[i],
									  SPI_tuptable->tupdesc, 1));
	if (SPI_processed > HINTED_NAMES)
		appendStringInfoString(&names, ", ...");

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("segmentation \"%s\" does not exist", name),
			 errhint("Available are: %s.", names.data)));
}

static void
RefuseRule(const SegmentRules *rules, const SegmentRule *rule, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("rule %d of segmentation \"%s\" does not fit its classes",
					rule->position, rules->name),
			 errdetail_internal("%s", detail),
			 errhint("Correct the rule in custseg.segment_rule, or the classes in custseg.segmentation.")));
}

static void
ReadHeader(SegmentRules *rules)
{
	const char *fault;
	char	   *breaks;
	int			sqlstate = ERRCODE_INVALID_PARAMETER_VALUE;

	for (int i = 0; i < N_MEASURES; i++)
		if (!GetInt(0, i + 1, &rules->classes[i]))
			rules->classes[i] = 0;
	breaks = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
						  N_MEASURES + 1);
	rules->breaks = FindName(breaks_method_names, N_BREAKS_METHODS, breaks, strlen(breaks));

	/* The constraints of the table make both impossible, but they can be dropped. */
	fault = SegmentClassesFault(rules->classes, &sqlstate);
	if (fault == NULL && rules->breaks < 0)
		fault = psprintf("Breaks \"%s\" are unknown.", breaks);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("segmentation \"%s\" is not valid", rules->name),
				 errdetail_internal("%s", fault)));
}

/* The index of a segment's name, added when it is new. */
static int
SegmentIndex(SegmentRules *rules, char *segment)
{
	/* Rules of one segment mostly stand together. */
	for (int i = rules->n_segments - 1; i >= 0; i--)
		if (strcmp(rules->segment[i], segment) == 0)
			return i;
	rules->segment[rules->n_segments] = segment;
	return rules->n_segments++;
}

static void
ReadRanges(SegmentRules *rules, SegmentRule *rule, int row)
{
	rule->n_cells = -1;
	for (int i = 0; i < N_MEASURES; i++)
	{
		int			classes = rules->classes[i];
		int			column = COL_MIN_MAX + 2 * i;
		bool		bounded;

		rule->min[i] = 1;
		rule->max[i] = Max(classes, 1);
		bounded = GetInt(row, column, &rule->min[i]);
		bounded |= GetInt(row, column + 1, &rule->max[i]);
		if (!bounded)
			continue;
		if (classes == 0)
			RefuseRule(rules, rule,
					   psprintf("It bounds %c, which this segmentation does not use.",
								SegmentMeasure[i]));
		if (rule->min[i] < 1 || rule->max[i] > classes || rule->min[i] > rule->max[i])
			RefuseRule(rules, rule,
					   psprintf("It covers %c from %d to %d, but the classes of %c are 1 to %d.",
								SegmentMeasure[i], rule->min[i], rule->max[i],
								SegmentMeasure[i], classes));
	}
}

static void
ReadCells(SegmentRules *rules, SegmentRule *rule, Datum array)
{
	Datum	   *element;
	bool	   *nulls;
	int			n;
	int		   *cells;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &element, &nulls, &n);
	cells = palloc(Max(n, 1) * sizeof(int));
	for (int i = 0; i < n; i++)
	{
		char	   *label = nulls[i] ? "NULL" : TextDatumGetCString(element[i]);
		char		example[SEGMENT_CELL_TEXT];

		POLL_EVERY(i);
		cells[i] = SegmentCellParse(label, rules->classes);
		if (cells[i] >= 0)
			continue;
		SegmentCellText(rules->classes, SegmentCellCount(rules->classes) - 1, example);
		RefuseRule(rules, rule,
				   psprintf("\"%s\" is not one of its cells, of which the highest is \"%s\".",
							label, example));
	}
	SegmentRuleSetCells(rule, cells, n);
}

static void
ReadRules(SegmentRules *rules)
{
	rules->n_rules = (int) SPI_processed;
	rules->rule = palloc0(Max(rules->n_rules, 1) * sizeof(SegmentRule));
	rules->segment = palloc0(Max(rules->n_rules, 1) * sizeof(char *));

	for (int row = 0; row < rules->n_rules; row++)
	{
		SegmentRule *rule = &rules->rule[row];
		HeapTuple	tuple = SPI_tuptable->vals[row];
		TupleDesc	tupdesc = SPI_tuptable->tupdesc;
		Datum		cells;
		bool		no_cells;

		custseg_poll();
		GetInt(row, COL_POSITION, &rule->position);
		rule->segment = SegmentIndex(rules, SPI_getvalue(tuple, tupdesc, COL_SEGMENT));
		cells = SPI_getbinval(tuple, tupdesc, COL_CELLS, &no_cells);
		if (no_cells)
			ReadRanges(rules, rule, row);
		else
			ReadCells(rules, rule, cells);
	}
}

SegmentRules *
SegmentRulesLoad(const char *name)
{
	MemoryContext result = CurrentMemoryContext;
	SegmentRules *rules = palloc0(sizeof(SegmentRules));
	Datum		name_datum = CStringGetTextDatum(name);

	rules->name = pstrdup(name);
	SPI_connect();

	ReadByName(HeaderQuery, name_datum);
	if (SPI_processed == 0)
		RefuseUnknown(name);
	MemoryContextSwitchTo(result);
	ReadHeader(rules);

	ReadByName(RulesQuery, name_datum);
	if (SPI_processed > MAX_SEGMENT_RULES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("segmentation \"%s\" has " UINT64_FORMAT " rules; at most %d are allowed",
						name, SPI_processed, MAX_SEGMENT_RULES),
				 errhint("List the cells of a segment in one rule.")));
	MemoryContextSwitchTo(result);
	ReadRules(rules);

	SPI_finish();
	return rules;
}

SegmentModel *
SegmentModelLoad(const char *name)
{
	MemoryContext result = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(result, "segmentation rules",
											   ALLOCSET_SMALL_SIZES);
	SegmentRules *rules;
	SegmentParts parts;
	SegmentModel *model;
	int			n_cells;
	int		   *winner;
	const char *fault;
	int			sqlstate = ERRCODE_INVALID_PARAMETER_VALUE;

	MemoryContextSwitchTo(work);
	rules = SegmentRulesLoad(name);
	n_cells = (int) SegmentCellCount(rules->classes);
	winner = palloc(n_cells * sizeof(int));
	SegmentRulesResolve(rules, winner, NULL);

	parts.name.bytes = rules->name;
	parts.name.length = strlen(rules->name);
	parts.breaks = rules->breaks;
	memcpy(parts.classes, rules->classes, sizeof(parts.classes));
	parts.n_segments = rules->n_segments;
	parts.segment = palloc(Max(rules->n_segments, 1) * sizeof(SegmentName));
	for (int i = 0; i < rules->n_segments; i++)
	{
		parts.segment[i].bytes = rules->segment[i];
		parts.segment[i].length = strlen(rules->segment[i]);
	}
	parts.cells = palloc(n_cells * sizeof(int16));
	for (int i = 0; i < n_cells; i++)
		parts.cells[i] = winner[i] < 0 ? -1 : rules->rule[winner[i]].segment;

	MemoryContextSwitchTo(result);
	model = SegmentModelMake(&parts, &fault, &sqlstate);
	if (model == NULL)
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("segmentation \"%s\" is not valid", name),
				 errdetail_internal("%s", fault)));
	MemoryContextDelete(work);
	return model;
}
