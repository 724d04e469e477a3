-- explain_tier: why a customer is in this tier, what is missing for the next one and to keep this one.
--
-- The decision is asked of next_tier, as the run asks it, with the state that the run left. Single rules are asked the
-- same way, by a policy of two tiers.

-- Whether a condition holds for measures, and what is missing.
CREATE FUNCTION custseg._check_rule(condition text, measures jsonb, as_of date, OUT holds boolean, OUT missing text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	policy custseg.tier_policy := jsonb_build_object('tiers', jsonb_build_array(jsonb_build_object('tier', 'no'),
		jsonb_build_object('tier', 'yes', 'enter', condition)))::text;
	decision record;
BEGIN
	SELECT n.tier, n.missing_next INTO decision FROM custseg.next_tier(policy, NULL, NULL, measures, NULL, as_of) AS n;
	holds := decision.tier = 'yes';
	missing := decision.missing_next;
END
$$;
COMMENT ON FUNCTION custseg._check_rule(text, jsonb, date) IS
'Internal: whether a condition of a tier holds for measures, and what is missing, as next_tier says it; NULL: nothing.';

-- What a comparison with the score of a component takes in its measure, by the breaks in use: scores say little to a
-- customer. NULL: the measure is not a score by classes, or no class is enough.
CREATE FUNCTION custseg._score_needs(portfolio text, lang text, p_score text, comparison text, threshold numeric) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	breaks float8[];
	n int;
	class int;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT c.* INTO part FROM component AS c WHERE c.score_name = p_score AND custseg._has_classes(c.method);
	IF part.measure IS NULL THEN
		RETURN NULL;
	END IF;
	breaks := CASE part.method WHEN 'breaks' THEN part.breaks ELSE
		(SELECT m.breaks FROM model AS m WHERE m.name = 'score ' || part.measure ORDER BY m.as_of DESC LIMIT 1) END;
	n := cardinality(breaks);
	-- The lowest class that is enough, counted from 1 for the lowest values; of abc scores 1 is the highest.
	class := CASE
		WHEN threshold NOT BETWEEN 0 AND 10000 THEN NULL
		WHEN part.method = 'abc' AND comparison = '<=' THEN n + 2 - floor(threshold)
		WHEN part.method = 'abc' AND comparison = '<' THEN n + 3 - ceil(threshold)
		WHEN part.method <> 'abc' AND comparison = '>=' THEN ceil(threshold)
		WHEN part.method <> 'abc' AND comparison = '>' THEN floor(threshold) + 1 END;
	IF class IS NULL OR class NOT BETWEEN 2 AND n + 1 THEN
		RETURN NULL;
	END IF;
	RETURN custseg._sentence(lang, CASE WHEN part.descending THEN 'needs at most' ELSE 'needs more than' END,
		jsonb_build_object('measure', custseg._measure_label(lang, part.measure),
			'value', trim_scale(breaks[CASE WHEN part.descending THEN n + 2 - class ELSE class - 1 END]::numeric)::text));
END
$$;
COMMENT ON FUNCTION custseg._score_needs(text, text, text, text, numeric) IS
'Internal: what a threshold of the score of a component means for its measure, in a language; NULL: nothing to say.';

-- Everything about the tier of a customer, looked up once.
CREATE FUNCTION custseg._tier_facts(portfolio text, key text,
	OUT day date, OUT tier text, OUT since date, OUT valid_until date, OUT gone boolean, OUT lowest boolean,
	OUT enter_rule text, OUT enter_holds boolean, OUT enter_missing text,
	OUT keep_rule text, OUT keep_holds boolean, OUT keep_missing text,
	OUT next_tier text, OUT next_rule text, OUT next_holds boolean, OUT next_missing text,
	OUT measures jsonb, OUT policy custseg.tier_policy, OUT transition text, OUT reason text, OUT due text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	state record;
	place record;
	decision record;
	overrides jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.last_as_of INTO STRICT day FROM portfolio AS p;
	policy := custseg._portfolio_policy(portfolio);
	EXECUTE format('
		SELECT c.tier, c.tier_since, c.grace_since, c.valid_until,
			num_nonnulls(c.purchases, c.windows, c.measures, c.segment, c.tier) = 0 AS gone
		FROM customer AS c WHERE c.customer_id = %L', key) INTO state;
	EXECUTE format('SELECT v.measures FROM customer_measures AS v WHERE v.customer_id = %L', key) INTO measures;
	EXECUTE format('
		SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(''kind'', v.kind, ''tier'', v.tier, ''from'', v.valid_from,
			''until'', v.valid_until, ''reason'', v.reason, ''author'', v.author)) ORDER BY v.override_id)
		FROM override AS v WHERE v.customer_id = %L
			-- One that has ended may name a tier that was dropped.
			AND (v.tier IS NULL OR v.tier IN (SELECT t.tier FROM tier AS t))', key) INTO overrides;
	tier := state.tier;
	since := state.tier_since;
	valid_until := state.valid_until;
	gone := state.gone;

	SELECT t.* INTO place FROM custseg.tier_policy_tiers(policy) AS t WHERE t.tier = state.tier;
	IF gone OR state.tier IS NOT NULL AND place.tier IS NULL THEN
		-- Nobody decides about him, or not from a tier that is not declared any more.
		RETURN;
	END IF;
	SELECT n.* INTO decision
	FROM custseg.next_tier(policy, state.tier, state.tier_since, measures, overrides, day, state.grace_since) AS n;
	transition := decision.transition;
	reason := decision.reason;
	IF state.tier IS NULL THEN
		RETURN;
	END IF;
	lowest := place."position" = 1;
	enter_rule := place.enter;
	keep_rule := place.keep;
	SELECT t.tier, t.enter INTO next_tier, next_rule
	FROM custseg.tier_policy_tiers(policy) AS t WHERE t."position" = place."position" + 1;
	IF NOT lowest THEN
		SELECT k.holds, k.missing INTO enter_holds, enter_missing FROM custseg._check_rule(enter_rule, measures, day) AS k;
		SELECT k.holds, k.missing INTO keep_holds, keep_missing FROM custseg._check_rule(keep_rule, measures, day) AS k;
	END IF;
	IF next_tier IS NOT NULL THEN
		SELECT k.holds, k.missing INTO next_holds, next_missing FROM custseg._check_rule(next_rule, measures, day) AS k;
	END IF;
	due := CASE WHEN next_holds AND decision.missing_next LIKE 'nothing, %' THEN decision.missing_next END;
END
$$;
COMMENT ON FUNCTION custseg._tier_facts(text, text) IS
'Internal: the tier of a customer as of the last run, its rules and those of the next, and what next_tier decides about the state that the run left.';

-- The rules as rows: each rule as a whole, and each comparison.
CREATE FUNCTION custseg._tier_rule_rows(portfolio text, facts record, lang text,
	OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text, OUT threshold numeric,
	OUT holds boolean, OUT missing numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF facts.lowest THEN
		RETURN QUERY SELECT 'rule', facts.tier, NULL, NULL, NULL::numeric, NULL, NULL::numeric, true, NULL::numeric,
			custseg._sentence(lang, 'rule base', jsonb_build_object('tier', facts.tier));
	END IF;
	RETURN QUERY
	SELECT 'rule', v.tier, v.rule, v.condition, NULL::numeric, NULL, NULL::numeric, v.holds, NULL::numeric,
		custseg._sentence(lang, format('rule %s %s', v.rule, CASE WHEN v.holds THEN 'holds' ELSE 'fails' END),
			jsonb_build_object('tier', v.tier, 'condition', v.condition))
	FROM (VALUES (facts.tier, 'enter', facts.enter_rule, facts.enter_holds), (facts.tier, 'keep', facts.keep_rule, facts.keep_holds),
		(facts.next_tier, 'enter', facts.next_rule, facts.next_holds)) AS v (tier, rule, condition, holds)
	WHERE v.condition IS NOT NULL;

	RETURN QUERY
	SELECT v.item, v.tier, v.rule, g.measure, g.value, g.comparison, g.threshold, g.holds, g.missing,
		custseg._sentence(lang,
			CASE WHEN g.value IS NULL THEN 'comparison unknown' WHEN g.holds THEN 'comparison holds'
				WHEN n.needs IS NULL THEN 'comparison fails' ELSE 'comparison needs' END,
			jsonb_build_object('measure', custseg._measure_label(lang, g.measure), 'value', custseg._plain_number(g.value),
				'comparison', g.comparison, 'threshold', trim_scale(g.threshold)::text, 'missing', trim_scale(g.missing)::text,
				'needs', n.needs))
	FROM (VALUES ('missing keep', facts.tier, 'keep', facts.lowest), ('missing next', facts.next_tier, 'enter', facts.next_tier IS NULL))
		AS v (item, tier, rule, absent)
	CROSS JOIN LATERAL custseg.tier_gap(facts.policy, v.tier, facts.measures) AS g
	CROSS JOIN LATERAL (SELECT custseg._score_needs(portfolio, lang, g.measure, g.comparison, g.threshold)) AS n (needs)
	WHERE NOT v.absent AND g.rule = v.rule;

	RETURN QUERY
	SELECT v.item, v.tier, v.rule, NULL, NULL::numeric, NULL, NULL::numeric, v.holds, NULL::numeric,
		custseg._sentence(lang, v.item || CASE WHEN v.holds THEN ' none' ELSE '' END,
			jsonb_build_object('tier', v.tier, 'missing', custseg._missing_sentence(lang, v.missing)))
	FROM (VALUES ('missing keep', facts.tier, 'keep', facts.keep_holds, facts.keep_missing),
		('missing next', facts.next_tier, 'enter', facts.next_holds, facts.next_missing)) AS v (item, tier, rule, holds, missing)
	WHERE v.holds IS NOT NULL;
END
$$;
COMMENT ON FUNCTION custseg._tier_rule_rows(text, record, text) IS
'Internal: the rules of the tier and of the next one as rows of explain_tier, from the facts of _tier_facts.';

-- Measures, then scores, that components and rules of tiers use.
CREATE FUNCTION custseg._measure_rows(portfolio text, facts record, lang text,
	OUT item text, OUT name text, OUT value numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT v.item, v.name, v.value, custseg._sentence(lang, CASE WHEN v.value IS NULL THEN 'value unknown' ELSE 'value' END,
		jsonb_build_object('measure', custseg._measure_label(lang, v.name), 'value', custseg._plain_number(v.value)))
	FROM (
		SELECT CASE WHEN u.name IN ('r', 'f', 'm', 'score') OR c.measure IS NOT NULL THEN 'score' ELSE 'measure' END AS item,
			u.name, (facts.measures ->> u.name)::numeric AS value, c.position
		FROM (
			SELECT unnest(custseg.tier_policy_measures(facts.policy)) AS name
			UNION SELECT p.measure FROM component AS p
			UNION SELECT p.score_name FROM component AS p
			UNION SELECT 'score'
		) AS u
		LEFT JOIN component AS c ON c.score_name = u.name
		WHERE facts.measures ? u.name
	) AS v
	ORDER BY v.item, v.name = 'score', v.position, v.name;
END
$$;
COMMENT ON FUNCTION custseg._measure_rows(text, record, text) IS
'Internal: the measures and scores of a customer as rows of explain_tier.';

-- Overrides of a customer that are in force or yet to come.
CREATE FUNCTION custseg._override_rows(portfolio text, key text, day date, lang text,
	OUT kind text, OUT tier text, OUT since date, OUT until date, OUT holds boolean, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY EXECUTE format('
		SELECT o.kind, o.tier, o.valid_from, o.valid_until, coalesce(o.valid_from <= $1, true),
			custseg._sentence($2, ''override '' || o.kind, jsonb_build_object(''tier'', o.tier, ''author'', o.author,
				''note'', o.reason, ''period'', custseg._period_phrase($2, o.valid_from, o.valid_until)))
		FROM override AS o
		WHERE o.customer_id = %L AND (o.valid_until IS NULL OR o.valid_until > $1)
		ORDER BY o.valid_from NULLS FIRST, o.override_id', key)
	USING day, lang;
END
$$;
COMMENT ON FUNCTION custseg._override_rows(text, text, date, text) IS
'Internal: the overrides of a customer that are in force on a day, or later, each with its sentence.';

CREATE FUNCTION custseg._history_rows(portfolio text, key text, lang text,
	OUT day date, OUT transition text, OUT from_tier text, OUT tier text, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY EXECUTE format('
		SELECT t.as_of, t.transition, t.from_tier, t.tier, custseg._sentence($1, ''history '' || t.transition,
			jsonb_build_object(''since'', t.as_of::text, ''from'', t.from_tier, ''tier'', t.tier,
				''reason'', custseg._reason_sentence($1, t.reason)))
		FROM tier_transition AS t WHERE t.customer_id = %L ORDER BY t.as_of', key)
	USING lang;
END
$$;
COMMENT ON FUNCTION custseg._history_rows(text, text, text) IS
'Internal: the transitions of a customer, each with its sentence.';

-- The scores that are missing for a rule, in the measures behind them.
CREATE FUNCTION custseg._needs_sentence(portfolio text, lang text, facts record, tier text, rule text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	scores text;
BEGIN
	IF tier IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT string_agg(custseg._sentence(lang, 'needs score', jsonb_build_object('score', n.label, 'value', n.threshold, 'needs', n.needs)),
		custseg._template(lang, 'join and') ORDER BY n.place)
	INTO scores
	FROM (
		SELECT min(g.place) AS place, custseg._measure_label(lang, g.measure) AS label, trim_scale(g.threshold)::text AS threshold,
			custseg._score_needs(portfolio, lang, g.measure, g.comparison, g.threshold) AS needs
		FROM custseg.tier_gap(facts.policy, tier, facts.measures)
			WITH ORDINALITY AS g (rule, condition, measure, value, comparison, threshold, holds, missing, place)
		WHERE g.rule = _needs_sentence.rule AND g.holds IS NOT TRUE
		GROUP BY 2, 3, 4
	) AS n
	WHERE n.needs IS NOT NULL;
	RETURN CASE WHEN scores IS NOT NULL THEN custseg._sentence(lang, 'summary needs', jsonb_build_object('scores', scores)) END;
END
$$;
COMMENT ON FUNCTION custseg._needs_sentence(text, text, record, text, text) IS
'Internal: what the scores that are missing for a rule take, in a language; NULL: none are.';

-- What the customer himself could be told. Reasons and authors of overrides are not among it.
CREATE FUNCTION custseg._tier_summary(portfolio text, key text, facts record, lang text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	step record;
	pin record;
	floor record;
	due_day text := substring(facts.due FROM '^nothing, due at (\d{4,}-\d\d-\d\d.*)$');
	parts text[] := '{}';
BEGIN
	SELECT s.code, s.parts ->> 'until' AS until INTO step FROM custseg._policy_step(facts.reason) AS s;
	SELECT o.* INTO pin FROM custseg._override_rows(portfolio, key, facts.day, lang) AS o
	WHERE o.holds AND o.kind = 'pin' LIMIT 1;
	SELECT o.* INTO floor FROM custseg._override_rows(portfolio, key, facts.day, lang) AS o
	WHERE o.holds AND o.kind = 'floor' AND o.tier = facts.tier ORDER BY o.until DESC NULLS FIRST LIMIT 1;
	IF facts.tier IS NULL THEN
		RETURN custseg._sentence(lang, CASE
			WHEN facts.gone THEN 'summary gone'
			WHEN EXISTS (SELECT FROM custseg._override_rows(portfolio, key, facts.day, lang) AS o WHERE o.holds AND o.kind = 'exclude')
				THEN 'summary excluded'
			ELSE 'summary none' END, '{}');
	END IF;

	parts := parts || custseg._sentence(lang, 'summary tier', jsonb_build_object('tier', facts.tier, 'since', facts.since::text));
	parts := parts || CASE
		WHEN pin.kind IS NOT NULL AND pin.tier = facts.tier THEN custseg._sentence(lang, 'summary pinned',
			jsonb_build_object('period', custseg._period_phrase(lang, NULL, pin.until)))
		WHEN floor.kind IS NOT NULL THEN custseg._sentence(lang, 'summary floor',
			jsonb_build_object('tier', floor.tier, 'period', custseg._period_phrase(lang, NULL, floor.until))) END;
	parts := parts || CASE
		WHEN facts.next_tier IS NULL AND facts.lowest IS NOT NULL THEN custseg._sentence(lang, 'summary top', '{}')
		WHEN facts.next_holds THEN custseg._sentence(lang,
			CASE WHEN due_day IS NOT NULL THEN 'summary due day' WHEN facts.due LIKE '%pinned' THEN 'summary due pinned'
				ELSE 'summary due' END, jsonb_build_object('tier', facts.next_tier, 'until', due_day))
		WHEN facts.next_tier IS NOT NULL THEN custseg._sentence(lang, 'summary next',
			jsonb_build_object('tier', facts.next_tier, 'missing', custseg._missing_sentence(lang, facts.next_missing))) END;
	IF NOT facts.next_holds THEN
		parts := parts || custseg._needs_sentence(portfolio, lang, facts, facts.next_tier, 'enter');
	END IF;
	IF pin.kind IS NULL AND facts.keep_holds IS NOT NULL THEN
		parts := parts || custseg._sentence(lang, CASE WHEN facts.keep_holds THEN 'summary keep' ELSE 'summary keep missing' END,
			jsonb_build_object('tier', facts.tier, 'missing', custseg._missing_sentence(lang, facts.keep_missing)));
		IF NOT facts.keep_holds THEN
			parts := parts || custseg._needs_sentence(portfolio, lang, facts, facts.tier, 'keep');
		END IF;
		parts := parts || CASE
			WHEN step.code IN ('stay', 'validity') THEN custseg._sentence(lang, 'summary stay', jsonb_build_object('until', step.until))
			WHEN step.code = 'grace' THEN custseg._sentence(lang, 'summary grace', jsonb_build_object('until', step.until))
			WHEN step.code = 'judged later' THEN custseg._sentence(lang, 'summary judged', jsonb_build_object('until', step.until)) END;
	END IF;
	parts := parts || CASE WHEN facts.valid_until IS NOT NULL THEN
		custseg._sentence(lang, 'summary valid', jsonb_build_object('until', facts.valid_until::text)) END;
	RETURN array_to_string(parts, custseg._template(lang, 'join sentences'));
END
$$;
COMMENT ON FUNCTION custseg._tier_summary(text, text, record, text) IS
'Internal: the tier of a customer in plain sentences for himself.';

CREATE FUNCTION custseg._explain_tier(portfolio text, customer text, language text,
	OUT step int, OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text,
	OUT threshold numeric, OUT holds boolean, OUT missing numeric, OUT day date, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lang text := custseg._explain_language(portfolio, language);
	key text := custseg._current_customer(portfolio, customer);
	facts record;
	state record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT f.* INTO facts FROM custseg._tier_facts(portfolio, key) AS f;
	EXECUTE format('SELECT c.r, c.f, c.m, c.segment, c.segment_since FROM customer AS c WHERE c.customer_id = %L', key) INTO state;

	RETURN QUERY
	SELECT (row_number() OVER (ORDER BY e.part, e.place))::int, e.item, e.tier, e.rule, e.name, e.value, e.comparison,
		e.threshold, e.holds, e.missing, e.day, e.sentence
	FROM (
		SELECT 1 AS part, row_number() OVER () AS place, m.item, NULL AS tier, NULL AS rule, m.name, m.value, NULL AS comparison,
			NULL::numeric AS threshold, NULL::boolean AS holds, NULL::numeric AS missing, NULL::date AS day, m.sentence
		FROM custseg._measure_rows(portfolio, facts, lang) AS m
		UNION ALL
		SELECT 2, 1, 'segment', NULL, NULL, state.segment, NULL, NULL, NULL, NULL, NULL, state.segment_since,
			custseg._segment_sentence(portfolio, lang, state.r, state.f, state.m, state.segment)
		UNION ALL
		SELECT 3, row_number() OVER (), r.item, r.tier, r.rule, r.name, r.value, r.comparison, r.threshold, r.holds, r.missing,
			NULL, r.sentence
		FROM custseg._tier_rule_rows(portfolio, facts, lang) AS r
		UNION ALL
		SELECT 4, row_number() OVER (), 'override', o.tier, NULL, o.kind, NULL, NULL, NULL, o.holds, NULL, o.until, o.sentence
		FROM custseg._override_rows(portfolio, key, facts.day, lang) AS o
		UNION ALL
		SELECT 5, 1, 'policy', facts.tier, NULL, facts.transition, NULL, NULL, NULL, NULL, NULL,
			CASE WHEN s.parts ->> 'until' ~ '^[0-9]{4,}-[0-9]{2}-[0-9]{2}$' THEN (s.parts ->> 'until')::date END,
			custseg._reason_sentence(lang, facts.reason)
		FROM custseg._policy_step(facts.reason) AS s
		WHERE facts.reason IS NOT NULL
		UNION ALL
		SELECT 6, row_number() OVER (), s.item, NULL, NULL, s.name, s.value, NULL, NULL, NULL, NULL, s.since, s.sentence
		FROM custseg._served_sentences(portfolio, key, lang) AS s
		UNION ALL
		SELECT 7, row_number() OVER (), 'history', h.tier, NULL, h.transition, NULL, NULL, NULL, NULL, NULL, h.day, h.sentence
		FROM custseg._history_rows(portfolio, key, lang) AS h
		UNION ALL
		SELECT 8, 1, 'summary', facts.tier, NULL, NULL, NULL, NULL, NULL, NULL, NULL, facts.since,
			custseg._tier_summary(portfolio, key, facts, lang)
	) AS e
	ORDER BY e.part, e.place;
END
$$;
COMMENT ON FUNCTION custseg._explain_tier(text, text, text) IS
'Internal: what explain_tier does.';

CREATE FUNCTION custseg.explain_tier(portfolio text, customer text, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text,
	OUT threshold numeric, OUT holds boolean, OUT missing numeric, OUT day date, OUT sentence text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_reader' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 100000 ROWS 20;
COMMENT ON FUNCTION custseg.explain_tier(text, text, text) IS
'Why a customer is in this tier, as of the last run; steps from measures to what a customer could be told. item: measure and score, with their values; segment; rule: the rules to enter and to keep the tier and to enter the next, and whether they hold; missing keep and missing next: each comparison of the rule to keep the tier and to enter the next, as tier_gap has it (missing: the distance to threshold, to be passed where comparison is > or <), and a row with all of it in words; override: in force or to come, until day; policy: what next_tier decides about the state now (kept by grace, pinned, ...), name being its transition; allocation and agent where there are such; history: the transitions; summary, the last row: plain sentences for the customer himself. language: of the sentences, see custseg.sentence; NULL: the setting language. The caller must be able to read the view current_customers. 42704: no such portfolio or customer, or he was merged into another; 42501: not a reader; 22023: no such language, not a customer''s type; 22004: NULL.';

CREATE FUNCTION custseg.explain_tier(portfolio text, customer bigint, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text,
	OUT threshold numeric, OUT holds boolean, OUT missing numeric, OUT day date, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 20
BEGIN ATOMIC
	SELECT * FROM custseg.explain_tier(portfolio, customer::text, language);
END;
COMMENT ON FUNCTION custseg.explain_tier(text, bigint, text) IS
'The same as explain_tier(portfolio, customer::text, language).';

CREATE FUNCTION custseg.explain_tier(portfolio text, customer uuid, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text,
	OUT threshold numeric, OUT holds boolean, OUT missing numeric, OUT day date, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 20
BEGIN ATOMIC
	SELECT * FROM custseg.explain_tier(portfolio, customer::text, language);
END;
COMMENT ON FUNCTION custseg.explain_tier(text, uuid, text) IS
'The same as explain_tier(portfolio, customer::text, language).';
