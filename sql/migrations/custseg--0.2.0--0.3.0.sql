\echo Use "ALTER EXTENSION custseg UPDATE" to load this file. \quit

-- Allocation: everything is added, nothing of earlier versions changes.

COMMENT ON SCHEMA custseg IS
'Customer analytics: purchase summaries, RFM, scoring models, segmentations, tiers, allocation.';
COMMENT ON EXTENSION custseg IS
'score, segment and tier customers where the data is, and divide budgets and people among them';

-- Money in proportion: allocate.

CREATE FUNCTION custseg.allocate(weight numeric, budget numeric, floor numeric DEFAULT 0, cap numeric DEFAULT NULL, key anyelement DEFAULT NULL::bigint, scale int DEFAULT 2, leftover text DEFAULT 'error') RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_allocate' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.allocate(numeric, numeric, numeric, numeric, anyelement, int, text) IS
'Window function: divides budget over the rows of a partition in proportion to weight, no row below its floor or above its cap, so that the amounts add up to the budget exactly. A row gets clamp(lambda * weight, floor, cap) with the one lambda for which the sum is the budget (Bitran and Hax 1981, Kiwiel 2008), rounded by largest remainder: the whole units first, then a unit more for the rows with the largest remainders; ties go to the larger weight, then to the lower key (null last), then to the larger floor and cap; between rows that are equal in all of these the choice is arbitrary. A unit is 10^-scale, scale from -20 to 20; the result has scale decimals. weight: at least 0; null: the row takes no part and its amount is null; 0: the row gets its floor. floor: at least 0, null is 0, rounded up to units. cap: at least 0, null is none, rounded down to units. budget, scale, leftover: not null (22004), the same in all rows; budget at least 0 and a multiple of the unit. Error 22023, with the gap in the detail: the floors exceed the budget; the caps are below it, or no weight is above 0 while it is more than the floors, unless leftover is keep, which gives every row what it can take and leaves the rest. Also 22023: a floor above its cap, NaN, infinity. Order and frame of the window do not matter. Memory while a partition is divided: 8 to 16 bytes for each argument that is not constant, 20 a row, and the keys; then 8 a row. Where total weight, in its last decimal, times budget, in units, reaches 2^124 (2 x 10^37) the arithmetic is that of numeric: the same results, many times slower, with some 200 bytes a row. At most 2,147,483,647 rows in a partition.';

-- Whole units: apportion.

CREATE FUNCTION custseg.apportion(weight numeric, seats bigint, method text DEFAULT 'webster', minimum bigint DEFAULT 0, maximum bigint DEFAULT NULL, key anyelement DEFAULT NULL::bigint) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_apportion' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.apportion(numeric, bigint, text, bigint, bigint, anyelement) IS
'Window function: the whole number of seats (units, places, hours) that a row gets of those of its partition, in proportion to its weight; the numbers of a partition add up to seats. method: webster (or sainte_lague), hamilton, dhondt (or jefferson), huntington_hill (or hill), adams, dean. The divisor methods give the seats with the largest weight / d(a), where a is the number that the row has already and d(a) is a + 1/2, a + 1, sqrt(a(a + 1)), a, and 2a(a + 1)/(2a + 1) (Balinski, Young, Fair Representation, 1982); hamilton gives the whole part of seats * weight / total, and what is left by the largest remainders. Equal claims: the larger weight first, then the smaller key by the btree order of its type, null last; among rows equal in weight and key, or without key, it is arbitrary which of them gets one more. minimum, maximum: bounds of the row; null is 0, and none. A row of weight 0 gets its minimum. Null weight: null, the row takes no part. Comparisons are exact, whatever the number of digits. Errors 22023: a negative or not finite weight, negative seats or minimum, maximum below minimum, an unknown method, minimums that add up to more than seats, maximums that add up to less, seats or method that change within a partition; 22004: null seats or method. Order and frame of the window do not matter. Memory while a partition is worked on: 50 to 80 bytes a row, and the keys; then 8 a row. At most 2,147,483,647 rows in a partition.';

-- One offer for each customer under a budget: choose_offer, choose_offer_bound, choose_offer_price.

CREATE FUNCTION custseg.choose_offer(customer anyelement, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_choose_offer' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer(anyelement, anycompatible, numeric, float8, numeric) IS
'Window function: whether the customer of a row gets the offer of the row. At most one offer for each customer; the costs of the chosen offers of the partition add up to at most budget, and their value is the greatest that is possible (multiple-choice knapsack problem; Pisinger 1995). customer, offer: keys of any types that can be sorted, a pair only once, otherwise error 21000; equally good choices are decided by them, not by the order of rows. cost: not negative, in the unit of budget; exact, error 22003 when the largest costs of all customers, in units of the last decimal, add up to more than 2^62. value: what the offer is worth, finite; an offer is chosen only for a value above 0. Values are compared as decimals where all of them are of at most 15 decimals and few digits, otherwise in steps of 2^-61 of their total or finer. budget: not negative (22023), not null (22004), the same in all rows (22023). NaN and infinity: error 22023. A row whose customer, offer, cost or value is null takes no part and gets null. The problem is NP-hard: a search that would be too long ends with the best choice found and a notice that says how far from the best it may be at most; choose_offer_bound gives the bound. It ends after a number of steps, about two seconds, or when it has used work_mem * hash_mem_multiplier, at least 32 MB. Order and frame of the window do not matter. Memory beside that: about 60 bytes a row, and keys that are not integers. Rows and customers of a partition together: at most 2,147,483,647, otherwise error 54000.';

CREATE FUNCTION custseg.choose_offer(customer text, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_choose_offer' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer(text, anycompatible, numeric, float8, numeric) IS
'Window function: the same for customers that are text, or literals without a type.';

CREATE FUNCTION custseg.choose_offer_bound(customer anyelement, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_bound' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_bound(anyelement, anycompatible, numeric, float8, numeric) IS
'Window function: no choice of offers under the budget has more value than this. It is the value of the linear relaxation, in which one customer may take a part of an offer (Zemel 1984, Dyer 1984), so the best choice is below it by less than one step of that customer. The same in all rows of a partition. Offers dearer than the budget do not count. Arguments and errors as in choose_offer; a total beyond float8: error 22003.';

CREATE FUNCTION custseg.choose_offer_bound(customer text, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_bound' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_bound(text, anycompatible, numeric, float8, numeric) IS
'Window function: the same for customers that are text, or literals without a type.';

CREATE FUNCTION custseg.choose_offer_price(customer anyelement, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_price' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_price(anyelement, anycompatible, numeric, float8, numeric) IS
'Window function: the price of the budget, that is the value that one more unit of it would bring, in the linear relaxation. It explains a choice: all customers but the few around which the budget runs out get the offer with the greatest value - price * cost, or none where that is below 0. 0: the budget is enough for the most valuable offer of every customer, of those that it could pay at all. The same in all rows of a partition. Arguments and errors as in choose_offer; a price beyond float8: error 22003.';

CREATE FUNCTION custseg.choose_offer_price(customer text, offer anycompatible, cost numeric, value float8, budget numeric) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_choose_offer_price' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.choose_offer_price(text, anycompatible, numeric, float8, numeric) IS
'Window function: the same for customers that are text, or literals without a type.';

-- A budget by priority: waterfall.

CREATE FUNCTION custseg.waterfall(request numeric, budget numeric, base numeric DEFAULT 0, key anyelement DEFAULT NULL::bigint, scale int DEFAULT 2) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_waterfall' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.waterfall(numeric, numeric, numeric, anyelement, int) IS
'Window function: serves requests from a budget by priority. First every row of the partition gets the smaller of base and request; then the rest of the requests is met in the order of the window until the budget is spent. Rows that are equal in the ORDER BY share what is left for them in proportion to request - base, by largest remainder as in allocate: ties go to the one that asks for more, then to the lower key (null last); between rows equal in both the choice is arbitrary. Without ORDER BY all rows are equal. What is left when all requests are met stays. A unit is 10^-scale, scale from -20 to 20; the result has scale decimals. request: the total wanted, base included, at least 0, rounded down to units; null: the amount is null. base: at least 0, rounded up to units, null is 0. budget, scale: not null (22004), the same in all rows; budget at least 0 and a multiple of the unit. The bases, none above its request, are more than the budget: error 22023, with the gap in the detail. NaN, infinity: 22023. More than 38 digits in units: 22003. The frame of the window does not matter. Memory while a partition is served: 8 bytes for each argument that is not constant, 1 a row, 60 for each row of the group that shares, and the keys; then 8 a row. At most 2,147,483,647 rows in a partition.';

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

-- Diminishing returns: allocate_return, allocate_return_bound, return_at, marginal_return.

CREATE FUNCTION custseg.return_at(curve text, a float8, b float8, x float8, c float8 DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_return_at' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.return_at(text, float8, float8, float8, float8) IS
'The return of an amount x on a curve of diminishing returns: log a ln(1 + x/b), power a x^b, negexp a (1 - exp(-x/b)), saturation a x/(b + x), hill a x^c/(b^c + x^c). a: 0 or more, the size of the return. b: for power the exponent, above 0 and below 1; else an amount from 1e-200 to 1e200. c: for hill only, 0.01 to 1000. x: finite, 0 or more. Null: one of curve, a, b, x is null. Another curve, or a number out of its range: error 22023; hill without c: 22004; a result beyond float8: 22003.';

CREATE FUNCTION custseg.marginal_return(curve text, a float8, b float8, x float8, c float8 DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_marginal_return' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.marginal_return(text, float8, float8, float8, float8) IS
'What 1 more brings at an amount x: the derivative of return_at(curve, a, b, x, c). At x = 0 it is infinity for power, and for hill with c below 1. Arguments, null and errors as in return_at.';

CREATE FUNCTION custseg.allocate_return(curve text, a float8, b float8, budget numeric, floor numeric DEFAULT 0, cap numeric DEFAULT NULL, key anyelement DEFAULT NULL::bigint, scale int DEFAULT 2, leftover text DEFAULT 'error', c float8 DEFAULT NULL) RETURNS numeric
AS 'MODULE_PATHNAME', 'custseg_allocate_return' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.allocate_return(text, float8, float8, numeric, numeric, numeric, anyelement, int, text, float8) IS
'Window function: the amount of each row with which the rows of a partition together return the most, in whole units of 10^-scale that add up to the budget exactly, each between floor and cap. The curve may differ from row to row: see return_at for curves, a, b and c. Where returns diminish (all curves but hill with c above 1) no other distribution returns more, rounding of float8 apart: the next unit of any row below its cap brings no more than the last unit of any row above its floor. hill with c above 1 is solved by its concave envelope and repaired: allocate_return_bound says what cannot be exceeded. What no row can turn into a return (a = 0, or a curve that is flat in float8) goes to the rows in proportion to the room that is left below their caps. Units that bring the same go to the lower key (btree order of its type, null last), in turns; rows that are equal in all arguments differ by one unit at most, but for S-shaped curves. Null curve, a or b: null, and the row takes no part. Null floor: 0; null cap: none. Floors are rounded up and caps down to the unit. budget, scale (-20 to 20) and leftover must be the same in all rows. Errors: 22023 unknown curve, a number out of its range, a floor that is negative or above its cap, floors above the budget, NaN, infinity, a budget that is negative or no multiple of the unit, a budget above the sum of caps (unless leftover is ''keep'': then every row gets its cap), an option that changes; 22004 null budget, scale or leftover, hill without c; 22003 a budget of 2^62 units or more. Order and frame of the window do not matter. Memory while a partition is solved: 120 to 190 bytes a row and the keys; then 9 a row. Lagrange multiplier of the budget, by Newton''s method; whole units by marginal analysis (Gross 1956).';

CREATE FUNCTION custseg.allocate_return_bound(curve text, a float8, b float8, budget numeric, floor numeric DEFAULT 0, cap numeric DEFAULT NULL, key anyelement DEFAULT NULL::bigint, scale int DEFAULT 2, leftover text DEFAULT 'error', c float8 DEFAULT NULL) RETURNS float8
AS 'MODULE_PATHNAME', 'custseg_allocate_return_bound' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.allocate_return_bound(text, float8, float8, numeric, numeric, numeric, anyelement, int, text, float8) IS
'Window function: the total return of a partition that no distribution of the budget in whole units can exceed, rounding of float8 apart, the same in every row: the return of the concave envelopes. Less the sum of return_at at the amounts of allocate_return it is the gap; where all curves are concave the gap is 0. Arguments, errors and memory as in allocate_return; a result beyond float8: error 22003.';

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

-- assign: who serves which customer, and its kin.
--
-- They run queries, so they are VOLATILE and PARALLEL UNSAFE, and have no SET clause: the queries'
-- names are the caller's.

CREATE FUNCTION custseg.assign(edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (customer text, agent text, value numeric, gap numeric)
AS 'MODULE_PATHNAME', 'custseg_assign' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg.assign(text, text, text, float8, boolean) IS
'Assigns customers to agents with capacities: the most customers served, and among these ways the highest total value; exact. The first three arguments are SELECTs, run read-only with the caller''s rights, columns by position. edges: customer, agent, value [, load], a row for each pair that may be; agent NULL declares a customer whom nobody may serve; a pair twice: error 21000; value NULL: 22004, NaN or infinite: 22023; an agent who is not in agents: 22023; rows without a customer are skipped and counted in a NOTICE. agents: agent, capacity [, minimum], whole numbers from 0 to 10^12, one row each; minimums that cannot be met: error 22023. current: customer, agent, who serves whom today; pairs without an edge are ignored. stickiness, at least 0, in the unit of the values: added to the edge of the current agent for the decision only, so that nobody changes for less. balance: among the best ways, loads as even in proportion to the capacities as can be. load, a whole number from 1 to 10^9, the same in all rows of a customer: capacities and minimums are in units of load; this is NP-hard, so the assignment is a good one and not always the best, see assign_bound, and a minimum that is missed is a WARNING; all loads together at most 2^53, otherwise error 22003. Keys: integers, uuid, text. Values are counted in integers of up to 2^40 (about 10^12): exact decimals as far as the largest allows, which leaves two decimals up to 10,995,116,277, the rest is rounded; float8 is read as its shortest decimal; beyond 2^40: error 22003. Result, in the order of customers (texts by bytes): every customer; agent and value NULL when not served; gap: how much more the best eligible agent would be worth, NULL when there is none. A NOTICE tells how many are not served, and why. Equal solutions are decided by keys; the order of rows does not matter. Memory beyond work_mem: 12 bytes an edge (28 while reading), 90 a customer and its key, and that of the solver, see the documentation.';

CREATE FUNCTION custseg.assign(customer_key anyelement, agent_key anycompatible, edges text, agents text,
	current text DEFAULT NULL, stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (customer anyelement, agent anycompatible, value numeric, gap numeric)
AS 'MODULE_PATHNAME', 'custseg_assign_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg.assign(anyelement, anycompatible, text, text, text, float8, boolean) IS
'The same with customer and agent in the types of the first two arguments, whose values do not matter: assign(NULL::bigint, NULL::uuid, ''SELECT ...'', ''SELECT ...'').';

CREATE FUNCTION custseg.assign_summary(edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (agent text, load bigint, capacity bigint, shadow_customers bigint, shadow_value numeric, shadow_load bigint)
AS 'MODULE_PATHNAME', 'custseg_assign_summary' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1000;
COMMENT ON FUNCTION custseg.assign_summary(text, text, text, float8, boolean) IS
'The agents of an assignment, in key order; arguments, errors and memory as in assign, which it solves anew. load: customers, or their loads where edges has a load. shadow_customers, shadow_value: what one more slot of this agent would bring, in customers served and in value (stickiness included), exactly; the second alone may be negative when the first is positive. shadow_load: the size of that slot, 1 without loads. With loads the prices are those of the bound, in which customers can be divided.';

CREATE FUNCTION custseg.assign_summary(agent_key anyelement, edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (agent anyelement, load bigint, capacity bigint, shadow_customers bigint, shadow_value numeric, shadow_load bigint)
AS 'MODULE_PATHNAME', 'custseg_assign_summary_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1000;
COMMENT ON FUNCTION custseg.assign_summary(anyelement, text, text, text, float8, boolean) IS
'The same with agent in the type of agent_key, whose value does not matter: assign_summary(NULL::bigint, ''SELECT ...'', ''SELECT ...'').';

CREATE FUNCTION custseg.assign_bound(edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (customers bigint, served bigint, load bigint, value numeric, bound_served bigint, bound_value numeric)
AS 'MODULE_PATHNAME', 'custseg_assign_bound' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1;
COMMENT ON FUNCTION custseg.assign_bound(text, text, text, float8, boolean) IS
'How good an assignment is, in one row; arguments, errors and memory as in assign, which it solves anew. customers: all; served: those with an agent; load, value: what they add up to, stickiness included. bound_served: no assignment serves more customers. bound_value: none that serves as many as this one, or more, is worth more. Without loads both are reached; with loads, where both are reached, the assignment is the best there is.';

CREATE FUNCTION custseg.assign_explain(customer text, edges text, agents text, current text DEFAULT NULL,
	stickiness float8 DEFAULT 0, balance boolean DEFAULT false)
RETURNS TABLE (agent text, value numeric, bonus numeric, shadow_customers bigint, shadow_value numeric, net_value numeric,
	load bigint, capacity bigint, chosen boolean, reason text)
AS 'MODULE_PATHNAME', 'custseg_assign_explain' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 20;
COMMENT ON FUNCTION custseg.assign_explain(text, text, text, text, float8, boolean) IS
'Why a customer got this agent: one row for each eligible agent, best first; other arguments, errors and memory as in assign, which it solves anew. customer: the key as a text; one who is not in edges: error 22023. bonus: the stickiness, for the current agent. shadow_customers, shadow_value: what one more slot of the agent is worth, as in assign_summary. net_value: value + bonus - shadow_value (with loads, for the load of the customer), which decides among agents of equal shadow_customers. reason: in words. No row, and a NOTICE, for a customer without an eligible agent.';

CREATE FUNCTION custseg.assign_next(edges text, loads text, strategy text)
RETURNS TABLE (customer text, agent text, value numeric, reason text)
AS 'MODULE_PATHNAME', 'custseg_assign_next' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 10000 ROWS 1;
COMMENT ON FUNCTION custseg.assign_next(text, text, text) IS
'Gives new customers an agent now, one after the other in key order, without a new assignment of the others. edges: a SELECT of customer, agent [, value [, load]] as in assign; agents who are not in loads are left out. loads: a SELECT of agent, load, capacity [, weight [, last]], one row for each agent who is there: load and capacity whole numbers from 0 to 10^12, weight above 0 (NULL: 1), last when a customer was last given: date, timestamp, timestamptz or integer (NULL: never). strategy: round_robin (longest not served, never served first; then the least loaded), least_loaded (load / capacity; then the highest value), weighted ((load + the new one) / weight; then the highest value), best_value (needs values; then the least loaded); at last the agent''s key. Nobody gets more than the capacity. agent NULL where nobody can: reason says why. An agent twice in loads or a pair twice in edges: error 21000; another strategy, a number out of range: 22023.';

CREATE FUNCTION custseg.assign_next(customer_key anyelement, agent_key anycompatible, edges text, loads text, strategy text)
RETURNS TABLE (customer anyelement, agent anycompatible, value numeric, reason text)
AS 'MODULE_PATHNAME', 'custseg_assign_next_key' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 10000 ROWS 1;
COMMENT ON FUNCTION custseg.assign_next(anyelement, anycompatible, text, text, text) IS
'The same with customer and agent in the types of the first two arguments, whose values do not matter: assign_next(NULL::bigint, NULL::uuid, ''SELECT ...'', ''SELECT ...'', ''best_value'').';
