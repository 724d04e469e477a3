-- Measures: from the name of a measure to the SQL that computes it for one customer.
--
-- The expression reads the columns of an alias c (purchases, windows, measures, r, f, m and, for scores, k1, k2, ...)
-- and the day from a text that the caller gives: a literal in a run, a column in a view. Models are scalar subqueries on
-- the table model, so that each is read once for a statement.

CREATE FUNCTION custseg.measure_kinds(
	OUT kind text, OUT source text, OUT moves boolean, OUT expression text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 25
BEGIN ATOMIC
	SELECT v.kind, v.source, v.moves, v.expression, v.description
	FROM (VALUES
		('spend', 'orders', false, 'custseg.spend({p})', 'net amount of all purchases'),
		('orders', 'orders', false, 'custseg.orders({p})', 'number of orders'),
		('frequency', 'orders', false, 'custseg.frequency({p})', 'days with a purchase'),
		('refunds', 'orders', false, 'custseg.refunds({p})', 'total of refunds'),
		('cost', 'orders', false, 'custseg.cost({p})', 'cost of all purchases'),
		('profit', 'orders', false, 'custseg.profit({p})', 'spend less cost'),
		('margin', 'orders', false, 'custseg.margin({p})', 'profit / spend'),
		('average_order', 'orders', false, 'custseg.average_order({p})', 'spend / orders'),
		('days_between', 'orders', false, 'custseg.days_between({p})', 'mean days between purchase days'),
		('gap_variation', 'orders', false, 'custseg.gap_variation({p})', 'variation of the gaps between purchase days'),
		('active_months', 'orders', false, 'custseg.active_months({p})', 'calendar months with a purchase'),
		('repeat_purchases', 'orders', false, 'custseg.repeat_purchases({p})', 'purchase days after the first'),
		('recency', 'orders', true, 'custseg.recency({p}, {as_of})', 'days since the last purchase'),
		('tenure', 'orders', true, 'custseg.tenure({p}, {as_of})', 'days since the first purchase'),
		('annual_spend', 'orders', true, 'custseg.annual_spend({p}, {as_of})', 'spend for a year of tenure'),
		('overdue_ratio', 'orders', true, 'custseg.overdue_ratio({p}, {as_of})', 'days since the last purchase / mean gap'),
		('p_alive', 'model', true, 'custseg.p_alive({lifetime}, {p}, {as_of})', 'probability that the customer is still one'),
		('expected_purchases', 'model', true, 'custseg.expected_purchases({lifetime}, {p}, {as_of}, {horizon}, ''day'')',
		 'purchase days to expect within the horizon'),
		('expected_spend', 'model', false, 'custseg.expected_spend({spend_model}, {p})', 'amount to expect of a purchase day'),
		('clv', 'model', true, 'custseg.clv({lifetime}, {spend_model}, {p}, {as_of}, {horizon}, {discount}, {margin_rate}, ''period'', ''day'')',
		 'margin to expect within the horizon, discounted'),
		('potential', 'model', true, '(custseg.clv({lifetime}, {spend_model}, {p}, {as_of}, {horizon}, 0, 1, ''period'', ''day'') - custseg.annual_spend({p}, {as_of}) * {horizon} / 365)',
		 'spend to expect within the horizon less that of the past at the same pace')
	) AS v (kind, source, moves, expression, description)
	UNION ALL
	SELECT s.kind, s.source, false, s.expression, s.description FROM custseg._source_measures() AS s;
END;
COMMENT ON FUNCTION custseg.measure_kinds() IS
'What a portfolio can measure about a customer. source: orders, model (needs the lifetime models, see set_option lifetime) or the kind of source that add_source has to add. moves: the value changes from day to day by itself, so it is not stored. expression: the SQL behind it, {p} being the purchase summary; of other sources, the aggregate over the customer''s rows s.';

CREATE FUNCTION custseg.portfolio_options(OUT name text, OUT "default" text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 60
BEGIN ATOMIC
	SELECT v.name, v."default", v.description
	FROM (VALUES
		('segmentation', 'standard_11', 'the segmentation of r, f and m, see custseg.segmentation; none: no segments'),
		('refit', '1 month', 'how long fitted breaks and models are used; 0 days: each run fits'),
		('lifetime', 'bgnbd', 'the model of purchases: bgnbd, mbgnbd, pareto_nbd or none'),
		('horizon', '365', 'days ahead for expected purchases and lifetime value'),
		('discount', '0.1', 'discount of lifetime value for a year, 0.1 for 10 percent'),
		('margin_rate', '1', 'the part of spend that is margin in lifetime value'),
		('missing', 'renormalise', 'a component without a value: renormalise, zero or null, as weighted_score takes it'),
		('upgrade', 'each_run', 'when customers go up: each_run or period_end'),
		('downgrade', 'one_step', 'how customers go down: never, one_step, requalify or to_base'),
		('check', 'each_run', 'when downgrades are judged: each_run or period_end'),
		('period', 'month', 'the period of period_end: month, quarter, half or year'),
		('stay', '', 'minimum stay in a tier, an interval; empty: none'),
		('grace', '', 'how long a customer is warned before going down; empty: not'),
		('validity', '', 'how long a tier lasts; empty: no limit'),
		('requalify_by', 'keep', 'for downgrade requalify: the rule that counts, keep or enter'),
		('keep_scores', 'none', 'history of scores: none, changes (customers whose score or classes changed) or all'),
		('active_days', '365', 'reports: a customer is active who has bought within so many days, lapsed who has not'),
		('new_days', '90', 'reports: a customer is new for so many days from the first purchase'),
		('keep_runs', '', 'how long prune keeps run_log and counts, an interval; empty: as long as the rest'),
		('language', 'en', 'the language of explanations, see custseg.sentence'),
		('anonymous', '', 'customers who are nobody, such as 0 or guest, separated by commas: skipped and counted')
	) AS v (name, "default", description)
	UNION ALL
	SELECT t.threshold || '_' || c."check", CASE t.threshold WHEN 'warn' THEN c.warn ELSE c.stop END,
		pg_catalog.format('share above which a run %ss; empty: never: %s', t.threshold, c.description)
	FROM custseg._quality_checks() AS c CROSS JOIN (VALUES ('warn'), ('stop')) AS t (threshold);
END;
COMMENT ON FUNCTION custseg.portfolio_options() IS
'The settings of a portfolio with their defaults; set_option changes one.';

-- The value of a setting.
CREATE FUNCTION custseg._option(portfolio text, option text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN coalesce((SELECT s.value FROM setting AS s WHERE s.name = option),
		(SELECT o."default" FROM custseg.portfolio_options() AS o WHERE o.name = option));
END
$$;
COMMENT ON FUNCTION custseg._option(text, text) IS
'Internal: a setting of a portfolio, or its default; NULL: no such setting.';

-- Each is read once for a statement.
CREATE FUNCTION custseg._model_expression(portfolio text, model_column name, model_name text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN format('(SELECT m.%I FROM %I.model AS m WHERE m.name = %L ORDER BY m.as_of DESC LIMIT 1)', model_column,
		custseg._portfolio_schema(portfolio), model_name);
END
$$;
COMMENT ON FUNCTION custseg._model_expression(text, name, text) IS
'Internal: the SQL of the model of a name that is in use, from the column of its kind.';

CREATE FUNCTION custseg._fill_expression(portfolio text, expression text, summary text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- A year's discount as that of a day.
	daily float8 := power(1 + custseg._option(portfolio, 'discount')::float8, 1.0::float8 / 365) - 1;
	part record;
BEGIN
	FOR part IN
		SELECT v.* FROM (VALUES
			('{p}', summary), ('{as_of}', as_of),
			('{horizon}', custseg._option(portfolio, 'horizon')),
			('{margin_rate}', custseg._option(portfolio, 'margin_rate')),
			('{discount}', daily::text),
			-- These hold names, so no mark is looked for in them.
			('{lifetime}', custseg._model_expression(portfolio, 'lifetime', 'lifetime')),
			('{spend_model}', custseg._model_expression(portfolio, 'spend', 'spend'))
		) AS v (mark, meaning)
	LOOP
		expression := replace(expression, part.mark, part.meaning);
	END LOOP;
	RETURN expression;
END
$$;
COMMENT ON FUNCTION custseg._fill_expression(text, text, text, text) IS
'Internal: the expression of a kind of measure with its marks replaced.';

-- The SQL of a measure as float8; see the top of this file.
CREATE FUNCTION custseg._measure_expression(portfolio text, p_measure text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	declared record;
	known record;
	score record;
	summary text := 'c.purchases';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF p_measure IN ('r', 'f', 'm', 'score') THEN
		RETURN format('c.%I::float8', p_measure);
	END IF;
	SELECT c.position INTO score FROM component AS c WHERE c.score_name = p_measure;
	IF FOUND THEN
		RETURN format('c.k%s', score.position);
	END IF;

	SELECT m.kind, w.position INTO declared
	FROM measure AS m LEFT JOIN measure_window AS w ON w."window" = m."window" WHERE m.measure = p_measure;
	IF declared.position IS NOT NULL THEN
		summary := format('c.windows[%s]', declared.position);
	END IF;
	SELECT k.* INTO known FROM custseg.measure_kinds() AS k WHERE k.kind = coalesce(declared.kind, p_measure);
	-- Who has bought, but not within the window, has bought for 0 there.
	IF declared.position IS NOT NULL AND known.kind = ANY (ARRAY['spend', 'orders', 'frequency', 'refunds', 'cost', 'profit', 'active_months',
		'repeat_purchases'])
	THEN
		RETURN format('CASE WHEN %1$s IS NULL AND c.purchases IS NOT NULL THEN 0 ELSE %2$s END::float8', summary,
			custseg._fill_expression(portfolio, known.expression, summary, as_of));
	END IF;
	IF known.source IN ('orders', 'model') THEN
		RETURN format('(%s)::float8', custseg._fill_expression(portfolio, known.expression, summary, as_of));
	END IF;
	IF known.kind IS NOT NULL THEN
		RETURN custseg._source_expression(portfolio, p_measure, known.kind, summary);
	END IF;
	IF NOT EXISTS (SELECT FROM custseg._source_measure_columns(portfolio) AS n WHERE n.name = coalesce(declared.kind, p_measure)) THEN
		RAISE EXCEPTION 'unknown measure "%"', p_measure
			USING ERRCODE = '22023',
			HINT = 'Measures are the kinds of custseg.measure_kinds(), the names of set_measure, the columns of source_measures, the scores of components, r, f, m and score.';
	END IF;
	RETURN format('(c.measures ->> %L)::float8', p_measure);
END
$$;
COMMENT ON FUNCTION custseg._measure_expression(text, text, text) IS
'Internal: the SQL of a measure over the alias c, on the day that the text as_of gives. 22023: no such measure.';

-- The SQL of a measure that a run computes from a source other than orders and keeps in c.measures.
CREATE FUNCTION custseg._source_expression(portfolio text, p_measure text, p_kind text, summary text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known record;
	has_cost boolean;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT m.* INTO STRICT known FROM custseg._source_measures() AS m WHERE m.kind = p_kind;
	IF NOT EXISTS (SELECT FROM source AS s WHERE s.kind = known.source) THEN
		RAISE EXCEPTION 'measure "%" needs the source "%", which portfolio "%" does not have', p_measure, known.source, portfolio
			USING ERRCODE = '22023', HINT = format('Add it with custseg.add_source(%L, %L, ...).', portfolio, known.source);
	END IF;
	IF p_kind = 'net_value' THEN
		-- What is kept is the cost of serving; profit is that of the purchases beside it.
		SELECT 'cost' = ANY (s.columns) INTO has_cost FROM source AS s WHERE s.kind = 'orders';
		RETURN format('(CASE WHEN %1$s IS NULL THEN 0 ELSE custseg.%2$s(%1$s) END - coalesce((c.measures ->> %3$L)::numeric, 0))::float8',
			summary, CASE WHEN has_cost THEN 'profit' ELSE 'spend' END, p_measure || ' (cost)');
	END IF;
	RETURN format(CASE WHEN known.empty IS NULL THEN '(c.measures ->> %L)::float8' ELSE 'coalesce((c.measures ->> %L)::float8, %s)' END,
		p_measure, known.empty);
END
$$;
COMMENT ON FUNCTION custseg._source_expression(text, text, text, text) IS
'Internal: the SQL of a measure over a source other than orders. 22023: the portfolio does not have that source.';

-- The columns of source_measures that are measures.
CREATE FUNCTION custseg._source_measure_columns(portfolio text, OUT name name) RETURNS SETOF name
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT a.attname FROM pg_attribute AS a
	WHERE a.attrelid = to_regclass(format('%I.source_measures', custseg._portfolio_schema(portfolio)))
		AND a.attname <> 'customer_id' AND a.attnum > 0 AND NOT a.attisdropped
		AND custseg._column_type(custseg._portfolio_schema(portfolio), 'source_measures', a.attname)
			= ANY (ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision']::regtype[])
	ORDER BY a.attnum;
END
$$;
COMMENT ON FUNCTION custseg._source_measure_columns(text) IS
'Internal: the columns of source_measures that are measures: the numeric ones.';

-- Amounts are scored as numeric: the score is that of the float8, and the cast, which goes through text, is spared.
CREATE FUNCTION custseg._uncast(expression text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.regexp_replace(expression,
		'^\((custseg\.(?:spend|refunds|cost|profit|average_order|annual_spend)\([^()]*\))\)::float8$', '\1');
END;
COMMENT ON FUNCTION custseg._uncast(text) IS
'Internal: the expression of a measure without its cast to float8 where it is an amount of purchases.';

-- The SQL of a component's score over c, from the model in use.
CREATE FUNCTION custseg._component_expression(portfolio text, p_measure text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	value text := custseg._measure_expression(portfolio, p_measure, as_of);
	v_breaks text := custseg._model_expression(portfolio, 'breaks', 'score ' || p_measure);
	v_scale text := custseg._model_expression(portfolio, 'scale', 'score ' || p_measure);
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT c.* INTO STRICT part FROM component AS c WHERE c.measure = p_measure;
	RETURN CASE
		WHEN part.method = 'none' THEN value
		WHEN part.method = 'breaks' THEN
			format('custseg.score(%s, %L::float8[], %L::boolean)::float8', custseg._uncast(value), part.breaks, part.descending)
		-- 1 for A, as the templates and people count.
		WHEN part.method = 'abc' THEN
			format('(%s - custseg.score(%s, %s))::float8', cardinality(part.shares) + 2, value, v_breaks)
		WHEN part.method IN ('minmax', 'zscore', 'percentile') THEN
			format('custseg.scale(%s, %s, %L::boolean)', value, v_scale, part.descending)
		ELSE format('custseg.score(%s, %s, %L::boolean)::float8', custseg._uncast(value), v_breaks, part.descending)
	END;
END
$$;
COMMENT ON FUNCTION custseg._component_expression(text, text, text) IS
'Internal: the SQL of the score of a component over the alias c, as float8; NULL where the measure is unknown.';

-- All components' scores as further columns k1, k2, ... of a SELECT over c.
CREATE FUNCTION custseg._component_scores(portfolio text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (
		SELECT coalesce(string_agg(format(', %s AS k%s', custseg._component_expression(portfolio, c.measure, as_of), c.position), ''
			ORDER BY c.position), '')
		FROM component AS c);
END
$$;
COMMENT ON FUNCTION custseg._component_scores(text, text) IS
'Internal: the SQL of the scores of all components over the alias c, each behind a comma and named k with its position.';

-- Whether the score of a component is a class, which is stored.
CREATE FUNCTION custseg._has_classes(method text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT method NOT IN ('minmax', 'zscore', 'percentile', 'none');
END;
COMMENT ON FUNCTION custseg._has_classes(text) IS
'Internal: whether the score of a component with this method is a class.';
