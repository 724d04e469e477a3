-- The declarations of a portfolio as a document: export, import, and the versions that runs keep of them.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL client_min_messages = error;
-- The statements are many and small.
SET LOCAL jit = off;

SELECT * FROM no_plan();

CREATE TABLE export_orders AS
SELECT i::bigint AS customer, date '2024-06-30' - (i + 3 * j) AS day, 10.0::numeric * i AS amount
FROM generate_series(1, 30) AS i, generate_series(1, i) AS j;
CREATE FUNCTION pg_temp.refusal(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- What importing a document is refused with: the export of shop with a part changed.
CREATE FUNCTION pg_temp.import(changes jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.refusal(format('SELECT custseg.import_portfolio(''shop'', %L)', custseg.export_portfolio('shop') || changes))
$$;

-- --- templates ---
CREATE TEMPORARY TABLE template (name text, components text, options jsonb);
INSERT INTO template VALUES
	('vip_regular_potential', 'spend balanced 5, frequency balanced 5, loyalty balanced 5', '{"stay": "3 months", "grace": "30 days"}'),
	('abc', 'spend abc', '{"stay": "3 months", "grace": "30 days"}'),
	('high_medium_low', 'spend balanced 5', '{"stay": "3 months", "grace": "30 days"}'),
	('quick_start', 'frequency balanced 5, spend balanced 5', '{"grace": "30 days"}');
SELECT custseg.create_portfolio(name, 'export_orders', 'customer', 'day', 'amount', template => name, schema_name => 'export_' || name) FROM template;
CREATE FUNCTION pg_temp.components(schema_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT string_agg(concat_ws('' '', measure, method, classes), '', '' ORDER BY position) FROM %I.component', schema_name) INTO result;
	RETURN result;
END $$;
SELECT is(pg_temp.components('export_' || name), components, name) FROM template;
SELECT is(custseg.export_portfolio(name) -> 'options', options, name) FROM template;
SELECT is(custseg._portfolio_policy(name)::text, custseg.tier_policy_template(name)::text, name) FROM template;
SELECT is(pg_temp.refusal($$SELECT custseg.create_portfolio('x', 'export_orders', 'customer', 'day', 'amount', template => 'gold')$$),
	'22023 there is no tier policy template "gold"');

-- --- export ---
SELECT custseg.create_portfolio('shop', 'export_orders', 'customer', 'day', 'amount', schema_name => 'export_shop');
SELECT is(custseg.export_portfolio('shop'), '{"custseg": 1,
	"options": {"stay": "3 months", "grace": "30 days"},
	"measures": [{"measure": "loyalty", "kind": "active_months", "description": "calendar months with a purchase"}],
	"components": [
		{"measure": "frequency", "weight": 1, "method": "balanced", "descending": false, "classes": 5, "score_name": "frequency_score", "part": "value"},
		{"measure": "loyalty", "weight": 1, "method": "balanced", "descending": false, "classes": 5, "score_name": "loyalty_score", "part": "value"},
		{"measure": "spend", "weight": 1, "method": "balanced", "descending": false, "classes": 5, "score_name": "spend_score", "part": "value"}],
	"tiers": [{"tier": "potential"},
		{"tier": "regular", "enter": "any 2 of (spend_score >= 3, frequency_score >= 3, loyalty_score >= 3)",
		 "keep": "any 2 of (spend_score >= 2, frequency_score >= 2, loyalty_score >= 2)"},
		{"tier": "vip", "enter": "spend_score >= 4 and frequency_score >= 4 and loyalty_score >= 4",
		 "keep": "spend_score >= 3 and frequency_score >= 3 and loyalty_score >= 3"}]}'::jsonb
	|| (SELECT coalesce(jsonb_object_agg(d.section, '[]'::jsonb), '{}') FROM custseg._declaration_tables() AS d
		WHERE d.section NOT IN ('measures', 'components', 'tiers')), 'the whole document of a new portfolio');
SELECT is_empty($$SELECT d.table_name FROM custseg._declaration_tables() AS d
	WHERE to_regclass('export_shop.' || quote_ident(d.table_name)) IS NULL$$, 'each section has its table');

-- A richer one.
SELECT custseg.set_option('shop', 'refit', '2 months'), custseg.set_option('shop', 'discount', '0.08');
SELECT custseg.set_measure('shop', 'year', 'spend', 'rolling 12 months'), custseg.set_measure('shop', 'odd "name"', 'orders', 'quarter');
SELECT custseg.set_component('shop', 'year', 0.1, 'breaks', breaks => '{1e-7,33.3,1e15}');
SELECT custseg.set_component('shop', 'odd "name"', 2.5, 'abc', shares => '{0.7,0.9}', score_name => 'odd', part => 'need');
SELECT custseg.set_component('shop', 'recency', 1, 'percentile', true);
SELECT custseg.drop_component('shop', 'recency');
SELECT custseg.set_tier('shop', 'top', 'spend_score >= 5 and loyalty_score >= 5 and frequency_score >= 5 and odd <= 1', stay => '1 year',
	service_mode => 'personal', note => 'the best');
SELECT custseg.set_tier('shop', 'new', 'spend_score >= 2 and tenure < 30', place => 2);
SELECT * FROM custseg.refresh('shop', '2024-06-30');
SELECT custseg.set_override('shop', 1, 'floor', 'regular', '2024-01-01', '2025-01-01', 'why not');
SELECT custseg.set_override('shop', 2, 'exclude', reason => 'gone');
CREATE TEMPORARY TABLE before AS SELECT custseg.export_portfolio('shop') AS document, custseg.export_portfolio('shop', true) AS all_of_it;
SELECT is(all_of_it - 'overrides', document, 'overrides are only where they are asked for') FROM before;
SELECT is(all_of_it -> 'overrides', format('[{"customer": "1", "kind": "floor", "tier": "regular", "valid_from": "2024-01-01",
	"valid_until": "2025-01-01", "reason": "why not", "author": %1$s}, {"customer": "2", "kind": "exclude", "reason": "gone", "author": %1$s}]',
	to_json(session_user::text))::jsonb, 'with what is said of them') FROM before;

-- --- import: the identity ---
CREATE TEMPORARY TABLE places AS SELECT measure, position FROM export_shop.component;
SELECT lives_ok('SELECT custseg.import_portfolio(''shop'', document) FROM before');
SELECT is(custseg.export_portfolio('shop', true), all_of_it, 'into itself') FROM before;
SELECT results_eq('SELECT measure, position FROM export_shop.component ORDER BY 1', 'SELECT measure, position FROM places ORDER BY 1',
	'components keep their places');
SELECT lives_ok('SELECT custseg.import_portfolio(''shop'', all_of_it) FROM before');
SELECT is(custseg.export_portfolio('shop', true), all_of_it, 'with overrides') FROM before;
SELECT lives_ok('SELECT custseg.import_portfolio(''quick_start'', all_of_it) FROM before');
SELECT is(custseg.export_portfolio('quick_start', true), all_of_it, 'into another portfolio') FROM before;
SELECT results_eq('SELECT position, "window" FROM export_quick_start.measure_window ORDER BY 1', $$VALUES (1, 'quarter'), (2, 'rolling 12 months')$$,
	'whose windows have places of their own');
SELECT lives_ok($$SELECT * FROM custseg.refresh('quick_start', '2024-06-30')$$);
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-06-30')$$);
SELECT is_empty($$SELECT customer_id, tier, score FROM export_quick_start.current_customers
	EXCEPT SELECT customer_id, tier, score FROM export_shop.current_customers$$, 'and which comes to the same');
-- What is not said is not declared, or at its default.
SELECT lives_ok($$SELECT custseg.import_portfolio('abc', '{"custseg": 1, "tiers": [{"tier": "all"}], "components": [{"measure": "spend", "weight": null}]}')$$);
SELECT is(custseg.export_portfolio('abc') - (SELECT array_agg(d.section) FROM custseg._declaration_tables() AS d WHERE d.section NOT IN ('tiers', 'components')),
	'{"custseg": 1, "options": {}, "tiers": [{"tier": "all"}], "components": [{"measure": "spend", "weight": 1, "method": "balanced",
		"descending": false, "classes": 5, "score_name": "spend_score", "part": "value"}]}', 'a short document');
-- Names of scores and places of tiers change hands.
SELECT lives_ok($$SELECT custseg.import_portfolio('quick_start', '{"custseg": 1, "overrides": [], "tiers": [{"tier": "all"}],
	"components": [{"measure": "spend", "score_name": "a"}, {"measure": "orders", "score_name": "b"}]}')$$);
SELECT lives_ok($$SELECT custseg.import_portfolio('quick_start', '{"custseg": 1, "tiers": [{"tier": "all"}, {"tier": "few", "enter": "a > 4"}],
	"components": [{"measure": "spend", "score_name": "b"}, {"measure": "orders", "score_name": "a"}]}')$$);
SELECT lives_ok($$SELECT custseg.import_portfolio('quick_start', '{"custseg": 1, "tiers": [{"tier": "few"}, {"tier": "all", "enter": "a > 4"}],
	"components": [{"measure": "spend", "score_name": "a"}, {"measure": "orders", "score_name": "b"}]}')$$);

-- --- import: refusals ---
CREATE TEMPORARY TABLE bad (changes jsonb, message text);
INSERT INTO bad VALUES
	('{"custseg": 2}', '22023 argument "document" has the format version 2'),
	('{"custseg": "1"}', '22023 argument "document" has the format version "1"'),
	('{"tier": [], "colours": 1}', '22023 argument "document" has the unknown key "tier", "colours"'),
	('{"options": []}', '22023 section "options" of the document is not an object'),
	('{"options": {"refit": "monthly"}}', '22023 option "refit" cannot be "monthly"'),
	('{"options": {"colour": "red"}}', '42704 there is no option "colour"'),
	('{"components": {}}', '22023 section "components" of the document is not an array'),
	('{"components": [1]}', '22023 section "components" of the document: 1 is not an object'),
	('{"components": [{"weight": 1}]}', '22023 section "components" of the document: "measure" is missing in {"weight": 1}'),
	('{"components": [{"measure": null}]}', '22023 section "components" of the document: "measure" is missing in {"measure": null}'),
	('{"components": [{"measure": "spend", "wait": 1}]}', '22023 section "components" of the document: unknown key "wait"'),
	('{"components": [{"measure": "spend", "position": 1}]}', '22023 section "components" of the document: unknown key "position"'),
	('{"components": [{"measure": "spend"}, {"measure": "spend"}]}', '22023 section "components" of the document: ["spend"] comes twice'),
	('{"components": [{"measure": "spend", "weight": "heavy"}]}',
		'22P02 section "components" of the document, ["spend"]: invalid input syntax for type double precision: "heavy"'),
	('{"components": [{"measure": "spend", "method": "best"}]}', '22023 argument "method" is "best"'),
	('{"components": [{"measure": "spend", "score_name": "a"}, {"measure": "orders", "score_name": "a"}]}',
		'42710 section "components": duplicate key value violates unique constraint "component_score_name_key"'),
	('{"components": []}', '22023 rule "enter" of tier "new": unknown measure "spend_score"'),
	('{"measures": []}', '22023 component "'),
	('{"measures": [{"measure": "x"}]}', '22004 argument "kind" must not be null'),
	('{"measures": [{"measure": "x", "kind": "spend", "window": "week"}]}', '22023 there is no window "week"'),
	('{"tiers": []}', '22P02 '),
	('{"tiers": [{"tier": "a", "enter": "spend > 1"}]}', '22P02 '),
	('{"tiers": [{"tier": "a"}, {"tier": "b", "enter": "spend > "}]}', '22P02 invalid condition of tier "b"'),
	('{"tiers": [{"tier": "a"}]}', '2BP01 tier "regular" is named by override '),
	('{"overrides": [{"customer": "77", "kind": "exclude", "reason": "x"}]}', '42704 portfolio "shop" has no customer "77"'),
	('{"overrides": [{"customer": "7", "kind": "exclude", "why": "x"}]}', '22023 section "overrides" of the document: unknown key "why"'),
	('{"overrides": [{"customer": "7", "kind": "pin", "tier": "no", "reason": "x"}]}', '42704 portfolio "shop" has no tier "no"');
SELECT is(left(pg_temp.import(changes), length(message)), message) FROM bad;
SELECT is(pg_temp.refusal($$SELECT custseg.import_portfolio('shop', NULL)$$), '22004 argument "document" must not be null');
SELECT is(pg_temp.refusal($$SELECT custseg.import_portfolio('shop', '[]')$$), '22023 argument "document" is not a JSON object');
SELECT is(pg_temp.refusal($$SELECT custseg.import_portfolio('shop', '{"tiers": [{"tier": "a"}]}')$$), '22023 argument "document" has no format version');
SELECT is(pg_temp.refusal($$SELECT custseg.export_portfolio('none')$$), '42704 portfolio "none" does not exist');
SELECT is(custseg.export_portfolio('shop', true), all_of_it, 'what was refused has changed nothing') FROM before;

-- --- versions ---
SELECT results_eq('SELECT version, since, changed FROM export_shop.criteria_log',
	$$SELECT 1, date '2024-06-30', array_agg(k ORDER BY k) FROM jsonb_object_keys((SELECT document FROM before)) AS k$$, 'the first version');
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-07-31')$$);
SELECT is((SELECT string_agg(as_of || ' ' || criteria_version, ', ' ORDER BY run_id) FROM export_shop.run),
	'2024-06-30 1, 2024-06-30 1, 2024-07-31 1', 'runs under the same declarations share a version');
SELECT custseg.set_option('shop', 'refit', NULL), custseg.set_component('shop', 'spend', 3);
SELECT custseg.set_option('shop', 'horizon', '30');
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-08-31')$$);
SELECT custseg.set_option('shop', 'horizon', '60');
SELECT custseg.set_option('shop', 'horizon', '30');
SELECT custseg.set_override('shop', 3, 'exclude', reason => 'no criterion');
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-09-30')$$);
SELECT results_eq('SELECT version, since, changed, author FROM export_shop.criteria_log WHERE version > 1',
	$$SELECT 2, date '2024-08-31', '{components,options}'::text[], session_user::text COLLATE "default"$$, 'changes between two runs make one version');
SELECT is((SELECT document FROM export_shop.criteria WHERE version = 2), custseg.export_portfolio('shop'), 'the document of a version is the export');
SELECT is((SELECT criteria_version FROM export_shop.run ORDER BY run_id DESC LIMIT 1), 2, 'a change that was taken back makes none');

SELECT * FROM finish();
ROLLBACK;
