-- refresh: one run of a portfolio.
--
-- A run holds an advisory lock on the portfolio to the end of its transaction; so do changes of declarations. All tables
-- are written in one transaction, so a run that fails, or whose server is killed, leaves nothing.

-- Waits until no other run and no change of declarations is under way.
CREATE FUNCTION custseg._lock_portfolio(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM pg_advisory_xact_lock('custseg.portfolio'::regclass::oid::int, n.oid::int)
	FROM pg_namespace AS n WHERE n.nspname = custseg._portfolio_schema(portfolio);
EXCEPTION WHEN lock_not_available THEN
	RAISE EXCEPTION 'portfolio "%" is being refreshed or changed by another session', portfolio
		USING ERRCODE = '55P03', DETAIL = format('It was waited for as long as lock_timeout allows: %s.', current_setting('lock_timeout')),
		HINT = 'custseg.portfolio_progress shows which session that is, and what it does.';
END
$$;
COMMENT ON FUNCTION custseg._lock_portfolio(text) IS
'Internal: locks a portfolio against runs and changes of declarations until the end of the transaction. 55P03: lock_timeout has passed.';

-- What another session sees of a run, see custseg.portfolio_progress. The step stands first: PostgreSQL cuts the text at
-- 63 bytes, and a portfolio may have a long name.
CREATE FUNCTION custseg._show_progress(portfolio text, step text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('application_name', format('custseg %s: %s', step, portfolio), true);
END
$$;
COMMENT ON FUNCTION custseg._show_progress(text, text) IS
'Internal: shows the step of a run, a text without a colon, in application_name, until the call of the public function ends.';

-- Adds a step with its milliseconds.
CREATE FUNCTION custseg._timed(timings jsonb, step text, since timestamptz) RETURNS jsonb
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT timings || pg_catalog.jsonb_build_object(step,
		pg_catalog.round((EXTRACT(epoch FROM pg_catalog.clock_timestamp() - since) * 1000)::numeric, 1));
END;
COMMENT ON FUNCTION custseg._timed(jsonb, text, timestamptz) IS
'Internal: timings with one more step that began at a moment.';

CREATE FUNCTION custseg._last_day(portfolio text) RETURNS date
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (SELECT (now() AT TIME ZONE p.time_zone)::date - 1 FROM portfolio AS p);
END
$$;
COMMENT ON FUNCTION custseg._last_day(text) IS
'Internal: the last complete day in the time zone of a portfolio.';

-- The day that a run counts up to, checked.
CREATE FUNCTION custseg._check_as_of(portfolio text, as_of date, backdated boolean) RETURNS date
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	today date;
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.* INTO STRICT home FROM portfolio AS p;
	today := custseg._last_day(portfolio) + 1;
	day := coalesce(as_of, today - 1);
	IF NOT isfinite(day) OR day > today THEN
		RAISE EXCEPTION 'argument "as_of" is %, which is %', day, CASE WHEN isfinite(day) THEN 'in the future' ELSE 'no day' END
			USING ERRCODE = '22023', HINT = format('Today is %s in the time zone %s of the portfolio.', today, home.time_zone);
	END IF;
	IF day < home.last_as_of AND backdated IS NOT TRUE THEN
		RAISE EXCEPTION 'argument "as_of" is %, but portfolio "%" was refreshed up to %', day, portfolio, home.last_as_of
			USING ERRCODE = '22023',
			HINT = 'To go back, and take the history after that day back, say backdated => true.';
	END IF;
	RETURN day;
END
$$;
COMMENT ON FUNCTION custseg._check_as_of(text, date, boolean) IS
'Internal: as_of of a run, by default the last complete day in the portfolio''s time zone. 22023: in the future, or before the last run.';

-- Empties a working table. TRUNCATE gives the space back at once, but waits for whoever reads the table, and pg_dump
-- reads all tables for as long as it takes: then the rows are deleted.
CREATE FUNCTION custseg._clear_stage(portfolio text, stage name) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	BEGIN
		EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE NOWAIT', stage);
		EXECUTE format('TRUNCATE %I', stage);
	EXCEPTION WHEN lock_not_available THEN
		EXECUTE format('DELETE FROM %I', stage);
	END;
END
$$;
COMMENT ON FUNCTION custseg._clear_stage(text, name) IS
'Internal: empties a working table of a portfolio without waiting for those who read it.';

-- Reads the orders into stage_customer; returns what was counted.
CREATE FUNCTION custseg._stage_customers(portfolio text, as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	present text[];
	before record;
	counts jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.* INTO STRICT home FROM portfolio AS p;
	SELECT s.columns INTO present FROM source AS s WHERE s.kind = 'orders';
	SELECT r.as_of, r.orders INTO before FROM run AS r
	WHERE r.state = 'done' AND r.as_of < _stage_customers.as_of ORDER BY r.run_id DESC LIMIT 1;

	PERFORM custseg._clear_stage(portfolio, 'stage_customer');
	-- Waits for a load that has truncated a table and not ended. What waits below has its snapshot already, in which the new
	-- rows are not there yet, while the old ones are gone.
	PERFORM FROM source_orders LIMIT 0;
	EXECUTE format('INSERT INTO stage_customer (customer_id, purchases, counts)
		SELECT * FROM custseg._portfolio_purchases(NULL::%s, %L, $1, $2, %L)%s',
		home.customer_type, format('SELECT customer_id, ordered_at, amount%s FROM %I.source_orders',
			CASE WHEN 'order_id' = ANY (present) THEN ', cost, order_id' WHEN 'cost' = ANY (present) THEN ', cost' ELSE '' END,
			custseg._portfolio_schema(portfolio)), home.time_zone,
		-- A first run writes all tables in the order of their indexes.
		CASE WHEN NOT EXISTS (SELECT FROM customer) THEN ' ORDER BY 1' ELSE '' END)
	USING as_of, before.as_of;
	DELETE FROM stage_customer AS s WHERE s.counts IS NOT NULL RETURNING s.counts INTO counts;

	-- Customers that are one: what there is of all of them counts for the one that remains.
	IF EXISTS (SELECT FROM customer_alias) THEN
		WITH gone AS (
			DELETE FROM stage_customer AS s
			WHERE EXISTS (SELECT FROM customer_alias AS a WHERE s.customer_id IN (a.from_id, a.to_id))
			RETURNING s.customer_id, s.purchases
		)
		INSERT INTO stage_customer (customer_id, purchases)
		SELECT coalesce(a.to_id, g.customer_id), custseg.rollup(g.purchases)
		FROM gone AS g LEFT JOIN customer_alias AS a ON a.from_id = g.customer_id
		GROUP BY 1;
	END IF;
	counts := counts || jsonb_build_object('late', (counts ->> 'late_base')::bigint - before.orders);
	RETURN counts || custseg._stage_sources(portfolio, as_of);
END
$$;
COMMENT ON FUNCTION custseg._stage_customers(text, date) IS
'Internal: reads the sources of a portfolio into stage_customer; returns what was counted.';

-- Whoever runs a portfolio outside one transaction holds an advisory lock on the run, so that a run whose session has
-- ended can be told from one that is under way.
CREATE FUNCTION custseg._run_lock(portfolio text, run_id bigint, OUT class int, OUT key int)
RETURNS record
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT n.oid::int, (run_id OPERATOR(pg_catalog.&) 2147483647)::int
	FROM pg_catalog.pg_namespace AS n
	WHERE n.nspname OPERATOR(pg_catalog.=) custseg._portfolio_schema(portfolio);
END;
COMMENT ON FUNCTION custseg._run_lock(text, bigint) IS
'Internal: the advisory lock that says that a run is under way.';

-- Runs whose lock is free have lost their session.
CREATE FUNCTION custseg._fail_orphans(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	orphan record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR orphan IN
		SELECT r.run_id, l.class, l.key FROM run AS r CROSS JOIN LATERAL custseg._run_lock(portfolio, r.run_id) AS l
		WHERE r.state = 'running' ORDER BY r.run_id
	LOOP
		-- A run that has ended since has another state by now, which the second condition sees.
		IF pg_try_advisory_xact_lock(orphan.class, orphan.key) THEN
			UPDATE run AS r
			SET state = 'failed', finished_at = clock_timestamp(), error = 'the server or the session ended'
			WHERE r.run_id = orphan.run_id AND r.state = 'running';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._fail_orphans(text) IS
'Internal: marks runs that are not under way any more as failed.';

CREATE FUNCTION custseg._begin_run(portfolio text, as_of date) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	id bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._fail_orphans(portfolio);
	INSERT INTO run (as_of, state) SELECT coalesce(_begin_run.as_of, custseg._last_day(portfolio)), 'running' RETURNING run_id INTO id;
	RETURN id;
END
$$;
COMMENT ON FUNCTION custseg._begin_run(text, date) IS
'Internal: writes the row of a run that begins; returns its number. as_of NULL: the last complete day.';

-- The steps of one run.
CREATE FUNCTION custseg._run(portfolio text, as_of date, p_run_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	last date;
	v_counts jsonb;
	v_models jsonb;
	v_timings jsonb := '{}';
	v_criteria int;
	began timestamptz := clock_timestamp();
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Under REPEATABLE READ what another run wrote while this one waited cannot be seen: that is an error here.
	SELECT p.last_as_of INTO STRICT last FROM portfolio AS p FOR UPDATE;
	v_criteria := custseg._criteria_version(portfolio, as_of);
	IF as_of <= last THEN
		PERFORM custseg._show_progress(portfolio, 'taking back');
		PERFORM custseg._undo(portfolio, as_of);
		v_timings := custseg._timed(v_timings, 'undo', began);
	END IF;

	PERFORM custseg._show_progress(portfolio, 'reading sources');
	began := clock_timestamp();
	v_counts := custseg._stage_customers(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'sources', began);

	PERFORM custseg._show_progress(portfolio, 'judging the data');
	began := clock_timestamp();
	PERFORM custseg._quality(portfolio, as_of, v_counts);
	v_timings := custseg._timed(v_timings, 'quality', began);

	PERFORM custseg._show_progress(portfolio, 'fitting models');
	began := clock_timestamp();
	v_models := custseg._fit_models(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'models', began);

	PERFORM custseg._show_progress(portfolio, 'scores, segments, tiers');
	began := clock_timestamp();
	PERFORM custseg._stage_state(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'state', began);

	PERFORM custseg._show_progress(portfolio, 'writing');
	began := clock_timestamp();
	v_counts := v_counts || custseg._write_state(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'write', began);

	PERFORM custseg._show_progress(portfolio, 'dividing resources');
	began := clock_timestamp();
	v_counts := v_counts || custseg._allocate_resources(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'resources', began);

	PERFORM custseg._show_progress(portfolio, 'assigning agents');
	began := clock_timestamp();
	v_counts := v_counts || custseg._assign_agents(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'agents', began);

	UPDATE portfolio AS p SET last_as_of = _run.as_of;

	PERFORM custseg._show_progress(portfolio, 'counts, scores, targets');
	began := clock_timestamp();
	PERFORM custseg._count_sources(portfolio, as_of);
	PERFORM custseg._keep_scores(portfolio, as_of);
	PERFORM custseg._measure_targets(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'reports', began);
	UPDATE run AS r
	SET state = 'done', finished_at = clock_timestamp(), customers = (SELECT count(*) FROM stage_customer),
		orders = (v_counts ->> 'orders')::bigint, late_orders = (v_counts ->> 'late')::bigint, counts = v_counts, timings = v_timings, models = v_models,
		criteria_version = v_criteria
	WHERE r.run_id = p_run_id;
	-- So small that autovacuum leaves them alone; without this, after a restore too, views expect hundreds of portfolios.
	ANALYZE portfolio, tier, component, model;
END
$$;
COMMENT ON FUNCTION custseg._run(text, date, bigint) IS
'Internal: the steps of one run of a portfolio, in the transaction of the caller.';

CREATE FUNCTION custseg._refresh(portfolio text, as_of date, dry_run boolean, backdated boolean,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	day := custseg._check_as_of(portfolio, as_of, backdated);
	PERFORM custseg._run(portfolio, day, custseg._begin_run(portfolio, day));
	RETURN QUERY SELECT * FROM custseg._moves(portfolio, coalesce(dry_run, false));
END
$$;
COMMENT ON FUNCTION custseg._refresh(text, date, boolean, boolean) IS
'Internal: what refresh does.';

-- What the run that has just ended has moved, from its stage.
CREATE FUNCTION custseg._moves(portfolio text, p_each boolean,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY EXECUTE format('
		SELECT %s, v.dimension, v.transition, v.was, v.now, %s, count(*)
		FROM stage_state AS s
		CROSS JOIN LATERAL (VALUES
			(''tier'', s.transition, s.from_tier, s.tier, s.reason, s.state_change),
			(''segment'', CASE WHEN s.from_segment IS NULL THEN ''enter'' WHEN s.segment IS NULL THEN ''exit'' ELSE ''move'' END,
				s.from_segment, s.segment,
				CASE WHEN s.segment IS NULL THEN ''no purchase'' ELSE concat_ws(''-'', s.r, s.f, s.m) END, s.from_segment IS DISTINCT FROM s.segment)
		) AS v (dimension, transition, was, now, reason, moved)
		WHERE v.moved
		GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 2 DESC, 3, 4, 5, 1',
		CASE WHEN p_each THEN 's.customer_id::text' ELSE 'NULL::text' END,
		CASE WHEN p_each THEN 'v.reason' ELSE 'NULL::text' END);
END
$$;
COMMENT ON FUNCTION custseg._moves(text, boolean) IS
'Internal: the moves of the run that has just ended, for each customer or counted.';

CREATE FUNCTION custseg.refresh(portfolio text, as_of date DEFAULT NULL, dry_run boolean DEFAULT false,
	backdated boolean DEFAULT false,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_refresh' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100;
COMMENT ON FUNCTION custseg.refresh(text, date, boolean, boolean) IS
'One run of a portfolio: reads the sources, scores, assigns segments and tiers, divides resources, and writes what changed. Returns how many customers moved from where to where (customer_id and reason NULL). as_of: the last day counted; NULL: yesterday in the portfolio''s time zone. dry_run: returns each customer who would move, and why, and leaves nothing. backdated: allows an as_of before that of the last run; the history after it is taken back. The same as_of again gives the same result. It runs as the owner of the portfolio, who needs to read all rows of the sources, and waits for another run, and for a change of declarations, to end, as long as lock_timeout allows. In a REPEATABLE READ transaction a run that began before the other ended fails with 40001. 42501: not the owner; 42704: no such portfolio; 22023: as_of in the future or before the last run; 55P03: lock_timeout.';
