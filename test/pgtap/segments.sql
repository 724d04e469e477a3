-- Segmentations: the shipped grids cell by cell, check_segmentation on published grids that are not sound, the C
-- functions against plain SQL on random grids, protection of shipped rows, bad input, hostile input.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;

SELECT plan(121);

-- What plain SQL says about a segmentation: every cell, the rule that wins it, and all rules that match it.
CREATE FUNCTION pg_temp.oracle(name text,
	OUT cell text, OUT r int, OUT f int, OUT m int, OUT segment text, OUT "position" int,
	OUT segments text[], OUT positions int[])
RETURNS SETOF record LANGUAGE sql STABLE AS $fn$
	WITH s AS (
		SELECT s.*, greatest(r_classes, f_classes, m_classes) > 9 AS dashes
		FROM custseg.segmentation s WHERE s.name = $1
	), c AS (
		SELECT s.name, CASE WHEN s.r_classes IS NOT NULL THEN r END AS r,
			CASE WHEN s.f_classes IS NOT NULL THEN f END AS f,
			CASE WHEN s.m_classes IS NOT NULL THEN m END AS m, s.dashes
		FROM s, generate_series(1, coalesce(s.r_classes, 1)) r,
			generate_series(1, coalesce(s.f_classes, 1)) f, generate_series(1, coalesce(s.m_classes, 1)) m
	)
	SELECT concat_ws(CASE WHEN c.dashes THEN '-' ELSE '' END, c.r, c.f, c.m), c.r, c.f, c.m,
		u.segments[1], u.positions[1], u.segments, u.positions
	FROM c CROSS JOIN LATERAL (
		SELECT array_agg(u.segment ORDER BY u.position) AS segments,
			array_agg(u.position ORDER BY u.position) AS positions
		FROM custseg.segment_rule u
		WHERE u.segmentation = c.name
			AND CASE WHEN u.cells IS NOT NULL
				THEN u.cells && ARRAY[concat_ws('-', c.r, c.f, c.m), concat_ws('', c.r, c.f, c.m)]
				ELSE (c.r IS NULL OR c.r BETWEEN coalesce(u.r_min, 1) AND coalesce(u.r_max, 1000))
					AND (c.f IS NULL OR c.f BETWEEN coalesce(u.f_min, 1) AND coalesce(u.f_max, 1000))
					AND (c.m IS NULL OR c.m BETWEEN coalesce(u.m_min, 1) AND coalesce(u.m_max, 1000))
				END) u
	ORDER BY c.r, c.f, c.m
$fn$;

-- --- the shipped grids ------------------------------------------------------

-- A letter per cell: a row per R, a group of five per F, M rises within a group.
CREATE TEMPORARY TABLE letter (code text, segment text) ON COMMIT DROP;
INSERT INTO letter VALUES ('C', 'Champions'), ('L', 'Loyal'), ('P', 'Potential Loyalist'), ('N', 'New'),
	('o', 'Promising'), ('A', 'Need Attention'), ('S', 'About To Sleep'), ('R', 'At Risk'),
	('X', 'Can''t Lose'), ('H', 'Hibernating'), ('l', 'Lost');
CREATE TEMPORARY TABLE standard (r int, line text) ON COMMIT DROP;
INSERT INTO standard VALUES
	(5, 'NNooo ooooo PPPAA PPLCC PPPCC'),
	(4, 'NNooo NNPoo PPPAL PPALC PPPCC'),
	(3, 'NSooo SHPAA SHPAL PPALL PPPLL'),
	(2, 'HHSXX SHHRR SHHRR SRRRR SRRRR'),
	(1, 'llXXX lHHRR lHRRR lRRXR lRRXX');

SELECT results_eq(
	$$SELECT r, f, m, custseg.segment('standard_11', r, f, m)
	  FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m ORDER BY 1, 2, 3$$,
	$$SELECT r, f, m, segment
	  FROM standard, generate_series(1, 5) f, generate_series(1, 5) m
	  JOIN letter ON true
	  WHERE code = substr(line, 6 * (f - 1) + m, 1) COLLATE "C" ORDER BY 1, 2, 3$$,
	'standard_11: all 125 cells');
SELECT is((SELECT count(DISTINCT segment) FROM custseg.segment_cells('standard_11')), 11::bigint,
	'standard_11 has eleven segments');

SELECT results_eq(
	$$SELECT r, f, custseg.segment('rf_10', r, f, NULL)
	  FROM generate_series(1, 5) r, generate_series(1, 5) f ORDER BY 1, 2$$,
	$$SELECT r, f, segment
	  FROM (VALUES (5, 'NPPCC'), (4, 'oPPLL'), (3, 'SSALL'), (2, 'HHRRX'), (1, 'HHRRX')) g (r, line),
		generate_series(1, 5) f JOIN letter ON true
	  WHERE code = substr(line, f, 1) COLLATE "C" ORDER BY 1, 2$$,
	'rf_10: all 25 cells');
SELECT is((SELECT count(DISTINCT segment) FROM custseg.segment_cells('rf_10')), 10::bigint,
	'rf_10 has ten segments');

SELECT set_eq(
	$$SELECT r, f, m, custseg.segment('rfm_8', r, f, m)
	  FROM generate_series(1, 2) r, generate_series(1, 2) f, generate_series(1, 2) m$$,
	$$VALUES (2, 2, 2, '重要价值'), (1, 2, 2, '重要保持'), (2, 1, 2, '重要发展'), (1, 1, 2, '重要挽留'),
		(2, 2, 1, '一般价值'), (1, 2, 1, '一般保持'), (2, 1, 1, '一般发展'), (1, 1, 1, '一般挽留')$$,
	'rfm_8: all 8 cells');
SELECT set_eq(
	$$SELECT r, f, m, custseg.segment('rfm_8_en', r, f, m)
	  FROM generate_series(1, 2) r, generate_series(1, 2) f, generate_series(1, 2) m$$,
	$$VALUES (2, 2, 2, 'Important: keep value'), (1, 2, 2, 'Important: keep'),
		(2, 1, 2, 'Important: develop'), (1, 1, 2, 'Important: win back'),
		(2, 2, 1, 'General: value'), (1, 2, 1, 'General: keep'),
		(2, 1, 1, 'General: develop'), (1, 1, 1, 'General: win back')$$,
	'rfm_8_en: all 8 cells');
SELECT results_eq(
	$$SELECT name, r_classes, f_classes, m_classes, breaks FROM custseg.segmentation WHERE shipped ORDER BY name$$,
	$$VALUES ('rf_10', 5, 5, NULL, 'balanced'), ('rfm_8', 2, 2, 2, 'mean'), ('rfm_8_en', 2, 2, 2, 'mean'),
		('standard_11', 5, 5, 5, 'balanced')$$,
	'the shipped segmentations, their classes and breaks');
SELECT is_empty(
	$$SELECT s.name, c.* FROM custseg.segmentation s, custseg.check_segmentation(s.name) c WHERE s.shipped$$,
	'every shipped segmentation is sound');
SELECT is_empty(
	$$SELECT segmentation, position FROM custseg.segment_rule WHERE shipped AND coalesce(description, '') = ''$$,
	'every shipped segment is described');

-- --- a grid of one's own is one INSERT away ---------------------------------

SELECT lives_ok($$
	WITH s AS (
		INSERT INTO custseg.segmentation (name, r_classes, f_classes, description)
		VALUES ('twelve', 12, 10, 'Months and purchases') RETURNING name)
	INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, r_max, f_min, f_max, cells)
	SELECT name, rule.* FROM s, (VALUES
		(10, 'Best', 10, 12, 9, 10, NULL),
		(20, 'Chosen', NULL, NULL, NULL, NULL, ARRAY['1-10', '2-10', '12-1']),
		(30, 'Old', 1, 6, NULL, NULL, NULL),
		(40, 'Rest', NULL, NULL, NULL, NULL, NULL)) AS rule$$,
	'a grid with other classes in one statement');
SELECT is(custseg.segment('twelve', 12, 10, NULL), 'Best', 'by range');
SELECT is(custseg.segment('twelve', 2, 10, NULL), 'Chosen', 'by cell');
SELECT is(custseg.segment('twelve', 3, 10, 77), 'Old', 'by an open range; the unused measure is ignored');
SELECT is(custseg.segment('twelve', 7, 1, NULL), 'Rest', 'by the rule that matches all');
SELECT lives_ok($$
	WITH s AS (
		INSERT INTO custseg.segmentation (name, r_classes, f_classes, m_classes, breaks)
		SELECT 'my_standard', r_classes, f_classes, m_classes, 'quantile'
		FROM custseg.segmentation WHERE name = 'standard_11' RETURNING name)
	INSERT INTO custseg.segment_rule (segmentation, position, segment, cells)
	SELECT s.name, u.position, upper(u.segment), u.cells
	FROM s, custseg.segment_rule u WHERE u.segmentation = 'standard_11'$$,
	'a shipped segmentation can be copied');
SELECT is(custseg.segment('my_standard', 5, 5, 5), 'CHAMPIONS', 'and the copy is used');
SELECT lives_ok($$UPDATE custseg.segmentation SET name = 'mine' WHERE name = 'my_standard'$$,
	'a segmentation can be renamed');
SELECT is((SELECT count(*) FROM custseg.segment_rule WHERE segmentation = 'mine'), 11::bigint,
	'its rules follow');
SELECT lives_ok($$DELETE FROM custseg.segmentation WHERE name = 'mine'$$, 'and it can be deleted');
SELECT is((SELECT count(*) FROM custseg.segment_rule WHERE segmentation = 'mine'), 0::bigint,
	'its rules go with it');

-- --- published grids that are not sound -------------------------------------

INSERT INTO custseg.segmentation (name, r_classes, f_classes, m_classes)
VALUES ('published_3', 5, 5, 5), ('published_2', 5, 5, 5), ('quartiles', 4, 4, 4);
INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, r_max, f_min, f_max, m_min, m_max) VALUES
	('published_3', 1, 'Champions', 5, 5, 5, 5, 5, 5),
	('published_3', 2, 'Potential Loyalist', 3, 5, 3, 5, 2, 5),
	('published_3', 3, 'Loyal', 2, 4, 2, 4, 2, 4),
	('published_3', 4, 'Promising', 3, 4, 1, 3, 3, 5),
	('published_3', 5, 'New', 4, 5, 1, 3, 1, 5),
	('published_3', 6, 'Can''t Lose', 1, 2, 3, 4, 4, 5),
	('published_3', 7, 'At Risk', 1, 2, 2, 5, 4, 5),
	('published_3', 8, 'Need Attention', 1, 3, 3, 5, 3, 5),
	('published_3', 9, 'About To Sleep', 2, 3, 1, 3, 1, 4),
	('published_3', 10, 'Lost', 1, 1, 1, 5, 1, 5);
INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, r_max, f_min, f_max, m_min, m_max)
SELECT 'published_2', p, s, r1, r2, f1, f2, f1, f2 FROM (VALUES
	(1, 'Champions', 4, 5, 4, 5), (2, 'Loyal', 2, 5, 3, 5), (3, 'Potential Loyalist', 3, 5, 1, 3),
	(4, 'New', 4, 5, 1, 1), (5, 'Promising', 3, 4, 1, 1), (6, 'Need Attention', 2, 3, 2, 3),
	(7, 'About To Sleep', 2, 3, 1, 2), (8, 'At Risk', 1, 2, 2, 5), (9, 'Can''t Lose', 1, 1, 4, 5),
	(10, 'Lost', 1, 2, 1, 2)) g (p, s, r1, r2, f1, f2);
INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, f_min, m_min)
VALUES ('quartiles', 1, 'Premium', 3, 3, 3);
INSERT INTO custseg.segment_rule (segmentation, position, segment, cells)
SELECT 'quartiles', p, s, string_to_array(c, ' ') FROM (VALUES
	(2, 'Repeat', '244 234 232 332 143 233 243'),
	(3, 'Top Spender', '424 414 144 314 324 124 224 423 413 133 323 313 134'),
	(4, 'At Risk', '422 223 212 122 222 132 322 312 412 123 214'),
	(5, 'Inactive', '411 111 113 114 112 211 311')) g (p, s, c);

CREATE FUNCTION pg_temp.problems(name text, problem text) RETURNS bigint LANGUAGE sql AS
'SELECT count(*) FROM custseg.check_segmentation($1) c WHERE c.problem = $2';

SELECT results_eq($$SELECT cell FROM custseg.check_segmentation('published_3') WHERE problem = 'hole'$$,
	ARRAY['215', '241', '251', '252', '341', '351', '441', '451', '541', '551'], 'published_3: its 10 holes');
SELECT is(pg_temp.problems('published_3', 'overlap'), 58::bigint, 'published_3: 58 overlapping cells');
SELECT is(pg_temp.problems('published_3', 'unreachable'), 0::bigint, 'published_3: no unreachable rule');
SELECT is(pg_temp.problems('published_2', 'hole'), 36::bigint, 'published_2: 36 holes');
SELECT is(pg_temp.problems('published_2', 'overlap'), 39::bigint, 'published_2: 39 overlapping cells');
SELECT results_eq(
	$$SELECT cell, segments, positions FROM custseg.check_segmentation('published_2') WHERE problem = 'unreachable'$$,
	$$VALUES (NULL::text, ARRAY['New'], ARRAY[4]), (NULL, ARRAY['Promising'], ARRAY[5]),
		(NULL, ARRAY['Can''t Lose'], ARRAY[9])$$,
	'published_2: New, Promising and Can''t Lose are unreachable');
SELECT is(pg_temp.problems('quartiles', 'hole'), 18::bigint, 'quartiles: 18 holes');
SELECT ok('{442,441,432}' <@ array_agg(cell), 'quartiles: good customers are among them')
FROM custseg.check_segmentation('quartiles') WHERE problem = 'hole';
SELECT is(custseg.segment('quartiles', 4, 4, 2), NULL, 'a hole has no segment');
SELECT results_eq(
	$$SELECT * FROM custseg.check_segmentation('published_3') WHERE cell = '555'$$,
	$$VALUES ('overlap', '555', ARRAY['Champions', 'Potential Loyalist'], ARRAY[1, 2])$$,
	'an overlap names its rules, the winner first');
SELECT lives_ok($$INSERT INTO custseg.segmentation (name, r_classes) VALUES ('empty', 3)$$, 'no rules at all');
SELECT results_eq($$SELECT * FROM custseg.check_segmentation('empty')$$,
	$$SELECT 'hole', i::text, '{}'::text[], '{}'::int[] FROM generate_series(1, 3) i$$, 'are holes only');
SELECT is(custseg.segment('empty', 2, NULL, NULL), NULL, 'and no segment');

-- --- random grids against plain SQL -----------------------------------------

CREATE FUNCTION pg_temp.random_class(highest int) RETURNS int LANGUAGE sql AS
'SELECT 1 + floor(random() * $1)::int';

CREATE FUNCTION pg_temp.random_range(highest int, OUT low int, OUT high int) LANGUAGE plpgsql AS $fn$
BEGIN
	IF highest IS NULL THEN RETURN; END IF;
	IF random() < 0.7 THEN low := pg_temp.random_class(highest); END IF;
	IF random() < 0.7 THEN high := coalesce(low, 1) + floor(random() * (highest - coalesce(low, 1) + 1))::int; END IF;
END $fn$;

CREATE FUNCTION pg_temp.random_grid(grid text) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
	width int[];
	positions int[];
	separator text;
BEGIN
	LOOP
		SELECT array_agg((ARRAY[NULL, 1, 2, 3, 4, 5, 7, 9, 10, 12])[1 + floor(random() * 10)::int] ORDER BY i)
		INTO width FROM generate_series(1, 3) i;
		EXIT WHEN num_nonnulls(width[1], width[2], width[3]) > 0;
	END LOOP;
	INSERT INTO custseg.segmentation (name, r_classes, f_classes, m_classes)
	VALUES (grid, width[1], width[2], width[3]);
	separator := CASE WHEN greatest(width[1], width[2], width[3]) > 9 OR random() < 0.3 THEN '-' ELSE '' END;
	SELECT array_agg(DISTINCT (random() * 1000 - 500)::int) INTO positions
	FROM generate_series(1, pg_temp.random_class(14));
	FOR i IN 1 .. cardinality(positions) LOOP
		IF random() < 0.3 THEN
			INSERT INTO custseg.segment_rule (segmentation, position, segment, cells)
			SELECT grid, positions[i], 's' || pg_temp.random_class(6),
				array_agg(concat_ws(separator, pg_temp.random_class(width[1]), pg_temp.random_class(width[2]),
					pg_temp.random_class(width[3])))
			FROM generate_series(1, pg_temp.random_class(20));
		ELSE
			INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, r_max, f_min, f_max, m_min, m_max)
			SELECT grid, positions[i], 's' || pg_temp.random_class(6), r.*, f.*, m.*
			FROM pg_temp.random_range(width[1]) r, pg_temp.random_range(width[2]) f, pg_temp.random_range(width[3]) m;
		END IF;
	END LOOP;
END $fn$;

SELECT setseed(0.42);
SELECT count(pg_temp.random_grid('random_' || i)::text) AS grids FROM generate_series(1, 150) i \gset
ANALYZE custseg.segment_rule;
CREATE TEMPORARY TABLE truth ON COMMIT DROP AS
SELECT s.name, s.r_classes, s.f_classes, s.m_classes, o.*
FROM custseg.segmentation s, pg_temp.oracle(s.name) o;

SELECT cmp_ok((SELECT count(*) FROM truth WHERE name LIKE 'random%' AND segment IS NULL), '>', 500::bigint,
	'the random grids have holes');
SELECT cmp_ok((SELECT count(*) FROM truth WHERE name LIKE 'random%' AND cardinality(positions) > 1), '>', 5000::bigint,
	'and overlaps');
SELECT is_empty(
	$$(SELECT name, cell, r, f, m, segment, "position" FROM truth
	   EXCEPT SELECT s.name, c.* FROM custseg.segmentation s, custseg.segment_cells(s.name) c)
	  UNION ALL
	  (SELECT s.name, c.* FROM custseg.segmentation s, custseg.segment_cells(s.name) c
	   EXCEPT SELECT name, cell, r, f, m, segment, "position" FROM truth)$$,
	'segment_cells equals plain SQL');
SELECT is_empty(
	$$SELECT name, cell FROM truth
	  WHERE segment IS DISTINCT FROM custseg.segment(name, coalesce(r, 99), coalesce(f, -1), m)$$,
	'segment(text) equals plain SQL, whatever an unused measure has');
SELECT is_empty(
	$$SELECT t.name, t.cell FROM truth t
	  JOIN (SELECT name, custseg.segmentation_model(name)::text::custseg.segment_model AS model
			FROM custseg.segmentation) s USING (name)
	  WHERE t.segment IS DISTINCT FROM custseg.segment(s.model, t.r, t.f, t.m)$$,
	'segment(model) equals plain SQL, also after a way through text');
SELECT is_empty(
	$$WITH expected AS (
		SELECT name, 'hole' AS problem, cell, '{}'::text[] AS segments, '{}'::int[] AS positions
		FROM truth WHERE positions IS NULL
		UNION ALL
		SELECT name, 'overlap', cell, segments, positions FROM truth WHERE cardinality(positions) > 1
		UNION ALL
		SELECT u.segmentation, 'unreachable', NULL, ARRAY[u.segment], ARRAY[u.position]
		FROM custseg.segment_rule u
		WHERE NOT EXISTS (SELECT FROM truth t WHERE t.name = u.segmentation AND t."position" = u.position)
	  ), found AS (
		SELECT s.name, c.* FROM custseg.segmentation s, custseg.check_segmentation(s.name) c
	  )
	  (TABLE expected EXCEPT ALL TABLE found) UNION ALL (TABLE found EXCEPT ALL TABLE expected)$$,
	'check_segmentation equals plain SQL');

-- --- NULLs ------------------------------------------------------------------

SELECT is(custseg.segment('standard_11', NULL, 5, 5), NULL, 'a used score that is NULL: no segment');
SELECT is(custseg.segment(custseg.segmentation_model('standard_11'), 5, 5, NULL), NULL, 'the same with a model');
SELECT is(custseg.segment(NULL::text, 5, 5, 5), NULL, 'no segmentation: no segment');
SELECT is(custseg.segment(NULL::custseg.segment_model, 5, 5, 5), NULL, 'no model: no segment');
SELECT is(custseg.segmentation_model(NULL)::text, NULL, 'segmentation_model(NULL)');
SELECT is_empty($$SELECT * FROM custseg.check_segmentation(NULL)$$, 'check_segmentation(NULL)');

-- --- the rules are read as the statement sees them --------------------------

-- PL/pgSQL keeps an expression's state for the whole transaction: the rules must still be read anew.
CREATE FUNCTION pg_temp.reread() RETURNS text[] LANGUAGE plpgsql AS $fn$
DECLARE
	seen text[];
BEGIN
	INSERT INTO custseg.segmentation (name, r_classes) VALUES ('changing', 1);
	INSERT INTO custseg.segment_rule (segmentation, position, segment) VALUES ('changing', 1, 'zero');
	FOR i IN 1 .. 4 LOOP
		BEGIN
			seen := seen || custseg.segment('changing', 1, 1, 1);
			UPDATE custseg.segment_rule SET segment = 'step ' || i WHERE segmentation = 'changing';
			FOR twice IN 1 .. 2 LOOP
				seen := seen || custseg.segment('changing', 1, 1, 1);
			END LOOP;
			IF i % 2 = 0 THEN
				RAISE division_by_zero;
			END IF;
		EXCEPTION WHEN division_by_zero THEN
			NULL;
		END;
	END LOOP;
	RETURN seen;
END $fn$;
SELECT is(pg_temp.reread(),
	ARRAY['zero', 'step 1', 'step 1', 'step 1', 'step 2', 'step 2', 'step 1', 'step 3', 'step 3',
		'step 3', 'step 4', 'step 4'],
	'a change and its rollback are seen at once');

-- The same without savepoints: only the command id tells the states apart.
CREATE FUNCTION pg_temp.reread_plainly() RETURNS text[] LANGUAGE plpgsql AS $fn$
DECLARE
	seen text[];
BEGIN
	FOR i IN 1 .. 3 LOOP
		seen := seen || custseg.segment('changing', 1, 1, 1);
		UPDATE custseg.segment_rule SET segment = 'plain ' || i WHERE segmentation = 'changing';
	END LOOP;
	RETURN seen;
END $fn$;
SELECT is(pg_temp.reread_plainly(), ARRAY['step 3', 'plain 1', 'plain 2'], 'one expression sees every change');

-- The same expression right after a rollback to a savepoint: same command id, and, because a later subtransaction had
-- ended before, the same snapshot, but other rows.
CREATE FUNCTION pg_temp.after_rollback() RETURNS text[] LANGUAGE plpgsql AS $fn$
DECLARE
	seen text[];
BEGIN
	FOR i IN 1 .. 3 LOOP
		BEGIN
			IF i = 2 THEN
				UPDATE custseg.segment_rule SET segment = 'gone' WHERE segmentation = 'changing';
				BEGIN
					UPDATE custseg.segment_rule SET segment = 'gone, too' WHERE segmentation = 'changing';
					RAISE division_by_zero;
				EXCEPTION WHEN division_by_zero THEN
					NULL;
				END;
			END IF;
			seen := seen || custseg.segment('changing', 1, 1, 1);
			RAISE division_by_zero;
		EXCEPTION WHEN division_by_zero THEN
			NULL;
		END;
	END LOOP;
	RETURN seen;
END $fn$;
SELECT is(pg_temp.after_rollback(), ARRAY['plain 3', 'gone', 'plain 3'],
	'and what was rolled back together with its expression leaves no trace');
SELECT is_empty(
	$$SELECT x.name, x.cell FROM (
		SELECT t.*, custseg.segment(t.name, t.r, t.f, t.m) AS found
		FROM (SELECT * FROM truth WHERE name LIKE 'random%' ORDER BY md5(name || cell COLLATE "C") LIMIT 2000) t
		OFFSET 0) x
	  WHERE found IS DISTINCT FROM segment$$,
	'a call site that jumps between many segmentations');

-- --- a model that is stored compressed or out of line -----------------------

INSERT INTO custseg.segmentation (name, r_classes, f_classes, m_classes) VALUES ('huge', 100, 100, 10);
INSERT INTO custseg.segment_rule (segmentation, position, segment, cells)
SELECT 'huge', i, 'segment ' || i, array_agg(concat_ws('-', r, f, m))
FROM (SELECT r, f, m, floor(random() * 50)::int AS i
	  FROM generate_series(1, 100) r, generate_series(1, 100) f, generate_series(1, 10) m) c
GROUP BY i;
INSERT INTO custseg.segmentation (name, r_classes, f_classes, m_classes) VALUES ('huge, too', 100, 100, 10);
INSERT INTO custseg.segment_rule (segmentation, position, segment, cells)
SELECT 'huge, too', position, upper(segment), cells FROM custseg.segment_rule WHERE segmentation = 'huge';
CREATE TEMPORARY TABLE stored (name text, model custseg.segment_model) ON COMMIT DROP;
INSERT INTO stored SELECT name, custseg.segmentation_model(name) FROM custseg.segmentation
WHERE name IN ('huge', 'huge, too', 'standard_11', 'rf_10');
INSERT INTO stored
SELECT 'wide', format('{"classes": {"r": 20, "f": 20, "m": 10}, "segments": ["one"], "cells": %s}',
	(SELECT jsonb_agg(CASE WHEN i % 2 = 0 THEN 0 END ORDER BY i) FROM generate_series(1, 4000) i))::custseg.segment_model;
SELECT results_eq(
	$$SELECT name, pg_column_size(model) > 100000, pg_column_size(model) < 2000 FROM stored ORDER BY name$$,
	$$VALUES ('huge', true, false), ('huge, too', true, false), ('rf_10', false, true), ('standard_11', false, true), ('wide', false, true)$$,
	'models of 25 to 100,000 cells: small, compressed, and out of line');
SELECT is_empty(
	$$SELECT x.name, x.r, x.f, x.m FROM (
		SELECT s.name, r, f, m, custseg.segment(s.model, r, f, m) AS found,
			CASE WHEN s.name = 'wide' THEN CASE WHEN m % 2 = 0 THEN 'one' END ELSE custseg.segment(s.name, r, f, m) END AS expected
		FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m, stored s
		ORDER BY r, f, m, s.name) x
	  WHERE found IS DISTINCT FROM expected$$,
	'a call site that jumps between stored models');
SELECT is((SELECT count(*) FROM stored s, custseg.segment_cells('huge') c
		   WHERE s.name = 'huge' AND custseg.segment(s.model, c.r, c.f, c.m) = c.segment), 100000::bigint,
	'100,000 cells of a stored model');

-- --- the value: text, jsonb -------------------------------------------------

SELECT is(custseg.segmentation_model('rf_10')::text,
	'{"version": 1, "name": "rf_10", "breaks": "balanced", "classes": {"r": 5, "f": 5}, "segments": ["Champions", "Loyal", "Potential Loyalist", "New", "Promising", "Need Attention", "About To Sleep", "At Risk", "Can''t Lose", "Hibernating"], "cells": [9, 9, 7, 7, 8, 9, 9, 7, 7, 8, 6, 6, 5, 1, 1, 4, 2, 2, 1, 1, 3, 2, 2, 0, 0]}',
	'the text form of a model');
SELECT is_empty(
	$$SELECT name FROM (SELECT s.name, custseg.segmentation_model(s.name) AS m FROM custseg.segmentation s) x
	  WHERE m::text IS DISTINCT FROM m::text::custseg.segment_model::text OR m::jsonb IS DISTINCT FROM m::text::jsonb$$,
	'text and jsonb keep everything');
SELECT is('{"classes": {"f": 2}, "cells": [null, 0], "segments": ["a \"quoted\"\tname"]}'::custseg.segment_model::text,
	'{"version": 1, "name": "", "breaks": "balanced", "classes": {"f": 2}, "segments": ["a \"quoted\"\tname"], "cells": [null, 0]}',
	'missing keys take defaults');
SELECT is(custseg.segment('{"classes": {"f": 2}, "cells": [null, 0], "segments": ["a"]}'::custseg.segment_model, NULL, 2, NULL),
	'a', 'a model from text is used');

CREATE FUNCTION pg_temp.refuses(value text, state text, detail text) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
	found_state text;
	found_detail text;
	message text;
BEGIN
	BEGIN
		PERFORM value::custseg.segment_model;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS found_state = RETURNED_SQLSTATE, found_detail = PG_EXCEPTION_DETAIL, message = MESSAGE_TEXT;
	END;
	RETURN is(concat_ws(' | ', found_state, message, found_detail),
		concat_ws(' | ', state, 'invalid input for type segment_model', detail), 'text refused: ' || detail);
END $fn$;

SELECT pg_temp.refuses('[1]', '22P02', 'The text must be a JSON object.');
SELECT pg_temp.refuses('{"version": 2}', '22P02', 'Its version is 2, this custseg reads version 1.');
SELECT pg_temp.refuses('{"colour": 2}', '22P02', 'Key "colour" is not known.');
SELECT pg_temp.refuses('{"name": 2}', '22P02', '"name" must be a string, not 2.');
SELECT pg_temp.refuses('{"breaks": "median"}', '22P02', '"breaks" must be "balanced", "quantile" or "mean", not "median".');
SELECT pg_temp.refuses('{}', '22P02', '"classes" is missing.');
SELECT pg_temp.refuses('{"classes": {"q": 1}}', '22P02', 'Key "q" of "classes" is not known.');
SELECT pg_temp.refuses('{"classes": {}}', '22P02', 'No measure is used.');
SELECT pg_temp.refuses('{"classes": {"r": 2.5}}', '22P02', '"classes"."r" must be an integer from 1 to 1000, not 2.5.');
SELECT pg_temp.refuses('{"classes": {"r": 1001}}', '22P02', '"classes"."r" must be an integer from 1 to 1000, not 1001.');
SELECT pg_temp.refuses('{"classes": {"r": 1000, "f": 101}}', '54000', 'The grid has 101000 cells; at most 100000 are allowed.');
SELECT pg_temp.refuses('{"classes": {"r": 1}}', '22P02', '"segments" is missing.');
SELECT pg_temp.refuses('{"classes": {"r": 1}, "segments": [1]}', '22P02', '"segments"[0] must be a string, not 1.');
SELECT pg_temp.refuses(format('{"classes": {"r": 1}, "segments": %s}', (SELECT jsonb_agg(i::text) FROM generate_series(1, 10001) i)),
	'54000', 'There are 10001 segments; at most 10000 are allowed.');
SELECT pg_temp.refuses('{"classes": {"r": 1}, "segments": []}', '22P02', '"cells" is missing.');
SELECT pg_temp.refuses('{"classes": {"r": 1}, "segments": [], "cells": []}', '22P02',
	'"cells" has 0 elements, but the classes make 1 cells.');
SELECT pg_temp.refuses('{"classes": {"r": 1}, "segments": [], "cells": [0]}', '22P02',
	'"cells"[0] must be null or the index of a segment, counted from 0, not 0.');
SELECT pg_temp.refuses('{"classes": {"r": 1}, "segments": ["a", "b", "a"], "cells": [0]}', '22P02', 'Segment "a" is named twice.');
SELECT pg_temp.refuses('{"classes": {"r": 1}, "segments": [""], "cells": [0]}', '22P02',
	'The name of segment 0 has 0 bytes; 1 to 1000 are allowed.');
SELECT throws_ok($$SELECT '{"classes": '::custseg.segment_model$$, '22P02', NULL, 'text refused: not JSON');

-- --- hostile input ----------------------------------------------------------

CREATE FUNCTION pg_temp.mutate(value bytea, bytes bytea) RETURNS bytea LANGUAGE plpgsql AS $fn$
DECLARE
	size int;
	place int;
BEGIN
	FOR i IN 1 .. pg_temp.random_class(2) LOOP
		size := length(value);
		place := floor(random() * size)::int;
		CASE floor(random() * 12)::int
			WHEN 0 THEN value := substr(value, 1, place);
			WHEN 1 THEN value := substr(value, 1, place) || substr(value, place + 1 + pg_temp.random_class(4));
			WHEN 2 THEN value := substr(value, 1, place) || substr(value, pg_temp.random_class(size + 1), 8) || substr(value, place + 1);
			ELSE
				EXIT WHEN size = 0;
				value := set_byte(value, place, get_byte(bytes, pg_temp.random_class(length(bytes)) - 1));
		END CASE;
	END LOOP;
	RETURN value;
END $fn$;

CREATE TEMPORARY TABLE outcome (kind text, state text) ON COMMIT DROP;

CREATE FUNCTION pg_temp.attack_text(value custseg.segment_model, times int) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
	mutant custseg.segment_model;
	text_form text;
BEGIN
	FOR i IN 1 .. times LOOP
		BEGIN
			text_form := convert_from(pg_temp.mutate(convert_to(value::text, 'UTF8'), '0123456789-.eE"{}[],: nulrfm\\u'), 'UTF8');
			mutant := text_form::custseg.segment_model;
			IF mutant::text::custseg.segment_model::text <> mutant::text THEN
				RAISE EXCEPTION 'no way back from %', mutant;
			END IF;
			INSERT INTO outcome VALUES ('text', '00000');
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO outcome VALUES ('text', SQLSTATE);
		END;
	END LOOP;
END $fn$;

-- A file in COPY's binary format with one bytea per row is also a file with one segment_model per row.
CREATE TABLE pg_temp.received (model custseg.segment_model);
CREATE FUNCTION pg_temp.receive(value bytea) RETURNS custseg.segment_model LANGUAGE plpgsql AS $fn$
DECLARE
	file text := current_setting('data_directory') || '/custseg_segments_test';
	result custseg.segment_model;
BEGIN
	EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', value, file);
	EXECUTE format('COPY pg_temp.received FROM %L (FORMAT binary)', file);
	DELETE FROM pg_temp.received RETURNING model INTO result;
	RETURN result;
END $fn$;

CREATE FUNCTION pg_temp.attack_binary(value custseg.segment_model, times int) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
	mutant custseg.segment_model;
	every_byte bytea := (SELECT decode(string_agg(lpad(to_hex(i), 2, '0'), ''), 'hex') FROM generate_series(0, 255) i);
BEGIN
	FOR i IN 1 .. times LOOP
		BEGIN
			mutant := pg_temp.receive(pg_temp.mutate(custseg.segment_model_send(value), every_byte));
			IF mutant::text::custseg.segment_model::text <> mutant::text THEN
				RAISE EXCEPTION 'no way back from %', mutant;
			END IF;
			INSERT INTO outcome VALUES ('binary', '00000');
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO outcome VALUES ('binary', SQLSTATE);
		END;
	END LOOP;
END $fn$;

SELECT is_empty(
	$$SELECT name FROM (SELECT s.name, custseg.segmentation_model(s.name) AS m FROM custseg.segmentation s
		WHERE s.name IN ('standard_11', 'rf_10', 'rfm_8', 'huge', 'empty', 'random_1', 'random_2', 'random_3')) x
	  WHERE m::text IS DISTINCT FROM pg_temp.receive(custseg.segment_model_send(m))::text$$,
	'the binary form keeps everything');

SELECT pg_temp.attack_text(custseg.segmentation_model('rfm_8_en'), 6000);
SELECT pg_temp.attack_text('{"classes": {"f": 2}, "cells": [null, 0], "segments": ["a"]}', 6000);
SELECT pg_temp.attack_binary(custseg.segmentation_model('rf_10'), 1500);
SELECT pg_temp.attack_binary('{"classes": {"f": 2}, "cells": [null, 0], "segments": ["a"]}', 1500);
SELECT is((SELECT count(*) FROM outcome), 15000::bigint, 'the server survived 15,000 mutations');
SELECT is_empty(
	$$SELECT kind, state, count(*) FROM outcome
	  WHERE state NOT IN ('00000', '22P02', '22P03', '54000', '08P01', '22021', '22P05', '22003') GROUP BY 1, 2$$,
	'and refused what it refused by the right names');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE kind = k AND state = '00000'), '>', 100::bigint,
	'some mutations are still valid: ' || k) FROM unnest(ARRAY['text', 'binary']) k ORDER BY k;

-- --- bad parameters ---------------------------------------------------------

SELECT throws_ok($$SELECT custseg.segmentation_model('standard_12')$$, '22023',
	'segmentation "standard_12" does not exist', 'unknown to segmentation_model');
SELECT throws_ok($$SELECT custseg.segment('', 1, 1, 1)$$, '22023', 'segmentation "" does not exist', 'unknown to segment');
SELECT throws_ok($$SELECT * FROM custseg.check_segmentation('nil')$$, '22023',
	'segmentation "nil" does not exist', 'unknown to check_segmentation');
SELECT throws_ok($$SELECT * FROM custseg.segment_cells('nil')$$, '22023',
	'segmentation "nil" does not exist', 'unknown to segment_cells');
SELECT throws_ok($$SELECT custseg.segment('standard_11', 6, 1, 1)$$, '22023',
	'r = 6 is outside 1..5 of segmentation "standard_11"', 'scores of more classes');
SELECT throws_ok($$SELECT custseg.segment(custseg.segmentation_model('rf_10'), 1, 0, 1)$$, '22023',
	'f = 0 is outside 1..5 of segmentation "rf_10"', 'scores of no class');
SELECT throws_ok($$SELECT custseg.segment('rfm_8', 1, 1, -2147483648)$$, '22023',
	'm = -2147483648 is outside 1..2 of segmentation "rfm_8"', 'the lowest integer');

CREATE FUNCTION pg_temp.bad_rule(columns text, value text) RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
	message text;
	detail text;
BEGIN
	EXECUTE format('INSERT INTO custseg.segment_rule (segmentation, position, segment, %s) VALUES (''empty'', 7, ''s'', %s)', columns, value);
	PERFORM custseg.segmentation_model('empty');
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, message, CASE WHEN SQLSTATE = '22023' THEN detail END);
END $fn$;
SELECT is(pg_temp.bad_rule('r_max', '4'),
	'22023 | rule 7 of segmentation "empty" does not fit its classes | It covers r from 1 to 4, but the classes of r are 1 to 3.',
	'a range beyond the classes');
SELECT is(pg_temp.bad_rule('f_min', '1'),
	'22023 | rule 7 of segmentation "empty" does not fit its classes | It bounds f, which this segmentation does not use.',
	'a range of a measure that is not used');
SELECT is(pg_temp.bad_rule('cells', $$'{1,31}'$$),
	'22023 | rule 7 of segmentation "empty" does not fit its classes | "31" is not one of its cells, of which the highest is "3".',
	'a cell that does not exist');
SELECT is(pg_temp.bad_rule('r_min, r_max', '3, 2'),
	'23514 | new row for relation "segment_rule" violates check constraint "segment_rule_range_check"', 'a range upside down');
SELECT is(pg_temp.bad_rule('r_min, cells', $$3, '{1}'$$),
	'23514 | new row for relation "segment_rule" violates check constraint "segment_rule_cells_or_ranges_check"',
	'ranges and cells');
SELECT is(pg_temp.bad_rule('cells', quote_literal(c) || '::text[]'),
	'23514 | new row for relation "segment_rule" violates check constraint "segment_rule_cells_check"',
	'cells that are none: ' || c)
FROM unnest(ARRAY['{}', '{NULL}', '{05}', '{"1,2"}', '{{1,2},{3,1}}', '{1-}', '{1-2-3-1}', '{ä}', '[0:0]={1}']) c;
SELECT throws_ok($$INSERT INTO custseg.segmentation (name, r_classes, f_classes, m_classes) VALUES ('x', 100, 100, 11)$$,
	'23514', NULL, 'more than 100,000 cells');
SELECT throws_ok($$INSERT INTO custseg.segmentation (name) VALUES ('x')$$, '23514', NULL, 'no measure');
SELECT throws_ok($$INSERT INTO custseg.segmentation (name, r_classes, breaks) VALUES ('x', 3, 'mean')$$,
	'23514', NULL, 'three classes by one mean');
SELECT throws_ok($$INSERT INTO custseg.segmentation (name, r_classes, breaks) VALUES ('x', 3, 'median')$$,
	'23514', NULL, 'unknown breaks');

-- --- shipped rows stay as they are ------------------------------------------

SELECT throws_ok(command, '55000', message, command) FROM (VALUES
	($$UPDATE custseg.segmentation SET r_classes = 4 WHERE name = 'rf_10'$$, 'a shipped row of custseg.segmentation cannot be changed'),
	($$UPDATE custseg.segmentation SET shipped = false WHERE name = 'rf_10'$$, 'a shipped row of custseg.segmentation cannot be changed'),
	($$DELETE FROM custseg.segmentation WHERE name = 'rf_10'$$, 'a shipped row of custseg.segmentation cannot be changed'),
	($$UPDATE custseg.segment_rule SET segment = 'x' WHERE segmentation = 'rf_10'$$, 'a shipped row of custseg.segment_rule cannot be changed'),
	($$DELETE FROM custseg.segment_rule WHERE segmentation = 'rf_10'$$, 'a shipped row of custseg.segment_rule cannot be changed'),
	($$INSERT INTO custseg.segmentation (name, r_classes, shipped) VALUES ('x', 2, true)$$,
		'only the extension itself can add a shipped row to custseg.segmentation'),
	($$UPDATE custseg.segmentation SET shipped = true WHERE name = 'twelve'$$,
		'only the extension itself can add a shipped row to custseg.segmentation'),
	($$INSERT INTO custseg.segment_rule (segmentation, position, segment, shipped) VALUES ('twelve', 99, 'x', true)$$,
		'only the extension itself can add a shipped row to custseg.segment_rule'),
	($$INSERT INTO custseg.segment_rule (segmentation, position, segment) VALUES ('rf_10', 99, 'x')$$,
		'segmentation "rf_10" is shipped and takes no further rules'),
	($$UPDATE custseg.segment_rule SET segmentation = 'rf_10', position = 99 WHERE segmentation = 'twelve' AND position = 10$$,
		'segmentation "rf_10" is shipped and takes no further rules'),
	($$TRUNCATE custseg.segment_rule$$, 'custseg.segment_rule cannot be truncated'),
	($$TRUNCATE custseg.segmentation, custseg.segment_rule$$, 'custseg.segmentation cannot be truncated')
  ) AS c (command, message);
SELECT lives_ok($$DELETE FROM custseg.segmentation WHERE NOT shipped$$, 'one''s own rows can all be deleted');

-- --- rights -----------------------------------------------------------------

SELECT table_privs_are('custseg', t, 'public', ARRAY['SELECT'], 'everybody may read ' || t)
FROM unnest(ARRAY['segmentation', 'segment_rule']) t;

SELECT * FROM finish();
ROLLBACK;
