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
