-- priority_rank and priority_score against rank() and the definition in plain SQL, on thousands of seeded random partitions;
-- order of rows, partitions and window do not matter; and the recipe of guaranteed places.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(25);
SELECT setseed(0.6);

-- --- partitions of many shapes ---

CREATE TABLE sample (part int, id int, a float8, b float8, c float8, boost float8, w float8[]);
INSERT INTO sample
SELECT part, id,
    CASE part % 9
        WHEN 0 THEN random()
        WHEN 1 THEN floor(random() * 3)
        WHEN 2 THEN 7                                                       -- all equal
        WHEN 3 THEN CASE WHEN random() < 0.4 THEN NULL ELSE floor(random() * 4) - 2 END
        WHEN 4 THEN NULL
        WHEN 5 THEN CASE floor(random() * 5) WHEN 0 THEN 'infinity'::float8 WHEN 1 THEN '-infinity' WHEN 2 THEN '-0' WHEN 3 THEN 0 END
        WHEN 6 THEN (random() - 0.5) * 1e-310
        WHEN 7 THEN -exp(10 * random())
        ELSE floor(random() * 2) END,
    CASE part % 4 WHEN 0 THEN floor(random() * 3) WHEN 1 THEN NULL WHEN 2 THEN CASE WHEN random() < 0.3 THEN NULL ELSE random() END ELSE 1 END,
    CASE part % 5 WHEN 0 THEN floor(random() * 2) WHEN 1 THEN random() WHEN 2 THEN CASE WHEN random() < 0.5 THEN NULL ELSE 3 END
        WHEN 3 THEN NULL ELSE -floor(random() * 5) END,
    CASE part % 7 WHEN 0 THEN 0 WHEN 1 THEN floor(random() * 2) WHEN 2 THEN CASE WHEN random() < 0.3 THEN NULL ELSE 0 END
        WHEN 3 THEN random() - 0.5 WHEN 4 THEN CASE WHEN random() < 0.2 THEN 'infinity'::float8 WHEN random() < 0.2 THEN '-infinity' ELSE 0 END ELSE 0 END,
    (ARRAY['{1,1,1}', '{0.5,0.3,0.2}', '{0,1,2}', '{5,0,0}', '{1e-200,1,1e300}'])[1 + part % 5]::float8[]
FROM generate_series(1, 3000) part, generate_series(1, 1 + part % 31) id;
INSERT INTO sample SELECT 0, i, floor(random() * 50), floor(random() * 50), random(), 0, '{3,2,1}' FROM generate_series(1, 20000) i;
ANALYZE sample;
SELECT cmp_ok((SELECT count(*) FROM sample), '>', 60000::bigint, 'tens of thousands of rows in thousands of partitions');

CREATE TABLE result AS
SELECT part, id,
    priority_rank(ARRAY[a, b, c], NULL, boost) OVER p AS lexical,
    priority_rank(a, b, c, NULL, boost) OVER p AS lexical3,
    priority_rank(ARRAY[c, a], boost => boost) OVER p AS other_order,
    priority_rank(ARRAY[a, b, c], boost => boost, key => id) OVER p AS keyed,
    priority_rank(a, b, c, boost => boost, key => md5(id::text)) OVER p AS text_keyed,
    priority_rank(a, b, c, boost => boost, key => CASE WHEN id % 3 > 0 THEN id % 4 END) OVER p AS poorly_keyed,
    priority_rank(ARRAY[a, b, c], w, boost) OVER p AS weighted,
    priority_rank(a, b, c, w, boost, md5(id::text)::uuid) OVER p AS weighted_keyed,
    priority_score(ARRAY[a, b, c], w, boost) OVER p AS score,
    priority_score(a, b, c, w, boost) OVER p AS score3
FROM sample WINDOW p AS (PARTITION BY part);

-- --- oracles ---

SELECT is_empty($$SELECT * FROM result JOIN (
        SELECT part, id, rank() OVER (PARTITION BY part ORDER BY coalesce(boost, 0) DESC, a DESC NULLS LAST, b DESC NULLS LAST, c DESC NULLS LAST) AS r FROM sample) s
    USING (part, id) WHERE lexical IS DISTINCT FROM r OR lexical3 IS DISTINCT FROM r$$, 'the order of the criteria equals rank()');
SELECT is_empty($$SELECT * FROM result JOIN (
        SELECT part, id, rank() OVER (PARTITION BY part ORDER BY coalesce(boost, 0) DESC, c DESC NULLS LAST, a DESC NULLS LAST) AS r FROM sample) s
    USING (part, id) WHERE other_order IS DISTINCT FROM r$$, 'another order of criteria');
SELECT is_empty($$SELECT * FROM result JOIN (
        SELECT part, id, rank() OVER (PARTITION BY part ORDER BY coalesce(boost, 0) DESC, a DESC NULLS LAST, b DESC NULLS LAST, c DESC NULLS LAST, id) AS r FROM sample) s
    USING (part, id) WHERE keyed IS DISTINCT FROM r$$, 'ties by an integer key');
SELECT is_empty($$SELECT * FROM result JOIN (
        SELECT part, id, rank() OVER (PARTITION BY part ORDER BY coalesce(boost, 0) DESC, a DESC NULLS LAST, b DESC NULLS LAST, c DESC NULLS LAST, md5(id::text)) AS r FROM sample) s
    USING (part, id) WHERE text_keyed IS DISTINCT FROM r$$, 'ties by a text key');
SELECT is_empty($$SELECT * FROM result JOIN (
        SELECT part, id, rank() OVER (PARTITION BY part ORDER BY coalesce(boost, 0) DESC, a DESC NULLS LAST, b DESC NULLS LAST, c DESC NULLS LAST,
            CASE WHEN id % 3 > 0 THEN id % 4 END NULLS LAST) AS r FROM sample) s
    USING (part, id) WHERE poorly_keyed IS DISTINCT FROM r$$, 'duplicate keys share a rank, null keys are last');
SELECT is_empty($$SELECT part FROM result GROUP BY part HAVING count(DISTINCT keyed) <> count(*) OR max(keyed) <> count(*)$$, 'with unique keys ranks are 1 to n');

-- Weighted: the percentile of each criterion, and the mean of those that are there, added up in their order.
CREATE TABLE weighted AS
WITH p AS (
    SELECT *,
        CASE WHEN a IS NOT NULL THEN (2 * (rank() OVER (PARTITION BY part ORDER BY a) - 1) + count(*) OVER (PARTITION BY part, a))::float8 / (2 * count(a) OVER q) END AS pa,
        CASE WHEN b IS NOT NULL THEN (2 * (rank() OVER (PARTITION BY part ORDER BY b) - 1) + count(*) OVER (PARTITION BY part, b))::float8 / (2 * count(b) OVER q) END AS pb,
        CASE WHEN c IS NOT NULL THEN (2 * (rank() OVER (PARTITION BY part ORDER BY c) - 1) + count(*) OVER (PARTITION BY part, c))::float8 / (2 * count(c) OVER q) END AS pc
    FROM sample WINDOW q AS (PARTITION BY part)),
s AS (
    SELECT part, id, boost, coalesce(w[1] * pa, 0) + coalesce(w[2] * pb, 0) + coalesce(w[3] * pc, 0) AS total,
        CASE WHEN a IS NULL THEN 0 ELSE w[1] END + CASE WHEN b IS NULL THEN 0 ELSE w[2] END + CASE WHEN c IS NULL THEN 0 ELSE w[3] END AS weight FROM p)
SELECT part, id, CASE WHEN weight > 0 THEN total / weight + coalesce(boost, 0) END AS score FROM s;
SELECT is_empty($$SELECT * FROM result r JOIN weighted w USING (part, id) WHERE r.score IS DISTINCT FROM w.score OR r.score3 IS DISTINCT FROM w.score$$,
    'priority_score equals the definition, to the last bit');
SELECT is_empty($$SELECT * FROM result JOIN (SELECT part, id, rank() OVER (PARTITION BY part ORDER BY score DESC NULLS LAST) AS r FROM weighted) s
    USING (part, id) WHERE weighted IS DISTINCT FROM r$$, 'the weighted rank is that of the score');
SELECT is_empty($$SELECT * FROM result JOIN (SELECT part, id, rank() OVER (PARTITION BY part ORDER BY score DESC NULLS LAST, md5(id::text)::uuid) AS r FROM weighted) s
    USING (part, id) WHERE weighted_keyed IS DISTINCT FROM r$$, 'with ties by a uuid');
SELECT cmp_ok((SELECT count(*) FROM result WHERE score IS NULL), '>', 100::bigint, 'rows without a score are among them');

-- --- order, frame, type ---

SELECT is_empty($$SELECT * FROM result JOIN (
        SELECT part, id, priority_rank(a, b, c, boost => boost, key => id) OVER (PARTITION BY part ORDER BY md5(id::text) ROWS CURRENT ROW) AS k,
            priority_rank(ARRAY[a, b, c], w, boost) OVER (PARTITION BY part ORDER BY id DESC) AS u,
            priority_score(ARRAY[a, b, c], w, boost) OVER (PARTITION BY part ORDER BY c) AS s FROM sample) t USING (part, id)
    WHERE (keyed, weighted, score) IS DISTINCT FROM (k, u, s)$$, 'order and frame of the window do not matter');
SELECT is_empty($$SELECT part, id FROM (
        SELECT part, id, priority_rank(a::numeric, b::numeric, c::numeric) OVER p AS n, priority_rank(a::numeric::float8, b::numeric::float8, c::numeric::float8) OVER p AS f,
            priority_score(a::numeric, b::numeric, c::numeric, w, boost) OVER p AS ns,
            priority_score(a::numeric::float8, b::numeric::float8, c::numeric::float8, w, boost) OVER p AS fs
        FROM sample WINDOW p AS (PARTITION BY part)) s WHERE n IS DISTINCT FROM f OR ns IS DISTINCT FROM fs$$, 'numeric measures give what their cast gives');
SELECT is_empty($$SELECT part, id FROM (
        SELECT part, id, priority_rank(CASE WHEN id % 3 > 0 THEN ARRAY[a, b] END) OVER p AS n,
            priority_rank(CASE WHEN id % 3 > 0 THEN ARRAY[a, b] ELSE ARRAY[NULL, NULL]::float8[] END) OVER p AS e FROM sample WINDOW p AS (PARTITION BY part)) s
    WHERE n IS DISTINCT FROM e$$, 'null criteria are as null in every element');

-- A better customer never comes later: one criterion raised, all else equal.
SELECT is_empty($$
    SELECT part FROM (
        SELECT part, id, priority_rank(ARRAY[a, b, c], w, boost) OVER p AS before,
            priority_rank(ARRAY[CASE WHEN id = 1 THEN a + abs(a) * random() ELSE a END, b, c], w, boost) OVER p AS after
        FROM sample WHERE part % 9 IN (0, 1, 3, 7) WINDOW p AS (PARTITION BY part)) s
    WHERE id = 1 AND after > before$$, 'a higher value never lowers the weighted rank');

-- --- limited places: the top class is capped, each class has a floor, all else by priority ---

-- 300 shops with 1 to 60 customers of up to 4 classes, and places for some of them.
CREATE TABLE customer AS
SELECT shop, id, chr(65 + least(3, floor(abs(random() + random() - 1) * 5)::int)) AS class, floor(random() * 6) AS value, floor(random() * 3) AS need
FROM generate_series(1, 300) shop, generate_series(1, 1 + shop % 60) id;
CREATE TABLE rule AS
SELECT shop, (3 + random() * 30)::int AS places, floor(random() * 3)::int AS floor, floor(3 + random() * 10)::int AS cap FROM generate_series(1, 300) shop;
-- Floors must fit into the places, and into the cap.
UPDATE rule SET floor = least(floor, places / 4);

CREATE TABLE chosen AS
WITH ranked AS (
    SELECT shop, id, class, value, need, places, floor, cap,
        priority_rank(ARRAY[value, need], key => id) OVER (PARTITION BY shop) AS overall,
        priority_rank(ARRAY[value, need], key => id) OVER (PARTITION BY shop, class) AS in_class
    FROM customer JOIN rule USING (shop)),
placed AS (
    SELECT *, row_number() OVER (PARTITION BY shop ORDER BY in_class <= floor DESC, overall) AS place
    FROM ranked WHERE class <> 'A' OR in_class <= cap)
SELECT * FROM placed WHERE place <= places;

SELECT is_empty($$SELECT shop FROM rule JOIN (SELECT shop, count(*) FILTER (WHERE class <> 'A') + least(max(cap), count(*) FILTER (WHERE class = 'A')) AS possible
        FROM customer JOIN rule USING (shop) GROUP BY shop) c USING (shop)
    WHERE (SELECT count(*) FROM chosen WHERE chosen.shop = rule.shop) <> least(places, possible)$$, 'all places are given, and no more');
SELECT is_empty($$SELECT shop, class FROM (SELECT shop, class, count(*) AS n FROM customer GROUP BY 1, 2) c JOIN rule USING (shop)
    WHERE (SELECT count(*) FROM chosen h WHERE h.shop = c.shop AND h.class = c.class) < least(floor, n)$$, 'every class has its floor');
SELECT is_empty($$SELECT shop FROM chosen WHERE class = 'A' GROUP BY shop HAVING count(*) > max(cap)$$, 'the top class keeps to its cap');
SELECT is_empty($$SELECT h.shop, h.id, c.id FROM chosen h JOIN customer c USING (shop, class)
    WHERE (c.value, c.need, -c.id) > (h.value, h.need, -h.id) AND NOT EXISTS (SELECT FROM chosen o WHERE o.shop = c.shop AND o.id = c.id)$$,
    'inside a class nobody is passed over');
-- Beyond floors and cap: whoever was left out has a lower priority than whoever came in without the floor.
SELECT is_empty($$SELECT h.shop FROM chosen h JOIN rule r USING (shop) JOIN customer c USING (shop)
    WHERE h.in_class > r.floor AND c.class <> 'A' AND (c.value, c.need, -c.id) > (h.value, h.need, -h.id)
        AND NOT EXISTS (SELECT FROM chosen o WHERE o.shop = c.shop AND o.id = c.id)$$, 'the other places go by priority');
SELECT cmp_ok((SELECT count(*) FROM chosen WHERE class = 'A' AND in_class = cap), '>', 10::bigint, 'caps were reached');
SELECT cmp_ok((SELECT count(*) FROM chosen WHERE in_class <= floor AND overall > places), '>', 20::bigint, 'floors made a difference');

-- --- attribute_boost and cross_class ---

CREATE TABLE attributes AS
SELECT id, jsonb_strip_nulls(jsonb_build_object('industry', (ARRAY['health', 'public', 'retail', NULL])[1 + floor(random() * 4)::int],
    'special_need', (ARRAY[true, false, NULL])[1 + floor(random() * 3)::int], 'size', floor(random() * 4), 'other', random())) AS a
FROM generate_series(1, 3000) id;
SELECT is_empty($$
    SELECT id, a FROM attributes, LATERAL (
        SELECT sum(boost) AS expected FROM (VALUES ('industry', 'health', 0.25::float8), ('industry', 'public', -0.5), ('special_need', 'true', 1), ('size', '3', 2), ('size', '0', 4), ('absent', 'x', 8)) b(name, value, boost)
        WHERE a ->> name = value) e
    WHERE attribute_boost(a, '{"industry": {"health": 0.25, "public": -0.5}, "special_need": {"true": 1}, "size": {"3": 2, "0": 4}, "absent": {"x": 8}}') IS DISTINCT FROM coalesce(expected, 0)$$,
    'attribute_boost equals a join');
SELECT is_empty($$
    SELECT i, j, k FROM generate_series(1, 3) i, generate_series(1, 4) j, generate_series(1, 2) k,
        (SELECT array_agg(y ORDER BY i) FROM (SELECT i, array_agg(x ORDER BY j) AS y FROM (
            SELECT i, j, array_agg(format('%s-%s-%s', i, j, k) ORDER BY k) AS x FROM generate_series(1, 3) i, generate_series(1, 4) j, generate_series(1, 2) k GROUP BY i, j) s GROUP BY i) t) l(labels)
    WHERE cross_class(ARRAY[i, j, k], labels) IS DISTINCT FROM format('%s-%s-%s', i, j, k)$$, 'cross_class finds every cell');
SELECT is_empty($$SELECT i FROM generate_series(-5, 5) i, (SELECT ('[-5:5]={' || string_agg(i::text, ',') || '}')::text[] FROM generate_series(-5, 5) i) l(labels)
    WHERE cross_class(ARRAY[i], labels) IS DISTINCT FROM i::text$$, 'also where subscripts start elsewhere');

SELECT * FROM finish();
ROLLBACK;
