-- title: mbgnbd_fit, 1M customers, times as they are
-- goal: -
-- needs: customers
-- As for bgnbd_fit.

--- custseg
SELECT mbgnbd_fit(x, t_x, age) FROM customers_mbgnbd;

--- check
SELECT coalesce(string_agg(format('%s is %s, deviation %s', name, m -> name, standard_error(m, name)), ', '), 'ok')
  FROM (SELECT mbgnbd_fit(x, t_x, age) AS m FROM customers_mbgnbd) AS s,
	   (VALUES ('r', 0.525), ('alpha', 6.183), ('a', 0.891), ('b', 1.614)) AS v(name, truth)
 WHERE m ->> 'status' <> 'converged' OR NOT coalesce(abs((m -> name) - truth) <= 4 * standard_error(m, name), false);
