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
 * Memory, from the current context: 48 bytes per distinct score, and 8 per
 * score during the sort.
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
RankRuns(Ranking *ranking, const double *shares, int n_shares)
{
	const ValueRuns *runs = &ranking->runs;
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
BandRuns(Ranking *ranking, int bands)
{
	double	   *breaks = palloc(bands * sizeof(double));
	int			n_breaks = BalancedBreaks(&ranking->runs, bands, breaks);
	int			band = 0;

	for (int64 i = 0; i < ranking->runs.n_runs; i++)
	{
		/* a score that equals a break belongs to the lower band */
		while (band < n_breaks && breaks[band] < ranking->runs.value[i])
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

	SortFloats(scores, n);
	ranking.runs = RunsOfSorted(scores, n);
	ranking.about = palloc_extended((ranking.runs.n_runs + 1) * sizeof(RankedScore),
									MCXT_ALLOC_HUGE);
	RankRuns(&ranking, shares, n_shares);
	BandRuns(&ranking, bands);
	return ranking;
}

const RankedScore *
RankingFind(const Ranking *ranking, double score)
{
	const double *value = ranking->runs.value;
	int64		first = 0;
	int64		left = ranking->runs.n_runs;

	/* no branch that depends on the scores: the processor looks ahead */
	while (left > 1)
	{
		int64		half = left / 2;

		first += (value[first + half] <= score) ? half : 0;
		left -= half;
	}
	return &ranking->about[first];
}
