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
