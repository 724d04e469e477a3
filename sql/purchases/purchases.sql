-- The type purchases: one customer's purchase history in about 30 bytes.

CREATE TYPE purchases;

CREATE FUNCTION purchases_in(cstring) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchases_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_in(cstring) IS 'Input function of type purchases (JSON text).';

CREATE FUNCTION purchases_out(purchases) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_purchases_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_out(purchases) IS 'Output function of type purchases (JSON text).';

CREATE FUNCTION purchases_recv(internal) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchases_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_recv(internal) IS 'Binary input function of type purchases; refuses inconsistent bytes (22P03).';

CREATE FUNCTION purchases_send(purchases) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_purchases_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_send(purchases) IS 'Binary output function of type purchases.';

CREATE TYPE purchases (
	INPUT = purchases_in,
	OUTPUT = purchases_out,
	RECEIVE = purchases_recv,
	SEND = purchases_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE purchases IS
'Summary of one customer''s purchase history: exact distinct purchase days, number of orders, net spend, refunds and cost. Made by purchase_summary(day, amount [, cost]), merged by rollup(purchases), read by spend(), recency() and the like.';

CREATE FUNCTION purchases_to_jsonb(purchases) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_purchases_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_to_jsonb(purchases) IS 'The fields of a summary as jsonb; behind the cast purchases::jsonb.';
CREATE CAST (purchases AS jsonb) WITH FUNCTION purchases_to_jsonb(purchases);
COMMENT ON CAST (purchases AS jsonb) IS 'The fields of a purchase summary as a JSON object.';

-- Comparison and hashing -------------------------------------------------------

CREATE FUNCTION purchases_lt(purchases, purchases) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_purchases_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_lt(purchases, purchases) IS 'Implementation of the < operator.';

CREATE FUNCTION purchases_le(purchases, purchases) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_purchases_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_le(purchases, purchases) IS 'Implementation of the <= operator.';

CREATE FUNCTION purchases_eq(purchases, purchases) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_purchases_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_eq(purchases, purchases) IS 'Implementation of the = operator.';

CREATE FUNCTION purchases_ne(purchases, purchases) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_purchases_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_ne(purchases, purchases) IS 'Implementation of the <> operator.';

CREATE FUNCTION purchases_ge(purchases, purchases) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_purchases_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_ge(purchases, purchases) IS 'Implementation of the >= operator.';

CREATE FUNCTION purchases_gt(purchases, purchases) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_purchases_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_gt(purchases, purchases) IS 'Implementation of the > operator.';

CREATE FUNCTION purchases_cmp(purchases, purchases) RETURNS integer
AS 'MODULE_PATHNAME', 'custseg_purchases_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_cmp(purchases, purchases) IS
'Order of the btree operator class: by first and last purchase day, number of days, orders, money, then the days in between.';

CREATE FUNCTION purchases_hash(purchases) RETURNS integer
AS 'MODULE_PATHNAME', 'custseg_purchases_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_hash(purchases) IS 'Hash of the hash operator class.';

CREATE FUNCTION purchases_hash_extended(purchases, bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_purchases_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_hash_extended(purchases, bigint) IS 'Seeded hash of the hash operator class.';

CREATE OPERATOR < (
	LEFTARG = purchases, RIGHTARG = purchases, FUNCTION = purchases_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (purchases, purchases) IS 'less than';

CREATE OPERATOR <= (
	LEFTARG = purchases, RIGHTARG = purchases, FUNCTION = purchases_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (purchases, purchases) IS 'at most';

CREATE OPERATOR = (
	LEFTARG = purchases, RIGHTARG = purchases, FUNCTION = purchases_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (purchases, purchases) IS 'equal';

CREATE OPERATOR <> (
	LEFTARG = purchases, RIGHTARG = purchases, FUNCTION = purchases_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (purchases, purchases) IS 'not equal';

CREATE OPERATOR >= (
	LEFTARG = purchases, RIGHTARG = purchases, FUNCTION = purchases_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (purchases, purchases) IS 'at least';

CREATE OPERATOR > (
	LEFTARG = purchases, RIGHTARG = purchases, FUNCTION = purchases_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (purchases, purchases) IS 'greater than';

CREATE OPERATOR CLASS purchases_ops DEFAULT FOR TYPE purchases USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 purchases_cmp(purchases, purchases);
COMMENT ON OPERATOR CLASS purchases_ops USING btree IS 'Sorts purchase summaries.';

CREATE OPERATOR CLASS purchases_hash_ops DEFAULT FOR TYPE purchases USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 purchases_hash(purchases),
	FUNCTION 2 purchases_hash_extended(purchases, bigint);
COMMENT ON OPERATOR CLASS purchases_hash_ops USING hash IS 'Hashes purchase summaries.';

COMMENT ON OPERATOR FAMILY purchases_ops USING btree IS 'Sorts purchase summaries.';
COMMENT ON OPERATOR FAMILY purchases_hash_ops USING hash IS 'Hashes purchase summaries.';

-- Aggregates -------------------------------------------------------------------

CREATE FUNCTION purchases_combine(purchases, purchases) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchases_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_combine(purchases, purchases) IS 'Support function of rollup and purchase_summary: merges two summaries.';

CREATE FUNCTION purchases_final(purchases) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchases_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchases_final(purchases) IS 'Support function of purchase_summary and rollup: the state in its packed form.';

CREATE FUNCTION purchase_summary_numeric_accum(purchases, date, numeric) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchase_summary_numeric_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_summary_numeric_accum(purchases, date, numeric) IS 'Support function of purchase_summary(date, numeric).';

CREATE AGGREGATE purchase_summary(day date, amount numeric) (
	SFUNC = purchase_summary_numeric_accum, STYPE = purchases, SSPACE = 128,
	FINALFUNC = purchases_final, COMBINEFUNC = purchases_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_summary(date, numeric) IS
'Summary of one customer''s orders: the day of each order, its amount (negative: a refund). Rows with a NULL day or amount are skipped; cost, profit and margin of the result are NULL. NaN, infinity and infinite dates: error 22023. No rows: NULL.';

CREATE FUNCTION purchase_summary_int2_accum(purchases, date, smallint) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchase_summary_int2_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_summary_int2_accum(purchases, date, smallint) IS 'Support function of purchase_summary(date, smallint).';

CREATE AGGREGATE purchase_summary(day date, amount smallint) (
	SFUNC = purchase_summary_int2_accum, STYPE = purchases, SSPACE = 128,
	FINALFUNC = purchases_final, COMBINEFUNC = purchases_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_summary(date, smallint) IS
'Summary of one customer''s orders: the day of each order, its amount (negative: a refund). Rows with a NULL day or amount are skipped; cost, profit and margin of the result are NULL. NaN, infinity and infinite dates: error 22023. No rows: NULL.';

CREATE FUNCTION purchase_summary_int4_accum(purchases, date, integer) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchase_summary_int4_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_summary_int4_accum(purchases, date, integer) IS 'Support function of purchase_summary(date, integer).';

CREATE AGGREGATE purchase_summary(day date, amount integer) (
	SFUNC = purchase_summary_int4_accum, STYPE = purchases, SSPACE = 128,
	FINALFUNC = purchases_final, COMBINEFUNC = purchases_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_summary(date, integer) IS
'Summary of one customer''s orders: the day of each order, its amount (negative: a refund). Rows with a NULL day or amount are skipped; cost, profit and margin of the result are NULL. NaN, infinity and infinite dates: error 22023. No rows: NULL.';

CREATE FUNCTION purchase_summary_int8_accum(purchases, date, bigint) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchase_summary_int8_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_summary_int8_accum(purchases, date, bigint) IS 'Support function of purchase_summary(date, bigint).';

CREATE AGGREGATE purchase_summary(day date, amount bigint) (
	SFUNC = purchase_summary_int8_accum, STYPE = purchases, SSPACE = 128,
	FINALFUNC = purchases_final, COMBINEFUNC = purchases_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_summary(date, bigint) IS
'Summary of one customer''s orders: the day of each order, its amount (negative: a refund). Rows with a NULL day or amount are skipped; cost, profit and margin of the result are NULL. NaN, infinity and infinite dates: error 22023. No rows: NULL.';

CREATE FUNCTION purchase_summary_cost_numeric_accum(purchases, date, numeric, numeric) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchase_summary_cost_numeric_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_summary_cost_numeric_accum(purchases, date, numeric, numeric) IS 'Support function of purchase_summary(date, numeric, numeric).';

CREATE AGGREGATE purchase_summary(day date, amount numeric, cost numeric) (
	SFUNC = purchase_summary_cost_numeric_accum, STYPE = purchases, SSPACE = 128,
	FINALFUNC = purchases_final, COMBINEFUNC = purchases_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_summary(date, numeric, numeric) IS
'Summary of one customer''s orders: the day of each order, its amount (negative: a refund), its cost. Rows with a NULL day or amount are skipped; a NULL cost makes cost, profit and margin NULL. NaN, infinity and infinite dates: error 22023. No rows: NULL.';

CREATE FUNCTION purchase_summary_cost_int2_accum(purchases, date, smallint, smallint) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchase_summary_cost_int2_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_summary_cost_int2_accum(purchases, date, smallint, smallint) IS 'Support function of purchase_summary(date, smallint, smallint).';

CREATE AGGREGATE purchase_summary(day date, amount smallint, cost smallint) (
	SFUNC = purchase_summary_cost_int2_accum, STYPE = purchases, SSPACE = 128,
	FINALFUNC = purchases_final, COMBINEFUNC = purchases_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_summary(date, smallint, smallint) IS
'Summary of one customer''s orders: the day of each order, its amount (negative: a refund), its cost. Rows with a NULL day or amount are skipped; a NULL cost makes cost, profit and margin NULL. NaN, infinity and infinite dates: error 22023. No rows: NULL.';

CREATE FUNCTION purchase_summary_cost_int4_accum(purchases, date, integer, integer) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchase_summary_cost_int4_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_summary_cost_int4_accum(purchases, date, integer, integer) IS 'Support function of purchase_summary(date, integer, integer).';

CREATE AGGREGATE purchase_summary(day date, amount integer, cost integer) (
	SFUNC = purchase_summary_cost_int4_accum, STYPE = purchases, SSPACE = 128,
	FINALFUNC = purchases_final, COMBINEFUNC = purchases_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_summary(date, integer, integer) IS
'Summary of one customer''s orders: the day of each order, its amount (negative: a refund), its cost. Rows with a NULL day or amount are skipped; a NULL cost makes cost, profit and margin NULL. NaN, infinity and infinite dates: error 22023. No rows: NULL.';

CREATE FUNCTION purchase_summary_cost_int8_accum(purchases, date, bigint, bigint) RETURNS purchases
AS 'MODULE_PATHNAME', 'custseg_purchase_summary_cost_int8_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_summary_cost_int8_accum(purchases, date, bigint, bigint) IS 'Support function of purchase_summary(date, bigint, bigint).';

CREATE AGGREGATE purchase_summary(day date, amount bigint, cost bigint) (
	SFUNC = purchase_summary_cost_int8_accum, STYPE = purchases, SSPACE = 128,
	FINALFUNC = purchases_final, COMBINEFUNC = purchases_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_summary(date, bigint, bigint) IS
'Summary of one customer''s orders: the day of each order, its amount (negative: a refund), its cost. Rows with a NULL day or amount are skipped; a NULL cost makes cost, profit and margin NULL. NaN, infinity and infinite dates: error 22023. No rows: NULL.';

CREATE AGGREGATE rollup(p purchases) (
	SFUNC = purchases_combine, STYPE = purchases, SSPACE = 128,
	FINALFUNC = purchases_final, COMBINEFUNC = purchases_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(purchases) IS
'Merges purchase summaries as if their orders had been summarised together: of several months, or of the customers of a segment. NULLs are skipped; no rows: NULL.';

-- Accessors --------------------------------------------------------------------

CREATE FUNCTION first_purchase(p purchases) RETURNS date
AS 'MODULE_PATHNAME', 'custseg_first_purchase' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION first_purchase(purchases) IS
'First day with a purchase; NULL when there are only refunds.';

CREATE FUNCTION last_purchase(p purchases) RETURNS date
AS 'MODULE_PATHNAME', 'custseg_last_purchase' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION last_purchase(purchases) IS
'Last day with a purchase; NULL when there are only refunds.';

CREATE FUNCTION purchase_dates(p purchases) RETURNS date[]
AS 'MODULE_PATHNAME', 'custseg_purchase_dates' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_dates(purchases) IS
'The distinct purchase days, ascending.';

CREATE FUNCTION orders(p purchases) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION orders(purchases) IS
'Number of orders: rows with an amount of 0 or more; after netting by order_id, whole orders.';

CREATE FUNCTION purchase_days(p purchases) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_purchase_days' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_days(purchases) IS
'Number of distinct days with a purchase.';

CREATE FUNCTION frequency(p purchases) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_frequency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION frequency(purchases) IS
'F of RFM: number of distinct days with a purchase (the same as purchase_days).';

CREATE FUNCTION spend(p purchases) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend(purchases) IS
'Net spend: all amounts, refunds deducted.';

CREATE FUNCTION monetary(p purchases) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_monetary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION monetary(purchases) IS
'M of RFM: net spend (the same as spend).';

CREATE FUNCTION refunds(p purchases) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_refunds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION refunds(purchases) IS
'Total of the negative amounts, as a positive number; after netting by order_id, of the orders with a negative sum.';

CREATE FUNCTION cost(p purchases) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_cost' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cost(purchases) IS
'Total cost; NULL unless a cost was given with every row, refunds too.';

CREATE FUNCTION profit(p purchases) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_profit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION profit(purchases) IS
'spend - cost; NULL when the cost is not known.';

CREATE FUNCTION margin(p purchases) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_margin' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION margin(purchases) IS
'profit / spend; NULL when the cost is not known or the spend is not positive.';

CREATE FUNCTION recency(p purchases, as_of date) RETURNS integer
AS 'MODULE_PATHNAME', 'custseg_recency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recency(purchases, date) IS
'R of RFM: days from the last purchase to as_of. NULL without a purchase. as_of before the last purchase: error 22023.';

CREATE FUNCTION tenure(p purchases, as_of date) RETURNS integer
AS 'MODULE_PATHNAME', 'custseg_tenure' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tenure(purchases, date) IS
'Days from the first purchase to as_of. NULL without a purchase. as_of before the last purchase: error 22023.';

CREATE FUNCTION age(p purchases, as_of date) RETURNS integer
AS 'MODULE_PATHNAME', 'custseg_age' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION age(purchases, date) IS
'T of the lifetime models, in days: the same as tenure.';

CREATE FUNCTION average_order(p purchases) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_average_order' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION average_order(purchases) IS
'spend / orders; NULL without an order.';

CREATE FUNCTION annual_spend(p purchases, as_of date) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_annual_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION annual_spend(purchases, date) IS
'Spend per year since the first purchase: spend * 365.25 / tenure, where a tenure below a year counts as a year. NULL without a purchase. as_of before the last purchase: error 22023.';

CREATE FUNCTION days_between(p purchases) RETURNS double precision
AS 'MODULE_PATHNAME', 'custseg_days_between' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION days_between(purchases) IS
'Mean number of days from one purchase day to the next; NULL with fewer than two.';

CREATE FUNCTION gap_variation(p purchases) RETURNS double precision
AS 'MODULE_PATHNAME', 'custseg_gap_variation' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gap_variation(purchases) IS
'Regularity: standard deviation of the gaps between purchase days over their mean (0: a clockwork, about 1: at random); NULL with fewer than three purchase days.';

CREATE FUNCTION active_months(p purchases) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_active_months' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION active_months(purchases) IS
'Number of calendar months with a purchase.';

CREATE FUNCTION is_repeat(p purchases) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_is_repeat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION is_repeat(purchases) IS
'Whether there is more than one purchase day.';

CREATE FUNCTION repeat_purchases(p purchases) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_repeat_purchases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_purchases(purchases) IS
'x of the lifetime models: purchase days after the first; NULL without a purchase.';

CREATE FUNCTION repeat_span(p purchases) RETURNS integer
AS 'MODULE_PATHNAME', 'custseg_repeat_span' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_span(purchases) IS
't_x of the lifetime models, in days: from the first to the last purchase; NULL without a purchase.';

CREATE FUNCTION repeat_value(p purchases) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_repeat_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_value(purchases) IS
'm_x of the lifetime models: mean value of the purchase days after the first, refunds not deducted; NULL without a repeat purchase.';
