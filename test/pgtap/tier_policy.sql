-- The type tier_policy: text and binary form, conditions, what a policy must keep to, damaged input.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;

SELECT * FROM no_plan();
SELECT setseed(0.29);

-- A policy of two tiers whose upper one has this entry rule.
CREATE FUNCTION pg_temp.entry(condition text) RETURNS tier_policy LANGUAGE sql AS $$
    SELECT jsonb_build_object('tiers', jsonb_build_array('{"tier": "base"}'::jsonb,
        jsonb_build_object('tier', 'vip', 'enter', condition)))::text::tier_policy
$$;
CREATE FUNCTION pg_temp.canonical(condition text) RETURNS text LANGUAGE sql AS $$
    SELECT enter FROM tier_policy_tiers(pg_temp.entry(condition)) WHERE tier = 'vip'
$$;

-- What an input is refused with: SQLSTATE and message, and the detail of what json.c says.
CREATE FUNCTION pg_temp.refusal(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    message text;
BEGIN
    PERFORM input::tier_policy;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, message = MESSAGE_TEXT;
    RETURN SQLSTATE || ' ' || CASE WHEN message = 'invalid input for type tier_policy' THEN detail ELSE message END;
END $$;
CREATE FUNCTION pg_temp.hint(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    PERFORM input::tier_policy;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN hint;
END $$;
CREATE FUNCTION pg_temp.entry_refusal(condition text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(jsonb_build_object('tiers', jsonb_build_array('{"tier": "base"}'::jsonb,
        jsonb_build_object('tier', 'vip', 'enter', condition)))::text)
$$;

-- --- conditions: canonical text ---
CREATE TABLE good (condition text, canonical text);
INSERT INTO good VALUES
    ('spend >= 5000', 'spend >= 5000'),
    ('spend>=5000', 'spend >= 5000'),
    (E'\tspend\n >=\r 5000 ', 'spend >= 5000'),
    ('a > 1', 'a > 1'), ('a<=1', 'a <= 1'), ('a < 1', 'a < 1'), ('a=1', 'a = 1'), ('a <> 1', 'a <> 1'), ('a != 1', 'a <> 1'),
    ('a between 1 and 2', 'a between 1 and 2'), ('a BETWEEN -2 AND -1.50', 'a between -2 and -1.50'), ('a between 1 and 1', 'a between 1 and 1'),
    ('a > 1 AND b > 2 Or c > 3', 'a > 1 and b > 2 or c > 3'),
    ('a > 1 and (b > 2 or c > 3)', 'a > 1 and (b > 2 or c > 3)'),
    ('(a > 1 and b > 2) or c > 3', 'a > 1 and b > 2 or c > 3'),
    ('((a > 1) and (b > 2)) and c > 3', 'a > 1 and b > 2 and c > 3'),
    ('a > 1 or (b > 2 or c > 3)', 'a > 1 or b > 2 or c > 3'),
    ('((((a > 1))))', 'a > 1'),
    ('any 2 of (a>1,b>1,c>1)', 'any 2 of (a > 1, b > 1, c > 1)'),
    ('ANY of (a>1, b>1)', 'any of (a > 1, b > 1)'),
    ('all OF (a>1, b>1 or c>1)', 'all of (a > 1, b > 1 or c > 1)'),
    ('any 1 of (a>1)', 'any 1 of (a > 1)'),
    ('any 02 of (a>1, b>2)', 'any 2 of (a > 1, b > 2)'),
    ('any of (any 2 of (a>1,b>1,(c>1)), d>1) and e>1', 'any of (any 2 of (a > 1, b > 1, c > 1), d > 1) and e > 1'),
    ('_x1 > 1', '_x1 > 1'), ('Spend > 1', 'Spend > 1'), ('"Spend" > 1', 'Spend > 1'),
    ('"order value" > 1', '"order value" > 1'), ('"a""b" > 1', '"a""b" > 1'), ('""""> 1', '"""" > 1'),
    ('"any" > 1', '"any" > 1'), ('"AND" > 1', '"AND" > 1'), ('"1a" > 1', '"1a" > 1'), ('anyone > 1', 'anyone > 1'),
    ('umsatz_größe > 1', 'umsatz_größe > 1'), ('消费额 >= 20000', '消费额 >= 20000'), ('"消费 额" >= 20000', '"消费 额" >= 20000'),
    ('a > 5000.00', 'a > 5000.00'), ('a > +5', 'a > 5'), ('a > -5', 'a > -5'), ('a > -0', 'a > 0'), ('a > -0.00', 'a > 0.00'),
    ('a > 007', 'a > 7'), ('a > 0.50', 'a > 0.50'), ('a > .5', 'a > 0.5'), ('a > 5.', 'a > 5'), ('a > 00.5', 'a > 0.5'),
    ('a > 1e3', 'a > 1000'), ('a > 1.25E1', 'a > 12.5'), ('a > 1.25e2', 'a > 125'), ('a > 1.250e2', 'a > 125.0'), ('a > 1e-3', 'a > 0.001'),
    ('a > 12.5e-4', 'a > 0.00125'), ('a > 0e5', 'a > 0'), ('a > 0.0e-7', 'a > 0.0'), ('a > 1e+2', 'a > 100'),
    ('a > 0.1000000000000000055511151231257827', 'a > 0.1000000000000000055511151231257827'),
    ('a > 123456789012345678901234567890', 'a > 123456789012345678901234567890');
SELECT is(pg_temp.canonical(condition), canonical, regexp_replace(condition, '\s+', ' ', 'g')) FROM good;
SELECT is(pg_temp.canonical(canonical), canonical, 'canonical: ' || canonical) FROM good;
SELECT is_empty($$SELECT condition FROM good WHERE pg_temp.canonical(condition) ~ ' -?[0-9.]+$'
    AND substring(pg_temp.canonical(condition) FROM '(-?[0-9.]+)$') <> (substring(condition FROM '([-+]?[0-9.]+([eE][-+]?[0-9]+)?) *$')::numeric)::text
    AND condition !~ '0.0e-7'$$, 'numbers are written as numeric writes them');
SELECT is(pg_temp.canonical('a > 1e308'), 'a > 1' || repeat('0', 308), 'huge');
SELECT is(pg_temp.canonical('a > 1e-320'), 'a > 0.' || repeat('0', 319) || '1', 'tiny, even subnormal');
SELECT is(pg_temp.canonical(repeat('(', 99) || 'a > 1' || repeat(')', 99)), 'a > 1', '100 levels');
SELECT is(pg_temp.canonical(repeat('x', 63) || ' > 1'), repeat('x', 63) || ' > 1', 'a name of 63 bytes');

-- --- conditions: every error, with its place ---
CREATE TABLE bad (condition text, message text, place int);
INSERT INTO bad VALUES
    ('', 'expected a measure, "(", "any" or "all"', 1),
    ('   ', 'expected a measure, "(", "any" or "all"', 4),
    ('5000 <= spend', 'expected a measure, "(", "any" or "all"', 1),
    ('>= 5', 'expected a measure, "(", "any" or "all"', 1),
    ('spend', 'expected a comparison such as ">=" after "spend"', 6),
    ('spend 5', 'expected a comparison such as ">=" after "spend"', 7),
    ('spend ! 5', 'expected a comparison such as ">=" after "spend"', 7),
    ('spend => 5', 'expected a number after "="', 8),
    ('spend == 5', 'expected a number after "="', 8),
    ('spend like 5', 'expected a comparison such as ">=" after "spend"', 7),
    ('spend is null', 'expected a comparison such as ">=" after "spend"', 7),
    ('spend + 5 > 7', 'expected a comparison such as ">=" after "spend"', 7),
    ('spend >= ', 'expected a number after ">="', 10),
    ('spend >= x', 'expected a number after ">="', 10),
    ('spend >= - 5', 'expected a number after ">="', 10),
    ('spend >= 5abc', 'expected a number after ">="', 10),
    ('spend >= 1e', 'expected a number after ">="', 10),
    ('spend >= 1.2.3', 'expected a number after ">="', 10),
    ('spend >= .', 'expected a number after ">="', 10),
    ('spend >= 0x10', 'expected a number after ">="', 10),
    ('spend >= NaN', 'expected a number after ">="', 10),
    ('spend >= infinity', 'expected a number after ">="', 10),
    ('spend >= ''5''', 'expected a number after ">="', 10),
    ('spend >= 1e309', 'the number is out of the range of float8', 10),
    ('spend >= 1e-400', 'the number is out of the range of float8', 10),
    ('spend >= 1e99999999999999999999', 'the number is out of the range of float8', 10),
    ('spend >= 5 6', 'expected "and", "or" or the end after "5"', 12),
    ('spend >= 5)', 'expected "and", "or" or the end after "5"', 11),
    ('spend >= 5; drop', 'expected "and", "or" or the end after "5"', 11),
    ('spend >= 5 and', 'expected a measure, "(", "any" or "all" after "and"', 15),
    ('spend >= 5 and or', 'expected a measure after "and"', 16),
    ('spend >= 5 or 6', 'expected a measure, "(", "any" or "all" after "or"', 15),
    ('not spend >= 5', 'expected a comparison such as ">=" after "not"', 5),
    ('(spend >= 5', 'expected "and", "or" or ")" after "5"', 12),
    ('()', 'expected a measure, "(", "any" or "all" after "("', 2),
    ('(spend >= 5,', 'expected "and", "or" or ")" after "5"', 12),
    ('sum(spend) >= 5', 'expected a comparison such as ">=" after "sum"', 4),
    ('a between 1', 'expected "and" after "1"', 12),
    ('a between 1 or 2', 'expected "and" after "1"', 13),
    ('a between x and 2', 'expected a number after "between"', 11),
    ('a between 1 and x', 'expected a number after "and"', 17),
    ('a between 5 and 3.5', '3.5 is below 5: nothing is between them', 17),
    ('any', 'expected a number or "of" after "any"', 4),
    ('any x of (a > 1)', 'expected a number or "of" after "any"', 5),
    ('any 2 (a > 1)', 'expected "of" after "2"', 7),
    ('any 2.5 of (a > 1)', 'expected a whole number after "any"', 5),
    ('any -1 of (a > 1)', 'expected a whole number after "any"', 5),
    ('any 1e0 of (a > 1)', 'expected a whole number after "any"', 5),
    ('any 0 of (a > 1)', 'the number must be from 1 to 1, the number of conditions', 5),
    ('any 3 of (a > 1, b > 1)', 'the number must be from 1 to 2, the number of conditions', 5),
    ('any 99999999999999999999 of (a > 1)', 'the number must be from 1 to 1, the number of conditions', 5),
    ('all 2 of (a > 1)', 'expected "of" after "all"', 5),
    ('any of a > 1', 'expected "(" after "of"', 8),
    ('any of (a > 1', 'expected "," or ")" after "1"', 14),
    ('any of (a > 1, )', 'expected a measure, "(", "any" or "all" after ","', 16),
    ('any of (a > 1; b > 1)', 'expected "," or ")" after "1"', 14),
    ('any of ()', 'expected a measure, "(", "any" or "all" after "("', 9),
    ('and > 1', 'expected a measure', 1), ('OF > 1', 'expected a measure', 1), ('between > 1', 'expected a measure', 1),
    ('"a > 1', 'the quoted name has no end', 1),
    ('a > 1 and "b""', 'the quoted name has no end', 11),
    ('"" > 1', 'the name of a measure is empty', 1),
    ('"a" "b" > 1', 'expected a comparison such as ">=" after "a"', 5),
    (repeat('x', 64) || ' > 1', 'the name of a measure has more than 63 bytes', 1),
    ('größe >= ½', 'expected a number after ">="', 10),
    ('消费额 >= 20000 且', 'expected "and", "or" or the end after "20000"', 14),
    ('a-b > 1', 'expected a comparison such as ">=" after "a"', 2),
    ('a.b > 1', 'expected a comparison such as ">=" after "a"', 2),
    ('a > $1', 'expected a number after ">"', 5);
SELECT is(pg_temp.entry_refusal(condition),
    format('22P02 invalid condition of tier "vip": %s at character %s of "enter"', message, place), left(condition, 60)) FROM bad;
SELECT is(pg_temp.entry_refusal(repeat('(', 100) || 'a > 1' || repeat(')', 100)),
    '54000 invalid condition of tier "vip": it is nested more than 100 levels deep at character 101 of "enter"', 'too deep');
SELECT is(pg_temp.entry_refusal('a > 1' || repeat(' ', 9996)),
    '54000 invalid condition of tier "vip": it has more than 10000 bytes at character 10001 of "enter"', 'too long');
SELECT is(pg_temp.entry_refusal(rtrim(repeat('a>1 or ', 40), ' or ') || repeat(' or a>1e300', 33)),
    '54000 invalid condition of tier "vip": in canonical form "enter" has 10553 bytes, more than 10000', 'too long as decimals');
SELECT is(pg_temp.refusal('{"tiers": [{"tier": "b"}, {"tier": "x", "enter": "a > 1", "keep": "a > "}]}'),
    '22P02 invalid condition of tier "x": expected a number after ">" at character 5 of "keep"', 'in the keep rule');

-- --- the document: canonical text ---
CREATE TABLE document (input text, output text);
INSERT INTO document VALUES
    ('{"tiers": [{"tier": "all"}]}', '{"version": 1, "tiers": [{"tier": "all"}]}'),
    ('{"upgrade": "each_run", "tiers": [{"tier": "b"}, {"keep": "a>1", "tier": "v", "enter": "a > 1"}], "downgrade": "one_step", "check": "each_run", "period": "month", "requalify_by": "keep", "window": null, "stay": null, "version": 1}',
     '{"version": 1, "tiers": [{"tier": "b"}, {"tier": "v", "enter": "a > 1"}]}'),
    ('{"window": "rolling 1 months", "requalify_by": "enter", "validity": "1 year", "grace": "P2W", "stay": "14 months", "period": "half", "check": "period_end", "downgrade": "to_base", "upgrade": "period_end",
      "tiers": [{"tier": "b", "validity": "1 year 3 days"}, {"validity": "0", "grace": "1 day", "stay": "1 mon", "keep": "a>1", "enter": "a>2", "tier": "v"}]}',
     '{"version": 1, "tiers": [{"tier": "b", "validity": "12 months 3 days"}, {"tier": "v", "enter": "a > 2", "keep": "a > 1", "stay": "1 month", "grace": "1 day", "validity": "0 days"}], "upgrade": "period_end", "downgrade": "to_base", "check": "period_end", "period": "half", "stay": "14 months", "grace": "14 days", "validity": "12 months", "requalify_by": "enter", "window": "rolling 1 month"}'),
    ('{"tiers": [{"tier": "Stamm\"kunde"}, {"tier": "重要价值", "enter": "\"a \\ b\" > 1"}], "period": "year", "window": "anniversary", "downgrade": "never"}',
     '{"version": 1, "tiers": [{"tier": "Stamm\"kunde"}, {"tier": "重要价值", "enter": "\"a \\ b\" > 1"}], "downgrade": "never", "period": "year", "window": "anniversary"}'),
    ('{"tiers": [{"tier": "b"}, {"tier": "v", "enter": "a > 1"}], "stay": "1.5 months", "grace": "@ 3 days", "downgrade": "requalify", "period": "quarter"}',
     '{"version": 1, "tiers": [{"tier": "b"}, {"tier": "v", "enter": "a > 1"}], "downgrade": "requalify", "period": "quarter", "stay": "1 month 15 days", "grace": "3 days"}');
SELECT is(input::tier_policy::text, output, left(output, 60)) FROM document;
SELECT is(output::tier_policy::text, output, 'again') FROM document;
SELECT is(input::tier_policy::jsonb, output::jsonb, 'cast to jsonb') FROM document;
SET LOCAL intervalstyle = 'sql_standard';
SELECT is(input::tier_policy::text, output, 'whatever IntervalStyle is') FROM document;
SET LOCAL intervalstyle = 'iso_8601';
SELECT is(input::tier_policy::text, output, 'whatever IntervalStyle is') FROM document;
RESET intervalstyle;
SELECT is((SELECT array_agg(w) FROM unnest('{lifetime,rolling 12 months,month,quarter,half,year,anniversary}'::text[]) w
    WHERE format('{"tiers": [{"tier": "b"}], "window": "%s"}', w)::tier_policy::jsonb ->> 'window' = w), '{lifetime,rolling 12 months,month,quarter,half,year,anniversary}', 'windows');

-- --- the document: errors ---
CREATE FUNCTION pg_temp.with_key(key text, value text) RETURNS text LANGUAGE sql AS $$
    SELECT format('{"tiers": [{"tier": "b"}, {"tier": "v", "enter": "a > 1"}], "%s": %s}', key, value)
$$;
CREATE TABLE refused (input text, error text);
INSERT INTO refused VALUES
    ('{}', '22P02 "tiers" is missing.'),
    ('[]', '22P02 The text must be a JSON object.'),
    ('{"tiers": [}', '22P02 invalid input syntax for type json'),
    ('{"tiers": []}', '22P02 "tiers" has 0 elements; 1 to 100 are allowed.'),
    ('{"tiers": {"tier": "b"}}', '22P02 "tiers" must be an array of objects, not an object.'),
    ('{"tiers": ["b"]}', '22P02 "tiers"[0] must be an object, not "b".'),
    ('{"tiers": [{"enter": "a > 1"}]}', '22P02 "tiers"."tier" is missing.'),
    ('{"tiers": [{"tier": 7}]}', '22P02 "tiers"."tier" must be a string, not 7.'),
    ('{"tiers": [{"tier": ""}]}', '22P02 the name of tier 1 is empty'),
    (format('{"tiers": [{"tier": "%s"}]}', repeat('x', 201)), '22P02 the name of tier 1 has 201 bytes; at most 200 are allowed'),
    ('{"tiers": [{"tier": "b"}, {"tier": "b", "enter": "a > 1"}]}', '22P02 tier "b" is named twice'),
    ('{"tiers": [{"tier": "b", "color": 1}]}', '22P02 Key "color" of "tiers" is not known.'),
    ('{"tiers": [{"tier": "b", "enter": "a > 1"}]}', '22P02 the lowest tier "b" must not have the rule "enter"'),
    ('{"tiers": [{"tier": "b", "keep": "a > 1"}]}', '22P02 the lowest tier "b" must not have the rule "keep"'),
    ('{"tiers": [{"tier": "b"}, {"tier": "v"}]}', '22P02 tier "v" has no entry rule'),
    ('{"tiers": [{"tier": "b"}, {"tier": "v", "keep": "a > 1"}]}', '22P02 tier "v" has no entry rule'),
    ('{"tiers": [{"tier": "b"}, {"tier": "v", "enter": 5}]}', '22P02 "tiers"."enter" must be a string, not 5.'),
    (pg_temp.with_key('version', '2'), '22P02 Its version is 2, this custseg reads version 1.'),
    (pg_temp.with_key('colour', '2'), '22P02 Key "colour" is not known.'),
    (pg_temp.with_key('upgrade', '"never"'), '22P02 "upgrade" must be "each_run" or "period_end", not "never".'),
    (pg_temp.with_key('downgrade', '"always"'), '22P02 "downgrade" must be "never", "one_step", "requalify" or "to_base", not "always".'),
    (pg_temp.with_key('check', '1'), '22P02 "check" must be "each_run" or "period_end", not 1.'),
    (pg_temp.with_key('period', '"week"'), '22P02 "period" must be "month", "quarter", "half" or "year", not "week".'),
    (pg_temp.with_key('requalify_by', '"both"'), '22P02 "requalify_by" must be "enter" or "keep", not "both".'),
    (pg_temp.with_key('stay', '30'), '22P02 "stay" must be a length of time in whole days, months or years, such as "6 months", of at most 1000 years, not 30.'),
    (pg_temp.with_key('stay', '"36 hours"'), '22P02 "stay" must be a length of time in whole days, months or years, such as "6 months", of at most 1000 years, not "36 hours".'),
    (pg_temp.with_key('stay', '"0.5 days"'), '22P02 "stay" must be a length of time in whole days, months or years, such as "6 months", of at most 1000 years, not "0.5 days".'),
    (pg_temp.with_key('grace', '"-1 day"'), '22P02 "grace" must be a length of time in whole days, months or years, such as "6 months", of at most 1000 years, not "-1 day".'),
    (pg_temp.with_key('grace', '"1 day ago"'), '22P02 "grace" must be a length of time in whole days, months or years, such as "6 months", of at most 1000 years, not "1 day ago".'),
    (pg_temp.with_key('validity', '"1 month -3 days"'), '22P02 "validity" must be a length of time in whole days, months or years, such as "6 months", of at most 1000 years, not "1 month -3 days".'),
    (pg_temp.with_key('validity', '"1001 years"'), '22P02 "validity" must be a length of time in whole days, months or years, such as "6 months", of at most 1000 years, not "1001 years".'),
    (pg_temp.with_key('validity', '"soon"'), '22007 invalid input syntax for type interval: "soon"'),
    ('{"tiers": [{"tier": "b", "stay": "1 hour"}]}', '22P02 "tiers"."stay" must be a length of time in whole days, months or years, such as "6 months", of at most 1000 years, not "1 hour".'),
    (pg_temp.with_key('window', '"rolling 0 months"'), '22P02 "window" must be lifetime, rolling N months, month, quarter, half, year or anniversary, not "rolling 0 months".'),
    (pg_temp.with_key('window', '"Month"'), '22P02 "window" must be lifetime, rolling N months, month, quarter, half, year or anniversary, not "Month".'),
    (pg_temp.with_key('window', '""'), '22P02 "window" must be lifetime, rolling N months, month, quarter, half, year or anniversary, not "".');
SELECT is(pg_temp.refusal(input), error, left(error, 60)) FROM refused;
SELECT is(pg_temp.refusal((SELECT format('{"tiers": [{"tier": "b"}%s]}', string_agg(format(', {"tier": "t%s", "enter": "a >= %s"}', i, i), '')) FROM generate_series(1, n) i)),
    expected, n + 1 || ' tiers') FROM (VALUES (99, 'accepted'), (100, '22P02 "tiers" has 101 elements; 1 to 100 are allowed.')) v(n, expected);
SELECT is(pg_temp.hint('{"tiers": [{"tier": "b", "enter": "a > 1"}]}'),
    'Add a base tier below it, for customers who meet no other tier''s rule: {"tier": "base"}.', 'hint: a base tier');
SELECT is(pg_temp.hint('{"tiers": [{"tier": "b"}, {"tier": "v"}]}'),
    'Every tier above the lowest one needs "enter", such as "spend >= 1000".', 'hint: an entry rule');

-- --- what a policy must keep to ---
CREATE TABLE kept (enter text, keep text, example text);
INSERT INTO kept VALUES
    ('spend >= 5000', 'spend >= 4000', NULL), ('spend >= 5000', 'spend >= 5000.00', NULL), ('spend > 5000', 'spend >= 5000', NULL),
    ('spend >= 5000', 'spend >= 6000', 'spend = 5000'), ('spend >= 5000', 'spend > 5000', 'spend = 5000'),
    ('spend >= 5000', 'spend < 9000', 'spend = 9000'), ('spend >= 5000', 'spend <> 7000', 'spend = 7000'),
    ('spend <> 7', 'spend < 8 or spend > 6', NULL), ('spend <> 7', 'spend < 7 or spend > 8', 'spend = 8'),
    ('spend = 5', 'spend between 4 and 6', NULL), ('spend between 4 and 6', 'spend between 4 and 5', 'spend = 6'),
    ('spend between 4 and 6', 'spend <= 4 or spend >= 6', 'spend = 5'), ('spend between 4 and 5', 'spend <= 4 or spend >= 5', 'spend = 4.5'),
    ('a > 1 and b > 1', 'a > 1', NULL), ('a > 1 and b > 1', 'a > 1 and c > 1', 'a = 2, b = 2, c = 1'), ('a > 1 or b > 1', 'a > 1', 'a = 1, b = 2'),
    ('a > 1', 'a > 1 or b > 1', NULL), ('a > 1', 'b > 1 or b <= 1', 'a = 2, b unknown'),
    ('a > 1 and (b > 1 or b <= 1)', 'b > 1 or b <= 1', NULL), ('a > 1 and b <> 3', 'b < 3 or b > 3', NULL),
    ('any 2 of (a > 3, b > 3, c > 3)', 'any 2 of (a > 2, b > 2, c > 2)', NULL),
    ('any 2 of (a > 3, b > 3, c > 3)', 'any 3 of (a > 2, b > 2, c > 2)', 'a = 2, b = 4, c = 4'),
    ('any 2 of (a > 3, b > 3, c > 3)', 'a > 3 and b > 3 or a > 3 and c > 3 or b > 3 and c > 3', NULL),
    ('a >= 1 and b >= 1 and c >= 1 and d >= 1 and e >= 1 and f >= 1 and g >= 1 and h >= 1', 'any 5 of (a >= 0.8, b >= 0.8, c >= 0.8, d >= 0.8, e >= 0.8, f >= 0.8, g >= 0.8, h >= 0.8)', NULL),
    ('a >= 1 and a <= 1.0000000000000002', 'a = 1 or a = 1.0000000000000002', NULL),
    ('a >= 1 and a <= 1.0000000000000004', 'a = 1 or a = 1.0000000000000004', 'a = 1.0000000000000002'),
    ('a > 1e300', 'a > 1e300 and a < 1.7e308', 'a = 1.7e+308');
SELECT is(pg_temp.refusal(jsonb_build_object('tiers', jsonb_build_array('{"tier": "b"}'::jsonb, jsonb_build_object('tier', 'v', 'enter', enter, 'keep', keep)))::text),
    CASE WHEN example IS NULL THEN 'accepted' ELSE format('22023 tier "v" can be entered and not kept: %s enters but does not keep', example) END,
    enter || ' => ' || keep) FROM kept;
SELECT is(pg_temp.hint('{"tiers": [{"tier": "b"}, {"tier": "v", "enter": "a > 1", "keep": "a > 2"}]}'),
    'Whoever meets "enter" must also meet "keep"; a lower bar to keep a tier than to enter it is the usual choice.', 'hint: retention');
SELECT is(pg_temp.entry_refusal(c), CASE WHEN c LIKE '%never%' OR c = x THEN format('22023 the rule "enter" of tier "vip" can never hold: %s', x) ELSE 'accepted' END, c)
FROM (VALUES ('spend > 5 and spend < 3', 'spend > 5 and spend < 3'), ('spend > 5 and spend < 6', NULL), ('a = 1 and a = 2', 'a = 1 and a = 2'),
    ('a = 1 and a <> 1 or b > 2', NULL), ('any 2 of (a < 1, a between 1 and 2, a > 2)', 'any 2 of (a < 1, a between 1 and 2, a > 2)'),
    ('a > 1 and a < 1.0000000000000002', 'a > 1 and a < 1.0000000000000002')) v(c, x);
SELECT is(pg_temp.refusal('{"tiers": [{"tier": "b"}, {"tier": "v", "enter": "a > 1", "keep": "a > 1 and a < 1"}]}'),
    '22023 the rule "keep" of tier "v" can never hold: a > 1 and a < 1', 'the keep rule');
SELECT is(pg_temp.refusal(format('{"tiers": [{"tier": "b"}, {"tier": "x", "enter": "%s"}, {"tier": "y", "enter": "%s"}]}', lower, higher)),
    CASE WHEN good THEN 'accepted' ELSE '22023 tier "x" can never be entered: whoever meets its entry rule meets that of the higher tier "y"' END, lower || ' below ' || higher)
FROM (VALUES ('a >= 1', 'a >= 2', true), ('a >= 2', 'a >= 1', false), ('a >= 1', 'a >= 1', false), ('a > 1 and b > 1', 'a > 1', false),
    ('a > 1', 'b > 1', true), ('any 2 of (a > 1, b > 1, c > 1)', 'any of (a > 1, b > 1, c > 1)', false), ('a <= 2', 'a <= 1', true)) v(lower, higher, good);
SELECT is(pg_temp.refusal('{"tiers": [{"tier": "b"}, {"tier": "x", "enter": "a > 5"}, {"tier": "y", "enter": "b > 5"}, {"tier": "z", "enter": "a > 4"}]}'),
    '22023 tier "x" can never be entered: whoever meets its entry rule meets that of the higher tier "z"', 'not only the next tier');
-- 24 measures with 4 regions each, in pairs: no pruning helps.
SELECT is(pg_temp.refusal(jsonb_build_object('tiers', jsonb_build_array('{"tier": "b"}'::jsonb, jsonb_build_object('tier', 'v',
    'enter', (SELECT string_agg(format('(m%s > 1 or m%s > 1)', i, (i * 7 + 3) % 24), ' and ') FROM generate_series(0, 23) i),
    'keep', (SELECT string_agg(format('(m%s > 1 and m%s > 1)', i, (i * 5 + 1) % 24), ' or ') FROM generate_series(0, 23) i))))::text) ~ '^(54000 the rules are too complex|22023 tier "v" can be entered and not kept|accepted)',
    true, 'a hard one ends, with an answer or a limit');
SELECT is(pg_temp.refusal(jsonb_build_object('tiers', jsonb_build_array('{"tier": "b"}'::jsonb, jsonb_build_object('tier', 'v',
    -- the pigeonhole principle: 11 pigeons, 10 holes
    'enter', (SELECT string_agg('(' || c || ')', ' and ') FROM (
        SELECT string_agg(format('p%s_%s = 1', p, h), ' or ') AS c FROM generate_series(1, 11) p, generate_series(1, 10) h GROUP BY p
        UNION ALL SELECT format('p%s_%s = 0 or p%s_%s = 0', p, h, q, h) FROM generate_series(1, 11) p, generate_series(1, 11) q, generate_series(1, 10) h WHERE p < q AND p * q % 4 > 0) s))))::text) ~ '^54000 ',
    true, 'the limit of the search');

-- --- binary form ---
CREATE TABLE sample AS
SELECT input::tier_policy AS p FROM document
UNION ALL SELECT tier_policy_template(t) FROM unnest('{vip_regular_potential,abc,high_medium_low,quick_start}'::text[]) t
UNION ALL SELECT pg_temp.entry(condition) FROM good;
CREATE TABLE received (p tier_policy);
SELECT current_setting('data_directory') || '/custseg_tier_policy.bin' AS file \gset
COPY (SELECT p FROM sample) TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
SELECT results_eq('SELECT p::text FROM received ORDER BY 1', 'SELECT p::text FROM sample ORDER BY 1', 'binary form');
SELECT is_empty('SELECT p FROM sample WHERE p::text::tier_policy::text <> p::text', 'text form');
SELECT is_empty('SELECT 1 FROM sample s JOIN received r ON s.p::text = r.p::text WHERE tier_policy_send(s.p) <> tier_policy_send(r.p)', 'equal policies, equal bytes');

-- --- thousands of damaged inputs ---
CREATE FUNCTION pg_temp.hand_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('custseg_test.received', NEW.p::text, true);
    RETURN NULL;
END $$;
CREATE TRIGGER hand_on BEFORE INSERT ON received FOR EACH ROW EXECUTE FUNCTION pg_temp.hand_on();
CREATE FUNCTION pg_temp.try(form text, message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_tier_policy.bin';
    p tier_policy;
BEGIN
    IF form = 'binary' THEN
        EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', message, file);
        EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
        p := current_setting('custseg_test.received');
    ELSE
        p := convert_from(message, 'UTF8');
    END IF;
    RETURN CASE WHEN p::text::tier_policy::text = p::text
        AND (next_tier(p, NULL, NULL, NULL::jsonb, NULL, '2024-01-31')).tier = (SELECT tier FROM tier_policy_tiers(p) WHERE position = 1)
        THEN 'ok' ELSE 'unsound' END;
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
    SELECT CASE floor(random() * 3)::int
        WHEN 0 THEN left(message, p) || piece || substr(message, p + 1)
        WHEN 1 THEN left(message, p) || substr(message, p + 2 + floor(random() * 3)::int)
        ELSE regexp_replace(message, '[0-9]+', piece) END
    FROM (SELECT floor(random() * length(message))::int AS p,
        (ARRAY['-1', '1e999', '0', '9', 'and', ' or ', '(', ')', '{', ',', '\"', 'null', ' any 2 of (', 'between', '<', '7.5', ' ', '"x": 1,', '99999999999999999999'])[1 + floor(random() * 19)::int] AS piece) s
$$;
CREATE TABLE outcome AS
SELECT 'binary' AS form, pg_temp.try('binary', pg_temp.damaged(tier_policy_send(p))) AS outcome FROM sample, generate_series(1, 25)
UNION ALL
SELECT 'text', pg_temp.try('text', convert_to(pg_temp.damaged(p::text), 'UTF8')) FROM sample, generate_series(1, 60);
-- 08P01: the message ends too early, or too late. 22021: bytes that are no characters.
SELECT is_empty($$SELECT form, outcome, count(*) FROM outcome WHERE form = 'binary' AND outcome NOT IN ('ok', '22P03', '08P01', '22023', '22021') GROUP BY 1, 2$$, 'damaged bytes: refused, or another sound policy');
SELECT is_empty($$SELECT form, outcome, count(*) FROM outcome WHERE form = 'text' AND outcome NOT IN ('ok', '22P02', '22023', '22003', '22007') GROUP BY 1, 2$$, 'damaged text: refused with an error of class 22, or another sound policy');
SELECT is_empty($$SELECT form, outcome, count(*) FROM outcome WHERE outcome IN ('ok', '22P02', '22P03') GROUP BY 1, 2 HAVING count(*) < 20$$, 'both were seen many times');

-- --- what a policy says ---
SELECT is(tier_policy_measures('{"tiers": [{"tier": "b"}]}'), '{}', 'no measures');
SELECT is(tier_policy_measures('{"tiers": [{"tier": "b"}, {"tier": "x", "enter": "c > 1 and \"A b\" > 1", "keep": "c > 1 or d > 1"}, {"tier": "y", "enter": "b > 1 and c > 2 and a > 1"}]}'),
    ARRAY['c', 'A b', 'd', 'b', 'a'], 'measures in the order of their first appearance');
SELECT results_eq($$SELECT * FROM tier_policy_tiers('{"tiers": [{"tier": "b"}, {"tier": "x", "enter": "c>1"}, {"tier": "y", "enter": "c>5", "keep": "c>4"}]}')$$,
    $$VALUES (1, 'b', NULL, NULL), (2, 'x', 'c > 1', 'c > 1'), (3, 'y', 'c > 5', 'c > 4')$$, 'tiers');
SELECT is(tier_policy_measures(NULL), NULL, 'NULL');
SELECT is((SELECT count(*) FROM tier_policy_tiers(NULL)), 0::bigint, 'no policy, no tiers');
SELECT is((SELECT string_agg(tier, '<' ORDER BY position) FROM tier_policy_tiers(tier_policy_template(t))), expected, t)
FROM (VALUES ('vip_regular_potential', 'potential<regular<vip'), ('abc', 'C<B<A'), ('high_medium_low', 'low<medium<high'), ('quick_start', 'occasional<regular<best')) v(t, expected);
SELECT throws_ok($$SELECT tier_policy_template('gold')$$, '22023', 'there is no tier policy template "gold"');

-- --- measure_window ---
SELECT is(measure_window(w, as_of, enrolled), expected::daterange, format('%s at %s', w, as_of))
FROM (VALUES ('lifetime', date '2024-02-29', NULL::date, '(,2024-03-01)'), ('lifetime', '2024-02-29', '2020-01-01', '(,2024-03-01)'),
    ('rolling 12 months', '2024-12-31', NULL, '[2024-01-01,2025-01-01)'), ('rolling 12 months', '2024-02-28', NULL, '[2023-02-28,2024-02-29)'),
    ('rolling 1 month', '2024-03-30', NULL, '[2024-02-29,2024-03-31)'), ('rolling 12 months', '2024-02-29', NULL, '[2023-03-01,2024-03-01)'),
    ('rolling 1 months', '2023-03-30', NULL, '[2023-02-28,2023-03-31)'),
    ('month', '2024-02-29', NULL, '[2024-02-01,2024-03-01)'), ('quarter', '2024-05-15', NULL, '[2024-04-01,2024-05-16)'),
    ('half', '2024-06-30', NULL, '[2024-01-01,2024-07-01)'), ('half', '2024-07-01', NULL, '[2024-07-01,2024-07-02)'), ('year', '2024-12-31', NULL, '[2024-01-01,2025-01-01)'),
    ('anniversary', '2024-03-01', '2020-02-29', '[2024-02-29,2024-03-02)'), ('anniversary', '2023-02-27', '2020-02-29', '[2022-02-28,2023-02-28)'),
    ('anniversary', '2023-02-28', '2020-02-29', '[2023-02-28,2023-03-01)'), ('anniversary', '2024-02-28', '2020-02-29', '[2023-02-28,2024-02-29)'),
    ('anniversary', '2024-05-05', '2024-05-05', '[2024-05-05,2024-05-06)'), ('anniversary', '2025-05-04', '2024-05-05', '[2024-05-05,2025-05-05)'),
    ('month', '0001-01-15 BC', NULL, '["0001-01-01 BC","0001-01-16 BC")')) v(w, as_of, enrolled, expected);
SELECT is(measure_window(NULL, '2024-01-01'), NULL, 'no window');
SELECT is(measure_window('month', NULL), NULL, 'no day');
SELECT is(measure_window("window" => 'month', as_of => '2024-01-05'), '[2024-01-01,2024-01-06)', 'named');
SELECT throws_ok(format('SELECT measure_window(%L, ''2024-01-01'')', w), '22023', format('there is no window "%s"', w))
FROM unnest(ARRAY['', 'MONTH', 'rolling 0 months', 'rolling 12001 months', 'rolling 2 month', 'rolling  2 months', 'rolling -1 months', 'rolling 2 months ', 'rolling 99999999999 months', 'week']) w;
SELECT throws_ok($$SELECT measure_window('anniversary', '2024-01-01')$$, '22023', 'the window ''anniversary'' needs enrolled, the day on which the customer enrolled');
SELECT throws_ok($$SELECT measure_window('anniversary', '2024-01-01', '2024-01-02')$$, '22023', 'enrolled must not be after as_of');
SELECT throws_ok($$SELECT measure_window('month', 'infinity')$$, '22023', 'as_of must be a finite date, not infinity');
SELECT throws_ok($$SELECT measure_window('anniversary', '2024-01-01', '-infinity')$$, '22023', 'enrolled must be a finite date, not -infinity');

\set remove 'rm ' :file
COPY (SELECT) TO PROGRAM :'remove';
SELECT * FROM finish();
ROLLBACK;
