-- approx_quantile_breaks and quantile_sketch: what is promised, on random columns in unkind orders, over trees of
-- merges and in parallel plans; then arguments, errors and the type.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(65);
SELECT setseed(0.1980);

-- --- columns ---
CREATE TABLE cases (id int GENERATED ALWAYS AS IDENTITY, shape int, rank_error float8, n int, parts int);
INSERT INTO cases (shape, rank_error, n, parts)
SELECT i % 10, (ARRAY[0.5, 0.5, 0.37, 0.2, 0.1])[1 + i % 5], CASE WHEN i % 100 = 0 THEN 12000 ELSE 1 + floor(exp(random() * ln(3000)))::int END,
    1 + floor(random() * 25)::int
FROM generate_series(1, 1500) i;

CREATE TABLE val AS
SELECT id, rank_error, i, CASE shape
        WHEN 0 THEN random()
        WHEN 1 THEN i                                                   -- sorted
        WHEN 2 THEN -i                                                  -- reversed
        WHEN 3 THEN CASE WHEN i % 2 = 0 THEN i ELSE -i END              -- zigzag, outwards
        WHEN 4 THEN CASE WHEN i % 2 = 0 THEN n - i ELSE i - n END       -- zigzag, inwards
        WHEN 5 THEN least(i, n - i)                                     -- organ pipe
        WHEN 6 THEN floor(random() * 3)                                 -- heavy ties
        WHEN 7 THEN floor(60 * random() * random())
        WHEN 8 THEN i % 41 + i / 41 * 0.001                             -- sorted runs
        ELSE CASE WHEN random() < 0.5 THEN 7 WHEN random() < 0.02 THEN 'infinity' ELSE round((exp(6 * random()))::numeric, 2) END END::float8 AS v,
    CASE WHEN id % 2 = 0 THEN i % parts ELSE i * parts / (n + 1) END AS part
FROM cases, generate_series(1, n) i;

CREATE INDEX ON val (id, v);
ANALYZE val;

-- Each column as one sketch, rolled up from parts, and as a lopsided tree of merges.
CREATE TABLE sketch AS
SELECT id, 'whole' AS made, sketch_values(v, rank_error ORDER BY i) AS s FROM val GROUP BY id;
CREATE TABLE part AS
SELECT id, part, sketch_values(v, rank_error ORDER BY i) AS s FROM val GROUP BY id, part;
INSERT INTO sketch SELECT id, 'parts', rollup(s ORDER BY part) FROM part GROUP BY id;
INSERT INTO sketch SELECT id, 'tree', rollup(s ORDER BY low) FROM (
    SELECT id, floor(log(2, part + 1)) AS low, rollup(s ORDER BY part DESC) AS s FROM part GROUP BY id, 2) t GROUP BY id;

CREATE INDEX ON sketch (id);
ANALYZE sketch;

-- --- the account ---
-- Items, with their weights, and the two sides of the account.
CREATE TABLE account AS
SELECT id, made, s, up, down, top
FROM sketch, LATERAL (
    SELECT sum(low * 2 ^ h) AS up, sum(high * 2 ^ h) AS down, max(h) AS top
    FROM jsonb_array_elements(s::jsonb -> 'levels') WITH ORDINALITY l(level, place),
        LATERAL (SELECT place - 1, (level ->> 'low')::numeric, (level ->> 'high')::numeric) e(h, low, high)) a;
CREATE TABLE item AS
SELECT id, made, x::float8 AS x, 2 ^ (place - 1) AS weight
FROM sketch, jsonb_array_elements(s::jsonb -> 'levels') WITH ORDINALITY l(level, place), jsonb_array_elements_text(level -> 'values') x;
ANALYZE account, item;

SELECT cmp_ok((SELECT count(*) FROM account WHERE up + down > 0), '>', 1000::bigint, 'many sketches are not exact');
SELECT cmp_ok((SELECT max(top) FROM account), '>=', 8::bigint, 'with up to nine levels');
SELECT is_empty($$SELECT id, made FROM account JOIN cases USING (id)
    WHERE sketch_rows(s) <> n OR sketch_rank_error(s) <> ceil((up + down) / 2) OR sketch_rank_error(s) > rank_error * n$$,
    'rows are counted, and the bound is what the account says and at most rank_error * n');
SELECT is_empty($$SELECT id, made FROM item JOIN cases USING (id) GROUP BY id, made, n HAVING sum(weight) <> n$$, 'no weight is lost');
SELECT is_empty($$
    SELECT id, made, x FROM (
        SELECT id, made, x, sum(sum(weight)) OVER w - sum(sum(own)) OVER w AS too_many
        FROM (SELECT id, made, x, weight, 0 AS own FROM item
              UNION ALL SELECT id, made, v, 0, 1 FROM val, (VALUES ('whole'), ('parts'), ('tree')) m(made)) u
        GROUP BY id, made, x WINDOW w AS (PARTITION BY id, made ORDER BY x)) d
    JOIN account USING (id, made) WHERE too_many > up OR too_many < -down$$,
    'the rank of every value is as exact as the account says');
SELECT is_empty($$SELECT DISTINCT id, made FROM item i WHERE NOT EXISTS (SELECT FROM val v WHERE v.id = i.id AND v.v = i.x)$$, 'items are values of the data');

-- --- breaks ---
CREATE TABLE ranked AS
SELECT id, v, min(r) AS first_rank, max(r) AS last_rank FROM (SELECT id, v, row_number() OVER (PARTITION BY id ORDER BY v) AS r FROM val) q GROUP BY id, v;
CREATE INDEX ON ranked (id, v);
ANALYZE ranked;
CREATE TABLE breaks AS
SELECT id, made, classes, n, sketch_rank_error(s) AS bound, approx_quantile_breaks(s, classes) AS breaks, v AS highest
FROM sketch JOIN cases USING (id), unnest(ARRAY[2, 5, 11]) classes, LATERAL (SELECT max(v) AS v FROM ranked WHERE ranked.id = sketch.id) m;
ANALYZE breaks;
-- How far each break asked for is from the nearest that was given (or the maximum, which is dropped).
CREATE TABLE distance AS
SELECT id, made, classes, bound, j, min(greatest(first_rank - rank, rank - last_rank, 0)) AS off
FROM breaks CROSS JOIN generate_series(1, classes - 1) j CROSS JOIN LATERAL (SELECT (j * n + classes - 1) / classes) r(rank)
    CROSS JOIN unnest(breaks || highest) b JOIN ranked USING (id) WHERE v = b GROUP BY id, made, classes, bound, j, rank;
SELECT is_empty('SELECT * FROM distance WHERE off > bound', 'each break asked for is given, within the bound');
SELECT is_empty($$SELECT id, made, classes, b FROM breaks CROSS JOIN unnest(breaks) b JOIN ranked USING (id)
    WHERE v = b AND NOT EXISTS (SELECT FROM generate_series(1, classes - 1) j, LATERAL (SELECT (j * n + classes - 1) / classes) r(rank)
                                WHERE greatest(first_rank - rank, rank - last_rank) <= bound)$$, 'and no other');
SELECT is_empty($$SELECT * FROM breaks WHERE highest = ANY (breaks) OR cardinality(breaks) >= classes
    OR EXISTS (SELECT FROM unnest(breaks) WITH ORDINALITY u(b, i) WHERE i > 1 AND b <= breaks[i - 1])$$, 'breaks are ascending, and none is the maximum');
SELECT is_empty($$SELECT id, made FROM breaks WHERE bound = 0 AND breaks IS DISTINCT FROM (SELECT quantile_breaks(v, classes) FROM val WHERE val.id = breaks.id)$$,
    'where the bound is 0 they are those of quantile_breaks');
SELECT is_empty($$SELECT id FROM account JOIN cases USING (id) WHERE up + down > 0
    AND (n < 13.3 / rank_error OR (SELECT count(*) FROM ranked WHERE ranked.id = account.id) < 13.3 / rank_error)$$,
    'and that is so for fewer than 13.3 / rank_error rows or distinct values');
SELECT is_empty($$SELECT id FROM breaks JOIN (SELECT id, approx_quantile_breaks(v, 5, rank_error ORDER BY i) AS b FROM val GROUP BY id) a USING (id)
    WHERE made = 'whole' AND classes = 5 AND b IS DISTINCT FROM breaks$$, 'the aggregate gives what the sketch gives');
SELECT is_empty($$SELECT id FROM sketch JOIN (SELECT id, sketch_values(v::numeric, rank_error ORDER BY i) AS s FROM val WHERE v < 'infinity' GROUP BY id) n USING (id)
    JOIN cases USING (id) WHERE made = 'whole' AND shape NOT IN (0, 9) AND n.s::text <> sketch.s::text$$, 'numerics give the same');
SELECT is_empty($$SELECT id, made FROM sketch WHERE s::text::quantile_sketch::text <> s::text$$, 'the text form round-trips');
SELECT cmp_ok((SELECT max(pg_column_size(s)) FROM sketch JOIN cases USING (id) WHERE n <= 3000 AND rank_error = 0.5), '<', 8 * 34 * 9 + 300, 'sketches are small');

-- The same from single calls, sent as text on the way, and combined.
CREATE FUNCTION pg_temp.step_by_step(x float8[], rank_error float8) RETURNS quantile_sketch LANGUAGE plpgsql AS $$
DECLARE
    state quantile_sketch[] := '{}';
    v float8;
    i int := 0;
BEGIN
    FOREACH v IN ARRAY x LOOP
        state[i % 3] := quantile_sketch_accum(state[i % 3], v, rank_error);
        i := i + 1;
        IF i % 50 = 0 THEN
            state[i % 3] := state[i % 3]::text;
        END IF;
    END LOOP;
    RETURN quantile_sketch_combine(coalesce(quantile_sketch_combine(state[0], state[1]), state[0], state[1]), state[2]);
END $$;
SELECT is_empty($$
    SELECT id FROM (SELECT id, pg_temp.step_by_step(array_agg(v ORDER BY i), min(rank_error)) AS s FROM val JOIN cases USING (id, rank_error)
                    WHERE n BETWEEN 3 AND 700 AND id % 4 = 0 GROUP BY id) q
    WHERE sketch_rows(s) <> (SELECT n FROM cases WHERE cases.id = q.id)
        OR sketch_rank_error(s) > (SELECT n * rank_error FROM cases WHERE cases.id = q.id)
        OR (sketch_rank_error(s) = 0 AND approx_quantile_breaks(s, 7) IS DISTINCT FROM (SELECT quantile_breaks(v, 7) FROM val WHERE val.id = q.id))$$,
    'states built by single calls, sent as text on the way and combined keep the promise');

-- Doubled again and again, up to the limit of rows: ranks double too.
CREATE FUNCTION pg_temp.doubled(times int) RETURNS quantile_sketch LANGUAGE plpgsql AS $$
DECLARE
    s quantile_sketch;
BEGIN
    SELECT sketch_values(i, 0.5) INTO s FROM generate_series(1, 7) i;
    FOR i IN 1..times LOOP
        s := quantile_sketch_combine(s, s);
    END LOOP;
    RETURN s;
END $$;
SELECT is(sketch_rows(s), 8070450532247928832::bigint, 'seven values, doubled 60 times') FROM pg_temp.doubled(60) s;
SELECT is(approx_quantile_breaks(s, 7), '{1,2,3,4,5,6}', 'are still exact') FROM pg_temp.doubled(60) s;
SELECT throws_ok('SELECT pg_temp.doubled(61)', '22003', 'number of rows in quantile_sketch is out of range');
-- 5,000 distinct values in steps of the rows, so that merges at all levels compact.
CREATE FUNCTION pg_temp.grown(times int) RETURNS quantile_sketch LANGUAGE plpgsql AS $$
DECLARE
    s quantile_sketch;
BEGIN
    SELECT sketch_values((i * 7919) % 5000, 0.25) INTO s FROM generate_series(0, 4999) i;
    FOR i IN 1..times LOOP
        s := rollup(t) FROM (SELECT s AS t UNION ALL SELECT s) u;
    END LOOP;
    RETURN s;
END $$;
SELECT is_empty($$SELECT times, j FROM generate_series(0, 50, 10) times, pg_temp.grown(times) s, generate_series(1, 4) j,
        LATERAL (SELECT approx_quantile_breaks(s, 5)) b(b)
    WHERE sketch_rows(s) <> 5000 * 2::numeric ^ times OR sketch_rank_error(s) > 0.25 * sketch_rows(s) OR cardinality(b) <> 4
        OR abs((b[j] + 1) * 2::float8 ^ times - j * 1000 * 2::float8 ^ times) > sketch_rank_error(s) + 2::float8 ^ times$$,
    'a sketch that is rolled up with itself keeps the promise');
SELECT cmp_ok(pg_column_size(pg_temp.grown(50)), '<', 100000, 'and stays small, with 5.6e18 rows');

-- --- plans ---
ALTER TABLE val SET (parallel_workers = 2);
ANALYZE val;
CREATE TABLE total AS SELECT count(*) AS n FROM val;
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
SELECT is((SELECT sketch_values(v, 0.01)::text FROM val), (SELECT sketch_values(v, 0.01)::text FROM val), 'a serial plan gives the same each time');
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT alike(pg_temp.plan_of('SELECT approx_quantile_breaks(v, 4, 0.01) FROM val'), '%Partial Aggregate%', 'a parallel plan is used');
SELECT is((SELECT sketch_rows(sketch_values(v, 0.01)) FROM val), (SELECT n FROM total), 'no row is lost in it');
CREATE TABLE parallel AS
SELECT b, rank, bound FROM (SELECT sketch_values(v, 0.01) AS s FROM val) q, LATERAL (SELECT sketch_rank_error(s), approx_quantile_breaks(s, 4)) e(bound, breaks),
    unnest(breaks) WITH ORDINALITY u(b, j), LATERAL (SELECT (j * n + 3) / 4 FROM total) r(rank);
SELECT is_empty($$
    SELECT b, rank, bound FROM parallel, LATERAL (SELECT count(*) FILTER (WHERE v < b) + 1, count(*) FILTER (WHERE v <= b) FROM val) r(first_rank, last_rank), total
    WHERE greatest(first_rank - rank, rank - last_rank) > bound OR bound NOT BETWEEN 1 AND 0.01 * n$$, 'and its ranks keep the bound');
SELECT is((SELECT count(*) FROM parallel), 3::bigint, 'of all three breaks');
RESET max_parallel_workers_per_gather;

-- --- arguments ---
CREATE FUNCTION pg_temp.approx(x float8[], classes int, rank_error float8) RETURNS float8[] LANGUAGE sql AS
'SELECT approx_quantile_breaks(v, classes, rank_error) FROM unnest(x) v';
SELECT is(pg_temp.approx('{1,2,3,4,5,6,7,8,9,10}', 5, 0.01), '{2,4,6,8}', 'few values are exact');
SELECT is(pg_temp.approx('{7,7,7,7,7,7,7,7,9,10}', 5, 0.5), '{7}', 'duplicate breaks are dropped');
SELECT is(pg_temp.approx('{1,9,9,9,9,9}', 5, 0.5), '{}', 'a break equal to the maximum is dropped');
SELECT is(pg_temp.approx('{-infinity,0,infinity}', 3, 1e-6), '{-infinity,0}', 'infinities are ordinary values');
SELECT is(pg_temp.approx('{-0,1,2}', 3, 0.1)::text, '{0,1}', 'minus zero becomes zero');
SELECT is(pg_temp.approx('{3}', 5, 0.1), '{}', 'one row');
SELECT is(pg_temp.approx('{1,2}', 1, 0.1), '{}', 'one class');
SELECT is(pg_temp.approx('{}', 5, 0.1), NULL, 'no rows: null');
SELECT is(pg_temp.approx('{NULL}', 5, 0.1), NULL, 'only nulls: null');
SELECT is(pg_temp.approx('{NULL,2,NULL,1}', 2, 0.1), '{1}', 'nulls do not count');
SELECT is((SELECT approx_quantile_breaks(x, 4, 0.01) FROM generate_series(1, 8) x), '{2,4,6}', 'an integer column is cast');
SELECT is((SELECT approx_quantile_breaks(x::numeric(9,2), 4, 0.01) FROM generate_series(1, 8) x), '{2,4,6}', 'a numeric column');
SELECT is(approx_quantile_breaks(NULL::quantile_sketch, 4), NULL, 'no sketch: null');
SELECT is((SELECT cardinality(approx_quantile_breaks(x, 1000, 1e-4)) FROM generate_series(1, 5000) x), 999, '1000 classes');
SELECT is((SELECT rollup(s)::text FROM sketch WHERE false), NULL, 'nothing to roll up: null');
SELECT throws_ok($$SELECT approx_quantile_breaks(1, 5, 0.51)$$, '22023', 'rank_error must be between 1e-6 and 0.5, not 0.51');
SELECT throws_ok($$SELECT approx_quantile_breaks(1, 5, 9e-7)$$, '22023', 'rank_error must be between 1e-6 and 0.5, not 9e-07');
SELECT throws_ok($$SELECT sketch_values(1, 0)$$, '22023', 'rank_error must be between 1e-6 and 0.5, not 0');
SELECT throws_ok($$SELECT sketch_values(NULL, -1)$$, '22023', 'rank_error must be between 1e-6 and 0.5, not -1');
SELECT throws_ok($$SELECT sketch_values(1, 'NaN')$$, '22023', 'rank_error must be between 1e-6 and 0.5, not NaN');
SELECT throws_ok($$SELECT sketch_values(1, NULL)$$, '22023', 'rank_error must not be null');
SELECT throws_ok($$SELECT approx_quantile_breaks(1, 0, 0.1)$$, '22023', 'classes must be between 1 and 1000, not 0');
SELECT throws_ok($$SELECT approx_quantile_breaks(1, NULL, 0.1)$$, '22023', 'classes must not be null');
SELECT throws_ok($$SELECT approx_quantile_breaks('NaN', 5, 0.1)$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT approx_quantile_breaks('NaN'::numeric, 5, 0.1)$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT approx_quantile_breaks(x, 5, x / 10.0) FROM generate_series(1, 2) x$$, '22023', 'rank_error must not change from row to row: 0.2 after 0.1');
SELECT throws_ok($$SELECT approx_quantile_breaks(x, 4 + x, 0.1) FROM generate_series(1, 2) x$$, '22023', 'classes must not change from row to row: 6 after 5');
SELECT throws_ok($$SELECT approx_quantile_breaks(s, 0) FROM sketch$$, '22023', 'classes must be between 1 and 1000, not 0');
SELECT throws_ok($$SELECT approx_quantile_breaks_final(s) FROM sketch$$, '22023', 'the sketch has no number of classes');
SELECT throws_ok($$SELECT rollup(s ORDER BY e) FROM (SELECT sketch_values(1, e) AS s, e FROM unnest('{0.1,0.2}'::float8[]) e GROUP BY e) q$$,
    '22023', 'sketches must have the same rank_error, not 0.1 and 0.2');

-- --- the type ---
SELECT is((SELECT sketch_values(x, 0.1)::text FROM unnest('{2.5,1,-infinity,2.5}'::float8[]) x),
    '{"version":1,"rank_error":0.1,"lowest":"-Infinity","highest":2.5,"levels":[{"low":0,"high":0,"values":["-Infinity",1,2.5,2.5]}]}', 'the text form');
SELECT is((SELECT sketch_values(x, 0.1)::jsonb FROM generate_series(1, 2) x),
    '{"version":1,"rank_error":0.1,"lowest":1,"highest":2,"levels":[{"low":0,"high":0,"values":[1,2]}]}'::jsonb, 'the cast to jsonb');
CREATE FUNCTION pg_temp.state_of(x float8[]) RETURNS quantile_sketch LANGUAGE plpgsql AS $$
DECLARE
    s quantile_sketch;
BEGIN
    FOR i IN 1..cardinality(x) LOOP
        s := quantile_sketch_accum(s, x[i], 3, 0.1);
    END LOOP;
    RETURN s;
END $$;
SELECT is(pg_temp.state_of('{3,1,2}')::text,
    '{"version":1,"rank_error":0.1,"classes":3,"lowest":1,"highest":3,"levels":[{"low":0,"high":0,"values":[1,2,3]}]}', 'with the classes of the aggregate');
SELECT is(approx_quantile_breaks_final(pg_temp.state_of('{3,1,2}')::text::quantile_sketch), '{1,2}', 'which give its breaks');

CREATE TEMPORARY TABLE before_calls AS SELECT id, s::text FROM sketch WHERE made = 'whole';
SELECT ok((SELECT bool_and(quantile_sketch_accum(s, 17.125, rank_error)::text <> s::text AND quantile_sketch_combine(s, s)::text <> s::text)
    FROM sketch JOIN cases USING (id) WHERE made = 'whole'), 'a direct call of a support function works');
SELECT results_eq($$SELECT id, s::text FROM sketch WHERE made = 'whole' ORDER BY id$$, 'SELECT * FROM before_calls ORDER BY id', 'and does not change what is stored');
CREATE TABLE working AS SELECT pg_temp.state_of(ARRAY(SELECT generate_series(1, 40))) AS s;
SELECT is((SELECT ARRAY[sketch_rows(quantile_sketch_accum(s, 99, 3, 0.1)), sketch_rows(quantile_sketch_combine(s, s)), sketch_rows(s)] FROM working),
    '{41,80,40}', 'not even into room to spare');

-- Stored months, rolled up.
CREATE TABLE month (id int, s quantile_sketch);
INSERT INTO month SELECT m, sketch_values((x * 7919) % 1000, 0.01) FROM generate_series(1, 6) m, generate_series(m, 3000, m) x GROUP BY m;
SELECT is((SELECT approx_quantile_breaks(rollup(s), 5) FROM month),
    (SELECT quantile_breaks((x * 7919) % 1000, 5) FROM generate_series(1, 6) m, generate_series(m, 3000, m) x), 'rolled up months with few distinct values are exact');
SELECT is((SELECT rollup(s)::text FROM (SELECT s FROM month WHERE id = 6 UNION ALL SELECT NULL) q), (SELECT s::text FROM month WHERE id = 6), 'nulls are ignored');

SELECT * FROM finish();
ROLLBACK;
