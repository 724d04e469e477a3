-- Steps of a run that reports need: counts of classes, sums of other sources by class, scores to keep.

CREATE FUNCTION custseg._count_classes(portfolio text, as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date := as_of;
	active int := custseg._option(portfolio, 'active_days')::int;
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO class_count (as_of, dimension, class, customers, spend, profit, costed_spend, buyers, repeat_buyers, active)
	SELECT day, CASE grouping(c.tier) WHEN 0 THEN 'tier' ELSE 'segment' END, coalesce(c.tier, c.segment), count(*),
		coalesce(sum(c.spend), 0), sum(c.profit), sum(c.spend) FILTER (WHERE c.profit IS NOT NULL),
		count(c.last_purchase), count(*) FILTER (WHERE c.is_repeat), count(*) FILTER (WHERE c.last_purchase > day - active)
	FROM (
		SELECT c.tier, c.segment, custseg.spend(c.purchases) AS spend, custseg.profit(c.purchases) AS profit,
			custseg.last_purchase(c.purchases) AS last_purchase, custseg.is_repeat(c.purchases) AS is_repeat
		FROM customer AS c
		WHERE c.tier IS NOT NULL OR c.segment IS NOT NULL
		-- Each computed once.
		OFFSET 0
	) AS c
	GROUP BY GROUPING SETS ((c.tier), (c.segment))
	HAVING coalesce(c.tier, c.segment) IS NOT NULL;
END
$$;
COMMENT ON FUNCTION custseg._count_classes(text, date) IS
'Internal: writes how many customers each tier and segment has, and what they bring, into class_count.';

-- What a source other than orders says, in one form: a query with customer_id, day, item and amount; NULL: no such source.
CREATE FUNCTION custseg._source_amounts(portfolio text, kind text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF to_regclass('source_' || kind) IS NULL THEN
		RETURN NULL;
	END IF;
	RETURN format('
		SELECT coalesce(a.to_id, s.customer_id) AS customer_id, s.%s::date AS day, %s AS item, %s AS amount
		FROM %4$I.%5$I AS s LEFT JOIN %4$I.customer_alias AS a ON a.from_id = s.customer_id',
		CASE kind WHEN 'feedback' THEN 'at' ELSE 'day' END,
		CASE kind WHEN 'usage' THEN 's.resource::text' ELSE '''''::text' END,
		CASE kind WHEN 'feedback' THEN 's.score::numeric / nullif(coalesce(s.scale, 1), 0)::numeric' ELSE 's.amount::numeric' END,
		custseg._portfolio_schema(portfolio), 'source_' || kind);
END
$$;
COMMENT ON FUNCTION custseg._source_amounts(text, text) IS
'Internal: a query for the rows of source costs, usage or feedback; NULL: the portfolio has no such source.';

CREATE FUNCTION custseg._count_sources(portfolio text, as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kind text;
	rows text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOREACH kind IN ARRAY ARRAY['costs', 'usage', 'feedback'] LOOP
		rows := custseg._source_amounts(portfolio, kind);
		CONTINUE WHEN rows IS NULL;
		EXECUTE format('
			INSERT INTO class_total (as_of, dimension, class, source, item, number, amount)
			SELECT $1, v.dimension, v.class, %L, s.item, sum(s.number), sum(s.amount)
			FROM (
				SELECT s.customer_id, s.item, count(*) AS number, sum(s.amount) AS amount FROM (%s) AS s
				WHERE s.day > $1 - 365 AND s.day <= $1 AND s.item IS NOT NULL AND s.amount IS NOT NULL
				GROUP BY s.customer_id, s.item
			) AS s
			JOIN customer AS c ON c.customer_id = s.customer_id
			CROSS JOIN LATERAL (VALUES (''tier'', c.tier), (''segment'', c.segment)) AS v (dimension, class)
			WHERE v.class IS NOT NULL
			GROUP BY v.dimension, v.class, s.item', kind, rows) USING as_of;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._count_sources(text, date) IS
'Internal: adds up costs, usage and feedback of the last 365 days for each tier and segment, into class_total.';

CREATE FUNCTION custseg._keep_scores(portfolio text, as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	keep text := custseg._option(portfolio, 'keep_scores');
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF keep NOT IN ('changes', 'all') THEN
		RETURN;
	END IF;
	EXECUTE format('
		INSERT INTO score_history (as_of, customer_id, score, r, f, m)
		SELECT $1, n.customer_id, n.score, n.r, n.f, n.m
		FROM (
			SELECT c.customer_id, c.score, c.r, c.f, c.m FROM %s
			WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL
		) AS n%s',
		custseg._scored_customers(portfolio, format('%L::date', as_of)),
		CASE keep WHEN 'changes' THEN '
		LEFT JOIN LATERAL (
			SELECT s.* FROM score_history AS s WHERE s.customer_id = n.customer_id ORDER BY s.as_of DESC LIMIT 1
		) AS b ON true
		WHERE b.customer_id IS NULL OR (n.score, n.r, n.f, n.m) IS DISTINCT FROM (b.score, b.r, b.f, b.m)' ELSE '' END || '
		-- In the order of the index.
		ORDER BY n.customer_id')
	USING as_of;
END
$$;
COMMENT ON FUNCTION custseg._keep_scores(text, date) IS
'Internal: adds the scores of a run to score_history, as the setting keep_scores says.';
