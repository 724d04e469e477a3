-- The type rfm_model: text and binary form, damaged input.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;

SELECT plan(23);
SELECT setseed(0.77);

CREATE TABLE sample AS
SELECT rfm_fit(format('SELECT i, date ''2024-01-01'' + i %% 300, i * 0.37 %% 91 FROM generate_series(1, %s) i', n), '2025-01-01', k, breaks => method) AS m
FROM unnest(ARRAY[1, 3, 1000]) n, generate_series(2, 9) k, unnest(ARRAY['balanced', 'quantile', 'mean']) method WHERE method <> 'mean' OR k = 2;
CREATE TABLE received (m rfm_model);
SELECT current_setting('data_directory') || '/custseg_rfm_model.bin' AS file \gset

SELECT is_empty('SELECT m FROM sample WHERE m::text::rfm_model::text <> m::text OR m::text::jsonb <> m::jsonb', 'text form, and cast to jsonb');
COPY (SELECT m FROM sample) TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
SELECT results_eq('SELECT m::text FROM received ORDER BY 1', 'SELECT m::text FROM sample ORDER BY 1', 'binary form');
SELECT is_empty($$SELECT m FROM sample, unnest(ARRAY['recency', 'frequency', 'monetary']) measure
    WHERE (m -> measure)::text <> ('{' || array_to_string(ARRAY(SELECT jsonb_array_elements_text(m::jsonb -> measure)), ',') || '}')$$, 'the operator -> gives the breaks');
SELECT throws_ok('SELECT m -> ''colour'' FROM sample', '22023', 'an rfm_model has no measure "colour"', 'of its own measures');
SELECT throws_ok('SELECT m -> ''recency2'' FROM sample', '22023', 'an rfm_model has no measure "recency2"', 'by their whole names');

-- Thresholds by hand: a model is also what somebody writes.
SELECT results_eq($$SELECT customer_id, cell FROM rfm('VALUES (1, date ''2024-12-30'', 5), (2, ''2024-01-01'', 500), (2, ''2024-02-01'', 500)', '2024-12-31',
        '{"as_of": "2024-12-31", "classes": 3, "recency": [30, 90], "frequency": [1, 5], "monetary": [100]}'::rfm_model, NULL) ORDER BY 1$$,
    $$VALUES ('1', '311'), ('2', '122')$$, 'a model with thresholds by hand');

CREATE FUNCTION pg_temp.refused(input text, reason text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM input::rfm_model;
    RETURN NEXT fail('accepted: ' || input);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN NEXT is(SQLSTATE || ' ' || detail, '22P02 ' || reason, left(input, 60));
END $$;
SELECT pg_temp.refused('{}', '"as_of" is missing.');
SELECT pg_temp.refused('{"as_of": "2024-02-30"}', '"as_of" must be a date such as "2024-01-31", not "2024-02-30".');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "classes": 1}', '"classes" must be an integer from 2 to 9, not 1.');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "customers": -1}', '"customers" must be an integer from 0 to 9223372036854775807, not -1.');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "breaks": "natural"}', '"breaks" must be "balanced", "quantile" or "mean", not "natural".');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "version": 2}', 'Its version is 2, this custseg reads version 1.');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "loyalty": []}', 'Key "loyalty" is not known.');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "recency": [1, 2, 3, 4, 5]}', '"recency" has too many breaks for 5 classes.');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "recency": [1, 2, 3, 4, 5, 6, 7, 8, 9]}', '"recency" has more than 8 breaks.');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "monetary": [1, 1]}', 'The breaks of "monetary" must be finite and strictly ascending.');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "monetary": ["Infinity"]}', 'The breaks of "monetary" must be finite and strictly ascending.');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "monetary": [1e400]}', '"monetary"[0] must be a number in the range of float8, "Infinity" or "-Infinity", not 1' || repeat('0', 39) || '....');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "monetary": [null]}', '"monetary"[0] must be a number in the range of float8, "Infinity" or "-Infinity", not null.');
SELECT pg_temp.refused('{"as_of": "2024-01-01", "monetary": 1}', '"monetary" must be an array of numbers, not 1.');

-- --- thousands of damaged inputs ---
CREATE FUNCTION pg_temp.hand_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('custseg_test.received', NEW.m::text, true);
    RETURN NULL;
END $$;
CREATE TRIGGER hand_on BEFORE INSERT ON received FOR EACH ROW EXECUTE FUNCTION pg_temp.hand_on();

CREATE FUNCTION pg_temp.try(form text, message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_rfm_model.bin';
    m rfm_model;
BEGIN
    IF form = 'binary' THEN
        EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', message, file);
        EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
        m := current_setting('custseg_test.received');
    ELSE
        m := convert_from(message, 'UTF8');
    END IF;
    RETURN CASE WHEN m::text::rfm_model::text = m::text AND (SELECT count(*) FROM rfm('SELECT i, date ''2024-01-01'' + i, i FROM generate_series(1, 20) i', '2025-01-01', m, NULL)
        WHERE r BETWEEN 1 AND 9 AND f BETWEEN 1 AND 9 AND rfm.m BETWEEN 1 AND 9) = 20 THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.damaged(message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    p int;
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::int LOOP
        EXIT WHEN length(message) = 0;
        p := floor(random() * length(message))::int;
        message := CASE floor(random() * 5)::int
            WHEN 0 THEN set_byte(message, p, floor(random() * 256)::int)
            WHEN 1 THEN set_bit(message, p * 8 + floor(random() * 8)::int, floor(random() * 2)::int)
            WHEN 2 THEN substring(message FROM 1 FOR p) || substring(message FROM p + 2 + floor(random() * 8)::int)
            WHEN 3 THEN substring(message FROM 1 FOR p)
            ELSE substring(message FROM 1 FOR p) || decode(left(md5(random()::text), 2 + 4 * i), 'hex') || substring(message FROM p + 1)
        END;
    END LOOP;
    RETURN message;
END $$;

CREATE FUNCTION pg_temp.damaged(message text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE floor(random() * 4)::int
        WHEN 0 THEN regexp_replace(message, '(\d+)(?=[,\]])', piece)
        WHEN 1 THEN left(message, p) || piece || substr(message, p + 1)
        WHEN 2 THEN left(message, p) || substr(message, p + 2)
        ELSE regexp_replace(message, '"(classes|version|customers)": \d+', '"\1": ' || piece) END
    FROM (SELECT floor(random() * length(message))::int AS p,
        (ARRAY['-1', '1e999', '0', '9', '"NaN"', '[', ']', '{', ',', '"', 'null', '3', '-1e308', '1e-400', '7.5', 'true', '"x": 1,', '99999999999999999999'])[1 + floor(random() * 18)::int] AS piece) s
$$;

CREATE TABLE outcome AS
SELECT 'binary' AS form, pg_temp.try('binary', pg_temp.damaged(rfm_model_send(m))) AS outcome FROM sample, generate_series(1, 25)
UNION ALL
SELECT 'text', pg_temp.try('text', convert_to(pg_temp.damaged(m::text), 'UTF8')) FROM sample, generate_series(1, 30);
-- 08P01: the message ends too early, or too late.
SELECT is_empty($$SELECT * FROM outcome WHERE form = 'binary' AND outcome NOT IN ('ok', '22P03', '08P01')$$, 'damaged bytes: refused, or another sound model');
SELECT is_empty($$SELECT * FROM outcome WHERE form = 'text' AND outcome NOT IN ('ok', '22P02', '22003')$$, 'damaged text: refused with an error of class 22, or another sound model');
SELECT is_empty($$SELECT form, outcome, count(*) FROM outcome WHERE outcome IN ('ok', '22P02', '22P03') GROUP BY 1, 2 HAVING count(*) < 20$$, 'both were seen many times');

\set remove 'rm ' :file
COPY (SELECT) TO PROGRAM :'remove';
SELECT * FROM finish();
ROLLBACK;
