-- Damaged input to value_counts, and a cancel in the middle of each fit. The server must answer with a clean
-- error and go on. A crash ends the connection, and with it this file.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(20);
SELECT setseed(0.5);

CREATE TABLE sample (id int GENERATED ALWAYS AS IDENTITY, state value_counts);
INSERT INTO sample (state) VALUES
    ('{"version":1,"classes":5,"values":[1,2.5],"counts":[10,3]}'),
    ('{"version":1,"classes":1000,"values":["-Infinity",0,1e-310,"Infinity"],"counts":[1,9223372036854775,1,4]}'),
    ('{"version":1,"classes":1,"values":[],"counts":[]}');
INSERT INTO sample (state) SELECT count_values(floor(-10 * ln(1 - random())), 5) FROM generate_series(1, 300);

-- What became of each damaged input: 'ok', or the SQLSTATE of the error.
CREATE TABLE outcome (form text, outcome text);

-- A value that was let in must be sound: its text gives the same value, and it can be used.
-- balanced_breaks takes at most 3037000499 rows.
CREATE FUNCTION pg_temp.is_sound(state value_counts) RETURNS boolean LANGUAGE sql AS $$
    SELECT state::text::value_counts::text = state::text
        AND (rows > 3037000499 OR cardinality(balanced_breaks_final(state)) IS NOT DISTINCT FROM nullif(least(classes, n), 0) - 1)
        AND coalesce(cardinality(quantile_breaks_final(state)), 0) < classes
        AND (rows = 9223372036854775807 OR value_counts_accum(state, 2, classes) IS NOT NULL)
    FROM (SELECT (state::jsonb ->> 'classes')::int, count(*), coalesce(sum(c::bigint), 0)
          FROM jsonb_array_elements_text(state::jsonb -> 'counts') c) s(classes, n, rows)
$$;

-- --- binary ---
-- COPY writes a bytea as it is, so a file of bytea reaches value_counts_recv byte for byte.

CREATE TABLE received (state value_counts);

CREATE FUNCTION pg_temp.receive(message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_breaks_hostile.bin';
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

SELECT is(pg_temp.receive(value_counts_send(state)), 'ok', 'an undamaged message is received') FROM sample;
SELECT is((SELECT state::text FROM received), (SELECT state::text FROM sample ORDER BY id DESC LIMIT 1), 'as what was sent');

INSERT INTO outcome
SELECT 'binary', pg_temp.receive(pg_temp.damage(value_counts_send(state))) FROM sample, generate_series(1, 750);
SELECT results_eq($$SELECT DISTINCT outcome FROM outcome WHERE form = 'binary' ORDER BY 1$$, ARRAY['22P03', 'ok'],
    'damaged messages are refused with 22P03, or are other sound values');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'binary' AND outcome = '22P03'), '>', 2000::bigint, 'most are refused');

-- Aimed at one check each: length of the message, version, classes, number of values, order, NaN, counts.
SELECT results_eq($$SELECT pg_temp.receive(decode(m, 'hex')) FROM (VALUES
        (0, '01' || '00000005' || '00000001' || '3ff0000000000000' || '0000000000000001'),
        (1, ''), (2, '01'),
        (3, '02' || '00000005' || '00000001' || '3ff0000000000000' || '0000000000000001'),
        (4, '01' || '00000000' || '00000001' || '3ff0000000000000' || '0000000000000001'),
        (5, '01' || '000003e9' || '00000001' || '3ff0000000000000' || '0000000000000001'),
        (6, '01' || '00000005' || '7fffffff' || '3ff0000000000000' || '0000000000000001'),
        (7, '01' || '00000005' || 'ffffffff' || '3ff0000000000000' || '0000000000000001'),
        (8, '01' || '00000005' || '00000001' || '7ff8000000000000' || '0000000000000001'),
        (9, '01' || '00000005' || '00000001' || '3ff0000000000000' || '0000000000000000'),
        (10, '01' || '00000005' || '00000001' || '3ff0000000000000' || 'ffffffffffffffff'),
        (11, '01' || '00000005' || '00000002' || '0000000000000000' || '0000000000000001' || '8000000000000000' || '0000000000000001'),
        (12, '01' || '00000005' || '00000002' || '3ff0000000000000' || '7fffffffffffffff' || '4000000000000000' || '0000000000000001'),
        (13, '01' || '00000005' || '00000001' || '3ff0000000000000' || '0000000000000001' || '00')
        ) v(i, m) ORDER BY i$$,
    ARRAY['ok'] || array_fill('22P03'::text, ARRAY[13]), 'each check of the binary form');

DO $$ BEGIN
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', 'rm ''' || current_setting('data_directory') || '/custseg_breaks_hostile.bin''');
END $$;

-- --- text ---

CREATE FUNCTION pg_temp.parse(input text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN pg_temp.is_sound(input::value_counts) THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.damage(message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    p int;
    pieces text[] := ARRAY['[', ']', '{', '}', ',', ':', '"', '-', '.', 'e', '0', '1e400', '-1', 'null', 'true', '"NaN"', '"Infinity"',
        '\u0000', '\ud800', '[[', '9223372036854775808', '1e-400', '0.5', '"values":', '"counts":[1],', '"version":2,', '"x":[],', ' ', 'é', '2147483648'];
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
SELECT 'text', pg_temp.parse(pg_temp.damage(state::text)) FROM sample, generate_series(1, 750);
-- 22P05: \u0000 in jsonb. 22003: a number that numeric cannot hold.
SELECT is_empty($$SELECT outcome, count(*) FROM outcome
    WHERE form = 'text' AND outcome NOT IN ('ok', '22P02', '22P05', '22003') GROUP BY 1$$,
    'damaged texts are refused with 22P02 or an error of jsonb, or are other sound values');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'text' AND outcome = '22P02'), '>', 1500::bigint, 'most are refused');
SELECT is(pg_temp.parse(repeat('[', 100000)), '54001', 'deep nesting is refused');

-- --- cancel ---

-- Stops a statement after 50 ms. Returns whether it was stopped within 100 ms of that (1 s leaves room for a busy machine).
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
CREATE TABLE long_state AS SELECT count_values(x, 1000) AS state FROM long;
CREATE TABLE long_text AS SELECT state::text AS state FROM long_state;

SET LOCAL statement_timeout = '50ms';
SELECT is(pg_temp.cancelled('SELECT balanced_breaks_final(state) FROM long_state'), 'in time', 'cancel in balanced_breaks');
SELECT is(pg_temp.cancelled('SELECT count_values(x, 5) FROM long, generate_series(1, 20)'), 'in time', 'cancel while values are collected');
SELECT is(pg_temp.cancelled('SELECT quantile_score(x, 5) OVER () FROM long, generate_series(1, 4)'), 'in time', 'cancel in quantile_score');
SELECT is(pg_temp.cancelled('SELECT state::value_counts FROM long_text'), 'in time', 'cancel in the input function');
RESET statement_timeout;

SELECT is((SELECT quantile_breaks(x, 4) FROM generate_series(1, 8) x), '{2,4,6}', 'the session goes on');

SELECT * FROM finish();
ROLLBACK;
