-- The sources of a portfolio: what create_portfolio and add_source take and refuse, the measures over each kind of source,
-- windows, customers without orders, tests and nobodies, accounts, currencies.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL client_min_messages = warning;

SELECT * FROM no_plan();

CREATE SCHEMA data;
SET LOCAL search_path = data, public;
CREATE TABLE orders (id int, buyer bigint, at timestamptz, price numeric, n int, state text, currency text);
INSERT INTO orders VALUES
	(1, 1, '2024-01-10 12:00Z', 10, 1, 'paid', 'EUR'), (2, 1, '2024-05-31 23:30Z', 20, 2, 'paid', 'EUR'),
	(3, 2, '2024-05-20 12:00Z', 30, 1, 'paid', 'EUR'), (4, 2, '2024-06-10 12:00Z', 99, 1, 'void', 'EUR'),
	(5, 3, '2023-02-01 12:00Z', 50, 1, 'paid', 'EUR'), (6, NULL, '2024-05-02 12:00Z', 5, 1, 'paid', 'EUR');

-- The values of measures of a customer, as customer_measures shows them.
CREATE FUNCTION pg_temp.values_of(portfolio name, customer text, VARIADIC measures text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT string_agg(coalesce(round((c.measures ->> m.name)::numeric, 4)::float8::text, ''null''), '' '' ORDER BY m.place)
		FROM %I.customer_measures AS c CROSS JOIN unnest($1) WITH ORDINALITY AS m (name, place) WHERE c.customer_id = %L',
		portfolio, customer) INTO result USING measures;
	RETURN result;
END
$$;

-- --- create_portfolio --------------------------------------------------------
SELECT is(custseg.create_portfolio('shop', 'orders', 'buyer', 'at', 'price * n', filter => 'state <> ''void''', time_zone => 'Europe/Berlin'),
	'portfolio "shop" was created in schema shop: 5 order rows from 2023-02-01 to 2024-06-01, 1 without a customer, which do not count
refresh it with SELECT * FROM custseg.refresh(''shop'')', 'what was found is told; expressions, filter, days in the time zone');
SELECT results_eq('SELECT customer_id, day, amount FROM shop.source_orders ORDER BY ordered_at',
	$$VALUES (3::bigint, '2023-02-01'::date, 50::numeric), (1, '2024-01-10', 10), (NULL, '2024-05-02', 5), (2, '2024-05-20', 30),
		(1, '2024-06-01', 40)$$, 'the view of the orders');
SELECT is(array_agg(format('%s %s', attname, format_type(atttypid, NULL)) ORDER BY attnum), ARRAY['customer_id bigint', 'day date',
	'amount numeric', 'cost numeric', 'order_id text', 'ordered_at timestamp with time zone', 'currency text', 'rate numeric'],
	'and its columns') FROM pg_attribute WHERE attrelid = 'shop.source_orders'::regclass AND attnum > 0;
SELECT is_empty($$SELECT c.oid::regclass, a.attname FROM pg_class AS c LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
	WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v')
		AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)$$,
	'every table, view and column of the schema has a comment');

CREATE TABLE empty (LIKE orders);
SELECT matches(custseg.create_portfolio('void', 'empty', 'buyer', 'at', 'price'), 'there are no orders yet', 'an empty table is fine');
SELECT lives_ok($$SELECT custseg.refresh('void', '2024-06-30')$$, 'and refreshed');
SELECT is(custseg.create_portfolio('second', 'SELECT buyer, at, price FROM orders;', 'buyer', 'at', 'price -- gross', order_id => NULL),
	'portfolio "second" was created in schema second: 6 order rows from 2023-02-01 to 2024-06-10, 1 without a customer, which do not count
refresh it with SELECT * FROM custseg.refresh(''second'')', 'two portfolios over one table; a query; a comment in an expression');
SELECT lives_ok($$SELECT custseg.create_portfolio('x''; DROP TABLE "orders', 'orders', 'buyer', 'at', 'price')$$, 'any name is a name');
SELECT lives_ok($$SELECT custseg.refresh('x''; DROP TABLE "orders', '2024-06-30')$$, 'also at a refresh');

SELECT throws_ok(format('SELECT custseg.create_portfolio(%s)', v.arguments), v.code, v.message, v.arguments)
FROM (VALUES
	($$'a', 'nowhere', 'buyer', 'at', 'price'$$, '42P01', 'argument "orders": relation "nowhere" does not exist'),
	($$'a', 'no where', 'buyer', 'at', 'price'$$, '42P01', 'argument "orders": relation "no where" does not exist'),
	($$'a', 'SELECT * FROM nowhere', 'buyer', 'at', 'price'$$, '42P01', 'argument "orders": relation "nowhere" does not exist'),
	($$'a', 'orders', 'client', 'at', 'price'$$, '42703', 'argument "customer": column "client" does not exist'),
	($$'a', 'orders', 'buyer', 'day', 'price'$$, '42703', 'argument "ordered_at": column "day" does not exist'),
	($$'a', 'orders', 'buyer', 'at', 'price', 'costs'$$, '42703', 'argument "cost": column "costs" does not exist'),
	($$'a', 'orders', 'buyer', 'at', 'price', filter => 'status = 1'$$, '42703', 'argument "filter": column "status" does not exist'),
	($$'a', 'orders', 'buyer', 'at', 'price', filter => 'n'$$, '42804', 'argument "filter" is of type integer'),
	($$'a', 'orders', 'price', 'at', 'price'$$, '42804', 'argument "customer" is of type numeric'),
	($$'a', 'orders', 'buyer', 'n', 'price'$$, '42804', 'argument "ordered_at" is of type integer'),
	($$'a', 'orders', 'buyer', 'at', 'state'$$, '42804', 'argument "amount" is of type text'),
	($$'a', 'orders', 'buyer', 'at', 'price', order_id => 'price'$$, '42804', 'argument "order_id" is of type numeric'),
	($$'a', 'orders', 'buyer', 'at', 'price +'$$, '42601', 'argument "amount": syntax error at or near ")"'),
	($$'a', 'orders', 'buyer', 'at', 'price FROM data.orders; DROP TABLE data.orders; SELECT 1'$$, '42601',
	 'argument "amount": syntax error at or near "FROM"'),
	($$'a', 'orders', 'buyer', 'at', 'price) FROM data.orders; DROP TABLE data.orders; SELECT (1'$$, '22023', 'argument "amount" makes 3 statements'),
	($$'a', 'orders', 'buyer', 'at', 'price', filter => 'true); DROP TABLE data.orders; SELECT (true'$$, '22023',
	 'argument "filter" makes 3 statements'),
	($$'a', 'SELECT 1) x; DROP TABLE data.orders; SELECT * FROM (SELECT 1', 'buyer', 'at', 'price'$$, '22023', 'argument "orders" makes 3 statements'),
	($$'a', 'WITH d AS (DELETE FROM data.orders RETURNING *) TABLE d', 'buyer', 'at', 'price'$$, '22023',
	 'argument "orders" makes a statement that does more than read'),
	($$'a', 'SELECT * INTO data.copy FROM orders', 'buyer', 'at', 'price'$$, '22023', 'argument "orders" makes a statement that does more than read'),
	($$NULL, 'orders', 'buyer', 'at', 'price'$$, '22004', 'argument "name" must not be null'),
	($$'a', NULL, 'buyer', 'at', 'price'$$, '22004', 'argument "orders" must not be null'),
	($$'a', 'orders', NULL, 'at', 'price'$$, '22004', 'argument "customer" must not be null'),
	($$'', 'orders', 'buyer', 'at', 'price'$$, '22023', 'argument "name" must have 1 to 200 characters, not 0'),
	($$'shop', 'orders', 'buyer', 'at', 'price'$$, '42P06', 'schema "shop" exists already'),
	($$'shop', 'orders', 'buyer', 'at', 'price', schema_name => 'fresh'$$, '42710', 'portfolio "shop" already exists'),
	($$'a', 'orders', 'buyer', 'at', 'price', schema_name => 'data'$$, '42P06', 'schema "data" exists already'),
	($$repeat('ä', 40), 'orders', 'buyer', 'at', 'price'$$, '42622', NULL),
	($$'a', 'orders', 'buyer', 'at', 'price', time_zone => 'Mars'$$, '22023', 'argument "time_zone" is "Mars"'),
	($$'a', 'orders', 'buyer', 'at', 'price', template => 'none'$$, '22023', NULL),
	($$'a', 'orders', 'buyer', 'at', 'price', rates => 'rates'$$, '22023', 'argument "rates" is given, but "currency" is null'),
	($$'a', 'orders', 'buyer', 'at', 'price', level => 'house'$$, '22023', 'argument "level" is "house"'),
	($$'a', 'orders', 'buyer', 'at', 'price', level => 'account'$$, '22023', 'argument "level" is "account", and argument "accounts" is null'),
	($$'a', 'orders', 'buyer', 'at', 'price', accounts => 'orders'$$, '22023', 'argument "level" is "customer", and argument "accounts" is given')
) AS v (arguments, code, message);
CREATE TEMPORARY TABLE passing (LIKE orders);
SELECT throws_ok($$SELECT custseg.create_portfolio('a', 'passing', 'buyer', 'at', 'price')$$, '42809',
	'argument "orders": relation "passing" is temporary', 'a temporary table would be gone at night');
SELECT is(to_regnamespace('a'), NULL, 'what was refused has left no schema');

-- --- add_source --------------------------------------------------------------
SELECT is((SELECT string_agg(kind, ' ') FROM custseg.source_kinds()), 'customers events feedback needs costs opportunities usage measures rates',
	'the kinds of sources');
SELECT is((SELECT columns FROM custseg.source_kinds() WHERE kind = 'costs'),
	'customer_id (as in the orders), day date or timestamp, amount numeric, kind? text', 'and their columns');

CREATE TABLE crm (customer_id int, name text, region varchar, is_test bool, since date, vat text, seats int);
INSERT INTO crm VALUES (1, 'One', 'north', false, NULL, 'v1', 7), (2, 'Two', 'south', NULL, NULL, 'v2', 8), (4, 'Four', 'south', false, NULL, 'v4', 9),
	(5, 'Five', 'west', false, '2024-07-01', 'v5', 1), (6, 'Six', 'west', true, NULL, 'v6', 1), (NULL, 'Nobody', NULL, NULL, NULL, NULL, NULL);
SELECT is(custseg.add_source('shop', 'customers', 'crm'), 'source "customers" has 6 rows, 1 of them without customer_id, which do not count',
	'customers, with an integer where the orders have a bigint');
SELECT is(array_agg(format('%s %s', attname, format_type(atttypid, NULL)) ORDER BY attnum), ARRAY['customer_id bigint', 'account_id text',
	'brand text', 'name text', 'industry text', 'region text', 'size text', 'is_test boolean', 'since date', 'vat text', 'seats integer'],
	'the standard columns, and all others') FROM pg_attribute WHERE attrelid = 'shop.source_customers'::regclass AND attnum > 0;
SELECT is((SELECT columns FROM shop.source WHERE kind = 'customers'), '{customer_id,name,region,is_test,since,vat,seats}'::text[],
	'the columns with content are known');

CREATE TABLE visits (customer_id bigint, at timestamptz, kind text, channel text, weight real);
INSERT INTO visits VALUES (1, '2024-05-01 08:00Z', 'visit', 'web', 2), (1, '2024-05-01 09:00Z', 'visit', 'shop', NULL),
	(1, '2023-05-01 09:00Z', 'referral', 'web', 1), (1, '2024-06-30 22:30Z', 'visit', 'web', 1), (4, '2024-06-30 21:30Z', 'visit', 'web', 1),
	(99, '2024-06-01 09:00Z', 'visit', 'web', 1);
CREATE TABLE answers (customer_id bigint, at date, score int, scale int, topic text);
INSERT INTO answers VALUES (1, '2024-05-01', 9, 10, 'delivery'), (1, '2024-06-01', 3, 10, 'delivery'), (1, '2024-06-02', 5, 5, 'price'),
	(2, '2024-06-02', NULL, 5, 'price');
CREATE TABLE wishes (customer_id bigint, need text, priority int, valid_from date, valid_until date);
INSERT INTO wishes VALUES (1, 'training', 3, NULL, NULL), (1, 'audit', 9, '2024-01-01', '2024-06-30'), (1, 'repair', NULL, '2024-06-30', NULL);
CREATE TABLE costs (customer_id bigint, day date, amount numeric, kind text);
INSERT INTO costs VALUES (1, '2024-05-01', 4.5, 'phone'), (1, '2023-05-01', 2, 'visit'), (4, '2024-05-01', 3, 'visit');
CREATE TABLE deals (customer_id bigint, opened date, closed date, value numeric, won bool);
INSERT INTO deals VALUES (1, '2024-01-01', '2024-01-11', 100, true), (1, '2024-01-01', '2024-02-20', 40, true), (1, '2024-03-01', '2024-03-02', 70, false),
	(1, '2024-06-01', NULL, 500, NULL), (1, '2024-06-01', '2024-07-15', 60, true), (1, '2024-07-01', NULL, 9, NULL);
CREATE TABLE hours (customer_id bigint, resource text, day date, amount numeric);
INSERT INTO hours VALUES (1, 'support', '2024-06-01', 1.5), (1, 'training', '2024-06-01', 4);
CREATE TABLE model_scores (customer_id bigint, intent float8, risk numeric, note text);
INSERT INTO model_scores VALUES (1, 0.25, 7, 'x'), (2, 'NaN', 'Infinity', 'y'), (4, 0.5, NULL, 'z');
SELECT is(custseg.add_source('shop', v.kind, v.relation), format('source "%s" has %s rows', v.kind, v.n), v.kind)
FROM (VALUES ('events', 'visits', 6), ('feedback', 'answers', 4), ('needs', 'wishes', 3), ('costs', 'data.costs', 3),
	('opportunities', 'SELECT * FROM deals', 6), ('usage', 'hours', 2), ('measures', 'model_scores', 3)) AS v (kind, relation, n);

INSERT INTO shop.measure_window VALUES (1, 'rolling 12 months'), (3, 'month');
INSERT INTO shop.measure (measure, kind, "window", filter) VALUES
	('year_spend', 'spend', 'rolling 12 months', NULL), ('month_spend', 'spend', 'month', NULL), ('month_recency', 'recency', 'month', NULL),
	('web', 'events', 'rolling 12 months', 'web'), ('delivery', 'satisfaction', NULL, 'delivery'), ('phone', 'cost_to_serve', NULL, 'phone'),
	('year_value', 'net_value', 'rolling 12 months', NULL), ('support', 'usage', 'month', 'support'), ('intention', 'intent', NULL, NULL);
INSERT INTO shop.measure (measure, kind) SELECT kind, kind FROM custseg.measure_kinds() WHERE source NOT IN ('orders', 'model');
INSERT INTO shop.component (measure, position, method, classes, score_name) VALUES ('risk', 9, 'none', NULL, 'risk_score');
SELECT custseg._make_views('shop');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-06-30')$$, 'a run with all sources');
SELECT is(pg_temp.values_of('shop', '1', 'events', 'active_days', 'event_weight', 'referrals', 'web'), '3 2 4 1 1',
	'events up to as_of in the time zone, by window and filter');
SELECT is(pg_temp.values_of('shop', '1', 'satisfaction', 'nps', 'responses', 'delivery'), '0.7333 33.3333 3 0.6', 'feedback');
SELECT is(pg_temp.values_of('shop', '1', 'needs', 'need_priority'), '2 3', 'needs that are open on the day');
SELECT is(pg_temp.values_of('shop', '1', 'cost_to_serve', 'phone', 'net_value', 'year_value', 'usage', 'support'), '6.5 4.5 43.5 45.5 5.5 1.5',
	'costs and usage');
SELECT is(pg_temp.values_of('shop', '1', 'open_opportunities', 'won_value', 'conversion_rate', 'sales_cycle'), '560 140 0.6667 30',
	'opportunities as they were on the day');
SELECT is(pg_temp.values_of('shop', '1', 'risk', 'intention'), '7 0.25', 'columns of measures, by their name or one of the portfolio');
SELECT is(pg_temp.values_of('shop', '2', 'risk', 'intention', 'responses', 'satisfaction', 'nps'), 'null null 0 null null', 'what is no number is unknown');
SELECT is(pg_temp.values_of('shop', '1', 'year_spend', 'month_spend', 'month_recency'), '50 40 29', 'purchases of a window');
SELECT is(pg_temp.values_of('shop', '3', 'year_spend', 'month_spend', 'month_recency', 'events', 'net_value', 'conversion_rate'), '0 0 null 0 50 null',
	'nothing in it: what adds up is 0, the rest unknown');
SELECT is(pg_temp.values_of('shop', '4', 'spend', 'year_spend', 'events', 'net_value', 'intention'), 'null null 1 -3 0.5',
	'a customer without orders is there, with his events');
SELECT is((SELECT array_agg(customer_id ORDER BY customer_id) FROM shop.customer), '{1,2,3,4}', 'but not one who comes later, nor a test, nor strangers');
SELECT is((SELECT cardinality(windows) || coalesce(windows[2]::text, ' null') FROM shop.customer WHERE customer_id = 2), '3 null',
	'windows stand at their position');
SELECT is((SELECT counts -> 'prospects' || (counts -> 'test') FROM shop.run), '[1, 1]', 'prospects and tests are counted');

CREATE TABLE before AS SELECT * FROM shop.customer;
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-06-30')$$, 'the run again');
SELECT is_empty('(TABLE before EXCEPT TABLE shop.customer) UNION ALL (TABLE shop.customer EXCEPT TABLE before)', 'gives the same');

-- Customers that are one; those that are nobody; the erased.
INSERT INTO shop.customer_alias VALUES (2, 1), (4, 3);
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-06-30')$$, 'a run with customers that are one');
SELECT is(pg_temp.values_of('shop', '1', 'spend', 'year_spend', 'responses', 'risk'), '80 80 3 7', 'purchases and measures of both count');
SELECT is(pg_temp.values_of('shop', '3', 'spend', 'events', 'intention', 'net_value'), '50 1 0.5 47', 'also of one without orders');
DELETE FROM shop.customer_alias;
INSERT INTO shop.setting VALUES ('anonymous', '3 , 77');
INSERT INTO shop.forgotten SELECT sha256(convert_to(value || '2', 'UTF8')) FROM shop.setting WHERE name = 'salt';
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-06-30')$$, 'a run with nobody and an erased customer');
SELECT is((SELECT array_agg(customer_id ORDER BY customer_id) FROM shop.customer), '{1,4}', 'they are not there');
SELECT is((SELECT counts - 'rows' || jsonb_build_object() FROM (SELECT jsonb_build_object('a', counts -> 'anonymous', 'o', counts -> 'anonymous_orders',
	'e', counts -> 'erased') AS counts FROM shop.run ORDER BY run_id DESC LIMIT 1) AS r), '{"a": 1, "o": 1, "e": 1}', 'and counted');

SELECT throws_ok(format('SELECT custseg.add_source(%s)', v.arguments), v.code, v.message, v.arguments)
FROM (VALUES
	($$'nowhere', 'events', 'visits'$$, '42704', 'portfolio "nowhere" does not exist'),
	($$NULL, 'events', 'visits'$$, '22004', 'argument "portfolio" must not be NULL'),
	($$'shop', NULL, 'visits'$$, '22004', 'argument "kind" must not be null'),
	($$'shop', 'events', NULL$$, '22004', 'argument "query" must not be null'),
	($$'shop', 'orders', 'orders'$$, '22023', 'argument "kind" is "orders"'),
	($$'shop', 'events', 'nowhere'$$, '42P01', 'argument "query": relation "nowhere" does not exist'),
	($$'shop', 'events', 'crm'$$, '42703', 'source "events" needs a column "at"'),
	($$'shop', 'events', 'SELECT customer_id, name AS at FROM crm'$$, '42804', 'column "at" of source "events" is of type text'),
	($$'shop', 'events', 'SELECT 1 AS customer_id, now() AS at, now() AS weight'$$, '42804',
	 'column "weight" of source "events" is of type timestamp with time zone'),
	($$'shop', 'events', 'SELECT customer_id::text, at FROM visits'$$, '42804',
	 'column "customer_id" of source "events" is of type text, but customers are of type bigint'),
	($$'shop', 'customers', 'SELECT * FROM crm UNION ALL SELECT * FROM crm'$$, '21000', 'source "customers" has several rows for "1"'),
	($$'shop', 'measures', 'SELECT 7 AS customer_id, g AS x FROM generate_series(1, 2) AS g'$$, '21000', 'source "measures" has several rows for "7"'),
	($$'shop', 'costs', 'SELECT * FROM costs) AS o; DROP TABLE data.costs; SELECT * FROM (SELECT 1'$$, '22023', 'argument "query" makes 3 statements'),
	($$'shop', 'costs', 'SELECT * FROM costs FOR UPDATE'$$, '22023', 'argument "query" makes a statement that does more than read'),
	($$'shop', 'costs', 'SELECT customer_id, customer_id FROM costs'$$, '42701', 'argument "query": column "customer_id" specified more than once'),
	($$'shop', 'rates', 'visits'$$, '22023', 'the orders of portfolio "shop" have no currency, so rates would change nothing')
) AS v (arguments, code, message);

-- Replacing and dropping. A reader keeps his right on the view that is made anew.
CREATE ROLE sources_reader;
GRANT SELECT ON shop.current_customers TO sources_reader;
CREATE VIEW mine AS SELECT customer_id, vat FROM shop.source_customers;
SELECT is(custseg.add_source('shop', 'customers', 'SELECT * FROM crm WHERE customer_id < 3'), 'source "customers" has 2 rows', 'a source is replaced');
SELECT is((SELECT count(*) FROM mine), 2::bigint, 'where it has the same columns, with what reads it');
SELECT throws_ok($$SELECT custseg.add_source('shop', 'customers', 'SELECT customer_id, name FROM crm')$$, '2BP01',
	'other objects depend on source "customers" of portfolio "shop"', 'not where somebody reads a column that goes');
SELECT throws_ok($$SELECT custseg.drop_source('shop', 'customers')$$, '2BP01', NULL, 'nor is it dropped');
DROP VIEW mine;
SELECT is(custseg.add_source('shop', 'customers', 'SELECT customer_id, name, seats + 0.5 AS seats FROM crm'),
	'source "customers" has 6 rows, 1 of them without customer_id, which do not count', 'other columns');
SELECT throws_ok($$SELECT custseg.drop_source('shop', 'costs')$$, '22023',
	'measure "cost_to_serve" needs the source "costs", which portfolio "shop" does not have', 'a source that measures need stays');
SELECT lives_ok($$SELECT custseg.drop_source('shop', 'customers')$$, 'another one goes');
SELECT is(to_regclass('shop.source_customers'), NULL, 'with its view');
SELECT is(to_regclass('shop.source_customers_before'), NULL, 'and nothing is left');
SELECT throws_ok($$SELECT custseg.drop_source('shop', 'customers')$$, '42704', 'portfolio "shop" has no source "customers"', 'once');
SELECT throws_ok($$SELECT custseg.drop_source('shop', 'orders')$$, '22023', 'argument "kind" is "orders"', 'orders stay');
SELECT ok(has_table_privilege('sources_reader', 'shop.current_customers', 'SELECT'), 'readers keep their rights');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-07-31')$$, 'and a run works');

-- A dropped column is refused, a renamed one followed.
SELECT throws_ok('ALTER TABLE data.visits DROP COLUMN channel', '2BP01', NULL, 'a column that a source reads is not dropped');
ALTER TABLE visits RENAME COLUMN channel TO medium;
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-07-31')$$, 'a renamed one is found');
SELECT throws_ok($$INSERT INTO shop.component (measure, position, score_name) VALUES ('nothing', 10, 'n'); SELECT custseg._make_views('shop')$$, '22023',
	'unknown measure "nothing"', 'a measure that is nowhere');

-- --- text and uuid keys ------------------------------------------------------
CREATE TABLE named (who varchar(20000), day date, amount int);
INSERT INTO named VALUES ('a', '2024-01-01', 1), ('', '2024-01-01', 1), ('guest', '2024-01-02', 5), (NULL, '2024-01-01', 1),
	((SELECT string_agg(md5(g::text), '') FROM generate_series(1, 313) AS g), '2024-01-01', 1);
SELECT matches(custseg.create_portfolio('named', 'named', 'who', 'day', 'amount'), '5 order rows .*, 2 without a customer', 'text keys; the empty one is nobody');
INSERT INTO named.setting VALUES ('anonymous', 'guest');
SELECT lives_ok($$SELECT custseg.refresh('named', '2024-01-31')$$, 'a key of 10,000 characters does not stop a run');
SELECT is((SELECT array_agg(customer_id) FROM named.customer), '{a}', 'its customer is skipped');
SELECT is((SELECT verdict || rows || length(detail) FROM named.data_quality WHERE "check" = 'long_customer'), 'warn150', 'and told');
SELECT throws_ok($$SELECT custseg.add_source('named', 'events', 'SELECT 1 AS customer_id, day AS at FROM named')$$, '42804', NULL, 'no number for a text');
SELECT is(custseg.add_source('named', 'events', 'SELECT who AS customer_id, day AS at FROM named'),
	'source "events" has 5 rows, 2 of them without customer_id, which do not count', 'an empty text is nobody in other sources, too');
CREATE TABLE coded AS SELECT gen_random_uuid() AS who, date '2024-01-01' AS day, 1.5::float8 AS amount FROM generate_series(1, 3);
SELECT lives_ok($$SELECT custseg.create_portfolio('coded', 'coded', 'who', 'day', 'amount')$$, 'uuid keys, float amounts');
SELECT custseg.add_source('coded', 'customers', 'SELECT who AS customer_id, ''x''::char(3) AS name FROM coded');
SELECT lives_ok($$SELECT custseg.refresh('coded', '2024-01-31')$$, 'are refreshed');

-- --- accounts ----------------------------------------------------------------
CREATE TABLE firms (customer_id bigint, account_id bigint);
INSERT INTO firms VALUES (1, 100), (2, 100), (3, NULL), (5, 200), (6, 100);
SELECT matches(custseg.create_portfolio('b2b', 'orders', 'buyer', 'at', 'price', level => 'account', accounts => 'firms'),
	'source "accounts" has 5 rows, 1 of them without account_id', 'a portfolio of accounts');
SELECT is(custseg.add_source('b2b', 'customers', 'crm'), 'source "customers" has 4 rows, 1 of them without customer_id, which do not count',
	'customers as accounts');
SELECT is(custseg.add_source('b2b', 'events', 'visits'), 'source "events" has 6 rows', 'events');
SELECT results_eq('SELECT customer_id, name FROM b2b.source_customers ORDER BY 1', $$VALUES (4::bigint, 'Four'), (100, 'One'), (200, 'Five'), (NULL, 'Nobody')$$,
	'the first customer speaks for the account');
INSERT INTO b2b.measure (measure, kind) VALUES ('events', 'events');
SELECT custseg._make_views('b2b');
SELECT lives_ok($$SELECT custseg.refresh('b2b', '2024-06-30')$$, 'accounts are refreshed');
SELECT results_eq('SELECT customer_id, custseg.orders(purchases) FROM b2b.customer ORDER BY 1', $$VALUES (3::bigint, 1::bigint), (4, NULL), (100, 4)$$,
	'orders of customers count for their account; one without is his own');
SELECT is(pg_temp.values_of('b2b', '100', 'spend', 'events'), '159 4', 'and so do events, of days in another time zone');
SELECT throws_ok($$SELECT custseg.add_source('b2b', 'measures', 'model_scores')$$, '21000', 'source "measures" has several rows for "100"',
	'measures are of accounts');
SELECT is(custseg.add_source('b2b', 'measures', 'SELECT 100 AS customer_id, 3 AS seats'), 'source "measures" has 1 rows', 'and given so');
SELECT throws_ok($$SELECT custseg.create_portfolio('a', 'orders', 'buyer', 'at', 'price', level => 'account',
	accounts => 'SELECT 1 AS customer_id, g AS account_id FROM generate_series(1, 2) AS g')$$, '21000', 'source "accounts" has several rows for "1"',
	'a customer of two accounts');
SELECT throws_ok($$SELECT custseg.create_portfolio('a', 'orders', 'buyer', 'at', 'price', level => 'account',
	accounts => 'SELECT customer_id::text, account_id FROM firms')$$, '42804',
	'column "customer_id" of source "accounts" is of type text, but customers are of type bigint', 'customers of another type');
SELECT lives_ok($$SELECT custseg.create_portfolio('groups', 'orders', 'buyer', 'at', 'price', level => 'account',
	accounts => 'SELECT customer_id, ''A'' || account_id AS account_id FROM firms')$$, 'accounts of another type than customers');
SELECT lives_ok($$SELECT custseg.refresh('groups', '2024-06-30')$$, 'are refreshed');
SELECT results_eq('SELECT customer_id, custseg.orders(purchases) FROM groups.customer', $$VALUES ('A100', 4::bigint)$$, 'a customer without one does not count');
SELECT is(custseg.add_source('groups', 'events', 'SELECT ''A100'' AS customer_id, now() AS at'), 'source "events" has 1 rows', 'a source may have the account itself');

-- --- currencies --------------------------------------------------------------
UPDATE orders SET currency = 'USD' WHERE id IN (2, 3);
SELECT matches(custseg.create_portfolio('world', 'orders', 'buyer', 'at', 'price', cost => 'n', currency => 'currency'),
	'several currencies, and there are no rates: EUR, USD, which will stop a refresh', 'several currencies are told');
SELECT throws_ok($$SELECT custseg.refresh('world', '2024-06-30')$$, '22023',
	'the orders of portfolio "world" cannot be added up: they have several currencies, and there are no rates: EUR, USD', 'and stop a run');
CREATE TABLE rates (currency text, day date, rate numeric);
INSERT INTO rates VALUES ('EUR', '2000-01-01', 1), ('USD', '2024-05-25', 2);
SELECT is(custseg.add_source('world', 'rates', 'rates'), 'source "rates" has 2 rows', 'rates');
SELECT throws_ok($$SELECT custseg.refresh('world', '2024-06-30')$$, '22023',
	'the orders of portfolio "world" cannot be added up: there is no rate for USD on 2024-05-20', 'a missing rate stops a run');
INSERT INTO rates VALUES ('USD', '2024-05-20', 0.5);
SELECT lives_ok($$SELECT custseg.refresh('world', '2024-06-30')$$, 'with all rates');
SELECT results_eq('SELECT customer_id, custseg.spend(purchases), custseg.cost(purchases) FROM world.customer ORDER BY 1',
	$$VALUES (1::bigint, 50::numeric, 5::numeric), (2, 114, 1.5), (3, 50, 1)$$, 'amounts and costs by the latest rate that is not after the day');
SELECT throws_ok($$SELECT custseg.add_source('world', 'rates', 'SELECT ''USD'' AS currency, date ''2024-01-01'' AS day, g AS rate FROM generate_series(1, 2) AS g')$$,
	'21000', 'source "rates" has several rows for "USD 2024-01-01"', 'two rates of a day');
SELECT throws_ok($$SELECT custseg.add_source('world', 'rates', 'SELECT ''USD'' AS currency, date ''2024-01-01'' AS day, 0 AS rate')$$,
	'22023', 'source "rates" has the rate 0 of USD on 2024-01-01', 'a rate that is none');
SELECT lives_ok($$SELECT custseg.drop_source('world', 'rates')$$, 'rates are dropped');
UPDATE orders SET currency = 'EUR';
SELECT lives_ok($$SELECT custseg.refresh('world', '2024-06-30')$$, 'one currency needs none');
SELECT matches(custseg.create_portfolio('world2', 'orders', 'buyer', 'at', 'price', currency => '''USD''', rates => 'rates'),
	'there is no rate for USD on 2023-02-01, which will stop a refresh.*source "rates" has 3 rows', 'rates from the beginning; an expression');

SELECT * FROM finish();
ROLLBACK;
