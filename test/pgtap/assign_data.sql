-- assign on published instances, where CUSTSEG_DATA has them: the assignment problems of OR-Library (J. E. Beasley, 1990) as
-- minimum costs, and 30 small transportation problems whose optimum two other programs found.
\set ON_ERROR_STOP 1
\getenv data CUSTSEG_DATA
\if :{?data}
\else
    \echo 1..0 # SKIP CUSTSEG_DATA is not set
    \quit
\endif

BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;

SELECT plan(15);

-- --- OR-Library: a size, then rows of costs; costs are negative values ---
CREATE TABLE cost (n int, customer int, agent int, cost int);

CREATE FUNCTION pg_temp.load_costs(n int, content text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO cost
    SELECT n, (i - 2) / n + 1, (i - 2) % n + 1, word::int
    FROM regexp_split_to_table(trim(content, E' \r\n'), '\s+') WITH ORDINALITY w(word, i) WHERE i > 1
$$;
SELECT pg_temp.load_costs(n, pg_read_file(:'data' || '/assignment/assign' || n || '.txt')) FROM unnest(ARRAY[100, 200, 300, 400]) n;
SELECT is((SELECT string_agg(n || ' ' || rows, ', ' ORDER BY n) FROM (SELECT n, count(*) AS rows FROM cost GROUP BY n) s),
    '100 10000, 200 40000, 300 90000, 400 160000', 'all costs are read');

SELECT is(count(agent) || ' ' || count(DISTINCT agent) || ' ' || -sum(value), n || ' ' || n || ' ' || optimum, 'assign' || n || ' costs ' || optimum)
FROM (VALUES (100, 305), (200, 475), (300, 626), (400, 804)) o(n, optimum),
    assign(0, 0, format('SELECT customer, agent, -cost FROM cost WHERE n = %s', n), format('SELECT g, 1 FROM generate_series(1, %s) g', n))
GROUP BY n, optimum ORDER BY n;

SELECT is(a, b, 'assign100: the order of rows does not matter') FROM
    (SELECT string_agg(customer || ' ' || agent, ',' ORDER BY customer) AS a FROM assign('SELECT customer, agent, -cost FROM cost WHERE n = 100', 'SELECT g, 1 FROM generate_series(1, 100) g')) x,
    (SELECT string_agg(customer || ' ' || agent, ',' ORDER BY customer) AS b FROM assign('SELECT customer, agent, -cost FROM cost WHERE n = 100 ORDER BY md5(ROW(cost, customer, agent)::text)',
        'SELECT g, 1 FROM generate_series(1, 100) g ORDER BY -g')) y;

-- --- 30 transportation problems ---
CREATE TABLE transport AS
SELECT part, t FROM json_array_elements(pg_read_file(:'data' || '/assignment/transport_small.json')::json) WITH ORDINALITY j(t, part);
CREATE TABLE edge AS
SELECT part, (e ->> 0)::int AS customer, (e ->> 1)::int AS agent, (e ->> 2)::bigint AS value FROM transport, json_array_elements(t -> 'edges') e
UNION ALL SELECT part, customer, NULL, NULL FROM transport, generate_series(0, (t ->> 'n')::int - 1) customer;
CREATE TABLE agent AS SELECT part, i::int - 1 AS agent, c::bigint AS capacity FROM transport, json_array_elements_text(t -> 'cap') WITH ORDINALITY c(c, i);
CREATE TABLE result AS
SELECT part, r.* FROM transport, assign(0, 0, format('SELECT customer, agent, value FROM edge WHERE part = %s', part),
    format('SELECT agent, capacity FROM agent WHERE part = %s', part)) r;
CREATE TABLE summary AS
SELECT part, r.* FROM transport, assign_summary(0, format('SELECT customer, agent, value FROM edge WHERE part = %s', part),
    format('SELECT agent, capacity FROM agent WHERE part = %s', part)) r;

SELECT is((SELECT count(*)::int FROM transport), 30, '30 problems');
SELECT is_empty('SELECT part, t ->> ''n'', count(*) FROM transport JOIN result USING (part) GROUP BY part, t ->> ''n'' HAVING count(*) <> (t ->> ''n'')::int', 'every customer has a row');
SELECT is_empty('SELECT part, t ->> ''max_assigned'', count(agent) FROM transport JOIN result USING (part) GROUP BY 1, 2 HAVING count(agent) <> (t ->> ''max_assigned'')::int', 'as many are served as can be');
SELECT is_empty('SELECT part, t ->> ''max_value_at_max_assigned'', sum(value) FROM transport JOIN result USING (part) GROUP BY 1, 2
    HAVING coalesce(sum(value), 0) <> (t ->> ''max_value_at_max_assigned'')::bigint', 'and at the highest value');
SELECT is_empty('SELECT * FROM result JOIN edge USING (part, customer, agent) WHERE result.value <> edge.value', 'values are those of the edges');
SELECT is_empty('SELECT * FROM result LEFT JOIN edge USING (part, customer, agent) WHERE agent IS NOT NULL AND edge.value IS NULL', 'only eligible agents');
SELECT is_empty('SELECT part, agent FROM result JOIN agent USING (part, agent) GROUP BY part, agent, capacity HAVING count(*) > capacity', 'nobody gets more than the capacity');
SELECT is_empty('SELECT * FROM summary s JOIN agent a USING (part, agent) WHERE s.capacity <> a.capacity
    OR s.load <> (SELECT count(*) FROM result r WHERE r.part = s.part AND r.agent = s.agent)', 'the summary counts loads');
SELECT is_empty('SELECT * FROM summary WHERE load < capacity AND (shadow_customers, shadow_value) <> (0, 0)', 'a slot of an agent with room is worth nothing');

SELECT * FROM finish();
ROLLBACK;
