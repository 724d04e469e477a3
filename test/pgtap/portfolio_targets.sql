-- Targets: every metric against plain SQL over the orders, periods, status, what is told from outside, and bad input.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;

SELECT plan(116);
SELECT setseed(0.1618);

CREATE TABLE line AS
SELECT customer, order_id, day, round((random() * 100)::numeric, 2) AS amount, CASE WHEN customer % 5 > 0 THEN 3.5 END AS cost
FROM (SELECT (random() * random() * 80)::int AS customer, g AS order_id, date '2023-01-01' + (random() * 700)::int AS day FROM generate_series(1, 900) AS g OFFSET 0) AS o
CROSS JOIN generate_series(1, 2);
INSERT INTO line SELECT customer, NULL, day + 5, -20, 0 FROM line WHERE order_id % 17 = 0;
CREATE TABLE answer (customer_id int, at date, score numeric, scale numeric, topic text, channel text);
INSERT INTO answer SELECT (random() * 80)::int, date '2024-01-01' + (random() * 300)::int, (random() * 10)::int, CASE WHEN random() < 0.7 THEN 10 ELSE 20 END FROM generate_series(1, 120);
CREATE TABLE cost_row AS SELECT (random() * 80)::int AS customer_id, date '2023-06-01' + (random() * 500)::int AS day, round((random() * 9)::numeric, 2) AS amount, NULL::text AS kind
FROM generate_series(1, 300);

SELECT custseg.create_portfolio('shop', 'line', 'customer', 'day', 'amount', 'cost', 'order_id') IS NOT NULL AS created \gset
INSERT INTO shop.setting VALUES ('lifetime', 'none');

-- --- the catalogue ----------------------------------------------------------
SELECT ok((SELECT count(*) FROM custseg.target_metrics()) >= 10, 'at least ten metrics ship');
SELECT is_empty($$SELECT metric FROM custseg.target_metrics() WHERE (numerator IS NULL) <> (metric = 'external') OR length(description) < 6
	OR direction NOT IN ('at_least', 'at_most')$$, 'each has its SQL, but for what is told');
SELECT is_empty($$SELECT metric FROM custseg.target_metrics() GROUP BY metric HAVING count(*) > 1$$, 'by one name');

-- --- all metrics before and after a run -------------------------------------
SELECT custseg.set_target('shop', metric || coalesce(' ' || s, ''), metric, 100, coalesce(s, 'all'), c)
FROM custseg.target_metrics() CROSS JOIN (VALUES (NULL, NULL), ('tier', 'regular'), ('segment', 'Champions')) AS v (s, c)
WHERE source <> 'resource' AND (source <> 'whole' OR s IS NOT NULL);
SELECT custseg.set_target('shop', metric || ' ' || p, metric, 100, CASE source WHEN 'whole' THEN 'tier' ELSE 'all' END, CASE source WHEN 'whole' THEN 'vip' END, p)
FROM custseg.target_metrics() CROSS JOIN (VALUES ('quarter'), ('rolling 6 months'), ('lifetime')) AS v (p) WHERE takes_period;
SELECT custseg.set_target('shop', 'mean recency', 'recency', 30, direction => 'at_most');
SELECT custseg.set_target('shop', 'mean loyalty', 'loyalty', 3);
SELECT custseg.set_target('shop', 'class of spend', 'spend_score', 3, 'tier', 'regular');
SELECT is(count(*), count(*) FILTER (WHERE as_of IS NULL AND status IS NULL AND actual IS NULL), 'nothing is measured before a run') FROM shop.attainment;

SAVEPOINT nothing;
DELETE FROM line;
SELECT custseg.refresh('shop', '2024-08-20');
SELECT is((SELECT array_agg(target ORDER BY target) FROM shop.attainment WHERE actual IS NOT NULL AND actual <> 0), NULL, 'a run over nothing: no number but 0');
SELECT is((SELECT array_agg(target ORDER BY target) FROM shop.attainment WHERE actual = 0 AND scope = 'all' AND period IS NULL), '{buyers,customers,new_customers,orders,spend}',
	'which is that of the metrics that count');
ROLLBACK TO nothing;

-- Costs and feedback are not there yet.
SELECT custseg.refresh('shop', '2024-08-20');
SELECT is((SELECT count(*) FROM shop.attainment WHERE metric IN ('satisfaction', 'service_cost', 'cost_to_serve', 'external') AND num_nonnulls(actual, status, attainment) > 0), 0::bigint,
	'without its source a metric is not known');
CREATE VIEW shop.source_costs AS TABLE cost_row;
CREATE VIEW shop.source_feedback AS SELECT *, NULL::text AS comment FROM answer;
SELECT custseg.refresh('shop', '2024-08-20');

-- Orders of a time, netted, and what they make of each customer.
CREATE FUNCTION pg_temp.base(from_day date, d date) RETURNS TABLE (customer int, first date, last date, frequency bigint, orders bigint, spend numeric, profit numeric)
LANGUAGE sql STABLE AS $$
	WITH netted AS (
		SELECT customer, min(day) AS day, sum(amount) AS amount, CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost
		FROM line WHERE day BETWEEN from_day AND d AND order_id IS NOT NULL GROUP BY customer, order_id
		UNION ALL SELECT customer, day, amount, cost FROM line WHERE day BETWEEN from_day AND d AND order_id IS NULL
	)
	SELECT customer, min(day) FILTER (WHERE amount >= 0), max(day) FILTER (WHERE amount >= 0), count(DISTINCT day) FILTER (WHERE amount >= 0),
		count(*) FILTER (WHERE amount >= 0), sum(amount), CASE WHEN count(cost) = count(*) THEN sum(amount) - sum(cost) END
	FROM netted GROUP BY customer;
$$;
-- What a metric is, in words of SQL over all customers b with their purchases p of the time.
CREATE FUNCTION pg_temp.actual(metric text, from_day date, d date, tier text, segment text) RETURNS numeric LANGUAGE sql STABLE AS $$
	WITH b AS (
		SELECT c.customer_id, c.tier, c.segment, v.risk, c.score, a.first, p.last, p.frequency, p.orders, p.spend, p.profit, x.score AS answers, x.n, k.amount
		FROM shop.current_customers AS c
		JOIN pg_temp.base('-infinity', d) AS a ON a.customer = c.customer_id
		LEFT JOIN pg_temp.base(from_day, d) AS p ON p.customer = c.customer_id
		LEFT JOIN shop.churn_risk AS v ON v.customer_id = c.customer_id
		LEFT JOIN (SELECT customer_id, sum(f.score / f.scale) AS score, count(*) AS n FROM answer AS f WHERE at BETWEEN from_day AND d GROUP BY 1) AS x ON x.customer_id = c.customer_id
		LEFT JOIN (SELECT customer_id, sum(amount) AS amount FROM cost_row WHERE day BETWEEN from_day AND d GROUP BY 1) AS k ON k.customer_id = c.customer_id
	), s AS (
		SELECT * FROM b WHERE (b.tier = actual.tier OR actual.tier IS NULL) AND (b.segment = actual.segment OR actual.segment IS NULL)
	)
	SELECT round(CASE actual.metric
		WHEN 'customers' THEN count(*)
		WHEN 'buyers' THEN count(*) FILTER (WHERE s.frequency > 0)
		WHEN 'new_customers' THEN count(*) FILTER (WHERE s.first >= CASE WHEN from_day = '-infinity' THEN d - 89 ELSE from_day END)
		WHEN 'spend' THEN sum(s.spend)
		WHEN 'orders' THEN sum(s.orders)
		WHEN 'average_spend' THEN sum(s.spend) / count(*) FILTER (WHERE s.frequency > 0)
		WHEN 'average_order' THEN sum(s.spend) / sum(s.orders)
		WHEN 'profit' THEN sum(s.profit)
		WHEN 'margin' THEN sum(s.profit) / sum(s.spend) FILTER (WHERE s.profit IS NOT NULL)
		WHEN 'repeat_rate' THEN count(*) FILTER (WHERE s.frequency > 1)::numeric / count(*) FILTER (WHERE s.frequency > 0)
		WHEN 'active_share' THEN count(*) FILTER (WHERE s.last > d - 365)::numeric / count(*) FILTER (WHERE s.frequency > 0)
		WHEN 'churn_share' THEN count(*) FILTER (WHERE s.risk = 'high')::numeric / count(*) FILTER (WHERE s.frequency > 0)
		WHEN 'tier_share' THEN count(*)::numeric / (SELECT count(*) FROM b)
		WHEN 'value_share' THEN sum(s.spend) / (SELECT sum(spend) FROM b)
		WHEN 'score' THEN avg(s.score::numeric)
		WHEN 'satisfaction' THEN sum(answers) / sum(n)
		WHEN 'service_cost' THEN sum(s.amount)
		WHEN 'cost_to_serve' THEN sum(s.amount) / count(*)
	END, 6) FROM s;
$$;
SELECT is(a.actual, pg_temp.actual(a.metric, CASE WHEN metric IN ('satisfaction', 'service_cost', 'cost_to_serve') THEN date '2024-08-20' - 364 ELSE '-infinity' END,
	'2024-08-20', CASE scope WHEN 'tier' THEN class END, CASE scope WHEN 'segment' THEN class END), target)
FROM shop.attainment AS a WHERE period IS NULL AND metric IN (SELECT metric FROM custseg.target_metrics()) AND metric NOT IN ('external', 'clv') AND scope <> 'segment'
ORDER BY target;
SELECT is_empty($$SELECT target FROM shop.attainment AS a WHERE scope = 'segment' AND metric NOT IN ('external', 'clv') AND actual IS DISTINCT FROM
	pg_temp.actual(a.metric, CASE WHEN metric IN ('satisfaction', 'service_cost', 'cost_to_serve') THEN date '2024-08-20' - 364 ELSE '-infinity' END, '2024-08-20', NULL, class)$$,
	'by segment');
SELECT is_empty($$SELECT target, actual FROM shop.attainment AS a CROSS JOIN LATERAL (SELECT CASE a.period WHEN 'quarter' THEN date '2024-07-01'
		WHEN 'rolling 6 months' THEN '2024-02-21' ELSE '-infinity' END) AS p (first)
	WHERE period IS NOT NULL AND metric NOT IN ('external') AND actual IS DISTINCT FROM CASE WHEN metric = 'new_customers' AND period = 'lifetime' THEN actual ELSE
	pg_temp.actual(a.metric, p.first, '2024-08-20', CASE scope WHEN 'tier' THEN class END, NULL) END$$, 'over periods');
SELECT ok((SELECT count(*) FROM shop.attainment WHERE period = 'quarter' AND actual > 0) >= 9, 'which have numbers');
SELECT is((SELECT actual FROM shop.attainment WHERE target = 'mean recency'), (SELECT round(avg(date '2024-08-20' - last_purchase), 6) FROM shop.current_customers), 'a measure is its mean');
SELECT is((SELECT actual FROM shop.attainment WHERE target = 'mean loyalty'), (SELECT trim_scale(round(avg(n), 6)) FROM (
	SELECT count(DISTINCT date_trunc('month', day)) AS n FROM (SELECT customer, min(day) AS day, sum(amount) AS amount FROM line WHERE order_id IS NOT NULL GROUP BY customer, order_id) AS o
	WHERE day <= '2024-08-20' GROUP BY customer) AS o), 'also a declared one');
SELECT is((SELECT actual FROM shop.attainment WHERE target = 'class of spend'), (SELECT trim_scale(round(avg(classes[1]), 6)) FROM shop.customer WHERE tier = 'regular'), 'or the class of a component');
SELECT is((SELECT count(*) FROM shop.attainment WHERE metric = 'clv' AND actual IS NOT NULL), 0::bigint, 'without a model clv is not known');

-- With one it is.
INSERT INTO shop.model (name, as_of, lifetime, spec) VALUES ('lifetime', '2024-08-20',
	'{"version":1,"kind":"bgnbd","status":"converged","unit":"day","customers":0,"excluded":0,"iterations":0,"parameters":{"r":0.243,"alpha":30,"a":0.793,"b":2.426}}', 'bgnbd');
INSERT INTO shop.model (name, as_of, spend, spec) VALUES ('spend', '2024-08-20',
	'{"version":1,"kind":"gamma_gamma","status":"converged","customers":0,"excluded":0,"iterations":0,"parameters":{"p":6.25,"q":3.74,"gamma":15.44}}', 'gamma_gamma');
UPDATE shop.setting SET value = 'bgnbd' WHERE name = 'lifetime';
SELECT custseg._make_views('shop');
SELECT custseg._measure_targets('shop', '2024-08-20');
SELECT is((SELECT actual FROM shop.attainment WHERE target = 'clv'), (SELECT round(avg(custseg.clv(l.lifetime, s.spend, c.purchases, '2024-08-20', 365, 1.1 ^ (1 / 365.0) - 1, 1, 'period', 'day')::numeric), 6)
	FROM shop.customer AS c, shop.model AS l, shop.model AS s WHERE l.name = 'lifetime' AND s.name = 'spend'), 'with a model clv is known');
SELECT is((SELECT actual FROM shop.attainment WHERE target = 'churn_share'), (SELECT round(count(*) FILTER (WHERE risk = 'high')::numeric / count(*), 6) FROM shop.churn_risk),
	'and churn_share goes by it');

-- --- goals and status -------------------------------------------------------
DELETE FROM shop.target;
SELECT custseg.set_target('shop', 'met', 'customers', 10);
SELECT custseg.set_target('shop', 'exactly', 'customers', (SELECT count(*) FROM shop.current_customers), amber => 0);
SELECT custseg.set_target('shop', 'nearly', 'customers', (SELECT count(*) + 2 FROM shop.current_customers));
SELECT custseg.set_target('shop', 'not', 'customers', (SELECT count(*) + 2 FROM shop.current_customers), amber => 0.001);
SELECT custseg.set_target('shop', 'few', 'customers', (SELECT count(*) FROM shop.current_customers), direction => 'at_most');
SELECT custseg.set_target('shop', 'fewer', 'customers', (SELECT count(*) - 2 FROM shop.current_customers), direction => 'at_most');
SELECT custseg.set_target('shop', 'fewest', 'customers', 1, direction => 'at_most');
SELECT custseg.set_target('shop', 'none', 'customers', 0, direction => 'at_most');
SELECT custseg.set_target('shop', 'zero', 'customers', 0);
SELECT custseg.set_target('shop', 'ended', 'customers', 10, valid_until => '2024-08-21');
SELECT custseg.set_target('shop', 'to come', 'customers', 10, valid_from => '2024-08-22');
SELECT custseg.set_target('shop', 'quarter', 'spend', 9200, period => 'quarter');
SELECT custseg.set_target('shop', 'half', 'orders', 184, period => 'half', note => 'the note');
SELECT custseg.set_target('shop', 'year', 'buyers', 366, period => 'year');
SELECT custseg.set_target('shop', 'month', 'new_customers', 31, period => 'month');
SELECT custseg.set_target('shop', 'rolling', 'spend', 9200, period => 'rolling 3 months');
SELECT custseg.set_target('shop', 'margin', 'margin', 0.5, period => 'quarter');
SELECT custseg.refresh('shop', '2024-08-21');
SELECT is(array_agg(target || ' ' || coalesce(status, 'null') ORDER BY target), '{"exactly green","few green","fewer amber","fewest red","met green","nearly amber","none red","not red","zero green"}', 'status')
FROM shop.attainment WHERE metric = 'customers' AND valid_until IS NULL AND as_of IS NOT NULL;
SELECT is(array_agg(target || ' ' || coalesce(attainment::text, 'null') ORDER BY target), ARRAY['few 1.000000', 'fewer ' || round((n - 2)::numeric / n, 6), 'none 0.000000', 'zero null'], 'attainment')
FROM shop.attainment, (SELECT count(*) AS n FROM shop.current_customers) AS c WHERE target IN ('few', 'fewer', 'none', 'zero') GROUP BY n;
SELECT is(array_agg(target ORDER BY target), '{ended,"to come"}', 'a target is measured on its days only') FROM shop.attainment WHERE as_of IS NULL;
SELECT is(array_agg(target || ' ' || expected ORDER BY target), '{"half 52","margin 0.5","month 21","quarter 5200","rolling 9200","year 234"}',
	'before a calendar period ends, the part of an amount is asked for that its days make') FROM shop.attainment WHERE period IS NOT NULL;
SELECT is((SELECT ROW(goal, period, note, before)::text FROM shop.attainment WHERE target = 'half'), '(184,half,"the note",)', 'the goal and note of a target, nothing before');

SELECT custseg.refresh('shop', '2024-09-30');
SELECT is((SELECT expected FROM shop.attainment WHERE target = 'quarter'), 9200::numeric, 'all of it on the last day');
SELECT is((SELECT count(*) FROM shop.attainment WHERE target = 'to come' AND as_of = '2024-09-30'), 1::bigint, 'one begins');
SELECT is((SELECT before FROM shop.attainment WHERE target = 'quarter'), (SELECT actual FROM shop.attainment_trend WHERE target = 'quarter' AND as_of = '2024-08-21'), 'what was before');
CREATE TEMPORARY TABLE was AS TABLE shop.attainment_history;
SELECT custseg.refresh('shop', '2024-09-30');
SELECT is_empty('(TABLE was EXCEPT TABLE shop.attainment_history) UNION ALL (TABLE shop.attainment_history EXCEPT TABLE was)', 'the same day again, the same rows');
SELECT custseg.refresh('shop', '2024-08-20', backdated => true);
SELECT is((SELECT max(as_of) FROM shop.attainment_trend), '2024-08-20'::date, 'back to a day before: what came after is gone');
SELECT custseg.set_target('shop', 'met', 'spend', 5, 'tier', 'vip');
SELECT is((SELECT ROW(metric, scope, class, value, direction, amber)::text FROM shop.target WHERE target = 'met'), '(spend,tier,vip,5,at_least,0.1)', 'a target is changed');
SELECT custseg.set_target('shop', 'cost', 'service_cost', 5);
SELECT is((SELECT direction FROM shop.target WHERE target = 'cost'), 'at_most', 'the direction is that of the metric');
SELECT custseg.drop_target('shop', 'met');
SELECT is((SELECT count(*) FROM shop.attainment WHERE target = 'met'), 0::bigint, 'a target is dropped');
SELECT is((SELECT count(*) FROM shop.attainment_trend WHERE target = 'met'), 1::bigint, 'what was measured of it stays');

-- --- what is told -----------------------------------------------------------
SELECT custseg.set_target('shop', 'market share', 'external', 0.2);
SELECT custseg.set_target_actual('shop', 'market share', 0.15);
SELECT is((SELECT ROW(as_of, actual, attainment, status)::text FROM shop.attainment WHERE target = 'market share'), '(2024-08-20,0.15,0.750000,red)', 'what is told is seen at once');
SELECT custseg.set_target_actual('shop', 'market share', 0.25, '2024-08-25');
SELECT is((SELECT actual FROM shop.attainment WHERE target = 'market share'), 0.15, 'not before its day');
SELECT custseg.refresh('shop', '2024-08-24');
SELECT is((SELECT actual FROM shop.attainment WHERE target = 'market share'), 0.15, 'it holds');
SELECT custseg.refresh('shop', '2024-08-26');
SELECT is((SELECT ROW(actual, status)::text FROM shop.attainment WHERE target = 'market share'), '(0.25,green)', 'until the next');
SELECT custseg.set_target_actual('shop', 'market share', 0.19, '2024-08-25');
SELECT is((SELECT ROW(actual, status)::text FROM shop.attainment WHERE target = 'market share'), '(0.19,amber)', 'which can be set right');

-- --- a resource -------------------------------------------------------------
SELECT is((SELECT count(*) FROM shop.target WHERE scope = 'resource'), 0::bigint, 'no resource yet');
CREATE FUNCTION pg_temp.utilisation() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('shop.resource') IS NULL THEN
		RETURN QUERY SELECT skip('portfolios have no resources', 2);
		RETURN;
	END IF;
	PERFORM custseg.set_resource('shop', 'hours', 100);
	PERFORM custseg.set_target('shop', 'use of hours', 'utilisation', 0.8, 'resource', 'hours');
	EXECUTE 'CREATE VIEW shop.source_usage AS SELECT customer_id, ''hours''::text AS resource, day, amount FROM cost_row';
	PERFORM custseg._make_views('shop');
	PERFORM custseg.refresh('shop', '2024-08-27');
	RETURN NEXT is((SELECT actual FROM shop.attainment WHERE target = 'use of hours'), (SELECT trim_scale(round(sum(amount) / 100, 6)) FROM cost_row WHERE day <= '2024-08-27'),
		'utilisation of a resource');
	RETURN NEXT is((SELECT status FROM shop.attainment WHERE target = 'use of hours'), 'green', 'its status');
END $$;
SELECT * FROM pg_temp.utilisation();

-- --- bad input --------------------------------------------------------------
SELECT throws_ok($$SELECT custseg.set_target('none', 'a', 'spend', 1)$$, '42704', 'portfolio "none" does not exist');
SELECT throws_ok($$SELECT custseg.set_target('shop', NULL, 'spend', 1)$$, '22004', 'argument "target" must not be null');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', NULL, 1)$$, '22004', 'argument "metric" must not be null');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', NULL)$$, '22004', 'argument "value" must not be null');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, amber => NULL)$$, '22004', 'argument "amber" must not be null');
SELECT throws_ok($$SELECT custseg.set_target('shop', '', 'spend', 1)$$, '22023', 'argument "target" must have 1 to 200 characters');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spent', 1)$$, '22023', 'argument "metric" is "spent", which is no metric and no measure');
SELECT throws_ok(format($$SELECT custseg.set_target('shop', 'a', 'spend', %L)$$, v), '22023', 'argument "value" is ' || v) FROM (VALUES ('NaN'), ('Infinity'), ('-Infinity')) AS x (v);
SELECT throws_ok(format($$SELECT custseg.set_target('shop', 'a', 'spend', 1, amber => %L)$$, v), '22023', 'argument "amber" is ' || v) FROM (VALUES ('NaN'), ('Infinity'), ('-1')) AS x (v);
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, 'team', 'x')$$, '22023', 'argument "scope" is "team"');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, 'resource', 'x')$$, '22023', 'argument "scope" is "resource", which metric "spend" is not measured for');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'tier_share', 1)$$, '22023', 'argument "scope" is "all", which metric "tier_share" is not measured for');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'utilisation', 1)$$, '22023', 'argument "scope" is "all", which metric "utilisation" is not measured for');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, 'tier')$$, '22023', 'argument "class" is null');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, class => 'vip')$$, '22023', 'argument "class" is "vip"');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, 'tier', 'gold')$$, '22023', 'argument "class" is "gold", which is no tier of portfolio "shop"');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, 'segment', 'gold')$$, '22023', 'argument "class" is "gold", which is no segment of portfolio "shop"');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'utilisation', 1, 'resource', 'gold')$$, '22023', 'argument "class" is "gold", which is no resource of portfolio "shop"');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'customers', 1, period => 'month')$$, '22023', 'argument "period" is "month", but metric "customers" is not measured over a period');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, period => 'fortnight')$$, '22023');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, period => 'anniversary')$$, '22023');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, direction => 'up')$$, '22023', 'argument "direction" is "up"');
SELECT throws_ok($$SELECT custseg.set_target('shop', 'a', 'spend', 1, valid_from => '2024-01-01', valid_until => '2024-01-01')$$, '22023',
	'argument "valid_until" is 2024-01-01, not after "valid_from", which is 2024-01-01');
SELECT throws_ok($$SELECT custseg.drop_target('shop', 'a')$$, '42704', 'target "a" of portfolio "shop" does not exist');
SELECT throws_ok($$SELECT custseg.drop_target('shop', NULL)$$, '42704', 'target null of portfolio "shop" does not exist');
SELECT throws_ok($$SELECT custseg.set_target_actual('shop', 'a', 1)$$, '42704', 'target "a" of portfolio "shop" does not exist');
SELECT throws_ok($$SELECT custseg.set_target_actual('shop', 'cost', 1)$$, '22023', 'target "cost" is measured by the portfolio: its metric is "service_cost"');
SELECT throws_ok($$SELECT custseg.set_target_actual('shop', 'market share', NULL)$$, '22004', 'argument "actual" must not be null');
SELECT throws_ok($$SELECT custseg.set_target_actual('shop', 'market share', 'NaN')$$, '22023', 'argument "actual" is NaN');
SELECT throws_ok($$SELECT custseg.set_target_actual('shop', 'market share', 1, 'infinity')$$, '22023', 'argument "as_of" is infinity');
SELECT throws_ok(format($$SELECT custseg.set_target_actual('shop', 'market share', 1, %L)$$, current_date + 2), '22023', 'argument "as_of" is ' || current_date + 2);
SELECT is((SELECT count(*) FROM shop.target WHERE target = 'a'), 0::bigint, 'none of these has left anything');

-- --- targets are declarations -----------------------------------------------
CREATE TEMPORARY TABLE document AS SELECT custseg.export_portfolio('shop') AS d;
SELECT is(jsonb_array_length(d -> 'targets')::bigint, (SELECT count(*) FROM shop.target), 'the document has the targets') FROM document;
CREATE TEMPORARY TABLE kept AS TABLE shop.target;
DELETE FROM shop.target;
SELECT custseg.import_portfolio('shop', d) FROM document;
SELECT is_empty('(TABLE kept EXCEPT TABLE shop.target) UNION ALL (TABLE shop.target EXCEPT TABLE kept)', 'and brings them back');
SELECT custseg.import_portfolio('shop', jsonb_set(d, '{targets}', '[{"target": "short", "metric": "churn_share", "value": 0.1}]')) FROM document;
SELECT is((SELECT ROW(scope, direction, amber)::text FROM shop.target), '(all,at_most,0.1)', 'with defaults');
SELECT throws_ok(format($$SELECT custseg.import_portfolio('shop', %L)$$, jsonb_set(d, '{targets}', t)), s, NULL, t::text)
FROM document, (VALUES ('[{"target": "a", "metric": "spend"}]'::jsonb, '22023'), ('[{"target": "a", "metric": "spent", "value": 1}]', '22023'),
	('[{"target": "a", "metric": "spend", "value": 1, "amber": -1}]', '22023')) AS v (t, s);
SELECT custseg.set_measure('shop', 'visits', 'active_months');
SELECT custseg.set_target('shop', 'visits', 'visits', 3);
SELECT throws_ok($$SELECT custseg.drop_measure('shop', 'visits')$$, '22023', 'target "visits": argument "metric" is "visits", which is no metric and no measure');
SELECT custseg.set_target('shop', 'of regulars', 'spend', 3, 'tier', 'regular');
SELECT custseg.rename_tier('shop', 'regular', 'usual');
SELECT is((SELECT class FROM shop.target WHERE target = 'of regulars'), 'usual', 'a tier that is renamed');

SELECT * FROM finish();
ROLLBACK;
