-- Names are just names: a portfolio, its schema, its owner, the relations and columns it reads, its customers and all that
-- is declared in it have names with quotes, blanks, percent signs, backslashes and the marks of our own templates. The
-- whole set of public functions is run on them.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;

SELECT no_plan();

CREATE ROLE "names an'a""lyst";
CREATE ROLE "names r'e""a d";
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), 'names an''a"lyst'); END $$;
SELECT custseg.grant_portfolios('names an''a"lyst');
CREATE TABLE public.x (x int);

-- <odd>: the name of whatever is declared. <p>: the portfolio. <id>: how customers are called, behind their number.
-- In capitals they are quoted as names, otherwise as literals.
CREATE TEMP TABLE word (mark text, content text);
INSERT INTO word VALUES ('<odd>', $x$a"b'c; DROP TABLE x; --\%s%I$1{p}{as_of}{from}{filter}{key}%%ü$x$),
	('<p>', $x$x'; DROP TABLE x; -- $x$),
	('<schema>', $x$A.b "c'd e%s %I{horizon}{as_of}{p}\$x$),
	('<id>', $x$'" \ %s $1 {p}$x$),
	('<given>', $x$m"x'y {p} {as_of} {from} {filter} %s$x$),
	('<event>', $x$k'"{p}{as_of}{from}{rows}$x$);
GRANT SELECT ON word TO PUBLIC;
-- A statement with its marks replaced by literals, run as the owner.
CREATE FUNCTION pg_temp.run(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $fn$
DECLARE
	w record;
	n text;
BEGIN
	FOR w IN SELECT * FROM word LOOP
		statement := replace(statement, w.mark, quote_literal(w.content));
		statement := replace(statement, upper(w.mark), quote_ident(w.content));
	END LOOP;
	EXECUTE 'SET LOCAL ROLE "names an''a""lyst"';
	BEGIN
		IF statement ~ '^(SELECT|WITH)' THEN
			EXECUTE format('SELECT count(*)::text || coalesce(min(r::text), '''') FROM (%s) AS r', statement) INTO n;
		ELSE
			EXECUTE statement;
		END IF;
		RETURN NEXT ok(true, left(statement, 60));
	EXCEPTION WHEN OTHERS THEN
		RETURN NEXT ok(false, statement);
		RETURN NEXT diag(SQLERRM);
	END;
	RESET ROLE;
END
$fn$;

SELECT pg_temp.run(s) FROM (VALUES
	(1, $$CREATE SCHEMA "sa""l'es"$$),
	(2, $$CREATE TABLE "sa""l'es"."or'd""ers" AS SELECT 'c' || (i % 20) || <id> AS "cus'to""mer", date '2024-01-01' + (i * 7) % 120 AS day,
		(i % 13 * 10)::numeric AS amount, 'o''"' || i AS "o""id" FROM generate_series(1, 500) i$$),
	(3, $$CREATE TABLE "sa""l'es".cust AS SELECT 'c' || i || <id> AS customer_id, 'n''"' AS region, 7 AS <ODD> FROM generate_series(0, 25) i$$),
	(4, $$SELECT custseg.create_portfolio(<p>, '"sa""l''es"."or''d""ers"', 'cus''to"mer', 'day', 'amount', order_id => 'o"id', schema_name => <schema>)$$),
	(5, $$SELECT custseg.add_source(<p>, 'customers', '"sa""l''es".cust')$$),
	(6, $$SELECT custseg.add_source(<p>, 'measures', format('SELECT customer_id, 5 AS %I FROM "sa""l''es".cust', <given>))$$),
	(7, $$SELECT custseg.add_source(<p>, 'usage', format('SELECT customer_id, %L AS resource, date ''2024-02-01'' AS day, 1 AS amount FROM "sa""l''es".cust', <odd>))$$),
	(8, $$SELECT custseg.add_source(<p>, 'events', format('SELECT customer_id, date ''2024-02-01'' AS at, %L AS kind FROM "sa""l''es".cust', <event>))$$),
	(10, $$SELECT custseg.set_measure(<p>, <odd>, 'spend', 'rolling 3 months', description => <odd>)$$),
	(11, $$SELECT custseg.set_measure(<p>, 'ev''"', 'events', filter => <event>)$$),
	(12, $$SELECT custseg.set_component(<p>, <odd>, score_name => 's' || <odd>)$$),
	(13, $$SELECT custseg.set_component(<p>, <given>, method => 'minmax')$$),
	(14, $$SELECT custseg.set_component(<p>, 'ev''"', method => 'zscore')$$),
	(15, $$SELECT custseg.set_tier(<p>, <odd>, format('"%s" >= 10 and score > 0', replace(<odd>, '"', '""')), note => <odd>, service_mode => 'personal')$$),
	(16, $$SELECT custseg.set_resource(<p>, <odd>, 1000, unit => <odd>, weight_measure => 'spend', note => <odd>)$$),
	(17, $$SELECT custseg.set_resource(<p>, 'two"''{p}', 1000, unit => <odd>, weight_measure => <odd>, note => <odd>)$$),
	(18, $$SELECT custseg.set_tier_budget(<p>, <odd>, <odd>, 100)$$),
	(19, $$SELECT custseg.set_agent(<p>, <odd>, 5, tiers => ARRAY[<odd>], attributes => jsonb_build_object('region', ARRAY['n''"'], <odd>, ARRAY['7']), note => <odd>)$$),
	(20, $$SELECT custseg.set_target(<p>, <odd>, <odd>, 5, note => <odd>)$$),
	(21, $$SELECT custseg.set_target(<p>, 'given', <given>, 5)$$),
	(22, $$SELECT custseg.set_target(<p>, 'tier' || <odd>, 'spend', 5, scope => 'tier', class => <odd>)$$),
	(23, $$SELECT custseg.set_target(<p>, 'res' || <odd>, 'utilisation', 0.5, scope => 'resource', class => <odd>)$$),
	(24, $$SELECT custseg.set_target(<p>, 'external' || <odd>, 'external', 0.5)$$),
	(25, $$SELECT custseg.set_option(<p>, 'anonymous', 'c3' || <id>)$$),
	(26, $$SELECT custseg.set_option(<p>, 'keep_scores', 'all')$$),
	(30, $$SELECT * FROM custseg.refresh(<p>, '2024-03-31', true)$$),
	(31, $$SELECT * FROM custseg.refresh(<p>, '2024-03-31')$$),
	(32, $$SELECT custseg.set_override(<p>, 'c1' || <id>, 'pin', <odd>, reason => <odd>)$$),
	(33, $$SELECT * FROM custseg.refresh(<p>, '2024-04-30')$$),
	(34, $$SELECT custseg.execute_run(<p>, custseg.begin_run(<p>, '2024-05-02'))$$),
	(35, $$SELECT custseg.fail_run(<p>, custseg.begin_run(<p>, '2024-05-03'), '22023', <odd>)$$),
	(40, $$SELECT * FROM custseg.explain_score(<p>, 'c1' || <id>)$$),
	(41, $$SELECT * FROM custseg.explain_tier(<p>, 'c1' || <id>, 'zh')$$),
	(42, $$SELECT * FROM custseg.explain_tier(<p>, 'c1' || <id>)$$),
	(43, $$SELECT custseg.customer_profile(<p>, 'c1' || <id>)$$),
	(44, $$SELECT * FROM custseg.movement(<p>, '2024-03-31')$$),
	(45, $$SELECT * FROM custseg.what_if(<p>, jsonb_build_object('tiers', jsonb_build_array(jsonb_build_object('tier', <odd>, 'enter', 'spend >= 20', 'keep', NULL))))$$),
	(46, $$SELECT * FROM custseg.data_quality(<p>)$$),
	(47, $$SELECT custseg.import_portfolio(<p>, custseg.export_portfolio(<p>, true))$$),
	(48, $$SELECT custseg.merge_customer(<p>, 'c1' || <id>, 'c2' || <id>, <odd>)$$),
	(49, $$SELECT custseg.unmerge_customer(<p>, 'c1' || <id>)$$),
	(50, $$SELECT custseg.merge_customer(<p>, 'c1' || <id>, 'c2' || <id>, <odd>)$$),
	(51, $$SELECT * FROM custseg.forget_customer(<p>, 'c4' || <id>)$$),
	(52, $$SELECT * FROM custseg.reassign(<p>)$$),
	(53, $$SELECT custseg.grant_reader(<p>, 'names r''e"a d')$$),
	(54, $$SELECT custseg.upgrade_portfolio(<p>)$$),
	(55, $$SELECT * FROM custseg.refresh(<p>, '2024-05-04')$$),
	(56, $$SELECT custseg.rename_tier(<p>, <odd>, 'new' || <odd>)$$),
	(57, $$SELECT custseg.set_target_actual(<p>, 'external' || <odd>, 4)$$),
	(58, $$SELECT * FROM custseg.prune(<p>, '1 day')$$),
	(59, $$SELECT custseg.unschedule(<p>)$$),
	(60, $$SELECT custseg.rename_portfolio(<p>, <odd>)$$),
	(61, $$SELECT custseg.rename_portfolio(<odd>, <p>)$$),
	(62, $$ALTER SCHEMA <SCHEMA> RENAME TO <ODD>$$),
	(63, $$SELECT custseg.attach_portfolio(<odd>)$$),
	(64, $$ALTER SCHEMA <ODD> RENAME TO <SCHEMA>$$),
	(65, $$SELECT custseg.attach_portfolio(<schema>)$$),
	(66, $$SELECT * FROM custseg.refresh(<p>, '2024-05-05')$$)
) AS v (place, s)
ORDER BY place;

-- What is in there.
SELECT pg_temp.run(format('SELECT * FROM %s', c.oid::regclass))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN word AS w ON w.mark = '<schema>' AND n.nspname = w.content
WHERE c.relkind = 'v' ORDER BY c.relname;
SET LOCAL search_path = "A.b ""c'd e%s %I{horizon}{as_of}{p}\", public, pg_temp;
SELECT is((SELECT count(*) FROM current_customers WHERE tier = 'new' || (SELECT content FROM word WHERE mark = '<odd>')) > 0, true, 'customers are in the tier');
SELECT is((SELECT count(*) FROM current_customers WHERE agent = (SELECT content FROM word WHERE mark = '<odd>')), 5::bigint, 'its agent has what he can serve');
SELECT is((SELECT actual FROM attainment WHERE target = 'given'), 5::numeric, 'the mean of a measure whose name has marks');
SELECT is((SELECT (measures ->> 'ev''"')::int FROM customer_measures WHERE customer_id LIKE 'c5''%'), 1, 'events of a kind whose name has marks');
SELECT is((SELECT count(*) FROM reader), 1::bigint, 'the reader is known');
SELECT is((SELECT has_table_privilege('names r''e"a d', 'current_customers', 'SELECT')), true, 'and reads');
SELECT is((SELECT count(*) FROM customer WHERE customer_id LIKE 'c3''%'), 0::bigint, 'the anonymous customer does not count');
RESET search_path;

SELECT pg_temp.run(s) FROM (VALUES
	(1, $$SELECT custseg.drop_target(<p>, <odd>)$$),
	(2, $$SELECT custseg.drop_target(<p>, 'given')$$),
	(3, $$SELECT custseg.drop_target(<p>, 'tier' || <odd>)$$),
	(4, $$SELECT custseg.drop_target(<p>, 'res' || <odd>)$$),
	(5, $$SELECT custseg.drop_agent(<p>, <odd>, true)$$),
	(6, $$SELECT custseg.drop_resource(<p>, <odd>)$$),
	(7, $$SELECT custseg.drop_resource(<p>, 'two"''{p}')$$),
	(8, $$SELECT custseg.end_override(<p>, override_id, '2024-05-05') FROM <SCHEMA>.override$$),
	(9, $$SELECT custseg.drop_tier(<p>, 'new' || <odd>)$$),
	(10, $$SELECT custseg.drop_component(<p>, <odd>)$$),
	(11, $$SELECT custseg.drop_measure(<p>, <odd>)$$),
	(12, $$SELECT custseg.revoke_reader(<p>, 'names r''e"a d')$$),
	(13, $$SELECT custseg.drop_source(<p>, 'customers')$$),
	(14, $$SELECT * FROM custseg.refresh(<p>, '2024-05-06')$$),
	(15, $$SELECT custseg.drop_portfolio(<p>, <p>)$$)
) AS v (place, s) ORDER BY place;
SELECT is_empty('SELECT FROM custseg.portfolios', 'no portfolio is left');
SELECT has_table('public'::name, 'x'::name, 'and nothing else was dropped');

-- Customers of 10,000 characters, beside others, through a whole life.
CREATE TABLE names_long AS
SELECT CASE WHEN i % 7 = 0 THEN repeat('ü', 10000) WHEN i % 7 = 1 THEN (SELECT string_agg(md5(k::text), '') FROM generate_series(1, 313) k)
	WHEN i % 7 = 2 THEN repeat('x', 1000) ELSE 'c' || i % 7 END AS customer, date '2024-01-01' + i AS day, 10 AS amount FROM generate_series(1, 70) i;
SELECT custseg.create_portfolio('long', 'names_long', 'customer', 'day', 'amount');
SELECT lives_ok($$SELECT * FROM custseg.refresh('long', '2024-03-31')$$, 'customers that no index can hold do not stop a run');
SELECT results_eq('SELECT left(customer_id, 10), length(customer_id) FROM long.customer ORDER BY 1',
	$$VALUES ('c3', 2), ('c4', 2), ('c5', 2), ('c6', 2), ('xxxxxxxxxx', 1000)$$, 'they are left out, the longest that can be is in');
SELECT is((SELECT counts ->> 'long_customers' FROM long.run), '2', 'and counted');
SELECT is((SELECT count(*) FROM custseg.explain_score('long', repeat('x', 1000))) > 0, true, 'the longest is explained');
SELECT throws_ok($$SELECT * FROM custseg.explain_score('long', repeat('y', 10000))$$, '42704', NULL, 'one that is not there is refused');
SELECT is((SELECT length(message) < 1000 FROM (SELECT custseg.merge_customer('long', 'c3', repeat('x', 1000)) AS message) m), true, 'messages are short');
SELECT lives_ok($$SELECT custseg.set_override('long', repeat('x', 1000), 'pin', 'vip', reason => 'it is long')$$, 'it is pinned');
SELECT lives_ok($$SELECT * FROM custseg.refresh('long', '2024-04-30')$$, 'and refreshed');
SELECT is((SELECT tier FROM long.current_customers WHERE length(customer_id) = 1000), 'vip', 'which holds');
SELECT lives_ok($$SELECT * FROM custseg.forget_customer('long', repeat('x', 1000))$$, 'and forgotten');

-- Settings of the session that write numbers and arrays in other ways.
SET LOCAL extra_float_digits = -12;
SET LOCAL array_nulls = off;
SET LOCAL "DateStyle" = 'SQL, DMY';
SET LOCAL "IntervalStyle" = 'sql_standard';
SET LOCAL bytea_output = 'escape';
SELECT lives_ok($$SELECT custseg.set_component('long', 'spend', method => 'breaks', breaks => '{10.000000001,20.000000002}', classes => NULL)$$, 'breaks with many digits');
RESET extra_float_digits;
SELECT matches(pg_get_viewdef('long.current_customers'::regclass), '10\.000000001,20\.000000002', 'are in the views with all of them');
SELECT lives_ok($$SELECT * FROM custseg.refresh('long', date '2024-05-01')$$, 'and a run works');

SELECT * FROM finish();
ROLLBACK;
