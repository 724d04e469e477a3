-- Breaks and scores of numeric columns: the same as of their cast to float8, to the last bit, and the form that an
-- argument of any other type takes.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(45);
SELECT setseed(0.25);

-- --- numerics of all scales and sizes ---

CREATE TABLE sample (id int GENERATED ALWAYS AS IDENTITY, x numeric);

-- Random digits, 1 to 45 of them, times 10^-40 to 10^20.
INSERT INTO sample (x)
SELECT (CASE WHEN random() < 0.3 THEN '-' ELSE '' END
        || left(translate(md5(random()::text) || md5(random()::text), 'abcdef', '012345'), 1 + floor(random() * 45)::int)
        || 'e' || (floor(random() * 61)::int - 40))::numeric
FROM generate_series(1, 20000);

-- The same digits at other scales: rounded, and with zeros at the end.
INSERT INTO sample (x) SELECT round(x, floor(random() * 45)::int) FROM sample;

-- Prices, days and averages, as a table of customers has them.
INSERT INTO sample (x)
SELECT unnest(ARRAY[round((random() * 10 ^ (i % 9))::numeric, 2), floor(random() * 4000)::numeric,
                    round((random() * 1e7)::numeric, 2) / (1 + i % 17)])
FROM generate_series(1, 5000) i;

-- Around 2^53, where integers stop being exact floats, with zeros at the end and without.
INSERT INTO sample (x)
SELECT sign * ((9007199254740992 + k) * zeros || 'e-' || scale)::numeric
FROM generate_series(-3, 3) k, generate_series(0, 30) scale, unnest(ARRAY[1, 10, 1000]::numeric[]) zeros,
    unnest(ARRAY[1, -1]) sign;

-- Halfway between two floats, and a last digit beside it.
INSERT INTO sample (x)
SELECT (9007199254740993 * round(2::numeric ^ power) + k || 'e-' || scale)::numeric
FROM generate_series(-1, 1) k, generate_series(0, 60, 3) power, generate_series(0, 40, 5) scale;

-- Around 10^38.
INSERT INTO sample (x)
SELECT (1e38::numeric + k || 'e-' || scale)::numeric FROM generate_series(-2, 2) k, generate_series(0, 45) scale;

-- Zeros, the ends of float8, and subnormal floats.
INSERT INTO sample (x) SELECT ('0e-' || scale)::numeric FROM generate_series(0, 60) scale;
INSERT INTO sample (x)
SELECT sign * v
FROM unnest(ARRAY[1.7976931348623157e308, 1.797693134862315807e308, 1e308, 2.2250738585072014e-308, 1e-310,
                  4.9406564584124654e-324, 2.5e-324]::numeric[]) v, unnest(ARRAY[1, -1]) sign;
INSERT INTO sample (x) SELECT ((random() * 2 - 1)::text || 'e' || (floor(random() * 600)::int - 300))::numeric FROM generate_series(1, 2000);
INSERT INTO sample (x) VALUES ('infinity'), ('-infinity');

-- Thousands of digits, compressed and out of line.
CREATE TABLE long_sample (id int GENERATED ALWAYS AS IDENTITY, x numeric);
INSERT INTO long_sample (x) SELECT (i || '.' || repeat('12345678', 1800))::numeric FROM generate_series(1, 3) i;
ALTER TABLE long_sample ALTER x SET STORAGE EXTERNAL;
INSERT INTO long_sample (x) SELECT (i || '.' || repeat('87654321', 1800))::numeric FROM generate_series(1, 3) i;
SELECT is(count(*) FILTER (WHERE pg_column_compression(x) IS NOT NULL), 3::bigint, 'long numerics are stored compressed') FROM long_sample;
SELECT cmp_ok(max(pg_column_size(x)), '>', 7000, 'and out of line') FROM long_sample;
INSERT INTO sample (x) SELECT x + 0 FROM long_sample;

-- Both ways to the float are taken: by an exact quotient, and by text.
SELECT unnest(ARRAY[
    cmp_ok(count(*) FILTER (WHERE exact), '>', 10000::bigint, 'thousands of numerics are quotients of two exact floats'),
    cmp_ok(count(*) FILTER (WHERE NOT exact), '>', 10000::bigint, 'and thousands are not')])
FROM (SELECT scale(x) <= 22 AND abs(x) * round(10::numeric ^ scale(x)) <= 9007199254740992 FROM sample
      WHERE x NOT IN ('infinity', '-infinity')) s(exact);

-- --- the same as of float8 ---

-- The text form of value_counts keeps every bit.
CREATE FUNCTION pg_temp.unequal(relation text, x text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT left(min(%1$s)::text, 60) FROM %2$s GROUP BY id
         HAVING count_values(%1$s, 1)::text IS DISTINCT FROM count_values((%1$s)::float8, 1)::text', x, relation);
END $$;
SELECT is_empty($$SELECT pg_temp.unequal('sample', 'x')$$, 'the value of a stored numeric is that of its cast');
SELECT is_empty($$SELECT pg_temp.unequal('sample', '-x')$$, 'also of a computed one');
SELECT is_empty($$SELECT pg_temp.unequal('long_sample', 'x')$$, 'also of one that is compressed or out of line');

-- A value that is its own break shows if x came out a bit too high, its negative if too low.
SELECT is_empty($$
    SELECT left(x::text, 60) FROM sample
    WHERE score(x, ARRAY[x::float8]) <> 1 OR score(-x, ARRAY[-x::float8]) <> 1 OR score(x, ARRAY[x::float8], true) <> 2$$,
    'score: at the break itself');
SELECT is_empty($$
    SELECT left(x::text, 60) FROM long_sample WHERE score(x, ARRAY[x::float8]) <> 1 OR score(-x, ARRAY[-x::float8]) <> 1$$,
    'score: at the break itself, compressed or out of line');
SELECT is_empty($$
    SELECT left(x::text, 60)
    FROM sample, (SELECT quantile_breaks(x::float8, 1000), balanced_breaks(x::float8, 7) FROM sample) b(q, o)
    WHERE (score(x, q), score(x, q, true), score(x, o))
        IS DISTINCT FROM (score(x::float8, q), score(x::float8, q, true), score(x::float8, o))$$,
    'score: with the breaks of all');

SELECT unnest(ARRAY[
    ok(bool_and(quantile_breaks::text = quantile_breaks_float8::text), 'quantile_breaks'),
    ok(bool_and(balanced_breaks::text = balanced_breaks_float8::text), 'balanced_breaks'),
    ok(bool_and(count_values::text = count_values_float8::text), 'count_values'),
    is(count(*), 98::bigint, 'of 98 groups')])
FROM (
    SELECT quantile_breaks(x, k), balanced_breaks(x, k), count_values(x, k), quantile_breaks(x::float8, k) AS quantile_breaks_float8,
        balanced_breaks(x::float8, k) AS balanced_breaks_float8, count_values(x::float8, k) AS count_values_float8
    FROM sample, unnest(ARRAY[5, 100]) k GROUP BY k, id % 49) s;

SELECT is_empty($$
    SELECT left(x::text, 60) FROM (
        SELECT x, quantile_score(x, 100) OVER w AS a, quantile_score(x::float8, 100) OVER w AS b,
            quantile_score(x, 7, true) OVER w AS c, quantile_score(x::float8, 7, true) OVER w AS d
        FROM (SELECT id, x FROM sample UNION ALL SELECT id, x FROM long_sample UNION ALL SELECT id, NULL FROM long_sample) s
        WINDOW w AS (PARTITION BY id % 49)) s
    WHERE (a, c) IS DISTINCT FROM (b, d)$$, 'quantile_score');

-- --- what has no float8, and what has no place in an order ---

-- SQLSTATE and message of the error that a statement raises.
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- A function's call with x in the place of its first argument.
CREATE TABLE form (call text);
INSERT INTO form VALUES ('score(%s, ''{1}'')'), ('quantile_breaks(%s, 5)'), ('balanced_breaks(%s, 5)'), ('count_values(%s, 5)'),
    ('quantile_score(%s, 5) OVER ()'), ('value_counts_accum(NULL, %s, 5)');

SELECT unnest(ARRAY[
    is(array_agg(DISTINCT left(pg_temp.error_of('SELECT ' || format(call, x)), 5)), '{22003}', x || ' is out of range'),
    ok(bool_and(pg_temp.error_of('SELECT ' || format(call, x)) = pg_temp.error_of('SELECT ' || x || '::float8')), 'with the error of the cast')])
FROM form, unnest(ARRAY['1e400::numeric', '(-1e400)::numeric', '1e-400::numeric', '1.8e308::numeric']) x
GROUP BY x ORDER BY x;
SELECT is(array_agg(DISTINCT pg_temp.error_of('SELECT ' || format(call, '''NaN''::numeric'))), '{22023 x must not be NaN}', 'NaN is refused')
FROM form;
SELECT is((SELECT quantile_breaks(x, 3) FROM unnest('{-infinity,0,infinity}'::numeric[]) x), '{-infinity,0}', 'infinities are ordinary values');

-- --- which form an argument of another type takes ---

-- The type of x in the function that a call resolves to, by what a view of it depends on.
CREATE FUNCTION pg_temp.resolved(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE 'CREATE TEMPORARY VIEW resolved AS SELECT ' || call || ' AS result';
    SELECT format_type(p.proargtypes[CASE p.proname WHEN 'value_counts_accum' THEN 1 ELSE 0 END], NULL) INTO STRICT found
    FROM pg_rewrite r
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_proc'::regclass
    JOIN pg_proc p ON p.oid = d.refobjid AND p.pronamespace = 'custseg'::regnamespace
    WHERE r.ev_class = 'resolved'::regclass;
    DROP VIEW resolved;
    RETURN found;
END $$;

-- And what it gives.
CREATE FUNCTION pg_temp.result(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE 'SELECT (' || call || ')::text' INTO STRICT result;
    RETURN result;
END $$;

SELECT unnest(ARRAY[
    is(array_agg(DISTINCT pg_temp.resolved(format(call, x))), ARRAY[type], x || ' is taken as ' || type),
    ok(bool_and(pg_temp.result(format(call, x)) IS NOT DISTINCT FROM pg_temp.result(format(call, value || '::float8'))), 'with its result')])
FROM form, (VALUES
    (1, '3::smallint', '3', 'double precision'), (2, '3', '3', 'double precision'), (3, '3::bigint', '3', 'double precision'),
    (4, '3::real', '3', 'double precision'), (5, '3::float8', '3', 'double precision'), (6, '3.0', '3', 'numeric'),
    (7, '3::numeric(9,2)', '3', 'numeric'), (8, '''3''', '3', 'double precision'), (9, 'NULL', 'NULL', 'double precision'),
    (10, 'NULL::numeric', 'NULL', 'numeric')) a(n, x, value, type)
GROUP BY n, x, type ORDER BY n;

SELECT * FROM finish();
ROLLBACK;
