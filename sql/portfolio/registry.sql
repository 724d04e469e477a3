-- sql/portfolio/registry.sql
--
-- The registry of portfolios: a portfolio is a schema that its creator owns, and
-- has a row here. And who may call the public functions of the portfolio layer.

CREATE TABLE custseg.portfolio
(
	name        text PRIMARY KEY
	            CHECK (name <> '' AND pg_catalog.length(name) <= 200),
	schema_name text NOT NULL UNIQUE,
	layout      int NOT NULL CHECK (layout >= 1),
	created_at  timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE custseg.portfolio IS
'The registered portfolios. Written by create_portfolio, attach_portfolio and drop_portfolio; read it through custseg.portfolios.';
COMMENT ON COLUMN custseg.portfolio.name IS 'Name of the portfolio, as the functions take it; 1 to 200 characters.';
COMMENT ON COLUMN custseg.portfolio.schema_name IS 'Its schema. Whoever owns the schema owns the portfolio.';
COMMENT ON COLUMN custseg.portfolio.layout IS 'Version of the tables and views in the schema, from 1; upgrade_portfolio raises it.';
COMMENT ON COLUMN custseg.portfolio.created_at IS 'When it was registered.';

SELECT pg_catalog.pg_extension_config_dump('custseg.portfolio', '');

-- As for custseg.segmentation: everything that the installer needs, but no
-- TRIGGER and REFERENCES, since the functions below write as the table's owner.
GRANT SELECT ON custseg.portfolio TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON custseg.portfolio TO @extowner@ WITH GRANT OPTION;

CREATE VIEW custseg.portfolios AS
	SELECT p.name, p.schema_name, pg_catalog.pg_get_userbyid(n.nspowner) AS owner, p.layout
	FROM custseg.portfolio p
	LEFT JOIN pg_catalog.pg_namespace n ON n.nspname OPERATOR(pg_catalog.=) p.schema_name;
COMMENT ON VIEW custseg.portfolios IS
'The portfolios of this database, with their schemas and owners.';
COMMENT ON COLUMN custseg.portfolios.name IS 'Name of the portfolio, as the functions take it.';
COMMENT ON COLUMN custseg.portfolios.schema_name IS 'The schema that holds its tables and views.';
COMMENT ON COLUMN custseg.portfolios.owner IS 'The role that owns the schema; NULL when the schema is gone.';
COMMENT ON COLUMN custseg.portfolios.layout IS 'Version of the tables and views in the schema.';
GRANT SELECT ON custseg.portfolios TO PUBLIC;
GRANT SELECT ON custseg.portfolios TO @extowner@ WITH GRANT OPTION;

-- --- Functions for the portfolio layer itself -----------------------------

CREATE FUNCTION custseg._portfolio_schema(portfolio text) RETURNS name
AS 'MODULE_PATHNAME', 'custseg_portfolio_schema'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg._portfolio_schema(text) IS
'The schema of a portfolio. 42704: no such portfolio; 3F000: its schema is gone; 22004: NULL.';

CREATE FUNCTION custseg._register_portfolio(name text, schema_name name, layout int) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_register_portfolio'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg._register_portfolio(text, name, int) IS
'Registers a schema as a portfolio; layout is the version of its tables, from 1. The caller must have the privileges of the schema''s owner (42501). A name whose schema is gone is taken over. 42710: the name or the schema is registered already; 3F000: no such schema; 22004, 22023: bad argument.';

CREATE FUNCTION custseg._unregister_portfolio(name text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_unregister_portfolio'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg._unregister_portfolio(text) IS
'Takes a portfolio out of the registry; its schema stays. The caller must have the privileges of the schema''s owner (42501), unless the schema is gone. 42704: no such portfolio.';

CREATE FUNCTION custseg._set_portfolio_layout(name text, layout int) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_set_portfolio_layout'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg._set_portfolio_layout(text, int) IS
'Records the version of a portfolio''s tables, from 1. The caller must have the privileges of the schema''s owner (42501). 42704: no such portfolio; 3F000: its schema is gone; 22023: bad layout.';

-- --- Who may call the public functions ------------------------------------

CREATE FUNCTION custseg._portfolio_routines() RETURNS SETOF regprocedure
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
	SELECT p.oid::pg_catalog.regprocedure
	FROM pg_catalog.pg_proc p
	JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
	WHERE p.pronamespace OPERATOR(pg_catalog.=) 'custseg'::pg_catalog.regnamespace
		AND CASE p.prokind
			WHEN 'p' THEN p.proname OPERATOR(pg_catalog.=) 'run_refresh'
			ELSE p.proname OPERATOR(pg_catalog.=) ANY (ARRAY['schedule', 'unschedule'])
				OR l.lanname OPERATOR(pg_catalog.=) 'c' AND p.prosrc OPERATOR(pg_catalog.=) ANY (ARRAY[
				'custseg_portfolio_owner', 'custseg_portfolio_reader', 'custseg_portfolio_caller',
				'custseg_portfolio_try', 'custseg_portfolio_any', 'custseg_refresh'])
			END
	ORDER BY p.proname, p.oid;
END;
COMMENT ON FUNCTION custseg._portfolio_routines() IS
'The public functions and procedures of the portfolio layer: those that are called through src/portfolio/portfolio_call.c, the procedures over them, schedule and unschedule. Only roles that grant_portfolios was called for can execute them.';

CREATE FUNCTION custseg.grant_portfolios(role name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	routine regprocedure;
BEGIN
	IF role IS NULL THEN
		RAISE EXCEPTION 'argument "role" must not be NULL'
			USING ERRCODE = 'null_value_not_allowed', HINT = 'Pass the name of a role.';
	END IF;
	IF role <> 'public' AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role) THEN
		RAISE EXCEPTION 'role "%" does not exist', role
			USING ERRCODE = 'undefined_object', HINT = 'Argument "role" must be the name of a role of this cluster.';
	END IF;

	FOR routine IN SELECT r FROM custseg._portfolio_routines() r LOOP
		IF NOT has_function_privilege(routine, 'EXECUTE WITH GRANT OPTION') THEN
			RAISE EXCEPTION 'permission denied to grant function %', routine
				USING ERRCODE = 'insufficient_privilege',
					  HINT = 'The role that created the extension may do this, or a superuser.';
		END IF;
		EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', routine, role);
	END LOOP;
END
$fn$;
COMMENT ON FUNCTION custseg.grant_portfolios(name) IS
'Lets a role (or public) call the public functions and procedures of the portfolio layer, by GRANT EXECUTE on each. What it may do with a portfolio depends on its rights on that portfolio''s schema. Call it again after an update that brings new functions. 42501: the caller may not grant; 42704: no such role; 22004: NULL.';
