-- title: pareto_nbd_fit, 1M customers, times in days
-- goal: 12 s
-- needs: customers
-- As for times as they are, which see. In whole days a million customers have 300,000 histories.

--- custseg
SELECT pareto_nbd_fit(x, t_x_days, age_days) FROM customers_pareto_nbd;

--- check
SELECT coalesce(string_agg(format('%s is %s, deviation %s', name, m -> name, standard_error(m, name)), ', '), 'ok')
  FROM (SELECT pareto_nbd_fit(x, t_x_days, age_days) AS m FROM customers_pareto_nbd) AS s,
	   (VALUES ('r', 0.553), ('alpha', 10.578), ('s', 0.606), ('beta', 11.669)) AS v(name, truth)
 WHERE m ->> 'status' <> 'converged' OR NOT coalesce(abs((m -> name) - truth) <= 4 * standard_error(m, name), false);
