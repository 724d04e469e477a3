-- Agents of a portfolio: what declarations refuse, who keeps his agent and who gets another, and why.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET client_min_messages = warning;

SELECT plan(67);

-- Customers 1 to 60 buy more the higher their number: 41 to 60 are VIPs, 21 to 40 regular, the others potential.
CREATE TABLE orders AS
SELECT c AS customer, date '2024-01-01' + 7 * i AS day, (c * 10)::numeric AS amount
FROM generate_series(1, 60) AS c, generate_series(0, 20) AS i;
CREATE TABLE client AS
SELECT c AS customer_id, CASE WHEN c % 3 = 0 THEN 'north' ELSE 'south' END AS region, c % 2 AS size FROM generate_series(1, 60) AS c;
SELECT custseg.create_portfolio('shop', 'orders', 'customer', 'day', 'amount');
DELETE FROM shop.component;
INSERT INTO shop.component (measure, position, weight, method, score_name) VALUES ('spend', 1, 1, 'none', 'spend_score');
UPDATE shop.tier SET enter = CASE tier WHEN 'vip' THEN 'spend > 8400' WHEN 'regular' THEN 'spend > 4200' END,
	keep = CASE WHEN tier <> 'potential' THEN 'spend > 100' END;
SELECT custseg._make_views('shop');

-- --- what set_agent refuses -----------------------------------------------------
SELECT throws_ok($$SELECT custseg.set_agent('none', 'anna', 5)$$, '42704', 'portfolio "none" does not exist');
SELECT throws_ok($$SELECT custseg.set_agent('shop', NULL, 5)$$, '22004', NULL, 'an agent has a name');
SELECT throws_ok($$SELECT custseg.set_agent('shop', '', 5)$$, '22004', NULL, 'that is not empty');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, active => NULL)$$, '22004', NULL, 'and is there or not');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', -1)$$, '22023', 'argument "capacity" is -1');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 1.5)$$, '22023', 'argument "capacity" is 1.5');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 'NaN')$$, '22023', 'argument "capacity" is NaN');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 1e13)$$, '22023', 'argument "capacity" is 10000000000000');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, 6)$$, '22023', 'argument "minimum" is 6, above the capacity 5');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, tiers => '{gold}')$$, '42704', 'portfolio "shop" has no tier "gold"');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, tiers => '{NULL}')$$, '22004', 'argument "tiers" must not be null');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, tiers => '{}')$$, '22023', 'argument "tiers" is empty');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, segments => '{Big}')$$, '42704', 'segment "Big" does not exist');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, segments => '{}')$$, '22023', 'argument "segments" is empty');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, attributes => '{"region": "north"}')$$, '42703',
	'argument "attributes": source_customers has no column "region"');
CREATE VIEW shop.source_customers AS SELECT * FROM client;
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, attributes => '["north"]')$$, '22023',
	'argument "attributes" is not a jsonb object: ["north"]');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, attributes => '{"shoe": "north"}')$$, '42703',
	'argument "attributes": source_customers has no column "shoe"');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, attributes => '{"customer_id": 3}')$$, '42703', NULL, 'customers are not attributes');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, attributes => '{"region": []}')$$, '22023',
	'argument "attributes": "region" is not a list of values: []');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, attributes => '{"region": {"is": "north"}}')$$, '22023', NULL, 'nor an object in it');
SELECT throws_ok($$SELECT custseg.set_agent('shop', 'anna', 5, attributes => '{"region": [null]}')$$, '22023', NULL, 'nor null');
SELECT is_empty('SELECT * FROM shop.agent', 'nothing of it stays');
SELECT throws_ok($$SELECT custseg.drop_agent('shop', 'anna')$$, '42704', 'agent "anna" does not exist');
SELECT throws_ok($$SELECT custseg.drop_agent('shop', NULL)$$, '42704', 'agent null does not exist');
SELECT throws_ok($$SELECT * FROM custseg.reassign('shop')$$, '55000', 'portfolio "shop" has not been refreshed yet');

-- --- new customers ----------------------------------------------------------------
CREATE FUNCTION pg_temp.loads() RETURNS text LANGUAGE sql AS
	$$SELECT string_agg(agent || ' ' || customers, ', ' ORDER BY agent) FROM shop.agent_load$$;
SELECT count(*) FROM custseg.refresh('shop', '2024-03-01');
SELECT is((SELECT count(*) FROM shop.service_gaps), 0::bigint, 'without agents and personal tiers nobody asks');
UPDATE shop.tier SET service_mode = 'personal' WHERE tier = 'vip';
SELECT is((SELECT string_agg(DISTINCT tier || ' ' || reason, ', ') FROM shop.service_gaps), NULL, 'no VIPs yet in March');
SELECT count(*) FROM custseg.refresh('shop', '2024-05-31');
SELECT results_eq('SELECT tier, count(*), min(reason) FROM shop.service_gaps GROUP BY tier', $$VALUES ('vip'::text, 20::bigint, 'no agent may serve'::text)$$,
	'a personal tier asks, and nobody may serve it');

SELECT custseg.set_agent('shop', 'anna', 6, attributes => '{"region": ["north"], "size": [0, 1]}');
SELECT is((SELECT attributes FROM shop.agent), '{"region": ["north"], "size": ["0", "1"]}', 'attributes are kept as texts');
SELECT custseg.set_agent('shop', 'ben', 8);
SELECT custseg.set_agent('shop', 'cho', 4, tiers => '{regular}');
SELECT custseg.set_agent('shop', 'dan', 9, active => false);
SELECT count(*) FROM custseg.refresh('shop', '2024-06-01');
SELECT is(pg_temp.loads(), 'anna 6, ben 8, cho 4, dan 0', 'agents get as many as they can take');
SELECT is_empty($$SELECT a.* FROM shop.assignment AS a JOIN client AS c USING (customer_id) JOIN shop.customer AS s USING (customer_id)
	WHERE a.agent = 'anna' AND c.region <> 'north' OR (a.agent = 'cho') <> (s.tier = 'regular')$$, 'whom they may serve');
SELECT is((SELECT string_agg(customer_id::text, ' ' ORDER BY customer_id) FROM shop.assignment WHERE agent = 'cho'), '37 38 39 40',
	'the highest scores first');
SELECT results_eq('SELECT DISTINCT reason, since, until, ended FROM shop.assignment', $$VALUES ('new customer'::text, date '2024-06-01', NULL::date, NULL::text)$$,
	'all as new customers');
SELECT results_eq('SELECT tier, count(*), min(reason) FROM shop.service_gaps GROUP BY tier ORDER BY tier',
	$$VALUES ('regular'::text, 16::bigint, 'agents are full'::text), ('vip', 6, 'agents are full')$$, 'the rest has none');
SELECT is((SELECT (counts ->> 'unserved')::bigint FROM shop.run ORDER BY run_id DESC LIMIT 1), 22::bigint, 'and the run has counted them');
SELECT is((SELECT count(agent) FROM shop.current_customers), 18::bigint, 'current_customers shows the agent');

-- --- who keeps his agent --------------------------------------------------------------
CREATE TABLE was AS SELECT * FROM shop.assignment;
INSERT INTO orders SELECT customer, '2024-06-02', 5000 FROM generate_series(41, 43) AS customer;
SELECT count(*) FROM custseg.refresh('shop', '2024-06-02');
SELECT set_eq('SELECT * FROM shop.assignment', 'SELECT * FROM was', 'higher scores of others move nobody');
SELECT custseg.set_agent('shop', 'dan', 9, tiers => '{vip}');
SELECT count(*) FROM custseg.refresh('shop', '2024-06-03');
SELECT set_eq($$SELECT * FROM shop.assignment WHERE agent <> 'dan'$$, 'SELECT * FROM was', 'nor does a new agent');
SELECT is(pg_temp.loads(), 'anna 6, ben 8, cho 4, dan 6', 'who gets those who waited');

-- A lower capacity, an agent away, one who may not any more.
SELECT custseg.set_agent('shop', 'ben', 5);
SELECT count(*) FROM custseg.refresh('shop', '2024-06-04');
SELECT is(pg_temp.loads(), 'anna 6, ben 5, cho 4, dan 9', 'a lower capacity sets customers free');
SELECT results_eq($$SELECT o.agent, o.ended, n.agent, n.reason, count(*) FROM shop.assignment AS o
	JOIN shop.assignment AS n ON n.customer_id = o.customer_id AND n.since = o.until GROUP BY 1, 2, 3, 4$$,
	$$VALUES ('ben'::text, 'over capacity'::text, 'dan'::text, 'over capacity'::text, 3::bigint)$$, 'and says so');
SELECT ok((SELECT max(c.score) FROM shop.current_customers AS c JOIN shop.assignment AS a USING (customer_id) WHERE a.ended = 'over capacity')
	< (SELECT min(score) FROM shop.current_customers WHERE agent = 'ben'), 'those of the lowest scores');
SELECT custseg.set_agent('shop', 'ben', 5, valid_until => '2024-06-05');
SELECT custseg.set_agent('shop', 'anna', 6, attributes => '{"region": "south"}');
SELECT count(*) FROM custseg.refresh('shop', '2024-06-05');
SELECT results_eq($$SELECT agent, ended, count(*) FROM shop.assignment WHERE until = '2024-06-05' GROUP BY 1, 2 ORDER BY 1$$,
	$$VALUES ('anna'::text, 'no longer eligible'::text, 6::bigint), ('ben', 'agent left', 5)$$, 'who may not, and who left');
SELECT results_eq($$SELECT agent, reason, count(*) FROM shop.assignment WHERE since = '2024-06-05' GROUP BY 1, 2 ORDER BY 1, 2$$,
	$$SELECT 'anna'::text, reason, count(*) FROM shop.assignment WHERE since = '2024-06-05' GROUP BY 1, 2 ORDER BY 1, 2$$, 'one who may takes some');
SELECT is((SELECT active FROM shop.agent_load WHERE agent = 'ben'), false, 'the view knows who is there');

-- --- again, and back ------------------------------------------------------------------
CREATE TABLE is_now AS SELECT * FROM shop.assignment;
SELECT count(*) FROM custseg.refresh('shop', '2024-06-05');
SELECT set_eq('SELECT * FROM shop.assignment', 'SELECT * FROM is_now', 'a second run of the day gives the same');
SELECT count(*) FROM custseg.refresh('shop', '2024-06-02', backdated => true);
SELECT is_empty($$SELECT * FROM shop.assignment WHERE since > '2024-06-02' OR until > '2024-06-02'$$, 'going back takes back what came after');
SELECT custseg.set_agent('shop', 'ben', 8);
SELECT custseg.set_agent('shop', 'anna', 6);
SELECT count(*) FROM custseg.refresh('shop', '2024-06-06');
SELECT is_empty($$SELECT a.customer_id FROM shop.assignment AS a JOIN shop.assignment AS b USING (customer_id)
	WHERE a.since < b.since AND (a.until > b.since) IS NOT FALSE$$, 'no two intervals overlap');

-- --- removing an agent -------------------------------------------------------------------
SELECT is(pg_temp.loads(), 'anna 6, ben 8, cho 4, dan 9', 'before it');
SELECT throws_ok($$SELECT custseg.drop_agent('shop', 'anna')$$, '55006', 'agent "anna" serves 6 customers');
SELECT is(custseg.drop_agent('shop', 'anna', reassign => true), 6::bigint, 'with reassign he goes');
SELECT is(pg_temp.loads(), 'ben 8, cho 4, dan 9', 'and others take over, as far as they can');
SELECT results_eq($$SELECT ended, count(*) FROM shop.assignment WHERE agent = 'anna' AND until = '2024-06-06' GROUP BY 1$$,
	$$SELECT 'agent left'::text, count(*) FROM shop.assignment WHERE agent = 'anna' AND until = '2024-06-06'$$, 'what he did ends');
SELECT is((SELECT count(*) FROM shop.service_gaps WHERE tier = 'vip'),
	(SELECT count(*) FROM shop.current_customers WHERE tier = 'vip' AND agent IS NULL), 'the others wait');
SELECT custseg.set_agent('shop', 'eve', 1);
SELECT is(custseg.drop_agent('shop', 'eve'), 0::bigint, 'one who serves nobody just goes');

-- --- all anew ----------------------------------------------------------------------------
SELECT throws_ok($$SELECT * FROM custseg.reassign('shop', NULL)$$, '22004', NULL, 'reassign takes no NULL');
SELECT throws_ok($$SELECT * FROM custseg.reassign('shop', -1)$$, '22023', NULL, 'nor a negative stickiness');
SELECT results_eq($$SELECT * FROM custseg.reassign('shop', 1e9)$$,
	$$VALUES ('ben'::text, 8::bigint, 0::bigint, 0::bigint), ('cho', 4, 0, 0), ('dan', 9, 0, 0)$$, 'great stickiness moves nobody');
CREATE TABLE anew AS SELECT * FROM custseg.reassign('shop', 0, true);
SELECT is((SELECT sum(gained) FROM anew), (SELECT count(*)::numeric FROM shop.assignment WHERE reason = 'reassigned'),
	'without stickiness customers move');
SELECT is((SELECT string_agg(ended || ' ' || until, ', ') FROM shop.assignment WHERE ended = 'reassigned' AND since = '2024-06-06'), NULL,
	'what began on the day never was');
SELECT is((SELECT string_agg(customer_id::text, ' ' ORDER BY score) FROM shop.current_customers WHERE tier = 'vip' AND agent IS NULL),
	(SELECT string_agg(customer_id::text, ' ' ORDER BY score) FROM (SELECT customer_id, score FROM shop.current_customers WHERE tier = 'vip'
		ORDER BY score LIMIT (SELECT count(*) - 17 FROM shop.customer WHERE tier = 'vip')) AS c), 'and only the lowest scores wait');
SELECT custseg.set_agent('shop', 'cho', 4, 5 - 1, tiers => '{vip}');
SELECT custseg.set_agent('shop', 'fay', 30, 30);
SELECT throws_ok($$SELECT * FROM custseg.reassign('shop')$$, '22023', NULL, 'minimums that cannot be met');
SELECT custseg.set_agent('shop', 'fay', tiers => '{potential}', minimum => 10);
SELECT ok((SELECT customers FROM custseg.reassign('shop') WHERE agent = 'fay') >= 10, 'a minimum holds');
SELECT is_empty('SELECT * FROM shop.service_gaps', 'an agent without a limit leaves nobody waiting');
SELECT is_empty('SELECT * FROM shop.assignment WHERE since >= until', 'no interval is empty');
SELECT is_empty($$SELECT l.* FROM shop.agent_load AS l WHERE l.customers > l.capacity$$, 'nobody has more than he can take');

-- --- a source that goes ---------------------------------------------------------------------
SELECT custseg.set_agent('shop', 'dan', 9, attributes => '{"region": "north"}');
DROP VIEW shop.service_gaps;
DROP VIEW shop.source_customers;
SELECT custseg._make_views('shop');
SELECT count(*) FROM custseg.refresh('shop', '2024-06-07');
SELECT is((SELECT customers FROM shop.agent_load WHERE agent = 'dan'), 0::bigint, 'without the source nobody fits who needs it');

SELECT * FROM finish();
ROLLBACK;
