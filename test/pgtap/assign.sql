-- assign, assign_summary, assign_bound and assign_explain by hand, and every error.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(108);

CREATE TABLE edge (customer int, agent text, value numeric(12,2));
INSERT INTO edge VALUES (1, 'a', 10.50), (1, 'b', 7), (2, 'a', 9), (2, 'b', 8.25), (3, NULL, NULL), (4, 'a', 1);
CREATE TABLE agent (agent text, capacity int);
INSERT INTO agent VALUES ('b', 1), ('a', 1), ('z', 0);

-- Rows of a call as one text; NULL is -.
CREATE FUNCTION pg_temp.rows(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT string_agg(translate(r::text, ''()"'', ''''), '' | '') FROM %s r', call) INTO result;
    RETURN result;
END $$;
-- assign of literal rows.
CREATE FUNCTION pg_temp.assigned(edges text, agents text, more text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.rows(format('assign(%L, %L%s)', 'SELECT * FROM (VALUES ' || edges || ') e', 'SELECT * FROM (VALUES ' || agents || ') a', more))
$$;
-- Message, hint and state of an error, or what else a call returned.
CREATE FUNCTION pg_temp.failure(edges text, agents text, more text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    RETURN pg_temp.assigned(edges, agents, more);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ': ' || SQLERRM || coalesce('. ' || nullif(hint, ''), '');
END $$;

-- --- who serves whom ---
SELECT is(pg_temp.rows('assign(''TABLE edge'', ''TABLE agent'')'), '1,a,10.50,0.00 | 2,b,8.25,0.75 | 3,,, | 4,,,1.00', 'most served, then most value; in key order; gaps');
SELECT is(pg_temp.rows('assign_summary(''TABLE edge'', ''TABLE agent'')'), 'a,1,1,1,1.00,1 | b,1,1,1,-2.50,1 | z,0,0,0,0.00,1', 'loads and shadow prices');
SELECT is(pg_temp.rows('assign_bound(''TABLE edge'', ''TABLE agent'')'), '4,2,2,18.75,2,18.75', 'the whole');
SELECT is(pg_temp.assigned('(1, 1, 5), (1, 2, 7)', '(1, 9), (2, 9)'), '1,2,7,0', 'the better one');
SELECT is(pg_temp.assigned('(1, 1, 5), (2, 1, -7)', '(1, 2)'), '1,1,5,0 | 2,1,-7,0', 'a negative value is better than nobody');
SELECT is(pg_temp.assigned('(1, 1, -5), (2, 1, -7)', '(1, 1)'), '1,1,-5,0 | 2,,,-7', 'the less negative one');
SELECT is(pg_temp.assigned('(1, 1, 100), (1, 2, 1), (2, 1, 1)', '(1, 1), (2, 1)'), '1,2,1,99 | 2,1,1,0', 'two served before one of high value');
SELECT is(pg_temp.assigned('(1, 1, 100)', '(1, 0)'), '1,,,100', 'capacity 0');
SELECT is(pg_temp.assigned('(1, 1, 100)', '(1, 1), (2, 5), (3, 0)'), '1,1,100,0', 'agents whom nobody may have');
SELECT is(pg_temp.assigned('(1, NULL::int, NULL::int)', '(1, 1)'), '1,,,', 'nobody is eligible');
SELECT is(pg_temp.assigned('(1, NULL::int, 7), (1, 1, 3), (1, NULL, NULL)', '(1, 1)'), '1,1,3,0', 'rows without an agent only declare the customer');
SELECT is(pg_temp.assigned('(NULL::int, 1, 7), (1, 1, 3)', '(1, 1), (NULL, 3)'), '1,1,3,0', 'rows without a customer, or without an agent in agents, are skipped');
SELECT is(pg_temp.rows('assign(''SELECT 1, 1, 1 WHERE false'', ''SELECT 1, 1 WHERE false'')'), NULL, 'no rows at all');
SELECT is(pg_temp.rows('assign(''SELECT 1, NULL::int, 1'', ''SELECT 1, 1 WHERE false'')'), '1,,,', 'a customer, no agents');
SELECT is(pg_temp.rows('assign_summary(''SELECT 1, 1, 1 WHERE false'', ''SELECT 1, 1'')'), '1,0,1,0,0,1', 'an agent, no customers');
SELECT is(pg_temp.rows('assign_bound(''SELECT 1, 1, 1 WHERE false'', ''SELECT 1, 1 WHERE false'')'), '0,0,0,0,0,0', 'nothing is bounded by nothing');

-- --- keys ---
SELECT is(pg_temp.assigned('(10, 1, 1), (9, 1, 1), (-1, 1, 1)', '(1, 3)'), '-1,1,1,0 | 9,1,1,0 | 10,1,1,0', 'integers by value');
SELECT is(pg_temp.assigned('(''b'', ''x'', 1), (''B'', ''x'', 1), (''a'', ''x'', 1), (''ä'', ''x'', 1), ('''', ''x'', 1), (''ab'', ''x'', 1)', '(''x'', 9)'), ',x,1,0 | B,x,1,0 | a,x,1,0 | ab,x,1,0 | b,x,1,0 | ä,x,1,0', 'texts by bytes');
SELECT is(pg_temp.assigned('(9223372036854775807, 1, 1), (-9223372036854775808, 1, 1)', '(1, 3)'), '-9223372036854775808,1,1,0 | 9223372036854775807,1,1,0', 'the ends of bigint');
SELECT is(pg_temp.assigned('(1::bigint, 1::smallint, 1)', '(1::bigint, 3)'), '1,1,1,0', 'widths of integers may differ');
SELECT is(pg_temp.assigned('(repeat(''x'', 100000) || 1, ''x''::varchar, 1), (repeat(''x'', 100000) || 2, ''x'', 1)', '(''x'', 1)', '') ~ 'x1,x,1,0 \| x+2,,,1$|x1,,,1 \| x+2,x,1,0$', true, 'long keys, varchar');
SELECT is((SELECT pg_typeof(customer) || ' ' || pg_typeof(agent) || ' ' || r::text FROM assign(NULL::bigint, NULL::text, 'TABLE edge', 'TABLE agent') r LIMIT 1), 'bigint text (1,a,10.50,0.00)', 'keys in their types');
SELECT is((SELECT pg_typeof(customer) || ' ' || pg_typeof(agent) || ' ' || r::text FROM assign(NULL::uuid, 5::smallint, 'SELECT ''00000000-0000-0000-0000-000000000007''::uuid, 3::int2, 4', 'SELECT 3::int2, 1') r),
    'uuid smallint (00000000-0000-0000-0000-000000000007,3,4,0)', 'uuid and smallint');
SELECT is((SELECT pg_typeof(agent) || ' ' || r::text FROM assign_summary(NULL::bigint, 'SELECT 1, 3, 4', 'SELECT 3, 1') r), 'bigint (3,1,1,0,0,1)', 'assign_summary with a type of agent');
SELECT is((SELECT pg_typeof(agent) || ' ' || r::text FROM assign_summary('SELECT 1, 3, 4', 'SELECT 3, 1') r), 'text (3,1,1,0,0,1)', 'and as text');
SELECT throws_ok('SELECT * FROM assign(0::smallint, ''''::text, ''TABLE edge'', ''TABLE agent'')', '42804', 'the customer column has type integer, and customer_key has type smallint');
SELECT throws_ok('SELECT * FROM assign(0, 0, ''TABLE edge'', ''TABLE agent'')', '42804', 'the agent column has type text, and agent_key has type integer');
SELECT throws_ok('SELECT * FROM assign_summary(0, ''TABLE edge'', ''TABLE agent'')', '42804', 'the agent column has type text, and agent_key has type integer');
SELECT is(pg_temp.failure('(1, 1, 1)', '(''1'', 1)'), '42804: the agent has type integer in argument "edges", and type text in argument "agents". Cast the column in one of the queries, so that both are integers, texts or uuids.', 'types of agents differ');
SELECT is(pg_temp.failure('(1, 1, 1)', '(1, 1)', ', ''SELECT ''''1'''', 1'''), '42804: the customer has type text in argument "current", and type integer in argument "edges". Cast the column in one of the queries, so that both are integers, texts or uuids.', 'types of customers differ');
SELECT is(pg_temp.failure('(1, 1, 1)', '(1, 1)', ', ''SELECT 1, gen_random_uuid()'''), '42804: the agent has type uuid in argument "current", and type integer in argument "agents". Cast the column in one of the queries, so that both are integers, texts or uuids.', 'types of current agents differ');

-- --- values and their scale ---
SELECT is(pg_temp.assigned('(1, 1, 1.5), (2, 1, 2), (3, 1, 0.125)', '(1, 3)'), '1,1,1.500,0.000 | 2,1,2.000,0.000 | 3,1,0.125,0.000', 'the most decimals that there are');
SELECT is(pg_temp.assigned('(1, 1, 0.1::float8), (2, 1, 0.25)', '(1, 3)'), '1,1,0.10,0.00 | 2,1,0.25,0.00', 'float8 as its shortest decimal');
SELECT is(pg_temp.assigned('(1, 1, 0.1::float4)', '(1, 3)'), '1,1,0.1,0.0', 'real, too');
SELECT is(pg_temp.assigned('(1, 1, 1099511627776), (1, 2, -1099511627776)', '(1, 3), (2, 3)'), '1,1,1099511627776,0', '2^40');
SELECT is(pg_temp.assigned('(1, 1, 10995116277.76)', '(1, 3)'), '1,1,10995116277.76,0.00', 'with two decimals');
SELECT is(pg_temp.assigned('(1, 1, 10995116277.764), (2, 1, 0.05)', '(1, 3)'), '1,1,10995116277.76,0.00 | 2,1,0.05,0.00', 'a third is rounded');
SELECT is(pg_temp.assigned('(1, 1, 1099511627776), (2, 1, 0.5), (3, 1, 0.4999999999999999999999999999999999999999999999999), (4, 1, -0.5), (5, 1, 1e-100), (6, 1, -1.5)', '(1, 9)'),
    '1,1,1099511627776,0 | 2,1,1,0 | 3,1,0,0 | 4,1,-1,0 | 5,1,0,0 | 6,1,-2,0', 'rounded once, half away from zero');
SELECT is(pg_temp.assigned('(5, 1, 1e-100), (3, 1, 0.4999999999999999999999999999999999999999999999999), (6, 1, -1.5), (4, 1, -0.5), (2, 1, 0.5), (1, 1, 1099511627776)', '(1, 9)'),
    '1,1,1099511627776,0 | 2,1,1,0 | 3,1,0,0 | 4,1,-1,0 | 5,1,0,0 | 6,1,-2,0', 'whatever came first');
SELECT is(pg_temp.assigned('(1, 1, 1e-20), (2, 1, 3e-20)', '(1, 1)'), '1,,,0.00000000000000000001 | 2,1,0.00000000000000000003,0.00000000000000000000', 'tiny values');
SELECT is(pg_temp.assigned('(1, 1, pi()), (1, 2, pi() + 1e-12)', '(1, 1), (2, 1)'), '1,1,3.14159265359,0.00000000000', 'eleven decimals of pi');
SELECT is(pg_temp.failure('(1, 1, 1099511627777)', '(1, 1)'), '22003: the value of customer 1 and agent 1 must be a finite number of at most 1099511627776, not 1099511627777. Divide all values by a common factor.', 'above 2^40');
SELECT is(pg_temp.failure('(1, 1, -1e300::float8)', '(1, 1)'), '22003: the value of customer 1 and agent 1 must be a finite number of at most 1099511627776, not -1e+300. Divide all values by a common factor.', 'far above');
SELECT is(pg_temp.failure('(1, ''x'', ''NaN''::numeric)', '(''x'', 1)'), '22023: the value of customer 1 and agent x must be a finite number of at most 1099511627776, not NaN. Leave such rows out.', 'NaN');
SELECT is(pg_temp.failure('(1, 1, ''-Infinity''::float8)', '(1, 1)'), '22023: the value of customer 1 and agent 1 must be a finite number of at most 1099511627776, not -Infinity. Leave such rows out.', 'infinity');
SELECT is(pg_temp.failure('(1, 1, ''Infinity''::numeric)', '(1, 1)'), '22023: the value of customer 1 and agent 1 must be a finite number of at most 1099511627776, not Infinity. Leave such rows out.', 'a numeric one');
SELECT is(pg_temp.failure('(1, 1, NULL::int)', '(1, 1)'), '22004: the value of customer 1 and agent 1 must be a finite number of at most 1099511627776, not NULL. Leave the row out when the agent may not serve the customer, or use coalesce(value, 0).', 'NULL');

-- --- errors of edges and agents ---
SELECT is(pg_temp.failure('(1, 2, 3), (1, 1, 1), (1, 2, 5)', '(1, 1), (2, 1)'), '21000: the edge of customer 1 and agent 2 comes more than once. The query in argument "edges" must return one row for each pair, for example with GROUP BY.', 'a pair twice');
SELECT is(pg_temp.failure('(''x'', 2, 3), (''x'', 2, 3)', '(1, 1), (2, 1)'), '21000: the edge of customer x and agent 2 comes more than once. The query in argument "edges" must return one row for each pair, for example with GROUP BY.', 'an equal pair, too');
SELECT is(pg_temp.failure('(1, 7, 3)', '(1, 1)'), '22023: agent 7 of customer 1 is not in argument "agents". Every agent needs a row there. Leave edges of others out, for example by a join.', 'an unknown agent');
SELECT is(pg_temp.failure('(1, 1, 3)', '(1, 1), (1, 2)'), '21000: agent 1 comes more than once. The query in argument "agents" must return one row for each agent.', 'an agent twice');
SELECT is(pg_temp.failure('(1, 1, 3)', '(1, NULL::int)'), '22004: the capacity of agent 1 must not be NULL. An agent who can take nobody has the capacity 0.', 'capacity NULL');
SELECT is(pg_temp.failure('(1, 1, 3)', '(1, 1.5)'), '22023: the capacity of agent 1 must be a whole number from 0 to 1000000000000, not 1.5. Round it in the query, or count in a smaller unit, such as minutes instead of hours.', 'a broken capacity');
SELECT is(pg_temp.failure('(1, 1, 3)', '(1, -1)'), '22023: the capacity of agent 1 must be a whole number from 0 to 1000000000000, not -1. Round it in the query, or count in a smaller unit, such as minutes instead of hours.', 'a negative one');
SELECT is(pg_temp.failure('(1, 1, 3)', '(1, 1000000000001)'), '22023: the capacity of agent 1 must be a whole number from 0 to 1000000000000, not 1000000000001. Round it in the query, or count in a smaller unit, such as minutes instead of hours.', 'too large a one');
SELECT is(pg_temp.failure('(1, 1, 3)', '(1, ''NaN''::numeric)'), '22023: the capacity of agent 1 must be a whole number from 0 to 1000000000000, not NaN. Round it in the query, or count in a smaller unit, such as minutes instead of hours.', 'NaN');
SELECT is(pg_temp.assigned('(1, 1, 3)', '(1, 1.000)'), '1,1,3,0', 'a whole numeric');
SELECT is(pg_temp.assigned('(1, 1, 3)', '(1, 1000000000000)'), '1,1,3,0', 'more than anybody can fill');
SELECT is(pg_temp.failure('(1, 1, 3)', '(1, 1, 2)'), '22023: agent 1 has the minimum 2 and the capacity 1. Lower the minimum or raise the capacity.', 'a minimum above the capacity');
SELECT is(pg_temp.failure('(1, 1, 3)', '(1, 1, -2)'), '22023: the minimum of agent 1 must be a whole number from 0 to 1000000000000, not -2. Round it in the query, or count in a smaller unit, such as minutes instead of hours.', 'a negative minimum');
SELECT throws_ok('SELECT * FROM assign(''SELECT 1, 1, 1'', ''SELECT g, 1 FROM generate_series(1, 1048577) g'')', '54000', 'there are more than 1048576 agents');
SELECT is(pg_temp.failure('(1)', '(1, 1)') ~ '^42804: the query in argument "edges" returns 1 columns', true, 'too few columns of edges');
SELECT is(pg_temp.failure('(1, 1, 1, 1, 1)', '(1, 1)') ~ '^42804: the query in argument "edges" returns 5 columns', true, 'too many');
SELECT is(pg_temp.failure('(1, 1, 1)', '(1)') ~ '^42804: the query in argument "agents" returns 1 columns', true, 'too few columns of agents');
SELECT is(pg_temp.failure('(1, 1, ''x'')', '(1, 1)') ~ '^42804: column 3 \("column3"\) of the query in argument "edges" has type text', true, 'a value of another type');
SELECT throws_ok('SELECT * FROM assign(NULL, ''TABLE agent'')', '22004', 'argument "edges" must not be NULL');
SELECT throws_ok('SELECT * FROM assign(''TABLE edge'', NULL)', '22004', 'argument "agents" must not be NULL');
SELECT throws_ok('SELECT * FROM assign(''TABLE edge'', ''DELETE FROM agent'')', '22023', 'argument "agents" holds a statement that is not a SELECT');
SELECT throws_ok('SELECT * FROM assign(''TABLE edge'', ''TABLE nowhere'')', '42P01', 'relation "nowhere" does not exist');

-- --- minimums ---
SELECT is(pg_temp.assigned('(1, 1, 9), (1, 2, 1), (2, 1, 9), (2, 2, 5)', '(1, 2, 0), (2, 2, 1)'), '1,1,9,0 | 2,2,5,4', 'a minimum is met at the least cost');
SELECT is(pg_temp.assigned('(1, 1, 9), (1, 2, 1), (2, 1, 9), (2, 2, 5)', '(1, 2, 0), (2, 2, NULL)'), '1,1,9,0 | 2,1,9,0', 'NULL is none');
SELECT is(pg_temp.failure('(1, 1, 9)', '(1, 2, 0), (2, 2, 1)'), '22023: not every agent can have the minimum: 1 missing, agent 2 among those who get too little. Lower minimums, or add edges of customers whom these agents may serve.', 'not feasible');

-- --- stickiness ---
SELECT is(pg_temp.assigned('(1, 1, 10), (1, 2, 8)', '(1, 1), (2, 1)', ', ''SELECT 1, 2'', 1.5'), '1,1,10.0,0.0', 'a change for 2 where 1.5 is asked for');
SELECT is(pg_temp.assigned('(1, 1, 10), (1, 2, 8)', '(1, 1), (2, 1)', ', ''SELECT 1, 2'', 2.5'), '1,2,8.0,2.0', 'none where 2.5 is; the value is without the bonus');
SELECT is(pg_temp.assigned('(1, 1, 10), (1, 2, 8)', '(1, 1), (2, 1)', ', ''SELECT 1, 7 UNION SELECT 9, 2 UNION SELECT 7, NULL'', 2.5'), '1,1,10.0,0.0', 'agents and customers who are gone');
SELECT is(pg_temp.assigned('(1, 1, 10)', '(1, 1), (2, 1)', ', ''SELECT 1, 2'', 2.5'), '1,1,10.0,0.0', 'an agent who is not eligible any more');
SELECT is(pg_temp.assigned('(1, 1, 10), (1, 2, 8)', '(1, 1), (2, 1)', ', NULL, 5'), '1,1,10,0', 'stickiness to nothing');
SELECT is(pg_temp.assigned('(1, 1, 10), (2, 1, 9)', '(1, 1)', ', ''SELECT 2, 1 UNION ALL SELECT NULL, 1'', 2'), '1,,,10 | 2,1,9,0', 'the current customer stays');
SELECT is(pg_temp.rows('assign_bound(''SELECT 1, 1, 10'', ''SELECT 1, 1'', ''SELECT 1, 1'', 2)'), '1,1,1,12,1,12', 'the bound counts the bonus');
SELECT is(pg_temp.failure('(1, 1, 9)', '(1, 1)', ', ''SELECT 1, 1 UNION ALL SELECT 1, NULL'''), '21000: customer 1 comes more than once in argument "current". A customer has one agent at a time; NULL stands for none.', 'two current agents');
SELECT is(pg_temp.failure('(1, 1, 9)', '(1, 1)', ', NULL, -1'), '22023: argument "stickiness" must be a number from 0 to 1099511627776, not -1. It is what a change of the agent must at least bring, in the unit of the values.', 'negative stickiness');
SELECT is(pg_temp.failure('(1, 1, 9)', '(1, 1)', ', NULL, ''NaN''::float8') ~ '^22023: argument "stickiness" must be a number from 0 to 1099511627776, not NaN', true, 'NaN');
SELECT is(pg_temp.failure('(1, 1, 9)', '(1, 1)', ', NULL, NULL::float8'), '22004: argument "stickiness" must not be NULL. Pass 0 for none.', 'NULL');
SELECT is(pg_temp.failure('(1, 1, 9)', '(1, 1)', ', NULL, 0, NULL'), '22004: argument "balance" must not be NULL. Pass true to have loads as even as the best assignment allows.', 'balance NULL');
SELECT is(pg_temp.failure('(1, 1, 1099511627776)', '(1, 1)', ', ''SELECT 1, 1'', 1'), '22003: the largest value and the stickiness add up to more than 1099511627776. Pass a smaller stickiness, or divide it and all values by a common factor.', 'no room for the bonus');

-- --- balance ---
SELECT is((SELECT string_agg(agent || ' ' || load, ', ' ORDER BY agent) FROM assign_summary('SELECT c, a, 5 FROM generate_series(1, 800) c, generate_series(1, 2) a', 'SELECT a, 600 FROM generate_series(1, 2) a', balance => true)),
    '1 400, 2 400', 'equal values are divided evenly');
SELECT is((SELECT string_agg(agent || ' ' || load, ', ' ORDER BY agent) FROM assign_summary('SELECT c, a, 5 FROM generate_series(1, 800) c, generate_series(1, 3) a', 'SELECT a, a * 200 FROM generate_series(1, 3) a', balance => true)),
    '1 133, 2 267, 3 400', 'in proportion to the capacities');
SELECT is(pg_temp.rows('assign_summary(''SELECT c, a, CASE WHEN c = 1 AND a = 1 THEN 6 ELSE 5 END FROM generate_series(1, 2) c, generate_series(1, 2) a'', ''SELECT a, 9 FROM generate_series(1, 2) a'', balance => true)'),
    '1,1,9,0,0,1 | 2,1,9,0,0,1', 'but not against the value');

-- --- customers of unequal load ---
SELECT is(pg_temp.assigned('(1, 1, 5, 3), (2, 1, 4, 2), (3, 1, 4, 2)', '(1, 4)'), '1,,,5 | 2,1,4,0 | 3,1,4,0', 'two small ones instead of a large one');
SELECT is(pg_temp.rows('assign_bound(''SELECT * FROM (VALUES (1, 1, 5, 3), (2, 1, 4, 2), (3, 1, 4, 2)) e'', ''SELECT 1, 4'')'), '3,2,4,8,2,8', 'which is the best there is');
SELECT is(pg_temp.assigned('(1, 1, 5, 1), (2, 1, 4, 1)', '(1, 1)'), '1,1,5,0 | 2,,,4', 'loads of 1');
SELECT is(pg_temp.assigned('(1, 1, 5, 10), (2, 1, 4, 10)', '(1, 19)'), '1,1,5,0 | 2,,,4', 'equal loads');
SELECT is(pg_temp.assigned('(1, 1, 5, 10), (2, 1, 4, 11), (3, NULL, NULL, 12)', '(1, 10)'), '1,1,5,0 | 2,,,4 | 3,,,', 'a customer who is too large');
SELECT is(pg_temp.rows('assign_summary(''SELECT c, a, 1, c FROM generate_series(1, 4) c, generate_series(1, 2) a'', ''SELECT a, 5 FROM generate_series(1, 2) a'')') ~ '^1,5,5,\d+,\d+,\d+ \| 2,5,5,', true, 'loads are added up');
SELECT is(pg_temp.failure('(1, 1, 5, 10), (1, 2, 4, 11)', '(1, 10), (2, 10)'), '22023: the load of customer 1 is 10 in one row and 11 in another. The load is the customer''s, whoever serves it: all rows of a customer in argument "edges" must say the same.', 'two loads of one customer');
SELECT is(pg_temp.failure('(1, 1, 5, NULL::int)', '(1, 10)'), '22004: the load of customer 1 must not be NULL. Use coalesce(load, 1) in the query in argument "edges".', 'load NULL');
SELECT is(pg_temp.failure('(1, 1, 5, 0)', '(1, 10)'), '22023: the load of customer 1 must be a whole number from 1 to 1000000000, not 0. Round it in the query, or count in a smaller unit, such as minutes instead of hours.', 'load 0');
SELECT is(pg_temp.failure('(1, 1, 5, 1.25)', '(1, 10)'), '22023: the load of customer 1 must be a whole number from 1 to 1000000000, not 1.25. Round it in the query, or count in a smaller unit, such as minutes instead of hours.', 'a broken load');
SELECT is((SELECT count(agent) || ' ' || max(reason) FILTER (WHERE chosen) FROM assign_explain('2', 'SELECT c, a, c * a, c FROM generate_series(1, 4) c, generate_series(1, 2) a', 'SELECT a, 5 FROM generate_series(1, 2) a')), '2 chosen', 'explained');

-- --- within a query ---
SELECT is((SELECT string_agg(a.agent || ' ' || b.agent, ', ' ORDER BY a.customer) FROM assign('SELECT * FROM edge', 'TABLE agent') a
    JOIN assign('SELECT customer, agent, value FROM assign(0, ''x''::text, ''TABLE edge'', ''TABLE agent'') WHERE agent IS NOT NULL', 'TABLE agent') b USING (customer)), 'a a, b b', 'a call in the query of another');

-- --- why ---
SELECT is(pg_temp.rows('assign_explain(''1'', ''TABLE edge'', ''TABLE agent'')'), 'a,10.50,0.00,1,1.00,9.50,1,1,t,chosen | b,7.00,0.00,1,-2.50,9.50,1,1,f,worth 3.50 less, and full', 'the chosen one, and a worse one');
SELECT is(pg_temp.rows('assign_explain(''2'', ''TABLE edge'', ''TABLE agent'')'), 'b,8.25,0.00,1,-2.50,10.75,1,1,t,chosen | a,9.00,0.00,1,1.00,8.00,1,1,f,full: the slot is worth 2.75 more to others', 'a better one, who is full');
SELECT is(pg_temp.rows('assign_explain(''4'', ''TABLE edge'', ''TABLE agent'')'), 'a,1.00,0.00,1,1.00,0.00,1,1,f,full: one more slot would serve 1 more customer', 'not served');
SELECT is(pg_temp.rows('assign_explain(''3'', ''TABLE edge'', ''TABLE agent'')'), NULL, 'nobody eligible');
SELECT throws_ok('SELECT * FROM assign_explain(''5'', ''TABLE edge'', ''TABLE agent'')', '22023', 'customer 5 is not in argument "edges"');
SELECT throws_ok('SELECT * FROM assign_explain(NULL, ''TABLE edge'', ''TABLE agent'')', '22004', 'argument "customer" must not be NULL');
SELECT throws_ok('SELECT * FROM assign_explain(''x'', ''TABLE edge'', ''TABLE agent'')', '22P02', 'invalid input syntax for type bigint: "x"');

SELECT throws_ok('SELECT * FROM assign_bound(NULL::text, ''SELECT 1, 1'')', '22004', 'argument "edges" must not be NULL');

SELECT * FROM finish();
ROLLBACK;
