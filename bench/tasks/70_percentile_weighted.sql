-- title: percentiles_fit, percentile and weighted_score, 3 measures / percent_rank windows and arithmetic
-- goal: 3
-- percent_rank gives ties the lowest of their places, percentile the middle, so
-- the scores differ; the check computes the middle from rank and count. Integer
-- and numeric measures go to both sides as they are.

--- custseg
WITH p AS MATERIALIZED (
	SELECT percentiles_fit(recency) AS r, percentiles_fit(frequency) AS f, percentiles_fit(monetary) AS m
	  FROM measures)
SELECT count(*), round(sum(score)::numeric, 3)
  FROM (SELECT weighted_score(ARRAY[percentile(recency, r, true), percentile(frequency, f), percentile(monetary, m)],
							  ARRAY[0.2, 0.3, 0.5]) AS score
		  FROM measures, p) AS s;

--- peer percent_rank
SELECT count(*), round(sum(score)::numeric, 3)
  FROM (SELECT 0.2 * percent_rank() OVER (ORDER BY recency DESC) + 0.3 * percent_rank() OVER (ORDER BY frequency)
			   + 0.5 * percent_rank() OVER (ORDER BY monetary) AS score
		  FROM measures) AS s;

--- check
-- The scores are made before the windows, through whose sorts the models would be carried row by row.
WITH p AS MATERIALIZED (
	SELECT percentiles_fit(recency) AS r, percentiles_fit(frequency) AS f, percentiles_fit(monetary) AS m
	  FROM measures), scored AS MATERIALIZED (
	SELECT recency, frequency, monetary,
		   weighted_score(ARRAY[percentile(recency, r, true), percentile(frequency, f), percentile(monetary, m)],
						  ARRAY[0.2, 0.3, 0.5]) AS ours
	  FROM measures, p)
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' scores differ' END
  FROM (SELECT ours,
			   (0.2 * (rank() OVER (ORDER BY recency DESC) - 1 + count(*) OVER (PARTITION BY recency) / 2.0)
				+ 0.3 * (rank() OVER (ORDER BY frequency) - 1 + count(*) OVER (PARTITION BY frequency) / 2.0)
				+ 0.5 * (rank() OVER (ORDER BY monetary) - 1 + count(*) OVER (PARTITION BY monetary) / 2.0)) / count(*) OVER () AS theirs
		  FROM scored) AS s
 WHERE abs(ours - theirs) > 1e-12;
