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
