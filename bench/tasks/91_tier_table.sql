-- title: tier_table / window functions: rank, cumulative share and class, NTILE
-- goal: -
-- The peer is one query with one window order for all that it can share.
-- Compared: ranks and ABC classes; bands differ, since NTILE splits equal values.

--- custseg
SELECT ROW(count(*), sum(rank), count(*) FILTER (WHERE class = 'A'), count(*) FILTER (WHERE class = 'B')),
	   ROW(sum(score), sum(cumulative_share), min(band))
  FROM tier_table(NULL::bigint, 'SELECT customer_id, monetary FROM measures');

--- peer
SELECT ROW(count(*), sum(rank), count(*) FILTER (WHERE before < 0.8), count(*) FILTER (WHERE before >= 0.8 AND before < 0.95)),
	   ROW(sum(monetary), sum(until), min(band))
  FROM (SELECT monetary, rank,
			   (until - monetary * count(*) OVER (PARTITION BY monetary)) / total AS before,
			   until / total AS until, band
		  FROM (SELECT monetary, rank() OVER w, ntile(3) OVER (ORDER BY monetary DESC, customer_id) AS band,
					   sum(greatest(monetary, 0)) OVER w AS until,
					   sum(greatest(monetary, 0)) OVER () AS total
				  FROM measures
				WINDOW w AS (ORDER BY monetary DESC)) AS s) AS t;
