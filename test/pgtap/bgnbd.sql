-- BG/NBD and MBG/NBD: what they predict against values of many digits, and what holds for any model.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
\ir include/lifetime_models.psql
\ir include/bgnbd_values.psql

SELECT plan(20);
SELECT setseed(0.20261129);

-- --- values ---

CREATE TEMPORARY TABLE answer AS
SELECT v.*, p_alive(m, x, t_x, age) AS got_alive, expected_purchases(m, x, t_x, age, horizon) AS got_purchases,
    purchase_probability(m, x, t_x, age, horizon, n) AS got_probability, dert(m, x, t_x, age, discount) AS got_dert
FROM bgnbd_value v, LATERAL (SELECT pg_temp.lifetime(kind, parameters) AS m OFFSET 0) model;

SELECT cmp_ok((SELECT count(*) FROM answer), '>=', 350::bigint, 'there are values of many shapes');
SELECT is_empty($$SELECT kind, shape, parameters, x, t_x, age, alive, got_alive FROM answer
    WHERE NOT pg_temp.off(got_alive, alive) <= 1e-9$$,
    'p_alive is right to 1e-9 (seen: 7e-14)');
SELECT is_empty($$SELECT kind, shape, parameters, x, t_x, age, horizon, purchases, got_purchases FROM answer
    WHERE NOT pg_temp.off(got_purchases, purchases) <= 1e-9$$,
    'expected_purchases is right to 1e-9 (seen: 7e-14)');
SELECT is_empty($$SELECT kind, shape, parameters, x, t_x, age, horizon, n, probability, got_probability FROM answer
    WHERE NOT pg_temp.off(got_probability, probability) <= 1e-9$$,
    'purchase_probability is right to 1e-9 (seen: 7e-14)');
SELECT is_empty($$SELECT kind, shape, parameters, x, t_x, age, discount, dert, got_dert FROM answer
    WHERE discount IS NOT NULL AND NOT pg_temp.off(got_dert, dert) <= 1e-9$$,
    'dert is right to 1e-9 (seen: 3e-14)');
SELECT is_empty($$SELECT kind, shape, parameters, horizon, n FROM bgnbd_value v,
        LATERAL (SELECT pg_temp.lifetime(kind, parameters) AS m) model
    WHERE age = 0 AND (pg_temp.off(expected_purchases_new(m, horizon), purchases) > 1e-9
        OR pg_temp.off(purchase_probability_new(m, horizon, n), probability) > 1e-9)$$,
    'so is what is predicted of a new customer');

-- --- any model ---

-- Parameters and times over 12 orders of magnitude.
CREATE TEMPORARY TABLE any_model AS
SELECT i, kind, p, m, x, age * CASE WHEN x = 0 THEN 0 ELSE t END AS t_x, age, horizon, n
FROM (SELECT i, (ARRAY['bgnbd', 'mbgnbd'])[1 + i % 2] AS kind,
          ARRAY[10 ^ (12 * random() - 6), 10 ^ (12 * random() - 6), 10 ^ (12 * random() - 6), 10 ^ (12 * random() - 6)] AS p,
          floor(10 ^ (4.3 * random()) - 1) * (i / 2 % 3) AS x, random() AS t, 10 ^ (12 * random() - 6) AS age,
          10 ^ (12 * random() - 6) AS horizon, floor(10 ^ (3 * random()) - 1)::int AS n
      FROM generate_series(1, 4000) i OFFSET 0) r,
    LATERAL (SELECT pg_temp.lifetime(kind, p) AS m OFFSET 0) model;

CREATE TEMPORARY TABLE any_answer AS
SELECT a.*, p_alive(m, x, t_x, age) AS alive, p_alive(m, x, t_x, age * 2) AS alive_later,
    expected_purchases(m, x, t_x, age, 0) AS at_once, expected_purchases(m, x, t_x, age, horizon) AS purchases,
    expected_purchases(m, x, t_x, age, horizon * 1.5) AS more, purchase_probability(m, x, t_x, age, horizon, 0) AS none,
    purchase_probability(m, x, t_x, age, horizon, n) AS of_n
FROM any_model a;

SELECT is_empty($$SELECT * FROM any_answer WHERE NOT alive BETWEEN 0 AND 1$$, 'p_alive is from 0 to 1');
SELECT is_empty($$SELECT * FROM any_answer WHERE kind = 'bgnbd' AND x = 0 AND alive <> 1$$,
    'by BG/NBD a customer without a repeat purchase has had no chance to leave');
SELECT is_empty($$SELECT * FROM any_answer WHERE alive > 1e-300 AND alive_later > alive * (1 + 1e-12)$$,
    'the longer a customer is away, the less is p_alive');
SELECT is_empty($$SELECT * FROM any_answer WHERE at_once <> 0$$, 'without a horizon there are no purchases');
SELECT is_empty($$SELECT * FROM any_answer WHERE NOT (purchases >= 0 AND purchases < 'infinity')$$,
    'expected_purchases is finite and not negative');
SELECT is_empty($$SELECT * FROM any_answer
    WHERE purchases > 1e-300 AND (more < purchases * (1 - 1e-12) OR more > purchases * 1.5 * (1 + 1e-12))$$,
    'it grows with the horizon, less and less');
SELECT is_empty($$SELECT * FROM any_answer WHERE NOT (none BETWEEN 0 AND 1 + 1e-13 AND of_n BETWEEN 0 AND 1 + 1e-13)$$,
    'purchase_probability is from 0 to 1');
SELECT is_empty($$SELECT * FROM any_answer
    WHERE CASE WHEN alive > 1e-250 THEN purchases > alive * ((p[1] + x) * (horizon / (p[2] + age))) * (1 + 1e-12) END
        OR 1 - none > purchases + 1e-13$$,
    'nobody buys more than one who stays, and the expected number is not below the probability of any');
SELECT is_empty($$SELECT i, kind, p, x, t_x, age, d FROM (SELECT *, dert(m, x, t_x, age, 1 / horizon) AS d FROM any_answer WHERE i <= 150) a
    WHERE NOT (d >= 0 AND d < 'infinity') OR purchases > 1e-300 AND NOT (d >= purchases * exp(-1) * (1 - 1e-9))$$,
    'dert is finite, and not below what comes before the discount bites');

-- --- probabilities of all numbers ---

CREATE TEMPORARY TABLE some_model AS
SELECT i, kind, m, x, CASE WHEN x = 0 THEN 0 ELSE 10 * sqrt(random()) END AS t_x, 10 AS age, 10 ^ (2 * random() - 1) AS horizon
FROM (SELECT i, (ARRAY['bgnbd', 'mbgnbd'])[1 + i % 2] AS kind, i / 2 % 4 AS x,
          ARRAY[10 ^ (2 * random() - 1.5), 10 ^ (random() + 0.3), 10 ^ (2 * random() - 1), 10 ^ (2 * random() - 1)] AS p
      FROM generate_series(1, 40) i OFFSET 0) r,
    LATERAL (SELECT pg_temp.lifetime(kind, p) AS m OFFSET 0) model;
CREATE TEMPORARY TABLE distribution AS
SELECT s.*, total, mean
FROM some_model s, LATERAL (SELECT sum(p) AS total, sum(p * n) AS mean
    FROM generate_series(0, 1500) n, LATERAL (SELECT purchase_probability(m, x, t_x, age, horizon, n) AS p OFFSET 0) q) sums;

SELECT is_empty($$SELECT * FROM distribution WHERE NOT abs(total - 1) <= 1e-12$$, 'the probabilities of all numbers sum to 1');
SELECT is_empty($$SELECT *, expected_purchases(m, x, t_x, age, horizon) FROM distribution
    WHERE NOT pg_temp.off(mean, expected_purchases(m, x, t_x, age, horizon)) <= 1e-11$$, 'their mean is expected_purchases');

-- --- two models that meet ---

-- With a customer's first purchase as one more chance to leave, MBG/NBD of b is BG/NBD of b + 1 for one who stayed.
SELECT is_empty($$
    SELECT i FROM any_model,
        LATERAL (SELECT pg_temp.lifetime('bgnbd', p[1:3] || ARRAY[p[4] + 1]) AS bg, pg_temp.lifetime('mbgnbd', p) AS mbg OFFSET 0) both_models
    WHERE i <= 1000 AND p[4] BETWEEN 1e-3 AND 1e3
        AND pg_temp.off(expected_purchases_new(mbg, horizon), expected_purchases_new(bg, horizon) * (p[4] / (p[3] + p[4]))) > 1e-12$$,
    'a new customer of MBG/NBD stays after the first purchase or not, then he is one of BG/NBD');
-- Without dropout the number of purchases is negative binomial.
SELECT is_empty($$
    SELECT r, alpha, horizon, n
    FROM unnest('{0.3,2,50}'::float8[]) r, unnest('{1,10}'::float8[]) alpha, unnest('{0.5,20}'::float8[]) horizon, unnest(ARRAY[0, 1, 2]) n,
        LATERAL (SELECT horizon / (alpha + horizon) AS z) w
    WHERE pg_temp.off(purchase_probability_new(pg_temp.lifetime('bgnbd', ARRAY[r, alpha, 1e-100, 1]), horizon, n),
        (1 - z) ^ r * (ARRAY[1, r * z, r * (r + 1) / 2 * z * z])[n + 1]) > 1e-12$$,
    'without dropout the number of purchases is negative binomial');
-- All buy at the rate 2, and leave with the probability 1/2.
SELECT is_empty($$
    SELECT t FROM unnest('{0.01,1,7}'::float8[]) t
    WHERE pg_temp.off(expected_purchases_new(pg_temp.lifetime('bgnbd', '{2e12,1e12,1e12,1e12}'), t), (1 - exp(-t)) / 0.5) > 1e-11$$,
    'of equal customers (1 - exp(-rate p t)) / p purchases are expected');

SELECT * FROM finish();
ROLLBACK;
