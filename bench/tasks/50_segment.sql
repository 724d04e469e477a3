-- title: segment(model, r, f, m) / CASE with lists of cells
-- goal: -
-- The peer has the grid of standard_11 in the query's text, in four forms. The
-- one with lists of cells is how the grid is mostly written.

--- custseg
SELECT ROW(count(*), count(segment), sum(octet_length(segment)))
  FROM (SELECT segment((SELECT segmentation_model('standard_11')), r, f, m) AS segment
		  FROM scores) AS s;

--- peer CASE with lists of cells
SELECT ROW(count(*), count(segment), sum(octet_length(segment)))
  FROM (SELECT :case_lists AS segment FROM scores) AS s;

--- peer nested CASE
SELECT ROW(count(*), count(segment), sum(octet_length(segment)))
  FROM (SELECT :case_nested AS segment FROM scores) AS s;

--- peer constant array
SELECT ROW(count(*), count(segment), sum(octet_length(segment)))
  FROM (SELECT (:grid_array)[r * 25 + f * 5 + m - 30] AS segment FROM scores) AS s;

--- peer join with a table of cells
SELECT ROW(count(*), count(segment), sum(octet_length(segment)))
  FROM scores LEFT JOIN (VALUES :grid_rows) AS grid (r, f, m, segment) USING (r, f, m);

--- check
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' customers differ' END
  FROM scores
 WHERE segment((SELECT segmentation_model('standard_11')), r, f, m) IS DISTINCT FROM :case_nested
	OR segment('standard_11', r, f, m) IS DISTINCT FROM :case_lists;
