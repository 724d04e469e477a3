-- sql/tiering/segmentation.sql
--
-- Segmentations: two tables of rules, the value segment_model that holds a
-- whole grid, and the functions that read them.

-- --- Tables ---------------------------------------------------------------

CREATE TABLE custseg.segmentation
(
	name        text PRIMARY KEY
	            CHECK (name <> '' AND pg_catalog.length(name) <= 200),
	r_classes   int CHECK (r_classes BETWEEN 1 AND 1000),
	f_classes   int CHECK (f_classes BETWEEN 1 AND 1000),
	m_classes   int CHECK (m_classes BETWEEN 1 AND 1000),
	breaks      text NOT NULL DEFAULT 'balanced'
	            CHECK (breaks IN ('balanced', 'quantile', 'mean')),
	description text,
	shipped     boolean NOT NULL DEFAULT false,
	CONSTRAINT segmentation_measure_check
		CHECK (pg_catalog.num_nonnulls(r_classes, f_classes, m_classes) > 0),
	CONSTRAINT segmentation_cells_check
		CHECK (coalesce(r_classes, 1)::bigint * coalesce(f_classes, 1) * coalesce(m_classes, 1)
			   <= 100000),
	CONSTRAINT segmentation_mean_check
		CHECK (breaks <> 'mean'
			   OR (coalesce(r_classes, 2) = 2 AND coalesce(f_classes, 2) = 2
				   AND coalesce(m_classes, 2) = 2))
);

CREATE TABLE custseg.segment_rule
(
	segmentation text REFERENCES custseg.segmentation ON UPDATE CASCADE ON DELETE CASCADE,
	position     int,
	segment      text NOT NULL CHECK (segment <> '' AND pg_catalog.length(segment) <= 200),
	r_min        int CHECK (r_min BETWEEN 1 AND 1000),
	r_max        int CHECK (r_max BETWEEN 1 AND 1000),
	f_min        int CHECK (f_min BETWEEN 1 AND 1000),
	f_max        int CHECK (f_max BETWEEN 1 AND 1000),
	m_min        int CHECK (m_min BETWEEN 1 AND 1000),
	m_max        int CHECK (m_max BETWEEN 1 AND 1000),
	cells        text[],
	description  text,
	shipped      boolean NOT NULL DEFAULT false,
	PRIMARY KEY (segmentation, position),
	CONSTRAINT segment_rule_range_check
		CHECK (r_min <= r_max AND f_min <= f_max AND m_min <= m_max),
	CONSTRAINT segment_rule_cells_or_ranges_check
		CHECK (cells IS NULL
			   OR pg_catalog.num_nonnulls(r_min, r_max, f_min, f_max, m_min, m_max) = 0),
	-- Matched against the array's text form: this also refuses NULLs, nested and empty arrays.
	CONSTRAINT segment_rule_cells_check
		CHECK (cells::text ~ '^\{[1-9][0-9]{0,3}(-[1-9][0-9]{0,3}){0,2}(,[1-9][0-9]{0,3}(-[1-9][0-9]{0,3}){0,2})*\}$')
);

COMMENT ON TABLE custseg.segmentation IS
'Segmentations: a name, the number of classes of recency (r), frequency (f) and monetary (m), and how their breaks are fitted. The rules are in segment_rule. Shipped rows cannot be changed: copy them under another name.';
COMMENT ON COLUMN custseg.segmentation.name IS 'Name, as segmentation_model(name) and rfm(..., segmentation => name) take it.';
COMMENT ON COLUMN custseg.segmentation.r_classes IS 'Classes of recency, 1..1000 with the highest best; NULL: not used.';
COMMENT ON COLUMN custseg.segmentation.f_classes IS 'Classes of frequency, 1..1000 with the highest best; NULL: not used.';
COMMENT ON COLUMN custseg.segmentation.m_classes IS 'Classes of monetary, 1..1000 with the highest best; NULL: not used.';
COMMENT ON COLUMN custseg.segmentation.breaks IS 'How a run fits the breaks of the measures: balanced, quantile, or mean (two classes, above the mean or not).';
COMMENT ON COLUMN custseg.segmentation.description IS 'One line for people.';
COMMENT ON COLUMN custseg.segmentation.shipped IS 'True for rows that came with the extension; they cannot be changed and are not dumped.';
COMMENT ON TABLE custseg.segment_rule IS
'Rules of the segmentations. A cell (r, f, m) belongs to the segment of the first rule by position that matches it. A rule has ranges of classes, or a list of cells.';
COMMENT ON COLUMN custseg.segment_rule.segmentation IS 'The segmentation that the rule belongs to.';
COMMENT ON COLUMN custseg.segment_rule.position IS 'Order of the rules: the lowest that matches wins.';
COMMENT ON COLUMN custseg.segment_rule.segment IS 'Name of the segment; several rules may lead to the same one.';
COMMENT ON COLUMN custseg.segment_rule.r_min IS 'Lowest class of recency; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.r_max IS 'Highest class of recency; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.f_min IS 'Lowest class of frequency; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.f_max IS 'Highest class of frequency; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.m_min IS 'Lowest class of monetary; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.m_max IS 'Highest class of monetary; NULL: no bound.';
COMMENT ON COLUMN custseg.segment_rule.cells IS
'The cells themselves instead of ranges: a digit for each used measure (''545''), or numbers with dashes where a measure has more than 9 classes (''10-3-12'').';
COMMENT ON COLUMN custseg.segment_rule.description IS 'One line for people.';
COMMENT ON COLUMN custseg.segment_rule.shipped IS 'True for rows that came with the extension; they cannot be changed and are not dumped.';

-- --- Shipped segmentations ------------------------------------------------

INSERT INTO custseg.segmentation (name, r_classes, f_classes, m_classes, breaks, description, shipped) VALUES
	('standard_11', 5, 5, 5, 'balanced', 'Eleven segments, an exact partition of the 125 cells of R, F and M; 5 is best.', true),
	('rf_10', 5, 5, NULL, 'balanced', 'Ten segments over R and F only, an exact partition of the 25 cells; 5 is best.', true),
	('rfm_8', 2, 2, 2, 'mean', 'Eight types by R, F and M, each better than its mean (2) or not (1); names in Chinese where the encoding has them.', true),
	('rfm_8_en', 2, 2, 2, 'mean', 'Eight types by R, F and M, each better than its mean (2) or not (1); names in English.', true);

INSERT INTO custseg.segment_rule (segmentation, position, segment, cells, description, shipped)
SELECT 'standard_11', g.position, g.segment, pg_catalog.string_to_array(g.cells, ' '), g.description, true
  FROM (VALUES
	(1, 'Champions', '555 554 544 545 454 455 445',
	 'Bought very recently, often, and for the highest amounts.'),
	(2, 'Loyal', '543 444 435 355 354 345 344 335',
	 'Buy regularly, for good amounts, and not long ago.'),
	(3, 'Potential Loyalist', '553 552 551 542 541 533 532 531 453 452 451 442 441 433 432 431 423 353 352 351 342 341 333 323',
	 'Recent customers with several purchases, not yet among the high spenders.'),
	(4, 'New', '512 511 422 421 412 411 311',
	 'Bought recently, but rarely and for little so far.'),
	(5, 'Promising', '525 524 523 522 521 515 514 513 425 424 415 414 413 315 314 313',
	 'Recent and rare, with amounts that promise more.'),
	(6, 'Need Attention', '535 534 443 434 343 334 325 324',
	 'Above average in all three measures, but without a habit yet.'),
	(7, 'About To Sleep', '331 321 312 221 213 231 241 251',
	 'Below average in recency and amounts: lost if nothing happens.'),
	(8, 'At Risk', '255 254 253 252 245 244 243 242 235 234 225 224 153 152 145 143 142 135 134 133 125 124',
	 'Bought often or for much, but long ago.'),
	(9, 'Can''t Lose', '155 154 144 214 215 115 114 113',
	 'Spent most, and have not come back for a long time.'),
	(10, 'Hibernating', '332 322 233 232 223 222 132 123 122 212 211',
	 'Last purchase long ago, few purchases, small amounts.'),
	(11, 'Lost', '111 112 121 131 141 151',
	 'Lowest in recency and in amounts.')
  ) AS g (position, segment, cells, description);

INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, r_max, f_min, f_max, description, shipped) VALUES
	('rf_10', 1, 'Champions', 5, 5, 4, 5, 'Bought very recently and buy most often.', true),
	('rf_10', 2, 'Loyal', 3, 4, 4, 5, 'Buy often, and not long ago.', true),
	('rf_10', 3, 'Potential Loyalist', 4, 5, 2, 3, 'Recent, with a few purchases.', true),
	('rf_10', 4, 'New', 5, 5, 1, 1, 'Bought very recently for the first time or rarely.', true),
	('rf_10', 5, 'Promising', 4, 4, 1, 1, 'Bought recently, rarely so far.', true),
	('rf_10', 6, 'Need Attention', 3, 3, 3, 3, 'Average in recency and in frequency.', true),
	('rf_10', 7, 'About To Sleep', 3, 3, 1, 2, 'Average recency, few purchases.', true),
	('rf_10', 8, 'At Risk', 1, 2, 3, 4, 'Bought often, but long ago.', true),
	('rf_10', 9, 'Can''t Lose', 1, 2, 5, 5, 'Bought most often, and stopped.', true),
	('rf_10', 10, 'Hibernating', 1, 2, 1, 2, 'Last purchase long ago, and few of them.', true);

INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, r_max, f_min, f_max, m_min, m_max, description, shipped) VALUES
	('rfm_8_en', 1, 'Important: keep value', 2, 2, 2, 2, 2, 2, 'Recent, frequent and high in spend.', true),
	('rfm_8_en', 2, 'Important: keep', 1, 1, 2, 2, 2, 2, 'Frequent and high in spend, but not recent.', true),
	('rfm_8_en', 3, 'Important: develop', 2, 2, 1, 1, 2, 2, 'Recent and high in spend, but not frequent.', true),
	('rfm_8_en', 4, 'Important: win back', 1, 1, 1, 1, 2, 2, 'High in spend, but neither recent nor frequent.', true),
	('rfm_8_en', 5, 'General: value', 2, 2, 2, 2, 1, 1, 'Recent and frequent, but low in spend.', true),
	('rfm_8_en', 6, 'General: keep', 1, 1, 2, 2, 1, 1, 'Frequent, but neither recent nor high in spend.', true),
	('rfm_8_en', 7, 'General: develop', 2, 2, 1, 1, 1, 1, 'Recent, but neither frequent nor high in spend.', true),
	('rfm_8_en', 8, 'General: win back', 1, 1, 1, 1, 1, 1, 'Neither recent, frequent nor high in spend.', true);

-- The Chinese names are written as code points: this script must load into a
-- database of any encoding. Where the encoding has no such characters, rfm_8
-- keeps the English names. (A warning, because CREATE EXTENSION hides notices.)
DO $do$
DECLARE
	names pg_catalog.text[];
BEGIN
	BEGIN
		SELECT pg_catalog.array_agg(pg_catalog.unistr(n.name) ORDER BY n.position)
		  INTO names
		  FROM (VALUES
			(1, $$\91CD\8981\4EF7\503C$$),	-- important, keep value
			(2, $$\91CD\8981\4FDD\6301$$),	-- important, keep
			(3, $$\91CD\8981\53D1\5C55$$),	-- important, develop
			(4, $$\91CD\8981\633D\7559$$),	-- important, win back
			(5, $$\4E00\822C\4EF7\503C$$),	-- general, value
			(6, $$\4E00\822C\4FDD\6301$$),	-- general, keep
			(7, $$\4E00\822C\53D1\5C55$$),	-- general, develop
			(8, $$\4E00\822C\633D\7559$$)	-- general, win back
		  ) AS n (position, name);
	EXCEPTION WHEN untranslatable_character OR feature_not_supported THEN
		RAISE WARNING 'segmentation "rfm_8" has English segment names: encoding % of this database cannot hold the Chinese ones',
			pg_catalog.getdatabaseencoding();
	END;

	INSERT INTO custseg.segment_rule (segmentation, position, segment,
		r_min, r_max, f_min, f_max, m_min, m_max, description, shipped)
	SELECT 'rfm_8', e.position, coalesce(names[e.position], e.segment),
		   e.r_min, e.r_max, e.f_min, e.f_max, e.m_min, e.m_max,
		   CASE WHEN names IS NULL THEN e.description
				ELSE pg_catalog.concat(e.segment, '. ', e.description) END,
		   e.shipped
	  FROM custseg.segment_rule e
	 WHERE e.segmentation OPERATOR(pg_catalog.=) 'rfm_8_en'::pg_catalog.text;
END
$do$;

-- --- Protection, dump, rights ---------------------------------------------

CREATE FUNCTION custseg.segmentation_protect() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		RAISE EXCEPTION 'custseg.% cannot be truncated', TG_TABLE_NAME
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'It holds the shipped segmentations. Delete your own with DELETE ... WHERE NOT shipped.';
	END IF;

	IF TG_OP IN ('UPDATE', 'DELETE') AND OLD.shipped THEN
		RAISE EXCEPTION 'a shipped row of custseg.% cannot be changed', TG_TABLE_NAME
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  DETAIL = format('It is %s.', OLD),
				  HINT = 'Copy the segmentation under a name of your own: INSERT INTO custseg.segmentation and custseg.segment_rule ... SELECT.';
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;

	IF NEW.shipped THEN
		RAISE EXCEPTION 'only the extension itself can add a shipped row to custseg.%', TG_TABLE_NAME
			USING ERRCODE = 'object_not_in_prerequisite_state',
				  HINT = 'Leave out the column "shipped", or set it to false.';
	END IF;
	IF TG_TABLE_NAME = 'segment_rule' THEN
		IF EXISTS (SELECT FROM custseg.segmentation s
				   WHERE s.name = NEW.segmentation AND s.shipped) THEN
			RAISE EXCEPTION 'segmentation "%" is shipped and takes no further rules', NEW.segmentation
				USING ERRCODE = 'object_not_in_prerequisite_state',
					  HINT = 'Copy it under a name of your own: INSERT INTO custseg.segmentation and custseg.segment_rule ... SELECT.';
		END IF;
	END IF;
	RETURN NEW;
END
$fn$;
COMMENT ON FUNCTION custseg.segmentation_protect() IS
'Trigger function: keeps shipped segmentations and their rules as they are (55000).';

CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON custseg.segmentation
	FOR EACH ROW EXECUTE FUNCTION custseg.segmentation_protect();
CREATE TRIGGER protect_shipped_truncate BEFORE TRUNCATE ON custseg.segmentation
	FOR EACH STATEMENT EXECUTE FUNCTION custseg.segmentation_protect();
CREATE TRIGGER protect_shipped BEFORE INSERT OR UPDATE OR DELETE ON custseg.segment_rule
	FOR EACH ROW EXECUTE FUNCTION custseg.segmentation_protect();
CREATE TRIGGER protect_shipped_truncate BEFORE TRUNCATE ON custseg.segment_rule
	FOR EACH STATEMENT EXECUTE FUNCTION custseg.segmentation_protect();
COMMENT ON TRIGGER protect_shipped ON custseg.segmentation IS 'Keeps shipped rows as they are.';
COMMENT ON TRIGGER protect_shipped_truncate ON custseg.segmentation IS 'Keeps shipped rows as they are.';
COMMENT ON TRIGGER protect_shipped ON custseg.segment_rule IS 'Keeps shipped rows as they are.';
COMMENT ON TRIGGER protect_shipped_truncate ON custseg.segment_rule IS 'Keeps shipped rows as they are.';

SELECT pg_catalog.pg_extension_config_dump('custseg.segmentation', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('custseg.segment_rule', 'WHERE NOT shipped');

-- The tables belong to the bootstrap superuser, whoever installs. Everything
-- that the installer needs is granted on, except TRIGGER and REFERENCES: update
-- scripts write to these tables as superuser, and a trigger or a cascading
-- foreign key of the installer's would then run his code with these rights.
GRANT SELECT ON custseg.segmentation, custseg.segment_rule TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON custseg.segmentation, custseg.segment_rule
	TO @extowner@ WITH GRANT OPTION;

-- --- The value ------------------------------------------------------------

CREATE TYPE custseg.segment_model;

CREATE FUNCTION custseg.segment_model_in(cstring) RETURNS custseg.segment_model
AS 'MODULE_PATHNAME', 'custseg_segment_model_in'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment_model_in(cstring) IS
'Input of segment_model: JSON with the keys version, name, breaks, classes, segments, cells. 22P02 when it is not valid, 54000 beyond 100,000 cells or 10,000 segments.';

CREATE FUNCTION custseg.segment_model_out(custseg.segment_model) RETURNS cstring
AS 'MODULE_PATHNAME', 'custseg_segment_model_out'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment_model_out(custseg.segment_model) IS
'Output of segment_model as JSON.';

CREATE FUNCTION custseg.segment_model_recv(internal) RETURNS custseg.segment_model
AS 'MODULE_PATHNAME', 'custseg_segment_model_recv'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment_model_recv(internal) IS
'Binary input of segment_model. 22P03 when it is not valid, 54000 beyond 100,000 cells or 10,000 segments.';

CREATE FUNCTION custseg.segment_model_send(custseg.segment_model) RETURNS bytea
AS 'MODULE_PATHNAME', 'custseg_segment_model_send'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment_model_send(custseg.segment_model) IS
'Binary output of segment_model.';

CREATE TYPE custseg.segment_model
(
	INPUT = custseg.segment_model_in,
	OUTPUT = custseg.segment_model_out,
	RECEIVE = custseg.segment_model_recv,
	SEND = custseg.segment_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE custseg.segment_model IS
'A segmentation as one value: the segment of every cell (r, f, m), to be stored with the run that used it. Made by segmentation_model(name), applied by segment(model, r, f, m). The text form is JSON.';

CREATE FUNCTION custseg.segment_model_to_jsonb(model custseg.segment_model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'custseg_segment_model_to_jsonb'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION custseg.segment_model_to_jsonb(custseg.segment_model) IS
'The text form of a segment_model as jsonb; what model::jsonb calls.';

CREATE CAST (custseg.segment_model AS jsonb)
	WITH FUNCTION custseg.segment_model_to_jsonb(custseg.segment_model);
COMMENT ON CAST (custseg.segment_model AS jsonb) IS 'The text form of the model as jsonb.';

-- --- Functions ------------------------------------------------------------

CREATE FUNCTION custseg.segmentation_model(name text) RETURNS custseg.segment_model
AS 'MODULE_PATHNAME', 'custseg_segmentation_model'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION custseg.segmentation_model(text) IS
'The segmentation of that name as one value, read from segmentation and segment_rule. The first rule by position wins a cell; a cell without rule is a hole. 22023: no such segmentation, or a rule that does not fit its classes.';

CREATE FUNCTION custseg.segment(model custseg.segment_model, r int, f int, m int) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_segment'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.segment(custseg.segment_model, int, int, int) IS
'The segment of the classes r, f and m, each from 1 to the classes of the model. A measure that the model does not use is ignored. NULL for a hole and when a used class is NULL. 22023: a class outside the model''s.';

CREATE FUNCTION custseg.segment(segmentation text, r int, f int, m int) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_segment_text'
LANGUAGE C STABLE PARALLEL SAFE COST 2;
COMMENT ON FUNCTION custseg.segment(text, int, int, int) IS
'Short for segment(segmentation_model(segmentation), r, f, m). The rules are read once per statement. 22023: no such segmentation, or a class outside its classes.';

CREATE FUNCTION custseg.check_segmentation(name text,
	OUT problem text, OUT cell text, OUT segments text[], OUT positions int[])
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_check_segmentation'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 20;
COMMENT ON FUNCTION custseg.check_segmentation(text) IS
'What is wrong with a segmentation: ''hole'', a cell that no rule matches; ''overlap'', a cell that several rules match, with their segments and positions, the winner first; ''unreachable'', a rule that wins no cell (cell is NULL). No rows: every cell has exactly one rule. 22023: no such segmentation, or a rule that does not fit its classes.';

CREATE FUNCTION custseg.segment_cells(name text,
	OUT cell text, OUT r int, OUT f int, OUT m int, OUT segment text, OUT "position" int)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'custseg_segment_cells'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 125;
COMMENT ON FUNCTION custseg.segment_cells(text) IS
'Every cell of a segmentation with its segment and the position of the rule that wins it, both NULL for a hole. The class of a measure that is not used is NULL. 22023: no such segmentation, or a rule that does not fit its classes.';
