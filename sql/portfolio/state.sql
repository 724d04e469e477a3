-- What each customer is to be: from stage_customer and the state before to stage_state, and from there to the tables.
-- Only what differs is written.

-- The policy that the tiers and settings of a portfolio make.
CREATE FUNCTION custseg._portfolio_policy(portfolio text) RETURNS custseg.tier_policy
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	settings jsonb;
	tiers jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('tier', t.tier, 'enter', t.enter, 'keep', t.keep,
		'stay', t.stay, 'grace', t.grace, 'validity', t.validity)) ORDER BY t.position)
	INTO tiers FROM tier AS t;
	SELECT jsonb_object_agg(o.name, custseg._option(portfolio, o.name)) INTO settings
	FROM custseg.portfolio_options() AS o
	WHERE o.name IN ('upgrade', 'downgrade', 'check', 'period', 'stay', 'grace', 'validity', 'requalify_by')
		AND custseg._option(portfolio, o.name) <> '';
	RETURN (settings || jsonb_build_object('tiers', tiers))::text::custseg.tier_policy;
END
$$;
COMMENT ON FUNCTION custseg._portfolio_policy(text) IS
'Internal: the tier_policy of a portfolio. 22P02, 22023: its tiers are not a policy.';

-- The SQL of the total score over alias c with the components' scores k1, k2, ...; NULL without components.
CREATE FUNCTION custseg._score_expression(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (
		SELECT CASE WHEN sum(c.weight) > 0 THEN format('custseg.weighted_score(ARRAY[%s], %L::float8[], %L)',
			string_agg(format('c.k%s', c.position), ', ' ORDER BY c.position), array_agg(c.weight ORDER BY c.position),
			custseg._option(portfolio, 'missing'))
			ELSE 'NULL::float8' END
		FROM component AS c);
END
$$;
COMMENT ON FUNCTION custseg._score_expression(text) IS
'Internal: the SQL of the total score over the alias c that has the scores of the components.';

-- The state with its scores, as it stands in FROM under the alias c: what measures are computed over. Only what is read
-- is computed.
CREATE FUNCTION custseg._scored_customers(portfolio text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN format('(SELECT c.*, %s AS score FROM (SELECT c.*%s FROM customer AS c) AS c) AS c',
		custseg._score_expression(portfolio), custseg._component_scores(portfolio, as_of));
END
$$;
COMMENT ON FUNCTION custseg._scored_customers(text, text) IS
'Internal: what stands in FROM for the customers of a portfolio with the scores of the components and the total score, alias c.';

-- The SQL of r, f, m over alias c with purchases, from the models in use; NULL where the segmentation has no such axis.
CREATE FUNCTION custseg._axis_expression(portfolio text, axis text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	used boolean;
	measure text := CASE axis WHEN 'r' THEN 'recency' WHEN 'f' THEN 'frequency' ELSE 'spend' END;
BEGIN
	SELECT CASE axis WHEN 'r' THEN s.r_classes WHEN 'f' THEN s.f_classes ELSE s.m_classes END IS NOT NULL INTO used
	FROM custseg.segmentation AS s WHERE s.name = custseg._option(portfolio, 'segmentation');
	IF used IS NOT TRUE THEN
		RETURN 'NULL::smallint';
	END IF;
	-- A customer with refunds only was never recent: class 1, as in rfm().
	RETURN format('CASE WHEN c.purchases IS NOT NULL THEN coalesce(custseg.score(%s, %s, %L::boolean), 1) END::smallint',
		custseg._uncast(custseg._measure_expression(portfolio, measure, as_of)), custseg._model_expression(portfolio, 'breaks', axis),
		axis = 'r');
END
$$;
COMMENT ON FUNCTION custseg._axis_expression(text, text, text) IS
'Internal: the SQL of r, f or m over the alias c.';

CREATE FUNCTION custseg._stage_state(portfolio text, as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day text := format('%L::date', as_of);
	policy custseg.tier_policy := custseg._portfolio_policy(portfolio);
	segmentation text := custseg._option(portfolio, 'segmentation');
	classes text;
	measures text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- The place of a component that was dropped stays empty.
	SELECT format('ARRAY[%s]::smallint[]', string_agg(
			CASE WHEN custseg._has_classes(c.method) THEN format('c.k%s', c.position) ELSE 'NULL' END, ', ' ORDER BY g.position))
	INTO classes
	FROM generate_series(1, (SELECT max(k.position) FROM component AS k)) AS g (position)
	LEFT JOIN component AS c ON c.position = g.position;
	SELECT string_agg(custseg._measure_expression(portfolio, m.measure, day), ', ' ORDER BY m.place) INTO measures
	FROM unnest(custseg.tier_policy_measures(policy)) WITH ORDINALITY AS m (measure, place);

	PERFORM custseg._clear_stage(portfolio, 'stage_state');
	-- OFFSET 0 keeps the levels apart: each expression is computed once.
	EXECUTE format('
		INSERT INTO stage_state
		SELECT c.customer_id, c.known,
			NOT c.known OR custseg.purchases_eq(c.purchases, c.was_purchases) IS NOT TRUE AND num_nonnulls(c.purchases, c.was_purchases) > 0
				OR (c.windows, c.measures, c.r, c.f, c.m, c.segment, c.classes, (c.n).tier, (c.n).tier_since, (c.n).in_grace_since, (c.n).valid_until)
				IS DISTINCT FROM (c.was_windows, c.was_measures, c.was_r, c.was_f, c.was_m, c.was_segment, c.was_classes, c.was_tier,
					c.was_tier_since, c.was_grace_since, c.was_valid_until),
			c.purchases, c.windows, c.measures, c.r, c.f, c.m, c.was_segment, c.segment, c.classes, c.was_tier, (c.n).tier,
			CASE WHEN (c.n).transition = ''none'' AND c.was_tier IS NOT NULL THEN ''exit'' ELSE (c.n).transition END,
			CASE WHEN c.was_tier <> ALL (%9$L) THEN format(''tier %%s is no more; '', c.was_tier) ELSE '''' END || (c.n).reason,
			(c.n).tier_since, (c.n).in_grace_since, (c.n).valid_until,
			((c.n).tier, (c.n).tier_since, (c.n).in_grace_since, (c.n).valid_until)
				IS DISTINCT FROM (c.was_tier, c.was_tier_since, c.was_grace_since, c.was_valid_until)
		FROM (
			SELECT c.*, custseg.next_tier(%8$L::custseg.tier_policy,
				CASE WHEN c.was_tier = ANY (%9$L) THEN c.was_tier END, CASE WHEN c.was_tier = ANY (%9$L) THEN c.was_tier_since END,
				ARRAY[%10$s]::float8[], NULL, c.overrides, %11$s, CASE WHEN c.was_tier = ANY (%9$L) THEN c.was_grace_since END) AS n
			FROM (
				SELECT c.*, %1$s AS score, %2$s AS segment, %3$s AS classes
				FROM (
					SELECT c.*%7$s
					FROM (
						SELECT c.*, w.customer_id IS NOT NULL AS known, w.purchases AS was_purchases, w.windows AS was_windows,
							w.measures AS was_measures, w.r AS was_r, w.f AS was_f, w.m AS was_m, w.segment AS was_segment,
							w.classes AS was_classes, w.tier AS was_tier, w.tier_since AS was_tier_since, w.grace_since AS was_grace_since,
							w.valid_until AS was_valid_until, o.overrides, %4$s AS r, %5$s AS f, %6$s AS m
						FROM stage_customer AS c
						LEFT JOIN customer AS w ON w.customer_id = c.customer_id
						LEFT JOIN (
							SELECT v.customer_id, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(''kind'', v.kind, ''tier'', v.tier,
								''from'', v.valid_from, ''until'', v.valid_until, ''reason'', v.reason, ''author'', v.author))
								ORDER BY v.override_id) AS overrides
							FROM override AS v
							-- One that has ended may name a tier that was dropped.
							WHERE v.tier IS NULL OR v.tier = ANY (%9$L)
							GROUP BY v.customer_id
						) AS o ON o.customer_id = c.customer_id
						OFFSET 0
					) AS c
					OFFSET 0
				) AS c
				OFFSET 0
			) AS c
			OFFSET 0
		) AS c',
		custseg._score_expression(portfolio),
		CASE WHEN segmentation = 'none' THEN 'NULL::text'
			ELSE format('custseg.segment(%L::custseg.segment_model, c.r, c.f, c.m)', custseg.segmentation_model(segmentation)) END,
		coalesce(classes, 'NULL::smallint[]'),
		custseg._axis_expression(portfolio, 'r', day), custseg._axis_expression(portfolio, 'f', day),
		custseg._axis_expression(portfolio, 'm', day), custseg._component_scores(portfolio, day),
		policy, (SELECT array_agg(t.tier) FROM tier AS t), measures, day);

	INSERT INTO stage_state (customer_id, known, changed, from_segment, from_tier, transition, reason, state_change)
	SELECT c.customer_id, true, true, c.segment, c.tier, 'exit',
		CASE WHEN a.to_id IS NULL THEN 'no longer in the sources' ELSE format('merged into %s', a.to_id) END, c.tier IS NOT NULL
	FROM customer AS c LEFT JOIN customer_alias AS a ON a.from_id = c.customer_id
	WHERE NOT EXISTS (SELECT FROM stage_customer AS s WHERE s.customer_id = c.customer_id)
		AND num_nonnulls(c.purchases, c.windows, c.measures, c.segment, c.tier) > 0;
END
$$;
COMMENT ON FUNCTION custseg._stage_state(text, date) IS
'Internal: computes what each customer is to be, from stage_customer and the state before.';

CREATE FUNCTION custseg._write_state(portfolio text, as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date := as_of;
	n_updated bigint;
	n_inserted bigint;
	n_transitions bigint;
	n_ended bigint;
	n_begun bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- A first run has nothing to change, and is spared the joins that would find that out.
	SELECT count(*) FILTER (WHERE s.changed AND s.known),
		count(*) FILTER (WHERE s.changed AND (s.from_tier IS DISTINCT FROM s.tier AND s.from_tier IS NOT NULL
			OR s.from_segment IS DISTINCT FROM s.segment AND s.from_segment IS NOT NULL))
	INTO n_updated, n_ended FROM stage_state AS s;

	IF n_updated > 0 THEN
		UPDATE customer AS c
		SET purchases = s.purchases, windows = s.windows, measures = s.measures, r = s.r, f = s.f, m = s.m,
			segment_since = CASE WHEN s.segment IS NOT DISTINCT FROM c.segment THEN c.segment_since WHEN s.segment IS NOT NULL THEN day END,
			segment = s.segment, classes = s.classes, tier = s.tier, tier_since = s.tier_since, grace_since = s.grace_since,
			valid_until = s.valid_until, reason = CASE WHEN s.state_change THEN s.reason ELSE c.reason END
		FROM stage_state AS s
		WHERE s.changed AND s.known AND c.customer_id = s.customer_id;
	END IF;

	INSERT INTO customer (customer_id, purchases, windows, measures, r, f, m, segment, segment_since, classes, tier, tier_since,
		grace_since, valid_until, reason, entered)
	SELECT s.customer_id, s.purchases, s.windows, s.measures, s.r, s.f, s.m, s.segment, CASE WHEN s.segment IS NOT NULL THEN day END,
		s.classes, s.tier, s.tier_since, s.grace_since, s.valid_until, CASE WHEN s.state_change THEN s.reason END, day
	FROM stage_state AS s WHERE NOT s.known;
	GET DIAGNOSTICS n_inserted = ROW_COUNT;

	INSERT INTO tier_transition (customer_id, as_of, transition, from_tier, tier, tier_since, grace_since, valid_until, reason)
	SELECT s.customer_id, day, s.transition, s.from_tier, s.tier, s.tier_since, s.grace_since, s.valid_until, s.reason
	FROM stage_state AS s WHERE s.state_change;
	GET DIAGNOSTICS n_transitions = ROW_COUNT;

	IF n_ended > 0 THEN
		UPDATE membership AS h SET until = day
		FROM stage_state AS s
		CROSS JOIN LATERAL (VALUES ('tier', s.from_tier, s.tier), ('segment', s.from_segment, s.segment)) AS v (dimension, was, now)
		WHERE s.changed AND v.was IS DISTINCT FROM v.now AND v.was IS NOT NULL
			AND h.customer_id = s.customer_id AND h.dimension = v.dimension AND h.until IS NULL;
		GET DIAGNOSTICS n_ended = ROW_COUNT;
	END IF;

	INSERT INTO membership (customer_id, dimension, class, since, reason)
	SELECT s.customer_id, v.dimension, v.now, day, v.reason
	FROM stage_state AS s
	-- In the order of the index.
	CROSS JOIN LATERAL (VALUES ('segment', s.from_segment, s.segment, concat_ws('-', s.r, s.f, s.m)),
		('tier', s.from_tier, s.tier, s.reason)) AS v (dimension, was, now, reason)
	WHERE s.changed AND v.was IS DISTINCT FROM v.now AND v.now IS NOT NULL;
	GET DIAGNOSTICS n_begun = ROW_COUNT;

	PERFORM custseg._count_classes(portfolio, as_of);

	RETURN jsonb_build_object('customers_updated', n_updated, 'customers_new', n_inserted, 'tier_transitions', n_transitions,
		'memberships_ended', n_ended, 'memberships_begun', n_begun);
END
$$;
COMMENT ON FUNCTION custseg._write_state(text, date) IS
'Internal: writes what stage_state says, where it differs; returns how many rows.';

-- Back to the state before a day, so that the day can be run again.
CREATE FUNCTION custseg._undo(portfolio text, p_from date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	DELETE FROM customer AS c WHERE c.entered >= p_from;
	WITH undone AS (
		DELETE FROM tier_transition AS t WHERE t.as_of >= p_from RETURNING t.customer_id
	)
	UPDATE customer AS c
	SET tier = l.tier, tier_since = l.tier_since, grace_since = l.grace_since, valid_until = l.valid_until,
		reason = l.reason
	FROM (SELECT DISTINCT u.customer_id FROM undone AS u) AS u
	LEFT JOIN LATERAL (
		SELECT t.* FROM tier_transition AS t WHERE t.customer_id = u.customer_id AND t.as_of < p_from
		ORDER BY t.as_of DESC LIMIT 1
	) AS l ON true
	WHERE c.customer_id = u.customer_id;

	-- The segment is that of the interval that is open on the day before.
	UPDATE customer AS c SET segment = h.class, segment_since = h.since
	FROM (
		SELECT u.customer_id, b.class, b.since
		FROM (SELECT DISTINCT h.customer_id FROM membership AS h
			WHERE h.dimension = 'segment' AND (h.since >= p_from OR h.until >= p_from)) AS u
		LEFT JOIN membership AS b ON b.customer_id = u.customer_id AND b.dimension = 'segment' AND b.since < p_from
			AND (b.until IS NULL OR b.until >= p_from)
	) AS h
	WHERE c.customer_id = h.customer_id;
	DELETE FROM membership AS h WHERE h.since >= p_from;
	UPDATE membership AS h SET until = NULL WHERE h.until >= p_from;

	PERFORM custseg._undo_resources(portfolio, p_from);
	DELETE FROM class_count AS n WHERE n.as_of >= p_from;
	DELETE FROM class_total AS n WHERE n.as_of >= p_from;
	DELETE FROM score_history AS s WHERE s.as_of >= p_from;
	DELETE FROM attainment_history AS a WHERE a.as_of >= p_from;
	DELETE FROM model AS m WHERE m.as_of >= p_from;
	DELETE FROM quality AS q WHERE q.as_of >= p_from;
END
$$;
COMMENT ON FUNCTION custseg._undo(text, date) IS
'Internal: takes back what runs of a day and later days have written into state and history.';
