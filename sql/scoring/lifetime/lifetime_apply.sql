-- What models of customer lifetime predict: p_alive, expected_purchases, purchase_probability, expected_spend, clv,
-- dert, residual_lifetime, survival, retention_rate, each with its standard error, and loglik.

-- Alive: will buy again, if time allows.

CREATE FUNCTION custseg.p_alive(model custseg.lifetime_model, x float8, t_x float8, age float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_p_alive' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION custseg.p_alive(custseg.lifetime_model, float8, float8, float8, text) IS
'Probability that a customer is still one, from 0 to 1. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd (where a customer without repeat purchase is alive for certain), mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023. Source: Fader, Hardie, Lee 2005; Batislam, Denizel, Filiztekin 2007; Schmittlein, Morrison, Colombo 1987; Fader, Hardie, Shang 2010.';

CREATE FUNCTION custseg.p_alive_se(model custseg.lifetime_model, x float8, t_x float8, age float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_p_alive_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 300;
COMMENT ON FUNCTION custseg.p_alive_se(custseg.lifetime_model, float8, float8, float8, text) IS
'Standard error of p_alive(model, x, t_x, age, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.p_alive(model custseg.lifetime_model, p custseg.purchases, as_of date) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_p_alive_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION custseg.p_alive(custseg.lifetime_model, custseg.purchases, date) IS
'Probability that a customer is still one, from 0 to 1: p_alive(model, x, t_x, age) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL.';

CREATE FUNCTION custseg.p_alive_se(model custseg.lifetime_model, p custseg.purchases, as_of date) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_p_alive_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 300;
COMMENT ON FUNCTION custseg.p_alive_se(custseg.lifetime_model, custseg.purchases, date) IS
'Standard error of p_alive(model, p, as_of): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

-- Purchases in a time to come.

CREATE FUNCTION custseg.expected_purchases(
    model custseg.lifetime_model, x float8, t_x float8, age float8, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.expected_purchases(custseg.lifetime_model, float8, float8, float8, float8, text) IS
'Purchases that are expected from a customer within a horizon from now. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023. A result beyond float8: error 22003.';

CREATE FUNCTION custseg.expected_purchases_se(
    model custseg.lifetime_model, x float8, t_x float8, age float8, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.expected_purchases_se(custseg.lifetime_model, float8, float8, float8, float8, text) IS
'Standard error of expected_purchases(model, x, t_x, age, horizon, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.expected_purchases(
    model custseg.lifetime_model, p custseg.purchases, as_of date, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.expected_purchases(custseg.lifetime_model, custseg.purchases, date, float8, text) IS
'Purchases that are expected from a customer within a horizon from as_of: expected_purchases(model, x, t_x, age, horizon) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL. horizon: time from now, finite and at least 0, in the unit of the model, which unit asserts.';

CREATE FUNCTION custseg.expected_purchases_se(
    model custseg.lifetime_model, p custseg.purchases, as_of date, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.expected_purchases_se(custseg.lifetime_model, custseg.purchases, date, float8, text) IS
'Standard error of expected_purchases(model, p, as_of, horizon, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.expected_purchases_new(model custseg.lifetime_model, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_new' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.expected_purchases_new(custseg.lifetime_model, float8, text) IS
'Repeat purchases that are expected from a new customer within a horizon after the first purchase. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb; another one, or one without parameters: error 22023.';

CREATE FUNCTION custseg.expected_purchases_new_se(model custseg.lifetime_model, horizon float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_purchases_new_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.expected_purchases_new_se(custseg.lifetime_model, float8, text) IS
'Standard error of expected_purchases_new(model, horizon, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.purchase_probability(
    model custseg.lifetime_model, x float8, t_x float8, age float8, horizon float8, n int,
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.purchase_probability(custseg.lifetime_model, float8, float8, float8, float8, int, text) IS
'Probability that a customer makes exactly n purchases within a horizon from now. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. n: at least 0. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023.';

CREATE FUNCTION custseg.purchase_probability_se(
    model custseg.lifetime_model, x float8, t_x float8, age float8, horizon float8, n int,
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION custseg.purchase_probability_se(custseg.lifetime_model, float8, float8, float8, float8, int, text) IS
'Standard error of purchase_probability(model, x, t_x, age, horizon, n, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.purchase_probability(
    model custseg.lifetime_model, p custseg.purchases, as_of date, horizon float8, n int,
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.purchase_probability(custseg.lifetime_model, custseg.purchases, date, float8, int, text) IS
'Probability that a customer makes exactly n purchases within a horizon from as_of: purchase_probability(model, x, t_x, age, horizon, n) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL. horizon: time from now, finite and at least 0, in the unit of the model, which unit asserts. n: at least 0.';

CREATE FUNCTION custseg.purchase_probability_se(
    model custseg.lifetime_model, p custseg.purchases, as_of date, horizon float8, n int,
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION custseg.purchase_probability_se(custseg.lifetime_model, custseg.purchases, date, float8, int, text) IS
'Standard error of purchase_probability(model, p, as_of, horizon, n, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.purchase_probability_new(model custseg.lifetime_model, horizon float8, n int, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_new' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.purchase_probability_new(custseg.lifetime_model, float8, int, text) IS
'Probability that a new customer makes exactly n repeat purchases within a horizon after the first purchase. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. n: at least 0. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb; another one, or one without parameters: error 22023.';

CREATE FUNCTION custseg.purchase_probability_new_se(model custseg.lifetime_model, horizon float8, n int, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_purchase_probability_new_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION custseg.purchase_probability_new_se(custseg.lifetime_model, float8, int, text) IS
'Standard error of purchase_probability_new(model, horizon, n, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

-- Value.

CREATE FUNCTION custseg.expected_spend(model custseg.spend_model, x float8, m_x float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_spend' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.expected_spend(custseg.spend_model, float8, float8) IS
'Expected value of a purchase of a customer: between the mean of the customer and that of all, the nearer to the former the more purchases there are; p (gamma + x m_x) / (p x + q - 1). x: repeat purchases, a whole number; m_x: the mean of their values, above 0, which is not read where x is 0. x > 0 without m_x, or another NULL: NULL. A model without mean, q at most 1 - p x: error 22023. x or m_x outside their range: error 22023. Source: Fader, Hardie, The Gamma-Gamma Model of Monetary Value, 2013.';

CREATE FUNCTION custseg.expected_spend_se(model custseg.spend_model, x float8, m_x float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_spend_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.expected_spend_se(custseg.spend_model, float8, float8) IS
'Standard error of expected_spend(model, x, m_x): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.expected_spend(model custseg.spend_model, p custseg.purchases) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_spend_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.expected_spend(custseg.spend_model, custseg.purchases) IS
'Expected value of a purchase of a customer: expected_spend(model, repeat_purchases(p), repeat_value(p)). Without a purchase, or where all repeat purchases were free: NULL. NULL in any argument: NULL.';

CREATE FUNCTION custseg.expected_spend_se(model custseg.spend_model, p custseg.purchases) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_expected_spend_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.expected_spend_se(custseg.spend_model, custseg.purchases) IS
'Standard error of expected_spend(model, p): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.clv(
    purchase_model custseg.lifetime_model, spend_model custseg.spend_model, x float8, t_x float8, age float8,
    m_x float8, horizon float8, discount float8 DEFAULT 0, margin float8 DEFAULT 1,
    compounding text DEFAULT 'period', unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_clv' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 500;
COMMENT ON FUNCTION custseg.clv(custseg.lifetime_model, custseg.spend_model, float8, float8, float8, float8, float8, float8, float8, text, text) IS
'Customer lifetime value: margin times the expected value of a purchase times the purchases that are expected within a horizon from now, each discounted to now. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were; m_x: mean value of the repeat purchases, above 0, not read where x is 0. horizon: time from now, finite and at least 0, of a model of kind bgbb a whole number of opportunities. discount: per unit of time of the model, finite and at least 0, 0.1 for 10 percent. margin: the part of a purchase that is profit, finite and at least 0. compounding: period counts purchases at the end of their unit of time, at (1 + discount)^-i for the i-th and at (1 + discount)^-horizon in a last one that is not whole; continuous counts them when they are made, at exp(-discount t) (discount is then a rate; for opportunities, of bgbb, at exp(-discount i)). Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. x > 0 without m_x, or NULL in another argument: NULL. Purchase models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023. So is a spend model without mean. A result beyond float8: error 22003. A discount other than 0 over more than a million opportunities: error 54000.';

CREATE FUNCTION custseg.clv_se(
    purchase_model custseg.lifetime_model, spend_model custseg.spend_model, x float8, t_x float8, age float8,
    m_x float8, horizon float8, discount float8 DEFAULT 0, margin float8 DEFAULT 1,
    compounding text DEFAULT 'period', unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_clv_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION custseg.clv_se(custseg.lifetime_model, custseg.spend_model, float8, float8, float8, float8, float8, float8, float8, text, text) IS
'Standard error of clv(purchase_model, spend_model, x, t_x, age, m_x, horizon, discount, margin, compounding, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same. The two models are taken as independent; one without covariance: NULL.';

CREATE FUNCTION custseg.clv(
    purchase_model custseg.lifetime_model, spend_model custseg.spend_model, p custseg.purchases, as_of date,
    horizon float8, discount float8 DEFAULT 0, margin float8 DEFAULT 1, compounding text DEFAULT 'period',
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_clv_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 500;
COMMENT ON FUNCTION custseg.clv(custseg.lifetime_model, custseg.spend_model, custseg.purchases, date, float8, float8, float8, text, text) IS
'Customer lifetime value as of a day: clv(purchase_model, spend_model, x, t_x, age, m_x, horizon, discount, margin, compounding) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL. Where all repeat purchases were free: NULL. horizon: time from now, finite and at least 0, in the unit of the model, which unit asserts. discount: per unit of time of the model, finite and at least 0, 0.1 for 10 percent. margin: the part of a purchase that is profit, finite and at least 0. compounding: period counts purchases at the end of their unit of time, at (1 + discount)^-i for the i-th and at (1 + discount)^-horizon in a last one that is not whole; continuous counts them when they are made, at exp(-discount t) (discount is then a rate; for opportunities, of bgbb, at exp(-discount i)). ';

CREATE FUNCTION custseg.clv_se(
    purchase_model custseg.lifetime_model, spend_model custseg.spend_model, p custseg.purchases, as_of date,
    horizon float8, discount float8 DEFAULT 0, margin float8 DEFAULT 1, compounding text DEFAULT 'period',
    unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_clv_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION custseg.clv_se(custseg.lifetime_model, custseg.spend_model, custseg.purchases, date, float8, float8, float8, text, text) IS
'Standard error of clv(purchase_model, spend_model, p, as_of, horizon, discount, margin, compounding, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same. The two models are taken as independent; one without covariance: NULL.';

CREATE FUNCTION custseg.dert(
    model custseg.lifetime_model, x float8, t_x float8, age float8, discount float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_dert' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.dert(custseg.lifetime_model, float8, float8, float8, float8, text) IS
'Discounted expected residual transactions: all purchases that are expected from a customer from now on, each discounted to now, without end. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now. discount: continuous, per unit of time of the model, finite and above 0; log(1 + d) for d by the period. Times are in the unit of time of the model. unit: day, week, month or year, which the model must be in, otherwise error 22023; NULL asserts nothing. NULL in any other argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023. A result beyond float8: error 22003. Source: Fader, Hardie, Lee, RFM and CLV, 2005.';

CREATE FUNCTION custseg.dert_se(
    model custseg.lifetime_model, x float8, t_x float8, age float8, discount float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_dert_se' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.dert_se(custseg.lifetime_model, float8, float8, float8, float8, text) IS
'Standard error of dert(model, x, t_x, age, discount, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.dert(
    model custseg.lifetime_model, p custseg.purchases, as_of date, discount float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_dert_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION custseg.dert(custseg.lifetime_model, custseg.purchases, date, float8, text) IS
'Discounted expected residual transactions from as_of on: dert(model, x, t_x, age, discount) of the history in p. p: purchases of the customer; as_of: the day up to which they were seen, not before the last of them (otherwise error 22023). The model must have a unit of time, otherwise error 22023. Without a purchase, or with a NULL: NULL. discount: continuous, per unit of time of the model, which unit asserts; finite and above 0.';

CREATE FUNCTION custseg.dert_se(
    model custseg.lifetime_model, p custseg.purchases, as_of date, discount float8, unit text DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_dert_se_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.dert_se(custseg.lifetime_model, custseg.purchases, date, float8, text) IS
'Standard error of dert(model, p, as_of, discount, unit): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

-- Contracts: models of kind sbg.

CREATE FUNCTION custseg.residual_lifetime(model custseg.lifetime_model, renewals int, discount float8 DEFAULT 0) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_residual_lifetime' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION custseg.residual_lifetime(custseg.lifetime_model, int, float8) IS
'Discounted expected residual lifetime, in periods, of a customer who has renewed so many times and now decides about the next renewal; discount: per period, finite and at least 0. Without discount the mean is finite only where alpha is above 1: otherwise error 22003. renewals: at least 0. A model of another kind than sbg: error 22023. Source: Fader, Hardie, Customer-Base Valuation in a Contractual Setting, 2010.';

CREATE FUNCTION custseg.residual_lifetime_se(model custseg.lifetime_model, renewals int, discount float8 DEFAULT 0) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_residual_lifetime_se' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
COMMENT ON FUNCTION custseg.residual_lifetime_se(custseg.lifetime_model, int, float8) IS
'Standard error of residual_lifetime(model, renewals, discount): what the uncertainty of the parameters makes of the expectation, by the delta method with the covariance of the model; it says nothing about how customers with the same expectation differ. A model without covariance (typed in, or degenerate): NULL. Arguments and errors are the same.';

CREATE FUNCTION custseg.survival(model custseg.lifetime_model, renewals int) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_survival' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.survival(custseg.lifetime_model, int) IS
'The part of all customers of a contract who are left after so many renewals, at least 0: from 1 at 0 on. A model of another kind than sbg: error 22023. Source: Fader, Hardie, How to Project Customer Retention, 2007.';

CREATE FUNCTION custseg.retention_rate(model custseg.lifetime_model, renewals int) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_retention_rate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.retention_rate(custseg.lifetime_model, int) IS
'Of the customers who have renewed so many times, at least 0, the part that renews once more: survival(model, renewals + 1) / survival(model, renewals). It rises with the renewals. A model of another kind than sbg: error 22023.';

-- Fit of one customer.

CREATE FUNCTION custseg.loglik(model custseg.lifetime_model, x float8, t_x float8, age float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_loglik' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 30;
COMMENT ON FUNCTION custseg.loglik(custseg.lifetime_model, float8, float8, float8) IS
'Log-likelihood of the history of one customer under a model: customers with a very low one are not like those whom the model describes. x: repeat purchases, a whole number (purchase days less 1); t_x: time from the first purchase to the last, 0 when x is 0; age: time from the first purchase to now; for a model of kind bgbb, opportunities that were taken, the last of them (0: none), and all there were. NULL in any argument: NULL. Models of kind bgnbd, mbgnbd, pareto_nbd, bgbb. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity, a model of another kind or without parameters: error 22023.';

CREATE FUNCTION custseg.loglik(model custseg.spend_model, x float8, m_x float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_loglik_spend' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 30;
COMMENT ON FUNCTION custseg.loglik(custseg.spend_model, float8, float8) IS
'Log-likelihood of the mean value m_x of the x repeat purchases of one customer under a model. x = 0: 0, and m_x is not read. x > 0 without m_x, or another NULL: NULL. x or m_x outside their range: error 22023.';
