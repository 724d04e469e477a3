-- allocate, lift_floor and lift_cap by hand, their errors, and a cancel.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;

SELECT plan(87);

CREATE TABLE customer (id int, w numeric, lo numeric, hi numeric, tier text);
INSERT INTO customer VALUES (1, 50, 0, NULL, 'a'), (2, 30, 20, NULL, 'a'), (3, 20, NULL, 5, 'b'), (4, 0, 3, 10, 'b'), (5, NULL, 9, 10, 'b');

-- The amounts by an expression, in the order of id.
CREATE FUNCTION pg_temp.amounts(expression text, relation text DEFAULT 'customer') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT string_agg(coalesce(a::text, ''-''), '' '' ORDER BY id) FROM (SELECT id, %s AS a FROM %s) s', expression, relation) INTO result;
    RETURN result;
END $$;
CREATE FUNCTION pg_temp.thirds(expression text) RETURNS text LANGUAGE sql AS
$$SELECT pg_temp.amounts(expression, 'generate_series(1, 3) id')$$;

-- --- proportion and bounds ---
SELECT is(pg_temp.thirds('allocate(1, 100, key => id) OVER ()'), '33.34 33.33 33.33', 'a cent is left: the lowest key has it');
SELECT is(pg_temp.thirds('allocate(1, 100, key => -id) OVER ()'), '33.33 33.33 33.34', 'by another key');
SELECT is(pg_temp.thirds('allocate(1, 100, key => nullif(id, 1)) OVER ()'), '33.33 33.34 33.33', 'a null key is last');
SELECT is(pg_temp.thirds('allocate(1, 200, key => id) OVER ()'), '66.67 66.67 66.66', 'two cents');
SELECT is(pg_temp.thirds('allocate(id, 1) OVER ()'), '0.17 0.33 0.50', 'the larger remainder first: 16 2/3, 33 1/3, 50');
SELECT is(pg_temp.thirds('allocate(2 * id - 1, 0.03, key => id) OVER ()'), '0.00 0.01 0.02', 'shares of 1/3, 1, 5/3 cents: the larger remainder');
SELECT is(pg_temp.amounts('allocate(w, 0.02) OVER ()', '(VALUES (1, 1), (2, 3)) v(id, w)'), '0.00 0.02', 'equal remainders of 1/2: the larger weight first');
SELECT is(pg_temp.amounts('allocate(w, 100) OVER ()'), '50.00 30.00 20.00 0.00 -', 'null weight: null; weight 0: its floor');
SELECT is(pg_temp.amounts('allocate(w, 100, lo, hi) OVER ()'), '57.50 34.50 5.00 3.00 -', 'floors and caps');
SELECT is(pg_temp.amounts('allocate(w, 100, coalesce(lo, 0), hi, id, 2, ''error'') OVER ()'), '57.50 34.50 5.00 3.00 -', 'null floor is 0; all arguments by place');
SELECT is(pg_temp.amounts('allocate(w, 30, lo, hi) OVER ()'), '5.00 20.00 2.00 3.00 -', 'a floor that binds');
SELECT is(pg_temp.amounts('allocate(w, 23, lo, hi) OVER ()'), '0.00 20.00 0.00 3.00 -', 'the floors are all of it');
SELECT is(pg_temp.amounts('allocate(w, 10 * length(tier), 0) OVER (PARTITION BY tier)'), '6.25 3.75 10.00 0.00 -', 'in partitions');
SELECT is(pg_temp.amounts('allocate(w, CASE tier WHEN ''a'' THEN 10 ELSE 20.00 END) OVER (PARTITION BY tier)'), '6.25 3.75 20.00 0.00 -', 'a budget for each partition');
SELECT is(pg_temp.amounts('allocate(w, CASE id WHEN 1 THEN 10 ELSE 10.00 END) OVER (PARTITION BY tier = ''a'')'), '6.25 3.75 10.00 0.00 -', '10 and 10.00 are the same budget');
SELECT is(pg_temp.amounts('allocate(w, 100, lo, hi) OVER (ORDER BY hi, w ROWS CURRENT ROW)'), '57.50 34.50 5.00 3.00 -', 'order and frame do not matter');
SELECT is(pg_temp.amounts('allocate(w, 0) OVER ()'), '0.00 0.00 0.00 0.00 -', 'nothing to give');
SELECT is(pg_temp.amounts('allocate(0, 0) OVER ()'), '0.00 0.00 0.00 0.00 0.00', 'nothing, and no weights');
SELECT is(pg_temp.amounts('allocate(NULL, 0) OVER ()'), '- - - - -', 'nobody, and nothing to give');
SELECT is(pg_temp.amounts('allocate(0, 10, 2) OVER ()'), '2.00 2.00 2.00 2.00 2.00', 'no weights, the floors are all of it');
SELECT is(pg_temp.amounts('allocate(7, 12.34) OVER (PARTITION BY id)'), '12.34 12.34 12.34 12.34 12.34', 'one row');
SELECT is((SELECT count(*) FROM (SELECT allocate(w, 100) OVER () FROM customer WHERE false) s), 0::bigint, 'no row');
SELECT is(pg_temp.amounts('allocate(1, 10, hi, hi) OVER (PARTITION BY hi IS NULL)', '(VALUES (1, 4), (2, 6)) v(id, hi)'), '4.00 6.00', 'floor and cap the same');

-- --- more than all caps ---
SELECT is(pg_temp.amounts('allocate(w, 100, lo, 20, leftover => ''keep'') OVER ()'), '20.00 20.00 20.00 3.00 -', 'keep: every row its cap, without weight its floor');
SELECT is(pg_temp.amounts('allocate(w, 50, 0, 20, leftover => ''keep'') OVER ()'), '20.00 18.00 12.00 0.00 -', 'keep, and enough room');
SELECT is(pg_temp.amounts('allocate(w * 1e50, 100, lo, 20, leftover => ''keep'') OVER ()'), '20.00 20.00 20.00 3.00 -', 'by numerics');
SELECT is(pg_temp.amounts('allocate(0, 100, 2, leftover => ''keep'') OVER ()'), '2.00 2.00 2.00 2.00 2.00', 'keep without a weight: the floors');
SELECT is(pg_temp.amounts('allocate(NULL, 100, 2, leftover => ''keep'') OVER ()'), '- - - - -', 'keep without anybody');

-- --- units ---
SELECT is(pg_temp.thirds('allocate(1, 100, key => id, scale => 0) OVER ()'), '34 33 33', 'whole units');
SELECT is(pg_temp.thirds('allocate(1, 100, key => id, scale => 8) OVER ()'), '33.33333334 33.33333333 33.33333333', 'eight decimals');
SELECT is(pg_temp.thirds('allocate(1, 100000, key => id, scale => -3) OVER ()'), '34000 33000 33000', 'thousands');
SELECT is(pg_temp.thirds('allocate(1, 1e22, key => id, scale => -20) OVER ()'), '3400000000000000000000 3300000000000000000000 3300000000000000000000', 'the largest unit');
SELECT is(pg_temp.thirds('allocate(1, 1, key => id, scale => 20) OVER ()'), '0.33333333333333333334 0.33333333333333333333 0.33333333333333333333', 'the smallest');
SELECT is(pg_temp.thirds('allocate(1, 1e15, key => id) OVER ()'), '333333333333333.34 333333333333333.33 333333333333333.33', '10^15');
SELECT is(pg_temp.thirds('allocate(1, 1e25, key => id) OVER ()'), '3333333333333333333333333.34 3333333333333333333333333.33 3333333333333333333333333.33', 'beyond 64 bits');
SELECT is(pg_temp.thirds('allocate(1, 1e40, key => id) OVER ()'), '3333333333333333333333333333333333333333.34 3333333333333333333333333333333333333333.33 3333333333333333333333333333333333333333.33', 'beyond 128 bits');
SELECT is(pg_temp.thirds('allocate(1, 1e20, 0, 1e60, id, -3) OVER ()'), '33333333333333334000 33333333333333333000 33333333333333333000', 'a cap beyond 128 bits');
SELECT is(pg_temp.thirds('allocate(1e-9, 0.03) OVER ()'), '0.01 0.01 0.01', 'small weights');
SELECT is(pg_temp.amounts('allocate(w, 1000000, scale => 0) OVER ()', '(VALUES (1, 1e-9), (2, 1e15), (3, 1e9)) v(id, w)'), '0 999999 1', 'from 1e-9 to 1e15');
SELECT is(pg_temp.amounts('allocate(w, 1000, scale => 0) OVER ()', '(VALUES (1, 1e-300), (2, 1e300), (3, 3e300)) v(id, w)'), '0 250 750', 'from 1e-300 to 1e300');
SELECT is(pg_temp.amounts('allocate(w, 10, lo, hi) OVER ()', '(VALUES (1, 1, 5.001, 9), (2, 1, 0, 3.339), (3, 1, 0, 1.669)) v(id, w, lo, hi)'), '5.01 3.33 1.66', 'floors are rounded up, caps down');
SELECT is(pg_temp.amounts('allocate(w, 30000, lo, hi, scale => -3) OVER ()', '(VALUES (1, 1, 0.5, NULL), (2, 0, 11000.01, NULL), (3, 100, 0, 17999)) v(id, w, lo, hi)'), '1000 12000 17000', 'thousands, too');
SELECT is(pg_temp.amounts('allocate(w, 10.000, 0.00, 5.0) OVER ()', '(VALUES (1, 1.50), (2, 1.500), (3, 0.000)) v(id, w)'), '5.00 5.00 0.00', 'zeros at the end do not count');

-- --- keys: without one, equal rows still differ by a unit at most ---
SELECT is((SELECT ARRAY[min(a), max(a), sum(a)] FROM (SELECT allocate(1, 100) OVER () AS a FROM generate_series(1, 7)) s), ARRAY[14.28, 14.29, 100.00], 'no key');
SELECT is(pg_temp.thirds('allocate(1, 100, floor => id) OVER ()'), '33.33 33.33 33.34', 'no key: the larger floor');
SELECT is(pg_temp.thirds('allocate(1, 100, cap => 40 + id % 3) OVER ()'), '33.33 33.34 33.33', 'no key: the larger cap');
SELECT is(pg_temp.thirds('allocate(1, 100, key => (9 - id)::text) OVER ()'), '33.33 33.33 33.34', 'text');
SELECT is(pg_temp.thirds('allocate(1, 100, key => lpad((9 - id)::text, 32, ''0'')::uuid) OVER ()'), '33.33 33.33 33.34', 'uuid');
SELECT is(pg_temp.thirds('allocate(1, 100, key => id::bigint) OVER ()'), '33.34 33.33 33.33', 'bigint');
SELECT throws_ok('SELECT allocate(1, 100, key => point(id, 0)) OVER () FROM customer', '42883', 'could not identify an ordering operator for type point of key');

-- --- errors ---
CREATE FUNCTION pg_temp.failure(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    PERFORM pg_temp.amounts(expression);
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || message || '|' || detail || CASE WHEN hint = '' THEN ' no hint' ELSE '' END;
END $$;
SELECT is(pg_temp.failure('allocate(w, 100, 40) OVER ()'),
    '22023 the floors exceed the budget|The floors add up to 160.00, the budget is 100: 60.00 are missing.', 'floors exceed');
SELECT is(pg_temp.failure('allocate(w, 100, 0, 20) OVER ()'),
    '22023 the caps are below the budget|The rows can take 60.00, the budget is 100: 40.00 would be left. A row of weight 0 takes its floor only.', 'caps below');
SELECT is(pg_temp.failure('allocate(0, 100, 3) OVER ()'),
    '22023 no weight is above 0, but the budget is more than the floors|The floors add up to 15.00, the budget is 100: 85.00 would be left.', 'no weight');
SELECT is(pg_temp.failure('allocate(NULL, 100) OVER ()'),
    '22023 no weight is above 0, but the budget is more than the floors|The floors add up to 0.00, the budget is 100: 100.00 would be left.', 'null weights only');
SELECT is(pg_temp.failure('allocate(w * 1e60, 100, 40) OVER ()'),
    '22023 the floors exceed the budget|The floors add up to 160.00, the budget is 100: 60.00 are missing.', 'floors exceed, by numerics');
SELECT is(pg_temp.failure('allocate(w * 1e60, 100, 0, 20) OVER ()'),
    '22023 the caps are below the budget|The rows can take 60.00, the budget is 100: 40.00 would be left. A row of weight 0 takes its floor only.', 'caps below, by numerics');
SELECT is(pg_temp.failure('allocate(w, 100, 9e37) OVER ()'),
    '22023 the floors exceed the budget|The floors add up to 360000000000000000000000000000000000000.00, the budget is 100: 359999999999999999999999999999999999900.00 are missing.', 'floors beyond 128 bits');
SELECT is(pg_temp.failure('allocate(w, 100, 5, 4.5) OVER (PARTITION BY id)'),
    '22023 floor must not be above cap: 5.00 and 4.50|The row''s weight is 50. In units of 0.01 a floor is rounded up and a cap down.', 'floor above cap');
SELECT is(pg_temp.failure('allocate(w, 100, 0.001, 0.009) OVER (PARTITION BY id)'),
    '22023 floor must not be above cap: 0.01 and 0.00|The row''s weight is 50. In units of 0.01 a floor is rounded up and a cap down.', 'once rounded');
SELECT is(pg_temp.failure('allocate(-w, 100) OVER ()'), '22023 weight must be at least 0, not -50|', 'negative weight');
SELECT is(pg_temp.failure('allocate(-1e-50 * w, 100) OVER (PARTITION BY id)'), '22023 weight must be at least 0, not -0.0000000000000000000000000000000000000000000000005|', 'a little negative');
SELECT is(pg_temp.failure('allocate(w, 100, -0.01) OVER ()'), '22023 floor must be at least 0, not -0.01|', 'negative floor');
SELECT is(pg_temp.failure('allocate(w, 100, 0, -5) OVER ()'), '22023 cap must be at least 0, not -5.00|', 'negative cap');
SELECT is(pg_temp.failure('allocate(w, -100) OVER ()'), '22023 budget must be at least 0, not -100|', 'negative budget');
SELECT is(pg_temp.failure('allocate(w, 100.005) OVER ()'), '22023 budget must be a multiple of 0.01, not 100.005|', 'a fraction of a cent');
SELECT is(pg_temp.failure('allocate(w, 1500, scale => -3) OVER ()'), '22023 budget must be a multiple of 1000, not 1500|', 'a fraction of a thousand');
SELECT is(pg_temp.failure('allocate(w, 1e40 + 0.001) OVER ()'), '22023 budget must be a multiple of 0.01, not 10000000000000000000000000000000000000000.001|', 'of a large budget');
SELECT is(pg_temp.failure('allocate(w, NULL) OVER ()'), '22004 budget must not be null|', 'budget null');
SELECT is(pg_temp.failure('allocate(w, 1, scale => NULL) OVER ()'), '22004 scale must not be null|', 'scale null');
SELECT is(pg_temp.failure('allocate(w, 1, leftover => NULL) OVER ()'), '22004 leftover must not be null|', 'leftover null');
SELECT is(pg_temp.failure('allocate(w, 1, leftover => ''Keep'') OVER ()'), '22023 leftover must be ''error'' or ''keep'', not ''Keep''|', 'leftover');
SELECT is(pg_temp.failure('allocate(w, 1, scale => 21) OVER ()') || pg_temp.failure('allocate(w, 1, scale => -21) OVER ()'),
    '22023 scale must be between -20 and 20, not 21|22023 scale must be between -20 and 20, not -21|', 'scale');
SELECT is(pg_temp.failure('allocate(''NaN'', 1) OVER ()') || pg_temp.failure('allocate(''infinity'', 1) OVER ()') || pg_temp.failure('allocate(w, ''NaN'') OVER ()'),
    '22023 weight must be a finite number, not NaN|22023 weight must be a finite number, not infinity|22023 budget must be a finite number, not NaN|', 'NaN and infinity');
SELECT is(pg_temp.failure('allocate(w, 1, ''NaN'') OVER ()') || pg_temp.failure('allocate(w, 1, 0, ''infinity'') OVER ()'),
    '22023 floor must be a finite number, not NaN|22023 cap must be a finite number, not infinity|', 'in bounds');
SELECT is(pg_temp.failure('allocate(w, 10 + id) OVER ()') || pg_temp.failure('allocate(w, 10, scale => id) OVER ()')
        || pg_temp.failure('allocate(w, 10, leftover => CASE id WHEN 1 THEN ''keep'' ELSE ''error'' END) OVER ()'),
    '22023 budget must not change from row to row|22023 scale must not change from row to row|22023 leftover must not change from row to row|', 'options that change');

-- --- lift_floor, lift_cap ---
SELECT is((SELECT lift_floor(w, lo)::text || ' ' || coalesce(lift_cap(w, lo, hi)::text, '-') FROM customer), '23.00 -', 'no cap somewhere: none');
SELECT is((SELECT lift_floor(w, lo)::text || ' ' || lift_cap(w, lo, hi)::text FROM customer WHERE id > 2), '3.00 8.00', 'weight 0 counts with its floor, null does not');
SELECT is((SELECT lift_floor(1, 0.001)::text || ' ' || lift_cap(1, 0.001, 2.999)::text || ' ' || lift_floor(1, 0.001, 0) || ' ' || lift_cap(1, 0.001, 2.999, 0) || ' ' || lift_floor(1, 0.001, -2) || ' '
    || lift_cap(1, 1e60, 1e60 + 0.009) FROM customer), '0.05 14.95 5 10 500 ' || 5 * 1e60::numeric(80, 2), 'rounded as in allocate');
SELECT is((SELECT lift_floor(w, lo)::text || ' ' || lift_cap(w, lo, hi)::text FROM customer WHERE false), '0 0', 'no row');
SELECT throws_ok('SELECT lift_floor(-w, 1) FROM customer', '22023', 'weight must be at least 0, not -50');
SELECT throws_ok('SELECT lift_cap(w, 2, 1) FROM customer', '22023', 'floor must not be above cap: 2.00 and 1.00');
SELECT throws_ok('SELECT lift_cap(w, -1, 1) FROM customer', '22023', 'floor must be at least 0, not -1');
SELECT throws_ok($$SELECT lift_cap(w, 1, 'NaN') FROM customer$$, '22023', 'cap must be a finite number, not NaN');
SELECT throws_ok('SELECT lift_floor(w, 1, 21) FROM customer', '22023', 'scale must be between -20 and 20, not 21');
SELECT throws_ok('SELECT lift_cap(w, 1, 2, NULL) FROM customer', '22004', 'scale must not be null');

-- --- a cancel stops a large partition ---
CREATE FUNCTION pg_temp.stopped(started timestamptz, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not stopped after ' || clock_timestamp() - started;
EXCEPTION WHEN query_canceled THEN
    RETURN CASE WHEN clock_timestamp() - started < interval '2 s' + current_setting('statement_timeout')::interval THEN 'in time'
        ELSE 'after ' || clock_timestamp() - started END;
END $$;
CREATE TABLE large AS SELECT i, i * 7919 % 999983 AS w FROM generate_series(1::bigint, 1000000) i;
SET LOCAL work_mem = '200MB';
SET LOCAL statement_timeout = '300ms';
SELECT matches(pg_temp.stopped(clock_timestamp(), 'SELECT sum(a) FROM (SELECT allocate(w, 1000000, 0.01 * (i % 90), 1 + i % 7, i) OVER () AS a FROM large) s'), '^(in time|not stopped)', 'allocate');
SET LOCAL statement_timeout = '1500ms';
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT sum(a) FROM (SELECT allocate(w * 1e40, 1000000, 0.01 * (i % 90), 1 + i % 7, i) OVER () AS a FROM large) s'), 'in time', 'by numerics');
RESET statement_timeout;

SELECT * FROM finish();
ROLLBACK;
