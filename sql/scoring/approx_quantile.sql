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
