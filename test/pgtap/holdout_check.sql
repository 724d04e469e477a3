-- holdout_check: against two summaries, a fit and predictions in plain SQL, and the published figures of CDNOW.
\set ON_ERROR_STOP 1
\getenv data CUSTSEG_DATA
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;
SET LOCAL jit = off;

SELECT plan(46);
\ir include/lifetime_orders.psql

-- --- the same in plain SQL ---
-- source returns customer, day, amount, cost, order_id; the two sides are summarised apart.
CREATE FUNCTION pg_temp.plain(source text, calibration_end date, days int, days_per_unit float8, kind text, unit text)
RETURNS TABLE (repeat_purchases text, customers bigint, actual bigint, predicted float8, actual_mean float8, predicted_mean float8, bias float8, mae float8, rmse float8)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH calibration AS MATERIALIZED (
            SELECT customer_id, purchases AS p FROM customer_purchases(format('SELECT * FROM (%%s) s WHERE s.day <= %%L', $1, $2))
        ), later AS MATERIALIZED (
            SELECT customer_id, purchase_days(purchases) AS n FROM customer_purchases(format('SELECT * FROM (%%s) s WHERE s.day > %%L AND s.day <= %%L', $1, $2, $2 + $3))
        ), model AS MATERIALIZED (
            SELECT %I(p, $2, $5) AS m FROM calibration
        ), predicted AS MATERIALIZED (
            SELECT least(repeat_purchases(p), 7) AS x, coalesce(n, 0) AS actual, expected_purchases(m, p, $2, $3 / $4) AS predicted
            FROM calibration CROSS JOIN model LEFT JOIN later USING (customer_id)
            WHERE purchase_days(p) > 0
        )
        SELECT CASE g WHEN 8 THEN 'total' WHEN 7 THEN '7+' ELSE g::text END, count(x), coalesce(sum(actual), 0)::bigint, coalesce(sum(predicted), 0), avg(actual)::float8, avg(predicted),
            coalesce(sum(predicted), 0) - coalesce(sum(actual), 0)::float8, avg(abs(predicted - actual)), sqrt(avg((predicted - actual) ^ 2))
        FROM generate_series(0, 8) g LEFT JOIN predicted ON x = g OR g = 8
        GROUP BY g ORDER BY g$q$, kind || '_fit') USING source, calibration_end, days, days_per_unit, unit;
END $$;

-- Rows that differ: whole numbers at all, others by more than their sums round.
CREATE FUNCTION pg_temp.holdout_differs(source text, calibration_end date, horizon float8, days int, days_per_unit float8, kind text, unit text)
RETURNS TABLE (got text, want text) LANGUAGE sql AS $$
    SELECT h::text, p::text
    FROM (SELECT row_number() OVER () AS i, * FROM holdout_check(source, calibration_end, horizon, kind, unit)) h
    FULL JOIN (SELECT row_number() OVER () AS i, * FROM pg_temp.plain(source, calibration_end, days, days_per_unit, kind, unit)) p USING (i)
    WHERE (h.repeat_purchases, h.customers, h.actual) IS DISTINCT FROM (p.repeat_purchases, p.customers, p.actual)
        OR EXISTS (SELECT FROM unnest(ARRAY[h.predicted, h.actual_mean, h.predicted_mean, h.bias, h.mae, h.rmse], ARRAY[p.predicted, p.actual_mean, p.predicted_mean, p.bias, p.mae, p.rmse]) u (a, b)
            WHERE (a IS NULL) <> (b IS NULL) OR abs(a - b) > 1e-10 * greatest(abs(a), 1))
$$;

SELECT is_empty(format('SELECT * FROM pg_temp.holdout_differs(%L, %L, %s, %s, %s, %L, %L)', source, calibration_end, horizon, days, days_per_unit, kind, unit),
    format('%s to %s, %s %ss: %s', kind, calibration_end, horizon, unit, source))
FROM (VALUES ('SELECT customer, at::date AS day, amount, NULL::numeric, NULL::bigint FROM orders'), ('SELECT customer, at::date AS day, amount, NULL::numeric, order_id FROM orders'),
             ('SELECT ''c'' || customer, at::date AS day, amount, NULL::numeric, ''o'' || order_id FROM orders WHERE customer % 3 = 0')) s (source),
     (VALUES ('bgnbd', date '2025-03-31', 26, 182, 7.0::numeric, 'week'), ('pareto_nbd', '2025-06-30', 3, 91, 30.4375, 'month'), ('mbgnbd', '2025-06-30', 100, 100, 1, 'day'),
             ('bgnbd', '2025-01-31', 0.5, 183, 365.25, 'year')) v (kind, calibration_end, horizon, days, days_per_unit, unit);

CREATE TABLE by_week AS
SELECT row_number() OVER () AS i, * FROM holdout_check('SELECT customer, at, amount, NULL::numeric, order_id FROM orders', '2025-03-31', 26);
SELECT is((SELECT string_agg(repeat_purchases, ' ' ORDER BY i) FROM by_week), '0 1 2 3 4 5 6 7+ total', 'rows in order');
SELECT is((SELECT customers FROM by_week WHERE i = 9), (SELECT sum(customers)::bigint FROM by_week WHERE i < 9), 'customers add up');
SELECT is((SELECT actual FROM by_week WHERE i = 9), (SELECT sum(actual)::bigint FROM by_week WHERE i < 9), 'so do their purchases');
SELECT ok((SELECT abs(max(predicted) FILTER (WHERE i = 9) - sum(predicted) FILTER (WHERE i < 9)) < 1e-9 FROM by_week), 'and predictions');
SELECT is((SELECT count(*)::int FROM by_week WHERE bias <> predicted - actual OR predicted_mean <> predicted / customers OR actual_mean <> actual / customers::float8), 0, 'means and bias');
SELECT is((SELECT count(*)::int FROM by_week WHERE NOT (0 < mae AND mae <= rmse AND abs(bias / customers) <= mae * (1 + 1e-12))), 0, 'no error is less than that of the sums');
-- By hand: who came before counts, with days after the end of the calibration, once each.
SELECT is((SELECT actual FROM holdout_check('SELECT customer, at, amount FROM orders', '2025-03-31', 26) WHERE repeat_purchases = 'total'),
    (SELECT count(DISTINCT (customer, at::date)) FROM orders o WHERE amount >= 0 AND at::date > '2025-03-31' AND at::date <= date '2025-03-31' + 182
        AND EXISTS (SELECT FROM orders f WHERE f.customer = o.customer AND f.amount >= 0 AND f.at::date <= '2025-03-31')), 'purchase days of known customers, counted by hand');

-- --- the fit knows nothing of what came later ---
SELECT is((SELECT string_agg(predicted::text, ' ' ORDER BY i) FROM by_week),
    (SELECT string_agg(predicted::text, ' ' ORDER BY i) FROM (SELECT row_number() OVER () AS i, predicted FROM holdout_check('SELECT customer, at, amount, NULL::numeric, order_id FROM orders WHERE at < ''2025-04-01''', '2025-03-31', 26)) h),
    'predictions are the same without the later orders');
SELECT is((SELECT sum(actual)::int FROM holdout_check('SELECT customer, at, amount FROM orders WHERE at < ''2025-04-01''', '2025-03-31', 26)), 0, 'then nobody bought');
SELECT is((SELECT array_agg(predicted) FROM holdout_check('SELECT customer, at, amount FROM orders UNION ALL SELECT 1, timestamp ''2025-03-31'' + interval ''184 days'', 1', '2025-03-31', 26)),
    (SELECT array_agg(predicted) FROM holdout_check('SELECT customer, at, amount FROM orders', '2025-03-31', 26)), 'orders after the holdout do not count');

-- --- time zones, little memory, order of the rows ---
SELECT is((SELECT string_agg(h::text, E'\n') FROM holdout_check('SELECT customer, at AT TIME ZONE ''UTC'', amount FROM orders', '2025-03-31', 26, time_zone => zone) h),
    (SELECT string_agg(h::text, E'\n') FROM holdout_check(format('SELECT customer, (at AT TIME ZONE ''UTC'' AT TIME ZONE %L)::date, amount FROM orders', zone), '2025-03-31', 26) h), 'days in ' || zone)
FROM unnest(ARRAY['Asia/Shanghai', 'America/New_York']) zone;
CREATE TABLE many AS SELECT c * 2000 + customer AS customer, at, amount, c * 1000000 + order_id AS order_id FROM orders, generate_series(0, 11) c WHERE customer <= 2000;
SET LOCAL hash_mem_multiplier = 1;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL work_mem = '64MB';
CREATE TABLE in_memory AS SELECT h::text AS t FROM holdout_check('SELECT customer, at, amount, NULL::numeric, order_id FROM many', '2025-03-31', 26) h;
SET LOCAL work_mem = '64kB';
SELECT results_eq($$SELECT h::text FROM holdout_check('SELECT customer, at, amount, NULL::numeric, order_id FROM many ORDER BY md5(customer || at::text)', '2025-03-31', 26) h$$,
    'TABLE in_memory', 'the same digits from files and in another order');
RESET work_mem;

-- --- what is refused ---
CREATE FUNCTION pg_temp.refused(arguments text, state text, message text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT * FROM holdout_check(''SELECT customer, at, amount FROM orders'', %s)', arguments), state, message, arguments)
$$;
SELECT pg_temp.refused(arguments, '22004', format('argument "%s" must not be NULL', name))
FROM (VALUES ('NULL, 26', 'calibration_end'), ('''2025-03-31'', NULL', 'horizon'), ('''2025-03-31'', 26, NULL', 'model'), ('''2025-03-31'', 26, unit => NULL', 'unit')) v (arguments, name);
SELECT pg_temp.refused(format('''2025-03-31'', %L', horizon), '22023', format('horizon must be a finite number of weeks, at least one day, not %s', shown))
FROM (VALUES ('0', '0'), ('-3', '-3'), ('0.05', '0.05'), ('NaN', 'NaN'), ('infinity', 'Infinity'), ('-infinity', '-Infinity')) v (horizon, shown);
SELECT pg_temp.refused('''2025-03-31'', 1e9', '22023', 'a horizon of 1000000000 weeks after 2025-03-31 is beyond the last date');
SELECT pg_temp.refused('''infinity'', 26', '22023', 'calibration_end must be a finite date, not infinity');
SELECT pg_temp.refused('''2025-03-31'', 26, ''gamma_gamma''', '22023', 'there is no model "gamma_gamma" of purchases at any time');
SELECT pg_temp.refused('''2022-01-01'', 26', '22023', (SELECT 'calibration_end 2022-01-01, and the horizon after it, are before the first order on ' || min(at)::date FROM orders));
SELECT pg_temp.refused('''2023-12-01'', 26', '22023', 'there is no purchase up to calibration_end 2023-12-01');
SELECT throws_ok($$SELECT * FROM holdout_check('SELECT 1, current_date, 1 WHERE false', '2025-03-31', 26)$$, '22023', 'there is no purchase up to calibration_end 2025-03-31', 'no orders');
SELECT throws_ok($$SELECT * FROM holdout_check('SELECT i, date ''2025-01-01'', 1 FROM generate_series(1, 9) i', '2025-03-31', 26)$$, '22023',
    'the fit of bgnbd is not_identified: these orders do not determine its parameters', 'nobody bought again');
SELECT is((SELECT predicted_mean::numeric FROM holdout_check('SELECT customer, at, amount FROM orders WHERE at < ''2025-04-01''', '2025-03-31', 1.0 / 7) WHERE repeat_purchases = 'total') > 0, true,
    'a horizon of one day');

-- --- CDNOW ---
\if :{?data}
CREATE TABLE cdnow (master int, customer int, day date, cds int, amount numeric);
SELECT format('COPY cdnow FROM %L (FORMAT csv, HEADER)', :'data' || '/cdnow_transactions.csv') \gexec
SELECT is((SELECT format('%s %s %s', customers, actual, round(predicted::numeric, 1)) FROM holdout_check('SELECT customer, day, amount FROM cdnow', '1997-09-30', 39, kind) WHERE repeat_purchases = 'total'),
    '2357 1882 ' || predicted, 'CDNOW: ' || kind)
FROM (VALUES ('bgnbd', '1653.4'), ('pareto_nbd', '1665.5')) v (kind, predicted);
-- Fader, Hardie and Lee (2005), table 2: customers by repeat purchases.
SELECT is((SELECT string_agg(customers::text, ' ') FROM holdout_check('SELECT customer, day, amount FROM cdnow', '1997-09-30', 39)), '1411 439 214 100 62 38 29 64 2357', 'customers by repeat purchases');
\else
SELECT skip('CUSTSEG_DATA is not set', 3);
\endif

SELECT * FROM finish();
ROLLBACK;
