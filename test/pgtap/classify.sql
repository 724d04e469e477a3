-- classify: exact keys, prefixes, the default; against slow SQL on random keys and values; errors.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(24);
SELECT setseed(0.62);

SELECT is(classify(value, '{"62*": "IT", "6420": "holding", "6*": "services", "*": "other", "": "empty", "6*0": "odd"}'), class, format('%L', value))
FROM (VALUES ('6201', 'IT'), ('6420', 'holding'), ('64200', 'services'), ('62', 'IT'), ('6', 'services'), ('7', 'other'),
    ('', 'empty'), (NULL, 'other'), ('6*0', 'odd'), ('62*', 'IT')) v(value, class);
SELECT is(classify(value, '{"a": "x", "bb*": "y"}'), class, format('without a default: %L', value))
FROM (VALUES ('a', 'x'), ('A', NULL), ('b', NULL), ('bb', 'y'), ('', NULL), (NULL, NULL)) v(value, class);
SELECT is(classify('a', '{}'), NULL, 'no keys');
SELECT is(classify('a', NULL), NULL, 'no classes');
SELECT is(classify('上海市', '{"上海*": "华东", "*": "其他"}'), '华东', 'other scripts');

CREATE FUNCTION pg_temp.oracle(value text, classes jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT c FROM jsonb_each_text(classes) e(k, c)
    WHERE right(k, 1) = '*' AND left(value, length(k) - 1) = left(k, -1) OR right(k, 1) <> '*' AND k = value
    ORDER BY right(k, 1) <> '*' DESC, length(k) DESC LIMIT 1
$$;
CREATE FUNCTION pg_temp.word(longest int) RETURNS text LANGUAGE sql VOLATILE AS
    'SELECT coalesce(string_agg(chr(97 + floor(random() * 3)::int), ''''), '''') FROM generate_series(1, floor(random() * (0.5 + $1))::int)';
CREATE TABLE pair AS
SELECT (SELECT jsonb_object_agg(pg_temp.word(4) || CASE WHEN random() < 0.7 THEN '*' ELSE '' END, n || '') || '{"zz": "z"}'
        FROM generate_series(1, 1 + i % 12) n) AS classes,
    pg_temp.word(6) AS value
FROM generate_series(1, 4000) i;
SELECT cmp_ok((SELECT count(DISTINCT classify(value, classes)) FROM pair), '>', 5::bigint, 'random pairs have many answers');
SELECT is_empty('SELECT * FROM pair WHERE classify(value, classes) IS DISTINCT FROM pg_temp.oracle(value, classes)',
    '4,000 random pairs agree with slow SQL');

SELECT throws_ok($$ SELECT classify('a', '[]') $$, '22023', 'classes must be a JSON object');
SELECT throws_ok($$ SELECT classify('a', '"x"') $$, '22023', 'classes must be a JSON object');
SELECT throws_ok($$ SELECT classify('a', '{"b*": 5}') $$, '22023', 'the class of "b*" must be a text');

SELECT * FROM finish();
ROLLBACK;
