-- title: pareto_nbd_fit, 1M customers, times as they are
-- goal: 30 s
-- needs: customers
-- The goal is an absolute time. Two settings, serial and parallel, must print the same model to the last digit. The check:
-- the parameters that the customers were simulated with are within four standard errors.

--- custseg
SELECT pareto_nbd_fit(x, t_x, age) FROM customers_pareto_nbd;

--- check
SELECT coalesce(string_agg(format('%s is %s, deviation %s', name, m -> name, standard_error(m, name)), ', '), 'ok')
  FROM (SELECT pareto_nbd_fit(x, t_x, age) AS m FROM customers_pareto_nbd) AS s,
	   (VALUES ('r', 0.553), ('alpha', 10.578), ('s', 0.606), ('beta', 11.669)) AS v(name, truth)
 WHERE m ->> 'status' <> 'converged' OR NOT coalesce(abs((m -> name) - truth) <= 4 * standard_error(m, name), false);
