-- What docs/recipes.md promises, on seeded customers who are uglier than the demo shop's: many ties, refunds only, nothing bought.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT no_plan();
SELECT setseed(0.123);

-- Customers 1 to 1500, and 2001 to 3500 who did the very same: the two of each pair are equal in all that counts.
CREATE TABLE orders AS
SELECT c AS customer_id, date '2022-01-01' + floor(1096 * random())::int AS day,
    (CASE WHEN c % 97 = 0 OR random() < 0.05 THEN -1 ELSE 1 END
        * CASE c % 3 WHEN 0 THEN 10 * floor(10 * random()) ELSE round((1000 / (1 + 100 * random()))::numeric, 2) END)::numeric(12,2) AS amount
FROM generate_series(1, 1500) c, generate_series(1, floor(c * 0 - 6 * ln(1 - random()))::int) n;
INSERT INTO orders SELECT customer_id + 2000, day, amount FROM orders;

CREATE TABLE customers AS
SELECT c + twin AS customer_id, (ARRAY['DE', 'AT', 'CH'])[1 + floor(3 * random())::int] AS country,
    (ARRAY['C10', 'G46', 'G47', 'X1', NULL])[1 + c % 5] AS industry, c * 37 % 400 AS employees
FROM generate_series(1, 1500) c, unnest(ARRAY[0, 2000]) twin;

CREATE TABLE customer AS
SELECT c.*, spend(p), average_order(p), frequency(p), repeat_purchases(p), days_between(p), gap_variation(p),
    recency(p, '2024-12-31'), tenure(p, '2024-12-31')
FROM customer_purchases(NULL::int, 'SELECT customer_id, day, amount FROM orders') b (customer_id, p) JOIN customers c USING (customer_id);

SELECT cmp_ok(count(*), '>', 2000::bigint, 'there are customers') FROM customer;
SELECT cmp_ok(count(*), '>', 10::bigint, 'some with refunds only') FROM customer WHERE frequency = 0;
SELECT cmp_ok((SELECT count(*) FROM customers), '>', (SELECT count(*) FROM customer), 'some who never bought');

-- --- loyalty and potential ---

CREATE TABLE scored AS
WITH fit AS MATERIALIZED (
    SELECT percentiles_fit(repeat_purchases) AS repurchase, percentiles_fit(tenure) AS tenure,
        percentiles_fit(gap_variation) AS regularity, percentiles_fit(average_order) AS basket, percentiles_fit(days_between) AS pace
    FROM customer)
SELECT c.*, parts, weighted_score(parts, ARRAY[5, 2, 3], 'zero') AS loyalty,
    weighted_score(ARRAY[percentile(average_order, basket), percentile(days_between, pace, true)], ARRAY[5, 3]) AS potential
FROM customer c, fit f, LATERAL (SELECT ARRAY[percentile(repeat_purchases, repurchase), percentile(c.tenure, f.tenure),
    percentile(gap_variation, regularity, true)] AS parts) p;

SELECT is_empty($$ SELECT * FROM scored WHERE loyalty IS NULL OR NOT loyalty BETWEEN 0 AND 1 $$, 'everybody has a loyalty from 0 to 1');
SELECT is_empty($$ SELECT * FROM scored WHERE (potential IS NULL) <> (average_order IS NULL AND days_between IS NULL)
    OR NOT potential BETWEEN 0 AND 1 $$, 'a potential from 0 to 1, unless nothing is known');
SELECT is_empty($$ SELECT * FROM scored a JOIN scored b ON (a.repeat_purchases, a.tenure, a.gap_variation) = (b.repeat_purchases,
    b.tenure, b.gap_variation) WHERE a.loyalty <> b.loyalty $$, 'equal history, equal loyalty');
SELECT is_empty($$ SELECT * FROM scored a JOIN scored b ON a.repeat_purchases >= b.repeat_purchases AND a.tenure >= b.tenure
    AND a.gap_variation <= b.gap_variation WHERE a.loyalty < b.loyalty $$, 'better in all three is never less loyal');

-- --- classes: everybody in exactly one, sums are the total, classes do not overlap, equal customers stay together ---

CREATE TABLE class (kind text, class text, customer_id int, measure numeric);
INSERT INTO class
WITH b AS MATERIALIZED (
    SELECT balanced_breaks(spend, 3) AS thirds, abc_breaks(spend, ARRAY[0.8, 0.95]) AS abc, abc_breaks(spend, ARRAY[0.5]) AS half,
        balanced_breaks(loyalty, 3) AS loyalty_thirds FROM scored)
SELECT kind, class, customer_id, measure
FROM scored, b, LATERAL (VALUES
    ('by limits', band(spend, ARRAY[200, 1000], ARRAY['low', 'medium', 'high']), spend),
    ('by head count', band(spend, thirds, ARRAY['low', 'medium', 'high']), spend),
    ('by money', abc_class(spend, abc, ARRAY['high', 'medium', 'low']), spend),
    ('loyalty', band(loyalty, loyalty_thirds, ARRAY['low', 'medium', 'high']), loyalty::numeric),
    ('size', band(employees, ARRAY[9, 49, 249], ARRAY['micro', 'small', 'medium', 'large']), employees),
    ('industry', classify(industry, '{"C*": "manufacturing", "G*": "wholesale", "G47*": "retail", "*": "other"}'), spend),
    ('scheme', CASE WHEN abc_class(spend, half) = 'A' AND recency <= 365 THEN 'VIP'
        WHEN frequency = 1 AND recency <= 183 THEN 'potential' ELSE 'ordinary' END, spend)) m (kind, class, measure);

SELECT is((SELECT (count(*), count(DISTINCT customer_id), sum(measure)) FROM class c WHERE c.kind = k.kind AND class IS NOT NULL),
    (SELECT (count(*), count(*), sum(CASE kind WHEN 'size' THEN employees WHEN 'loyalty' THEN loyalty::numeric ELSE spend END)) FROM scored),
    kind || ': everybody is in one class, and the sums of the classes are the total')
FROM (SELECT DISTINCT kind FROM class) k ORDER BY kind;

SELECT is_empty(format($$ SELECT * FROM (SELECT max(measure), lead(min(measure)) OVER (ORDER BY min(measure)) AS above
    FROM class WHERE kind = %L GROUP BY class) c WHERE max >= above $$, kind), kind || ': classes do not overlap')
FROM unnest(ARRAY['by limits', 'by head count', 'by money', 'loyalty', 'size']) kind;

SELECT is_empty($$ SELECT * FROM class a JOIN class b ON b.kind = a.kind AND b.customer_id = a.customer_id + 2000
    WHERE a.class IS DISTINCT FROM b.class $$, 'those who did the same are in the same class, everywhere');

SELECT is((SELECT array_agg(class ORDER BY min) FROM (SELECT class, min(measure) FROM class WHERE kind = k GROUP BY class) m), names,
    k || ': the names are in the right order')
FROM (VALUES ('by limits', ARRAY['low', 'medium', 'high']), ('by money', ARRAY['low', 'medium', 'high']),
    ('size', ARRAY['micro', 'small', 'medium', 'large'])) v (k, names);
SELECT is_empty($$ SELECT * FROM class JOIN scored USING (customer_id) WHERE kind = 'scheme' AND class = 'ordinary'
    AND frequency = 1 AND recency <= 183 $$, 'nobody who has just bought for the first time is ordinary');

-- --- crossed ---

CREATE TABLE classed AS
SELECT s.*, classify(industry, '{"C*": "manufacturing", "G*": "trade", "*": "other"}') AS branch, score(employees, ARRAY[9, 49, 249]) AS size,
    score(spend, thirds) AS value
FROM scored s, (SELECT balanced_breaks(spend, 3) AS thirds FROM scored) b;

SELECT is((SELECT (sum(customers), sum(spend)) FROM (SELECT count(*) AS customers, sum(spend) AS spend FROM classed GROUP BY branch, size, value) c),
    (SELECT (count(*)::numeric, sum(spend)) FROM classed), 'the cells of three classifications add up');
SELECT is((SELECT (count(*), sum(spend)) FROM classed WHERE cross_class(ARRAY[value, size],
        '{{a1,a2,a3,a4},{b1,b2,b3,b4},{c1,c2,c3,c4}}') = substr('abc', value, 1) || size),
    (SELECT (count(*), sum(spend)) FROM classed), 'everybody is in the cell of both classes');

CREATE TABLE seldom AS
SELECT *, cross_class(ARRAY[r, p], '{{let go, let go, win back now},{remind, remind, about to be lost},{routine, develop, develop first}}') AS what
FROM (SELECT *, score(recency, ARRAY[120, 365], true) AS r, score(potential, thirds) AS p
    FROM scored, (SELECT balanced_breaks(potential, 3) AS thirds FROM scored) b WHERE frequency BETWEEN 1 AND 3) s;
SELECT is_empty($$ SELECT * FROM seldom WHERE what IS NULL
    OR (what LIKE 'develop%' OR what = 'routine') <> (recency <= 120)
    OR (what IN ('let go', 'win back now')) <> (recency > 365) $$, 'to develop: bought within 120 days; to win back: not within 365');
SELECT cmp_ok((SELECT min(potential) FROM seldom WHERE what IN ('win back now', 'about to be lost', 'develop first')), '>',
    (SELECT max(potential) FROM seldom WHERE what IN ('let go', 'remind', 'routine', 'develop')), 'most potential first, at any recency');

-- --- big in everything ---

CREATE TABLE big AS
SELECT *, least(s, p, l) = 10 AS big
FROM (SELECT *, quantile_score(spend, 10) OVER () AS s, quantile_score(potential, 10) OVER () AS p, quantile_score(loyalty, 10) OVER () AS l
    FROM scored) q WHERE potential IS NOT NULL;
SELECT cmp_ok(count(*), '>', 0::bigint, 'somebody is big in everything') FROM big WHERE big;
SELECT is_empty($$ SELECT * FROM big a JOIN big b ON a.spend >= b.spend AND a.potential >= b.potential AND a.loyalty >= b.loyalty
    WHERE b.big AND NOT a.big $$, 'whoever is at least as big in everything is big, too');

-- --- new customers ---

CREATE TABLE history AS
SELECT customer_id, p, CASE WHEN p IS NULL THEN 'none' WHEN tenure(p, '2024-06-30') <= 60 THEN 'new'
    WHEN frequency(p) < 3 THEN 'short' ELSE 'enough' END AS history
FROM customers LEFT JOIN customer_purchases(NULL::int, 'SELECT * FROM orders WHERE day <= ''2024-06-30''') b (customer_id, p) USING (customer_id);
SELECT is((SELECT (count(*), count(DISTINCT customer_id), count(history)) FROM history), (SELECT (count(*), count(*), count(*)) FROM customers),
    'everybody has one kind of history');
SELECT is_empty($$ (SELECT customer_id FROM history WHERE history <> 'none')
    EXCEPT SELECT customer_id FROM orders WHERE day <= '2024-06-30' $$, 'none: not a single order until then');

-- --- do the classes hold? ---

CREATE TABLE tier AS SELECT * FROM tier_table(NULL::int, 'SELECT customer_id, greatest(spend, 0) FROM customer');
WITH n AS (SELECT class, count(*) AS n FROM tier GROUP BY class)
SELECT is((psi(n, n), psi(n, 2 * n), psi_status(psi(n, n))), (0::float8, 0::float8, 'stable'::text), 'psi of the same shares is 0') FROM n;
WITH n AS (SELECT class, count(*) AS n, count(*) FILTER (WHERE class <> 'A') + count(*) / 4 AS moved FROM tier GROUP BY class)
SELECT is(psi_status(psi(n, moved)), 'shifted', 'three of four A customers gone: shifted') FROM n;

WITH later AS (
    SELECT class, count(*) AS customers, sum(score * (0.5 + customer_id % 10 / 10.0)) AS revenue FROM tier GROUP BY class)
SELECT is((array_agg(class ORDER BY revenue / customers DESC), round(sum(revenue)::numeric, 6)), (ARRAY['A', 'B', 'C'],
    (SELECT round(sum(score * (0.5 + customer_id % 10 / 10.0))::numeric, 6) FROM tier)), 'later revenue that follows spend separates the classes')
FROM later;

-- The other direction: shuffled revenue must not look like separation.
WITH later AS (SELECT class, avg(abs(hashint4(customer_id) % 1000)) AS mean FROM tier GROUP BY class)
SELECT cmp_ok(max(mean) / min(mean), '<', 1.1, 'revenue that does not follow spend does not') FROM later;

-- --- explained ---

CREATE TABLE explained AS
SELECT spend, score(spend, breaks) AS step, breaks[score(spend, breaks)] - spend + 0.01 AS missing, breaks
FROM customer, (VALUES (ARRAY[200, 1000]::numeric[])) s (breaks);
SELECT is_empty($$ SELECT * FROM explained WHERE (missing IS NULL) <> (step = 3) OR missing <= 0
    OR score(spend + missing, breaks) <= step OR score(spend + missing - 0.01, breaks) <> step $$,
    'what is missing is enough for the next class, and not a cent too much');
SELECT is_empty($$ SELECT customer_id FROM scored, explain_weighted(ARRAY['a', 'b', 'c'], parts, ARRAY[5, 2, 3], 'zero', digits => 2)
    GROUP BY customer_id, loyalty HAVING sum(contribution) <> round(loyalty::numeric, 2) $$, 'the points of the letter add up');
SELECT is(format('再消费%3$s即可升为%2$s, %1$s', 1, 'gold', 9.50), '再消费9.50即可升为gold, 1', 'values in any order');

-- --- fair? ---

CREATE FUNCTION pg_temp.unequal() RETURNS SETOF numeric LANGUAGE sql AS $$
    SELECT spend FROM tier JOIN customer USING (customer_id) GROUP BY spend HAVING count(DISTINCT coalesce(class, '')) > 1 $$;
SELECT cmp_ok(count(*), '>', 500::bigint, 'there are equal customers') FROM (SELECT spend FROM customer GROUP BY spend HAVING count(*) > 1) s;
-- As in the tier table, where spend below 0 is taken as 0.
SELECT is_empty($$ SELECT * FROM pg_temp.unequal() $$, 'equal customers, equal classes');
UPDATE tier SET class = 'B' WHERE customer_id = (SELECT min(customer_id) FROM tier WHERE class = 'A');
SELECT is((SELECT array_agg(u) FROM pg_temp.unequal() u),
    (SELECT ARRAY[spend] FROM customer JOIN tier USING (customer_id) WHERE class = 'B' ORDER BY spend DESC LIMIT 1), 'one planted unfairness is found');
UPDATE tier SET class = NULL WHERE customer_id = (SELECT max(customer_id) FROM tier WHERE class = 'C');
SELECT is((SELECT count(*) FROM pg_temp.unequal()), 2::bigint, 'and a class that is missing, too');

CREATE FUNCTION pg_temp.groups(bias text)
RETURNS TABLE (country text, customers numeric, high numeric, ratio numeric, psi float8, by_chance float8) LANGUAGE sql AS $$
    WITH biased AS (
        SELECT country, CASE WHEN country = bias AND class = 'high' AND customer_id % 4 > 0 THEN 'medium' ELSE class END AS class
        FROM class JOIN customers USING (customer_id) WHERE kind = 'by head count'
    ), n AS (
        SELECT country, class, count(*) AS n FROM biased GROUP BY country, class
    ), groups AS (
        SELECT g.country, sum(g.n) AS customers, coalesce(sum(g.n) FILTER (WHERE class = 'high'), 0) / sum(g.n) AS high,
            psi(g.n, total - g.n) AS psi, psi_expected(g.n, total - g.n) AS by_chance
        FROM n g JOIN (SELECT class, sum(n) AS total FROM n GROUP BY class) t USING (class) GROUP BY g.country
    )
    SELECT country, customers, high, high / max(high) OVER (), psi, by_chance FROM groups
$$;
SELECT is_empty($$ SELECT * FROM pg_temp.groups(NULL) WHERE ratio < 0.8 OR psi > 0.1 $$, 'country was drawn by lot: no group is worse off');
SELECT is((SELECT array_agg(country) FROM pg_temp.groups('CH') WHERE ratio < 0.8), ARRAY['CH'], 'a planted bias is found by the ratio');
SELECT is((SELECT array_agg(psi > 0.25 AND psi > 5 * by_chance) FROM pg_temp.groups('CH') WHERE country = 'CH'), ARRAY[true], 'and by psi');
SELECT is((SELECT sum(customers) FROM pg_temp.groups('CH')), (SELECT count(*)::numeric FROM customer), 'nobody is left out');

-- --- docs/tier_table.md: shares of the twin, with scores that are unknown, zero or negative ---

SELECT is_empty($$
    WITH twin AS (
        SELECT customer_id, x AS score,
            CASE WHEN x IS NOT NULL THEN greatest(x, 0) / sum(greatest(x, 0)) OVER () END AS share,
            CASE WHEN x IS NOT NULL THEN sum(greatest(x, 0)) OVER (ORDER BY x DESC NULLS LAST) / sum(greatest(x, 0)) OVER () END AS cumulative,
            CASE WHEN x IS NOT NULL THEN rank() OVER (ORDER BY x DESC NULLS LAST) END AS rank
        FROM (SELECT customer_id, CASE WHEN customer_id % 10 > 0 THEN spend::float8 END AS x FROM customer) c)
    SELECT * FROM twin FULL JOIN tier_table(NULL::int, 'SELECT customer_id, CASE WHEN customer_id % 10 > 0 THEN spend END FROM customer') t
        USING (customer_id)
    WHERE (twin.score, twin.rank) IS DISTINCT FROM (t.score, t.rank) OR (twin.share IS NULL) <> (t.share IS NULL)
        OR abs(twin.share - t.share) > 1e-12 OR abs(twin.cumulative - t.cumulative_share) > 1e-12 $$, 'the twin has the same shares and ranks');

SELECT * FROM finish();
ROLLBACK;
