-- Breaks and scores: the definitions, the arguments, the errors, and value_counts as a type.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(95);

-- The hint of the error that a statement raises.
CREATE FUNCTION pg_temp.hint_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN hint;
END $$;

-- Class sizes that breaks make.
CREATE FUNCTION pg_temp.class_sizes(x float8[], breaks float8[]) RETURNS bigint[] LANGUAGE sql AS $$
    SELECT array_agg(n ORDER BY class)
    FROM (SELECT score(v, breaks) AS class, count(*) AS n FROM unnest(x) v GROUP BY 1) s
$$;

-- Breaks of an array.
CREATE FUNCTION pg_temp.quantile(x float8[], classes int) RETURNS float8[] LANGUAGE sql AS
'SELECT quantile_breaks(v, classes) FROM unnest(x) v';
CREATE FUNCTION pg_temp.balanced(x float8[], classes int) RETURNS float8[] LANGUAGE sql AS
'SELECT balanced_breaks(v, classes) FROM unnest(x) v';

-- --- score ---
SELECT is(score(0, '{}'), 1, 'without breaks there is one class');
SELECT is(score(10, ARRAY[10,20]), 1, 'a value equal to a break belongs to the lower class');
SELECT is(score(10.0000001, ARRAY[10,20]), 2, 'a value above a break belongs to the upper class');
SELECT is(score(20, ARRAY[10,20]), 2, 'equal to the last break');
SELECT is(score(21, ARRAY[10,20]), 3, 'above the last break');
SELECT is(score('-infinity', ARRAY[10,20]), 1, 'minus infinity is the lowest');
SELECT is(score('infinity', ARRAY[10,20]), 3, 'infinity is the highest');
SELECT is(score('infinity', '{-infinity,infinity}'), 2, 'infinity can be a break');
SELECT is(score(-0.0::float8, '{0}'), 1, 'minus zero is zero');
SELECT is(ARRAY(SELECT score(days, ARRAY[30,90,180,365], true) FROM unnest(ARRAY[0,30,31,90,91,365,366]) days),
    ARRAY[5,5,4,4,3,2,1], 'thresholds by hand, fewer days are better');
SELECT is(score(15, ARRAY[10,20], descending => true), 2, 'descending can be named');
SELECT is(score(NULL, ARRAY[1]), NULL, 'null x: null');
SELECT is(score(1, NULL), NULL, 'null breaks: null');
SELECT is(score(1, ARRAY[1], NULL), NULL, 'null descending: null');
SELECT is(score(5::numeric, ARRAY[1.5,4.5]), 3, 'numeric x is taken, numeric breaks are cast');
SELECT is(score(5::smallint, ARRAY[1,4]::bigint[]), 3, 'integers are cast');
SELECT is(
    (SELECT count(*) FROM generate_series(-3, 1003) x
     WHERE score(x, ARRAY(SELECT b FROM generate_series(1, 999) b)) <> least(greatest(x, 1), 1000)),
    0::bigint, '999 breaks');

-- Breaks that change from row to row, of equal and of other length, in memory and toasted.
CREATE TABLE model (id int, breaks float8[]);
ALTER TABLE model ALTER breaks SET STORAGE EXTERNAL;
INSERT INTO model SELECT i, ARRAY(SELECT b + i FROM generate_series(1, 1 + 700 * (i % 2)) b) FROM generate_series(1, 40) i;
SELECT is(
    (SELECT count(*) FROM model, generate_series(1, 700, 7) x
     WHERE score(x, breaks) <> 1 + (SELECT count(*) FROM unnest(breaks) b WHERE b < x)),
    0::bigint, 'breaks may differ from row to row');
SELECT is(
    (SELECT count(*) FROM generate_series(1, 300) x, (VALUES ('{10,20}'::float8[]), ('{10,30}'), ('{5}'), ('{}')) m(breaks)
     WHERE score(x, breaks) <> 1 + (SELECT count(*) FROM unnest(breaks) b WHERE b < x)),
    0::bigint, 'also where their bytes have the same length');

SELECT throws_ok($$SELECT score('NaN', '{1}')$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT score(1, '{1,3,2}')$$, '22023', 'breaks must be strictly ascending');
SELECT is(pg_temp.hint_of($$SELECT score(1, '{1,3,2.5}')$$), 'Element 2 is 3, but element 3 is 2.5.', 'the hint names the pair');
SELECT is(pg_temp.hint_of($$SELECT score(1, '{1,1}')$$), 'Element 1 is 1, but element 2 is 1.', 'equal breaks are refused');
SELECT throws_ok($$SELECT score(1, '{0,-0}')$$, '22023', 'breaks must be strictly ascending');
SELECT throws_ok($$SELECT score(1, '{1,NULL}')$$, '22023', 'breaks must not contain null');
SELECT throws_ok($$SELECT score(1, '{1,NaN}')$$, '22023', 'breaks must not contain NaN');
SELECT throws_ok($$SELECT score(1, '{{1,2},{3,4}}')$$, '22023', 'breaks must be a one-dimensional array, not one of 2 dimensions');
SELECT throws_ok($$SELECT score(x, b) FROM (VALUES (1, '{1,2}'::float8[]), (1, '{2,1}')) v(x, b)$$, '22023',
    'breaks must be strictly ascending', 'breaks are checked again when they change');

-- --- quantile_breaks ---
SELECT is(pg_temp.quantile('{1,2,3,4,5,6,7,8,9,10}', 5), '{2,4,6,8}', 'ten values in five classes');
SELECT is(pg_temp.quantile('{7,7,7,7,7,7,7,7,9,10}', 5), '{7}', 'duplicate breaks are dropped');
SELECT is(pg_temp.quantile('{1,9,9,9,9,9,9,9,9,9}', 5), '{}', 'a break equal to the maximum is dropped');
SELECT is(pg_temp.quantile('{3,1,2}', 5), '{1,2}', 'fewer rows than classes');
SELECT is(pg_temp.quantile('{3}', 5), '{}', 'one row');
SELECT is(pg_temp.quantile('{4,4,4}', 2), '{}', 'all equal');
SELECT is(pg_temp.quantile('{1,2,3}', 1), '{}', 'one class');
SELECT is(pg_temp.quantile('{}', 5), NULL, 'no rows: null');
SELECT is(pg_temp.quantile('{NULL,NULL}', 5), NULL, 'only nulls: null');
SELECT is(pg_temp.quantile('{NULL,2,NULL,1}', 2), '{1}', 'nulls do not count');
SELECT is(pg_temp.quantile('{-infinity,0,infinity}', 3), '{-infinity,0}', 'infinities are ordinary values');
SELECT is(pg_temp.quantile('{-0,1,2}', 3)::text, '{0,1}', 'minus zero becomes zero');
SELECT is((SELECT quantile_breaks(x, 11) FROM generate_series(1, 77) x), ARRAY(SELECT 7.0::float8 * j FROM generate_series(1, 10) j),
    'the rank is computed in integers: break 9 of 11 over 77 rows is the value of rank 63');
SELECT is((SELECT quantile_breaks(x::numeric(9,2), 4) FROM generate_series(1, 8) x), '{2,4,6}', 'a numeric column');
SELECT is((SELECT quantile_breaks(x::bigint, 4) FROM generate_series(1, 8) x), '{2,4,6}', 'a bigint column is cast');
SELECT is((SELECT cardinality(quantile_breaks(x, 1000)) FROM generate_series(1, 5000) x), 999, '1000 classes');

-- --- balanced_breaks ---
-- 54 % have frequency 1, 20 % have 2, 26 % have 3 to 28: one each, so that the classes can be exact.
CREATE TEMPORARY TABLE skewed AS
SELECT array_fill(1::float8, ARRAY[54]) || array_fill(2::float8, ARRAY[20])
    || ARRAY(SELECT v::float8 FROM generate_series(3, 28) v) AS x;
SELECT is(pg_temp.class_sizes(x, pg_temp.quantile(x, 5)), '{54,20,6,20}',
    'quantile breaks lose classes to a heavy value') FROM skewed;
SELECT is(pg_temp.class_sizes(x, pg_temp.balanced(x, 5)), '{54,20,8,9,9}',
    'balanced breaks keep all of them') FROM skewed;
SELECT is(pg_temp.class_sizes(x, pg_temp.balanced(x, 5)), '{11,11,12,12,54}', 'a heavy value on top')
FROM (SELECT ARRAY(SELECT v::float8 FROM generate_series(1, 46) v) || array_fill(99::float8, ARRAY[54])) s(x);
SELECT is(pg_temp.class_sizes(x, pg_temp.balanced(x, 5)), '{11,12,54,11,12}', 'a heavy value in the middle')
FROM (SELECT ARRAY(SELECT v::float8 FROM generate_series(1, 23) v) || array_fill(50::float8, ARRAY[54])
    || ARRAY(SELECT v::float8 FROM generate_series(51, 73) v)) s(x);
SELECT is(pg_temp.balanced('{1,2,3,4,5}', 2), '{2}', 'among equals the lowest breaks are taken');
SELECT is(pg_temp.balanced('{1,2,3,4,5,6,7}', 3), '{2,4}', 'also with more classes');
SELECT is(pg_temp.balanced('{1,1,1,1,2,3}', 3), '{1,2}', 'as many classes as values');
SELECT is(pg_temp.balanced('{1,1,1,1,2,3}', 9), '{1,2}', 'every value its own class');
SELECT is(pg_temp.balanced('{4,4,4}', 5), '{}', 'all equal: one class');
SELECT is(pg_temp.balanced('{4,5}', 1), '{}', 'one class');
SELECT is(pg_temp.balanced('{}', 5), NULL, 'no rows: null');
SELECT is(pg_temp.balanced('{NULL}', 5), NULL, 'only nulls: null');
SELECT is((SELECT balanced_breaks(x, 1000) FROM generate_series(1, 5000) x), ARRAY(SELECT 5.0::float8 * j FROM generate_series(1, 999) j), '1000 classes');
SELECT is(balanced_breaks_final('{"classes":3,"values":[1,2,3,4],"counts":[1,3037000493,3,2]}'), '{1,2}',
    'as many rows as have a square in int64');
SELECT throws_ok($$SELECT balanced_breaks_final('{"classes":3,"values":[1,2,3,4],"counts":[1,3037000493,3,3]}')$$,
    '54000', 'too many rows for balanced breaks: 3037000500');
SELECT is(quantile_breaks_final('{"classes":1000,"values":[1,2,3],"counts":[4611686018427387903,4611686018427387903,1]}'), '{1,2}',
    'ranks do not overflow');

-- --- arguments of the aggregates ---
SELECT throws_ok($$SELECT quantile_breaks(1, 0)$$, '22023', 'classes must be between 1 and 1000, not 0');
SELECT throws_ok($$SELECT balanced_breaks(1, 1001)$$, '22023', 'classes must be between 1 and 1000, not 1001');
SELECT throws_ok($$SELECT quantile_breaks(NULL, -5)$$, '22023', 'classes must be between 1 and 1000, not -5');
SELECT throws_ok($$SELECT quantile_breaks(1, NULL)$$, '22023', 'classes must not be null');
SELECT throws_ok($$SELECT balanced_breaks(x, 4 + x % 2) FROM generate_series(1, 3) x$$, '22023',
    'classes must not change from row to row: 4 after 5');
SELECT throws_ok($$SELECT quantile_breaks('NaN', 5)$$, '22023', 'x must not be NaN');
SELECT matches(pg_temp.hint_of($$SELECT quantile_breaks('NaN', 5)$$), 'nullif', 'with a hint');
SELECT matches(pg_temp.hint_of($$SELECT quantile_breaks(1, 0)$$), '5 classes are usual', 'with a hint');

-- --- quantile_score ---
SELECT is(ARRAY(SELECT quantile_score(x, 3) OVER () FROM unnest('{30,10,20,NULL,10}'::float8[]) WITH ORDINALITY u(x, i) ORDER BY i),
    '{3,1,2,NULL,1}', 'equal values get equal scores, null gets null');
SELECT is(ARRAY(SELECT quantile_score(x, 3, true) OVER () FROM unnest('{30,10,20}'::numeric[]) x ORDER BY x), '{3,2,1}', 'descending, numeric');
SELECT is(ARRAY(SELECT quantile_score(x, 3, descending => true) OVER (ORDER BY x DESC ROWS 1 PRECEDING) FROM generate_series(1, 3) x ORDER BY x),
    '{3,2,1}', 'order and frame do not matter');
SELECT is(ARRAY(SELECT quantile_score(x, 2, NULL) OVER () FROM generate_series(1, 2) x), '{NULL,NULL}', 'null descending: null');
SELECT is(ARRAY(SELECT quantile_score(NULL, 2) OVER () FROM generate_series(1, 2) x), '{NULL,NULL}', 'only nulls');
SELECT is_empty($$SELECT quantile_score(1, 5) OVER () WHERE false$$, 'no rows');
SELECT throws_ok($$SELECT quantile_score(1, 0) OVER ()$$, '22023', 'classes must be between 1 and 1000, not 0');
SELECT throws_ok($$SELECT quantile_score(1, NULL) OVER ()$$, '22023', 'classes must not be null');
SELECT throws_ok($$SELECT quantile_score(1, x) OVER () FROM generate_series(2, 3) x$$, '22023', 'classes must not change from row to row: 3 after 2');
SELECT throws_ok($$SELECT quantile_score('NaN', 3) OVER ()$$, '22023', 'x must not be NaN');
SELECT is((SELECT count(DISTINCT s) FROM (SELECT quantile_score(x, 2 + x % 2) OVER (PARTITION BY x % 2) FROM generate_series(1, 60) x) q(s)),
    3::bigint, 'classes may differ between partitions');

-- One call site that sees arrays changed in place, breaks out of line replaced by others of the same length, and errors.
CREATE FUNCTION pg_temp.one_call_site() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    kinds float8[] := ARRAY[1, 2, 3];
    long float8[] := ARRAY(SELECT generate_series(1, 900));
    found text := '';
BEGIN
    CREATE TEMPORARY TABLE stored (breaks float8[]);
    ALTER TABLE stored ALTER breaks SET STORAGE EXTERNAL;
    INSERT INTO stored VALUES (long);
    FOR i IN 1..8 LOOP
        IF i % 4 = 0 THEN
            kinds[2] := 'NaN';
        ELSE
            kinds[2] := 1 + i / 10.0;
        END IF;
        UPDATE stored SET breaks[450] = 449 + i / 10.0;
        BEGIN
            found := found || score(1.45, kinds) || ',' || (SELECT score(449.45, breaks) FROM stored) || ' ';
        EXCEPTION WHEN invalid_parameter_value THEN
            found := found || '- ';
        END;
    END LOOP;
    RETURN found;
END $$;
SELECT is(pg_temp.one_call_site(), '3,451 3,451 3,451 - 2,450 2,450 2,450 - ', 'a call site keeps breaks only as long as they are the same');

-- --- value_counts ---
CREATE FUNCTION pg_temp.counts(x float8[]) RETURNS value_counts LANGUAGE sql AS
'SELECT count_values(v, 5) FROM unnest(x) v';

SELECT is(pg_temp.counts('{2.5,1,NULL,2.5,-infinity,infinity,-0,0}')::text,
    '{"version":1,"classes":5,"values":["-Infinity",0,1,2.5,"Infinity"],"counts":[1,2,1,2,1]}', 'the text form');
SELECT is(pg_temp.counts('{2.5,1,2.5}')::jsonb, '{"version":1,"classes":5,"values":[1,2.5],"counts":[1,2]}'::jsonb, 'the cast to jsonb');
SELECT is(x::text::value_counts::text, x::text, 'the text form keeps every bit')
FROM pg_temp.counts('{0.1,1e-323,1.7976931348623157e308,-5e-324,0.30000000000000004,123456789.123456789}') x;
SELECT is('{"classes":5,"values":[1],"counts":[2]}'::value_counts::text,
    '{"version":1,"classes":5,"values":[1],"counts":[2]}', 'the version may be left out');
SELECT is(quantile_breaks_final('{"classes":5,"values":[],"counts":[]}'), NULL, 'a state without values has no breaks');

-- Each with the detail of its error.
CREATE FUNCTION pg_temp.input_error(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    message text;
BEGIN
    RETURN input::value_counts;
EXCEPTION WHEN invalid_text_representation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, message = MESSAGE_TEXT;
    RETURN CASE message WHEN 'invalid input for type value_counts' THEN detail ELSE message END;
END $$;
SELECT results_eq(
    $$SELECT pg_temp.input_error(input) FROM (VALUES
        (1, ''),
        (2, '[]'),
        (3, '{"classes":5,"values":[1],"counts":[1],"epsilon":0}'),
        (4, '{"version":2,"classes":5,"values":[1],"counts":[1]}'),
        (5, '{"values":[1],"counts":[1]}'),
        (6, '{"classes":5.5,"values":[1],"counts":[1]}'),
        (7, '{"classes":5,"values":[1]}'),
        (8, '{"classes":5,"values":[1,2],"counts":[1]}'),
        (9, '{"classes":5,"values":1,"counts":[1]}'),
        (10, '{"classes":5,"values":[2,1],"counts":[1,1]}'),
        (11, '{"classes":5,"values":[0,-0.0],"counts":[1,1]}'),
        (12, '{"classes":5,"values":[1,"NaN"],"counts":[1,1]}'),
        (13, '{"classes":5,"values":[1e309],"counts":[1]}'),
        (14, '{"classes":5,"values":[1],"counts":[0]}'),
        (15, '{"classes":5,"values":[1],"counts":[1.5]}'),
        (16, '{"classes":5,"values":[1],"counts":["1"]}'),
        (17, '{"classes":5,"values":[1,2],"counts":[9223372036854775807,1]}'),
        (18, '{"classes":5,"values":[1,[2]],"counts":[1,1]}'),
        (19, '{"classes":5,"values":[1,null],"counts":[1,1]}'),
        (20, '{"version":"1","classes":5,"values":[1],"counts":[1]}')
        ) v(i, input) ORDER BY i$$,
    ARRAY[
        'invalid input syntax for type json',
        'The text must be a JSON object.',
        'Key "epsilon" is not known.',
        'Its version is 2, this custseg reads version 1.',
        '"classes" is missing.',
        '"classes" must be an integer from 1 to 1000, not 5.5.',
        '"counts" is missing.',
        '"counts" has 1 elements, but "values" has 2.',
        '"values" must be an array of numbers, not 1.',
        '"values"[1] must be greater than the one before it.',
        '"values"[1] must be greater than the one before it.',
        '"values"[1] must be a number in the range of float8, "Infinity" or "-Infinity", not "NaN".',
        '"values"[0] must be a number in the range of float8, "Infinity" or "-Infinity", not 1000000000000000000000000000000000000000....',
        '"counts"[0] must be an integer from 1 to 9223372036854775807, not 0.',
        '"counts"[0] must be an integer from 1 to 9223372036854775807, not 1.5.',
        '"counts"[0] must be an integer from 1 to 9223372036854775807, not "1".',
        'The sum of "counts" is out of range.',
        '"values"[1] must be a number in the range of float8, "Infinity" or "-Infinity", not an array.',
        '"values"[1] must be a number in the range of float8, "Infinity" or "-Infinity", not null.',
        '"version" must be an integer from 1 to 2147483647, not "1".'],
    'what the text form refuses');

-- Stored states, their roll-up, and direct calls of the support functions.
CREATE TABLE month (id int, counts value_counts);
INSERT INTO month SELECT m, count_values((x * 7919) % 1000 / 4.0, 5) FROM generate_series(1, 6) m, generate_series(m, 3000, m) x GROUP BY m;
SELECT is((SELECT rollup(counts)::text FROM month),
    (SELECT count_values((x * 7919) % 1000 / 4.0, 5)::text FROM generate_series(1, 6) m, generate_series(m, 3000, m) x),
    'rolled up months equal the whole');
SELECT is((SELECT rollup(counts)::text FROM month WHERE false), NULL, 'nothing to roll up: null');
SELECT is((SELECT rollup(counts)::text FROM (SELECT counts FROM month WHERE id = 6 UNION ALL SELECT NULL) s),
    (SELECT counts::text FROM month WHERE id = 6), 'nulls are ignored');
CREATE TEMPORARY TABLE before_calls AS SELECT id, counts::text FROM month;
SELECT ok((SELECT bool_and(value_counts_accum(counts, 17.125, 5)::text <> counts::text
    AND value_counts_combine(counts, counts)::text <> counts::text) FROM month),
    'a direct call of a support function works');
SELECT results_eq('SELECT id, counts::text FROM month ORDER BY id', 'SELECT * FROM before_calls ORDER BY id',
    'and does not change what is stored');

-- A state in its working form has room to spare, which a direct call must not fill where the state is stored.
CREATE FUNCTION pg_temp.working_form() RETURNS value_counts LANGUAGE plpgsql AS $$
DECLARE
    state value_counts;
BEGIN
    FOR i IN 1..40 LOOP
        state := value_counts_accum(state, i, 5);
    END LOOP;
    RETURN state;
END $$;
CREATE TABLE working AS SELECT pg_temp.working_form() AS state;
SELECT is((SELECT rollup(s)::text FROM working, LATERAL (VALUES (value_counts_accum(state, 99, 5)), (value_counts_accum(state, 98, 5)),
        (value_counts_combine(state, '{"classes":5,"values":[97],"counts":[2]}')), (state)) v(s)),
    '{"version":1,"classes":5,"values":[' || (SELECT string_agg(v::text, ',') FROM generate_series(1, 40) v) || ',97,98,99],"counts":['
    || repeat('4,', 40) || '2,1,1]}', 'and direct calls work on copies');

SELECT throws_ok($$SELECT rollup(count_values) FROM (SELECT count_values(1, 4 + g) FROM generate_series(0, 1) g GROUP BY g ORDER BY g) s$$,
    '22023', 'classes must not change from row to row: 5 after 4');
SELECT throws_ok($$SELECT value_counts_combine('{"classes":5,"values":[1],"counts":[9223372036854775807]}', '{"classes":5,"values":[1],"counts":[1]}')$$,
    '22003', 'number of rows in value_counts is out of range');
SELECT throws_ok($$SELECT value_counts_accum('{"classes":5,"values":[1],"counts":[9223372036854775807]}', 1, 5)$$,
    '22003', 'number of rows in value_counts is out of range');

SELECT * FROM finish();
ROLLBACK;
