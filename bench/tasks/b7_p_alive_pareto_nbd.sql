-- title: p_alive of pareto_nbd, 1M rows
-- goal: 0.6 s
-- needs: customers
-- The goal is an absolute time, of the whole statement.

--- custseg
SELECT round(sum(p_alive(:pareto_nbd, x, t_x, age))::numeric, 4) FROM customers_pareto_nbd;

--- check
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' rows are not from 0 to 1' END
  FROM customers_pareto_nbd
 WHERE NOT p_alive(:pareto_nbd, x, t_x, age) BETWEEN 0 AND 1;
