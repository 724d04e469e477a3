-- Declarations of a portfolio: options, measures, components, tiers, overrides. What each setter changes, what it refuses,
-- and with which words. The owner is an ordinary role.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL client_min_messages = error;
-- The statements are many and small.
SET LOCAL jit = off;

SELECT * FROM no_plan();

CREATE ROLE declare_owner;
CREATE ROLE declare_other;
SELECT format('GRANT CREATE ON DATABASE %I TO declare_owner', current_database()) \gexec
GRANT USAGE, CREATE ON SCHEMA public TO declare_owner;
GRANT USAGE ON SCHEMA public TO declare_other;
SELECT custseg.grant_portfolios('declare_owner');
SELECT custseg.grant_portfolios('declare_other');

SET ROLE declare_owner;
-- 60 customers; i has i orders of 10 * i, the last ones in June 2024.
CREATE TABLE declare_orders AS
SELECT i::bigint AS customer, date '2024-06-30' - (i + 3 * j) AS day, 10.0::numeric * i AS amount
FROM generate_series(1, 60) AS i, generate_series(1, i) AS j;
SELECT custseg.create_portfolio('shop', 'public.declare_orders', 'customer', 'day', 'amount', schema_name => 'declare_shop');

-- SQLSTATE and message of an error, and its hint.
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

-- --- options ---
SELECT is_empty($$SELECT o.name FROM custseg.portfolio_options() AS o, custseg._option_kind(o.name) AS k WHERE k.kind IS NULL$$,
	'each option has a kind of value');
SELECT is_empty($$SELECT o.name FROM custseg.portfolio_options() AS o
	WHERE custseg._check_option(o.name, o."default") IS DISTINCT FROM o."default"$$, 'each default is a value of its option');
SELECT lives_ok($$SELECT custseg.set_option('shop', 'refit', '2 months')$$);
SELECT is(custseg._option('shop', 'refit'), '2 months', 'an option is set');
SELECT lives_ok($$SELECT custseg.set_option('shop', 'refit', '0 days')$$);
SELECT is(custseg._option('shop', 'refit'), '0 days', 'and changed');
SELECT lives_ok($$SELECT custseg.set_option('shop', 'refit', NULL)$$);
SELECT is(custseg._option('shop', 'refit'), '1 month', 'and put back to its default');
SELECT is_empty($$SELECT FROM declare_shop.setting WHERE name = 'refit'$$, 'which leaves no row');
SELECT lives_ok($$SELECT custseg.set_option('shop', 'discount', ' 1.5e-1 ')$$);
SELECT is(custseg._option('shop', 'discount'), '0.15', 'numbers are kept in one form');
SELECT is_empty($$SELECT o.name FROM custseg.portfolio_options() AS o WHERE custseg._check_option(o.name, NULL) IS NOT NULL$$,
	'each option can be put back');
SELECT lives_ok($$SELECT custseg.set_option('shop', 'discount', NULL)$$);

CREATE TEMPORARY TABLE bad_option (option text, value text, message text);
INSERT INTO bad_option VALUES
	('colour', 'red', '42704 there is no option "colour"'),
	('', 'red', '22023 argument "option" is ""'),
	(NULL, 'red', '22004 argument "option" must not be null'),
	('segmentation', 'standard_12', '22023 option "segmentation" cannot be "standard_12"'),
	('segmentation', '', '22023 option "segmentation" cannot be ""'),
	('refit', '', '22023 option "refit" cannot be ""'),
	('refit', 'monthly', '22023 option "refit" cannot be "monthly"'),
	('refit', '-1 month', '22023 option "refit" cannot be "-1 month"'),
	('refit', '36 hours', '22023 option "refit" cannot be "36 hours"'),
	('keep_runs', '1 month 1 minute', '22023 option "keep_runs" cannot be "1 month 1 minute"'),
	('lifetime', 'sbg', '22023 option "lifetime" cannot be "sbg"'),
	('horizon', '0', '22023 option "horizon" cannot be "0"'),
	('horizon', '30.5', '22023 option "horizon" cannot be "30.5"'),
	('horizon', '1); DROP TABLE x; --', '22023 option "horizon" cannot be "1); DROP TABLE x; --"'),
	('discount', 'NaN', '22023 option "discount" cannot be "NaN"'),
	('discount', '-0.1', '22023 option "discount" cannot be "-0.1"'),
	('margin_rate', '1.01', '22023 option "margin_rate" cannot be "1.01"'),
	('missing', 'drop', '22023 option "missing" cannot be "drop"'),
	('downgrade', 'two_steps', '22023 option "downgrade" cannot be "two_steps"'),
	('stay', 'for ever', '22023 option "stay" cannot be "for ever"'),
	('keep_scores', 'on', '22023 option "keep_scores" cannot be "on"');
SELECT is(pg_temp.refusal(format('SELECT custseg.set_option(''shop'', %L, %L)', option, value)), message)
FROM bad_option;
SELECT matches(pg_temp.hint($$SELECT custseg.set_option('shop', 'colour', 'red')$$), '^The options are segmentation, refit, .*keep_runs');
SELECT is(pg_temp.hint($$SELECT custseg.set_option('shop', 'lifetime', 'sbg')$$), 'It must be one of bgnbd, mbgnbd, pareto_nbd, none.');
SELECT is(pg_temp.hint($$SELECT custseg.set_option('shop', 'horizon', '0')$$), 'It must be a whole number from 1 to 36500.');
SELECT matches(pg_temp.hint($$SELECT custseg.set_option('shop', 'stay', 'x')$$), 'whole days, months and years, such as 3 months, or empty');
SELECT is(pg_temp.refusal($$SELECT custseg.set_option('none', 'refit', '1 day')$$), '42704 portfolio "none" does not exist');
SELECT is(pg_temp.refusal($$SELECT custseg.set_option(NULL, 'refit', '1 day')$$), '22004 argument "portfolio" must not be NULL');
-- A segmentation must cover its cells. Only who may write the table can make one.
RESET ROLE;
INSERT INTO custseg.segmentation (name, f_classes) VALUES ('holes', 2);
INSERT INTO custseg.segment_rule (segmentation, position, segment, f_min, f_max) VALUES ('holes', 1, 'low', 1, 1);
SET ROLE declare_owner;
SELECT is(pg_temp.refusal($$SELECT custseg.set_option('shop', 'segmentation', 'holes')$$), '22023 segmentation "holes" has 1 cells without a rule');
SELECT lives_ok($$SELECT custseg.set_option('shop', 'segmentation', 'none')$$);
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-06-30')$$);
SELECT is((SELECT count(segment) FROM declare_shop.current_customers), 0::bigint, 'no segmentation, no segments');
SELECT lives_ok($$SELECT custseg.set_option('shop', 'segmentation', 'rf_10')$$);
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-06-30')$$);
SELECT is((SELECT count(*) FROM declare_shop.current_customers WHERE segment IS NULL OR m IS NOT NULL), 0::bigint, 'another segmentation');

-- --- measures ---
SELECT lives_ok($$SELECT custseg.set_measure('shop', 'year_spend', 'spend', 'rolling 12 months', description => 'spend of a year')$$);
SELECT lives_ok($$SELECT custseg.set_measure('shop', 'month_spend', 'spend', "window" => 'month')$$);
SELECT lives_ok($$SELECT custseg.set_measure('shop', 'year_orders', 'orders', 'rolling 12 months')$$);
SELECT lives_ok($$SELECT custseg.set_measure('shop', 'all_spend', 'spend', 'lifetime')$$);
SELECT results_eq($$SELECT measure, kind, "window", description FROM declare_shop.measure WHERE measure <> 'loyalty' ORDER BY 1$$,
	$$VALUES ('all_spend', 'spend', NULL::text, NULL::text), ('month_spend', 'spend', 'month', NULL),
		('year_orders', 'orders', 'rolling 12 months', NULL), ('year_spend', 'spend', 'rolling 12 months', 'spend of a year')$$);
SELECT results_eq('SELECT position, "window" FROM declare_shop.measure_window ORDER BY 1',
	$$VALUES (1, 'rolling 12 months'), (2, 'month')$$, 'each window has one place');
SELECT lives_ok($$SELECT custseg.drop_measure('shop', 'month_spend')$$);
SELECT lives_ok($$SELECT custseg.set_measure('shop', 'quarter_spend', 'spend', 'quarter')$$);
SELECT lives_ok($$SELECT custseg.set_measure('shop', 'one_spend', 'spend', 'rolling 1 months')$$);
SELECT results_eq('SELECT position, "window" FROM declare_shop.measure_window ORDER BY 1',
	$$VALUES (1, 'rolling 12 months'), (2, 'month'), (3, 'quarter'), (4, 'rolling 1 month')$$, 'which no other window gets');

SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', 'x', 'spending')$$), '22023 argument "kind" of measure "x" is "spending"');
SELECT matches(pg_temp.hint($$SELECT custseg.set_measure('shop', 'x', 'spending')$$), '^The kinds are spend, orders, ');
SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', 'x', NULL)$$), '22004 argument "kind" must not be null');
SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', NULL, 'spend')$$), '22004 argument "measure" must not be null');
SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', '', 'spend')$$), '22023 argument "measure" is ""');
SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', 'spend', 'spend', 'month')$$),
	'42710 measure "spend" is there already by that name');
SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', 'score', 'spend')$$), '42710 measure "score" is there already by that name');
SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', 'x', 'spend', 'rolling 0 months')$$), '22023 there is no window "rolling 0 months"');
SELECT matches(pg_temp.refusal($$SELECT custseg.set_measure('shop', 'x', 'spend', 'anniversary')$$), '^22023 .*anniversary');
SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', 'x', 'clv', 'month')$$),
	'22023 measure "x" of kind "clv" cannot have the window "month"');
SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', 'x', 'spend', filter => 'true')$$),
	'22023 measure "x" of kind "spend" cannot have a filter');
SELECT is(pg_temp.refusal($$SELECT custseg.set_measure('shop', 'spend_score', 'spend')$$),
	'42710 argument "score_name" of component "spend" is "spend_score", which is a measure already');
SELECT is(pg_temp.refusal($$SELECT custseg.drop_measure('shop', 'x')$$), '42704 portfolio "shop" has no measure "x" of its own');
SELECT is(pg_temp.refusal($$SELECT custseg.drop_measure('shop', 'loyalty')$$), '2BP01 measure "loyalty" is used by component "loyalty"');

-- --- components ---
SELECT results_eq('SELECT position, measure, score_name, classes FROM declare_shop.component ORDER BY 1',
	$$VALUES (1, 'spend', 'spend_score', 5), (2, 'frequency', 'frequency_score', 5), (3, 'loyalty', 'loyalty_score', 5)$$,
	'the template''s components');
SELECT lives_ok($$SELECT custseg.set_component('shop', 'recency', 0.5, 'quantile', true, 4, part => 'need')$$);
SELECT lives_ok($$SELECT custseg.set_component('shop', 'average_order', method => 'breaks', breaks => '{100,200.5}')$$);
SELECT lives_ok($$SELECT custseg.set_component('shop', 'year_spend', method => 'abc', score_name => 'class')$$);
SELECT lives_ok($$SELECT custseg.set_component('shop', 'margin', 0, 'zscore')$$);
SELECT results_eq('SELECT position, measure, weight, method, descending, classes, breaks, shares, score_name, part
	FROM declare_shop.component WHERE position > 3 ORDER BY 1',
	$$VALUES (4, 'recency', 0.5::float8, 'quantile', true, 4, NULL::float8[], NULL::float8[], 'recency_score', 'need'),
		(5, 'average_order', 1, 'breaks', false, NULL, '{100,200.5}', NULL, 'average_order_score', 'value'),
		(6, 'year_spend', 1, 'abc', false, NULL, NULL, '{0.8,0.95}', 'class', 'value'),
		(7, 'margin', 0, 'zscore', false, NULL, NULL, NULL, 'margin_score', 'value')$$, 'further components');
SELECT lives_ok($$SELECT custseg.set_component('shop', 'recency', 2, 'natural', descending => true)$$);
SELECT is((SELECT c::text FROM declare_shop.component AS c WHERE measure = 'recency'),
	'(recency,4,2,natural,t,5,,,recency_score,value)', 'a component is declared anew as a whole, and keeps its place');
SELECT lives_ok($$SELECT custseg.drop_component('shop', 'average_order')$$);
SELECT lives_ok($$SELECT custseg.drop_component('shop', 'year_spend')$$);
SELECT results_eq('SELECT position FROM declare_shop.component ORDER BY 1', 'VALUES (1), (2), (3), (4), (7)', 'the others keep their places');
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-06-30')$$);
SELECT is_empty('SELECT FROM declare_shop.customer WHERE cardinality(classes) <> 7 OR num_nulls(classes[4]) > 0
	OR num_nonnulls(classes[5], classes[6], classes[7]) > 0', 'classes are stored by position');
SELECT is((SELECT measures -> 'recency_score' FROM declare_shop.customer_measures WHERE customer_id = 1), '5', 'the views follow');

CREATE TEMPORARY TABLE bad_component (arguments text, message text);
INSERT INTO bad_component VALUES
	($$'spendings'$$, '22023 component "spendings": unknown measure "spendings"'),
	($$NULL$$, '22004 argument "measure" must not be null'),
	($$'orders', -1$$, '22023 argument "weight" of component "orders" is -1'),
	($$'orders', 'NaN'$$, '22023 argument "weight" of component "orders" is NaN'),
	($$'orders', 'Infinity'$$, '22023 argument "weight" of component "orders" is Infinity'),
	($$'orders', method => 'balance'$$, '22023 argument "method" is "balance"'),
	($$'orders', classes => 1$$, '22023 argument "classes" of component "orders" is 1'),
	($$'orders', classes => 1001$$, '22023 argument "classes" of component "orders" is 1001'),
	($$'orders', part => 'wish'$$, '22023 argument "part" is "wish"'),
	($$'orders', method => 'breaks'$$, '22023 argument "breaks" of component "orders" is null'),
	($$'orders', method => 'breaks', breaks => '{}'$$, '22023 argument "breaks" of component "orders" is {}'),
	($$'orders', method => 'breaks', breaks => '{2,1}'$$, '22023 argument "breaks" of component "orders" is {2,1}'),
	($$'orders', method => 'breaks', breaks => '{1,1}'$$, '22023 argument "breaks" of component "orders" is {1,1}'),
	($$'orders', method => 'breaks', breaks => '{1,NULL}'$$, '22023 argument "breaks" of component "orders" is {1,NULL}'),
	($$'orders', method => 'breaks', breaks => '{1,NaN}'$$, '22023 argument "breaks" of component "orders" is {1,NaN}'),
	($$'orders', method => 'breaks', breaks => '{{1,2},{3,4}}'$$, '22023 argument "breaks" of component "orders" is {{1,2},{3,4}}'),
	($$'orders', breaks => '{1}'$$, '22023 component "orders" with method "balanced" cannot have breaks'),
	($$'orders', method => 'abc', shares => '{0.8,1}'$$, '22023 argument "shares" of component "orders" is {0.8,1}'),
	($$'orders', shares => '{0.8}'$$, '22023 component "orders" with method "balanced" cannot have shares'),
	($$'orders', score_name => ''$$, '22023 argument "score_name" is ""'),
	($$'orders', score_name => 'spend'$$, '42710 argument "score_name" of component "orders" is "spend", which is a measure already'),
	($$'orders', score_name => 'spend_score'$$, '42710 section "components": duplicate key value violates unique constraint'),
	($$'orders', score_name => 'r'$$, '42710 argument "score_name" of component "orders" is "r", which is a measure already'),
	($$'score'$$, '22023 component "score" is a score itself'),
	($$'spend_score'$$, '22023 component "spend_score" is a score itself'),
	($$'r'$$, '22023 component "r" with method "balanced": r, f and m are classes already');
SELECT is(left(pg_temp.refusal(format('SELECT custseg.set_component(''shop'', %s)', arguments)), length(message)), message) FROM bad_component;
SELECT is(pg_temp.refusal($$SELECT custseg.drop_component('shop', 'spend')$$),
	'2BP01 score "spend_score" is used by rule "enter" of tier "regular", rule "keep" of tier "regular", rule "enter" of tier "vip", rule "keep" of tier "vip"');
SELECT is(pg_temp.refusal($$SELECT custseg.set_component('shop', 'spend', score_name => 'money')$$),
	'22023 rule "enter" of tier "regular": unknown measure "spend_score"');
SELECT is(pg_temp.refusal($$SELECT custseg.drop_component('shop', 'orders')$$), '42704 portfolio "shop" has no component "orders"');

-- A measure that needs a model, and no model.
SELECT lives_ok($$SELECT custseg.set_component('shop', 'clv')$$);
SELECT is(pg_temp.refusal($$SELECT custseg.set_option('shop', 'lifetime', 'none')$$),
	'22023 component "clv": measure "clv" needs a model of purchases, but option "lifetime" is none');
SELECT lives_ok($$SELECT custseg.drop_component('shop', 'clv')$$);
SELECT lives_ok($$SELECT custseg.set_option('shop', 'lifetime', 'none')$$);
SELECT is(pg_temp.refusal($$SELECT custseg.set_component('shop', 'clv')$$),
	'22023 component "clv": measure "clv" needs a model of purchases, but option "lifetime" is none');
SELECT is(pg_temp.refusal($$SELECT custseg.set_tier('shop', 'x', 'p_alive > 0.5')$$),
	'22023 rule "enter" of tier "x": measure "p_alive" needs a model of purchases, but option "lifetime" is none');
SELECT lives_ok($$SELECT custseg.set_option('shop', 'lifetime', NULL)$$);

-- --- rights ---
RESET ROLE;
SET ROLE declare_other;
SELECT is(pg_temp.refusal(format('SELECT custseg.%s', call)), '42501 permission denied for portfolio "shop"', call)
FROM (VALUES ($$set_option('shop', 'refit', '1 day')$$), ($$set_measure('shop', 'x', 'spend')$$), ($$drop_measure('shop', 'x')$$),
	($$set_component('shop', 'spend')$$), ($$drop_component('shop', 'spend')$$), ($$set_tier('shop', 'x')$$), ($$drop_tier('shop', 'x')$$),
	($$rename_tier('shop', 'vip', 'x')$$), ($$set_tiers('shop', custseg.tier_policy_template('abc'))$$),
	($$set_override('shop', 1, 'exclude', reason => 'x')$$), ($$end_override('shop', 1)$$), ($$export_portfolio('shop')$$),
	($$import_portfolio('shop', '{}')$$), ($$what_if('shop', '{}')$$)) AS v (call);
RESET ROLE;

-- --- a hostile name ---
SELECT lives_ok($$SELECT custseg.create_portfolio('x''; DROP TABLE declare_orders; --"', 'public.declare_orders', 'customer', 'day', 'amount')$$);
SELECT lives_ok($$SELECT custseg.set_measure('x''; DROP TABLE declare_orders; --"', 'a''"; --', 'spend', 'month')$$);
SELECT lives_ok($$SELECT custseg.set_component('x''; DROP TABLE declare_orders; --"', 'a''"; --', score_name => 's''"; %s')$$);
SELECT lives_ok($$SELECT custseg.set_tier('x''; DROP TABLE declare_orders; --"', 't''"; %L', 'spend_score >= 5 and frequency_score >= 5 and loyalty_score >= 5')$$);
SELECT lives_ok($$SELECT * FROM custseg.refresh('x''; DROP TABLE declare_orders; --"', '2024-06-30')$$);
SELECT is((SELECT count(*) FROM declare_orders), 1830::bigint, 'is just a name');

SELECT * FROM finish();
ROLLBACK;
