-- Damaged input to component_rows and topsis_model, and a cancel in the middle of each fit. The server must answer with a
-- clean error and go on. A crash ends the connection, and with it this file.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(33);
SELECT setseed(0.5);

CREATE TABLE sample (id int GENERATED ALWAYS AS IDENTITY, state component_rows, model topsis_model);
INSERT INTO sample (state, model) VALUES
    ('{"columns":2,"values":[1,2.5,3,4]}', '{"norms":[3,2],"weights":[0.25,0.75],"ideal":[5,1],"anti_ideal":[-5,4]}'),
    ('{"version":1,"columns":3,"weights":[1,0,2],"benefit":[true,false,true],"values":[1,2,3,-4,-5,1e-310]}',
     '{"rows":9,"norms":[0],"weights":[1],"ideal":[0],"anti_ideal":[0]}'),
    ('{"version":1,"columns":1,"benefit":[false],"values":[]}', '{"norms":[1e308],"weights":[1e-308],"ideal":[1e308],"anti_ideal":[-1e308]}');
INSERT INTO sample (state, model)
SELECT component_rows_accum(component_rows_accum(NULL, ARRAY[random(), i], '{1,2}', '{t,f}'), ARRAY[random(), i * i], '{1,2}', '{t,f}'),
    (SELECT topsis_fit(ARRAY[random(), j, -j], '{1,2,3}', NULL) FROM generate_series(1, i) j) FROM generate_series(1, 3) i;

-- --- the forms ---

SELECT is(state::text::component_rows::text, state::text, 'text ' || id) FROM sample;
SELECT is('{"columns":2,"weights":[1,2],"benefit":[true,false],"values":[1,-0.0,3e0,4]}'::component_rows::text,
    '{"version":1,"columns":2,"weights":[1,2],"benefit":[true,false],"values":[1,0,3,4]}', 'text in full');
SELECT is('{"columns":2,"values":[1,2]}'::component_rows::jsonb, '{"version":1,"columns":2,"values":[1,2]}', 'jsonb');
SELECT is(entropy_weights_final('{"columns":2,"values":[]}'), NULL, 'a state without rows');
SELECT is(component_rows_accum(NULL, '{1,2}'::float8[])::text, '{"version":1,"columns":2,"values":[1,2]}', 'a state of one row');
SELECT is(component_rows_accum(NULL, NULL::float8[])::text, NULL, 'null adds nothing');
SELECT is(component_rows_accum('{"columns":2,"values":[1,2]}', ARRAY[NULL, 3])::text, '{"version":1,"columns":2,"values":[1,2]}', 'nor does a null element');

-- A direct call works on a copy.
CREATE TABLE kept AS SELECT '{"columns":1,"values":[1]}'::component_rows AS state;
SELECT is((SELECT component_rows_accum(state, '{2}'::float8[])::text || state::text FROM kept),
    '{"version":1,"columns":1,"values":[1,2]}{"version":1,"columns":1,"values":[1]}', 'a stored state is not changed');

-- --- damage ---

-- What became of each damaged input: 'ok', or the SQLSTATE of the error.
CREATE TABLE outcome (form text, outcome text);
CREATE TABLE received (state component_rows, model topsis_model);

-- A value that was let in must be sound: its text gives the same value, and it can be used.
CREATE FUNCTION pg_temp.is_sound(state component_rows) RETURNS boolean LANGUAGE sql AS $$
    SELECT state::text::component_rows::text = state::text AND coalesce((SELECT bool_and(w BETWEEN 0 AND 1) FROM unnest(entropy_weights_final(state)) w), true)
$$;
CREATE FUNCTION pg_temp.is_sound(model topsis_model) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF model::text::topsis_model::text IS DISTINCT FROM model::text THEN
        RETURN false;
    END IF;
    RETURN topsis_score(model -> 'ideal', model) BETWEEN 0 AND 1;
EXCEPTION WHEN numeric_value_out_of_range THEN
    RETURN true;
END $$;

-- COPY writes a bytea as it is, so a file of bytea reaches the receive function byte for byte.
CREATE FUNCTION pg_temp.receive(type text, message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_weights_hostile.bin';
    sound boolean;
BEGIN
    DELETE FROM received;
    EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', message, file);
    EXECUTE format('COPY received (%I) FROM %L (FORMAT binary)', type, file);
    EXECUTE format('SELECT pg_temp.is_sound(%I) FROM received', type) INTO STRICT sound;
    RETURN CASE WHEN sound THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.damage(message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    size int;
    p int;
BEGIN
    FOR i IN 1..1 + floor(random() * 4)::int LOOP
        size := length(message);
        EXIT WHEN size = 0;
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

SELECT results_eq($$SELECT DISTINCT pg_temp.receive('state', component_rows_send(state)) || pg_temp.receive('model', topsis_model_send(model)) FROM sample$$,
    ARRAY['okok'], 'undamaged messages are received');
SELECT is(pg_temp.receive('state', component_rows_send(state)), 'ok', 'and give what was sent') FROM sample WHERE id = 2;
SELECT is((SELECT state::text FROM received), (SELECT state::text FROM sample WHERE id = 2), 'bit for bit');

INSERT INTO outcome
SELECT 'binary', pg_temp.receive('state', pg_temp.damage(component_rows_send(state))) FROM sample, generate_series(1, 300);
INSERT INTO outcome
SELECT 'binary', pg_temp.receive('model', pg_temp.damage(topsis_model_send(model))) FROM sample, generate_series(1, 300);
SELECT results_eq($$SELECT DISTINCT outcome FROM outcome WHERE form = 'binary' ORDER BY 1$$, ARRAY['22P03', 'ok'],
    'damaged messages are refused with 22P03, or are other sound values');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'binary' AND outcome = '22P03'), '>', 2000::bigint, 'most are refused');

-- Aimed at one check each: version, flags, columns, rows, length, NaN, infinity, weights.
SELECT results_eq($$SELECT pg_temp.receive('state', decode(m, 'hex')) FROM (VALUES
        (0, '01' || '00' || '00000001' || '00000001' || '3ff0000000000000'),
        (1, ''), (2, '01'), (3, '0100'),
        (4, '02' || '00' || '00000001' || '00000001' || '3ff0000000000000'),
        (5, '01' || '04' || '00000001' || '00000001' || '3ff0000000000000'),
        (6, '01' || '00' || '00000000' || '00000001' || '3ff0000000000000'),
        (7, '01' || '00' || '000003e9' || '00000000'),
        (8, '01' || '00' || '00000001' || '7fffffff' || '3ff0000000000000'),
        (9, '01' || '00' || '00000001' || 'ffffffff' || '3ff0000000000000'),
        (10, '01' || '00' || '00000001' || '00000001' || '7ff8000000000000'),
        (11, '01' || '00' || '00000001' || '00000001' || '7ff0000000000000'),
        (12, '01' || '01' || '00000001' || '00000001' || '0000000000000000' || '3ff0000000000000'),
        (13, '01' || '01' || '00000001' || '00000001' || 'bff0000000000000' || '3ff0000000000000'),
        (14, '01' || '02' || '00000001' || '00000001' || '3ff0000000000000'),
        (15, '01' || '00' || '00000001' || '00000001' || '3ff0000000000000' || '00')
        ) v(i, m) ORDER BY i$$,
    ARRAY['ok'] || array_fill('22P03'::text, ARRAY[15]), 'each check of the binary form');

DO $$ BEGIN
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', 'rm ''' || current_setting('data_directory') || '/custseg_weights_hostile.bin''');
END $$;

CREATE FUNCTION pg_temp.parse(type text, input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    sound boolean;
BEGIN
    EXECUTE format('SELECT pg_temp.is_sound(%L::%I)', input, type) INTO sound;
    RETURN CASE WHEN sound THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.damage(message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    p int;
    pieces text[] := ARRAY['[', ']', '{', '}', ',', ':', '"', '-', '.', 'e', '0', '1e400', '-1', 'null', 'true', '"NaN"', '"Infinity"',
        '\u0000', '[[', '9223372036854775808', '1e-400', '0.5', '"values":', '"weights":[1],', '"version":2,', '"x":[],', ' ', '2147483648'];
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::int LOOP
        p := floor(random() * length(message))::int;
        message := CASE floor(random() * 4)::int
            WHEN 0 THEN left(message, p) || pieces[1 + floor(random() * cardinality(pieces))::int] || substr(message, p + 1)
            WHEN 1 THEN left(message, p) || pieces[1 + floor(random() * cardinality(pieces))::int] || substr(message, p + 2)
            WHEN 2 THEN left(message, p) || substr(message, p + 2 + floor(random() * 4)::int)
            ELSE regexp_replace(message, '(\d+|true|false)(?=[,\]])', pieces[1 + floor(random() * cardinality(pieces))::int])
        END;
    END LOOP;
    RETURN message;
END $$;

INSERT INTO outcome
SELECT 'text', pg_temp.parse('component_rows', pg_temp.damage(state::text)) FROM sample, generate_series(1, 400);
INSERT INTO outcome
SELECT 'text', pg_temp.parse('topsis_model', pg_temp.damage(model::text)) FROM sample, generate_series(1, 400);
-- 22P05: \u0000 in jsonb. 22003: a number that numeric cannot hold.
SELECT is_empty($$SELECT outcome, count(*) FROM outcome WHERE form = 'text' AND outcome NOT IN ('ok', '22P02', '22P05', '22003') GROUP BY 1$$,
    'damaged texts are refused with 22P02 or an error of jsonb, or are other sound values');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'text' AND outcome = '22P02'), '>', 2000::bigint, 'most are refused');

SELECT throws_ok(format('SELECT %L::component_rows', t), '22P02', 'invalid input for type component_rows', t)
FROM unnest(ARRAY['[]', '{"columns":2}', '{"columns":2,"values":[1]}', '{"columns":0,"values":[]}', '{"columns":1001,"values":[]}',
    '{"columns":1,"weights":[0],"values":[1]}', '{"columns":1,"benefit":[1],"values":[1]}', '{"columns":1,"benefit":[true,true],"values":[1]}']) t;

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

CREATE TABLE long AS SELECT i, ARRAY[random(), random(), random(), random()] AS c, random() AS r FROM generate_series(1, 600000) i;
SET LOCAL statement_timeout = '50ms';
SELECT is(pg_temp.cancelled('SELECT entropy_weights(c) FROM long'), 'in time', 'cancel in entropy_weights');
SELECT is(pg_temp.cancelled('SELECT topsis(c, ''{1,1,1,1}'') OVER () FROM long'), 'in time', 'cancel in topsis');
SELECT is(pg_temp.cancelled('SELECT priority_rank(c) OVER () FROM long'), 'in time', 'cancel in priority_rank');
SELECT is(pg_temp.cancelled('SELECT priority_rank(c, ''{1,1,1,1}'') OVER () FROM long'), 'in time', 'cancel in weighted priority_rank');
RESET statement_timeout;

SELECT * FROM finish();
ROLLBACK;
