-- title: refresh of the next day / refresh of a new portfolio on that day
-- goal: 1.67
-- One customer of a hundred has new orders. The check: what was written are the
-- customers who differ from the day before, and nothing else.

--- custseg
DO $$ BEGIN IF to_regclass('shop.portfolio') IS NOT NULL THEN PERFORM drop_portfolio('shop', 'shop'); END IF; END $$;
DO $$ BEGIN PERFORM create_portfolio('shop', 'orders', 'customer_id', 'day', 'amount'); END $$;
DO $$ BEGIN PERFORM refresh('shop', '2025-12-30'); END $$;
CREATE TEMPORARY TABLE IF NOT EXISTS day_before (LIKE shop.customer);
TRUNCATE day_before;
INSERT INTO day_before SELECT * FROM shop.customer;
VACUUM ANALYZE;
SELECT (SELECT customers FROM shop.run WHERE run_id = max_id) FROM (SELECT max(run_id) AS max_id, (SELECT count(*) FROM refresh('shop', '2025-12-31')) FROM shop.run) r;
