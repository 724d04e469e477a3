-- From the rows that demo/read_csv.pl writes to csv.orders: the whole file decides what its ambiguous texts mean.
--
--	perl demo/read_csv.pl FILE COLUMNS ABOUT | psql -v date_order=... -v decimal=... -f demo/load.sql
--
-- date_order is dmy, mdy or empty, decimal is point, comma or empty: empty means that the file decides.
-- csv.refusal has a row when it cannot.

CREATE SCHEMA csv;

CREATE UNLOGGED TABLE csv.line (
	line			bigint NOT NULL,
	customer_id		text,
	day_first		date,		-- the date, read with the day before the month
	month_first		date,		-- and with the month before the day
	amount_point	numeric,	-- the amount, read with a decimal point
	amount_comma	numeric,	-- and with a decimal comma
	date_text		text,		-- the texts, where they are needed for a message
	amount_text		text,
	problem			text
);

\copy csv.line FROM pstdin

-- A text that has one reading only is evidence. A hundred lines with 31/12/2024 and none with 12/31/2024 say that
-- 03/04/2024 is in April. Evidence for both is settled only by a majority of 20 to 1: then the few are bad lines.
CREATE TABLE csv.evidence AS
SELECT count(*) FILTER (WHERE day_first IS NOT NULL AND month_first IS NULL) AS dmy,
	   count(*) FILTER (WHERE day_first IS NULL AND month_first IS NOT NULL) AS mdy,
	   count(*) FILTER (WHERE day_first <> month_first) AS either_order,
	   min(line) FILTER (WHERE day_first IS NOT NULL AND month_first IS NULL) AS dmy_line,
	   min(line) FILTER (WHERE day_first IS NULL AND month_first IS NOT NULL) AS mdy_line,
	   min(line) FILTER (WHERE day_first <> month_first) AS either_order_line,
	   count(*) FILTER (WHERE amount_point IS NOT NULL AND amount_comma IS NULL) AS point,
	   count(*) FILTER (WHERE amount_point IS NULL AND amount_comma IS NOT NULL) AS comma,
	   count(*) FILTER (WHERE amount_point <> amount_comma) AS either_decimal,
	   min(line) FILTER (WHERE amount_point IS NOT NULL AND amount_comma IS NULL) AS point_line,
	   min(line) FILTER (WHERE amount_point IS NULL AND amount_comma IS NOT NULL) AS comma_line,
	   min(line) FILTER (WHERE amount_point <> amount_comma) AS either_decimal_line
FROM csv.line
WHERE problem IS NULL;

CREATE TABLE csv.reading AS
SELECT CASE
		   WHEN :'date_order' <> '' THEN :'date_order'
		   WHEN dmy > 0 AND dmy >= 20 * mdy THEN 'dmy'
		   WHEN mdy > 0 AND mdy >= 20 * dmy THEN 'mdy'
		   WHEN dmy + mdy + either_order = 0 THEN 'dmy'
	   END AS date_order,
	   CASE
		   WHEN :'decimal' <> '' THEN :'decimal'
		   WHEN point > 0 AND point >= 20 * comma THEN 'point'
		   WHEN comma > 0 AND comma >= 20 * point THEN 'comma'
		   WHEN point + comma + either_decimal = 0 THEN 'point'
	   END AS decimal
FROM csv.evidence;

CREATE VIEW csv.refusal AS
SELECT CASE
		   WHEN dmy > 0 THEN
			   format('Some dates have the day first (line %s: %s), others the month (line %s: %s).',
					  dmy_line, (SELECT date_text FROM csv.line WHERE line = dmy_line),
					  mdy_line, (SELECT date_text FROM csv.line WHERE line = mdy_line))
		   ELSE
			   format('No date says whether the day or the month is first (line %s: %s).',
					  either_order_line,
					  (SELECT to_char(day_first, 'DD/MM/YYYY') FROM csv.line WHERE line = either_order_line))
	   END AS reason,
	   'Say it: DATE_ORDER=dmy or DATE_ORDER=mdy.' AS hint
FROM csv.evidence, csv.reading
WHERE date_order IS NULL
UNION ALL
SELECT CASE
		   WHEN point > 0 THEN
			   format('Some amounts have a decimal point (line %s: %s), others a decimal comma (line %s: %s).',
					  point_line,
					  (SELECT coalesce(amount_text, amount_point::text) FROM csv.line WHERE line = point_line),
					  comma_line, (SELECT amount_text FROM csv.line WHERE line = comma_line))
		   ELSE
			   format('No amount says whether a point or a comma is the decimal mark (line %s: %s or %s).',
					  either_decimal_line,
					  (SELECT amount_point FROM csv.line WHERE line = either_decimal_line),
					  (SELECT amount_comma FROM csv.line WHERE line = either_decimal_line))
	   END,
	   'Say it: DECIMAL=point or DECIMAL=comma.'
FROM csv.evidence, csv.reading
WHERE decimal IS NULL;

CREATE VIEW csv.chosen AS
SELECT line.*, date_order, decimal,
	   CASE date_order WHEN 'dmy' THEN day_first WHEN 'mdy' THEN month_first END AS day,
	   CASE decimal WHEN 'point' THEN amount_point WHEN 'comma' THEN amount_comma END AS amount
FROM csv.line, csv.reading;

CREATE TABLE csv.orders AS
SELECT line, customer_id, day, amount
FROM csv.chosen
WHERE problem IS NULL AND day IS NOT NULL AND amount IS NOT NULL;

CREATE TABLE csv.bad_line AS
SELECT line,
	   CASE
		   WHEN problem IS NOT NULL THEN problem
		   WHEN day IS NULL AND date_text = '' THEN 'no date'
		   WHEN day IS NULL AND coalesce(day_first, month_first) IS NULL THEN 'not a date'
		   WHEN day IS NULL THEN 'not a date with the ' || CASE date_order WHEN 'dmy' THEN 'day' ELSE 'month' END || ' first'
		   WHEN amount_text = '' THEN 'no amount'
		   WHEN coalesce(amount_point, amount_comma) IS NULL THEN 'not an amount'
		   ELSE 'not an amount with a decimal ' || decimal
	   END AS reason,
	   CASE
		   WHEN problem IS NOT NULL OR day IS NULL THEN date_text
		   ELSE coalesce(amount_text, amount_point::text)
	   END AS content
FROM csv.chosen
WHERE problem IS NOT NULL OR day IS NULL OR amount IS NULL;

COMMENT ON TABLE csv.orders IS 'The lines of the file that could be used, with their line numbers.';
COMMENT ON TABLE csv.bad_line IS 'The lines of the file that could not be used, and why.';

ANALYZE csv.orders;
