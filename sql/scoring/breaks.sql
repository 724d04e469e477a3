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
