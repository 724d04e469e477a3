-- Agents: who may serve how many customers of which kind.

-- A row of agent, checked as far as it can be alone.
CREATE FUNCTION custseg._complete_agent(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bound record;
	list text;
BEGIN
	IF coalesce(row_given ->> 'agent', '') = '' OR row_given ->> 'active' IS NULL THEN
		RAISE EXCEPTION 'arguments "agent" and "active" must not be null, nor "agent" empty'
			USING ERRCODE = '22004', HINT = 'Give the name of the agent.';
	END IF;
	FOR bound IN
		SELECT b.argument, (row_given ->> b.argument)::numeric AS value FROM unnest('{capacity,minimum}'::text[]) AS b (argument)
	LOOP
		IF bound.value <> trunc(bound.value) OR bound.value NOT BETWEEN 0 AND 1000000000000 THEN
			RAISE EXCEPTION 'argument "%" is %', bound.argument, bound.value
				USING ERRCODE = '22023', HINT = 'It counts customers: a whole number from 0 to 10^12.';
		END IF;
	END LOOP;
	IF (row_given ->> 'minimum')::numeric > (row_given ->> 'capacity')::numeric THEN
		RAISE EXCEPTION 'argument "minimum" is %, above the capacity %', row_given ->> 'minimum', row_given ->> 'capacity'
			USING ERRCODE = '22023', HINT = 'Lower the minimum, or raise the capacity.';
	END IF;
	FOREACH list IN ARRAY '{tiers,segments}'::text[] LOOP
		IF row_given -> list IN ('[]', '[null]') THEN
			RAISE EXCEPTION 'argument "%" is empty', list
				USING ERRCODE = '22023', HINT = 'Give null for all of them; active => false for an agent who is away.';
		END IF;
	END LOOP;
	PERFORM custseg._check_agent_segments(portfolio, ARRAY(SELECT jsonb_array_elements_text(row_given -> 'segments')))
	WHERE row_given ->> 'segments' IS NOT NULL;
	RETURN row_given || jsonb_build_object('attributes', custseg._agent_attributes(portfolio, nullif(row_given -> 'attributes', 'null')));
END
$$;
COMMENT ON FUNCTION custseg._complete_agent(text, jsonb) IS
'Internal: checks a row of agent, and brings its attributes into one form. 22004, 22023: an argument out of range; 42704: no such segment; 42703: no such attribute.';

CREATE FUNCTION custseg._set_agent(portfolio text, p_agent text, p_capacity numeric, p_minimum numeric, p_tiers text[],
	p_segments text[], p_attributes jsonb, p_active boolean, p_valid_until date, p_note text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_tier_exists(portfolio, t.tier, 'tiers') FROM unnest(p_tiers) AS t (tier);
	PERFORM custseg._put_rows(portfolio, 'agents', jsonb_build_array(custseg._complete_agent(portfolio, jsonb_build_object(
		'agent', p_agent, 'capacity', p_capacity, 'minimum', p_minimum, 'tiers', p_tiers, 'segments', p_segments,
		'attributes', p_attributes, 'active', p_active, 'valid_until', p_valid_until, 'note', p_note))));
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_agent(text, text, numeric, numeric, text[], text[], jsonb, boolean, date, text) IS
'Internal: what set_agent does.';

CREATE FUNCTION custseg._check_agents(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT a.agent, t.tier INTO wrong FROM agent AS a CROSS JOIN LATERAL unnest(a.tiers) AS t (tier)
	WHERE NOT EXISTS (SELECT FROM tier AS d WHERE d.tier = t.tier) ORDER BY a.agent, t.tier LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'agent "%" may serve tier %, which the portfolio does not have', wrong.agent, coalesce('"' || wrong.tier || '"', 'null')
			USING ERRCODE = '2BP01', HINT = 'Change the agent with set_agent, or drop him with drop_agent.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_agents(text) IS
'Internal: refuses agents for tiers that the portfolio does not have (2BP01).';

CREATE FUNCTION custseg._check_agent_segments(portfolio text, p_segments text[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known text[];
	wrong text;
BEGIN
	SELECT array_agg(DISTINCT r.segment ORDER BY r.segment) INTO known
	FROM custseg.segment_rule AS r WHERE r.segmentation = custseg._option(portfolio, 'segmentation');
	SELECT s.segment INTO wrong FROM unnest(p_segments) AS s (segment) WHERE s.segment = ANY (known) IS NOT TRUE LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'segment "%" does not exist', wrong
			USING ERRCODE = '42704', HINT = coalesce('The segments of the portfolio are: ' || array_to_string(known, ', ') || '.',
				'The portfolio has no segmentation.');
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_agent_segments(text, text[]) IS
'Internal: raises 42704 for a segment that the segmentation of the portfolio does not have.';

-- The columns of source_customers that agents can be chosen by; NULL: there is no such source.
CREATE FUNCTION custseg._customer_attributes(portfolio text) RETURNS text[]
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (
		SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute AS a
		WHERE a.attrelid = to_regclass('source_customers') AND a.attname <> 'customer_id' AND a.attnum > 0 AND NOT a.attisdropped);
END
$$;
COMMENT ON FUNCTION custseg._customer_attributes(text) IS
'Internal: the columns of source_customers beside customer_id; NULL: no such source.';

-- The attributes of an agent, checked, each with an array of texts.
CREATE FUNCTION custseg._agent_attributes(portfolio text, p_attributes jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known text[] := custseg._customer_attributes(portfolio);
	part record;
	wanted jsonb := '{}';
BEGIN
	IF jsonb_typeof(p_attributes) <> 'object' THEN
		RAISE EXCEPTION 'argument "attributes" is not a jsonb object: %', p_attributes
			USING ERRCODE = '22023', HINT = 'Give columns of source_customers with values: {"region": ["north", "west"]}.';
	END IF;
	FOR part IN SELECT a.* FROM jsonb_each(p_attributes) AS a ORDER BY a.key LOOP
		IF part.key = ANY (known) IS NOT TRUE THEN
			RAISE EXCEPTION 'argument "attributes": source_customers has no column "%"', part.key
				USING ERRCODE = '42703', HINT = coalesce('Its columns are: ' || array_to_string(known, ', ') || '.',
					'The portfolio has no source of customers yet, see custseg.add_source.');
		END IF;
		IF jsonb_typeof(part.value) IN ('string', 'number', 'boolean') THEN
			part.value := jsonb_build_array(part.value);
		END IF;
		IF jsonb_typeof(part.value) <> 'array' OR part.value = '[]' OR EXISTS (
			SELECT FROM jsonb_array_elements(CASE jsonb_typeof(part.value) WHEN 'array' THEN part.value ELSE '[]' END) AS v (value)
			WHERE jsonb_typeof(v.value) NOT IN ('string', 'number', 'boolean'))
		THEN
			RAISE EXCEPTION 'argument "attributes": "%" is not a list of values: %', part.key, part.value
				USING ERRCODE = '22023', HINT = 'Give the values that the agent may serve: {"region": ["north", "west"]}.';
		END IF;
		-- As texts, since columns are compared as texts.
		wanted := wanted || jsonb_build_object(part.key,
			(SELECT jsonb_agg(v.value ORDER BY v.value) FROM jsonb_array_elements_text(part.value) AS v (value)));
	END LOOP;
	RETURN nullif(wanted, '{}');
END
$$;
COMMENT ON FUNCTION custseg._agent_attributes(text, jsonb) IS
'Internal: attributes of an agent with arrays of texts as values. 22023: not such an object; 42703: no such column of source_customers.';

CREATE FUNCTION custseg.set_agent(portfolio text, agent text, capacity numeric DEFAULT NULL, minimum numeric DEFAULT NULL,
	tiers text[] DEFAULT NULL, segments text[] DEFAULT NULL, attributes jsonb DEFAULT NULL, active boolean DEFAULT true,
	valid_until date DEFAULT NULL, note text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_agent(text, text, numeric, numeric, text[], text[], jsonb, boolean, date, text) IS
'Declares somebody who serves customers, or declares him anew: what is not given has its default. capacity: how many customers at most, NULL: no limit; minimum: how many reassign gives him at least. tiers, segments: whom he may serve, NULL: all; attributes: columns of source_customers with values, {"region": ["north"]}; all that is given must fit. active false, or a day from valid_until on: he is away, and the next run gives his customers to others. Tiers ask for service when their service_mode is personal or an agent lists them; when there is none of either, all tiers do as soon as there is an agent. A run keeps who serves whom as long as he is there, may, and has room; the others get an agent who may serve them, the highest score first when there is not room for all, loads in proportion to the room. 22023: a number out of range, an empty list, attributes of another form; 42704: no such portfolio, tier, segment; 42703: no such column; 42501: not the owner.';

CREATE FUNCTION custseg._drop_agent(portfolio text, p_agent text, p_reassign boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	served bigint;
	day date;
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._work_on(portfolio);
	IF p_agent IS NULL OR NOT EXISTS (SELECT FROM agent AS a WHERE a.agent = p_agent) THEN
		RAISE EXCEPTION 'agent % does not exist', coalesce('"' || p_agent || '"', 'null')
			USING ERRCODE = '42704', HINT = 'The agents are in the table agent of the portfolio''s schema.';
	END IF;
	SELECT count(*) INTO served FROM assignment AS a WHERE a.agent = p_agent AND a.until IS NULL;
	IF served > 0 AND p_reassign IS NOT TRUE THEN
		RAISE EXCEPTION 'agent "%" serves % customers', p_agent, served
			USING ERRCODE = '55006',
			HINT = 'With reassign => true others get them as far as there is room; set_agent(..., active => false) lets the next run do it.';
	END IF;
	DELETE FROM agent AS a WHERE a.agent = p_agent;
	IF served > 0 THEN
		SELECT p.last_as_of INTO STRICT day FROM portfolio AS p;
		PERFORM custseg._assign_agents(portfolio, day);
	END IF;
	PERFORM custseg._declared(portfolio);
	RETURN served;
END
$$;
COMMENT ON FUNCTION custseg._drop_agent(text, text, boolean) IS
'Internal: what drop_agent does.';

CREATE FUNCTION custseg.drop_agent(portfolio text, agent text, reassign boolean DEFAULT false) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_agent(text, text, boolean) IS
'Removes an agent; returns how many customers he served. reassign: his customers, if any, get others as of the last run, as far as those have room; see service_gaps for the rest. 55006: he serves customers, and reassign is not true; 42704: no such portfolio or agent; 42501: not the owner.';

CREATE FUNCTION custseg._reassign(portfolio text, p_stickiness float8, p_balance boolean,
	OUT agent text, OUT customers bigint, OUT gained bigint, OUT lost bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._work_on(portfolio);
	IF p_stickiness IS NULL OR p_balance IS NULL THEN
		RAISE EXCEPTION 'arguments "stickiness" and "balance" must not be null'
			USING ERRCODE = '22004', HINT = 'Leave them out for the defaults.';
	END IF;
	SELECT p.last_as_of INTO STRICT day FROM portfolio AS p;
	IF day IS NULL THEN
		RAISE EXCEPTION 'portfolio "%" has not been refreshed yet', portfolio
			USING ERRCODE = '55000', HINT = 'The first run assigns: SELECT * FROM custseg.refresh(portfolio).';
	END IF;
	PERFORM custseg._stage_service(portfolio, day);
	PERFORM custseg._solve_all(portfolio, p_stickiness, p_balance);
	PERFORM custseg._write_assignments(portfolio, day);
	RETURN QUERY
	SELECT a.agent, sum(a.has)::bigint, sum(a.gain)::bigint, sum(a.loss)::bigint
	FROM (
		SELECT g.agent, 0 AS has, 0 AS gain, 0 AS loss FROM agent AS g
		UNION ALL SELECT s.agent, 1, (s.was IS DISTINCT FROM s.agent)::int, 0 FROM stage_service AS s WHERE s.agent IS NOT NULL
		UNION ALL SELECT s.was, 0, 0, (s.was IS DISTINCT FROM s.agent)::int FROM stage_service AS s WHERE s.was IS NOT NULL
	) AS a
	GROUP BY a.agent ORDER BY a.agent;
END
$$;
COMMENT ON FUNCTION custseg._reassign(text, float8, boolean) IS
'Internal: what reassign does.';

CREATE FUNCTION custseg.reassign(portfolio text, stickiness float8 DEFAULT 1, balance boolean DEFAULT false,
	OUT agent text, OUT customers bigint, OUT gained bigint, OUT lost bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100;
COMMENT ON FUNCTION custseg.reassign(text, float8, boolean) IS
'Assigns all customers to agents anew, as of the last run: the most customers served, and among these ways the highest total of scores; minimums of agents hold. Returns each agent with his customers, and how many he gained and lost. stickiness: what keeping the agent is worth, in points of the score, at least 0; with 0 customers move freely. balance: loads as even in proportion to the capacities as the rest allows. A rerun of the same day takes it back. 22023: stickiness out of range, minimums that cannot be met; 22004: NULL; 55000: the portfolio has not been refreshed; 42704: no such portfolio; 42501: not the owner.';
