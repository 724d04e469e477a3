-- TOPSIS: published examples, slow and obvious SQL on random data, the window form against fit and apply, the model's
-- text and binary forms, and errors.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(71);
SELECT setseed(0.4);

-- --- published examples -------------------------------------------------------------------------------------------

-- C.-L. Hwang, K. Yoon, Multiple Attribute Decision Making, 1981, section 3.4.4: a fighter aircraft. Speed, range, payload,
-- cost (less is better), reliability, manoeuvrability.
CREATE TABLE aircraft (name text, x float8[]);
INSERT INTO aircraft VALUES ('A1', '{2.0,1500,20000,5.5,5,9}'), ('A2', '{2.5,2700,18000,6.5,3,5}'),
    ('A3', '{1.8,2000,21000,4.5,7,7}'), ('A4', '{2.2,1800,20000,5.0,5,5}');
-- The book rounds on its way, hence the tolerance.
SELECT is_empty($$SELECT name, t FROM (SELECT name, topsis(x, '{.2,.1,.1,.1,.2,.3}', '{t,t,t,f,t,t}') OVER () AS t FROM aircraft) s
    JOIN (VALUES ('A1', .643), ('A2', .268), ('A3', .613), ('A4', .312)) book(name, closeness) USING (name)
    WHERE NOT abs(t - closeness) < 0.001$$, 'Hwang and Yoon 1981');
-- G.-H. Tzeng, J.-J. Huang, Multiple Attribute Decision Making: Methods and Applications, 2011, chapter 5.
CREATE TABLE tzeng (name text, x float8[]);
INSERT INTO tzeng VALUES ('A1', '{5,8,4}'), ('A2', '{7,6,8}'), ('A3', '{8,8,6}'), ('A4', '{7,4,6}');
SELECT results_eq($$SELECT round(topsis(x, '{.3,.4,.3}') OVER ()::numeric, 3) FROM tzeng ORDER BY name$$,
    ARRAY[.504, .658, .748, .334], 'Tzeng and Huang 2011');
SELECT is(topsis_fit(x, '{3,4,3}', NULL)::text,
    format('{"version": 1, "rows": 4, "norms": [%s,%s,%s], "weights": [0.3,0.4,0.3], "ideal": [8,8,8], "anti_ideal": [5,4,4]}',
        sqrt(187::float8), sqrt(180::float8), sqrt(152::float8)), 'the model') FROM tzeng;

-- --- by hand ------------------------------------------------------------------------------------------------------

SELECT is(topsis_fit(x, '{1,1}', NULL)::text, NULL, 'no rows: null') FROM (SELECT '{1,2}'::float8[] WHERE false) s(x);
SELECT is(topsis_fit(NULL::float8[], '{1,1}', NULL)::text, NULL, 'no components: null') FROM generate_series(1, 3);
SELECT results_eq($$SELECT topsis(x, '{1,1}') OVER () FROM (VALUES ('{1,2}'::float8[])) v(x)$$, ARRAY[0.5::float8], 'one row: 0.5');
SELECT results_eq($$SELECT topsis(x, '{1,1}') OVER () FROM (VALUES ('{3,3}'::float8[]), ('{3,3}')) v(x)$$, ARRAY[0.5, 0.5]::float8[], 'all equal: 0.5');
SELECT results_eq($$SELECT topsis(x, '{1,1}') OVER () FROM (VALUES ('{0,1}'::float8[]), ('{0,3}'), ('{0,2}')) v(x)$$, ARRAY[0, 1, 0.5]::float8[],
    'a column of zeros contributes nothing');
SELECT results_eq($$SELECT topsis(x, '{0,1}') OVER () FROM (VALUES ('{9,1}'::float8[]), ('{5,3}'), ('{1,2}')) v(x)$$, ARRAY[0, 1, 0.5]::float8[],
    'nor does one with weight 0');
SELECT results_eq($$SELECT topsis(x, '{1,1}', '{t,f}') OVER () FROM (VALUES ('{9,-1}'::float8[]), ('{5,3}')) v(x)$$, ARRAY[1, 0]::float8[],
    'best in all columns: 1, worst in all: 0');
SELECT results_eq($$SELECT topsis(x, '{1,1}') OVER () FROM (VALUES (1, '{9,1}'::float8[]), (2, NULL), (3, '{5,3}'), (4, '{NULL,100}'), (5, '{7,2}')) v(i, x) ORDER BY i$$,
    $$SELECT CASE i WHEN 1 THEN a WHEN 3 THEN b WHEN 5 THEN c END FROM generate_series(1, 5) i,
        (SELECT t[1], t[2], t[3] FROM (SELECT array_agg(t ORDER BY i) AS t FROM (SELECT i, topsis(x, '{1,1}') OVER () AS t
            FROM (VALUES (1, '{9,1}'::float8[]), (2, '{5,3}'), (3, '{7,2}')) v(i, x)) s) r) q(a, b, c) ORDER BY i$$,
    'a row without components, or with a null element, gets null and does not count');
SELECT results_eq($$SELECT topsis(x, '{1,1}') OVER () FROM (VALUES (NULL::float8[]), ('{NULL,1}')) v(x)$$, ARRAY[NULL, NULL]::float8[], 'no complete row');
SELECT results_eq($$SELECT topsis(x, w) OVER (PARTITION BY p) FROM (VALUES (1, '{1,2}'::float8[], '{1,1}'::float8[]), (1, '{2,1}', '{1,1}'), (2, '{1,2,3}', '{1,2,3}'), (2, '{2,3,4}', '{1,2,3}')) v(p, x, w) ORDER BY p, x$$,
    ARRAY[0.5, 0.5, 0, 1]::float8[], 'partitions may differ in columns and weights');
SELECT is(topsis_score('{1,NULL}', m), NULL, 'topsis_score of a null element') FROM (SELECT topsis_fit(ARRAY[i, i], '{1,1}', NULL) AS m FROM generate_series(1, 3) i) s;
SELECT is(topsis_score(NULL, m), NULL, 'and of null') FROM (SELECT topsis_fit(ARRAY[i, i], '{1,1}', NULL) AS m FROM generate_series(1, 3) i) s;
SELECT cmp_ok(topsis_score('{-5,9}', m), '<', 1::float8, 'a new row beyond the ideal has a closeness, too')
FROM (SELECT topsis_fit(ARRAY[i, i], '{1,1}', NULL) AS m FROM generate_series(1, 3) i) s;

-- --- against SQL --------------------------------------------------------------------------------------------------

CREATE TABLE sample (id int, i int, c float8[], w float8[], b boolean[]);
INSERT INTO sample
SELECT id, i, CASE id % 8
        WHEN 0 THEN ARRAY[random(), random(), random()]
        WHEN 1 THEN ARRAY[floor(random() * 3), -7, -exp(5 * random())]
        WHEN 2 THEN ARRAY[CASE WHEN random() < 0.1 THEN NULL ELSE random() END, i, 0]
        WHEN 3 THEN ARRAY[1, 2, 3]
        WHEN 4 THEN ARRAY[floor(random() * 4) - 2, 0, floor(random() * 2)]
        WHEN 5 THEN ARRAY[random() * 1000, i, -i]
        WHEN 6 THEN CASE WHEN random() < 0.3 THEN NULL ELSE ARRAY[random(), 1 + random(), floor(random() * 2)] END
        WHEN 7 THEN ARRAY[exp(20 * random()), exp(-20 * random()), 1e6 + random()] END::float8[],
    CASE id % 3 WHEN 0 THEN '{1,1,1}' WHEN 1 THEN '{0.5,0.3,0.2}' ELSE '{0,2,7}' END::float8[],
    CASE id % 4 WHEN 0 THEN NULL WHEN 1 THEN '{t,f,t}' WHEN 2 THEN '{f,f,f}' ELSE '{f,t,t}' END::boolean[]
FROM generate_series(1, 2400) id, generate_series(1, 1 + id % 17) i;

CREATE TABLE oracle AS
WITH v AS (
    SELECT id, i, j, x, w[j] / (SELECT sum(u) FROM unnest(w) u) AS w, sqrt(sum(x * x) OVER c) AS norm,
        CASE WHEN b[j] OR b IS NULL THEN max(x) OVER c ELSE min(x) OVER c END AS best,
        CASE WHEN b[j] OR b IS NULL THEN min(x) OVER c ELSE max(x) OVER c END AS worst
    FROM sample, unnest(c) WITH ORDINALITY u(x, j) WHERE array_position(c, NULL) IS NULL WINDOW c AS (PARTITION BY id, j)),
d AS (
    SELECT id, i, sqrt(sum(CASE WHEN norm > 0 THEN (w * (x - best) / norm) ^ 2 ELSE 0 END)) AS to_best,
        sqrt(sum(CASE WHEN norm > 0 THEN (w * (x - worst) / norm) ^ 2 ELSE 0 END)) AS to_worst
    FROM v GROUP BY id, i)
SELECT id, i, CASE WHEN to_best + to_worst = 0 THEN 0.5 ELSE to_worst / (to_best + to_worst) END AS closeness FROM d;

CREATE TABLE result AS SELECT id, i, topsis(c, w, b) OVER (PARTITION BY id) AS t FROM sample;
CREATE TABLE model AS SELECT id, topsis_fit(c, w, b) AS m FROM sample GROUP BY id;

SELECT cmp_ok((SELECT count(*) FROM oracle), '>', 18000::bigint, 'thousands of rows');
SELECT is_empty($$SELECT id, i, t, closeness FROM result LEFT JOIN oracle USING (id, i)
    WHERE (t IS NULL) <> (closeness IS NULL) OR abs(t - closeness) > 1e-12$$, 'topsis equals the definition');
SELECT is_empty($$SELECT id, i FROM result WHERE NOT t BETWEEN 0 AND 1$$, 'closeness is between 0 and 1');
SELECT is_empty($$SELECT id, i FROM result JOIN sample USING (id, i) JOIN model USING (id) WHERE t IS DISTINCT FROM topsis_score(c, m)$$,
    'topsis equals topsis_score with topsis_fit, to the last bit');
SELECT is_empty($$SELECT id, i FROM result JOIN (SELECT id, i, topsis(c, w, b) OVER (PARTITION BY id ORDER BY md5(i::text) ROWS CURRENT ROW) AS u FROM sample) s USING (id, i)
    WHERE t IS DISTINCT FROM u$$, 'order and frame of the window do not matter');
SELECT is_empty($$SELECT id FROM model JOIN (SELECT id, topsis_fit(c, w, b ORDER BY md5(i::text)) AS a, topsis_fit(c, w, b ORDER BY i DESC) AS d FROM sample GROUP BY id) s USING (id)
    WHERE (a::text, d::text) IS DISTINCT FROM (m::text, m::text)$$, 'nor does the order of rows');
SELECT is_empty($$SELECT id, i FROM result JOIN (SELECT id, i, topsis(c, (SELECT array_agg(x * 8) FROM unnest(w) x), b) OVER (PARTITION BY id) AS u FROM sample) s USING (id, i)
    WHERE t IS DISTINCT FROM u$$, 'weights count relative to their sum');

-- Numbers whose squares are beyond float8, or 0.
SELECT results_eq($$SELECT topsis(ARRAY[a * f, b * f], '{1,1}') OVER (PARTITION BY f)
        FROM (VALUES (1, 4), (2, 1), (3, 3)) v(a, b), unnest(ARRAY[2::float8 ^ -1000, 1, 2::float8 ^ 1000]) f ORDER BY f, a$$,
    $$SELECT t FROM (SELECT a, topsis(ARRAY[a, b], '{1,1}') OVER () AS t FROM (VALUES (1, 4), (2, 1), (3, 3)) v(a, b)) s, generate_series(1, 3) f ORDER BY f, a$$,
    'very large and very small numbers');
SELECT is(topsis_fit(ARRAY[x], '{1}', NULL) -> 'ideal', '{1.7e308}', 'the largest numbers') FROM unnest(ARRAY[1.7e308]::float8[]) x;
SELECT is(topsis_fit(ARRAY[x, x], ARRAY[1.7e308, 1.7e308], NULL) -> 'weights', '{0.5,0.5}', 'the largest weights') FROM unnest(ARRAY[1, 2]::float8[]) x;
SELECT is(topsis_fit('{1,2}', ARRAY[5e-324, 5e-324], NULL) -> 'weights', '{0.5,0.5}', 'the smallest weights');

-- --- parts, columns of tables ---------------------------------------------------------------------------------------

CREATE FUNCTION pg_temp.in_parts(id int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state component_rows[] := '{}';
    r record;
BEGIN
    FOR r IN SELECT * FROM sample s WHERE s.id = in_parts.id LOOP
        state[r.i % 2] := component_rows_accum(state[r.i % 2], r.c, r.w, r.b);
        IF r.i % 5 = 0 THEN
            state[r.i % 2] := state[r.i % 2]::text;
        END IF;
    END LOOP;
    RETURN topsis_fit_final(coalesce(component_rows_combine(state[0], state[1]), state[0], state[1]))::text;
END $$;
SELECT is_empty($$SELECT id FROM model WHERE pg_temp.in_parts(id) IS DISTINCT FROM m::text$$, 'parts combined equal the whole');
SELECT is_empty($$SELECT id FROM model WHERE m::text::topsis_model::text <> m::text$$, 'the text form keeps every bit');
CREATE TABLE t AS SELECT i::numeric / 7 AS spend, i % 4 AS visits FROM generate_series(1, 30) i;
SELECT results_eq($$SELECT topsis_score(ARRAY[spend, visits], (SELECT topsis_fit(ARRAY[spend, visits], '{2,1}', NULL) FROM t)) FROM t$$,
    $$SELECT topsis(ARRAY[spend, visits], '{2,1}') OVER () FROM t$$, 'numeric and integer columns');

-- --- the model --------------------------------------------------------------------------------------------------------

\set model '{"version": 1, "rows": 4, "norms": [3,2], "weights": [0.25,0.75], "ideal": [5,1], "anti_ideal": [-5,4]}'
SELECT is(:'model'::topsis_model::text, :'model', 'text');
SELECT is(:'model'::topsis_model::jsonb, :'model'::jsonb, 'jsonb');
SELECT is(:'model'::topsis_model -> 'norms', '{3,2}', 'norms');
SELECT is(:'model'::topsis_model -> 'weights', '{0.25,0.75}', 'weights');
SELECT is(:'model'::topsis_model -> 'ideal', '{5,1}', 'ideal');
SELECT is(:'model'::topsis_model -> 'anti_ideal', '{-5,4}', 'anti_ideal');
SELECT throws_ok($$SELECT '{"norms":[1],"weights":[1],"ideal":[1],"anti_ideal":[1]}'::topsis_model -> 'x'$$, '22023', 'a topsis_model has no "x"');
SELECT is('{"norms":[1],"weights":[1],"ideal":[1],"anti_ideal":[1]}'::topsis_model::jsonb ->> 'rows', '0', 'rows and version may be missing');

-- Changes of the text, and what is said about them.
SELECT throws_ok(format('SELECT %L::topsis_model', t), '22P02', 'invalid input for type topsis_model', t)
FROM unnest(ARRAY['[]', '{}', '{"version":2,"norms":[1],"weights":[1],"ideal":[1],"anti_ideal":[1]}', '{"x":1}',
    '{"norms":[],"weights":[],"ideal":[],"anti_ideal":[]}', '{"norms":[1],"weights":[1,2],"ideal":[1],"anti_ideal":[1]}',
    '{"norms":[-1],"weights":[1],"ideal":[1],"anti_ideal":[1]}', '{"norms":[1],"weights":[0],"ideal":[1],"anti_ideal":[1]}',
    '{"norms":[1],"weights":[-1],"ideal":[1],"anti_ideal":[1]}', '{"norms":["Infinity"],"weights":[1],"ideal":[1],"anti_ideal":[1]}',
    '{"norms":[1],"weights":[1],"ideal":["NaN"],"anti_ideal":[1]}', '{"norms":[1],"weights":[1],"ideal":[1]}',
    '{"rows":-1,"norms":[1],"weights":[1],"ideal":[1],"anti_ideal":[1]}']) t;

-- --- errors -----------------------------------------------------------------------------------------------------------

SELECT throws_ok($$SELECT topsis_fit('{1,2}', NULL, NULL)$$, '22023', 'weights must not be null');
SELECT throws_ok($$SELECT topsis('{1,2}', NULL) OVER ()$$, '22023', 'weights must not be null');
SELECT throws_ok($$SELECT topsis_fit('{1,2}', '{1}', NULL)$$, '22023', 'weights must have one element for each of the 2 components, not 1');
SELECT throws_ok($$SELECT topsis('{1,2}', '{1,2,3}') OVER ()$$, '22023', 'weights must have one element for each of the 2 components, not 3');
SELECT throws_ok($$SELECT topsis_fit('{1,2}', '{1,-1}', NULL)$$, '22023', 'weights[2] must be a finite number that is not negative, not -1');
SELECT throws_ok($$SELECT topsis_fit('{1,2}', '{1,NaN}', NULL)$$, '22023', 'weights[2] must be a finite number that is not negative, not NaN');
SELECT throws_ok($$SELECT topsis_fit('{1,2}', '{0,0}', NULL)$$, '22023', 'weights must not all be 0');
SELECT throws_ok($$SELECT topsis_fit('{1,2}', '{NULL,1}', NULL)$$, '22023', 'weights must not contain null');
SELECT throws_ok($$SELECT topsis('{1,2}', '{1,1}', '{t}') OVER ()$$, '22023', 'benefit must have one element for each of the 2 components, not 1');
SELECT throws_ok($$SELECT topsis_fit('{1,2}', ARRAY[i, 1], NULL) FROM generate_series(1, 2) i$$, '22023', 'weights must not change from row to row');
SELECT throws_ok($$SELECT topsis('{1,2}', ARRAY[i, 1]) OVER () FROM generate_series(1, 2) i$$, '22023', 'weights must not change from row to row');
SELECT throws_ok($$SELECT topsis('{1,2}', '{1,1}', ARRAY[i = 1, true]) OVER () FROM generate_series(1, 2) i$$, '22023', 'benefit must not change from row to row');
SELECT throws_ok($$SELECT topsis('{1,2}', '{1,1}', CASE WHEN i = 1 THEN '{t,t}'::boolean[] END) OVER () FROM generate_series(1, 2) i$$, '22023',
    'benefit must not change from row to row', 'nor become null');
SELECT throws_ok($$SELECT topsis(array_fill(1::float8, ARRAY[i]), '{1,1}') OVER () FROM generate_series(2, 3) i$$, '22023',
    'components must have the same number of elements in every row: 2 and 3');
SELECT throws_ok($$SELECT topsis('{1,NaN}', '{1,1}') OVER ()$$, '22023', 'components[2] must be a number, not NaN');
SELECT throws_ok($$SELECT topsis_score('{1,Infinity}', '{"norms":[1,1],"weights":[1,1],"ideal":[1,1],"anti_ideal":[1,1]}')$$, '22023',
    'components[2] must be a finite number, not Infinity');
SELECT throws_ok($$SELECT topsis_score('{1}', '{"norms":[1,1],"weights":[1,1],"ideal":[1,1],"anti_ideal":[1,1]}')$$, '22023',
    'components must have 2 elements as the model has, not 1');
SELECT throws_ok($$SELECT topsis_score('{1e300}', '{"norms":[1e-300],"weights":[1],"ideal":[1],"anti_ideal":[1]}')$$, '22003',
    'components are out of range of the model');
SELECT throws_ok($$SELECT topsis_fit('{1.7e308}', '{1}', NULL) FROM generate_series(1, 4)$$, '22003', 'the norm of a column is out of range');
SELECT throws_ok($$SELECT topsis_fit_final('{"columns":1,"values":[1]}')$$, '22023', 'weights must not be null', 'a state without weights');

SELECT * FROM finish();
ROLLBACK;
