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

CREATE FUNCTION custseg._check_resources(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._check_measure(portfolio, r.weight_measure, format('resource "%s"', r.resource))
	FROM resource AS r WHERE r.weight_measure IS NOT NULL;
	PERFORM custseg._check_resource(portfolio, r.resource) FROM resource AS r;
END
$$;
COMMENT ON FUNCTION custseg._check_resources(text) IS
'Internal: refuses resources that do not fit the other declarations (22023).';

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
	PERFORM custseg._check_tier_exists(portfolio, b.key, 'budgets') FROM jsonb_object_keys(p_budgets) AS b (key);
	UPDATE resource_tier AS t SET budget = NULL
	WHERE t.resource = p_resource AND t.budget IS NOT NULL AND NOT p_budgets ? t.tier;
	INSERT INTO resource_tier AS t (resource, tier, budget)
	SELECT p_resource, b.key, b.value::numeric FROM jsonb_each_text(p_budgets) AS b
	ON CONFLICT ON CONSTRAINT resource_tier_pkey DO UPDATE SET budget = excluded.budget;
END
$$;
COMMENT ON FUNCTION custseg._write_budgets(text, text, jsonb) IS
'Internal: sets the budgets of all tiers from an object of tier and budget. 22023: not such an object; 42704: no such tier.';

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

-- A row of resource, checked as far as it can be alone.
CREATE FUNCTION custseg._complete_resource(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bound record;
	v_scale int := row_given ->> 'scale';
BEGIN
	IF coalesce(row_given ->> 'resource', '') = '' OR row_given ->> 'total' IS NULL OR v_scale IS NULL THEN
		RAISE EXCEPTION 'arguments "resource", "total" and "scale" must not be null, nor "resource" empty'
			USING ERRCODE = '22004', HINT = 'Give a name, how much there is of it, and with how many decimals.';
	END IF;
	IF v_scale NOT BETWEEN -20 AND 20 THEN
		RAISE EXCEPTION 'argument "scale" is %', v_scale
			USING ERRCODE = '22023', HINT = 'The decimals of amounts are -20 to 20: 2 for cents, 0 for whole units.';
	END IF;
	PERFORM custseg._check_amount('total', (row_given ->> 'total')::numeric, v_scale);
	PERFORM custseg._check_choice(row_given ->> 'tiers_by', 'tiers_by', 'measure', 'customers', 'weight');
	FOR bound IN
		SELECT b.argument, (row_given ->> b.argument)::float8 AS value FROM unnest('{max_gini,max_tier_share}'::text[]) AS b (argument)
	LOOP
		IF bound.value NOT BETWEEN 0 AND 1 THEN
			RAISE EXCEPTION 'argument "%" is %', bound.argument, bound.value
				USING ERRCODE = '22023', HINT = 'It is a part of the whole, from 0 to 1.';
		END IF;
	END LOOP;
	-- Raises 22023 itself.
	PERFORM custseg.measure_window(row_given ->> 'period', current_date);
	RETURN row_given;
END
$$;
COMMENT ON FUNCTION custseg._complete_resource(text, jsonb) IS
'Internal: checks a row of resource. 22004: no name, total or scale; 22023: an argument out of range.';

CREATE FUNCTION custseg._set_resource(portfolio text, p_resource text, p_total numeric, p_unit text, p_weight_measure text,
	p_scale int, p_tiers_by text, p_period text, p_budgets jsonb, p_max_gini float8, p_max_tier_share float8, p_note text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._put_rows(portfolio, 'resources', jsonb_build_array(custseg._complete_resource(portfolio, jsonb_build_object(
		'resource', p_resource, 'total', p_total, 'unit', p_unit, 'weight_measure', p_weight_measure, 'scale', p_scale,
		'tiers_by', p_tiers_by, 'period', coalesce(p_period, 'lifetime'), 'max_gini', p_max_gini,
		'max_tier_share', p_max_tier_share, 'note', p_note))));
	PERFORM custseg._write_budgets(portfolio, p_resource, p_budgets);
	PERFORM custseg._declared(portfolio);
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

-- A row of resource_tier, checked as far as it can be alone.
CREATE FUNCTION custseg._complete_resource_tier(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_weight numeric := row_given ->> 'weight';
	pair record;
BEGIN
	IF v_weight IS NULL OR v_weight < 0 OR v_weight IN ('NaN', 'Infinity') THEN
		RAISE EXCEPTION 'argument "weight" is %', coalesce(v_weight::text, 'null')
			USING ERRCODE = '22023', HINT = 'A weight is a number of at least 0.';
	END IF;
	-- No amount is finer than 20 decimals; _check_resource knows the scale.
	PERFORM custseg._check_amount(v.argument, (row_given ->> v.argument)::numeric, 20)
	FROM unnest('{budget,floor,cap,customer_floor,customer_cap}'::text[]) AS v (argument);
	FOR pair IN
		SELECT v.argument, (row_given ->> v.argument)::numeric AS low, (row_given ->> v.bound)::numeric AS high
		FROM (VALUES ('floor', 'cap'), ('customer_floor', 'customer_cap')) AS v (argument, bound)
	LOOP
		IF pair.low > pair.high THEN
			RAISE EXCEPTION 'argument "%" is above the cap: % > %', pair.argument, pair.low, pair.high
				USING ERRCODE = '22023', HINT = 'Lower the floor, or raise the cap.';
		END IF;
	END LOOP;
	RETURN row_given;
END
$$;
COMMENT ON FUNCTION custseg._complete_resource_tier(text, jsonb) IS
'Internal: checks a row of resource_tier. 22023: an argument out of range, a floor above its cap.';

CREATE FUNCTION custseg._set_tier_budget(portfolio text, p_resource text, p_tier text, p_budget numeric, p_weight numeric,
	p_floor numeric, p_cap numeric, p_customer_floor numeric, p_customer_cap numeric)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_resource_name(portfolio, p_resource);
	PERFORM custseg._check_tier_exists(portfolio, p_tier, 'tier');
	PERFORM custseg._put_rows(portfolio, 'resource_tiers', jsonb_build_array(custseg._complete_resource_tier(portfolio,
		jsonb_build_object('resource', p_resource, 'tier', p_tier, 'budget', p_budget, 'weight', p_weight, 'floor', p_floor,
			'cap', p_cap, 'customer_floor', p_customer_floor, 'customer_cap', p_customer_cap))));
	PERFORM custseg._declared(portfolio);
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
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._drop_resource(text, text) IS
'Internal: what drop_resource does.';

CREATE FUNCTION custseg.drop_resource(portfolio text, resource text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_resource(text, text) IS
'Takes the declaration of a resource away. The next run ends what customers have of it; its history stays. 42704: no such portfolio or resource; 22004: NULL; 42501: not the owner.';
