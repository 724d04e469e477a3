-- _portfolio_purchases against the same in plain SQL, on seeded random orders with everything that may be
-- wrong with them; its counts; empty inputs; keys; errors.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL TimeZone = 'UTC';

SELECT * FROM no_plan();

-- Each of customer, day, amount and cost is NULL now and then, also several at once. Orders have 1 to 3 lines.
SELECT setseed(0.6);
CREATE TABLE raw AS
SELECT i AS line, CASE WHEN random() > 0.03 THEN (random() * 300)::int END AS customer,
    CASE WHEN random() > 0.03 THEN date '2024-01-01' + (random() * 400)::int END AS day,
    CASE WHEN random() > 0.03 THEN CASE WHEN random() < 0.1 THEN 0 ELSE round((random() * 120 - 20)::numeric, (random() * 3)::int) END END AS amount,
    CASE WHEN random() > 0.05 THEN round((random() * 50)::numeric, 2) END AS cost,
    CASE WHEN random() > 0.2 THEN 'o' || (random() * 8000)::int END AS order_id
FROM generate_series(1, 20000) i;

-- What the function must count, and its summaries, from a relation r(customer, day, amount, cost, order_id)
-- whose missing columns are NULL.
CREATE FUNCTION pg_temp.want_counts(relation text, has_cost boolean, as_of date, since date) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    result jsonb;
BEGIN
    EXECUTE format('
        WITH r AS (SELECT *, customer IS NOT NULL AND day IS NOT NULL AND amount IS NOT NULL AND day <= $2 AS counts FROM %s r)
        SELECT jsonb_build_object(''rows'', count(*), ''orders'', count(*) FILTER (WHERE counts),
            ''no_customer'', count(*) FILTER (WHERE customer IS NULL),
            ''no_day'', count(*) FILTER (WHERE customer IS NOT NULL AND day IS NULL),
            ''no_amount'', count(*) FILTER (WHERE customer IS NOT NULL AND day IS NOT NULL AND amount IS NULL),
            ''after'', count(*) FILTER (WHERE customer IS NOT NULL AND amount IS NOT NULL AND day > $2),
            ''refunds'', count(*) FILTER (WHERE counts AND amount < 0), ''zero'', count(*) FILTER (WHERE counts AND amount = 0),
            ''no_cost'', CASE WHEN $1 THEN count(*) FILTER (WHERE counts AND cost IS NULL) END,
            ''late_base'', CASE WHEN $3 IS NOT NULL THEN count(*) FILTER (WHERE counts AND day <= $3) END,
            ''first_day'', min(day) FILTER (WHERE counts), ''last_day'', max(day) FILTER (WHERE counts),
            ''customers'', count(DISTINCT customer) FILTER (WHERE counts))
        FROM r', relation) INTO result USING has_cost, as_of, since;
    RETURN result;
END $$;

CREATE TABLE got (customer_id text, purchases purchases, counts jsonb);

-- Runs it into the table got, and compares. columns: those of the query; key: its key argument.
CREATE FUNCTION pg_temp.check(note text, columns text[], as_of date, since date, key text DEFAULT 'NULL::int') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    names CONSTANT text[] := ARRAY['customer', 'day', 'amount', 'cost', 'order_id'];
    relation text;
    n int := cardinality(columns);
BEGIN
    TRUNCATE got;
    EXECUTE format('INSERT INTO got SELECT customer_id::text, purchases, counts FROM _portfolio_purchases(%s, %L, %L, %L)', key,
        'SELECT ' || array_to_string(columns, ', ') || ' FROM raw', as_of, since);
    -- a timestamp's day is its date
    SELECT '(SELECT ' || string_agg('(' || coalesce(columns[i], 'NULL') || ')' || CASE i WHEN 1 THEN '::text' WHEN 2 THEN '::date' WHEN 4 THEN '::numeric' WHEN 5 THEN '::text' ELSE '' END
        || ' AS ' || names[i], ', ' ORDER BY i) || ' FROM raw)' INTO relation FROM generate_series(1, 5) i;

    RETURN NEXT is((SELECT g.counts FROM got g WHERE g.counts IS NOT NULL), pg_temp.want_counts(relation, n > 3, as_of, since), note || ': counts');
    RETURN NEXT is((SELECT count(*) FROM got g WHERE (g.customer_id IS NULL) <> (g.counts IS NOT NULL) OR (g.purchases IS NULL) <> (g.counts IS NOT NULL)), 0::bigint,
        note || ': a row is of a customer or of counts');
    IF n = 5 THEN
        -- lines of an order, netted; customer_purchases itself is compared with plain SQL elsewhere
        RETURN QUERY EXECUTE format('SELECT is_empty($q$SELECT * FROM (SELECT customer_id, purchases::text FROM got WHERE counts IS NULL) g FULL JOIN
            (SELECT customer_id, purchases::text FROM customer_purchases($o$SELECT %s FROM raw WHERE (%s) IS NOT NULL AND amount IS NOT NULL AND (%s)::date <= %L$o$)) c
            USING (customer_id) WHERE g.purchases IS DISTINCT FROM c.purchases$q$, %L)', array_to_string(columns, ', '), columns[1], columns[2], as_of, note || ': summaries');
    ELSE
        RETURN QUERY EXECUTE format('SELECT is_empty($q$SELECT * FROM (SELECT customer_id, purchases::text FROM got WHERE counts IS NULL) g FULL JOIN
            (SELECT customer AS customer_id, purchase_summary(day, amount%s)::text AS purchases FROM %s r
             WHERE customer IS NOT NULL AND amount IS NOT NULL AND day <= %L GROUP BY 1) c
            USING (customer_id) WHERE g.purchases IS DISTINCT FROM c.purchases$q$, %L)', CASE WHEN n > 3 THEN ', cost' ELSE '' END, relation, as_of, note || ': summaries');
    END IF;
END $$;

-- --- columns ---
SELECT pg_temp.check('three columns', '{customer,day,amount}', '2024-12-01', '2024-06-30');
SELECT pg_temp.check('with cost', '{customer,day,amount,cost}', '2024-12-01', '2024-06-30');
SELECT pg_temp.check('without a since', '{customer,day,amount,cost}', '2024-12-01', NULL);
SELECT pg_temp.check('order lines', '{customer,day,amount,cost,order_id}', '2024-12-01', '2024-06-30');
SELECT pg_temp.check('no cost is known', '{customer,day,amount,NULL::numeric}', '2024-12-01', '2024-06-30');
SELECT pg_temp.check('timestamps', ARRAY['customer', 'day + interval ''23:59:59.999999''', 'amount', 'cost'], '2024-12-01', '2024-06-30');
SELECT pg_temp.check('timestamps of order lines', ARRAY['customer', 'day + interval ''1 s'' * (line % 86400)', 'amount', 'cost', 'order_id'], '2024-12-01', '2024-06-30');
SELECT pg_temp.check('amounts as integers', ARRAY['customer', 'day', 'amount::int', 'cost::bigint'], '2024-12-01', '2024-06-30');
SELECT pg_temp.check('all columns NULL at times, together', ARRAY['CASE WHEN line % 2 = 0 THEN customer END', 'CASE WHEN line % 3 = 0 THEN day END', 'CASE WHEN line % 5 = 0 THEN amount END'],
    '2024-12-01', '2024-06-30');

-- --- days ---
SELECT pg_temp.check('as_of the last day', '{customer,day,amount}', '2025-02-04', '2025-02-04');
SELECT pg_temp.check('as_of the first day', '{customer,day,amount}', '2024-01-01', '2024-01-01');
SELECT pg_temp.check('all after as_of', '{customer,day,amount,cost,order_id}', '2023-12-31', '2023-12-30');
SELECT pg_temp.check('since before all', '{customer,day,amount}', '2024-12-01', '1999-12-31');
SELECT pg_temp.check('since after as_of', '{customer,day,amount}', '2024-06-30', '2024-12-01');
SELECT pg_temp.check('days before 2000', ARRAY['customer', 'day - 20000', 'amount'], '1970-01-01', '1969-11-11');
SELECT pg_temp.check('the ends of the calendar', ARRAY['customer', 'CASE WHEN line = 7 THEN date ''5874897-12-31'' WHEN line = 9 THEN date ''4713-01-01 BC'' ELSE day END', '1'],
    '5874897-12-31', '4713-01-01 BC');

-- --- keys ---
SELECT pg_temp.check('smallint as bigint', '{customer::int2,day,amount,cost,order_id}', '2024-12-01', '2024-06-30', 'NULL::bigint');
SELECT pg_temp.check('bigint', '{-customer * 1000000000000,day,amount}', '2024-12-01', NULL, '0::bigint');
SELECT pg_temp.check('uuid', '{md5(customer::text)::uuid,day,amount}', '2024-12-01', NULL, 'NULL::uuid');
SELECT pg_temp.check('uuid with order lines', '{md5(customer::text)::uuid,day,amount,cost,order_id}', '2024-12-01', NULL, 'NULL::uuid');
SELECT pg_temp.check('text', ARRAY['repeat(''ä'', customer)', 'day', 'amount'], '2024-12-01', NULL, 'NULL::text');
SELECT pg_temp.check('text with order lines', ARRAY['customer || ''x''', 'day', 'amount', 'cost', 'order_id'], '2024-12-01', NULL, 'NULL::text');
SELECT pg_temp.check('varchar', ARRAY['(customer || ''x'')::varchar', 'day', 'amount'], '2024-12-01', NULL, 'NULL::varchar');
SELECT pg_temp.check('int as text', '{customer,day,amount}', '2024-12-01', NULL, 'NULL::text');
SELECT is(pg_typeof(customer_id), 'uuid'::regtype, 'customers have the type of key, in the row of counts, too')
FROM _portfolio_purchases(NULL::uuid, 'SELECT NULL::uuid, current_date, 1', current_date);

-- --- in files ---
SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SELECT pg_temp.check('spilled', ARRAY['line % 5000', 'day', 'amount', 'cost'], '2024-12-01', '2024-06-30');
SELECT pg_temp.check('spilled order lines', ARRAY['(line % 5000)::text', 'day', 'amount', 'cost', 'order_id'], '2024-12-01', '2024-06-30', 'NULL::text');
RESET work_mem;
RESET hash_mem_multiplier;

-- --- nothing ---
SELECT results_eq($$SELECT customer_id, purchases::text, counts FROM _portfolio_purchases(NULL::int, 'SELECT customer, day, amount FROM raw WHERE false', '2024-12-01')$$,
    $$VALUES (NULL::int, NULL::text, '{"rows": 0, "orders": 0, "no_customer": 0, "no_day": 0, "no_amount": 0, "after": 0, "refunds": 0, "zero": 0, "no_cost": null,
        "late_base": null, "first_day": null, "last_day": null, "customers": 0}'::jsonb)$$, 'no row at all');
SELECT results_eq($$SELECT customer_id, purchases::text, counts FROM _portfolio_purchases(NULL::text, 'SELECT ''a'', day, amount, cost, 1 FROM raw WHERE false', '2024-12-01', '2024-01-01')$$,
    $$VALUES (NULL::text, NULL::text, '{"rows": 0, "orders": 0, "no_customer": 0, "no_day": 0, "no_amount": 0, "after": 0, "refunds": 0, "zero": 0, "no_cost": 0,
        "late_base": 0, "first_day": null, "last_day": null, "customers": 0}'::jsonb)$$, 'no row of order lines');
SELECT results_eq($$SELECT customer_id, purchases::text, counts -> 'rows', counts -> 'no_customer' FROM _portfolio_purchases(NULL::int, 'SELECT NULL::int, current_date, 1 FROM generate_series(1, 3)', current_date)$$,
    $$VALUES (NULL::int, NULL::text, '3'::jsonb, '3'::jsonb)$$, 'rows, but none that counts');

-- A customer whose orders cancel out is one all the same.
SELECT results_eq($$SELECT customer_id, orders(purchases), spend(purchases), counts -> 'refunds', counts -> 'orders', counts -> 'customers'
    FROM _portfolio_purchases(NULL::int, 'SELECT * FROM (VALUES (1, date ''2024-01-01'', 5, 1, 1), (1, ''2024-01-02'', -5, 0, 1)) v', '2024-12-01') ORDER BY customer_id$$,
    $$VALUES (1, 0::bigint, 0::numeric, NULL::jsonb, NULL::jsonb, NULL::jsonb), (NULL, NULL, NULL, '1', '2', '1')$$, 'lines are counted each on its own');

-- --- the last row, whatever DateStyle is ---
SET LOCAL DateStyle = 'German';
SELECT results_eq($$SELECT n, counts ->> 'first_day', counts ->> 'last_day' FROM
        (SELECT row_number() OVER () AS n, * FROM _portfolio_purchases(NULL::int, 'SELECT i, date ''2024-02-28'' + i, 1 FROM generate_series(0, 999) i', '2025-01-01')) f WHERE counts IS NOT NULL$$,
    $$VALUES (310::bigint, '2024-02-28', '2025-01-01')$$, 'the counts are the last row; days in ISO 8601');
RESET DateStyle;

-- --- errors ---
CREATE FUNCTION pg_temp.refused(arguments text, state text, message text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT * FROM _portfolio_purchases(%s)', arguments), state, message, arguments)
$$;
SELECT pg_temp.refused('NULL::int, NULL, current_date', '22004', 'argument "orders" must not be NULL');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, current_date, 1'', NULL', '22004', 'argument "as_of" must not be NULL');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, current_date, 1'', ''infinity''', '22023', 'as_of must be a finite date, not infinity');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, current_date, 1'', current_date, ''-infinity''', '22023', 'since must be a finite date, not -infinity');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, current_date, 1'', current_date, ''infinity''', '22023', 'since must be a finite date, not infinity');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, date ''''infinity'''', 1'', current_date', '22023', 'day must be a finite date, not infinity');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, current_date, ''''NaN''''::float8'', current_date', '22023', 'amount must be a finite number, not NaN');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, current_date, 1, ''''infinity''''::numeric'', current_date', '22023', 'cost must be a finite number, not infinity');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, now(), 1'', current_date', '22023', 'the day column is a timestamp with time zone, and no time_zone is given');
SELECT pg_temp.refused('NULL::int, '''', current_date', '22023', 'argument "orders" holds no query');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, current_date'', current_date', '42804', 'the query in argument "orders" returns 2 columns');
SELECT pg_temp.refused('NULL::int, ''SELECT 1::bigint, current_date, 1'', current_date', '42804', 'the customer column has type bigint, and key has type integer');
SELECT pg_temp.refused('NULL::int, ''SELECT 1, current_date, 1 FROM raw FOR UPDATE'', current_date', '25006', 'the query in argument "orders" must only read');

SELECT * FROM finish();
ROLLBACK;
