-- Report views about time: who moved, how classes, months and runs went.

CREATE FUNCTION custseg._make_move_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'movement', 'How many customers moved from where to where in each run. Between two days of choice: the function custseg.movement.', '
		as_of: The day of the run.
		dimension: tier or segment.
		transition: enter, upgrade, downgrade, renew, exit, grace (a warning) or keep, of segments enter, move or exit.
		from_class: The tier or segment before; NULL: none.
		to_class: The one after; NULL: none.
		customers: How many customers.
		spend: Net amount of all their purchases up to now.', '
		SELECT m.as_of, m.dimension, m.transition, m.from_class, m.to_class, count(*) AS customers,
			coalesce(sum(custseg.spend(c.purchases)), 0) AS spend
		FROM (
			SELECT t.customer_id, t.as_of, ''tier'' AS dimension, t.transition, t.from_tier AS from_class, t.tier AS to_class
			FROM tier_transition AS t
			UNION ALL
			SELECT coalesce(b.customer_id, e.customer_id), coalesce(b.since, e.until), ''segment'',
				CASE WHEN e.customer_id IS NULL THEN ''enter'' WHEN b.customer_id IS NULL THEN ''exit'' ELSE ''move'' END, e.class, b.class
			FROM (SELECT h.* FROM membership AS h WHERE h.dimension = ''segment'') AS b
			FULL JOIN (SELECT h.* FROM membership AS h WHERE h.dimension = ''segment'' AND h.until IS NOT NULL) AS e
				ON e.customer_id = b.customer_id AND e.until = b.since
		) AS m
		LEFT JOIN customer AS c ON c.customer_id = m.customer_id
		GROUP BY m.as_of, m.dimension, m.transition, m.from_class, m.to_class');

	PERFORM custseg._make_report(portfolio, 'conversion', 'Where the customers of each tier of a year ago are now: the migration matrix of the tiers. A history shorter than a year: since the first run.', '
		since: The day that is compared with.
		as_of: The last day counted.
		from_tier: The tier then; NULL: none, or not yet a customer.
		to_tier: The tier now; NULL: none any more.
		direction: up, down, same, new or left.
		customers: How many customers.
		share: Their part of the customers of from_tier, from 0 to 1.
		spend: Net amount of all their purchases up to now.', '
		SELECT m.since, m.as_of, m.from_tier, m.to_tier,
			CASE WHEN m.from_tier IS NULL THEN ''new'' WHEN m.to_tier IS NULL THEN ''left'' WHEN m.from_tier = m.to_tier THEN ''same''
				WHEN n.position > f.position THEN ''up'' WHEN n.position < f.position THEN ''down'' END AS direction,
			m.customers, round(m.customers / sum(m.customers) OVER (PARTITION BY m.from_tier), 6) AS share, m.spend
		FROM (
			SELECT d.since, d.as_of, x.from_tier, x.to_tier, count(*) AS customers, coalesce(sum(custseg.spend(c.purchases)), 0) AS spend
			FROM (
				SELECT greatest((p.last_as_of - interval ''1 year'')::date, (SELECT min(n.as_of) FROM class_count AS n)) AS since,
					p.last_as_of AS as_of
				FROM portfolio AS p LIMIT 1
			) AS d
			CROSS JOIN LATERAL (
				SELECT h.customer_id, max(h.class) FILTER (WHERE h.since <= d.since AND coalesce(h.until > d.since, true)) AS from_tier,
					max(h.class) FILTER (WHERE h.since <= d.as_of AND coalesce(h.until > d.as_of, true)) AS to_tier
				FROM membership AS h WHERE h.dimension = ''tier'' AND coalesce(h.until > d.since, true)
				GROUP BY h.customer_id
			) AS x
			LEFT JOIN customer AS c ON c.customer_id = x.customer_id
			WHERE num_nonnulls(x.from_tier, x.to_tier) > 0
			GROUP BY d.since, d.as_of, x.from_tier, x.to_tier
		) AS m
		LEFT JOIN tier AS f ON f.tier = m.from_tier
		LEFT JOIN tier AS n ON n.tier = m.to_tier
		ORDER BY f.position DESC NULLS LAST, n.position DESC NULLS LAST');

	PERFORM custseg._make_report(portfolio, 'retention', 'Who has bought since, by the tier and segment of a year ago: whether the classes tell something about the future. A history shorter than a year: since the first run.', '
		since: The day that is compared with.
		as_of: The last day counted.
		dimension: tier or segment.
		class: The tier or segment then.
		customers: Customers in it then.
		bought_since: How many of them have bought after that day.
		retention: bought_since / customers, from 0 to 1.', '
		SELECT d.since, d.as_of, h.dimension, h.class, count(*) AS customers,
			count(*) FILTER (WHERE custseg.last_purchase(c.purchases) > d.since) AS bought_since,
			round(count(*) FILTER (WHERE custseg.last_purchase(c.purchases) > d.since)::numeric / count(*), 6) AS retention
		FROM (
			SELECT greatest((p.last_as_of - interval ''1 year'')::date, (SELECT min(n.as_of) FROM class_count AS n)) AS since,
				p.last_as_of AS as_of
			FROM portfolio AS p LIMIT 1
		) AS d
		JOIN membership AS h ON h.since <= d.since AND coalesce(h.until > d.since, true)
		LEFT JOIN customer AS c ON c.customer_id = h.customer_id
		WHERE d.since < d.as_of
		GROUP BY d.since, d.as_of, h.dimension, h.class');

	PERFORM custseg._make_report(portfolio, 'drift', 'Whether the parts of the tiers and segments have shifted: the population stability index of the last run against the run before, and against that of a year before.', '
		dimension: tier or segment.
		compared_with: run before, or year before.
		as_of: The last day counted.
		base: The day of the run that it is compared with.
		psi: The population stability index, see custseg.psi.
		psi_expected: What psi is by chance alone, see custseg.psi_expected; a psi near it says nothing.
		status: stable, watch or shifted, see custseg.psi_status.', '
		SELECT n.dimension, n.compared_with, n.as_of, n.base, n.psi, n.psi_expected, custseg.psi_status(n.psi) AS status
		FROM (
			SELECT x.dimension, b.compared_with, x.as_of, b.base, custseg.psi(x.before, x.now) AS psi,
				custseg.psi_expected(x.before, x.now) AS psi_expected
			FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			CROSS JOIN LATERAL (
				SELECT ''run before'' AS compared_with, max(n.as_of) AS base FROM class_count AS n WHERE n.as_of < p.last_as_of
				UNION ALL
				SELECT ''year before'', max(n.as_of) FROM class_count AS n WHERE n.as_of <= (p.last_as_of - interval ''1 year'')::date
			) AS b
			CROSS JOIN LATERAL (
				SELECT p.last_as_of AS as_of, n.dimension, n.class,
					coalesce(sum(n.customers) FILTER (WHERE n.as_of = b.base), 0)::float8 AS before,
					coalesce(sum(n.customers) FILTER (WHERE n.as_of = p.last_as_of), 0)::float8 AS now
				FROM class_count AS n WHERE n.as_of IN (b.base, p.last_as_of)
				GROUP BY n.dimension, n.class
			) AS x
			WHERE b.base IS NOT NULL
			GROUP BY x.dimension, b.compared_with, x.as_of, b.base
		) AS n');
END
$$;
COMMENT ON FUNCTION custseg._make_move_reports(text) IS
'Internal: makes the views movement, conversion, retention and drift.';

CREATE FUNCTION custseg._purchase_months(p custseg.purchases) RETURNS date[]
AS 'MODULE_PATHNAME', 'custseg_purchase_months' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg._purchase_months(custseg.purchases) IS
'Internal: the first days of the calendar months with a purchase, ascending.';

CREATE FUNCTION custseg._make_time_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'class_history', 'How each tier and segment was after each run: customers, value, cost and satisfaction over time.', '
		as_of: The last day counted.
		dimension: tier or segment.
		class: The tier or segment.
		customers: Customers in it.
		customer_share: Their part of the customers of the dimension, from 0 to 1.
		spend: Net amount of all their purchases.
		value_share: Its part of the spend of the dimension.
		average_spend: spend / customers.
		profit: Spend less cost of the customers whose cost is known; NULL: of nobody.
		margin: profit / spend of the same customers.
		repeat_rate: Part of the customers with a purchase who have bought on more than one day.
		active_share: Part of the customers with a purchase who have bought within the setting active_days.
		cost: What serving them has cost in the 365 days before; NULL: nothing known.
		cost_per_customer: cost / customers.
		return_on_cost: (profit of all days - cost) / cost; NULL where one of them is not known.
		satisfaction: Mean score / scale of their feedback of the 365 days before; NULL: none.', '
		SELECT n.as_of, n.dimension, n.class, n.customers,
			round(n.customers / sum(n.customers) OVER w, 6) AS customer_share, n.spend,
			round(n.spend / nullif(sum(n.spend) OVER w, 0), 6) AS value_share, round(n.spend / nullif(n.customers, 0), 2) AS average_spend,
			n.profit, round(n.profit / nullif(n.costed_spend, 0), 6) AS margin,
			round(n.repeat_buyers::numeric / nullif(n.buyers, 0), 6) AS repeat_rate,
			round(n.active::numeric / nullif(n.buyers, 0), 6) AS active_share,
			s.cost, round(s.cost / nullif(n.customers, 0), 2) AS cost_per_customer,
			round((n.profit - s.cost) / nullif(s.cost, 0), 4) AS return_on_cost, s.satisfaction
		FROM class_count AS n
		LEFT JOIN (
			SELECT x.as_of, x.dimension, x.class, sum(x.amount) FILTER (WHERE x.source = ''costs'') AS cost,
				round(sum(x.amount) FILTER (WHERE x.source = ''feedback'')
					/ nullif(sum(x.number) FILTER (WHERE x.source = ''feedback''), 0), 4) AS satisfaction
			FROM class_total AS x GROUP BY x.as_of, x.dimension, x.class
		) AS s ON s.as_of = n.as_of AND s.dimension = n.dimension AND s.class = n.class
		WINDOW w AS (PARTITION BY n.as_of, n.dimension)');

	PERFORM custseg._make_report(portfolio, 'monthly', 'The orders of the customers by calendar month. It reads all orders.', '
		month: First day of the month.
		complete: The month has ended by the last day counted; otherwise do not compare it with others.
		orders: Orders; the lines of one order_id are one order, refunds are none.
		spend: Net amount.
		active_customers: Customers with an order, as the last run counted them.
		average_order: spend / orders.', format('
		SELECT date_trunc(''month'', o.day::timestamp)::date AS month,
			(date_trunc(''month'', o.day::timestamp) + interval ''1 month'')::date <= o.as_of + 1 AS complete,
			sum(o.orders)::bigint AS orders, sum(o.spend) AS spend, coalesce(max(a.customers), 0) AS active_customers,
			round(sum(o.spend) / nullif(sum(o.orders), 0), 2) AS average_order
		FROM (
			-- Of days there are few.
			SELECT o.day, p.last_as_of AS as_of, count(*) FILTER (WHERE o.amount >= 0) AS orders, sum(o.amount) AS spend
			FROM (
				WITH o AS NOT MATERIALIZED (%s)
				SELECT o.customer_id, o.day, o.amount FROM o WHERE o.order_id IS NULL
				UNION ALL
				SELECT o.customer_id, min(o.day), sum(o.amount) FROM o WHERE o.order_id IS NOT NULL GROUP BY o.customer_id, o.order_id
			) AS o
			JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON o.day <= p.last_as_of
			GROUP BY o.day, p.last_as_of
		) AS o
		LEFT JOIN (
			SELECT m.month, count(*) AS customers
			FROM (SELECT unnest(custseg._purchase_months(c.purchases)) AS month FROM customer AS c) AS m
			GROUP BY m.month
		) AS a ON a.month = date_trunc(''month'', o.day::timestamp)::date
		GROUP BY 1, 2
		ORDER BY 1', custseg._report_orders(portfolio)));

	PERFORM custseg._make_report(portfolio, 'run_log', 'The runs, the newest first.', '
		run_id: Number of the run.
		as_of: The last day counted.
		state: running, done or failed.
		started_at: When it started.
		duration: How long it took; of one that is running, so far.
		started_by: The database role whose session started it.
		customers: Customers after the run.
		orders: Orders that counted.
		late_orders: Order rows that came for days that had been counted before.
		new_customers: Customers whom it saw first.
		moved: Changes of the state of a tier.
		criteria_version: The version of the criteria.
		sqlstate: SQLSTATE of the error of a failed run.
		error: Its message.
		timings: Milliseconds of each step.', '
		SELECT r.run_id, r.as_of, r.state, r.started_at, coalesce(r.finished_at, clock_timestamp()) - r.started_at AS duration, r.started_by,
			r.customers, r.orders, r.late_orders, (r.counts ->> ''customers_new'')::bigint AS new_customers,
			(r.counts ->> ''tier_transitions'')::bigint AS moved, r.criteria_version, r.sqlstate, r.error, r.timings
		FROM run AS r ORDER BY r.run_id DESC');
END
$$;
COMMENT ON FUNCTION custseg._make_time_reports(text) IS
'Internal: makes the views class_history, monthly and run_log.';
