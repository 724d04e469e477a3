-- The report views about resources and agents.

CREATE FUNCTION custseg._make_resource_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	usage text := 'SELECT NULL::text AS resource, NULL::text AS tier, NULL::boolean AS whole, NULL::numeric AS used WHERE false';
	used text := 'NULL::numeric';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF to_regclass('source_usage') IS NOT NULL THEN
		-- Of a customer who was merged, what he used is of the one who remains.
		usage := 'SELECT s.resource, c.tier, grouping(c.tier) = 1 AS whole, sum(s.amount)::numeric AS used
			FROM source_usage AS s
			CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			LEFT JOIN resource AS r ON r.resource = s.resource
			LEFT JOIN customer_alias AS m ON m.from_id = s.customer_id
			LEFT JOIN customer AS c ON c.customer_id = coalesce(m.to_id, s.customer_id)
			WHERE custseg.measure_window(coalesce(r.period, ''lifetime''), p.last_as_of) @> s.day::date
			GROUP BY GROUPING SETS ((s.resource, c.tier), (s.resource))';
		used := 'coalesce(u.used, 0)';
	END IF;
	PERFORM custseg._make_view(portfolio, 'budget_use', format('
		SELECT a.resource, a.tier, a.budget, a.allocated, %1$s AS used, round(%1$s / nullif(a.budget, 0), 4) AS utilisation,
			greatest(a.budget - %1$s, 0 * %1$s) AS unspent,
			greatest(%1$s - a.budget, 0 * %1$s) AS overrun, a.leftover
		FROM (
			SELECT t.as_of, t.resource, t.tier, false AS whole, t.budget, t.allocated, t.leftover FROM tier_allocation AS t
			UNION ALL SELECT r.as_of, r.resource, NULL, true, r.total, r.allocated, r.leftover FROM resource_allocation AS r
		) AS a
		JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON p.last_as_of = a.as_of
		LEFT JOIN (%2$s) AS u ON u.resource = a.resource AND u.whole = a.whole AND u.tier IS NOT DISTINCT FROM a.tier',
		used, usage), $comments$
COMMENT ON VIEW budget_use IS 'Budgets of the last run and what was used of them, for each tier, and for the whole resource where tier is NULL.';
COMMENT ON COLUMN budget_use.resource IS 'The resource.';
COMMENT ON COLUMN budget_use.tier IS 'The tier; NULL: the whole resource, with what is used by customers who have no tier.';
COMMENT ON COLUMN budget_use.budget IS 'What the tier got, or the total.';
COMMENT ON COLUMN budget_use.allocated IS 'What its customers got of that.';
COMMENT ON COLUMN budget_use.used IS
	'What customers that are in the tier now have used in the period of the resource; NULL: there is no source of usage.';
COMMENT ON COLUMN budget_use.utilisation IS 'used / budget; NULL for a budget of 0.';
COMMENT ON COLUMN budget_use.unspent IS 'How much of the budget is not used.';
COMMENT ON COLUMN budget_use.overrun IS 'How much more than the budget is used.';
COMMENT ON COLUMN budget_use.leftover IS 'What caps left when it was divided.';
	$comments$);

	PERFORM custseg._make_view(portfolio, 'allocation_fairness', '
		SELECT r.resource, f.customers, f.gini, f.jain, f.max_min_ratio, f.largest_share, t.tier AS largest_tier,
			t.share AS largest_tier_share,
			nullif(concat_ws(''; '',
				CASE WHEN f.gini > r.max_gini THEN format(''gini %s is above %s'', round(f.gini::numeric, 4), r.max_gini) END,
				CASE WHEN t.share > r.max_tier_share THEN format(''tier %s has %s, more than %s'', t.tier, round(t.share::numeric, 4),
					r.max_tier_share) END), '''') AS alarm
		FROM resource AS r
		LEFT JOIN (
			SELECT t.resource, count(*) AS customers, custseg.gini(coalesce(a.amount, 0)) AS gini, custseg.jain(coalesce(a.amount, 0)) AS jain,
				custseg.max_min_ratio(coalesce(a.amount, 0)) AS max_min_ratio,
				(max(a.amount) / nullif(sum(a.amount), 0))::float8 AS largest_share
			FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			JOIN tier_allocation AS t ON t.as_of = p.last_as_of AND t.budget > 0
			JOIN customer AS c ON c.tier = t.tier
			LEFT JOIN allocation AS a ON a.customer_id = c.customer_id AND a.resource = t.resource AND a.until IS NULL
			GROUP BY t.resource
		) AS f ON f.resource = r.resource
		LEFT JOIN (
			SELECT DISTINCT ON (t.resource) t.resource, t.tier, (t.allocated / h.allocated)::float8 AS share
			FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			JOIN tier_allocation AS t ON t.as_of = p.last_as_of
			JOIN resource_allocation AS h ON h.as_of = t.as_of AND h.resource = t.resource AND h.allocated > 0
			ORDER BY t.resource, t.allocated DESC, t.tier
		) AS t ON t.resource = r.resource', $comments$
COMMENT ON VIEW allocation_fairness IS 'How evenly each resource is divided over the customers of tiers that get some of it, as of the last run.';
COMMENT ON COLUMN allocation_fairness.resource IS 'The resource.';
COMMENT ON COLUMN allocation_fairness.customers IS 'Customers in tiers that get some of it.';
COMMENT ON COLUMN allocation_fairness.gini IS 'Gini coefficient of their amounts: 0, all the same, to 1.';
COMMENT ON COLUMN allocation_fairness.jain IS 'Jain''s index of their amounts: 1, all the same, down to 1 / customers.';
COMMENT ON COLUMN allocation_fairness.max_min_ratio IS 'The largest amount over the smallest; Infinity when somebody gets nothing.';
COMMENT ON COLUMN allocation_fairness.largest_share IS 'The part of the customer who gets most.';
COMMENT ON COLUMN allocation_fairness.largest_tier IS 'The tier that gets most.';
COMMENT ON COLUMN allocation_fairness.largest_tier_share IS 'Its part of what customers got.';
COMMENT ON COLUMN allocation_fairness.alarm IS 'Which limits of set_resource are exceeded; NULL: none.';
	$comments$);
	PERFORM custseg._make_agent_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._make_resource_views(text) IS
'Internal: makes the views budget_use, allocation_fairness and those about agents.';

CREATE FUNCTION custseg._make_agent_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	attributes text := custseg._attributes_expression(portfolio);
BEGIN
	PERFORM custseg._make_view(portfolio, 'agent_load', '
		SELECT a.agent, a.active AND (a.valid_until > p.last_as_of) IS NOT FALSE AS active, a.capacity, coalesce(n.customers, 0) AS customers,
			round(n.customers / nullif(a.capacity, 0), 4) AS load, a.capacity - coalesce(n.customers, 0) AS free
		FROM agent AS a
		CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
		LEFT JOIN (SELECT h.agent, count(*) AS customers FROM assignment AS h WHERE h.until IS NULL GROUP BY h.agent) AS n
			ON n.agent = a.agent', $comments$
COMMENT ON VIEW agent_load IS 'How many customers each agent serves, and how many more there is room for.';
COMMENT ON COLUMN agent_load.agent IS 'The agent.';
COMMENT ON COLUMN agent_load.active IS 'The agent is there.';
COMMENT ON COLUMN agent_load.capacity IS 'How many customers at most; NULL: no limit.';
COMMENT ON COLUMN agent_load.customers IS 'How many it is now.';
COMMENT ON COLUMN agent_load.load IS 'customers / capacity.';
COMMENT ON COLUMN agent_load.free IS 'How many more there is room for; NULL: no limit.';
	$comments$);

	PERFORM custseg._make_view(portfolio, 'service_gaps', format('
		SELECT p.customer_id, p.tier, p.segment,
			CASE WHEN EXISTS (SELECT FROM agent AS a WHERE %s) THEN ''agents are full'' ELSE ''no agent may serve'' END AS reason
		FROM (
			SELECT c.customer_id, c.tier, c.segment, o.last_as_of, %s AS attributes
			FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS o
		) AS p
		WHERE p.tier IN (%s)
			AND NOT EXISTS (SELECT FROM assignment AS h WHERE h.customer_id = p.customer_id AND h.until IS NULL)',
		custseg._may_serve('p.last_as_of'),
		coalesce('(SELECT ' || attributes || ' FROM source_customers AS s WHERE s.customer_id = c.customer_id ORDER BY 1 LIMIT 1)',
			'NULL::jsonb'),
		custseg._asking_tiers()), $comments$
COMMENT ON VIEW service_gaps IS 'Customers in tiers that ask for service who have no agent.';
COMMENT ON COLUMN service_gaps.customer_id IS 'The customer.';
COMMENT ON COLUMN service_gaps.tier IS 'The tier.';
COMMENT ON COLUMN service_gaps.segment IS 'The segment.';
COMMENT ON COLUMN service_gaps.reason IS 'agents are full: some may serve the customer; no agent may serve: nobody is there who may.';
	$comments$);
END
$$;
COMMENT ON FUNCTION custseg._make_agent_views(text) IS
'Internal: makes the views agent_load and service_gaps.';
