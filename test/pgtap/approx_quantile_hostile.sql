-- Damaged input to quantile_sketch, and a cancel while it is built and merged. The server must answer with a clean
-- error and go on. A crash ends the connection, and with it this file.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(20);
SELECT setseed(0.5);

CREATE TABLE sample (id int GENERATED ALWAYS AS IDENTITY, state quantile_sketch);
INSERT INTO sample (state) VALUES
    ('{"rank_error":0.1,"lowest":1,"highest":2.5,"levels":[{"low":0,"high":0,"values":[1,1,2.5]}]}'),
    ('{"rank_error":0.5,"classes":1000,"lowest":"-Infinity","highest":"Infinity","levels":[{"low":0,"high":0,"values":["-Infinity",0,1e-310]},{"low":0,"high":0,"values":["Infinity"]}]}');
INSERT INTO sample (state) SELECT sketch_values(floor(-10 * ln(1 - random())), 0.5) FROM generate_series(1, 30);
INSERT INTO sample (state) SELECT sketch_values(random(), 0.5) FROM generate_series(1, 1000);

-- What became of each damaged input: 'ok', or the SQLSTATE of the error.
CREATE TABLE outcome (form text, outcome text);

-- A value that was let in must be sound: its text gives the same value, the bound holds, and it can be used, changed
-- and merged with itself until something is compacted.
CREATE FUNCTION pg_temp.is_sound(state quantile_sketch) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    e float8 := (state::jsonb ->> 'rank_error')::float8;
    c int := (state::jsonb ->> 'classes')::int;
    s quantile_sketch := state;
BEGIN
    IF state::text::quantile_sketch::text <> state::text OR cardinality(approx_quantile_breaks(state, 7)) > 6
        OR sketch_rank_error(state) > e * sketch_rows(state) THEN
        RETURN false;
    END IF;
    FOR i IN 1..4 LOOP
        EXIT WHEN sketch_rows(s) > 2 ^ 61;
        s := quantile_sketch_combine(s, s);
        s := CASE WHEN c IS NULL THEN quantile_sketch_accum(s, i, e) ELSE quantile_sketch_accum(s, i, c, e) END;
        IF sketch_rank_error(s) > e * sketch_rows(s) OR s::text::quantile_sketch::text <> s::text THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END $$;

-- --- binary ---
-- COPY writes a bytea as it is, so a file of bytea reaches quantile_sketch_recv byte for byte.

CREATE TABLE received (state quantile_sketch);

CREATE FUNCTION pg_temp.receive(message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_sketch_hostile.bin';
    sound boolean;
BEGIN
    DELETE FROM received;
    EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', message, file);
    EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
    SELECT pg_temp.is_sound(state) INTO STRICT sound FROM received;
    RETURN CASE WHEN sound THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- Up to four changes: a byte replaced, a bit turned, a piece cut out or doubled, the end cut off, bytes added.
CREATE FUNCTION pg_temp.damage(message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    size int;
    p int;
BEGIN
    FOR i IN 1..1 + floor(random() * 4)::int LOOP
        size := length(message);
        EXIT WHEN size = 0;
        -- headers are the most interesting place
        p := floor(random() * CASE WHEN random() < 0.5 THEN least(size, 12) ELSE size END)::int;
        message := CASE floor(random() * 6)::int
            WHEN 0 THEN set_byte(message, p, floor(random() * 256)::int)
            WHEN 1 THEN set_bit(message, p * 8 + floor(random() * 8)::int, floor(random() * 2)::int)
            WHEN 2 THEN substring(message FROM 1 FOR p) || substring(message FROM p + 2 + floor(random() * 16)::int)
            WHEN 3 THEN substring(message FROM 1 FOR p) || substring(message FROM greatest(p - 16, 1))
            WHEN 4 THEN substring(message FROM 1 FOR p)
            ELSE message || decode(md5(p::text), 'hex')
        END;
    END LOOP;
    RETURN message;
END $$;

SELECT is(pg_temp.receive(quantile_sketch_send(state)), 'ok', 'an undamaged message is received') FROM sample;
SELECT is((SELECT state::text FROM received), (SELECT state::text FROM sample ORDER BY id DESC LIMIT 1), 'as what was sent');

INSERT INTO outcome
SELECT 'binary', pg_temp.receive(pg_temp.damage(quantile_sketch_send(state))) FROM sample, generate_series(1, 700);
SELECT results_eq($$SELECT DISTINCT outcome FROM outcome WHERE form = 'binary' ORDER BY 1$$, ARRAY['22P03', 'ok'],
    'damaged messages are refused with 22P03, or are other sound values');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'binary' AND outcome = '22P03'), '>', 1500::bigint, 'most are refused');

-- Aimed at one check each.
CREATE FUNCTION pg_temp.message(version text DEFAULT '01', rank_error text DEFAULT '3fe0000000000000', classes text DEFAULT '00000000',
    lowest text DEFAULT '3ff0000000000000', highest text DEFAULT '4000000000000000', levels text DEFAULT '00000001',
    low text DEFAULT '0000000000000000', high text DEFAULT '0000000000000000', n text DEFAULT '00000002',
    vals text DEFAULT '3ff00000000000004000000000000000') RETURNS text LANGUAGE sql AS
'SELECT pg_temp.receive(decode(version || rank_error || classes || lowest || highest || levels || low || high || n || vals, ''hex''))';
SELECT is(pg_temp.message(), 'ok', 'a small message');
SELECT results_eq($$SELECT DISTINCT outcome FROM (VALUES
        (pg_temp.receive('')), (pg_temp.receive('\x01')), (pg_temp.message(version => '02')), (pg_temp.message(rank_error => '3fe0000000000001')),
        (pg_temp.message(rank_error => '7ff8000000000000')), (pg_temp.message(rank_error => '0000000000000000')),
        (pg_temp.message(classes => '000003e9')), (pg_temp.message(classes => 'ffffffff')), (pg_temp.message(lowest => '7ff8000000000000')),
        (pg_temp.message(lowest => '0000000000000000')), (pg_temp.message(highest => '4010000000000000')), (pg_temp.message(highest => '3ff0000000000000')),
        (pg_temp.message(levels => '00000000')), (pg_temp.message(levels => '00000002')), (pg_temp.message(levels => '00000040')),
        (pg_temp.message(levels => 'ffffffff')), (pg_temp.message(low => '0000000000000001')), (pg_temp.message(low => '7fffffffffffffff', high => '7fffffffffffffff')),
        (pg_temp.message(low => 'ffffffffffffffff')), (pg_temp.message(high => 'ffffffffffffffff')), (pg_temp.message(n => '00000001')),
        (pg_temp.message(n => '00000003')), (pg_temp.message(n => '7fffffff')), (pg_temp.message(n => 'ffffffff')), (pg_temp.message(n => '00000000', vals => '')),
        (pg_temp.message(vals => '40000000000000003ff0000000000000')), (pg_temp.message(vals => '3ff00000000000007ff8000000000000')),
        (pg_temp.message(vals => '3ff0000000000000400000000000000000'))) v(outcome)$$, ARRAY['22P03'], 'each check of the binary form');

DO $$ BEGIN
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', 'rm ''' || current_setting('data_directory') || '/custseg_sketch_hostile.bin''');
END $$;

-- --- text ---

CREATE FUNCTION pg_temp.parse(input text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN pg_temp.is_sound(input::quantile_sketch) THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.damage(message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    p int;
    pieces text[] := ARRAY['[', ']', '{', '}', ',', ':', '"', '-', '.', 'e', '0', '1e400', '-1', 'null', 'true', '"NaN"', '"Infinity"',
        '\u0000', '\ud800', '[[', '9223372036854775808', '1e-400', '0.5', '"values":', '"low":1,', '"high":1,', '{"low":0,"high":0,"values":[]},', '"classes":9,', '"version":2,', '"x":[],', ' ', 'é', '2147483648'];
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::int LOOP
        p := floor(random() * length(message))::int;
        message := CASE floor(random() * 4)::int
            WHEN 0 THEN left(message, p) || pieces[1 + floor(random() * cardinality(pieces))::int] || substr(message, p + 1)
            WHEN 1 THEN left(message, p) || pieces[1 + floor(random() * cardinality(pieces))::int] || substr(message, p + 2)
            WHEN 2 THEN left(message, p) || substr(message, p + 2 + floor(random() * 4)::int)
            -- a number replaced as a whole, which most often leaves well-formed JSON
            ELSE regexp_replace(message, '\d+(?=[,\]])', pieces[1 + floor(random() * cardinality(pieces))::int])
        END;
    END LOOP;
    RETURN message;
END $$;

SELECT is(pg_temp.parse(state::text), 'ok', 'an undamaged text is read') FROM sample;
INSERT INTO outcome
SELECT 'text', pg_temp.parse(pg_temp.damage(state::text)) FROM sample, generate_series(1, 700);
-- 22P05: \u0000 in jsonb. 22003: a number that numeric cannot hold.
SELECT is_empty($$SELECT outcome, count(*) FROM outcome
    WHERE form = 'text' AND outcome NOT IN ('ok', '22P02', '22P05', '22003') GROUP BY 1$$,
    'damaged texts are refused with 22P02 or an error of jsonb, or are other sound values');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'text' AND outcome = '22P02'), '>', 1200::bigint, 'most are refused');

-- Each with the detail of its error.
CREATE FUNCTION pg_temp.input_error(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    RETURN input::quantile_sketch;
EXCEPTION WHEN invalid_text_representation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END $$;
CREATE FUNCTION pg_temp.levels(levels text, rank_error text DEFAULT '0.5') RETURNS text LANGUAGE sql AS
$$SELECT pg_temp.input_error(format('{"rank_error":%s,"lowest":1,"highest":2,"levels":%s}', rank_error, levels))$$;
SELECT results_eq(
    $$SELECT e FROM (VALUES
        (1, pg_temp.input_error('{"lowest":1,"highest":1,"levels":[]}')),
        (2, pg_temp.levels('[]', rank_error => '0.6')),
        (3, pg_temp.levels('[]')),
        (4, pg_temp.levels('[1]')),
        (5, pg_temp.levels('[{"low":0,"high":0}]')),
        (6, pg_temp.levels('[{"low":0,"high":0,"values":[1,2],"x":1}]')),
        (7, pg_temp.levels('[{"low":-1,"high":0,"values":[1,2]}]')),
        (8, pg_temp.levels('[{"low":0,"high":0,"values":[1,null]}]')),
        (9, pg_temp.levels('[{"low":0,"high":0,"values":[2,1]}]')),
        (10, pg_temp.levels('[{"low":0,"high":0,"values":[1,3]}]')),
        (11, pg_temp.levels('[{"low":0,"high":0,"values":[1]}]')),
        (12, pg_temp.levels('[{"low":1,"high":0,"values":[1,2]}]')),
        (13, pg_temp.levels('[{"low":1,"high":0,"values":[]},{"low":0,"high":0,"values":[1,2]}]')),
        (14, pg_temp.levels('[{"low":0,"high":0,"values":[1,2]},{"low":0,"high":0,"values":[]}]')),
        (15, pg_temp.levels('[{"low":0,"high":0,"values":[1' || repeat(',2', 35) || ']}]')),
        (16, pg_temp.levels('[' || repeat('{"low":0,"high":0,"values":[]},', 62) || '{"low":0,"high":0,"values":[1,2]}]')),
        (17, pg_temp.levels('[' || repeat('{"low":0,"high":0,"values":[]},', 63) || '{"low":0,"high":0,"values":[1,2]}]')),
        (18, pg_temp.input_error('{"rank_error":0.5,"classes":0,"lowest":1,"highest":2,"levels":[{"low":0,"high":0,"values":[1,2]}]}'))
        ) v(i, e) ORDER BY i$$,
    ARRAY[
        '"rank_error" is missing.',
        '"rank_error" must be a number from 1e-6 to 0.5, not 0.6.',
        '"levels" must have 1 to 63 elements, not 0.',
        '"levels"[0] must be an object, not 1.',
        '"levels"."values" is missing.',
        'Key "x" of "levels" is not known.',
        '"levels"."low" must be an integer from 0 to 9223372036854775807, not -1.',
        '"levels"."values"[1] must be a number in the range of float8, "Infinity" or "-Infinity", not null.',
        '"values" of level 0 must be ascending.',
        '"values" of level 0 must be from "lowest" to "highest".',
        '"lowest" and "highest" must be among the values.',
        '"low" and "high" of level 0 do not fit the number of rows.',
        '"low" and "high" of level 0 do not fit the number of rows.',
        'The last level must have values.',
        '"values" of level 0 must be no more than 35.',
        'The number of rows is out of range.',
        '"levels" must have 1 to 63 elements, not 64.',
        '"classes" must be an integer from 1 to 1000, not 0.'],
    'what the text form refuses');

-- --- cancel ---
CREATE FUNCTION pg_temp.cancelled(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
BEGIN
    EXECUTE statement;
    RETURN 'not cancelled';
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN clock_timestamp() - started < '1 s' THEN 'in time' ELSE 'after ' || clock_timestamp() - started END;
END $$;

CREATE TABLE long AS SELECT random() AS x FROM generate_series(1, 400000);
CREATE TABLE long_state AS SELECT sketch_values(x, 1e-5) AS state FROM long;
CREATE TABLE long_text AS SELECT state::text AS state FROM long_state;

SET LOCAL statement_timeout = '50ms';
SELECT is(pg_temp.cancelled('SELECT approx_quantile_breaks(x, 5, 0.001) FROM long, generate_series(1, 20)'), 'in time', 'cancel while values are collected');
SELECT is(pg_temp.cancelled('SELECT rollup(state) FROM long_state, generate_series(1, 100)'), 'in time', 'cancel in rollup');
SELECT is(pg_temp.cancelled('SELECT state::quantile_sketch FROM long_text'), 'in time', 'cancel in the input function');
RESET statement_timeout;

SELECT is((SELECT approx_quantile_breaks(x, 4, 0.1) FROM generate_series(1, 8) x), '{2,4,6}', 'the session goes on');

SELECT * FROM finish();
ROLLBACK;
