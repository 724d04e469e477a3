-- movement: who was where on two days.

CREATE FUNCTION custseg._movement(portfolio text, p_since date, p_until date,
	OUT dimension text, OUT from_class text, OUT to_class text, OUT customers bigint, OUT spend numeric)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_until date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	v_until := coalesce(p_until, (SELECT p.last_as_of FROM portfolio AS p), 'infinity');
	IF p_since IS NULL THEN
		RAISE EXCEPTION 'argument "since" must not be null'
			USING ERRCODE = '22004', HINT = 'Give the day to begin with.';
	END IF;
	IF p_since > v_until THEN
		RAISE EXCEPTION 'argument "since" is %, after argument "until", which is %', p_since, v_until
			USING ERRCODE = '22023', HINT = 'Give the earlier day first; without "until" it is the day of the last run.';
	END IF;
	RETURN QUERY
	SELECT x.dimension, x.was, x.now, count(*), coalesce(sum(custseg.spend(c.purchases)), 0)
	FROM (
		SELECT h.customer_id, h.dimension,
			max(h.class) FILTER (WHERE h.since <= p_since AND coalesce(h.until > p_since, true)) AS was,
			max(h.class) FILTER (WHERE h.since <= v_until AND coalesce(h.until > v_until, true)) AS now
		FROM membership AS h
		WHERE h.since <= v_until AND coalesce(h.until > p_since, true)
		GROUP BY h.customer_id, h.dimension
	) AS x
	LEFT JOIN customer AS c ON c.customer_id = x.customer_id
	WHERE num_nonnulls(x.was, x.now) > 0
	GROUP BY x.dimension, x.was, x.now
	ORDER BY 1 DESC, 2 NULLS FIRST, 3 NULLS LAST;
END
$$;
COMMENT ON FUNCTION custseg._movement(text, date, date) IS
'Internal: what movement does.';

CREATE FUNCTION custseg.movement(portfolio text, since date, until date DEFAULT NULL,
	OUT dimension text, OUT from_class text, OUT to_class text, OUT customers bigint, OUT spend numeric)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_reader' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 100000 ROWS 100;
COMMENT ON FUNCTION custseg.movement(text, date, date) IS
'Where the customers of each tier and segment (dimension) went from one day to another: the class on the day since, the class on the day until (NULL: the last run), how many customers, and their spend up to now. from_class NULL: not yet there; to_class NULL: gone; both the same: stayed. For readers of the portfolio. 42501: no reader; 42704: no such portfolio; 22004: since NULL; 22023: since after until.';
