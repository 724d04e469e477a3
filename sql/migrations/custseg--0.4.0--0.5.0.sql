\echo Use "ALTER EXTENSION custseg UPDATE" to load this file. \quit

-- Portfolios: everything is added, nothing of earlier versions changes.

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
			ELSE l.lanname OPERATOR(pg_catalog.=) 'c' AND p.prosrc OPERATOR(pg_catalog.=) ANY (ARRAY[
				'custseg_portfolio_owner', 'custseg_portfolio_reader', 'custseg_portfolio_caller',
				'custseg_portfolio_try', 'custseg_refresh'])
			END
	ORDER BY p.proname, p.oid;
END;
COMMENT ON FUNCTION custseg._portfolio_routines() IS
'The public functions and procedures of the portfolio layer: those that are called through src/portfolio/portfolio_call.c, and the procedures over them. Only roles that grant_portfolios was called for can execute them.';

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
	orders_counted   bigint,
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
COMMENT ON COLUMN run.orders IS 'Orders that counted.';
COMMENT ON COLUMN run.late_orders IS 'Order rows of days that the run before had counted already, and that came since.';
COMMENT ON COLUMN run.orders_counted IS 'Order rows that counted: with it the next run finds the late ones.';
COMMENT ON COLUMN run.counts IS 'What was read, skipped, moved and written.';
COMMENT ON COLUMN run.timings IS 'Milliseconds of each step.';
COMMENT ON COLUMN run.models IS 'The models that it used: name and the day they were fitted for.';
COMMENT ON COLUMN run.sqlstate IS 'SQLSTATE of the error of a failed run.';
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
COMMENT ON COLUMN customer.entered IS 'as_of of the run that saw the customer first.';

CREATE TABLE membership (
	customer_id {key} NOT NULL,
	dimension   text NOT NULL CHECK (dimension IN ('tier', 'segment')),
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
	as_of     date NOT NULL,
	dimension text NOT NULL CHECK (dimension IN ('tier', 'segment')),
	class     text NOT NULL,
	customers bigint NOT NULL,
	spend     numeric NOT NULL,
	PRIMARY KEY (as_of, dimension, class)
);
COMMENT ON TABLE class_count IS 'How many customers a tier or segment had after each run; it stays when customers are forgotten.';
COMMENT ON COLUMN class_count.as_of IS 'The day.';
COMMENT ON COLUMN class_count.dimension IS 'tier or segment.';
COMMENT ON COLUMN class_count.class IS 'Name of the tier or segment.';
COMMENT ON COLUMN class_count.customers IS 'Customers in it.';
COMMENT ON COLUMN class_count.spend IS 'Their spend, all days up to as_of.';

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

CREATE UNLOGGED TABLE stage_customer (
	customer_id {key},
	purchases   custseg.purchases,
	windows     custseg.purchases[],
	measures    jsonb,
	counts      jsonb
);
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
);
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
	position   int NOT NULL UNIQUE CHECK (position > 0),
	weight     float8 NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight < 'Infinity'),
	method     text NOT NULL DEFAULT 'balanced'
	           CHECK (method IN ('balanced', 'quantile', 'natural', 'breaks', 'abc', 'minmax', 'zscore', 'percentile', 'none')),
	descending boolean NOT NULL DEFAULT false,
	classes    int CHECK (classes BETWEEN 2 AND 1000),
	breaks     float8[],
	shares     float8[],
	score_name text NOT NULL UNIQUE,
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
	position     int NOT NULL UNIQUE CHECK (position > 0),
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
	tier        text REFERENCES tier ON UPDATE CASCADE,
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
		('clv', 'model', true, 'custseg.clv({lifetime}, {spend_model}, {p}, {as_of}, {horizon}, {discount}, {margin_rate}, ''day'')',
		 'margin to expect within the horizon, discounted'),
		('potential', 'model', true, '(custseg.clv({lifetime}, {spend_model}, {p}, {as_of}, {horizon}, 0, 1, ''day'') - custseg.annual_spend({p}, {as_of}) * {horizon} / 365)',
		 'spend to expect within the horizon less that of the past at the same pace')
	) AS v (kind, source, moves, expression, description);
END;
COMMENT ON FUNCTION custseg.measure_kinds() IS
'What a portfolio can measure about a customer. source: orders, model (needs the lifetime models, see set_option lifetime) or another source. moves: the value changes from day to day by itself, so it is not stored. expression: the SQL behind it, {p} being the purchase summary.';

CREATE FUNCTION custseg.portfolio_options(OUT name text, OUT "default" text, OUT description text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 25
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
		('keep_scores', 'none', 'history of scores: none, changes (customers whose classes changed) or all'),
		('keep_runs', '', 'how long run_log and counts are kept by prune; empty: for ever')
	) AS v (name, "default", description);
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

CREATE FUNCTION custseg._fill_expression(portfolio text, expression text, summary text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	model text := format('(SELECT m.%%I FROM %I.model AS m WHERE m.name = %%L ORDER BY m.as_of DESC LIMIT 1)',
		custseg._portfolio_schema(portfolio));
	-- A year's discount as that of a day.
	daily float8 := power(1 + custseg._option(portfolio, 'discount')::float8, 1.0::float8 / 365) - 1;
	part record;
BEGIN
	FOR part IN
		SELECT v.* FROM (VALUES
			('{p}', summary), ('{as_of}', as_of),
			('{lifetime}', format(model, 'lifetime', 'lifetime')),
			('{spend_model}', format(model, 'spend', 'spend')),
			('{horizon}', custseg._option(portfolio, 'horizon')),
			('{margin_rate}', custseg._option(portfolio, 'margin_rate')),
			('{discount}', daily::text)
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
	IF known.source IN ('orders', 'model') THEN
		RETURN format('(%s)::float8', custseg._fill_expression(portfolio, known.expression, summary, as_of));
	END IF;
	IF known.kind IS NULL AND NOT EXISTS (
		SELECT FROM pg_attribute AS a
		WHERE a.attrelid = to_regclass('source_measures') AND a.attname = p_measure
			AND a.attname <> 'customer_id' AND a.attnum > 0 AND NOT a.attisdropped)
	THEN
		RAISE EXCEPTION 'unknown measure "%"', p_measure
			USING ERRCODE = '22023',
			HINT = 'Measures are the kinds of custseg.measure_kinds(), the names of set_measure, the columns of source_measures, the scores of components, r, f, m and score.';
	END IF;
	RETURN format('(c.measures ->> %L)::float8', p_measure);
END
$$;
COMMENT ON FUNCTION custseg._measure_expression(text, text, text) IS
'Internal: the SQL of a measure over the alias c, on the day that the text as_of gives. 22023: no such measure.';

-- The SQL of a component's score over c, from the model in use.
CREATE FUNCTION custseg._component_expression(portfolio text, p_measure text, as_of text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
	value text := custseg._measure_expression(portfolio, p_measure, as_of);
	model text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT c.* INTO STRICT part FROM component AS c WHERE c.measure = p_measure;
	model := format('(SELECT m.%%I FROM %I.model AS m WHERE m.name = %L ORDER BY m.as_of DESC LIMIT 1)',
		custseg._portfolio_schema(portfolio), 'score ' || p_measure);
	RETURN CASE
		WHEN part.method = 'none' THEN value
		WHEN part.method = 'breaks' THEN
			format('custseg.score(%s, %L::float8[], %L::boolean)::float8', value, part.breaks, part.descending)
		-- 1 for A, as the templates and people count.
		WHEN part.method = 'abc' THEN
			format('(%s - custseg.score(%s, %s))::float8', cardinality(part.shares) + 2, value, format(model, 'breaks'))
		WHEN part.method IN ('minmax', 'zscore', 'percentile') THEN
			format('custseg.scale(%s, %s, %L::boolean)', value, format(model, 'scale'), part.descending)
		ELSE format('custseg.score(%s, %s, %L::boolean)::float8', value, format(model, 'breaks'), part.descending)
	END;
END
$$;
COMMENT ON FUNCTION custseg._component_expression(text, text, text) IS
'Internal: the SQL of the score of a component over the alias c, as float8; NULL where the measure is unknown.';

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
			WHEN 'mean' THEN format('ARRAY[avg((%s)::numeric)::float8]', value)
			ELSE format('custseg.%I(%s, %s)', axes.breaks || '_breaks', value, part.classes)
		END;
		-- Customers without a purchase, but with refunds, take no part, as in rfm().
		aggregate := replace(aggregate, '(' || value, '(CASE WHEN custseg.frequency(c.purchases) > 0 THEN ' || value || ' END');
		RETURN NEXT;
	END LOOP;

	FOR part IN SELECT c.* FROM component AS c WHERE c.method NOT IN ('breaks', 'none') ORDER BY c.position LOOP
		value := custseg._measure_expression(portfolio, part.measure, day);
		name := 'score ' || part.measure;
		spec := concat_ws(' ', part.method, part.classes, part.shares,
			(SELECT format('%s %s %s', m.kind, m."window", m.filter) FROM measure AS m WHERE m.measure = part.measure));
		model_column := CASE WHEN custseg._has_classes(part.method) THEN 'breaks' ELSE 'scale' END;
		aggregate := CASE part.method
			WHEN 'abc' THEN format('custseg.abc_breaks(%s, %L::float8[])', value, part.shares)
			WHEN 'minmax' THEN format('custseg.minmax_fit(%s)', value)
			WHEN 'zscore' THEN format('custseg.zscore_fit(%s)', value)
			WHEN 'percentile' THEN format('custseg.percentiles_fit(%s)', value)
			ELSE format('custseg.%I(%s, %s)', part.method || '_breaks', value, part.classes)
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
CREATE FUNCTION custseg._tier_policy(portfolio text) RETURNS custseg.tier_policy
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
COMMENT ON FUNCTION custseg._tier_policy(text) IS
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
	RETURN format('CASE WHEN c.purchases IS NOT NULL THEN coalesce(custseg.score(%s,
		(SELECT m.breaks FROM %I.model AS m WHERE m.name = %L ORDER BY m.as_of DESC LIMIT 1), %L::boolean), 1) END::smallint',
		custseg._measure_expression(portfolio, measure, as_of), custseg._portfolio_schema(portfolio), axis, axis = 'r');
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
	policy custseg.tier_policy := custseg._tier_policy(portfolio);
	segmentation text := custseg._option(portfolio, 'segmentation');
	scores text;
	classes text;
	measures text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT string_agg(format(', %s AS k%s', custseg._component_expression(portfolio, c.measure, day), c.position), ''
			ORDER BY c.position),
		format('ARRAY[%s]::smallint[]', string_agg(
			CASE WHEN custseg._has_classes(c.method) THEN format('c.k%s', c.position) ELSE 'NULL' END, ', ' ORDER BY c.position))
	INTO scores, classes FROM component AS c;
	SELECT string_agg(custseg._measure_expression(portfolio, m.measure, day), ', ' ORDER BY m.place) INTO measures
	FROM unnest(custseg.tier_policy_measures(policy)) WITH ORDINALITY AS m (measure, place);

	TRUNCATE stage_state;
	-- OFFSET 0 keeps the levels apart: each expression is computed once.
	EXECUTE format('
		INSERT INTO stage_state
		SELECT c.customer_id, c.known,
			NOT c.known OR custseg.purchases_eq(c.purchases, c.was_purchases) IS NOT TRUE AND num_nonnulls(c.purchases, c.was_purchases) > 0
				OR (c.windows, c.measures, c.r, c.f, c.m, c.segment, c.classes, n.tier, n.tier_since, n.in_grace_since, n.valid_until)
				IS DISTINCT FROM (c.was_windows, c.was_measures, c.was_r, c.was_f, c.was_m, c.was_segment, c.was_classes, c.was_tier,
					c.was_tier_since, c.was_grace_since, c.was_valid_until),
			c.purchases, c.windows, c.measures, c.r, c.f, c.m, c.was_segment, c.segment, c.classes, c.was_tier, n.tier, n.transition, n.reason,
			n.tier_since, n.in_grace_since, n.valid_until,
			(n.tier, n.tier_since, n.in_grace_since, n.valid_until)
				IS DISTINCT FROM (c.was_tier, c.was_tier_since, c.was_grace_since, c.was_valid_until)
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
						FROM override AS v GROUP BY v.customer_id
					) AS o ON o.customer_id = c.customer_id
					OFFSET 0
				) AS c
				OFFSET 0
			) AS c
			OFFSET 0
		) AS c
		CROSS JOIN LATERAL custseg.next_tier(%8$L::custseg.tier_policy,
			CASE WHEN c.was_tier = ANY (%9$L) THEN c.was_tier END, CASE WHEN c.was_tier = ANY (%9$L) THEN c.was_tier_since END,
			ARRAY[%10$s]::float8[], NULL, c.overrides, %11$s, CASE WHEN c.was_tier = ANY (%9$L) THEN c.was_grace_since END) AS n',
		custseg._score_expression(portfolio),
		CASE WHEN segmentation = 'none' THEN 'NULL::text'
			ELSE format('custseg.segment(%L::custseg.segment_model, c.r, c.f, c.m)', custseg.segmentation_model(segmentation)) END,
		coalesce(classes, 'NULL::smallint[]'),
		custseg._axis_expression(portfolio, 'r', day), custseg._axis_expression(portfolio, 'f', day),
		custseg._axis_expression(portfolio, 'm', day), scores,
		policy, (SELECT array_agg(t.tier) FROM tier AS t), measures, day);

	INSERT INTO stage_state (customer_id, known, changed, from_segment, from_tier, transition, reason, state_change)
	SELECT c.customer_id, true, true, c.segment, c.tier, 'exit', 'no longer in the sources', c.tier IS NOT NULL
	FROM customer AS c
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
	UPDATE customer AS c
	SET purchases = s.purchases, windows = s.windows, measures = s.measures, r = s.r, f = s.f, m = s.m,
		segment_since = CASE WHEN s.segment IS NOT DISTINCT FROM c.segment THEN c.segment_since WHEN s.segment IS NOT NULL THEN day END,
		segment = s.segment, classes = s.classes, tier = s.tier, tier_since = s.tier_since, grace_since = s.grace_since,
		valid_until = s.valid_until
	FROM stage_state AS s
	WHERE s.changed AND s.known AND c.customer_id = s.customer_id;
	GET DIAGNOSTICS n_updated = ROW_COUNT;

	INSERT INTO customer (customer_id, purchases, windows, measures, r, f, m, segment, segment_since, classes, tier, tier_since,
		grace_since, valid_until, entered)
	SELECT s.customer_id, s.purchases, s.windows, s.measures, s.r, s.f, s.m, s.segment, CASE WHEN s.segment IS NOT NULL THEN day END,
		s.classes, s.tier, s.tier_since, s.grace_since, s.valid_until, day
	FROM stage_state AS s WHERE NOT s.known;
	GET DIAGNOSTICS n_inserted = ROW_COUNT;

	INSERT INTO tier_transition (customer_id, as_of, transition, from_tier, tier, tier_since, grace_since, valid_until, reason)
	SELECT s.customer_id, day, s.transition, s.from_tier, s.tier, s.tier_since, s.grace_since, s.valid_until, s.reason
	FROM stage_state AS s WHERE s.state_change;
	GET DIAGNOSTICS n_transitions = ROW_COUNT;

	UPDATE membership AS h SET until = day
	FROM stage_state AS s
	CROSS JOIN LATERAL (VALUES ('tier', s.from_tier, s.tier), ('segment', s.from_segment, s.segment)) AS v (dimension, was, now)
	WHERE s.changed AND v.was IS DISTINCT FROM v.now AND v.was IS NOT NULL
		AND h.customer_id = s.customer_id AND h.dimension = v.dimension AND h.until IS NULL;
	GET DIAGNOSTICS n_ended = ROW_COUNT;

	INSERT INTO membership (customer_id, dimension, class, since, reason)
	SELECT s.customer_id, v.dimension, v.now, day, v.reason
	FROM stage_state AS s
	CROSS JOIN LATERAL (VALUES ('tier', s.from_tier, s.tier, s.reason),
		('segment', s.from_segment, s.segment, concat_ws('-', s.r, s.f, s.m))) AS v (dimension, was, now, reason)
	WHERE s.changed AND v.was IS DISTINCT FROM v.now AND v.now IS NOT NULL;
	GET DIAGNOSTICS n_begun = ROW_COUNT;

	INSERT INTO class_count (as_of, dimension, class, customers, spend)
	SELECT day, v.dimension, v.class, count(*), coalesce(sum(custseg.spend(c.purchases)), 0)
	FROM customer AS c CROSS JOIN LATERAL (VALUES ('tier', c.tier), ('segment', c.segment)) AS v (dimension, class)
	WHERE v.class IS NOT NULL
	GROUP BY v.dimension, v.class;

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
	SET tier = l.tier, tier_since = l.tier_since, grace_since = l.grace_since, valid_until = l.valid_until
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

	DELETE FROM class_count AS n WHERE n.as_of >= p_from;
	DELETE FROM score_history AS s WHERE s.as_of >= p_from;
	DELETE FROM model AS m WHERE m.as_of >= p_from;
END
$$;
COMMENT ON FUNCTION custseg._undo(text, date) IS
'Internal: takes back what runs of a day and later days have written into state and history.';

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
END
$$;
COMMENT ON FUNCTION custseg._lock_portfolio(text) IS
'Internal: locks a portfolio against runs and changes of declarations until the end of the transaction.';

-- What another session sees of a run in pg_stat_activity.
CREATE FUNCTION custseg._show_progress(portfolio text, step text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('application_name', left(format('custseg %s: %s', portfolio, step), 63), true);
END
$$;
COMMENT ON FUNCTION custseg._show_progress(text, text) IS
'Internal: shows the step of a run as application_name in pg_stat_activity.';

-- Adds a step with its milliseconds.
CREATE FUNCTION custseg._timed(timings jsonb, step text, since timestamptz) RETURNS jsonb
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT timings || pg_catalog.jsonb_build_object(step,
		pg_catalog.round((EXTRACT(epoch FROM pg_catalog.clock_timestamp() - since) * 1000)::numeric, 1));
END;
COMMENT ON FUNCTION custseg._timed(jsonb, text, timestamptz) IS
'Internal: timings with one more step that began at a moment.';

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
	today := (now() AT TIME ZONE home.time_zone)::date;
	day := coalesce(as_of, today - 1);
	IF NOT isfinite(day) OR day > today THEN
		RAISE EXCEPTION 'argument "as_of" is %, which is in the future', day
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
	SELECT r.as_of, r.orders_counted INTO before FROM run AS r
	WHERE r.state = 'done' AND r.as_of < _stage_customers.as_of ORDER BY r.run_id DESC LIMIT 1;

	TRUNCATE stage_customer;
	EXECUTE format('INSERT INTO stage_customer (customer_id, purchases, counts)
		SELECT * FROM custseg._portfolio_purchases(NULL::%s, %L, $1, $2, %L)',
		home.customer_type, format('SELECT customer_id, ordered_at, amount%s FROM %I.source_orders',
			CASE WHEN 'order_id' = ANY (present) THEN ', cost, order_id' WHEN 'cost' = ANY (present) THEN ', cost' ELSE '' END,
			custseg._portfolio_schema(portfolio)), home.time_zone)
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
	RETURN counts || jsonb_build_object('late', (counts ->> 'late_base')::bigint - before.orders_counted);
END
$$;
COMMENT ON FUNCTION custseg._stage_customers(text, date) IS
'Internal: reads the sources of a portfolio into stage_customer; returns what was counted.';

CREATE FUNCTION custseg._begin_run(portfolio text, as_of date) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	id bigint;
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO run (as_of, state) VALUES (as_of, 'running') RETURNING run_id INTO id;
	RETURN id;
END
$$;
COMMENT ON FUNCTION custseg._begin_run(text, date) IS
'Internal: writes the row of a run that begins; returns its number.';

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
	began timestamptz := clock_timestamp();
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT p.last_as_of INTO STRICT last FROM portfolio AS p;
	IF as_of <= last THEN
		PERFORM custseg._undo(portfolio, as_of);
		v_timings := custseg._timed(v_timings, 'undo', began);
	END IF;

	PERFORM custseg._show_progress(portfolio, 'reading sources');
	began := clock_timestamp();
	v_counts := custseg._stage_customers(portfolio, as_of);
	v_timings := custseg._timed(v_timings, 'sources', began);

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

	UPDATE portfolio AS p SET last_as_of = _run.as_of;
	UPDATE run AS r
	SET state = 'done', finished_at = clock_timestamp(), customers = (SELECT count(*) FROM stage_customer),
		orders = (v_counts ->> 'orders')::bigint, orders_counted = (v_counts ->> 'orders')::bigint,
		late_orders = (v_counts ->> 'late')::bigint, counts = v_counts, timings = v_timings, models = v_models
	WHERE r.run_id = p_run_id;
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
				s.from_segment, s.segment, concat_ws(''-'', s.r, s.f, s.m), s.from_segment IS DISTINCT FROM s.segment)
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
'One run of a portfolio: reads the sources, scores, assigns segments and tiers, divides resources, and writes what changed. Returns how many customers moved from where to where (customer_id and reason NULL). as_of: the last day counted; NULL: yesterday in the portfolio''s time zone. dry_run: returns each customer who would move, and why, and leaves nothing. backdated: allows an as_of before that of the last run; the history after it is taken back. The same as_of again gives the same result. It runs as the owner of the portfolio, who needs to read all rows of the sources, and waits for another run to end. 42501: not the owner; 42704: no such portfolio; 22023: as_of in the future or before the last run.';

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
END
$$;
COMMENT ON FUNCTION custseg._make_view(text, name, text, text) IS
'Internal: makes or remakes a report view, with its comments.';

CREATE FUNCTION custseg._make_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM custseg._make_customer_views(portfolio);
END
$$;
COMMENT ON FUNCTION custseg._make_views(text) IS
'Internal: makes or remakes all report views of a portfolio.';

CREATE FUNCTION custseg._make_customer_views(portfolio text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	scores text;
	fields text;
BEGIN
	PERFORM custseg._work_on(portfolio);
	SELECT string_agg(format(', %s AS k%s', custseg._component_expression(portfolio, c.measure, 'c.as_of'), c.position), ''
		ORDER BY c.position)
	INTO scores FROM component AS c;
	SELECT string_agg(format('%L, %s', u.measure, u.expression), ', ' ORDER BY u.measure) INTO fields
	FROM custseg._used_measures(portfolio) AS m
	CROSS JOIN LATERAL (SELECT m.measure, custseg._measure_expression(portfolio, m.measure, 'c.as_of')) AS u (measure, expression);

	PERFORM custseg._make_view(portfolio, 'current_customers', format('
		SELECT c.customer_id, c.as_of, %s AS score, c.r, c.f, c.m, c.segment, c.segment_since, c.tier, c.tier_since AS since,
			c.grace_since, c.valid_until, %s AS priority, NULL::jsonb AS allocation, NULL::text AS agent,
			(SELECT t.reason FROM tier_transition AS t WHERE t.customer_id = c.customer_id ORDER BY t.as_of DESC LIMIT 1) AS reason,
			custseg.first_purchase(c.purchases) AS first_purchase, custseg.last_purchase(c.purchases) AS last_purchase,
			custseg.frequency(c.purchases) AS frequency, custseg.spend(c.purchases) AS spend
		FROM (SELECT c.*%s FROM (SELECT c.*, p.last_as_of AS as_of FROM customer AS c CROSS JOIN portfolio AS p) AS c) AS c
		WHERE c.tier IS NOT NULL OR c.purchases IS NOT NULL',
		custseg._score_expression(portfolio), custseg._score_expression(portfolio), scores), $comments$
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
		FROM (SELECT c.*, %s AS score FROM (SELECT c.*%s
			FROM (SELECT c.*, p.last_as_of AS as_of FROM customer AS c CROSS JOIN portfolio AS p) AS c) AS c) AS c',
		fields, custseg._score_expression(portfolio), scores), $comments$
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
	UNION SELECT u.measure FROM unnest(custseg.tier_policy_measures(custseg._tier_policy(portfolio))) AS u (measure)
	UNION VALUES ('score'), ('r'), ('f'), ('m')
	ORDER BY 1;
END
$$;
COMMENT ON FUNCTION custseg._used_measures(text) IS
'Internal: the measures that components and rules of tiers of a portfolio use.';

-- create_portfolio: from one relation of orders to a schema that can be refreshed.

-- What a text of the user is in FROM: a relation that is found in the caller's search_path, or a query in parentheses.
CREATE FUNCTION custseg._from_item(relation text, argument text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found regclass;
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION 'argument "%" must not be null', argument
			USING ERRCODE = '22004', HINT = 'Give the name of a table or view, or a query.';
	END IF;
	IF relation ~* '^\s*(select|with|values|table)\M' OR relation ~ '^\s*\(' THEN
		RETURN '(' || rtrim(relation, E'; \t\n\r') || E'\n)';
	END IF;
	PERFORM set_config('search_path', current_setting('custseg.caller_search_path'), true);
	found := to_regclass(relation);
	-- Qualified, whatever the path will be: regclass leaves the schema out where the path finds it.
	PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
	IF found IS NULL THEN
		RAISE EXCEPTION 'argument "%": relation "%" does not exist', argument, relation
			USING ERRCODE = '42P01', HINT = 'Give the name of a table or view, with its schema where it is not in search_path, or a query.';
	END IF;
	RETURN found::text;
END
$$;
COMMENT ON FUNCTION custseg._from_item(text, text) IS
'Internal: what stands in FROM for a relation or a query that the user gave in an argument. 42P01: no such relation; 22004: null.';

-- A column of the user's relation, or an expression over its columns.
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
	RETURN format('(%s)', expression);
END
$$;
COMMENT ON FUNCTION custseg._column_expression(text, text) IS
'Internal: the SQL of a column name, quoted, or of an expression over the columns of a relation; NULL: NULL.';

-- Makes a source view in the portfolio's schema; the user's names are found in the caller's search_path.
CREATE FUNCTION custseg._create_view(schema_name name, view_name name, query text, comment text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM set_config('search_path', current_setting('custseg.caller_search_path'), true);
	EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW %I.%I AS %s', schema_name, view_name, query);
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	EXECUTE format('COMMENT ON VIEW %I.%I IS %L', schema_name, view_name, comment);
END
$$;
COMMENT ON FUNCTION custseg._create_view(name, name, text, text) IS
'Internal: creates a view in the schema of a portfolio over relations of the caller.';

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

-- The declarations that a template begins with.
CREATE FUNCTION custseg._apply_template(portfolio text, template text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	policy custseg.tier_policy := custseg.tier_policy_template(template);
BEGIN
	PERFORM custseg._work_on(portfolio);
	INSERT INTO tier (tier, position, enter, keep)
	SELECT t.tier, t."position", t.enter, t.keep FROM custseg.tier_policy_tiers(policy) AS t;
	INSERT INTO setting (name, value)
	SELECT o.key, o.value FROM jsonb_each_text(policy::jsonb) AS o
	WHERE o.key IN (SELECT p.name FROM custseg.portfolio_options() AS p);

	IF template = 'vip_regular_potential' THEN
		-- Loyalty is a habit: in how many months a customer has bought.
		INSERT INTO measure (measure, kind, description)
		VALUES ('loyalty', 'active_months', 'calendar months with a purchase');
		INSERT INTO component (measure, position, weight, method, classes, score_name) VALUES
			('spend', 1, 1, 'balanced', 5, 'spend_score'),
			('frequency', 2, 1, 'balanced', 5, 'frequency_score'),
			('loyalty', 3, 1, 'balanced', 5, 'loyalty_score');
	ELSIF template = 'quick_start' THEN
		INSERT INTO component (measure, position, weight, method, classes, score_name) VALUES
			('frequency', 1, 1, 'balanced', 5, 'frequency_score'),
			('spend', 2, 1, 'balanced', 5, 'spend_score');
	ELSIF template = 'abc' THEN
		INSERT INTO component (measure, position, weight, method, shares, score_name)
		VALUES ('spend', 1, 1, 'abc', '{0.8,0.95}', 'abc_class');
	ELSE
		INSERT INTO component (measure, position, weight, method, classes, score_name)
		VALUES ('spend', 1, 1, 'balanced', 5, 'spend_score');
	END IF;
END
$$;
COMMENT ON FUNCTION custseg._apply_template(text, text) IS
'Internal: writes the declarations of a template into a new portfolio. 22023: no such template.';

-- The view of orders. It has the moment as the user has it besides the day: the bulk functions convert faster.
CREATE FUNCTION custseg._create_orders_view(schema_name name, source text, customer text, ordered_at text, amount text,
	cost text, order_id text, filter text, time_zone text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	query text := 'SELECT %1$s AS customer_id, %2$s AS day, %3$s AS amount, %4$s AS cost, %5$s AS order_id, %6$s AS ordered_at FROM %7$s AS o%8$s';
	moment text := custseg._column_expression(source, ordered_at);
	key text := custseg._column_expression(source, customer);
	value text := custseg._column_expression(source, amount);
	charge text := coalesce(custseg._column_expression(source, cost), 'NULL::numeric');
	line text := coalesce(custseg._column_expression(source, order_id), 'NULL::text');
	condition text := coalesce(' WHERE (' || filter || E'\n)', '');
	day_type regtype;
BEGIN
	-- Once to see the types that the user's columns and expressions have.
	PERFORM custseg._create_view(schema_name, 'source_orders',
		format(query, key, moment, value, charge, line, moment, source, condition), 'Source of orders.');
	day_type := custseg._column_type(schema_name, 'source_orders', 'day');
	IF day_type <> ALL (ARRAY['date', 'timestamp', 'timestamptz']::regtype[]) THEN
		RAISE EXCEPTION 'argument "ordered_at" is of type %', day_type
			USING ERRCODE = '42804', HINT = 'It must be a date, a timestamp or a timestamp with time zone.';
	END IF;
	IF custseg._column_type(schema_name, 'source_orders', 'customer_id') IN ('text'::regtype, 'varchar'::regtype) THEN
		key := format('nullif((%s)::text, '''')', key);
	END IF;
	EXECUTE format('DROP VIEW %I.source_orders', schema_name);
	PERFORM custseg._create_view(schema_name, 'source_orders',
		format(query, key, CASE day_type WHEN 'timestamptz'::regtype THEN format('(%s AT TIME ZONE %L)::date', moment, time_zone)
			ELSE format('(%s)::date', moment) END, value, charge, line, moment, source, condition),
		'Source: one row for each order or order line.');
END
$$;
COMMENT ON FUNCTION custseg._create_orders_view(name, text, text, text, text, text, text, text, text) IS
'Internal: makes the view source_orders with its standard columns.';

CREATE FUNCTION custseg._create_portfolio(p_name text, orders text, customer text, ordered_at text, amount text, cost text,
	order_id text, filter text, time_zone text, template text, schema_name text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	schema name := coalesce(schema_name, p_name);
	source text;
	key_type regtype;
BEGIN
	IF p_name IS NULL OR p_name = '' OR length(p_name) > 200 THEN
		RAISE EXCEPTION 'argument "name" must have 1 to 200 characters'
			USING ERRCODE = '22023', HINT = 'A portfolio is named like a table: short.';
	END IF;
	IF octet_length(coalesce(schema_name, p_name)) > 63 THEN
		RAISE EXCEPTION 'schema "%" has a name of more than 63 bytes', coalesce(schema_name, p_name)
			USING ERRCODE = '42622', HINT = 'Give a shorter one in argument "schema_name".';
	END IF;
	IF customer IS NULL OR ordered_at IS NULL OR amount IS NULL THEN
		RAISE EXCEPTION 'arguments "customer", "ordered_at" and "amount" must not be null'
			USING ERRCODE = '22004', HINT = 'Give the columns of "orders", or expressions over them.';
	END IF;
	IF to_regnamespace(quote_ident(schema)) IS NOT NULL THEN
		RAISE EXCEPTION 'schema "%" exists already', schema
			USING ERRCODE = '42P06', HINT = 'A portfolio makes a schema of its own. Give another name in argument "schema_name".';
	END IF;

	source := custseg._from_item(orders, 'orders');
	EXECUTE format('CREATE SCHEMA %I', schema);
	PERFORM custseg._register_portfolio(p_name, schema, 1);

	PERFORM custseg._create_orders_view(schema, source, customer, ordered_at, amount, cost, order_id, filter, time_zone);
	key_type := custseg._column_type(schema, 'source_orders', 'customer_id');
	IF key_type <> ALL (ARRAY['smallint', 'integer', 'bigint', 'uuid', 'text']::regtype[]) THEN
		RAISE EXCEPTION 'argument "customer" is of type %', key_type
			USING ERRCODE = '42804', HINT = 'Customers are smallint, integer, bigint, uuid, text or varchar.';
	END IF;

	PERFORM custseg._layout_core(schema, key_type::text);
	PERFORM custseg._layout_declarations(schema, key_type::text);
	EXECUTE format('INSERT INTO %I.portfolio (name, layout, customer_type, time_zone, template) VALUES ($1, 1, $2, $3, $4)', schema)
	USING p_name, key_type::text, time_zone, template;
	EXECUTE format('INSERT INTO %I.source (kind, definition, columns) VALUES (''orders'', $1, $2)', schema)
	USING orders, array_remove(ARRAY['customer_id', 'day', 'amount', CASE WHEN cost IS NOT NULL THEN 'cost' END,
		CASE WHEN order_id IS NOT NULL THEN 'order_id' END], NULL);
	PERFORM custseg._apply_template(p_name, template);
	PERFORM custseg._make_views(p_name);
	RETURN format('portfolio "%s" was created in schema %I; refresh it with SELECT * FROM custseg.refresh(%L)', p_name, schema, p_name);
END
$$;
COMMENT ON FUNCTION custseg._create_portfolio(text, text, text, text, text, text, text, text, text, text, text) IS
'Internal: what create_portfolio does.';

CREATE FUNCTION custseg.create_portfolio(name text, orders text, customer text, ordered_at text, amount text,
	cost text DEFAULT NULL, order_id text DEFAULT NULL, filter text DEFAULT NULL, time_zone text DEFAULT 'UTC',
	template text DEFAULT 'vip_regular_potential', schema_name text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME', 'custseg_portfolio_caller' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION custseg.create_portfolio(text, text, text, text, text, text, text, text, text, text, text) IS
'Makes a portfolio that can be refreshed at once: a schema with source views, tables and report views, owned by the caller. orders: a table, a view or a query with one row for each order or order line; customer, ordered_at, amount, cost, order_id: its columns, or expressions over them; filter: a condition on its rows. ordered_at: date, timestamp, or timestamptz, which becomes a day in time_zone. Lines of one order_id are netted. template: vip_regular_potential, abc, high_medium_low or quick_start, see tier_policy_template. schema_name: NULL: the name of the portfolio. 42710, 42P06: the portfolio, the schema exists; 42P01, 42703: no such relation, column; 42804: a column of a type that does not fit; 22023: no such template.';

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
