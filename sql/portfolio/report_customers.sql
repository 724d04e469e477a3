-- Report views with a row for each customer. Those without a comparison over time are cheap for one customer.

CREATE FUNCTION custseg._make_risk_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	active text := custseg._option(portfolio, 'active_days');
	fresh text := custseg._option(portfolio, 'new_days');
BEGIN
	PERFORM custseg._make_report(portfolio, 'churn_risk', 'The risk that a customer is gone, and what is at stake, as of the last run.', '
		customer_id: The customer.
		as_of: The last day counted.
		tier: Tier; NULL: excluded.
		segment: Segment.
		last_purchase: Day of the last purchase.
		frequency: Days with a purchase.
		p_alive: Probability that the customer is still one, by the lifetime model; NULL: no model, or one that does not tell from one purchase.
		overdue_ratio: Days since the last purchase / mean days from one purchase to the next; NULL: one purchase.
		risk: low, medium or high: by p_alive, otherwise by overdue_ratio, otherwise by the days since the purchase and the setting active_days.
		expected_value: What a year at the customer''s pace brings: the annual spend, at least 0.
		value_at_risk: (1 - p_alive) * expected_value; without p_alive all of it at high risk, half at medium, nothing at low.
		potential: Spend to expect within the setting horizon, less that of the past at the same pace; NULL: no model.
		outlook: lapsed, growing (there, with potential: to be developed) or steady. It tells customers who buy rarely from those who are gone.', format('
		SELECT c.customer_id, c.as_of, c.tier, c.segment, c.last_purchase, c.frequency, c.p_alive, c.overdue_ratio, c.risk, c.expected_value,
			round(c.expected_value * coalesce(1 - c.p_alive::numeric, CASE c.risk WHEN ''high'' THEN 1 WHEN ''medium'' THEN 0.5 ELSE 0 END), 2)
				AS value_at_risk,
			round(c.potential::numeric, 2) AS potential,
			CASE WHEN c.p_alive < 0.5 OR c.p_alive IS NULL AND c.risk = ''high'' THEN ''lapsed''
				WHEN c.potential > 0 THEN ''growing'' ELSE ''steady'' END AS outlook
		FROM (
			SELECT c.customer_id, c.as_of, c.tier, c.segment, custseg.last_purchase(c.purchases) AS last_purchase,
				custseg.frequency(c.purchases) AS frequency, %1$s AS p_alive, custseg.overdue_ratio(c.purchases, c.as_of) AS overdue_ratio,
				%2$s AS risk, round(greatest(custseg.annual_spend(c.purchases, c.as_of), 0), 2) AS expected_value, %3$s AS potential
			FROM (SELECT c.*, p.last_as_of AS as_of FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p) AS c
			WHERE custseg.frequency(c.purchases) > 0
		) AS c',
		custseg._alive_expression(portfolio, 'c.as_of'), custseg._risk_expression(portfolio, 'c.as_of'),
		CASE WHEN custseg._option(portfolio, 'lifetime') = 'none' THEN 'NULL::float8'
			ELSE custseg._measure_expression(portfolio, 'potential', 'c.as_of') END));

	PERFORM custseg._make_report(portfolio, 'new_customers', 'Customers who came within the last days, by the setting new_days: to be welcomed, and brought to a second purchase.', '
		customer_id: The customer.
		as_of: The last day counted.
		entered: as_of of the run that saw the customer first.
		first_purchase: Day of the first purchase; NULL: none yet.
		days: Days since the first purchase, or since entered.
		first_time_buyer: Has bought on one day only.
		frequency: Days with a purchase.
		spend: Net amount of all purchases.
		segment: Segment.
		tier: Tier.', format('
		SELECT c.customer_id, c.as_of, c.entered, c.first_purchase, c.as_of - coalesce(c.first_purchase, c.entered) AS days,
			c.frequency = 1 AS first_time_buyer, c.frequency, coalesce(c.spend, 0) AS spend, c.segment, c.tier
		FROM (
			SELECT c.customer_id, p.last_as_of AS as_of, c.entered, custseg.first_purchase(c.purchases) AS first_purchase,
				coalesce(custseg.frequency(c.purchases), 0) AS frequency, custseg.spend(c.purchases) AS spend, c.segment, c.tier
			FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL
		) AS c
		WHERE coalesce(c.first_purchase, c.entered) > c.as_of - %s', fresh));

	PERFORM custseg._make_report(portfolio, 'lifecycle', 'The stage of life of every customer, as of the last run. The first rule that holds: prospect, lapsed, new, declining, growing, mature.', format('
		customer_id: The customer.
		as_of: The last day counted.
		stage: prospect: no purchase; lapsed: none for %1$s days; new: first purchase within %2$s days; declining: overdue by 3 gaps, or one purchase, half of %1$s days ago; growing: a customer for less than %1$s days; mature: the others.
		position: Place of the stage: 1 prospect, 2 new, 3 growing, 4 mature, 5 declining, 6 lapsed.
		tenure: Days since the first purchase.
		recency: Days since the last purchase.
		overdue_ratio: recency / mean days from one purchase to the next; NULL: fewer than two purchases.
		frequency: Days with a purchase.
		spend: Net amount of all purchases.
		segment: Segment.
		tier: Tier.', active, fresh), format('
		SELECT c.customer_id, c.as_of, c.stage,
			array_position(ARRAY[''prospect'', ''new'', ''growing'', ''mature'', ''declining'', ''lapsed''], c.stage) AS position,
			c.tenure, c.recency, c.overdue_ratio, c.frequency, c.spend, c.segment, c.tier
		FROM (
			SELECT c.*, CASE WHEN c.frequency = 0 THEN ''prospect'' WHEN c.recency >= %1$s THEN ''lapsed'' WHEN c.tenure < %2$s THEN ''new''
				WHEN c.overdue_ratio > 3 OR c.frequency = 1 AND c.recency >= %1$s / 2 THEN ''declining''
				WHEN c.tenure < %1$s THEN ''growing'' ELSE ''mature'' END AS stage
			FROM (
				SELECT c.customer_id, p.last_as_of AS as_of, custseg.tenure(c.purchases, p.last_as_of) AS tenure,
					custseg.recency(c.purchases, p.last_as_of) AS recency, custseg.overdue_ratio(c.purchases, p.last_as_of) AS overdue_ratio,
					coalesce(custseg.frequency(c.purchases), 0) AS frequency, coalesce(custseg.spend(c.purchases), 0) AS spend,
					c.segment, c.tier
				FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
				WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL
			) AS c
		) AS c', active, fresh));
END
$$;
COMMENT ON FUNCTION custseg._make_risk_reports(text) IS
'Internal: makes the views churn_risk, new_customers and lifecycle.';

CREATE FUNCTION custseg._make_change_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'spend_changes', 'Spend of the last 90 days beside that of the 90 days before, of customers who bought in them. It reads the orders of 180 days.', '
		customer_id: The customer.
		as_of: The last day counted.
		purchase_days: Days with a purchase in the 180 days.
		spend_before: Net amount of the 90 days before the last 90.
		spend: Net amount of the last 90 days.
		change: spend / spend_before - 1; NULL where nothing was spent before.', format('
		SELECT o.customer_id, o.as_of, o.purchase_days, o.spend_before, o.spend,
			CASE WHEN o.spend_before > 0 THEN round(o.spend / o.spend_before - 1, 4) END AS change
		FROM (
			-- A bit for each day: DISTINCT would sort.
			SELECT o.customer_id, p.last_as_of AS as_of, coalesce(bit_count(bit_or(set_bit(0::bit(180), p.last_as_of - o.day, 1))
					FILTER (WHERE o.amount >= 0)), 0) AS purchase_days,
				coalesce(sum(o.amount) FILTER (WHERE o.day <= p.last_as_of - 90), 0) AS spend_before,
				coalesce(sum(o.amount) FILTER (WHERE o.day > p.last_as_of - 90), 0) AS spend
			FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p CROSS JOIN (%s) AS o
			-- A day more on the column itself, which may have an index: days are cut in the portfolio''s time zone.
			WHERE o.day > p.last_as_of - 180 AND o.day <= p.last_as_of AND o.ordered_at > p.last_as_of - 182
			GROUP BY o.customer_id, p.last_as_of
		) AS o', custseg._report_orders(portfolio)));

	PERFORM custseg._make_report(portfolio, 'sharp_changes', 'Customers who changed sharply: two tiers or more, a segment whose classes differ by two or more, both in the last run; and half of the spend of 90 days more or less than in the 90 days before, of who bought on at least three days in them.', '
		customer_id: The customer.
		as_of: The last day counted.
		kind: tier, segment or spend.
		direction: up or down.
		from_value: The tier, the segment with its classes, or the spend before.
		to_value: The same now.
		size: Tiers or classes apart; for spend the change as a part, 0.5 for half.', '
		SELECT t.customer_id, t.as_of, ''tier'' AS kind, CASE WHEN n.position > f.position THEN ''up'' ELSE ''down'' END AS direction,
			t.from_tier AS from_value, t.tier AS to_value, abs(n.position - f.position)::numeric AS size
		FROM tier_transition AS t
		JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON p.last_as_of = t.as_of
		JOIN tier AS f ON f.tier = t.from_tier
		JOIN tier AS n ON n.tier = t.tier
		WHERE abs(n.position - f.position) >= 2
		UNION ALL
		SELECT h.customer_id, p.last_as_of, ''segment'', CASE WHEN d.total > 0 THEN ''up'' ELSE ''down'' END,
			format(''%s (%s)'', b.class, b.reason), format(''%s (%s)'', h.class, h.reason), d.size
		FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
		JOIN membership AS h ON h.dimension = ''segment'' AND h.since = p.last_as_of
		JOIN membership AS b ON b.customer_id = h.customer_id AND b.dimension = ''segment'' AND b.until = h.since
		CROSS JOIN LATERAL (
			SELECT max(abs(v.now::numeric - v.was::numeric)) AS size, sum(v.now::numeric - v.was::numeric) AS total
			FROM ROWS FROM (regexp_split_to_table(h.reason, ''-''), regexp_split_to_table(b.reason, ''-'')) AS v (now, was)
			WHERE v.now ~ ''^\d+$'' AND v.was ~ ''^\d+$''
		) AS d
		WHERE d.size >= 2
		UNION ALL
		SELECT s.customer_id, s.as_of, ''spend'', CASE WHEN s.change > 0 THEN ''up'' ELSE ''down'' END, s.spend_before::text, s.spend::text,
			abs(s.change)
		FROM spend_changes AS s
		WHERE s.purchase_days >= 3 AND abs(s.change) >= 0.5');

	PERFORM custseg._make_report(portfolio, 'score_changes', 'The score of each customer beside the one that was kept last before; empty unless the setting keep_scores is changes or all.', '
		customer_id: The customer.
		as_of: The last day counted.
		score: Total score now.
		before: The day of the score before.
		score_before: The score before.
		change: score - score_before.
		r: Class of recency now.
		r_before: The class before.
		f: Class of frequency now.
		f_before: The class before.
		m: Class of spend now.
		m_before: The class before.
		tier: Tier now.', '
		SELECT c.customer_id, c.as_of, c.score, h.as_of AS before, h.score AS score_before, c.score - h.score AS change,
			c.r, h.r AS r_before, c.f, h.f AS f_before, c.m, h.m AS m_before, c.tier
		FROM current_customers AS c
		CROSS JOIN LATERAL (
			SELECT s.* FROM score_history AS s WHERE s.customer_id = c.customer_id AND s.as_of < c.as_of ORDER BY s.as_of DESC LIMIT 1
		) AS h');

	PERFORM custseg._make_report(portfolio, 'score_trend', 'The scores that were kept, by day; empty unless the setting keep_scores is changes or all.', '
		customer_id: The customer.
		as_of: The day; it holds until the next one of the customer.
		score: Total score.
		r: Class of recency.
		f: Class of frequency.
		m: Class of spend.', '
		SELECT s.customer_id, s.as_of, s.score, s.r, s.f, s.m FROM score_history AS s');

	PERFORM custseg._make_report(portfolio, 'fairness', 'Customers with the same measures and different tiers: what is behind it must be history (minimum stay, grace, retention) or an override.', '
		measures: The measures that they share, those that components and rules of tiers use.
		customers: How many they are.
		tiers: The tiers that they have, in alphabetical order.
		in_grace: How many are in grace.
		overridden: How many have an override in force.', format('
		WITH g AS MATERIALIZED (
			SELECT c.numbers, c.tier, count(*) AS customers, count(c.grace_since) AS in_grace, count(*) FILTER (WHERE c.overridden) AS overridden
			FROM (
				SELECT ARRAY[%1$s] AS numbers, c.tier, c.grace_since, c.customer_id IN (
					SELECT o.customer_id FROM override AS o CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
					WHERE coalesce(o.valid_from, p.last_as_of) <= p.last_as_of AND coalesce(o.valid_until, p.last_as_of + 1) > p.last_as_of
				) AS overridden
				FROM %2$s WHERE c.tier IS NOT NULL
			) AS c
			GROUP BY c.numbers, c.tier
		)
		SELECT (SELECT jsonb_object_agg(v.name, v.number)
				FROM ROWS FROM (unnest(%3$L::text[]), unnest(g.numbers)) AS v (name, number)) AS measures,
			sum(g.customers)::bigint AS customers, array_agg(g.tier ORDER BY g.tier) AS tiers,
			sum(g.in_grace)::bigint AS in_grace, sum(g.overridden)::bigint AS overridden
		FROM g JOIN (SELECT g.numbers FROM g GROUP BY g.numbers HAVING count(*) > 1) AS d ON d.numbers = g.numbers
		GROUP BY g.numbers', (
			SELECT string_agg(custseg._measure_expression(portfolio, m.measure, 'c.as_of'), ', ' ORDER BY m.measure)
			FROM custseg._used_measures(portfolio) AS m),
		custseg._view_customers(portfolio, true),
		(SELECT array_agg(m.measure ORDER BY m.measure) FROM custseg._used_measures(portfolio) AS m)));
END
$$;
COMMENT ON FUNCTION custseg._make_change_reports(text) IS
'Internal: makes the views spend_changes, sharp_changes, score_changes, score_trend and fairness.';
