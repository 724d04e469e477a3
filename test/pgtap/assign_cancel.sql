-- A cancel in the middle of assign and its kin stops them soon, in whatever phase they are.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;
SET LOCAL max_parallel_workers_per_gather = 0;

SELECT plan(9);

-- One statement's timeout, then the statement: whether it was stopped in time. The limit is generous for a busy machine.
CREATE FUNCTION pg_temp.stopped(started timestamptz, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not stopped after ' || clock_timestamp() - started;
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN clock_timestamp() - started < interval '2 s' + current_setting('statement_timeout')::interval THEN 'in time'
        ELSE 'after ' || clock_timestamp() - started END;
END $$;

CREATE TABLE edge AS
SELECT c AS customer, (c * 7919 + k * (1 + c % 9)) % 400 AS agent, (c * 31 + k * k * 7907) % 100003 AS value, 1 + c % 7 AS load
FROM generate_series(1, 15000) c, generate_series(1, 12) k;
CREATE TABLE agent AS SELECT g AS agent, 38 AS capacity FROM generate_series(0, 399) g;

-- --- while rows come in ---
SET LOCAL statement_timeout = '200ms';
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT count(*) FROM assign(''SELECT c, 1, 1 FROM generate_series(1, 1000000000) c'', ''SELECT 1, 1'')'), 'in time', 'edges');
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT count(*) FROM assign(''SELECT 1, 1, 1'', ''SELECT c, 1 FROM generate_series(1, 1000000000) c'')'), 'in time', 'agents');
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT count(*) FROM assign(''SELECT 1, 1, 1'', ''SELECT 1, 1'', ''SELECT c + 1, 1 FROM generate_series(1, 1000000000) c'')'), 'in time', 'current');
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT count(*) FROM assign_next(''SELECT c, 1 FROM generate_series(1, 1000000000) c'', ''SELECT 1, 1, 1'', ''least_loaded'')'), 'in time', 'assign_next');
RESET statement_timeout;

-- --- while it solves: at a part of the time that it took; a run may just have ended ---
CREATE FUNCTION pg_temp.part_of(part float8, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    EXECUTE statement;
    RETURN 1 + (extract(epoch FROM clock_timestamp() - started) * 1000 * part)::int;
END $$;
\set run 'SELECT count(*) FROM assign(''SELECT customer, agent, value FROM edge'', ''TABLE agent'', balance => true)'
SELECT pg_temp.part_of(0.3, :'run') AS ms \gset
SET LOCAL statement_timeout = :ms;
SELECT matches(pg_temp.stopped(clock_timestamp(), :'run'), '^(in time|not stopped)', 'assign after a third of its time');
SELECT round(:ms * 2.2)::int AS ms \gset
SET LOCAL statement_timeout = :ms;
SELECT matches(pg_temp.stopped(clock_timestamp(), :'run'), '^(in time|not stopped)', 'assign after two thirds of its time');
RESET statement_timeout;
\set run 'SELECT count(*) FROM assign(''SELECT * FROM edge WHERE customer <= 3000'', ''SELECT agent, 30 FROM agent'')'
SELECT pg_temp.part_of(0.3, :'run') AS ms \gset
SET LOCAL statement_timeout = :ms;
SELECT matches(pg_temp.stopped(clock_timestamp(), :'run'), '^(in time|not stopped)', 'with loads after a third of its time');
SELECT round(:ms * 2.2)::int AS ms \gset
SET LOCAL statement_timeout = :ms;
SELECT matches(pg_temp.stopped(clock_timestamp(), :'run'), '^(in time|not stopped)', 'with loads after two thirds of its time');
RESET statement_timeout;

SELECT is((SELECT count(*)::int FROM assign('SELECT 1, 1, 1', 'SELECT 1, 1')), 1, 'the session goes on');

SELECT * FROM finish();
ROLLBACK;
