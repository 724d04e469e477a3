-- Overrides: tiers set by hand, each with its reason and its author. A run reads them; they never change a customer at once.

-- The customer of an override, in the form that the portfolio has him. Unlike for explanations, it is enough that the
-- sources know him: before the first run, or since the last one.
CREATE FUNCTION custseg._override_customer(portfolio text, customer text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text := custseg._customer_key(portfolio, customer, 'customer');
	other text;
	source text;
	known boolean;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- As a literal the key takes the type of the column.
	EXECUTE format('SELECT a.to_id::text FROM customer_alias AS a WHERE a.from_id = %L', key) INTO other;
	IF other IS NOT NULL THEN
		RAISE EXCEPTION 'customer "%" was merged into "%"', left(key, 100), left(other, 100)
			USING ERRCODE = '22023', HINT = 'Name the customer that remains.';
	END IF;
	FOREACH source IN ARRAY '{customer,source_customers,source_orders}'::text[] LOOP
		IF to_regclass(source) IS NOT NULL THEN
			EXECUTE format('SELECT EXISTS (SELECT FROM %I AS c WHERE c.customer_id = %L)', source, key) INTO known;
			IF known THEN
				RETURN key;
			END IF;
		END IF;
	END LOOP;
	RAISE EXCEPTION 'portfolio "%" has no customer "%"', portfolio, left(key, 100)
		USING ERRCODE = '42704', HINT = 'Customers are those of its sources; current_customers lists them.';
END
$$;
COMMENT ON FUNCTION custseg._override_customer(text, text) IS
'Internal: a customer that may get an override, as text in the form of its type. 42704: no such customer; 22023: not of the type, or merged into another; 22004: null.';

-- Overrides that have not ended may name tiers of the policy only; ended ones are history and may name any.
CREATE FUNCTION custseg._check_override_tiers(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_tier text;
	ids text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT o.tier, string_agg(o.override_id::text, ', ' ORDER BY o.override_id) INTO v_tier, ids
	FROM override AS o CROSS JOIN portfolio AS p
	WHERE o.tier IS NOT NULL AND NOT EXISTS (SELECT FROM tier AS t WHERE t.tier = o.tier)
		AND (o.valid_until IS NULL OR p.last_as_of IS NULL OR o.valid_until > p.last_as_of + 1)
	GROUP BY o.tier ORDER BY o.tier LIMIT 1;
	IF v_tier IS NOT NULL THEN
		RAISE EXCEPTION 'tier "%" is named by override %', v_tier, ids
			USING ERRCODE = '2BP01', HINT = format('End it first: SELECT custseg.end_override(%L, %s).', portfolio, split_part(ids, ',', 1));
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_override_tiers(text) IS
'Internal: refuses that an override which has not ended names a tier that there is not (2BP01).';

-- Two pins to different tiers on one day: the run could not say which.
CREATE FUNCTION custseg._check_pins(portfolio text, customer text, p_tier text, p_from date, p_until date) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	other record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT o.* FROM override AS o
		WHERE o.customer_id = %L AND o.kind = ''pin'' AND o.tier <> $1
			AND daterange(o.valid_from, o.valid_until) && daterange($2, $3)
		ORDER BY o.override_id LIMIT 1', customer)
	INTO other USING p_tier, p_from, p_until;
	IF other.override_id IS NOT NULL THEN
		RAISE EXCEPTION 'customer "%" is pinned to tier "%" already, from % until %', customer, other.tier,
				coalesce(other.valid_from::text, 'ever'), coalesce(other.valid_until::text, 'further notice')
			USING ERRCODE = '22023', HINT = format('Pins to different tiers must not overlap. End the other one: SELECT custseg.end_override(%L, %s).',
				portfolio, other.override_id);
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_pins(text, text, text, date, date) IS
'Internal: refuses a pin that overlaps one of the same customer to another tier (22023).';

CREATE FUNCTION custseg._set_override(portfolio text, customer text, kind text, tier text, valid_from date, valid_until date,
	reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_customer text;
	id bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	v_customer := custseg._override_customer(portfolio, customer);
	PERFORM custseg._check_choice(kind, 'kind', 'pin', 'floor', 'exclude');
	IF reason IS NULL OR btrim(reason) = '' THEN
		RAISE EXCEPTION 'argument "reason" must be given' USING ERRCODE = '22004', HINT = 'Say why, for those who see the tier later.';
	END IF;
	IF kind <> 'exclude' THEN
		PERFORM custseg._check_tier_exists(portfolio, tier, 'tier');
	ELSIF tier IS NOT NULL THEN
		RAISE EXCEPTION 'argument "tier" is "%", but kind is exclude', tier
			USING ERRCODE = '22023', HINT = 'An excluded customer has no tier: leave it out.';
	END IF;
	IF NOT isfinite(valid_from) OR NOT isfinite(valid_until) OR valid_from >= valid_until THEN
		RAISE EXCEPTION 'arguments "valid_from" and "valid_until" are % and %', coalesce(valid_from::text, 'null'), coalesce(valid_until::text, 'null')
			USING ERRCODE = '22023', HINT = 'valid_until is the first day behind, so after valid_from; leave one out where there is no limit.';
	END IF;
	IF kind = 'pin' THEN
		PERFORM custseg._check_pins(portfolio, v_customer, tier, valid_from, valid_until);
	END IF;
	EXECUTE format('INSERT INTO override (customer_id, kind, tier, valid_from, valid_until, reason, author)
		VALUES (%L, $1, $2, $3, $4, $5, session_user) RETURNING override_id', v_customer)
	INTO id USING kind, tier, valid_from, valid_until, reason;
	RETURN id;
END
$$;
COMMENT ON FUNCTION custseg._set_override(text, text, text, text, date, date, text) IS
'Internal: what set_override does.';

CREATE FUNCTION custseg._set_override(portfolio text, customer bigint, kind text, tier text, valid_from date, valid_until date,
	reason text)
RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg._set_override(portfolio, customer::text, kind, tier, valid_from, valid_until, reason);
END;
COMMENT ON FUNCTION custseg._set_override(text, bigint, text, text, date, date, text) IS
'Internal: what set_override does for a customer that is a number.';

CREATE FUNCTION custseg._set_override(portfolio text, customer uuid, kind text, tier text, valid_from date, valid_until date,
	reason text)
RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg._set_override(portfolio, customer::text, kind, tier, valid_from, valid_until, reason);
END;
COMMENT ON FUNCTION custseg._set_override(text, uuid, text, text, date, date, text) IS
'Internal: what set_override does for a customer that is a uuid.';

CREATE FUNCTION custseg.set_override(portfolio text, customer text, kind text, tier text DEFAULT NULL, valid_from date DEFAULT NULL,
	valid_until date DEFAULT NULL, reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_override(text, text, text, text, date, date, text) IS
'Sets the tier of a customer by hand, from the next run on, and returns the number of the override. kind: pin (exactly this tier), floor (at least this tier) or exclude (no tier). It is in force from valid_from (NULL: at once) to the day before valid_until (NULL: no end). reason must be given; the author is the session''s user. 42704: no such portfolio, customer or tier; 22023: a customer of another type, a kind that is none, days out of order, exclude with a tier, a pin that overlaps one to another tier, a customer that was merged into another; 22004: null; 42501: not the owner.';

CREATE FUNCTION custseg.set_override(portfolio text, customer bigint, kind text, tier text DEFAULT NULL, valid_from date DEFAULT NULL,
	valid_until date DEFAULT NULL, reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_override(text, bigint, text, text, date, date, text) IS
'set_override for a portfolio whose customers are numbers.';

CREATE FUNCTION custseg.set_override(portfolio text, customer uuid, kind text, tier text DEFAULT NULL, valid_from date DEFAULT NULL,
	valid_until date DEFAULT NULL, reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_override(text, uuid, text, text, date, date, text) IS
'set_override for a portfolio whose customers are uuids.';

CREATE FUNCTION custseg._end_override(portfolio text, p_override_id bigint, until date) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	pinned record;
	-- The first day that no run has counted yet.
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT o.valid_from, o.valid_until INTO pinned FROM override AS o WHERE o.override_id = p_override_id;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'portfolio "%" has no override %', portfolio, coalesce(p_override_id::text, 'null')
			USING ERRCODE = '42704', HINT = 'Its table override lists them.';
	END IF;
	day := coalesce(until, least(pinned.valid_until,
		(SELECT coalesce(p.last_as_of + 1, (now() AT TIME ZONE p.time_zone)::date) FROM portfolio AS p)));
	IF NOT isfinite(day) OR day > pinned.valid_until THEN
		RAISE EXCEPTION 'argument "until" is %, but override % ends on %', day, p_override_id, coalesce(pinned.valid_until::text, 'no day')
			USING ERRCODE = '22023', HINT = 'An override can be ended earlier, not later: set another one.';
	END IF;
	-- One that was never in force is no history.
	DELETE FROM override AS o WHERE o.override_id = p_override_id AND o.valid_from >= day;
	UPDATE override AS o SET valid_until = day WHERE o.override_id = p_override_id;
END
$$;
COMMENT ON FUNCTION custseg._end_override(text, bigint, date) IS
'Internal: what end_override does.';

CREATE FUNCTION custseg.end_override(portfolio text, override_id bigint, until date DEFAULT NULL) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.end_override(text, bigint, date) IS
'Ends an override: until is the first day on which it is not in force any more; NULL: the day after the last run, so that the next run is the first without it. An override that would never have been in force is deleted. 42704: no such portfolio or override; 22023: until is after its end; 42501: not the owner.';
