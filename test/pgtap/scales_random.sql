-- Scales against slow and obvious SQL, on seeded random columns of many shapes; exact sums against numeric; and
-- that order, partition, plan and packing of the rows do not matter.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(30);
SELECT setseed(0.20261122);

-- --- columns ---

-- n random values of a shape; those from 9 on have infinities.
CREATE FUNCTION pg_temp.make_column(shape int, n int) RETURNS float8[] LANGUAGE sql VOLATILE AS $$
    SELECT array_agg(CASE shape
        WHEN 0 THEN random()
        WHEN 1 THEN floor(random() * 4)
        WHEN 2 THEN floor(-10 * ln(1 - random()))                          -- skewed
        WHEN 3 THEN 42.1
        WHEN 4 THEN CASE WHEN random() < 0.3 THEN NULL ELSE floor(random() * 20) - 10 END
        WHEN 5 THEN -exp(10 * random())
        WHEN 6 THEN (random() - 0.5) * 1.7e308 * 2                          -- huge
        WHEN 7 THEN (random() - 0.5) * 1e-310                               -- subnormal
        WHEN 8 THEN round((random() * 1000)::numeric, 2)                    -- prices
        WHEN 9 THEN CASE WHEN i % 7 = 0 THEN 'infinity' WHEN i % 11 = 0 THEN '-infinity' WHEN i % 5 = 0 THEN '-0' ELSE round(random() * 3) END
        WHEN 10 THEN 1e9 + random()                                         -- far from 0
        WHEN 11 THEN CASE WHEN i = 3 THEN 1e300 ELSE 1 + i * 1e-9 END       -- one far out
        END::float8)
    FROM generate_series(1, n) i
$$;

CREATE TABLE data (id int GENERATED ALWAYS AS IDENTITY, shape int, n int, lower float8, upper float8, points int, x float8[]);
INSERT INTO data (shape, n, lower, upper, points, x)
SELECT shape, n, (ARRAY[0, 0.01, 0.05, 0.07, 0.29])[1 + floor(random() * 5)::int], (ARRAY[1, 0.99, 0.95, 0.57, 0.3])[1 + floor(random() * 5)::int],
    (ARRAY[1, 2, 7, 10, 100, 5000])[1 + floor(random() * 6)::int], pg_temp.make_column(shape, n)
FROM generate_series(0, 11) shape, unnest(ARRAY[1, 1, 2, 2, 3, 4, 5, 7, 10, 31, 32, 33, 77, 100, 100, 513, 1000, 3000]) n;
CREATE TABLE value AS SELECT id, i, v FROM data, unnest(x) WITH ORDINALITY u(v, i) WHERE v IS NOT NULL;
CREATE INDEX ON value (id, v);
ANALYZE data;
ANALYZE value;

CREATE TABLE fitted AS
SELECT id, percentiles_fit(v) AS p, percentiles_fit(v, lower, upper) AS pw, percentiles_fit(v, points) AS pk,
    minmax_fit(v) FILTER (WHERE shape <> 9) AS m, minmax_fit(v, lower, upper) FILTER (WHERE shape <> 9) AS mw,
    zscore_fit(v) FILTER (WHERE shape <> 9) AS z, zscore_fit(v, lower, upper) FILTER (WHERE shape <> 9) AS zw
FROM data LEFT JOIN unnest(x) v ON true GROUP BY id;

SELECT cmp_ok((SELECT count(*) FROM value), '>=', 50000::bigint, 'values of all shapes were made');

-- --- percentiles ---

CREATE TABLE place AS
SELECT id, v, (rank() OVER (PARTITION BY id ORDER BY v) - 1 + count(*) OVER (PARTITION BY id, v) / 2.0::float8) / count(*) OVER (PARTITION BY id) AS mid
FROM value;
SELECT is_empty($$
    SELECT id, v, mid, percentile(v, p) FROM place JOIN fitted USING (id) WHERE percentile(v, p) <> mid LIMIT 5$$,
    'percentile of each value is its middle rank');
SELECT is_empty($$
    SELECT id, v FROM place JOIN fitted USING (id) WHERE abs(1 - mid - percentile(v, p, true)) > 1e-15 LIMIT 5$$,
    'descending it is the same from above');
SELECT is_empty($$
    SELECT id, percentile(v, p, true), percentile(-v, q) FROM value JOIN fitted USING (id)
        JOIN (SELECT id, percentiles_fit(-v) AS q FROM value GROUP BY id) s USING (id)
    WHERE percentile(v, p, true) <> percentile(-v, q) LIMIT 5$$,
    'which is that of the values with their signs changed, to the last bit');

-- Values that were not seen: between, next to, below and above those that were.
CREATE TABLE probe AS
SELECT id, CASE i % 4 WHEN 0 THEN v + 1e-6 * v WHEN 1 THEN v * random() WHEN 2 THEN (v / 2 + lead / 2) ELSE (ARRAY[v, 0, 'infinity', '-infinity', 1, -1])[1 + i % 6] END AS v
FROM (SELECT id, i, v, lead(v, 1, v) OVER (PARTITION BY id ORDER BY v) FROM value WHERE abs(v) <= 1e307) s WHERE i % 17 < 4;
SELECT cmp_ok((SELECT count(*) FROM probe), '>=', 8000::bigint, 'thousands of other values');
SELECT is_empty($$
    SELECT id, v FROM probe JOIN fitted USING (id),
        LATERAL (SELECT (count(*) FILTER (WHERE d.v < probe.v) + count(*) FILTER (WHERE d.v = probe.v) / 2.0::float8) / count(*)
                 FROM value d WHERE d.id = probe.id) o(expected)
    WHERE percentile(v, p) <> expected LIMIT 5$$,
    'they get the part of the rows below, and half of those equal');

SELECT is_empty($$
    SELECT id, points, v FROM (TABLE probe UNION ALL SELECT id, v FROM value) t JOIN fitted USING (id) JOIN data USING (id)
    WHERE abs(percentile(v, pk) - percentile(v, p)) >= 1.0 / points LIMIT 5$$,
    'with k points a percentile is off by less than 1/k');
SELECT is_empty($$
    SELECT id FROM fitted JOIN data USING (id) WHERE jsonb_array_length(pk::jsonb -> 'values') > points$$,
    'and there are not more points');

-- --- bounds ---

CREATE TABLE bound AS
SELECT id, low, high
FROM data, LATERAL (
    SELECT min(v) FILTER (WHERE rank >= greatest(1, ceil(lower::numeric * n))), min(v) FILTER (WHERE rank >= ceil(upper::numeric * n))
    FROM (SELECT v, row_number() OVER (ORDER BY v) AS rank, count(*) OVER () AS n FROM unnest(x) v WHERE v IS NOT NULL) s) o(low, high)
WHERE low IS NOT NULL AND lower < upper;
CREATE TABLE moved AS SELECT id, least(greatest(v, low), high) AS v FROM value JOIN bound USING (id);
CREATE TABLE refitted AS
SELECT id, percentiles_fit(v) AS p, minmax_fit(v) FILTER (WHERE shape <> 9) AS m, zscore_fit(v) FILTER (WHERE shape <> 9) AS z
FROM moved JOIN data USING (id) GROUP BY id;
SELECT is_empty($$
    SELECT id, pw, f.p FROM fitted JOIN refitted f USING (id)
    WHERE (pw::jsonb - 'lower' - 'upper', mw::jsonb - 'lower' - 'upper', zw::jsonb - 'lower' - 'upper')
        IS DISTINCT FROM (f.p::jsonb, f.m::jsonb, f.z::jsonb) LIMIT 3$$,
    'bounds are quantiles: the models are those of values moved to them');
SELECT is_empty($$
    SELECT id, v FROM (TABLE probe UNION ALL SELECT id, v FROM value) t JOIN fitted f USING (id) JOIN refitted r USING (id) JOIN bound USING (id)
    WHERE percentile(v, pw) <> percentile(least(greatest(v, low), high), r.p) LIMIT 5$$,
    'percentile moves a value to the bounds');
SELECT is_empty($$
    SELECT id, v FROM (TABLE probe UNION ALL SELECT id, v FROM value) t JOIN fitted f USING (id) JOIN refitted r USING (id) JOIN bound USING (id)
    WHERE f.m IS NOT NULL AND abs(v) < 'infinity' AND (zscore(v, zw) <> zscore(least(greatest(v, low), high), r.z)
        OR minmax(v, mw) <> minmax(least(greatest(v, low), high), r.m)) LIMIT 5$$,
    'so do zscore and minmax');

-- --- minmax and zscore ---

SELECT is_empty($$
    SELECT id FROM fitted JOIN (SELECT id, count(*) AS n, min(v), max(v) FROM value GROUP BY id) s USING (id)
    WHERE m IS NOT NULL AND (m -> 'n', m -> 'min', m -> 'max') IS DISTINCT FROM (s.n::float8, s.min, s.max)$$,
    'minmax_fit equals min and max');
SELECT is_empty($$
    SELECT id, v FROM (TABLE probe UNION ALL SELECT id, v FROM value) t JOIN fitted USING (id) JOIN data USING (id)
    WHERE m IS NOT NULL AND shape NOT IN (6, 7) AND abs(v) < 'infinity'
        AND abs(minmax(v, m) - CASE WHEN v < m -> 'min' THEN 0 WHEN v > m -> 'max' THEN 1
            ELSE coalesce((v - (m -> 'min')) / nullif((m -> 'max') - (m -> 'min'), 0), 0.5) END) > 1e-15 LIMIT 5$$,
    'minmax is its formula');
SELECT is_empty($$
    SELECT id, v FROM value JOIN fitted USING (id) JOIN data USING (id)
    WHERE m IS NOT NULL AND (minmax(v, m) NOT BETWEEN 0 AND 1 OR abs(minmax(v, m) + minmax(v, m, true) - 1) > 1e-15) LIMIT 5$$,
    'both ways it adds up to 1, for huge and subnormal values too');

SELECT is_empty($$
    SELECT id, shape, z, mean, deviation FROM fitted JOIN data USING (id)
        JOIN (SELECT id, avg(v::numeric)::float8 AS mean, stddev_pop(v::numeric)::float8 AS deviation, max(abs(v)) AS size
              FROM value JOIN data USING (id) WHERE shape NOT IN (6, 7, 9, 10, 11) GROUP BY id) s USING (id)
    WHERE abs((z -> 'mean') - mean) > 1e-13 * size OR abs((z -> 'deviation') - deviation) > 1e-12 * deviation LIMIT 3$$,
    'zscore_fit equals avg and stddev_pop of numeric');
SELECT is_empty($$
    SELECT id, v FROM value JOIN fitted USING (id) JOIN data USING (id)
    WHERE z IS NOT NULL AND shape <> 6 AND zscore(v, z) <> coalesce((v - (z -> 'mean')) / nullif(z -> 'deviation', 0), 0) LIMIT 5$$,
    'zscore is its formula');
SELECT is_empty($$
    SELECT id, v FROM value JOIN fitted USING (id) WHERE z IS NOT NULL AND zscore(v, z, true) <> -zscore(v, z) LIMIT 5$$,
    'descending it has the other sign');
SELECT is_empty($$
    SELECT id FROM (SELECT id, avg(zscore(v, z)) AS mean, stddev_pop(zscore(v, z)) AS deviation
                    FROM value JOIN fitted USING (id) WHERE z IS NOT NULL AND z -> 'deviation' > 1e-300 GROUP BY id) s
    WHERE abs(mean) > 1e-6 OR abs(deviation - 1) > 1e-6$$,
    'z-scores have mean 0 and deviation 1, of huge values too');
SELECT is_empty($$
    SELECT id, v FROM value JOIN fitted USING (id)
    WHERE m IS NOT NULL AND (scale(v, m) <> minmax(v, m) OR scale(v, z, true) <> zscore(v, z, true)) OR scale(v, p) <> percentile(v, p) LIMIT 5$$,
    'scale applies a model of any kind');
SELECT is_empty($$
    SELECT id, v FROM value JOIN fitted USING (id) JOIN data USING (id)
    WHERE shape IN (1, 2, 4, 8) AND (minmax(v::numeric, m), zscore(v::numeric, z), percentile(v::numeric, p), scale(v::numeric, p, true))
        IS DISTINCT FROM (minmax(v, m), zscore(v, z), percentile(v, p), scale(v, p, true)) LIMIT 5$$,
    'numeric values get the same');
SELECT is_empty($$
    SELECT id FROM fitted JOIN (
        SELECT id, percentiles_fit(v::numeric)::text AS p, percentiles_fit(v::numeric, points)::text AS pk, minmax_fit(v::numeric)::text AS m,
            zscore_fit(v::numeric)::text AS z, zscore_fit(v::numeric, lower, upper)::text AS zw, minmax_fit(v::numeric, lower, upper)::text AS mw,
            percentiles_fit(v::numeric, lower, upper)::text AS pw
        FROM value JOIN data USING (id) WHERE shape IN (1, 2, 4, 8) GROUP BY id) s USING (id)
    WHERE (s.p, s.pk, s.m, s.z, s.zw, s.mw, s.pw)
        IS DISTINCT FROM (fitted.p::text, fitted.pk::text, fitted.m::text, fitted.z::text, fitted.zw::text, fitted.mw::text, fitted.pw::text)$$,
    'and fit the same models');

-- --- exact sums ---

-- m * 2^e as a float8, and as a numeric of all its digits.
CREATE FUNCTION pg_temp.exact(m bigint, e int) RETURNS numeric LANGUAGE sql AS
'SELECT CASE WHEN e >= 0 THEN m * 2::numeric ^ e ELSE m * 5::numeric ^ -e * (''1e'' || e)::numeric END';
CREATE FUNCTION pg_temp.as_float(m bigint, e int) RETURNS float8 LANGUAGE sql AS
'SELECT m::float8 * 2::float8 ^ (e / 2) * 2::float8 ^ (e - e / 2)';

-- Batches of 1 to 64 values, a power of 2 each, so that the mean shows the sum: of all sizes, with their negatives,
-- at the ends of the range, in ties of rounding.
CREATE TABLE nasty AS
SELECT batch, i, CASE WHEN i % 3 = 1 AND batch % 4 < 2 THEN -lag(m) OVER w ELSE m END AS m,
    CASE WHEN i % 3 = 1 AND batch % 4 < 2 THEN lag(e) OVER w ELSE e END AS e
FROM (
    SELECT batch, i,
        CASE batch % 5 WHEN 0 THEN floor((random() - 0.5) * 2 ^ 53)::bigint WHEN 1 THEN (2 ^ 53)::bigint - 1 WHEN 2 THEN 1
            WHEN 3 THEN (2 ^ 52)::bigint + floor(random() * 3)::bigint ELSE floor((random() - 0.5) * 8)::bigint END AS m,
        CASE batch % 7 WHEN 0 THEN floor(random() * 2045)::int - 1074 WHEN 1 THEN 971 - floor(random() * 3)::int
            WHEN 2 THEN floor(random() * 4)::int - 1074 WHEN 3 THEN (ARRAY[971, -1074, 0, -53])[1 + floor(random() * 4)::int]
            WHEN 4 THEN 11 - 64 * floor(random() * 3)::int ELSE floor(random() * 130)::int - 65 END AS e
    FROM generate_series(1, 600) batch, generate_series(0, (2 ^ (batch % 7))::int - 1) i) s
WINDOW w AS (PARTITION BY batch ORDER BY i);
CREATE TABLE nasty_fit AS
SELECT batch, zscore_fit(pg_temp.as_float(m, e) ORDER BY i) AS z, count(*) AS n, sum(pg_temp.exact(m, e)) AS s,
    sum(pg_temp.exact(m, e) * pg_temp.exact(m, e)) AS q, min(pg_temp.exact(m, e)) AS low, max(pg_temp.exact(m, e)) AS high
FROM nasty GROUP BY batch;
SELECT is_empty($$
    SELECT batch, z, mean FROM (SELECT *, (s * 5::numeric ^ log(2, n)::int * ('1e-' || log(2, n)::int)::numeric) AS mean FROM nasty_fit) t
    WHERE CASE WHEN abs(mean) > 1e-306 THEN z -> 'mean' <> mean::float8
        ELSE abs((z -> 'mean')::numeric - mean) > 1e-14 * abs(mean) + 5e-324 END LIMIT 3$$,
    'the mean is the exact sum, rounded once');
SELECT is_empty($$
    SELECT batch, z FROM (SELECT *, (n * q - s * s)::numeric AS square FROM nasty_fit) t
    WHERE square = 0 AND z -> 'deviation' <> 0 OR square > 1e-1000
        AND abs((z::jsonb ->> 'deviation')::numeric - sqrt(square) / n) > 4e-16 * sqrt(square) / n + 1e-323 LIMIT 3$$,
    'the deviation is that of exact sums');
SELECT is_empty($$
    SELECT batch FROM nasty_fit JOIN (
        SELECT batch, zscore_fit(pg_temp.as_float(m, e) ORDER BY md5(i::text))::text AS a, zscore_fit(pg_temp.as_float(m, e) ORDER BY m, e)::text AS b
        FROM nasty GROUP BY batch) s USING (batch)
    WHERE (a, b) IS DISTINCT FROM (z::text, z::text)$$,
    'in any order');

-- --- parts and the whole ---

CREATE TABLE spread AS SELECT value.id, shape, lower, upper, points, v, i FROM value JOIN data USING (id);
-- The working form, as it is between two nodes: built by direct calls, sent as text and combined.
CREATE FUNCTION pg_temp.step_by_step(x float8[], kind int, lower float8, upper float8, points int) RETURNS scale_state LANGUAGE plpgsql AS $$
DECLARE
    state scale_state[] := ARRAY[NULL, NULL, NULL];
    v float8;
    i int := 0;
BEGIN
    FOREACH v IN ARRAY x LOOP
        state[1 + i % 3] := CASE kind WHEN 0 THEN scale_range_accum(state[1 + i % 3], v) WHEN 1 THEN scale_moments_accum(state[1 + i % 3], v)
            WHEN 2 THEN scale_values_accum(state[1 + i % 3], v) WHEN 3 THEN scale_bounded_accum(state[1 + i % 3], v, lower, upper)
            ELSE scale_points_accum(state[1 + i % 3], v, points) END;
        i := i + 1;
        IF i % 20 = 0 THEN
            state[1 + i % 3] := state[1 + i % 3]::text;
        END IF;
    END LOOP;
    state[1] := coalesce(scale_state_combine(state[1], state[2]), state[1], state[2]);
    RETURN coalesce(scale_state_combine(state[1], state[3]), state[1], state[3]);
END $$;
SELECT is_empty($$
    SELECT id, shape, n FROM data JOIN fitted USING (id)
    WHERE n < 600 AND (minmax_fit_final(pg_temp.step_by_step(x, 0, 0, 0, 0))::text, zscore_fit_final(pg_temp.step_by_step(x, 1, 0, 0, 0))::text,
            percentiles_fit_final(pg_temp.step_by_step(x, 2, 0, 0, 0))::text, zscore_fit_final(pg_temp.step_by_step(x, 3, lower, upper, 0))::text,
            percentiles_fit_final(pg_temp.step_by_step(x, 4, 0, 0, points))::text)
        IS DISTINCT FROM (m::text, z::text, p::text, zw::text, pk::text) AND shape <> 9$$,
    'states built by single calls, sent as text on the way and combined equal the whole');
SELECT is_empty($$
    SELECT id FROM fitted WHERE (p::text::scale_model::text, pw::text::scale_model::text, pk::text::scale_model::text, m::text::scale_model::text,
            mw::text::scale_model::text, z::text::scale_model::text, zw::text::scale_model::text)
        IS DISTINCT FROM (p::text, pw::text, pk::text, m::text, mw::text, z::text, zw::text)$$,
    'the text of a model gives the same model');

-- --- parallel plans ---

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
ALTER TABLE spread SET (parallel_workers = 2);
DELETE FROM spread WHERE shape = 9;
ANALYZE spread;
\set fits 'minmax_fit(v)::text AS m, zscore_fit(v)::text AS z, percentiles_fit(v)::text AS p, zscore_fit(v, 0.05, 0.95)::text AS zw, percentiles_fit(v, 50)::text AS pk'
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE whole AS SELECT :fits FROM spread;
CREATE TABLE grouped AS SELECT id, :fits FROM spread GROUP BY id;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT alike(pg_temp.plan_of('SELECT zscore_fit(v), percentiles_fit(v) FROM spread'), '%Partial Aggregate%', 'a parallel plan is used');
SELECT results_eq('SELECT ' || :'fits' || ' FROM spread', 'TABLE whole', 'a parallel plan gives the same');
SELECT results_eq('SELECT id, ' || :'fits' || ' FROM spread GROUP BY id ORDER BY id', 'SELECT * FROM grouped ORDER BY id', 'with groups, too');

-- Every function in a worker, under the setting's old name and its new one.
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT is_empty($$
    SELECT id, v FROM place JOIN fitted USING (id) WHERE percentile(v, p) <> mid
    UNION ALL SELECT id, v FROM value JOIN fitted USING (id) WHERE m IS NOT NULL AND (scale(v, m), scale(v, z)) IS DISTINCT FROM (minmax(v, m), zscore(v, z))$$,
    'and so do the scalar functions');

SELECT * FROM finish();
ROLLBACK;
