-- title: abc_breaks and abc_class / cumulative sum OVER (ORDER BY) and CASE, float8
-- goal: 4
-- The same of a float8 column, which the first form that runs makes; that is not
-- timed. Before / total is compared as abc_breaks does it.

--- custseg
SET client_min_messages = warning;
CREATE UNLOGGED TABLE IF NOT EXISTS floats AS SELECT monetary::float8 AS x FROM measures;
SELECT 'VACUUM ANALYZE floats' WHERE (SELECT reltuples < 0 FROM pg_class WHERE oid = 'floats'::regclass) \gexec
WITH b AS MATERIALIZED (SELECT abc_breaks(x, ARRAY[0.8,0.95]) AS breaks FROM floats)
SELECT count(*), ROW(count(*) FILTER (WHERE class = 'A'), count(*) FILTER (WHERE class = 'B'))
  FROM (SELECT abc_class(x, (SELECT breaks FROM b)) AS class FROM floats) AS s;

--- peer without regard to ties
SET client_min_messages = warning;
CREATE UNLOGGED TABLE IF NOT EXISTS floats AS SELECT monetary::float8 AS x FROM measures;
SELECT 'VACUUM ANALYZE floats' WHERE (SELECT reltuples < 0 FROM pg_class WHERE oid = 'floats'::regclass) \gexec
SELECT count(*), ROW(count(*) FILTER (WHERE class = 'A'), count(*) FILTER (WHERE class = 'B'))
  FROM (SELECT CASE WHEN (up_to - x) / total < 0.8 THEN 'A' WHEN (up_to - x) / total < 0.95 THEN 'B' ELSE 'C' END AS class
		  FROM (SELECT x, sum(x) OVER (ORDER BY x DESC) AS up_to, sum(x) OVER () AS total
				  FROM floats) AS w) AS s;

--- peer by tie groups
SET client_min_messages = warning;
CREATE UNLOGGED TABLE IF NOT EXISTS floats AS SELECT monetary::float8 AS x FROM measures;
SELECT 'VACUUM ANALYZE floats' WHERE (SELECT reltuples < 0 FROM pg_class WHERE oid = 'floats'::regclass) \gexec
SELECT count(*), ROW(count(*) FILTER (WHERE class = 'A'), count(*) FILTER (WHERE class = 'B'))
  FROM (SELECT CASE WHEN before / total < 0.8 THEN 'A' WHEN before / total < 0.95 THEN 'B' ELSE 'C' END AS class
		  FROM (SELECT sum(x) OVER (ORDER BY x DESC) - x * count(*) OVER (PARTITION BY x) AS before,
					   sum(x) OVER () AS total
				  FROM floats) AS w) AS s;

--- check
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' values differ' END
  FROM (SELECT x, sum(x * n) OVER (ORDER BY x DESC) - x * n AS before, sum(x * n) OVER () AS total
		  FROM (SELECT x, count(*) AS n FROM floats GROUP BY x) AS g) AS w,
	   (SELECT abc_breaks(x, ARRAY[0.8,0.95]) AS breaks FROM floats) AS b
 WHERE abc_class(x, breaks) <> CASE WHEN before / total < 0.8 THEN 'A' WHEN before / total < 0.95 THEN 'B' ELSE 'C' END;
