-- Segmentations in ordinary use.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS custseg;
RESET client_min_messages;

-- What is shipped.
SELECT name, r_classes, f_classes, m_classes, breaks, description FROM custseg.segmentation WHERE shipped ORDER BY name;
SELECT segmentation, position, segment, description FROM custseg.segment_rule WHERE shipped ORDER BY segmentation, position;

-- From scores to segments: with a model, and by name.
CREATE TEMPORARY TABLE scored (customer_id int, r int, f int, m int);
INSERT INTO scored VALUES (1, 5, 5, 5), (2, 1, 1, 1), (3, 3, 4, 4), (4, 5, 1, 1), (5, 1, 5, 5), (6, 4, NULL, 2);
SELECT s.*, custseg.segment((SELECT custseg.segmentation_model('standard_11')), r, f, m) AS segment
FROM scored s ORDER BY customer_id;
SELECT s.*, custseg.segment('standard_11', r, f, m) AS standard_11, custseg.segment('rf_10', r, f, NULL) AS rf_10
FROM scored s ORDER BY customer_id;

-- A model is a value: a run can keep the one that it used.
SELECT custseg.segmentation_model('rfm_8_en');
SELECT jsonb_pretty(jsonb_path_query_array(custseg.segmentation_model('rfm_8')::jsonb, '$.segments[*]'));
CREATE TEMPORARY TABLE run AS SELECT 1 AS run, custseg.segmentation_model('rf_10') AS model;
SELECT run, custseg.segment(model, 5, 4, NULL) FROM run;

-- A grid of one's own, with its own numbers of classes, in one statement.
WITH s AS (
	INSERT INTO custseg.segmentation (name, r_classes, f_classes, m_classes, description)
	VALUES ('shop', 3, 2, 2, 'Our own twelve cells')
	RETURNING name
)
INSERT INTO custseg.segment_rule (segmentation, position, segment, r_min, r_max, f_min, m_min, cells)
SELECT s.name, rule.*
FROM s, (VALUES
	(1, 'VIP', 2, 3, 2, 2, NULL),
	(2, 'Chosen', NULL, NULL, NULL, NULL, ARRAY['312', '321', '122']),
	(3, 'Active', 3, NULL, NULL, NULL, NULL),
	(4, 'Sleeping', 1, 1, NULL, NULL, NULL),
	(5, 'Big', NULL, NULL, 2, 2, NULL)) AS rule;
SELECT * FROM custseg.segment_cells('shop');
SELECT * FROM custseg.check_segmentation('shop');

-- Closing the holes, and taking out what is never reached.
DELETE FROM custseg.segment_rule WHERE segmentation = 'shop' AND position = 5;
INSERT INTO custseg.segment_rule (segmentation, position, segment) VALUES ('shop', 9, 'Regular');
SELECT problem, count(*) FROM custseg.check_segmentation('shop') GROUP BY problem ORDER BY problem;
SELECT segment, string_agg(cell, ' ' ORDER BY cell) AS cells FROM custseg.segment_cells('shop') GROUP BY segment ORDER BY min(position);

-- What goes wrong most often.
\set SHOW_CONTEXT never
SELECT custseg.segmentation_model('standard11');
SELECT custseg.segment('shop', 4, 1, 1);
INSERT INTO custseg.segment_rule (segmentation, position, segment, f_max) VALUES ('shop', 10, 'Typo', 3);
SELECT custseg.segment('shop', 1, 1, 1);
DELETE FROM custseg.segment_rule WHERE segmentation = 'shop' AND position = 10;
INSERT INTO custseg.segment_rule (segmentation, position, segment, cells) VALUES ('shop', 10, 'Typo', '{323}');
SELECT * FROM custseg.check_segmentation('shop');
INSERT INTO custseg.segment_rule (segmentation, position, segment, cells) VALUES ('shop', 11, 'Typo', '{0x}');
UPDATE custseg.segment_rule SET segment = 'Stars' WHERE segmentation = 'standard_11' AND position = 1;
INSERT INTO custseg.segment_rule (segmentation, position, segment) VALUES ('standard_11', 12, 'Others');
SELECT '{"classes": {"r": 2}, "segments": ["a", "b"], "cells": [0, 2]}'::custseg.segment_model;

DELETE FROM custseg.segmentation WHERE name = 'shop';
