-- Tiers and overrides of a portfolio: what the setters change, now and at the next run, and what they refuse.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL client_min_messages = error;
-- The statements are many and small.
SET LOCAL jit = off;

SELECT * FROM no_plan();

-- Customer i has spent 100 * i on one day; 1 to 10.
CREATE TABLE tiers_orders AS
SELECT i::bigint AS customer, date '2024-01-15' AS day, 100.0::numeric * i AS amount FROM generate_series(1, 10) AS i;
SELECT custseg.create_portfolio('shop', 'tiers_orders', 'customer', 'day', 'amount', schema_name => 'tiers_shop');
SELECT custseg.set_option('shop', 'lifetime', 'none');

CREATE FUNCTION pg_temp.refusal(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.hint(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE query;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN hint;
END $$;
-- "basic > gold"
CREATE FUNCTION pg_temp.tiers() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(tier, ' < ' ORDER BY position) FROM tiers_shop.tier
$$;
-- "basic 1-4, gold 5-10"
CREATE FUNCTION pg_temp.who() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s %s', tier, ids), ', ' ORDER BY ids)
	FROM (SELECT coalesce(tier, '-') AS tier, string_agg(customer_id::text, ' ' ORDER BY customer_id) AS ids
		FROM tiers_shop.customer GROUP BY 1) AS c
$$;

-- --- the whole policy at once ---
SELECT lives_ok($$SELECT custseg.set_tiers('shop', '{"tiers": [{"tier": "basic"},
	{"tier": "silver", "enter": "spend >= 400", "keep": "spend >= 300"}, {"tier": "gold", "enter": "spend >= 800"}],
	"downgrade": "requalify"}')$$);
SELECT is(pg_temp.tiers(), 'basic < silver < gold', 'set_tiers replaces the tiers');
SELECT is(custseg._portfolio_policy('shop'::text)::text, '{"version": 1, "tiers": [{"tier": "basic"}, {"tier": "silver", "enter": "spend >= 400", "keep": "spend >= 300"}, {"tier": "gold", "enter": "spend >= 800"}], "downgrade": "requalify"}',
	'and the options of the policy: stay and grace of the template are gone');
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-01-31')$$);
SELECT is(pg_temp.who(), 'basic 1 2 3, silver 4 5 6 7, gold 8 9 10', 'the run uses them');
SELECT is(pg_temp.refusal($$SELECT custseg.set_tiers('shop', NULL)$$), '22004 argument "policy" must not be null');
SELECT is(pg_temp.refusal($$SELECT custseg.set_tiers('shop', '{"tiers": [{"tier": "basic"}], "window": "month"}')$$),
	'22023 argument "policy" has the window "month"');
SELECT is(pg_temp.refusal($$SELECT custseg.set_tiers('shop', custseg.tier_policy_template('abc'))$$),
	'22023 rule "enter" of tier "B": unknown measure "abc_class"');

-- --- one tier ---
SELECT lives_ok($$SELECT custseg.set_tier('shop', 'top', 'spend >= 1000', 'spend >= 900', '1 month', '10 days', '1 year', 'personal', 'call them')$$);
SELECT is(pg_temp.tiers(), 'basic < silver < gold < top', 'a new tier goes on top');
SELECT is((SELECT t::text FROM tiers_shop.tier AS t WHERE tier = 'top'),
	'(top,4,"spend >= 1000","spend >= 900","1 month","10 days","1 year",personal,"call them")', 'with all that is said of it');
SELECT lives_ok($$SELECT custseg.set_tier('shop', 'bronze', 'spend >= 200', place => 2)$$);
SELECT is(pg_temp.tiers(), 'basic < bronze < silver < gold < top', 'or to a place');
SELECT lives_ok($$SELECT custseg.set_tier('shop', 'bronze', 'spend >= 250', service_mode => 'standard')$$);
SELECT is((SELECT t::text FROM tiers_shop.tier AS t WHERE tier = 'bronze'), '(bronze,2,"spend >= 250",,,,,standard,)',
	'a tier is declared anew as a whole, in its place');
SELECT lives_ok($$SELECT custseg.set_tier('shop', 'refunders', 'refunds > 0', place => 2)$$);
SELECT lives_ok($$SELECT custseg.set_tier('shop', 'refunders', 'refunds > 0', place => 4)$$);
SELECT is(pg_temp.tiers(), 'basic < bronze < silver < refunders < gold < top', 'and can be moved');
SELECT lives_ok($$SELECT custseg.drop_tier('shop', 'refunders')$$);
SELECT is(pg_temp.tiers(), 'basic < bronze < silver < gold < top', 'or dropped');
SELECT results_eq('SELECT position FROM tiers_shop.tier ORDER BY 1', 'SELECT generate_series(1, 5)', 'positions have no gaps');

CREATE TEMPORARY TABLE bad_tier (arguments text, message text);
INSERT INTO bad_tier VALUES
	($$NULL$$, '22004 argument "tier" must not be null'),
	($$''$$, '22023 argument "tier" is ""'),
	($$'x', 'spendings >= 5'$$, '22023 rule "enter" of tier "x": unknown measure "spendings"'),
	($$'x', 'spend >= 5000', 'spend >= 4000 or visits > 3'$$, '22023 rule "keep" of tier "x": unknown measure "visits"'),
	($$'x', 'spend >= 5000 and and'$$,
		'22P02 invalid condition of tier "x": expected a measure after "and" at character 19 of "enter"'),
	($$'x', 'spend >'$$, '22P02 invalid condition of tier "x"'),
	($$'x', 'spend >= 5000', 'spend >= 6000'$$,
		'22023 tier "x" can be entered and not kept: spend = 5000 enters but does not keep'),
	($$'x', 'spend > 5 and spend < 3'$$, '22023 the rule "enter" of tier "x" can never hold: spend > 5 and spend < 3'),
	($$'x', 'spend >= 300'$$, '22023 tier "silver" can never be entered: whoever meets its entry rule meets that of the higher tier "x"'),
	($$'x', 'spend >= 900', place => 2$$,
		'22023 tier "x" can never be entered: whoever meets its entry rule meets that of the higher tier "bronze"'),
	($$'x'$$, '22P02 '),
	($$'x', 'spend >= 5000', place => 0$$, '22023 argument "place" of tier "x" is 0'),
	($$'x', 'spend >= 5000', place => 7$$, '22023 argument "place" of tier "x" is 7'),
	($$'basic', place => 6$$, '22023 argument "place" of tier "basic" is 6'),
	($$'x', 'spend >= 5000', stay => 'long'$$, '22007 '),
	($$'x', 'spend >= 5000', grace => '5 minutes'$$, '22P02 '),
	($$'x', 'spend >= 5000', validity => '-1 year'$$, '22P02 '),
	($$'x', 'spend >= 5000', service_mode => 'phone'$$, '22023 argument "service_mode" is "phone"'),
	($$'basic', 'spend >= 1'$$, '22P02 ');
SELECT is(left(pg_temp.refusal(format('SELECT custseg.set_tier(''shop'', %s)', arguments)), length(message)), message) FROM bad_tier;
SELECT is(pg_temp.tiers(), 'basic < bronze < silver < gold < top', 'what was refused has changed nothing');
SELECT matches(pg_temp.hint($$SELECT custseg.set_tier('shop', 'x', 'spendings >= 5')$$), '^The measures are .*spend, spend_score, tenure');
SELECT is(pg_temp.hint($$SELECT custseg.set_tier('shop', 'x', 'spend >= 5000', place => 7)$$), 'It must be from 1, the lowest, to 6.');
SELECT is(pg_temp.refusal($$SELECT custseg.set_option('shop', 'validity', '100 years 1 hour')$$),
	'22023 option "validity" cannot be "100 years 1 hour"');
SELECT is(pg_temp.refusal($$SELECT custseg.drop_tier('shop', 'x')$$), '42704 portfolio "shop" has no tier "x"');
SELECT matches(pg_temp.hint($$SELECT custseg.drop_tier('shop', 'x')$$), 'basic, bronze, silver, gold, top');
SELECT is(pg_temp.refusal($$SELECT custseg.drop_tier('shop', NULL)$$), '22004 argument "tier" must not be null');
SELECT matches(pg_temp.refusal($$SELECT custseg.drop_tier('shop', 'basic')$$), '^22P02 ', 'the lowest tier has no rule, the next one has');
-- A measure that a rule uses, and a rule that needs the score.
SELECT custseg.set_measure('shop', 'year_spend', 'spend', 'rolling 12 months');
SELECT custseg.set_tier('shop', 'top', 'year_spend >= 1000 and spend >= 900');
SELECT is(pg_temp.refusal($$SELECT custseg.drop_measure('shop', 'year_spend')$$),
	'2BP01 measure "year_spend" is used by rule "enter" of tier "top"');
SELECT custseg.set_tier('shop', 'top', 'score >= 5 and spend >= 900');
SELECT custseg.drop_component('shop', 'frequency'), custseg.drop_component('shop', 'loyalty');
SELECT is(pg_temp.refusal($$SELECT custseg.drop_component('shop', 'spend')$$),
	'22023 rule "enter" of tier "top" uses the score, but there is no component with a weight');
SELECT is(pg_temp.refusal($$SELECT custseg.set_component('shop', 'spend', 0)$$),
	'22023 rule "enter" of tier "top" uses the score, but there is no component with a weight');
SELECT custseg.set_tier('shop', 'top', 'spend >= 1000');

-- --- dropped: its customers enter again ---
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-02-29')$$);
SELECT is(pg_temp.who(), 'basic 1 2, top 10, bronze 3, silver 4 5 6 7, gold 8 9', 'who moved up');
SELECT lives_ok($$SELECT custseg.drop_tier('shop', 'silver')$$);
SELECT is(pg_temp.who(), 'basic 1 2, top 10, bronze 3, silver 4 5 6 7, gold 8 9', 'customers move at the next run');
SELECT results_eq($$SELECT transition, from_class, to_class, customers FROM custseg.refresh('shop', '2024-03-31') WHERE dimension = 'tier'$$,
	$$VALUES ('enter', 'silver', 'bronze', 4::bigint)$$);
SELECT is(pg_temp.who(), 'basic 1 2, top 10, bronze 3 4 5 6 7, gold 8 9', 'the customers of a dropped tier enter another');
SELECT is((SELECT string_agg(class || ' ' || since || ' ' || coalesce(until::text, '-'), ', ' ORDER BY since) FROM tiers_shop.membership
	WHERE customer_id = 4 AND dimension = 'tier'), 'silver 2024-01-31 2024-03-31, bronze 2024-03-31 -', 'the history keeps its name');

-- --- renamed: with its history ---
SELECT lives_ok($$SELECT custseg.rename_tier('shop', 'gold', 'platinum')$$);
SELECT is(pg_temp.tiers(), 'basic < bronze < platinum < top');
SELECT is(pg_temp.who(), 'basic 1 2, top 10, bronze 3 4 5 6 7, platinum 8 9', 'customers have the new name at once');
SELECT is((SELECT string_agg(class || ' ' || since || ' ' || coalesce(until::text, '-'), ', ' ORDER BY since) FROM tiers_shop.membership
	WHERE customer_id = 10 AND dimension = 'tier'), 'platinum 2024-01-31 2024-02-29, top 2024-02-29 -', 'and closed intervals too');
SELECT is((SELECT string_agg(coalesce(from_tier, '-') || ' ' || tier, ', ' ORDER BY as_of) FROM tiers_shop.tier_transition
	WHERE customer_id = 10), '- platinum, platinum top', 'and transitions');
SELECT is((SELECT sum(customers) FROM tiers_shop.class_count WHERE class = 'platinum'), 7::numeric, 'and counts');
SELECT is_empty($$SELECT * FROM custseg.refresh('shop', '2024-04-30') WHERE dimension = 'tier'$$, 'nobody moves for it');
SELECT is(pg_temp.refusal($$SELECT custseg.rename_tier('shop', 'gold', 'x')$$), '42704 portfolio "shop" has no tier "gold"');
SELECT is(pg_temp.refusal($$SELECT custseg.rename_tier('shop', 'top', 'bronze')$$),
	'42710 argument "new_name": portfolio "shop" has, or had, a tier "bronze"');
SELECT is(pg_temp.refusal($$SELECT custseg.rename_tier('shop', 'top', 'silver')$$),
	'42710 argument "new_name": portfolio "shop" has, or had, a tier "silver"', 'a dropped tier is in the history');
SELECT is(pg_temp.refusal($$SELECT custseg.rename_tier('shop', 'top', NULL)$$), '22004 argument "new_name" must not be null');
SELECT lives_ok($$SELECT custseg.rename_tier('shop', 'top', 'top')$$, 'the same name changes nothing');

-- --- overrides ---
SELECT is(custseg.set_override('shop', 1, 'pin', 'top', reason => 'founder''s friend'), 1::bigint);
SELECT is(custseg.set_override('shop', '2', 'floor', 'bronze', valid_until => '2024-06-01', reason => 'trial'), 2::bigint);
SELECT is(custseg.set_override('shop', 3::smallint, 'exclude', reason => 'competitor'), 3::bigint);
SELECT is(custseg.set_override('shop', 4, 'pin', 'top', '2024-07-01', '2024-08-01', 'july'), 4::bigint);
SELECT is(custseg.set_override('shop', 4, 'pin', 'platinum', '2024-08-01', '2024-09-01', 'august'), 5::bigint, 'pins may follow each other');
SELECT is(custseg.set_override('shop', 4, 'pin', 'platinum', '2024-08-10', '2024-08-20', 'again'), 6::bigint, 'and overlap for one tier');
SELECT is((SELECT string_agg(DISTINCT author, ' ') FROM tiers_shop.override), session_user::text, 'the author is the session''s user');
SELECT is(pg_temp.who(), 'basic 1 2, top 10, bronze 3 4 5 6 7, platinum 8 9', 'customers move at the next run');
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-05-31')$$);
SELECT is(pg_temp.who(), 'top 1 10, bronze 2 4 5 6 7, - 3, platinum 8 9', 'pin, floor and exclude');

CREATE TEMPORARY TABLE bad_override (arguments text, message text);
INSERT INTO bad_override VALUES
	($$99, 'pin', 'top', reason => 'x'$$, '42704 portfolio "shop" has no customer "99"'),
	($$'mr x', 'pin', 'top', reason => 'x'$$, '22023 argument "customer" is "mr x", which is not of type bigint'),
	($$NULL::bigint, 'pin', 'top', reason => 'x'$$, '22004 argument "customer" must not be null'),
	($$gen_random_uuid(), 'pin', 'top', reason => 'x'$$, '22023 argument "customer" is '),
	($$5, 'pinned', 'top', reason => 'x'$$, '22023 argument "kind" is "pinned"'),
	($$5, NULL, 'top', reason => 'x'$$, '22004 argument "kind" must not be null'),
	($$5, 'pin', 'silver', reason => 'x'$$, '42704 portfolio "shop" has no tier "silver"'),
	($$5, 'pin', reason => 'x'$$, '22004 argument "tier" must not be null'),
	($$5, 'exclude', 'top', reason => 'x'$$, '22023 argument "tier" is "top", but kind is exclude'),
	($$5, 'pin', 'top'$$, '22004 argument "reason" must be given'),
	($$5, 'pin', 'top', reason => ' '$$, '22004 argument "reason" must be given'),
	($$5, 'pin', 'top', '2024-07-01', '2024-07-01', 'x'$$, '22023 arguments "valid_from" and "valid_until" are 2024-07-01 and 2024-07-01'),
	($$5, 'pin', 'top', valid_until => 'infinity', reason => 'x'$$, '22023 arguments "valid_from" and "valid_until" are null and infinity'),
	($$1, 'pin', 'basic', reason => 'x'$$, '22023 customer "1" is pinned to tier "top" already, from ever until further notice'),
	($$4, 'pin', 'basic', '2024-07-31', '2024-08-01', 'x'$$, '22023 customer "4" is pinned to tier "top" already, from 2024-07-01 until 2024-08-01'),
	($$4, 'pin', 'basic', reason => 'x'$$, '22023 customer "4" is pinned to tier "top" already');
SELECT is(left(pg_temp.refusal(format('SELECT custseg.set_override(''shop'', %s)', arguments)), length(message)), message) FROM bad_override;
SELECT is(pg_temp.refusal($$SELECT custseg.drop_tier('shop', 'top')$$), '2BP01 tier "top" is named by override 1, 4');
SELECT is(pg_temp.refusal($$SELECT custseg.set_tiers('shop', '{"tiers": [{"tier": "basic"}]}')$$), '2BP01 tier "platinum" is named by override 5, 6',
	'that of bronze ends with the next run');
SELECT lives_ok($$SELECT custseg.rename_tier('shop', 'top', 'summit')$$);
SELECT is((SELECT string_agg(override_id::text, ' ' ORDER BY override_id) FROM tiers_shop.override WHERE tier = 'summit'), '1 4',
	'overrides are renamed with the tier');

SELECT lives_ok($$SELECT custseg.end_override('shop', 1)$$);
SELECT is((SELECT valid_until FROM tiers_shop.override WHERE override_id = 1), '2024-06-01'::date, 'ended by the day of the next run');
SELECT lives_ok($$SELECT custseg.end_override('shop', 1)$$, 'ending it again changes nothing');
SELECT lives_ok($$SELECT custseg.end_override('shop', 4, '2024-07-15')$$);
SELECT lives_ok($$SELECT custseg.end_override('shop', 5)$$);
SELECT is((SELECT string_agg(override_id || ' ' || coalesce(valid_until::text, '-'), ', ' ORDER BY override_id) FROM tiers_shop.override),
	'1 2024-06-01, 2 2024-06-01, 3 -, 4 2024-07-15, 6 2024-08-20', 'one that was never in force is gone');
SELECT is(pg_temp.refusal($$SELECT custseg.end_override('shop', 77)$$), '42704 portfolio "shop" has no override 77');
SELECT is(pg_temp.refusal($$SELECT custseg.end_override('shop', NULL)$$), '42704 portfolio "shop" has no override null');
SELECT is(pg_temp.refusal($$SELECT custseg.end_override('shop', 1, '2025-01-01')$$),
	'22023 argument "until" is 2025-01-01, but override 1 ends on 2024-06-01');
SELECT lives_ok($$SELECT custseg.end_override('shop', 4)$$);
SELECT lives_ok($$SELECT custseg.drop_tier('shop', 'summit')$$, 'an override that has ended does not hold its tier');
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-06-30')$$);
SELECT is(pg_temp.who(), 'basic 1 2, - 3, bronze 4 5 6 7, platinum 8 9 10', 'nor stop a run');

-- A customer that only the orders know yet; one that was merged; keys of other types.
INSERT INTO tiers_orders VALUES (11, '2024-07-01', 5);
SELECT lives_ok($$SELECT custseg.set_override('shop', 11, 'floor', 'bronze', reason => 'new')$$);
INSERT INTO tiers_shop.customer_alias (from_id, to_id) VALUES (9, 10);
SELECT is(pg_temp.refusal($$SELECT custseg.set_override('shop', 9, 'floor', 'bronze', reason => 'x')$$),
	'22023 customer "9" was merged into "10"');
CREATE TABLE tiers_uuid AS SELECT '6f1c0b1e-0000-4000-8000-00000000000a'::uuid AS customer, date '2024-01-01' AS day, 1 AS amount;
SELECT custseg.create_portfolio('uuids', 'tiers_uuid', 'customer', 'day', 'amount', schema_name => 'tiers_uuids');
SELECT lives_ok($$SELECT custseg.set_override('uuids', '6F1C0B1E-0000-4000-8000-00000000000A'::uuid, 'pin', 'vip', reason => 'x')$$);
SELECT lives_ok($$SELECT custseg.set_override('uuids', '6F1C0B1E-0000-4000-8000-00000000000A', 'pin', 'vip', reason => 'x')$$);
SELECT is(pg_temp.refusal($$SELECT custseg.set_override('uuids', 7, 'pin', 'vip', reason => 'x')$$), '22023 argument "customer" is "7", which is not of type uuid');
CREATE TABLE tiers_text AS SELECT 'x''; DROP'::text AS customer, date '2024-01-01' AS day, 1 AS amount;
SELECT custseg.create_portfolio('texts', 'tiers_text', 'customer', 'day', 'amount', schema_name => 'tiers_texts');
SELECT lives_ok($$SELECT custseg.set_override('texts', 'x''; DROP', 'pin', 'vip', reason => 'x')$$);
SELECT is(pg_temp.refusal(format('SELECT custseg.set_override(''texts'', %L, ''exclude'', reason => ''x'')', repeat('x', 10000))),
	format('42704 portfolio "texts" has no customer "%s"', repeat('x', 100)));

SELECT * FROM finish();
ROLLBACK;
