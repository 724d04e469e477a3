-- Lifetime value without a model: historic_clv and simple_clv, against sums of series in numeric.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET search_path = public, custseg;

SELECT plan(39);

-- --- historic_clv ---
CREATE TEMP TABLE customer AS
SELECT purchase_summary(day, amount) AS p FROM (VALUES (date '2026-01-01', 100.10), ('2026-02-01', 50.05), ('2026-02-03', -20.00)) o(day, amount);

SELECT is(historic_clv(p), 130.15, 'spend net of refunds') FROM customer;
SELECT is(historic_clv(p, 0.333), 43.33995, 'times the margin, exactly') FROM customer;
SELECT is(historic_clv(p, 0), 0.00, 'a margin of 0') FROM customer;
SELECT is(historic_clv(purchase_summary(day, amount)), -5::numeric, 'refunds only') FROM (VALUES (date '2026-01-01', -5)) o(day, amount);
SELECT is(historic_clv(NULL::purchases), NULL, 'NULL');
SELECT throws_ok(format('SELECT historic_clv(p, %L) FROM customer', m), '22023', 'margin must be a finite number of at least 0, not ' || m)
FROM unnest('{-0.1,NaN,Infinity}'::text[]) m;

-- --- simple_clv: the closed forms that are published ---
SELECT is(round(simple_clv(100, 0.8, 0.1)::numeric, 9), round(100 * 0.8 / (1 + 0.1 - 0.8), 9), 'Gupta and Lehmann: r / (1 + d - r)');
SELECT is(round(simple_clv(100, 0.8, 0.1, initial => true)::numeric, 9), round(100 * 1.1 / 0.3, 9), 'with the margin of today (1 + d) / (1 + d - r)');
SELECT is(round(simple_clv(100, 0.8)::numeric, 9), 400.000000000, 'without discount r / (1 - r)');
SELECT is(simple_clv(100, 1, 0, 12), 1200::float8, 'nobody leaves, no discount: the sum');
SELECT is(simple_clv(100, 1, 0, 2.5, 'continuous'), 250::float8, 'likewise continuous');

-- --- against the sum, term by term in numeric ---
CREATE TEMP TABLE terms AS
SELECT r, d, n, compounding, value, (SELECT sum(q ^ t) FROM generate_series(1, n) t) AS sum
FROM unnest(ARRAY[0.05, 0.5, 0.97, 0.999999999, 1]) r, unnest(ARRAY[0, 0.000000000001, 0.01, 0.3, 20]) d, unnest(ARRAY[1, 2, 17, 240]) n,
	LATERAL (SELECT r::numeric(40, 30) / (1 + d)) x(q),
	unnest('{period}'::text[]) compounding, LATERAL (SELECT simple_clv(1, r, d, n, compounding)) v(value);
SELECT is_empty($$ SELECT * FROM terms WHERE (abs(value / sum - 1) < 1e-12) IS NOT TRUE $$, 'n periods are the sum of n terms');
-- the integral as n sums over slices, each in closed form by the exponential of numeric
SELECT is_empty($$
	SELECT r, d, n FROM unnest(ARRAY[0.05, 0.5, 0.97, 0.999999999]) r, unnest(ARRAY[0, 0.000000000001, 0.01, 0.3, 20]) d,
		unnest(ARRAY[0.25, 1, 17]) n, LATERAL (SELECT d - ln(r::numeric(60, 40))) k(k)
	WHERE (abs(simple_clv(1, r, d, n, 'continuous') / ((1 - exp(-k * n)) / k) - 1) < 1e-12) IS NOT TRUE$$,
	'continuous is the integral, in numeric');
SELECT is_empty($$
	SELECT r, d FROM unnest(ARRAY[0.05, 0.5, 0.97]) r, unnest(ARRAY[0, 0.01, 0.3]) d, unnest('{period,continuous}'::text[]) c
	WHERE abs(simple_clv(1, r, d, NULL, c) / simple_clv(1, r, d, 100000, c) - 1) > 1e-12$$,
	'without end is what many periods come to');
SELECT is_empty($$
	SELECT r, d, n FROM unnest(ARRAY[0, 0.5, 1]) r, unnest(ARRAY[0.0, 0.1]) d, unnest(ARRAY[0, 3]) n, unnest('{period,continuous}'::text[]) c
	WHERE abs(simple_clv(50, r, d, n, c, true) - simple_clv(50, r, d, n, c) - 50) > 1e-12$$,
	'initial adds the value once');

-- --- edges ---
SELECT is_empty($$
	SELECT d, n, c FROM unnest(ARRAY[0.0, 0.1]) d, unnest(ARRAY[0, 1, NULL]) n, unnest('{period,continuous}'::text[]) c
	WHERE simple_clv(100, 0, d, n, c) IS DISTINCT FROM 0$$, 'all leave at once: 0');
SELECT is(simple_clv(100, 0.5, 0.1, 0), 0::float8, 'no periods: 0');
SELECT is(simple_clv(-100, 0.5), -100::float8, 'a loss');
SELECT cmp_ok(abs(simple_clv(1, 1, 1e-15) / 1e15 - 1), '<', 1e-12::float8, 'a discount near 0 without end');
SELECT is_empty($$
	SELECT value FROM (VALUES (simple_clv(NULL, 1, 1)), (simple_clv(1, NULL, 1)), (simple_clv(1, 1, NULL)),
		(simple_clv(1, 1, 1, 1, NULL)), (simple_clv(1, 1, 1, 1, 'period', NULL))) v(value) WHERE value IS NOT NULL$$,
	'NULL in any argument but periods: NULL');
SELECT is_empty($$
	SELECT i FROM generate_series(1, 500) i, unnest('{period,continuous}'::text[]) c,
		LATERAL (SELECT abs(cos(i))::float8 AS r, 10 ^ (300 * cos(3 * i)) AS d, floor(10 ^ (300 * abs(cos(5 * i)))) AS n) a
	WHERE NOT simple_clv(1, CASE i % 3 WHEN 0 THEN 1 ELSE r END, d, n, c) BETWEEN 0 AND least(n, 1 / d) * 1.0000001$$,
	'in its range for a discount and a number of periods of any size');

-- --- errors ---
SELECT throws_ok('SELECT simple_clv(100, 1)', '22023', 'the value is infinite without end, loss or discount');
SELECT throws_ok('SELECT simple_clv(100, 1, compounding => ''continuous'')', '22023', 'the value is infinite without end, loss or discount');
SELECT throws_ok('SELECT simple_clv(100, 0.5, 0.1, 2.5)', '22023', 'periods must be a whole number, not 2.5');
SELECT throws_ok('SELECT simple_clv(1e308, 1, 0, 10)', '22003', 'value out of range: overflow');
SELECT throws_ok('SELECT simple_clv(1, 0.5, 0.1, compounding => ''yearly'')', '22023', 'compounding must be ''period'' or ''continuous'', not ''yearly''');
SELECT throws_like(format('SELECT simple_clv(%s)', arguments), argument || ' must be %') FROM (VALUES
		('value', '''NaN'', 0.5, 0'), ('value', '''Infinity'', 0.5, 0'), ('retention', '1, -0.1, 0'), ('retention', '1, 1.1, 0'),
		('retention', '1, ''NaN'', 0'), ('discount', '1, 0.5, -0.1'), ('discount', '1, 0.5, ''NaN'''), ('discount', '1, 0.5, ''Infinity'''),
		('periods', '1, 0.5, 0, -1'), ('periods', '1, 0.5, 0, ''NaN'''), ('periods', '1, 0.5, 0, ''Infinity''')) e(argument, arguments);

SELECT * FROM finish();
ROLLBACK;
