-- title: customer_purchases / GROUP BY with max, count, sum
-- goal: 3
-- Every column of the roll-up is consumed, on both sides alike. custseg also
-- keeps first day, distinct days and refunds, which the peer does not compute.

--- custseg
SELECT ROW(count(*), max(customer_id), max(last_purchase(purchases)),
		   sum(orders(purchases)), sum(spend(purchases)))
  FROM customer_purchases(NULL::bigint, 'SELECT customer_id, day, amount FROM orders');

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
  FULL JOIN (SELECT customer_id, min(day) AS first, max(day) AS last, count(DISTINCT day) AS days,
					count(*) AS n, sum(amount) AS spend
			   FROM orders GROUP BY customer_id) AS g USING (customer_id)
 WHERE (first_purchase(c.purchases), last_purchase(c.purchases), purchase_days(c.purchases),
		orders(c.purchases), spend(c.purchases))
	   IS DISTINCT FROM (g.first, g.last, g.days, g.n, g.spend);
