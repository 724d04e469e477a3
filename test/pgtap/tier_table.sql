-- tier_table against slow and obvious SQL on seeded random customers, against its composable twin, and its errors.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT no_plan();
SELECT setseed(0.20261122);

-- --- against an oracle, one measure ---

-- Shapes: ties, skew, negative and zero, all equal, one row, none, huge, tiny, unknown.
CREATE TABLE shape (shape int, customer bigint, x numeric);
INSERT INTO shape
SELECT s, c, CASE s
        WHEN 0 THEN floor(random() * 5)
        WHEN 1 THEN round((1000 / (1 + 100 * random()))::numeric, 2)
        WHEN 2 THEN round((random() * 100 - 50)::numeric, 1)
        WHEN 3 THEN 7
        WHEN 4 THEN c * 1e300
        WHEN 5 THEN round((random() * 100)::numeric) * 1e-300
        WHEN 6 THEN CASE WHEN random() < 0.8 THEN round((random() * 10)::numeric, 1) END
        WHEN 7 THEN CASE WHEN c = 1 THEN 1000000 ELSE 1 END
        ELSE round((random() * 10000)::numeric, 2) END
FROM generate_series(0, 8) s, generate_series(1, CASE s WHEN 4 THEN 40 ELSE 333 END) c;
INSERT INTO shape VALUES (9, 1, 5);

CREATE FUNCTION pg_temp.oracle(which int, shares numeric[])
RETURNS TABLE (customer bigint, score numeric, class text, before numeric, cumulative numeric, rank bigint) LANGUAGE sql AS $$
    WITH ranked AS (
        SELECT s.customer, x, rank() OVER (ORDER BY x DESC),
            coalesce(sum(greatest(x, 0)) OVER (ORDER BY x DESC RANGE UNBOUNDED PRECEDING EXCLUDE GROUP), 0) AS before,
            sum(greatest(x, 0)) OVER (ORDER BY x DESC) AS until, sum(greatest(x, 0)) OVER () AS total
        FROM shape s WHERE shape = which AND x IS NOT NULL)
    SELECT ranked.customer, x, chr(65 + CASE WHEN x <= 0 THEN cardinality(shares)
            ELSE (SELECT count(*)::int FROM unnest(shares) v WHERE before / total >= v) END),
        before / total, until / total, rank
    FROM ranked
$$;

SELECT is(
    (SELECT count(*) FROM tier_table(NULL::bigint, format('SELECT customer, x FROM shape WHERE shape = %s', s)) t
     FULL JOIN pg_temp.oracle(s, ARRAY[0.8, 0.95]) o ON o.customer = t.customer_id
     WHERE t.score IS NOT NULL AND (o.class, o.rank, o.score::float8) IS DISTINCT FROM (t.class, t.rank, t.score)
        OR t.score IS NULL AND o.customer IS NOT NULL
        OR abs(t.cumulative_share - o.cumulative) > 1e-15 OR abs(t.share - greatest(o.score, 0)::float8 / nullif(
            (SELECT sum(greatest(x, 0)) FROM shape WHERE shape = s)::float8, 0)) > 1e-15),
    0::bigint, format('shape %s: class, rank and shares are those of the oracle', s))
FROM generate_series(0, 9) s;

SELECT is(
    (SELECT count(*) FROM tier_table('SELECT customer, x FROM shape WHERE shape = 8', shares => shares::float8[]) t
     JOIN pg_temp.oracle(8, shares) o ON o.customer::text = t.customer_id WHERE o.class <> t.class),
    0::bigint, format('shares %s', shares))
FROM (VALUES (ARRAY[0.5]), (ARRAY[0.01, 0.02, 0.03]), (ARRAY[0.2, 0.5, 0.8, 0.9, 0.95, 0.99])) v(shares);

-- --- against its twin, made of aggregates and scalar functions ---

CREATE TABLE customer AS
SELECT c AS id, CASE WHEN random() < 0.97 THEN round((1000 / (1 + 100 * random()))::numeric, 2) END AS spend,
    floor(-10 * ln(1 - random()))::int AS orders, CASE WHEN random() < 0.9 THEN floor(random() * 400)::int END AS recency
FROM generate_series(1, 2000) c;

CREATE FUNCTION pg_temp.twin(scale text, missing text)
RETURNS TABLE (id int, score float8, class text, band text, rank bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH fit AS MATERIALIZED (
            SELECT %1$s_fit(spend) AS spend, %1$s_fit(orders) AS orders, %1$s_fit(recency) AS recency FROM customer),
        scored AS MATERIALIZED (
            SELECT c.id, weighted_score(ARRAY[%2$s(c.spend, f.spend), %2$s(c.orders, f.orders), %2$s(c.recency, f.recency, true)],
                ARRAY[5, 3, 2.5], %3$L) AS score
            FROM customer c, fit f),
        cut AS MATERIALIZED (
            SELECT abc_breaks(s.score, ARRAY[0.6, 0.9]::float8[]) AS abc, balanced_breaks(s.score, 4) AS bands FROM scored s)
        SELECT s.id, s.score, abc_class(s.score, abc), band(s.score, bands, ARRAY['d', 'c', 'b', 'a']),
            CASE WHEN s.score IS NOT NULL THEN rank() OVER (ORDER BY s.score DESC NULLS LAST) END
        FROM scored s, cut$q$, CASE scale WHEN 'percentile' THEN 'percentiles' ELSE scale END, scale, missing);
END $$;

SELECT is(
    (SELECT count(*) FROM tier_table(NULL::int, 'SELECT id, spend, orders, recency FROM customer', weights => ARRAY[5, 3, 2.5],
        normalise => scale, descending => ARRAY[false, false, true], missing => missing, shares => ARRAY[0.6, 0.9],
        bands => ARRAY['d', 'c', 'b', 'a']) t
     FULL JOIN pg_temp.twin(scale, missing) w ON w.id = t.customer_id
     WHERE (t.score, t.class, t.band, t.rank) IS DISTINCT FROM (w.score, w.class, w.band, w.rank)),
    0::bigint, format('%s, missing => %s: the same as from aggregates, to the last bit', scale, missing))
FROM unnest(ARRAY['minmax', 'zscore', 'percentile']) scale, unnest(ARRAY['renormalise', 'zero', 'null']) missing;

SELECT is(
    (SELECT md5(string_agg(t::text, ' ' ORDER BY customer_id)) FROM tier_table('SELECT id, spend, orders FROM customer') t),
    (SELECT md5(string_agg(t::text, ' ' ORDER BY customer_id)) FROM tier_table('SELECT id, spend, orders FROM customer ORDER BY spend, -id',
        normalise => 'minmax', weights => ARRAY[2, 2]) t),
    'several measures: minmax and equal weights by default; the order of the rows does not matter');

-- --- little memory gives the same ---

CREATE TABLE many AS SELECT md5(c::text) AS id, c % 1000 + 0.5 AS x, sqrt(c) AS y FROM generate_series(1, 60000) c;
CREATE TEMPORARY TABLE wide AS SELECT * FROM tier_table('SELECT id, x, y FROM many', normalise => 'percentile');
SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SELECT is_empty($$
    (TABLE wide EXCEPT SELECT * FROM tier_table('SELECT id, x, y FROM many', normalise => 'percentile')) $$, 'with 64 kB of memory, too');
SELECT throws_like($$ SELECT * FROM tier_table('SELECT id, x FROM many UNION ALL SELECT id, 1 FROM many WHERE x = 17.5 AND y > 240') $$,
    'customer % comes more than once', 'a duplicate is found in the files');
RESET work_mem;
RESET hash_mem_multiplier;
SELECT throws_ok($$ SELECT * FROM tier_table('SELECT id, x FROM many UNION ALL SELECT md5(''77''), 1') $$, '21000',
    'customer 28dd2c7955ce926456240b2ff0100bde comes more than once', 'and in memory');

-- --- results with little in them ---

SELECT is_empty($$ SELECT * FROM tier_table('SELECT 1, 1.0 WHERE false') $$, 'no customers');
SELECT is(t::text, '(1,5,A,low,1,1,1)', 'one customer') FROM tier_table('SELECT 1, 5') t;
SELECT is((SELECT array_agg(t::text) FROM tier_table('SELECT c, NULL::numeric FROM generate_series(1, 2) c') t),
    ARRAY['(1,,,,,,)', '(2,,,,,,)'], 'nothing known of anybody');
SELECT is((SELECT array_agg(t::text) FROM tier_table('SELECT c, -c FROM generate_series(1, 2) c', shares => NULL, bands => NULL) t),
    ARRAY['(1,-1,,,,,1)', '(2,-2,,,,,2)'], 'without classes and bands, nothing positive');
SELECT is((SELECT array_agg(class ORDER BY score DESC) FROM tier_table('SELECT c, c * c FROM generate_series(1, 4) c',
    shares => ARRAY[0.5], classes => ARRAY['big', 'small'])), ARRAY['big', 'small', 'small', 'small'], 'classes with names');

-- --- errors ---

CREATE FUNCTION pg_temp.refused(arguments text, sqlstate text, message text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT * FROM custseg.tier_table(%s)', arguments), sqlstate, message, message)
$$;
SELECT pg_temp.refused($$ NULL $$, '22004', 'argument "customers" must not be NULL');
SELECT pg_temp.refused($$ 'SELECT 1' $$, '42804', 'the query in argument "customers" returns 1 columns');
SELECT pg_temp.refused($$ 'SELECT 1, true AS vip' $$, '42804', 'column 2 ("vip") of the query in argument "customers" has type boolean');
SELECT pg_temp.refused($$ 'SELECT 1, 2', weights => ARRAY[1, 2] $$, '22023',
    'weights has 2 elements, and the query in argument "customers" returns 1 measures');
SELECT pg_temp.refused($$ 'SELECT 1, 2, 3', descending => ARRAY[true], normalise => 'zscore' $$, '22023',
    'descending has 1 elements, and the query in argument "customers" returns 2 measures');
SELECT pg_temp.refused($$ 'SELECT 1, 2', descending => ARRAY[true] $$, '22023',
    'measure 1 is descending, and measures are not put on a scale');
SELECT pg_temp.refused($$ 'SELECT 1, 2', normalise => 'log' $$, '22023', 'normalise is "log", which is not known');
SELECT pg_temp.refused($$ 'SELECT 1, 2', shares => ARRAY[0.9, 0.8] $$, '22023',
    'shares must ascend: shares[2] = 0.8 is not above shares[1] = 0.9');
SELECT pg_temp.refused($$ 'SELECT 1, 2', shares => ARRAY[1.0] $$, '22023', 'shares[1] must be between 0 and 1, not 1');
SELECT pg_temp.refused($$ 'SELECT 1, 2', shares => '{NaN}' $$, '22023', 'shares[1] must be between 0 and 1, not NaN');
SELECT pg_temp.refused($$ 'SELECT 1, 2', shares => '{}' $$, '22023', 'shares must not be empty');
SELECT pg_temp.refused($$ 'SELECT 1, 2', shares => '{0.5,NULL}' $$, '22023', 'shares must not contain nulls');
SELECT pg_temp.refused($$ 'SELECT 1, 2', shares => '{{0.5},{0.6}}' $$, '22023', 'shares must be an array of one dimension, not 2');
SELECT pg_temp.refused($$ 'SELECT 1, 2', classes => ARRAY['x', 'y'] $$, '22023', 'classes must have 3 elements, one more than shares, not 2');
SELECT pg_temp.refused($$ 'SELECT 1, 2', shares => NULL, classes => ARRAY['x'] $$, '22023', 'classes are named, and shares is NULL');
SELECT pg_temp.refused($$ 'SELECT 1, -2' $$, '22023', 'no score is positive, so there is no total to share');
SELECT pg_temp.refused($$ 'SELECT 1, float8 ''NaN''' $$, '22023', 'measure 1 of customer 1 must be a finite number, not NaN');
SELECT pg_temp.refused($$ 'SELECT 1, 2, numeric ''Infinity''' $$, '22023', 'measure 2 of customer 1 must be a finite number, not infinity');
SELECT pg_temp.refused($$ NULL::int, 'SELECT 1::bigint, 2' $$, '42804', 'the customer column has type bigint, and key has type integer');
SELECT pg_temp.refused($$ 'SELECT c, 1e308 FROM generate_series(1, 5) c' $$, '22003', 'the total of the scores is out of range');

SET LOCAL client_min_messages = notice;
SELECT * FROM finish();
ROLLBACK;
