-- title: approx_quantile_breaks within 0.001, 3 measures / percentile_disc
-- goal: -
-- The peer's other form is quantile_breaks, the exact aggregate of custseg, which
-- holds all distinct values. Breaks within an error depend on the order of rows,
-- so only their number is compared. The check: every rank is within 0.001 of the
-- rows, and the sketch of the amounts is below 300 kB.

--- custseg
SELECT count(*), ROW(cardinality(approx_quantile_breaks(recency, 5, 0.001)),
					 cardinality(approx_quantile_breaks(frequency, 5, 0.001)),
					 cardinality(approx_quantile_breaks(monetary, 5, 0.001)))
  FROM measures;

--- peer percentile_disc
SELECT count(*), ROW(percentile_disc('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY recency),
					 percentile_disc('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY frequency),
					 percentile_disc('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY monetary))
  FROM measures;

--- peer quantile_breaks
SELECT count(*), ROW(quantile_breaks(recency, 5), quantile_breaks(frequency, 5), quantile_breaks(monetary, 5))
  FROM measures;

--- check
WITH s AS MATERIALIZED (
	SELECT sketch_values(monetary, 0.001) AS sketch FROM measures
), b AS MATERIALIZED (
	SELECT j, (approx_quantile_breaks(sketch, 5))[j] AS b, sketch_rows(sketch) AS n FROM s, generate_series(1, 4) AS j
), r AS (
	SELECT j, n, count(*) FILTER (WHERE monetary::float8 < b) + 1 AS first_rank,
		   count(*) FILTER (WHERE monetary::float8 <= b) AS last_rank
	  FROM b, measures GROUP BY j, n
)
SELECT CASE WHEN count(*) <> 4 THEN 'not four breaks'
			WHEN bool_or(greatest(first_rank - (j * n + 4) / 5, (j * n + 4) / 5 - last_rank) > 0.001 * n) THEN 'a rank is too far off'
			WHEN (SELECT pg_column_size(sketch) > 300000 FROM s) THEN 'the sketch is too large'
			ELSE 'ok' END FROM r;
