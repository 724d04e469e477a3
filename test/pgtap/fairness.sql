-- jain, max_min_ratio and allocation_check: by hand, against plain SQL on random allocations, parts and plans, errors.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(82);
SELECT setseed(0.27);

-- --- jain and max_min_ratio by hand ---
SELECT is(jain(x), 1::float8, 'all equal: 1') FROM unnest('{7,7,7}'::float8[]) x;
SELECT is(jain(x), 0.25::float8, 'one of four has all: 1/4') FROM unnest('{0,0,0,9}'::numeric[]) x;
SELECT is(jain(x), 0.75::float8, 'three of four have the same: 3/4') FROM unnest('{5,5,0,5}'::numeric[]) x;
SELECT is(jain(x), 1::float8, 'one value') FROM unnest('{3}'::float8[]) x;
SELECT is(jain(x), 256 / (4 * 114)::float8, '1,2,3,10 by hand: 16^2 / (4 * 114)') FROM unnest('{1,2,3,10}'::float8[]) x;
SELECT is(jain(x), NULL::float8, 'a total of 0: null') FROM unnest('{0,0}'::float8[]) x;
SELECT is((SELECT jain(x) FROM unnest('{}'::numeric[]) x), NULL::float8, 'no rows: null');
SELECT is(jain(x), 0.5::float8, 'nulls are ignored') FROM unnest('{0,NULL,9}'::float8[]) x;
-- Jain, Chiu, Hawe 1984, section 2: 100 users of whom 10 share everything evenly.
SELECT is(jain(x), 0.1::float8, 'the example of the paper: 10 of 100 users, 10 %') FROM (SELECT CASE WHEN i <= 10 THEN 5.5 ELSE 0 END FROM generate_series(1, 100) i) s(x);
SELECT is(jain(x * 2::float8 ^ k), 256 / (4 * 114)::float8, 'times 2^' || k) FROM unnest('{1,2,3,10}'::float8[]) x, unnest(ARRAY[-1074, 1020]) k GROUP BY k;
SELECT is(max_min_ratio(x), 10::float8, 'the largest over the smallest') FROM unnest('{3,1,10,2}'::numeric[]) x;
SELECT is(max_min_ratio(x), 1::float8, 'all equal: 1') FROM unnest('{7,7}'::float8[]) x;
SELECT is(max_min_ratio(x), 'Infinity'::float8, 'the smallest is 0: infinity') FROM unnest('{0,7}'::float8[]) x;
SELECT is(max_min_ratio(x), NULL::float8, 'only zeros: null') FROM unnest('{0,-0}'::float8[]) x;
SELECT is((SELECT max_min_ratio(x) FROM unnest('{}'::float8[]) x), NULL::float8, 'no rows: null');
SELECT is(max_min_ratio(x), NULL::float8, 'only nulls: null') FROM unnest('{NULL,NULL}'::numeric[]) x;
SELECT is(max_min_ratio(x), 3::float8, 'nulls are ignored') FROM unnest('{NULL,2,NULL,6}'::float8[]) x;
SELECT is(max_min_ratio(x), 3::float8, 'integers') FROM unnest('{2,6}'::int[]) x;

SELECT throws_ok(format('SELECT %s(x) FROM unnest(''{1,-2}''::%s[]) x', f, t), '22023', 'x must be a finite number of at least 0, not -2', f || ' of a negative ' || t)
FROM unnest(ARRAY['jain', 'max_min_ratio']) f, unnest(ARRAY['float8', 'numeric']) t;
SELECT throws_ok(format('SELECT %s(x) FROM unnest(''{1,NaN}''::%s[]) x', f, t), '22023', 'x must be a finite number of at least 0, not NaN', f || ' of a NaN of ' || t)
FROM unnest(ARRAY['jain', 'max_min_ratio']) f, unnest(ARRAY['float8', 'numeric']) t;
SELECT throws_ok('SELECT max_min_ratio(x) FROM unnest(''{1e-200,1e200}''::float8[]) x', '22003', 'the ratio of the largest to the smallest value is out of range');
SELECT throws_ok(format('SELECT max_min_accum(%L::float8[], 1::float8)', s), '22023', 'state must be an array of the smallest and the largest value, which are finite and at least 0', 'a state of ' || s)
FROM unnest(ARRAY['{}', '{1}', '{1,2,3}', '{2,1}', '{-1,1}', '{NaN,1}', '{1,NaN}', '{1,Infinity}', '{NULL,1}', '{{1,2}}']) s;
SELECT is(max_min_accum('{1,2}', 5::float8), '{1,5}'::float8[], 'the transition function alone');
SELECT is(max_min_accum('{1,2}', NULL::numeric), '{1,2}'::float8[], 'a null changes nothing');
SELECT is(max_min_combine('{1,2}', '{0.5,1.5}'), '{0.5,2}'::float8[], 'two states');
SELECT is((SELECT array_agg(s::text) FROM (SELECT max_min_combine(s, '{0,9}'), s FROM (SELECT '{1,2}'::float8[] AS s) x) y), ARRAY['{1,2}'], 'a state that was passed is not changed');

-- --- against plain SQL, in parts and in parallel ---
CREATE TABLE sample AS
SELECT part, (CASE part % 5 WHEN 0 THEN floor(random() * 4) WHEN 1 THEN random() * 1e6 WHEN 2 THEN exp(random() * 40 - 20) WHEN 3 THEN 7.25 ELSE CASE WHEN random() < 0.3 THEN NULL ELSE random() END END)::numeric AS x
FROM generate_series(1, 2000) part, generate_series(0, (part % 13)) i;
SELECT is_empty($$SELECT part FROM sample GROUP BY part HAVING abs(jain(x) - (sum(x) * sum(x) / NULLIF(count(x) * sum(x * x), 0))::float8) > 1e-14
    OR (jain(x) IS NULL) <> (coalesce(sum(x), 0) = 0)$$, 'jain equals its definition');
SELECT is_empty($$SELECT part FROM sample GROUP BY part HAVING max_min_ratio(x) IS DISTINCT FROM CASE WHEN max(x) = 0 THEN NULL WHEN min(x) = 0 THEN 'Infinity' ELSE max(x)::float8 / min(x)::float8 END$$, 'max_min_ratio, too');
SELECT is_empty($$SELECT part FROM sample GROUP BY part HAVING jain(x) IS DISTINCT FROM jain(x::float8) OR max_min_ratio(x) IS DISTINCT FROM max_min_ratio(x::float8)$$, 'numeric and float8 agree');
SELECT is_empty($$SELECT part FROM sample GROUP BY part HAVING abs(jain(x) * count(x) * hhi(x) - 1) > 1e-14$$, 'jain is 1 / (n hhi)');
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || statement LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END $$;
CREATE TABLE many AS SELECT i, (random() * 1000)::numeric(12, 2) + 0.01 AS x FROM generate_series(1, 40000) i;
ANALYZE many;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT ROW(jain(x), jain(x::float8), max_min_ratio(x), max_min_ratio(x::float8))::text AS serial FROM many \gset
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT matches(pg_temp.plan_of('SELECT jain(x), max_min_ratio(x) FROM many'), 'Partial Aggregate', 'the plan is parallel');
SELECT is(ROW(jain(x), jain(x::float8), max_min_ratio(x), max_min_ratio(x::float8))::text, :'serial', 'and gives the same bits') FROM many;
SET LOCAL max_parallel_workers_per_gather = 0;

-- --- allocation_check by hand ---
CREATE TABLE allocated (id int, amount numeric(12, 2), lo numeric, hi numeric, tier text, w numeric);
INSERT INTO allocated VALUES (1, 10, 5, 20, 'VIP', 3), (2, 3, 5, 20, 'VIP', 1), (3, 30, 5, 20, 'base', 3), (4, NULL, 5, 20, 'base', 3), (5, 10, 5, 20, 'base', 3), (6, 0, NULL, NULL, NULL, NULL);
CREATE FUNCTION pg_temp.checked(arguments text, items text DEFAULT '%') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT string_agg(format(''%%s|%%s|%%s|%%s|%%s'', item, value, allowed, ok, detail), E''\n'') FROM allocation_check(%s) WHERE item LIKE %L', arguments, items) INTO result;
    RETURN result;
END $$;
SELECT is(pg_temp.checked($$'SELECT * FROM allocated', 60, 'base', 0.5, 0.5, 0.3, 0.5, 10$$), 'rows|6|||
sum|53.00|60|f|7.00 less than the budget
null amount|1|0|f|
negative amount|0|0|t|
below floor|1|0|f|worst: key 2, amount 3.00, floor 5
above cap|1|0|f|worst: key 3, amount 30.00, cap 20
unequal treatment|1|0|f|worst: weight 3, floor 5, cap 20: amounts from 10.00 to 30.00
gini|0.5056603773584906|0.3|f|
jain|0.5065825067628494|0.5|t|
max/min ratio|Infinity|10|f|
base tier share|0.75471698113207547170|0.5|t|tier base
largest tier share|0.75471698113207547170|0.5|f|tier base', 'all checks');
SELECT is(pg_temp.checked($$'SELECT id, amount FROM allocated WHERE amount > 0'$$), 'rows|4|||
sum|53.00|||
null amount|0|0|t|
negative amount|0|0|t|
below floor||||there is no floor column
above cap||||there is no cap column
unequal treatment||||there is no weight column
gini|0.38207547169811323|||
jain|0.6332281334535618|||
max/min ratio|10|||
base tier share||||there is no tier column
largest tier share||||there is no tier column', 'without limits and columns');
SELECT is(pg_temp.checked($$'SELECT 1, 1 WHERE false', 5, min_jain => 0.5$$), 'rows|0|||
sum|0|5|f|5 less than the budget
null amount|0|0|t|
negative amount|0|0|t|
below floor||||there is no floor column
above cap||||there is no cap column
unequal treatment||||there is no weight column
gini||||not defined: no amount is above 0
jain||0.5||not defined: no amount is above 0
max/min ratio||||not defined: no amount is above 0
base tier share||||there is no tier column
largest tier share||||there is no tier column', 'no rows');
SELECT is(pg_temp.checked($$'SELECT id, -amount FROM allocated', -53, max_gini => 0.5$$), 'rows|6|||
sum|-53.00|-53|t|
null amount|1|0|f|
negative amount|4|0|f|worst: key 3, amount -30.00
below floor||||there is no floor column
above cap||||there is no cap column
unequal treatment||||there is no weight column
gini||0.5||not defined: there are negative amounts
jain||||not defined: there are negative amounts
max/min ratio||||not defined: there are negative amounts
base tier share||||there is no tier column
largest tier share||||there is no tier column', 'negative amounts');
SELECT is(pg_temp.checked($$'SELECT id, amount FROM allocated', 52.99$$, 'sum'), 'sum|53.00|52.99|f|0.01 more than the budget', 'a cent too much');
SELECT is(pg_temp.checked($$'SELECT id, amount, NULL::numeric, NULL::numeric, tier FROM allocated', base_tier => 'gold', min_base_share => 0.1$$, '%share'),
    E'base tier share|0.00000000000000000000|0.1|f|no amount has the tier gold\nlargest tier share|0.75471698113207547170|||tier base', 'a base tier that nobody is in');
SELECT is(pg_temp.checked($$'SELECT * FROM (VALUES (1, 1, 0, 9, ''b''), (2, 1, 0, 9, ''a''), (3, 1, 0, 9, ''c'')) v', base_tier => 'c', min_base_share => 0.33, max_tier_share => 0.34$$, '%share'),
    E'base tier share|0.33333333333333333333|0.33|t|tier c\nlargest tier share|0.33333333333333333333|0.34|t|tier a', 'equal tiers: the first by name');
SELECT is(pg_temp.checked($$'SELECT * FROM (VALUES (1, 3, 0, 9, 10), (2, 7, 0, 9, 20)) v', base_tier => '10', min_base_share => 0.3, max_tier_share => 0.7$$, '%share'),
    E'base tier share|0.30000000000000000000|0.3|t|tier 10\nlargest tier share|0.70000000000000000000|0.7|t|tier 20', 'shares that are just the limit; tiers of integers');
SELECT is(pg_temp.checked($$'SELECT id, 0, 0, 9, tier, w FROM allocated', max_tier_share => 0.7$$, '%share'),
    E'base tier share||||no base_tier is given\nlargest tier share||0.7||not defined: the sum is not above 0', 'nothing was given');
SELECT is(pg_temp.checked($$'SELECT lpad(id::text, 32, ''0'')::uuid, amount::float8, lo::real, hi::int FROM allocated'$$, 'below floor'),
    'below floor|1|0|f|worst: key 00000000-0000-0000-0000-000000000002, amount 3, floor 5', 'other types');
SELECT is(pg_temp.checked($$'SELECT id, amount, w, w FROM (VALUES (2, 4, 5), (1, 3, 4), (4, 9, 9), (NULL, 3, 3), (NULL, 3, 4)) v(id, amount, w)'$$, 'below floor'),
    'below floor|3|0|f|worst: key 1, amount 3, floor 4', 'of equally bad rows the first key; keys of null may come more than once');
SELECT is(pg_temp.checked($$'SELECT id, amount, NULL::int, NULL::int, NULL::text, w FROM (VALUES (1, 4.00, 5), (2, 4.01, 5), (3, 7, 6), (4, 9, NULL), (5, 1, NULL), (6, 1e50, 1e60), (7, 2e50, 1e60)) v(id, amount, w)'$$, 'unequal%'),
    'unequal treatment|1|0|f|worst: weight 1000000000000000000000000000000000000000000000000000000000000, floor null, cap null: amounts from 100000000000000000000000000000000000000000000000000 to 200000000000000000000000000000000000000000000000000',
    'one unit is no difference; rows without weight are not compared');
SELECT is(pg_temp.checked($$'SELECT id, amount, NULL::int, NULL::int, NULL::text, 1 FROM (VALUES (1, 1e-50), (2, 2e-50)) v(id, amount)'$$, 'unequal%'), 'unequal treatment|0|0|t|', 'amounts of 50 digits after the point, one unit apart');
SELECT is(pg_temp.checked($$'SELECT id, amount, NULL::int, NULL::int, NULL::text, 1 FROM (VALUES (1, 1e-50), (2, 3e-50)) v(id, amount)'$$, 'unequal%'),
    'unequal treatment|1|0|f|worst: weight 1, floor null, cap null: amounts from 0.00000000000000000000000000000000000000000000000001 to 0.00000000000000000000000000000000000000000000000003', 'and two');
SELECT is(pg_temp.checked($$'SELECT i, 1e50::numeric + i, 1e51::numeric FROM generate_series(1, 3000) i', 3000 * 1e50::numeric + 4501499$$, 'sum'),
    format('sum|%s|%s|f|1 more than the budget', 3000 * 1e50::numeric + 4501500, 3000 * 1e50::numeric + 4501499), 'sums beyond 128 bits');

-- --- the composable twin: plain aggregates ---
CREATE TABLE random_allocation AS
SELECT part, id, w, lo, hi, tier, CASE WHEN random() < 0.02 THEN NULL ELSE round((w * (0.5 + random() * (part % 2)) + (random() < 0.01)::int)::numeric, part % 4) END AS amount
FROM generate_series(1, 60) part, generate_series(1, 200) id,
    LATERAL (SELECT floor(random() * 20 + part * 0 + id * 0)::int AS w, round((random() * 5)::numeric, 1) AS lo, CASE WHEN random() < 0.7 THEN round((5 + random() * 10)::numeric, 1) END AS hi,
        (ARRAY['A', 'B', 'C', NULL])[1 + floor(random() * 4)::int] AS tier) r;
CREATE TABLE reports AS
SELECT part, c.* FROM generate_series(1, 60) part, LATERAL allocation_check(format('SELECT id, amount, floor(lo), ceil(hi), tier, w FROM random_allocation WHERE part = %s ORDER BY random()', part), 1000, 'B', 0.2, 0.4, 0.45, 0.6, 20) c;
SELECT is_empty($$
    WITH alike AS (
        SELECT part, count(*) FILTER (WHERE max - min > 10.0 ^ -scale) AS groups
        FROM (SELECT part, max(amount), min(amount), max(max(scale(amount))) OVER (PARTITION BY part) AS scale FROM random_allocation WHERE w IS NOT NULL AND amount IS NOT NULL GROUP BY part, w, floor(lo), ceil(hi)) g GROUP BY part),
    tiers AS (SELECT part, tier, sum(amount) AS s FROM random_allocation WHERE tier IS NOT NULL GROUP BY part, tier),
    twin AS (
        SELECT part, count(*) AS rows, sum(amount) AS sum, count(*) FILTER (WHERE amount IS NULL) AS "null amount", count(*) FILTER (WHERE amount < 0) AS "negative amount",
            count(*) FILTER (WHERE amount < floor(lo)) AS "below floor", count(*) FILTER (WHERE amount > ceil(hi)) AS "above cap", (SELECT groups FROM alike WHERE alike.part = a.part) AS "unequal treatment",
            gini(amount)::text::numeric, jain(amount)::text::numeric, max_min_ratio(amount)::text::numeric AS "max/min ratio",
            coalesce(sum(amount) FILTER (WHERE tier = 'B'), 0) / sum(amount) AS "base tier share", (SELECT max(s) FROM tiers WHERE tiers.part = a.part) / sum(amount) AS "largest tier share"
        FROM random_allocation a GROUP BY part),
    expected AS (SELECT part, item, value::numeric FROM twin, jsonb_each_text(to_jsonb(twin) - 'part') e(item, value))
    SELECT * FROM reports r FULL JOIN expected e USING (part, item) WHERE r.value IS DISTINCT FROM e.value AND NOT (item = 'max/min ratio' AND e.value IS NULL)$$, 'plain aggregates say the same');
SELECT is_empty($$SELECT * FROM reports WHERE ok IS DISTINCT FROM CASE WHEN item IN ('gini', 'max/min ratio', 'largest tier share') THEN value <= allowed WHEN item IN ('jain', 'base tier share') THEN value >= allowed
    WHEN item <> 'rows' THEN value = allowed END$$, 'ok is the comparison of value and allowed');
SELECT cmp_ok(count(DISTINCT (item, ok)), '>=', 15::bigint, 'checks hold and fail') FROM reports;

-- --- errors ---
SELECT throws_ok('SELECT allocation_check(NULL)', '22004', 'argument "allocation" must not be NULL');
SELECT throws_ok($$SELECT allocation_check('SELECT 1')$$, '42804', 'the query in argument "allocation" returns 1 columns');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, ''x''::text')$$, '42804');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2 UNION ALL SELECT 1, 3')$$, '21000', 'key 1 comes more than once');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, ''NaN''::numeric')$$, '22023', 'amount must be a finite number, not NaN');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2, ''Infinity''::float8')$$, '22023', 'floor must be a finite number, not infinity');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 1e400::numeric')$$, '22003');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2', 'NaN')$$, '22023', 'budget must be a finite number, not NaN');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2, 3, 4, ''a''', max_tier_share => 1.5)$$, '22023', 'max_tier_share must be between 0 and 1, not 1.5');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2', max_gini => 'NaN')$$, '22023', 'max_gini must be between 0 and 1, not NaN');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2', min_jain => -0.5)$$, '22023', 'min_jain must be between 0 and 1, not -0.5');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2', max_ratio => 0.5)$$, '22023', 'max_ratio must be at least 1, not 0.5');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2', min_base_share => 0.5)$$, '22023', 'min_base_share is given without base_tier');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2', base_tier => 'a')$$, '22023', 'base_tier is given, and the query in argument "allocation" has no tier column');
SELECT throws_ok($$SELECT allocation_check('SELECT 1, 2', max_tier_share => 0.5)$$, '22023', 'max_tier_share is given, and the query in argument "allocation" has no tier column');

-- --- cancel ---
CREATE FUNCTION pg_temp.stopped(started timestamptz, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not stopped after ' || clock_timestamp() - started;
EXCEPTION WHEN query_canceled THEN
    -- the limit is generous for a busy machine
    RETURN CASE WHEN clock_timestamp() - started < interval '2 s' + current_setting('statement_timeout')::interval THEN 'in time' ELSE 'after ' || clock_timestamp() - started END;
END $$;
SET LOCAL statement_timeout = '200ms';
SELECT is(pg_temp.stopped(clock_timestamp(), $$SELECT * FROM allocation_check('SELECT c, c, 0, c, c % 10, c % 1000 FROM generate_series(1::bigint, 1000000000) c')$$), 'in time', 'allocation_check');
RESET statement_timeout;

SELECT * FROM finish();
ROLLBACK;
