-- explain_score: why a customer has this score and this segment, as rows and as sentences; and what explain_tier shares with it.
--
-- They read what the last run left: the state, the models in use, and the measures on the day of the run, through the
-- expressions by which the run computed them. So their numbers are those of current_customers, and what next_tier says
-- is what the run was told. What was declared since the run counts already.

-- --- Whom a user means -----------------------------------------------------------

CREATE FUNCTION custseg._customer_key(portfolio text, customer text, argument text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key_type text;
	key text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF customer IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = 'Give a customer, as customer_id of current_customers has it.';
	END IF;
	SELECT p.customer_type INTO STRICT key_type FROM portfolio AS p;
	BEGIN
		EXECUTE format('SELECT (%L::%s)::text', customer, key_type) INTO key;
	EXCEPTION WHEN data_exception THEN
		RAISE EXCEPTION 'argument "%" is "%", which is not of type %', argument, left(customer, 100), key_type
			USING ERRCODE = '22023', HINT = 'Customers of this portfolio have the type of the orders'' customer column.';
	END;
	RETURN key;
END
$$;
COMMENT ON FUNCTION custseg._customer_key(text, text, text) IS
'Internal: a customer that a user gave in an argument, as the database writes it. 22004: null; 22023: not of the type of customer_id.';

-- A customer that runs have seen, and that is not merged into another.
CREATE FUNCTION custseg._current_customer(portfolio text, customer text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text := custseg._customer_key(portfolio, customer, 'customer');
	into_key text;
	known boolean;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT a.to_id::text FROM customer_alias AS a WHERE a.from_id = %L', key) INTO into_key;
	EXECUTE format('SELECT EXISTS (SELECT FROM customer AS c WHERE c.customer_id = %L)', key) INTO known;
	IF into_key IS NOT NULL OR NOT known THEN
		RAISE EXCEPTION 'portfolio "%" has no customer "%"', portfolio, left(key, 100)
			USING ERRCODE = '42704', HINT = CASE
				WHEN into_key IS NOT NULL THEN format('It was merged into "%s": ask for that one.', left(into_key, 100))
				ELSE 'The view current_customers has them all. New ones come with the next refresh.' END;
	END IF;
	RETURN key;
END
$$;
COMMENT ON FUNCTION custseg._current_customer(text, text) IS
'Internal: a customer of a portfolio, as the database writes it. 42704: unknown, or merged into another; 22004, 22023: not a customer.';

-- What the customer gets and who serves him now; the tables may be absent.
CREATE FUNCTION custseg._served(portfolio text, key text,
	OUT item text, OUT name text, OUT value numeric, OUT since date)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home name := custseg._portfolio_schema(portfolio);
BEGIN
	IF to_regclass(format('%I.allocation', home)) IS NOT NULL THEN
		RETURN QUERY EXECUTE format('
			SELECT ''allocation'', a.resource::text, a.amount::numeric, a.since
			FROM %I.allocation AS a WHERE a.customer_id = %L AND a.until IS NULL ORDER BY a.resource', home, key);
	END IF;
	IF to_regclass(format('%I.assignment', home)) IS NOT NULL THEN
		RETURN QUERY EXECUTE format('
			SELECT ''agent'', a.agent::text, NULL::numeric, a.since
			FROM %I.assignment AS a WHERE a.customer_id = %L AND a.until IS NULL ORDER BY a.since', home, key);
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._served(text, text) IS
'Internal: what a customer has of each resource now, and the agents who serve him.';

-- The same as rows of an explanation.
CREATE FUNCTION custseg._served_sentences(portfolio text, key text, lang text,
	OUT item text, OUT name text, OUT value numeric, OUT since date, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT s.item, s.name, s.value, s.since, custseg._sentence(lang, s.item,
		jsonb_build_object('name', s.name, 'value', custseg._plain_number(s.value), 'since', s.since::text))
	FROM custseg._served(portfolio, key) AS s;
END;
COMMENT ON FUNCTION custseg._served_sentences(text, text, text) IS
'Internal: allocations and agents of a customer, each with its sentence.';

-- Why a segment: the rule that wins the cell.
CREATE FUNCTION custseg._segment_sentence(portfolio text, lang text, r int, f int, m int, current text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen text := custseg._option(portfolio, 'segmentation');
	axes custseg.segmentation;
	hit record;
BEGIN
	SELECT s.* INTO axes FROM custseg.segmentation AS s WHERE s.name = chosen;
	IF current IS NULL OR axes.name IS NULL THEN
		RETURN custseg._sentence(lang, 'segment none', jsonb_build_object('segmentation', chosen));
	END IF;
	SELECT c.segment, c.position, u.description INTO hit
	FROM custseg.segment_cells(chosen) AS c
	LEFT JOIN custseg.segment_rule AS u ON u.segmentation = chosen AND u.position = c.position
	WHERE (axes.r_classes IS NULL OR c.r = _segment_sentence.r) AND (axes.f_classes IS NULL OR c.f = _segment_sentence.f)
		AND (axes.m_classes IS NULL OR c.m = _segment_sentence.m);
	RETURN custseg._sentence(lang,
		CASE WHEN hit.segment IS DISTINCT FROM current THEN 'segment kept'
			WHEN hit.description IS NULL THEN 'segment rule' ELSE 'segment' END,
		jsonb_build_object('cell', concat_ws('-', r, f, m), 'class', current, 'position', hit.position,
			'segmentation', chosen, 'note', hit.description));
END
$$;
COMMENT ON FUNCTION custseg._segment_sentence(text, text, int, int, int, text) IS
'Internal: why a customer with these classes is in this segment, in a language.';

-- --- explain_score ------------------------------------------------------------------

-- The state of a customer with the measures behind r, f and m.
CREATE FUNCTION custseg._customer_axes(portfolio text, key text,
	OUT axis text, OUT measure text, OUT value float8, OUT class int, OUT breaks float8[])
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day text;
	axes custseg.segmentation;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT format('%L::date', p.last_as_of) INTO STRICT day FROM portfolio AS p;
	SELECT s.* INTO axes FROM custseg.segmentation AS s WHERE s.name = custseg._option(portfolio, 'segmentation');
	RETURN QUERY EXECUTE format('
		SELECT v.axis, v.measure, v.value, v.class::int,
			(SELECT m.breaks FROM model AS m WHERE m.name = v.axis ORDER BY m.as_of DESC LIMIT 1)
		FROM customer AS c CROSS JOIN LATERAL (VALUES
			(1, ''r'', ''recency'', %s, c.r, %L::boolean), (2, ''f'', ''frequency'', %s, c.f, %L), (3, ''m'', ''spend'', %s, c.m, %L)
		) AS v (place, axis, measure, value, class, used)
		WHERE c.customer_id = %L AND v.used ORDER BY v.place',
		custseg._measure_expression(portfolio, 'recency', day), axes.r_classes IS NOT NULL,
		custseg._measure_expression(portfolio, 'frequency', day), axes.f_classes IS NOT NULL,
		custseg._measure_expression(portfolio, 'spend', day), axes.m_classes IS NOT NULL, key);
END
$$;
COMMENT ON FUNCTION custseg._customer_axes(text, text) IS
'Internal: the axes of the segmentation for a customer: measure, class, and the breaks between the classes.';

-- Components with what each contributes. Contributions add up exactly to the score at as many digits as numeric text of
-- float8 can have.
CREATE FUNCTION custseg._customer_components(portfolio text, key text,
	OUT measure text, OUT method text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT weight float8, OUT contribution numeric)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	measures jsonb;
	v_names text[];
	v_scores float8[];
	v_weights float8[];
	digits int;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT v.measures FROM customer_measures AS v WHERE v.customer_id = %L', key) INTO measures;
	SELECT array_agg(c.measure ORDER BY c.position), array_agg((measures ->> c.score_name)::float8 ORDER BY c.position),
		array_agg(c.weight ORDER BY c.position)
	INTO v_names, v_scores, v_weights FROM component AS c;
	IF v_names IS NULL THEN
		RETURN;
	END IF;
	digits := (SELECT greatest(0, least(12, 14 - ceil(log(1 + coalesce(max(abs(s.s)), 0)))))::int FROM unnest(v_scores) AS s (s));
	RETURN QUERY
	SELECT c.measure, c.method, (measures ->> c.measure)::float8,
		CASE WHEN c.method = 'breaks' THEN c.breaks WHEN custseg._has_classes(c.method) THEN m.breaks END,
		CASE WHEN NOT custseg._has_classes(c.method) THEN m.scale::jsonb END,
		v_scores[n.place], e.weight, e.contribution
	FROM unnest(v_names) WITH ORDINALITY AS n (name, place)
	JOIN component AS c ON c.measure = n.name
	LEFT JOIN LATERAL (
		SELECT o.breaks, o.scale FROM model AS o WHERE o.name = 'score ' || c.measure ORDER BY o.as_of DESC LIMIT 1
	) AS m ON true
	-- All weights may be 0: then there is no score.
	LEFT JOIN LATERAL custseg.explain_weighted(v_names, v_scores,
		CASE WHEN (SELECT sum(w.w) FROM unnest(v_weights) AS w (w)) > 0 THEN v_weights END,
		custseg._option(portfolio, 'missing'), digits) AS e ON e.component = n.name
	ORDER BY n.place;
END
$$;
COMMENT ON FUNCTION custseg._customer_components(text, text) IS
'Internal: the components of the score of a customer as of the last run, and what each contributes.';

CREATE FUNCTION custseg._component_sentence(lang text, measure text, method text, value float8, classes int, score float8,
	weight float8, contribution numeric)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT custseg._sentence(lang,
		CASE WHEN weight IS NULL AND value IS NULL THEN 'component idle unknown' WHEN weight IS NULL THEN 'component idle'
			WHEN score IS NULL THEN 'component unknown' WHEN custseg._has_classes(method) THEN 'component class'
			WHEN method = 'none' THEN 'component plain' ELSE 'component scale' END,
		jsonb_build_object('measure', custseg._measure_label(lang, measure), 'value', custseg._plain_number(value::numeric),
			'class', custseg._plain_number(score::numeric), 'classes', classes, 'method', method,
			'weight', custseg._plain_number(weight::numeric), 'contribution', custseg._plain_number(contribution)));
END;
COMMENT ON FUNCTION custseg._component_sentence(text, text, text, float8, int, float8, float8, numeric) IS
'Internal: a component of a score in words.';

CREATE FUNCTION custseg._explain_score(portfolio text, customer text, language text,
	OUT step int, OUT item text, OUT measure text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT classes int, OUT class text, OUT weight float8, OUT contribution numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lang text := custseg._explain_language(portfolio, language);
	key text := custseg._current_customer(portfolio, customer);
	state record;
	total float8;
	first_in_line float8;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT c.r, c.f, c.m, c.segment FROM customer AS c WHERE c.customer_id = %L', key) INTO state;
	EXECUTE format('SELECT (v.measures ->> ''score'')::float8 FROM customer_measures AS v WHERE v.customer_id = %L', key) INTO total;
	EXECUTE format('SELECT v.priority FROM current_customers AS v WHERE v.customer_id = %L', key) INTO first_in_line;

	RETURN QUERY
	SELECT (row_number() OVER (ORDER BY e.part, e.place))::int, e.item, e.measure, e.value, e.breaks, e.scale, e.score,
		e.classes, e.class, e.weight, e.contribution, e.sentence
	FROM (
		SELECT 1 AS part, row_number() OVER () AS place, 'component' AS item, c.measure, c.value, c.breaks, c.scale, c.score,
			cardinality(c.breaks) + 1 AS classes, CASE WHEN custseg._has_classes(c.method) THEN c.score::int::text END AS class,
			c.weight, c.contribution,
			custseg._component_sentence(lang, c.measure, c.method, c.value, cardinality(c.breaks) + 1, c.score, c.weight,
				c.contribution) AS sentence
		FROM custseg._customer_components(portfolio, key) AS c
		UNION ALL
		SELECT 2, row_number() OVER (), a.axis, a.measure, a.value, a.breaks, NULL, a.class, cardinality(a.breaks) + 1,
			a.class::text, NULL, NULL,
			custseg._sentence(lang,
				CASE WHEN a.class IS NULL THEN 'axis none' WHEN a.value IS NULL THEN 'axis unknown' ELSE 'axis' END,
				jsonb_build_object('measure', custseg._measure_label(lang, a.measure), 'class', a.class,
					'value', custseg._plain_number(a.value::numeric), 'classes', cardinality(a.breaks) + 1))
		FROM custseg._customer_axes(portfolio, key) AS a
		UNION ALL
		SELECT 3, 1, 'segment', NULL, NULL, NULL, NULL, NULL, NULL, state.segment, NULL, NULL,
			custseg._segment_sentence(portfolio, lang, state.r, state.f, state.m, state.segment)
		UNION ALL
		SELECT 4, 1, 'score', 'score', total, NULL, NULL, total, NULL, NULL, NULL, NULL,
			custseg._sentence(lang, CASE WHEN total IS NULL THEN 'total unknown' ELSE 'total' END,
				jsonb_build_object('value', custseg._plain_number(total::numeric)))
		UNION ALL
		SELECT 5, 1, 'priority', 'priority', first_in_line, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
			custseg._sentence(lang, 'priority', jsonb_build_object('value', custseg._plain_number(first_in_line::numeric)))
		WHERE first_in_line IS NOT NULL
		UNION ALL
		SELECT 6, row_number() OVER (), s.item, s.name, s.value::float8, NULL, NULL, NULL, NULL, NULL, NULL, NULL, s.sentence
		FROM custseg._served_sentences(portfolio, key, lang) AS s
	) AS e
	ORDER BY e.part, e.place;
END
$$;
COMMENT ON FUNCTION custseg._explain_score(text, text, text) IS
'Internal: what explain_score does.';

CREATE FUNCTION custseg.explain_score(portfolio text, customer text, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT measure text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT classes int, OUT class text, OUT weight float8, OUT contribution numeric, OUT sentence text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_reader' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 100000 ROWS 10;
COMMENT ON FUNCTION custseg.explain_score(text, text, text) IS
'Why a customer has this score and segment, as of the last run; steps from measures to score to what follows. item: component, with the measure''s value, the breaks or the scale in use, the score that they give (class of classes, or on the scale), its part of the weights and its contribution: together these are the score, to 12 decimals or 14 digits; then r, f, m, the axes of the segmentation; segment, with the rule that hit; score, the total; priority, allocation and agent where there are such. language: of the sentences, see custseg.sentence; NULL: the setting language. The caller must be able to read the view current_customers. 42704: no such portfolio or customer, or he was merged into another; 42501: not a reader; 22023: no such language, not a customer''s type; 22004: NULL.';

CREATE FUNCTION custseg.explain_score(portfolio text, customer bigint, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT measure text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT classes int, OUT class text, OUT weight float8, OUT contribution numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10
BEGIN ATOMIC
	SELECT * FROM custseg.explain_score(portfolio, customer::text, language);
END;
COMMENT ON FUNCTION custseg.explain_score(text, bigint, text) IS
'The same as explain_score(portfolio, customer::text, language).';

CREATE FUNCTION custseg.explain_score(portfolio text, customer uuid, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT measure text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT classes int, OUT class text, OUT weight float8, OUT contribution numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10
BEGIN ATOMIC
	SELECT * FROM custseg.explain_score(portfolio, customer::text, language);
END;
COMMENT ON FUNCTION custseg.explain_score(text, uuid, text) IS
'The same as explain_score(portfolio, customer::text, language).';
