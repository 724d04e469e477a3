-- what_if: a run under changed declarations, of which only the answer remains.
--
-- The call is a subtransaction that is rolled back (src/portfolio/portfolio_call.c), so it runs for real: once without the
-- changes and, after taking that back as a second run of a day does, once with them. Three states are compared: the one
-- now, without and with. It is not enough to compare with the state now: of a day that is not run yet it would show the
-- moves that come anyhow as effects of the changes, and not show the moves that the changes prevent.
--
-- The report views are not made anew: their locks would keep readers waiting until the trial ends. So a step of a run
-- must not read those that follow the declarations, such as current_customers and customer_measures.

-- One section of a document with changes by key.
CREATE FUNCTION custseg._merge_section(section text, key_columns text[], rows jsonb, changes jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	change jsonb;
	key jsonb;
	place int;
	was jsonb;
	merged jsonb;
BEGIN
	-- {"vip": {...}} says the same as [{"tier": "vip", ...}], and {"vip": null} drops the row.
	IF jsonb_typeof(changes) = 'object' AND cardinality(key_columns) = 1 THEN
		changes := (SELECT coalesce(jsonb_agg(CASE jsonb_typeof(c.value) WHEN 'null' THEN jsonb_build_object('', c.key)
			WHEN 'object' THEN c.value || jsonb_build_object(key_columns[1], c.key) ELSE c.value END), '[]') FROM jsonb_each(changes) AS c);
	END IF;
	IF jsonb_typeof(changes) <> 'array' THEN
		RAISE EXCEPTION 'section "%" of the changes is neither an array nor an object by key', section
			USING ERRCODE = '22023', HINT = format('It is an array of objects, each with %s.', array_to_string(key_columns, ' and '));
	END IF;
	FOR change IN SELECT c.value FROM jsonb_array_elements(changes) WITH ORDINALITY AS c (value, place) ORDER BY c.place LOOP
		IF jsonb_typeof(change) <> 'object' OR NOT (change ?& key_columns OR change ? '') THEN
			RAISE EXCEPTION 'section "%" of the changes: % is not an object with %', section, change, array_to_string(key_columns, ' and ')
				USING ERRCODE = '22023', HINT = 'Each element names the row that it changes, or a new one.';
		END IF;
		key := CASE WHEN change ? '' THEN jsonb_build_object(key_columns[1], change -> '')
			ELSE (SELECT jsonb_object_agg(k.name, change -> k.name) FROM unnest(key_columns) AS k (name)) END;
		place := NULL;
		was := NULL;
		SELECT r.place - 1, r.value INTO place, was FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, place)
		WHERE r.value @> key;
		IF change ? '' THEN
			IF place IS NULL THEN
				RAISE EXCEPTION 'section "%" of the changes drops %, which is not there', section, change -> ''
					USING ERRCODE = '42704', HINT = 'export_portfolio shows what there is.';
			END IF;
			rows := rows - place;
			CONTINUE;
		END IF;
		-- A null puts a key back to its default.
		SELECT jsonb_object_agg(m.key, m.value) INTO merged FROM jsonb_each(coalesce(was, '{}') || change) AS m WHERE m.value <> 'null';
		IF section = 'tiers' THEN
			rows := custseg._place_tier(rows, merged - 'place', (merged ->> 'place')::int);
		ELSIF place IS NULL THEN
			rows := rows || jsonb_build_array(merged);
		ELSE
			rows := jsonb_set(rows, ARRAY[place::text], merged);
		END IF;
	END LOOP;
	RETURN rows;
END
$$;
COMMENT ON FUNCTION custseg._merge_section(text, text[], jsonb, jsonb) IS
'Internal: the rows of a section of a document after changes by key. 22023: changes that are none; 42704: dropping a row that is not there.';

CREATE FUNCTION custseg._merge_document(document jsonb, changes jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
BEGIN
	IF changes ? 'options' THEN
		document := jsonb_set(document, '{options}', (
			SELECT coalesce(jsonb_object_agg(o.key, o.value), '{}') FROM jsonb_each((document -> 'options') || (changes -> 'options')) AS o
			-- An option that there is not is left for the check to name.
			WHERE o.value <> 'null' OR o.key NOT IN (SELECT p.name FROM custseg.portfolio_options() AS p)));
	END IF;
	FOR part IN SELECT d.* FROM custseg._declaration_tables() AS d WHERE changes ? d.section ORDER BY d.place LOOP
		document := jsonb_set(document, ARRAY[part.section], CASE WHEN changes -> part.section = 'null' THEN '[]'
			ELSE custseg._merge_section(part.section, part.key_columns, document -> part.section, changes -> part.section) END);
	END LOOP;
	RETURN document;
END
$$;
COMMENT ON FUNCTION custseg._merge_document(jsonb, jsonb) IS
'Internal: a document of declarations after changes in the same form.';

-- The classes of every customer as they are, into a table that is rolled back with the call. (There are no temporary
-- tables in a security-restricted operation.)
CREATE FUNCTION custseg._keep_classes(portfolio text, table_name name) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('CREATE UNLOGGED TABLE %1$I.%2$I AS
		SELECT c.customer_id, c.tier, c.segment, c.grace_since IS NOT NULL AS in_grace FROM %1$I.customer AS c',
		custseg._portfolio_schema(portfolio), table_name);
	EXECUTE format('ANALYZE %I.%I', custseg._portfolio_schema(portfolio), table_name);
END
$$;
COMMENT ON FUNCTION custseg._keep_classes(text, name) IS
'Internal: copies the tier and segment of every customer into a table of that name.';

CREATE FUNCTION custseg._what_if(portfolio text, changes jsonb, as_of date,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint, OUT also_without boolean, OUT without_class text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
	last date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_document(changes, 'changes', '{}');
	SELECT p.last_as_of INTO STRICT last FROM portfolio AS p;
	IF as_of < last THEN
		RAISE EXCEPTION 'argument "as_of" is %, but portfolio "%" was refreshed up to %', as_of, portfolio, last
			USING ERRCODE = '22023', HINT = 'Give that day, which is run again, or a later one.';
	END IF;
	day := custseg._check_as_of(portfolio, coalesce(as_of, last), false);

	-- Wrong changes are found before the first run, not after it.
	PERFORM custseg._keep_classes(portfolio, 'what_if_now');
	PERFORM custseg._try_declarations(portfolio, custseg._merge_document(custseg._export_portfolio(portfolio, false), changes));
	PERFORM custseg._run(portfolio, day, custseg._begin_run(portfolio, day));
	PERFORM custseg._keep_classes(portfolio, 'what_if_without');
	PERFORM custseg._replace_declarations(portfolio, custseg._merge_document(custseg._export_portfolio(portfolio, false), changes));
	PERFORM custseg._run(portfolio, day, custseg._begin_run(portfolio, day));
	RETURN QUERY SELECT * FROM custseg._what_if_moves(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._what_if(text, jsonb, date) IS
'Internal: what what_if does; the caller rolls it back.';

-- Whether a document would be accepted: it is imported, and that undone.
CREATE FUNCTION custseg._try_declarations(portfolio text, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._replace_declarations(portfolio, document);
	RAISE EXCEPTION USING ERRCODE = 'CSTRY', MESSAGE = 'undone';
EXCEPTION WHEN SQLSTATE 'CSTRY' THEN
	NULL;
END
$$;
COMMENT ON FUNCTION custseg._try_declarations(text, jsonb) IS
'Internal: refuses a document of declarations that an import would refuse, and changes nothing.';

CREATE FUNCTION custseg._what_if_moves(portfolio text,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint, OUT also_without boolean, OUT without_class text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT c.customer_id::text, v.dimension,
		CASE
			WHEN v.was IS NULL THEN 'enter'
			WHEN v.now IS NULL THEN 'exit'
			WHEN v.was = v.now THEN CASE WHEN v.dimension = 'tier' AND c.grace_since IS NOT NULL THEN 'grace' ELSE 'keep' END
			WHEN v.dimension = 'segment' THEN 'move'
			-- From a tier that the changes drop.
			WHEN a.position IS NULL THEN 'enter'
			WHEN a.position < b.position THEN 'upgrade' ELSE 'downgrade'
		END,
		v.was, v.now, v.reason, 1::bigint,
		v.now IS NOT DISTINCT FROM v.without AND (v.dimension = 'segment' OR (c.grace_since IS NOT NULL) = coalesce(o.in_grace, false)), v.without
	FROM customer AS c
	LEFT JOIN what_if_now AS n ON n.customer_id = c.customer_id
	LEFT JOIN what_if_without AS o ON o.customer_id = c.customer_id
	LEFT JOIN stage_state AS s ON s.customer_id = c.customer_id
	CROSS JOIN LATERAL (VALUES
		('tier', n.tier, o.tier, c.tier, s.reason, coalesce(n.in_grace, false), coalesce(o.in_grace, false), c.grace_since IS NOT NULL),
		('segment', n.segment, o.segment, c.segment, concat_ws('-', c.r, c.f, c.m), false, false, false)
	) AS v (dimension, was, without, now, reason, was_in_grace, without_in_grace, in_grace)
	LEFT JOIN tier AS a ON v.dimension = 'tier' AND a.tier = v.was
	LEFT JOIN tier AS b ON v.dimension = 'tier' AND b.tier = v.now
	WHERE (v.now, v.in_grace) IS DISTINCT FROM (v.was, v.was_in_grace)
		OR (v.now, v.in_grace) IS DISTINCT FROM (v.without, v.without_in_grace)
	ORDER BY 2 DESC, 3, 4, 5, 1;
END
$$;
COMMENT ON FUNCTION custseg._what_if_moves(text) IS
'Internal: compares the classes now, without and with the changes.';

CREATE FUNCTION custseg.what_if(portfolio text, changes jsonb, as_of date DEFAULT NULL,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint, OUT also_without boolean, OUT without_class text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_try' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1000;
COMMENT ON FUNCTION custseg.what_if(text, jsonb, date) IS
'Who would be where under changed declarations; nothing is changed. changes: a part of a document of export_portfolio. In "options" each value replaces, null is the default. In other sections, such as "tiers" and "components", an object changes the row of its key, key by key (null: the default), or is a new row: an array of them, or an object by name, in which null drops the row; of tiers "place" too, see set_tier. as_of: the day to run; NULL: that of the last run, which is run again. It runs that day twice, without and with the changes, and takes as long, and other runs wait. Rows: each customer whose tier, segment or grace would be another than now, or another than without the changes: transition (keep: stays, but would move without; grace: would be warned), from_class now, to_class with the changes, reason, also_without (the run without the changes has the same result: not an effect of them), without_class. The columns up to customers, which is 1, are those of refresh(dry_run => true). 22023, 22P02, 42704, 42710, 2BP01: changes that are none, or that import_portfolio refuses; 22023: as_of before the last run or in the future; 22004: changes is null; 42501: not the owner.';
