-- choose_offer against dynamic programming in plain SQL on thousands of seeded random partitions; the bound against the dual
-- of the linear program; order of rows, type of keys, and units of costs and values do not matter.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;
SET LOCAL max_parallel_workers_per_gather = 0;

SELECT plan(21);
SELECT setseed(0.3);

-- --- partitions of many shapes ---

-- Whole costs c and values v; 5 partitions of 60 customers among thousands of 1 to 7.
CREATE TABLE part AS
SELECT part, CASE WHEN part <= 5 THEN 60 ELSE 1 + part % 7 END AS customers, part % 8 AS shape, NULL::int AS budget FROM generate_series(1, 2400) part;
CREATE TABLE sample AS
SELECT part, customer, offer, c,
    CASE shape
        WHEN 0 THEN floor(random() * 30) - 3
        WHEN 1 THEN c                                           -- subset sum
        WHEN 2 THEN c + 3                                       -- strongly correlated
        WHEN 3 THEN greatest(0, c + floor(random() * 5) - 2)    -- weakly correlated
        WHEN 4 THEN 4                                           -- all values equal
        WHEN 5 THEN floor(sqrt(c) * 10)
        WHEN 6 THEN floor(random() * 3)                         -- many ties
        ELSE floor(random() * 1000) END::int AS v
FROM (SELECT part, shape, customer, offer,
        CASE WHEN shape IN (4, 6) THEN floor(random() * 4) WHEN part % 3 = 0 THEN 5 WHEN part % 11 = 0 THEN 2 * floor(random() * 6) ELSE floor(random() * 13) END::int AS c
    FROM part, generate_series(1, customers) customer, generate_series(1, 1 + (part + customer) % 5) offer) s;
UPDATE part SET budget = floor(greatest(0, random() * 1.1 - 0.05) * s.c) FROM (SELECT part, sum(c) AS c FROM (SELECT part, customer, max(c) AS c FROM sample GROUP BY part, customer) m GROUP BY part) s
    WHERE part.part = s.part;
ANALYZE part, sample;

-- The most value for each cost, customer by customer.
CREATE INDEX ON sample (part, customer);
CREATE TABLE best (part int, cost int, value int);
INSERT INTO best SELECT part, 0, 0 FROM part;
DO $$
BEGIN
    FOR k IN 1 .. 60 LOOP
        CREATE TEMPORARY TABLE next ON COMMIT DROP AS
        SELECT part, cost + coalesce(c, 0) AS cost, max(value + coalesce(v, 0)) AS value
        FROM best JOIN part USING (part) LEFT JOIN LATERAL (SELECT c, v FROM sample s WHERE s.part = best.part AND s.customer = k UNION ALL SELECT 0, 0) o ON true
        WHERE cost + coalesce(c, 0) <= budget AND customers >= k GROUP BY 1, 2;
        DELETE FROM best USING part WHERE best.part = part.part AND customers >= k;
        INSERT INTO best SELECT * FROM next;
        DROP TABLE next;
    END LOOP;
END $$;
CREATE TABLE optimum AS SELECT part, budget, max(value) AS value FROM best JOIN part USING (part) GROUP BY 1, 2;

-- Rows come in random order from here on.
CREATE TABLE shuffled AS SELECT s.*, budget FROM sample s JOIN part USING (part) ORDER BY random();
CREATE TABLE result AS
SELECT part, customer, offer, c, v, budget,
    choose_offer(customer, offer, c, v, budget) OVER p AS whole,
    choose_offer(customer, offer, c, v / 100.0, budget) OVER p AS cents,
    choose_offer(customer, offer, c, v / 3::float8, budget) OVER p AS thirds,
    choose_offer(customer, offer, c, v * 1.1e250::float8, budget) OVER p AS large,
    choose_offer(customer, offer, c / 100.0, v, budget / 100.0 + 0.009) OVER p AS cheap,
    choose_offer(customer, offer, c * 1e12, v, budget * 1e12 + 5) OVER p AS dear,
    choose_offer(md5(customer::text), offer, c, v, budget) OVER p AS other_customers,
    choose_offer(-customer, md5(offer::text)::uuid, c, v, budget) OVER p AS other_keys,
    choose_offer_bound(customer, offer, c, v, budget) OVER p AS bound,
    choose_offer_price(customer, offer, c, v, budget) OVER p AS price
FROM shuffled WINDOW p AS (PARTITION BY part);

SELECT cmp_ok((SELECT count(*) FROM optimum), '=', 2400::bigint, 'thousands of partitions');
SELECT cmp_ok((SELECT count(*) FROM optimum WHERE value > 0), '>', 1900::bigint, 'in most of which something can be chosen');

-- --- the optimum ---
CREATE FUNCTION pg_temp.wrong(form text) RETURNS TABLE (part int, cost bigint, value bigint, budget int, optimum int) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT r.part, coalesce(sum(c) FILTER (WHERE %1$I), 0), coalesce(sum(v) FILTER (WHERE %1$I), 0) AS total, o.budget, o.value
        FROM result r JOIN optimum o USING (part) GROUP BY r.part, o.budget, o.value
        HAVING coalesce(sum(v) FILTER (WHERE %1$I), 0) <> o.value OR coalesce(sum(c) FILTER (WHERE %1$I), 0) > o.budget OR bool_or(%1$I IS NULL)
            OR count(DISTINCT customer) FILTER (WHERE %1$I) < count(*) FILTER (WHERE %1$I) OR bool_or(%1$I AND v <= 0)', form);
END $$;
SELECT is_empty(format('SELECT * FROM pg_temp.wrong(%L)', form), 'the optimum within the budget: ' || form)
FROM unnest(ARRAY['whole', 'cents', 'thirds', 'large', 'cheap', 'dear', 'other_customers', 'other_keys']) form;

-- --- what must not matter ---
SELECT is_empty('SELECT * FROM result WHERE whole <> cents', 'decimals of values do not matter');
SELECT is_empty('SELECT * FROM result WHERE whole <> cheap', 'nor a smaller unit of costs');
SELECT is_empty('SELECT * FROM result WHERE whole <> dear', 'nor a larger one');
SELECT is_empty($$SELECT * FROM result JOIN (
        SELECT part, customer, offer, choose_offer(customer, offer, c, v, budget) OVER (PARTITION BY part ORDER BY offer, customer DESC) AS again,
            choose_offer(customer, offer, c, v, budget) OVER (PARTITION BY part ORDER BY v ROWS 1 PRECEDING) AS value_first FROM shuffled) s USING (part, customer, offer)
    WHERE (whole, whole) IS DISTINCT FROM (again, value_first)$$, 'nor the order of rows');
SELECT is_empty($$SELECT * FROM result JOIN (
        SELECT part, customer, offer, choose_offer(CASE WHEN k = 1 THEN customer END, offer, c, v, budget) OVER (PARTITION BY part) AS again
        FROM shuffled, generate_series(1, 2) k) s USING (part, customer, offer)
    WHERE whole <> again$$, 'nor rows that take no part');

-- --- the bound ---
SELECT is_empty($$SELECT part FROM result GROUP BY part HAVING count(DISTINCT bound) > 1 OR count(DISTINCT price) > 1 OR min(price) < 0 OR count(bound) < count(*)$$, 'one bound and one price in a partition');
SELECT is_empty($$SELECT part, min(bound), min(value) FROM result JOIN optimum USING (part) GROUP BY part HAVING min(bound) < min(value) - 1e-9$$, 'no choice is above the bound');
SELECT is_empty($$SELECT part FROM result JOIN optimum USING (part) GROUP BY part HAVING min(bound) - min(value) >= greatest(1e-9, max(v))$$, 'the best choice is below it by less than an offer');
-- The dual: the least of price * budget + sum of what is best at that price, over the slopes of all pairs of options.
CREATE TABLE option AS SELECT part, customer, offer, c, v FROM sample JOIN part USING (part) WHERE v > 0 AND c <= budget UNION ALL SELECT DISTINCT part, customer, 0, 0, 0 FROM sample;
CREATE TABLE slope AS
SELECT DISTINCT part, coalesce((a.v - b.v) / nullif(a.c - b.c, 0)::float8, 0) AS price FROM option a JOIN option b USING (part, customer) WHERE part > 5 AND coalesce((a.v - b.v) / nullif(a.c - b.c, 0)::float8, 0) >= 0;
CREATE TABLE dual AS
SELECT part, min(price * budget + surplus) AS value FROM part JOIN (
    SELECT part, price, sum(most) AS surplus FROM (SELECT part, price, customer, max(v - price * c) AS most FROM slope JOIN option USING (part) GROUP BY 1, 2, 3) m GROUP BY 1, 2) s USING (part) GROUP BY part;
SELECT is_empty($$SELECT part, min(bound), min(value) FROM result JOIN dual USING (part) GROUP BY part HAVING min(bound) > min(value) + 1e-9$$, 'the bound is not above the dual');
SELECT cmp_ok((SELECT count(*) FROM (SELECT part FROM result JOIN dual USING (part) GROUP BY part HAVING abs(min(bound) - min(value)) < 1e-9) s), '>', 1800::bigint,
    'and equal to it where costs have no unit in common');

-- --- equal customers ---
-- Each customer three times: of equal ones the lower key never has less.
SELECT is_empty($$SELECT * FROM (
        SELECT part, customer, got, lag(got) OVER (PARTITION BY part, customer ORDER BY copy) AS before
        FROM (SELECT part, customer, copy, coalesce(sum(v) FILTER (WHERE x), 0) AS got
              FROM (SELECT part, customer, copy, v, choose_offer(customer * 10 + copy, offer, c, v, budget * 2 + 1) OVER (PARTITION BY part) AS x
                    FROM shuffled, generate_series(1, 3) copy) s
              GROUP BY part, customer, copy) t) u
    WHERE got > before$$, 'of equal customers the lower key comes first');

SELECT * FROM finish();
ROLLBACK;
