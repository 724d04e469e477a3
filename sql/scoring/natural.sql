-- Natural breaks: exact one-dimensional k-means, on the state of the other breaks.

CREATE FUNCTION custseg.natural_breaks_final(state custseg.value_counts) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_natural_breaks_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.natural_breaks_final(custseg.value_counts) IS
'The natural breaks of a state, for example of a stored one. See natural_breaks.';

CREATE AGGREGATE custseg.natural_breaks(x float8, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.natural_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.natural_breaks(float8, int) IS
'Cut points at the natural gaps: exactly min(classes, distinct values) classes such that the sum of squared distances of all rows from the mean of their class is least (one-dimensional k-means, what Jenks'' method approximates; Fisher 1958). It is the optimum, not a local one. Costs that differ by 1e-12 of the total sum of squares or less (but no more than 1e-9 of the least cost) count as ties, of which the lowest breaks are taken, so a change of unit does not change the classes. classes: 1 to 1000, the same in all rows of a group, otherwise error 22023. Null x is ignored; NaN and infinities are error 22023. No values: null. Independent of the order of rows. More than 2^53 rows: error 54000. Memory: 12 to 24 bytes a distinct value, at the end up to 88 more. Time: classes * m * log(m) for m distinct values.';

CREATE AGGREGATE custseg.natural_breaks(x numeric, classes int) (
    SFUNC = custseg.value_counts_accum,
    STYPE = custseg.value_counts,
    SSPACE = 1024,
    COMBINEFUNC = custseg.value_counts_combine,
    FINALFUNC = custseg.natural_breaks_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.natural_breaks(numeric, int) IS
'The same as natural_breaks(x::float8, classes), without the cost of the cast. x beyond the range of float8: error 22003, as in the cast.';
