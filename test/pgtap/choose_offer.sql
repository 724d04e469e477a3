-- choose_offer, choose_offer_bound and choose_offer_price by hand, their errors, keys of all types, and limits of the search.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(100);

CREATE TABLE offer (customer bigint, offer bigint, cost numeric, value float8);
INSERT INTO offer VALUES (1, 1, 5, 10), (1, 2, 8, 14), (2, 1, 5, 9), (2, 2, 6, 3), (3, 1, 0, 1), (3, 2, 4, 6), (4, 1, 3, -2), (4, 2, 0, 0);

-- The chosen pairs by an expression, in the order of keys.
CREATE FUNCTION pg_temp.chosen(expression text, relation text DEFAULT 'offer') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT coalesce(string_agg(customer || ''-'' || offer, '' '' ORDER BY customer, offer) FILTER (WHERE r), ''none'') FROM (SELECT *, %s AS r FROM %s) s',
        expression, relation) INTO result;
    RETURN result;
END $$;
CREATE FUNCTION pg_temp.chosen(budget numeric) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.chosen(format('choose_offer(customer, offer, cost, value, %s) OVER ()', $1)) $$;
-- A number that must be the same in all rows.
CREATE FUNCTION pg_temp.number(expression text, relation text DEFAULT 'offer') RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    result float8;
BEGIN
    EXECUTE format('SELECT CASE WHEN count(DISTINCT r) = 1 AND count(r) = count(*) THEN max(r) END FROM (SELECT %s AS r FROM %s) s', expression, relation) INTO result;
    RETURN result;
END $$;

-- --- budgets ---
SELECT is(pg_temp.chosen(0), '3-1', 'budget 0: what is free');
SELECT is(pg_temp.chosen(3.99), '3-1', 'nothing else fits');
SELECT is(pg_temp.chosen(4), '3-2', 'instead of the free one');
SELECT is(pg_temp.chosen(5), '1-1 3-1', 'the best ratio that fits');
SELECT is(pg_temp.chosen(8), '1-2 3-1', 'not what a greedy choice takes: 15 is more than 11');
SELECT is(pg_temp.chosen(9), '1-1 3-2', '16');
SELECT is(pg_temp.chosen(10), '1-1 2-1 3-1', '20');
SELECT is(pg_temp.chosen(14), '1-1 2-1 3-2', '25');
SELECT is(pg_temp.chosen(16.5), '1-1 2-1 3-2', 'a part of the budget may remain');
SELECT is(pg_temp.chosen(17), '1-2 2-1 3-2', 'the most valuable offers');
SELECT is(pg_temp.chosen(1e30), '1-2 2-1 3-2', 'a budget beyond 64 bits');
SELECT is(pg_temp.chosen(1e60), '1-2 2-1 3-2', 'and beyond 128 bits');
SELECT is(pg_temp.chosen(17 + 1e-50), '1-2 2-1 3-2', 'a budget of many decimals');
SELECT is(pg_temp.chosen(17 - 1e-50), '1-1 2-1 3-2', 'and just too little');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, -value, 100) OVER ()'), '4-1', 'only a negative value loses: -2 turned round');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, 0, 100) OVER ()'), 'none', 'no values');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, 0, value, 0) OVER ()'), '1-2 2-1 3-2', 'all free');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, 1, value, 2) OVER ()'), '1-2 2-1', 'all of equal cost: the highest values');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, 7.5, value, 22.4) OVER ()'), '1-2 2-1', 'the same in other units');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, 10) OVER ()', 'offer WHERE customer = 1'), '1-2', 'one customer');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, 10) OVER ()', 'offer WHERE (customer, offer) = (2, 2)'), '2-2', 'one offer');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, 10) OVER ()', 'offer WHERE false'), 'none', 'no rows');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, 5) OVER (PARTITION BY customer)'), '1-1 2-1 3-2', 'a budget for each partition');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, 4 * customer) OVER (PARTITION BY customer)'), '2-1 3-2', 'which may differ between partitions');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, CASE customer WHEN 1 THEN 10 WHEN 2 THEN 10.0 WHEN 3 THEN 10.000 ELSE 1e1 END) OVER ()'),
    '1-1 2-1 3-1', 'budgets that are equal but for their decimals');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, (SELECT 10)) OVER (ORDER BY value ROWS CURRENT ROW)'), '1-1 2-1 3-1', 'order and frame do not matter');

-- --- bound and price ---
SELECT is(pg_temp.number('choose_offer_bound(customer, offer, cost, value, 10) OVER ()'), 20::float8, 'the bound is reached');
SELECT is(pg_temp.number('choose_offer_bound(customer, offer, cost, value, 8) OVER ()'), 16.4::float8, 'the bound has a part of an offer');
SELECT is(pg_temp.number('choose_offer_bound(customer, offer, cost, value, 1000) OVER ()'), 29::float8, 'enough for everything');
SELECT is(pg_temp.number('choose_offer_bound(customer, offer, cost, value, 0) OVER ()'), 1::float8, 'budget 0');
SELECT is(pg_temp.number('choose_offer_bound(customer, offer, cost, value, 1) OVER ()', 'offer WHERE customer > 3'), 0::float8, 'nothing to choose');
SELECT is(pg_temp.number('choose_offer_price(customer, offer, cost, value, 8) OVER ()'), 1.8::float8, 'the price is that of the part');
SELECT is(pg_temp.number('choose_offer_price(customer, offer, cost * 100, value, 800) OVER ()'), 0.018::float8, 'in the unit of the budget');
SELECT is(pg_temp.number('choose_offer_price(customer, offer, cost / 100, value * 3, 0.08) OVER ()'), 540::float8, 'and of the value');
SELECT is(pg_temp.number('choose_offer_price(customer, offer, cost, value, 12) OVER ()'), (4 / 3.0)::float8, 'of a step between two offers');
SELECT is(pg_temp.number('choose_offer_price(customer, offer, cost, value, 13) OVER ()'), 1.25::float8, 'where the budget is just used up: of the next step');
SELECT is(pg_temp.number('choose_offer_price(customer, offer, cost, value, 17) OVER ()'), 0::float8, 'enough for everything: 0');
SELECT is(pg_temp.number('choose_offer_price(NULL::int, offer, cost, value, 17) OVER ()'), 0::float8, 'no row takes part');
SELECT is(pg_temp.number('choose_offer_bound(customer, offer, cost, CASE WHEN customer = 1 THEN value END, 8) OVER ()'), 14::float8, 'the same in rows that take no part');

-- --- NULLs ---
SELECT results_eq($$SELECT choose_offer(a, b, c, d, 5) OVER () FROM (VALUES (1, NULL::int, NULL::int, 4::int), (1, 1, NULL, 4), (1, 1, 5, 4), (1, NULL, 5, 9), (NULL, 2, 5, 9), (1, 2, 5, NULL), (1, 2, 5, 3)) t(a, b, c, d)$$,
    $$VALUES (NULL::boolean), (NULL), (true), (NULL), (NULL), (NULL), (false)$$, 'a row with a null takes no part');
SELECT results_eq('SELECT choose_offer(NULL, 1, 2, 3, 4) OVER (), choose_offer(1, NULL, 2, 3, 4) OVER (), choose_offer(1, 1, NULL, 3, 4) OVER (), choose_offer(1, 1, 2, NULL, 4) OVER ()',
    'VALUES (NULL::boolean, NULL::boolean, NULL::boolean, NULL::boolean)', 'literals of null');
SELECT is(pg_temp.chosen('choose_offer(customer, nullif(offer, 1), cost, value, 18) OVER ()'), '1-2 2-2 3-2', 'offers of null are as if they were not there');

-- --- keys of other types ---
SELECT is(pg_temp.chosen('choose_offer(customer::int, offer::smallint, cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'int and smallint');
SELECT is(pg_temp.chosen('choose_offer(customer::text, offer, cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'text and bigint');
SELECT is(pg_temp.chosen('choose_offer(customer, ''o'' || offer, cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'bigint and text');
SELECT is(pg_temp.chosen('choose_offer(lpad(customer::text, 32, ''0'')::uuid, offer::text, cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'uuid and text');
SELECT is(pg_temp.chosen('choose_offer(lpad(customer::text, 32, ''0'')::uuid, lpad(offer::text, 32, ''0'')::uuid, cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'uuid twice');
SELECT is(pg_temp.chosen('choose_offer(customer::text::varchar, offer::numeric, cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'varchar and numeric');
SELECT is(pg_temp.chosen('choose_offer(date ''2024-01-01'' + customer::int, ROW(offer, 1), cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'date and a row');
SELECT is(pg_temp.chosen('choose_offer(customer::text::char(4), offer::text::name, cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'char and name');
SELECT is(pg_temp.chosen('choose_offer(repeat(''x'', 3000) || customer, offer, cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'long text, equal but for its end');
SELECT is(pg_temp.chosen('choose_offer(customer - 9223372036854775807 - 2, -offer, cost, value, 14) OVER ()'), '1-1 2-1 3-2', 'the smallest integers');
SELECT is((SELECT choose_offer('a', 'b', '1', '2', '3') OVER ()), true, 'literals without a type');
SELECT is((SELECT choose_offer(customer => 1, offer => 'b', cost => 1, value => 2, budget => 3) OVER ()), true, 'arguments by name');
SELECT throws_ok('SELECT choose_offer(point(1, 1), 1, 1, 1, 1) OVER ()', '42883', 'could not identify an ordering operator for type point of key');

-- --- ties ---
CREATE TABLE equal AS SELECT c AS customer, o AS offer, 5 * o AS cost, 7 * o AS value FROM generate_series(1::bigint, 9) c, generate_series(1::bigint, 2) o ORDER BY c * 7 % 5, o DESC;
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, 33) OVER ()', 'equal'), '1-2 2-2 3-2', 'equal customers: the lower keys first');
SELECT is(pg_temp.chosen('choose_offer(-customer, offer, cost, value, 33) OVER ()', 'equal'), '7-2 8-2 9-2', 'of whatever key');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, 35) OVER ()', 'equal'), '1-2 2-2 3-2 4-1', 'the last one takes the smaller offer');
SELECT is(pg_temp.chosen('choose_offer(customer::text, offer, cost, value, 35) OVER ()', 'equal'), '1-2 2-2 3-2 4-1', 'text keys');
SELECT is(pg_temp.chosen('choose_offer(1, offer, 1, 1, 5) OVER ()', 'equal WHERE customer = 5'), '5-1', 'equal offers: the first one');
SELECT is(pg_temp.chosen('choose_offer(1, -offer, 1, 1, 5) OVER ()', 'equal WHERE customer = 5'), '5-2', 'by key');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value * (1 + (customer = 9)::int), 15) OVER ()', 'equal'), '1-1 9-2', 'a better customer comes first');
-- 0.1 + 0.2 = 0.3: the two of them and the one are equal only as decimals
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value, 3) OVER ()', '(VALUES (1, 1, 1, 0.1), (2, 1, 2, 0.2), (3, 1, 3, 0.3 + 1e-12)) t(customer, offer, cost, value)'),
    '3-1', 'a value is more by the 12th decimal');

-- --- many digits ---
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost * 1e17, value, 9e17) OVER ()'), '1-1 3-2', 'large costs of a common unit');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost / 1e17, value, 9e-17) OVER ()'), '1-1 3-2', 'small costs');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value * 1e300, 9) OVER ()'), '1-1 3-2', 'large values');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value * 1e-300, 9) OVER ()'), '1-1 3-2', 'small values');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value * 5e-324, 9) OVER ()'), '1-1 3-2', 'the smallest values');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost, value * 1e-300 + (customer = 1 AND offer = 2)::int, 17) OVER ()'), '1-2 2-1 3-1', 'values too far apart: the small ones count as equal, and above 0');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, cost + 1e40, value, 9) OVER ()', 'offer WHERE false'), 'none', 'no rows with costs of many digits');
SELECT is(pg_temp.chosen('choose_offer(customer, offer, CASE WHEN offer = 2 THEN 1e25 ELSE cost END, value, 10) OVER ()'), '1-1 2-1 3-1', 'an offer far beyond the budget');
SELECT is(pg_temp.number('round((choose_offer_bound(customer, offer, cost, value * 1e300, 8) OVER () / 1e300)::numeric, 12)'), 16.4::float8, 'the bound of large values');

-- --- errors ---
CREATE FUNCTION pg_temp.failing(arguments text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT choose_offer(%s) OVER () FROM offer', $1) $$;
SELECT throws_ok(pg_temp.failing('customer, offer, -cost, value, 5'), '22023', 'cost must not be negative, not -5');
SELECT throws_ok(pg_temp.failing('customer, offer, cost - 0.01, value, 5'), '22023', 'cost must not be negative, not -0.01');
SELECT throws_ok(pg_temp.failing('customer, offer, ''NaN'', value, 5'), '22023', 'cost must be a finite number, not NaN');
SELECT throws_ok(pg_temp.failing('customer, offer, ''infinity'', value, 5'), '22023', 'cost must be a finite number, not infinity');
SELECT throws_ok(pg_temp.failing('customer, offer, cost, ''NaN'', 5'), '22023', 'value must be a finite number, not NaN');
SELECT throws_ok(pg_temp.failing('customer, offer, cost, ''-infinity'', 5'), '22023', 'value must be a finite number, not -infinity');
SELECT throws_ok(pg_temp.failing('customer, offer, cost, value, -0.5'), '22023', 'budget must not be negative, not -0.5');
SELECT throws_ok(pg_temp.failing('customer, offer, cost, value, ''NaN'''), '22023', 'budget must be a finite number, not NaN');
SELECT throws_ok(pg_temp.failing('customer, offer, cost, value, NULL'), '22004', 'budget must not be null');
SELECT throws_ok(pg_temp.failing('customer, offer, cost, value, CASE WHEN customer < 3 THEN 5 END'), '22004', 'budget must not be null');
SELECT throws_ok(pg_temp.failing('customer, offer, cost, value, customer'), '22023', 'budget must not change from row to row');
SELECT throws_ok(pg_temp.failing('customer, 1, cost, value, 5'), '21000', 'customer 1 has offer 1 more than once');
SELECT throws_ok(pg_temp.failing('''Meier'', md5(''x'')::uuid, cost, value, 5'), '21000', 'customer Meier has offer 9dd4e461-268c-8034-f5c8-564e155c67a6 more than once');
SELECT throws_ok(pg_temp.failing('customer, offer, cost + 1e-20, value, 50'), '22003', 'cost is out of range');
SELECT throws_ok(pg_temp.failing('customer, offer, cost * 1e60 + 1, value, 1e70'), '22003', 'cost is out of range');
SELECT throws_ok('SELECT choose_offer_bound(customer, 1, cost, value, 5) OVER () FROM offer', '21000', 'customer 1 has offer 1 more than once', 'the same in choose_offer_bound');
SELECT throws_ok('SELECT choose_offer_price(customer, offer, cost, value, NULL) OVER () FROM offer', '22004', 'budget must not be null', 'and in choose_offer_price');
SELECT throws_ok('SELECT choose_offer_bound(customer, 1, 1, 1.7e308, 5) OVER () FROM offer WHERE offer = 1', '22003');
SELECT throws_ok('SELECT choose_offer_price(customer, 1, 1e-10, 1.7e308, 1e-10) OVER () FROM offer WHERE offer = 1', '22003');

-- --- the price explains the choice ---
-- 20,000 customers with 3 offers; the keys of the rows are scattered.
CREATE TABLE large AS
SELECT customer, offer, cost, (10 * sqrt(cost * (1 + customer % 97)) + hashint8(customer * 3 + offer) % 10)::float8 AS value
FROM (SELECT customer * 7919 % 20011 AS customer, offer, (1 + (customer * 31 + offer * 17) % 500) / 10.0 AS cost FROM generate_series(1::bigint, 20000) customer, generate_series(1, 3) offer) s;
CREATE TABLE priced AS
SELECT *, value - price * cost AS net FROM (
    SELECT *, choose_offer(customer, offer, cost, value, 123456.7) OVER () AS chosen, choose_offer_price(customer, offer, cost, value, 123456.7) OVER () AS price,
        choose_offer_bound(customer, offer, cost, value, 123456.7) OVER () AS bound FROM large) s;
SELECT cmp_ok((SELECT count(*) FILTER (WHERE net < best - 1e-9 OR net < -1e-9) FROM (SELECT *, max(net) OVER (PARTITION BY customer) AS best FROM priced) s WHERE chosen), '<', 30::bigint,
    'all but a few customers get what is best at the price');
SELECT cmp_ok((SELECT count(*) FROM (SELECT max(net) AS best FROM priced GROUP BY customer HAVING NOT bool_or(chosen)) s WHERE best > 1e-9), '<', 30::bigint, 'and nothing where nothing is');
SELECT cmp_ok((SELECT sum(cost) FILTER (WHERE chosen) FROM priced), '<=', 123456.7, 'within the budget');
SELECT ok((SELECT sum(value) FILTER (WHERE chosen) BETWEEN max(bound) - 0.1 AND max(bound) + 1e-6 FROM priced), 'close to the bound');
SELECT is_empty($$SELECT * FROM priced JOIN (SELECT customer, offer, choose_offer(customer, offer, cost, value, 123456.7) OVER (ORDER BY hashint8(customer), cost) AS again FROM large) s USING (customer, offer)
    WHERE chosen <> again$$, 'whatever the order of rows');

-- --- a search that is too long ---
-- All slopes are equal, and only the last customer could use up the budget.
CREATE TABLE hard AS SELECT customer, offer, 7 * (1 + (customer * 5 + offer) * 7919 % 1400) + (customer = 20000)::int * 3 AS cost FROM generate_series(1, 20000) customer, generate_series(1, 5) offer;
CREATE FUNCTION pg_temp.stopped(started timestamptz, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not stopped';
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN clock_timestamp() - started < interval '2 s' + current_setting('statement_timeout')::interval THEN 'in time' ELSE 'after ' || clock_timestamp() - started END;
END $$;
\set run 'SELECT count(x) FROM (SELECT choose_offer(customer, offer, cost, cost, 70000003) OVER () AS x FROM hard) s'
SET LOCAL statement_timeout = '10ms';
SELECT is(pg_temp.stopped(clock_timestamp(), :'run'), 'in time', 'a cancel while rows are read');
SET LOCAL statement_timeout = '400ms';
SELECT is(pg_temp.stopped(clock_timestamp(), :'run'), 'in time', 'a cancel of the search');
RESET statement_timeout;
-- Forty customers with costs of nine digits: the states of the search are too many for the memory.
CREATE TABLE digits AS SELECT customer, offer, 1 + (customer * 5 + offer) * 7919191 % 999999937 AS cost FROM generate_series(1::bigint, 40) customer, generate_series(1, 5) offer;
SELECT is((SELECT ROW(sum(cost) <= 10000000000, sum(cost) > 9999000000, count(*) = count(DISTINCT customer)) FROM (SELECT *, choose_offer(customer, offer, cost, cost, 10000000000) OVER () AS chosen FROM digits) s WHERE chosen),
    ROW(true, true, true), 'the best that was found');
SELECT is_empty($$SELECT * FROM (SELECT choose_offer(customer, offer, cost, cost, 10000000000) OVER (ORDER BY customer) AS a, choose_offer(customer, offer, cost, cost, 10000000000) OVER (ORDER BY cost) AS b FROM digits) s
    WHERE a <> b$$, 'it does not depend on the order of rows either');

SELECT * FROM finish();
ROLLBACK;
