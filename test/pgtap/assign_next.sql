-- assign_next by hand, against the same rules in plpgsql, and its errors.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(38);
SELECT setseed(0.2);

CREATE FUNCTION pg_temp.next(edges text, loads text, strategy text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(translate(r::text, '()"', ''), ' | ') FROM assign_next('SELECT * FROM (VALUES ' || edges || ') e', 'SELECT * FROM (VALUES ' || loads || ') l', strategy) r
$$;
CREATE FUNCTION pg_temp.failure(edges text, loads text, strategy text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    RETURN pg_temp.next(edges, loads, strategy);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ': ' || SQLERRM || coalesce('. ' || nullif(hint, ''), '');
END $$;

-- --- strategies ---
\set three '(1, ''a'', 5), (1, ''b'', 7.5), (1, ''c'', 6)'
SELECT is(pg_temp.next(:'three', '(''a'', 2, 4), (''b'', 3, 4), (''c'', 5, 9)', 'best_value'), '1,b,7.5,highest value: 7.5', 'best_value');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 4), (''b'', 4, 4), (''c'', 5, 9)', 'best_value'), '1,c,6.0,highest value: 6.0', 'never one who is full');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 4), (''b'', 9, 4)', 'best_value'), '1,a,5.0,highest value: 5.0', 'nor more than full, nor absent');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 4), (''b'', 3, 4), (''c'', 4, 9)', 'least_loaded'), '1,c,6.0,lowest load: 4 of 9', 'least_loaded: in proportion to the capacity');
SELECT is(pg_temp.next(:'three', '(''a'', 1, 3), (''b'', 2, 6), (''c'', 3, 9)', 'least_loaded'), '1,b,7.5,lowest load: 2 of 6', 'equal loads: the value');
SELECT is(pg_temp.next('(1, ''b''), (1, ''a'')', '(''a'', 1, 3), (''b'', 2, 6)', 'least_loaded'), '1,a,,lowest load: 1 of 3', 'without values: the key');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 9, 1), (''b'', 3, 9, 2.5), (''c'', 4, 9, 2)', 'weighted'), '1,b,7.5,lowest load for the weight: 3 with weight 2.5', 'weighted: (load + 1) / weight');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 9, NULL::int), (''b'', 5, 9, 2), (''c'', 8, 9, 3)', 'weighted'), '1,b,7.5,lowest load for the weight: 5 with weight 2', 'a weight of NULL is 1; ties by value');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 9), (''b'', 3, 9), (''c'', 4, 9)', 'weighted'), '1,a,5.0,lowest load for the weight: 2 with weight 1', 'no weights');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 9, 1, date ''2024-05-02''), (''b'', 3, 9, 1, ''2024-05-01''), (''c'', 4, 9, 1, ''2024-05-03'')', 'round_robin'), '1,b,7.5,longest not served: since 2024-05-01', 'round_robin');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 9, 1, NULL), (''b'', 3, 9, 1, 17), (''c'', 1, 9, 1, NULL)', 'round_robin'), '1,c,6.0,never served before', 'who never was comes first, the least loaded of them');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 9, 1, timestamp ''2024-05-02 12:00''), (''b'', 3, 9, 1, ''2024-05-02 11:59:59''), (''c'', 4, 9, 1, ''infinity'')', 'round_robin'), '1,b,7.5,longest not served: since 2024-05-02 11:59:59', 'timestamps');
SELECT is(pg_temp.next(:'three', '(''a'', 2, 9, 1, -1), (''b'', 3, 9, 1, -3), (''c'', 4, 9, 1, 5)', 'round_robin'), '1,b,7.5,longest not served: since -3', 'integers, negative ones too');

-- --- several customers ---
SELECT is(pg_temp.next('(3, ''a''), (3, ''b''), (1, ''a''), (1, ''b''), (2, ''a''), (2, ''b'')', '(''a'', 0, 9, 1, 5), (''b'', 0, 9, 1, 4)', 'round_robin'),
    '1,b,,longest not served: since 4 | 2,a,,longest not served: since 5 | 3,b,,the turn has come again', 'taken in turn, in key order');
SELECT is(pg_temp.next('(3, ''a''), (3, ''b''), (1, ''a''), (1, ''b''), (2, ''a''), (2, ''b'')', '(''a'', 0, 1), (''b'', 0, 1)', 'least_loaded'),
    '1,a,,lowest load: 0 of 1 | 2,b,,lowest load: 0 of 1 | 3,,,no eligible agent has room', 'until all are full');
SELECT is(pg_temp.next('(1, ''a'', 1, 3), (2, ''a'', 1, 3), (3, ''a'', 1, 2)', '(''a'', 0, 5)', 'least_loaded'),
    '1,a,1,lowest load: 0 of 5 | 2,,,no eligible agent has room | 3,a,1,lowest load: 3 of 5', 'with loads of their own');
SELECT is(pg_temp.next('(1, NULL), (2, ''x''), (3, ''a'')', '(''a'', 0, 0)', 'least_loaded'), '1,,,no eligible agent | 2,,,no eligible agent | 3,,,no eligible agent has room', 'why not');
SELECT is(pg_temp.next('(NULL::int, ''a''), (3, ''a'')', '(''a'', 0, 1), (NULL, 1, 1)', 'least_loaded'), '3,a,,lowest load: 0 of 1', 'rows without a key are skipped');
SELECT is((SELECT count(*)::int FROM assign_next('SELECT 1, 1 WHERE false', 'SELECT 1, 1, 1', 'least_loaded')), 0, 'no customers');
SELECT is((SELECT r::text FROM assign_next('SELECT 1, 1', 'SELECT 1, 1, 1 WHERE false', 'least_loaded') r), '(1,,,"no eligible agent")', 'no agents');
SELECT is((SELECT pg_typeof(customer) || ' ' || pg_typeof(agent) || ' ' || agent FROM assign_next(0::bigint, NULL::uuid, 'SELECT 1, md5(''x'')::uuid', 'SELECT md5(''x'')::uuid, 1, 2', 'weighted')),
    'bigint uuid 9dd4e461-268c-8034-f5c8-564e155c67a6', 'keys in their types');

-- --- the same rules in plpgsql ---
CREATE TABLE load AS
SELECT part, agent, floor(random() * 6)::int AS load, floor(random() * 9)::int AS capacity, (1 + floor(random() * 3)) / 2 AS weight,
    CASE WHEN random() < 0.7 THEN floor(random() * 5)::int END AS last
FROM generate_series(1, 60) part, generate_series(1, 5) agent WHERE random() < 0.8;
CREATE TABLE edge AS
SELECT part, customer, agent, floor(random() * 4)::int AS value FROM generate_series(1, 60) part, generate_series(1, 6) customer, generate_series(1, 5) agent WHERE random() < 0.6;

CREATE FUNCTION pg_temp.oracle(p int, strategy text) RETURNS TABLE (customer int, agent int, value int) LANGUAGE plpgsql AS $$
DECLARE
    c int;
    e record;
BEGIN
    CREATE TEMP TABLE l ON COMMIT DROP AS SELECT load.*, 0 AS again FROM load WHERE part = p;
    FOR c IN SELECT DISTINCT edge.customer FROM edge WHERE part = p ORDER BY 1 LOOP
        SELECT l.agent, edge.value INTO e FROM edge JOIN l USING (agent) WHERE edge.part = p AND edge.customer = c AND load < capacity
        ORDER BY CASE WHEN strategy = 'best_value' THEN -edge.value END,
            CASE WHEN strategy = 'round_robin' THEN again END, CASE WHEN strategy = 'round_robin' THEN last END NULLS FIRST,
            CASE WHEN strategy = 'weighted' THEN (load + 1)::numeric / weight::numeric ELSE load::numeric / capacity END,
            CASE WHEN strategy IN ('weighted', 'least_loaded') THEN -edge.value END, l.agent LIMIT 1;
        customer := c;
        agent := e.agent;
        value := e.value;
        UPDATE l SET load = load + 1, again = c WHERE l.agent = e.agent;
        RETURN NEXT;
    END LOOP;
    DROP TABLE l;
END $$;
SELECT is_empty(format($$
    SELECT * FROM (SELECT part, o.* FROM generate_series(1, 60) part, pg_temp.oracle(part, %1$L) o) o
    FULL JOIN (SELECT part, n.* FROM generate_series(1, 60) part, assign_next(0, 0, 'SELECT customer, agent, value FROM edge WHERE part = ' || part || ' ORDER BY random()',
        'SELECT agent, load, capacity, weight, last FROM load WHERE part = ' || part || ' ORDER BY random()', %1$L) n) n USING (part, customer)
    WHERE (o.agent, o.value) IS DISTINCT FROM (n.agent, n.value::int)$$, strategy), strategy || ': as in plain SQL')
FROM unnest(ARRAY['round_robin', 'least_loaded', 'weighted', 'best_value']) strategy;

-- --- errors ---
SELECT is(pg_temp.failure('(1, 1)', '(1, 1, 1)', 'random'), '22023: argument "strategy" is not known: "random". It is round_robin, least_loaded, weighted or best_value.', 'another strategy');
SELECT throws_ok('SELECT * FROM assign_next(''SELECT 1, 1'', ''SELECT 1, 1, 1'', NULL)', '22004', 'argument "strategy" must not be NULL');
SELECT throws_ok('SELECT * FROM assign_next(''SELECT 1, 1'', NULL, ''weighted'')', '22004', 'argument "loads" must not be NULL');
SELECT is(pg_temp.failure('(1, 1)', '(1, 1, 1)', 'best_value') ~ '^42804: the query in argument "edges" returns 2 columns', true, 'best_value needs values');
SELECT is(pg_temp.failure('(1, 1, NULL::int)', '(1, 1, 1)', 'weighted') ~ '^22004: the value of customer 1 and agent 1', true, 'a value of NULL');
SELECT is(pg_temp.failure('(1, 1), (1, 1)', '(1, 1, 1)', 'weighted') ~ '^21000: the edge of customer 1 and agent 1 comes more than once', true, 'a pair twice');
SELECT is(pg_temp.failure('(1, 1)', '(1, 1, 1), (1, 1, 1)', 'weighted'), '21000: agent 1 comes more than once. The query in argument "loads" must return one row for each agent.', 'an agent twice');
SELECT is(pg_temp.failure('(1, 1)', '(1, NULL::int, 1)', 'weighted'), '22004: the load of agent 1 must not be NULL. Pass 0 for none, or leave the agent out.', 'load NULL');
SELECT is(pg_temp.failure('(1, 1)', '(1, 0, -1)', 'weighted') ~ '^22023: the capacity of agent 1 must be a whole number from 0 to 1000000000000, not -1', true, 'a negative capacity');
SELECT is(pg_temp.failure('(1, 1)', '(1, 0, 1, 0)', 'weighted'), '22023: the weight of agent 1 must be a positive number of at most 1125899906842624, not 0. Leave agents out who are to get nobody.', 'weight 0');
SELECT is(pg_temp.failure('(1, 1)', '(1, 0, 1, 1), (2, 0, 1, 1e-30), (3, 0, 1, 1e-30)', 'weighted') ~ '^22003: the weights of agents differ by a factor of more than', true, 'weights far apart');
SELECT throws_ok('SELECT * FROM assign_next(''SELECT 1, 1'', ''SELECT g, 1, 1 FROM generate_series(1, 65537) g'', ''weighted'')', '54000', 'there are more than 65536 agents in argument "loads"');
SELECT is(pg_temp.failure('(1, 1)', '(1, 0, 1, 1, ''x'')', 'weighted') ~ '^42804: column 5 \("column5"\) of the query in argument "loads" has type text', true, 'last of another type');

SELECT * FROM finish();
ROLLBACK;
