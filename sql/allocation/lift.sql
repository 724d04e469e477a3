-- Budgets in levels: floors and caps of children lifted to their parents.

CREATE FUNCTION custseg.lift_floor_accum(state numeric, weight numeric, floor numeric) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_floor_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_floor_accum(numeric, numeric, numeric) IS
'Adds the floor of a child to a sum. Transition function of lift_floor.';

CREATE FUNCTION custseg.lift_floor_accum(state numeric, weight numeric, floor numeric, scale int) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_floor_accum_scale' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_floor_accum(numeric, numeric, numeric, int) IS
'Adds the floor of a child to a sum. Transition function of lift_floor.';

CREATE AGGREGATE custseg.lift_floor(weight numeric, floor numeric) (
    SFUNC = custseg.lift_floor_accum,
    STYPE = numeric,
    INITCOND = '0',
    COMBINEFUNC = pg_catalog.numeric_add,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lift_floor(numeric, numeric) IS
'The same as lift_floor(weight, floor, 2).';

CREATE AGGREGATE custseg.lift_floor(weight numeric, floor numeric, scale int) (
    SFUNC = custseg.lift_floor_accum,
    STYPE = numeric,
    INITCOND = '0',
    COMBINEFUNC = pg_catalog.numeric_add,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lift_floor(numeric, numeric, int) IS
'What a parent must get at least, so that allocate(weight, amount of the parent, floor, cap, scale => scale) over its children can give each its floor: the sum of the floors, each rounded up to units of 10^-scale. Children whose weight is null take no part. Null floor: 0. No rows: 0. weight and floor: at least 0, otherwise and for NaN and infinity error 22023. scale: -20 to 20, not null. Beside lift_cap, the floor of the parent one level up.';

CREATE FUNCTION custseg.lift_cap_accum(state numeric, weight numeric, floor numeric, cap numeric) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_cap_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_cap_accum(numeric, numeric, numeric, numeric) IS
'Adds what a child can take to a sum; infinity once a child has no cap. Transition function of lift_cap.';

CREATE FUNCTION custseg.lift_cap_accum(state numeric, weight numeric, floor numeric, cap numeric, scale int) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_cap_accum_scale' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_cap_accum(numeric, numeric, numeric, numeric, int) IS
'Adds what a child can take to a sum; infinity once a child has no cap. Transition function of lift_cap.';

CREATE FUNCTION custseg.lift_cap_final(state numeric) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_lift_cap_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.lift_cap_final(numeric) IS
'The sum, or null for infinity. Final function of lift_cap.';

CREATE AGGREGATE custseg.lift_cap(weight numeric, floor numeric, cap numeric) (
    SFUNC = custseg.lift_cap_accum,
    STYPE = numeric,
    INITCOND = '0',
    COMBINEFUNC = pg_catalog.numeric_add,
    FINALFUNC = custseg.lift_cap_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lift_cap(numeric, numeric, numeric) IS
'The same as lift_cap(weight, floor, cap, 2).';

CREATE AGGREGATE custseg.lift_cap(weight numeric, floor numeric, cap numeric, scale int) (
    SFUNC = custseg.lift_cap_accum,
    STYPE = numeric,
    INITCOND = '0',
    COMBINEFUNC = pg_catalog.numeric_add,
    FINALFUNC = custseg.lift_cap_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE custseg.lift_cap(numeric, numeric, numeric, int) IS
'What a parent can take at most, so that allocate(weight, amount of the parent, floor, cap, scale => scale) over its children finds room for all of it: the sum of the caps, each rounded down to units of 10^-scale, where a child of weight 0 counts with its floor, since it takes no more. Children whose weight is null take no part. Null cap: none, and the result is null, which allocate takes as no cap. Null floor: 0. No rows: 0. weight, floor and cap: at least 0; a floor above its cap, NaN and infinity: error 22023. scale: -20 to 20, not null.';
