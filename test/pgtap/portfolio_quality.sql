-- The quality of a portfolio's data: what a run writes down, when it warns, when it stops, and the full check on demand.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL client_min_messages = warning;

SELECT * FROM no_plan();

CREATE SCHEMA data;
SET LOCAL search_path = data, public;
CREATE TABLE orders (id int, buyer int, day date, amount numeric);
INSERT INTO orders SELECT g, 1 + g % 200, date '2024-01-01' + g % 100, g % 50 FROM generate_series(1, 1000) AS g;

CREATE FUNCTION pg_temp.found(portfolio name, source text, name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT concat_ws('' '', q.rows, round(q.share::numeric, 6)::float8, q.verdict, q.detail) FROM %I.data_quality AS q
		WHERE q.source = %L AND q."check" = %L', portfolio, source, name) INTO result;
	RETURN result;
END
$$;

SELECT custseg.create_portfolio('shop', 'orders', 'buyer', 'day', 'amount', order_id => 'id');
SELECT is_empty('SELECT * FROM shop.data_quality', 'nothing is known before the first run');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-04-09')$$, 'good data');
SELECT is((SELECT string_agg(DISTINCT verdict, ' ') FROM shop.data_quality), 'ok', 'is ok');
SELECT is(pg_temp.found('shop', 'orders', 'largest_customer'), '5 0.005 ok 1', 'the customer with the most orders');
SELECT is(pg_temp.found('shop', 'orders', 'stale'), '0 ok 2024-04-09', 'the newest order');
SELECT is(pg_temp.found('shop', 'orders', 'late'), NULL, 'before a second run nothing is late');
SELECT is((SELECT timings ? 'quality' FROM shop.run), true, 'it is a step of the run');

-- --- warnings ----------------------------------------------------------------
INSERT INTO orders VALUES (NULL, NULL, '2024-04-10', 5), (NULL, 1, NULL, 5), (NULL, 1, '2024-04-10', NULL), (NULL, 2, '2024-04-10', -3),
	(NULL, 5, '2024-04-01', 7), (NULL, 6, '2024-04-30', 7);
INSERT INTO orders SELECT 2000 + g, 999, '2024-04-10', 1 FROM generate_series(1, 30) AS g;
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-04-20')$$, 'worse data');
SELECT is(pg_temp.found('shop', 'orders', 'no_customer'), '1 0.000965 ok', 'a row without a customer is no reason to warn');
SELECT is(pg_temp.found('shop', 'orders', 'no_day'), '1 0.000965 warn', 'one without a day is');
SELECT is(pg_temp.found('shop', 'orders', 'no_amount'), '1 0.000965 warn', 'and one without an amount');
SELECT is(pg_temp.found('shop', 'orders', 'after'), '1 0.000965 ok', 'rows after as_of');
SELECT is(pg_temp.found('shop', 'orders', 'refunds'), '1 0.000969 ok', 'refunds');
SELECT is(pg_temp.found('shop', 'orders', 'largest_customer'), '30 0.029098 warn 999', 'a key that stands for many');
SELECT is(pg_temp.found('shop', 'orders', 'late'), '1 0.000969 ok', 'a late order');
SELECT is(pg_temp.found('shop', 'orders', 'vanished'), '0 0 ok', 'none is gone');
SELECT is(pg_temp.found('shop', 'orders', 'stale'), '10 warn 2024-04-10', 'days without an order');
SELECT is((SELECT late_orders FROM shop.run ORDER BY run_id DESC LIMIT 1), 1::bigint, 'late orders are in the run, too');
SELECT is((SELECT count(DISTINCT as_of) FROM shop.quality), 2::bigint, 'earlier runs stay');

-- A key that stands for many is one of nobody.
INSERT INTO shop.setting VALUES ('anonymous', '999');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-04-20')$$, 'without it');
SELECT is(pg_temp.found('shop', 'orders', 'largest_customer'), '6 0.005994 ok 5', 'it is no customer any more');
SELECT is(pg_temp.found('shop', 'orders', 'anonymous'), '30 0.02907 ok 999', 'but counted');
SELECT is((SELECT count(DISTINCT as_of) FROM shop.quality), 2::bigint, 'a run again replaces what it wrote');
INSERT INTO shop.setting VALUES ('warn_anonymous', '0.02'), ('warn_stale', '');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-04-21')$$, 'other thresholds');
SELECT is(pg_temp.found('shop', 'orders', 'anonymous'), '30 0.02907 warn 999', 'they hold');
SELECT is(pg_temp.found('shop', 'orders', 'stale'), '11 ok 2024-04-10', 'an empty one never warns');

-- --- stops -------------------------------------------------------------------
CREATE TABLE before AS SELECT * FROM shop.customer;
INSERT INTO shop.setting VALUES ('stop_no_amount', '0.0005');
SELECT throws_ok($$SELECT custseg.refresh('shop', '2024-04-22')$$, '22023',
	'the data of portfolio "shop" is too bad: check "no_amount" of source "orders" found 1 rows, a share of 0.000965, above the threshold 0.0005',
	'above a threshold the run stops');
SELECT is_empty('TABLE before EXCEPT TABLE shop.customer', 'and leaves nothing');
SELECT is((SELECT max(as_of) FROM shop.data_quality), '2024-04-21'::date, 'the view has the last good run');
SELECT is((SELECT verdict FROM custseg.data_quality('shop') WHERE "check" = 'no_amount'), 'stop', 'the full check tells without an error');
UPDATE shop.setting SET name = 'stop_stale', value = '11' WHERE name = 'stop_no_amount';
SELECT throws_ok($$SELECT custseg.refresh('shop', '2024-04-22')$$, '22023',
	'the data of portfolio "shop" is too bad: check "stale" of source "orders" found 12 days, above the threshold 11', 'old data');
DELETE FROM shop.setting WHERE name LIKE 'stop%';
DELETE FROM orders WHERE id <= 600;
SELECT throws_matching($$SELECT custseg.refresh('shop', '2024-04-22')$$, 'check "vanished" of source "orders" found 600 rows', 'most orders are gone');
INSERT INTO shop.setting VALUES ('stop_vanished', '');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-04-22')$$, 'unless that is meant');

-- --- other sources -----------------------------------------------------------
CREATE TABLE crm (customer_id int, is_test bool);
INSERT INTO crm SELECT g, g > 195 FROM generate_series(1, 200) AS g;
CREATE TABLE visits (customer_id int, at date);
INSERT INTO visits SELECT g, '2024-04-01' FROM generate_series(1, 210) AS g;
INSERT INTO visits VALUES (NULL, '2024-04-01'), (1, NULL), (1, '2024-12-01'), (999, '2024-04-01');
SELECT custseg.add_source('shop', 'customers', 'crm');
SELECT custseg.add_source('shop', 'events', 'visits');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-04-22')$$, 'with other sources');
SELECT is(pg_temp.found('shop', 'customers', 'test'), '5 0.025 ok', 'tests');
SELECT is(pg_temp.found('shop', 'events', 'orphans'), '10 0.046729 ok', 'events of strangers; neither tests nor nobody are any');
SELECT is(pg_temp.found('shop', 'events', 'no_customer'), '1 0.004673 ok', 'events of nobody');
SELECT is(pg_temp.found('shop', 'events', 'no_day'), '1 0.004673 warn', 'events of no day');
SELECT is(pg_temp.found('shop', 'events', 'after'), '1 0.004673 ok', 'events to come');
INSERT INTO crm VALUES (7, false), (7, false), (8, false);
SELECT throws_ok($$SELECT custseg.refresh('shop', '2024-04-22')$$, '22023',
	'the data of portfolio "shop" is too bad: check "duplicates" of source "customers" found 3 rows, a share of 0.014778, above the threshold 0',
	'a customer twice, who was not when the source was added');
SELECT is((SELECT concat_ws(' ', rows, verdict, detail) FROM custseg.data_quality('shop') WHERE "check" = 'duplicates'), '3 stop 7', 'and who it is');
INSERT INTO shop.setting VALUES ('stop_duplicates', '0.02');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-04-22')$$, 'tolerated');
SELECT is((SELECT count(*) FROM shop.customer WHERE customer_id = 7), 1::bigint, 'he is one all the same');

-- --- the full check ----------------------------------------------------------
INSERT INTO orders VALUES (700, 3, '2024-02-01', 5), (5000, 3, '2999-01-01', 5);
SELECT is((SELECT concat_ws(' ', rows, verdict, detail) FROM custseg.data_quality('shop') WHERE "check" = 'shared_orders'), '1 warn 700',
	'an order of two customers');
SELECT is((SELECT concat_ws(' ', rows, verdict, detail) FROM custseg.data_quality('shop') WHERE "check" = 'future'), '1 warn 2999-01-01',
	'an order of the future');
SELECT is((SELECT string_agg(DISTINCT verdict, ' ' ORDER BY verdict) FROM custseg.data_quality('shop')), 'ok warn', 'all verdicts');
SELECT is_empty($$SELECT "check" FROM custseg.data_quality('shop') EXCEPT SELECT substr(name, 6) FROM custseg.portfolio_options() WHERE name LIKE 'warn%'$$,
	'every check has its settings');
SELECT throws_ok($$SELECT * FROM custseg.data_quality('none')$$, '42704', 'portfolio "none" does not exist', 'no such portfolio');

-- --- whose rights ------------------------------------------------------------
CREATE ROLE quality_stranger;
DO $$
BEGIN
	EXECUTE format('GRANT USAGE ON SCHEMA custseg, data TO quality_stranger');
	PERFORM custseg.grant_portfolios('quality_stranger');
END
$$;
SET LOCAL ROLE quality_stranger;
SELECT throws_ok($$SELECT * FROM custseg.data_quality('shop')$$, '42501', NULL, 'a stranger does not check');
SELECT throws_ok($$SELECT custseg.add_source('shop', 'costs', 'SELECT 1 AS customer_id, current_date AS day, 1 AS amount')$$, '42501', NULL,
	'nor add a source');
SELECT throws_ok($$SELECT custseg.drop_source('shop', 'events')$$, '42501', NULL, 'nor drop one');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
