-- The report views of a portfolio: what tiers, segments and the whole are like. The views about single customers are in
-- report_customers.sql, those about time in report_history.sql.
--
-- Every view is right without a run, without customers and without the optional sources. None of them depends on an
-- optional source: what these say is added up by each run, in class_total. portfolio has one row, which the planner does
-- not know of a table that was never analyzed: the condition on its key tells it.

-- A report view with its comments. columns: one line for each column, "name: comment".
CREATE FUNCTION custseg._make_report(portfolio text, view_name name, description text, columns text, query text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_view(portfolio, view_name, query, (
		SELECT format('COMMENT ON VIEW %I IS %L;', view_name, description)
			|| string_agg(format(' COMMENT ON COLUMN %I.%I IS %L;', view_name, btrim(l.part[1]), btrim(l.part[2])), '')
		FROM regexp_matches(columns, '^\s*([^:\n]+):([^\n]+)$', 'gn') AS l (part)));
END
$$;
COMMENT ON FUNCTION custseg._make_report(text, name, text, text, text) IS
'Internal: makes or remakes a report view; columns has a line "name: comment" for each column.';

-- The orders of the portfolio's customers as the run counts them: a query with customer_id, day, amount, cost, order_id.
-- Customers that are one are joined where there are such: merge_customer makes the views anew for the first.
CREATE FUNCTION custseg._report_orders(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN format(CASE WHEN EXISTS (SELECT FROM customer_alias) THEN '
		SELECT c.customer_id, o.day, o.amount, o.cost, o.order_id, o.ordered_at
		FROM %1$I.source_orders AS o
		LEFT JOIN %1$I.customer_alias AS a ON a.from_id = o.customer_id
		JOIN %1$I.customer AS c ON c.customer_id = coalesce(a.to_id, o.customer_id)
		WHERE o.day IS NOT NULL AND o.amount IS NOT NULL'
	ELSE '
		SELECT c.customer_id, o.day, o.amount, o.cost, o.order_id, o.ordered_at
		FROM %1$I.source_orders AS o
		JOIN %1$I.customer AS c ON c.customer_id = o.customer_id
		WHERE o.day IS NOT NULL AND o.amount IS NOT NULL' END, custseg._portfolio_schema(portfolio));
END
$$;
COMMENT ON FUNCTION custseg._report_orders(text) IS
'Internal: a query for the orders and order lines of the customers of a portfolio.';

-- The risk that a customer is gone, over alias c. A customer who came once has no rhythm, and BG/NBD takes such a one
-- for alive for certain: there the days since the purchase decide.
CREATE FUNCTION custseg._alive_expression(portfolio text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kind text := custseg._option(portfolio, 'lifetime');
BEGIN
	RETURN CASE kind
		WHEN 'none' THEN 'NULL::float8'
		WHEN 'bgnbd' THEN format('CASE WHEN custseg.is_repeat(c.purchases) THEN %s END',
			custseg._measure_expression(portfolio, 'p_alive', as_of))
		ELSE custseg._measure_expression(portfolio, 'p_alive', as_of)
	END;
END
$$;
COMMENT ON FUNCTION custseg._alive_expression(text, text) IS
'Internal: the SQL of the probability to be alive over the alias c; NULL where the model says nothing.';

CREATE FUNCTION custseg._risk_expression(portfolio text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	active text := custseg._option(portfolio, 'active_days');
BEGIN
	RETURN format('coalesce(custseg.churn_risk(%1$s), custseg.overdue_risk(custseg.overdue_ratio(c.purchases, %2$s)),
		CASE WHEN custseg.recency(c.purchases, %2$s) >= %3$s THEN ''high''
			WHEN custseg.recency(c.purchases, %2$s) >= %3$s / 2 THEN ''medium''
			WHEN custseg.frequency(c.purchases) > 0 THEN ''low'' END)',
		custseg._alive_expression(portfolio, as_of), as_of, active);
END
$$;
COMMENT ON FUNCTION custseg._risk_expression(text, text) IS
'Internal: the SQL of the risk class (low, medium, high) over the alias c; NULL without a purchase.';

CREATE FUNCTION custseg._make_class_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	allocated text := 'NULL::jsonb';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF to_regclass('tier_allocation') IS NOT NULL THEN
		allocated := '(SELECT jsonb_object_agg(x.resource, x.allocated) FROM tier_allocation AS x
			JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON p.last_as_of = x.as_of WHERE x.tier = t.tier)';
	END IF;
	PERFORM custseg._make_report(portfolio, 'tier_summary', 'The tiers as of the last run, the highest first: who is in them, what they bring, cost and get.', '
		tier: The tier.
		position: 1 for the lowest.
		service_mode: How its customers are served: personal, standard or self-service.
		customers: Customers in it.
		customer_share: Their part of all customers who have a tier, from 0 to 1.
		spend: Net amount of all their purchases.
		value_share: Its part of the spend of all who have a tier.
		average_spend: spend / customers.
		score: Mean of the total score, to six decimals.
		in_grace: Customers who are about to go down.
		cost: What serving them has cost in the last 365 days, from source costs; NULL: nothing known.
		allocated: What the tier gets of each resource; NULL: nothing.
		used: What its customers have used of each resource in the last 365 days, from source usage; NULL: nothing known.
		satisfaction: Mean score / scale of their feedback of the last 365 days; NULL: none.', format('
		SELECT t.tier, t.position, t.service_mode, coalesce(n.customers, 0) AS customers,
			round(coalesce(n.customers, 0) / nullif(sum(n.customers) OVER (), 0), 6) AS customer_share,
			coalesce(n.spend, 0) AS spend,
			round(coalesce(n.spend, 0) / nullif(sum(n.spend) OVER (), 0), 6) AS value_share,
			round(n.spend / n.customers, 2) AS average_spend, n.score, coalesce(n.in_grace, 0) AS in_grace,
			s.cost, %s AS allocated, s.used, s.satisfaction
		FROM tier AS t
		LEFT JOIN (
			SELECT c.tier, count(*) AS customers, coalesce(sum(c.spend), 0) AS spend, round(avg(c.score)::numeric, 6) AS score,
				count(c.grace_since) AS in_grace
			FROM current_customers AS c WHERE c.tier IS NOT NULL GROUP BY c.tier
		) AS n ON n.tier = t.tier
		LEFT JOIN (
			SELECT x.class, sum(x.amount) FILTER (WHERE x.source = ''costs'') AS cost,
				jsonb_object_agg(x.item, x.amount) FILTER (WHERE x.source = ''usage'') AS used,
				round(sum(x.amount) FILTER (WHERE x.source = ''feedback'')
					/ nullif(sum(x.number) FILTER (WHERE x.source = ''feedback''), 0), 4) AS satisfaction
			FROM class_total AS x JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON p.last_as_of = x.as_of
			WHERE x.dimension = ''tier'' GROUP BY x.class
		) AS s ON s.class = t.tier
		ORDER BY t.position DESC', allocated));

	PERFORM custseg._make_report(portfolio, 'segment_profile', 'What the customers of each segment are like, as of the last run. Medians are the value of the middle customer.', '
		segment: The segment.
		customers: Customers in it.
		customer_share: Their part of all customers who have a segment, from 0 to 1.
		spend: Net amount of all their purchases.
		value_share: Its part of the spend of all who have a segment.
		mean_recency: Mean days since the last purchase.
		median_recency: Median of the same.
		mean_frequency: Mean number of days with a purchase.
		median_frequency: Median of the same.
		mean_spend: Mean of the net amount of all purchases.
		median_spend: Median of the same.
		mean_order: Mean of the customers'' average orders.
		median_order: Median of the same.
		first_purchase: Median day of the first purchase.
		last_purchase: Median day of the last purchase.
		top_tier: The tier that most of them have; of two as frequent the lower one.', '
		SELECT n.segment, n.customers, round(n.customers / sum(n.customers) OVER (), 6) AS customer_share,
			n.spend, round(n.spend / nullif(sum(n.spend) OVER (), 0), 6) AS value_share,
			round(n.mean_recency, 1) AS mean_recency, n.median_recency, round(n.mean_frequency, 2) AS mean_frequency, n.median_frequency,
			round(n.mean_spend, 2) AS mean_spend, n.median_spend, round(n.mean_order, 2) AS mean_order,
			round(n.median_order, 2) AS median_order, n.first_purchase, n.last_purchase,
			(SELECT t.tier FROM tier AS t WHERE t.position = n.top_position) AS top_tier
		FROM (
			SELECT c.segment, count(*) AS customers, coalesce(sum(c.spend), 0) AS spend, avg(c.recency) AS mean_recency,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.recency) AS median_recency, avg(c.frequency) AS mean_frequency,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.frequency) AS median_frequency, avg(c.spend) AS mean_spend,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.spend) AS median_spend, avg(c.average_order) AS mean_order,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.average_order) AS median_order,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.first_purchase) AS first_purchase,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.last_purchase) AS last_purchase,
				mode() WITHIN GROUP (ORDER BY c.position) AS top_position
			FROM (
				SELECT c.segment, t.position, custseg.recency(c.purchases, p.last_as_of) AS recency,
					custseg.frequency(c.purchases) AS frequency, custseg.spend(c.purchases) AS spend,
					custseg.average_order(c.purchases) AS average_order, custseg.first_purchase(c.purchases) AS first_purchase,
					custseg.last_purchase(c.purchases) AS last_purchase
				FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p LEFT JOIN tier AS t ON t.tier = c.tier
				WHERE c.segment IS NOT NULL
				-- Each computed once.
				OFFSET 0
			) AS c
			GROUP BY c.segment
		) AS n
		ORDER BY n.spend DESC, n.segment');

	PERFORM custseg._make_report(portfolio, 'rfm_grid', 'How many customers each cell of the classes of recency, frequency and spend has.', '
		r: Class of recency, the highest is the most recent.
		f: Class of frequency.
		m: Class of spend.
		cell: The classes together, as 545; with more than 9 classes as 10-4-5.
		customers: Customers in it.
		spend: Net amount of all their purchases.
		segment: The segment of the cell.', format('
		SELECT c.r, c.f, c.m, concat_ws(%L, c.r, c.f, c.m) AS cell, count(*) AS customers,
			coalesce(sum(custseg.spend(c.purchases)), 0) AS spend, c.segment
		FROM customer AS c
		WHERE num_nonnulls(c.r, c.f, c.m) > 0
		GROUP BY c.r, c.f, c.m, c.segment
		ORDER BY c.r DESC, c.f DESC, c.m DESC',
		(SELECT CASE WHEN greatest(s.r_classes, s.f_classes, s.m_classes) > 9 THEN '-' ELSE '' END
			FROM custseg.segmentation AS s WHERE s.name = custseg._option(portfolio, 'segmentation')
			UNION ALL SELECT '' LIMIT 1)));

	PERFORM custseg._make_report(portfolio, 'segment_tier', 'How segments and tiers meet: customers and spend of each pair.', '
		segment: The segment; NULL: no purchase yet.
		tier: The tier; NULL: excluded.
		customers: Customers in both.
		spend: Net amount of all their purchases.', '
		SELECT c.segment, c.tier, count(*) AS customers, coalesce(sum(custseg.spend(c.purchases)), 0) AS spend
		FROM customer AS c
		WHERE c.segment IS NOT NULL OR c.tier IS NOT NULL
		GROUP BY c.segment, c.tier');
END
$$;
COMMENT ON FUNCTION custseg._make_class_reports(text) IS
'Internal: makes the views tier_summary, segment_profile, rfm_grid and segment_tier.';

CREATE FUNCTION custseg._make_value_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'pareto', 'The part of spend that the best customers bring, in steps of 1 percent of the customers with a purchase. A negative spend counts as 0.', '
		customer_share: Part of the customers, those with the highest spend first, from 0.01 to 1.
		customers: How many that are, rounded up.
		value_share: Their part of the spend, from 0 to 1.', '
		SELECT round(g.step / 100.0, 2) AS customer_share, ceil(l.customers * g.step / 100.0)::bigint AS customers,
			1 - l.curve[101 - g.step] AS value_share
		FROM (
			SELECT custseg.lorenz(greatest(custseg.spend(c.purchases), 0), 100) AS curve, count(*) AS customers
			FROM customer AS c WHERE c.purchases IS NOT NULL
		) AS l
		CROSS JOIN generate_series(1, 100) AS g (step)
		WHERE l.curve IS NOT NULL
		ORDER BY g.step');

	PERFORM custseg._make_report(portfolio, 'concentration', 'How much the portfolio depends on few customers: one row. A negative spend counts as 0.', '
		as_of: The last day counted; NULL before the first run.
		customers: Customers with a purchase.
		spend: Net amount of all purchases.
		gini: The Gini coefficient of spend: 0: all equal, near 1: one has all.
		hhi: The Herfindahl-Hirschman index of spend: 1 / hhi equal customers would give the same.
		largest_share: The part of spend of the largest customer.
		top_1_share: The part of spend of the best 1 percent of customers.
		top_5_share: That of the best 5 percent.
		top_20_share: That of the best 20 percent.
		alarm: What is wrong: the largest customer has more than 10 percent, or the best 1 percent more than half; NULL: nothing.', '
		SELECT p.last_as_of AS as_of, l.customers, l.spend, l.gini, l.hhi, round(l.largest / nullif(l.positive, 0), 6) AS largest_share,
			1 - l.curve[100] AS top_1_share, 1 - l.curve[96] AS top_5_share, 1 - l.curve[81] AS top_20_share,
			CASE WHEN l.customers > 10 AND l.largest > l.positive * 0.1 THEN ''the largest customer has more than 10 percent of spend''
				WHEN l.customers >= 100 AND 1 - l.curve[100] > 0.5 THEN ''1 percent of the customers have more than half of spend'' END AS alarm
		FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
		CROSS JOIN (
			SELECT count(*) AS customers, coalesce(sum(c.spend), 0) AS spend, sum(greatest(c.spend, 0)) AS positive,
				max(c.spend) AS largest, custseg.gini(greatest(c.spend, 0)) AS gini, custseg.hhi(greatest(c.spend, 0)) AS hhi,
				custseg.lorenz(greatest(c.spend, 0), 100) AS curve
			FROM (SELECT custseg.spend(c.purchases) AS spend FROM customer AS c WHERE c.purchases IS NOT NULL) AS c
		) AS l');
END
$$;
COMMENT ON FUNCTION custseg._make_value_reports(text) IS
'Internal: makes the views pareto and concentration.';

CREATE FUNCTION custseg._make_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_class_reports(portfolio);
	PERFORM custseg._make_value_reports(portfolio);
	PERFORM custseg._make_risk_reports(portfolio);
	PERFORM custseg._make_change_reports(portfolio);
	PERFORM custseg._make_move_reports(portfolio);
	PERFORM custseg._make_time_reports(portfolio);
	PERFORM custseg._make_target_reports(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._make_reports(text) IS
'Internal: makes or remakes the report views, after current_customers.';
