-- Random policies, customers who come, go and come back, and runs at random days, again and further back: the tables are
-- always those of a portfolio that saw only the days that count in the end, each once.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL client_min_messages = error;
\ir include/portfolio_history.psql
SELECT setseed(0.20261130);

SELECT plan(17);

CREATE TABLE every_order AS
SELECT 1 + floor(80 * random() * random())::int AS customer, date '2024-01-01' + floor(random() * 400)::int AS day,
    round((random() * 120 - 15)::numeric, 2) AS amount, random() * 100 AS arrives
FROM generate_series(1, 1500);

-- What a source shows on a day: some orders come late, and each customer is missing in one month of five.
CREATE TABLE today (day date);
INSERT INTO today VALUES ('2024-01-01');
CREATE VIEW orders AS
SELECT o.customer, o.day, o.amount FROM every_order o CROSS JOIN today t
WHERE (o.day < t.day - 10 OR o.arrives < 80) AND (o.customer * 7 + extract(month FROM t.day)::int * 3) % 5 > 0;

CREATE FUNCTION pg_temp.make(name text, tiers jsonb, settings jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM custseg.create_portfolio(name, 'orders', 'customer', 'day', 'amount', template => 'quick_start');
    EXECUTE format('DELETE FROM %I.tier', name);
    EXECUTE format('INSERT INTO %1$I.tier SELECT * FROM jsonb_populate_recordset(NULL::%1$I.tier, $1)', name) USING tiers;
    EXECUTE format('DELETE FROM %I.setting', name);
    EXECUTE format('INSERT INTO %I.setting SELECT * FROM jsonb_each_text($1)', name) USING settings;
    EXECUTE format('INSERT INTO %I.override (customer_id, kind, tier, valid_from, valid_until, reason)
        SELECT i, (ARRAY[''pin'', ''floor'', ''exclude''])[1 + i / 4 %% 3], CASE WHEN i / 4 %% 3 < 2 THEN ''mid'' END, date ''2024-02-01'' + i * 7 %% 200,
            date ''2024-04-01'' + i * 7 %% 200, ''some reason'' FROM generate_series(4, 60, 4) i', name);
    EXECUTE format('INSERT INTO %I.customer_alias (from_id, to_id) VALUES (7, 9), (70, 9), (11, 90)', name);
    PERFORM custseg.set_resource(name, 'money', 1000, weight_measure => 'spend');
    PERFORM custseg.set_tier_budget(name, 'money', 'top', weight => 3, customer_cap => 40);
    PERFORM custseg.set_resource(name, 'calls', 30, tiers_by => 'customers', scale => 0);
    PERFORM custseg.set_agent(name, 'Anna', capacity => 12);
    PERFORM custseg.set_agent(name, 'Bob', capacity => 6, tiers => '{mid,top}');
    PERFORM custseg.set_target(name, 'loyal', 'customers', 20, 'tier', 'mid');
END
$$;

CREATE FUNCTION pg_temp.run(portfolio text, day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE today AS t SET day = run.day;
    PERFORM custseg.refresh(portfolio, day, backdated => true);
END
$$;

-- n runs at random days, one in three of them not after the last but for two at the end; returns the days that count.
CREATE FUNCTION pg_temp.wander(portfolio text, n int) RETURNS date[] LANGUAGE plpgsql AS $$
DECLARE
    days date[] := '{}';
    next date := '2024-01-20';
BEGIN
    FOR i IN 1..n LOOP
        IF random() < 0.35 AND i BETWEEN 2 AND n - 2 THEN
            next := next - floor(random() * 80)::int;
            next := CASE WHEN random() < 0.5 THEN coalesce((SELECT max(d) FROM unnest(days) d WHERE d <= next), next) ELSE greatest(next, '2024-01-02') END;
        ELSE
            next := next + 1 + floor(random() * 40)::int;
        END IF;
        PERFORM pg_temp.run(portfolio, next);
        days := ARRAY(SELECT d FROM unnest(days) d WHERE d < next) || next;
    END LOOP;
    RETURN days;
END
$$;

CREATE FUNCTION pg_temp.some(choices text[]) RETURNS text LANGUAGE sql AS 'SELECT choices[1 + floor(random() * cardinality(choices))::int]';
CREATE FUNCTION pg_temp.policy() RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_array(
        jsonb_build_object('tier', 'low', 'position', 1),
        jsonb_build_object('tier', 'mid', 'position', 2, 'grace', pg_temp.some('{30 days,1 month,NULL,NULL}'))
            || pg_temp.some(ARRAY['{"enter": "spend >= 100", "keep": "spend >= 80"}', '{"enter": "frequency >= 4"}',
                '{"enter": "spend_score >= 3", "keep": "recency <= 50 or spend_score >= 2"}'])::jsonb,
        jsonb_build_object('tier', 'top', 'position', 3, 'stay', pg_temp.some('{2 months,NULL}'), 'grace', pg_temp.some('{45 days,NULL}'),
                'validity', pg_temp.some('{3 months,NULL,NULL}'))
            || pg_temp.some(ARRAY['{"enter": "spend >= 500 and recency <= 60", "keep": "spend >= 300 and recency <= 90"}',
                '{"enter": "spend_score >= 5", "keep": "spend_score >= 4"}', '{"enter": "score >= 4.5"}'])::jsonb))
$$;
CREATE FUNCTION pg_temp.settings() RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('upgrade', pg_temp.some('{each_run,each_run,period_end}'), 'downgrade', pg_temp.some('{one_step,requalify,to_base}'),
        'check', pg_temp.some('{each_run,each_run,period_end}'), 'refit', pg_temp.some('{0 days,1 month,3 months}'), 'lifetime', pg_temp.some('{none,none,bgnbd}'),
        'segmentation', pg_temp.some('{standard_11,standard_11,none}'), 'keep_scores', pg_temp.some('{none,changes,all}'))
$$;

CREATE TABLE trial (i int, tiers jsonb, settings jsonb, days date[]);
INSERT INTO trial SELECT i, pg_temp.policy(), pg_temp.settings() FROM generate_series(1, 4) i;

SELECT pg_temp.make('a' || i, tiers, settings) FROM trial;
UPDATE trial SET days = pg_temp.wander('a' || i, 10);
SELECT cmp_ok(cardinality(days), '>=', 3, format('trial %s: %s', i, array_to_string(days, ' '))) FROM trial ORDER BY i;

-- A customer whose tier was renewed has an interval that began before, so that this is not looked at.
SELECT is_empty(format($$SELECT * FROM pg_temp.history_errors('a%s') WHERE error NOT IN ('gap', 'the same class follows', 'day without a run', 'membership and customer differ', 'transition has the wrong name')$$, i),
    format('trial %s: the history is sound, with %s %s', i, settings, tiers)) FROM trial ORDER BY i;

SELECT pg_temp.make('b' || i, tiers, settings) FROM trial;
SELECT pg_temp.run('b' || i, day) FROM trial, unnest(days) WITH ORDINALITY d (day, n) ORDER BY i, n;
SELECT pg_temp.keep('b' || i, 'b' || i) FROM trial;
SELECT is_empty(format($$SELECT * FROM pg_temp.changes('b%1$s', 'a%1$s')$$, i), format('trial %s: as if nothing had been taken back', i)) FROM trial ORDER BY i;

SELECT is((SELECT last_as_of FROM a1.portfolio), days[cardinality(days)], 'the last day is that of the last run') FROM trial WHERE i = 1;
SELECT bag_eq(format('SELECT * FROM a%s.current_customers', i), format('SELECT * FROM b%s.current_customers', i), format('trial %s: the reports, too', i)) FROM trial ORDER BY i;

SELECT * FROM finish();
ROLLBACK;
