-- A year of real orders, where CUSTSEG_DATA has them: Online Retail, refreshed at twelve month ends. The history has a
-- reason for each move and no gap, a second portfolio over the same orders comes to the same, and so does the year
-- when it is taken back and run again.
\set ON_ERROR_STOP 1
\getenv data CUSTSEG_DATA
\if :{?data}
\else
    \echo 1..0 # SKIP CUSTSEG_DATA is not set
    \quit
\endif

BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL client_min_messages = error;
\ir include/portfolio_history.psql

SELECT plan(35);

CREATE TABLE orders (invoice int, day date, customer int, amount text);
SELECT format('COPY orders FROM %L (FORMAT csv, HEADER)', :'data' || '/online_retail_invoices.csv') \gexec
ANALYZE orders;

-- A policy where much happens: grace, a minimum stay, one step down, and scores that are fitted anew every month.
CREATE FUNCTION pg_temp.make(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM custseg.create_portfolio(name, 'orders', 'customer', 'day', 'amount::numeric', order_id => 'invoice');
    EXECUTE format('UPDATE %I.tier SET grace = ''40 days'', stay = ''1 month'' WHERE position > 1', name);
    EXECUTE format('INSERT INTO %I.override (customer_id, kind, tier, valid_from, valid_until, reason)
        SELECT c, (ARRAY[''pin'', ''floor'', ''exclude''])[1 + c %% 3], CASE WHEN c %% 3 < 2 THEN t.tier END, date ''2011-03-01'' + c %% 60, date ''2011-08-01'' + c %% 60, ''test''
        FROM (SELECT DISTINCT customer AS c FROM orders WHERE customer %% 50 = 0) o JOIN %I.tier t ON t.position = 2', name, name);
    PERFORM custseg.set_resource(name, 'money', 50000, weight_measure => 'spend', tiers_by => 'measure');
    PERFORM custseg.set_resource(name, 'calls', 3000, tiers_by => 'customers', scale => 0);
END
$$;
SELECT pg_temp.make('retail');

-- --- the year ---
CREATE TABLE month (day date);
INSERT INTO month SELECT (date '2010-12-01' + i * interval '1 month' - interval '1 day')::date FROM generate_series(1, 12) i;
SELECT is((SELECT min(day) || ' ' || max(day) FROM month), '2010-12-31 2011-11-30', 'twelve month ends');
SELECT lives_ok(format('SELECT custseg.refresh(''retail'', %L)', day), 'refreshed at ' || day) FROM month ORDER BY day;
SELECT is((SELECT count(*) FROM retail.run WHERE state = 'done'), 12::bigint, 'twelve runs');
SELECT is((SELECT string_agg(late_orders::text, ' ' ORDER BY run_id) FROM retail.run), '0 0 0 0 0 0 0 0 0 0 0', 'no order came late');
SELECT is((SELECT count(*) FROM retail.customer), (SELECT count(DISTINCT customer) FROM orders WHERE day <= '2011-11-30'), 'every customer is there');
SELECT is((SELECT sum(custseg.spend(purchases)) FROM retail.customer), (SELECT sum(amount::numeric) FROM orders WHERE day <= '2011-11-30'), 'with every penny');
SELECT is_empty($$SELECT c.customer_id FROM retail.customer c JOIN (SELECT customer, min(day) AS first FROM orders GROUP BY 1) o ON o.customer = customer_id
    WHERE entered <> (SELECT min(day) FROM month WHERE day >= first)$$, 'who entered in the month of the first purchase');
SELECT set_eq('SELECT DISTINCT transition FROM retail.tier_transition', $$VALUES ('enter'), ('upgrade'), ('downgrade'), ('grace'), ('keep'), ('exit')$$, 'all kinds of transitions');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('retail')$$, 'the history is sound');
SELECT is_empty($$
    SELECT customer_id, d.as_of, l.score FROM month m (as_of) CROSS JOIN LATERAL (
        SELECT customer_id, m.as_of FROM retail.membership WHERE dimension = 'segment' AND since <= m.as_of AND (until IS NULL OR until > m.as_of)) d
    FULL JOIN (SELECT customer, m2.day, 0 AS score FROM orders o JOIN month m2 ON o.day <= m2.day GROUP BY 1, 2) l ON l.customer = customer_id AND l.day = d.as_of
    WHERE customer_id IS NULL OR l.customer IS NULL$$, 'from the first purchase on everybody has a segment at every month end');
SELECT is_empty($$SELECT FROM retail.customer c JOIN custseg.rfm(0, 'SELECT customer, day, amount::numeric, NULL::numeric, invoice FROM orders', '2011-11-30') r USING (customer_id)
    WHERE (c.r, c.f, c.m, c.segment) IS DISTINCT FROM (r.r, r.f, r.m, r.segment)
        AND (SELECT max(as_of) FROM retail.model WHERE name IN ('r', 'f', 'm')) = '2011-11-30'$$, 'where breaks were fitted the segments are those of rfm');
SELECT is((SELECT max(as_of) FROM retail.model), '2011-11-30', 'as they were at the last');

SELECT is_empty($$
    SELECT r.as_of, r.resource, r.total, r.allocated, r.leftover, a.amount, t.budget, t.allocated
    FROM retail.resource_allocation r
    LEFT JOIN LATERAL (SELECT sum(a.amount) AS amount FROM retail.allocation a
        WHERE a.resource = r.resource AND a.since <= r.as_of AND (a.until IS NULL OR a.until > r.as_of)) a ON true
    LEFT JOIN LATERAL (SELECT sum(t.budget) AS budget, sum(t.allocated) AS allocated FROM retail.tier_allocation t
        WHERE t.resource = r.resource AND t.as_of = r.as_of) t ON true
    WHERE (r.total, r.total, r.total, r.total) IS DISTINCT FROM (r.allocated, a.amount, t.budget, t.allocated) OR r.leftover <> 0$$,
    'what customers and tiers get adds up to the budget at each run');
SELECT is((SELECT count(*)::int FROM retail.resource_allocation), 24, 'of both resources');
SELECT is_empty($$
    SELECT i FROM (SELECT a.*, lead(a.since) OVER (PARTITION BY a.customer_id, a.resource ORDER BY a.since) AS next FROM retail.allocation a) i
    WHERE next IS NOT NULL AND (until IS NULL OR until > next)$$, 'the intervals of allocations do not overlap');

-- --- again ---
SELECT pg_temp.keep('year', 'retail');
SELECT lives_ok($$SELECT custseg.refresh('retail', '2011-11-30')$$, 'the last month again');
SELECT is_empty($$SELECT * FROM pg_temp.changes('year', 'retail')$$, 'gives the same');
SELECT lives_ok($$SELECT custseg.refresh('retail', '2011-07-31', backdated => true)$$, 'back to July');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('retail')$$, 'the history is sound');
SELECT lives_ok($$SELECT custseg.refresh('retail', day) FROM (SELECT day FROM month WHERE day > '2011-07-31' ORDER BY day) m$$, 'and the months since again');
SELECT is_empty($$SELECT * FROM pg_temp.changes('year', 'retail')$$, 'gives the same');

-- --- another portfolio ---
SELECT pg_temp.make('second');
SELECT lives_ok($$SELECT custseg.refresh('second', day) FROM (SELECT day FROM month ORDER BY day) m$$, 'a second portfolio over the same orders');
-- created_at of the overrides is the transaction's.
SELECT is_empty($$SELECT * FROM pg_temp.changes('year', 'second')$$, 'comes to the same');
SELECT is((SELECT md5(string_agg(c::text, ' ' ORDER BY customer_id)) FROM retail.current_customers c),
    (SELECT md5(string_agg(c::text, ' ' ORDER BY customer_id)) FROM second.current_customers c), 'its reports, too');

SELECT * FROM finish();
ROLLBACK;
