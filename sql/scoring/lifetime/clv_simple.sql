-- Customer lifetime value without a model: historic_clv, simple_clv.

CREATE FUNCTION custseg.historic_clv(p custseg.purchases, margin numeric DEFAULT 1) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_historic_clv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.historic_clv(custseg.purchases, numeric) IS
'What a customer has brought so far: spend, net of refunds, times margin, exactly. margin: the part of the spend that is earned, finite and at least 0 (30 % is 0.3), otherwise error 22023. Without a purchase 0; with a NULL NULL. Where costs are known, profit(p) is the exact figure.';

CREATE FUNCTION custseg.simple_clv(
    value float8, retention float8, discount float8 DEFAULT 0, periods float8 DEFAULT NULL,
    compounding text DEFAULT 'period', initial boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_simple_clv' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.simple_clv(float8, float8, float8, float8, text, boolean) IS
'Present value of a margin that is earned as long as a customer stays. value: margin of one period in money, finite; retention: share of customers who stay for one more period, 0 to 1; discount: at least 0; periods: how many are counted, at least 0, NULL: all. compounding ''period'': value is earned at the end of each period by those who have stayed, and discount is the interest of a period: the sum of value (retention / (1 + discount))^t for t = 1 .. periods, which must be whole; without end value retention / (1 + discount - retention). ''continuous'': value is earned all the time, customers leave at the rate -ln(retention), and discount is a continuous rate: the integral of value exp(-(discount - ln(retention)) t). initial: the margin of today, value once, is added. NULL in any argument but periods: NULL. An argument that is NaN, infinite or outside its range, another compounding, or retention 1 with discount 0 without end: error 22023; a result beyond float8: 22003. Source: Gupta, Lehmann, Customers as Assets, 2003.';
