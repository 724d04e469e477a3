-- Settings of the session: whatever they are, a portfolio becomes the same, and so do its documents and explanations.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL client_min_messages = error;
\ir include/portfolio_history.psql

SELECT plan(9);

CREATE TABLE orders AS
SELECT (i * 7919) % 997 * (i * 31 % 13) % 100 AS customer, timestamptz '2023-01-01 00:30:00+00' + (i * 7919) % 10007 * interval '87 minutes' AS at,
    ((i * 104729) % 10007 - 300) / 37.0 AS amount, (i * 13) % 50 / 7.0 AS cost, i / 2 AS order_id
FROM generate_series(1, 1000) i;
CREATE TABLE people AS SELECT i AS customer_id, (ARRAY['north', 'south'])[1 + i % 2] AS region, i % 40 = 3 AS is_test FROM generate_series(0, 110) i;
CREATE TABLE visits AS
SELECT i * 17 % 100 AS customer_id, timestamptz '2023-06-01 22:30:00+00' + i * interval '7 hours' AS at, (ARRAY['visit', 're''ferral'])[1 + i % 2] AS kind
FROM generate_series(1, 300) i;
CREATE TABLE scores AS SELECT i AS customer_id, i / 7.0::float8 AS growth FROM generate_series(0, 99) i;

-- A portfolio with all that a value could lose as text: floats, intervals, days, quotes.
CREATE FUNCTION pg_temp.make(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM custseg.create_portfolio(name, 'orders', 'customer', 'at', 'amount', cost => 'cost', order_id => 'order_id', time_zone => 'Asia/Shanghai');
    PERFORM custseg.add_source(name, 'customers', 'people');
    PERFORM custseg.add_source(name, 'events', 'visits');
    PERFORM custseg.add_source(name, 'measures', 'scores');
    PERFORM custseg.set_measure(name, 'calls', 'events', "window" => 'rolling 3 months', filter => 're''ferral');
    PERFORM custseg.set_measure(name, 'recent', 'spend', "window" => 'rolling 6 months');
    PERFORM custseg.set_component(name, 'growth', 0.1::float8 / 3, 'breaks', breaks => ARRAY[1.1::float8 / 3, 22::float8 / 3, 9.123456789012345]);
    PERFORM custseg.set_component(name, 'recent', 1::float8 / 3, 'percentile');
    PERFORM custseg.set_component(name, 'recency', 1, 'zscore', descending => true);
    PERFORM custseg.set_component(name, 'clv', 0.25, 'balanced');
    PERFORM custseg.set_component(name, 'profit', 0.25, 'abc', shares => ARRAY[1::float8 / 3, 0.95]);
    PERFORM custseg.set_option(name, 'grace', '1 month 3 days');
    PERFORM custseg.set_option(name, 'discount', '0.123456789');
    PERFORM custseg.set_option(name, 'keep_scores', 'all');
    PERFORM custseg.set_resource(name, 'money', 1000.01, weight_measure => 'spend', period => 'year');
    PERFORM custseg.set_agent(name, 'Anna', capacity => 12, attributes => '{"region": ["north"]}');
    PERFORM custseg.set_target(name, 'sales', 'spend', 50000, period => 'quarter');
    PERFORM custseg.set_override(name, 5::bigint, 'pin', 'vip', '2023-02-03', '2024-12-31', 'a friend''s friend');
    PERFORM custseg.refresh(name, '2024-01-31');
    PERFORM custseg.refresh(name, '2024-05-09');
    PERFORM custseg.refresh(name, '2024-05-09');
END
$$;
CREATE FUNCTION pg_temp.told(name text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT custseg.export_portfolio(name)::text
    UNION ALL SELECT custseg.customer_profile(name, 5::bigint)::text
    UNION ALL SELECT e.sentence FROM custseg.explain_tier(name, 5::bigint) e
    UNION ALL SELECT e.sentence FROM custseg.explain_score(name, 8::bigint) e
    UNION ALL SELECT concat_ws(' ', w.dimension, w.transition, w.to_class, w.reason, w.customers) FROM custseg.what_if(name, '{"options": {"grace": ""}}', '2024-05-10') w
    UNION ALL SELECT concat_ws(' ', m.dimension, m.from_class, m.to_class, m.customers) FROM custseg.movement(name, '2024-01-01', '2024-05-31') m
$$;

CREATE TABLE trial (name text, changes text[]);
INSERT INTO trial VALUES
    ('texts', '{DateStyle,"SQL, DMY",IntervalStyle,sql_standard,TimeZone,America/Los_Angeles,extra_float_digits,-15,bytea_output,escape,
        standard_conforming_strings,off,escape_string_warning,off,array_nulls,off,quote_all_identifiers,on,transform_null_equals,on}'),
    ('plans', '{enable_hashjoin,off,enable_hashagg,off,enable_seqscan,off,jit,on,jit_above_cost,0,plan_cache_mode,force_generic_plan,
        DateStyle,German,IntervalStyle,iso_8601}'),
    ('memory', '{work_mem,64kB,enable_mergejoin,off,enable_nestloop,off,enable_sort,off,plpgsql.extra_errors,all,plpgsql.extra_warnings,all}');

SELECT pg_temp.make('plain');
CREATE TABLE plain_told AS SELECT t FROM pg_temp.told('plain') t;
CREATE TABLE told (name text, t text);

-- Each with the settings, which end with the statement that puts them back.
CREATE FUNCTION pg_temp.try(trial trial) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before text[] := '{}';
BEGIN
    FOR i IN 1 .. cardinality(trial.changes) BY 2 LOOP
        before := before || ARRAY[trial.changes[i], current_setting(trial.changes[i])];
        PERFORM set_config(trial.changes[i], trial.changes[i + 1], true);
    END LOOP;
    PERFORM pg_temp.make(trial.name);
    INSERT INTO told SELECT trial.name, t FROM pg_temp.told(trial.name) t;
    FOR i IN 1 .. cardinality(before) BY 2 LOOP
        PERFORM set_config(before[i], before[i + 1], true);
    END LOOP;
END
$$;
SELECT pg_temp.try(t) FROM trial t;
SELECT pg_temp.keep('plain', 'plain');
SELECT is_empty(format($$SELECT * FROM pg_temp.changes('plain', %L)$$, name), format('the same tables with %s', changes)) FROM trial;
SELECT bag_eq(format($$SELECT replace(t, %L, 'plain') FROM told WHERE name = %1$L$$, name), 'SELECT t FROM plain_told', format('documents and sentences, too: %s', name)) FROM trial;

SELECT cmp_ok((SELECT count(*)::int FROM plain_told), '>', 20, 'something was told');

-- schedule runs as the caller, in his settings. What it calls is compiled at the first call.
SET LOCAL standard_conforming_strings = off;
SET LOCAL escape_string_warning = off;
CREATE TABLE advice AS SELECT custseg.schedule('plain', '15  3 * * *') AS schedule, custseg.unschedule('plain') AS unschedule;
SET LOCAL standard_conforming_strings = on;
SELECT isnt(schedule, NULL, 'schedule works with other rules for backslashes') FROM advice;
SELECT is(custseg.schedule('plain', '15  3 * * *') || custseg.unschedule('plain'), schedule || unschedule, 'and says the same') FROM advice;

SELECT * FROM finish();
ROLLBACK;
