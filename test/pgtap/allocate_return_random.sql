-- allocate_return on thousands of seeded random partitions: against greedy choice of single units, which is best for
-- concave curves, and dynamic programming for S-shaped ones; sums, bounds, ties, order of rows, types of key, cancel.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;
SET LOCAL work_mem = '64MB';

SELECT plan(29);
SELECT setseed(0.4);

-- --- small partitions in whole units: shapes 0 to 4 are concave, 5 to 7 may be S-shaped ---

CREATE TABLE sample AS
SELECT part, id, shape, curve, floor_, room, extra,
    CASE shape WHEN 0 THEN 1 WHEN 1 THEN floor(random() * 3) WHEN 2 THEN exp(40 * random() - 20) ELSE random() * 100 END AS a,
    CASE WHEN shape = 0 THEN CASE curve WHEN 'power' THEN 0.5 ELSE 4 END
        WHEN curve = 'power' THEN 0.05 + 0.9 * random() WHEN shape = 3 THEN exp(20 * random() - 10) ELSE 0.1 + 20 * random() END AS b,
    CASE WHEN curve = 'hill' THEN CASE shape WHEN 0 THEN 0.5 WHEN 7 THEN exp(5 * random()) WHEN 6 THEN 1 + random() WHEN 5 THEN exp(3 * random()) ELSE 0.05 + 0.95 * random() END END AS c
FROM (
    SELECT part, part % 8 AS shape, extra, id,
        (ARRAY['log', 'power', 'negexp', 'saturation', 'hill', 'hill'])[1 + floor(random() * CASE WHEN part % 8 < 5 THEN 5 ELSE 6 END)::int] AS curve,
        CASE WHEN random() < 0.3 THEN floor(random() * 5) ELSE 0 END AS floor_,
        CASE WHEN random() < 0.4 THEN floor(random() * 15) END AS room
    FROM (SELECT part, floor(random() * 40) AS extra FROM generate_series(1, 6000) part) p, generate_series(1, 1 + part % 6) id) s;
ALTER TABLE sample ADD cap numeric, ADD budget numeric;
UPDATE sample SET cap = floor_ + room;
UPDATE sample s SET budget = x.budget FROM (SELECT part, least(sum(floor_) + min(extra), sum(coalesce(cap, 1000))) AS budget FROM sample GROUP BY part) x WHERE s.part = x.part;
ANALYZE sample;

CREATE TABLE result AS
SELECT *, allocate_return(curve, a, b, budget, floor_::numeric, cap, id, 0, c => c) OVER p AS x,
    allocate_return_bound(curve, a, b, budget, floor_::numeric, cap, id, 0, c => c) OVER p AS bound
FROM sample WINDOW p AS (PARTITION BY part);
ANALYZE result;

SELECT cmp_ok((SELECT count(*) FROM result), '>', 20000::bigint, 'thousands of rows');
SELECT is_empty('SELECT part FROM result GROUP BY part HAVING sum(x) <> min(budget)', 'the amounts add up to the budget');
SELECT is_empty('SELECT * FROM result WHERE x < floor_ OR x > cap OR x <> trunc(x)', 'between floor and cap, in whole units');
SELECT is_empty('SELECT part FROM result GROUP BY part HAVING count(DISTINCT bound) <> 1', 'the bound is the same in every row');

CREATE TABLE total AS
SELECT part, min(shape) AS shape, min(budget) - sum(floor_) AS spare, sum(return_at(curve, a, b, x::float8, c)) AS total, min(bound) AS bound,
    max(return_at(curve, a, b, least(budget, cap)::float8, c)) AS one
FROM result GROUP BY part;

-- Concave: of the gains of all units, as many of the largest as there are to give.
CREATE TABLE unit AS
SELECT part, id, k, return_at(curve, a, b, (floor_ + k)::float8, c) - return_at(curve, a, b, (floor_ + k - 1)::float8, c) AS gain
FROM sample JOIN total USING (part), generate_series(1, least(total.spare, room)::int) k WHERE sample.shape < 5;
CREATE TABLE best AS
SELECT part, floors + coalesce(gains, 0) AS best
FROM (SELECT part, sum(return_at(curve, a, b, floor_, c)) AS floors FROM sample WHERE shape < 5 GROUP BY part) f
LEFT JOIN (SELECT part, sum(gain) AS gains FROM (
        SELECT part, gain, row_number() OVER (PARTITION BY part ORDER BY gain DESC) AS n FROM unit) u JOIN total USING (part) WHERE n <= spare GROUP BY part) g USING (part);
SELECT is((SELECT count(*)::int FROM best), 3750, 'concave partitions');
SELECT is_empty('SELECT * FROM best JOIN total USING (part) WHERE abs(total - best) > 1e-13 * best', 'the total is that of a greedy choice of units');
SELECT is_empty('SELECT * FROM best JOIN total USING (part) WHERE abs(bound - best) > 1e-13 * best', 'and the bound is the same: no gap');

-- S-shaped: every distribution, by dynamic programming over rows.
CREATE FUNCTION pg_temp.optimum(p int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    units int := (SELECT spare FROM total WHERE part = p);
    value float8[] := ARRAY[0::float8] || array_fill('-infinity'::float8, ARRAY[units]);
    row record;
BEGIN
    FOR row IN SELECT array_agg(return_at(curve, a, b, floor_ + k, c) ORDER BY k) AS f, least(room, units)::int AS most
        FROM sample, generate_series(0, least(room, units)::int) k WHERE part = p GROUP BY id, room
    LOOP
        value := (SELECT array_agg(best ORDER BY j) FROM (
            SELECT j, max(value[j - k + 1] + row.f[k + 1]) AS best FROM generate_series(0, units) j, generate_series(0, least(j, row.most)) k GROUP BY j) s);
    END LOOP;
    RETURN value[units + 1];
END $$;
CREATE TABLE optimum AS SELECT part, pg_temp.optimum(part) AS best FROM total WHERE shape >= 5 AND part % 5 = 0;
SELECT cmp_ok((SELECT count(*) FROM optimum), '>', 400::bigint, 'S-shaped partitions');
SELECT is_empty('SELECT * FROM optimum JOIN total USING (part) WHERE total > best * (1 + 1e-13)', 'no total exceeds the optimum');
SELECT is_empty('SELECT * FROM optimum JOIN total USING (part) WHERE bound < best * (1 - 1e-13)', 'no bound is below it');
SELECT cmp_ok((SELECT avg((total < best * (1 - 1e-13))::int) FROM optimum JOIN total USING (part)), '<', 0.01, 'nearly all are optimal');
SELECT cmp_ok((SELECT max(1 - total / best) FROM optimum JOIN total USING (part) WHERE best > 0), '<', 0.05::float8, 'the others nearly');
SELECT is_empty('SELECT * FROM total WHERE bound - total > one * (1 + 1e-13)', 'a gap is at most the return of one row');
SELECT cmp_ok((SELECT count(*) FROM total WHERE shape >= 5 AND bound > total * (1 + 1e-9)), '>', 100::bigint, 'gaps are among them');

-- --- order, frame, scale, type of key ---

SELECT is_empty($$SELECT part, id FROM (
        SELECT part, id, allocate_return(curve, a, b, budget, floor_::numeric, cap, id, 0, c => c) OVER (PARTITION BY part ORDER BY md5(id::text) ROWS CURRENT ROW) AS y FROM sample) s
    JOIN result USING (part, id) WHERE x <> y$$, 'order and frame of the window do not matter');
SELECT is_empty($$SELECT part, id FROM (
        SELECT part, id, allocate_return(curve, a, b, budget, floor_::numeric, cap, id::text, 0, c => c) OVER p AS t, allocate_return(curve, a, b, budget, floor_::numeric, cap, id::bigint, 0, c => c) OVER p AS i,
            allocate_return(curve, a, b, budget, floor_::numeric, cap, lpad(id::text, 32, '0')::uuid, 0, c => c) OVER p AS u FROM sample WINDOW p AS (PARTITION BY part)) s
    JOIN result USING (part, id) WHERE x <> t OR x <> i OR x <> u$$, 'nor does the type of the key');
SELECT is_empty($$SELECT part, id FROM (
        SELECT part, id, allocate_return(curve, 4 * a, b, budget, floor_::numeric, cap, id, 0, c => c) OVER p AS y FROM sample WINDOW p AS (PARTITION BY part)) s
    JOIN result USING (part, id) WHERE x <> y$$, 'nor the unit of the return');
SELECT is_empty($$SELECT part FROM (
        SELECT part, budget, floor_, cap, allocate_return(curve, a, b, budget / 64, floor_::numeric / 64, cap / 64, id, 6, c => c) OVER (PARTITION BY part) AS y FROM sample) s
    GROUP BY part HAVING sum(y) <> min(budget) / 64 OR bool_or(y < floor_ / 64 OR y > cap / 64)$$, 'finer units');

-- --- equal rows ---
SELECT is_empty($$SELECT part FROM (
        SELECT part, allocate_return(curve, a, b, budget, key => id, c => c) OVER (PARTITION BY part) AS x FROM (
            SELECT part, id, (ARRAY['log', 'power', 'negexp', 'saturation', 'hill'])[1 + part % 5] AS curve, 0.1 * (part % 7) AS a,
                CASE WHEN part % 5 = 1 THEN 0.3 ELSE 10.0 ^ (part % 11 - 3) END AS b, 0.7 AS c, (part % 97)::numeric * part AS budget
            FROM generate_series(1, 1000) part, generate_series(1, 1 + part % 13) id) r) s GROUP BY part HAVING max(x) - min(x) > 0.01$$, 'equal rows differ by one unit at most');

-- --- large ---

CREATE TABLE large AS
SELECT id, (ARRAY['log', 'power', 'negexp', 'saturation', 'hill', 'hill'])[1 + id % 6] AS curve, 50 + 500 * random() AS a,
    CASE WHEN id % 6 = 1 THEN 0.2 + 0.6 * random() ELSE 500 + 5000 * random() END AS b, CASE id % 6 WHEN 4 THEN 0.4 + random() / 2 WHEN 5 THEN 1 + 2 * random() END AS c,
    floor(random() * 500)::numeric AS low, floor(600 + random() * 20000)::numeric AS high FROM generate_series(1, 20000) id;
CREATE TABLE large_result AS
SELECT *, allocate_return(curve, a, b, 60000000.01, low, high, id, c => c) OVER () AS x, allocate_return_bound(curve, a, b, 60000000.01, low, high, id, c => c) OVER () AS bound FROM large;
SELECT is((SELECT sum(x) FROM large_result), 60000000.01, 'the sum of many');
SELECT is_empty('SELECT * FROM large_result WHERE x NOT BETWEEN low AND high', 'bounds of many');
SELECT cmp_ok((SELECT 1 - sum(return_at(curve, a, b, x, c)) / max(bound) FROM large_result), '<', 1e-4::float8, 'the gap of many is small, with one of six rows S-shaped');

-- The optimality test, with gains in numeric, on the rows where that is not too slow.
CREATE TABLE concave AS
SELECT *, CASE curve
    WHEN 'log' THEN a::numeric * ln((b::numeric + x + 0.01) / (b::numeric + x))
    WHEN 'saturation' THEN a::numeric * b::numeric * 0.01 / ((b::numeric + x) * (b::numeric + x + 0.01)) END AS next,
    CASE curve
    WHEN 'log' THEN CASE WHEN x > 0 THEN a::numeric * ln((b::numeric + x) / (b::numeric + x - 0.01)) END
    WHEN 'saturation' THEN CASE WHEN x > 0 THEN a::numeric * b::numeric * 0.01 / ((b::numeric + x) * (b::numeric + x - 0.01)) END END AS last
FROM (SELECT *, allocate_return(curve, a, b, 15000000.00, low, high, id) OVER () AS x FROM large WHERE curve IN ('log', 'saturation')) s;
SELECT is((SELECT sum(x) FROM concave), 15000000.00, 'the sum of concave ones');
SELECT cmp_ok((SELECT max(next) FILTER (WHERE x < high) / min(last) FILTER (WHERE x > low) - 1 FROM concave), '<', 1e-14,
    'the largest next gain is no larger than the smallest last one');
SELECT cmp_ok((SELECT count(*) FROM concave WHERE x > low AND x < high), '>', 1000::bigint, 'thousands of rows lie between');
SELECT is_empty($$SELECT * FROM (SELECT id, allocate_return(curve, a, b, 60000000.01, low, high, id, c => c) OVER (ORDER BY md5(id::text)) AS y FROM large) s JOIN large_result USING (id) WHERE x <> y$$,
    'a permutation changes nothing');
SET LOCAL work_mem = '64kB';
SELECT is_empty($$SELECT * FROM (SELECT id, allocate_return(curve, a, b, 60000000.01, low, high, id, c => c) OVER () AS y FROM large ORDER BY id) s JOIN large_result USING (id) WHERE x <> y$$,
    'nor does a partition that lies in a file');
RESET work_mem;

-- --- cancel ---

CREATE FUNCTION pg_temp.stopped(started timestamptz, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not stopped after ' || clock_timestamp() - started;
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN clock_timestamp() - started < interval '2 s' + current_setting('statement_timeout')::interval THEN 'in time'
        ELSE 'after ' || clock_timestamp() - started END;
END $$;
SET LOCAL statement_timeout = '700ms';
SELECT matches(pg_temp.stopped(clock_timestamp(), $$SELECT count(x) FROM (SELECT allocate_return('hill', 1 + i, 10 + i % 77, 1e9, key => i, c => 1 + i % 5) OVER () AS x FROM generate_series(1, 1000000) i) s$$),
    '^in time', 'a million rows are stopped');
RESET statement_timeout;
SELECT is((SELECT allocate_return('log', 1, 1, 5) OVER ()), 5.00, 'the session goes on');

SELECT * FROM finish();
ROLLBACK;
