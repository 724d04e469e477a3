-- customer_purchases, rfm and rfm_fit against the same in plain SQL, on the orders of include/orders.psql.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL client_min_messages = warning;

SELECT plan(114);
\ir include/orders.psql
DELETE FROM orders WHERE shape = 'many days' AND line % 10 <> 0;

-- Customers whose summary differs between a query's bulk form and plain SQL over a relation r(c, d, a, k).
CREATE FUNCTION pg_temp.bulk_differs(bulk text, plain text) RETURNS TABLE (customer text, got text, want text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('
        SELECT coalesce(b.customer_id::text, p.c::text), b.purchases::text, p.p::text
        FROM %s b FULL JOIN (%s) p ON b.customer_id::text = p.c::text
        WHERE b.purchases::text IS DISTINCT FROM p.p::text LIMIT 5', bulk, plain);
END $$;

-- --- types of the key, the day and the amount ---

-- Each type with the expression that makes it; keys that differ stay different.
CREATE FUNCTION pg_temp.check_types(keys text, days text, amounts text, typed text DEFAULT NULL, condition text DEFAULT 'true')
RETURNS SETOF text LANGUAGE sql AS $$
    SELECT is_empty(format('SELECT * FROM pg_temp.bulk_differs(%L, %L)',
            format('customer_purchases(%sorders => $q$SELECT %s, %s, %s, cost FROM orders WHERE %s$q$)', 'key => ' || typed || ', ', keys, days, amounts, condition),
            format('SELECT %s AS c, purchase_summary((%s)::date, (%s)::text::numeric, cost) AS p FROM orders WHERE %s AND %1$s IS NOT NULL
                    GROUP BY 1 HAVING count(*) FILTER (WHERE %2$s IS NOT NULL AND %3$s IS NOT NULL) > 0', keys, days, amounts, condition)),
        format('%s, %s, %s%s', keys, days, amounts, ' as ' || typed))
$$;

SELECT pg_temp.check_types(key, 'day', 'amount', typed) FROM (VALUES
    ('customer::int2', NULL), ('customer::int2', 'NULL::int2'), ('customer::int2', 'NULL::int4'), ('customer::int2', 'NULL::int8'), ('customer::int2', '''''::text'),
    ('customer', NULL), ('-customer', '0::int4'), ('customer', 'NULL::int8'), ('customer', 'NULL::text'),
    ('customer * -922337203685477::int8', NULL), ('customer * 922337203685477::int8', 'NULL::int8'),
    ('md5(customer::text)::uuid', NULL), ('md5(customer::text)::uuid', 'NULL::uuid'), ('md5(customer::text)::uuid', 'NULL::text'),
    ('customer::text', NULL), ('repeat(chr(228 + customer % 7), customer % 1000)', 'NULL::text'), ('nullif(customer, 2000)::text', 'NULL::varchar'),
    ('(''c'' || customer)::varchar(7)', NULL), ('(''c'' || customer)::varchar', 'NULL::varchar'), ('(''c'' || customer)::varchar', 'NULL::text'),
    ('CASE WHEN customer <> 0 THEN customer % 5 || '' '' ELSE '''' END', NULL)) v(key, typed);

SELECT pg_temp.check_types('customer', 'day::timestamp + line * interval ''7 hours'' - interval ''1 us''', 'amount', NULL,
    'day BETWEEN ''4713-01-01 BC'' AND ''290000-01-01''');

SELECT pg_temp.check_types('customer', 'day', amount, NULL, condition) FROM (VALUES
    ('(amount * 10)::int2', 'abs(amount) < 3000'), ('(amount * 1000)::int4', 'abs(amount) < 1e6'), ('(amount * 1e9)::int8', 'abs(amount) < 9e9'),
    ('amount::float4', 'abs(amount) < 1e30 AND (amount = 0 OR abs(amount) > 1e-30)'), ('amount::float8', 'true'),
    ('(1 / (line + 0.5)::float8)', 'true'), ('(exp(line % 1400 - 700.0)::float8)', 'customer < 2000'),
    ('((line - 9000) * 1e-7)::float8', 'customer < 3000'), ('((line - 9000) * 1e-7)::float4', 'customer < 3000'),
    ('amount::numeric(70, 2)', 'shape <> ''tiny'''), ('CASE WHEN line % 2 = 0 THEN amount * 1e20 ELSE amount END', 'true')) v(amount, condition);

CREATE DOMAIN customer_no AS bigint CHECK (VALUE >= 0);
CREATE DOMAIN customer_no_2 AS customer_no;
CREATE DOMAIN money_amount AS numeric(90, 25);
CREATE DOMAIN order_day AS date;
SELECT pg_temp.check_types('customer::customer_no_2', 'day::order_day', 'amount::money_amount', 'NULL::bigint', 'shape <> ''tiny''');

-- --- times ---

-- Hours around the changes of each year, and far away, in zones with and without summer time.
CREATE TABLE moment AS
SELECT row_number() OVER () AS line, at FROM (
    SELECT make_timestamptz(year, month, day, 0, 0, 0, 'UTC') + h * interval '30 min 0.000001 s' - interval '7 us' AS at
    FROM unnest(ARRAY[1900, 1916, 1945, 1969, 1970, 1986, 1999, 2000, 2007, 2016, 2024, 2037, 2038, 2039, 2500]) year,
        (VALUES (1, 1), (3, 10), (3, 30), (4, 16), (10, 5), (10, 27), (11, 3), (12, 31)) d(month, day), generate_series(-50, 50, 3) h
    UNION ALL
    SELECT timestamptz '2000-01-01 00:00:00+00' + sign * i * i * i * interval '16 hours 1 s' FROM generate_series(0, 540) i, (VALUES (1), (-1)) s(sign)
    WHERE sign * i > -150) s
ORDER BY md5(at::text);

SELECT is_empty(format('SELECT * FROM pg_temp.bulk_differs(%L, %L)',
        format('customer_purchases($q$SELECT line %% 200, at, 1 FROM moment$q$, %L)', zone),
        format('SELECT line %% 200 AS c, purchase_summary((at AT TIME ZONE %L)::date, 1) AS p FROM moment GROUP BY 1', zone)),
    'days in ' || zone)
FROM unnest(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca',
    'America/Sao_Paulo', 'Asia/Shanghai', 'Pacific/Kiritimati', 'Etc/GMT+12', 'America/St_Johns', 'Asia/Tehran', 'europe/dublin', '<XYZ>-3:30']) zone;

SELECT is_empty($$SELECT * FROM pg_temp.bulk_differs('customer_purchases($q$SELECT 1, at AT TIME ZONE ''UTC'', 1 FROM moment$q$, ''Asia/Tokyo'')',
    'SELECT 1 AS c, purchase_summary((at AT TIME ZONE ''UTC'')::date, 1) AS p FROM moment')$$, 'time_zone does not touch a timestamp');
SET LOCAL timezone = 'Asia/Tokyo';
SELECT is_empty($$SELECT * FROM pg_temp.bulk_differs('customer_purchases($q$SELECT 1, at, 1 FROM moment$q$, ''America/Lima'')',
    'SELECT 1 AS c, purchase_summary((at AT TIME ZONE ''America/Lima'')::date, 1) AS p FROM moment')$$, 'the session''s zone does not matter');
RESET timezone;
-- The last and the first moment that there are; a zone that leads out of the range is an error, as for AT TIME ZONE.
SELECT results_eq($$SELECT first_purchase(purchases) FROM customer_purchases($q$SELECT 1, timestamptz '4714-11-24 00:00:00+00 BC', 1$q$, 'UTC')$$,
    ARRAY[date '4714-11-24 BC'], 'the first moment');
SELECT results_eq($$SELECT first_purchase(purchases) FROM customer_purchases($q$SELECT 1, timestamptz '294276-12-31 23:59:59.999999+00', 1$q$, 'UTC')$$,
    ARRAY[date '294276-12-31'], 'the last moment');
SELECT throws_ok(format('SELECT * FROM customer_purchases($q$SELECT 1, timestamptz %L, 1$q$, %L)', at, zone), '22008', 'timestamp out of range',
    at || ' in ' || zone)
FROM (VALUES ('4714-11-24 00:00:00+00 BC', 'America/New_York'), ('294276-12-31 23:59:59+00', 'Asia/Tokyo')) v(at, zone);

-- --- order lines ---

-- First each order by itself, then its customer.
CREATE TABLE netted AS
WITH counted AS (SELECT * FROM orders WHERE day IS NOT NULL AND amount IS NOT NULL),
one AS (
    SELECT customer, sum(amount) AS amount, min(day) FILTER (WHERE amount >= 0) AS day, bool_or(amount < 0) AS gave_back,
        CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost
    FROM counted GROUP BY customer, coalesce(order_id::text, 'line ' || line))
SELECT customer, CASE WHEN amount > 0 OR amount = 0 AND NOT gave_back THEN day END AS day, amount, cost FROM one;

CREATE TABLE netted_summary AS
SELECT customer, count(day) AS orders, count(DISTINCT day) AS days, array_agg(DISTINCT day ORDER BY day) FILTER (WHERE day IS NOT NULL) AS dates,
    sum(amount) AS spend, coalesce(sum(-amount) FILTER (WHERE amount < 0), 0) AS refunds, CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost,
    sum(amount) FILTER (WHERE day = first) AS first_day
FROM (SELECT *, min(day) OVER (PARTITION BY customer) AS first FROM netted) n
GROUP BY customer;

SELECT is_empty(format($$
    SELECT n.customer, b.purchases FROM customer_purchases($q$SELECT %s, day, amount, cost, %s FROM orders$q$) b FULL JOIN netted_summary n ON b.customer_id = (%1$s)::text
    WHERE (orders(purchases), purchase_days(purchases), purchase_dates(purchases), spend(purchases)::text, refunds(purchases), cost(purchases)::text, (purchases::jsonb -> 'first_day_spend')::numeric)
        IS DISTINCT FROM (n.orders, n.days, coalesce(n.dates, '{}'), n.spend::text, n.refunds, n.cost::text, coalesce(n.first_day, 0)) LIMIT 3$$, customer, order_id),
    format('lines netted by %s of %s', order_id, customer))
FROM (VALUES ('customer', 'order_id'), ('customer::text', 'order_id::text'), ('md5(customer::text)::uuid', 'order_id::int2'),
    ('customer::int8', 'md5(order_id::text)::uuid'), ('repeat(''x'', customer % 1000) || customer', 'order_id::int8')) v(customer, order_id);
SELECT cmp_ok((SELECT count(*) FROM netted WHERE day IS NULL AND amount = 0), '>', 3::bigint, 'orders that came back in full were among them');
SELECT cmp_ok((SELECT count(*) FROM netted WHERE day IS NOT NULL AND amount = 0), '>', 3::bigint, 'and free ones');
SELECT results_eq($$SELECT customer_id, orders(purchases), spend(purchases) FROM customer_purchases($q$
    VALUES ('a', date '2024-01-01', 5, 1, 'bc'), ('ab', '2024-01-01', -5, 1, 'c'), ('a', '2024-01-01', -5, 1, 'b'), ('', '2024-01-01', 5, 1, 'abc'), ('abc', '2024-01-01', -5, 1, '')$q$)
    ORDER BY customer_id$$, $$VALUES ('', 1::bigint, 5::numeric), ('a', 1, 0), ('ab', 0, -5), ('abc', 0, -5)$$,
    'customer and order_id are not run together');

-- --- rfm ---

CREATE TABLE shop AS SELECT * FROM orders WHERE abs(amount) < 1e20 OR amount IS NULL;

-- The composable form of docs/rfm.md, for any number of classes, method of the breaks and segmentation.
CREATE FUNCTION pg_temp.rfm_twin(day_limit date, k int, method text, segments text) RETURNS TABLE (customer_id text, last_purchase date,
    recency int, frequency bigint, monetary numeric, r smallint, f smallint, m smallint, cell text, segment text) LANGUAGE sql AS $$
    WITH customer AS (
        SELECT customer, purchase_summary(day, amount) AS p FROM shop WHERE day <= day_limit GROUP BY customer
    ), measure AS (
        SELECT customer, last_purchase(p) AS last, recency(p, day_limit) AS recency, frequency(p) AS frequency, monetary(p) AS monetary
        FROM customer WHERE p IS NOT NULL
    ), fit AS (
        SELECT CASE method
                WHEN 'balanced' THEN balanced_breaks(recency, k)
                WHEN 'quantile' THEN quantile_breaks(recency, k)
                WHEN 'mean' THEN CASE WHEN avg(recency) < max(recency) THEN ARRAY[avg(recency)::float8] ELSE '{}' END END AS r,
            CASE method
                WHEN 'balanced' THEN balanced_breaks(nullif(frequency, 0), k)
                WHEN 'quantile' THEN quantile_breaks(nullif(frequency, 0), k)
                WHEN 'mean' THEN CASE WHEN avg(nullif(frequency, 0)) < max(frequency) THEN ARRAY[avg(nullif(frequency, 0))::float8] ELSE '{}' END END AS f,
            CASE method
                WHEN 'balanced' THEN balanced_breaks(monetary::float8, k)
                WHEN 'quantile' THEN quantile_breaks(monetary::float8, k)
                WHEN 'mean' THEN CASE WHEN avg(monetary) < max(monetary) THEN ARRAY[avg(monetary)::float8] ELSE '{}' END END AS m
        FROM measure
    ), score AS (
        SELECT measure.*, coalesce(score(recency, fit.r, true), 1) AS r, score(frequency, fit.f) AS f, score(monetary::float8, fit.m) AS m FROM measure, fit
    )
    SELECT customer::text, last, recency, frequency, monetary, r::smallint, f::smallint, m::smallint, concat(r, f, m), segment(segments, r, f, m) FROM score
$$;

INSERT INTO segmentation (name, r_classes, f_classes, m_classes, breaks)
SELECT method || '_' || k, k, k, k, method FROM generate_series(2, 9) k, unnest(ARRAY['balanced', 'quantile', 'mean']) method WHERE method <> 'mean' OR k = 2;
INSERT INTO segment_rule (segmentation, position, segment, r_min, f_min)
SELECT name, 1, 'both', r_classes / 2 + 1, f_classes / 2 + 1 FROM segmentation WHERE NOT shipped
UNION ALL SELECT name, 2, 'recent', r_classes / 2 + 1, NULL FROM segmentation WHERE NOT shipped
UNION ALL SELECT name, 3, 'frequent', NULL, f_classes / 2 + 1 FROM segmentation WHERE NOT shipped;

CREATE FUNCTION pg_temp.rfm_differs(bulk text, twin text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT coalesce(b, t)::text || '' '' || coalesce(t, b)::text
        FROM (SELECT * FROM %s) b FULL JOIN (SELECT * FROM %s) t USING (customer_id) WHERE b::text IS DISTINCT FROM t::text LIMIT 5', bulk, twin);
END $$;

SELECT is_empty(format('SELECT pg_temp.rfm_differs(%L, %L)',
        format('rfm(''SELECT customer, day, amount FROM shop'', %L, %s, %L)', as_of, k, segments),
        format('pg_temp.rfm_twin(%L, %s, %L, %L)', as_of, k, method, segments)),
    format('rfm as of %s, %s classes, %s', as_of, k, segments))
FROM (VALUES (5, 'balanced', 'standard_11'), (5, 'balanced', 'rf_10'), (2, 'mean', 'rfm_8')) v(k, method, segments),
    unnest(ARRAY[date '2024-01-20', '5874897-12-31', '2022-06-01']) as_of
UNION ALL
SELECT is_empty(format('SELECT pg_temp.rfm_differs(%L, %L)',
        format('rfm(NULL::text, ''SELECT customer, day, amount FROM shop'', ''2024-03-01'', %s, %L)', r_classes, name),
        format('pg_temp.rfm_twin(''2024-03-01'', %s, %L, %L)', r_classes, breaks, name)),
    'rfm with the user''s segmentation ' || name)
FROM segmentation WHERE NOT shipped
ORDER BY 1;

-- --- rfm_fit and the model ---

SELECT results_eq(format($$SELECT m -> 'recency', m -> 'frequency', m -> 'monetary', m::jsonb ->> 'customers'
        FROM rfm_fit('SELECT customer, day, amount FROM shop', '2024-03-01', %s, breaks => %L) m$$, k, method),
    format($$SELECT %1$s_breaks(recency(p, '2024-03-01'), %2$s), %1$s_breaks(nullif(frequency(p), 0), %2$s), %1$s_breaks(monetary(p)::float8, %2$s), count(p)::text
        FROM (SELECT purchase_summary(day, amount) AS p FROM shop WHERE day <= '2024-03-01' GROUP BY customer) s$$, method, k),
    format('rfm_fit with %s %s classes', k, method))
FROM generate_series(2, 9) k, unnest(ARRAY['balanced', 'quantile']) method;

CREATE TABLE model AS SELECT rfm_fit('SELECT customer, day, amount FROM shop', '2024-03-01') AS fit;
SELECT is_empty($$SELECT pg_temp.rfm_differs('rfm(''SELECT customer, day, amount FROM shop'', ''2024-03-01'', (SELECT fit FROM model))',
    'rfm(''SELECT customer, day, amount FROM shop'', ''2024-03-01'')')$$, 'a model applied to what it was fitted on');
SELECT is_empty($$SELECT pg_temp.rfm_differs('rfm(''SELECT customer, day, amount FROM shop'', ''2024-03-01'', (SELECT fit::text::rfm_model FROM model))',
    'rfm(''SELECT customer, day, amount FROM shop'', ''2024-03-01'')')$$, 'and after a trip through text');
SELECT is_empty($$
    SELECT * FROM rfm(0, 'SELECT customer, day, amount FROM shop', '2024-09-01', (SELECT fit FROM model), NULL), model
    WHERE r <> coalesce(score(recency, fit -> 'recency', true), 1) OR f <> score(frequency, fit -> 'frequency') OR m <> score(monetary::float8, fit -> 'monetary')
        OR segment IS NOT NULL OR cell <> concat(r, f, m)$$, 'a model applied half a year later, without a segmentation');
SELECT isnt_empty($$SELECT pg_temp.rfm_differs('rfm(''SELECT customer, day, amount FROM shop'', ''2024-09-01'', (SELECT fit FROM model), ''standard_11'')',
    'rfm(''SELECT customer, day, amount FROM shop'', ''2024-09-01'')')$$, 'which differs from a new fit');

-- --- small populations ---
CREATE FUNCTION pg_temp.cells(query text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat(customer_id, ':', recency, '/', frequency, '/', monetary, '=', cell, ' ', segment), ', ' ORDER BY customer_id)
    FROM rfm(query, '2024-01-31')
$$;
SELECT is(pg_temp.cells('SELECT 1, date ''2024-01-31'', 5.00'), '1:0/1/5.00=111 Lost', 'one customer');
SELECT is(pg_temp.cells('SELECT c, date ''2024-01-01'', 7 FROM generate_series(1, 3) c'), '1:30/1/7=111 Lost, 2:30/1/7=111 Lost, 3:30/1/7=111 Lost', 'all equal');
SELECT is(pg_temp.cells('SELECT 1, date ''2024-01-01'', 1 WHERE false'), NULL, 'nobody');
SELECT is(pg_temp.cells('SELECT NULL::int, date ''2024-01-01'', 1'), NULL, 'nobody who has a name');
SELECT is(pg_temp.cells('VALUES (1, date ''2024-01-31'', 10), (1, ''2024-01-30'', 1), (2, ''2024-01-02'', -3), (3, ''2024-01-01'', 0)'),
    '1:0/2/11=223 Hibernating, 2:/0/-3=111 Lost, 3:30/1/0=112 Lost', 'one who bought, one who gave back, one who got a gift');

SELECT * FROM finish();
ROLLBACK;
