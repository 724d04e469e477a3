-- drop_portfolio, attach_portfolio, upgrade_portfolio, rename_portfolio; layouts of other versions; what DROP EXTENSION says.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;

SELECT plan(61);

CREATE ROLE life_owner;
CREATE ROLE life_other;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO life_owner', current_database()); END $$;
SELECT custseg.grant_portfolios('life_owner');
SELECT custseg.grant_portfolios('life_other');

CREATE FUNCTION pg_temp.as_role(role name, query text) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
	result text;
	detail text;
BEGIN
	BEGIN
		EXECUTE format('SET LOCAL ROLE %I', role);
		EXECUTE query INTO result;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
		result := SQLSTATE || ': ' || SQLERRM || CASE WHEN detail <> '' THEN E'\n' || detail ELSE '' END;
	END;
	RESET ROLE;
	RETURN result;
END
$fn$;

SET LOCAL ROLE life_owner;
CREATE SCHEMA life_data;
CREATE TABLE life_data.orders AS
SELECT i % 20 AS customer, date '2024-01-01' + (i * 7) % 120 AS day, (i % 13 * 10)::numeric AS amount FROM generate_series(1, 500) i;
SELECT custseg.create_portfolio('life', 'life_data.orders', 'customer', 'day', 'amount', schema_name => 'life_1');
SELECT * FROM custseg.refresh('life', '2024-03-31');
RESET ROLE;

-- --- upgrade_portfolio ------------------------------------------------------
SELECT is(custseg._newest_layout(), 1, 'the layout of this version');
SELECT is_empty('SELECT FROM custseg._layout_steps()', 'it is the first');
SELECT is(pg_temp.as_role('life_owner', $$SELECT custseg.upgrade_portfolio('life')$$),
	'portfolio "life" is up to date, with layout 1; its report views were made anew', 'a portfolio that is up to date');
SELECT is(pg_temp.as_role('life_other', $$SELECT custseg.upgrade_portfolio('life')$$), '42501: permission denied for portfolio "life"
Role "life_other" does not have the privileges of role "life_owner", which owns the portfolio''s schema.', 'only its owner');
SELECT throws_ok($$SELECT custseg.upgrade_portfolio('none')$$, '42704', 'portfolio "none" does not exist');
SELECT throws_ok($$SELECT custseg.upgrade_portfolio(NULL)$$, '22004', 'argument "portfolio" must not be NULL');
SELECT lives_ok('DROP VIEW life_1.pareto', 'a report view is gone');
SELECT custseg.upgrade_portfolio('life');
SELECT has_view('life_1'::name, 'pareto'::name, 'upgrade_portfolio makes it again');
SELECT is((SELECT view_owner FROM (SELECT pg_get_userbyid(relowner) AS view_owner FROM pg_class WHERE oid = 'life_1.pareto'::regclass) v),
	'life_owner'::name, 'as the owner, whoever calls it');

-- A next version, for a moment: two more layouts.
SAVEPOINT next;
CREATE OR REPLACE FUNCTION custseg._newest_layout() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT 3; END;
CREATE OR REPLACE FUNCTION custseg._layout_steps(OUT layout int, OUT statements text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT v.* FROM (VALUES (3, 'ALTER TABLE favourite ADD since date'), (2, 'CREATE TABLE favourite (customer_id {key}); DROP VIEW pareto')) AS v (a, b);
END;
SELECT is(custseg.upgrade_portfolio('life'), 'portfolio "life" was brought from layout 1 to 3', 'a new version brings its steps');
SELECT columns_are('life_1'::name, 'favourite'::name, ARRAY['customer_id', 'since'], 'they were made, in order');
SELECT col_type_is('life_1'::name, 'favourite'::name, 'customer_id'::name, 'integer', 'with the type of the customers');
SELECT has_view('life_1'::name, 'pareto'::name, 'and the views behind them');
SELECT is((SELECT layout FROM custseg.portfolios WHERE name = 'life') || ' ' || (SELECT layout FROM life_1.portfolio), '3 3', 'the layout is recorded');
SELECT throws_ok($$SELECT * FROM custseg.refresh('life', '2024-04-30')$$, '0A000',
	'portfolio "life" has layout 3, which is newer than this version of custseg', 'a library that does not know it refuses');
SELECT throws_ok($$SELECT * FROM custseg.explain_score('life', '1')$$, '0A000', NULL, 'to read too');
SELECT throws_ok($$SELECT * FROM custseg.what_if('life', '{}')$$, '0A000', NULL, 'and to try');
SELECT throws_ok($$SELECT custseg.set_option('life', 'new_days', '5')$$, '0A000', NULL, 'and to declare');
CREATE OR REPLACE FUNCTION custseg._newest_layout() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT 1; END;
SELECT throws_ok($$SELECT custseg.upgrade_portfolio('life')$$, '0A000',
	'portfolio "life" has layout 3, which is newer than this version of custseg', 'there is no way back');
SELECT custseg._unregister_portfolio('life');
SELECT throws_ok($$SELECT custseg.attach_portfolio('life_1')$$, '0A000',
	'the portfolio in schema "life_1" has layout 3, which is newer than this version of custseg', 'nor is it attached');
SELECT custseg._register_portfolio('life', 'life_1', 3);
SELECT matches(custseg.drop_portfolio('life', 'life'), 'was dropped', 'but it can be dropped');
ROLLBACK TO next;

-- --- rename_portfolio -------------------------------------------------------
SELECT is(pg_temp.as_role('life_owner', $$SELECT custseg.rename_portfolio('life', 'it''s')$$),
	'portfolio "life" is now "it''s"; its schema is life_1, as before', 'another name');
SELECT is((SELECT name FROM life_1.portfolio), 'it''s', 'is in its table');
SELECT throws_ok($$SELECT * FROM custseg.refresh('life')$$, '42704', 'portfolio "life" does not exist');
SELECT lives_ok($$SELECT * FROM custseg.refresh('it''s', '2024-04-30')$$, 'and is refreshed by it');
SELECT is(custseg.rename_portfolio('it''s', 'it''s'), 'portfolio "it''s" has that name already', 'the same name');
SELECT throws_ok($$SELECT custseg.rename_portfolio('it''s', NULL)$$, '22004', 'argument "new_name" must not be null');
SELECT throws_ok($$SELECT custseg.rename_portfolio('it''s', '')$$, '22023', 'argument "new_name" must have 1 to 200 characters, not 0');
SELECT is(pg_temp.as_role('life_other', $$SELECT custseg.rename_portfolio('it''s', 'x')$$) LIKE '42501: %', true, 'only the owner');
SELECT custseg.create_portfolio('second', 'life_data.orders', 'customer', 'day', 'amount');
SELECT throws_ok($$SELECT custseg.rename_portfolio('second', 'it''s')$$, '42710', 'portfolio "it''s" already exists', 'a name that is taken');
SELECT custseg.rename_portfolio('it''s', 'life');

-- --- attach_portfolio -------------------------------------------------------
CREATE TEMP TABLE before AS SELECT count(*) AS n, sum(spend) AS spend FROM life_1.current_customers;
ALTER SCHEMA life_1 RENAME TO "Life 2";
SELECT throws_ok($$SELECT * FROM custseg.refresh('life')$$, '3F000', 'schema "life_1" of portfolio "life" does not exist');
SELECT is(pg_temp.as_role('life_other', $$SELECT custseg.attach_portfolio('Life 2')$$), '42501: permission denied for schema "Life 2"', 'only who has the schema');
SELECT is(pg_temp.as_role('life_owner', $$SELECT custseg.attach_portfolio('Life 2')$$),
	E'portfolio "life" is in schema "Life 2", owned by role "life_owner"\nportfolio "life" is up to date, with layout 1; its report views were made anew',
	'a schema that was renamed');
SELECT is((SELECT schema_name FROM custseg.portfolios WHERE name = 'life'), 'Life 2', 'is where the portfolio is');
SELECT results_eq('SELECT count(*), sum(spend) FROM "Life 2".current_customers', 'SELECT * FROM before', 'with its customers');
SELECT throws_ok($$SELECT custseg.attach_portfolio('Life 2')$$, '42710', 'portfolio "life" already exists', 'once');
SELECT throws_ok($$SELECT custseg.attach_portfolio('Life 2', 'third')$$, '42710', 'schema "Life 2" already belongs to a portfolio', 'under one name');
SELECT custseg._unregister_portfolio('life');
SELECT throws_ok($$SELECT custseg.attach_portfolio('Life 2', 'second')$$, '42710', 'portfolio "second" already exists', 'a name that is taken');
SELECT lives_ok($$SELECT custseg.attach_portfolio('Life 2', 'third')$$, 'under another name');
SELECT is((SELECT name FROM "Life 2".portfolio), 'third', 'which its table has then');
SELECT lives_ok($$SELECT * FROM custseg.refresh('third', '2024-05-31')$$, 'it is refreshed');
ALTER TABLE "Life 2".customer OWNER TO life_other;
SELECT custseg._unregister_portfolio('third');
SELECT is(pg_temp.as_role('life_owner', $$SELECT custseg.attach_portfolio('Life 2')$$),
	E'55000: schema "Life 2" is owned by role "life_owner", but not all that it holds\n"Life 2".customer is owned by role "life_other".', 'a table of somebody else');
ALTER TABLE "Life 2".customer OWNER TO life_owner;
SELECT lives_ok($$SELECT custseg.attach_portfolio('Life 2', 'life')$$, 'is to be the owner''s');
SELECT throws_ok($$SELECT custseg.attach_portfolio('life_data')$$, '22023', 'argument "schema_name": schema "life_data" holds no portfolio');
SELECT throws_ok(format('SELECT custseg.attach_portfolio(%L)', s), '22023', NULL, s || ' cannot be one')
FROM unnest(ARRAY['public', 'custseg', 'pg_catalog', 'information_schema']) AS s;
SELECT throws_ok($$SELECT custseg.attach_portfolio('none')$$, '3F000', 'schema "none" does not exist');
SELECT throws_ok($$SELECT custseg.attach_portfolio(NULL)$$, '22004', 'argument "schema_name" must not be null');

-- --- drop_portfolio ---------------------------------------------------------
SELECT throws_like('DROP EXTENSION custseg', 'cannot drop extension custseg because other objects depend on it', 'the extension cannot be dropped');
SELECT is(pg_temp.as_role('life_owner', $$SELECT custseg.drop_portfolio('life')$$), '22023: argument "confirm" is null, so portfolio "life" was not dropped
What would be dropped is schema "Life 2" (customers: 20; runs: 3; days of history: 3, from 2024-03-31 to 2024-05-31).', 'it asks for the name twice');
SET LOCAL ROLE life_owner;
CREATE SCHEMA life_more;
CREATE VIEW life_more.v AS SELECT customer_id FROM "Life 2".current_customers;
CREATE VIEW life_more.w AS SELECT * FROM life_more.v;
CREATE TABLE life_more.t (customer int REFERENCES "Life 2".customer);
CREATE FUNCTION "Life 2".one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE life_more.d (x int DEFAULT "Life 2".one());
CREATE VIEW "Life 2".mine AS SELECT 1 AS one;
RESET ROLE;
SELECT is(pg_temp.as_role('life_owner', $$SELECT custseg.drop_portfolio('life', 'life')$$), '2BP01: other objects depend on portfolio "life"
constraint t_customer_fkey on table life_more.t
default value for column x of table life_more.d
view life_more.v
view life_more.w', 'what lies outside is not dropped');
SELECT is(pg_temp.as_role('life_other', $$SELECT custseg.drop_portfolio('life', 'life', "cascade" => true)$$) LIKE '42501: %', true, 'nor by others');
SELECT matches(pg_temp.as_role('life_owner', $$SELECT custseg.drop_portfolio('life', 'life', "cascade" => true)$$),
	'^portfolio "life" was dropped: schema "Life 2" \(customers: 20; .*\nand outside it: constraint t_customer_fkey on table life_more.t, ', 'unless that is said');
SELECT is(array(SELECT c.relname::text FROM pg_class c WHERE relnamespace = 'life_more'::regnamespace ORDER BY 1), ARRAY['d', 't'], 'tables stay, without what depended');
DROP SCHEMA second CASCADE;
SELECT is(custseg.drop_portfolio('second', 'second'), 'portfolio "second" was dropped: its entry in custseg.portfolios; the schema is gone already',
	'a portfolio whose schema is gone');
SELECT throws_ok($$SELECT custseg.drop_portfolio('second', 'second')$$, '42704', 'portfolio "second" does not exist');
SELECT throws_ok($$SELECT custseg.drop_portfolio(NULL, 'x')$$, '22004', 'argument "portfolio" must not be NULL');
SELECT is_empty('SELECT FROM custseg.portfolios', 'no portfolio is left');
SELECT lives_ok('DROP EXTENSION custseg', 'then the extension can be dropped');

SELECT * FROM finish();
ROLLBACK;
