-- title: rfm, orders to segments / GROUP BY, 3 x NTILE, CASE
-- goal: 5
-- The peer breaks ties by customer_id: without that its scores change from run
-- to run. It takes the number of orders for frequency, the usual shortcut,
-- where custseg counts distinct purchase days. Its grid is that of standard_11,
-- as a nested CASE, which is faster than one with lists of cells.
-- Not comparable are the scores: NTILE splits equal values, custseg does not.
-- Compared are recency and monetary in each run; the check compares every
-- column of rfm with plain SQL over balanced_breaks, score and segment.

--- custseg
SELECT ROW(count(*), max(customer_id), max(last_purchase), sum(recency), sum(monetary)),
	   ROW(sum(frequency), sum(r), sum(f), sum(m), count(segment), sum(octet_length(segment)))
  FROM rfm(NULL::bigint, 'SELECT customer_id, day, amount FROM orders', '2025-12-31');

--- peer as planned
SELECT ROW(count(*), max(customer_id), max(last), sum(recency), sum(monetary)),
	   ROW(sum(frequency), sum(r), sum(f), sum(m), count(segment), sum(octet_length(segment)))
  FROM (SELECT *, :case_nested AS segment
		  FROM (SELECT *, DATE '2025-12-31' - last AS recency,
					   ntile(5) OVER (ORDER BY last, customer_id) AS r,
					   ntile(5) OVER (ORDER BY frequency, customer_id) AS f,
					   ntile(5) OVER (ORDER BY monetary, customer_id) AS m
				  FROM (SELECT customer_id, max(day) AS last, count(*) AS frequency, sum(amount) AS monetary
						  FROM orders GROUP BY customer_id) AS g) AS scored) AS s;

--- peer sorted
SET enable_hashagg = off;
SELECT ROW(count(*), max(customer_id), max(last), sum(recency), sum(monetary)),
	   ROW(sum(frequency), sum(r), sum(f), sum(m), count(segment), sum(octet_length(segment)))
  FROM (SELECT *, :case_nested AS segment
		  FROM (SELECT *, DATE '2025-12-31' - last AS recency,
					   ntile(5) OVER (ORDER BY last, customer_id) AS r,
					   ntile(5) OVER (ORDER BY frequency, customer_id) AS f,
					   ntile(5) OVER (ORDER BY monetary, customer_id) AS m
				  FROM (SELECT customer_id, max(day) AS last, count(*) AS frequency, sum(amount) AS monetary
						  FROM orders GROUP BY customer_id) AS g) AS scored) AS s;

--- check
WITH plain AS MATERIALIZED (
	SELECT customer_id, max(day) AS last_purchase, DATE '2025-12-31' - max(day) AS recency,
		   count(DISTINCT day) AS frequency, sum(amount) AS monetary
	  FROM orders GROUP BY customer_id
), fitted AS MATERIALIZED (
	SELECT balanced_breaks(recency, 5) AS r, balanced_breaks(frequency, 5) AS f,
		   balanced_breaks(monetary, 5) AS m
	  FROM plain
), scored AS (
	SELECT *, :case_nested AS segment
	  FROM (SELECT p.*, score(recency, b.r, true) AS r, score(frequency, b.f) AS f, score(monetary, b.m) AS m
			  FROM plain AS p, fitted AS b) AS x
)
SELECT CASE WHEN count(*) = 0 THEN 'ok' ELSE count(*) || ' customers differ' END
  FROM rfm(NULL::bigint, 'SELECT customer_id, day, amount FROM orders', '2025-12-31') AS c
  FULL JOIN scored AS s USING (customer_id)
 WHERE (c.last_purchase, c.recency, c.frequency, c.monetary, c.r, c.f, c.m, c.segment)
	   IS DISTINCT FROM (s.last_purchase, s.recency, s.frequency, s.monetary,
						 s.r::smallint, s.f::smallint, s.m::smallint, s.segment);
