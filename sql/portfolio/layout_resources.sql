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
