-- Resources of a portfolio: what declarations refuse, that each run divides to the cent, writes only what changes, and can
-- be run again.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET client_min_messages = warning;

SELECT plan(74);

SELECT setseed(0.6);
CREATE TABLE orders AS
SELECT (random() * random() * 400)::bigint AS customer, date '2023-01-01' + (random() * 700)::int AS day,
	round((random() * 200)::numeric, 2) AS amount
FROM generate_series(1, 5000);
SELECT custseg.create_portfolio('shop', 'orders', 'customer', 'day', 'amount');

-- --- what set_resource refuses ------------------------------------------------
SELECT throws_ok($$SELECT custseg.set_resource('none', 'mailing', 100)$$, '42704', 'portfolio "none" does not exist');
SELECT throws_ok($$SELECT custseg.set_resource('shop', NULL, 100)$$, '22004', NULL, 'a resource has a name');
SELECT throws_ok($$SELECT custseg.set_resource('shop', '', 100)$$, '22004', NULL, 'that is not empty');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', NULL)$$, '22004', NULL, 'it has a total');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', -1)$$, '22023', 'argument "total" is -1');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 'NaN')$$, '22023', 'argument "total" is NaN');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 'Infinity')$$, '22023', 'argument "total" is Infinity');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 1.005)$$, '22023',
	'argument "total" is 1.005, which is not a multiple of the unit');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, scale => 21)$$, '22023', 'argument "scale" is 21');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, weight_measure => 'shoe size')$$, '22023',
	'resource "mailing": unknown measure "shoe size"');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, tiers_by => 'size')$$, '22023',
	'argument "tiers_by" is "size"');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, period => 'moon')$$, '22023', NULL, 'a period is one of some');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, max_gini => 1.5)$$, '22023', 'argument "max_gini" is 1.5');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, max_tier_share => 'NaN')$$, '22023',
	'argument "max_tier_share" is NaN');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, budgets => '[1]')$$, '22023',
	'argument "budgets" is not a jsonb object: [1]');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, budgets => '{"vip": "all"}')$$, '22023',
	'argument "budgets": the budget of tier "vip" is not a number: "all"');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, budgets => '{"gold": 10}')$$, '42704',
	'portfolio "shop" has no tier "gold"');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, budgets => '{"vip": 60, "regular": 50}')$$, '22023',
	'resource "mailing": the budgets of its tiers, and the floors of those without, add up to 110, the total is 100');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, budgets => '{"vip": 60, "regular": 30, "potential": 5}')$$, '22023',
	'resource "mailing": the budgets of all tiers add up to 95, the total is 100');
SELECT is_empty('SELECT * FROM shop.resource', 'nothing of it stays');

-- --- what set_tier_budget refuses -----------------------------------------------
SELECT lives_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, 'EUR', budgets => '{"vip": 60, "regular": 30, "potential": 10}')$$,
	'budgets of all tiers at once');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', 50)$$, '22023',
	'resource "mailing": the budgets of all tiers add up to 90, the total is 100');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', 70)$$, '22023',
	'resource "mailing": the budgets of its tiers, and the floors of those without, add up to 110, the total is 100');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'paper', 'vip', 50)$$, '42704', 'resource "paper" does not exist');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', NULL, 'vip', 50)$$, '22004', 'argument "resource" must not be null');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'gold', 50)$$, '42704', 'portfolio "shop" has no tier "gold"');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', NULL, 50)$$, '22004', 'argument "tier" must not be null');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', -5)$$, '22023', 'argument "budget" is -5');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', weight => -1)$$, '22023', 'argument "weight" is -1');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', weight => NULL)$$, '22023', 'argument "weight" is null');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', customer_cap => 0.001)$$, '22023',
	'argument "customer_cap" is 0.001, which is not a multiple of the unit');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', floor => 5, cap => 4)$$, '22023',
	'argument "floor" is above the cap: 5 > 4');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', customer_floor => 5, customer_cap => 4)$$, '22023',
	'argument "customer_floor" is above the cap: 5 > 4');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', 60, customer_floor => 61)$$, '22023',
	'resource "mailing": the budget 60 of tier "vip" is below the guaranteed base 61');
SELECT throws_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, scale => 0, budgets => '{"vip": 60.5}')$$, '22023',
	'argument "budget" is 60.5, which is not a multiple of the unit');
SELECT lives_ok($$SELECT custseg.set_resource('shop', 'mailing', 100, budgets => '{}');
	SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', floor => 60)$$, 'no budgets, a floor');
SELECT throws_ok($$SELECT custseg.set_tier_budget('shop', 'mailing', 'regular', floor => 50)$$, '22023',
	'resource "mailing": budgets are below the guaranteed base: the floors of its tiers add up to 110, the total is 100');
SELECT throws_ok($$SELECT custseg.drop_resource('shop', 'paper')$$, '42704', 'resource "paper" does not exist');
SELECT lives_ok($$SELECT custseg.drop_resource('shop', 'mailing')$$, 'a resource goes');
SELECT is_empty('SELECT * FROM shop.resource_tier', 'with what was said of its tiers');

-- --- runs -----------------------------------------------------------------------
-- By a measure with a budget, by weight alone with caps, by customers in whole units, and one that caps cannot use up.
SELECT custseg.set_resource('shop', 'mailing', 5000, 'EUR', 'spend', budgets => '{"vip": 2000}', max_gini => 0.1, max_tier_share => 0.2);
SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', 2000, customer_floor => 1, customer_cap => 40);
SELECT custseg.set_tier_budget('shop', 'mailing', 'potential', customer_floor => 0.5);
SELECT custseg.set_resource('shop', 'gifts', 999.99, 'EUR', 'annual_spend', tiers_by => 'weight');
SELECT custseg.set_tier_budget('shop', 'gifts', 'vip', weight => 60, customer_cap => 3);
SELECT custseg.set_tier_budget('shop', 'gifts', 'regular', weight => 30, floor => 100.10, cap => 400);
SELECT custseg.set_tier_budget('shop', 'gifts', 'potential', weight => 0, floor => 50, customer_cap => 0.10);
SELECT custseg.set_resource('shop', 'hours', 77, 'h', scale => 0, tiers_by => 'customers');
SELECT custseg.set_tier_budget('shop', 'hours', 'vip', weight => 5);
SELECT custseg.set_resource('shop', 'calls', 100000, scale => -1);
SELECT custseg.set_tier_budget('shop', 'calls', t.tier, customer_cap => 20) FROM shop.tier AS t;

SELECT is_empty('SELECT * FROM shop.budget_use', 'the views are there before the first run');
SELECT lives_ok(format($$SELECT * FROM custseg.refresh('shop', %L)$$, d.day), 'a run as of ' || d.day)
FROM (VALUES ('2024-03-31'), ('2024-04-30'), ('2024-05-31'), ('2024-06-30')) AS d (day);

SELECT is((SELECT count(*) FROM shop.resource_allocation), 16::bigint, 'each run says what it gave of each resource');
SELECT is((SELECT count(*) FROM shop.tier_allocation), 48::bigint, 'and to each tier');
SELECT is_empty('SELECT * FROM shop.resource_allocation WHERE total <> allocated + leftover', 'total = allocated + leftover');
SELECT is_empty('SELECT * FROM shop.tier_allocation WHERE budget <> allocated + leftover OR leftover < 0',
	'budget = allocated + leftover in each tier');
SELECT is_empty('SELECT a.as_of, a.resource FROM shop.resource_allocation AS a JOIN shop.tier_allocation AS t USING (as_of, resource)
	GROUP BY a.as_of, a.resource, a.allocated, a.total HAVING sum(t.allocated) <> a.allocated OR sum(t.budget) > a.total',
	'tiers add up to it');
-- Who was in which tier and had how much on each day, from the intervals.
CREATE VIEW on_day AS
	SELECT r.as_of, m.customer_id, m.class AS tier, a.resource, a.amount
	FROM (SELECT DISTINCT as_of FROM shop.resource_allocation) AS r
	JOIN shop.membership AS m ON m.dimension = 'tier' AND m.since <= r.as_of AND (m.until > r.as_of) IS NOT FALSE
	JOIN shop.allocation AS a ON a.customer_id = m.customer_id AND a.since <= r.as_of AND (a.until > r.as_of) IS NOT FALSE;
SELECT is_empty('SELECT t.as_of, t.resource, t.tier, t.allocated, sum(d.amount)
	FROM shop.tier_allocation AS t LEFT JOIN on_day AS d USING (as_of, resource, tier)
	GROUP BY 1, 2, 3, 4 HAVING t.allocated <> coalesce(sum(d.amount), 0)', 'the intervals of customers add up to it, on each day');
SELECT is_empty('SELECT a.* FROM on_day AS a JOIN shop.resource AS r USING (resource) WHERE round(amount, scale) <> amount',
	'in whole units');
SELECT is_empty('SELECT a.customer_id FROM shop.allocation AS a JOIN shop.allocation AS b USING (customer_id, resource)
	WHERE a.since < b.since AND (a.until > b.since) IS NOT FALSE', 'no two intervals overlap');
SELECT is_empty('SELECT a.customer_id FROM shop.allocation AS a JOIN shop.allocation AS b USING (customer_id, resource)
	WHERE a.until = b.since AND a.amount = b.amount', 'an amount that stays has one interval');
SELECT is_empty('SELECT d.* FROM on_day AS d JOIN shop.resource_tier AS t USING (resource, tier)
	WHERE d.amount > t.customer_cap OR d.amount < t.customer_floor', 'bounds of customers hold');

SELECT is((SELECT budget FROM shop.tier_allocation WHERE resource = 'mailing' AND tier = 'vip' AND as_of = '2024-06-30'), 2000.00,
	'a budget is what was declared');
SELECT is_empty('SELECT t.*, w.amount FROM shop.tier_allocation AS t
	JOIN (SELECT tier, custseg.allocate(custseg.spend(purchases), budget, CASE tier WHEN ''vip'' THEN 1 WHEN ''potential'' THEN 0.5 END,
			CASE tier WHEN ''vip'' THEN 40 END, key => customer_id, leftover => ''keep'') OVER (PARTITION BY tier) AS amount, customer_id
		FROM shop.customer JOIN shop.tier_allocation AS t USING (tier) WHERE t.resource = ''mailing'' AND t.as_of = ''2024-06-30'') AS w
	ON w.tier = t.tier
	LEFT JOIN shop.allocation AS a ON a.customer_id = w.customer_id AND a.resource = ''mailing'' AND a.until IS NULL
	WHERE t.resource = ''mailing'' AND t.as_of = ''2024-06-30'' AND w.amount <> coalesce(a.amount, 0)',
	'customers get what allocate gives');
SELECT results_eq($$SELECT tier, budget = least(customers * 3, 999.99), leftover FROM shop.tier_allocation
	WHERE resource = 'gifts' AND as_of = '2024-06-30' AND tier = 'vip'$$, $$VALUES ('vip', true, 0.00)$$,
	'a tier gets no more than its customers can take');
SELECT ok((SELECT budget <= 400 AND budget >= 100.10 FROM shop.tier_allocation
	WHERE resource = 'gifts' AND as_of = '2024-06-30' AND tier = 'regular'), 'nor more than its cap');
SELECT ok((SELECT budget = least(50, customers * 0.10) FROM shop.tier_allocation
	WHERE resource = 'gifts' AND as_of = '2024-06-30' AND tier = 'potential'), 'a tier of weight 0 has its floor, as far as its customers can take it');
SELECT is((SELECT leftover FROM shop.resource_allocation WHERE resource = 'calls' AND as_of = '2024-06-30'),
	(SELECT 100000 - 20 * count(*) FROM shop.customer WHERE tier IS NOT NULL)::numeric, 'what caps leave is kept');
SELECT is((SELECT sum(allocated) FROM shop.tier_allocation WHERE resource = 'hours' AND as_of = '2024-06-30'), 77::numeric,
	'whole units are given whole');

-- --- what is written ------------------------------------------------------------
SELECT is((SELECT sum((counts ->> 'allocations_begun')::bigint) FROM shop.run), (SELECT count(*) FROM shop.allocation)::numeric,
	'the runs counted what they wrote');
SELECT is((SELECT sum((counts ->> 'allocations_ended')::bigint) FROM shop.run),
	(SELECT count(*) FROM shop.allocation WHERE until IS NOT NULL)::numeric, 'and what they ended');
SELECT is((SELECT count(DISTINCT since) FROM shop.allocation WHERE resource = 'calls' AND customer_id IN
	(SELECT customer_id FROM shop.customer WHERE entered = '2024-03-31')), 1::bigint, 'who has his cap each time is written once');
CREATE TABLE was AS SELECT * FROM shop.allocation;
CREATE TABLE was_tier AS SELECT * FROM shop.tier_allocation;
SELECT count(*) FROM custseg.refresh('shop', '2024-06-30');
SELECT results_eq('SELECT * FROM shop.allocation ORDER BY customer_id, resource, since', 'SELECT * FROM was ORDER BY customer_id, resource, since',
	'a second run of the day gives the same intervals');
SELECT results_eq('SELECT * FROM shop.tier_allocation ORDER BY as_of, resource, tier', 'SELECT * FROM was_tier ORDER BY as_of, resource, tier',
	'and the same sums');
SELECT results_eq('SELECT sum((c.allocation ->> ''mailing'')::numeric) FROM shop.current_customers AS c',
	'SELECT allocated FROM shop.resource_allocation WHERE resource = ''mailing'' AND as_of = ''2024-06-30''', 'current_customers shows it');

-- --- the views --------------------------------------------------------------------
SELECT results_eq($$SELECT count(*), count(used) FROM shop.budget_use$$, 'VALUES (16::bigint, 0::bigint)', 'no usage without a source');
CREATE VIEW shop.source_usage AS
	SELECT customer_id, 'mailing'::text AS resource, date '2024-06-01' AS day, 10.0 AS amount FROM shop.customer WHERE tier = 'vip'
	UNION ALL SELECT -1, 'mailing', '2024-06-02', 7000 UNION ALL SELECT -1, 'mailing', '2024-07-02', 1;
SELECT custseg._make_views('shop');
SELECT results_eq($$SELECT tier, used, utilisation, unspent, overrun FROM shop.budget_use WHERE resource = 'mailing' AND coalesce(tier, 'vip') = 'vip'
	ORDER BY tier$$, $$SELECT v.* FROM (SELECT 10.0 * count(*) AS n FROM shop.customer WHERE tier = 'vip') AS n,
		LATERAL (VALUES ('vip'::text, n.n, round(n.n / 2000, 4), 2000 - n.n, 0.0),
		(NULL, n.n + 7000, round((n.n + 7000) / 5000, 4), 0, n.n + 2000)) AS v ORDER BY 1$$, 'use of a budget, and of the whole');
SELECT results_eq($$SELECT resource, alarm ~ 'gini .* is above 0.1; tier .* has .* more than 0.2' FROM shop.allocation_fairness
	WHERE alarm IS NOT NULL$$, $$VALUES ('mailing'::text, true)$$, 'the limits of fairness raise an alarm');

-- --- a base that customers decide ---------------------------------------------------
SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', 2000, customer_floor => 1500);
SELECT throws_like($$SELECT * FROM custseg.refresh('shop', '2024-07-31')$$,
	'resource "mailing": the budget 2000 of tier "vip" is below the guaranteed base %', 'a base above the budget of a tier');
SELECT custseg.set_resource('shop', 'mailing', 5000, budgets => '{}');
SELECT custseg.set_tier_budget('shop', 'mailing', 'vip', customer_floor => 2500);
SELECT throws_like($$SELECT * FROM custseg.refresh('shop', '2024-07-31')$$,
	'resource "mailing": the budget 5000 that is left for tiers without one is below their guaranteed base %', 'and above the total');
SELECT custseg.drop_resource('shop', 'mailing');
SELECT count(*) FROM custseg.refresh('shop', '2024-07-31');
SELECT is_empty($$SELECT * FROM shop.allocation WHERE resource = 'mailing' AND until IS NULL$$, 'what is no resource any more ends');

SELECT * FROM finish();
ROLLBACK;
