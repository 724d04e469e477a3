-- waterfall by hand, its errors, and against plain SQL on thousands of seeded random partitions.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;
SET LOCAL jit = off;

SELECT plan(48);
SELECT setseed(0.7);

CREATE TABLE client (id int, tier int, request numeric, base numeric);
INSERT INTO client VALUES (1, 1, 40, 10), (2, 1, 20, 10), (3, 2, 30, 10), (4, 2, 5, 10), (5, 3, NULL, 10), (6, 3, 50, NULL);

-- The amounts by an expression, in the order of id.
CREATE FUNCTION pg_temp.amounts(expression text, relation text DEFAULT 'client') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT string_agg(coalesce(a::text, ''-''), '' '' ORDER BY id) FROM (SELECT id, %s AS a FROM %s) s', expression, relation) INTO result;
    RETURN result;
END $$;

SELECT is(pg_temp.amounts('waterfall(request, 100) OVER (ORDER BY tier)'), '40.00 20.00 30.00 5.00 - 5.00', 'by tier until it is spent');
SELECT is(pg_temp.amounts('waterfall(request, 80) OVER (ORDER BY tier)'), '40.00 20.00 17.14 2.86 - 0.00', 'peers share in proportion');
SELECT is(pg_temp.amounts('waterfall(request, 80, 5) OVER (ORDER BY tier)'), '40.00 20.00 10.00 5.00 - 5.00', 'a base for everybody first, none above its request');
SELECT is(pg_temp.amounts('waterfall(request, 80, base) OVER (ORDER BY tier)'), '40.00 20.00 15.00 5.00 - 0.00', 'null base: none; null request: null');
SELECT is(pg_temp.amounts('waterfall(request, 50, base) OVER (ORDER BY tier)'), '21.25 13.75 10.00 5.00 - 0.00', 'shares of what is asked beyond the base: 3 to 1');
SELECT is(pg_temp.amounts('waterfall(request, 35, base) OVER (ORDER BY tier)'), '10.00 10.00 10.00 5.00 - 0.00', 'bases only');
SELECT is(pg_temp.amounts('waterfall(request, 145) OVER (ORDER BY tier)'), '40.00 20.00 30.00 5.00 - 50.00', 'exactly enough');
SELECT is(pg_temp.amounts('waterfall(request, 1000) OVER (ORDER BY tier)'), '40.00 20.00 30.00 5.00 - 50.00', 'more than enough: the rest stays');
SELECT is(pg_temp.amounts('waterfall(request, 0) OVER (ORDER BY tier)'), '0.00 0.00 0.00 0.00 - 0.00', 'nothing');
SELECT is(pg_temp.amounts('waterfall(request, 29) OVER ()'), '8.00 4.00 6.00 1.00 - 10.00', 'without ORDER BY all are peers');
SELECT is(pg_temp.amounts('waterfall(request, 25) OVER (ORDER BY tier DESC, id)'), '0.00 0.00 0.00 0.00 - 25.00', 'another order');
SELECT is(pg_temp.amounts('waterfall(request, 25) OVER (PARTITION BY tier ORDER BY id DESC)'), '5.00 20.00 20.00 5.00 - 25.00', 'in partitions');
SELECT is(pg_temp.amounts('waterfall(request, 25 * tier) OVER (PARTITION BY tier ORDER BY id)'), '25.00 0.00 30.00 5.00 - 50.00', 'a budget for each');
SELECT is(pg_temp.amounts('waterfall(request, 25) OVER (ORDER BY id ROWS CURRENT ROW)'), '25.00 0.00 0.00 0.00 - 0.00', 'the frame does not matter');
SELECT is(pg_temp.amounts('waterfall(10, 20, key => id) OVER ()', 'generate_series(1, 3) id'), '6.67 6.67 6.66', 'cents by key');
SELECT is(pg_temp.amounts('waterfall(10, 20, key => -id) OVER ()', 'generate_series(1, 3) id'), '6.66 6.67 6.67', 'another key');
SELECT is(pg_temp.amounts('waterfall(10, 20, 1, id::text, 0) OVER ()', 'generate_series(1, 3) id'), '7 7 6', 'whole units, all arguments by place');
SELECT is(pg_temp.amounts('waterfall(10500, 20000, 1, id, -3) OVER ()', 'generate_series(1, 3) id'), '7000 7000 6000', 'thousands');
SELECT is(pg_temp.amounts('waterfall(9.999, 100, 3.001) OVER (ORDER BY id)', 'generate_series(1, 3) id'), '9.99 9.99 9.99', 'requests are rounded down');
SELECT is(pg_temp.amounts('waterfall(9.999, 9.03, 3.001) OVER (ORDER BY id)', 'generate_series(1, 3) id'), '3.01 3.01 3.01', 'bases up');
SELECT is(pg_temp.amounts('waterfall(2e18, 4e18, key => id, scale => 0) OVER ()', 'generate_series(1, 3) id'), '1333333333333333334 1333333333333333333 1333333333333333333', 'products beyond 128 bits');
SELECT is(pg_temp.amounts('waterfall(2e35, 4e35, 1e30, key => id) OVER ()', 'generate_series(1, 3) id'),
    '133333333333333333333333333333333333.34 133333333333333333333333333333333333.33 133333333333333333333333333333333333.33', 'beyond 64 bits');
SELECT is(pg_temp.amounts('waterfall(NULL, 10) OVER ()'), '- - - - - -', 'no request');
SELECT is(pg_temp.amounts('waterfall(0, 10, 5) OVER ()'), '0.00 0.00 0.00 0.00 0.00 0.00', 'requests of 0');
SELECT is((SELECT count(*) FROM (SELECT waterfall(request, 100) OVER () FROM client WHERE false) s), 0::bigint, 'no row');

-- --- errors ---
CREATE FUNCTION pg_temp.failure(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
BEGIN
    PERFORM pg_temp.amounts(expression);
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || message || '|' || detail;
END $$;
SELECT is(pg_temp.failure('waterfall(request, 30, base) OVER (ORDER BY tier)'),
    '22023 the bases exceed the budget|The bases, none above its request, add up to 35.00, the budget is 30: 5.00 are missing.', 'bases exceed');
SELECT is(pg_temp.failure('waterfall(request, 30, 1e40) OVER ()'), '22003 base is out of range: it has more than 38 digits in units of 0.01|', 'a base of 40 digits');
SELECT is(pg_temp.failure('waterfall(1e36, 1) OVER ()'), '22003 request is out of range: it has more than 38 digits in units of 0.01|', 'a request of 39');
SELECT is(pg_temp.failure('waterfall(1, 1e36) OVER ()'), '22003 budget is out of range: it has more than 38 digits in units of 0.01|', 'a budget');
SELECT is(pg_temp.failure('waterfall(9e35, 1, 9e35) OVER ()'), '22003 the sum of base is out of range: it has more than 38 digits in units of 0.01|', 'a sum of bases');
SELECT is(pg_temp.failure('waterfall(-request, 30) OVER ()'), '22023 request must be at least 0, not -40.00|', 'negative request');
SELECT is(pg_temp.failure('waterfall(request, 30, -1) OVER ()'), '22023 base must be at least 0, not -1.00|', 'negative base');
SELECT is(pg_temp.failure('waterfall(request, -1) OVER ()'), '22023 budget must be at least 0, not -1|', 'negative budget');
SELECT is(pg_temp.failure('waterfall(request, NULL) OVER ()'), '22004 budget must not be null|', 'null budget');
SELECT is(pg_temp.failure('waterfall(request, 1.001) OVER ()'), '22023 budget must be a multiple of 0.01, not 1.001|', 'a fraction of a cent');
SELECT is(pg_temp.failure('waterfall(request, 1, scale => 30) OVER ()'), '22023 scale must be between -20 and 20, not 30|', 'scale');
SELECT is(pg_temp.failure('waterfall(request, id) OVER ()'), '22023 budget must not change from row to row|', 'a budget that changes');
SELECT is(pg_temp.failure('waterfall(''NaN'', 1) OVER ()'), '22023 request must be a finite number, not NaN|', 'NaN');

SELECT is((SELECT array_agg(a ORDER BY a) FROM (SELECT waterfall(r, 1000000000000000 + 0.00::numeric(60, 30), 0.1234567890123456789012345678901234567890) OVER () AS a
    FROM (VALUES (2::numeric), (1.00999999999999999999999999999999999999999999)) v(r)) s), '{1.00,2.00}', 'digits that a unit does not have are no digits too many');

-- --- against plain SQL ---

CREATE TABLE sample AS
SELECT part, id, part % 4 AS kind, scale, floor(random() * (1 + part % 5))::int AS tier,
    CASE WHEN random() < 0.1 THEN NULL WHEN random() < 0.1 THEN 0
        WHEN part % 4 = 3 THEN floor(random() * 3) ELSE round((random() * random())::numeric * 1000 * 10.0 ^ -scale * CASE part % 4 WHEN 2 THEN 1e20 ELSE 1 END, scale + 1) END::numeric AS request,
    CASE WHEN random() < 0.2 THEN NULL WHEN part % 3 = 0 THEN 0 ELSE round((random() * random())::numeric * 200 * 10.0 ^ -scale, scale + 1) END AS base
FROM (SELECT part, (ARRAY[2, 0, 8, -1])[1 + part % 4] AS scale FROM generate_series(1, 6000) part OFFSET 0) s, generate_series(1, 1 + part % 13) id;
CREATE TABLE unit AS
SELECT *, floor(request * 10.0 ^ scale) AS want, CASE WHEN request IS NOT NULL THEN least(ceil(coalesce(base, 0) * 10.0 ^ scale), floor(request * 10.0 ^ scale)) END AS sure FROM sample;
CREATE TABLE input AS
SELECT *, budget_units * 10.0 ^ -scale AS budget
FROM unit JOIN (
    SELECT part, CASE WHEN u < 0.05 THEN sures WHEN u < 0.1 THEN wants ELSE sures + floor((wants - sures) * u::numeric * 1.1) END AS budget_units
    FROM (SELECT part, random() AS u, coalesce(sum(sure), 0) AS sures, coalesce(sum(want), 0) AS wants FROM unit GROUP BY part OFFSET 0) s) b USING (part);
ANALYZE input;

CREATE TABLE oracle AS
WITH grouped AS (
    SELECT *, budget_units - coalesce(sum(sure) OVER part, 0) AS rest, want - sure AS more,
        coalesce(sum(want - sure) OVER (PARTITION BY part, tier), 0) AS group_more,
        coalesce(sum(want - sure) OVER (PARTITION BY part ORDER BY tier), 0) AS up_to
    FROM input WINDOW part AS (PARTITION BY part)),
split AS (
    SELECT *, least(greatest(rest - (up_to - group_more), 0), group_more) AS share FROM grouped),
whole AS (
    SELECT *, CASE WHEN group_more = 0 THEN 0 ELSE div(share * more, group_more) END AS quotient,
        CASE WHEN group_more = 0 THEN 0 ELSE mod(share * more, group_more) END AS remainder FROM split)
SELECT part, id, sure + quotient + (row_number() OVER (PARTITION BY part, tier ORDER BY remainder DESC NULLS LAST, more DESC, id)
        <= share - sum(quotient) OVER (PARTITION BY part, tier))::int AS amount
FROM whole;

CREATE TABLE result AS
SELECT part, id, scale, tier, want, sure, budget_units,
    waterfall(request, budget, base, id, scale) OVER (PARTITION BY part ORDER BY tier) AS amount,
    waterfall(request, budget, base, md5(id::text), scale) OVER (PARTITION BY part ORDER BY tier NULLS FIRST) AS text_keyed
FROM (SELECT * FROM input ORDER BY md5(id::text)) s;
ANALYZE oracle;
ANALYZE result;
SELECT cmp_ok((SELECT count(*) FROM result), '>', 40000::bigint, 'tens of thousands of rows');
SELECT is_empty($$SELECT * FROM result r JOIN oracle o USING (part, id) WHERE r.amount * 10.0 ^ scale IS DISTINCT FROM o.amount LIMIT 3$$, 'every amount is that of the oracle');
SELECT is_empty($$SELECT * FROM result WHERE amount * 10.0 ^ scale NOT BETWEEN sure AND want OR text_keyed * 10.0 ^ scale NOT BETWEEN sure AND want LIMIT 3$$, 'from the base to the request');
SELECT is_empty($$SELECT part FROM result GROUP BY part, budget_units, scale
    HAVING coalesce(sum(amount), 0) * 10.0 ^ scale <> least(budget_units, coalesce(sum(want), 0)) LIMIT 3$$, 'all is given as long as somebody wants it');
SELECT is_empty($$SELECT part FROM result GROUP BY part HAVING sum(amount) IS DISTINCT FROM sum(text_keyed) LIMIT 3$$, 'with another key, too');
SELECT is_empty($$SELECT part FROM result GROUP BY part
    HAVING min(tier) FILTER (WHERE amount * 10.0 ^ scale < want) < max(tier) FILTER (WHERE amount * 10.0 ^ scale > sure) LIMIT 3$$, 'nobody gets more than the base before all above are served');
SELECT is_empty($$SELECT part FROM result GROUP BY part, tier, want, sure, scale HAVING max(amount) - min(amount) > 10.0 ^ -scale LIMIT 3$$, 'equal rows differ by a unit at most');

-- --- a cancel stops a large partition ---
CREATE FUNCTION pg_temp.stopped(started timestamptz, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not stopped after ' || clock_timestamp() - started;
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN clock_timestamp() - started < interval '2 s' + current_setting('statement_timeout')::interval THEN 'in time'
        ELSE 'after ' || clock_timestamp() - started END;
END $$;
CREATE TABLE large AS SELECT i, i * 7919 % 999983 AS w FROM generate_series(1::bigint, 1000000) i;
SET LOCAL work_mem = '200MB';
SET LOCAL statement_timeout = '400ms';
SELECT matches(pg_temp.stopped(clock_timestamp(), 'SELECT sum(a) FROM (SELECT waterfall(w, 400000000000, 1, i) OVER () AS a FROM large) s'), '^(in time|not stopped)', 'waterfall');
RESET statement_timeout;
SELECT is((SELECT sum(a) FROM (SELECT waterfall(w, 400000000000, 1, i) OVER (ORDER BY w % 3) AS a FROM large WHERE i <= 100000) s), (SELECT sum(w) FROM large WHERE i <= 100000)::numeric(20, 2), 'and the session goes on');

SELECT * FROM finish();
ROLLBACK;
