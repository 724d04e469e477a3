-- title: clv of bgnbd and gamma_gamma, 1M rows
-- goal: -
-- needs: customers
-- A year ahead, discounted by 0.2 % a week. Customers without a repeat purchase have no m_x.

--- custseg
SELECT round(sum(clv(:bgnbd, :gamma_gamma, x, t_x, age, m_x, 52, 0.002, 0.4))::numeric, 4) FROM customers_bgnbd;

--- check
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' rows are not between 0 and the value without discount' END
  FROM (SELECT clv(:bgnbd, :gamma_gamma, x, t_x, age, m_x, 52, 0.002, 0.4) AS value,
			   expected_purchases(:bgnbd, x, t_x, age, 52)
			   * expected_spend(:gamma_gamma, x, m_x) * 0.4 AS plain
		  FROM customers_bgnbd) AS s
 WHERE NOT (value > 0 AND value < plain);
