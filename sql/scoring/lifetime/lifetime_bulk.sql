-- Lifetime value in bulk: from the text of an orders query to models, to the value of each customer, and to a
-- check of the predictions. They run a query, so they are VOLATILE and PARALLEL UNSAFE and have no SET clause, as the
-- functions of purchases/bulk.sql.

CREATE FUNCTION lifetime_fit(orders text, as_of date, model text DEFAULT 'bgnbd', unit text DEFAULT 'week',
	time_zone text DEFAULT NULL, OUT purchase_model lifetime_model, OUT spend_model spend_model)
AS 'MODULE_PATHNAME', 'custseg_lifetime_fit' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000;
COMMENT ON FUNCTION lifetime_fit(text, date, text, text, text) IS
'Fits a model of purchases (bgnbd, pareto_nbd or mbgnbd) and gamma_gamma on the same orders, read once, for storing. orders as in lifetime_value; rows after as_of are skipped and counted in a NOTICE. unit: day, week, month (365.25/12 days) or year (365.25 days). A model that is degenerate or not identified is returned with that status, and a NOTICE says so. No orders: error 22023.';

CREATE FUNCTION lifetime_value(orders text, as_of date, horizon double precision, model text DEFAULT 'bgnbd',
	unit text DEFAULT 'week', discount double precision DEFAULT 0, margin double precision DEFAULT 1,
	compounding text DEFAULT 'period', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id text, x bigint, t_x double precision, age double precision, m_x double precision,
	p_alive double precision, expected_purchases double precision, expected_spend double precision, clv double precision)
AS 'MODULE_PATHNAME', 'custseg_lifetime_value' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION lifetime_value(text, date, double precision, text, text, double precision, double precision, text, text) IS
'Future purchases and value of each customer, one row per customer. orders is a SELECT with the columns customer, day, amount [, cost [, order_id]], by position; rows after as_of are skipped and counted in a NOTICE. Fits the purchase model (bgnbd, pareto_nbd or mbgnbd) in the unit (day, week, month, year) and gamma_gamma on these orders, and applies both. x: repeat purchase days; t_x, age: units from the first purchase to the last, and to as_of; m_x: mean value of a repeat purchase day, NULL when x = 0; p_alive: probability that the customer has not left; expected_purchases within the horizon, in units; expected_spend: of one purchase; clv: expected_purchases times expected_spend times margin, discounted as clv() does. A customer with refunds only has all but customer_id NULL. Purchase model not identified: error 22023; degenerate: a NOTICE; spend model not identified: a NOTICE, and expected_spend and clv are NULL.';

CREATE FUNCTION lifetime_value(orders text, as_of date, horizon double precision, purchase_model lifetime_model,
	spend_model spend_model, discount double precision DEFAULT 0, margin double precision DEFAULT 1,
	compounding text DEFAULT 'period', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id text, x bigint, t_x double precision, age double precision, m_x double precision,
	p_alive double precision, expected_purchases double precision, expected_spend double precision, clv double precision)
AS 'MODULE_PATHNAME', 'custseg_lifetime_value_model' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION lifetime_value(text, date, double precision, lifetime_model, spend_model, double precision, double precision, text, text) IS
'Future purchases and value of each customer by models that are there, of kind bgnbd, pareto_nbd or mbgnbd, in the unit of the purchase model (without one: error 22023), and gamma_gamma; horizon in that unit. spend_model NULL: expected_spend and clv are NULL. Otherwise as lifetime_value(orders, as_of, horizon, model).';

CREATE FUNCTION lifetime_value(key anyelement, orders text, as_of date, horizon double precision, model text DEFAULT 'bgnbd',
	unit text DEFAULT 'week', discount double precision DEFAULT 0, margin double precision DEFAULT 1,
	compounding text DEFAULT 'period', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, x bigint, t_x double precision, age double precision, m_x double precision,
	p_alive double precision, expected_purchases double precision, expected_spend double precision, clv double precision)
AS 'MODULE_PATHNAME', 'custseg_lifetime_value_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION lifetime_value(anyelement, text, date, double precision, text, text, double precision, double precision, text, text) IS
'The same as lifetime_value without key, with customer_id in the type of key, whose value does not matter: lifetime_value(NULL::bigint, ''SELECT ...'', as_of, 52).';

CREATE FUNCTION lifetime_value(key anyelement, orders text, as_of date, horizon double precision, purchase_model lifetime_model,
	spend_model spend_model, discount double precision DEFAULT 0, margin double precision DEFAULT 1,
	compounding text DEFAULT 'period', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, x bigint, t_x double precision, age double precision, m_x double precision,
	p_alive double precision, expected_purchases double precision, expected_spend double precision, clv double precision)
AS 'MODULE_PATHNAME', 'custseg_lifetime_value_model_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION lifetime_value(anyelement, text, date, double precision, lifetime_model, spend_model, double precision, double precision, text, text) IS
'The same as lifetime_value without key, with customer_id in the type of key, whose value does not matter: lifetime_value(NULL::bigint, ''SELECT ...'', as_of, 52, purchase_model, spend_model).';

CREATE FUNCTION holdout_check(orders text, calibration_end date, horizon double precision, model text DEFAULT 'bgnbd',
	unit text DEFAULT 'week', time_zone text DEFAULT NULL)
RETURNS TABLE (repeat_purchases text, customers bigint, actual bigint, predicted double precision,
	actual_mean double precision, predicted_mean double precision, bias double precision, mae double precision,
	rmse double precision)
AS 'MODULE_PATHNAME', 'custseg_holdout_check' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 9;
COMMENT ON FUNCTION holdout_check(text, date, double precision, text, text, text) IS
'How well a model predicts: fits it (bgnbd, pareto_nbd or mbgnbd) on the purchases up to calibration_end, predicts the time after it, and compares with what was bought then. orders as in lifetime_value, reaching to the end of that time at least; horizon: its length in units, rounded to whole days, one at least. Nine rows: repeat_purchases in the calibration period 0, 1, ..., 6, 7+, and total; customers; actual: purchase days after calibration_end, within the horizon; predicted; both per customer; bias: predicted - actual; mae, rmse: mean absolute and root mean square error of the customers. Without customers the means and errors are NULL. Customers who came after calibration_end do not count. Model not identified, no purchase up to calibration_end: error 22023; degenerate, or no purchase in the last tenth of the time: a NOTICE.';
