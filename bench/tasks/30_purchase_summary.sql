-- title: purchase_summary ... GROUP BY / max, count, sum
-- goal: 1
-- The composable form: an aggregate under the same GROUP BY as the peer's.
-- Both sides have the form as planned and the form sorted.

--- custseg as planned
SELECT ROW(count(*), max(customer_id), max(last_purchase(p)), sum(orders(p)), sum(spend(p)))
  FROM (SELECT customer_id, purchase_summary(day, amount) AS p
		  FROM orders GROUP BY customer_id) AS g;

--- custseg sorted
SET enable_hashagg = off;
SELECT ROW(count(*), max(customer_id), max(last_purchase(p)), sum(orders(p)), sum(spend(p)))
  FROM (SELECT customer_id, purchase_summary(day, amount) AS p
		  FROM orders GROUP BY customer_id) AS g;

--- peer as planned
SELECT ROW(count(*), max(customer_id), max(last), sum(n), sum(spend))
  FROM (SELECT customer_id, max(day) AS last, count(*) AS n, sum(amount) AS spend
		  FROM orders GROUP BY customer_id) AS g;

--- peer sorted
SET enable_hashagg = off;
SELECT ROW(count(*), max(customer_id), max(last), sum(n), sum(spend))
  FROM (SELECT customer_id, max(day) AS last, count(*) AS n, sum(amount) AS spend
		  FROM orders GROUP BY customer_id) AS g;

--- check
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' customers differ' END
  FROM customer_purchases(NULL::bigint, 'SELECT customer_id, day, amount FROM orders') AS c
  FULL JOIN (SELECT customer_id, purchase_summary(day, amount) AS p
			   FROM orders GROUP BY customer_id) AS g USING (customer_id)
 WHERE c.purchases IS DISTINCT FROM g.p;
