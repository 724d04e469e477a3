-- Where the bulk functions are called: with whose rights, inside what, and how often.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;

SELECT plan(34);

CREATE TABLE orders (customer int, day date, amount numeric, owner name DEFAULT current_user);
INSERT INTO orders SELECT i % 7, date '2024-01-01' + i, i, CASE WHEN i % 7 < 3 THEN 'custseg_test_analyst' ELSE 'somebody' END FROM generate_series(1, 50) i;
\set orders 'SELECT customer, day, amount FROM orders'
\set call 'SELECT count(*)::int FROM rfm(''SELECT customer, day, amount FROM orders'', ''2025-01-01'')'

-- --- rights ---
CREATE ROLE custseg_test_analyst;
GRANT USAGE ON SCHEMA public TO custseg_test_analyst;
CREATE FUNCTION owners_count() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public, custseg AS :'call';

SET LOCAL ROLE custseg_test_analyst;
SELECT throws_ok(:'call', '42501', 'permission denied for table orders', 'who may not read the orders may not score them');
SELECT is(owners_count(), 7, 'but may call who may');
RESET ROLE;
GRANT SELECT (customer, day) ON orders TO custseg_test_analyst;
SET LOCAL ROLE custseg_test_analyst;
SELECT throws_ok(:'call', '42501', 'permission denied for table orders', 'nor with a right on some of the columns');
SELECT is((SELECT count(*)::int FROM customer_purchases('SELECT customer, day, 1 FROM orders')), 7, 'which is enough to count orders');
RESET ROLE;
GRANT SELECT ON orders TO custseg_test_analyst;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (owner = current_user);
SET LOCAL ROLE custseg_test_analyst;
SELECT is((:call), 3, 'a policy filters the rows');
SET LOCAL row_security = off;
SELECT throws_ok(:'call', '42501', 'query would be affected by row-level security policy for table "orders"', 'or, with row_security off, it is an error');
SET LOCAL row_security = on;
RESET ROLE;
SELECT is((:call), 7, 'a superuser sees all');
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;

-- --- names ---
CREATE SCHEMA other;
CREATE TABLE other.orders AS SELECT 1 AS customer, date '2024-01-01' AS day, 1 AS amount;
SET LOCAL search_path = other, public, custseg;
SELECT is((:call), 1, 'names in the query are those of the caller''s search_path');
SET LOCAL search_path = public, custseg;
CREATE TEMP TABLE orders AS SELECT 1 AS customer, date '2024-01-01' AS day, 1 AS amount FROM generate_series(1, 2);
SELECT is((SELECT orders(purchases)::int FROM customer_purchases(:'orders')), 2, 'temporary tables, too');
DROP TABLE pg_temp.orders;

-- --- inside of what ---
CREATE FUNCTION in_sql() RETURNS bigint LANGUAGE sql AS $$SELECT sum(orders(purchases))::bigint FROM customer_purchases('SELECT customer, day, amount FROM orders')$$;
CREATE FUNCTION in_plpgsql() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint := 0;
    r record;
BEGIN
    FOR r IN SELECT * FROM customer_purchases('SELECT customer, day, amount FROM orders') LOOP
        n := n + orders(r.purchases) * (SELECT count(*) FROM rfm('SELECT customer, day, amount FROM orders WHERE customer = ' || r.customer_id, '2025-01-01'));
    END LOOP;
    RETURN n;
END $$;
SELECT is(in_sql(), 50::bigint, 'in a function in SQL');
SELECT is(in_plpgsql(), 50::bigint, 'in a loop in PL/pgSQL, with further calls for each row');
SELECT is((SELECT sum(orders(purchases))::int FROM (SELECT (customer_purchases(:'orders')).*) s), 50, 'in the select list');
SELECT is((SELECT count(*)::int FROM customer_purchases(:'orders') LIMIT 1), 7, 'under LIMIT');
SELECT is((SELECT count(*)::int FROM generate_series(1, 3) n, LATERAL customer_purchases(format('SELECT customer, day, amount FROM orders WHERE customer < %s', n))), 6, 'in LATERAL');
SELECT is((SELECT count(*)::int FROM customer_purchases($$SELECT customer_id, last_purchase(purchases), spend(purchases)
    FROM customer_purchases('SELECT customer, day, amount FROM orders')$$)), 7, 'in its own query');
SELECT is((SELECT count(*)::int FROM rfm($$SELECT (in_plpgsql() + n)::int, date '2024-01-01' + n, n FROM generate_series(1, 4) n$$, '2025-01-01')), 4, 'in a function in its own query');
SELECT throws_ok('SELECT CASE WHEN random() < 2 THEN customer_purchases(''SELECT 1, current_date, 1'') END', '0A000', NULL, 'where no set can be');

DECLARE forth SCROLL CURSOR FOR SELECT customer_id FROM customer_purchases(:'orders') ORDER BY 1;
FETCH LAST FROM forth \gset
SELECT is(:'customer_id'::text, '6', 'from a cursor, to the end');
FETCH FIRST FROM forth \gset
SELECT is(:'customer_id'::text, '0', 'and back');
CLOSE forth;
DECLARE unsorted NO SCROLL CURSOR FOR SELECT customer_id FROM customer_purchases(:'orders');
FETCH NEXT FROM unsorted \gset
CLOSE unsorted;

PREPARE scores (text, date) AS SELECT count(*)::int AS n FROM rfm($1, $2);
EXECUTE scores (:'orders', '2025-01-01') \gset
ALTER TABLE orders ALTER customer TYPE text;
EXECUTE scores (:'orders', '2025-01-01') \gset again_
SELECT is(:again_n, :n, 'from a prepared statement, after the type of a column has changed');
ALTER TABLE orders ALTER customer TYPE int USING customer::int;

-- --- transactions ---
CREATE FUNCTION retried() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    n int := 0;
BEGIN
    FOR i IN 1..20 LOOP
        BEGIN
            PERFORM * FROM customer_purchases(format('SELECT customer, day, amount / (%s %% 2) FROM orders', i));
            INSERT INTO orders VALUES (100 + i, '2024-01-01', 1);
            n := n + 1;
        EXCEPTION WHEN division_by_zero THEN
            INSERT INTO orders VALUES (200 + i, '2024-01-01', 1);
        END;
    END LOOP;
    RETURN n;
END $$;
SELECT is(retried(), 10, 'an error in a block of PL/pgSQL undoes that block alone');
SELECT is((:call), 27, 'and rows written between the calls are there');
SAVEPOINT before;
DELETE FROM orders WHERE customer >= 100;
SELECT is((:call), 7, 'what the transaction has deleted is gone');
ROLLBACK TO before;
SELECT is((:call), 27, 'and back after ROLLBACK TO');
WITH added AS (INSERT INTO orders VALUES (300, '2024-01-01', 1) RETURNING 1) SELECT is(n, 27,
    'what the statement around it writes is not seen, as in any query') FROM (:call) c(n), added;
DELETE FROM orders WHERE customer >= 100;

-- --- parallel plans around it ---
ALTER TABLE orders SET (parallel_workers = 2);
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
ANALYZE orders;
SELECT is((SELECT count(*)::int FROM orders o JOIN customer_purchases(:'orders') p ON p.customer_id = o.customer::text), 50, 'joined to a table with parallel workers');
SELECT is((SELECT sum(in_sql() - 49)::int FROM orders), 50, 'called for each row of such a table');
-- A wrong PARALLEL SAFE takes the call into a worker, which is harmless, too.
CREATE FUNCTION mislabelled(int) RETURNS bigint LANGUAGE plpgsql PARALLEL SAFE AS $$BEGIN RETURN in_sql() + $1 * 0; END$$;
SELECT is((SELECT sum(mislabelled(customer))::int FROM orders), 2500, 'called in parallel workers by who says that he may');

-- --- keys ---
SELECT results_eq($$SELECT length(customer_id) FROM customer_purchases('SELECT repeat(''k'', 10000), current_date, 1')$$, ARRAY[10000], 'a key of 10,000 characters');
CREATE TABLE long_key AS SELECT string_agg(md5(i::text), '') AS customer FROM generate_series(1, 5000) i;
SELECT is((SELECT customer_id FROM customer_purchases('SELECT customer, current_date, 1 FROM long_key')), (SELECT customer FROM long_key), 'a key that is compressed and out of line');
SELECT is((SELECT count(*)::int FROM customer_purchases('SELECT repeat(''k'', 30000) || i, current_date, 1 FROM generate_series(1, 2000) i')), 2000, 'many long keys');

-- --- a grid with holes ---
INSERT INTO segmentation (name, r_classes, f_classes, m_classes) VALUES ('holes', 5, 5, 5);
INSERT INTO segment_rule (segmentation, position, segment, r_min) VALUES ('holes', 1, 'recent', 4);
SELECT results_eq($$SELECT segment, count(*)::int FROM rfm('SELECT i, date ''2024-01-01'' + i, i FROM generate_series(1, 100) i', '2025-01-01', segmentation => 'holes') GROUP BY 1 ORDER BY 1$$,
    $$VALUES ('recent', 40), (NULL, 60)$$, 'who is in a hole has no segment');
SELECT cmp_ok((SELECT count(*) FROM check_segmentation('holes')), '>', 0::bigint, 'and check_segmentation says so');
SELECT is_empty($$SELECT * FROM rfm('SELECT i, date ''2024-01-01'' + i, i FROM generate_series(1, 100) i', '2025-01-01', segmentation => NULL) WHERE segment IS NOT NULL$$,
    'segmentation NULL: scores only');

SELECT * FROM finish();
ROLLBACK;
