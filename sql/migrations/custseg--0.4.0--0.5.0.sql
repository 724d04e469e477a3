\echo Use "ALTER EXTENSION custseg UPDATE" to load this file. \quit

-- Portfolios: everything is added, nothing of earlier versions changes.

COMMENT ON SCHEMA custseg IS
'Customer analytics: purchase summaries, RFM, scoring models, lifetime value, segmentations, tiers, allocation, portfolios.';

-- sql/portfolio/registry.sql
--
-- The registry of portfolios: a portfolio is a schema that its creator owns, and
-- has a row here. And who may call the public functions of the portfolio layer.

CREATE TABLE custseg.portfolio
(
	name        text PRIMARY KEY
	            CHECK (name <> '' AND pg_catalog.length(name) <= 200),
	schema_name text NOT NULL UNIQUE,
	layout      int NOT NULL CHECK (layout >= 1),
	created_at  timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE custseg.portfolio IS
'The registered portfolios. Written by create_portfolio, attach_portfolio and drop_portfolio; read it through custseg.portfolios.';
COMMENT ON COLUMN custseg.portfolio.name IS 'Name of the portfolio, as the functions take it; 1 to 200 characters.';
COMMENT ON COLUMN custseg.portfolio.schema_name IS 'Its schema. Whoever owns the schema owns the portfolio.';
COMMENT ON COLUMN custseg.portfolio.layout IS 'Version of the tables and views in the schema, from 1; upgrade_portfolio raises it.';
COMMENT ON COLUMN custseg.portfolio.created_at IS 'When it was registered.';

SELECT pg_catalog.pg_extension_config_dump('custseg.portfolio', '');

-- As for custseg.segmentation: everything that the installer needs, but no
-- TRIGGER and REFERENCES, since the functions below write as the table's owner.
GRANT SELECT ON custseg.portfolio TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON custseg.portfolio TO @extowner@ WITH GRANT OPTION;

CREATE VIEW custseg.portfolios AS
	SELECT p.name, p.schema_name, pg_catalog.pg_get_userbyid(n.nspowner) AS owner, p.layout
	FROM custseg.portfolio p
	LEFT JOIN pg_catalog.pg_namespace n ON n.nspname OPERATOR(pg_catalog.=) p.schema_name;
COMMENT ON VIEW custseg.portfolios IS
'The portfolios of this database, with their schemas and owners.';
COMMENT ON COLUMN custseg.portfolios.name IS 'Name of the portfolio, as the functions take it.';
COMMENT ON COLUMN custseg.portfolios.schema_name IS 'The schema that holds its tables and views.';
COMMENT ON COLUMN custseg.portfolios.owner IS 'The role that owns the schema; NULL when the schema is gone.';
COMMENT ON COLUMN custseg.portfolios.layout IS 'Version of the tables and views in the schema.';
GRANT SELECT ON custseg.portfolios TO PUBLIC;
GRANT SELECT ON custseg.portfolios TO @extowner@ WITH GRANT OPTION;

-- --- Functions for the portfolio layer itself -----------------------------

CREATE FUNCTION custseg._portfolio_schema(portfolio text) RETURNS name
AS 'MODULE_PATHNAME', 'custseg_portfolio_schema'
LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg._portfolio_schema(text) IS
'The schema of a portfolio. 42704: no such portfolio; 3F000: its schema is gone; 22004: NULL.';

CREATE FUNCTION custseg._register_portfolio(name text, schema_name name, layout int) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_register_portfolio'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg._register_portfolio(text, name, int) IS
'Registers a schema as a portfolio; layout is the version of its tables, from 1. The caller must have the privileges of the schema''s owner (42501). A name whose schema is gone is taken over. 42710: the name or the schema is registered already; 3F000: no such schema; 22004, 22023: bad argument.';

CREATE FUNCTION custseg._unregister_portfolio(name text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_unregister_portfolio'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg._unregister_portfolio(text) IS
'Takes a portfolio out of the registry; its schema stays. The caller must have the privileges of the schema''s owner (42501), unless the schema is gone. 42704: no such portfolio.';

CREATE FUNCTION custseg._set_portfolio_layout(name text, layout int) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_set_portfolio_layout'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg._set_portfolio_layout(text, int) IS
'Records the version of a portfolio''s tables, from 1. The caller must have the privileges of the schema''s owner (42501). 42704: no such portfolio; 3F000: its schema is gone; 22023: bad layout.';

-- --- Who may call the public functions ------------------------------------

CREATE FUNCTION custseg._portfolio_routines() RETURNS SETOF regprocedure
LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
BEGIN ATOMIC
	SELECT p.oid::pg_catalog.regprocedure
	FROM pg_catalog.pg_proc p
	JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
	WHERE p.pronamespace OPERATOR(pg_catalog.=) 'custseg'::pg_catalog.regnamespace
		AND CASE p.prokind
			WHEN 'p' THEN p.proname OPERATOR(pg_catalog.=) 'run_refresh'
			ELSE p.proname OPERATOR(pg_catalog.=) ANY (ARRAY['schedule', 'unschedule'])
				OR l.lanname OPERATOR(pg_catalog.=) 'c' AND p.prosrc OPERATOR(pg_catalog.=) ANY (ARRAY[
				'custseg_portfolio_owner', 'custseg_portfolio_reader', 'custseg_portfolio_caller',
				'custseg_portfolio_try', 'custseg_portfolio_any', 'custseg_refresh'])
			END
	ORDER BY p.proname, p.oid;
END;
COMMENT ON FUNCTION custseg._portfolio_routines() IS
'The public functions and procedures of the portfolio layer: those that are called through src/portfolio/portfolio_call.c, the procedures over them, schedule and unschedule. Only roles that grant_portfolios was called for can execute them.';

CREATE FUNCTION custseg.grant_portfolios(role name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	routine regprocedure;
BEGIN
	IF role IS NULL THEN
		RAISE EXCEPTION 'argument "role" must not be NULL'
			USING ERRCODE = 'null_value_not_allowed', HINT = 'Pass the name of a role.';
	END IF;
	IF role <> 'public' AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role) THEN
		RAISE EXCEPTION 'role "%" does not exist', role
			USING ERRCODE = 'undefined_object', HINT = 'Argument "role" must be the name of a role of this cluster.';
	END IF;

	FOR routine IN SELECT r FROM custseg._portfolio_routines() r LOOP
		IF NOT has_function_privilege(routine, 'EXECUTE WITH GRANT OPTION') THEN
			RAISE EXCEPTION 'permission denied to grant function %', routine
				USING ERRCODE = 'insufficient_privilege',
					  HINT = 'The role that created the extension may do this, or a superuser.';
		END IF;
		EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', routine, role);
	END LOOP;
END
$fn$;
COMMENT ON FUNCTION custseg.grant_portfolios(name) IS
'Lets a role (or public) call the public functions and procedures of the portfolio layer, by GRANT EXECUTE on each. What it may do with a portfolio depends on its rights on that portfolio''s schema. Call it again after an update that brings new functions. 42501: the caller may not grant; 42704: no such role; 22004: NULL.';

-- portfolio/portfolio_purchases.sql
--
-- What a refresh reads of its orders: summaries and counts, in one pass.

CREATE FUNCTION custseg._portfolio_purchases(key anyelement, orders text, as_of date, since date DEFAULT NULL,
	time_zone text DEFAULT NULL)
RETURNS TABLE (customer_id anyelement, purchases custseg.purchases, counts jsonb)
AS 'MODULE_PATHNAME', 'custseg_portfolio_purchases' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100000;
COMMENT ON FUNCTION custseg._portfolio_purchases(anyelement, text, date, date, text) IS
'Internal, for the refresh of a portfolio: customer_purchases(key, orders) of the orders up to and including as_of, one row per customer with counts NULL, and then one row, the last, with customer_id and purchases NULL and in counts what was seen: rows (all that were read), orders (the rows that counted); those that did not, each under its first reason: no_customer, no_day, no_amount, after (day > as_of); of those that counted, order lines each on its own: refunds (amount < 0), zero (amount 0), no_cost (cost NULL; null without a cost column), late_base (day <= since; null when since is NULL), first_day, last_day (null without orders); customers (the rows before). No NOTICE about them, and no error when all orders are after as_of. 22004: orders or as_of NULL. 22023: as_of, since or a day infinite, an amount or cost infinite or NaN, a day of type timestamptz without time_zone, a text that is not one query. 42804: columns of other types. 25006: a query that writes or locks rows.';

-- The layout of a portfolio: the tables in its schema.
--
-- History is keyed by the day (as_of) and not by the run that wrote it, so that a second run of the same day gives the
-- same rows. customer holds the state now; membership, tier_transition, allocation and assignment hold the history as
-- half-open intervals or as days; declarations are what the owner says; model is what runs have fitted.
--
-- Internal functions of the portfolio layer begin with an underscore. They begin with _work_on(portfolio), so that the
-- portfolio's tables are found by their names, behind pg_catalog.

CREATE FUNCTION custseg._work_on(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
AS $$
BEGIN
	-- Local to the calling function, which pins search_path itself.
	PERFORM pg_catalog.set_config('search_path',
		pg_catalog.format('pg_catalog, %I, pg_temp', custseg._portfolio_schema(portfolio)), true);
END
$$;
COMMENT ON FUNCTION custseg._work_on(text) IS
'Internal: puts the schema of a portfolio into the search_path of the calling function. 42704: no such portfolio.';

-- Runs statements one after the other in a schema, with {key} replaced by the type of customer_id.
CREATE FUNCTION custseg._run_layout(schema_name name, key_type text, statements text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('search_path', format('%I, pg_catalog, pg_temp', schema_name), true);
	EXECUTE replace(statements, '{key}', key_type);
END
$$;
COMMENT ON FUNCTION custseg._run_layout(name, text, text) IS
'Internal: runs DDL in the schema of a portfolio, with {key} replaced by the type of customer_id.';

CREATE FUNCTION custseg._layout_core(schema_name name, key_type text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
	PERFORM custseg._run_layout(schema_name, key_type, $ddl$
CREATE TABLE portfolio (
	only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	name          text NOT NULL,
	layout        int NOT NULL,
	customer_type text NOT NULL,
	time_zone     text NOT NULL,
	level         text NOT NULL DEFAULT 'customer' CHECK (level IN ('customer', 'account')),
	template      text,
	created_at    timestamptz NOT NULL DEFAULT now(),
	last_as_of    date
);
COMMENT ON TABLE portfolio IS 'The portfolio itself: one row.';
COMMENT ON COLUMN portfolio.only_row IS 'Keeps the table at one row.';
COMMENT ON COLUMN portfolio.name IS 'Name, as the functions of custseg take it.';
COMMENT ON COLUMN portfolio.layout IS 'Version of the layout of this schema; upgrade_portfolio raises it.';
COMMENT ON COLUMN portfolio.customer_type IS 'Type of customer_id, that of the orders.';
COMMENT ON COLUMN portfolio.time_zone IS 'Time zone in which a moment becomes a day.';
COMMENT ON COLUMN portfolio.level IS 'What a customer is: a customer of the orders, or the account that several belong to.';
COMMENT ON COLUMN portfolio.template IS 'The template that the portfolio began with.';
COMMENT ON COLUMN portfolio.created_at IS 'When it was created.';
COMMENT ON COLUMN portfolio.last_as_of IS 'The last day counted by the last good run; NULL before the first.';

CREATE TABLE setting (
	name  text PRIMARY KEY,
	value text NOT NULL
);
COMMENT ON TABLE setting IS 'Settings that differ from the defaults; set_option writes them, custseg.portfolio_options() lists all.';
COMMENT ON COLUMN setting.name IS 'Name of the setting.';
COMMENT ON COLUMN setting.value IS 'Its value as text.';

CREATE TABLE source (
	kind       text PRIMARY KEY,
	definition text NOT NULL,
	columns    text[] NOT NULL,
	added_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE source IS 'Which source views there are. The views themselves are what is read.';
COMMENT ON COLUMN source.kind IS 'orders, customers, events, feedback, needs, costs, opportunities, usage, measures, accounts or rates.';
COMMENT ON COLUMN source.definition IS 'What it was made from, for people: a relation or a query.';
COMMENT ON COLUMN source.columns IS 'The columns that have content.';
COMMENT ON COLUMN source.added_at IS 'When it was added or last replaced.';

CREATE TABLE run (
	run_id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	as_of            date NOT NULL,
	state            text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
	started_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at      timestamptz,
	started_by       text NOT NULL DEFAULT session_user,
	criteria_version int,
	customers        bigint,
	orders           bigint,
	late_orders      bigint,
	counts           jsonb NOT NULL DEFAULT '{}',
	timings          jsonb NOT NULL DEFAULT '{}',
	models           jsonb NOT NULL DEFAULT '{}',
	sqlstate         text,
	error            text
);
COMMENT ON TABLE run IS 'One row for each refresh.';
COMMENT ON COLUMN run.run_id IS 'Number of the run.';
COMMENT ON COLUMN run.as_of IS 'The last day counted.';
COMMENT ON COLUMN run.state IS 'running, done or failed.';
COMMENT ON COLUMN run.started_at IS 'When it started.';
COMMENT ON COLUMN run.finished_at IS 'When it ended; NULL while it runs.';
COMMENT ON COLUMN run.started_by IS 'The database role whose session started it.';
COMMENT ON COLUMN run.criteria_version IS 'The version of the criteria that it used, see criteria.';
COMMENT ON COLUMN run.customers IS 'Customers in the portfolio after the run.';
COMMENT ON COLUMN run.orders IS 'Order rows that counted: with it the next run finds the late ones.';
COMMENT ON COLUMN run.late_orders IS 'Order rows of days that the run before had counted already, and that came since, less those that have gone.';
COMMENT ON COLUMN run.counts IS 'What was read, skipped, moved and written.';
COMMENT ON COLUMN run.timings IS 'Milliseconds of each step.';
COMMENT ON COLUMN run.models IS 'The models that it used: name and the day they were fitted for.';
COMMENT ON COLUMN run.sqlstate IS 'SQLSTATE of the error of a failed run; NULL: its session or the server ended.';
COMMENT ON COLUMN run.error IS 'Message of the error of a failed run.';

CREATE TABLE criteria (
	version    int PRIMARY KEY,
	since      date NOT NULL,
	document   jsonb NOT NULL,
	author     text NOT NULL DEFAULT session_user,
	created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE criteria IS 'Versions of the declarations. A run that finds them changed makes the next version.';
COMMENT ON COLUMN criteria.version IS 'Number of the version.';
COMMENT ON COLUMN criteria.since IS 'as_of of the first run that used it.';
COMMENT ON COLUMN criteria.document IS 'The declarations, as export_portfolio gives them.';
COMMENT ON COLUMN criteria.author IS 'The role whose session ran the first run with it.';
COMMENT ON COLUMN criteria.created_at IS 'When that was.';

CREATE TABLE model (
	name     text,
	as_of    date,
	breaks   float8[],
	scale    custseg.scale_model,
	lifetime custseg.lifetime_model,
	spend    custseg.spend_model,
	spec     text NOT NULL,
	PRIMARY KEY (name, as_of)
);
COMMENT ON TABLE model IS 'What runs have fitted. The newest row of a name is in use.';
COMMENT ON COLUMN model.name IS 'r, f or m: breaks of the segmentation; the score of a component; lifetime; spend.';
COMMENT ON COLUMN model.as_of IS 'as_of of the run that fitted it.';
COMMENT ON COLUMN model.breaks IS 'Breaks of a score with classes, ascending.';
COMMENT ON COLUMN model.scale IS 'Scale of a component whose method is minmax, zscore or percentile.';
COMMENT ON COLUMN model.lifetime IS 'The model of purchases.';
COMMENT ON COLUMN model.spend IS 'The model of spend.';
COMMENT ON COLUMN model.spec IS 'What it was fitted to: when the declaration differs, it is fitted anew.';

CREATE TABLE customer (
	customer_id   {key} PRIMARY KEY,
	purchases     custseg.purchases,
	windows       custseg.purchases[],
	measures      jsonb,
	r             smallint,
	f             smallint,
	m             smallint,
	segment       text,
	segment_since date,
	classes       smallint[],
	tier          text,
	tier_since    date,
	grace_since   date,
	valid_until   date,
	reason        text,
	entered       date NOT NULL
);
COMMENT ON TABLE customer IS 'Every customer as the last run left it. What changes from day to day by itself is in the views.';
COMMENT ON COLUMN customer.customer_id IS 'The customer, in the type of the orders.';
COMMENT ON COLUMN customer.purchases IS 'Summary of all purchases up to as_of; NULL: none.';
COMMENT ON COLUMN customer.windows IS 'Summaries of shorter periods, in the order of measure_window; NULL where there is no purchase.';
COMMENT ON COLUMN customer.measures IS 'Measures from other sources than orders.';
COMMENT ON COLUMN customer.r IS 'Class of recency, the highest is the most recent.';
COMMENT ON COLUMN customer.f IS 'Class of frequency.';
COMMENT ON COLUMN customer.m IS 'Class of spend.';
COMMENT ON COLUMN customer.segment IS 'Segment; NULL: no purchase yet.';
COMMENT ON COLUMN customer.segment_since IS 'First day of the segment.';
COMMENT ON COLUMN customer.classes IS 'Classes of the components, in their order; NULL for a component that is scaled.';
COMMENT ON COLUMN customer.tier IS 'Tier; NULL: excluded, or gone from the sources.';
COMMENT ON COLUMN customer.tier_since IS 'First day of the tier.';
COMMENT ON COLUMN customer.grace_since IS 'First day of grace; NULL: not in grace.';
COMMENT ON COLUMN customer.valid_until IS 'First day behind the validity of the tier; NULL: no limit.';
COMMENT ON COLUMN customer.reason IS 'Why the tier is as it is: the reason of the last transition.';
COMMENT ON COLUMN customer.entered IS 'as_of of the run that saw the customer first.';

CREATE TABLE membership (
	customer_id {key} NOT NULL,
	dimension   text COLLATE "C" NOT NULL CHECK (dimension IN ('tier', 'segment')),
	class       text NOT NULL,
	since       date NOT NULL,
	until       date CHECK (until > since),
	reason      text NOT NULL,
	PRIMARY KEY (customer_id, dimension, since)
);
COMMENT ON TABLE membership IS 'Who was in which tier and segment, from when to when. The intervals of a customer do not overlap.';
COMMENT ON COLUMN membership.customer_id IS 'The customer.';
COMMENT ON COLUMN membership.dimension IS 'tier or segment.';
COMMENT ON COLUMN membership.class IS 'Name of the tier or segment.';
COMMENT ON COLUMN membership.since IS 'First day.';
COMMENT ON COLUMN membership.until IS 'First day behind; NULL: still.';
COMMENT ON COLUMN membership.reason IS 'Why: the reason of the tier, or the cell of the segment.';

CREATE TABLE tier_transition (
	customer_id {key} NOT NULL,
	as_of       date NOT NULL,
	transition  text NOT NULL CHECK (transition IN ('enter', 'upgrade', 'downgrade', 'renew', 'exit', 'grace', 'keep', 'none')),
	from_tier   text,
	tier        text,
	tier_since  date,
	grace_since date,
	valid_until date,
	reason      text NOT NULL,
	PRIMARY KEY (customer_id, as_of)
);
CREATE INDEX tier_transition_as_of ON tier_transition USING brin (as_of);
COMMENT ON TABLE tier_transition IS 'Every change of the state of a customer''s tier, with its reason.';
COMMENT ON COLUMN tier_transition.customer_id IS 'The customer.';
COMMENT ON COLUMN tier_transition.as_of IS 'The day.';
COMMENT ON COLUMN tier_transition.transition IS
	'enter, upgrade, downgrade, renew, exit; grace: a warning; keep: grace has ended well, or the validity changed.';
COMMENT ON COLUMN tier_transition.from_tier IS 'The tier before.';
COMMENT ON COLUMN tier_transition.tier IS 'The tier from that day on; NULL: none.';
COMMENT ON COLUMN tier_transition.tier_since IS 'Its first day.';
COMMENT ON COLUMN tier_transition.grace_since IS 'First day of grace; NULL: not in grace.';
COMMENT ON COLUMN tier_transition.valid_until IS 'First day behind its validity.';
COMMENT ON COLUMN tier_transition.reason IS 'Why.';

CREATE TABLE class_count (
	as_of         date NOT NULL,
	dimension     text NOT NULL CHECK (dimension IN ('tier', 'segment')),
	class         text NOT NULL,
	customers     bigint NOT NULL,
	spend         numeric NOT NULL,
	profit        numeric,
	costed_spend  numeric,
	buyers        bigint NOT NULL DEFAULT 0,
	repeat_buyers bigint NOT NULL DEFAULT 0,
	active        bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (as_of, dimension, class)
);
COMMENT ON TABLE class_count IS 'How many customers a tier or segment had after each run; it stays when customers are forgotten.';
COMMENT ON COLUMN class_count.as_of IS 'The day.';
COMMENT ON COLUMN class_count.dimension IS 'tier or segment.';
COMMENT ON COLUMN class_count.class IS 'Name of the tier or segment.';
COMMENT ON COLUMN class_count.customers IS 'Customers in it.';
COMMENT ON COLUMN class_count.spend IS 'Their spend, all days up to as_of.';
COMMENT ON COLUMN class_count.profit IS 'Spend less cost of those whose cost is known; NULL: of nobody.';
COMMENT ON COLUMN class_count.costed_spend IS 'Spend of those whose cost is known.';
COMMENT ON COLUMN class_count.buyers IS 'Customers with a purchase.';
COMMENT ON COLUMN class_count.repeat_buyers IS 'Customers with purchases on more than one day.';
COMMENT ON COLUMN class_count.active IS 'Customers with a purchase within the setting active_days.';

CREATE TABLE score_history (
	as_of       date NOT NULL,
	customer_id {key} NOT NULL,
	score       float8,
	r           smallint,
	f           smallint,
	m           smallint,
	PRIMARY KEY (customer_id, as_of)
);
COMMENT ON TABLE score_history IS 'Scores of earlier runs, kept when the setting keep_scores is on.';
COMMENT ON COLUMN score_history.as_of IS 'The day.';
COMMENT ON COLUMN score_history.customer_id IS 'The customer.';
COMMENT ON COLUMN score_history.score IS 'The total score.';
COMMENT ON COLUMN score_history.r IS 'Class of recency.';
COMMENT ON COLUMN score_history.f IS 'Class of frequency.';
COMMENT ON COLUMN score_history.m IS 'Class of spend.';

CREATE TABLE customer_alias (
	from_id   {key} PRIMARY KEY,
	to_id     {key} NOT NULL CHECK (to_id <> from_id),
	reason    text,
	author    text NOT NULL DEFAULT session_user,
	merged_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE customer_alias IS 'Customers that are one: what is of from_id counts for to_id. merge_customer writes it.';
COMMENT ON COLUMN customer_alias.from_id IS 'The customer that was merged.';
COMMENT ON COLUMN customer_alias.to_id IS 'The customer that remains.';
COMMENT ON COLUMN customer_alias.reason IS 'Why.';
COMMENT ON COLUMN customer_alias.author IS 'Who did it.';
COMMENT ON COLUMN customer_alias.merged_at IS 'When.';

CREATE TABLE forgotten (
	customer_hash bytea PRIMARY KEY,
	forgotten_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE forgotten IS 'Customers that were erased: runs skip them. Only a salted hash is kept.';
COMMENT ON COLUMN forgotten.customer_hash IS 'SHA-256 of the portfolio''s salt and the customer.';
COMMENT ON COLUMN forgotten.forgotten_at IS 'When.';

-- Each run empties and fills these. Autovacuum would work for nothing, and be in the way of the next run's TRUNCATE.
CREATE UNLOGGED TABLE stage_customer (
	customer_id {key},
	purchases   custseg.purchases,
	windows     custseg.purchases[],
	measures    jsonb,
	counts      jsonb
) WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off);
COMMENT ON TABLE stage_customer IS 'Working table of a run: what the sources say.';
COMMENT ON COLUMN stage_customer.customer_id IS 'The customer.';
COMMENT ON COLUMN stage_customer.purchases IS 'Summary of all purchases.';
COMMENT ON COLUMN stage_customer.windows IS 'Summaries of shorter periods.';
COMMENT ON COLUMN stage_customer.measures IS 'Measures from other sources.';
COMMENT ON COLUMN stage_customer.counts IS 'What the reading counted, in one row without a customer, for a moment.';

CREATE UNLOGGED TABLE stage_state (
	customer_id  {key},
	known        boolean,
	changed      boolean,
	purchases    custseg.purchases,
	windows      custseg.purchases[],
	measures     jsonb,
	r            smallint,
	f            smallint,
	m            smallint,
	from_segment text,
	segment      text,
	classes      smallint[],
	from_tier    text,
	tier         text,
	transition   text,
	reason       text,
	tier_since   date,
	grace_since  date,
	valid_until  date,
	state_change boolean
) WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off);
COMMENT ON TABLE stage_state IS 'Working table of a run: what each customer is to be.';
COMMENT ON COLUMN stage_state.customer_id IS 'The customer.';
COMMENT ON COLUMN stage_state.known IS 'The customer was there before.';
COMMENT ON COLUMN stage_state.changed IS 'The row of the customer is to be written.';
COMMENT ON COLUMN stage_state.purchases IS 'As in customer.';
COMMENT ON COLUMN stage_state.windows IS 'As in customer.';
COMMENT ON COLUMN stage_state.measures IS 'As in customer.';
COMMENT ON COLUMN stage_state.r IS 'As in customer.';
COMMENT ON COLUMN stage_state.f IS 'As in customer.';
COMMENT ON COLUMN stage_state.m IS 'As in customer.';
COMMENT ON COLUMN stage_state.from_segment IS 'The segment before.';
COMMENT ON COLUMN stage_state.segment IS 'The segment now.';
COMMENT ON COLUMN stage_state.classes IS 'As in customer.';
COMMENT ON COLUMN stage_state.from_tier IS 'The tier before.';
COMMENT ON COLUMN stage_state.tier IS 'The tier now.';
COMMENT ON COLUMN stage_state.transition IS 'As in tier_transition.';
COMMENT ON COLUMN stage_state.reason IS 'Why.';
COMMENT ON COLUMN stage_state.tier_since IS 'As in customer.';
COMMENT ON COLUMN stage_state.grace_since IS 'As in customer.';
COMMENT ON COLUMN stage_state.valid_until IS 'As in customer.';
COMMENT ON COLUMN stage_state.state_change IS 'A row of tier_transition is to be written.';
	$ddl$);
END
$function$;
COMMENT ON FUNCTION custseg._layout_core(name, text) IS
'Internal: makes the tables of runs, state and history in the schema of a new portfolio.';

-- The tables of declarations: what the owner of a portfolio says about measures, scores and tiers.

CREATE FUNCTION custseg._layout_declarations(schema_name name, key_type text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
	PERFORM custseg._run_layout(schema_name, key_type, $ddl$
CREATE TABLE measure_window (
	position int PRIMARY KEY CHECK (position > 0),
	"window" text NOT NULL UNIQUE
);
COMMENT ON TABLE measure_window IS 'The periods, besides all days, over which measures are computed.';
COMMENT ON COLUMN measure_window.position IS 'Its place in customer.windows.';
COMMENT ON COLUMN measure_window."window" IS 'rolling N months, month, quarter, half or year, as custseg.measure_window takes it.';

CREATE TABLE measure (
	measure     text PRIMARY KEY CHECK (measure <> ''),
	kind        text NOT NULL,
	"window"    text REFERENCES measure_window ("window") ON UPDATE CASCADE,
	filter      text,
	description text
);
COMMENT ON TABLE measure IS 'Measures that the owner has named. Every kind of custseg.measure_kinds() is a measure by its own name besides.';
COMMENT ON COLUMN measure.measure IS 'Name, as components and rules of tiers use it.';
COMMENT ON COLUMN measure.kind IS 'What is computed, see custseg.measure_kinds().';
COMMENT ON COLUMN measure."window" IS 'Over which period; NULL: all days.';
COMMENT ON COLUMN measure.filter IS 'Which rows of the source count, where the kind takes a value; NULL: all.';
COMMENT ON COLUMN measure.description IS 'One line for people.';

CREATE TABLE component (
	measure    text PRIMARY KEY,
	position   int NOT NULL UNIQUE DEFERRABLE CHECK (position > 0),
	weight     float8 NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight < 'Infinity'),
	method     text NOT NULL DEFAULT 'balanced'
	           CHECK (method IN ('balanced', 'quantile', 'natural', 'breaks', 'abc', 'minmax', 'zscore', 'percentile', 'none')),
	descending boolean NOT NULL DEFAULT false,
	classes    int CHECK (classes BETWEEN 2 AND 1000),
	breaks     float8[],
	shares     float8[],
	score_name text NOT NULL UNIQUE DEFERRABLE,
	part       text NOT NULL DEFAULT 'value' CHECK (part IN ('value', 'need', 'potential'))
);
COMMENT ON TABLE component IS 'The parts of the score: which measures, how they become a score, and their weights.';
COMMENT ON COLUMN component.measure IS 'The measure.';
COMMENT ON COLUMN component.position IS 'Its place in customer.classes.';
COMMENT ON COLUMN component.weight IS 'Weight in the total score, at least 0.';
COMMENT ON COLUMN component.method IS
	'balanced, quantile, natural: classes fitted to the data; breaks: given breaks; abc; minmax, zscore, percentile: a scale; none.';
COMMENT ON COLUMN component.descending IS 'Less is better.';
COMMENT ON COLUMN component.classes IS 'Number of classes of balanced, quantile and natural.';
COMMENT ON COLUMN component.breaks IS 'The breaks of the method breaks, ascending.';
COMMENT ON COLUMN component.shares IS 'The limits of the cumulative share of the method abc.';
COMMENT ON COLUMN component.score_name IS 'The score as a measure that rules of tiers can use.';
COMMENT ON COLUMN component.part IS 'Which part of the priority it belongs to.';

CREATE TABLE tier (
	tier         text PRIMARY KEY CHECK (tier <> ''),
	position     int NOT NULL UNIQUE DEFERRABLE CHECK (position > 0),
	enter        text,
	keep         text,
	stay         text,
	grace        text,
	validity     text,
	service_mode text CHECK (service_mode IN ('personal', 'standard', 'self-service')),
	note         text
);
COMMENT ON TABLE tier IS 'The tiers, the lowest first.';
COMMENT ON COLUMN tier.tier IS 'Name of the tier.';
COMMENT ON COLUMN tier.position IS '1 for the lowest.';
COMMENT ON COLUMN tier.enter IS 'Condition to come in; NULL for the lowest tier.';
COMMENT ON COLUMN tier.keep IS 'Condition to stay; NULL: as enter.';
COMMENT ON COLUMN tier.stay IS 'Minimum stay, an interval; NULL: as the portfolio''s.';
COMMENT ON COLUMN tier.grace IS 'How long a customer is warned before going down; NULL: as the portfolio''s.';
COMMENT ON COLUMN tier.validity IS 'How long the tier lasts; NULL: as the portfolio''s.';
COMMENT ON COLUMN tier.service_mode IS 'How customers are served: personal, standard or self-service.';
COMMENT ON COLUMN tier.note IS 'The strategy for the tier, for people.';

CREATE TABLE override (
	override_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	customer_id {key} NOT NULL,
	kind        text NOT NULL CHECK (kind IN ('pin', 'floor', 'exclude')),
	tier        text,
	valid_from  date,
	valid_until date,
	reason      text NOT NULL CHECK (reason <> ''),
	author      text NOT NULL DEFAULT session_user,
	created_at  timestamptz NOT NULL DEFAULT now(),
	CHECK (valid_from < valid_until),
	CHECK ((kind = 'exclude') = (tier IS NULL))
);
CREATE INDEX override_customer ON override (customer_id);
COMMENT ON TABLE override IS 'Tiers set by hand, each with its reason.';
COMMENT ON COLUMN override.override_id IS 'Number of the override.';
COMMENT ON COLUMN override.customer_id IS 'The customer.';
COMMENT ON COLUMN override.kind IS 'pin: exactly this tier; floor: at least this tier; exclude: no tier.';
COMMENT ON COLUMN override.tier IS 'The tier; NULL for exclude.';
COMMENT ON COLUMN override.valid_from IS 'First day; NULL: since ever.';
COMMENT ON COLUMN override.valid_until IS 'First day behind; NULL: no end.';
COMMENT ON COLUMN override.reason IS 'Why.';
COMMENT ON COLUMN override.author IS 'Who set it.';
COMMENT ON COLUMN override.created_at IS 'When it was set.';
	$ddl$);
END
$function$;
COMMENT ON FUNCTION custseg._layout_declarations(name, text) IS
'Internal: makes the tables of declarations in the schema of a new portfolio.';

-- The tables of resources and agents: what there is to divide, who may get how much of it, who serves whom.

CREATE FUNCTION custseg._layout_resources(schema_name name, key_type text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
	PERFORM custseg._run_layout(schema_name, key_type, $ddl$
CREATE TABLE resource (
	resource       text PRIMARY KEY CHECK (resource <> ''),
	unit           text,
	total          numeric NOT NULL CHECK (total >= 0 AND total < 'Infinity'),
	scale          int NOT NULL DEFAULT 2 CHECK (scale BETWEEN -20 AND 20),
	weight_measure text,
	tiers_by       text NOT NULL DEFAULT 'measure' CHECK (tiers_by IN ('measure', 'customers', 'weight')),
	period         text NOT NULL DEFAULT 'lifetime',
	max_gini       float8 CHECK (max_gini BETWEEN 0 AND 1),
	max_tier_share float8 CHECK (max_tier_share BETWEEN 0 AND 1),
	note           text
);
COMMENT ON TABLE resource IS 'What is divided over tiers and customers: money, hours, seats. set_resource writes it.';
COMMENT ON COLUMN resource.resource IS 'Name of the resource.';
COMMENT ON COLUMN resource.unit IS 'What total and amounts are counted in, for people.';
COMMENT ON COLUMN resource.total IS 'How much there is of it.';
COMMENT ON COLUMN resource.scale IS 'Decimals of the amounts: 2 for cents, 0 for whole units.';
COMMENT ON COLUMN resource.weight_measure IS
	'The measure that the customers of a tier get it by; NULL: all the same. A customer without it, or below 0, counts 0.';
COMMENT ON COLUMN resource.tiers_by IS
	'What tiers without a budget get it by: their weight times the sum of the measure, times the customers, or the weight alone.';
COMMENT ON COLUMN resource.period IS 'The days whose usage counts against the total, as custseg.measure_window takes it.';
COMMENT ON COLUMN resource.max_gini IS 'allocation_fairness raises the alarm above this Gini coefficient; NULL: never.';
COMMENT ON COLUMN resource.max_tier_share IS 'allocation_fairness raises the alarm when one tier has more than this part; NULL: never.';
COMMENT ON COLUMN resource.note IS 'For people.';

CREATE TABLE resource_tier (
	resource       text REFERENCES resource ON UPDATE CASCADE ON DELETE CASCADE,
	tier           text REFERENCES tier ON UPDATE CASCADE ON DELETE CASCADE,
	budget         numeric CHECK (budget >= 0),
	weight         numeric NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight < 'Infinity'),
	floor          numeric CHECK (floor >= 0),
	cap            numeric CHECK (cap >= floor AND cap >= 0),
	customer_floor numeric CHECK (customer_floor >= 0),
	customer_cap   numeric CHECK (customer_cap >= customer_floor AND customer_cap >= 0),
	PRIMARY KEY (resource, tier)
);
COMMENT ON TABLE resource_tier IS
	'How much of a resource a tier gets. A tier that has no row here has weight 1 and no bounds. set_tier_budget writes it.';
COMMENT ON COLUMN resource_tier.resource IS 'The resource.';
COMMENT ON COLUMN resource_tier.tier IS 'The tier.';
COMMENT ON COLUMN resource_tier.budget IS 'The budget of the tier; NULL: by weight, of what the budgets of other tiers leave.';
COMMENT ON COLUMN resource_tier.weight IS 'Weight of a tier without budget, see resource.tiers_by.';
COMMENT ON COLUMN resource_tier.floor IS 'The tier gets at least this much, as far as its customers can take it; NULL: 0.';
COMMENT ON COLUMN resource_tier.cap IS 'The tier gets at most this much; NULL: no limit.';
COMMENT ON COLUMN resource_tier.customer_floor IS 'Every customer of the tier gets at least this much; NULL: 0.';
COMMENT ON COLUMN resource_tier.customer_cap IS 'No customer of the tier gets more; NULL: no limit.';

CREATE TABLE resource_allocation (
	as_of     date,
	resource  text,
	total     numeric NOT NULL,
	allocated numeric NOT NULL,
	leftover  numeric NOT NULL,
	PRIMARY KEY (as_of, resource)
);
COMMENT ON TABLE resource_allocation IS 'What each run gave of each resource: total = allocated + leftover.';
COMMENT ON COLUMN resource_allocation.as_of IS 'The day.';
COMMENT ON COLUMN resource_allocation.resource IS 'The resource.';
COMMENT ON COLUMN resource_allocation.total IS 'How much there was.';
COMMENT ON COLUMN resource_allocation.allocated IS 'What customers got.';
COMMENT ON COLUMN resource_allocation.leftover IS 'What caps left, in the tiers or before them.';

CREATE TABLE tier_allocation (
	as_of     date,
	resource  text,
	tier      text,
	customers bigint NOT NULL,
	base      numeric NOT NULL,
	budget    numeric NOT NULL,
	allocated numeric NOT NULL,
	leftover  numeric NOT NULL,
	PRIMARY KEY (as_of, resource, tier)
);
COMMENT ON TABLE tier_allocation IS 'What each run gave to each tier: budget = allocated + leftover.';
COMMENT ON COLUMN tier_allocation.as_of IS 'The day.';
COMMENT ON COLUMN tier_allocation.resource IS 'The resource.';
COMMENT ON COLUMN tier_allocation.tier IS 'The tier.';
COMMENT ON COLUMN tier_allocation.customers IS 'Customers in the tier.';
COMMENT ON COLUMN tier_allocation.base IS 'What its customers are sure of: the sum of their floors.';
COMMENT ON COLUMN tier_allocation.budget IS 'What the tier got.';
COMMENT ON COLUMN tier_allocation.allocated IS 'What its customers got of that.';
COMMENT ON COLUMN tier_allocation.leftover IS 'What their caps left.';

CREATE TABLE allocation (
	customer_id {key} NOT NULL,
	resource    text NOT NULL,
	since       date NOT NULL,
	until       date CHECK (until > since),
	amount      numeric NOT NULL CHECK (amount > 0),
	PRIMARY KEY (customer_id, resource, since)
);
CREATE UNIQUE INDEX allocation_open ON allocation (customer_id, resource) INCLUDE (amount) WHERE until IS NULL;
COMMENT ON TABLE allocation IS
	'How much each customer got of each resource, from when to when. An interval ends when the amount changes.';
COMMENT ON COLUMN allocation.customer_id IS 'The customer.';
COMMENT ON COLUMN allocation.resource IS 'The resource.';
COMMENT ON COLUMN allocation.since IS 'First day.';
COMMENT ON COLUMN allocation.until IS 'First day behind; NULL: still.';
COMMENT ON COLUMN allocation.amount IS 'How much, in the unit of the resource. No row: nothing.';

CREATE TABLE agent (
	agent       text PRIMARY KEY CHECK (agent <> ''),
	capacity    numeric CHECK (capacity = trunc(capacity) AND capacity BETWEEN 0 AND 1000000000000),
	minimum     numeric CHECK (minimum = trunc(minimum) AND minimum BETWEEN 0 AND coalesce(capacity, 1000000000000)),
	tiers       text[] CHECK (cardinality(tiers) > 0),
	segments    text[] CHECK (cardinality(segments) > 0),
	attributes  jsonb CHECK (jsonb_typeof(attributes) = 'object'),
	active      boolean NOT NULL DEFAULT true,
	valid_until date,
	note        text
);
COMMENT ON TABLE agent IS 'The people who serve customers. set_agent writes it.';
COMMENT ON COLUMN agent.agent IS 'Name of the agent.';
COMMENT ON COLUMN agent.capacity IS 'How many customers at most, a whole number; NULL: no limit.';
COMMENT ON COLUMN agent.minimum IS 'How many customers reassign gives at least; NULL: 0.';
COMMENT ON COLUMN agent.tiers IS 'The tiers that the agent may serve; NULL: every tier that asks for service.';
COMMENT ON COLUMN agent.segments IS 'The segments that the agent may serve; NULL: all.';
COMMENT ON COLUMN agent.attributes IS
	'Columns of source_customers with the values that the agent may serve: {"region": ["north"]}; NULL: all.';
COMMENT ON COLUMN agent.active IS 'The agent is there. Customers of one who is not get another with the next run.';
COMMENT ON COLUMN agent.valid_until IS 'First day on which the agent is not there any more; NULL: no end.';
COMMENT ON COLUMN agent.note IS 'For people.';

CREATE TABLE assignment (
	customer_id {key} NOT NULL,
	agent       text NOT NULL,
	since       date NOT NULL,
	until       date CHECK (until > since),
	reason      text NOT NULL,
	ended       text CHECK ((ended IS NULL) = (until IS NULL)),
	PRIMARY KEY (customer_id, since)
);
CREATE UNIQUE INDEX assignment_open ON assignment (customer_id) INCLUDE (agent) WHERE until IS NULL;
COMMENT ON TABLE assignment IS 'Which agent served which customer, from when to when.';
COMMENT ON COLUMN assignment.customer_id IS 'The customer.';
COMMENT ON COLUMN assignment.agent IS 'The agent.';
COMMENT ON COLUMN assignment.since IS 'First day.';
COMMENT ON COLUMN assignment.until IS 'First day behind; NULL: still.';
COMMENT ON COLUMN assignment.reason IS
	'Why it began: new customer, agent left, no longer eligible, over capacity, reassigned, served again.';
COMMENT ON COLUMN assignment.ended IS 'Why it ended: agent left, no longer eligible, over capacity, reassigned.';
	$ddl$);
	PERFORM custseg._layout_resource_stages(schema_name, key_type);
END
$function$;
COMMENT ON FUNCTION custseg._layout_resources(name, text) IS
'Internal: makes the tables of resources and agents in the schema of a new portfolio.';

CREATE FUNCTION custseg._layout_resource_stages(schema_name name, key_type text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
	PERFORM custseg._run_layout(schema_name, key_type, $ddl$
-- No autovacuum where each run empties the table: see stage_customer.
CREATE UNLOGGED TABLE stage_weight (
	customer_id {key},
	tier        text,
	weight      numeric
) WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off);
COMMENT ON TABLE stage_weight IS 'Working table of a run: by what the customers get the resource that is being divided.';
COMMENT ON COLUMN stage_weight.customer_id IS 'The customer.';
COMMENT ON COLUMN stage_weight.tier IS 'The tier.';
COMMENT ON COLUMN stage_weight.weight IS 'The weight, at least 0.';

CREATE UNLOGGED TABLE stage_tier (
	tier      text,
	fixed     numeric,
	weight    numeric,
	customers bigint,
	base      numeric,
	floor     numeric,
	cap       numeric,
	amount    numeric
);
COMMENT ON TABLE stage_tier IS 'Working table of a run: the tiers among which a resource is being divided.';
COMMENT ON COLUMN stage_tier.tier IS 'The tier.';
COMMENT ON COLUMN stage_tier.fixed IS 'Its declared budget.';
COMMENT ON COLUMN stage_tier.weight IS 'Its weight.';
COMMENT ON COLUMN stage_tier.customers IS 'Its customers.';
COMMENT ON COLUMN stage_tier.base IS 'The sum of their floors.';
COMMENT ON COLUMN stage_tier.floor IS 'What the tier gets at least.';
COMMENT ON COLUMN stage_tier.cap IS 'What it gets at most.';
COMMENT ON COLUMN stage_tier.amount IS 'What it gets.';

CREATE UNLOGGED TABLE stage_allocation (
	customer_id {key},
	resource    text,
	amount      numeric
) WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off);
COMMENT ON TABLE stage_allocation IS 'Working table of a run: what customers are to get who get something else now.';
COMMENT ON COLUMN stage_allocation.customer_id IS 'The customer.';
COMMENT ON COLUMN stage_allocation.resource IS 'The resource.';
COMMENT ON COLUMN stage_allocation.amount IS 'How much; NULL: nothing any more.';

CREATE UNLOGGED TABLE stage_service (
	customer_id {key},
	profile     jsonb,
	value       numeric,
	was         text,
	agent       text,
	reason      text
) WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off);
COMMENT ON TABLE stage_service IS 'Working table of a run: who asks for an agent, or has one.';
COMMENT ON COLUMN stage_service.customer_id IS 'The customer.';
COMMENT ON COLUMN stage_service.profile IS 'Tier, segment and attributes that agents are chosen by; NULL: does not ask.';
COMMENT ON COLUMN stage_service.value IS 'The score: who comes first when not all can be served.';
COMMENT ON COLUMN stage_service.was IS 'The agent before.';
COMMENT ON COLUMN stage_service.agent IS 'The agent to be.';
COMMENT ON COLUMN stage_service.reason IS 'Why the agent changes.';

CREATE UNLOGGED TABLE stage_eligible (
	profile jsonb,
	agent   text
) WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off);
COMMENT ON TABLE stage_eligible IS 'Working table of a run: who may serve customers of which profile.';
COMMENT ON COLUMN stage_eligible.profile IS 'The profile, as in stage_service.';
COMMENT ON COLUMN stage_eligible.agent IS 'The agent.';
	$ddl$);
END
$function$;
COMMENT ON FUNCTION custseg._layout_resource_stages(name, text) IS
'Internal: makes the working tables of the steps that divide resources and assign agents.';

-- The tables of reports: targets and how far they were met, what the sources say about each class, who reads.

CREATE FUNCTION custseg._layout_targets(schema_name name, key_type text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
	PERFORM custseg._run_layout(schema_name, key_type, $ddl$
CREATE TABLE target (
	target      text PRIMARY KEY CHECK (target <> ''),
	metric      text NOT NULL,
	scope       text NOT NULL DEFAULT 'all' CHECK (scope IN ('all', 'tier', 'segment', 'resource')),
	class       text,
	period      text,
	value       numeric NOT NULL CHECK (value <> 'NaN'),
	direction   text NOT NULL CHECK (direction IN ('at_least', 'at_most')),
	amber       numeric NOT NULL DEFAULT 0.1 CHECK (amber >= 0 AND amber < 'Infinity'),
	valid_from  date,
	valid_until date,
	note        text,
	CHECK ((scope = 'all') = (class IS NULL)),
	CHECK (valid_from < valid_until)
);
COMMENT ON TABLE target IS 'The goals of the portfolio; set_target writes them, each run measures them.';
COMMENT ON COLUMN target.target IS 'Name of the target.';
COMMENT ON COLUMN target.metric IS 'What is measured: a metric of custseg.target_metrics(), or a measure, of which it is the mean.';
COMMENT ON COLUMN target.scope IS 'all, tier, segment or resource.';
COMMENT ON COLUMN target.class IS 'The tier, segment or resource of the scope; NULL for all.';
COMMENT ON COLUMN target.period IS 'Over which period, as custseg.measure_window takes it; NULL: all days.';
COMMENT ON COLUMN target.value IS 'The goal, for the whole period, in the unit of the metric.';
COMMENT ON COLUMN target.direction IS 'at_least: more is better; at_most: less is better.';
COMMENT ON COLUMN target.amber IS 'How far from the goal is still amber, as a part of it: 0.1 for 10 percent.';
COMMENT ON COLUMN target.valid_from IS 'First day; NULL: since ever.';
COMMENT ON COLUMN target.valid_until IS 'First day behind; NULL: no end.';
COMMENT ON COLUMN target.note IS 'One line for people.';

CREATE TABLE target_actual (
	target text NOT NULL REFERENCES target ON UPDATE CASCADE ON DELETE CASCADE,
	as_of  date NOT NULL,
	actual numeric NOT NULL CHECK (actual <> 'NaN'),
	author text NOT NULL DEFAULT session_user,
	set_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (target, as_of)
);
COMMENT ON TABLE target_actual IS 'What people have told about targets that are measured elsewhere; set_target_actual writes it.';
COMMENT ON COLUMN target_actual.target IS 'The target.';
COMMENT ON COLUMN target_actual.as_of IS 'From which day on it holds, until the next.';
COMMENT ON COLUMN target_actual.actual IS 'What was reached, in the unit of the target.';
COMMENT ON COLUMN target_actual.author IS 'Who told it.';
COMMENT ON COLUMN target_actual.set_at IS 'When.';

CREATE TABLE attainment_history (
	as_of      date NOT NULL,
	target     text NOT NULL,
	actual     numeric,
	value      numeric NOT NULL,
	attainment numeric,
	status     text CHECK (status IN ('green', 'amber', 'red')),
	PRIMARY KEY (target, as_of)
);
COMMENT ON TABLE attainment_history IS 'How far each target was met after each run.';
COMMENT ON COLUMN attainment_history.as_of IS 'The last day counted.';
COMMENT ON COLUMN attainment_history.target IS 'The target.';
COMMENT ON COLUMN attainment_history.actual IS 'What was reached; NULL: not known.';
COMMENT ON COLUMN attainment_history.value IS 'The goal on that day: of an amount, the part of it for the days of the period that have passed.';
COMMENT ON COLUMN attainment_history.attainment IS 'actual / value, of at_most value / actual; at least 1 when met; NULL: not defined.';
COMMENT ON COLUMN attainment_history.status IS 'green: met; amber: nearly; red; NULL: not known.';

CREATE TABLE class_total (
	as_of     date NOT NULL,
	dimension text NOT NULL CHECK (dimension IN ('tier', 'segment')),
	class     text NOT NULL,
	source    text NOT NULL CHECK (source IN ('costs', 'usage', 'feedback')),
	item      text NOT NULL,
	number    bigint NOT NULL,
	amount    numeric NOT NULL,
	PRIMARY KEY (as_of, dimension, class, source, item)
);
COMMENT ON TABLE class_total IS 'What other sources than orders say about each tier and segment after each run.';
COMMENT ON COLUMN class_total.as_of IS 'The last day counted.';
COMMENT ON COLUMN class_total.dimension IS 'tier or segment.';
COMMENT ON COLUMN class_total.class IS 'Name of the tier or segment.';
COMMENT ON COLUMN class_total.source IS 'costs, usage or feedback.';
COMMENT ON COLUMN class_total.item IS 'The resource of usage, otherwise empty.';
COMMENT ON COLUMN class_total.number IS 'Rows of the source, in the 365 days up to as_of.';
COMMENT ON COLUMN class_total.amount IS 'Sum of their amounts, or of score / scale.';

CREATE TABLE report_view (
	name name PRIMARY KEY
);
COMMENT ON TABLE report_view IS 'The report views of the portfolio: what readers may read.';
COMMENT ON COLUMN report_view.name IS 'Name of the view.';

CREATE TABLE reader (
	role_name  name PRIMARY KEY,
	granted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE reader IS 'Roles that read the report views; grant_reader and revoke_reader write it.';
COMMENT ON COLUMN reader.role_name IS 'The role, or public.';
COMMENT ON COLUMN reader.granted_at IS 'When grant_reader was called.';
	$ddl$);
END
$function$;
COMMENT ON FUNCTION custseg._layout_targets(name, text) IS
'Internal: makes the tables of targets, reports and readers in the schema of a new portfolio.';

-- The table of what runs found about the quality of their sources.

CREATE FUNCTION custseg._layout_sources(schema_name name, key_type text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
	PERFORM custseg._run_layout(schema_name, key_type, $ddl$
CREATE TABLE quality (
	as_of   date NOT NULL,
	source  text NOT NULL,
	"check" text NOT NULL,
	rows    bigint NOT NULL,
	share   float8,
	verdict text NOT NULL CHECK (verdict IN ('ok', 'warn', 'stop')),
	detail  text,
	PRIMARY KEY (as_of, source, "check")
);
COMMENT ON TABLE quality IS 'What each run found about the quality of its sources.';
COMMENT ON COLUMN quality.as_of IS 'as_of of the run.';
COMMENT ON COLUMN quality.source IS 'The source, by its kind.';
COMMENT ON COLUMN quality."check" IS 'What was looked at; the settings warn_ and stop_ with this name hold its thresholds.';
COMMENT ON COLUMN quality.rows IS 'How many were found; for stale: days.';
COMMENT ON COLUMN quality.share IS 'Their share of all that was looked at, 0 to 1; NULL: none was looked at, or the check has no share.';
COMMENT ON COLUMN quality.verdict IS 'ok, warn, or stop, which a run does not survive.';
COMMENT ON COLUMN quality.detail IS 'Which, where it can be named.';
	$ddl$);
END
$function$;
COMMENT ON FUNCTION custseg._layout_sources(name, text) IS
'Internal: makes the table of data quality in the schema of a new portfolio.';

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

-- Measures: from the name of a measure to the SQL that computes it for one customer.
--
-- The expression reads the columns of an alias c (purchases, windows, measures, r, f, m and, for scores, k1, k2, ...)
-- and the day from a text that the caller gives: a literal in a run, a column in a view. Models are scalar subqueries on
-- the table model, so that each is read once for a statement.

CREATE FUNCTION custseg.measure_kinds(
	OUT kind text, OUT source text, OUT moves boolean, OUT expression text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 25
BEGIN ATOMIC
	SELECT v.kind, v.source, v.moves, v.expression, v.description
	FROM (VALUES
		('spend', 'orders', false, 'custseg.spend({p})', 'net amount of all purchases'),
		('orders', 'orders', false, 'custseg.orders({p})', 'number of orders'),
		('frequency', 'orders', false, 'custseg.frequency({p})', 'days with a purchase'),
		('refunds', 'orders', false, 'custseg.refunds({p})', 'total of refunds'),
		('cost', 'orders', false, 'custseg.cost({p})', 'cost of all purchases'),
		('profit', 'orders', false, 'custseg.profit({p})', 'spend less cost'),
		('margin', 'orders', false, 'custseg.margin({p})', 'profit / spend'),
		('average_order', 'orders', false, 'custseg.average_order({p})', 'spend / orders'),
		('days_between', 'orders', false, 'custseg.days_between({p})', 'mean days between purchase days'),
		('gap_variation', 'orders', false, 'custseg.gap_variation({p})', 'variation of the gaps between purchase days'),
		('active_months', 'orders', false, 'custseg.active_months({p})', 'calendar months with a purchase'),
		('repeat_purchases', 'orders', false, 'custseg.repeat_purchases({p})', 'purchase days after the first'),
		('recency', 'orders', true, 'custseg.recency({p}, {as_of})', 'days since the last purchase'),
		('tenure', 'orders', true, 'custseg.tenure({p}, {as_of})', 'days since the first purchase'),
		('annual_spend', 'orders', true, 'custseg.annual_spend({p}, {as_of})', 'spend for a year of tenure'),
		('overdue_ratio', 'orders', true, 'custseg.overdue_ratio({p}, {as_of})', 'days since the last purchase / mean gap'),
		('p_alive', 'model', true, 'custseg.p_alive({lifetime}, {p}, {as_of})', 'probability that the customer is still one'),
		('expected_purchases', 'model', true, 'custseg.expected_purchases({lifetime}, {p}, {as_of}, {horizon}, ''day'')',
		 'purchase days to expect within the horizon'),
		('expected_spend', 'model', false, 'custseg.expected_spend({spend_model}, {p})', 'amount to expect of a purchase day'),
		('clv', 'model', true, 'custseg.clv({lifetime}, {spend_model}, {p}, {as_of}, {horizon}, {discount}, {margin_rate}, ''period'', ''day'')',
		 'margin to expect within the horizon, discounted'),
		('potential', 'model', true, '(custseg.clv({lifetime}, {spend_model}, {p}, {as_of}, {horizon}, 0, 1, ''period'', ''day'') - custseg.annual_spend({p}, {as_of}) * {horizon} / 365)',
		 'spend to expect within the horizon less that of the past at the same pace')
	) AS v (kind, source, moves, expression, description)
	UNION ALL
	SELECT s.kind, s.source, false, s.expression, s.description FROM custseg._source_measures() AS s;
END;
COMMENT ON FUNCTION custseg.measure_kinds() IS
'What a portfolio can measure about a customer. source: orders, model (needs the lifetime models, see set_option lifetime) or the kind of source that add_source has to add. moves: the value changes from day to day by itself, so it is not stored. expression: the SQL behind it, {p} being the purchase summary; of other sources, the aggregate over the customer''s rows s.';

CREATE FUNCTION custseg.portfolio_options(OUT name text, OUT "default" text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 60
BEGIN ATOMIC
	SELECT v.name, v."default", v.description
	FROM (VALUES
		('segmentation', 'standard_11', 'the segmentation of r, f and m, see custseg.segmentation; none: no segments'),
		('refit', '1 month', 'how long fitted breaks and models are used; 0 days: each run fits'),
		('lifetime', 'bgnbd', 'the model of purchases: bgnbd, mbgnbd, pareto_nbd or none'),
		('horizon', '365', 'days ahead for expected purchases and lifetime value'),
		('discount', '0.1', 'discount of lifetime value for a year, 0.1 for 10 percent'),
		('margin_rate', '1', 'the part of spend that is margin in lifetime value'),
		('missing', 'renormalise', 'a component without a value: renormalise, zero or null, as weighted_score takes it'),
		('upgrade', 'each_run', 'when customers go up: each_run or period_end'),
		('downgrade', 'one_step', 'how customers go down: never, one_step, requalify or to_base'),
		('check', 'each_run', 'when downgrades are judged: each_run or period_end'),
		('period', 'month', 'the period of period_end: month, quarter, half or year'),
		('stay', '', 'minimum stay in a tier, an interval; empty: none'),
		('grace', '', 'how long a customer is warned before going down; empty: not'),
		('validity', '', 'how long a tier lasts; empty: no limit'),
		('requalify_by', 'keep', 'for downgrade requalify: the rule that counts, keep or enter'),
		('keep_scores', 'none', 'history of scores: none, changes (customers whose score or classes changed) or all'),
		('active_days', '365', 'reports: a customer is active who has bought within so many days, lapsed who has not'),
		('new_days', '90', 'reports: a customer is new for so many days from the first purchase'),
		('keep_runs', '', 'how long prune keeps run_log and counts, an interval; empty: as long as the rest'),
		('language', 'en', 'the language of explanations, see custseg.sentence'),
		('anonymous', '', 'customers who are nobody, such as 0 or guest, separated by commas: skipped and counted')
	) AS v (name, "default", description)
	UNION ALL
	SELECT t.threshold || '_' || c."check", CASE t.threshold WHEN 'warn' THEN c.warn ELSE c.stop END,
		pg_catalog.format('share above which a run %ss; empty: never: %s', t.threshold, c.description)
	FROM custseg._quality_checks() AS c CROSS JOIN (VALUES ('warn'), ('stop')) AS t (threshold);
END;
COMMENT ON FUNCTION custseg.portfolio_options() IS
'The settings of a portfolio with their defaults; set_option changes one.';

-- The value of a setting.
CREATE FUNCTION custseg._option(portfolio text, option text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN coalesce((SELECT s.value FROM setting AS s WHERE s.name = option),
		(SELECT o."default" FROM custseg.portfolio_options() AS o WHERE o.name = option));
END
$$;
COMMENT ON FUNCTION custseg._option(text, text) IS
'Internal: a setting of a portfolio, or its default; NULL: no such setting.';

-- Each is read once for a statement.
CREATE FUNCTION custseg._model_expression(portfolio text, model_column name, model_name text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN format('(SELECT m.%I FROM %I.model AS m WHERE m.name = %L ORDER BY m.as_of DESC LIMIT 1)', model_column,
		custseg._portfolio_schema(portfolio), model_name);
END
$$;
COMMENT ON FUNCTION custseg._model_expression(text, name, text) IS
'Internal: the SQL of the model of a name that is in use, from the column of its kind.';

CREATE FUNCTION custseg._fill_expression(portfolio text, expression text, summary text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- A year's discount as that of a day.
	daily float8 := power(1 + custseg._option(portfolio, 'discount')::float8, 1.0::float8 / 365) - 1;
	part record;
BEGIN
	FOR part IN
		SELECT v.* FROM (VALUES
			('{p}', summary), ('{as_of}', as_of),
			('{horizon}', custseg._option(portfolio, 'horizon')),
			('{margin_rate}', custseg._option(portfolio, 'margin_rate')),
			('{discount}', daily::text),
			-- These hold names, so no mark is looked for in them.
			('{lifetime}', custseg._model_expression(portfolio, 'lifetime', 'lifetime')),
			('{spend_model}', custseg._model_expression(portfolio, 'spend', 'spend'))
		) AS v (mark, meaning)
	LOOP
		expression := replace(expression, part.mark, part.meaning);
	END LOOP;
	RETURN expression;
END
$$;
COMMENT ON FUNCTION custseg._fill_expression(text, text, text, text) IS
'Internal: the expression of a kind of measure with its marks replaced.';

-- The SQL of a measure as float8; see the top of this file.
CREATE FUNCTION custseg._measure_expression(portfolio text, p_measure text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	declared record;
	known record;
	score record;
	summary text := 'c.purchases';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF p_measure IN ('r', 'f', 'm', 'score') THEN
		RETURN format('c.%I::float8', p_measure);
	END IF;
	SELECT c.position INTO score FROM component AS c WHERE c.score_name = p_measure;
	IF FOUND THEN
		RETURN format('c.k%s', score.position);
	END IF;

	SELECT m.kind, w.position INTO declared
	FROM measure AS m LEFT JOIN measure_window AS w ON w."window" = m."window" WHERE m.measure = p_measure;
	IF declared.position IS NOT NULL THEN
		summary := format('c.windows[%s]', declared.position);
	END IF;
	SELECT k.* INTO known FROM custseg.measure_kinds() AS k WHERE k.kind = coalesce(declared.kind, p_measure);
	-- Who has bought, but not within the window, has bought for 0 there.
	IF declared.position IS NOT NULL AND known.kind = ANY (ARRAY['spend', 'orders', 'frequency', 'refunds', 'cost', 'profit', 'active_months',
		'repeat_purchases'])
	THEN
		RETURN format('CASE WHEN %1$s IS NULL AND c.purchases IS NOT NULL THEN 0 ELSE %2$s END::float8', summary,
			custseg._fill_expression(portfolio, known.expression, summary, as_of));
	END IF;
	IF known.source IN ('orders', 'model') THEN
		RETURN format('(%s)::float8', custseg._fill_expression(portfolio, known.expression, summary, as_of));
	END IF;
	IF known.kind IS NOT NULL THEN
		RETURN custseg._source_expression(portfolio, p_measure, known.kind, summary);
	END IF;
	IF NOT EXISTS (SELECT FROM custseg._source_measure_columns(portfolio) AS n WHERE n.name = coalesce(declared.kind, p_measure)) THEN
		RAISE EXCEPTION 'unknown measure "%"', p_measure
			USING ERRCODE = '22023',
			HINT = 'Measures are the kinds of custseg.measure_kinds(), the names of set_measure, the columns of source_measures, the scores of components, r, f, m and score.';
	END IF;
	RETURN format('(c.measures ->> %L)::float8', p_measure);
END
$$;
COMMENT ON FUNCTION custseg._measure_expression(text, text, text) IS
'Internal: the SQL of a measure over the alias c, on the day that the text as_of gives. 22023: no such measure.';

-- The SQL of a measure that a run computes from a source other than orders and keeps in c.measures.
CREATE FUNCTION custseg._source_expression(portfolio text, p_measure text, p_kind text, summary text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known record;
	has_cost boolean;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT m.* INTO STRICT known FROM custseg._source_measures() AS m WHERE m.kind = p_kind;
	IF NOT EXISTS (SELECT FROM source AS s WHERE s.kind = known.source) THEN
		RAISE EXCEPTION 'measure "%" needs the source "%", which portfolio "%" does not have', p_measure, known.source, portfolio
			USING ERRCODE = '22023', HINT = format('Add it with custseg.add_source(%L, %L, ...).', portfolio, known.source);
	END IF;
	IF p_kind = 'net_value' THEN
		-- What is kept is the cost of serving; profit is that of the purchases beside it.
		SELECT 'cost' = ANY (s.columns) INTO has_cost FROM source AS s WHERE s.kind = 'orders';
		RETURN format('(CASE WHEN %1$s IS NULL THEN 0 ELSE custseg.%2$s(%1$s) END - coalesce((c.measures ->> %3$L)::numeric, 0))::float8',
			summary, CASE WHEN has_cost THEN 'profit' ELSE 'spend' END, p_measure || ' (cost)');
	END IF;
	RETURN format(CASE WHEN known.empty IS NULL THEN '(c.measures ->> %L)::float8' ELSE 'coalesce((c.measures ->> %L)::float8, %s)' END,
		p_measure, known.empty);
END
$$;
COMMENT ON FUNCTION custseg._source_expression(text, text, text, text) IS
'Internal: the SQL of a measure over a source other than orders. 22023: the portfolio does not have that source.';

-- The columns of source_measures that are measures.
CREATE FUNCTION custseg._source_measure_columns(portfolio text, OUT name name) RETURNS SETOF name
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT a.attname FROM pg_attribute AS a
	WHERE a.attrelid = to_regclass(format('%I.source_measures', custseg._portfolio_schema(portfolio)))
		AND a.attname <> 'customer_id' AND a.attnum > 0 AND NOT a.attisdropped
		AND custseg._column_type(custseg._portfolio_schema(portfolio), 'source_measures', a.attname)
			= ANY (ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision']::regtype[])
	ORDER BY a.attnum;
END
$$;
COMMENT ON FUNCTION custseg._source_measure_columns(text) IS
'Internal: the columns of source_measures that are measures: the numeric ones.';

-- Amounts are scored as numeric: the score is that of the float8, and the cast, which goes through text, is spared.
CREATE FUNCTION custseg._uncast(expression text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.regexp_replace(expression,
		'^\((custseg\.(?:spend|refunds|cost|profit|average_order|annual_spend)\([^()]*\))\)::float8$', '\1');
END;
COMMENT ON FUNCTION custseg._uncast(text) IS
'Internal: the expression of a measure without its cast to float8 where it is an amount of purchases.';

-- The SQL of a component's score over c, from the model in use.
CREATE FUNCTION custseg._component_expression(portfolio text, p_measure text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	value text := custseg._measure_expression(portfolio, p_measure, as_of);
	v_breaks text := custseg._model_expression(portfolio, 'breaks', 'score ' || p_measure);
	v_scale text := custseg._model_expression(portfolio, 'scale', 'score ' || p_measure);
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT c.* INTO STRICT part FROM component AS c WHERE c.measure = p_measure;
	RETURN CASE
		WHEN part.method = 'none' THEN value
		WHEN part.method = 'breaks' THEN
			format('custseg.score(%s, %L::float8[], %L::boolean)::float8', custseg._uncast(value), part.breaks, part.descending)
		-- 1 for A, as the templates and people count.
		WHEN part.method = 'abc' THEN
			format('(%s - custseg.score(%s, %s))::float8', cardinality(part.shares) + 2, value, v_breaks)
		WHEN part.method IN ('minmax', 'zscore', 'percentile') THEN
			format('custseg.scale(%s, %s, %L::boolean)', value, v_scale, part.descending)
		ELSE format('custseg.score(%s, %s, %L::boolean)::float8', custseg._uncast(value), v_breaks, part.descending)
	END;
END
$$;
COMMENT ON FUNCTION custseg._component_expression(text, text, text) IS
'Internal: the SQL of the score of a component over the alias c, as float8; NULL where the measure is unknown.';

-- All components' scores as further columns k1, k2, ... of a SELECT over c.
CREATE FUNCTION custseg._component_scores(portfolio text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (
		SELECT coalesce(string_agg(format(', %s AS k%s', custseg._component_expression(portfolio, c.measure, as_of), c.position), ''
			ORDER BY c.position), '')
		FROM component AS c);
END
$$;
COMMENT ON FUNCTION custseg._component_scores(text, text) IS
'Internal: the SQL of the scores of all components over the alias c, each behind a comma and named k with its position.';

-- Whether the score of a component is a class, which is stored.
CREATE FUNCTION custseg._has_classes(method text) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT method NOT IN ('minmax', 'zscore', 'percentile', 'none');
END;
COMMENT ON FUNCTION custseg._has_classes(text) IS
'Internal: whether the score of a component with this method is a class.';

-- The models of a run: fitted to the stage when there is none, when what they are fitted to was declared anew, or when
-- the interval of refits has passed. Otherwise those of an earlier run stay, so that nobody is moved by a refit.

-- What is to be fitted: name, spec, which column of model it fills, and the aggregate over stage_customer AS c.
CREATE FUNCTION custseg._wanted_models(portfolio text, as_of date,
	OUT name text, OUT spec text, OUT model_column text, OUT aggregate text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day text := format('%L::date', as_of);
	axes record;
	part record;
	value text;
	-- Customers without a purchase, but with refunds, take no part, as in rfm().
	buyers constant text := ' FILTER (WHERE custseg.frequency(c.purchases) > 0)';
	kind text := custseg._option(portfolio, 'lifetime');
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT s.* INTO axes FROM custseg.segmentation AS s WHERE s.name = custseg._option(portfolio, 'segmentation');
	FOR part IN
		SELECT v.* FROM (VALUES
			('r', 'recency', axes.r_classes), ('f', 'frequency', axes.f_classes), ('m', 'spend', axes.m_classes)
		) AS v (axis, measure, classes)
		WHERE v.classes IS NOT NULL
	LOOP
		value := custseg._measure_expression(portfolio, part.measure, day);
		name := part.axis;
		spec := format('%s %s', axes.breaks, part.classes);
		model_column := 'breaks';
		aggregate := CASE axes.breaks
			WHEN 'mean' THEN format('ARRAY[avg((%s)::numeric)%s::float8]', value, buyers)
			ELSE format('custseg.%I(%s, %s)%s', axes.breaks || '_breaks', custseg._uncast(value), part.classes, buyers)
		END;
		RETURN NEXT;
	END LOOP;

	FOR part IN SELECT c.* FROM component AS c WHERE c.method NOT IN ('breaks', 'none') ORDER BY c.position LOOP
		value := custseg._measure_expression(portfolio, part.measure, day);
		name := 'score ' || part.measure;
		spec := concat_ws(' ', part.method, part.classes, part.shares,
			(SELECT format('%s %s %s', m.kind, m."window", m.filter) FROM measure AS m WHERE m.measure = part.measure),
			-- What a lifetime model says depends on these too.
			(SELECT string_agg(custseg._option(portfolio, o.name), ' ' ORDER BY o.name)
			 FROM unnest('{lifetime,horizon,discount,margin_rate}'::text[]) AS o (name)
			 WHERE EXISTS (SELECT FROM custseg.measure_kinds() AS k LEFT JOIN measure AS m ON m.measure = part.measure
				WHERE k.source = 'model' AND k.kind = coalesce(m.kind, part.measure))));
		model_column := CASE WHEN custseg._has_classes(part.method) THEN 'breaks' ELSE 'scale' END;
		aggregate := CASE part.method
			-- Values of 0 and less do not count; where there is no other, there are no breaks, and no error.
			WHEN 'abc' THEN format('custseg.abc_breaks(%1$s, %2$L::float8[]) FILTER (WHERE %1$s > 0)', value, part.shares)
			WHEN 'minmax' THEN format('custseg.minmax_fit(%s)', value)
			WHEN 'zscore' THEN format('custseg.zscore_fit(%s)', value)
			WHEN 'percentile' THEN format('custseg.percentiles_fit(%s)', value)
			-- Written as for r, f and m, so that the server computes equal ones once.
			ELSE format('custseg.%I(%s, %s)%s', part.method || '_breaks', custseg._uncast(value), part.classes,
				CASE WHEN value LIKE '(custseg.%(c.purchases%' THEN buyers ELSE '' END)
		END;
		RETURN NEXT;
	END LOOP;

	IF kind <> 'none' THEN
		name := 'lifetime';
		spec := kind;
		model_column := 'lifetime';
		aggregate := format('custseg.%I(c.purchases, %s, ''day'')', kind || '_fit', day);
		RETURN NEXT;
		name := 'spend';
		spec := 'gamma_gamma';
		model_column := 'spend';
		aggregate := 'custseg.gamma_gamma_fit(c.purchases)';
		RETURN NEXT;
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._wanted_models(text, date) IS
'Internal: the models that a run of a portfolio needs, with the aggregates that fit them.';

CREATE FUNCTION custseg._fit_models(portfolio text, as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	refit interval := custseg._option(portfolio, 'refit')::interval;
	-- Components may measure by a lifetime model, so the models of purchases come first.
	step text[];
	fits text;
	rows text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOREACH step SLICE 1 IN ARRAY ARRAY[['lifetime', 'spend'], ['breaks', 'scale']] LOOP
		SELECT string_agg(format('%s AS %I', w.aggregate, w.name), ', '),
			string_agg(format('(%L, %s, %s, %s, %s, %L)', w.name,
				CASE WHEN w.model_column = 'breaks' THEN format('f.%I', w.name) ELSE 'NULL::float8[]' END,
				CASE WHEN w.model_column = 'scale' THEN format('f.%I', w.name) ELSE 'NULL::custseg.scale_model' END,
				CASE WHEN w.model_column = 'lifetime' THEN format('f.%I', w.name) ELSE 'NULL::custseg.lifetime_model' END,
				CASE WHEN w.model_column = 'spend' THEN format('f.%I', w.name) ELSE 'NULL::custseg.spend_model' END,
				w.spec), ', ')
		INTO fits, rows
		FROM custseg._wanted_models(portfolio, as_of) AS w
		LEFT JOIN LATERAL (
			SELECT m.as_of, m.spec FROM model AS m WHERE m.name = w.name ORDER BY m.as_of DESC LIMIT 1
		) AS last ON true
		WHERE w.model_column = ANY (step)
			AND (last.as_of IS NULL OR last.spec <> w.spec OR last.as_of + refit <= _fit_models.as_of);
		CONTINUE WHEN fits IS NULL;

		-- A model that did not converge is not used: its measures are unknown.
		EXECUTE format('
			INSERT INTO model (name, as_of, breaks, scale, lifetime, spend, spec)
			SELECT v.name, $1, v.breaks, v.scale,
				CASE WHEN v.lifetime OPERATOR(custseg.->>) ''status'' = ''converged'' THEN v.lifetime END,
				CASE WHEN v.spend OPERATOR(custseg.->>) ''status'' = ''converged'' AND v.spend OPERATOR(custseg.->) ''q'' > 1 THEN v.spend END, v.spec
			FROM (SELECT %s FROM stage_customer AS c) AS f,
				LATERAL (VALUES %s) AS v (name, breaks, scale, lifetime, spend, spec)
			ON CONFLICT (name, as_of) DO UPDATE SET breaks = excluded.breaks, scale = excluded.scale,
				lifetime = excluded.lifetime, spend = excluded.spend, spec = excluded.spec', fits, rows) USING as_of;
	END LOOP;
	RETURN (SELECT coalesce(jsonb_object_agg(m.name, m.as_of), '{}')
		FROM (SELECT DISTINCT ON (n.name) n.name, n.as_of FROM model AS n ORDER BY n.name, n.as_of DESC) AS m);
END
$$;
COMMENT ON FUNCTION custseg._fit_models(text, date) IS
'Internal: fits the models of a run that are due to stage_customer; returns which models are in use and since when.';

-- What each customer is to be: from stage_customer and the state before to stage_state, and from there to the tables.
-- Only what differs is written.

-- The policy that the tiers and settings of a portfolio make.
CREATE FUNCTION custseg._portfolio_policy(portfolio text) RETURNS custseg.tier_policy
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	settings jsonb;
	tiers jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('tier', t.tier, 'enter', t.enter, 'keep', t.keep,
		'stay', t.stay, 'grace', t.grace, 'validity', t.validity)) ORDER BY t.position)
	INTO tiers FROM tier AS t;
	SELECT jsonb_object_agg(o.name, custseg._option(portfolio, o.name)) INTO settings
	FROM custseg.portfolio_options() AS o
	WHERE o.name IN ('upgrade', 'downgrade', 'check', 'period', 'stay', 'grace', 'validity', 'requalify_by')
		AND custseg._option(portfolio, o.name) <> '';
	RETURN (settings || jsonb_build_object('tiers', tiers))::text::custseg.tier_policy;
END
$$;
COMMENT ON FUNCTION custseg._portfolio_policy(text) IS
'Internal: the tier_policy of a portfolio. 22P02, 22023: its tiers are not a policy.';

-- The SQL of the total score over alias c with the components' scores k1, k2, ...; NULL without components.
CREATE FUNCTION custseg._score_expression(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (
		SELECT CASE WHEN sum(c.weight) > 0 THEN format('custseg.weighted_score(ARRAY[%s], %L::float8[], %L)',
			string_agg(format('c.k%s', c.position), ', ' ORDER BY c.position), array_agg(c.weight ORDER BY c.position),
			custseg._option(portfolio, 'missing'))
			ELSE 'NULL::float8' END
		FROM component AS c);
END
$$;
COMMENT ON FUNCTION custseg._score_expression(text) IS
'Internal: the SQL of the total score over the alias c that has the scores of the components.';

-- The state with its scores, as it stands in FROM under the alias c: what measures are computed over. Only what is read
-- is computed.
CREATE FUNCTION custseg._scored_customers(portfolio text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN format('(SELECT c.*, %s AS score FROM (SELECT c.*%s FROM customer AS c) AS c) AS c',
		custseg._score_expression(portfolio), custseg._component_scores(portfolio, as_of));
END
$$;
COMMENT ON FUNCTION custseg._scored_customers(text, text) IS
'Internal: what stands in FROM for the customers of a portfolio with the scores of the components and the total score, alias c.';

-- The SQL of r, f, m over alias c with purchases, from the models in use; NULL where the segmentation has no such axis.
CREATE FUNCTION custseg._axis_expression(portfolio text, axis text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	used boolean;
	measure text := CASE axis WHEN 'r' THEN 'recency' WHEN 'f' THEN 'frequency' ELSE 'spend' END;
BEGIN
	SELECT CASE axis WHEN 'r' THEN s.r_classes WHEN 'f' THEN s.f_classes ELSE s.m_classes END IS NOT NULL INTO used
	FROM custseg.segmentation AS s WHERE s.name = custseg._option(portfolio, 'segmentation');
	IF used IS NOT TRUE THEN
		RETURN 'NULL::smallint';
	END IF;
	-- A customer with refunds only was never recent: class 1, as in rfm().
	RETURN format('CASE WHEN c.purchases IS NOT NULL THEN coalesce(custseg.score(%s, %s, %L::boolean), 1) END::smallint',
		custseg._uncast(custseg._measure_expression(portfolio, measure, as_of)), custseg._model_expression(portfolio, 'breaks', axis),
		axis = 'r');
END
$$;
COMMENT ON FUNCTION custseg._axis_expression(text, text, text) IS
'Internal: the SQL of r, f or m over the alias c.';

CREATE FUNCTION custseg._stage_state(portfolio text, as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day text := format('%L::date', as_of);
	policy custseg.tier_policy := custseg._portfolio_policy(portfolio);
	segmentation text := custseg._option(portfolio, 'segmentation');
	classes text;
	measures text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- The place of a component that was dropped stays empty.
	SELECT format('ARRAY[%s]::smallint[]', string_agg(
			CASE WHEN custseg._has_classes(c.method) THEN format('c.k%s', c.position) ELSE 'NULL' END, ', ' ORDER BY g.position))
	INTO classes
	FROM generate_series(1, (SELECT max(k.position) FROM component AS k)) AS g (position)
	LEFT JOIN component AS c ON c.position = g.position;
	SELECT string_agg(custseg._measure_expression(portfolio, m.measure, day), ', ' ORDER BY m.place) INTO measures
	FROM unnest(custseg.tier_policy_measures(policy)) WITH ORDINALITY AS m (measure, place);

	PERFORM custseg._clear_stage(portfolio, 'stage_state');
	-- OFFSET 0 keeps the levels apart: each expression is computed once.
	EXECUTE format('
		INSERT INTO stage_state
		SELECT c.customer_id, c.known,
			NOT c.known OR custseg.purchases_eq(c.purchases, c.was_purchases) IS NOT TRUE AND num_nonnulls(c.purchases, c.was_purchases) > 0
				OR (c.windows, c.measures, c.r, c.f, c.m, c.segment, c.classes, (c.n).tier, (c.n).tier_since, (c.n).in_grace_since, (c.n).valid_until)
				IS DISTINCT FROM (c.was_windows, c.was_measures, c.was_r, c.was_f, c.was_m, c.was_segment, c.was_classes, c.was_tier,
					c.was_tier_since, c.was_grace_since, c.was_valid_until),
			c.purchases, c.windows, c.measures, c.r, c.f, c.m, c.was_segment, c.segment, c.classes, c.was_tier, (c.n).tier,
			CASE WHEN (c.n).transition = ''none'' AND c.was_tier IS NOT NULL THEN ''exit'' ELSE (c.n).transition END,
			CASE WHEN c.was_tier <> ALL (%9$L) THEN format(''tier %%s is no more; '', c.was_tier) ELSE '''' END || (c.n).reason,
			(c.n).tier_since, (c.n).in_grace_since, (c.n).valid_until,
			((c.n).tier, (c.n).tier_since, (c.n).in_grace_since, (c.n).valid_until)
				IS DISTINCT FROM (c.was_tier, c.was_tier_since, c.was_grace_since, c.was_valid_until)
		FROM (
			SELECT c.*, custseg.next_tier(%8$L::custseg.tier_policy,
				CASE WHEN c.was_tier = ANY (%9$L) THEN c.was_tier END, CASE WHEN c.was_tier = ANY (%9$L) THEN c.was_tier_since END,
				ARRAY[%10$s]::float8[], NULL, c.overrides, %11$s, CASE WHEN c.was_tier = ANY (%9$L) THEN c.was_grace_since END) AS n
			FROM (
				SELECT c.*, %1$s AS score, %2$s AS segment, %3$s AS classes
				FROM (
					SELECT c.*%7$s
					FROM (
						SELECT c.*, w.customer_id IS NOT NULL AS known, w.purchases AS was_purchases, w.windows AS was_windows,
							w.measures AS was_measures, w.r AS was_r, w.f AS was_f, w.m AS was_m, w.segment AS was_segment,
							w.classes AS was_classes, w.tier AS was_tier, w.tier_since AS was_tier_since, w.grace_since AS was_grace_since,
							w.valid_until AS was_valid_until, o.overrides, %4$s AS r, %5$s AS f, %6$s AS m
						FROM stage_customer AS c
						LEFT JOIN customer AS w ON w.customer_id = c.customer_id
						LEFT JOIN (
							SELECT v.customer_id, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(''kind'', v.kind, ''tier'', v.tier,
								''from'', v.valid_from, ''until'', v.valid_until, ''reason'', v.reason, ''author'', v.author))
								ORDER BY v.override_id) AS overrides
							FROM override AS v
							-- One that has ended may name a tier that was dropped.
							WHERE v.tier IS NULL OR v.tier = ANY (%9$L)
							GROUP BY v.customer_id
						) AS o ON o.customer_id = c.customer_id
						OFFSET 0
					) AS c
					OFFSET 0
				) AS c
				OFFSET 0
			) AS c
			OFFSET 0
		) AS c',
		custseg._score_expression(portfolio),
		CASE WHEN segmentation = 'none' THEN 'NULL::text'
			ELSE format('custseg.segment(%L::custseg.segment_model, c.r, c.f, c.m)', custseg.segmentation_model(segmentation)) END,
		coalesce(classes, 'NULL::smallint[]'),
		custseg._axis_expression(portfolio, 'r', day), custseg._axis_expression(portfolio, 'f', day),
		custseg._axis_expression(portfolio, 'm', day), custseg._component_scores(portfolio, day),
		policy, (SELECT array_agg(t.tier) FROM tier AS t), measures, day);

	INSERT INTO stage_state (customer_id, known, changed, from_segment, from_tier, transition, reason, state_change)
	SELECT c.customer_id, true, true, c.segment, c.tier, 'exit',
		CASE WHEN a.to_id IS NULL THEN 'no longer in the sources' ELSE format('merged into %s', a.to_id) END, c.tier IS NOT NULL
	FROM customer AS c LEFT JOIN customer_alias AS a ON a.from_id = c.customer_id
	WHERE NOT EXISTS (SELECT FROM stage_customer AS s WHERE s.customer_id = c.customer_id)
		AND num_nonnulls(c.purchases, c.windows, c.measures, c.segment, c.tier) > 0;
END
$$;
COMMENT ON FUNCTION custseg._stage_state(text, date) IS
'Internal: computes what each customer is to be, from stage_customer and the state before.';

CREATE FUNCTION custseg._write_state(portfolio text, as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date := as_of;
	n_updated bigint;
	n_inserted bigint;
	n_transitions bigint;
	n_ended bigint;
	n_begun bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- A first run has nothing to change, and is spared the joins that would find that out.
	SELECT count(*) FILTER (WHERE s.changed AND s.known),
		count(*) FILTER (WHERE s.changed AND (s.from_tier IS DISTINCT FROM s.tier AND s.from_tier IS NOT NULL
			OR s.from_segment IS DISTINCT FROM s.segment AND s.from_segment IS NOT NULL))
	INTO n_updated, n_ended FROM stage_state AS s;

	IF n_updated > 0 THEN
		UPDATE customer AS c
		SET purchases = s.purchases, windows = s.windows, measures = s.measures, r = s.r, f = s.f, m = s.m,
			segment_since = CASE WHEN s.segment IS NOT DISTINCT FROM c.segment THEN c.segment_since WHEN s.segment IS NOT NULL THEN day END,
			segment = s.segment, classes = s.classes, tier = s.tier, tier_since = s.tier_since, grace_since = s.grace_since,
			valid_until = s.valid_until, reason = CASE WHEN s.state_change THEN s.reason ELSE c.reason END
		FROM stage_state AS s
		WHERE s.changed AND s.known AND c.customer_id = s.customer_id;
	END IF;

	INSERT INTO customer (customer_id, purchases, windows, measures, r, f, m, segment, segment_since, classes, tier, tier_since,
		grace_since, valid_until, reason, entered)
	SELECT s.customer_id, s.purchases, s.windows, s.measures, s.r, s.f, s.m, s.segment, CASE WHEN s.segment IS NOT NULL THEN day END,
		s.classes, s.tier, s.tier_since, s.grace_since, s.valid_until, CASE WHEN s.state_change THEN s.reason END, day
	FROM stage_state AS s WHERE NOT s.known;
	GET DIAGNOSTICS n_inserted = ROW_COUNT;

	INSERT INTO tier_transition (customer_id, as_of, transition, from_tier, tier, tier_since, grace_since, valid_until, reason)
	SELECT s.customer_id, day, s.transition, s.from_tier, s.tier, s.tier_since, s.grace_since, s.valid_until, s.reason
	FROM stage_state AS s WHERE s.state_change;
	GET DIAGNOSTICS n_transitions = ROW_COUNT;

	IF n_ended > 0 THEN
		UPDATE membership AS h SET until = day
		FROM stage_state AS s
		CROSS JOIN LATERAL (VALUES ('tier', s.from_tier, s.tier), ('segment', s.from_segment, s.segment)) AS v (dimension, was, now)
		WHERE s.changed AND v.was IS DISTINCT FROM v.now AND v.was IS NOT NULL
			AND h.customer_id = s.customer_id AND h.dimension = v.dimension AND h.until IS NULL;
		GET DIAGNOSTICS n_ended = ROW_COUNT;
	END IF;

	INSERT INTO membership (customer_id, dimension, class, since, reason)
	SELECT s.customer_id, v.dimension, v.now, day, v.reason
	FROM stage_state AS s
	-- In the order of the index.
	CROSS JOIN LATERAL (VALUES ('segment', s.from_segment, s.segment, concat_ws('-', s.r, s.f, s.m)),
		('tier', s.from_tier, s.tier, s.reason)) AS v (dimension, was, now, reason)
	WHERE s.changed AND v.was IS DISTINCT FROM v.now AND v.now IS NOT NULL;
	GET DIAGNOSTICS n_begun = ROW_COUNT;

	PERFORM custseg._count_classes(portfolio, as_of);

	RETURN jsonb_build_object('customers_updated', n_updated, 'customers_new', n_inserted, 'tier_transitions', n_transitions,
		'memberships_ended', n_ended, 'memberships_begun', n_begun);
END
$$;
COMMENT ON FUNCTION custseg._write_state(text, date) IS
'Internal: writes what stage_state says, where it differs; returns how many rows.';

-- Back to the state before a day, so that the day can be run again.
CREATE FUNCTION custseg._undo(portfolio text, p_from date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	DELETE FROM customer AS c WHERE c.entered >= p_from;
	WITH undone AS (
		DELETE FROM tier_transition AS t WHERE t.as_of >= p_from RETURNING t.customer_id
	)
	UPDATE customer AS c
	SET tier = l.tier, tier_since = l.tier_since, grace_since = l.grace_since, valid_until = l.valid_until,
		reason = l.reason
	FROM (SELECT DISTINCT u.customer_id FROM undone AS u) AS u
	LEFT JOIN LATERAL (
		SELECT t.* FROM tier_transition AS t WHERE t.customer_id = u.customer_id AND t.as_of < p_from
		ORDER BY t.as_of DESC LIMIT 1
	) AS l ON true
	WHERE c.customer_id = u.customer_id;

	-- The segment is that of the interval that is open on the day before.
	UPDATE customer AS c SET segment = h.class, segment_since = h.since
	FROM (
		SELECT u.customer_id, b.class, b.since
		FROM (SELECT DISTINCT h.customer_id FROM membership AS h
			WHERE h.dimension = 'segment' AND (h.since >= p_from OR h.until >= p_from)) AS u
		LEFT JOIN membership AS b ON b.customer_id = u.customer_id AND b.dimension = 'segment' AND b.since < p_from
			AND (b.until IS NULL OR b.until >= p_from)
	) AS h
	WHERE c.customer_id = h.customer_id;
	DELETE FROM membership AS h WHERE h.since >= p_from;
	UPDATE membership AS h SET until = NULL WHERE h.until >= p_from;

	PERFORM custseg._undo_resources(portfolio, p_from);
	DELETE FROM class_count AS n WHERE n.as_of >= p_from;
	DELETE FROM class_total AS n WHERE n.as_of >= p_from;
	DELETE FROM score_history AS s WHERE s.as_of >= p_from;
	DELETE FROM attainment_history AS a WHERE a.as_of >= p_from;
	DELETE FROM model AS m WHERE m.as_of >= p_from;
	DELETE FROM quality AS q WHERE q.as_of >= p_from;
END
$$;
COMMENT ON FUNCTION custseg._undo(text, date) IS
'Internal: takes back what runs of a day and later days have written into state and history.';

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

-- The step of a run that gives customers their agents.
--
-- Who has an agent keeps him while he is there, may serve the customer, and has room. The others are assigned together.
-- Customers who are the same in tier, segment and the attributes that agents are chosen by have one profile: who may serve
-- whom is found for profiles, of which there are few.

-- Tiers that ask for service, as a query.
CREATE FUNCTION custseg._asking_tiers() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'SELECT t.tier FROM tier AS t
		WHERE t.service_mode = ''personal'' OR EXISTS (SELECT FROM agent AS a WHERE t.tier = ANY (a.tiers))
			OR EXISTS (SELECT FROM agent) AND NOT EXISTS (SELECT FROM agent AS a WHERE a.tiers IS NOT NULL)
				AND NOT EXISTS (SELECT FROM tier AS t WHERE t.service_mode = ''personal'')'::text;
END;
COMMENT ON FUNCTION custseg._asking_tiers() IS
'Internal: a query of the tiers that ask for service: personal ones, those that agents list, or, without any of these, all.';

-- Whether agent a may serve p, which has tier, segment and attributes, on a day.
CREATE FUNCTION custseg._may_serve(as_of text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.format('a.active AND (a.valid_until IS NULL OR a.valid_until > %s)
		AND (a.tiers IS NULL OR p.tier = ANY (a.tiers)) AND (a.segments IS NULL OR p.segment = ANY (a.segments))
		AND NOT EXISTS (SELECT FROM jsonb_each(a.attributes) AS v WHERE (v.value ? (p.attributes ->> v.key)) IS NOT TRUE)', as_of);
END;
COMMENT ON FUNCTION custseg._may_serve(text) IS
'Internal: the condition that agent a may serve p on the day that the text as_of gives.';

-- The attributes that agents are chosen by, of the rows of source_customers named s; NULL: none are used.
CREATE FUNCTION custseg._attributes_expression(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known text[] := custseg._customer_attributes(portfolio);
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (
		SELECT format('jsonb_build_object(%s)', string_agg(format('%L, s.%I::text', k.key, k.key), ', ' ORDER BY k.key))
		FROM (SELECT DISTINCT k.key FROM agent AS a, jsonb_object_keys(a.attributes) AS k (key)) AS k
		WHERE k.key = ANY (known) HAVING count(*) > 0);
END
$$;
COMMENT ON FUNCTION custseg._attributes_expression(text) IS
'Internal: the SQL of the attributes that agents are chosen by, over source_customers AS s, as jsonb; NULL: none are used.';

-- Who asks for an agent, who has one, and who keeps him, into stage_service; who may serve whom into stage_eligible.
CREATE FUNCTION custseg._stage_service(portfolio text, p_as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	attributes text := custseg._attributes_expression(portfolio);
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._clear_stage(portfolio, 'stage_service');
	PERFORM custseg._clear_stage(portfolio, 'stage_eligible');
	-- A score beyond what assign counts exactly is as good as the bound.
	EXECUTE format('
		INSERT INTO stage_service (customer_id, profile, value, was)
		SELECT coalesce(c.customer_id, h.customer_id), c.profile, c.value, h.agent
		FROM (
			SELECT c.customer_id, jsonb_build_object(''tier'', c.tier, ''segment'', c.segment, ''attributes'', %s) AS profile,
				CASE WHEN abs(c.score) <= 1e10 THEN c.score WHEN c.score > 0 AND c.score <= ''Infinity'' THEN 1e10 ELSE 0 END::numeric AS value
			FROM %s %s
			WHERE c.tier IN (%s)
		) AS c
		FULL JOIN (SELECT h.customer_id, h.agent FROM assignment AS h WHERE h.until IS NULL) AS h ON h.customer_id = c.customer_id',
		CASE WHEN attributes IS NULL THEN 'NULL' ELSE 's.attributes' END, custseg._scored_customers(portfolio, format('%L::date', p_as_of)),
		'LEFT JOIN (SELECT DISTINCT ON (s.customer_id) s.customer_id, ' || attributes
			|| ' AS attributes FROM source_customers AS s ORDER BY 1, 2) AS s ON s.customer_id = c.customer_id',
		custseg._asking_tiers());
	EXECUTE format('
		INSERT INTO stage_eligible (profile, agent)
		SELECT p.profile, a.agent
		FROM (
			SELECT s.profile, s.profile ->> ''tier'' AS tier, s.profile ->> ''segment'' AS segment, s.profile -> ''attributes'' AS attributes
			FROM (SELECT DISTINCT s.profile FROM stage_service AS s WHERE s.profile IS NOT NULL) AS s
		) AS p
		JOIN agent AS a ON %s', custseg._may_serve(format('%L::date', p_as_of)));

	UPDATE stage_service AS s
	SET agent = CASE WHEN k.fault IS NULL THEN s.was END, reason = k.fault
	FROM (
		SELECT k.customer_id, CASE WHEN NOT k.there THEN 'agent left' WHEN NOT k.may THEN 'no longer eligible'
			WHEN row_number() OVER (PARTITION BY k.agent, k.may ORDER BY k.value DESC, k.customer_id) > k.capacity
			THEN 'over capacity' END AS fault
		FROM (
			SELECT w.customer_id, w.value, a.agent, a.capacity, a.agent IS NOT NULL AS there, e.agent IS NOT NULL AS may
			FROM stage_service AS w
			LEFT JOIN agent AS a ON a.agent = w.was AND a.active AND (a.valid_until IS NULL OR a.valid_until > p_as_of)
			LEFT JOIN stage_eligible AS e ON e.profile = w.profile AND e.agent = w.was
			WHERE w.was IS NOT NULL
		) AS k
	) AS k
	WHERE s.customer_id = k.customer_id;
END
$$;
COMMENT ON FUNCTION custseg._stage_service(text, date) IS
'Internal: who asks for an agent, has one and keeps him, into stage_service, and who may serve whom into stage_eligible.';

-- Agents for those who ask and have none, of the room that is left.
CREATE FUNCTION custseg._solve_new(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('UPDATE stage_service AS s SET agent = a.agent
		FROM custseg.assign(customer_key => NULL::%s, agent_key => NULL::text, edges => %L, agents => %L, balance => true) AS a
		WHERE a.customer = s.customer_id AND a.agent IS NOT NULL',
		(SELECT p.customer_type FROM portfolio AS p),
		'SELECT s.customer_id, e.agent, s.value FROM stage_service AS s JOIN stage_eligible AS e ON e.profile = s.profile
			WHERE s.agent IS NULL',
		'SELECT a.agent, CASE WHEN a.capacity IS NULL THEN 1000000000000 ELSE a.capacity - count(s.agent) END
			FROM agent AS a LEFT JOIN stage_service AS s ON s.agent = a.agent GROUP BY a.agent, a.capacity');
END
$$;
COMMENT ON FUNCTION custseg._solve_new(text) IS
'Internal: assigns those in stage_service who ask for an agent and have none.';

-- Agents for all who ask.
CREATE FUNCTION custseg._solve_all(portfolio text, p_stickiness float8, p_balance boolean) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Who serves a customer now counts where the pair is among the edges. With customers of type text only names tell which
	-- of the overloads is meant.
	EXECUTE format('UPDATE stage_service AS s SET agent = a.agent, reason = coalesce(s.reason, ''reassigned'')
		FROM custseg.assign(customer_key => NULL::%s, agent_key => NULL::text, edges => %L, agents => %L, current => %L, stickiness => $1,
			balance => $2) AS a
		WHERE a.customer = s.customer_id',
		(SELECT p.customer_type FROM portfolio AS p),
		'SELECT s.customer_id, e.agent, s.value FROM stage_service AS s LEFT JOIN stage_eligible AS e ON e.profile = s.profile
			WHERE s.profile IS NOT NULL',
		'SELECT a.agent, coalesce(a.capacity, 1000000000000), a.minimum FROM agent AS a',
		'SELECT s.customer_id, s.was FROM stage_service AS s WHERE s.was IS NOT NULL')
	USING p_stickiness, p_balance;
END
$$;
COMMENT ON FUNCTION custseg._solve_all(text, float8, boolean) IS
'Internal: assigns all in stage_service who ask for an agent anew. 22023: stickiness out of range, minimums that cannot be met.';

-- What stage_service says, where it differs; returns how many intervals ended and began, and who is not served.
CREATE FUNCTION custseg._write_assignments(portfolio text, p_as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n_ended bigint;
	n_replaced bigint;
	n_begun bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- What began on this day never was.
	DELETE FROM assignment AS h USING stage_service AS s
	WHERE h.customer_id = s.customer_id AND h.until IS NULL AND h.since = p_as_of AND s.was IS NOT NULL
		AND s.agent IS DISTINCT FROM s.was;
	GET DIAGNOSTICS n_replaced = ROW_COUNT;
	UPDATE assignment AS h SET until = p_as_of, ended = s.reason
	FROM stage_service AS s
	WHERE h.customer_id = s.customer_id AND h.until IS NULL AND s.was IS NOT NULL AND s.agent IS DISTINCT FROM s.was;
	GET DIAGNOSTICS n_ended = ROW_COUNT;
	INSERT INTO assignment (customer_id, agent, since, reason)
	SELECT s.customer_id, s.agent, p_as_of, coalesce(s.reason,
		CASE WHEN EXISTS (SELECT FROM assignment AS h WHERE h.customer_id = s.customer_id) THEN 'served again' ELSE 'new customer' END)
	FROM stage_service AS s WHERE s.agent IS NOT NULL AND s.agent IS DISTINCT FROM s.was;
	GET DIAGNOSTICS n_begun = ROW_COUNT;
	RETURN jsonb_build_object('assignments_ended', n_ended + n_replaced, 'assignments_begun', n_begun,
		'unserved', (SELECT count(*) FROM stage_service AS s WHERE s.profile IS NOT NULL AND s.agent IS NULL));
END
$$;
COMMENT ON FUNCTION custseg._write_assignments(text, date) IS
'Internal: writes what stage_service says, where it differs; returns how many rows, and how many customers have no agent.';

CREATE FUNCTION custseg._assign_agents(portfolio text, p_as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Nobody to serve, nobody served, nobody who asks: nothing to do.
	IF NOT EXISTS (SELECT FROM agent) AND NOT EXISTS (SELECT FROM assignment AS h WHERE h.until IS NULL)
		AND NOT EXISTS (SELECT FROM tier AS t WHERE t.service_mode = 'personal')
	THEN
		RETURN '{}';
	END IF;
	PERFORM custseg._stage_service(portfolio, p_as_of);
	PERFORM custseg._solve_new(portfolio);
	RETURN custseg._write_assignments(portfolio, p_as_of);
END
$$;
COMMENT ON FUNCTION custseg._assign_agents(text, date) IS
'Internal: the step of a run that gives customers their agents; returns how many assignments ended and began, and who is not served.';

-- Agents: who may serve how many customers of which kind.

-- A row of agent, checked as far as it can be alone.
CREATE FUNCTION custseg._complete_agent(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bound record;
	list text;
BEGIN
	IF coalesce(row_given ->> 'agent', '') = '' OR row_given ->> 'active' IS NULL THEN
		RAISE EXCEPTION 'arguments "agent" and "active" must not be null, nor "agent" empty'
			USING ERRCODE = '22004', HINT = 'Give the name of the agent.';
	END IF;
	FOR bound IN
		SELECT b.argument, (row_given ->> b.argument)::numeric AS value FROM unnest('{capacity,minimum}'::text[]) AS b (argument)
	LOOP
		IF bound.value <> trunc(bound.value) OR bound.value NOT BETWEEN 0 AND 1000000000000 THEN
			RAISE EXCEPTION 'argument "%" is %', bound.argument, bound.value
				USING ERRCODE = '22023', HINT = 'It counts customers: a whole number from 0 to 10^12.';
		END IF;
	END LOOP;
	IF (row_given ->> 'minimum')::numeric > (row_given ->> 'capacity')::numeric THEN
		RAISE EXCEPTION 'argument "minimum" is %, above the capacity %', row_given ->> 'minimum', row_given ->> 'capacity'
			USING ERRCODE = '22023', HINT = 'Lower the minimum, or raise the capacity.';
	END IF;
	FOREACH list IN ARRAY '{tiers,segments}'::text[] LOOP
		IF row_given -> list IN ('[]', '[null]') THEN
			RAISE EXCEPTION 'argument "%" is empty', list
				USING ERRCODE = '22023', HINT = 'Give null for all of them; active => false for an agent who is away.';
		END IF;
	END LOOP;
	PERFORM custseg._check_agent_segments(portfolio, ARRAY(SELECT jsonb_array_elements_text(row_given -> 'segments')))
	WHERE row_given ->> 'segments' IS NOT NULL;
	RETURN row_given || jsonb_build_object('attributes', custseg._agent_attributes(portfolio, nullif(row_given -> 'attributes', 'null')));
END
$$;
COMMENT ON FUNCTION custseg._complete_agent(text, jsonb) IS
'Internal: checks a row of agent, and brings its attributes into one form. 22004, 22023: an argument out of range; 42704: no such segment; 42703: no such attribute.';

CREATE FUNCTION custseg._set_agent(portfolio text, p_agent text, p_capacity numeric, p_minimum numeric, p_tiers text[],
	p_segments text[], p_attributes jsonb, p_active boolean, p_valid_until date, p_note text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_tier_exists(portfolio, t.tier, 'tiers') FROM unnest(p_tiers) AS t (tier);
	PERFORM custseg._put_rows(portfolio, 'agents', jsonb_build_array(custseg._complete_agent(portfolio, jsonb_build_object(
		'agent', p_agent, 'capacity', p_capacity, 'minimum', p_minimum, 'tiers', p_tiers, 'segments', p_segments,
		'attributes', p_attributes, 'active', p_active, 'valid_until', p_valid_until, 'note', p_note))));
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_agent(text, text, numeric, numeric, text[], text[], jsonb, boolean, date, text) IS
'Internal: what set_agent does.';

CREATE FUNCTION custseg._check_agents(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT a.agent, t.tier INTO wrong FROM agent AS a CROSS JOIN LATERAL unnest(a.tiers) AS t (tier)
	WHERE NOT EXISTS (SELECT FROM tier AS d WHERE d.tier = t.tier) ORDER BY a.agent, t.tier LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'agent "%" may serve tier %, which the portfolio does not have', wrong.agent, coalesce('"' || wrong.tier || '"', 'null')
			USING ERRCODE = '2BP01', HINT = 'Change the agent with set_agent, or drop him with drop_agent.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_agents(text) IS
'Internal: refuses agents for tiers that the portfolio does not have (2BP01).';

CREATE FUNCTION custseg._check_agent_segments(portfolio text, p_segments text[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known text[];
	wrong text;
BEGIN
	SELECT array_agg(DISTINCT r.segment ORDER BY r.segment) INTO known
	FROM custseg.segment_rule AS r WHERE r.segmentation = custseg._option(portfolio, 'segmentation');
	SELECT s.segment INTO wrong FROM unnest(p_segments) AS s (segment) WHERE s.segment = ANY (known) IS NOT TRUE LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'segment "%" does not exist', wrong
			USING ERRCODE = '42704', HINT = coalesce('The segments of the portfolio are: ' || array_to_string(known, ', ') || '.',
				'The portfolio has no segmentation.');
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_agent_segments(text, text[]) IS
'Internal: raises 42704 for a segment that the segmentation of the portfolio does not have.';

-- The columns of source_customers that agents can be chosen by; NULL: there is no such source.
CREATE FUNCTION custseg._customer_attributes(portfolio text) RETURNS text[]
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (
		SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute AS a
		WHERE a.attrelid = to_regclass('source_customers') AND a.attname <> 'customer_id' AND a.attnum > 0 AND NOT a.attisdropped);
END
$$;
COMMENT ON FUNCTION custseg._customer_attributes(text) IS
'Internal: the columns of source_customers beside customer_id; NULL: no such source.';

-- The attributes of an agent, checked, each with an array of texts.
CREATE FUNCTION custseg._agent_attributes(portfolio text, p_attributes jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known text[] := custseg._customer_attributes(portfolio);
	part record;
	wanted jsonb := '{}';
BEGIN
	IF jsonb_typeof(p_attributes) <> 'object' THEN
		RAISE EXCEPTION 'argument "attributes" is not a jsonb object: %', p_attributes
			USING ERRCODE = '22023', HINT = 'Give columns of source_customers with values: {"region": ["north", "west"]}.';
	END IF;
	FOR part IN SELECT a.* FROM jsonb_each(p_attributes) AS a ORDER BY a.key LOOP
		IF part.key = ANY (known) IS NOT TRUE THEN
			RAISE EXCEPTION 'argument "attributes": source_customers has no column "%"', part.key
				USING ERRCODE = '42703', HINT = coalesce('Its columns are: ' || array_to_string(known, ', ') || '.',
					'The portfolio has no source of customers yet, see custseg.add_source.');
		END IF;
		IF jsonb_typeof(part.value) IN ('string', 'number', 'boolean') THEN
			part.value := jsonb_build_array(part.value);
		END IF;
		IF jsonb_typeof(part.value) <> 'array' OR part.value = '[]' OR EXISTS (
			SELECT FROM jsonb_array_elements(CASE jsonb_typeof(part.value) WHEN 'array' THEN part.value ELSE '[]' END) AS v (value)
			WHERE jsonb_typeof(v.value) NOT IN ('string', 'number', 'boolean'))
		THEN
			RAISE EXCEPTION 'argument "attributes": "%" is not a list of values: %', part.key, part.value
				USING ERRCODE = '22023', HINT = 'Give the values that the agent may serve: {"region": ["north", "west"]}.';
		END IF;
		-- As texts, since columns are compared as texts.
		wanted := wanted || jsonb_build_object(part.key,
			(SELECT jsonb_agg(v.value ORDER BY v.value) FROM jsonb_array_elements_text(part.value) AS v (value)));
	END LOOP;
	RETURN nullif(wanted, '{}');
END
$$;
COMMENT ON FUNCTION custseg._agent_attributes(text, jsonb) IS
'Internal: attributes of an agent with arrays of texts as values. 22023: not such an object; 42703: no such column of source_customers.';

CREATE FUNCTION custseg.set_agent(portfolio text, agent text, capacity numeric DEFAULT NULL, minimum numeric DEFAULT NULL,
	tiers text[] DEFAULT NULL, segments text[] DEFAULT NULL, attributes jsonb DEFAULT NULL, active boolean DEFAULT true,
	valid_until date DEFAULT NULL, note text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_agent(text, text, numeric, numeric, text[], text[], jsonb, boolean, date, text) IS
'Declares somebody who serves customers, or declares him anew: what is not given has its default. capacity: how many customers at most, NULL: no limit; minimum: how many reassign gives him at least. tiers, segments: whom he may serve, NULL: all; attributes: columns of source_customers with values, {"region": ["north"]}; all that is given must fit. active false, or a day from valid_until on: he is away, and the next run gives his customers to others. Tiers ask for service when their service_mode is personal or an agent lists them; when there is none of either, all tiers do as soon as there is an agent. A run keeps who serves whom as long as he is there, may, and has room; the others get an agent who may serve them, the highest score first when there is not room for all, loads in proportion to the room. 22023: a number out of range, an empty list, attributes of another form; 42704: no such portfolio, tier, segment; 42703: no such column; 42501: not the owner.';

CREATE FUNCTION custseg._drop_agent(portfolio text, p_agent text, p_reassign boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	served bigint;
	day date;
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._work_on(portfolio);
	IF p_agent IS NULL OR NOT EXISTS (SELECT FROM agent AS a WHERE a.agent = p_agent) THEN
		RAISE EXCEPTION 'agent % does not exist', coalesce('"' || p_agent || '"', 'null')
			USING ERRCODE = '42704', HINT = 'The agents are in the table agent of the portfolio''s schema.';
	END IF;
	SELECT count(*) INTO served FROM assignment AS a WHERE a.agent = p_agent AND a.until IS NULL;
	IF served > 0 AND p_reassign IS NOT TRUE THEN
		RAISE EXCEPTION 'agent "%" serves % customers', p_agent, served
			USING ERRCODE = '55006',
			HINT = 'With reassign => true others get them as far as there is room; set_agent(..., active => false) lets the next run do it.';
	END IF;
	DELETE FROM agent AS a WHERE a.agent = p_agent;
	IF served > 0 THEN
		SELECT p.last_as_of INTO STRICT day FROM portfolio AS p;
		PERFORM custseg._assign_agents(portfolio, day);
	END IF;
	PERFORM custseg._declared(portfolio);
	RETURN served;
END
$$;
COMMENT ON FUNCTION custseg._drop_agent(text, text, boolean) IS
'Internal: what drop_agent does.';

CREATE FUNCTION custseg.drop_agent(portfolio text, agent text, reassign boolean DEFAULT false) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_agent(text, text, boolean) IS
'Removes an agent; returns how many customers he served. reassign: his customers, if any, get others as of the last run, as far as those have room; see service_gaps for the rest. 55006: he serves customers, and reassign is not true; 42704: no such portfolio or agent; 42501: not the owner.';

CREATE FUNCTION custseg._reassign(portfolio text, p_stickiness float8, p_balance boolean,
	OUT agent text, OUT customers bigint, OUT gained bigint, OUT lost bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._work_on(portfolio);
	IF p_stickiness IS NULL OR p_balance IS NULL THEN
		RAISE EXCEPTION 'arguments "stickiness" and "balance" must not be null'
			USING ERRCODE = '22004', HINT = 'Leave them out for the defaults.';
	END IF;
	SELECT p.last_as_of INTO STRICT day FROM portfolio AS p;
	IF day IS NULL THEN
		RAISE EXCEPTION 'portfolio "%" has not been refreshed yet', portfolio
			USING ERRCODE = '55000', HINT = 'The first run assigns: SELECT * FROM custseg.refresh(portfolio).';
	END IF;
	PERFORM custseg._stage_service(portfolio, day);
	PERFORM custseg._solve_all(portfolio, p_stickiness, p_balance);
	PERFORM custseg._write_assignments(portfolio, day);
	RETURN QUERY
	SELECT a.agent, sum(a.has)::bigint, sum(a.gain)::bigint, sum(a.loss)::bigint
	FROM (
		SELECT g.agent, 0 AS has, 0 AS gain, 0 AS loss FROM agent AS g
		UNION ALL SELECT s.agent, 1, (s.was IS DISTINCT FROM s.agent)::int, 0 FROM stage_service AS s WHERE s.agent IS NOT NULL
		UNION ALL SELECT s.was, 0, 0, (s.was IS DISTINCT FROM s.agent)::int FROM stage_service AS s WHERE s.was IS NOT NULL
	) AS a
	GROUP BY a.agent ORDER BY a.agent;
END
$$;
COMMENT ON FUNCTION custseg._reassign(text, float8, boolean) IS
'Internal: what reassign does.';

CREATE FUNCTION custseg.reassign(portfolio text, stickiness float8 DEFAULT 1, balance boolean DEFAULT false,
	OUT agent text, OUT customers bigint, OUT gained bigint, OUT lost bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100;
COMMENT ON FUNCTION custseg.reassign(text, float8, boolean) IS
'Assigns all customers to agents anew, as of the last run: the most customers served, and among these ways the highest total of scores; minimums of agents hold. Returns each agent with his customers, and how many he gained and lost. stickiness: what keeping the agent is worth, in points of the score, at least 0; with 0 customers move freely. balance: loads as even in proportion to the capacities as the rest allows. A rerun of the same day takes it back. 22023: stickiness out of range, minimums that cannot be met; 22004: NULL; 55000: the portfolio has not been refreshed; 42704: no such portfolio; 42501: not the owner.';

-- What a run reads besides all purchases: customers without orders, who is not to be counted, purchases of shorter
-- periods, and the measures of other sources. All of it goes into stage_customer.

-- Customers of the source customers who have not bought yet.
CREATE FUNCTION custseg._stage_prospects(portfolio text, as_of date) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	n bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO stage_customer (customer_id)
	SELECT DISTINCT coalesce(a.to_id, s.customer_id)
	FROM source_customers AS s LEFT JOIN customer_alias AS a ON a.from_id = s.customer_id
	WHERE s.customer_id IS NOT NULL AND s.is_test IS NOT TRUE AND (s.since IS NULL OR s.since <= as_of)
		AND NOT EXISTS (SELECT FROM stage_customer AS c WHERE c.customer_id = coalesce(a.to_id, s.customer_id));
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;
COMMENT ON FUNCTION custseg._stage_prospects(text, date) IS
'Internal: adds the customers without orders to stage_customer; returns how many.';

-- The values of the setting anonymous.
CREATE FUNCTION custseg._anonymous(portfolio text) RETURNS text[]
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN ARRAY(SELECT btrim(v.value) FROM unnest(string_to_array(custseg._option(portfolio, 'anonymous'), ',')) AS v (value)
		WHERE btrim(v.value) <> '');
END
$$;
COMMENT ON FUNCTION custseg._anonymous(text) IS
'Internal: the customers that stand for nobody, as text.';

-- Takes out who is not to be counted: tests, nobody, the erased, and keys that no index could hold.
CREATE FUNCTION custseg._unstage_customers(portfolio text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb := '{}';
	anonymous text[] := custseg._anonymous(portfolio);
	gone record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'customers' AND 'is_test' = ANY (s.columns)) THEN
		WITH test AS (
			DELETE FROM stage_customer AS s USING source_customers AS c WHERE c.customer_id = s.customer_id AND c.is_test
			RETURNING s.purchases
		)
		SELECT coalesce(sum(custseg.orders(t.purchases)), 0) AS orders INTO gone FROM test AS t;
		counts := counts || jsonb_build_object('test', (SELECT count(*) FROM source_customers AS c WHERE c.is_test),
			'test_orders', gone.orders);
	END IF;
	IF anonymous <> '{}' THEN
		WITH nobody AS (
			DELETE FROM stage_customer AS s WHERE s.customer_id::text = ANY (anonymous) RETURNING s.purchases
		)
		SELECT count(*) AS n, coalesce(sum(custseg.orders(t.purchases)), 0) AS orders INTO gone FROM nobody AS t;
		counts := counts || jsonb_build_object('anonymous', gone.n, 'anonymous_orders', gone.orders);
	END IF;
	IF EXISTS (SELECT FROM forgotten) THEN
		WITH erased AS (
			DELETE FROM stage_customer AS s USING forgotten AS f
			WHERE f.customer_hash = sha256(convert_to((SELECT t.value FROM setting AS t WHERE t.name = 'salt') || s.customer_id::text, 'UTF8'))
			RETURNING 1
		)
		SELECT count(*) AS n INTO gone FROM erased;
		counts := counts || jsonb_build_object('erased', gone.n);
	END IF;
	IF (SELECT p.customer_type = 'text' FROM portfolio AS p) THEN
		WITH long AS (
			DELETE FROM stage_customer AS s WHERE octet_length(s.customer_id::text) > 1000 RETURNING s.customer_id::text AS id
		)
		SELECT count(*) AS n, left(min(l.id), 50) AS first INTO gone FROM long AS l;
		counts := counts || jsonb_strip_nulls(jsonb_build_object('long_customers', gone.n, 'long_customer', gone.first));
	END IF;
	RETURN counts;
END
$$;
COMMENT ON FUNCTION custseg._unstage_customers(text) IS
'Internal: removes test customers, anonymous ones, erased ones and those with a key of more than 1000 bytes from stage_customer; returns how many.';

-- The query of a window's purchases: (customer_id, purchases).
CREATE FUNCTION custseg._window_query(portfolio text, as_of date, p_window text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	first date := coalesce(lower(custseg.measure_window(p_window, as_of)), '-infinity');
	present text[];
	orders text;
	result text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.* INTO STRICT home FROM portfolio AS p;
	SELECT s.columns INTO present FROM source AS s WHERE s.kind = 'orders';
	-- By the user's own column, so that his index on it can serve.
	orders := format('SELECT customer_id, ordered_at, amount%s FROM %I.source_orders%s',
		CASE WHEN 'order_id' = ANY (present) THEN ', cost, order_id' WHEN 'cost' = ANY (present) THEN ', cost' ELSE '' END,
		custseg._portfolio_schema(portfolio),
		CASE WHEN custseg._column_type(custseg._portfolio_schema(portfolio), 'source_orders', 'ordered_at') = 'timestamptz'::regtype
			THEN format(' WHERE ordered_at >= timestamp %L AT TIME ZONE %L', first, home.time_zone)
			ELSE format(' WHERE ordered_at >= date %L', first) END);
	result := format('SELECT p.customer_id, p.purchases FROM custseg._portfolio_purchases(NULL::%s, %L, %L, NULL, %L) AS p WHERE p.counts IS NULL',
		home.customer_type, orders, as_of, home.time_zone);
	IF EXISTS (SELECT FROM customer_alias) THEN
		result := format('WITH p AS MATERIALIZED (%s)
			SELECT p.* FROM p WHERE NOT EXISTS (SELECT FROM customer_alias AS a WHERE p.customer_id IN (a.from_id, a.to_id))
			UNION ALL
			SELECT coalesce(a.to_id, p.customer_id), custseg.rollup(p.purchases) FROM p LEFT JOIN customer_alias AS a ON a.from_id = p.customer_id
			WHERE EXISTS (SELECT FROM customer_alias AS a WHERE p.customer_id IN (a.from_id, a.to_id)) GROUP BY 1', result);
	END IF;
	RETURN result;
END
$$;
COMMENT ON FUNCTION custseg._window_query(text, date, text) IS
'Internal: the SQL of the purchases of each customer within a window.';

-- Measures that are used and come from a source that is there, each with its aggregate over the rows s.
CREATE FUNCTION custseg._used_source_measures(portfolio text, as_of date, OUT source text, OUT key text, OUT expression text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT k.source, u.measure || CASE k.kind WHEN 'net_value' THEN ' (cost)' ELSE '' END,
		-- The filter last: no mark is looked for in it.
		replace(replace(replace(replace(k.expression, '{rows}', r.condition || ' AND {filter}'),
			'{from}', format('%L::date', coalesce(lower(custseg.measure_window(m."window", as_of)), '-infinity'))),
			'{as_of}', format('%L::date', as_of)),
			'{filter}', CASE WHEN m.filter IS NULL THEN 'true' ELSE format('%L IN (%s)', m.filter, r.filters) END)
	FROM custseg._used_measures(portfolio) AS u
	LEFT JOIN measure AS m ON m.measure = u.measure
	JOIN custseg._source_measures() AS k ON k.kind = coalesce(m.kind, u.measure)
	JOIN custseg._source_rows() AS r ON r.source = k.source
	WHERE EXISTS (SELECT FROM source AS s WHERE s.kind = k.source)
	ORDER BY k.source, u.measure;
END
$$;
COMMENT ON FUNCTION custseg._used_source_measures(text, date) IS
'Internal: the measures over sources other than orders that a portfolio uses, as name in customer.measures and aggregate.';

-- The queries of the measures of each customer, one for each source: (customer_id, measures).
CREATE FUNCTION custseg._measure_queries(portfolio text, as_of date) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	aliased boolean;
	customer text;
	joined text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	aliased := EXISTS (SELECT FROM customer_alias);
	customer := CASE WHEN aliased THEN 'coalesce(a.to_id, s.customer_id)' ELSE 's.customer_id' END;
	joined := CASE WHEN aliased THEN ' LEFT JOIN customer_alias AS a ON a.from_id = s.customer_id' ELSE '' END;
	RETURN QUERY
	SELECT format('SELECT %s AS customer_id, jsonb_strip_nulls(%s) AS measures FROM %I AS s%s WHERE s.customer_id IS NOT NULL GROUP BY 1',
		customer, custseg._jsonb_object(array_agg(m.key), array_agg(m.expression)), 'source_' || m.source, joined)
	FROM custseg._used_source_measures(portfolio, as_of) AS m
	GROUP BY m.source ORDER BY m.source;

	-- A row of the customer's own goes before those that were merged into him; what is no number is unknown.
	RETURN QUERY
	SELECT format('SELECT DISTINCT ON (1) %s AS customer_id, jsonb_strip_nulls(%s) AS measures FROM source_measures AS s%s
			WHERE s.customer_id IS NOT NULL ORDER BY 1, %s2',
		customer, custseg._jsonb_object(array_agg(u.measure), array_agg(
			format('CASE WHEN abs(s.%1$I::numeric) < ''Infinity'' THEN s.%1$I END', n.name))), joined,
		CASE WHEN aliased THEN 'a.from_id IS NOT NULL, ' ELSE '' END)
	FROM custseg._used_measures(portfolio) AS u
	LEFT JOIN measure AS m ON m.measure = u.measure
	JOIN custseg._source_measure_columns(portfolio) AS n ON n.name = coalesce(m.kind, u.measure)
	WHERE NOT EXISTS (SELECT FROM custseg.measure_kinds() AS k WHERE k.kind = n.name)
	HAVING count(*) > 0;
END
$$;
COMMENT ON FUNCTION custseg._measure_queries(text, date) IS
'Internal: the SQL of the measures of each customer from sources other than orders, one query for each source.';

-- jsonb_build_object of any length: a function takes at most 100 arguments.
CREATE FUNCTION custseg._jsonb_object(keys text[], expressions text[]) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.string_agg(pg_catalog.format('jsonb_build_object(%s)', p.fields), ' || ' ORDER BY p.part)
	FROM (
		SELECT (f.place - 1) / 40 AS part, pg_catalog.string_agg(pg_catalog.format('%L, %s', f.key, f.expression), ', ' ORDER BY f.place) AS fields
		FROM ROWS FROM (pg_catalog.unnest(keys), pg_catalog.unnest(expressions)) WITH ORDINALITY AS f (key, expression, place)
		GROUP BY 1
	) AS p;
END;
COMMENT ON FUNCTION custseg._jsonb_object(text[], text[]) IS
'Internal: the SQL of a jsonb object with these keys and expressions.';

-- Writes windows and measures into stage_customer.
CREATE FUNCTION custseg._stage_measures(portfolio text, as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	parts text[] := '{}';
	elements text[] := '{}';
	objects text[] := '{}';
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR part IN
		SELECT g.position, (SELECT w."window" FROM measure_window AS w WHERE w.position = g.position
			AND EXISTS (SELECT FROM measure AS m JOIN custseg.measure_kinds() AS k ON k.kind = m.kind
				WHERE m."window" = w."window" AND (k.source IN ('orders', 'model') OR k.kind = 'net_value'))) AS name
		FROM generate_series(1, (SELECT max(w.position) FROM measure_window AS w)) AS g (position)
	LOOP
		elements := elements || CASE WHEN part.name IS NULL THEN 'NULL' ELSE format('w%s.purchases', part.position) END;
		IF part.name IS NOT NULL THEN
			parts := parts || format('(%s) AS w%s', custseg._window_query(portfolio, as_of, part.name), part.position);
		END IF;
	END LOOP;
	FOR part IN SELECT q.query, q.place FROM custseg._measure_queries(portfolio, as_of) WITH ORDINALITY AS q (query, place) LOOP
		objects := objects || format('coalesce(m%s.measures, ''{}'')', part.place);
		parts := parts || format('(%s) AS m%s', part.query, part.place);
	END LOOP;
	IF parts = '{}' THEN
		RETURN;
	END IF;

	EXECUTE format('
		UPDATE stage_customer AS t SET windows = x.windows, measures = x.measures
		FROM (
			SELECT customer_id, %s AS windows, nullif(%s, ''{}'') AS measures
			FROM %s
		) AS x
		WHERE x.customer_id = t.customer_id',
		CASE WHEN elements = '{}' THEN 'NULL::custseg.purchases[]'
			ELSE format('CASE WHEN num_nonnulls(%1$s) > 0 THEN ARRAY[%1$s]::custseg.purchases[] END', array_to_string(elements, ', ')) END,
		coalesce(nullif(array_to_string(objects, ' || '), ''), '''{}''::jsonb'),
		parts[1] || coalesce((SELECT string_agg(format(' FULL JOIN %s USING (customer_id)', p.query), '' ORDER BY p.place)
			FROM unnest(parts) WITH ORDINALITY AS p (query, place) WHERE p.place > 1), ''));
END
$$;
COMMENT ON FUNCTION custseg._stage_measures(text, date) IS
'Internal: writes the purchases of windows and the measures of other sources into stage_customer.';

CREATE FUNCTION custseg._stage_sources(portfolio text, as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	counts jsonb := '{}';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'customers') THEN
		counts := jsonb_build_object('prospects', custseg._stage_prospects(portfolio, as_of));
	END IF;
	counts := counts || custseg._unstage_customers(portfolio);
	PERFORM custseg._stage_measures(portfolio, as_of);
	RETURN counts;
END
$$;
COMMENT ON FUNCTION custseg._stage_sources(text, date) IS
'Internal: what a run reads besides all purchases, into stage_customer; returns what was counted.';

-- The quality of what a run has read. Each check is a count and the share of all that was looked at; above one threshold
-- it warns, above another the run stops, and what it has done so far is rolled back.

-- What is wrong with the currencies of the orders up to a day; NULL: nothing.
CREATE FUNCTION custseg._currency_problem(portfolio text, as_of date) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text;
	n bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'rates') THEN
		SELECT string_agg(format('%s on %s', coalesce(c.currency, '(none)'), c.day), ', ' ORDER BY c.currency)
		INTO found FROM (
			SELECT o.currency, min(o.day) AS day FROM source_orders AS o
			WHERE o.rate IS NULL AND o.day <= as_of GROUP BY o.currency ORDER BY o.currency LIMIT 10
		) AS c;
		RETURN 'there is no rate for ' || found;
	END IF;
	SELECT count(*), string_agg(coalesce(c.currency, '(none)'), ', ' ORDER BY c.currency) INTO n, found
	FROM (SELECT DISTINCT o.currency FROM source_orders AS o WHERE o.day <= as_of ORDER BY o.currency LIMIT 10) AS c;
	RETURN CASE WHEN n > 1 THEN format('they have several currencies, and there are no rates: %s', found) END;
END
$$;
COMMENT ON FUNCTION custseg._currency_problem(text, date) IS
'Internal: why the amounts of a portfolio whose orders have a currency cannot be added up, naming up to 10 currencies; NULL: they can.';

-- The checks of the orders: rows found, and of how many.
CREATE FUNCTION custseg._check_quality_of_orders(portfolio text, as_of date, counts jsonb,
	OUT source text, OUT "check" text, OUT rows bigint, OUT total bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	all_rows bigint := counts ->> 'rows';
	counted bigint := counts ->> 'orders';
	late bigint := counts ->> 'late';
	largest record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT s.customer_id::text AS id, custseg.orders(s.purchases) AS n, sum(custseg.orders(s.purchases)) OVER () AS total
	INTO largest FROM stage_customer AS s WHERE s.purchases IS NOT NULL ORDER BY 2 DESC, 1 LIMIT 1;
	RETURN QUERY
	SELECT 'orders', v."check", v.rows, v.total::bigint, v.detail
	FROM (VALUES
		('no_customer', (counts ->> 'no_customer')::bigint, all_rows, NULL),
		('no_day', (counts ->> 'no_day')::bigint, all_rows, NULL),
		('no_amount', (counts ->> 'no_amount')::bigint, all_rows, NULL),
		('after', (counts ->> 'after')::bigint, all_rows, NULL),
		('refunds', (counts ->> 'refunds')::bigint, counted, NULL),
		('largest_customer', largest.n, largest.total, left(largest.id, 100)),
		('late', CASE WHEN late IS NOT NULL THEN greatest(late, 0) END, counted, NULL),
		('vanished', CASE WHEN late IS NOT NULL THEN greatest(-late, 0) END, (counts ->> 'late_base')::bigint - late, NULL),
		('anonymous', (counts ->> 'anonymous_orders')::bigint, counted, array_to_string(custseg._anonymous(portfolio), ', ')),
		('stale', as_of - (counts ->> 'last_day')::date, NULL, counts ->> 'last_day')
	) AS v ("check", rows, total, detail)
	WHERE v.rows IS NOT NULL;
END
$$;
COMMENT ON FUNCTION custseg._check_quality_of_orders(text, date, jsonb) IS
'Internal: what a run found about its orders, from its counts and stage_customer.';

-- The checks of one other source.
CREATE FUNCTION custseg._check_quality_of_source(portfolio text, as_of date, p_source text, counts jsonb,
	OUT source text, OUT "check" text, OUT rows bigint, OUT total bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	view_name name := 'source_' || p_source;
	unique_key text := custseg._source_key(p_source);
	day name;
	has_customer boolean;
	unknown text := 's.customer_id IS NOT NULL AND s.customer_id::text <> ALL ($1)
		AND NOT EXISTS (SELECT FROM stage_customer AS c WHERE c.customer_id = s.customer_id)
		AND NOT EXISTS (SELECT FROM customer_alias AS a WHERE a.from_id = s.customer_id)';
	orphans bigint;
	found record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT min(c.name::text) FILTER (WHERE c.type = 'day' AND c.required), bool_or(c.name = 'customer_id') INTO day, has_customer
	FROM custseg._source_columns() AS c WHERE c.kind = p_source;
	EXECUTE format('SELECT count(*) AS n, %s AS no_customer, %s AS no_day, %s AS after FROM %I AS s',
		CASE WHEN has_customer THEN 'count(*) FILTER (WHERE s.customer_id IS NULL)' ELSE 'NULL::bigint' END,
		coalesce('count(*) FILTER (WHERE s.' || quote_ident(day) || ' IS NULL)', 'NULL::bigint'),
		coalesce('count(*) FILTER (WHERE s.' || quote_ident(day) || ' > $1)', 'NULL::bigint'), view_name)
	INTO found USING as_of;
	IF has_customer AND p_source NOT IN ('customers', 'accounts') THEN
		IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'customers') THEN
			unknown := unknown || ' AND NOT EXISTS (SELECT FROM source_customers AS c WHERE c.customer_id = s.customer_id)';
		END IF;
		-- A query of its own: within a FILTER these would not become joins.
		EXECUTE format('SELECT count(*) FROM %I AS s WHERE %s', view_name, unknown) INTO orphans USING custseg._anonymous(portfolio);
	END IF;
	RETURN QUERY
	SELECT p_source, v."check", v.rows, found.n, NULL::text
	FROM (VALUES ('no_customer', found.no_customer), ('no_day', found.no_day), ('after', found.after), ('orphans', orphans),
		('test', CASE WHEN p_source = 'customers' THEN (counts ->> 'test')::bigint END)) AS v ("check", rows)
	WHERE v.rows IS NOT NULL;
	IF unique_key IS NOT NULL THEN
		RETURN QUERY EXECUTE format('SELECT %L, ''duplicates'', coalesce(sum(d.n - 1), 0)::bigint, $1, left(min(d.key), 100)
			FROM (SELECT concat_ws('' '', %2$s) AS key, count(*) AS n FROM %3$I AS s WHERE %4$s
				GROUP BY %2$s HAVING count(*) > 1) AS d', p_source, unique_key, view_name, replace(unique_key, ',', ' IS NOT NULL AND') || ' IS NOT NULL') USING found.n;
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_quality_of_source(text, date, text, jsonb) IS
'Internal: what a run found about a source other than orders.';

-- The checks that read the orders once more.
CREATE FUNCTION custseg._check_quality_fully(portfolio text,
	OUT source text, OUT "check" text, OUT rows bigint, OUT total bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	today date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT (now() AT TIME ZONE p.time_zone)::date INTO today FROM portfolio AS p;
	RETURN QUERY
	SELECT 'orders', 'future', count(*) FILTER (WHERE o.day > today), count(*), max(o.day) FILTER (WHERE o.day > today)::text
	FROM source_orders AS o;
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'orders' AND 'order_id' = ANY (s.columns)) THEN
		RETURN QUERY
		SELECT 'orders', 'shared_orders', count(*) FILTER (WHERE d.shared), count(*), left(min(d.id) FILTER (WHERE d.shared), 100)
		FROM (
			SELECT o.order_id::text AS id, min(o.customer_id::text) <> max(o.customer_id::text) AS shared
			FROM source_orders AS o WHERE o.order_id IS NOT NULL GROUP BY o.order_id
		) AS d;
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_quality_fully(text) IS
'Internal: the checks of the orders that a run leaves out: days after today, orders with several customers.';

-- All checks with their verdicts, worst first.
CREATE FUNCTION custseg._find_quality(portfolio text, as_of date, counts jsonb, complete boolean,
	OUT source text, OUT "check" text, OUT rows bigint, OUT share float8, OUT verdict text, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	has_currency boolean;
	problem text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT 'currency' = ANY (s.columns) INTO has_currency FROM source AS s WHERE s.kind = 'orders';
	-- With rates, an amount is missing where the rate is; so there is no need to look where none is missing.
	IF has_currency AND ((counts ->> 'no_amount')::bigint > 0 OR complete OR NOT EXISTS (SELECT FROM source AS s WHERE s.kind = 'rates')) THEN
		problem := custseg._currency_problem(portfolio, as_of);
	END IF;
	RETURN QUERY
	SELECT v.source, v."check", v.rows, v.share, v.verdict, v.detail
	FROM (SELECT f.source, f."check", f.rows, f.share,
		CASE WHEN f."check" = 'currencies' THEN CASE WHEN f.detail IS NULL THEN 'ok' ELSE 'stop' END
			WHEN f.value > f.stop THEN 'stop' WHEN f.value > f.warn THEN 'warn' ELSE 'ok' END AS verdict, f.detail
	FROM (
		SELECT q.source, q."check", q.rows, q.rows::float8 / nullif(q.total, 0) AS share, q.detail,
			CASE WHEN q."check" = 'stale' THEN q.rows ELSE q.rows::float8 / nullif(q.total, 0) END AS value,
			nullif(custseg._option(portfolio, 'warn_' || q."check"), '')::float8 AS warn,
			nullif(custseg._option(portfolio, 'stop_' || q."check"), '')::float8 AS stop
		FROM (
			SELECT o.* FROM custseg._check_quality_of_orders(portfolio, as_of, counts) AS o
			UNION ALL
			SELECT c.* FROM source AS s, LATERAL custseg._check_quality_of_source(portfolio, as_of, s.kind, counts) AS c WHERE s.kind <> 'orders'
			UNION ALL
			SELECT a.* FROM custseg._check_quality_fully(portfolio) AS a WHERE complete
			UNION ALL
			SELECT 'orders', 'currencies', 0, NULL, problem WHERE has_currency
			UNION ALL
			SELECT 'orders', 'long_customer', (counts ->> 'long_customers')::bigint,
				(counts ->> 'customers')::bigint, counts ->> 'long_customer' WHERE counts ? 'long_customers'
		) AS q
	) AS f) AS v
	ORDER BY array_position(ARRAY['stop', 'warn', 'ok'], v.verdict), v.source, v."check";
END
$$;
COMMENT ON FUNCTION custseg._find_quality(text, date, jsonb, boolean) IS
'Internal: the checks of what a run has read, with their verdicts; complete: also those that take another scan.';

-- The step of a run: writes what was found, and stops where it is too bad.
CREATE FUNCTION custseg._quality(portfolio text, as_of date, counts jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date := as_of;
	bad record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	DELETE FROM quality AS q WHERE q.as_of = day;
	INSERT INTO quality (as_of, source, "check", rows, share, verdict, detail)
	SELECT day, q.source, q."check", q.rows, q.share, q.verdict, q.detail FROM custseg._find_quality(portfolio, day, counts, false) AS q;
	SELECT q.* INTO bad FROM quality AS q WHERE q.as_of = day AND q.verdict = 'stop'
	ORDER BY q."check" <> 'currencies', q.source, q."check" LIMIT 1;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF bad."check" = 'currencies' THEN
		RAISE EXCEPTION 'the orders of portfolio "%" cannot be added up: %', portfolio, bad.detail
			USING ERRCODE = '22023', HINT = format('Add rates with custseg.add_source(%L, ''rates'', ...).', portfolio);
	END IF;
	-- Without an empty detail.
	PERFORM custseg._raise('22023', format('the data of portfolio "%s" is too bad: check "%s" of source "%s" found %s, above the threshold %s',
			portfolio, bad."check", bad.source,
			CASE WHEN bad."check" = 'stale' THEN format('%s days', bad.rows)
				ELSE format('%s rows, a share of %s', bad.rows, round(bad.share::numeric, 6)) END,
			custseg._option(portfolio, 'stop_' || bad."check")),
		'For example: ' || bad.detail,
		format('SELECT * FROM custseg.data_quality(%L) shows all checks. The threshold is the setting stop_%s.', portfolio, bad."check"));
END
$$;
COMMENT ON FUNCTION custseg._quality(text, date, jsonb) IS
'Internal: judges what a run has read and writes it to the table quality. 22023: a check is above its stop threshold, or amounts cannot be added up.';

CREATE FUNCTION custseg._data_quality(portfolio text,
	OUT source text, OUT "check" text, OUT rows bigint, OUT share float8, OUT verdict text, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT greatest(p.last_as_of, (now() AT TIME ZONE p.time_zone)::date - 1) INTO STRICT day FROM portfolio AS p;
	RETURN QUERY SELECT * FROM custseg._find_quality(portfolio, day, custseg._stage_customers(portfolio, day), true);
END
$$;
COMMENT ON FUNCTION custseg._data_quality(text) IS
'Internal: what data_quality does.';

CREATE FUNCTION custseg.data_quality(portfolio text,
	OUT source text, OUT "check" text, OUT rows bigint, OUT share float8, OUT verdict text, OUT detail text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 30;
COMMENT ON FUNCTION custseg.data_quality(text) IS
'Reads the sources of a portfolio up to yesterday and judges them, as a run does, with the checks that take another scan besides: days in the future, orders of several customers. rows: how many were found (stale: days); share: of all that were looked at, 0 to 1; verdict: ok, warn or stop, by the settings warn_ and stop_ with the name of the check; detail: which. Nothing is kept. The view data_quality in the portfolio''s schema has what the last run found. 42501: not the owner; 42704: no such portfolio.';

CREATE FUNCTION custseg._make_quality_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_view(portfolio, 'data_quality', '
		SELECT q.as_of, q.source, q."check", q.rows, q.share, q.verdict, q.detail
		FROM quality AS q JOIN portfolio AS p ON p.last_as_of = q.as_of', $comments$
COMMENT ON VIEW data_quality IS 'What the last run found about the quality of its sources.';
COMMENT ON COLUMN data_quality.as_of IS 'The last day counted.';
COMMENT ON COLUMN data_quality.source IS 'The source, by its kind.';
COMMENT ON COLUMN data_quality."check" IS 'What was looked at; the settings warn_ and stop_ with this name hold its thresholds.';
COMMENT ON COLUMN data_quality.rows IS 'How many were found; for stale: days.';
COMMENT ON COLUMN data_quality.share IS 'Their share of all that was looked at, 0 to 1; NULL: none was looked at, or the check has no share.';
COMMENT ON COLUMN data_quality.verdict IS 'ok or warn; what stops a run leaves nothing here.';
COMMENT ON COLUMN data_quality.detail IS 'Which, where it can be named.';
	$comments$);
END
$$;
COMMENT ON FUNCTION custseg._make_quality_views(text) IS
'Internal: makes the view data_quality.';

-- refresh: one run of a portfolio.
--
-- A run holds an advisory lock on the portfolio to the end of its transaction; so do changes of declarations. All tables
-- are written in one transaction, so a run that fails, or whose server is killed, leaves nothing.

-- Waits until no other run and no change of declarations is under way.
CREATE FUNCTION custseg._lock_portfolio(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM pg_advisory_xact_lock('custseg.portfolio'::regclass::oid::int, n.oid::int)
	FROM pg_namespace AS n WHERE n.nspname = custseg._portfolio_schema(portfolio);
EXCEPTION WHEN lock_not_available THEN
	RAISE EXCEPTION 'portfolio "%" is being refreshed or changed by another session', portfolio
		USING ERRCODE = '55P03', DETAIL = format('It was waited for as long as lock_timeout allows: %s.', current_setting('lock_timeout')),
		HINT = 'custseg.portfolio_progress shows which session that is, and what it does.';
END
$$;
COMMENT ON FUNCTION custseg._lock_portfolio(text) IS
'Internal: locks a portfolio against runs and changes of declarations until the end of the transaction. 55P03: lock_timeout has passed.';

-- What another session sees of a run, see custseg.portfolio_progress. The step stands first: PostgreSQL cuts the text at
-- 63 bytes, and a portfolio may have a long name.
CREATE FUNCTION custseg._show_progress(portfolio text, step text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('application_name', format('custseg %s: %s', step, portfolio), true);
END
$$;
COMMENT ON FUNCTION custseg._show_progress(text, text) IS
'Internal: shows the step of a run, a text without a colon, in application_name, until the call of the public function ends.';

-- Adds a step with its milliseconds.
CREATE FUNCTION custseg._timed(timings jsonb, step text, since timestamptz) RETURNS jsonb
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT timings || pg_catalog.jsonb_build_object(step,
		pg_catalog.round((EXTRACT(epoch FROM pg_catalog.clock_timestamp() - since) * 1000)::numeric, 1));
END;
COMMENT ON FUNCTION custseg._timed(jsonb, text, timestamptz) IS
'Internal: timings with one more step that began at a moment.';

CREATE FUNCTION custseg._last_day(portfolio text) RETURNS date
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (SELECT (now() AT TIME ZONE p.time_zone)::date - 1 FROM portfolio AS p);
END
$$;
COMMENT ON FUNCTION custseg._last_day(text) IS
'Internal: the last complete day in the time zone of a portfolio.';

-- The day that a run counts up to, checked.
CREATE FUNCTION custseg._check_as_of(portfolio text, as_of date, backdated boolean) RETURNS date
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	today date;
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.* INTO STRICT home FROM portfolio AS p;
	today := custseg._last_day(portfolio) + 1;
	day := coalesce(as_of, today - 1);
	IF NOT isfinite(day) OR day > today THEN
		RAISE EXCEPTION 'argument "as_of" is %, which is %', day, CASE WHEN isfinite(day) THEN 'in the future' ELSE 'no day' END
			USING ERRCODE = '22023', HINT = format('Today is %s in the time zone %s of the portfolio.', today, home.time_zone);
	END IF;
	IF day < home.last_as_of AND backdated IS NOT TRUE THEN
		RAISE EXCEPTION 'argument "as_of" is %, but portfolio "%" was refreshed up to %', day, portfolio, home.last_as_of
			USING ERRCODE = '22023',
			HINT = 'To go back, and take the history after that day back, say backdated => true.';
	END IF;
	RETURN day;
END
$$;
COMMENT ON FUNCTION custseg._check_as_of(text, date, boolean) IS
'Internal: as_of of a run, by default the last complete day in the portfolio''s time zone. 22023: in the future, or before the last run.';

-- Empties a working table. TRUNCATE gives the space back at once, but waits for whoever reads the table, and pg_dump
-- reads all tables for as long as it takes: then the rows are deleted.
CREATE FUNCTION custseg._clear_stage(portfolio text, stage name) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	BEGIN
		EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE NOWAIT', stage);
		EXECUTE format('TRUNCATE %I', stage);
	EXCEPTION WHEN lock_not_available THEN
		EXECUTE format('DELETE FROM %I', stage);
	END;
END
$$;
COMMENT ON FUNCTION custseg._clear_stage(text, name) IS
'Internal: empties a working table of a portfolio without waiting for those who read it.';

-- Reads the orders into stage_customer; returns what was counted.
CREATE FUNCTION custseg._stage_customers(portfolio text, as_of date) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	present text[];
	before record;
	counts jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.* INTO STRICT home FROM portfolio AS p;
	SELECT s.columns INTO present FROM source AS s WHERE s.kind = 'orders';
	SELECT r.as_of, r.orders INTO before FROM run AS r
	WHERE r.state = 'done' AND r.as_of < _stage_customers.as_of ORDER BY r.run_id DESC LIMIT 1;

	PERFORM custseg._clear_stage(portfolio, 'stage_customer');
	-- Waits for a load that has truncated a table and not ended. What waits below has its snapshot already, in which the new
	-- rows are not there yet, while the old ones are gone.
	PERFORM FROM source_orders LIMIT 0;
	EXECUTE format('INSERT INTO stage_customer (customer_id, purchases, counts)
		SELECT * FROM custseg._portfolio_purchases(NULL::%s, %L, $1, $2, %L)%s',
		home.customer_type, format('SELECT customer_id, ordered_at, amount%s FROM %I.source_orders',
			CASE WHEN 'order_id' = ANY (present) THEN ', cost, order_id' WHEN 'cost' = ANY (present) THEN ', cost' ELSE '' END,
			custseg._portfolio_schema(portfolio)), home.time_zone,
		-- A first run writes all tables in the order of their indexes.
		CASE WHEN NOT EXISTS (SELECT FROM customer) THEN ' ORDER BY 1' ELSE '' END)
	USING as_of, before.as_of;
	DELETE FROM stage_customer AS s WHERE s.counts IS NOT NULL RETURNING s.counts INTO counts;

	-- Customers that are one: what there is of all of them counts for the one that remains.
	IF EXISTS (SELECT FROM customer_alias) THEN
		WITH gone AS (
			DELETE FROM stage_customer AS s
			WHERE EXISTS (SELECT FROM customer_alias AS a WHERE s.customer_id IN (a.from_id, a.to_id))
			RETURNING s.customer_id, s.purchases
		)
		INSERT INTO stage_customer (customer_id, purchases)
		SELECT coalesce(a.to_id, g.customer_id), custseg.rollup(g.purchases)
		FROM gone AS g LEFT JOIN customer_alias AS a ON a.from_id = g.customer_id
		GROUP BY 1;
	END IF;
	counts := counts || jsonb_build_object('late', (counts ->> 'late_base')::bigint - before.orders);
	RETURN counts || custseg._stage_sources(portfolio, as_of);
END
$$;
COMMENT ON FUNCTION custseg._stage_customers(text, date) IS
'Internal: reads the sources of a portfolio into stage_customer; returns what was counted.';

-- Whoever runs a portfolio outside one transaction holds an advisory lock on the run, so that a run whose session has
-- ended can be told from one that is under way.
CREATE FUNCTION custseg._run_lock(portfolio text, run_id bigint, OUT class int, OUT key int)
RETURNS record
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT n.oid::int, (run_id OPERATOR(pg_catalog.&) 2147483647)::int
	FROM pg_catalog.pg_namespace AS n
	WHERE n.nspname OPERATOR(pg_catalog.=) custseg._portfolio_schema(portfolio);
END;
COMMENT ON FUNCTION custseg._run_lock(text, bigint) IS
'Internal: the advisory lock that says that a run is under way.';

-- Runs whose lock is free have lost their session.
CREATE FUNCTION custseg._fail_orphans(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	orphan record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR orphan IN
		SELECT r.run_id, l.class, l.key FROM run AS r CROSS JOIN LATERAL custseg._run_lock(portfolio, r.run_id) AS l
		WHERE r.state = 'running' ORDER BY r.run_id
	LOOP
		-- A run that has ended since has another state by now, which the second condition sees.
		IF pg_try_advisory_xact_lock(orphan.class, orphan.key) THEN
			UPDATE run AS r
			SET state = 'failed', finished_at = clock_timestamp(), error = 'the server or the session ended'
			WHERE r.run_id = orphan.run_id AND r.state = 'running';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._fail_orphans(text) IS
'Internal: marks runs that are not under way any more as failed.';

CREATE FUNCTION custseg._begin_run(portfolio text, as_of date) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	id bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._fail_orphans(portfolio);
	INSERT INTO run (as_of, state) SELECT coalesce(_begin_run.as_of, custseg._last_day(portfolio)), 'running' RETURNING run_id INTO id;
	RETURN id;
END
$$;
COMMENT ON FUNCTION custseg._begin_run(text, date) IS
'Internal: writes the row of a run that begins; returns its number. as_of NULL: the last complete day.';

-- The steps of one run.
CREATE FUNCTION custseg._run(portfolio text, as_of date, p_run_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	last date;
	v_counts jsonb;
	v_models jsonb;
	v_timings jsonb := '{}';
	v_criteria int;
	began timestamptz := clock_timestamp();
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Under REPEATABLE READ what another run wrote while this one waited cannot be seen: that is an error here.
	SELECT p.last_as_of INTO STRICT last FROM portfolio AS p FOR UPDATE;
	v_criteria := custseg._criteria_version(portfolio, as_of);
	IF as_of <= last THEN
		PERFORM custseg._show_progress(portfolio, 'taking back');
		PERFORM custseg._undo(portfolio, as_of);
		v_timings := custseg._timed(v_timings, 'undo', began);
	END IF;

	PERFORM custseg._show_progress(portfolio, 'reading sources');
	began := clock_timestamp();
	v_counts := custseg._stage_customers(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'sources', began);

	PERFORM custseg._show_progress(portfolio, 'judging the data');
	began := clock_timestamp();
	PERFORM custseg._quality(portfolio, as_of, v_counts);
	v_timings := custseg._timed(v_timings, 'quality', began);

	PERFORM custseg._show_progress(portfolio, 'fitting models');
	began := clock_timestamp();
	v_models := custseg._fit_models(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'models', began);

	PERFORM custseg._show_progress(portfolio, 'scores, segments, tiers');
	began := clock_timestamp();
	PERFORM custseg._stage_state(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'state', began);

	PERFORM custseg._show_progress(portfolio, 'writing');
	began := clock_timestamp();
	v_counts := v_counts || custseg._write_state(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'write', began);

	PERFORM custseg._show_progress(portfolio, 'dividing resources');
	began := clock_timestamp();
	v_counts := v_counts || custseg._allocate_resources(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'resources', began);

	PERFORM custseg._show_progress(portfolio, 'assigning agents');
	began := clock_timestamp();
	v_counts := v_counts || custseg._assign_agents(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'agents', began);

	UPDATE portfolio AS p SET last_as_of = _run.as_of;

	PERFORM custseg._show_progress(portfolio, 'counts, scores, targets');
	began := clock_timestamp();
	PERFORM custseg._count_sources(portfolio, as_of);
	PERFORM custseg._keep_scores(portfolio, as_of);
	PERFORM custseg._measure_targets(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'reports', began);
	UPDATE run AS r
	SET state = 'done', finished_at = clock_timestamp(), customers = (SELECT count(*) FROM stage_customer),
		orders = (v_counts ->> 'orders')::bigint, late_orders = (v_counts ->> 'late')::bigint, counts = v_counts, timings = v_timings, models = v_models,
		criteria_version = v_criteria
	WHERE r.run_id = p_run_id;
	-- So small that autovacuum leaves them alone; without this, after a restore too, views expect hundreds of portfolios.
	ANALYZE portfolio, tier, component, model;
END
$$;
COMMENT ON FUNCTION custseg._run(text, date, bigint) IS
'Internal: the steps of one run of a portfolio, in the transaction of the caller.';

CREATE FUNCTION custseg._refresh(portfolio text, as_of date, dry_run boolean, backdated boolean,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	day := custseg._check_as_of(portfolio, as_of, backdated);
	PERFORM custseg._run(portfolio, day, custseg._begin_run(portfolio, day));
	RETURN QUERY SELECT * FROM custseg._moves(portfolio, coalesce(dry_run, false));
END
$$;
COMMENT ON FUNCTION custseg._refresh(text, date, boolean, boolean) IS
'Internal: what refresh does.';

-- What the run that has just ended has moved, from its stage.
CREATE FUNCTION custseg._moves(portfolio text, p_each boolean,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY EXECUTE format('
		SELECT %s, v.dimension, v.transition, v.was, v.now, %s, count(*)
		FROM stage_state AS s
		CROSS JOIN LATERAL (VALUES
			(''tier'', s.transition, s.from_tier, s.tier, s.reason, s.state_change),
			(''segment'', CASE WHEN s.from_segment IS NULL THEN ''enter'' WHEN s.segment IS NULL THEN ''exit'' ELSE ''move'' END,
				s.from_segment, s.segment,
				CASE WHEN s.segment IS NULL THEN ''no purchase'' ELSE concat_ws(''-'', s.r, s.f, s.m) END, s.from_segment IS DISTINCT FROM s.segment)
		) AS v (dimension, transition, was, now, reason, moved)
		WHERE v.moved
		GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 2 DESC, 3, 4, 5, 1',
		CASE WHEN p_each THEN 's.customer_id::text' ELSE 'NULL::text' END,
		CASE WHEN p_each THEN 'v.reason' ELSE 'NULL::text' END);
END
$$;
COMMENT ON FUNCTION custseg._moves(text, boolean) IS
'Internal: the moves of the run that has just ended, for each customer or counted.';

CREATE FUNCTION custseg.refresh(portfolio text, as_of date DEFAULT NULL, dry_run boolean DEFAULT false,
	backdated boolean DEFAULT false,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_refresh' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 100;
COMMENT ON FUNCTION custseg.refresh(text, date, boolean, boolean) IS
'One run of a portfolio: reads the sources, scores, assigns segments and tiers, divides resources, and writes what changed. Returns how many customers moved from where to where (customer_id and reason NULL). as_of: the last day counted; NULL: yesterday in the portfolio''s time zone. dry_run: returns each customer who would move, and why, and leaves nothing. backdated: allows an as_of before that of the last run; the history after it is taken back. The same as_of again gives the same result. It runs as the owner of the portfolio, who needs to read all rows of the sources, and waits for another run, and for a change of declarations, to end, as long as lock_timeout allows. In a REPEATABLE READ transaction a run that began before the other ended fails with 40001. 42501: not the owner; 42704: no such portfolio; 22023: as_of in the future or before the last run; 55P03: lock_timeout.';

-- run_refresh: a run for schedulers, which keeps a record of how it ended. And what other sessions see of a run.
--
-- The row of the run is committed first. So a run that fails, is cancelled or times out can be recorded; one whose
-- session or server ends leaves its row as it is, and the next run finds that nobody holds the lock on it.
--
-- A superuser may call the procedure, whose body runs with his rights: everything that touches the tables of a portfolio,
-- which may have triggers, is in functions that run as the portfolio's owner.

CREATE FUNCTION custseg.begin_run(portfolio text, as_of date) RETURNS bigint
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.begin_run(text, date) IS
'The first part of run_refresh: writes the row of a run and returns its number; runs whose session has ended are marked as failed. as_of: the last day counted, checked by execute_run; NULL: yesterday in the portfolio''s time zone. Whoever calls it without run_refresh leaves a row that the next run marks as failed. 42501: not the owner; 42704: no such portfolio.';

CREATE FUNCTION custseg._execute_run(portfolio text, p_run_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT r.as_of INTO day FROM run AS r WHERE r.run_id = p_run_id AND r.state = 'running';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'argument "run_id" is %, which is no run that has begun', p_run_id
			USING ERRCODE = '22023', HINT = 'CALL custseg.run_refresh(portfolio) begins a run and executes it.';
	END IF;
	PERFORM custseg._run(portfolio, custseg._check_as_of(portfolio, day, false), p_run_id);
END
$$;
COMMENT ON FUNCTION custseg._execute_run(text, bigint) IS
'Internal: what execute_run does.';

CREATE FUNCTION custseg.execute_run(portfolio text, run_id bigint) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000;
COMMENT ON FUNCTION custseg.execute_run(text, bigint) IS
'The second part of run_refresh: does the run that begin_run has begun, as refresh does. 22023: no such run, as_of in the future or before the last run; 42501: not the owner; 42704: no such portfolio; 55P03: lock_timeout.';

CREATE FUNCTION custseg._fail_run(portfolio text, p_run_id bigint, p_sqlstate text, message text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	UPDATE run AS r
	SET state = 'failed', finished_at = clock_timestamp(), sqlstate = p_sqlstate, error = message
	WHERE r.run_id = p_run_id AND r.state = 'running';
END
$$;
COMMENT ON FUNCTION custseg._fail_run(text, bigint, text, text) IS
'Internal: what fail_run does.';

CREATE FUNCTION custseg.fail_run(portfolio text, run_id bigint, sqlstate text, message text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.fail_run(text, bigint, text, text) IS
'The last part of a run_refresh that failed: records the SQLSTATE and the message in the row of the run, unless it has ended. 42501: not the owner; 42704: no such portfolio.';

CREATE FUNCTION custseg._can_commit() RETURNS boolean
AS 'MODULE_PATHNAME', 'custseg_can_commit' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg._can_commit() IS
'Internal: whether the PL/pgSQL code that calls it could COMMIT: not in a transaction block, function or block with EXCEPTION.';

-- RAISE takes no NULL, and shows an empty detail.
CREATE FUNCTION custseg._raise(p_sqlstate text, p_message text, p_detail text, p_hint text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF p_detail <> '' AND p_hint <> '' THEN
		RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message, DETAIL = p_detail, HINT = p_hint;
	ELSIF p_detail <> '' THEN
		RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message, DETAIL = p_detail;
	ELSIF p_hint <> '' THEN
		RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message, HINT = p_hint;
	END IF;
	RAISE EXCEPTION USING ERRCODE = p_sqlstate, MESSAGE = p_message;
END
$$;
COMMENT ON FUNCTION custseg._raise(text, text, text, text) IS
'Internal: raises an error that was caught before. An empty detail or hint is left out.';

CREATE PROCEDURE custseg.run_refresh(portfolio text, as_of date DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run_id bigint;
	lock_class int;
	lock_key int;
	failed boolean := false;
	-- Qualified: the procedure cannot pin search_path, and the other types are words of the grammar.
	state pg_catalog.text;
	message pg_catalog.text;
	detail pg_catalog.text;
	hint pg_catalog.text;
BEGIN
	IF NOT custseg._can_commit() THEN
		RAISE EXCEPTION 'run_refresh commits and cannot be called in a transaction block or function'
			USING ERRCODE := '25001', HINT := 'Call it alone, or call custseg.refresh(portfolio, as_of), which is part of the transaction.';
	END IF;

	run_id := custseg.begin_run(portfolio, as_of);
	SELECT l.class, l.key INTO lock_class, lock_key FROM custseg._run_lock(portfolio, run_id) AS l;
	PERFORM pg_catalog.pg_advisory_lock(lock_class, lock_key);
	COMMIT;

	-- Whatever the default of the session: a run may wait for another one, and must then see what that has written.
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	BEGIN
		PERFORM custseg.execute_run(portfolio, run_id);
	-- OTHERS does not catch the first two.
	EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
		GET STACKED DIAGNOSTICS state := RETURNED_SQLSTATE, message := MESSAGE_TEXT,
			detail := PG_EXCEPTION_DETAIL, hint := PG_EXCEPTION_HINT;
		failed := true;
	END;

	IF failed THEN
		ROLLBACK;
		BEGIN
			PERFORM custseg.fail_run(portfolio, run_id, state, message);
		EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
			RAISE WARNING 'the failure of run % of portfolio "%" was not recorded: %', run_id, portfolio, SQLERRM;
		END;
	END IF;
	COMMIT;
	PERFORM pg_catalog.pg_advisory_unlock(lock_class, lock_key);
	IF failed THEN
		PERFORM custseg._raise(state, message, detail, hint);
	END IF;
END
$$;
COMMENT ON PROCEDURE custseg.run_refresh(text, date) IS
'refresh for schedulers such as pg_cron: one run of a portfolio whose row in the portfolio''s table run is committed first. When the run fails, is cancelled or times out, the row says so with SQLSTATE and message, the error is raised again, and the portfolio is as the last good run left it. A run whose session or server ended is marked as failed by the next. as_of: the last day counted; NULL: yesterday in the portfolio''s time zone; an as_of before that of the last run is an error, use refresh to go back. Call it alone, not in a transaction. 25001: in a transaction block or function; 42501: not the owner; 42704: no such portfolio; and the errors of refresh.';

CREATE VIEW custseg.portfolio_progress AS
	SELECT l.pid, p.name AS portfolio,
		CASE WHEN l.granted
			THEN COALESCE(pg_catalog.substring(a.application_name, '^custseg ([^:]+): '), 'declaring') ELSE 'waiting' END AS step,
		a.usename AS role, a.xact_start AS since,
		CASE WHEN NOT l.granted THEN pg_catalog.pg_blocking_pids(l.pid) END AS blocked_by
	FROM pg_catalog.pg_locks AS l
	JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) l.database
	JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) l.objid
	JOIN custseg.portfolio AS p ON p.schema_name OPERATOR(pg_catalog.=) n.nspname::text
	LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
	WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
		AND l.classid OPERATOR(pg_catalog.=) 'custseg.portfolio'::pg_catalog.regclass::pg_catalog.oid
		AND l.objsubid OPERATOR(pg_catalog.=) 2
		AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();
COMMENT ON VIEW custseg.portfolio_progress IS
'The sessions that refresh a portfolio of this database or change its declarations, or wait to do so. A run is seen while it lasts.';
COMMENT ON COLUMN custseg.portfolio_progress.pid IS 'Process of the session; pg_cancel_backend(pid) cancels the run.';
COMMENT ON COLUMN custseg.portfolio_progress.portfolio IS 'Name of the portfolio.';
COMMENT ON COLUMN custseg.portfolio_progress.step IS 'Step of the run; waiting: for another session; declaring: declarations are changed, or a run has ended in an open transaction.';
COMMENT ON COLUMN custseg.portfolio_progress.role IS 'The role that logged in.';
COMMENT ON COLUMN custseg.portfolio_progress.since IS 'When its transaction began; NULL without the right to see it, which the role itself and members of pg_read_all_stats have.';
COMMENT ON COLUMN custseg.portfolio_progress.blocked_by IS 'Processes that it waits for; NULL: it does not wait.';
GRANT SELECT ON custseg.portfolio_progress TO PUBLIC;
GRANT SELECT ON custseg.portfolio_progress TO @extowner@ WITH GRANT OPTION;

-- The report views of a portfolio. Their columns stay; what computes them follows the declarations, so they are made
-- anew with CREATE OR REPLACE VIEW when these change.

CREATE FUNCTION custseg._make_view(portfolio text, view_name name, query text, comments text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('search_path', format('%I, pg_catalog, pg_temp', custseg._portfolio_schema(portfolio)), true);
	EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW %I AS %s', view_name, query);
	EXECUTE comments;
	INSERT INTO report_view VALUES (view_name) ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION custseg._make_view(text, name, text, text) IS
'Internal: makes or remakes a report view, with its comments; readers may read it.';

CREATE FUNCTION custseg._make_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_customer_views(portfolio);
	PERFORM custseg._make_criteria_views(portfolio);
	PERFORM custseg._make_resource_views(portfolio);
	PERFORM custseg._make_reports(portfolio);
	PERFORM custseg._make_quality_views(portfolio);
	PERFORM custseg._grant_report_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._make_views(text) IS
'Internal: makes or remakes all report views of a portfolio.';

-- The customers with as_of, the scores of the components k1, k2, ... and the total score, as they stand in FROM under the
-- alias c. whole: the view reads all customers anyway; then a score that is read several times is computed once, but a
-- condition on customers does not come through.
CREATE FUNCTION custseg._view_customers(portfolio text, whole boolean) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- portfolio has one row, which the planner does not know of a table that was never analyzed: the condition on the key tells it.
	RETURN format('(SELECT c.*, %1$s AS score FROM (SELECT c.*%2$s
		FROM (SELECT c.*, p.last_as_of AS as_of FROM customer AS c CROSS JOIN portfolio AS p WHERE p.only_row) AS c%3$s) AS c%3$s) AS c',
		custseg._score_expression(portfolio), custseg._component_scores(portfolio, 'c.as_of'), CASE WHEN whole THEN ' OFFSET 0' ELSE '' END);
END
$$;
COMMENT ON FUNCTION custseg._view_customers(text, boolean) IS
'Internal: what stands in FROM of a report view for the customers with their scores, alias c.';

CREATE FUNCTION custseg._make_customer_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	fields text;
	allocated text := 'NULL::jsonb';
	agent text := 'NULL::text';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF EXISTS (SELECT FROM resource) OR EXISTS (SELECT FROM allocation AS a WHERE a.until IS NULL) THEN
		allocated := '(SELECT jsonb_object_agg(a.resource, a.amount) FROM allocation AS a
			WHERE a.customer_id = c.customer_id AND a.until IS NULL)';
	END IF;
	IF EXISTS (SELECT FROM agent) OR EXISTS (SELECT FROM assignment AS h WHERE h.until IS NULL) THEN
		agent := '(SELECT h.agent FROM assignment AS h WHERE h.customer_id = c.customer_id AND h.until IS NULL)';
	END IF;
	SELECT string_agg(format('%L, %s', m.measure, custseg._measure_expression(portfolio, m.measure, 'c.as_of')), ', ' ORDER BY m.measure)
	INTO fields FROM custseg._used_measures(portfolio) AS m;

	-- What is not selected is not computed. Allocation and agent are looked up for each customer, so that they cost nothing
	-- for those whom a LIMIT or a condition leaves out, and nothing at all where there are no resources or agents.
	PERFORM custseg._make_view(portfolio, 'current_customers', format('
		SELECT c.customer_id, c.as_of, c.score, c.r, c.f, c.m, c.segment, c.segment_since, c.tier, c.tier_since AS since,
			c.grace_since, c.valid_until, c.score AS priority,
			%s AS allocation, %s AS agent, c.reason,
			custseg.first_purchase(c.purchases) AS first_purchase, custseg.last_purchase(c.purchases) AS last_purchase,
			custseg.frequency(c.purchases) AS frequency, custseg.spend(c.purchases) AS spend
		FROM %s
		WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL',
		allocated, agent, custseg._view_customers(portfolio, false)), $comments$
COMMENT ON VIEW current_customers IS 'Every customer as of the last run: score, segment, tier, and why.';
COMMENT ON COLUMN current_customers.customer_id IS 'The customer.';
COMMENT ON COLUMN current_customers.as_of IS 'The last day counted.';
COMMENT ON COLUMN current_customers.score IS 'Total score: the weighted mean of the components.';
COMMENT ON COLUMN current_customers.r IS 'Class of recency, the highest is the most recent.';
COMMENT ON COLUMN current_customers.f IS 'Class of frequency.';
COMMENT ON COLUMN current_customers.m IS 'Class of spend.';
COMMENT ON COLUMN current_customers.segment IS 'Segment; NULL: no purchase yet.';
COMMENT ON COLUMN current_customers.segment_since IS 'First day of the segment.';
COMMENT ON COLUMN current_customers.tier IS 'Tier; NULL: excluded.';
COMMENT ON COLUMN current_customers.since IS 'First day of the tier.';
COMMENT ON COLUMN current_customers.grace_since IS 'First day of grace: the customer is about to go down; NULL: not in grace.';
COMMENT ON COLUMN current_customers.valid_until IS 'First day behind the validity of the tier; NULL: no limit.';
COMMENT ON COLUMN current_customers.priority IS 'Higher comes first.';
COMMENT ON COLUMN current_customers.allocation IS 'What the customer gets of each resource; NULL: nothing.';
COMMENT ON COLUMN current_customers.agent IS 'Who serves the customer; NULL: nobody.';
COMMENT ON COLUMN current_customers.reason IS 'Why the tier is as it is.';
COMMENT ON COLUMN current_customers.first_purchase IS 'Day of the first purchase.';
COMMENT ON COLUMN current_customers.last_purchase IS 'Day of the last purchase.';
COMMENT ON COLUMN current_customers.frequency IS 'Days with a purchase.';
COMMENT ON COLUMN current_customers.spend IS 'Net amount of all purchases.';
	$comments$);

	PERFORM custseg._make_view(portfolio, 'customer_measures', format('
		SELECT c.customer_id, c.as_of, jsonb_build_object(%s) AS measures
		FROM %s',
		fields, custseg._view_customers(portfolio, false)), $comments$
COMMENT ON VIEW customer_measures IS 'The measures of every customer that components and rules of tiers use, as of the last run.';
COMMENT ON COLUMN customer_measures.customer_id IS 'The customer.';
COMMENT ON COLUMN customer_measures.as_of IS 'The last day counted.';
COMMENT ON COLUMN customer_measures.measures IS 'Name and value of each measure; null: unknown.';
	$comments$);
END
$$;
COMMENT ON FUNCTION custseg._make_customer_views(text) IS
'Internal: makes the views current_customers and customer_measures.';

-- All measures that a portfolio uses.
CREATE FUNCTION custseg._used_measures(portfolio text, OUT measure text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT c.measure FROM component AS c
	UNION SELECT c.score_name FROM component AS c
	UNION SELECT m.measure FROM measure AS m
	UNION SELECT r.weight_measure FROM resource AS r WHERE r.weight_measure IS NOT NULL
	UNION SELECT u.measure FROM unnest(custseg.tier_policy_measures(custseg._portfolio_policy(portfolio))) AS u (measure)
	UNION VALUES ('score'), ('r'), ('f'), ('m')
	ORDER BY 1;
END
$$;
COMMENT ON FUNCTION custseg._used_measures(text) IS
'Internal: the measures that components, rules of tiers and resources of a portfolio use.';

-- Declarations: what the owner of a portfolio says, as rows of a few tables.
--
-- The setters (declare.sql, declare_tiers.sql) and the document (export.sql) write rows in one way: a row comes as
-- jsonb, a function of its section completes it and checks what can be seen in the row alone, it is written, and at the
-- end _check_declarations sees whether all declarations fit together. So an import and what_if refuse what a setter
-- refuses, with the same words.

-- The sections of the document, parents first. A further table of declarations is one more row here; complete names a
-- function (portfolio text, row_given jsonb) RETURNS jsonb, or is NULL. Columns that are keys of the database's own, such
-- as positions and moments, are hidden: not in the document. Identity columns are hidden without being named.
CREATE FUNCTION custseg._declaration_tables(
	OUT place int, OUT section text, OUT table_name name, OUT key_columns text[], OUT hidden text[], OUT order_by text,
	OUT complete name)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT v.place, v.section, v.table_name::name, v.key_columns::text[], v.hidden::text[], v.order_by, v.complete::name
	FROM (VALUES
		(10, 'measures', 'measure', '{measure}', '{}', 't.measure', '_complete_measure'),
		(20, 'components', 'component', '{measure}', '{position}', 't.measure', '_complete_component'),
		(30, 'tiers', 'tier', '{tier}', '{position}', 't.position', '_complete_tier'),
		(40, 'resources', 'resource', '{resource}', '{}', 't.resource', '_complete_resource'),
		(50, 'resource_tiers', 'resource_tier', '{resource,tier}', '{}', 't.resource, t.tier', '_complete_resource_tier'),
		(60, 'agents', 'agent', '{agent}', '{}', 't.agent', '_complete_agent'),
		(70, 'targets', 'target', '{target}', '{}', 't.target', '_complete_target')
	) AS v (place, section, table_name, key_columns, hidden, order_by, complete);
END;
COMMENT ON FUNCTION custseg._declaration_tables() IS
'Internal: the tables of declarations: section of the document, key, columns that are not in the document, order, and the function that completes and checks a row.';

-- --- Arguments ------------------------------------------------------------

CREATE FUNCTION custseg._check_given(value text, argument text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF value IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument USING ERRCODE = '22004', HINT = 'Give a value.';
	END IF;
	IF value = '' OR length(value) > 200 THEN
		RAISE EXCEPTION 'argument "%" is "%"', argument, left(value, 40)
			USING ERRCODE = '22023', HINT = 'It must have 1 to 200 characters.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_given(text, text) IS
'Internal: refuses an argument that is a name and null (22004), empty or longer than 200 characters (22023).';

CREATE FUNCTION custseg._check_choice(value text, argument text, VARIADIC choices text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF value IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = format('It is one of %s.', array_to_string(choices, ', '));
	END IF;
	IF value <> ALL (choices) THEN
		RAISE EXCEPTION 'argument "%" is "%"', argument, value
			USING ERRCODE = '22023', HINT = format('It is one of %s.', array_to_string(choices, ', '));
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_choice(text, text, text[]) IS
'Internal: refuses an argument that is null (22004) or none of the choices (22023).';

-- --- Measures -------------------------------------------------------------

-- Every name that a condition or a component can use.
CREATE FUNCTION custseg._known_measures(portfolio text, OUT measure text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT k.kind FROM custseg.measure_kinds() AS k
	UNION SELECT m.measure FROM measure AS m
	UNION SELECT c.score_name FROM component AS c
	UNION SELECT c.name::text FROM custseg._source_measure_columns(portfolio) AS c
	UNION VALUES ('r'), ('f'), ('m'), ('score')
	ORDER BY 1;
END
$$;
COMMENT ON FUNCTION custseg._known_measures(text) IS
'Internal: the names of all measures that a portfolio has.';

-- Refuses a measure that is not known, or that needs a model that the portfolio does not fit. used_by completes the
-- message: 'component "x"'.
CREATE FUNCTION custseg._check_measure(portfolio text, p_measure text, used_by text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF NOT EXISTS (SELECT FROM custseg._known_measures(portfolio) AS k WHERE k.measure = p_measure) THEN
		RAISE EXCEPTION '%: unknown measure "%"', used_by, p_measure
			USING ERRCODE = '22023', HINT = format('The measures are %s; set_measure names others.',
				(SELECT string_agg(k.measure, ', ' ORDER BY k.measure) FROM custseg._known_measures(portfolio) AS k));
	END IF;
	IF custseg._option(portfolio, 'lifetime') = 'none' AND EXISTS (
		SELECT FROM custseg.measure_kinds() AS k
		WHERE k.source = 'model' AND k.kind = coalesce((SELECT m.kind FROM measure AS m WHERE m.measure = p_measure), p_measure))
	THEN
		RAISE EXCEPTION '%: measure "%" needs a model of purchases, but option "lifetime" is none', used_by, p_measure
			USING ERRCODE = '22023', HINT = format('Say custseg.set_option(%L, ''lifetime'', ''bgnbd''), or use another measure.', portfolio);
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_measure(text, text, text) IS
'Internal: refuses an unknown measure, or one that needs a lifetime model where there is none (22023); used_by names in the message who uses it.';

-- The measures of the rules of tiers, rule by rule.
CREATE FUNCTION custseg._rule_measures(portfolio text, OUT tier text, OUT rule text, OUT measure text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT t.tier, r.rule, m.measure
	FROM tier AS t
	CROSS JOIN LATERAL (VALUES ('enter', t.enter), ('keep', t.keep)) AS r (rule, condition)
	-- The condition as the only rule of a policy: the type finds the names in it.
	CROSS JOIN LATERAL unnest(custseg.tier_policy_measures(jsonb_build_object('tiers', jsonb_build_array(
		jsonb_build_object('tier', 'below'), jsonb_build_object('tier', 'this', 'enter', r.condition)))::text::custseg.tier_policy))
		AS m (measure)
	WHERE r.condition IS NOT NULL
	ORDER BY t.position, r.rule, m.measure;
END
$$;
COMMENT ON FUNCTION custseg._rule_measures(text) IS
'Internal: which measures each rule of the tiers of a portfolio uses. 22P02: a rule is not a condition.';

-- Who uses a measure, in words; what is used cannot be dropped.
CREATE FUNCTION custseg._measure_users(portfolio text, p_measure text, OUT used_by text) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT format('component "%s"', c.measure) FROM component AS c WHERE c.measure = p_measure
	UNION ALL
	SELECT format('rule "%s" of tier "%s"', r.rule, r.tier) FROM custseg._rule_measures(portfolio) AS r WHERE r.measure = p_measure
	UNION ALL
	SELECT format('resource "%s"', r.resource) FROM resource AS r WHERE r.weight_measure = p_measure;
END
$$;
COMMENT ON FUNCTION custseg._measure_users(text, text) IS
'Internal: which components, rules of tiers and resources use a measure, in words.';

CREATE FUNCTION custseg._refuse_used(portfolio text, p_measure text, what text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	users text := (SELECT string_agg(u.used_by, ', ') FROM custseg._measure_users(portfolio, p_measure) AS u);
BEGIN
	IF users IS NOT NULL THEN
		RAISE EXCEPTION '% "%" is used by %', what, p_measure, users
			USING ERRCODE = '2BP01', HINT = 'Change or drop that first, or change all at once with import_portfolio.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._refuse_used(text, text, text) IS
'Internal: refuses to drop a measure that is in use (2BP01); what says in the message what it is.';

-- --- Rows -----------------------------------------------------------------

-- A row of measure. Its window gets a place in customer.windows, which stays its own for good: the summaries of
-- customers are stored by place.
CREATE FUNCTION custseg._complete_measure(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_measure text := row_given ->> 'measure';
	v_kind text := row_given ->> 'kind';
	v_window text := row_given ->> 'window';
	known record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._check_given(v_measure, 'measure');
	PERFORM custseg._check_given(v_kind, 'kind');
	SELECT k.* INTO known FROM custseg.measure_kinds() AS k WHERE k.kind = v_kind;
	-- A column of source_measures is a kind too: the measure gives it another name.
	IF NOT FOUND AND NOT EXISTS (SELECT FROM custseg._source_measure_columns(portfolio) AS c WHERE c.name = v_kind) THEN
		RAISE EXCEPTION 'argument "kind" of measure "%" is "%"', v_measure, v_kind
			USING ERRCODE = '22023', HINT = format('The kinds are %s; custseg.measure_kinds() describes them.',
				(SELECT string_agg(k.kind, ', ') FROM custseg.measure_kinds() AS k));
	END IF;
	IF v_measure IN ('r', 'f', 'm', 'score') OR EXISTS (SELECT FROM custseg.measure_kinds() AS k WHERE k.kind = v_measure) THEN
		RAISE EXCEPTION 'measure "%" is there already by that name', v_measure
			USING ERRCODE = '42710', HINT = 'Every kind is a measure by its own name, over all days. Take another name for one with a window.';
	END IF;

	-- One spelling of each, since a window has one place.
	v_window := CASE v_window WHEN 'lifetime' THEN NULL WHEN 'rolling 1 months' THEN 'rolling 1 month' ELSE v_window END;
	-- The day does not matter: the function says whether there is such a window.
	PERFORM custseg.measure_window(v_window, DATE '2000-01-01');
	IF v_window IS NOT NULL AND known.source = 'model' THEN
		RAISE EXCEPTION 'measure "%" of kind "%" cannot have the window "%"', v_measure, v_kind, v_window
			USING ERRCODE = '22023', HINT = 'A model of purchases needs the whole history of a customer.';
	END IF;
	IF row_given ->> 'filter' IS NOT NULL AND known.source IN ('orders', 'model') THEN
		RAISE EXCEPTION 'measure "%" of kind "%" cannot have a filter', v_measure, v_kind
			USING ERRCODE = '22023', HINT = 'Only kinds that count rows of another source take one.';
	END IF;
	INSERT INTO measure_window (position, "window")
	SELECT coalesce(max(w.position), 0) + 1, v_window FROM measure_window AS w
	HAVING v_window IS NOT NULL AND bool_and(w."window" <> v_window) IS NOT FALSE;
	RETURN row_given || jsonb_build_object('window', v_window);
END
$$;
COMMENT ON FUNCTION custseg._complete_measure(text, jsonb) IS
'Internal: checks a row of measure and gives its window a place. 22023: unknown kind or window; 42710: the name of a kind.';

-- Breaks that a user gives: finite, ascending.
CREATE FUNCTION custseg._check_breaks(given float8[], argument text, of_component text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF given IS NULL OR cardinality(given) = 0 OR array_ndims(given) <> 1 OR cardinality(given) > 999
		OR EXISTS (
			SELECT FROM (SELECT g.x, lag(g.x) OVER (ORDER BY g.place) AS before
				FROM unnest(given) WITH ORDINALITY AS g (x, place)) AS v
			WHERE v.x IS NULL OR v.x IN ('NaN', 'Infinity', '-Infinity') OR v.x <= v.before)
		OR (argument = 'shares' AND NOT (0 < ALL (given) AND 1 > ALL (given)))
	THEN
		RAISE EXCEPTION 'argument "%" of component "%" is %', argument, of_component, coalesce(given::text, 'null')
			USING ERRCODE = '22023', HINT = CASE argument
				WHEN 'shares' THEN 'It must be 1 to 999 numbers in ascending order, above 0 and below 1, such as ARRAY[0.8, 0.95].'
				ELSE 'It must be 1 to 999 numbers in ascending order, such as ARRAY[100, 500, 2000].' END;
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_breaks(float8[], text, text) IS
'Internal: refuses breaks or shares of a component that are not finite numbers in ascending order (22023).';

-- A row of component. Its place in customer.classes stays; a new component comes behind the others.
CREATE FUNCTION custseg._complete_component(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	v_classes int;
BEGIN
	SELECT p.* INTO part FROM jsonb_to_record(row_given) AS p (measure text, weight float8, method text, classes int,
		breaks float8[], shares float8[], score_name text, part text);
	PERFORM custseg._check_given(part.measure, 'measure');
	IF (part.weight >= 0 AND part.weight < 'Infinity') IS NOT TRUE THEN
		RAISE EXCEPTION 'argument "weight" of component "%" is %', part.measure, coalesce(part.weight::text, 'null')
			USING ERRCODE = '22023', HINT = 'It must be a number of at least 0.';
	END IF;
	PERFORM custseg._check_choice(part.method, 'method', 'balanced', 'quantile', 'natural', 'breaks', 'abc', 'minmax', 'zscore',
		'percentile', 'none');
	PERFORM custseg._check_choice(part.part, 'part', 'value', 'need', 'potential');
	IF part.method IN ('balanced', 'quantile', 'natural') THEN
		v_classes := coalesce(part.classes, 5);
		IF v_classes BETWEEN 2 AND 1000 IS NOT TRUE THEN
			RAISE EXCEPTION 'argument "classes" of component "%" is %', part.measure, v_classes
				USING ERRCODE = '22023', HINT = 'It must be from 2 to 1000.';
		END IF;
	END IF;
	IF part.method = 'breaks' THEN
		PERFORM custseg._check_breaks(part.breaks, 'breaks', part.measure);
	ELSIF part.method = 'abc' THEN
		part.shares := coalesce(part.shares, '{0.8,0.95}');
		PERFORM custseg._check_breaks(part.shares, 'shares', part.measure);
	END IF;
	IF part.method <> 'breaks' AND part.breaks IS NOT NULL OR part.method <> 'abc' AND part.shares IS NOT NULL THEN
		RAISE EXCEPTION 'component "%" with method "%" cannot have %', part.measure, part.method,
				CASE WHEN part.method <> 'breaks' AND part.breaks IS NOT NULL THEN 'breaks' ELSE 'shares' END
			USING ERRCODE = '22023', HINT = 'breaks go with the method breaks, shares with the method abc.';
	END IF;
	part.score_name := coalesce(part.score_name, part.measure || '_score');
	PERFORM custseg._check_given(part.score_name, 'score_name');
	RETURN row_given || jsonb_build_object('classes', v_classes, 'shares', part.shares, 'score_name', part.score_name);
END
$$;
COMMENT ON FUNCTION custseg._complete_component(text, jsonb) IS
'Internal: checks a row of component and completes it. 22023: weight, method, classes, breaks, shares or part that is not one.';

-- A row of tier. Its rules are checked in the policy as a whole.
CREATE FUNCTION custseg._complete_tier(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(row_given ->> 'tier', 'tier');
	IF row_given ->> 'service_mode' IS NOT NULL THEN
		PERFORM custseg._check_choice(row_given ->> 'service_mode', 'service_mode', 'personal', 'standard', 'self-service');
	END IF;
	RETURN row_given;
END
$$;
COMMENT ON FUNCTION custseg._complete_tier(text, jsonb) IS
'Internal: checks a row of tier. 22023: a service_mode that is not one.';

-- A row of target.
CREATE FUNCTION custseg._complete_target(portfolio text, row_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	goal record;
BEGIN
	SELECT g.* INTO goal FROM jsonb_to_record(row_given) AS g (target text, metric text, value numeric, direction text, amber numeric,
		valid_from date, valid_until date);
	PERFORM custseg._check_given(goal.target, 'target');
	PERFORM custseg._check_given(goal.metric, 'metric');
	-- Of a metric that should be low, more is not better.
	goal.direction := coalesce(goal.direction,
		(SELECT m.direction FROM custseg.target_metrics() AS m WHERE m.metric = goal.metric), 'at_least');
	PERFORM custseg._check_choice(goal.direction, 'direction', 'at_least', 'at_most');
	IF goal.value IS NULL OR goal.value IN ('NaN', 'Infinity', '-Infinity')
		OR (goal.amber >= 0 AND goal.amber < 'Infinity') IS NOT TRUE OR goal.valid_from >= goal.valid_until
	THEN
		RAISE EXCEPTION 'target "%" has the value %, amber %, valid_from % and valid_until %', goal.target, coalesce(goal.value::text, 'null'),
				goal.amber, coalesce(goal.valid_from::text, 'null'), coalesce(goal.valid_until::text, 'null')
			USING ERRCODE = '22023', HINT = 'value is finite, amber at least 0, valid_until after valid_from.';
	END IF;
	RETURN row_given || jsonb_build_object('direction', goal.direction);
END
$$;
COMMENT ON FUNCTION custseg._complete_target(text, jsonb) IS
'Internal: checks a row of target, which takes the direction of its metric where it has none. 22023: a value that is none.';

-- --- Writing --------------------------------------------------------------

-- The columns of a table of declarations: all that a row has in the document, and the defaults of those that have one.
CREATE FUNCTION custseg._declared_columns(portfolio text, p_section text, OUT relation regclass, OUT columns text[],
	OUT shown text[], OUT defaults jsonb)
RETURNS record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	expressions text;
BEGIN
	SELECT d.* INTO STRICT part FROM custseg._declaration_tables() AS d WHERE d.section = p_section;
	relation := format('%I.%I', custseg._portfolio_schema(portfolio), part.table_name)::regclass;
	SELECT array_agg(a.attname::text ORDER BY a.attnum),
		array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attname <> ALL (part.hidden)),
		coalesce(string_agg(format('%L, %s', a.attname, pg_get_expr(d.adbin, d.adrelid)), ', ') FILTER (WHERE d.adbin IS NOT NULL), '')
	INTO columns, shown, expressions
	FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = '';
	EXECUTE format('SELECT jsonb_build_object(%s)', expressions) INTO defaults;
END
$$;
COMMENT ON FUNCTION custseg._declared_columns(text, text) IS
'Internal: of a table of declarations its columns that are written, those that the document shows, and the defaults.';

-- The rows of a section, complete and checked one by one.
CREATE FUNCTION custseg._complete_rows(portfolio text, p_section text, rows_given jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	has record;
	given jsonb;
	key jsonb;
	keys jsonb := '{}';
	wrong text;
	rows jsonb := '[]';
BEGIN
	SELECT d.* INTO STRICT part FROM custseg._declaration_tables() AS d WHERE d.section = p_section;
	SELECT c.* INTO has FROM custseg._declared_columns(portfolio, p_section) AS c;
	IF jsonb_typeof(rows_given) <> 'array' THEN
		RAISE EXCEPTION 'section "%" of the document is not an array', p_section
			USING ERRCODE = '22023', HINT = 'It is an array of objects, as export_portfolio gives it.';
	END IF;
	FOR given IN SELECT r.value FROM jsonb_array_elements(rows_given) WITH ORDINALITY AS r (value, place) ORDER BY r.place LOOP
		IF jsonb_typeof(given) <> 'object' THEN
			RAISE EXCEPTION 'section "%" of the document: % is not an object', p_section, given
				USING ERRCODE = '22023', HINT = format('Each element is an object with the keys %s.', array_to_string(has.shown, ', '));
		END IF;
		SELECT string_agg(format('"%s"', k.name), ', ') INTO wrong FROM jsonb_object_keys(given) AS k (name) WHERE k.name <> ALL (has.shown);
		IF wrong IS NOT NULL THEN
			RAISE EXCEPTION 'section "%" of the document: unknown key %', p_section, wrong
				USING ERRCODE = '22023', HINT = format('The keys are %s.', array_to_string(has.shown, ', '));
		END IF;
		SELECT jsonb_agg(given -> k.name) INTO key FROM unnest(part.key_columns) AS k (name);
		IF key @> 'null' OR NOT given ?& part.key_columns THEN
			RAISE EXCEPTION 'section "%" of the document: "%" is missing in %', p_section, array_to_string(part.key_columns, '", "'), given
				USING ERRCODE = '22023', HINT = 'It names the row.';
		END IF;
		IF keys ? key::text THEN
			RAISE EXCEPTION 'section "%" of the document: % comes twice', p_section, key
				USING ERRCODE = '22023', HINT = 'Each row comes once.';
		END IF;
		keys := keys || jsonb_build_object(key::text, true);

		-- A null means what a missing key means: the default.
		given := coalesce(has.defaults, '{}') || (SELECT coalesce(jsonb_object_agg(g.key, g.value), '{}') FROM jsonb_each(given) AS g
			WHERE g.value <> 'null' OR NOT coalesce(has.defaults ? g.key, false));
		BEGIN
			EXECUTE format('SELECT jsonb_populate_record(NULL::%s, $1)', has.relation) USING given;
		EXCEPTION WHEN data_exception THEN
			RAISE EXCEPTION 'section "%" of the document, %: %', p_section, key, SQLERRM
				USING ERRCODE = SQLSTATE, HINT = 'Give each value in the type of its column.';
		END;
		IF part.complete IS NOT NULL THEN
			EXECUTE format('SELECT custseg.%I($1, $2)', part.complete) INTO STRICT given USING portfolio, given;
		END IF;
		rows := rows || jsonb_build_array(given);
	END LOOP;
	RETURN rows;
END
$$;
COMMENT ON FUNCTION custseg._complete_rows(text, text, jsonb) IS
'Internal: the rows of a section of the document with their defaults, each checked. 22023: no array of objects, an unknown key, a row without its key or twice.';

-- Writes complete rows. Components keep their positions and come behind the others when they are new; rows of tiers are
-- all the tiers, the lowest first.
CREATE FUNCTION custseg._put_rows(portfolio text, p_section text, rows jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	has record;
	list text;
	changes text;
	detail text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT d.* INTO STRICT part FROM custseg._declaration_tables() AS d WHERE d.section = p_section;
	SELECT c.* INTO has FROM custseg._declared_columns(portfolio, p_section) AS c;
	IF p_section = 'components' THEN
		SELECT jsonb_agg(r.value || jsonb_build_object('position', coalesce(c.position,
			(SELECT coalesce(max(k.position), 0) FROM component AS k) + r.place))) INTO rows
		FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, place)
		LEFT JOIN component AS c ON c.measure = r.value ->> 'measure';
	ELSIF p_section = 'tiers' THEN
		SELECT jsonb_agg(r.value || jsonb_build_object('position', r.place)) INTO rows
		FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, place);
	END IF;
	SELECT string_agg(quote_ident(c.name), ', '),
		coalesce('DO UPDATE SET ' || string_agg(format('%1$I = excluded.%1$I', c.name), ', ')
			FILTER (WHERE c.name <> ALL (part.key_columns) AND (c.name = ANY (has.shown) OR c.name = 'position')), 'DO NOTHING')
	INTO list, changes FROM unnest(has.columns) AS c (name);
	EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_recordset(NULL::%1$s, $1) ON CONFLICT (%3$s) %4$s',
		has.relation, list, (SELECT string_agg(quote_ident(k.name), ', ') FROM unnest(part.key_columns) AS k (name)), changes)
	USING rows;
EXCEPTION WHEN integrity_constraint_violation THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE EXCEPTION 'section "%": %', p_section, SQLERRM
		USING ERRCODE = CASE SQLSTATE WHEN '23505' THEN '42710' ELSE '22023' END, DETAIL = detail,
			HINT = 'The rows of the section must fit each other, and the rows of other sections that they name.';
END
$$;
COMMENT ON FUNCTION custseg._put_rows(text, text, jsonb) IS
'Internal: writes complete rows of a section into its table; rows that are there already are changed. 42710, 22023: a constraint of the table is violated.';

-- --- All together ---------------------------------------------------------

CREATE FUNCTION custseg._check_components(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR part IN SELECT c.* FROM component AS c ORDER BY c.position LOOP
		IF part.score_name IN ('r', 'f', 'm', 'score')
			OR EXISTS (SELECT FROM custseg.measure_kinds() AS k WHERE k.kind = part.score_name)
			OR EXISTS (SELECT FROM measure AS m WHERE m.measure = part.score_name)
		THEN
			RAISE EXCEPTION 'argument "score_name" of component "%" is "%", which is a measure already', part.measure, part.score_name
				USING ERRCODE = '42710', HINT = 'Give the score another name.';
		END IF;
	END LOOP;
	FOR part IN SELECT c.* FROM component AS c ORDER BY c.position LOOP
		PERFORM custseg._check_measure(portfolio, part.measure, format('component "%s"', part.measure));
		-- All scores are computed at once, from the measures: none can be made from another.
		IF part.measure = 'score' OR EXISTS (SELECT FROM component AS c WHERE c.score_name = part.measure) THEN
			RAISE EXCEPTION 'component "%" is a score itself', part.measure
				USING ERRCODE = '22023', HINT = 'A component is made from a measure.';
		END IF;
		IF part.measure IN ('r', 'f', 'm') AND part.method NOT IN ('none', 'breaks') THEN
			RAISE EXCEPTION 'component "%" with method "%": r, f and m are classes already', part.measure, part.method
				USING ERRCODE = '22023', HINT = 'Use the method none or breaks, or the measure recency, frequency or spend.';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._check_components(text) IS
'Internal: refuses components whose measures are unknown or scores (22023), or whose scores have the name of a measure (42710).';

CREATE FUNCTION custseg._check_tiers(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	used record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Syntax, rules that cannot hold or hide each other, retention above entry: the type refuses them.
	PERFORM custseg._portfolio_policy(portfolio);
	FOR used IN SELECT r.* FROM custseg._rule_measures(portfolio) AS r LOOP
		PERFORM custseg._check_measure(portfolio, used.measure, format('rule "%s" of tier "%s"', used.rule, used.tier));
		IF used.measure = 'score' AND NOT EXISTS (SELECT FROM component AS c WHERE c.weight > 0) THEN
			RAISE EXCEPTION 'rule "%" of tier "%" uses the score, but there is no component with a weight', used.rule, used.tier
				USING ERRCODE = '22023', HINT = 'set_component makes one.';
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._check_tiers(text) IS
'Internal: refuses tiers that are not a policy, and rules with unknown measures. 22P02, 22023.';

CREATE FUNCTION custseg._check_targets(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	goal record;
	hint text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR goal IN SELECT t.* FROM target AS t ORDER BY t.target LOOP
		PERFORM custseg._check_target(portfolio, goal.metric, goal.scope, goal.class, goal.period);
	END LOOP;
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'target "%": %', goal.target, SQLERRM USING ERRCODE = '22023', HINT = hint;
END
$$;
COMMENT ON FUNCTION custseg._check_targets(text) IS
'Internal: refuses targets that cannot be measured any more: their metric or class is gone (22023).';

-- Whether the declarations fit together. What a further table must keep to is one more line here.
CREATE FUNCTION custseg._check_declarations(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_components(portfolio);
	PERFORM custseg._check_tiers(portfolio);
	PERFORM custseg._check_override_tiers(portfolio);
	PERFORM custseg._check_resources(portfolio);
	PERFORM custseg._check_agents(portfolio);
	PERFORM custseg._check_targets(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._check_declarations(text) IS
'Internal: refuses declarations that do not fit together; called after each change. 22023, 22P02, 42710, 2BP01.';

-- What every setter ends with. A trial of declarations makes no views, see what_if.sql.
CREATE FUNCTION custseg._declared(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_declarations(portfolio);
	PERFORM custseg._make_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._declared(text) IS
'Internal: checks the declarations of a portfolio after a change and remakes the views that follow them.';

-- The setters of options, measures and components. Each checks at once, so that a run at night does not find the mistake.
--
-- All of them wait for a run that is under way, and a run for them: a run never sees half a change.

-- --- Options --------------------------------------------------------------

-- What kind of value an option takes: a choice, a number from low to high, an interval, a segmentation.
CREATE FUNCTION custseg._option_kind(option text, OUT kind text, OUT choices text[], OUT low numeric, OUT high numeric, OUT may_be_empty boolean)
RETURNS record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT v.kind, v.choices::text[], v.low, v.high, v.may_be_empty
	FROM (VALUES
		('^segmentation$', 'segmentation', NULL, NULL, NULL, false),
		('^refit$', 'interval', NULL, NULL, NULL, false),
		('^(stay|grace|validity|keep_runs)$', 'interval', NULL, NULL, NULL, true),
		('^lifetime$', 'choice', '{bgnbd,mbgnbd,pareto_nbd,none}', NULL, NULL, false),
		('^(horizon|active_days|new_days)$', 'days', NULL, 1, 36500, false),
		('^discount$', 'number', NULL, 0, 10, false),
		('^margin_rate$', 'number', NULL, 0, 1, false),
		('^missing$', 'choice', '{renormalise,zero,"null"}', NULL, NULL, false),
		('^(upgrade|check)$', 'choice', '{each_run,period_end}', NULL, NULL, false),
		('^downgrade$', 'choice', '{never,one_step,requalify,to_base}', NULL, NULL, false),
		('^period$', 'choice', '{month,quarter,half,year}', NULL, NULL, false),
		('^requalify_by$', 'choice', '{keep,enter}', NULL, NULL, false),
		('^keep_scores$', 'choice', '{none,changes,all}', NULL, NULL, false),
		('^language$', 'language', NULL, NULL, NULL, false),
		('^anonymous$', 'text', NULL, NULL, NULL, true),
		-- Thresholds of the data-quality gate: parts of all rows, but of stale days.
		('^(warn|stop)_stale$', 'days', NULL, 0, 36500, true),
		('^(warn|stop)_(?!stale$)', 'number', NULL, 0, 1, true)
	) AS v (pattern, kind, choices, low, high, may_be_empty)
	WHERE option OPERATOR(pg_catalog.~) v.pattern;
END;
COMMENT ON FUNCTION custseg._option_kind(text) IS
'Internal: what an option of a portfolio takes: kind choice, number, days, interval, segmentation, language or text, with choices or bounds, and whether it may be empty; NULL: not said, any text.';

-- A value of an option in canonical form.
CREATE FUNCTION custseg._check_option(option text, value text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	takes record;
	number numeric;
	holes bigint;
	must text;
BEGIN
	IF NOT EXISTS (SELECT FROM custseg.portfolio_options() AS o WHERE o.name = option) THEN
		RAISE EXCEPTION 'there is no option "%"', option
			USING ERRCODE = '42704', HINT = format('The options are %s.', (SELECT string_agg(o.name, ', ') FROM custseg.portfolio_options() AS o));
	END IF;
	SELECT k.* INTO takes FROM custseg._option_kind(option) AS k;
	IF value IS NULL OR value = '' AND takes.may_be_empty THEN
		RETURN value;
	END IF;
	CASE takes.kind
	WHEN 'choice' THEN
		must := CASE WHEN value <> ALL (takes.choices) THEN 'one of ' || array_to_string(takes.choices, ', ') END;
	WHEN 'segmentation' THEN
		must := CASE WHEN value <> 'none' AND NOT EXISTS (SELECT FROM custseg.segmentation AS s WHERE s.name = value)
			THEN 'none or a name in custseg.segmentation, such as standard_11' END;
		IF must IS NULL AND value <> 'none' THEN
			SELECT count(*) INTO holes FROM custseg.check_segmentation(value) AS c WHERE c.problem = 'hole';
			IF holes > 0 THEN
				RAISE EXCEPTION 'segmentation "%" has % cells without a rule', value, holes
					USING ERRCODE = '22023', HINT = format('SELECT * FROM custseg.check_segmentation(%L) lists them.', value);
			END IF;
		END IF;
	WHEN 'language' THEN
		must := CASE WHEN NOT EXISTS (SELECT FROM custseg.sentence AS s WHERE s.language = value)
			THEN 'a language of custseg.sentence: ' || (SELECT string_agg(DISTINCT s.language, ', ') FROM custseg.sentence AS s) END;
	WHEN 'interval' THEN
		BEGIN
			-- In months and days: what is called a day is one in every time zone.
			must := CASE WHEN value::interval < interval '0' OR value::interval <> justify_hours(value::interval)
					OR extract(epoch FROM value::interval)::numeric % 86400 <> 0
				THEN 'an interval of whole days, months and years, such as 3 months' END;
		EXCEPTION WHEN data_exception THEN
			must := 'an interval of whole days, months and years, such as 3 months';
		END;
	WHEN 'number', 'days' THEN
		IF value ~ '^\s*[+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,2})?\s*$' THEN
			number := value::numeric;
			value := number::text;
		END IF;
		must := CASE WHEN (number BETWEEN takes.low AND takes.high) IS NOT TRUE OR takes.kind = 'days' AND number <> trunc(number)
			THEN format('a %snumber from %s to %s', CASE takes.kind WHEN 'days' THEN 'whole ' ELSE '' END, takes.low, takes.high) END;
	ELSE
		NULL;
	END CASE;
	IF must IS NOT NULL THEN
		RAISE EXCEPTION 'option "%" cannot be "%"', option, value
			USING ERRCODE = '22023', HINT = format('It must be %s%s.', must, CASE WHEN takes.may_be_empty THEN ', or empty' ELSE '' END);
	END IF;
	RETURN value;
END
$$;
COMMENT ON FUNCTION custseg._check_option(text, text) IS
'Internal: a value of an option, checked and in canonical form. 42704: no such option; 22023: not a value of it.';

CREATE FUNCTION custseg._set_option(portfolio text, option text, value text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	checked text;
BEGIN
	PERFORM custseg._check_given(option, 'option');
	checked := custseg._check_option(option, value);
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	IF checked IS NULL THEN
		DELETE FROM setting AS s WHERE s.name = option;
	ELSE
		INSERT INTO setting AS s (name, value) VALUES (option, checked)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value;
	END IF;
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_option(text, text, text) IS
'Internal: what set_option does.';

CREATE FUNCTION custseg.set_option(portfolio text, option text, value text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_option(text, text, text) IS
'Sets an option of a portfolio; value NULL puts it back to its default. custseg.portfolio_options() lists the options with their defaults. It holds from the next run on. 42704: no such portfolio or option; 22023: not a value of the option, or it does not fit the other declarations (a rule of a tier needs a lifetime model and option lifetime is none); 22004: option is null; 42501: not the owner.';

-- --- Measures -------------------------------------------------------------

CREATE FUNCTION custseg._set_measure(portfolio text, measure text, kind text, "window" text, filter text, description text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(measure, 'measure');
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._put_rows(portfolio, 'measures', custseg._complete_rows(portfolio, 'measures', jsonb_build_array(
		jsonb_build_object('measure', measure, 'kind', kind, 'window', "window", 'filter', filter, 'description', description))));
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_measure(text, text, text, text, text, text) IS
'Internal: what set_measure does.';

CREATE FUNCTION custseg.set_measure(portfolio text, measure text, kind text, "window" text DEFAULT NULL,
	filter text DEFAULT NULL, description text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_measure(text, text, text, text, text, text) IS
'Names a measure, or declares the one of that name anew: a kind of custseg.measure_kinds(), over a window (rolling N months, month, quarter, half or year, as custseg.measure_window takes it; NULL: all days), for kinds that count rows of another source with a filter of these. Components and rules of tiers can use it from the next run on. Every kind is a measure by its own name without this. 22023: no such kind or window, a window of a kind that needs the whole history, a filter for a kind of orders; 42710: the name of a kind; 22004: null; 42704: no such portfolio; 42501: not the owner.';

CREATE FUNCTION custseg._drop_measure(portfolio text, p_measure text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(p_measure, 'measure');
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	IF NOT EXISTS (SELECT FROM measure AS m WHERE m.measure = p_measure) THEN
		RAISE EXCEPTION 'portfolio "%" has no measure "%" of its own', portfolio, p_measure
			USING ERRCODE = '42704', HINT = coalesce('Its own are ' || (SELECT string_agg(m.measure, ', ' ORDER BY m.measure) FROM measure AS m) || '.',
				'set_measure makes one.');
	END IF;
	PERFORM custseg._refuse_used(portfolio, p_measure, 'measure');
	-- The window keeps its place, see _complete_measure.
	DELETE FROM measure AS m WHERE m.measure = p_measure;
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._drop_measure(text, text) IS
'Internal: what drop_measure does.';

CREATE FUNCTION custseg.drop_measure(portfolio text, measure text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_measure(text, text) IS
'Drops a measure that set_measure has named. 2BP01: a component or a rule of a tier uses it; 42704: no such portfolio, no such measure; 22004: null; 42501: not the owner.';

-- --- Components -----------------------------------------------------------

CREATE FUNCTION custseg._set_component(portfolio text, measure text, weight float8, method text, descending boolean,
	classes int, breaks float8[], shares float8[], score_name text, part text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_given(measure, 'measure');
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._put_rows(portfolio, 'components', custseg._complete_rows(portfolio, 'components', jsonb_build_array(
		jsonb_build_object('measure', measure, 'weight', weight, 'method', method, 'descending', descending, 'classes', classes,
			'breaks', breaks, 'shares', shares, 'score_name', score_name, 'part', part))));
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._set_component(text, text, float8, text, boolean, int, float8[], float8[], text, text) IS
'Internal: what set_component does.';

CREATE FUNCTION custseg.set_component(portfolio text, measure text, weight float8 DEFAULT 1, method text DEFAULT 'balanced',
	descending boolean DEFAULT false, classes int DEFAULT 5, breaks float8[] DEFAULT NULL, shares float8[] DEFAULT NULL,
	score_name text DEFAULT NULL, part text DEFAULT 'value')
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_component(text, text, float8, text, boolean, int, float8[], float8[], text, text) IS
'Makes a measure a component of the score, or declares that component anew, as a whole. weight: at least 0, in the weighted mean of the components. method: balanced, quantile or natural (classes from 1 to classes, the highest best, fitted to the data), breaks (classes by the given breaks, ascending), abc (1 for A, 2 for B, ... by cumulative shares, by default 0.8 and 0.95), minmax, zscore or percentile (a scale), none (the measure as it is). descending: less is better. score_name: the score as a measure that rules of tiers use; NULL: the measure with _score behind it. part: value, need or potential, in the priority. NULL: the default. 22023: an unknown measure or method, a weight, classes, breaks or shares that are none; 42710: score_name is a measure already; 22004: measure is null; 42704: no such portfolio; 42501: not the owner.';

CREATE FUNCTION custseg._drop_component(portfolio text, p_measure text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_score text;
BEGIN
	PERFORM custseg._check_given(p_measure, 'measure');
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT c.score_name INTO v_score FROM component AS c WHERE c.measure = p_measure;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'portfolio "%" has no component "%"', portfolio, p_measure
			USING ERRCODE = '42704', HINT = coalesce('Its components are ' ||
				(SELECT string_agg(c.measure, ', ' ORDER BY c.position) FROM component AS c) || '.', 'set_component makes one.');
	END IF;
	PERFORM custseg._refuse_used(portfolio, v_score, 'score');
	-- The others keep their positions: classes of customers are stored by position.
	DELETE FROM component AS c WHERE c.measure = p_measure;
	PERFORM custseg._declared(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._drop_component(text, text) IS
'Internal: what drop_component does.';

CREATE FUNCTION custseg.drop_component(portfolio text, measure text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_component(text, text) IS
'Takes a component out of the score. 2BP01: a rule of a tier uses its score; 22023: rules use the total score and no component would be left; 42704: no such portfolio, no such component; 22004: null; 42501: not the owner.';

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

-- The declarations of a portfolio as one document, for version control; back again; and their versions.
--
-- The document names no database object and no position, so it can be imported into another portfolio. It is read
-- strictly: a key that is not known is refused, since a misspelt key would silently change nothing.

CREATE FUNCTION custseg._export_section(portfolio text, p_section text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	has record;
	rows jsonb;
BEGIN
	SELECT d.* INTO STRICT part FROM custseg._declaration_tables() AS d WHERE d.section = p_section;
	SELECT c.* INTO has FROM custseg._declared_columns(portfolio, p_section) AS c;
	-- A null is left out, unless a missing key would mean something else.
	EXECUTE format('
		SELECT coalesce(jsonb_agg(v.item ORDER BY v.place), ''[]'')
		FROM (SELECT row_number() OVER (ORDER BY %s) AS place,
				(SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(to_jsonb(t)) AS e
				 WHERE e.key = ANY ($1) AND (e.value <> ''null'' OR $2 ? e.key)) AS item
			FROM %s AS t) AS v', part.order_by, has.relation)
	INTO rows USING has.shown, coalesce(has.defaults, '{}');
	RETURN rows;
END
$$;
COMMENT ON FUNCTION custseg._export_section(text, text) IS
'Internal: the rows of one table of declarations as an array.';

CREATE FUNCTION custseg._export_options(portfolio text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (SELECT coalesce(jsonb_object_agg(s.name, s.value), '{}') FROM setting AS s
		WHERE s.name IN (SELECT o.name FROM custseg.portfolio_options() AS o));
END
$$;
COMMENT ON FUNCTION custseg._export_options(text) IS
'Internal: the options of a portfolio that are set.';

CREATE FUNCTION custseg._export_portfolio(portfolio text, overrides boolean) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	document jsonb := jsonb_build_object('custseg', 1, 'options', custseg._export_options(portfolio));
	part record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR part IN SELECT d.section FROM custseg._declaration_tables() AS d ORDER BY d.place LOOP
		document := document || jsonb_build_object(part.section, custseg._export_section(portfolio, part.section));
	END LOOP;
	IF overrides THEN
		document := document || jsonb_build_object('overrides', (
			SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('customer', o.customer_id::text, 'kind', o.kind, 'tier', o.tier,
				'valid_from', o.valid_from, 'valid_until', o.valid_until, 'reason', o.reason, 'author', o.author)) ORDER BY o.override_id), '[]')
			FROM override AS o));
	END IF;
	RETURN document;
END
$$;
COMMENT ON FUNCTION custseg._export_portfolio(text, boolean) IS
'Internal: what export_portfolio does.';

CREATE FUNCTION custseg.export_portfolio(portfolio text, overrides boolean DEFAULT false) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.export_portfolio(text, boolean) IS
'What the owner of a portfolio has declared, as one document for version control: {"custseg": 1, "options": {...}, "measures": [...], "components": [...], "tiers": [...], ...}, tiers from the lowest, options where they are set. Sources, customers and history are not in it; overrides, which name customers, where they are asked for. Equal declarations give equal documents. 42704: no such portfolio; 42501: not the owner.';

-- --- Import ---------------------------------------------------------------

-- Keys and types at the top of a document, or of changes to one.
CREATE FUNCTION custseg._check_document(document jsonb, argument text, further text[]) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known text[] := further || ARRAY['custseg', 'options'] || (SELECT array_agg(d.section ORDER BY d.place) FROM custseg._declaration_tables() AS d);
	wrong text;
BEGIN
	IF document IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = 'Give a document such as export_portfolio returns.';
	END IF;
	IF jsonb_typeof(document) <> 'object' THEN
		RAISE EXCEPTION 'argument "%" is not a JSON object', argument
			USING ERRCODE = '22023', HINT = 'Give a document such as export_portfolio returns.';
	END IF;
	IF document -> 'custseg' <> '1' THEN
		RAISE EXCEPTION 'argument "%" has the format version %', argument, document -> 'custseg'
			USING ERRCODE = '22023', HINT = 'This version of custseg reads version 1. A newer one reads it after an update of the extension.';
	END IF;
	SELECT string_agg(format('"%s"', k.name), ', ') INTO wrong FROM jsonb_object_keys(document) AS k (name) WHERE k.name <> ALL (known);
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'argument "%" has the unknown key %', argument, wrong
			USING ERRCODE = '22023', HINT = format('The keys are %s.', array_to_string(known, ', '));
	END IF;
	IF document ? 'options' AND jsonb_typeof(document -> 'options') <> 'object' THEN
		RAISE EXCEPTION 'section "options" of the document is not an object'
			USING ERRCODE = '22023', HINT = 'It is an object of options and their values.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_document(jsonb, text, text[]) IS
'Internal: refuses a document that is none, of another version, or with unknown sections (22023), or null (22004).';

CREATE FUNCTION custseg._replace_options(portfolio text, options jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	DELETE FROM setting AS s WHERE s.name IN (SELECT o.name FROM custseg.portfolio_options() AS o);
	INSERT INTO setting (name, value)
	SELECT o.name, o.value
	FROM (SELECT o.key, custseg._check_option(o.key, o.value) FROM jsonb_each_text(options) AS o OFFSET 0) AS o (name, value)
	WHERE o.value IS NOT NULL;
END
$$;
COMMENT ON FUNCTION custseg._replace_options(text, jsonb) IS
'Internal: replaces the options of a portfolio. 42704, 22023: an option or value that is none.';

CREATE FUNCTION custseg._replace_overrides(portfolio text, rows jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given record;
	wrong text;
	id bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT string_agg(DISTINCT format('"%s"', k.name), ', ') INTO wrong
	FROM jsonb_array_elements(rows) AS r (value) CROSS JOIN LATERAL jsonb_object_keys(r.value) AS k (name)
	WHERE k.name NOT IN ('customer', 'kind', 'tier', 'valid_from', 'valid_until', 'reason', 'author');
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'section "overrides" of the document: unknown key %', wrong
			USING ERRCODE = '22023', HINT = 'The keys are customer, kind, tier, valid_from, valid_until, reason, author.';
	END IF;
	DELETE FROM override;
	FOR given IN
		SELECT r.* FROM ROWS FROM (jsonb_to_recordset(rows) AS (customer text, kind text, tier text, valid_from date, valid_until date,
			reason text, author text)) WITH ORDINALITY AS r (customer, kind, tier, valid_from, valid_until, reason, author, place)
		ORDER BY r.place
	LOOP
		id := custseg._set_override(portfolio, given.customer, given.kind, given.tier, given.valid_from, given.valid_until, given.reason);
		UPDATE override AS o SET author = coalesce(given.author, o.author) WHERE o.override_id = id;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._replace_overrides(text, jsonb) IS
'Internal: replaces the overrides of a portfolio; each is checked as in set_override.';

-- Replaces all declarations. All rows are checked before any is written, and all together afterwards.
CREATE FUNCTION custseg._replace_declarations(portfolio text, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	complete jsonb := '{}';
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._replace_options(portfolio, coalesce(document -> 'options', '{}'));
	FOR part IN SELECT d.* FROM custseg._declaration_tables() AS d ORDER BY d.place LOOP
		complete := complete || jsonb_build_object(part.section,
			custseg._complete_rows(portfolio, part.section, coalesce(document -> part.section, '[]')));
	END LOOP;
	-- Tables that refer to others come behind these, so they are emptied first and filled last.
	FOR part IN SELECT d.*, c.relation FROM custseg._declaration_tables() AS d
		CROSS JOIN LATERAL custseg._declared_columns(portfolio, d.section) AS c ORDER BY d.place DESC
	LOOP
		EXECUTE format('DELETE FROM %1$s AS t WHERE NOT EXISTS (
			SELECT FROM jsonb_populate_recordset(NULL::%1$s, $1) AS r WHERE (%2$s) = (%3$s))', part.relation,
			(SELECT string_agg(format('r.%I', k.name), ', ') FROM unnest(part.key_columns) AS k (name)),
			(SELECT string_agg(format('t.%I', k.name), ', ') FROM unnest(part.key_columns) AS k (name)))
		USING complete -> part.section;
	END LOOP;
	FOR part IN SELECT d.* FROM custseg._declaration_tables() AS d ORDER BY d.place LOOP
		PERFORM custseg._put_rows(portfolio, part.section, complete -> part.section);
	END LOOP;
	IF document ? 'overrides' THEN
		PERFORM custseg._replace_overrides(portfolio, document -> 'overrides');
	END IF;
	PERFORM custseg._check_declarations(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._replace_declarations(text, jsonb) IS
'Internal: replaces all declarations of a portfolio by those of a document whose sections are known; the views are left to the caller.';

CREATE FUNCTION custseg._import_portfolio(portfolio text, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_document(document, 'document', '{overrides}');
	IF NOT document ? 'custseg' THEN
		RAISE EXCEPTION 'argument "document" has no format version'
			USING ERRCODE = '22023', HINT = 'A document of export_portfolio has "custseg": 1.';
	END IF;
	PERFORM custseg._replace_declarations(portfolio, document);
	PERFORM custseg._make_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._import_portfolio(text, jsonb) IS
'Internal: what import_portfolio does.';

CREATE FUNCTION custseg.import_portfolio(portfolio text, document jsonb) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.import_portfolio(text, jsonb) IS
'Replaces all declarations of a portfolio by those of a document of export_portfolio, in one go; what the document does not say is then not declared, or at its default. Overrides are replaced where the document has them and stay otherwise. Everything is checked as the setters check it, and nothing changes when something is wrong. Customers move at the next run. 22023: no document, another format version, an unknown key, a row without its key or twice, or what a setter refuses with it; 22P02: a value of another type, a condition that is none; 42710, 42704, 2BP01: as the setters; 22004: null; 42501: not the owner.';

-- --- Versions -------------------------------------------------------------

CREATE FUNCTION custseg._criteria_version(portfolio text, as_of date) RETURNS int
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_document jsonb := custseg._export_portfolio(portfolio, false);
	last record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT c.version, c.document INTO last FROM criteria AS c ORDER BY c.version DESC LIMIT 1;
	IF last.document = v_document THEN
		RETURN last.version;
	END IF;
	INSERT INTO criteria (version, since, document) VALUES (coalesce(last.version, 0) + 1, as_of, v_document);
	RETURN coalesce(last.version, 0) + 1;
END
$$;
COMMENT ON FUNCTION custseg._criteria_version(text, date) IS
'Internal: the version of the declarations as they are; makes the next one when they differ from the newest.';

CREATE FUNCTION custseg._make_criteria_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_view(portfolio, 'criteria_log', '
		SELECT c.version, c.since, c.author, c.created_at,
			(SELECT array_agg(k.section ORDER BY k.section)
			 FROM jsonb_object_keys(c.document || coalesce(b.document, ''{}'')) AS k (section)
			 WHERE c.document -> k.section IS DISTINCT FROM b.document -> k.section) AS changed,
			c.document
		FROM criteria AS c LEFT JOIN criteria AS b ON b.version = c.version - 1', $comments$
COMMENT ON VIEW criteria_log IS 'The versions of the declarations that runs have used, and what each changed.';
COMMENT ON COLUMN criteria_log.version IS 'Number of the version, as run_log has it.';
COMMENT ON COLUMN criteria_log.since IS 'as_of of the first run that used it.';
COMMENT ON COLUMN criteria_log.author IS 'The role whose session ran that run.';
COMMENT ON COLUMN criteria_log.created_at IS 'When that was.';
COMMENT ON COLUMN criteria_log.changed IS 'The sections of the document that differ from the version before.';
COMMENT ON COLUMN criteria_log.document IS 'The declarations, as export_portfolio gives them.';
	$comments$);
END
$$;
COMMENT ON FUNCTION custseg._make_criteria_views(text) IS
'Internal: makes the view criteria_log.';

-- what_if: a run under changed declarations, of which only the answer remains.
--
-- The call is a subtransaction that is rolled back (src/portfolio/portfolio_call.c), so it runs for real: once without the
-- changes and, after taking that back as a second run of a day does, once with them. Three states are compared: the one
-- now, without and with. It is not enough to compare with the state now: of a day that is not run yet it would show the
-- moves that come anyhow as effects of the changes, and not show the moves that the changes prevent.
--
-- The report views are not made anew: their locks would keep readers waiting until the trial ends. So a step of a run
-- must not read those that follow the declarations, such as current_customers and customer_measures.

-- One section of a document with changes by key.
CREATE FUNCTION custseg._merge_section(section text, key_columns text[], rows jsonb, changes jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	change jsonb;
	key jsonb;
	place int;
	was jsonb;
	merged jsonb;
BEGIN
	-- {"vip": {...}} says the same as [{"tier": "vip", ...}], and {"vip": null} drops the row.
	IF jsonb_typeof(changes) = 'object' AND cardinality(key_columns) = 1 THEN
		changes := (SELECT coalesce(jsonb_agg(CASE jsonb_typeof(c.value) WHEN 'null' THEN jsonb_build_object('', c.key)
			WHEN 'object' THEN c.value || jsonb_build_object(key_columns[1], c.key) ELSE c.value END), '[]') FROM jsonb_each(changes) AS c);
	END IF;
	IF jsonb_typeof(changes) <> 'array' THEN
		RAISE EXCEPTION 'section "%" of the changes is neither an array nor an object by key', section
			USING ERRCODE = '22023', HINT = format('It is an array of objects, each with %s.', array_to_string(key_columns, ' and '));
	END IF;
	FOR change IN SELECT c.value FROM jsonb_array_elements(changes) WITH ORDINALITY AS c (value, place) ORDER BY c.place LOOP
		IF jsonb_typeof(change) <> 'object' OR NOT (change ?& key_columns OR change ? '') THEN
			RAISE EXCEPTION 'section "%" of the changes: % is not an object with %', section, change, array_to_string(key_columns, ' and ')
				USING ERRCODE = '22023', HINT = 'Each element names the row that it changes, or a new one.';
		END IF;
		key := CASE WHEN change ? '' THEN jsonb_build_object(key_columns[1], change -> '')
			ELSE (SELECT jsonb_object_agg(k.name, change -> k.name) FROM unnest(key_columns) AS k (name)) END;
		place := NULL;
		was := NULL;
		SELECT r.place - 1, r.value INTO place, was FROM jsonb_array_elements(rows) WITH ORDINALITY AS r (value, place)
		WHERE r.value @> key;
		IF change ? '' THEN
			IF place IS NULL THEN
				RAISE EXCEPTION 'section "%" of the changes drops %, which is not there', section, change -> ''
					USING ERRCODE = '42704', HINT = 'export_portfolio shows what there is.';
			END IF;
			rows := rows - place;
			CONTINUE;
		END IF;
		-- A null puts a key back to its default.
		SELECT jsonb_object_agg(m.key, m.value) INTO merged FROM jsonb_each(coalesce(was, '{}') || change) AS m WHERE m.value <> 'null';
		IF section = 'tiers' THEN
			rows := custseg._place_tier(rows, merged - 'place', (merged ->> 'place')::int);
		ELSIF place IS NULL THEN
			rows := rows || jsonb_build_array(merged);
		ELSE
			rows := jsonb_set(rows, ARRAY[place::text], merged);
		END IF;
	END LOOP;
	RETURN rows;
END
$$;
COMMENT ON FUNCTION custseg._merge_section(text, text[], jsonb, jsonb) IS
'Internal: the rows of a section of a document after changes by key. 22023: changes that are none; 42704: dropping a row that is not there.';

CREATE FUNCTION custseg._merge_document(document jsonb, changes jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
BEGIN
	IF changes ? 'options' THEN
		document := jsonb_set(document, '{options}', (
			SELECT coalesce(jsonb_object_agg(o.key, o.value), '{}') FROM jsonb_each((document -> 'options') || (changes -> 'options')) AS o
			-- An option that there is not is left for the check to name.
			WHERE o.value <> 'null' OR o.key NOT IN (SELECT p.name FROM custseg.portfolio_options() AS p)));
	END IF;
	FOR part IN SELECT d.* FROM custseg._declaration_tables() AS d WHERE changes ? d.section ORDER BY d.place LOOP
		document := jsonb_set(document, ARRAY[part.section], CASE WHEN changes -> part.section = 'null' THEN '[]'
			ELSE custseg._merge_section(part.section, part.key_columns, document -> part.section, changes -> part.section) END);
	END LOOP;
	RETURN document;
END
$$;
COMMENT ON FUNCTION custseg._merge_document(jsonb, jsonb) IS
'Internal: a document of declarations after changes in the same form.';

-- The classes of every customer as they are, into a table that is rolled back with the call. (There are no temporary
-- tables in a security-restricted operation.)
CREATE FUNCTION custseg._keep_classes(portfolio text, table_name name) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('CREATE UNLOGGED TABLE %1$I.%2$I AS
		SELECT c.customer_id, c.tier, c.segment, c.grace_since IS NOT NULL AS in_grace FROM %1$I.customer AS c',
		custseg._portfolio_schema(portfolio), table_name);
	EXECUTE format('ANALYZE %I.%I', custseg._portfolio_schema(portfolio), table_name);
END
$$;
COMMENT ON FUNCTION custseg._keep_classes(text, name) IS
'Internal: copies the tier and segment of every customer into a table of that name.';

CREATE FUNCTION custseg._what_if(portfolio text, changes jsonb, as_of date,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint, OUT also_without boolean, OUT without_class text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date;
	last date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_document(changes, 'changes', '{}');
	SELECT p.last_as_of INTO STRICT last FROM portfolio AS p;
	IF as_of < last THEN
		RAISE EXCEPTION 'argument "as_of" is %, but portfolio "%" was refreshed up to %', as_of, portfolio, last
			USING ERRCODE = '22023', HINT = 'Give that day, which is run again, or a later one.';
	END IF;
	day := custseg._check_as_of(portfolio, coalesce(as_of, last), false);

	-- Wrong changes are found before the first run, not after it.
	PERFORM custseg._keep_classes(portfolio, 'what_if_now');
	PERFORM custseg._try_declarations(portfolio, custseg._merge_document(custseg._export_portfolio(portfolio, false), changes));
	PERFORM custseg._run(portfolio, day, custseg._begin_run(portfolio, day));
	PERFORM custseg._keep_classes(portfolio, 'what_if_without');
	PERFORM custseg._replace_declarations(portfolio, custseg._merge_document(custseg._export_portfolio(portfolio, false), changes));
	PERFORM custseg._run(portfolio, day, custseg._begin_run(portfolio, day));
	RETURN QUERY SELECT * FROM custseg._what_if_moves(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._what_if(text, jsonb, date) IS
'Internal: what what_if does; the caller rolls it back.';

-- Whether a document would be accepted: it is imported, and that undone.
CREATE FUNCTION custseg._try_declarations(portfolio text, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._replace_declarations(portfolio, document);
	RAISE EXCEPTION USING ERRCODE = 'CSTRY', MESSAGE = 'undone';
EXCEPTION WHEN SQLSTATE 'CSTRY' THEN
	NULL;
END
$$;
COMMENT ON FUNCTION custseg._try_declarations(text, jsonb) IS
'Internal: refuses a document of declarations that an import would refuse, and changes nothing.';

CREATE FUNCTION custseg._what_if_moves(portfolio text,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint, OUT also_without boolean, OUT without_class text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT c.customer_id::text, v.dimension,
		CASE
			WHEN v.was IS NULL THEN 'enter'
			WHEN v.now IS NULL THEN 'exit'
			WHEN v.was = v.now THEN CASE WHEN v.dimension = 'tier' AND c.grace_since IS NOT NULL THEN 'grace' ELSE 'keep' END
			WHEN v.dimension = 'segment' THEN 'move'
			-- From a tier that the changes drop.
			WHEN a.position IS NULL THEN 'enter'
			WHEN a.position < b.position THEN 'upgrade' ELSE 'downgrade'
		END,
		v.was, v.now, v.reason, 1::bigint,
		v.now IS NOT DISTINCT FROM v.without AND (v.dimension = 'segment' OR (c.grace_since IS NOT NULL) = coalesce(o.in_grace, false)), v.without
	FROM customer AS c
	LEFT JOIN what_if_now AS n ON n.customer_id = c.customer_id
	LEFT JOIN what_if_without AS o ON o.customer_id = c.customer_id
	LEFT JOIN stage_state AS s ON s.customer_id = c.customer_id
	CROSS JOIN LATERAL (VALUES
		('tier', n.tier, o.tier, c.tier, s.reason, coalesce(n.in_grace, false), coalesce(o.in_grace, false), c.grace_since IS NOT NULL),
		('segment', n.segment, o.segment, c.segment, concat_ws('-', c.r, c.f, c.m), false, false, false)
	) AS v (dimension, was, without, now, reason, was_in_grace, without_in_grace, in_grace)
	LEFT JOIN tier AS a ON v.dimension = 'tier' AND a.tier = v.was
	LEFT JOIN tier AS b ON v.dimension = 'tier' AND b.tier = v.now
	WHERE (v.now, v.in_grace) IS DISTINCT FROM (v.was, v.was_in_grace)
		OR (v.now, v.in_grace) IS DISTINCT FROM (v.without, v.without_in_grace)
	ORDER BY 2 DESC, 3, 4, 5, 1;
END
$$;
COMMENT ON FUNCTION custseg._what_if_moves(text) IS
'Internal: compares the classes now, without and with the changes.';

CREATE FUNCTION custseg.what_if(portfolio text, changes jsonb, as_of date DEFAULT NULL,
	OUT customer_id text, OUT dimension text, OUT transition text, OUT from_class text, OUT to_class text,
	OUT reason text, OUT customers bigint, OUT also_without boolean, OUT without_class text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_try' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 1000000 ROWS 1000;
COMMENT ON FUNCTION custseg.what_if(text, jsonb, date) IS
'Who would be where under changed declarations; nothing is changed. changes: a part of a document of export_portfolio. In "options" each value replaces, null is the default. In other sections, such as "tiers" and "components", an object changes the row of its key, key by key (null: the default), or is a new row: an array of them, or an object by name, in which null drops the row; of tiers "place" too, see set_tier. as_of: the day to run; NULL: that of the last run, which is run again. It runs that day twice, without and with the changes, and takes as long, and other runs wait. Rows: each customer whose tier, segment or grace would be another than now, or another than without the changes: transition (keep: stays, but would move without; grace: would be warned), from_class now, to_class with the changes, reason, also_without (the run without the changes has the same result: not an effect of them), without_class. The columns up to customers, which is 1, are those of refresh(dry_run => true). 22023, 22P02, 42704, 42710, 2BP01: changes that are none, or that import_portfolio refuses; 22023: as_of before the last run or in the future; 22004: changes is null; 42501: not the owner.';

-- The report views about resources and agents.

CREATE FUNCTION custseg._make_resource_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	usage text := 'SELECT NULL::text AS resource, NULL::text AS tier, NULL::boolean AS whole, NULL::numeric AS used WHERE false';
	used text := 'NULL::numeric';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF to_regclass('source_usage') IS NOT NULL THEN
		-- Of a customer who was merged, what he used is of the one who remains.
		usage := 'SELECT s.resource, c.tier, grouping(c.tier) = 1 AS whole, sum(s.amount)::numeric AS used
			FROM source_usage AS s
			CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			LEFT JOIN resource AS r ON r.resource = s.resource
			LEFT JOIN customer_alias AS m ON m.from_id = s.customer_id
			LEFT JOIN customer AS c ON c.customer_id = coalesce(m.to_id, s.customer_id)
			WHERE custseg.measure_window(coalesce(r.period, ''lifetime''), p.last_as_of) @> s.day::date
			GROUP BY GROUPING SETS ((s.resource, c.tier), (s.resource))';
		used := 'coalesce(u.used, 0)';
	END IF;
	PERFORM custseg._make_view(portfolio, 'budget_use', format('
		SELECT a.resource, a.tier, a.budget, a.allocated, %1$s AS used, round(%1$s / nullif(a.budget, 0), 4) AS utilisation,
			greatest(a.budget - %1$s, 0 * %1$s) AS unspent,
			greatest(%1$s - a.budget, 0 * %1$s) AS overrun, a.leftover
		FROM (
			SELECT t.as_of, t.resource, t.tier, false AS whole, t.budget, t.allocated, t.leftover FROM tier_allocation AS t
			UNION ALL SELECT r.as_of, r.resource, NULL, true, r.total, r.allocated, r.leftover FROM resource_allocation AS r
		) AS a
		JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON p.last_as_of = a.as_of
		LEFT JOIN (%2$s) AS u ON u.resource = a.resource AND u.whole = a.whole AND u.tier IS NOT DISTINCT FROM a.tier',
		used, usage), $comments$
COMMENT ON VIEW budget_use IS 'Budgets of the last run and what was used of them, for each tier, and for the whole resource where tier is NULL.';
COMMENT ON COLUMN budget_use.resource IS 'The resource.';
COMMENT ON COLUMN budget_use.tier IS 'The tier; NULL: the whole resource, with what is used by customers who have no tier.';
COMMENT ON COLUMN budget_use.budget IS 'What the tier got, or the total.';
COMMENT ON COLUMN budget_use.allocated IS 'What its customers got of that.';
COMMENT ON COLUMN budget_use.used IS
	'What customers that are in the tier now have used in the period of the resource; NULL: there is no source of usage.';
COMMENT ON COLUMN budget_use.utilisation IS 'used / budget; NULL for a budget of 0.';
COMMENT ON COLUMN budget_use.unspent IS 'How much of the budget is not used.';
COMMENT ON COLUMN budget_use.overrun IS 'How much more than the budget is used.';
COMMENT ON COLUMN budget_use.leftover IS 'What caps left when it was divided.';
	$comments$);

	PERFORM custseg._make_view(portfolio, 'allocation_fairness', '
		SELECT r.resource, f.customers, f.gini, f.jain, f.max_min_ratio, f.largest_share, t.tier AS largest_tier,
			t.share AS largest_tier_share,
			nullif(concat_ws(''; '',
				CASE WHEN f.gini > r.max_gini THEN format(''gini %s is above %s'', round(f.gini::numeric, 4), r.max_gini) END,
				CASE WHEN t.share > r.max_tier_share THEN format(''tier %s has %s, more than %s'', t.tier, round(t.share::numeric, 4),
					r.max_tier_share) END), '''') AS alarm
		FROM resource AS r
		LEFT JOIN (
			SELECT t.resource, count(*) AS customers, custseg.gini(coalesce(a.amount, 0)) AS gini, custseg.jain(coalesce(a.amount, 0)) AS jain,
				custseg.max_min_ratio(coalesce(a.amount, 0)) AS max_min_ratio,
				(max(a.amount) / nullif(sum(a.amount), 0))::float8 AS largest_share
			FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			JOIN tier_allocation AS t ON t.as_of = p.last_as_of AND t.budget > 0
			JOIN customer AS c ON c.tier = t.tier
			LEFT JOIN allocation AS a ON a.customer_id = c.customer_id AND a.resource = t.resource AND a.until IS NULL
			GROUP BY t.resource
		) AS f ON f.resource = r.resource
		LEFT JOIN (
			SELECT DISTINCT ON (t.resource) t.resource, t.tier, (t.allocated / h.allocated)::float8 AS share
			FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			JOIN tier_allocation AS t ON t.as_of = p.last_as_of
			JOIN resource_allocation AS h ON h.as_of = t.as_of AND h.resource = t.resource AND h.allocated > 0
			ORDER BY t.resource, t.allocated DESC, t.tier
		) AS t ON t.resource = r.resource', $comments$
COMMENT ON VIEW allocation_fairness IS 'How evenly each resource is divided over the customers of tiers that get some of it, as of the last run.';
COMMENT ON COLUMN allocation_fairness.resource IS 'The resource.';
COMMENT ON COLUMN allocation_fairness.customers IS 'Customers in tiers that get some of it.';
COMMENT ON COLUMN allocation_fairness.gini IS 'Gini coefficient of their amounts: 0, all the same, to 1.';
COMMENT ON COLUMN allocation_fairness.jain IS 'Jain''s index of their amounts: 1, all the same, down to 1 / customers.';
COMMENT ON COLUMN allocation_fairness.max_min_ratio IS 'The largest amount over the smallest; Infinity when somebody gets nothing.';
COMMENT ON COLUMN allocation_fairness.largest_share IS 'The part of the customer who gets most.';
COMMENT ON COLUMN allocation_fairness.largest_tier IS 'The tier that gets most.';
COMMENT ON COLUMN allocation_fairness.largest_tier_share IS 'Its part of what customers got.';
COMMENT ON COLUMN allocation_fairness.alarm IS 'Which limits of set_resource are exceeded; NULL: none.';
	$comments$);
	PERFORM custseg._make_agent_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._make_resource_views(text) IS
'Internal: makes the views budget_use, allocation_fairness and those about agents.';

CREATE FUNCTION custseg._make_agent_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	attributes text := custseg._attributes_expression(portfolio);
BEGIN
	PERFORM custseg._make_view(portfolio, 'agent_load', '
		SELECT a.agent, a.active AND (a.valid_until > p.last_as_of) IS NOT FALSE AS active, a.capacity, coalesce(n.customers, 0) AS customers,
			round(n.customers / nullif(a.capacity, 0), 4) AS load, a.capacity - coalesce(n.customers, 0) AS free
		FROM agent AS a
		CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
		LEFT JOIN (SELECT h.agent, count(*) AS customers FROM assignment AS h WHERE h.until IS NULL GROUP BY h.agent) AS n
			ON n.agent = a.agent', $comments$
COMMENT ON VIEW agent_load IS 'How many customers each agent serves, and how many more there is room for.';
COMMENT ON COLUMN agent_load.agent IS 'The agent.';
COMMENT ON COLUMN agent_load.active IS 'The agent is there.';
COMMENT ON COLUMN agent_load.capacity IS 'How many customers at most; NULL: no limit.';
COMMENT ON COLUMN agent_load.customers IS 'How many it is now.';
COMMENT ON COLUMN agent_load.load IS 'customers / capacity.';
COMMENT ON COLUMN agent_load.free IS 'How many more there is room for; NULL: no limit.';
	$comments$);

	PERFORM custseg._make_view(portfolio, 'service_gaps', format('
		SELECT p.customer_id, p.tier, p.segment,
			CASE WHEN EXISTS (SELECT FROM agent AS a WHERE %s) THEN ''agents are full'' ELSE ''no agent may serve'' END AS reason
		FROM (
			SELECT c.customer_id, c.tier, c.segment, o.last_as_of, %s AS attributes
			FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS o
		) AS p
		WHERE p.tier IN (%s)
			AND NOT EXISTS (SELECT FROM assignment AS h WHERE h.customer_id = p.customer_id AND h.until IS NULL)',
		custseg._may_serve('p.last_as_of'),
		coalesce('(SELECT ' || attributes || ' FROM source_customers AS s WHERE s.customer_id = c.customer_id ORDER BY 1 LIMIT 1)',
			'NULL::jsonb'),
		custseg._asking_tiers()), $comments$
COMMENT ON VIEW service_gaps IS 'Customers in tiers that ask for service who have no agent.';
COMMENT ON COLUMN service_gaps.customer_id IS 'The customer.';
COMMENT ON COLUMN service_gaps.tier IS 'The tier.';
COMMENT ON COLUMN service_gaps.segment IS 'The segment.';
COMMENT ON COLUMN service_gaps.reason IS 'agents are full: some may serve the customer; no agent may serve: nobody is there who may.';
	$comments$);
END
$$;
COMMENT ON FUNCTION custseg._make_agent_views(text) IS
'Internal: makes the views agent_load and service_gaps.';

-- The report views of a portfolio: what tiers, segments and the whole are like. The views about single customers are in
-- report_customers.sql, those about time in report_history.sql.
--
-- Every view is right without a run, without customers and without the optional sources. None of them depends on an
-- optional source: what these say is added up by each run, in class_total. portfolio has one row, which the planner does
-- not know of a table that was never analyzed: the condition on its key tells it.

-- A report view with its comments. columns: one line for each column, "name: comment".
CREATE FUNCTION custseg._make_report(portfolio text, view_name name, description text, columns text, query text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_view(portfolio, view_name, query, (
		SELECT format('COMMENT ON VIEW %I IS %L;', view_name, description)
			|| string_agg(format(' COMMENT ON COLUMN %I.%I IS %L;', view_name, btrim(l.part[1]), btrim(l.part[2])), '')
		FROM regexp_matches(columns, '^\s*([^:\n]+):([^\n]+)$', 'gn') AS l (part)));
END
$$;
COMMENT ON FUNCTION custseg._make_report(text, name, text, text, text) IS
'Internal: makes or remakes a report view; columns has a line "name: comment" for each column.';

-- The orders of the portfolio's customers as the run counts them: a query with customer_id, day, amount, cost, order_id.
-- Customers that are one are joined where there are such: merge_customer makes the views anew for the first.
CREATE FUNCTION custseg._report_orders(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN format(CASE WHEN EXISTS (SELECT FROM customer_alias) THEN '
		SELECT c.customer_id, o.day, o.amount, o.cost, o.order_id, o.ordered_at
		FROM %1$I.source_orders AS o
		LEFT JOIN %1$I.customer_alias AS a ON a.from_id = o.customer_id
		JOIN %1$I.customer AS c ON c.customer_id = coalesce(a.to_id, o.customer_id)
		WHERE o.day IS NOT NULL AND o.amount IS NOT NULL'
	ELSE '
		SELECT c.customer_id, o.day, o.amount, o.cost, o.order_id, o.ordered_at
		FROM %1$I.source_orders AS o
		JOIN %1$I.customer AS c ON c.customer_id = o.customer_id
		WHERE o.day IS NOT NULL AND o.amount IS NOT NULL' END, custseg._portfolio_schema(portfolio));
END
$$;
COMMENT ON FUNCTION custseg._report_orders(text) IS
'Internal: a query for the orders and order lines of the customers of a portfolio.';

-- The risk that a customer is gone, over alias c. A customer who came once has no rhythm, and BG/NBD takes such a one
-- for alive for certain: there the days since the purchase decide.
CREATE FUNCTION custseg._alive_expression(portfolio text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kind text := custseg._option(portfolio, 'lifetime');
BEGIN
	RETURN CASE kind
		WHEN 'none' THEN 'NULL::float8'
		WHEN 'bgnbd' THEN format('CASE WHEN custseg.is_repeat(c.purchases) THEN %s END',
			custseg._measure_expression(portfolio, 'p_alive', as_of))
		ELSE custseg._measure_expression(portfolio, 'p_alive', as_of)
	END;
END
$$;
COMMENT ON FUNCTION custseg._alive_expression(text, text) IS
'Internal: the SQL of the probability to be alive over the alias c; NULL where the model says nothing.';

CREATE FUNCTION custseg._risk_expression(portfolio text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	active text := custseg._option(portfolio, 'active_days');
BEGIN
	RETURN format('coalesce(custseg.churn_risk(%1$s), custseg.overdue_risk(custseg.overdue_ratio(c.purchases, %2$s)),
		CASE WHEN custseg.recency(c.purchases, %2$s) >= %3$s THEN ''high''
			WHEN custseg.recency(c.purchases, %2$s) >= %3$s / 2 THEN ''medium''
			WHEN custseg.frequency(c.purchases) > 0 THEN ''low'' END)',
		custseg._alive_expression(portfolio, as_of), as_of, active);
END
$$;
COMMENT ON FUNCTION custseg._risk_expression(text, text) IS
'Internal: the SQL of the risk class (low, medium, high) over the alias c; NULL without a purchase.';

CREATE FUNCTION custseg._make_class_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	allocated text := 'NULL::jsonb';
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF to_regclass('tier_allocation') IS NOT NULL THEN
		allocated := '(SELECT jsonb_object_agg(x.resource, x.allocated) FROM tier_allocation AS x
			JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON p.last_as_of = x.as_of WHERE x.tier = t.tier)';
	END IF;
	PERFORM custseg._make_report(portfolio, 'tier_summary', 'The tiers as of the last run, the highest first: who is in them, what they bring, cost and get.', '
		tier: The tier.
		position: 1 for the lowest.
		service_mode: How its customers are served: personal, standard or self-service.
		customers: Customers in it.
		customer_share: Their part of all customers who have a tier, from 0 to 1.
		spend: Net amount of all their purchases.
		value_share: Its part of the spend of all who have a tier.
		average_spend: spend / customers.
		score: Mean of the total score, to six decimals.
		in_grace: Customers who are about to go down.
		cost: What serving them has cost in the last 365 days, from source costs; NULL: nothing known.
		allocated: What the tier gets of each resource; NULL: nothing.
		used: What its customers have used of each resource in the last 365 days, from source usage; NULL: nothing known.
		satisfaction: Mean score / scale of their feedback of the last 365 days; NULL: none.', format('
		SELECT t.tier, t.position, t.service_mode, coalesce(n.customers, 0) AS customers,
			round(coalesce(n.customers, 0) / nullif(sum(n.customers) OVER (), 0), 6) AS customer_share,
			coalesce(n.spend, 0) AS spend,
			round(coalesce(n.spend, 0) / nullif(sum(n.spend) OVER (), 0), 6) AS value_share,
			round(n.spend / n.customers, 2) AS average_spend, n.score, coalesce(n.in_grace, 0) AS in_grace,
			s.cost, %s AS allocated, s.used, s.satisfaction
		FROM tier AS t
		LEFT JOIN (
			SELECT c.tier, count(*) AS customers, coalesce(sum(c.spend), 0) AS spend, round(avg(c.score)::numeric, 6) AS score,
				count(c.grace_since) AS in_grace
			FROM current_customers AS c WHERE c.tier IS NOT NULL GROUP BY c.tier
		) AS n ON n.tier = t.tier
		LEFT JOIN (
			SELECT x.class, sum(x.amount) FILTER (WHERE x.source = ''costs'') AS cost,
				jsonb_object_agg(x.item, x.amount) FILTER (WHERE x.source = ''usage'') AS used,
				round(sum(x.amount) FILTER (WHERE x.source = ''feedback'')
					/ nullif(sum(x.number) FILTER (WHERE x.source = ''feedback''), 0), 4) AS satisfaction
			FROM class_total AS x JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON p.last_as_of = x.as_of
			WHERE x.dimension = ''tier'' GROUP BY x.class
		) AS s ON s.class = t.tier
		ORDER BY t.position DESC', allocated));

	PERFORM custseg._make_report(portfolio, 'segment_profile', 'What the customers of each segment are like, as of the last run. Medians are the value of the middle customer.', '
		segment: The segment.
		customers: Customers in it.
		customer_share: Their part of all customers who have a segment, from 0 to 1.
		spend: Net amount of all their purchases.
		value_share: Its part of the spend of all who have a segment.
		mean_recency: Mean days since the last purchase.
		median_recency: Median of the same.
		mean_frequency: Mean number of days with a purchase.
		median_frequency: Median of the same.
		mean_spend: Mean of the net amount of all purchases.
		median_spend: Median of the same.
		mean_order: Mean of the customers'' average orders.
		median_order: Median of the same.
		first_purchase: Median day of the first purchase.
		last_purchase: Median day of the last purchase.
		top_tier: The tier that most of them have; of two as frequent the lower one.', '
		SELECT n.segment, n.customers, round(n.customers / sum(n.customers) OVER (), 6) AS customer_share,
			n.spend, round(n.spend / nullif(sum(n.spend) OVER (), 0), 6) AS value_share,
			round(n.mean_recency, 1) AS mean_recency, n.median_recency, round(n.mean_frequency, 2) AS mean_frequency, n.median_frequency,
			round(n.mean_spend, 2) AS mean_spend, n.median_spend, round(n.mean_order, 2) AS mean_order,
			round(n.median_order, 2) AS median_order, n.first_purchase, n.last_purchase,
			(SELECT t.tier FROM tier AS t WHERE t.position = n.top_position) AS top_tier
		FROM (
			SELECT c.segment, count(*) AS customers, coalesce(sum(c.spend), 0) AS spend, avg(c.recency) AS mean_recency,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.recency) AS median_recency, avg(c.frequency) AS mean_frequency,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.frequency) AS median_frequency, avg(c.spend) AS mean_spend,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.spend) AS median_spend, avg(c.average_order) AS mean_order,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.average_order) AS median_order,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.first_purchase) AS first_purchase,
				percentile_disc(0.5) WITHIN GROUP (ORDER BY c.last_purchase) AS last_purchase,
				mode() WITHIN GROUP (ORDER BY c.position) AS top_position
			FROM (
				SELECT c.segment, t.position, custseg.recency(c.purchases, p.last_as_of) AS recency,
					custseg.frequency(c.purchases) AS frequency, custseg.spend(c.purchases) AS spend,
					custseg.average_order(c.purchases) AS average_order, custseg.first_purchase(c.purchases) AS first_purchase,
					custseg.last_purchase(c.purchases) AS last_purchase
				FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p LEFT JOIN tier AS t ON t.tier = c.tier
				WHERE c.segment IS NOT NULL
				-- Each computed once.
				OFFSET 0
			) AS c
			GROUP BY c.segment
		) AS n
		ORDER BY n.spend DESC, n.segment');

	PERFORM custseg._make_report(portfolio, 'rfm_grid', 'How many customers each cell of the classes of recency, frequency and spend has.', '
		r: Class of recency, the highest is the most recent.
		f: Class of frequency.
		m: Class of spend.
		cell: The classes together, as 545; with more than 9 classes as 10-4-5.
		customers: Customers in it.
		spend: Net amount of all their purchases.
		segment: The segment of the cell.', format('
		SELECT c.r, c.f, c.m, concat_ws(%L, c.r, c.f, c.m) AS cell, count(*) AS customers,
			coalesce(sum(custseg.spend(c.purchases)), 0) AS spend, c.segment
		FROM customer AS c
		WHERE num_nonnulls(c.r, c.f, c.m) > 0
		GROUP BY c.r, c.f, c.m, c.segment
		ORDER BY c.r DESC, c.f DESC, c.m DESC',
		(SELECT CASE WHEN greatest(s.r_classes, s.f_classes, s.m_classes) > 9 THEN '-' ELSE '' END
			FROM custseg.segmentation AS s WHERE s.name = custseg._option(portfolio, 'segmentation')
			UNION ALL SELECT '' LIMIT 1)));

	PERFORM custseg._make_report(portfolio, 'segment_tier', 'How segments and tiers meet: customers and spend of each pair.', '
		segment: The segment; NULL: no purchase yet.
		tier: The tier; NULL: excluded.
		customers: Customers in both.
		spend: Net amount of all their purchases.', '
		SELECT c.segment, c.tier, count(*) AS customers, coalesce(sum(custseg.spend(c.purchases)), 0) AS spend
		FROM customer AS c
		WHERE c.segment IS NOT NULL OR c.tier IS NOT NULL
		GROUP BY c.segment, c.tier');
END
$$;
COMMENT ON FUNCTION custseg._make_class_reports(text) IS
'Internal: makes the views tier_summary, segment_profile, rfm_grid and segment_tier.';

CREATE FUNCTION custseg._make_value_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'pareto', 'The part of spend that the best customers bring, in steps of 1 percent of the customers with a purchase. A negative spend counts as 0.', '
		customer_share: Part of the customers, those with the highest spend first, from 0.01 to 1.
		customers: How many that are, rounded up.
		value_share: Their part of the spend, from 0 to 1.', '
		SELECT round(g.step / 100.0, 2) AS customer_share, ceil(l.customers * g.step / 100.0)::bigint AS customers,
			1 - l.curve[101 - g.step] AS value_share
		FROM (
			SELECT custseg.lorenz(greatest(custseg.spend(c.purchases), 0), 100) AS curve, count(*) AS customers
			FROM customer AS c WHERE c.purchases IS NOT NULL
		) AS l
		CROSS JOIN generate_series(1, 100) AS g (step)
		WHERE l.curve IS NOT NULL
		ORDER BY g.step');

	PERFORM custseg._make_report(portfolio, 'concentration', 'How much the portfolio depends on few customers: one row. A negative spend counts as 0.', '
		as_of: The last day counted; NULL before the first run.
		customers: Customers with a purchase.
		spend: Net amount of all purchases.
		gini: The Gini coefficient of spend: 0: all equal, near 1: one has all.
		hhi: The Herfindahl-Hirschman index of spend: 1 / hhi equal customers would give the same.
		largest_share: The part of spend of the largest customer.
		top_1_share: The part of spend of the best 1 percent of customers.
		top_5_share: That of the best 5 percent.
		top_20_share: That of the best 20 percent.
		alarm: What is wrong: the largest customer has more than 10 percent, or the best 1 percent more than half; NULL: nothing.', '
		SELECT p.last_as_of AS as_of, l.customers, l.spend, l.gini, l.hhi, round(l.largest / nullif(l.positive, 0), 6) AS largest_share,
			1 - l.curve[100] AS top_1_share, 1 - l.curve[96] AS top_5_share, 1 - l.curve[81] AS top_20_share,
			CASE WHEN l.customers > 10 AND l.largest > l.positive * 0.1 THEN ''the largest customer has more than 10 percent of spend''
				WHEN l.customers >= 100 AND 1 - l.curve[100] > 0.5 THEN ''1 percent of the customers have more than half of spend'' END AS alarm
		FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
		CROSS JOIN (
			SELECT count(*) AS customers, coalesce(sum(c.spend), 0) AS spend, sum(greatest(c.spend, 0)) AS positive,
				max(c.spend) AS largest, custseg.gini(greatest(c.spend, 0)) AS gini, custseg.hhi(greatest(c.spend, 0)) AS hhi,
				custseg.lorenz(greatest(c.spend, 0), 100) AS curve
			FROM (SELECT custseg.spend(c.purchases) AS spend FROM customer AS c WHERE c.purchases IS NOT NULL) AS c
		) AS l');
END
$$;
COMMENT ON FUNCTION custseg._make_value_reports(text) IS
'Internal: makes the views pareto and concentration.';

CREATE FUNCTION custseg._make_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_class_reports(portfolio);
	PERFORM custseg._make_value_reports(portfolio);
	PERFORM custseg._make_risk_reports(portfolio);
	PERFORM custseg._make_change_reports(portfolio);
	PERFORM custseg._make_move_reports(portfolio);
	PERFORM custseg._make_time_reports(portfolio);
	PERFORM custseg._make_target_reports(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._make_reports(text) IS
'Internal: makes or remakes the report views, after current_customers.';

-- Report views with a row for each customer. Those without a comparison over time are cheap for one customer.

CREATE FUNCTION custseg._make_risk_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	active text := custseg._option(portfolio, 'active_days');
	fresh text := custseg._option(portfolio, 'new_days');
BEGIN
	PERFORM custseg._make_report(portfolio, 'churn_risk', 'The risk that a customer is gone, and what is at stake, as of the last run.', '
		customer_id: The customer.
		as_of: The last day counted.
		tier: Tier; NULL: excluded.
		segment: Segment.
		last_purchase: Day of the last purchase.
		frequency: Days with a purchase.
		p_alive: Probability that the customer is still one, by the lifetime model; NULL: no model, or one that does not tell from one purchase.
		overdue_ratio: Days since the last purchase / mean days from one purchase to the next; NULL: one purchase.
		risk: low, medium or high: by p_alive, otherwise by overdue_ratio, otherwise by the days since the purchase and the setting active_days.
		expected_value: What a year at the customer''s pace brings: the annual spend, at least 0.
		value_at_risk: (1 - p_alive) * expected_value; without p_alive all of it at high risk, half at medium, nothing at low.
		potential: Spend to expect within the setting horizon, less that of the past at the same pace; NULL: no model.
		outlook: lapsed, growing (there, with potential: to be developed) or steady. It tells customers who buy rarely from those who are gone.', format('
		SELECT c.customer_id, c.as_of, c.tier, c.segment, c.last_purchase, c.frequency, c.p_alive, c.overdue_ratio, c.risk, c.expected_value,
			round(c.expected_value * coalesce(1 - c.p_alive::numeric, CASE c.risk WHEN ''high'' THEN 1 WHEN ''medium'' THEN 0.5 ELSE 0 END), 2)
				AS value_at_risk,
			round(c.potential::numeric, 2) AS potential,
			CASE WHEN c.p_alive < 0.5 OR c.p_alive IS NULL AND c.risk = ''high'' THEN ''lapsed''
				WHEN c.potential > 0 THEN ''growing'' ELSE ''steady'' END AS outlook
		FROM (
			SELECT c.customer_id, c.as_of, c.tier, c.segment, custseg.last_purchase(c.purchases) AS last_purchase,
				custseg.frequency(c.purchases) AS frequency, %1$s AS p_alive, custseg.overdue_ratio(c.purchases, c.as_of) AS overdue_ratio,
				%2$s AS risk, round(greatest(custseg.annual_spend(c.purchases, c.as_of), 0), 2) AS expected_value, %3$s AS potential
			FROM (SELECT c.*, p.last_as_of AS as_of FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p) AS c
			WHERE custseg.frequency(c.purchases) > 0
		) AS c',
		custseg._alive_expression(portfolio, 'c.as_of'), custseg._risk_expression(portfolio, 'c.as_of'),
		CASE WHEN custseg._option(portfolio, 'lifetime') = 'none' THEN 'NULL::float8'
			ELSE custseg._measure_expression(portfolio, 'potential', 'c.as_of') END));

	PERFORM custseg._make_report(portfolio, 'new_customers', 'Customers who came within the last days, by the setting new_days: to be welcomed, and brought to a second purchase.', '
		customer_id: The customer.
		as_of: The last day counted.
		entered: as_of of the run that saw the customer first.
		first_purchase: Day of the first purchase; NULL: none yet.
		days: Days since the first purchase, or since entered.
		first_time_buyer: Has bought on one day only.
		frequency: Days with a purchase.
		spend: Net amount of all purchases.
		segment: Segment.
		tier: Tier.', format('
		SELECT c.customer_id, c.as_of, c.entered, c.first_purchase, c.as_of - coalesce(c.first_purchase, c.entered) AS days,
			c.frequency = 1 AS first_time_buyer, c.frequency, coalesce(c.spend, 0) AS spend, c.segment, c.tier
		FROM (
			SELECT c.customer_id, p.last_as_of AS as_of, c.entered, custseg.first_purchase(c.purchases) AS first_purchase,
				coalesce(custseg.frequency(c.purchases), 0) AS frequency, custseg.spend(c.purchases) AS spend, c.segment, c.tier
			FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL
		) AS c
		WHERE coalesce(c.first_purchase, c.entered) > c.as_of - %s', fresh));

	PERFORM custseg._make_report(portfolio, 'lifecycle', 'The stage of life of every customer, as of the last run. The first rule that holds: prospect, lapsed, new, declining, growing, mature.', format('
		customer_id: The customer.
		as_of: The last day counted.
		stage: prospect: no purchase; lapsed: none for %1$s days; new: first purchase within %2$s days; declining: overdue by 3 gaps, or one purchase, half of %1$s days ago; growing: a customer for less than %1$s days; mature: the others.
		position: Place of the stage: 1 prospect, 2 new, 3 growing, 4 mature, 5 declining, 6 lapsed.
		tenure: Days since the first purchase.
		recency: Days since the last purchase.
		overdue_ratio: recency / mean days from one purchase to the next; NULL: fewer than two purchases.
		frequency: Days with a purchase.
		spend: Net amount of all purchases.
		segment: Segment.
		tier: Tier.', active, fresh), format('
		SELECT c.customer_id, c.as_of, c.stage,
			array_position(ARRAY[''prospect'', ''new'', ''growing'', ''mature'', ''declining'', ''lapsed''], c.stage) AS position,
			c.tenure, c.recency, c.overdue_ratio, c.frequency, c.spend, c.segment, c.tier
		FROM (
			SELECT c.*, CASE WHEN c.frequency = 0 THEN ''prospect'' WHEN c.recency >= %1$s THEN ''lapsed'' WHEN c.tenure < %2$s THEN ''new''
				WHEN c.overdue_ratio > 3 OR c.frequency = 1 AND c.recency >= %1$s / 2 THEN ''declining''
				WHEN c.tenure < %1$s THEN ''growing'' ELSE ''mature'' END AS stage
			FROM (
				SELECT c.customer_id, p.last_as_of AS as_of, custseg.tenure(c.purchases, p.last_as_of) AS tenure,
					custseg.recency(c.purchases, p.last_as_of) AS recency, custseg.overdue_ratio(c.purchases, p.last_as_of) AS overdue_ratio,
					coalesce(custseg.frequency(c.purchases), 0) AS frequency, coalesce(custseg.spend(c.purchases), 0) AS spend,
					c.segment, c.tier
				FROM customer AS c CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
				WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL
			) AS c
		) AS c', active, fresh));
END
$$;
COMMENT ON FUNCTION custseg._make_risk_reports(text) IS
'Internal: makes the views churn_risk, new_customers and lifecycle.';

CREATE FUNCTION custseg._make_change_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'spend_changes', 'Spend of the last 90 days beside that of the 90 days before, of customers who bought in them. It reads the orders of 180 days.', '
		customer_id: The customer.
		as_of: The last day counted.
		purchase_days: Days with a purchase in the 180 days.
		spend_before: Net amount of the 90 days before the last 90.
		spend: Net amount of the last 90 days.
		change: spend / spend_before - 1; NULL where nothing was spent before.', format('
		SELECT o.customer_id, o.as_of, o.purchase_days, o.spend_before, o.spend,
			CASE WHEN o.spend_before > 0 THEN round(o.spend / o.spend_before - 1, 4) END AS change
		FROM (
			-- A bit for each day: DISTINCT would sort.
			SELECT o.customer_id, p.last_as_of AS as_of, coalesce(bit_count(bit_or(set_bit(0::bit(180), p.last_as_of - o.day, 1))
					FILTER (WHERE o.amount >= 0)), 0) AS purchase_days,
				coalesce(sum(o.amount) FILTER (WHERE o.day <= p.last_as_of - 90), 0) AS spend_before,
				coalesce(sum(o.amount) FILTER (WHERE o.day > p.last_as_of - 90), 0) AS spend
			FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p CROSS JOIN (%s) AS o
			-- A day more on the column itself, which may have an index: days are cut in the portfolio''s time zone.
			WHERE o.day > p.last_as_of - 180 AND o.day <= p.last_as_of AND o.ordered_at > p.last_as_of - 182
			GROUP BY o.customer_id, p.last_as_of
		) AS o', custseg._report_orders(portfolio)));

	PERFORM custseg._make_report(portfolio, 'sharp_changes', 'Customers who changed sharply: two tiers or more, a segment whose classes differ by two or more, both in the last run; and half of the spend of 90 days more or less than in the 90 days before, of who bought on at least three days in them.', '
		customer_id: The customer.
		as_of: The last day counted.
		kind: tier, segment or spend.
		direction: up or down.
		from_value: The tier, the segment with its classes, or the spend before.
		to_value: The same now.
		size: Tiers or classes apart; for spend the change as a part, 0.5 for half.', '
		SELECT t.customer_id, t.as_of, ''tier'' AS kind, CASE WHEN n.position > f.position THEN ''up'' ELSE ''down'' END AS direction,
			t.from_tier AS from_value, t.tier AS to_value, abs(n.position - f.position)::numeric AS size
		FROM tier_transition AS t
		JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON p.last_as_of = t.as_of
		JOIN tier AS f ON f.tier = t.from_tier
		JOIN tier AS n ON n.tier = t.tier
		WHERE abs(n.position - f.position) >= 2
		UNION ALL
		SELECT h.customer_id, p.last_as_of, ''segment'', CASE WHEN d.total > 0 THEN ''up'' ELSE ''down'' END,
			format(''%s (%s)'', b.class, b.reason), format(''%s (%s)'', h.class, h.reason), d.size
		FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
		JOIN membership AS h ON h.dimension = ''segment'' AND h.since = p.last_as_of
		JOIN membership AS b ON b.customer_id = h.customer_id AND b.dimension = ''segment'' AND b.until = h.since
		CROSS JOIN LATERAL (
			SELECT max(abs(v.now::numeric - v.was::numeric)) AS size, sum(v.now::numeric - v.was::numeric) AS total
			FROM ROWS FROM (regexp_split_to_table(h.reason, ''-''), regexp_split_to_table(b.reason, ''-'')) AS v (now, was)
			WHERE v.now ~ ''^\d+$'' AND v.was ~ ''^\d+$''
		) AS d
		WHERE d.size >= 2
		UNION ALL
		SELECT s.customer_id, s.as_of, ''spend'', CASE WHEN s.change > 0 THEN ''up'' ELSE ''down'' END, s.spend_before::text, s.spend::text,
			abs(s.change)
		FROM spend_changes AS s
		WHERE s.purchase_days >= 3 AND abs(s.change) >= 0.5');

	PERFORM custseg._make_report(portfolio, 'score_changes', 'The score of each customer beside the one that was kept last before; empty unless the setting keep_scores is changes or all.', '
		customer_id: The customer.
		as_of: The last day counted.
		score: Total score now.
		before: The day of the score before.
		score_before: The score before.
		change: score - score_before.
		r: Class of recency now.
		r_before: The class before.
		f: Class of frequency now.
		f_before: The class before.
		m: Class of spend now.
		m_before: The class before.
		tier: Tier now.', '
		SELECT c.customer_id, c.as_of, c.score, h.as_of AS before, h.score AS score_before, c.score - h.score AS change,
			c.r, h.r AS r_before, c.f, h.f AS f_before, c.m, h.m AS m_before, c.tier
		FROM current_customers AS c
		CROSS JOIN LATERAL (
			SELECT s.* FROM score_history AS s WHERE s.customer_id = c.customer_id AND s.as_of < c.as_of ORDER BY s.as_of DESC LIMIT 1
		) AS h');

	PERFORM custseg._make_report(portfolio, 'score_trend', 'The scores that were kept, by day; empty unless the setting keep_scores is changes or all.', '
		customer_id: The customer.
		as_of: The day; it holds until the next one of the customer.
		score: Total score.
		r: Class of recency.
		f: Class of frequency.
		m: Class of spend.', '
		SELECT s.customer_id, s.as_of, s.score, s.r, s.f, s.m FROM score_history AS s');

	PERFORM custseg._make_report(portfolio, 'fairness', 'Customers with the same measures and different tiers: what is behind it must be history (minimum stay, grace, retention) or an override.', '
		measures: The measures that they share, those that components and rules of tiers use.
		customers: How many they are.
		tiers: The tiers that they have, in alphabetical order.
		in_grace: How many are in grace.
		overridden: How many have an override in force.', format('
		WITH g AS MATERIALIZED (
			SELECT c.numbers, c.tier, count(*) AS customers, count(c.grace_since) AS in_grace, count(*) FILTER (WHERE c.overridden) AS overridden
			FROM (
				SELECT ARRAY[%1$s] AS numbers, c.tier, c.grace_since, c.customer_id IN (
					SELECT o.customer_id FROM override AS o CROSS JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
					WHERE coalesce(o.valid_from, p.last_as_of) <= p.last_as_of AND coalesce(o.valid_until, p.last_as_of + 1) > p.last_as_of
				) AS overridden
				FROM %2$s WHERE c.tier IS NOT NULL
			) AS c
			GROUP BY c.numbers, c.tier
		)
		SELECT (SELECT jsonb_object_agg(v.name, v.number)
				FROM ROWS FROM (unnest(%3$L::text[]), unnest(g.numbers)) AS v (name, number)) AS measures,
			sum(g.customers)::bigint AS customers, array_agg(g.tier ORDER BY g.tier) AS tiers,
			sum(g.in_grace)::bigint AS in_grace, sum(g.overridden)::bigint AS overridden
		FROM g JOIN (SELECT g.numbers FROM g GROUP BY g.numbers HAVING count(*) > 1) AS d ON d.numbers = g.numbers
		GROUP BY g.numbers', (
			SELECT string_agg(custseg._measure_expression(portfolio, m.measure, 'c.as_of'), ', ' ORDER BY m.measure)
			FROM custseg._used_measures(portfolio) AS m),
		custseg._view_customers(portfolio, true),
		(SELECT array_agg(m.measure ORDER BY m.measure) FROM custseg._used_measures(portfolio) AS m)));
END
$$;
COMMENT ON FUNCTION custseg._make_change_reports(text) IS
'Internal: makes the views spend_changes, sharp_changes, score_changes, score_trend and fairness.';

-- Report views about time: who moved, how classes, months and runs went.

CREATE FUNCTION custseg._make_move_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'movement', 'How many customers moved from where to where in each run. Between two days of choice: the function custseg.movement.', '
		as_of: The day of the run.
		dimension: tier or segment.
		transition: enter, upgrade, downgrade, renew, exit, grace (a warning) or keep, of segments enter, move or exit.
		from_class: The tier or segment before; NULL: none.
		to_class: The one after; NULL: none.
		customers: How many customers.
		spend: Net amount of all their purchases up to now.', '
		SELECT m.as_of, m.dimension, m.transition, m.from_class, m.to_class, count(*) AS customers,
			coalesce(sum(custseg.spend(c.purchases)), 0) AS spend
		FROM (
			SELECT t.customer_id, t.as_of, ''tier'' AS dimension, t.transition, t.from_tier AS from_class, t.tier AS to_class
			FROM tier_transition AS t
			UNION ALL
			SELECT coalesce(b.customer_id, e.customer_id), coalesce(b.since, e.until), ''segment'',
				CASE WHEN e.customer_id IS NULL THEN ''enter'' WHEN b.customer_id IS NULL THEN ''exit'' ELSE ''move'' END, e.class, b.class
			FROM (SELECT h.* FROM membership AS h WHERE h.dimension = ''segment'') AS b
			FULL JOIN (SELECT h.* FROM membership AS h WHERE h.dimension = ''segment'' AND h.until IS NOT NULL) AS e
				ON e.customer_id = b.customer_id AND e.until = b.since
		) AS m
		LEFT JOIN customer AS c ON c.customer_id = m.customer_id
		GROUP BY m.as_of, m.dimension, m.transition, m.from_class, m.to_class');

	PERFORM custseg._make_report(portfolio, 'conversion', 'Where the customers of each tier of a year ago are now: the migration matrix of the tiers. A history shorter than a year: since the first run.', '
		since: The day that is compared with.
		as_of: The last day counted.
		from_tier: The tier then; NULL: none, or not yet a customer.
		to_tier: The tier now; NULL: none any more.
		direction: up, down, same, new or left.
		customers: How many customers.
		share: Their part of the customers of from_tier, from 0 to 1.
		spend: Net amount of all their purchases up to now.', '
		SELECT m.since, m.as_of, m.from_tier, m.to_tier,
			CASE WHEN m.from_tier IS NULL THEN ''new'' WHEN m.to_tier IS NULL THEN ''left'' WHEN m.from_tier = m.to_tier THEN ''same''
				WHEN n.position > f.position THEN ''up'' WHEN n.position < f.position THEN ''down'' END AS direction,
			m.customers, round(m.customers / sum(m.customers) OVER (PARTITION BY m.from_tier), 6) AS share, m.spend
		FROM (
			SELECT d.since, d.as_of, x.from_tier, x.to_tier, count(*) AS customers, coalesce(sum(custseg.spend(c.purchases)), 0) AS spend
			FROM (
				SELECT greatest((p.last_as_of - interval ''1 year'')::date, (SELECT min(n.as_of) FROM class_count AS n)) AS since,
					p.last_as_of AS as_of
				FROM portfolio AS p LIMIT 1
			) AS d
			CROSS JOIN LATERAL (
				SELECT h.customer_id, max(h.class) FILTER (WHERE h.since <= d.since AND coalesce(h.until > d.since, true)) AS from_tier,
					max(h.class) FILTER (WHERE h.since <= d.as_of AND coalesce(h.until > d.as_of, true)) AS to_tier
				FROM membership AS h WHERE h.dimension = ''tier'' AND coalesce(h.until > d.since, true)
				GROUP BY h.customer_id
			) AS x
			LEFT JOIN customer AS c ON c.customer_id = x.customer_id
			WHERE num_nonnulls(x.from_tier, x.to_tier) > 0
			GROUP BY d.since, d.as_of, x.from_tier, x.to_tier
		) AS m
		LEFT JOIN tier AS f ON f.tier = m.from_tier
		LEFT JOIN tier AS n ON n.tier = m.to_tier
		ORDER BY f.position DESC NULLS LAST, n.position DESC NULLS LAST');

	PERFORM custseg._make_report(portfolio, 'retention', 'Who has bought since, by the tier and segment of a year ago: whether the classes tell something about the future. A history shorter than a year: since the first run.', '
		since: The day that is compared with.
		as_of: The last day counted.
		dimension: tier or segment.
		class: The tier or segment then.
		customers: Customers in it then.
		bought_since: How many of them have bought after that day.
		retention: bought_since / customers, from 0 to 1.', '
		SELECT d.since, d.as_of, h.dimension, h.class, count(*) AS customers,
			count(*) FILTER (WHERE custseg.last_purchase(c.purchases) > d.since) AS bought_since,
			round(count(*) FILTER (WHERE custseg.last_purchase(c.purchases) > d.since)::numeric / count(*), 6) AS retention
		FROM (
			SELECT greatest((p.last_as_of - interval ''1 year'')::date, (SELECT min(n.as_of) FROM class_count AS n)) AS since,
				p.last_as_of AS as_of
			FROM portfolio AS p LIMIT 1
		) AS d
		JOIN membership AS h ON h.since <= d.since AND coalesce(h.until > d.since, true)
		LEFT JOIN customer AS c ON c.customer_id = h.customer_id
		WHERE d.since < d.as_of
		GROUP BY d.since, d.as_of, h.dimension, h.class');

	PERFORM custseg._make_report(portfolio, 'drift', 'Whether the parts of the tiers and segments have shifted: the population stability index of the last run against the run before, and against that of a year before.', '
		dimension: tier or segment.
		compared_with: run before, or year before.
		as_of: The last day counted.
		base: The day of the run that it is compared with.
		psi: The population stability index, see custseg.psi.
		psi_expected: What psi is by chance alone, see custseg.psi_expected; a psi near it says nothing.
		status: stable, watch or shifted, see custseg.psi_status.', '
		SELECT n.dimension, n.compared_with, n.as_of, n.base, n.psi, n.psi_expected, custseg.psi_status(n.psi) AS status
		FROM (
			SELECT x.dimension, b.compared_with, x.as_of, b.base, custseg.psi(x.before, x.now) AS psi,
				custseg.psi_expected(x.before, x.now) AS psi_expected
			FROM (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p
			CROSS JOIN LATERAL (
				SELECT ''run before'' AS compared_with, max(n.as_of) AS base FROM class_count AS n WHERE n.as_of < p.last_as_of
				UNION ALL
				SELECT ''year before'', max(n.as_of) FROM class_count AS n WHERE n.as_of <= (p.last_as_of - interval ''1 year'')::date
			) AS b
			CROSS JOIN LATERAL (
				SELECT p.last_as_of AS as_of, n.dimension, n.class,
					coalesce(sum(n.customers) FILTER (WHERE n.as_of = b.base), 0)::float8 AS before,
					coalesce(sum(n.customers) FILTER (WHERE n.as_of = p.last_as_of), 0)::float8 AS now
				FROM class_count AS n WHERE n.as_of IN (b.base, p.last_as_of)
				GROUP BY n.dimension, n.class
			) AS x
			WHERE b.base IS NOT NULL
			GROUP BY x.dimension, b.compared_with, x.as_of, b.base
		) AS n');
END
$$;
COMMENT ON FUNCTION custseg._make_move_reports(text) IS
'Internal: makes the views movement, conversion, retention and drift.';

CREATE FUNCTION custseg._purchase_months(p custseg.purchases) RETURNS date[]
AS 'MODULE_PATHNAME', 'custseg_purchase_months' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg._purchase_months(custseg.purchases) IS
'Internal: the first days of the calendar months with a purchase, ascending.';

CREATE FUNCTION custseg._make_time_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'class_history', 'How each tier and segment was after each run: customers, value, cost and satisfaction over time.', '
		as_of: The last day counted.
		dimension: tier or segment.
		class: The tier or segment.
		customers: Customers in it.
		customer_share: Their part of the customers of the dimension, from 0 to 1.
		spend: Net amount of all their purchases.
		value_share: Its part of the spend of the dimension.
		average_spend: spend / customers.
		profit: Spend less cost of the customers whose cost is known; NULL: of nobody.
		margin: profit / spend of the same customers.
		repeat_rate: Part of the customers with a purchase who have bought on more than one day.
		active_share: Part of the customers with a purchase who have bought within the setting active_days.
		cost: What serving them has cost in the 365 days before; NULL: nothing known.
		cost_per_customer: cost / customers.
		return_on_cost: (profit of all days - cost) / cost; NULL where one of them is not known.
		satisfaction: Mean score / scale of their feedback of the 365 days before; NULL: none.', '
		SELECT n.as_of, n.dimension, n.class, n.customers,
			round(n.customers / sum(n.customers) OVER w, 6) AS customer_share, n.spend,
			round(n.spend / nullif(sum(n.spend) OVER w, 0), 6) AS value_share, round(n.spend / nullif(n.customers, 0), 2) AS average_spend,
			n.profit, round(n.profit / nullif(n.costed_spend, 0), 6) AS margin,
			round(n.repeat_buyers::numeric / nullif(n.buyers, 0), 6) AS repeat_rate,
			round(n.active::numeric / nullif(n.buyers, 0), 6) AS active_share,
			s.cost, round(s.cost / nullif(n.customers, 0), 2) AS cost_per_customer,
			round((n.profit - s.cost) / nullif(s.cost, 0), 4) AS return_on_cost, s.satisfaction
		FROM class_count AS n
		LEFT JOIN (
			SELECT x.as_of, x.dimension, x.class, sum(x.amount) FILTER (WHERE x.source = ''costs'') AS cost,
				round(sum(x.amount) FILTER (WHERE x.source = ''feedback'')
					/ nullif(sum(x.number) FILTER (WHERE x.source = ''feedback''), 0), 4) AS satisfaction
			FROM class_total AS x GROUP BY x.as_of, x.dimension, x.class
		) AS s ON s.as_of = n.as_of AND s.dimension = n.dimension AND s.class = n.class
		WINDOW w AS (PARTITION BY n.as_of, n.dimension)');

	PERFORM custseg._make_report(portfolio, 'monthly', 'The orders of the customers by calendar month. It reads all orders.', '
		month: First day of the month.
		complete: The month has ended by the last day counted; otherwise do not compare it with others.
		orders: Orders; the lines of one order_id are one order, refunds are none.
		spend: Net amount.
		active_customers: Customers with an order, as the last run counted them.
		average_order: spend / orders.', format('
		SELECT date_trunc(''month'', o.day::timestamp)::date AS month,
			(date_trunc(''month'', o.day::timestamp) + interval ''1 month'')::date <= o.as_of + 1 AS complete,
			sum(o.orders)::bigint AS orders, sum(o.spend) AS spend, coalesce(max(a.customers), 0) AS active_customers,
			round(sum(o.spend) / nullif(sum(o.orders), 0), 2) AS average_order
		FROM (
			-- Of days there are few.
			SELECT o.day, p.last_as_of AS as_of, count(*) FILTER (WHERE o.amount >= 0) AS orders, sum(o.amount) AS spend
			FROM (
				WITH o AS NOT MATERIALIZED (%s)
				SELECT o.customer_id, o.day, o.amount FROM o WHERE o.order_id IS NULL
				UNION ALL
				SELECT o.customer_id, min(o.day), sum(o.amount) FROM o WHERE o.order_id IS NOT NULL GROUP BY o.customer_id, o.order_id
			) AS o
			JOIN (SELECT p.* FROM portfolio AS p WHERE p.only_row) AS p ON o.day <= p.last_as_of
			GROUP BY o.day, p.last_as_of
		) AS o
		LEFT JOIN (
			SELECT m.month, count(*) AS customers
			FROM (SELECT unnest(custseg._purchase_months(c.purchases)) AS month FROM customer AS c) AS m
			GROUP BY m.month
		) AS a ON a.month = date_trunc(''month'', o.day::timestamp)::date
		GROUP BY 1, 2
		ORDER BY 1', custseg._report_orders(portfolio)));

	PERFORM custseg._make_report(portfolio, 'run_log', 'The runs, the newest first.', '
		run_id: Number of the run.
		as_of: The last day counted.
		state: running, done or failed.
		started_at: When it started.
		duration: How long it took; of one that is running, so far.
		started_by: The database role whose session started it.
		customers: Customers after the run.
		orders: Orders that counted.
		late_orders: Order rows that came for days that had been counted before.
		new_customers: Customers whom it saw first.
		moved: Changes of the state of a tier.
		criteria_version: The version of the criteria.
		sqlstate: SQLSTATE of the error of a failed run.
		error: Its message.
		timings: Milliseconds of each step.', '
		SELECT r.run_id, r.as_of, r.state, r.started_at, coalesce(r.finished_at, clock_timestamp()) - r.started_at AS duration, r.started_by,
			r.customers, r.orders, r.late_orders, (r.counts ->> ''customers_new'')::bigint AS new_customers,
			(r.counts ->> ''tier_transitions'')::bigint AS moved, r.criteria_version, r.sqlstate, r.error, r.timings
		FROM run AS r ORDER BY r.run_id DESC');
END
$$;
COMMENT ON FUNCTION custseg._make_time_reports(text) IS
'Internal: makes the views class_history, monthly and run_log.';

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

-- What targets can be set for, and how a run measures it.
--
-- A metric is sum(numerator) / sum(denominator) over the customers of the scope, or sum(numerator) alone. Both are SQL
-- for one customer c, with the marks {p} (purchases, of all days or of the period), {as_of}, {from} (first day of the
-- period), {active} and {fresh} (the settings active_days, new_days), {risk}, {score}, {clv}. Metrics with another source
-- read its rows x of the customer: number and amount.

CREATE FUNCTION custseg.target_metrics(
	OUT metric text, OUT unit text, OUT direction text, OUT source text, OUT takes_period boolean, OUT adds_up boolean,
	OUT numerator text, OUT denominator text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 25
BEGIN ATOMIC
	SELECT v.metric, v.unit, v.direction, v.source, v.takes_period, v.adds_up, v.numerator, v.denominator, v.description
	FROM (VALUES
		('customers', 'customers', 'at_least', 'orders', false, false, '1', NULL, 'customers'),
		('buyers', 'customers', 'at_least', 'orders', true, true, '(custseg.frequency({p}) > 0)::int', NULL, 'customers with a purchase'),
		('new_customers', 'customers', 'at_least', 'orders', true, true,
		 '(custseg.first_purchase(c.purchases) >= coalesce({from}, {as_of} - {fresh} + 1))::int', NULL,
		 'customers whose first purchase is in the period; without a period, within the setting new_days'),
		('spend', 'money', 'at_least', 'orders', true, true, 'custseg.spend({p})', NULL, 'net amount of purchases'),
		('orders', 'orders', 'at_least', 'orders', true, true, 'custseg.orders({p})', NULL, 'number of orders'),
		('average_spend', 'money', 'at_least', 'orders', true, false, 'custseg.spend({p})', '(custseg.frequency({p}) > 0)::int',
		 'spend / buyers'),
		('average_order', 'money', 'at_least', 'orders', true, false, 'custseg.spend({p})', 'custseg.orders({p})', 'spend / orders'),
		('profit', 'money', 'at_least', 'orders', true, true, 'custseg.profit({p})', NULL, 'spend less cost of customers whose cost is known'),
		('margin', 'share', 'at_least', 'orders', true, false, 'custseg.profit({p})',
		 'CASE WHEN custseg.profit({p}) IS NOT NULL THEN custseg.spend({p}) END', 'profit / spend of customers whose cost is known'),
		('repeat_rate', 'share', 'at_least', 'orders', true, false, 'custseg.is_repeat({p})::int', '(custseg.frequency({p}) > 0)::int',
		 'buyers with purchases on more than one day / buyers'),
		('active_share', 'share', 'at_least', 'orders', false, false, '(custseg.last_purchase({p}) > {as_of} - {active})::int',
		 '(custseg.frequency({p}) > 0)::int', 'customers with a purchase within the setting active_days / customers with a purchase'),
		('churn_share', 'share', 'at_most', 'orders', false, false, '({risk} = ''high'')::int', '(custseg.frequency({p}) > 0)::int',
		 'customers with a high risk, as in the view churn_risk / customers with a purchase'),
		('tier_share', 'share', 'at_least', 'whole', false, false, '1', '1', 'customers of the tier or segment / all customers'),
		('value_share', 'share', 'at_least', 'whole', true, false, 'custseg.spend({p})', 'custseg.spend({p})',
		 'spend of the tier or segment / spend of all customers'),
		('score', 'points', 'at_least', 'orders', false, false, '{score}', '({score} IS NOT NULL)::int', 'mean of the total score'),
		('clv', 'money', 'at_least', 'orders', false, false, '{clv}', '({clv} IS NOT NULL)::int',
		 'mean lifetime value: margin to expect within the horizon'),
		('satisfaction', 'points', 'at_least', 'feedback', true, false, 'x.amount', 'x.number',
		 'mean of score / scale of feedback; without a period, of the last 365 days'),
		('service_cost', 'money', 'at_most', 'costs', true, true, 'x.amount', NULL,
		 'cost of serving the customers; without a period, of the last 365 days'),
		('cost_to_serve', 'money', 'at_most', 'costs', true, false, 'x.amount', '1', 'service_cost / customers'),
		('utilisation', 'share', 'at_least', 'resource', false, false, 'b.used', 'b.budget',
		 'used / budget of a resource, as in the view budget_use; scope resource'),
		('external', 'any', 'at_least', 'told', true, false, NULL, NULL,
		 'what set_target_actual tells: market share, brand awareness and others that no source of the portfolio has')
	) AS v (metric, unit, direction, source, takes_period, adds_up, numerator, denominator, description);
END;
COMMENT ON FUNCTION custseg.target_metrics() IS
'What targets can be set for. A metric is sum(numerator) / sum(denominator) over the customers c of the scope, or sum(numerator) alone; of source whole the denominator is over all customers. {p}: the purchases of the customer in the period. takes_period: set_target takes a period for it. adds_up: it grows with the days of a period, so before the period ends only that part of the goal is asked for. direction: what set_target takes by itself. Any measure of a portfolio is a metric besides, its mean.';

-- A metric of a portfolio, where it is a measure its mean.
CREATE FUNCTION custseg._target_metric(portfolio text, p_metric text,
	OUT metric text, OUT direction text, OUT source text, OUT takes_period boolean, OUT adds_up boolean,
	OUT numerator text, OUT denominator text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known record;
BEGIN
	SELECT m.* INTO known FROM custseg.target_metrics() AS m WHERE m.metric = p_metric;
	IF NOT FOUND THEN
		BEGIN
			PERFORM custseg._measure_expression(portfolio, p_metric, '');
		EXCEPTION WHEN invalid_parameter_value THEN
			RAISE EXCEPTION 'argument "metric" is "%", which is no metric and no measure', p_metric
				USING ERRCODE = '22023', HINT = format('Metrics are %s, and the measures of the portfolio.',
					(SELECT string_agg(m.metric, ', ') FROM custseg.target_metrics() AS m));
		END;
	END IF;
	metric := p_metric;
	direction := coalesce(known.direction, 'at_least');
	source := coalesce(known.source, 'orders');
	takes_period := coalesce(known.takes_period, false);
	adds_up := coalesce(known.adds_up, false);
	-- The name stands last: marks may be in it.
	numerator := CASE WHEN known.metric IS NULL THEN '{measure}' || p_metric ELSE known.numerator END;
	denominator := CASE WHEN known.metric IS NULL THEN '{known}' || p_metric ELSE known.denominator END;
END
$$;
COMMENT ON FUNCTION custseg._target_metric(text, text) IS
'Internal: a metric of targets of a portfolio. 22023: no such metric or measure.';

-- An expression of a metric with its marks replaced. What c must have for it is what _scored_customers gives, and score.
CREATE FUNCTION custseg._fill_metric(portfolio text, expression text, summary text, as_of date, p_from date) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day text := format('%L::date', as_of);
	mark text[];
BEGIN
	IF starts_with(expression, '{measure}') THEN
		RETURN custseg._measure_expression(portfolio, substr(expression, length('{measure}') + 1), day);
	ELSIF starts_with(expression, '{known}') THEN
		RETURN format('(%s IS NOT NULL)::int', custseg._measure_expression(portfolio, substr(expression, length('{known}') + 1), day));
	END IF;
	FOREACH mark SLICE 1 IN ARRAY ARRAY[
		['{p}', summary], ['{as_of}', day], ['{from}', format('%L::date', p_from)],
		['{active}', custseg._option(portfolio, 'active_days')], ['{fresh}', custseg._option(portfolio, 'new_days')]]
	LOOP
		expression := replace(expression, mark[1], mark[2]);
	END LOOP;
	-- The rest may hold names, so no mark is looked for in it. It costs a look at the settings: only where it is asked for.
	IF expression LIKE '%{risk}%' THEN
		expression := replace(expression, '{risk}', custseg._risk_expression(portfolio, day));
	END IF;
	IF expression LIKE '%{clv}%' THEN
		expression := replace(expression, '{clv}', CASE WHEN custseg._option(portfolio, 'lifetime') = 'none' THEN 'NULL::float8'
			ELSE custseg._measure_expression(portfolio, 'clv', day) END);
	END IF;
	IF expression LIKE '%{score}%' THEN
		expression := replace(expression, '{score}', custseg._score_expression(portfolio));
	END IF;
	RETURN expression;
END
$$;
COMMENT ON FUNCTION custseg._fill_metric(text, text, text, date, date) IS
'Internal: the expression of a metric with its marks replaced.';

-- Targets: goals for metrics, measured by each run.

CREATE FUNCTION custseg._check_target(portfolio text, metric text, scope text, class text, period text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT m.* INTO known FROM custseg._target_metric(portfolio, metric) AS m;
	IF scope IS NULL OR scope NOT IN ('all', 'tier', 'segment', 'resource') THEN
		RAISE EXCEPTION 'argument "scope" is "%"', scope
			USING ERRCODE = '22023', HINT = 'It must be all, tier, segment or resource.';
	END IF;
	IF (scope = 'resource') <> (known.source = 'resource') OR scope = 'all' AND known.source = 'whole' THEN
		RAISE EXCEPTION 'argument "scope" is "%", which metric "%" is not measured for', scope, metric
			USING ERRCODE = '22023', HINT = CASE known.source WHEN 'resource' THEN 'It must be resource, and class its name.'
				WHEN 'whole' THEN 'It must be tier or segment.' ELSE 'It must be all, tier or segment.' END;
	END IF;
	IF (scope = 'all') <> (class IS NULL) THEN
		RAISE EXCEPTION 'argument "class" is %', coalesce('"' || class || '"', 'null')
			USING ERRCODE = '22023', HINT = 'With scope tier, segment or resource it is the name of one, with scope all it is null.';
	END IF;
	IF scope = 'tier' AND NOT EXISTS (SELECT FROM tier AS t WHERE t.tier = class)
		OR scope = 'segment' AND NOT EXISTS (SELECT FROM custseg.segment_rule AS r
			WHERE r.segmentation = custseg._option(portfolio, 'segmentation') AND r.segment = class)
		OR scope = 'resource' AND NOT custseg._has_resource(portfolio, class)
	THEN
		RAISE EXCEPTION 'argument "class" is "%", which is no % of portfolio "%"', class, scope, portfolio
			USING ERRCODE = '22023', HINT = CASE scope
				WHEN 'tier' THEN format('Its tiers are %s.', (SELECT string_agg(t.tier, ', ' ORDER BY t.position) FROM tier AS t))
				WHEN 'segment' THEN format('Its segments are those of segmentation "%s".', custseg._option(portfolio, 'segmentation'))
				ELSE 'Its resources are those of set_resource.' END;
	END IF;
	IF period IS NOT NULL AND NOT known.takes_period THEN
		RAISE EXCEPTION 'argument "period" is "%", but metric "%" is not measured over a period', period, metric
			USING ERRCODE = '22023', HINT = 'It must be null for this metric; custseg.target_metrics() tells which take a period.';
	END IF;
	-- 22023 when it is no period.
	PERFORM custseg.measure_window(period, current_date);
END
$$;
COMMENT ON FUNCTION custseg._check_target(text, text, text, text, text) IS
'Internal: checks that a target can be measured. 22023: unknown metric, scope, class or period, or they do not go together.';

CREATE FUNCTION custseg._has_resource(portfolio text, p_resource text) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found boolean := false;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF to_regclass('resource') IS NOT NULL THEN
		EXECUTE 'SELECT EXISTS (SELECT FROM resource AS r WHERE r.resource = $1)' INTO found USING p_resource;
	END IF;
	RETURN found;
END
$$;
COMMENT ON FUNCTION custseg._has_resource(text, text) IS
'Internal: whether a portfolio has a resource of this name.';

CREATE FUNCTION custseg._set_target(portfolio text, p_target text, p_metric text, p_value numeric, p_scope text, p_class text,
	p_period text, p_direction text, p_amber numeric, p_valid_from date, p_valid_until date, p_note text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_direction text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	IF p_target IS NULL OR p_metric IS NULL OR p_value IS NULL OR p_amber IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', CASE WHEN p_target IS NULL THEN 'target' WHEN p_metric IS NULL THEN 'metric'
				WHEN p_value IS NULL THEN 'value' ELSE 'amber' END
			USING ERRCODE = '22004', HINT = 'Give the name of the target, its metric and its goal.';
	END IF;
	IF p_target = '' OR length(p_target) > 200 THEN
		RAISE EXCEPTION 'argument "target" must have 1 to 200 characters'
			USING ERRCODE = '22023', HINT = 'Give the target a short name.';
	END IF;
	IF p_value IN ('NaN', 'Infinity', '-Infinity') THEN
		RAISE EXCEPTION 'argument "value" is %', p_value USING ERRCODE = '22023', HINT = 'It must be finite.';
	END IF;
	IF NOT (p_amber >= 0 AND p_amber < 'Infinity') THEN
		RAISE EXCEPTION 'argument "amber" is %', p_amber
			USING ERRCODE = '22023', HINT = 'It must be at least 0 and finite: 0.1 for 10 percent of the goal.';
	END IF;
	PERFORM custseg._check_target(portfolio, p_metric, p_scope, p_class, p_period);
	v_direction := coalesce(p_direction, (SELECT m.direction FROM custseg._target_metric(portfolio, p_metric) AS m));
	IF v_direction NOT IN ('at_least', 'at_most') THEN
		RAISE EXCEPTION 'argument "direction" is "%"', v_direction USING ERRCODE = '22023', HINT = 'It must be at_least or at_most.';
	END IF;
	IF p_valid_from >= p_valid_until THEN
		RAISE EXCEPTION 'argument "valid_until" is %, not after "valid_from", which is %', p_valid_until, p_valid_from
			USING ERRCODE = '22023', HINT = 'valid_until is the first day behind the last one of the target.';
	END IF;

	INSERT INTO target (target, metric, scope, class, period, value, direction, amber, valid_from, valid_until, note)
	VALUES (p_target, p_metric, p_scope, p_class, p_period, p_value, v_direction, p_amber, p_valid_from, p_valid_until, p_note)
	ON CONFLICT (target) DO UPDATE SET metric = excluded.metric, scope = excluded.scope, class = excluded.class,
		period = excluded.period, value = excluded.value, direction = excluded.direction, amber = excluded.amber,
		valid_from = excluded.valid_from, valid_until = excluded.valid_until, note = excluded.note;
END
$$;
COMMENT ON FUNCTION custseg._set_target(text, text, text, numeric, text, text, text, text, numeric, date, date, text) IS
'Internal: what set_target does.';

CREATE FUNCTION custseg._check_target_name(portfolio text, p_target text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF p_target IS NULL OR NOT EXISTS (SELECT FROM target AS t WHERE t.target = p_target) THEN
		RAISE EXCEPTION 'target % of portfolio "%" does not exist', coalesce('"' || p_target || '"', 'null'), portfolio
			USING ERRCODE = '42704', HINT = 'Argument "target" must be a name that set_target was called with.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_target_name(text, text) IS
'Internal: raises 42704 when a portfolio has no target of this name.';

CREATE FUNCTION custseg._drop_target(portfolio text, p_target text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_target_name(portfolio, p_target);
	DELETE FROM target AS t WHERE t.target = p_target;
END
$$;
COMMENT ON FUNCTION custseg._drop_target(text, text) IS
'Internal: what drop_target does.';

CREATE FUNCTION custseg._set_target_actual(portfolio text, p_target text, p_actual numeric, p_as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v_metric text;
	day date;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_target_name(portfolio, p_target);
	SELECT t.metric INTO v_metric FROM target AS t WHERE t.target = p_target;
	IF v_metric <> 'external' THEN
		RAISE EXCEPTION 'target "%" is measured by the portfolio: its metric is "%"', p_target, v_metric
			USING ERRCODE = '22023', HINT = 'Only a target of metric external is told.';
	END IF;
	IF p_actual IS NULL THEN
		RAISE EXCEPTION 'argument "actual" must not be null' USING ERRCODE = '22004', HINT = 'Give what was reached.';
	END IF;
	IF p_actual IN ('NaN', 'Infinity', '-Infinity') THEN
		RAISE EXCEPTION 'argument "actual" is %', p_actual USING ERRCODE = '22023', HINT = 'It must be finite.';
	END IF;
	day := coalesce(p_as_of, (SELECT p.last_as_of FROM portfolio AS p), current_date);
	IF NOT isfinite(day) OR day > current_date + 1 THEN
		RAISE EXCEPTION 'argument "as_of" is %', day USING ERRCODE = '22023', HINT = 'It must be a day that has been.';
	END IF;
	INSERT INTO target_actual (target, as_of, actual) VALUES (p_target, day, p_actual)
	ON CONFLICT (target, as_of) DO UPDATE SET actual = excluded.actual, author = excluded.author, set_at = excluded.set_at;
	PERFORM custseg._write_attainment(portfolio, p.last_as_of,
		jsonb_build_object(p_target, custseg._told_actual(portfolio, p_target, p.last_as_of)))
	FROM portfolio AS p WHERE p.last_as_of >= day;
END
$$;
COMMENT ON FUNCTION custseg._set_target_actual(text, text, numeric, date) IS
'Internal: what set_target_actual does.';

CREATE FUNCTION custseg._told_actual(portfolio text, p_target text, as_of date) RETURNS numeric
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN (SELECT t.actual FROM target_actual AS t WHERE t.target = p_target AND t.as_of <= _told_actual.as_of
		ORDER BY t.as_of DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION custseg._told_actual(text, text, date) IS
'Internal: what set_target_actual has told last up to a day.';

-- What the targets of one period and source have reached: a statement over the customers for all of them together.
CREATE FUNCTION custseg._measure_period(portfolio text, p_as_of date, p_period text, p_source text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	first date;
	summary text := 'c.purchases';
	joins text := '';
	rows text;
	targets text[];
	sums text;
	result jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.* INTO STRICT home FROM portfolio AS p;
	first := lower(custseg.measure_window(p_period, p_as_of));
	IF p_source IN ('costs', 'feedback') THEN
		rows := custseg._source_amounts(portfolio, p_source);
		IF rows IS NULL THEN
			RETURN '{}';
		END IF;
		joins := format(' LEFT JOIN (SELECT s.customer_id, count(s.amount) AS number, sum(s.amount) AS amount FROM (%s) AS s
			WHERE s.day >= %L AND s.day <= %L GROUP BY s.customer_id) AS x ON x.customer_id = c.customer_id',
			rows, coalesce(first, CASE WHEN p_period IS NULL THEN p_as_of - 364 ELSE '-infinity' END), p_as_of);
	ELSIF first IS NOT NULL THEN
		-- The lines of an order are netted as in a run; the moment itself may have an index, the day decides.
		joins := format(' LEFT JOIN custseg._portfolio_purchases(NULL::%s, %L, %L, NULL, %L) AS w
			ON w.counts IS NULL AND w.customer_id = c.customer_id', home.customer_type,
			format('SELECT o.customer_id, o.day, o.amount, o.cost, o.order_id FROM (%s) AS o WHERE o.day >= %L AND o.ordered_at > %L',
				custseg._report_orders(portfolio), first, first - 2),
			p_as_of, home.time_zone);
		summary := 'w.purchases';
	END IF;

	SELECT array_agg(m.target ORDER BY m.target), string_agg(format(
		-- A sum over nobody is 0, but a profit that nobody's cost is known for is not known.
		CASE WHEN m.denominator IS NULL AND m.metric <> 'profit' THEN 'coalesce(sum((%s)::numeric) FILTER (WHERE %s), 0)%s'
			ELSE '(sum((%s)::numeric) FILTER (WHERE %s))%s' END,
		custseg._fill_metric(portfolio, m.numerator, summary, p_as_of, first), m.filter,
		CASE WHEN m.denominator IS NULL THEN ''
			ELSE format(' / nullif(sum((%s)::numeric) FILTER (WHERE %s), 0)',
				custseg._fill_metric(portfolio, m.denominator, summary, p_as_of, first),
				CASE m.source WHEN 'whole' THEN 'true' ELSE m.filter END) END), ', ' ORDER BY m.target)
	INTO targets, sums
	FROM (
		SELECT t.target, t.metric, k.numerator, k.denominator, k.source,
			CASE t.scope WHEN 'all' THEN 'true' ELSE format('c.%I = %L', t.scope, t.class) END AS filter
		FROM target AS t CROSS JOIN LATERAL custseg._target_metric(portfolio, t.metric) AS k
		WHERE t.period IS NOT DISTINCT FROM p_period AND CASE k.source WHEN 'whole' THEN 'orders' ELSE k.source END = p_source
			AND coalesce(t.valid_from <= p_as_of, true) AND coalesce(t.valid_until > p_as_of, true)
	) AS m;
	EXECUTE format('SELECT jsonb_object_agg(v.target, v.actual)
		FROM (SELECT ARRAY[%s]::numeric[] AS actuals FROM %s%s WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL) AS f,
			ROWS FROM (unnest(%L::text[]), unnest(f.actuals)) AS v (target, actual)',
		sums, custseg._scored_customers(portfolio, format('%L::date', p_as_of)), joins, targets) INTO result;
	RETURN result;
END
$$;
COMMENT ON FUNCTION custseg._measure_period(text, date, text, text) IS
'Internal: what the targets of one period over one source have reached, as name and number.';

-- The part of a calendar period that has passed with a day; 1 for every other period.
CREATE FUNCTION custseg._period_passed(period text, as_of date) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN period IN ('month', 'quarter', 'half', 'year') THEN
		(SELECT (as_of - w.first + 1)::numeric / ((w.first + CASE period WHEN 'month' THEN INTERVAL '1 month'
			WHEN 'quarter' THEN INTERVAL '3 months' WHEN 'half' THEN INTERVAL '6 months' ELSE INTERVAL '1 year' END)::date - w.first)
		FROM (SELECT pg_catalog.lower(custseg.measure_window(period, as_of)) AS first) AS w)
		ELSE 1 END;
END;
COMMENT ON FUNCTION custseg._period_passed(text, date) IS
'Internal: the part of a calendar period that has passed at the end of a day, above 0 to 1; 1 for other periods.';

CREATE FUNCTION custseg._write_attainment(portfolio text, p_as_of date, actuals jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO attainment_history (as_of, target, actual, value, attainment, status)
	SELECT p_as_of, t.target, t.actual, t.value,
		round(CASE t.direction WHEN 'at_least' THEN t.actual / nullif(t.value, 0) ELSE t.value / nullif(t.actual, 0) END, 6),
		CASE WHEN t.away <= 0 THEN 'green' WHEN t.away <= abs(t.value) * t.amber THEN 'amber' WHEN t.away IS NOT NULL THEN 'red' END
	FROM (
		SELECT v.*, CASE v.direction WHEN 'at_least' THEN v.value - v.actual ELSE v.actual - v.value END AS away
		FROM (
			SELECT t.target, t.direction, t.amber, trim_scale(round((a.value #>> '{}')::numeric, 6)) AS actual,
				trim_scale(round(t.value * CASE WHEN k.adds_up THEN custseg._period_passed(t.period, p_as_of) ELSE 1 END, 6)) AS value
			FROM jsonb_each(actuals) AS a
			JOIN target AS t ON t.target = a.key
			CROSS JOIN LATERAL custseg._target_metric(portfolio, t.metric) AS k
		) AS v
	) AS t
	ON CONFLICT (target, as_of) DO UPDATE SET actual = excluded.actual, value = excluded.value,
		attainment = excluded.attainment, status = excluded.status;
END
$$;
COMMENT ON FUNCTION custseg._write_attainment(text, date, jsonb) IS
'Internal: writes what targets have reached on a day, by name, into attainment_history.';

CREATE FUNCTION custseg._measure_targets(portfolio text, as_of date) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day date := as_of;
	part record;
	actuals jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	-- Each target is there, if only as not known.
	SELECT coalesce(jsonb_object_agg(t.target, CASE WHEN t.metric = 'external' THEN custseg._told_actual(portfolio, t.target, day) END), '{}')
	INTO actuals
	FROM target AS t
	WHERE coalesce(t.valid_from <= day, true) AND coalesce(t.valid_until > day, true);
	FOR part IN
		SELECT DISTINCT t.period, CASE k.source WHEN 'whole' THEN 'orders' ELSE k.source END AS source
		FROM target AS t CROSS JOIN LATERAL custseg._target_metric(portfolio, t.metric) AS k
		WHERE actuals ? t.target AND k.source IN ('orders', 'whole', 'costs', 'feedback')
	LOOP
		actuals := actuals || custseg._measure_period(portfolio, day, part.period, part.source);
	END LOOP;
	IF to_regclass('budget_use') IS NOT NULL AND EXISTS (SELECT FROM target AS t WHERE t.scope = 'resource') THEN
		EXECUTE 'SELECT coalesce(jsonb_object_agg(t.target, b.used / nullif(b.budget, 0)), ''{}'')
			FROM target AS t JOIN budget_use AS b ON b.resource = t.class AND b.tier IS NULL
			WHERE t.scope = ''resource'' AND $1 ? t.target' INTO part USING actuals;
		actuals := actuals || part.coalesce;
	END IF;
	PERFORM custseg._write_attainment(portfolio, day, actuals);
END
$$;
COMMENT ON FUNCTION custseg._measure_targets(text, date) IS
'Internal: measures the targets that are valid on a day, into attainment_history.';

CREATE FUNCTION custseg._make_target_reports(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_report(portfolio, 'attainment', 'The targets, and how far they are met as of the last run that measured them.', '
		target: Name of the target.
		metric: What is measured, see custseg.target_metrics().
		scope: all, tier, segment or resource.
		class: The tier, segment or resource.
		period: Over which period; NULL: all days.
		direction: at_least: more is better; at_most: less is better.
		goal: The goal, for the whole period.
		as_of: The last day counted; NULL: not measured yet.
		expected: The goal on that day: of an amount, the part of it for the days of the period that have passed.
		actual: What was reached; NULL: not known.
		attainment: actual / expected, of at_most expected / actual: at least 1 when met.
		status: green: met; amber: nearly; red; NULL: not known.
		before: What was reached in the run before.
		valid_until: First day behind the target; NULL: no end.
		note: One line for people.', '
		SELECT t.target, t.metric, t.scope, t.class, t.period, t.direction, t.value AS goal, h.as_of, h.value AS expected, h.actual,
			h.attainment, h.status,
			(SELECT b.actual FROM attainment_history AS b WHERE b.target = t.target AND b.as_of < h.as_of ORDER BY b.as_of DESC LIMIT 1)
				AS before,
			t.valid_until, t.note
		FROM target AS t
		LEFT JOIN LATERAL (
			SELECT a.* FROM attainment_history AS a WHERE a.target = t.target ORDER BY a.as_of DESC LIMIT 1
		) AS h ON true');

	PERFORM custseg._make_report(portfolio, 'attainment_trend', 'How far each target was met after each run.', '
		target: Name of the target; it may have been dropped since.
		as_of: The last day counted.
		expected: The goal on that day.
		actual: What was reached; NULL: not known.
		attainment: actual / expected, of at_most expected / actual: at least 1 when met.
		status: green: met; amber: nearly; red; NULL: not known.', '
		SELECT h.target, h.as_of, h.value AS expected, h.actual, h.attainment, h.status FROM attainment_history AS h');
END
$$;
COMMENT ON FUNCTION custseg._make_target_reports(text) IS
'Internal: makes the views attainment and attainment_trend.';

-- --- What the owner calls -------------------------------------------------

CREATE FUNCTION custseg.set_target(portfolio text, target text, metric text, value numeric, scope text DEFAULT 'all',
	class text DEFAULT NULL, period text DEFAULT NULL, direction text DEFAULT NULL, amber numeric DEFAULT 0.1,
	valid_from date DEFAULT NULL, valid_until date DEFAULT NULL, note text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_target(text, text, text, numeric, text, text, text, text, numeric, date, date, text) IS
'Sets a goal, or changes one; runs measure it from the next on, see the view attainment. target: its name. metric: one of custseg.target_metrics(), or a measure of the portfolio, of which it is the mean. value: the goal, for the whole period. scope: all customers, or those of the tier or segment class; resource for the metric utilisation. period: month, quarter, half, year or rolling N months; NULL: all days. direction: at_least or at_most; NULL: that of the metric. amber: how far from the goal is still amber, as a part of it. valid_from to valid_until (the first day behind): when it is measured. 22023: a bad value of an argument; 22004: NULL in target, metric, value or amber; 42704: no such portfolio; 42501: not the owner.';

CREATE FUNCTION custseg.drop_target(portfolio text, target text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_target(text, text) IS
'Takes a target away; what runs have measured of it stays in the view attainment_trend. 42704: no such portfolio, target; 42501: not the owner.';

CREATE FUNCTION custseg.set_target_actual(portfolio text, target text, actual numeric, as_of date DEFAULT NULL) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.set_target_actual(text, text, numeric, date) IS
'Tells what a target of metric external has reached, from the day as_of on (NULL: the day of the last run) until the next time: market share, brand awareness. The view attainment shows it at once. 22023: a target of another metric, a number that is not finite, a day to come; 22004: actual NULL; 42704: no such portfolio, target; 42501: not the owner.';

-- Readers: roles that see the report views of a portfolio, and nothing else of it.

-- Readers get the views that have come since they were granted. A role that was dropped, or whose rights were taken by
-- other means, gets nothing.
CREATE FUNCTION custseg._grant_report_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	step record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	FOR step IN
		SELECT c.oid::regclass AS relation, r.role_name, coalesce(g.oid, 0) AS role_id
		FROM reader AS r
		LEFT JOIN pg_roles AS g ON g.rolname = r.role_name
		CROSS JOIN report_view AS v
		JOIN pg_class AS c ON c.relname = v.name AND c.relkind = 'v'
			AND c.relnamespace = quote_ident(custseg._portfolio_schema(portfolio))::regnamespace
		WHERE (g.oid IS NOT NULL OR r.role_name = 'public')
			AND EXISTS (SELECT FROM pg_class AS t, aclexplode(t.relacl) AS a
				WHERE t.oid = 'current_customers'::regclass AND a.grantee = coalesce(g.oid, 0) AND a.privilege_type = 'SELECT')
			AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) AS a
				WHERE a.grantee = coalesce(g.oid, 0) AND a.privilege_type = 'SELECT')
	LOOP
		EXECUTE format('GRANT SELECT ON %s TO %s', step.relation,
			CASE WHEN step.role_id = 0 THEN 'PUBLIC' ELSE quote_ident(step.role_name) END);
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._grant_report_views(text) IS
'Internal: gives the readers of a portfolio the report views that they do not have yet.';

CREATE FUNCTION custseg._check_reader(portfolio text, role name) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF role IS NULL THEN
		RAISE EXCEPTION 'argument "role" must not be null'
			USING ERRCODE = '22004', HINT = 'Give the name of a role, or public.';
	END IF;
	IF role = 'public' THEN
		RETURN 'PUBLIC';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = role) THEN
		RAISE EXCEPTION 'role "%" does not exist', role
			USING ERRCODE = '42704', HINT = 'Argument "role" must be the name of a role of this cluster, or public.';
	END IF;
	IF role = (SELECT pg_get_userbyid(n.nspowner) FROM pg_namespace AS n WHERE n.nspname = custseg._portfolio_schema(portfolio)) THEN
		RAISE EXCEPTION 'role "%" owns portfolio "%"', role, portfolio
			USING ERRCODE = '22023', HINT = 'The owner reads everything by itself. Argument "role" must be another role.';
	END IF;
	RETURN quote_ident(role);
END
$$;
COMMENT ON FUNCTION custseg._check_reader(text, name) IS
'Internal: a role as GRANT takes it. 22004: null; 42704: no such role; 22023: the owner of the portfolio.';

CREATE FUNCTION custseg._grant_reader(portfolio text, role name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	grantee text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	grantee := custseg._check_reader(portfolio, role);
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', custseg._portfolio_schema(portfolio), grantee);
	EXECUTE format('GRANT SELECT ON current_customers TO %s', grantee);
	INSERT INTO reader (role_name) VALUES (role) ON CONFLICT DO NOTHING;
	PERFORM custseg._grant_report_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._grant_reader(text, name) IS
'Internal: what grant_reader does.';

CREATE FUNCTION custseg._revoke_reader(portfolio text, role name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	grantee text;
	relation regclass;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	-- The role may be gone.
	DELETE FROM reader AS r
	WHERE r.role_name = role AND role <> 'public' AND NOT EXISTS (SELECT FROM pg_roles AS g WHERE g.rolname = role);
	IF FOUND THEN
		RETURN;
	END IF;
	grantee := custseg._check_reader(portfolio, role);
	DELETE FROM reader AS r WHERE r.role_name = role;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'role "%" is no reader of portfolio "%"', role, portfolio
			USING ERRCODE = '42704', HINT = 'Argument "role" must be a role that grant_reader was called for.';
	END IF;
	FOR relation IN
		SELECT c.oid::regclass FROM report_view AS v
		JOIN pg_class AS c ON c.relname = v.name AND c.relkind = 'v'
			AND c.relnamespace = quote_ident(custseg._portfolio_schema(portfolio))::regnamespace
	LOOP
		EXECUTE format('REVOKE SELECT ON %s FROM %s', relation, grantee);
	END LOOP;
	EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM %s', custseg._portfolio_schema(portfolio), grantee);
END
$$;
COMMENT ON FUNCTION custseg._revoke_reader(text, name) IS
'Internal: what revoke_reader does.';

CREATE FUNCTION custseg.grant_reader(portfolio text, role name) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.grant_reader(text, name) IS
'Lets a role (or public) read the report views of a portfolio: USAGE on its schema and SELECT on each report view, also on those that come later. It gets no table and no source view. To call movement and the other functions for readers, the role needs custseg.grant_portfolios besides. Only for the owner of the portfolio. 42704: no such portfolio, role; 22004: NULL; 22023: the owner; 42501: not the owner.';

CREATE FUNCTION custseg.revoke_reader(portfolio text, role name) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.revoke_reader(text, name) IS
'Takes back what grant_reader gave to a role (or public). Only for the owner of the portfolio. 42704: no such portfolio, role, or a role that is no reader; 22004: NULL; 22023: the owner; 42501: not the owner.';

-- Source views: from a relation or query of the user to a view in the portfolio's schema that has the standard columns.
--
-- What the user wrote is meant in his own search_path. It becomes part of a view at once and is not kept as text, so
-- PostgreSQL tracks what it depends on. Before that it must parse as one SELECT.

CREATE FUNCTION custseg._check_query(query text, argument text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_check_query' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg._check_query(text, text) IS
'Internal: refuses a text that is not one SELECT which only reads; argument is named in the error. 22023: it is not; 42601: syntax error.';

-- What a text of the user is in FROM: a relation that is found in the caller's search_path, or a query in parentheses.
CREATE FUNCTION custseg._from_item(relation text, argument text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found regclass;
	persistence "char";
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = 'Give the name of a table or view, or a query.';
	END IF;
	IF relation ~* '^(\s|--[^\n]*\n|/\*.*?\*/)*((select|with|values|table)\M|\()' THEN
		RETURN '(' || rtrim(relation, E'; \t\n\r') || E'\n)';
	END IF;
	PERFORM set_config('search_path', current_setting('custseg.caller_search_path'), true);
	BEGIN
		found := to_regclass(relation);
	EXCEPTION WHEN invalid_name OR syntax_error THEN
		found := NULL;
	END;
	-- Qualified, whatever the path will be: regclass leaves the schema out where the path finds it.
	PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
	IF found IS NULL THEN
		RAISE EXCEPTION 'argument "%": relation "%" does not exist', argument, relation
			USING ERRCODE = '42P01', HINT = 'Give the name of a table or view, with its schema where it is not in search_path, or a query.';
	END IF;
	SELECT c.relpersistence INTO persistence FROM pg_class AS c WHERE c.oid = found;
	IF persistence = 't' THEN
		RAISE EXCEPTION 'argument "%": relation "%" is temporary', argument, relation
			USING ERRCODE = '42809', HINT = 'A portfolio reads it again at each run: give a table that stays.';
	END IF;
	RETURN found::text;
END
$$;
COMMENT ON FUNCTION custseg._from_item(text, text) IS
'Internal: what stands in FROM for a relation or a query that the user gave in an argument. 42P01: no such relation; 42809: a temporary one; 22004: null.';

-- A column of the user's relation, or an expression over its columns. A comment at its end ends with the line.
CREATE FUNCTION custseg._column_expression(from_item text, expression text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF expression IS NULL THEN
		RETURN NULL;
	END IF;
	IF left(from_item, 1) <> '(' AND EXISTS (
		SELECT FROM pg_attribute AS a
		WHERE a.attrelid = from_item::regclass AND a.attname = expression AND a.attnum > 0 AND NOT a.attisdropped)
	THEN
		RETURN format('o.%I', expression);
	END IF;
	RETURN format(E'(%s\n)', expression);
END
$$;
COMMENT ON FUNCTION custseg._column_expression(text, text) IS
'Internal: the SQL of a column name, quoted, or of an expression over the columns of a relation; NULL: NULL.';

-- Makes a view in the portfolio's schema; the user's names are found in the caller's search_path.
CREATE FUNCTION custseg._create_view(schema_name name, view_name name, query text, argument text, comment text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._check_query(query, argument);
	PERFORM set_config('search_path', current_setting('custseg.caller_search_path'), true);
	EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW %I.%I AS %s', schema_name, view_name, query);
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	EXECUTE format('COMMENT ON VIEW %I.%I IS %L', schema_name, view_name, comment);
END
$$;
COMMENT ON FUNCTION custseg._create_view(name, name, text, text, text) IS
'Internal: makes or replaces a view in the schema of a portfolio over relations of the caller.';

-- The type of a column, domains looked through.
CREATE FUNCTION custseg._column_type(schema_name name, view_name name, column_name name) RETURNS regtype
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE base AS (
		SELECT a.atttypid AS type
		FROM pg_catalog.pg_attribute AS a
		JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relname = view_name
		JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = schema_name
		WHERE a.attname = column_name
		UNION ALL
		SELECT t.typbasetype FROM base JOIN pg_catalog.pg_type AS t ON t.oid = base.type WHERE t.typtype = 'd'
	)
	SELECT base.type FROM base JOIN pg_catalog.pg_type AS t ON t.oid = base.type WHERE t.typtype <> 'd';
END;
COMMENT ON FUNCTION custseg._column_type(name, name, name) IS
'Internal: the type of a column of a relation, for a domain its base type; NULL: no such column.';

-- The columns of a relation, for a hint.
CREATE FUNCTION custseg._column_list(schema_name name, view_name name) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attnum)
	FROM pg_catalog.pg_attribute AS a
	JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relname = view_name
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = schema_name
	WHERE a.attnum > 0 AND NOT a.attisdropped;
END;
COMMENT ON FUNCTION custseg._column_list(name, name) IS
'Internal: the names of the columns of a relation, separated by commas.';

-- Makes the view source_probe of everything that an argument's relation or query has.
CREATE FUNCTION custseg._probe_relation(schema_name name, source text, argument text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	message text;
	advice text;
BEGIN
	PERFORM custseg._create_view(schema_name, 'source_probe', format('SELECT o.* FROM %s AS o', source), argument, 'Being looked at.');
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	RAISE EXCEPTION 'argument "%": %', argument, message
		USING ERRCODE = SQLSTATE, HINT = coalesce(nullif(advice, ''), 'Give the name of a table or view, or a query.');
END
$$;
COMMENT ON FUNCTION custseg._probe_relation(name, text, text) IS
'Internal: makes the view source_probe, to see what columns a relation or query has. Errors name the argument.';

-- The type of a user's column or expression. Its errors name the argument.
CREATE FUNCTION custseg._probe_expression(schema_name name, source text, expression text, argument text) RETURNS regtype
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type regtype;
	code text;
	message text;
	advice text;
BEGIN
	IF expression IS NULL THEN
		RETURN NULL;
	END IF;
	PERFORM custseg._create_view(schema_name, 'source_probe', format('SELECT %s AS value FROM %s AS o', expression, source), argument,
		'Being looked at.');
	type := custseg._column_type(schema_name, 'source_probe', 'value');
	EXECUTE format('DROP VIEW %I.source_probe', schema_name);
	RETURN type;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT;
	IF code = '42703' THEN
		PERFORM custseg._probe_relation(schema_name, source, argument);
		advice := 'There are the columns: ' || custseg._column_list(schema_name, 'source_probe');
	END IF;
	RAISE EXCEPTION 'argument "%": %', argument, message
		USING ERRCODE = code, HINT = coalesce(nullif(advice, ''), 'Give a column of the relation, or an expression over its columns.');
END
$$;
COMMENT ON FUNCTION custseg._probe_expression(name, text, text, text) IS
'Internal: the type of an expression over the columns of a relation; NULL: NULL. Errors name the argument and the columns that there are.';

-- A column as a customer in the type of the portfolio; NULL where its type is another one. Integers may be narrower.
CREATE FUNCTION custseg._key_expression(expression text, type regtype, key_type regtype) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	integers regtype[] := ARRAY['smallint', 'integer', 'bigint'];
BEGIN
	RETURN CASE
		WHEN key_type = 'text'::regtype AND type IN ('text'::regtype, 'varchar'::regtype) THEN format('nullif((%s)::text, '''')', expression)
		WHEN type = key_type THEN expression
		WHEN array_position(integers, type) < array_position(integers, key_type) THEN format('(%s)::%s', expression, key_type)
	END;
END
$$;
COMMENT ON FUNCTION custseg._key_expression(text, regtype, regtype) IS
'Internal: the SQL of a column of a type as customer_id of the portfolio''s type, an empty text being no customer; NULL: the types do not agree.';

-- The expression of customer_id and the join that it needs: for level account, the account of the customer.
CREATE FUNCTION custseg._source_customer(schema_name name, p_kind text, column_name name, type regtype, key_type regtype,
	OUT customer text, OUT member text, OUT joined text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	value text := format('o.%I', column_name);
	member_type regtype := custseg._column_type(schema_name, 'source_accounts', 'customer_id');
BEGIN
	joined := '';
	customer := custseg._key_expression(value, type, key_type);
	IF member_type IS NOT NULL AND p_kind <> 'accounts' THEN
		member := custseg._key_expression(value, type, member_type);
	END IF;
	IF member IS NOT NULL THEN
		-- A customer of no account is one of his own, if he can be. One account for each customer, whatever the relation
		-- holds by now: an order must not count twice.
		customer := CASE WHEN customer IS NOT NULL AND member_type = key_type THEN format('coalesce(a.account_id, %s)', customer)
			ELSE 'a.account_id' END;
		joined := format(' LEFT JOIN (SELECT DISTINCT ON (m.customer_id) m.customer_id, m.account_id FROM %I.source_accounts AS m'
			' ORDER BY m.customer_id, m.account_id) AS a ON a.customer_id = %s', schema_name, member);
	END IF;
	IF customer IS NULL THEN
		RAISE EXCEPTION 'column "%" of source "%" is of type %, but customers are of type %', column_name, p_kind, type, key_type
			USING ERRCODE = '42804', HINT = format('Give a query that casts it: SELECT %I::%s, ...', column_name, key_type);
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._source_customer(name, text, name, regtype, regtype) IS
'Internal: the SQL of customer_id of a source, and the join with the accounts where the portfolio has them. 42804: the type of the column does not fit.';

-- The SQL of a standard column of a source; raises where its type does not fit.
CREATE FUNCTION custseg._source_column(p_kind text, p_name name, p_type text, column_type regtype, time_zone text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	types regtype[] := CASE p_type
		WHEN 'day' THEN ARRAY['date', 'timestamp', 'timestamptz']::regtype[]
		WHEN 'numeric' THEN ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision']::regtype[]
		WHEN 'boolean' THEN ARRAY['boolean']::regtype[]
	END;
	sql_type text := CASE p_type WHEN 'day' THEN 'date' ELSE p_type END;
BEGIN
	IF column_type IS NULL THEN
		RETURN format('NULL::%s', sql_type);
	END IF;
	IF column_type <> ALL (types) THEN
		RAISE EXCEPTION 'column "%" of source "%" is of type %', p_name, p_kind, column_type
			USING ERRCODE = '42804', HINT = format('It must be of type %s. Give a query that casts it.', array_to_string(types, ' or '));
	END IF;
	IF column_type = 'timestamptz'::regtype THEN
		RETURN format('(o.%I AT TIME ZONE %L)::date', p_name, time_zone);
	END IF;
	RETURN format('o.%I::%s', p_name, sql_type);
END
$$;
COMMENT ON FUNCTION custseg._source_column(text, name, text, regtype, text) IS
'Internal: the SQL of a standard column of a source over the user''s column of the same name; column_type: the type of that, NULL where there is none. 42804: it does not fit.';

-- The columns of source_probe behind the standard ones that a kind keeps.
CREATE FUNCTION custseg._further_columns(schema_name name, p_kind text, OUT names text[], OUT expressions text)
RETURNS record
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum),
		pg_catalog.string_agg(pg_catalog.format(', o.%I', a.attname), '' ORDER BY a.attnum)
	FROM pg_catalog.pg_attribute AS a
	JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid AND c.relname = 'source_probe'
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = schema_name
	WHERE p_kind IN ('customers', 'measures') AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attname <> ALL (ARRAY(SELECT s.name FROM custseg._source_columns() AS s WHERE s.kind = p_kind));
END;
COMMENT ON FUNCTION custseg._further_columns(name, text) IS
'Internal: the columns that a source of kind customers or measures has besides the standard ones.';

-- Says what the columns of a source view are.
CREATE FUNCTION custseg._comment_columns(schema_name name, p_kind text, view_name name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
BEGIN
	FOR part IN
		SELECT a.attname, a.attrelid::regclass AS relation, coalesce(c.description, 'a column of the source itself') AS description
		FROM pg_attribute AS a LEFT JOIN custseg._source_columns() AS c ON c.kind = p_kind AND c.name = a.attname
		WHERE a.attrelid = format('%I.%I', schema_name, view_name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', part.relation, part.attname,
			upper(left(part.description, 1)) || substr(part.description, 2) || '.');
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._comment_columns(name, text, name) IS
'Internal: comments the columns of the view of a source.';

-- Makes the view of a source; returns which of its columns have content.
CREATE FUNCTION custseg._create_source_view(schema_name name, p_kind text, query text, argument text, key_type regtype, time_zone text)
RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source text := custseg._from_item(query, argument);
	standard record;
	found regtype;
	key record;
	further record;
	present text[] := '{}';
	fields text[] := '{}';
	joined text := '';
	distinct_on text := '';
	sorted text := '';
BEGIN
	PERFORM custseg._probe_relation(schema_name, source, argument);
	FOR standard IN SELECT c.* FROM custseg._source_columns() AS c WHERE c.kind = p_kind ORDER BY c.place LOOP
		found := custseg._column_type(schema_name, 'source_probe', standard.name);
		IF found IS NULL AND standard.required THEN
			RAISE EXCEPTION 'source "%" needs a column "%"', p_kind, standard.name
				USING ERRCODE = '42703',
				DETAIL = format('There are the columns: %s', custseg._column_list(schema_name, 'source_probe')),
				HINT = 'Give a query that names its columns so; custseg.source_kinds() lists them.';
		END IF;
		IF found IS NOT NULL THEN
			present := present || standard.name::text;
		END IF;
		IF standard.type <> 'key' THEN
			fields := fields || format('%s AS %I', custseg._source_column(p_kind, standard.name, standard.type, found, time_zone), standard.name);
			CONTINUE;
		END IF;
		IF p_kind = 'accounts' AND standard.name = 'account_id' THEN
			-- The accounts are what customers of the portfolio are: of any type that customers may have.
			key_type := CASE found WHEN 'varchar'::regtype THEN 'text'::regtype ELSE found END;
			IF key_type <> ALL (ARRAY['smallint', 'integer', 'bigint', 'uuid', 'text']::regtype[]) THEN
				RAISE EXCEPTION 'column "account_id" of source "accounts" is of type %', found
					USING ERRCODE = '42804', HINT = 'It must be of type smallint, integer, bigint, uuid, text or varchar.';
			END IF;
		END IF;
		key := custseg._source_customer(schema_name, p_kind, standard.name, found, key_type);
		fields := fields || format('%s AS %I', key.customer, standard.name);
		joined := key.joined;
		IF p_kind = 'customers' AND joined <> '' THEN
			-- One row for an account: its own, or that of its first customer.
			distinct_on := format('DISTINCT ON (%s) ', key.customer);
			sorted := format(' ORDER BY %s, a.account_id IS NOT NULL, %s', key.customer, key.member);
		END IF;
	END LOOP;

	further := custseg._further_columns(schema_name, p_kind);
	EXECUTE format('DROP VIEW %I.source_probe', schema_name);
	PERFORM custseg._create_view(schema_name, 'source_' || p_kind, format('SELECT %s%s%s FROM %s AS o%s%s',
		distinct_on, array_to_string(fields, ', '), further.expressions, source, joined, sorted), argument, 'Source: ' || p_kind || '.');
	PERFORM custseg._comment_columns(schema_name, p_kind, ('source_' || p_kind)::name);
	RETURN present || further.names;
END
$$;
COMMENT ON FUNCTION custseg._create_source_view(name, text, text, text, regtype, text) IS
'Internal: makes or replaces the view of a source with its standard columns; returns those that have content. key_type: that of customer_id. 42703: a column is missing; 42804: one is of another type; 42P16: the view cannot be replaced, since its columns are others.';

-- add_source and drop_source: what a portfolio reads besides its orders.

-- The key of a source that no two rows may share, as SQL over s; NULL: they may.
CREATE FUNCTION custseg._source_key(kind text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN kind IN ('customers', 'measures', 'accounts') THEN 's.customer_id' WHEN kind = 'rates' THEN 's.currency, s.day' END;
END;
COMMENT ON FUNCTION custseg._source_key(text) IS
'Internal: the columns of a kind of source that no two rows may share; NULL: none.';

-- Reads a source that was just made; returns a sentence about it.
CREATE FUNCTION custseg._check_source(portfolio text, p_kind text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unique_key text := custseg._source_key(p_kind);
	double text;
	n bigint;
	without bigint[];
	required text[];
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT array_agg(c.name::text ORDER BY c.place) INTO required
	FROM custseg._source_columns() AS c WHERE c.kind = p_kind AND c.required AND c.type IN ('key', 'day');
	EXECUTE format('SELECT count(*), ARRAY[%s] FROM %I AS s',
		(SELECT string_agg(format('count(*) - count(s.%I)', r.name), ', ' ORDER BY r.place)
		FROM unnest(required) WITH ORDINALITY AS r (name, place)), 'source_' || p_kind) INTO n, without;

	IF unique_key IS NOT NULL THEN
		EXECUTE format('SELECT left(concat_ws('' '', %1$s), 100) FROM %2$I AS s WHERE %3$s
			GROUP BY %1$s HAVING count(*) > 1 ORDER BY %1$s LIMIT 1', unique_key, 'source_' || p_kind,
			replace(unique_key, ',', ' IS NOT NULL AND') || ' IS NOT NULL') INTO double;
		IF double IS NOT NULL THEN
			RAISE EXCEPTION 'source "%" has several rows for "%"', p_kind, double
				USING ERRCODE = '21000', HINT = format('Give a query with one row for each %s.', replace(unique_key, 's.', ''));
		END IF;
	END IF;
	IF p_kind = 'rates' THEN
		EXECUTE 'SELECT format(''%s of %s on %s'', s.rate, s.currency, s.day) FROM source_rates AS s
			WHERE NOT (s.rate > 0 AND s.rate < ''Infinity'') LIMIT 1' INTO double;
		IF double IS NOT NULL THEN
			RAISE EXCEPTION 'source "rates" has the rate %', double
				USING ERRCODE = '22023', HINT = 'A rate is a number above 0: what one unit of the currency is worth.';
		END IF;
	END IF;
	RETURN format('source "%s" has %s rows%s', p_kind, n,
		(SELECT string_agg(format(', %s of them without %s, which do not count', w.n, r.name), '' ORDER BY r.place)
		FROM unnest(required) WITH ORDINALITY AS r (name, place)
		JOIN unnest(without) WITH ORDINALITY AS w (n, place) USING (place) WHERE w.n > 0));
END
$$;
COMMENT ON FUNCTION custseg._check_source(text, text) IS
'Internal: checks the rows of a source; returns how many there are. 21000: several rows of a key; 22023: a rate that is none.';

-- Writes down that a source is there, once its view is made.
CREATE FUNCTION custseg._record_source(portfolio text, p_kind text, query text, present text[]) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO source AS s (kind, definition, columns) VALUES (p_kind, query, present)
	ON CONFLICT (kind) DO UPDATE SET definition = excluded.definition, columns = excluded.columns, added_at = now();
	RETURN custseg._check_source(portfolio, p_kind);
END
$$;
COMMENT ON FUNCTION custseg._record_source(text, text, text, text[]) IS
'Internal: records a source whose view is made, and checks its rows; returns how many there are.';

-- Which kinds add_source and drop_source take.
CREATE FUNCTION custseg._check_kind(portfolio text, p_kind text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF p_kind IS NULL THEN
		RAISE EXCEPTION 'argument "kind" must not be null'
			USING ERRCODE = '22004', HINT = 'custseg.source_kinds() lists the kinds.';
	END IF;
	IF NOT EXISTS (SELECT FROM custseg.source_kinds() AS k WHERE k.kind = p_kind) THEN
		RAISE EXCEPTION 'argument "kind" is "%"', p_kind
			USING ERRCODE = '22023', HINT = format('It must be one of: %s. Orders and accounts are given to create_portfolio.',
				(SELECT string_agg(k.kind, ', ') FROM custseg.source_kinds() AS k));
	END IF;
	IF p_kind = 'rates' AND NOT EXISTS (SELECT FROM source AS s WHERE s.kind = 'orders' AND 'currency' = ANY (s.columns)) THEN
		RAISE EXCEPTION 'the orders of portfolio "%" have no currency, so rates would change nothing', portfolio
			USING ERRCODE = '22023', HINT = 'The column is given to create_portfolio, in argument "currency".';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_kind(text, text) IS
'Internal: refuses what is no kind of source. 22023: it is none, or one that the portfolio has no use for; 22004: NULL.';

-- Drops the view of a source that nothing of ours reads any more.
CREATE FUNCTION custseg._drop_source_view(portfolio text, p_kind text, view_name name) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	detail text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('DROP VIEW %I', view_name);
EXCEPTION WHEN dependent_objects_still_exist THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE EXCEPTION 'other objects depend on source "%" of portfolio "%"', p_kind, portfolio
		USING ERRCODE = '2BP01', DETAIL = replace(detail, view_name, 'source_' || p_kind), HINT = 'Drop these first.';
END
$$;
COMMENT ON FUNCTION custseg._drop_source_view(text, text, name) IS
'Internal: drops the view of a source. 2BP01: a view of somebody else reads it.';

CREATE FUNCTION custseg._add_source(portfolio text, kind text, query text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	schema name := custseg._portfolio_schema(portfolio);
	present text[];
	aside boolean := false;
	note text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_kind(portfolio, kind);
	SELECT p.customer_type::regtype AS key_type, p.time_zone INTO STRICT home FROM portfolio AS p;
	BEGIN
		present := custseg._create_source_view(schema, kind, query, 'query', home.key_type, home.time_zone);
	EXCEPTION WHEN invalid_table_definition THEN
		-- It has other columns than the one before, which views of ours may read: they are made anew over the new one.
		EXECUTE format('ALTER VIEW %I RENAME TO %I', 'source_' || kind, 'source_' || kind || '_before');
		present := custseg._create_source_view(schema, kind, query, 'query', home.key_type, home.time_zone);
		aside := true;
	END;
	note := custseg._record_source(portfolio, kind, query, present);
	IF kind = 'rates' THEN
		PERFORM custseg._convert_orders(schema);
	END IF;
	PERFORM custseg._make_views(portfolio);
	IF aside THEN
		PERFORM custseg._drop_source_view(portfolio, kind, ('source_' || kind || '_before')::name);
	END IF;
	RETURN note;
END
$$;
COMMENT ON FUNCTION custseg._add_source(text, text, text) IS
'Internal: what add_source does.';

CREATE FUNCTION custseg._drop_source(portfolio text, kind text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._check_kind(portfolio, kind);
	DELETE FROM source AS s WHERE s.kind = _drop_source.kind;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'portfolio "%" has no source "%"', portfolio, kind
			USING ERRCODE = '42704', HINT = 'Its table source lists those that it has.';
	END IF;
	EXECUTE format('ALTER VIEW %I RENAME TO %I', 'source_' || kind, 'source_' || kind || '_before');
	IF kind = 'rates' THEN
		PERFORM custseg._convert_orders(custseg._portfolio_schema(portfolio));
	END IF;
	PERFORM custseg._make_views(portfolio);
	PERFORM custseg._drop_source_view(portfolio, kind, ('source_' || kind || '_before')::name);
END
$$;
COMMENT ON FUNCTION custseg._drop_source(text, text) IS
'Internal: what drop_source does.';

CREATE FUNCTION custseg.add_source(portfolio text, kind text, query text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.add_source(text, text, text) IS
'Gives a portfolio a source besides its orders, or replaces it: makes the view source_<kind> in its schema and checks its rows at once. Returns how many there are. kind: see custseg.source_kinds(). query: a table, a view or a SELECT; its columns are found by name: customers(customer_id, account_id?, brand?, name?, industry?, region?, size?, is_test?, since?), events(customer_id, at, kind?, channel?, weight?), feedback(customer_id, at, score, scale?, topic?, channel?, comment?), needs(customer_id, need, priority?, valid_from?, valid_until?), costs(customer_id, day, amount, kind?), opportunities(customer_id, opened, closed?, value, won?, owner?), usage(customer_id, resource, day, amount), measures(customer_id, numeric columns), rates(currency, day, rate). customers and measures keep all further columns; other sources only those. A timestamptz becomes a day in the time zone of the portfolio. 42703: a column is missing; 42804: one is of another type, or customer_id of another than in the orders; 21000: several rows of a customer in customers or measures, of a currency and day in rates; 22023: no such kind, or more than one SELECT; 42P01: no such relation; 2BP01: a view of yours reads what the source no longer has.';

CREATE FUNCTION custseg.drop_source(portfolio text, kind text) RETURNS void
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_source(text, text) IS
'Takes a source away from a portfolio. kind: as in add_source. 42704: the portfolio does not have it; 22023: no such kind, or a measure that is in use needs it; 2BP01: a view of yours reads it.';

-- create_portfolio: from one relation of orders to a schema that can be refreshed.

-- The declarations that a template begins with: a document, taken in as an import.
CREATE FUNCTION custseg._apply_template(portfolio text, template text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	policy jsonb := custseg.tier_policy_template(template)::jsonb;
	measures jsonb := '[]';
	components jsonb := '[{"measure": "spend"}]';
BEGIN
	IF template = 'vip_regular_potential' THEN
		-- Loyalty is a habit: in how many months a customer has bought.
		measures := '[{"measure": "loyalty", "kind": "active_months", "description": "calendar months with a purchase"}]';
		components := '[{"measure": "spend"}, {"measure": "frequency"}, {"measure": "loyalty"}]';
	ELSIF template = 'quick_start' THEN
		components := '[{"measure": "frequency"}, {"measure": "spend"}]';
	ELSIF template = 'abc' THEN
		components := '[{"measure": "spend", "method": "abc", "score_name": "abc_class"}]';
	END IF;
	PERFORM custseg._replace_declarations(portfolio, jsonb_build_object('measures', measures, 'components', components,
		'tiers', policy -> 'tiers',
		'options', (SELECT jsonb_object_agg(o.key, o.value) FROM jsonb_each(policy) AS o WHERE o.key = ANY (custseg._policy_options()))));
END
$$;
COMMENT ON FUNCTION custseg._apply_template(text, text) IS
'Internal: writes the declarations of a template into a new portfolio. 22023: no such template.';

-- The types of what the user gave for the columns of orders, by argument.
CREATE FUNCTION custseg._check_orders(schema_name name, source text, arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	numbers regtype[] := ARRAY['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];
	keys regtype[] := ARRAY['smallint', 'integer', 'bigint', 'uuid', 'text', 'varchar'];
	part record;
	found regtype;
	types jsonb := '{}';
BEGIN
	FOR part IN
		SELECT v.* FROM (VALUES
			(1, 'customer', keys), (2, 'ordered_at', ARRAY['date', 'timestamp', 'timestamptz']::regtype[]), (3, 'amount', numbers),
			(4, 'cost', numbers), (5, 'order_id', keys), (6, 'filter', ARRAY['boolean']::regtype[]), (7, 'currency', NULL)
		) AS v (place, argument, types) ORDER BY v.place
	LOOP
		found := custseg._probe_expression(schema_name, source,
			custseg._column_expression(source, arguments ->> part.argument), part.argument);
		IF found <> ALL (part.types) THEN
			RAISE EXCEPTION 'argument "%" is of type %', part.argument, found
				USING ERRCODE = '42804',
				HINT = format('It must be of type %s. Cast it in an expression.', array_to_string(part.types, ', '));
		END IF;
		types := types || jsonb_build_object(part.argument, found::text);
	END LOOP;
	RETURN types;
END
$$;
COMMENT ON FUNCTION custseg._check_orders(name, text, jsonb) IS
'Internal: checks the arguments of create_portfolio that are columns or expressions; returns their types. 42804: a type that does not fit; 42703, 42601 and others of class 42 as PostgreSQL has them, with the argument''s name.';

-- The view of orders. It has the moment as the user has it besides the day: the bulk functions convert faster. With a
-- currency the user's amounts are in source_orders_raw, and source_orders converts them, see _convert_orders.
CREATE FUNCTION custseg._create_orders_view(schema_name name, source text, arguments jsonb, types jsonb, key_type regtype, time_zone text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	query text := 'SELECT %s AS customer_id, %s AS day, %s AS amount, %s AS cost, %s AS order_id, o.ordered_at, %s
		FROM (SELECT %s AS customer_id, %s AS ordered_at, %s AS amount, %s AS cost, %s AS order_id, %s AS currency FROM %s AS o%s) AS o%s';
	has_currency boolean := arguments ->> 'currency' IS NOT NULL;
	floats text[] := ARRAY['real', 'double precision'];
	view_name name := CASE WHEN has_currency THEN 'source_orders_raw' ELSE 'source_orders' END;
	key record;
BEGIN
	key := custseg._source_customer(schema_name, 'orders', 'customer_id', (types ->> 'customer')::regtype, key_type);
	PERFORM custseg._create_view(schema_name, view_name,
		format(query, key.customer,
			CASE WHEN types ->> 'ordered_at' = 'timestamp with time zone' THEN format('(o.ordered_at AT TIME ZONE %L)::date', time_zone)
				ELSE 'o.ordered_at::date' END,
			-- Money is no float; integers are as good as numeric, and faster.
			CASE WHEN has_currency OR types ->> 'amount' = ANY (floats) THEN 'o.amount::numeric' ELSE 'o.amount' END,
			CASE WHEN has_currency OR types ->> 'cost' = ANY (floats) THEN 'o.cost::numeric' ELSE 'o.cost' END, 'o.order_id',
			CASE WHEN has_currency THEN 'o.currency' ELSE 'o.currency, NULL::numeric AS rate' END,
			custseg._column_expression(source, arguments ->> 'customer'),
			custseg._column_expression(source, arguments ->> 'ordered_at'),
			custseg._column_expression(source, arguments ->> 'amount'),
			coalesce(custseg._column_expression(source, arguments ->> 'cost'), 'NULL::numeric'),
			coalesce(custseg._column_expression(source, arguments ->> 'order_id'), 'NULL::text'),
			coalesce(custseg._column_expression(source, arguments ->> 'currency'), 'NULL') || '::text',
			source, coalesce(' WHERE ' || custseg._column_expression(source, arguments ->> 'filter'), ''), key.joined),
		'orders', 'Source: one row for each order or order line.');
	PERFORM custseg._comment_columns(schema_name, 'orders', view_name);
	IF has_currency THEN
		PERFORM custseg._convert_orders(schema_name);
		PERFORM custseg._comment_columns(schema_name, 'orders', 'source_orders');
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._create_orders_view(name, text, jsonb, jsonb, regtype, text) IS
'Internal: makes the view source_orders with its standard columns.';

-- source_orders over source_orders_raw: with the rates of source_rates if there are any.
CREATE FUNCTION custseg._convert_orders(schema_name name) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF to_regclass(format('%I.source_rates', schema_name)) IS NULL THEN
		EXECUTE format('CREATE OR REPLACE VIEW %1$I.source_orders AS
			SELECT o.customer_id, o.day, o.amount, o.cost, o.order_id, o.ordered_at, o.currency, NULL::numeric AS rate
			FROM %1$I.source_orders_raw AS o', schema_name);
	ELSE
		-- OFFSET 0: the day is a column then, and the server keeps the rate of a currency and day that it has looked up.
		EXECUTE format('CREATE OR REPLACE VIEW %1$I.source_orders AS
			SELECT o.customer_id, o.day, o.amount * r.rate AS amount, o.cost * r.rate AS cost, o.order_id, o.ordered_at, o.currency, r.rate
			FROM (SELECT w.* FROM %1$I.source_orders_raw AS w OFFSET 0) AS o
			LEFT JOIN LATERAL (
				SELECT s.rate FROM %1$I.source_rates AS s
				WHERE s.currency = o.currency AND s.day <= o.day AND s.rate > 0 AND s.rate < ''Infinity''
				ORDER BY s.day DESC, s.rate LIMIT 1
			) AS r ON true', schema_name);
	END IF;
	EXECUTE format('COMMENT ON VIEW %I.source_orders IS ''Source: one row for each order or order line.''', schema_name);
END
$$;
COMMENT ON FUNCTION custseg._convert_orders(name) IS
'Internal: makes the view source_orders over source_orders_raw; where there are rates, with amounts in the currency of the portfolio.';

-- What the arguments of create_portfolio must be before anything is looked up.
CREATE FUNCTION custseg._check_arguments(arguments jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema text := coalesce(arguments ->> 'schema_name', arguments ->> 'name');
	missing text;
BEGIN
	SELECT n.name INTO missing
	FROM unnest(ARRAY['name', 'orders', 'customer', 'ordered_at', 'amount', 'time_zone', 'template', 'level']) AS n (name)
	WHERE arguments ->> n.name IS NULL LIMIT 1;
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', missing
			USING ERRCODE = '22004', HINT = 'Columns are given by name, or as expressions over the columns of "orders".';
	END IF;
	IF length(arguments ->> 'name') NOT BETWEEN 1 AND 200 THEN
		RAISE EXCEPTION 'argument "name" must have 1 to 200 characters, not %', length(arguments ->> 'name')
			USING ERRCODE = '22023', HINT = 'A portfolio is named like a table: short.';
	END IF;
	IF octet_length(schema) NOT BETWEEN 1 AND 63 THEN
		RAISE EXCEPTION 'schema "%" has a name of % bytes', schema, octet_length(schema)
			USING ERRCODE = '42622', HINT = 'Give one of 1 to 63 bytes in argument "schema_name".';
	END IF;
	IF to_regnamespace(quote_ident(schema)) IS NOT NULL THEN
		RAISE EXCEPTION 'schema "%" exists already', schema
			USING ERRCODE = '42P06', HINT = 'A portfolio makes a schema of its own. Give another name in argument "schema_name".';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE lower(z.name) = lower(arguments ->> 'time_zone')) THEN
		RAISE EXCEPTION 'argument "time_zone" is "%"', arguments ->> 'time_zone'
			USING ERRCODE = '22023', HINT = 'It must be a name such as Europe/Berlin, see pg_timezone_names.';
	END IF;
	IF arguments ->> 'level' NOT IN ('customer', 'account') THEN
		RAISE EXCEPTION 'argument "level" is "%"', arguments ->> 'level'
			USING ERRCODE = '22023', HINT = 'It must be customer or account.';
	END IF;
	IF (arguments ->> 'level' = 'account') <> (arguments ->> 'accounts' IS NOT NULL) THEN
		RAISE EXCEPTION 'argument "level" is "%", and argument "accounts" is %', arguments ->> 'level',
			CASE WHEN arguments ->> 'accounts' IS NULL THEN 'null' ELSE 'given' END
			USING ERRCODE = '22023', HINT = 'Level account needs a relation with customer_id and account_id in "accounts"; level customer has none.';
	END IF;
	IF arguments ->> 'rates' IS NOT NULL AND arguments ->> 'currency' IS NULL THEN
		RAISE EXCEPTION 'argument "rates" is given, but "currency" is null'
			USING ERRCODE = '22023', HINT = 'Say which column of "orders" has the currency of an amount.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_arguments(jsonb) IS
'Internal: checks what create_portfolio was given. 22004: a NULL; 22023, 42622: a value that cannot be; 42P06: the schema exists.';

-- What there is in the orders of a new portfolio, for people.
CREATE FUNCTION custseg._describe_orders(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found record;
	several text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT count(*) AS n, count(*) FILTER (WHERE o.customer_id IS NULL) AS no_customer, count(*) FILTER (WHERE o.day IS NULL) AS no_day,
		count(*) FILTER (WHERE o.amount IS NULL) AS no_amount, min(o.day) AS first, max(o.day) AS last
	INTO found FROM source_orders AS o;
	IF found.n = 0 THEN
		RETURN 'there are no orders yet';
	END IF;
	IF EXISTS (SELECT FROM source AS s WHERE s.kind = 'orders' AND 'currency' = ANY (s.columns)) THEN
		several := custseg._currency_problem(portfolio, 'infinity');
	END IF;
	RETURN concat_ws(', ', format('%s order rows from %s to %s', found.n, found.first, found.last),
		CASE WHEN found.no_customer > 0 THEN format('%s without a customer', found.no_customer) END,
		CASE WHEN found.no_day > 0 THEN format('%s without a day', found.no_day) END,
		CASE WHEN found.no_amount > 0 THEN format('%s without an amount', found.no_amount) END,
		CASE WHEN found.no_customer + found.no_day + found.no_amount > 0 THEN 'which do not count' END,
		several || ', which will stop a refresh');
END
$$;
COMMENT ON FUNCTION custseg._describe_orders(text) IS
'Internal: how many order rows a portfolio has, and how many of them do not count, as a sentence.';

CREATE FUNCTION custseg._create_portfolio(p_name text, p_orders text, p_customer text, p_ordered_at text, p_amount text,
	p_cost text, p_order_id text, p_filter text, p_time_zone text, p_template text, p_schema_name text,
	p_currency text, p_rates text, p_level text, p_accounts text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	arguments jsonb := jsonb_build_object('name', p_name, 'orders', p_orders, 'customer', p_customer, 'ordered_at', p_ordered_at,
		'amount', p_amount, 'cost', p_cost, 'order_id', p_order_id, 'filter', p_filter, 'time_zone', p_time_zone, 'template', p_template,
		'schema_name', p_schema_name, 'currency', p_currency, 'rates', p_rates, 'level', p_level, 'accounts', p_accounts);
	schema name := coalesce(p_schema_name, p_name);
	source text;
	types jsonb;
	key_type regtype;
	note text := '';
BEGIN
	PERFORM custseg._check_arguments(arguments);
	source := custseg._from_item(p_orders, 'orders');
	EXECUTE format('CREATE SCHEMA %I', schema);
	PERFORM custseg._register_portfolio(p_name, schema, custseg._newest_layout());

	PERFORM custseg._probe_relation(schema, source, 'orders');
	EXECUTE format('DROP VIEW %I.source_probe', schema);
	types := custseg._check_orders(schema, source, arguments);
	key_type := CASE types ->> 'customer' WHEN 'character varying' THEN 'text' ELSE types ->> 'customer' END;
	IF p_accounts IS NOT NULL THEN
		PERFORM custseg._create_source_view(schema, 'accounts', p_accounts, 'accounts', key_type, p_time_zone);
		key_type := custseg._column_type(schema, 'source_accounts', 'account_id');
	END IF;
	IF p_rates IS NOT NULL THEN
		PERFORM custseg._create_source_view(schema, 'rates', p_rates, 'rates', key_type, p_time_zone);
	END IF;
	PERFORM custseg._create_orders_view(schema, source, arguments, types, key_type, p_time_zone);

	PERFORM custseg._layout_core(schema, key_type::text);
	PERFORM custseg._layout_declarations(schema, key_type::text);
	PERFORM custseg._layout_resources(schema, key_type::text);
	PERFORM custseg._layout_targets(schema, key_type::text);
	PERFORM custseg._layout_sources(schema, key_type::text);
	EXECUTE format('INSERT INTO %I.portfolio (name, layout, customer_type, time_zone, level, template) VALUES ($1, $2, $3, $4, $5, $6)', schema)
	USING p_name, custseg._newest_layout(), key_type::text, p_time_zone, p_level, p_template;
	EXECUTE format('INSERT INTO %I.source (kind, definition, columns) VALUES (''orders'', $1, $2)', schema)
	USING p_orders, ARRAY['customer_id', 'day', 'amount'] || ARRAY(
		SELECT c.name FROM unnest(ARRAY['cost', 'order_id', 'currency']) AS c (name) WHERE arguments ->> c.name IS NOT NULL);
	EXECUTE format('INSERT INTO %I.setting (name, value) VALUES (''salt'', gen_random_uuid()::text)', schema);
	IF p_accounts IS NOT NULL THEN
		note := E'\n' || custseg._record_source(p_name, 'accounts', p_accounts, ARRAY['customer_id', 'account_id']);
	END IF;
	IF p_rates IS NOT NULL THEN
		note := note || E'\n' || custseg._record_source(p_name, 'rates', p_rates, ARRAY['currency', 'day', 'rate']);
	END IF;
	PERFORM custseg._apply_template(p_name, p_template);
	PERFORM custseg._make_views(p_name);
	RETURN format(E'portfolio "%s" was created in schema %I: %s%s\nrefresh it with SELECT * FROM custseg.refresh(%L)',
		p_name, schema, custseg._describe_orders(p_name), note, p_name);
END
$$;
COMMENT ON FUNCTION custseg._create_portfolio(text, text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
'Internal: what create_portfolio does.';

CREATE FUNCTION custseg.create_portfolio(name text, orders text, customer text, ordered_at text, amount text,
	cost text DEFAULT NULL, order_id text DEFAULT NULL, filter text DEFAULT NULL, time_zone text DEFAULT 'UTC',
	template text DEFAULT 'vip_regular_potential', schema_name text DEFAULT NULL, currency text DEFAULT NULL,
	rates text DEFAULT NULL, level text DEFAULT 'customer', accounts text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_caller' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.create_portfolio(text, text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
'Makes a portfolio that can be refreshed at once: a schema with source views, tables and report views, owned by the caller. Returns what it found in the orders. orders: a table, a view or a query with one row for each order or order line; customer, ordered_at, amount, cost, order_id: its columns, or expressions over them; filter: a condition on its rows. ordered_at: date, timestamp, or timestamptz, which becomes a day in time_zone. Lines of one order_id are netted. template: vip_regular_potential, abc, high_medium_low or quick_start, see tier_policy_template. schema_name: NULL: the name of the portfolio. currency: the currency of amount and cost; several currencies need rates, a relation or query with currency, day, rate: each amount is multiplied by the latest rate that is not after its day. level: customer, or account: what belongs to a customer counts for his account, by accounts, a relation or query with customer_id, account_id; a customer without an account is his own where the types agree. 42710, 42P06: the portfolio, the schema exists; 42P01, 42703: no such relation, column; 42804: a column of a type that does not fit; 42809: a temporary table; 42601: a syntax error; 21000: a customer with two accounts, a currency with two rates of a day; 22004, 22023: an argument that cannot be, or text that is more than one SELECT.';

-- sql/portfolio/schedule.sql
--
-- The nightly job of a portfolio, in pg_cron or, where that cannot be reached from here, as commands to run elsewhere.
--
-- pg_cron gives a job to whoever calls it, so these functions run as the caller and are no entry to the portfolio's
-- owner. It lives in one database of the server and may be absent: everything of it is reached by dynamic SQL, and it
-- is recognised by its entry in pg_extension, since anybody who may create can make a schema named cron. Its settings
-- are hidden from those who may not read all settings, so what they say is asked first and learned from the job after.
--
-- The bodies have backslashes in literals, which the setting standard_conforming_strings must not turn into escapes.

CREATE FUNCTION custseg._cron_schema() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT n.nspname::text
	FROM pg_catalog.pg_extension e
	JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
		AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'e'
	JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relname = 'job'
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE e.extname = 'pg_cron';
END;
COMMENT ON FUNCTION custseg._cron_schema() IS
'The schema of pg_cron''s tables and functions in this database; NULL where the extension pg_cron is not installed here.';

-- A line in postgresql.conf alone makes a placeholder, which current_setting reads and pg_settings does not list.
CREATE FUNCTION custseg._cron_setting(setting text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	full_name text := 'cron.' || setting;
	content text;
BEGIN
	content := current_setting(full_name, true);
	RETURN (SELECT content FROM pg_settings s WHERE s.name = full_name);
EXCEPTION WHEN insufficient_privilege THEN
	RETURN '';
END $$;
COMMENT ON FUNCTION custseg._cron_setting(text) IS
'A setting of pg_cron, named without its prefix: NULL where pg_cron is not loaded in this server or has no such setting, empty where the caller may not read it.';

-- pg_cron up to 1.4 cuts a job's name off at 63 bytes, and two portfolios would then share a job.
CREATE FUNCTION custseg._cron_job_name(portfolio text, suffix text DEFAULT '') RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN pg_catalog.octet_length(full_name) <= 63 THEN full_name
		ELSE 'custseg ' || pg_catalog.left(portfolio, 9) || ' ' || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(
			pg_catalog.convert_to(full_name, pg_catalog.getdatabaseencoding())), 'hex'), 16) END
	FROM (SELECT 'custseg ' || portfolio || suffix) AS n(full_name);
END;
COMMENT ON FUNCTION custseg._cron_job_name(text, text) IS
'The name of a portfolio''s job in pg_cron: custseg, a blank, the portfolio and the suffix; if that is longer than 63 bytes, its first nine characters and sixteen digits of its SHA-256.';

-- The types are written out: with them no overload that the owner of the schema adds is a better match.
CREATE FUNCTION custseg._cron_command(portfolio text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.format('CALL custseg.run_refresh(%L::text, NULL::date)', portfolio);
END;
COMMENT ON FUNCTION custseg._cron_command(text) IS
'The statement that refreshes a portfolio, as a scheduler runs it: a CALL of custseg.run_refresh with the name as a literal.';

-- cron turns a percent sign into a line end unless a backslash stands before it, and implementations differ in what they
-- do with other backslashes. So the name's own ones, and characters that would end the line, are written by number.
CREATE FUNCTION custseg._crontab_line(portfolio text, cron text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	command text := custseg._cron_command(portfolio);
	words text[] := ARRAY[current_database()::text, current_user::text];
BEGIN
	IF cron ~ 'second|\$' OR array_to_string(words, '') ~ '[\\[:cntrl:]]' THEN
		RETURN NULL;
	END IF;
	IF portfolio ~ '[\\%[:cntrl:]]' THEN
		SELECT 'CALL custseg.run_refresh(U&''' || string_agg(CASE
				WHEN c = '''' THEN ''''''
				WHEN c ~ '[!\\%[:cntrl:]]' THEN '!' || lpad(to_hex(ascii(c)), 4, '0')
				ELSE c END, '' ORDER BY position) || ''' UESCAPE ''!''::text, NULL::date)'
		INTO command
		FROM string_to_table(portfolio, NULL) WITH ORDINALITY AS s(c, position);
	END IF;
	SELECT array_agg('''' || replace(replace(word, '''', '''\'''''), '%', '\%') || '''' ORDER BY position)
	INTO words
	FROM unnest(words || command) WITH ORDINALITY AS w(word, position);
	RETURN format('%s PGDATABASE=%s PGUSER=%s PGPORT=%s psql -X -q -v ON_ERROR_STOP=1 -c %s',
		cron, words[1], words[2], current_setting('port'), words[3]);
END $$;
COMMENT ON FUNCTION custseg._crontab_line(text, text) IS
'A line for the crontab of a system user, which refreshes a portfolio by psql as the present role: portfolio, schedule. NULL where cron cannot do it: seconds, the last day of a month, a backslash or a control character in the name of database or role.';

CREATE FUNCTION custseg._cron_schedule(cron text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trimmed text := btrim(regexp_replace(cron, '\s+', ' ', 'g'));
BEGIN
	IF cron IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'argument "cron" must not be NULL',
			HINT = 'Write minute, hour, day of month, month and day of week, such as ''15 3 * * *'' for 03:15 every day.';
	END IF;
	IF trimmed ~ '^([0-9a-zA-Z*,/$-]+ ){4}[0-9a-zA-Z*,/$-]+$' OR trimmed ~ '^([0-9]+ seconds?|@[a-z]+)$' THEN
		RETURN trimmed;
	END IF;
	RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
		MESSAGE = format('argument "cron" must be five fields or an interval of seconds, not %L', cron),
		HINT = 'Write minute, hour, day of month, month and day of week, such as ''15 3 * * *'' for 03:15 every day, or ''30 seconds''.';
END $$;
COMMENT ON FUNCTION custseg._cron_schedule(text) IS
'A schedule with single blanks, after a check of its shape: five fields, N seconds, or a word such as @daily. pg_cron checks the values; it ignores what stands behind the fifth field, therefore this. 22004: NULL; 22023: another shape.';

CREATE FUNCTION custseg._check_scheduler(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	owner oid := (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = custseg._portfolio_schema(portfolio));
BEGIN
	IF NOT pg_has_role(owner, 'USAGE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('role "%s" may not schedule portfolio "%s"', current_user, portfolio),
			HINT = format('This takes the privileges of its owner, role "%s".', pg_get_userbyid(owner));
	END IF;
END $$;
COMMENT ON FUNCTION custseg._check_scheduler(text) IS
'Raises an error unless the portfolio exists and the caller has the privileges of its owner. 22004: portfolio is NULL; 42704: there is none of that name; 3F000: its schema is gone; 42501: the caller has not these privileges.';

-- pg_cron is loaded in this server, but its jobs are not kept in this database.
CREATE FUNCTION custseg._cron_elsewhere(cron_database text, job_sql text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	here text := current_database();
	install text := format(E'CREATE EXTENSION pg_cron;\nGRANT USAGE ON SCHEMA cron TO %I;\nand then the same call again.', current_user);
BEGIN
	CASE cron_database
		WHEN here THEN
			RETURN format(E'Nothing was changed: pg_cron is loaded for this database, "%s", but not created in it. Run here, as a superuser:\n%s',
				here, install);
		WHEN '' THEN
			RETURN format(E'Nothing was changed yet: pg_cron is loaded, but not created in this database, "%s". As a superuser, in the database that the setting cron.database_name names, run:\n%s\nWhere that is this one, run here instead:\n%s',
				here, job_sql, install);
		ELSE
			RETURN format(E'Nothing was changed yet: pg_cron runs from database "%s", not from this one, "%s". Run there, as a superuser:\n%s',
				cron_database, here, job_sql);
	END CASE;
END $$;
COMMENT ON FUNCTION custseg._cron_elsewhere(text, text) IS
'The text that schedule and unschedule return where pg_cron is loaded but cannot be used from this database: the database of pg_cron (empty: unknown), the statement to run there.';

CREATE FUNCTION custseg._cron_missing(portfolio text, cron text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	line text := custseg._crontab_line(portfolio, cron);
BEGIN
	RETURN format(E'Nothing was scheduled: this server does not load pg_cron. Install it (on Debian the package postgresql-%s-cron), add it to shared_preload_libraries in postgresql.conf, restart the server:\nshared_preload_libraries = ''pg_cron''\ncron.database_name = ''%s''\ncron.use_background_workers = on\nThen, in this database as a superuser:\nCREATE EXTENSION IF NOT EXISTS pg_cron;\nGRANT USAGE ON SCHEMA cron TO %I;\nand as role "%s":\nSELECT custseg.schedule(%L, %L);',
			current_setting('server_version_num')::int / 10000,
			replace(replace(current_database()::text, '\', '\\'), '''', ''''''),
			current_user, current_user, portfolio, cron)
		|| coalesce(E'\nWithout pg_cron, a line for the crontab of a system user who may connect by psql as that role:\n' || line, '');
END $$;
COMMENT ON FUNCTION custseg._cron_missing(text, text) IS
'The text that schedule returns where pg_cron is not loaded: how to install it, and a crontab line. portfolio, schedule.';

-- pg_cron checks the values of the schedule. A job that it replaces keeps being switched off, and in some versions its
-- database: such a one is made anew. Where pg_cron runs from another database, this is a copy of that, and no job stays.
CREATE FUNCTION custseg._cron_add(cron_schema text, portfolio text, cron text, OUT job bigint, OUT job_database text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	job_active boolean;
BEGIN
	FOR attempt IN 1 .. 2 LOOP
		BEGIN
			EXECUTE format('SELECT %I.schedule($1, $2, $3)', cron_schema) INTO job
			USING custseg._cron_job_name(portfolio), cron, custseg._cron_command(portfolio);
		EXCEPTION WHEN invalid_parameter_value THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('argument "cron" is not a schedule that pg_cron takes: %s', SQLERRM),
				DETAIL = format('pg_cron is at version %s.', (SELECT extversion FROM pg_extension WHERE extname = 'pg_cron')),
				HINT = 'Write minute, hour, day of month, month and day of week, such as ''15 3 * * *'' for 03:15 every day; from version 1.5 on also ''30 seconds'', up to 59.';
		END;
		EXECUTE format('SELECT database, active FROM %I.job WHERE jobid = $1', cron_schema) INTO job_database, job_active USING job;
		IF job_database = current_database() AND job_active THEN
			RETURN;
		END IF;
		EXECUTE format('SELECT %I.unschedule($1)', cron_schema) USING job;
		job := NULL;
	END LOOP;
END $$;
COMMENT ON FUNCTION custseg._cron_add(text, text, text) IS
'Adds or replaces the caller''s job: pg_cron''s schema, portfolio, schedule. Returns the job''s number and its database; the number is NULL where pg_cron runs from another database. 22023: a schedule that pg_cron does not take.';

CREATE FUNCTION custseg.schedule(portfolio text, cron text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
DECLARE
	cron_schema text := custseg._cron_schema();
	cron_database text := custseg._cron_setting('database_name');
	time_zone text := custseg._cron_setting('timezone');
	command text;
	remark text;
	job bigint;
	job_database text;
BEGIN
	PERFORM custseg._check_scheduler(portfolio);
	cron := custseg._cron_schedule(cron);
	IF NOT has_function_privilege(to_regprocedure('custseg.run_refresh(text, date)'), 'EXECUTE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('role "%s" may not call custseg.run_refresh, so its job for portfolio "%s" would fail', current_user, portfolio),
			HINT = format('Who installed custseg runs: SELECT custseg.grant_portfolios(%L);', current_user);
	END IF;
	IF NOT (SELECT rolcanlogin FROM pg_roles WHERE rolname = current_user) THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('role "%s" may not log in, so its job for portfolio "%s" would fail', current_user, portfolio),
			HINT = 'Schedule as a role that may log in and is a member of the portfolio''s owner.';
	END IF;
	IF cron_database IS NULL THEN
		RETURN custseg._cron_missing(portfolio, cron);
	END IF;
	command := format('SELECT cron.schedule_in_database(%L, %L, %L, %L, %L);',
		custseg._cron_job_name(portfolio, ' in ' || current_database()), cron, custseg._cron_command(portfolio),
		current_database(), current_user);
	IF cron_schema IS NULL OR cron_database NOT IN ('', current_database()) THEN
		RETURN custseg._cron_elsewhere(cron_database, command);
	END IF;
	IF NOT has_schema_privilege(cron_schema, 'USAGE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('role "%s" may not use pg_cron to schedule portfolio "%s"', current_user, portfolio),
			HINT = format('A superuser runs: GRANT USAGE ON SCHEMA %I TO %I;', cron_schema, current_user);
	END IF;
	SELECT a.job, a.job_database INTO job, job_database FROM custseg._cron_add(cron_schema, portfolio, cron) a;
	IF job IS NULL THEN
		RETURN custseg._cron_elsewhere(job_database, command);
	END IF;
	IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
		remark := ' It runs as a superuser: better schedule it as the portfolio''s owner.';
	END IF;
	RETURN format('Portfolio "%s" is refreshed on schedule "%s"%s by job %s of role "%s". What became of its runs is in %I.job_run_details.%s',
		portfolio, cron,
		CASE WHEN cron !~ 'second' THEN format(' (time zone %s)', coalesce(nullif(coalesce(time_zone, 'GMT'), ''), 'as set by cron.timezone')) END,
		job, current_user, cron_schema, remark);
END $$;
COMMENT ON FUNCTION custseg.schedule(text, text) IS
'Refreshes a portfolio regularly, by a job of pg_cron that belongs to the caller and runs CALL custseg.run_refresh. portfolio: its name. cron: minute, hour, day of month, month, day of week, such as ''15 3 * * *''; with pg_cron 1.5 or newer also ''30 seconds''; in the time zone of pg_cron, GMT unless set. The job is named custseg and the portfolio; scheduling again replaces the caller''s own one.
Returns a sentence that says what was scheduled or, where pg_cron runs from another database or is not there, that nothing was and the exact commands to run. 22004: an argument is NULL. 22023: a schedule that pg_cron does not take. 42704: unknown portfolio; 3F000: its schema is gone. 42501: the caller has not the privileges of the portfolio''s owner, may not call run_refresh or may not use pg_cron. 55000: the caller is a role that may not log in.';

CREATE FUNCTION custseg.unschedule(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
DECLARE
	cron_schema text := custseg._cron_schema();
	cron_database text := custseg._cron_setting('database_name');
	job record;
	removed text;
BEGIN
	IF cron_database IS NOT NULL AND cron_schema IS NOT NULL AND has_schema_privilege(cron_schema, 'USAGE') THEN
		FOR job IN EXECUTE format('SELECT jobid, schedule, username FROM %1$I.job WHERE jobname = $1 AND database = $2
				AND (username = current_user OR has_table_privilege(''%1$I.job'', ''DELETE'')) ORDER BY jobid', cron_schema)
			USING custseg._cron_job_name(portfolio), current_database()::text
		LOOP
			EXECUTE format('SELECT %I.unschedule($1)', cron_schema) USING job.jobid;
			removed := concat_ws(', ', removed, format('job %s of role "%s" on schedule "%s"', job.jobid, job.username, job.schedule));
		END LOOP;
	END IF;
	IF removed IS NOT NULL THEN
		RETURN format('Portfolio "%s" is no longer scheduled: removed %s.', portfolio, removed);
	END IF;
	PERFORM custseg._check_scheduler(portfolio);
	IF cron_database IS NULL THEN
		RETURN format('Portfolio "%s" has no job here: this server does not load pg_cron. A line in a crontab is removed there.', portfolio);
	END IF;
	IF cron_schema IS NULL OR cron_database NOT IN ('', current_database()) THEN
		RETURN custseg._cron_elsewhere(cron_database,
			format('SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = %L AND database = %L;',
				custseg._cron_job_name(portfolio, ' in ' || current_database()), current_database()));
	END IF;
	RETURN format('Portfolio "%s" has no job that role "%s" may remove; nothing was changed.', portfolio, current_user);
END $$;
COMMENT ON FUNCTION custseg.unschedule(text) IS
'Removes the job that schedule made for a portfolio: that of the caller; called by a superuser, those of all roles. A job that a dropped portfolio left is removed too. Returns a sentence that says what was removed or that there was nothing, or, where pg_cron runs from another database, the exact command to run there. 22004: portfolio is NULL; 42704: unknown portfolio, and no job; 42501: no job, and the caller has not the privileges of the portfolio''s owner.';

-- The life of a portfolio after it was created: another name, a newer layout, another database, its end.
--
-- The layout is the version of the tables and views in the schema. Rows outlive the version of custseg that made them: a
-- dump is restored beside a newer one, or an older one. So whoever works on a portfolio looks at its layout first: the
-- library refuses one that came after it (src/portfolio/registry.c), and upgrade_portfolio brings an older one up.

-- A version that changes the layout raises this, and PORTFOLIO_NEWEST_LAYOUT in src/portfolio/registry.h.
CREATE FUNCTION custseg._newest_layout() RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 1;
END;
COMMENT ON FUNCTION custseg._newest_layout() IS
'Internal: the layout that create_portfolio makes and the other functions work on.';

-- And adds a row here: the statements that make this layout from the one before, without the report views, which are
-- made anew behind them. They run in the schema of the portfolio, with {key} for the type of customer_id.
CREATE FUNCTION custseg._layout_steps(OUT layout int, OUT statements text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT NULL::int, NULL::text WHERE false;
END;
COMMENT ON FUNCTION custseg._layout_steps() IS
'Internal: the statements that bring the tables of a portfolio from each layout to the next.';

-- --- upgrade_portfolio ----------------------------------------------------

CREATE FUNCTION custseg._upgrade_portfolio(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	step record;
	newest int := custseg._newest_layout();
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT p.name, p.layout, p.customer_type INTO STRICT home FROM portfolio AS p;
	IF home.layout > newest THEN
		RAISE EXCEPTION 'portfolio "%" has layout %, which is newer than this version of custseg', portfolio, home.layout
			USING ERRCODE = '0A000', DETAIL = format('The newest layout that it knows is %s.', newest),
			HINT = 'Install the version of custseg that the portfolio was made with, or a newer one, and run ALTER EXTENSION custseg UPDATE.';
	END IF;
	FOR step IN
		SELECT s.layout, s.statements FROM custseg._layout_steps() AS s WHERE s.layout > home.layout ORDER BY s.layout
	LOOP
		PERFORM custseg._run_layout(custseg._portfolio_schema(portfolio), home.customer_type, step.statements);
	END LOOP;
	UPDATE portfolio AS p SET name = _upgrade_portfolio.portfolio, layout = newest
	WHERE (p.name, p.layout) IS DISTINCT FROM (_upgrade_portfolio.portfolio, newest);
	PERFORM custseg._set_portfolio_layout(portfolio, newest);
	PERFORM custseg._make_views(portfolio);
	IF home.layout = newest THEN
		RETURN format('portfolio "%s" is up to date, with layout %s; its report views were made anew', portfolio, newest);
	END IF;
	RETURN format('portfolio "%s" was brought from layout %s to %s', portfolio, home.layout, newest);
END
$$;
COMMENT ON FUNCTION custseg._upgrade_portfolio(text) IS
'Internal: what upgrade_portfolio does.';

CREATE FUNCTION custseg.upgrade_portfolio(portfolio text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_any' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.upgrade_portfolio(text) IS
'Brings the tables of a portfolio to the layout of this version of custseg and makes its report views anew; to be called for each portfolio after ALTER EXTENSION custseg UPDATE. Returns what it did; a portfolio that is up to date keeps its tables. Only for the owner of the portfolio. 0A000: its layout is newer than this version of custseg; 42704: no such portfolio; 3F000: its schema is gone; 22004: NULL; 42501: not the owner.';

-- --- attach_portfolio -----------------------------------------------------

-- A schema that is no portfolio yet may be anything, and the caller may be a superuser. So only the catalog is looked at,
-- and one row of a plain table whose columns have types of PostgreSQL, which runs no code of its owner.
CREATE FUNCTION custseg._check_layout_of(p_schema name, p_owner oid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text;
BEGIN
	SELECT x.problem INTO problem
	FROM (
		SELECT t.place, CASE
				WHEN c.oid IS NULL THEN format('It has no table "%s".', t.name)
				WHEN c.relkind <> 'r' THEN format('"%s" is not a table.', t.name)
				WHEN t.name = 'portfolio' AND (
					SELECT count(*) FROM pg_attribute AS a
					WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attgenerated = ''
						AND (a.attname, a.atttypid) IN (('name', 'text'::regtype), ('layout', 'int4'::regtype))) <> 2
					THEN 'Its table "portfolio" has other columns.'
			END AS problem
		FROM unnest('{portfolio,setting,source,run,criteria,model,customer,membership,tier_transition,measure,component,tier,report_view}'::text[])
			WITH ORDINALITY AS t (name, place)
		LEFT JOIN pg_class AS c ON c.relname = t.name
			AND c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = p_schema)
	) AS x
	WHERE x.problem IS NOT NULL ORDER BY x.place LIMIT 1;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'argument "schema_name": schema "%" holds no portfolio', p_schema
			USING ERRCODE = '22023', DETAIL = problem,
			HINT = 'It must be the schema that create_portfolio has made, renamed or restored. create_portfolio makes a new one.';
	END IF;

	SELECT format('%s is owned by role "%s".', c.oid::regclass, pg_get_userbyid(c.relowner)) INTO problem
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = p_schema AND c.relkind IN ('r', 'v', 'S') AND c.relowner <> p_owner
	ORDER BY c.relname LIMIT 1;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'schema "%" is owned by role "%", but not all that it holds', p_schema, pg_get_userbyid(p_owner)
			USING ERRCODE = '55000', DETAIL = problem,
			HINT = 'A run works as the owner of the schema: ALTER TABLE ... OWNER TO, ALTER VIEW ... OWNER TO make it that of the rest.';
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._check_layout_of(name, oid) IS
'Internal: refuses a schema that holds no portfolio (22023), or in which the owner of the schema does not own all tables and views (55000).';

CREATE FUNCTION custseg._attach_portfolio(schema_name text, p_name text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home record;
	stored record;
BEGIN
	IF schema_name IS NULL THEN
		RAISE EXCEPTION 'argument "schema_name" must not be null'
			USING ERRCODE = '22004', HINT = 'Give the name of the schema that holds the portfolio.';
	END IF;
	SELECT n.nspname AS name, n.nspowner AS owner INTO home FROM pg_namespace AS n WHERE n.nspname = schema_name;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'schema "%" does not exist', schema_name
			USING ERRCODE = '3F000', HINT = 'Argument "schema_name" must be the name of the portfolio''s schema, unquoted.';
	END IF;
	IF schema_name IN ('public', 'custseg', 'information_schema') OR starts_with(schema_name, 'pg_') THEN
		RAISE EXCEPTION 'argument "schema_name": schema "%" cannot be a portfolio', schema_name
			USING ERRCODE = '22023', HINT = 'A portfolio has a schema of its own.';
	END IF;
	IF NOT pg_has_role(home.owner, 'USAGE') THEN
		RAISE EXCEPTION 'permission denied for schema "%"', schema_name
			USING ERRCODE = '42501', HINT = format('A member of role "%s", which owns it, may do this, or a superuser.', pg_get_userbyid(home.owner));
	END IF;
	PERFORM custseg._check_layout_of(home.name, home.owner);
	EXECUTE format('SELECT p.name, p.layout FROM ONLY %I.portfolio AS p', home.name) INTO stored;
	IF stored.layout IS NULL OR stored.layout < 1 THEN
		RAISE EXCEPTION 'argument "schema_name": schema "%" holds no portfolio', schema_name
			USING ERRCODE = '22023', DETAIL = 'Its table "portfolio" has no row with a layout.',
			HINT = 'Restore the rows of its tables too.';
	END IF;
	IF stored.layout > custseg._newest_layout() THEN
		RAISE EXCEPTION 'the portfolio in schema "%" has layout %, which is newer than this version of custseg', schema_name, stored.layout
			USING ERRCODE = '0A000', DETAIL = format('The newest layout that it knows is %s.', custseg._newest_layout()),
			HINT = 'Install the version of custseg that the portfolio was made with, or a newer one, and run ALTER EXTENSION custseg UPDATE.';
	END IF;

	stored.name := coalesce(p_name, stored.name);
	PERFORM custseg._register_portfolio(stored.name, home.name, stored.layout);
	-- As the owner of the schema, from here on.
	RETURN format('portfolio "%s" is in schema %I, owned by role "%s"', stored.name, home.name, pg_get_userbyid(home.owner))
		|| E'\n' || custseg.upgrade_portfolio(stored.name);
END
$$;
COMMENT ON FUNCTION custseg._attach_portfolio(text, text) IS
'Internal: what attach_portfolio does.';

CREATE FUNCTION custseg.attach_portfolio(schema_name text, name text DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_caller' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.attach_portfolio(text, text) IS
'Registers a schema that holds a portfolio, and brings it to the layout of this version: after the schema was renamed, restored from a dump of its own, or copied from another database. Returns what it did. schema_name: the schema. name: the name of the portfolio; NULL: the one that it had. A schema that was registered under that name and is gone is forgotten. 22023: the schema holds no portfolio, or is one that cannot; 42710: the name is taken, or the schema is registered; 55000: the owner of the schema does not own all that it holds; 0A000: its layout is newer than this version of custseg; 3F000: no such schema; 22004: NULL; 42501: not the owner of the schema.';

-- --- rename_portfolio -----------------------------------------------------

-- What pg_cron has of a portfolio is not ours to change: the job may be another role's, or in another database.
CREATE FUNCTION custseg._about_job(portfolio text, remedy text) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT CASE WHEN custseg._cron_setting('database_name') IS NULL THEN ''
		ELSE pg_catalog.format(E'\na job of pg_cron, if there is one, still names it "%s": %s', portfolio, remedy) END;
END;
COMMENT ON FUNCTION custseg._about_job(text, text) IS
'Internal: a line about the job of a portfolio that is no more of that name, where the server has pg_cron.';

CREATE FUNCTION custseg._rename_portfolio(portfolio text, new_name text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema name := custseg._portfolio_schema(portfolio);
BEGIN
	IF new_name IS NULL THEN
		RAISE EXCEPTION 'argument "new_name" must not be null'
			USING ERRCODE = '22004', HINT = 'Give a name of 1 to 200 characters.';
	END IF;
	IF length(new_name) NOT BETWEEN 1 AND 200 THEN
		RAISE EXCEPTION 'argument "new_name" must have 1 to 200 characters, not %', length(new_name)
			USING ERRCODE = '22023', HINT = 'A portfolio is named like a table: short.';
	END IF;
	IF new_name = portfolio THEN
		RETURN format('portfolio "%s" has that name already', portfolio);
	END IF;
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	PERFORM custseg._unregister_portfolio(portfolio);
	PERFORM custseg._register_portfolio(new_name, schema, custseg._newest_layout());
	UPDATE portfolio AS p SET name = new_name;
	PERFORM custseg._make_views(new_name);
	RETURN format('portfolio "%s" is now "%s"; its schema is %I, as before', portfolio, new_name, schema)
		|| custseg._about_job(portfolio, format('SELECT custseg.unschedule(%L), and schedule it anew', portfolio));
END
$$;
COMMENT ON FUNCTION custseg._rename_portfolio(text, text) IS
'Internal: what rename_portfolio does.';

CREATE FUNCTION custseg.rename_portfolio(portfolio text, new_name text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.rename_portfolio(text, text) IS
'Gives a portfolio another name; its schema keeps its own. Returns what it did. To rename the schema: ALTER SCHEMA ... RENAME, and then attach_portfolio. Only for the owner of the portfolio. 42710: the name is taken; 22023: a name that is none; 22004: NULL; 42704: no such portfolio; 42501: not the owner.';

-- --- drop_portfolio -------------------------------------------------------

-- What DROP SCHEMA ... CASCADE would take with it outside the schema. Where something belongs to something else, such as
-- the rule of a view to the view, the dependency is internal, and both go. pg_identify_object quotes names.
CREATE FUNCTION custseg._dependents_outside(schema_name name) RETURNS SETOF text
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE gone AS (
		SELECT 'pg_namespace'::regclass::oid AS classid, n.oid AS objid FROM pg_namespace AS n WHERE n.nspname = schema_name
		UNION
		SELECT x.classid, x.objid
		FROM gone AS g
		CROSS JOIN LATERAL (
			SELECT d.classid, d.objid FROM pg_depend AS d WHERE d.refclassid = g.classid AND d.refobjid = g.objid
			UNION ALL
			SELECT d.refclassid, d.refobjid FROM pg_depend AS d
			WHERE d.classid = g.classid AND d.objid = g.objid AND d.deptype = 'i'
		) AS x
	)
	SELECT pg_describe_object(g.classid, g.objid, 0) AS description
	FROM gone AS g
	LEFT JOIN pg_rewrite AS w ON g.classid = 'pg_rewrite'::regclass AND w.oid = g.objid
	LEFT JOIN pg_attrdef AS f ON g.classid = 'pg_attrdef'::regclass AND f.oid = g.objid
	LEFT JOIN pg_trigger AS t ON g.classid = 'pg_trigger'::regclass AND t.oid = g.objid
	LEFT JOIN pg_policy AS p ON g.classid = 'pg_policy'::regclass AND p.oid = g.objid
	LEFT JOIN pg_class AS c ON c.oid = coalesce(w.ev_class, f.adrelid, t.tgrelid, p.polrelid,
		CASE WHEN g.classid = 'pg_class'::regclass THEN g.objid END)
	LEFT JOIN pg_type AS y ON g.classid = 'pg_type'::regclass AND y.oid = g.objid
	LEFT JOIN pg_cast AS k ON g.classid = 'pg_cast'::regclass AND k.oid = g.objid
	CROSS JOIN LATERAL pg_identify_object(g.classid, g.objid, 0) AS i
	WHERE coalesce(c.relnamespace::regnamespace::text, i.schema, '') NOT IN (quote_ident(schema_name), 'pg_toast')
		AND (i.schema IS NOT NULL OR c.oid IS NOT NULL OR k.oid IS NOT NULL OR g.classid = 'pg_event_trigger'::regclass)
		-- What goes with something else that is named, or with a type of the schema.
		AND NOT EXISTS (SELECT FROM pg_type AS t WHERE t.oid IN (k.castsource, k.casttarget)
			AND t.typnamespace::regnamespace::text = quote_ident(schema_name))
		AND coalesce(w.rulename, '') <> '_RETURN' AND NOT coalesce(t.tgisinternal, false)
		AND NOT (g.classid = 'pg_class'::regclass AND c.relkind IN ('i', 'I'))
		AND coalesce(y.typrelid, 0) = 0 AND coalesce(y.typcategory, '') <> 'A'
	ORDER BY 1
$$;
COMMENT ON FUNCTION custseg._dependents_outside(name) IS
'Internal: the objects outside a schema that depend on what is in it, described.';

-- What there is in a portfolio, for people. Its layout may be any.
CREATE FUNCTION custseg._describe_portfolio(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	has record;
	customers bigint;
	schema name := custseg._portfolio_schema(portfolio);
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT count(*) AS runs, count(DISTINCT r.as_of) AS days, min(r.as_of) AS first, max(r.as_of) AS last INTO has
	FROM run AS r WHERE r.state = 'done';
	SELECT count(*) INTO customers FROM customer AS c;
	RETURN format('schema %I (customers: %s; runs: %s; days of history: %s%s)', schema, customers, has.runs, has.days,
		CASE WHEN has.runs > 0 THEN format(', from %s to %s', has.first, has.last) ELSE '' END);
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
	RETURN format('schema %I', schema);
END
$$;
COMMENT ON FUNCTION custseg._describe_portfolio(text) IS
'Internal: how many customers, runs and days a portfolio has, as a phrase.';

CREATE FUNCTION custseg._drop_portfolio(portfolio text, confirm text, p_cascade boolean) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	schema name := (SELECT n.nspname FROM custseg.portfolio AS p JOIN pg_namespace AS n ON n.nspname = p.schema_name WHERE p.name = portfolio);
	content text := 'its entry in custseg.portfolios; the schema is gone already';
	dependents text[] := '{}';
BEGIN
	IF schema IS NOT NULL THEN
		PERFORM custseg._lock_portfolio(portfolio);
		content := custseg._describe_portfolio(portfolio);
		dependents := ARRAY(SELECT d FROM custseg._dependents_outside(schema) AS d);
	END IF;
	IF confirm IS DISTINCT FROM portfolio THEN
		RAISE EXCEPTION 'argument "confirm" is %, so portfolio "%" was not dropped', coalesce('"' || confirm || '"', 'null'), portfolio
			USING ERRCODE = '22023', DETAIL = format('What would be dropped is %s.', content),
			HINT = format('If it is to go for good, give its name twice: SELECT custseg.drop_portfolio(%1$L, %1$L).', portfolio);
	END IF;
	IF dependents <> '{}' AND p_cascade IS NOT TRUE THEN
		RAISE EXCEPTION 'other objects depend on portfolio "%"', portfolio
			USING ERRCODE = '2BP01', DETAIL = array_to_string(dependents[:20], E'\n') || CASE WHEN cardinality(dependents) > 20
				THEN format(E'\nand %s more', cardinality(dependents) - 20) ELSE '' END,
			HINT = 'They lie outside its schema. Drop them first, or say "cascade" => true to drop them too.';
	END IF;
	IF schema IS NOT NULL THEN
		EXECUTE format('DROP SCHEMA %I CASCADE', schema);
	END IF;
	PERFORM custseg._unregister_portfolio(portfolio);
	RETURN format('portfolio "%s" was dropped: %s', portfolio, content)
		|| CASE WHEN dependents = '{}' THEN '' ELSE E'\nand outside it: ' || array_to_string(dependents, ', ') END
		|| custseg._about_job(portfolio, format('SELECT custseg.unschedule(%L)', portfolio));
END
$$;
COMMENT ON FUNCTION custseg._drop_portfolio(text, text, boolean) IS
'Internal: what drop_portfolio does.';

CREATE FUNCTION custseg.drop_portfolio(portfolio text, confirm text DEFAULT NULL, "cascade" boolean DEFAULT false) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_any' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.drop_portfolio(text, text, boolean) IS
'Drops a portfolio: its schema with all that is in it, the history too, and its entry in custseg.portfolios. Returns what was dropped. confirm: the name once more; without it the error says what would be dropped. cascade: also drops what lies outside the schema and depends on it, such as a view over a report view. Where the schema is gone already, only the entry is dropped. Only for the owner of the portfolio. 22023: confirm is not the name; 2BP01: something outside depends on it; 42704: no such portfolio; 22004: NULL; 42501: not the owner.';

-- Sentences: how explanations are put into words, in which language.
--
-- A sentence has a code and, for each language, a template with places in braces. Rows that ship cannot be changed; a
-- language of one's own is further rows, and what it lacks is taken from English.

CREATE TABLE custseg.sentence
(
	language text CHECK (language ~ '^[a-z]+([-_][A-Za-z0-9_-]+)?$' AND pg_catalog.length(language) <= 50),
	code     text CHECK (code <> '' AND pg_catalog.length(code) <= 200),
	template text NOT NULL CHECK (pg_catalog.length(template) <= 2000),
	shipped  boolean NOT NULL DEFAULT false,
	PRIMARY KEY (language, code)
);
COMMENT ON TABLE custseg.sentence IS
'The sentences of explain_score and explain_tier. Shipped rows cannot be changed: add a language of your own, such as en_shop, with the sentences that are to differ. What it lacks is taken from the language before the _ or -, then from en.';
COMMENT ON COLUMN custseg.sentence.language IS 'Language, as the setting language and the argument language take it: en, zh, or one of your own.';
COMMENT ON COLUMN custseg.sentence.code IS 'What the sentence is for; ''measure NAME'' is the name of a measure for people.';
COMMENT ON COLUMN custseg.sentence.template IS 'The sentence. {name} is replaced by a value: the same names as in the shipped sentence of that code.';
COMMENT ON COLUMN custseg.sentence.shipped IS 'True for rows that came with the extension; they cannot be changed and are not dumped.';

INSERT INTO custseg.sentence (language, code, template, shipped)
SELECT 'en', v.code, v.template, true
FROM (VALUES
	('join and', ', '),
	('join or', ' or '),
	('join some', '{count} of '),
	('join sentences', ' '),
	('period always', 'without end'),
	('period until', 'until {until}'),
	('period from', 'from {since}'),
	('period between', 'from {since} until {until}'),
	('component class', '{measure} is {value}: class {class} of {classes}. With weight {weight} it contributes {contribution}.'),
	('component scale', '{measure} is {value}, {class} on the scale {method}. With weight {weight} it contributes {contribution}.'),
	('component plain', '{measure} is {value} and counts as it is. With weight {weight} it contributes {contribution}.'),
	('component unknown', '{measure} is unknown. With weight {weight} it contributes {contribution}.'),
	('component idle', '{measure} is {value}. The score as a whole is unknown.'),
	('component idle unknown', '{measure} is unknown. The score as a whole is unknown.'),
	('axis', '{measure} is {value}: class {class} of {classes}.'),
	('axis unknown', '{measure} is unknown: class {class} of {classes}.'),
	('axis none', '{measure} is unknown.'),
	('segment', 'The classes {cell} are the segment {class}, by rule {position} of {segmentation}: {note}'),
	('segment rule', 'The classes {cell} are the segment {class}, by rule {position} of {segmentation}.'),
	('segment kept', 'The segment is {class}; today''s rules of {segmentation} have none for the classes {cell}.'),
	('segment none', 'There is no segment: {segmentation} has no rule for these classes, or there is no purchase yet.'),
	('total', 'The score is {value}.'),
	('total unknown', 'The score is unknown.'),
	('priority', 'The priority is {value}.'),
	('allocation', '{name}: {value} since {since}.'),
	('agent', 'Served by {name} since {since}.'),
	('value', '{measure} is {value}.'),
	('value unknown', '{measure} is unknown.'),
	('rule base', '{tier} is the lowest tier: it has no rule.'),
	('rule keep holds', 'The rule to keep {tier} is met: {condition}.'),
	('rule keep fails', 'The rule to keep {tier} is not met: {condition}.'),
	('rule enter holds', 'The rule to enter {tier} is met: {condition}.'),
	('rule enter fails', 'The rule to enter {tier} is not met: {condition}.'),
	('comparison holds', '{measure} is {value}: {comparison} {threshold} is met.'),
	('comparison fails', '{measure} is {value}: {comparison} {threshold} is not met, the distance is {missing}.'),
	('comparison needs', '{measure} is {value}: {comparison} {threshold} is not met, the distance is {missing}. It takes {needs}.'),
	('needs more than', '{measure} above {value}'),
	('needs at most', '{measure} of at most {value}'),
	('needs score', '{score} {value} takes {needs}'),
	('comparison unknown', '{measure} is unknown: {comparison} {threshold} is not met.'),
	('missing next', 'For {tier} is missing: {missing}.'),
	('missing next none', 'Nothing is missing for {tier}.'),
	('missing keep', 'To keep {tier} is missing: {missing}.'),
	('missing keep none', 'Nothing is missing to keep {tier}.'),
	('missing more', '{measure} {value} more'),
	('missing less', '{measure} {value} less'),
	('missing more than more', '{measure} more than {value} more'),
	('missing more than less', '{measure} more than {value} less'),
	('missing exactly more', '{measure} exactly {value} more'),
	('missing exactly less', '{measure} exactly {value} less'),
	('missing unknown', '{measure} unknown, {wanted}'),
	('missing wanted', '{measure} {wanted}'),
	('wanted at least', 'at least {value}'),
	('wanted more than', 'more than {value}'),
	('wanted at most', 'at most {value}'),
	('wanted less than', 'less than {value}'),
	('wanted exactly', 'exactly {value}'),
	('wanted other than', 'other than {value}'),
	('wanted from', 'from {value} to {limit}'),
	('policy excluded', 'excluded from the tiers{note}'),
	('policy pinned', 'pinned to {tier}{note}'),
	('policy floor', 'not below {tier}{note}'),
	('policy floor renewed', 'not below {tier}{note}; renewed'),
	('policy base', 'meets no entry rule of a higher tier'),
	('policy enters', 'meets the entry rule of {tier}'),
	('policy upgrade later', 'qualifies for {tier}; upgrade at {until}'),
	('policy upgrade later renewed', 'qualifies for {tier}; upgrade at {until}; renewed'),
	('policy upgrade tomorrow', 'qualifies for {tier}; came here today, and moves once a day'),
	('policy keeps', 'meets the rule to keep {tier}'),
	('policy lowest', '{tier} is the lowest tier'),
	('policy lowest renewed', '{tier} is the lowest tier; renewed'),
	('policy renews', 'meets the rule to keep {tier}; renewed'),
	('policy never', 'does not meet the rule to keep {tier}; the policy has no downgrades'),
	('policy stay', 'does not meet the rule to keep {tier}; no downgrade before {until} (minimum stay)'),
	('policy validity', 'does not meet the rule to keep {tier}; no downgrade before {until} (validity)'),
	('policy judged later', 'does not meet the rule to keep {tier}; judged at {until}'),
	('policy grace', 'does not meet the rule to keep {tier}; the last day of grace is {until}'),
	('policy moved today', 'does not meet the rule to keep {tier}; came here today, and moves once a day'),
	('policy one step', 'does not meet the rule to keep {tier}; one step down'),
	('policy requalify', 'does not meet the rule to keep {tier}; down to the tier whose rule is met'),
	('policy to base', 'does not meet the rule to keep {tier}; down to the base tier'),
	('policy to floor', 'does not meet the rule to keep {tier}; not lower{note}'),
	('policy gone', 'no longer in the sources'),
	('policy merged', 'merged into {name}'),
	('override pin', 'Pinned to {tier} {period} by {author}: {note}'),
	('override floor', 'Not below {tier} {period}, by {author}: {note}'),
	('override exclude', 'Excluded from the tiers {period} by {author}: {note}'),
	('history enter', '{since}: came in as {tier}: {reason}.'),
	('history upgrade', '{since}: from {from} up to {tier}: {reason}.'),
	('history downgrade', '{since}: from {from} down to {tier}: {reason}.'),
	('history renew', '{since}: {tier} renewed: {reason}.'),
	('history exit', '{since}: left {from}: {reason}.'),
	('history grace', '{since}: warned in {tier}: {reason}.'),
	('history keep', '{since}: stays in {tier}: {reason}.'),
	('history none', '{since}: no tier: {reason}.'),
	('summary tier', 'You are in the tier {tier} since {since}.'),
	('summary none', 'You are in no tier.'),
	('summary gone', 'You are not a customer any more.'),
	('summary excluded', 'The tiers do not apply to you.'),
	('summary pinned', 'This tier has been set for you {period}.'),
	('summary floor', 'You do not go below {tier} {period}.'),
	('summary valid', 'It is valid until {until}.'),
	('summary top', 'There is no higher tier.'),
	('summary next', 'For {tier} you need: {missing}.'),
	('summary due', 'You have what {tier} needs, and go up at the next run.'),
	('summary due day', 'You have what {tier} needs, and go up at {until}.'),
	('summary due pinned', 'You have what {tier} needs, but your tier has been set by hand.'),
	('summary needs', 'At present {scores}.'),
	('summary keep', 'You have what it takes to keep {tier}.'),
	('summary keep missing', 'To keep {tier} you need: {missing}.'),
	('summary grace', 'Until {until} you keep it nevertheless.'),
	('summary stay', 'Before {until} you do not go down.'),
	('summary judged', 'This is judged at {until}.')
) AS v (code, template);

-- Chinese, as code points: this script must load into a database of any encoding. Where the encoding has no such
-- characters, there is no Chinese. The codes say what each is in English.
DO $do$
BEGIN
	BEGIN
		INSERT INTO custseg.sentence (language, code, template, shipped)
		SELECT 'zh', v.code, pg_catalog.unistr(v.template), true
		FROM (VALUES
			('join and', '\FF0C'),
			('join or', ' \6216 '),
			('join some', '\4EE5\4E0B\4EFB {count} \9879\FF1A'),
			('join sentences', ''),
			('period always', '\65E0\671F\9650'),
			('period until', '\81F3 {until} \6B62\FF08\4E0D\542B\5F53\65E5\FF09'),
			('period from', '\81EA {since} \8D77'),
			('period between', '\81EA {since} \8D77\81F3 {until} \6B62\FF08\4E0D\542B\5F53\65E5\FF09'),
			('component class',
			 '{measure}\4E3A {value}\FF1A\7B2C {class} \7EA7\FF08\5171 {classes} \7EA7\FF09\3002\6743\91CD {weight}\FF0C\8D21\732E {contribution}\3002'),
			('component scale',
			 '{measure}\4E3A {value}\FF0C\6309 {method} \6362\7B97\4E3A {class}\3002\6743\91CD {weight}\FF0C\8D21\732E {contribution}\3002'),
			('component plain',
			 '{measure}\4E3A {value}\FF0C\6309\539F\503C\8BA1\5165\3002\6743\91CD {weight}\FF0C\8D21\732E {contribution}\3002'),
			('component unknown', '{measure}\672A\77E5\3002\6743\91CD {weight}\FF0C\8D21\732E {contribution}\3002'),
			('component idle', '{measure}\4E3A {value}\3002\603B\5206\672A\77E5\3002'),
			('component idle unknown', '{measure}\672A\77E5\3002\603B\5206\672A\77E5\3002'),
			('axis', '{measure}\4E3A {value}\FF1A\7B2C {class} \7EA7\FF08\5171 {classes} \7EA7\FF09\3002'),
			('axis unknown', '{measure}\672A\77E5\FF1A\7B2C {class} \7EA7\FF08\5171 {classes} \7EA7\FF09\3002'),
			('axis none', '{measure}\672A\77E5\3002'),
			('segment',
			 '\7EA7\522B {cell} \5C5E\4E8E\7EC6\5206\201C{class}\201D\FF0C\4F9D\636E {segmentation} \7684\7B2C {position} \6761\89C4\5219\FF1A{note}'),
			('segment rule',
			 '\7EA7\522B {cell} \5C5E\4E8E\7EC6\5206\201C{class}\201D\FF0C\4F9D\636E {segmentation} \7684\7B2C {position} \6761\89C4\5219\3002'),
			('segment kept',
			 '\5F53\524D\7EC6\5206\4E3A\201C{class}\201D\FF1B{segmentation} \73B0\884C\89C4\5219\4E2D\6CA1\6709\7EA7\522B {cell} \7684\7EC6\5206\3002'),
			('segment none',
			 '\6CA1\6709\7EC6\5206\FF1A{segmentation} \6CA1\6709\5BF9\5E94\7684\89C4\5219\FF0C\6216\5C1A\65E0\8D2D\4E70\3002'),
			('total', '\603B\5206\4E3A {value}\3002'),
			('total unknown', '\603B\5206\672A\77E5\3002'),
			('priority', '\4F18\5148\7EA7\4E3A {value}\3002'),
			('allocation', '{name}\FF1A{value}\FF0C\81EA {since} \8D77\3002'),
			('agent', '\81EA {since} \8D77\7531 {name} \670D\52A1\3002'),
			('value', '{measure}\4E3A {value}\3002'),
			('value unknown', '{measure}\672A\77E5\3002'),
			('rule base', '\201C{tier}\201D\662F\6700\4F4E\7B49\7EA7\FF0C\6CA1\6709\6761\4EF6\3002'),
			('rule keep holds', '\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1A{condition}\3002'),
			('rule keep fails', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1A{condition}\3002'),
			('rule enter holds', '\6EE1\8DB3\8FDB\5165\201C{tier}\201D\7684\6761\4EF6\FF1A{condition}\3002'),
			('rule enter fails', '\4E0D\6EE1\8DB3\8FDB\5165\201C{tier}\201D\7684\6761\4EF6\FF1A{condition}\3002'),
			('comparison holds', '{measure}\4E3A {value}\FF1A\6EE1\8DB3 {comparison} {threshold}\3002'),
			('comparison fails', '{measure}\4E3A {value}\FF1A\4E0D\6EE1\8DB3 {comparison} {threshold}\FF0C\76F8\5DEE {missing}\3002'),
			('comparison needs',
			 '{measure}\4E3A {value}\FF1A\4E0D\6EE1\8DB3 {comparison} {threshold}\FF0C\76F8\5DEE {missing}\3002\9700\8981{needs}\3002'),
			('needs more than', '{measure}\9AD8\4E8E {value}'),
			('needs at most', '{measure}\4E0D\9AD8\4E8E {value}'),
			('needs score', '{score}\8FBE\5230 {value} \9700\8981{needs}'),
			('comparison unknown', '{measure}\672A\77E5\FF1A\4E0D\6EE1\8DB3 {comparison} {threshold}\3002'),
			('missing next', '\8DDD\79BB\201C{tier}\201D\8FD8\9700\FF1A{missing}\3002'),
			('missing next none', '\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\3002'),
			('missing keep', '\4FDD\7559\201C{tier}\201D\8FD8\9700\FF1A{missing}\3002'),
			('missing keep none', '\5DF2\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\3002'),
			('missing more', '{measure}\518D\589E\52A0 {value}'),
			('missing less', '{measure}\518D\51CF\5C11 {value}'),
			('missing more than more', '{measure}\518D\589E\52A0\8D85\8FC7 {value}'),
			('missing more than less', '{measure}\518D\51CF\5C11\8D85\8FC7 {value}'),
			('missing exactly more', '{measure}\6070\597D\518D\589E\52A0 {value}'),
			('missing exactly less', '{measure}\6070\597D\518D\51CF\5C11 {value}'),
			('missing unknown', '{measure}\672A\77E5\FF0C\987B{wanted}'),
			('missing wanted', '{measure}\987B{wanted}'),
			('wanted at least', '\4E0D\4F4E\4E8E {value}'),
			('wanted more than', '\9AD8\4E8E {value}'),
			('wanted at most', '\4E0D\9AD8\4E8E {value}'),
			('wanted less than', '\4F4E\4E8E {value}'),
			('wanted exactly', '\7B49\4E8E {value}'),
			('wanted other than', '\4E0D\7B49\4E8E {value}'),
			('wanted from', '\5728 {value} \4E0E {limit} \4E4B\95F4'),
			('policy excluded', '\4E0D\53C2\4E0E\7B49\7EA7{note}'),
			('policy pinned', '\56FA\5B9A\4E3A\201C{tier}\201D{note}'),
			('policy floor', '\4E0D\4F4E\4E8E\201C{tier}\201D{note}'),
			('policy floor renewed', '\4E0D\4F4E\4E8E\201C{tier}\201D{note}\FF1B\5DF2\7EED\671F'),
			('policy base', '\4E0D\6EE1\8DB3\66F4\9AD8\7B49\7EA7\7684\8FDB\5165\6761\4EF6'),
			('policy enters', '\6EE1\8DB3\8FDB\5165\201C{tier}\201D\7684\6761\4EF6'),
			('policy upgrade later', '\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\5C06\4E8E {until} \5347\7EA7'),
			('policy upgrade later renewed',
			 '\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\5C06\4E8E {until} \5347\7EA7\FF1B\5DF2\7EED\671F'),
			('policy upgrade tomorrow',
			 '\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF1B\4ECA\5929\521A\53D8\52A8\8FC7\FF0C\6BCF\5929\53EA\53D8\52A8\4E00\6B21'),
			('policy keeps', '\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6'),
			('policy lowest', '\201C{tier}\201D\662F\6700\4F4E\7B49\7EA7'),
			('policy lowest renewed', '\201C{tier}\201D\662F\6700\4F4E\7B49\7EA7\FF1B\5DF2\7EED\671F'),
			('policy renews', '\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5DF2\7EED\671F'),
			('policy never', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\4F46\89C4\5219\4E0D\964D\7EA7'),
			('policy stay',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5728 {until} \4E4B\524D\4E0D\964D\7EA7\FF08\6700\77ED\505C\7559\671F\FF09'),
			('policy validity',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5728 {until} \4E4B\524D\4E0D\964D\7EA7\FF08\6709\6548\671F\FF09'),
			('policy judged later', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5C06\4E8E {until} \8BC4\5B9A'),
			('policy grace',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\5BBD\9650\671F\6700\540E\4E00\5929\4E3A {until}'),
			('policy moved today',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\4ECA\5929\521A\53D8\52A8\8FC7\FF0C\6BCF\5929\53EA\53D8\52A8\4E00\6B21'),
			('policy one step', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\4E0B\964D\4E00\7EA7'),
			('policy requalify',
			 '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\964D\5230\6EE1\8DB3\6761\4EF6\7684\7B49\7EA7'),
			('policy to base', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\964D\5230\6700\4F4E\7B49\7EA7'),
			('policy to floor', '\4E0D\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\FF1B\6709\4E0B\9650{note}'),
			('policy gone', '\6570\636E\6E90\4E2D\5DF2\6CA1\6709\8BE5\5BA2\6237'),
			('policy merged', '\5DF2\5E76\5165 {name}'),
			('override pin', '\7531 {author} \56FA\5B9A\4E3A\201C{tier}\201D\FF0C{period}\FF1A{note}'),
			('override floor', '\7531 {author} \8BBE\5B9A\4E0D\4F4E\4E8E\201C{tier}\201D\FF0C{period}\FF1A{note}'),
			('override exclude', '\7531 {author} \8BBE\5B9A\4E0D\53C2\4E0E\7B49\7EA7\FF0C{period}\FF1A{note}'),
			('history enter', '{since}\FF1A\8FDB\5165\201C{tier}\201D\FF1A{reason}\3002'),
			('history upgrade', '{since}\FF1A\7531\201C{from}\201D\5347\4E3A\201C{tier}\201D\FF1A{reason}\3002'),
			('history downgrade', '{since}\FF1A\7531\201C{from}\201D\964D\4E3A\201C{tier}\201D\FF1A{reason}\3002'),
			('history renew', '{since}\FF1A\201C{tier}\201D\7EED\671F\FF1A{reason}\3002'),
			('history exit', '{since}\FF1A\79BB\5F00\201C{from}\201D\FF1A{reason}\3002'),
			('history grace', '{since}\FF1A\201C{tier}\201D\9884\8B66\FF1A{reason}\3002'),
			('history keep', '{since}\FF1A\4FDD\7559\201C{tier}\201D\FF1A{reason}\3002'),
			('history none', '{since}\FF1A\6CA1\6709\7B49\7EA7\FF1A{reason}\3002'),
			('summary tier', '\60A8\81EA {since} \8D77\4E3A\201C{tier}\201D\7B49\7EA7\3002'),
			('summary none', '\60A8\76EE\524D\6CA1\6709\7B49\7EA7\3002'),
			('summary gone', '\60A8\5DF2\4E0D\5728\5BA2\6237\540D\5355\4E2D\3002'),
			('summary excluded', '\7B49\7EA7\5236\5EA6\4E0D\9002\7528\4E8E\60A8\3002'),
			('summary pinned', '\8BE5\7B49\7EA7\662F\4E3A\60A8\5355\72EC\8BBE\5B9A\7684\FF0C{period}\3002'),
			('summary floor', '\60A8\7684\7B49\7EA7\4E0D\4F1A\4F4E\4E8E\201C{tier}\201D\FF0C{period}\3002'),
			('summary valid', '\6709\6548\671F\81F3 {until}\FF08\4E0D\542B\5F53\65E5\FF09\3002'),
			('summary top', '\8FD9\662F\6700\9AD8\7B49\7EA7\3002'),
			('summary next', '\5347\4E3A\201C{tier}\201D\8FD8\9700\FF1A{missing}\3002'),
			('summary due', '\60A8\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\4E0B\6B21\8BC4\5B9A\65F6\5347\7EA7\3002'),
			('summary due day', '\60A8\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\5C06\4E8E {until} \5347\7EA7\3002'),
			('summary due pinned',
			 '\60A8\5DF2\6EE1\8DB3\201C{tier}\201D\7684\6761\4EF6\FF0C\4F46\7B49\7EA7\4E3A\4EBA\5DE5\8BBE\5B9A\3002'),
			('summary needs', '\6309\76EE\524D\6807\51C6\FF0C{scores}\3002'),
			('summary keep', '\60A8\6EE1\8DB3\4FDD\7559\201C{tier}\201D\7684\6761\4EF6\3002'),
			('summary keep missing', '\4FDD\7559\201C{tier}\201D\8FD8\9700\FF1A{missing}\3002'),
			('summary grace', '\5BBD\9650\671F\81F3 {until}\FF0C\5728\6B64\4E4B\524D\7B49\7EA7\4FDD\7559\3002'),
			('summary stay', '\5728 {until} \4E4B\524D\4E0D\4F1A\964D\7EA7\3002'),
			('summary judged', '\5C06\4E8E {until} \8BC4\5B9A\3002'),
			('measure spend', '\6D88\8D39\91D1\989D'),
			('measure orders', '\8BA2\5355\6570'),
			('measure frequency', '\8D2D\4E70\5929\6570'),
			('measure recency', '\8DDD\4E0A\6B21\8D2D\4E70\7684\5929\6570'),
			('measure loyalty', '\6709\8D2D\4E70\7684\6708\6570'),
			('measure score', '\603B\5206'),
			('measure spend_score', '\6D88\8D39\5F97\5206'),
			('measure frequency_score', '\9891\7387\5F97\5206'),
			('measure loyalty_score', '\5FE0\8BDA\5F97\5206'),
			('measure abc_class', 'ABC \7C7B\522B'),
			('measure r', '\8FD1\5EA6\7EA7\522B'),
			('measure f', '\9891\5EA6\7EA7\522B'),
			('measure m', '\91D1\989D\7EA7\522B')
		) AS v (code, template);
	EXCEPTION WHEN untranslatable_character OR feature_not_supported THEN
		RAISE WARNING 'explanations are in English only: encoding % of this database cannot hold the Chinese ones',
			pg_catalog.getdatabaseencoding();
	END;
END
$do$;

-- --- Protection, dump, rights: as for custseg.segmentation --------------------

CREATE FUNCTION custseg._protect_sentences() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		RAISE EXCEPTION 'custseg.sentence cannot be truncated'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'It holds the shipped sentences. Delete your own with DELETE ... WHERE NOT shipped.';
	END IF;
	IF TG_OP IN ('UPDATE', 'DELETE') AND OLD.shipped THEN
		RAISE EXCEPTION 'sentence "%" of language "%" is shipped and cannot be changed', OLD.code, OLD.language
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = format('Add it to a language of your own, such as %s_shop, and choose that with set_option.', OLD.language);
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;
	IF NEW.shipped THEN
		RAISE EXCEPTION 'only the extension itself can add a shipped sentence'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'Leave out the column "shipped", or set it to false.';
	END IF;
	RETURN NEW;
END
$fn$;
COMMENT ON FUNCTION custseg._protect_sentences() IS
'Trigger function: keeps shipped sentences as they are (55000).';

CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON custseg.sentence
	FOR EACH ROW EXECUTE FUNCTION custseg._protect_sentences();
CREATE TRIGGER protect_shipped_truncate BEFORE TRUNCATE ON custseg.sentence
	FOR EACH STATEMENT EXECUTE FUNCTION custseg._protect_sentences();
COMMENT ON TRIGGER protect_shipped ON custseg.sentence IS 'Keeps shipped rows as they are.';
COMMENT ON TRIGGER protect_shipped_truncate ON custseg.sentence IS 'Keeps shipped rows as they are.';

SELECT pg_catalog.pg_extension_config_dump('custseg.sentence', 'WHERE NOT shipped');

GRANT SELECT ON custseg.sentence TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON custseg.sentence TO @extowner@ WITH GRANT OPTION;

-- --- From a code to a sentence -------------------------------------------------

-- The template of the first language that has the code: the language itself, what stands before its _ or -, English.
CREATE FUNCTION custseg._template(p_language text, p_code text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT s.template
	FROM custseg.sentence AS s
	WHERE s.code = p_code AND s.language IN (p_language, regexp_replace(p_language, '[-_].*$', ''), 'en')
	ORDER BY s.language = p_language DESC, s.language = 'en'
	LIMIT 1;
END;
COMMENT ON FUNCTION custseg._template(text, text) IS
'Internal: the template of a sentence in a language, or in one that it falls back to; NULL: none has it.';

-- In one pass, so that a value with braces in it stays as it is.
CREATE FUNCTION custseg._sentence(p_language text, p_code text, p_parts jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(
		CASE WHEN p_parts ? btrim(p.piece[1], '{}') AND p.piece[1] LIKE '{%'
			THEN coalesce(p_parts ->> btrim(p.piece[1], '{}'), '') ELSE p.piece[1] END, '' ORDER BY p.place)
	FROM regexp_matches(custseg._template(p_language, p_code), '\{[a-z_]+\}|[^{]+|\{', 'g') WITH ORDINALITY AS p (piece, place);
END;
COMMENT ON FUNCTION custseg._sentence(text, text, jsonb) IS
'Internal: the sentence of a code in a language, with its places filled from the keys of parts.';

-- The name of a measure for people.
CREATE FUNCTION custseg._measure_label(p_language text, p_measure text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(custseg._template(p_language, 'measure ' || p_measure), p_measure);
END;
COMMENT ON FUNCTION custseg._measure_label(text, text) IS
'Internal: the name of a measure in a language; the measure itself where there is none.';

-- A number for people: at most four decimals, no zeros at the end.
CREATE FUNCTION custseg._plain_number(x numeric) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT trim_scale(round(x, 4))::text;
END;
COMMENT ON FUNCTION custseg._plain_number(numeric) IS
'Internal: a number as a sentence shows it, with at most four decimals.';

-- From and until as a phrase.
CREATE FUNCTION custseg._period_phrase(p_language text, p_since date, p_until date) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT custseg._sentence(p_language,
		CASE WHEN p_since IS NULL AND p_until IS NULL THEN 'period always' WHEN p_since IS NULL THEN 'period until'
			WHEN p_until IS NULL THEN 'period from' ELSE 'period between' END,
		jsonb_build_object('since', p_since::text, 'until', p_until::text));
END;
COMMENT ON FUNCTION custseg._period_phrase(text, date, date) IS
'Internal: a half-open period of days as a phrase of a sentence.';

-- The language of an explanation, checked.
CREATE FUNCTION custseg._explain_language(portfolio text, language text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wanted text := coalesce(language, custseg._option(portfolio, 'language'));
BEGIN
	IF NOT EXISTS (SELECT FROM custseg.sentence AS s WHERE s.language = wanted) THEN
		RAISE EXCEPTION 'argument "language": there are no sentences in "%"', wanted
			USING ERRCODE = '22023',
			HINT = format('There are: %s. Others are rows of custseg.sentence.',
				(SELECT string_agg(DISTINCT s.language, ', ' ORDER BY s.language) FROM custseg.sentence AS s));
	END IF;
	RETURN wanted;
END
$$;
COMMENT ON FUNCTION custseg._explain_language(text, text) IS
'Internal: the language of an explanation, by default the setting language. 22023: no sentences in it.';

-- --- What next_tier says, in another language ----------------------------------

-- One wish of missing_next and missing_keep, such as "spend more than 5 less".
CREATE FUNCTION custseg._missing_clause(p_language text, p_clause text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part text[] := regexp_match(p_clause, '^("(?:[^"]|"")*"|[^\s",()]+) (unknown, )?'
		'(more than |exactly |at least |at most |less than |other than |from )?(-?[0-9][0-9.eE+-]*)( to (\S+))?( more| less)?$');
	measure text;
	wanted text;
BEGIN
	IF part IS NULL THEN
		RETURN p_clause;
	END IF;
	-- A name that must be quoted in a condition stays so, unless there is another for people.
	measure := coalesce(custseg._template(p_language, 'measure ' || CASE WHEN part[1] LIKE '"%'
		THEN replace(substr(part[1], 2, length(part[1]) - 2), '""', '"') ELSE part[1] END), part[1]);
	IF part[7] IS NOT NULL THEN
		RETURN custseg._sentence(p_language, 'missing ' || coalesce(part[3], '') || ltrim(part[7]),
			jsonb_build_object('measure', measure, 'value', part[4]));
	END IF;
	wanted := custseg._sentence(p_language, 'wanted ' || rtrim(part[3]), jsonb_build_object('value', part[4], 'limit', part[6]));
	RETURN custseg._sentence(p_language, CASE WHEN part[2] IS NULL THEN 'missing wanted' ELSE 'missing unknown' END,
		jsonb_build_object('measure', measure, 'wanted', wanted));
END
$$;
COMMENT ON FUNCTION custseg._missing_clause(text, text) IS
'Internal: one part of what is missing for a rule, as next_tier says it, in a language.';

CREATE FUNCTION custseg._missing_sentence(p_language text, p_missing text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(
		CASE
			WHEN m.piece[1] = ', ' THEN custseg._template(p_language, 'join and')
			WHEN m.piece[1] = ' or ' THEN custseg._template(p_language, 'join or')
			WHEN m.piece[1] ~ '^[0-9]+ of $' THEN custseg._sentence(p_language, 'join some',
				jsonb_build_object('count', regexp_replace(m.piece[1], ' of $', '')))
			ELSE custseg._missing_clause(p_language, m.piece[1])
		END, '' ORDER BY m.place)
	FROM regexp_matches(p_missing,
		'(?:"(?:[^"]|"")*"|[^\s",()]+) (?:unknown, )?'
		'(?:more than |exactly |at least |at most |less than |other than |from )?-?[0-9][0-9.eE+-]*(?: to [^\s,()]+)?(?: more| less)?'
		'| or |, |[0-9]+ of |.', 'g') WITH ORDINALITY AS m (piece, place);
END;
COMMENT ON FUNCTION custseg._missing_sentence(text, text) IS
'Internal: what is missing for a rule, as missing_next and missing_keep of next_tier say it, in a language.';

-- The step of a policy behind a reason of next_tier or of a run: its code, and what the reason names.
CREATE FUNCTION custseg._policy_step(p_reason text, OUT code text, OUT parts jsonb)
RETURNS record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT v.code, jsonb_object_agg(n.name, coalesce(v.found[n.place], '')) FILTER (WHERE n.name IS NOT NULL)
	FROM (
		SELECT p.place, p.code, p.names, regexp_match(p_reason, p.pattern) AS found
		FROM (VALUES
			(1, 'excluded', '^excluded(: .*| \(.*)?$', '{note}'),
			(2, 'floor renewed', '^not below ([^:(]*[^:( ])(: .*| \(.*)?; renewed$', '{tier,note}'),
			(3, 'floor', '^not below ([^:(]*[^:( ])(: .*| \(.*)?$', '{tier,note}'),
			(4, 'pinned', '^pinned to ([^:(]*[^:( ])(: .*| \(.*)?$', '{tier,note}'),
			(5, 'base', '^meets no entry rule of a higher tier$', '{}'),
			(6, 'enters', '^meets the entry rule of (.*)$', '{tier}'),
			(7, 'upgrade later renewed', '^qualifies for (.*); upgrade at (\S+); renewed$', '{tier,until}'),
			(8, 'upgrade later', '^qualifies for (.*); upgrade at (\S+)$', '{tier,until}'),
			(9, 'upgrade tomorrow', '^qualifies for (.*); came here today, and moves once a day$', '{tier}'),
			(10, 'renews', '^meets the rule to keep (.*); renewed$', '{tier}'),
			(11, 'keeps', '^meets the rule to keep (.*)$', '{tier}'),
			(12, 'never', '^does not meet the rule to keep (.*); the policy has no downgrades$', '{tier}'),
			(13, 'stay', '^does not meet the rule to keep (.*); no downgrade before (\S+) \(minimum stay\)$', '{tier,until}'),
			(14, 'validity', '^does not meet the rule to keep (.*); no downgrade before (\S+) \(validity\)$', '{tier,until}'),
			(15, 'judged later', '^does not meet the rule to keep (.*); judged at (\S+)$', '{tier,until}'),
			(16, 'grace', '^does not meet the rule to keep (.*); the last day of grace is (\S+)$', '{tier,until}'),
			(17, 'moved today', '^does not meet the rule to keep (.*); came here today, and moves once a day$', '{tier}'),
			(18, 'one step', '^does not meet the rule to keep (.*); one step down$', '{tier}'),
			(19, 'requalify', '^does not meet the rule to keep (.*); down to the tier whose rule is met$', '{tier}'),
			(20, 'to base', '^does not meet the rule to keep (.*); down to the base tier$', '{tier}'),
			(21, 'to floor', '^does not meet the rule to keep (.*); not lower(: .*| \(.*)?$', '{tier,note}'),
			(22, 'lowest renewed', '^(.*) is the base tier; renewed$', '{tier}'),
			(23, 'lowest', '^(.*) is the base tier$', '{tier}'),
			(24, 'gone', '^no longer in the sources$', '{}'),
			(25, 'merged', '^merged into (.*)$', '{name}')
		) AS p (place, code, pattern, names)
		WHERE p_reason ~ p.pattern
		ORDER BY p.place LIMIT 1
	) AS v
	LEFT JOIN LATERAL unnest(v.names::text[]) WITH ORDINALITY AS n (name, place) ON true
	GROUP BY v.code;
END;
COMMENT ON FUNCTION custseg._policy_step(text) IS
'Internal: the step of a tier_policy that a reason stands for, as the code of its sentence without ''policy '', and what it names. NULL: unknown.';

CREATE FUNCTION custseg._reason_sentence(p_language text, p_reason text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(
		(SELECT custseg._sentence(p_language, 'policy ' || s.code, coalesce(s.parts, '{}'))
			FROM custseg._policy_step(p_reason) AS s WHERE s.code IS NOT NULL),
		p_reason);
END;
COMMENT ON FUNCTION custseg._reason_sentence(text, text) IS
'Internal: the reason of a tier in a language; as it is where it is unknown.';

-- explain_score: why a customer has this score and this segment, as rows and as sentences; and what explain_tier shares with it.
--
-- They read what the last run left: the state, the models in use, and the measures on the day of the run, through the
-- expressions by which the run computed them. So their numbers are those of current_customers, and what next_tier says
-- is what the run was told. What was declared since the run counts already.

-- --- Whom a user means -----------------------------------------------------------

CREATE FUNCTION custseg._customer_key(portfolio text, customer text, argument text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key_type text;
	key text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF customer IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = 'Give a customer, as customer_id of current_customers has it.';
	END IF;
	SELECT p.customer_type INTO STRICT key_type FROM portfolio AS p;
	BEGIN
		EXECUTE format('SELECT (%L::%s)::text', customer, key_type) INTO key;
	EXCEPTION WHEN data_exception THEN
		RAISE EXCEPTION 'argument "%" is "%", which is not of type %', argument, left(customer, 100), key_type
			USING ERRCODE = '22023', HINT = 'Customers of this portfolio have the type of the orders'' customer column.';
	END;
	RETURN key;
END
$$;
COMMENT ON FUNCTION custseg._customer_key(text, text, text) IS
'Internal: a customer that a user gave in an argument, as the database writes it. 22004: null; 22023: not of the type of customer_id.';

-- A customer that runs have seen, and that is not merged into another.
CREATE FUNCTION custseg._current_customer(portfolio text, customer text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text := custseg._customer_key(portfolio, customer, 'customer');
	into_key text;
	known boolean;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT a.to_id::text FROM customer_alias AS a WHERE a.from_id = %L', key) INTO into_key;
	EXECUTE format('SELECT EXISTS (SELECT FROM customer AS c WHERE c.customer_id = %L)', key) INTO known;
	IF into_key IS NOT NULL OR NOT known THEN
		RAISE EXCEPTION 'portfolio "%" has no customer "%"', portfolio, left(key, 100)
			USING ERRCODE = '42704', HINT = CASE
				WHEN into_key IS NOT NULL THEN format('It was merged into "%s": ask for that one.', left(into_key, 100))
				ELSE 'The view current_customers has them all. New ones come with the next refresh.' END;
	END IF;
	RETURN key;
END
$$;
COMMENT ON FUNCTION custseg._current_customer(text, text) IS
'Internal: a customer of a portfolio, as the database writes it. 42704: unknown, or merged into another; 22004, 22023: not a customer.';

-- What the customer gets and who serves him now; the tables may be absent.
CREATE FUNCTION custseg._served(portfolio text, key text,
	OUT item text, OUT name text, OUT value numeric, OUT since date)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home name := custseg._portfolio_schema(portfolio);
BEGIN
	IF to_regclass(format('%I.allocation', home)) IS NOT NULL THEN
		RETURN QUERY EXECUTE format('
			SELECT ''allocation'', a.resource::text, a.amount::numeric, a.since
			FROM %I.allocation AS a WHERE a.customer_id = %L AND a.until IS NULL ORDER BY a.resource', home, key);
	END IF;
	IF to_regclass(format('%I.assignment', home)) IS NOT NULL THEN
		RETURN QUERY EXECUTE format('
			SELECT ''agent'', a.agent::text, NULL::numeric, a.since
			FROM %I.assignment AS a WHERE a.customer_id = %L AND a.until IS NULL ORDER BY a.since', home, key);
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._served(text, text) IS
'Internal: what a customer has of each resource now, and the agents who serve him.';

-- The same as rows of an explanation.
CREATE FUNCTION custseg._served_sentences(portfolio text, key text, lang text,
	OUT item text, OUT name text, OUT value numeric, OUT since date, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT s.item, s.name, s.value, s.since, custseg._sentence(lang, s.item,
		jsonb_build_object('name', s.name, 'value', custseg._plain_number(s.value), 'since', s.since::text))
	FROM custseg._served(portfolio, key) AS s;
END;
COMMENT ON FUNCTION custseg._served_sentences(text, text, text) IS
'Internal: allocations and agents of a customer, each with its sentence.';

-- Why a segment: the rule that wins the cell.
CREATE FUNCTION custseg._segment_sentence(portfolio text, lang text, r int, f int, m int, current text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen text := custseg._option(portfolio, 'segmentation');
	axes custseg.segmentation;
	hit record;
BEGIN
	SELECT s.* INTO axes FROM custseg.segmentation AS s WHERE s.name = chosen;
	IF current IS NULL OR axes.name IS NULL THEN
		RETURN custseg._sentence(lang, 'segment none', jsonb_build_object('segmentation', chosen));
	END IF;
	SELECT c.segment, c.position, u.description INTO hit
	FROM custseg.segment_cells(chosen) AS c
	LEFT JOIN custseg.segment_rule AS u ON u.segmentation = chosen AND u.position = c.position
	WHERE (axes.r_classes IS NULL OR c.r = _segment_sentence.r) AND (axes.f_classes IS NULL OR c.f = _segment_sentence.f)
		AND (axes.m_classes IS NULL OR c.m = _segment_sentence.m);
	RETURN custseg._sentence(lang,
		CASE WHEN hit.segment IS DISTINCT FROM current THEN 'segment kept'
			WHEN hit.description IS NULL THEN 'segment rule' ELSE 'segment' END,
		jsonb_build_object('cell', concat_ws('-', r, f, m), 'class', current, 'position', hit.position,
			'segmentation', chosen, 'note', hit.description));
END
$$;
COMMENT ON FUNCTION custseg._segment_sentence(text, text, int, int, int, text) IS
'Internal: why a customer with these classes is in this segment, in a language.';

-- --- explain_score ------------------------------------------------------------------

-- The state of a customer with the measures behind r, f and m.
CREATE FUNCTION custseg._customer_axes(portfolio text, key text,
	OUT axis text, OUT measure text, OUT value float8, OUT class int, OUT breaks float8[])
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	day text;
	axes custseg.segmentation;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT format('%L::date', p.last_as_of) INTO STRICT day FROM portfolio AS p;
	SELECT s.* INTO axes FROM custseg.segmentation AS s WHERE s.name = custseg._option(portfolio, 'segmentation');
	RETURN QUERY EXECUTE format('
		SELECT v.axis, v.measure, v.value, v.class::int,
			(SELECT m.breaks FROM model AS m WHERE m.name = v.axis ORDER BY m.as_of DESC LIMIT 1)
		FROM customer AS c CROSS JOIN LATERAL (VALUES
			(1, ''r'', ''recency'', %s, c.r, %L::boolean), (2, ''f'', ''frequency'', %s, c.f, %L), (3, ''m'', ''spend'', %s, c.m, %L)
		) AS v (place, axis, measure, value, class, used)
		WHERE c.customer_id = %L AND v.used ORDER BY v.place',
		custseg._measure_expression(portfolio, 'recency', day), axes.r_classes IS NOT NULL,
		custseg._measure_expression(portfolio, 'frequency', day), axes.f_classes IS NOT NULL,
		custseg._measure_expression(portfolio, 'spend', day), axes.m_classes IS NOT NULL, key);
END
$$;
COMMENT ON FUNCTION custseg._customer_axes(text, text) IS
'Internal: the axes of the segmentation for a customer: measure, class, and the breaks between the classes.';

-- Components with what each contributes. Contributions add up exactly to the score at as many digits as numeric text of
-- float8 can have.
CREATE FUNCTION custseg._customer_components(portfolio text, key text,
	OUT measure text, OUT method text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT weight float8, OUT contribution numeric)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	measures jsonb;
	v_names text[];
	v_scores float8[];
	v_weights float8[];
	digits int;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT v.measures FROM customer_measures AS v WHERE v.customer_id = %L', key) INTO measures;
	SELECT array_agg(c.measure ORDER BY c.position), array_agg((measures ->> c.score_name)::float8 ORDER BY c.position),
		array_agg(c.weight ORDER BY c.position)
	INTO v_names, v_scores, v_weights FROM component AS c;
	IF v_names IS NULL THEN
		RETURN;
	END IF;
	digits := (SELECT greatest(0, least(12, 14 - ceil(log(1 + coalesce(max(abs(s.s)), 0)))))::int FROM unnest(v_scores) AS s (s));
	RETURN QUERY
	SELECT c.measure, c.method, (measures ->> c.measure)::float8,
		CASE WHEN c.method = 'breaks' THEN c.breaks WHEN custseg._has_classes(c.method) THEN m.breaks END,
		CASE WHEN NOT custseg._has_classes(c.method) THEN m.scale::jsonb END,
		v_scores[n.place], e.weight, e.contribution
	FROM unnest(v_names) WITH ORDINALITY AS n (name, place)
	JOIN component AS c ON c.measure = n.name
	LEFT JOIN LATERAL (
		SELECT o.breaks, o.scale FROM model AS o WHERE o.name = 'score ' || c.measure ORDER BY o.as_of DESC LIMIT 1
	) AS m ON true
	-- All weights may be 0: then there is no score.
	LEFT JOIN LATERAL custseg.explain_weighted(v_names, v_scores,
		CASE WHEN (SELECT sum(w.w) FROM unnest(v_weights) AS w (w)) > 0 THEN v_weights END,
		custseg._option(portfolio, 'missing'), digits) AS e ON e.component = n.name
	ORDER BY n.place;
END
$$;
COMMENT ON FUNCTION custseg._customer_components(text, text) IS
'Internal: the components of the score of a customer as of the last run, and what each contributes.';

CREATE FUNCTION custseg._component_sentence(lang text, measure text, method text, value float8, classes int, score float8,
	weight float8, contribution numeric)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT custseg._sentence(lang,
		CASE WHEN weight IS NULL AND value IS NULL THEN 'component idle unknown' WHEN weight IS NULL THEN 'component idle'
			WHEN score IS NULL THEN 'component unknown' WHEN custseg._has_classes(method) THEN 'component class'
			WHEN method = 'none' THEN 'component plain' ELSE 'component scale' END,
		jsonb_build_object('measure', custseg._measure_label(lang, measure), 'value', custseg._plain_number(value::numeric),
			'class', custseg._plain_number(score::numeric), 'classes', classes, 'method', method,
			'weight', custseg._plain_number(weight::numeric), 'contribution', custseg._plain_number(contribution)));
END;
COMMENT ON FUNCTION custseg._component_sentence(text, text, text, float8, int, float8, float8, numeric) IS
'Internal: a component of a score in words.';

CREATE FUNCTION custseg._explain_score(portfolio text, customer text, language text,
	OUT step int, OUT item text, OUT measure text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT classes int, OUT class text, OUT weight float8, OUT contribution numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lang text := custseg._explain_language(portfolio, language);
	key text := custseg._current_customer(portfolio, customer);
	state record;
	total float8;
	first_in_line float8;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT c.r, c.f, c.m, c.segment FROM customer AS c WHERE c.customer_id = %L', key) INTO state;
	EXECUTE format('SELECT (v.measures ->> ''score'')::float8 FROM customer_measures AS v WHERE v.customer_id = %L', key) INTO total;
	EXECUTE format('SELECT v.priority FROM current_customers AS v WHERE v.customer_id = %L', key) INTO first_in_line;

	RETURN QUERY
	SELECT (row_number() OVER (ORDER BY e.part, e.place))::int, e.item, e.measure, e.value, e.breaks, e.scale, e.score,
		e.classes, e.class, e.weight, e.contribution, e.sentence
	FROM (
		SELECT 1 AS part, row_number() OVER () AS place, 'component' AS item, c.measure, c.value, c.breaks, c.scale, c.score,
			cardinality(c.breaks) + 1 AS classes, CASE WHEN custseg._has_classes(c.method) THEN c.score::int::text END AS class,
			c.weight, c.contribution,
			custseg._component_sentence(lang, c.measure, c.method, c.value, cardinality(c.breaks) + 1, c.score, c.weight,
				c.contribution) AS sentence
		FROM custseg._customer_components(portfolio, key) AS c
		UNION ALL
		SELECT 2, row_number() OVER (), a.axis, a.measure, a.value, a.breaks, NULL, a.class, cardinality(a.breaks) + 1,
			a.class::text, NULL, NULL,
			custseg._sentence(lang,
				CASE WHEN a.class IS NULL THEN 'axis none' WHEN a.value IS NULL THEN 'axis unknown' ELSE 'axis' END,
				jsonb_build_object('measure', custseg._measure_label(lang, a.measure), 'class', a.class,
					'value', custseg._plain_number(a.value::numeric), 'classes', cardinality(a.breaks) + 1))
		FROM custseg._customer_axes(portfolio, key) AS a
		UNION ALL
		SELECT 3, 1, 'segment', NULL, NULL, NULL, NULL, NULL, NULL, state.segment, NULL, NULL,
			custseg._segment_sentence(portfolio, lang, state.r, state.f, state.m, state.segment)
		UNION ALL
		SELECT 4, 1, 'score', 'score', total, NULL, NULL, total, NULL, NULL, NULL, NULL,
			custseg._sentence(lang, CASE WHEN total IS NULL THEN 'total unknown' ELSE 'total' END,
				jsonb_build_object('value', custseg._plain_number(total::numeric)))
		UNION ALL
		SELECT 5, 1, 'priority', 'priority', first_in_line, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
			custseg._sentence(lang, 'priority', jsonb_build_object('value', custseg._plain_number(first_in_line::numeric)))
		WHERE first_in_line IS NOT NULL
		UNION ALL
		SELECT 6, row_number() OVER (), s.item, s.name, s.value::float8, NULL, NULL, NULL, NULL, NULL, NULL, NULL, s.sentence
		FROM custseg._served_sentences(portfolio, key, lang) AS s
	) AS e
	ORDER BY e.part, e.place;
END
$$;
COMMENT ON FUNCTION custseg._explain_score(text, text, text) IS
'Internal: what explain_score does.';

CREATE FUNCTION custseg.explain_score(portfolio text, customer text, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT measure text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT classes int, OUT class text, OUT weight float8, OUT contribution numeric, OUT sentence text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_reader' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 100000 ROWS 10;
COMMENT ON FUNCTION custseg.explain_score(text, text, text) IS
'Why a customer has this score and segment, as of the last run; steps from measures to score to what follows. item: component, with the measure''s value, the breaks or the scale in use, the score that they give (class of classes, or on the scale), its part of the weights and its contribution: together these are the score, to 12 decimals or 14 digits; then r, f, m, the axes of the segmentation; segment, with the rule that hit; score, the total; priority, allocation and agent where there are such. language: of the sentences, see custseg.sentence; NULL: the setting language. The caller must be able to read the view current_customers. 42704: no such portfolio or customer, or he was merged into another; 42501: not a reader; 22023: no such language, not a customer''s type; 22004: NULL.';

CREATE FUNCTION custseg.explain_score(portfolio text, customer bigint, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT measure text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT classes int, OUT class text, OUT weight float8, OUT contribution numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10
BEGIN ATOMIC
	SELECT * FROM custseg.explain_score(portfolio, customer::text, language);
END;
COMMENT ON FUNCTION custseg.explain_score(text, bigint, text) IS
'The same as explain_score(portfolio, customer::text, language).';

CREATE FUNCTION custseg.explain_score(portfolio text, customer uuid, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT measure text, OUT value float8, OUT breaks float8[], OUT scale jsonb, OUT score float8,
	OUT classes int, OUT class text, OUT weight float8, OUT contribution numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10
BEGIN ATOMIC
	SELECT * FROM custseg.explain_score(portfolio, customer::text, language);
END;
COMMENT ON FUNCTION custseg.explain_score(text, uuid, text) IS
'The same as explain_score(portfolio, customer::text, language).';

-- explain_tier: why a customer is in this tier, what is missing for the next one and to keep this one.
--
-- The decision is asked of next_tier, as the run asks it, with the state that the run left. Single rules are asked the
-- same way, by a policy of two tiers.

-- Whether a condition holds for measures, and what is missing.
CREATE FUNCTION custseg._check_rule(condition text, measures jsonb, as_of date, OUT holds boolean, OUT missing text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	policy custseg.tier_policy := jsonb_build_object('tiers', jsonb_build_array(jsonb_build_object('tier', 'no'),
		jsonb_build_object('tier', 'yes', 'enter', condition)))::text;
	decision record;
BEGIN
	SELECT n.tier, n.missing_next INTO decision FROM custseg.next_tier(policy, NULL, NULL, measures, NULL, as_of) AS n;
	holds := decision.tier = 'yes';
	missing := decision.missing_next;
END
$$;
COMMENT ON FUNCTION custseg._check_rule(text, jsonb, date) IS
'Internal: whether a condition of a tier holds for measures, and what is missing, as next_tier says it; NULL: nothing.';

-- What a comparison with the score of a component takes in its measure, by the breaks in use: scores say little to a
-- customer. NULL: the measure is not a score by classes, or no class is enough.
CREATE FUNCTION custseg._score_needs(portfolio text, lang text, p_score text, comparison text, threshold numeric) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	breaks float8[];
	n int;
	class int;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT c.* INTO part FROM component AS c WHERE c.score_name = p_score AND custseg._has_classes(c.method);
	IF part.measure IS NULL THEN
		RETURN NULL;
	END IF;
	breaks := CASE part.method WHEN 'breaks' THEN part.breaks ELSE
		(SELECT m.breaks FROM model AS m WHERE m.name = 'score ' || part.measure ORDER BY m.as_of DESC LIMIT 1) END;
	n := cardinality(breaks);
	-- The lowest class that is enough, counted from 1 for the lowest values; of abc scores 1 is the highest.
	class := CASE
		WHEN threshold NOT BETWEEN 0 AND 10000 THEN NULL
		WHEN part.method = 'abc' AND comparison = '<=' THEN n + 2 - floor(threshold)
		WHEN part.method = 'abc' AND comparison = '<' THEN n + 3 - ceil(threshold)
		WHEN part.method <> 'abc' AND comparison = '>=' THEN ceil(threshold)
		WHEN part.method <> 'abc' AND comparison = '>' THEN floor(threshold) + 1 END;
	IF class IS NULL OR class NOT BETWEEN 2 AND n + 1 THEN
		RETURN NULL;
	END IF;
	RETURN custseg._sentence(lang, CASE WHEN part.descending THEN 'needs at most' ELSE 'needs more than' END,
		jsonb_build_object('measure', custseg._measure_label(lang, part.measure),
			'value', trim_scale(breaks[CASE WHEN part.descending THEN n + 2 - class ELSE class - 1 END]::numeric)::text));
END
$$;
COMMENT ON FUNCTION custseg._score_needs(text, text, text, text, numeric) IS
'Internal: what a threshold of the score of a component means for its measure, in a language; NULL: nothing to say.';

-- Everything about the tier of a customer, looked up once.
CREATE FUNCTION custseg._tier_facts(portfolio text, key text,
	OUT day date, OUT tier text, OUT since date, OUT valid_until date, OUT gone boolean, OUT lowest boolean,
	OUT enter_rule text, OUT enter_holds boolean, OUT enter_missing text,
	OUT keep_rule text, OUT keep_holds boolean, OUT keep_missing text,
	OUT next_tier text, OUT next_rule text, OUT next_holds boolean, OUT next_missing text,
	OUT measures jsonb, OUT policy custseg.tier_policy, OUT transition text, OUT reason text, OUT due text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	state record;
	place record;
	decision record;
	overrides jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.last_as_of INTO STRICT day FROM portfolio AS p;
	policy := custseg._portfolio_policy(portfolio);
	EXECUTE format('
		SELECT c.tier, c.tier_since, c.grace_since, c.valid_until,
			num_nonnulls(c.purchases, c.windows, c.measures, c.segment, c.tier) = 0 AS gone
		FROM customer AS c WHERE c.customer_id = %L', key) INTO state;
	EXECUTE format('SELECT v.measures FROM customer_measures AS v WHERE v.customer_id = %L', key) INTO measures;
	EXECUTE format('
		SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(''kind'', v.kind, ''tier'', v.tier, ''from'', v.valid_from,
			''until'', v.valid_until, ''reason'', v.reason, ''author'', v.author)) ORDER BY v.override_id)
		FROM override AS v WHERE v.customer_id = %L
			-- One that has ended may name a tier that was dropped.
			AND (v.tier IS NULL OR v.tier IN (SELECT t.tier FROM tier AS t))', key) INTO overrides;
	tier := state.tier;
	since := state.tier_since;
	valid_until := state.valid_until;
	gone := state.gone;

	SELECT t.* INTO place FROM custseg.tier_policy_tiers(policy) AS t WHERE t.tier = state.tier;
	IF gone OR state.tier IS NOT NULL AND place.tier IS NULL THEN
		-- Nobody decides about him, or not from a tier that is not declared any more.
		RETURN;
	END IF;
	SELECT n.* INTO decision
	FROM custseg.next_tier(policy, state.tier, state.tier_since, measures, overrides, day, state.grace_since) AS n;
	transition := decision.transition;
	reason := decision.reason;
	IF state.tier IS NULL THEN
		RETURN;
	END IF;
	lowest := place."position" = 1;
	enter_rule := place.enter;
	keep_rule := place.keep;
	SELECT t.tier, t.enter INTO next_tier, next_rule
	FROM custseg.tier_policy_tiers(policy) AS t WHERE t."position" = place."position" + 1;
	IF NOT lowest THEN
		SELECT k.holds, k.missing INTO enter_holds, enter_missing FROM custseg._check_rule(enter_rule, measures, day) AS k;
		SELECT k.holds, k.missing INTO keep_holds, keep_missing FROM custseg._check_rule(keep_rule, measures, day) AS k;
	END IF;
	IF next_tier IS NOT NULL THEN
		SELECT k.holds, k.missing INTO next_holds, next_missing FROM custseg._check_rule(next_rule, measures, day) AS k;
	END IF;
	due := CASE WHEN next_holds AND decision.missing_next LIKE 'nothing, %' THEN decision.missing_next END;
END
$$;
COMMENT ON FUNCTION custseg._tier_facts(text, text) IS
'Internal: the tier of a customer as of the last run, its rules and those of the next, and what next_tier decides about the state that the run left.';

-- The rules as rows: each rule as a whole, and each comparison.
CREATE FUNCTION custseg._tier_rule_rows(portfolio text, facts record, lang text,
	OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text, OUT threshold numeric,
	OUT holds boolean, OUT missing numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF facts.lowest THEN
		RETURN QUERY SELECT 'rule', facts.tier, NULL, NULL, NULL::numeric, NULL, NULL::numeric, true, NULL::numeric,
			custseg._sentence(lang, 'rule base', jsonb_build_object('tier', facts.tier));
	END IF;
	RETURN QUERY
	SELECT 'rule', v.tier, v.rule, v.condition, NULL::numeric, NULL, NULL::numeric, v.holds, NULL::numeric,
		custseg._sentence(lang, format('rule %s %s', v.rule, CASE WHEN v.holds THEN 'holds' ELSE 'fails' END),
			jsonb_build_object('tier', v.tier, 'condition', v.condition))
	FROM (VALUES (facts.tier, 'enter', facts.enter_rule, facts.enter_holds), (facts.tier, 'keep', facts.keep_rule, facts.keep_holds),
		(facts.next_tier, 'enter', facts.next_rule, facts.next_holds)) AS v (tier, rule, condition, holds)
	WHERE v.condition IS NOT NULL;

	RETURN QUERY
	SELECT v.item, v.tier, v.rule, g.measure, g.value, g.comparison, g.threshold, g.holds, g.missing,
		custseg._sentence(lang,
			CASE WHEN g.value IS NULL THEN 'comparison unknown' WHEN g.holds THEN 'comparison holds'
				WHEN n.needs IS NULL THEN 'comparison fails' ELSE 'comparison needs' END,
			jsonb_build_object('measure', custseg._measure_label(lang, g.measure), 'value', custseg._plain_number(g.value),
				'comparison', g.comparison, 'threshold', trim_scale(g.threshold)::text, 'missing', trim_scale(g.missing)::text,
				'needs', n.needs))
	FROM (VALUES ('missing keep', facts.tier, 'keep', facts.lowest), ('missing next', facts.next_tier, 'enter', facts.next_tier IS NULL))
		AS v (item, tier, rule, absent)
	CROSS JOIN LATERAL custseg.tier_gap(facts.policy, v.tier, facts.measures) AS g
	CROSS JOIN LATERAL (SELECT custseg._score_needs(portfolio, lang, g.measure, g.comparison, g.threshold)) AS n (needs)
	WHERE NOT v.absent AND g.rule = v.rule;

	RETURN QUERY
	SELECT v.item, v.tier, v.rule, NULL, NULL::numeric, NULL, NULL::numeric, v.holds, NULL::numeric,
		custseg._sentence(lang, v.item || CASE WHEN v.holds THEN ' none' ELSE '' END,
			jsonb_build_object('tier', v.tier, 'missing', custseg._missing_sentence(lang, v.missing)))
	FROM (VALUES ('missing keep', facts.tier, 'keep', facts.keep_holds, facts.keep_missing),
		('missing next', facts.next_tier, 'enter', facts.next_holds, facts.next_missing)) AS v (item, tier, rule, holds, missing)
	WHERE v.holds IS NOT NULL;
END
$$;
COMMENT ON FUNCTION custseg._tier_rule_rows(text, record, text) IS
'Internal: the rules of the tier and of the next one as rows of explain_tier, from the facts of _tier_facts.';

-- Measures, then scores, that components and rules of tiers use.
CREATE FUNCTION custseg._measure_rows(portfolio text, facts record, lang text,
	OUT item text, OUT name text, OUT value numeric, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY
	SELECT v.item, v.name, v.value, custseg._sentence(lang, CASE WHEN v.value IS NULL THEN 'value unknown' ELSE 'value' END,
		jsonb_build_object('measure', custseg._measure_label(lang, v.name), 'value', custseg._plain_number(v.value)))
	FROM (
		SELECT CASE WHEN u.name IN ('r', 'f', 'm', 'score') OR c.measure IS NOT NULL THEN 'score' ELSE 'measure' END AS item,
			u.name, (facts.measures ->> u.name)::numeric AS value, c.position
		FROM (
			SELECT unnest(custseg.tier_policy_measures(facts.policy)) AS name
			UNION SELECT p.measure FROM component AS p
			UNION SELECT p.score_name FROM component AS p
			UNION SELECT 'score'
		) AS u
		LEFT JOIN component AS c ON c.score_name = u.name
		WHERE facts.measures ? u.name
	) AS v
	ORDER BY v.item, v.name = 'score', v.position, v.name;
END
$$;
COMMENT ON FUNCTION custseg._measure_rows(text, record, text) IS
'Internal: the measures and scores of a customer as rows of explain_tier.';

-- Overrides of a customer that are in force or yet to come.
CREATE FUNCTION custseg._override_rows(portfolio text, key text, day date, lang text,
	OUT kind text, OUT tier text, OUT since date, OUT until date, OUT holds boolean, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY EXECUTE format('
		SELECT o.kind, o.tier, o.valid_from, o.valid_until, coalesce(o.valid_from <= $1, true),
			custseg._sentence($2, ''override '' || o.kind, jsonb_build_object(''tier'', o.tier, ''author'', o.author,
				''note'', o.reason, ''period'', custseg._period_phrase($2, o.valid_from, o.valid_until)))
		FROM override AS o
		WHERE o.customer_id = %L AND (o.valid_until IS NULL OR o.valid_until > $1)
		ORDER BY o.valid_from NULLS FIRST, o.override_id', key)
	USING day, lang;
END
$$;
COMMENT ON FUNCTION custseg._override_rows(text, text, date, text) IS
'Internal: the overrides of a customer that are in force on a day, or later, each with its sentence.';

CREATE FUNCTION custseg._history_rows(portfolio text, key text, lang text,
	OUT day date, OUT transition text, OUT from_tier text, OUT tier text, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._work_on(portfolio);
	RETURN QUERY EXECUTE format('
		SELECT t.as_of, t.transition, t.from_tier, t.tier, custseg._sentence($1, ''history '' || t.transition,
			jsonb_build_object(''since'', t.as_of::text, ''from'', t.from_tier, ''tier'', t.tier,
				''reason'', custseg._reason_sentence($1, t.reason)))
		FROM tier_transition AS t WHERE t.customer_id = %L ORDER BY t.as_of', key)
	USING lang;
END
$$;
COMMENT ON FUNCTION custseg._history_rows(text, text, text) IS
'Internal: the transitions of a customer, each with its sentence.';

-- The scores that are missing for a rule, in the measures behind them.
CREATE FUNCTION custseg._needs_sentence(portfolio text, lang text, facts record, tier text, rule text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	scores text;
BEGIN
	IF tier IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT string_agg(custseg._sentence(lang, 'needs score', jsonb_build_object('score', n.label, 'value', n.threshold, 'needs', n.needs)),
		custseg._template(lang, 'join and') ORDER BY n.place)
	INTO scores
	FROM (
		SELECT min(g.place) AS place, custseg._measure_label(lang, g.measure) AS label, trim_scale(g.threshold)::text AS threshold,
			custseg._score_needs(portfolio, lang, g.measure, g.comparison, g.threshold) AS needs
		FROM custseg.tier_gap(facts.policy, tier, facts.measures)
			WITH ORDINALITY AS g (rule, condition, measure, value, comparison, threshold, holds, missing, place)
		WHERE g.rule = _needs_sentence.rule AND g.holds IS NOT TRUE
		GROUP BY 2, 3, 4
	) AS n
	WHERE n.needs IS NOT NULL;
	RETURN CASE WHEN scores IS NOT NULL THEN custseg._sentence(lang, 'summary needs', jsonb_build_object('scores', scores)) END;
END
$$;
COMMENT ON FUNCTION custseg._needs_sentence(text, text, record, text, text) IS
'Internal: what the scores that are missing for a rule take, in a language; NULL: none are.';

-- What the customer himself could be told. Reasons and authors of overrides are not among it.
CREATE FUNCTION custseg._tier_summary(portfolio text, key text, facts record, lang text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	step record;
	pin record;
	floor record;
	due_day text := substring(facts.due FROM '^nothing, due at (\d{4,}-\d\d-\d\d.*)$');
	parts text[] := '{}';
BEGIN
	SELECT s.code, s.parts ->> 'until' AS until INTO step FROM custseg._policy_step(facts.reason) AS s;
	SELECT o.* INTO pin FROM custseg._override_rows(portfolio, key, facts.day, lang) AS o
	WHERE o.holds AND o.kind = 'pin' LIMIT 1;
	SELECT o.* INTO floor FROM custseg._override_rows(portfolio, key, facts.day, lang) AS o
	WHERE o.holds AND o.kind = 'floor' AND o.tier = facts.tier ORDER BY o.until DESC NULLS FIRST LIMIT 1;
	IF facts.tier IS NULL THEN
		RETURN custseg._sentence(lang, CASE
			WHEN facts.gone THEN 'summary gone'
			WHEN EXISTS (SELECT FROM custseg._override_rows(portfolio, key, facts.day, lang) AS o WHERE o.holds AND o.kind = 'exclude')
				THEN 'summary excluded'
			ELSE 'summary none' END, '{}');
	END IF;

	parts := parts || custseg._sentence(lang, 'summary tier', jsonb_build_object('tier', facts.tier, 'since', facts.since::text));
	parts := parts || CASE
		WHEN pin.kind IS NOT NULL AND pin.tier = facts.tier THEN custseg._sentence(lang, 'summary pinned',
			jsonb_build_object('period', custseg._period_phrase(lang, NULL, pin.until)))
		WHEN floor.kind IS NOT NULL THEN custseg._sentence(lang, 'summary floor',
			jsonb_build_object('tier', floor.tier, 'period', custseg._period_phrase(lang, NULL, floor.until))) END;
	parts := parts || CASE
		WHEN facts.next_tier IS NULL AND facts.lowest IS NOT NULL THEN custseg._sentence(lang, 'summary top', '{}')
		WHEN facts.next_holds THEN custseg._sentence(lang,
			CASE WHEN due_day IS NOT NULL THEN 'summary due day' WHEN facts.due LIKE '%pinned' THEN 'summary due pinned'
				ELSE 'summary due' END, jsonb_build_object('tier', facts.next_tier, 'until', due_day))
		WHEN facts.next_tier IS NOT NULL THEN custseg._sentence(lang, 'summary next',
			jsonb_build_object('tier', facts.next_tier, 'missing', custseg._missing_sentence(lang, facts.next_missing))) END;
	IF NOT facts.next_holds THEN
		parts := parts || custseg._needs_sentence(portfolio, lang, facts, facts.next_tier, 'enter');
	END IF;
	IF pin.kind IS NULL AND facts.keep_holds IS NOT NULL THEN
		parts := parts || custseg._sentence(lang, CASE WHEN facts.keep_holds THEN 'summary keep' ELSE 'summary keep missing' END,
			jsonb_build_object('tier', facts.tier, 'missing', custseg._missing_sentence(lang, facts.keep_missing)));
		IF NOT facts.keep_holds THEN
			parts := parts || custseg._needs_sentence(portfolio, lang, facts, facts.tier, 'keep');
		END IF;
		parts := parts || CASE
			WHEN step.code IN ('stay', 'validity') THEN custseg._sentence(lang, 'summary stay', jsonb_build_object('until', step.until))
			WHEN step.code = 'grace' THEN custseg._sentence(lang, 'summary grace', jsonb_build_object('until', step.until))
			WHEN step.code = 'judged later' THEN custseg._sentence(lang, 'summary judged', jsonb_build_object('until', step.until)) END;
	END IF;
	parts := parts || CASE WHEN facts.valid_until IS NOT NULL THEN
		custseg._sentence(lang, 'summary valid', jsonb_build_object('until', facts.valid_until::text)) END;
	RETURN array_to_string(parts, custseg._template(lang, 'join sentences'));
END
$$;
COMMENT ON FUNCTION custseg._tier_summary(text, text, record, text) IS
'Internal: the tier of a customer in plain sentences for himself.';

CREATE FUNCTION custseg._explain_tier(portfolio text, customer text, language text,
	OUT step int, OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text,
	OUT threshold numeric, OUT holds boolean, OUT missing numeric, OUT day date, OUT sentence text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lang text := custseg._explain_language(portfolio, language);
	key text := custseg._current_customer(portfolio, customer);
	facts record;
	state record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT f.* INTO facts FROM custseg._tier_facts(portfolio, key) AS f;
	EXECUTE format('SELECT c.r, c.f, c.m, c.segment, c.segment_since FROM customer AS c WHERE c.customer_id = %L', key) INTO state;

	RETURN QUERY
	SELECT (row_number() OVER (ORDER BY e.part, e.place))::int, e.item, e.tier, e.rule, e.name, e.value, e.comparison,
		e.threshold, e.holds, e.missing, e.day, e.sentence
	FROM (
		SELECT 1 AS part, row_number() OVER () AS place, m.item, NULL AS tier, NULL AS rule, m.name, m.value, NULL AS comparison,
			NULL::numeric AS threshold, NULL::boolean AS holds, NULL::numeric AS missing, NULL::date AS day, m.sentence
		FROM custseg._measure_rows(portfolio, facts, lang) AS m
		UNION ALL
		SELECT 2, 1, 'segment', NULL, NULL, state.segment, NULL, NULL, NULL, NULL, NULL, state.segment_since,
			custseg._segment_sentence(portfolio, lang, state.r, state.f, state.m, state.segment)
		UNION ALL
		SELECT 3, row_number() OVER (), r.item, r.tier, r.rule, r.name, r.value, r.comparison, r.threshold, r.holds, r.missing,
			NULL, r.sentence
		FROM custseg._tier_rule_rows(portfolio, facts, lang) AS r
		UNION ALL
		SELECT 4, row_number() OVER (), 'override', o.tier, NULL, o.kind, NULL, NULL, NULL, o.holds, NULL, o.until, o.sentence
		FROM custseg._override_rows(portfolio, key, facts.day, lang) AS o
		UNION ALL
		SELECT 5, 1, 'policy', facts.tier, NULL, facts.transition, NULL, NULL, NULL, NULL, NULL,
			CASE WHEN s.parts ->> 'until' ~ '^[0-9]{4,}-[0-9]{2}-[0-9]{2}$' THEN (s.parts ->> 'until')::date END,
			custseg._reason_sentence(lang, facts.reason)
		FROM custseg._policy_step(facts.reason) AS s
		WHERE facts.reason IS NOT NULL
		UNION ALL
		SELECT 6, row_number() OVER (), s.item, NULL, NULL, s.name, s.value, NULL, NULL, NULL, NULL, s.since, s.sentence
		FROM custseg._served_sentences(portfolio, key, lang) AS s
		UNION ALL
		SELECT 7, row_number() OVER (), 'history', h.tier, NULL, h.transition, NULL, NULL, NULL, NULL, NULL, h.day, h.sentence
		FROM custseg._history_rows(portfolio, key, lang) AS h
		UNION ALL
		SELECT 8, 1, 'summary', facts.tier, NULL, NULL, NULL, NULL, NULL, NULL, NULL, facts.since,
			custseg._tier_summary(portfolio, key, facts, lang)
	) AS e
	ORDER BY e.part, e.place;
END
$$;
COMMENT ON FUNCTION custseg._explain_tier(text, text, text) IS
'Internal: what explain_tier does.';

CREATE FUNCTION custseg.explain_tier(portfolio text, customer text, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text,
	OUT threshold numeric, OUT holds boolean, OUT missing numeric, OUT day date, OUT sentence text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_reader' LANGUAGE C VOLATILE PARALLEL UNSAFE
COST 100000 ROWS 20;
COMMENT ON FUNCTION custseg.explain_tier(text, text, text) IS
'Why a customer is in this tier, as of the last run; steps from measures to what a customer could be told. item: measure and score, with their values; segment; rule: the rules to enter and to keep the tier and to enter the next, and whether they hold; missing keep and missing next: each comparison of the rule to keep the tier and to enter the next, as tier_gap has it (missing: the distance to threshold, to be passed where comparison is > or <), and a row with all of it in words; override: in force or to come, until day; policy: what next_tier decides about the state now (kept by grace, pinned, ...), name being its transition; allocation and agent where there are such; history: the transitions; summary, the last row: plain sentences for the customer himself. language: of the sentences, see custseg.sentence; NULL: the setting language. The caller must be able to read the view current_customers. 42704: no such portfolio or customer, or he was merged into another; 42501: not a reader; 22023: no such language, not a customer''s type; 22004: NULL.';

CREATE FUNCTION custseg.explain_tier(portfolio text, customer bigint, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text,
	OUT threshold numeric, OUT holds boolean, OUT missing numeric, OUT day date, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 20
BEGIN ATOMIC
	SELECT * FROM custseg.explain_tier(portfolio, customer::text, language);
END;
COMMENT ON FUNCTION custseg.explain_tier(text, bigint, text) IS
'The same as explain_tier(portfolio, customer::text, language).';

CREATE FUNCTION custseg.explain_tier(portfolio text, customer uuid, language text DEFAULT NULL,
	OUT step int, OUT item text, OUT tier text, OUT rule text, OUT name text, OUT value numeric, OUT comparison text,
	OUT threshold numeric, OUT holds boolean, OUT missing numeric, OUT day date, OUT sentence text)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 20
BEGIN ATOMIC
	SELECT * FROM custseg.explain_tier(portfolio, customer::text, language);
END;
COMMENT ON FUNCTION custseg.explain_tier(text, uuid, text) IS
'The same as explain_tier(portfolio, customer::text, language).';

-- customer_profile: everything that a portfolio knows about one customer, as one document.

-- Rows of a table or view of the portfolio about a customer as a jsonb array; NULL where there is no such relation.
CREATE FUNCTION custseg._customer_rows(portfolio text, key text, relation text, fields text, ordering text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	home name := custseg._portfolio_schema(portfolio);
	result jsonb;
BEGIN
	IF to_regclass(format('%I.%I', home, relation)) IS NULL THEN
		RETURN NULL;
	END IF;
	EXECUTE format('
		SELECT coalesce(jsonb_agg(to_jsonb(v) - ''customer_id''), ''[]'')
		FROM (SELECT %s FROM %I.%I AS t WHERE t.customer_id = %L ORDER BY %s) AS v',
		fields, home, relation, key, ordering) INTO result;
	RETURN result;
END
$$;
COMMENT ON FUNCTION custseg._customer_rows(text, text, text, text, text) IS
'Internal: what a relation of a portfolio has about a customer as a jsonb array; NULL: no such relation.';

CREATE FUNCTION custseg._purchases_document(p custseg.purchases, day date) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN p IS NOT NULL THEN jsonb_build_object(
		'first', custseg.first_purchase(p), 'last', custseg.last_purchase(p), 'orders', custseg.orders(p),
		'days', custseg.frequency(p), 'spend', custseg.spend(p), 'refunds', custseg.refunds(p), 'cost', custseg.cost(p),
		'profit', custseg.profit(p), 'average_order', custseg.average_order(p), 'days_between', custseg.days_between(p),
		'recency', custseg.recency(p, day), 'tenure', custseg.tenure(p, day)) END;
END;
COMMENT ON FUNCTION custseg._purchases_document(custseg.purchases, date) IS
'Internal: the purchases of a customer up to a day as jsonb; NULL: none.';

CREATE FUNCTION custseg._customer_profile(portfolio text, customer text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text := custseg._current_customer(portfolio, customer);
	state jsonb;
	reason text;
	measures jsonb;
	merged jsonb;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('
		SELECT jsonb_build_object(
			''customer'', c.customer_id, ''as_of'', p.last_as_of, ''entered'', c.entered,
			''purchases'', custseg._purchases_document(c.purchases, p.last_as_of),
			''segment'', jsonb_build_object(''segment'', c.segment, ''since'', c.segment_since, ''r'', c.r, ''f'', c.f, ''m'', c.m),
			''tier'', jsonb_build_object(''tier'', c.tier, ''since'', c.tier_since, ''grace_since'', c.grace_since,
				''valid_until'', c.valid_until,
				''service_mode'', (SELECT t.service_mode FROM tier AS t WHERE t.tier = c.tier),
				''reason'', (SELECT t.reason FROM tier_transition AS t WHERE t.customer_id = c.customer_id
					ORDER BY t.as_of DESC LIMIT 1)))
		FROM customer AS c CROSS JOIN portfolio AS p WHERE c.customer_id = %1$L', key) INTO state;
	EXECUTE format('SELECT v.measures FROM customer_measures AS v WHERE v.customer_id = %L', key) INTO measures;
	EXECUTE format('SELECT jsonb_agg(a.from_id ORDER BY a.from_id) FROM customer_alias AS a WHERE a.to_id = %L', key) INTO merged;

	RETURN state || jsonb_build_object(
		'identity', custseg._customer_rows(portfolio, key, 'source_customers', 't.*', '1') -> 0,
		'merged', coalesce(merged, '[]'),
		'measures', measures,
		'score', measures -> 'score',
		'scores', (SELECT coalesce(jsonb_agg(to_jsonb(c) - 'scale' - 'breaks'), '[]')
			FROM custseg._customer_components(portfolio, key) AS c),
		'membership', custseg._customer_rows(portfolio, key, 'membership', 't.*', 't.dimension, t.since'),
		'transitions', custseg._customer_rows(portfolio, key, 'tier_transition',
			't.as_of, t.transition, t.from_tier, t.tier, t.reason', 't.as_of'),
		'overrides', custseg._customer_rows(portfolio, key, 'override',
			't.kind, t.tier, t.valid_from, t.valid_until, t.reason, t.author', 't.override_id'),
		'allocation', coalesce(custseg._customer_rows(portfolio, key, 'allocation', 't.*', 't.resource, t.since'), '[]'),
		'assignment', coalesce(custseg._customer_rows(portfolio, key, 'assignment', 't.*', 't.since'), '[]'),
		'needs', coalesce(custseg._customer_rows(portfolio, key, 'source_needs', 't.*', 'to_jsonb(t)::text'), '[]'));
END
$$;
COMMENT ON FUNCTION custseg._customer_profile(text, text) IS
'Internal: what customer_profile does.';

CREATE FUNCTION custseg.customer_profile(portfolio text, customer text) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_portfolio_reader' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000;
COMMENT ON FUNCTION custseg.customer_profile(text, text) IS
'Everything that a portfolio knows about a customer, as of the last run: customer, as_of, entered, identity (the attributes of the source customers; null: no such source), merged (who was merged into him), purchases, measures, score, scores (the components with their contributions), segment, tier (with since, grace_since, valid_until, service_mode, reason), membership, transitions, overrides, allocation, assignment, needs. Parts that there are none of are null or []. The caller must be able to read the view current_customers; he then sees the attributes and needs of the sources too. 42704: no such portfolio or customer, or he was merged into another; 42501: not a reader; 22023: not a customer''s type; 22004: NULL.';

CREATE FUNCTION custseg.customer_profile(portfolio text, customer bigint) RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000
BEGIN ATOMIC
	SELECT custseg.customer_profile(portfolio, customer::text);
END;
COMMENT ON FUNCTION custseg.customer_profile(text, bigint) IS
'The same as customer_profile(portfolio, customer::text).';

CREATE FUNCTION custseg.customer_profile(portfolio text, customer uuid) RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000
BEGIN ATOMIC
	SELECT custseg.customer_profile(portfolio, customer::text);
END;
COMMENT ON FUNCTION custseg.customer_profile(text, uuid) IS
'The same as customer_profile(portfolio, customer::text).';

-- Customers that turn out to be one, that must be forgotten, and history that is too old: merge_customer,
-- unmerge_customer, forget_customer, prune. All wait for a run to end, and a run waits for them.

-- Whether runs or sources know a customer. Sources are only read when no run knows him.
CREATE FUNCTION custseg._customer_exists(portfolio text, key text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known boolean;
	source_view name;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT EXISTS (SELECT FROM customer AS c WHERE c.customer_id = %L)', key) INTO known;
	FOR source_view IN
		SELECT c.relname FROM source AS s
		JOIN pg_namespace AS n ON n.nspname = custseg._portfolio_schema(portfolio)
		JOIN pg_class AS c ON c.relname = 'source_' || s.kind AND c.relnamespace = n.oid
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'customer_id'
		-- Those of accounts are members, not customers.
		WHERE s.kind <> 'accounts'
		ORDER BY s.kind
	LOOP
		EXIT WHEN known;
		EXECUTE format('SELECT EXISTS (SELECT FROM %I AS s WHERE s.customer_id = %L)', source_view, key) INTO known;
	END LOOP;
	RETURN known;
END
$$;
COMMENT ON FUNCTION custseg._customer_exists(text, text) IS
'Internal: whether the last run, or a source, has a customer.';

CREATE FUNCTION custseg._check_customer(portfolio text, customer text, argument text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text := custseg._customer_key(portfolio, customer, argument);
BEGIN
	IF NOT custseg._customer_exists(portfolio, key) THEN
		RAISE EXCEPTION 'argument "%": portfolio "%" has no customer "%"', argument, portfolio, left(key, 100)
			USING ERRCODE = '42704', HINT = 'Neither a run nor a source of the portfolio knows such a customer.';
	END IF;
	RETURN key;
END
$$;
COMMENT ON FUNCTION custseg._check_customer(text, text, text) IS
'Internal: a customer of a run or a source, as the database writes it. 42704: unknown; 22004, 22023: not a customer.';

-- The customer whom another was merged into; NULL: none.
CREATE FUNCTION custseg._merged_into(portfolio text, key text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	into_key text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	EXECUTE format('SELECT a.to_id::text FROM customer_alias AS a WHERE a.from_id = %L', key) INTO into_key;
	RETURN into_key;
END
$$;
COMMENT ON FUNCTION custseg._merged_into(text, text) IS
'Internal: the customer whom a customer was merged into; NULL: none.';

-- --- merge_customer -----------------------------------------------------------------

CREATE FUNCTION custseg._merge_customer(portfolio text, from_customer text, to_customer text, reason text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	from_key text;
	to_key text;
	before text;
	is_first boolean;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	from_key := custseg._check_customer(portfolio, from_customer, 'from_customer');
	to_key := custseg._check_customer(portfolio, to_customer, 'to_customer');
	-- Chains are kept flat: whoever is merged is merged into one who is not.
	to_key := coalesce(custseg._merged_into(portfolio, to_key), to_key);
	before := custseg._merged_into(portfolio, from_key);
	IF from_key = to_key THEN
		RAISE EXCEPTION 'arguments "from_customer" and "to_customer" are the same customer "%"', left(from_key, 100)
			USING ERRCODE = '22023', HINT = 'Or to_customer was merged into from_customer before: unmerge_customer takes that back.';
	END IF;
	IF before IS NOT NULL AND before <> to_key THEN
		RAISE EXCEPTION 'customer "%" was merged into "%" already', left(from_key, 100), left(before, 100)
			USING ERRCODE = '42710', HINT = 'Take that back with unmerge_customer, or merge that one.';
	END IF;

	is_first := NOT EXISTS (SELECT FROM customer_alias);
	EXECUTE format('INSERT INTO customer_alias (from_id, to_id, reason) VALUES (%L, %L, $1)
		ON CONFLICT (from_id) DO UPDATE SET reason = coalesce(excluded.reason, customer_alias.reason)', from_key, to_key)
	USING reason;
	EXECUTE format('UPDATE customer_alias AS a SET to_id = %L WHERE a.to_id = %L', to_key, from_key);
	-- Views are spared the join as long as there is nobody.
	IF is_first THEN
		PERFORM custseg._make_views(portfolio);
	END IF;
	RETURN format('%s counts for %s from the next refresh on', left(from_key, 100), left(to_key, 100));
END
$$;
COMMENT ON FUNCTION custseg._merge_customer(text, text, text, text) IS
'Internal: what merge_customer does.';

CREATE FUNCTION custseg.merge_customer(portfolio text, from_customer text, to_customer text, reason text DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.merge_customer(text, text, text, text) IS
'Two customers are one: from the next refresh on, what is of from_customer counts for to_customer, and from_customer leaves with the reason ''merged into ...''. The history of both stays. Who was merged into from_customer goes along; a to_customer that was merged itself stands for whom he was merged into. Overrides of from_customer do not move: set them for to_customer. Merging the same again only sets the reason. Returns what it did. 42704: no such portfolio or customer; 42710: from_customer was merged into another; 22023: both are one customer, or not a customer''s type; 22004: NULL; 42501: not the owner.';

CREATE FUNCTION custseg.merge_customer(portfolio text, from_customer bigint, to_customer bigint, reason text DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg.merge_customer(portfolio, from_customer::text, to_customer::text, reason);
END;
COMMENT ON FUNCTION custseg.merge_customer(text, bigint, bigint, text) IS
'The same as merge_customer(portfolio, from_customer::text, to_customer::text, reason).';

CREATE FUNCTION custseg.merge_customer(portfolio text, from_customer uuid, to_customer uuid, reason text DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg.merge_customer(portfolio, from_customer::text, to_customer::text, reason);
END;
COMMENT ON FUNCTION custseg.merge_customer(text, uuid, uuid, text) IS
'The same as merge_customer(portfolio, from_customer::text, to_customer::text, reason).';

CREATE FUNCTION custseg._unmerge_customer(portfolio text, from_customer text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text := custseg._customer_key(portfolio, from_customer, 'from_customer');
	before text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	EXECUTE format('DELETE FROM customer_alias AS a WHERE a.from_id = %L RETURNING a.to_id::text', key) INTO before;
	IF before IS NULL THEN
		RAISE EXCEPTION 'customer "%" of portfolio "%" was not merged', left(key, 100), portfolio
			USING ERRCODE = '42704', HINT = 'The table customer_alias of the portfolio has those who were.';
	END IF;
	RETURN format('%s counts for itself again from the next refresh on', left(key, 100));
END
$$;
COMMENT ON FUNCTION custseg._unmerge_customer(text, text) IS
'Internal: what unmerge_customer does.';

CREATE FUNCTION custseg.unmerge_customer(portfolio text, from_customer text) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.unmerge_customer(text, text) IS
'Takes merge_customer back: from the next refresh on from_customer counts for himself, and comes in anew. Others that came along with him stay merged into where he was. Returns what it did. 42704: no such portfolio, or the customer was not merged; 22023: not a customer''s type; 22004: NULL; 42501: not the owner.';

CREATE FUNCTION custseg.unmerge_customer(portfolio text, from_customer bigint) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg.unmerge_customer(portfolio, from_customer::text);
END;
COMMENT ON FUNCTION custseg.unmerge_customer(text, bigint) IS
'The same as unmerge_customer(portfolio, from_customer::text).';

CREATE FUNCTION custseg.unmerge_customer(portfolio text, from_customer uuid) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT custseg.unmerge_customer(portfolio, from_customer::text);
END;
COMMENT ON FUNCTION custseg.unmerge_customer(text, uuid) IS
'The same as unmerge_customer(portfolio, from_customer::text).';

-- --- forget_customer ----------------------------------------------------------------

-- What is kept of a forgotten customer. Runs compute it for each customer that sources have.
CREATE FUNCTION custseg._customer_hash(salt text, customer text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT sha256(convert_to(salt || customer, 'UTF8'));
END;
COMMENT ON FUNCTION custseg._customer_hash(text, text) IS
'Internal: SHA-256 of the salt of a portfolio and a customer, as the table forgotten has it.';

-- The salt, made when it is not there yet.
CREATE FUNCTION custseg._salt(portfolio text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	salt text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO setting (name, value)
	SELECT 'salt', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
	ON CONFLICT (name) DO NOTHING;
	SELECT s.value INTO STRICT salt FROM setting AS s WHERE s.name = 'salt';
	RETURN salt;
END
$$;
COMMENT ON FUNCTION custseg._salt(text) IS
'Internal: the salt of the hashes in the table forgotten of a portfolio.';

CREATE FUNCTION custseg._forget_customer(portfolio text, customer text, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text;
	others text[];
	v_keys text;
	n bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	PERFORM custseg._lock_portfolio(portfolio);
	key := custseg._check_customer(portfolio, customer, 'customer');
	IF custseg._merged_into(portfolio, key) IS NOT NULL THEN
		RAISE EXCEPTION 'customer "%" was merged into "%"', left(key, 100), left(custseg._merged_into(portfolio, key), 100)
			USING ERRCODE = '22023', HINT = 'Forget that one, who stands for both, or take the merger back first with unmerge_customer.';
	END IF;
	-- Who was merged into him is him.
	EXECUTE format('SELECT array_agg(a.from_id::text) FROM customer_alias AS a WHERE a.to_id = %L', key) INTO others;
	others := coalesce(others, '{}') || key;
	SELECT string_agg(quote_literal(o.o), ', ') INTO v_keys FROM unnest(others) AS o (o);

	INSERT INTO forgotten (customer_hash)
	SELECT custseg._customer_hash(custseg._salt(portfolio), o.o) FROM unnest(others) AS o (o)
	ON CONFLICT (customer_hash) DO NOTHING;

	EXECUTE format('DELETE FROM customer_alias AS a WHERE a.to_id = %L', key);
	GET DIAGNOSTICS n = ROW_COUNT;
	IF n > 0 THEN
		table_name := 'customer_alias';
		"rows" := n;
		RETURN NEXT;
	END IF;
	-- Whatever table has customers, those of later versions and of the owner too.
	FOR table_name IN
		SELECT c.relname FROM pg_class AS c
		JOIN pg_namespace AS s ON s.oid = c.relnamespace AND s.nspname = custseg._portfolio_schema(portfolio)
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'customer_id' AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
		ORDER BY c.relname
	LOOP
		EXECUTE format('DELETE FROM %I AS t WHERE t.customer_id IN (%s)', table_name, v_keys);
		GET DIAGNOSTICS n = ROW_COUNT;
		IF n > 0 THEN
			"rows" := n;
			RETURN NEXT;
		END IF;
	END LOOP;
	-- Others who were merged into him for a time say so.
	UPDATE tier_transition AS t SET reason = 'merged into a forgotten customer'
	WHERE t.transition = 'exit' AND t.reason IN (SELECT 'merged into ' || o.o FROM unnest(others) AS o (o));
	UPDATE customer AS c SET reason = 'merged into a forgotten customer'
	WHERE c.reason IN (SELECT 'merged into ' || o.o FROM unnest(others) AS o (o));
	PERFORM custseg._clear_stage(portfolio, 'stage_state');
	-- The largest customer of a run is named.
	UPDATE quality AS q SET detail = NULL WHERE q.detail IN (SELECT left(o.o, 100) FROM unnest(others) AS o (o));
END
$$;
COMMENT ON FUNCTION custseg._forget_customer(text, text) IS
'Internal: what forget_customer does.';

CREATE FUNCTION custseg.forget_customer(portfolio text, customer text, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION custseg.forget_customer(text, text) IS
'Erases a customer, and who was merged into him, from every table of the portfolio''s schema that has a column customer_id, and keeps runs from taking him in again: only a salted hash remains, in forgotten. Counts of earlier runs stay. The sources are not touched: erase him there too. Messages of runs that failed are not searched. VACUUM then removes the rows from the files. Returns the tables from which rows were deleted, and how many. 42704: no such portfolio or customer; 22023: merged into another, or not a customer''s type; 22004: NULL; 42501: not the owner.';

CREATE FUNCTION custseg.forget_customer(portfolio text, customer bigint, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
	SELECT * FROM custseg.forget_customer(portfolio, customer::text);
END;
COMMENT ON FUNCTION custseg.forget_customer(text, bigint) IS
'The same as forget_customer(portfolio, customer::text).';

CREATE FUNCTION custseg.forget_customer(portfolio text, customer uuid, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
	SELECT * FROM custseg.forget_customer(portfolio, customer::text);
END;
COMMENT ON FUNCTION custseg.forget_customer(text, uuid) IS
'The same as forget_customer(portfolio, customer::text).';

-- --- prune --------------------------------------------------------------------------

-- What of each table is older than a day and not needed to say how things were on that day or later, so that a run can
-- still be taken back to it. Tables that a portfolio does not have are skipped.
CREATE FUNCTION custseg._prunable(OUT table_name text, OUT counts boolean, OUT condition text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT v.table_name, v.counts, v.condition
	FROM (VALUES
		('membership', false, 't.until < $1'),
		('allocation', false, 't.until < $1'),
		('assignment', false, 't.until < $1'),
		('tier_transition', false, 't.as_of < $1 AND EXISTS (SELECT FROM tier_transition AS l
			WHERE l.customer_id = t.customer_id AND l.as_of > t.as_of AND l.as_of < $1)'),
		('score_history', false, 't.as_of < $1'),
		('model', false, 't.as_of < $1 AND EXISTS (SELECT FROM model AS l
			WHERE l.name = t.name AND l.as_of > t.as_of AND l.as_of < $1)'),
		('class_count', true, 't.as_of < $1'),
		('class_total', true, 't.as_of < $1'),
		('attainment_history', true, 't.as_of < $1'),
		('resource_allocation', true, 't.as_of < $1'),
		('tier_allocation', true, 't.as_of < $1'),
		('quality', true, 't.as_of < $1'),
		('run', true, 't.as_of < $1 AND t.state <> ''running'' AND t.run_id <> coalesce((SELECT max(l.run_id) FROM run AS l
			WHERE l.state = ''done'' AND l.as_of < $1), 0)')
	) AS v (table_name, counts, condition);
END;
COMMENT ON FUNCTION custseg._prunable() IS
'Internal: which rows of which tables prune deletes, $1 being the first day to be kept; counts: kept as long as the setting keep_runs says.';

CREATE FUNCTION custseg._prune(portfolio text, keep interval, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	last date;
	keep_counts interval;
	part record;
BEGIN
	PERFORM custseg._work_on(portfolio);
	IF keep IS NULL THEN
		RAISE EXCEPTION 'argument "keep" must not be null'
			USING ERRCODE = '22004', HINT = 'Say how much history is to stay, such as ''3 years''.';
	END IF;
	IF keep < '0' THEN
		RAISE EXCEPTION 'argument "keep" is %, which is negative', keep
			USING ERRCODE = '22023', HINT = 'Say how much history is to stay, such as ''3 years''.';
	END IF;
	PERFORM custseg._lock_portfolio(portfolio);
	SELECT p.last_as_of INTO STRICT last FROM portfolio AS p;
	keep_counts := coalesce(nullif(custseg._option(portfolio, 'keep_runs'), '')::interval, keep);
	FOR part IN SELECT p.* FROM custseg._prunable() AS p ORDER BY p.table_name LOOP
		CONTINUE WHEN last IS NULL
			OR to_regclass(format('%I.%I', custseg._portfolio_schema(portfolio), part.table_name)) IS NULL;
		EXECUTE format('DELETE FROM %I AS t WHERE %s', part.table_name, part.condition)
		USING (last - CASE WHEN part.counts THEN keep_counts ELSE keep END)::date;
		GET DIAGNOSTICS "rows" = ROW_COUNT;
		table_name := part.table_name;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION custseg._prune(text, interval) IS
'Internal: what prune does.';

CREATE FUNCTION custseg.prune(portfolio text, keep interval, OUT table_name text, OUT "rows" bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_portfolio_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION custseg.prune(text, interval) IS
'Deletes the history of a portfolio that is older than keep before the day of the last run: memberships, allocations and assignments that ended, transitions, scores, models that were replaced, and, older than the setting keep_runs where it is set, the rows of runs and counts. What says how things were on the first day kept stays, so that a run can still be taken back to it; the present is not touched. Returns how many rows of which table. 42704: no such portfolio; 22023: negative; 22004: NULL; 42501: not the owner.';

DO $do$
DECLARE
	routine pg_catalog.regprocedure;
BEGIN
	FOR routine IN SELECT r FROM custseg._portfolio_routines() r LOOP
		EXECUTE pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', routine);
		EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO @extowner@ WITH GRANT OPTION', routine);
	END LOOP;
END
$do$;
