-- title: gini / window function form, numeric
-- goal: 2
-- Comparable is the coefficient to 12 digits. The peer is the usual formula over
-- row_number().

--- custseg
SELECT round(gini(monetary)::numeric, 12) FROM measures;

--- peer float8
SELECT round((sum((2.0::float8 * i - n - 1) * x) / (max(n) * sum(x)))::numeric, 12)
  FROM (SELECT monetary::float8 AS x, row_number() OVER (ORDER BY monetary) AS i, count(*) OVER () AS n
		  FROM measures) AS w;

--- peer numeric
SELECT round(sum((2 * i - n - 1) * monetary) / (max(n) * sum(monetary)), 12)
  FROM (SELECT monetary, row_number() OVER (ORDER BY monetary) AS i, count(*) OVER () AS n
		  FROM measures) AS w;
