-- Lifetime models recover the truth: customers are simulated with known parameters, by the story that each model tells,
-- and not by its formulas. The estimates must be within four standard errors, the customers who are still there and the
-- purchases of the time after within a few percent of what the model predicts. Seeded: the same customers on every run.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;

SELECT plan(16);
SELECT setseed(0.2026);

-- --- random numbers ---

CREATE FUNCTION pg_temp.exponential(rate float8) RETURNS float8 LANGUAGE sql AS $$ SELECT -ln(1 - random()) / rate $$;

-- Marsaglia and Tsang (2000), with their way to shapes below 1.
CREATE FUNCTION pg_temp.gamma(shape float8, rate float8) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    d float8 := CASE WHEN shape < 1 THEN shape + 1 ELSE shape END - 1.0 / 3;
    z float8;
    v float8;
BEGIN
    LOOP
        z := sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random());
        v := (1 + z / sqrt(9 * d)) ^ 3;
        EXIT WHEN v > 0 AND ln(1 - random()) < z * z / 2 + d - d * v + d * ln(v);
    END LOOP;
    RETURN d * v * CASE WHEN shape < 1 THEN (1 - random()) ^ (1 / shape) ELSE 1 END / rate;
END $$;

CREATE FUNCTION pg_temp.beta(a float8, b float8) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    x float8 := pg_temp.gamma(a, 1);
BEGIN
    RETURN x / (x + pg_temp.gamma(b, 1));
END $$;

-- --- customers of a shop ---

CREATE TYPE pg_temp.customer AS (x float8, t_x float8, age float8, alive boolean, future float8);

-- Who buys at a rate until a death at some time or, with a probability, after each repeat purchase. The future is 40 more.
CREATE FUNCTION pg_temp.buy(rate float8, age float8, death float8, dropout float8) RETURNS pg_temp.customer LANGUAGE plpgsql AS $$
DECLARE
    c pg_temp.customer := (0, 0, age, death > age, 0);
    t float8 := 0;
BEGIN
    LOOP
        t := t + pg_temp.exponential(rate);
        EXIT WHEN t > least(death, age + 40);
        IF t <= age THEN
            c.x := c.x + 1;
            c.t_x := t;
        ELSE
            c.future := c.future + 1;
        END IF;
        IF random() < dropout THEN
            c.alive := t > age;
            EXIT;
        END IF;
    END LOOP;
    RETURN c;
END $$;

CREATE TABLE customers (kind text, customer pg_temp.customer, m_x float8);

INSERT INTO customers
SELECT 'bgnbd', pg_temp.buy(pg_temp.gamma(0.6, 5), 20 + 40 * random(), 'Infinity', pg_temp.beta(0.8, 2.5)) FROM generate_series(1, 20000);

-- may leave after the first purchase already
INSERT INTO customers
SELECT 'mbgnbd', pg_temp.buy(pg_temp.gamma(0.6, 5), 20 + 40 * random(), CASE WHEN random() < p THEN 0 ELSE 'Infinity'::float8 END, p)
FROM (SELECT pg_temp.beta(0.9, 2) AS p FROM generate_series(1, 20000) OFFSET 0) s;

INSERT INTO customers
SELECT 'pareto_nbd', pg_temp.buy(pg_temp.gamma(0.6, 5), 20 + 40 * random(), pg_temp.exponential(pg_temp.gamma(0.7, 12)), 0)
FROM generate_series(1, 20000);

-- the values of repeat purchases are gamma with a scale of the customer's own, their sum is too
UPDATE customers SET m_x = pg_temp.gamma(5 * (customer).x, pg_temp.gamma(4, 20)) / (customer).x WHERE kind = 'bgnbd' AND (customer).x > 0;

CREATE TABLE truth AS
SELECT * FROM (VALUES ('bgnbd', 'r', 0.6::float8), ('bgnbd', 'alpha', 5), ('bgnbd', 'a', 0.8), ('bgnbd', 'b', 2.5),
    ('mbgnbd', 'r', 0.6), ('mbgnbd', 'alpha', 5), ('mbgnbd', 'a', 0.9), ('mbgnbd', 'b', 2),
    ('pareto_nbd', 'r', 0.6), ('pareto_nbd', 'alpha', 5), ('pareto_nbd', 's', 0.7), ('pareto_nbd', 'beta', 12),
    ('gamma_gamma', 'p', 5), ('gamma_gamma', 'q', 4), ('gamma_gamma', 'gamma', 20),
    ('bgbb', 'alpha', 1.2), ('bgbb', 'beta', 0.75), ('bgbb', 'gamma', 0.7), ('bgbb', 'delta', 2.8),
    ('sbg', 'alpha', 0.7), ('sbg', 'beta', 1.5)) v(kind, name, value);

-- --- donors and subscribers ---

-- Ten opportunities; before each the donor leaves with a probability, and one who is there takes it with another.
CREATE TABLE donors AS
SELECT count(*) FILTER (WHERE gift) AS x, coalesce(max(i) FILTER (WHERE gift), 0) AS t_x
FROM (SELECT donor, i, random() < p AND i <= lifetime AS gift
      FROM (SELECT donor, pg_temp.beta(1.2, 0.75) AS p, floor(ln(1 - random()) / ln(1 - pg_temp.beta(0.7, 2.8))) AS lifetime
            FROM generate_series(1, 20000) donor OFFSET 0) s, generate_series(1, 10) i OFFSET 0) s
GROUP BY donor;

-- the period in which a subscriber leaves
CREATE TABLE subscribers AS
SELECT 1 + floor(ln(1 - random()) / ln(1 - pg_temp.beta(0.7, 1.5))) AS period FROM generate_series(1, 20000);

-- --- the fits ---

CREATE TABLE models AS
SELECT 'bgnbd' AS kind, bgnbd_fit((customer).x, (customer).t_x, (customer).age) AS m FROM customers WHERE kind = 'bgnbd'
UNION ALL
SELECT 'mbgnbd', mbgnbd_fit((customer).x, (customer).t_x, (customer).age) FROM customers WHERE kind = 'mbgnbd'
UNION ALL
SELECT 'pareto_nbd', pareto_nbd_fit((customer).x, (customer).t_x, (customer).age) FROM customers WHERE kind = 'pareto_nbd'
UNION ALL
SELECT 'bgbb', bgbb_fit(x, t_x, 10) FROM donors
UNION ALL
SELECT 'sbg', sbg_fit(i, (SELECT count(*) FROM subscribers WHERE period > i)) FROM generate_series(0, 8) i;

CREATE TABLE spend_models AS SELECT gamma_gamma_fit((customer).x, m_x) AS m FROM customers WHERE kind = 'bgnbd' AND m_x IS NOT NULL;

CREATE VIEW estimates AS
SELECT kind, name, value, m ->> 'status' AS status, m -> name AS estimate, standard_error(m, name) AS deviation FROM models JOIN truth USING (kind)
UNION ALL
SELECT kind, name, value, m ->> 'status', m -> name, standard_error(m, name) FROM spend_models, truth WHERE kind = 'gamma_gamma';

SELECT is(string_agg(DISTINCT status, ', '), 'converged', kind || ': the fit converged') FROM estimates GROUP BY kind ORDER BY kind;

SELECT is(string_agg(format('%s is %s, deviation %s', name, estimate, deviation), ', ')
            FILTER (WHERE NOT coalesce(abs(estimate - value) <= 4 * deviation AND deviation < value / 4, false)),
    NULL, kind || ': the parameters are within four standard errors') FROM estimates GROUP BY kind ORDER BY kind;

-- --- the predictions ---

CREATE VIEW totals AS
SELECT kind, sum((c.customer).future) AS future, sum(expected_purchases(m, (c.customer).x, (c.customer).t_x, (c.customer).age, 40)) AS predicted,
    count(*) FILTER (WHERE (c.customer).alive) AS alive, sum(p_alive(m, (c.customer).x, (c.customer).t_x, (c.customer).age)) AS probably
FROM customers c JOIN models USING (kind) GROUP BY kind;

SELECT cmp_ok(max(abs(predicted / future - 1)), '<', 0.04::float8, 'the purchases of the time after') FROM totals;
SELECT cmp_ok(max(abs(probably / alive - 1)), '<', 0.04::float8, 'the customers who are still there') FROM totals;
SELECT cmp_ok(abs(avg(expected_spend(m, (customer).x, m_x)) / 33.3333 - 1), '<', 0.02::float8, 'the mean value is p gamma / (q - 1) = 100/3')
FROM customers, spend_models WHERE kind = 'bgnbd' AND m_x IS NOT NULL;
SELECT cmp_ok(abs(residual_lifetime(m, 3, 1) / lived - 1), '<', 0.03::float8, 'the discounted lifetime after three renewals')
FROM models, (SELECT avg(2 - 2 ^ (5 - least(period, 1000))) AS lived FROM subscribers WHERE period > 3) s WHERE kind = 'sbg';

SELECT * FROM finish();
ROLLBACK;
