-- Fairness: jain, max_min_ratio, allocation_check.

-- Jain's index. Its state is hhi_sums, that of hhi.

CREATE FUNCTION custseg.jain_final(state custseg.hhi_sums) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_jain_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.jain_final(custseg.hhi_sums) IS
'The index of a state. Final function of jain.';

CREATE AGGREGATE custseg.jain(x float8) (
    SFUNC = custseg.hhi_sums_accum,
    STYPE = custseg.hhi_sums,
    SSPACE = 128,
    COMBINEFUNC = custseg.hhi_sums_combine,
    FINALFUNC = custseg.jain_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.jain(float8) IS
'Jain''s index of fairness of x: (sum x)^2 / (n sum x^2), from 1/n (one has all) to 1 (all equal); k/n when k of n have the same and the others nothing (Jain, Chiu, Hawe 1984). It is 1 / (n hhi(x)). Null x is ignored; 0 counts; negative x, NaN and infinity: error 22023. No values, or a total of 0: null. Sums are exact, so the result does not depend on the order of rows; memory does not grow with them.';

CREATE AGGREGATE custseg.jain(x numeric) (
    SFUNC = custseg.hhi_sums_accum,
    STYPE = custseg.hhi_sums,
    SSPACE = 128,
    COMBINEFUNC = custseg.hhi_sums_combine,
    FINALFUNC = custseg.jain_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.jain(numeric) IS
'The same as jain(x::float8), without the cost of the cast. A number beyond the range of float8: error 22003, as in the cast.';

-- The ratio of the largest to the smallest. Its state is an array of the two.

CREATE FUNCTION custseg.max_min_accum(state float8[], x float8) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_max_min_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.max_min_accum(float8[], float8) IS
'Adds a value of at least 0 to a state, the smallest and the largest value so far; a null value changes nothing. Transition function of max_min_ratio.';

CREATE FUNCTION custseg.max_min_accum(state float8[], x numeric) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_max_min_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.max_min_accum(float8[], numeric) IS
'Adds a value of at least 0 to a state, the smallest and the largest value so far; a null value changes nothing. Transition function of max_min_ratio.';

CREATE FUNCTION custseg.max_min_combine(state float8[], other float8[]) RETURNS float8[]
AS 'MODULE_PATHNAME', 'custseg_max_min_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.max_min_combine(float8[], float8[]) IS
'The smallest and the largest value of two states.';

CREATE FUNCTION custseg.max_min_ratio_final(state float8[]) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_max_min_ratio_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.max_min_ratio_final(float8[]) IS
'The ratio of a state. Final function of max_min_ratio.';

CREATE AGGREGATE custseg.max_min_ratio(x float8) (
    SFUNC = custseg.max_min_accum,
    STYPE = float8[],
    COMBINEFUNC = custseg.max_min_combine,
    FINALFUNC = custseg.max_min_ratio_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.max_min_ratio(float8) IS
'The largest x over the smallest: 1 when all are equal; Infinity when the smallest is 0 and another is not. Null x is ignored; negative x, NaN and infinity: error 22023. No values, or only zeros: null. A ratio beyond float8: error 22003.';

CREATE AGGREGATE custseg.max_min_ratio(x numeric) (
    SFUNC = custseg.max_min_accum,
    STYPE = float8[],
    COMBINEFUNC = custseg.max_min_combine,
    FINALFUNC = custseg.max_min_ratio_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.max_min_ratio(numeric) IS
'The same as max_min_ratio(x::float8), without the cost of the cast. A number beyond the range of float8: error 22003, as in the cast.';

-- A finished allocation.

CREATE FUNCTION custseg.allocation_check(allocation text, budget numeric DEFAULT NULL, base_tier text DEFAULT NULL,
	min_base_share numeric DEFAULT NULL, max_tier_share numeric DEFAULT NULL,
	max_gini float8 DEFAULT NULL, min_jain float8 DEFAULT NULL, max_ratio float8 DEFAULT NULL)
RETURNS TABLE (item text, value numeric, allowed numeric, ok boolean, detail text)
AS 'MODULE_PATHNAME', 'custseg_allocation_check' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 12;
COMMENT ON FUNCTION custseg.allocation_check(text, numeric, text, numeric, numeric, float8, float8, float8) IS
'Checks a finished allocation, one row for each check. allocation is a SELECT, run read-only with the caller''s rights, with the columns key, amount [, floor [, cap [, tier [, weight]]]], by position; a key twice: error 21000. ok is null where no limit is given, or nothing can be compared. Items: rows, how many; sum, equal to budget; null amount, negative amount, below floor and above cap, each a number of rows that should be 0, with the worst in detail (a null floor or cap is none); unequal treatment, the number of groups of rows equal in weight, floor and cap whose amounts differ by more than one unit of the last digit that any amount is written with; gini, at most max_gini; jain, at least min_jain; max/min ratio, at most max_ratio (as the aggregates; null where an amount is negative or none is above 0); base tier share, the share of base_tier in the sum, at least min_base_share; largest tier share, at most max_tier_share, with the tier in detail. Rows with a null amount count nowhere else, those with a null tier in no tier, those with a null weight in no group. Sums and shares are compared exactly. Amounts, bounds and weights that are not finite, shares, max_gini and min_jain outside 0 to 1, max_ratio below 1, min_base_share without base_tier, base_tier or max_tier_share without a tier column: error 22023. Memory beyond work_mem: 16 to 40 bytes a row, and the tiers.';
