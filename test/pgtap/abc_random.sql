-- ABC against slow and obvious SQL, on seeded random columns of many shapes; and that order, partition and plan of
-- the rows do not matter.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(21);
SELECT setseed(0.20260101);

-- --- the exact numeric of a float8: mantissa and a power of 2 ---
-- (The cast to numeric keeps 15 digits only.)

CREATE TABLE power_of_two (k int PRIMARY KEY, up numeric, half numeric);
INSERT INTO power_of_two
WITH RECURSIVE p AS (SELECT 0 AS k, 1::numeric AS up, 1::numeric AS half
                     UNION ALL SELECT k + 1, up * 2, half * 5 FROM p WHERE k < 1100)
SELECT k, up, half * ('1e-' || k)::numeric FROM p;

CREATE FUNCTION pg_temp.exact(x float8) RETURNS numeric LANGUAGE sql AS $$
    SELECT CASE WHEN bits < 0 THEN -1 ELSE 1 END * ((bits & 4503599627370495) + CASE WHEN e > 0 THEN 4503599627370496 ELSE 0 END)
        * (SELECT CASE WHEN greatest(e, 1) >= 1075 THEN up ELSE half END FROM power_of_two WHERE k = abs(greatest(e, 1) - 1075))
    FROM (SELECT bits, (bits >> 52 & 2047)::int AS e FROM (SELECT ('x' || encode(float8send(x), 'hex'))::bit(64)::bigint AS bits) b) s
$$;
SELECT is(pg_temp.exact(x), n, 'exact value of ' || x)
FROM (VALUES (0.1::float8, 0.1000000000000000055511151231257827021181583404541015625), (-3, -3), (1.5, 1.5), (2::float8 ^ 80, 1208925819614629174706176)) v(x, n);

-- --- columns ---

CREATE FUNCTION pg_temp.make_value(shape int, i int) RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT CASE shape
        WHEN 0 THEN round((random() * 1000)::numeric, 2)
        WHEN 1 THEN floor(random() * 4)::numeric
        WHEN 2 THEN round(exp(10 * random())::numeric, 2)                  -- skewed
        WHEN 3 THEN 42
        WHEN 4 THEN CASE WHEN random() < 0.3 THEN NULL ELSE floor(random() * 20 - 5)::numeric END
        WHEN 5 THEN round((random() * 100 - 40)::numeric, floor(random() * 6)::int)
        WHEN 6 THEN CASE WHEN random() < 0.1 THEN 9000 ELSE floor(random() * 10)::numeric END
        WHEN 7 THEN (10 * floor(random() * 5))::numeric                    -- shares that are reached exactly
        WHEN 8 THEN (2 ^ floor(random() * 12))::numeric
        WHEN 9 THEN random()::text::numeric
        WHEN 10 THEN i::numeric
        WHEN 11 THEN -i + 20::numeric
    END
$$;
CREATE TABLE sample (id int PRIMARY KEY, shape int, n int, shares numeric[]);
INSERT INTO sample
SELECT i, i % 12, 1 + floor(random() * (2 + i % 30))::int,
    CASE i % 5 WHEN 0 THEN '{.8,.95}' WHEN 1 THEN '{.5}' WHEN 2 THEN '{.1,.2,.25,.5,.75,.9}' WHEN 3 THEN '{.2,.4,.6,.8}'
        ELSE ARRAY(SELECT DISTINCT greatest(round(random()::numeric, 3), .001) s FROM generate_series(1, 1 + i % 11) ORDER BY s) END
FROM generate_series(1, 2500) i;
UPDATE sample SET shares = array_remove(shares, 1) WHERE shares <> '{1.000}';
UPDATE sample SET n = 3000 WHERE id <= 24;
CREATE TABLE value (id int, i int, n numeric, f float8);
INSERT INTO value SELECT id, i, v, v FROM sample, generate_series(1, sample.n) i, LATERAL (SELECT pg_temp.make_value(shape, i) OFFSET 0) s(v);
-- Values beyond 18 digits, and beyond 38.
UPDATE value SET n = n * ('1e' || CASE WHEN id % 7 = 1 THEN 13 ELSE 40 END)::numeric + n * '1e-20' WHERE id % 7 IN (1, 2) AND id > 24;
-- Floats whose digits are many, and of very different sizes.
UPDATE value SET f = f / 7 WHERE id % 3 = 1;
UPDATE value SET f = f * 10::float8 ^ (CASE WHEN id % 2 = 0 THEN 250 ELSE -250 END + i % 3) WHERE id % 11 = 3;
CREATE INDEX ON value (id);
ANALYZE sample, value;

-- --- oracles ---

-- Share before each distinct positive value.
CREATE TABLE share_n AS
SELECT id, v, before, total, sum(count) OVER (PARTITION BY id) AS count FROM (
    SELECT id, v, count, coalesce(sum(v * count) OVER (PARTITION BY id ORDER BY v DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before,
        sum(v * count) OVER (PARTITION BY id) AS total
    FROM (SELECT id, n AS v, count(*) FROM value WHERE n > 0 GROUP BY id, n) g) s;
CREATE TABLE share_f AS
SELECT id, v, coalesce(sum(e * count) OVER (PARTITION BY id ORDER BY v DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::float8
    / (sum(e * count) OVER (PARTITION BY id))::float8 AS share
FROM (SELECT id, f AS v, pg_temp.exact(f) AS e, count(*) FROM value WHERE f > 0 GROUP BY id, f) g;
CREATE INDEX ON share_n (id);
CREATE INDEX ON share_f (id);
ANALYZE share_n, share_f;
CREATE TABLE expected AS
SELECT sample.id, fits.n, fits.f
FROM sample, LATERAL (
    SELECT array_agg(coalesce((SELECT max(v) FROM share_n x WHERE x.id = sample.id AND before >= s * total), 0) ORDER BY s DESC) AS n,
        array_agg(coalesce((SELECT max(v) FROM share_f x WHERE x.id = sample.id AND share >= s::float8), 0) ORDER BY s DESC) AS f
    FROM unnest(shares) s) fits
WHERE EXISTS (SELECT FROM share_n x WHERE x.id = sample.id) AND shares <> '{}' AND shares <> '{1.000}';

CREATE TABLE fitted AS
SELECT id, shares, abc_breaks(value.n, shares) AS n, abc_breaks(f, shares) AS f, abc_summary(value.n, shares) AS sn, abc_summary(f, shares) AS sf
FROM value JOIN sample USING (id) WHERE id IN (SELECT id FROM expected) GROUP BY id, shares;

CREATE INDEX ON fitted (id);
ANALYZE expected, fitted;

SELECT cmp_ok((SELECT count(*) FROM fitted), '>', 2000::bigint, 'thousands of columns');
SELECT is_empty($$SELECT id, shape, fitted.n, expected.n FROM fitted JOIN expected USING (id) JOIN sample USING (id) WHERE fitted.n IS DISTINCT FROM expected.n$$,
    'abc_breaks of numeric');
SELECT is_empty($$SELECT id, shape, fitted.f, expected.f FROM fitted JOIN expected USING (id) JOIN sample USING (id) WHERE fitted.f IS DISTINCT FROM expected.f$$,
    'abc_breaks of float8');
-- The definition by classes rather than by breaks: by the share before the value's tie group.
SELECT is_empty($$
    SELECT value.* FROM value JOIN fitted USING (id) LEFT JOIN share_n s ON s.id = value.id AND v = value.n
    WHERE value.n IS NOT NULL AND abc_class(value.n, fitted.n) IS DISTINCT FROM
        chr(65 + (SELECT count(*) FROM unnest(shares) u WHERE value.n <= 0 OR before >= u * total)::int)$$,
    'abc_class of numeric is the class of the share before');
SELECT is_empty($$
    SELECT value.* FROM value JOIN fitted USING (id) LEFT JOIN share_f s ON s.id = value.id AND v = value.f
    WHERE value.f IS NOT NULL AND abc_class(value.f, fitted.f) IS DISTINCT FROM
        chr(65 + (SELECT count(*) FROM unnest(shares) u WHERE value.f <= 0 OR share >= u::float8)::int)$$,
    'abc_class of float8, too');
SELECT is_empty($$SELECT value.id FROM value JOIN fitted USING (id) WHERE value.f = (SELECT max(v) FROM share_f x WHERE x.id = value.id)
    AND abc_class(value.f, fitted.f) <> 'A'$$, 'the largest is always in A');
-- A change of unit changes no class.
SELECT is_empty($$SELECT id FROM (SELECT id, abc_breaks(value.n * 8, shares) AS n, abc_breaks(f * 8, shares) AS f FROM value JOIN sample USING (id)
    WHERE id IN (SELECT id FROM fitted) GROUP BY id) s JOIN fitted USING (id)
    WHERE s.n IS DISTINCT FROM ARRAY(SELECT 8 * b FROM unnest(fitted.n) b) OR s.f IS DISTINCT FROM ARRAY(SELECT 8 * b FROM unnest(fitted.f) b)$$,
    'values times 8');

-- --- order, windows, parts ---

SELECT is_empty($$
    SELECT id FROM (
        SELECT id, abc_breaks(value.n, shares ORDER BY md5(i::text)) AS n, abc_summary(value.n, shares ORDER BY i DESC)::text AS sn,
            abc_breaks(f, shares ORDER BY md5(i::text)) AS f, abc_summary(f, shares ORDER BY f DESC)::text AS sf
        FROM value JOIN sample USING (id) WHERE id IN (SELECT id FROM fitted) GROUP BY id) s JOIN fitted USING (id)
    WHERE (s.n::text, s.f::text, s.sn, s.sf) IS DISTINCT FROM (fitted.n::text, fitted.f::text, fitted.sn::text, fitted.sf::text)$$,
    'the order of rows does not matter');
SELECT is_empty($$
    SELECT id, i FROM (
        SELECT id, i, abc_breaks(n, '{.4,.8}') OVER w AS n, abc_breaks(f, '{.4,.8}') OVER w AS f,
            array_agg(n) OVER w AS so_far, array_agg(f) OVER w AS f_so_far
        FROM value WHERE id BETWEEN 25 AND 300 AND n > 0 AND f > 0 WINDOW w AS (PARTITION BY id ORDER BY i)) s
    WHERE n IS DISTINCT FROM (SELECT abc_breaks(e, '{.4,.8}') FROM unnest(so_far) e)
       OR f IS DISTINCT FROM (SELECT abc_breaks(e, '{.4,.8}') FROM unnest(f_so_far) e)$$,
    'as window aggregates they see the rows so far');
CREATE TABLE part AS
SELECT id, i % (2 + id % 5) AS part, abc_summary(value.n, shares) AS n, abc_summary(f, shares) AS f
FROM value JOIN sample USING (id) WHERE id IN (SELECT id FROM fitted) GROUP BY 1, 2;
SELECT is_empty($$
    SELECT id FROM (SELECT id, rollup(n)::text AS sn, rollup(f)::text AS sf, abc_breaks_final(rollup(n)) AS n, abc_breaks_final(rollup(f)) AS f
                    FROM part GROUP BY id) s JOIN fitted USING (id)
    WHERE (s.sn, s.sf, s.n::text, s.f::text) IS DISTINCT FROM (fitted.sn::text, fitted.sf::text, fitted.n::text, fitted.f::text)$$,
    'parts rolled up equal the whole');
SELECT is_empty($$
    SELECT id FROM fitted
    WHERE (sn::text::abc_amounts::text, sf::text::abc_values::text) IS DISTINCT FROM (sn::text, sf::text)
        OR abc_breaks_final(sn::text::abc_amounts) IS DISTINCT FROM n OR abc_breaks_final(sf::text::abc_values) IS DISTINCT FROM f$$,
    'text round trip');

-- States built by single calls, sent as text on the way, and combined.
CREATE FUNCTION pg_temp.step_by_step(x numeric[], shares numeric[]) RETURNS abc_amounts LANGUAGE plpgsql AS $$
DECLARE
    state abc_amounts[] := '{}';
    v numeric;
    i int := 0;
BEGIN
    FOREACH v IN ARRAY x LOOP
        state[i % 3] := abc_amounts_accum(state[i % 3], v, shares);
        i := i + 1;
        IF i % 20 = 0 THEN
            state[i % 3] := state[i % 3]::text;
        END IF;
    END LOOP;
    RETURN abc_amounts_combine(coalesce(abc_amounts_combine(state[0], state[1]), state[0], state[1]), state[2]);
END $$;
CREATE FUNCTION pg_temp.step_by_step(x float8[], shares float8[]) RETURNS abc_values LANGUAGE plpgsql AS $$
DECLARE
    state abc_values[] := '{}';
    v float8;
    i int := 0;
BEGIN
    FOREACH v IN ARRAY x LOOP
        state[i % 3] := abc_values_accum(state[i % 3], v, shares);
        i := i + 1;
        IF i % 20 = 0 THEN
            state[i % 3] := state[i % 3]::text;
        END IF;
    END LOOP;
    RETURN abc_values_combine(coalesce(abc_values_combine(state[0], state[1]), state[0], state[1]), state[2]);
END $$;
SELECT is_empty($$
    SELECT id FROM (SELECT id, array_agg(n ORDER BY i) AS n, array_agg(f ORDER BY i) AS f FROM value WHERE n IS NOT NULL GROUP BY id HAVING count(*) BETWEEN 12 AND 400) v
    JOIN fitted USING (id)
    WHERE abc_amounts_final(pg_temp.step_by_step(v.n, shares))::text IS DISTINCT FROM sn::text
        OR abc_values_final(pg_temp.step_by_step(v.f, shares::float8[]))::text IS DISTINCT FROM sf::text$$,
    'states built by single calls, sent as text on the way and combined equal the whole');

-- --- a column with digits of every scale, in which integers give way to decimals at some row ---
CREATE TABLE mixed AS
SELECT i, (1 + floor(random() * 1e6)::int)::numeric * ('1e' || floor(random() * k)::int - k / 2)::numeric AS x, k
FROM generate_series(1, 3000) i, unnest(ARRAY[2, 6, 20, 50]) k;
SELECT is_empty($$
    SELECT k FROM (SELECT k, abc_breaks(x, '{.5,.9,.99999}') AS b, abc_summary(x, '{.5,.9,.99999}' ORDER BY i)::text = abc_summary(x, '{.5,.9,.99999}' ORDER BY x)::text AS same
                   FROM mixed GROUP BY k) s
    WHERE NOT same OR b IS DISTINCT FROM (
        SELECT array_agg(coalesce((SELECT max(v) FROM (
            SELECT x AS v, sum(x) OVER (ORDER BY x DESC) - sum(x) OVER (PARTITION BY x) AS before, sum(x) OVER () AS total FROM mixed WHERE mixed.k = s.k) o
            WHERE before >= share * total), 0) ORDER BY share DESC) FROM unnest('{.5,.9,.99999}'::numeric[]) share)$$,
    'numerics of many scales');

-- --- parallel plans ---

ALTER TABLE value SET (parallel_workers = 2);
ALTER TABLE mixed SET (parallel_workers = 2);
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
CREATE TABLE whole AS SELECT abc_breaks(n, '{.8,.95}')::text AS n, abc_breaks(f, '{.8,.95}')::text AS f, abc_summary(n, '{.8}')::text AS sn FROM value;
CREATE TABLE groups AS SELECT k, abc_breaks(x, '{.8,.95}')::text AS n, abc_breaks(x::float8, '{.8,.95}')::text AS f FROM mixed GROUP BY k;

SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT alike(pg_temp.plan_of('SELECT abc_breaks(n, ''{.8,.95}''), abc_breaks(f, ''{.8,.95}'') FROM value'), '%Partial Aggregate%', 'a parallel plan is used');
SELECT results_eq('SELECT abc_breaks(n, ''{.8,.95}'')::text, abc_breaks(f, ''{.8,.95}'')::text, abc_summary(n, ''{.8}'')::text FROM value', 'TABLE whole',
    'a parallel plan gives the same');
SET LOCAL enable_sort = off;
SELECT results_eq('SELECT k, abc_breaks(x, ''{.8,.95}'')::text, abc_breaks(x::float8, ''{.8,.95}'')::text FROM mixed GROUP BY k ORDER BY k',
    'SELECT * FROM groups ORDER BY k', 'with groups, too');
RESET enable_sort;
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT is((SELECT count(*) FROM value WHERE abc_class(n, '{10,100}') <> abc_class(n, '{10,100}', '{A,B,C}')), 0::bigint, 'abc_class in a worker');

SELECT * FROM finish();
ROLLBACK;
