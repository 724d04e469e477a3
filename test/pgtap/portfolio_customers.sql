-- merge_customer, unmerge_customer, forget_customer and prune: what counts for whom, that nothing of a forgotten customer
-- is left, and that a portfolio whose history was pruned goes on, and goes back, as one whose history was not.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SELECT no_plan();

SELECT setseed(0.17);
CREATE TABLE public.orders AS
SELECT (1 + power(random(), 2) * 60)::bigint AS customer, date '2023-01-01' + (random() * 600)::int AS day,
	round((random() * 100)::numeric, 2) AS amount
FROM generate_series(1, 1500);
CREATE TABLE public.people AS SELECT c AS customer, 'Name ' || c AS name FROM generate_series(1::bigint, 70) AS c;
SELECT custseg.create_portfolio('shop', 'orders', 'customer', 'day', 'amount') IS NOT NULL;
SELECT custseg.set_option('shop', 'lifetime', 'none');
-- Those who have not bought come in on a day of their own.
SELECT custseg.add_source('shop', 'customers', 'SELECT customer AS customer_id, name, date ''2024-05-15'' AS since FROM people') IS NOT NULL;
SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-03-31');
SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-04-30');

-- --- merge_customer ------------------------------------------------------------------

SELECT is(custseg.merge_customer('shop', 5, 6, 'same person'), '5 counts for 6 from the next refresh on', 'two become one');
SELECT is(custseg.merge_customer('shop', 6, 7), '6 counts for 7 from the next refresh on', 'and go on together');
SELECT results_eq('SELECT from_id, to_id, reason FROM shop.customer_alias ORDER BY 1',
	$$VALUES (5::bigint, 7::bigint, 'same person'), (6, 7, NULL)$$, 'chains are flat');
SELECT is(custseg.merge_customer('shop', 8, 6), '8 counts for 7 from the next refresh on', 'who was merged stands for whom he was merged into');
SELECT is(custseg.merge_customer('shop', '8', '7', 'again'), '8 counts for 7 from the next refresh on', 'the same again');
SELECT results_eq('SELECT reason FROM shop.customer_alias WHERE from_id = 8', $$VALUES ('again')$$, 'sets the reason');
SELECT throws_ok($$SELECT custseg.merge_customer('shop', 7, 5)$$, '22023', 'arguments "from_customer" and "to_customer" are the same customer "7"', 'no circles');
SELECT throws_ok($$SELECT custseg.merge_customer('shop', 9, 9)$$, '22023', NULL, 'nobody is merged into himself');
SELECT throws_ok($$SELECT custseg.merge_customer('shop', ' 9', '9 ')$$, '22023', NULL, 'however he is written');
SELECT throws_ok($$SELECT custseg.merge_customer('shop', 5, 10)$$, '42710', 'customer "5" was merged into "7" already', 'nor into two');
SELECT throws_ok($$SELECT custseg.merge_customer('shop', 5, 999)$$, '42704', 'argument "to_customer": portfolio "shop" has no customer "999"', 'unknown');
SELECT throws_ok($$SELECT custseg.merge_customer('shop', 999, 5)$$, '42704', 'argument "from_customer": portfolio "shop" has no customer "999"', 'unknown');
SELECT throws_ok($$SELECT custseg.merge_customer('shop', NULL::bigint, 5)$$, '22004', 'argument "from_customer" must not be null', 'null');
SELECT throws_ok($$SELECT custseg.merge_customer('shop', 'x', '5')$$, '22023', 'argument "from_customer" is "x", which is not of type bigint', 'no number');
SELECT throws_ok($$SELECT custseg.merge_customer('none', 1, 2)$$, '42704', NULL, 'unknown portfolio');
SELECT is(custseg.merge_customer('shop', 65, 9), '65 counts for 9 from the next refresh on', 'one whom only a source knows');

CREATE TEMPORARY TABLE before ON COMMIT DROP AS SELECT * FROM shop.membership;
SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-05-31');
SELECT is((SELECT spend FROM shop.current_customers WHERE customer_id = 7),
	(SELECT sum(amount) FROM public.orders WHERE customer IN (5, 6, 7, 8) AND day <= '2024-05-31'), 'the purchases of all count for one');
SELECT is((SELECT count(*) FROM shop.current_customers WHERE customer_id IN (5, 6, 8)), 0::bigint, 'the others are gone');
SELECT results_eq('SELECT customer_id, transition, tier, reason FROM shop.tier_transition WHERE customer_id IN (5, 6, 8) AND as_of = ''2024-05-31'' ORDER BY 1',
	$$VALUES (5::bigint, 'exit', NULL, 'merged into 7'), (6, 'exit', NULL, 'merged into 7'), (8, 'exit', NULL, 'merged into 7')$$, 'and it is said why');
SELECT is_empty($$SELECT customer_id, dimension, class, since FROM before EXCEPT SELECT customer_id, dimension, class, since FROM shop.membership$$,
	'their history stays');
SELECT is_empty($$SELECT * FROM shop.membership WHERE customer_id IN (5, 6, 8) AND until IS NULL$$, 'and has ended');
SELECT is(custseg.customer_profile('shop', 7) -> 'merged', '[5, 6, 8]', 'the profile names them');
SELECT throws_ok($$SELECT * FROM custseg.explain_tier('shop', 5)$$, '42704', 'portfolio "shop" has no customer "5"', 'they are not explained');
CREATE FUNCTION pg_temp.hint(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	EXECUTE query;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = PG_EXCEPTION_HINT;
	RETURN said;
END
$$;
SELECT is(pg_temp.hint($$SELECT * FROM custseg.explain_score('shop', 6)$$), 'It was merged into "7": ask for that one.', 'but the hint says whom to ask for');
CREATE TEMPORARY TABLE first_time ON COMMIT DROP AS SELECT * FROM shop.tier_transition;
SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-05-31');
SELECT is_empty('(TABLE first_time EXCEPT TABLE shop.tier_transition) UNION ALL (TABLE shop.tier_transition EXCEPT TABLE first_time)',
	'the same day again is the same');

SELECT is(custseg.unmerge_customer('shop', 5), '5 counts for itself again from the next refresh on', 'taken back');
SELECT throws_ok($$SELECT custseg.unmerge_customer('shop', 5)$$, '42704', 'customer "5" of portfolio "shop" was not merged', 'once');
SELECT throws_ok($$SELECT custseg.unmerge_customer('shop', NULL::text)$$, '22004', NULL, 'null');
SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-06-30');
SELECT is((SELECT spend FROM shop.current_customers WHERE customer_id = 5),
	(SELECT sum(amount) FROM public.orders WHERE customer = 5 AND day <= '2024-06-30'), 'he counts for himself');
SELECT is((SELECT transition FROM shop.tier_transition WHERE customer_id = 5 ORDER BY as_of DESC LIMIT 1), 'enter', 'and came in anew');
SELECT is_empty($$SELECT * FROM shop.membership AS a JOIN shop.membership AS b USING (customer_id, dimension)
	WHERE a.since < b.since AND coalesce(a.until, 'infinity') > b.since$$, 'intervals do not overlap');

-- --- forget_customer ---------------------------------------------------------------------

INSERT INTO shop.override (customer_id, kind, tier, reason) VALUES (7, 'floor', 'regular', 'board'), (6, 'floor', 'regular', 'board');
INSERT INTO shop.score_history (as_of, customer_id, score) VALUES ('2024-04-30', 7, 1);
-- A table of the owner's is covered, a partition is through its parent.
CREATE TABLE shop.note (customer_id bigint, day date, note text) PARTITION BY RANGE (day);
CREATE TABLE shop.note_2024 PARTITION OF shop.note FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop."Odd ""name" (customer_id text);
INSERT INTO shop.note VALUES (7, '2024-04-01', 'x'), (8, '2024-04-01', 'x'), (1, '2024-04-01', 'y');
INSERT INTO shop."Odd ""name" VALUES ('7'), ('17');
UPDATE shop.quality SET detail = '7' WHERE "check" = 'largest_customer';
CREATE TEMPORARY TABLE counted ON COMMIT DROP AS TABLE shop.class_count;
SELECT throws_ok($$SELECT * FROM custseg.forget_customer('shop', 6)$$, '22023', 'customer "6" was merged into "7"', 'one who was merged is not forgotten alone');
SELECT throws_ok($$SELECT * FROM custseg.forget_customer('shop', 999)$$, '42704', 'argument "customer": portfolio "shop" has no customer "999"', 'unknown');
SELECT throws_ok($$SELECT * FROM custseg.forget_customer('shop', NULL::text)$$, '22004', NULL, 'null');

CREATE TEMPORARY TABLE erased ON COMMIT DROP AS SELECT * FROM custseg.forget_customer('shop', 7);
SELECT results_eq($$SELECT table_name, "rows" FROM erased WHERE table_name IN ('customer', 'customer_alias', 'note', 'Odd "name', 'override', 'score_history') ORDER BY table_name COLLATE "C"$$,
	$$VALUES ('Odd "name', 1::bigint), ('customer', 3), ('customer_alias', 2), ('note', 2), ('override', 2), ('score_history', 1)$$,
	'it says what was erased');
SELECT is((SELECT "rows" > 5 FROM erased WHERE table_name = 'membership'), true, 'memberships too');

-- Nothing in any table of the schema holds one of the three any more.
CREATE FUNCTION pg_temp.traces(ids bigint[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	t record;
	n bigint;
BEGIN
	FOR t IN SELECT c.oid::regclass AS name, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind = 'r' AND a.attname IN ('customer_id', 'from_id', 'to_id')
	LOOP
		EXECUTE format('SELECT count(*) FROM %s WHERE %I::text = ANY ($1::text[])', t.name, t.attname) INTO n USING ids;
		IF n > 0 THEN RETURN NEXT t.name; END IF;
	END LOOP;
	RETURN QUERY SELECT 'reason ' || r.reason FROM shop.tier_transition AS r WHERE r.reason ~ format('merged into (%s)$', array_to_string(ids, '|'));
	RETURN QUERY SELECT 'quality ' || q.detail FROM shop.quality AS q WHERE q.detail = ANY (ids::text[]);
	RETURN QUERY SELECT 'stage ' || r.reason FROM shop.stage_state AS r WHERE r.reason ~ format('merged into (%s)$', array_to_string(ids, '|'));
END
$$;
SELECT is_empty('SELECT pg_temp.traces(''{7,6,8}'')', 'nothing is left of him and those who were merged into him');
SELECT is((SELECT count(*) FROM pg_temp.traces('{5}')) > 0, true, 'others stay');
SELECT is((SELECT count(*) FROM shop.forgotten), 3::bigint, 'three hashes are left');
SELECT is((SELECT octet_length(customer_hash) FROM shop.forgotten LIMIT 1), 32, 'of 32 bytes');
SELECT is_empty('(TABLE counted EXCEPT TABLE shop.class_count) UNION ALL (TABLE shop.class_count EXCEPT TABLE counted)', 'the counts stay');
SELECT throws_ok($$SELECT * FROM custseg.explain_tier('shop', 7)$$, '42704', NULL, 'he is unknown');
SELECT is(pg_temp.hint($$SELECT * FROM custseg.explain_tier('shop', 7)$$), 'The view current_customers has them all. New ones come with the next refresh.', 'and nothing tells that he was there');
SELECT is((SELECT count(*) FROM custseg.forget_customer('shop', 7)), 0::bigint, 'again: nothing left');
SELECT ok((SELECT count(*) FROM custseg.forget_customer('shop', 66)) > 0, 'one who has not bought');
SELECT is((SELECT count(*) FROM shop.forgotten), 4::bigint, 'is kept out too');

SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-07-31');
SELECT is_empty('SELECT pg_temp.traces(''{7,6,8,66}'')', 'runs do not take them in again');
SELECT is((SELECT count(*) FROM shop.current_customers WHERE customer_id IN (5, 67)), 2::bigint, 'but the others');

-- Portfolios have salts of their own.
SELECT custseg.create_portfolio('other', 'orders', 'customer', 'day', 'amount') IS NOT NULL;
SELECT custseg.set_option('other', 'lifetime', 'none');
SELECT count(*) > 0 FROM custseg.refresh('other', '2024-05-31');
SELECT count(*) > 0 FROM custseg.forget_customer('other', 7);
SELECT is_empty('SELECT customer_hash FROM shop.forgotten INTERSECT SELECT customer_hash FROM other.forgotten', 'hashes of two portfolios differ');

-- --- prune -----------------------------------------------------------------------------------

CREATE FUNCTION pg_temp.state(portfolio text, since date) RETURNS TABLE (kind text, contents text) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('
		SELECT ''customer'', to_jsonb(c)::text FROM %1$I.customer AS c
		UNION ALL SELECT ''membership'', to_jsonb(h)::text FROM %1$I.membership AS h WHERE h.until IS NULL OR h.until >= $1
		UNION ALL SELECT ''transition'', to_jsonb(t)::text FROM %1$I.tier_transition AS t WHERE t.as_of >= $1
		UNION ALL SELECT ''model'', to_jsonb(m)::text FROM (SELECT DISTINCT ON (n.name) n.* FROM %1$I.model AS n ORDER BY n.name, n.as_of DESC) AS m
		UNION ALL SELECT ''count'', to_jsonb(n)::text FROM %1$I.class_count AS n WHERE n.as_of >= $1', portfolio) USING since;
END
$$;
-- Two portfolios over the same orders; one is pruned.
SELECT custseg.create_portfolio('long', 'orders', 'customer', 'day', 'amount') IS NOT NULL;
SELECT custseg.set_option('long', 'lifetime', 'none');
SELECT custseg.create_portfolio('short', 'orders', 'customer', 'day', 'amount') IS NOT NULL;
SELECT custseg.set_option('short', 'lifetime', 'none');
SELECT throws_ok($$SELECT * FROM custseg.prune('short', NULL)$$, '22004', 'argument "keep" must not be null', 'null');
SELECT throws_ok($$SELECT * FROM custseg.prune('short', '-1 day')$$, '22023', 'argument "keep" is -1 days, which is negative', 'negative');
SELECT is((SELECT coalesce(sum("rows"), 0) FROM custseg.prune('short', '0 days')), 0::numeric, 'nothing to prune before the first run');
SELECT count(*) FROM custseg.refresh('long', '2023-08-31');
SELECT count(*) FROM custseg.refresh('short', '2023-08-31');
SELECT count(*) FROM custseg.refresh('long', '2023-10-31');
SELECT count(*) FROM custseg.refresh('short', '2023-10-31');
SELECT count(*) FROM custseg.refresh('long', '2023-12-31');
SELECT count(*) FROM custseg.refresh('short', '2023-12-31');
SELECT count(*) FROM custseg.refresh('long', '2024-02-29');
SELECT count(*) FROM custseg.refresh('short', '2024-02-29');
SELECT count(*) FROM custseg.refresh('long', '2024-03-31');
SELECT count(*) FROM custseg.refresh('short', '2024-03-31');
SELECT count(*) FROM custseg.refresh('long', '2024-04-30');
SELECT count(*) FROM custseg.refresh('short', '2024-04-30');
CREATE TEMPORARY TABLE full_state ON COMMIT DROP AS SELECT * FROM pg_temp.state('short', '2024-02-29');
SELECT is((SELECT count(*) FROM custseg.prune('short', '10 years') WHERE "rows" > 0), 0::bigint, 'all that is young enough stays');
CREATE TEMPORARY TABLE pruned ON COMMIT DROP AS SELECT * FROM custseg.prune('short', '61 days');
SELECT is_empty($$SELECT table_name FROM pruned WHERE table_name IN ('membership', 'class_count', 'run', 'model') AND "rows" = 0$$, 'old rows go');
SELECT is((SELECT min(as_of) FROM short.class_count), '2024-02-29'::date, 'counts before the day are gone');
SELECT is((SELECT count(*) FROM short.run WHERE as_of < '2024-02-29'), 1::bigint, 'of the runs before it the last stays');
SELECT is_empty($$SELECT * FROM short.membership WHERE until < '2024-02-29'$$, 'memberships that ended before are gone');
SELECT is_empty('(SELECT * FROM full_state EXCEPT SELECT * FROM pg_temp.state(''short'', ''2024-02-29'')) UNION ALL
	(SELECT * FROM pg_temp.state(''short'', ''2024-02-29'') EXCEPT SELECT * FROM full_state)', 'the present, and what came since, stays');
SELECT is_empty($$SELECT customer_id FROM short.tier_transition WHERE as_of < '2024-02-29' GROUP BY 1 HAVING count(*) > 1$$, 'of earlier transitions the last stays');
SELECT is_empty($$SELECT customer_id FROM short.customer EXCEPT SELECT customer_id FROM short.tier_transition$$, 'everybody has one');
SELECT is((SELECT sum("rows") FROM custseg.prune('short', '61 days')), 0::numeric, 'a second time there is nothing to prune');

-- Back to the first day kept, and on.
SELECT count(*) FROM custseg.refresh('long', '2024-02-29', backdated => true);
SELECT count(*) FROM custseg.refresh('short', '2024-02-29', backdated => true);
SELECT count(*) FROM custseg.refresh('long', '2024-04-15');
SELECT count(*) FROM custseg.refresh('short', '2024-04-15');
SELECT count(*) FROM custseg.refresh('long', '2024-05-31');
SELECT count(*) FROM custseg.refresh('short', '2024-05-31');
SELECT is_empty('(SELECT * FROM pg_temp.state(''long'', ''2024-02-29'') EXCEPT SELECT * FROM pg_temp.state(''short'', ''2024-02-29'')) UNION ALL
	(SELECT * FROM pg_temp.state(''short'', ''2024-02-29'') EXCEPT SELECT * FROM pg_temp.state(''long'', ''2024-02-29''))',
	'a pruned portfolio goes back, and on, as one that was not');
INSERT INTO short.setting (name, value) VALUES ('keep_runs', '1 year') ON CONFLICT (name) DO UPDATE SET value = excluded.value;
SELECT is((SELECT array_agg(DISTINCT table_name ORDER BY table_name) FROM custseg.prune('short', '0 days') WHERE "rows" > 0 AND table_name IN ('run', 'class_count')),
	NULL, 'the setting keep_runs keeps runs and counts longer');

-- --- Rights ------------------------------------------------------------------------------------

CREATE ROLE customers_reader;
SELECT custseg.grant_portfolios('customers_reader');
GRANT USAGE ON SCHEMA shop TO customers_reader;
GRANT SELECT ON shop.current_customers TO customers_reader;
SET LOCAL ROLE customers_reader;
SELECT throws_ok($$SELECT custseg.merge_customer('shop', 1, 2)$$, '42501', NULL, 'a reader merges nobody');
SELECT throws_ok($$SELECT custseg.unmerge_customer('shop', 1)$$, '42501', NULL, 'nor takes it back');
SELECT throws_ok($$SELECT * FROM custseg.forget_customer('shop', 1)$$, '42501', NULL, 'nor forgets');
SELECT throws_ok($$SELECT * FROM custseg.prune('shop', '1 day')$$, '42501', NULL, 'nor prunes');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
