-- lifetime_value and lifetime_fit: against the same from aggregates and functions of one row, to the last digit.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;
SET LOCAL jit = off;
SET LOCAL extra_float_digits = 1;

SELECT plan(64);
\ir include/lifetime_orders.psql

\set as_of '2025-06-30'
\set query 'SELECT customer, at, amount FROM orders'

-- --- the composable form ---

CREATE TABLE summary AS
SELECT customer, purchase_summary(at::date, amount) AS p FROM orders
WHERE at::date <= :'as_of' AND customer IS NOT NULL AND amount IS NOT NULL GROUP BY customer;

CREATE TABLE model AS
SELECT unit, bgnbd_fit(p, :'as_of', unit) AS bgnbd, pareto_nbd_fit(p, :'as_of', unit) AS pareto_nbd, mbgnbd_fit(p, :'as_of', unit) AS mbgnbd, gamma_gamma_fit(p) AS spend
FROM summary, unnest(ARRAY['day', 'week', 'month', 'year']) AS unit GROUP BY unit;

CREATE FUNCTION pg_temp.composed(purchase_model lifetime_model, spend_model spend_model, days float8, horizon float8,
    discount float8 DEFAULT 0, margin float8 DEFAULT 1, compounding text DEFAULT 'period')
RETURNS TABLE (customer_id bigint, x bigint, t_x float8, age float8, m_x float8, p_alive float8, expected_purchases float8, expected_spend float8, clv float8)
LANGUAGE sql AS $$
    SELECT customer, repeat_purchases(p), repeat_span(p) / days, age(p, '2025-06-30') / days, repeat_value(p)::float8,
        p_alive(purchase_model, p, '2025-06-30'), expected_purchases(purchase_model, p, '2025-06-30', horizon), expected_spend(spend_model, p),
        clv(purchase_model, spend_model, p, '2025-06-30', horizon, discount, margin, compounding)
    FROM summary
$$;

-- Rows that one of two queries has and the other has not, by their text.
CREATE FUNCTION pg_temp.differences(one text, other text) RETURNS TABLE (difference text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('
        WITH a AS MATERIALIZED (SELECT q::text AS t FROM (%s) q), b AS MATERIALIZED (SELECT q::text AS t FROM (%s) q)
        SELECT coalesce(''< '' || a.t, ''> '' || b.t) FROM a FULL JOIN b USING (t) WHERE a.t IS NULL OR b.t IS NULL LIMIT 6', one, other);
END $$;

SELECT is(lifetime_fit(:'query', :'as_of', kind, unit)::text, (ROW(CASE kind WHEN 'bgnbd' THEN bgnbd WHEN 'pareto_nbd' THEN pareto_nbd ELSE mbgnbd END, spend)::record)::text,
    format('lifetime_fit: %s and gamma_gamma by %s', kind, unit))
FROM unnest(ARRAY['bgnbd', 'pareto_nbd', 'mbgnbd']) kind, model WHERE unit IN ('week', 'month') ORDER BY kind, unit;
SELECT is((SELECT format('%s %s %s', purchase_model ->> 'status', spend_model ->> 'status', purchase_model ->> 'unit') FROM lifetime_fit(:'query', :'as_of', unit => 'day')),
    'converged converged day', 'both models of these orders converge');
SELECT is((SELECT bgnbd -> 'customers' FROM model WHERE unit = 'day'), (SELECT count(*) FROM summary WHERE age(p, :'as_of') > 0)::float8, 'customers who take part');
SELECT is((SELECT bgnbd -> 'excluded' FROM model WHERE unit = 'day'), (SELECT count(*) FROM summary WHERE age(p, :'as_of') IS NULL OR age(p, :'as_of') = 0)::float8,
    'those with refunds only, or of the last day, do not');

-- Each kind, unit, and way of discounting.
SELECT is_empty(format('SELECT * FROM pg_temp.differences(%L, %L)',
        format('SELECT * FROM lifetime_value(NULL::bigint, %L, %L, %s, %L, %L, %s, %s, %L)', :'query', :'as_of', horizon, kind, unit, discount, margin, compounding),
        format('SELECT c.* FROM model, pg_temp.composed(%I, spend, %s, %s, %s, %s, %L) c WHERE unit = %L', kind, days, horizon, discount, margin, compounding, unit)),
    format('%s by %s, horizon %s, discount %s, %s', kind, unit, horizon, discount, compounding))
FROM (VALUES
    ('bgnbd', 'week', 7.0::numeric, 52::numeric, 0::numeric, 1::numeric, 'period'), ('bgnbd', 'week', 7, 52, 0.002, 0.3, 'period'), ('bgnbd', 'week', 7, 52, 0.002, 0.3, 'continuous'),
    ('pareto_nbd', 'month', 30.4375, 12, 0.01, 0.4, 'period'), ('pareto_nbd', 'day', 1, 10, 0, 1, 'period'),
    ('mbgnbd', 'year', 365.25, 1.5, 0.1, 1, 'continuous'), ('mbgnbd', 'week', 7, 0, 0, 1, 'period'), ('mbgnbd', 'month', 30.4375, 0.5, 0.01, 2, 'period')
) v (kind, unit, days, horizon, discount, margin, compounding);

-- Models that are given.
SELECT is_empty(format('SELECT * FROM pg_temp.differences(%L, %L)',
        format('SELECT v.* FROM model, LATERAL lifetime_value(%L, %L, 26, %I, spend, 0.001, 0.5) v WHERE unit = ''week''', :'query', :'as_of', kind),
        format('SELECT * FROM lifetime_value(%L, %L, 26, %L, discount => 0.001, margin => 0.5)', :'query', :'as_of', kind)),
    kind || ': models that were fitted before')
FROM unnest(ARRAY['bgnbd', 'pareto_nbd', 'mbgnbd']) kind;
SELECT is_empty(format('SELECT * FROM pg_temp.differences(%L, %L)',
        format('SELECT v.* FROM lifetime_fit(%L, ''2025-03-31'', ''mbgnbd'', ''month'') f, LATERAL lifetime_value(0::bigint, %L, %L, 3, f.purchase_model, f.spend_model, compounding => ''continuous'', discount => 0.01) v', :'query', :'query', :'as_of'),
        format('SELECT c.* FROM (SELECT mbgnbd_fit(p, ''2025-03-31'', ''month'') AS m, gamma_gamma_fit(p) AS s
                FROM (SELECT purchase_summary(at::date, amount) AS p FROM orders WHERE at::date <= ''2025-03-31'' AND customer IS NOT NULL GROUP BY customer) o) f, pg_temp.composed(m, s, 30.4375, 3, 0.01, 1, ''continuous'') c')),
    'models of an earlier day, for new customers too');
SELECT is((SELECT bool_and(expected_spend IS NULL AND clv IS NULL AND (p_alive IS NULL) = (x IS NULL)) FROM model, lifetime_value(:'query', :'as_of', 26, bgnbd, NULL) WHERE unit = 'week'),
    true, 'without a spend model: no spend and no value');

-- --- who is there, and what is not known of them ---
CREATE TABLE value AS SELECT * FROM lifetime_value(NULL::bigint, :'query', :'as_of', 52);
SELECT is((SELECT count(*) FROM value), (SELECT count(*) FROM summary), 'one row per customer');
SELECT is((SELECT count(*)::int FROM value WHERE x IS NULL), 10, 'of customers with refunds only, ten here, nothing is known');
SELECT is((SELECT count(*)::int FROM value WHERE x IS NULL AND num_nulls(t_x, age, m_x, p_alive, expected_purchases, expected_spend, clv) = 7), 10, 'and all is NULL');
SELECT is((SELECT count(*)::int FROM value WHERE (m_x IS NULL) <> (coalesce(x, 0) = 0)), 0, 'm_x is NULL without a repeat purchase');
SELECT is((SELECT count(*) FROM value WHERE age = 0), (SELECT count(*) FROM summary WHERE first_purchase(p) = :'as_of'), 'new customers of the last day are there');
SELECT is((SELECT count(*)::int FROM value WHERE x = 0 AND p_alive <> 1), 0, 'BG/NBD: who bought once is alive for certain');
SELECT is((SELECT count(*)::int FROM value WHERE x IS NOT NULL AND NOT (p_alive BETWEEN 0 AND 1 AND expected_purchases >= 0 AND expected_spend > 0 AND clv >= 0 AND clv < 'infinity')), 0,
    'all others are probabilities and finite amounts');
SELECT is((SELECT count(*)::int FROM value WHERE abs(clv - expected_purchases * expected_spend) > 1e-12 * clv), 0, 'without discount the value is purchases times spend');

-- Every purchase free of charge.
SELECT is((SELECT count(*)::int FROM value WHERE customer_id BETWEEN 11000 AND 11009 AND m_x = 0 AND x > 0), 10, 'free purchases are purchases, with a mean value of 0');

-- --- rows that do not count ---
SELECT is_empty(format('SELECT * FROM pg_temp.differences(%L, %L)',
        format('SELECT * FROM lifetime_value(%L, ''2024-12-31'', 52)', :'query'),
        format('SELECT * FROM lifetime_value(%L, ''2024-12-31'', 52)', 'SELECT customer, at, amount FROM orders WHERE at < ''2025-01-01'' AND customer IS NOT NULL')),
    'rows after as_of do not count');
SELECT is((SELECT count(*)::int FROM lifetime_value('SELECT 1, current_date, 1 WHERE false', :'as_of', 52)), 0, 'no orders: no rows');
SELECT is((SELECT count(*)::int FROM model, lifetime_value('SELECT 1, current_date, 1 WHERE false', :'as_of', 52, bgnbd, spend) WHERE unit = 'week'), 0, 'also with a model');

-- --- lines of an order, types of the key and of the day ---
SELECT is_empty(format('SELECT * FROM pg_temp.differences(%L, %L)',
        format('SELECT * FROM lifetime_value(0::bigint, %L, %L, 52, ''mbgnbd'')', 'SELECT customer, at, amount, NULL::numeric, order_id FROM orders', :'as_of'),
        format('WITH s AS (SELECT customer_id::bigint, purchases AS p FROM customer_purchases(%L)), f AS (SELECT mbgnbd_fit(p, %L, ''week'') AS m, gamma_gamma_fit(p) AS g FROM s)
            SELECT customer_id, repeat_purchases(p), repeat_span(p) / 7::float8, age(p, %2$L) / 7::float8, repeat_value(p)::float8, p_alive(m, p, %2$L), expected_purchases(m, p, %2$L, 52),
                expected_spend(g, p), clv(m, g, p, %2$L, 52) FROM s, f',
            'SELECT customer, at, amount, NULL::numeric, order_id FROM orders WHERE at::date <= ''2025-06-30''', :'as_of')),
    'lines of an order are netted');
SELECT is_empty(format('SELECT * FROM pg_temp.differences(%L, %L)',
        format('SELECT * FROM lifetime_value(%s%L, %L, 52)', typed, format('SELECT %s, at, amount FROM orders', key), :'as_of'),
        format('SELECT %s, x, t_x, age, m_x, p_alive, expected_purchases, expected_spend, clv FROM value', replace(key, 'customer', 'customer_id'))),
    format('a customer of type %s%s', key, ' as ' || nullif(typed, '')))
FROM (VALUES ('customer::int', ''), ('customer::int2', 'NULL::int8, '), ('customer', 'NULL::int8, '), ('''c '' || customer', ''), ('md5(customer::text)::uuid', ''),
             ('md5(customer::text)::uuid', 'NULL::uuid, ')) v (key, typed);
SELECT is_empty(format('SELECT * FROM pg_temp.differences(%L, %L)',
        format('SELECT * FROM lifetime_value(0::bigint, %L, %L, 52, time_zone => %L)', 'SELECT customer, at AT TIME ZONE ''UTC'', amount FROM orders', :'as_of', zone),
        format('SELECT * FROM lifetime_value(0::bigint, %L, %L, 52)', format('SELECT customer, (at AT TIME ZONE ''UTC'' AT TIME ZONE %L)::date, amount FROM orders', zone), :'as_of')),
    'days in ' || zone)
FROM unnest(ARRAY['UTC', 'Asia/Shanghai', 'America/New_York']) zone;
SELECT isnt((SELECT sum(x) FROM lifetime_value('SELECT customer, at AT TIME ZONE ''UTC'', amount FROM orders', :'as_of', 52, time_zone => 'Asia/Shanghai')),
    (SELECT sum(x) FROM value), 'which differ');

-- --- little memory, other order of the rows: the same digits ---
CREATE TABLE many AS SELECT c * 2000 + customer AS customer, at, amount FROM orders, generate_series(0, 11) c WHERE customer <= 2000;
SET LOCAL hash_mem_multiplier = 1;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL work_mem = '64MB';
CREATE TABLE in_memory AS SELECT * FROM lifetime_value(0::bigint, 'SELECT customer, at, amount FROM many', :'as_of', 52);
CREATE TABLE fitted_in_memory AS SELECT f::text AS models FROM lifetime_fit('SELECT customer, at, amount FROM many', :'as_of') f;
SET LOCAL work_mem = '64kB';
SET LOCAL temp_file_limit = '256kB';
SELECT throws_like($$SELECT lifetime_fit('SELECT customer, at, amount FROM many', '2025-06-30')$$, '%temporary file size exceeds %temp_file_limit%', '24,000 customers in 64 kB: goes to files');
SET LOCAL temp_file_limit = -1;
SELECT is_empty($$SELECT * FROM pg_temp.differences('SELECT * FROM lifetime_value(0::bigint, ''SELECT customer, at, amount FROM many'', ''2025-06-30'', 52)', 'SELECT * FROM in_memory')$$,
    'and gives the same rows');
SELECT is((SELECT lifetime_fit('SELECT customer, at, amount FROM many ORDER BY random()', :'as_of')::text), (SELECT models FROM fitted_in_memory), 'and models, in any order');
RESET work_mem;

-- --- what is refused ---
CREATE FUNCTION pg_temp.refused(arguments text, state text, message text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT * FROM lifetime_value(%s)', arguments), state, message, format('%s: %s', state, message))
$$;
\set q '''SELECT customer, at, amount FROM orders'''
SELECT pg_temp.refused(:'q' || rest, '22004', format('argument "%s" must not be NULL', name))
FROM (VALUES (', NULL, 52', 'as_of'), (', ''2025-06-30'', NULL', 'horizon'), (', ''2025-06-30'', 52, NULL::text', 'model'), (', ''2025-06-30'', 52, unit => NULL', 'unit'),
    (', ''2025-06-30'', 52, discount => NULL', 'discount'), (', ''2025-06-30'', 52, margin => NULL', 'margin'), (', ''2025-06-30'', 52, compounding => NULL', 'compounding'),
    (', ''2025-06-30'', 52, NULL::lifetime_model, NULL', 'purchase_model')) v (rest, name);
SELECT pg_temp.refused('NULL, ''2025-06-30'', 52', '22004', 'argument "orders" must not be NULL');
SELECT pg_temp.refused(:'q' || ', ''2025-06-30'', 52, ''sbg''', '22023', 'there is no model "sbg" of purchases at any time');
SELECT pg_temp.refused(:'q' || ', ''infinity'', 52', '22023', 'as_of must be a finite date, not infinity');
SELECT pg_temp.refused(:'q' || ', ''2023-06-30'', 52', '22023', (SELECT 'as_of 2023-06-30 is before the first order on ' || min(at)::date FROM orders));
SELECT pg_temp.refused('''SELECT 1, date ''''2024-01-01'''' + i, 1 FROM generate_series(1, 3) i WHERE i < 2'', ''2025-06-30'', 52', '22023',
    'the fit of bgnbd is not_identified: these orders do not determine its parameters');
SELECT pg_temp.refused('''SELECT i, date ''''2024-01-01'''', -1 FROM generate_series(1, 3) i'', ''2025-06-30'', 52', '22023',
    'the fit of bgnbd is not_identified: these orders do not determine its parameters');
SELECT throws_ok($$SELECT lifetime_fit('SELECT 1, current_date, 1 WHERE false', '2025-06-30')$$, '22023', 'there are no orders to fit a model on', 'a fit of no orders');
SELECT is((SELECT purchase_model ->> 'status' FROM lifetime_fit('SELECT i, date ''2024-01-01'', 1 FROM generate_series(1, 30) i', '2025-06-30')), 'not_identified',
    'lifetime_fit returns a model that is not identified, too');

SELECT * FROM finish();
ROLLBACK;
