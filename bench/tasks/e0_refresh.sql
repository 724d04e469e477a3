-- title: refresh of a new portfolio / rfm() and the same rows inserted by hand
-- goal: 0.67
-- The run reads the orders, fits breaks and lifetime models, scores, assigns segments
-- and tiers with their reasons, and writes state and history. The peer computes rfm()
-- alone, and inserts the rows that the run wrote, which it finds ready in tables, into
-- tables with the same indexes.

--- custseg
DO $$ BEGIN IF to_regclass('shop.portfolio') IS NOT NULL THEN PERFORM drop_portfolio('shop', 'shop'); END IF; END $$;
DO $$ BEGIN PERFORM create_portfolio('shop', 'orders', 'customer_id', 'day', 'amount'); END $$;
SELECT sum(customers) FILTER (WHERE dimension = 'segment') FROM refresh('shop', '2025-12-30');

--- peer
DROP SCHEMA IF EXISTS by_hand CASCADE;
CREATE SCHEMA by_hand;
CREATE TABLE by_hand.customer (LIKE shop.customer INCLUDING ALL);
CREATE TABLE by_hand.membership (LIKE shop.membership INCLUDING ALL);
CREATE TABLE by_hand.tier_transition (LIKE shop.tier_transition INCLUDING ALL);
CREATE TABLE by_hand.class_count (LIKE shop.class_count INCLUDING ALL);
CREATE FUNCTION by_hand.refresh() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	SELECT count(*) FILTER (WHERE segment IS NOT NULL) INTO n
	FROM custseg.rfm(NULL::bigint, 'SELECT customer_id, day, amount FROM orders WHERE day <= ''2025-12-30''', '2025-12-30');
	INSERT INTO by_hand.customer SELECT * FROM shop.customer;
	INSERT INTO by_hand.membership SELECT * FROM shop.membership;
	INSERT INTO by_hand.tier_transition SELECT * FROM shop.tier_transition;
	INSERT INTO by_hand.class_count SELECT * FROM shop.class_count;
	RETURN n;
END
$$;
SELECT by_hand.refresh();
