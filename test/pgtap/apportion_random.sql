-- apportion against slow and obvious SQL on thousands of seeded random partitions: for the divisor methods all seats in their
-- order by exact priorities, for hamilton its definition with variable fixing. Then the properties: sum, bounds, permutation,
-- scale of weights, exchange test, house monotony, quota.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;
SET LOCAL max_parallel_workers_per_gather = 0;

SELECT plan(28);
SELECT setseed(0.42);

-- --- partitions of many shapes ---

-- Rows of a part come in the order of id, which is random; equal weights are told apart by key.
CREATE TABLE sample AS
SELECT part, key, id, method, bounded,
    CASE part % 11
        WHEN 0 THEN floor(random() * 1000)::numeric
        WHEN 1 THEN floor(random() * 4)::numeric                                          -- ties and zeros
        WHEN 2 THEN 7                                                               -- all equal
        WHEN 3 THEN CASE WHEN random() < 0.3 THEN NULL ELSE floor(random() * 5)::numeric END
        WHEN 4 THEN floor((random() * 1e9)::numeric * 1e20)                         -- beyond 64 bits
        WHEN 5 THEN floor((random() * 1e9)::numeric * 1e60) + floor(random() * 3)::numeric   -- beyond 128 bits
        WHEN 6 THEN round(random()::numeric, 9)
        WHEN 7 THEN floor(random() * 10)::numeric * ('1e' || floor(random() * 40 - 20)::int)::numeric
        WHEN 8 THEN 2.0 ^ key                                                       -- geometric
        WHEN 9 THEN floor(random() * 3)::numeric * ('1e' || floor(random() * 900 - 450)::int)::numeric
        ELSE round((exp(random() * 8))::numeric, 2)
    END AS w
FROM (SELECT part, (ARRAY['dhondt', 'webster', 'hill', 'adams', 'dean', 'hamilton', 'hamilton'])[1 + part % 7] AS method, part / 77 % 3 AS bounded, 1 + floor(random() * 7)::int AS n
    FROM generate_series(0, 7699) part OFFSET 0) p, LATERAL (SELECT key, random() AS id FROM generate_series(1, n) key) k;
ALTER TABLE sample ADD lo bigint DEFAULT 0, ADD hi bigint, ADD seats bigint;
UPDATE sample SET lo = CASE bounded WHEN 0 THEN 0 WHEN 1 THEN 1 ELSE floor(random() * 4) END,
    hi = CASE bounded WHEN 2 THEN CASE WHEN random() < 0.7 THEN 4 + floor(random() * 6) END END;
-- Seats between the bounds where there is anything between them.
UPDATE sample SET seats = least(greatest(wanted, lowest), highest)
FROM (SELECT part, floor(random() * 22) AS wanted, sum(lo) AS lowest, sum(CASE WHEN w > 0 THEN coalesce(hi, 22) ELSE lo END) AS highest FROM sample WHERE w IS NOT NULL GROUP BY part) b
WHERE b.part = sample.part;
DELETE FROM sample WHERE seats IS NULL;                                             -- only null weights: see apportion.sql
CREATE TABLE shuffled AS SELECT * FROM sample ORDER BY id;
CREATE TABLE result AS SELECT *, apportion(w, seats, method, lo, hi, key) OVER (PARTITION BY part) AS a FROM shuffled;
ANALYZE result;

SELECT cmp_ok((SELECT count(DISTINCT part) FROM result), '>', 7500::bigint, 'thousands of partitions');

-- --- divisor methods: all seats in their order ---

-- A common multiple of all divisors, so that priorities are whole multiples of weights.
CREATE AGGREGATE pg_temp.lcm_of(numeric) (SFUNC = lcm, STYPE = numeric, INITCOND = '1');
SELECT pg_temp.lcm_of(i) AS multiple FROM generate_series(1, 70) i \gset
CREATE TABLE wanted AS
SELECT part, key, count(*) FILTER (WHERE place <= seats) AS a
FROM (
    SELECT part, key, seats, row_number() OVER (PARTITION BY part ORDER BY a < lo DESC, d = 0 DESC, claim * (:multiple / NULLIF(d, 0)) DESC, w DESC, key) AS place
    FROM sample, generate_series(0, 21) a, LATERAL (SELECT (CASE method
            WHEN 'dhondt' THEN a + 1
            WHEN 'webster' THEN 2 * a + 1
            WHEN 'adams' THEN a
            WHEN 'hill' THEN a * (a + 1)
            WHEN 'dean' THEN 2 * a * (a + 1) END)::numeric AS d,
        w * CASE method WHEN 'hill' THEN w WHEN 'dean' THEN 2 * a + 1 ELSE 1 END AS claim) x
    WHERE method <> 'hamilton' AND (w > 0 AND a < coalesce(hi, 22) OR w = 0 AND a < lo)
) s GROUP BY part, key;
SELECT is_empty(format($$
    SELECT part, key, r.w, lo, hi, seats, r.a, w.a AS wanted FROM result r LEFT JOIN wanted w USING (part, key)
    WHERE method = %L AND r.a IS DISTINCT FROM CASE WHEN r.w IS NOT NULL THEN coalesce(w.a, 0) END$$, m), m || ' equals the seats in their order')
FROM unnest(ARRAY['dhondt', 'webster', 'hill', 'adams', 'dean']) m;

-- --- hamilton by its definition ---

-- Weights descending, then by key, so that the order of rows decides ties.
CREATE FUNCTION pg_temp.hamilton(w numeric[], lo bigint[], hi bigint[], seats bigint, OUT a bigint[], OUT fixed int) LANGUAGE plpgsql AS $$
DECLARE
    n int := cardinality(w);
    total numeric := (SELECT sum(x) FROM unnest(w) x);
    rest numeric[] := array_fill(-1::numeric, ARRAY[n]);        -- -1: cannot get one more
    free boolean[];
    left_over bigint := seats;
    share bigint := seats;
    below numeric;
    above numeric;
    place int;
BEGIN
    fixed := 0;
    a := array_fill(0::bigint, ARRAY[n]);
    FOR i IN 1 .. n LOOP
        a[i] := CASE WHEN total > 0 THEN div(seats * w[i], total) ELSE 0 END;
        IF w[i] > 0 AND a[i] >= lo[i] AND a[i] < hi[i] THEN
            rest[i] := seats * w[i] - a[i] * total;
        END IF;
        a[i] := least(greatest(a[i], lo[i]), CASE WHEN w[i] > 0 THEN hi[i] ELSE lo[i] END);
        left_over := left_over - a[i];
    END LOOP;
    IF left_over < 0 OR left_over > (SELECT count(*) FROM unnest(rest) r WHERE r >= 0) THEN
        -- Variable fixing: the side with the larger violation, until there is none.
        free := (SELECT array_agg(x > 0 ORDER BY i) FROM unnest(w) WITH ORDINALITY t(x, i));
        a := lo;
        share := seats - coalesce((SELECT sum(l) FROM unnest(lo, free) t(l, f) WHERE NOT f), 0);
        LOOP
            SELECT coalesce(sum(greatest(l * total - share * x, 0)), 0), coalesce(sum(greatest(share * x - h * total, 0)), 0) INTO below, above
            FROM unnest(w, lo, hi, free) t(x, l, h, f) WHERE f;
            EXIT WHEN below = 0 AND above = 0;
            fixed := fixed + 1;
            FOR i IN 1 .. n LOOP
                IF free[i] AND (below >= above AND share * w[i] < lo[i] * total OR above >= below AND share * w[i] > hi[i] * total) THEN
                    a[i] := CASE WHEN share * w[i] < lo[i] * total THEN lo[i] ELSE hi[i] END;
                    free[i] := NULL;
                END IF;
            END LOOP;
            share := share - coalesce((SELECT sum(b) FROM unnest(a, free) t(b, f) WHERE f IS NULL), 0);
            total := total - coalesce((SELECT sum(x) FROM unnest(w, free) t(x, f) WHERE f IS NULL), 0);
            free := (SELECT array_agg(coalesce(f, false) ORDER BY i) FROM unnest(free) WITH ORDINALITY t(f, i));
        END LOOP;
        left_over := share;
        FOR i IN 1 .. n LOOP
            rest[i] := -1;
            IF free[i] THEN
                a[i] := div(share * w[i], total);
                rest[i] := share * w[i] - a[i] * total;
                left_over := left_over - a[i];
            END IF;
        END LOOP;
    END IF;
    FOR place IN SELECT t.i FROM unnest(rest) WITH ORDINALITY t(r, i) WHERE r >= 0 ORDER BY r DESC, t.i LIMIT left_over LOOP
        a[place] := a[place] + 1;
    END LOOP;
END $$;
CREATE TABLE wanted_hamilton AS
SELECT part, keys, (pg_temp.hamilton(w, lo, hi, seats)).*
FROM (SELECT part, seats, array_agg(key ORDER BY w DESC, key) AS keys, array_agg(w ORDER BY w DESC, key) AS w, array_agg(lo ORDER BY w DESC, key) AS lo, array_agg(coalesce(hi, seats) ORDER BY w DESC, key) AS hi
    FROM sample WHERE method = 'hamilton' AND w IS NOT NULL GROUP BY part, seats) s;
SELECT is_empty($$
    SELECT part, key, r.w, lo, hi, seats, r.a, x.a AS wanted, fixed FROM result r LEFT JOIN (SELECT part, key, x.a, fixed FROM wanted_hamilton h, unnest(keys, a) x(key, a)) x USING (part, key)
    WHERE method = 'hamilton' AND r.a IS DISTINCT FROM x.a$$, 'hamilton equals its definition');
SELECT cmp_ok((SELECT count(*) FROM wanted_hamilton WHERE fixed = 0), '>', 1000::bigint, 'by the quotas of all rows');
SELECT cmp_ok((SELECT count(*) FROM wanted_hamilton WHERE fixed > 1), '>', 50::bigint, 'and by fixing rows at their bounds');

-- --- properties of every case ---

SELECT is_empty('SELECT part FROM result GROUP BY part, seats HAVING sum(a) <> seats', 'the numbers add up to seats');
SELECT is_empty('SELECT * FROM result WHERE a < lo OR a > hi OR w = 0 AND a <> lo OR (w IS NULL) <> (a IS NULL)', 'bounds hold');
SELECT is_empty('SELECT * FROM (SELECT *, apportion(w, seats, method, lo, hi, key) OVER (PARTITION BY part ORDER BY id DESC) AS again FROM sample) s
    JOIN result r USING (part, key) WHERE again IS DISTINCT FROM r.a', 'rows in another order, and a window with another');
SELECT is_empty('SELECT * FROM (SELECT *, apportion(w, seats, method, lo, hi, key::text) OVER (PARTITION BY part) AS again FROM sample) s
    JOIN result r USING (part, key) WHERE again IS DISTINCT FROM r.a', 'keys of another type');
SELECT is_empty(format('SELECT * FROM (SELECT *, apportion(w * %s, seats, method, lo, hi, key) OVER (PARTITION BY part) AS again FROM sample) s
    JOIN result r USING (part, key) WHERE again IS DISTINCT FROM r.a', factor), 'weights times ' || left(factor, 12))
FROM unnest(ARRAY['3', '1e-7', '1e17', '98765432109876543210.123', '1e70']) factor;
SELECT is_empty('SELECT * FROM result a JOIN result b USING (part, w, lo, seats) WHERE a.hi IS NOT DISTINCT FROM b.hi AND abs(a.a - b.a) > 1', 'equal rows differ by at most one');
SELECT is_empty('SELECT * FROM result a JOIN result b USING (part, lo, seats) WHERE a.hi IS NOT DISTINCT FROM b.hi AND a.w > b.w AND a.a < b.a', 'a larger weight never has less');
SELECT is_empty($$SELECT * FROM (SELECT *, sum(w) OVER (PARTITION BY part) AS total FROM result WHERE method = 'hamilton' AND bounded = 0) s
    WHERE total > 0 AND abs(a * total - seats * w) >= total$$, 'hamilton without bounds keeps to the quota');
SELECT is_empty($$SELECT * FROM (SELECT *, apportion(w, seats + 1, method, lo, hi, key) OVER (PARTITION BY part) AS more FROM sample
        WHERE method <> 'hamilton' AND part IN (SELECT part FROM sample WHERE w IS NOT NULL GROUP BY part, seats HAVING sum(CASE WHEN w > 0 THEN coalesce(hi, 100) ELSE lo END) > seats)) s
    JOIN result r USING (part, key) WHERE more < r.a$$, 'one seat more takes no seat from anybody, by the divisor methods');

-- --- many rows, and many seats ---

CREATE TABLE large AS
SELECT part, key, (ARRAY['dhondt', 'webster', 'hill', 'adams', 'dean'])[1 + part % 5] AS method, lo, lo + CASE WHEN random() < 0.5 THEN width END AS hi, seats,
    CASE part % 4 WHEN 0 THEN floor(random() * 1e6)::numeric WHEN 1 THEN round((exp(random() * 30))::numeric, 3) WHEN 2 THEN 1 + floor(random() * 2)::numeric ELSE floor(random() * 1e15)::numeric * ('1e' || floor(random() * 20)::int)::numeric END AS w
FROM (SELECT part, (ARRAY[25, 1000, 1000000, 1000000000000000, 9000000000000000000])[1 + part / 20 % 5] AS seats FROM generate_series(0, 199) part) p, generate_series(1, 20) key,
    LATERAL (SELECT floor(random() * CASE WHEN part % 3 = 0 THEN 1 ELSE seats / 20 END)::bigint AS lo, floor(random() * seats / 10 + 1)::bigint AS width) b;
DELETE FROM large WHERE part IN (SELECT part FROM large GROUP BY part, seats HAVING sum(CASE WHEN w > 0 THEN coalesce(hi, seats) ELSE lo END) < seats);
CREATE TABLE large_result AS SELECT *, apportion(w, seats, method, lo, hi, key) OVER (PARTITION BY part) AS a FROM large;
CREATE FUNCTION pg_temp.claims_more(method text, w numeric, a numeric, other_w numeric, other_a numeric) RETURNS boolean LANGUAGE sql AS $$
    -- w / d(a) > other_w / d(other_a)
    SELECT CASE method
        WHEN 'dhondt' THEN w * (other_a + 1) > other_w * (a + 1)
        WHEN 'webster' THEN w * (2 * other_a + 1) > other_w * (2 * a + 1)
        WHEN 'adams' THEN w * other_a > other_w * a
        WHEN 'hill' THEN w * w * other_a * (other_a + 1) > other_w * other_w * a * (a + 1)
        ELSE w * (2 * a + 1) * other_a * (other_a + 1) > other_w * (2 * other_a + 1) * a * (a + 1) END $$;
SELECT cmp_ok((SELECT count(DISTINCT part) FROM large), '>', 150::bigint, 'partitions of up to 9e18 seats');
SELECT is_empty('SELECT part FROM large_result GROUP BY part, seats HAVING sum(a) <> seats', 'add up to them');
SELECT is_empty('SELECT * FROM large_result WHERE a < lo OR a > hi', 'within bounds');
SELECT is_empty($$SELECT * FROM large_result x JOIN large_result y USING (part) WHERE x.a < coalesce(x.hi, x.seats) AND x.w > 0 AND y.a > y.lo AND x.key <> y.key
    AND pg_temp.claims_more(x.method, x.w, x.a, y.w, y.a - 1)$$, 'and no row below its maximum claims more than a row above its minimum has last got');
SELECT is_empty($$SELECT * FROM large_result x JOIN large_result y USING (part) WHERE x.a < coalesce(x.hi, x.seats) AND x.w > 0 AND y.a > y.lo AND x.key <> y.key
    AND NOT pg_temp.claims_more(x.method, y.w, y.a - 1, x.w, x.a) AND (x.w, -x.key) > (y.w, -y.key)$$, 'ties by weight and key');

SELECT is_empty($$
    WITH expected AS (
        SELECT part, x.key, x.a
        FROM (SELECT part, array_agg(key ORDER BY w DESC, key) AS keys, pg_temp.hamilton(array_agg(w ORDER BY w DESC, key), array_agg(lo ORDER BY w DESC, key), array_agg(coalesce(hi, seats) ORDER BY w DESC, key), seats) AS h
            FROM large GROUP BY part, seats) s, unnest(keys, (h).a) x(key, a))
    SELECT * FROM (SELECT *, apportion(w, seats, 'hamilton', lo, hi, key) OVER (PARTITION BY part) AS got FROM large) s JOIN expected USING (part, key) WHERE got <> a$$, 'hamilton on these');

SELECT * FROM finish();
ROLLBACK;
