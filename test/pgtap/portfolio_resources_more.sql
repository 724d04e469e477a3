-- Resources and agents with other keys, hostile names and other roles; in the document of declarations; and with random
-- budgets and bounds, where every run either adds up or is refused.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET client_min_messages = warning;

SELECT plan(30);

SELECT setseed(0.3);
CREATE TABLE orders AS
SELECT (random() * random() * 300)::smallint AS customer, date '2023-01-01' + (random() * 500)::int AS day,
	round((random() * 200)::numeric, 2) AS amount
FROM generate_series(1, 3000);
ALTER TABLE orders ADD as_uuid uuid, ADD as_text text;
UPDATE orders SET as_uuid = md5(customer::text)::uuid, as_text = 'c ''"' || customer;

-- --- keys and names -------------------------------------------------------------
SELECT lives_ok(format($$SELECT custseg.create_portfolio(%1$L, 'orders', %1$L, 'day', 'amount');
	SELECT custseg.set_resource(%1$L, 'a''b"c %%s', 1000, 'E''', 'spend', max_gini => 0.1);
	SELECT custseg.set_tier_budget(%1$L, 'a''b"c %%s', 'vip', customer_cap => 5);
	SELECT custseg.set_agent(%1$L, 'o''neil "%%L"', 7, tiers => '{vip,regular}');
	SELECT custseg.set_agent(%1$L, 'zoe', 9);
	SELECT count(*) FROM custseg.refresh(%1$L, '2024-03-31');
	SELECT count(*) FROM custseg.refresh(%1$L, '2024-04-30')$$, k.key), 'customers of the type of ' || k.key)
FROM unnest('{customer,as_uuid,as_text}'::text[]) AS k (key);
SELECT results_eq('SELECT count(agent), sum((allocation ->> ''a''''b"c %s'')::numeric) FROM as_uuid.current_customers',
	'SELECT 16::bigint, allocated FROM as_text.resource_allocation WHERE as_of = ''2024-04-30''', 'allocations and agents');
SELECT set_eq('SELECT md5(customer_id::text)::uuid, amount, since, until FROM customer.allocation WHERE amount > 4',
	'SELECT customer_id, amount, since, until FROM as_uuid.allocation WHERE amount > 4', 'the same for each type where no cent is over');

-- --- the document -----------------------------------------------------------------
SELECT custseg.create_portfolio('copy', 'orders', 'customer', 'day', 'amount');
SELECT custseg.import_portfolio('copy', custseg.export_portfolio('as_text'));
SELECT is(custseg.export_portfolio('copy'), custseg.export_portfolio('as_text'), 'resources and agents are in the document');
SELECT set_eq('SELECT * FROM copy.resource_tier', 'SELECT * FROM as_text.resource_tier', 'and come back from it');
SELECT throws_ok($$SELECT custseg.import_portfolio('copy', jsonb_set(custseg.export_portfolio('copy'), '{resource_tiers,0,budget}', '2000'))$$,
	'22023', NULL, 'a document with budgets above the total');
SELECT throws_ok($$SELECT custseg.import_portfolio('copy', jsonb_set(custseg.export_portfolio('copy'), '{resource_tiers,0,tier}', '"gold"'))$$,
	'22023', NULL, 'with a tier that is not there');
SELECT throws_ok($$SELECT custseg.import_portfolio('copy', jsonb_set(custseg.export_portfolio('copy'), '{resources,0,weight_measure}', '"x"'))$$,
	'22023', 'resource "a''b"c %s": unknown measure "x"');
SELECT throws_ok($$SELECT custseg.import_portfolio('copy', jsonb_set(custseg.export_portfolio('copy'), '{agents,0,tiers}', '["gold"]'))$$,
	'2BP01', 'agent "o''neil "%L"" may serve tier "gold", which the portfolio does not have');
SELECT throws_ok($$SELECT custseg.import_portfolio('copy', jsonb_set(custseg.export_portfolio('copy'), '{agents,0,capacity}', '-2'))$$,
	'22023', 'argument "capacity" is -2');
SELECT is(custseg.export_portfolio('copy'), custseg.export_portfolio('as_text'), 'none of them changes anything');

SELECT custseg.set_measure('copy', 'month spend', 'spend', 'month');
SELECT custseg.set_resource('copy', 'calls', 40, weight_measure => 'month spend', scale => 0);
SELECT throws_ok($$SELECT custseg.drop_measure('copy', 'month spend')$$, '2BP01', NULL, 'a measure that a resource goes by stays');
SELECT throws_ok($$SELECT custseg.drop_tier('copy', 'vip')$$, '2BP01', NULL, 'so does a tier that an agent lists');
SELECT count(*) FROM custseg.refresh('copy', '2024-04-30');
SELECT custseg.rename_tier('copy', 'vip', 'gold');
SELECT results_eq($$SELECT tiers FROM copy.agent WHERE tiers IS NOT NULL UNION ALL SELECT array_agg(tier) FROM copy.resource_tier
	UNION ALL SELECT array_agg(DISTINCT tier ORDER BY tier) FROM copy.tier_allocation$$,
	$$VALUES ('{gold,regular}'::text[]), ('{gold}'), ('{gold,potential,regular}')$$, 'a new name of a tier is used everywhere');
SELECT custseg.set_agent('copy', 'o''neil "%L"', 7);
SELECT lives_ok($$SELECT custseg.drop_tier('copy', 'gold'); SELECT count(*) FROM custseg.refresh('copy', '2024-05-01')$$,
	'without such an agent a tier goes, with its budget');
SELECT is_empty('SELECT * FROM copy.resource_tier', 'and what was said of it');

-- A trial leaves nothing, and sees the changes.
CREATE TABLE was AS SELECT * FROM as_text.allocation;
CREATE TABLE was_agent AS SELECT * FROM as_text.assignment;
SELECT lives_ok($$SELECT count(*) FROM custseg.refresh('as_text', '2024-05-02', dry_run => true)$$, 'a dry run');
SELECT set_eq('SELECT * FROM as_text.allocation', 'SELECT * FROM was', 'leaves allocations');
SELECT set_eq('SELECT * FROM as_text.assignment', 'SELECT * FROM was_agent', 'and agents');

-- --- another owner ------------------------------------------------------------------
CREATE ROLE res_owner;
CREATE ROLE res_reader;
GRANT CREATE ON DATABASE :DBNAME TO res_owner;
GRANT SELECT ON orders TO res_owner;
SELECT custseg.grant_portfolios('public');
SET ROLE res_owner;
SELECT lives_ok($$SELECT custseg.create_portfolio('own', 'public.orders', 'customer', 'day', 'amount');
	SELECT custseg.set_resource('own', 'mailing', 500, weight_measure => 'spend');
	SELECT custseg.set_agent('own', 'anna', 5);
	SELECT count(*) FROM custseg.refresh('own', '2024-05-31');
	SELECT count(*) FROM custseg.reassign('own')$$, 'the owner need not be a superuser');
SELECT is((SELECT count(agent) FROM own.current_customers), 5::bigint, 'for agents');
SET ROLE res_reader;
SELECT throws_ok($$SELECT custseg.set_resource('own', 'mailing', 600)$$, '42501', NULL, 'nobody else sets a resource');
SELECT throws_ok($$SELECT custseg.set_tier_budget('own', 'mailing', 'vip', 600)$$, '42501', NULL, 'nor a budget');
SELECT throws_ok($$SELECT custseg.set_agent('own', 'eve', 600)$$, '42501', NULL, 'nor an agent');
SELECT throws_ok($$SELECT custseg.reassign('own')$$, '42501', NULL, 'nor moves customers');
RESET ROLE;

-- --- random budgets ---------------------------------------------------------------------
CREATE TABLE outcome (run int, refused text);
DO $$
DECLARE
	t text;
	amount numeric;
BEGIN
	FOR i IN 1 .. 16 LOOP
		BEGIN
			PERFORM custseg.set_resource('customer', 'random', round((random() * 5000)::numeric, 1), scale => 1 + i % 3,
				weight_measure => (ARRAY['spend', 'recency', 'score', NULL])[1 + i % 4], tiers_by => (ARRAY['measure', 'customers', 'weight'])[1 + i % 3],
				budgets => CASE WHEN i % 2 = 0 THEN '{"regular": 50.5}'::jsonb ELSE '{}' END);
			FOR t IN SELECT tier FROM customer.tier WHERE tier <> 'regular' LOOP
				amount := round((random() * random() * 8)::numeric, 1);
				PERFORM custseg.set_tier_budget('customer', 'random', t, weight => round((random() * 3)::numeric, 0),
					floor => CASE WHEN random() < 0.5 THEN round((random() * 100)::numeric, 1) END,
					cap => CASE WHEN random() < 0.5 THEN round((100 + random() * 1000)::numeric, 1) END,
					customer_floor => CASE WHEN random() < 0.5 THEN amount END,
					customer_cap => CASE WHEN random() < 0.5 THEN amount + round((random() * 5)::numeric, 1) END);
			END LOOP;
			PERFORM count(*) FROM custseg.refresh('customer', date '2024-05-01' + i);
			INSERT INTO outcome VALUES (i, NULL);
		EXCEPTION WHEN invalid_parameter_value THEN
			INSERT INTO outcome VALUES (i, SQLERRM);
		END;
	END LOOP;
END
$$;
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE refused IS NULL), '>=', 6::bigint, 'many of them are possible');
SELECT is_empty($$SELECT * FROM outcome WHERE refused NOT LIKE '%guaranteed base%'$$, 'the others are refused for their base');
SELECT is_empty('
	SELECT r.as_of FROM customer.resource_allocation AS r JOIN customer.tier_allocation AS t USING (as_of, resource)
	GROUP BY r.as_of, r.resource, r.total, r.allocated, r.leftover
	HAVING r.total <> r.allocated + r.leftover OR sum(t.allocated) <> r.allocated OR sum(t.budget) > r.total OR bool_or(t.allocated + t.leftover <> t.budget)
	UNION ALL
	SELECT r.as_of FROM customer.resource_allocation AS r
	LEFT JOIN customer.allocation AS a ON a.resource = r.resource AND a.since <= r.as_of AND (a.until > r.as_of) IS NOT FALSE
	GROUP BY r.as_of, r.resource, r.allocated HAVING coalesce(sum(a.amount), 0) <> r.allocated', 'all add up exactly');

SELECT * FROM finish();
ROLLBACK;
