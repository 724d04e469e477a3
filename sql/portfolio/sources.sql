-- add_source and drop_source: what a portfolio reads besides its orders.

-- The key of a source that no two rows may share, as SQL over s; NULL: they may.
CREATE FUNCTION custseg._source_key(kind text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN kind IN ('customers', 'measures', 'accounts') THEN 's.customer_id' WHEN kind = 'rates' THEN 's.currency, s.day' END;
END;
COMMENT ON FUNCTION custseg._source_key(text) IS
'Internal: the columns of a kind of source that no two rows may share; NULL: none.';

-- Reads a source that was just made; returns a sentence about it.
CREATE FUNCTION custseg._check_source(portfolio text, p_kind text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unique_key text := custseg._source_key(p_kind);
	double text;
	n bigint;
	without bigint[];
	required text[];
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT array_agg(c.name::text ORDER BY c.place) INTO required
	FROM custseg._source_columns() AS c WHERE c.kind = p_kind AND c.required AND c.type IN ('key', 'day');
	EXECUTE format('SELECT count(*), ARRAY[%s] FROM %I AS s',
		(SELECT string_agg(format('count(*) - count(s.%I)', r.name), ', ' ORDER BY r.place)
		FROM unnest(required) WITH ORDINALITY AS r (name, place)), 'source_' || p_kind) INTO n, without;

	IF unique_key IS NOT NULL THEN
		EXECUTE format('SELECT left(concat_ws('' '', %1$s), 100) FROM %2$I AS s WHERE %3$s
			GROUP BY %1$s HAVING count(*) > 1 ORDER BY %1$s LIMIT 1', unique_key, 'source_' || p_kind,
			replace(unique_key, ',', ' IS NOT NULL AND') || ' IS NOT NULL') INTO double;
		IF double IS NOT NULL THEN
			RAISE EXCEPTION 'source "%" has several rows for "%"', p_kind, double
				USING ERRCODE = '21000', HINT = format('Give a query with one row for each %s.', replace(unique_key, 's.', ''));
		END IF;
	END IF;
	IF p_kind = 'rates' THEN
		EXECUTE 'SELECT format(''%s of %s on %s'', s.rate, s.currency, s.day) FROM source_rates AS s
			WHERE NOT (s.rate > 0 AND s.rate < ''Infinity'') LIMIT 1' INTO double;
		IF double IS NOT NULL THEN
			RAISE EXCEPTION 'source "rates" has the rate %', double
				USING ERRCODE = '22023', HINT = 'A rate is a number above 0: what one unit of the currency is worth.';
		END IF;
	END IF;
	RETURN format('source "%s" has %s rows%s', p_kind, n,
		(SELECT string_agg(format(', %s of them without %s, which do not count', w.n, r.name), '' ORDER BY r.place)
		FROM unnest(required) WITH ORDINALITY AS r (name, place)
		JOIN unnest(without) WITH ORDINALITY AS w (n, place) USING (place) WHERE w.n > 0));
END
$$;
COMMENT ON FUNCTION custseg._check_source(text, text) IS
'Internal: checks the rows of a source; returns how many there are. 21000: several rows of a key; 22023: a rate that is none.';

-- Writes down that a source is there, once its view is made.
CREATE FUNCTION custseg._record_source(portfolio text, p_kind text, query text, present text[]) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO source AS s (kind, definition, columns) VALUES (p_kind, query, present)
	ON CONFLICT (kind) DO UPDATE SET definition = excluded.definition, columns = excluded.columns, added_at = now();
	RETURN custseg._check_source(portfolio, p_kind);
END
$$;
COMMENT ON FUNCTION custseg._record_source(text, text, text, text[]) IS
'Internal: records a source whose view is made, and checks its rows; returns how many there are.';

-- Which kinds add_source and drop_source take.
CREATE FUNCTION custseg._check_kind(portfolio text, p_kind text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF p_kind IS NULL THEN
		RAISE EXCEPTION 'argument "kind" must not be null'
			USING ERRCODE = '22004', HINT = 'custseg.source_kinds() lists the kinds.';
	END IF;
	IF NOT EXISTS (SELECT FROM custseg.source_kinds() AS k WHERE k.kind = p_kind) THEN
		RAISE EXCEPTION 'argument "kind" is "%"', p_kind
			USING ERRCODE = '22023', HINT = format('It must be one of: %s. Orders and accounts are given to create_portfolio.',
				(SELECT string_agg(k.kind, ', ') FROM custseg.source_kinds() AS k));
	END IF;
	IF p_kind = 'rates' AND NOT EXISTS (SELECT FROM source AS s WHERE s.kind = 'orders' AND 'currency' = ANY (s.columns)) THEN
		RAISE EXCEPTION 'the orders of portfolio "%" have no currency, so rates would change nothing', portfolio
			USING ERRCODE = '22023', HINT = 'The column is given to create_portfolio, in argument "currency".';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_kind(text, text) IS
'Internal: refuses what is no kind of source. 22023: it is none, or one that the portfolio has no use for; 22004: NULL.';

-- Drops the view of a source that nothing of ours reads any more.
CREATE FUNCTION custseg._drop_source_view(portfolio text, p_kind text, view_name name) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	detail text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('DROP VIEW %I', view_name);
EXCEPTION WHEN dependent_objects_still_exist THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE EXCEPTION 'other objects depend on source "%" of portfolio "%"', p_kind, portfolio
		USING ERRCODE = '2BP01', DETAIL = replace(detail, view_name, 'source_' || p_kind), HINT = 'Drop these first.';
END
$$;
COMMENT ON FUNCTION custseg._drop_source_view(text, text, name) IS
'Internal: drops the view of a source. 2BP01: a view of somebody else reads it.';

CREATE FUNCTION custseg._add_source(portfolio text, kind text, query text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	schema name := custseg._portfolio_schema(portfolio);
	present text[];
	aside boolean := false;
	note text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_kind(portfolio, kind);
	SELECT p.customer_type::regtype AS key_type, p.time_zone INTO STRICT home FROM portfolio AS p;
	BEGIN
		present := custseg._create_source_view(schema, kind, query, 'query', home.key_type, home.time_zone);
	EXCEPTION WHEN invalid_table_definition THEN
		-- It has other columns than the one before, which views of ours may read: they are made anew over the new one.
		EXECUTE format('ALTER VIEW %I RENAME TO %I', 'source_' || kind, 'source_' || kind || '_before');
		present := custseg._create_source_view(schema, kind, query, 'query', home.key_type, home.time_zone);
		aside := true;
	END;
	note := custseg._record_source(portfolio, kind, query, present);
	IF kind = 'rates' THEN
		PERFORM custseg._convert_orders(schema);
	END IF;
	PERFORM custseg._make_views(portfolio);
	IF aside THEN
		PERFORM custseg._drop_source_view(portfolio, kind, ('source_' || kind || '_before')::name);
	END IF;
	RETURN note;
END
$$;
COMMENT ON FUNCTION custseg._add_source(text, text, text) IS
'Internal: what add_source does.';

CREATE FUNCTION custseg._drop_source(portfolio text, kind text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_kind(portfolio, kind);
	DELETE FROM source AS s WHERE s.kind = _drop_source.kind;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'portfolio "%" has no source "%"', portfolio, kind
			USING ERRCODE = '42704', HINT = 'Its table source lists those that it has.';
	END IF;
	EXECUTE format('ALTER VIEW %I RENAME TO %I', 'source_' || kind, 'source_' || kind || '_before');
	IF kind = 'rates' THEN
		PERFORM custseg._convert_orders(custseg._portfolio_schema(portfolio));
	END IF;
	PERFORM custseg._make_views(portfolio);
	PERFORM custseg._drop_source_view(portfolio, kind, ('source_' || kind || '_before')::name);
END
$$;
COMMENT ON FUNCTION custseg._drop_source(text, text) IS
'Internal: what drop_source does.';

CREATE FUNCTION custseg.add_source(portfolio text, kind text, query text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.add_source(text, text, text) IS
'Gives a portfolio a source besides its orders, or replaces it: makes the view source_<kind> in its schema and checks its rows at once. Returns how many there are. kind: see custseg.source_kinds(). query: a table, a view or a SELECT; its columns are found by name: customers(customer_id, account_id?, brand?, name?, industry?, region?, size?, is_test?, since?), events(customer_id, at, kind?, channel?, weight?), feedback(customer_id, at, score, scale?, topic?, channel?, comment?), needs(customer_id, need, priority?, valid_from?, valid_until?), costs(customer_id, day, amount, kind?), opportunities(customer_id, opened, closed?, value, won?, owner?), usage(customer_id, resource, day, amount), measures(customer_id, numeric columns), rates(currency, day, rate). customers and measures keep all further columns; other sources only those. A timestamptz becomes a day in the time zone of the portfolio. 42703: a column is missing; 42804: one is of another type, or customer_id of another than in the orders; 21000: several rows of a customer in customers or measures, of a currency and day in rates; 22023: no such kind, or more than one SELECT; 42P01: no such relation; 2BP01: a view of yours reads what the source no longer has.';

CREATE FUNCTION custseg.drop_source(portfolio text, kind text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_source(text, text) IS
'Takes a source away from a portfolio. kind: as in add_source. 42704: the portfolio does not have it; 22023: no such kind, or a measure that is in use needs it; 2BP01: a view of yours reads it.';
