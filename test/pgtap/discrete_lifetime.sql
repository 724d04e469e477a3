-- Models of discrete time, sbg and bgbb: against values of 40 digits, against the enumeration of all histories, and
-- what must hold between their predictions.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET search_path = public, custseg;

SELECT plan(21);

\ir include/discrete_values.psql

CREATE FUNCTION pg_temp.model(p float8[]) RETURNS lifetime_model LANGUAGE sql AS $$
	SELECT (CASE array_length(p, 1)
		WHEN 2 THEN json_build_object('kind', 'sbg', 'parameters', json_build_object('alpha', p[1], 'beta', p[2]))
		ELSE json_build_object('kind', 'bgbb', 'parameters',
			json_build_object('alpha', p[1], 'beta', p[2], 'gamma', p[3], 'delta', p[4])) END)::text::lifetime_model
$$;

-- --- values of 40 digits ---
CREATE TEMP TABLE compared AS
SELECT what, parameter, argument, value, CASE what
	WHEN 'residual_lifetime' THEN residual_lifetime(m, a[1]::int, a[2])
	WHEN 'survival' THEN survival(m, a[1]::int)
	WHEN 'retention_rate' THEN retention_rate(m, a[1]::int)
	WHEN 'p_alive' THEN p_alive(m, a[1], a[2], a[3])
	WHEN 'expected_purchases' THEN expected_purchases(m, a[1], a[2], a[3], a[4])
	WHEN 'purchase_probability' THEN purchase_probability(m, a[1], a[2], a[3], a[4], a[5]::int)
	WHEN 'dert' THEN dert(m, a[1], a[2], a[3], a[4]) END AS result
FROM discrete_value v, pg_temp.model(parameter) m, LATERAL (SELECT argument) x(a);

SELECT cmp_ok((SELECT count(*) FROM compared), '>=', 300::bigint, 'there are some 300 values');
SELECT is_empty(format($$
	SELECT * FROM compared
	WHERE what = %L AND (abs(result / value - 1) < 1e-10) IS NOT TRUE$$, what), what || ' to 1e-10')
FROM (SELECT DISTINCT what FROM compared ORDER BY 1) w;

-- --- published ---
SELECT is(round(residual_lifetime('{"kind":"sbg","parameters":{"alpha":0.668,"beta":3.806}}', 7, 0.1)::numeric, 3), 7.530,
	'residual lifetime of the high end customers of Fader and Hardie');
SELECT is(round(residual_lifetime('{"kind":"sbg","parameters":{"alpha":0.704,"beta":1.182}}', 7, 0.1)::numeric, 2), 6.84,
	'and of the regular ones');

-- --- sbg: survival is the product of the retention rates, and without discount the lifetime its sum ---
SELECT is_empty($$
	SELECT p, n FROM (VALUES ('{0.7,1.2}'::float8[]), ('{3,40}'), ('{1e-3,2e3}')) p(p), generate_series(0, 600, 50) n
	WHERE abs(survival(pg_temp.model(p), n) /
		(SELECT exp(coalesce(sum(ln(retention_rate(pg_temp.model(p), t))), 0)) FROM generate_series(0, n - 1) t) - 1) > 1e-11$$,
	'survival is the product of the retention rates');
SELECT cmp_ok(abs(residual_lifetime(m, 4) / (SELECT sum(survival(m, t)) / survival(m, 4) FROM generate_series(5, 3000) t) - 1),
	'<', 1e-9::float8, 'the lifetime without discount is the sum of what is left')
FROM pg_temp.model('{9,20}') m;
SELECT ok(residual_lifetime(m, 2, 1e-12) < residual_lifetime(m, 2) AND
	abs(residual_lifetime(m, 2, 1e-12) / residual_lifetime(m, 2) - 1) < 1e-9,
	'a discount near 0 leads to that without discount')
FROM pg_temp.model('{3,20}') m;

-- --- bgbb: all histories of n opportunities, by brute force ---
-- A string of n answers has the sum over the last opportunity m that the customer lives to see; 1's after m are impossible.
CREATE FUNCTION pg_temp.rising(z float8, k int) RETURNS float8 LANGUAGE sql AS $$
	SELECT coalesce(exp(sum(ln(z + j))), 1) FROM generate_series(0, k - 1) j
$$;
CREATE FUNCTION pg_temp.string_probability(p float8[], x int, t_x int, n int) RETURNS float8 LANGUAGE sql AS $$
	SELECT sum(pg_temp.rising(p[1], x) * pg_temp.rising(p[2], m - x) / pg_temp.rising(p[1] + p[2], m)
		* pg_temp.rising(p[4], m) * CASE WHEN m < n THEN p[3] / pg_temp.rising(p[3] + p[4], m + 1)
			ELSE 1 / pg_temp.rising(p[3] + p[4], m) END)
	FROM generate_series(t_x, n) m
$$;
CREATE TEMP TABLE histories AS
SELECT n, i, length(replace(s, '0', '')) AS x, coalesce(length(rtrim(s, '0')), 0) AS t_x
FROM generate_series(1, 8) n, generate_series(0, (1 << n) - 1) i, LATERAL (SELECT i::bit(8)::text) b(b),
	LATERAL (SELECT right(b, n)) s(s);
CREATE TEMP TABLE strings AS
SELECT p, n, x, t_x, count(*) AS strings, pg_temp.string_probability(p, x, t_x, n) AS probability
FROM (VALUES ('{1.2,0.75,0.66,2.8}'::float8[]), ('{0.1,3,5,0.4}')) p(p), histories GROUP BY p, n, x, t_x;

SELECT is_empty($$
	SELECT p, n, sum(strings * probability) FROM strings GROUP BY p, n
	HAVING abs(sum(strings * probability) - 1) > 1e-12$$,
	'the probabilities of all strings of answers sum to 1');
SELECT is_empty($$
	SELECT * FROM strings WHERE abs(loglik(pg_temp.model(p), x, t_x, n) - ln(probability)) > 1e-11$$,
	'the log-likelihood is that of one string');
SELECT is_empty($$
	SELECT p, n, k FROM (VALUES ('{1.2,0.75,0.66,2.8}'::float8[]), ('{0.1,3,5,0.4}')) p(p),
		generate_series(1, 8) n, generate_series(0, 9) k
	WHERE abs(purchase_probability_new(pg_temp.model(p), n, k)
		- coalesce((SELECT sum(strings * probability) FROM strings s WHERE s.p = p.p AND s.n = n.n AND x = k), 0)) > 1e-12$$,
	'a new customer''s number of purchases, against all strings of up to 8 opportunities');
-- of those with 3 opportunities behind them, by what follows in the next 5
SELECT is_empty($$
	WITH longer AS (
		SELECT p, length(replace(left(s, 3), '0', '')) AS x, length(rtrim(left(s, 3), '0')) AS t_x,
			length(replace(right(s, 5), '0', '')) AS k,
			pg_temp.string_probability(p, length(replace(s, '0', '')), length(rtrim(s, '0')), 8) AS probability
		FROM (VALUES ('{1.2,0.75,0.66,2.8}'::float8[]), ('{0.1,3,5,0.4}')) p(p), generate_series(0, 255) i,
			LATERAL (SELECT i::bit(8)::text) s(s))
	SELECT p, x, t_x, k, sum(probability) FROM longer GROUP BY p, x, t_x, k
	HAVING abs(purchase_probability(pg_temp.model(p), x, t_x, 3, 5, k::int) - sum(probability) /
		(SELECT sum(probability) FROM longer l WHERE l.p = longer.p AND l.x = longer.x AND l.t_x = longer.t_x)) > 1e-12$$,
	'the number of purchases to come, given a history, against all strings');

-- --- bgbb: the predictions among each other ---
CREATE TEMP TABLE bgbb AS
SELECT m, x::int AS x, t_x::int AS t_x, n FROM (
	SELECT pg_temp.model(ARRAY[exp(2 * cos(11.0 * i)), exp(2 * cos(7.0 * i)), exp(2 * cos(5.0 * i)), exp(2 * cos(3.0 * i))]) AS m,
		i % 13 AS n, i * 7 % (i % 13 + 1) AS t_x, CASE WHEN i * 7 % (i % 13 + 1) = 0 THEN 0 ELSE 1 + i * 5 % (i * 7 % (i % 13 + 1)) END AS x
	FROM generate_series(1, 60) i) s;
SELECT is_empty($$
	SELECT m, x, t_x, n FROM bgbb, LATERAL (
		SELECT sum(probability), sum(k * probability) AS mean
		FROM generate_series(0, 20) k, LATERAL (SELECT purchase_probability(m, x, t_x, n, 20, k)) q(probability)) q
	WHERE abs(q.sum - 1) > 1e-12 OR abs(q.mean / expected_purchases(m, x, t_x, n, 20) - 1) > 1e-10$$,
	'the probabilities of 0 to 20 purchases sum to 1, and their mean is the expectation');
SELECT is_empty($$
	SELECT m, x, t_x, n FROM bgbb
	WHERE abs(dert(m, x, t_x, n, 0.5) / (SELECT sum(exp(-0.5 * k) *
		(expected_purchases(m, x, t_x, n, k) - expected_purchases(m, x, t_x, n, k - 1))) FROM generate_series(1, 100) k) - 1) > 1e-9$$,
	'dert is the discounted sum of the purchases of each opportunity');

-- --- finite whatever the parameters ---
SELECT is_empty($$
	SELECT p FROM (SELECT ARRAY[10 ^ (290 * cos(i)), 10 ^ (290 * cos(3 * i)), 10 ^ (290 * cos(5 * i)), 10 ^ (290 * cos(7 * i))] AS p
		FROM generate_series(1, 300) i) r, pg_temp.model(p) m
	WHERE NOT (p_alive(m, 2, 5, 9) BETWEEN 0 AND 1 AND expected_purchases(m, 2, 5, 9, 1000) BETWEEN 0 AND 1000
		AND purchase_probability(m, 2, 5, 9, 30, 4) BETWEEN 0 AND 1 AND dert(m, 2, 5, 9, 1e-3) BETWEEN 0 AND 1000)$$,
	'bgbb: in their range for parameters of any size');
SELECT is_empty($$
	SELECT p FROM (SELECT ARRAY[10 ^ (290 * cos(i)), 10 ^ (290 * cos(3 * i))] AS p FROM generate_series(1, 300) i) r, pg_temp.model(p) m
	WHERE NOT (survival(m, 700) BETWEEN 0 AND 1 AND retention_rate(m, 3) BETWEEN 0 AND 1
		AND residual_lifetime(m, 3, 1e-3) BETWEEN 0 AND 1001)$$,
	'sbg: likewise');

SELECT * FROM finish();
ROLLBACK;
