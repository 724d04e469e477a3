-- The quality of what a run has read. Each check is a count and the share of all that was looked at; above one threshold
-- it warns, above another the run stops, and what it has done so far is rolled back.

-- What is wrong with the currencies of the orders up to a day; NULL: nothing.
CREATE FUNCTION custseg._currency_problem(portfolio text, as_of date) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text;
	n bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'rates') THEN
		SELECT string_agg(format('%s on %s', coalesce(c.currency, '(none)'), c.day), ', ' ORDER BY c.currency)
		INTO found FROM (
			SELECT o.currency, min(o.day) AS day FROM source_orders AS o
			WHERE o.rate IS NULL AND o.day <= as_of GROUP BY o.currency ORDER BY o.currency LIMIT 10
		) AS c;
		RETURN 'there is no rate for ' || found;
	END IF;
	SELECT count(*), string_agg(coalesce(c.currency, '(none)'), ', ' ORDER BY c.currency) INTO n, found
	FROM (SELECT DISTINCT o.currency FROM source_orders AS o WHERE o.day <= as_of ORDER BY o.currency LIMIT 10) AS c;
	RETURN CASE WHEN n > 1 THEN format('they have several currencies, and there are no rates: %s', found) END;
END
$$;
COMMENT ON FUNCTION custseg._currency_problem(text, date) IS
'Internal: why the amounts of a portfolio whose orders have a currency cannot be added up, naming up to 10 currencies; NULL: they can.';

-- The checks of the orders: rows found, and of how many.
CREATE FUNCTION custseg._check_quality_of_orders(portfolio text, as_of date, counts jsonb,
	OUT source text, OUT "check" text, OUT rows bigint, OUT total bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	all_rows bigint := counts ->> 'rows';
	counted bigint := counts ->> 'orders';
	late bigint := counts ->> 'late';
	largest record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT s.customer_id::text AS id, custseg.orders(s.purchases) AS n, sum(custseg.orders(s.purchases)) OVER () AS total
	INTO largest FROM stage_customer AS s WHERE s.purchases IS NOT NULL ORDER BY 2 DESC, 1 LIMIT 1;
	RETURN QUERY
	SELECT 'orders', v."check", v.rows, v.total::bigint, v.detail
	FROM (VALUES
		('no_customer', (counts ->> 'no_customer')::bigint, all_rows, NULL),
		('no_day', (counts ->> 'no_day')::bigint, all_rows, NULL),
		('no_amount', (counts ->> 'no_amount')::bigint, all_rows, NULL),
		('after', (counts ->> 'after')::bigint, all_rows, NULL),
		('refunds', (counts ->> 'refunds')::bigint, counted, NULL),
		('largest_customer', largest.n, largest.total, left(largest.id, 100)),
		('late', CASE WHEN late IS NOT NULL THEN greatest(late, 0) END, counted, NULL),
		('vanished', CASE WHEN late IS NOT NULL THEN greatest(-late, 0) END, (counts ->> 'late_base')::bigint - late, NULL),
		('anonymous', (counts ->> 'anonymous_orders')::bigint, counted, array_to_string(custseg._anonymous(portfolio), ', ')),
		('stale', as_of - (counts ->> 'last_day')::date, NULL, counts ->> 'last_day')
	) AS v ("check", rows, total, detail)
	WHERE v.rows IS NOT NULL;
END
$$;
COMMENT ON FUNCTION custseg._check_quality_of_orders(text, date, jsonb) IS
'Internal: what a run found about its orders, from its counts and stage_customer.';

-- The checks of one other source.
CREATE FUNCTION custseg._check_quality_of_source(portfolio text, as_of date, p_source text, counts jsonb,
	OUT source text, OUT "check" text, OUT rows bigint, OUT total bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	view_name name := 'source_' || p_source;
	unique_key text := custseg._source_key(p_source);
	day name;
	has_customer boolean;
	unknown text := 's.customer_id IS NOT NULL AND s.customer_id::text <> ALL ($1)
		AND NOT EXISTS (SELECT FROM stage_customer AS c WHERE c.customer_id = s.customer_id)
		AND NOT EXISTS (SELECT FROM customer_alias AS a WHERE a.from_id = s.customer_id)';
	orphans bigint;
	found record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT min(c.name::text) FILTER (WHERE c.type = 'day' AND c.required), bool_or(c.name = 'customer_id') INTO day, has_customer
	FROM custseg._source_columns() AS c WHERE c.kind = p_source;
	EXECUTE format('SELECT count(*) AS n, %s AS no_customer, %s AS no_day, %s AS after FROM %I AS s',
		CASE WHEN has_customer THEN 'count(*) FILTER (WHERE s.customer_id IS NULL)' ELSE 'NULL::bigint' END,
		coalesce('count(*) FILTER (WHERE s.' || quote_ident(day) || ' IS NULL)', 'NULL::bigint'),
		coalesce('count(*) FILTER (WHERE s.' || quote_ident(day) || ' > $1)', 'NULL::bigint'), view_name)
	INTO found USING as_of;
	IF has_customer AND p_source NOT IN ('customers', 'accounts') THEN
		IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'customers') THEN
			unknown := unknown || ' AND NOT EXISTS (SELECT FROM source_customers AS c WHERE c.customer_id = s.customer_id)';
		END IF;
		-- A query of its own: within a FILTER these would not become joins.
		EXECUTE format('SELECT count(*) FROM %I AS s WHERE %s', view_name, unknown) INTO orphans USING custseg._anonymous(portfolio);
	END IF;
	RETURN QUERY
	SELECT p_source, v."check", v.rows, found.n, NULL::text
	FROM (VALUES ('no_customer', found.no_customer), ('no_day', found.no_day), ('after', found.after), ('orphans', orphans),
		('test', CASE WHEN p_source = 'customers' THEN (counts ->> 'test')::bigint END)) AS v ("check", rows)
	WHERE v.rows IS NOT NULL;
	IF unique_key IS NOT NULL THEN
		RETURN QUERY EXECUTE format('SELECT %L, ''duplicates'', coalesce(sum(d.n - 1), 0)::bigint, $1, left(min(d.key), 100)
			FROM (SELECT concat_ws('' '', %2$s) AS key, count(*) AS n FROM %3$I AS s WHERE %4$s
				GROUP BY %2$s HAVING count(*) > 1) AS d', p_source, unique_key, view_name, replace(unique_key, ',', ' IS NOT NULL AND') || ' IS NOT NULL') USING found.n;
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_quality_of_source(text, date, text, jsonb) IS
'Internal: what a run found about a source other than orders.';

-- The checks that read the orders once more.
CREATE FUNCTION custseg._check_quality_fully(portfolio text,
	OUT source text, OUT "check" text, OUT rows bigint, OUT total bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	today date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT (now() AT TIME ZONE p.time_zone)::date INTO today FROM portfolio AS p;
	RETURN QUERY
	SELECT 'orders', 'future', count(*) FILTER (WHERE o.day > today), count(*), max(o.day) FILTER (WHERE o.day > today)::text
	FROM source_orders AS o;
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'orders' AND 'order_id' = ANY (s.columns)) THEN
		RETURN QUERY
		SELECT 'orders', 'shared_orders', count(*) FILTER (WHERE d.shared), count(*), left(min(d.id) FILTER (WHERE d.shared), 100)
		FROM (
			SELECT o.order_id::text AS id, min(o.customer_id::text) <> max(o.customer_id::text) AS shared
			FROM source_orders AS o WHERE o.order_id IS NOT NULL GROUP BY o.order_id
		) AS d;
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_quality_fully(text) IS
'Internal: the checks of the orders that a run leaves out: days after today, orders with several customers.';

-- All checks with their verdicts, worst first.
CREATE FUNCTION custseg._find_quality(portfolio text, as_of date, counts jsonb, complete boolean,
	OUT source text, OUT "check" text, OUT rows bigint, OUT share float8, OUT verdict text, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	has_currency boolean;
	problem text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT 'currency' = ANY (s.columns) INTO has_currency FROM source AS s WHERE s.kind = 'orders';
	-- With rates, an amount is missing where the rate is; so there is no need to look where none is missing.
	IF has_currency AND ((counts ->> 'no_amount')::bigint > 0 OR complete OR NOT EXISTS (SELECT FROM source AS s WHERE s.kind = 'rates')) THEN
		problem := custseg._currency_problem(portfolio, as_of);
	END IF;
	RETURN QUERY
	SELECT v.source, v."check", v.rows, v.share, v.verdict, v.detail
	FROM (SELECT f.source, f."check", f.rows, f.share,
		CASE WHEN f."check" = 'currencies' THEN CASE WHEN f.detail IS NULL THEN 'ok' ELSE 'stop' END
			WHEN f.value > f.stop THEN 'stop' WHEN f.value > f.warn THEN 'warn' ELSE 'ok' END AS verdict, f.detail
	FROM (
		SELECT q.source, q."check", q.rows, q.rows::float8 / nullif(q.total, 0) AS share, q.detail,
			CASE WHEN q."check" = 'stale' THEN q.rows ELSE q.rows::float8 / nullif(q.total, 0) END AS value,
			nullif(custseg._option(portfolio, 'warn_' || q."check"), '')::float8 AS warn,
			nullif(custseg._option(portfolio, 'stop_' || q."check"), '')::float8 AS stop
		FROM (
			SELECT o.* FROM custseg._check_quality_of_orders(portfolio, as_of, counts) AS o
			UNION ALL
			SELECT c.* FROM source AS s, LATERAL custseg._check_quality_of_source(portfolio, as_of, s.kind, counts) AS c WHERE s.kind <> 'orders'
			UNION ALL
			SELECT a.* FROM custseg._check_quality_fully(portfolio) AS a WHERE complete
			UNION ALL
			SELECT 'orders', 'currencies', 0, NULL, problem WHERE has_currency
			UNION ALL
			SELECT 'orders', 'long_customer', (counts ->> 'long_customers')::bigint,
				(counts ->> 'customers')::bigint, counts ->> 'long_customer' WHERE counts ? 'long_customers'
		) AS q
	) AS f) AS v
	ORDER BY array_position(ARRAY['stop', 'warn', 'ok'], v.verdict), v.source, v."check";
END
$$;
COMMENT ON FUNCTION custseg._find_quality(text, date, jsonb, boolean) IS
'Internal: the checks of what a run has read, with their verdicts; complete: also those that take another scan.';

-- The step of a run: writes what was found, and stops where it is too bad.
CREATE FUNCTION custseg._quality(portfolio text, as_of date, counts jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date := as_of;
	bad record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	DELETE FROM quality AS q WHERE q.as_of = day;
	INSERT INTO quality (as_of, source, "check", rows, share, verdict, detail)
	SELECT day, q.source, q."check", q.rows, q.share, q.verdict, q.detail FROM custseg._find_quality(portfolio, day, counts, false) AS q;
	SELECT q.* INTO bad FROM quality AS q WHERE q.as_of = day AND q.verdict = 'stop'
	ORDER BY q."check" <> 'currencies', q.source, q."check" LIMIT 1;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF bad."check" = 'currencies' THEN
		RAISE EXCEPTION 'the orders of portfolio "%" cannot be added up: %', portfolio, bad.detail
			USING ERRCODE = '22023', HINT = format('Add rates with custseg.add_source(%L, ''rates'', ...).', portfolio);
	END IF;
	-- Without an empty detail.
	PERFORM custseg._raise('22023', format('the data of portfolio "%s" is too bad: check "%s" of source "%s" found %s, above the threshold %s',
			portfolio, bad."check", bad.source,
			CASE WHEN bad."check" = 'stale' THEN format('%s days', bad.rows)
				ELSE format('%s rows, a share of %s', bad.rows, round(bad.share::numeric, 6)) END,
			custseg._option(portfolio, 'stop_' || bad."check")),
		'For example: ' || bad.detail,
		format('SELECT * FROM custseg.data_quality(%L) shows all checks. The threshold is the setting stop_%s.', portfolio, bad."check"));
END
$$;
COMMENT ON FUNCTION custseg._quality(text, date, jsonb) IS
'Internal: judges what a run has read and writes it to the table quality. 22023: a check is above its stop threshold, or amounts cannot be added up.';

CREATE FUNCTION custseg._data_quality(portfolio text,
	OUT source text, OUT "check" text, OUT rows bigint, OUT share float8, OUT verdict text, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT greatest(p.last_as_of, (now() AT TIME ZONE p.time_zone)::date - 1) INTO STRICT day FROM portfolio AS p;
	RETURN QUERY SELECT * FROM custseg._find_quality(portfolio, day, custseg._stage_customers(portfolio, day), true);
END
$$;
COMMENT ON FUNCTION custseg._data_quality(text) IS
'Internal: what data_quality does.';

CREATE FUNCTION custseg.data_quality(portfolio text,
	OUT source text, OUT "check" text, OUT rows bigint, OUT share float8, OUT verdict text, OUT detail text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 30;
COMMENT ON FUNCTION custseg.data_quality(text) IS
'Reads the sources of a portfolio up to yesterday and judges them, as a run does, with the checks that take another scan besides: days in the future, orders of several customers. rows: how many were found (stale: days); share: of all that were looked at, 0 to 1; verdict: ok, warn or stop, by the settings warn_ and stop_ with the name of the check; detail: which. Nothing is kept. The view data_quality in the portfolio''s schema has what the last run found. 42501: not the owner; 42704: no such portfolio.';

CREATE FUNCTION custseg._make_quality_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_view(portfolio, 'data_quality', '
		SELECT q.as_of, q.source, q."check", q.rows, q.share, q.verdict, q.detail
		FROM quality AS q JOIN portfolio AS p ON p.last_as_of = q.as_of', $comments$
COMMENT ON VIEW data_quality IS 'What the last run found about the quality of its sources.';
COMMENT ON COLUMN data_quality.as_of IS 'The last day counted.';
COMMENT ON COLUMN data_quality.source IS 'The source, by its kind.';
COMMENT ON COLUMN data_quality."check" IS 'What was looked at; the settings warn_ and stop_ with this name hold its thresholds.';
COMMENT ON COLUMN data_quality.rows IS 'How many were found; for stale: days.';
COMMENT ON COLUMN data_quality.share IS 'Their share of all that was looked at, 0 to 1; NULL: none was looked at, or the check has no share.';
COMMENT ON COLUMN data_quality.verdict IS 'ok or warn; what stops a run leaves nothing here.';
COMMENT ON COLUMN data_quality.detail IS 'Which, where it can be named.';
	$comments$);
END
$$;
COMMENT ON FUNCTION custseg._make_quality_views(text) IS
'Internal: makes the view data_quality.';
