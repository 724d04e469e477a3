-- title: expected_purchases of pareto_nbd, 1M rows
-- goal: 2 s
-- needs: customers
-- The goal is an absolute time, of the whole statement. The check: the purchases that were simulated for the 39 weeks after
-- are within 1 % of the prediction.

--- custseg
SELECT round(sum(expected_purchases(:pareto_nbd, x, t_x, age, 39))::numeric, 4) FROM customers_pareto_nbd;

--- check
SELECT CASE WHEN abs(predicted / actual - 1) < 0.01 THEN 'ok' ELSE format('%s purchases, %s predicted', actual, predicted) END
  FROM (SELECT sum(future) AS actual, sum(expected_purchases(:pareto_nbd, x, t_x, age, 39)) AS predicted FROM customers_pareto_nbd) AS s;
