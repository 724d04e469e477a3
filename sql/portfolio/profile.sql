-- customer_profile: everything that a portfolio knows about one customer, as one document.

-- Rows of a table or view of the portfolio about a customer as a jsonb array; NULL where there is no such relation.
CREATE FUNCTION custseg._customer_rows(portfolio text, key text, relation text, fields text, ordering text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home name := custseg._portfolio_schema(portfolio);
	result jsonb;
BEGIN
	IF to_regclass(format('%I.%I', home, relation)) IS NULL THEN
		RETURN NULL;
	END IF;
	EXECUTE format('
		SELECT coalesce(jsonb_agg(to_jsonb(v) - ''customer_id''), ''[]'')
		FROM (SELECT %s FROM %I.%I AS t WHERE t.customer_id = %L ORDER BY %s) AS v',
		fields, home, relation, key, ordering) INTO result;
	RETURN result;
END
$$;
COMMENT ON FUNCTION custseg._customer_rows(text, text, text, text, text) IS
'Internal: what a relation of a portfolio has about a customer as a jsonb array; NULL: no such relation.';

CREATE FUNCTION custseg._purchases_document(p custseg.purchases, day date) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN p IS NOT NULL THEN jsonb_build_object(
		'first', custseg.first_purchase(p), 'last', custseg.last_purchase(p), 'orders', custseg.orders(p),
		'days', custseg.frequency(p), 'spend', custseg.spend(p), 'refunds', custseg.refunds(p), 'cost', custseg.cost(p),
		'profit', custseg.profit(p), 'average_order', custseg.average_order(p), 'days_between', custseg.days_between(p),
		'recency', custseg.recency(p, day), 'tenure', custseg.tenure(p, day)) END;
END;
COMMENT ON FUNCTION custseg._purchases_document(custseg.purchases, date) IS
'Internal: the purchases of a customer up to a day as jsonb; NULL: none.';

CREATE FUNCTION custseg._customer_profile(portfolio text, customer text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text := custseg._current_customer(portfolio, customer);
	state jsonb;
	reason text;
	measures jsonb;
	merged jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('
		SELECT jsonb_build_object(
			''customer'', c.customer_id, ''as_of'', p.last_as_of, ''entered'', c.entered,
			''purchases'', custseg._purchases_document(c.purchases, p.last_as_of),
			''segment'', jsonb_build_object(''segment'', c.segment, ''since'', c.segment_since, ''r'', c.r, ''f'', c.f, ''m'', c.m),
			''tier'', jsonb_build_object(''tier'', c.tier, ''since'', c.tier_since, ''grace_since'', c.grace_since,
				''valid_until'', c.valid_until,
				''service_mode'', (SELECT t.service_mode FROM tier AS t WHERE t.tier = c.tier),
				''reason'', (SELECT t.reason FROM tier_transition AS t WHERE t.customer_id = c.customer_id
					ORDER BY t.as_of DESC LIMIT 1)))
		FROM customer AS c CROSS JOIN portfolio AS p WHERE c.customer_id = %1$L', key) INTO state;
	EXECUTE format('SELECT v.measures FROM customer_measures AS v WHERE v.customer_id = %L', key) INTO measures;
	EXECUTE format('SELECT jsonb_agg(a.from_id ORDER BY a.from_id) FROM customer_alias AS a WHERE a.to_id = %L', key) INTO merged;

	RETURN state || jsonb_build_object(
		'identity', custseg._customer_rows(portfolio, key, 'source_customers', 't.*', '1') -> 0,
		'merged', coalesce(merged, '[]'),
		'measures', measures,
		'score', measures -> 'score',
		'scores', (SELECT coalesce(jsonb_agg(to_jsonb(c) - 'scale' - 'breaks'), '[]')
			FROM custseg._customer_components(portfolio, key) AS c),
		'membership', custseg._customer_rows(portfolio, key, 'membership', 't.*', 't.dimension, t.since'),
		'transitions', custseg._customer_rows(portfolio, key, 'tier_transition',
			't.as_of, t.transition, t.from_tier, t.tier, t.reason', 't.as_of'),
		'overrides', custseg._customer_rows(portfolio, key, 'override',
			't.kind, t.tier, t.valid_from, t.valid_until, t.reason, t.author', 't.override_id'),
		'allocation', coalesce(custseg._customer_rows(portfolio, key, 'allocation', 't.*', 't.resource, t.since'), '[]'),
		'assignment', coalesce(custseg._customer_rows(portfolio, key, 'assignment', 't.*', 't.since'), '[]'),
		'needs', coalesce(custseg._customer_rows(portfolio, key, 'source_needs', 't.*', 'to_jsonb(t)::text'), '[]'));
END
$$;
COMMENT ON FUNCTION custseg._customer_profile(text, text) IS
'Internal: what customer_profile does.';

CREATE FUNCTION custseg.customer_profile(portfolio text, customer text) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_portfolio_reader' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000;
COMMENT ON FUNCTION custseg.customer_profile(text, text) IS
'Everything that a portfolio knows about a customer, as of the last run: customer, as_of, entered, identity (the attributes of the source customers; null: no such source), merged (who was merged into him), purchases, measures, score, scores (the components with their contributions), segment, tier (with since, grace_since, valid_until, service_mode, reason), membership, transitions, overrides, allocation, assignment, needs. Parts that there are none of are null or []. The caller must be able to read the view current_customers; he then sees the attributes and needs of the sources too. 42704: no such portfolio or customer, or he was merged into another; 42501: not a reader; 22023: not a customer''s type; 22004: NULL.';

CREATE FUNCTION custseg.customer_profile(portfolio text, customer bigint) RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000
BEGIN ATOMIC
	SELECT custseg.customer_profile(portfolio, customer::text);
END;
COMMENT ON FUNCTION custseg.customer_profile(text, bigint) IS
'The same as customer_profile(portfolio, customer::text).';

CREATE FUNCTION custseg.customer_profile(portfolio text, customer uuid) RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000
BEGIN ATOMIC
	SELECT custseg.customer_profile(portfolio, customer::text);
END;
COMMENT ON FUNCTION custseg.customer_profile(text, uuid) IS
'The same as customer_profile(portfolio, customer::text).';
