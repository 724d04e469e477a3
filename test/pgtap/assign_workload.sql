-- assign with customers of unequal load: minimums, against every solution there is; loads of a thousand million; bounds close
-- to the result where there are many customers; what more capacity is worth.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;

SELECT plan(17);
SELECT setseed(0.4);

-- --- minimums: up to 6 customers and 3 agents ---

CREATE TABLE problem AS SELECT part, 1 + part % 6 AS n, 1 + part % 3 AS m FROM generate_series(1, 300) part;
CREATE TABLE agent AS
SELECT part, agent, capacity, CASE WHEN random() < 0.6 THEN floor(random() * (capacity + 1))::int ELSE 0 END AS minimum
FROM (SELECT part, agent, floor(random() * 15)::int AS capacity FROM problem, generate_series(1, m) agent) a;
CREATE TABLE customer AS
SELECT part, customer, (1 + floor(random() * 6))::int * unit AS load
FROM (SELECT *, CASE part % 3 WHEN 0 THEN 100000000 ELSE 1 END AS unit FROM problem) p, generate_series(1, n) customer;
UPDATE agent SET capacity = capacity * 100000000, minimum = minimum * 100000000 WHERE part % 3 = 0;
CREATE TABLE edge AS
SELECT part, customer, agent, (floor(random() * 200) - 40)::int AS value, load
FROM customer JOIN agent USING (part) WHERE random() < 0.85;
CREATE INDEX ON edge (part, customer);
CREATE INDEX ON agent (part);
CREATE INDEX ON customer (part);
ANALYZE;

CREATE FUNCTION pg_temp.edges(part int) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT customer, agent, value, load FROM edge WHERE part = %1$s UNION ALL SELECT customer, NULL, NULL, load FROM customer WHERE part = %1$s', part) $$;
CREATE FUNCTION pg_temp.agents(part int) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT agent, capacity, minimum FROM agent WHERE part = %s', part) $$;

-- every sum of loads that there can be, with how many are served and the best value
CREATE TABLE state (part int, loads bigint[], served int, value int);
INSERT INTO state SELECT part, array_fill(0::bigint, ARRAY[m]), 0, 0 FROM problem;
DO $$
BEGIN
    FOR i IN 1 .. 6 LOOP
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
CREATE TABLE best AS
SELECT part, served, max(value) AS value FROM state s
WHERE NOT EXISTS (SELECT FROM agent a WHERE a.part = s.part AND s.loads[agent] < minimum) GROUP BY part, served;
CREATE TABLE optimum AS SELECT DISTINCT ON (part) part, served, value FROM best ORDER BY part, served DESC;

-- equal loads whose minimums cannot be met are an error, as without loads
CREATE TABLE bound (part int, customers bigint, served bigint, load bigint, value numeric, bound_served bigint, bound_value numeric);
CREATE TABLE result (part int, agent int, load bigint);
CREATE TABLE failed (part int, state text);
DO $$
DECLARE
    p int;
BEGIN
    FOR p IN SELECT part FROM problem LOOP
        BEGIN
            INSERT INTO bound SELECT p, b.* FROM assign_bound(pg_temp.edges(p), pg_temp.agents(p)) b;
            INSERT INTO result SELECT p, s.agent, s.load FROM assign_summary(0, pg_temp.edges(p), pg_temp.agents(p)) s;
        EXCEPTION WHEN invalid_parameter_value THEN
            INSERT INTO failed VALUES (p, SQLSTATE);
        END;
    END LOOP;
END $$;
CREATE TABLE met AS
SELECT part, bool_and(result.load >= minimum) AS met FROM result JOIN agent USING (part, agent) GROUP BY part;

SELECT is_empty('SELECT part FROM failed JOIN optimum USING (part)', 'an error says that minimums cannot be met, and they cannot');
SELECT is_empty('SELECT * FROM result JOIN agent USING (part, agent) WHERE result.load > capacity', 'capacities hold whatever minimums are');
SELECT is_empty('SELECT part FROM met WHERE met EXCEPT SELECT part FROM optimum', 'minimums are met only where they can be');
SELECT cmp_ok((SELECT count(*) FROM met JOIN optimum USING (part) WHERE NOT met), '<=', 6::bigint, 'and hardly ever missed there');
SELECT cmp_ok((SELECT count(*) FROM met WHERE met), '>', 100::bigint, 'many cases can be compared');
SELECT is_empty('SELECT * FROM bound JOIN met USING (part) JOIN optimum o USING (part) WHERE met AND bound_served < o.served', 'nobody can serve more than the bound');
SELECT is_empty('SELECT * FROM bound JOIN met USING (part) JOIN best o USING (part) WHERE met AND o.served >= bound.served AND o.value > bound_value', 'nor find more value for as many');
SELECT is_empty('SELECT * FROM bound JOIN met USING (part) JOIN optimum o USING (part) WHERE met AND (bound.served, bound.value) > (o.served, o.value)', 'no result is better than the best');
SELECT is_empty('SELECT * FROM bound WHERE (bound_served, bound_value) < (served, value) OR bound_value < value', 'bounds are not below the result');
SELECT cmp_ok((SELECT count(*) FROM bound JOIN met USING (part) JOIN optimum o USING (part) WHERE met AND (bound.served, bound.value) = (o.served, o.value)), '>=',
    (SELECT count(*) * 8 / 10 FROM met WHERE met), 'four of five are the best');

-- --- many customers: the bound is close ---

CREATE TABLE big AS
SELECT c AS customer, (c * 7 + k * (1 + c % 5)) % 30 AS agent, 100 + (c * 7919 + k * k * 104729) % 900 AS value, 1 + (c * 31) % 17 AS load
FROM generate_series(1, 6000) c, generate_series(0, 4) k;
SELECT ok(served = bound_served AND served = customers AND bound_value - value < value * 0.001, 'room for all: bound within 0.1 % of the value')
FROM assign_bound('TABLE big', 'SELECT a, 1900 FROM generate_series(0, 29) a');
SELECT ok(bound_served - served <= 1 AND served < customers AND bound_value - value < value * 0.02, 'room for some: one customer, and 2 %')
FROM assign_bound('TABLE big', 'SELECT a, 1500 FROM generate_series(0, 29) a');
SELECT is((SELECT min(load) >= 1750 FROM assign_summary('TABLE big', 'SELECT a, 1900, 1750 FROM generate_series(0, 29) a')), true, 'minimums are met');
SELECT cmp_ok((SELECT max(load) - min(load) FROM assign_summary('SELECT customer, agent, 1, load FROM big', 'SELECT a, 2500 FROM generate_series(0, 29) a', balance => true)), '<=', 20::bigint,
    'balance evens loads out');

-- --- edges ---

SELECT results_eq($$SELECT * FROM assign_bound('SELECT c, 1, 5, c + 10 FROM generate_series(1, 3) c', 'SELECT 1, 10')$$,
    $$VALUES (3::bigint, 0::bigint, 0::bigint, 0::numeric, 0::bigint, 0::numeric)$$, 'an agent whose capacity is below every load');
SELECT results_eq($$SELECT load, shadow_customers, shadow_value, shadow_load FROM assign_summary('SELECT c, 1, 10, c FROM generate_series(1, 4) c', 'SELECT 1, 6')$$,
    $$VALUES (6::bigint, 1::bigint, 10::numeric, 4::bigint)$$, 'four units more would serve one more');
SELECT results_eq($$SELECT served, load, bound_served FROM assign_bound('SELECT c, 1, 1, 1000000000 - c FROM generate_series(1, 3) c', 'SELECT 1, 1000000000000')$$,
    $$VALUES (3::bigint, 2999999994::bigint, 3::bigint)$$, 'large loads');

SELECT * FROM finish();
ROLLBACK;
