-- What the fits find: the maximum of the likelihood (against the likelihood in plain SQL), true parameters, and limits
-- where the data show no difference between customers. Published figures are in lifetime_published.sql, the aggregates
-- as such in lifetime_state.sql.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(97);
SELECT setseed(0.4);

CREATE FUNCTION pg_temp.near(a float8, b float8, relative float8) RETURNS boolean IMMUTABLE RETURN abs(a - b) <= relative * abs(b);

-- Status, and direction where there is one.
CREATE FUNCTION pg_temp.outcome(model lifetime_model) RETURNS text IMMUTABLE
RETURN concat_ws(' ', model ->> 'status', nullif(model ->> 'direction', 'none'));
CREATE FUNCTION pg_temp.outcome(model spend_model) RETURNS text IMMUTABLE
RETURN concat_ws(' ', model ->> 'status', nullif(model ->> 'direction', 'none'));

-- Log Gamma(z + n) - log Gamma(z), by its product.
CREATE FUNCTION pg_temp.rise(z float8, n int) RETURNS float8 IMMUTABLE
RETURN (SELECT coalesce(sum(ln(z + k)), 0) FROM generate_series(0, n - 1) k);

-- --- 4,000 customers who leave after a purchase with probability p, and 4,000 who leave at a time of their own ---

CREATE TABLE customer AS
SELECT i AS id, -ln(1 - random()) / 6 AS rate, 1 - (1 - random()) ^ (1 / 2.5) AS p, 20 + floor(random() * 20) AS age, -ln(1 - random()) AS left_by, -ln(1 - random()) / 15 AS leaves
FROM generate_series(1, 4000) i;
CREATE TABLE gap AS
SELECT id, k, sum(gap) OVER (PARTITION BY id ORDER BY k) AS at, leaving FROM (
    SELECT id, k, -ln(1 - random()) / rate AS gap, random() < p AS leaving FROM customer, generate_series(1, 60) k ORDER BY id, k) g;
CREATE TABLE bg AS
SELECT c.id, count(g.k)::int AS x, coalesce(max(g.at), 0) AS t_x, c.age FROM customer c LEFT JOIN gap g
    ON g.id = c.id AND g.at <= c.age AND NOT EXISTS (SELECT FROM gap e WHERE e.id = g.id AND e.k < g.k AND e.leaving)
GROUP BY c.id, c.age;
CREATE TABLE pareto AS
SELECT c.id, count(g.k)::int AS x, coalesce(max(g.at), 0) AS t_x, c.age FROM customer c LEFT JOIN gap g
    ON g.id = c.id AND g.at <= least(c.age, c.left_by / c.leaves)
GROUP BY c.id, c.age;
CREATE TABLE fitted AS
SELECT bgnbd_fit(x, t_x, age, 'week') AS bg, (SELECT pareto_nbd_fit(x, t_x, age, 'week') FROM pareto) AS pareto, mbgnbd_fit(x, t_x, age, 'week') AS mbg FROM bg;

SELECT is(pg_temp.outcome(bg), 'converged', 'BG/NBD converges') FROM fitted;
SELECT is(pg_temp.outcome(pareto), 'converged', 'Pareto/NBD converges') FROM fitted;
SELECT is(pg_temp.outcome(mbg), 'converged', 'MBG/NBD converges, too') FROM fitted;
SELECT ok(abs((bg -> name) - truth) < 4 * standard_error(bg, name), format('BG/NBD: %s is %s within four standard errors: %s +- %s', name, truth, (bg -> name)::numeric(9,4), standard_error(bg, name)::numeric(9,4)))
FROM fitted, (VALUES ('r', 1), ('alpha', 6), ('a', 1), ('b', 2.5)) v(name, truth);
SELECT ok(abs((pareto -> name) - truth) < 4 * standard_error(pareto, name), format('Pareto/NBD: %s is %s within four standard errors: %s +- %s', name, truth, (pareto -> name)::numeric(9,4), standard_error(pareto, name)::numeric(9,4)))
FROM fitted, (VALUES ('r', 1), ('alpha', 6), ('s', 1), ('beta', 15)) v(name, truth);

-- The log-likelihood of BG/NBD as published; of x only integers are wanted, so Gamma functions are products.
CREATE FUNCTION pg_temp.loglik(r float8, alpha float8, a float8, b float8) RETURNS float8 STABLE
RETURN (SELECT sum(n * (pg_temp.rise(r, x) + pg_temp.rise(b, x) - pg_temp.rise(a + b, x) + term))
    FROM (SELECT x, count(*) AS n, sum(r * ln(alpha) + ln((alpha + age) ^ -(r + x) + CASE WHEN x > 0 THEN a / (b + x - 1) * (alpha + t_x) ^ -(r + x) ELSE 0 END)) / count(*) AS term
          FROM bg GROUP BY x) s);

SELECT ok(pg_temp.near(bg -> 'loglik', pg_temp.loglik(bg -> 'r', bg -> 'alpha', bg -> 'a', bg -> 'b'), 1e-12), 'the log-likelihood is that of the formula') FROM fitted;
SELECT ok(pg_temp.loglik((bg -> 'r') * f[1], (bg -> 'alpha') * f[2], (bg -> 'a') * f[3], (bg -> 'b') * f[4]) < (bg -> 'loglik') - 1e-6, 'and higher than beside it: ' || f::text)
FROM fitted, (VALUES (array[1.01, 1, 1, 1]), (array[.99, 1, 1, 1]), (array[1, 1.01, 1, 1]), (array[1, .99, 1, 1]), (array[1, 1, 1.01, 1]), (array[1, 1, .99, 1]), (array[1, 1, 1, 1.01]), (array[1, 1, 1, .99]), (array[1.01, 1.01, 1.01, 1.01])) v(f);
-- the slope by a difference that is symmetric: its error is of third order
SELECT ok(abs(pg_temp.loglik((bg -> 'r') * exp(h * (i = 1)::int), (bg -> 'alpha') * exp(h * (i = 2)::int), (bg -> 'a') * exp(h * (i = 3)::int), (bg -> 'b') * exp(h * (i = 4)::int))
    - pg_temp.loglik((bg -> 'r') * exp(-h * (i = 1)::int), (bg -> 'alpha') * exp(-h * (i = 2)::int), (bg -> 'a') * exp(-h * (i = 3)::int), (bg -> 'b') * exp(-h * (i = 4)::int))) < 1e-7,
    'the slope there is zero, parameter ' || i)
FROM fitted, (VALUES (0.0001)) v(h), generate_series(1, 4) i;

-- --- units, starts, priors ---

SELECT ok(pg_temp.near((SELECT bgnbd_fit(x, t_x * 7, age * 7, 'day') -> name FROM bg), (bg -> name) * factor, 1e-9), 'in days ' || name || ' is what it is in weeks, but for the unit')
FROM fitted, (VALUES ('r', 1), ('alpha', 7), ('a', 1), ('b', 1)) v(name, factor);
SELECT ok(pg_temp.near((SELECT bgnbd_fit(x, t_x * 7, age * 7, 'day') -> 'loglik' FROM bg), (bg -> 'loglik') - (SELECT sum(x) * ln(7) FROM bg), 1e-12), 'the log-likelihood is in the unit') FROM fitted;
SELECT ok(pg_temp.near((SELECT pareto_nbd_fit(x, t_x * 1e-6, age * 1e-6) -> name FROM pareto), (pareto -> name) * factor, 1e-7), 'Pareto/NBD in millions of weeks: ' || name)
FROM fitted, (VALUES ('r', 1), ('alpha', 1e-6), ('s', 1), ('beta', 1e-6)) v(name, factor);

CREATE TABLE restarted AS
SELECT bgnbd_fit(x, t_x, age, 'week', bg, NULL) AS same, bgnbd_fit(x, t_x, age, 'week', '{"kind":"bgnbd","unit":"week","parameters":{"r":0.3,"alpha":2,"a":4,"b":4}}', NULL) AS far,
    bgnbd_fit(x, t_x, age, 'week', NULL, 1e-9) AS weak, bgnbd_fit(x, t_x, age, 'week', '{"kind":"bgnbd","unit":"week","parameters":{"r":0.3,"alpha":2,"a":4,"b":4}}', 1e6) AS strong
FROM bg, fitted GROUP BY bg::text;
SELECT ok(pg_temp.near(far -> name, bg -> name, 1e-8), 'from a far start the same ' || name) FROM fitted, restarted, unnest(array['r', 'alpha', 'a', 'b']) name;
SELECT ok(pg_temp.near(same -> name, bg -> name, 1e-8), 'from the result the same ' || name) FROM fitted, restarted, unnest(array['r', 'alpha', 'a', 'b']) name;
SELECT cmp_ok(same -> 'iterations', '<=', 2::float8, 'in two steps') FROM restarted;
SELECT ok(pg_temp.near(weak -> name, bg -> name, 1e-6), 'a prior that is next to nothing changes next to nothing: ' || name) FROM fitted, restarted, unnest(array['r', 'alpha', 'a', 'b']) name;
SELECT ok(pg_temp.near(strong -> name, start, 0.02), 'a prior that is all keeps the start: ' || name) FROM restarted, (VALUES ('r', 0.3), ('alpha', 2), ('a', 4), ('b', 4)) v(name, start);
SELECT cmp_ok(weak -> 'loglik', '<=', (bg -> 'loglik') + 1e-6, 'the log-likelihood is without the prior') FROM fitted, restarted;
SELECT cmp_ok(strong -> 'loglik', '<', (bg -> 'loglik') - 10, 'so a prior makes it lower') FROM fitted, restarted;

-- --- too little to go by ---

SELECT ok((SELECT bgnbd_fit(x, t_x, age) FROM bg WHERE false) IS NULL, 'no customer: NULL');
SELECT is((SELECT pg_temp.outcome(bgnbd_fit(x, t_x, age)) FROM (VALUES (0, 0, 0)) v(x, t_x, age)), 'not_identified', 'only customers who say nothing: not identified');
SELECT is(array(SELECT pg_temp.outcome(m) FROM (SELECT bgnbd_fit(3, 4, 10) AS bg, mbgnbd_fit(3, 4, 10) AS mbg, pareto_nbd_fit(3, 4, 10) AS pareto) f, unnest(array[bg, mbg, pareto]) m),
    array_fill('not_identified'::text, array[3]), 'one customer: not identified');
SELECT is((SELECT pg_temp.outcome(bgnbd_fit(x, t_x, age)) FROM (VALUES (3, 4, 10), (1, 2, 9)) v(x, t_x, age)), 'degenerate several', 'two customers: a limit');
SELECT is(array(SELECT pg_temp.outcome(m) FROM (SELECT bgnbd_fit(0, 0, i) AS bg, mbgnbd_fit(0, 0, i) AS mbg, pareto_nbd_fit(0, 0, i) AS pareto FROM generate_series(1, 100) i) f, unnest(array[bg, mbg, pareto]) m),
    array_fill('not_identified'::text, array[3]), 'nobody came back: not identified');
SELECT is((SELECT bgnbd_fit(0, 0, i) -> 'r' FROM generate_series(1, 100) i), NULL, 'and no parameters');
SELECT is(array(SELECT pg_temp.outcome(m) FROM (SELECT bgnbd_fit(0, 0, i, NULL, NULL, .01) AS bg, mbgnbd_fit(0, 0, i, NULL, NULL, .01) AS mbg, pareto_nbd_fit(0, 0, i, NULL, NULL, .01) AS pareto FROM generate_series(1, 100) i) f, unnest(array[bg, mbg, pareto]) m),
    array_fill('converged'::text, array[3]), 'but with a prior');
SELECT cmp_ok((SELECT expected_purchases_new(bgnbd_fit(0, 0, i, NULL, NULL, .01), 50) FROM generate_series(1, 100) i), '<', 0.05::float8, 'which expects next to nothing');
SELECT is((SELECT pg_temp.outcome(gamma_gamma_fit(x, m)) FROM (VALUES (3, 5.0)) v(x, m)), 'not_identified', 'one value: not identified');
SELECT is((SELECT pg_temp.outcome(gamma_gamma_fit(x, 9.99)) FROM generate_series(1, 50) x), 'not_identified', 'all values alike: not identified');
SELECT is((SELECT pg_temp.outcome(gamma_gamma_fit(0, NULL)) FROM generate_series(1, 50)), 'not_identified', 'nobody came back, so there is no value: not identified');
SELECT is((SELECT pg_temp.outcome(sbg_fit(p, v)) FROM (VALUES (0, 100), (1, 60)) s(p, v)), 'not_identified', 'sBG, one renewal: not identified');
SELECT is((SELECT pg_temp.outcome(bgbb_fit(x, t, 2, c)) FROM (VALUES (0, 0, 9), (1, 1, 5), (1, 2, 3), (2, 2, 7)) s(x, t, c)), 'not_identified', 'BG/BB, two opportunities: not identified');
SELECT is((SELECT pg_temp.outcome(bgbb_fit(0, 0, 6, 50))), 'not_identified', 'BG/BB, nobody gave: not identified');

-- --- limits ---

-- Who leaves does so at the third purchase, and at very different rates.
CREATE TABLE third AS SELECT CASE WHEN i % 3 = 0 THEN 0 ELSE 3 END AS x, CASE WHEN i % 3 = 0 THEN 0 ELSE 5 + i % 7 END AS t_x, 60 + i % 11 AS age FROM generate_series(1, 300) i;
-- Nobody leaves; rates differ.
CREATE TABLE loyal AS SELECT 1 + i % 20 AS x, (60 + i % 11) * (0.9 + i % 2 * 0.09) AS t_x, 60 + i % 11 AS age FROM generate_series(1, 300) i;
-- Either leaves after the first repeat purchase, or never.
CREATE TABLE split AS SELECT x, CASE x WHEN 0 THEN 0 WHEN 1 THEN 2 + i % 5 ELSE 57 + i % 3 END AS t_x, 60 + i % 11 AS age
FROM (SELECT i, (array[0, 0, 1, 1, 1, 1, 6, 12, 14, 20])[1 + i % 10] AS x FROM generate_series(1, 300) i) s;
-- All buy every sixth week, and leave sooner or later.
CREATE TABLE regular AS SELECT x, x * 6 + i % 3 AS t_x, 62 + i % 7 AS age FROM (SELECT i, (array[1, 1, 1, 2, 3, 5, 10, 10, 9, 9])[1 + i % 10] AS x FROM generate_series(1, 300) i) s;
-- The first repeat purchase is the last.
CREATE TABLE once AS SELECT (i % 2) AS x, (i % 2) * (1 + i % 40 / 4.0) AS t_x, 100 + i % 7 AS age FROM generate_series(1, 300) i;

SELECT is((SELECT pg_temp.outcome(bgnbd_fit(x, t_x, age)) FROM third), 'degenerate homogeneous_dropout', 'BG/NBD: all leave alike');
SELECT is((SELECT pg_temp.outcome(bgnbd_fit(x, t_x, age)) FROM loyal), 'degenerate no_dropout', 'BG/NBD: nobody leaves');
SELECT is((SELECT pg_temp.outcome(mbgnbd_fit(x, t_x, age)) FROM loyal), 'degenerate no_dropout', 'MBG/NBD: nobody leaves');
SELECT is((SELECT pg_temp.outcome(pareto_nbd_fit(x, t_x, age)) FROM loyal), 'degenerate no_dropout', 'Pareto/NBD: nobody leaves');
SELECT is((SELECT pg_temp.outcome(bgnbd_fit(x, t_x, age)) FROM split), 'degenerate polarised', 'BG/NBD: some leave at once, others never');
SELECT is((SELECT pg_temp.outcome(bgnbd_fit(x, t_x, age)) FROM regular), 'degenerate homogeneous_rate', 'BG/NBD: all buy at one rate');
SELECT is((SELECT pg_temp.outcome(bgnbd_fit(x, t_x, age)) FROM once), 'degenerate sure_dropout', 'BG/NBD: all leave after the first repeat purchase');
SELECT is((SELECT pg_temp.outcome(bgnbd_fit(5 + i % 2, 60, 61 + i % 3)) FROM generate_series(1, 300) i), 'degenerate several', 'BG/NBD: all alike, and nobody leaves');

SELECT is((SELECT standard_error(bgnbd_fit(x, t_x, age), 'r') FROM third), NULL, 'no standard errors at a limit');
SELECT ok((SELECT p_alive(bgnbd_fit(x, t_x, age), 3, 5, 60) FROM third) BETWEEN 0 AND 1, 'but predictions');
-- without dropout it is the negative binomial model
SELECT ok((SELECT abs((m -> 'loglik') - (SELECT sum(pg_temp.rise(m -> 'r', x) + (m -> 'r') * ln(m -> 'alpha') - ((m -> 'r') + x) * ln((m -> 'alpha') + age)) FROM loyal)) FROM (SELECT bgnbd_fit(x, t_x, age) AS m FROM loyal) f) < 1e-4,
    'the log-likelihood is that of the model it goes to');
SELECT ok((SELECT pg_temp.near(expected_purchases(bgnbd_fit(x, t_x, age), 4, 55, 60, 10), expected_purchases(pareto_nbd_fit(x, t_x, age), 4, 55, 60, 10), 1e-5) FROM loyal), 'which BG/NBD and Pareto/NBD have in common');
SELECT is((SELECT pg_temp.outcome(bgnbd_fit(x, t_x, age, NULL, NULL, 0.01)) FROM third), 'converged', 'with a prior there is a maximum');
SELECT ok((SELECT standard_error(bgnbd_fit(x, t_x, age, NULL, NULL, 0.01), 'a') FROM third) > 0, 'with standard errors');

CREATE FUNCTION pg_temp.sbg(survivors int[]) RETURNS lifetime_model STABLE
RETURN (SELECT sbg_fit((p - 1)::int, v) FROM unnest(survivors) WITH ORDINALITY u(v, p));
SELECT is(pg_temp.outcome(pg_temp.sbg(survivors)), expected, 'sBG of ' || survivors::text) FROM (VALUES
    (array[1000, 631, 468, 382, 326], 'converged'),
    (array[1000, 600, 300, 100], 'degenerate homogeneous_dropout'),
    (array[25, 5, 1], 'degenerate homogeneous_dropout'),
    (array[100, 100, 100], 'degenerate no_dropout'),
    (array[100, 50, 50, 50], 'degenerate polarised')) v(survivors, expected);
-- all leave alike: 900 of 1,900 who could
SELECT ok(abs((pg_temp.sbg(array[1000, 600, 300, 100]) -> 'loglik') - (900 * ln(900 / 1900.0) + 1000 * ln(1000 / 1900.0))::float8) < 1e-4, 'its log-likelihood is that of one rate for all');
SELECT ok(abs(retention_rate(pg_temp.sbg(array[1000, 600, 300, 100]), 2) - 10 / 19.0::float8) < 1e-6, 'and so is retention');

SELECT is((SELECT pg_temp.outcome(bgbb_fit(x, t, 6, c)) FROM (VALUES (6, 6, 50), (0, 0, 50)) s(x, t, c)), 'degenerate several', 'BG/BB: always or never');
SELECT ok((SELECT abs((bgbb_fit(x, t, 6, c) -> 'loglik') + 100 * ln(2)) FROM (VALUES (6, 6, 50), (0, 0, 50)) s(x, t, c)) < 1e-4, 'each with probability one half');

-- Values of 1, 4 and 16 purchases.
CREATE TABLE value AS SELECT x, z FROM (SELECT (array[1, 4, 16])[1 + i % 3] AS x, i FROM generate_series(1, 300) i) s, LATERAL (SELECT (i % 50 - 24.5) / 25.0 AS z) l;
SELECT is((SELECT pg_temp.outcome(gamma_gamma_fit(x, 20 * exp(z * 0.8 / x ^ 0.7))) FROM value), 'degenerate equal_spend', 'means nearer to each other the more values they are of: all spend alike');
SELECT is((SELECT pg_temp.outcome(gamma_gamma_fit(x, 20 * exp(z * (1 + x / 100.0)))) FROM value), 'degenerate constant_spend', 'means as far from each other: each spends always the same');
SELECT is((SELECT pg_temp.outcome(gamma_gamma_fit(x, 20 * exp(z * (4 + 2.0 / x)))) FROM value), 'degenerate no_mean', 'very far: there is no mean');
SELECT ok((SELECT standard_error(gamma_gamma_fit(x, 20 * exp(z * (4 + 2.0 / x))), 'q') FROM value) > 0, 'which is a maximum, with standard errors');
SELECT throws_ok('SELECT expected_spend(gamma_gamma_fit(x, 20 * exp(z * (4 + 2.0 / x))), 0, NULL) FROM value', '22023', 'the spend model has no mean value for x = 0', 'and no mean to tell');
SELECT is((SELECT pg_temp.outcome(gamma_gamma_fit(x, 20 * exp(z * (1 + 1 / sqrt(x))))) FROM value), 'converged', 'in between: a maximum');
SELECT ok((SELECT pg_temp.near(expected_spend(gamma_gamma_fit(x, m), 0, NULL), avg(m), 0.05) FROM (SELECT x, 20 * exp(z * (0.6 + 0.5 / sqrt(x))) AS m FROM value) v), 'whose mean is near that of the values');

SELECT * FROM finish();
ROLLBACK;
