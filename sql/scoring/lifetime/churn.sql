-- Churn and potential: overdue_ratio, churn_risk, overdue_risk, potential, outlook.

CREATE FUNCTION custseg.overdue_ratio(p custseg.purchases, as_of date) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_overdue_ratio' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.overdue_ratio(custseg.purchases, date) IS
'How long a customer is overdue by the own rhythm: days since the last purchase over the mean number of days from one purchase day to the next. 1: a purchase is due now, 3: two mean gaps have been missed. NULL with fewer than two purchase days. as_of before the last purchase, or infinite: error 22023.';

CREATE FUNCTION custseg.overdue_ratio(x float8, t_x float8, age float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_overdue_ratio_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.overdue_ratio(float8, float8, float8) IS
'How long a customer is overdue by the own rhythm: (age - t_x) / (t_x / x), in any unit of time. x: repeat purchases, a whole number; t_x: time from the first purchase to the last; age: time from the first purchase to now. NULL where there is no rhythm: x = 0, or t_x = 0. x negative or no whole number, t_x negative or above age, x = 0 with t_x above 0, NaN, infinity: error 22023.';

CREATE FUNCTION custseg.churn_risk(p_alive float8, medium float8 DEFAULT 0.7, high float8 DEFAULT 0.3) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_churn_risk' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.churn_risk(float8, float8, float8) IS
'Class of the risk that a customer is gone, by the probability to be alive: high where p_alive < high, medium where p_alive < medium, otherwise low; so a value equal to a bound has the lower risk. All from 0 to 1, and high at most medium, otherwise error 22023.';

CREATE FUNCTION custseg.overdue_risk(ratio float8, medium float8 DEFAULT 1.5, high float8 DEFAULT 3) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_overdue_risk' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.overdue_risk(float8, float8, float8) IS
'Class of the risk that a customer is gone, by overdue_ratio(): high where ratio > high, medium where ratio > medium, otherwise low; so a value equal to a bound has the lower risk. Where purchases come at random, 22 % of all gaps are longer than 1.5 mean gaps and 5 % longer than 3, the defaults. All finite and at least 0, and high at least medium, otherwise error 22023.';

CREATE FUNCTION custseg.potential(expected float8, current float8) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_potential' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.potential(float8, float8) IS
'Potential of a customer: the value that is expected in a time to come (as of clv) less the current value of as long a time; negative where less is to come than was. Both in money and finite, otherwise error 22023; a result beyond float8: 22003.';

CREATE FUNCTION custseg.potential(expected numeric, current numeric) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_potential_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.potential(numeric, numeric) IS
'Potential of a customer, exactly: the value that is expected in a time to come less the current value of as long a time; negative where less is to come than was. Both finite, otherwise error 22023.';

CREATE FUNCTION custseg.outlook(p_alive float8, potential float8, alive float8 DEFAULT 0.5) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_outlook' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.outlook(float8, float8, float8) IS
'What to expect of a customer, by two scores: lapsed where p_alive < alive, otherwise growing where potential > 0 and steady where not. It tells a customer who buys rarely, but is there and has potential, from one who is gone. p_alive and alive from 0 to 1, potential finite, otherwise error 22023.';
