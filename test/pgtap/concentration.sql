-- gini, lorenz, hhi, psi: definitions, published figures, errors, slow and obvious SQL on seeded random columns;
-- and that order, partition and plan of the rows do not matter.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(128);
SELECT setseed(0.31415);

CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- --- by hand ---
SELECT is(gini(x), 0::float8, 'all equal: 0') FROM unnest('{7,7,7}'::float8[]) x;
SELECT is(gini(x), 0.75::float8, 'one of four has all: 1 - 1/4') FROM unnest('{0,0,0,9}'::numeric[]) x;
SELECT is(gini(x), 0::float8, 'one value') FROM unnest('{3}'::float8[]) x;
SELECT is(gini(x), 0.4375::float8, '1,2,3,10 by hand: (-3 - 2 + 3 + 30) / (4 * 16)') FROM unnest('{1,2,3,10}'::float8[]) x;
SELECT is(gini(x), NULL::float8, 'a total of 0: null') FROM unnest('{0,0}'::float8[]) x;
SELECT is(gini(x), NULL::float8, 'only nulls: null') FROM unnest('{NULL,NULL}'::float8[]) x;
SELECT is((SELECT gini(x) FROM unnest('{}'::numeric[]) x), NULL::float8, 'no rows: null');
SELECT is(gini(x), 0.75::float8, 'nulls are ignored') FROM unnest('{0,0,NULL,0,9,NULL}'::float8[]) x;
SELECT is(lorenz(x, 4), '{0,0.1,0.3,0.6,1}'::float8[], 'lorenz of 1,2,3,4') FROM generate_series(1, 4) x;
SELECT is(lorenz(x, 2), '{0,0.25,1}'::float8[], 'lorenz of 0, 3 and 3 in halves: 0 and half of a 3, of 6')
FROM unnest('{0,3,3}'::numeric[]) x;
SELECT is(lorenz(x, 8), '{0,0.05,0.1,0.2,0.3,0.45,0.6,0.8,1}'::float8[], 'more points than rows') FROM generate_series(1, 4) x;
SELECT is(lorenz(x, 1), '{0,1}'::float8[], 'one step') FROM generate_series(1, 3) x;
SELECT is(lorenz(x, 4), '{0,0,0,0,1}'::float8[], 'one has all') FROM unnest('{0,0,0,9}'::float8[]) x;
SELECT is(lorenz(x, 4), NULL::float8[], 'a total of 0: null') FROM unnest('{0,0}'::float8[]) x;
SELECT is(hhi(x), 0.25::float8, 'four equal: 1/4') FROM unnest('{7,7,7,7}'::numeric[]) x;
SELECT is(hhi(x), 1::float8, 'one has all') FROM unnest('{0,0,9}'::float8[]) x;
SELECT is(hhi(x), NULL::float8, 'a total of 0: null') FROM unnest('{0,0}'::float8[]) x;
SELECT is((SELECT hhi(x) FROM unnest('{}'::numeric[]) x), NULL::float8, 'no rows: null');
SELECT is(round(psi(e, a)::numeric, 12), round((.1 * ln(.6 / .5) - .1 * ln(.4 / .5))::numeric, 12), 'two classes by hand') FROM (VALUES (50, 60), (50, 40)) v(e, a);
SELECT is(psi(e, a), 0::float8, 'the same shares: 0') FROM (VALUES (1, 20), (2, 40), (7, 140)) v(e, a);
SELECT is(round(psi(e, a)::numeric, 12), round(((1e-4 - .5) * ln(1e-4 / .5) + .5 * ln(1 / .5))::numeric, 12), 'an empty class has the share 1e-4')
FROM (VALUES (50, 0), (50, 40)) v(e, a);
SELECT is(round(psi(e, a)::numeric, 12), round(((1e-4 - .5) * ln(1e-4 / .5) + .5 * ln(1 / .5))::numeric, 12), 'null beside a number is 0, two nulls are nothing, a class empty on both sides adds nothing')
FROM (VALUES (50, NULL), (50, 40), (NULL, NULL), (0, 0), (NULL, 0)) v(e, a);
SELECT is(psi(e, a), NULL::float8, 'nothing expected: null') FROM (VALUES (0, 5), (NULL, 3)) v(e, a);
SELECT is(psi(e, a), NULL::float8, 'nothing there: null') FROM (VALUES (5, 0), (3, NULL)) v(e, a);
SELECT is((SELECT psi(e, a) FROM (SELECT 1, 2 WHERE false) v(e, a)), NULL::float8, 'no classes: null');
SELECT is(psi_expected(e, a), (3 - 1) * (1 / 100::float8 + 1 / 400::float8), 'psi_expected; a class empty on both sides is none') FROM (VALUES (50, 100), (50, 0), (0, 300), (0, 0)) v(e, a);
SELECT is(psi_expected(e, a), NULL::float8, 'psi_expected of nothing: null') FROM (VALUES (0, 5)) v(e, a);
SELECT is(psi(array_agg(e ORDER BY e), array_agg(a ORDER BY e)), psi(e, a), 'of arrays of integers') FROM (VALUES (10, 12), (20, 25), (30, 3)) v(e, a);
SELECT is(psi(array_agg(e ORDER BY e), array_agg(a ORDER BY e)), psi(e, a), 'of arrays of numeric') FROM (VALUES (10.5, 12), (20, 25.25), (30, 3)) v(e, a);
SELECT is(psi_expected(array_agg(e ORDER BY e), array_agg(a ORDER BY e)), psi_expected(e, a), 'psi_expected of arrays') FROM (VALUES (10, 12), (20, 25), (30, 3)) v(e, a);
SELECT is(psi('{1,NULL}'::float8[], '{1,1}'::float8[]), psi(ARRAY[1,0], ARRAY[1,1]), 'null in an array is 0');
SELECT is(psi('{}'::float8[], '{}'::float8[]), NULL::float8, 'empty arrays: null');
SELECT is(psi_status(p), want, 'status of ' || p) FROM (VALUES (0::float8, 'stable'), (0.0999, 'stable'), (0.1, 'watch'), (0.25, 'watch'), (0.2501, 'shifted'), (9, 'shifted')) v(p, want);
SELECT is(psi_status(NULL), NULL, 'status of null');

-- --- huge and tiny ---
SELECT is(gini(x * f), 0.4375::float8, 'gini times 2^' || k) FROM unnest('{1,2,3,10}'::float8[]) x, unnest(ARRAY[-1074, -900, 900, 1020]) k, LATERAL (SELECT 2::float8 ^ k) p(f) GROUP BY k;
SELECT is(hhi(x * f), 114 / 256::float8, 'hhi times 2^' || k) FROM unnest('{1,2,3,10}'::float8[]) x, unnest(ARRAY[-1074, -900, 900, 1020]) k, LATERAL (SELECT 2::float8 ^ k) p(f) GROUP BY k;
SELECT is(lorenz(x * f, 4), '{0,0.0625,0.1875,0.375,1}'::float8[], 'lorenz times 2^' || k) FROM unnest('{1,2,3,10}'::float8[]) x, unnest(ARRAY[-1074, -900, 900, 1020]) k, LATERAL (SELECT 2::float8 ^ k) p(f) GROUP BY k;
SELECT is(psi(e * f, a / f), psi(e, a), 'psi times 2^' || k) FROM (VALUES (50::float8, 60::float8), (50, 40)) v(e, a), unnest(ARRAY[-900, 900]) k, LATERAL (SELECT 2::float8 ^ k) p(f) GROUP BY k;
SELECT is(hhi(x), 0.5::float8, 'the largest floats') FROM unnest('{1.7e308,1.7e308}'::float8[]) x;
SELECT is(gini(x), 0.5::float8, 'a tiny and a huge value') FROM unnest('{1e-300,1e300}'::float8[]) x;

-- --- published ---
-- Herfindahl-Hirschman index: U.S. Department of Justice, "Herfindahl-Hirschman Index" (antitrust division's page):
-- four firms with shares of 30, 30, 20 and 20 percent: 2,600.
SELECT is(round((10000 * hhi(share))::numeric, 6), 2600.000000, 'HHI of the Department of Justice: 2,600') FROM unnest('{30,30,20,20}'::int[]) share;
-- An example of eight firms that adds up to 1,296: Investopedia, "Herfindahl-Hirschman Index (HHI)".
SELECT is(round((10000 * hhi(share))::numeric, 6), 1296.000000, 'HHI of eight firms: 1,296') FROM unnest('{10,9,12,15,12,11,15,16}'::int[]) share;
-- Example of the R package phylotools 0.1.2, gini(), whose algorithm is that of the package ineq.
SELECT is(round(gini(x)::numeric, 7), 0.3076923, 'gini of the R packages phylotools and ineq') FROM unnest('{1,3,2,1,1,1,4}'::int[]) x;
-- In closed form: sum_i (2i - n - 1) i = n (n^2 - 1) / 6, and the total is n (n + 1) / 2.
SELECT cmp_ok(max(abs(g - (n - 1) / (3.0::float8 * n))), '<', 1e-15::float8, 'gini of 1..n is (n - 1) / (3 n)')
FROM (SELECT n, gini(x) AS g FROM generate_series(1, 60) n, generate_series(1, n) x GROUP BY n) s;

-- --- arguments of other types ---
CREATE FUNCTION pg_temp.run(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE query INTO STRICT result;
    RETURN result;
END $$;
SELECT is(pg_temp.run(format('SELECT row(gini(x::%1$s), hhi(x::%1$s), lorenz(x::%1$s, 4), psi(x::%1$s, 2::%1$s), psi_expected(x::%1$s, 2::%1$s)) FROM generate_series(1, 4) x', type)),
    pg_temp.run('SELECT row(gini(x), hhi(x), lorenz(x, 4), psi(x, 2), psi_expected(x, 2)) FROM (SELECT x::float8 FROM generate_series(1, 4) x) s'), 'of ' || type)
FROM unnest(ARRAY['smallint', 'int', 'bigint', 'real', 'float8', 'numeric', 'numeric(9,2)']) type;

-- --- errors ---
SELECT is(pg_temp.error_of(format('SELECT %s FROM unnest(''{1,%s}''::%s[]) x', call, x, type)), '22023 x must be a finite number of at least 0, not ' || shown, format('%s of %s %s', call, type, x))
FROM unnest(ARRAY['float8', 'numeric']) type, unnest(ARRAY['gini(x)', 'lorenz(x, 5)', 'hhi(x)']) call,
    (VALUES ('-1', '-1'), ('NaN', 'NaN'), ('infinity', 'Infinity'), ('-infinity', '-Infinity')) v(x, shown) ORDER BY 1;
SELECT is(pg_temp.error_of('SELECT ' || call), message, call) FROM (VALUES
    ('lorenz(1::float8, 0)', '22023 points must be between 1 and 1000, not 0'), ('lorenz(1::numeric, 1001)', '22023 points must be between 1 and 1000, not 1001'),
    ('lorenz(1::float8, NULL)', '22023 points must not be null'), ('lorenz(x, x) FROM generate_series(2, 3) x', '22023 points must not change from row to row: 3 after 2'),
    ('gini(1e400)', '22003 "' || 1e400::text || '" is out of range for type double precision'),
    ('psi(-1, 2)', '22023 expected must be a finite number of at least 0, not -1'), ('psi(1.0, -2.5)', '22023 actual must be a finite number of at least 0, not -2.5'),
    ('psi(1::float8, ''NaN'')', '22023 actual must be a finite number of at least 0, not NaN'), ('psi_expected(1::float8, ''infinity'')', '22023 actual must be a finite number of at least 0, not Infinity'),
    ('psi(ARRAY[1,2], ARRAY[1])', '22023 expected and actual must have the same number of elements, not 2 and 1'),
    ('psi(ARRAY[[1,2]], ARRAY[1,2])', '22023 expected must be a one-dimensional array, not one of 2 dimensions'),
    ('psi(ARRAY[1,-2], ARRAY[1,2])', '22023 expected must be a finite number of at least 0, not -2'),
    ('psi_status(-0.1)', '22023 psi must be at least 0, not -0.1'), ('psi_status(''NaN'')', '22023 psi must be at least 0, not NaN'),
    ('gini_final(count_values(x, 1)) FROM unnest(ARRAY[-2, 3]) x', '22023 x must be a finite number of at least 0, not -2'),
    ('lorenz_final(count_values(x, 1)) FROM unnest(''{1,infinity}''::float8[]) x', '22023 x must be a finite number of at least 0, not Infinity')) v(call, message);
SELECT is(gini_final(count_values(x, 4)), gini(x), 'gini_final reads what count_values stored') FROM generate_series(1, 9) x;
SELECT is(lorenz_final(rollup(c)), (SELECT lorenz(x, 4) FROM generate_series(1, 9) x), 'lorenz_final, too, rolled up')
FROM (SELECT count_values(x, 4) FROM generate_series(1, 9) x GROUP BY x % 2) s(c);

-- --- slow and obvious SQL ---
CREATE TABLE value AS
SELECT id, i, CASE id % 8
    WHEN 0 THEN round((random() * 1000)::numeric, 2) WHEN 1 THEN floor(random() * 4) WHEN 2 THEN round(exp(10 * random())::numeric, 2)
    WHEN 3 THEN 42 WHEN 4 THEN CASE WHEN random() < .3 THEN NULL ELSE floor(random() * 20) END
    WHEN 5 THEN CASE WHEN random() < .9 THEN 0 ELSE 1 END WHEN 6 THEN round(random()::numeric, 8) WHEN 7 THEN i END::numeric AS n
FROM generate_series(1, 3000) id, LATERAL generate_series(1, 1 + id * 7919 % CASE WHEN id % 100 = 0 THEN 900 ELSE 40 END) i;
ALTER TABLE value ADD f float8;
UPDATE value SET f = n;
CREATE TABLE expected AS
SELECT id, count(*) AS rows, sum(n) AS total, (sum((2 * r - c - 1) * n) / nullif(c * sum(n), 0))::float8 AS gini, (sum(n * n) / nullif(sum(n), 0) ^ 2)::float8 AS hhi
FROM (SELECT id, n, row_number() OVER (PARTITION BY id ORDER BY n) AS r, count(*) OVER (PARTITION BY id) AS c FROM value WHERE n IS NOT NULL) s GROUP BY id, c;
CREATE TABLE fitted AS
SELECT id, gini(n), hhi(n), lorenz(n, 1 + id % 13), gini(f) AS gini_f, hhi(f) AS hhi_f, lorenz(f, 1 + id % 13) AS lorenz_f FROM value GROUP BY id;
SELECT cmp_ok(count(*) FILTER (WHERE total > 0), '>', 2500::bigint, 'thousands of columns') FROM expected;
SELECT is_empty($$SELECT * FROM expected JOIN fitted USING (id) WHERE (expected.gini IS NULL) <> (fitted.gini IS NULL) OR abs(expected.gini - fitted.gini) > 1e-15$$, 'gini');
SELECT is_empty($$SELECT * FROM expected JOIN fitted USING (id) WHERE (expected.hhi IS NULL) <> (fitted.hhi IS NULL) OR abs(expected.hhi - fitted.hhi) > 1e-15$$, 'hhi');
SELECT is_empty($$SELECT * FROM fitted WHERE (gini, hhi, lorenz) IS DISTINCT FROM (gini_f, hhi_f, lorenz_f)$$, 'float8 and numeric agree');
-- The curve by its definition: whole rows, and a fraction of the next.
CREATE TABLE ranked AS SELECT id, n, row_number() OVER (PARTITION BY id ORDER BY n) AS r FROM value WHERE n IS NOT NULL AND id <= 600;
CREATE INDEX ON ranked (id, r);
SELECT is_empty($$
    SELECT id, p, got, want FROM (
        SELECT fitted.id, p, got, ((SELECT coalesce(sum(n), 0) FROM ranked WHERE ranked.id = fitted.id AND r <= p * rows / k)
            + coalesce((SELECT n * (p * rows % k) / k::numeric FROM ranked WHERE ranked.id = fitted.id AND r = p * rows / k + 1), 0)) / total AS want
        FROM fitted JOIN expected USING (id), unnest(lorenz) WITH ORDINALITY u(got, o), LATERAL (SELECT o - 1, 1 + id % 13) x(p, k)
        WHERE total > 0 AND id <= 600) s
    WHERE abs(got - want) > 1e-15$$, 'lorenz is the share of whole rows and a fraction of the next');
SELECT is_empty($$SELECT id FROM fitted JOIN expected USING (id) WHERE total > 0 AND (lorenz[1] <> 0 OR lorenz[cardinality(lorenz)] <> 1 OR cardinality(lorenz) <> 2 + id % 13
    OR EXISTS (SELECT FROM unnest(lorenz) WITH ORDINALITY u(l, o) WHERE l < lorenz[o - 1] OR l > (o - 1) / (1 + id % 13)::float8 + 1e-15))$$,
    'lorenz ends at 0 and 1, ascends, and lies below the diagonal');

CREATE TABLE class AS
SELECT id, c, CASE WHEN random() < .15 THEN 0 WHEN random() < .05 THEN NULL ELSE floor(random() * 1000) END AS e,
    CASE WHEN random() < .15 THEN 0 WHEN random() < .05 THEN NULL ELSE floor(random() * 1000) END AS a
FROM generate_series(1, 3000) id, LATERAL generate_series(1, 1 + id % 20) c;
CREATE TABLE psi_expected_of AS
SELECT id, sum(CASE WHEN e + a > 0 THEN (a - e) * ln(a / e) END) FILTER (WHERE te > 0 AND ta > 0) AS psi, (count(*) FILTER (WHERE k) - 1) * (1 / nullif(min(te), 0) + 1 / nullif(min(ta), 0)) AS mean
FROM (SELECT id, CASE WHEN e > 0 THEN e / te ELSE 1e-4 END AS e, CASE WHEN a > 0 THEN a / ta ELSE 1e-4 END AS a, te, ta, e > 0 OR a > 0 AS k
      FROM (SELECT *, sum(e) OVER (PARTITION BY id) AS te, sum(a) OVER (PARTITION BY id) AS ta FROM (SELECT id, coalesce(e, 0) AS e, coalesce(a, 0) AS a FROM class WHERE e IS NOT NULL OR a IS NOT NULL) z) t) s
GROUP BY id;
CREATE TABLE psi_fitted AS SELECT id, psi(e, a), psi_expected(e, a) AS mean, psi(e::numeric, a::numeric) AS psi_n, psi_expected(e::numeric, a::numeric) AS mean_n FROM class GROUP BY id;
SELECT is_empty($$SELECT * FROM psi_expected_of x JOIN psi_fitted f USING (id) WHERE (x.psi IS NULL) <> (f.psi IS NULL) OR abs(x.psi - f.psi) > 1e-12 * greatest(x.psi, 1)$$, 'psi');
SELECT is_empty($$SELECT * FROM psi_expected_of x JOIN psi_fitted f USING (id) WHERE (x.mean IS NULL) <> (f.mean IS NULL) OR abs(x.mean - f.mean) > 1e-14 * greatest(x.mean, 1)$$, 'psi_expected');
SELECT is_empty($$SELECT * FROM psi_fitted WHERE (psi, mean) IS DISTINCT FROM (psi_n, mean_n)$$, 'of numeric, too');
-- By simulation: the mean of psi without a shift is near psi_expected.
SELECT cmp_ok(abs(avg(p) / avg(m) - 1), '<', 0.1::float8, 'psi without a shift has this mean')
FROM (SELECT s, psi(e, a) AS p, psi_expected(e, a) AS m
      FROM (SELECT s, c, count(*) FILTER (WHERE side = 0) AS e, count(*) FILTER (WHERE side = 1) AS a
            FROM (SELECT s, floor(random() * 10) AS c, CASE WHEN i <= 500 THEN 0 ELSE 1 END AS side FROM generate_series(1, 300) s, generate_series(1, 1500) i) d
            GROUP BY 1, 2) k GROUP BY s) r;

-- With 200 customers on each side and 10 equal classes, chi square of 9 degrees of freedom above 10 says that about a
-- third of samples without a shift exceed 0.1.
SELECT ok(share BETWEEN 0.28 AND 0.46, '0.1 is exceeded without a shift in about a third of small samples: ' || share)
FROM (SELECT avg((p > 0.1)::int) FROM (
    SELECT psi(e, a) AS p
    FROM (SELECT s, c, count(*) FILTER (WHERE i <= 200) AS e, count(*) FILTER (WHERE i > 200) AS a
          FROM (SELECT s, i, floor(random() * 10) AS c FROM generate_series(1, 400) s, generate_series(1, 400) i) d GROUP BY 1, 2) k
    GROUP BY s) r) q(share);

-- --- order, windows, parts, parallel plans: to the last bit ---
SELECT is_empty($$SELECT id FROM (SELECT id, gini(f / 7 ORDER BY md5(i::text)) AS g, hhi(f / 7 ORDER BY md5(i::text)) AS h, lorenz(f / 7, 5 ORDER BY i DESC) AS l,
        gini(f / 7 ORDER BY f) AS g2, hhi(f / 7 ORDER BY f) AS h2, lorenz(f / 7, 5 ORDER BY f) AS l2 FROM value GROUP BY id) s WHERE (g, h, l) IS DISTINCT FROM (g2, h2, l2)$$,
    'the order of rows does not matter');
SELECT is_empty($$SELECT id FROM (SELECT id, psi(e, a ORDER BY c) AS x, psi(e, a ORDER BY md5(c::text)) AS y FROM class GROUP BY id) s WHERE x IS DISTINCT FROM y$$, 'nor that of classes');
SELECT is_empty($$SELECT id, i FROM (SELECT id, i, gini(f) OVER w AS g, hhi(f) OVER w AS h, lorenz(f, 3) OVER w AS l, array_agg(f) OVER w AS so_far FROM value WHERE id < 200 WINDOW w AS (PARTITION BY id ORDER BY i)) s
    WHERE (g, h, l) IS DISTINCT FROM (SELECT (gini(e), hhi(e), lorenz(e, 3)) FROM unnest(so_far) e)$$, 'as window aggregates they see the rows so far');
SELECT is_empty($$SELECT id FROM (SELECT id, hhi_final(hhi_sums_combine(a, b)) AS h FROM (
        SELECT id, hhi_sums_accum(hhi_sums_accum(NULL, max(f)), min(f)) AS a, hhi_sums_accum(NULL, avg(f)) AS b FROM value WHERE f > 0 GROUP BY id) x) p
    WHERE h IS DISTINCT FROM (SELECT hhi(e) FROM (SELECT unnest(ARRAY[max(f), min(f), avg(f)]) FROM value WHERE value.id = p.id AND f > 0) u(e)) AND id <= 300$$, 'combined sums equal the whole');
ALTER TABLE value SET (parallel_workers = 2);
ALTER TABLE class SET (parallel_workers = 2);
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
CREATE TABLE whole AS SELECT gini(f / 7), hhi(f / 7), lorenz(f / 7, 11), gini(n) AS n FROM value;
CREATE TABLE whole_psi AS SELECT psi(e, a), psi_expected(e, a) AS mean FROM class;
CREATE TABLE groups AS SELECT id, gini(f / 7), hhi(f / 7) FROM value GROUP BY id;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT alike(pg_temp.plan_of('SELECT gini(f / 7), hhi(f / 7), lorenz(f / 7, 11), gini(n) FROM value'), '%Partial Aggregate%', 'a parallel plan is used');
SELECT alike(pg_temp.plan_of('SELECT psi(e, a), psi_expected(e, a) FROM class'), '%Partial Aggregate%', 'of psi, too');
SELECT results_eq('SELECT gini(f / 7), hhi(f / 7), lorenz(f / 7, 11), gini(n) FROM value', 'TABLE whole', 'and gives the same');
SELECT results_eq('SELECT psi(e, a), psi_expected(e, a) FROM class', 'TABLE whole_psi', 'psi in a parallel plan');
SET LOCAL enable_sort = off;
SELECT results_eq('SELECT id, gini(f / 7), hhi(f / 7) FROM value GROUP BY id ORDER BY id', 'SELECT * FROM groups ORDER BY id', 'with groups, too');

SELECT * FROM finish();
ROLLBACK;
