-- what_if: a run under changed declarations that leaves nothing but its answer.
\set ON_ERROR_STOP 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL client_min_messages = error;
-- The statements are many and small.
SET LOCAL jit = off;

SELECT * FROM no_plan();

-- Customer i has spent 100 * i in January 2024; 1 to 10. In February 3 spends 300 more, in March 5 comes back for 500.
CREATE TABLE try_orders AS
SELECT i::bigint AS customer, date '2024-01-15' AS day, 100.0::numeric * i AS amount FROM generate_series(1, 10) AS i
UNION ALL VALUES (3, date '2024-02-10', 300), (5, '2024-03-10', 500);
SELECT custseg.create_portfolio('shop', 'try_orders', 'customer', 'day', 'amount', schema_name => 'try_shop');
SELECT custseg.import_portfolio('shop', '{"custseg": 1, "options": {"lifetime": "none", "segmentation": "none"},
	"components": [{"measure": "spend"}],
	"tiers": [{"tier": "basic"}, {"tier": "silver", "enter": "spend >= 400"}, {"tier": "gold", "enter": "spend >= 800"}]}');

CREATE FUNCTION pg_temp.refusal(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- "4 upgrade silver>gold, ..." with a * behind what comes also without the changes, and where that leads otherwise.
CREATE FUNCTION pg_temp.moves(changes jsonb, as_of date DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s %s %s>%s%s', w.customer_id, w.transition, coalesce(w.from_class, '-'), coalesce(w.to_class, '-'),
		CASE WHEN w.also_without THEN '*' ELSE ' (' || coalesce(w.without_class, '-') || ')' END), ', ' ORDER BY w.customer_id::int)
	FROM custseg.what_if('shop', changes, as_of) AS w WHERE w.dimension = 'tier'
$$;
-- Everything in the portfolio's schema: its relations, and the content of its tables.
CREATE FUNCTION pg_temp.everything() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	relation record;
	part text;
	result text := '';
BEGIN
	FOR relation IN SELECT c.oid::regclass AS name, c.relkind FROM pg_class AS c
		WHERE c.relnamespace = 'try_shop'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname NOT LIKE 'stage%' ORDER BY c.relname
	LOOP
		IF relation.relkind = 'v' THEN
			part := pg_get_viewdef(relation.name);
		ELSE
			EXECUTE format('SELECT string_agg(t::text, E''\n'' ORDER BY t::text) FROM %s AS t', relation.name) INTO part;
		END IF;
		result := result || relation.name || E'\n' || coalesce(part, '') || E'\n';
	END LOOP;
	RETURN result;
END $$;

-- --- before the first run ---
SELECT is(pg_temp.moves('{"tiers": {"gold": {"enter": "spend >= 1000"}}}', '2024-01-31'),
	'1 enter ->basic*, 2 enter ->basic*, 3 enter ->basic*, 4 enter ->silver*, 5 enter ->silver*, 6 enter ->silver*, 7 enter ->silver*, '
	'8 enter ->silver (gold), 9 enter ->silver (gold), 10 enter ->gold*', 'before the first run everybody enters');
SELECT is_empty('SELECT FROM try_shop.run', 'and nothing remains');

SELECT * FROM custseg.refresh('shop', '2024-01-31');
CREATE TEMPORARY TABLE before AS SELECT pg_temp.everything() AS everything;

-- --- the day of the last run ---
SELECT is(pg_temp.moves('{}'), NULL, 'without changes nobody moves');
SELECT is(pg_temp.moves('{"tiers": {"gold": {"enter": "spend >= 600"}}}'), '6 upgrade silver>gold (silver), 7 upgrade silver>gold (silver)',
	'a lower bar');
SELECT is(pg_temp.moves('{"tiers": [{"tier": "gold", "enter": "spend >= 600"}]}'), '6 upgrade silver>gold (silver), 7 upgrade silver>gold (silver)',
	'the same as an array');
SELECT is(pg_temp.moves('{"tiers": {"gold": {"enter": "spend >= 1000"}}}'), '8 downgrade gold>silver (gold), 9 downgrade gold>silver (gold)',
	'a higher bar, as if it had held on that day');
SELECT is(pg_temp.moves('{"tiers": {"top": {"enter": "spend >= 900"}}}'), '9 upgrade gold>top (gold), 10 upgrade gold>top (gold)', 'a new tier on top');
SELECT is(pg_temp.moves('{"tiers": {"bronze": {"enter": "spend >= 300", "place": 2}}}'), '3 upgrade basic>bronze (basic)', 'or between');
SELECT is(pg_temp.moves('{"tiers": {"silver": null}}'),
	'4 enter silver>basic (silver), 5 enter silver>basic (silver), 6 enter silver>basic (silver), 7 enter silver>basic (silver)',
	'from a tier that the changes drop');
SELECT is(pg_temp.moves('{"components": {"spend": {"classes": 2}}, "tiers": [{"tier": "silver", "enter": "spend_score >= 2", "keep": null}, {"tier": "gold", "enter": "spend_score >= 2 and spend >= 1000"}]}'),
	'4 downgrade silver>basic (silver), 5 downgrade silver>basic (silver), 8 downgrade gold>silver (gold), 9 downgrade gold>silver (gold)',
	'changes of several sections');
SELECT is(pg_temp.everything(), everything, 'the portfolio is as it was, its declarations, history, models and views') FROM before;

-- --- a later day ---
SELECT is(pg_temp.moves('{}', '2024-02-29'), '3 upgrade basic>silver*', 'what comes anyhow');
SELECT is(pg_temp.moves('{"tiers": {"silver": {"enter": "spend >= 300"}}}', '2024-03-31'),
	'3 upgrade basic>silver*, 5 upgrade silver>gold*', 'changes that make no difference on that day');
SELECT is(pg_temp.moves('{"tiers": {"silver": {"enter": "spend >= 200"}}}', '2024-02-29'),
	'2 upgrade basic>silver (basic), 3 upgrade basic>silver*', 'what comes anyhow, and what comes of the changes');
SELECT is(pg_temp.moves('{"tiers": {"silver": {"enter": "spend >= 700"}}}', '2024-02-29'),
	'3 keep basic>basic (silver), 4 downgrade silver>basic (silver), 5 downgrade silver>basic (silver), 6 downgrade silver>basic (silver)',
	'what the changes prevent');
SELECT is(pg_temp.moves('{"options": {"grace": "30 days"}, "tiers": {"silver": {"enter": "spend >= 500"}}}', '2024-02-29'),
	'3 upgrade basic>silver*, 4 grace silver>silver (silver)', 'a warning is a move');
SELECT is(pg_temp.everything(), everything, 'nothing remains') FROM before;
SELECT custseg.set_option('shop', 'segmentation', 'rf_10');
SELECT * FROM custseg.refresh('shop', '2024-02-29');
SELECT is((SELECT count(*) FROM custseg.what_if('shop', '{"options": {"segmentation": "none"}}') WHERE dimension = 'segment'
	AND transition = 'exit' AND to_class IS NULL AND NOT also_without AND without_class = from_class), 10::bigint, 'segments');
SELECT results_eq($$SELECT customer_id, dimension, transition, from_class, to_class, reason, customers
		FROM custseg.what_if('shop', '{}', '2024-03-31')$$,
	$$SELECT customer_id, dimension, transition, from_class, to_class, reason, customers
		FROM custseg.refresh('shop', '2024-03-31', dry_run => true)$$, 'without changes it is a dry run');
SELECT is((SELECT max(as_of) FROM try_shop.run), '2024-02-29'::date, 'which leaves nothing either');

-- --- refusals ---
CREATE TEMPORARY TABLE bad (arguments text, message text);
INSERT INTO bad VALUES
	($$NULL$$, '22004 argument "changes" must not be null'),
	($$'[]'$$, '22023 argument "changes" is not a JSON object'),
	($$'{"custseg": 2}'$$, '22023 argument "changes" has the format version 2'),
	($$'{"tier": {}}'$$, '22023 argument "changes" has the unknown key "tier"'),
	($$'{"overrides": []}'$$, '22023 argument "changes" has the unknown key "overrides"'),
	($$'{"options": {"colour": "red"}}'$$, '42704 there is no option "colour"'),
	($$'{"options": {"colour": null}}'$$, '42704 there is no option "colour"'),
	($$'{"tiers": "gold"}'$$, '22023 section "tiers" of the changes is neither an array nor an object by key'),
	($$'{"tiers": ["gold"]}'$$, '22023 section "tiers" of the changes: "gold" is not an object with tier'),
	($$'{"tiers": {"gold": 1}}'$$, '22023 section "tiers" of the changes: 1 is not an object with tier'),
	($$'{"tiers": [{"enter": "spend > 1"}]}'$$, '22023 section "tiers" of the changes: {"enter": "spend > 1"} is not an object with tier'),
	($$'{"tiers": {"lead": null}}'$$, '42704 section "tiers" of the changes drops "lead", which is not there'),
	($$'{"tiers": {"gold": {"entry": "spend > 1"}}}'$$, '22023 section "tiers" of the document: unknown key "entry"'),
	($$'{"tiers": {"gold": {"enter": "spent > 1"}}}'$$, '22023 rule "enter" of tier "gold": unknown measure "spent"'),
	($$'{"tiers": {"gold": {"enter": "spend > 100"}}}'$$, '22023 tier "silver" can never be entered'),
	($$'{"tiers": {"gold": {"enter": "spend >"}}}'$$, '22P02 invalid condition of tier "gold"'),
	($$'{"tiers": {"gold": {"place": 9}}}'$$, '22023 argument "place" of tier "gold" is 9'),
	($$'{"tiers": null}'$$, '22P02 '),
	($$'{"components": [{"measure": "spent"}]}'$$, '22023 component "spent": unknown measure "spent"'),
	($$'{}', '2024-01-31'$$, '22023 argument "as_of" is 2024-01-31, but portfolio "shop" was refreshed up to 2024-02-29'),
	($$'{}', 'infinity'$$, '22023 argument "as_of" is infinity, which is no day');
SELECT is(left(pg_temp.refusal(format('SELECT custseg.what_if(''shop'', %s)', arguments)), length(message)), message) FROM bad;
SELECT is(pg_temp.refusal($$SELECT custseg.what_if('none', '{}')$$), '42704 portfolio "none" does not exist');
SELECT lives_ok($$SELECT * FROM custseg.refresh('shop', '2024-03-31')$$, 'the portfolio runs on');
SELECT is((SELECT string_agg(customer_id || ' ' || tier, ', ' ORDER BY customer_id) FROM try_shop.current_customers),
	'1 basic, 2 basic, 3 silver, 4 silver, 5 gold, 6 silver, 7 silver, 8 gold, 9 gold, 10 gold', 'under its own rules');

SELECT * FROM finish();
ROLLBACK;
