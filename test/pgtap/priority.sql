-- priority_rank, priority_score, attribute_boost and cross_class by hand, and their errors.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(69);

CREATE TABLE customer (id int, value numeric, potential float8, need int, region text);
INSERT INTO customer VALUES (1, 10, 5, 1, 'n'), (2, 10, 5, 2, 'n'), (3, NULL, 9, 9, 's'), (4, 10, NULL, 3, 's'), (5, 3, 3, 3, 's'), (6, 10, 5, 1, 'n');

-- The ranks by an expression, in the order of id.
CREATE FUNCTION pg_temp.ranks(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT string_agg(coalesce(r::text, ''-''), '' '' ORDER BY id) FROM (SELECT id, %s AS r FROM customer) s', expression) INTO result;
    RETURN result;
END $$;

-- --- without weights ---
SELECT is(pg_temp.ranks('priority_rank(value, potential, need) OVER ()'), '2 1 6 4 5 2', 'value first; null last; equal customers share a rank');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[potential, need, value]) OVER ()'), '3 2 1 6 5 3', 'potential first');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[need, potential, value]) OVER ()'), '5 4 1 3 2 5', 'need first');
SELECT is(pg_temp.ranks('priority_rank(value, potential, need, key => id) OVER ()'), '2 1 6 4 5 3', 'ties by key');
SELECT is(pg_temp.ranks('priority_rank(value, potential, need, key => -id) OVER ()'), '3 1 6 4 5 2', 'and by another key');
SELECT is(pg_temp.ranks('priority_rank(value, potential, need, boost => CASE WHEN id = 5 THEN 0.1 ELSE 0 END) OVER ()'), '3 2 6 5 1 3', 'a boost comes first');
SELECT is(pg_temp.ranks('priority_rank(value, potential, need, boost => CASE WHEN id = 2 THEN -0.1 END) OVER ()'), '1 6 5 3 4 1', 'a negative one last; null is 0');
SELECT is(pg_temp.ranks('priority_rank(value, potential, need) OVER (PARTITION BY region)'), '2 1 3 1 2 2', 'in partitions');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[need]) OVER ()'), '5 4 1 2 2 5', 'one criterion');
SELECT is(pg_temp.ranks('priority_rank(NULL::float8[]) OVER ()'), '1 1 1 1 1 1', 'no criteria at all');
SELECT is(pg_temp.ranks('priority_rank(NULL::float8[], key => id) OVER ()'), '1 2 3 4 5 6', 'the key alone');
SELECT is(pg_temp.ranks('priority_rank(CASE WHEN id <> 3 THEN ARRAY[need] END) OVER ()'), '4 3 6 1 1 4', 'criteria of null are last');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[need], boost => (id = 1)::int) OVER (ORDER BY id)'), '1 5 2 3 3 6', 'ORDER BY of the window does not matter');
SELECT is((SELECT string_agg(priority_rank::text, ' ') FROM (SELECT priority_rank(1, 2, 3) OVER () FROM customer WHERE false) s), NULL, 'no rows');

-- --- types of key ---
SELECT is(pg_temp.ranks('priority_rank(ARRAY[1], key => id::bigint) OVER ()'), '1 2 3 4 5 6', 'bigint');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[1], key => (7 - id)::text) OVER ()'), '6 5 4 3 2 1', 'text');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[1], key => lpad((7 - id)::text, 32, ''0'')::uuid) OVER ()'), '6 5 4 3 2 1', 'uuid');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[1], key => date ''2024-01-10'' - id) OVER ()'), '6 5 4 3 2 1', 'date');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[1], key => (10 - id)::numeric) OVER ()'), '6 5 4 3 2 1', 'numeric');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[1], key => region::varchar) OVER ()'), '1 1 4 4 4 1', 'varchar, with duplicates');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[1], key => ROW(region, -id)) OVER ()'), '3 2 6 5 4 1', 'a row of two columns');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[1], key => CASE WHEN id % 2 = 0 THEN id END) OVER ()'), '4 1 4 2 4 3', 'null keys are last');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[1], key => chr(70 - id) COLLATE "C") OVER ()'), '6 5 4 3 2 1', 'text with a collation');
SELECT throws_ok('SELECT priority_rank(ARRAY[1], key => point(id, 0)) OVER () FROM customer', '42883',
    'could not identify an ordering operator for type point of key');

-- --- with weights ---
SELECT is(pg_temp.ranks('priority_rank(value, potential, need, ''{1,1,1}'') OVER ()'), '4 3 1 2 6 4', 'weights');
SELECT is(pg_temp.ranks('priority_rank(value, potential, need, ''{0,0,1}'') OVER ()'), '5 4 1 2 2 5', 'of one criterion');
SELECT is(pg_temp.ranks('round(priority_score(value, potential, need, ''{0,0,1}'') OVER ()::numeric, 4)'), '0.1667 0.4167 0.9167 0.6667 0.6667 0.1667', 'its percentiles');
SELECT is(pg_temp.ranks('priority_score(ARRAY[value, potential], ''{1,0}'') OVER ()'), '0.6 0.6 - 0.6 0.1 0.6', 'no criterion with a weight: null');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[value, potential], ''{1,0}'') OVER ()'), '1 1 6 1 5 1', 'which comes last');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[value, potential], ''{1,0}'', 100 * (id = 3)::int) OVER ()'), '1 1 6 1 5 1', 'whatever the boost');
SELECT is(pg_temp.ranks('priority_score(ARRAY[need, need], ''{2,3}'') OVER ()'), pg_temp.ranks('priority_score(ARRAY[need], ''{1}'') OVER ()'), 'the mean of equal percentiles');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[value], ''{1}'', (id = 5)::int) OVER ()'), '2 2 6 2 1 2', 'a boost is added');
SELECT is(pg_temp.ranks('priority_score(1, 1, 1, ''{1,1,1}'') OVER ()'), '0.5 0.5 0.5 0.5 0.5 0.5', 'all equal: 0.5');
SELECT is(pg_temp.ranks('priority_score(value, potential, need, ''{3,2,1}'') OVER (PARTITION BY id)'), '0.5 0.5 0.5 0.5 0.5 0.5', 'one row: 0.5');
SELECT is(pg_temp.ranks('priority_score(NULL::float8[], ''{3,2,1}'') OVER ()'), '- - - - - -', 'no criteria: null');
SELECT is(pg_temp.ranks('priority_rank(NULL::float8[], ''{3,2,1}'') OVER ()'), '1 1 1 1 1 1', 'no criteria: all equal');
SELECT is(pg_temp.ranks('priority_rank(ARRAY[need], ''{1}'', CASE id WHEN 1 THEN ''infinity''::float8 WHEN 3 THEN ''-infinity'' END) OVER ()'), '1 4 6 2 2 5', 'infinite boosts');

SELECT is(pg_temp.ranks('priority_score(ARRAY[need, need], ''{1.7e308,1.7e308}'') OVER ()'), pg_temp.ranks('priority_score(ARRAY[need], ''{1}'') OVER ()'), 'the largest weights');
SELECT is(pg_temp.ranks('priority_score(ARRAY[need, need], ''{5e-324,5e-324}'') OVER ()'), pg_temp.ranks('priority_score(ARRAY[need], ''{1}'') OVER ()'), 'the smallest weights');

-- --- errors ---
SELECT throws_ok($$SELECT priority_rank('NaN'::float8, 1, 1) OVER ()$$, '22023', 'value must be a number, not NaN');
SELECT throws_ok($$SELECT priority_rank(1, 'NaN'::numeric, 1) OVER ()$$, '22023', 'potential must be a number, not NaN');
SELECT throws_ok($$SELECT priority_score(1, 1, 'NaN'::float8, '{1,1,1}') OVER ()$$, '22023', 'need must be a number, not NaN');
SELECT throws_ok($$SELECT priority_rank(1, 1, 1, boost => 'NaN') OVER ()$$, '22023', 'boost must be a number, not NaN');
SELECT throws_ok($$SELECT priority_rank(ARRAY[1, 'NaN'::float8]) OVER ()$$, '22023', 'criteria[2] must be a number, not NaN');
SELECT throws_ok($$SELECT priority_rank('{}'::float8[]) OVER ()$$, '22023', 'criteria must have 1 to 1000 elements, not 0');
SELECT throws_ok($$SELECT priority_rank('{{1,2}}'::float8[]) OVER ()$$, '22023', 'criteria must be a one-dimensional array, not one of 2 dimensions');
SELECT throws_ok($$SELECT priority_rank(array_fill(1::float8, ARRAY[id])) OVER () FROM customer WHERE id < 3$$, '22023',
    'criteria must have the same number of elements in every row: 1 and 2');
SELECT throws_ok($$SELECT priority_rank(1, 2, 3, '{1,1}') OVER ()$$, '22023', 'weights must have one element for each of the 3 criteria, not 2');
SELECT throws_ok($$SELECT priority_rank(1, 2, 3, '{1,1,-1}') OVER ()$$, '22023', 'weights[3] must be a finite number that is not negative, not -1');
SELECT throws_ok($$SELECT priority_rank(1, 2, 3, '{0,0,0}') OVER ()$$, '22023', 'weights must not all be 0');
SELECT throws_ok($$SELECT priority_rank(1, 2, 3, ARRAY[id, 1, 1]) OVER () FROM customer$$, '22023', 'weights must not change from row to row');
SELECT throws_ok($$SELECT priority_rank(1, 2, 3, CASE WHEN id > 1 THEN '{1,1,1}'::float8[] END) OVER () FROM customer$$, '22023', 'weights must not change from row to row', 'nor from null');
SELECT throws_ok($$SELECT priority_score(1, 2, 3, NULL) OVER ()$$, '22023', 'weights must not be null');
SELECT throws_ok($$SELECT priority_rank(1e400::numeric, 2, 3) OVER ()$$, '22003');

-- --- attribute_boost ---
\set boosts '{"industry": {"health": 0.25, "public": 0.5}, "special_need": {"true": 1}, "size": {"3": 2}, "tags": {"a": 4, "b": 8}}'
SELECT is(attribute_boost('{"industry": "health", "special_need": true, "size": 3, "tags": ["a", "b", "z"], "other": 1}', :'boosts'), 15.25::float8, 'strings, booleans, numbers and lists');
SELECT is(attribute_boost('{"industry": "Health", "special_need": false, "size": null, "tags": {"a": 1}}', :'boosts'), 0::float8, 'nothing listed: 0');
SELECT is(attribute_boost(NULL, :'boosts'), NULL, 'null: null');
SELECT throws_ok($$SELECT attribute_boost('{}', '[]')$$, '22023', 'boosts must be a JSON object');
SELECT throws_ok($$SELECT attribute_boost('{}', '{"a": 1}')$$, '22023', 'boosts: "a" must be an object of values with numbers, not a number');
SELECT throws_ok($$SELECT attribute_boost('{}', '{"a": {"b": "1"}}')$$, '22023', 'boosts: "b" of "a" must be a number, not a string');
SELECT throws_ok($$SELECT attribute_boost('[]', '{"a": {"b": 1}}')$$, '22023', 'attributes must be a JSON object');
SELECT throws_ok($$SELECT attribute_boost('{"a": ["b", "c"]}', '{"a": {"b": 1.7e308, "c": 1.7e308}}')$$, '22003', 'the sum of boosts is out of range');
SELECT throws_ok($$SELECT attribute_boost('{"a": "b"}', '{"a": {"b": 1e400}}')$$, '22003');

-- --- cross_class ---
SELECT is((SELECT string_agg(coalesce(cross_class(ARRAY[i, j], '{{a,b,NULL},{d,e,f}}'), '-'), ' ' ORDER BY i, j) FROM generate_series(1, 2) i, unnest(ARRAY[1, 2, 3, NULL]) j),
    'a b - - d e f -', 'a matrix; a null class or label gives null');
SELECT throws_ok($$SELECT cross_class(ARRAY[2, 4], '{{a,b,c},{d,e,f}}')$$, '22023', 'classes[2] must be between 1 and 3, not 4');
SELECT throws_ok($$SELECT cross_class(ARRAY[0, 1], '{{a,b,c},{d,e,f}}')$$, '22023', 'classes[1] must be between 1 and 2, not 0');
SELECT throws_ok($$SELECT cross_class(ARRAY[1], '{{a,b,c},{d,e,f}}')$$, '22023', 'labels must have one dimension for each of the 1 classes, not 2');
SELECT throws_ok($$SELECT cross_class(ARRAY[[1, 1]], '{{a,b,c},{d,e,f}}')$$, '22023', 'classes must be a list of 1 to 6 classes');
SELECT throws_ok($$SELECT cross_class('{}', '{a}')$$, '22023', 'classes must be a list of 1 to 6 classes');

SELECT * FROM finish();
ROLLBACK;
