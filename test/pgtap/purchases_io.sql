-- The type purchases: text and binary form, damaged input, order, equality and hash.
-- Damaged input must be refused with a clean error or be another sound value. A crash ends the connection, and
-- with it this file.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL max_parallel_workers_per_gather = 0;

SELECT plan(48);
\ir include/orders.psql

CREATE TABLE sample AS
SELECT customer, purchase_summary(day, amount, cost) AS p FROM orders GROUP BY customer HAVING purchase_summary(day, amount) IS NOT NULL;

CREATE TABLE small_sample AS SELECT p FROM sample WHERE length(p::text) < 1000 AND customer % 4 = 0;

-- --- round trips ---

SELECT is_empty('SELECT customer FROM sample WHERE p::text::purchases::text <> p::text OR purchases_send(p::text::purchases) <> purchases_send(p)',
    'text form');
SET LOCAL DateStyle = 'German, DMY';
SELECT is_empty($$SELECT p FROM sample WHERE p::text::purchases::text <> p::text OR p::text NOT SIMILAR TO '%"first_purchase": ("_+-__-__( BC)?"|null)%'$$,
    'does not depend on DateStyle');
RESET DateStyle;
SELECT is_empty($$SELECT p FROM sample WHERE p::text::jsonb <> p::jsonb OR (p::jsonb)::text::purchases::text <> p::text$$, 'cast to jsonb');

-- COPY writes a bytea as it is, so a file of bytea reaches purchases_recv byte for byte.
CREATE TABLE received (p purchases);
SELECT current_setting('data_directory') || '/custseg_purchases_io.bin' AS file \gset

COPY (SELECT p FROM sample) TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
SELECT results_eq('SELECT p::text FROM received ORDER BY 1', 'SELECT p::text FROM sample ORDER BY 1', 'binary form');

-- Hands the value on instead of storing it.
CREATE FUNCTION pg_temp.hand_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('custseg_test.received', NEW.p::text, true);
    RETURN NULL;
END $$;
CREATE TRIGGER hand_on BEFORE INSERT ON received FOR EACH ROW EXECUTE FUNCTION pg_temp.hand_on();

CREATE FUNCTION pg_temp.receive(message bytea) RETURNS purchases LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_purchases_io.bin';
BEGIN
    EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', message, file);
    EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
    RETURN current_setting('custseg_test.received')::purchases;
END $$;
SELECT is_empty('SELECT p FROM small_sample WHERE pg_temp.receive(purchases_send(p))::text <> p::text', 'binary form, one by one');

-- --- text: what is refused, and why ---

CREATE FUNCTION pg_temp.refused(input text, reason text, state text DEFAULT '22P02') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM input::purchases;
    RETURN NEXT fail('accepted: ' || input);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN NEXT is(SQLSTATE || ' ' || detail, state || ' ' || reason, left(input, 60));
END $$;

SELECT pg_temp.refused('', 'The input string ended unexpectedly.');
SELECT pg_temp.refused('[]', 'The text must be a JSON object.');
SELECT pg_temp.refused('7', 'The text must be a JSON object.');
SELECT pg_temp.refused('{"version": 2}', 'Its version is 2, this custseg reads version 1.');
SELECT pg_temp.refused('{"version": 0}', '"version" must be an integer from 1 to 2147483647, not 0.');
SELECT pg_temp.refused('{"colour": 1}', 'Key "colour" is not known.');
SELECT pg_temp.refused('{"orders": -1}', '"orders" must be an integer from 0 to 9223372036854775807, not -1.');
SELECT pg_temp.refused('{"orders": 1.5}', '"orders" must be an integer from 0 to 9223372036854775807, not 1.5.');
SELECT pg_temp.refused('{"orders": "1"}', '"orders" must be an integer from 0 to 9223372036854775807, not "1".');
SELECT pg_temp.refused('{"spend": "NaN"}', '"spend" must be a number, not "NaN".');
SELECT pg_temp.refused('{"gaps": [1]}', '"gaps" need a "first_purchase".');
SELECT pg_temp.refused('{"orders": 2, "first_purchase": "2024-02-30"}', '"first_purchase" must be a date such as "2024-01-31", not "2024-02-30".');
SELECT pg_temp.refused('{"orders": 2, "first_purchase": "infinity"}', '"first_purchase" must be a date such as "2024-01-31", not "infinity".');
SELECT pg_temp.refused('{"orders": 2, "first_purchase": "2024-01-01", "gaps": [0]}', '"gaps"[0] must be an integer from 1 to 4294967295, not 0.');
SELECT pg_temp.refused('{"orders": 2, "first_purchase": "5874897-12-31", "gaps": [1]}', '"gaps" lead beyond the last date.');
SELECT pg_temp.refused('{"orders": 2, "first_purchase": "2024-01-01", "gaps": {"1": 1}}', '"gaps" must be an array of integers, not an object.');
\set contradiction 'Counts and amounts contradict each other: each purchase day needs an order, and the first day''s spend must lie between 0 and spend plus refunds.'
SELECT pg_temp.refused(input, :'contradiction') FROM unnest(ARRAY[
    '{"orders": 1}',
    '{"orders": 0, "first_purchase": "2024-01-01"}',
    '{"orders": 1, "first_purchase": "2024-01-01", "gaps": [1]}',
    '{"orders": 1, "spend": 5, "first_day_spend": 4, "first_purchase": "2024-01-01"}',
    '{"orders": 2, "spend": 5, "first_day_spend": 6, "first_purchase": "2024-01-01", "gaps": [1]}',
    '{"orders": 2, "spend": 5, "first_day_spend": -1, "first_purchase": "2024-01-01", "gaps": [1]}',
    '{"spend": 5}', '{"spend": 5, "refunds": -5}']) input;
SELECT is('{}'::purchases::text, '{"version": 1, "orders": 0, "spend": 0, "refunds": 0, "first_day_spend": 0, "cost": null, "first_purchase": null, "gaps": []}',
    'what is missing has a default');

-- Money is shown with one scale, whichever amount has the most digits in the input.
SELECT is('{"orders": 1, "spend": 1, "refunds": 0.5, "first_day_spend": 1.5, "first_purchase": "2024-01-01"}'::purchases::text,
    '{"version": 1, "orders": 1, "spend": 1.0, "refunds": 0.5, "first_day_spend": 1.5, "cost": null, "first_purchase": "2024-01-01", "gaps": []}',
    'amounts of different scales');
-- Four sums, none of which has more than 38 digits alone, but 77 at the common scale.
SELECT is(p::text::purchases::text, p::text, 'amounts of 77 digits')
FROM (SELECT '{"orders": 9223372036854775807, "spend": 0.00000000000000000000000000000000000001, "refunds": 1e37, "first_day_spend": 1e37,
    "cost": -0.12345678901234567890123456789012345678, "first_purchase": "4000-01-01 BC", "gaps": [2000000000]}'::purchases p) s;

-- --- thousands of damaged inputs ---

CREATE FUNCTION pg_temp.is_sound(p purchases) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    again purchases := p::text;
    twice purchases := CASE WHEN orders(p) < 1e18 THEN purchases_combine(p, p) ELSE p END;
BEGIN
    RETURN again::text = p::text AND p = again AND NOT p < again AND purchases_hash(p) = purchases_hash(again)
        AND (p::jsonb ->> 'orders')::bigint = orders(p) AND cardinality(purchase_dates(p)) = purchase_days(p)
        AND purchase_days(p) <= orders(p) AND refunds(p) >= 0
        AND purchase_days(twice) = purchase_days(p) AND (orders(p) >= 1e18 OR spend(twice) = 2 * spend(p))
        AND (orders(p) >= 1e18 OR orders(purchase_summary_numeric_accum(p, '2024-01-01', 1)) = orders(p) + 1);
END $$;

CREATE TABLE outcome (form text, outcome text);

CREATE FUNCTION pg_temp.try(form text, message bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    BEGIN
        result := CASE WHEN pg_temp.is_sound(CASE form WHEN 'binary' THEN pg_temp.receive(message)
            ELSE convert_from(message, 'UTF8')::purchases END) THEN 'ok' ELSE 'unsound' END;
    EXCEPTION WHEN OTHERS THEN
        result := SQLSTATE;
    END;
    INSERT INTO outcome VALUES (form, result);
END $$;

-- One to four changes: a byte or a bit changed, a piece cut out or doubled, the end cut off, random bytes put in.
CREATE FUNCTION pg_temp.damaged(message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    size int;
    p int;
BEGIN
    FOR i IN 1..1 + floor(random() * 4)::int LOOP
        size := length(message);
        EXIT WHEN size = 0;
        p := floor(random() * CASE WHEN random() < 0.5 THEN least(size, 10) ELSE size END)::int;
        message := CASE floor(random() * 7)::int
            WHEN 0 THEN set_byte(message, p, floor(random() * 256)::int)
            WHEN 1 THEN set_bit(message, p * 8 + floor(random() * 8)::int, floor(random() * 2)::int)
            WHEN 2 THEN substring(message FROM 1 FOR p) || substring(message FROM p + 2 + floor(random() * 8)::int)
            WHEN 3 THEN substring(message FROM 1 FOR p) || substring(message FROM greatest(p - 8, 1))
            WHEN 4 THEN substring(message FROM 1 FOR p)
            WHEN 5 THEN substring(message FROM 1 FOR p) || decode(left(md5(random()::text), 2 * (1 + i * 4)), 'hex') || substring(message FROM p + 1)
            ELSE set_byte(message, p, (ARRAY[0, 127, 128, 255, 1, 129])[1 + floor(random() * 6)::int])
        END;
    END LOOP;
    RETURN message;
END $$;

-- Pieces of JSON put in, and numbers replaced, so that more than the syntax is tried.
CREATE FUNCTION pg_temp.damaged(message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    p int;
    pieces text[] := ARRAY['[', ']', '}', ',', '"', '-', '.', '0', 'null', '1e40', '-1e400', '1e140000', '99999999999999999999', '"NaN"',
        '\u0000', '\ud800', '"infinity"', '4294967295', '4294967296', '1e-40', '0.5', '"gaps": [7],', '"version": 1,', '"x": 0,', 'é', '-0.00'];
    piece text;
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::int LOOP
        p := floor(random() * length(message))::int;
        piece := pieces[1 + floor(random() * cardinality(pieces))::int];
        message := CASE floor(random() * 6)::int
            WHEN 0 THEN left(message, p) || piece || substr(message, p + 1)
            WHEN 1 THEN left(message, p) || substr(message, p + 2 + floor(random() * 4)::int)
            WHEN 2 THEN regexp_replace(message, '"orders": \d+', '"orders": ' || floor(random() * 20))
            WHEN 3 THEN regexp_replace(message, '"gaps": \[\d*', '"gaps": [' || piece)
            WHEN 4 THEN regexp_replace(message, '"(spend|refunds|first_day_spend|cost)": [0-9.-]+', '"\1": ' || piece)
            ELSE regexp_replace(message, '"first_purchase": "\d+', '"first_purchase": "' || floor(random() * 10000))
        END;
    END LOOP;
    RETURN message;
END $$;

SELECT count(pg_temp.try('binary', pg_temp.damaged(purchases_send(p)))) FROM small_sample, generate_series(1, 2400 / (SELECT count(*)::int FROM small_sample) + 1) \gset ignored_
SELECT count(pg_temp.try('text', convert_to(pg_temp.damaged(p::text), 'UTF8'))) FROM small_sample, generate_series(1, 4000 / (SELECT count(*)::int FROM small_sample) + 1) \gset ignored_

SELECT is_empty($$SELECT outcome, count(*) FROM outcome WHERE form = 'binary' AND outcome NOT IN ('ok', '22P03') GROUP BY 1$$,
    'damaged bytes: refused with 22P03, or another sound value');
-- 22003: more digits than numeric has. 22P05: \u0000 in jsonb.
SELECT is_empty($$SELECT outcome, count(*) FROM outcome WHERE form = 'text' AND outcome NOT IN ('ok', '22P02', '22003', '22P05') GROUP BY 1$$,
    'damaged text: refused with an error of class 22, or another sound value');
SELECT is_empty($$SELECT form, outcome, count(*) FROM outcome WHERE outcome IN ('ok', '22P02', '22P03') GROUP BY 1, 2 HAVING count(*) < 150$$,
    'both outcomes were seen many times');

-- --- order, equality, hash ---

-- Near copies of each value: other digits shown, another day, amount, count, no cost.
CREATE TABLE value AS
SELECT row_number() OVER () AS id, p,
    ARRAY[first_purchase(p)::text, orders(p)::text, trim_scale(cost(p))::text, trim_scale(spend(p))::text, trim_scale(refunds(p))::text,
        trim_scale((p::jsonb -> 'first_day_spend')::numeric)::text, purchase_dates(p)::text] AS key
FROM (SELECT p FROM small_sample WHERE length(p::text) < 400 ORDER BY length(p::text), p LIMIT 60) s(q),
LATERAL (VALUES (q), (purchases_combine(q, '{"spend": 0.000}')), (purchases_combine(q, '{"orders": 1, "first_purchase": "2024-01-03"}')),
    (purchases_combine(q, '{"orders": 1, "first_purchase": "2024-01-03", "cost": 0.0}')), (purchases_combine(q, '{"spend": -0.5, "refunds": 0.5, "cost": 1}'))) v(p);

CREATE TABLE pair AS
SELECT a.id AS a, b.id AS b, a.key IS NOT DISTINCT FROM b.key AS same, a.p < b.p AS lt, a.p <= b.p AS le, a.p = b.p AS eq, a.p <> b.p AS ne,
    a.p >= b.p AS ge, a.p > b.p AS gt, purchases_cmp(a.p, b.p) AS cmp, b.p < a.p AS commuted,
    purchases_hash(a.p) = purchases_hash(b.p) AS hash, purchases_hash_extended(a.p, 7) = purchases_hash_extended(b.p, 7) AS hash_extended
FROM value a, value b;

SELECT is_empty('SELECT * FROM pair WHERE eq <> same', 'equal are those whose every field is equal, whatever digits are shown');
SELECT is_empty('SELECT * FROM pair WHERE lt <> (cmp < 0) OR le <> (cmp <= 0) OR eq <> (cmp = 0) OR ne <> (cmp <> 0) OR ge <> (cmp >= 0) OR gt <> (cmp > 0) OR commuted <> gt',
    'the operators agree');
SELECT is_empty('SELECT * FROM pair WHERE eq AND NOT (hash AND hash_extended)', 'equal values have equal hashes');
SELECT is_empty('SELECT * FROM value WHERE purchases_hash(p) <> (purchases_hash_extended(p, 0) << 32 >> 32)::int', 'the hash is half of the one with seed 0');
SELECT cmp_ok((SELECT count(*) FROM pair JOIN value x ON x.id = a JOIN value y ON y.id = b
    WHERE hash AND (x.key[2], x.key[4], x.key[7]) IS DISTINCT FROM (y.key[2], y.key[4], y.key[7])), '<', 5::bigint, 'orders, spend and days tell customers apart');
SELECT is_empty($$
    WITH sorted AS (SELECT id, row_number() OVER (ORDER BY p) AS place FROM value)
    SELECT * FROM pair JOIN sorted x ON x.id = a JOIN sorted y ON y.id = b WHERE lt <> (x.place < y.place) AND NOT eq$$, 'the order is total');

\set distinct '(SELECT count(DISTINCT key) FROM value)'
SELECT is((SELECT count(DISTINCT p) FROM value), :distinct, 'DISTINCT');
SELECT is((SELECT count(*) FROM (SELECT p FROM value GROUP BY p) g), :distinct, 'GROUP BY');
CREATE INDEX value_btree ON value (p);
CREATE INDEX value_hash ON value USING hash (p);
ANALYZE value;
CREATE FUNCTION pg_temp.joined(setting text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('enable_' || s, CASE WHEN s = ANY (string_to_array(setting, ' ')) THEN 'on' ELSE 'off' END, true)
    FROM unnest(ARRAY['hashjoin', 'mergejoin', 'nestloop', 'indexscan', 'indexonlyscan', 'bitmapscan', 'seqscan', 'sort']) s;
    RETURN (SELECT count(*) FROM value a JOIN value b USING (p));
END $$;
\set pairs '(SELECT count(*)::text FROM pair WHERE same)'
SELECT is(pg_temp.joined(setting), :pairs, 'a join by ' || setting)
FROM unnest(ARRAY['hashjoin seqscan', 'mergejoin seqscan sort', 'mergejoin indexscan', 'nestloop indexscan seqscan']) setting;
DROP INDEX value_btree;
SELECT is(pg_temp.joined('nestloop seqscan indexscan'), :pairs, 'a join by the hash index');

\set remove 'rm ' :file
COPY (SELECT) TO PROGRAM :'remove';
SELECT * FROM finish();
ROLLBACK;
