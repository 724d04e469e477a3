-- Bad input to the bulk functions and the aggregates: SQLSTATE and message of each error.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;

SELECT plan(152);

CREATE TABLE orders (customer int, day date, amount numeric);
INSERT INTO orders SELECT i % 7, date '2024-01-01' + i, i FROM generate_series(1, 50) i;
CREATE TABLE log (line text);
CREATE SEQUENCE counter;
CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql VOLATILE AS $$BEGIN INSERT INTO log VALUES ('written'); RETURN 1; END$$;
CREATE FUNCTION locks() RETURNS int LANGUAGE plpgsql VOLATILE AS $$BEGIN PERFORM FROM orders FOR UPDATE; RETURN 1; END$$;
CREATE FUNCTION opens() RETURNS int LANGUAGE plpgsql VOLATILE AS $$BEGIN PERFORM set_config('transaction_read_only', 'off', true); RETURN writes(); END$$;
CREATE FUNCTION swallows() RETURNS int LANGUAGE plpgsql VOLATILE AS $$BEGIN PERFORM writes(); RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 2; END$$;
CREATE VIEW locking AS SELECT * FROM orders FOR UPDATE;

-- The three entrances with the same query: each refuses it, with the same error.
CREATE FUNCTION pg_temp.refused(query text, state text, message text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT throws_ok(format(call, query), state, message, format(call, translate(left(query, 70), E'\n', ' ')))
    FROM (VALUES ('SELECT * FROM customer_purchases(%L)'), ('SELECT * FROM rfm(NULL::bigint, %L, ''2025-01-01'')'), ('SELECT rfm_fit(%L, ''2025-01-01'')')) c(call)
$$;

-- --- the text of the query ---
SELECT pg_temp.refused(query, '22023', 'argument "orders" holds no query') FROM unnest(ARRAY['', E' \n;', '-- nothing', '/* nothing; */;;']) query;
SELECT pg_temp.refused('SELECT 1, current_date, 1; SELECT 2', '22023', 'argument "orders" holds 2 statements');
SELECT pg_temp.refused('SELECT $1, current_date, 1', '42P02', 'there is no parameter $1');
SELECT pg_temp.refused(query, '22023', 'argument "orders" holds a statement that is not a SELECT') FROM unnest(ARRAY[
    'EXPLAIN SELECT 1, current_date, 1', 'SHOW work_mem', 'INSERT INTO log VALUES (1) RETURNING 1, current_date, 1', 'SELECT customer, day, amount INTO copy FROM orders',
    'CREATE TABLE copy (x int)', 'COMMIT']) query;
SELECT pg_temp.refused(query, '25006', 'the query in argument "orders" must only read') FROM unnest(ARRAY[
    'WITH w AS (DELETE FROM orders RETURNING *) TABLE w', 'SELECT customer, day, amount FROM orders FOR UPDATE', 'SELECT * FROM (SELECT * FROM orders FOR SHARE) o',
    'WITH w AS (SELECT * FROM orders FOR KEY SHARE) TABLE w', 'TABLE locking', 'SELECT 1, current_date, (SELECT amount FROM orders LIMIT 1 FOR UPDATE)']) query;
SELECT pg_temp.refused('SELECT customer, day, amont FROM orders', '42703', 'column "amont" does not exist');

-- --- where in the text ---
CREATE FUNCTION pg_temp.place(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    context text;
BEGIN
    PERFORM * FROM customer_purchases(query);
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    RETURN SQLSTATE || ' ' || SQLERRM || ' ' || coalesce(nullif(split_part(context, E'\n', 1), ''), 'no context');
END $$;
SELECT alike(pg_temp.place('SELECT 1, ?, 1 FORM orders'), '42601 syntax error at or near "," %', 'a syntax error has its own message');
SELECT alike(pg_temp.place('SELECT customer, day, 1 / (amount - amount) FROM orders'), '22012 division by zero SQL statement "SELECT customer, day, 1 / (amount - amount) FROM orders"',
    'an error while the query runs says which query');

-- --- its columns ---
SELECT pg_temp.refused('SELECT', '42804', 'the query in argument "orders" returns 0 columns');
SELECT pg_temp.refused('SELECT 1, current_date', '42804', 'the query in argument "orders" returns 2 columns');
SELECT pg_temp.refused('SELECT 1, current_date, 1, 1, 1, 1', '42804', 'the query in argument "orders" returns 6 columns');
SELECT pg_temp.refused('SELECT 1.5 AS who, current_date, 1', '42804', 'column 1 ("who") of the query in argument "orders" has type numeric');
SELECT pg_temp.refused('SELECT 1, ''2024-01-01'' AS at, 1', '42804', 'column 2 ("at") of the query in argument "orders" has type text');
SELECT pg_temp.refused('SELECT 1, current_date, amount::money FROM orders', '42804', 'column 3 ("amount") of the query in argument "orders" has type money');
SELECT pg_temp.refused('SELECT 1, current_date, 1, NULL', '42804', 'column 4 ("?column?") of the query in argument "orders" has type text');
SELECT pg_temp.refused('SELECT 1, current_date, 1, 1, 1.0 AS no', '42804', 'column 5 ("no") of the query in argument "orders" has type numeric');
SELECT throws_ok('SELECT * FROM customer_purchases(NULL::int, ''SELECT 1::bigint, current_date, 1'')', '42804', 'the customer column has type bigint, and key has type integer', 'a narrower key');
SELECT throws_ok('SELECT * FROM rfm(NULL::uuid, ''SELECT 1, current_date, 1'', current_date)', '42804', 'the customer column has type integer, and key has type uuid', 'another key');

-- --- their values ---
SELECT pg_temp.refused(format('SELECT 1, current_date - 9999, %s', amount), '22023', 'amount must be a finite number, not ' || what)
FROM (VALUES ('''NaN''::numeric', 'NaN'), ('''Infinity''::numeric', 'infinity'), ('''-Infinity''::float8', 'infinity'), ('''NaN''::float4', 'NaN')) v(amount, what);
SELECT throws_ok('SELECT * FROM customer_purchases(''SELECT 1, current_date, 1, ''''NaN''''::float8'')', '22023', 'cost must be a finite number, not NaN', 'cost NaN');
SELECT throws_ok(format('SELECT * FROM customer_purchases(''SELECT 1, %s, 1'', ''UTC'')', day), '22023', message, day)
FROM (VALUES ('date ''''infinity''''', 'day must be a finite date, not infinity'), ('timestamp ''''-infinity''''', 'day must be a finite date, not -infinity'),
    ('timestamptz ''''infinity''''', 'day must be a finite date, not infinity')) v(day, message);
SELECT throws_ok('SELECT * FROM customer_purchases(''SELECT 1, now(), 1'')', '22023', 'the day column is a timestamp with time zone, and no time_zone is given', 'no time_zone');
SELECT throws_ok(format('SELECT * FROM customer_purchases(''SELECT 1, current_date, 1'', time_zone => %L)', zone), '22023', format('time zone "%s" is not known', zone), 'time zone ' || zone)
FROM unnest(ARRAY['Mars/Olympus', '', '../../etc/passwd']) zone;

-- The aggregates and the accessors.
SELECT throws_ok(format('SELECT purchase_summary(%s)', arguments), '22023', message, 'purchase_summary: ' || arguments) FROM (VALUES
    ('current_date, ''NaN''::numeric', 'amount must be a finite number, not NaN'), ('current_date, ''-Infinity''::numeric', 'amount must be a finite number, not infinity'),
    ('current_date, 1.0, ''NaN''::numeric', 'cost must be a finite number, not NaN'), ('''infinity''::date, 1', 'day must be a finite date, not infinity'),
    ('''-infinity''::date, 1::int2', 'day must be a finite date, not -infinity')) v(arguments, message);
SELECT throws_ok(format('SELECT %s(purchase_summary(day, amount), %L) FROM orders', accessor, as_of), '22023', message, accessor || ' as of ' || as_of)
FROM unnest(ARRAY['recency', 'tenure', 'age', 'annual_spend']) accessor,
    (VALUES ('2024-02-19', 'as_of 2024-02-19 is before the last purchase on 2024-02-20'), ('infinity', 'as_of must be a finite date, not infinity')) v(as_of, message);
SELECT throws_ok($$SELECT rollup('{"orders": 9223372036854775807, "first_purchase": "2024-01-01"}'::purchases) FROM generate_series(1, 2)$$, '22003', 'number of orders out of range', 'too many orders');

-- --- the other arguments ---
CREATE FUNCTION pg_temp.rfm_refused(arguments text, state text, message text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT * FROM rfm(''SELECT customer, day, amount FROM orders'', %s)', arguments), state, message, 'rfm: ' || arguments)
$$;
SELECT pg_temp.rfm_refused('NULL::date', '22004', 'argument "as_of" must not be NULL');
SELECT pg_temp.rfm_refused('''infinity''::date', '22023', 'as_of must be a finite date, not infinity');
SELECT pg_temp.rfm_refused('''2024-01-01''::date', '22023', 'as_of 2024-01-01 is before the first order on 2024-01-02');
SELECT pg_temp.rfm_refused('''2025-01-01''::date, ' || classes, '22023', format('classes must be from 2 to 9, not %s', classes)) FROM unnest(ARRAY[1, 10, 0, -2147483648]) classes;
SELECT pg_temp.rfm_refused('''2025-01-01''::date, NULL::int', '22004', 'argument "classes" must not be NULL');
SELECT pg_temp.rfm_refused('''2025-01-01''::date, NULL::rfm_model', '22004', 'argument "model" must not be NULL');
SELECT pg_temp.rfm_refused('''2025-01-01''::date, segmentation => ''nobody''''s''', '22023', 'segmentation "nobody''s" does not exist');
SELECT pg_temp.rfm_refused('''2025-01-01''::date, 4', '22023', 'segmentation "standard_11" has 5 classes of recency, not 4');
SELECT pg_temp.rfm_refused('''2025-01-01''::date, segmentation => ''rfm_8''', '22023', 'segmentation "rfm_8" has 2 classes of recency, not 5');
SELECT throws_ok('SELECT * FROM rfm(NULL::text, ''2025-01-01''::date)', '22004', 'argument "orders" must not be NULL', 'no orders');
SELECT throws_ok('SELECT * FROM customer_purchases(NULL::text)', '22004', 'argument "orders" must not be NULL', 'no orders');
SELECT throws_ok('SELECT rfm_fit(''SELECT customer, day, amount FROM orders'', ''2025-01-01'', 3, breaks => ''mean'')', '22023', 'breaks => ''mean'' makes 2 classes, not 3', 'mean of 3');
SELECT throws_ok('SELECT rfm_fit(''SELECT customer, day, amount FROM orders'', ''2025-01-01'', breaks => ''natural'')', '22023', 'breaks must be ''balanced'', ''quantile'' or ''mean'', not "natural"', 'unknown breaks');
SELECT throws_ok('SELECT rfm_fit(''SELECT customer, day, amount FROM orders WHERE false'', ''2025-01-01'')', '22023', 'there are no orders to fit a model on', 'nothing to fit');

-- --- what the query may not do, and that it may write again afterwards ---
SELECT pg_temp.refused('SELECT writes(), current_date, 1', '25006', 'cannot execute INSERT in a read-only transaction');
SELECT pg_temp.refused('SELECT 1, current_date, nextval(''counter'')', '25006', 'cannot execute nextval() in a read-only transaction');
SELECT pg_temp.refused('SELECT locks(), current_date, 1', '25006', 'cannot execute SELECT FOR UPDATE in a read-only transaction');
SELECT throws_ok('SELECT * FROM customer_purchases(''SELECT opens(), current_date, 1'')', '25001', NULL, 'the query cannot make the transaction writable');
SELECT results_eq('SELECT customer_id FROM customer_purchases(''SELECT swallows(), current_date, 1'')', ARRAY['2'], 'a function that catches the error has not written');
SELECT is((SELECT count(*)::int FROM log), 0, 'nothing was written');
SELECT is(writes(), 1, 'after all these errors the transaction can be written in');
SELECT is((SELECT count(*)::int FROM customer_purchases('SELECT customer, day, amount FROM orders')), 7, 'and queries run');
SELECT is(writes(), 1, 'and after a query, too');
CREATE TEMP TABLE scratch AS SELECT customer_id, writes() FROM customer_purchases('SELECT customer, day, amount FROM orders');
SELECT is((SELECT count(*)::int FROM log), 9, 'the statement around the query may write');

SELECT * FROM finish();
ROLLBACK;
