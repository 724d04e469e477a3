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
