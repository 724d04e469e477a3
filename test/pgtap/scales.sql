-- Scales: the definitions, the arguments, the errors, and scale_model and scale_state as types.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(100);

-- The hint of the error that a statement raises.
CREATE FUNCTION pg_temp.hint_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN hint;
END $$;

-- --- models ---

SELECT is((SELECT minmax_fit(x)::text FROM generate_series(1, 10) x), '{"version":1,"kind":"minmax","n":10,"min":1,"max":10}', 'minmax_fit');
SELECT is((SELECT zscore_fit(x)::text FROM unnest(ARRAY[2, 4, 4, 4, 5, 5, 7, 9]) x),
    '{"version":1,"kind":"zscore","n":8,"min":2,"max":9,"mean":5,"deviation":2}', 'zscore_fit: deviation of the population');
SELECT is((SELECT percentiles_fit(x)::text FROM unnest(ARRAY[3, 1, 2, 2]) x),
    '{"version":1,"kind":"percentile","n":4,"min":1,"max":3,"values":[1,2,3],"counts":[1,2,1]}', 'percentiles_fit');
SELECT is((SELECT percentiles_fit(x, 4)::text FROM generate_series(1, 10) x),
    '{"version":1,"kind":"percentile","n":10,"min":3,"max":10,"points":4,"values":[3,5,8,10],"counts":[3,2,3,2]}', 'percentiles_fit with 4 points: ranks 3, 5, 8 and 10');
SELECT is((SELECT zscore_fit(x, 0.1, 0.9)::text FROM unnest(ARRAY[-1000, 2, 4, 4, 4, 5, 5, 7, 9, 1e6]) x),
    '{"version":1,"kind":"zscore","n":10,"lower":0.1,"upper":0.9,"min":-1000,"max":9,"mean":-95.1,"deviation":301.64099522445554}', 'bounds are ranks 1 and 9 of 10');
SELECT is((SELECT minmax_fit(x, 0.07, 0.57)::text FROM generate_series(1, 100) x),
    '{"version":1,"kind":"minmax","n":100,"lower":0.07,"upper":0.57,"min":7,"max":57}', 'bounds are ranks in decimal, 0.07 of 100 is 7');
SELECT is((SELECT minmax_fit(x, 0, 1)::text FROM generate_series(1, 3) x),
    '{"version":1,"kind":"minmax","n":3,"lower":0,"upper":1,"min":1,"max":3}', 'the bounds 0 and 1 are the extremes');
SELECT is((SELECT ROW(minmax_fit(x), zscore_fit(x), percentiles_fit(x), percentiles_fit(x, 5), zscore_fit(x, 0, 1))::text FROM unnest('{}'::float8[]) x),
    '(,,,,)', 'no rows: null');
SELECT is((SELECT ROW(minmax_fit(x), zscore_fit(x), percentiles_fit(x), percentiles_fit(x, 5), zscore_fit(x, 0, 1))::text FROM unnest('{NULL,NULL}'::numeric[]) x),
    '(,,,,)', 'only nulls: null');
SELECT is((SELECT zscore_fit(x)::text FROM unnest('{1,NULL,3}'::float8[]) x), (SELECT zscore_fit(x)::text FROM unnest('{3,1}'::float8[]) x), 'nulls are ignored');
SELECT is((SELECT percentiles_fit(x)::text FROM unnest('{-infinity,-0,0,infinity}'::float8[]) x),
    '{"version":1,"kind":"percentile","n":4,"min":"-Infinity","max":"Infinity","values":["-Infinity",0,"Infinity"],"counts":[1,2,1]}', 'infinities are ordinary for percentiles');
SELECT is((SELECT zscore_fit(x)::text FROM unnest(ARRAY[1.5e308, 1.7e308, 1.7e308, 1.5e308]::float8[]) x),
    '{"version":1,"kind":"zscore","n":4,"min":1.5e+308,"max":1.7e+308,"mean":1.6e+308,"deviation":9.999999999999996e+306}', 'sums beyond the range of float8');
SELECT is((SELECT zscore_fit(0.1) -> 'mean' FROM generate_series(1, 3)), 0.1::float8, 'the mean of a constant is that constant');
SELECT is((SELECT zscore_fit(x) -> 'deviation' FROM unnest(ARRAY[1e15 + 1, 1e15 + 3, 1e15 + 5, 1e15 + 3]::float8[]) x), sqrt(2::float8), 'no cancellation far from 0');

-- scipy.stats.zscore([1,2,3,4,5]) and sklearn's StandardScaler divide by n.
SELECT is((SELECT array_agg(round(zscore(x, m)::numeric, 6)) FROM generate_series(1, 5) x, (SELECT zscore_fit(y) FROM generate_series(1, 5) y) s(m)),
    '{-1.414214,-0.707107,0.000000,0.707107,1.414214}', 'z-scores of 1 to 5');

-- --- apply ---

CREATE TABLE model AS SELECT minmax_fit(x) AS m, zscore_fit(x) AS z, percentiles_fit(x) AS p, percentiles_fit(x, 0.1, 0.9) AS pw, minmax_fit(x, 0.1, 0.9) AS mw,
    zscore_fit(x, 0.1, 0.9) AS zw FROM unnest(ARRAY[10, 20, 20, 30, 40, 50, 60, 70, 80, 1000]) x;
SELECT is((SELECT array_agg(minmax(x, m) ORDER BY i) FROM model, unnest(ARRAY[-5, 10, 505, 1000, 2000]) WITH ORDINALITY u(x, i)), '{0,0,0.5,1,1}', 'minmax is cut to 0 and 1');
SELECT is((SELECT array_agg(minmax(x, m, true) ORDER BY i) FROM model, unnest(ARRAY[-5, 10, 505, 1000, 2000]) WITH ORDINALITY u(x, i)), '{1,1,0.5,0,0}', 'minmax descending');
SELECT is((SELECT array_agg(minmax(x, mw) ORDER BY i) FROM model, unnest(ARRAY[-5, 45, 80, 1000]) WITH ORDINALITY u(x, i)), '{0,0.5,1,1}', 'minmax between bounds');
SELECT is((SELECT array_agg(percentile(x, p) ORDER BY i) FROM model, unnest(ARRAY[5, 10, 15, 20, 25, 1000, 1001]) WITH ORDINALITY u(x, i)),
    '{0,0.05,0.1,0.2,0.3,0.95,1}', 'percentile: ties get the mean of their places, new values the part below');
SELECT is((SELECT array_agg(percentile(x, p, true) ORDER BY i) FROM model, unnest(ARRAY[5, 10, 15, 20, 25, 1000, 1001]) WITH ORDINALITY u(x, i)),
    '{1,0.95,0.9,0.8,0.7,0.05,0}', 'percentile descending');
SELECT is((SELECT array_agg(percentile(x, pw) ORDER BY i) FROM model, unnest(ARRAY[5, 10, 80, 1000, 1001]) WITH ORDINALITY u(x, i)),
    '{0.05,0.05,0.9,0.9,0.9}', 'percentile moves values to the bounds, where they are ties');
SELECT is((SELECT array_agg(percentile(x, p) ORDER BY i) FROM model, unnest('{-infinity,infinity}'::float8[]) WITH ORDINALITY u(x, i)), '{0,1}', 'percentile of infinities');
SELECT is((SELECT zscore(1000, zw) = zscore(80, zw) AND zscore(-7, zw) = zscore(10, zw) AND zscore(1000, z) > zscore(80, z) FROM model), true, 'zscore moves values to bounds, if there are any');
SELECT is((SELECT zscore(50, z, true) = -zscore(50, z) FROM model), true, 'zscore descending');
SELECT is((SELECT ROW(scale(505, m), scale(505, m, true), scale(20, p), scale(20.0, p, true), scale(38, z), scale(38, z, true))::text FROM model),
    (SELECT ROW(0.5::float8, 0.5::float8, 0.2::float8, 0.8::float8, zscore(38, z), zscore(38, z, true))::text FROM model), 'scale');
SELECT is((SELECT array_agg(ROW(minmax(x, m), zscore(x, z), percentile(x, p))::text ORDER BY x)
           FROM unnest(ARRAY[6, 7, 8]) x, (SELECT minmax_fit(7), zscore_fit(7), percentiles_fit(7) FROM generate_series(1, 4)) s(m, z, p)),
    '{"(0,0,0)","(0.5,0,0.5)","(1,0,1)"}', 'a constant measure tells nobody apart');
SELECT is((SELECT minmax(1.7e308, m) FROM (SELECT minmax_fit(x) FROM unnest(ARRAY[-1.7e308, 1.7e308]::float8[]) x) s(m)), 1::float8, 'minmax over the whole range');
SELECT is((SELECT minmax(0, m) FROM (SELECT minmax_fit(x) FROM unnest(ARRAY[-1.7e308, 1.7e308]::float8[]) x) s(m)), 0.5::float8, 'and in its middle');
SELECT is((SELECT zscore(1.7e308, m) FROM (SELECT zscore_fit(x) FROM unnest(ARRAY[-1.7e308, 1.7e308]::float8[]) x) s(m)), 1::float8, 'zscore over the whole range');
SELECT is(percentile(NULL::float8, p), NULL, 'null x: null') FROM model;
SELECT is(percentile(1, NULL), NULL, 'null model: null');
SELECT is(minmax(1, m, NULL), NULL, 'null descending: null') FROM model;

-- A call site with models that change from row to row: of one size, and of other contents.
SELECT is((SELECT array_agg(percentile(x, m) ORDER BY i) FROM (
        SELECT i, CASE WHEN i % 2 = 0 THEN 250.5 ELSE 1250.5 END AS x, CASE WHEN i % 2 = 0 THEN a ELSE b END AS m
        FROM generate_series(1, 6) i, (SELECT percentiles_fit(y) FROM generate_series(1, 1000) y) s(a), (SELECT percentiles_fit(y) FROM generate_series(1001, 2000) y) t(b)) q),
    '{0.25,0.25,0.25,0.25,0.25,0.25}', 'models of the same size are told apart');
CREATE TABLE stored (k int, m scale_model);
INSERT INTO stored SELECT k, percentiles_fit(sqrt(y) + k) FROM generate_series(1, 3) k, generate_series(1, 30000) y GROUP BY k;
INSERT INTO stored SELECT k + 3, percentiles_fit(y + k) FROM generate_series(1, 3) k, generate_series(1, 3) y GROUP BY k;
SELECT cmp_ok((SELECT max(pg_column_size(m)) FROM stored), '>', 20000, 'a stored model out of line');
SELECT is((SELECT string_agg(k || ':' || round(percentile(100 + k, m)::numeric, 4), ' ' ORDER BY i, k) FROM generate_series(1, 2) i, stored),
    '1:0.3333 2:0.3333 3:0.3333 4:1.0000 5:1.0000 6:1.0000 1:0.3333 2:0.3333 3:0.3333 4:1.0000 5:1.0000 6:1.0000', 'stored models, out of line and short');

-- --- errors ---

SELECT throws_ok($$SELECT minmax_fit('NaN'::float8)$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT zscore_fit('NaN'::numeric)$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT percentiles_fit('NaN'::float8)$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT minmax_fit('infinity'::float8)$$, '22023', 'x must be a finite number, not infinity');
SELECT throws_ok($$SELECT zscore_fit('-infinity'::numeric)$$, '22023', 'x must be a finite number, not -infinity');
SELECT throws_ok($$SELECT minmax_fit('infinity'::float8, 0, 1)$$, '22023', 'x must be a finite number, not infinity');
SELECT throws_ok($$SELECT zscore_fit('-infinity'::float8, 0, 1)$$, '22023', 'x must be a finite number, not infinity');
SELECT lives_ok($$SELECT percentiles_fit('infinity'::float8, 0, 1)$$, 'but not for percentiles');
SELECT throws_ok($$SELECT zscore_fit(1e400::numeric)$$, '22003', NULL, 'a numeric beyond float8');
SELECT throws_ok($$SELECT minmax_fit(1, 0.5, 0.5)$$, '22023', 'lower and upper must be fractions with 0 <= lower < upper <= 1, not 0.5 and 0.5');
SELECT throws_ok($$SELECT minmax_fit(1, -0.1, 0.5)$$, '22023', 'lower and upper must be fractions with 0 <= lower < upper <= 1, not -0.1 and 0.5');
SELECT throws_ok($$SELECT zscore_fit(1, 0.1, 1.5)$$, '22023', 'lower and upper must be fractions with 0 <= lower < upper <= 1, not 0.1 and 1.5');
SELECT throws_ok($$SELECT zscore_fit(1, 0.9, 0.1)$$, '22023', 'lower and upper must be fractions with 0 <= lower < upper <= 1, not 0.9 and 0.1');
SELECT throws_ok($$SELECT percentiles_fit(1, 'NaN', 0.5)$$, '22023', 'lower and upper must be fractions with 0 <= lower < upper <= 1, not NaN and 0.5');
SELECT is(pg_temp.hint_of($$SELECT percentiles_fit(1, 0, 'NaN')$$), '0.05 and 0.95 move the lowest and the highest twentieth of the values to the bounds.', 'with a hint');
SELECT throws_ok($$SELECT percentiles_fit(1, NULL, 0.5)$$, '22023', 'lower must not be null');
SELECT throws_ok($$SELECT percentiles_fit(1, 0.5, NULL)$$, '22023', 'upper must not be null');
SELECT throws_ok($$SELECT percentiles_fit(NULL::float8, 0.5, 0.4)$$, '22023', 'lower and upper must be fractions with 0 <= lower < upper <= 1, not 0.5 and 0.4');
SELECT throws_ok($$SELECT zscore_fit(x, 0.1 / x, 0.9) FROM generate_series(1, 3) x$$, '22023', 'lower, upper and points must not change from row to row');
SELECT throws_ok($$SELECT percentiles_fit(x, x) FROM generate_series(1, 3) x$$, '22023', 'lower, upper and points must not change from row to row');
SELECT throws_ok($$SELECT percentiles_fit(1, 0)$$, '22023', 'points must be positive, not 0');
SELECT throws_ok($$SELECT percentiles_fit(1, NULL::int)$$, '22023', 'points must not be null');
SELECT throws_ok($$SELECT minmax('NaN'::float8, m) FROM model$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT zscore('NaN'::numeric, z) FROM model$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT percentile('NaN'::float8, p) FROM model$$, '22023', 'x must not be NaN');
SELECT throws_ok($$SELECT minmax('infinity'::float8, m) FROM model$$, '22023', 'x must be a finite number, not infinity');
SELECT throws_ok($$SELECT scale('-infinity'::numeric, z) FROM model$$, '22023', 'x must be a finite number, not -infinity');
SELECT throws_ok($$SELECT minmax(1, z) FROM model$$, '22023', 'model must be of kind minmax, not zscore');
SELECT throws_ok($$SELECT zscore(1.5, p) FROM model$$, '22023', 'model must be of kind zscore, not percentile');
SELECT throws_ok($$SELECT percentile(1, m) FROM model$$, '22023', 'model must be of kind percentile, not minmax');
SELECT is(pg_temp.hint_of('SELECT percentile(1, m) FROM model'), 'Fit it with percentiles_fit(), or apply it with minmax() or scale().', 'with a hint');
SELECT throws_ok($$SELECT zscore(1e308, '{"kind":"zscore","n":2,"min":0,"max":1,"mean":0.5,"deviation":1e-100}')$$, '22003', 'z-score out of range: x is too many deviations from the mean');
SELECT throws_ok($$SELECT scale_state_combine(scale_range_accum(NULL, 1), scale_moments_accum(NULL, 1))$$, '22023', 'a scale_state of form "moments" cannot be used here');
SELECT throws_ok($$SELECT scale_moments_accum(scale_range_accum(NULL, 1), 1)$$, '22023', 'a scale_state of form "range" cannot be used here');
SELECT throws_ok($$SELECT percentiles_fit_final(scale_range_accum(NULL, 1))$$, '22023', 'a scale_state of form "range" cannot be used here');
SELECT throws_ok($$SELECT scale_state_combine(scale_points_accum(NULL, 1, 5), scale_values_accum(NULL, 1))$$, '22023', 'lower, upper and points must not change from row to row');

-- --- the types ---

SELECT is((SELECT array_agg(z -> k ORDER BY i) FROM model, unnest('{n,min,max,lower,upper,mean,deviation,points}'::text[]) WITH ORDINALITY u(k, i)),
    '{10,10,1000,NULL,NULL,138,288.1596779565108,NULL}', 'model -> parameter');
SELECT is((SELECT ROW(pw -> 'lower', pw -> 'upper', pw -> 'mean', percentiles_fit(1, 9) -> 'points')::text FROM model GROUP BY pw::text, pw -> 'lower', pw -> 'upper', pw -> 'mean'),
    '(0.1,0.9,,9)', 'bounds and points');
SELECT throws_ok($$SELECT m -> 'median' FROM model$$, '22023', 'a scale_model has no parameter "median"');
SELECT is((SELECT z::jsonb FROM model), (SELECT z::text::jsonb FROM model), 'cast to jsonb');
SELECT is('{"kind":"minmax","n":3,"min":1,"max":2}'::scale_model::text, '{"version":1,"kind":"minmax","n":3,"min":1,"max":2}', 'a missing version is 1');
SELECT is(' {"counts":[1,2],"values":[1,"Infinity"],"kind":"percentile","n":3} '::scale_model::text,
    '{"version":1,"kind":"percentile","n":3,"min":1,"max":"Infinity","values":[1,"Infinity"],"counts":[1,2]}', 'of percentile, min and max follow from the values');
SELECT is(scale_moments_accum(scale_moments_accum(NULL, 1), 4)::text, '{"version":1,"form":"moments","n":2,"min":1,"max":4,"sum":"0x5p+0","squares":"0x11p+0"}', 'text of moments');
SELECT is(scale_bounded_accum(NULL, 1, 0.25, 0.5)::text, '{"version":1,"form":"values","lower":0.25,"upper":0.5,"values":[1],"counts":[1]}', 'text of values');
SELECT is(scale_range_accum(NULL, -0.5)::text, '{"version":1,"form":"range","n":1,"min":-0.5,"max":-0.5}', 'text of a range');

CREATE FUNCTION pg_temp.detail_of(type text, input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    x text;
BEGIN
    EXECUTE format('SELECT %L::%s::text', input, type) INTO x;
    RETURN 'read as ' || x;
EXCEPTION WHEN invalid_text_representation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END $$;
SELECT is(pg_temp.detail_of('scale_model', input), detail, detail) FROM (VALUES
    ('{"kind":"minmax","n":3,"min":1,"max":2,"mean":1}', 'A model of kind "minmax" has no "mean".'),
    ('{"kind":"minmax","n":3,"min":1}', '"max" is missing.'),
    ('{"kind":"median","n":3}', '"kind" must be "minmax", "zscore" or "percentile", not "median".'),
    ('{"kind":"minmax","n":0,"min":1,"max":2}', '"n" must be an integer from 1 to 9223372036854775807, not 0.'),
    ('{"kind":"minmax","n":3,"min":1,"max":"Infinity"}', '"min" and "max" must be finite, and "min" at most "max".'),
    ('{"kind":"minmax","n":3,"min":3,"max":2}', '"min" and "max" must be finite, and "min" at most "max".'),
    ('{"kind":"minmax","n":3,"min":1,"max":2,"lower":0.5}', '"upper" is missing.'),
    ('{"kind":"minmax","n":3,"min":1,"max":2,"lower":0.5,"upper":0.4}', '"lower" and "upper" must be fractions with 0 <= lower < upper <= 1.'),
    ('{"kind":"zscore","n":3,"min":1,"max":2,"mean":3,"deviation":1}', '"mean" must be between "min" and "max".'),
    ('{"kind":"zscore","n":3,"min":1,"max":2,"mean":1,"deviation":-1}', '"deviation" must be finite and not negative.'),
    ('{"kind":"percentile","n":3,"values":[],"counts":[]}', '"values" must not be empty.'),
    ('{"kind":"percentile","n":3,"values":[1],"counts":[2]}', '"n" must be the sum of "counts".'),
    ('{"kind":"percentile","n":3,"values":[1,1],"counts":[2,1]}', '"values"[1] must be greater than the one before it.'),
    ('{"kind":"percentile","n":3,"min":0,"values":[1,2],"counts":[2,1]}', '"min" and "max" must be the first and the last of "values".'),
    ('{"kind":"percentile","n":3,"points":0,"values":[1,2],"counts":[2,1]}', '"points" must be an integer from 1 to 2147483647, not 0.'),
    ('{"version":2,"kind":"minmax","n":3,"min":1,"max":2}', 'Its version is 2, this custseg reads version 1.')) v(input, detail);
SELECT is(pg_temp.detail_of('scale_state', input), detail, detail) FROM (VALUES
    ('{"form":"range","n":3,"min":3,"max":2}', '"min" and "max" must be finite, and "min" at most "max".'),
    ('{"form":"moments","n":3,"min":1,"max":2,"sum":"0x1p+0"}', '"squares" is missing.'),
    ('{"form":"moments","n":2,"min":1,"max":2,"sum":"0x5p+0","squares":"0x1p+0"}', '"squares" is too small for "sum".'),
    ('{"form":"moments","n":2,"min":1,"max":2,"sum":"5","squares":"0x1p+0"}', '"sum" must be an exact sum such as "0x18p-3", not "5".')) v(input, detail);

SELECT * FROM finish();
ROLLBACK;
