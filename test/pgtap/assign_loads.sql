-- assign with customers of unequal load: a valid assignment, and bounds that hold, on seeded random problems whose every
-- solution is known. The optimum itself is not promised.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;

SELECT plan(11);
SELECT setseed(0.7);

-- --- problems of up to 7 customers and 3 agents ---

CREATE TABLE problem AS SELECT part, 1 + part % 7 AS n, 1 + part % 3 AS m FROM generate_series(1, 600) part;
CREATE TABLE agent AS
SELECT part, agent, floor(random() * 12)::int AS capacity FROM problem, generate_series(1, m) agent;
CREATE TABLE customer AS
SELECT part, customer, CASE part % 4 WHEN 0 THEN 3 ELSE 1 + floor(random() * 5) END::int AS load FROM problem, generate_series(1, n) customer;
CREATE TABLE edge AS
SELECT part, customer, agent, load, CASE part % 5 WHEN 0 THEN 1 WHEN 1 THEN floor(random() * 3) - 1 ELSE floor(random() * 1000) END::int AS value
FROM customer JOIN agent USING (part) WHERE random() < 0.8;
CREATE INDEX ON edge (part, customer);
CREATE INDEX ON agent (part);
CREATE INDEX ON customer (part);
ANALYZE;

CREATE FUNCTION pg_temp.edges(part int) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT customer, agent, value, load FROM edge WHERE part = %1$s UNION ALL SELECT customer, NULL, NULL, load FROM customer WHERE part = %1$s', part) $$;
CREATE FUNCTION pg_temp.agents(part int) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT agent, capacity FROM agent WHERE part = %s', part) $$;

-- --- every sum of loads that there can be, with how many are served and the best value ---

CREATE TABLE state (part int, loads int[], served int, value int);
INSERT INTO state SELECT part, array_fill(0, ARRAY[m]), 0, 0 FROM problem;
DO $$
BEGIN
    FOR i IN 1 .. 7 LOOP
        CREATE TABLE next_state AS
        SELECT part, loads, served, max(value) AS value FROM (
            SELECT * FROM state
            UNION ALL
            SELECT part, loads[: agent - 1] || (loads[agent] + e.load) || loads[agent + 1 :], served + 1, s.value + e.value
            FROM state s JOIN edge e USING (part) JOIN agent a USING (part, agent) WHERE customer = i AND loads[agent] + e.load <= capacity) a
        GROUP BY part, loads, served;
        DROP TABLE state;
        ALTER TABLE next_state RENAME TO state;
    END LOOP;
END $$;
CREATE TABLE best AS SELECT part, served, max(value) AS value FROM state GROUP BY part, served;
CREATE TABLE optimum AS SELECT DISTINCT ON (part) part, served, value FROM best ORDER BY part, served DESC;

CREATE TABLE result AS SELECT part, r.* FROM problem, assign(0, 0, pg_temp.edges(part), pg_temp.agents(part)) r;
CREATE TABLE bound AS SELECT part, b.* FROM problem, assign_bound(pg_temp.edges(part), pg_temp.agents(part)) b;
CREATE TABLE balanced AS SELECT part, r.* FROM problem, assign(0, 0, pg_temp.edges(part), pg_temp.agents(part), balance => true) r;

SELECT is_empty('SELECT part FROM problem LEFT JOIN result USING (part) GROUP BY part, n HAVING count(customer) <> n', 'a row for each customer');
SELECT is_empty('SELECT * FROM result LEFT JOIN edge USING (part, customer, agent) WHERE agent IS NOT NULL AND edge.value IS DISTINCT FROM result.value::int', 'only eligible agents');
SELECT is_empty('SELECT part, agent FROM result JOIN customer USING (part, customer) JOIN agent USING (part, agent) GROUP BY part, agent, capacity HAVING sum(load) > capacity', 'capacities hold');
SELECT is_empty('SELECT part, agent FROM balanced JOIN customer USING (part, customer) JOIN agent USING (part, agent) GROUP BY part, agent, capacity HAVING sum(load) > capacity', 'balanced, too');
SELECT is_empty($$SELECT part, o.* FROM bound b JOIN (SELECT part, count(agent) AS served, coalesce(sum(load) FILTER (WHERE agent IS NOT NULL), 0) AS load, coalesce(sum(value), 0) AS value
        FROM result JOIN customer USING (part, customer) GROUP BY part) o USING (part) WHERE (b.served, b.load, b.value) <> (o.served, o.load, o.value)$$, 'assign_bound counts what assign does');
SELECT is_empty('SELECT * FROM bound JOIN optimum o USING (part) WHERE bound_served < o.served', 'nobody can serve more than the bound');
SELECT is_empty('SELECT * FROM bound JOIN best o USING (part) WHERE o.served >= bound.served AND o.value > bound_value', 'nor find more value for as many');
SELECT is_empty('SELECT * FROM bound JOIN optimum o USING (part) WHERE (bound.served, bound.value) > (o.served, o.value)', 'and no result is better than the best');
SELECT is_empty('SELECT * FROM bound JOIN optimum o USING (part) WHERE part % 4 = 0 AND (bound.served, bound.value) <> (o.served, o.value)', 'equal loads are solved exactly');
SELECT cmp_ok((SELECT count(*) FROM bound JOIN optimum o USING (part) WHERE (bound.served, bound.value) = (o.served, o.value)), '>=', 480::bigint, 'four of five are the best');
SELECT is_empty($$SELECT part FROM problem, LATERAL (SELECT array_agg(agent ORDER BY customer) AS a FROM result r WHERE r.part = problem.part) x, LATERAL (SELECT array_agg(agent ORDER BY customer) AS b
    FROM assign(0, 0, 'SELECT * FROM (' || pg_temp.edges(part) || ') e ORDER BY hashtext(e::text)', pg_temp.agents(part) || ' ORDER BY -agent')) y WHERE a IS DISTINCT FROM b$$, 'the order of rows does not matter');

SELECT * FROM finish();
ROLLBACK;
