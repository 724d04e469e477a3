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
