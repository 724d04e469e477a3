-- Runs of a portfolio, one after the other, on customers whose ways are known: what moves, why, what a second run of
-- the same day and a run further back leave, and that a dry run leaves nothing and tells what the run then does.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
\ir include/portfolio_history.psql

SELECT plan(98);

-- The SQLSTATE, message and hint of an error.
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, SQLERRM, hint);
END
$fn$;

CREATE TABLE orders (customer int, day date, amount numeric);
INSERT INTO orders VALUES
    (1, '2024-01-10', 1200),                            -- top, until a refund in March
    (2, '2024-01-10', 150),                             -- mid for ever
    (3, '2024-01-15', 300),                             -- vanishes in March, comes back in April
    (4, '2024-01-20', 2000),                            -- excluded
    (5, '2024-01-20', 10),                              -- pinned to the top until April
    (6, '2024-01-20', 10),                              -- never below mid
    (7, '2024-01-20', 60),                              -- a late order lifts it
    (1, '2024-03-05', -500), (8, '2024-03-20', 500);    -- comes in March
INSERT INTO orders SELECT 100 + i, date '2024-01-01' + i % 28, 5 + i % 40 FROM generate_series(1, 60) i;

DO $$BEGIN PERFORM custseg.create_portfolio('shop', 'orders', 'customer', 'day', 'amount', template => 'quick_start'); END$$;
DELETE FROM shop.tier;
INSERT INTO shop.tier (tier, position, enter, keep, grace) VALUES
    ('low', 1, NULL, NULL, NULL), ('mid', 2, 'spend >= 100', NULL, NULL), ('top', 3, 'spend >= 1000', 'spend >= 800', '20 days');
INSERT INTO shop.override (customer_id, kind, tier, valid_from, valid_until, reason) VALUES
    (4, 'exclude', NULL, NULL, '2024-04-01', 'a reseller'), (5, 'pin', 'top', '2024-02-01', '2024-04-01', 'the boss''s friend'),
    (6, 'floor', 'mid', NULL, NULL, 'a promise');

CREATE FUNCTION pg_temp.tiers(customers int[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(c.customer_id || ' ' || coalesce(c.tier, '-') || CASE WHEN c.grace_since IS NOT NULL THEN '!' ELSE '' END, ', ' ORDER BY c.customer_id)
    FROM shop.customer c WHERE c.customer_id = ANY (customers)
$$;
CREATE FUNCTION pg_temp.transitions(customer int) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', to_char(t.as_of, 'MM-DD'), t.transition, coalesce(t.tier, '-')), ', ' ORDER BY t.as_of)
    FROM shop.tier_transition t WHERE t.customer_id = customer
$$;

-- --- bad arguments ---
SELECT is(pg_temp.error_of($$SELECT custseg.refresh('none')$$), '42704 | portfolio "none" does not exist | SELECT * FROM custseg.portfolios lists them.', 'an unknown portfolio');
SELECT throws_ok($$SELECT custseg.refresh(NULL)$$, '22004', 'argument "portfolio" must not be NULL');
SELECT alike(pg_temp.error_of($$SELECT custseg.refresh('shop', current_date + 2)$$), '22023 | argument "as_of" is %, which is in the future | Today is %', 'a day in the future');
SELECT alike(pg_temp.error_of($$SELECT custseg.refresh('shop', 'infinity')$$), '22023 | argument "as_of" is infinity, which is no day | %', 'infinity');
SELECT alike(pg_temp.error_of($$SELECT custseg.refresh('shop', '-infinity')$$), '22023 | argument "as_of" is -infinity, which is no day | %', 'minus infinity');
SELECT is_empty('TABLE shop.run', 'nothing was written');

-- --- the first run, tried and done ---
SELECT pg_temp.keep('before', 'shop', true);
CREATE TABLE tried AS SELECT * FROM custseg.refresh('shop', '2024-01-31', dry_run => true);
SELECT is_empty($$SELECT * FROM pg_temp.changes('before', 'shop', true)$$, 'a dry run leaves nothing');
SELECT is((SELECT count(*)::int FROM tried WHERE dimension = 'tier'), 66, 'it tells of each customer, but the excluded');
CREATE TABLE done AS SELECT * FROM custseg.refresh('shop', '2024-01-31');
SELECT set_eq('TABLE done', $$SELECT NULL::text AS customer_id, dimension, transition, from_class, to_class, NULL::text AS reason, count(*) FROM tried GROUP BY 2, 3, 4, 5$$,
    'the run does what the dry run told');
SELECT set_eq($$SELECT customer_id, to_class, reason FROM tried WHERE dimension = 'tier'$$,
    $$SELECT customer_id::text, tier, reason FROM shop.tier_transition$$, 'for the very customers and reasons');
SELECT is(pg_temp.tiers('{1,2,3,4,5,6,7}'), '1 top, 2 mid, 3 mid, 4 -, 5 low, 6 mid, 7 low', 'tiers after the first run');
SELECT is((SELECT concat_ws(' ', state, as_of, customers, orders, late_orders, finished_at IS NOT NULL, sqlstate, error) FROM shop.run),
    'done 2024-01-31 67 67 t', 'the row of the run');
SELECT is(last_as_of, '2024-01-31', 'the portfolio''s last day') FROM shop.portfolio;
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('shop')$$, 'the history is sound');

-- --- the same day again ---
SELECT pg_temp.keep('January', 'shop');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-01-31')$$, 'the same day again, on which all customers came');
SELECT is_empty($$SELECT * FROM pg_temp.changes('January', 'shop')$$, 'gives the same');
SELECT is((SELECT string_agg(state, ' ') FROM shop.run), 'done done', 'each run has its row');
SELECT alike(pg_temp.error_of($$SELECT custseg.refresh('shop', '2024-01-30')$$),
    '22023 | argument "as_of" is 2024-01-30, but portfolio "shop" was refreshed up to 2024-01-31 | %backdated => true.', 'a day before it is refused');

-- --- February: the pin begins ---
SELECT results_eq($$SELECT customer_id, transition, from_class, to_class, reason LIKE '%the boss''s friend%' FROM custseg.refresh('shop', '2024-02-20', true) WHERE dimension = 'tier'$$,
    $$VALUES ('5', 'upgrade', 'low', 'top', true)$$, 'a dry run names the reason');
SELECT results_eq($$SELECT customer_id, transition, from_class, to_class, reason, customers FROM custseg.refresh('shop', '2024-02-20') WHERE dimension = 'tier'$$,
    $$VALUES (NULL::text, 'upgrade', 'low', 'top', NULL::text, 1::bigint)$$, 'a run counts');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('shop')$$, 'the history is sound');
SELECT is((SELECT count(*)::int FROM shop.model WHERE as_of > '2024-01-31'), 0, 'nothing was fitted: a month has not passed');
SELECT pg_temp.keep('February', 'shop');

-- --- March: a refund, a late order, one has vanished, one has come ---
INSERT INTO orders VALUES (7, '2024-01-25', 60);
DELETE FROM orders WHERE customer = 3;
SELECT pg_temp.keep('before', 'shop', true);
DELETE FROM tried;
INSERT INTO tried SELECT * FROM custseg.refresh('shop', '2024-03-31', true);
SELECT is_empty($$SELECT * FROM pg_temp.changes('before', 'shop', true)$$, 'a dry run leaves nothing');
SELECT is((SELECT string_agg(concat_ws(' ', customer_id, transition, from_class, to_class), ', ' ORDER BY customer_id::int) FROM tried WHERE dimension = 'tier'),
    '1 grace top top, 3 exit mid, 7 upgrade low mid, 8 enter mid', 'what a dry run of March tells');
SELECT is((SELECT reason FROM tried WHERE dimension = 'tier' AND customer_id = '3'), 'no longer in the sources', 'why a customer leaves');
SELECT isnt((SELECT string_agg(reason, ' ') FROM tried WHERE dimension = 'segment' AND customer_id = '3'), '', 'the segments, too');
SELECT set_eq($$SELECT * FROM custseg.refresh('shop', '2024-03-31')$$,
    $$SELECT NULL::text AS customer_id, dimension, transition, from_class, to_class, NULL::text AS reason, count(*) FROM tried GROUP BY 2, 3, 4, 5$$, 'the run does it');
SELECT is((SELECT late_orders FROM shop.run ORDER BY run_id DESC LIMIT 1), -0::bigint, 'one order came late, and one of an earlier day is gone');
SELECT is(pg_temp.tiers('{1,2,3,4,5,6,7,8}'), '1 top!, 2 mid, 3 -, 4 -, 5 top, 6 mid, 7 mid, 8 mid', 'tiers in March');
SELECT is((SELECT concat_ws(' ', purchases::text, segment, r, f, m, measures, entered) FROM shop.customer WHERE customer_id = 3), '2024-01-31', 'of who has left the day of entry stays');
SELECT is_empty($$SELECT * FROM shop.current_customers WHERE customer_id = 3$$, 'reports do not show him');
SELECT is((SELECT array_agg(DISTINCT as_of) FROM shop.model), '{2024-01-31,2024-03-31}'::date[], 'all is fitted anew: a month has passed');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('shop')$$, 'the history is sound');

SELECT pg_temp.keep('March', 'shop');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-03-31')$$, 'March again, with grace, entry, exit and new models');
SELECT is_empty($$SELECT * FROM pg_temp.changes('March', 'shop')$$, 'gives the same');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-04-10')$$, 'a run within grace');
SELECT is((SELECT concat_ws(' ', tier, grace_since) FROM shop.customer WHERE customer_id = 1), 'top 2024-03-31', 'grace goes on');
SELECT is(pg_temp.tiers('{4,5}'), '4 top, 5 top!', 'the pin and the exclusion have ended');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-03-31', backdated => true)$$, 'back to March');
SELECT is_empty($$SELECT * FROM pg_temp.changes('March', 'shop')$$, 'gives the same as before');
SELECT is((SELECT last_as_of FROM shop.portfolio), '2024-03-31', 'its day is the last');

-- --- April: grace ends, the lost one is back ---
INSERT INTO orders VALUES (3, '2024-04-05', 110), (2, '2024-03-01', 1), (2, '2024-02-01', 1);
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-04-30')$$, 'April');
SELECT is((SELECT late_orders FROM shop.run ORDER BY run_id DESC LIMIT 1), 2::bigint, 'two orders came late');
SELECT is((SELECT (counts ->> 'orders')::bigint - orders FROM shop.run ORDER BY run_id DESC LIMIT 1), 0::bigint, 'counts agree');
SELECT is(pg_temp.tiers('{1,2,3,4,5,6,7,8}'), '1 mid, 2 mid, 3 mid, 4 top, 5 top!, 6 mid, 7 mid, 8 mid', 'tiers in April');
SELECT is(pg_temp.transitions(1), '01-31 enter top, 03-31 grace top, 04-30 downgrade mid', 'the way of one who got his money back');
SELECT is(pg_temp.transitions(3), '01-31 enter mid, 03-31 exit -, 04-30 enter mid', 'of one who was away');
SELECT is(pg_temp.transitions(4), '04-30 enter top', 'of one who was excluded');
SELECT is(pg_temp.transitions(5), '01-31 enter low, 02-20 upgrade top, 04-30 grace top', 'of one who was pinned');
SELECT is((SELECT string_agg(concat_ws(' ', class, since, until), ', ' ORDER BY since) FROM shop.membership WHERE customer_id = 3 AND dimension = 'tier'),
    'mid 2024-01-31 2024-03-31, mid 2024-04-30', 'intervals of one who was away');
SELECT is((SELECT entered FROM shop.customer WHERE customer_id = 3), '2024-01-31', 'who came first in January');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('shop')$$, 'the history is sound');
SELECT pg_temp.keep('April', 'shop');

-- --- far back, and forward again ---
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-01-31', backdated => true)$$, 'back to January');
SELECT is((SELECT string_agg(DISTINCT as_of::text, ' ') FROM shop.tier_transition), '2024-01-31', 'all later history is gone');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('shop')$$, 'the history is sound');
SELECT is_empty($$SELECT FROM shop.customer WHERE customer_id = 3$$, 'who has no orders of that time was not there');
SELECT lives_ok($$SELECT custseg.refresh('shop', d) FROM unnest('{2024-02-20,2024-03-31,2024-04-30}'::date[]) d$$, 'all months again, in one transaction');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('shop')$$, 'the history is sound');
SELECT pg_temp.keep('all', 'shop');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-02-10', backdated => true)$$, 'to a day between two runs');
SELECT is(pg_temp.tiers('{5}'), '5 top', 'where a pin holds already');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-01-31', backdated => true)$$, 'back');
SELECT lives_ok($$SELECT custseg.refresh('shop', d) FROM unnest('{2024-02-20,2024-03-31,2024-04-30}'::date[]) d$$, 'and forward');
SELECT is_empty($$SELECT * FROM pg_temp.changes('all', 'shop')$$, 'gives the same');

-- --- two customers are one ---
INSERT INTO shop.customer_alias (from_id, to_id) VALUES (2, 8);
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-05-01')$$, 'a run after two customers became one');
SELECT is((SELECT string_agg(concat_ws(' ', customer_id, transition, from_tier, tier, reason), ', ') FROM shop.tier_transition WHERE customer_id IN (2, 8) AND as_of = '2024-05-01'),
    '2 exit mid merged into 8', 'one leaves, and says where to');
SELECT is((SELECT custseg.spend(purchases) FROM shop.customer WHERE customer_id = 8), 652::numeric, 'the other has what both had');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('shop')$$, 'the history is sound');
DELETE FROM shop.customer_alias;
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-05-01')$$, 'the same day, after they became two again');
SELECT is(pg_temp.transitions(2), '01-31 enter mid', 'as if nothing had been');

-- --- segments are switched off and on ---
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-05-02')$$, 'a run with segments');
SELECT pg_temp.keep('segments', 'shop');
INSERT INTO shop.setting VALUES ('segmentation', 'none');
SELECT is((SELECT count(*) FROM custseg.refresh('shop', '2024-05-02', true) WHERE dimension = 'segment' AND transition = 'exit' AND to_class IS NULL AND reason <> ''),
    (SELECT count(*) FROM shop.membership WHERE dimension = 'segment' AND since < '2024-05-02' AND (until IS NULL OR until >= '2024-05-02')), 'without segmentation all leave their segments');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-05-02')$$, 'as they do');
SELECT is((SELECT count(*) FROM shop.membership WHERE dimension = 'segment' AND until IS NULL), 0::bigint, 'no interval is open');
DELETE FROM shop.setting WHERE name = 'segmentation';
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-05-02')$$, 'the same day with segments');
SELECT is_empty($$SELECT * FROM pg_temp.changes('segments', 'shop')$$, 'gives the same as before');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('shop')$$, 'the history is sound');

-- --- the interval of refits ---
INSERT INTO shop.setting VALUES ('refit', '0 days');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-05-03')$$, 'a run that fits');
SELECT is((SELECT count(*) FROM shop.model WHERE as_of = '2024-05-03'), (SELECT count(DISTINCT name) FROM shop.model), 'every model');
UPDATE shop.setting SET value = '10 years' WHERE name = 'refit';
SELECT lives_ok($$SELECT custseg.refresh('shop', '2024-12-31')$$, 'a run that does not');
SELECT is((SELECT max(as_of) FROM shop.model), '2024-05-03', 'fit a model');
UPDATE shop.component SET classes = 3 WHERE measure = 'spend';
SELECT lives_ok($$SELECT custseg.refresh('shop', '2025-01-01')$$, 'a component is declared anew');
SELECT is((SELECT string_agg(name, ' ') FROM shop.model WHERE as_of = '2025-01-01'), 'score spend', 'which is fitted, and nothing else');

-- --- errors that are raised again, as run_refresh does ---
CREATE FUNCTION pg_temp.raised(detail text, hint text) RETURNS text LANGUAGE plpgsql AS $fn$
BEGIN
    PERFORM custseg._raise('55P03', 'a message', detail, hint);
EXCEPTION WHEN lock_not_available THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLERRM || '|' || detail || '|' || hint;
END
$fn$;
SELECT is(pg_temp.raised(d, h), 'a message|' || d || '|' || h, format('with detail "%s" and hint "%s"', d, h))
FROM (VALUES ('', ''), ('a detail', ''), ('', 'a hint'), ('a detail', 'a hint')) v (d, h);

-- --- a tier is taken out ---
DELETE FROM shop.override WHERE kind <> 'exclude';
UPDATE shop.override SET valid_until = NULL;
SELECT lives_ok($$SELECT custseg.refresh('shop', '2025-01-01')$$, 'the same day again');
INSERT INTO shop.override (customer_id, kind, reason) VALUES (8, 'exclude', 'asked for it');
DELETE FROM shop.tier WHERE tier = 'mid';
SELECT lives_ok($$SELECT custseg.refresh('shop', '2025-01-02')$$, 'a run after a tier was taken out');
SELECT is_empty($$SELECT FROM shop.customer WHERE tier = 'mid'$$, 'nobody is in it');
SELECT is((SELECT concat_ws(' ', transition, from_tier, tier, reason) FROM shop.tier_transition WHERE as_of = '2025-01-02' AND customer_id = 2),
    'enter mid low tier mid is no more; meets no entry rule of a higher tier', 'who was in it begins anew');
SELECT is((SELECT concat_ws(' ', transition, from_tier, coalesce(tier, '-'), reason) FROM shop.tier_transition WHERE as_of = '2025-01-02' AND customer_id = 8),
    'exit mid - tier mid is no more; excluded: asked for it (' || session_user || ')', 'or leaves');
SELECT pg_temp.keep('without', 'shop');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2025-01-02')$$, 'again');
SELECT is_empty($$SELECT * FROM pg_temp.changes('without', 'shop')$$, 'the same');

-- --- no order at all, then some ---
CREATE TABLE keep_orders AS TABLE orders;
DELETE FROM orders;
SELECT throws_like($$SELECT custseg.refresh('shop', '2025-01-03')$$, '%"vanished"%', 'a run that finds no order at all stops');
SELECT custseg.set_option('shop', 'stop_vanished', '');
SELECT lives_ok($$SELECT custseg.refresh('shop', '2025-01-03')$$, 'a run without orders');
SELECT is((SELECT count(*)::int FROM shop.current_customers), 0, 'all have left');
INSERT INTO orders TABLE keep_orders;
SELECT lives_ok($$SELECT custseg.refresh('shop', '2025-01-04')$$, 'and with them');
SELECT is_empty($$SELECT * FROM pg_temp.history_errors('shop') WHERE error <> 'transition has the wrong name' AND detail !~ '^.[48],segment'$$,
    'the history is sound');

SELECT * FROM finish();
ROLLBACK;
