-- Readers: roles that see the report views of a portfolio, and nothing else of it.

-- Readers get the views that have come since they were granted. A role that was dropped, or whose rights were taken by
-- other means, gets nothing.
CREATE FUNCTION custseg._grant_report_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	step record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR step IN
		SELECT c.oid::regclass AS relation, r.role_name, coalesce(g.oid, 0) AS role_id
		FROM reader AS r
		LEFT JOIN pg_roles AS g ON g.rolname = r.role_name
		CROSS JOIN report_view AS v
		JOIN pg_class AS c ON c.relname = v.name AND c.relkind = 'v'
			AND c.relnamespace = quote_ident(custseg._portfolio_schema(portfolio))::regnamespace
		WHERE (g.oid IS NOT NULL OR r.role_name = 'public')
			AND EXISTS (SELECT FROM pg_class AS t, aclexplode(t.relacl) AS a
				WHERE t.oid = 'current_customers'::regclass AND a.grantee = coalesce(g.oid, 0) AND a.privilege_type = 'SELECT')
			AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) AS a
				WHERE a.grantee = coalesce(g.oid, 0) AND a.privilege_type = 'SELECT')
	LOOP
		EXECUTE format('GRANT SELECT ON %s TO %s', step.relation,
			CASE WHEN step.role_id = 0 THEN 'PUBLIC' ELSE quote_ident(step.role_name) END);
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._grant_report_views(text) IS
'Internal: gives the readers of a portfolio the report views that they do not have yet.';

CREATE FUNCTION custseg._check_reader(portfolio text, role name) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF role IS NULL THEN
		RAISE EXCEPTION 'argument "role" must not be null'
			USING ERRCODE = '22004', HINT = 'Give the name of a role, or public.';
	END IF;
	IF role = 'public' THEN
		RETURN 'PUBLIC';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = role) THEN
		RAISE EXCEPTION 'role "%" does not exist', role
			USING ERRCODE = '42704', HINT = 'Argument "role" must be the name of a role of this cluster, or public.';
	END IF;
	IF role = (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace AS n WHERE n.nspname = custseg._portfolio_schema(portfolio)) THEN
		RAISE EXCEPTION 'role "%" owns portfolio "%"', role, portfolio
			USING ERRCODE = '22023', HINT = 'The owner reads everything by itself. Argument "role" must be another role.';
	END IF;
	RETURN quote_ident(role);
END
$$;
COMMENT ON FUNCTION custseg._check_reader(text, name) IS
'Internal: a role as GRANT takes it. 22004: null; 42704: no such role; 22023: the owner of the portfolio.';

CREATE FUNCTION custseg._grant_reader(portfolio text, role name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	grantee text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	grantee := custseg._check_reader(portfolio, role);
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', custseg._portfolio_schema(portfolio), grantee);
	EXECUTE format('GRANT SELECT ON current_customers TO %s', grantee);
	INSERT INTO reader (role_name) VALUES (role) ON CONFLICT DO NOTHING;
	PERFORM custseg._grant_report_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._grant_reader(text, name) IS
'Internal: what grant_reader does.';

CREATE FUNCTION custseg._revoke_reader(portfolio text, role name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	grantee text;
	relation regclass;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	-- The role may be gone.
	DELETE FROM reader AS r
	WHERE r.role_name = role AND role <> 'public' AND NOT EXISTS (SELECT FROM pg_roles AS g WHERE g.rolname = role);
	IF FOUND THEN
		RETURN;
	END IF;
	grantee := custseg._check_reader(portfolio, role);
	DELETE FROM reader AS r WHERE r.role_name = role;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'role "%" is no reader of portfolio "%"', role, portfolio
			USING ERRCODE = '42704', HINT = 'Argument "role" must be a role that grant_reader was called for.';
	END IF;
	FOR relation IN
		SELECT c.oid::regclass FROM report_view AS v
		JOIN pg_class AS c ON c.relname = v.name AND c.relkind = 'v'
			AND c.relnamespace = quote_ident(custseg._portfolio_schema(portfolio))::regnamespace
	LOOP
		EXECUTE format('REVOKE SELECT ON %s FROM %s', relation, grantee);
	END LOOP;
	EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM %s', custseg._portfolio_schema(portfolio), grantee);
END
$$;
COMMENT ON FUNCTION custseg._revoke_reader(text, name) IS
'Internal: what revoke_reader does.';

CREATE FUNCTION custseg.grant_reader(portfolio text, role name) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.grant_reader(text, name) IS
'Lets a role (or public) read the report views of a portfolio: USAGE on its schema and SELECT on each report view, also on those that come later. It gets no table and no source view. To call movement and the other functions for readers, the role needs custseg.grant_portfolios besides. Only for the owner of the portfolio. 42704: no such portfolio, role; 22004: NULL; 22023: the owner; 42501: not the owner.';

CREATE FUNCTION custseg.revoke_reader(portfolio text, role name) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.revoke_reader(text, name) IS
'Takes back what grant_reader gave to a role (or public). Only for the owner of the portfolio. 42704: no such portfolio, role, or a role that is no reader; 22004: NULL; 22023: the owner; 42501: not the owner.';
