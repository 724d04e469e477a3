-- ABC: the definitions, the arguments, the errors, and the states as types.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(219);

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

CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- Breaks and the classes of all values, of float8 and of numeric, which must agree.
CREATE FUNCTION pg_temp.both(x numeric[], shares numeric[]) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN f = n THEN f ELSE f || ' but numeric ' || n END
    FROM (
        SELECT abc_breaks(v::float8, shares)::text || ' ' || (SELECT string_agg(abc_class(v::float8, b), '' ORDER BY i)
            FROM unnest(x) WITH ORDINALITY u(v, i), (SELECT abc_breaks(v::float8, shares) FROM unnest(x) v) s(b)),
            abc_breaks(v, shares)::text || ' ' || (SELECT string_agg(abc_class(v, b), '' ORDER BY i)
            FROM unnest(x) WITH ORDINALITY u(v, i), (SELECT abc_breaks(v, shares) FROM unnest(x) v) s(b))
        FROM unnest(x) v) s(f, n)
$$;

-- --- the definition ---
SELECT is(pg_temp.both('{100,1,1,1}', '{.8,.95}'), '{1,1} ACCC', 'the largest is A, equal ones share a class, B is empty');
SELECT is(pg_temp.both('{5,5,5}', '{.8,.95}'), '{0,0} AAA', 'all equal: all A');
SELECT is(pg_temp.both('{7}', '{.8,.95}'), '{0,0} A', 'one value');
SELECT is(pg_temp.both('{50,30,15,5}', '{.8,.95}'), '{5,15} AABC', 'a share that is reached exactly ends the class');
SELECT is(pg_temp.both('{50,30,15,5}', '{.5,.79,.81,.95}'), '{5,5,15,30} ABCE', 'more shares, not all reached exactly');
SELECT is(pg_temp.both('{60,20,10,5,5}', '{.8,.95}'), '{0,10} AABBB', 'ties decide together: before both fives there are 90 %');
SELECT is(pg_temp.both('{60,20,10,5,5}', '{.8,.9}'), '{5,10} AABCC', 'and with a share of 90 % they are both C');
SELECT is(pg_temp.both('{60,20,20,0,-5}', '{.8,.95}'), '{0,0} AAACC', '0 and negative values are in the last class');
SELECT is(pg_temp.both('{60,40,-1000}', '{.5}'), '{40} ABB', 'and do not count in the total');
SELECT is(pg_temp.both('{90,2,1,1,1,1,1,1,1,1}', '{.8,.95}'), '{0,2} ABBBBBBBBB', 'one customer with 90 % is alone in A');
SELECT is(pg_temp.both('{90,10}', '{.01}'), '{10} AB', 'the largest is A, however large');
SELECT is(pg_temp.both('{3,2,1}', '{.000001,.999999}'), '{0,2} ABB', 'shares near 0 and 1');
SELECT is(abc_breaks(x, ARRAY[.8,.95]), NULL, 'no rows: null') FROM (SELECT 1.0 WHERE false) v(x);
SELECT is(abc_breaks(x, '{.8,.95}'), NULL, 'only nulls: null') FROM (VALUES (NULL::float8), (NULL)) v(x);
SELECT is(abc_breaks(x, '{.5}'), '{1}', 'nulls are ignored') FROM (VALUES (NULL::numeric), (9), (1)) v(x);
SELECT is(cardinality(abc_breaks(x, ARRAY(SELECT i / 1000.0 FROM generate_series(1, 999) i))), 999, '999 shares') FROM generate_series(1, 5) x;
SELECT is(abc_breaks(x, '{.5}'), '{5.00}', 'breaks show the digits of the positive value that has most')
FROM unnest('{10,5,1.25,-1.123}'::numeric[]) x;

-- --- numerics that float8 misjudges ---
SELECT is(abc_breaks(x, '{.5}'), '{0.999999999999999999999999999999}', '1 is half of the total, exactly, so what follows is B')
FROM unnest('{1,0.999999999999999999999999999999,0.000000000000000000000000000001}'::numeric[]) x;
SELECT is(abc_breaks(x, '{.5}'), '{0.999999999999999999999999999998}', 'and with a bit less it is more than half')
FROM unnest('{1,0.999999999999999999999999999998,0.000000000000000000000000000001}'::numeric[]) x;
SELECT is(abc_breaks(x, '{.5}'), '{0.000000000000000000000000000002}', 'and with a bit more it is less than half')
FROM unnest('{1,0.999999999999999999999999999999,0.000000000000000000000000000002,0.000000000000000000000000000001}'::numeric[]) x;
SELECT is(array_agg(abc_class(x, '{0.999999999999999999999999999998}') ORDER BY x DESC), '{A,A,B,B}', 'abc_class compares 30 digits')
FROM unnest('{1,0.999999999999999999999999999999,0.999999999999999999999999999998,0.000000000000000000000000000001}'::numeric[]) x;
SELECT is(abc_breaks(x * f, '{.8,.95}')::text, (ARRAY[5 * f, 15 * f])::text, 'values times ' || left(f::text, 12) || '...')
FROM unnest('{50,30,15,5}'::numeric[]) x, unnest(ARRAY[1e17, 1e18, 1e30, 1e37, 1e60, 1e300, 1e5000]::numeric[]) f GROUP BY f ORDER BY f;
SELECT is(abc_breaks(x * f, '{.8,.95}'), ARRAY[5 * f, 15 * f], 'values times 10^-' || scale(f))
FROM unnest('{50,30,15,5}'::numeric[]) x, unnest(ARRAY[1e-17, 1e-38, 1e-39, 1e-60, 1e-500]::numeric[]) f GROUP BY f ORDER BY f;
SELECT is(abc_breaks(x, '{.8,.95}')::text, format('{%s,%1$s}', round(3, 40)), 'values of 10^40 and 10^-40 together')
FROM unnest('{1e40,3,1e-40}'::numeric[]) x;

-- --- float8 of all sizes ---
SELECT is(abc_breaks(x * f, '{.8,.95}'), ARRAY[5 * f, 15 * f], 'float8 times 2^' || k)
FROM unnest('{50,30,15,5}'::float8[]) x, unnest(ARRAY[-1074, -1060, -1000, -17, 60, 1000, 1018]) k, LATERAL (SELECT 2::float8 ^ k) p(f) GROUP BY k, f ORDER BY k;
SELECT is(abc_breaks(x, '{.5}'), '{0.6e308}', 'a total beyond float8')
FROM unnest('{1.7e308,1.6e308,0.6e308}'::float8[]) x;
SELECT is((SELECT abc_breaks(x, '{.5}') FROM generate_series(1, 100000) i, LATERAL (VALUES (CASE WHEN i = 1 THEN 1e5 ELSE 1 END::float8)) v(x)), '{1}'::float8[],
    '100,000 is more than half of 199,999');
SELECT is((SELECT abc_breaks(x::float8, '{.9}') FROM (SELECT 1e17 AS x UNION ALL SELECT 1 FROM generate_series(1, 100)) v), '{1}'::float8[], 'the largest holds nearly all');

-- --- which form an argument takes ---
CREATE TEMPORARY TABLE form (id int, x text, shares text, breaks text, want text);
INSERT INTO form VALUES
    (1, 'x::float8', 'ARRAY[.8,.95]', NULL, 'double precision[]'), (2, 'x::float8', '''{.8,.95}''', NULL, 'double precision[]'),
    (3, 'x::float8', 'ARRAY[.8,.95]::float8[]', NULL, 'double precision[]'), (4, 'x::numeric', 'ARRAY[.8,.95]', NULL, 'numeric[]'),
    (5, 'x::numeric', '''{.8,.95}''', NULL, 'numeric[]'), (6, 'x::numeric', 'ARRAY[.8,.95]::float8[]', NULL, 'double precision[]'),
    (7, 'x::int', 'ARRAY[.8,.95]', NULL, 'numeric[]'), (8, 'x::int', '''{.8,.95}''', NULL, 'double precision[]'),
    (9, 'x::bigint', 'ARRAY[.8,.95]', NULL, 'numeric[]'), (10, 'x::bigint', '''{.8,.95}''', NULL, 'double precision[]'),
    (11, 'x::smallint', 'ARRAY[.8,.95]', NULL, 'numeric[]'), (12, 'x::real', 'ARRAY[.8,.95]', NULL, 'double precision[]'),
    (13, 'x::real', '''{.8,.95}''', NULL, 'double precision[]'), (14, 'x::numeric(9,2)', 'ARRAY[.8,.95]', NULL, 'numeric[]');
CREATE FUNCTION pg_temp.run(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE query INTO STRICT result;
    RETURN result;
END $$;
SELECT is(pg_temp.run(format('SELECT pg_typeof(abc_breaks(%s, %s)) FROM unnest(ARRAY[100,20,3]) x', x, shares)), want,
    format('abc_breaks(%s, %s) gives %s', x, shares, want)) FROM form ORDER BY id;
-- What came out is applied to the same column, and arrays by hand too.
SELECT is(pg_temp.run(format('SELECT string_agg(abc_class(%s, b), '''' ORDER BY x DESC) FROM unnest(ARRAY[100,20,3]) x,
    (SELECT abc_breaks(%1$s, %s) FROM unnest(ARRAY[100,20,3]) x) s(b)', x, shares)), 'ABC', format('abc_class of %s with these breaks', x))
FROM form ORDER BY id;
SELECT is(pg_temp.run(format('SELECT string_agg(abc_class(%s, %s), '''' ORDER BY x DESC) FROM unnest(ARRAY[100,20,3]) x', x, b)), 'ABC',
    format('abc_class(%s, %s)', x, b))
FROM unnest(ARRAY['x::float8', 'x::numeric', 'x::int', 'x::bigint']) x,
    unnest(ARRAY['''{3,20}''', 'ARRAY[3,20]', 'ARRAY[3.0,20]', 'ARRAY[3,20]::float8[]', 'ARRAY[3,20]::bigint[]']) b;
SELECT is(pg_temp.run(format('SELECT string_agg(abc_class(%s, %s, ''{hi,mid,lo}''), '''' ORDER BY x DESC) FROM unnest(ARRAY[100,20,3]) x', x, b)), 'himidlo',
    format('abc_class(%s, %s, labels)', x, b))
FROM unnest(ARRAY['x::float8', 'x::numeric', 'x::int', 'x::bigint']) x,
    unnest(ARRAY['''{3,20}''', 'ARRAY[3,20]', 'ARRAY[3.0,20]', 'ARRAY[3,20]::float8[]']) b;

-- --- abc_class ---
SELECT is(abc_class(x, '{10,10,20}'), want, 'equal breaks leave a class empty: ' || x)
FROM (VALUES (5::float8, 'D'), (10, 'D'), (15, 'B'), (20, 'B'), (21, 'A')) v(x, want);
SELECT is(abc_class(x, '{10,10,20}'), want, 'the same of numeric: ' || x)
FROM (VALUES (5::numeric, 'D'), (10.00, 'D'), (10.001, 'B'), (20, 'B'), (21, 'A')) v(x, want);
SELECT is(abc_class(5::float8, '{}'), 'A', 'no breaks: A');
SELECT is(abc_class(5::numeric, '{}'), 'A', 'no breaks of numeric: A');
SELECT is(abc_class('infinity'::float8, '{1,2}') || abc_class('-infinity'::float8, '{1,2}'), 'AC', 'infinities are ordinary values');
SELECT is(abc_class('infinity'::numeric, '{1,2}') || abc_class('-infinity'::numeric, '{1,2}'), 'AC', 'of numeric, too');
SELECT is(abc_class(2::float8, '{-infinity,infinity}'), 'B', 'and of breaks');
SELECT is(abc_class(-0.0::float8, '{0}'), 'B', 'minus zero is zero');
SELECT is(abc_class(1e-50, ARRAY[1e-50, 1e50]) || abc_class(1e50, ARRAY[1e-50, 1e50]) || abc_class(1e51, ARRAY[1e-50, 1e50]) || abc_class(-1e50, ARRAY[1e-50, 1e50]),
    'CBAC', 'numerics beyond 38 digits');
SELECT is(string_agg(abc_class(x, ARRAY(SELECT generate_series(1, 25))), '' ORDER BY x), reverse('ABCDEFGHIJKLMNOPQRSTUVWXYZ'), '26 classes')
FROM generate_series(1, 26) x;
SELECT is(string_agg(abc_class(x::numeric, ARRAY(SELECT generate_series(1, 25))), '' ORDER BY x), reverse('ABCDEFGHIJKLMNOPQRSTUVWXYZ'), '26 classes of numeric')
FROM generate_series(1, 26) x;
SELECT is(abc_class(NULL::float8, '{1}'), NULL, 'null x: null');
SELECT is(abc_class(NULL::numeric, '{1}'), NULL, 'null numeric: null');
SELECT is(abc_class(1::numeric, NULL), NULL, 'null breaks: null');
SELECT is(abc_class(1.0, '{1}', NULL), NULL, 'null labels: null');
SELECT is(array_agg(abc_class(x, ARRAY(SELECT generate_series(1, 998)), ARRAY(SELECT 'class ' || i FROM generate_series(1, 999) i)) ORDER BY x),
    ARRAY(SELECT 'class ' || 1000 - i FROM generate_series(1, 999) i), '999 labels') FROM generate_series(1, 999) x;
SELECT is(abc_class(x, '{1,5}', '{gold,"",ärger}'), want, 'any label') FROM (VALUES (9.0, 'gold'), (3.0, ''), (1, 'ärger')) v(x, want);
SELECT is(abc_class(x, b, l), want, 'breaks and labels may change from row to row')
FROM (VALUES (1, '{1}'::float8[], '{a,b}'::text[], 'b'), (1, '{2}', '{a,b}', 'b'), (1, '{0}', '{a,b}', 'a'), (1, '{0}', '{x,y}', 'x'), (1, '{}', '{q}', 'q')) v(x, b, l, want);

SELECT is(pg_temp.error_of('SELECT ' || call), message, call) FROM (VALUES
    ($$abc_class('NaN'::float8, '{1}')$$, '22023 x must not be NaN'),
    ($$abc_class('NaN'::numeric, '{1}')$$, '22023 x must not be NaN'),
    ($$abc_class(1::float8, '{2,1}')$$, '22023 breaks must be ascending'),
    ($$abc_class(1::numeric, '{2,1}')$$, '22023 breaks must be ascending'),
    ($$abc_class(1::numeric, '{1e50,1}')$$, '22023 breaks must be ascending'),
    ($$abc_class(1::float8, '{1,NULL}')$$, '22023 breaks must not contain null'),
    ($$abc_class(1::numeric, '{1,NULL}')$$, '22023 breaks must not contain null'),
    ($$abc_class(1::float8, '{1,NaN}')$$, '22023 breaks must not contain NaN'),
    ($$abc_class(1::numeric, '{1,NaN}')$$, '22023 breaks must not contain NaN'),
    ($$abc_class(1::numeric, '{1,infinity}')$$, '22023 breaks of numeric must be finite'),
    ($$abc_class(1::float8, '{{1,2},{3,4}}')$$, '22023 breaks must be a one-dimensional array, not one of 2 dimensions'),
    ($$abc_class(1::numeric, '{{1,2},{3,4}}')$$, '22023 breaks must be a one-dimensional array, not one of 2 dimensions'),
    ($$abc_class(1::float8, array_fill(1::float8, ARRAY[26]))$$, '22023 breaks must have at most 25 elements, not 26: there are 26 letters'),
    ($$abc_class(1::numeric, array_fill(1::numeric, ARRAY[26]))$$, '22023 breaks must have at most 25 elements, not 26: there are 26 letters'),
    ($$abc_class(1::float8, array_fill(1::float8, ARRAY[1000]), '{a}')$$, '22023 breaks must have at most 999 elements, not 1000'),
    ($$abc_class(1::float8, '{1,2}', '{a,b}')$$, '22023 labels must have 3 elements for 2 breaks, not 2'),
    ($$abc_class(1::numeric, '{1,2}', '{a,b,c,d}')$$, '22023 labels must have 3 elements for 2 breaks, not 4'),
    ($$abc_class(1::numeric, '{1}', '{a,NULL}')$$, '22023 labels must not contain null'),
    ($$abc_class(1::numeric, '{1,2,3}', '{{a,b},{c,d}}')$$, '22023 labels must be a one-dimensional array, not one of 2 dimensions'),
    ($$abc_class(1::numeric, '{1}', '{}')$$, '22023 labels must have 2 elements for 1 breaks, not 0')) v(call, message);
SELECT is(pg_temp.hint_of($$SELECT abc_class(1::numeric, '{1,3,2.5}')$$), 'Element 2 is 3, but element 3 is 2.5.', 'the hint names the pair');
SELECT is(pg_temp.hint_of($$SELECT abc_class(1::float8, '{1,3,2.5}')$$), 'Element 2 is 3, but element 3 is 2.5.', 'the hint of float8');

-- --- errors of abc_breaks, in both forms ---
SELECT is(pg_temp.error_of(format('SELECT abc_breaks(x, %s) FROM unnest(''%s''::%s[]) x', shares, x, type)), message,
    format('%s: x %s, shares %s', type, x, shares))
FROM unnest(ARRAY['float8', 'numeric']) type, (VALUES
    ('{1}', '''{}''', '22023 shares must be a one-dimensional array of at least one share'),
    ('{1}', '''{{.1,.2},{.3,.4}}''', '22023 shares must be a one-dimensional array of at least one share'),
    ('{1}', '''{.1,NULL}''', '22023 shares must not contain null'),
    ('{1}', 'NULL', '22023 shares must not be null'),
    ('{NULL}', '''{.9,.8}''', '22023 shares must ascend strictly and lie between 0 and 1'),
    ('{1}', '''{.8,.8}''', '22023 shares must ascend strictly and lie between 0 and 1'),
    ('{1}', '''{0,.8}''', '22023 shares must ascend strictly and lie between 0 and 1'),
    ('{1}', '''{-.5}''', '22023 shares must ascend strictly and lie between 0 and 1'),
    ('{1}', '''{.8,1}''', '22023 shares must ascend strictly and lie between 0 and 1'),
    ('{1}', '''{80,95}''', '22023 shares must ascend strictly and lie between 0 and 1'),
    ('{1}', '''{.5,NaN}''', '22023 shares must ascend strictly and lie between 0 and 1'),
    ('{1}', '''{NaN}''', '22023 shares must ascend strictly and lie between 0 and 1'),
    ('{1}', '''{infinity}''', '22023 shares must ascend strictly and lie between 0 and 1'),
    ('{1}', 'ARRAY(SELECT i / 1001.0 FROM generate_series(1, 1000) i)', '22023 shares must have at most 999 elements, not 1000'),
    ('{0,0}', '''{.5}''', '22023 the total of the positive values of x is 0'),
    ('{-3,0,NULL}', '''{.5}''', '22023 the total of the positive values of x is 0'),
    ('{1,NaN}', '''{.5}''', '22023 x must be a finite number, not NaN'),
    ('{1,infinity}', '''{.5}''', '22023 x must be a finite number, not Infinity'),
    ('{-infinity}', '''{.5}''', '22023 x must be a finite number, not -Infinity'),
    ('{1,2}', 'ARRAY[.5 + x / 10]', '22023 shares must not change from row to row')) v(x, shares, message)
ORDER BY 1;
SELECT is(pg_temp.hint_of($$SELECT abc_breaks(x, '{80,95}') FROM unnest(ARRAY[1.0]) x$$),
    'Pass the cumulative shares at which the classes end, for example ARRAY[0.8,0.95].', 'shares in percent get a hint');
SELECT alike(pg_temp.hint_of($$SELECT abc_breaks(x, '{.8}') FROM unnest(ARRAY[0.0]) x$$), '%HAVING max(x) > 0%', 'a total of 0 gets a hint');
SELECT is(pg_temp.error_of($$SELECT abc_breaks(1.0, ARRAY[1e-39])$$), '22023 shares must ascend strictly and lie between 0 and 1',
    'a share of numeric has at most 38 digits');
SELECT is(abc_breaks(x, ARRAY[0.8000000000000000000000000000000000000000000000]), '{1}', 'zeros at the end apart') FROM unnest('{4,1}'::numeric[]) x;
SELECT is(abc_breaks(x, CASE WHEN x > 1 THEN ARRAY[.8] ELSE ARRAY[.80] END), '{1}', '.8 is .80') FROM unnest('{4,1}'::numeric[]) x;

-- --- the states ---
CREATE TABLE month (month int, store int, spend numeric);
INSERT INTO month SELECT m, s, round((m * 100 + s * 7.5 + i) * 1.1, 2) FROM generate_series(1, 3) m, generate_series(1, 2) s, generate_series(-1, 20) i;
CREATE TABLE stored AS SELECT month, abc_summary(spend, '{.5,.8}') AS n, abc_summary(spend::float8, '{.5,.8}') AS f FROM month GROUP BY month;
SELECT is(abc_breaks_final(rollup(n)), (SELECT abc_breaks(spend, '{.5,.8}') FROM month), 'stored states of numeric roll up') FROM stored;
SELECT is(abc_breaks_final(rollup(f)), (SELECT abc_breaks(spend::float8, '{.5,.8}') FROM month), 'stored states of float8 roll up') FROM stored;
SELECT is(abc_summary(x, '{.8,.95}')::text, '{"version":1,"shares":[0.8,0.95],"scale":2,"values":[1.50,2.25],"counts":[2,1],"others":3}', 'text of numeric')
FROM unnest('{1.5,2.25,0,-1,-2.125,1.50,NULL}'::numeric[]) x;
SELECT is(abc_summary(x, '{.8,.95}')::text, '{"version":1,"shares":[0.8,0.95],"values":[1.5,2.25],"counts":[2,1],"others":3}', 'text of float8')
FROM unnest('{1.5,2.25,0,-1,-2.125,1.50,NULL}'::float8[]) x;
SELECT is(s::jsonb, '{"version":1,"shares":[0.8,0.95],"scale":0,"values":[5],"counts":[1],"others":0}', 'numeric as jsonb')
FROM (SELECT abc_summary(5::numeric, '{.8,.95}')) v(s);
SELECT is(s::jsonb, '{"version":1,"shares":[0.8,0.95],"values":[5],"counts":[1],"others":0}', 'float8 as jsonb')
FROM (SELECT abc_summary(5::float8, '{.8,.95}')) v(s);
SELECT is(pg_temp.error_of($$SELECT rollup(s) FROM (SELECT abc_summary(1.0, '{.8}') UNION ALL SELECT abc_summary(1.0, '{.9}')) v(s)$$),
    '22023 shares must not change from row to row', 'states of other shares do not roll up');
SELECT is(pg_temp.error_of($$SELECT rollup(s) FROM (SELECT abc_summary(1::float8, '{.8}') UNION ALL SELECT abc_summary(1::float8, '{.8,.9}')) v(s)$$),
    '22023 shares must not change from row to row', 'nor of float8');
SELECT is(rollup(s)::text, NULL, 'no states: null') FROM (SELECT NULL::abc_amounts) v(s);
SELECT is(abc_breaks_final('{"shares":[0.5],"scale":0,"values":[],"counts":[],"others":0}'::abc_amounts), NULL, 'a state without rows: null');
SELECT is(abc_breaks_final('{"shares":[0.5],"values":[],"counts":[]}'::abc_values), NULL, 'of float8, too');
SELECT is(abc_breaks_final('{"shares":[0.5],"values":[1,2],"counts":[4,2]}'::abc_values), '{1}', 'others may be missing');

SELECT * FROM finish();
ROLLBACK;
