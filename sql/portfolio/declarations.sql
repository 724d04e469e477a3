-- Declarations: what the owner of a portfolio says, as rows of a few tables.
--
-- The setters (declare.sql, declare_tiers.sql) and the document (export.sql) write rows in one way: a row comes as
-- jsonb, a function of its section completes it and checks what can be seen in the row alone, it is written, and at the
-- end _check_declarations sees whether all declarations fit together. So an import and what_if refuse what a setter
-- refuses, with the same words.

-- The sections of the document, parents first. A further table of declarations is one more row here; complete names a
-- function (portfolio text, row_given jsonb) RETURNS jsonb, or is NULL. Columns that are keys of the database's own, such
-- as positions and moments, are hidden: not in the document. Identity columns are hidden without being named.
CREATE FUNCTION custseg._declaration_tables(
	OUT place int, OUT section text, OUT table_name name, OUT key_columns text[], OUT hidden text[], OUT order_by text,
	OUT complete name)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT v.place, v.section, v.table_name::name, v.key_columns::text[], v.hidden::text[], v.order_by, v.complete::name
	FROM (VALUES
		(10, 'measures', 'measure', '{measure}', '{}', 't.measure', '_complete_measure'),
		(20, 'components', 'component', '{measure}', '{position}', 't.measure', '_complete_component'),
		(30, 'tiers', 'tier', '{tier}', '{position}', 't.position', '_complete_tier'),
		(40, 'resources', 'resource', '{resource}', '{}', 't.resource', '_complete_resource'),
		(50, 'resource_tiers', 'resource_tier', '{resource,tier}', '{}', 't.resource, t.tier', '_complete_resource_tier'),
		(60, 'agents', 'agent', '{agent}', '{}', 't.agent', '_complete_agent'),
		(70, 'targets', 'target', '{target}', '{}', 't.target', '_complete_target')
	) AS v (place, section, table_name, key_columns, hidden, order_by, complete);
END;
COMMENT ON FUNCTION custseg._declaration_tables() IS
'Internal: the tables of declarations: section of the document, key, columns that are not in the document, order, and the function that completes and checks a row.';

-- --- Arguments ------------------------------------------------------------

CREATE FUNCTION custseg._check_given(value text, argument text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF value IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument USING ERRCODE = '22004', HINT = 'Give a value.';
	END IF;
	IF value = '' OR length(value) > 200 THEN
		RAISE EXCEPTION 'argument "%" is "%"', argument, left(value, 40)
			USING ERRCODE = '22023', HINT = 'It must have 1 to 200 characters.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_given(text, text) IS
'Internal: refuses an argument that is a name and null (22004), empty or longer than 200 characters (22023).';

CREATE FUNCTION custseg._check_choice(value text, argument text, VARIADIC choices text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF value IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = format('It is one of %s.', array_to_string(choices, ', '));
	END IF;
	IF value <> ALL (choices) THEN
		RAISE EXCEPTION 'argument "%" is "%"', argument, value
			USING ERRCODE = '22023', HINT = format('It is one of %s.', array_to_string(choices, ', '));
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_choice(text, text, text[]) IS
'Internal: refuses an argument that is null (22004) or none of the choices (22023).';

-- --- Measures -------------------------------------------------------------

-- Every name that a condition or a component can use.
CREATE FUNCTION custseg._known_measures(portfolio text, OUT measure text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT k.kind FROM custseg.measure_kinds() AS k
	UNION SELECT m.measure FROM measure AS m
	UNION SELECT c.score_name FROM component AS c
	UNION SELECT c.name::text FROM custseg._source_measure_columns(portfolio) AS c
	UNION VALUES ('r'), ('f'), ('m'), ('score')
	ORDER BY 1;
END
$$;
COMMENT ON FUNCTION custseg._known_measures(text) IS
'Internal: the names of all measures that a portfolio has.';

-- Refuses a measure that is not known, or that needs a model that the portfolio does not fit. used_by completes the
-- message: 'component "x"'.
CREATE FUNCTION custseg._check_measure(portfolio text, p_measure text, used_by text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF NOT EXISTS (SELECT FROM custseg._known_measures(portfolio) AS k WHERE k.measure = p_measure) THEN
		RAISE EXCEPTION '%: unknown measure "%"', used_by, p_measure
			USING ERRCODE = '22023', HINT = format('The measures are %s; set_measure names others.',
				(SELECT string_agg(k.measure, ', ' ORDER BY k.measure) FROM custseg._known_measures(portfolio) AS k));
	END IF;
	IF custseg._option(portfolio, 'lifetime') = 'none' AND EXISTS (
		SELECT FROM custseg.measure_kinds() AS k
		WHERE k.source = 'model' AND k.kind = coalesce((SELECT m.kind FROM measure AS m WHERE m.measure = p_measure), p_measure))
	THEN
		RAISE EXCEPTION '%: measure "%" needs a model of purchases, but option "lifetime" is none', used_by, p_measure
			USING ERRCODE = '22023', HINT = format('Say custseg.set_option(%L, ''lifetime'', ''bgnbd''), or use another measure.', portfolio);
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_measure(text, text, text) IS
'Internal: refuses an unknown measure, or one that needs a lifetime model where there is none (22023); used_by names in the message who uses it.';

-- The measures of the rules of tiers, rule by rule.
CREATE FUNCTION custseg._rule_measures(portfolio text, OUT tier text, OUT rule text, OUT measure text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT t.tier, r.rule, m.measure
	FROM tier AS t
	CROSS JOIN LATERAL (VALUES ('enter', t.enter), ('keep', t.keep)) AS r (rule, condition)
	-- The condition as the only rule of a policy: the type finds the names in it.
	CROSS JOIN LATERAL unnest(custseg.tier_policy_measures(jsonb_build_object('tiers', jsonb_build_array(
		jsonb_build_object('tier', 'below'), jsonb_build_object('tier', 'this', 'enter', r.condition)))::text::custseg.tier_policy))
		AS m (measure)
	WHERE r.condition IS NOT NULL
	ORDER BY t.position, r.rule, m.measure;
END
$$;
COMMENT ON FUNCTION custseg._rule_measures(text) IS
'Internal: which measures each rule of the tiers of a portfolio uses. 22P02: a rule is not a condition.';

-- Who uses a measure, in words; what is used cannot be dropped.
CREATE FUNCTION custseg._measure_users(portfolio text, p_measure text, OUT used_by text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT format('component "%s"', c.measure) FROM component AS c WHERE c.measure = p_measure
	UNION ALL
	SELECT format('rule "%s" of tier "%s"', r.rule, r.tier) FROM custseg._rule_measures(portfolio) AS r WHERE r.measure = p_measure
	UNION ALL
	SELECT format('resource "%s"', r.resource) FROM resource AS r WHERE r.weight_measure = p_measure;
END
$$;
COMMENT ON FUNCTION custseg._measure_users(text, text) IS
'Internal: which components, rules of tiers and resources use a measure, in words.';

CREATE FUNCTION custseg._refuse_used(portfolio text, p_measure text, what text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	users text := (SELECT string_agg(u.used_by, ', ') FROM custseg._measure_users(portfolio, p_measure) AS u);
BEGIN
	IF users IS NOT NULL THEN
		RAISE EXCEPTION '% "%" is used by %', what, p_measure, users
			USING ERRCODE = '2BP01', HINT = 'Change or drop that first, or change all at once with import_portfolio.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._refuse_used(text, text, text) IS
'Internal: refuses to drop a measure that is in use (2BP01); what says in the message what it is.';

-- --- Rows -----------------------------------------------------------------

-- A row of measure. Its window gets a place in customer.windows, which stays its own for good: the summaries of
-- customers are stored by place.
CREATE FUNCTION custseg._complete_measure(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_measure text := row_given ->> 'measure';
	v_kind text := row_given ->> 'kind';
	v_window text := row_given ->> 'window';
	known record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._check_given(v_measure, 'measure');
	PERFORM custseg._check_given(v_kind, 'kind');
	SELECT k.* INTO known FROM custseg.measure_kinds() AS k WHERE k.kind = v_kind;
	-- A column of source_measures is a kind too: the measure gives it another name.
	IF NOT FOUND AND NOT EXISTS (SELECT FROM custseg._source_measure_columns(portfolio) AS c WHERE c.name = v_kind) THEN
		RAISE EXCEPTION 'argument "kind" of measure "%" is "%"', v_measure, v_kind
			USING ERRCODE = '22023', HINT = format('The kinds are %s; custseg.measure_kinds() describes them.',
				(SELECT string_agg(k.kind, ', ') FROM custseg.measure_kinds() AS k));
	END IF;
	IF v_measure IN ('r', 'f', 'm', 'score') OR EXISTS (SELECT FROM custseg.measure_kinds() AS k WHERE k.kind = v_measure) THEN
		RAISE EXCEPTION 'measure "%" is there already by that name', v_measure
			USING ERRCODE = '42710', HINT = 'Every kind is a measure by its own name, over all days. Take another name for one with a window.';
	END IF;

	-- One spelling of each, since a window has one place.
	v_window := CASE v_window WHEN 'lifetime' THEN NULL WHEN 'rolling 1 months' THEN 'rolling 1 month' ELSE v_window END;
	-- The day does not matter: the function says whether there is such a window.
	PERFORM custseg.measure_window(v_window, DATE '2000-01-01');
	IF v_window IS NOT NULL AND known.source = 'model' THEN
		RAISE EXCEPTION 'measure "%" of kind "%" cannot have the window "%"', v_measure, v_kind, v_window
			USING ERRCODE = '22023', HINT = 'A model of purchases needs the whole history of a customer.';
	END IF;
	IF row_given ->> 'filter' IS NOT NULL AND known.source IN ('orders', 'model') THEN
		RAISE EXCEPTION 'measure "%" of kind "%" cannot have a filter', v_measure, v_kind
			USING ERRCODE = '22023', HINT = 'Only kinds that count rows of another source take one.';
	END IF;
	INSERT INTO measure_window (position, "window")
	SELECT coalesce(max(w.position), 0) + 1, v_window FROM measure_window AS w
	HAVING v_window IS NOT NULL AND bool_and(w."window" <> v_window) IS NOT FALSE;
	RETURN row_given || jsonb_build_object('window', v_window);
END
$$;
COMMENT ON FUNCTION custseg._complete_measure(text, jsonb) IS
'Internal: checks a row of measure and gives its window a place. 22023: unknown kind or window; 42710: the name of a kind.';

-- Breaks that a user gives: finite, ascending.
CREATE FUNCTION custseg._check_breaks(given float8[], argument text, of_component text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF given IS NULL OR cardinality(given) = 0 OR array_ndims(given) <> 1 OR cardinality(given) > 999
		OR EXISTS (
			SELECT FROM (SELECT g.x, lag(g.x) OVER (ORDER BY g.place) AS before
				FROM unnest(given) WITH ORDINALITY AS g (x, place)) AS v
			WHERE v.x IS NULL OR v.x IN ('NaN', 'Infinity', '-Infinity') OR v.x <= v.before)
		OR (argument = 'shares' AND NOT (0 < ALL (given) AND 1 > ALL (given)))
	THEN
		RAISE EXCEPTION 'argument "%" of component "%" is %', argument, of_component, coalesce(given::text, 'null')
			USING ERRCODE = '22023', HINT = CASE argument
				WHEN 'shares' THEN 'It must be 1 to 999 numbers in ascending order, above 0 and below 1, such as ARRAY[0.8, 0.95].'
				ELSE 'It must be 1 to 999 numbers in ascending order, such as ARRAY[100, 500, 2000].' END;
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_breaks(float8[], text, text) IS
'Internal: refuses breaks or shares of a component that are not finite numbers in ascending order (22023).';

-- A row of component. Its place in customer.classes stays; a new component comes behind the others.
CREATE FUNCTION custseg._complete_component(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	v_classes int;
BEGIN
	SELECT p.* INTO part FROM jsonb_to_record(row_given) AS p (measure text, weight float8, method text, classes int,
		breaks float8[], shares float8[], score_name text, part text);
	PERFORM custseg._check_given(part.measure, 'measure');
	IF (part.weight >= 0 AND part.weight < 'Infinity') IS NOT TRUE THEN
		RAISE EXCEPTION 'argument "weight" of component "%" is %', part.measure, coalesce(part.weight::text, 'null')
			USING ERRCODE = '22023', HINT = 'It must be a number of at least 0.';
	END IF;
	PERFORM custseg._check_choice(part.method, 'method', 'balanced', 'quantile', 'natural', 'breaks', 'abc', 'minmax', 'zscore',
		'percentile', 'none');
	PERFORM custseg._check_choice(part.part, 'part', 'value', 'need', 'potential');
	IF part.method IN ('balanced', 'quantile', 'natural') THEN
		v_classes := coalesce(part.classes, 5);
		IF v_classes BETWEEN 2 AND 1000 IS NOT TRUE THEN
			RAISE EXCEPTION 'argument "classes" of component "%" is %', part.measure, v_classes
				USING ERRCODE = '22023', HINT = 'It must be from 2 to 1000.';
		END IF;
	END IF;
	IF part.method = 'breaks' THEN
		PERFORM custseg._check_breaks(part.breaks, 'breaks', part.measure);
	ELSIF part.method = 'abc' THEN
		part.shares := coalesce(part.shares, '{0.8,0.95}');
		PERFORM custseg._check_breaks(part.shares, 'shares', part.measure);
	END IF;
	IF part.method <> 'breaks' AND part.breaks IS NOT NULL OR part.method <> 'abc' AND part.shares IS NOT NULL THEN
		RAISE EXCEPTION 'component "%" with method "%" cannot have %', part.measure, part.method,
				CASE WHEN part.method <> 'breaks' AND part.breaks IS NOT NULL THEN 'breaks' ELSE 'shares' END
			USING ERRCODE = '22023', HINT = 'breaks go with the method breaks, shares with the method abc.';
	END IF;
	part.score_name := coalesce(part.score_name, part.measure || '_score');
	PERFORM custseg._check_given(part.score_name, 'score_name');
	RETURN row_given || jsonb_build_object('classes', v_classes, 'shares', part.shares, 'score_name', part.score_name);
END
$$;
COMMENT ON FUNCTION custseg._complete_component(text, jsonb) IS
'Internal: checks a row of component and completes it. 22023: weight, method, classes, breaks, shares or part that is not one.';

-- A row of tier. Its rules are checked in the policy as a whole.
CREATE FUNCTION custseg._complete_tier(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(row_given ->> 'tier', 'tier');
	IF row_given ->> 'service_mode' IS NOT NULL THEN
		PERFORM custseg._check_choice(row_given ->> 'service_mode', 'service_mode', 'personal', 'standard', 'self-service');
	END IF;
	RETURN row_given;
END
$$;
COMMENT ON FUNCTION custseg._complete_tier(text, jsonb) IS
'Internal: checks a row of tier. 22023: a service_mode that is not one.';

-- A row of target.
CREATE FUNCTION custseg._complete_target(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	goal record;
BEGIN
	SELECT g.* INTO goal FROM jsonb_to_record(row_given) AS g (target text, metric text, value numeric, direction text, amber numeric,
		valid_from date, valid_until date);
	PERFORM custseg._check_given(goal.target, 'target');
	PERFORM custseg._check_given(goal.metric, 'metric');
	-- Of a metric that should be low, more is not better.
	goal.direction := coalesce(goal.direction,
		(SELECT m.direction FROM custseg.target_metrics() AS m WHERE m.metric = goal.metric), 'at_least');
	PERFORM custseg._check_choice(goal.direction, 'direction', 'at_least', 'at_most');
	IF goal.value IS NULL OR goal.value IN ('NaN', 'Infinity', '-Infinity')
		OR (goal.amber >= 0 AND goal.amber < 'Infinity') IS NOT TRUE OR goal.valid_from >= goal.valid_until
	THEN
		RAISE EXCEPTION 'target "%" has the value %, amber %, valid_from % and valid_until %', goal.target, coalesce(goal.value::text, 'null'),
				goal.amber, coalesce(goal.valid_from::text, 'null'), coalesce(goal.valid_until::text, 'null')
			USING ERRCODE = '22023', HINT = 'value is finite, amber at least 0, valid_until after valid_from.';
	END IF;
	RETURN row_given || jsonb_build_object('direction', goal.direction);
END
$$;
COMMENT ON FUNCTION custseg._complete_target(text, jsonb) IS
'Internal: checks a row of target, which takes the direction of its metric where it has none. 22023: a value that is none.';

-- --- Writing --------------------------------------------------------------

-- The columns of a table of declarations: all that a row has in the document, and the defaults of those that have one.
CREATE FUNCTION custseg._declared_columns(portfolio text, p_section text, OUT relation regclass, OUT columns text[],
	OUT shown text[], OUT defaults jsonb)
RETURNS record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	expressions text;
BEGIN
	SELECT d.* INTO STRICT part FROM custseg._declaration_tables() AS d WHERE d.section = p_section;
	relation := format('%I.%I', custseg._portfolio_schema(portfolio), part.table_name)::regclass;
	SELECT array_agg(a.attname::text ORDER BY a.attnum),
		array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attname <> ALL (part.hidden)),
		coalesce(string_agg(format('%L, %s', a.attname, pg_get_expr(d.adbin, d.adrelid)), ', ') FILTER (WHERE d.adbin IS NOT NULL), '')
	INTO columns, shown, expressions
	FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = '';
	EXECUTE format('SELECT jsonb_build_object(%s)', expressions) INTO defaults;
END
$$;
COMMENT ON FUNCTION custseg._declared_columns(text, text) IS
'Internal: of a table of declarations its columns that are written, those that the document shows, and the defaults.';

-- The rows of a section, complete and checked one by one.
CREATE FUNCTION custseg._complete_rows(portfolio text, p_section text, rows_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	has record;
	given jsonb;
	key jsonb;
	keys jsonb := '{}';
	wrong text;
	rows jsonb := '[]';
BEGIN
	SELECT d.* INTO STRICT part FROM custseg._declaration_tables() AS d WHERE d.section = p_section;
	SELECT c.* INTO has FROM custseg._declared_columns(portfolio, p_section) AS c;
	IF jsonb_typeof(rows_given) <> 'array' THEN
		RAISE EXCEPTION 'section "%" of the document is not an array', p_section
			USING ERRCODE = '22023', HINT = 'It is an array of objects, as export_portfolio gives it.';
	END IF;
	FOR given IN SELECT r.value FROM jsonb_array_elements(rows_given) WITH ORDINALITY AS r (value, place) ORDER BY r.place LOOP
		IF jsonb_typeof(given) <> 'object' THEN
			RAISE EXCEPTION 'section "%" of the document: % is not an object', p_section, given
				USING ERRCODE = '22023', HINT = format('Each element is an object with the keys %s.', array_to_string(has.shown, ', '));
		END IF;
		SELECT string_agg(format('"%s"', k.name), ', ') INTO wrong FROM jsonb_object_keys(given) AS k (name) WHERE k.name <> ALL (has.shown);
		IF wrong IS NOT NULL THEN
			RAISE EXCEPTION 'section "%" of the document: unknown key %', p_section, wrong
				USING ERRCODE = '22023', HINT = format('The keys are %s.', array_to_string(has.shown, ', '));
		END IF;
		SELECT jsonb_agg(given -> k.name) INTO key FROM unnest(part.key_columns) AS k (name);
		IF key @> 'null' OR NOT given ?& part.key_columns THEN
			RAISE EXCEPTION 'section "%" of the document: "%" is missing in %', p_section, array_to_string(part.key_columns, '", "'), given
				USING ERRCODE = '22023', HINT = 'It names the row.';
		END IF;
		IF keys ? key::text THEN
			RAISE EXCEPTION 'section "%" of the document: % comes twice', p_section, key
				USING ERRCODE = '22023', HINT = 'Each row comes once.';
		END IF;
		keys := keys || jsonb_build_object(key::text, true);

		-- A null means what a missing key means: the default.
		given := coalesce(has.defaults, '{}') || (SELECT coalesce(jsonb_object_agg(g.key, g.value), '{}') FROM jsonb_each(given) AS g
			WHERE g.value <> 'null' OR NOT coalesce(has.defaults ? g.key, false));
		BEGIN
			EXECUTE format('SELECT jsonb_populate_record(NULL::%s, $1)', has.relation) USING given;
		EXCEPTION WHEN data_exception THEN
			RAISE EXCEPTION 'section "%" of the document, %: %', p_section, key, SQLERRM
				USING ERRCODE = SQLSTATE, HINT = 'Give each value in the type of its column.';
		END;
		IF part.complete IS NOT NULL THEN
			EXECUTE format('SELECT custseg.%I($1, $2)', part.complete) INTO STRICT given USING portfolio, given;
		END IF;
		rows := rows || jsonb_build_array(given);
	END LOOP;
	RETURN rows;
END
$$;
COMMENT ON FUNCTION custseg._complete_rows(text, text, jsonb) IS
'Internal: the rows of a section of the document with their defaults, each checked. 22023: no array of objects, an unknown key, a row without its key or twice.';

-- Writes complete rows. Components keep their positions and come behind the others when they are new; rows of tiers are
-- all the tiers, the lowest first.
CREATE FUNCTION custseg._put_rows(portfolio text, p_section text, rows jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	has record;
	list text;
	changes text;
	detail text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT d.* INTO STRICT part FROM custseg._declaration_tables() AS d WHERE d.section = p_section;
	SELECT c.* INTO has FROM custseg._declared_columns(portfolio, p_section) AS c;
	IF p_section = 'components' THEN
		SELECT jsonb_agg(r.value || jsonb_build_object('position', coalesce(c.position,
			(SELECT coalesce(max(k.position), 0) FROM component AS k) + r.place))) INTO rows
		FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, place)
		LEFT JOIN component AS c ON c.measure = r.value ->> 'measure';
	ELSIF p_section = 'tiers' THEN
		SELECT jsonb_agg(r.value || jsonb_build_object('position', r.place)) INTO rows
		FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, place);
	END IF;
	SELECT string_agg(quote_ident(c.name), ', '),
		coalesce('DO UPDATE SET ' || string_agg(format('%1$I = excluded.%1$I', c.name), ', ')
			FILTER (WHERE c.name <> ALL (part.key_columns) AND (c.name = ANY (has.shown) OR c.name = 'position')), 'DO NOTHING')
	INTO list, changes FROM unnest(has.columns) AS c (name);
	EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_recordset(NULL::%1$s, $1) ON CONFLICT (%3$s) %4$s',
		has.relation, list, (SELECT string_agg(quote_ident(k.name), ', ') FROM unnest(part.key_columns) AS k (name)), changes)
	USING rows;
EXCEPTION WHEN integrity_constraint_violation THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE EXCEPTION 'section "%": %', p_section, SQLERRM
		USING ERRCODE = CASE SQLSTATE WHEN '23505' THEN '42710' ELSE '22023' END, DETAIL = detail,
			HINT = 'The rows of the section must fit each other, and the rows of other sections that they name.';
END
$$;
COMMENT ON FUNCTION custseg._put_rows(text, text, jsonb) IS
'Internal: writes complete rows of a section into its table; rows that are there already are changed. 42710, 22023: a constraint of the table is violated.';

-- --- All together ---------------------------------------------------------

CREATE FUNCTION custseg._check_components(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR part IN SELECT c.* FROM component AS c ORDER BY c.position LOOP
		IF part.score_name IN ('r', 'f', 'm', 'score')
			OR EXISTS (SELECT FROM custseg.measure_kinds() AS k WHERE k.kind = part.score_name)
			OR EXISTS (SELECT FROM measure AS m WHERE m.measure = part.score_name)
		THEN
			RAISE EXCEPTION 'argument "score_name" of component "%" is "%", which is a measure already', part.measure, part.score_name
				USING ERRCODE = '42710', HINT = 'Give the score another name.';
		END IF;
	END LOOP;
	FOR part IN SELECT c.* FROM component AS c ORDER BY c.position LOOP
		PERFORM custseg._check_measure(portfolio, part.measure, format('component "%s"', part.measure));
		-- All scores are computed at once, from the measures: none can be made from another.
		IF part.measure = 'score' OR EXISTS (SELECT FROM component AS c WHERE c.score_name = part.measure) THEN
			RAISE EXCEPTION 'component "%" is a score itself', part.measure
				USING ERRCODE = '22023', HINT = 'A component is made from a measure.';
		END IF;
		IF part.measure IN ('r', 'f', 'm') AND part.method NOT IN ('none', 'breaks') THEN
			RAISE EXCEPTION 'component "%" with method "%": r, f and m are classes already', part.measure, part.method
				USING ERRCODE = '22023', HINT = 'Use the method none or breaks, or the measure recency, frequency or spend.';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._check_components(text) IS
'Internal: refuses components whose measures are unknown or scores (22023), or whose scores have the name of a measure (42710).';

CREATE FUNCTION custseg._check_tiers(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	used record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Syntax, rules that cannot hold or hide each other, retention above entry: the type refuses them.
	PERFORM custseg._portfolio_policy(portfolio);
	FOR used IN SELECT r.* FROM custseg._rule_measures(portfolio) AS r LOOP
		PERFORM custseg._check_measure(portfolio, used.measure, format('rule "%s" of tier "%s"', used.rule, used.tier));
		IF used.measure = 'score' AND NOT EXISTS (SELECT FROM component AS c WHERE c.weight > 0) THEN
			RAISE EXCEPTION 'rule "%" of tier "%" uses the score, but there is no component with a weight', used.rule, used.tier
				USING ERRCODE = '22023', HINT = 'set_component makes one.';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._check_tiers(text) IS
'Internal: refuses tiers that are not a policy, and rules with unknown measures. 22P02, 22023.';

CREATE FUNCTION custseg._check_targets(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	goal record;
	hint text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR goal IN SELECT t.* FROM target AS t ORDER BY t.target LOOP
		PERFORM custseg._check_target(portfolio, goal.metric, goal.scope, goal.class, goal.period);
	END LOOP;
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'target "%": %', goal.target, SQLERRM USING ERRCODE = '22023', HINT = hint;
END
$$;
COMMENT ON FUNCTION custseg._check_targets(text) IS
'Internal: refuses targets that cannot be measured any more: their metric or class is gone (22023).';

-- Whether the declarations fit together. What a further table must keep to is one more line here.
CREATE FUNCTION custseg._check_declarations(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_components(portfolio);
	PERFORM custseg._check_tiers(portfolio);
	PERFORM custseg._check_override_tiers(portfolio);
	PERFORM custseg._check_resources(portfolio);
	PERFORM custseg._check_agents(portfolio);
	PERFORM custseg._check_targets(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._check_declarations(text) IS
'Internal: refuses declarations that do not fit together; called after each change. 22023, 22P02, 42710, 2BP01.';

-- What every setter ends with. A trial of declarations makes no views, see what_if.sql.
CREATE FUNCTION custseg._declared(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_declarations(portfolio);
	PERFORM custseg._make_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._declared(text) IS
'Internal: checks the declarations of a portfolio after a change and remakes the views that follow them.';
