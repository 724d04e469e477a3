-- title: bgnbd_fit, 1M customers, times as they are
-- goal: 3 s
-- needs: customers
-- The goal is an absolute time. Two settings, serial and parallel, must print the same model to the last digit. The check:
-- the parameters that the customers were simulated with are within four standard errors.

--- custseg
SELECT bgnbd_fit(x, t_x, age) FROM customers_bgnbd;

--- check
SELECT coalesce(string_agg(format('%s is %s, deviation %s', name, m -> name, standard_error(m, name)), ', '), 'ok')
  FROM (SELECT bgnbd_fit(x, t_x, age) AS m FROM customers_bgnbd) AS s,
	   (VALUES ('r', 0.243), ('alpha', 4.414), ('a', 0.793), ('b', 2.426)) AS v(name, truth)
 WHERE m ->> 'status' <> 'converged' OR NOT coalesce(abs((m -> name) - truth) <= 4 * standard_error(m, name), false);
