-- schedule and unschedule where pg_cron is not loaded: what they check, and the commands that they print. With a real
-- pg_cron: test/t/005_cron.pl.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public;

SELECT plan(34);

CREATE ROLE schedule_owner NOLOGIN;
CREATE ROLE schedule_member LOGIN IN ROLE schedule_owner;
CREATE ROLE schedule_stranger LOGIN;
SELECT custseg.grant_portfolios(r) FROM unnest(ARRAY['schedule_owner', 'schedule_stranger']) r;

CREATE FUNCTION pg_temp.make(portfolio text, schema_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I AUTHORIZATION schedule_owner', schema_name);
    PERFORM custseg._register_portfolio(portfolio, schema_name::name, 1);
END $$;
SELECT pg_temp.make('vip', 'schedule_vip');
SELECT pg_temp.make('x''; DROP TABLE t; --', 'schedule_x');
SELECT pg_temp.make(E'it''s 5% \\ $(rm)\n!', 'schedule_it');

-- The line of a text that begins so.
CREATE FUNCTION pg_temp.line(content text, beginning text) RETURNS text LANGUAGE sql AS $$
	SELECT l FROM string_to_table(content, E'\n') l WHERE starts_with(l, beginning) $$;

-- --- rights ---
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
	WHERE p.oid IN ('custseg.schedule(text, text)'::regprocedure, 'custseg.unschedule(text)'::regprocedure) AND a.grantee = 0$$,
	'not everybody may call them');
SELECT ok(has_function_privilege(extowner, f, 'EXECUTE WITH GRANT OPTION'), f || ': the installer may pass the right on')
FROM pg_extension, unnest(ARRAY['custseg.schedule(text, text)', 'custseg.unschedule(text)']) f WHERE extname = 'custseg';

SET LOCAL ROLE schedule_stranger;
SELECT throws_ok($$SELECT custseg.schedule('vip', '0 3 * * *')$$, '42501',
	'role "schedule_stranger" may not schedule portfolio "vip"', 'a role without the owner''s privileges may not schedule');
SELECT throws_ok($$SELECT custseg.unschedule('vip')$$, '42501',
	'role "schedule_stranger" may not schedule portfolio "vip"', 'nor unschedule');
RESET ROLE;
SET LOCAL ROLE schedule_owner;
SELECT throws_ok($$SELECT custseg.schedule('vip', '0 3 * * *')$$, '55000',
	'role "schedule_owner" may not log in, so its job for portfolio "vip" would fail', 'a role that may not log in has no jobs');
SELECT lives_ok($$SELECT custseg.unschedule('vip')$$, 'but may unschedule');
RESET ROLE;
REVOKE EXECUTE ON PROCEDURE custseg.run_refresh(text, date) FROM schedule_owner;
SET LOCAL ROLE schedule_member;
SELECT throws_ok($$SELECT custseg.schedule('vip', '0 3 * * *')$$, '42501',
	'role "schedule_member" may not call custseg.run_refresh, so its job for portfolio "vip" would fail', 'nor one that may not refresh');
RESET ROLE;
GRANT EXECUTE ON PROCEDURE custseg.run_refresh(text, date) TO schedule_member;
SET LOCAL ROLE schedule_member;

-- --- arguments ---
SELECT throws_ok($$SELECT custseg.schedule('none', '0 3 * * *')$$, '42704', 'portfolio "none" does not exist', 'an unknown portfolio');
SELECT throws_ok($$SELECT custseg.unschedule('none')$$, '42704', 'portfolio "none" does not exist', 'also to unschedule');
SELECT throws_ok($$SELECT custseg.schedule(NULL, '0 3 * * *')$$, '22004', NULL, 'no portfolio');
SELECT throws_ok($$SELECT custseg.unschedule(NULL)$$, '22004', NULL, 'also to unschedule');
SELECT throws_ok(format('SELECT custseg.schedule(%L, %L)', 'vip', cron), '22023',
	format('argument "cron" must be five fields or an interval of seconds, not %L', cron),
	'schedule ' || to_json(cron))
FROM unnest(ARRAY['', ' ', 'daily', '0 3 * *', '0 0 3 * * *', '0 3 * * *; rm', E'0 3 * * *\n* * * * * rm', '30 minutes', '-1 seconds', '0 3 * * %']) cron;
SELECT throws_ok($$SELECT custseg.schedule('vip', NULL)$$, '22004', 'argument "cron" must not be NULL', 'no schedule');
SELECT matches(custseg.schedule('vip', cron), '(?n)^SELECT custseg\.schedule\(''vip'', ''' || expected || '''\);$', 'schedule ' || to_json(cron))
FROM (VALUES ('15 3 * * 1-5', '15 3 \* \* 1-5'), (E'  0\t3 * *\n  mon,fri ', '0 3 \* \* mon,fri'), ('*/10 0-6 $ jan *', '\*/10 0-6 \$ jan \*'),
	('30 seconds', '30 seconds'), ('@daily', '@daily')) v(cron, expected);

-- --- what is printed ---
SELECT is(custseg.schedule('vip', '0 3 * * *'), format(
E'Nothing was scheduled: this server does not load pg_cron. Install it (on Debian the package postgresql-%s-cron), add it to shared_preload_libraries in postgresql.conf, restart the server:
shared_preload_libraries = ''pg_cron''
cron.database_name = ''%s''
cron.use_background_workers = on
Then, in this database as a superuser:
CREATE EXTENSION IF NOT EXISTS pg_cron;
GRANT USAGE ON SCHEMA cron TO schedule_member;
and as role "schedule_member":
SELECT custseg.schedule(''vip'', ''0 3 * * *'');
Without pg_cron, a line for the crontab of a system user who may connect by psql as that role:
0 3 * * * PGDATABASE=''%s'' PGUSER=''schedule_member'' PGPORT=%s psql -X -q -v ON_ERROR_STOP=1 -c ''CALL custseg.run_refresh(''\\''''vip''\\''''::text, NULL::date)''',
	current_setting('server_version_num')::int / 10000, current_database(), current_database(), current_setting('port')),
	'how to install pg_cron, and a crontab line');
SELECT is(custseg.unschedule('vip'), 'Portfolio "vip" has no job here: this server does not load pg_cron. A line in a crontab is removed there.',
	'nothing to unschedule');
SELECT is(pg_temp.line(custseg.schedule('vip', '30 seconds'), '30 '), NULL, 'cron knows no seconds');
SELECT is(pg_temp.line(custseg.schedule('vip', '0 0 $ * *'), '0 0 '), NULL, 'nor the last day of a month');
SELECT is(pg_temp.line(custseg.schedule('x''; DROP TABLE t; --', '@daily'), 'SELECT '),
	$$SELECT custseg.schedule('x''; DROP TABLE t; --', '@daily');$$, 'a hostile name is a literal in SQL');
-- What the shell and PostgreSQL make of it is tried in 005_cron.pl.
SELECT matches(pg_temp.line(custseg.schedule(E'it''s 5% \\ $(rm)\n!', '@daily'), '@daily'),
	$$ -c 'CALL custseg.run_refresh\(U&'\\''it'\\'''\\''s 5!0025 !005c \$\(rm\)!000a!0021'\\'' UESCAPE '\\''!'\\''::text, NULL::date\)'$$,
	'and one line in a crontab');

SELECT * FROM finish();
ROLLBACK;
