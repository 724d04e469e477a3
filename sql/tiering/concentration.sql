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
