-- Bands and weighted scores: band, weighted_score, explain_weighted.

CREATE FUNCTION custseg.band(value float8, breaks float8[], labels text[]) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_band' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.band(float8, float8[], text[]) IS
'The label of the class of a value: labels[score(value, breaks)], so a value equal to a break belongs to the lower class. breaks: as in score(). labels: from the lowest class up, one more than breaks, no null, no empty one, otherwise error 22023; two classes may have the same label. value is NaN: error 22023; infinities are ordinary values.';

CREATE FUNCTION custseg.band(value numeric, breaks float8[], labels text[]) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_band_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.band(numeric, float8[], text[]) IS
'The same as band(value::float8, breaks, labels), without the cost of the cast. value beyond the range of float8: error 22003, as in the cast.';

CREATE FUNCTION custseg.weighted_score(components float8[], weights float8[], missing text DEFAULT 'renormalise') RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_weighted_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.weighted_score(float8[], float8[], text) IS
'The weighted mean of the components: sum(weight * component) / sum(weight), computed exactly and rounded once. missing says what a null component means: renormalise: the mean of the others (null if none of them has a weight above 0); zero: its value is 0; null: the score is null. weights: finite, none negative, not all 0, one for each component. Anything else, and components that are NaN or infinite: error 22023.';

CREATE FUNCTION custseg.explain_weighted(names text[], components float8[], weights float8[], missing text DEFAULT 'renormalise', digits int DEFAULT 4,
    OUT component text, OUT value float8, OUT weight float8, OUT contribution numeric, OUT share numeric) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_explain_weighted' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION custseg.explain_weighted(text[], float8[], float8[], text, int) IS
'Why weighted_score() of the same components, weights and missing is what it is: a row for each component, in their order. weight: its part of the weights that count, together 1. contribution: weight * value, rounded to digits places so that together they are exactly round(score::numeric, digits). share: contribution / score, rounded so that together they are exactly 1; null where the score is 0, or next to 0 by contributions of both signs. Rounding is by largest remainder, among equals the first. A missing component has no value and contributes 0. Where the score is null, so are weight, contribution and share. Negative components have negative contributions; shares can then be negative and above 1. digits: 0 to 15, otherwise error 22023; contributions of more than 15 digits in all: error 22003. Other errors as in weighted_score().';
