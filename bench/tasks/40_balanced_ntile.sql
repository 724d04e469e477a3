-- title: balanced_breaks and score, 3 measures / 3 x NTILE
-- goal: 3
-- Fit and apply over a table of measures: integer, bigint and numeric.
-- Not comparable are the scores: NTILE splits equal values. The check: five
-- classes for each measure (fewer only with fewer distinct values), and the sum
-- of squared class sizes is never larger than that of quantile_breaks.

--- custseg
WITH b AS MATERIALIZED (
	SELECT balanced_breaks(recency, 5) AS r, balanced_breaks(frequency, 5) AS f,
		   balanced_breaks(monetary, 5) AS m
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
	SELECT balanced_breaks(recency, 5) AS br, balanced_breaks(frequency, 5) AS bf,
		   balanced_breaks(monetary, 5) AS bm,
		   quantile_breaks(recency, 5) AS qr, quantile_breaks(frequency, 5) AS qf,
		   quantile_breaks(monetary, 5) AS qm,
		   count(DISTINCT recency) AS dr, count(DISTINCT frequency) AS df, count(DISTINCT monetary) AS dm
	  FROM measures
), sizes AS (
	SELECT 'recency' AS measure, dr AS distinct_values, balanced, quantile, count(*) AS n
	  FROM b, measures, score(recency, br) AS balanced, score(recency, qr) AS quantile GROUP BY 1, 2, 3, 4
	UNION ALL
	SELECT 'frequency', df, balanced, quantile, count(*)
	  FROM b, measures, score(frequency, bf) AS balanced, score(frequency, qf) AS quantile GROUP BY 1, 2, 3, 4
	UNION ALL
	SELECT 'monetary', dm, balanced, quantile, count(*)
	  FROM b, measures, score(monetary, bm) AS balanced, score(monetary, qm) AS quantile GROUP BY 1, 2, 3, 4
), balanced AS (
	SELECT measure, distinct_values, count(*) AS classes, sum(n * n) AS squares
	  FROM (SELECT measure, distinct_values, balanced, sum(n) AS n FROM sizes GROUP BY 1, 2, 3) AS c
	 GROUP BY 1, 2
), quantile AS (
	SELECT measure, sum(n * n) AS squares
	  FROM (SELECT measure, quantile, sum(n) AS n FROM sizes GROUP BY 1, 2) AS c GROUP BY 1
)
SELECT coalesce(string_agg(measure || ' is not balanced', ', '), 'ok')
  FROM balanced JOIN quantile USING (measure)
 WHERE classes <> least(5, distinct_values) OR balanced.squares > quantile.squares;
