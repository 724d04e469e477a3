-- run_refresh: a run for schedulers, which keeps a record of how it ended. And what other sessions see of a run.
--
-- The row of the run is committed first. So a run that fails, is cancelled or times out can be recorded; one whose
-- session or server ends leaves its row as it is, and the next run finds that nobody holds the lock on it.
--
-- A superuser may call the procedure, whose body runs with his rights: everything that touches the tables of a portfolio,
-- which may have triggers, is in functions that run as the portfolio's owner.

CREATE FUNCTION custseg.begin_run(portfolio text, as_of date) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.begin_run(text, date) IS
'The first part of run_refresh: writes the row of a run and returns its number; runs whose session has ended are marked as failed. as_of: the last day counted, checked by execute_run; NULL: yesterday in the portfolio''s time zone. Whoever calls it without run_refresh leaves a row that the next run marks as failed. 42501: not the owner; 42704: no such portfolio.';

CREATE FUNCTION custseg._execute_run(portfolio text, p_run_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT r.as_of INTO day FROM run AS r WHERE r.run_id = p_run_id AND r.state = 'running';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'argument "run_id" is %, which is no run that has begun', p_run_id
			USING ERRCODE = '22023', HINT = 'CALL custseg.run_refresh(portfolio) begins a run and executes it.';
	END IF;
	PERFORM custseg._run(portfolio, custseg._check_as_of(portfolio, day, false), p_run_id);
END
$$;
COMMENT ON FUNCTION custseg._execute_run(text, bigint) IS
'Internal: what execute_run does.';

CREATE FUNCTION custseg.execute_run(portfolio text, run_id bigint) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000;
COMMENT ON FUNCTION custseg.execute_run(text, bigint) IS
'The second part of run_refresh: does the run that begin_run has begun, as refresh does. 22023: no such run, as_of in the future or before the last run; 42501: not the owner; 42704: no such portfolio; 55P03: lock_timeout.';

CREATE FUNCTION custseg._fail_run(portfolio text, p_run_id bigint, p_sqlstate text, message text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	UPDATE run AS r
	SET state = 'failed', finished_at = clock_timestamp(), sqlstate = p_sqlstate, error = message
	WHERE r.run_id = p_run_id AND r.state = 'running';
END
$$;
COMMENT ON FUNCTION custseg._fail_run(text, bigint, text, text) IS
'Internal: what fail_run does.';

CREATE FUNCTION custseg.fail_run(portfolio text, run_id bigint, sqlstate text, message text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.fail_run(text, bigint, text, text) IS
'The last part of a run_refresh that failed: records the SQLSTATE and the message in the row of the run, unless it has ended. 42501: not the owner; 42704: no such portfolio.';

CREATE FUNCTION custseg._can_commit() RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_can_commit' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg._can_commit() IS
'Internal: whether the PL/pgSQL code that calls it could COMMIT: not in a transaction block, function or block with EXCEPTION.';

-- RAISE takes no NULL, and shows an empty detail.
CREATE FUNCTION custseg._raise(p_sqlstate text, p_message text, p_detail text, p_hint text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF p_detail <> '' AND p_hint <> '' THEN
		RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message, DETAIL = p_detail, HINT = p_hint;
	ELSIF p_detail <> '' THEN
		RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message, DETAIL = p_detail;
	ELSIF p_hint <> '' THEN
		RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message, HINT = p_hint;
	END IF;
	RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message;
END
$$;
COMMENT ON FUNCTION custseg._raise(text, text, text, text) IS
'Internal: raises an error that was caught before. An empty detail or hint is left out.';

CREATE PROCEDURE custseg.run_refresh(portfolio text, as_of date DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run_id bigint;
	lock_class int;
	lock_key int;
	failed boolean := false;
	-- Qualified: the procedure cannot pin search_path, and the other types are words of the grammar.
	state pg_catalog.text;
	message pg_catalog.text;
	detail pg_catalog.text;
	hint pg_catalog.text;
BEGIN
	IF NOT custseg._can_commit() THEN
		RAISE EXCEPTION 'run_refresh commits and cannot be called in a transaction block or function'
			USING ERRCODE := '25001', HINT := 'Call it alone, or call custseg.refresh(portfolio, as_of), which is part of the transaction.';
	END IF;

	run_id := custseg.begin_run(portfolio, as_of);
	SELECT l.class, l.key INTO lock_class, lock_key FROM custseg._run_lock(portfolio, run_id) AS l;
	PERFORM pg_catalog.pg_advisory_lock(lock_class, lock_key);
	COMMIT;

	-- Whatever the default of the session: a run may wait for another one, and must then see what that has written.
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	BEGIN
		PERFORM custseg.execute_run(portfolio, run_id);
	-- OTHERS does not catch the first two.
	EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
		GET STACKED DIAGNOSTICS state := RETURNED_SQLSTATE, message := MESSAGE_TEXT,
			detail := PG_EXCEPTION_DETAIL, hint := PG_EXCEPTION_HINT;
		failed := true;
	END;

	IF failed THEN
		ROLLBACK;
		BEGIN
			PERFORM custseg.fail_run(portfolio, run_id, state, message);
		EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
			RAISE WARNING 'the failure of run % of portfolio "%" was not recorded: %', run_id, portfolio, SQLERRM;
		END;
	END IF;
	COMMIT;
	PERFORM pg_catalog.pg_advisory_unlock(lock_class, lock_key);
	IF failed THEN
		PERFORM custseg._raise(state, message, detail, hint);
	END IF;
END
$$;
COMMENT ON PROCEDURE custseg.run_refresh(text, date) IS
'refresh for schedulers such as pg_cron: one run of a portfolio whose row in the portfolio''s table run is committed first. When the run fails, is cancelled or times out, the row says so with SQLSTATE and message, the error is raised again, and the portfolio is as the last good run left it. A run whose session or server ended is marked as failed by the next. as_of: the last day counted; NULL: yesterday in the portfolio''s time zone; an as_of before that of the last run is an error, use refresh to go back. Call it alone, not in a transaction. 25001: in a transaction block or function; 42501: not the owner; 42704: no such portfolio; and the errors of refresh.';

CREATE VIEW custseg.portfolio_progress AS
	SELECT l.pid, p.name AS portfolio,
		CASE WHEN l.granted
			THEN COALESCE(pg_catalog.substring(a.application_name, '^custseg ([^:]+): '), 'declaring') ELSE 'waiting' END AS step,
		a.usename AS role, a.xact_start AS since,
		CASE WHEN NOT l.granted THEN pg_catalog.pg_blocking_pids(l.pid) END AS blocked_by
	FROM pg_catalog.pg_locks AS l
	JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) l.database
	JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) l.objid
	JOIN custseg.portfolio AS p ON p.schema_name OPERATOR(pg_catalog.=) n.nspname::text
	LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
	WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
		AND l.classid OPERATOR(pg_catalog.=) 'custseg.portfolio'::pg_catalog.regclass::pg_catalog.oid
		AND l.objsubid OPERATOR(pg_catalog.=) 2
		AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();
COMMENT ON VIEW custseg.portfolio_progress IS
'The sessions that refresh a portfolio of this database or change its declarations, or wait to do so. A run is seen while it lasts.';
COMMENT ON COLUMN custseg.portfolio_progress.pid IS 'Process of the session; pg_cancel_backend(pid) cancels the run.';
COMMENT ON COLUMN custseg.portfolio_progress.portfolio IS 'Name of the portfolio.';
COMMENT ON COLUMN custseg.portfolio_progress.step IS 'Step of the run; waiting: for another session; declaring: declarations are changed, or a run has ended in an open transaction.';
COMMENT ON COLUMN custseg.portfolio_progress.role IS 'The role that logged in.';
COMMENT ON COLUMN custseg.portfolio_progress.since IS 'When its transaction began; NULL without the right to see it, which the role itself and members of pg_read_all_stats have.';
COMMENT ON COLUMN custseg.portfolio_progress.blocked_by IS 'Processes that it waits for; NULL: it does not wait.';
GRANT SELECT ON custseg.portfolio_progress TO PUBLIC;
GRANT SELECT ON custseg.portfolio_progress TO @extowner@ WITH GRANT OPTION;
