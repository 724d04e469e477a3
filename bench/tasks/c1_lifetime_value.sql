-- title: lifetime_value from 10M orders / the same by customer_purchases, the fits and clv
-- goal: -
-- From the order table to the value of each of a million customers in the coming year. Both sides are custseg: the peer
-- composes it of the parts, with the summaries kept in between. The check compares customer by customer.

--- custseg
SELECT ROW(count(clv), max(customer_id), round(sum(p_alive)::numeric, 3), round(sum(expected_purchases)::numeric, 2),
		   round(sum(clv)::numeric, 0))
  FROM lifetime_value(NULL::bigint, 'SELECT customer_id, day, amount FROM orders', '2025-12-31', 52, discount => 0.002);

--- peer
WITH c AS MATERIALIZED (SELECT * FROM customer_purchases(NULL::bigint, 'SELECT customer_id, day, amount FROM orders')),
	 m AS MATERIALIZED (SELECT bgnbd_fit(purchases, '2025-12-31', 'week') AS purchase_model, gamma_gamma_fit(purchases) AS spend_model FROM c)
SELECT ROW(count(clv), max(customer_id), round(sum(p_alive)::numeric, 3), round(sum(expected_purchases)::numeric, 2),
		   round(sum(clv)::numeric, 0))
  FROM (SELECT customer_id, p_alive(purchase_model, purchases, '2025-12-31') AS p_alive,
			   expected_purchases(purchase_model, purchases, '2025-12-31', 52) AS expected_purchases,
			   expected_spend(spend_model, purchases) AS expected_spend,
			   clv(purchase_model, spend_model, purchases, '2025-12-31', 52, 0.002) AS clv
		  FROM c, m OFFSET 0) AS s;

--- check
WITH c AS MATERIALIZED (SELECT * FROM customer_purchases(NULL::bigint, 'SELECT customer_id, day, amount FROM orders')),
	 m AS MATERIALIZED (SELECT bgnbd_fit(purchases, '2025-12-31', 'week') AS purchase_model, gamma_gamma_fit(purchases) AS spend_model FROM c)
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' customers differ' END
  FROM m CROSS JOIN c
  FULL JOIN lifetime_value(NULL::bigint, 'SELECT customer_id, day, amount FROM orders', '2025-12-31', 52, discount => 0.002) AS v
	   USING (customer_id)
 WHERE (v.p_alive, v.expected_purchases, v.expected_spend, v.clv) IS DISTINCT FROM
	   (p_alive(purchase_model, purchases, '2025-12-31'), expected_purchases(purchase_model, purchases, '2025-12-31', 52),
		expected_spend(spend_model, purchases), clv(purchase_model, spend_model, purchases, '2025-12-31', 52, 0.002));
