-- The fits of lifetime and spend models as aggregates: what they count, that the result depends neither on the order of
-- the rows nor on the plan, what they refuse, and lifetime_state as a type. Whether the fits are right is for
-- lifetime_fit.sql.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(184);
SELECT setseed(0.20261129);

-- What a statement raises: SQLSTATE and message, or the detail of input.
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

-- States as aggregates, to be seen.
CREATE AGGREGATE bgnbd_state(float8, float8, float8) (SFUNC = bgnbd_fit_accum, STYPE = lifetime_state, COMBINEFUNC = lifetime_state_combine, PARALLEL = SAFE);
CREATE AGGREGATE gamma_gamma_state(float8, float8) (SFUNC = gamma_gamma_fit_accum, STYPE = lifetime_state, COMBINEFUNC = lifetime_state_combine, PARALLEL = SAFE);
CREATE AGGREGATE sbg_state(int, float8) (SFUNC = sbg_fit_accum, STYPE = lifetime_state, COMBINEFUNC = lifetime_state_combine, PARALLEL = SAFE);
CREATE AGGREGATE bgbb_state(float8, float8, float8, bigint) (SFUNC = bgbb_fit_accum, STYPE = lifetime_state, COMBINEFUNC = lifetime_state_combine, PARALLEL = SAFE);
CREATE AGGREGATE merge_states(lifetime_state) (SFUNC = lifetime_state_combine, STYPE = lifetime_state, COMBINEFUNC = lifetime_state_combine, PARALLEL = SAFE);

-- Customers of five cohorts, in days; of the last one all times are different.
CREATE TABLE customer AS
SELECT id, cohort, x, CASE WHEN x = 0 THEN 0 ELSE least(1 + floor(random() * age), age) END + CASE WHEN cohort = 5 AND x > 0 THEN -random() ELSE 0 END AS t_x,
    age + CASE WHEN cohort = 5 THEN random() ELSE 0 END AS age, CASE WHEN x > 0 THEN round((20 * (0.2 - ln(1 - random())))::numeric, 2) END AS m_x
FROM (SELECT id, 1 + id % 5 AS cohort, floor(-1.5 * ln(1 - random())) AS x, 60 + floor(random() * 90) AS age FROM generate_series(1, 3000) id OFFSET 0) s;
ANALYZE customer;

-- --- what a state holds ---

SELECT is((SELECT bgnbd_state(x, t_x, age)::text FROM (VALUES (1, 2, 3), (1, 2.0, 3), (0, 0, 0), (0, 0, 5), (1, 0, 3), (NULL, 1, 1), (1, NULL, 1), (1, 1, NULL)) v(x, t_x, age)),
    '{"version":1,"kind":"bgnbd","excluded":1,"x":[0,1,1],"t_x":[0,0,2],"age":[5,3,3],"count":[1,1,2]}', 'equal histories are counted; of age 0: excluded; with a null: skipped');
SELECT is((SELECT bgnbd_state(x, t_x, age)::text FROM (VALUES (float8 '0', float8 '-0', float8 '7'), ('-0', '0', '7'), ('0', '0', '-0')) v(x, t_x, age)),
    '{"version":1,"kind":"bgnbd","excluded":1,"x":[0],"t_x":[0],"age":[7],"count":[2]}', '-0 is 0');
SELECT is((SELECT gamma_gamma_state(x, m_x)::text FROM (VALUES (2, 3.5), (2, 3.5), (1, 3.5), (1, 0), (1, -2), (0, 9), (0, NULL), (NULL, 4), (1, NULL)) v(x, m_x)),
    '{"version":1,"kind":"gamma_gamma","excluded":2,"x":[1,2],"t_x":[3.5,3.5],"count":[1,2]}', 'gamma_gamma: x = 0 is ignored, m_x <= 0 excluded');
SELECT is((SELECT sbg_state(period, survivors)::text FROM (VALUES (0, 100), (1, 80.5), (0, 100), (0, 40), (2, NULL), (NULL, 3), (1, 0)) v(period, survivors)),
    '{"version":1,"kind":"sbg","excluded":0,"x":[0,0,1,1],"t_x":[40,100,0,80.5],"count":[1,2,1,1]}', 'sbg: survivors of periods');
SELECT is((SELECT bgbb_state(x, t_x, n, customers)::text FROM (VALUES (0, 0, 6, 10), (1, 6, 6, 5), (0, 0, 6, 7), (0, 0, 0, 3), (2, 2, 2, 0), (2, 2, 2, NULL)) v(x, t_x, n, customers)),
    '{"version":1,"kind":"bgbb","excluded":3,"x":[0,1],"t_x":[0,6],"age":[6,6],"count":[17,5]}', 'bgbb: numbers of customers are added');
SELECT is((SELECT bgnbd_state(x, t_x, age)::text::jsonb FROM customer),
    (SELECT jsonb_build_object('version', 1, 'kind', 'bgnbd', 'excluded', 0, 'x', jsonb_agg(x ORDER BY x, age, t_x), 't_x', jsonb_agg(t_x ORDER BY x, age, t_x),
        'age', jsonb_agg(age ORDER BY x, age, t_x), 'count', jsonb_agg(count ORDER BY x, age, t_x)) FROM (SELECT x, t_x, age, count(*) FROM customer GROUP BY 1, 2, 3) s),
    'the cells are those of GROUP BY, in order');
SELECT is((SELECT gamma_gamma_state(x, m_x)::text::jsonb FROM customer),
    (SELECT jsonb_build_object('version', 1, 'kind', 'gamma_gamma', 'excluded', 0, 'x', jsonb_agg(x ORDER BY x, m_x), 't_x', jsonb_agg(m_x::float8 ORDER BY x, m_x),
        'count', jsonb_agg(count ORDER BY x, m_x)) FROM (SELECT x, m_x, count(*) FROM customer WHERE x > 0 GROUP BY 1, 2) s),
    'likewise of gamma_gamma');
SELECT is((SELECT bgnbd_state(0, 0, age)::text FROM generate_series(1, 100000) i, LATERAL (SELECT (i * 7919) % 30011 + 1 AS age) s),
    (SELECT '{"version":1,"kind":"bgnbd","excluded":0,"x":[' || string_agg('0', ',') || '],"t_x":[' || string_agg('0', ',') || '],"age":[' || string_agg(age::text, ',' ORDER BY age) || '],"count":[' || string_agg(count::text, ',' ORDER BY age) || ']}'
     FROM (SELECT (i * 7919) % 30011 + 1 AS age, count(*) FROM generate_series(1, 100000) i GROUP BY 1) s), 'a table that grew a dozen times');

-- --- NULL, nobody, excluded ---

SELECT is((SELECT ROW(bgnbd_fit(x, t_x, age), pareto_nbd_fit(x, t_x, age, 'day'), mbgnbd_fit(x, t_x, age, NULL, NULL, NULL), gamma_gamma_fit(x, t_x), sbg_fit(x::int, t_x), bgbb_fit(x, t_x, age), bgbb_fit(x, t_x, age, 1))::text FROM customer WHERE false), '(,,,,,,)', 'no rows: null');
SELECT is((SELECT ROW(bgnbd_fit(x, NULL, age), pareto_nbd_fit(NULL, t_x, age, 'day'), mbgnbd_fit(x, t_x, NULL, NULL, NULL, NULL), gamma_gamma_fit(NULL, t_x), gamma_gamma_fit(1, NULL), sbg_fit(NULL, t_x), bgbb_fit(x, t_x, NULL), bgbb_fit(x, t_x, age, NULL), bgnbd_fit(NULL::purchases, '2026-01-01', 'day'), gamma_gamma_fit(NULL::purchases))::text FROM customer), '(,,,,,,,,,)', 'only nulls: null');
SELECT is((SELECT ROW(m ->> 'status', m -> 'customers', m -> 'excluded', m ->> 'unit', m -> 'r')::text FROM (SELECT bgnbd_fit(0, 0, 0, 'week') FROM generate_series(1, 3)) s(m)), '(not_identified,0,3,week,)', 'only excluded customers');
SELECT is((SELECT ROW(m ->> 'status', m -> 'customers', m -> 'excluded')::text FROM (SELECT bgnbd_fit(0, 0, 0, 'week', NULL, 1) FROM generate_series(1, 3)) s(m)), '(not_identified,0,3)', 'with a prior too');
SELECT is((SELECT ROW(m ->> 'status', m -> 'customers', m -> 'excluded')::text FROM (SELECT gamma_gamma_fit(0, NULL) FROM generate_series(1, 3)) s(m)), '(not_identified,0,0)', 'gamma_gamma: nobody has bought again');
SELECT is((SELECT ROW(m ->> 'status', m -> 'customers', m -> 'excluded')::text FROM (SELECT gamma_gamma_fit(1, 0) FROM generate_series(1, 3)) s(m)), '(not_identified,0,3)', 'gamma_gamma: nothing was paid');
SELECT is((SELECT m ->> 'status' FROM (SELECT sbg_fit(0, 0)) s(m)), 'not_identified', 'sbg: nobody at the start');
SELECT is((SELECT ROW(m ->> 'status', m -> 'customers')::text FROM (SELECT bgnbd_fit(0, 0, age) FROM customer) s(m)), '(not_identified,3000)', 'nobody has bought again: the data do not determine the parameters');
SELECT is((SELECT ROW(m ->> 'status', (m -> 'r') > 0, m -> 'prior')::text FROM (SELECT bgnbd_fit(0, 0, age, NULL, NULL, 1) FROM customer) s(m)), '(converged,t,1)', 'but with a prior they do');
SELECT is((SELECT ROW(m -> 'customers', m -> 'excluded')::text FROM (SELECT bgnbd_fit(x, t_x, age) FROM (SELECT x, t_x, age FROM customer UNION ALL SELECT 0, 0, 0 FROM generate_series(1, 7)) s) s(m)), '(3000,7)', 'customers and excluded');
SELECT is((SELECT (m -> 'customers') + (m -> 'excluded') FROM (SELECT gamma_gamma_fit(x, CASE WHEN id % 10 = 0 THEN 0 ELSE m_x END) FROM customer) s(m)), (SELECT count(*)::float8 FROM customer WHERE x > 0), 'of gamma_gamma');
SELECT is((SELECT array_agg(n ORDER BY n) FROM (SELECT n, bgnbd_fit(x, t_x, age) -> 'customers' AS c FROM generate_series(1, 2) n, LATERAL (SELECT x, t_x, age FROM customer WHERE x > 0 LIMIT n) s GROUP BY n) q WHERE c = n), '{1,2}', 'fits of one and two customers');

-- --- types of arguments ---

CREATE TABLE whole AS SELECT x::int AS x, t_x::int AS t_x, age::int AS age, m_x FROM customer WHERE cohort < 5;
CREATE TABLE expected AS SELECT bgnbd_fit(x::float8, t_x::float8, age::float8)::text AS m FROM whole;
SELECT is((SELECT bgnbd_fit(x, t_x, age)::text FROM whole), m, 'int') FROM expected;
SELECT is((SELECT bgnbd_fit(x::bigint, t_x::smallint, age::numeric)::text FROM whole), m, 'bigint, smallint and numeric') FROM expected;
SELECT is((SELECT bgnbd_fit(x::real, t_x::real, age::real)::text FROM whole), m, 'real') FROM expected;
SELECT is((SELECT gamma_gamma_fit(x, m_x)::text FROM whole), (SELECT gamma_gamma_fit(x::float8, m_x::float8)::text FROM whole), 'of gamma_gamma');
SELECT is((SELECT bgbb_fit(x, x, 20)::text FROM whole), (SELECT bgbb_fit(x, x, 20, count)::text FROM (SELECT x, count(*) FROM whole GROUP BY x) s), 'bgbb: customers or their numbers');

-- --- purchases ---

CREATE TABLE orders AS
SELECT id AS customer, date '2025-01-01' + (id % 40 + CASE WHEN k = 0 THEN 0 ELSE floor(random() * 300)::int END) AS day, round((random() * 50)::numeric, 2) AS amount
FROM generate_series(1, 300) id, generate_series(0, 5) k WHERE k <= id % 6;
INSERT INTO orders SELECT 1000 + i, '2026-01-01', 10 FROM generate_series(1, 3) i;
INSERT INTO orders SELECT 2000 + i, '2025-06-01', -10 FROM generate_series(1, 2) i;
CREATE TABLE summary AS SELECT customer, purchase_summary(day, amount) AS p FROM orders GROUP BY customer;
CREATE TABLE by_hand AS
SELECT customer, count(DISTINCT day) - 1 AS x, max(day) - min(day) AS t_x, date '2026-01-01' - min(day) AS age,
    (SELECT sum(amount) / nullif(count(DISTINCT day), 0) FROM orders r WHERE r.customer = o.customer AND amount > 0 AND r.day > min(o.day)) AS m_x
FROM orders o WHERE amount > 0 GROUP BY customer;
SELECT is((SELECT bgnbd_fit(p, date '2026-01-01', unit)::text FROM summary WHERE customer < 2000), (SELECT bgnbd_fit(x, t_x / days, age / days, unit)::text FROM by_hand), 'purchases against x, t_x, age by hand: ' || unit)
FROM (VALUES ('day', float8 '1'), ('week', 7), ('month', float8 '365.25' / 12), ('year', 365.25)) v(unit, days);
SELECT is((SELECT ROW(m ->> 'kind', m ->> 'unit', m -> 'customers', m -> 'excluded')::text FROM (SELECT mbgnbd_fit(p, '2026-01-01', 'week') FROM summary) s(m)), '(mbgnbd,week,300,5)', 'first purchase on as_of, or only refunds: excluded');
SELECT is((SELECT pareto_nbd_fit(p, as_of, 'week')::text FROM (SELECT p, date '2026-01-01' + customer % 3 AS as_of FROM summary WHERE customer < 1000) s),
    (SELECT pareto_nbd_fit(x, t_x / float8 '7', (age + customer % 3) / float8 '7', 'week')::text FROM by_hand WHERE customer < 1000), 'as_of may differ by row');
SELECT is((SELECT bgnbd_fit(p, CASE WHEN customer % 2 = 0 THEN date '2026-01-01' END, 'day')::text FROM summary), (SELECT bgnbd_fit(p, date '2026-01-01', 'day')::text FROM summary WHERE customer % 2 = 0), 'a null as_of: skipped');
SELECT is((SELECT gamma_gamma_fit(p)::text FROM summary WHERE customer < 2000), (SELECT gamma_gamma_fit(x, m_x)::text FROM by_hand), 'gamma_gamma of purchases against x, m_x by hand');
SELECT is((SELECT gamma_gamma_fit(p) -> 'excluded' FROM summary), 2::float8, 'of which those without a purchase are excluded');
SELECT throws_ok($$SELECT bgnbd_fit(p, '2025-12-01', 'day') FROM (SELECT purchase_summary(date '2025-12-24', 1) AS p) s$$, '22023', 'as_of 2025-12-01 is before the last purchase on 2025-12-24', 'as_of before the last purchase');
SELECT throws_ok($$SELECT bgnbd_fit(p, 'infinity', 'day') FROM (SELECT purchase_summary(date '2025-12-24', 1) AS p) s$$, '22023', 'as_of must be a finite date, not infinity', 'as_of infinity');
SELECT throws_ok($$SELECT bgnbd_fit(p, '2026-01-01', NULL) FROM summary$$, '22023', 'unit must not be null where times come from purchases', 'purchases without a unit');

-- --- options ---

SELECT is((SELECT ROW(bgnbd_fit(x, t_x, age, 'day') ->> 'unit', bgnbd_fit(x, t_x, age, NULL) ->> 'unit', bgnbd_fit(x, t_x, age) ->> 'unit')::text FROM customer WHERE id < 100), '(day,,)', 'the unit is kept');
SELECT is((SELECT (bgnbd_fit(x, t_x, age, NULL) -> 'alpha') FROM customer), (SELECT bgnbd_fit(x, t_x, age) -> 'alpha' FROM customer), 'and changes nothing else');
-- With a strong prior the parameters are those of the start: its conversion to the unit is seen.
SELECT is((SELECT array_agg(round((m -> k)::numeric, 4) ORDER BY i) FROM (SELECT bgnbd_fit(x, t_x, age, 'day', '{"kind":"bgnbd","unit":"week","parameters":{"r":0.3,"alpha":4,"a":0.8,"b":2.5}}', 1e12) FROM customer WHERE cohort = 1) s(m), unnest('{r,alpha,a,b}'::text[]) WITH ORDINALITY u(k, i)),
    '{0.3000,28.0000,0.8000,2.5000}', 'start in another unit is converted: alpha is a time');
SELECT is((SELECT array_agg(round((m -> k)::numeric, 4) ORDER BY i) FROM (SELECT pareto_nbd_fit(x, t_x, age, 'week', '{"kind":"pareto_nbd","unit":"year","parameters":{"r":0.3,"alpha":4,"s":0.8,"beta":2}}', 1e12) FROM customer WHERE cohort = 1) s(m), unnest('{r,alpha,s,beta}'::text[]) WITH ORDINALITY u(k, i)),
    '{0.3000,208.7143,0.8000,104.3571}', 'and so is beta of pareto_nbd');
SELECT is((SELECT m -> 'prior' FROM (SELECT gamma_gamma_fit(x, m_x, '{"kind":"gamma_gamma","parameters":{"p":6,"q":4,"gamma":15}}', 0.5) FROM customer) s(m)), 0.5::float8, 'the prior is kept');
SELECT is((SELECT bgnbd_fit(x, t_x, age, 'day', NULL, p)::text FROM customer), (SELECT bgnbd_fit(x, t_x, age, 'day')::text FROM customer), 'no start and no prior') FROM unnest('{0,-0,NULL}'::float8[]) p;
SELECT is((SELECT bgnbd_fit(x, t_x, age, 'day', '{"kind":"bgnbd","status":"not_identified","unit":"week"}', 0)::text FROM customer), (SELECT bgnbd_fit(x, t_x, age, 'day')::text FROM customer), 'a start without parameters is none');
CREATE TABLE contract AS SELECT * FROM (VALUES (0, 1000), (1, 631), (2, 468), (3, 382), (4, 326)) v(period, survivors);
SELECT is((SELECT ROW(m ->> 'status', abs((n -> 'loglik') - (m -> 'loglik')) < 1e-6, abs((n -> 'alpha') / (m -> 'alpha') - 1) < 1e-6, (n -> 'iterations') < (m -> 'iterations'))::text
           FROM (SELECT m, (SELECT sbg_fit(period, survivors, m, 0) FROM contract) AS n FROM (SELECT sbg_fit(period, survivors) AS m FROM contract) t) s), '(converged,t,t,t)', 'refit from the model of yesterday');

SELECT is(pg_temp.error_of(statement), error, error) FROM (VALUES
    ($$SELECT bgnbd_fit(x, t_x, age, 'weeks') FROM customer$$, '22023 unit must be day, week, month or year, not "weeks"'),
    ($$SELECT bgnbd_fit(x, t_x, age, '') FROM customer$$, '22023 unit must be day, week, month or year, not ""'),
    ($$SELECT bgnbd_fit(x, t_x, age, CASE WHEN id % 2 = 0 THEN 'week' ELSE 'day' END) FROM customer$$, '22023 unit, start and prior must not change from row to row'),
    ($$SELECT bgnbd_fit(x, t_x, age, 'week', NULL, id % 2) FROM customer$$, '22023 unit, start and prior must not change from row to row'),
    ($$SELECT bgnbd_fit(x, t_x, age, 'week', CASE WHEN id = 7 THEN lifetime_model '{"kind":"bgnbd","unit":"week","parameters":{"r":0.3,"alpha":4,"a":0.8,"b":2.5}}' END, 1) FROM customer$$, '22023 unit, start and prior must not change from row to row'),
    ($$SELECT bgnbd_fit(x, t_x, age, 'week', '{"kind":"mbgnbd","unit":"week","parameters":{"r":0.3,"alpha":4,"a":0.8,"b":2.5}}', 1) FROM customer$$, '22023 start must be a model of kind bgnbd, not mbgnbd'),
    ($$SELECT bgnbd_fit(x, t_x, age, 'week', '{"kind":"bgnbd","parameters":{"r":0.3,"alpha":4,"a":0.8,"b":2.5}}', 1) FROM customer$$, '22023 start has no unit, the fit has the unit week'),
    ($$SELECT bgnbd_fit(x, t_x, age, NULL, '{"kind":"bgnbd","unit":"day","parameters":{"r":0.3,"alpha":4,"a":0.8,"b":2.5}}', 1) FROM customer$$, '22023 start has the unit day, the fit has no unit'),
    ($$SELECT bgnbd_fit(x, t_x, age, 'week', NULL, -1) FROM customer$$, '22023 prior must be a finite number, 0 or more, not -1'),
    ($$SELECT gamma_gamma_fit(x, m_x, NULL, 'NaN') FROM customer$$, '22023 prior must be a finite number, 0 or more, not NaN'),
    ($$SELECT sbg_fit(0, 100, NULL, 'infinity')$$, '22023 prior must be a finite number, 0 or more, not Infinity'),
    ($$SELECT sbg_fit(0, 100, '{"kind":"bgbb","parameters":{"alpha":1,"beta":1,"gamma":1,"delta":1}}', 0)$$, '22023 start must be a model of kind sbg, not bgbb')) v(statement, error);

-- --- histories that contradict themselves ---

SELECT is(pg_temp.error_of(format('SELECT %s_fit(%s)', kind, arguments)), '22023 ' || error, kind || ': ' || error)
FROM (VALUES
    ('-1, 0, 5', 'x must be a whole number from 0 to 2147483647, not -1'),
    ('1.5, 1, 5', 'x must be a whole number from 0 to 2147483647, not 1.5'),
    ('''NaN'', 1, 5', 'x must be a whole number from 0 to 2147483647, not NaN'),
    ('''infinity'', 1, 5', 'x must be a whole number from 0 to 2147483647, not Infinity'),
    ('2147483648, 1, 5', 'x must be a whole number from 0 to 2147483647, not 2147483648'),
    ('1, -1, 5', 't_x must be a finite number, 0 or more, not -1'),
    ('1, ''NaN'', 5', 't_x must be a finite number, 0 or more, not NaN'),
    ('1, 1, -5', 'age must be a finite number, 0 or more, not -5'),
    ('1, 1, ''infinity''', 'age must be a finite number, 0 or more, not Infinity'),
    ('1, 1, ''NaN''', 'age must be a finite number, 0 or more, not NaN'),
    ('1, 5.5, 5', 't_x must be at most age, not 5.5 where age is 5'),
    ('0, 1, 5', 't_x must be 0 where x is 0, not 1')) v(arguments, error), unnest(ARRAY['bgnbd', 'pareto_nbd', 'mbgnbd']) kind;
SELECT is(pg_temp.error_of('SELECT ' || call), '22023 ' || error, error)
FROM (VALUES
    ('gamma_gamma_fit(1, ''NaN'')', 'm_x must be a finite number greater than 0, not NaN'),
    ('gamma_gamma_fit(1, ''infinity'')', 'm_x must be a finite number greater than 0, not Infinity'),
    ('gamma_gamma_fit(1, ''-infinity'')', 'm_x must be a finite number greater than 0, not -Infinity'),
    ('gamma_gamma_fit(-1, 5)', 'x must be a whole number from 0 to 2147483647, not -1'),
    ('gamma_gamma_fit(1.5, 0)', 'x must be a whole number from 0 to 2147483647, not 1.5'),
    ('sbg_fit(-1, 5)', 'period must be a whole number from 0 to 2147483647, not -1'),
    ('sbg_fit(0, -5)', 'survivors must be a finite number, 0 or more, not -5'),
    ('sbg_fit(0, ''NaN'')', 'survivors must be a finite number, 0 or more, not NaN'),
    ('sbg_fit(1, 5)', 'survivors of period 0 are missing'),
    ('sbg_fit(p, 5) FROM unnest(ARRAY[0, 1, 3]) p', 'survivors of period 2 are missing'),
    ('sbg_fit(p, s) FROM (VALUES (0, 10), (2, 7.5), (1, 6)) v(p, s)', 'survivors of period 2 must be at most the 6 of the period before, not 7.5'),
    ('bgbb_fit(1, 2, 2.5)', 'n must be a whole number from 0 to 2147483647, not 2.5'),
    ('bgbb_fit(1, 1.5, 2)', 't_x must be a whole number from 0 to 2147483647, not 1.5'),
    ('bgbb_fit(1, 3, 2)', 't_x must be at most n, not 3 where n is 2'),
    ('bgbb_fit(2, 1, 2)', 'x must be at most t_x, not 2 where t_x is 1'),
    ('bgbb_fit(1, 0, 2)', 'x must be at most t_x, not 1 where t_x is 0'),
    ('bgbb_fit(0, 1, 2)', 't_x must be 0 where x is 0, not 1'),
    ('bgbb_fit(1, 1, 2, -1)', 'customers must be 0 or more, not -1')) v(call, error);
SELECT throws_ok('SELECT bgbb_fit(1, 1, 2, 6e15::bigint) FROM generate_series(1, 2)', '22003', 'number of customers in lifetime_state is out of range', 'more customers than can be counted');

-- --- whatever the order and the plan ---

CREATE TABLE state AS SELECT bgnbd_state(x, t_x, age) AS s, bgnbd_fit(x, t_x, age)::text AS m FROM customer;
SELECT is((SELECT bgnbd_state(x, t_x, age ORDER BY random())::text FROM customer), s::text, 'the order of rows does not matter') FROM state, generate_series(1, 2);
SELECT is((SELECT merge_states(p ORDER BY random())::text FROM (SELECT bgnbd_state(x, t_x, age) AS p FROM customer GROUP BY floor(random() * n)) q), s::text, 'nor in which parts they come: ' || n)
FROM state, unnest(ARRAY[1, 2, 3, 50, 3000]) n;
SELECT is((SELECT lifetime_fit_final(merge_states(p ORDER BY random()))::text FROM (SELECT bgnbd_state(x, t_x, age) AS p FROM customer GROUP BY floor(random() * 7)) q), m, 'to the last digit of the model') FROM state;
SELECT is((SELECT merge_states(p ORDER BY k)::text FROM (SELECT floor(sqrt(id)) AS k, bgnbd_state(x, t_x, age) AS p FROM customer GROUP BY 1) q), s::text, 'parts of all sizes') FROM state;
SELECT is((SELECT merge_states(p ORDER BY k DESC)::text FROM (SELECT floor(sqrt(id)) AS k, bgnbd_state(x, t_x, age) AS p FROM customer GROUP BY 1) q), s::text, 'the large ones first') FROM state;
SELECT is(lifetime_state_combine(s, s)::text::jsonb -> 'count', (SELECT jsonb_agg(c::int * 2) FROM jsonb_array_elements_text(s::text::jsonb -> 'count') c), 'a state and itself') FROM state;
SELECT is(lifetime_state_combine(s, (SELECT bgnbd_state(0, 0, 0)))::text::jsonb, jsonb_set(s::text::jsonb, '{excluded}', '1'), 'a state without cells') FROM state;
SELECT is((SELECT merge_states(p)::text FROM (SELECT sbg_state(period, survivors) AS p FROM (VALUES (0, 100), (1, 80.1), (0, 100.7), (1, 40), (1, 40)) v(period, survivors) GROUP BY random()) q),
    (SELECT sbg_state(period, survivors)::text FROM (VALUES (0, 100), (1, 80.1), (0, 100.7), (1, 40), (1, 40)) v(period, survivors)), 'of sbg');
-- 0.1 and 0.7 and others add up to different sums in different orders.
CREATE TABLE survivor AS SELECT k, period, (100 - period * 3 + random()) / 7 AS n FROM generate_series(0, 4) period, generate_series(1, 200) k;
SELECT is((SELECT count(DISTINCT m) FROM (SELECT sbg_fit(period, n ORDER BY random())::text AS m FROM survivor, generate_series(1, 5) i GROUP BY i) s), 1::bigint, 'survivors are added up in one order');

CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines;
END $$;

CREATE TABLE one_by_one AS
SELECT cohort, (SELECT bgnbd_fit(x, t_x, age, 'day')::text FROM customer c WHERE c.cohort = k.cohort) AS m,
    (SELECT gamma_gamma_fit(x, m_x)::text FROM customer c WHERE c.cohort = k.cohort) AS g FROM generate_series(1, 5) k(cohort);
\set fits 'SELECT bgnbd_fit(x, t_x, age, ''day'')::text AS m, gamma_gamma_fit(x, m_x)::text AS g FROM customer'
\set by_cohort 'SELECT cohort, bgnbd_fit(x, t_x, age, ''day'')::text AS m, gamma_gamma_fit(x, m_x)::text AS g FROM customer GROUP BY cohort'
CREATE TABLE in_series AS :fits;
SELECT results_eq(:'by_cohort' || ' ORDER BY cohort', 'TABLE one_by_one ORDER BY cohort', 'GROUP BY cohort is a fit of each');
SELECT results_eq($$SELECT cohort, bgnbd_fit(x, t_x, age, 'day')::text FROM customer GROUP BY GROUPING SETS ((cohort), ()) ORDER BY cohort$$,
    $$SELECT cohort, m FROM one_by_one UNION ALL SELECT NULL, m FROM in_series ORDER BY 1$$, 'GROUPING SETS');
SELECT results_eq($$SELECT id, bgnbd_fit(x, t_x, age, 'day') OVER (ORDER BY id) -> 'customers' FROM customer WHERE id <= 40$$,
    $$SELECT id, id::float8 FROM generate_series(1, 40) id$$, 'as a window function: the state is read while it grows');
SELECT results_eq($$SELECT id, bgnbd_fit(x, t_x, age) OVER (ORDER BY id ROWS 20 PRECEDING)::text FROM customer WHERE id <= 60$$,
    $$SELECT i, (SELECT bgnbd_fit(x, t_x, age)::text FROM customer WHERE id BETWEEN i - 20 AND i) FROM generate_series(1, 60) i$$, 'and in a moving frame');
SET LOCAL enable_hashagg = off;
SELECT results_eq(:'by_cohort' || ' ORDER BY cohort', 'TABLE one_by_one ORDER BY cohort', 'sorted groups');
RESET enable_hashagg;

ALTER TABLE customer SET (parallel_workers = 3);
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SELECT alike(pg_temp.plan_of(:'fits'), '%Partial Aggregate%', 'a plan with partial aggregates');
SELECT results_eq(:'fits', 'TABLE in_series', 'gives the same digits');
SELECT alike(pg_temp.plan_of(:'by_cohort'), '%Partial HashAggregate%', 'by cohort too');
SELECT results_eq(:'by_cohort' || ' ORDER BY cohort', 'TABLE one_by_one ORDER BY cohort', 'the same digits');
SET LOCAL max_parallel_workers_per_gather = 0;

-- --- states that do not fit together ---

SELECT throws_ok(statement, '22023', error, error) FROM (VALUES
    ($$SELECT lifetime_state_combine(s, bgnbd_fit_accum(NULL, 1, 1, 2, 'day')) FROM state$$, 'unit, start and prior must not change from row to row'),
    ($$SELECT bgnbd_fit_accum(s, 1, 1, 2, 'day') FROM state$$, 'unit, start and prior must not change from row to row'),
    ($$SELECT lifetime_state_combine(s, mbgnbd_fit_accum(NULL, 1, 1, 2)) FROM state$$, 'a lifetime_state of kind mbgnbd cannot be used here'),
    ($$SELECT mbgnbd_fit_accum(s, 1, 1, 2) FROM state$$, 'a lifetime_state of kind bgnbd cannot be used here'),
    ($$SELECT spend_fit_final(s) FROM state$$, 'a lifetime_state of kind bgnbd cannot be used here'),
    ($$SELECT lifetime_fit_final(gamma_gamma_fit_accum(NULL, 1, 1))$$, 'a lifetime_state of kind gamma_gamma cannot be used here')) v(statement, error);
-- A direct call works on a copy.
CREATE TABLE kept (s lifetime_state);
INSERT INTO kept SELECT bgnbd_fit_accum(NULL, 1, 1, 2);
SELECT is((SELECT ROW(bgnbd_fit_accum(s, 1, 1, 2)::text = s::text, lifetime_state_combine(s, s)::text = s::text, s::text)::text::text FROM kept),
    ROW(false, false, '{"version":1,"kind":"bgnbd","excluded":0,"x":[1],"t_x":[1],"age":[2],"count":[1]}')::text, 'a direct call leaves the state as it was');

-- --- lifetime_state as a type ---

CREATE TABLE sample (name text, s lifetime_state);
INSERT INTO sample VALUES
    ('options', bgnbd_fit_accum(NULL, 3, 1.5, 7, 'week', '{"kind":"bgnbd","unit":"week","parameters":{"r":0.3,"alpha":4,"a":0.8,"b":2.5}}', 0.25)),
    ('excluded', pareto_nbd_fit_accum(NULL, 0, 0, 0, 'day')),
    ('spend', gamma_gamma_fit_accum(gamma_gamma_fit_accum(NULL, 2, 7.25), 1, 1e-300)),
    ('sbg', sbg_fit_accum(sbg_fit_accum(NULL, 0, 10), 1, 0.1)),
    ('bgbb', bgbb_fit_accum(NULL, 2, 5, 6, 9007199254740992)),
    ('many', (SELECT bgnbd_state(x, t_x, age) FROM customer));
SELECT is((SELECT s::text FROM sample WHERE name = 'options'),
    '{"version":1,"kind":"bgnbd","unit":"week","excluded":0,"prior":0.25,"start":{"r":0.3,"alpha":4,"a":0.8,"b":2.5},"x":[3],"t_x":[1.5],"age":[7],"count":[1]}', 'the text of a state');
SELECT is(s::text::lifetime_state::text, s::text, 'text gives the same: ' || name) FROM sample;
CREATE TABLE received (name text, s lifetime_state);
DO $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_lifetime_state.bin';
BEGIN
    EXECUTE format('COPY sample TO %L (FORMAT binary)', file);
    EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
END $$;
SELECT is((SELECT count(*) FROM sample JOIN received r USING (name) WHERE r.s::text = sample.s::text), 6::bigint, 'and so does binary');
SELECT is((SELECT lifetime_fit_final(s)::text FROM received WHERE name = 'many'), (SELECT m FROM state), 'a state that was stored gives the same model');

SELECT is(pg_temp.error_of(format('SELECT %L::lifetime_state', input)), '22P02 ' || error, error) FROM (VALUES
    ('{"kind":"kmeans","x":[],"t_x":[],"age":[],"count":[]}', '"kind" must be "bgnbd", "pareto_nbd", "mbgnbd", "sbg", "bgbb" or "gamma_gamma", not "kmeans".'),
    ('{"kind":"bgnbd","x":[],"t_x":[],"age":[]}', '"count" is missing.'),
    ('{"kind":"bgnbd","x":[1],"t_x":[1],"age":[1],"count":[]}', '"count" has 0 elements, but "x" has 1.'),
    ('{"kind":"bgnbd","x":[1],"t_x":[1],"age":[1],"count":[0]}', 'Cell 0: count must be a whole number from 1 to 2^53.'),
    ('{"kind":"bgnbd","x":[1],"t_x":[1],"age":[1],"count":[1.5]}', 'Cell 0: count must be a whole number from 1 to 2^53.'),
    ('{"kind":"bgnbd","x":[1],"t_x":[1],"age":[1],"count":[1e17]}', 'Cell 0: count must be a whole number from 1 to 2^53.'),
    ('{"kind":"bgnbd","x":[1],"t_x":["Infinity"],"age":[1],"count":[1]}', 'Cell 0: t_x must be a finite number, 0 or more, not Infinity.'),
    ('{"kind":"bgnbd","x":[1],"t_x":[2],"age":[1],"count":[1]}', 'Cell 0: t_x must be at most age, not 2 where age is 1.'),
    ('{"kind":"bgnbd","x":[0],"t_x":[0],"age":[0],"count":[1]}', 'Cell 0: age must be positive.'),
    ('{"kind":"bgnbd","x":[1,1],"t_x":[1,1],"age":[1,1],"count":[1,1]}', 'Cell 1: cells must ascend by x, age and t_x, and be different.'),
    ('{"kind":"bgnbd","x":[1,0],"t_x":[1,0],"age":[1,1],"count":[1,1]}', 'Cell 1: cells must ascend by x, age and t_x, and be different.'),
    ('{"kind":"gamma_gamma","x":[1],"t_x":[0],"count":[1]}', 'Cell 0: m_x must be a finite number greater than 0, not 0.'),
    ('{"kind":"gamma_gamma","x":[0],"t_x":[1],"count":[1]}', 'Cell 0: x must be positive.'),
    ('{"kind":"gamma_gamma","x":[1],"t_x":[1],"age":[0],"count":[1]}', 'A state of kind "gamma_gamma" has no "age".'),
    ('{"kind":"sbg","unit":"day","x":[],"t_x":[],"count":[]}', 'A state of kind "sbg" has no "unit".'),
    ('{"kind":"sbg","start":{"alpha":1,"beta":-1},"x":[],"t_x":[],"count":[]}', '"start"."beta" must be a positive number, no less than 2.3e-308.'),
    ('{"kind":"sbg","prior":-1,"x":[],"t_x":[],"count":[]}', '"prior" must be a finite number, not negative.'),
    ('{"kind":"sbg","excluded":-1,"x":[],"t_x":[],"count":[]}', '"excluded" must be an integer from 0 to 9007199254740992, not -1.')) v(input, error);

-- A damaged message is refused, or is another sound state: its text gives the same, and it combines with itself.
CREATE FUNCTION pg_temp.receive(message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/custseg_lifetime_state.bin';
    sound boolean;
BEGIN
    DELETE FROM received;
    EXECUTE format('COPY (SELECT ''x'', %L::bytea) TO %L (FORMAT binary)', message, file);
    EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
    SELECT s::text::lifetime_state::text = s::text AND lifetime_state_combine(s, s) IS NOT NULL INTO STRICT sound FROM received;
    RETURN CASE WHEN sound THEN 'ok' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION pg_temp.damage(message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    p int := floor(random() * length(message))::int;
BEGIN
    RETURN CASE floor(random() * 6)::int
        WHEN 0 THEN substring(message FROM 1 FOR p)
        WHEN 1 THEN substring(message FROM 1 FOR p) || substring(message FROM p + 2)
        WHEN 2 THEN message || substring(message FROM p + 1)
        WHEN 3 THEN set_byte(message, p % 4, floor(random() * 8)::int)
        ELSE set_bit(message, p * 8 + floor(random() * 8)::int, floor(random() * 2)::int) END;
END $$;
CREATE TABLE outcome AS SELECT pg_temp.receive(pg_temp.damage(lifetime_state_send(s))) AS outcome FROM sample, generate_series(1, 80) WHERE name <> 'many';
-- 22003: the customers of the two are too many together.
SELECT is_empty($$SELECT DISTINCT outcome FROM outcome WHERE outcome NOT IN ('ok', '22P03', '22003')$$, 'damaged messages are refused, or are other sound states');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE outcome = '22P03'), '>', 150::bigint, 'most are refused');
SELECT is(pg_temp.receive(overlay(lifetime_state_send(s) PLACING decode(bytes, 'hex') FROM at)), '22P03', 'out of range: ' || what)
FROM sample, (VALUES ('version', 1, '02'), ('kind', 2, '06'), ('unit', 3, '05'), ('has_start', 4, '02'), ('excluded', 5, 'bff0000000000000'), ('prior', 13, '7ff8000000000000'),
    ('start', 21, '0000000000000000'), ('x NaN', 53, '7ff8000000000000'), ('t_x', 61, 'bff0000000000000'), ('age', 69, '7ff0000000000000'), ('count', 77, '7ff8000000000000')) v(what, at, bytes)
WHERE name = 'options';
DO $$ BEGIN
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', 'rm ''' || current_setting('data_directory') || '/custseg_lifetime_state.bin''');
END $$;

SELECT * FROM finish();
ROLLBACK;
