-- title: quantile_breaks and score, 3 measures / 3 x NTILE
-- goal: 3
-- The check: where the number of customers is divisible by 5, a quantile score
-- is the lowest tile that NTILE gives to any of the equal values, with the tiles
-- that no value has left out.

--- custseg
WITH b AS MATERIALIZED (
	SELECT quantile_breaks(recency, 5) AS r, quantile_breaks(frequency, 5) AS f,
		   quantile_breaks(monetary, 5) AS m
	  FROM measures)
SELECT count(*), ROW(sum(r), sum(f), sum(m))
  FROM (SELECT score(recency, b.r, true) AS r, score(frequency, b.f) AS f, score(monetary, b.m) AS m
		  FROM measures, b) AS s;

--- peer ties by customer_id
SELECT count(*), ROW(sum(r), sum(f), sum(m))
  FROM (SELECT ntile(5) OVER (ORDER BY recency DESC, customer_id) AS r,
			   ntile(5) OVER (ORDER BY frequency, customer_id) AS f,
			   ntile(5) OVER (ORDER BY monetary, customer_id) AS m
		  FROM measures) AS s;

--- check
WITH b AS MATERIALIZED (
	SELECT quantile_breaks(recency, 5) AS r, quantile_breaks(frequency, 5) AS f,
		   quantile_breaks(monetary, 5) AS m
	  FROM measures
), tiles AS (
	SELECT 'recency' AS measure, recency::numeric AS x, ntile(5) OVER (ORDER BY recency) AS tile FROM measures
	UNION ALL
	SELECT 'frequency', frequency, ntile(5) OVER (ORDER BY frequency) FROM measures
	UNION ALL
	SELECT 'monetary', monetary, ntile(5) OVER (ORDER BY monetary) FROM measures
), lowest AS (
	SELECT measure, x, dense_rank() OVER (PARTITION BY measure ORDER BY tile) AS class
	  FROM (SELECT measure, x, min(tile) AS tile FROM tiles GROUP BY 1, 2) AS t
)
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' values differ' END
  FROM lowest, b
 WHERE class IS DISTINCT FROM
	   score(x::float8, CASE measure WHEN 'recency' THEN r WHEN 'frequency' THEN f ELSE m END);
