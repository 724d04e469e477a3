/*
 * segment_grid.c
 *		Rules over classes: which rule owns which cell (core).
 *
 * A segmentation is a list of rules, each a box of classes or an explicit list
 * of cells; the first rule that matches a cell owns it. The grids are small
 * (5 x 5 x 5 in practice, 100,000 cells at most), so every cell is resolved
 * once, by painting the rules in order into an array, and looked up later in
 * constant time. The same painting counts the matches of each cell, and from
 * these two arrays everything follows that can be wrong with a grid: a cell
 * without a winner is a hole, a cell with several matches an overlap, a rule
 * that wins nothing is unreachable.
 *
 * Nothing is allocated here; lists and arrays belong to the caller.
 */
#include "tiering/segment_grid.h"

const char	SegmentMeasure[N_MEASURES] = {'r', 'f', 'm'};

int64
SegmentCellCount(const int *classes)
{
	int64		count = 1;

	for (int i = 0; i < N_MEASURES; i++)
		if (classes[i] > 0)
			count *= classes[i];
	return count;
}

void
SegmentCellScores(const int *classes, int cell, int *scores)
{
	for (int i = N_MEASURES - 1; i >= 0; i--)
	{
		int			width = Max(classes[i], 1);

		scores[i] = cell % width + 1;
		cell /= width;
	}
}

static int
CellOfScores(const int *classes, const int *scores)
{
	int			cell = 0;

	for (int i = 0; i < N_MEASURES; i++)
		cell = cell * Max(classes[i], 1) + scores[i] - 1;
	return cell;
}

void
SegmentCellText(const int *classes, int cell, char *text)
{
	int			scores[N_MEASURES];
	bool		dashes = false;
	char	   *end = text;

	for (int i = 0; i < N_MEASURES; i++)
		dashes |= classes[i] > 9;
	SegmentCellScores(classes, cell, scores);
	*end = '\0';
	for (int i = 0; i < N_MEASURES; i++)
	{
		if (classes[i] == 0)
			continue;
		end += snprintf(end, SEGMENT_CELL_TEXT - (end - text), "%s%d",
						dashes && end > text ? "-" : "", scores[i]);
	}
}

/* Reads a class at *text and moves behind it; 0 if there is none. */
static int
ParseClass(const char **text, int max_digits)
{
	int			value = 0;

	for (int i = 0; i < max_digits && **text >= '0' && **text <= '9'; i++)
		value = value * 10 + (*(*text)++ - '0');
	return value;
}

int
SegmentCellParse(const char *text, const int *classes)
{
	int			scores[N_MEASURES];
	int			n_used = 0;
	bool		dashes = strchr(text, '-') != NULL;
	bool		first = true;

	for (int i = 0; i < N_MEASURES; i++)
		n_used += classes[i] > 0;

	for (int i = 0; i < N_MEASURES; i++)
	{
		scores[i] = 1;
		if (classes[i] == 0)
			continue;
		if (dashes && !first && *text++ != '-')
			return -1;
		/* One measure alone needs no dash to have more than one digit. */
		scores[i] = ParseClass(&text, dashes || n_used == 1 ? 4 : 1);
		if (scores[i] < 1 || scores[i] > classes[i])
			return -1;
		first = false;
	}
	return *text == '\0' ? CellOfScores(classes, scores) : -1;
}

static int
CompareCells(const void *a, const void *b)
{
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	return (x > y) - (x < y);
}

void
SegmentRuleSetCells(SegmentRule *rule, int *cells, int n_cells)
{
	int			n = 0;

	qsort(cells, n_cells, sizeof(int), CompareCells);
	for (int i = 0; i < n_cells; i++)
		if (i == 0 || cells[i] != cells[i - 1])
			cells[n++] = cells[i];
	rule->cells = cells;
	rule->n_cells = n;
}

bool
SegmentRuleMatches(const SegmentRule *rule, const int *classes, int cell)
{
	int			scores[N_MEASURES];

	if (rule->n_cells >= 0)
		return bsearch(&cell, rule->cells, rule->n_cells, sizeof(int),
					   CompareCells) != NULL;

	SegmentCellScores(classes, cell, scores);
	for (int i = 0; i < N_MEASURES; i++)
		if (scores[i] < rule->min[i] || scores[i] > rule->max[i])
			return false;
	return true;
}

static inline void
PaintCell(int cell, int rule, int *winner, int *matches)
{
	if (winner[cell] < 0)
		winner[cell] = rule;
	if (matches != NULL)
		matches[cell]++;
}

static void
PaintBox(const SegmentRules *rules, int index, int *winner, int *matches)
{
	const SegmentRule *rule = &rules->rule[index];
	int			scores[N_MEASURES];

	for (scores[0] = rule->min[0]; scores[0] <= rule->max[0]; scores[0]++)
		for (scores[1] = rule->min[1]; scores[1] <= rule->max[1]; scores[1]++)
			for (scores[2] = rule->min[2]; scores[2] <= rule->max[2]; scores[2]++)
				PaintCell(CellOfScores(rules->classes, scores), index,
						  winner, matches);
}

void
SegmentRulesResolve(const SegmentRules *rules, int *winner, int *matches)
{
	int64		n_cells = SegmentCellCount(rules->classes);

	for (int64 i = 0; i < n_cells; i++)
		winner[i] = -1;
	if (matches != NULL)
		memset(matches, 0, n_cells * sizeof(int));

	for (int i = 0; i < rules->n_rules; i++)
	{
		const SegmentRule *rule = &rules->rule[i];

		/* A rule paints at most MAX_SEGMENT_CELLS cells: well below 1 ms. */
		custseg_poll();
		if (rule->n_cells < 0)
			PaintBox(rules, i, winner, matches);
		for (int j = 0; j < rule->n_cells; j++)
			PaintCell(rule->cells[j], i, winner, matches);
	}
}
