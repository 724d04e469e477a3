-- title: customer_purchases / GROUP BY with count(DISTINCT day), max, count, sum
-- goal: -
-- The same, with a peer that counts purchase days as custseg does.

--- custseg
SELECT ROW(count(*), max(customer_id), max(last_purchase(purchases)),
		   sum(purchase_days(purchases)), sum(orders(purchases)), sum(spend(purchases)))
  FROM customer_purchases(NULL::bigint, 'SELECT customer_id, day, amount FROM orders');

--- peer count(DISTINCT)
SELECT ROW(count(*), max(customer_id), max(last), sum(days), sum(n), sum(spend))
  FROM (SELECT customer_id, max(day) AS last, count(DISTINCT day) AS days,
			   count(*) AS n, sum(amount) AS spend
		  FROM orders GROUP BY customer_id) AS g;
