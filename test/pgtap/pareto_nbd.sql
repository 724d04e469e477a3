-- Pareto/NBD: predictions and log-likelihoods against values of 40 digits, closed forms, brute force, and what must
-- hold for every model, on seeded random ones.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
\ir include/pareto_nbd_values.psql

SELECT plan(22);
SELECT setseed(0.20261129);

CREATE FUNCTION pg_temp.pareto(r float8, alpha float8, s float8, beta float8) RETURNS lifetime_model LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object('kind', 'pareto_nbd', 'parameters',
        json_build_object('r', r, 'alpha', alpha, 's', s, 'beta', beta))::text::lifetime_model
$$;

-- --- values ---

CREATE TABLE computed AS
SELECT v.*, CASE function
    WHEN 'p_alive' THEN p_alive(m, x, t_x, age)
    WHEN 'expected_purchases' THEN expected_purchases(m, x, t_x, age, option)
    WHEN 'purchase_probability' THEN purchase_probability(m, x, t_x, age, option, n)
    WHEN 'dert' THEN dert(m, x, t_x, age, option)
    WHEN 'loglik' THEN loglik(m, x, t_x, age) END AS result
FROM pareto_value v, pg_temp.pareto(r, alpha, s, beta) m;

SELECT is((SELECT count(*) FROM computed), 470::bigint, 'values to compare with');
SELECT is_empty(format('SELECT * FROM computed WHERE function = %L AND (result IS NULL OR NOT abs(result - value) <= 1e-11 * abs(value))', f),
    f || ': as with 40 digits') FROM unnest(ARRAY['p_alive', 'expected_purchases', 'purchase_probability', 'dert']) f;
SELECT is_empty('SELECT * FROM computed WHERE function = ''loglik'' AND (result IS NULL OR NOT abs(result - value) <= 1e-11 * greatest(1, abs(value)))',
    'loglik: as with 40 digits');
SELECT ok(abs(dert(m, 0, 0, 39, 0.0027) - 0.8578779138) < 1e-9 AND abs(dert(m, 10, 20, 39, 0.0027) - 5.457559503) < 1e-8, 'dert: published')
FROM pg_temp.pareto(0.5629966, 12.559037, 0.4081095, 10.5148048) m;

-- --- brute force and closed forms ---

-- The odds of having left, for alpha = beta without any integral.
SELECT is((SELECT count(*) FROM (
    SELECT p_alive(pg_temp.pareto(r, alpha, s, alpha), x, t_x, age) AS p,
        1 / (1 + s / (r + s + x) * (exp((r + s + x) * ln((alpha + age) / (alpha + t_x))) - 1)) AS expected
    FROM (SELECT 5 * random() r, 20 * random() alpha, 5 * random() s, 1 + floor(20 * random()) x, 10 * random() t_x, 10 + 10 * random() age
        FROM generate_series(1, 500)) c) p WHERE NOT abs(p / expected - 1) <= 1e-12), 0::bigint, 'p_alive: alpha = beta has a closed form');

-- By 20,000 steps of the integral over the time of leaving.
SELECT is((SELECT count(*) FROM (
    SELECT p_alive(pg_temp.pareto(r, alpha, s, beta), x, t_x, age) AS p, 1 / (1 + (SELECT sum(width / (beta + u)
            * s * power((alpha + age) / (alpha + u), r + x) * power((beta + age) / (beta + u), s))
        FROM (SELECT width, t_x + (i - 0.5) * width AS u FROM generate_series(1, 20000) i, CAST((age - t_x) / 20000 AS float8) width) step)) AS expected
    FROM (VALUES (0.5534, 10.58, 0.6061, 11.66, 2, 30.43, 38.86), (0.5534, 10.58, 0.6061, 11.66, 0, 0, 39), (3, 2, 1.5, 20, 10, 5, 9),
        (0.2, 5, 8, 70, 1, 3, 50)) v(r, alpha, s, beta, x, t_x, age)) p WHERE NOT abs(p / expected - 1) <= 1e-6), 0::bigint, 'p_alive: by steps of its integral');

-- When all buy and leave at one rate, lambda = 0.3 and mu = 0.1, an exponential law is left.
SELECT ok(abs(result / law - 1) < 1e-5, name || ': one rate for all')
FROM pg_temp.pareto(3e7, 1e8, 1e7, 1e8) m, LATERAL (VALUES
    ('p_alive', p_alive(m, 3, 10, 15), 1 / (1 + 0.25 * (exp(0.4 * 5) - 1))),
    ('expected_purchases', expected_purchases(m, 3, 10, 10, 7), 0.3 * (1 - exp(-0.7)) / 0.1),
    ('dert', dert(m, 3, 10, 10, 0.05), 0.3 / 0.15),
    ('purchase_probability', purchase_probability_new(m, 7, 0), 0.25 + 0.75 * exp(-0.4 * 7))) v(name, result, law);

-- --- every model ---

CREATE FUNCTION pg_temp.wide() RETURNS float8 LANGUAGE sql VOLATILE AS 'SELECT power(10::float8, 12 * random() - 6)';

CREATE TABLE random_customer AS
SELECT id, pg_temp.pareto(r, alpha, s, beta) AS m, s, x, CASE WHEN x > 0 THEN age * part ELSE 0 END AS t_x, age, horizon, discount, n
FROM (
    SELECT id, pg_temp.wide() AS r, pg_temp.wide() AS alpha, CASE WHEN id % 10 = 0 THEN 1 ELSE pg_temp.wide() END AS s, pg_temp.wide() AS beta,
        CASE WHEN random() < 0.3 THEN 0 ELSE floor(power(10::float8, 4 * random())) END AS x,
        CASE WHEN random() < 0.1 THEN 0 WHEN random() < 0.1 THEN 1 WHEN random() < 0.5 THEN random() ELSE 1 - power(10::float8, -12 * random()) END AS part,
        pg_temp.wide() AS age, pg_temp.wide() AS horizon, pg_temp.wide() AS discount, floor(power(10::float8, 3 * random()) - 1)::int AS n
    FROM generate_series(1, 4000) id) c;

CREATE TABLE prediction AS
SELECT c.*, p_alive(m, x, t_x, age) AS alive, expected_purchases(m, x, t_x, age, horizon) AS expected,
    purchase_probability(m, x, t_x, age, horizon, 0) AS none, purchase_probability(m, x, t_x, age, horizon, n) AS several,
    dert(m, x, t_x, age, discount) AS dert, loglik(m, x, t_x, age) AS loglik,
    expected_purchases(m, x, t_x, age, 1 / discount) AS within, expected_purchases(m, x, t_x, age, 800 / discount) AS undiscounted
FROM random_customer c;

SELECT is_empty($$SELECT * FROM prediction WHERE 'NaN' IN (alive, expected, none, several, dert, loglik)
    OR 'infinity' IN (alive, expected, none, several, dert, loglik, -loglik)
    OR alive IS NULL OR expected IS NULL OR none IS NULL OR several IS NULL OR dert IS NULL OR loglik IS NULL$$, 'no NaN, no infinity');
SELECT is_empty('SELECT * FROM prediction WHERE NOT (alive BETWEEN 0 AND 1 AND none BETWEEN 0 AND 1 AND several BETWEEN 0 AND 1)', 'probabilities are from 0 to 1');
SELECT is_empty('SELECT * FROM prediction WHERE (t_x = age AND alive <> 1) OR none < 1 - alive - 1e-15', 'alive for certain at a purchase; who has left does not buy');
SELECT is_empty('SELECT * FROM prediction WHERE expected_purchases(m, x, t_x, age, 0) <> 0 OR purchase_probability(m, x, t_x, age, 0, 0) <> 1
    OR purchase_probability(m, x, t_x, age, 0, 1) <> 0', 'no purchase in no time');
SELECT is_empty('SELECT * FROM prediction WHERE expected_purchases(m, x, t_x, age, 1.5 * horizon) < expected * (1 - 1e-14)', 'a longer horizon has no fewer purchases');
SELECT is_empty('SELECT * FROM prediction WHERE 1 - none > expected + 1e-12', 'to buy at all is at most as probable as purchases are expected');
SELECT is_empty('SELECT * FROM prediction WHERE dert < 0 OR dert > undiscounted * (1 + 1e-12) OR dert < exp(-1::float8) * within * (1 - 1e-12)',
    'dert is between 0 and what is expected without discount, and above what comes soon, discounted at most');
SELECT is_empty('SELECT * FROM random_customer WHERE id <= 500 AND (expected_purchases_new(m, horizon) <> expected_purchases(m, 0, 0, 0, horizon)
    OR purchase_probability_new(m, horizon, n) <> purchase_probability(m, 0, 0, 0, horizon, n) OR p_alive(m, 0, 0, 0) <> 1)', 'a new customer is one without a past');

-- 250 purchases are far beyond what the horizons here bring.
SELECT is_empty($$SELECT c.id, sum(p), sum(i * p), e FROM random_customer c, generate_series(0, 250) i,
        pg_temp.pareto(0.1 + 3 * (id % 7), 10, power(10::float8, id % 5 - 2), 2 + id % 50) k,
        purchase_probability(k, id % 4, (id % 4) * 2, 10, 0.1 * (1 + id % 90), i) p, expected_purchases(k, id % 4, (id % 4) * 2, 10, 0.1 * (1 + id % 90)) e
    WHERE id <= 60 GROUP BY c.id, e HAVING abs(sum(p) - 1) > 1e-11 OR abs(sum(i * p) - e) > 1e-11 * (1 + e)$$,
    'numbers of purchases: probabilities add up to 1, and their mean is expected_purchases');

SELECT * FROM finish();
ROLLBACK;
