\echo Use "CREATE EXTENSION custseg" to load this file. \quit

COMMENT ON SCHEMA custseg IS
'Customer analytics: purchase summaries, RFM, scoring models, lifetime value, segmentations, tiers, allocation.';
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
-- Breaks and scores: value_counts, quantile_breaks, balanced_breaks, score, quantile_score.

-- The state of the breaks aggregates.

CREATE TYPE custseg.value_counts;

CREATE FUNCTION custseg.value_counts_in(cstring) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_value_counts_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.value_counts_in(cstring) IS
'Input function of value_counts. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.value_counts_out(custseg.value_counts) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_value_counts_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.value_counts_out(custseg.value_counts) IS
'Output function of value_counts.';

CREATE FUNCTION custseg.value_counts_recv(internal) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_value_counts_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.value_counts_recv(internal) IS
'Binary input function of value_counts. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.value_counts_send(custseg.value_counts) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_value_counts_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.value_counts_send(custseg.value_counts) IS
'Binary output function of value_counts.';

CREATE TYPE custseg.value_counts (
    INPUT = custseg.value_counts_in,
    OUTPUT = custseg.value_counts_out,
    RECEIVE = custseg.value_counts_recv,
    SEND = custseg.value_counts_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.value_counts IS
'The distinct values of a column with their numbers of rows: the state of quantile_breaks and balanced_breaks. It can be stored and rolled up. Text form: {"version":1,"classes":5,"values":[1,2.5],"counts":[10,3]}, values ascending, infinities as the strings "Infinity" and "-Infinity". 16 bytes a distinct value, at most 60 million distinct values; the text and jsonb forms hold about 10 million.';

CREATE FUNCTION custseg.value_counts_to_jsonb(custseg.value_counts) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_value_counts_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.value_counts_to_jsonb(custseg.value_counts) IS
'value_counts as jsonb, with the keys of its text form.';

CREATE CAST (custseg.value_counts AS jsonb) WITH FUNCTION custseg.value_counts_to_jsonb(custseg.value_counts);
COMMENT ON CAST (custseg.value_counts AS jsonb) IS
'value_counts as jsonb, with the keys of its text form.';

-- Support functions of the aggregates.

CREATE FUNCTION custseg.value_counts_accum(state custseg.value_counts, x float8, classes int) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_value_counts_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.value_counts_accum(custseg.value_counts, float8, int) IS
'Adds a value to a state; a null value changes nothing. Transition function of the breaks aggregates.';

CREATE FUNCTION custseg.value_counts_accum(state custseg.value_counts, x numeric, classes int) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_value_counts_numeric_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.value_counts_accum(custseg.value_counts, numeric, int) IS
'Adds a numeric, as the float8 it is cast to, to a state; a null value changes nothing. Transition function of the breaks aggregates.';

CREATE FUNCTION custseg.value_counts_combine(state custseg.value_counts, other custseg.value_counts) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_value_counts_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.value_counts_combine(custseg.value_counts, custseg.value_counts) IS
'Adds the values of a state to another with the same number of classes.';

CREATE FUNCTION custseg.value_counts_final(state custseg.value_counts) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_value_counts_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.value_counts_final(custseg.value_counts) IS
'The state in its smallest form. Final function of count_values and rollup.';

CREATE FUNCTION custseg.quantile_breaks_final(state custseg.value_counts) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_quantile_breaks_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_breaks_final(custseg.value_counts) IS
'The quantile breaks of a state, for example of a stored one. See quantile_breaks.';

CREATE FUNCTION custseg.balanced_breaks_final(state custseg.value_counts) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_balanced_breaks_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.balanced_breaks_final(custseg.value_counts) IS
'The balanced breaks of a state, for example of a stored one. See balanced_breaks.';

-- Fit.

CREATE AGGREGATE custseg.quantile_breaks(x float8, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.quantile_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.quantile_breaks(float8, int) IS
'Cut points at equal ranks: break j is the value of rank ceil(j n / classes), for j = 1 to classes - 1. Duplicates are dropped, and so is a break equal to the maximum, so ties can leave fewer classes than asked for (balanced_breaks does not lose them). classes: 1 to 1000, the same in all rows of a group, otherwise error 22023. Null x is ignored, NaN is error 22023, infinities are ordinary values. No values: null. Exact, and independent of the order of rows. Memory: 12 to 24 bytes a distinct value.';

CREATE AGGREGATE custseg.quantile_breaks(x numeric, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.quantile_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.quantile_breaks(numeric, int) IS
'The same as quantile_breaks(x::float8, classes), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.balanced_breaks(x float8, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.balanced_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.balanced_breaks(float8, int) IS
'Cut points of exactly min(classes, distinct values) classes that are as equal in size as ties allow: the sum of squared class sizes is least; among equals the lowest breaks are taken. classes: 1 to 1000, the same in all rows of a group, otherwise error 22023. Null x is ignored, NaN is error 22023, infinities are ordinary values. No values: null. Exact, and independent of the order of rows. More than 3,037,000,499 rows: error 54000. Memory: 12 to 24 bytes a distinct value, at the end 40 more.';

CREATE AGGREGATE custseg.balanced_breaks(x numeric, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.balanced_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.balanced_breaks(numeric, int) IS
'The same as balanced_breaks(x::float8, classes), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.count_values(x float8, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.value_counts_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.count_values(float8, int) IS
'What the breaks aggregates collect, as a value to store, for example one a month: roll months up with rollup, get breaks with quantile_breaks_final or balanced_breaks_final. Arguments as in quantile_breaks.';

CREATE AGGREGATE custseg.count_values(x numeric, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.value_counts_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.count_values(numeric, int) IS
'The same as count_values(x::float8, classes), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.rollup(counts custseg.value_counts) (
    SFUNC = custseg.value_counts_combine,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.value_counts_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.rollup(custseg.value_counts) IS
'Adds up stored value_counts. All must have the same number of classes, otherwise error 22023. Nulls are ignored.';

-- Apply.

CREATE FUNCTION custseg.score(x float8, breaks float8[], descending boolean DEFAULT false) RETURNS int
AS 'MODULE_PATHNAME', 'custseg_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.score(float8, float8[], boolean) IS
'The class of x: 1 + the number of breaks below x, so a value equal to a break belongs to the lower class. descending turns it round, so that the lowest x gets the highest score: number of breaks + 2 - score. breaks: from quantile_breaks or balanced_breaks, or thresholds by hand such as ARRAY[30,90,180,365]; one dimension, strictly ascending, no null, no NaN, otherwise error 22023; an empty array gives 1. x is NaN: error 22023; infinities are ordinary values.';

CREATE FUNCTION custseg.score(x numeric, breaks float8[], descending boolean DEFAULT false) RETURNS int
AS 'MODULE_PATHNAME', 'custseg_score_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.score(numeric, float8[], boolean) IS
'The same as score(x::float8, breaks, descending), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE FUNCTION custseg.quantile_score(x float8, classes int, descending boolean DEFAULT false) RETURNS int
AS 'MODULE_PATHNAME', 'custseg_quantile_score' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_score(float8, int, boolean) IS
'Window function: the score of x by the quantile breaks of its partition, as score(x, quantile_breaks(x, classes), descending) in one go. Equal values always get equal scores, unlike ntile. Order and frame of the window do not matter. Null x: null, and x does not count. classes: 1 to 1000, the same in all rows of the partition, otherwise error 22023. x is NaN: error 22023. At most 2,147,483,647 rows in a partition.';

CREATE FUNCTION custseg.quantile_score(x numeric, classes int, descending boolean DEFAULT false) RETURNS int
AS 'MODULE_PATHNAME', 'custseg_quantile_score_numeric' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_score(numeric, int, boolean) IS
'Window function: the same as quantile_score(x::float8, classes, descending), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';
-- sql/tiering/segmentation.sql
--
-- Segmentations: two tables of rules, the value segment_model that holds a
-- whole grid, and the functions that read them.

-- --- Tables ---------------------------------------------------------------

CREATE TABLE custseg.segmentation
(
	name        text PRIMARY KEY
	            CHECK (name <> '' AND pg_catalog.length(name) <= 200),
	r_classes   int CHECK (r_classes BETWEEN 1 AND 1000),
	f_classes   int CHECK (f_classes BETWEEN 1 AND 1000),
	m_classes   int CHECK (m_classes BETWEEN 1 AND 1000),
	breaks      text NOT NULL DEFAULT 'balanced'
	            CHECK (breaks IN ('balanced', 'quantile', 'mean')),
	description text,
	shipped     boolean NOT NULL DEFAULT false,
	CONSTRAINT segmentation_measure_check
		CHECK (pg_catalog.num_nonnulls(r_classes, f_classes, m_classes) > 0),
	CONSTRAINT segmentation_cells_check
		CHECK (coalesce(r_classes, 1)::bigint * coalesce(f_classes, 1) * coalesce(m_classes, 1)
			   <= 100000),
	CONSTRAINT segmentation_mean_check
		CHECK (breaks <> 'mean'
			   OR (coalesce(r_classes, 2) = 2 AND coalesce(f_classes, 2) = 2
				   AND coalesce(m_classes, 2) = 2))
);

CREATE TABLE custseg.segment_rule
(
	segmentation text REFERENCES custseg.segmentation ON UPDATE CASCADE ON DELETE CASCADE,
	position     int,
	segment      text NOT NULL CHECK (segment <> '' AND pg_catalog.length(segment) <= 200),
	r_min        int CHECK (r_min BETWEEN 1 AND 1000),
	r_max        int CHECK (r_max BETWEEN 1 AND 1000),
	f_min        int CHECK (f_min BETWEEN 1 AND 1000),
	f_max        int CHECK (f_max BETWEEN 1 AND 1000),
	m_min        int CHECK (m_min BETWEEN 1 AND 1000),
	m_max        int CHECK (m_max BETWEEN 1 AND 1000),
	cells        text[],
	description  text,
	shipped      boolean NOT NULL DEFAULT false,
	PRIMARY KEY (segmentation, position),
	CONSTRAINT segment_rule_range_check
		CHECK (r_min <= r_max AND f_min <= f_max AND m_min <= m_max),
	CONSTRAINT segment_rule_cells_or_ranges_check
		CHECK (cells IS NULL
			   OR pg_catalog.num_nonnulls(r_min, r_max, f_min, f_max, m_min, m_max) = 0),
	-- Matched against the array's text form: this also refuses NULLs, nested and empty arrays.
	CONSTRAINT segment_rule_cells_check
		CHECK (cells::text ~ '^\{[1-9][0-9]{0,3}(-[1-9][0-9]{0,3}){0,2}(,[1-9][0-9]{0,3}(-[1-9][0-9]{0,3}){0,2})*\}$')
);

COMMENT ON TABLE custseg.segmentation IS
'Segmentations: a name, the number of classes of recency (r), frequency (f) and monetary (m), and how their breaks are fitted. The rules are in segment_rule. Shipped rows cannot be changed: copy them under another name.';
COMMENT ON COLUMN custseg.segmentation.name IS 'Name, as segmentation_model(name) and rfm(..., segmentation => name) take it.';
COMMENT ON COLUMN custseg.segmentation.r_classes IS 'Classes of recency, 1..1000 with the highest best; NULL: not used.';
COMMENT ON COLUMN custseg.segmentation.f_classes IS 'Classes of frequency, 1..1000 with the highest best; NULL: not used.';
COMMENT ON COLUMN custseg.segmentation.m_classes IS 'Classes of monetary, 1..1000 with the highest best; NULL: not used.';
COMMENT ON COLUMN custseg.segmentation.breaks IS 'How a run fits the breaks of the measures: balanced, quantile, or mean (two classes, above the mean or not).';
COMMENT ON COLUMN custseg.segmentation.description IS 'One line for people.';
COMMENT ON COLUMN custseg.segmentation.shipped IS 'True for rows that came with the extension; they cannot be changed and are not dumped.';
COMMENT ON TABLE custseg.segment_rule IS
'Rules of the segmentations. A cell (r, f, m) belongs to the segment of the first rule by position that matches it. A rule has ranges of classes, or a list of cells.';
COMMENT ON COLUMN custseg.segment_rule.segmentation IS 'The segmentation that the rule belongs to.';
COMMENT ON COLUMN custseg.segment_rule.position IS 'Order of the rules: the lowest that matches wins.';
COMMENT ON COLUMN custseg.segment_rule.segment IS 'Name of the segment; several rules may lead to the same one.';
COMMENT ON COLUMN custseg.segment_rule.r_min IS 'Lowest class of recency; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.r_max IS 'Highest class of recency; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.f_min IS 'Lowest class of frequency; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.f_max IS 'Highest class of frequency; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.m_min IS 'Lowest class of monetary; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.m_max IS 'Highest class of monetary; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.cells IS
'The cells themselves instead of ranges: a digit for each used measure (''545''), or numbers with dashes where a measure has more than 9 classes (''10-3-12'').';
COMMENT ON COLUMN custseg.segment_rule.description IS 'One line for people.';
COMMENT ON COLUMN custseg.segment_rule.shipped IS 'True for rows that came with the extension; they cannot be changed and are not dumped.';

-- --- Shipped segmentations ------------------------------------------------

INSERT INTO custseg.segmentation (name, r_classes, f_classes, m_classes, breaks, description, shipped) VALUES
	('standard_11', 5, 5, 5, 'balanced', 'Eleven segments, an exact partition of the 125 cells of R, F and M; 5 is best.', true),
	('rf_10', 5, 5, NULL, 'balanced', 'Ten segments over R and F only, an exact partition of the 25 cells; 5 is best.', true),
	('rfm_8', 2, 2, 2, 'mean', 'Eight types by R, F and M, each better than its mean (2) or not (1); names in Chinese where the encoding has them.', true),
	('rfm_8_en', 2, 2, 2, 'mean', 'Eight types by R, F and M, each better than its mean (2) or not (1); names in English.', true);

INSERT INTO custseg.segment_rule (segmentation, position, segment, cells, description, shipped)
SELECT 'standard_11', g.position, g.segment, pg_catalog.string_to_array(g.cells, ' '), g.description, true
  FROM (VALUES
	(1, 'Champions', '555 554 544 545 454 455 445',
	 'Bought very recently, often, and for the highest amounts.'),
	(2, 'Loyal', '543 444 435 355 354 345 344 335',
	 'Buy regularly, for good amounts, and not long ago.'),
	(3, 'Potential Loyalist', '553 552 551 542 541 533 532 531 453 452 451 442 441 433 432 431 423 353 352 351 342 341 333 323',
	 'Recent customers with several purchases, not yet among the high spenders.'),
	(4, 'New', '512 511 422 421 412 411 311',
	 'Bought recently, but rarely and for little so far.'),
	(5, 'Promising', '525 524 523 522 521 515 514 513 425 424 415 414 413 315 314 313',
	 'Recent and rare, with amounts that promise more.'),
	(6, 'Need Attention', '535 534 443 434 343 334 325 324',
	 'Above average in all three measures, but without a habit yet.'),
	(7, 'About To Sleep', '331 321 312 221 213 231 241 251',
	 'Below average in recency and amounts: lost if nothing happens.'),
	(8, 'At Risk', '255 254 253 252 245 244 243 242 235 234 225 224 153 152 145 143 142 135 134 133 125 124',
	 'Bought often or for much, but long ago.'),
	(9, 'Can''t Lose', '155 154 144 214 215 115 114 113',
	 'Spent most, and have not come back for a long time.'),
	(10, 'Hibernating', '332 322 233 232 223 222 132 123 122 212 211',
	 'Last purchase long ago, few purchases, small amounts.'),
	(11, 'Lost', '111 112 121 131 141 151',
	 'Lowest in recency and in amounts.')
  ) AS g (position, segment, cells, description);

INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, r_max, f_min, f_max, description, shipped) VALUES
	('rf_10', 1, 'Champions', 5, 5, 4, 5, 'Bought very recently and buy most often.', true),
	('rf_10', 2, 'Loyal', 3, 4, 4, 5, 'Buy often, and not long ago.', true),
	('rf_10', 3, 'Potential Loyalist', 4, 5, 2, 3, 'Recent, with a few purchases.', true),
	('rf_10', 4, 'New', 5, 5, 1, 1, 'Bought very recently for the first time or rarely.', true),
	('rf_10', 5, 'Promising', 4, 4, 1, 1, 'Bought recently, rarely so far.', true),
	('rf_10', 6, 'Need Attention', 3, 3, 3, 3, 'Average in recency and in frequency.', true),
	('rf_10', 7, 'About To Sleep', 3, 3, 1, 2, 'Average recency, few purchases.', true),
	('rf_10', 8, 'At Risk', 1, 2, 3, 4, 'Bought often, but long ago.', true),
	('rf_10', 9, 'Can''t Lose', 1, 2, 5, 5, 'Bought most often, and stopped.', true),
	('rf_10', 10, 'Hibernating', 1, 2, 1, 2, 'Last purchase long ago, and few of them.', true);

INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, r_max, f_min, f_max, m_min, m_max, description, shipped) VALUES
	('rfm_8_en', 1, 'Important: keep value', 2, 2, 2, 2, 2, 2, 'Recent, frequent and high in spend.', true),
	('rfm_8_en', 2, 'Important: keep', 1, 1, 2, 2, 2, 2, 'Frequent and high in spend, but not recent.', true),
	('rfm_8_en', 3, 'Important: develop', 2, 2, 1, 1, 2, 2, 'Recent and high in spend, but not frequent.', true),
	('rfm_8_en', 4, 'Important: win back', 1, 1, 1, 1, 2, 2, 'High in spend, but neither recent nor frequent.', true),
	('rfm_8_en', 5, 'General: value', 2, 2, 2, 2, 1, 1, 'Recent and frequent, but low in spend.', true),
	('rfm_8_en', 6, 'General: keep', 1, 1, 2, 2, 1, 1, 'Frequent, but neither recent nor high in spend.', true),
	('rfm_8_en', 7, 'General: develop', 2, 2, 1, 1, 1, 1, 'Recent, but neither frequent nor high in spend.', true),
	('rfm_8_en', 8, 'General: win back', 1, 1, 1, 1, 1, 1, 'Neither recent, frequent nor high in spend.', true);

-- The Chinese names are written as code points: this script must load into a
-- database of any encoding. Where the encoding has no such characters, rfm_8
-- keeps the English names. (A warning, because CREATE EXTENSION hides notices.)
DO $do$
DECLARE
	names pg_catalog.text[];
BEGIN
	BEGIN
		SELECT pg_catalog.array_agg(pg_catalog.unistr(n.name) ORDER BY n.position)
		  INTO names
		  FROM (VALUES
			(1, $$\91CD\8981\4EF7\503C$$),	-- important, keep value
			(2, $$\91CD\8981\4FDD\6301$$),	-- important, keep
			(3, $$\91CD\8981\53D1\5C55$$),	-- important, develop
			(4, $$\91CD\8981\633D\7559$$),	-- important, win back
			(5, $$\4E00\822C\4EF7\503C$$),	-- general, value
			(6, $$\4E00\822C\4FDD\6301$$),	-- general, keep
			(7, $$\4E00\822C\53D1\5C55$$),	-- general, develop
			(8, $$\4E00\822C\633D\7559$$)	-- general, win back
		  ) AS n (position, name);
	EXCEPTION WHEN untranslatable_character OR feature_not_supported THEN
		RAISE WARNING 'segmentation "rfm_8" has English segment names: encoding % of this database cannot hold the Chinese ones',
			pg_catalog.getdatabaseencoding();
	END;

	INSERT INTO custseg.segment_rule (segmentation, position, segment,
		r_min, r_max, f_min, f_max, m_min, m_max, description, shipped)
	SELECT 'rfm_8', e.position, coalesce(names[e.position], e.segment),
		   e.r_min, e.r_max, e.f_min, e.f_max, e.m_min, e.m_max,
		   CASE WHEN names IS NULL THEN e.description
				ELSE pg_catalog.concat(e.segment, '. ', e.description) END,
		   e.shipped
	  FROM custseg.segment_rule e
	 WHERE e.segmentation OPERATOR(pg_catalog.=) 'rfm_8_en'::pg_catalog.text;
END
$do$;

-- --- Protection, dump, rights ---------------------------------------------

CREATE FUNCTION custseg.segmentation_protect() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		RAISE EXCEPTION 'custseg.% cannot be truncated', TG_TABLE_NAME
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'It holds the shipped segmentations. Delete your own with DELETE ... WHERE NOT shipped.';
	END IF;

	IF TG_OP IN ('UPDATE', 'DELETE') AND OLD.shipped THEN
		RAISE EXCEPTION 'a shipped row of custseg.% cannot be changed', TG_TABLE_NAME
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  DETAIL = format('It is %s.', OLD),
				  HINT = 'Copy the segmentation under a name of your own: INSERT INTO custseg.segmentation and custseg.segment_rule ... SELECT.';
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;

	IF NEW.shipped THEN
		RAISE EXCEPTION 'only the extension itself can add a shipped row to custseg.%', TG_TABLE_NAME
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'Leave out the column "shipped", or set it to false.';
	END IF;
	IF TG_TABLE_NAME = 'segment_rule' THEN
		IF EXISTS (SELECT FROM custseg.segmentation s
				   WHERE s.name = NEW.segmentation AND s.shipped) THEN
			RAISE EXCEPTION 'segmentation "%" is shipped and takes no further rules', NEW.segmentation
				USING ERRCODE = 'object_not_in_prerequisite_state',
					  HINT = 'Copy it under a name of your own: INSERT INTO custseg.segmentation and custseg.segment_rule ... SELECT.';
		END IF;
	END IF;
	RETURN NEW;
END
$fn$;
COMMENT ON FUNCTION custseg.segmentation_protect() IS
'Trigger function: keeps shipped segmentations and their rules as they are (55000).';

CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON custseg.segmentation
	FOR EACH ROW EXECUTE FUNCTION custseg.segmentation_protect();
CREATE TRIGGER protect_shipped_truncate BEFORE TRUNCATE ON custseg.segmentation
	FOR EACH STATEMENT EXECUTE FUNCTION custseg.segmentation_protect();
CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON custseg.segment_rule
	FOR EACH ROW EXECUTE FUNCTION custseg.segmentation_protect();
CREATE TRIGGER protect_shipped_truncate BEFORE TRUNCATE ON custseg.segment_rule
	FOR EACH STATEMENT EXECUTE FUNCTION custseg.segmentation_protect();
COMMENT ON TRIGGER protect_shipped ON custseg.segmentation IS 'Keeps shipped rows as they are.';
COMMENT ON TRIGGER protect_shipped_truncate ON custseg.segmentation IS 'Keeps shipped rows as they are.';
COMMENT ON TRIGGER protect_shipped ON custseg.segment_rule IS 'Keeps shipped rows as they are.';
COMMENT ON TRIGGER protect_shipped_truncate ON custseg.segment_rule IS 'Keeps shipped rows as they are.';

SELECT pg_catalog.pg_extension_config_dump('custseg.segmentation', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('custseg.segment_rule', 'WHERE NOT shipped');

-- The tables belong to the bootstrap superuser, whoever installs. Everything
-- that the installer needs is granted on, except TRIGGER and REFERENCES: update
-- scripts write to these tables as superuser, and a trigger or a cascading
-- foreign key of the installer's would then run his code with these rights.
GRANT SELECT ON custseg.segmentation, custseg.segment_rule TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON custseg.segmentation, custseg.segment_rule
	TO @extowner@ WITH GRANT OPTION;

-- --- The value ------------------------------------------------------------

CREATE TYPE custseg.segment_model;

CREATE FUNCTION custseg.segment_model_in(cstring) RETURNS custseg.segment_model
AS 'MODULE_PATHNAME', 'custseg_segment_model_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment_model_in(cstring) IS
'Input of segment_model: JSON with the keys version, name, breaks, classes, segments, cells. 22P02 when it is not valid, 54000 beyond 100,000 cells or 10,000 segments.';

CREATE FUNCTION custseg.segment_model_out(custseg.segment_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_segment_model_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment_model_out(custseg.segment_model) IS
'Output of segment_model as JSON.';

CREATE FUNCTION custseg.segment_model_recv(internal) RETURNS custseg.segment_model
AS 'MODULE_PATHNAME', 'custseg_segment_model_recv'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment_model_recv(internal) IS
'Binary input of segment_model. 22P03 when it is not valid, 54000 beyond 100,000 cells or 10,000 segments.';

CREATE FUNCTION custseg.segment_model_send(custseg.segment_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_segment_model_send'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment_model_send(custseg.segment_model) IS
'Binary output of segment_model.';

CREATE TYPE custseg.segment_model
(
	INPUT = custseg.segment_model_in,
	OUTPUT = custseg.segment_model_out,
	RECEIVE = custseg.segment_model_recv,
	SEND = custseg.segment_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE custseg.segment_model IS
'A segmentation as one value: the segment of every cell (r, f, m), to be stored with the run that used it. Made by segmentation_model(name), applied by segment(model, r, f, m). The text form is JSON.';

CREATE FUNCTION custseg.segment_model_to_jsonb(model custseg.segment_model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_segment_model_to_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.segment_model_to_jsonb(custseg.segment_model) IS
'The text form of a segment_model as jsonb; what model::jsonb calls.';

CREATE CAST (custseg.segment_model AS jsonb)
	WITH FUNCTION custseg.segment_model_to_jsonb(custseg.segment_model);
COMMENT ON CAST (custseg.segment_model AS jsonb) IS 'The text form of the model as jsonb.';

-- --- Functions ------------------------------------------------------------

CREATE FUNCTION custseg.segmentation_model(name text) RETURNS custseg.segment_model
AS 'MODULE_PATHNAME', 'custseg_segmentation_model'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.segmentation_model(text) IS
'The segmentation of that name as one value, read from segmentation and segment_rule. The first rule by position wins a cell; a cell without rule is a hole. 22023: no such segmentation, or a rule that does not fit its classes.';

CREATE FUNCTION custseg.segment(model custseg.segment_model, r int, f int, m int) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_segment'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment(custseg.segment_model, int, int, int) IS
'The segment of the classes r, f and m, each from 1 to the classes of the model. A measure that the model does not use is ignored. NULL for a hole and when a used class is NULL. 22023: a class outside the model''s.';

CREATE FUNCTION custseg.segment(segmentation text, r int, f int, m int) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_segment_text'
LANGUAGE C STABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION custseg.segment(text, int, int, int) IS
'Short for segment(segmentation_model(segmentation), r, f, m). The rules are read once per statement. 22023: no such segmentation, or a class outside its classes.';

CREATE FUNCTION custseg.check_segmentation(name text,
	OUT problem text, OUT cell text, OUT segments text[], OUT positions int[])
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_check_segmentation'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 20;
COMMENT ON FUNCTION custseg.check_segmentation(text) IS
'What is wrong with a segmentation: ''hole'', a cell that no rule matches; ''overlap'', a cell that several rules match, with their segments and positions, the winner first; ''unreachable'', a rule that wins no cell (cell is NULL). No rows: every cell has exactly one rule. 22023: no such segmentation, or a rule that does not fit its classes.';

CREATE FUNCTION custseg.segment_cells(name text,
	OUT cell text, OUT r int, OUT f int, OUT m int, OUT segment text, OUT "position" int)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_segment_cells'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 125;
COMMENT ON FUNCTION custseg.segment_cells(text) IS
'Every cell of a segmentation with its segment and the position of the rule that wins it, both NULL for a hole. The class of a measure that is not used is NULL. 22023: no such segmentation, or a rule that does not fit its classes.';
-- Bulk functions: from the text of an orders query to one row per customer.
--
-- They run a query, so they are VOLATILE and PARALLEL UNSAFE; they have no SET
-- clause, since the query's names are the caller's. The query itself may use a
-- parallel plan.

CREATE FUNCTION customer_purchases(orders text, time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id text, purchases purchases)
AS 'MODULE_PATHNAME', 'custseg_customer_purchases' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION customer_purchases(text, text) IS
'One purchase summary per customer, customer_id as text. orders is a SELECT, run read-only with the caller''s rights, with the columns customer, day, amount [, cost [, order_id]], by position. A day of type timestamptz needs time_zone. Lines of one order_id are netted first. Rows without customer, day or amount are skipped and counted in a NOTICE.';

CREATE FUNCTION customer_purchases(key anyelement, orders text, time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, purchases purchases)
AS 'MODULE_PATHNAME', 'custseg_customer_purchases_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION customer_purchases(anyelement, text, text) IS
'The same with customer_id in the type of key, whose value does not matter: customer_purchases(NULL::bigint, ''SELECT ...'').';

-- The type rfm_model ---------------------------------------------------------------

CREATE TYPE rfm_model;

CREATE FUNCTION rfm_model_in(cstring) RETURNS rfm_model
AS 'MODULE_PATHNAME', 'custseg_rfm_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_model_in(cstring) IS 'Input function of type rfm_model (JSON text).';

CREATE FUNCTION rfm_model_out(rfm_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_rfm_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_model_out(rfm_model) IS 'Output function of type rfm_model (JSON text).';

CREATE FUNCTION rfm_model_recv(internal) RETURNS rfm_model
AS 'MODULE_PATHNAME', 'custseg_rfm_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_model_recv(internal) IS 'Binary input function of type rfm_model; refuses inconsistent bytes (22P03).';

CREATE FUNCTION rfm_model_send(rfm_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_rfm_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_model_send(rfm_model) IS 'Binary output function of type rfm_model.';

CREATE TYPE rfm_model (
	INPUT = rfm_model_in,
	OUTPUT = rfm_model_out,
	RECEIVE = rfm_model_recv,
	SEND = rfm_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE rfm_model IS
'The breaks of recency, frequency and monetary that one RFM run fitted, with its classes and as_of. Made by rfm_fit, applied by rfm(orders, as_of, model).';

CREATE FUNCTION rfm_model_to_jsonb(rfm_model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_rfm_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_model_to_jsonb(rfm_model) IS 'The fields of a model as jsonb; behind the cast rfm_model::jsonb.';
CREATE CAST (rfm_model AS jsonb) WITH FUNCTION rfm_model_to_jsonb(rfm_model);
COMMENT ON CAST (rfm_model AS jsonb) IS 'The fields of an RFM model as a JSON object.';

CREATE FUNCTION rfm_model_breaks(model rfm_model, measure text) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'custseg_rfm_model_breaks' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_model_breaks(rfm_model, text) IS
'The breaks of a measure: recency (in days), frequency (in purchase days) or monetary. Another name: error 22023. Also written model -> ''recency''.';

CREATE OPERATOR -> (LEFTARG = rfm_model, RIGHTARG = text, FUNCTION = rfm_model_breaks);
COMMENT ON OPERATOR -> (rfm_model, text) IS 'breaks of a measure of an RFM model';

-- rfm ------------------------------------------------------------------------------

CREATE FUNCTION rfm_fit(orders text, as_of date, classes integer DEFAULT 5,
	time_zone text DEFAULT NULL, breaks text DEFAULT 'balanced')
RETURNS rfm_model
AS 'MODULE_PATHNAME', 'custseg_rfm_fit' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000;
COMMENT ON FUNCTION rfm_fit(text, date, integer, text, text) IS
'Fits the breaks of an RFM run without applying them. orders as in rfm; orders after as_of are skipped and counted in a NOTICE. Customers without a purchase (refunds only) take no part. classes: 2 to 9. breaks: balanced, quantile, or mean (2 classes). No orders: error 22023.';

CREATE FUNCTION rfm(orders text, as_of date, classes integer DEFAULT 5,
	segmentation text DEFAULT 'standard_11', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id text, last_purchase date, recency integer, frequency bigint, monetary numeric,
	r smallint, f smallint, m smallint, cell text, segment text)
AS 'MODULE_PATHNAME', 'custseg_rfm' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION rfm(text, date, integer, text, text) IS
'RFM scores and segments, one row per customer. orders is a SELECT with the columns customer, day, amount [, cost [, order_id]], by position. recency: days from the last purchase day to as_of; frequency: purchase days; monetary: net spend; a customer with refunds only has recency NULL, frequency 0 and both scores 1; scores 1 to classes (2 to 9), the highest is best; segment: by the named segmentation, NULL in a hole or when segmentation is NULL. Orders after as_of are skipped and counted in a NOTICE. A segmentation for another number of classes: error 22023. Breaks are balanced, or as the segmentation says.';

CREATE FUNCTION rfm(orders text, as_of date, model rfm_model,
	segmentation text DEFAULT 'standard_11', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id text, last_purchase date, recency integer, frequency bigint, monetary numeric,
	r smallint, f smallint, m smallint, cell text, segment text)
AS 'MODULE_PATHNAME', 'custseg_rfm_model' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION rfm(text, date, rfm_model, text, text) IS
'RFM scores with the breaks of a model, so that scores of different dates compare. Otherwise as rfm(orders, as_of, classes).';

CREATE FUNCTION rfm(key anyelement, orders text, as_of date, classes integer DEFAULT 5,
	segmentation text DEFAULT 'standard_11', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, last_purchase date, recency integer, frequency bigint, monetary numeric,
	r smallint, f smallint, m smallint, cell text, segment text)
AS 'MODULE_PATHNAME', 'custseg_rfm_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION rfm(anyelement, text, date, integer, text, text) IS
'The same as rfm without key, with customer_id in the type of key, whose value does not matter: rfm(NULL::bigint, ''SELECT ...'', as_of).';

CREATE FUNCTION rfm(key anyelement, orders text, as_of date, model rfm_model,
	segmentation text DEFAULT 'standard_11', time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, last_purchase date, recency integer, frequency bigint, monetary numeric,
	r smallint, f smallint, m smallint, cell text, segment text)
AS 'MODULE_PATHNAME', 'custseg_rfm_model_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION rfm(anyelement, text, date, rfm_model, text, text) IS
'The same as rfm without key, with customer_id in the type of key, whose value does not matter: rfm(NULL::bigint, ''SELECT ...'', as_of).';
-- Natural breaks: exact one-dimensional k-means, on the state of the other breaks.

CREATE FUNCTION custseg.natural_breaks_final(state custseg.value_counts) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_natural_breaks_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.natural_breaks_final(custseg.value_counts) IS
'The natural breaks of a state, for example of a stored one. See natural_breaks.';

CREATE AGGREGATE custseg.natural_breaks(x float8, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.natural_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.natural_breaks(float8, int) IS
'Cut points at the natural gaps: exactly min(classes, distinct values) classes such that the sum of squared distances of all rows from the mean of their class is least (one-dimensional k-means, what Jenks'' method approximates; Fisher 1958). It is the optimum, not a local one. Costs that differ by 1e-12 of the total sum of squares or less (but no more than 1e-9 of the least cost) count as ties, of which the lowest breaks are taken, so a change of unit does not change the classes. classes: 1 to 1000, the same in all rows of a group, otherwise error 22023. Null x is ignored; NaN and infinities are error 22023. No values: null. Independent of the order of rows. More than 2^53 rows: error 54000. Memory: 12 to 24 bytes a distinct value, at the end up to 88 more. Time: classes * m * log(m) for m distinct values.';

CREATE AGGREGATE custseg.natural_breaks(x numeric, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.natural_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.natural_breaks(numeric, int) IS
'The same as natural_breaks(x::float8, classes), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';
-- Approximate quantile breaks in bounded memory: quantile_sketch, sketch_values, approx_quantile_breaks.

CREATE TYPE custseg.quantile_sketch;

CREATE FUNCTION custseg.quantile_sketch_in(cstring) RETURNS custseg.quantile_sketch
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_in(cstring) IS
'Input function of quantile_sketch. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.quantile_sketch_out(custseg.quantile_sketch) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_out(custseg.quantile_sketch) IS
'Output function of quantile_sketch.';

CREATE FUNCTION custseg.quantile_sketch_recv(internal) RETURNS custseg.quantile_sketch
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_recv(internal) IS
'Binary input function of quantile_sketch. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.quantile_sketch_send(custseg.quantile_sketch) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_send(custseg.quantile_sketch) IS
'Binary output function of quantile_sketch.';

CREATE TYPE custseg.quantile_sketch (
    INPUT = custseg.quantile_sketch_in,
    OUTPUT = custseg.quantile_sketch_out,
    RECEIVE = custseg.quantile_sketch_recv,
    SEND = custseg.quantile_sketch_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.quantile_sketch IS
'A summary of a column in bounded memory, from which quantile breaks follow with an error of ranks that is proven: the state of approx_quantile_breaks. It can be stored and rolled up. Text form: {"version":1,"rank_error":0.01,"lowest":1,"highest":9,"levels":[{"low":0,"high":0,"values":[1,2,9]}]}: a value of level h (from 0) stands for 2^h rows; low and high count the steps by which ranks may have become too high or too low by 2^h; "classes" is there if the aggregate had it; infinities are the strings "Infinity" and "-Infinity". Size: 8 bytes a row up to 13.3 / rank_error rows, beyond that less than 16.7 * 8 / rank_error bytes more for each doubling of the rows, about half of it on average. At most 1 GB, otherwise error 54000.';

CREATE FUNCTION custseg.quantile_sketch_to_jsonb(custseg.quantile_sketch) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_to_jsonb(custseg.quantile_sketch) IS
'quantile_sketch as jsonb, with the keys of its text form.';

CREATE CAST (custseg.quantile_sketch AS jsonb) WITH FUNCTION custseg.quantile_sketch_to_jsonb(custseg.quantile_sketch);
COMMENT ON CAST (custseg.quantile_sketch AS jsonb) IS
'quantile_sketch as jsonb, with the keys of its text form.';

-- Support functions of the aggregates.

CREATE FUNCTION custseg.quantile_sketch_accum(state custseg.quantile_sketch, x float8, rank_error float8) RETURNS custseg.quantile_sketch
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_accum(custseg.quantile_sketch, float8, float8) IS
'Adds a value to a sketch; a null value changes nothing. Transition function of sketch_values.';

CREATE FUNCTION custseg.quantile_sketch_accum(state custseg.quantile_sketch, x numeric, rank_error float8) RETURNS custseg.quantile_sketch
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_numeric_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_accum(custseg.quantile_sketch, numeric, float8) IS
'Adds a numeric, as the float8 it is cast to, to a sketch; a null value changes nothing. Transition function of sketch_values.';

CREATE FUNCTION custseg.quantile_sketch_accum(state custseg.quantile_sketch, x float8, classes int, rank_error float8) RETURNS custseg.quantile_sketch
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_classes_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_accum(custseg.quantile_sketch, float8, int, float8) IS
'Adds a value to a sketch; a null value changes nothing. Transition function of approx_quantile_breaks.';

CREATE FUNCTION custseg.quantile_sketch_accum(state custseg.quantile_sketch, x numeric, classes int, rank_error float8) RETURNS custseg.quantile_sketch
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_classes_numeric_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_accum(custseg.quantile_sketch, numeric, int, float8) IS
'Adds a numeric, as the float8 it is cast to, to a sketch; a null value changes nothing. Transition function of approx_quantile_breaks.';

CREATE FUNCTION custseg.quantile_sketch_combine(state custseg.quantile_sketch, other custseg.quantile_sketch) RETURNS custseg.quantile_sketch
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_combine(custseg.quantile_sketch, custseg.quantile_sketch) IS
'Adds the rows of a sketch to another with the same rank_error and number of classes. The errors that each can have made add up, so the bound stays a share of the rows.';

CREATE FUNCTION custseg.quantile_sketch_final(state custseg.quantile_sketch) RETURNS custseg.quantile_sketch
AS 'MODULE_PATHNAME', 'custseg_quantile_sketch_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.quantile_sketch_final(custseg.quantile_sketch) IS
'The sketch in its smallest form. Final function of sketch_values and rollup.';

CREATE FUNCTION custseg.approx_quantile_breaks_final(state custseg.quantile_sketch) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_approx_quantile_breaks_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.approx_quantile_breaks_final(custseg.quantile_sketch) IS
'The breaks of a sketch for the number of classes it was made with. Final function of the aggregate approx_quantile_breaks. A sketch of sketch_values has none: error 22023; use approx_quantile_breaks(sketch, classes).';

-- Fit.

CREATE AGGREGATE custseg.approx_quantile_breaks(x float8, classes int, rank_error float8) (
    SFUNC = custseg.quantile_sketch_accum,
    STYPE = custseg.quantile_sketch,
    SSPACE = 1024,
    COMBINEFUNC = custseg.quantile_sketch_combine,
    FINALFUNC = custseg.approx_quantile_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.approx_quantile_breaks(float8, int, float8) IS
'Cut points as of quantile_breaks, in bounded memory: the rank of break j is off from ceil(j n / classes) by at most rank_error * n, always, for rows in any order. Exact with fewer than 13.3 / rank_error rows or distinct values. Breaks are values of the data, distinct, and none is the maximum. classes: 1 to 1000; rank_error: 1e-6 to 0.5, a share of the rows; both the same in all rows of a group, otherwise error 22023. Null x is ignored, NaN is error 22023, infinities are ordinary values. No values: null. Nothing is random, but the order of rows and the plan can change a break within the error. Memory: see quantile_sketch.';

CREATE AGGREGATE custseg.approx_quantile_breaks(x numeric, classes int, rank_error float8) (
    SFUNC = custseg.quantile_sketch_accum,
    STYPE = custseg.quantile_sketch,
    SSPACE = 1024,
    COMBINEFUNC = custseg.quantile_sketch_combine,
    FINALFUNC = custseg.approx_quantile_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.approx_quantile_breaks(numeric, int, float8) IS
'The same as approx_quantile_breaks(x::float8, classes, rank_error), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.sketch_values(x float8, rank_error float8) (
    SFUNC = custseg.quantile_sketch_accum,
    STYPE = custseg.quantile_sketch,
    SSPACE = 1024,
    COMBINEFUNC = custseg.quantile_sketch_combine,
    FINALFUNC = custseg.quantile_sketch_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.sketch_values(float8, float8) IS
'What approx_quantile_breaks collects, as a value to store, for example one a month: roll months up with rollup, get breaks with approx_quantile_breaks(sketch, classes). Arguments as there.';

CREATE AGGREGATE custseg.sketch_values(x numeric, rank_error float8) (
    SFUNC = custseg.quantile_sketch_accum,
    STYPE = custseg.quantile_sketch,
    SSPACE = 1024,
    COMBINEFUNC = custseg.quantile_sketch_combine,
    FINALFUNC = custseg.quantile_sketch_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.sketch_values(numeric, float8) IS
'The same as sketch_values(x::float8, rank_error), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.rollup(sketch custseg.quantile_sketch) (
    SFUNC = custseg.quantile_sketch_combine,
    STYPE = custseg.quantile_sketch,
    SSPACE = 1024,
    COMBINEFUNC = custseg.quantile_sketch_combine,
    FINALFUNC = custseg.quantile_sketch_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.rollup(custseg.quantile_sketch) IS
'Adds up stored sketches. All must have the same rank_error, otherwise error 22023; the result keeps it. Nulls are ignored.';

-- Read.

CREATE FUNCTION custseg.approx_quantile_breaks(sketch custseg.quantile_sketch, classes int) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_approx_quantile_breaks' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.approx_quantile_breaks(custseg.quantile_sketch, int) IS
'The quantile breaks of a sketch, for any number of classes, 1 to 1000, otherwise error 22023. See the aggregate approx_quantile_breaks.';

CREATE FUNCTION custseg.sketch_rows(sketch custseg.quantile_sketch) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_sketch_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.sketch_rows(custseg.quantile_sketch) IS
'The number of values, with repetitions, that a sketch was made from.';

CREATE FUNCTION custseg.sketch_rank_error(sketch custseg.quantile_sketch) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_sketch_rank_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.sketch_rank_error(custseg.quantile_sketch) IS
'How far a rank can be off in this sketch, in rows: a proven bound, at most rank_error * sketch_rows and mostly far less; 0 when the sketch is exact.';
-- Scales: scale_model, minmax_fit, zscore_fit, percentiles_fit, minmax, zscore, percentile, scale.

-- The model.

CREATE TYPE custseg.scale_model;

CREATE FUNCTION custseg.scale_model_in(cstring) RETURNS custseg.scale_model
AS 'MODULE_PATHNAME', 'custseg_scale_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_model_in(cstring) IS
'Input function of scale_model. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.scale_model_out(custseg.scale_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_scale_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_model_out(custseg.scale_model) IS
'Output function of scale_model.';

CREATE FUNCTION custseg.scale_model_recv(internal) RETURNS custseg.scale_model
AS 'MODULE_PATHNAME', 'custseg_scale_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_model_recv(internal) IS
'Binary input function of scale_model. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.scale_model_send(custseg.scale_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_scale_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_model_send(custseg.scale_model) IS
'Binary output function of scale_model.';

CREATE TYPE custseg.scale_model (
    INPUT = custseg.scale_model_in,
    OUTPUT = custseg.scale_model_out,
    RECEIVE = custseg.scale_model_recv,
    SEND = custseg.scale_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.scale_model IS
'How a measure is brought to a common scale: of kind minmax, zscore or percentile, fitted by minmax_fit, zscore_fit or percentiles_fit, applied by minmax(), zscore(), percentile() or scale(). Text form: {"version":1,"kind":"zscore","n":100,"min":0,"max":12.5,"mean":4,"deviation":2.5}; with bounds also "lower" and "upper", of percentile "values" and "counts" instead of mean and deviation. A percentile model takes 16 bytes a value that it keeps, at most 60 million; its text and jsonb forms hold about 10 million.';

CREATE FUNCTION custseg.scale_model_to_jsonb(custseg.scale_model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_scale_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_model_to_jsonb(custseg.scale_model) IS
'scale_model as jsonb, with the keys of its text form.';

CREATE CAST (custseg.scale_model AS jsonb) WITH FUNCTION custseg.scale_model_to_jsonb(custseg.scale_model);
COMMENT ON CAST (custseg.scale_model AS jsonb) IS
'scale_model as jsonb, with the keys of its text form.';

CREATE FUNCTION custseg.scale_model_parameter(model custseg.scale_model, parameter text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_scale_model_parameter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_model_parameter(custseg.scale_model, text) IS
'A parameter of a model: n (rows of the fit), min and max (of their values, after those outside the bounds were moved), lower and upper (the bounds as fractions, null without), mean and deviation (of zscore, otherwise null), points (the limit of percentiles_fit, null without). Behind the operator model -> parameter. Any other name: error 22023.';

CREATE OPERATOR custseg.-> (LEFTARG = custseg.scale_model, RIGHTARG = text, FUNCTION = custseg.scale_model_parameter);
COMMENT ON OPERATOR custseg.-> (custseg.scale_model, text) IS 'parameter of a scale model';

-- The state of the fits.

CREATE TYPE custseg.scale_state;

CREATE FUNCTION custseg.scale_state_in(cstring) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_state_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_state_in(cstring) IS
'Input function of scale_state. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.scale_state_out(custseg.scale_state) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_scale_state_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_state_out(custseg.scale_state) IS
'Output function of scale_state.';

CREATE FUNCTION custseg.scale_state_recv(internal) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_state_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_state_recv(internal) IS
'Binary input function of scale_state. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.scale_state_send(custseg.scale_state) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_scale_state_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_state_send(custseg.scale_state) IS
'Binary output function of scale_state.';

CREATE TYPE custseg.scale_state (
    INPUT = custseg.scale_state_in,
    OUTPUT = custseg.scale_state_out,
    RECEIVE = custseg.scale_state_recv,
    SEND = custseg.scale_state_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.scale_state IS
'The state of minmax_fit, zscore_fit and percentiles_fit. By form it keeps a range, a range with the exact sums of the values and of their squares, or all values with their counts. Text form: {"version":1,"form":"moments","n":2,"min":1,"max":4,"sum":"0x5p+0","squares":"0x11p+0"}.';

-- Support functions of the aggregates.

CREATE FUNCTION custseg.scale_range_accum(state custseg.scale_state, x float8) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_range_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_range_accum(custseg.scale_state, float8) IS
'Adds a value to the range of a state; a null value changes nothing. Transition function of minmax_fit.';

CREATE FUNCTION custseg.scale_range_accum(state custseg.scale_state, x numeric) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_range_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_range_accum(custseg.scale_state, numeric) IS
'Adds a numeric, as the float8 it is cast to, to the range of a state; a null value changes nothing. Transition function of minmax_fit.';

CREATE FUNCTION custseg.scale_moments_accum(state custseg.scale_state, x float8) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_moments_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_moments_accum(custseg.scale_state, float8) IS
'Adds a value to the exact sums of a state; a null value changes nothing. Transition function of zscore_fit.';

CREATE FUNCTION custseg.scale_moments_accum(state custseg.scale_state, x numeric) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_moments_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_moments_accum(custseg.scale_state, numeric) IS
'Adds a numeric, as the float8 it is cast to, to the exact sums of a state; a null value changes nothing. Transition function of zscore_fit.';

CREATE FUNCTION custseg.scale_values_accum(state custseg.scale_state, x float8) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_values_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_values_accum(custseg.scale_state, float8) IS
'Adds a value to the values of a state; a null value changes nothing. Transition function of percentiles_fit.';

CREATE FUNCTION custseg.scale_values_accum(state custseg.scale_state, x numeric) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_values_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_values_accum(custseg.scale_state, numeric) IS
'Adds a numeric, as the float8 it is cast to, to the values of a state; a null value changes nothing. Transition function of percentiles_fit.';

CREATE FUNCTION custseg.scale_bounded_accum(state custseg.scale_state, x float8, lower float8, upper float8) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_bounded_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_bounded_accum(custseg.scale_state, float8, float8, float8) IS
'Adds a value to the values of a state with bounds; a null value changes nothing. Transition function of the fits with bounds.';

CREATE FUNCTION custseg.scale_bounded_accum(state custseg.scale_state, x numeric, lower float8, upper float8) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_bounded_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_bounded_accum(custseg.scale_state, numeric, float8, float8) IS
'Adds a numeric, as the float8 it is cast to, to the values of a state with bounds; a null value changes nothing. Transition function of the fits with bounds.';

CREATE FUNCTION custseg.scale_points_accum(state custseg.scale_state, x float8, points int) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_points_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_points_accum(custseg.scale_state, float8, int) IS
'Adds a value to the values of a state with a limit of points; a null value changes nothing. Transition function of percentiles_fit with a limit.';

CREATE FUNCTION custseg.scale_points_accum(state custseg.scale_state, x numeric, points int) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_points_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_points_accum(custseg.scale_state, numeric, int) IS
'Adds a numeric, as the float8 it is cast to, to the values of a state with a limit of points; a null value changes nothing. Transition function of percentiles_fit with a limit.';

CREATE FUNCTION custseg.scale_state_combine(state custseg.scale_state, other custseg.scale_state) RETURNS custseg.scale_state
AS 'MODULE_PATHNAME', 'custseg_scale_state_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale_state_combine(custseg.scale_state, custseg.scale_state) IS
'Adds the rows of a state to another of the same form, bounds and limit.';

CREATE FUNCTION custseg.minmax_fit_final(state custseg.scale_state) RETURNS custseg.scale_model
AS 'MODULE_PATHNAME', 'custseg_minmax_fit_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.minmax_fit_final(custseg.scale_state) IS
'The model of a state. Final function of minmax_fit.';

CREATE FUNCTION custseg.zscore_fit_final(state custseg.scale_state) RETURNS custseg.scale_model
AS 'MODULE_PATHNAME', 'custseg_zscore_fit_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.zscore_fit_final(custseg.scale_state) IS
'The model of a state. Final function of zscore_fit.';

CREATE FUNCTION custseg.percentiles_fit_final(state custseg.scale_state) RETURNS custseg.scale_model
AS 'MODULE_PATHNAME', 'custseg_percentiles_fit_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.percentiles_fit_final(custseg.scale_state) IS
'The model of a state. Final function of percentiles_fit.';

-- Fit.

CREATE AGGREGATE custseg.minmax_fit(x float8) (
    SFUNC = custseg.scale_range_accum,
    STYPE = custseg.scale_state,
    SSPACE = 160,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.minmax_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.minmax_fit(float8) IS
'Fits a scale from 0, the smallest x, to 1, the greatest. Null x is ignored; NaN and infinity are error 22023. No values: null. The same to the last bit in any order and plan.';

CREATE AGGREGATE custseg.minmax_fit(x float8, lower float8, upper float8) (
    SFUNC = custseg.scale_bounded_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.minmax_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.minmax_fit(float8, float8, float8) IS
'Fits a scale from 0 to 1 between two bounds instead of the extremes. lower and upper, fractions with 0 <= lower < upper <= 1 and the same in all rows of a group (otherwise error 22023), give the bounds: the values of rank ceil(lower n), at least 1, and ceil(upper n). Values outside are moved to the nearer bound, here and when the model is applied (winsorising). Null x is ignored; NaN and infinity are error 22023. No values: null. The same to the last bit in any order and plan. Memory: 12 to 24 bytes a distinct value.';

CREATE AGGREGATE custseg.zscore_fit(x float8) (
    SFUNC = custseg.scale_moments_accum,
    STYPE = custseg.scale_state,
    SSPACE = 160,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.zscore_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.zscore_fit(float8) IS
'Fits the mean and the standard deviation of the population (divided by n, as stddev_pop). Both are computed from exact sums, hence without cancellation. Null x is ignored; NaN and infinity are error 22023. No values: null. The same to the last bit in any order and plan.';

CREATE AGGREGATE custseg.zscore_fit(x float8, lower float8, upper float8) (
    SFUNC = custseg.scale_bounded_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.zscore_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.zscore_fit(float8, float8, float8) IS
'Fits mean and standard deviation after the values outside two bounds were moved to them. lower and upper, fractions with 0 <= lower < upper <= 1 and the same in all rows of a group (otherwise error 22023), give the bounds: the values of rank ceil(lower n), at least 1, and ceil(upper n). Values outside are moved to the nearer bound, here and when the model is applied (winsorising). Null x is ignored; NaN and infinity are error 22023. No values: null. The same to the last bit in any order and plan. Memory: 12 to 24 bytes a distinct value.';

CREATE AGGREGATE custseg.percentiles_fit(x float8) (
    SFUNC = custseg.scale_values_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.percentiles_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.percentiles_fit(float8) IS
'Fits percentiles: the model keeps all distinct values with their numbers of rows, 16 bytes each. Null x is ignored, NaN is error 22023, infinities are ordinary values. No values: null. The same in any order and plan. Memory: 12 to 24 bytes a distinct value.';

CREATE AGGREGATE custseg.percentiles_fit(x float8, lower float8, upper float8) (
    SFUNC = custseg.scale_bounded_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.percentiles_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.percentiles_fit(float8, float8, float8) IS
'Fits percentiles after the values outside two bounds were moved to them, which makes them ties. lower and upper, fractions with 0 <= lower < upper <= 1 and the same in all rows of a group (otherwise error 22023), give the bounds: the values of rank ceil(lower n), at least 1, and ceil(upper n). Values outside are moved to the nearer bound, here and when the model is applied (winsorising). Null x is ignored, NaN is error 22023, infinities are ordinary values. No values: null. The same in any order and plan. Memory: 12 to 24 bytes a distinct value.';

CREATE AGGREGATE custseg.percentiles_fit(x float8, points int) (
    SFUNC = custseg.scale_points_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.percentiles_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.percentiles_fit(float8, int) IS
'Fits percentiles with a small model: it keeps the values of rank ceil(j n / points), for j = 1 to points, and treats each value as the next one that is kept, so a percentile is off by less than 1 / points. points: 1 or more, the same in all rows of a group, otherwise error 22023. Null x is ignored, NaN is error 22023, infinities are ordinary values. No values: null. The same in any order and plan. Memory: 12 to 24 bytes a distinct value.';

CREATE AGGREGATE custseg.minmax_fit(x numeric) (
    SFUNC = custseg.scale_range_accum,
    STYPE = custseg.scale_state,
    SSPACE = 160,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.minmax_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.minmax_fit(numeric) IS
'The same as minmax_fit(x::float8), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.minmax_fit(x numeric, lower float8, upper float8) (
    SFUNC = custseg.scale_bounded_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.minmax_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.minmax_fit(numeric, float8, float8) IS
'The same as minmax_fit(x::float8, lower, upper), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.zscore_fit(x numeric) (
    SFUNC = custseg.scale_moments_accum,
    STYPE = custseg.scale_state,
    SSPACE = 160,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.zscore_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.zscore_fit(numeric) IS
'The same as zscore_fit(x::float8), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.zscore_fit(x numeric, lower float8, upper float8) (
    SFUNC = custseg.scale_bounded_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.zscore_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.zscore_fit(numeric, float8, float8) IS
'The same as zscore_fit(x::float8, lower, upper), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.percentiles_fit(x numeric) (
    SFUNC = custseg.scale_values_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.percentiles_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.percentiles_fit(numeric) IS
'The same as percentiles_fit(x::float8), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.percentiles_fit(x numeric, lower float8, upper float8) (
    SFUNC = custseg.scale_bounded_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.percentiles_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.percentiles_fit(numeric, float8, float8) IS
'The same as percentiles_fit(x::float8, lower, upper), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.percentiles_fit(x numeric, points int) (
    SFUNC = custseg.scale_points_accum,
    STYPE = custseg.scale_state,
    SSPACE = 1024,
    COMBINEFUNC = custseg.scale_state_combine,
    FINALFUNC = custseg.percentiles_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.percentiles_fit(numeric, int) IS
'The same as percentiles_fit(x::float8, points), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

-- Apply.

CREATE FUNCTION custseg.minmax(x float8, model custseg.scale_model, descending boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_minmax' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.minmax(float8, custseg.scale_model, boolean) IS
'The place of x between the minimum, 0, and the maximum, 1, of the model: (x - min) / (max - min), cut to 0 and 1 for x outside. descending turns it round: (max - x) / (max - min), for measures where less is better. A constant measure (max = min) tells nobody apart: 0.5 for its value. model: of kind minmax, otherwise error 22023. x is NaN or infinite: error 22023.';

CREATE FUNCTION custseg.minmax(x numeric, model custseg.scale_model, descending boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_minmax_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.minmax(numeric, custseg.scale_model, boolean) IS
'The same as minmax(x::float8, model, descending), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE FUNCTION custseg.zscore(x float8, model custseg.scale_model, descending boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_zscore' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.zscore(float8, custseg.scale_model, boolean) IS
'How many standard deviations x is above the mean of the model: (x - mean) / deviation; with bounds, x outside is moved to the nearer one first. descending changes the sign, for measures where less is better. Deviation 0: 0. model: of kind zscore, otherwise error 22023. x is NaN or infinite: error 22023. A result beyond the range of float8: error 22003.';

CREATE FUNCTION custseg.zscore(x numeric, model custseg.scale_model, descending boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_zscore_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.zscore(numeric, custseg.scale_model, boolean) IS
'The same as zscore(x::float8, model, descending), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE FUNCTION custseg.percentile(x float8, model custseg.scale_model, descending boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_percentile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.percentile(float8, custseg.scale_model, boolean) IS
'The part of the rows of the model below x, plus half of those equal to x: from 0 to 1, and equal values get the mean of their places. x that was not among the values gets the part below it. With bounds, x outside is moved to the nearer one first. descending turns it round: the part above x, plus half of those equal. model: of kind percentile, otherwise error 22023. x is NaN: error 22023; infinities are ordinary values.';

CREATE FUNCTION custseg.percentile(x numeric, model custseg.scale_model, descending boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_percentile_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.percentile(numeric, custseg.scale_model, boolean) IS
'The same as percentile(x::float8, model, descending), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';

CREATE FUNCTION custseg.scale(x float8, model custseg.scale_model, descending boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_scale' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale(float8, custseg.scale_model, boolean) IS
'x on the scale of a model of any kind: minmax(), zscore() or percentile() of the same arguments.';

CREATE FUNCTION custseg.scale(x numeric, model custseg.scale_model, descending boolean DEFAULT false) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_scale_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.scale(numeric, custseg.scale_model, boolean) IS
'The same as scale(x::float8, model, descending), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';
-- classify: from an attribute such as industry or region to a class.

CREATE FUNCTION custseg.classify(value text, classes jsonb) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_classify' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.classify(text, jsonb) IS
'The class of an attribute: industry, region, postcode. classes is an object of texts: the class of each value. A key that ends in * stands for all values that begin like it, so codes that are built from the left (6201 in 62, DE-BY in DE) need one key for each branch; the longest such key wins, an exact key wins over all, and "*" alone is the default, also for a null value. No key: null. Case matters. classes null: null. Not an object, or a class that is not a text: error 22023. For sizes in numbers use band.';
-- Bands and weighted scores: band, weighted_score, explain_weighted.

CREATE FUNCTION custseg.band(value float8, breaks float8[], labels text[]) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_band' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.band(float8, float8[], text[]) IS
'The label of the class of a value: labels[score(value, breaks)], so a value equal to a break belongs to the lower class. breaks: as in score(). labels: from the lowest class up, one more than breaks, no null, no empty one, otherwise error 22023; two classes may have the same label. value is NaN: error 22023; infinities are ordinary values.';

CREATE FUNCTION custseg.band(value numeric, breaks float8[], labels text[]) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_band_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.band(numeric, float8[], text[]) IS
'The same as band(value::float8, breaks, labels), without the cost of the cast. value beyond the range of float8: error 22003, as in the cast.';

CREATE FUNCTION custseg.weighted_score(components float8[], weights float8[], missing text DEFAULT 'renormalise') RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_weighted_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.weighted_score(float8[], float8[], text) IS
'The weighted mean of the components: sum(weight * component) / sum(weight), computed exactly and rounded once. missing says what a null component means: renormalise: the mean of the others (null if none of them has a weight above 0); zero: its value is 0; null: the score is null. weights: finite, none negative, not all 0, one for each component. Anything else, and components that are NaN or infinite: error 22023.';

CREATE FUNCTION custseg.explain_weighted(names text[], components float8[], weights float8[], missing text DEFAULT 'renormalise', digits int DEFAULT 4,
    OUT component text, OUT value float8, OUT weight float8, OUT contribution numeric, OUT share numeric) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_explain_weighted' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION custseg.explain_weighted(text[], float8[], float8[], text, int) IS
'Why weighted_score() of the same components, weights and missing is what it is: a row for each component, in their order. weight: its part of the weights that count, together 1. contribution: weight * value, rounded to digits places so that together they are exactly round(score::numeric, digits). share: contribution / score, rounded so that together they are exactly 1; null where the score is 0, or next to 0 by contributions of both signs. Rounding is by largest remainder, among equals the first. A missing component has no value and contributes 0. Where the score is null, so are weight, contribution and share. Negative components have negative contributions; shares can then be negative and above 1. digits: 0 to 15, otherwise error 22023; contributions of more than 15 digits in all: error 22003. Other errors as in weighted_score().';
-- Weights and TOPSIS: component_rows, entropy_weights, ahp_weights, topsis_model, topsis_fit, topsis_score, topsis.

-- The state of the aggregates that need all rows.

CREATE TYPE custseg.component_rows;

CREATE FUNCTION custseg.component_rows_in(cstring) RETURNS custseg.component_rows
AS 'MODULE_PATHNAME', 'custseg_component_rows_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.component_rows_in(cstring) IS
'Input function of component_rows. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.component_rows_out(custseg.component_rows) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_component_rows_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.component_rows_out(custseg.component_rows) IS
'Output function of component_rows.';

CREATE FUNCTION custseg.component_rows_recv(internal) RETURNS custseg.component_rows
AS 'MODULE_PATHNAME', 'custseg_component_rows_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.component_rows_recv(internal) IS
'Binary input function of component_rows. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.component_rows_send(custseg.component_rows) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_component_rows_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.component_rows_send(custseg.component_rows) IS
'Binary output function of component_rows.';

CREATE TYPE custseg.component_rows (
    INPUT = custseg.component_rows_in,
    OUTPUT = custseg.component_rows_out,
    RECEIVE = custseg.component_rows_recv,
    SEND = custseg.component_rows_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.component_rows IS
'Rows of 1 to 1000 numbers each, and the weights and directions of their columns: the state of entropy_weights and topsis_fit. Text form: {"version":1,"columns":2,"weights":[1,2],"benefit":[true,false],"values":[1,2.5,3,4]}, values row by row; weights and benefit are there only where the aggregate has them. 8 bytes a value, at most 1 GB (error 54000); the text and jsonb forms hold about 10 million values.';

CREATE FUNCTION custseg.component_rows_to_jsonb(custseg.component_rows) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_component_rows_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.component_rows_to_jsonb(custseg.component_rows) IS
'component_rows as jsonb, with the keys of its text form.';

CREATE CAST (custseg.component_rows AS jsonb) WITH FUNCTION custseg.component_rows_to_jsonb(custseg.component_rows);
COMMENT ON CAST (custseg.component_rows AS jsonb) IS
'component_rows as jsonb, with the keys of its text form.';

CREATE FUNCTION custseg.component_rows_accum(state custseg.component_rows, components float8[]) RETURNS custseg.component_rows
AS 'MODULE_PATHNAME', 'custseg_component_rows_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.component_rows_accum(custseg.component_rows, float8[]) IS
'Adds a row to a state; null, or a row with a null element, adds nothing. Transition function of entropy_weights.';

CREATE FUNCTION custseg.component_rows_accum(state custseg.component_rows, components float8[], benefit boolean[]) RETURNS custseg.component_rows
AS 'MODULE_PATHNAME', 'custseg_component_rows_benefit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.component_rows_accum(custseg.component_rows, float8[], boolean[]) IS
'Adds a row to a state with directions; null, or a row with a null element, adds nothing. Transition function of entropy_weights.';

CREATE FUNCTION custseg.component_rows_accum(state custseg.component_rows, components float8[], weights float8[], benefit boolean[]) RETURNS custseg.component_rows
AS 'MODULE_PATHNAME', 'custseg_component_rows_weights_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.component_rows_accum(custseg.component_rows, float8[], float8[], boolean[]) IS
'Adds a row to a state with weights and directions; null, or a row with a null element, adds nothing. Transition function of topsis_fit.';

CREATE FUNCTION custseg.component_rows_combine(state custseg.component_rows, other custseg.component_rows) RETURNS custseg.component_rows
AS 'MODULE_PATHNAME', 'custseg_component_rows_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.component_rows_combine(custseg.component_rows, custseg.component_rows) IS
'Adds the rows of a state to another with as many columns and the same weights and directions.';

-- Entropy weights.

CREATE FUNCTION custseg.entropy_weights_final(state custseg.component_rows) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_entropy_weights_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.entropy_weights_final(custseg.component_rows) IS
'The entropy weights of the rows in a state. See entropy_weights.';

CREATE AGGREGATE custseg.entropy_weights(components float8[]) (
    SFUNC = custseg.component_rows_accum,
    STYPE = custseg.component_rows,
    SSPACE = 2048,
    COMBINEFUNC = custseg.component_rows_combine,
    FINALFUNC = custseg.entropy_weights_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.entropy_weights(float8[]) IS
'Weights of columns by the entropy weight method: a column that tells rows apart weighs more. components: the values of one row, 1 to 1000. With z = (v - min) / (max - min) in each column, p = z / sum z and e = -sum(p ln p) / ln n, the weight is (1 - e) / sum(1 - e). A constant column gets 0; if all are constant, or there is one row, weights are equal. Null components, or a null element: the row is skipped. No rows: null. NaN, infinity, or arrays of different lengths: error 22023. The result does not depend on the order of rows, to the last bit. Memory: 8 to 16 bytes a value; more than 1 GB: error 54000.';

CREATE AGGREGATE custseg.entropy_weights(components float8[], benefit boolean[]) (
    SFUNC = custseg.component_rows_accum,
    STYPE = custseg.component_rows,
    SSPACE = 2048,
    COMBINEFUNC = custseg.component_rows_combine,
    FINALFUNC = custseg.entropy_weights_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.entropy_weights(float8[], boolean[]) IS
'Entropy weights with a direction for each column: where benefit is false, less is better, and z = (max - v) / (max - min). benefit: as many elements as components, none null, the same in all rows, otherwise error 22023; null: more is better everywhere. Otherwise as entropy_weights(components).';

-- AHP.

CREATE FUNCTION custseg.ahp_weights(matrix float8[], OUT weights float8[], OUT lambda_max float8, OUT ci float8, OUT cr float8)
AS 'MODULE_PATHNAME', 'custseg_ahp_weights' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.ahp_weights(float8[]) IS
'Weights from judgements in pairs, by the analytic hierarchy process (Saaty 1980). matrix[i][j] says how many times i is as important as j; it must be square with 1 to 10 rows, positive, and reciprocal within 1e-6, otherwise error 22023. weights: the principal eigenvector, with sum 1. lambda_max: its eigenvalue. ci = (lambda_max - n) / (n - 1). cr = ci / RI with Saaty''s random index 0, 0, .58, .90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49; 0 for n up to 2. cr above 0.10: a NOTICE names the judgement that is farthest, as a ratio, from that of the weights.';

-- TOPSIS.

CREATE TYPE custseg.topsis_model;

CREATE FUNCTION custseg.topsis_model_in(cstring) RETURNS custseg.topsis_model
AS 'MODULE_PATHNAME', 'custseg_topsis_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.topsis_model_in(cstring) IS
'Input function of topsis_model. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.topsis_model_out(custseg.topsis_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_topsis_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.topsis_model_out(custseg.topsis_model) IS
'Output function of topsis_model.';

CREATE FUNCTION custseg.topsis_model_recv(internal) RETURNS custseg.topsis_model
AS 'MODULE_PATHNAME', 'custseg_topsis_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.topsis_model_recv(internal) IS
'Binary input function of topsis_model. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.topsis_model_send(custseg.topsis_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_topsis_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.topsis_model_send(custseg.topsis_model) IS
'Binary output function of topsis_model.';

CREATE TYPE custseg.topsis_model (
    INPUT = custseg.topsis_model_in,
    OUTPUT = custseg.topsis_model_out,
    RECEIVE = custseg.topsis_model_recv,
    SEND = custseg.topsis_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.topsis_model IS
'What TOPSIS has learnt of some rows: the norm, the weight, the best and the worst value of every column. Made by topsis_fit, applied by topsis_score. Text form: {"version": 1, "rows": 4, "norms": [...], "weights": [...], "ideal": [...], "anti_ideal": [...]}, ideal and anti_ideal in the units of the columns.';

CREATE FUNCTION custseg.topsis_model_to_jsonb(custseg.topsis_model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_topsis_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.topsis_model_to_jsonb(custseg.topsis_model) IS
'A topsis_model as jsonb, with the keys of its text form.';

CREATE CAST (custseg.topsis_model AS jsonb) WITH FUNCTION custseg.topsis_model_to_jsonb(custseg.topsis_model);
COMMENT ON CAST (custseg.topsis_model AS jsonb) IS
'A topsis_model as jsonb, with the keys of its text form.';

CREATE FUNCTION custseg.topsis_model_values(model custseg.topsis_model, name text) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_topsis_model_values' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.topsis_model_values(custseg.topsis_model, text) IS
'An array of a model: norms, weights (with sum 1), ideal or anti_ideal. Another name: error 22023. Also written model -> ''ideal''.';

CREATE OPERATOR custseg.-> (LEFTARG = custseg.topsis_model, RIGHTARG = text, FUNCTION = custseg.topsis_model_values);
COMMENT ON OPERATOR custseg.-> (custseg.topsis_model, text) IS 'norms, weights, ideal or anti_ideal of a TOPSIS model';

CREATE FUNCTION custseg.topsis_fit_final(state custseg.component_rows) RETURNS custseg.topsis_model
AS 'MODULE_PATHNAME', 'custseg_topsis_fit_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.topsis_fit_final(custseg.component_rows) IS
'The TOPSIS model of the rows in a state that has weights. See topsis_fit.';

CREATE AGGREGATE custseg.topsis_fit(components float8[], weights float8[], benefit boolean[]) (
    SFUNC = custseg.component_rows_accum,
    STYPE = custseg.component_rows,
    SSPACE = 2048,
    COMBINEFUNC = custseg.component_rows_combine,
    FINALFUNC = custseg.topsis_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.topsis_fit(float8[], float8[], boolean[]) IS
'Fits TOPSIS (Hwang and Yoon 1981): the Euclidean norm and the best and worst value of every column. components: the values of one row, 1 to 1000. weights: one for each, finite, not negative, not all 0. benefit: one for each, false where less is better; null: more is better everywhere. weights and benefit must be the same in all rows. Otherwise, and for NaN, infinity, null weights or arrays of different lengths: error 22023. Null components, or a null element: the row is skipped. No rows: null. The result does not depend on the order of rows, to the last bit. Memory: 8 to 16 bytes a value; more than 1 GB: error 54000.';

CREATE FUNCTION custseg.topsis_score(components float8[], model custseg.topsis_model) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_topsis_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.topsis_score(float8[], custseg.topsis_model) IS
'The closeness of a row to the ideal of a model, from 0 (worst in every column) to 1 (best in every column): d- / (d+ + d-), with the distances from ideal and anti-ideal after dividing by the norm and multiplying by the weight; 0.5 where both are 0. A column of norm 0 contributes nothing. A null element: null. NaN, infinity, or another number of elements than the model has: error 22023.';

CREATE FUNCTION custseg.topsis(components float8[], weights float8[], benefit boolean[] DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_topsis' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.topsis(float8[], float8[], boolean[]) IS
'Window function: the closeness of a row to the ideal of its partition, as topsis_score(components, topsis_fit(components, weights, benefit)) in one go and to the last bit. Order and frame of the window do not matter. Null components, or a null element: null, and the row does not count. Arguments and errors as in topsis_fit. At most 2,147,483,647 rows in a partition.';
-- Fitted models of customer lifetime and of spend: lifetime_model, spend_model.

CREATE TYPE custseg.lifetime_model;

CREATE FUNCTION custseg.lifetime_model_in(cstring) RETURNS custseg.lifetime_model
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_in(cstring) IS
'Input function of lifetime_model. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.lifetime_model_out(custseg.lifetime_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_out(custseg.lifetime_model) IS
'Output function of lifetime_model.';

CREATE FUNCTION custseg.lifetime_model_recv(internal) RETURNS custseg.lifetime_model
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_recv(internal) IS
'Binary input function of lifetime_model. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.lifetime_model_send(custseg.lifetime_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_send(custseg.lifetime_model) IS
'Binary output function of lifetime_model.';

CREATE TYPE custseg.lifetime_model (
    INPUT = custseg.lifetime_model_in,
    OUTPUT = custseg.lifetime_model_out,
    RECEIVE = custseg.lifetime_model_recv,
    SEND = custseg.lifetime_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.lifetime_model IS
'When customers buy, and when they leave: of kind bgnbd, pareto_nbd, mbgnbd, sbg or bgbb, fitted by bgnbd_fit, pareto_nbd_fit, mbgnbd_fit, sbg_fit or bgbb_fit. Text form: {"version":1,"kind":"bgnbd","status":"converged","unit":"week","customers":2357,"excluded":0,"iterations":9,"loglik":-9582.4,"aic":19172.8,"bic":19195.9,"parameters":{"r":0.243,"alpha":4.414,"a":0.793,"b":2.426},"covariance":[[..],[..,..],..]}, the covariance as lower triangle, "direction" when the status is degenerate, "prior" when there was one. Published parameters can be typed in: {"kind":"bgnbd","unit":"week","parameters":{"r":0.243,"alpha":4.414,"a":0.793,"b":2.426}}. Parameters are positive; unit is day, week, month or year, null for numbers without a unit, and none in sbg and bgbb.';

CREATE FUNCTION custseg.lifetime_model_to_jsonb(custseg.lifetime_model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_to_jsonb(custseg.lifetime_model) IS
'lifetime_model as jsonb, with the keys of its text form.';

CREATE CAST (custseg.lifetime_model AS jsonb) WITH FUNCTION custseg.lifetime_model_to_jsonb(custseg.lifetime_model);
COMMENT ON CAST (custseg.lifetime_model AS jsonb) IS
'lifetime_model as jsonb, with the keys of its text form.';

CREATE FUNCTION custseg.lifetime_model_parameter(model custseg.lifetime_model, parameter text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_parameter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_parameter(custseg.lifetime_model, text) IS
'A number of a model: the parameters, r, alpha, a and b of bgnbd and mbgnbd, r, alpha, s and beta of pareto_nbd, alpha and beta of sbg, alpha, beta, gamma and delta of bgbb (null for those of another kind); loglik, aic and bic (of models with customers, otherwise null), customers (that were fitted), excluded (that were left out), prior (null without) and iterations. Parameters are null in a model that is not identified. Behind the operator model -> parameter. Any other name: error 22023.';

CREATE OPERATOR custseg.-> (LEFTARG = custseg.lifetime_model, RIGHTARG = text, FUNCTION = custseg.lifetime_model_parameter);
COMMENT ON OPERATOR custseg.-> (custseg.lifetime_model, text) IS 'number of a model';

CREATE FUNCTION custseg.lifetime_model_field(model custseg.lifetime_model, field text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_lifetime_model_field' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_model_field(custseg.lifetime_model, text) IS
'What a model has under a key, as text: kind, status (converged, degenerate or not_identified), direction (where the likelihood of a degenerate fit goes, otherwise null), unit (null without), version, parameters and covariance (as JSON), and every number of model -> key. Behind the operator model ->> field. Any other name: error 22023.';

CREATE OPERATOR custseg.->> (LEFTARG = custseg.lifetime_model, RIGHTARG = text, FUNCTION = custseg.lifetime_model_field);
COMMENT ON OPERATOR custseg.->> (custseg.lifetime_model, text) IS 'field of a model as text';

CREATE FUNCTION custseg.standard_error(model custseg.lifetime_model, parameter text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_standard_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.standard_error(custseg.lifetime_model, text) IS
'The standard error of a parameter, from the curvature of the log-likelihood at its maximum. Null for models without covariance (degenerate, not identified or typed in) and for a parameter of another kind. Any other name: error 22023.';

CREATE FUNCTION custseg.covariance(model custseg.lifetime_model, a text, b text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_covariance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.covariance(custseg.lifetime_model, text, text) IS
'The covariance of the estimates of two parameters, a and b; of the same one, its variance. Null for models without covariance (degenerate, not identified or typed in) and for a parameter of another kind. Any other name: error 22023.';

CREATE TYPE custseg.spend_model;

CREATE FUNCTION custseg.spend_model_in(cstring) RETURNS custseg.spend_model
AS 'MODULE_PATHNAME', 'custseg_spend_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_in(cstring) IS
'Input function of spend_model. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.spend_model_out(custseg.spend_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_spend_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_out(custseg.spend_model) IS
'Output function of spend_model.';

CREATE FUNCTION custseg.spend_model_recv(internal) RETURNS custseg.spend_model
AS 'MODULE_PATHNAME', 'custseg_spend_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_recv(internal) IS
'Binary input function of spend_model. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.spend_model_send(custseg.spend_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_spend_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_send(custseg.spend_model) IS
'Binary output function of spend_model.';

CREATE TYPE custseg.spend_model (
    INPUT = custseg.spend_model_in,
    OUTPUT = custseg.spend_model_out,
    RECEIVE = custseg.spend_model_recv,
    SEND = custseg.spend_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.spend_model IS
'What a purchase of a customer is worth: of kind gamma_gamma, fitted by gamma_gamma_fit. Text form: {"version":1,"kind":"gamma_gamma","status":"converged","customers":946,"excluded":0,"iterations":9,"loglik":-4055.9,"aic":8117.8,"bic":8132.4,"parameters":{"p":6.25,"q":3.744,"gamma":15.44},"covariance":[[..],[..,..],[..,..,..]]}, the covariance as lower triangle, "direction" when the status is degenerate, "prior" when there was one. Published parameters can be typed in: {"kind":"gamma_gamma","parameters":{"p":6.25,"q":3.74,"gamma":15.44}}. Parameters are positive.';

CREATE FUNCTION custseg.spend_model_to_jsonb(custseg.spend_model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_spend_model_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_to_jsonb(custseg.spend_model) IS
'spend_model as jsonb, with the keys of its text form.';

CREATE CAST (custseg.spend_model AS jsonb) WITH FUNCTION custseg.spend_model_to_jsonb(custseg.spend_model);
COMMENT ON CAST (custseg.spend_model AS jsonb) IS
'spend_model as jsonb, with the keys of its text form.';

CREATE FUNCTION custseg.spend_model_parameter(model custseg.spend_model, parameter text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_spend_model_parameter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_parameter(custseg.spend_model, text) IS
'A number of a model: the parameters p, q and gamma; loglik, aic and bic (of models with customers, otherwise null), customers (that were fitted), excluded (that were left out), prior (null without) and iterations. Parameters are null in a model that is not identified. Behind the operator model -> parameter. Any other name: error 22023.';

CREATE OPERATOR custseg.-> (LEFTARG = custseg.spend_model, RIGHTARG = text, FUNCTION = custseg.spend_model_parameter);
COMMENT ON OPERATOR custseg.-> (custseg.spend_model, text) IS 'number of a model';

CREATE FUNCTION custseg.spend_model_field(model custseg.spend_model, field text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_spend_model_field' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.spend_model_field(custseg.spend_model, text) IS
'What a model has under a key, as text: kind, status (converged, degenerate or not_identified), direction (where the likelihood of a degenerate fit goes, otherwise null), unit (null without), version, parameters and covariance (as JSON), and every number of model -> key. Behind the operator model ->> field. Any other name: error 22023.';

CREATE OPERATOR custseg.->> (LEFTARG = custseg.spend_model, RIGHTARG = text, FUNCTION = custseg.spend_model_field);
COMMENT ON OPERATOR custseg.->> (custseg.spend_model, text) IS 'field of a model as text';

CREATE FUNCTION custseg.standard_error(model custseg.spend_model, parameter text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_standard_error_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.standard_error(custseg.spend_model, text) IS
'The standard error of a parameter, from the curvature of the log-likelihood at its maximum. Null for models without covariance (degenerate, not identified or typed in) and for a parameter of another kind. Any other name: error 22023.';

CREATE FUNCTION custseg.covariance(model custseg.spend_model, a text, b text) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_covariance_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.covariance(custseg.spend_model, text, text) IS
'The covariance of the estimates of two parameters, a and b; of the same one, its variance. Null for models without covariance (degenerate, not identified or typed in) and for a parameter of another kind. Any other name: error 22023.';
-- Fits of models of customer lifetime and of spend: lifetime_state, bgnbd_fit, pareto_nbd_fit, mbgnbd_fit,
-- gamma_gamma_fit, sbg_fit, bgbb_fit.

-- The state.

CREATE TYPE custseg.lifetime_state;

CREATE FUNCTION custseg.lifetime_state_in(cstring) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_in(cstring) IS
'Input function of lifetime_state. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.lifetime_state_out(custseg.lifetime_state) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_out(custseg.lifetime_state) IS
'Output function of lifetime_state.';

CREATE FUNCTION custseg.lifetime_state_recv(internal) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_recv(internal) IS
'Binary input function of lifetime_state. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.lifetime_state_send(custseg.lifetime_state) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_send(custseg.lifetime_state) IS
'Binary output function of lifetime_state.';

CREATE TYPE custseg.lifetime_state (
    INPUT = custseg.lifetime_state_in,
    OUTPUT = custseg.lifetime_state_out,
    RECEIVE = custseg.lifetime_state_recv,
    SEND = custseg.lifetime_state_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.lifetime_state IS
'The state of the fits of lifetime and spend models: customers with the same history, counted. It can be stored, and combined by lifetime_state_combine. Text form: {"version":1,"kind":"bgnbd","unit":"week","excluded":0,"x":[0,1],"t_x":[0,3.5],"age":[39,39],"count":[1201,7]}, cells in order; with the options of the fit "prior" and "start". For gamma_gamma t_x is m_x, for sbg x is the period and t_x the survivors; both have no age. 32 bytes a slot, up to three quarters of which are taken: 43 to 86 bytes a distinct history, at most 12,582,912 of them (error 54000 beyond).';

-- Support functions of the aggregates.

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8) IS
'Adds a customer to a state; nothing changes where x, t_x or age is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text) IS
'Adds a customer to a state, in a unit of time; nothing changes where x, t_x or age is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text, custseg.lifetime_model, float8) IS
'Adds a customer to a state, in a unit of time, with the options of the fit; nothing changes where x, t_x or age is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text) IS
'Adds a summary of purchases as seen at the end of as_of to a state; nothing changes where purchases or as_of is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.bgnbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgnbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgnbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'Adds a summary of purchases as seen at the end of as_of to a state, with the options of the fit; nothing changes where purchases or as_of is null. Transition function of bgnbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, float8, float8, float8) IS
'Adds a customer to a state; nothing changes where x, t_x or age is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text) IS
'Adds a customer to a state, in a unit of time; nothing changes where x, t_x or age is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text, custseg.lifetime_model, float8) IS
'Adds a customer to a state, in a unit of time, with the options of the fit; nothing changes where x, t_x or age is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text) IS
'Adds a summary of purchases as seen at the end of as_of to a state; nothing changes where purchases or as_of is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.pareto_nbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_pareto_nbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.pareto_nbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'Adds a summary of purchases as seen at the end of as_of to a state, with the options of the fit; nothing changes where purchases or as_of is null. Transition function of pareto_nbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8) IS
'Adds a customer to a state; nothing changes where x, t_x or age is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text) IS
'Adds a customer to a state, in a unit of time; nothing changes where x, t_x or age is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, float8, float8, float8, text, custseg.lifetime_model, float8) IS
'Adds a customer to a state, in a unit of time, with the options of the fit; nothing changes where x, t_x or age is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text) IS
'Adds a summary of purchases as seen at the end of as_of to a state; nothing changes where purchases or as_of is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.mbgnbd_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_mbgnbd_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.mbgnbd_fit_accum(custseg.lifetime_state, custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'Adds a summary of purchases as seen at the end of as_of to a state, with the options of the fit; nothing changes where purchases or as_of is null. Transition function of mbgnbd_fit.';

CREATE FUNCTION custseg.gamma_gamma_fit_accum(state custseg.lifetime_state, x float8, m_x float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_gamma_gamma_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gamma_gamma_fit_accum(custseg.lifetime_state, float8, float8) IS
'Adds a customer to a state; nothing changes where x or m_x is null. Transition function of gamma_gamma_fit.';

CREATE FUNCTION custseg.gamma_gamma_fit_accum(state custseg.lifetime_state, purchases custseg.purchases) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_gamma_gamma_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gamma_gamma_fit_accum(custseg.lifetime_state, custseg.purchases) IS
'Adds a summary of purchases to a state; nothing changes where it is null. Transition function of gamma_gamma_fit.';

CREATE FUNCTION custseg.gamma_gamma_fit_accum(state custseg.lifetime_state, x float8, m_x float8, start custseg.spend_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_gamma_gamma_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gamma_gamma_fit_accum(custseg.lifetime_state, float8, float8, custseg.spend_model, float8) IS
'Adds a customer to a state, with the options of the fit; nothing changes where x or m_x is null. Transition function of gamma_gamma_fit.';

CREATE FUNCTION custseg.gamma_gamma_fit_accum(state custseg.lifetime_state, purchases custseg.purchases, start custseg.spend_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_gamma_gamma_fit_accum_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gamma_gamma_fit_accum(custseg.lifetime_state, custseg.purchases, custseg.spend_model, float8) IS
'Adds a summary of purchases to a state, with the options of the fit; nothing changes where it is null. Transition function of gamma_gamma_fit.';

CREATE FUNCTION custseg.sbg_fit_accum(state custseg.lifetime_state, period int, survivors float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_sbg_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.sbg_fit_accum(custseg.lifetime_state, int, float8) IS
'Adds the survivors of a period to a state; nothing changes where one is null. Transition function of sbg_fit.';

CREATE FUNCTION custseg.sbg_fit_accum(state custseg.lifetime_state, period int, survivors float8, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_sbg_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.sbg_fit_accum(custseg.lifetime_state, int, float8, custseg.lifetime_model, float8) IS
'Adds the survivors of a period to a state, with the options of the fit; nothing changes where one is null. Transition function of sbg_fit.';

CREATE FUNCTION custseg.bgbb_fit_accum(state custseg.lifetime_state, x float8, t_x float8, n float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgbb_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgbb_fit_accum(custseg.lifetime_state, float8, float8, float8) IS
'Adds a customer to a state; nothing changes where x, t_x, n or customers is null. Transition function of bgbb_fit.';

CREATE FUNCTION custseg.bgbb_fit_accum(state custseg.lifetime_state, x float8, t_x float8, n float8, customers bigint) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgbb_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgbb_fit_accum(custseg.lifetime_state, float8, float8, float8, bigint) IS
'Adds a number of equal customers to a state; nothing changes where x, t_x, n or customers is null. Transition function of bgbb_fit.';

CREATE FUNCTION custseg.bgbb_fit_accum(state custseg.lifetime_state, x float8, t_x float8, n float8, customers bigint, start custseg.lifetime_model, prior float8) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_bgbb_fit_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.bgbb_fit_accum(custseg.lifetime_state, float8, float8, float8, bigint, custseg.lifetime_model, float8) IS
'Adds a number of equal customers to a state, with the options of the fit; nothing changes where x, t_x, n or customers is null. Transition function of bgbb_fit.';

CREATE FUNCTION custseg.lifetime_state_combine(state custseg.lifetime_state, other custseg.lifetime_state) RETURNS custseg.lifetime_state
AS 'MODULE_PATHNAME', 'custseg_lifetime_state_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lifetime_state_combine(custseg.lifetime_state, custseg.lifetime_state) IS
'Adds the customers of a state to another of the same kind, unit, start and prior; otherwise error 22023.';

CREATE FUNCTION custseg.lifetime_fit_final(state custseg.lifetime_state) RETURNS custseg.lifetime_model
AS 'MODULE_PATHNAME', 'custseg_lifetime_fit_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION custseg.lifetime_fit_final(custseg.lifetime_state) IS
'The model that is most likely for the customers of a state. Final function of the fits of lifetime_model. A state of gamma_gamma: error 22023.';

CREATE FUNCTION custseg.spend_fit_final(state custseg.lifetime_state) RETURNS custseg.spend_model
AS 'MODULE_PATHNAME', 'custseg_spend_fit_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION custseg.spend_fit_final(custseg.lifetime_state) IS
'The model that is most likely for the customers of a state of kind gamma_gamma; of another kind: error 22023. Final function of gamma_gamma_fit.';

-- Fits.

CREATE AGGREGATE custseg.bgnbd_fit(x float8, t_x float8, age float8) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(float8, float8, float8) IS
'Fits the BG/NBD model (Fader, Hardie, Lee 2005): customers buy at random at a rate of their own, gamma(r, alpha) over customers, and leave after a purchase with a probability of their own, beta(a, b). x: repeat purchases, whole; t_x: time from the first purchase to the last; age: time from the first purchase to the end of observation; 0 <= t_x <= age, and t_x = 0 where x = 0, otherwise error 22023; x > 0 with t_x = 0 is valid. Rows with a null among them are skipped; customers of age 0 are left out and counted in excluded. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.bgnbd_fit(x float8, t_x float8, age float8, unit text) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(float8, float8, float8, text) IS
'As bgnbd_fit(x, t_x, age), for times in a unit, which the model keeps and predictions check. unit: day, week, month or year, that of the times; null for none. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.bgnbd_fit(x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(float8, float8, float8, text, custseg.lifetime_model, float8) IS
'As bgnbd_fit(x, t_x, age, unit), from a given start or with a weak prior. unit: day, week, month or year, that of the times; null for none. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.bgnbd_fit(purchases custseg.purchases, as_of date, unit text) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(custseg.purchases, date, text) IS
'As bgnbd_fit(x, t_x, age, unit), with x = purchase days less 1 and times taken from summaries of purchases. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.bgnbd_fit(purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.bgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgnbd_fit(custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'As bgnbd_fit(purchases, as_of, unit), from a given start or with a weak prior. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.pareto_nbd_fit(x float8, t_x float8, age float8) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(float8, float8, float8) IS
'Fits the Pareto/NBD model (Schmittlein, Morrison, Colombo 1987): customers buy at random at a rate of their own, gamma(r, alpha) over customers, and leave at random, at a rate that is gamma(s, beta). x: repeat purchases, whole; t_x: time from the first purchase to the last; age: time from the first purchase to the end of observation; 0 <= t_x <= age, and t_x = 0 where x = 0, otherwise error 22023; x > 0 with t_x = 0 is valid. Rows with a null among them are skipped; customers of age 0 are left out and counted in excluded. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.pareto_nbd_fit(x float8, t_x float8, age float8, unit text) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(float8, float8, float8, text) IS
'As pareto_nbd_fit(x, t_x, age), for times in a unit, which the model keeps and predictions check. unit: day, week, month or year, that of the times; null for none. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.pareto_nbd_fit(x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(float8, float8, float8, text, custseg.lifetime_model, float8) IS
'As pareto_nbd_fit(x, t_x, age, unit), from a given start or with a weak prior. unit: day, week, month or year, that of the times; null for none. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.pareto_nbd_fit(purchases custseg.purchases, as_of date, unit text) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(custseg.purchases, date, text) IS
'As pareto_nbd_fit(x, t_x, age, unit), with x = purchase days less 1 and times taken from summaries of purchases. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.pareto_nbd_fit(purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.pareto_nbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.pareto_nbd_fit(custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'As pareto_nbd_fit(purchases, as_of, unit), from a given start or with a weak prior. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.mbgnbd_fit(x float8, t_x float8, age float8) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(float8, float8, float8) IS
'Fits the MBG/NBD model (Batislam, Denizel, Filiztekin 2007): as bgnbd_fit, but a customer can also leave at the first purchase. x: repeat purchases, whole; t_x: time from the first purchase to the last; age: time from the first purchase to the end of observation; 0 <= t_x <= age, and t_x = 0 where x = 0, otherwise error 22023; x > 0 with t_x = 0 is valid. Rows with a null among them are skipped; customers of age 0 are left out and counted in excluded. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.mbgnbd_fit(x float8, t_x float8, age float8, unit text) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(float8, float8, float8, text) IS
'As mbgnbd_fit(x, t_x, age), for times in a unit, which the model keeps and predictions check. unit: day, week, month or year, that of the times; null for none. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.mbgnbd_fit(x float8, t_x float8, age float8, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(float8, float8, float8, text, custseg.lifetime_model, float8) IS
'As mbgnbd_fit(x, t_x, age, unit), from a given start or with a weak prior. unit: day, week, month or year, that of the times; null for none. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.mbgnbd_fit(purchases custseg.purchases, as_of date, unit text) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(custseg.purchases, date, text) IS
'As mbgnbd_fit(x, t_x, age, unit), with x = purchase days less 1 and times taken from summaries of purchases. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.mbgnbd_fit(purchases custseg.purchases, as_of date, unit text, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.mbgnbd_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.mbgnbd_fit(custseg.purchases, date, text, custseg.lifetime_model, float8) IS
'As mbgnbd_fit(purchases, as_of, unit), from a given start or with a weak prior. purchases: a summary of each customer; as_of: the last day that was seen, not before the last purchase (error 22023), which may differ from row to row; rows where one of them is null are skipped. Customers without a purchase, or with the first on as_of, are left out and counted in excluded. unit: day, week, month (of 365.25 / 12 days) or year (of 365.25), not null. start: a model of the same kind to start from, such as that of yesterday, its times converted to unit; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.gamma_gamma_fit(x float8, m_x float8) (
    SFUNC = custseg.gamma_gamma_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.spend_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gamma_gamma_fit(float8, float8) IS
'Fits the gamma-gamma model of spend (Fader, Hardie 2013): the value of a purchase is gamma distributed, with shape p, around a mean that differs among customers by q and gamma. x: repeat purchases, whole; m_x: their mean value. Customers with x = 0 are ignored; those with m_x <= 0 are left out and counted in excluded; rows with a null x, or a null m_x where x > 0, are skipped. NaN, infinity, x < 0 or not whole: error 22023. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.gamma_gamma_fit(x float8, m_x float8, start custseg.spend_model, prior float8) (
    SFUNC = custseg.gamma_gamma_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.spend_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gamma_gamma_fit(float8, float8, custseg.spend_model, float8) IS
'As gamma_gamma_fit(x, m_x), from a given start or with a weak prior. start: a model of the same kind to start from, such as that of yesterday; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.gamma_gamma_fit(purchases custseg.purchases) (
    SFUNC = custseg.gamma_gamma_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.spend_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gamma_gamma_fit(custseg.purchases) IS
'As gamma_gamma_fit(x, m_x), from summaries of purchases. purchases: a summary of each customer; x = purchase days less 1, m_x = repeat_value(purchases). Null is skipped; customers with one purchase day are ignored; those without any, or with m_x <= 0, are left out and counted in excluded.';

CREATE AGGREGATE custseg.gamma_gamma_fit(purchases custseg.purchases, start custseg.spend_model, prior float8) (
    SFUNC = custseg.gamma_gamma_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.spend_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gamma_gamma_fit(custseg.purchases, custseg.spend_model, float8) IS
'As gamma_gamma_fit(purchases), from a given start or with a weak prior. purchases: a summary of each customer; x = purchase days less 1, m_x = repeat_value(purchases). Null is skipped; customers with one purchase day are ignored; those without any, or with m_x <= 0, are left out and counted in excluded. start: a model of the same kind to start from, such as that of yesterday; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.sbg_fit(period int, survivors float8) (
    SFUNC = custseg.sbg_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.sbg_fit(int, float8) IS
'Fits the shifted beta-geometric model of contracts (Fader, Hardie 2007): at each renewal a customer leaves with a probability of their own, beta(alpha, beta) over customers. One row for each period from 0, the start, on: survivors is the number of customers who are left; rows of the same period are added up. A period that is missing, or survivors that increase: error 22023. Rows with a null are skipped. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so.';

CREATE AGGREGATE custseg.sbg_fit(period int, survivors float8, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.sbg_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.sbg_fit(int, float8, custseg.lifetime_model, float8) IS
'As sbg_fit(period, survivors), from a given start or with a weak prior. start: a model of the same kind to start from, such as that of yesterday; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';

CREATE AGGREGATE custseg.bgbb_fit(x float8, t_x float8, n float8) (
    SFUNC = custseg.bgbb_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgbb_fit(float8, float8, float8) IS
'Fits the BG/BB model (Fader, Hardie, Shang 2010): at each of n opportunities a customer who is still there buys with a probability of their own, beta(alpha, beta) over customers, and before each leaves with a probability that is beta(gamma, delta). x: opportunities taken; t_x: the number of the last that was taken, 0 for none; n: opportunities; whole, 0 <= x <= t_x <= n, and t_x = 0 exactly where x = 0, otherwise error 22023. Rows with a null are skipped; customers with n = 0 are left out and counted in excluded. By maximum likelihood; the same to the last digit in any order and plan. No rows: null. Where the data do not determine the parameters, or the likelihood has its maximum at a limit, the status of the model says so. Memory: 43 to 86 bytes a distinct history; more than 12,582,912 of them: error 54000.';

CREATE AGGREGATE custseg.bgbb_fit(x float8, t_x float8, n float8, customers bigint) (
    SFUNC = custseg.bgbb_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgbb_fit(float8, float8, float8, bigint) IS
'As bgbb_fit(x, t_x, n), of rows that stand for a number of equal customers each. customers: 0 or more, otherwise error 22023; rows where it is null or 0 are skipped.';

CREATE AGGREGATE custseg.bgbb_fit(x float8, t_x float8, n float8, customers bigint, start custseg.lifetime_model, prior float8) (
    SFUNC = custseg.bgbb_fit_accum,
    STYPE = custseg.lifetime_state,
    SSPACE = 4096,
    COMBINEFUNC = custseg.lifetime_state_combine,
    FINALFUNC = custseg.lifetime_fit_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.bgbb_fit(float8, float8, float8, bigint, custseg.lifetime_model, float8) IS
'As bgbb_fit(x, t_x, n, customers), from a given start or with a weak prior. start: a model of the same kind to start from, such as that of yesterday; null for none. prior: the precision of a normal prior on the logarithm of each parameter around that of start (without, of a usual value); 0 or null for none, 1 is weak. Options must be the same in all rows of a group, otherwise error 22023.';
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
-- ABC: abc_values, abc_amounts, abc_breaks, abc_summary, abc_class.

-- The states of abc_breaks: of float8, and of numeric.

CREATE TYPE custseg.abc_values;

CREATE FUNCTION custseg.abc_values_in(cstring) RETURNS custseg.abc_values
AS 'MODULE_PATHNAME', 'custseg_abc_values_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_values_in(cstring) IS
'Input function of abc_values. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.abc_values_out(custseg.abc_values) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_abc_values_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_values_out(custseg.abc_values) IS
'Output function of abc_values.';

CREATE FUNCTION custseg.abc_values_recv(internal) RETURNS custseg.abc_values
AS 'MODULE_PATHNAME', 'custseg_abc_values_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_values_recv(internal) IS
'Binary input function of abc_values. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.abc_values_send(custseg.abc_values) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_abc_values_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_values_send(custseg.abc_values) IS
'Binary output function of abc_values.';

CREATE TYPE custseg.abc_values (
    INPUT = custseg.abc_values_in,
    OUTPUT = custseg.abc_values_out,
    RECEIVE = custseg.abc_values_recv,
    SEND = custseg.abc_values_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.abc_values IS
'Cumulative shares, and the distinct positive values of a float8 column with their numbers of rows: the state of abc_breaks. It can be stored and rolled up. Text form: {"version":1,"shares":[0.8,0.95],"values":[1,2.5],"counts":[10,3],"others":2}, values ascending; others is the number of rows with values of 0 and less, which have no influence on breaks. 16 bytes a distinct value, at most 60 million of them; the text and jsonb forms hold about 10 million.';

CREATE FUNCTION custseg.abc_values_to_jsonb(custseg.abc_values) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_abc_values_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_values_to_jsonb(custseg.abc_values) IS
'abc_values as jsonb, with the keys of its text form.';

CREATE CAST (custseg.abc_values AS jsonb) WITH FUNCTION custseg.abc_values_to_jsonb(custseg.abc_values);
COMMENT ON CAST (custseg.abc_values AS jsonb) IS
'abc_values as jsonb, with the keys of its text form.';

CREATE TYPE custseg.abc_amounts;

CREATE FUNCTION custseg.abc_amounts_in(cstring) RETURNS custseg.abc_amounts
AS 'MODULE_PATHNAME', 'custseg_abc_amounts_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_amounts_in(cstring) IS
'Input function of abc_amounts. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.abc_amounts_out(custseg.abc_amounts) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_abc_amounts_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_amounts_out(custseg.abc_amounts) IS
'Output function of abc_amounts.';

CREATE FUNCTION custseg.abc_amounts_recv(internal) RETURNS custseg.abc_amounts
AS 'MODULE_PATHNAME', 'custseg_abc_amounts_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_amounts_recv(internal) IS
'Binary input function of abc_amounts. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.abc_amounts_send(custseg.abc_amounts) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_abc_amounts_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_amounts_send(custseg.abc_amounts) IS
'Binary output function of abc_amounts.';

CREATE TYPE custseg.abc_amounts (
    INPUT = custseg.abc_amounts_in,
    OUTPUT = custseg.abc_amounts_out,
    RECEIVE = custseg.abc_amounts_recv,
    SEND = custseg.abc_amounts_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.abc_amounts IS
'Cumulative shares, and the distinct positive values of a numeric column with their numbers of rows, exact: the state of abc_breaks of numeric. It can be stored and rolled up. Text form: {"version":1,"shares":[0.8,0.95],"scale":2,"values":[1.00,2.50],"counts":[10,3],"others":2}, values ascending; scale is the number of digits after the point that breaks show; others is the number of rows with values of 0 and less, which have no influence on breaks. 16 bytes a distinct value where all values, without the point, are below 9.2e18, about 32 otherwise.';

CREATE FUNCTION custseg.abc_amounts_to_jsonb(custseg.abc_amounts) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_abc_amounts_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_amounts_to_jsonb(custseg.abc_amounts) IS
'abc_amounts as jsonb, with the keys of its text form.';

CREATE CAST (custseg.abc_amounts AS jsonb) WITH FUNCTION custseg.abc_amounts_to_jsonb(custseg.abc_amounts);
COMMENT ON CAST (custseg.abc_amounts AS jsonb) IS
'abc_amounts as jsonb, with the keys of its text form.';

-- Support functions of the aggregates.

CREATE FUNCTION custseg.abc_values_accum(state custseg.abc_values, x float8, shares float8[]) RETURNS custseg.abc_values
AS 'MODULE_PATHNAME', 'custseg_abc_values_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_values_accum(custseg.abc_values, float8, float8[]) IS
'Adds a value to a state; a null value changes nothing. Transition function of abc_breaks and abc_summary.';

CREATE FUNCTION custseg.abc_values_combine(state custseg.abc_values, other custseg.abc_values) RETURNS custseg.abc_values
AS 'MODULE_PATHNAME', 'custseg_abc_values_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_values_combine(custseg.abc_values, custseg.abc_values) IS
'Adds the values of a state to another with the same shares.';

CREATE FUNCTION custseg.abc_values_final(state custseg.abc_values) RETURNS custseg.abc_values
AS 'MODULE_PATHNAME', 'custseg_abc_values_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_values_final(custseg.abc_values) IS
'The state in its smallest form. Final function of abc_summary and rollup.';

CREATE FUNCTION custseg.abc_breaks_final(state custseg.abc_values) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_abc_breaks_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_breaks_final(custseg.abc_values) IS
'The ABC breaks of a state, for example of a stored one. See abc_breaks.';

CREATE FUNCTION custseg.abc_amounts_accum(state custseg.abc_amounts, x numeric, shares numeric[]) RETURNS custseg.abc_amounts
AS 'MODULE_PATHNAME', 'custseg_abc_amounts_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_amounts_accum(custseg.abc_amounts, numeric, numeric[]) IS
'Adds a value to a state; a null value changes nothing. Transition function of abc_breaks and abc_summary.';

CREATE FUNCTION custseg.abc_amounts_combine(state custseg.abc_amounts, other custseg.abc_amounts) RETURNS custseg.abc_amounts
AS 'MODULE_PATHNAME', 'custseg_abc_amounts_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_amounts_combine(custseg.abc_amounts, custseg.abc_amounts) IS
'Adds the values of a state to another with the same shares.';

CREATE FUNCTION custseg.abc_amounts_final(state custseg.abc_amounts) RETURNS custseg.abc_amounts
AS 'MODULE_PATHNAME', 'custseg_abc_amounts_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_amounts_final(custseg.abc_amounts) IS
'The state in its smallest form. Final function of abc_summary and rollup.';

CREATE FUNCTION custseg.abc_breaks_final(state custseg.abc_amounts) RETURNS numeric[]
AS 'MODULE_PATHNAME', 'custseg_abc_breaks_final_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_breaks_final(custseg.abc_amounts) IS
'The ABC breaks of a state, for example of a stored one. See abc_breaks.';

-- Fit.

CREATE AGGREGATE custseg.abc_breaks(x float8, shares float8[]) (
    SFUNC = custseg.abc_values_accum,
    STYPE = custseg.abc_values,
    SSPACE = 1024,
    COMBINEFUNC = custseg.abc_values_combine,
    FINALFUNC = custseg.abc_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.abc_breaks(float8, float8[]) IS
'Cut points of ABC classes. shares are the cumulative shares of the total at which the classes end, such as ARRAY[0.8,0.95] for A, B and C: 1 to 999, strictly ascending, above 0 and below 1, the same in all rows of a group, otherwise error 22023. A value is in class A while all larger values together hold less than the first share of the total, in B while they hold less than the second, and so on: equal values share a class, and the largest value is always in A. Returns as many breaks as shares, ascending: the one for a share is the largest value before which the larger ones hold at least this share of the total, or 0 if there is none; breaks can be equal. Shares compare as before / total in one division of float8. Values of 0 and less do not count in the total and are in the last class. Null x is ignored; NaN and infinity: error 22023. No values: null. No positive value: error 22023. Does not depend on the order of rows. Memory: 12 to 24 bytes a distinct value.';

CREATE AGGREGATE custseg.abc_breaks(x numeric, shares numeric[]) (
    SFUNC = custseg.abc_amounts_accum,
    STYPE = custseg.abc_amounts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.abc_amounts_combine,
    FINALFUNC = custseg.abc_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.abc_breaks(numeric, numeric[]) IS
'The same as abc_breaks(float8, float8[]), without any rounding: values, total and shares are exact decimals of any size. A share has at most 38 digits after the point. The breaks show as many digits after the point as the positive x that has most. With shares of float8[] the function for float8 is taken.';

CREATE AGGREGATE custseg.abc_summary(x float8, shares float8[]) (
    SFUNC = custseg.abc_values_accum,
    STYPE = custseg.abc_values,
    SSPACE = 1024,
    COMBINEFUNC = custseg.abc_values_combine,
    FINALFUNC = custseg.abc_values_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.abc_summary(float8, float8[]) IS
'What abc_breaks collects, as a value to store, for example one a month: roll months up with rollup, get breaks with abc_breaks_final. Arguments as in abc_breaks.';

CREATE AGGREGATE custseg.abc_summary(x numeric, shares numeric[]) (
    SFUNC = custseg.abc_amounts_accum,
    STYPE = custseg.abc_amounts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.abc_amounts_combine,
    FINALFUNC = custseg.abc_amounts_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.abc_summary(numeric, numeric[]) IS
'What abc_breaks of numeric collects, as a value to store, for example one a month: roll months up with rollup, get breaks with abc_breaks_final. Arguments as in abc_breaks.';

CREATE AGGREGATE custseg.rollup(state custseg.abc_values) (
    SFUNC = custseg.abc_values_combine,
    STYPE = custseg.abc_values,
    SSPACE = 1024,
    COMBINEFUNC = custseg.abc_values_combine,
    FINALFUNC = custseg.abc_values_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.rollup(custseg.abc_values) IS
'Adds up stored abc_values. All must have the same shares, otherwise error 22023. Nulls are ignored.';

CREATE AGGREGATE custseg.rollup(state custseg.abc_amounts) (
    SFUNC = custseg.abc_amounts_combine,
    STYPE = custseg.abc_amounts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.abc_amounts_combine,
    FINALFUNC = custseg.abc_amounts_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.rollup(custseg.abc_amounts) IS
'Adds up stored abc_amounts. All must have the same shares, otherwise error 22023. Nulls are ignored.';

-- Apply.

CREATE FUNCTION custseg.abc_class(x float8, breaks float8[]) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_abc_class' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_class(float8, float8[]) IS
'The ABC class of x: the letter of 1 + the number of breaks >= x, A first. breaks: from abc_breaks, or thresholds by hand; one dimension, ascending, equal ones allowed, no null, no NaN, at most 25, otherwise error 22023; an empty array gives A. x is NaN: error 22023; infinities are ordinary values.';

CREATE FUNCTION custseg.abc_class(x numeric, breaks numeric[]) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_abc_class_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_class(numeric, numeric[]) IS
'The same as abc_class(float8, float8[]), compared exactly. breaks must be finite. With breaks of float8[] the function for float8 is taken.';

CREATE FUNCTION custseg.abc_class(x float8, breaks float8[], labels text[]) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_abc_class_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_class(float8, float8[], text[]) IS
'The ABC class of x, by its label. labels: one for each class, the best first, so one more than breaks; no null, otherwise error 22023. At most 999 breaks. The rest as in abc_class(float8, float8[]).';

CREATE FUNCTION custseg.abc_class(x numeric, breaks numeric[], labels text[]) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_abc_class_labels_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.abc_class(numeric, numeric[], text[]) IS
'The ABC class of x, by its label, compared exactly. labels: one for each class, the best first, so one more than breaks; no null, otherwise error 22023. At most 999 breaks. The rest as in abc_class(numeric, numeric[]).';
-- Concentration and stability: gini, lorenz, hhi, psi, psi_expected, psi_status.

-- Gini and Lorenz. Their state is value_counts, that of the breaks.

CREATE FUNCTION custseg.gini_accum(state custseg.value_counts, x float8) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_gini_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gini_accum(custseg.value_counts, float8) IS
'Adds a value of at least 0 to a state; a null value changes nothing. Transition function of gini.';

CREATE FUNCTION custseg.lorenz_accum(state custseg.value_counts, x float8, points int) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_lorenz_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lorenz_accum(custseg.value_counts, float8, int) IS
'Adds a value of at least 0 to a state; a null value changes nothing. Transition function of lorenz.';

CREATE FUNCTION custseg.gini_accum(state custseg.value_counts, x numeric) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_gini_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gini_accum(custseg.value_counts, numeric) IS
'Adds a value of at least 0 to a state; a null value changes nothing. Transition function of gini.';

CREATE FUNCTION custseg.lorenz_accum(state custseg.value_counts, x numeric, points int) RETURNS custseg.value_counts
AS 'MODULE_PATHNAME', 'custseg_lorenz_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lorenz_accum(custseg.value_counts, numeric, int) IS
'Adds a value of at least 0 to a state; a null value changes nothing. Transition function of lorenz.';

CREATE FUNCTION custseg.gini_final(state custseg.value_counts) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_gini_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.gini_final(custseg.value_counts) IS
'The Gini coefficient of a state, for example of one that count_values stored. See gini.';

CREATE FUNCTION custseg.lorenz_final(state custseg.value_counts) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_lorenz_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lorenz_final(custseg.value_counts) IS
'The Lorenz curve of a state, for example of one that count_values(x, points) stored. See lorenz.';

CREATE AGGREGATE custseg.gini(x float8) (
    SFUNC = custseg.gini_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.gini_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gini(float8) IS
'The Gini coefficient of x, from 0 (all equal) to 1 - 1/n (one has all): sum_i (2i - n - 1) x_(i) / (n sum x) over the ascending values x_(i) (Dixon et al. 1987). It is not corrected for small n; multiply by n / (n - 1) for that. Null x is ignored; negative x, NaN and infinity: error 22023. No values, or a total of 0: null. Does not depend on the order of rows. Memory: 12 to 24 bytes a distinct value.';

CREATE AGGREGATE custseg.gini(x numeric) (
    SFUNC = custseg.gini_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.gini_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.gini(numeric) IS
'The same as gini(x::float8), without the cost of the cast. A number beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.lorenz(x float8, points int) (
    SFUNC = custseg.lorenz_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.lorenz_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lorenz(float8, int) IS
'The Lorenz curve of x in equal steps: points + 1 numbers, of which number i + 1 is the share of the total that the poorest i / points of the rows hold. The first is 0, the last is 1. Where i n / points is not a whole number, the next row counts with its fraction (linear interpolation). points: 1 to 1000, the same in all rows of a group, otherwise error 22023. Null x is ignored; negative x, NaN and infinity: error 22023. No values, or a total of 0: null. Does not depend on the order of rows. Memory: 12 to 24 bytes a distinct value.';

CREATE AGGREGATE custseg.lorenz(x numeric, points int) (
    SFUNC = custseg.lorenz_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.lorenz_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lorenz(numeric, int) IS
'The same as lorenz(x::float8, points), without the cost of the cast. A number beyond the range of float8: error 22003, as in the cast.';

-- Herfindahl-Hirschman index.

CREATE TYPE custseg.hhi_sums;

CREATE FUNCTION custseg.hhi_sums_in(cstring) RETURNS custseg.hhi_sums
AS 'MODULE_PATHNAME', 'custseg_hhi_sums_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.hhi_sums_in(cstring) IS
'Input function of hhi_sums. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.hhi_sums_out(custseg.hhi_sums) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_hhi_sums_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.hhi_sums_out(custseg.hhi_sums) IS
'Output function of hhi_sums.';

CREATE FUNCTION custseg.hhi_sums_recv(internal) RETURNS custseg.hhi_sums
AS 'MODULE_PATHNAME', 'custseg_hhi_sums_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.hhi_sums_recv(internal) IS
'Binary input function of hhi_sums. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.hhi_sums_send(custseg.hhi_sums) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_hhi_sums_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.hhi_sums_send(custseg.hhi_sums) IS
'Binary output function of hhi_sums.';

CREATE TYPE custseg.hhi_sums (
    INPUT = custseg.hhi_sums_in,
    OUTPUT = custseg.hhi_sums_out,
    RECEIVE = custseg.hhi_sums_recv,
    SEND = custseg.hhi_sums_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.hhi_sums IS
'The number of rows, the sum and the sum of squares of a column, exact: the state of hhi. Text form: {"version":1,"rows":2,"sum":"0x3p0","squares":"0x5p0"}, sums in hexadecimal.';

CREATE FUNCTION custseg.hhi_sums_accum(state custseg.hhi_sums, x float8) RETURNS custseg.hhi_sums
AS 'MODULE_PATHNAME', 'custseg_hhi_sums_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.hhi_sums_accum(custseg.hhi_sums, float8) IS
'Adds a value of at least 0 to a state; a null value changes nothing. Transition function of hhi.';

CREATE FUNCTION custseg.hhi_sums_accum(state custseg.hhi_sums, x numeric) RETURNS custseg.hhi_sums
AS 'MODULE_PATHNAME', 'custseg_hhi_sums_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.hhi_sums_accum(custseg.hhi_sums, numeric) IS
'Adds a value of at least 0 to a state; a null value changes nothing. Transition function of hhi.';

CREATE FUNCTION custseg.hhi_sums_combine(state custseg.hhi_sums, other custseg.hhi_sums) RETURNS custseg.hhi_sums
AS 'MODULE_PATHNAME', 'custseg_hhi_sums_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.hhi_sums_combine(custseg.hhi_sums, custseg.hhi_sums) IS
'Adds a state to another.';

CREATE FUNCTION custseg.hhi_final(state custseg.hhi_sums) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_hhi_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.hhi_final(custseg.hhi_sums) IS
'The index of a state. Final function of hhi.';

CREATE AGGREGATE custseg.hhi(x float8) (
    SFUNC = custseg.hhi_sums_accum,
    STYPE = custseg.hhi_sums,
    SSPACE = 128,
    COMBINEFUNC = custseg.hhi_sums_combine,
    FINALFUNC = custseg.hhi_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.hhi(float8) IS
'The Herfindahl-Hirschman index of x: the sum of squared shares of the total, from 1/n (all equal) to 1 (one has all); competition authorities write it times 10,000. 1 / hhi is the number of equal customers with the same index. Null x is ignored; negative x, NaN and infinity: error 22023. No values, or a total of 0: null. Sums are exact, so the result does not depend on the order of rows; memory does not grow with them.';

CREATE AGGREGATE custseg.hhi(x numeric) (
    SFUNC = custseg.hhi_sums_accum,
    STYPE = custseg.hhi_sums,
    SSPACE = 128,
    COMBINEFUNC = custseg.hhi_sums_combine,
    FINALFUNC = custseg.hhi_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.hhi(numeric) IS
'The same as hhi(x::float8), without the cost of the cast. A number beyond the range of float8: error 22003, as in the cast.';

-- Population stability index.

CREATE TYPE custseg.class_pairs;

CREATE FUNCTION custseg.class_pairs_in(cstring) RETURNS custseg.class_pairs
AS 'MODULE_PATHNAME', 'custseg_class_pairs_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.class_pairs_in(cstring) IS
'Input function of class_pairs. Anything but a well-formed text: error 22P02.';

CREATE FUNCTION custseg.class_pairs_out(custseg.class_pairs) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_class_pairs_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.class_pairs_out(custseg.class_pairs) IS
'Output function of class_pairs.';

CREATE FUNCTION custseg.class_pairs_recv(internal) RETURNS custseg.class_pairs
AS 'MODULE_PATHNAME', 'custseg_class_pairs_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.class_pairs_recv(internal) IS
'Binary input function of class_pairs. Anything but a well-formed message: error 22P03.';

CREATE FUNCTION custseg.class_pairs_send(custseg.class_pairs) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_class_pairs_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.class_pairs_send(custseg.class_pairs) IS
'Binary output function of class_pairs.';

CREATE TYPE custseg.class_pairs (
    INPUT = custseg.class_pairs_in,
    OUTPUT = custseg.class_pairs_out,
    RECEIVE = custseg.class_pairs_recv,
    SEND = custseg.class_pairs_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE custseg.class_pairs IS
'Pairs of weights, one for each class: the state of psi and psi_expected. Text form: {"version":1,"expected":[10,20],"actual":[12,18]}.';

CREATE FUNCTION custseg.class_pairs_accum(state custseg.class_pairs, expected float8, actual float8) RETURNS custseg.class_pairs
AS 'MODULE_PATHNAME', 'custseg_class_pairs_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.class_pairs_accum(custseg.class_pairs, float8, float8) IS
'Adds a class to a state; one with two nulls changes nothing. Transition function of psi and psi_expected.';

CREATE FUNCTION custseg.class_pairs_accum(state custseg.class_pairs, expected numeric, actual numeric) RETURNS custseg.class_pairs
AS 'MODULE_PATHNAME', 'custseg_class_pairs_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.class_pairs_accum(custseg.class_pairs, numeric, numeric) IS
'Adds a class to a state; one with two nulls changes nothing. Transition function of psi and psi_expected.';

CREATE FUNCTION custseg.class_pairs_combine(state custseg.class_pairs, other custseg.class_pairs) RETURNS custseg.class_pairs
AS 'MODULE_PATHNAME', 'custseg_class_pairs_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.class_pairs_combine(custseg.class_pairs, custseg.class_pairs) IS
'Adds the classes of a state to another.';

CREATE FUNCTION custseg.psi_final(state custseg.class_pairs) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_psi_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.psi_final(custseg.class_pairs) IS
'The index of a state. Final function of psi.';

CREATE FUNCTION custseg.psi_expected_final(state custseg.class_pairs) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_psi_expected_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.psi_expected_final(custseg.class_pairs) IS
'The mean of the index without a shift. Final function of psi_expected.';

CREATE AGGREGATE custseg.psi(expected float8, actual float8) (
    SFUNC = custseg.class_pairs_accum,
    STYPE = custseg.class_pairs,
    SSPACE = 256,
    COMBINEFUNC = custseg.class_pairs_combine,
    FINALFUNC = custseg.psi_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.psi(float8, float8) IS
'The population stability index of two distributions over the same classes, one row for each class: sum (a - e) ln(a / e), where e and a are the shares of expected and actual (counts or any weights). The share of an empty class is taken as 0.0001. Below 0.1 is read as stable, above 0.25 as shifted: see psi_status; but look at psi_expected too. A null weight beside one that is not null is 0, so a FULL JOIN of two counts will do; two nulls are ignored. Negative, NaN and infinity: error 22023. No classes, or a total of 0 on either side: null. Does not depend on the order of rows.';

CREATE AGGREGATE custseg.psi(expected numeric, actual numeric) (
    SFUNC = custseg.class_pairs_accum,
    STYPE = custseg.class_pairs,
    SSPACE = 256,
    COMBINEFUNC = custseg.class_pairs_combine,
    FINALFUNC = custseg.psi_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.psi(numeric, numeric) IS
'The same as psi(expected::float8, actual::float8), without the cost of the cast. A number beyond the range of float8: error 22003, as in the cast.';

CREATE AGGREGATE custseg.psi_expected(expected float8, actual float8) (
    SFUNC = custseg.class_pairs_accum,
    STYPE = custseg.class_pairs,
    SSPACE = 256,
    COMBINEFUNC = custseg.class_pairs_combine,
    FINALFUNC = custseg.psi_expected_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.psi_expected(float8, float8) IS
'What psi is on average if nothing has shifted and both sides are samples: about (k - 1)(1/n + 1/m), where k is the number of classes that are not empty on both sides, n and m are the totals. The weights must be counts of customers. A psi that is not far above it says nothing. Arguments as in psi.';

CREATE AGGREGATE custseg.psi_expected(expected numeric, actual numeric) (
    SFUNC = custseg.class_pairs_accum,
    STYPE = custseg.class_pairs,
    SSPACE = 256,
    COMBINEFUNC = custseg.class_pairs_combine,
    FINALFUNC = custseg.psi_expected_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.psi_expected(numeric, numeric) IS
'The same as psi_expected(expected::float8, actual::float8), without the cost of the cast. A number beyond the range of float8: error 22003, as in the cast.';

CREATE FUNCTION custseg.psi(expected float8[], actual float8[]) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_psi' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.psi(float8[], float8[]) IS
'The population stability index of two arrays, one element for each class, of the same length, otherwise error 22023. A null element is 0. Where both are literals, one needs a cast, ''{10,20}''::float8[]. The rest as in the aggregate psi.';

CREATE FUNCTION custseg.psi_expected(expected float8[], actual float8[]) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_psi_expected' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.psi_expected(float8[], float8[]) IS
'What psi of two arrays of counts is on average if nothing has shifted. Arguments as in psi of arrays.';

CREATE FUNCTION custseg.psi_status(psi float8) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_psi_status' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.psi_status(float8) IS
'How a population stability index is customarily read: stable below 0.1, watch from 0.1 to 0.25, shifted above. Negative or NaN: error 22023.';
-- Priorities: priority_rank, priority_score, attribute_boost, cross_class.

CREATE FUNCTION custseg.priority_rank(criteria float8[], weights float8[] DEFAULT NULL, boost float8 DEFAULT 0, key anyelement DEFAULT NULL::bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_priority_rank' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.priority_rank(float8[], float8[], float8, anyelement) IS
'Window function: the rank of a row in its partition, 1 for the first. Without weights rows are ordered by boost, then by the first criterion, then by the second, and so on, higher values first and null last. With weights they are ordered by priority_score(criteria, weights, boost), higher first, null last. Equal rows share a rank, as with rank(); with key they are ordered by key, ascending by the btree order of its type, null last, so that ranks are unique where keys are. criteria: 1 to 1000 elements, the same number in all rows; null is as null in every element. weights: one for each, finite, not negative, not all 0, the same in all rows. Null boost: 0. Otherwise, and for NaN: error 22023; infinities are ordinary values. Order and frame of the window do not matter. Memory while a partition is ranked: 8 bytes a value, 24 to 40 a row, and the keys; then 4 a row. At most 2,147,483,647 rows in a partition.';

CREATE FUNCTION custseg.priority_rank(value float8, potential float8, need float8, weights float8[] DEFAULT NULL, boost float8 DEFAULT 0, key anyelement DEFAULT NULL::bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_priority_rank_measures' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.priority_rank(float8, float8, float8, float8[], float8, anyelement) IS
'Window function: the same as priority_rank(ARRAY[value, potential, need], weights, boost, key).';

CREATE FUNCTION custseg.priority_rank(value numeric, potential numeric, need numeric, weights float8[] DEFAULT NULL, boost float8 DEFAULT 0, key anyelement DEFAULT NULL::bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_priority_rank_numeric' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.priority_rank(numeric, numeric, numeric, float8[], float8, anyelement) IS
'Window function: the same with each measure cast to float8, without the cost of the cast. A measure beyond the range of float8: error 22003, as in the cast.';

CREATE FUNCTION custseg.priority_score(criteria float8[], weights float8[], boost float8 DEFAULT 0) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_priority_score' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.priority_score(float8[], float8[], float8) IS
'Window function: the number that priority_rank with weights orders by. Each criterion is turned into its mid-rank percentile in the partition, (rows below + half of the equal rows) / rows, over the rows that have it; the weighted mean of a row''s percentiles, over those that it has, plus its boost, is the score. Null: the row has no criterion with a weight above 0. Null boost: 0. Arguments and errors as in priority_rank; null weights: error 22023.';

CREATE FUNCTION custseg.priority_score(value float8, potential float8, need float8, weights float8[], boost float8 DEFAULT 0) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_priority_score_measures' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.priority_score(float8, float8, float8, float8[], float8) IS
'Window function: the same as priority_score(ARRAY[value, potential, need], weights, boost).';

CREATE FUNCTION custseg.priority_score(value numeric, potential numeric, need numeric, weights float8[], boost float8 DEFAULT 0) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_priority_score_numeric' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.priority_score(numeric, numeric, numeric, float8[], float8) IS
'Window function: the same with each measure cast to float8, without the cost of the cast. A measure beyond the range of float8: error 22003, as in the cast.';

CREATE FUNCTION custseg.attribute_boost(attributes jsonb, boosts jsonb) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_attribute_boost' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.attribute_boost(jsonb, jsonb) IS
'What a customer''s attributes add to the priority: the sum of the boosts of all attributes whose value is listed. boosts: {"industry": {"health": 0.2, "public": 0.1}, "special_need": {"true": 0.5}}. A value is compared as text, as ->> gives it; of an array, each element; null and objects match nothing. Nothing listed: 0. boosts of another form, a boost that is not a number, or attributes that are no object: error 22023. A sum beyond float8: error 22003.';

CREATE FUNCTION custseg.cross_class(classes int[], labels text[]) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_cross_class' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.cross_class(int[], text[]) IS
'The name of a cell in a matrix of classes: labels[classes[1]][classes[2]]... labels has one dimension for each class, 1 to 6, otherwise error 22023. A null class, or a null label: null. A class outside the bounds of its dimension: error 22023.';
-- tier_table: from a query of customers and measures to score, class, band, share and rank.

CREATE FUNCTION custseg.tier_table(customers text, weights float8[] DEFAULT NULL, normalise text DEFAULT NULL,
	descending boolean[] DEFAULT NULL, missing text DEFAULT 'renormalise',
	shares float8[] DEFAULT ARRAY[0.8, 0.95], classes text[] DEFAULT NULL,
	bands text[] DEFAULT ARRAY['low', 'medium', 'high'])
RETURNS TABLE (customer_id text, score float8, class text, band text, share float8, cumulative_share float8, rank bigint)
AS 'MODULE_PATHNAME', 'custseg_tier_table' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg.tier_table(text, float8[], text, boolean[], text, float8[], text[], text[]) IS
'One row per customer with its score and what the whole list says about it. customers is a SELECT, run read-only with the caller''s rights, with the columns customer, measure [, measure ...] (up to 32), by position, one row per customer; a customer twice: error 21000; rows without a customer are skipped and counted in a NOTICE. normalise puts each measure on a common scale first: none, minmax, zscore or percentile; NULL: none for one measure, minmax for several. descending: for each measure whether less is better (needs a scale). score: the measure, or the weighted mean by weights (NULL: all equal; at least 0, not all 0) as weighted_score with its missing rule (renormalise, zero, null); all measures NULL: everything but the customer is NULL, unless missing is zero. class: ABC by shares, the limits of cumulative share, ascending in (0, 1), as abc_class(score, abc_breaks(score, shares)), with the names in classes (one more than shares; NULL: A, B, C, ...); shares NULL: no classes. band: the scores'' balanced breaks, lowest first. share: of the total of all positive scores. cumulative_share: that of all customers with this score or a higher one. rank: 1 + customers with a higher score, equals share it. No positive score although classes are asked for: error 22023. Measures NaN or infinite: error 22023. Memory beyond work_mem: 8 bytes per customer, 73 per distinct score, with percentile 16 per distinct value of each measure.';

CREATE FUNCTION custseg.tier_table(key anyelement, customers text, weights float8[] DEFAULT NULL, normalise text DEFAULT NULL,
	descending boolean[] DEFAULT NULL, missing text DEFAULT 'renormalise',
	shares float8[] DEFAULT ARRAY[0.8, 0.95], classes text[] DEFAULT NULL,
	bands text[] DEFAULT ARRAY['low', 'medium', 'high'])
RETURNS TABLE (customer_id anyelement, score float8, class text, band text, share float8, cumulative_share float8, rank bigint)
AS 'MODULE_PATHNAME', 'custseg_tier_table_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg.tier_table(anyelement, text, float8[], text, boolean[], text, float8[], text[], text[]) IS
'The same with customer_id in the type of key, whose value does not matter: tier_table(NULL::bigint, ''SELECT ...'').';
-- sql/tiering/tier_policy.sql
--
-- The type tier_policy: when a customer may move between tiers.

CREATE TYPE custseg.tier_policy;

CREATE FUNCTION custseg.tier_policy_in(cstring) RETURNS custseg.tier_policy
AS 'MODULE_PATHNAME', 'custseg_tier_policy_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.tier_policy_in(cstring) IS
'Input of tier_policy: JSON with the keys version, tiers, upgrade, downgrade, check, period, stay, grace, validity, requalify_by, window. 22P02 when it is not a policy (of a condition with tier, rule and character), 22023 when a tier can be entered and not kept, a rule can never hold, or a tier is hidden behind a higher one, 54000 beyond 10,000 bytes or 100 levels of a condition, and for rules too complex to check.';

CREATE FUNCTION custseg.tier_policy_out(custseg.tier_policy) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_tier_policy_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.tier_policy_out(custseg.tier_policy) IS
'Output of tier_policy as JSON, in canonical form: the same order of keys, defaults left out, conditions written in one way.';

CREATE FUNCTION custseg.tier_policy_recv(internal) RETURNS custseg.tier_policy
AS 'MODULE_PATHNAME', 'custseg_tier_policy_recv'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.tier_policy_recv(internal) IS
'Binary input of tier_policy. 22P03 when it is not valid; 22023 and 54000 as in text input.';

CREATE FUNCTION custseg.tier_policy_send(custseg.tier_policy) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_tier_policy_send'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.tier_policy_send(custseg.tier_policy) IS
'Binary output of tier_policy.';

CREATE TYPE custseg.tier_policy
(
	INPUT = custseg.tier_policy_in,
	OUTPUT = custseg.tier_policy_out,
	RECEIVE = custseg.tier_policy_recv,
	SEND = custseg.tier_policy_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE custseg.tier_policy IS
'When a customer may move between tiers. Text form: {"tiers": [{"tier": "regular"}, {"tier": "vip", "enter": "spend >= 5000 and frequency >= 3", "keep": "spend >= 4000"}], "stay": "6 months"}, tiers from the lowest (without rules) to the highest, 1 to 100. Further keys, at the top: upgrade each_run (default) or period_end; downgrade never, one_step (default), requalify or to_base; check each_run (default) or period_end, when downgrades are judged; period month (default), quarter, half or year; requalify_by keep (default) or enter; window, for information. stay, grace and validity, at the top or for one tier, are PostgreSQL intervals in whole days, months and years; 0 days is the same as none, and so switches off for a tier what is set at the top. keep is enter where it is not given. A condition compares measures with numbers by >=, >, <=, <, =, <>, between ... and ..., combined by and, or, parentheses, any [N] of (..., ...), all of (..., ...); a measure with other characters than letters, digits and _ is written in double quotes. Applied by next_tier.';

CREATE FUNCTION custseg.tier_policy_to_jsonb(policy custseg.tier_policy) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_tier_policy_to_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.tier_policy_to_jsonb(custseg.tier_policy) IS
'The text form of a tier_policy as jsonb; what policy::jsonb calls.';

CREATE CAST (custseg.tier_policy AS jsonb)
	WITH FUNCTION custseg.tier_policy_to_jsonb(custseg.tier_policy);
COMMENT ON CAST (custseg.tier_policy AS jsonb) IS 'The text form of the policy as jsonb.';

CREATE FUNCTION custseg.tier_policy_template(name text) RETURNS custseg.tier_policy
AS 'MODULE_PATHNAME', 'custseg_tier_policy_template'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.tier_policy_template(text) IS
'A policy that ships: vip_regular_potential (on spend_score, frequency_score and loyalty_score, classes 1 to 5 with 5 best), abc (on abc_class, 1 for A, 2 for B, 3 for C), high_medium_low (on score, 1 to 5), quick_start (on frequency_score and spend_score, 1 to 5). Scores, not amounts, so that they hold in every currency. 22023: no such template.';

CREATE FUNCTION custseg.tier_policy_measures(policy custseg.tier_policy) RETURNS text[]
AS 'MODULE_PATHNAME', 'custseg_tier_policy_measures'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.tier_policy_measures(custseg.tier_policy) IS
'The measures that the conditions use, in the order of their first appearance, from the lowest tier to the highest, enter before keep: the order in which next_tier takes an array without names.';

CREATE FUNCTION custseg.tier_policy_tiers(policy custseg.tier_policy,
	OUT "position" int, OUT tier text, OUT enter text, OUT keep text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_tier_policy_tiers'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION custseg.tier_policy_tiers(custseg.tier_policy) IS
'The tiers of a policy from the lowest (position 1), with their conditions in canonical text: enter to come in, keep to stay, which is enter where the policy has no other. Both are NULL for the lowest tier.';

CREATE FUNCTION custseg.tier_gap(policy custseg.tier_policy, tier text, measures jsonb,
	OUT rule text, OUT condition text, OUT measure text, OUT value numeric,
	OUT comparison text, OUT threshold numeric, OUT holds boolean, OUT missing numeric)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_tier_gap'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION custseg.tier_gap(custseg.tier_policy, text, jsonb) IS
'How far measures are from the rules of a tier: a row for each comparison in its rules enter and keep, in their order. condition is the whole rule, comparison one of >=, >, <=, <, =, <> (between makes two rows), value the measure (NULL: unknown), missing the distance from value to threshold where the comparison does not hold, 0 where it holds, NULL where the value is unknown. The lowest tier has no rows; NULL measures are all unknown. 22023: no such tier, a measure of the policy that is not among the keys, or is not a number or null.';

CREATE FUNCTION custseg.measure_window("window" text, as_of date, enrolled date DEFAULT NULL) RETURNS daterange
AS 'MODULE_PATHNAME', 'custseg_measure_window'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.measure_window(text, date, date) IS
'The days that a measure is computed over, up to as_of included: [from, as_of + 1). window is ''lifetime'' (no first day), ''rolling N months'' (from as_of + 1 day - N months, N from 1 to 12000), ''month'', ''quarter'', ''half'' or ''year'' (from the start of the calendar period that holds as_of), ''anniversary'' (from the latest anniversary of enrolled that is not after as_of; that of 29 February is the 28th in other years). NULL window or as_of: NULL. 22023: another window, an infinite day, no enrolled for an anniversary or one after as_of.';
-- sql/tiering/next_tier.sql
--
-- The decision which tier a customer is in from a day on.

CREATE FUNCTION custseg.next_tier(policy custseg.tier_policy, current text, since date,
	measures jsonb, overrides jsonb, as_of date, grace_since date DEFAULT NULL,
	OUT tier text, OUT transition text, OUT reason text, OUT missing_next text, OUT missing_keep text,
	OUT tier_since date, OUT in_grace_since date, OUT valid_until date)
RETURNS record
AS 'MODULE_PATHNAME', 'custseg_next_tier_jsonb'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION custseg.next_tier(custseg.tier_policy, text, date, jsonb, jsonb, date, date) IS
'The tier of a customer from the day as_of on, by a policy; reads no table. current and since: the tier now and its first day, NULL for a customer without one; grace_since: when grace began, as the last call returned it. measures: an object with a number or null (unknown: its comparisons do not hold) for every measure of the policy, other keys are ignored; NULL: all unknown. overrides: NULL or an array of {"kind": "pin" | "floor" | "exclude", "tier", "from", "until", "reason", "author"}, in force while from <= as_of < until, a missing bound open, kind alone required, and tier but for exclude; exclude wins over pin, pin over floor, the highest floor over others.
Results: tier (NULL: excluded); transition enter, upgrade, downgrade, renew, exit, grace, keep, none (no tier before and after); reason; missing_next, what is missing for the entry rule of the next higher tier (NULL at the top); missing_keep, what is missing to keep the tier (NULL: nothing); tier_since, in_grace_since: since and grace_since for the next call; valid_until: the first day behind the validity.
Steps, the first that applies decides. 1 Excluded: no tier. 2 Pinned: that tier. 3 No tier yet: the highest tier whose entry rule holds, or the floor if it is higher. 4 Such a tier above the present one: up; with upgrade period_end on the last day of a period, before it keep or renew as in 5, but up to a floor at once. 5 The keep rule holds, or the tier is the lowest or at the floor: keep; when validity has passed, renew: tier_since moves on by as many validities as fit, each counted from since (and on from there, where by a shorter month that term has ended by as_of too). On a day on which downgrades are judged grace ends. 6 Otherwise, in this order: downgrade never: keep; before since + stay or since + validity: keep; not a judging day (check period_end): keep; grace: begins, and the tier stays while as_of < grace_since + grace (transition grace); then down, not below the floor: one step, or to the highest lower tier whose keep (or enter: requalify_by) rule holds, or to the lowest. Where nothing else is said, grace_since stays as it is.
On one day a customer is not moved twice: no downgrade on the day since, and with downgrade to_base no upgrade by rule on the day since. A renewal ends grace.
NULL policy: NULL. 22023: as_of NULL or infinite; current not in the policy; since without current or the reverse; since after as_of; grace_since without current, after as_of or before since; a missing or non-numeric measure; an override with an unknown key, kind or tier, without a tier, with from not before until; two pins to different tiers that overlap on any day. 22003: a measure beyond float8.';

CREATE FUNCTION custseg.next_tier_support(internal) RETURNS internal
AS 'MODULE_PATHNAME', 'custseg_next_tier_support'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.next_tier_support(internal) IS
'Planner support of next_tier: where measures are written as ARRAY[...] of columns, without names, next_tier_columns is called.';

CREATE FUNCTION custseg.next_tier(policy custseg.tier_policy, current text, since date,
	measures anyarray, names text[], overrides jsonb, as_of date, grace_since date DEFAULT NULL,
	OUT tier text, OUT transition text, OUT reason text, OUT missing_next text, OUT missing_keep text,
	OUT tier_since date, OUT in_grace_since date, OUT valid_until date)
RETURNS record
AS 'MODULE_PATHNAME', 'custseg_next_tier_array'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 SUPPORT custseg.next_tier_support;
COMMENT ON FUNCTION custseg.next_tier(custseg.tier_policy, text, date, anyarray, text[], jsonb, date, date) IS
'The same as next_tier with jsonb measures, and faster: measures is an array of double precision, numeric, integer, bigint, smallint or real (a polymorphic argument, so that columns need no cast; a literal or NULL does: ''{5000,3}''::float8[]), names says which measure each element is; NULL names: the elements are tier_policy_measures(policy) in that order, which is the fastest. A NULL element is unknown, infinities are ordinary values. 22023 besides: NaN; an array of another type; arrays of different length or of several dimensions; NULL or equal names; a measure of the policy that is not among names.';

CREATE FUNCTION custseg.next_tier_columns(policy custseg.tier_policy, current text, since date,
	overrides jsonb, as_of date, grace_since date, VARIADIC measures "any",
	OUT tier text, OUT transition text, OUT reason text, OUT missing_next text, OUT missing_keep text,
	OUT tier_since date, OUT in_grace_since date, OUT valid_until date)
RETURNS record
AS 'MODULE_PATHNAME', 'custseg_next_tier_columns'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.next_tier_columns(custseg.tier_policy, text, date, jsonb, date, date, "any") IS
'What the planner makes of next_tier(policy, current, since, ARRAY[...], NULL, overrides, as_of, grace_since): the measures as arguments of their own, numbers of any type in the order of tier_policy_measures(policy), which spares the array. Results and errors are those of next_tier.';
-- Money in proportion: allocate.

CREATE FUNCTION custseg.allocate(weight numeric, budget numeric, floor numeric DEFAULT 0, cap numeric DEFAULT NULL, key anyelement DEFAULT NULL::bigint, scale int DEFAULT 2, leftover text DEFAULT 'error') RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_allocate' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.allocate(numeric, numeric, numeric, numeric, anyelement, int, text) IS
'Window function: divides budget over the rows of a partition in proportion to weight, no row below its floor or above its cap, so that the amounts add up to the budget exactly. A row gets clamp(lambda * weight, floor, cap) with the one lambda for which the sum is the budget (Bitran and Hax 1981, Kiwiel 2008), rounded by largest remainder: the whole units first, then a unit more for the rows with the largest remainders; ties go to the larger weight, then to the lower key (null last), then to the larger floor and cap; between rows that are equal in all of these the choice is arbitrary. A unit is 10^-scale, scale from -20 to 20; the result has scale decimals. weight: at least 0; null: the row takes no part and its amount is null; 0: the row gets its floor. floor: at least 0, null is 0, rounded up to units. cap: at least 0, null is none, rounded down to units. budget, scale, leftover: not null (22004), the same in all rows; budget at least 0 and a multiple of the unit. Error 22023, with the gap in the detail: the floors exceed the budget; the caps are below it, or no weight is above 0 while it is more than the floors, unless leftover is keep, which gives every row what it can take and leaves the rest. Also 22023: a floor above its cap, NaN, infinity. Order and frame of the window do not matter. Memory while a partition is divided: 8 to 16 bytes for each argument that is not constant, 20 a row, and the keys; then 8 a row. Where total weight, in its last decimal, times budget, in units, reaches 2^124 (2 x 10^37) the arithmetic is that of numeric: the same results, many times slower, with some 200 bytes a row. At most 2,147,483,647 rows in a partition.';
-- Whole units: apportion.

CREATE FUNCTION custseg.apportion(weight numeric, seats bigint, method text DEFAULT 'webster', minimum bigint DEFAULT 0, maximum bigint DEFAULT NULL, key anyelement DEFAULT NULL::bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_apportion' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.apportion(numeric, bigint, text, bigint, bigint, anyelement) IS
'Window function: the whole number of seats (units, places, hours) that a row gets of those of its partition, in proportion to its weight; the numbers of a partition add up to seats. method: webster (or sainte_lague), hamilton, dhondt (or jefferson), huntington_hill (or hill), adams, dean. The divisor methods give the seats with the largest weight / d(a), where a is the number that the row has already and d(a) is a + 1/2, a + 1, sqrt(a(a + 1)), a, and 2a(a + 1)/(2a + 1) (Balinski, Young, Fair Representation, 1982); hamilton gives the whole part of seats * weight / total, and what is left by the largest remainders. Equal claims: the larger weight first, then the smaller key by the btree order of its type, null last; among rows equal in weight and key, or without key, it is arbitrary which of them gets one more. minimum, maximum: bounds of the row; null is 0, and none. A row of weight 0 gets its minimum. Null weight: null, the row takes no part. Comparisons are exact, whatever the number of digits. Errors 22023: a negative or not finite weight, negative seats or minimum, maximum below minimum, an unknown method, minimums that add up to more than seats, maximums that add up to less, seats or method that change within a partition; 22004: null seats or method. Order and frame of the window do not matter. Memory while a partition is worked on: 50 to 80 bytes a row, and the keys; then 8 a row. At most 2,147,483,647 rows in a partition.';
-- One offer for each customer under a budget: choose_offer, choose_offer_bound, choose_offer_price.

CREATE FUNCTION custseg.choose_offer(customer anyelement, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_choose_offer' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer(anyelement, anycompatible, numeric, float8, numeric) IS
'Window function: whether the customer of a row gets the offer of the row. At most one offer for each customer; the costs of the chosen offers of the partition add up to at most budget, and their value is the greatest that is possible (multiple-choice knapsack problem; Pisinger 1995). customer, offer: keys of any types that can be sorted, a pair only once, otherwise error 21000; equally good choices are decided by them, not by the order of rows. cost: not negative, in the unit of budget; exact, error 22003 when the largest costs of all customers, in units of the last decimal, add up to more than 2^62. value: what the offer is worth, finite; an offer is chosen only for a value above 0. Values are compared as decimals where all of them are of at most 15 decimals and few digits, otherwise in steps of 2^-61 of their total or finer. budget: not negative (22023), not null (22004), the same in all rows (22023). NaN and infinity: error 22023. A row whose customer, offer, cost or value is null takes no part and gets null. The problem is NP-hard: a search that would be too long ends with the best choice found and a notice that says how far from the best it may be at most; choose_offer_bound gives the bound. It ends after a number of steps, about two seconds, or when it has used work_mem * hash_mem_multiplier, at least 32 MB. Order and frame of the window do not matter. Memory beside that: about 60 bytes a row, and keys that are not integers. Rows and customers of a partition together: at most 2,147,483,647, otherwise error 54000.';

CREATE FUNCTION custseg.choose_offer(customer text, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_choose_offer' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer(text, anycompatible, numeric, float8, numeric) IS
'Window function: the same for customers that are text, or literals without a type.';

CREATE FUNCTION custseg.choose_offer_bound(customer anyelement, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_bound' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_bound(anyelement, anycompatible, numeric, float8, numeric) IS
'Window function: no choice of offers under the budget has more value than this. It is the value of the linear relaxation, in which one customer may take a part of an offer (Zemel 1984, Dyer 1984), so the best choice is below it by less than one step of that customer. The same in all rows of a partition. Offers dearer than the budget do not count. Arguments and errors as in choose_offer; a total beyond float8: error 22003.';

CREATE FUNCTION custseg.choose_offer_bound(customer text, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_bound' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_bound(text, anycompatible, numeric, float8, numeric) IS
'Window function: the same for customers that are text, or literals without a type.';

CREATE FUNCTION custseg.choose_offer_price(customer anyelement, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_price' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_price(anyelement, anycompatible, numeric, float8, numeric) IS
'Window function: the price of the budget, that is the value that one more unit of it would bring, in the linear relaxation. It explains a choice: all customers but the few around which the budget runs out get the offer with the greatest value - price * cost, or none where that is below 0. 0: the budget is enough for the most valuable offer of every customer, of those that it could pay at all. The same in all rows of a partition. Arguments and errors as in choose_offer; a price beyond float8: error 22003.';

CREATE FUNCTION custseg.choose_offer_price(customer text, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_price' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_price(text, anycompatible, numeric, float8, numeric) IS
'Window function: the same for customers that are text, or literals without a type.';
-- A budget by priority: waterfall.

CREATE FUNCTION custseg.waterfall(request numeric, budget numeric, base numeric DEFAULT 0, key anyelement DEFAULT NULL::bigint, scale int DEFAULT 2) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_waterfall' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.waterfall(numeric, numeric, numeric, anyelement, int) IS
'Window function: serves requests from a budget by priority. First every row of the partition gets the smaller of base and request; then the rest of the requests is met in the order of the window until the budget is spent. Rows that are equal in the ORDER BY share what is left for them in proportion to request - base, by largest remainder as in allocate: ties go to the one that asks for more, then to the lower key (null last); between rows equal in both the choice is arbitrary. Without ORDER BY all rows are equal. What is left when all requests are met stays. A unit is 10^-scale, scale from -20 to 20; the result has scale decimals. request: the total wanted, base included, at least 0, rounded down to units; null: the amount is null. base: at least 0, rounded up to units, null is 0. budget, scale: not null (22004), the same in all rows; budget at least 0 and a multiple of the unit. The bases, none above its request, are more than the budget: error 22023, with the gap in the detail. NaN, infinity: 22023. More than 38 digits in units: 22003. The frame of the window does not matter. Memory while a partition is served: 8 bytes for each argument that is not constant, 1 a row, 60 for each row of the group that shares, and the keys; then 8 a row. At most 2,147,483,647 rows in a partition.';
-- Budgets in levels: floors and caps of children lifted to their parents.

CREATE FUNCTION custseg.lift_floor_accum(state numeric, weight numeric, floor numeric) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_floor_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_floor_accum(numeric, numeric, numeric) IS
'Adds the floor of a child to a sum. Transition function of lift_floor.';

CREATE FUNCTION custseg.lift_floor_accum(state numeric, weight numeric, floor numeric, scale int) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_floor_accum_scale' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_floor_accum(numeric, numeric, numeric, int) IS
'Adds the floor of a child to a sum. Transition function of lift_floor.';

CREATE AGGREGATE custseg.lift_floor(weight numeric, floor numeric) (
    SFUNC = custseg.lift_floor_accum,
    STYPE = numeric,
    INITCOND = '0',
    COMBINEFUNC = pg_catalog.numeric_add,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lift_floor(numeric, numeric) IS
'The same as lift_floor(weight, floor, 2).';

CREATE AGGREGATE custseg.lift_floor(weight numeric, floor numeric, scale int) (
    SFUNC = custseg.lift_floor_accum,
    STYPE = numeric,
    INITCOND = '0',
    COMBINEFUNC = pg_catalog.numeric_add,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lift_floor(numeric, numeric, int) IS
'What a parent must get at least, so that allocate(weight, amount of the parent, floor, cap, scale => scale) over its children can give each its floor: the sum of the floors, each rounded up to units of 10^-scale. Children whose weight is null take no part. Null floor: 0. No rows: 0. weight and floor: at least 0, otherwise and for NaN and infinity error 22023. scale: -20 to 20, not null. Beside lift_cap, the floor of the parent one level up.';

CREATE FUNCTION custseg.lift_cap_accum(state numeric, weight numeric, floor numeric, cap numeric) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_cap_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_cap_accum(numeric, numeric, numeric, numeric) IS
'Adds what a child can take to a sum; infinity once a child has no cap. Transition function of lift_cap.';

CREATE FUNCTION custseg.lift_cap_accum(state numeric, weight numeric, floor numeric, cap numeric, scale int) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_cap_accum_scale' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_cap_accum(numeric, numeric, numeric, numeric, int) IS
'Adds what a child can take to a sum; infinity once a child has no cap. Transition function of lift_cap.';

CREATE FUNCTION custseg.lift_cap_final(state numeric) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_cap_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_cap_final(numeric) IS
'The sum, or null for infinity. Final function of lift_cap.';

CREATE AGGREGATE custseg.lift_cap(weight numeric, floor numeric, cap numeric) (
    SFUNC = custseg.lift_cap_accum,
    STYPE = numeric,
    INITCOND = '0',
    COMBINEFUNC = pg_catalog.numeric_add,
    FINALFUNC = custseg.lift_cap_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lift_cap(numeric, numeric, numeric) IS
'The same as lift_cap(weight, floor, cap, 2).';

CREATE AGGREGATE custseg.lift_cap(weight numeric, floor numeric, cap numeric, scale int) (
    SFUNC = custseg.lift_cap_accum,
    STYPE = numeric,
    INITCOND = '0',
    COMBINEFUNC = pg_catalog.numeric_add,
    FINALFUNC = custseg.lift_cap_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lift_cap(numeric, numeric, numeric, int) IS
'What a parent can take at most, so that allocate(weight, amount of the parent, floor, cap, scale => scale) over its children finds room for all of it: the sum of the caps, each rounded down to units of 10^-scale, where a child of weight 0 counts with its floor, since it takes no more. Children whose weight is null take no part. Null cap: none, and the result is null, which allocate takes as no cap. Null floor: 0. No rows: 0. weight, floor and cap: at least 0; a floor above its cap, NaN and infinity: error 22023. scale: -20 to 20, not null.';
-- Diminishing returns: allocate_return, allocate_return_bound, return_at, marginal_return.

CREATE FUNCTION custseg.return_at(curve text, a float8, b float8, x float8, c float8 DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_return_at' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.return_at(text, float8, float8, float8, float8) IS
'The return of an amount x on a curve of diminishing returns: log a ln(1 + x/b), power a x^b, negexp a (1 - exp(-x/b)), saturation a x/(b + x), hill a x^c/(b^c + x^c). a: 0 or more, the size of the return. b: for power the exponent, above 0 and below 1; else an amount from 1e-200 to 1e200. c: for hill only, 0.01 to 1000. x: finite, 0 or more. Null: one of curve, a, b, x is null. Another curve, or a number out of its range: error 22023; hill without c: 22004; a result beyond float8: 22003.';

CREATE FUNCTION custseg.marginal_return(curve text, a float8, b float8, x float8, c float8 DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_marginal_return' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.marginal_return(text, float8, float8, float8, float8) IS
'What 1 more brings at an amount x: the derivative of return_at(curve, a, b, x, c). At x = 0 it is infinity for power, and for hill with c below 1. Arguments, null and errors as in return_at.';

CREATE FUNCTION custseg.allocate_return(curve text, a float8, b float8, budget numeric, floor numeric DEFAULT 0, cap numeric DEFAULT NULL, key anyelement DEFAULT NULL::bigint, scale int DEFAULT 2, leftover text DEFAULT 'error', c float8 DEFAULT NULL) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_allocate_return' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.allocate_return(text, float8, float8, numeric, numeric, numeric, anyelement, int, text, float8) IS
'Window function: the amount of each row with which the rows of a partition together return the most, in whole units of 10^-scale that add up to the budget exactly, each between floor and cap. The curve may differ from row to row: see return_at for curves, a, b and c. Where returns diminish (all curves but hill with c above 1) no other distribution returns more, rounding of float8 apart: the next unit of any row below its cap brings no more than the last unit of any row above its floor. hill with c above 1 is solved by its concave envelope and repaired: allocate_return_bound says what cannot be exceeded. What no row can turn into a return (a = 0, or a curve that is flat in float8) goes to the rows in proportion to the room that is left below their caps. Units that bring the same go to the lower key (btree order of its type, null last), in turns; rows that are equal in all arguments differ by one unit at most, but for S-shaped curves. Null curve, a or b: null, and the row takes no part. Null floor: 0; null cap: none. Floors are rounded up and caps down to the unit. budget, scale (-20 to 20) and leftover must be the same in all rows. Errors: 22023 unknown curve, a number out of its range, a floor that is negative or above its cap, floors above the budget, NaN, infinity, a budget that is negative or no multiple of the unit, a budget above the sum of caps (unless leftover is ''keep'': then every row gets its cap), an option that changes; 22004 null budget, scale or leftover, hill without c; 22003 a budget of 2^62 units or more. Order and frame of the window do not matter. Memory while a partition is solved: 120 to 190 bytes a row and the keys; then 9 a row. Lagrange multiplier of the budget, by Newton''s method; whole units by marginal analysis (Gross 1956).';

CREATE FUNCTION custseg.allocate_return_bound(curve text, a float8, b float8, budget numeric, floor numeric DEFAULT 0, cap numeric DEFAULT NULL, key anyelement DEFAULT NULL::bigint, scale int DEFAULT 2, leftover text DEFAULT 'error', c float8 DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_allocate_return_bound' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.allocate_return_bound(text, float8, float8, numeric, numeric, numeric, anyelement, int, text, float8) IS
'Window function: the total return of a partition that no distribution of the budget in whole units can exceed, rounding of float8 apart, the same in every row: the return of the concave envelopes. Less the sum of return_at at the amounts of allocate_return it is the gap; where all curves are concave the gap is 0. Arguments, errors and memory as in allocate_return; a result beyond float8: error 22003.';
-- Fairness: jain, max_min_ratio, allocation_check.

-- Jain's index. Its state is hhi_sums, that of hhi.

CREATE FUNCTION custseg.jain_final(state custseg.hhi_sums) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_jain_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.jain_final(custseg.hhi_sums) IS
'The index of a state. Final function of jain.';

CREATE AGGREGATE custseg.jain(x float8) (
    SFUNC = custseg.hhi_sums_accum,
    STYPE = custseg.hhi_sums,
    SSPACE = 128,
    COMBINEFUNC = custseg.hhi_sums_combine,
    FINALFUNC = custseg.jain_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.jain(float8) IS
'Jain''s index of fairness of x: (sum x)^2 / (n sum x^2), from 1/n (one has all) to 1 (all equal); k/n when k of n have the same and the others nothing (Jain, Chiu, Hawe 1984). It is 1 / (n hhi(x)). Null x is ignored; 0 counts; negative x, NaN and infinity: error 22023. No values, or a total of 0: null. Sums are exact, so the result does not depend on the order of rows; memory does not grow with them.';

CREATE AGGREGATE custseg.jain(x numeric) (
    SFUNC = custseg.hhi_sums_accum,
    STYPE = custseg.hhi_sums,
    SSPACE = 128,
    COMBINEFUNC = custseg.hhi_sums_combine,
    FINALFUNC = custseg.jain_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.jain(numeric) IS
'The same as jain(x::float8), without the cost of the cast. A number beyond the range of float8: error 22003, as in the cast.';

-- The ratio of the largest to the smallest. Its state is an array of the two.

CREATE FUNCTION custseg.max_min_accum(state float8[], x float8) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_max_min_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.max_min_accum(float8[], float8) IS
'Adds a value of at least 0 to a state, the smallest and the largest value so far; a null value changes nothing. Transition function of max_min_ratio.';

CREATE FUNCTION custseg.max_min_accum(state float8[], x numeric) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_max_min_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.max_min_accum(float8[], numeric) IS
'Adds a value of at least 0 to a state, the smallest and the largest value so far; a null value changes nothing. Transition function of max_min_ratio.';

CREATE FUNCTION custseg.max_min_combine(state float8[], other float8[]) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_max_min_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.max_min_combine(float8[], float8[]) IS
'The smallest and the largest value of two states.';

CREATE FUNCTION custseg.max_min_ratio_final(state float8[]) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_max_min_ratio_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.max_min_ratio_final(float8[]) IS
'The ratio of a state. Final function of max_min_ratio.';

CREATE AGGREGATE custseg.max_min_ratio(x float8) (
    SFUNC = custseg.max_min_accum,
    STYPE = float8[],
    COMBINEFUNC = custseg.max_min_combine,
    FINALFUNC = custseg.max_min_ratio_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.max_min_ratio(float8) IS
'The largest x over the smallest: 1 when all are equal; Infinity when the smallest is 0 and another is not. Null x is ignored; negative x, NaN and infinity: error 22023. No values, or only zeros: null. A ratio beyond float8: error 22003.';

CREATE AGGREGATE custseg.max_min_ratio(x numeric) (
    SFUNC = custseg.max_min_accum,
    STYPE = float8[],
    COMBINEFUNC = custseg.max_min_combine,
    FINALFUNC = custseg.max_min_ratio_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.max_min_ratio(numeric) IS
'The same as max_min_ratio(x::float8), without the cost of the cast. A number beyond the range of float8: error 22003, as in the cast.';

-- A finished allocation.

CREATE FUNCTION custseg.allocation_check(allocation text, budget numeric DEFAULT NULL, base_tier text DEFAULT NULL,
	min_base_share numeric DEFAULT NULL, max_tier_share numeric DEFAULT NULL,
	max_gini float8 DEFAULT NULL, min_jain float8 DEFAULT NULL, max_ratio float8 DEFAULT NULL)
RETURNS TABLE (item text, value numeric, allowed numeric, ok boolean, detail text)
AS 'MODULE_PATHNAME', 'custseg_allocation_check' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 12;
COMMENT ON FUNCTION custseg.allocation_check(text, numeric, text, numeric, numeric, float8, float8, float8) IS
'Checks a finished allocation, one row for each check. allocation is a SELECT, run read-only with the caller''s rights, with the columns key, amount [, floor [, cap [, tier [, weight]]]], by position; a key twice: error 21000. ok is null where no limit is given, or nothing can be compared. Items: rows, how many; sum, equal to budget; null amount, negative amount, below floor and above cap, each a number of rows that should be 0, with the worst in detail (a null floor or cap is none); unequal treatment, the number of groups of rows equal in weight, floor and cap whose amounts differ by more than one unit of the last digit that any amount is written with; gini, at most max_gini; jain, at least min_jain; max/min ratio, at most max_ratio (as the aggregates; null where an amount is negative or none is above 0); base tier share, the share of base_tier in the sum, at least min_base_share; largest tier share, at most max_tier_share, with the tier in detail. Rows with a null amount count nowhere else, those with a null tier in no tier, those with a null weight in no group. Sums and shares are compared exactly. Amounts, bounds and weights that are not finite, shares, max_gini and min_jain outside 0 to 1, max_ratio below 1, min_base_share without base_tier, base_tier or max_tier_share without a tier column: error 22023. Memory beyond work_mem: 16 to 40 bytes a row, and the tiers.';
-- assign: who serves which customer, and its kin.
--
-- They run queries, so they are VOLATILE and PARALLEL UNSAFE, and have no SET clause: the queries'
-- names are the caller's.

CREATE FUNCTION custseg.assign(edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (customer text, agent text, value numeric, gap numeric)
AS 'MODULE_PATHNAME', 'custseg_assign' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg.assign(text, text, text, float8, boolean) IS
'Assigns customers to agents with capacities: the most customers served, and among these ways the highest total value; exact. The first three arguments are SELECTs, run read-only with the caller''s rights, columns by position. edges: customer, agent, value [, load], a row for each pair that may be; agent NULL declares a customer whom nobody may serve; a pair twice: error 21000; value NULL: 22004, NaN or infinite: 22023; an agent who is not in agents: 22023; rows without a customer are skipped and counted in a NOTICE. agents: agent, capacity [, minimum], whole numbers from 0 to 10^12, one row each; minimums that cannot be met: error 22023. current: customer, agent, who serves whom today; pairs without an edge are ignored. stickiness, at least 0, in the unit of the values: added to the edge of the current agent for the decision only, so that nobody changes for less. balance: among the best ways, loads as even in proportion to the capacities as can be. load, a whole number from 1 to 10^9, the same in all rows of a customer: capacities and minimums are in units of load; this is NP-hard, so the assignment is a good one and not always the best, see assign_bound, and a minimum that is missed is a WARNING; all loads together at most 2^53, otherwise error 22003. Keys: integers, uuid, text. Values are counted in integers of up to 2^40 (about 10^12): exact decimals as far as the largest allows, which leaves two decimals up to 10,995,116,277, the rest is rounded; float8 is read as its shortest decimal; beyond 2^40: error 22003. Result, in the order of customers (texts by bytes): every customer; agent and value NULL when not served; gap: how much more the best eligible agent would be worth, NULL when there is none. A NOTICE tells how many are not served, and why. Equal solutions are decided by keys; the order of rows does not matter. Memory beyond work_mem: 12 bytes an edge (28 while reading), 90 a customer and its key, and that of the solver, see the documentation.';

CREATE FUNCTION custseg.assign(customer_key anyelement, agent_key anycompatible, edges text, agents text,
	current text DEFAULT NULL, stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (customer anyelement, agent anycompatible, value numeric, gap numeric)
AS 'MODULE_PATHNAME', 'custseg_assign_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg.assign(anyelement, anycompatible, text, text, text, float8, boolean) IS
'The same with customer and agent in the types of the first two arguments, whose values do not matter: assign(NULL::bigint, NULL::uuid, ''SELECT ...'', ''SELECT ...'').';

CREATE FUNCTION custseg.assign_summary(edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (agent text, load bigint, capacity bigint, shadow_customers bigint, shadow_value numeric, shadow_load bigint)
AS 'MODULE_PATHNAME', 'custseg_assign_summary' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1000;
COMMENT ON FUNCTION custseg.assign_summary(text, text, text, float8, boolean) IS
'The agents of an assignment, in key order; arguments, errors and memory as in assign, which it solves anew. load: customers, or their loads where edges has a load. shadow_customers, shadow_value: what one more slot of this agent would bring, in customers served and in value (stickiness included), exactly; the second alone may be negative when the first is positive. shadow_load: the size of that slot, 1 without loads. With loads the prices are those of the bound, in which customers can be divided.';

CREATE FUNCTION custseg.assign_summary(agent_key anyelement, edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (agent anyelement, load bigint, capacity bigint, shadow_customers bigint, shadow_value numeric, shadow_load bigint)
AS 'MODULE_PATHNAME', 'custseg_assign_summary_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1000;
COMMENT ON FUNCTION custseg.assign_summary(anyelement, text, text, text, float8, boolean) IS
'The same with agent in the type of agent_key, whose value does not matter: assign_summary(NULL::bigint, ''SELECT ...'', ''SELECT ...'').';

CREATE FUNCTION custseg.assign_bound(edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (customers bigint, served bigint, load bigint, value numeric, bound_served bigint, bound_value numeric)
AS 'MODULE_PATHNAME', 'custseg_assign_bound' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1;
COMMENT ON FUNCTION custseg.assign_bound(text, text, text, float8, boolean) IS
'How good an assignment is, in one row; arguments, errors and memory as in assign, which it solves anew. customers: all; served: those with an agent; load, value: what they add up to, stickiness included. bound_served: no assignment serves more customers. bound_value: none that serves as many as this one, or more, is worth more. Without loads both are reached; with loads, where both are reached, the assignment is the best there is.';

CREATE FUNCTION custseg.assign_explain(customer text, edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (agent text, value numeric, bonus numeric, shadow_customers bigint, shadow_value numeric, net_value numeric,
	load bigint, capacity bigint, chosen boolean, reason text)
AS 'MODULE_PATHNAME', 'custseg_assign_explain' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 20;
COMMENT ON FUNCTION custseg.assign_explain(text, text, text, text, float8, boolean) IS
'Why a customer got this agent: one row for each eligible agent, best first; other arguments, errors and memory as in assign, which it solves anew. customer: the key as a text; one who is not in edges: error 22023. bonus: the stickiness, for the current agent. shadow_customers, shadow_value: what one more slot of the agent is worth, as in assign_summary. net_value: value + bonus - shadow_value (with loads, for the load of the customer), which decides among agents of equal shadow_customers. reason: in words. No row, and a NOTICE, for a customer without an eligible agent.';

CREATE FUNCTION custseg.assign_next(edges text, loads text, strategy text)
RETURNS TABLE (customer text, agent text, value numeric, reason text)
AS 'MODULE_PATHNAME', 'custseg_assign_next' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 10000 ROWS 1;
COMMENT ON FUNCTION custseg.assign_next(text, text, text) IS
'Gives new customers an agent now, one after the other in key order, without a new assignment of the others. edges: a SELECT of customer, agent [, value [, load]] as in assign; agents who are not in loads are left out. loads: a SELECT of agent, load, capacity [, weight [, last]], one row for each agent who is there: load and capacity whole numbers from 0 to 10^12, weight above 0 (NULL: 1), last when a customer was last given: date, timestamp, timestamptz or integer (NULL: never). strategy: round_robin (longest not served, never served first; then the least loaded), least_loaded (load / capacity; then the highest value), weighted ((load + the new one) / weight; then the highest value), best_value (needs values; then the least loaded); at last the agent''s key. Nobody gets more than the capacity. agent NULL where nobody can: reason says why. An agent twice in loads or a pair twice in edges: error 21000; another strategy, a number out of range: 22023.';

CREATE FUNCTION custseg.assign_next(customer_key anyelement, agent_key anycompatible, edges text, loads text, strategy text)
RETURNS TABLE (customer anyelement, agent anycompatible, value numeric, reason text)
AS 'MODULE_PATHNAME', 'custseg_assign_next_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 10000 ROWS 1;
COMMENT ON FUNCTION custseg.assign_next(anyelement, anycompatible, text, text, text) IS
'The same with customer and agent in the types of the first two arguments, whose values do not matter: assign_next(NULL::bigint, NULL::uuid, ''SELECT ...'', ''SELECT ...'', ''best_value'').';
-- Everybody may use the calculus. The schema was made by CREATE EXTENSION, so nobody else has rights on it yet.
GRANT USAGE ON SCHEMA custseg TO PUBLIC;
