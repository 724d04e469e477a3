-- The walk through the results of one run, as demo/run prints it: psql -A -t, variables from demo/run.
-- Everything is at most 100 columns wide for customary amounts.

SET client_min_messages = warning;

-- --- Text in columns --------------------------------------------------------------------------------

-- Columns on a terminal: a Chinese character takes two.
CREATE FUNCTION pg_temp.width(t text) RETURNS int
LANGUAGE sql IMMUTABLE AS
$$ SELECT length(t) + length(regexp_replace(t, '[^\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]', '', 'g')) $$;

-- Pads a text on the right (l) or on the left (r).
CREATE FUNCTION pg_temp.pad(t text, columns int, side text) RETURNS text
LANGUAGE sql IMMUTABLE AS
$$
	SELECT CASE side
			   WHEN 'r' THEN repeat(' ', columns - pg_temp.width(t)) || t
			   ELSE t || repeat(' ', columns - pg_temp.width(t))
		   END
$$;

-- Rows of equal length as aligned lines; sides has an l or r for each column. The gap is two blanks.
CREATE FUNCTION pg_temp.lines(cells text[], sides text) RETURNS SETOF text
LANGUAGE sql STABLE AS
$$
	SELECT rtrim('  ' || string_agg(pg_temp.pad(coalesce(cells[r][c], ''), w, substr(sides, c, 1)), '  ' ORDER BY c))
	FROM generate_subscripts(cells, 1) r,
		 (SELECT c, max(pg_temp.width(coalesce(cells[r2][c], ''))) AS w
		  FROM generate_subscripts(cells, 2) c, generate_subscripts(cells, 1) r2
		  GROUP BY c) widths
	GROUP BY r
	ORDER BY r
$$;

CREATE FUNCTION pg_temp.number(x numeric, digits int) RETURNS text
LANGUAGE sql IMMUTABLE AS
$$ SELECT to_char(round(x, digits), 'FM999,999,999,999,999,999,990' || CASE WHEN digits > 0 THEN '.' || repeat('0', digits) ELSE '' END) $$;

CREATE FUNCTION pg_temp.share(part numeric, whole numeric) RETURNS text
LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(to_char(100 * part / nullif(whole, 0), 'FM99990.0') || '%', '') $$;

CREATE FUNCTION pg_temp.fail(message text) RETURNS void
LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', message; END $$;

-- What a class of a measure covers, from the two breaks around it. A break belongs to the class below it.
-- whole: the measure is a whole number, which a break need not be (a mean).
CREATE FUNCTION pg_temp.range(breaks float8[], class int, descending boolean, whole boolean) RETURNS text
LANGUAGE sql IMMUTABLE AS
$$
	SELECT CASE
			   WHEN low IS NULL AND high IS NULL THEN 'any'
			   WHEN whole AND high IS NULL THEN pg_temp.number(floor(low) + 1, 0) || ' or more'
			   WHEN whole AND low IS NULL THEN 'up to ' || pg_temp.number(floor(high), 0)
			   WHEN whole AND floor(low) + 1 = floor(high) THEN pg_temp.number(floor(high), 0)
			   WHEN whole THEN pg_temp.number(floor(low) + 1, 0) || ' to ' || pg_temp.number(floor(high), 0)
			   WHEN high IS NULL THEN 'above ' || pg_temp.number(low, 2)
			   WHEN low IS NULL THEN 'up to ' || pg_temp.number(high, 2)
			   ELSE 'above ' || pg_temp.number(low, 2) || ' up to ' || pg_temp.number(high, 2)
		   END
	FROM (SELECT CASE WHEN descending THEN cardinality(breaks) + 2 - class ELSE class END AS n) place,
		 LATERAL (SELECT breaks[n - 1]::numeric AS low, breaks[n]::numeric AS high) around
$$;

-- --- The main job -----------------------------------------------------------------------------------

SET client_min_messages = notice;
SELECT clock_timestamp() AS started \gset
:q_score;
SELECT to_char(extract(epoch FROM clock_timestamp() - :'started'), 'FM9990.00') AS seconds \gset
SET client_min_messages = warning;

CREATE TEMPORARY TABLE by_segment AS
:q_segments;

CREATE TEMPORARY TABLE breaks AS
:q_fit;

-- Without a positive spend there is nothing to share and no policy to make of it.
SELECT EXISTS (SELECT FROM scored WHERE monetary > 0) AS has_spend \gset
\if :has_spend
CREATE TEMPORARY TABLE abc AS
:q_abc;
CREATE TEMPORARY TABLE rules AS
:q_policy;
:q_budget;
\else
CREATE TEMPORARY TABLE abc (class text, customers bigint, revenue float8, least float8);
CREATE TEMPORARY TABLE rules (policy custseg.tier_policy);
\endif

SELECT (SELECT sum(monetary) FROM scored) AS scored_sum,
	   (SELECT count(*) FROM scored) AS scored_customers,
	   (SELECT sum(amount) FROM :relation WHERE :day_expression <= :'as_of') AS orders_sum,
	   (SELECT count(DISTINCT customer_id) FROM :relation WHERE :day_expression <= :'as_of') AS orders_customers
\gset

-- --- Overview ---------------------------------------------------------------------------------------

SELECT pg_temp.lines(ARRAY[
		   ['Orders', format('%s lines from %s to %s', pg_temp.number(count(*) FILTER (WHERE day <= :'as_of'), 0),
							 to_char(min(day), 'YYYY-MM-DD'),
							 to_char(max(day) FILTER (WHERE day <= :'as_of'), 'YYYY-MM-DD'))],
		   ['Customers', pg_temp.number(:scored_customers, 0)],
		   ['As of', :'as_of' || ', ' || :'as_of_rule'
					 || CASE WHEN max(day) > :'as_of'
							 THEN format('; %s later lines are left out', pg_temp.number(count(*) FILTER (WHERE day > :'as_of'), 0))
							 ELSE '' END],
		   ['Time', :'seconds' || ' s from orders to scores and segments']], 'll')
FROM (SELECT :day_expression AS day FROM :relation) o;
SELECT pg_temp.lines(ARRAY[['', 'The last order is after today (' || to_char(current_date, 'YYYY-MM-DD') || '): is its date right?']], 'll')
WHERE :'as_of'::date > current_date + 1;

\echo
\echo :bold'Segments':plain' (':segmentation')'
\echo
WITH total AS (
	SELECT sum(customers) AS customers, sum(revenue) AS revenue, max(greatest(revenue, 0)) AS most
	FROM by_segment
), listed AS (
	SELECT 1 AS n, NULL::numeric AS revenue,
		   ARRAY['Segment', 'Customers', 'Share', 'Revenue', 'Recency', 'Frequency', 'Spend', 'Share of revenue'] AS cells
	UNION ALL
	SELECT 2, s.revenue,
		   ARRAY[coalesce(segment, '(none)'), pg_temp.number(s.customers, 0), pg_temp.share(s.customers, t.customers),
				 pg_temp.share(s.revenue, t.revenue), pg_temp.number(recency, 0), pg_temp.number(frequency, 1),
				 pg_temp.number(spend, 2),
				 repeat(:'bar', round(20 * greatest(s.revenue, 0) / nullif(t.most, 0))::int)]
	FROM by_segment s, total t
	UNION ALL
	SELECT 3, NULL,
		   ARRAY['All', pg_temp.number(count(*), 0), '100.0%', '100.0%', pg_temp.number(avg(recency), 0),
				 pg_temp.number(avg(frequency), 1), pg_temp.number(avg(monetary), 2), '']
	FROM scored
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n, revenue DESC, cells[1]), 'lrrrrrrl')
FROM listed;
\echo
\echo '  Means per customer: recency in days since the last purchase, frequency in days with a purchase,'
\echo '  spend net of refunds.'

-- --- Breaks -----------------------------------------------------------------------------------------

\echo
\echo :bold'Classes':plain
\echo
WITH measure AS (
	SELECT greatest(cardinality(recency), cardinality(frequency), cardinality(monetary)) + 1 AS classes, b.*
	FROM breaks b
), listed AS (
	SELECT 1 AS n, 0 AS class, ARRAY['Class', 'Recency, days', 'Frequency, days', 'Spend'] AS cells
	UNION ALL
	SELECT 2, class,
		   ARRAY[class::text,
				 CASE WHEN class <= cardinality(recency) + 1 THEN pg_temp.range(recency, class, true, true) END,
				 CASE WHEN class <= cardinality(frequency) + 1 THEN pg_temp.range(frequency, class, false, true) END,
				 CASE WHEN class <= cardinality(monetary) + 1 THEN pg_temp.range(monetary, class, false, false) END]
	FROM measure, generate_series(1, classes) class
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n, class DESC), 'rlll')
FROM listed;
\echo
\echo '  The breaks between the classes come from these customers; equal values are in the same class.'
\echo '  A cell such as 211 is the classes of recency, frequency and spend, in this order.'

-- --- ABC ------------------------------------------------------------------------------------------

\if :has_spend
\echo
\echo :bold'Who brings the revenue':plain
\echo
WITH listed AS (
	SELECT 1 AS n, '' AS class, ARRAY['Class', 'Customers', 'Share', 'Revenue', 'Share', 'Each at least'] AS cells
	UNION ALL
	SELECT 2, class, ARRAY[class, pg_temp.number(customers, 0), pg_temp.share(customers, sum(customers) OVER ()),
						   pg_temp.number(revenue::numeric, 2), pg_temp.share(revenue::numeric, sum(revenue) OVER ()::numeric),
						   pg_temp.number(least::numeric, 2)]
	FROM abc
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n, class), 'lrrrrr')
FROM listed;
\echo
\echo '  A: the largest customers, who together make 80 % of the revenue; B: up to 95 %; C: the rest.'
\endif

-- --- A budget -------------------------------------------------------------------------------------

\if :has_spend
\echo
\echo :bold'A budget of one per cent of the revenue, divided':plain
\echo
WITH listed AS (
	SELECT 1 AS n, NULL::numeric AS amount,
		   ARRAY['Segment', 'Customers', 'Budget', 'Share', 'Least', 'Median', 'Most'] AS cells
	UNION ALL
	SELECT 2, sum(amount),
		   ARRAY[coalesce(segment, '(none)'), pg_temp.number(count(*), 0), pg_temp.number(sum(amount), 2),
				 pg_temp.share(sum(amount), sum(sum(amount)) OVER ()), pg_temp.number(min(amount), 2),
				 pg_temp.number(percentile_disc(0.5) WITHIN GROUP (ORDER BY amount), 2), pg_temp.number(max(amount), 2)]
	FROM budget
	GROUP BY segment
	UNION ALL
	SELECT 3, NULL, ARRAY['All', pg_temp.number(count(*), 0), pg_temp.number(sum(amount), 2), '100.0%', '', '', '']
	FROM budget
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n, amount DESC, cells[1]), 'lrrrrrr')
FROM listed;
\echo
\echo '  To segments by revenue, at least a quarter of an equal share each; to customers by spend.'
SELECT sum(amount) = max(total) AS exact FROM budget \gset
\if :exact
\echo '  The amounts of all customers add up to the budget, to the cent.'
\else
SELECT pg_temp.fail('the amounts of the customers do not add up to the budget');
\endif
\endif

-- --- Value ------------------------------------------------------------------------------------------

-- Few customers, or none who came back, determine no model.
:q_lifetime;
SELECT coalesce(bool_and(custseg.lifetime_model_field(purchase_model, 'status') <> 'not_identified'
						 AND custseg.spend_model_field(spend_model, 'status') <> 'not_identified'), false) AS has_value
FROM lifetime \gset
\if :has_value
:q_value;
\echo
\echo :bold'What customers are worth in the next 52 weeks':plain
\echo
WITH fitted AS (
	SELECT n, name, custseg.lifetime_model_parameter(purchase_model, name) AS estimate,
		   custseg.standard_error(purchase_model, name) AS error,
		   custseg.lifetime_model_field(purchase_model, 'status') AS status
	FROM lifetime, unnest(ARRAY['r', 'alpha', 'a', 'b']) WITH ORDINALITY AS p (name, n)
	UNION ALL
	SELECT 4 + n, name, custseg.spend_model_parameter(spend_model, name), custseg.standard_error(spend_model, name),
		   custseg.spend_model_field(spend_model, 'status')
	FROM lifetime, unnest(ARRAY['p', 'q', 'gamma']) WITH ORDINALITY AS p (name, n)
), listed AS (
	SELECT 0 AS n, ARRAY['Parameter', 'Estimate', 'Standard error', 'Status'] AS cells
	UNION ALL
	SELECT n, ARRAY[name, pg_temp.number(estimate::numeric, 3), coalesce(pg_temp.number(error::numeric, 3), ''),
					CASE n WHEN 1 THEN 'purchases: ' || status WHEN 5 THEN 'amounts: ' || status ELSE '' END]
	FROM fitted
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n), 'lrrl')
FROM listed;
\echo
WITH member AS (
	SELECT v.*, monetary, row_number() OVER (ORDER BY clv DESC NULLS LAST, customer_id) AS place
	FROM value v JOIN scored s USING (customer_id)
	WHERE x IS NOT NULL
), listed AS (
	SELECT 0 AS n, ARRAY['Most value', 'Spend so far', 'Days', 'Active', 'Purchases', 'Each', 'Value'] AS cells
	UNION ALL
	SELECT place, ARRAY[c.customer_id || coalesce('  ' || left(:name_expression, 24), ''), pg_temp.number(monetary, 2), (x + 1)::text,
						pg_temp.share(p_alive::numeric, 1), pg_temp.number(expected_purchases::numeric, 1),
						pg_temp.number(expected_spend::numeric, 2), pg_temp.number(clv::numeric, 2)]
	FROM member c
	WHERE place <= 5
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n), 'lrrrrrr')
FROM listed;
\echo
WITH state AS (
	SELECT CASE WHEN p_alive >= 0.8 THEN 1 WHEN p_alive >= 0.4 THEN 2 ELSE 3 END AS n, v.*, monetary
	FROM value v JOIN scored s USING (customer_id)
	WHERE x IS NOT NULL
), listed AS (
	SELECT 0 AS n, ARRAY['Risk', 'Customers', 'Spend so far', 'Share', 'Purchases', 'Value', 'Share'] AS cells
	UNION ALL
	SELECT n, ARRAY[(ARRAY['active', 'doubtful', 'probably gone'])[n], pg_temp.number(count(*), 0),
					pg_temp.number(sum(monetary), 2), pg_temp.share(sum(monetary), sum(sum(monetary)) OVER ()),
					pg_temp.number(sum(expected_purchases)::numeric, 0), pg_temp.number(sum(clv)::numeric, 2),
					pg_temp.share(sum(clv)::numeric, sum(sum(clv)) OVER ()::numeric)]
	FROM state
	GROUP BY n
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n), 'lrrrrrr')
FROM listed;
\echo
\echo '  Active: the probability that a customer has not left; at risk where it is below 80 % or 40 %.'
\echo '  Days: with a purchase, so far. Purchases: days with one that are expected, and what they bring.'
\endif

-- --- Five customers ---------------------------------------------------------------------------------

-- From five segments, the best to the worst by mean score: the one with the median spend in each.
\echo
\echo :bold'Five customers':plain
WITH ordered AS (
	SELECT segment, row_number() OVER (ORDER BY avg(coalesce(r, 0) + coalesce(f, 0) + coalesce(m, 0)) DESC, segment) AS place, count(*) OVER () AS places
	FROM scored
	GROUP BY segment
), member AS (
	SELECT s.*, o.place, o.places,
		   row_number() OVER (PARTITION BY s.segment ORDER BY monetary, customer_id) AS i,
		   count(*) OVER (PARTITION BY s.segment) AS n
	FROM scored s
	JOIN ordered o ON o.segment IS NOT DISTINCT FROM s.segment
), wanted AS (
	-- Nearest first: five places over the list, then the middles of segments, then whoever is left.
	SELECT member.*,
		   row_number() OVER (ORDER BY NOT (i = (n + 1) / 2 AND EXISTS (
											   SELECT FROM generate_series(0, 4) k
											   WHERE place = 1 + round(k * (places - 1) / 4.0))),
									   i <> (n + 1) / 2, i, place, customer_id) AS choice
	FROM member
), chosen AS (
	SELECT * FROM wanted WHERE choice <= 5
)
SELECT E'\n  ' || :'bold' || c.customer_id || :'plain' || coalesce('  ' || :name_expression, '')
	   || '   cell ' || coalesce(cell, 'unknown') || '   ' || :'bold' || coalesce(segment, 'no segment') || :'plain' || E'\n'
	   || (SELECT string_agg(line, E'\n' ORDER BY o) FROM pg_temp.lines(ARRAY[
		   ['  recency', coalesce(pg_temp.number(c.recency, 0), 'none'),
			CASE c.recency WHEN 1 THEN 'day since ' ELSE 'days since ' END || to_char(last_purchase, 'YYYY-MM-DD'),
			'class ' || r || ' of ' || cardinality(b.recency) + 1 || ':',
			CASE WHEN c.recency IS NULL THEN 'no purchase' ELSE pg_temp.range(b.recency, r, true, true) END],
		   ['  frequency', pg_temp.number(c.frequency, 0), CASE c.frequency WHEN 1 THEN 'day with a purchase' ELSE 'days with a purchase' END,
			'class ' || f || ' of ' || cardinality(b.frequency) + 1 || ':', pg_temp.range(b.frequency, f, false, true)],
		   ['  spend', pg_temp.number(c.monetary, 2), '',
			'class ' || m || ' of ' || cardinality(b.monetary) + 1 || ':', pg_temp.range(b.monetary, m, false, false)]],
		   'lrlll') WITH ORDINALITY AS l (line, o))
	   || coalesce(E'\n    ' || segment || ': ' || (
		   SELECT max(description) FROM custseg.segment_rule k
		   WHERE k.segmentation = :'segmentation' AND k.segment = c.segment), '')
	   || coalesce(E'\n    tier ' || tier || ': ' || reason || coalesce(E'\n      for the next: ' || missing_next, ''), '')
FROM chosen c
CROSS JOIN breaks b
LEFT JOIN rules ON true
LEFT JOIN LATERAL custseg.next_tier(policy, NULL, NULL, jsonb_build_object('spend', c.monetary, 'frequency', c.frequency),
									NULL, :'as_of') n ON policy IS NOT NULL
ORDER BY place, i;

-- --- Queries ----------------------------------------------------------------------------------------

\echo
\echo :bold'The queries':plain
\echo
\echo '  To be pasted into:' :shell_command
\echo
\echo :q_score';'
\echo
\echo :q_segments';'
\echo
\echo :q_fit';'
\echo
\if :has_spend
\echo :q_abc';'
\echo
\echo :q_policy';'
\echo
\echo :q_budget';'
\echo
\endif
\if :has_value
\echo :q_lifetime';'
\echo
\echo :q_value';'
\echo
\endif

-- --- Check ------------------------------------------------------------------------------------------

\echo :bold'Check':plain
\echo
SELECT pg_temp.lines(ARRAY[
		   ['', 'customers', 'sum'],
		   ['from the orders', pg_temp.number(:orders_customers, 0), :'orders_sum'],
		   ['from the scores', pg_temp.number(:scored_customers, 0), :'scored_sum']], 'lrr');
SELECT :'scored_sum'::numeric = :'orders_sum'::numeric AND :scored_customers = :orders_customers AS exact \gset
\if :exact
\echo '  equal, to the last digit'
\else
SELECT pg_temp.fail('the customers or the sum of their spend differ from the orders');
\endif
