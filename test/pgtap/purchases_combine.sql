-- Parts of purchase summaries make the whole, in whatever order and plan they come together.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL max_parallel_workers_per_gather = 0;

SELECT plan(26);
\ir include/orders.psql

CREATE TABLE whole AS
SELECT customer, purchase_summary(day, amount, cost)::text AS with_cost, purchase_summary(day, amount)::text AS without_cost
FROM (SELECT * FROM orders ORDER BY line) o GROUP BY customer;

-- Customers for whom a query (customer, with_cost, without_cost) says something else.
CREATE FUNCTION pg_temp.differing(query text) RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('
        SELECT coalesce(w.customer, o.customer) FROM whole w FULL JOIN (%s) o USING (customer)
        WHERE w.with_cost IS DISTINCT FROM o.with_cost::text OR w.without_cost IS DISTINCT FROM o.without_cost::text', query);
END $$;

-- --- order of rows ---
SELECT is_empty(format('SELECT pg_temp.differing(%L)', format('
    SELECT customer, purchase_summary(day, amount, cost ORDER BY %1$s) AS with_cost,
        purchase_summary(day, amount ORDER BY %1$s) AS without_cost
    FROM orders GROUP BY customer', sorting)), 'rows ordered by ' || sorting)
FROM unnest(ARRAY['day', 'day DESC', 'amount', 'abs(amount) DESC', 'random()', 'scale(amount), md5(line::text)']) sorting;

-- --- parts, stored and merged ---
CREATE FUNCTION pg_temp.merged(part text, sorting text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT customer, rollup(c ORDER BY %2$s) AS with_cost, rollup(a ORDER BY %2$s) AS without_cost
                   FROM (SELECT customer, %1$s AS part, purchase_summary(day, amount, cost) AS c, purchase_summary(day, amount) AS a
                         FROM orders GROUP BY customer, part) p GROUP BY customer', part, sorting)
$$;
SELECT is_empty(format('SELECT pg_temp.differing(%L)', pg_temp.merged(part, 'random()')), 'parts by ' || part)
FROM unnest(ARRAY['floor(random() * 2)', 'floor(random() * 40)', 'line', 'extract(year FROM day)', 'amount', 'sign(amount)']) part;
SELECT is_empty(format('SELECT pg_temp.differing(%L)', pg_temp.merged('line % 7', 'part DESC')), 'parts in descending order');

CREATE TABLE part AS
SELECT customer, line % 5 AS part, purchase_summary(day, amount, cost) AS c, purchase_summary(day, amount) AS a
FROM orders GROUP BY customer, line % 5;
SELECT is_empty($$SELECT pg_temp.differing('SELECT customer, rollup(c) AS with_cost, rollup(a) AS without_cost FROM part GROUP BY customer')$$,
    'parts stored in a table, and parts that are NULL');
SELECT is_empty($$SELECT pg_temp.differing('
    SELECT customer, rollup(c) AS with_cost, rollup(a) AS without_cost
    FROM (SELECT customer, part % 2, rollup(c) AS c, rollup(a) AS a FROM part GROUP BY customer, part % 2) p GROUP BY customer')$$,
    'rolled up twice');
SELECT is((SELECT rollup(c)::text FROM part WHERE customer BETWEEN 1000 AND 1999),
    (SELECT purchase_summary(day, amount, cost)::text FROM orders WHERE customer BETWEEN 1000 AND 1999),
    'the customers of a segment together');

-- --- states as they are between two rows: the working form, which a plan with partial aggregates hands on ---
CREATE TABLE state AS
SELECT customer, purchase_summary_cost_numeric_accum(purchase_summary_cost_numeric_accum(NULL, day, amount, cost), day + 1, 2.5, 1) AS working
FROM orders WHERE day < '5000000-01-01' AND amount IS NOT NULL AND customer BETWEEN 0 AND 5000;
SELECT is_empty($$SELECT working FROM state
    WHERE working <> working::text::purchases OR purchases_send(working) <> purchases_send(purchases_final(working))
        OR purchases_hash(working) <> purchases_hash(purchases_final(working)) OR spend(working) <> spend(purchases_final(working))
        OR pg_column_size(purchases_final(working)) >= pg_column_size(working)$$,
    'a state in working form is the same value, only larger');
SELECT is((SELECT rollup(working)::text FROM state), (SELECT rollup(purchases_final(working))::text FROM state), 'and is merged as well');

-- --- plans with partial aggregates ---
ALTER TABLE orders SET (parallel_workers = 3);
ALTER TABLE part SET (parallel_workers = 3);
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;

CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines;
END $$;


\set summaries 'SELECT customer, purchase_summary(day, amount, cost) AS with_cost, purchase_summary(day, amount) AS without_cost FROM orders GROUP BY customer'
\set rollups 'SELECT customer, rollup(c) AS with_cost, rollup(a) AS without_cost FROM part GROUP BY customer'
SELECT alike(pg_temp.plan_of(:'summaries'), '%Partial HashAggregate%', 'the plan has partial aggregates');
CREATE TABLE hashed_summary AS :summaries;
SELECT is_empty($$SELECT pg_temp.differing('TABLE hashed_summary')$$, 'hashed, in parallel');
CREATE TABLE hashed_rollup AS :rollups;
SELECT is_empty($$SELECT pg_temp.differing('TABLE hashed_rollup')$$, 'rollup, hashed, in parallel');
SET LOCAL enable_hashagg = off;
SELECT alike(pg_temp.plan_of(:'summaries'), '%Partial GroupAggregate%', 'the plan has sorted partial aggregates');
CREATE TABLE sorted_summary AS :summaries;
SELECT is_empty($$SELECT pg_temp.differing('TABLE sorted_summary')$$, 'sorted, in parallel');
CREATE TABLE sorted_rollup AS :rollups;
SELECT is_empty($$SELECT pg_temp.differing('TABLE sorted_rollup')$$, 'rollup, sorted, in parallel');
RESET enable_hashagg;
SELECT is((SELECT purchase_summary(day, amount)::text FROM orders WHERE customer < 7000),
    (SELECT rollup(a ORDER BY random())::text FROM part WHERE customer < 7000), 'without GROUP BY, in parallel');

-- --- as a window function: the state is read while it grows ---
CREATE INDEX ON orders (customer, line);
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is_empty($$
    SELECT line FROM (
        SELECT line, purchase_summary(day, amount, cost) OVER w AS running, customer FROM orders
        WHERE (customer BETWEEN 1000 AND 1020 OR shape IN ('huge', 'cancel out', 'one customer')) AND line % 3 = 0
        WINDOW w AS (PARTITION BY customer ORDER BY line)) o
    WHERE running::text IS DISTINCT FROM (
        SELECT purchase_summary(day, amount, cost)::text FROM orders s
        WHERE s.customer = o.customer AND s.line <= o.line AND s.line % 3 = 0)$$, 'a running summary is that of the rows so far');

SELECT * FROM finish();
ROLLBACK;
