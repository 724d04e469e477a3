-- The step of a run that divides resources: first over the tiers, then in each tier over its customers.
--
-- Floors and caps of customers are lifted to their tiers, so that what a tier gets can be divided in it. Only amounts that
-- differ are written, to the working table too: an interval ends where the amount changes.

CREATE FUNCTION custseg._stage_weights(portfolio text, as_of date, p_measure text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._clear_stage(portfolio, 'stage_weight');
	IF p_measure IS NULL THEN
		INSERT INTO stage_weight (customer_id, tier, weight)
		SELECT c.customer_id, c.tier, 1 FROM customer AS c WHERE c.tier IS NOT NULL;
		RETURN;
	END IF;
	-- NULL, NaN and infinity count 0, as what is negative does.
	EXECUTE format('
		INSERT INTO stage_weight (customer_id, tier, weight)
		SELECT w.customer_id, w.tier, CASE WHEN w.weight > 0 AND w.weight < ''Infinity'' THEN w.weight ELSE 0 END
		FROM (SELECT c.customer_id, c.tier, %s::numeric AS weight FROM %s WHERE c.tier IS NOT NULL OFFSET 0) AS w',
		custseg._uncast(custseg._measure_expression(portfolio, p_measure, format('%L::date', as_of))),
		custseg._scored_customers(portfolio, format('%L::date', as_of)));
END
$$;
COMMENT ON FUNCTION custseg._stage_weights(text, date, text) IS
'Internal: fills stage_weight with a measure of every customer who has a tier, NULL: with 1.';

-- A float8 has 15 decimal digits. Cut to the 15 that the largest weight has, all add up in a small number.
CREATE FUNCTION custseg._weight_digits(largest float8) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN largest > 0 THEN 15 - pg_catalog.ceil(pg_catalog.log(largest::numeric))::int ELSE 0 END;
END;
COMMENT ON FUNCTION custseg._weight_digits(float8) IS
'Internal: to how many decimals weights are rounded when the largest is this.';

-- What the tiers get of one resource, into stage_tier.
CREATE FUNCTION custseg._allocate_tiers(portfolio text, p_resource text, p_digits int) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	head record;
	wrong record;
	rest numeric;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT r.* INTO STRICT head FROM resource AS r WHERE r.resource = p_resource;
	DELETE FROM stage_tier;
	INSERT INTO stage_tier (tier, fixed, weight, customers, base, floor, cap)
	SELECT t.tier, b.budget, coalesce(b.weight, 1) * CASE head.tiers_by WHEN 'weight' THEN 1 WHEN 'customers' THEN w.customers
		ELSE w.weight END, coalesce(w.customers, 0), coalesce(w.base, 0), b.floor,
		-- Without bounds customers can take anything, unless all of them have weight 0.
		CASE WHEN w.customers > 0 THEN least(b.cap, CASE WHEN w.bounded OR w.weight = 0 THEN w.room END) ELSE 0 END
	FROM tier AS t
	LEFT JOIN resource_tier AS b ON b.tier = t.tier AND b.resource = p_resource
	LEFT JOIN (
		SELECT s.tier, s.bounded, count(*) AS customers, sum(s.weight) AS weight,
			custseg.lift_floor(s.weight, s.customer_floor, head.scale) FILTER (WHERE s.bounded) + round(0.0, greatest(head.scale, 0)) AS base,
			custseg.lift_cap(s.weight, s.customer_floor, s.customer_cap, head.scale) FILTER (WHERE s.bounded) AS room
		FROM (
			SELECT s.tier, round(s.weight, p_digits) AS weight, b.customer_floor, b.customer_cap,
				num_nonnulls(b.customer_floor, b.customer_cap) > 0 AS bounded
			FROM stage_weight AS s LEFT JOIN resource_tier AS b ON b.tier = s.tier AND b.resource = p_resource
			OFFSET 0
		) AS s
		GROUP BY s.tier, s.bounded
	) AS w ON w.tier = t.tier;

	SELECT s.tier, s.base, s.customers, coalesce(s.fixed, b.cap) AS budget INTO wrong
	FROM stage_tier AS s JOIN resource_tier AS b ON b.tier = s.tier AND b.resource = p_resource
	WHERE s.base > coalesce(s.fixed, b.cap) ORDER BY s.tier LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'resource "%": the budget % of tier "%" is below the guaranteed base %', p_resource, wrong.budget, wrong.tier, wrong.base
			USING ERRCODE = '22023', DETAIL = format('The floors of its %s customers add up to the base.', wrong.customers),
			HINT = 'Raise the budget or the cap of the tier, or lower its "customer_floor": custseg.set_tier_budget.';
	END IF;

	-- A floor that the customers cannot use is money that others can.
	UPDATE stage_tier AS s SET floor = least(greatest(s.floor, s.base), s.cap);
	SELECT head.total - coalesce(sum(s.fixed), 0) AS rest, coalesce(sum(s.floor) FILTER (WHERE s.fixed IS NULL), 0) AS floors,
		string_agg(format('%s %s', s.tier, s.floor), ', ' ORDER BY s.tier) FILTER (WHERE s.fixed IS NULL AND s.floor > 0) AS detail
	INTO wrong FROM stage_tier AS s;
	rest := wrong.rest;
	IF wrong.floors > rest OR rest < 0 THEN
		RAISE EXCEPTION 'resource "%": the budget % that is left for tiers without one is below their guaranteed base %',
			p_resource, rest, wrong.floors
			USING ERRCODE = '22023', DETAIL = format('Total %s; base of the tiers: %s.', head.total, coalesce(wrong.detail, 'none')),
			HINT = 'Raise the total, or lower floors or budgets of tiers: custseg.set_tier_budget.';
	END IF;

	UPDATE stage_tier AS s SET amount = a.amount
	FROM (
		SELECT t.tier, custseg.allocate(coalesce(t.weight, 0), rest, t.floor, t.cap, key => t.tier, scale => head.scale,
			leftover => 'keep') OVER () AS amount
		FROM stage_tier AS t WHERE t.fixed IS NULL AND t.customers > 0
	) AS a
	WHERE a.tier = s.tier;
	UPDATE stage_tier AS s SET amount = round(coalesce(s.amount, s.fixed, 0), greatest(head.scale, 0));
END
$$;
COMMENT ON FUNCTION custseg._allocate_tiers(text, text, int) IS
'Internal: what each tier gets of a resource, into stage_tier. 22023: the guaranteed base is more than the budget.';

-- One resource, from the declaration to stage_allocation and the sums of the run.
CREATE FUNCTION custseg._allocate_resource(portfolio text, p_as_of date, p_resource text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	head record;
	digits int;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT r.* INTO STRICT head FROM resource AS r WHERE r.resource = p_resource;
	PERFORM custseg._stage_weights(portfolio, p_as_of, head.weight_measure);
	SELECT custseg._weight_digits(coalesce(max(s.weight), 0)::float8) INTO digits FROM stage_weight AS s;
	PERFORM custseg._allocate_tiers(portfolio, p_resource, digits);

	WITH a AS MATERIALIZED (
		SELECT a.customer_id, a.tier, a.amount
		FROM (
			SELECT s.customer_id, s.tier, custseg.allocate(round(s.weight, digits), t.amount, b.customer_floor, b.customer_cap,
				key => s.customer_id, scale => head.scale, leftover => 'keep') OVER (PARTITION BY g.position) AS amount
			FROM stage_weight AS s
			JOIN stage_tier AS t ON t.tier = s.tier
			-- A number sorts faster than a name.
			JOIN tier AS g ON g.tier = s.tier
			LEFT JOIN resource_tier AS b ON b.tier = s.tier AND b.resource = p_resource
		) AS a
		WHERE a.amount > 0
	), changed AS (
		INSERT INTO stage_allocation (customer_id, resource, amount)
		SELECT coalesce(a.customer_id, h.customer_id), p_resource, a.amount
		FROM a
		FULL JOIN (SELECT h.customer_id, h.amount FROM allocation AS h WHERE h.resource = p_resource AND h.until IS NULL) AS h
			ON h.customer_id = a.customer_id
		WHERE a.amount IS DISTINCT FROM h.amount
	)
	INSERT INTO tier_allocation (as_of, resource, tier, customers, base, budget, allocated, leftover)
	SELECT p_as_of, p_resource, t.tier, t.customers, t.base, t.amount, coalesce(a.amount, 0 * t.amount), t.amount - coalesce(a.amount, 0)
	FROM stage_tier AS t
	LEFT JOIN (SELECT a.tier, sum(a.amount) AS amount FROM a GROUP BY a.tier) AS a ON a.tier = t.tier;
	INSERT INTO resource_allocation (as_of, resource, total, allocated, leftover)
	SELECT p_as_of, p_resource, round(head.total, greatest(head.scale, 0)), sum(t.allocated), head.total - sum(t.allocated)
	FROM tier_allocation AS t WHERE t.as_of = p_as_of AND t.resource = p_resource;
END
$$;
COMMENT ON FUNCTION custseg._allocate_resource(text, date, text) IS
'Internal: divides one resource over tiers and customers. 22023: the guaranteed base is more than the budget.';

CREATE FUNCTION custseg._allocate_resources(portfolio text, p_as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n_ended bigint;
	n_begun bigint;
	v_resource text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._clear_stage(portfolio, 'stage_allocation');
	FOR v_resource IN SELECT r.resource FROM resource AS r ORDER BY r.resource LOOP
		PERFORM custseg._allocate_resource(portfolio, p_as_of, v_resource);
	END LOOP;

	-- Resources that were dropped.
	INSERT INTO stage_allocation (customer_id, resource)
	SELECT h.customer_id, h.resource FROM allocation AS h
	WHERE h.until IS NULL AND h.resource NOT IN (SELECT r.resource FROM resource AS r);

	UPDATE allocation AS h SET until = p_as_of
	FROM stage_allocation AS s
	WHERE h.customer_id = s.customer_id AND h.resource = s.resource AND h.until IS NULL;
	GET DIAGNOSTICS n_ended = ROW_COUNT;
	INSERT INTO allocation (customer_id, resource, since, amount)
	SELECT s.customer_id, s.resource, p_as_of, s.amount FROM stage_allocation AS s
	WHERE s.amount IS NOT NULL ORDER BY s.customer_id, s.resource;
	GET DIAGNOSTICS n_begun = ROW_COUNT;
	RETURN jsonb_build_object('allocations_ended', n_ended, 'allocations_begun', n_begun);
END
$$;
COMMENT ON FUNCTION custseg._allocate_resources(text, date) IS
'Internal: the step of a run that divides every resource; returns how many intervals ended and began. 22023: a guaranteed base is more than its budget.';

-- Resources and agents as they were before a day.
CREATE FUNCTION custseg._undo_resources(portfolio text, p_from date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	DELETE FROM resource_allocation AS a WHERE a.as_of >= p_from;
	DELETE FROM tier_allocation AS a WHERE a.as_of >= p_from;
	DELETE FROM allocation AS a WHERE a.since >= p_from;
	UPDATE allocation AS a SET until = NULL WHERE a.until >= p_from;
	DELETE FROM assignment AS a WHERE a.since >= p_from;
	UPDATE assignment AS a SET until = NULL, ended = NULL WHERE a.until >= p_from;
END
$$;
COMMENT ON FUNCTION custseg._undo_resources(text, date) IS
'Internal: takes back what runs of a day and later days have written about resources and agents.';
