-- entropy_weights and ahp_weights: published examples, slow and obvious SQL on random data, and errors.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(66);
SELECT setseed(0.3);

CREATE FUNCTION pg_temp.rounded(x float8[], digits int) RETURNS numeric[] LANGUAGE sql AS
'SELECT array_agg(round(v::numeric, digits) ORDER BY i) FROM unnest(x) WITH ORDINALITY u(v, i)';

-- The largest difference of two arrays; infinity where they have not the same shape.
CREATE FUNCTION pg_temp.distance(a float8[], b float8[]) RETURNS float8 LANGUAGE sql AS $$
    SELECT CASE WHEN a IS NULL AND b IS NULL THEN 0
        WHEN cardinality(a) IS DISTINCT FROM cardinality(b) THEN 'infinity'
        ELSE (SELECT max(abs(x - y)) FROM unnest(a, b) u(x, y)) END
$$;

-- --- entropy weights: a published example -----------------------------------------------------------------------

-- Scores of 9 nursing measures in 11 departments of a hospital; the example in "指标权重确定方法之熵权法" (a method sheet in wide use
-- in China), which prints entropies .95 .87 .84 .96 .94 .96 .96 .96 .96 and weights .08 .22 .27 .07 .11 .07 .07 .07 .07.
CREATE TABLE hospital (department text, x float8[]);
INSERT INTO hospital VALUES
    ('A', '{100,90,100,84,90,100,100,100,100}'), ('B', '{100,100,78.6,100,90,100,100,100,100}'),
    ('C', '{75,100,85.7,100,90,100,100,100,100}'), ('D', '{100,100,78.6,100,90,100,94.4,100,100}'),
    ('E', '{100,90,100,100,100,90,100,100,80}'), ('F', '{100,100,100,100,90,100,100,85.7,100}'),
    ('G', '{100,100,78.6,100,90,100,55.6,100,100}'), ('H', '{87.5,100,85.7,100,100,100,100,100,100}'),
    ('I', '{100,100,92.9,100,80,100,100,100,100}'), ('J', '{100,90,100,100,100,100,100,100,100}'),
    ('K', '{100,100,92.9,100,90,100,100,100,100}');
SELECT is(pg_temp.rounded(entropy_weights(x), 2), '{0.08,0.22,0.27,0.07,0.11,0.07,0.07,0.07,0.07}', 'nursing in a hospital') FROM hospital;

-- --- entropy weights: by hand -------------------------------------------------------------------------------------

SELECT is(entropy_weights(c), NULL, 'no rows: null') FROM (SELECT '{1,2}'::float8[] WHERE false) s(c);
SELECT is(entropy_weights(NULL::float8[]), NULL, 'no components: null') FROM generate_series(1, 3);
SELECT is(entropy_weights('{1,2,3,4}'::float8[]), '{0.25,0.25,0.25,0.25}', 'one row: equal weights');
SELECT is(entropy_weights(ARRAY[7, 0, -3]::float8[]), ARRAY[1/3.0::float8, 1/3.0::float8, 1/3.0::float8], 'all constant: equal weights')
FROM generate_series(1, 10);
SELECT is(entropy_weights(ARRAY[i, 5, i]::float8[]), '{0.5,0,0.5}', 'a constant column has weight 0') FROM generate_series(1, 10) i;
SELECT is(entropy_weights(ARRAY[i, CASE WHEN i = 3 THEN NULL ELSE i * i END]),
          (SELECT entropy_weights(ARRAY[i, i * i]) FROM generate_series(1, 10) i WHERE i <> 3), 'a row with a null element is skipped')
FROM generate_series(1, 10) i;
SELECT is(entropy_weights(CASE WHEN i <> 3 THEN ARRAY[i, i * i] END),
          (SELECT entropy_weights(ARRAY[i, i * i]) FROM generate_series(1, 10) i WHERE i <> 3), 'and so is null')
FROM generate_series(1, 10) i;
SELECT is(entropy_weights(ARRAY[NULL, 1]), NULL, 'only incomplete rows: null') FROM generate_series(1, 3);
SELECT is(entropy_weights(ARRAY[i, i * i], NULL), entropy_weights(ARRAY[i, i * i]), 'benefit null: more is better') FROM generate_series(1, 9) i;
SELECT is(entropy_weights(ARRAY[i, i * i], '{t,t}'), entropy_weights(ARRAY[i, i * i]), 'as all true') FROM generate_series(1, 9) i;
SELECT is(entropy_weights(ARRAY[i, i * i], '{t,f}'), entropy_weights(ARRAY[i, -i * i]), 'less is better: as the negative') FROM generate_series(1, 9) i;
SELECT is(entropy_weights(ARRAY[i, i * i]::numeric[]), entropy_weights(ARRAY[i, i * i]::float8[]), 'numeric arrays are cast') FROM generate_series(1, 9) i;
SELECT is(entropy_weights(ARRAY['-0', 0]::float8[]), '{0.5,0.5}', '-0 is 0') FROM generate_series(1, 2) i;

-- --- entropy weights: against SQL ---------------------------------------------------------------------------------

CREATE TABLE sample (id int, i int, c float8[]);

-- The definition, in numeric: decimals of 40 places or more.
CREATE FUNCTION pg_temp.entropy_oracle(id int, benefit boolean[]) RETURNS float8[] LANGUAGE sql AS $$
    WITH v AS (
        SELECT j, i, x::text::numeric AS x, min(x::text::numeric) OVER w AS low, max(x::text::numeric) OVER w AS high, count(*) OVER w AS n
        FROM sample s, unnest(s.c) WITH ORDINALITY u(x, j) WHERE s.id = $1 AND array_position(s.c, NULL) IS NULL WINDOW w AS (PARTITION BY j)),
    z AS (
        SELECT j, n, CASE WHEN high > low THEN round(CASE WHEN $2[j] THEN x - low ELSE high - x END, 400) / round(high - low, 400) END AS z FROM v),
    p AS (SELECT j, n, round(z, 60) / sum(round(z, 60)) OVER (PARTITION BY j) AS p FROM z),
    d AS (SELECT j, CASE WHEN count(p) = 0 THEN 0 ELSE 1 + sum(CASE WHEN p > 0 THEN p * ln(p) ELSE 0 END) / ln(max(n)::numeric) END AS d FROM p GROUP BY j)
    SELECT array_agg(CASE WHEN total > 0 THEN d / total ELSE 1.0 / k END ORDER BY j)
    FROM d, (SELECT sum(d), count(*) FROM d) t(total, k)
$$;

INSERT INTO sample
SELECT id, i, CASE id % 7
    WHEN 0 THEN ARRAY[random(), random(), random()]
    WHEN 1 THEN ARRAY[floor(random() * 3), 7, -exp(5 * random()), round(random())]
    WHEN 2 THEN ARRAY[CASE WHEN random() < 0.1 THEN NULL ELSE random() END, i]
    WHEN 3 THEN ARRAY[1, 2, 3]
    WHEN 4 THEN ARRAY[floor(random() * 4) - 2]
    WHEN 5 THEN ARRAY[(random() - 0.5) * 1e300, (random() - 0.5) * 1e-300, exp(40 * random())]
    WHEN 6 THEN ARRAY[CASE WHEN random() < 0.5 THEN -1.7e308 ELSE 1.7e308 * random() END, i % 2, 0] END::float8[]
FROM generate_series(1, 700) id, generate_series(1, 1 + id % 23) i;
CREATE TABLE fitted AS
SELECT id, entropy_weights(c) AS w, (SELECT array_agg((id + j) % 3 > 0) FROM generate_series(1, max(cardinality(c))) j) AS benefit
FROM sample GROUP BY id;
ALTER TABLE fitted ADD v float8[];
UPDATE fitted SET v = (SELECT entropy_weights(c, benefit) FROM sample s WHERE s.id = fitted.id);

SELECT is_empty($$SELECT id, w, v FROM fitted WHERE id % 7 < 5 AND (
        pg_temp.distance(w, pg_temp.entropy_oracle(id, array_fill(true, ARRAY[4]))) > 1e-12
        OR pg_temp.distance(v, pg_temp.entropy_oracle(id, benefit)) > 1e-12)$$,
    'entropy_weights equals the definition');
SELECT is_empty($$SELECT id, w, v FROM fitted WHERE id % 7 >= 5 AND id < 250 AND (
        pg_temp.distance(w, pg_temp.entropy_oracle(id, array_fill(true, ARRAY[4]))) > 1e-12
        OR pg_temp.distance(v, pg_temp.entropy_oracle(id, benefit)) > 1e-12)$$,
    'also at the ends of float8');
SELECT is_empty($$SELECT id, w FROM fitted WHERE w IS NOT NULL AND abs((SELECT sum(x) FROM unnest(w) x) - 1) > 1e-14$$, 'the sum of weights is 1');
SELECT is_empty($$SELECT id, w FROM fitted, unnest(w) x WHERE NOT x BETWEEN 0 AND 1$$, 'none is below 0 or above 1');
SELECT is_empty($$
    SELECT id FROM (SELECT id, entropy_weights(c ORDER BY md5(i::text)) AS a, entropy_weights(c ORDER BY i DESC) AS b FROM sample GROUP BY id) s
    JOIN fitted USING (id) WHERE (a, b) IS DISTINCT FROM (w, w)$$,
    'the order of rows does not matter, to the last bit');

-- Nearly uniform columns of many rows, where 1 - e loses its digits; in the columns here e is known: n - 1 equal shares of n - 1.
SELECT cmp_ok(abs((SELECT w[1] / w[2] FROM (SELECT entropy_weights(ARRAY[(i > 1)::int, (i <= 500000)::int]) AS w FROM generate_series(1, 1000000) i) s)
        / ((ln(1000000::numeric) - ln(999999::numeric)) / (ln(1000000::numeric) - ln(500000::numeric)))::float8 - 1), '<', 1e-12::float8,
    'weights of nearly uniform columns are exact');

-- --- parts and the whole ------------------------------------------------------------------------------------------

CREATE FUNCTION pg_temp.in_parts(id int) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
    state component_rows[] := '{}';
    r record;
BEGIN
    FOR r IN SELECT * FROM sample s WHERE s.id = in_parts.id LOOP
        state[r.i % 3] := component_rows_accum(state[r.i % 3], r.c);
        IF r.i % 5 = 0 THEN
            state[r.i % 3] := state[r.i % 3]::text;
        END IF;
    END LOOP;
    RETURN entropy_weights_final(coalesce(component_rows_combine(state[0], coalesce(component_rows_combine(state[1], state[2]), state[1], state[2])),
        component_rows_combine(state[1], state[2]), state[0], state[1], state[2]));
END $$;
SELECT is_empty($$SELECT id FROM fitted WHERE pg_temp.in_parts(id) IS DISTINCT FROM w$$, 'parts combined equal the whole');

CREATE TABLE flat AS SELECT * FROM sample UNION ALL SELECT 10000, i, ARRAY[i % 1000, sqrt(i)] FROM generate_series(1, 30000) i;
ALTER TABLE flat SET (parallel_workers = 2);
ANALYZE flat;
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
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT entropy_weights(c) AS w, topsis_fit(c, '{1,2}', '{t,f}')::text AS m FROM flat WHERE id = 10000;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT alike(pg_temp.plan_of('SELECT entropy_weights(c) FROM flat WHERE id = 10000'), '%Partial Aggregate%', 'a parallel plan is used');
SELECT results_eq($$SELECT entropy_weights(c), topsis_fit(c, '{1,2}', '{t,f}')::text FROM flat WHERE id = 10000$$, 'SELECT w, m FROM serial',
    'and gives the same bits');
SELECT results_eq($$SELECT id, entropy_weights(c) FROM flat WHERE id < 10000 GROUP BY id ORDER BY id$$, 'SELECT id, w FROM fitted ORDER BY id',
    'groups in a parallel plan give the same');
RESET max_parallel_workers_per_gather;

-- --- errors of entropy_weights --------------------------------------------------------------------------------------

SELECT throws_ok($$SELECT entropy_weights(ARRAY[1, 'NaN']::float8[])$$, '22023', 'components[2] must be a number, not NaN');
SELECT throws_ok($$SELECT entropy_weights(ARRAY[1, 'infinity']::float8[])$$, '22023', 'components[2] must be a finite number, not Infinity');
SELECT throws_ok($$SELECT entropy_weights(ARRAY['-infinity', 1]::float8[])$$, '22023', 'components[1] must be a finite number, not -Infinity');
SELECT throws_ok($$SELECT entropy_weights('{}'::float8[])$$, '22023', 'components must have 1 to 1000 elements, not 0');
SELECT throws_ok($$SELECT entropy_weights(array_fill(1::float8, ARRAY[1001]))$$, '22023', 'components must have 1 to 1000 elements, not 1001');
SELECT throws_ok($$SELECT entropy_weights('{{1,2},{3,4}}'::float8[])$$, '22023', 'components must be a one-dimensional array, not one of 2 dimensions');
SELECT throws_ok($$SELECT entropy_weights(array_fill(1::float8, ARRAY[i])) FROM generate_series(2, 3) i$$, '22023',
    'components must have the same number of elements in every row: 2 and 3');
SELECT throws_ok($$SELECT entropy_weights(array_fill(NULL::float8, ARRAY[i])) FROM generate_series(2, 3) i$$, '22023',
    'components must have the same number of elements in every row: 2 and 3', 'also in rows that are skipped');
SELECT throws_ok($$SELECT entropy_weights('{1,2}'::float8[], '{t}')$$, '22023', 'benefit must have one element for each of the 2 components, not 1');
SELECT throws_ok($$SELECT entropy_weights('{1,2}'::float8[], '{t,NULL}')$$, '22023', 'benefit must not contain null');
SELECT throws_ok($$SELECT entropy_weights('{1,2}'::float8[], ARRAY[i > 1, true]) FROM generate_series(1, 2) i$$, '22023',
    'benefit must not change from row to row');
SELECT throws_ok($$SELECT entropy_weights('{1,2}'::float8[], CASE WHEN i > 1 THEN '{t,t}'::boolean[] END) FROM generate_series(1, 2) i$$, '22023',
    'benefit must not change from row to row', 'nor from null');
SELECT throws_ok($$SELECT component_rows_combine('{"columns":1,"values":[1]}', '{"columns":2,"values":[1,2]}')$$, '22023',
    'components must have the same number of elements in every row: 1 and 2', 'states with other columns');
SELECT throws_ok($$SELECT component_rows_combine('{"columns":1,"values":[1]}', '{"columns":1,"weights":[1],"values":[1]}')$$, '22023',
    'weights must not change from row to row', 'states with and without weights');

-- --- AHP: published examples ------------------------------------------------------------------------------------------

-- A reciprocal matrix of the judgements above the diagonal, row by row.
CREATE FUNCTION pg_temp.judgements(n int, upper_part float8[]) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
    m float8[] := array_fill(1::float8, ARRAY[n, n]);
    k int := 0;
BEGIN
    FOR i IN 1..n LOOP
        FOR j IN i + 1..n LOOP
            k := k + 1;
            m[i][j] := upper_part[k];
            m[j][i] := 1 / upper_part[k];
        END LOOP;
    END LOOP;
    RETURN m;
END $$;

-- T. L. Saaty, A scaling method for priorities in hierarchical structures, J. Math. Psychology 15 (1977): distances from
-- Philadelphia of Cairo, Tokyo, Chicago, San Francisco, London, Montreal.
SELECT is((pg_temp.rounded(weights, 3), round(lambda_max::numeric, 2), round(ci::numeric, 2), round(cr::numeric, 2))::text,
          ('{0.262,0.397,0.033,0.116,0.164,0.027}'::numeric[], 6.45, 0.09, 0.07)::text, 'Saaty 1977: distances from Philadelphia')
FROM ahp_weights(pg_temp.judgements(6, ARRAY[1/3.0, 8, 3, 3, 7,  9, 3, 3, 9,  1/6.0, 1/5.0, 2,  1/3.0, 6,  6]));
-- R. W. Saaty, The analytic hierarchy process: what it is and how it is used, Mathematical Modelling 9 (1987): buying a house.
SELECT is((pg_temp.rounded(weights, 3), round(lambda_max::numeric, 3), round(ci::numeric, 3), round(cr::numeric, 3))::text,
          ('{0.173,0.054,0.188,0.018,0.031,0.036,0.167,0.333}'::numeric[], 9.669, 0.238, 0.169)::text, 'Saaty 1987: buying a house')
FROM ahp_weights(pg_temp.judgements(8, ARRAY[5, 3, 7, 6, 6, 1/3.0, 1/4.0,  1/3.0, 5, 3, 3, 1/5.0, 1/7.0,  6, 3, 4, 6, 1/5.0,
    1/3.0, 1/4.0, 1/7.0, 1/8.0,  1/2.0, 1/5.0, 1/6.0,  1/5.0, 1/6.0,  1/2.0]));
-- T. L. Saaty, Decision making with the analytic hierarchy process, Int. J. Services Sciences 1 (2008): what Americans drink:
-- coffee, wine, tea, beer, sodas, milk, water.
SELECT is((pg_temp.rounded(weights, 3), round(cr::numeric, 3))::text, ('{0.177,0.019,0.042,0.116,0.190,0.129,0.327}'::numeric[], 0.022)::text,
    'Saaty 2008: drinks')
FROM ahp_weights(pg_temp.judgements(7, ARRAY[9, 5, 2, 1, 1, 1/2.0,  1/3.0, 1/9.0, 1/9.0, 1/9.0, 1/9.0,  1/3.0, 1/4.0, 1/3.0, 1/9.0,
    1/2.0, 1, 1/3.0,  2, 1/2.0,  1/3.0]));

-- --- AHP: by hand -------------------------------------------------------------------------------------------------------

SELECT is(ahp_weights(ARRAY[[1]])::text, '({1},1,0,0)', 'one thing');
SELECT is(ahp_weights(ARRAY[[1, 3], [1/3.0, 1]])::text, '("{0.75,0.25}",2,0,0)', 'two things');
SELECT is(ahp_weights(ARRAY[[1, 2, 8], [0.5, 1, 4], [0.125, 0.25, 1]])::text, format('("{%s,%s,%s}",3,0,0)', 8/13.0::float8, 4/13.0::float8, 1/13.0::float8),
    'consistent judgements');
-- a over b over c over a: lambda = 1 + c + 1/c
SELECT is(ahp_weights(ARRAY[[1, 4, 0.25], [0.25, 1, 4], [4, 0.25, 1]])::text,
    format('("{%1$s,%1$s,%1$s}",5.25,1.125,%2$s)', 1/3.0::float8, 1.125::float8 / 0.58), 'judgements in a circle');
SELECT is((SELECT lambda_max FROM ahp_weights(ARRAY[[1, 1e9, 1e-9], [1e-9, 1, 1e9], [1e9, 1e-9, 1]])), 1000000001::float8, 'a circle of extreme judgements');
SELECT is(ahp_weights(NULL), NULL, 'null: null');

-- --- AHP: random matrices -----------------------------------------------------------------------------------------------

CREATE TABLE matrix AS
SELECT id, n, m, (ahp_weights(m)).* FROM (
    SELECT id, n, pg_temp.judgements(n, (SELECT array_agg(CASE
            WHEN id % 4 = 3 THEN (ARRAY[1/9.0, 1/7.0, 1/5.0, 1/3.0, 1, 3, 5, 7, 9])[1 + floor(random() * 9)::int]
            ELSE exp((random() - 0.5) * (ARRAY[1, 8, 41.4])[1 + id % 4]) END + 0 * k) FROM generate_series(1, 45) k)) AS m
    FROM (SELECT id, 1 + id % 10 AS n FROM generate_series(1, 4000) id) i OFFSET 0) s;
SELECT is((SELECT min(x) < 1e-8 AND max(x) > 1e8 FROM matrix, unnest(m) x), true, 'judgements from 1e-9 to 1e9 are among them');
SELECT is_empty($$
    SELECT id, n, i FROM matrix, generate_series(1, n) i
    WHERE NOT abs((SELECT sum(m[i][j] * weights[j]) FROM generate_series(1, n) j) / weights[i] / lambda_max - 1) < 1e-12$$,
    'matrix times weights is lambda_max times weights, in every element');
SELECT is_empty($$SELECT id FROM matrix WHERE abs((SELECT sum(w) FROM unnest(weights) w) - 1) > 1e-14$$, 'the sum of weights is 1');
SELECT is_empty($$SELECT id, n, lambda_max, ci, cr FROM matrix WHERE lambda_max < n - 1e-9 OR ci < 0
    OR ci IS DISTINCT FROM CASE WHEN n <= 2 THEN 0 ELSE (lambda_max - n) / (n - 1) END
    OR cr IS DISTINCT FROM CASE WHEN n <= 2 THEN 0 ELSE ci / (ARRAY[0, 0, .58, .90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49]::float8[])[n] END$$, 'ci and cr');

-- Things in another order get the same weights.
SELECT is_empty($$
    SELECT id FROM (
        SELECT id, n, weights, ahp_weights((SELECT array_agg(r ORDER BY i DESC) FROM (
            SELECT i, (SELECT array_agg(m[i][j] ORDER BY j DESC) FROM generate_series(1, n) j) AS r FROM generate_series(1, n) i) s)) AS turned
        FROM matrix) t
    WHERE EXISTS (SELECT FROM generate_series(1, n) i WHERE abs(weights[i] / (turned).weights[n + 1 - i] - 1) > 1e-12)$$,
    'the order of things does not matter');
SELECT is_empty($$
    SELECT id FROM (SELECT id, v, ahp_weights((SELECT array_agg((SELECT array_agg(x / y) FROM unnest(v) y)) FROM unnest(v) x)) AS a
        FROM (SELECT id, (SELECT array_agg(exp(20 * random() - 10)) FROM generate_series(1, 1 + id % 10)) AS v FROM generate_series(1, 500) id) s) t
    WHERE (a).cr > 1e-12 OR (SELECT max(abs(x / y * (SELECT sum(z) FROM unnest(v) z) - 1)) FROM unnest((a).weights, v) u(x, y)) > 1e-12$$,
    'quotients of weights give the weights back');

-- --- errors of ahp_weights ------------------------------------------------------------------------------------------------

SELECT throws_ok($$SELECT ahp_weights('{}')$$, '22023', 'matrix must not be empty');
SELECT throws_ok($$SELECT ahp_weights('{1,2}')$$, '22023', 'matrix must have two dimensions, not 1');
SELECT throws_ok($$SELECT ahp_weights('{{1,2,3},{1,1,1}}')$$, '22023', 'matrix must be square, not 2 x 3');
SELECT throws_ok($$SELECT ahp_weights(array_fill(1, ARRAY[11, 11]))$$, '22023', 'matrix must have at most 10 rows, not 11');
SELECT throws_ok($$SELECT ahp_weights('{{1,NULL},{1,1}}')$$, '22023', 'matrix[1][2] must be a positive number, not null');
SELECT throws_ok($$SELECT ahp_weights('{{1,2},{NaN,1}}')$$, '22023', 'matrix[2][1] must be a positive number, not NaN');
SELECT throws_ok($$SELECT ahp_weights('{{1,Infinity},{0,1}}')$$, '22023', 'matrix[1][2] must be a positive number, not Infinity');
SELECT throws_ok($$SELECT ahp_weights('{{1,-2},{-0.5,1}}')$$, '22023', 'matrix[1][2] must be a positive number, not -2');
SELECT throws_ok($$SELECT ahp_weights('{{1,0},{1,1}}')$$, '22023', 'matrix[1][2] must be a positive number, not 0');
SELECT throws_ok($$SELECT ahp_weights('{{1,3},{0.33,1}}')$$, '22023', 'matrix must be reciprocal, but matrix[1][2] is 3 and matrix[2][1] is 0.33');
SELECT throws_ok($$SELECT ahp_weights('{{1,3},{0.33333333,2}}')$$, '22023', 'matrix[2][2] must be 1, not 2');
SELECT lives_ok($$SELECT ahp_weights('{{1,3},{0.3333333,1}}')$$, 'reciprocal within 1e-6');
SELECT throws_ok($$SELECT ahp_weights('{{1,1e308},{1e-308,1}}')$$, '22003', 'weights are out of range');

SELECT * FROM finish();
ROLLBACK;
