-- The portfolio's part of the demo, behind report.sql in the same session: declared, refreshed at up to four month ends,
-- its moves explained, a budget divided, customers given to agents, goals measured. Variables from demo/run:
-- relation, day_expression, time_column, zone_argument, as_of, name_expression, bold, plain; from report.sql: has_spend.
-- What is shown as a query is what has run. At most 100 columns for customary amounts.

-- A text in lines of at most 96 columns, behind a margin.
CREATE FUNCTION pg_temp.wrap(t text, margin text) RETURNS text
LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(margin || line, E'\n')
   FROM regexp_split_to_table(regexp_replace(t, format('(.{1,%s})( |$)', 96 - length(margin)), E'\\1\n', 'g'), '\n') AS l (line)
   WHERE line <> '' $$;

-- --- What is declared -------------------------------------------------------------------------------

-- The last day counted is the last one with an order, if that is over.
SELECT :'has_spend'::boolean AND first_day <= last_day AS has_portfolio, last_day
FROM (SELECT min(:day_expression) AS first_day,
			 least(max(:day_expression) FILTER (WHERE :day_expression <= :'as_of'), current_date - 1) AS last_day FROM :relation) AS d
\gset
\if :has_portfolio
SELECT spend > 0 AS has_portfolio, days, last_day, first_run, spend,
	   custseg.abc_breaks(amount, ARRAY[0.8, 0.95]) AS breaks
FROM (SELECT array_agg(to_char(day, 'YYYY-MM-DD') ORDER BY day) AS days, to_char(max(day), 'YYYY-MM-DD') AS last_day,
			 to_char(min(day), 'YYYY-MM-DD') AS first_run
	  FROM (SELECT day FROM (
				SELECT :'last_day'::date
				UNION SELECT (date_trunc('month', :'last_day'::timestamp) - i * interval '1 month')::date - 1
				FROM generate_series(0, 2) AS i) AS d (day)
			WHERE day >= (SELECT min(:day_expression) FROM :relation)) AS d) AS d,
	 (SELECT sum(amount) OVER () AS spend, amount
	  FROM (SELECT sum(amount) AS amount FROM :relation
			WHERE :day_expression <= :'last_day' AND :day_expression > :'last_day'::timestamp - interval '1 year'
			GROUP BY customer_id) AS c) AS c
GROUP BY days, last_day, first_run, spend
\gset
\endif
\if :has_portfolio

-- Two digits are enough for a rule. Where few customers bring all, a break may be 0.
SELECT format(E'SELECT custseg.create_portfolio(''club'', %L,\n           ''customer_id'', %L, ''amount''%s)',
			  :'relation', :'time_column', :'zone_argument') AS q_create,
	   E'SELECT custseg.set_measure(''club'', ''spend_year'', ''spend'', ''rolling 12 months''),\n'
	   || E'       custseg.set_measure(''club'', ''days_year'', ''frequency'', ''rolling 12 months'')' AS q_measures,
	   format(E'SELECT custseg.set_tiers(''club'', ''{\n'
			  || E'    "tiers": [{"tier": "potential"},\n'
			  || E'              {"tier": "regular", "enter": "spend_year >= %s", "keep": "spend_year >= %s"},\n'
			  || E'              {"tier": "vip", "enter": "spend_year >= %s and days_year >= 2",\n'
			  || E'               "keep": "spend_year >= %s"}],\n'
			  || E'    "stay": "1 month", "grace": "30 days"}'')',
			  regular, trim_scale(0.75 * regular), vip, trim_scale(0.75 * vip)) AS q_rules,
	   format(E'SELECT day, moves.*\nFROM unnest(%L::date[]) AS day,\n     custseg.refresh(''club'', day) AS moves', :'days') AS q_refresh,
	   format(E'SELECT custseg.set_resource(''club'', ''discounts'', %s, weight_measure => ''spend_year''),\n'
			  || E'       custseg.set_tier_budget(''club'', ''discounts'', ''vip'', budget => %s),\n'
			  || E'       custseg.set_tier_budget(''club'', ''discounts'', ''potential'', floor => %s)',
			  total, round(total / 2, 2), trunc(total / 10, 2)) AS q_resource
FROM (SELECT trim_scale(round(low, 1 - floor(log(low))::int)) AS regular,
			 trim_scale(round(high, 1 - floor(log(high))::int)) AS vip, round(:spend * 0.02, 2) AS total
	  FROM (SELECT CASE WHEN b[1] > 0 THEN b[1] WHEN b[2] > 0 THEN b[2] ELSE :spend END AS low,
				   CASE WHEN b[2] > 0 THEN b[2] ELSE :spend END AS high
			FROM (SELECT :'breaks'::numeric[] AS b) AS b) AS b) AS r
\gset
\o /dev/null
:q_create;
:q_measures;
:q_rules;
:q_refresh;
SELECT md5(string_agg(m::text, ' ' ORDER BY m::text)) AS history FROM club.membership AS m \gset
SELECT count(*) AS vips FROM club.customer WHERE tier = 'vip' \gset
SELECT format(E'SELECT custseg.set_agent(''club'', ''ann'', capacity => %1$s, tiers => ''{vip}''),\n'
			  || E'       custseg.set_agent(''club'', ''ben'', capacity => %1$s, tiers => ''{vip}'')',
			  greatest(1, ceil(0.4 * :vips))) AS q_agents,
	   format(E'SELECT custseg.set_target(''club'', ''vip customers'', ''customers'', %s,\n'
			  || E'           scope => ''tier'', class => ''vip''),\n'
			  || E'       custseg.set_target(''club'', ''buy again'', ''repeat_rate'', 0.5),\n'
			  || E'       custseg.set_target(''club'', ''at high risk'', ''churn_share'', 0.3)', ceil(1.05 * :vips)) AS q_targets,
	   format(E'SELECT * FROM custseg.refresh(''club'', %L)', :'last_day') AS q_again,
	   E'SELECT * FROM club.current_customers ORDER BY priority DESC LIMIT 10' AS q_customers
\gset
:q_resource;
:q_agents;
:q_targets;
:q_again;
\o

-- --- The runs ---------------------------------------------------------------------------------------

\echo
\echo :bold'A portfolio: tiers that are kept up to date':plain
\echo
SELECT pg_temp.lines(ARRAY[['Tier', 'To enter', 'To keep']] || array_agg(ARRAY[tier, coalesce(enter, 'everybody else'), coalesce(keep, enter, '')]
													   ORDER BY position DESC), 'lll')
FROM club.tier;
\echo
WITH listed AS (
	SELECT 1 AS n, NULL::date AS as_of,
		   ARRAY['Refreshed as of', 'New', 'Up', 'Down', 'Warned', 'potential', 'regular', 'vip'] AS cells
	UNION ALL
	SELECT 2, as_of,
		   ARRAY[to_char(as_of, 'YYYY-MM-DD'),
				 pg_temp.number(coalesce(sum(customers) FILTER (WHERE transition = 'enter'), 0), 0),
				 pg_temp.number(coalesce(sum(customers) FILTER (WHERE transition = 'upgrade'), 0), 0),
				 pg_temp.number(coalesce(sum(customers) FILTER (WHERE transition = 'downgrade'), 0), 0),
				 pg_temp.number(coalesce(sum(customers) FILTER (WHERE transition = 'grace'), 0), 0)]
		   || (SELECT array_agg(pg_temp.number(coalesce(n.customers, 0), 0) ORDER BY t.position)
			   FROM club.tier AS t LEFT JOIN club.class_count AS n ON n.dimension = 'tier' AND n.class = t.tier AND n.as_of = d.as_of)
	FROM (SELECT DISTINCT as_of FROM club.run) AS d LEFT JOIN club.movement AS m USING (as_of)
	WHERE m.dimension IS DISTINCT FROM 'segment'
	GROUP BY as_of
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n, as_of), 'lrrrrrrr')
FROM listed;
\echo
\echo '  Rules over the last 12 months. Nobody falls in the first month, nor without 30 days of warning.'

-- --- Two moves, explained ---------------------------------------------------------------------------

-- The newest upgrade and downgrade; of several that of the customer with the highest spend.
SELECT E'\n  ' || :'bold' || c.customer_id || :'plain' || coalesce('  ' || :name_expression, '') || '   '
	   || CASE c.transition WHEN 'upgrade' THEN 'up' ELSE 'down' END || ' from ' || c.from_tier || ' to ' || c.tier
	   || E'\n' || e.text
FROM (SELECT DISTINCT ON (t.transition) t.transition, t.from_tier, t.tier, t.customer_id
	  FROM club.tier_transition AS t JOIN club.customer AS c USING (customer_id)
	  WHERE t.transition IN ('upgrade', 'downgrade') AND c.tier = t.tier
	  ORDER BY t.transition, t.as_of DESC, custseg.spend(c.purchases) DESC, t.customer_id) AS c,
	 LATERAL (SELECT string_agg(pg_temp.wrap(e.sentence, '    '), E'\n' ORDER BY e.step) AS text
			  FROM custseg.explain_tier('club', c.customer_id) AS e
			  WHERE e.item IN ('history', 'summary') OR e.item = 'measure' AND e.name IN ('spend_year', 'days_year')) AS e
ORDER BY c.transition DESC;

-- --- A budget, agents, goals ------------------------------------------------------------------------

\echo
WITH listed AS (
	SELECT 0 AS n, ARRAY['Discounts', 'Customers', 'Budget', 'Share', 'Least', 'Most', 'Left'] AS cells
	UNION ALL
	SELECT 10 - t.position, ARRAY[b.tier, pg_temp.number(count(c.customer_id), 0), pg_temp.number(b.allocated, 2),
				 pg_temp.share(b.allocated, r.total), pg_temp.number(coalesce(min(coalesce(a.amount, 0)), 0), 2),
				 pg_temp.number(coalesce(max(a.amount), 0), 2), pg_temp.number(b.leftover, 2)]
	FROM club.budget_use AS b JOIN club.tier AS t USING (tier) JOIN club.resource AS r USING (resource)
	LEFT JOIN club.customer AS c USING (tier)
	LEFT JOIN club.allocation AS a ON a.customer_id = c.customer_id AND a.resource = b.resource AND a.until IS NULL
	GROUP BY t.position, b.tier, b.allocated, b.leftover, r.total
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n), 'lrrrrrr')
FROM listed;
\echo
WITH listed AS (
	SELECT 0 AS n, 'agent' AS name, ARRAY['Agent', 'Customers', 'Capacity'] AS cells
	UNION ALL
	SELECT 1, agent, ARRAY[agent, pg_temp.number(customers, 0), pg_temp.number(capacity, 0)] FROM club.agent_load
	UNION ALL
	SELECT 2, 'nobody', ARRAY['nobody', pg_temp.number(count(*), 0), ''] FROM club.service_gaps
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n, name), 'lrr')
FROM listed;
\echo
WITH listed AS (
	SELECT 0 AS n, 'target' AS name, ARRAY['Target', 'Goal', 'Actual', 'Status'] AS cells
	UNION ALL
	SELECT 1, target, ARRAY[target, CASE direction WHEN 'at_most' THEN 'at most ' ELSE 'at least ' END || trim_scale(goal),
							coalesce(trim_scale(round(actual, 3))::text, ''), coalesce(status, '')]
	FROM club.attainment
)
SELECT pg_temp.lines(array_agg(cells ORDER BY n, name), 'lrrl')
FROM listed;

-- --- Queries and checks -----------------------------------------------------------------------------

\echo
\echo :bold'Its queries':plain
\echo
\echo :q_create';'
\echo :q_measures';'
\echo :q_rules';'
\echo :q_refresh';'
\echo :q_resource';'
\echo :q_agents';'
\echo :q_targets';'
\echo :q_again';'
\echo :q_customers';'
\echo
SELECT md5(string_agg(m::text, ' ' ORDER BY m::text)) = :'history' AS same FROM club.membership AS m \gset
SELECT coalesce(sum(a.amount), 0) + max(b.leftover) = max(b.budget) AS exact
FROM (SELECT resource, budget, leftover FROM club.budget_use WHERE tier IS NULL) AS b LEFT JOIN club.allocation AS a USING (resource)
\gset
SELECT pg_temp.fail('a second refresh of the same day changed the history') WHERE NOT :'same'::boolean;
SELECT pg_temp.fail('the discounts do not add up to the budget') WHERE NOT :'exact'::boolean;
\echo '  The last day was refreshed twice: the history is the same. The discounts add up to the budget.'
\endif
