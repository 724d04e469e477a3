-- sql/tiering/tier_policy.sql
--
-- The type tier_policy: when a customer may move between tiers.

CREATE TYPE custseg.tier_policy;

CREATE FUNCTION custseg.tier_policy_in(cstring) RETURNS custseg.tier_policy
AS 'MODULE_PATHNAME', 'custseg_tier_policy_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.tier_policy_in(cstring) IS
'Input of tier_policy: JSON with the keys version, tiers, upgrade, downgrade, check, period, stay, grace, validity, requalify_by, window. 22P02 when it is not a policy (of a condition with tier, rule and character), 22023 when a tier can be entered and not kept, a rule can never hold, or a tier is hidden behind a higher one, 54000 beyond 10,000 bytes or 100 levels of a condition, and for rules too complex to check.';

CREATE FUNCTION custseg.tier_policy_out(custseg.tier_policy) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_tier_policy_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.tier_policy_out(custseg.tier_policy) IS
'Output of tier_policy as JSON, in canonical form: the same order of keys, defaults left out, conditions written in one way.';

CREATE FUNCTION custseg.tier_policy_recv(internal) RETURNS custseg.tier_policy
AS 'MODULE_PATHNAME', 'custseg_tier_policy_recv'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.tier_policy_recv(internal) IS
'Binary input of tier_policy. 22P03 when it is not valid; 22023 and 54000 as in text input.';

CREATE FUNCTION custseg.tier_policy_send(custseg.tier_policy) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_tier_policy_send'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.tier_policy_send(custseg.tier_policy) IS
'Binary output of tier_policy.';

CREATE TYPE custseg.tier_policy
(
	INPUT = custseg.tier_policy_in,
	OUTPUT = custseg.tier_policy_out,
	RECEIVE = custseg.tier_policy_recv,
	SEND = custseg.tier_policy_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE custseg.tier_policy IS
'When a customer may move between tiers. Text form: {"tiers": [{"tier": "regular"}, {"tier": "vip", "enter": "spend >= 5000 and frequency >= 3", "keep": "spend >= 4000"}], "stay": "6 months"}, tiers from the lowest (without rules) to the highest, 1 to 100. Further keys, at the top: upgrade each_run (default) or period_end; downgrade never, one_step (default), requalify or to_base; check each_run (default) or period_end, when downgrades are judged; period month (default), quarter, half or year; requalify_by keep (default) or enter; window, for information. stay, grace and validity, at the top or for one tier, are PostgreSQL intervals in whole days, months and years; 0 days is the same as none, and so switches off for a tier what is set at the top. keep is enter where it is not given. A condition compares measures with numbers by >=, >, <=, <, =, <>, between ... and ..., combined by and, or, parentheses, any [N] of (..., ...), all of (..., ...); a measure with other characters than letters, digits and _ is written in double quotes. Applied by next_tier.';

CREATE FUNCTION custseg.tier_policy_to_jsonb(policy custseg.tier_policy) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_tier_policy_to_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.tier_policy_to_jsonb(custseg.tier_policy) IS
'The text form of a tier_policy as jsonb; what policy::jsonb calls.';

CREATE CAST (custseg.tier_policy AS jsonb)
	WITH FUNCTION custseg.tier_policy_to_jsonb(custseg.tier_policy);
COMMENT ON CAST (custseg.tier_policy AS jsonb) IS 'The text form of the policy as jsonb.';

CREATE FUNCTION custseg.tier_policy_template(name text) RETURNS custseg.tier_policy
AS 'MODULE_PATHNAME', 'custseg_tier_policy_template'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.tier_policy_template(text) IS
'A policy that ships: vip_regular_potential (on spend_score, frequency_score and loyalty_score, classes 1 to 5 with 5 best), abc (on abc_class, 1 for A, 2 for B, 3 for C), high_medium_low (on score, 1 to 5), quick_start (on frequency_score and spend_score, 1 to 5). Scores, not amounts, so that they hold in every currency. 22023: no such template.';

CREATE FUNCTION custseg.tier_policy_measures(policy custseg.tier_policy) RETURNS text[]
AS 'MODULE_PATHNAME', 'custseg_tier_policy_measures'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.tier_policy_measures(custseg.tier_policy) IS
'The measures that the conditions use, in the order of their first appearance, from the lowest tier to the highest, enter before keep: the order in which next_tier takes an array without names.';

CREATE FUNCTION custseg.tier_policy_tiers(policy custseg.tier_policy,
	OUT "position" int, OUT tier text, OUT enter text, OUT keep text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_tier_policy_tiers'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION custseg.tier_policy_tiers(custseg.tier_policy) IS
'The tiers of a policy from the lowest (position 1), with their conditions in canonical text: enter to come in, keep to stay, which is enter where the policy has no other. Both are NULL for the lowest tier.';

CREATE FUNCTION custseg.tier_gap(policy custseg.tier_policy, tier text, measures jsonb,
	OUT rule text, OUT condition text, OUT measure text, OUT value numeric,
	OUT comparison text, OUT threshold numeric, OUT holds boolean, OUT missing numeric)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_tier_gap'
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION custseg.tier_gap(custseg.tier_policy, text, jsonb) IS
'How far measures are from the rules of a tier: a row for each comparison in its rules enter and keep, in their order. condition is the whole rule, comparison one of >=, >, <=, <, =, <> (between makes two rows), value the measure (NULL: unknown), missing the distance from value to threshold where the comparison does not hold, 0 where it holds, NULL where the value is unknown. The lowest tier has no rows; NULL measures are all unknown. 22023: no such tier, a measure of the policy that is not among the keys, or is not a number or null.';

CREATE FUNCTION custseg.measure_window("window" text, as_of date, enrolled date DEFAULT NULL) RETURNS daterange
AS 'MODULE_PATHNAME', 'custseg_measure_window'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.measure_window(text, date, date) IS
'The days that a measure is computed over, up to as_of included: [from, as_of + 1). window is ''lifetime'' (no first day), ''rolling N months'' (from as_of + 1 day - N months, N from 1 to 12000), ''month'', ''quarter'', ''half'' or ''year'' (from the start of the calendar period that holds as_of), ''anniversary'' (from the latest anniversary of enrolled that is not after as_of; that of 29 February is the 28th in other years). NULL window or as_of: NULL. 22023: another window, an infinite day, no enrolled for an anniversary or one after as_of.';
