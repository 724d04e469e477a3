-- Real orders, where CUSTSEG_DATA has them: Online Retail, with amounts that carry the noise of binary floats, and
-- CDNOW, whose lifetime summaries were computed elsewhere.
\set ON_ERROR_STOP 1
\getenv data CUSTSEG_DATA
\if :{?data}
\else
    \echo 1..0 # SKIP CUSTSEG_DATA is not set
    \quit
\endif

BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS custseg;
SET LOCAL search_path = public, custseg;
SET LOCAL client_min_messages = error;

SELECT plan(22);

-- --- Online Retail ---
CREATE TABLE retail (invoice int, day date, customer int, amount text);
SELECT format('COPY retail FROM %L (FORMAT csv, HEADER)', :'data' || '/online_retail_invoices.csv') \gexec
CREATE TABLE retail_rfm AS SELECT * FROM rfm(0, 'SELECT customer, day, amount::numeric FROM retail', '2011-12-09');

SELECT is((SELECT count(*)::int FROM retail_rfm), 4338, 'Online Retail has 4,338 customers');
SELECT is((SELECT sum(monetary)::text FROM retail_rfm), (SELECT sum(amount::numeric)::text FROM retail), 'their spend is all amounts, to the last digit');
SELECT is((SELECT sum(monetary) FROM rfm(0, 'SELECT customer, day, amount::float8 FROM retail', '2011-12-09')), (SELECT sum(amount::numeric) FROM retail), 'also from double precision');
SELECT is((SELECT sum(spent) FROM (SELECT segment, sum(monetary) AS spent FROM retail_rfm GROUP BY 1) s), (SELECT sum(amount::numeric) FROM retail), 'and so is that of all segments');
SELECT is((SELECT count(*)::int FROM retail_rfm WHERE segment IS NULL), 0, 'every customer has a segment');
SELECT is((SELECT count(DISTINCT segment)::int FROM retail_rfm), 11, 'every segment has customers');
SELECT is((SELECT (count(DISTINCT r), count(DISTINCT f), count(DISTINCT m))::text FROM retail_rfm), '(5,5,5)', 'all five classes of all measures are used');
SELECT is_empty($$
    SELECT r.customer_id FROM retail_rfm r FULL JOIN (
        SELECT customer, max(day) AS last, date '2011-12-09' - max(day) AS recency, count(DISTINCT day) AS frequency, sum(amount::numeric) AS monetary
        FROM retail GROUP BY customer) o ON o.customer = r.customer_id
    WHERE (last_purchase, r.recency, r.frequency, r.monetary::text) IS DISTINCT FROM (o.last, o.recency, o.frequency, o.monetary::text)$$, 'each customer is what plain SQL says');
SELECT is_empty($$
    WITH customer AS (SELECT customer, purchase_summary(day, amount::numeric) AS p FROM retail GROUP BY customer),
    measure AS (SELECT customer, recency(p, '2011-12-09'), frequency(p), monetary(p)::float8 AS monetary FROM customer),
    fit AS (SELECT balanced_breaks(recency, 5) AS r, balanced_breaks(frequency, 5) AS f, balanced_breaks(monetary, 5) AS m FROM measure)
    SELECT customer FROM measure CROSS JOIN fit JOIN retail_rfm o ON o.customer_id = customer
    WHERE (o.r, o.f, o.m, o.segment) IS DISTINCT FROM (score(measure.recency, fit.r, true), score(measure.frequency, fit.f), score(measure.monetary, fit.m),
        segment('standard_11', score(measure.recency, fit.r, true), score(measure.frequency, fit.f), score(measure.monetary, fit.m)))$$, 'scores and segments, too');
SELECT is((SELECT sum(monetary)::text FROM rfm(0, 'SELECT customer, day, amount::numeric FROM retail', '2011-06-30')),
    (SELECT sum(amount::numeric)::text FROM retail WHERE day <= '2011-06-30'), 'as of half a year before: the spend until then');
SELECT is((SELECT count(*) FROM rfm(0, 'SELECT customer, day, amount::numeric, NULL::numeric, invoice FROM retail', '2011-12-09') netted JOIN retail_rfm plain USING (customer_id)
    WHERE netted::text = plain::text), 4338::bigint, 'netted by invoice: the same, since the data has no returns');

-- --- CDNOW ---
CREATE TABLE cdnow (master int, customer int, day date, cds int, amount numeric);
SELECT format('COPY cdnow FROM %L (FORMAT csv, HEADER)', :'data' || '/cdnow_transactions.csv') \gexec
CREATE TABLE exact (customer int, x int, t_x_days int, t_days int, m_x numeric, x_holdout int, t_x float8, t float8);
SELECT format('COPY exact FROM %L (FORMAT csv, HEADER)', :'data' || '/cdnow_summary_exact.csv') \gexec
CREATE TABLE calibration AS
SELECT customer_id AS customer, purchases AS p FROM customer_purchases(0, 'SELECT customer, day, amount FROM cdnow WHERE day <= ''1997-09-30''');

SELECT is((SELECT count(*)::int FROM customer_purchases('SELECT customer, day, amount FROM cdnow')), 2357, 'CDNOW has 2,357 customers');
SELECT is((SELECT count(*)::int FROM calibration), (SELECT count(*)::int FROM exact), 'all bought in the calibration period');
SELECT is((SELECT count(*)::int FROM calibration WHERE spend(p) = 0 AND orders(p) > 0), 8, '8 of them for nothing, which counts');
SELECT is_empty('SELECT * FROM calibration JOIN exact e USING (customer) WHERE repeat_purchases(p) <> e.x', 'x: repeat purchases');
SELECT is_empty('SELECT * FROM calibration JOIN exact e USING (customer) WHERE repeat_span(p) <> e.t_x_days OR abs(repeat_span(p) / 7.0 - e.t_x) > 1e-8', 't_x: days to the last of them');
SELECT is_empty('SELECT * FROM calibration JOIN exact e USING (customer) WHERE age(p, ''1997-09-30'') <> e.t_days OR abs(age(p, ''1997-09-30'') / 7.0 - e.t) > 1e-8', 'T: age in days');
-- The file has ten significant digits.
SELECT is_empty('SELECT *, repeat_value(p) FROM calibration JOIN exact e USING (customer)
    WHERE abs(coalesce(repeat_value(p), 0) - e.m_x) > 0.5 * 10 ^ -greatest(scale(e.m_x), 7)', 'm_x: mean value of a repeat purchase');
SELECT is_empty($$
    SELECT customer FROM exact e LEFT JOIN customer_purchases(0, 'SELECT customer, day, amount FROM cdnow WHERE day BETWEEN ''1997-10-01'' AND ''1998-06-30''') h ON h.customer_id = customer
    WHERE coalesce(purchase_days(purchases), 0) <> e.x_holdout$$, 'purchases of the holdout period');
SELECT is((SELECT count(*)::int FROM calibration c JOIN (SELECT customer, purchase_summary(day, amount) AS q FROM cdnow WHERE day <= '1997-09-30' GROUP BY 1) s USING (customer)
    WHERE p::text = q::text), 2357, 'GROUP BY makes the same summaries');
SELECT is((SELECT array_agg(n ORDER BY n) FROM (SELECT count(DISTINCT f) AS n FROM rfm(0, 'SELECT customer, day, amount FROM cdnow', '1998-06-30')) s), ARRAY[5::bigint], 'balanced breaks use all five classes of the frequency');
SELECT isnt((SELECT count(*)::int FROM rfm(0, 'SELECT customer, day, amount FROM cdnow', '1998-06-30') WHERE segment = 'Champions'), 0, 'and there are champions');

SELECT * FROM finish();
ROLLBACK;
