-- create_portfolio: from one relation of orders to a schema that can be refreshed.

-- The declarations that a template begins with: a document, taken in as an import.
CREATE FUNCTION custseg._apply_template(portfolio text, template text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	policy jsonb := custseg.tier_policy_template(template)::jsonb;
	measures jsonb := '[]';
	components jsonb := '[{"measure": "spend"}]';
BEGIN
	IF template = 'vip_regular_potential' THEN
		-- Loyalty is a habit: in how many months a customer has bought.
		measures := '[{"measure": "loyalty", "kind": "active_months", "description": "calendar months with a purchase"}]';
		components := '[{"measure": "spend"}, {"measure": "frequency"}, {"measure": "loyalty"}]';
	ELSIF template = 'quick_start' THEN
		components := '[{"measure": "frequency"}, {"measure": "spend"}]';
	ELSIF template = 'abc' THEN
		components := '[{"measure": "spend", "method": "abc", "score_name": "abc_class"}]';
	END IF;
	PERFORM custseg._replace_declarations(portfolio, jsonb_build_object('measures', measures, 'components', components,
		'tiers', policy -> 'tiers',
		'options', (SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(policy) AS o WHERE o.key = ANY (custseg._policy_options()))));
END
$$;
COMMENT ON FUNCTION custseg._apply_template(text, text) IS
'Internal: writes the declarations of a template into a new portfolio. 22023: no such template.';

-- The types of what the user gave for the columns of orders, by argument.
CREATE FUNCTION custseg._check_orders(schema_name name, source text, arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	numbers regtype[] := ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];
	keys regtype[] := ARRAY['smallint', 'integer', 'bigint', 'uuid', 'text', 'varchar'];
	part record;
	found regtype;
	types jsonb := '{}';
BEGIN
	FOR part IN
		SELECT v.* FROM (VALUES
			(1, 'customer', keys), (2, 'ordered_at', ARRAY['date', 'timestamp', 'timestamptz']::regtype[]), (3, 'amount', numbers),
			(4, 'cost', numbers), (5, 'order_id', keys), (6, 'filter', ARRAY['boolean']::regtype[]), (7, 'currency', NULL)
		) AS v (place, argument, types) ORDER BY v.place
	LOOP
		found := custseg._probe_expression(schema_name, source,
			custseg._column_expression(source, arguments ->> part.argument), part.argument);
		IF found <> ALL (part.types) THEN
			RAISE EXCEPTION 'argument "%" is of type %', part.argument, found
				USING ERRCODE = '42804',
				HINT = format('It must be of type %s. Cast it in an expression.', array_to_string(part.types, ', '));
		END IF;
		types := types || jsonb_build_object(part.argument, found::text);
	END LOOP;
	RETURN types;
END
$$;
COMMENT ON FUNCTION custseg._check_orders(name, text, jsonb) IS
'Internal: checks the arguments of create_portfolio that are columns or expressions; returns their types. 42804: a type that does not fit; 42703, 42601 and others of class 42 as PostgreSQL has them, with the argument''s name.';

-- The view of orders. It has the moment as the user has it besides the day: the bulk functions convert faster. With a
-- currency the user's amounts are in source_orders_raw, and source_orders converts them, see _convert_orders.
CREATE FUNCTION custseg._create_orders_view(schema_name name, source text, arguments jsonb, types jsonb, key_type regtype, time_zone text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	query text := 'SELECT %s AS customer_id, %s AS day, %s AS amount, %s AS cost, %s AS order_id, o.ordered_at, %s
		FROM (SELECT %s AS customer_id, %s AS ordered_at, %s AS amount, %s AS cost, %s AS order_id, %s AS currency FROM %s AS o%s) AS o%s';
	has_currency boolean := arguments ->> 'currency' IS NOT NULL;
	floats text[] := ARRAY['real', 'double precision'];
	view_name name := CASE WHEN has_currency THEN 'source_orders_raw' ELSE 'source_orders' END;
	key record;
BEGIN
	key := custseg._source_customer(schema_name, 'orders', 'customer_id', (types ->> 'customer')::regtype, key_type);
	PERFORM custseg._create_view(schema_name, view_name,
		format(query, key.customer,
			CASE WHEN types ->> 'ordered_at' = 'timestamp with time zone' THEN format('(o.ordered_at AT TIME ZONE %L)::date', time_zone)
				ELSE 'o.ordered_at::date' END,
			-- Money is no float; integers are as good as numeric, and faster.
			CASE WHEN has_currency OR types ->> 'amount' = ANY (floats) THEN 'o.amount::numeric' ELSE 'o.amount' END,
			CASE WHEN has_currency OR types ->> 'cost' = ANY (floats) THEN 'o.cost::numeric' ELSE 'o.cost' END, 'o.order_id',
			CASE WHEN has_currency THEN 'o.currency' ELSE 'o.currency, NULL::numeric AS rate' END,
			custseg._column_expression(source, arguments ->> 'customer'),
			custseg._column_expression(source, arguments ->> 'ordered_at'),
			custseg._column_expression(source, arguments ->> 'amount'),
			coalesce(custseg._column_expression(source, arguments ->> 'cost'), 'NULL::numeric'),
			coalesce(custseg._column_expression(source, arguments ->> 'order_id'), 'NULL::text'),
			coalesce(custseg._column_expression(source, arguments ->> 'currency'), 'NULL') || '::text',
			source, coalesce(' WHERE ' || custseg._column_expression(source, arguments ->> 'filter'), ''), key.joined),
		'orders', 'Source: one row for each order or order line.');
	PERFORM custseg._comment_columns(schema_name, 'orders', view_name);
	IF has_currency THEN
		PERFORM custseg._convert_orders(schema_name);
		PERFORM custseg._comment_columns(schema_name, 'orders', 'source_orders');
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._create_orders_view(name, text, jsonb, jsonb, regtype, text) IS
'Internal: makes the view source_orders with its standard columns.';

-- source_orders over source_orders_raw: with the rates of source_rates if there are any.
CREATE FUNCTION custseg._convert_orders(schema_name name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF to_regclass(format('%I.source_rates', schema_name)) IS NULL THEN
		EXECUTE format('CREATE OR REPLACE VIEW %1$I.source_orders AS
			SELECT o.customer_id, o.day, o.amount, o.cost, o.order_id, o.ordered_at, o.currency, NULL::numeric AS rate
			FROM %1$I.source_orders_raw AS o', schema_name);
	ELSE
		-- OFFSET 0: the day is a column then, and the server keeps the rate of a currency and day that it has looked up.
		EXECUTE format('CREATE OR REPLACE VIEW %1$I.source_orders AS
			SELECT o.customer_id, o.day, o.amount * r.rate AS amount, o.cost * r.rate AS cost, o.order_id, o.ordered_at, o.currency, r.rate
			FROM (SELECT w.* FROM %1$I.source_orders_raw AS w OFFSET 0) AS o
			LEFT JOIN LATERAL (
				SELECT s.rate FROM %1$I.source_rates AS s
				WHERE s.currency = o.currency AND s.day <= o.day AND s.rate > 0 AND s.rate < ''Infinity''
				ORDER BY s.day DESC, s.rate LIMIT 1
			) AS r ON true', schema_name);
	END IF;
	EXECUTE format('COMMENT ON VIEW %I.source_orders IS ''Source: one row for each order or order line.''', schema_name);
END
$$;
COMMENT ON FUNCTION custseg._convert_orders(name) IS
'Internal: makes the view source_orders over source_orders_raw; where there are rates, with amounts in the currency of the portfolio.';

-- What the arguments of create_portfolio must be before anything is looked up.
CREATE FUNCTION custseg._check_arguments(arguments jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema text := coalesce(arguments ->> 'schema_name', arguments ->> 'name');
	missing text;
BEGIN
	SELECT n.name INTO missing
	FROM unnest(ARRAY['name', 'orders', 'customer', 'ordered_at', 'amount', 'time_zone', 'template', 'level']) AS n (name)
	WHERE arguments ->> n.name IS NULL LIMIT 1;
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', missing
			USING ERRCODE = '22004', HINT = 'Columns are given by name, or as expressions over the columns of "orders".';
	END IF;
	IF length(arguments ->> 'name') NOT BETWEEN 1 AND 200 THEN
		RAISE EXCEPTION 'argument "name" must have 1 to 200 characters, not %', length(arguments ->> 'name')
			USING ERRCODE = '22023', HINT = 'A portfolio is named like a table: short.';
	END IF;
	IF octet_length(schema) NOT BETWEEN 1 AND 63 THEN
		RAISE EXCEPTION 'schema "%" has a name of % bytes', schema, octet_length(schema)
			USING ERRCODE = '42622', HINT = 'Give one of 1 to 63 bytes in argument "schema_name".';
	END IF;
	IF to_regnamespace(quote_ident(schema)) IS NOT NULL THEN
		RAISE EXCEPTION 'schema "%" exists already', schema
			USING ERRCODE = '42P06', HINT = 'A portfolio makes a schema of its own. Give another name in argument "schema_name".';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE lower(z.name) = lower(arguments ->> 'time_zone')) THEN
		RAISE EXCEPTION 'argument "time_zone" is "%"', arguments ->> 'time_zone'
			USING ERRCODE = '22023', HINT = 'It must be a name such as Europe/Berlin, see pg_timezone_names.';
	END IF;
	IF arguments ->> 'level' NOT IN ('customer', 'account') THEN
		RAISE EXCEPTION 'argument "level" is "%"', arguments ->> 'level'
			USING ERRCODE = '22023', HINT = 'It must be customer or account.';
	END IF;
	IF (arguments ->> 'level' = 'account') <> (arguments ->> 'accounts' IS NOT NULL) THEN
		RAISE EXCEPTION 'argument "level" is "%", and argument "accounts" is %', arguments ->> 'level',
			CASE WHEN arguments ->> 'accounts' IS NULL THEN 'null' ELSE 'given' END
			USING ERRCODE = '22023', HINT = 'Level account needs a relation with customer_id and account_id in "accounts"; level customer has none.';
	END IF;
	IF arguments ->> 'rates' IS NOT NULL AND arguments ->> 'currency' IS NULL THEN
		RAISE EXCEPTION 'argument "rates" is given, but "currency" is null'
			USING ERRCODE = '22023', HINT = 'Say which column of "orders" has the currency of an amount.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_arguments(jsonb) IS
'Internal: checks what create_portfolio was given. 22004: a NULL; 22023, 42622: a value that cannot be; 42P06: the schema exists.';

-- What there is in the orders of a new portfolio, for people.
CREATE FUNCTION custseg._describe_orders(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found record;
	several text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT count(*) AS n, count(*) FILTER (WHERE o.customer_id IS NULL) AS no_customer, count(*) FILTER (WHERE o.day IS NULL) AS no_day,
		count(*) FILTER (WHERE o.amount IS NULL) AS no_amount, min(o.day) AS first, max(o.day) AS last
	INTO found FROM source_orders AS o;
	IF found.n = 0 THEN
		RETURN 'there are no orders yet';
	END IF;
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'orders' AND 'currency' = ANY (s.columns)) THEN
		several := custseg._currency_problem(portfolio, 'infinity');
	END IF;
	RETURN concat_ws(', ', format('%s order rows from %s to %s', found.n, found.first, found.last),
		CASE WHEN found.no_customer > 0 THEN format('%s without a customer', found.no_customer) END,
		CASE WHEN found.no_day > 0 THEN format('%s without a day', found.no_day) END,
		CASE WHEN found.no_amount > 0 THEN format('%s without an amount', found.no_amount) END,
		CASE WHEN found.no_customer + found.no_day + found.no_amount > 0 THEN 'which do not count' END,
		several || ', which will stop a refresh');
END
$$;
COMMENT ON FUNCTION custseg._describe_orders(text) IS
'Internal: how many order rows a portfolio has, and how many of them do not count, as a sentence.';

CREATE FUNCTION custseg._create_portfolio(p_name text, p_orders text, p_customer text, p_ordered_at text, p_amount text,
	p_cost text, p_order_id text, p_filter text, p_time_zone text, p_template text, p_schema_name text,
	p_currency text, p_rates text, p_level text, p_accounts text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	arguments jsonb := jsonb_build_object('name', p_name, 'orders', p_orders, 'customer', p_customer, 'ordered_at', p_ordered_at,
		'amount', p_amount, 'cost', p_cost, 'order_id', p_order_id, 'filter', p_filter, 'time_zone', p_time_zone, 'template', p_template,
		'schema_name', p_schema_name, 'currency', p_currency, 'rates', p_rates, 'level', p_level, 'accounts', p_accounts);
	schema name := coalesce(p_schema_name, p_name);
	source text;
	types jsonb;
	key_type regtype;
	note text := '';
BEGIN
	PERFORM custseg._check_arguments(arguments);
	source := custseg._from_item(p_orders, 'orders');
	EXECUTE format('CREATE SCHEMA %I', schema);
	PERFORM custseg._register_portfolio(p_name, schema, custseg._newest_layout());

	PERFORM custseg._probe_relation(schema, source, 'orders');
	EXECUTE format('DROP VIEW %I.source_probe', schema);
	types := custseg._check_orders(schema, source, arguments);
	key_type := CASE types ->> 'customer' WHEN 'character varying' THEN 'text' ELSE types ->> 'customer' END;
	IF p_accounts IS NOT NULL THEN
		PERFORM custseg._create_source_view(schema, 'accounts', p_accounts, 'accounts', key_type, p_time_zone);
		key_type := custseg._column_type(schema, 'source_accounts', 'account_id');
	END IF;
	IF p_rates IS NOT NULL THEN
		PERFORM custseg._create_source_view(schema, 'rates', p_rates, 'rates', key_type, p_time_zone);
	END IF;
	PERFORM custseg._create_orders_view(schema, source, arguments, types, key_type, p_time_zone);

	PERFORM custseg._layout_core(schema, key_type::text);
	PERFORM custseg._layout_declarations(schema, key_type::text);
	PERFORM custseg._layout_resources(schema, key_type::text);
	PERFORM custseg._layout_targets(schema, key_type::text);
	PERFORM custseg._layout_sources(schema, key_type::text);
	EXECUTE format('INSERT INTO %I.portfolio (name, layout, customer_type, time_zone, level, template) VALUES ($1, $2, $3, $4, $5, $6)', schema)
	USING p_name, custseg._newest_layout(), key_type::text, p_time_zone, p_level, p_template;
	EXECUTE format('INSERT INTO %I.source (kind, definition, columns) VALUES (''orders'', $1, $2)', schema)
	USING p_orders, ARRAY['customer_id', 'day', 'amount'] || ARRAY(
		SELECT c.name FROM unnest(ARRAY['cost', 'order_id', 'currency']) AS c (name) WHERE arguments ->> c.name IS NOT NULL);
	EXECUTE format('INSERT INTO %I.setting (name, value) VALUES (''salt'', gen_random_uuid()::text)', schema);
	IF p_accounts IS NOT NULL THEN
		note := E'\n' || custseg._record_source(p_name, 'accounts', p_accounts, ARRAY['customer_id', 'account_id']);
	END IF;
	IF p_rates IS NOT NULL THEN
		note := note || E'\n' || custseg._record_source(p_name, 'rates', p_rates, ARRAY['currency', 'day', 'rate']);
	END IF;
	PERFORM custseg._apply_template(p_name, p_template);
	PERFORM custseg._make_views(p_name);
	RETURN format(E'portfolio "%s" was created in schema %I: %s%s\nrefresh it with SELECT * FROM custseg.refresh(%L)',
		p_name, schema, custseg._describe_orders(p_name), note, p_name);
END
$$;
COMMENT ON FUNCTION custseg._create_portfolio(text, text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
'Internal: what create_portfolio does.';

CREATE FUNCTION custseg.create_portfolio(name text, orders text, customer text, ordered_at text, amount text,
	cost text DEFAULT NULL, order_id text DEFAULT NULL, filter text DEFAULT NULL, time_zone text DEFAULT 'UTC',
	template text DEFAULT 'vip_regular_potential', schema_name text DEFAULT NULL, currency text DEFAULT NULL,
	rates text DEFAULT NULL, level text DEFAULT 'customer', accounts text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_caller' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.create_portfolio(text, text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
'Makes a portfolio that can be refreshed at once: a schema with source views, tables and report views, owned by the caller. Returns what it found in the orders. orders: a table, a view or a query with one row for each order or order line; customer, ordered_at, amount, cost, order_id: its columns, or expressions over them; filter: a condition on its rows. ordered_at: date, timestamp, or timestamptz, which becomes a day in time_zone. Lines of one order_id are netted. template: vip_regular_potential, abc, high_medium_low or quick_start, see tier_policy_template. schema_name: NULL: the name of the portfolio. currency: the currency of amount and cost; several currencies need rates, a relation or query with currency, day, rate: each amount is multiplied by the latest rate that is not after its day. level: customer, or account: what belongs to a customer counts for his account, by accounts, a relation or query with customer_id, account_id; a customer without an account is his own where the types agree. 42710, 42P06: the portfolio, the schema exists; 42P01, 42703: no such relation, column; 42804: a column of a type that does not fit; 42809: a temporary table; 42601: a syntax error; 21000: a customer with two accounts, a currency with two rates of a day; 22004, 22023: an argument that cannot be, or text that is more than one SELECT.';
