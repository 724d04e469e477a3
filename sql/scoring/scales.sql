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
