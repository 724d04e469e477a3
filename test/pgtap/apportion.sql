-- apportion by hand, its errors, and the published cases, which CUSTSEG_DATA has: fourteen houses of the United States, nine
-- elections of the Austrian National Council, two examples of Balinski and Young.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = warning;
\getenv data CUSTSEG_DATA

SELECT plan(102);

CREATE TABLE team (id int, w numeric, lo int, hi int, region text);
INSERT INTO team VALUES (1, 50, 0, NULL, 'n'), (2, 30, 1, 2, 'n'), (3, 15, 2, 5, 's'), (4, 5, 1, NULL, 's'), (5, 0, 1, 3, 's'), (6, NULL, 9, -1, 's');

-- The numbers by an expression, in the order of id.
CREATE FUNCTION pg_temp.seats(expression text, rows text DEFAULT 'team') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT string_agg(coalesce(r::text, ''-''), '' '' ORDER BY id) FROM (SELECT id, %s AS r FROM %s) s', expression, rows) INTO result;
    RETURN result;
END $$;
CREATE FUNCTION pg_temp.error_of(statement text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    message := SQLSTATE || ' ' || SQLERRM;
END $$;

-- --- by hand ---
SELECT is(pg_temp.seats('apportion(w, 10) OVER ()'), '5 3 2 0 0 -', 'webster is the default: 5, 3, 1.5, 0.5, and the larger weight goes first');
SELECT is(pg_temp.seats('apportion(w, 10, ''sainte_lague'') OVER ()'), '5 3 2 0 0 -', 'under its other name');
SELECT is(pg_temp.seats('apportion(w, 10, ''hamilton'') OVER ()'), '5 3 2 0 0 -', 'hamilton: equal remainders, the larger weight first');
SELECT is(pg_temp.seats('apportion(w, 10, ''dhondt'') OVER ()'), '6 3 1 0 0 -', 'dhondt: 50/6 before 15/2');
SELECT is(pg_temp.seats('apportion(w, 10, ''jefferson'') OVER ()'), '6 3 1 0 0 -', 'under its other name');
SELECT is(pg_temp.seats('apportion(w, 10, ''adams'') OVER ()'), '4 3 2 1 0 -', 'adams: 15/1 before 50/4');
SELECT is(pg_temp.seats('apportion(w, 10, ''huntington_hill'') OVER ()'), '5 3 1 1 0 -', 'huntington_hill: 50^2/20 and 30^2/6 before 15^2/2');
SELECT is(pg_temp.seats('apportion(w, 10, ''hill'') OVER ()'), '5 3 1 1 0 -', 'under its other name');
SELECT is(pg_temp.seats('apportion(w, 10, ''dean'') OVER ()'), '5 3 1 1 0 -', 'dean: 50/4.44 and 30/2.4 before 15/1.33');
SELECT is(pg_temp.seats('apportion(w, 2, ''dean'') OVER ()'), '1 1 0 0 0 -', 'fewer seats than rows: the largest weights');
SELECT is(pg_temp.seats('apportion(w, 3, ''hill'') OVER ()'), '1 1 1 0 0 -', 'huntington_hill, too');
SELECT is(pg_temp.seats('apportion(w, 3, ''adams'') OVER ()'), '1 1 1 0 0 -', 'and adams');
SELECT is(pg_temp.seats('apportion(w, 0) OVER ()'), '0 0 0 0 0 -', 'no seats');
SELECT is(pg_temp.seats('apportion(w, 10, minimum => lo, maximum => hi) OVER ()'), '4 2 2 1 1 -', 'minimum and maximum; a weight of 0 gets its minimum; a null weight takes no part, whatever its bounds');
SELECT is(pg_temp.seats('apportion(w, 10, ''hamilton'', lo, hi) OVER ()'), '4 2 2 1 1 -', 'hamilton: what the bounds move is shared out again');
SELECT is(pg_temp.seats('apportion(w, 7, ''hamilton'', 1) OVER ()', 'team WHERE w > 0'), '3 2 1 1', 'hamilton with minimum 1: 3.5 2.1 1.05 0.35');
SELECT is(pg_temp.seats('apportion(w, 6, minimum => 1) OVER ()'), '2 1 1 1 1 -', 'minimums, and one seat more');
SELECT is(pg_temp.seats('apportion(w, 5, minimum => 1) OVER ()'), '1 1 1 1 1 -', 'only the minimums');
SELECT is(pg_temp.seats('apportion(w, 9, maximum => 3, minimum => CASE WHEN w = 0 THEN 1 END) OVER ()'), '3 3 2 0 1 -', 'a null minimum is 0');
SELECT is(pg_temp.seats('apportion(w, 12, maximum => 3) OVER ()'), '3 3 3 3 0 -', 'only the maximums');
SELECT is(pg_temp.seats('apportion(w, CASE region WHEN ''n'' THEN 8 ELSE 4 END) OVER (PARTITION BY region)'), '5 3 3 1 0 -', 'in partitions');
SELECT is(pg_temp.seats('apportion(w, CASE region WHEN ''n'' THEN 8 ELSE 4 END, CASE region WHEN ''n'' THEN ''hill'' ELSE ''adams'' END) OVER (PARTITION BY region ORDER BY id DESC)'), '5 3 3 1 0 -', 'with methods of their own');
SELECT is(pg_temp.seats('apportion(w, 1) OVER (PARTITION BY id)', 'team WHERE w > 0'), '1 1 1 1', 'one row has all');
SELECT is(pg_temp.seats('apportion(w, 0) OVER ()', 'team WHERE w IS NULL'), '-', 'nobody takes part, and there is nothing to share out');
SELECT is(pg_temp.seats('apportion(w, 3, minimum => 3) OVER ()', 'team WHERE w = 0'), '3', 'a weight of 0 with all seats as its minimum');
SELECT is((SELECT count(*)::int FROM (SELECT apportion(w, 10) OVER () FROM team WHERE false) s), 0, 'no rows');

-- --- ties ---
CREATE TABLE tie AS SELECT id, 10 AS w FROM generate_series(1, 4) id;
SELECT is(pg_temp.seats('apportion(w, 6, m, key => id) OVER ()', 'tie, (VALUES (''' || m || ''')) m(m)'), '2 2 1 1', m || ': ties by key')
FROM unnest(ARRAY['hamilton', 'dhondt', 'webster', 'hill', 'adams', 'dean']) m;
SELECT is(pg_temp.seats('apportion(w, 6, key => -id) OVER ()', 'tie'), '1 1 2 2', 'another key');
SELECT is(pg_temp.seats('apportion(w, 6, key => id::bigint) OVER ()', 'tie'), '2 2 1 1', 'bigint');
SELECT is(pg_temp.seats('apportion(w, 6, key => (9 - id)::text) OVER ()', 'tie'), '1 1 2 2', 'text');
SELECT is(pg_temp.seats('apportion(w, 6, key => lpad((9 - id)::text, 32, ''0'')::uuid) OVER ()', 'tie'), '1 1 2 2', 'uuid');
SELECT is(pg_temp.seats('apportion(w, 6, key => NULLIF(id, 1)) OVER ()', 'tie'), '1 2 2 1', 'a null key is last');
SELECT is((SELECT array_agg(a ORDER BY a) FROM (SELECT apportion(w, 6) OVER () AS a FROM tie) s), '{1,1,2,2}', 'without key: some two of them');
SELECT is((SELECT array_agg(a ORDER BY a) FROM (SELECT apportion(w, 6, key => 7) OVER () AS a FROM tie) s), '{1,1,2,2}', 'nor does a constant decide');
SELECT is(pg_temp.seats('apportion(w, 3, ''dhondt'', key => -id) OVER ()', '(VALUES (1, 6), (2, 3)) t(id, w)'), '2 1', 'equal claims: 6/2 before 3/1, as the larger weight') ;

-- --- large and small ---
SELECT is(pg_temp.seats(format('apportion(w, 1000000000000000, %L, key => id) OVER ()', m), '(VALUES (1, 1), (2, 1), (3, 1)) t(id, w)'),
    '333333333333334 333333333333333 333333333333333', m || ': 10^15 seats over three rows') FROM unnest(ARRAY['hamilton', 'dhondt', 'webster', 'hill', 'adams', 'dean']) m;
SELECT is(pg_temp.seats(format('apportion(w, 9223372036854775807, %L, key => id) OVER ()', m), '(VALUES (1, 9.99), (2, 3.33), (3, 3.33)) t(id, w)'),
    CASE WHEN m IN ('dhondt', 'webster') THEN '5534023222112865485 1844674407370955161 1844674407370955161' ELSE '5534023222112865484 1844674407370955162 1844674407370955161' END,
    m || ': as many as a bigint holds')
FROM unnest(ARRAY['hamilton', 'dhondt', 'webster', 'hill', 'adams', 'dean']) m;
SELECT is(pg_temp.seats(format('apportion(w, 1000000000000000, %L, maximum => CASE id WHEN 1 THEN 5 END) OVER ()', m), '(VALUES (1, 1e9000), (2, 3e-9000), (3, 1e-9000)) t(id, w)'),
    CASE m WHEN 'dhondt' THEN '5 749999999999997 249999999999998' ELSE '5 749999999999996 249999999999999' END, m || ': weights 18,000 digits apart') FROM unnest(ARRAY['hamilton', 'dhondt', 'webster', 'hill', 'adams', 'dean']) m;
SELECT is(pg_temp.seats('apportion(w, 3, ''hill'') OVER ()', '(VALUES (1, 1e100000), (2, 1e-10000), (3, 3e-10000)) t(id, w)'), '1 1 1', 'weights of 110,000 digits');

-- --- errors ---
SELECT throws_ok('SELECT apportion(w, -1) OVER () FROM team', '22023', 'seats must not be negative, not -1');
SELECT throws_ok('SELECT apportion(w, NULL) OVER () FROM team', '22004', 'seats must not be null');
SELECT throws_ok('SELECT apportion(w, 5, NULL) OVER () FROM team', '22004', 'method must not be null');
SELECT is(pg_temp.error_of('SELECT apportion(w, 5, ''Webster'') OVER () FROM team')::text,
    '("22023 there is no method ""Webster""","","Methods are webster (or sainte_lague), hamilton, dhondt (or jefferson), huntington_hill (or hill), adams and dean.")', 'the hint lists the methods');
SELECT is(pg_temp.error_of('SELECT apportion(w - 20, 5, key => id) OVER () FROM team')::text,
    '("22023 weight must not be negative","The row has key 3, weight -5, minimum 0.","Clamp weights with greatest(weight, 0), or pass NULL for rows that take no part.")', 'a negative weight');
SELECT throws_ok('SELECT apportion(''NaN'', 5) OVER ()', '22023', 'weight must be a finite number, not NaN');
SELECT throws_ok('SELECT apportion(''Infinity'', 5) OVER ()', '22023', 'weight must be a finite number, not infinity');
SELECT is(pg_temp.error_of('SELECT apportion(w, 5, minimum => -lo) OVER () FROM team')::text,
    '("22023 minimum must not be negative","The row has weight 30, minimum -1.","Pass 0 for no minimum.")', 'a negative minimum');
SELECT is(pg_temp.error_of('SELECT apportion(w, 5, minimum => 3, maximum => hi, key => region || id) OVER () FROM team')::text,
    '("22023 maximum must not be less than minimum","The row has key n2, weight 30, minimum 3, maximum 2.","Pass NULL for no maximum.")', 'maximum below minimum');
SELECT throws_ok('SELECT apportion(w, 5, maximum => -1) OVER () FROM team', '22023', 'maximum must not be less than minimum', 'a negative maximum');
SELECT is(pg_temp.error_of('SELECT apportion(w, 7, minimum => 2) OVER () FROM team')::text,
    '("22023 the minimums are more than the seats","The minimums add up to 10, and seats is 7: 3 too few.","Lower the minimums, or pass more seats.")', 'minimums of more than seats');
SELECT is(pg_temp.error_of('SELECT apportion(w, 12, minimum => lo, maximum => 2) OVER () FROM team WHERE id <> 3')::text,
    '("22023 the seats are more than the maximums","The maximums add up to 7, and seats is 12: 5 too many. A row of weight 0 can have its minimum only.","Raise the maximums, or pass fewer seats.")', 'maximums of less than seats');
SELECT is((pg_temp.error_of('SELECT apportion(0, 12, minimum => 9223372036854775807) OVER () FROM team')).detail,
    'The minimums add up to 55340232221128654842, and seats is 12: 55340232221128654830 too few.', 'sums beyond a bigint');
SELECT is(pg_temp.error_of('SELECT apportion(w, 1) OVER () FROM team WHERE w = 0 OR w IS NULL')::text,
    '("22023 no row has a weight above 0 that could take the seats","The maximums add up to 0, and seats is 1: 1 too many. A row of weight 0 can have its minimum only.","Raise the maximums, or pass fewer seats.")', 'nobody to take the seats');
SELECT throws_ok('SELECT apportion(w, 5 + id % 2) OVER () FROM team', '22023', 'seats must not change from row to row');
SELECT throws_ok('SELECT apportion(w, 5, CASE WHEN id > 3 THEN ''hill'' ELSE ''dean'' END) OVER () FROM team', '22023', 'method must not change from row to row');
SELECT throws_ok('SELECT apportion(w, NULLIF(id, 3)) OVER (PARTITION BY id) FROM team WHERE w > 0', '22004', 'seats must not be null', 'nor in a later partition');
SELECT throws_ok('SELECT apportion(w, 6, key => point(id, 0)) OVER () FROM team', '42883', 'could not identify an ordering operator for type point of key');
SELECT throws_ok('SELECT apportion(w, 6) FROM team', '42809');

-- --- cancel ---
CREATE FUNCTION pg_temp.stopped(started timestamptz, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not stopped after ' || clock_timestamp() - started;
EXCEPTION WHEN query_canceled THEN
    -- the limit is generous for a busy machine
    RETURN CASE WHEN clock_timestamp() - started < interval '2 s' + current_setting('statement_timeout')::interval THEN 'in time' ELSE 'after ' || clock_timestamp() - started END;
END $$;
SET LOCAL statement_timeout = '200ms';
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT count(a) FROM (SELECT apportion(1e50000 + i, 2000, ''hamilton'', maximum => 1500) OVER () AS a FROM generate_series(1, 1000) i) s'), 'in time', 'hamilton with weights of 50,000 digits');
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT count(a) FROM (SELECT apportion(1e50000 + i, 2000, ''webster'', maximum => 1500) OVER () AS a FROM generate_series(1, 1000) i) s'), 'in time', 'webster with weights of 50,000 digits');
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT count(a) FROM (SELECT apportion(1e50000 + i, 2000, ''hill'', maximum => 1500) OVER () AS a FROM generate_series(1, 1000) i) s'), 'in time', 'hill with weights of 50,000 digits');
SELECT is(pg_temp.stopped(clock_timestamp(), 'SELECT count(a) FROM (SELECT apportion(1 + i % 1000, 20000000, ''hill'') OVER () AS a FROM generate_series(1, 5000000) i) s'), 'in time', 'with five million rows');
RESET statement_timeout;

-- --- published cases ---
\if :{?data}
    CREATE TABLE house (year int, seats int, state text, population int, hamilton_min1 int, dhondt_min1 int, webster_min1 int, hill_min1 int, adams_min1 int, dean_min1 int,
        hamilton_min0 int, dhondt_min0 int, webster_min0 int, hill_min0 int, adams_min0 int, dean_min0 int);
    SELECT format('COPY house FROM %L (FORMAT csv, HEADER)', :'data' || '/apportionment/us_house_expected.csv') \gexec
    CREATE TABLE apportioned AS
    SELECT year, seats, state, column_name, expected::int,
        apportion(population, seats, split_part(column_name, '_min', 1), split_part(column_name, '_min', 2)::int) OVER (PARTITION BY year, seats, column_name) AS a
    FROM house, LATERAL jsonb_each_text(to_jsonb(house)) e(column_name, expected) WHERE column_name LIKE '%\_min_';
    SELECT is((SELECT count(DISTINCT (year, seats)) || ' ' || count(*) FROM apportioned), '14 ' || 12 * (SELECT count(*) FROM house), 'fourteen houses, twelve columns');
    SELECT is_empty(format('SELECT year, seats, state, expected, a FROM apportioned WHERE column_name = %L AND a <> expected', c), 'US House 1790 to 2020: ' || c)
    FROM (SELECT DISTINCT column_name AS c FROM apportioned ORDER BY 1) s;
    SELECT is((SELECT string_agg(a::text, ' ' ORDER BY seats) FROM apportioned WHERE year = 1880 AND state = 'Alabama' AND column_name = 'hamilton_min1' AND seats IN (299, 300)), '8 7', 'the Alabama paradox');
    SELECT is((SELECT string_agg(format('%s %s %s', seats, state, a), ', ' ORDER BY seats, state) FROM apportioned
        WHERE (year, seats) IN ((1900, 386), (1907, 391)) AND state IN ('NY', 'ME', 'OK') AND column_name = 'hamilton_min1'),
        '386 ME 3, 386 NY 38, 391 ME 4, 391 NY 37, 391 OK 5', 'a new state with seats of its own, and two others change');
    SELECT is((SELECT string_agg(format('%s %s %s', column_name, state, a), ', ' ORDER BY column_name, state) FROM apportioned
        WHERE (year, seats) = (1940, 435) AND state IN ('MI', 'AR') AND column_name IN ('hill_min1', 'webster_min1')),
        'hill_min1 AR 7, hill_min1 MI 17, webster_min1 AR 6, webster_min1 MI 18', 'Michigan and Arkansas, 1940');

    CREATE TABLE example AS
    SELECT n AS example, m AS method, i, v::numeric AS votes, (e -> 'seats')::int AS seats, (e -> 'expected' -> m ->> (i - 1)::int)::int AS expected
    FROM jsonb_array_elements(pg_read_file(:'data' || '/apportionment/balinski_young_1975.json')::jsonb) WITH ORDINALITY x(e, n),
        jsonb_object_keys(e -> 'expected') m, jsonb_array_elements_text(e -> 'votes') WITH ORDINALITY y(v, i);
    SELECT is((SELECT count(*)::int FROM example), 60, 'two examples, six methods');
    SELECT is_empty('SELECT * FROM (SELECT *, apportion(votes, seats, method) OVER (PARTITION BY example, method) AS a FROM example) s WHERE a IS DISTINCT FROM expected', 'Balinski and Young 1975');

    CREATE TABLE austria AS
    SELECT (e -> 'year')::int AS year, i, v::numeric AS votes, (e -> 'official' ->> (i - 1)::int)::int AS official
    FROM jsonb_array_elements(pg_read_file(:'data' || '/apportionment/austria_nrw.json')::jsonb) e, jsonb_array_elements_text(e -> 'votes') WITH ORDINALITY y(v, i);
    SELECT is((SELECT count(DISTINCT year)::int FROM austria), 9, 'nine elections');
    SELECT is_empty('SELECT * FROM (SELECT *, apportion(CASE WHEN share >= 0.04 THEN votes END, 183, ''dhondt'') OVER (PARTITION BY year) AS a
        FROM (SELECT *, votes / sum(votes) OVER (PARTITION BY year) AS share FROM austria) v) s WHERE coalesce(a, 0) <> official', 'Austrian National Council: dhondt among parties with 4 %');
\else
    SELECT skip('CUSTSEG_DATA is not set', 20);
\endif

SELECT * FROM finish();
ROLLBACK;
