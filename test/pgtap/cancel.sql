-- A cancel in the middle of each long function stops it soon.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;
SET LOCAL max_parallel_workers_per_gather = 0;

SELECT plan(11);

-- One statement's timeout, then the statement: whether it was stopped in time. The limit is generous for a busy machine.
CREATE FUNCTION pg_temp.stopped(started timestamptz, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not stopped after ' || clock_timestamp() - started;
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN clock_timestamp() - started < interval '2 s' + current_setting('statement_timeout')::interval THEN 'in time'
        ELSE 'after ' || clock_timestamp() - started END;
END $$;

CREATE TABLE orders AS SELECT (i * 7919) % 300007 AS customer, date '2020-01-01' + (i % 997)::int AS day, (i % 89)::numeric AS amount FROM generate_series(1::bigint, 600000) i;
\set endless 'SELECT c, date ''2020-01-01'' + (c % 3000)::int, c FROM generate_series(1::bigint, 1000000000) c'

-- --- while rows come in ---
SET LOCAL statement_timeout = '200ms';
SELECT is(pg_temp.stopped(clock_timestamp(), format('SELECT count(*) FROM customer_purchases(%L)', :'endless')), 'in time', 'customer_purchases');
SELECT is(pg_temp.stopped(clock_timestamp(), format('SELECT count(*) FROM rfm(%L, ''2030-01-01'')', :'endless')), 'in time', 'rfm');
SELECT is(pg_temp.stopped(clock_timestamp(), format('SELECT rfm_fit(%L, ''2030-01-01'')', :'endless')), 'in time', 'rfm_fit');
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT purchase_summary(date ''2020-01-01'' + (c % 3000000)::int, c) FROM generate_series(1::bigint, 1000000000) c'), 'in time', 'purchase_summary');
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT rollup(p) FROM (SELECT purchase_summary(date ''2020-01-01'' + (c % 3000)::int, c) AS p FROM generate_series(1, 3000) c) s, generate_series(1, 1000000000)'),
    'in time', 'rollup');
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT count(*) FROM customer_purchases(''SELECT 1, current_date, 1 FROM pg_sleep(60)'')'), 'in time', 'a query that waits');
SET LOCAL work_mem = '64kB';
SELECT is(pg_temp.stopped(clock_timestamp(), format('SELECT count(*) FROM customer_purchases(%L)', :'endless')), 'in time', 'customer_purchases that writes files');

-- --- in whatever phase a finite run happens to be: it may just have ended ---
RESET statement_timeout;
\set run 'SELECT count(*) FROM rfm(''SELECT customer, day, amount FROM orders'', ''2030-01-01'')'
SELECT clock_timestamp() AS started \gset
:run \gset
SELECT 1 + (ms * 0.25)::int AS quarter, 1 + (ms * 0.6)::int AS half, 1 + (ms * 0.85)::int AS most
FROM (SELECT extract(epoch FROM clock_timestamp() - :'started') * 1000) t(ms) \gset
SET LOCAL statement_timeout = :quarter;
SELECT matches(pg_temp.stopped(clock_timestamp(), :'run'), '^(in time|not stopped)', 'rfm after a quarter of its time');
SET LOCAL statement_timeout = :half;
SELECT matches(pg_temp.stopped(clock_timestamp(), :'run'), '^(in time|not stopped)', 'rfm after a half of its time');
SET LOCAL statement_timeout = :most;
SELECT matches(pg_temp.stopped(clock_timestamp(), :'run'), '^(in time|not stopped)', 'rfm near its end');
RESET statement_timeout;

SELECT is((SELECT count(*)::int FROM customer_purchases('SELECT 1, current_date, 1')), 1, 'the session goes on');

SELECT * FROM finish();
ROLLBACK;
