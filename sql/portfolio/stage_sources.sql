-- What a run reads besides all purchases: customers without orders, who is not to be counted, purchases of shorter
-- periods, and the measures of other sources. All of it goes into stage_customer.

-- Customers of the source customers who have not bought yet.
CREATE FUNCTION custseg._stage_prospects(portfolio text, as_of date) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO stage_customer (customer_id)
	SELECT DISTINCT coalesce(a.to_id, s.customer_id)
	FROM source_customers AS s LEFT JOIN customer_alias AS a ON a.from_id = s.customer_id
	WHERE s.customer_id IS NOT NULL AND s.is_test IS NOT TRUE AND (s.since IS NULL OR s.since <= as_of)
		AND NOT EXISTS (SELECT FROM stage_customer AS c WHERE c.customer_id = coalesce(a.to_id, s.customer_id));
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;
COMMENT ON FUNCTION custseg._stage_prospects(text, date) IS
'Internal: adds the customers without orders to stage_customer; returns how many.';

-- The values of the setting anonymous.
CREATE FUNCTION custseg._anonymous(portfolio text) RETURNS text[]
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN ARRAY(SELECT btrim(v.value) FROM unnest(string_to_array(custseg._option(portfolio, 'anonymous'), ',')) AS v (value)
		WHERE btrim(v.value) <> '');
END
$$;
COMMENT ON FUNCTION custseg._anonymous(text) IS
'Internal: the customers that stand for nobody, as text.';

-- Takes out who is not to be counted: tests, nobody, the erased, and keys that no index could hold.
CREATE FUNCTION custseg._unstage_customers(portfolio text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb := '{}';
	anonymous text[] := custseg._anonymous(portfolio);
	gone record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'customers' AND 'is_test' = ANY (s.columns)) THEN
		WITH test AS (
			DELETE FROM stage_customer AS s USING source_customers AS c WHERE c.customer_id = s.customer_id AND c.is_test
			RETURNING s.purchases
		)
		SELECT coalesce(sum(custseg.orders(t.purchases)), 0) AS orders INTO gone FROM test AS t;
		counts := counts || jsonb_build_object('test', (SELECT count(*) FROM source_customers AS c WHERE c.is_test),
			'test_orders', gone.orders);
	END IF;
	IF anonymous <> '{}' THEN
		WITH nobody AS (
			DELETE FROM stage_customer AS s WHERE s.customer_id::text = ANY (anonymous) RETURNING s.purchases
		)
		SELECT count(*) AS n, coalesce(sum(custseg.orders(t.purchases)), 0) AS orders INTO gone FROM nobody AS t;
		counts := counts || jsonb_build_object('anonymous', gone.n, 'anonymous_orders', gone.orders);
	END IF;
	IF EXISTS (SELECT FROM forgotten) THEN
		WITH erased AS (
			DELETE FROM stage_customer AS s USING forgotten AS f
			WHERE f.customer_hash = sha256(convert_to((SELECT t.value FROM setting AS t WHERE t.name = 'salt') || s.customer_id::text, 'UTF8'))
			RETURNING 1
		)
		SELECT count(*) AS n INTO gone FROM erased;
		counts := counts || jsonb_build_object('erased', gone.n);
	END IF;
	IF (SELECT p.customer_type = 'text' FROM portfolio AS p) THEN
		WITH long AS (
			DELETE FROM stage_customer AS s WHERE octet_length(s.customer_id::text) > 1000 RETURNING s.customer_id::text AS id
		)
		SELECT count(*) AS n, left(min(l.id), 50) AS first INTO gone FROM long AS l;
		counts := counts || jsonb_strip_nulls(jsonb_build_object('long_customers', gone.n, 'long_customer', gone.first));
	END IF;
	RETURN counts;
END
$$;
COMMENT ON FUNCTION custseg._unstage_customers(text) IS
'Internal: removes test customers, anonymous ones, erased ones and those with a key of more than 1000 bytes from stage_customer; returns how many.';

-- The query of a window's purchases: (customer_id, purchases).
CREATE FUNCTION custseg._window_query(portfolio text, as_of date, p_window text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	first date := coalesce(lower(custseg.measure_window(p_window, as_of)), '-infinity');
	present text[];
	orders text;
	result text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.* INTO STRICT home FROM portfolio AS p;
	SELECT s.columns INTO present FROM source AS s WHERE s.kind = 'orders';
	-- By the user's own column, so that his index on it can serve.
	orders := format('SELECT customer_id, ordered_at, amount%s FROM %I.source_orders%s',
		CASE WHEN 'order_id' = ANY (present) THEN ', cost, order_id' WHEN 'cost' = ANY (present) THEN ', cost' ELSE '' END,
		custseg._portfolio_schema(portfolio),
		CASE WHEN custseg._column_type(custseg._portfolio_schema(portfolio), 'source_orders', 'ordered_at') = 'timestamptz'::regtype
			THEN format(' WHERE ordered_at >= timestamp %L AT TIME ZONE %L', first, home.time_zone)
			ELSE format(' WHERE ordered_at >= date %L', first) END);
	result := format('SELECT p.customer_id, p.purchases FROM custseg._portfolio_purchases(NULL::%s, %L, %L, NULL, %L) AS p WHERE p.counts IS NULL',
		home.customer_type, orders, as_of, home.time_zone);
	IF EXISTS (SELECT FROM customer_alias) THEN
		result := format('WITH p AS MATERIALIZED (%s)
			SELECT p.* FROM p WHERE NOT EXISTS (SELECT FROM customer_alias AS a WHERE p.customer_id IN (a.from_id, a.to_id))
			UNION ALL
			SELECT coalesce(a.to_id, p.customer_id), custseg.rollup(p.purchases) FROM p LEFT JOIN customer_alias AS a ON a.from_id = p.customer_id
			WHERE EXISTS (SELECT FROM customer_alias AS a WHERE p.customer_id IN (a.from_id, a.to_id)) GROUP BY 1', result);
	END IF;
	RETURN result;
END
$$;
COMMENT ON FUNCTION custseg._window_query(text, date, text) IS
'Internal: the SQL of the purchases of each customer within a window.';

-- Measures that are used and come from a source that is there, each with its aggregate over the rows s.
CREATE FUNCTION custseg._used_source_measures(portfolio text, as_of date, OUT source text, OUT key text, OUT expression text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT k.source, u.measure || CASE k.kind WHEN 'net_value' THEN ' (cost)' ELSE '' END,
		-- The filter last: no mark is looked for in it.
		replace(replace(replace(replace(k.expression, '{rows}', r.condition || ' AND {filter}'),
			'{from}', format('%L::date', coalesce(lower(custseg.measure_window(m."window", as_of)), '-infinity'))),
			'{as_of}', format('%L::date', as_of)),
			'{filter}', CASE WHEN m.filter IS NULL THEN 'true' ELSE format('%L IN (%s)', m.filter, r.filters) END)
	FROM custseg._used_measures(portfolio) AS u
	LEFT JOIN measure AS m ON m.measure = u.measure
	JOIN custseg._source_measures() AS k ON k.kind = coalesce(m.kind, u.measure)
	JOIN custseg._source_rows() AS r ON r.source = k.source
	WHERE EXISTS (SELECT FROM source AS s WHERE s.kind = k.source)
	ORDER BY k.source, u.measure;
END
$$;
COMMENT ON FUNCTION custseg._used_source_measures(text, date) IS
'Internal: the measures over sources other than orders that a portfolio uses, as name in customer.measures and aggregate.';

-- The queries of the measures of each customer, one for each source: (customer_id, measures).
CREATE FUNCTION custseg._measure_queries(portfolio text, as_of date) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	aliased boolean;
	customer text;
	joined text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	aliased := EXISTS (SELECT FROM customer_alias);
	customer := CASE WHEN aliased THEN 'coalesce(a.to_id, s.customer_id)' ELSE 's.customer_id' END;
	joined := CASE WHEN aliased THEN ' LEFT JOIN customer_alias AS a ON a.from_id = s.customer_id' ELSE '' END;
	RETURN QUERY
	SELECT format('SELECT %s AS customer_id, jsonb_strip_nulls(%s) AS measures FROM %I AS s%s WHERE s.customer_id IS NOT NULL GROUP BY 1',
		customer, custseg._jsonb_object(array_agg(m.key), array_agg(m.expression)), 'source_' || m.source, joined)
	FROM custseg._used_source_measures(portfolio, as_of) AS m
	GROUP BY m.source ORDER BY m.source;

	-- A row of the customer's own goes before those that were merged into him; what is no number is unknown.
	RETURN QUERY
	SELECT format('SELECT DISTINCT ON (1) %s AS customer_id, jsonb_strip_nulls(%s) AS measures FROM source_measures AS s%s
			WHERE s.customer_id IS NOT NULL ORDER BY 1, %s2',
		customer, custseg._jsonb_object(array_agg(u.measure), array_agg(
			format('CASE WHEN abs(s.%1$I::numeric) < ''Infinity'' THEN s.%1$I END', n.name))), joined,
		CASE WHEN aliased THEN 'a.from_id IS NOT NULL, ' ELSE '' END)
	FROM custseg._used_measures(portfolio) AS u
	LEFT JOIN measure AS m ON m.measure = u.measure
	JOIN custseg._source_measure_columns(portfolio) AS n ON n.name = coalesce(m.kind, u.measure)
	WHERE NOT EXISTS (SELECT FROM custseg.measure_kinds() AS k WHERE k.kind = n.name)
	HAVING count(*) > 0;
END
$$;
COMMENT ON FUNCTION custseg._measure_queries(text, date) IS
'Internal: the SQL of the measures of each customer from sources other than orders, one query for each source.';

-- jsonb_build_object of any length: a function takes at most 100 arguments.
CREATE FUNCTION custseg._jsonb_object(keys text[], expressions text[]) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.string_agg(pg_catalog.format('jsonb_build_object(%s)', p.fields), ' || ' ORDER BY p.part)
	FROM (
		SELECT (f.place - 1) / 40 AS part, pg_catalog.string_agg(pg_catalog.format('%L, %s', f.key, f.expression), ', ' ORDER BY f.place) AS fields
		FROM ROWS FROM (pg_catalog.unnest(keys), pg_catalog.unnest(expressions)) WITH ORDINALITY AS f (key, expression, place)
		GROUP BY 1
	) AS p;
END;
COMMENT ON FUNCTION custseg._jsonb_object(text[], text[]) IS
'Internal: the SQL of a jsonb object with these keys and expressions.';

-- Writes windows and measures into stage_customer.
CREATE FUNCTION custseg._stage_measures(portfolio text, as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	parts text[] := '{}';
	elements text[] := '{}';
	objects text[] := '{}';
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR part IN
		SELECT g.position, (SELECT w."window" FROM measure_window AS w WHERE w.position = g.position
			AND EXISTS (SELECT FROM measure AS m JOIN custseg.measure_kinds() AS k ON k.kind = m.kind
				WHERE m."window" = w."window" AND (k.source IN ('orders', 'model') OR k.kind = 'net_value'))) AS name
		FROM generate_series(1, (SELECT max(w.position) FROM measure_window AS w)) AS g (position)
	LOOP
		elements := elements || CASE WHEN part.name IS NULL THEN 'NULL' ELSE format('w%s.purchases', part.position) END;
		IF part.name IS NOT NULL THEN
			parts := parts || format('(%s) AS w%s', custseg._window_query(portfolio, as_of, part.name), part.position);
		END IF;
	END LOOP;
	FOR part IN SELECT q.query, q.place FROM custseg._measure_queries(portfolio, as_of) WITH ORDINALITY AS q (query, place) LOOP
		objects := objects || format('coalesce(m%s.measures, ''{}'')', part.place);
		parts := parts || format('(%s) AS m%s', part.query, part.place);
	END LOOP;
	IF parts = '{}' THEN
		RETURN;
	END IF;

	EXECUTE format('
		UPDATE stage_customer AS t SET windows = x.windows, measures = x.measures
		FROM (
			SELECT customer_id, %s AS windows, nullif(%s, ''{}'') AS measures
			FROM %s
		) AS x
		WHERE x.customer_id = t.customer_id',
		CASE WHEN elements = '{}' THEN 'NULL::custseg.purchases[]'
			ELSE format('CASE WHEN num_nonnulls(%1$s) > 0 THEN ARRAY[%1$s]::custseg.purchases[] END', array_to_string(elements, ', ')) END,
		coalesce(nullif(array_to_string(objects, ' || '), ''), '''{}''::jsonb'),
		parts[1] || coalesce((SELECT string_agg(format(' FULL JOIN %s USING (customer_id)', p.query), '' ORDER BY p.place)
			FROM unnest(parts) WITH ORDINALITY AS p (query, place) WHERE p.place > 1), ''));
END
$$;
COMMENT ON FUNCTION custseg._stage_measures(text, date) IS
'Internal: writes the purchases of windows and the measures of other sources into stage_customer.';

CREATE FUNCTION custseg._stage_sources(portfolio text, as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb := '{}';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'customers') THEN
		counts := jsonb_build_object('prospects', custseg._stage_prospects(portfolio, as_of));
	END IF;
	counts := counts || custseg._unstage_customers(portfolio);
	PERFORM custseg._stage_measures(portfolio, as_of);
	RETURN counts;
END
$$;
COMMENT ON FUNCTION custseg._stage_sources(text, date) IS
'Internal: what a run reads besides all purchases, into stage_customer; returns what was counted.';
