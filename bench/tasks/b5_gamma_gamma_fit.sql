-- title: gamma_gamma_fit, 1M customers
-- goal: -
-- needs: customers
-- Customers without a repeat purchase, whose m_x is NULL, are skipped. Otherwise as for bgnbd_fit.

--- custseg
SELECT gamma_gamma_fit(x, m_x) FROM customers_bgnbd;

--- check
SELECT coalesce(string_agg(format('%s is %s, deviation %s', name, m -> name, standard_error(m, name)), ', '), 'ok')
  FROM (SELECT gamma_gamma_fit(x, m_x) AS m FROM customers_bgnbd) AS s,
	   (VALUES ('p', 6.25), ('q', 3.744), ('gamma', 15.444)) AS v(name, truth)
 WHERE m ->> 'status' <> 'converged' OR NOT coalesce(abs((m -> name) - truth) <= 4 * standard_error(m, name), false);
