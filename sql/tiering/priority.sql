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
