-- The life of a portfolio after it was created: another name, a newer layout, another database, its end.
--
-- The layout is the version of the tables and views in the schema. Rows outlive the version of custseg that made them: a
-- dump is restored beside a newer one, or an older one. So whoever works on a portfolio looks at its layout first: the
-- library refuses one that came after it (src/portfolio/registry.c), and upgrade_portfolio brings an older one up.

-- A version that changes the layout raises this, and PORTFOLIO_NEWEST_LAYOUT in src/portfolio/registry.h.
CREATE FUNCTION custseg._newest_layout() RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 1;
END;
COMMENT ON FUNCTION custseg._newest_layout() IS
'Internal: the layout that create_portfolio makes and the other functions work on.';

-- And adds a row here: the statements that make this layout from the one before, without the report views, which are
-- made anew behind them. They run in the schema of the portfolio, with {key} for the type of customer_id.
CREATE FUNCTION custseg._layout_steps(OUT layout int, OUT statements text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT NULL::int, NULL::text WHERE false;
END;
COMMENT ON FUNCTION custseg._layout_steps() IS
'Internal: the statements that bring the tables of a portfolio from each layout to the next.';

-- --- upgrade_portfolio ----------------------------------------------------

CREATE FUNCTION custseg._upgrade_portfolio(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	step record;
	newest int := custseg._newest_layout();
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT p.name, p.layout, p.customer_type INTO STRICT home FROM portfolio AS p;
	IF home.layout > newest THEN
		RAISE EXCEPTION 'portfolio "%" has layout %, which is newer than this version of custseg', portfolio, home.layout
			USING ERRCODE = '0A000', DETAIL = format('The newest layout that it knows is %s.', newest),
			HINT = 'Install the version of custseg that the portfolio was made with, or a newer one, and run ALTER EXTENSION custseg UPDATE.';
	END IF;
	FOR step IN
		SELECT s.layout, s.statements FROM custseg._layout_steps() AS s WHERE s.layout > home.layout ORDER BY s.layout
	LOOP
		PERFORM custseg._run_layout(custseg._portfolio_schema(portfolio), home.customer_type, step.statements);
	END LOOP;
	UPDATE portfolio AS p SET name = _upgrade_portfolio.portfolio, layout = newest
	WHERE (p.name, p.layout) IS DISTINCT FROM (_upgrade_portfolio.portfolio, newest);
	PERFORM custseg._set_portfolio_layout(portfolio, newest);
	PERFORM custseg._make_views(portfolio);
	IF home.layout = newest THEN
		RETURN format('portfolio "%s" is up to date, with layout %s; its report views were made anew', portfolio, newest);
	END IF;
	RETURN format('portfolio "%s" was brought from layout %s to %s', portfolio, home.layout, newest);
END
$$;
COMMENT ON FUNCTION custseg._upgrade_portfolio(text) IS
'Internal: what upgrade_portfolio does.';

CREATE FUNCTION custseg.upgrade_portfolio(portfolio text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_any' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.upgrade_portfolio(text) IS
'Brings the tables of a portfolio to the layout of this version of custseg and makes its report views anew; to be called for each portfolio after ALTER EXTENSION custseg UPDATE. Returns what it did; a portfolio that is up to date keeps its tables. Only for the owner of the portfolio. 0A000: its layout is newer than this version of custseg; 42704: no such portfolio; 3F000: its schema is gone; 22004: NULL; 42501: not the owner.';

-- --- attach_portfolio -----------------------------------------------------

-- A schema that is no portfolio yet may be anything, and the caller may be a superuser. So only the catalog is looked at,
-- and one row of a plain table whose columns have types of PostgreSQL, which runs no code of its owner.
CREATE FUNCTION custseg._check_layout_of(p_schema name, p_owner oid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
BEGIN
	SELECT x.problem INTO problem
	FROM (
		SELECT t.place, CASE
				WHEN c.oid IS NULL THEN format('It has no table "%s".', t.name)
				WHEN c.relkind <> 'r' THEN format('"%s" is not a table.', t.name)
				WHEN t.name = 'portfolio' AND (
					SELECT count(*) FROM pg_attribute AS a
					WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attgenerated = ''
						AND (a.attname, a.atttypid) IN (('name', 'text'::regtype), ('layout', 'int4'::regtype))) <> 2
					THEN 'Its table "portfolio" has other columns.'
			END AS problem
		FROM unnest('{portfolio,setting,source,run,criteria,model,customer,membership,tier_transition,measure,component,tier,report_view}'::text[])
			WITH ORDINALITY AS t (name, place)
		LEFT JOIN pg_class AS c ON c.relname = t.name
			AND c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = p_schema)
	) AS x
	WHERE x.problem IS NOT NULL ORDER BY x.place LIMIT 1;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'argument "schema_name": schema "%" holds no portfolio', p_schema
			USING ERRCODE = '22023', DETAIL = problem,
			HINT = 'It must be the schema that create_portfolio has made, renamed or restored. create_portfolio makes a new one.';
	END IF;

	SELECT format('%s is owned by role "%s".', c.oid::regclass, pg_get_userbyid(c.relowner)) INTO problem
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = p_schema AND c.relkind IN ('r', 'v', 'S') AND c.relowner <> p_owner
	ORDER BY c.relname LIMIT 1;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'schema "%" is owned by role "%", but not all that it holds', p_schema, pg_get_userbyid(p_owner)
			USING ERRCODE = '55000', DETAIL = problem,
			HINT = 'A run works as the owner of the schema: ALTER TABLE ... OWNER TO, ALTER VIEW ... OWNER TO make it that of the rest.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_layout_of(name, oid) IS
'Internal: refuses a schema that holds no portfolio (22023), or in which the owner of the schema does not own all tables and views (55000).';

CREATE FUNCTION custseg._attach_portfolio(schema_name text, p_name text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	stored record;
BEGIN
	IF schema_name IS NULL THEN
		RAISE EXCEPTION 'argument "schema_name" must not be null'
			USING ERRCODE = '22004', HINT = 'Give the name of the schema that holds the portfolio.';
	END IF;
	SELECT n.nspname AS name, n.nspowner AS owner INTO home FROM pg_namespace AS n WHERE n.nspname = schema_name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'schema "%" does not exist', schema_name
			USING ERRCODE = '3F000', HINT = 'Argument "schema_name" must be the name of the portfolio''s schema, unquoted.';
	END IF;
	IF schema_name IN ('public', 'custseg', 'information_schema') OR starts_with(schema_name, 'pg_') THEN
		RAISE EXCEPTION 'argument "schema_name": schema "%" cannot be a portfolio', schema_name
			USING ERRCODE = '22023', HINT = 'A portfolio has a schema of its own.';
	END IF;
	IF NOT pg_has_role(home.owner, 'USAGE') THEN
		RAISE EXCEPTION 'permission denied for schema "%"', schema_name
			USING ERRCODE = '42501', HINT = format('A member of role "%s", which owns it, may do this, or a superuser.', pg_get_userbyid(home.owner));
	END IF;
	PERFORM custseg._check_layout_of(home.name, home.owner);
	EXECUTE format('SELECT p.name, p.layout FROM ONLY %I.portfolio AS p', home.name) INTO stored;
	IF stored.layout IS NULL OR stored.layout < 1 THEN
		RAISE EXCEPTION 'argument "schema_name": schema "%" holds no portfolio', schema_name
			USING ERRCODE = '22023', DETAIL = 'Its table "portfolio" has no row with a layout.',
			HINT = 'Restore the rows of its tables too.';
	END IF;
	IF stored.layout > custseg._newest_layout() THEN
		RAISE EXCEPTION 'the portfolio in schema "%" has layout %, which is newer than this version of custseg', schema_name, stored.layout
			USING ERRCODE = '0A000', DETAIL = format('The newest layout that it knows is %s.', custseg._newest_layout()),
			HINT = 'Install the version of custseg that the portfolio was made with, or a newer one, and run ALTER EXTENSION custseg UPDATE.';
	END IF;

	stored.name := coalesce(p_name, stored.name);
	PERFORM custseg._register_portfolio(stored.name, home.name, stored.layout);
	-- As the owner of the schema, from here on.
	RETURN format('portfolio "%s" is in schema %I, owned by role "%s"', stored.name, home.name, pg_get_userbyid(home.owner))
		|| E'\n' || custseg.upgrade_portfolio(stored.name);
END
$$;
COMMENT ON FUNCTION custseg._attach_portfolio(text, text) IS
'Internal: what attach_portfolio does.';

CREATE FUNCTION custseg.attach_portfolio(schema_name text, name text DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_caller' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.attach_portfolio(text, text) IS
'Registers a schema that holds a portfolio, and brings it to the layout of this version: after the schema was renamed, restored from a dump of its own, or copied from another database. Returns what it did. schema_name: the schema. name: the name of the portfolio; NULL: the one that it had. A schema that was registered under that name and is gone is forgotten. 22023: the schema holds no portfolio, or is one that cannot; 42710: the name is taken, or the schema is registered; 55000: the owner of the schema does not own all that it holds; 0A000: its layout is newer than this version of custseg; 3F000: no such schema; 22004: NULL; 42501: not the owner of the schema.';

-- --- rename_portfolio -----------------------------------------------------

-- What pg_cron has of a portfolio is not ours to change: the job may be another role's, or in another database.
CREATE FUNCTION custseg._about_job(portfolio text, remedy text) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT CASE WHEN custseg._cron_setting('database_name') IS NULL THEN ''
		ELSE pg_catalog.format(E'\na job of pg_cron, if there is one, still names it "%s": %s', portfolio, remedy) END;
END;
COMMENT ON FUNCTION custseg._about_job(text, text) IS
'Internal: a line about the job of a portfolio that is no more of that name, where the server has pg_cron.';

CREATE FUNCTION custseg._rename_portfolio(portfolio text, new_name text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema name := custseg._portfolio_schema(portfolio);
BEGIN
	IF new_name IS NULL THEN
		RAISE EXCEPTION 'argument "new_name" must not be null'
			USING ERRCODE = '22004', HINT = 'Give a name of 1 to 200 characters.';
	END IF;
	IF length(new_name) NOT BETWEEN 1 AND 200 THEN
		RAISE EXCEPTION 'argument "new_name" must have 1 to 200 characters, not %', length(new_name)
			USING ERRCODE = '22023', HINT = 'A portfolio is named like a table: short.';
	END IF;
	IF new_name = portfolio THEN
		RETURN format('portfolio "%s" has that name already', portfolio);
	END IF;
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._unregister_portfolio(portfolio);
	PERFORM custseg._register_portfolio(new_name, schema, custseg._newest_layout());
	UPDATE portfolio AS p SET name = new_name;
	PERFORM custseg._make_views(new_name);
	RETURN format('portfolio "%s" is now "%s"; its schema is %I, as before', portfolio, new_name, schema)
		|| custseg._about_job(portfolio, format('SELECT custseg.unschedule(%L), and schedule it anew', portfolio));
END
$$;
COMMENT ON FUNCTION custseg._rename_portfolio(text, text) IS
'Internal: what rename_portfolio does.';

CREATE FUNCTION custseg.rename_portfolio(portfolio text, new_name text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.rename_portfolio(text, text) IS
'Gives a portfolio another name; its schema keeps its own. Returns what it did. To rename the schema: ALTER SCHEMA ... RENAME, and then attach_portfolio. Only for the owner of the portfolio. 42710: the name is taken; 22023: a name that is none; 22004: NULL; 42704: no such portfolio; 42501: not the owner.';

-- --- drop_portfolio -------------------------------------------------------

-- What DROP SCHEMA ... CASCADE would take with it outside the schema. Where something belongs to something else, such as
-- the rule of a view to the view, the dependency is internal, and both go. pg_identify_object quotes names.
CREATE FUNCTION custseg._dependents_outside(schema_name name) RETURNS SETOF text
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE gone AS (
		SELECT 'pg_namespace'::regclass::oid AS classid, n.oid AS objid FROM pg_namespace AS n WHERE n.nspname = schema_name
		UNION
		SELECT x.classid, x.objid
		FROM gone AS g
		CROSS JOIN LATERAL (
			SELECT d.classid, d.objid FROM pg_depend AS d WHERE d.refclassid = g.classid AND d.refobjid = g.objid
			UNION ALL
			SELECT d.refclassid, d.refobjid FROM pg_depend AS d
			WHERE d.classid = g.classid AND d.objid = g.objid AND d.deptype = 'i'
		) AS x
	)
	SELECT pg_describe_object(g.classid, g.objid, 0) AS description
	FROM gone AS g
	LEFT JOIN pg_rewrite AS w ON g.classid = 'pg_rewrite'::regclass AND w.oid = g.objid
	LEFT JOIN pg_attrdef AS f ON g.classid = 'pg_attrdef'::regclass AND f.oid = g.objid
	LEFT JOIN pg_trigger AS t ON g.classid = 'pg_trigger'::regclass AND t.oid = g.objid
	LEFT JOIN pg_policy AS p ON g.classid = 'pg_policy'::regclass AND p.oid = g.objid
	LEFT JOIN pg_class AS c ON c.oid = coalesce(w.ev_class, f.adrelid, t.tgrelid, p.polrelid,
		CASE WHEN g.classid = 'pg_class'::regclass THEN g.objid END)
	LEFT JOIN pg_type AS y ON g.classid = 'pg_type'::regclass AND y.oid = g.objid
	LEFT JOIN pg_cast AS k ON g.classid = 'pg_cast'::regclass AND k.oid = g.objid
	CROSS JOIN LATERAL pg_identify_object(g.classid, g.objid, 0) AS i
	WHERE coalesce(c.relnamespace::regnamespace::text, i.schema, '') NOT IN (quote_ident(schema_name), 'pg_toast')
		AND (i.schema IS NOT NULL OR c.oid IS NOT NULL OR k.oid IS NOT NULL OR g.classid = 'pg_event_trigger'::regclass)
		-- What goes with something else that is named, or with a type of the schema.
		AND NOT EXISTS (SELECT FROM pg_type AS t WHERE t.oid IN (k.castsource, k.casttarget)
			AND t.typnamespace::regnamespace::text = quote_ident(schema_name))
		AND coalesce(w.rulename, '') <> '_RETURN' AND NOT coalesce(t.tgisinternal, false)
		AND NOT (g.classid = 'pg_class'::regclass AND c.relkind IN ('i', 'I'))
		AND coalesce(y.typrelid, 0) = 0 AND coalesce(y.typcategory, '') <> 'A'
	ORDER BY 1
$$;
COMMENT ON FUNCTION custseg._dependents_outside(name) IS
'Internal: the objects outside a schema that depend on what is in it, described.';

-- What there is in a portfolio, for people. Its layout may be any.
CREATE FUNCTION custseg._describe_portfolio(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	has record;
	customers bigint;
	schema name := custseg._portfolio_schema(portfolio);
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT count(*) AS runs, count(DISTINCT r.as_of) AS days, min(r.as_of) AS first, max(r.as_of) AS last INTO has
	FROM run AS r WHERE r.state = 'done';
	SELECT count(*) INTO customers FROM customer AS c;
	RETURN format('schema %I (customers: %s; runs: %s; days of history: %s%s)', schema, customers, has.runs, has.days,
		CASE WHEN has.runs > 0 THEN format(', from %s to %s', has.first, has.last) ELSE '' END);
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	RETURN format('schema %I', schema);
END
$$;
COMMENT ON FUNCTION custseg._describe_portfolio(text) IS
'Internal: how many customers, runs and days a portfolio has, as a phrase.';

CREATE FUNCTION custseg._drop_portfolio(portfolio text, confirm text, p_cascade boolean) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	schema name := (SELECT n.nspname FROM custseg.portfolio AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name WHERE p.name = portfolio);
	content text := 'its entry in custseg.portfolios; the schema is gone already';
	dependents text[] := '{}';
BEGIN
	IF schema IS NOT NULL THEN
		PERFORM custseg._lock_portfolio(portfolio);
		content := custseg._describe_portfolio(portfolio);
		dependents := ARRAY(SELECT d FROM custseg._dependents_outside(schema) AS d);
	END IF;
	IF confirm IS DISTINCT FROM portfolio THEN
		RAISE EXCEPTION 'argument "confirm" is %, so portfolio "%" was not dropped', coalesce('"' || confirm || '"', 'null'), portfolio
			USING ERRCODE = '22023', DETAIL = format('What would be dropped is %s.', content),
			HINT = format('If it is to go for good, give its name twice: SELECT custseg.drop_portfolio(%1$L, %1$L).', portfolio);
	END IF;
	IF dependents <> '{}' AND p_cascade IS NOT TRUE THEN
		RAISE EXCEPTION 'other objects depend on portfolio "%"', portfolio
			USING ERRCODE = '2BP01', DETAIL = array_to_string(dependents[:20], E'\n') || CASE WHEN cardinality(dependents) > 20
				THEN format(E'\nand %s more', cardinality(dependents) - 20) ELSE '' END,
			HINT = 'They lie outside its schema. Drop them first, or say "cascade" => true to drop them too.';
	END IF;
	IF schema IS NOT NULL THEN
		EXECUTE format('DROP SCHEMA %I CASCADE', schema);
	END IF;
	PERFORM custseg._unregister_portfolio(portfolio);
	RETURN format('portfolio "%s" was dropped: %s', portfolio, content)
		|| CASE WHEN dependents = '{}' THEN '' ELSE E'\nand outside it: ' || array_to_string(dependents, ', ') END
		|| custseg._about_job(portfolio, format('SELECT custseg.unschedule(%L)', portfolio));
END
$$;
COMMENT ON FUNCTION custseg._drop_portfolio(text, text, boolean) IS
'Internal: what drop_portfolio does.';

CREATE FUNCTION custseg.drop_portfolio(portfolio text, confirm text DEFAULT NULL, "cascade" boolean DEFAULT false) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_any' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_portfolio(text, text, boolean) IS
'Drops a portfolio: its schema with all that is in it, the history too, and its entry in custseg.portfolios. Returns what was dropped. confirm: the name once more; without it the error says what would be dropped. cascade: also drops what lies outside the schema and depends on it, such as a view over a report view. Where the schema is gone already, only the entry is dropped. Only for the owner of the portfolio. 22023: confirm is not the name; 2BP01: something outside depends on it; 42704: no such portfolio; 22004: NULL; 42501: not the owner.';
