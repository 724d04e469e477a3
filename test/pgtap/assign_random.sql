-- assign, assign_summary and assign_bound against every possible assignment, on thousands of seeded random problems.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;

SELECT plan(29);
SELECT setseed(0.4);

-- --- problems of many shapes: up to 7 customers and 3 agents ---

CREATE TABLE problem AS
SELECT part, 1 + part % 7 AS n, 1 + part % 3 AS m, part % 5 AS kind, 0.2 + 0.8 * random() AS density,
    CASE WHEN part % 4 = 0 THEN 3 ELSE 0 END AS stickiness
FROM generate_series(1, 2000) part;
CREATE TABLE agent AS
SELECT part, agent, capacity, CASE WHEN part % 6 = 0 THEN floor(random() * (capacity + 1))::int ELSE 0 END AS minimum
FROM (SELECT part, agent, floor(random() * (CASE part % 8 WHEN 0 THEN 1 WHEN 1 THEN 8 ELSE 4 END))::int AS capacity
    FROM problem, generate_series(1, m) agent) s;
CREATE TABLE edge AS
SELECT part, customer, agent, CASE kind WHEN 0 THEN 5 WHEN 1 THEN floor(random() * 3) WHEN 2 THEN floor(random() * 2e6) - 1e6
    WHEN 3 THEN -floor(random() * 4) ELSE floor(random() * 1e12) END::bigint AS value
FROM problem, generate_series(1, n) customer, generate_series(1, m) agent WHERE random() < density;
CREATE TABLE current AS
SELECT part, customer, CASE WHEN random() < 0.8 THEN 1 + floor(random() * 4)::int END AS agent FROM problem, generate_series(1, n + 1) customer WHERE random() < 0.7;
CREATE INDEX ON edge (part);
CREATE INDEX ON agent (part);
CREATE INDEX ON current (part);
ANALYZE;
SELECT cmp_ok((SELECT count(*) FROM edge), '>', 8000::bigint, 'thousands of edges');

-- The queries of a problem. Customers without an edge are declared.
CREATE FUNCTION pg_temp.edges(part int) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT customer, agent, value FROM edge WHERE part = %1$s UNION ALL SELECT customer, NULL, NULL FROM problem, generate_series(1, n) customer WHERE part = %1$s', part) $$;
CREATE FUNCTION pg_temp.agents(part int) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT agent, capacity, minimum FROM agent WHERE part = %s', part) $$;
CREATE FUNCTION pg_temp.currents(part int) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT customer, agent FROM current WHERE part = %s', part) $$;

-- --- every load that there can be, with the best value: customer by customer ---

CREATE TABLE state (part int, loads int[], value numeric);
INSERT INTO state SELECT part, array_fill(0, ARRAY[m]), 0 FROM problem;
CREATE TABLE choice AS
SELECT part, customer, agent, value + CASE WHEN c.agent IS NOT NULL THEN stickiness ELSE 0 END AS value
FROM edge e JOIN problem USING (part) LEFT JOIN current c USING (part, customer, agent);
CREATE INDEX ON choice (part, customer);
DO $$
BEGIN
    FOR i IN 1 .. 7 LOOP
        CREATE TABLE next_state AS
        SELECT part, loads, max(value) AS value FROM (
            SELECT * FROM state
            UNION ALL
            SELECT part, loads[: agent - 1] || (loads[agent] + 1) || loads[agent + 1 :], s.value + c.value FROM state s JOIN choice c USING (part) WHERE customer = i) a
        GROUP BY part, loads;
        DROP TABLE state;
        ALTER TABLE next_state RENAME TO state;
    END LOOP;
END $$;
SELECT cmp_ok((SELECT count(*) FROM state), '>', 20000::bigint, 'tens of thousands of ways');

-- The best of them, with one more slot of the agent `more` (0: none) and within capacities and minimums.
CREATE TABLE best AS
SELECT part, more, served, value FROM (
    SELECT part, more, served, value, row_number() OVER (PARTITION BY part, more ORDER BY served DESC, value DESC) AS place FROM (
        SELECT part, more, (SELECT sum(l) FROM unnest(loads) l) AS served, value FROM state JOIN problem USING (part), generate_series(0, m) more
        WHERE NOT EXISTS (SELECT FROM agent a WHERE a.part = state.part AND NOT loads[a.agent] BETWEEN a.minimum AND a.capacity + (a.agent = more)::int)) f) r
WHERE place = 1;
CREATE TABLE feasible AS SELECT problem.* FROM problem JOIN best USING (part) WHERE more = 0;
SELECT cmp_ok((SELECT count(*) FROM feasible), '>', 1500::bigint, 'most have a solution');

-- --- results ---

CREATE TABLE result AS SELECT part, r.* FROM feasible, assign(0, 0, pg_temp.edges(part), pg_temp.agents(part), pg_temp.currents(part), stickiness) r;
CREATE TABLE summary AS SELECT part, r.* FROM feasible, assign_summary(0, pg_temp.edges(part), pg_temp.agents(part), pg_temp.currents(part), stickiness) r;
CREATE INDEX ON result (part);

SELECT is_empty('SELECT part FROM feasible LEFT JOIN result USING (part) GROUP BY part, n HAVING array_agg(customer) <> (SELECT array_agg(i) FROM generate_series(1, n) i)',
    'a row for each customer, in their order');
SELECT is_empty('SELECT * FROM result LEFT JOIN edge USING (part, customer, agent) WHERE agent IS NOT NULL AND (edge.value IS NULL OR edge.value <> result.value)',
    'only eligible agents, with the value of the edge');
SELECT is_empty('SELECT * FROM result WHERE (agent IS NULL) <> (value IS NULL)', 'a value for who is served');
SELECT is_empty($$SELECT r.part, r.customer, r.gap, max(e.value) - coalesce(r.value, 0) FROM result r LEFT JOIN edge e USING (part, customer)
    GROUP BY r.part, r.customer, r.gap, r.value HAVING r.gap IS DISTINCT FROM max(e.value) - coalesce(r.value, 0)$$, 'the gap to the best eligible agent');
SELECT is_empty($$SELECT a.part, a.agent FROM agent a JOIN feasible USING (part) LEFT JOIN result r USING (part, agent) GROUP BY a.part, a.agent, capacity, minimum
    HAVING NOT count(customer) BETWEEN minimum AND capacity$$, 'capacities and minimums hold');
SELECT is_empty($$SELECT part, b.served, count(agent) FROM best b JOIN result USING (part) WHERE more = 0 GROUP BY part, b.served HAVING count(agent) <> b.served$$,
    'as many are served as can be');
SELECT is_empty($$SELECT part, b.value, sum(c.value) FROM best b LEFT JOIN (result JOIN choice c USING (part, customer, agent)) USING (part) WHERE more = 0 GROUP BY part, b.value
    HAVING coalesce(sum(c.value), 0) <> b.value$$, 'and the value, with stickiness, is the highest');

SELECT is_empty($$SELECT part, agent FROM agent JOIN feasible USING (part) LEFT JOIN summary s USING (part, agent)
    WHERE s.capacity IS DISTINCT FROM agent.capacity::bigint OR s.load IS DISTINCT FROM (SELECT count(*) FROM result r WHERE r.part = agent.part AND r.agent = agent.agent)$$,
    'the summary has every agent, with its load');
SELECT is_empty($$SELECT s.*, m.served - b.served, m.value - b.value FROM summary s JOIN best b ON b.part = s.part AND b.more = 0 JOIN best m ON m.part = s.part AND m.more = s.agent
    WHERE (shadow_customers, shadow_value) IS DISTINCT FROM (m.served - b.served, m.value - b.value)$$, 'shadow prices are what one more slot brings');
SELECT is_empty('SELECT * FROM summary WHERE shadow_customers < 0 OR (shadow_customers = 0 AND shadow_value < 0)',
    'raising a capacity never lowers the pair of served and value');
SELECT is_empty($$SELECT part, b.*, o.* FROM best b JOIN feasible USING (part), assign_bound(pg_temp.edges(part), pg_temp.agents(part), pg_temp.currents(part), stickiness) o
    WHERE more = 0 AND (o.customers, o.served, o.load, o.value, o.bound_served, o.bound_value) <> (n, b.served, b.served, b.value, b.served, b.value)$$, 'assign_bound: the bound is reached');

-- --- permutations, types, functions of the same arguments ---

CREATE FUNCTION pg_temp.digest(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE 'SELECT string_agg(r::text, '';'') FROM (' || query || ') r' INTO result;
    RETURN result;
END $$;
SELECT is_empty($$SELECT part FROM feasible WHERE part % 3 = 0 AND
    pg_temp.digest(format('SELECT * FROM assign(%L, %L, %L, %s)', pg_temp.edges(part), pg_temp.agents(part), pg_temp.currents(part), stickiness)) IS DISTINCT FROM
    pg_temp.digest(format('SELECT * FROM assign(%L, %L, %L, %s)', 'SELECT * FROM (' || pg_temp.edges(part) || ') e ORDER BY hashtext(e::text)', pg_temp.agents(part) || ' ORDER BY -agent',
        pg_temp.currents(part) || ' ORDER BY -customer', stickiness))$$, 'the order of rows does not matter');
SELECT is_empty($$SELECT part FROM feasible WHERE part % 3 = 0 AND
    pg_temp.digest(format('SELECT customer, agent, value::int8 FROM assign(%L, %L, %L, %s)', pg_temp.edges(part), pg_temp.agents(part), pg_temp.currents(part), stickiness)) IS DISTINCT FROM
    pg_temp.digest(format('SELECT customer, agent, value::int8 FROM assign(0::bigint, 0::smallint, %L, %L, %L, %s)',
        'SELECT customer::bigint, agent::smallint, value::float8 FROM (' || pg_temp.edges(part) || ') e', 'SELECT agent::smallint, capacity::numeric, minimum::float8 FROM agent WHERE part = ' || part,
        pg_temp.currents(part), stickiness))$$, 'nor does the width of keys, or the type of numbers');
SELECT is_empty($$SELECT b.part, sum(c.value) FROM (
        SELECT part, replace(r.customer, 'customer ', '')::int AS customer, right(r.agent::text, 1)::int AS agent FROM feasible, assign(''::text, NULL::uuid,
            'SELECT ''customer '' || customer, lpad(agent::text, 32, ''0'')::uuid, value FROM (' || pg_temp.edges(part) || ') e',
            'SELECT lpad(agent::text, 32, ''0'')::uuid, capacity, minimum FROM agent WHERE part = ' || part,
            'SELECT ''customer '' || customer, lpad(agent::text, 32, ''0'')::uuid FROM current WHERE part = ' || part, stickiness) r WHERE part % 3 = 1) r
    JOIN choice c USING (part, customer, agent) JOIN best b USING (part) WHERE more = 0 GROUP BY b.part, b.value, b.served
    HAVING (count(*), sum(c.value)) <> (b.served, b.value)$$, 'texts and uuids: as good');
SELECT is_empty($$SELECT part FROM feasible WHERE part % 3 = 2 AND
    pg_temp.digest(format('SELECT customer, agent, trim_scale(value * 100) AS value, trim_scale(gap * 100) AS gap FROM assign(%L, %L, %L, %s)', 'SELECT customer, agent, value / 100.0 FROM (' || pg_temp.edges(part) || ') e',
        pg_temp.agents(part), pg_temp.currents(part), stickiness / 100.0)) IS DISTINCT FROM
    pg_temp.digest(format('SELECT customer, agent, trim_scale(value) AS value, trim_scale(gap) AS gap FROM assign(%L, %L, %L, %s)', pg_temp.edges(part), pg_temp.agents(part), pg_temp.currents(part), stickiness))$$,
    'cents instead of units');

-- --- minimums that cannot be met ---

CREATE FUNCTION pg_temp.state_of(edges text, agents text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM assign(edges, agents);
    RETURN 'served';
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN regexp_replace(SQLERRM, '\d+', 'N', 'g');
END $$;
SELECT is_empty($$SELECT * FROM (SELECT part, pg_temp.state_of(pg_temp.edges(part), pg_temp.agents(part)) AS state FROM problem WHERE part NOT IN (SELECT part FROM feasible)) s
    WHERE state <> 'not every agent can have the minimum: N missing, agent N among those who get too little'$$, 'an error where no way meets the minimums');

-- --- balance: the best, and among them the least sum of load^2 / capacity ---

CREATE TABLE balanced AS SELECT part, r.* FROM feasible, assign(0, 0, pg_temp.edges(part), pg_temp.agents(part), pg_temp.currents(part), stickiness, true) r;
SELECT is_empty($$SELECT part, b.served, count(agent) FROM best b JOIN balanced USING (part) WHERE more = 0 GROUP BY part, b.served HAVING count(agent) <> b.served$$,
    'balanced: as many are served');
SELECT is_empty($$SELECT part, b.value, sum(c.value) FROM best b LEFT JOIN (balanced JOIN choice c USING (part, customer, agent)) USING (part) WHERE more = 0 GROUP BY part, b.value
    HAVING coalesce(sum(c.value), 0) <> b.value$$, 'the value is the highest, too');
-- 420 is a multiple of every capacity
CREATE TABLE penalty AS
SELECT part, min(sum) AS least FROM (
    SELECT s.part, s.loads, sum(CASE WHEN capacity > 0 THEN s.loads[agent] ^ 2 * 420 / capacity ELSE 0 END)::int FROM state s JOIN best b USING (part, value) JOIN agent a USING (part)
    WHERE more = 0 AND (SELECT sum(l) FROM unnest(loads) l) = served
        AND NOT EXISTS (SELECT FROM agent a WHERE a.part = s.part AND NOT loads[a.agent] BETWEEN a.minimum AND a.capacity) GROUP BY s.part, s.loads) p
GROUP BY part;
SELECT is_empty($$SELECT part, least, p FROM penalty JOIN (
        SELECT part, sum(CASE WHEN capacity > 0 THEN l ^ 2 * 420 / capacity ELSE 0 END)::int AS p
        FROM (SELECT a.part, a.agent, a.capacity, count(customer) AS l FROM agent a JOIN feasible USING (part) LEFT JOIN balanced USING (part, agent) GROUP BY 1, 2, 3) l GROUP BY part) x USING (part)
    WHERE least <> p$$, 'and the loads are as even as they can be');
SELECT isnt_empty($$SELECT part FROM result r JOIN balanced b USING (part, customer) WHERE r.agent <> b.agent$$, 'which is not the same without balance');
SELECT is_empty($$SELECT part, agent, count(*) FROM balanced JOIN summary USING (part, agent) GROUP BY part, agent, shadow_customers, shadow_value, load
    HAVING count(*) <> load AND (shadow_customers > 0 OR shadow_value > 0)$$, 'a full agent whose slots are worth something stays full');

-- --- explanations ---

CREATE TABLE explanation AS
SELECT part, customer, e.* FROM feasible JOIN result USING (part),
    assign_explain(customer::text, pg_temp.edges(part), pg_temp.agents(part), pg_temp.currents(part), stickiness) e WHERE part % 9 = 0;
SELECT is_empty($$SELECT part, customer FROM result r LEFT JOIN explanation e USING (part, customer) WHERE part % 9 = 0 GROUP BY part, customer, r.agent
    HAVING r.agent::text IS DISTINCT FROM max(e.agent) FILTER (WHERE chosen)$$, 'the chosen agent is that of assign');
SELECT is_empty($$SELECT part, customer, agent::text FROM explanation FULL JOIN (SELECT part, customer, agent::text, value FROM edge JOIN feasible USING (part) WHERE part % 9 = 0) c USING (part, customer, agent)
    WHERE explanation.value IS DISTINCT FROM c.value$$, 'every eligible agent is explained');
SELECT is_empty($$SELECT * FROM explanation WHERE net_value <> value + bonus - shadow_value OR (reason = 'chosen') <> chosen OR reason IS NULL$$, 'net values and reasons');
SELECT is_empty($$SELECT * FROM explanation c JOIN explanation o USING (part, customer) JOIN problem USING (part)
    WHERE c.chosen AND part % 6 <> 0 AND (o.shadow_customers, -o.net_value) < (c.shadow_customers, -c.net_value)$$, 'without minimums nobody has a better net value than the chosen one');
SELECT is_empty($$SELECT part, summary.agent FROM explanation JOIN summary USING (part) WHERE explanation.agent = summary.agent::text
    AND (explanation.shadow_customers, explanation.shadow_value, explanation.load, explanation.capacity) <> (summary.shadow_customers, summary.shadow_value, summary.load, summary.capacity)$$, 'the same prices and loads');

SELECT * FROM finish();
ROLLBACK;
