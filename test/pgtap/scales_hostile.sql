-- Damaged input to scale_model and scale_state, and a cancel in the middle of a fit. The server must answer with a
-- clean error and go on. A crash ends the connection, and with it this file.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(17);
SELECT setseed(0.5);

CREATE TABLE model (m scale_model);
INSERT INTO model VALUES
    ('{"kind":"minmax","n":3,"lower":0.25,"upper":1,"min":-1,"max":2.5}'),
    ('{"kind":"zscore","n":3,"min":-1e308,"max":2.5,"mean":1e-310,"deviation":1}'),
    ('{"kind":"percentile","n":18,"points":7,"values":["-Infinity",0,1e-310,"Infinity"],"counts":[1,12,1,4]}');
INSERT INTO model SELECT percentiles_fit(floor(-10 * ln(1 - random())), 0, 0.9) FROM generate_series(1, 300);

CREATE TABLE state (s scale_state);
INSERT INTO state VALUES
    (scale_range_accum(scale_range_accum(NULL, 1), -7.5)),
    (scale_moments_accum(scale_moments_accum(NULL, 1e200), -1e-200)),
    (scale_moments_accum(scale_moments_accum(NULL, 1), 3)),
    (scale_bounded_accum(scale_bounded_accum(NULL, 1, 0.1, 0.9), 7, 0.1, 0.9)),
    (scale_points_accum(scale_points_accum(NULL, 'infinity', 10), 7, 10));

CREATE TABLE outcome (form text, outcome text);

-- A value that was let in must be sound: its text gives the same value, and it can be used.
CREATE FUNCTION pg_temp.is_sound(m scale_model) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scale(x, m, x > 0) FROM unnest('{-1,0,1e-310,7,1e300}'::float8[]) x;
    RETURN m::text::scale_model::text = m::text AND m::jsonb ->> 'kind' IN ('minmax', 'zscore', 'percentile')
        AND m -> 'n' >= 1 AND m -> 'min' <= m -> 'max';
EXCEPTION WHEN numeric_value_out_of_range THEN
    RETURN SQLERRM LIKE 'z-score%';
END $$;
CREATE FUNCTION pg_temp.is_sound(s scale_state) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    j jsonb := s::text;
    m scale_model;
    twice scale_state;
BEGIN
    twice := scale_state_combine(s, s);
    m := CASE j ->> 'form' WHEN 'range' THEN minmax_fit_final(twice) WHEN 'moments' THEN zscore_fit_final(twice) ELSE percentiles_fit_final(twice) END;
    RETURN s::text::scale_state::text = s::text AND (m IS NULL OR pg_temp.is_sound(m));
EXCEPTION WHEN numeric_value_out_of_range THEN
    RETURN SQLERRM LIKE 'number of rows in%';
END $$;

-- COPY writes a bytea as it is, so a file of bytea reaches the receive function byte for byte.
CREATE TABLE received_model (v scale_model);
CREATE TABLE received_state (v scale_state);
CREATE FUNCTION pg_temp.receive(message bytea, target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_scales_hostile.bin';
    sound boolean;
BEGIN
    EXECUTE 'DELETE FROM ' || target;
    EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', message, file);
    EXECUTE format('COPY %s FROM %L (FORMAT binary)', target, file);
    EXECUTE 'SELECT pg_temp.is_sound(v) FROM ' || target INTO STRICT sound;
    RETURN CASE WHEN sound THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- Up to three changes: a byte replaced, a bit turned, a piece cut out or doubled, the end cut off, bytes added.
CREATE FUNCTION pg_temp.damage(message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    size int;
    p int;
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::int LOOP
        size := length(message);
        EXIT WHEN size = 0;
        p := floor(random() * CASE WHEN random() < 0.3 THEN least(size, 16) ELSE size END)::int;
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

SELECT results_eq($$SELECT DISTINCT pg_temp.receive(scale_model_send(m), 'received_model') FROM model$$, ARRAY['ok'], 'undamaged models are received');
SELECT results_eq($$SELECT DISTINCT pg_temp.receive(scale_state_send(s), 'received_state') FROM state$$, ARRAY['ok'], 'undamaged states are received');
SELECT is((SELECT pg_temp.receive(scale_model_send(m), 'received_model') || (SELECT v::text = m::text FROM received_model) FROM model OFFSET 3), 'oktrue', 'as what was sent');
INSERT INTO outcome SELECT 'model', pg_temp.receive(pg_temp.damage(scale_model_send(m)), 'received_model') FROM model, generate_series(1, 300);
INSERT INTO outcome SELECT 'state', pg_temp.receive(pg_temp.damage(scale_state_send(s)), 'received_state') FROM state, generate_series(1, 300);
SELECT results_eq($$SELECT DISTINCT form, outcome FROM outcome ORDER BY 1, 2$$, $$VALUES ('model', '22P03'), ('model', 'ok'), ('state', '22P03'), ('state', 'ok')$$,
    'damaged messages are refused with 22P03, or are other sound values');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = f AND outcome = '22P03'), '>', 700::bigint, 'most are refused: ' || f) FROM unnest(ARRAY['model', 'state']) f;
DO $$ BEGIN
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', 'rm ''' || current_setting('data_directory') || '/custseg_scales_hostile.bin''');
END $$;

-- --- text ---

CREATE FUNCTION pg_temp.parse(input text, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    sound boolean;
BEGIN
    EXECUTE format('SELECT pg_temp.is_sound(%L::%s)', input, type) INTO sound;
    RETURN CASE WHEN sound THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION pg_temp.damage(message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    p int;
    pieces text[] := ARRAY['[', ']', '{', '}', ',', ':', '"', '-', '.', 'e', '0', '1e400', '-1', 'null', 'true', '"NaN"', '"Infinity"',
        '\u0000', '9223372036854775807', '1e-400', '0.5', '"values":', '"sum":"-0x1p+1999",', '"squares":"0xffffffffffffffffp+2000",',
        '"kind":"zscore",', '"form":"moments",', '"n":9223372036854775807,', '"x":[],', ' ', 'f', '99', '2147483648'];
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::int LOOP
        p := floor(random() * length(message))::int;
        message := CASE floor(random() * 4)::int
            WHEN 0 THEN left(message, p) || pieces[1 + floor(random() * cardinality(pieces))::int] || substr(message, p + 1)
            WHEN 1 THEN left(message, p) || pieces[1 + floor(random() * cardinality(pieces))::int] || substr(message, p + 2)
            WHEN 2 THEN left(message, p) || substr(message, p + 2 + floor(random() * 4)::int)
            -- a number replaced as a whole, or a key added: most often well-formed JSON
            ELSE CASE WHEN random() < 0.5 THEN regexp_replace(message, '\d+(?=[,\]])', pieces[1 + floor(random() * cardinality(pieces))::int])
                ELSE '{' || pieces[22 + floor(random() * 6)::int] || substr(message, 2) END
        END;
    END LOOP;
    RETURN message;
END $$;
DELETE FROM outcome;
INSERT INTO outcome SELECT 'model', pg_temp.parse(pg_temp.damage(m::text), 'scale_model') FROM model, generate_series(1, 700);
INSERT INTO outcome SELECT 'state', pg_temp.parse(pg_temp.damage(s::text), 'scale_state') FROM state, generate_series(1, 700);
-- 22P05: \u0000 in jsonb. 22003: a number that numeric cannot hold.
SELECT is_empty($$SELECT form, outcome, count(*) FROM outcome WHERE outcome NOT IN ('ok', '22P02', '22P05', '22003') GROUP BY 1, 2$$,
    'damaged texts are refused with 22P02 or an error of jsonb, or are other sound values');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = f AND outcome = '22P02'), '>', 1000::bigint, 'most are refused: ' || f) FROM unnest(ARRAY['model', 'state']) f;
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = f AND outcome = 'ok'), '>', 50::bigint, 'and not all: ' || f) FROM unnest(ARRAY['model', 'state']) f;

-- Exact sums as text: all forms of the same number, the ends of their range.
CREATE FUNCTION pg_temp.sum_of(input text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN format('{"form":"moments","n":2,"min":0,"max":1,"sum":"%s","squares":"0xfp+2100"}', input)::scale_state::text::jsonb ->> 'sum';
EXCEPTION WHEN invalid_text_representation THEN
    RETURN SQLSTATE;
END $$;
SELECT results_eq($$SELECT pg_temp.sum_of(t) FROM unnest(ARRAY['0x1p+0', '0x10p-4', '0x8p-3', '0x00ffp1', '-0xffp+1', '0x0p+0', '-0x0p-9', '0x1p-2176', '-0x1p+1000', '0x123456789abcdef0123456789abcdefp-65']) t$$,
    ARRAY['0x1p+0', '0x1p+0', '0x1p+0', '0x1fep+0', '-0x1fep+0', '0x0p+0', '0x0p+0', '0x1p-2176', '-0x1p+1000', '0x91a2b3c4d5e6f78091a2b3c4d5e6f78p-68'], 'sums have one text');
SELECT results_eq($$SELECT DISTINCT pg_temp.sum_of(t) FROM unnest(ARRAY['', '1', '0x', '0xp0', '0x1', '0x1p', '0x1p+', '0x1p-2177', '0x1p+2112', '0x1p99999', '0x1p100000', '0X1p0', '0x1P0', ' 0x1p0', '0x1.8p0', '--0x1p0', 'Infinity']) t$$,
    ARRAY['22P02'], 'anything else is refused');

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
CREATE TABLE long_text AS SELECT percentiles_fit(x)::text AS m FROM long;
SET LOCAL statement_timeout = '50ms';
SELECT is(pg_temp.cancelled('SELECT zscore_fit(x, 0.1, 0.9) FROM long, generate_series(1, 20)'), 'in time', 'cancel in a fit');
SELECT is(pg_temp.cancelled('SELECT m::scale_model FROM long_text'), 'in time', 'cancel in the input function');
SELECT is(pg_temp.cancelled('SELECT percentile(x, (SELECT percentiles_fit(x) FROM long)) FROM long, generate_series(1, 10)'), 'in time', 'cancel in use');
RESET statement_timeout;
SELECT is((SELECT percentile(2, percentiles_fit(x)) FROM generate_series(1, 3) x), 0.5::float8, 'the session goes on');

SELECT * FROM finish();
ROLLBACK;
