-- Values with their counts against GROUP BY, on columns that are long enough for every way in which a state grows and is
-- sorted: the digits of the radix sort, its last pass, and what it falls back to.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(8);
SELECT setseed(0.20251122);

CREATE TABLE shapes (shape int PRIMARY KEY, name text);
INSERT INTO shapes VALUES
    (0, 'distinct'),
    (1, 'both signs, all sizes'),
    (2, 'an outlier, and values that differ in their last bits'),
    (3, 'two outliers, and falling values that differ in their last bits'),
    (4, 'half 0'),
    (5, 'twenty values'),
    (6, 'distinct at first, then the same again'),
    (7, 'the same at first, then distinct'),
    (8, 'prices'),
    (9, 'falling'),
    (10, 'one value'),
    (11, 'subnormal'),
    (12, 'infinities'),
    (13, 'a few values of the same upper half'),
    (14, 'each value twice, rows of a value apart');

CREATE TABLE columns AS
SELECT shape, n, i, CASE shape
        WHEN 0 THEN random()
        WHEN 1 THEN (random() - 0.5) * 10 ^ floor(random() * 600 - 300)
        WHEN 2 THEN CASE WHEN i = n / 2 THEN 1e300 ELSE 1 + floor(random() * 1e6) * 2 ^ -52 END
        WHEN 3 THEN CASE i WHEN 1 THEN 1e300 WHEN n THEN -1e300 ELSE 1 - i * 2 ^ -53 END
        WHEN 4 THEN greatest(random() - 0.5, 0)
        WHEN 5 THEN floor(random() * 20)
        WHEN 6 THEN sqrt(i % (n / 2))
        WHEN 7 THEN CASE WHEN i < n / 2 THEN 7 ELSE sqrt(i) END
        WHEN 8 THEN round((99 * random() ^ 3)::numeric, 2)
        WHEN 9 THEN -i
        WHEN 10 THEN 3
        WHEN 11 THEN (random() - 0.5) * 1e-310
        WHEN 12 THEN CASE WHEN i % 7 = 0 THEN 'infinity' WHEN i % 11 = 0 THEN '-infinity' ELSE random() END
        WHEN 13 THEN CASE WHEN i % 100 = 0 THEN random() * 1e9 ELSE 5 + (i % 2000 * 7919 % 2000) * 2 ^ -50 END
        WHEN 14 THEN sqrt(i / 2 * 7919 % (n / 2))
    END::float8 AS x
FROM shapes, unnest(ARRAY[512, 8300, 16383, 40000]) n, generate_series(1, n) i
OFFSET 0;

CREATE TABLE counted AS
SELECT shape, n, count_values(x, 5) AS counts, quantile_breaks(x, 5) AS breaks FROM columns GROUP BY shape, n;
CREATE INDEX ON columns (shape, n, x);
ANALYZE columns;

CREATE FUNCTION pg_temp.counted_by_sql(shape_ int, n_ int) RETURNS text LANGUAGE sql AS $$
    SELECT '{"version":1,"classes":5,"values":[' ||
        string_agg(CASE WHEN x IN ('infinity', '-infinity') THEN '"' || initcap(x::text) || '"' ELSE x::text END, ',' ORDER BY x) ||
        '],"counts":[' || string_agg(rows::text, ',' ORDER BY x) || ']}'
    FROM (SELECT x, count(*) AS rows FROM columns WHERE shape = shape_ AND n = n_ GROUP BY x) s
$$;

SELECT is((SELECT count(*) FROM counted), 60::bigint, 'columns of all shapes were made');
SELECT is_empty($$
    SELECT name, n FROM counted JOIN shapes USING (shape)
    WHERE replace(counts::text, '-Infinity', '-infinity') <> replace(pg_temp.counted_by_sql(shape, n), '-Infinity', '-infinity')$$,
    'all values and counts are those of GROUP BY');
SELECT is_empty($$
    SELECT name, n, breaks FROM shapes JOIN counted USING (shape)
        JOIN (SELECT shape, n, max(x) AS top, percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY x) AS quintiles
              FROM columns GROUP BY shape, n) s USING (shape, n)
    WHERE breaks <> ARRAY(SELECT DISTINCT q FROM unnest(quintiles) q WHERE q < top ORDER BY q)$$,
    'and the breaks those of percentile_disc');

-- --- whatever the order and the parts ---

SELECT is_empty($$
    SELECT name, n FROM shapes JOIN counted USING (shape)
        JOIN (SELECT shape, n, count_values(x, 5 ORDER BY i * 7919 % 10007, i) AS others FROM columns GROUP BY shape, n) s USING (shape, n)
    WHERE counts::text <> others::text$$,
    'the order of rows does not matter');
SELECT is_empty($$
    SELECT name, n FROM shapes JOIN counted USING (shape)
        JOIN (SELECT shape, n, rollup(part) AS others
              FROM (SELECT shape, n, count_values(x, 5) AS part FROM columns GROUP BY shape, n, i % 3, i < 300) p
              GROUP BY shape, n) s USING (shape, n)
    WHERE counts::text <> others::text$$,
    'nor do parts that are rolled up');
SELECT is_empty($$
    SELECT name, n FROM shapes JOIN counted USING (shape)
        JOIN (SELECT shape, n, abc_breaks(x, ARRAY[0.5, 0.8, 0.95]) AS abc, abc_breaks(x, ARRAY[0.5, 0.8, 0.95] ORDER BY x) AS sorted
              FROM columns WHERE shape NOT IN (1, 3, 9, 12) GROUP BY shape, n) s USING (shape, n)
    WHERE abc <> sorted$$,
    'ABC breaks are the same of sorted rows');

-- --- few breaks, and more ---

SELECT is_empty($$
    SELECT n, x, score FROM generate_series(0, 20) n, LATERAL (SELECT ARRAY(SELECT b::float8 FROM generate_series(1, n) b) AS breaks) b,
        generate_series(0, 22) twice, LATERAL (SELECT twice / 2.0::float8 + 0.5 AS x) v, LATERAL (SELECT score(x, breaks) AS score) s
    WHERE score <> 1 + (SELECT count(*) FROM unnest(breaks) b WHERE b < x)
        OR score(x, breaks, true) <> n + 1 - (SELECT count(*) FROM unnest(breaks) b WHERE b < x)$$,
    'score() counts the breaks below a value');
SELECT is_empty($$
    SELECT n, x, class FROM generate_series(0, 20) n, LATERAL (SELECT ARRAY(SELECT (b / 2 * 2)::float8 FROM generate_series(1, n) b) AS breaks) b,
        generate_series(0, 22) twice, LATERAL (SELECT twice / 2.0::float8 + 0.5 AS x) v,
        LATERAL (SELECT abc_class(x, breaks) AS class, abc_class(x::numeric, breaks::numeric[]) AS of_numeric,
                     abc_class(x::numeric(9,1), breaks::numeric(9,1)[]) AS of_price) s
    WHERE class <> chr(65 + (SELECT count(*) FROM unnest(breaks) b WHERE b >= x)::int) OR class <> of_numeric OR class <> of_price$$,
    'abc_class() counts those that are not below it');

SELECT * FROM finish();
ROLLBACK;
