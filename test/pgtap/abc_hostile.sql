-- Damaged input to the states of ABC and of concentration. The server must answer with a clean error and go on.
-- A crash ends the connection, and with it this file.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(86);
SELECT setseed(0.75);

CREATE TABLE sample (type text, state text);
INSERT INTO sample
SELECT 'abc_values', abc_summary(CASE WHEN random() < 0.9 THEN floor(-10 * ln(1 - random())) ELSE random() * 1e300 END, '{.5,.8,.95}')::text
FROM generate_series(1, 60) i GROUP BY i % 6;
INSERT INTO sample
SELECT 'abc_amounts', abc_summary(round((-10 * ln(1 - random()))::numeric, 2) * CASE WHEN i % 3 = 0 THEN 1e30 ELSE 1 END, '{.5,.8,.95}')::text
FROM generate_series(1, 60) i GROUP BY i % 6;
INSERT INTO sample VALUES
    ('abc_amounts', '{"shares":[0.00000000000000000000000000000000000001,0.99999999999999999999999999999999999999],"scale":50,"values":[1e-50,3,1e60],"counts":[1,2,9223372036854775],"others":5}'),
    ('abc_amounts', '{"shares":[0.5],"scale":16383,"values":[],"counts":[]}'),
    ('abc_values', '{"shares":[0.5],"values":[5e-324,1.7e308],"counts":[1,9223372036854775]}'),
    ('hhi_sums', (SELECT hhi_sums_accum(hhi_sums_accum(NULL, 1e300), 1e-300)::text)), ('hhi_sums', hhi_sums_accum(NULL, 0)::text),
    ('hhi_sums', (SELECT hhi_sums_accum(hhi_sums_accum(NULL, 12.34), 5)::text)),
    ('class_pairs', class_pairs_accum(class_pairs_accum(NULL, 10, 20), 5e-324, 1.7e308)::text), ('class_pairs', class_pairs_accum(NULL, 0, 0)::text);

CREATE TABLE outcome (form text, type text, outcome text);

-- A value that was let in must be sound: its text gives the same value, and it can be used.
CREATE FUNCTION pg_temp.is_sound(state abc_values) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF state::text::abc_values::text <> state::text THEN RETURN false; END IF;
    PERFORM abc_breaks_final(state), abc_values_combine(state, state);
    RETURN true;
EXCEPTION WHEN invalid_parameter_value OR numeric_value_out_of_range THEN
    RETURN SQLERRM IN ('the total of the positive values of x is 0', 'number of rows in value_counts is out of range');
END $$;
CREATE FUNCTION pg_temp.is_sound(state abc_amounts) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF state::text::abc_amounts::text <> state::text THEN RETURN false; END IF;
    PERFORM abc_breaks_final(state), abc_amounts_combine(state, state);
    RETURN true;
EXCEPTION WHEN invalid_parameter_value OR numeric_value_out_of_range THEN
    RETURN SQLERRM LIKE 'the total of the positive values of x is 0' OR SQLERRM LIKE 'number of rows in % is out of range';
END $$;
CREATE FUNCTION pg_temp.is_sound(state hhi_sums) RETURNS boolean LANGUAGE sql AS
'SELECT state::text::hhi_sums::text = state::text AND hhi_final(state) IS DISTINCT FROM ''NaN'' AND hhi_sums_combine(state, ''{"rows":0,"sum":"0x0p+0","squares":"0x0p+0"}'') IS NOT NULL';
CREATE FUNCTION pg_temp.is_sound(state class_pairs) RETURNS boolean LANGUAGE sql AS
'SELECT state::text::class_pairs::text = state::text AND psi_final(state) IS DISTINCT FROM ''NaN'' AND class_pairs_combine(state, state) IS NOT NULL';

CREATE FUNCTION pg_temp.parse(type text, input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    sound boolean;
BEGIN
    EXECUTE format('SELECT pg_temp.is_sound(%L::%I)', input, type) INTO STRICT sound;
    RETURN CASE WHEN sound THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- --- text ---

CREATE FUNCTION pg_temp.damage(message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    p int;
    pieces text[] := ARRAY['[', ']', '{', '}', ',', ':', '"', '-', '.', 'e', '0', '1e400', '-1', 'null', 'true', '"NaN"', '"Infinity"',
        '\u0000', '[[', '9223372036854775808', '1e-400', '0.5', '"values":', '"counts":[1],', '"version":2,', '"x":[],', ' ', 'é', '2147483648', '1e2000', '0x'];
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

SELECT is(pg_temp.parse(type, state), 'ok', 'an undamaged text of ' || type || ' is read') FROM sample;
INSERT INTO outcome SELECT 'text', type, pg_temp.parse(type, pg_temp.damage(state)) FROM sample, generate_series(1, 200);
-- 22P05: \u0000 in jsonb. 22003: a number that numeric cannot hold.
SELECT is_empty($$SELECT type, outcome, count(*) FROM outcome
    WHERE form = 'text' AND outcome NOT IN ('ok', '22P02', '22P05', '22003') GROUP BY 1, 2$$,
    'damaged texts are refused with 22P02 or an error of jsonb, or are other sound values');
SELECT cmp_ok(count(*) FILTER (WHERE outcome = '22P02'), '>', count(*) / 3, 'most texts of ' || type || ' are refused')
FROM outcome WHERE form = 'text' GROUP BY type;

SELECT is(pg_temp.parse(type, state), '22P02', type || ' ' || left(state, 90)) FROM (VALUES
    ('abc_values', '{"shares":[],"values":[1],"counts":[1]}'), ('abc_values', '{"shares":[0.5,0.5],"values":[1],"counts":[1]}'),
    ('abc_values', '{"shares":[0],"values":[1],"counts":[1]}'), ('abc_values', '{"shares":[1],"values":[1],"counts":[1]}'),
    ('abc_values', '{"shares":[0.5],"values":[0],"counts":[1]}'), ('abc_values', '{"shares":[0.5],"values":["Infinity"],"counts":[1]}'),
    ('abc_values', '{"shares":[0.5],"values":[2,1],"counts":[1,1]}'), ('abc_values', '{"shares":[0.5],"values":[1],"counts":[0]}'),
    ('abc_values', '{"shares":[0.5],"values":[1],"counts":[]}'), ('abc_values', '{"shares":[0.5],"values":[1],"counts":[1],"others":-1}'),
    ('abc_values', '{"shares":[0.5],"values":[1,2],"counts":[9223372036854775807,1]}'),
    ('abc_values', '{"version":2,"shares":[0.5],"values":[1],"counts":[1]}'), ('abc_values', '{"shares":[0.5],"values":[1],"counts":[1],"scale":2}'),
    ('abc_amounts', '{"shares":[],"scale":0,"values":[1],"counts":[1]}'), ('abc_amounts', '{"shares":[0.5,0.5],"scale":0,"values":[1],"counts":[1]}'),
    ('abc_amounts', '{"shares":[0.5],"scale":0,"values":[0.5],"counts":[1]}'), ('abc_amounts', '{"shares":[0.5],"scale":-1,"values":[1],"counts":[1]}'),
    ('abc_amounts', '{"shares":[0.5],"scale":16384,"values":[1],"counts":[1]}'), ('abc_amounts', '{"shares":[0.5],"scale":1,"values":[0.0],"counts":[1]}'),
    ('abc_amounts', '{"shares":[0.5],"scale":1,"values":[1,1.0],"counts":[1,1]}'), ('abc_amounts', '{"shares":[0.5],"scale":1,"values":[-1],"counts":[1]}'),
    ('abc_amounts', '{"shares":[1e-39],"scale":1,"values":[1],"counts":[1]}'), ('abc_amounts', '{"shares":[0.5],"values":[1],"counts":[1]}'),
    ('abc_amounts', '{"shares":[0.5],"scale":0,"values":[1,2],"counts":[9223372036854775807,1]}'),
    ('hhi_sums', '{"rows":1,"sum":"0x1p0","squares":"0x0p0"}'), ('hhi_sums', '{"rows":1,"sum":"-0x1p0","squares":"0x1p0"}'),
    ('hhi_sums', '{"rows":0,"sum":"0x1p0","squares":"0x1p0"}'), ('hhi_sums', '{"rows":-1,"sum":"0x0p0","squares":"0x0p0"}'),
    ('hhi_sums', '{"rows":1,"sum":"0x1p99999","squares":"0x1p0"}'), ('hhi_sums', '{"rows":1,"sum":"1","squares":"0x1p0"}'),
    ('class_pairs', '{"expected":[1],"actual":[]}'), ('class_pairs', '{"expected":[-1],"actual":[1]}'),
    ('class_pairs', '{"expected":["Infinity"],"actual":[1]}'), ('class_pairs', '{"expected":[1]}')) v(type, state);

-- --- binary ---
-- COPY writes a bytea as it is, so a file of bytea reaches the receive function byte for byte.

CREATE TABLE received_abc_values (state abc_values);
CREATE TABLE received_abc_amounts (state abc_amounts);
CREATE TABLE received_hhi_sums (state hhi_sums);
CREATE TABLE received_class_pairs (state class_pairs);

CREATE FUNCTION pg_temp.receive(type text, message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_abc_hostile.bin';
    sound boolean;
BEGIN
    EXECUTE format('DELETE FROM received_%s', type);
    EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', message, file);
    EXECUTE format('COPY received_%s FROM %L (FORMAT binary)', type, file);
    EXECUTE format('SELECT pg_temp.is_sound(state) FROM received_%s', type) INTO STRICT sound;
    RETURN CASE WHEN sound THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION pg_temp.message(type text, state text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    message bytea;
BEGIN
    EXECUTE format('SELECT %s_send(%L)', type, state) INTO STRICT message;
    RETURN message;
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

SELECT is(pg_temp.receive(type, pg_temp.message(type, state)), 'ok', 'an undamaged message of ' || type || ' is received') FROM sample;
INSERT INTO outcome
SELECT 'binary', type, pg_temp.receive(type, pg_temp.damage(pg_temp.message(type, state))) FROM sample, generate_series(1, 100);
SELECT is_empty($$SELECT type, outcome, count(*) FROM outcome WHERE form = 'binary' AND outcome NOT IN ('ok', '22P03') GROUP BY 1, 2$$,
    'damaged messages are refused with 22P03, or are other sound values');
SELECT cmp_ok(count(*) FILTER (WHERE outcome = '22P03'), '>', count(*) / 3, 'most messages of ' || type || ' are refused')
FROM outcome WHERE form = 'binary' GROUP BY type;
DO $$ BEGIN
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', 'rm ''' || current_setting('data_directory') || '/custseg_abc_hostile.bin''');
END $$;

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
CREATE TABLE long AS SELECT random() AS x, random()::numeric * 1e30 AS n FROM generate_series(1, 200000);
SET LOCAL statement_timeout = '50ms';
SELECT is(pg_temp.cancelled('SELECT abc_breaks(n, ''{.8}'') FROM long'), 'in time', 'cancel in abc_breaks of long numerics');
SELECT is(pg_temp.cancelled('SELECT abc_breaks(x, ''{.8}''), gini(x) FROM long, generate_series(1, 20)'), 'in time', 'cancel in abc_breaks and gini');
RESET statement_timeout;

SELECT * FROM finish();
ROLLBACK;
