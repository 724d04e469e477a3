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
