-- natural_breaks: published examples, all partitions of small columns, the plain dynamic programme for longer ones,
-- and what must not change the breaks: unit, origin, size of the numbers, order, partition and plan.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(55);
SELECT setseed(0.19580101);

CREATE FUNCTION pg_temp.natural(x float8[], classes int) RETURNS float8[] LANGUAGE sql AS
'SELECT natural_breaks(v, classes) FROM unnest(x) v';

-- --- examples ---
-- R package Ckmeans.1d.dp (H. Wang and M. Song, 'Ckmeans.1d.dp: optimal k-means clustering in one dimension by dynamic
-- programming', The R Journal 3(2), 2011), tests/testthat/test_Ckmeans.1d.dp.R: x = -1 2 4 5 6 with weights 4 3 1 1 1
-- and k = 3 has sizes 4 3 3 and centres -1 2 5.
SELECT is(pg_temp.natural('{-1,2,-1,2,4,5,6,-1,2,-1}', 3), '{-1,2}', 'Ckmeans.1d.dp, ten values');
SELECT is(natural_breaks_final('{"classes":3,"values":[-1,2,4,5,6],"counts":[4,3,1,1,1]}'), '{-1,2}', 'Ckmeans.1d.dp, weighted');
-- JavaScript package ckmeans by D. Schnurr, src/ckmeans.test.js: the classes begin at 1 12 43 123 234 1244.
SELECT is(pg_temp.natural('{1,2,4,5,12,43,52,123,234,1244}', 6), '{5,12,52,123,234}', 'schnerd/ckmeans, six classes');

SELECT is(pg_temp.natural('{1,2,3,10,11,12,30,31}', 3), '{3,12}', 'gaps are found');
SELECT is(pg_temp.natural('{1,2,3,4,5}', 2), '{2}', 'among equals the lowest breaks are taken');
SELECT is(pg_temp.natural('{1,2,3,4,5,6,7}', 3), '{2,4}', 'also with more classes');
SELECT is(pg_temp.natural('{1,2,3}', 3), '{1,2}', 'as many classes as values');
SELECT is(pg_temp.natural('{1,1,1,2,3,3}', 9), '{1,2}', 'every value its own class');
SELECT is(pg_temp.natural('{4,4,4}', 5), '{}', 'all equal: one class');
SELECT is(pg_temp.natural('{4,5,7}', 1), '{}', 'one class');
SELECT is(pg_temp.natural('{3}', 5), '{}', 'one row');
SELECT is(pg_temp.natural('{}', 5), NULL, 'no rows: null');
SELECT is(pg_temp.natural('{NULL}', 5), NULL, 'only nulls: null');
SELECT is(pg_temp.natural('{NULL,9,1,NULL,2}', 2), '{2}', 'nulls do not count');
SELECT is((SELECT natural_breaks(x::numeric(9,2), 3) FROM unnest('{1.25,1.5,7,7.5,99}'::float8[]) x), '{1.5,7.5}', 'a numeric column');
SELECT is((SELECT natural_breaks(x, 3) FROM unnest('{1,2,7,8,99}'::int[]) x), '{2,8}', 'an integer column is cast');
SELECT is((SELECT natural_breaks(x, 1000) FROM generate_series(1, 5000) x), ARRAY(SELECT 5.0::float8 * j FROM generate_series(1, 999) j), '1000 classes');
SELECT is(pg_temp.natural('{1,2,3,100,101,102,1e9}', 3), '{3,102}', 'a far outlier does not make ties of the rest');
SELECT is(pg_temp.natural('{1,2,3,100,101,102,1e9,-1e9}', 4), '{-1e9,3,102}', 'nor do two');

-- --- size of the numbers ---
SELECT is(pg_temp.natural('{-1.7e308,-1.6e308,0,1.6e308,1.7e308}', 3), '{-1.6e308,0}', 'the whole range of float8');
SELECT is(pg_temp.natural('{1e300,2e300,8e300,9e300}', 2), '{2e300}', 'huge');
SELECT is(pg_temp.natural('{1e-300,2e-300,8e-300,9e-300}', 2), '{2e-300}', 'tiny');
SELECT is(pg_temp.natural('{5e-324,1e-323,2e-322,2.1e-322}', 2), '{1e-323}', 'subnormal');
SELECT is(pg_temp.natural('{1e-300,2e-300,1e300}', 2), '{2e-300}', 'huge and tiny');
SELECT is(pg_temp.natural('{1e9,1000000000.001,1000000000.002,1000000000.01,1000000000.011}', 2), '{1000000000.002}', 'close together and far from zero');
SELECT is(natural_breaks_final('{"classes":2,"values":[1,2,1000],"counts":[3000000000000000,3000000000000000,1]}'), '{1}', 'weights may be large');
SELECT is(natural_breaks_final('{"classes":2,"values":[1,2,3],"counts":[9007199254740990,1,1]}'), '{1}', 'up to 2^53 rows');

-- --- errors ---
SELECT throws_ok($$SELECT natural_breaks_final('{"classes":2,"values":[1,2,3],"counts":[9007199254740990,1,2]}')$$, '54000',
    'too many rows for natural breaks: 9007199254740993');
SELECT throws_ok($$SELECT natural_breaks(x, 2) FROM unnest('{1,infinity,3}'::float8[]) x$$, '22023', 'x must be finite for natural breaks, not Infinity');
SELECT throws_ok($$SELECT natural_breaks(x, 2) FROM unnest('{1,-infinity}'::float8[]) x$$, '22023', 'x must be finite for natural breaks, not -Infinity');
SELECT throws_ok($$SELECT natural_breaks('NaN', 2)$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT natural_breaks('NaN'::numeric, 2)$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT natural_breaks(1e400::numeric, 2)$$, '22003');
SELECT throws_ok($$SELECT natural_breaks(1, 0)$$, '22023', 'classes must be between 1 and 1000, not 0');
SELECT throws_ok($$SELECT natural_breaks(1, NULL)$$, '22023', 'classes must not be null');
SELECT throws_ok($$SELECT natural_breaks(x, x) FROM generate_series(2, 3) x$$, '22023', 'classes must not change from row to row: 3 after 2');

-- --- all partitions of small columns ---
-- Whole numbers, so that costs that are not equal differ by far more than the tolerance of ties.
CREATE FUNCTION pg_temp.oracle(x int[], classes int) RETURNS float8[] LANGUAGE sql AS $$
    WITH RECURSIVE value AS MATERIALIZED (
        SELECT v, row_number() OVER w AS position, sum(count(*)) OVER w AS n, sum(sum(v)) OVER w AS s,
            sum(sum(v::numeric * v)) OVER w AS q, count(*) OVER () AS m
        FROM unnest(x) v GROUP BY v WINDOW w AS (ORDER BY v)),
    partial AS (
        SELECT 0 AS class, '{}'::int[] AS breaks, 0::bigint AS position, 0::numeric AS n, 0::numeric AS s, 0::numeric AS q, 0::numeric AS cost
        UNION ALL
        SELECT class + 1, p.breaks || v.v, v.position, v.n, v.s, v.q, p.cost + ((v.n - p.n) * (v.q - p.q) - (v.s - p.s) ^ 2) / (v.n - p.n)::numeric(40,20)
        FROM partial p JOIN value v ON v.position > p.position
        WHERE class < least(classes, m) AND v.position <= m - (least(classes, m) - class - 1) AND (class + 1 < least(classes, m) OR v.position = m)),
    optimum AS (
        SELECT breaks FROM (SELECT breaks, cost, min(cost) OVER () AS least FROM partial
                            WHERE class = (SELECT least(classes, count(*)) FROM value)) p
        WHERE cost <= least + 1e-12)
    SELECT coalesce(array_agg(lowest ORDER BY place), '{}')
    FROM (SELECT place, min(b)::float8 AS lowest FROM optimum, unnest(breaks) WITH ORDINALITY u(b, place)
          WHERE place < cardinality(breaks) GROUP BY place) s
$$;

CREATE TABLE small (id int GENERATED ALWAYS AS IDENTITY, classes int, x int[]);
INSERT INTO small (classes, x)
SELECT 1 + i % 6, ARRAY(SELECT CASE i % 5
        WHEN 0 THEN floor(random() * 12) WHEN 1 THEN floor(random() * 1000) WHEN 2 THEN floor(exp(8 * random()))
        WHEN 3 THEN 100 * floor(random() * 3) + floor(random() * 4) ELSE j END::int
    FROM generate_series(1, 1 + floor(random() * 12)::int + i % 2) j)
FROM generate_series(1, 1800) i;

SELECT is_empty($$SELECT id, classes, x, pg_temp.natural(x::float8[], classes), pg_temp.oracle(x, classes) FROM small
    WHERE pg_temp.natural(x::float8[], classes) IS DISTINCT FROM pg_temp.oracle(x, classes)$$,
    'the best of all partitions, the lowest among equals: 1,800 columns of up to 13 rows');
SELECT cmp_ok((SELECT count(*) FROM small WHERE cardinality(pg_temp.oracle(x, classes)) = classes - 1 AND classes > 2), '>', 700::bigint, 'many of them full');

-- --- what does not matter ---
CREATE FUNCTION pg_temp.map(x float8[], factor float8, shift float8) RETURNS float8[] LANGUAGE sql AS
'SELECT coalesce(array_agg(v * factor + shift ORDER BY i), ''{}'') FROM unnest(x) WITH ORDINALITY u(v, i)';
SELECT is_empty(format($$SELECT id FROM small, LATERAL (SELECT pg_temp.natural(x::float8[], classes)) b(b)
    WHERE pg_temp.natural(pg_temp.map(x::float8[], %1$s, %2$s), classes) IS DISTINCT FROM pg_temp.map(b, %1$s, %2$s)$$, f, s),
    format('breaks of x * %s + %s', f, s))
FROM (VALUES ('1000::float8', '0'), ('1::float8', '1e6'), ('1::float8 / 3', '0'), ('0.01::float8', '0'), ('1::float8', '1e15'),
    ('2::float8 ^ 960', '0'), ('2::float8 ^ -1074', '0')) v(f, s);

-- --- the plain dynamic programme ---
-- w is exact: the sums are whole numbers below 2^53. O(k n^2), set by set.
CREATE FUNCTION pg_temp.least_cost(x int[], classes int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    result float8;
BEGIN
    CREATE TEMPORARY TABLE value ON COMMIT DROP AS
        SELECT (row_number() OVER w)::int AS i, sum(count(*)) OVER w::float8 AS n, sum(sum(v)) OVER w::float8 AS s, sum(sum(v::bigint * v)) OVER w::float8 AS q
        FROM unnest(x) v GROUP BY v WINDOW w AS (ORDER BY v);
    CREATE TEMPORARY TABLE layer ON COMMIT DROP AS SELECT i, n, s, q, q - s * s / n AS cost FROM value;
    FOR t IN 2..classes LOOP
        CREATE TEMPORARY TABLE next_layer ON COMMIT DROP AS
            SELECT v.i, v.n, v.s, v.q, min(l.cost + ((v.n - l.n) * (v.q - l.q) - (v.s - l.s) * (v.s - l.s)) / (v.n - l.n)) AS cost
            FROM value v JOIN layer l ON l.i < v.i GROUP BY v.i, v.n, v.s, v.q;
        DROP TABLE layer;
        ALTER TABLE next_layer RENAME TO layer;
    END LOOP;
    SELECT cost INTO result FROM layer ORDER BY i DESC LIMIT 1;
    DROP TABLE layer, value;
    RETURN result;
END $$;
CREATE FUNCTION pg_temp.cost_of(x int[], breaks float8[]) RETURNS float8 LANGUAGE sql AS $$
    SELECT sum((n * q - s * s) / n) FROM (
        SELECT count(*)::float8 AS n, sum(v)::float8 AS s, sum(v::bigint * v)::float8 AS q FROM unnest(x) v GROUP BY score(v, breaks)) c
$$;

CREATE TABLE large (id int GENERATED ALWAYS AS IDENTITY, classes int, x int[]);
INSERT INTO large (classes, x)
SELECT classes, ARRAY(SELECT CASE shape
        WHEN 0 THEN floor(random() * 30000) WHEN 1 THEN floor(exp(10 * random())) WHEN 2 THEN 5000 * floor(random() * 5) + floor(500 * random() * random())
        WHEN 3 THEN floor(random() * 300) WHEN 4 THEN j WHEN 5 THEN j * j / 200 ELSE CASE WHEN random() < 0.7 THEN 7 ELSE floor(-2000 * ln(1 - random())) END END::int
    FROM generate_series(1, n) j)
FROM generate_series(0, 6) shape, (VALUES (150, 3), (150, 40), (300, 7), (600, 2), (600, 5), (2000, 4)) v(n, classes)
WHERE n < 2000 OR shape IN (0, 1, 5);
SELECT is_empty($$SELECT id, classes, cardinality(x), found, expected, pg_temp.natural(x::float8[], classes)
    FROM large, LATERAL (SELECT pg_temp.cost_of(x, pg_temp.natural(x::float8[], classes)), pg_temp.least_cost(x, classes)) c(found, expected)
    WHERE cardinality(pg_temp.natural(x::float8[], classes)) <> classes - 1 OR NOT abs(found - expected) <= 1e-9 * expected$$,
    'as cheap as the plain dynamic programme finds: columns of up to 2,000 values');

-- Columns so long that a coarse solution bounds the costs.
SELECT is((SELECT natural_breaks(x, 8) FROM generate_series(1, 40000) x), ARRAY(SELECT 5000.0::float8 * j FROM generate_series(1, 7) j), 'a long even column');
SELECT is((SELECT natural_breaks(x + 1e6 * (x / 8000), 5) FROM generate_series(0, 39999) x), ARRAY(SELECT 8000 * j - 1 + 1e6 * (j - 1) FROM generate_series(1, 4) j)::float8[],
    'a long column with gaps');
-- In an optimum no value is nearer to the mean of the next class.
SELECT is_empty($$
    WITH c AS (SELECT k, score(x, breaks) AS class, avg(x) AS mean, min(x) AS low, max(x) AS high
               FROM (SELECT exp(12.0::float8 * i / 50000) AS x FROM generate_series(1, 50000) i) v,
                   (SELECT k, natural_breaks(exp(12.0::float8 * i / 50000), k) AS breaks FROM generate_series(1, 50000) i, unnest(ARRAY[3, 20]) k GROUP BY k) b GROUP BY 1, 2)
    SELECT a.k, a.class FROM c a JOIN c b ON b.k = a.k AND b.class = a.class + 1
    WHERE a.high > (a.mean + b.mean) / 2 * (1 + 1e-9) OR b.low < (a.mean + b.mean) / 2 * (1 - 1e-9)$$, 'a long skewed column');

-- Far from zero the spread is what counts: the same numbers, exactly, at 2^40.
SELECT is_empty($$SELECT id FROM large WHERE pg_temp.natural(pg_temp.map(x::float8[], 2.0::float8 ^ -10, 2.0::float8 ^ 40), classes)
    IS DISTINCT FROM pg_temp.map(pg_temp.natural(x::float8[], classes), 2.0::float8 ^ -10, 2.0::float8 ^ 40)$$,
    'a large offset does not matter');

-- --- order, parts and plans ---
CREATE TABLE flat AS SELECT id, classes, v::float8 + 0.125 AS v FROM large, unnest(x) v;
CREATE TABLE fitted AS SELECT id, natural_breaks(v, classes) AS breaks FROM flat GROUP BY id;
SELECT is_empty($$SELECT id FROM (SELECT id, natural_breaks(v, classes ORDER BY md5(v::text)) AS n FROM flat GROUP BY id) s JOIN fitted USING (id)
    WHERE n IS DISTINCT FROM breaks$$, 'the order of rows does not matter');
SELECT is_empty($$SELECT id FROM (SELECT id, natural_breaks_final(rollup(c)) AS n FROM (
        SELECT id, count_values(v, classes) AS c FROM flat GROUP BY id, v::int % 7) p GROUP BY id) s JOIN fitted USING (id)
    WHERE n IS DISTINCT FROM breaks$$, 'parts rolled up equal the whole');
ALTER TABLE flat SET (parallel_workers = 2);
ANALYZE flat;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END $$;
SELECT alike(pg_temp.plan_of('SELECT natural_breaks(v, 7) FROM flat'), '%Partial Aggregate%', 'a parallel plan is used');
SELECT results_eq('SELECT id, natural_breaks(v, classes) FROM flat GROUP BY id ORDER BY id', 'SELECT id, breaks FROM fitted ORDER BY id',
    'a parallel plan gives the same');
RESET max_parallel_workers_per_gather;

-- --- cancel ---
CREATE FUNCTION pg_temp.cancelled(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    EXECUTE statement;
    RETURN 'not cancelled';
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN clock_timestamp() - started < '1 s' THEN 'in time' ELSE 'after ' || clock_timestamp() - started END;
END $$;
CREATE TABLE long_state AS SELECT count_values(random(), 1000) AS state FROM generate_series(1, 300000);
SET LOCAL statement_timeout = '50ms';
SELECT is(pg_temp.cancelled('SELECT natural_breaks_final(state) FROM long_state'), 'in time', 'cancel in natural_breaks');
RESET statement_timeout;

SELECT * FROM finish();
ROLLBACK;
