-- The setters of tiers. The tiers of a portfolio are one policy: after each change all of it is checked.

-- An array of tiers with one of them put in its place: the one that it has, or the top, or the one that is given.
CREATE FUNCTION custseg._place_tier(tiers jsonb, row_given jsonb, p_place int) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	old int := (SELECT t.place FROM jsonb_array_elements(tiers) WITH ORDINALITY AS t (value, place)
		WHERE t.value ->> 'tier' = row_given ->> 'tier');
	most int := jsonb_array_length(tiers) + CASE WHEN old IS NULL THEN 1 ELSE 0 END;
	new int := coalesce(p_place, old, most);
BEGIN
	IF new NOT BETWEEN 1 AND most THEN
		RAISE EXCEPTION 'argument "place" of tier "%" is %', row_given ->> 'tier', new
			USING ERRCODE = '22023', HINT = format('It must be from 1, the lowest, to %s.', most);
	END IF;
	IF old IS NOT NULL THEN
		tiers := tiers - (old - 1);
	END IF;
	RETURN CASE WHEN new = most THEN tiers || jsonb_build_array(row_given)
		ELSE jsonb_insert(tiers, ARRAY[(new - 1)::text], row_given) END;
END
$$;
COMMENT ON FUNCTION custseg._place_tier(jsonb, jsonb, int) IS
'Internal: an array of tiers, the lowest first, with one put in or changed. 22023: a place that is not one.';

CREATE FUNCTION custseg._set_tier(portfolio text, tier text, enter text, keep text, stay text, grace text, validity text,
	service_mode text, note text, place int)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(tier, 'tier');
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._put_rows(portfolio, 'tiers', custseg._complete_rows(portfolio, 'tiers',
		custseg._place_tier(custseg._export_section(portfolio, 'tiers'), jsonb_build_object('tier', tier, 'enter', enter, 'keep', keep,
			'stay', stay, 'grace', grace, 'validity', validity, 'service_mode', service_mode, 'note', note), place)));
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_tier(text, text, text, text, text, text, text, text, text, int) IS
'Internal: what set_tier does.';

CREATE FUNCTION custseg.set_tier(portfolio text, tier text, enter text DEFAULT NULL, keep text DEFAULT NULL,
	stay text DEFAULT NULL, grace text DEFAULT NULL, validity text DEFAULT NULL, service_mode text DEFAULT NULL,
	note text DEFAULT NULL, place int DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_tier(text, text, text, text, text, text, text, text, text, int) IS
'Makes a tier, or declares the one of that name anew, as a whole. enter: the condition to come in, such as ''spend >= 20000 and frequency >= 6'', see the type tier_policy; NULL for the lowest tier only. keep: the condition to stay; NULL: as enter. stay, grace, validity: intervals for this tier; NULL: the options of the portfolio. service_mode: personal, standard or self-service. place: 1 for the lowest; others move; NULL: where it is, a new tier on top. Customers move at the next run. 22P02: a condition that is none, with its tier, rule and character; 22023: an unknown measure, a rule that can never hold or hides a tier, retention above entry, a place or service_mode that is none; 22004: tier is null; 42704: no such portfolio; 42501: not the owner. For changes that only together make a policy: set_tiers.';

-- Replaces the tiers by the given rows, and drops the others.
CREATE FUNCTION custseg._replace_tiers(portfolio text, tiers jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	tiers := custseg._complete_rows(portfolio, 'tiers', tiers);
	DELETE FROM tier AS t WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(tiers) AS r (value) WHERE r.value ->> 'tier' = t.tier);
	PERFORM custseg._put_rows(portfolio, 'tiers', tiers);
END
$$;
COMMENT ON FUNCTION custseg._replace_tiers(text, jsonb) IS
'Internal: replaces the tiers of a portfolio.';

CREATE FUNCTION custseg._set_tiers(portfolio text, policy custseg.tier_policy) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	document jsonb := policy::jsonb;
BEGIN
	IF policy IS NULL THEN
		RAISE EXCEPTION 'argument "policy" must not be null'
			USING ERRCODE = '22004', HINT = 'Give a tier_policy, such as custseg.tier_policy_template(''abc'').';
	END IF;
	IF document ? 'window' THEN
		RAISE EXCEPTION 'argument "policy" has the window "%"', document ->> 'window'
			USING ERRCODE = '22023', HINT = 'In a portfolio each measure has a window of its own: see set_measure.';
	END IF;
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	-- What a policy does not say of itself is said beside it, and stays.
	PERFORM custseg._replace_tiers(portfolio, (
		SELECT jsonb_agg(r.value || jsonb_strip_nulls(jsonb_build_object('service_mode', t.service_mode, 'note', t.note)) ORDER BY r.place)
		FROM jsonb_array_elements(document -> 'tiers') WITH ORDINALITY AS r (value, place)
		LEFT JOIN tier AS t ON t.tier = r.value ->> 'tier'));
	DELETE FROM setting AS s WHERE s.name = ANY (custseg._policy_options());
	INSERT INTO setting (name, value)
	SELECT o.key, o.value FROM jsonb_each_text(document) AS o WHERE o.key = ANY (custseg._policy_options());
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_tiers(text, custseg.tier_policy) IS
'Internal: what set_tiers does.';

CREATE FUNCTION custseg._policy_options() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT '{upgrade,downgrade,check,period,stay,grace,validity,requalify_by}'::text[];
END;
COMMENT ON FUNCTION custseg._policy_options() IS
'Internal: the options of a portfolio that are keys of its tier_policy.';

CREATE FUNCTION custseg.set_tiers(portfolio text, policy custseg.tier_policy) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_tiers(text, custseg.tier_policy) IS
'Makes a policy that of the portfolio, in one go: its tiers, the lowest first, and its options upgrade, downgrade, check, period, stay, grace, validity, requalify_by, each of which is at its default where the policy does not say it. Tiers that stay keep their service_mode and note; others are dropped, see drop_tier. 22023: an unknown measure, a policy with a window; 2BP01: an override names a tier that is not in the policy; 22004: policy is null; 42704: no such portfolio; 42501: not the owner.';

CREATE FUNCTION custseg._check_tier_exists(portfolio text, p_tier text, argument text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(p_tier, argument);
	PERFORM custseg._work_on(portfolio);
	IF NOT EXISTS (SELECT FROM tier AS t WHERE t.tier = p_tier) THEN
		RAISE EXCEPTION 'portfolio "%" has no tier "%"', portfolio, p_tier
			USING ERRCODE = '42704', HINT = format('Its tiers are %s.', (SELECT string_agg(t.tier, ', ' ORDER BY t.position) FROM tier AS t));
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_tier_exists(text, text, text) IS
'Internal: refuses a tier that a portfolio does not have (42704), or null (22004).';

CREATE FUNCTION custseg._drop_tier(portfolio text, p_tier text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_tier_exists(portfolio, p_tier, 'tier');
	IF (SELECT count(*) FROM tier) = 1 THEN
		RAISE EXCEPTION 'tier "%" is the only one of portfolio "%"', p_tier, portfolio
			USING ERRCODE = '22023', HINT = 'A portfolio has at least one tier. Make another one first, or use rename_tier.';
	END IF;
	PERFORM custseg._replace_tiers(portfolio, (
		SELECT jsonb_agg(r.value ORDER BY r.place) FILTER (WHERE r.value ->> 'tier' <> p_tier)
		FROM jsonb_array_elements(custseg._export_section(portfolio, 'tiers')) WITH ORDINALITY AS r (value, place)));
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._drop_tier(text, text) IS
'Internal: what drop_tier does.';

CREATE FUNCTION custseg.drop_tier(portfolio text, tier text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_tier(text, text) IS
'Drops a tier. Its customers enter another one at the next run, by the entry rules as if they were new; the history keeps its name. 2BP01: an override that has not ended names it; 22023: a target or an agent names it, it is the only tier, or the lowest and the next one has entry rules: use set_tiers; 42704: no such portfolio or tier; 22004: null; 42501: not the owner.';

-- The history is renamed too: it is the same tier, and reports over time are to show one line of it, not two. What was
-- written as a reason, and earlier versions of the criteria, stay as they were.
CREATE FUNCTION custseg._rename_tier(portfolio text, p_tier text, new_name text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_tier_exists(portfolio, p_tier, 'tier');
	PERFORM custseg._check_given(new_name, 'new_name');
	IF new_name = p_tier THEN
		RETURN;
	END IF;
	-- A dropped tier of that name would become one with this.
	IF EXISTS (SELECT FROM tier AS t WHERE t.tier = new_name)
		OR EXISTS (SELECT FROM membership AS h WHERE h.dimension = 'tier' AND h.class = new_name)
		OR EXISTS (SELECT FROM class_count AS n WHERE n.dimension = 'tier' AND n.class = new_name)
		OR EXISTS (SELECT FROM tier_transition AS t WHERE new_name IN (t.tier, t.from_tier))
	THEN
		RAISE EXCEPTION 'argument "new_name": portfolio "%" has, or had, a tier "%"', portfolio, new_name
			USING ERRCODE = '42710', HINT = 'Two tiers cannot become one in the history. Take another name.';
	END IF;
	UPDATE tier AS t SET tier = new_name WHERE t.tier = p_tier;
	UPDATE customer AS c SET tier = new_name WHERE c.tier = p_tier;
	UPDATE membership AS h SET class = new_name WHERE h.dimension = 'tier' AND h.class = p_tier;
	-- A further table that names tiers, and does not follow by a foreign key, is one more line here.
	UPDATE class_total AS n SET class = new_name WHERE n.dimension = 'tier' AND n.class = p_tier;
	UPDATE target AS g SET class = new_name WHERE g.scope = 'tier' AND g.class = p_tier;
	UPDATE class_count AS n SET class = new_name WHERE n.dimension = 'tier' AND n.class = p_tier;
	UPDATE tier_transition AS t
	SET tier = CASE t.tier WHEN p_tier THEN new_name ELSE t.tier END,
		from_tier = CASE t.from_tier WHEN p_tier THEN new_name ELSE t.from_tier END
	WHERE p_tier IN (t.tier, t.from_tier);
	UPDATE override AS o SET tier = new_name WHERE o.tier = p_tier;
	UPDATE tier_allocation AS a SET tier = new_name WHERE a.tier = p_tier;
	UPDATE agent AS a SET tiers = array_replace(a.tiers, p_tier, new_name) WHERE p_tier = ANY (a.tiers);
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._rename_tier(text, text, text) IS
'Internal: what rename_tier does.';

CREATE FUNCTION custseg.rename_tier(portfolio text, tier text, new_name text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.rename_tier(text, text, text) IS
'Gives a tier another name, everywhere: in the rules, with its customers, in overrides and in the history, since it is the same tier. Reasons that were written keep the old name, and earlier versions of the criteria. It rewrites the rows that have the name. 42710: there is, or was, a tier of that name; 42704: no such portfolio or tier; 22004, 22023: a name that is none; 42501: not the owner.';
