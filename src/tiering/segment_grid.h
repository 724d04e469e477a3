/*
 * segment_grid.h
 *		Rules over classes: which rule owns which cell.
 *
 * A cell is one combination of the classes of the measures recency, frequency
 * and monetary (r, f, m). A measure that is not used has 0 classes and does not
 * multiply the cells. Cells are numbered 0.. with r slowest and m fastest.
 */
#ifndef CUSTSEG_SEGMENT_GRID_H
#define CUSTSEG_SEGMENT_GRID_H

#include "common/core.h"
#include "common/measures.h"

#define MAX_MEASURE_CLASSES 1000
#define MAX_SEGMENT_CELLS	100000
#define MAX_SEGMENTS		10000
#define MAX_SEGMENT_RULES	10000
#define MAX_SEGMENT_NAME	1000	/* bytes */

/* Room for three numbers of up to 4 digits, two dashes and the NUL. */
#define SEGMENT_CELL_TEXT	16

typedef struct SegmentRule
{
	int			position;		/* as the user numbered it */
	int			segment;		/* index into SegmentRules.segment */
	int			min[N_MEASURES];	/* inclusive; 1..1 when not used */
	int			max[N_MEASURES];
	int			n_cells;		/* -1: by ranges, else by the list */
	int		   *cells;			/* ascending, distinct cell numbers */
} SegmentRule;

typedef struct SegmentRules
{
	char	   *name;
	int			breaks;			/* a BreaksMethod */
	int			classes[N_MEASURES];	/* 0: not used */
	int			n_rules;
	SegmentRule *rule;			/* by position */
	int			n_segments;
	char	  **segment;		/* distinct, by their first position */
} SegmentRules;

/* The letter of a measure, for messages. */
extern const char SegmentMeasure[N_MEASURES];

/* The product of the classes that are used; classes are at most 1000 each. */
extern int64 SegmentCellCount(const int *classes);

extern void SegmentCellScores(const int *classes, int cell, int *scores);

/* '545', or '10-3-12' when a measure has more than 9 classes. */
extern void SegmentCellText(const int *classes, int cell, char *text);

/*
 * The number of the cell that a text names: a digit for each used measure, or
 * numbers with dashes between them. -1 when it is not a cell of this grid.
 */
extern int	SegmentCellParse(const char *text, const int *classes);

/* Brings the cells of a list rule into the form that the struct promises. */
extern void SegmentRuleSetCells(SegmentRule *rule, int *cells, int n_cells);

extern bool SegmentRuleMatches(const SegmentRule *rule, const int *classes,
							   int cell);

/*
 * For each cell the index of the rule that wins it, or -1, and if matches is
 * not NULL the number of rules that match it. Both arrays have
 * SegmentCellCount elements.
 */
extern void SegmentRulesResolve(const SegmentRules *rules, int *winner,
								int *matches);

#endif							/* CUSTSEG_SEGMENT_GRID_H */
