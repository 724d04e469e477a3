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
