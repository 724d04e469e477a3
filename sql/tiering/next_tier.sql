-- sql/tiering/next_tier.sql
--
-- The decision which tier a customer is in from a day on.

CREATE FUNCTION custseg.next_tier(policy custseg.tier_policy, current text, since date,
	measures jsonb, overrides jsonb, as_of date, grace_since date DEFAULT NULL,
	OUT tier text, OUT transition text, OUT reason text, OUT missing_next text, OUT missing_keep text,
	OUT tier_since date, OUT in_grace_since date, OUT valid_until date)
RETURNS record
AS 'MODULE_PATHNAME', 'custseg_next_tier_jsonb'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION custseg.next_tier(custseg.tier_policy, text, date, jsonb, jsonb, date, date) IS
'The tier of a customer from the day as_of on, by a policy; reads no table. current and since: the tier now and its first day, NULL for a customer without one; grace_since: when grace began, as the last call returned it. measures: an object with a number or null (unknown: its comparisons do not hold) for every measure of the policy, other keys are ignored; NULL: all unknown. overrides: NULL or an array of {"kind": "pin" | "floor" | "exclude", "tier", "from", "until", "reason", "author"}, in force while from <= as_of < until, a missing bound open, kind alone required, and tier but for exclude; exclude wins over pin, pin over floor, the highest floor over others.
Results: tier (NULL: excluded); transition enter, upgrade, downgrade, renew, exit, grace, keep, none (no tier before and after); reason; missing_next, what is missing for the entry rule of the next higher tier (NULL at the top); missing_keep, what is missing to keep the tier (NULL: nothing); tier_since, in_grace_since: since and grace_since for the next call; valid_until: the first day behind the validity.
Steps, the first that applies decides. 1 Excluded: no tier. 2 Pinned: that tier. 3 No tier yet: the highest tier whose entry rule holds, or the floor if it is higher. 4 Such a tier above the present one: up; with upgrade period_end on the last day of a period, before it keep or renew as in 5, but up to a floor at once. 5 The keep rule holds, or the tier is the lowest or at the floor: keep; when validity has passed, renew: tier_since moves on by as many validities as fit, each counted from since (and on from there, where by a shorter month that term has ended by as_of too). On a day on which downgrades are judged grace ends. 6 Otherwise, in this order: downgrade never: keep; before since + stay or since + validity: keep; not a judging day (check period_end): keep; grace: begins, and the tier stays while as_of < grace_since + grace (transition grace); then down, not below the floor: one step, or to the highest lower tier whose keep (or enter: requalify_by) rule holds, or to the lowest. Where nothing else is said, grace_since stays as it is.
On one day a customer is not moved twice: no downgrade on the day since, and with downgrade to_base no upgrade by rule on the day since. A renewal ends grace.
NULL policy: NULL. 22023: as_of NULL or infinite; current not in the policy; since without current or the reverse; since after as_of; grace_since without current, after as_of or before since; a missing or non-numeric measure; an override with an unknown key, kind or tier, without a tier, with from not before until; two pins to different tiers that overlap on any day. 22003: a measure beyond float8.';

CREATE FUNCTION custseg.next_tier_support(internal) RETURNS internal
AS 'MODULE_PATHNAME', 'custseg_next_tier_support'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.next_tier_support(internal) IS
'Planner support of next_tier: where measures are written as ARRAY[...] of columns, without names, next_tier_columns is called.';

CREATE FUNCTION custseg.next_tier(policy custseg.tier_policy, current text, since date,
	measures anyarray, names text[], overrides jsonb, as_of date, grace_since date DEFAULT NULL,
	OUT tier text, OUT transition text, OUT reason text, OUT missing_next text, OUT missing_keep text,
	OUT tier_since date, OUT in_grace_since date, OUT valid_until date)
RETURNS record
AS 'MODULE_PATHNAME', 'custseg_next_tier_array'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 SUPPORT custseg.next_tier_support;
COMMENT ON FUNCTION custseg.next_tier(custseg.tier_policy, text, date, anyarray, text[], jsonb, date, date) IS
'The same as next_tier with jsonb measures, and faster: measures is an array of double precision, numeric, integer, bigint, smallint or real (a polymorphic argument, so that columns need no cast; a literal or NULL does: ''{5000,3}''::float8[]), names says which measure each element is; NULL names: the elements are tier_policy_measures(policy) in that order, which is the fastest. A NULL element is unknown, infinities are ordinary values. 22023 besides: NaN; an array of another type; arrays of different length or of several dimensions; NULL or equal names; a measure of the policy that is not among names.';

CREATE FUNCTION custseg.next_tier_columns(policy custseg.tier_policy, current text, since date,
	overrides jsonb, as_of date, grace_since date, VARIADIC measures "any",
	OUT tier text, OUT transition text, OUT reason text, OUT missing_next text, OUT missing_keep text,
	OUT tier_since date, OUT in_grace_since date, OUT valid_until date)
RETURNS record
AS 'MODULE_PATHNAME', 'custseg_next_tier_columns'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION custseg.next_tier_columns(custseg.tier_policy, text, date, jsonb, date, date, "any") IS
'What the planner makes of next_tier(policy, current, since, ARRAY[...], NULL, overrides, as_of, grace_since): the measures as arguments of their own, numbers of any type in the order of tier_policy_measures(policy), which spares the array. Results and errors are those of next_tier.';
