/*
 * ranking.h
 *		What the whole list of scores says about each of them: rank, share,
 *		cumulative share, ABC class and band, from one sort.
 */
#ifndef CUSTSEG_RANKING_H
#define CUSTSEG_RANKING_H

#include "scoring/breaks.h"
#include "scoring/value_index.h"

/* About all customers of one score. */
typedef struct RankedScore
{
	double		score;
	int64		rank;			/* 1 + customers with a higher score */
	double		share;			/* of one of them in the total; 0 if not positive */
	double		cumulative;		/* of all with this score or a higher one */
	int32		abc;			/* 0 is the best class */
	int32		band;			/* 0 is the lowest band */
} RankedScore;

typedef struct Ranking
{
	RankedScore *about;			/* one for each distinct score, ascending */
	int64		n;				/* of them */
	ValueIndex	index;			/* over them */
	bool		has_total;		/* false: no score is positive, shares are 0 */
	int			bands;			/* that the scores make */
} Ranking;

/*
 * Sorts the n scores in place; none is NaN, infinite or -0.  shares ascend in
 * (0, 1); n_shares 0: all are in class 0.
 */
extern Ranking RankScores(double *scores, int64 n, const double *shares,
						  int n_shares, int bands);

/* What was found out about a score, which is one of those that were ranked. */
static inline const RankedScore *
RankingFind(const Ranking *ranking, double score)
{
	return &ranking->about[ValueIndexFind(&ranking->index, score)];
}

#endif							/* CUSTSEG_RANKING_H */
