-- create_portfolio: from one relation of orders to a schema that can be refreshed.

-- What a text of the user is in FROM: a relation that is found in the caller's search_path, or a query in parentheses.
CREATE FUNCTION custseg._from_item(relation text, argument text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found regclass;
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = 'Give the name of a table or view, or a query.';
	END IF;
	IF relation ~* '^\s*(select|with|values|table)\M' OR relation ~ '^\s*\(' THEN
		RETURN '(' || rtrim(relation, E'; \t\n\r') || E'\n)';
	END IF;
	PERFORM set_config('search_path', current_setting('custseg.caller_search_path'), true);
	found := to_regclass(relation);
	-- Qualified, whatever the path will be: regclass leaves the schema out where the path finds it.
	PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
	IF found IS NULL THEN
		RAISE EXCEPTION 'argument "%": relation "%" does not exist', argument, relation
			USING ERRCODE = '42P01', HINT = 'Give the name of a table or view, with its schema where it is not in search_path, or a query.';
	END IF;
	RETURN found::text;
END
$$;
COMMENT ON FUNCTION custseg._from_item(text, text) IS
'Internal: what stands in FROM for a relation or a query that the user gave in an argument. 42P01: no such relation; 22004: null.';

-- A column of the user's relation, or an expression over its columns.
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
	RETURN format('(%s)', expression);
END
$$;
COMMENT ON FUNCTION custseg._column_expression(text, text) IS
'Internal: the SQL of a column name, quoted, or of an expression over the columns of a relation; NULL: NULL.';

-- Makes a source view in the portfolio's schema; the user's names are found in the caller's search_path.
CREATE FUNCTION custseg._create_view(schema_name name, view_name name, query text, comment text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('search_path', current_setting('custseg.caller_search_path'), true);
	EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW %I.%I AS %s', schema_name, view_name, query);
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	EXECUTE format('COMMENT ON VIEW %I.%I IS %L', schema_name, view_name, comment);
END
$$;
COMMENT ON FUNCTION custseg._create_view(name, name, text, text) IS
'Internal: creates a view in the schema of a portfolio over relations of the caller.';

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

-- The declarations that a template begins with.
CREATE FUNCTION custseg._apply_template(portfolio text, template text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	policy custseg.tier_policy := custseg.tier_policy_template(template);
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO tier (tier, position, enter, keep)
	SELECT t.tier, t."position", t.enter, t.keep FROM custseg.tier_policy_tiers(policy) AS t;
	INSERT INTO setting (name, value)
	SELECT o.key, o.value FROM jsonb_each_text(policy::jsonb) AS o
	WHERE o.key IN (SELECT p.name FROM custseg.portfolio_options() AS p);

	IF template = 'vip_regular_potential' THEN
		-- Loyalty is a habit: in how many months a customer has bought.
		INSERT INTO measure (measure, kind, description)
		VALUES ('loyalty', 'active_months', 'calendar months with a purchase');
		INSERT INTO component (measure, position, weight, method, classes, score_name) VALUES
			('spend', 1, 1, 'balanced', 5, 'spend_score'),
			('frequency', 2, 1, 'balanced', 5, 'frequency_score'),
			('loyalty', 3, 1, 'balanced', 5, 'loyalty_score');
	ELSIF template = 'quick_start' THEN
		INSERT INTO component (measure, position, weight, method, classes, score_name) VALUES
			('frequency', 1, 1, 'balanced', 5, 'frequency_score'),
			('spend', 2, 1, 'balanced', 5, 'spend_score');
	ELSIF template = 'abc' THEN
		INSERT INTO component (measure, position, weight, method, shares, score_name)
		VALUES ('spend', 1, 1, 'abc', '{0.8,0.95}', 'abc_class');
	ELSE
		INSERT INTO component (measure, position, weight, method, classes, score_name)
		VALUES ('spend', 1, 1, 'balanced', 5, 'spend_score');
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._apply_template(text, text) IS
'Internal: writes the declarations of a template into a new portfolio. 22023: no such template.';

-- The view of orders. It has the moment as the user has it besides the day: the bulk functions convert faster.
CREATE FUNCTION custseg._create_orders_view(schema_name name, source text, customer text, ordered_at text, amount text,
	cost text, order_id text, filter text, time_zone text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	query text := 'SELECT %1$s AS customer_id, %2$s AS day, %3$s AS amount, %4$s AS cost, %5$s AS order_id, %6$s AS ordered_at FROM %7$s AS o%8$s';
	moment text := custseg._column_expression(source, ordered_at);
	key text := custseg._column_expression(source, customer);
	value text := custseg._column_expression(source, amount);
	charge text := coalesce(custseg._column_expression(source, cost), 'NULL::numeric');
	line text := coalesce(custseg._column_expression(source, order_id), 'NULL::text');
	condition text := coalesce(' WHERE (' || filter || E'\n)', '');
	day_type regtype;
BEGIN
	-- Once to see the types that the user's columns and expressions have.
	PERFORM custseg._create_view(schema_name, 'source_orders',
		format(query, key, moment, value, charge, line, moment, source, condition), 'Source of orders.');
	day_type := custseg._column_type(schema_name, 'source_orders', 'day');
	IF day_type <> ALL (ARRAY['date', 'timestamp', 'timestamptz']::regtype[]) THEN
		RAISE EXCEPTION 'argument "ordered_at" is of type %', day_type
			USING ERRCODE = '42804', HINT = 'It must be a date, a timestamp or a timestamp with time zone.';
	END IF;
	IF custseg._column_type(schema_name, 'source_orders', 'customer_id') IN ('text'::regtype, 'varchar'::regtype) THEN
		key := format('nullif((%s)::text, '''')', key);
	END IF;
	EXECUTE format('DROP VIEW %I.source_orders', schema_name);
	PERFORM custseg._create_view(schema_name, 'source_orders',
		format(query, key, CASE day_type WHEN 'timestamptz'::regtype THEN format('(%s AT TIME ZONE %L)::date', moment, time_zone)
			ELSE format('(%s)::date', moment) END, value, charge, line, moment, source, condition),
		'Source: one row for each order or order line.');
END
$$;
COMMENT ON FUNCTION custseg._create_orders_view(name, text, text, text, text, text, text, text, text) IS
'Internal: makes the view source_orders with its standard columns.';

CREATE FUNCTION custseg._create_portfolio(p_name text, orders text, customer text, ordered_at text, amount text, cost text,
	order_id text, filter text, time_zone text, template text, schema_name text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema name := coalesce(schema_name, p_name);
	source text;
	key_type regtype;
BEGIN
	IF p_name IS NULL OR p_name = '' OR length(p_name) > 200 THEN
		RAISE EXCEPTION 'argument "name" must have 1 to 200 characters'
			USING ERRCODE = '22023', HINT = 'A portfolio is named like a table: short.';
	END IF;
	IF octet_length(coalesce(schema_name, p_name)) > 63 THEN
		RAISE EXCEPTION 'schema "%" has a name of more than 63 bytes', coalesce(schema_name, p_name)
			USING ERRCODE = '42622', HINT = 'Give a shorter one in argument "schema_name".';
	END IF;
	IF customer IS NULL OR ordered_at IS NULL OR amount IS NULL THEN
		RAISE EXCEPTION 'arguments "customer", "ordered_at" and "amount" must not be null'
			USING ERRCODE = '22004', HINT = 'Give the columns of "orders", or expressions over them.';
	END IF;
	IF to_regnamespace(quote_ident(schema)) IS NOT NULL THEN
		RAISE EXCEPTION 'schema "%" exists already', schema
			USING ERRCODE = '42P06', HINT = 'A portfolio makes a schema of its own. Give another name in argument "schema_name".';
	END IF;

	source := custseg._from_item(orders, 'orders');
	EXECUTE format('CREATE SCHEMA %I', schema);
	PERFORM custseg._register_portfolio(p_name, schema, 1);

	PERFORM custseg._create_orders_view(schema, source, customer, ordered_at, amount, cost, order_id, filter, time_zone);
	key_type := custseg._column_type(schema, 'source_orders', 'customer_id');
	IF key_type <> ALL (ARRAY['smallint', 'integer', 'bigint', 'uuid', 'text']::regtype[]) THEN
		RAISE EXCEPTION 'argument "customer" is of type %', key_type
			USING ERRCODE = '42804', HINT = 'Customers are smallint, integer, bigint, uuid, text or varchar.';
	END IF;

	PERFORM custseg._layout_core(schema, key_type::text);
	PERFORM custseg._layout_declarations(schema, key_type::text);
	EXECUTE format('INSERT INTO %I.portfolio (name, layout, customer_type, time_zone, template) VALUES ($1, 1, $2, $3, $4)', schema)
	USING p_name, key_type::text, time_zone, template;
	EXECUTE format('INSERT INTO %I.source (kind, definition, columns) VALUES (''orders'', $1, $2)', schema)
	USING orders, array_remove(ARRAY['customer_id', 'day', 'amount', CASE WHEN cost IS NOT NULL THEN 'cost' END,
		CASE WHEN order_id IS NOT NULL THEN 'order_id' END], NULL);
	PERFORM custseg._apply_template(p_name, template);
	PERFORM custseg._make_views(p_name);
	RETURN format('portfolio "%s" was created in schema %I; refresh it with SELECT * FROM custseg.refresh(%L)', p_name, schema, p_name);
END
$$;
COMMENT ON FUNCTION custseg._create_portfolio(text, text, text, text, text, text, text, text, text, text, text) IS
'Internal: what create_portfolio does.';

CREATE FUNCTION custseg.create_portfolio(name text, orders text, customer text, ordered_at text, amount text,
	cost text DEFAULT NULL, order_id text DEFAULT NULL, filter text DEFAULT NULL, time_zone text DEFAULT 'UTC',
	template text DEFAULT 'vip_regular_potential', schema_name text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_caller' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.create_portfolio(text, text, text, text, text, text, text, text, text, text, text) IS
'Makes a portfolio that can be refreshed at once: a schema with source views, tables and report views, owned by the caller. orders: a table, a view or a query with one row for each order or order line; customer, ordered_at, amount, cost, order_id: its columns, or expressions over them; filter: a condition on its rows. ordered_at: date, timestamp, or timestamptz, which becomes a day in time_zone. Lines of one order_id are netted. template: vip_regular_potential, abc, high_medium_low or quick_start, see tier_policy_template. schema_name: NULL: the name of the portfolio. 42710, 42P06: the portfolio, the schema exists; 42P01, 42703: no such relation, column; 42804: a column of a type that does not fit; 22023: no such template.';
