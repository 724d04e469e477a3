-- Resources: how much there is, and how much of it tiers and customers get. The run divides it, see allocation_step.sql.

-- An amount of a resource, checked: NULL, or a multiple of the unit, at least 0.
CREATE FUNCTION custseg._check_amount(p_argument text, p_amount numeric, p_scale int) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF p_amount < 0 OR p_amount IN ('NaN', 'Infinity') THEN
		RAISE EXCEPTION 'argument "%" is %', p_argument, p_amount
			USING ERRCODE = '22023', HINT = 'An amount is a number of at least 0.';
	END IF;
	IF p_amount <> round(p_amount, p_scale) THEN
		RAISE EXCEPTION 'argument "%" is %, which is not a multiple of the unit', p_argument, p_amount
			USING ERRCODE = '22023',
			HINT = format('Amounts of this resource have %s decimals; set_resource(..., scale => ...) changes that.', p_scale);
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_amount(text, numeric, int) IS
'Internal: raises 22023 for an amount that is negative, no number, or finer than the scale.';

-- What the declarations of a resource say together.
CREATE FUNCTION custseg._check_resource(portfolio text, p_resource text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	head record;
	part record;
	sums record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT r.* INTO STRICT head FROM resource AS r WHERE r.resource = p_resource;
	FOR part IN SELECT t.* FROM resource_tier AS t WHERE t.resource = p_resource ORDER BY t.tier LOOP
		PERFORM custseg._check_amount(v.argument, v.amount, head.scale)
		FROM (VALUES ('budget', part.budget), ('floor', part.floor), ('cap', part.cap),
			('customer_floor', part.customer_floor), ('customer_cap', part.customer_cap)) AS v (argument, amount);
		IF part.floor > part.cap OR part.customer_floor > part.customer_cap THEN
			RAISE EXCEPTION 'resource "%": a floor of tier "%" is above its cap: % > %', p_resource, part.tier,
				CASE WHEN part.floor > part.cap THEN part.floor ELSE part.customer_floor END,
				CASE WHEN part.floor > part.cap THEN part.cap ELSE part.customer_cap END
				USING ERRCODE = '22023', HINT = 'Lower the floor, or raise the cap.';
		END IF;
		IF greatest(part.customer_floor, part.floor) > least(part.budget, part.cap, head.total) THEN
			RAISE EXCEPTION 'resource "%": the budget % of tier "%" is below the guaranteed base %', p_resource,
				least(part.budget, part.cap, head.total), part.tier, greatest(part.customer_floor, part.floor)
				USING ERRCODE = '22023', HINT = 'Raise the budget or the cap, or lower "floor" or "customer_floor".';
		END IF;
	END LOOP;

	SELECT sum(t.floor) AS floors, sum(t.budget) AS budgets, sum(coalesce(t.budget, t.floor)) AS taken,
		count(*) FILTER (WHERE t.budget IS NOT NULL) = (SELECT count(*) FROM tier) AS complete
	INTO sums FROM resource_tier AS t WHERE t.resource = p_resource;
	IF sums.floors > head.total THEN
		RAISE EXCEPTION 'resource "%": budgets are below the guaranteed base: the floors of its tiers add up to %, the total is %',
			p_resource, sums.floors, head.total
			USING ERRCODE = '22023', HINT = 'Raise the total, or lower floors.';
	END IF;
	IF sums.taken > head.total THEN
		RAISE EXCEPTION 'resource "%": the budgets of its tiers, and the floors of those without, add up to %, the total is %',
			p_resource, sums.taken, head.total
			USING ERRCODE = '22023',
			HINT = 'Raise the total, or lower budgets; set_resource(..., budgets => ...) sets several at once.';
	END IF;
	IF sums.complete AND sums.budgets <> head.total THEN
		RAISE EXCEPTION 'resource "%": the budgets of all tiers add up to %, the total is %', p_resource, sums.budgets, head.total
			USING ERRCODE = '22023',
			HINT = 'Leave a tier without budget, so that it gets the rest, or set all at once: set_resource(..., budgets => ...).';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_resource(text, text) IS
'Internal: raises 22023 when total, budgets, floors and caps of a resource do not go together.';

-- Budgets of tiers from a jsonb object; tiers that it does not name have none.
CREATE FUNCTION custseg._write_budgets(portfolio text, p_resource text, p_budgets jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF jsonb_typeof(p_budgets) <> 'object' THEN
		RAISE EXCEPTION 'argument "budgets" is not a jsonb object: %', p_budgets
			USING ERRCODE = '22023', HINT = 'Give tiers and their budgets: {"vip": 30000, "regular": 15000}.';
	END IF;
	SELECT b.key, b.value INTO wrong FROM jsonb_each(p_budgets) AS b WHERE jsonb_typeof(b.value) <> 'number' ORDER BY b.key LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'argument "budgets": the budget of tier "%" is not a number: %', wrong.key, wrong.value
			USING ERRCODE = '22023', HINT = 'Leave a tier out that is to get what the others leave.';
	END IF;
	PERFORM custseg._check_tier_name(portfolio, b.key) FROM jsonb_object_keys(p_budgets) AS b (key);
	UPDATE resource_tier AS t SET budget = NULL
	WHERE t.resource = p_resource AND t.budget IS NOT NULL AND NOT p_budgets ? t.tier;
	INSERT INTO resource_tier AS t (resource, tier, budget)
	SELECT p_resource, b.key, b.value::numeric FROM jsonb_each_text(p_budgets) AS b
	ON CONFLICT ON CONSTRAINT resource_tier_pkey DO UPDATE SET budget = excluded.budget;
END
$$;
COMMENT ON FUNCTION custseg._write_budgets(text, text, jsonb) IS
'Internal: sets the budgets of all tiers from an object of tier and budget. 22023: not such an object; 42704: no such tier.';

CREATE FUNCTION custseg._check_tier_name(portfolio text, p_tier text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF p_tier IS NULL THEN
		RAISE EXCEPTION 'argument "tier" must not be null'
			USING ERRCODE = '22004', HINT = 'Give the name of a tier.';
	END IF;
	IF NOT EXISTS (SELECT FROM tier AS t WHERE t.tier = p_tier) THEN
		RAISE EXCEPTION 'tier "%" does not exist', p_tier
			USING ERRCODE = '42704', HINT = format('The tiers of the portfolio are: %s.',
				(SELECT string_agg(t.tier, ', ' ORDER BY t.position) FROM tier AS t));
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_tier_name(text, text) IS
'Internal: raises 42704 when a portfolio has no such tier, 22004 for NULL.';

CREATE FUNCTION custseg._check_resource_name(portfolio text, p_resource text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF p_resource IS NULL THEN
		RAISE EXCEPTION 'argument "resource" must not be null'
			USING ERRCODE = '22004', HINT = 'Give the name of a resource.';
	END IF;
	IF NOT EXISTS (SELECT FROM resource AS r WHERE r.resource = p_resource) THEN
		RAISE EXCEPTION 'resource "%" does not exist', p_resource
			USING ERRCODE = '42704', HINT = 'Declare it first: SELECT custseg.set_resource(portfolio, resource, total).';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_resource_name(text, text) IS
'Internal: raises 42704 when a portfolio has no such resource, 22004 for NULL.';

CREATE FUNCTION custseg._set_resource(portfolio text, p_resource text, p_total numeric, p_unit text, p_weight_measure text,
	p_scale int, p_tiers_by text, p_period text, p_budgets jsonb, p_max_gini float8, p_max_tier_share float8, p_note text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bound record;
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._work_on(portfolio);
	IF p_resource IS NULL OR p_resource = '' OR p_total IS NULL OR p_scale IS NULL THEN
		RAISE EXCEPTION 'arguments "resource", "total" and "scale" must not be null, nor "resource" empty'
			USING ERRCODE = '22004', HINT = 'Give a name, how much there is of it, and with how many decimals.';
	END IF;
	IF p_scale NOT BETWEEN -20 AND 20 THEN
		RAISE EXCEPTION 'argument "scale" is %', p_scale
			USING ERRCODE = '22023', HINT = 'The decimals of amounts are -20 to 20: 2 for cents, 0 for whole units.';
	END IF;
	PERFORM custseg._check_amount('total', p_total, p_scale);
	IF p_tiers_by IS NULL OR p_tiers_by NOT IN ('measure', 'customers', 'weight') THEN
		RAISE EXCEPTION 'argument "tiers_by" is %', coalesce('"' || p_tiers_by || '"', 'null')
			USING ERRCODE = '22023', HINT = 'It is measure, customers or weight.';
	END IF;
	FOR bound IN SELECT v.* FROM (VALUES ('max_gini', p_max_gini), ('max_tier_share', p_max_tier_share)) AS v (argument, value) LOOP
		IF bound.value NOT BETWEEN 0 AND 1 THEN
			RAISE EXCEPTION 'argument "%" is %', bound.argument, bound.value
				USING ERRCODE = '22023', HINT = 'It is a part of the whole, from 0 to 1.';
		END IF;
	END LOOP;
	-- Both raise 22023 themselves.
	PERFORM custseg._measure_expression(portfolio, p_weight_measure, 'NULL::date');
	PERFORM custseg.measure_window(coalesce(p_period, 'lifetime'), current_date);

	INSERT INTO resource AS r (resource, unit, total, scale, weight_measure, tiers_by, period, max_gini, max_tier_share, note)
	VALUES (p_resource, p_unit, p_total, p_scale, p_weight_measure, p_tiers_by, coalesce(p_period, 'lifetime'), p_max_gini,
		p_max_tier_share, p_note)
	ON CONFLICT ON CONSTRAINT resource_pkey DO UPDATE
	SET unit = excluded.unit, total = excluded.total, scale = excluded.scale, weight_measure = excluded.weight_measure,
		tiers_by = excluded.tiers_by, period = excluded.period, max_gini = excluded.max_gini,
		max_tier_share = excluded.max_tier_share, note = excluded.note;
	PERFORM custseg._write_budgets(portfolio, p_resource, p_budgets);
	PERFORM custseg._check_resource(portfolio, p_resource);
END
$$;
COMMENT ON FUNCTION custseg._set_resource(text, text, numeric, text, text, int, text, text, jsonb, float8, float8, text) IS
'Internal: what set_resource does.';

CREATE FUNCTION custseg.set_resource(portfolio text, resource text, total numeric, unit text DEFAULT NULL,
	weight_measure text DEFAULT NULL, scale int DEFAULT 2, tiers_by text DEFAULT 'measure', period text DEFAULT 'lifetime',
	budgets jsonb DEFAULT NULL, max_gini float8 DEFAULT NULL, max_tier_share float8 DEFAULT NULL, note text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_resource(text, text, numeric, text, text, int, text, text, jsonb, float8, float8, text) IS
'Declares a resource, or declares it anew: what is not given has its default, budgets and bounds of tiers stay. Each run divides total over the tiers and each tier''s part over its customers, exactly. total: at least 0, a multiple of 10^-scale; scale: decimals of all amounts, -20 to 20. weight_measure: customers of a tier get it in proportion to this measure (unknown or negative counts 0); NULL: all the same. tiers_by: tiers without a budget get what the budgets leave by their weight times the sum of the measure (measure; without one, times their customers), by weight times customers (customers), or by weight alone (weight). period: the days whose usage counts in budget_use: lifetime, rolling N months, month, quarter, half or year. budgets: an object of tier and budget that sets them all at once. max_gini, max_tier_share, 0 to 1: above it allocation_fairness raises the alarm. 22023: an argument out of range, no such measure, budgets that do not add up to the total, or below the guaranteed base; 42704: no such portfolio or tier; 42501: not the owner.';

CREATE FUNCTION custseg._set_tier_budget(portfolio text, p_resource text, p_tier text, p_budget numeric, p_weight numeric,
	p_floor numeric, p_cap numeric, p_customer_floor numeric, p_customer_cap numeric)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_scale int;
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._check_resource_name(portfolio, p_resource);
	PERFORM custseg._check_tier_name(portfolio, p_tier);
	SELECT r.scale INTO STRICT v_scale FROM resource AS r WHERE r.resource = p_resource;
	IF p_weight IS NULL OR p_weight < 0 OR p_weight IN ('NaN', 'Infinity') THEN
		RAISE EXCEPTION 'argument "weight" is %', coalesce(p_weight::text, 'null')
			USING ERRCODE = '22023', HINT = 'A weight is a number of at least 0.';
	END IF;
	PERFORM custseg._check_amount(v.argument, v.amount, v_scale)
	FROM (VALUES ('budget', p_budget), ('floor', p_floor), ('cap', p_cap), ('customer_floor', p_customer_floor),
		('customer_cap', p_customer_cap)) AS v (argument, amount);
	IF p_floor > p_cap OR p_customer_floor > p_customer_cap THEN
		RAISE EXCEPTION 'argument "%" is above the cap: % > %', CASE WHEN p_floor > p_cap THEN 'floor' ELSE 'customer_floor' END,
			CASE WHEN p_floor > p_cap THEN p_floor ELSE p_customer_floor END,
			CASE WHEN p_floor > p_cap THEN p_cap ELSE p_customer_cap END
			USING ERRCODE = '22023', HINT = 'Lower the floor, or raise the cap.';
	END IF;

	INSERT INTO resource_tier AS t (resource, tier, budget, weight, floor, cap, customer_floor, customer_cap)
	VALUES (p_resource, p_tier, p_budget, p_weight, p_floor, p_cap, p_customer_floor, p_customer_cap)
	ON CONFLICT ON CONSTRAINT resource_tier_pkey DO UPDATE
	SET budget = excluded.budget, weight = excluded.weight, floor = excluded.floor, cap = excluded.cap,
		customer_floor = excluded.customer_floor, customer_cap = excluded.customer_cap;
	PERFORM custseg._check_resource(portfolio, p_resource);
END
$$;
COMMENT ON FUNCTION custseg._set_tier_budget(text, text, text, numeric, numeric, numeric, numeric, numeric, numeric) IS
'Internal: what set_tier_budget does.';

CREATE FUNCTION custseg.set_tier_budget(portfolio text, resource text, tier text, budget numeric DEFAULT NULL,
	weight numeric DEFAULT 1, floor numeric DEFAULT NULL, cap numeric DEFAULT NULL, customer_floor numeric DEFAULT NULL,
	customer_cap numeric DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_tier_budget(text, text, text, numeric, numeric, numeric, numeric, numeric, numeric) IS
'Declares how much of a resource a tier gets, or declares it anew: what is not given has its default. budget: exactly this much; NULL: by weight, at least 0, of what the budgets of other tiers leave, see tiers_by of set_resource. floor, cap: bounds of the tier; customer_floor, customer_cap: bounds of each of its customers, in the unit of the resource, multiples of 10^-scale; NULL: none. The floors of the customers are the guaranteed base: a run in which they are more than the budget or the cap fails. What caps leave over is kept, see tier_allocation. A floor that the caps of the customers do not let the tier use does not hold. 22023: an argument out of range, a floor above its cap, budgets above the total, or of all tiers not equal to it, or below the guaranteed base; 42704: no such portfolio, resource or tier; 42501: not the owner.';

CREATE FUNCTION custseg._drop_resource(portfolio text, p_resource text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._check_resource_name(portfolio, p_resource);
	DELETE FROM resource AS r WHERE r.resource = p_resource;
END
$$;
COMMENT ON FUNCTION custseg._drop_resource(text, text) IS
'Internal: what drop_resource does.';

CREATE FUNCTION custseg.drop_resource(portfolio text, resource text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_resource(text, text) IS
'Takes the declaration of a resource away. The next run ends what customers have of it; its history stays. 42704: no such portfolio or resource; 22004: NULL; 42501: not the owner.';
