-- title: quantile_breaks and score, 3 measures / percentile_disc and CASE
-- goal: -
-- The peer with the same definition. Where a value fills a whole fifth,
-- percentile_disc returns it twice and the CASE skips a class number; so the
-- check asks for the same division into classes, not for the same numbers.

--- custseg
WITH b AS MATERIALIZED (
	SELECT quantile_breaks(recency, 5) AS r, quantile_breaks(frequency, 5) AS f,
		   quantile_breaks(monetary, 5) AS m
	  FROM measures)
SELECT count(*), ROW(sum(r), sum(f), sum(m))
  FROM (SELECT score(recency, b.r, true) AS r, score(frequency, b.f) AS f, score(monetary, b.m) AS m
		  FROM measures, b) AS s;

--- peer CASE
WITH b AS MATERIALIZED (
	SELECT percentile_disc('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY recency) AS r,
		   percentile_disc('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY frequency) AS f,
		   percentile_disc('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY monetary) AS m
	  FROM measures), cuts AS MATERIALIZED (
	SELECT r[1] AS r1, r[2] AS r2, r[3] AS r3, r[4] AS r4, f[1] AS f1, f[2] AS f2, f[3] AS f3, f[4] AS f4,
		   m[1] AS m1, m[2] AS m2, m[3] AS m3, m[4] AS m4 FROM b)
SELECT count(*), ROW(sum(r), sum(f), sum(m))
  FROM (SELECT CASE WHEN recency <= r1 THEN 5 WHEN recency <= r2 THEN 4
					WHEN recency <= r3 THEN 3 WHEN recency <= r4 THEN 2 ELSE 1 END AS r,
			   CASE WHEN frequency <= f1 THEN 1 WHEN frequency <= f2 THEN 2
					WHEN frequency <= f3 THEN 3 WHEN frequency <= f4 THEN 4 ELSE 5 END AS f,
			   CASE WHEN monetary <= m1 THEN 1 WHEN monetary <= m2 THEN 2
					WHEN monetary <= m3 THEN 3 WHEN monetary <= m4 THEN 4 ELSE 5 END AS m
		  FROM measures, cuts) AS s;

--- check
WITH b AS MATERIALIZED (
	SELECT quantile_breaks(recency, 5) AS r, quantile_breaks(frequency, 5) AS f,
		   quantile_breaks(monetary, 5) AS m,
		   percentile_disc('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY recency) AS pr,
		   percentile_disc('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY frequency) AS pf,
		   percentile_disc('{.2,.4,.6,.8}'::float8[]) WITHIN GROUP (ORDER BY monetary) AS pm
	  FROM measures
), pairs AS (
	SELECT DISTINCT 'recency' AS measure, score(recency, r) AS ours,
		   (SELECT count(*) FROM unnest(pr) AS cut WHERE cut < recency) AS theirs FROM measures, b
	UNION ALL
	SELECT DISTINCT 'frequency', score(frequency, f),
		   (SELECT count(*) FROM unnest(pf) AS cut WHERE cut < frequency) FROM measures, b
	UNION ALL
	SELECT DISTINCT 'monetary', score(monetary, m),
		   (SELECT count(*) FROM unnest(pm) AS cut WHERE cut < monetary) FROM measures, b
)
SELECT coalesce(string_agg(measure || ' differs', ', '), 'ok')
  FROM (SELECT measure FROM pairs GROUP BY measure
		HAVING count(*) <> count(DISTINCT ours) OR count(*) <> count(DISTINCT theirs)) AS d;
