\echo Use "CREATE EXTENSION custseg" to load this file. \quit

COMMENT ON SCHEMA custseg IS
'Customer analytics: purchase summaries, RFM, breaks and scores, segmentations.';
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
-- Everybody may use the calculus. The schema was made by CREATE EXTENSION, so nobody else has rights on it yet.
GRANT USAGE ON SCHEMA custseg TO PUBLIC;
