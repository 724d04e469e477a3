-- The checks of a tier_policy against brute force over a grid of values, and damaged texts, messages, measures and
-- overrides: the server must answer with a clean error and go on. A crash ends the connection, and with it this file.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
\ir include/tier_policies.psql

SELECT plan(44);
SELECT setseed(0.20240228);

-- --- rules against brute force ---
-- Thresholds are 0 to 4, so that a grid of halves beyond them, infinities and NULL meets every region of every condition.

CREATE TABLE grid1 AS SELECT m1 FROM unnest(ARRAY[NULL, '-Infinity', -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 'Infinity']::float8[]) m1;
CREATE TABLE grid2 AS SELECT a.m1, b.m1 AS m2 FROM grid1 a, grid1 b;
CREATE TABLE grid3 AS SELECT a.m1, b.m2, b.m1 AS m3 FROM grid1 a, grid2 b;

CREATE FUNCTION pg_temp.wild_comparison(measures int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    op text := pg_temp.pick(ARRAY['>=', '>', '<=', '<', '=', '<>', '>=', '>', 'between']);
    x int := floor(random() * 5)::int;
BEGIN
    RETURN jsonb_build_object('op', op, 'm', 1 + floor(random() * measures)::int, 'x', x, 'y', x + floor(random() * (5 - x))::int);
END $$;

CREATE FUNCTION pg_temp.wild_condition(measures int, depth int DEFAULT 0) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    n int := 2 + floor(random() * 2)::int;
    op text := pg_temp.pick(ARRAY['and', 'or', 'any', 'all', 'and', 'or']);
BEGIN
    IF random() < 0.3 + depth * 0.3 THEN
        RETURN pg_temp.wild_comparison(measures);
    END IF;
    RETURN jsonb_build_object('op', op, 'n', 1 + floor(random() * n)::int,
        'parts', (SELECT jsonb_agg(pg_temp.wild_condition(measures, depth + 1)) FROM generate_series(1, n)));
END $$;

-- One comparison changed: as likely as not to one that implies it.
CREATE FUNCTION pg_temp.change(tree jsonb, measures int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    i int;
    x int;
    y int;
BEGIN
    IF tree ? 'parts' THEN
        i := floor(random() * jsonb_array_length(tree -> 'parts'))::int;
        IF random() < 0.1 THEN
            RETURN jsonb_set(tree, '{op}', to_jsonb(pg_temp.pick(ARRAY['and', 'or', 'any'])));
        ELSIF random() < 0.15 THEN
            RETURN jsonb_set(tree, '{parts}', (tree -> 'parts') || pg_temp.wild_comparison(measures));
        END IF;
        RETURN jsonb_set(tree, ARRAY['parts', i::text], pg_temp.change(tree -> 'parts' -> i, measures));
    END IF;
    x := greatest(least((tree ->> 'x')::int + pg_temp.pick(ARRAY[-1, 0, 1]), 4), 0);
    y := greatest(least((tree ->> 'y')::int + pg_temp.pick(ARRAY[-1, 0, 1]), 4), x);
    RETURN tree || jsonb_build_object('x', x, 'y', y,
        'op', CASE WHEN random() < 0.3 THEN pg_temp.pick(ARRAY['>=', '>', '<=', '<', '=', '<>', 'between']) ELSE tree ->> 'op' END);
END $$;

-- 'ok', or the error.
CREATE FUNCTION pg_temp.parse(document text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    policy tier_policy;
BEGIN
    policy := document;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

CREATE TABLE verdict (kind text, document text, want text, got text, example_holds boolean);

-- Retention rules: the pair of one tier.
CREATE FUNCTION pg_temp.judge_pair(measures int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    names text[] := (ARRAY['spend', 'orders', 'tenure'])[1:measures];
    enter jsonb := pg_temp.wild_condition(measures);
    keep jsonb := CASE floor(random() * 5)::int WHEN 0 THEN pg_temp.wild_condition(measures) WHEN 1 THEN pg_temp.change(pg_temp.change(enter, measures), measures)
        ELSE pg_temp.change(enter, measures) END;
    document text := jsonb_build_object('tiers', jsonb_build_array('{"tier": "base"}'::jsonb, jsonb_build_object('tier', 'top',
        'enter', pg_temp.condition_text(enter, names), 'keep', pg_temp.condition_text(keep, names))));
    can_hold boolean;
    leaks boolean;
    got text;
    example text;
    example_holds boolean;
BEGIN
    EXECUTE format('SELECT bool_or(enter), bool_or(enter AND NOT keep) FROM (SELECT %s AS enter, %s AS keep FROM grid%s) s',
        pg_temp.condition_sql(enter, 'm%s'), pg_temp.condition_sql(keep, 'm%s'), measures) INTO can_hold, leaks;
    got := pg_temp.parse(document);
    -- The example of the message enters and does not keep, whatever the measures are that it does not name.
    example := substring(got FROM 'not kept: (.*) enters but does not keep');
    IF example IS NOT NULL THEN
        EXECUTE format('SELECT bool_and(%s AND NOT %s) FROM (SELECT %s FROM grid%s) s',
            pg_temp.condition_sql(enter, 'm%s'), pg_temp.condition_sql(keep, 'm%s'),
            (SELECT string_agg(CASE WHEN example ~ ('\y' || names[j] || ' (is )?unknown') THEN 'NULL::float8'
                ELSE coalesce('float8 ' || quote_literal(substring(example FROM '\y' || names[j] || ' = ([-+.0-9a-zA-Z]+)')), 'm' || j) END || ' AS m' || j, ', ')
             FROM generate_subscripts(names, 1) j), measures) INTO example_holds;
    END IF;
    INSERT INTO verdict VALUES ('pair', document, CASE WHEN NOT can_hold THEN 'never' WHEN leaks THEN 'leaks' ELSE 'ok' END, got, example_holds);
END $$;
SELECT count(pg_temp.judge_pair(1 + i % 2)) AS judged FROM generate_series(1, 10000) i \gset
SELECT count(pg_temp.judge_pair(3)) AS judged FROM generate_series(1, 1000) i \gset

-- Entry rules of three tiers: each that implies a higher one makes its tier unreachable.
CREATE FUNCTION pg_temp.judge_order() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    names text[] := ARRAY['spend', 'orders'];
    a jsonb := pg_temp.wild_condition(2);
    b jsonb := CASE WHEN random() < 0.6 THEN pg_temp.change(a, 2) ELSE pg_temp.wild_condition(2) END;
    c jsonb := CASE WHEN random() < 0.6 THEN pg_temp.change(b, 2) ELSE pg_temp.wild_condition(2) END;
    document text := jsonb_build_object('tiers', jsonb_build_array('{"tier": "base"}'::jsonb,
        jsonb_build_object('tier', 'first', 'enter', pg_temp.condition_text(a, names)),
        jsonb_build_object('tier', 'second', 'enter', pg_temp.condition_text(b, names)),
        jsonb_build_object('tier', 'third', 'enter', pg_temp.condition_text(c, names))));
    can_hold boolean;
    ordered boolean;
BEGIN
    EXECUTE format('SELECT bool_or(a) AND bool_or(b) AND bool_or(c), bool_or(a AND NOT b) AND bool_or(a AND NOT c) AND bool_or(b AND NOT c)
        FROM (SELECT %s AS a, %s AS b, %s AS c FROM grid2) s',
        pg_temp.condition_sql(a, 'm%s'), pg_temp.condition_sql(b, 'm%s'), pg_temp.condition_sql(c, 'm%s')) INTO can_hold, ordered;
    INSERT INTO verdict VALUES ('order', document, CASE WHEN NOT can_hold THEN 'never' WHEN NOT ordered THEN 'unordered' ELSE 'ok' END, pg_temp.parse(document));
END $$;
SELECT count(pg_temp.judge_order()) AS judged FROM generate_series(1, 6000) \gset

SELECT is_empty($$SELECT want, got, document FROM verdict WHERE kind = 'pair' AND (want = 'ok') <> (got = 'ok') ORDER BY length(document) LIMIT 5$$,
    'a retention rule is accepted exactly if it holds wherever the entry rule does');
SELECT is_empty($$SELECT got, document FROM verdict WHERE kind = 'pair' AND want = 'leaks' AND example_holds IS NOT TRUE AND got !~ 'can never hold'
    OR want = 'never' AND got !~ '"enter".*can never hold' ORDER BY length(document) LIMIT 5$$, 'and the message gives an example');
SELECT is_empty($$SELECT want, got, document FROM verdict WHERE kind = 'order' AND (want = 'ok') <> (got = 'ok') ORDER BY length(document) LIMIT 5$$,
    'tiers are accepted exactly if no entry rule implies a higher one');
SELECT cmp_ok((SELECT min(count(*)) OVER () FROM verdict GROUP BY kind, want LIMIT 1), '>=', 300::bigint, 'every verdict was asked for often');

-- --- damage ---
-- Besides the codes of the type itself: 08P01, a message ends too early or too late; 22021, a text is not in the encoding.

CREATE TABLE sample AS SELECT pg_temp.policy_text(p)::tier_policy AS policy
FROM (SELECT pg_temp.make_policy() AS p FROM generate_series(1, 200) OFFSET 0) s;
INSERT INTO sample VALUES
    ('{"tiers": [{"tier": "potential"}, {"tier": "regular", "enter": "spend >= 5000 and frequency >= 3", "keep": "spend >= 4000"},
        {"tier": "vip", "enter": "any 2 of (spend >= 20000, frequency >= 12, tenure >= 730)", "keep": "any 1 of (spend >= 15000, frequency >= 12, tenure >= 730)",
         "stay": "12 months", "grace": "30 days", "validity": "12 months"}], "upgrade": "period_end", "downgrade": "requalify", "check": "period_end",
        "period": "quarter", "stay": "6 months", "requalify_by": "enter", "window": "rolling 12 months"}'),
    ('{"tiers": [{"tier": "only"}]}');
CREATE TABLE outcome (form text, outcome text, input text);

-- A policy that was let in must be sound: its text gives the same value, and it can be used.
CREATE FUNCTION pg_temp.is_sound(policy tier_policy) RETURNS boolean LANGUAGE sql AS $$
    SELECT policy::text::tier_policy::text = policy::text AND policy::text::jsonb = policy::jsonb
        AND tier_policy_send(policy::text::tier_policy) = tier_policy_send(policy)
        AND cardinality(tier_policy_measures(policy)) IS NOT NULL
        AND (SELECT count(*) > 0 AND count(tier) = count(*) AND count(enter) = count(*) - 1 FROM tier_policy_tiers(policy))
        AND (next_tier(policy, NULL, NULL, NULL::jsonb, NULL, '2024-02-29')).transition = 'enter'
$$;

CREATE TABLE received (policy tier_policy);
CREATE FUNCTION pg_temp.receive(message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_policy_hostile.bin';
    sound boolean;
BEGIN
    DELETE FROM received;
    -- COPY writes a bytea as it is, so a file of bytea reaches the receive function byte for byte
    EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', message, file);
    EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
    SELECT pg_temp.is_sound(policy) INTO STRICT sound FROM received;
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
        p := floor(random() * CASE WHEN random() < 0.4 THEN least(size, 24) ELSE size END)::int;
        message := CASE floor(random() * 8)::int
            WHEN 0 THEN set_byte(message, p, floor(random() * 256)::int)
            WHEN 1 THEN set_bit(message, p * 8 + floor(random() * 8)::int, floor(random() * 2)::int)
            WHEN 2 THEN substring(message FROM 1 FOR p) || substring(message FROM p + 2 + floor(random() * 16)::int)
            WHEN 3 THEN substring(message FROM 1 FOR p) || substring(message FROM greatest(p - 16, 1))
            WHEN 4 THEN substring(message FROM 1 FOR p)
            WHEN 5 THEN set_byte(message, p, pg_temp.pick(ARRAY[0, 1, 127, 128, 255]))
            WHEN 6 THEN set_byte(message, p, (get_byte(message, p) + pg_temp.pick(ARRAY[1, 255])) % 256)
            ELSE message || decode(md5(p::text), 'hex')
        END;
    END LOOP;
    RETURN message;
END $$;

SELECT is_empty($$SELECT policy FROM sample WHERE pg_temp.receive(tier_policy_send(policy)) <> 'ok'$$, 'undamaged messages are received');
INSERT INTO outcome SELECT 'binary', pg_temp.receive(message), message::text
FROM (SELECT pg_temp.damage(tier_policy_send(policy)) FROM sample, generate_series(1, 20) OFFSET 0) s(message);
SELECT is_empty($$SELECT outcome, count(*), min(input) FROM outcome WHERE form = 'binary' AND outcome NOT IN ('ok', '22P03', '08P01', '22021', '22023', '54000') GROUP BY 1$$,
    'damaged messages are refused with a clean error, or are other sound policies');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'binary' AND outcome <> 'ok'), '>=', 2500::bigint, 'most are refused');
-- every place of one message, with every kind of byte
INSERT INTO outcome
SELECT 'each byte', pg_temp.receive(set_byte(message, p, v)), set_byte(message, p, v)::text
FROM (SELECT tier_policy_send(policy) FROM sample WHERE policy::text LIKE '%vip%') s(message),
    generate_series(0, length(message) - 1) p, unnest(ARRAY[0, 1, 127, 255]) v;
SELECT is_empty($$SELECT outcome, count(*), min(input) FROM outcome WHERE form = 'each byte' AND outcome NOT IN ('ok', '22P03', '08P01', '22021', '22023', '54000') GROUP BY 1$$,
    'each byte of a message replaced');
INSERT INTO outcome
SELECT 'cut', pg_temp.receive(substring(message FROM 1 FOR p)), p::text
FROM (SELECT tier_policy_send(policy) FROM sample WHERE policy::text LIKE '%vip%') s(message), generate_series(0, length(message) - 1) p;
SELECT is_empty($$SELECT outcome, input FROM outcome WHERE form = 'cut' AND outcome NOT IN ('22P03', '08P01')$$, 'a message cut off anywhere is refused');
DO $$ BEGIN
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', 'rm ''' || current_setting('data_directory') || '/custseg_policy_hostile.bin''');
END $$;

CREATE FUNCTION pg_temp.read(document text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN pg_temp.is_sound(document::tier_policy) THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.damage(message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    p int;
    pieces text[] := ARRAY['[', ']', '{', '}', ',', ':', '\"', '-', '.', 'e', '0', '1e400', '-1', 'null', 'true', '"Infinity"', 'NaN',
        '\u0000', '\ud800', '9223372036854775808', '1e-400', '0.5', '"tiers":', '"version":2,', '"x":[],', ' ', 'é', '2147483648', '(', ')', '((((',
        ' and ', ' or ', ' any 1 of (', ' all of (', ' any 0 of (spend > 1)', ' any 3000000000 of (spend > 1)', ' between ', '>=', '<', '<>', '!=', '=',
        'spend', ' not ', '"enter":"spend > 1",', '"keep": null,', '"stay":"1 month -2 days",', '"grace": "1 hour",', '"validity": "178000000 years",',
        '"window": "rolling 0 months",', '"tier": "potential",', '{"tier":"x"},', repeat('(', 200), repeat('x', 100), '"stay": 5,', '😀', '\\'];
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::int LOOP
        p := floor(random() * length(message))::int;
        message := CASE floor(random() * 4)::int
            WHEN 0 THEN left(message, p) || pieces[1 + floor(random() * cardinality(pieces))::int] || substr(message, p + 1)
            WHEN 1 THEN left(message, p) || pieces[1 + floor(random() * cardinality(pieces))::int] || substr(message, p + 2)
            WHEN 2 THEN left(message, p) || substr(message, p + 2 + floor(random() * 4)::int)
            -- a number or a word replaced as a whole, which most often leaves well-formed JSON
            ELSE regexp_replace(message, pg_temp.pick(ARRAY['\d+(?=[,\]])', '\d+', '"[a-z]+"(?=,)', '(?<=: )"[^"]*"', '[<>]=?', ' [a-z]+ ']),
                replace(pieces[1 + floor(random() * cardinality(pieces))::int], '\', '\\'))
        END;
    END LOOP;
    RETURN message;
END $$;

SELECT is_empty($$SELECT policy FROM sample WHERE pg_temp.read(policy::text) <> 'ok'$$, 'undamaged texts are read');
INSERT INTO outcome SELECT 'text', pg_temp.read(message), message
FROM (SELECT pg_temp.damage(policy::text) FROM sample, generate_series(1, 50) OFFSET 0) s(message);
INSERT INTO outcome SELECT 'text', pg_temp.read(message), message
FROM (SELECT pg_temp.damage(policy::text) FROM sample, generate_series(1, 3000) WHERE policy::text LIKE '%vip%' OFFSET 0) s(message);
-- 22P05: \u0000 in jsonb. 22007, 22008, 22015: a span of time that interval refuses.
SELECT is_empty($$SELECT outcome, count(*), min(input) FROM outcome
    WHERE form = 'text' AND outcome NOT IN ('ok', '22P02', '22P05', '22023', '22003', '22007', '22008', '22015', '54000') GROUP BY 1$$,
    'damaged texts are refused with a clean error, or are other sound policies');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'text' AND outcome = '22P02'), '>=', 5000::bigint, 'most are refused');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'text' AND outcome = 'ok'), '>=', 200::bigint, 'some are other policies');
SELECT matches(pg_temp.read(d), '^(22P02|54000|54001)$', 'nesting without end: ' || left(d, 60))
FROM unnest(ARRAY[repeat('[', 100000), '{"tiers": ' || repeat('[', 5000),
    '{"tiers": [{"tier": "a"}, {"tier": "b", "enter": "' || repeat('(', 5000) || 'x > 1' || repeat(')', 5000) || '"}]}',
    '{"tiers": [{"tier": "a"}, {"tier": "b", "enter": "' || repeat('(', 4000000) || '"}]}',
    '{"tiers": [{"tier": "a"}, {"tier": "b", "enter": "' || repeat('any of (', 3000) || 'x > 1' || repeat(')', 3000) || '"}]}']) d;

-- --- measures and overrides ---

CREATE FUNCTION pg_temp.decided(policy tier_policy, current text, since date, m jsonb, overrides jsonb, as_of date, grace_since date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    r := next_tier(policy, current, since, m, overrides, as_of, grace_since);
    RETURN CASE WHEN r.transition IS NOT NULL AND r.reason <> '' THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.decided(policy tier_policy, m float8[], names text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    r := next_tier(policy, NULL, NULL, m, names, NULL, '2024-02-29');
    RETURN CASE WHEN r.transition = 'enter' AND r.reason <> '' THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

SELECT policy::text AS vip FROM sample WHERE policy::text LIKE '%vip%' \gset
CREATE FUNCTION pg_temp.junk(depth int DEFAULT 0) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE floor(random() * (11 + CASE WHEN depth < 4 THEN 6 ELSE 0 END))::int
        WHEN 0 THEN 'null' WHEN 1 THEN 'true' WHEN 2 THEN '"vip"' WHEN 3 THEN '1e400' WHEN 4 THEN '-0' WHEN 5 THEN '1e-400' WHEN 6 THEN '"2024-01-01"'
        WHEN 7 THEN '"2024-02-30"' WHEN 8 THEN '"infinity"' WHEN 9 THEN '""' WHEN 10 THEN '5'
        WHEN 11 THEN '[]' WHEN 12 THEN '{}' WHEN 13 THEN '[' || pg_temp.junk(depth + 1) || ', ' || pg_temp.junk(depth + 1) || ']'
        WHEN 14 THEN '{"kind": ' || pg_temp.pick(ARRAY['"pin"', '"floor"', '"exclude"', pg_temp.junk(depth + 1)]) || ', "tier": ' || pg_temp.pick(ARRAY['"vip"', '"regular"', pg_temp.junk(depth + 1)])
            || ', "from": ' || pg_temp.junk(depth + 1) || '}'
        WHEN 15 THEN '{"spend": ' || pg_temp.junk(depth + 1) || ', "frequency": 5, "tenure": ' || pg_temp.junk(depth + 1) || '}'
        ELSE '[{"kind": "exclude", "until": ' || pg_temp.junk(depth + 1) || ', "author": ' || pg_temp.junk(depth + 1) || '}, {"kind": "floor", "tier": "vip", "reason": '
            || pg_temp.junk(depth + 1) || '}]'
    END;
END $$;

INSERT INTO outcome SELECT 'measures', pg_temp.decided(:'vip', 'regular', '2024-01-01', m::jsonb, NULL, '2024-02-29', NULL), m
FROM (SELECT CASE WHEN random() < 0.5 THEN pg_temp.junk() ELSE '{"spend": ' || pg_temp.junk(3) || ', "frequency": ' || pg_temp.junk(3) || ', "tenure": 1}' END
      FROM generate_series(1, 4000) OFFSET 0) s(m);
SELECT is_empty($$SELECT outcome, count(*), min(input) FROM outcome WHERE form = 'measures' AND outcome NOT IN ('ok', '22023', '22003') GROUP BY 1$$,
    'junk as measures');
INSERT INTO outcome SELECT 'overrides', pg_temp.decided(:'vip', 'regular', '2024-01-01', '{"spend": 1, "frequency": 2, "tenure": null}', o::jsonb, '2024-02-29', NULL), o
FROM (SELECT CASE WHEN random() < 0.5 THEN pg_temp.junk() ELSE '[' || pg_temp.junk() || ']' END FROM generate_series(1, 6000) OFFSET 0) s(o);
SELECT is_empty($$SELECT outcome, count(*), min(input) FROM outcome WHERE form = 'overrides' AND outcome NOT IN ('ok', '22023') GROUP BY 1$$,
    'junk as overrides');
SELECT is((SELECT array_agg(DISTINCT form ORDER BY form) FROM outcome WHERE form IN ('measures', 'overrides') AND outcome = 'ok'),
    ARRAY['measures', 'overrides'], 'of which some is none');

-- Arrays: the policy needs spend, frequency and tenure.
SELECT is(pg_temp.decided(:'vip', m::float8[], names::text[]), want, format('measures %s, names %s', m, names))
FROM (VALUES
    ('{1,2,3}', '{spend,frequency,tenure}', 'ok'),
    ('{1,2,3}', NULL, 'ok'),
    ('{Infinity,-Infinity,NULL}', '{tenure,spend,frequency}', 'ok'),
    (NULL, NULL, 'ok'),
    (NULL, '{spend,frequency,tenure}', 'ok'),
    ('{1,2}', NULL, '22023'),
    ('{1,2,3,4}', NULL, '22023'),
    ('{}', '{}', '22023'),
    ('{}', NULL, '22023'),
    ('{1,2}', '{spend,frequency}', '22023'),
    ('{1,2,3}', '{spend,frequency}', '22023'),
    ('{1,2}', '{spend,frequency,tenure}', '22023'),
    ('{1,2,3}', '{spend,frequency,NULL}', '22023'),
    ('{1,2,3,4}', '{spend,frequency,tenure,spend}', '22023'),
    ('{1,2,3}', '{Spend,frequency,tenure}', '22023'),
    ('{1,NaN,3}', '{spend,frequency,tenure}', '22023'),
    ('{NaN,2,3}', NULL, '22023'),
    ('{{1,2,3}}', '{spend,frequency,tenure}', '22023'),
    ('{{1,2,3}}', NULL, '22023'),
    ('{1,2,3}', '{{spend,frequency,tenure}}', '22023'),
    ('[5:7]={1,2,3}', '[-1:1]={spend,frequency,tenure}', 'ok')) v(m, names, want);

-- Days at the ends of the calendar, and states that cannot be.
CREATE TABLE day (day date);
INSERT INTO day VALUES (NULL), ('-infinity'), ('infinity'), ('4714-11-24 BC'), ('5874897-12-31'), ('2024-02-29'), ('2024-02-28'), ('0001-01-01 BC');
CREATE TABLE extreme (policy tier_policy);
INSERT INTO extreme
SELECT jsonb_build_object('tiers', jsonb_build_array('{"tier": "potential"}'::jsonb, jsonb_build_object('tier', 'regular', 'enter', 'spend >= 1', 'keep', 'spend >= 0')),
    span, length, 'check', judged, 'upgrade', judged, 'period', 'half')::text::tier_policy
FROM unnest(ARRAY['stay', 'grace', 'validity']) span, unnest(ARRAY['1 day', '1 month', '170000000 years', '2000000000 days', '8 months 2147483647 days']) length,
    unnest(ARRAY['each_run', 'period_end']) judged
WHERE pg_temp.parse(jsonb_build_object('tiers', '[{"tier": "a"}]'::jsonb, span, length)::text) = 'ok';
SET LOCAL statement_timeout = '60s';
INSERT INTO outcome
SELECT 'days', pg_temp.decided(policy, current, since.day, m, NULL, as_of.day, grace.day), format('%s; %s since %s grace %s as_of %s: %s', policy, current, since.day, grace.day, as_of.day, m)
FROM extreme, unnest(ARRAY[NULL, 'regular', 'gold']) current, day since, day grace, day as_of, unnest(ARRAY['{"spend": 0}', '{"spend": -1}']::jsonb[]) m;
RESET statement_timeout;
SELECT is_empty($$SELECT outcome, count(*), min(input) FROM outcome WHERE form = 'days' AND outcome NOT IN ('ok', '22023', '22003', '22008') GROUP BY 1$$,
    'days without end or at the ends of the calendar');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE form = 'days' AND outcome = 'ok'), '>=', 100::bigint, 'some of which can be');

SELECT * FROM finish();
ROLLBACK;
