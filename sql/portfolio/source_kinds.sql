-- What a portfolio can read besides orders: the kinds of sources with their columns, and the measures and checks over them.
--
-- These are tables in the form of functions: what reads them is in sources.sql, stage_sources.sql and quality.sql.

CREATE FUNCTION custseg._source_columns(
	OUT kind text, OUT place int, OUT name name, OUT type text, OUT required boolean, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 53
BEGIN ATOMIC
	SELECT v.kind, v.place, v.name::name, v.type, v.required, v.description
	FROM (VALUES
		('orders', 1, 'customer_id', 'key', true, 'the customer; NULL: nobody, does not count'),
		('orders', 2, 'day', 'day', true, 'day of the order in the time zone of the portfolio'),
		('orders', 3, 'amount', 'numeric', true, 'amount of the order or order line; below 0: a refund'),
		('orders', 4, 'cost', 'numeric', false, 'its cost'),
		('orders', 5, 'order_id', 'key', false, 'the order; lines of one order are netted'),
		('orders', 6, 'ordered_at', 'day', true, 'when it was ordered, as the source has it'),
		('orders', 7, 'currency', 'text', false, 'currency that the amount was in'),
		('orders', 8, 'rate', 'numeric', false, 'the rate that amount and cost were multiplied by; NULL: none'),
		('customers', 1, 'customer_id', 'key', true, 'the customer, once'),
		('customers', 2, 'account_id', 'text', false, 'the account that the customer belongs to'),
		('customers', 3, 'brand', 'text', false, 'the brand that the customer is one of'),
		('customers', 4, 'name', 'text', false, 'name for people'),
		('customers', 5, 'industry', 'text', false, 'industry'),
		('customers', 6, 'region', 'text', false, 'region'),
		('customers', 7, 'size', 'text', false, 'size class'),
		('customers', 8, 'is_test', 'boolean', false, 'true: not a customer, but a test; skipped and counted'),
		('customers', 9, 'since', 'day', false, 'the customer is one from this day on'),
		('events', 1, 'customer_id', 'key', true, 'the customer'),
		('events', 2, 'at', 'day', true, 'when it was'),
		('events', 3, 'kind', 'text', false, 'what it was, e.g. visit, call, referral'),
		('events', 4, 'channel', 'text', false, 'where it was, e.g. web, shop, phone'),
		('events', 5, 'weight', 'numeric', false, 'how much it counts; NULL: 1'),
		('feedback', 1, 'customer_id', 'key', true, 'the customer'),
		('feedback', 2, 'at', 'day', true, 'when it was'),
		('feedback', 3, 'score', 'numeric', true, 'the score that was given; NULL: none'),
		('feedback', 4, 'scale', 'numeric', false, 'the highest score that can be given'),
		('feedback', 5, 'topic', 'text', false, 'what it is about'),
		('feedback', 6, 'channel', 'text', false, 'where it came from'),
		('feedback', 7, 'comment', 'text', false, 'the customer''s words'),
		('needs', 1, 'customer_id', 'key', true, 'the customer'),
		('needs', 2, 'need', 'text', true, 'what the customer needs'),
		('needs', 3, 'priority', 'numeric', false, 'how urgent it is, more is more urgent; NULL: 1'),
		('needs', 4, 'valid_from', 'day', false, 'first day; NULL: since ever'),
		('needs', 5, 'valid_until', 'day', false, 'first day behind; NULL: still'),
		('costs', 1, 'customer_id', 'key', true, 'the customer'),
		('costs', 2, 'day', 'day', true, 'when the cost arose'),
		('costs', 3, 'amount', 'numeric', true, 'cost of serving the customer'),
		('costs', 4, 'kind', 'text', false, 'what for'),
		('opportunities', 1, 'customer_id', 'key', true, 'the customer'),
		('opportunities', 2, 'opened', 'day', true, 'when it began'),
		('opportunities', 3, 'closed', 'day', false, 'when it was decided; NULL: open'),
		('opportunities', 4, 'value', 'numeric', true, 'what it is worth'),
		('opportunities', 5, 'won', 'boolean', false, 'how it was decided; NULL: not known'),
		('opportunities', 6, 'owner', 'text', false, 'who works on it'),
		('usage', 1, 'customer_id', 'key', true, 'the customer'),
		('usage', 2, 'resource', 'text', true, 'what was used'),
		('usage', 3, 'day', 'day', true, 'when'),
		('usage', 4, 'amount', 'numeric', true, 'how much'),
		('measures', 1, 'customer_id', 'key', true, 'the customer, once; every further column that is numeric is a measure'),
		('rates', 1, 'currency', 'text', true, 'currency of an amount'),
		('rates', 2, 'day', 'day', true, 'first day of the rate'),
		('rates', 3, 'rate', 'numeric', true, 'what one unit is worth in the currency of the portfolio'),
		('accounts', 1, 'customer_id', 'key', true, 'the customer of the orders, once'),
		('accounts', 2, 'account_id', 'key', true, 'the account that the customer belongs to')
	) AS v (kind, place, name, type, required, description);
END;
COMMENT ON FUNCTION custseg._source_columns() IS
'Internal: the standard columns of each kind of source. type: key, text, numeric, day or boolean.';

CREATE FUNCTION custseg.source_kinds(OUT kind text, OUT columns text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT c.kind, c.columns, d.description
	FROM (VALUES
		(1, 'customers', 'who they are; customers without orders become part of the portfolio; all further columns are kept as attributes'),
		(2, 'events', 'what customers did besides buying: visits, calls, referrals'),
		(3, 'feedback', 'answers and scores'),
		(4, 'needs', 'what customers need, and how urgently'),
		(5, 'costs', 'what it costs to serve them'),
		(6, 'opportunities', 'sales that may come, came or failed'),
		(7, 'usage', 'what customers used of a resource'),
		(8, 'measures', 'numbers from elsewhere: every numeric column is a measure'),
		(9, 'rates', 'rates of currencies, for portfolios whose orders have a currency')
	) AS d (place, kind, description)
	JOIN (
		SELECT s.kind, pg_catalog.string_agg(pg_catalog.format('%s%s %s', s.name, CASE WHEN NOT s.required THEN '?' END,
			CASE s.type WHEN 'day' THEN 'date or timestamp' WHEN 'key' THEN '(as in the orders)' ELSE s.type END), ', '
			ORDER BY s.place) AS columns
		FROM custseg._source_columns() AS s GROUP BY s.kind
	) AS c ON c.kind = d.kind
	ORDER BY d.place;
END;
COMMENT ON FUNCTION custseg.source_kinds() IS
'The kinds of sources that add_source takes. columns: the standard columns with their types; those with a question mark may be missing. They are found by name, in any order.';

-- Measures over a source. expression is computed over the rows s of a customer in source_<source>; in it, {rows} is the
-- condition that a row is of the measure's window and filter and not after {as_of}, {filter} that of the filter alone.
-- empty: the value of a customer without a row; NULL: unknown.
CREATE FUNCTION custseg._source_measures(OUT kind text, OUT source text, OUT expression text, OUT empty int, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT v.kind, v.source, v.expression, v.empty, v.description
	FROM (VALUES
		('events', 'events', 'count(*) FILTER (WHERE {rows})', 0, 'number of events'),
		('active_days', 'events', 'count(DISTINCT s.at) FILTER (WHERE {rows})', 0, 'days with an event'),
		('event_weight', 'events', 'sum(coalesce(s.weight, 1)) FILTER (WHERE {rows})', 0, 'total weight of events'),
		('referrals', 'events', 'count(*) FILTER (WHERE {rows} AND s.kind = ''referral'')', 0, 'events of kind referral'),
		('satisfaction', 'feedback', 'avg(s.score / nullif(coalesce(s.scale, 1), 0)) FILTER (WHERE {rows})', NULL,
		 'mean of score / scale; without a scale, of score'),
		('nps', 'feedback', '100 * (count(*) FILTER (WHERE {rows} AND s.score >= 0.9 * coalesce(s.scale, 10))
			- count(*) FILTER (WHERE {rows} AND s.score <= 0.6 * coalesce(s.scale, 10)))::numeric
			/ nullif(count(s.score) FILTER (WHERE {rows}), 0)', NULL,
		 'percentage of scores of at least 9 of 10 less that of at most 6 of 10; without a scale, of 10'),
		('responses', 'feedback', 'count(s.score) FILTER (WHERE {rows})', 0, 'number of scores given'),
		('needs', 'needs', 'count(*) FILTER (WHERE {rows})', 0, 'number of needs that are open'),
		('need_priority', 'needs', 'max(coalesce(s.priority, 1)) FILTER (WHERE {rows})', 0, 'the highest priority of the needs that are open'),
		('cost_to_serve', 'costs', 'sum(s.amount) FILTER (WHERE {rows})', 0, 'cost of serving the customer'),
		('net_value', 'costs', 'sum(s.amount) FILTER (WHERE {rows})', 0,
		 'profit less the cost of serving; spend less that where the orders have no cost'),
		('open_opportunities', 'opportunities',
		 'sum(s.value) FILTER (WHERE {filter} AND s.opened <= {as_of} AND (s.closed IS NULL OR s.closed > {as_of}))', 0,
		 'value of the opportunities that are open'),
		('won_value', 'opportunities', 'sum(s.value) FILTER (WHERE {rows} AND s.won)', 0, 'value of the opportunities that were won'),
		('conversion_rate', 'opportunities',
		 'count(*) FILTER (WHERE {rows} AND s.won)::numeric / nullif(count(s.won) FILTER (WHERE {rows}), 0)', NULL,
		 'opportunities won / opportunities decided'),
		('sales_cycle', 'opportunities',
		 'percentile_cont(0.5) WITHIN GROUP (ORDER BY (s.closed - s.opened)::float8) FILTER (WHERE {rows} AND s.won)', NULL,
		 'median of the days from opened to closed of the opportunities that were won'),
		('usage', 'usage', 'sum(s.amount) FILTER (WHERE {rows})', 0, 'amount used')
	) AS v (kind, source, expression, empty, description);
END;
COMMENT ON FUNCTION custseg._source_measures() IS
'Internal: the measures over sources other than orders, with the aggregates that compute them and the value of a customer without a row.';

-- When a row of a source counts, and which of its columns a filter is compared with. {from}: first day of the window.
CREATE FUNCTION custseg._source_rows(OUT source text, OUT condition text, OUT filters text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 6
BEGIN ATOMIC
	SELECT v.source, v.condition, v.filters
	FROM (VALUES
		('events', 's.at BETWEEN {from} AND {as_of}', 's.kind, s.channel'),
		('feedback', 's.at BETWEEN {from} AND {as_of}', 's.topic, s.channel'),
		-- A need is not of a day: it counts while it is open, whatever the window.
		('needs', '(s.valid_from IS NULL OR s.valid_from <= {as_of}) AND (s.valid_until IS NULL OR s.valid_until > {as_of})', 's.need'),
		('costs', 's.day BETWEEN {from} AND {as_of}', 's.kind'),
		('opportunities', 's.closed BETWEEN {from} AND {as_of}', 's.owner'),
		('usage', 's.day BETWEEN {from} AND {as_of}', 's.resource')
	) AS v (source, condition, filters);
END;
COMMENT ON FUNCTION custseg._source_rows() IS
'Internal: for each source that measures are computed over, when a row counts, and the columns that a filter is compared with.';

-- The checks of a run. Their thresholds are settings warn_<check> and stop_<check>.
CREATE FUNCTION custseg._quality_checks(OUT "check" text, OUT warn text, OUT stop text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT v."check", v.warn, v.stop, v.description
	FROM (VALUES
		('no_customer', '0.05', '0.9', 'rows without a customer'),
		('no_day', '0', '0.1', 'rows without a day'),
		('no_amount', '0', '0.1', 'rows without an amount'),
		('after', '', '', 'rows of days after as_of'),
		('future', '0', '', 'rows of days after today; in the full check only'),
		('refunds', '0.3', '', 'rows with an amount below 0'),
		('largest_customer', '0.01', '', 'orders of the customer with the most: a key that stands for many'),
		('duplicates', '0', '0', 'rows with a key that another row has'),
		('shared_orders', '0', '', 'orders whose order_id has several customers; in the full check only'),
		('orphans', '0.05', '', 'rows of customers who have no orders and are not in customers'),
		('late', '0.01', '', 'rows of days that the run before had counted already, and that came since'),
		('vanished', '0.01', '0.5', 'rows that the run before had counted, and that are gone'),
		('anonymous', '0.1', '', 'orders of the customers of the setting anonymous'),
		('test', '0.1', '', 'customers who are tests'),
		('long_customer', '0', '', 'customers whose key has more than 1000 bytes, who are skipped'),
		('currencies', '', '', 'rows in a currency: several without rates, or one without a rate, stop a run'),
		('stale', '7', '', 'days from the newest order to as_of; its thresholds are days')
	) AS v ("check", warn, stop, description);
END;
COMMENT ON FUNCTION custseg._quality_checks() IS
'Internal: the checks of the data of a run, with the shares above which they warn and stop by default; empty: never.';
