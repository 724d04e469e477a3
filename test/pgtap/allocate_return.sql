-- allocate_return, allocate_return_bound, return_at and marginal_return by hand, and their errors.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(105);

CREATE TABLE channel (id int, curve text, a float8, b float8, c float8, floor numeric, cap numeric);

-- The amounts of an expression over rows given as values, in the order of id.
CREATE FUNCTION pg_temp.amounts(expression text, rows text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    DELETE FROM channel;
    EXECUTE 'INSERT INTO channel VALUES ' || rows;
    EXECUTE format('SELECT string_agg(coalesce(r::text, ''-''), '' '' ORDER BY id) FROM (SELECT id, %s AS r FROM channel) s', expression) INTO result;
    RETURN result;
END $$;
\set call 'allocate_return(curve, a, b, 60, floor, cap, id, c => c) OVER ()'

-- --- solutions in closed form ---
SELECT is(pg_temp.amounts(:'call', $$(1, 'log', 7, 10), (2, 'log', 7, 20), (3, 'log', 7, 30)$$), '30.00 20.00 10.00', 'log, equal a: water is filled up to a level');
SELECT is(pg_temp.amounts(:'call', $$(1, 'log', 7, 10), (2, 'log', 7, 20), (3, 'log', 7, 300)$$), '35.00 25.00 0.00', 'and does not reach everybody');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 40) OVER ()', $$(1, 'log', 1, 10), (2, 'log', 2, 10)$$), '10.00 30.00', 'log: b + x in proportion to a');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 25) OVER ()', $$(1, 'power', 3, 0.5), (2, 'power', 4, 0.5)$$), '9.00 16.00', 'power 1/2: in proportion to the square of a');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 9) OVER ()', $$(1, 'power', 1, 2/3.0), (2, 'power', 2, 2/3.0)$$), '1.00 8.00', 'power 2/3: to its cube');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 300) OVER ()', $$(1, 'negexp', 1, 100), (2, 'negexp', exp(1), 100)$$), '100.00 200.00', 'negexp: b ln(a) more');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 1000) OVER ()', $$(1, 'saturation', 1, 100), (2, 'saturation', 4, 100)$$), '300.00 700.00', 'saturation: b + x in proportion to the root of a b');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 1000, c => c) OVER ()', $$(1, 'hill', 1, 100, 1), (2, 'hill', 4, 100, 1)$$), '300.00 700.00', 'hill with c = 1 is saturation');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 1000, c => c) OVER ()', $$(1, 'hill', 4, 100, 1), (2, 'saturation', 1, 100, NULL)$$), '700.00 300.00', 'also beside it');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 50) OVER ()', $$(1, 'log', 10, 10), (2, 'saturation', 10, 10)$$), '38.07 11.93', 'log and saturation: (b + y)^2 = b (b + x)');

-- --- floors, caps, units ---
SELECT is(pg_temp.amounts(:'call', $$(1, 'log', 7, 10, NULL, 0, 12.345), (2, 'log', 7, 20, NULL, 0, NULL), (3, 'log', 7, 30, NULL, 0, NULL)$$), '12.34 28.83 18.83', 'a cap, rounded down');
SELECT is(pg_temp.amounts(:'call', $$(1, 'log', 7, 10, NULL, 0, NULL), (2, 'log', 7, 20, NULL, 0, NULL), (3, 'log', 7, 30, NULL, 20.001, NULL)$$), '25.00 14.99 20.01', 'a floor, rounded up');
SELECT is(pg_temp.amounts(:'call', $$(1, 'log', 7, 10, NULL, 0, 20), (2, 'log', 7, 20, NULL, 0, 20), (3, 'log', 7, 30, NULL, 20, NULL)$$), '20.00 20.00 20.00', 'caps and floors that leave no choice');
SELECT is(pg_temp.amounts(:'call', $$(1, 'log', 7, 10, NULL, NULL, NULL), (2, 'log', 0, 20, NULL, 5, NULL), (3, 'log', 7, 10, NULL, 0, 0)$$), '55.00 5.00 0.00', 'a = 0 takes its floor; a null floor is 0; a cap of 0');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 100, key => id) OVER ()', $$(1, 'log', 7, 10), (2, 'log', 7, 10), (3, 'log', 7, 10)$$), '33.34 33.33 33.33', 'the odd unit by the key');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 100, key => -id) OVER ()', $$(1, 'log', 7, 10), (2, 'log', 7, 10), (3, 'log', 7, 10)$$), '33.33 33.33 33.34', 'another key');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 100, key => CASE WHEN id > 1 THEN id END) OVER ()', $$(1, 'log', 7, 10), (2, 'log', 7, 10), (3, 'log', 7, 10)$$), '33.33 33.34 33.33', 'a null key is last');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 100, key => (9 - id)::text) OVER ()', $$(1, 'log', 7, 10), (2, 'log', 7, 10), (3, 'log', 7, 10)$$), '33.33 33.33 33.34', 'a text');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 100, key => lpad(id::text, 32, ''0'')::uuid) OVER ()', $$(1, 'log', 7, 10), (2, 'log', 7, 10), (3, 'log', 7, 10)$$), '33.34 33.33 33.33', 'a uuid');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 100, key => id::bigint) OVER (ORDER BY id DESC)', $$(1, 'log', 7, 10), (2, 'log', 7, 10), (3, 'log', 7, 10)$$), '33.34 33.33 33.33', 'a bigint; ORDER BY of the window does not matter');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 10, scale => 0, key => id) OVER ()', $$(1, 'log', 7, 10), (2, 'log', 7, 10), (3, 'log', 7, 10)$$), '4 3 3', 'scale 0');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 1, scale => 8, key => id) OVER ()', $$(1, 'log', 7, 10), (2, 'log', 7, 10), (3, 'log', 7, 10)$$), '0.33333334 0.33333333 0.33333333', 'scale 8');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 3000, scale => -3, key => id) OVER ()', $$(1, 'power', 7, 0.5), (2, 'power', 7, 0.5)$$), '2000 1000', 'thousands');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 0) OVER ()', $$(1, 'log', 7, 10), (2, 'power', 7, 0.1)$$), '0.00 0.00', 'a budget of 0');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 0.01) OVER ()', $$(1, 'log', 7, 10), (2, 'power', 7, 0.1)$$), '0.00 0.01', 'one unit');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 10.50) OVER ()', $$(1, 'log', 7, 10)$$), '10.50', 'one row');
SELECT is((SELECT string_agg(x::text, ' ') FROM (SELECT allocate_return('log', 1, 1, 5) OVER () AS x FROM channel WHERE false) s), NULL, 'no rows');
SELECT ok((SELECT sum(x) = 1e15 AND max(x) FILTER (WHERE id < 3) - min(x) FILTER (WHERE id < 3) <= 0.01 AND bool_and(abs(x - 2.5e14 * greatest(1, id - 1)) < 1) FROM (
        SELECT id, allocate_return('log', 7 * greatest(1, id - 1), 10 * greatest(1, id - 1), 1e15, key => id) OVER () AS x FROM generate_series(1, 3) id) s),
    'a budget of 10^15: more units than float8 tells apart, but the sum is exact, and equal rows are equal');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 10000000000000.00, key => id) OVER ()', $$(1, 'log', 7, 10), (2, 'log', 7, 10), (3, 'log', 14, 20)$$),
    '2500000000000.00 2500000000000.00 5000000000000.00', 'of 10^13');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 1e15, key => id, scale => 0) OVER ()', $$(1, 'power', 1, 0.5), (2, 'power', 1, 0.5), (3, 'power', 1, 0.5)$$),
    '333333333333334 333333333333333 333333333333333', 'divided equally to the unit');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 25) OVER ()', $$(1, 'power', 3e300, 0.5), (2, 'power', 4e300, 0.5)$$), '9.00 16.00', 'huge a');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 25) OVER ()', $$(1, 'power', 3e-300, 0.5), (2, 'power', 4e-300, 0.5)$$), '9.00 16.00', 'tiny a');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 25, cap => cap) OVER ()', $$(1, 'power', 3e-300, 0.5, NULL::float8, NULL::numeric, NULL::numeric), (2, 'power', 4e300, 0.5, NULL, NULL, 20)$$), '5.00 20.00', 'both');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 40) OVER ()', $$(1, 'log', 7, 1e20), (2, 'log', 7, 1e20)$$), '20.00 20.00', 'curves without a bend: equal rows are equal');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 40) OVER ()', $$(1, 'log', 7, 1e20), (2, 'log', 8, 1e20)$$), '0.00 40.00', 'and the steeper one has all');

-- --- no more return ---
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 40, floor, cap) OVER ()', $$(1, 'log', 0, 1, NULL, 0, 10), (2, 'log', 0, 1, NULL, 0, 30)$$), '10.00 30.00', 'no row has a return: caps');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 20, floor, cap) OVER ()', $$(1, 'log', 0, 1, NULL, 0, 10), (2, 'log', 0, 1, NULL, 0, 30)$$), '6.67 13.33', 'in proportion to the room: 10 and 20');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 20, floor, cap, id) OVER ()', $$(1, 'log', 0, 1, NULL, 0, NULL), (2, 'log', 1, 1, NULL, 0, 5), (3, 'log', 0, 1, NULL, 1, NULL)$$), '7.00 5.00 8.00', 'after the row that has one');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 4000, floor, cap, id) OVER ()', $$(1, 'negexp', 1, 1), (2, 'negexp', 1, 1)$$), '2000.00 2000.00', 'curves that are flat in float8');

-- --- nulls ---
SELECT is(pg_temp.amounts(:'call', $$(1, 'log', 7, 10), (2, NULL, 7, 20), (3, 'log', NULL, 30), (4, 'log', 7, NULL), (5, 'log', 7, 10)$$), '30.00 - - - 30.00', 'null curve, a, b: no part');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 0) OVER ()', $$(1, NULL, 7, 10)$$), '-', 'nobody and nothing');
SELECT is(pg_temp.amounts('allocate_return_bound(curve, a, b, 4) OVER ()', $$(1, 'power', 1, 0.5), (2, NULL, 7, 20)$$), '2 2', 'the bound stands in every row');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 10, floor, cap, c => c) OVER ()', $$(1, 'log', 1, 1, NULL, NULL, NULL), (2, NULL, 1, 1, NULL, 7, 3)$$), '10.00 -', 'floor and cap of a row without part do not matter');
SELECT is(pg_temp.amounts('allocate_return(NULL, a, b, 0) OVER ()', $$(1, 'log', 1, 1)$$), '-', 'a null constant');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 10 * (1 + id % 2)) OVER (PARTITION BY id % 2)', $$(1, 'log', 1, 1), (2, 'log', 1, 1)$$), '20.00 10.00', 'partitions have budgets of their own');

-- --- S-shaped curves ---
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 100, c => c, key => id) OVER ()', $$(1, 'hill', 10, 50, 4), (2, 'hill', 10, 50, 4)$$), '50.00 50.00', 'enough for both');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 60, c => c, key => id) OVER ()', $$(1, 'hill', 10, 50, 4), (2, 'hill', 10, 50, 4)$$), '60.00 0.00', 'not enough for both: one, by the key');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 60, c => c, key => -id) OVER ()', $$(1, 'hill', 10, 50, 4), (2, 'hill', 10, 50, 4)$$), '0.00 60.00', 'by another key');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 20, c => c) OVER ()', $$(1, 'hill', 10, 50, 4), (2, 'log', 1, 10, NULL)$$), '0.00 20.00', 'too little to get over the hill');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 20, c => c) OVER ()', $$(1, 'hill', 10, 50, 4)$$), '20.00', 'nowhere else to go');
SELECT is(pg_temp.amounts('round(allocate_return_bound(curve, a, b, 20, c => c) OVER ()::numeric, 9)', $$(1, 'hill', 10, 50, 4)$$), '0.249609984', 'the bound is what the cap, here the budget, allows');
SELECT is(pg_temp.amounts('round(allocate_return_bound(curve, a, b, 60, c => c) OVER ()::numeric, 6)', $$(1, 'hill', 10, 50, 4), (2, 'hill', 10, 50, 4)$$), '6.746486 6.746486',
    'two: the tangent from 0 would end beyond the budget, so one takes it all');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 20, floor, c => c, key => id) OVER ()', $$(1, 'hill', 10, 5, 1000, 3, NULL), (2, 'hill', 10, 5, 1000, 3, NULL), (3, 'hill', 10, 5, 1000, 3, NULL), (4, 'hill', 10, 5, 1000, 3, NULL)$$),
    '5.67 5.67 5.66 3.00', 'steps: enough for three');

-- --- return_at, marginal_return ---
SELECT is(return_at('log', 2, 10, 10 * (exp(1) - 1)), 2::float8, 'log');
SELECT is(return_at('power', 2, 0.5, 9), 6::float8, 'power');
SELECT is(round(return_at('negexp', 2, 10, 10)::numeric, 12), round((2 * (1 - exp(-1.0)))::numeric, 12), 'negexp');
SELECT is(return_at('saturation', 2, 10, 30), 1.5::float8, 'saturation');
SELECT is(return_at('hill', 2, 10, 10, 7), 1::float8, 'hill: half of a at b');
SELECT is(return_at('hill', 10, 1, 2, c => 2), 8::float8, 'hill');
SELECT is(return_at('log', 2, 10, 0) || ' ' || return_at('hill', 2, 10, 0, 2) || ' ' || return_at('power', 2, 0.1, 0), '0 0 0', 'nothing for nothing');
SELECT is(return_at('power', 0, 0.5, 9) + marginal_return('power', 0, 0.5, 0), 0::float8, 'a = 0');
SELECT is(marginal_return('log', 2, 10, 10), 0.1::float8, 'the derivative of log');
SELECT is(marginal_return('power', 2, 0.5, 9), (1 / 3.0)::float8, 'of power');
SELECT is(round(marginal_return('negexp', 2, 10, 10)::numeric, 12), round(0.2 * exp(-1.0), 12), 'of negexp');
SELECT is(marginal_return('saturation', 2, 10, 10), 0.05::float8, 'of saturation');
SELECT is(marginal_return('hill', 2, 10, 10, 4), 0.2::float8, 'of hill: a c / 4 b at b');
SELECT is(marginal_return('power', 2, 0.5, 0) || ' ' || marginal_return('hill', 2, 5, 0, 0.5) || ' ' || marginal_return('hill', 2, 5, 0, 1) || ' ' || marginal_return('hill', 2, 5, 0, 2),
    'Infinity Infinity 0.4 0', 'at 0');
SELECT ok(return_at(NULL, 1, 1, 1) IS NULL AND return_at('log', NULL, 1, 1) IS NULL AND return_at('log', 1, NULL, 1) IS NULL AND return_at('log', 1, 1, NULL) IS NULL
    AND marginal_return('log', 1, 1, NULL) IS NULL, 'null');
SELECT is((SELECT count(*) FROM (VALUES ('log', 5, 7, NULL), ('power', 5, 0.3, NULL), ('negexp', 5, 7, NULL), ('saturation', 5, 7, NULL), ('hill', 5, 7, 0.4), ('hill', 5, 7, 3)) t(curve, a, b, c),
    generate_series(1, 40) x WHERE abs(marginal_return(curve, a, b, x, c) - (return_at(curve, a, b, x + 1e-5, c) - return_at(curve, a, b, x - 1e-5, c)) / 2e-5) > 1e-7)::int, 0, 'the derivative is the slope');

-- --- errors ---
SELECT throws_ok($$SELECT allocate_return('logarithm', 1, 1, 1) OVER ()$$, '22023', 'curve is not known: "logarithm"');
SELECT throws_ok($$SELECT return_at('', 1, 1, 1)$$, '22023', 'curve is not known: ""');
SELECT throws_ok($$SELECT allocate_return('log', -1, 1, 1) OVER ()$$, '22023', 'a must be a finite number that is not negative, not -1');
SELECT throws_ok($$SELECT allocate_return('log', 'NaN', 1, 1) OVER ()$$, '22023', 'a must be a finite number that is not negative, not NaN');
SELECT throws_ok($$SELECT allocate_return('log', 'infinity', 1, 1) OVER ()$$, '22023', 'a must be a finite number that is not negative, not Infinity');
SELECT throws_ok($$SELECT allocate_return('log', 1, 0, 1) OVER ()$$, '22023', 'b must be between 1e-200 and 1e200 for curve log, not 0');
SELECT throws_ok($$SELECT allocate_return('hill', 1, 'infinity', 1, c => 2) OVER ()$$, '22023', 'b must be between 1e-200 and 1e200 for curve hill, not Infinity');
SELECT throws_ok($$SELECT return_at('negexp', 1, 'NaN', 1)$$, '22023', 'b must be between 1e-200 and 1e200 for curve negexp, not NaN');
SELECT throws_ok($$SELECT allocate_return('power', 1, 1, 1) OVER ()$$, '22023', 'b must be between 0 and 1 for curve power, not 1');
SELECT throws_ok($$SELECT allocate_return('hill', 1, 1, 1, c => 0) OVER ()$$, '22023', 'c must be between 0.01 and 1000, not 0');
SELECT throws_ok($$SELECT allocate_return('hill', 1, 1, 1, c => 'NaN') OVER ()$$, '22023', 'c must be between 0.01 and 1000, not NaN');
SELECT throws_ok($$SELECT allocate_return('hill', 1, 1, 1) OVER ()$$, '22004', 'c must not be null for curve hill');
SELECT throws_ok($$SELECT return_at('hill', 1, 1, 1)$$, '22004', 'c must not be null for curve hill');
SELECT throws_ok($$SELECT return_at('log', 1, 1, -1)$$, '22023', 'x must be a finite number that is not negative, not -1');
SELECT throws_ok($$SELECT marginal_return('log', 1, 1, 'infinity')$$, '22023', 'x must be a finite number that is not negative, not Infinity');
SELECT throws_ok($$SELECT return_at('power', 1e308, 0.9, 1e300)$$, '22003', 'value out of range: overflow');
SELECT throws_ok($$SELECT allocate_return_bound('power', 1.7e308, 0.9, 1000) OVER ()$$, '22003', 'value out of range: overflow');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, NULL) OVER ()$$, '22004', 'budget must not be null');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1, scale => NULL) OVER ()$$, '22004', 'scale must not be null');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1, leftover => NULL) OVER ()$$, '22004', 'leftover must not be null');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, -1) OVER ()$$, '22023', 'budget must be at least 0, not -1');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1.005) OVER ()$$, '22023', 'budget must be a multiple of 0.01, not 1.005');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 'NaN') OVER ()$$, '22023', 'budget must be a finite number, not NaN');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1e17) OVER ()$$, '22003', 'budget is too large for scale 2: 100000000000000000');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1e60) OVER ()$$, '22003', 'budget is too large for scale 2: 1000000000000000000000000000000000000000000000000000000000000');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, i) OVER () FROM generate_series(1, 2) i$$, '22023', 'budget must not change from row to row');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1, scale => i) OVER () FROM generate_series(1, 2) i$$, '22023', 'scale must not change from row to row');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1, floor => -1) OVER ()$$, '22023', 'floor must be at least 0, not -1.00');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1, floor => 0.011, cap => 0.019) OVER ()$$, '22023', 'floor must not be above cap: 0.02 and 0.01');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1, floor => 0.6) OVER () FROM generate_series(1, 2)$$, '22023', 'the floors exceed the budget');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1, floor => 1e50) OVER () FROM generate_series(1, 2)$$, '22023', 'the floors exceed the budget');
SELECT throws_ok($$SELECT allocate_return('log', 1, 1, 1, cap => 0.4) OVER () FROM generate_series(1, 2)$$, '22023', 'the caps are below the budget');
SELECT throws_ok($$SELECT allocate_return(NULL, 1, 1, 1) OVER ()$$, '22023', 'the caps are below the budget', 'nobody can take it');

CREATE FUNCTION pg_temp.detail(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END $$;
SELECT is(pg_temp.detail($$SELECT allocate_return('log', 1, 1, 1, floor => 0.6) OVER () FROM generate_series(1, 2)$$), 'The floors add up to 1.20, the budget is 1: 0.20 are missing.', 'the gap of floors');
SELECT is(pg_temp.detail($$SELECT allocate_return('log', 1, 1, 1, cap => 0.4) OVER () FROM generate_series(1, 2)$$), 'The rows can take 0.80, the budget is 1: 0.20 would be left.', 'the gap of caps');
SELECT is(pg_temp.amounts('allocate_return(curve, a, b, 100, floor, cap, leftover => ''keep'') OVER ()', $$(1, 'log', 1, 1, NULL, 0, 10), (2, 'log', 0, 1, NULL, 0, 30.009)$$), '10.00 30.00', 'leftover => keep: every cap');

SELECT * FROM finish();
ROLLBACK;
