-- sql/portfolio/schedule.sql
--
-- The nightly job of a portfolio, in pg_cron or, where that cannot be reached from here, as commands to run elsewhere.
--
-- pg_cron gives a job to whoever calls it, so these functions run as the caller and are no entry to the portfolio's
-- owner. It lives in one database of the server and may be absent: everything of it is reached by dynamic SQL, and it
-- is recognised by its entry in pg_extension, since anybody who may create can make a schema named cron. Its settings
-- are hidden from those who may not read all settings, so what they say is asked first and learned from the job after.
--
-- The bodies have backslashes in literals, which the setting standard_conforming_strings must not turn into escapes.

CREATE FUNCTION custseg._cron_schema() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT n.nspname::text
	FROM pg_catalog.pg_extension e
	JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
		AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'e'
	JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relname = 'job'
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE e.extname = 'pg_cron';
END;
COMMENT ON FUNCTION custseg._cron_schema() IS
'The schema of pg_cron''s tables and functions in this database; NULL where the extension pg_cron is not installed here.';

-- A line in postgresql.conf alone makes a placeholder, which current_setting reads and pg_settings does not list.
CREATE FUNCTION custseg._cron_setting(setting text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	full_name text := 'cron.' || setting;
	content text;
BEGIN
	content := current_setting(full_name, true);
	RETURN (SELECT content FROM pg_settings s WHERE s.name = full_name);
EXCEPTION WHEN insufficient_privilege THEN
	RETURN '';
END $$;
COMMENT ON FUNCTION custseg._cron_setting(text) IS
'A setting of pg_cron, named without its prefix: NULL where pg_cron is not loaded in this server or has no such setting, empty where the caller may not read it.';

-- pg_cron up to 1.4 cuts a job's name off at 63 bytes, and two portfolios would then share a job.
CREATE FUNCTION custseg._cron_job_name(portfolio text, suffix text DEFAULT '') RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN pg_catalog.octet_length(full_name) <= 63 THEN full_name
		ELSE 'custseg ' || pg_catalog.left(portfolio, 9) || ' ' || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(
			pg_catalog.convert_to(full_name, pg_catalog.getdatabaseencoding())), 'hex'), 16) END
	FROM (SELECT 'custseg ' || portfolio || suffix) AS n(full_name);
END;
COMMENT ON FUNCTION custseg._cron_job_name(text, text) IS
'The name of a portfolio''s job in pg_cron: custseg, a blank, the portfolio and the suffix; if that is longer than 63 bytes, its first nine characters and sixteen digits of its SHA-256.';

-- The types are written out: with them no overload that the owner of the schema adds is a better match.
CREATE FUNCTION custseg._cron_command(portfolio text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.format('CALL custseg.run_refresh(%L::text, NULL::date)', portfolio);
END;
COMMENT ON FUNCTION custseg._cron_command(text) IS
'The statement that refreshes a portfolio, as a scheduler runs it: a CALL of custseg.run_refresh with the name as a literal.';

-- cron turns a percent sign into a line end unless a backslash stands before it, and implementations differ in what they
-- do with other backslashes. So the name's own ones, and characters that would end the line, are written by number.
CREATE FUNCTION custseg._crontab_line(portfolio text, cron text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	command text := custseg._cron_command(portfolio);
	words text[] := ARRAY[current_database()::text, current_user::text];
BEGIN
	IF cron ~ 'second|\$' OR array_to_string(words, '') ~ '[\\[:cntrl:]]' THEN
		RETURN NULL;
	END IF;
	IF portfolio ~ '[\\%[:cntrl:]]' THEN
		SELECT 'CALL custseg.run_refresh(U&''' || string_agg(CASE
				WHEN c = '''' THEN ''''''
				WHEN c ~ '[!\\%[:cntrl:]]' THEN '!' || lpad(to_hex(ascii(c)), 4, '0')
				ELSE c END, '' ORDER BY position) || ''' UESCAPE ''!''::text, NULL::date)'
		INTO command
		FROM string_to_table(portfolio, NULL) WITH ORDINALITY AS s(c, position);
	END IF;
	SELECT array_agg('''' || replace(replace(word, '''', '''\'''''), '%', '\%') || '''' ORDER BY position)
	INTO words
	FROM unnest(words || command) WITH ORDINALITY AS w(word, position);
	RETURN format('%s PGDATABASE=%s PGUSER=%s PGPORT=%s psql -X -q -v ON_ERROR_STOP=1 -c %s',
		cron, words[1], words[2], current_setting('port'), words[3]);
END $$;
COMMENT ON FUNCTION custseg._crontab_line(text, text) IS
'A line for the crontab of a system user, which refreshes a portfolio by psql as the present role: portfolio, schedule. NULL where cron cannot do it: seconds, the last day of a month, a backslash or a control character in the name of database or role.';

CREATE FUNCTION custseg._cron_schedule(cron text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trimmed text := btrim(regexp_replace(cron, '\s+', ' ', 'g'));
BEGIN
	IF cron IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'argument "cron" must not be NULL',
			HINT = 'Write minute, hour, day of month, month and day of week, such as ''15 3 * * *'' for 03:15 every day.';
	END IF;
	IF trimmed ~ '^([0-9a-zA-Z*,/$-]+ ){4}[0-9a-zA-Z*,/$-]+$' OR trimmed ~ '^([0-9]+ seconds?|@[a-z]+)$' THEN
		RETURN trimmed;
	END IF;
	RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
		MESSAGE = format('argument "cron" must be five fields or an interval of seconds, not %L', cron),
		HINT = 'Write minute, hour, day of month, month and day of week, such as ''15 3 * * *'' for 03:15 every day, or ''30 seconds''.';
END $$;
COMMENT ON FUNCTION custseg._cron_schedule(text) IS
'A schedule with single blanks, after a check of its shape: five fields, N seconds, or a word such as @daily. pg_cron checks the values; it ignores what stands behind the fifth field, therefore this. 22004: NULL; 22023: another shape.';

CREATE FUNCTION custseg._check_scheduler(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	owner oid := (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = custseg._portfolio_schema(portfolio));
BEGIN
	IF NOT pg_has_role(owner, 'USAGE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('role "%s" may not schedule portfolio "%s"', current_user, portfolio),
			HINT = format('This takes the privileges of its owner, role "%s".', pg_get_userbyid(owner));
	END IF;
END $$;
COMMENT ON FUNCTION custseg._check_scheduler(text) IS
'Raises an error unless the portfolio exists and the caller has the privileges of its owner. 22004: portfolio is NULL; 42704: there is none of that name; 3F000: its schema is gone; 42501: the caller has not these privileges.';

-- pg_cron is loaded in this server, but its jobs are not kept in this database.
CREATE FUNCTION custseg._cron_elsewhere(cron_database text, job_sql text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	here text := current_database();
	install text := format(E'CREATE EXTENSION pg_cron;\nGRANT USAGE ON SCHEMA cron TO %I;\nand then the same call again.', current_user);
BEGIN
	CASE cron_database
		WHEN here THEN
			RETURN format(E'Nothing was changed: pg_cron is loaded for this database, "%s", but not created in it. Run here, as a superuser:\n%s',
				here, install);
		WHEN '' THEN
			RETURN format(E'Nothing was changed yet: pg_cron is loaded, but not created in this database, "%s". As a superuser, in the database that the setting cron.database_name names, run:\n%s\nWhere that is this one, run here instead:\n%s',
				here, job_sql, install);
		ELSE
			RETURN format(E'Nothing was changed yet: pg_cron runs from database "%s", not from this one, "%s". Run there, as a superuser:\n%s',
				cron_database, here, job_sql);
	END CASE;
END $$;
COMMENT ON FUNCTION custseg._cron_elsewhere(text, text) IS
'The text that schedule and unschedule return where pg_cron is loaded but cannot be used from this database: the database of pg_cron (empty: unknown), the statement to run there.';

CREATE FUNCTION custseg._cron_missing(portfolio text, cron text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	line text := custseg._crontab_line(portfolio, cron);
BEGIN
	RETURN format(E'Nothing was scheduled: this server does not load pg_cron. Install it (on Debian the package postgresql-%s-cron), add it to shared_preload_libraries in postgresql.conf, restart the server:\nshared_preload_libraries = ''pg_cron''\ncron.database_name = ''%s''\ncron.use_background_workers = on\nThen, in this database as a superuser:\nCREATE EXTENSION IF NOT EXISTS pg_cron;\nGRANT USAGE ON SCHEMA cron TO %I;\nand as role "%s":\nSELECT custseg.schedule(%L, %L);',
			current_setting('server_version_num')::int / 10000,
			replace(replace(current_database()::text, '\', '\\'), '''', ''''''),
			current_user, current_user, portfolio, cron)
		|| coalesce(E'\nWithout pg_cron, a line for the crontab of a system user who may connect by psql as that role:\n' || line, '');
END $$;
COMMENT ON FUNCTION custseg._cron_missing(text, text) IS
'The text that schedule returns where pg_cron is not loaded: how to install it, and a crontab line. portfolio, schedule.';

-- pg_cron checks the values of the schedule. A job that it replaces keeps being switched off, and in some versions its
-- database: such a one is made anew. Where pg_cron runs from another database, this is a copy of that, and no job stays.
CREATE FUNCTION custseg._cron_add(cron_schema text, portfolio text, cron text, OUT job bigint, OUT job_database text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	job_active boolean;
BEGIN
	FOR attempt IN 1 .. 2 LOOP
		BEGIN
			EXECUTE format('SELECT %I.schedule($1, $2, $3)', cron_schema) INTO job
			USING custseg._cron_job_name(portfolio), cron, custseg._cron_command(portfolio);
		EXCEPTION WHEN invalid_parameter_value THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('argument "cron" is not a schedule that pg_cron takes: %s', SQLERRM),
				DETAIL = format('pg_cron is at version %s.', (SELECT extversion FROM pg_extension WHERE extname = 'pg_cron')),
				HINT = 'Write minute, hour, day of month, month and day of week, such as ''15 3 * * *'' for 03:15 every day; from version 1.5 on also ''30 seconds'', up to 59.';
		END;
		EXECUTE format('SELECT database, active FROM %I.job WHERE jobid = $1', cron_schema) INTO job_database, job_active USING job;
		IF job_database = current_database() AND job_active THEN
			RETURN;
		END IF;
		EXECUTE format('SELECT %I.unschedule($1)', cron_schema) USING job;
		job := NULL;
	END LOOP;
END $$;
COMMENT ON FUNCTION custseg._cron_add(text, text, text) IS
'Adds or replaces the caller''s job: pg_cron''s schema, portfolio, schedule. Returns the job''s number and its database; the number is NULL where pg_cron runs from another database. 22023: a schedule that pg_cron does not take.';

CREATE FUNCTION custseg.schedule(portfolio text, cron text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
DECLARE
	cron_schema text := custseg._cron_schema();
	cron_database text := custseg._cron_setting('database_name');
	time_zone text := custseg._cron_setting('timezone');
	command text;
	remark text;
	job bigint;
	job_database text;
BEGIN
	PERFORM custseg._check_scheduler(portfolio);
	cron := custseg._cron_schedule(cron);
	IF NOT has_function_privilege(to_regprocedure('custseg.run_refresh(text, date)'), 'EXECUTE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('role "%s" may not call custseg.run_refresh, so its job for portfolio "%s" would fail', current_user, portfolio),
			HINT = format('Who installed custseg runs: SELECT custseg.grant_portfolios(%L);', current_user);
	END IF;
	IF NOT (SELECT rolcanlogin FROM pg_roles WHERE rolname = current_user) THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('role "%s" may not log in, so its job for portfolio "%s" would fail', current_user, portfolio),
			HINT = 'Schedule as a role that may log in and is a member of the portfolio''s owner.';
	END IF;
	IF cron_database IS NULL THEN
		RETURN custseg._cron_missing(portfolio, cron);
	END IF;
	command := format('SELECT cron.schedule_in_database(%L, %L, %L, %L, %L);',
		custseg._cron_job_name(portfolio, ' in ' || current_database()), cron, custseg._cron_command(portfolio),
		current_database(), current_user);
	IF cron_schema IS NULL OR cron_database NOT IN ('', current_database()) THEN
		RETURN custseg._cron_elsewhere(cron_database, command);
	END IF;
	IF NOT has_schema_privilege(cron_schema, 'USAGE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('role "%s" may not use pg_cron to schedule portfolio "%s"', current_user, portfolio),
			HINT = format('A superuser runs: GRANT USAGE ON SCHEMA %I TO %I;', cron_schema, current_user);
	END IF;
	SELECT a.job, a.job_database INTO job, job_database FROM custseg._cron_add(cron_schema, portfolio, cron) a;
	IF job IS NULL THEN
		RETURN custseg._cron_elsewhere(job_database, command);
	END IF;
	IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
		remark := ' It runs as a superuser: better schedule it as the portfolio''s owner.';
	END IF;
	RETURN format('Portfolio "%s" is refreshed on schedule "%s"%s by job %s of role "%s". What became of its runs is in %I.job_run_details.%s',
		portfolio, cron,
		CASE WHEN cron !~ 'second' THEN format(' (time zone %s)', coalesce(nullif(coalesce(time_zone, 'GMT'), ''), 'as set by cron.timezone')) END,
		job, current_user, cron_schema, remark);
END $$;
COMMENT ON FUNCTION custseg.schedule(text, text) IS
'Refreshes a portfolio regularly, by a job of pg_cron that belongs to the caller and runs CALL custseg.run_refresh. portfolio: its name. cron: minute, hour, day of month, month, day of week, such as ''15 3 * * *''; with pg_cron 1.5 or newer also ''30 seconds''; in the time zone of pg_cron, GMT unless set. The job is named custseg and the portfolio; scheduling again replaces the caller''s own one.
Returns a sentence that says what was scheduled or, where pg_cron runs from another database or is not there, that nothing was and the exact commands to run. 22004: an argument is NULL. 22023: a schedule that pg_cron does not take. 42704: unknown portfolio; 3F000: its schema is gone. 42501: the caller has not the privileges of the portfolio''s owner, may not call run_refresh or may not use pg_cron. 55000: the caller is a role that may not log in.';

CREATE FUNCTION custseg.unschedule(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
DECLARE
	cron_schema text := custseg._cron_schema();
	cron_database text := custseg._cron_setting('database_name');
	job record;
	removed text;
BEGIN
	IF cron_database IS NOT NULL AND cron_schema IS NOT NULL AND has_schema_privilege(cron_schema, 'USAGE') THEN
		FOR job IN EXECUTE format('SELECT jobid, schedule, username FROM %1$I.job WHERE jobname = $1 AND database = $2
				AND (username = current_user OR has_table_privilege(''%1$I.job'', ''DELETE'')) ORDER BY jobid', cron_schema)
			USING custseg._cron_job_name(portfolio), current_database()::text
		LOOP
			EXECUTE format('SELECT %I.unschedule($1)', cron_schema) USING job.jobid;
			removed := concat_ws(', ', removed, format('job %s of role "%s" on schedule "%s"', job.jobid, job.username, job.schedule));
		END LOOP;
	END IF;
	IF removed IS NOT NULL THEN
		RETURN format('Portfolio "%s" is no longer scheduled: removed %s.', portfolio, removed);
	END IF;
	PERFORM custseg._check_scheduler(portfolio);
	IF cron_database IS NULL THEN
		RETURN format('Portfolio "%s" has no job here: this server does not load pg_cron. A line in a crontab is removed there.', portfolio);
	END IF;
	IF cron_schema IS NULL OR cron_database NOT IN ('', current_database()) THEN
		RETURN custseg._cron_elsewhere(cron_database,
			format('SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = %L AND database = %L;',
				custseg._cron_job_name(portfolio, ' in ' || current_database()), current_database()));
	END IF;
	RETURN format('Portfolio "%s" has no job that role "%s" may remove; nothing was changed.', portfolio, current_user);
END $$;
COMMENT ON FUNCTION custseg.unschedule(text) IS
'Removes the job that schedule made for a portfolio: that of the caller; called by a superuser, those of all roles. A job that a dropped portfolio left is removed too. Returns a sentence that says what was removed or that there was nothing, or, where pg_cron runs from another database, the exact command to run there. 22004: portfolio is NULL; 42704: unknown portfolio, and no job; 42501: no job, and the caller has not the privileges of the portfolio''s owner.';
