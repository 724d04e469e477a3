-- lifetime_model and spend_model as types: their forms, what is read from them, and what is refused.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(133);

-- What a statement raises: SQLSTATE, detail or else message.
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || CASE WHEN detail = '' THEN SQLERRM ELSE detail END;
END $$;

-- --- models of all kinds, complete ---

CREATE TABLE lifetime (name text, m lifetime_model);
INSERT INTO lifetime VALUES
    ('fitted', '{"version":1,"kind":"bgnbd","status":"converged","unit":"week","customers":2357,"excluded":3,"iterations":9,"loglik":-9582.4291872,"aic":19172.8583744,"bic":19195.918954011744,"parameters":{"r":0.24259,"alpha":4.4136,"a":0.79292,"b":2.4259},"covariance":[[0.000157753],[0.0034,0.14304],[0.0001,0.01,0.034495],[0.0003,-0.01,0.1,0.4976]]}'),
    ('typed in', '{"version":1,"kind":"bgnbd","status":"converged","customers":0,"excluded":0,"iterations":0,"parameters":{"r":0.243,"alpha":4.414,"a":0.793,"b":2.426}}'),
    ('prior', '{"version":1,"kind":"pareto_nbd","status":"converged","unit":"day","customers":2,"excluded":0,"iterations":30,"loglik":-1.5,"aic":11,"bic":5.772588722239782,"prior":0.5,"parameters":{"r":1e-06,"alpha":1e+20,"s":2.2250738585072014e-308,"beta":1.7976931348623157e+308}}'),
    ('degenerate', '{"version":1,"kind":"mbgnbd","status":"degenerate","direction":"homogeneous_dropout","unit":"month","customers":100,"excluded":0,"iterations":40,"loglik":0,"aic":8,"bic":18.420680743952367,"parameters":{"r":1,"alpha":2,"a":1000000,"b":2000000}}'),
    ('two parameters', '{"version":1,"kind":"sbg","status":"converged","customers":1000.5,"excluded":0,"iterations":7,"loglik":-1611.158,"aic":3226.316,"bic":3236.1325097792765,"parameters":{"alpha":0.6681,"beta":3.8061},"covariance":[[0.0108],[0.07,0.6178]]}'),
    ('variance 0', '{"version":1,"kind":"bgbb","status":"converged","customers":11104,"excluded":0,"iterations":7,"loglik":-33225.581,"aic":66459.162,"bic":66488.4222464484,"parameters":{"alpha":1.2035,"beta":0.7498,"gamma":0.6568,"delta":2.784},"covariance":[[0],[0,1],[0,-1,1],[0,0,0,1e-300]]}'),
    ('nothing', '{"version":1,"kind":"pareto_nbd","status":"not_identified","unit":"year","customers":50,"excluded":0,"iterations":0}'),
    ('only excluded', '{"version":1,"kind":"bgnbd","status":"not_identified","customers":0,"excluded":12,"iterations":0}'),
    ('limit', '{"version":1,"kind":"bgnbd","status":"iteration_limit","customers":1,"excluded":0,"iterations":2147483647,"loglik":-1e+300,"aic":2e+300,"bic":2e+300,"parameters":{"r":1,"alpha":1,"a":1,"b":1}}');
CREATE TABLE spend (name text, m spend_model);
INSERT INTO spend VALUES
    ('fitted', '{"version":1,"kind":"gamma_gamma","status":"converged","customers":946,"excluded":1,"iterations":9,"loglik":-4055.9177,"aic":8117.8354,"bic":8132.391703206022,"parameters":{"p":6.2496,"q":3.7442,"gamma":15.4435},"covariance":[[1.4161],[-0.3,0.0841],[-4,0.7,17.297]]}'),
    ('typed in', '{"version":1,"kind":"gamma_gamma","status":"converged","customers":0,"excluded":0,"iterations":0,"parameters":{"p":6.25,"q":3.74,"gamma":15.44}}'),
    ('no mean', '{"version":1,"kind":"gamma_gamma","status":"degenerate","direction":"no_mean","customers":10,"excluded":0,"iterations":9,"loglik":-40,"aic":86,"bic":86.90775527898214,"parameters":{"p":2,"q":0.9,"gamma":4},"covariance":[[1],[0,1],[0,0,1]]}'),
    ('nothing', '{"version":1,"kind":"gamma_gamma","status":"not_identified","customers":0,"excluded":4,"iterations":0}');

SELECT is(m::text, m::text::lifetime_model::text, 'text gives the same text: ' || name) FROM lifetime;
SELECT is(m::text, m::text::spend_model::text, 'text gives the same text: spend, ' || name) FROM spend;
SELECT is(m::jsonb, m::text::jsonb, 'jsonb is the text: ' || name) FROM lifetime;
SELECT is(m::jsonb, m::text::jsonb, 'jsonb is the text: spend, ' || name) FROM spend;
SELECT is_empty($$SELECT name FROM lifetime WHERE lifetime_model_send(m) <> lifetime_model_send(m::text::lifetime_model)$$, 'and the same bytes');
SELECT is((SELECT regexp_replace(m::text, '"bic":[0-9.]*,', '') FROM lifetime WHERE name = 'fitted'),
    '{"version":1,"kind":"bgnbd","status":"converged","unit":"week","customers":2357,"excluded":3,"iterations":9,"loglik":-9582.4291872,"aic":19172.8583744,"parameters":{"r":0.24259,"alpha":4.4136,"a":0.79292,"b":2.4259},"covariance":[[0.000157753],[0.0034,0.14304],[0.0001,0.01,0.034495],[0.0003,-0.01,0.1,0.4976]]}',
    'the text of a model');
SELECT is('{"kind":"bgnbd","parameters":{"r":0.243,"alpha":4.414,"a":0.793,"b":2.426}}'::lifetime_model::text, (SELECT m::text FROM lifetime WHERE name = 'typed in'), 'kind and parameters are a model');
SELECT is('{"parameters":{"b":2.426,"r":0.243,"a":0.793,"alpha":4.414},"kind":"bgnbd","unit":"week","prior":null,"aic":"whatever"}'::lifetime_model ->> 'unit', 'week', 'in any order of keys, with a unit; aic is not read');
SELECT is('{"kind":"gamma_gamma","parameters":{"p":6.25,"q":3.74,"gamma":15.44}}'::spend_model::text, (SELECT m::text FROM spend WHERE name = 'typed in'), 'likewise of spend');
SELECT is('{"kind":"bgnbd","parameters":{"r":0.1,"alpha":0.30000000000000004,"a":5e-100,"b":3}}'::lifetime_model -> 'alpha', 0.30000000000000004::float8, 'every digit counts');

-- --- binary, as COPY writes and reads it ---

CREATE TABLE received_lifetime (name text, m lifetime_model);
CREATE TABLE received_spend (name text, m spend_model);
DO $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_lifetime_model.bin';
BEGIN
    EXECUTE format('COPY lifetime TO %L (FORMAT binary)', file);
    EXECUTE format('COPY received_lifetime FROM %L (FORMAT binary)', file);
    EXECUTE format('COPY spend TO %L (FORMAT binary)', file);
    EXECUTE format('COPY received_spend FROM %L (FORMAT binary)', file);
END $$;
SELECT is((SELECT count(*) FROM lifetime l JOIN received_lifetime r USING (name) WHERE l.m::text = r.m::text), 9::bigint, 'binary gives the same models');
SELECT is((SELECT count(*) FROM spend l JOIN received_spend r USING (name) WHERE l.m::text = r.m::text), 4::bigint, 'and the same spend models');

-- What pg_dump writes: a literal of text that is read into the column.
CREATE TABLE restored (LIKE lifetime);
DO $$
DECLARE
    statement text;
BEGIN
    FOR statement IN SELECT format('INSERT INTO restored VALUES (%L, %L)', name, m) FROM lifetime LOOP
        EXECUTE statement;
    END LOOP;
END $$;
SELECT is((SELECT count(*) FROM lifetime l JOIN restored r USING (name) WHERE lifetime_model_send(l.m) = lifetime_model_send(r.m)), 9::bigint, 'a dump of inserts restores them');

-- In an array, a row and a column beside others, where alignment and short headers matter.
CREATE TABLE mixed (c "char", m lifetime_model, b boolean, s spend_model);
INSERT INTO mixed SELECT 'a', l.m, true, s.m FROM lifetime l, spend s;
SELECT is((SELECT count(*) FROM mixed WHERE m ->> 'kind' IN ('bgnbd', 'pareto_nbd', 'mbgnbd', 'sbg', 'bgbb') AND s ->> 'kind' = 'gamma_gamma'), 36::bigint, 'stored between other columns');
SELECT is((SELECT (array_agg(m ORDER BY name = 'nothing' DESC))[1] ->> 'unit' FROM lifetime), 'year', 'in an array');

-- --- what is read from them ---

SELECT is((SELECT ARRAY[m -> 'r', m -> 'alpha', m -> 'a', m -> 'b', m -> 'loglik', m -> 'customers', m -> 'excluded', m -> 'iterations'] FROM lifetime WHERE name = 'fitted'),
    ARRAY[0.24259, 4.4136, 0.79292, 2.4259, -9582.4291872, 2357, 3, 9]::float8[], 'numbers of a model');
SELECT is((SELECT ROW(m -> 'aic' = 8 - 2 * (m -> 'loglik'), abs((m -> 'bic') - (4 * ln(2357) - 2 * (m -> 'loglik'))) < 1e-10) FROM lifetime WHERE name = 'fitted'), ROW(true, true), 'AIC and BIC are on the scale of deviance');
SELECT is((SELECT ROW(m -> 's', m -> 'beta', m -> 'gamma', m -> 'prior')::text FROM lifetime WHERE name = 'fitted'), '(,,,)', 'parameters of other kinds, and a prior that is not, are null');
SELECT is((SELECT m -> 'prior' FROM lifetime WHERE name = 'prior'), 0.5::float8, 'the prior');
SELECT is((SELECT ROW(m -> 'loglik', m -> 'aic', m -> 'bic', m -> 'customers', m -> 'r')::text FROM lifetime WHERE name = 'typed in'), '(,,,0,0.243)', 'a model that was typed in has no log-likelihood');
SELECT is((SELECT ROW(m -> 'loglik', m -> 'aic', m -> 'bic', m -> 'customers', m -> 'r', m -> 's')::text FROM lifetime WHERE name = 'nothing'), '(,,,50,,)', 'one that is not identified has no parameters');
SELECT is((SELECT ROW(m ->> 'kind', m ->> 'status', m ->> 'direction', m ->> 'unit')::text FROM lifetime WHERE name = 'degenerate'), '(mbgnbd,degenerate,homogeneous_dropout,month)', 'words of a model');
SELECT is((SELECT ROW(m ->> 'kind', m ->> 'status', m ->> 'direction', m ->> 'unit', m ->> 's', m ->> 'covariance')::text FROM lifetime WHERE name = 'typed in'), '(bgnbd,converged,,,,)', 'words that it has not are null');
SELECT is((SELECT ARRAY[m ->> 'r', m ->> 'loglik', m ->> 'customers', m ->> 'version', m ->> 'covariance'] FROM lifetime WHERE name = 'fitted'),
    ARRAY['0.24259', '-9582.4291872', '2357', '1', '[[0.000157753],[0.0034,0.14304],[0.0001,0.01,0.034495],[0.0003,-0.01,0.1,0.4976]]'], '->> has every key');
SELECT is_empty($$
    SELECT name, key FROM lifetime, jsonb_each_text(m::jsonb) WHERE key NOT IN ('parameters', 'covariance') AND m ->> key IS DISTINCT FROM value
        AND (m ->> key)::float8 IS DISTINCT FROM value::float8
    UNION ALL SELECT name, key FROM lifetime, jsonb_each_text(m::jsonb) WHERE key IN ('parameters', 'covariance') AND (m ->> key)::jsonb IS DISTINCT FROM value::jsonb$$,
    'as jsonb has them');
SELECT is_empty($$SELECT name, key FROM lifetime, jsonb_each_text(m::jsonb -> 'parameters') WHERE m -> key IS DISTINCT FROM value::float8$$, 'and the parameters');
SELECT is((SELECT ARRAY[m -> 'p', m -> 'q', m -> 'gamma', m -> 'loglik', m -> 'excluded'] FROM spend WHERE name = 'fitted'), ARRAY[6.2496, 3.7442, 15.4435, -4055.9177, 1]::float8[], 'numbers of a spend model');
SELECT is((SELECT ROW(m ->> 'kind', m ->> 'status', m ->> 'direction', m ->> 'unit', m ->> 'q')::text FROM spend WHERE name = 'no mean'), '(gamma_gamma,degenerate,no_mean,,0.9)', 'and its words');
SELECT is(lifetime_model_parameter(m, 'b'), m -> 'b', 'the function behind ->') FROM lifetime WHERE name = 'fitted';
SELECT is(spend_model_field(m, 'q'), m ->> 'q', 'the function behind ->>') FROM spend WHERE name = 'fitted';

SELECT is((SELECT ARRAY[standard_error(m, 'r'), standard_error(m, 'alpha'), standard_error(m, 'a'), standard_error(m, 'b')] FROM lifetime WHERE name = 'fitted'),
    ARRAY[sqrt(0.000157753::float8), sqrt(0.14304::float8), sqrt(0.034495::float8), sqrt(0.4976::float8)], 'standard errors');
SELECT is((SELECT array_agg(covariance(m, x, y) ORDER BY i, j) FROM lifetime, unnest('{r,alpha,a,b}'::text[]) WITH ORDINALITY u(x, i), unnest('{r,alpha,a,b}'::text[]) WITH ORDINALITY v(y, j) WHERE name = 'fitted'),
    ARRAY[0.000157753, 0.0034, 0.0001, 0.0003, 0.0034, 0.14304, 0.01, -0.01, 0.0001, 0.01, 0.034495, 0.1, 0.0003, -0.01, 0.1, 0.4976]::float8[], 'covariances, both ways');
SELECT is((SELECT ROW(standard_error(m, 's'), covariance(m, 'r', 'beta'))::text FROM lifetime WHERE name = 'fitted'), '(,)', 'null for parameters of other kinds');
SELECT is((SELECT ROW(standard_error(m, 'r'), covariance(m, 'r', 'a'))::text FROM lifetime WHERE name = 'degenerate'), '(,)', 'null without covariances');
SELECT is((SELECT ROW(standard_error(m, 'q') = 0.29, covariance(m, 'gamma', 'p'))::text FROM spend WHERE name = 'fitted'), '(t,-4)', 'of spend');
SELECT is((SELECT ROW(m -> NULL, m ->> NULL, standard_error(m, NULL))::text FROM lifetime WHERE name = 'fitted'), '(,,)', 'null key: null');

SELECT throws_ok(format('SELECT %L::lifetime_model -> %L', m, key), '22023', format('a lifetime_model has no parameter "%s"', key), '-> ' || key) FROM lifetime, unnest(ARRAY['p', 'R', '', 'kind']) key WHERE name = 'fitted';
SELECT throws_ok(format('SELECT %L::lifetime_model ->> %L', m, key), '22023', format('a lifetime_model has no parameter "%s"', key), '->> ' || key) FROM lifetime, unnest(ARRAY['p', 'Status']) key WHERE name = 'nothing';
SELECT throws_ok(format('SELECT standard_error(%L::spend_model, %L)', m, key), '22023', format('a spend_model has no parameter "%s"', key), 'standard_error of ' || key) FROM spend, unnest(ARRAY['r', 'loglik']) key WHERE name = 'nothing';
SELECT throws_ok(format('SELECT covariance(%L::lifetime_model, ''r'', ''x'')', m), '22023', 'a lifetime_model has no parameter "x"', 'covariance of x') FROM lifetime WHERE name = 'typed in';

-- --- text that is refused ---

\set p '"parameters":{"r":1,"alpha":1,"a":1,"b":1}'
SELECT is(pg_temp.error_of(format('SELECT %L::lifetime_model', input)), error, error) FROM (VALUES
    ('[]', '22P02 The text must be a JSON object.'),
    ('{}', '22P02 "kind" is missing.'),
    ('{"kind":"gamma_gamma"}', '22P02 "kind" must be "bgnbd", "pareto_nbd", "mbgnbd", "sbg" or "bgbb", not "gamma_gamma".'),
    ('{"kind":7}', '22P02 "kind" must be "bgnbd", "pareto_nbd", "mbgnbd", "sbg" or "bgbb", not 7.'),
    ('{"version":2,"kind":"bgnbd"}', '22P02 Its version is 2, this custseg reads version 1.'),
    ('{"kind":"bgnbd","loglike":1}', '22P02 Key "loglike" is not known.'),
    ('{"kind":"bgnbd"}', '22P02 "parameters" is missing.'),
    ('{"kind":"bgnbd","parameters":[1,1,1,1]}', '22P02 "parameters" must be an object, not an array.'),
    ('{"kind":"bgnbd","parameters":{"r":1,"alpha":1,"a":1}}', '22P02 "parameters"."b" is missing.'),
    ('{"kind":"bgnbd","parameters":{"r":1,"alpha":1,"a":1,"b":1,"s":1}}', '22P02 Key "s" of "parameters" is not known.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":"2"}}', '22P02 "parameters"."beta" must be a number in the range of float8, "Infinity" or "-Infinity", not "2".'),
    ('{"kind":"sbg","parameters":{"alpha":0,"beta":2}}', '22P02 "alpha" must be a positive number, no less than 2.3e-308.'),
    ('{"kind":"sbg","parameters":{"alpha":-1,"beta":2}}', '22P02 "alpha" must be a positive number, no less than 2.3e-308.'),
    ('{"kind":"sbg","parameters":{"alpha":1e-310,"beta":2}}', '22P02 "alpha" must be a positive number, no less than 2.3e-308.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":"Infinity"}}', '22P02 "beta" must be a positive number, no less than 2.3e-308.'),
    ('{"kind":"bgnbd","status":"great",' || :'p' || '}', '22P02 "status" must be "converged", "degenerate", "not_identified" or "iteration_limit", not "great".'),
    ('{"kind":"bgnbd","status":"degenerate",' || :'p' || '}', '22P02 A degenerate model has a "direction", and no other one.'),
    ('{"kind":"bgnbd","direction":"no_dropout",' || :'p' || '}', '22P02 A degenerate model has a "direction", and no other one.'),
    ('{"kind":"bgnbd","status":"degenerate","direction":"no_mean",' || :'p' || '}', '22P02 A model of kind "bgnbd" cannot have the direction "no_mean".'),
    ('{"kind":"bgnbd","unit":"fortnight",' || :'p' || '}', '22P02 "unit" must be "day", "week", "month" or "year", not "fortnight".'),
    ('{"kind":"sbg","unit":"year","parameters":{"alpha":1,"beta":2}}', '22P02 A model of kind "sbg" has no "unit".'),
    ('{"kind":"bgnbd","customers":-1,"loglik":-1,' || :'p' || '}', '22P02 "customers" must be a finite number, not negative.'),
    ('{"kind":"bgnbd","customers":"Infinity","loglik":-1,' || :'p' || '}', '22P02 "customers" must be a finite number, not negative.'),
    ('{"kind":"bgnbd","customers":7,' || :'p' || '}', '22P02 "loglik" is missing.'),
    ('{"kind":"bgnbd","loglik":-7,' || :'p' || '}', '22P02 A model without "customers", or not identified, has no "loglik".'),
    ('{"kind":"bgnbd","customers":7,"loglik":"-Infinity",' || :'p' || '}', '22P02 "loglik" must be a number from -1e300 to 1e300.'),
    ('{"kind":"bgnbd","excluded":-1,' || :'p' || '}', '22P02 "excluded" must be a finite number, not negative.'),
    ('{"kind":"bgnbd","prior":"Infinity",' || :'p' || '}', '22P02 "prior" must be a finite number, not negative.'),
    ('{"kind":"bgnbd","iterations":-1,' || :'p' || '}', '22P02 "iterations" must be an integer from 0 to 2147483647, not -1.'),
    ('{"kind":"bgnbd","iterations":1.5,' || :'p' || '}', '22P02 "iterations" must be an integer from 0 to 2147483647, not 1.5.'),
    ('{"kind":"bgnbd","status":"not_identified",' || :'p' || '}', '22P02 A model that is not identified has no "parameters".'),
    ('{"kind":"sbg","status":"not_identified","covariance":[[1],[1,1]]}', '22P02 A model that is not identified has no covariances.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":{"alpha":1}}', '22P02 "covariance" must be an array of arrays, not an object.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":[[1],[0,1],[0,0,1]]}', '22P02 "covariance" must have 2 rows, not 3.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":[[1,0],[0,1]]}', '22P02 "covariance"[0] must have 1 elements, not 2: it is a lower triangle.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":[1,[0,1]]}', '22P02 "covariance"[0] must be an array of numbers, not 1.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":[[1],[null,1]]}', '22P02 "covariance"."1"[0] must be a number in the range of float8, "Infinity" or "-Infinity", not null.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":[[1],[0,-1]]}', '22P02 The variance of "beta" must be a finite number, not negative.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":[["Infinity"],[0,1]]}', '22P02 The variance of "alpha" must be a finite number, not negative.'),
    ('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":[[1],[2.1,4]]}', '22P02 The covariance of "beta" and "alpha" must not be greater than the product of their standard errors.')) v(input, error);
SELECT is(pg_temp.error_of(format('SELECT %L::spend_model', input)), error, 'spend: ' || error) FROM (VALUES
    ('{"kind":"bgnbd"}', '22P02 "kind" must be "gamma_gamma", not "bgnbd".'),
    ('{"kind":"gamma_gamma","unit":"week","parameters":{"p":1,"q":1,"gamma":1}}', '22P02 A model of kind "gamma_gamma" has no "unit".'),
    ('{"kind":"gamma_gamma","parameters":{"p":1,"q":1}}', '22P02 "parameters"."gamma" is missing.')) v(input, error);
SELECT is('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":[[1],[2,4]]}'::lifetime_model ->> 'covariance', '[[1],[2,4]]', 'a correlation of 1 is possible');

-- --- binary that is refused, or another sound model ---

SELECT setseed(0.5);
CREATE TABLE received (type text, outcome text);
CREATE FUNCTION pg_temp.is_sound(type text, target text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    sound boolean;
BEGIN
    EXECUTE format('SELECT m::text::%1$s::text = m::text AND %1$s_send(m::text::%1$s) = %1$s_send(m) AND m -> ''loglik'' IS DISTINCT FROM ''NaN''
        FROM %2$s', type, target) INTO STRICT sound;
    RETURN sound;
END $$;
CREATE FUNCTION pg_temp.receive(message bytea, type text, target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_lifetime_model.bin';
BEGIN
    EXECUTE 'DELETE FROM ' || target;
    EXECUTE format('COPY (SELECT ''x'', %L::bytea) TO %L (FORMAT binary)', message, file);
    EXECUTE format('COPY %s FROM %L (FORMAT binary)', target, file);
    RETURN CASE WHEN pg_temp.is_sound(type, target) THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
-- Up to three changes: a byte replaced, a bit turned, a piece cut out, the end cut off, bytes added.
CREATE FUNCTION pg_temp.damage(message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    size int;
    p int;
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::int LOOP
        size := length(message);
        EXIT WHEN size = 0;
        p := floor(random() * CASE WHEN random() < 0.5 THEN least(size, 16) ELSE size END)::int;
        message := CASE floor(random() * 8)::int
            WHEN 0 THEN substring(message FROM 1 FOR p) || substring(message FROM p + 2 + floor(random() * 16)::int)
            WHEN 1 THEN substring(message FROM 1 FOR p)
            WHEN 2 THEN message || decode(md5(p::text), 'hex')
            WHEN 3 THEN set_byte(message, p, floor(random() * 256)::int)
            WHEN 4 THEN set_byte(message, p, floor(random() * 8)::int)
            ELSE set_bit(message, p * 8 + floor(random() * 8)::int, floor(random() * 2)::int)
        END;
    END LOOP;
    RETURN message;
END $$;
SELECT is_empty($$SELECT name FROM lifetime WHERE pg_temp.receive(lifetime_model_send(m), 'lifetime_model', 'received_lifetime') <> 'ok'$$, 'undamaged models are received');
INSERT INTO received SELECT 'lifetime', pg_temp.receive(pg_temp.damage(lifetime_model_send(m)), 'lifetime_model', 'received_lifetime') FROM lifetime, generate_series(1, 60);
INSERT INTO received SELECT 'spend', pg_temp.receive(pg_temp.damage(spend_model_send(m)), 'spend_model', 'received_spend') FROM spend, generate_series(1, 120);
SELECT results_eq($$SELECT DISTINCT type, outcome FROM received ORDER BY 1, 2$$, $$VALUES ('lifetime', '22P03'), ('lifetime', 'ok'), ('spend', '22P03'), ('spend', 'ok')$$,
    'damaged messages are refused with 22P03, or are other sound models');
SELECT cmp_ok((SELECT count(*) FROM received WHERE type = t AND outcome = '22P03'), '>', 200::bigint, 'most are refused: ' || t) FROM unnest(ARRAY['lifetime', 'spend']) t;
SELECT is(pg_temp.receive(spend_model_send(m), 'lifetime_model', 'received_lifetime'), '22P03', 'a spend model is no lifetime model') FROM spend WHERE name = 'fitted';
SELECT is(pg_temp.receive(lifetime_model_send(m), 'spend_model', 'received_spend'), '22P03', 'nor the other way round') FROM lifetime WHERE name = 'two parameters';
-- Each field out of range by itself; the offsets are those of the binary form.
SELECT is(pg_temp.receive(overlay(lifetime_model_send(m) PLACING decode(bytes, 'hex') FROM at), 'lifetime_model', 'received_lifetime'), '22P03', 'out of range: ' || what)
FROM lifetime, (VALUES ('version', 1, '02'), ('kind', 2, '06'), ('status', 3, '04'), ('direction', 4, '0a'), ('unit', 5, '05'), ('has_covariance', 6, '02'),
    ('iterations', 7, 'ffffffff'), ('customers NaN', 11, '7ff8000000000000'), ('excluded', 19, 'bff0000000000000'), ('prior', 27, '7ff0000000000000'),
    ('loglik', 35, '7ff8000000000000'), ('r', 43, '0000000000000000'), ('alpha', 51, '7ff0000000000000'), ('variance', 75, '7ff8000000000000'),
    ('covariance', 83, '7ff0000000000000')) v(what, at, bytes) WHERE name = 'fitted';
DO $$ BEGIN
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', 'rm ''' || current_setting('data_directory') || '/custseg_lifetime_model.bin''');
END $$;

-- From 16 on, input is refused softly.
SELECT CASE WHEN current_setting('server_version_num')::int < 160000 THEN pass('no soft errors before 16')
    ELSE is(pg_temp.error_of($$SELECT 1 / (pg_input_is_valid('{"kind":"bgnbd"}', 'lifetime_model')::int + pg_input_is_valid('{"kind":"sbg","parameters":{"alpha":1,"beta":2},"covariance":[[1],[2.1,4]]}', 'lifetime_model')::int
        + pg_input_is_valid('{"kind":"gamma_gamma","parameters":{"p":1,"q":1,"gamma":1}}', 'spend_model')::int)$$), 'no error', 'input is refused softly') END;

SELECT * FROM finish();
ROLLBACK;
