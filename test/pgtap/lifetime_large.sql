-- States of many cells, which an aggregate keeps in another form (an expanded object): what comes out is what flat states
-- give, in every plan, and whoever reads such a state while it grows sees all of it.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(28);
SELECT setseed(0.77);

CREATE AGGREGATE bgnbd_state(float8, float8, float8) (SFUNC = bgnbd_fit_accum, STYPE = lifetime_state, COMBINEFUNC = lifetime_state_combine, PARALLEL = SAFE);
CREATE AGGREGATE merge_states(lifetime_state) (SFUNC = lifetime_state_combine, STYPE = lifetime_state, COMBINEFUNC = lifetime_state_combine, PARALLEL = SAFE);

-- 45,000 customers with times of their own, of whom each third has a twin, and x up to 600.
CREATE TABLE customer AS
SELECT id, id % 3 AS cohort, id % 40 AS part, x, CASE WHEN x = 0 THEN 0 ELSE age * part END AS t_x, age
FROM (SELECT id, CASE WHEN random() < .3 THEN 0 ELSE floor(-2 * ln(1 - random())) + CASE WHEN id % 500 = 0 THEN id % 600 ELSE 0 END END AS x, random() AS part, 26 + 52 * random() AS age
    FROM generate_series(1, 45000) id) s;
INSERT INTO customer SELECT id + 100000, cohort, part, x, t_x, age FROM customer WHERE id % 3 = 0;
ANALYZE customer;
SET LOCAL max_parallel_workers_per_gather = 0;

-- Each part is below the size from which states are large, and so is what is merged in one step.
CREATE TABLE flat AS SELECT part, cohort, bgnbd_state(x, t_x, age) AS s FROM customer GROUP BY 1, 2;
CREATE TABLE cells AS SELECT x, t_x, age, count(*) FROM customer GROUP BY 1, 2, 3;
CREATE TABLE whole AS SELECT bgnbd_state(x, t_x, age) AS s, bgnbd_fit(x, t_x, age)::text AS m FROM customer;

SELECT cmp_ok((SELECT count(*) FROM cells), '>', 40000::bigint, 'there are many cells');
SELECT cmp_ok((SELECT max(jsonb_array_length(s::text::jsonb -> 'x')) FROM flat), '<', 6000, 'and few in a part');
SELECT is((SELECT s::text::jsonb FROM whole),
    (SELECT jsonb_build_object('version', 1, 'kind', 'bgnbd', 'excluded', 0, 'x', jsonb_agg(x ORDER BY x, age, t_x), 't_x', jsonb_agg(t_x ORDER BY x, age, t_x),
        'age', jsonb_agg(age ORDER BY x, age, t_x), 'count', jsonb_agg(count ORDER BY x, age, t_x)) FROM cells), 'the cells are those of GROUP BY, in order');
SELECT is((SELECT merge_states(s)::text FROM flat), (SELECT s::text FROM whole), 'a state of merged parts is the same');
SELECT is((SELECT merge_states(s ORDER BY part DESC, cohort)::text FROM flat), (SELECT s::text FROM whole), 'in another order too');
SELECT is((SELECT merge_states(s)::text FROM (SELECT cohort, merge_states(s) AS s FROM flat GROUP BY cohort) c), (SELECT s::text FROM whole), 'and by way of large ones');
SELECT is((SELECT lifetime_fit_final(s)::text FROM whole), (SELECT m FROM whole), 'a stored state gives the model of the aggregate');
SELECT is((SELECT lifetime_fit_final(merge_states(s))::text FROM flat), (SELECT m FROM whole), 'a merged one too');
SELECT is((SELECT s::text::lifetime_state::text FROM whole), (SELECT s::text FROM whole), 'its text comes in again');
SELECT is((SELECT bgnbd_fit(x, t_x, age ORDER BY random())::text FROM customer), (SELECT m FROM whole), 'the rows in another order');
SELECT is((SELECT bgnbd_fit(x, t_x, age ORDER BY x, age)::text FROM customer), (SELECT m FROM whole), 'and sorted');
SELECT is((SELECT jsonb_array_length(bgnbd_fit_accum(s, 1, 2, 3)::text::jsonb -> 'x') FROM whole), (SELECT count(*)::int + 1 FROM cells), 'a direct call adds to a copy');
SELECT is((SELECT jsonb_array_length(s::text::jsonb -> 'x') FROM whole), (SELECT count(*)::int FROM cells), 'and leaves the state as it was');

CREATE TABLE by_cohort AS SELECT k AS cohort, (SELECT bgnbd_fit(x, t_x, age)::text FROM customer WHERE cohort = k) AS m FROM generate_series(0, 2) k;
SELECT results_eq('SELECT cohort, bgnbd_fit(x, t_x, age)::text FROM customer GROUP BY cohort ORDER BY cohort', 'TABLE by_cohort ORDER BY 1', 'cohorts, hashed');
SET LOCAL enable_hashagg = off;
SELECT results_eq('SELECT cohort, bgnbd_fit(x, t_x, age)::text FROM customer GROUP BY cohort ORDER BY cohort', 'TABLE by_cohort ORDER BY 1', 'cohorts, sorted');
SELECT results_eq('SELECT cohort, bgnbd_fit(x, t_x, age)::text FROM customer GROUP BY ROLLUP (cohort) ORDER BY cohort', 'SELECT * FROM by_cohort UNION ALL SELECT NULL, m FROM whole ORDER BY 1', 'ROLLUP');
RESET enable_hashagg;
SET LOCAL work_mem = '64kB';
SELECT results_eq('SELECT cohort, bgnbd_fit(x, t_x, age)::text FROM customer GROUP BY cohort ORDER BY cohort', 'TABLE by_cohort ORDER BY 1', 'cohorts, with little memory');
RESET work_mem;
-- A correlated subquery runs its aggregate again and again.
SELECT results_eq('SELECT k, (SELECT bgnbd_fit(x, t_x, age)::text FROM customer WHERE cohort = k OFFSET 0) FROM generate_series(0, 2) k', 'TABLE by_cohort ORDER BY 1', 'an aggregate that is run again');

-- The peers of a window frame: the state is read while it grows, three times when it is large.
SELECT results_eq('SELECT DISTINCT cohort, bgnbd_fit(x, t_x, age) OVER (ORDER BY cohort) -> ''customers'' FROM customer ORDER BY 1',
    'SELECT cohort, sum(count(*)) OVER (ORDER BY cohort)::float8 FROM customer GROUP BY cohort ORDER BY 1', 'a window counts all');
SELECT is((SELECT m FROM (SELECT cohort, (bgnbd_fit(x, t_x, age) OVER (ORDER BY cohort))::text AS m FROM customer) w WHERE cohort = 2 LIMIT 1), (SELECT m FROM whole), 'and fits all at its end');

-- Rows that are left out, when the state is large already.
SELECT is((SELECT ROW(m -> 'customers', m -> 'excluded')::text FROM (SELECT bgnbd_fit(x, t_x, age ORDER BY n) AS m
    FROM (SELECT 1 AS n, x, t_x, age FROM customer UNION ALL VALUES (2, 0, 0, 0), (2, 0, 0, 0), (3, NULL, 1, 1)) c) f), '(60000,2)', 'excluded rows are counted');
SELECT throws_ok($$SELECT bgnbd_fit(x, t_x, age, unit ORDER BY n) FROM (SELECT 1 AS n, x, t_x, age, 'day' AS unit FROM customer UNION ALL VALUES (2, 1, 1, 2, 'week')) c$$,
    '22023', 'unit, start and prior must not change from row to row', 'options may not change');
SELECT throws_ok($$SELECT bgnbd_fit(x, t_x, age ORDER BY n) FROM (SELECT 1 AS n, x, t_x, age FROM customer UNION ALL VALUES (2, 1, 3, 2)) c$$, '22023', NULL, 'a bad history is an error');
SELECT throws_ok($$SELECT merge_states(s ORDER BY n) FROM (SELECT 1 AS n, s FROM flat UNION ALL SELECT 2, mbgnbd_fit_accum(NULL, 1, 1, 2)) c$$,
    '22023', 'a lifetime_state of kind mbgnbd cannot be used here', 'a state of another kind too');

ALTER TABLE customer SET (parallel_workers = 3);
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || statement LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END $$;
SELECT alike(pg_temp.plan_of('SELECT bgnbd_fit(x, t_x, age) FROM customer'), '%Partial Aggregate%', 'a plan with partial aggregates');
SELECT is((SELECT bgnbd_fit(x, t_x, age)::text FROM customer), (SELECT m FROM whole), 'gives the same digits');
SELECT results_eq('SELECT cohort, bgnbd_fit(x, t_x, age)::text FROM customer GROUP BY cohort ORDER BY cohort', 'TABLE by_cohort ORDER BY 1', 'and so do cohorts');
SELECT is((SELECT merge_states(s)::text FROM (SELECT bgnbd_state(x, t_x, age) AS s FROM customer GROUP BY part) p), (SELECT s::text FROM whole), 'and states');

SELECT * FROM finish();
ROLLBACK;
