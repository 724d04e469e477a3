-- title: zscore_fit and minmax_fit with their use / avg, stddev_pop, min and max windows
-- goal: -
-- One measure, numeric, on two scales. The peer's arithmetic is in numeric; the
-- check allows for the rounding of float8.

--- custseg
WITH p AS MATERIALIZED (SELECT zscore_fit(monetary) AS z, minmax_fit(monetary) AS m FROM measures)
SELECT count(*), round(sum(score)::numeric, 3)
  FROM (SELECT zscore(monetary, z) + minmax(monetary, m) AS score FROM measures, p) AS s;

--- peer windows
SELECT count(*), round(sum(score)::numeric, 3)
  FROM (SELECT (monetary - avg(monetary) OVER ()) / stddev_pop(monetary) OVER ()
			   + (monetary - min(monetary) OVER ()) / (max(monetary) OVER () - min(monetary) OVER ()) AS score
		  FROM measures) AS s;

--- peer aggregates
WITH p AS MATERIALIZED (
	SELECT avg(monetary) AS mean, stddev_pop(monetary) AS deviation, min(monetary) AS low, max(monetary) - min(monetary) AS range
	  FROM measures)
SELECT count(*), round(sum(score)::numeric, 3)
  FROM (SELECT (monetary - mean) / deviation + (monetary - low) / range AS score FROM measures, p) AS s;

--- check
WITH p AS MATERIALIZED (
	SELECT zscore_fit(monetary) AS z, minmax_fit(monetary) AS m, avg(monetary) AS mean, stddev_pop(monetary) AS deviation,
		   min(monetary) AS low, max(monetary) - min(monetary) AS range
	  FROM measures)
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' scores differ' END
  FROM measures, p
 WHERE abs(zscore(monetary, z) - (monetary - mean) / deviation) > 1e-9
	OR abs(minmax(monetary, m) - (monetary - low) / range) > 1e-12;
