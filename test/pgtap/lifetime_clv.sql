-- clv against sums over expected_purchases, against fine numeric integration, and standard errors against differences
-- of the predictions themselves, for random models, histories, horizons and discounts.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
\ir include/lifetime_models.psql

-- Compiling these queries would take far longer than running them.
SET LOCAL jit = off;

SELECT plan(15);
SELECT setseed(0.20261129);

-- The mean value of a purchase is 1 without repeat purchases, so clv is the discounted number of purchases.
CREATE FUNCTION pg_temp.discounted(m lifetime_model, h float8[], horizon float8, discount float8, compounding text) RETURNS float8 LANGUAGE sql AS $$
    SELECT clv(m, s, h[1], h[2], h[3], 1, horizon, discount, 1, compounding) / expected_spend(s, h[1], 1)
    FROM pg_temp.spend('{1,2,1}') s
$$;

-- Models with parameters over three orders of magnitude, histories of all sorts.
CREATE TEMPORARY TABLE customer AS
SELECT i, kind, parameters, pg_temp.lifetime(kind, parameters) AS m,
    ARRAY[x, CASE WHEN x > 0 THEN age * (1 - random() ^ 2) ELSE 0 END, age] AS h
FROM (SELECT i, (ARRAY['bgnbd', 'mbgnbd', 'pareto_nbd'])[1 + i % 3] AS kind,
        ARRAY[exp(4 * random() - 3), exp(7 * random() - 1), exp(4 * random() - 2), exp(5 * random() - 1)] AS parameters,
        (ARRAY[0, 1, 2, 10, 150])[1 + floor(random() * 5)::int] AS x, exp(8 * random() - 1) AS age
    FROM generate_series(1, 60) i) q;

-- --- by period ---

CREATE FUNCTION pg_temp.sum_of_periods(m lifetime_model, h float8[], horizon float8, discount float8) RETURNS float8 LANGUAGE sql AS $$
    SELECT sum((e - before) * (1 + discount) ^ -t)
    FROM (SELECT t, e, lag(e, 1, 0) OVER (ORDER BY t) AS before
        FROM generate_series(1, ceil(horizon)::int) i, LATERAL (SELECT least(i, horizon)) p(t), expected_purchases(m, h[1], h[2], h[3], t) e) q
$$;

SELECT is_empty($$
    SELECT i, kind, parameters, h, horizon, discount, value, direct
    FROM customer, LATERAL (VALUES (0.4, 0.1), (1, 0.5), (7.25, 0.02), (17, 0.01), (52, 0.002), (103.5, 1e-6), (300, 0.3)) v(horizon, discount),
        pg_temp.discounted(m, h, horizon, discount, 'period') value, pg_temp.sum_of_periods(m, h, horizon, discount) direct
    WHERE (pg_temp.off(value, direct) < 1e-10) IS NOT TRUE$$,
    'clv by period is the sum over its periods');
SELECT is_empty($$
    SELECT i, kind, parameters, h, value, direct
    FROM customer, pg_temp.discounted(m, h, 1826, 0.0003, 'period') value, pg_temp.sum_of_periods(m, h, 1826, 0.0003) direct
    WHERE i <= 12 AND (pg_temp.off(value, direct) < 1e-10) IS NOT TRUE$$,
    'over five years of days, too');
SELECT is_empty($$
    SELECT kind, value, direct
    FROM customer, pg_temp.discounted(m, h, 9000.5, 1e-5, 'period') value, pg_temp.sum_of_periods(m, h, 9000.5, 1e-5) direct
    WHERE i IN (1, 2, 3) AND (pg_temp.off(value, direct) < 1e-10) IS NOT TRUE$$,
    'and beyond the periods that are added one by one');

-- --- continuous ---

-- The integral of exp(-discount t) dE(t) by the midpoint rule on a grid that is fine near 0, where E bends most, with
-- 3 grids extrapolated.
CREATE FUNCTION pg_temp.riemann(m lifetime_model, h float8[], horizon float8, discount float8, n int) RETURNS float8 LANGUAGE sql AS $$
    SELECT exp(-discount * horizon) * expected_purchases(m, h[1], h[2], h[3], horizon)
        + discount * sum(2 * u * horizon / n * exp(-discount * t) * expected_purchases(m, h[1], h[2], h[3], t))
    FROM generate_series(1, n) i, LATERAL (SELECT (i - 0.5) / n::float8, ((i - 0.5) / n::float8) ^ 2 * horizon) p(u, t)
$$;
SELECT is_empty($$
    SELECT i, kind, parameters, h, horizon, discount, value, a, b
    FROM customer, LATERAL (VALUES (1, 0.5), (20, 0.02), (104, 0.003)) v(horizon, discount),
        pg_temp.discounted(m, h, horizon, discount, 'continuous') value,
        pg_temp.riemann(m, h, horizon, discount, 60) a, pg_temp.riemann(m, h, horizon, discount, 120) b, pg_temp.riemann(m, h, horizon, discount, 240) c,
        LATERAL (SELECT (16 * ((4 * c - b) / 3) - (4 * b - a) / 3) / 15) f(fine)
    WHERE (pg_temp.off(value, fine) < 1e-5) IS NOT TRUE$$,
    'continuous clv is the integral');

-- A horizon without end is DERT.
SELECT is_empty($$
    SELECT i, kind, parameters, h, dert(m, h[1], h[2], h[3], 0.05), pg_temp.discounted(m, h, 10000, 0.05, 'continuous')
    FROM customer WHERE (pg_temp.off(pg_temp.discounted(m, h, 10000, 0.05, 'continuous'), dert(m, h[1], h[2], h[3], 0.05)) < 1e-9) IS NOT TRUE$$,
    'over a long horizon continuous clv is dert');

-- --- all ---

SELECT is_empty($$
    SELECT i, kind FROM customer, unnest(ARRAY['period', 'continuous']) c
    WHERE (pg_temp.discounted(m, h, 60, 0, c) = expected_purchases(m, h[1], h[2], h[3], 60)
        AND pg_temp.discounted(m, h, 60, 1e-19, c) = expected_purchases(m, h[1], h[2], h[3], 60)
        AND pg_temp.discounted(m, h, 0, 0.1, c) = 0) IS NOT TRUE$$,
    'without discount it is the number of purchases, in no time nothing');
SELECT is_empty($$
    SELECT i, kind, c, d, horizon, value, dearer, longer
    FROM customer, unnest(ARRAY['period', 'continuous']) c, unnest(ARRAY[1e-6, 0.001, 0.1, 10]) d, unnest(ARRAY[3, 40, 700]) horizon,
        pg_temp.discounted(m, h, horizon, d, c) value, pg_temp.discounted(m, h, horizon, d * 1.1, c) dearer, pg_temp.discounted(m, h, horizon * 1.1, d, c) longer
    WHERE i <= 20 AND (value > 0 AND dearer <= value AND longer >= value * (1 - 1e-14) AND value <= expected_purchases(m, h[1], h[2], h[3], horizon) * (1 + 1e-14)) IS NOT TRUE$$,
    'it falls with the discount and rises with the horizon');
-- What is due at the end of a period may be due at any time within it: (1 + d)^-1 <= period / continuous <= 1.
SELECT is_empty($$
    SELECT i, kind, p, c FROM customer, pg_temp.discounted(m, h, 90, 0.02, 'period') p, pg_temp.discounted(m, h, 90, ln(1.02), 'continuous') c
    WHERE (p / c BETWEEN 1 / 1.02 - 1e-14 AND 1 + 1e-14) IS NOT TRUE$$,
    'the two ways differ by less than a period');
SELECT is_empty($$
    SELECT kind, horizon, value FROM customer, unnest(ARRAY[1e6, 1e9, 1e12]) horizon, unnest(ARRAY['period', 'continuous']) c,
        pg_temp.discounted(m, h, horizon, 1e-4, c) value
    WHERE i <= 3 AND (pg_temp.off(value, pg_temp.discounted(m, h, 500000, 1e-4, c)) < 1e-9) IS NOT TRUE$$,
    'a horizon without end costs no more, and adds nothing');

-- --- opportunities ---

CREATE TEMPORARY TABLE chances AS
SELECT i, parameters, pg_temp.lifetime('bgbb', parameters) AS m, ARRAY[x, CASE WHEN x > 0 THEN x + floor(random() * (n - x + 1)) ELSE 0 END, n] AS h
FROM (SELECT i, ARRAY[exp(3 * random() - 1), exp(3 * random() - 1), exp(3 * random() - 1), exp(3 * random() - 1)] AS parameters,
        floor(random() * (n + 1)) AS x, n FROM generate_series(1, 20) i, floor(random() * 12) n) q;
SELECT is_empty($$
    SELECT i, horizon, discount, value, direct
    FROM chances, LATERAL (VALUES (1, 0.5), (7, 0.02), (52, 0.1)) v(horizon, discount),
        pg_temp.discounted(m, h, horizon, discount, 'period') value, pg_temp.sum_of_periods(m, h, horizon, discount) direct
    WHERE (pg_temp.off(value, direct) < 1e-12) IS NOT TRUE$$,
    'opportunities are periods');
SELECT is_empty($$
    SELECT i FROM chances, pg_temp.discounted(m, h, 30, 0.1, 'continuous') value, pg_temp.sum_of_periods(m, h, 30, exp(0.1) - 1) direct
    WHERE (pg_temp.off(value, direct) < 1e-12) IS NOT TRUE$$,
    'which a continuous discount counts by exp(-discount i)');

-- --- standard errors ---

-- A random covariance: L L' with L lower triangular, in units of a tenth of each parameter.
CREATE FUNCTION pg_temp.covariance_of(parameters float8[]) RETURNS float8[] LANGUAGE sql AS $$
    WITH l AS MATERIALIZED (SELECT i, j, parameters[i] * 0.1 * (random() - CASE WHEN i = j THEN 0 ELSE 0.5 END) AS v
        FROM generate_series(1, array_length(parameters, 1)) i, generate_series(1, array_length(parameters, 1)) j WHERE j <= i)
    SELECT array_agg(r ORDER BY i) FROM (
        SELECT i, array_agg(coalesce((SELECT sum(a.v * b.v) FROM l a JOIN l b USING (j) WHERE a.i = p.i AND b.i = q), 0) ORDER BY q) AS r
        FROM generate_series(1, array_length(parameters, 1)) p(i), generate_series(1, array_length(parameters, 1)) q GROUP BY i) x
$$;

-- The variance of a prediction, an expression in m: by differences of fourth order in one parameter after the other.
CREATE FUNCTION pg_temp.variance(expression text, kind text, parameters float8[], covariance float8[]) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    n int := array_length(parameters, 1);
    g float8[];
    f float8[];
    moved float8[];
    type text := CASE kind WHEN 'gamma_gamma' THEN 'spend_model' ELSE 'lifetime_model' END;
    variance float8 := 0;
BEGIN
    FOR i IN 1..n LOOP
        f := '{}';
        FOR step IN -2..2 LOOP
            moved := parameters;
            moved[i] := moved[i] * (1 + step * 1e-3);
            EXECUTE format('SELECT $2 || (%s)::float8 FROM (SELECT $1::custseg.%I) q(m)', expression, type) INTO f USING pg_temp.model_text(kind, moved), f;
        END LOOP;
        g[i] := (f[1] - 8 * f[2] + 8 * f[4] - f[5]) / (12e-3 * parameters[i]);
    END LOOP;
    FOR i IN 1..n LOOP
        FOR j IN 1..n LOOP
            variance := variance + g[i] * covariance[greatest(i, j)][least(i, j)] * g[j];
        END LOOP;
    END LOOP;
    RETURN variance;
END $$;

-- The standard error of the function at the start of an expression.
CREATE FUNCTION pg_temp.error(expression text, kind text, parameters float8[], covariance float8[]) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    result float8;
BEGIN
    EXECUTE format('SELECT %s FROM (SELECT $1::custseg.%I) q(m)', regexp_replace(expression, '^(\w+)', '\1_se'),
        CASE kind WHEN 'gamma_gamma' THEN 'spend_model' ELSE 'lifetime_model' END)
        INTO result USING pg_temp.model_text(kind, parameters, NULL, covariance);
    RETURN result;
END $$;

CREATE TEMPORARY TABLE uncertain AS
SELECT *, pg_temp.covariance_of(parameters) AS covariance
FROM (SELECT kind, ARRAY[exp(2 * random() - 1), exp(3 * random()), exp(2 * random() - 1), exp(2 * random())] AS parameters, expression
    FROM (VALUES ('p_alive(m, 3, 20, 31)'), ('p_alive(m, 12, 30, 30)'), ('expected_purchases(m, 3, 20, 31, 26)'), ('expected_purchases(m, 0, 0, 31, 3)'), ('expected_purchases_new(m, 52)'),
        ('purchase_probability(m, 3, 20, 31, 26, 0)'), ('purchase_probability(m, 3, 20, 31, 26, 4)'), ('purchase_probability_new(m, 26, 1)'), ('dert(m, 3, 20, 31, 0.02)')) e(expression),
        unnest(ARRAY['bgnbd', 'mbgnbd', 'pareto_nbd', 'bgbb']) kind
    UNION ALL
    SELECT 'sbg', ARRAY[1.5 + random(), exp(2 * random())], expression FROM (VALUES ('residual_lifetime(m, 0, 0.1)'), ('residual_lifetime(m, 5, 0.01)'), ('residual_lifetime(m, 5)')) e(expression)
    UNION ALL
    SELECT 'gamma_gamma', ARRAY[exp(2 * random()), 1.5 + 3 * random(), 10 * random()], expression FROM (VALUES ('expected_spend(m, 0, NULL)'), ('expected_spend(m, 4, 17.5)')) e(expression)) q;

SELECT is_empty($$
    SELECT kind, parameters, expression, se, sqrt(variance)
    FROM uncertain, pg_temp.error(expression, kind, parameters, covariance) se, pg_temp.variance(expression, kind, parameters, covariance) variance
    WHERE (pg_temp.off(se, sqrt(variance)) < 1e-6 OR (se < 1e-9 AND variance < 1e-18)) IS NOT TRUE$$,
    'standard errors are those of differences between models');
SELECT is((SELECT count(*)::int FROM uncertain), 41, 'of all functions and kinds');

-- clv: both models vary, independently of each other.
SELECT is_empty($$
    SELECT kind, compounding, discount, se, variance
    FROM (SELECT kind, ARRAY[exp(2 * random() - 1), exp(3 * random()), exp(2 * random() - 1), exp(2 * random())] AS a, ARRAY[exp(2 * random()), 1.5 + 3 * random(), 10 * random()] AS b
        FROM unnest(ARRAY['bgnbd', 'mbgnbd', 'pareto_nbd', 'bgbb']) kind OFFSET 0) models,
        LATERAL (SELECT pg_temp.covariance_of(a), pg_temp.covariance_of(b) OFFSET 0) c(ca, cb), unnest(ARRAY['period', 'continuous']) compounding, unnest(ARRAY[0, 0.01]) discount,
        LATERAL (SELECT format('3, 20, 31, 17.5, 60, %s, 0.3, %L', discount, compounding)) w(rest),
        clv_se(pg_temp.lifetime(kind, a, NULL, ca), pg_temp.spend(b, cb), 3, 20, 31, 17.5, 60, discount, 0.3, compounding) se,
        LATERAL (SELECT pg_temp.variance(format('clv(m, %L, %s)', pg_temp.model_text('gamma_gamma', b), rest), kind, a, ca)
            + pg_temp.variance(format('clv(%L, m, %s)', pg_temp.model_text(kind, a), rest), 'gamma_gamma', b, cb)) v(variance)
    WHERE (pg_temp.off(se, sqrt(variance)) < 1e-6) IS NOT TRUE$$,
    'standard errors of clv too');

-- Of a fitted model: that of a parameter that is itself predicted, alpha / (p x + q - 1) and the like, is the model's.
SELECT is((SELECT expected_spend_se(m, 0, NULL) > 0 AND expected_spend_se(m, 500, 20) < expected_spend_se(m, 1, 20)
    FROM (SELECT gamma_gamma_fit(x, m_x) FROM (SELECT 1 + i % 7, 10 + 20 * random() + i % 13 FROM generate_series(1, 400) i) q(x, m_x)) q(m)), true,
    'the more purchases, the less their value depends on the model');

SELECT * FROM finish();
ROLLBACK;
