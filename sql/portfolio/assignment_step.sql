-- The step of a run that gives customers their agents.
--
-- Who has an agent keeps him while he is there, may serve the customer, and has room. The others are assigned together.
-- Customers who are the same in tier, segment and the attributes that agents are chosen by have one profile: who may serve
-- whom is found for profiles, of which there are few.

-- Tiers that ask for service, as a query.
CREATE FUNCTION custseg._asking_tiers() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'SELECT t.tier FROM tier AS t
		WHERE t.service_mode = ''personal'' OR EXISTS (SELECT FROM agent AS a WHERE t.tier = ANY (a.tiers))
			OR EXISTS (SELECT FROM agent) AND NOT EXISTS (SELECT FROM agent AS a WHERE a.tiers IS NOT NULL)
				AND NOT EXISTS (SELECT FROM tier AS t WHERE t.service_mode = ''personal'')'::text;
END;
COMMENT ON FUNCTION custseg._asking_tiers() IS
'Internal: a query of the tiers that ask for service: personal ones, those that agents list, or, without any of these, all.';

-- Whether agent a may serve p, which has tier, segment and attributes, on a day.
CREATE FUNCTION custseg._may_serve(as_of text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.format('a.active AND (a.valid_until IS NULL OR a.valid_until > %s)
		AND (a.tiers IS NULL OR p.tier = ANY (a.tiers)) AND (a.segments IS NULL OR p.segment = ANY (a.segments))
		AND NOT EXISTS (SELECT FROM jsonb_each(a.attributes) AS v WHERE (v.value ? (p.attributes ->> v.key)) IS NOT TRUE)', as_of);
END;
COMMENT ON FUNCTION custseg._may_serve(text) IS
'Internal: the condition that agent a may serve p on the day that the text as_of gives.';

-- The attributes that agents are chosen by, of the rows of source_customers named s; NULL: none are used.
CREATE FUNCTION custseg._attributes_expression(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known text[] := custseg._customer_attributes(portfolio);
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (
		SELECT format('jsonb_build_object(%s)', string_agg(format('%L, s.%I::text', k.key, k.key), ', ' ORDER BY k.key))
		FROM (SELECT DISTINCT k.key FROM agent AS a, jsonb_object_keys(a.attributes) AS k (key)) AS k
		WHERE k.key = ANY (known) HAVING count(*) > 0);
END
$$;
COMMENT ON FUNCTION custseg._attributes_expression(text) IS
'Internal: the SQL of the attributes that agents are chosen by, over source_customers AS s, as jsonb; NULL: none are used.';

-- Who asks for an agent, who has one, and who keeps him, into stage_service; who may serve whom into stage_eligible.
CREATE FUNCTION custseg._stage_service(portfolio text, p_as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	attributes text := custseg._attributes_expression(portfolio);
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._clear_stage(portfolio, 'stage_service');
	PERFORM custseg._clear_stage(portfolio, 'stage_eligible');
	-- A score beyond what assign counts exactly is as good as the bound.
	EXECUTE format('
		INSERT INTO stage_service (customer_id, profile, value, was)
		SELECT coalesce(c.customer_id, h.customer_id), c.profile, c.value, h.agent
		FROM (
			SELECT c.customer_id, jsonb_build_object(''tier'', c.tier, ''segment'', c.segment, ''attributes'', %s) AS profile,
				CASE WHEN abs(c.score) <= 1e10 THEN c.score WHEN c.score > 0 AND c.score <= ''Infinity'' THEN 1e10 ELSE 0 END::numeric AS value
			FROM %s %s
			WHERE c.tier IN (%s)
		) AS c
		FULL JOIN (SELECT h.customer_id, h.agent FROM assignment AS h WHERE h.until IS NULL) AS h ON h.customer_id = c.customer_id',
		CASE WHEN attributes IS NULL THEN 'NULL' ELSE 's.attributes' END, custseg._scored_customers(portfolio, format('%L::date', p_as_of)),
		'LEFT JOIN (SELECT DISTINCT ON (s.customer_id) s.customer_id, ' || attributes
			|| ' AS attributes FROM source_customers AS s ORDER BY 1, 2) AS s ON s.customer_id = c.customer_id',
		custseg._asking_tiers());
	EXECUTE format('
		INSERT INTO stage_eligible (profile, agent)
		SELECT p.profile, a.agent
		FROM (
			SELECT s.profile, s.profile ->> ''tier'' AS tier, s.profile ->> ''segment'' AS segment, s.profile -> ''attributes'' AS attributes
			FROM (SELECT DISTINCT s.profile FROM stage_service AS s WHERE s.profile IS NOT NULL) AS s
		) AS p
		JOIN agent AS a ON %s', custseg._may_serve(format('%L::date', p_as_of)));

	UPDATE stage_service AS s
	SET agent = CASE WHEN k.fault IS NULL THEN s.was END, reason = k.fault
	FROM (
		SELECT k.customer_id, CASE WHEN NOT k.there THEN 'agent left' WHEN NOT k.may THEN 'no longer eligible'
			WHEN row_number() OVER (PARTITION BY k.agent, k.may ORDER BY k.value DESC, k.customer_id) > k.capacity
			THEN 'over capacity' END AS fault
		FROM (
			SELECT w.customer_id, w.value, a.agent, a.capacity, a.agent IS NOT NULL AS there, e.agent IS NOT NULL AS may
			FROM stage_service AS w
			LEFT JOIN agent AS a ON a.agent = w.was AND a.active AND (a.valid_until IS NULL OR a.valid_until > p_as_of)
			LEFT JOIN stage_eligible AS e ON e.profile = w.profile AND e.agent = w.was
			WHERE w.was IS NOT NULL
		) AS k
	) AS k
	WHERE s.customer_id = k.customer_id;
END
$$;
COMMENT ON FUNCTION custseg._stage_service(text, date) IS
'Internal: who asks for an agent, has one and keeps him, into stage_service, and who may serve whom into stage_eligible.';

-- Agents for those who ask and have none, of the room that is left.
CREATE FUNCTION custseg._solve_new(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('UPDATE stage_service AS s SET agent = a.agent
		FROM custseg.assign(customer_key => NULL::%s, agent_key => NULL::text, edges => %L, agents => %L, balance => true) AS a
		WHERE a.customer = s.customer_id AND a.agent IS NOT NULL',
		(SELECT p.customer_type FROM portfolio AS p),
		'SELECT s.customer_id, e.agent, s.value FROM stage_service AS s JOIN stage_eligible AS e ON e.profile = s.profile
			WHERE s.agent IS NULL',
		'SELECT a.agent, CASE WHEN a.capacity IS NULL THEN 1000000000000 ELSE a.capacity - count(s.agent) END
			FROM agent AS a LEFT JOIN stage_service AS s ON s.agent = a.agent GROUP BY a.agent, a.capacity');
END
$$;
COMMENT ON FUNCTION custseg._solve_new(text) IS
'Internal: assigns those in stage_service who ask for an agent and have none.';

-- Agents for all who ask.
CREATE FUNCTION custseg._solve_all(portfolio text, p_stickiness float8, p_balance boolean) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Who serves a customer now counts where the pair is among the edges. With customers of type text only names tell which
	-- of the overloads is meant.
	EXECUTE format('UPDATE stage_service AS s SET agent = a.agent, reason = coalesce(s.reason, ''reassigned'')
		FROM custseg.assign(customer_key => NULL::%s, agent_key => NULL::text, edges => %L, agents => %L, current => %L, stickiness => $1,
			balance => $2) AS a
		WHERE a.customer = s.customer_id',
		(SELECT p.customer_type FROM portfolio AS p),
		'SELECT s.customer_id, e.agent, s.value FROM stage_service AS s LEFT JOIN stage_eligible AS e ON e.profile = s.profile
			WHERE s.profile IS NOT NULL',
		'SELECT a.agent, coalesce(a.capacity, 1000000000000), a.minimum FROM agent AS a',
		'SELECT s.customer_id, s.was FROM stage_service AS s WHERE s.was IS NOT NULL')
	USING p_stickiness, p_balance;
END
$$;
COMMENT ON FUNCTION custseg._solve_all(text, float8, boolean) IS
'Internal: assigns all in stage_service who ask for an agent anew. 22023: stickiness out of range, minimums that cannot be met.';

-- What stage_service says, where it differs; returns how many intervals ended and began, and who is not served.
CREATE FUNCTION custseg._write_assignments(portfolio text, p_as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n_ended bigint;
	n_replaced bigint;
	n_begun bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- What began on this day never was.
	DELETE FROM assignment AS h USING stage_service AS s
	WHERE h.customer_id = s.customer_id AND h.until IS NULL AND h.since = p_as_of AND s.was IS NOT NULL
		AND s.agent IS DISTINCT FROM s.was;
	GET DIAGNOSTICS n_replaced = ROW_COUNT;
	UPDATE assignment AS h SET until = p_as_of, ended = s.reason
	FROM stage_service AS s
	WHERE h.customer_id = s.customer_id AND h.until IS NULL AND s.was IS NOT NULL AND s.agent IS DISTINCT FROM s.was;
	GET DIAGNOSTICS n_ended = ROW_COUNT;
	INSERT INTO assignment (customer_id, agent, since, reason)
	SELECT s.customer_id, s.agent, p_as_of, coalesce(s.reason,
		CASE WHEN EXISTS (SELECT FROM assignment AS h WHERE h.customer_id = s.customer_id) THEN 'served again' ELSE 'new customer' END)
	FROM stage_service AS s WHERE s.agent IS NOT NULL AND s.agent IS DISTINCT FROM s.was;
	GET DIAGNOSTICS n_begun = ROW_COUNT;
	RETURN jsonb_build_object('assignments_ended', n_ended + n_replaced, 'assignments_begun', n_begun,
		'unserved', (SELECT count(*) FROM stage_service AS s WHERE s.profile IS NOT NULL AND s.agent IS NULL));
END
$$;
COMMENT ON FUNCTION custseg._write_assignments(text, date) IS
'Internal: writes what stage_service says, where it differs; returns how many rows, and how many customers have no agent.';

CREATE FUNCTION custseg._assign_agents(portfolio text, p_as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Nobody to serve, nobody served, nobody who asks: nothing to do.
	IF NOT EXISTS (SELECT FROM agent) AND NOT EXISTS (SELECT FROM assignment AS h WHERE h.until IS NULL)
		AND NOT EXISTS (SELECT FROM tier AS t WHERE t.service_mode = 'personal')
	THEN
		RETURN '{}';
	END IF;
	PERFORM custseg._stage_service(portfolio, p_as_of);
	PERFORM custseg._solve_new(portfolio);
	RETURN custseg._write_assignments(portfolio, p_as_of);
END
$$;
COMMENT ON FUNCTION custseg._assign_agents(text, date) IS
'Internal: the step of a run that gives customers their agents; returns how many assignments ended and began, and who is not served.';
