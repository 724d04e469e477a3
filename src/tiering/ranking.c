/*
 * ranking.c
 *		What the whole list of scores says about each of them.
 *
 * The scores are sorted once, into runs of equal ones.  From the highest run
 * down, rank, share and cumulative share follow; the ABC class is decided by
 * the share of all strictly higher scores, so that equals stay together
 * (definitions: docs/abc.md).  Bands are balanced breaks over the same runs.
 * Then each customer's score is looked up among the runs, which needs no sort
 * of customers.
 *
 * Sums are exact, so nothing depends on the order of customers; a share is one
 * division of two rounded sums.  Scores that are not positive have no share,
 * and are in the last class.
 *
 * Memory, from the current context: 41 bytes per distinct score; while they
 * are ranked 16 more, and 8 per score.
 */
#include "tiering/ranking.h"

#include <math.h>

#include "common/exact_sum.h"

static void
AddRun(ExactSum *sum, double value, int64 count)
{
	/* counts are exact as double: there is no list of 2^53 scores */
	if (!ExactSumAddProduct(sum, value, (double) count))
		elog(ERROR, "no room for a sum");	/* it has room for every sum */
}

/* Ranks and shares, from the highest score down. */
static void
RankRuns(Ranking *ranking, const ValueRuns *runs, const double *shares,
		 int n_shares)
{
	ExactSumSpace total_space;
	ExactSumSpace above_space;
	ExactSum   *above = &above_space.sum;
	double		total;
	double		before = 0;
	int64		rank = 1;
	int			abc = 0;

	ExactSumInit(&total_space.sum, EXACT_SUM_MAX);
	ExactSumInit(above, EXACT_SUM_MAX);
	for (int64 i = runs->n_runs - 1; i >= 0 && runs->value[i] > 0; i--)
	{
		AddRun(&total_space.sum, runs->value[i], runs->count[i]);
		POLL_EVERY(i);
	}
	total = ExactSumResult(&total_space.sum);
	if (isinf(total))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the total of the scores is out of range"),
				 errhint("Divide the measures by a common factor.")));
	ranking->has_total = total > 0;

	for (int64 i = runs->n_runs - 1; i >= 0; i--)
	{
		RankedScore *about = &ranking->about[i];

		about->score = runs->value[i];
		about->rank = rank;
		rank += runs->count[i];
		if (runs->value[i] > 0)
		{
			while (abc < n_shares && before / total >= shares[abc])
				abc++;
			AddRun(above, runs->value[i], runs->count[i]);
			before = ExactSumResult(above);
			about->share = runs->value[i] / total;
			about->cumulative = before / total;
			about->abc = abc;
		}
		else
		{
			about->share = 0;
			about->cumulative = total > 0 ? 1 : 0;
			about->abc = n_shares;
		}
		POLL_EVERY(i);
	}
}

static void
BandRuns(Ranking *ranking, const ValueRuns *runs, int bands)
{
	double	   *breaks = palloc(bands * sizeof(double));
	int			n_breaks = BalancedBreaks(runs, bands, breaks);
	int			band = 0;

	for (int64 i = 0; i < runs->n_runs; i++)
	{
		/* a score that equals a break belongs to the lower band */
		while (band < n_breaks && breaks[band] < runs->value[i])
			band++;
		ranking->about[i].band = band;
		POLL_EVERY(i);
	}
	ranking->bands = n_breaks + 1;
	pfree(breaks);
}

Ranking
RankScores(double *scores, int64 n, const double *shares, int n_shares,
		   int bands)
{
	Ranking		ranking;
	ValueRuns	runs;

	SortFloats(scores, n);
	runs = RunsOfSorted(scores, n);
	if (runs.n_runs > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct scores: " INT64_FORMAT, runs.n_runs)));
	ranking.n = runs.n_runs;
	ranking.about = palloc_extended((runs.n_runs + 1) * sizeof(RankedScore),
									MCXT_ALLOC_HUGE);
	RankRuns(&ranking, &runs, shares, n_shares);
	BandRuns(&ranking, &runs, bands);
	pfree(runs.value);
	pfree(runs.count);
	ValueIndexMake(&ranking.index, ranking.about, sizeof(RankedScore), ranking.n);
	return ranking;
}
