-- The declarations of a portfolio as one document, for version control; back again; and their versions.
--
-- The document names no database object and no position, so it can be imported into another portfolio. It is read
-- strictly: a key that is not known is refused, since a misspelt key would silently change nothing.

CREATE FUNCTION custseg._export_section(portfolio text, p_section text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	has record;
	rows jsonb;
BEGIN
	SELECT d.* INTO STRICT part FROM custseg._declaration_tables() AS d WHERE d.section = p_section;
	SELECT c.* INTO has FROM custseg._declared_columns(portfolio, p_section) AS c;
	-- A null is left out, unless a missing key would mean something else.
	EXECUTE format('
		SELECT coalesce(jsonb_agg(v.item ORDER BY v.place), ''[]'')
		FROM (SELECT row_number() OVER (ORDER BY %s) AS place,
				(SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(to_jsonb(t)) AS e
				 WHERE e.key = ANY ($1) AND (e.value <> ''null'' OR $2 ? e.key)) AS item
			FROM %s AS t) AS v', part.order_by, has.relation)
	INTO rows USING has.shown, coalesce(has.defaults, '{}');
	RETURN rows;
END
$$;
COMMENT ON FUNCTION custseg._export_section(text, text) IS
'Internal: the rows of one table of declarations as an array.';

CREATE FUNCTION custseg._export_options(portfolio text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (SELECT coalesce(jsonb_object_agg(s.name, s.value), '{}') FROM setting AS s
		WHERE s.name IN (SELECT o.name FROM custseg.portfolio_options() AS o));
END
$$;
COMMENT ON FUNCTION custseg._export_options(text) IS
'Internal: the options of a portfolio that are set.';

CREATE FUNCTION custseg._export_portfolio(portfolio text, overrides boolean) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	document jsonb := jsonb_build_object('custseg', 1, 'options', custseg._export_options(portfolio));
	part record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR part IN SELECT d.section FROM custseg._declaration_tables() AS d ORDER BY d.place LOOP
		document := document || jsonb_build_object(part.section, custseg._export_section(portfolio, part.section));
	END LOOP;
	IF overrides THEN
		document := document || jsonb_build_object('overrides', (
			SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('customer', o.customer_id::text, 'kind', o.kind, 'tier', o.tier,
				'valid_from', o.valid_from, 'valid_until', o.valid_until, 'reason', o.reason, 'author', o.author)) ORDER BY o.override_id), '[]')
			FROM override AS o));
	END IF;
	RETURN document;
END
$$;
COMMENT ON FUNCTION custseg._export_portfolio(text, boolean) IS
'Internal: what export_portfolio does.';

CREATE FUNCTION custseg.export_portfolio(portfolio text, overrides boolean DEFAULT false) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.export_portfolio(text, boolean) IS
'What the owner of a portfolio has declared, as one document for version control: {"custseg": 1, "options": {...}, "measures": [...], "components": [...], "tiers": [...], ...}, tiers from the lowest, options where they are set. Sources, customers and history are not in it; overrides, which name customers, where they are asked for. Equal declarations give equal documents. 42704: no such portfolio; 42501: not the owner.';

-- --- Import ---------------------------------------------------------------

-- Keys and types at the top of a document, or of changes to one.
CREATE FUNCTION custseg._check_document(document jsonb, argument text, further text[]) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known text[] := further || ARRAY['custseg', 'options'] || (SELECT array_agg(d.section ORDER BY d.place) FROM custseg._declaration_tables() AS d);
	wrong text;
BEGIN
	IF document IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = 'Give a document such as export_portfolio returns.';
	END IF;
	IF jsonb_typeof(document) <> 'object' THEN
		RAISE EXCEPTION 'argument "%" is not a JSON object', argument
			USING ERRCODE = '22023', HINT = 'Give a document such as export_portfolio returns.';
	END IF;
	IF document -> 'custseg' <> '1' THEN
		RAISE EXCEPTION 'argument "%" has the format version %', argument, document -> 'custseg'
			USING ERRCODE = '22023', HINT = 'This version of custseg reads version 1. A newer one reads it after an update of the extension.';
	END IF;
	SELECT string_agg(format('"%s"', k.name), ', ') INTO wrong FROM jsonb_object_keys(document) AS k (name) WHERE k.name <> ALL (known);
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'argument "%" has the unknown key %', argument, wrong
			USING ERRCODE = '22023', HINT = format('The keys are %s.', array_to_string(known, ', '));
	END IF;
	IF document ? 'options' AND jsonb_typeof(document -> 'options') <> 'object' THEN
		RAISE EXCEPTION 'section "options" of the document is not an object'
			USING ERRCODE = '22023', HINT = 'It is an object of options and their values.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_document(jsonb, text, text[]) IS
'Internal: refuses a document that is none, of another version, or with unknown sections (22023), or null (22004).';

CREATE FUNCTION custseg._replace_options(portfolio text, options jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	DELETE FROM setting AS s WHERE s.name IN (SELECT o.name FROM custseg.portfolio_options() AS o);
	INSERT INTO setting (name, value)
	SELECT o.name, o.value
	FROM (SELECT o.key, custseg._check_option(o.key, o.value) FROM jsonb_each_text(options) AS o OFFSET 0) AS o (name, value)
	WHERE o.value IS NOT NULL;
END
$$;
COMMENT ON FUNCTION custseg._replace_options(text, jsonb) IS
'Internal: replaces the options of a portfolio. 42704, 22023: an option or value that is none.';

CREATE FUNCTION custseg._replace_overrides(portfolio text, rows jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given record;
	wrong text;
	id bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT string_agg(DISTINCT format('"%s"', k.name), ', ') INTO wrong
	FROM jsonb_array_elements(rows) AS r (value) CROSS JOIN LATERAL jsonb_object_keys(r.value) AS k (name)
	WHERE k.name NOT IN ('customer', 'kind', 'tier', 'valid_from', 'valid_until', 'reason', 'author');
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'section "overrides" of the document: unknown key %', wrong
			USING ERRCODE = '22023', HINT = 'The keys are customer, kind, tier, valid_from, valid_until, reason, author.';
	END IF;
	DELETE FROM override;
	FOR given IN
		SELECT r.* FROM ROWS FROM (jsonb_to_recordset(rows) AS (customer text, kind text, tier text, valid_from date, valid_until date,
			reason text, author text)) WITH ORDINALITY AS r (customer, kind, tier, valid_from, valid_until, reason, author, place)
		ORDER BY r.place
	LOOP
		id := custseg._set_override(portfolio, given.customer, given.kind, given.tier, given.valid_from, given.valid_until, given.reason);
		UPDATE override AS o SET author = coalesce(given.author, o.author) WHERE o.override_id = id;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._replace_overrides(text, jsonb) IS
'Internal: replaces the overrides of a portfolio; each is checked as in set_override.';

-- Replaces all declarations. All rows are checked before any is written, and all together afterwards.
CREATE FUNCTION custseg._replace_declarations(portfolio text, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	complete jsonb := '{}';
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._replace_options(portfolio, coalesce(document -> 'options', '{}'));
	FOR part IN SELECT d.* FROM custseg._declaration_tables() AS d ORDER BY d.place LOOP
		complete := complete || jsonb_build_object(part.section,
			custseg._complete_rows(portfolio, part.section, coalesce(document -> part.section, '[]')));
	END LOOP;
	-- Tables that refer to others come behind these, so they are emptied first and filled last.
	FOR part IN SELECT d.*, c.relation FROM custseg._declaration_tables() AS d
		CROSS JOIN LATERAL custseg._declared_columns(portfolio, d.section) AS c ORDER BY d.place DESC
	LOOP
		EXECUTE format('DELETE FROM %1$s AS t WHERE NOT EXISTS (
			SELECT FROM jsonb_populate_recordset(NULL::%1$s, $1) AS r WHERE (%2$s) = (%3$s))', part.relation,
			(SELECT string_agg(format('r.%I', k.name), ', ') FROM unnest(part.key_columns) AS k (name)),
			(SELECT string_agg(format('t.%I', k.name), ', ') FROM unnest(part.key_columns) AS k (name)))
		USING complete -> part.section;
	END LOOP;
	FOR part IN SELECT d.* FROM custseg._declaration_tables() AS d ORDER BY d.place LOOP
		PERFORM custseg._put_rows(portfolio, part.section, complete -> part.section);
	END LOOP;
	IF document ? 'overrides' THEN
		PERFORM custseg._replace_overrides(portfolio, document -> 'overrides');
	END IF;
	PERFORM custseg._check_declarations(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._replace_declarations(text, jsonb) IS
'Internal: replaces all declarations of a portfolio by those of a document whose sections are known; the views are left to the caller.';

CREATE FUNCTION custseg._import_portfolio(portfolio text, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_document(document, 'document', '{overrides}');
	IF NOT document ? 'custseg' THEN
		RAISE EXCEPTION 'argument "document" has no format version'
			USING ERRCODE = '22023', HINT = 'A document of export_portfolio has "custseg": 1.';
	END IF;
	PERFORM custseg._replace_declarations(portfolio, document);
	PERFORM custseg._make_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._import_portfolio(text, jsonb) IS
'Internal: what import_portfolio does.';

CREATE FUNCTION custseg.import_portfolio(portfolio text, document jsonb) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.import_portfolio(text, jsonb) IS
'Replaces all declarations of a portfolio by those of a document of export_portfolio, in one go; what the document does not say is then not declared, or at its default. Overrides are replaced where the document has them and stay otherwise. Everything is checked as the setters check it, and nothing changes when something is wrong. Customers move at the next run. 22023: no document, another format version, an unknown key, a row without its key or twice, or what a setter refuses with it; 22P02: a value of another type, a condition that is none; 42710, 42704, 2BP01: as the setters; 22004: null; 42501: not the owner.';

-- --- Versions -------------------------------------------------------------

CREATE FUNCTION custseg._criteria_version(portfolio text, as_of date) RETURNS int
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_document jsonb := custseg._export_portfolio(portfolio, false);
	last record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT c.version, c.document INTO last FROM criteria AS c ORDER BY c.version DESC LIMIT 1;
	IF last.document = v_document THEN
		RETURN last.version;
	END IF;
	INSERT INTO criteria (version, since, document) VALUES (coalesce(last.version, 0) + 1, as_of, v_document);
	RETURN coalesce(last.version, 0) + 1;
END
$$;
COMMENT ON FUNCTION custseg._criteria_version(text, date) IS
'Internal: the version of the declarations as they are; makes the next one when they differ from the newest.';

CREATE FUNCTION custseg._make_criteria_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_view(portfolio, 'criteria_log', '
		SELECT c.version, c.since, c.author, c.created_at,
			(SELECT array_agg(k.section ORDER BY k.section)
			 FROM jsonb_object_keys(c.document || coalesce(b.document, ''{}'')) AS k (section)
			 WHERE c.document -> k.section IS DISTINCT FROM b.document -> k.section) AS changed,
			c.document
		FROM criteria AS c LEFT JOIN criteria AS b ON b.version = c.version - 1', $comments$
COMMENT ON VIEW criteria_log IS 'The versions of the declarations that runs have used, and what each changed.';
COMMENT ON COLUMN criteria_log.version IS 'Number of the version, as run_log has it.';
COMMENT ON COLUMN criteria_log.since IS 'as_of of the first run that used it.';
COMMENT ON COLUMN criteria_log.author IS 'The role whose session ran that run.';
COMMENT ON COLUMN criteria_log.created_at IS 'When that was.';
COMMENT ON COLUMN criteria_log.changed IS 'The sections of the document that differ from the version before.';
COMMENT ON COLUMN criteria_log.document IS 'The declarations, as export_portfolio gives them.';
	$comments$);
END
$$;
COMMENT ON FUNCTION custseg._make_criteria_views(text) IS
'Internal: makes the view criteria_log.';
