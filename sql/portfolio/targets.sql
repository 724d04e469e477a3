-- Targets: goals for metrics, measured by each run.

CREATE FUNCTION custseg._check_target(portfolio text, metric text, scope text, class text, period text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT m.* INTO known FROM custseg._target_metric(portfolio, metric) AS m;
	IF scope IS NULL OR scope NOT IN ('all', 'tier', 'segment', 'resource') THEN
		RAISE EXCEPTION 'argument "scope" is "%"', scope
			USING ERRCODE = '22023', HINT = 'It must be all, tier, segment or resource.';
	END IF;
	IF (scope = 'resource') <> (known.source = 'resource') OR scope = 'all' AND known.source = 'whole' THEN
		RAISE EXCEPTION 'argument "scope" is "%", which metric "%" is not measured for', scope, metric
			USING ERRCODE = '22023', HINT = CASE known.source WHEN 'resource' THEN 'It must be resource, and class its name.'
				WHEN 'whole' THEN 'It must be tier or segment.' ELSE 'It must be all, tier or segment.' END;
	END IF;
	IF (scope = 'all') <> (class IS NULL) THEN
		RAISE EXCEPTION 'argument "class" is %', coalesce('"' || class || '"', 'null')
			USING ERRCODE = '22023', HINT = 'With scope tier, segment or resource it is the name of one, with scope all it is null.';
	END IF;
	IF scope = 'tier' AND NOT EXISTS (SELECT FROM tier AS t WHERE t.tier = class)
		OR scope = 'segment' AND NOT EXISTS (SELECT FROM custseg.segment_rule AS r
			WHERE r.segmentation = custseg._option(portfolio, 'segmentation') AND r.segment = class)
		OR scope = 'resource' AND NOT custseg._has_resource(portfolio, class)
	THEN
		RAISE EXCEPTION 'argument "class" is "%", which is no % of portfolio "%"', class, scope, portfolio
			USING ERRCODE = '22023', HINT = CASE scope
				WHEN 'tier' THEN format('Its tiers are %s.', (SELECT string_agg(t.tier, ', ' ORDER BY t.position) FROM tier AS t))
				WHEN 'segment' THEN format('Its segments are those of segmentation "%s".', custseg._option(portfolio, 'segmentation'))
				ELSE 'Its resources are those of set_resource.' END;
	END IF;
	IF period IS NOT NULL AND NOT known.takes_period THEN
		RAISE EXCEPTION 'argument "period" is "%", but metric "%" is not measured over a period', period, metric
			USING ERRCODE = '22023', HINT = 'It must be null for this metric; custseg.target_metrics() tells which take a period.';
	END IF;
	-- 22023 when it is no period.
	PERFORM custseg.measure_window(period, current_date);
END
$$;
COMMENT ON FUNCTION custseg._check_target(text, text, text, text, text) IS
'Internal: checks that a target can be measured. 22023: unknown metric, scope, class or period, or they do not go together.';

CREATE FUNCTION custseg._has_resource(portfolio text, p_resource text) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found boolean := false;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF to_regclass('resource') IS NOT NULL THEN
		EXECUTE 'SELECT EXISTS (SELECT FROM resource AS r WHERE r.resource = $1)' INTO found USING p_resource;
	END IF;
	RETURN found;
END
$$;
COMMENT ON FUNCTION custseg._has_resource(text, text) IS
'Internal: whether a portfolio has a resource of this name.';

CREATE FUNCTION custseg._set_target(portfolio text, p_target text, p_metric text, p_value numeric, p_scope text, p_class text,
	p_period text, p_direction text, p_amber numeric, p_valid_from date, p_valid_until date, p_note text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_direction text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	IF p_target IS NULL OR p_metric IS NULL OR p_value IS NULL OR p_amber IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', CASE WHEN p_target IS NULL THEN 'target' WHEN p_metric IS NULL THEN 'metric'
				WHEN p_value IS NULL THEN 'value' ELSE 'amber' END
			USING ERRCODE = '22004', HINT = 'Give the name of the target, its metric and its goal.';
	END IF;
	IF p_target = '' OR length(p_target) > 200 THEN
		RAISE EXCEPTION 'argument "target" must have 1 to 200 characters'
			USING ERRCODE = '22023', HINT = 'Give the target a short name.';
	END IF;
	IF p_value IN ('NaN', 'Infinity', '-Infinity') THEN
		RAISE EXCEPTION 'argument "value" is %', p_value USING ERRCODE = '22023', HINT = 'It must be finite.';
	END IF;
	IF NOT (p_amber >= 0 AND p_amber < 'Infinity') THEN
		RAISE EXCEPTION 'argument "amber" is %', p_amber
			USING ERRCODE = '22023', HINT = 'It must be at least 0 and finite: 0.1 for 10 percent of the goal.';
	END IF;
	PERFORM custseg._check_target(portfolio, p_metric, p_scope, p_class, p_period);
	v_direction := coalesce(p_direction, (SELECT m.direction FROM custseg._target_metric(portfolio, p_metric) AS m));
	IF v_direction NOT IN ('at_least', 'at_most') THEN
		RAISE EXCEPTION 'argument "direction" is "%"', v_direction USING ERRCODE = '22023', HINT = 'It must be at_least or at_most.';
	END IF;
	IF p_valid_from >= p_valid_until THEN
		RAISE EXCEPTION 'argument "valid_until" is %, not after "valid_from", which is %', p_valid_until, p_valid_from
			USING ERRCODE = '22023', HINT = 'valid_until is the first day behind the last one of the target.';
	END IF;

	INSERT INTO target (target, metric, scope, class, period, value, direction, amber, valid_from, valid_until, note)
	VALUES (p_target, p_metric, p_scope, p_class, p_period, p_value, v_direction, p_amber, p_valid_from, p_valid_until, p_note)
	ON CONFLICT (target) DO UPDATE SET metric = excluded.metric, scope = excluded.scope, class = excluded.class,
		period = excluded.period, value = excluded.value, direction = excluded.direction, amber = excluded.amber,
		valid_from = excluded.valid_from, valid_until = excluded.valid_until, note = excluded.note;
END
$$;
COMMENT ON FUNCTION custseg._set_target(text, text, text, numeric, text, text, text, text, numeric, date, date, text) IS
'Internal: what set_target does.';

CREATE FUNCTION custseg._check_target_name(portfolio text, p_target text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF p_target IS NULL OR NOT EXISTS (SELECT FROM target AS t WHERE t.target = p_target) THEN
		RAISE EXCEPTION 'target % of portfolio "%" does not exist', coalesce('"' || p_target || '"', 'null'), portfolio
			USING ERRCODE = '42704', HINT = 'Argument "target" must be a name that set_target was called with.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_target_name(text, text) IS
'Internal: raises 42704 when a portfolio has no target of this name.';

CREATE FUNCTION custseg._drop_target(portfolio text, p_target text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_target_name(portfolio, p_target);
	DELETE FROM target AS t WHERE t.target = p_target;
END
$$;
COMMENT ON FUNCTION custseg._drop_target(text, text) IS
'Internal: what drop_target does.';

CREATE FUNCTION custseg._set_target_actual(portfolio text, p_target text, p_actual numeric, p_as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_metric text;
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_target_name(portfolio, p_target);
	SELECT t.metric INTO v_metric FROM target AS t WHERE t.target = p_target;
	IF v_metric <> 'external' THEN
		RAISE EXCEPTION 'target "%" is measured by the portfolio: its metric is "%"', p_target, v_metric
			USING ERRCODE = '22023', HINT = 'Only a target of metric external is told.';
	END IF;
	IF p_actual IS NULL THEN
		RAISE EXCEPTION 'argument "actual" must not be null' USING ERRCODE = '22004', HINT = 'Give what was reached.';
	END IF;
	IF p_actual IN ('NaN', 'Infinity', '-Infinity') THEN
		RAISE EXCEPTION 'argument "actual" is %', p_actual USING ERRCODE = '22023', HINT = 'It must be finite.';
	END IF;
	day := coalesce(p_as_of, (SELECT p.last_as_of FROM portfolio AS p), current_date);
	IF NOT isfinite(day) OR day > current_date + 1 THEN
		RAISE EXCEPTION 'argument "as_of" is %', day USING ERRCODE = '22023', HINT = 'It must be a day that has been.';
	END IF;
	INSERT INTO target_actual (target, as_of, actual) VALUES (p_target, day, p_actual)
	ON CONFLICT (target, as_of) DO UPDATE SET actual = excluded.actual, author = excluded.author, set_at = excluded.set_at;
	PERFORM custseg._write_attainment(portfolio, p.last_as_of,
		jsonb_build_object(p_target, custseg._told_actual(portfolio, p_target, p.last_as_of)))
	FROM portfolio AS p WHERE p.last_as_of >= day;
END
$$;
COMMENT ON FUNCTION custseg._set_target_actual(text, text, numeric, date) IS
'Internal: what set_target_actual does.';

CREATE FUNCTION custseg._told_actual(portfolio text, p_target text, as_of date) RETURNS numeric
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (SELECT t.actual FROM target_actual AS t WHERE t.target = p_target AND t.as_of <= _told_actual.as_of
		ORDER BY t.as_of DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION custseg._told_actual(text, text, date) IS
'Internal: what set_target_actual has told last up to a day.';

-- What the targets of one period and source have reached: a statement over the customers for all of them together.
CREATE FUNCTION custseg._measure_period(portfolio text, p_as_of date, p_period text, p_source text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	first date;
	summary text := 'c.purchases';
	joins text := '';
	rows text;
	targets text[];
	sums text;
	result jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.* INTO STRICT home FROM portfolio AS p;
	first := lower(custseg.measure_window(p_period, p_as_of));
	IF p_source IN ('costs', 'feedback') THEN
		rows := custseg._source_amounts(portfolio, p_source);
		IF rows IS NULL THEN
			RETURN '{}';
		END IF;
		joins := format(' LEFT JOIN (SELECT s.customer_id, count(s.amount) AS number, sum(s.amount) AS amount FROM (%s) AS s
			WHERE s.day >= %L AND s.day <= %L GROUP BY s.customer_id) AS x ON x.customer_id = c.customer_id',
			rows, coalesce(first, CASE WHEN p_period IS NULL THEN p_as_of - 364 ELSE '-infinity' END), p_as_of);
	ELSIF first IS NOT NULL THEN
		-- The lines of an order are netted as in a run; the moment itself may have an index, the day decides.
		joins := format(' LEFT JOIN custseg._portfolio_purchases(NULL::%s, %L, %L, NULL, %L) AS w
			ON w.counts IS NULL AND w.customer_id = c.customer_id', home.customer_type,
			format('SELECT o.customer_id, o.day, o.amount, o.cost, o.order_id FROM (%s) AS o WHERE o.day >= %L AND o.ordered_at > %L',
				custseg._report_orders(portfolio), first, first - 2),
			p_as_of, home.time_zone);
		summary := 'w.purchases';
	END IF;

	SELECT array_agg(m.target ORDER BY m.target), string_agg(format(
		-- A sum over nobody is 0, but a profit that nobody's cost is known for is not known.
		CASE WHEN m.denominator IS NULL AND m.metric <> 'profit' THEN 'coalesce(sum((%s)::numeric) FILTER (WHERE %s), 0)%s'
			ELSE '(sum((%s)::numeric) FILTER (WHERE %s))%s' END,
		custseg._fill_metric(portfolio, m.numerator, summary, p_as_of, first), m.filter,
		CASE WHEN m.denominator IS NULL THEN ''
			ELSE format(' / nullif(sum((%s)::numeric) FILTER (WHERE %s), 0)',
				custseg._fill_metric(portfolio, m.denominator, summary, p_as_of, first),
				CASE m.source WHEN 'whole' THEN 'true' ELSE m.filter END) END), ', ' ORDER BY m.target)
	INTO targets, sums
	FROM (
		SELECT t.target, t.metric, k.numerator, k.denominator, k.source,
			CASE t.scope WHEN 'all' THEN 'true' ELSE format('c.%I = %L', t.scope, t.class) END AS filter
		FROM target AS t CROSS JOIN LATERAL custseg._target_metric(portfolio, t.metric) AS k
		WHERE t.period IS NOT DISTINCT FROM p_period AND CASE k.source WHEN 'whole' THEN 'orders' ELSE k.source END = p_source
			AND coalesce(t.valid_from <= p_as_of, true) AND coalesce(t.valid_until > p_as_of, true)
	) AS m;
	EXECUTE format('SELECT jsonb_object_agg(v.target, v.actual)
		FROM (SELECT ARRAY[%s]::numeric[] AS actuals FROM %s%s WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL) AS f,
			ROWS FROM (unnest(%L::text[]), unnest(f.actuals)) AS v (target, actual)',
		sums, custseg._scored_customers(portfolio, format('%L::date', p_as_of)), joins, targets) INTO result;
	RETURN result;
END
$$;
COMMENT ON FUNCTION custseg._measure_period(text, date, text, text) IS
'Internal: what the targets of one period over one source have reached, as name and number.';

-- The part of a calendar period that has passed with a day; 1 for every other period.
CREATE FUNCTION custseg._period_passed(period text, as_of date) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN period IN ('month', 'quarter', 'half', 'year') THEN
		(SELECT (as_of - w.first + 1)::numeric / ((w.first + CASE period WHEN 'month' THEN INTERVAL '1 month'
			WHEN 'quarter' THEN INTERVAL '3 months' WHEN 'half' THEN INTERVAL '6 months' ELSE INTERVAL '1 year' END)::date - w.first)
		FROM (SELECT pg_catalog.lower(custseg.measure_window(period, as_of)) AS first) AS w)
		ELSE 1 END;
END;
COMMENT ON FUNCTION custseg._period_passed(text, date) IS
'Internal: the part of a calendar period that has passed at the end of a day, above 0 to 1; 1 for other periods.';

CREATE FUNCTION custseg._write_attainment(portfolio text, p_as_of date, actuals jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO attainment_history (as_of, target, actual, value, attainment, status)
	SELECT p_as_of, t.target, t.actual, t.value,
		round(CASE t.direction WHEN 'at_least' THEN t.actual / nullif(t.value, 0) ELSE t.value / nullif(t.actual, 0) END, 6),
		CASE WHEN t.away <= 0 THEN 'green' WHEN t.away <= abs(t.value) * t.amber THEN 'amber' WHEN t.away IS NOT NULL THEN 'red' END
	FROM (
		SELECT v.*, CASE v.direction WHEN 'at_least' THEN v.value - v.actual ELSE v.actual - v.value END AS away
		FROM (
			SELECT t.target, t.direction, t.amber, trim_scale(round((a.value #>> '{}')::numeric, 6)) AS actual,
				trim_scale(round(t.value * CASE WHEN k.adds_up THEN custseg._period_passed(t.period, p_as_of) ELSE 1 END, 6)) AS value
			FROM jsonb_each(actuals) AS a
			JOIN target AS t ON t.target = a.key
			CROSS JOIN LATERAL custseg._target_metric(portfolio, t.metric) AS k
		) AS v
	) AS t
	ON CONFLICT (target, as_of) DO UPDATE SET actual = excluded.actual, value = excluded.value,
		attainment = excluded.attainment, status = excluded.status;
END
$$;
COMMENT ON FUNCTION custseg._write_attainment(text, date, jsonb) IS
'Internal: writes what targets have reached on a day, by name, into attainment_history.';

CREATE FUNCTION custseg._measure_targets(portfolio text, as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date := as_of;
	part record;
	actuals jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Each target is there, if only as not known.
	SELECT coalesce(jsonb_object_agg(t.target, CASE WHEN t.metric = 'external' THEN custseg._told_actual(portfolio, t.target, day) END), '{}')
	INTO actuals
	FROM target AS t
	WHERE coalesce(t.valid_from <= day, true) AND coalesce(t.valid_until > day, true);
	FOR part IN
		SELECT DISTINCT t.period, CASE k.source WHEN 'whole' THEN 'orders' ELSE k.source END AS source
		FROM target AS t CROSS JOIN LATERAL custseg._target_metric(portfolio, t.metric) AS k
		WHERE actuals ? t.target AND k.source IN ('orders', 'whole', 'costs', 'feedback')
	LOOP
		actuals := actuals || custseg._measure_period(portfolio, day, part.period, part.source);
	END LOOP;
	IF to_regclass('budget_use') IS NOT NULL AND EXISTS (SELECT FROM target AS t WHERE t.scope = 'resource') THEN
		EXECUTE 'SELECT coalesce(jsonb_object_agg(t.target, b.used / nullif(b.budget, 0)), ''{}'')
			FROM target AS t JOIN budget_use AS b ON b.resource = t.class AND b.tier IS NULL
			WHERE t.scope = ''resource'' AND $1 ? t.target' INTO part USING actuals;
		actuals := actuals || part.coalesce;
	END IF;
	PERFORM custseg._write_attainment(portfolio, day, actuals);
END
$$;
COMMENT ON FUNCTION custseg._measure_targets(text, date) IS
'Internal: measures the targets that are valid on a day, into attainment_history.';

CREATE FUNCTION custseg._make_target_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'attainment', 'The targets, and how far they are met as of the last run that measured them.', '
		target: Name of the target.
		metric: What is measured, see custseg.target_metrics().
		scope: all, tier, segment or resource.
		class: The tier, segment or resource.
		period: Over which period; NULL: all days.
		direction: at_least: more is better; at_most: less is better.
		goal: The goal, for the whole period.
		as_of: The last day counted; NULL: not measured yet.
		expected: The goal on that day: of an amount, the part of it for the days of the period that have passed.
		actual: What was reached; NULL: not known.
		attainment: actual / expected, of at_most expected / actual: at least 1 when met.
		status: green: met; amber: nearly; red; NULL: not known.
		before: What was reached in the run before.
		valid_until: First day behind the target; NULL: no end.
		note: One line for people.', '
		SELECT t.target, t.metric, t.scope, t.class, t.period, t.direction, t.value AS goal, h.as_of, h.value AS expected, h.actual,
			h.attainment, h.status,
			(SELECT b.actual FROM attainment_history AS b WHERE b.target = t.target AND b.as_of < h.as_of ORDER BY b.as_of DESC LIMIT 1)
				AS before,
			t.valid_until, t.note
		FROM target AS t
		LEFT JOIN LATERAL (
			SELECT a.* FROM attainment_history AS a WHERE a.target = t.target ORDER BY a.as_of DESC LIMIT 1
		) AS h ON true');

	PERFORM custseg._make_report(portfolio, 'attainment_trend', 'How far each target was met after each run.', '
		target: Name of the target; it may have been dropped since.
		as_of: The last day counted.
		expected: The goal on that day.
		actual: What was reached; NULL: not known.
		attainment: actual / expected, of at_most expected / actual: at least 1 when met.
		status: green: met; amber: nearly; red; NULL: not known.', '
		SELECT h.target, h.as_of, h.value AS expected, h.actual, h.attainment, h.status FROM attainment_history AS h');
END
$$;
COMMENT ON FUNCTION custseg._make_target_reports(text) IS
'Internal: makes the views attainment and attainment_trend.';

-- --- What the owner calls -------------------------------------------------

CREATE FUNCTION custseg.set_target(portfolio text, target text, metric text, value numeric, scope text DEFAULT 'all',
	class text DEFAULT NULL, period text DEFAULT NULL, direction text DEFAULT NULL, amber numeric DEFAULT 0.1,
	valid_from date DEFAULT NULL, valid_until date DEFAULT NULL, note text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_target(text, text, text, numeric, text, text, text, text, numeric, date, date, text) IS
'Sets a goal, or changes one; runs measure it from the next on, see the view attainment. target: its name. metric: one of custseg.target_metrics(), or a measure of the portfolio, of which it is the mean. value: the goal, for the whole period. scope: all customers, or those of the tier or segment class; resource for the metric utilisation. period: month, quarter, half, year or rolling N months; NULL: all days. direction: at_least or at_most; NULL: that of the metric. amber: how far from the goal is still amber, as a part of it. valid_from to valid_until (the first day behind): when it is measured. 22023: a bad value of an argument; 22004: NULL in target, metric, value or amber; 42704: no such portfolio; 42501: not the owner.';

CREATE FUNCTION custseg.drop_target(portfolio text, target text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_target(text, text) IS
'Takes a target away; what runs have measured of it stays in the view attainment_trend. 42704: no such portfolio, target; 42501: not the owner.';

CREATE FUNCTION custseg.set_target_actual(portfolio text, target text, actual numeric, as_of date DEFAULT NULL) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_target_actual(text, text, numeric, date) IS
'Tells what a target of metric external has reached, from the day as_of on (NULL: the day of the last run) until the next time: market share, brand awareness. The view attainment shows it at once. 22023: a target of another metric, a number that is not finite, a day to come; 22004: actual NULL; 42704: no such portfolio, target; 42501: not the owner.';
