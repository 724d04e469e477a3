-- title: bgnbd_fit, 1M customers, times in days
-- goal: 1.5 s
-- needs: customers
-- As for times as they are, which see. In whole days a million customers have 300,000 histories.

--- custseg
SELECT bgnbd_fit(x, t_x_days, age_days) FROM customers_bgnbd;

--- check
SELECT coalesce(string_agg(format('%s is %s, deviation %s', name, m -> name, standard_error(m, name)), ', '), 'ok')
  FROM (SELECT bgnbd_fit(x, t_x_days, age_days) AS m FROM customers_bgnbd) AS s,
	   (VALUES ('r', 0.243), ('alpha', 4.414), ('a', 0.793), ('b', 2.426)) AS v(name, truth)
 WHERE m ->> 'status' <> 'converged' OR NOT coalesce(abs((m -> name) - truth) <= 4 * standard_error(m, name), false);
