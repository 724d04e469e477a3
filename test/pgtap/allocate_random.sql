-- allocate against an exact oracle in numeric SQL on more than 20,000 seeded random cases of many shapes, infeasible ones
-- among them; and the properties that hold whatever the method: sum, bounds, order of rows, scale of weights, equal rows.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;
SET LOCAL jit = off;

SELECT plan(25);
SELECT setseed(0.4);

-- --- cases: a part is a partition ---

-- 10^24 steps from 1e-9 to 1e15 and the like, with a few digits
CREATE FUNCTION pg_temp.magnitude(low int, high int) RETURNS numeric LANGUAGE sql VOLATILE AS
$$SELECT trunc(1 + random() * 999)::numeric * ('1e' || (low + floor(random() * (high - low - 2)))::int)::numeric$$;

CREATE TABLE shape AS
SELECT part, part % 14 AS kind,
    CASE WHEN part % 97 = 0 THEN 40 WHEN part % 14 = 7 THEN 6 + floor(random() * 12)::int ELSE 1 + floor(random() * random() * 14)::int END AS n,
    CASE part % 14 WHEN 5 THEN 8 WHEN 6 THEN 0 WHEN 9 THEN -2 WHEN 10 THEN floor(random() * 13)::int - 4 ELSE 2 END AS scale,
    (ARRAY[0, 1, 2, 3])[1 + (part / 14) % 4] AS bounds      -- 1: floors, 2: caps, 3: both
FROM generate_series(1, 22000) part;

CREATE TABLE sample AS
SELECT part, id, scale, kind,
    CASE kind WHEN 0 THEN floor(random() * 20)
        WHEN 1 THEN round(random()::numeric * 1000, 3)
        WHEN 2 THEN 3
        WHEN 3 THEN CASE WHEN random() < 0.3 THEN NULL WHEN random() < 0.3 THEN 0 ELSE 1 + floor(random() * 5) END
        WHEN 4 THEN pg_temp.magnitude(-9, 15)
        WHEN 5 THEN 1 + floor(random() * 1e9)
        WHEN 6 THEN 1 + floor(random() * 50)
        WHEN 7 THEN trunc(2::numeric ^ (id * (1 + part / 14 % 4)))                 -- geometric
        WHEN 8 THEN pg_temp.magnitude(-60, 60)                          -- beyond 128 bits
        WHEN 11 THEN (1 + floor(random() * 3)) / 7::numeric             -- the many digits of a quotient
        WHEN 12 THEN 1 + (random() < 0.5)::int
        ELSE floor(100 * random() ^ 4) END::numeric AS weight,
    -- units and fractions of them
    CASE WHEN bounds % 2 = 1 AND random() < 0.8 THEN
        CASE kind WHEN 5 THEN round((random() * 1e14)::numeric, 9) WHEN 7 THEN floor(random() * 5)::numeric * 0.01
            ELSE round((floor(random() * 60) + (random() < 0.3)::int * random())::numeric * 10.0 ^ -(scale - 1), scale + 2) END END AS floor,
    random() AS u, bounds, n
FROM shape, generate_series(1, n) id;

ALTER TABLE sample ADD cap numeric;
UPDATE sample SET cap = CASE WHEN bounds > 1 AND u < 0.8 THEN
    ceil(coalesce(floor, 0) * 10.0 ^ scale) * 10.0 ^ -scale
    + CASE kind WHEN 5 THEN round((random() * 1e14)::numeric, 10) WHEN 7 THEN round((random() * 30)::numeric, 2)
        ELSE round((floor(random() * random() * 200) + (random() < 0.3)::int * random())::numeric * 10.0 ^ -(scale - 1), scale + 2) END END;

-- Bounds in units, and what rows can take.
CREATE TABLE unit AS
SELECT *, ceil(coalesce(floor, 0) * 10.0 ^ scale) AS low, floor(cap * 10.0 ^ scale) AS high FROM sample;

CREATE TABLE total AS
SELECT *, CASE
        WHEN u < 0.02 THEN lows
        WHEN u < 0.04 AND highs IS NOT NULL THEN highs
        WHEN u < 0.15 AND lows > 0 THEN floor(lows * random()::numeric)                                  -- floors exceed
        WHEN u < 0.30 AND highs IS NOT NULL THEN highs + 1 + floor((random() * 1000)::numeric)           -- caps below
        WHEN u < 0.32 AND lows = 0 THEN 0
        ELSE lows + floor((coalesce(highs, lows + CASE kind WHEN 5 THEN 1e23 ELSE 10.0 ^ (1 + floor(random() * 6)::int) END) - lows) * random()::numeric)
    END AS units,
    (part % 5 = 0) AS keep
FROM (SELECT part, scale, kind, random() AS u,
        coalesce(sum(low) FILTER (WHERE weight IS NOT NULL), 0) AS lows,
        CASE WHEN NOT coalesce(bool_or(weight > 0 AND high IS NULL), false)
            THEN coalesce(sum(CASE WHEN weight = 0 THEN low ELSE high END) FILTER (WHERE weight IS NOT NULL), 0) END AS highs,
        coalesce(bool_or(weight > 0), false) AS weighted
    FROM unit GROUP BY part, scale, kind OFFSET 0) s;

ALTER TABLE total ADD status text, ADD budget numeric;
UPDATE total SET budget = units * 10.0 ^ -scale,
    status = CASE WHEN lows > units THEN 'the floors exceed the budget'
        WHEN NOT weighted AND lows < units AND NOT keep THEN 'no weight is above 0, but the budget is more than the floors'
        WHEN highs < units AND NOT keep THEN 'the caps are below the budget'
        WHEN highs < units THEN 'keep' ELSE 'ok' END;

CREATE TABLE input AS
SELECT u.part, u.id, u.kind, u.scale, weight, floor, cap, low, high, units, budget, status,
    CASE WHEN keep THEN 'keep' ELSE 'error' END AS leftover
FROM unit u JOIN total t USING (part);
CREATE INDEX ON input (part);
ANALYZE input;

SELECT cmp_ok((SELECT count(*) FROM total WHERE status IN ('ok', 'keep')), '>', 18000::bigint, 'many feasible cases');
SELECT cmp_ok((SELECT count(*) FROM total WHERE status NOT IN ('ok', 'keep')), '>', 2000::bigint, 'thousands of infeasible ones');
SELECT cmp_ok((SELECT min(n) FROM (SELECT count(*) AS n FROM total GROUP BY status) s), '>', 100::bigint, 'of every status');

-- --- the oracle ---
-- The sum of clamp(lambda w) grows with lambda. So a row stands at its floor exactly if the sum at lambda = floor / w is
-- the budget or more, and at its cap if the sum at cap / w is the budget or less; sums are taken times w, in integers.

CREATE TABLE member AS SELECT part, id, weight, low, high, units, status FROM input WHERE status IN ('ok', 'keep') AND weight IS NOT NULL;
ANALYZE member;
CREATE TABLE oracle AS
WITH sums AS (
    SELECT a.part, a.id,
        sum(CASE WHEN b.weight = 0 THEN b.low * a.weight
            ELSE least(greatest(a.low * b.weight, b.low * a.weight), b.high * a.weight) END) AS sum_low,
        sum(CASE WHEN b.weight = 0 THEN b.low * a.weight
            ELSE least(greatest(a.high * b.weight, b.low * a.weight), b.high * a.weight) END) AS sum_high
    FROM member a JOIN member b USING (part) WHERE a.weight > 0 AND a.status = 'ok' GROUP BY a.part, a.id),
placed AS (
    SELECT *, units * weight <= sum_low AS at_low, high IS NOT NULL AND units * weight >= sum_high AS at_high
    FROM member LEFT JOIN sums USING (part, id)),
fixed AS (
    SELECT *, CASE
        WHEN weight = 0 THEN low
        WHEN status = 'keep' THEN high
        WHEN at_low THEN low
        WHEN at_high THEN high END AS bound
    FROM placed),
shared AS (
    SELECT *, units - coalesce(sum(bound) OVER p, 0) AS rest, sum(weight) FILTER (WHERE bound IS NULL) OVER p AS weights
    FROM fixed WINDOW p AS (PARTITION BY part)),
whole AS (
    SELECT *, div(rest * weight, weights) AS quotient, mod(rest * weight, weights) AS remainder
    FROM shared),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY part, bound IS NULL ORDER BY remainder DESC, weight DESC, id) AS place,
        rest - sum(quotient) FILTER (WHERE bound IS NULL) OVER (PARTITION BY part) AS spare
    FROM whole)
SELECT part, id, quotient, remainder, coalesce(bound, quotient + (place <= spare)::int) AS amount FROM ranked;

-- --- allocate ---

CREATE TABLE result AS
SELECT part, id, kind, scale, weight, low, high, units, status,
    allocate(weight, budget, floor, cap, id, scale, leftover) OVER p AS amount,
    allocate(weight, budget, floor, cap, md5(id::text), scale, leftover) OVER p AS text_keyed,
    allocate(weight, budget, floor, cap, scale => scale, leftover => leftover) OVER p AS keyless
FROM input WHERE status IN ('ok', 'keep') WINDOW p AS (PARTITION BY part);
ANALYZE oracle;
ANALYZE result;

SELECT is((SELECT count(*) FROM result WHERE amount IS NOT NULL), (SELECT count(*) FROM oracle), 'as many amounts as the oracle has');
SELECT is_empty($$SELECT r.*, o.amount FROM result r JOIN oracle o USING (part, id) WHERE r.amount * 10.0 ^ r.scale IS DISTINCT FROM o.amount LIMIT 3$$,
    'every amount is that of the oracle');
SELECT is_empty($$SELECT * FROM result WHERE (amount IS NULL) <> (weight IS NULL) LIMIT 3$$, 'null for a null weight only');
SELECT is_empty($$SELECT * FROM result WHERE scale(amount) <> greatest(scale, 0) LIMIT 3$$, 'amounts have scale decimals');
SELECT is_empty($$SELECT part FROM result WHERE status = 'ok' GROUP BY part, units, scale HAVING coalesce(sum(amount), 0) * 10.0 ^ scale <> units LIMIT 3$$,
    'the sum is the budget');
SELECT is_empty($$SELECT part FROM result WHERE status = 'ok' GROUP BY part, units, scale
        HAVING coalesce(sum(text_keyed), 0) * 10.0 ^ scale <> units OR coalesce(sum(keyless), 0) * 10.0 ^ scale <> units LIMIT 3$$,
    'with another key and without one, too');
SELECT is_empty($$SELECT * FROM result WHERE amount * 10.0 ^ scale NOT BETWEEN low AND coalesce(high, amount * 10.0 ^ scale) LIMIT 3$$, 'the bounds hold');
SELECT is_empty($$SELECT * FROM result WHERE keyless * 10.0 ^ scale NOT BETWEEN low AND coalesce(high, keyless * 10.0 ^ scale) LIMIT 3$$, 'without a key, too');
SELECT is_empty($$SELECT part FROM result WHERE weight IS NOT NULL GROUP BY part, weight, low, high, scale
        HAVING max(amount) - min(amount) > 10.0 ^ -scale OR max(keyless) - min(keyless) > 10.0 ^ -scale LIMIT 3$$,
    'equal rows differ by a unit at most');
SELECT is_empty($$SELECT * FROM result JOIN oracle o USING (part, id) WHERE quotient IS NOT NULL AND low <= quotient AND quotient + sign(remainder) <= high
        AND (result.amount * 10.0 ^ scale NOT BETWEEN quotient AND quotient + sign(remainder)
            OR keyless * 10.0 ^ scale NOT BETWEEN quotient AND quotient + sign(remainder)) AND o.amount NOT IN (low, high) LIMIT 3$$,
    'between the floor and the ceiling of the exact share');
SELECT is_empty($$SELECT * FROM result WHERE part IN (SELECT part FROM result GROUP BY part HAVING count(DISTINCT weight) = count(weight))
        AND keyless IS DISTINCT FROM amount AND kind IN (0, 1, 6) LIMIT 3$$,
    'where weights differ the key has no say');

-- other orders of rows, other windows, all weights times a number: the same. 1e40 leads to the arithmetic of numeric.
CREATE TABLE again AS
SELECT part, id,
    allocate(weight, budget, floor, cap, id, scale, leftover) OVER (PARTITION BY part ORDER BY md5(id::text || part)) AS shuffled,
    allocate(weight, budget, floor, cap, id, scale, leftover) OVER (PARTITION BY part ORDER BY id DESC ROWS CURRENT ROW) AS reversed,
    allocate(weight * 7, budget, floor, cap, id::bigint, scale, leftover) OVER (PARTITION BY part ORDER BY cap, floor) AS times_7,
    allocate(weight / 1000, budget, floor, cap, id::numeric, scale, leftover) OVER (PARTITION BY part) AS thousandth,
    allocate(weight * 1e40, budget, floor, cap, lpad(id::text, 32, '0')::uuid, scale, leftover) OVER (PARTITION BY part) AS big
FROM input WHERE status IN ('ok', 'keep');
ANALYZE again;
SELECT is_empty($$SELECT * FROM result JOIN again USING (part, id) WHERE shuffled IS DISTINCT FROM amount LIMIT 3$$, 'rows in another order');
SELECT is_empty($$SELECT * FROM result JOIN again USING (part, id) WHERE reversed IS DISTINCT FROM amount LIMIT 3$$, 'in reverse, with a frame');
SELECT is_empty($$SELECT * FROM result JOIN again USING (part, id) WHERE times_7 IS DISTINCT FROM amount LIMIT 3$$, 'weights times 7');
SELECT is_empty($$SELECT * FROM result JOIN again USING (part, id) WHERE thousandth IS DISTINCT FROM amount AND kind <> 11 LIMIT 3$$, 'weights by 1000');
SELECT is_empty($$SELECT * FROM result JOIN again USING (part, id) WHERE big IS DISTINCT FROM amount LIMIT 3$$, 'weights times 10^40');

-- --- infeasible cases ---

CREATE FUNCTION pg_temp.failure(which int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    state text;
BEGIN
    PERFORM allocate(weight, budget, floor, cap, id, scale, leftover) OVER () FROM input WHERE part = which;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
    RETURN state || ' ' || message || ': ' || substring(detail FROM ': ([0-9.]+) ');
END $$;
SELECT is_empty($$SELECT * FROM (SELECT part, status, pg_temp.failure(part) AS failure,
            (abs(CASE WHEN lows > units THEN lows ELSE coalesce(highs, lows) END - units) * 10.0 ^ -scale) AS gap
        FROM total WHERE status NOT IN ('ok', 'keep') OFFSET 0) s
    WHERE split_part(failure, ': ', 1) <> '22023 ' || status OR split_part(failure, ': ', 2)::numeric <> gap LIMIT 3$$,
    'each infeasible case is the right error, with the gap');

-- --- levels: budget, tiers, customers ---

CREATE TABLE child AS
SELECT part, part % 7 AS parent, part / 7 AS tree, id, weight, floor, cap, low, high
FROM input WHERE scale = 2 AND kind IN (0, 1, 2, 3, 12, 13);
CREATE INDEX ON child (tree, parent);
ANALYZE child;
CREATE TABLE parent AS
SELECT tree, parent, sum(weight) AS weight, lift_floor(weight, floor) AS floor, lift_cap(weight, floor, cap) AS cap,
    lift_floor(weight, floor, 0) AS floor_0, lift_cap(weight, floor, ceil(cap), 0) AS cap_0
FROM child GROUP BY tree, parent;
SELECT is_empty($$SELECT * FROM parent JOIN (SELECT tree, parent, coalesce(sum(low) FILTER (WHERE weight IS NOT NULL), 0) / 100 AS low,
            CASE WHEN bool_or(weight > 0 AND high IS NULL) THEN NULL ELSE coalesce(sum(CASE WHEN weight = 0 THEN low ELSE high END) FILTER (WHERE weight IS NOT NULL), 0) / 100 END AS high
        FROM child GROUP BY 1, 2) s USING (tree, parent) WHERE floor <> low OR cap IS DISTINCT FROM high LIMIT 3$$, 'lift_floor and lift_cap are the sums');
SELECT is_empty($$SELECT * FROM parent JOIN (SELECT tree, parent, coalesce(sum(ceil(floor)) FILTER (WHERE weight IS NOT NULL), 0) AS low FROM child GROUP BY 1, 2) s
    USING (tree, parent) WHERE floor_0 <> low LIMIT 3$$, 'lift_floor at scale 0');
CREATE TABLE tree AS
SELECT tree, lift_floor(weight, floor) + trunc(random()::numeric * (coalesce(lift_cap(weight, floor, cap), lift_floor(weight, floor) + 1000) - lift_floor(weight, floor)), 2) AS budget,
    lift_cap(weight, floor, cap) AS cap
FROM parent WHERE weight IS NOT NULL GROUP BY tree;
CREATE TABLE given AS
WITH upper AS (
    SELECT tree, parent, budget, allocate(p.weight, budget, floor, p.cap, parent) OVER (PARTITION BY tree) AS amount
    FROM parent p JOIN tree USING (tree) WHERE p.weight IS NOT NULL)
SELECT tree, parent, budget, upper.amount AS parent_amount, c.*
FROM upper JOIN LATERAL (
    SELECT id, allocate(weight, upper.amount, floor, cap, id) OVER () AS amount FROM child
    WHERE child.tree = upper.tree AND child.parent = upper.parent) c ON true;
SELECT cmp_ok((SELECT count(DISTINCT (tree, parent)) FROM given), '>', 5000::bigint, 'thousands of parents, no error');
SELECT is_empty($$SELECT tree, parent FROM given GROUP BY tree, parent, parent_amount HAVING coalesce(sum(amount), 0) <> parent_amount LIMIT 3$$,
    'the sum of the children is the amount of the parent');
SELECT is_empty($$SELECT tree FROM given GROUP BY tree, budget HAVING coalesce(sum(amount), 0) <> budget LIMIT 3$$, 'and over all the budget');

SELECT * FROM finish();
ROLLBACK;
