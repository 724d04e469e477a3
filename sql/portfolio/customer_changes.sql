-- Customers that turn out to be one, that must be forgotten, and history that is too old: merge_customer,
-- unmerge_customer, forget_customer, prune. All wait for a run to end, and a run waits for them.

-- Whether runs or sources know a customer. Sources are only read when no run knows him.
CREATE FUNCTION custseg._customer_exists(portfolio text, key text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known boolean;
	source_view name;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT EXISTS (SELECT FROM customer AS c WHERE c.customer_id = %L)', key) INTO known;
	FOR source_view IN
		SELECT c.relname FROM source AS s
		JOIN pg_namespace AS n ON n.nspname = custseg._portfolio_schema(portfolio)
		JOIN pg_class AS c ON c.relname = 'source_' || s.kind AND c.relnamespace = n.oid
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'customer_id'
		-- Those of accounts are members, not customers.
		WHERE s.kind <> 'accounts'
		ORDER BY s.kind
	LOOP
		EXIT WHEN known;
		EXECUTE format('SELECT EXISTS (SELECT FROM %I AS s WHERE s.customer_id = %L)', source_view, key) INTO known;
	END LOOP;
	RETURN known;
END
$$;
COMMENT ON FUNCTION custseg._customer_exists(text, text) IS
'Internal: whether the last run, or a source, has a customer.';

CREATE FUNCTION custseg._check_customer(portfolio text, customer text, argument text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text := custseg._customer_key(portfolio, customer, argument);
BEGIN
	IF NOT custseg._customer_exists(portfolio, key) THEN
		RAISE EXCEPTION 'argument "%": portfolio "%" has no customer "%"', argument, portfolio, left(key, 100)
			USING ERRCODE = '42704', HINT = 'Neither a run nor a source of the portfolio knows such a customer.';
	END IF;
	RETURN key;
END
$$;
COMMENT ON FUNCTION custseg._check_customer(text, text, text) IS
'Internal: a customer of a run or a source, as the database writes it. 42704: unknown; 22004, 22023: not a customer.';

-- The customer whom another was merged into; NULL: none.
CREATE FUNCTION custseg._merged_into(portfolio text, key text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	into_key text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT a.to_id::text FROM customer_alias AS a WHERE a.from_id = %L', key) INTO into_key;
	RETURN into_key;
END
$$;
COMMENT ON FUNCTION custseg._merged_into(text, text) IS
'Internal: the customer whom a customer was merged into; NULL: none.';

-- --- merge_customer -----------------------------------------------------------------

CREATE FUNCTION custseg._merge_customer(portfolio text, from_customer text, to_customer text, reason text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_key text;
	to_key text;
	before text;
	is_first boolean;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	from_key := custseg._check_customer(portfolio, from_customer, 'from_customer');
	to_key := custseg._check_customer(portfolio, to_customer, 'to_customer');
	-- Chains are kept flat: whoever is merged is merged into one who is not.
	to_key := coalesce(custseg._merged_into(portfolio, to_key), to_key);
	before := custseg._merged_into(portfolio, from_key);
	IF from_key = to_key THEN
		RAISE EXCEPTION 'arguments "from_customer" and "to_customer" are the same customer "%"', left(from_key, 100)
			USING ERRCODE = '22023', HINT = 'Or to_customer was merged into from_customer before: unmerge_customer takes that back.';
	END IF;
	IF before IS NOT NULL AND before <> to_key THEN
		RAISE EXCEPTION 'customer "%" was merged into "%" already', left(from_key, 100), left(before, 100)
			USING ERRCODE = '42710', HINT = 'Take that back with unmerge_customer, or merge that one.';
	END IF;

	is_first := NOT EXISTS (SELECT FROM customer_alias);
	EXECUTE format('INSERT INTO customer_alias (from_id, to_id, reason) VALUES (%L, %L, $1)
		ON CONFLICT (from_id) DO UPDATE SET reason = coalesce(excluded.reason, customer_alias.reason)', from_key, to_key)
	USING reason;
	EXECUTE format('UPDATE customer_alias AS a SET to_id = %L WHERE a.to_id = %L', to_key, from_key);
	-- Views are spared the join as long as there is nobody.
	IF is_first THEN
		PERFORM custseg._make_views(portfolio);
	END IF;
	RETURN format('%s counts for %s from the next refresh on', left(from_key, 100), left(to_key, 100));
END
$$;
COMMENT ON FUNCTION custseg._merge_customer(text, text, text, text) IS
'Internal: what merge_customer does.';

CREATE FUNCTION custseg.merge_customer(portfolio text, from_customer text, to_customer text, reason text DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.merge_customer(text, text, text, text) IS
'Two customers are one: from the next refresh on, what is of from_customer counts for to_customer, and from_customer leaves with the reason ''merged into ...''. The history of both stays. Who was merged into from_customer goes along; a to_customer that was merged itself stands for whom he was merged into. Overrides of from_customer do not move: set them for to_customer. Merging the same again only sets the reason. Returns what it did. 42704: no such portfolio or customer; 42710: from_customer was merged into another; 22023: both are one customer, or not a customer''s type; 22004: NULL; 42501: not the owner.';

CREATE FUNCTION custseg.merge_customer(portfolio text, from_customer bigint, to_customer bigint, reason text DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg.merge_customer(portfolio, from_customer::text, to_customer::text, reason);
END;
COMMENT ON FUNCTION custseg.merge_customer(text, bigint, bigint, text) IS
'The same as merge_customer(portfolio, from_customer::text, to_customer::text, reason).';

CREATE FUNCTION custseg.merge_customer(portfolio text, from_customer uuid, to_customer uuid, reason text DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg.merge_customer(portfolio, from_customer::text, to_customer::text, reason);
END;
COMMENT ON FUNCTION custseg.merge_customer(text, uuid, uuid, text) IS
'The same as merge_customer(portfolio, from_customer::text, to_customer::text, reason).';

CREATE FUNCTION custseg._unmerge_customer(portfolio text, from_customer text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text := custseg._customer_key(portfolio, from_customer, 'from_customer');
	before text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	EXECUTE format('DELETE FROM customer_alias AS a WHERE a.from_id = %L RETURNING a.to_id::text', key) INTO before;
	IF before IS NULL THEN
		RAISE EXCEPTION 'customer "%" of portfolio "%" was not merged', left(key, 100), portfolio
			USING ERRCODE = '42704', HINT = 'The table customer_alias of the portfolio has those who were.';
	END IF;
	RETURN format('%s counts for itself again from the next refresh on', left(key, 100));
END
$$;
COMMENT ON FUNCTION custseg._unmerge_customer(text, text) IS
'Internal: what unmerge_customer does.';

CREATE FUNCTION custseg.unmerge_customer(portfolio text, from_customer text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.unmerge_customer(text, text) IS
'Takes merge_customer back: from the next refresh on from_customer counts for himself, and comes in anew. Others that came along with him stay merged into where he was. Returns what it did. 42704: no such portfolio, or the customer was not merged; 22023: not a customer''s type; 22004: NULL; 42501: not the owner.';

CREATE FUNCTION custseg.unmerge_customer(portfolio text, from_customer bigint) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg.unmerge_customer(portfolio, from_customer::text);
END;
COMMENT ON FUNCTION custseg.unmerge_customer(text, bigint) IS
'The same as unmerge_customer(portfolio, from_customer::text).';

CREATE FUNCTION custseg.unmerge_customer(portfolio text, from_customer uuid) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg.unmerge_customer(portfolio, from_customer::text);
END;
COMMENT ON FUNCTION custseg.unmerge_customer(text, uuid) IS
'The same as unmerge_customer(portfolio, from_customer::text).';

-- --- forget_customer ----------------------------------------------------------------

-- What is kept of a forgotten customer. Runs compute it for each customer that sources have.
CREATE FUNCTION custseg._customer_hash(salt text, customer text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT sha256(convert_to(salt || customer, 'UTF8'));
END;
COMMENT ON FUNCTION custseg._customer_hash(text, text) IS
'Internal: SHA-256 of the salt of a portfolio and a customer, as the table forgotten has it.';

-- The salt, made when it is not there yet.
CREATE FUNCTION custseg._salt(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	salt text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO setting (name, value)
	SELECT 'salt', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
	ON CONFLICT (name) DO NOTHING;
	SELECT s.value INTO STRICT salt FROM setting AS s WHERE s.name = 'salt';
	RETURN salt;
END
$$;
COMMENT ON FUNCTION custseg._salt(text) IS
'Internal: the salt of the hashes in the table forgotten of a portfolio.';

CREATE FUNCTION custseg._forget_customer(portfolio text, customer text, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text;
	others text[];
	v_keys text;
	n bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	key := custseg._check_customer(portfolio, customer, 'customer');
	IF custseg._merged_into(portfolio, key) IS NOT NULL THEN
		RAISE EXCEPTION 'customer "%" was merged into "%"', left(key, 100), left(custseg._merged_into(portfolio, key), 100)
			USING ERRCODE = '22023', HINT = 'Forget that one, who stands for both, or take the merger back first with unmerge_customer.';
	END IF;
	-- Who was merged into him is him.
	EXECUTE format('SELECT array_agg(a.from_id::text) FROM customer_alias AS a WHERE a.to_id = %L', key) INTO others;
	others := coalesce(others, '{}') || key;
	SELECT string_agg(quote_literal(o.o), ', ') INTO v_keys FROM unnest(others) AS o (o);

	INSERT INTO forgotten (customer_hash)
	SELECT custseg._customer_hash(custseg._salt(portfolio), o.o) FROM unnest(others) AS o (o)
	ON CONFLICT (customer_hash) DO NOTHING;

	EXECUTE format('DELETE FROM customer_alias AS a WHERE a.to_id = %L', key);
	GET DIAGNOSTICS n = ROW_COUNT;
	IF n > 0 THEN
		table_name := 'customer_alias';
		"rows" := n;
		RETURN NEXT;
	END IF;
	-- Whatever table has customers, those of later versions and of the owner too.
	FOR table_name IN
		SELECT c.relname FROM pg_class AS c
		JOIN pg_namespace AS s ON s.oid = c.relnamespace AND s.nspname = custseg._portfolio_schema(portfolio)
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'customer_id' AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
		ORDER BY c.relname
	LOOP
		EXECUTE format('DELETE FROM %I AS t WHERE t.customer_id IN (%s)', table_name, v_keys);
		GET DIAGNOSTICS n = ROW_COUNT;
		IF n > 0 THEN
			"rows" := n;
			RETURN NEXT;
		END IF;
	END LOOP;
	-- Others who were merged into him for a time say so.
	UPDATE tier_transition AS t SET reason = 'merged into a forgotten customer'
	WHERE t.transition = 'exit' AND t.reason IN (SELECT 'merged into ' || o.o FROM unnest(others) AS o (o));
	UPDATE customer AS c SET reason = 'merged into a forgotten customer'
	WHERE c.reason IN (SELECT 'merged into ' || o.o FROM unnest(others) AS o (o));
	PERFORM custseg._clear_stage(portfolio, 'stage_state');
	-- The largest customer of a run is named.
	UPDATE quality AS q SET detail = NULL WHERE q.detail IN (SELECT left(o.o, 100) FROM unnest(others) AS o (o));
END
$$;
COMMENT ON FUNCTION custseg._forget_customer(text, text) IS
'Internal: what forget_customer does.';

CREATE FUNCTION custseg.forget_customer(portfolio text, customer text, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION custseg.forget_customer(text, text) IS
'Erases a customer, and who was merged into him, from every table of the portfolio''s schema that has a column customer_id, and keeps runs from taking him in again: only a salted hash remains, in forgotten. Counts of earlier runs stay. The sources are not touched: erase him there too. Messages of runs that failed are not searched. VACUUM then removes the rows from the files. Returns the tables from which rows were deleted, and how many. 42704: no such portfolio or customer; 22023: merged into another, or not a customer''s type; 22004: NULL; 42501: not the owner.';

CREATE FUNCTION custseg.forget_customer(portfolio text, customer bigint, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
	SELECT * FROM custseg.forget_customer(portfolio, customer::text);
END;
COMMENT ON FUNCTION custseg.forget_customer(text, bigint) IS
'The same as forget_customer(portfolio, customer::text).';

CREATE FUNCTION custseg.forget_customer(portfolio text, customer uuid, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
	SELECT * FROM custseg.forget_customer(portfolio, customer::text);
END;
COMMENT ON FUNCTION custseg.forget_customer(text, uuid) IS
'The same as forget_customer(portfolio, customer::text).';

-- --- prune --------------------------------------------------------------------------

-- What of each table is older than a day and not needed to say how things were on that day or later, so that a run can
-- still be taken back to it. Tables that a portfolio does not have are skipped.
CREATE FUNCTION custseg._prunable(OUT table_name text, OUT counts boolean, OUT condition text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT v.table_name, v.counts, v.condition
	FROM (VALUES
		('membership', false, 't.until < $1'),
		('allocation', false, 't.until < $1'),
		('assignment', false, 't.until < $1'),
		('tier_transition', false, 't.as_of < $1 AND EXISTS (SELECT FROM tier_transition AS l
			WHERE l.customer_id = t.customer_id AND l.as_of > t.as_of AND l.as_of < $1)'),
		('score_history', false, 't.as_of < $1'),
		('model', false, 't.as_of < $1 AND EXISTS (SELECT FROM model AS l
			WHERE l.name = t.name AND l.as_of > t.as_of AND l.as_of < $1)'),
		('class_count', true, 't.as_of < $1'),
		('class_total', true, 't.as_of < $1'),
		('attainment_history', true, 't.as_of < $1'),
		('resource_allocation', true, 't.as_of < $1'),
		('tier_allocation', true, 't.as_of < $1'),
		('quality', true, 't.as_of < $1'),
		('run', true, 't.as_of < $1 AND t.state <> ''running'' AND t.run_id <> coalesce((SELECT max(l.run_id) FROM run AS l
			WHERE l.state = ''done'' AND l.as_of < $1), 0)')
	) AS v (table_name, counts, condition);
END;
COMMENT ON FUNCTION custseg._prunable() IS
'Internal: which rows of which tables prune deletes, $1 being the first day to be kept; counts: kept as long as the setting keep_runs says.';

CREATE FUNCTION custseg._prune(portfolio text, keep interval, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	last date;
	keep_counts interval;
	part record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF keep IS NULL THEN
		RAISE EXCEPTION 'argument "keep" must not be null'
			USING ERRCODE = '22004', HINT = 'Say how much history is to stay, such as ''3 years''.';
	END IF;
	IF keep < '0' THEN
		RAISE EXCEPTION 'argument "keep" is %, which is negative', keep
			USING ERRCODE = '22023', HINT = 'Say how much history is to stay, such as ''3 years''.';
	END IF;
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT p.last_as_of INTO STRICT last FROM portfolio AS p;
	keep_counts := coalesce(nullif(custseg._option(portfolio, 'keep_runs'), '')::interval, keep);
	FOR part IN SELECT p.* FROM custseg._prunable() AS p ORDER BY p.table_name LOOP
		CONTINUE WHEN last IS NULL
			OR to_regclass(format('%I.%I', custseg._portfolio_schema(portfolio), part.table_name)) IS NULL;
		EXECUTE format('DELETE FROM %I AS t WHERE %s', part.table_name, part.condition)
		USING (last - CASE WHEN part.counts THEN keep_counts ELSE keep END)::date;
		GET DIAGNOSTICS "rows" = ROW_COUNT;
		table_name := part.table_name;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._prune(text, interval) IS
'Internal: what prune does.';

CREATE FUNCTION custseg.prune(portfolio text, keep interval, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION custseg.prune(text, interval) IS
'Deletes the history of a portfolio that is older than keep before the day of the last run: memberships, allocations and assignments that ended, transitions, scores, models that were replaced, and, older than the setting keep_runs where it is set, the rows of runs and counts. What says how things were on the first day kept stays, so that a run can still be taken back to it; the present is not touched. Returns how many rows of which table. 42704: no such portfolio; 22023: negative; 22004: NULL; 42501: not the owner.';
