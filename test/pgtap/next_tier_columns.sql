-- next_tier with ARRAY[...] of columns: the planner passes the columns as they are, and nothing else changes.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(25);
SELECT setseed(0.31);

CREATE TABLE policy AS SELECT '{"tiers": [{"tier": "a"}, {"tier": "b", "enter": "x >= 10 and y >= 3", "keep": "x >= 8.5"},
    {"tier": "c", "enter": "any 2 of (x >= 20.25, y >= 6, z < 4)", "keep": "x >= 15 or y >= 5 or z < 4"}], "stay": "2 months", "grace": "10 days"}'::tier_policy AS p;
CREATE TABLE customer AS
SELECT i AS id, CASE WHEN random() < 0.9 THEN (ARRAY['a', 'b', 'c'])[1 + floor(random() * 3)::int] END AS tier,
    date '2024-01-01' + floor(random() * 180)::int AS since,
    CASE WHEN random() < 0.9 THEN round((random() * 30)::numeric, 2) END AS n, CASE WHEN random() < 0.9 THEN random() * 30 END AS d,
    CASE WHEN random() < 0.9 THEN (random() * 30)::real END AS r, CASE WHEN random() < 0.9 THEN floor(random() * 10)::smallint END AS i2,
    CASE WHEN random() < 0.9 THEN floor(random() * 10)::int END AS i4, CASE WHEN random() < 0.9 THEN (random() * 1e18)::bigint + 1 END AS i8
FROM generate_series(1, 3000) i;
UPDATE customer SET since = NULL WHERE tier IS NULL;

-- Whether the plan of a query calls next_tier_columns.
CREATE FUNCTION pg_temp.plan_has_columns(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text; found boolean := false;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        found := found OR line LIKE '%next\_tier\_columns(%';
    END LOOP;
    RETURN found;
END $$;

-- An array behind OFFSET 0 stays an array.
CREATE FUNCTION pg_temp.differences(x text, y text, z text, plain text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE found bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT c.*, ARRAY[%1$s, %2$s, %3$s]::%4$s[] AS list FROM customer c OFFSET 0) c, policy
        WHERE next_tier(p, tier, since, ARRAY[%1$s, %2$s, %3$s], NULL, NULL, ''2024-06-30'')::text
            IS DISTINCT FROM next_tier(p, tier, since, list, NULL, NULL, ''2024-06-30'')::text', x, y, z, plain) INTO found;
    RETURN found;
END $$;

SELECT is(pg_temp.differences(x, y, z, plain), 0::bigint, format('%s, %s, %s give what an array of %s gives', x, y, z, plain))
FROM (VALUES ('n', 'i4', 'i2', 'numeric'), ('d', 'i2', 'r', 'float8'), ('n', 'd', 'i8', 'float8'), ('i2', 'i4', 'i8', 'int8'),
    ('r', 'r', 'r', 'float4'), ('n', 'i8', 'i8', 'numeric'), ('r', 'i4', 'd', 'float8'), ('NULL', 'i4', '7', 'int4'),
    ('n + 1', 'greatest(i4, 2)', 'coalesce(n, d)', 'float8')) v(x, y, z, plain);

SELECT ok(pg_temp.plan_has_columns($$ SELECT next_tier(p, tier, since, ARRAY[n, i4, d], NULL, NULL, '2024-06-30') FROM customer, policy $$),
    'the planner takes the array apart');
SELECT ok(pg_temp.plan_has_columns($$ SELECT t.* FROM customer, policy, next_tier(p, tier, since, ARRAY[n, i4, d], NULL, NULL, '2024-06-30') t $$),
    'in FROM, too');
SELECT ok(pg_temp.plan_has_columns($$ SELECT next_tier(policy => p, current => tier, since => since, measures => ARRAY[n, i4, d], names => NULL,
    overrides => NULL, as_of => '2024-06-30', grace_since => NULL) FROM customer, policy $$), 'and with named arguments');
SELECT ok(NOT pg_temp.plan_has_columns($$ SELECT next_tier(p, tier, since, ARRAY[n, i4, d], ARRAY['x', 'y', 'z'], NULL, '2024-06-30')
    FROM customer, policy $$), 'not where names are given');
SELECT ok(NOT pg_temp.plan_has_columns($$ SELECT next_tier(p, tier, since, ARRAY[ARRAY[n], ARRAY[d]], NULL, NULL, '2024-06-30')
    FROM customer, policy $$), 'nor of two dimensions');
SELECT ok(NOT pg_temp.plan_has_columns($$ SELECT next_tier(p, tier, since, to_jsonb(ARRAY[n]), NULL, '2024-06-30') FROM customer, policy $$),
    'nor of jsonb');

CREATE VIEW decided AS
SELECT id, t.* FROM customer, policy, next_tier(p, tier, since, ARRAY[n, i4, d], NULL, NULL, '2024-06-30') t;
SELECT matches(pg_get_viewdef('decided'), 'next_tier\(', 'a view keeps what was written');
SELECT is((SELECT count(*) FROM decided), 3000::bigint, 'and works');
PREPARE one (int, date) AS
SELECT (next_tier(p, tier, since, ARRAY[n, $1, d], NULL, NULL, $2)).transition FROM customer, policy WHERE id <= 5;
SELECT lives_ok('EXECUTE one (3, ''2024-06-30'')', 'a prepared statement');

SELECT is((next_tier_columns(p, NULL, NULL, NULL, '2024-06-30', NULL, 25, 7, 1)).tier, 'c', 'called by its own name') FROM policy;
SELECT is(next_tier_columns(NULL, NULL, NULL, NULL, '2024-06-30', NULL, 25), NULL, 'no policy, no answer');

SELECT throws_ok($$ SELECT next_tier(p, tier, since, ARRAY[n, i4], NULL, NULL, '2024-06-30') FROM customer, policy $$, '22023',
    'measures has 2 elements, the policy has 3 measures', 'too few');
SELECT throws_ok($$ SELECT next_tier(p, tier, since, ARRAY[d, 'NaN'::float8 + d * 0, d], NULL, NULL, '2024-06-30') FROM customer, policy WHERE d > 0 $$,
    '22023', 'measure "y" must not be NaN', 'NaN');
SELECT throws_ok($$ SELECT next_tier(p, tier, since, ARRAY[tier, tier, tier], NULL, NULL, '2024-06-30') FROM customer, policy $$, '22023',
    'measures must be an array of numbers, not of text', 'texts');
SELECT throws_ok($$ SELECT next_tier_columns(p, NULL, NULL, NULL, '2024-06-30', NULL, n, i4, tier) FROM customer, policy $$, '22023',
    'measures must be an array of numbers, not of text', 'a text by its own name');
SELECT throws_ok($$ SELECT next_tier(p, tier, since, ARRAY[n * 10::numeric ^ 400, i4, i4], NULL, NULL, '2024-06-30') FROM customer, policy WHERE n > 0 $$,
    '22003', NULL, 'beyond float8');

SELECT * FROM finish();
ROLLBACK;
