-- The report views of a portfolio against plain SQL over the orders and the history, on a small random shop; what they
-- say before there is anything; that a second run of the same day changes nothing in them.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;

SELECT plan(82);
SELECT setseed(0.2718);

-- The rows that only one of two queries has.
CREATE FUNCTION pg_temp.differ(one text, other text) RETURNS text LANGUAGE sql AS $$
	SELECT format('(%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)', '(' || one || ')', '(' || other || ')');
$$;

-- --- a shop -----------------------------------------------------------------
-- 200 customers with a time in which they buy; orders of several lines; refunds.
CREATE TABLE line (customer bigint, order_id text, day date, amount numeric(12,2), cost numeric(12,2));
INSERT INTO line
SELECT o.customer, o.customer || '-' || o.n, o.day, round((5 + random() * 40 * o.size)::numeric, 2), round((1 + random() * 20)::numeric, 2)
FROM (
	SELECT c.customer, n, c.size, c.start + (random() * c.days)::int AS day, 1 + (random() * 2)::int AS lines
	FROM (SELECT g AS customer, 1 + random() * 5 AS size, date '2023-02-01' + (random() * 330)::int AS start, (random() * 760)::int AS days,
			(random() * random() * 40)::int AS orders
		FROM generate_series(1, 200) AS g OFFSET 0) AS c
	CROSS JOIN generate_series(0, c.orders) AS n
	OFFSET 0
) AS o
CROSS JOIN generate_series(1, o.lines);
INSERT INTO line SELECT customer, NULL, day + 3, -round(amount / 2, 2), NULL FROM line WHERE random() < 0.03;
-- One whose cost is known has no refund, which has no cost.
UPDATE line SET cost = 0 WHERE cost IS NULL AND customer % 2 = 0;
INSERT INTO line VALUES (500, NULL, '2023-05-05', -10, 1);

CREATE FUNCTION pg_temp.base(d date) RETURNS TABLE (customer bigint, first date, last date, frequency bigint, orders bigint,
	spend numeric, profit numeric) LANGUAGE sql STABLE AS $$
	WITH netted AS (
		SELECT customer, min(day) AS day, sum(amount) AS amount, CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost
		FROM line WHERE day <= d AND order_id IS NOT NULL GROUP BY customer, order_id
		UNION ALL SELECT customer, day, amount, cost FROM line WHERE day <= d AND order_id IS NULL
	)
	SELECT customer, min(day) FILTER (WHERE amount >= 0), max(day) FILTER (WHERE amount >= 0),
		count(DISTINCT day) FILTER (WHERE amount >= 0), count(*) FILTER (WHERE amount >= 0), sum(amount),
		CASE WHEN count(cost) = count(*) THEN sum(amount) - sum(cost) END
	FROM netted GROUP BY customer;
$$;

SELECT custseg.create_portfolio('shop', 'line', 'customer', 'day', 'amount', 'cost', 'order_id') IS NOT NULL AS created \gset
-- No model of purchases at first.
INSERT INTO shop.setting VALUES ('lifetime', 'none');
SELECT custseg._make_views('shop');

-- --- before anything --------------------------------------------------------
CREATE FUNCTION pg_temp.rows(view_name name) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM shop.%I AS v WHERE v::text <> ''''', view_name) INTO n;
	RETURN n;
END $$;
SELECT is(array_agg(name || ' ' || pg_temp.rows(name) ORDER BY name), '{"concentration 1","tier_summary 3"}',
	'before a run all views are empty, but for the tiers and one row of concentration')
FROM shop.report_view WHERE name <> ALL ('{criteria_log,data_quality}') AND pg_temp.rows(name) > 0;
SELECT is(to_jsonb(c)::text, '{"hhi": null, "gini": null, "alarm": null, "as_of": null, "spend": 0, "customers": 0, "top_1_share": null, "top_5_share": null, "top_20_share": null, "largest_share": null}',
	'concentration of nothing') FROM shop.concentration AS c;
SELECT is(array_agg(jsonb_strip_nulls(to_jsonb(t) - 'service_mode')::text ORDER BY position),
	'{"{\"tier\": \"potential\", \"spend\": 0, \"in_grace\": 0, \"position\": 1, \"customers\": 0}","{\"tier\": \"regular\", \"spend\": 0, \"in_grace\": 0, \"position\": 2, \"customers\": 0}","{\"tier\": \"vip\", \"spend\": 0, \"in_grace\": 0, \"position\": 3, \"customers\": 0}"}',
	'tier_summary of nothing') FROM shop.tier_summary AS t;

SELECT is_empty($$
	SELECT c.relname, a.attname FROM pg_class AS c
	LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('v', 'r') AND c.relname NOT LIKE 'source\_%'
		AND (length(obj_description(c.oid, 'pg_class')) < 15 OR obj_description(c.oid, 'pg_class') IS NULL
			OR col_description(c.oid, a.attnum) IS NULL OR btrim(col_description(c.oid, a.attnum)) = '')$$,
	'every table, every report view and every column of them has a comment');
SELECT is_empty($$SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind = 'v' AND relname NOT LIKE 'source\_%'
	EXCEPT SELECT name FROM shop.report_view$$, 'every view that is no source is a report view');

-- A run over no orders.
SAVEPOINT nothing;
CREATE TEMPORARY TABLE kept AS TABLE line;
DELETE FROM line;
SELECT custseg.refresh('shop', '2023-01-31');
SELECT is(array_agg(name || ' ' || pg_temp.rows(name) ORDER BY name), '{"concentration 1","run_log 1","tier_summary 3"}',
	'and after a run over no orders only the run is there') FROM shop.report_view WHERE name <> ALL ('{criteria_log,data_quality}') AND pg_temp.rows(name) > 0;
INSERT INTO line TABLE kept;
ROLLBACK TO nothing;

-- --- three runs -------------------------------------------------------------
SELECT custseg.refresh('shop', '2024-01-31');
-- What costs, is used and is said, in sources that hold what add_source would make.
CREATE TABLE cost_row AS SELECT 1 + (random() * 210)::bigint AS customer_id, date '2023-06-01' + (random() * 700)::int AS day,
	round((random() * 9)::numeric, 2) AS amount, NULL::text AS kind FROM generate_series(1, 700);
CREATE TABLE usage_row AS SELECT customer_id, (ARRAY['hours', 'seats'])[1 + (random() < 0.5)::int] AS resource, day, amount FROM cost_row;
CREATE TABLE answer AS SELECT 1 + (random() * 200)::bigint AS customer_id, date '2023-06-01' + (random() * 700)::int AS at,
	CASE WHEN random() > 0.05 THEN (random() * 5)::int END AS score, CASE WHEN random() > 0.1 THEN 5 END AS scale FROM generate_series(1, 400);
CREATE VIEW shop.source_costs AS SELECT * FROM cost_row;
CREATE VIEW shop.source_usage AS SELECT * FROM usage_row;
CREATE VIEW shop.source_feedback AS SELECT *, NULL::text AS topic, NULL::text AS channel, NULL::text AS comment FROM answer;
SELECT custseg.refresh('shop', '2025-01-31');
-- Between the last two runs somebody at the bottom buys a lot.
SELECT customer_id AS riser FROM shop.current_customers WHERE tier = 'potential' AND frequency = 1 ORDER BY 1 LIMIT 1 \gset
INSERT INTO line SELECT :riser, 'new-' || g, date '2025-02-01' + g / 4, 900, 1 FROM generate_series(1, 40) AS g;
-- And before, so that the habit is one.
INSERT INTO line SELECT :riser, 'old-' || g, date '2024-12-05' - 20 * g, 100, 1 FROM generate_series(1, 15) AS g;
SELECT custseg.refresh('shop', '2025-02-15');
CREATE TEMPORARY TABLE now AS
SELECT b.*, c.tier, c.segment, c.r, c.f, c.m, date '2025-02-15' - b.last AS recency, date '2025-02-15' - b.first AS tenure,
	(date '2025-02-15' - b.last) / nullif((b.last - b.first)::float8 / nullif(b.frequency - 1, 0), 0) AS overdue
FROM pg_temp.base('2025-02-15') AS b JOIN shop.customer AS c ON c.customer_id = b.customer;
SELECT is((SELECT count(*) FROM now), 201::bigint, 'everybody is there');

-- --- tiers, segments, cells -------------------------------------------------
SELECT is_empty(pg_temp.differ(
	'SELECT tier, position, customers, customer_share, spend, value_share, average_spend, cost, used, satisfaction FROM shop.tier_summary',
	$$SELECT t.tier, t.position, count(n.customer), round(count(n.customer) / sum(count(n.customer)) OVER (), 6), sum(n.spend),
		round(sum(n.spend) / sum(sum(n.spend)) OVER (), 6), round(sum(n.spend) / count(n.customer), 2),
		(SELECT sum(amount) FROM cost_row AS k JOIN now AS x ON x.customer = k.customer_id WHERE x.tier = t.tier AND day > date '2025-02-15' - 365 AND day <= '2025-02-15'),
		(SELECT jsonb_object_agg(resource, amount) FROM (SELECT u.resource, sum(amount) AS amount FROM usage_row AS u JOIN now AS x ON x.customer = u.customer_id
			WHERE x.tier = t.tier AND day > date '2025-02-15' - 365 AND day <= '2025-02-15' GROUP BY 1) AS u),
		(SELECT round(avg(score::numeric / coalesce(scale, 1)), 4) FROM answer AS k JOIN now AS x ON x.customer = k.customer_id WHERE x.tier = t.tier AND at > date '2025-02-15' - 365 AND at <= '2025-02-15')
	FROM shop.tier AS t LEFT JOIN now AS n ON n.tier = t.tier GROUP BY t.tier, t.position$$), 'tier_summary');
SELECT is((SELECT sum(customer_share) FROM shop.tier_summary), 1::numeric, 'the parts of customers make 1');
SELECT is_empty(pg_temp.differ('SELECT tier, score FROM shop.tier_summary',
	'SELECT tier, round(avg(score)::numeric, 6) FROM shop.current_customers GROUP BY tier'), 'mean score of a tier');
SELECT is((SELECT array_agg(tier) FROM shop.tier_summary), '{vip,regular,potential}', 'the highest tier comes first');
SELECT is_empty(pg_temp.differ(
	'SELECT segment, customers, spend, mean_recency, mean_frequency, mean_spend, mean_order FROM shop.segment_profile',
	$$SELECT segment, count(*), sum(spend), round(avg(recency), 1), round(avg(frequency), 2), round(avg(spend), 2),
		round(avg(spend / nullif(orders, 0)), 2) FROM now WHERE segment IS NOT NULL GROUP BY segment$$), 'segment_profile: means');
SELECT is_empty(pg_temp.differ(
	'SELECT segment, median_recency, median_frequency, median_spend, first_purchase, last_purchase FROM shop.segment_profile',
	$$SELECT segment, percentile_disc(0.5) WITHIN GROUP (ORDER BY recency), percentile_disc(0.5) WITHIN GROUP (ORDER BY frequency),
		percentile_disc(0.5) WITHIN GROUP (ORDER BY spend), percentile_disc(0.5) WITHIN GROUP (ORDER BY first),
		percentile_disc(0.5) WITHIN GROUP (ORDER BY last) FROM now WHERE segment IS NOT NULL GROUP BY segment$$), 'segment_profile: medians');
SELECT is_empty(pg_temp.differ('SELECT segment, top_tier FROM shop.segment_profile',
	$$SELECT DISTINCT ON (n.segment) n.segment, n.tier FROM (SELECT segment, tier, count(*) AS k FROM now GROUP BY 1, 2) AS n
	JOIN shop.tier AS t USING (tier) WHERE segment IS NOT NULL ORDER BY n.segment, k DESC, t.position$$), 'segment_profile: the tier that most have');
SELECT is((SELECT round(sum(value_share), 4) FROM shop.segment_profile), 1::numeric, 'the parts of spend make 1');
SELECT is_empty(pg_temp.differ('SELECT r, f, m, cell, customers, spend, segment FROM shop.rfm_grid',
	'SELECT r, f, m, r::text || f || m, count(*), sum(spend), segment FROM now GROUP BY r, f, m, segment'), 'rfm_grid');
SELECT is_empty(pg_temp.differ('SELECT * FROM shop.segment_tier', 'SELECT segment, tier, count(*), sum(spend) FROM now GROUP BY 1, 2'), 'segment_tier');

-- --- value ------------------------------------------------------------------
CREATE TEMPORARY TABLE best AS SELECT greatest(spend, 0) AS v, row_number() OVER (ORDER BY spend DESC, customer) AS place FROM now;
-- The last customer of a part counts with its fraction.
SELECT is_empty(pg_temp.differ('SELECT customer_share, customers, round(value_share::numeric, 9) FROM shop.pareto', $$
	SELECT round(g / 100.0, 2), ceil(201 * g / 100.0)::bigint,
		round((SELECT sum(v * greatest(least(201 * g / 100.0 - place + 1, 1), 0)) FROM best) / (SELECT sum(v) FROM best), 9)
	FROM generate_series(1, 100) AS g$$), 'pareto');
SELECT is_empty(pg_temp.differ('SELECT as_of, customers, spend, round(gini::numeric, 9), round(hhi::numeric, 9), largest_share FROM shop.concentration', $$
	SELECT date '2025-02-15', 201::bigint, (SELECT sum(spend) FROM now),
		round((SELECT sum((2 * (202 - place) - 202) * v) / (201 * sum(v)) FROM best), 9),
		round((SELECT sum(v * v) / (sum(v) * sum(v)) FROM best), 9), (SELECT round(max(v) / sum(v), 6) FROM best)$$), 'concentration');
SELECT is_empty('SELECT * FROM shop.concentration AS c WHERE top_20_share <> (SELECT value_share FROM shop.pareto WHERE customer_share = 0.2)
	OR top_5_share <> (SELECT value_share FROM shop.pareto WHERE customer_share = 0.05)
	OR top_1_share <> (SELECT value_share FROM shop.pareto WHERE customer_share = 0.01)', 'its parts are those of pareto');
SELECT is(alarm, CASE WHEN largest_share > 0.1 THEN 'the largest customer has more than 10 percent of spend'
	WHEN top_1_share > 0.5 THEN '1 percent of the customers have more than half of spend' END, 'its alarm') FROM shop.concentration;

-- --- risk, stage, newcomers -------------------------------------------------
SELECT is_empty(pg_temp.differ('SELECT customer_id, last_purchase, frequency, round(overdue_ratio::numeric, 9), risk, p_alive, potential FROM shop.churn_risk', $$
	SELECT customer, last, frequency, round(overdue::numeric, 9), CASE WHEN overdue > 3 OR overdue IS NULL AND recency >= 365 THEN 'high'
		WHEN overdue > 1.5 OR overdue IS NULL AND recency >= 182 THEN 'medium' ELSE 'low' END, NULL::float8, NULL::numeric
	FROM now WHERE frequency > 0$$), 'churn_risk without a model: overdue ratio, or days of who came once');
SELECT is_empty(pg_temp.differ('SELECT customer_id, expected_value, value_at_risk, outlook FROM shop.churn_risk', $$
	SELECT customer, e, round(e * CASE risk WHEN 'high' THEN 1 WHEN 'medium' THEN 0.5 ELSE 0 END, 2), CASE risk WHEN 'high' THEN 'lapsed' ELSE 'steady' END
	FROM (SELECT n.*, round(greatest(spend * 365.25 / greatest(tenure, 365.25), 0), 2) AS e, v.risk FROM now AS n JOIN shop.churn_risk AS v ON v.customer_id = n.customer) AS n$$),
	'churn_risk without a model: what is at stake');
SELECT is((SELECT count(DISTINCT risk) FROM shop.churn_risk), 3::bigint, 'there are all kinds of risk');
SELECT is_empty(pg_temp.differ('SELECT customer_id, stage, position FROM shop.lifecycle', $$
	SELECT customer, CASE WHEN frequency = 0 THEN 'prospect' WHEN recency >= 365 THEN 'lapsed' WHEN tenure < 90 THEN 'new'
		WHEN overdue > 3 OR frequency = 1 AND recency >= 182 THEN 'declining' WHEN tenure < 365 THEN 'growing' ELSE 'mature' END,
	CASE WHEN frequency = 0 THEN 1 WHEN recency >= 365 THEN 6 WHEN tenure < 90 THEN 2
		WHEN overdue > 3 OR frequency = 1 AND recency >= 182 THEN 5 WHEN tenure < 365 THEN 3 ELSE 4 END FROM now$$), 'lifecycle');
SELECT ok((SELECT count(DISTINCT stage) FROM shop.lifecycle) >= 4, 'there are several stages');
SELECT is_empty(pg_temp.differ('SELECT customer_id, first_purchase, days, first_time_buyer, frequency, spend, tier FROM shop.new_customers',
	'SELECT customer, first, tenure, frequency = 1, frequency, spend, tier FROM now WHERE tenure < 90'), 'new_customers: none yet');
INSERT INTO shop.setting VALUES ('new_days', '600');
SELECT custseg._make_views('shop');
SELECT is_empty(pg_temp.differ('SELECT customer_id, first_purchase, days, first_time_buyer, frequency, spend, tier FROM shop.new_customers',
	$$SELECT customer, first, coalesce(tenure, date '2025-02-15' - '2024-01-31'), frequency = 1, frequency, spend, tier FROM now
	WHERE coalesce(tenure, date '2025-02-15' - '2024-01-31') < 600$$), 'new_customers by the setting new_days');
SELECT cmp_ok((SELECT count(*) FROM shop.new_customers), '>', 5::bigint, 'some');
DELETE FROM shop.setting WHERE name = 'new_days';

-- With a model that is known.
UPDATE shop.setting SET value = 'bgnbd' WHERE name = 'lifetime';
INSERT INTO shop.model (name, as_of, lifetime, spec) VALUES ('lifetime', '2025-02-15',
	'{"version":1,"kind":"bgnbd","status":"converged","unit":"day","customers":0,"excluded":0,"iterations":0,"parameters":{"r":0.243,"alpha":30,"a":0.793,"b":2.426}}', 'bgnbd');
INSERT INTO shop.model (name, as_of, spend, spec) VALUES ('spend', '2025-02-15',
	'{"version":1,"kind":"gamma_gamma","status":"converged","customers":0,"excluded":0,"iterations":0,"parameters":{"p":6.25,"q":3.74,"gamma":154.4}}', 'gamma_gamma');
SELECT custseg._make_views('shop');
CREATE TEMPORARY TABLE alive AS
SELECT n.*, CASE WHEN n.frequency > 1 THEN custseg.p_alive(l.lifetime, c.purchases, '2025-02-15') END AS p_alive,
	custseg.clv(l.lifetime, s.spend, c.purchases, '2025-02-15', 365, 0, 1, 'period', 'day') - n.spend * 365.25 / greatest(n.tenure, 365.25) * 365 / 365 AS potential
FROM now AS n JOIN shop.customer AS c ON c.customer_id = n.customer, shop.model AS l, shop.model AS s
WHERE l.name = 'lifetime' AND s.name = 'spend' AND n.frequency > 0;
SELECT is_empty(pg_temp.differ('SELECT customer_id, round(p_alive::numeric, 9), risk, outlook FROM shop.churn_risk', $$
	SELECT customer, round(p_alive::numeric, 9), risk, CASE WHEN p_alive < 0.5 OR p_alive IS NULL AND risk = 'high' THEN 'lapsed' WHEN potential > 0 THEN 'growing' ELSE 'steady' END
	FROM (SELECT a.*, CASE WHEN p_alive < 0.3 OR p_alive IS NULL AND recency >= 365 THEN 'high'
		WHEN p_alive < 0.7 OR p_alive IS NULL AND recency >= 182 THEN 'medium' ELSE 'low' END AS risk FROM alive AS a) AS a$$), 'churn_risk with a model');
SELECT is_empty($$SELECT * FROM shop.churn_risk AS v JOIN alive AS a ON a.customer = v.customer_id
	WHERE abs(v.potential - a.potential) > 0.02 OR v.p_alive IS NOT NULL AND abs(v.value_at_risk - (1 - a.p_alive) * v.expected_value) > 0.01$$,
	'its potential and value at risk');
SELECT is((SELECT count(DISTINCT outlook) FROM shop.churn_risk), 3::bigint, 'there are all three outlooks');
SELECT is((SELECT count(*) FROM shop.churn_risk WHERE customer_id = :riser), 1::bigint, 'one customer');

-- --- changes ----------------------------------------------------------------
SELECT is_empty(pg_temp.differ('SELECT * FROM shop.spend_changes', $$
	SELECT customer, date '2025-02-15', count(DISTINCT day) FILTER (WHERE amount >= 0), coalesce(sum(amount) FILTER (WHERE day <= '2024-11-17'), 0),
		coalesce(sum(amount) FILTER (WHERE day > '2024-11-17'), 0),
		CASE WHEN sum(amount) FILTER (WHERE day <= '2024-11-17') > 0
			THEN round(coalesce(sum(amount) FILTER (WHERE day > '2024-11-17'), 0) / sum(amount) FILTER (WHERE day <= '2024-11-17') - 1, 4) END
	FROM line WHERE day BETWEEN date '2025-02-15' - 179 AND '2025-02-15' GROUP BY customer$$), 'spend_changes');
SELECT is_empty(pg_temp.differ($$SELECT customer_id, direction, size FROM shop.sharp_changes WHERE kind = 'spend'$$, $$
	SELECT customer_id, CASE WHEN change > 0 THEN 'up' ELSE 'down' END, abs(change) FROM shop.spend_changes WHERE purchase_days >= 3 AND abs(change) >= 0.5$$),
	'sharp_changes of spend');
SELECT is((SELECT ROW(kind, direction, from_value, to_value, size)::text FROM shop.sharp_changes WHERE kind = 'tier' AND customer_id = :riser),
	'(tier,up,potential,vip,2)', 'sharp_changes: two tiers up');
SELECT is_empty(pg_temp.differ($$SELECT customer_id, from_value, to_value FROM shop.sharp_changes WHERE kind = 'tier'$$,
	$$SELECT customer_id, from_tier, tier FROM shop.tier_transition WHERE as_of = '2025-02-15' AND (from_tier, tier) IN (('potential', 'vip'), ('vip', 'potential'))$$),
	'and nobody else');
SELECT is_empty(pg_temp.differ($$SELECT customer_id, size, from_value, to_value FROM shop.sharp_changes WHERE kind = 'segment'$$, $$
	SELECT * FROM (
		SELECT n.customer_id, greatest(abs(n.k[1] - b.k[1]), abs(n.k[2] - b.k[2]), abs(n.k[3] - b.k[3]))::numeric AS size,
			format('%s (%s)', b.class, b.reason), format('%s (%s)', n.class, n.reason)
		FROM (SELECT *, string_to_array(reason, '-')::int[] AS k FROM shop.membership WHERE dimension = 'segment' AND since = '2025-02-15') AS n
		JOIN (SELECT *, string_to_array(reason, '-')::int[] AS k FROM shop.membership WHERE dimension = 'segment' AND until = '2025-02-15') AS b USING (customer_id)
	) AS s WHERE size >= 2$$), 'sharp_changes of segments');
SELECT is((SELECT count(*) FROM shop.sharp_changes WHERE kind = 'segment' AND customer_id = :riser AND direction = 'up'), 1::bigint, 'among them the one who rose');

-- --- moves ------------------------------------------------------------------
SELECT is_empty(pg_temp.differ($$SELECT as_of, transition, from_class, to_class, customers, spend FROM shop.movement WHERE dimension = 'tier'$$, $$
	SELECT t.as_of, t.transition, t.from_tier, t.tier, count(*), sum(n.spend) FROM shop.tier_transition AS t JOIN now AS n ON n.customer = t.customer_id GROUP BY 1, 2, 3, 4$$),
	'movement of tiers');
SELECT is_empty(pg_temp.differ($$SELECT as_of, transition, from_class, to_class, customers, spend FROM shop.movement WHERE dimension = 'segment'$$, $$
	SELECT since, CASE WHEN was IS NULL THEN 'enter' ELSE 'move' END, was, class, count(*), sum(spend)
	FROM (SELECT h.*, lag(class) OVER (PARTITION BY customer_id ORDER BY since) AS was FROM shop.membership AS h WHERE dimension = 'segment') AS h
	JOIN now AS n ON n.customer = h.customer_id GROUP BY 1, 2, 3, 4$$), 'movement of segments');
CREATE FUNCTION pg_temp.class_at(bigint, text, date) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT class FROM shop.membership WHERE customer_id = $1 AND dimension = $2 AND since <= $3 AND (until IS NULL OR until > $3);
$$;
SELECT is_empty(pg_temp.differ(format($$SELECT * FROM custseg.movement('shop', %L, %L)$$, s, u), format($$
	SELECT d, pg_temp.class_at(customer, d, %L), pg_temp.class_at(customer, d, %L), count(*), sum(spend) FROM now CROSS JOIN (VALUES ('tier'), ('segment')) AS v (d)
	WHERE num_nonnulls(pg_temp.class_at(customer, d, %1$L), pg_temp.class_at(customer, d, %2$L)) > 0 GROUP BY 1, 2, 3$$, s, u)), format('movement from %s to %s', s, u))
FROM (VALUES ('2024-01-31'::date, '2025-01-31'::date), ('2023-01-01', '2024-06-01'), ('2024-01-31', '2024-01-31'), ('2023-01-01', '2023-02-01'), ('2025-02-14', '2025-02-15')) AS v (s, u);
SELECT is_empty(pg_temp.differ($$SELECT * FROM custseg.movement('shop', '2025-01-31')$$, $$SELECT * FROM custseg.movement('shop', '2025-01-31', '2025-02-15')$$),
	'movement up to the last run');
SELECT throws_ok($$SELECT custseg.movement('shop', NULL)$$, '22004', 'argument "since" must not be null');
SELECT throws_ok($$SELECT custseg.movement('shop', '2025-03-01')$$, '22023', 'argument "since" is 2025-03-01, after argument "until", which is 2025-02-15');
SELECT throws_ok($$SELECT custseg.movement('shop', '2025-03-01', '2025-02-28')$$, '22023', 'argument "since" is 2025-03-01, after argument "until", which is 2025-02-28');
SELECT throws_ok($$SELECT custseg.movement('none', '2025-03-01')$$, '42704', 'portfolio "none" does not exist');
SELECT is_empty(pg_temp.differ('SELECT since, from_tier, to_tier, customers, spend FROM shop.conversion', $$
	SELECT date '2024-02-15', from_class, to_class, customers, spend FROM custseg.movement('shop', '2024-02-15') WHERE dimension = 'tier'$$),
	'conversion: the tiers of a year ago and now');
SELECT is_empty('SELECT from_tier FROM shop.conversion GROUP BY from_tier HAVING abs(sum(share) - 1) > 0.00001', 'its parts make 1 for each tier');
SELECT is_empty($$SELECT * FROM shop.conversion AS c LEFT JOIN shop.tier AS f ON f.tier = from_tier LEFT JOIN shop.tier AS t ON t.tier = to_tier
	WHERE direction <> CASE WHEN f.tier IS NULL THEN 'new' WHEN t.tier IS NULL THEN 'left' ELSE (ARRAY['down', 'same', 'up'])[2 + sign(t.position - f.position)::int] END$$, 'and its directions');
SELECT is_empty(pg_temp.differ('SELECT since, as_of, dimension, class, customers, bought_since, retention FROM shop.retention', $$
	SELECT date '2024-02-15', date '2025-02-15', d, pg_temp.class_at(customer, d, '2024-02-15'), count(*), count(*) FILTER (WHERE last > '2024-02-15'),
		round(count(*) FILTER (WHERE last > '2024-02-15')::numeric / count(*), 6)
	FROM now CROSS JOIN (VALUES ('tier'), ('segment')) AS v (d) WHERE pg_temp.class_at(customer, d, '2024-02-15') IS NOT NULL GROUP BY 1, 2, 3, 4$$), 'retention');

-- --- time -------------------------------------------------------------------
SELECT is_empty(pg_temp.differ('SELECT dimension, compared_with, as_of, base, round(psi::numeric, 9), round(psi_expected::numeric, 9) FROM shop.drift', $$
	SELECT d.dimension, v.c, date '2025-02-15', v.b, round(custseg.psi(array_agg(e ORDER BY class), array_agg(a ORDER BY class))::numeric, 9),
		round(custseg.psi_expected(array_agg(e ORDER BY class), array_agg(a ORDER BY class))::numeric, 9)
	FROM (VALUES ('run before', date '2025-01-31'), ('year before', '2024-01-31')) AS v (c, b)
	CROSS JOIN (SELECT DISTINCT dimension, class FROM shop.membership) AS d
	CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE pg_temp.class_at(customer, d.dimension, v.b) = d.class)::float8 AS e,
		count(*) FILTER (WHERE pg_temp.class_at(customer, d.dimension, '2025-02-15') = d.class)::float8 AS a FROM now) AS x
	GROUP BY 1, 2, 3, 4$$), 'drift against the run before and the year before');
SELECT is_empty('SELECT * FROM shop.drift WHERE status IS DISTINCT FROM custseg.psi_status(psi)', 'and how to read it');
-- Late orders came for the one who rose: that history stays.
SELECT is_empty(pg_temp.differ(format($$SELECT dimension, class, customers, spend, profit, margin, repeat_rate, active_share FROM shop.class_history WHERE as_of = %L$$, day),
	format($$SELECT d, pg_temp.class_at(customer, d, %1$L), count(*), sum(spend), sum(profit), round(sum(profit) / sum(spend) FILTER (WHERE profit IS NOT NULL), 6),
		round(count(*) FILTER (WHERE frequency > 1)::numeric / nullif(count(last), 0), 6), round(count(*) FILTER (WHERE last > date %1$L - 365)::numeric / nullif(count(last), 0), 6)
	FROM pg_temp.base(%1$L) CROSS JOIN (VALUES ('tier'), ('segment')) AS v (d) GROUP BY 1, 2$$, day)), 'class_history at ' || day)
FROM (VALUES (date '2024-01-31'), ('2025-02-15')) AS v (day);
SELECT is_empty(pg_temp.differ($$SELECT class, cost, cost_per_customer, satisfaction FROM shop.class_history WHERE dimension = 'tier' AND as_of = '2025-02-15'$$,
	'SELECT tier, cost, round(cost / customers, 2), satisfaction FROM shop.tier_summary'), 'its costs and satisfaction');
SELECT is_empty(pg_temp.differ($$SELECT as_of, class, cost FROM shop.class_history WHERE dimension = 'segment' AND as_of = '2025-01-31'$$, $$
	SELECT date '2025-01-31', h.class, sum(k.amount) FROM (SELECT customer_id, class FROM shop.membership
		WHERE dimension = 'segment' AND since <= '2025-01-31' AND coalesce(until > '2025-01-31', true)) AS h
	LEFT JOIN cost_row AS k ON k.customer_id = h.customer_id AND k.day > date '2025-01-31' - 365 AND k.day <= '2025-01-31' GROUP BY h.class$$), 'costs by segment at an earlier day');
SELECT is((SELECT count(*) FROM shop.class_history WHERE as_of = '2024-01-31' AND num_nonnulls(cost, satisfaction) > 0), 0::bigint, 'none before the sources were there');
SELECT is_empty('SELECT * FROM shop.class_history WHERE return_on_cost <> round((profit - cost) / cost, 4) OR return_on_cost IS NULL AND num_nonnulls(profit, cost) = 2 AND cost <> 0',
	'return on cost');
SELECT is_empty(pg_temp.differ('SELECT month, complete, orders, spend, active_customers, average_order FROM shop.monthly', $$
	SELECT date_trunc('month', day)::date, date_trunc('month', day) < '2025-02-01', count(*) FILTER (WHERE amount >= 0), sum(amount),
		count(DISTINCT customer) FILTER (WHERE amount >= 0), round(sum(amount) / nullif(count(*) FILTER (WHERE amount >= 0), 0), 2)
	FROM (SELECT customer, min(day) AS day, sum(amount) AS amount FROM line WHERE order_id IS NOT NULL GROUP BY customer, order_id
		UNION ALL SELECT customer, day, amount FROM line WHERE order_id IS NULL) AS o
	WHERE day <= '2025-02-15' GROUP BY 1, 2$$), 'monthly; the month that has not ended is marked');
SELECT is((SELECT sum(orders) FROM shop.monthly), (SELECT sum(orders) FROM now), 'its orders are those of the customers');
SELECT is((SELECT array_agg(ROW(as_of, state, customers, sqlstate, new_customers)::text) FROM shop.run_log),
	ARRAY['(2025-02-15,done,201,,0)', format('(2025-01-31,done,201,,%s)', 201 - n), format('(2024-01-31,done,%s,,%1$s)', n)], 'run_log, the newest first')
FROM (SELECT count(*) AS n FROM pg_temp.base('2024-01-31')) AS b;
SELECT is((SELECT count(*) FROM shop.run_log WHERE duration > '0' AND late_orders IS NOT NULL AND timings ? 'reports'), 2::bigint, 'with duration, late orders and timings');

-- --- scores -----------------------------------------------------------------
SELECT is((SELECT count(*) FROM shop.score_trend), 0::bigint, 'scores are not kept by themselves');
INSERT INTO shop.setting VALUES ('keep_scores', 'changes');
SELECT custseg.refresh('shop', '2025-02-16');
SELECT is_empty(pg_temp.differ('SELECT customer_id, as_of, score, r, f, m FROM shop.score_trend', 'SELECT customer_id, as_of, score, r, f, m FROM shop.current_customers'),
	'keep_scores changes: all at first');
SELECT custseg.refresh('shop', '2025-02-16');
SELECT is((SELECT count(*) FROM shop.score_trend), 201::bigint, 'the same day again');
CREATE TEMPORARY TABLE was AS SELECT customer_id, score, r, f, m FROM shop.current_customers;
INSERT INTO line VALUES (1, 'once-1', '2025-02-20', 2000, 1), (2, 'once-2', '2025-02-21', 3000, 1);
SELECT custseg.refresh('shop', '2025-05-31');
SELECT is_empty(pg_temp.differ($$SELECT customer_id, score, r, f, m FROM shop.score_trend WHERE as_of = '2025-05-31'$$, $$
	SELECT n.customer_id, n.score, n.r, n.f, n.m FROM shop.current_customers AS n JOIN was AS w USING (customer_id)
	WHERE (n.score, n.r, n.f, n.m) IS DISTINCT FROM (w.score, w.r, w.f, w.m)$$), 'then those who changed');
SELECT is_empty(pg_temp.differ('SELECT customer_id, score, before, score_before, change, r_before, f_before, m_before FROM shop.score_changes', $$
	SELECT n.customer_id, n.score, date '2025-02-16', w.score, n.score - w.score, w.r, w.f, w.m FROM shop.current_customers AS n JOIN was AS w USING (customer_id)$$), 'score_changes');
UPDATE shop.setting SET value = 'all' WHERE name = 'keep_scores';
SELECT custseg.refresh('shop', '2025-06-01');
SELECT is((SELECT count(*) FROM shop.score_trend WHERE as_of = '2025-06-01'), 201::bigint, 'keep_scores all');

-- --- fairness ---------------------------------------------------------------
SELECT is_empty('SELECT * FROM shop.fairness WHERE in_grace = 0 AND customers < 2', 'no single customer is compared');
INSERT INTO line SELECT c, 'twin-' || c, '2025-06-02', 40, 1 FROM (VALUES (900), (901), (902)) AS v (c);
INSERT INTO shop.override (customer_id, kind, tier, reason) VALUES (901, 'pin', 'vip', 'a friend');
SELECT custseg.refresh('shop', '2025-06-03');
SELECT is((SELECT ROW(customers, tiers, overridden)::text FROM shop.fairness WHERE measures @> '{"spend": 40, "frequency": 1}'), '(3,"{potential,vip}",1)',
	'fairness: the same measures, another tier by an override');

-- --- the same day again -----------------------------------------------------
CREATE TEMPORARY TABLE before AS
SELECT (SELECT jsonb_agg(to_jsonb(x) ORDER BY x::text) FROM shop.class_count AS x) AS counts, (SELECT jsonb_agg(to_jsonb(x) ORDER BY x::text) FROM shop.class_total AS x) AS totals,
	(SELECT jsonb_agg(to_jsonb(x) ORDER BY x::text) FROM shop.score_history AS x) AS scores;
SELECT custseg.refresh('shop', '2025-06-03');
SELECT is((SELECT jsonb_agg(to_jsonb(x) ORDER BY x::text) FROM shop.class_count AS x), counts, 'a second run of a day: the same counts') FROM before;
SELECT is((SELECT jsonb_agg(to_jsonb(x) ORDER BY x::text) FROM shop.class_total AS x), totals, 'the same totals') FROM before;
SELECT is((SELECT jsonb_agg(to_jsonb(x) ORDER BY x::text) FROM shop.score_history AS x), scores, 'the same scores') FROM before;

-- --- reasons, and customers who are one -------------------------------------
SELECT is_empty($$SELECT c.customer_id, c.reason FROM shop.current_customers AS c WHERE c.reason IS DISTINCT FROM (
	SELECT t.reason FROM shop.tier_transition AS t WHERE t.customer_id = c.customer_id ORDER BY t.as_of DESC LIMIT 1)$$,
	'the reason of a customer is that of the last transition');
SELECT isnt((SELECT count(DISTINCT c.reason) FROM shop.current_customers AS c), 0::bigint, 'there are some');
SELECT custseg.refresh('shop', '2025-02-16', backdated => true);
SELECT is_empty($$SELECT c.customer_id, c.reason FROM shop.current_customers AS c WHERE c.reason IS DISTINCT FROM (
	SELECT t.reason FROM shop.tier_transition AS t WHERE t.customer_id = c.customer_id ORDER BY t.as_of DESC LIMIT 1)$$,
	'also after days were taken back');
-- Customers who are one count as one in the view that reads the orders, from the merger on.
INSERT INTO line VALUES (903, 'both', '2025-01-05', 10, 1), (904, 'both', '2025-01-06', 20, 1);
SELECT custseg.merge_customer('shop', '904', '903');
SELECT custseg.refresh('shop', '2025-02-16');
SELECT is((SELECT orders FROM shop.monthly WHERE month = '2025-01-01'), (
	SELECT count(DISTINCT order_id) FROM line WHERE day >= '2025-01-01' AND day < '2025-02-01' AND amount >= 0 AND order_id IS NOT NULL),
	'an order of two who are one is one order');

SELECT * FROM finish();
ROLLBACK;
