-- What targets can be set for, and how a run measures it.
--
-- A metric is sum(numerator) / sum(denominator) over the customers of the scope, or sum(numerator) alone. Both are SQL
-- for one customer c, with the marks {p} (purchases, of all days or of the period), {as_of}, {from} (first day of the
-- period), {active} and {fresh} (the settings active_days, new_days), {risk}, {score}, {clv}. Metrics with another source
-- read its rows x of the customer: number and amount.

CREATE FUNCTION custseg.target_metrics(
	OUT metric text, OUT unit text, OUT direction text, OUT source text, OUT takes_period boolean, OUT adds_up boolean,
	OUT numerator text, OUT denominator text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 25
BEGIN ATOMIC
	SELECT v.metric, v.unit, v.direction, v.source, v.takes_period, v.adds_up, v.numerator, v.denominator, v.description
	FROM (VALUES
		('customers', 'customers', 'at_least', 'orders', false, false, '1', NULL, 'customers'),
		('buyers', 'customers', 'at_least', 'orders', true, true, '(custseg.frequency({p}) > 0)::int', NULL, 'customers with a purchase'),
		('new_customers', 'customers', 'at_least', 'orders', true, true,
		 '(custseg.first_purchase(c.purchases) >= coalesce({from}, {as_of} - {fresh} + 1))::int', NULL,
		 'customers whose first purchase is in the period; without a period, within the setting new_days'),
		('spend', 'money', 'at_least', 'orders', true, true, 'custseg.spend({p})', NULL, 'net amount of purchases'),
		('orders', 'orders', 'at_least', 'orders', true, true, 'custseg.orders({p})', NULL, 'number of orders'),
		('average_spend', 'money', 'at_least', 'orders', true, false, 'custseg.spend({p})', '(custseg.frequency({p}) > 0)::int',
		 'spend / buyers'),
		('average_order', 'money', 'at_least', 'orders', true, false, 'custseg.spend({p})', 'custseg.orders({p})', 'spend / orders'),
		('profit', 'money', 'at_least', 'orders', true, true, 'custseg.profit({p})', NULL, 'spend less cost of customers whose cost is known'),
		('margin', 'share', 'at_least', 'orders', true, false, 'custseg.profit({p})',
		 'CASE WHEN custseg.profit({p}) IS NOT NULL THEN custseg.spend({p}) END', 'profit / spend of customers whose cost is known'),
		('repeat_rate', 'share', 'at_least', 'orders', true, false, 'custseg.is_repeat({p})::int', '(custseg.frequency({p}) > 0)::int',
		 'buyers with purchases on more than one day / buyers'),
		('active_share', 'share', 'at_least', 'orders', false, false, '(custseg.last_purchase({p}) > {as_of} - {active})::int',
		 '(custseg.frequency({p}) > 0)::int', 'customers with a purchase within the setting active_days / customers with a purchase'),
		('churn_share', 'share', 'at_most', 'orders', false, false, '({risk} = ''high'')::int', '(custseg.frequency({p}) > 0)::int',
		 'customers with a high risk, as in the view churn_risk / customers with a purchase'),
		('tier_share', 'share', 'at_least', 'whole', false, false, '1', '1', 'customers of the tier or segment / all customers'),
		('value_share', 'share', 'at_least', 'whole', true, false, 'custseg.spend({p})', 'custseg.spend({p})',
		 'spend of the tier or segment / spend of all customers'),
		('score', 'points', 'at_least', 'orders', false, false, '{score}', '({score} IS NOT NULL)::int', 'mean of the total score'),
		('clv', 'money', 'at_least', 'orders', false, false, '{clv}', '({clv} IS NOT NULL)::int',
		 'mean lifetime value: margin to expect within the horizon'),
		('satisfaction', 'points', 'at_least', 'feedback', true, false, 'x.amount', 'x.number',
		 'mean of score / scale of feedback; without a period, of the last 365 days'),
		('service_cost', 'money', 'at_most', 'costs', true, true, 'x.amount', NULL,
		 'cost of serving the customers; without a period, of the last 365 days'),
		('cost_to_serve', 'money', 'at_most', 'costs', true, false, 'x.amount', '1', 'service_cost / customers'),
		('utilisation', 'share', 'at_least', 'resource', false, false, 'b.used', 'b.budget',
		 'used / budget of a resource, as in the view budget_use; scope resource'),
		('external', 'any', 'at_least', 'told', true, false, NULL, NULL,
		 'what set_target_actual tells: market share, brand awareness and others that no source of the portfolio has')
	) AS v (metric, unit, direction, source, takes_period, adds_up, numerator, denominator, description);
END;
COMMENT ON FUNCTION custseg.target_metrics() IS
'What targets can be set for. A metric is sum(numerator) / sum(denominator) over the customers c of the scope, or sum(numerator) alone; of source whole the denominator is over all customers. {p}: the purchases of the customer in the period. takes_period: set_target takes a period for it. adds_up: it grows with the days of a period, so before the period ends only that part of the goal is asked for. direction: what set_target takes by itself. Any measure of a portfolio is a metric besides, its mean.';

-- A metric of a portfolio, where it is a measure its mean.
CREATE FUNCTION custseg._target_metric(portfolio text, p_metric text,
	OUT metric text, OUT direction text, OUT source text, OUT takes_period boolean, OUT adds_up boolean,
	OUT numerator text, OUT denominator text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known record;
BEGIN
	SELECT m.* INTO known FROM custseg.target_metrics() AS m WHERE m.metric = p_metric;
	IF NOT FOUND THEN
		BEGIN
			PERFORM custseg._measure_expression(portfolio, p_metric, '');
		EXCEPTION WHEN invalid_parameter_value THEN
			RAISE EXCEPTION 'argument "metric" is "%", which is no metric and no measure', p_metric
				USING ERRCODE = '22023', HINT = format('Metrics are %s, and the measures of the portfolio.',
					(SELECT string_agg(m.metric, ', ') FROM custseg.target_metrics() AS m));
		END;
	END IF;
	metric := p_metric;
	direction := coalesce(known.direction, 'at_least');
	source := coalesce(known.source, 'orders');
	takes_period := coalesce(known.takes_period, false);
	adds_up := coalesce(known.adds_up, false);
	-- The name stands last: marks may be in it.
	numerator := CASE WHEN known.metric IS NULL THEN '{measure}' || p_metric ELSE known.numerator END;
	denominator := CASE WHEN known.metric IS NULL THEN '{known}' || p_metric ELSE known.denominator END;
END
$$;
COMMENT ON FUNCTION custseg._target_metric(text, text) IS
'Internal: a metric of targets of a portfolio. 22023: no such metric or measure.';

-- An expression of a metric with its marks replaced. What c must have for it is what _scored_customers gives, and score.
CREATE FUNCTION custseg._fill_metric(portfolio text, expression text, summary text, as_of date, p_from date) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day text := format('%L::date', as_of);
	mark text[];
BEGIN
	IF starts_with(expression, '{measure}') THEN
		RETURN custseg._measure_expression(portfolio, substr(expression, length('{measure}') + 1), day);
	ELSIF starts_with(expression, '{known}') THEN
		RETURN format('(%s IS NOT NULL)::int', custseg._measure_expression(portfolio, substr(expression, length('{known}') + 1), day));
	END IF;
	FOREACH mark SLICE 1 IN ARRAY ARRAY[
		['{p}', summary], ['{as_of}', day], ['{from}', format('%L::date', p_from)],
		['{active}', custseg._option(portfolio, 'active_days')], ['{fresh}', custseg._option(portfolio, 'new_days')]]
	LOOP
		expression := replace(expression, mark[1], mark[2]);
	END LOOP;
	-- The rest may hold names, so no mark is looked for in it. It costs a look at the settings: only where it is asked for.
	IF expression LIKE '%{risk}%' THEN
		expression := replace(expression, '{risk}', custseg._risk_expression(portfolio, day));
	END IF;
	IF expression LIKE '%{clv}%' THEN
		expression := replace(expression, '{clv}', CASE WHEN custseg._option(portfolio, 'lifetime') = 'none' THEN 'NULL::float8'
			ELSE custseg._measure_expression(portfolio, 'clv', day) END);
	END IF;
	IF expression LIKE '%{score}%' THEN
		expression := replace(expression, '{score}', custseg._score_expression(portfolio));
	END IF;
	RETURN expression;
END
$$;
COMMENT ON FUNCTION custseg._fill_metric(text, text, text, date, date) IS
'Internal: the expression of a metric with its marks replaced.';
