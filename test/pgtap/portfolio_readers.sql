-- Readers see every report view of a portfolio and nothing else of it, also after views were made anew.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;

SELECT plan(40);

CREATE ROLE shop_owner;
CREATE ROLE shop_reader;
CREATE ROLE "shop reader's friend";
CREATE ROLE shop_stranger;
SELECT custseg.grant_portfolios(r) FROM (VALUES ('shop_owner'), ('shop_reader'), ('shop_stranger')) AS v (r);

-- What a statement, run as a role, gives; or the SQLSTATE of its error.
CREATE FUNCTION pg_temp.as_role(role name, query text) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
	result text;
BEGIN
	BEGIN
		EXECUTE format('SET LOCAL ROLE %I', role);
		EXECUTE query INTO result;
		result := coalesce(result, 'null');
	EXCEPTION WHEN OTHERS THEN
		result := SQLSTATE;
	END;
	RESET ROLE;
	RETURN result;
END
$fn$;

-- The owner is no superuser; the orders are somebody else's, and only the owner may read them.
CREATE TABLE public.orders AS
SELECT g % 40 AS customer, date '2024-01-01' + g % 300 AS day, (g % 90)::numeric AS amount FROM generate_series(1, 600) AS g;
GRANT SELECT ON public.orders TO shop_owner;
SELECT format('GRANT CREATE ON DATABASE %I TO shop_owner', current_database()) AS grant \gset
:grant;
SELECT isnt(pg_temp.as_role('shop_owner', $$SELECT custseg.create_portfolio('shop', 'public.orders', 'customer', 'day', 'amount')$$), '42501', 'a role makes a portfolio');
SELECT is(pg_temp.as_role('shop_owner', $$SELECT count(*) > 0 FROM custseg.refresh('shop', '2024-10-01')$$), 'true', 'and refreshes it');

-- The views that a role can, and those that it cannot read.
CREATE FUNCTION pg_temp.readable(role name) RETURNS TABLE (name name, source boolean, kind "char", readable boolean) LANGUAGE sql AS $$
	SELECT c.relname, c.relname LIKE 'source\_%', c.relkind, pg_temp.as_role(role, format('SELECT count(v::text) FROM shop.%I AS v', c.relname)) <> '42501'
	FROM pg_class AS c WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind IN ('r', 'v');
$$;
SELECT is((SELECT count(*) FROM pg_temp.readable('shop_reader') WHERE readable), 0::bigint, 'a role reads nothing by itself');
SELECT is(pg_temp.as_role('shop_reader', $$SELECT count(*) FROM custseg.movement('shop', '2024-01-01')$$), '42501', 'nor does it call functions for readers');
SELECT is(pg_temp.as_role('shop_owner', $$SELECT custseg.grant_reader('shop', 'shop_reader')$$), '', 'the owner makes it a reader');
SELECT is_empty($$SELECT name, kind, readable FROM pg_temp.readable('shop_reader') WHERE readable <> (kind = 'v' AND NOT source)$$, 'it reads all report views, and no table and no source');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.readable('shop_reader') WHERE readable), '>', 20::bigint, 'which are many');
SELECT is(pg_temp.as_role('shop_reader', 'SELECT sum(customers) FROM shop.tier_summary'), '40', 'with their rows');
SELECT is(pg_temp.as_role('shop_reader', 'SELECT sum(spend) FROM shop.monthly'), (SELECT sum(amount) FROM orders WHERE day <= '2024-10-01')::text, 'also those over the orders, which it cannot read');
SELECT is(pg_temp.as_role('shop_reader', 'SELECT count(*) FROM public.orders'), '42501', 'and still cannot');
SELECT is(pg_temp.as_role('shop_reader', $$SELECT count(*) > 0 FROM custseg.movement('shop', '2024-01-01')$$), 'true', 'it calls functions for readers');
SELECT is(pg_temp.as_role('shop_reader', q), '42501', 'but no others: ' || q) FROM (VALUES
	($$SELECT custseg.refresh('shop', '2024-10-02')$$), ($$SELECT custseg.set_target('shop', 'a', 'spend', 1)$$), ($$SELECT custseg.set_target_actual('shop', 'a', 1)$$),
	($$SELECT custseg.drop_target('shop', 'a')$$), ($$SELECT custseg.grant_reader('shop', 'shop_stranger')$$), ($$SELECT custseg.revoke_reader('shop', 'shop_reader')$$),
	($$SELECT custseg._make_views('shop')$$), ($$DELETE FROM shop.report_view RETURNING 1$$), ($$CREATE TABLE shop.mine ()$$)) AS v (q);

-- --- views that come later, and views of the owner's own --------------------
SELECT is(pg_temp.as_role('shop_owner', $$SELECT custseg._make_view('shop', 'later', 'SELECT 1 AS one', 'COMMENT ON VIEW later IS ''A view of a later version.''')$$), '', 'a view of a later version');
SELECT is(pg_temp.as_role('shop_reader', 'SELECT * FROM shop.later'), '42501', 'is not there for readers yet');
SELECT is(pg_temp.as_role('shop_owner', $$SELECT custseg._make_views('shop')$$), '', 'when the views are made anew');
SELECT is(pg_temp.as_role('shop_reader', 'SELECT * FROM shop.later'), '1', 'it is');
SET LOCAL ROLE shop_owner;
CREATE VIEW shop.own AS SELECT 2 AS two;
-- A view that was dropped and made again.
DROP VIEW shop.pareto;
SELECT custseg.grant_reader('shop', 'shop reader''s friend');
SELECT custseg.set_target('shop', 'a', 'spend', 1);
SELECT custseg._make_views('shop');
RESET ROLE;
SELECT is(pg_temp.as_role('shop_reader', 'SELECT * FROM shop.own'), '42501', 'a view of the owner''s own is none of theirs');
SELECT is_empty(format($$SELECT name FROM pg_temp.readable(%L) AS x WHERE kind = 'v' AND NOT source AND NOT readable AND name <> 'own'$$, r), r || ' reads all')
FROM (VALUES ('shop_reader'), ('shop reader''s friend')) AS v (r);

-- Who lost the right by other means does not get it back.
SET LOCAL ROLE shop_owner;
REVOKE SELECT ON shop.current_customers, shop.later FROM "shop reader's friend";
SELECT custseg._make_views('shop');
RESET ROLE;
SELECT is(pg_temp.as_role('shop reader''s friend', 'SELECT count(*) FROM shop.later'), '42501', 'rights that were revoked stay revoked');

-- --- no longer --------------------------------------------------------------
SELECT is(pg_temp.as_role('shop_owner', $$SELECT custseg.revoke_reader('shop', 'shop_reader')$$), '', 'a reader is one no longer');
SELECT is((SELECT count(*) FROM pg_temp.readable('shop_reader') WHERE readable), 0::bigint, 'it reads nothing');
SELECT is(has_schema_privilege('shop_reader', 'shop', 'USAGE'), false, 'and has no right on the schema');
SELECT custseg.grant_reader('shop', 'public');
SELECT is(pg_temp.as_role('shop_stranger', 'SELECT sum(customers) FROM shop.tier_summary'), '40', 'everybody is a reader');
SELECT custseg.revoke_reader('shop', 'public');
SELECT is(pg_temp.as_role('shop_stranger', 'SELECT sum(customers) FROM shop.tier_summary'), '42501', 'and no longer');
DROP OWNED BY "shop reader's friend";
DROP ROLE "shop reader's friend";
SELECT lives_ok($$SELECT custseg._make_views('shop')$$, 'a reader whose role was dropped is passed over');
SELECT lives_ok($$SELECT custseg.revoke_reader('shop', 'shop reader''s friend')$$, 'and can be revoked');

-- --- bad input --------------------------------------------------------------
SELECT throws_ok($$SELECT custseg.grant_reader('shop', NULL)$$, '22004', 'argument "role" must not be null');
SELECT throws_ok($$SELECT custseg.grant_reader('shop', 'nobody')$$, '42704', 'role "nobody" does not exist');
SELECT throws_ok($$SELECT custseg.grant_reader('shop', 'shop_owner')$$, '22023', 'role "shop_owner" owns portfolio "shop"');
SELECT throws_ok($$SELECT custseg.revoke_reader('shop', 'shop_stranger')$$, '42704', 'role "shop_stranger" is no reader of portfolio "shop"');
SELECT throws_ok($$SELECT custseg.grant_reader('none', 'shop_reader')$$, '42704', 'portfolio "none" does not exist');

SELECT * FROM finish();
ROLLBACK;
