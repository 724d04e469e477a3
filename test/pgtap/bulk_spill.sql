-- The bulk functions give the same rows whether they fit in memory or go to files, whatever the order of the
-- rows and the plan of the query.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;
SET LOCAL hash_mem_multiplier = 1;
SET LOCAL max_parallel_workers_per_gather = 0;

SELECT plan(38);
SELECT setseed(0.31);

-- 30,000 customers; a few of them have very many days, and one has amounts beyond 128 bits.
CREATE TABLE orders (customer int, day date, amount numeric, cost numeric, order_id int);
INSERT INTO orders
SELECT c, date '2015-01-01' + floor(random() * 4000)::int, round((random() * 200 - 10)::numeric, 2), CASE WHEN c % 3 = 0 THEN 1.25 END, c * 10 + n / 2
FROM generate_series(1, 30000) c, generate_series(1, 1 + c % 7) n;
INSERT INTO orders
SELECT c, date '2015-01-01' + floor(random() * 9000)::int, round((random() * 10)::numeric, 3), 1, n
FROM generate_series(30001, 30003) c, generate_series(1, 9000) n;
INSERT INTO orders SELECT 30004, date '2015-01-01' + n, 1e37 * n + 0.01, 1e45, n / 3 FROM generate_series(-50, 50) n;
-- no two rows of a customer lie together
CREATE TABLE shuffled AS SELECT * FROM orders ORDER BY random();
ANALYZE orders, shuffled;

-- One number for all rows of a query, in whatever order.
CREATE FUNCTION pg_temp.digest(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT count(*) || '' '' || sum(hashtextextended(q::text, 0)) FROM (%s) q', query) INTO result;
    RETURN result;
END $$;

\set as_integer 'SELECT customer, day, amount, cost FROM orders'
\set as_text 'SELECT ''customer no. '' || customer, day, amount, cost FROM orders'
\set as_uuid 'SELECT md5(customer::text)::uuid, day, amount, cost FROM orders'
\set lines 'SELECT customer, day, amount, cost, order_id FROM orders'
\set text_lines 'SELECT customer::text, day, amount, cost, ''order '' || order_id FROM orders'
CREATE TABLE input (id int GENERATED ALWAYS AS IDENTITY, name text, query text);
INSERT INTO input (name, query) VALUES ('integer', :'as_integer'), ('text', :'as_text'), ('uuid', :'as_uuid'), ('lines', :'lines'), ('text lines', :'text_lines');

SET LOCAL work_mem = '256MB';
CREATE TABLE expected AS
SELECT id, name, query, pg_temp.digest(format('SELECT * FROM customer_purchases(%L)', query)) AS purchases,
    pg_temp.digest(format('SELECT * FROM rfm(%L, ''2030-01-01'')', query)) AS scores, rfm_fit(query, '2030-01-01')::text AS model
FROM input;
-- rfm_fit returns no rows: what it writes to temporary files is its own.
SET LOCAL temp_file_limit = 0;
SELECT is(rfm_fit(query, '2030-01-01')::text, model, name || ': no temporary files with enough memory') FROM expected ORDER BY id;

SELECT is(purchases, pg_temp.digest('SELECT customer::text, purchase_summary(day, amount, cost) FROM orders GROUP BY 1'), 'which is what GROUP BY makes')
FROM expected WHERE name = 'integer';

-- --- little memory ---
SET LOCAL work_mem = '1500kB';
SET LOCAL temp_file_limit = '1MB';
SELECT throws_like(format('SELECT rfm_fit(%L, ''2030-01-01'')', query), '%temporary file size exceeds %temp_file_limit%', name || ': goes to files')
FROM expected ORDER BY id;
SET LOCAL temp_file_limit = -1;
SELECT is(rfm_fit(query, '2030-01-01')::text, model, name || ': and fits the same breaks') FROM expected ORDER BY id;
SELECT is(pg_temp.digest(format('SELECT * FROM customer_purchases(%L)', query)), purchases, name || ': the same summaries') FROM expected ORDER BY id;
SELECT is(pg_temp.digest(format('SELECT * FROM rfm(%L, ''2030-01-01'')', query)), scores, name || ': the same scores') FROM expected ORDER BY id;
SET LOCAL work_mem = '64kB';
SELECT is(pg_temp.digest(format('SELECT * FROM rfm(%L, ''2030-01-01'')', query)), scores, name || ': the same with 64 kB') FROM expected WHERE name IN ('integer', 'text lines');

-- --- files of files: a partition that is itself larger than the memory ---
-- The memory is never less than 1 MB.
\set many 'SELECT c % 200000, date ''2020-01-01'' + c % 977 + c / 200000, 1 + c % 9 FROM generate_series(1, 400000) c'
SELECT is((SELECT (count(*), sum(orders(purchases)), sum(purchase_days(purchases)), sum(spend(purchases)), sum(customer_id::bigint))::text FROM customer_purchases(:'many')),
    (SELECT (count(DISTINCT c % 200000), count(*), count(*), sum(1 + c % 9), 19999900000)::text FROM generate_series(1, 400000) c),
    '200,000 customers in 1 MB');
-- One customer alone cannot be divided.
SELECT is((SELECT (count(*), max(purchase_days(purchases)))::text FROM customer_purchases('SELECT 1, date ''1000-01-01'' + (c::bigint * 7919 % 400009)::int, 1 FROM generate_series(1, 400000) c')),
    '(1,400000)', 'one customer with more days than the memory holds');

-- --- order of the rows, and plans ---
SET LOCAL work_mem = '4MB';
SELECT is(pg_temp.digest(format('SELECT * FROM customer_purchases(%L)', replace(query, 'FROM orders', 'FROM ' || source))), purchases, format('%s from %s', name, source))
FROM expected, unnest(ARRAY['shuffled', '(SELECT * FROM orders ORDER BY day DESC, amount) o']) source
WHERE name IN ('integer', 'lines') ORDER BY id, source;

ALTER TABLE shuffled SET (parallel_workers = 3);
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL parallel_leader_participation = off;
-- The process that makes a row, where a row may be made in any.
CREATE FUNCTION process(int) RETURNS int LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN RETURN pg_backend_pid(); END';
SELECT ok(NOT EXISTS (SELECT FROM customer_purchases('SELECT process(customer), day, 1 FROM shuffled') WHERE customer_id = pg_backend_pid()::text),
    'the query runs in parallel workers');
SELECT is(pg_temp.digest(format('SELECT * FROM rfm(%L, ''2030-01-01'')', replace(query, 'FROM orders', 'FROM shuffled'))), scores, name || ' from parallel workers')
FROM expected WHERE name IN ('integer', 'text lines') ORDER BY id;
RESET max_parallel_workers_per_gather;

-- --- what the fit of amounts with very many digits leaves behind in memory: nothing to speak of ---
-- The most memory that this process ever had is in /proc on Linux only.
CREATE FUNCTION pg_temp.peak_kb() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)');
EXCEPTION WHEN OTHERS THEN
    RETURN 0;
END $$;
SELECT rfm_fit('SELECT c, date ''2024-01-01'' + c % 99, c FROM generate_series(1, 400000) c', '2025-01-01') AS ignored \gset
SELECT pg_temp.peak_kb() AS before \gset
SELECT rfm_fit('SELECT c, date ''2024-01-01'' + c % 99, c + 0.0000000000000000000000001 FROM generate_series(1, 400000) c', '2025-01-01') AS ignored \gset
SELECT cmp_ok(pg_temp.peak_kb() - :before, '<', 15000, '400,000 amounts of 25 decimals are fitted in the memory that integers take');

SELECT * FROM finish();
ROLLBACK;
