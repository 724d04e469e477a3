-- Breaks against slow and obvious SQL, on seeded random columns of many shapes; and that order, partition,
-- plan and packing of the rows do not matter.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(21);
SELECT setseed(0.20250711);

-- --- oracles ---

CREATE FUNCTION pg_temp.quantile_oracle(x float8[], classes int) RETURNS float8[] LANGUAGE sql AS $$
    WITH ranked AS (
        SELECT v, row_number() OVER (ORDER BY v) AS rank, count(*) OVER () AS n, max(v) OVER () AS top
        FROM unnest(x) v WHERE v IS NOT NULL)
    SELECT CASE WHEN EXISTS (SELECT FROM ranked) THEN
        ARRAY(SELECT DISTINCT v FROM ranked JOIN generate_series(1, classes - 1) j ON rank = (j * n + classes - 1) / classes
              WHERE v < top ORDER BY v) END
$$;

-- All partitions of the distinct values into as many classes as possible, with their costs.
CREATE FUNCTION pg_temp.all_partitions(x float8[], classes int, OUT breaks float8[], OUT cost numeric) RETURNS SETOF record LANGUAGE sql AS $$
    WITH RECURSIVE value AS MATERIALIZED (
        SELECT v, row_number() OVER (ORDER BY v) AS position, sum(count(*)) OVER (ORDER BY v) AS rows, count(*) OVER () AS m
        FROM unnest(x) v WHERE v IS NOT NULL GROUP BY v),
    partial AS (
        SELECT 1 AS class, '{}'::float8[] AS breaks, 0::bigint AS position, 0::numeric AS rows, 0::numeric AS cost
        UNION ALL
        SELECT class + 1, p.breaks || v.v, v.position, v.rows, p.cost + (v.rows - p.rows) ^ 2
        FROM partial p JOIN value v ON v.position > p.position
        WHERE class < least(classes, m) AND v.position <= m - (least(classes, m) - class))
    SELECT p.breaks, p.cost + (v.rows - p.rows) ^ 2
    FROM partial p JOIN value v ON v.position = v.m AND p.class = least(classes, v.m)
$$;

CREATE FUNCTION pg_temp.balanced_oracle(x float8[], classes int) RETURNS float8[] LANGUAGE sql AS
'SELECT breaks FROM pg_temp.all_partitions(x, classes) ORDER BY cost, breaks LIMIT 1';

-- The lowest break at each place over all optima: the rule says that these make an optimum.
CREATE FUNCTION pg_temp.lowest_oracle(x float8[], classes int) RETURNS float8[] LANGUAGE sql AS $$
    WITH optimum AS (
        SELECT breaks FROM (SELECT breaks, rank() OVER (ORDER BY cost) FROM pg_temp.all_partitions(x, classes)) p WHERE rank = 1)
    SELECT coalesce(array_agg(lowest ORDER BY place), '{}')
    FROM (SELECT place, min(b) AS lowest FROM optimum, unnest(breaks) WITH ORDINALITY u(b, place) GROUP BY place) s
$$;

-- --- columns ---

-- n random values of a shape.
CREATE FUNCTION pg_temp.make_column(shape int, n int) RETURNS float8[] LANGUAGE sql VOLATILE AS $$
    SELECT array_agg(CASE shape
        WHEN 0 THEN random()
        WHEN 1 THEN floor(random() * 4)
        WHEN 2 THEN floor(-10 * ln(1 - random()))                          -- skewed
        WHEN 3 THEN 42
        WHEN 4 THEN CASE WHEN random() < 0.3 THEN NULL ELSE floor(random() * 20) END
        WHEN 5 THEN -exp(10 * random())
        WHEN 6 THEN (random() - 0.5) * 1.7e308 * 2                          -- huge
        WHEN 7 THEN (random() - 0.5) * 1e-310                               -- subnormal
        WHEN 8 THEN CASE WHEN random() < 0.6 THEN 1 ELSE 1 + floor(random() * 30) END  -- one heavy value
        WHEN 9 THEN CASE WHEN i % 7 = 0 THEN 'infinity' WHEN i % 11 = 0 THEN '-infinity' WHEN i % 5 = 0 THEN '-0' ELSE round(random() * 3) END
        WHEN 10 THEN i                                                      -- ascending
        WHEN 11 THEN -i                                                     -- descending
        WHEN 12 THEN round((random() * 1000)::numeric, 2)                   -- prices
        WHEN 13 THEN 1000 * floor(3 * random()) + floor(random() * 5)       -- clusters
        END::float8)
    FROM generate_series(1, n) i
$$;

CREATE TABLE large (id int GENERATED ALWAYS AS IDENTITY, shape int, n int, classes int, x float8[]);
INSERT INTO large (shape, n, classes, x)
SELECT shape, n, classes, pg_temp.make_column(shape, n)
FROM generate_series(0, 13) shape,
    unnest(ARRAY[1, 2, 3, 4, 7, 10, 77, 100, 513, 3000, 20000]) n,
    unnest(ARRAY[1, 2, 5, 10, 11, 100, 1000]) classes
WHERE n < 3000 OR n = 3000 AND classes IN (5, 100) OR n = 20000 AND classes = 5 AND shape IN (0, 2, 8, 12);

CREATE TABLE small (id int GENERATED ALWAYS AS IDENTITY, classes int, x float8[]);
INSERT INTO small (classes, x)
SELECT 1 + floor(random() * 7)::int, pg_temp.make_column((ARRAY[1, 2, 4, 8, 9, 10, 13, 13])[1 + i % 8], 1 + floor(random() * (3 + i % 13))::int)
FROM generate_series(1, 4000) i;
-- The oracle looks at all partitions: at most nine values.
DELETE FROM small WHERE (SELECT count(DISTINCT v) FROM unnest(x) v) > 9;

SELECT cmp_ok((SELECT count(*) FROM large), '>=', 900::bigint, 'columns of all shapes were made');
SELECT cmp_ok((SELECT count(*) FROM small), '>=', 3000::bigint, 'and thousands of small ones');

-- The breaks of all columns, to which everything below is compared.
CREATE TABLE fitted AS
SELECT id, quantile_breaks(v, classes) AS quantile, balanced_breaks(v, classes) AS balanced, count_values(v, classes)::text AS counts
FROM large LEFT JOIN unnest(x) v ON true GROUP BY id;

-- --- equality with the oracles ---

SELECT is_empty($$
    SELECT id, shape, n, classes, quantile, pg_temp.quantile_oracle(x, classes) AS expected
    FROM large JOIN fitted USING (id)
    WHERE quantile IS DISTINCT FROM pg_temp.quantile_oracle(x, classes)$$,
    'quantile_breaks equals the ranks of row_number');

SELECT is_empty($$
    SELECT classes, x, b AS balanced, pg_temp.balanced_oracle(x, classes) AS expected
    FROM small, LATERAL (SELECT balanced_breaks(v, classes) FROM unnest(x) v) s(b)
    WHERE b IS DISTINCT FROM pg_temp.balanced_oracle(x, classes)$$,
    'balanced_breaks equals the best of all partitions, the lowest among equals');

SELECT is_empty($$
    SELECT classes, x FROM small
    WHERE EXISTS (SELECT FROM unnest(x) v WHERE v IS NOT NULL)
        AND pg_temp.balanced_oracle(x, classes) IS DISTINCT FROM pg_temp.lowest_oracle(x, classes)$$,
    'each of its breaks is the lowest that any optimum has there');

SELECT cmp_ok(
    (SELECT count(*) FROM small WHERE 1 < (
        SELECT count(*) FROM (SELECT rank() OVER (ORDER BY cost) FROM pg_temp.all_partitions(x, classes)) p WHERE rank = 1)),
    '>=', 300::bigint, 'and ties were among the cases');

SELECT is_empty($$
    SELECT id, shape, n, classes, balanced FROM large JOIN fitted USING (id)
    WHERE cardinality(balanced) + 1 IS DISTINCT FROM
        (SELECT nullif(least(classes, count(DISTINCT v)), 0) FROM unnest(x) v)$$,
    'balanced_breaks makes exactly as many classes as values allow');

-- The textbook programme, with all of its tables, for columns too long to try all partitions.
CREATE FUNCTION pg_temp.programme_oracle(x float8[], classes int) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
    v float8[];
    n bigint[];                 -- rows in the first i values
    cost bigint[];              -- of i values in the present number of classes
    next_cost bigint[];
    best_from int[][];
    m int;
    k int;
    c bigint;
    breaks float8[] := '{}';
BEGIN
    SELECT array_agg(e ORDER BY e), array_agg(r ORDER BY e) INTO v, n
    FROM (SELECT e, sum(count(*)) OVER (ORDER BY e) AS r FROM unnest(x) e GROUP BY e) s;
    m := cardinality(v);
    k := least(classes, m);
    best_from := array_fill(NULL::int, ARRAY[k, m]);
    FOR i IN 1..m LOOP
        cost[i] := n[i] * n[i];
    END LOOP;
    FOR t IN 2..k LOOP
        next_cost := NULL;
        FOR i IN t..m LOOP
            FOR l IN t - 1..i - 1 LOOP
                c := cost[l] + (n[i] - n[l]) * (n[i] - n[l]);
                IF next_cost[i] IS NULL OR c < next_cost[i] THEN
                    next_cost[i] := c;
                    best_from[t][i] := l;
                END IF;
            END LOOP;
        END LOOP;
        cost := next_cost;
    END LOOP;
    FOR t IN REVERSE k..2 LOOP
        m := best_from[t][m];
        breaks := v[m] || breaks;
    END LOOP;
    RETURN breaks;
END $$;
SELECT is_empty($$
    SELECT id, shape, n, classes, balanced FROM large JOIN fitted USING (id)
    WHERE shape IN (0, 2, 8, 12, 13) AND n = 100 AND classes IN (5, 10, 11)
        AND balanced IS DISTINCT FROM pg_temp.programme_oracle(x, classes)$$,
    'balanced_breaks equals the textbook programme');

-- No break can be moved to a neighbouring value and make the classes more equal, or as equal and lower.
SELECT is_empty($$
    WITH value AS MATERIALIZED (
        SELECT *, lag(rows) OVER w AS rows_before, lead(rows) OVER w AS rows_after, last_value(rows) OVER w AS total
        FROM (SELECT id, v, sum(count(*)) OVER (PARTITION BY id ORDER BY v) AS rows
              FROM large, unnest(x) v WHERE v IS NOT NULL GROUP BY id, v) s
        WINDOW w AS (PARTITION BY id ORDER BY v ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)),
    class AS (
        SELECT value.id, v, rows, rows_before, rows_after, lag(rows, 1, 0::numeric) OVER w AS low, lead(rows, 1, total) OVER w AS high
        FROM fitted, unnest(balanced) b, value
        WHERE value.id = fitted.id AND v = b WINDOW w AS (PARTITION BY value.id ORDER BY v))
    SELECT id, v FROM class
    WHERE rows_before > low AND (rows_before - low) ^ 2 + (high - rows_before) ^ 2 <= (rows - low) ^ 2 + (high - rows) ^ 2
        OR rows_after < high AND (rows_after - low) ^ 2 + (high - rows_after) ^ 2 < (rows - low) ^ 2 + (high - rows) ^ 2$$,
    'and the breaks of longer columns are at least locally best');

SELECT is_empty($$
    SELECT id, counts FROM large JOIN fitted USING (id)
    WHERE counts::value_counts::jsonb IS DISTINCT FROM (
        SELECT jsonb_build_object('version', 1, 'classes', classes,
            'values', jsonb_agg(CASE WHEN v IN ('infinity', '-infinity') THEN to_jsonb(v::text) ELSE to_jsonb(v) END ORDER BY v),
            'counts', jsonb_agg(n ORDER BY v))
        FROM (SELECT v + 0 AS v, count(*) AS n FROM unnest(x) v WHERE v IS NOT NULL GROUP BY 1) s HAVING count(*) > 0)$$,
    'count_values equals GROUP BY');

-- --- order, sharing, windows, groups ---

SELECT is_empty($$
    SELECT id FROM (
        SELECT id, quantile_breaks(v, classes ORDER BY md5(i::text)) AS q, balanced_breaks(v, classes ORDER BY i DESC) AS b,
            count_values(v, classes ORDER BY v DESC)::text AS c
        FROM large LEFT JOIN unnest(x) WITH ORDINALITY u(v, i) ON true GROUP BY id) s JOIN fitted USING (id)
    WHERE (q, b, c) IS DISTINCT FROM (quantile, balanced, counts)$$,
    'the order of rows does not matter');

SELECT is_empty($$
    SELECT i FROM (
        SELECT i, v, quantile_breaks(v, 5) OVER w AS q, balanced_breaks(v, 5) OVER w AS b, (array_agg(v) OVER w)::float8[] AS sofar
        FROM large, unnest(x) WITH ORDINALITY u(v, i) WHERE shape = 2 AND n = 513 AND classes = 5 WINDOW w AS (ORDER BY i)) s
    WHERE q IS DISTINCT FROM pg_temp.quantile_oracle(sofar, 5)
        OR b IS DISTINCT FROM (SELECT balanced_breaks(e, 5) FROM unnest(sofar) e)$$,
    'as window aggregates they see the rows so far, and a final function leaves the state alone');

SELECT is_empty($$
    SELECT id FROM (
        SELECT id, bool_and(s IS NOT DISTINCT FROM score(v, quantile) AND d IS NOT DISTINCT FROM score(v, quantile, true)) AS same
        FROM (SELECT id, v, quantile_score(v, classes) OVER w AS s, quantile_score(v, classes, true) OVER w AS d
              FROM large, unnest(x) v WINDOW w AS (PARTITION BY id)) q JOIN fitted USING (id)
        GROUP BY id) r WHERE NOT same$$,
    'quantile_score equals score with quantile_breaks');

-- --- parts and the whole ---

CREATE TABLE part (id int, part int, counts value_counts);
INSERT INTO part
SELECT id, p, count_values(v, classes)
FROM large, unnest(x) WITH ORDINALITY u(v, i), LATERAL (SELECT CASE id % 3 WHEN 0 THEN i % 2 WHEN 1 THEN (i * 7919) % 13 ELSE i / 40 END) o(p)
GROUP BY id, p;

SELECT is_empty($$
    SELECT id FROM (SELECT id, rollup(counts)::text AS c, quantile_breaks_final(rollup(counts)) AS q, balanced_breaks_final(rollup(counts)) AS b
                    FROM part GROUP BY id) s JOIN fitted USING (id)
    WHERE (c, q, b) IS DISTINCT FROM (counts, quantile, balanced)$$,
    'parts rolled up equal the whole');

-- The working form, as it is between two nodes: built by direct calls, sent as text and combined.
CREATE FUNCTION pg_temp.step_by_step(x float8[], classes int) RETURNS value_counts LANGUAGE plpgsql AS $$
DECLARE
    state value_counts[] := '{}';
    v float8;
    i int := 0;
BEGIN
    FOREACH v IN ARRAY x LOOP
        state[i % 3] := value_counts_accum(state[i % 3], v, classes);
        i := i + 1;
        IF i % 50 = 0 THEN
            state[i % 3] := state[i % 3]::text;
        END IF;
    END LOOP;
    RETURN value_counts_combine(coalesce(value_counts_combine(state[0], state[1]), state[0], state[1]), state[2]);
END $$;
SELECT is_empty($$
    SELECT id, shape, n FROM large JOIN fitted USING (id)
    WHERE n BETWEEN 77 AND 513 AND classes IN (5, 11) AND pg_temp.step_by_step(x, classes)::text IS DISTINCT FROM counts$$,
    'states built by single calls, sent as text on the way and combined equal the whole');

-- --- parallel plans ---

CREATE TABLE flat AS SELECT id, classes, v FROM large, unnest(x) v;
ALTER TABLE flat SET (parallel_workers = 2);
ANALYZE flat;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN plan;
END $$;
CREATE TABLE whole AS SELECT quantile_breaks(v, 7) AS q, balanced_breaks(v, 7) AS b, count_values(v, 7)::text AS c FROM flat;

SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT alike(pg_temp.plan_of('SELECT quantile_breaks(v, 7), balanced_breaks(v, 7) FROM flat'), '%Partial Aggregate%', 'a parallel plan is used');
SELECT results_eq('SELECT quantile_breaks(v, 7), balanced_breaks(v, 7), count_values(v, 7)::text FROM flat', 'TABLE whole',
    'a parallel plan gives the same');
SET LOCAL enable_sort = off;
SELECT alike(pg_temp.plan_of('SELECT id, quantile_breaks(v, classes) FROM flat GROUP BY id'), '%Partial HashAggregate%', 'with groups, too');
SELECT results_eq(
    'SELECT id, quantile_breaks(v, classes), balanced_breaks(v, classes), count_values(v, classes)::text FROM flat GROUP BY id ORDER BY id',
    'SELECT id, quantile, balanced, counts FROM fitted ORDER BY id', 'groups in a parallel plan give the same');
RESET enable_sort;

-- Every function in a worker, under the setting's old name and its new one.
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT results_eq(
    'SELECT id, sum(score(v, quantile)) FROM flat JOIN fitted USING (id) WHERE v IS NOT NULL GROUP BY id ORDER BY id',
    'SELECT id, sum(1 + (SELECT count(*)::int FROM unnest(quantile) q WHERE q < v)) FROM flat JOIN fitted USING (id) WHERE v IS NOT NULL GROUP BY id ORDER BY id',
    'score in a worker');
SELECT is((SELECT sum(hashtext(s::text)) FROM (SELECT quantile_score(v, 7) OVER () FROM flat) w(s)),
    (SELECT sum(hashtext(score(v, q)::text)) FROM flat, whole), 'quantile_score in a worker');

SELECT * FROM finish();
ROLLBACK;
