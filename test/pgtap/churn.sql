-- Churn and potential: overdue_ratio, churn_risk, overdue_risk, potential, outlook.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET search_path = public, custseg;

SELECT plan(42);

-- --- overdue_ratio ---
CREATE TEMP TABLE purchase AS
SELECT customer, day FROM generate_series(1, 60) customer, generate_series(0, customer % 9) i,
	LATERAL (SELECT date '2026-01-01' + (customer * 17 + i * i * 7 + customer * i) % 200) d(day);
CREATE TEMP TABLE customer AS SELECT customer, purchase_summary(day, 10) AS p FROM purchase GROUP BY customer;

SELECT results_eq($$
	SELECT customer, round(overdue_ratio(p, '2026-11-01')::numeric, 9) FROM customer ORDER BY 1$$, $$
	SELECT customer, round((date '2026-11-01' - max(day))::numeric / avg(gap), 9)
	FROM (SELECT customer, day, day - lag(day) OVER (PARTITION BY customer ORDER BY day) AS gap
		FROM (SELECT DISTINCT customer, day FROM purchase) d) g
	GROUP BY customer ORDER BY 1$$,
	'days since the last purchase over the mean gap, in SQL');
SELECT is_empty($$
	SELECT customer FROM customer
	WHERE overdue_ratio(p, '2026-11-01') IS DISTINCT FROM overdue_ratio(repeat_purchases(p), repeat_span(p), age(p, '2026-11-01'))$$,
	'the same from the history');
SELECT is(overdue_ratio(4, 40, 60), 2::float8, 'two gaps of 10');
SELECT is(overdue_ratio(4, 40, 40), 0::float8, 'a purchase today');
SELECT is(overdue_ratio(0, 0, 40), NULL, 'no repeat purchase: no rhythm');
SELECT is(overdue_ratio(3, 0, 40), NULL, 'all within the first unit of time: no rhythm');
SELECT is(overdue_ratio(NULL, 0, 40), NULL, 'NULL');
SELECT is(overdue_ratio(purchase_summary(date '2026-01-01', amount), '2026-05-01'), NULL, 'one purchase day')
FROM (VALUES (1), (2)) v(amount);
SELECT is(overdue_ratio(purchase_summary(date '2026-01-01', amount), '2026-05-01'), NULL, 'refunds only') FROM (VALUES (-1)) v(amount);
SELECT throws_ok('SELECT overdue_ratio(p, ''2025-01-01'') FROM customer WHERE customer = 5', '22023');
SELECT throws_ok('SELECT overdue_ratio(p, ''infinity'') FROM customer WHERE customer = 5', '22023');
SELECT throws_like(format('SELECT overdue_ratio(%s)', a), m) FROM (VALUES
	('-1, 0, 4', 'x must be %'), ('1.5, 2, 4', 'x must be %'), ('1, 5, 4', 't_x must be at most age%'), ('0, 1, 4', 't_x must be 0 where x is 0%'),
	('1, 2, ''NaN''', 'age must be %'), ('1, ''-1'', 4', 't_x must be %')) v(a, m);

-- --- classes of risk: ties go to the lower risk ---
SELECT results_eq($$
	SELECT churn_risk(p) FROM unnest('{0,0.29,0.3,0.5,0.69,0.7,1}'::float8[]) p$$,
	'{high,high,medium,medium,medium,low,low}'::text[], 'churn_risk and its bounds');
SELECT is(churn_risk(0.6, 0.6, 0.6) || churn_risk(0.59, 0.6, 0.6), 'lowhigh', 'two classes where the bounds are equal');
SELECT results_eq($$
	SELECT overdue_risk(r) FROM unnest('{0,1.5,1.51,3,3.01,1e300}'::float8[]) r$$,
	'{low,low,medium,medium,high,high}'::text[], 'overdue_risk and its bounds');
SELECT is(overdue_risk(2, 2, 2) || overdue_risk(2.1, 2, 2), 'lowhigh', 'likewise');
SELECT is(churn_risk(NULL), NULL, 'churn_risk of NULL');
SELECT is(overdue_risk(NULL), NULL, 'overdue_risk of NULL');
SELECT throws_like(format('SELECT %s', a), m) FROM (VALUES
	('churn_risk(1.1)', 'p_alive must be from 0 to 1, not 1.1'), ('churn_risk(''NaN'')', 'p_alive must be from 0 to 1, not NaN'),
	('churn_risk(0.5, 1.2)', 'medium must be from 0 to 1, not 1.2'), ('churn_risk(0.5, 0.3, 0.7)', 'high must be at most medium, not 0.7 where medium is 0.3'),
	('overdue_risk(-1)', 'ratio must be %'), ('overdue_risk(''Infinity'')', 'ratio must be %'),
	('overdue_risk(1, 3, 1.5)', 'high must be at least medium, not 1.5 where medium is 3')) v(a, m);

-- --- potential and outlook ---
SELECT is(potential(120.50, 100.25), 20.25, 'potential in numeric is exact');
SELECT is(potential(80::float8, 100), -20::float8, 'and may be negative');
SELECT throws_ok('SELECT potential(1e308::float8, -1e308)', '22003');
SELECT throws_like(format('SELECT potential(%s)', a), '% must be a finite number, not %')
FROM (VALUES ('''NaN''::float8, 1'), ('1, ''Infinity''::float8'), ('''NaN''::numeric, 1'), ('1, ''-Infinity''::numeric')) v(a);
SELECT results_eq($$
	SELECT outlook(p, q) FROM (VALUES (0.9, 10), (0.5, 10), (0.9, 0), (0.9, -5), (0.49, 10), (0.1, -5)) v(p, q)$$,
	'{growing,growing,steady,steady,lapsed,lapsed}'::text[], 'outlook: alive first, then potential');
SELECT is(outlook(0.6, 1, 0.7), 'lapsed', 'with a bound of one''s own');
SELECT throws_like(format('SELECT outlook(%s)', a), m) FROM (VALUES
	('1.2, 0', 'p_alive must be %'), ('0.5, ''NaN''', 'potential must be %'), ('0.5, 0, 2', 'alive must be %')) v(a, m);

SELECT * FROM finish();
ROLLBACK;
