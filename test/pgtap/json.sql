-- The JSON text form that all types share, and the first byte of their binary form: one code reads them, so the
-- same mistake gets the same answer.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;

SELECT plan(51);

CREATE TEMPORARY TABLE kind (type text, sound text, keys text);
INSERT INTO kind VALUES
	('purchases', '{"version": 1, "orders": 2, "spend": 10.50, "refunds": 0.00, "first_day_spend": 4.00, "cost": null, "first_purchase": "2024-01-05", "gaps": [12]}',
		'version, orders, spend, refunds, first_day_spend, cost, first_purchase and gaps'),
	('rfm_model', '{"version": 1, "classes": 3, "breaks": "mean", "as_of": "2024-01-31", "customers": 5, "recency": [1, 2], "frequency": [0.1], "monetary": []}',
		'version, classes, breaks, as_of, customers, recency, frequency and monetary'),
	('value_counts', '{"version":1,"classes":5,"values":["-Infinity",0,1.5,"Infinity"],"counts":[1,2,3,4]}',
		'version, classes, values and counts'),
	('segment_model', '{"version": 1, "name": "é\"", "breaks": "mean", "classes": {"f": 2}, "segments": ["a"], "cells": [null, 0]}',
		'version, name, breaks, classes, segments and cells');

-- SQLSTATE, message, detail and hint of the error that a text gets, or the value's own text.
CREATE FUNCTION pg_temp.answer(type text, input text) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
	result text;
	detail text;
	hint text;
BEGIN
	EXECUTE format('SELECT %L::custseg.%I::text', input, type) INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, detail, nullif(hint, ''));
END $fn$;

CREATE FUNCTION pg_temp.refused(type text, input text, answer text) RETURNS text LANGUAGE sql AS $fn$
	SELECT is(pg_temp.answer(type, input), format('22P02 | invalid input for type %s | ', type) || answer, type || ' refuses ' || left(input, 40))
$fn$;

-- --- all four ---------------------------------------------------------------

SELECT is(pg_temp.answer(type, sound), sound, type || ' keeps its text') FROM kind ORDER BY type;
SELECT is(pg_temp.answer(type, (sound::jsonb - 'version')::text), sound, type || ' without a version has version 1') FROM kind ORDER BY type;
SELECT is(pg_temp.answer(type, jsonb_set(sound::jsonb, '{version}', 'null')::text), sound, type || ': null is as missing') FROM kind ORDER BY type;
SELECT pg_temp.refused(type, '[{}]', 'The text must be a JSON object.') FROM kind ORDER BY type;
SELECT pg_temp.refused(type, '5', 'The text must be a JSON object.') FROM kind ORDER BY type;
SELECT pg_temp.refused(type, jsonb_set(sound::jsonb, '{version}', '2')::text,
	'Its version is 2, this custseg reads version 1. | It was probably written by a newer version of custseg.') FROM kind ORDER BY type;
SELECT pg_temp.refused(type, jsonb_set(sound::jsonb, '{version}', '"1"')::text,
	'"version" must be an integer from 1 to 2147483647, not "1".') FROM kind ORDER BY type;
SELECT pg_temp.refused(type, jsonb_set(sound::jsonb, '{ümlaut}', '1')::text,
	format('Key "ümlaut" is not known. | The keys are %s. Another one may be of a newer version of custseg.', keys)) FROM kind ORDER BY type;
SELECT matches(pg_temp.answer(type, '{"version":'), '^22P02 . invalid input syntax for type json . ', type || ' leaves the syntax to jsonb')
FROM kind ORDER BY type;

-- --- each sort of value -----------------------------------------------------

SELECT pg_temp.refused('purchases', '{"gaps": [[1]], "first_purchase": "2024-01-05"}', '"gaps"[0] must be an integer from 1 to 4294967295, not an array.');
SELECT pg_temp.refused('purchases', '{"gaps": {"0": 1}}', '"gaps" must be an array of integers, not an object.');
SELECT pg_temp.refused('purchases', '{"orders": true}', '"orders" must be an integer from 0 to 9223372036854775807, not true.');
SELECT pg_temp.refused('purchases', '{"spend": "1"}', '"spend" must be a number, not "1".');
SELECT pg_temp.refused('purchases', '{"first_purchase": "2024-02-30"}', '"first_purchase" must be a date such as "2024-01-31", not "2024-02-30".');
SELECT pg_temp.refused('rfm_model', '{"as_of": "today"}', '"as_of" must be a date such as "2024-01-31", not "today".');
SELECT pg_temp.refused('rfm_model', '{"customers": 1}', '"as_of" is missing.');
SELECT pg_temp.refused('rfm_model', format('{"breaks": "%s"}', repeat('é', 50)),
	format('"breaks" must be "balanced", "quantile" or "mean", not "%s...".', repeat('é', 20)));
SELECT pg_temp.refused('rfm_model', '{"as_of": "2024-01-31", "monetary": [1, 1e-400]}',
	'"monetary"[1] must be a number in the range of float8, "Infinity" or "-Infinity", not 0.00000000000000000000000000000000000000....');
SELECT pg_temp.refused('rfm_model', '{"as_of": "2024-01-31", "monetary": [1, "Infinity"]}',
	'The breaks of "monetary" must be finite and strictly ascending.');
SELECT pg_temp.refused('segment_model', '{"classes": 5}', '"classes" must be an object, not 5.');

-- --- soft errors ------------------------------------------------------------

CREATE TEMPORARY TABLE sample AS
SELECT type, left(sound, n) AS input FROM kind, generate_series(0, length(sound) - 1) n
UNION ALL
SELECT type, jsonb_set(sound::jsonb, ARRAY[key], value)::text
FROM kind, jsonb_object_keys(sound::jsonb) key,
	unnest(ARRAY['-1', '0.5', '"x"', 'true', '[]', '["x"]', '[true, 1]', '{}', '{"x": 1}', '{"r": 0}', '[1e400]', 'null']::jsonb[]) value;

SELECT cmp_ok((SELECT count(*) FROM sample WHERE pg_temp.answer(type, input) LIKE '22P02 | %'), '>', 600::bigint, 'bad samples');
SELECT cmp_ok((SELECT count(*) FROM sample WHERE pg_temp.answer(type, input) LIKE '{%'), '>', 10::bigint, 'good samples');
SELECT is_empty($$SELECT input, pg_temp.answer(type, input) FROM sample WHERE pg_temp.answer(type, input) !~ '^({|22P02 )'$$, 'nothing else');

-- pg_input_is_valid came with 16. An error that is not soft ends the query.
SELECT CASE WHEN current_setting('server_version_num')::int < 160000 THEN skip('no soft errors before 16')
	ELSE is_empty($$SELECT type, input FROM sample
		WHERE pg_input_is_valid(input, 'custseg.' || type) <> (pg_temp.answer(type, input) LIKE '{%')$$, 'all errors are soft') END;

SELECT * FROM finish();
ROLLBACK;
