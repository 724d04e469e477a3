-- portfolio/portfolio_purchases.sql
--
-- What a refresh reads of its orders: summaries and counts, in one pass.

CREATE FUNCTION custseg._portfolio_purchases(key anyelement, orders text, as_of date, since date DEFAULT NULL,
	time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, purchases custseg.purchases, counts jsonb)
AS 'MODULE_PATHNAME', 'custseg_portfolio_purchases' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg._portfolio_purchases(anyelement, text, date, date, text) IS
'Internal, for the refresh of a portfolio: customer_purchases(key, orders) of the orders up to and including as_of, one row per customer with counts NULL, and then one row, the last, with customer_id and purchases NULL and in counts what was seen: rows (all that were read), orders (the rows that counted); those that did not, each under its first reason: no_customer, no_day, no_amount, after (day > as_of); of those that counted, order lines each on its own: refunds (amount < 0), zero (amount 0), no_cost (cost NULL; null without a cost column), late_base (day <= since; null when since is NULL), first_day, last_day (null without orders); customers (the rows before). No NOTICE about them, and no error when all orders are after as_of. 22004: orders or as_of NULL. 22023: as_of, since or a day infinite, an amount or cost infinite or NaN, a day of type timestamptz without time_zone, a text that is not one query. 42804: columns of other types. 25006: a query that writes or locks rows.';
