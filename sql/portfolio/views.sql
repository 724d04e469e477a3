-- The report views of a portfolio. Their columns stay; what computes them follows the declarations, so they are made
-- anew with CREATE OR REPLACE VIEW when these change.

CREATE FUNCTION custseg._make_view(portfolio text, view_name name, query text, comments text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('search_path', format('%I, pg_catalog, pg_temp', custseg._portfolio_schema(portfolio)), true);
	EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW %I AS %s', view_name, query);
	EXECUTE comments;
	INSERT INTO report_view VALUES (view_name) ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION custseg._make_view(text, name, text, text) IS
'Internal: makes or remakes a report view, with its comments; readers may read it.';

CREATE FUNCTION custseg._make_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_customer_views(portfolio);
	PERFORM custseg._make_criteria_views(portfolio);
	PERFORM custseg._make_resource_views(portfolio);
	PERFORM custseg._make_reports(portfolio);
	PERFORM custseg._make_quality_views(portfolio);
	PERFORM custseg._grant_report_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._make_views(text) IS
'Internal: makes or remakes all report views of a portfolio.';

-- The customers with as_of, the scores of the components k1, k2, ... and the total score, as they stand in FROM under the
-- alias c. whole: the view reads all customers anyway; then a score that is read several times is computed once, but a
-- condition on customers does not come through.
CREATE FUNCTION custseg._view_customers(portfolio text, whole boolean) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- portfolio has one row, which the planner does not know of a table that was never analyzed: the condition on the key tells it.
	RETURN format('(SELECT c.*, %1$s AS score FROM (SELECT c.*%2$s
		FROM (SELECT c.*, p.last_as_of AS as_of FROM customer AS c CROSS JOIN portfolio AS p WHERE p.only_row) AS c%3$s) AS c%3$s) AS c',
		custseg._score_expression(portfolio), custseg._component_scores(portfolio, 'c.as_of'), CASE WHEN whole THEN ' OFFSET 0' ELSE '' END);
END
$$;
COMMENT ON FUNCTION custseg._view_customers(text, boolean) IS
'Internal: what stands in FROM of a report view for the customers with their scores, alias c.';

CREATE FUNCTION custseg._make_customer_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	fields text;
	allocated text := 'NULL::jsonb';
	agent text := 'NULL::text';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF EXISTS (SELECT FROM resource) OR EXISTS (SELECT FROM allocation AS a WHERE a.until IS NULL) THEN
		allocated := '(SELECT jsonb_object_agg(a.resource, a.amount) FROM allocation AS a
			WHERE a.customer_id = c.customer_id AND a.until IS NULL)';
	END IF;
	IF EXISTS (SELECT FROM agent) OR EXISTS (SELECT FROM assignment AS h WHERE h.until IS NULL) THEN
		agent := '(SELECT h.agent FROM assignment AS h WHERE h.customer_id = c.customer_id AND h.until IS NULL)';
	END IF;
	SELECT string_agg(format('%L, %s', m.measure, custseg._measure_expression(portfolio, m.measure, 'c.as_of')), ', ' ORDER BY m.measure)
	INTO fields FROM custseg._used_measures(portfolio) AS m;

	-- What is not selected is not computed. Allocation and agent are looked up for each customer, so that they cost nothing
	-- for those whom a LIMIT or a condition leaves out, and nothing at all where there are no resources or agents.
	PERFORM custseg._make_view(portfolio, 'current_customers', format('
		SELECT c.customer_id, c.as_of, c.score, c.r, c.f, c.m, c.segment, c.segment_since, c.tier, c.tier_since AS since,
			c.grace_since, c.valid_until, c.score AS priority,
			%s AS allocation, %s AS agent, c.reason,
			custseg.first_purchase(c.purchases) AS first_purchase, custseg.last_purchase(c.purchases) AS last_purchase,
			custseg.frequency(c.purchases) AS frequency, custseg.spend(c.purchases) AS spend
		FROM %s
		WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL',
		allocated, agent, custseg._view_customers(portfolio, false)), $comments$
COMMENT ON VIEW current_customers IS 'Every customer as of the last run: score, segment, tier, and why.';
COMMENT ON COLUMN current_customers.customer_id IS 'The customer.';
COMMENT ON COLUMN current_customers.as_of IS 'The last day counted.';
COMMENT ON COLUMN current_customers.score IS 'Total score: the weighted mean of the components.';
COMMENT ON COLUMN current_customers.r IS 'Class of recency, the highest is the most recent.';
COMMENT ON COLUMN current_customers.f IS 'Class of frequency.';
COMMENT ON COLUMN current_customers.m IS 'Class of spend.';
COMMENT ON COLUMN current_customers.segment IS 'Segment; NULL: no purchase yet.';
COMMENT ON COLUMN current_customers.segment_since IS 'First day of the segment.';
COMMENT ON COLUMN current_customers.tier IS 'Tier; NULL: excluded.';
COMMENT ON COLUMN current_customers.since IS 'First day of the tier.';
COMMENT ON COLUMN current_customers.grace_since IS 'First day of grace: the customer is about to go down; NULL: not in grace.';
COMMENT ON COLUMN current_customers.valid_until IS 'First day behind the validity of the tier; NULL: no limit.';
COMMENT ON COLUMN current_customers.priority IS 'Higher comes first.';
COMMENT ON COLUMN current_customers.allocation IS 'What the customer gets of each resource; NULL: nothing.';
COMMENT ON COLUMN current_customers.agent IS 'Who serves the customer; NULL: nobody.';
COMMENT ON COLUMN current_customers.reason IS 'Why the tier is as it is.';
COMMENT ON COLUMN current_customers.first_purchase IS 'Day of the first purchase.';
COMMENT ON COLUMN current_customers.last_purchase IS 'Day of the last purchase.';
COMMENT ON COLUMN current_customers.frequency IS 'Days with a purchase.';
COMMENT ON COLUMN current_customers.spend IS 'Net amount of all purchases.';
	$comments$);

	PERFORM custseg._make_view(portfolio, 'customer_measures', format('
		SELECT c.customer_id, c.as_of, jsonb_build_object(%s) AS measures
		FROM %s',
		fields, custseg._view_customers(portfolio, false)), $comments$
COMMENT ON VIEW customer_measures IS 'The measures of every customer that components and rules of tiers use, as of the last run.';
COMMENT ON COLUMN customer_measures.customer_id IS 'The customer.';
COMMENT ON COLUMN customer_measures.as_of IS 'The last day counted.';
COMMENT ON COLUMN customer_measures.measures IS 'Name and value of each measure; null: unknown.';
	$comments$);
END
$$;
COMMENT ON FUNCTION custseg._make_customer_views(text) IS
'Internal: makes the views current_customers and customer_measures.';

-- All measures that a portfolio uses.
CREATE FUNCTION custseg._used_measures(portfolio text, OUT measure text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT c.measure FROM component AS c
	UNION SELECT c.score_name FROM component AS c
	UNION SELECT m.measure FROM measure AS m
	UNION SELECT r.weight_measure FROM resource AS r WHERE r.weight_measure IS NOT NULL
	UNION SELECT u.measure FROM unnest(custseg.tier_policy_measures(custseg._portfolio_policy(portfolio))) AS u (measure)
	UNION VALUES ('score'), ('r'), ('f'), ('m')
	ORDER BY 1;
END
$$;
COMMENT ON FUNCTION custseg._used_measures(text) IS
'Internal: the measures that components, rules of tiers and resources of a portfolio use.';
