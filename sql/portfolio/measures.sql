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
		('clv', 'model', true, 'custseg.clv({lifetime}, {spend_model}, {p}, {as_of}, {horizon}, {discount}, {margin_rate}, ''day'')',
		 'margin to expect within the horizon, discounted'),
		('potential', 'model', true, '(custseg.clv({lifetime}, {spend_model}, {p}, {as_of}, {horizon}, 0, 1, ''day'') - custseg.annual_spend({p}, {as_of}) * {horizon} / 365)',
		 'spend to expect within the horizon less that of the past at the same pace')
	) AS v (kind, source, moves, expression, description);
END;
COMMENT ON FUNCTION custseg.measure_kinds() IS
'What a portfolio can measure about a customer. source: orders, model (needs the lifetime models, see set_option lifetime) or another source. moves: the value changes from day to day by itself, so it is not stored. expression: the SQL behind it, {p} being the purchase summary.';

CREATE FUNCTION custseg.portfolio_options(OUT name text, OUT "default" text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 25
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
		('keep_scores', 'none', 'history of scores: none, changes (customers whose classes changed) or all'),
		('keep_runs', '', 'how long run_log and counts are kept by prune; empty: for ever')
	) AS v (name, "default", description);
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

CREATE FUNCTION custseg._fill_expression(portfolio text, expression text, summary text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	model text := format('(SELECT m.%%I FROM %I.model AS m WHERE m.name = %%L ORDER BY m.as_of DESC LIMIT 1)',
		custseg._portfolio_schema(portfolio));
	-- A year's discount as that of a day.
	daily float8 := power(1 + custseg._option(portfolio, 'discount')::float8, 1.0::float8 / 365) - 1;
	part record;
BEGIN
	FOR part IN
		SELECT v.* FROM (VALUES
			('{p}', summary), ('{as_of}', as_of),
			('{lifetime}', format(model, 'lifetime', 'lifetime')),
			('{spend_model}', format(model, 'spend', 'spend')),
			('{horizon}', custseg._option(portfolio, 'horizon')),
			('{margin_rate}', custseg._option(portfolio, 'margin_rate')),
			('{discount}', daily::text)
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
	IF known.source IN ('orders', 'model') THEN
		RETURN format('(%s)::float8', custseg._fill_expression(portfolio, known.expression, summary, as_of));
	END IF;
	IF known.kind IS NULL AND NOT EXISTS (
		SELECT FROM pg_attribute AS a
		WHERE a.attrelid = to_regclass('source_measures') AND a.attname = p_measure
			AND a.attname <> 'customer_id' AND a.attnum > 0 AND NOT a.attisdropped)
	THEN
		RAISE EXCEPTION 'unknown measure "%"', p_measure
			USING ERRCODE = '22023',
			HINT = 'Measures are the kinds of custseg.measure_kinds(), the names of set_measure, the columns of source_measures, the scores of components, r, f, m and score.';
	END IF;
	RETURN format('(c.measures ->> %L)::float8', p_measure);
END
$$;
COMMENT ON FUNCTION custseg._measure_expression(text, text, text) IS
'Internal: the SQL of a measure over the alias c, on the day that the text as_of gives. 22023: no such measure.';

-- The SQL of a component's score over c, from the model in use.
CREATE FUNCTION custseg._component_expression(portfolio text, p_measure text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	value text := custseg._measure_expression(portfolio, p_measure, as_of);
	model text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT c.* INTO STRICT part FROM component AS c WHERE c.measure = p_measure;
	model := format('(SELECT m.%%I FROM %I.model AS m WHERE m.name = %L ORDER BY m.as_of DESC LIMIT 1)',
		custseg._portfolio_schema(portfolio), 'score ' || p_measure);
	RETURN CASE
		WHEN part.method = 'none' THEN value
		WHEN part.method = 'breaks' THEN
			format('custseg.score(%s, %L::float8[], %L::boolean)::float8', value, part.breaks, part.descending)
		-- 1 for A, as the templates and people count.
		WHEN part.method = 'abc' THEN
			format('(%s - custseg.score(%s, %s))::float8', cardinality(part.shares) + 2, value, format(model, 'breaks'))
		WHEN part.method IN ('minmax', 'zscore', 'percentile') THEN
			format('custseg.scale(%s, %s, %L::boolean)', value, format(model, 'scale'), part.descending)
		ELSE format('custseg.score(%s, %s, %L::boolean)::float8', value, format(model, 'breaks'), part.descending)
	END;
END
$$;
COMMENT ON FUNCTION custseg._component_expression(text, text, text) IS
'Internal: the SQL of the score of a component over the alias c, as float8; NULL where the measure is unknown.';

-- Whether the score of a component is a class, which is stored.
CREATE FUNCTION custseg._has_classes(method text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT method NOT IN ('minmax', 'zscore', 'percentile', 'none');
END;
COMMENT ON FUNCTION custseg._has_classes(text) IS
'Internal: whether the score of a component with this method is a class.';
