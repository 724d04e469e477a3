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
