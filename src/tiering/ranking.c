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
 * Sums are those of abc.c, over the sorted values, so nothing depends on the
 * order of customers.  Scores that are not positive have no share, and are in
 * the last class.
 *
 * Memory, from the current context: 41 bytes per distinct score; while they
 * are ranked 24 more, and 8 per score.
 */
#include "tiering/ranking.h"

#include "tiering/abc.h"

/* Ranks and shares, from the highest score down. */
static void
RankRuns(Ranking *ranking, const ValueRuns *runs, const double *shares,
		 int n_shares)
{
	double	   *above = palloc_extended((runs->n_runs + 1) * sizeof(double),
										MCXT_ALLOC_HUGE);
	double		scale;
	double		total;
	int64		rank = 1;
	int			abc = 0;

	ranking->has_total = SharesAbove(runs, above, &scale, &total);
	for (int64 i = runs->n_runs - 1; i >= 0; i--)
	{
		RankedScore *about = &ranking->about[i];
		bool		counts = ranking->has_total && runs->value[i] > 0;

		about->score = runs->value[i];
		about->rank = rank;
		rank += runs->count[i];
		while (counts && abc < n_shares && above[i] >= shares[abc])
			abc++;
		about->abc = counts ? abc : n_shares;
		about->share = counts ? runs->value[i] * scale / total : 0;
		about->cumulative = !ranking->has_total ? 0 : i > 0 ? above[i - 1] : 1;
		POLL_EVERY(i);
	}
	pfree(above);
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
