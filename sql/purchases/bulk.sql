-- Bulk functions: from the text of an orders query to one row per customer.
--
-- They run a query, so they are VOLATILE and PARALLEL UNSAFE; they have no SET
-- clause, since the query's names are the caller's. The query itself may use a
-- parallel plan.

CREATE FUNCTION customer_purchases(orders text, time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id text, purchases purchases)
AS 'MODULE_PATHNAME', 'custseg_customer_purchases' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION customer_purchases(text, text) IS
'One purchase summary per customer. orders is a SELECT with the columns customer, day, amount [, cost [, order_id]], by position. A day of type timestamptz needs time_zone. Lines of one order_id are netted first. Rows without customer, day or amount are skipped and counted in a NOTICE.';

CREATE FUNCTION customer_purchases(key anyelement, orders text, time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, purchases purchases)
AS 'MODULE_PATHNAME', 'custseg_customer_purchases_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION customer_purchases(anyelement, text, text) IS
'The same with customer_id in the type of key, whose value does not matter: customer_purchases(NULL::bigint, ''SELECT ...'').';
