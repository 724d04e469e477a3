-- The registry of portfolios and the way their functions are called, on functions that only this test makes: who may
-- call, as whom and with which settings the internal function runs, that everything is put back, that a trial leaves
-- nothing but its rows.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;

SELECT plan(92);

CREATE ROLE call_owner;
CREATE ROLE call_member IN ROLE call_owner;
CREATE ROLE call_reader;
CREATE ROLE call_stranger;
CREATE SCHEMA call_data AUTHORIZATION call_owner;
CREATE SCHEMA call_names;
GRANT USAGE ON SCHEMA call_names TO PUBLIC;

-- The one value of a query, run as a role; or the SQLSTATE and message of its error.
CREATE FUNCTION pg_temp.as_role(role name, query text) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
	result text;
BEGIN
	BEGIN
		EXECUTE format('SET LOCAL ROLE %I', role);
		EXECUTE query INTO result;
	EXCEPTION WHEN OTHERS THEN
		result := SQLSTATE || ': ' || SQLERRM;
	END;
	RESET ROLE;
	RETURN result;
END
$fn$;

-- --- the registry -----------------------------------------------------------
SELECT is(pg_temp.as_role('call_stranger', $$SELECT custseg._register_portfolio('sales', 'call_data', 1)$$),
	'42501: permission denied for portfolio "sales"', 'only who has the rights of a schema''s owner registers it');
SELECT is(pg_temp.as_role('call_owner', $$SELECT custseg._register_portfolio('sales', 'call_data', 1)$$), '',
	'its owner does, without rights on the registry');
SELECT is(pg_temp.as_role('call_stranger', $$SELECT to_jsonb(p)::text FROM custseg.portfolios p WHERE name = 'sales'$$)::jsonb,
	'{"name": "sales", "owner": "call_owner", "layout": 1, "schema_name": "call_data"}'::jsonb, 'everybody sees it');
SELECT is(custseg._portfolio_schema('sales'), 'call_data'::name, 'the schema of a portfolio');
SELECT is(current_user::text || current_setting('role'), session_user::text || 'none', 'the user is who he was');
SELECT is(pg_temp.as_role('call_owner', $$INSERT INTO custseg.portfolio VALUES ('x', 'x', 1) RETURNING 1$$),
	'42501: permission denied for table portfolio', 'nobody writes the registry himself');

SELECT throws_ok($$SELECT custseg._portfolio_schema('none')$$, '42704', 'portfolio "none" does not exist');
SELECT throws_ok($$SELECT custseg._portfolio_schema(NULL)$$, '22004', 'argument "portfolio" must not be NULL');
SELECT throws_ok($$SELECT custseg._register_portfolio(NULL, 'call_data', 1)$$, '22004', 'argument "name" must not be NULL');
SELECT throws_ok($$SELECT custseg._register_portfolio('a', NULL, 1)$$, '22004', 'argument "schema_name" must not be NULL');
SELECT throws_ok($$SELECT custseg._register_portfolio('a', 'call_data', NULL)$$, '22004', 'argument "layout" must not be NULL');
SELECT throws_ok($$SELECT custseg._register_portfolio('a', 'call_data', 0)$$, '22023',
	'argument "layout" must be at least 1, not 0');
SELECT throws_ok($$SELECT custseg._register_portfolio('', 'call_data', 1)$$, '22023',
	'argument "name" must have 1 to 200 characters, not 0');
SELECT throws_ok($$SELECT custseg._register_portfolio(repeat('ü', 201), 'call_data', 1)$$, '22023',
	'argument "name" must have 1 to 200 characters, not 201');
SELECT throws_ok($$SELECT custseg._register_portfolio('a', 'call_none', 1)$$, '3F000', 'schema "call_none" does not exist');
SELECT throws_ok($$SELECT custseg._register_portfolio('sales', 'call_names', 1)$$, '42710', 'portfolio "sales" already exists');
SELECT throws_ok($$SELECT custseg._register_portfolio('other', 'call_data', 1)$$, '42710',
	'schema "call_data" already belongs to a portfolio');

SELECT is(pg_temp.as_role('call_stranger', $$SELECT custseg._set_portfolio_layout('sales', 2)$$),
	'42501: permission denied for portfolio "sales"', 'a stranger cannot record a layout');
SELECT is(pg_temp.as_role('call_member', $$SELECT custseg._set_portfolio_layout('sales', 2)$$), '', 'a member of the owner can');
SELECT is((SELECT layout FROM custseg.portfolio WHERE name = 'sales'), 2, 'the layout is recorded');
SELECT custseg._set_portfolio_layout('sales', 1);
SELECT is(pg_temp.as_role('call_stranger', $$SELECT custseg._unregister_portfolio('sales')$$),
	'42501: permission denied for portfolio "sales"', 'nor unregister it');
SELECT throws_ok($$SELECT custseg._unregister_portfolio('none')$$, '42704', 'portfolio "none" does not exist');

-- Schemas that are gone.
CREATE SCHEMA call_gone;
SELECT custseg._register_portfolio('gone', 'call_gone', 1);
ALTER SCHEMA call_gone RENAME TO call_gone_2;
SELECT throws_ok($$SELECT custseg._portfolio_schema('gone')$$, '3F000',
	'schema "call_gone" of portfolio "gone" does not exist');
SELECT is((SELECT owner FROM custseg.portfolios WHERE name = 'gone'), NULL, 'a portfolio without schema has no owner');
SELECT lives_ok($$SELECT custseg._register_portfolio('gone', 'call_gone_2', 3)$$, 'its name can be registered again');
SELECT is((SELECT schema_name || layout FROM custseg.portfolio WHERE name = 'gone'), 'call_gone_23', 'which replaces the row');
DROP SCHEMA call_gone_2;
SELECT is(pg_temp.as_role('call_stranger', $$SELECT custseg._unregister_portfolio('gone')$$), '',
	'anybody takes out a portfolio without schema');
SELECT is_empty($$SELECT FROM custseg.portfolio WHERE name = 'gone'$$, 'which is gone then');

-- A name is just a name.
SELECT set_config('call.name', $$x'; DROP TABLE "custseg".portfolio; -- \ %s $1 $$, false);
CREATE SCHEMA "call ""x'; DROP" AUTHORIZATION call_owner;
SELECT lives_ok($$SELECT custseg._register_portfolio(current_setting('call.name'), 'call "x''; DROP', 1)$$, 'any name will do');
SELECT is(custseg._portfolio_schema(current_setting('call.name')), 'call "x''; DROP'::name, 'for the schema, too');

-- --- functions to call ------------------------------------------------------
CREATE FUNCTION custseg._probe(portfolio text, x int) RETURNS text LANGUAGE plpgsql AS $fn$
BEGIN
	RETURN concat_ws('|', portfolio, x, current_user, current_setting('row_security'), current_setting('search_path'),
		current_setting('custseg.caller_search_path'), current_setting('transaction_read_only'));
END
$fn$;
CREATE FUNCTION custseg.probe(portfolio text, x int) RETURNS text
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_owner';
CREATE FUNCTION custseg._probe_read(portfolio text, x int) RETURNS text LANGUAGE sql
	AS 'SELECT custseg._probe(portfolio, x)';
CREATE FUNCTION custseg.probe_read(portfolio text, x int) RETURNS text
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_reader';
CREATE FUNCTION custseg._probe_caller(portfolio text, x int) RETURNS text LANGUAGE sql
	AS 'SELECT custseg._probe(portfolio, x)';
CREATE FUNCTION custseg.probe_caller(portfolio text, x int) RETURNS text
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_caller';
-- Runs what it is given.
CREATE FUNCTION custseg._probe_run(portfolio text, statement text) RETURNS void LANGUAGE plpgsql
	AS 'BEGIN EXECUTE statement; END';
CREATE FUNCTION custseg.probe_run(portfolio text, statement text) RETURNS void
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_owner';
CREATE FUNCTION custseg._probe_run_read(portfolio text, statement text) RETURNS void LANGUAGE plpgsql
	AS 'BEGIN EXECUTE statement; END';
CREATE FUNCTION custseg.probe_run_read(portfolio text, statement text) RETURNS void
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_reader';
-- Writes n rows and returns what is there then; the long values lie out of line.
CREATE FUNCTION custseg._refresh(portfolio text, n int, dry_run bool) RETURNS TABLE (x int, long text) LANGUAGE plpgsql AS $fn$
BEGIN
	INSERT INTO call_data.t SELECT i, 'row ' || i FROM generate_series(1, n) i;
	UPDATE call_data.t SET long = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i) WHERE t.x = 3;
	RETURN QUERY SELECT * FROM call_data.t;
	IF n = 13 THEN
		RAISE EXCEPTION 'thirteen';
	END IF;
END
$fn$;
CREATE FUNCTION custseg.refresh(portfolio text, n int, dry_run bool) RETURNS TABLE (x int, long text)
	LANGUAGE c AS '$libdir/custseg', 'custseg_refresh';
CREATE FUNCTION custseg._probe_try(portfolio text, n int) RETURNS TABLE (x int, long text) LANGUAGE sql
	AS 'SELECT * FROM custseg._refresh(portfolio, n, NULL)';
CREATE FUNCTION custseg.probe_try(portfolio text, n int) RETURNS TABLE (x int, long text)
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_try';
-- Other results than one value.
CREATE FUNCTION custseg._probe_row(portfolio text, x int, OUT a int, OUT b text) LANGUAGE plpgsql
	AS 'BEGIN a := x + 1; b := portfolio; END';
CREATE FUNCTION custseg.probe_row(portfolio text, x int, OUT a int, OUT b text)
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_owner';
CREATE FUNCTION custseg._probe_numbers(portfolio text, n int) RETURNS SETOF int LANGUAGE sql
	AS 'SELECT generate_series(1, n)';
CREATE FUNCTION custseg.probe_numbers(portfolio text, n int) RETURNS SETOF int
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_owner';
CREATE FUNCTION custseg.probe_missing(portfolio text) RETURNS int
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_owner';
CREATE FUNCTION custseg._probe_other(portfolio text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE FUNCTION custseg.probe_other(portfolio text) RETURNS int
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_owner';

CREATE TABLE call_data.t (x int, long text);
ALTER TABLE call_data.t OWNER TO call_owner;
ALTER TABLE call_data.t ALTER COLUMN long SET STORAGE EXTERNAL;
CREATE VIEW call_data.current_customers AS SELECT 1 AS customer_id;

-- --- the environment --------------------------------------------------------
SET search_path = "$user", call_nowhere, public, call_names, pg_temp;
SELECT is(custseg.probe('sales', 7),
	'sales|7|call_owner|off|pg_catalog, pg_temp|public, call_names, pg_temp|off', 'as the owner, with settings of its own');
SELECT is(current_user::text, session_user::text, 'then the user is who he was');
SELECT is(current_setting('search_path'), '"$user", call_nowhere, public, call_names, pg_temp', 'and has his search_path');
SELECT is(current_setting('row_security'), 'on', 'and his row_security');
SELECT is(current_setting('custseg.caller_search_path'), '', 'and the one that was kept is gone');
SELECT is(custseg.probe('sales', NULL), 'sales|call_owner|off|pg_catalog, pg_temp|public, call_names, pg_temp|off',
	'NULL arguments are passed');
SELECT is(pg_temp.as_role('call_member', $$SELECT custseg.probe('sales', 7)$$),
	'sales|7|call_owner|off|pg_catalog, pg_temp|public, call_names, pg_temp|off', 'a member of the owner may call');
SELECT is(pg_temp.as_role('call_stranger', $$SELECT custseg.probe('sales', 7)$$),
	'42501: permission denied for portfolio "sales"', 'a stranger may not');
SELECT is(pg_temp.as_role('call_stranger', $$SELECT custseg.probe_caller('any', 7)$$),
	'any|7|call_stranger|off|pg_catalog, pg_temp|public, call_names, pg_temp|off', 'without a portfolio it runs as the caller');
CREATE SCHEMA call_stranger AUTHORIZATION call_stranger;
SELECT is(pg_temp.as_role('call_stranger', $$SELECT custseg.probe_caller('any', 7)$$),
	'any|7|call_stranger|off|pg_catalog, pg_temp|call_stranger, public, call_names, pg_temp|off', '$user is the caller''s');
SELECT is(custseg.probe(current_setting('call.name'), 7),
	current_setting('call.name') || '|7|call_owner|off|pg_catalog, pg_temp|public, call_names, pg_temp|off', 'with any name');

SELECT throws_ok($$SELECT custseg.probe_run('sales', 'CREATE TEMPORARY TABLE call_temp (x int)')$$, '42501',
	'cannot create temporary table within security-restricted operation');
SELECT throws_ok($$SELECT custseg.probe_run('sales', 'SET ROLE call_stranger')$$, '42501',
	'cannot set parameter "role" within security-restricted operation');
SELECT throws_ok($$SELECT custseg.probe_run('sales', 'SELECT 1/0')$$, '22012', 'division by zero');
SELECT is(concat_ws('|', current_user, current_setting('search_path'), current_setting('row_security'),
		current_setting('custseg.caller_search_path')),
	concat_ws('|', session_user, '"$user", call_nowhere, public, call_names, pg_temp', 'on', ''),
	'after an error everything is as it was, too');
SELECT lives_ok($$SELECT custseg.probe_run('sales', 'SET work_mem = ''1MB'';SET search_path = call_data')$$, 'settings may be changed');
SELECT is(current_setting('work_mem') || current_setting('search_path'),
	'4MB"$user", call_nowhere, public, call_names, pg_temp', 'but that ends with the call');
SELECT is((SELECT custseg.probe('sales', x) FROM (SELECT custseg.probe_run('sales', 'SELECT 1'), 1 AS x) s),
	'sales|1|call_owner|off|pg_catalog, pg_temp|public, call_names, pg_temp|off', 'several calls in a statement');

-- A call within a call sees the outermost caller's path.
CREATE FUNCTION custseg._probe_nested(portfolio text) RETURNS text LANGUAGE plpgsql AS $fn$
BEGIN
	BEGIN
		PERFORM custseg.probe_run(portfolio, 'SELECT 1/0');
	EXCEPTION WHEN division_by_zero THEN
	END;
	RETURN custseg.probe(portfolio, 1);
END
$fn$;
CREATE FUNCTION custseg.probe_nested(portfolio text) RETURNS text
	LANGUAGE c AS '$libdir/custseg', 'custseg_portfolio_owner';
SELECT is(custseg.probe_nested('sales'),
	'sales|1|call_owner|off|pg_catalog, pg_temp|public, call_names, pg_temp|off', 'calls nest, also after a caught error');
RESET search_path;
SELECT is(custseg.probe('sales', 1),
	'sales|1|call_owner|off|pg_catalog, pg_temp|public|off', 'and the next call has its caller''s own again');

-- Row security: reading fails instead of leaving rows out.
CREATE TABLE call_names.secured (x int);
GRANT SELECT ON call_names.secured TO call_owner;
ALTER TABLE call_names.secured ENABLE ROW LEVEL SECURITY;
SELECT throws_ok($$SELECT custseg.probe_run('sales', 'SELECT * FROM call_names.secured')$$, '42501',
	'query would be affected by row-level security policy for table "secured"');

-- --- errors -----------------------------------------------------------------
SELECT throws_ok($$SELECT custseg.probe(NULL, 1)$$, '22004', 'argument "portfolio" must not be NULL');
SELECT throws_ok($$SELECT custseg.probe_read(NULL, 1)$$, '22004', 'argument "portfolio" must not be NULL');
SELECT throws_ok($$SELECT * FROM custseg.probe_try(NULL, 1)$$, '22004', 'argument "portfolio" must not be NULL');
SELECT throws_ok($$SELECT custseg.probe('none', 1)$$, '42704', 'portfolio "none" does not exist');
SELECT throws_ok($$SELECT custseg.probe_missing('sales')$$, '42883',
	'function custseg.probe_missing(text) has no function _probe_missing that it could call');
SELECT throws_ok($$SELECT custseg.probe_other('sales')$$, '42P13',
	'function custseg._probe_other(text) has another owner or result than custseg.probe_other(text)');
ALTER FUNCTION custseg._probe_row(text, int) OWNER TO call_owner;
SELECT throws_ok($$SELECT custseg.probe_row('sales', 1)$$, '42P13',
	'function custseg._probe_row(text,integer) has another owner or result than custseg.probe_row(text,integer)');
ALTER FUNCTION custseg._probe_row(text, int) OWNER TO CURRENT_USER;

-- --- results ----------------------------------------------------------------
SELECT results_eq($$SELECT * FROM custseg.probe_row('sales', 1)$$, $$VALUES (2, 'sales')$$, 'a row');
SELECT results_eq($$SELECT (custseg.probe_row('sales', 1)).b$$, $$VALUES ('sales')$$, 'a row in an expression');
SELECT results_eq($$SELECT * FROM custseg.probe_numbers('sales', 3)$$, $$VALUES (1), (2), (3)$$, 'a set of values');
SELECT results_eq($$SELECT custseg.probe_numbers('sales', 3)$$, $$VALUES (1), (2), (3)$$, 'a set in the select list');
SELECT is_empty($$SELECT * FROM custseg.probe_numbers('sales', 0)$$, 'an empty set');

-- --- readers ----------------------------------------------------------------
SELECT is(pg_temp.as_role('call_reader', $$SELECT custseg.probe_read('sales', 1)$$),
	'42501: permission denied for portfolio "sales"', 'a role without rights cannot read');
GRANT SELECT ON call_data.current_customers TO call_reader;
SELECT is(pg_temp.as_role('call_reader', $$SELECT custseg.probe_read('sales', 1)$$),
	'42501: permission denied for portfolio "sales"', 'nor with SELECT on a view in a schema that it cannot use');
GRANT USAGE ON SCHEMA call_data TO call_reader;
SELECT is(pg_temp.as_role('call_reader', $$SELECT custseg.probe_read('sales', 1)$$),
	'sales|1|call_owner|off|pg_catalog, pg_temp|public|on', 'a reader reads as the owner');
SELECT is(pg_temp.as_role('call_reader', $$SELECT custseg.probe('sales', 1)$$),
	'42501: permission denied for portfolio "sales"', 'and may do nothing else');
SELECT is(pg_temp.as_role('call_owner', $$SELECT custseg.probe_read('sales', 1)$$),
	'sales|1|call_owner|off|pg_catalog, pg_temp|public|on', 'the owner may read');
SELECT is(pg_temp.as_role('call_reader', $$SELECT custseg.probe_run_read('sales', 'INSERT INTO call_data.t VALUES (1)')$$),
	'25006: cannot execute INSERT in a read-only transaction', 'what a reader calls cannot write');
SELECT is(pg_temp.as_role('call_reader',
		$$SELECT custseg.probe_run_read('sales', 'SET transaction_read_only = off')$$) LIKE '25001%', true,
	'nor make the transaction writable');
SELECT is(current_setting('transaction_read_only'), 'off', 'afterwards the transaction may write again');

-- --- trials -----------------------------------------------------------------
SELECT results_eq($$SELECT x, length(long) FROM custseg.refresh('sales', 4, true) ORDER BY x$$,
	$$VALUES (1, 5), (2, 5), (3, 32000), (4, 5)$$, 'a trial returns its rows, also what lay out of line');
SELECT is_empty('SELECT FROM call_data.t', 'and leaves nothing');
SET LOCAL work_mem = '64kB';
SELECT results_eq($$SELECT count(*), sum(a.x), sum(b.x) FROM custseg.probe_try('sales', 200000) a
		JOIN custseg.probe_try('sales', 199999) b ON b.x = a.x$$,
	$$VALUES (199999::bigint, 19999900000::bigint, 19999900000::bigint)$$, 'many rows, twice in a query');
RESET work_mem;
SELECT results_eq($$SELECT count(*) FROM (SELECT custseg.probe_try('sales', n) FROM (VALUES (2), (0), (5)) v (n)) s$$,
	$$VALUES (7::bigint)$$, 'several in a select list');
SELECT is_empty('SELECT FROM call_data.t', 'nothing of them is left');
SELECT is(pg_temp.as_role('call_stranger', $$SELECT count(*) FROM custseg.probe_try('sales', 1)$$),
	'42501: permission denied for portfolio "sales"', 'a stranger cannot try');

-- An error is caught where the caller is in his own subtransaction.
CREATE FUNCTION pg_temp.caught(dry_run bool) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
	message text;
BEGIN
	BEGIN
		INSERT INTO call_data.t VALUES (-1);
		PERFORM custseg.refresh('sales', 13, dry_run);
	EXCEPTION WHEN raise_exception THEN
		message := SQLERRM;
	END;
	INSERT INTO call_data.t VALUES (-2);
	RETURN concat_ws('|', message, current_user = session_user,
		(SELECT string_agg(x::text, ',') FROM call_data.t), current_setting('custseg.caller_search_path'));
END
$fn$;
SELECT is(pg_temp.caught(true), 'thirteen|t|-2|', 'an error in a trial can be caught');
SELECT is(pg_temp.caught(NULL), 'thirteen|t|-2,-2|', 'as one of a call that is meant');
SELECT results_eq($$SELECT count(*) FROM custseg.refresh('sales', 4, false)$$, $$VALUES (6::bigint)$$, 'without dry_run');
SELECT results_eq('SELECT count(*) FROM call_data.t', $$VALUES (6::bigint)$$, 'a call leaves what it wrote');

-- --- who may execute --------------------------------------------------------
CREATE ROLE call_analyst;
REVOKE EXECUTE ON FUNCTION custseg.probe(text, int) FROM PUBLIC;
SELECT is(has_function_privilege('call_analyst', 'custseg.probe(text, int)', 'EXECUTE'), false, 'revoked');
SELECT is(pg_temp.as_role('call_owner', $$SELECT custseg.grant_portfolios('call_analyst')$$) LIKE '42501: permission denied to grant function%',
	true, 'not everybody can grant');
SELECT lives_ok($$SELECT custseg.grant_portfolios('call_analyst')$$, 'a superuser can');
SELECT is(has_function_privilege('call_analyst', 'custseg.probe(text, int)', 'EXECUTE'), true, 'granted');
SELECT throws_ok($$SELECT custseg.grant_portfolios('call_nobody')$$, '42704', 'role "call_nobody" does not exist');
SELECT throws_ok($$SELECT custseg.grant_portfolios(NULL)$$, '22004', 'argument "role" must not be NULL');

-- --- the context of errors ---------------------------------------------------
CREATE FUNCTION pg_temp.context_of(query text) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
	context text;
BEGIN
	EXECUTE query;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
	RETURN regexp_replace(context, E'^PL/pgSQL function pg_temp[^\n]*context_of[^\n]*$', '', 'n');
END
$fn$;
CREATE TABLE context_orders AS SELECT 1 AS customer_id, date '2024-01-01' AS day, 1 AS amount;
CREATE FUNCTION public.context_fails(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no %', $1; END $$;
SELECT custseg.create_portfolio('context', 'context_orders', 'customer_id', 'day', 'amount');
SELECT is(pg_temp.context_of($$SELECT custseg.set_option('context', 'no such', '1')$$),
	$$SQL statement "SELECT custseg.set_option('context', 'no such', '1')"$$ || E'\n', 'of our messages, only what is outside of the call');
SELECT is(pg_temp.context_of($$SELECT custseg.set_tier('context', 'vip', enter => 'spend => 1')$$),
	$$SQL statement "SELECT custseg.set_tier('context', 'vip', enter => 'spend => 1')"$$ || E'\n', 'so of a rule that cannot be read');
SELECT is(pg_temp.context_of($$SELECT custseg.refresh('context', date 'infinity', dry_run => true)$$),
	$$SQL statement "SELECT custseg.refresh('context', date 'infinity', dry_run => true)"$$ || E'\n', 'and in a trial');
CREATE OR REPLACE VIEW context.source_orders AS
	SELECT customer_id, day, public.context_fails(amount) AS amount, NULL::numeric AS cost, NULL::text AS order_id, day AS ordered_at, NULL::text AS currency, NULL::numeric AS rate
	FROM context_orders;
SELECT matches(pg_temp.context_of($$SELECT custseg.refresh('context')$$), '^PL/pgSQL function context_fails.* at RAISE\n.*custseg\._stage_customers',
	'of an error in a user''s function all of it');
SELECT matches(pg_temp.context_of($$SELECT custseg.refresh('context')$$), '\ncustseg function refresh\nSQL statement', 'with the call');

SELECT * FROM finish();
ROLLBACK;
