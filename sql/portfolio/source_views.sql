-- Source views: from a relation or query of the user to a view in the portfolio's schema that has the standard columns.
--
-- What the user wrote is meant in his own search_path. It becomes part of a view at once and is not kept as text, so
-- PostgreSQL tracks what it depends on. Before that it must parse as one SELECT.

CREATE FUNCTION custseg._check_query(query text, argument text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_check_query' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg._check_query(text, text) IS
'Internal: refuses a text that is not one SELECT which only reads; argument is named in the error. 22023: it is not; 42601: syntax error.';

-- What a text of the user is in FROM: a relation that is found in the caller's search_path, or a query in parentheses.
CREATE FUNCTION custseg._from_item(relation text, argument text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found regclass;
	persistence "char";
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = 'Give the name of a table or view, or a query.';
	END IF;
	IF relation ~* '^(\s|--[^\n]*\n|/\*.*?\*/)*((select|with|values|table)\M|\()' THEN
		RETURN '(' || rtrim(relation, E'; \t\n\r') || E'\n)';
	END IF;
	PERFORM set_config('search_path', current_setting('custseg.caller_search_path'), true);
	BEGIN
		found := to_regclass(relation);
	EXCEPTION WHEN invalid_name OR syntax_error THEN
		found := NULL;
	END;
	-- Qualified, whatever the path will be: regclass leaves the schema out where the path finds it.
	PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
	IF found IS NULL THEN
		RAISE EXCEPTION 'argument "%": relation "%" does not exist', argument, relation
			USING ERRCODE = '42P01', HINT = 'Give the name of a table or view, with its schema where it is not in search_path, or a query.';
	END IF;
	SELECT c.relpersistence INTO persistence FROM pg_class AS c WHERE c.oid = found;
	IF persistence = 't' THEN
		RAISE EXCEPTION 'argument "%": relation "%" is temporary', argument, relation
			USING ERRCODE = '42809', HINT = 'A portfolio reads it again at each run: give a table that stays.';
	END IF;
	RETURN found::text;
END
$$;
COMMENT ON FUNCTION custseg._from_item(text, text) IS
'Internal: what stands in FROM for a relation or a query that the user gave in an argument. 42P01: no such relation; 42809: a temporary one; 22004: null.';

-- A column of the user's relation, or an expression over its columns. A comment at its end ends with the line.
CREATE FUNCTION custseg._column_expression(from_item text, expression text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF expression IS NULL THEN
		RETURN NULL;
	END IF;
	IF left(from_item, 1) <> '(' AND EXISTS (
		SELECT FROM pg_attribute AS a
		WHERE a.attrelid = from_item::regclass AND a.attname = expression AND a.attnum > 0 AND NOT a.attisdropped)
	THEN
		RETURN format('o.%I', expression);
	END IF;
	RETURN format(E'(%s\n)', expression);
END
$$;
COMMENT ON FUNCTION custseg._column_expression(text, text) IS
'Internal: the SQL of a column name, quoted, or of an expression over the columns of a relation; NULL: NULL.';

-- Makes a view in the portfolio's schema; the user's names are found in the caller's search_path.
CREATE FUNCTION custseg._create_view(schema_name name, view_name name, query text, argument text, comment text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_query(query, argument);
	PERFORM set_config('search_path', current_setting('custseg.caller_search_path'), true);
	EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW %I.%I AS %s', schema_name, view_name, query);
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	EXECUTE format('COMMENT ON VIEW %I.%I IS %L', schema_name, view_name, comment);
END
$$;
COMMENT ON FUNCTION custseg._create_view(name, name, text, text, text) IS
'Internal: makes or replaces a view in the schema of a portfolio over relations of the caller.';

-- The type of a column, domains looked through.
CREATE FUNCTION custseg._column_type(schema_name name, view_name name, column_name name) RETURNS regtype
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE base AS (
		SELECT a.atttypid AS type
		FROM pg_catalog.pg_attribute AS a
		JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relname = view_name
		JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = schema_name
		WHERE a.attname = column_name
		UNION ALL
		SELECT t.typbasetype FROM base JOIN pg_catalog.pg_type AS t ON t.oid = base.type WHERE t.typtype = 'd'
	)
	SELECT base.type FROM base JOIN pg_catalog.pg_type AS t ON t.oid = base.type WHERE t.typtype <> 'd';
END;
COMMENT ON FUNCTION custseg._column_type(name, name, name) IS
'Internal: the type of a column of a relation, for a domain its base type; NULL: no such column.';

-- The columns of a relation, for a hint.
CREATE FUNCTION custseg._column_list(schema_name name, view_name name) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attnum)
	FROM pg_catalog.pg_attribute AS a
	JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relname = view_name
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = schema_name
	WHERE a.attnum > 0 AND NOT a.attisdropped;
END;
COMMENT ON FUNCTION custseg._column_list(name, name) IS
'Internal: the names of the columns of a relation, separated by commas.';

-- Makes the view source_probe of everything that an argument's relation or query has.
CREATE FUNCTION custseg._probe_relation(schema_name name, source text, argument text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	message text;
	advice text;
BEGIN
	PERFORM custseg._create_view(schema_name, 'source_probe', format('SELECT o.* FROM %s AS o', source), argument, 'Being looked at.');
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'argument "%": %', argument, message
		USING ERRCODE = SQLSTATE, HINT = coalesce(nullif(advice, ''), 'Give the name of a table or view, or a query.');
END
$$;
COMMENT ON FUNCTION custseg._probe_relation(name, text, text) IS
'Internal: makes the view source_probe, to see what columns a relation or query has. Errors name the argument.';

-- The type of a user's column or expression. Its errors name the argument.
CREATE FUNCTION custseg._probe_expression(schema_name name, source text, expression text, argument text) RETURNS regtype
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type regtype;
	code text;
	message text;
	advice text;
BEGIN
	IF expression IS NULL THEN
		RETURN NULL;
	END IF;
	PERFORM custseg._create_view(schema_name, 'source_probe', format('SELECT %s AS value FROM %s AS o', expression, source), argument,
		'Being looked at.');
	type := custseg._column_type(schema_name, 'source_probe', 'value');
	EXECUTE format('DROP VIEW %I.source_probe', schema_name);
	RETURN type;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	IF code = '42703' THEN
		PERFORM custseg._probe_relation(schema_name, source, argument);
		advice := 'There are the columns: ' || custseg._column_list(schema_name, 'source_probe');
	END IF;
	RAISE EXCEPTION 'argument "%": %', argument, message
		USING ERRCODE = code, HINT = coalesce(nullif(advice, ''), 'Give a column of the relation, or an expression over its columns.');
END
$$;
COMMENT ON FUNCTION custseg._probe_expression(name, text, text, text) IS
'Internal: the type of an expression over the columns of a relation; NULL: NULL. Errors name the argument and the columns that there are.';

-- A column as a customer in the type of the portfolio; NULL where its type is another one. Integers may be narrower.
CREATE FUNCTION custseg._key_expression(expression text, type regtype, key_type regtype) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	integers regtype[] := ARRAY['smallint', 'integer', 'bigint'];
BEGIN
	RETURN CASE
		WHEN key_type = 'text'::regtype AND type IN ('text'::regtype, 'varchar'::regtype) THEN format('nullif((%s)::text, '''')', expression)
		WHEN type = key_type THEN expression
		WHEN array_position(integers, type) < array_position(integers, key_type) THEN format('(%s)::%s', expression, key_type)
	END;
END
$$;
COMMENT ON FUNCTION custseg._key_expression(text, regtype, regtype) IS
'Internal: the SQL of a column of a type as customer_id of the portfolio''s type, an empty text being no customer; NULL: the types do not agree.';

-- The expression of customer_id and the join that it needs: for level account, the account of the customer.
CREATE FUNCTION custseg._source_customer(schema_name name, p_kind text, column_name name, type regtype, key_type regtype,
	OUT customer text, OUT member text, OUT joined text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	value text := format('o.%I', column_name);
	member_type regtype := custseg._column_type(schema_name, 'source_accounts', 'customer_id');
BEGIN
	joined := '';
	customer := custseg._key_expression(value, type, key_type);
	IF member_type IS NOT NULL AND p_kind <> 'accounts' THEN
		member := custseg._key_expression(value, type, member_type);
	END IF;
	IF member IS NOT NULL THEN
		-- A customer of no account is one of his own, if he can be. One account for each customer, whatever the relation
		-- holds by now: an order must not count twice.
		customer := CASE WHEN customer IS NOT NULL AND member_type = key_type THEN format('coalesce(a.account_id, %s)', customer)
			ELSE 'a.account_id' END;
		joined := format(' LEFT JOIN (SELECT DISTINCT ON (m.customer_id) m.customer_id, m.account_id FROM %I.source_accounts AS m'
			' ORDER BY m.customer_id, m.account_id) AS a ON a.customer_id = %s', schema_name, member);
	END IF;
	IF customer IS NULL THEN
		RAISE EXCEPTION 'column "%" of source "%" is of type %, but customers are of type %', column_name, p_kind, type, key_type
			USING ERRCODE = '42804', HINT = format('Give a query that casts it: SELECT %I::%s, ...', column_name, key_type);
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._source_customer(name, text, name, regtype, regtype) IS
'Internal: the SQL of customer_id of a source, and the join with the accounts where the portfolio has them. 42804: the type of the column does not fit.';

-- The SQL of a standard column of a source; raises where its type does not fit.
CREATE FUNCTION custseg._source_column(p_kind text, p_name name, p_type text, column_type regtype, time_zone text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	types regtype[] := CASE p_type
		WHEN 'day' THEN ARRAY['date', 'timestamp', 'timestamptz']::regtype[]
		WHEN 'numeric' THEN ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision']::regtype[]
		WHEN 'boolean' THEN ARRAY['boolean']::regtype[]
	END;
	sql_type text := CASE p_type WHEN 'day' THEN 'date' ELSE p_type END;
BEGIN
	IF column_type IS NULL THEN
		RETURN format('NULL::%s', sql_type);
	END IF;
	IF column_type <> ALL (types) THEN
		RAISE EXCEPTION 'column "%" of source "%" is of type %', p_name, p_kind, column_type
			USING ERRCODE = '42804', HINT = format('It must be of type %s. Give a query that casts it.', array_to_string(types, ' or '));
	END IF;
	IF column_type = 'timestamptz'::regtype THEN
		RETURN format('(o.%I AT TIME ZONE %L)::date', p_name, time_zone);
	END IF;
	RETURN format('o.%I::%s', p_name, sql_type);
END
$$;
COMMENT ON FUNCTION custseg._source_column(text, name, text, regtype, text) IS
'Internal: the SQL of a standard column of a source over the user''s column of the same name; column_type: the type of that, NULL where there is none. 42804: it does not fit.';

-- The columns of source_probe behind the standard ones that a kind keeps.
CREATE FUNCTION custseg._further_columns(schema_name name, p_kind text, OUT names text[], OUT expressions text)
RETURNS record
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum),
		pg_catalog.string_agg(pg_catalog.format(', o.%I', a.attname), '' ORDER BY a.attnum)
	FROM pg_catalog.pg_attribute AS a
	JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relname = 'source_probe'
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = schema_name
	WHERE p_kind IN ('customers', 'measures') AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attname <> ALL (ARRAY(SELECT s.name FROM custseg._source_columns() AS s WHERE s.kind = p_kind));
END;
COMMENT ON FUNCTION custseg._further_columns(name, text) IS
'Internal: the columns that a source of kind customers or measures has besides the standard ones.';

-- Says what the columns of a source view are.
CREATE FUNCTION custseg._comment_columns(schema_name name, p_kind text, view_name name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
BEGIN
	FOR part IN
		SELECT a.attname, a.attrelid::regclass AS relation, coalesce(c.description, 'a column of the source itself') AS description
		FROM pg_attribute AS a LEFT JOIN custseg._source_columns() AS c ON c.kind = p_kind AND c.name = a.attname
		WHERE a.attrelid = format('%I.%I', schema_name, view_name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', part.relation, part.attname,
			upper(left(part.description, 1)) || substr(part.description, 2) || '.');
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._comment_columns(name, text, name) IS
'Internal: comments the columns of the view of a source.';

-- Makes the view of a source; returns which of its columns have content.
CREATE FUNCTION custseg._create_source_view(schema_name name, p_kind text, query text, argument text, key_type regtype, time_zone text)
RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source text := custseg._from_item(query, argument);
	standard record;
	found regtype;
	key record;
	further record;
	present text[] := '{}';
	fields text[] := '{}';
	joined text := '';
	distinct_on text := '';
	sorted text := '';
BEGIN
	PERFORM custseg._probe_relation(schema_name, source, argument);
	FOR standard IN SELECT c.* FROM custseg._source_columns() AS c WHERE c.kind = p_kind ORDER BY c.place LOOP
		found := custseg._column_type(schema_name, 'source_probe', standard.name);
		IF found IS NULL AND standard.required THEN
			RAISE EXCEPTION 'source "%" needs a column "%"', p_kind, standard.name
				USING ERRCODE = '42703',
				DETAIL = format('There are the columns: %s', custseg._column_list(schema_name, 'source_probe')),
				HINT = 'Give a query that names its columns so; custseg.source_kinds() lists them.';
		END IF;
		IF found IS NOT NULL THEN
			present := present || standard.name::text;
		END IF;
		IF standard.type <> 'key' THEN
			fields := fields || format('%s AS %I', custseg._source_column(p_kind, standard.name, standard.type, found, time_zone), standard.name);
			CONTINUE;
		END IF;
		IF p_kind = 'accounts' AND standard.name = 'account_id' THEN
			-- The accounts are what customers of the portfolio are: of any type that customers may have.
			key_type := CASE found WHEN 'varchar'::regtype THEN 'text'::regtype ELSE found END;
			IF key_type <> ALL (ARRAY['smallint', 'integer', 'bigint', 'uuid', 'text']::regtype[]) THEN
				RAISE EXCEPTION 'column "account_id" of source "accounts" is of type %', found
					USING ERRCODE = '42804', HINT = 'It must be of type smallint, integer, bigint, uuid, text or varchar.';
			END IF;
		END IF;
		key := custseg._source_customer(schema_name, p_kind, standard.name, found, key_type);
		fields := fields || format('%s AS %I', key.customer, standard.name);
		joined := key.joined;
		IF p_kind = 'customers' AND joined <> '' THEN
			-- One row for an account: its own, or that of its first customer.
			distinct_on := format('DISTINCT ON (%s) ', key.customer);
			sorted := format(' ORDER BY %s, a.account_id IS NOT NULL, %s', key.customer, key.member);
		END IF;
	END LOOP;

	further := custseg._further_columns(schema_name, p_kind);
	EXECUTE format('DROP VIEW %I.source_probe', schema_name);
	PERFORM custseg._create_view(schema_name, 'source_' || p_kind, format('SELECT %s%s%s FROM %s AS o%s%s',
		distinct_on, array_to_string(fields, ', '), further.expressions, source, joined, sorted), argument, 'Source: ' || p_kind || '.');
	PERFORM custseg._comment_columns(schema_name, p_kind, ('source_' || p_kind)::name);
	RETURN present || further.names;
END
$$;
COMMENT ON FUNCTION custseg._create_source_view(name, text, text, text, regtype, text) IS
'Internal: makes or replaces the view of a source with its standard columns; returns those that have content. key_type: that of customer_id. 42703: a column is missing; 42804: one is of another type; 42P16: the view cannot be replaced, since its columns are others.';
